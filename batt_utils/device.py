"""The GPU that a batt may use, through CuPy where it is installed."""

from math import prod
from typing import Any

DEFAULT_BATCH = 16
CELL_BYTES = 8
WORKING_COPIES = 64  # arrays of a sample's size that a batt holds at once


def _import_cupy() -> Any:
    """CuPy, or None where it or a GPU is missing."""
    try:
        import cupy

        return cupy if cupy.cuda.runtime.getDeviceCount() else None
    except Exception:  # a CuPy whose driver is missing raises errors of its own
        return None


def configure_gpu_memory(device_id: int = 0, memory_fraction: float = 0.8) -> bool:
    """Lets CuPy take at most this share of a GPU's memory; whether there is one.

    Raises:
        ValueError: the share is not above 0 and at most 1.
    """
    if not 0 < memory_fraction <= 1:
        raise ValueError(f"memory_fraction is {memory_fraction}: choose it above 0 and at most 1")
    cupy = _import_cupy()
    if cupy is None:
        return False
    with cupy.cuda.Device(device_id):
        cupy.get_default_memory_pool().set_limit(fraction=memory_fraction)
    return True


def gpu_memory_cleanup() -> None:
    """Gives CuPy's unused memory, on the GPU and pinned, back to the system."""
    cupy = _import_cupy()
    if cupy is not None:
        cupy.get_default_memory_pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()


def get_optimal_batch_size(
    grid_size: tuple[int, int] | int | None = None, num_samples: int | None = None
) -> int:
    """How many samples fit on the GPU at once; 16 without a GPU.

    Args:
        grid_size: rows and columns of the largest grid, or its number of cells; default 30 x 30.
        num_samples: no more than so many are needed.
    """
    cupy = _import_cupy()
    if cupy is None:
        return DEFAULT_BATCH
    cells = prod(grid_size) if isinstance(grid_size, tuple) else grid_size or 900
    free, _ = cupy.cuda.runtime.memGetInfo()
    fitting = max(1, int(free) // (cells * CELL_BYTES * WORKING_COPIES))
    return min(fitting, num_samples) if num_samples else fitting
