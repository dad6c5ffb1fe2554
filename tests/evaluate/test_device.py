"""The GPU that a process sees, its memory, and what a run does without it; stand-ins for all of it."""

import asyncio
import ctypes
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import run_batt
from batt_utils.evaluate import device
from batt_utils.evaluate.device import (
    VISIBLE,
    can_fork,
    configure_gpu_memory,
    find_gpus,
    get_optimal_batch_size,
    gpu_memory_cleanup,
    is_full,
    use_device,
)


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
def environ(monkeypatch):
    """The environment of this process, empty as a test begins."""
    monkeypatch.setattr(os, "environ", {})
    return os.environ


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


# Which GPU a process sees


class Nvml:
    """Stands in for the driver's management library: `status` is what it starts with."""

    def __init__(self, gpus=0, status=0):
        self.gpus = gpus
        self.nvmlInit_v2 = lambda: status
        self.asked = []

    def nvmlDeviceGetCount_v2(self, pointer):
        pointer._obj.value = self.gpus

    def nvmlShutdown(self):
        self.asked.append("shut down")


@pytest.fixture
def load(monkeypatch):
    """Makes a machine: its driver's file, and its management library or what loading that raises."""

    def load(nvml, driver=__file__, platform="linux"):
        def open_library(name):
            loaded.append(name)
            if isinstance(nvml, OSError):
                raise nvml
            return nvml

        loaded = []
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(device, "DRIVERS", ("/nowhere", driver))
        monkeypatch.setattr(ctypes, "CDLL", open_library)
        return loaded

    return load


@pytest.mark.parametrize(
    ("machine", "library", "expected"),
    [
        pytest.param((Nvml(3), "/nowhere"), [], 0, id="no driver"),
        pytest.param((OSError("no file"),), ["libnvidia-ml.so.1"], 0, id="no library"),
        pytest.param((Nvml(3, status=9),), ["libnvidia-ml.so.1"], 0, id="library that fails"),
        pytest.param((Nvml(0),), ["libnvidia-ml.so.1"], 0, id="no GPU"),
        pytest.param((Nvml(3),), ["libnvidia-ml.so.1"], 3, id="three"),
        pytest.param((Nvml(1), "/nowhere", "win32"), ["nvml.dll"], 1, id="Windows"),
    ],
)
def test_the_driver_counts_the_gpus(load, environ, machine, library, expected):
    loaded = load(*machine)
    assert find_gpus() == [str(number) for number in range(expected)]
    assert loaded == library
    assert not expected or machine[0].asked == ["shut down"]


@pytest.mark.parametrize(
    ("visible", "gpus", "expected"),
    [
        pytest.param("", 2, [], id="none"),
        pytest.param("0", 2, ["0"], id="one"),
        pytest.param("1,0", 2, ["1", "0"], id="in another order"),
        pytest.param(" 1, 0 ", 2, ["1", "0"], id="blanks"),
        pytest.param("0,x,1", 2, ["0"], id="up to a name that is none"),
        pytest.param("-1", 2, [], id="number that is none"),
        pytest.param("0,2,1", 2, ["0"], id="up to a GPU that is not there"),
        pytest.param("GPU-abc", 2, ["GPU-abc"], id="name of a GPU"),
        pytest.param("MIG-a,GPU-b", 2, ["MIG-a", "GPU-b"], id="name of a part"),
        pytest.param("GPU-abc", 0, [], id="no GPU"),
    ],
)
def test_gpus_that_are_hidden_are_not_used(load, environ, visible, gpus, expected):
    load(Nvml(gpus))
    environ[VISIBLE] = visible
    assert find_gpus() == expected


ROOT = Path(run_batt.__file__).parent
CHILD = """
import os
from batt_utils.evaluate import device

device.find_gpus = lambda: ["0", "GPU-a", "2"]
device.use_device("auto")
print(os.environ[device.VISIBLE], flush=True)
input()
"""
JAX = "XLA_PYTHON_CLIENT_PREALLOCATE"


@pytest.mark.parametrize(
    ("choice", "gpus", "place", "expected"),
    [
        pytest.param("cpu", ["0", "1"], 0, ("", None), id="hidden"),
        pytest.param("auto", [], 0, (None, None), id="none"),
        pytest.param("auto", ["0"], 3, (None, "false"), id="one is left as it is"),
        pytest.param("auto", ["0", "1"], 0, ("0", "false"), id="first of two"),
        pytest.param("gpu", ["1", "GPU-a"], 1, ("GPU-a", "false"), id="second of two"),
        pytest.param("gpu", ["0", "1"], 2, ("0", "false"), id="more processes than GPUs"),
    ],
)
def test_a_process_sees_its_device(monkeypatch, environ, choice, gpus, place, expected):
    monkeypatch.setattr(device, "find_gpus", lambda: gpus)
    monkeypatch.setattr(device, "_take_number", lambda: place)
    use_device(choice)
    assert (environ.get(VISIBLE), environ.get(JAX)) == expected


def test_a_gpu_that_must_be_there_is_missed(monkeypatch):
    monkeypatch.setattr(device, "find_gpus", lambda: [])
    with pytest.raises(ValueError, match=r"^no GPU found: choose --device auto or cpu"):
        use_device("gpu")


def test_what_is_set_for_jax_stays(monkeypatch, environ):
    monkeypatch.setattr(device, "find_gpus", lambda: ["0"])
    environ[JAX] = "true"
    use_device("gpu")
    assert environ[JAX] == "true"


def test_each_process_has_a_gpu_of_its_own_until_it_ends():
    def start():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, "-c", CHILD], cwd=ROOT, text=True, **pipes)
        processes.append(process)
        return process.stdout.readline().strip()

    processes = []
    try:
        assert [start() for _ in range(4)] == ["0", "GPU-a", "2", "0"]
        processes[1].communicate("\n", timeout=60)
        assert start() == "GPU-a"
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        pytest.param({}, True, id="none"),
        pytest.param({"cupy": CuPy()}, False, id="CuPy"),
        pytest.param({"jax": SimpleNamespace()}, False, id="JAX"),
        pytest.param({"cupy": None, "jax": None, "torch": None}, True, id="imports that failed"),
        pytest.param({"torch": False}, True, id="PyTorch, CUDA not in use"),
        pytest.param({"torch": True}, False, id="PyTorch, CUDA in use"),
    ],
)
def test_a_process_that_uses_cuda_is_not_forked(monkeypatch, modules, expected):
    for name in ("cupy", "jax", "torch"):
        module = modules.get(name)
        if isinstance(module, bool):
            module = SimpleNamespace(cuda=SimpleNamespace(is_initialized=lambda used=module: used))
        monkeypatch.setitem(sys.modules, name, module)
    assert can_fork() is expected


def test_there_is_no_fork_on_windows(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert can_fork() is False


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            MemoryError("Out of memory allocating 512 bytes (allocated so far: 0)"), True, id="CuPy"
        ),
        pytest.param(RuntimeError("CUDA out of memory. Tried to allocate 20 MiB"), True, id="PyTorch"),
        pytest.param(RuntimeError("RESOURCE_EXHAUSTED: Out of memory while allocating 9"), True, id="JAX"),
        pytest.param(MemoryError(), False, id="own memory"),
        pytest.param(RuntimeError("CUDA error: invalid argument"), False, id="another error of CUDA"),
        pytest.param(ValueError("out of memory"), False, id="another kind of error"),
    ],
)
def test_an_error_says_that_the_memory_is_full(environ, error, expected):
    assert is_full(error) is expected
    environ[VISIBLE] = ""
    assert is_full(error) is False


# What a run does


CALLED = """
import os

import cupy

print("on", os.environ.get("CUDA_VISIBLE_DEVICES"))

def batt(task_id, S, I, C, log_path):
    return [(1, True, "a", cupy.asarray(I))], []
"""
TABLE = """
from stand_in import *

def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = copy(I)
    o.append((1, True, 'a', t1))
    return o, s
"""
FULL = """
import os
from collections import Counter
from types import SimpleNamespace

def asarray(grid):
    moves[grid] += 1
    if os.environ.get("CUDA_VISIBLE_DEVICES") != "" and moves[grid] <= FAILURES:
        raise MemoryError("Out of memory allocating 512 bytes")
    return grid

moves = Counter()
cuda = SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: 1))
pool = SimpleNamespace(free_all_blocks=lambda: print("freed"))
get_default_memory_pool = get_default_pinned_memory_pool = lambda: pool
"""
SAMPLES = [{"input": [[number]], "output": [[number]]} for number in range(3)]


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs a batt in one worker, on a task of two demo samples and a test sample; gives its stderr."""

    def run(batt, gpus, failures=0, choice="auto"):
        monkeypatch.setattr(device, "find_gpus", lambda: gpus)
        (tmp_path / "mine.py").write_text(batt)
        (tmp_path / "cupy.py").write_text(FULL.replace("FAILURES", str(failures)))
        options = run_batt.Options("mine", data="x.json", workers=1, device=choice)
        asyncio.run(run_batt.main(["x"], options=options))
        assert "cupy" not in sys.modules and VISIBLE not in os.environ
        return capfd.readouterr().err.splitlines()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VISIBLE, "")
    monkeypatch.delenv(VISIBLE)
    (tmp_path / "mine_call.py").write_text("t_call = {1: 'copy, I'}\n")
    (tmp_path / "stand_in.py").write_text("import cupy\n\ndef copy(grid):\n    return cupy.asarray(grid)\n")
    (tmp_path / "x.json").write_text(json.dumps({"train": SAMPLES[:2], "test": SAMPLES[2:]}))
    return run


@pytest.mark.parametrize(
    ("choice", "gpus", "seen"),
    [
        pytest.param("cpu", ["0"], "", id="hidden"),
        pytest.param("auto", [], "None", id="none"),
        pytest.param("gpu", ["0"], "None", id="one is left as it is"),
        pytest.param("auto", ["GPU-a", "1"], "GPU-a", id="one of several"),
    ],
)
def test_a_batt_sees_its_device(run, choice, gpus, seen):
    assert run(CALLED, gpus, choice=choice) == [f"on {seen}"]


def test_a_run_without_its_gpu_is_refused(run, tmp_path):
    with pytest.raises(ValueError, match=r"^no GPU found"):
        run(CALLED, [], choice="gpu")
    assert not (tmp_path / "solver_dir").exists()


FREED = ["freed"] * 6  # of two pools for each of three samples
MOVED = [
    f"run_batt.py: x {place} scored on the CPU: the GPU's memory is full"
    for place in ("test[0]", "demo[0]", "demo[1]")
]


@pytest.mark.parametrize(
    ("failures", "lines"),
    [
        pytest.param(0, [], id="never"),
        pytest.param(1, FREED, id="once"),
        pytest.param(2, FREED * 2 + MOVED, id="twice"),
        pytest.param(10**6, FREED * 2 + MOVED, id="always"),
    ],
)
@pytest.mark.parametrize("batt", [CALLED, TABLE], ids=["called", "table"])
def test_a_sample_that_fills_the_memory_is_scored_again(run, batt, failures, lines):
    assert [line for line in run(batt, ["0"], failures) if not line.startswith("on")] == lines
    assert [path.parts[-3] for path in Path("solver_dir/solve_x").glob("*/*/*.py")] == ["3"]


def test_a_sample_is_left_out_where_the_batt_needs_its_gpu(run):
    batt = f"{CALLED}\nif os.environ.get('CUDA_VISIBLE_DEVICES') == '':\n    raise OSError('no device')\n"
    left_out = "left out: the GPU's memory is full; mine.py: OSError: no device: write the batt anew"
    lines = run(batt, ["0"], 10**6)
    assert [line for line in lines if line.startswith("run_batt.py:")] == [
        f"run_batt.py: x {place} {left_out}" for place in ("demo[0]", "demo[1]", "test[0]")
    ]
