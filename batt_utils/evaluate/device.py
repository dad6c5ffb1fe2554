"""The GPU that a batt may use: which one a process sees, and its memory.

CUDA does not survive a fork: only a process that works with CuPy or PyTorch itself initialises it.
"""

import os
import sys
from itertools import takewhile
from math import prod
from typing import Any

from batt_utils.console import UserError

DEVICES = ("auto", "cpu", "gpu")
VISIBLE = "CUDA_VISIBLE_DEVICES"
DRIVERS = ("/dev/nvidiactl", "/dev/dxg")  # of Linux and of Linux within Windows
DEFAULT_BATCH = 16
CELL_BYTES = 8
WORKING_COPIES = 64  # arrays of a sample's size that a batt holds at once


class GpuFull(BaseException):
    """The GPU's memory does not do for a sample; no failure of the program's own."""


_place: object = None  # what keeps this process's place among the workers


def use_device(device: str) -> None:
    """Shows this process its device, before it imports what may use it; of several GPUs, one of its own.

    Args:
        device: `cpu` hides the GPUs, `gpu` needs one, `auto` takes one if there is one.

    Raises:
        UserError: `gpu` without a GPU.
    """
    if device == "cpu":
        os.environ[VISIBLE] = ""
        return
    gpus = find_gpus()
    if device == "gpu" and not gpus:
        raise UserError("no GPU found: choose --device auto or cpu, or see why nvidia-smi -L lists none")
    if len(gpus) > 1:
        os.environ[VISIBLE] = gpus[_take_place() % len(gpus)]
    if gpus:  # of which JAX would take most of the memory at once, and leave none for other workers
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def find_gpus() -> list[str]:
    """The NVIDIA GPUs that CUDA may use, as CUDA_VISIBLE_DEVICES names them."""
    numbers = [str(number) for number in range(_count_gpus())]
    named = os.environ.get(VISIBLE)
    if not numbers or named is None:
        return numbers
    # CUDA ignores what follows a name that is none.
    names = map(str.strip, named.split(","))
    return list(takewhile(lambda name: name in numbers or name.startswith(("GPU-", "MIG-")), names))


def _count_gpus() -> int:
    """The number of GPUs, from the driver's management library (NVML): it initialises no CUDA."""
    if sys.platform == "linux" and not any(map(os.path.exists, DRIVERS)):
        return 0  # which spares a run the import below
    import ctypes

    try:
        nvml = ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    except OSError:
        return 0
    if nvml.nvmlInit_v2() != 0:
        return 0
    number = ctypes.c_uint()
    nvml.nvmlDeviceGetCount_v2(ctypes.byref(number))
    nvml.nvmlShutdown()
    return number.value


def _take_place() -> int:
    """The lowest number that no other process of the same parent has; it is free again when this one ends."""
    global _place
    if sys.platform != "linux":
        return 0
    import errno
    import socket

    place = 0
    while True:
        _place = holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0run_batt-{os.getppid()}-{place}")  # an abstract name: it ends with its process
            return place
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        place += 1


def can_fork() -> bool:
    """Whether a fork of this process could use a GPU: not once CUDA, which lives in it, is initialised."""
    if sys.platform == "win32" or sys.modules.get("cupy") or sys.modules.get("jax"):
        return False
    torch = sys.modules.get("torch")
    return torch is None or not torch.cuda.is_initialized()


def is_full(error: BaseException) -> bool:
    """Whether an error of CuPy, PyTorch or JAX says that the GPU's memory is full."""
    return (
        isinstance(error, (MemoryError, RuntimeError))
        and "out of memory" in str(error).lower()
        and os.environ.get(VISIBLE) != ""
    )


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
        UserError: the share is not above 0 and at most 1.
    """
    if not 0 < memory_fraction <= 1:
        raise UserError(f"memory_fraction is {memory_fraction}: choose it above 0 and at most 1")
    cupy = _import_cupy()
    if cupy is None:
        return False
    with cupy.cuda.Device(device_id):
        cupy.get_default_memory_pool().set_limit(fraction=memory_fraction)
    return True


def gpu_memory_cleanup() -> None:
    """Gives the unused memory of CuPy, on the GPU and pinned, and of PyTorch back to the system."""
    cupy = _import_cupy() if sys.modules.get("cupy") else None  # not imported, it has taken none
    if cupy is not None:
        cupy.get_default_memory_pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()


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
