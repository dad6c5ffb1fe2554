import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from batt_utils.device import configure_gpu_memory, get_optimal_batch_size, gpu_memory_cleanup


class CuPy:
    """Stands in for CuPy: notes what is asked of it."""

    def __init__(self, gpus=1, free=0):
        self.asked = []
        self.device = None
        self.cuda = SimpleNamespace(
            Device=self._use,
            runtime=SimpleNamespace(getDeviceCount=lambda: gpus, memGetInfo=lambda: (free, 2 * free)),
        )

    @contextmanager
    def _use(self, device):
        self.device = device
        yield
        self.device = None

    def get_default_memory_pool(self):
        return SimpleNamespace(
            set_limit=lambda **limit: self.asked.append((self.device, limit)),
            free_all_blocks=lambda: self.asked.append("free"),
        )

    def get_default_pinned_memory_pool(self):
        return SimpleNamespace(free_all_blocks=lambda: self.asked.append("free pinned"))


class Broken:
    """Stands in for a CuPy without a driver."""

    def __getattr__(self, name):
        raise RuntimeError("CUDA driver version is insufficient")


@pytest.fixture
def install(monkeypatch):
    def install(cupy):
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        return cupy

    return install


# A module that is None in sys.modules cannot be imported.
WITHOUT_GPU = pytest.mark.parametrize(
    "cupy",
    [
        pytest.param(lambda: None, id="no CuPy"),
        pytest.param(lambda: CuPy(gpus=0, free=10**9), id="no GPU"),
        pytest.param(Broken, id="no driver"),
    ],
)


@WITHOUT_GPU
def test_without_a_gpu_there_is_nothing_to_do(install, cupy):
    cupy = install(cupy())
    assert configure_gpu_memory() is False
    gpu_memory_cleanup()
    assert get_optimal_batch_size() == get_optimal_batch_size((3, 3), 1000) == 16
    if isinstance(cupy, CuPy):
        assert cupy.asked == []


@pytest.mark.parametrize(
    ("arguments", "device", "fraction"),
    [((), 0, 0.8), ((1,), 1, 0.8), ((2, 0.5), 2, 0.5), ((0, 1), 0, 1)],
    ids=repr,
)
def test_the_memory_of_a_gpu_is_limited(install, arguments, device, fraction):
    cupy = install(CuPy())
    assert configure_gpu_memory(*arguments) is True
    assert cupy.asked == [(device, {"fraction": fraction})]


@pytest.mark.parametrize("fraction", [0, -0.5, 1.01, float("nan")])
@pytest.mark.parametrize("cupy", [CuPy, lambda: None], ids=["GPU", "no GPU"])
def test_a_share_that_is_none_is_told(install, cupy, fraction):
    cupy = install(cupy())
    with pytest.raises(
        ValueError, match=rf"^memory_fraction is {fraction}: choose it above 0 and at most 1$"
    ):
        configure_gpu_memory(memory_fraction=fraction)
    assert cupy is None or cupy.asked == []


def test_unused_memory_is_given_back(install):
    cupy = install(CuPy())
    gpu_memory_cleanup()
    assert sorted(cupy.asked) == ["free", "free pinned"]


SAMPLE = 900 * 8 * 64  # bytes that a batt needs for one of 30 x 30 cells


@pytest.mark.parametrize(
    ("free", "grid_size", "num_samples", "expected"),
    [
        pytest.param(10 * SAMPLE, None, None, 10, id="largest grids"),
        pytest.param(10 * SAMPLE, (30, 30), None, 10, id="rows and columns"),
        pytest.param(10 * SAMPLE, (3, 30), None, 100, id="smaller grids"),
        pytest.param(10 * SAMPLE, 90, None, 100, id="cells"),
        pytest.param(11 * SAMPLE - 1, None, None, 10, id="nearly one more"),
        pytest.param(10 * SAMPLE, None, 4, 4, id="no more are needed"),
        pytest.param(10 * SAMPLE, None, 40, 10, id="more are needed"),
        pytest.param(SAMPLE - 1, None, None, 1, id="one at least"),
        pytest.param(0, None, 7, 1, id="no memory"),
    ],
)
def test_as_many_samples_as_fit_are_a_batch(install, free, grid_size, num_samples, expected):
    install(CuPy(free=free))
    assert get_optimal_batch_size(grid_size, num_samples) == expected
