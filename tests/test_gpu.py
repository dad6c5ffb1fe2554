"""The checks of gpu.py, on a GPU and packages that are stand-ins: nothing wrong passes, faults are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gpu

# A machine with a GPU: the driver's file and its management library are there.
MACHINE = """
import ctypes
import os


class Nvml:
    nvmlInit_v2 = nvmlShutdown = staticmethod(lambda: 0)

    @staticmethod
    def nvmlDeviceGetCount_v2(pointer):
        pointer._obj.value = 1


def load(name, *arguments, **named):
    return Nvml if "nvml" in str(name) or "nvidia-ml" in str(name) else cdll(name, *arguments, **named)


cdll, ctypes.CDLL = ctypes.CDLL, load
exists, os.path.exists = os.path.exists, lambda path: path == "/dev/nvidiactl" or exists(path)
"""
# What both packages have: arrays are those of NumPy. CUDA belongs to the process that first used it, and has
# memory for 800 bytes. The environment's FAULT says what goes wrong.
COMMON = """
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy
from numpy import flip, uint8

FAULT = os.environ.get("FAULT")
TOTAL = 800
owner = None
taken = 0


def has_gpu():
    hidden = FAULT == "hidden" and sys.argv[0] != "-c"
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "" and not hidden


def use_gpu():
    global owner
    if owner not in (None, os.getpid()):
        raise RuntimeError("Cannot re-initialize CUDA in forked subprocess")
    owner = os.getpid()
    if FAULT == "busy" and owner != int(claim()):
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable")


def claim():
    try:
        with open("claim", "x") as file:
            file.write(str(owner))
    except FileExistsError:
        pass
    return Path("claim").read_text() or -1


class Memory:
    def __init__(self, size):
        global taken
        use_gpu()
        self.size = size
        if FAULT != "boundless":
            taken += size
        check_memory()

    def __del__(self):
        global taken
        if FAULT not in ("boundless", "leak"):
            taken -= self.size


def check_memory():
    if taken >= TOTAL:
        raise FULL


def kron(one, other):
    return numpy.kron(one, other) * (0 if FAULT == "wrong" and has_gpu() else 1)


def ones(count, device="cuda"):
    use_gpu()
    return numpy.ones(count) * (0 if FAULT == "lost" else 1)


def empty(size, dtype, device="cuda"):
    return Memory(size)
"""
CUPY = """
FULL = MemoryError("Out of memory allocating 100 bytes (allocated so far: 800 bytes).")


class CUDARuntimeError(RuntimeError):
    pass


def asarray(data):
    use_gpu()
    check_memory()
    return numpy.asarray(data)


def count():
    if not has_gpu():
        raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
    return 1


runtime = SimpleNamespace(
    getDeviceCount=count, memGetInfo=lambda: (0, TOTAL), CUDARuntimeError=CUDARuntimeError
)
cuda = SimpleNamespace(runtime=runtime)
pool = SimpleNamespace(free_all_blocks=lambda: None)
get_default_memory_pool = get_default_pinned_memory_pool = lambda: pool
"""
TORCH = """
FULL = RuntimeError("CUDA out of memory. Tried to allocate 100 bytes.")


def tensor(data, device):
    if device == "cuda":
        use_gpu()
        check_memory()
    return numpy.array(data)


cuda = SimpleNamespace(
    is_available=has_gpu,
    is_initialized=lambda: owner is not None and FAULT != "forked",
    mem_get_info=lambda: (0, TOTAL),
    empty_cache=lambda: None,
)
"""
PACKAGES = {"cupy": COMMON + CUPY, "torch": COMMON + TORCH}
ROOT = Path(__file__).parents[1]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes modules that every Python process finds."""
    folder = tmp_path / "modules"
    folder.mkdir()

    def install(**texts):
        for name, text in texts.items():
            (folder / f"{name}.py").write_text(text)

    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return install


def run_command(*arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    command = [sys.executable, str(ROOT / "tests" / "gpu.py"), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    return result.returncode, result.stdout.splitlines(), result.stderr.splitlines()


def test_every_check_passes_where_nothing_is_wrong(install):
    install(sitecustomize=MACHINE, **PACKAGES)
    status, rows, said = run_command()
    assert (status, said) == (0, [])
    assert [row.split()[:2] for row in rows] == [
        [package, check] for package in ("CuPy", "PyTorch") for check in gpu.CHECKS
    ]
    assert "FAILED" not in "".join(rows)


BROKEN = "raise ImportError('libcudart.so: cannot open shared object file')\n"


@pytest.mark.parametrize(
    ("modules", "line"),
    [
        pytest.param(PACKAGES, "no GPU found: run it where nvidia-smi -L lists one", id="no GPU"),
        pytest.param(
            {"sitecustomize": MACHINE, "torch": BROKEN},
            "the GPU cannot be used: PyTorch: ImportError: libcudart.so: cannot open shared object file: "
            "install the build for its CUDA",
            id="a package that fails",
        ),
    ],
)
def test_without_a_gpu_it_is_one_line(install, modules, line):
    install(**modules)
    assert run_command() == (2, [], [f"gpu.py: {line}"])


@pytest.fixture
def machine(install, monkeypatch):
    """A machine with a GPU and both packages, which this process takes itself to be on."""
    install(sitecustomize=MACHINE, **PACKAGES)
    monkeypatch.setattr(gpu, "find_gpus", lambda: ["0"])


def test_without_a_package_it_is_one_line(machine, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "find_spec", lambda name: None)
    assert gpu.main([]) == 2
    line = "gpu.py: neither CuPy nor PyTorch is installed: pip install torch, or CuPy for your CUDA\n"
    assert capsys.readouterr() == ("", line)


def test_a_package_that_fails_is_passed_over(machine, install, capsys):
    install(cupy="raise ImportError('no libcudart')\n")
    assert gpu.main(["--only", "values"]) == 0
    printed, said = capsys.readouterr()
    assert said == "gpu.py: passed over: CuPy: ImportError: no libcudart\n"
    assert [row.split()[:2] for row in printed.splitlines()] == [["PyTorch", "values"]]


def test_a_check_that_fails_is_said(machine, monkeypatch, capsys):
    def check(folder, package):
        raise OSError("no space")

    monkeypatch.setattr(gpu, "CHECKS", {"values": check, "memory": lambda *_: "fine"})
    assert gpu.main([]) == 1
    printed, said = capsys.readouterr()
    assert [row.split()[0::4] for row in printed.splitlines()] == [
        [package, result] for package in ("CuPy", "PyTorch") for result in ("FAILED", "fine")
    ]
    assert said.splitlines() == [
        f"gpu.py: {package}, values: OSError: no space" for package in ("CuPy", "PyTorch")
    ]


@pytest.mark.parametrize(
    ("package", "check", "fault", "reason"),
    [
        pytest.param("cupy", "values", "wrong", r"^differ_dir/.* on the [CG]PU only$", id="other values"),
        pytest.param("torch", "values", "hidden", r"^nothing was computed on the GPU \[\]$", id="on the CPU"),
        pytest.param("cupy", "workers", "busy", r"^it says: the batt fails .* busy or unav", id="one a GPU"),
        pytest.param(
            "torch", "memory", "boundless", r"^it does not say: 007bbfb7 demo\[0\] scored on", id="never full"
        ),
        pytest.param(
            "cupy", "memory", "leak", r"^it says: .* scored on the CPU: the GPU's mem", id="never free"
        ),
        pytest.param("torch", "notebook", "lost", r"^the notebook's own array is lost: ", id="array lost"),
        pytest.param(
            "torch", "notebook", "forked", r"^nothing was computed .*Cannot re-initialize CUDA", id="forked"
        ),
    ],
)
def test_a_fault_is_found(machine, tmp_path, monkeypatch, package, check, fault, reason):
    monkeypatch.setenv("FAULT", fault)
    monkeypatch.setattr(gpu, "PATIENCE", 1)
    with pytest.raises(gpu.Wrong, match=reason):
        gpu.CHECKS[check](tmp_path, package)


def test_a_notebook_that_fails_is_found(machine, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "MAIN", "1 / 0")
    with pytest.raises(gpu.Wrong, match=r"^ZeroDivisionError: division by zero$"):
        gpu.check_notebook(tmp_path, "torch")


def test_a_run_that_fails_is_found(machine, tmp_path):
    gpu.write_batt(tmp_path, "torch")
    (tmp_path / "mine_call.py").unlink()
    with pytest.raises(gpu.Wrong, match=r"^--device gpu: status 2: run_batt.py: .*call table is missing"):
        gpu.run(tmp_path, "gpu")


FILES = {f"solver_dir/solve_{task}/3/a.py": "text" for task in gpu.TASKS}
CPU = gpu.Outcome(FILES, ["a", "b"], [], {("1", "CPU", "ForkProcess")})
RIGHT = CPU._replace(workers={("1", "GPU", "ForkProcess"), ("2", "CPU", "ForkProcess")})
OTHER = "solver_dir/solve_007bbfb7/2/a.py"


@pytest.mark.parametrize(
    ("cpu", "found", "said", "reason"),
    [
        pytest.param(CPU, RIGHT, [], None, id="the same"),
        pytest.param(CPU, RIGHT._replace(said=["x", "y"]), ["y", "x"], None, id="what is to be said"),
        pytest.param(CPU, CPU, [], "nothing was computed on the GPU []", id="not on the GPU"),
        pytest.param(
            RIGHT,
            RIGHT,
            [],
            f"the CPU solves {[*map('solve_{}'.format, gpu.TASKS)]}, and says []",
            id="on the GPU alone",
        ),
        pytest.param(
            CPU._replace(files={}), RIGHT, [], "the CPU solves [], and says []", id="nothing solved"
        ),
        pytest.param(CPU, RIGHT._replace(said=["x"]), [], "it says: x", id="something is said"),
        pytest.param(CPU, RIGHT, ["x"], "it does not say: x", id="nothing is said"),
        pytest.param(
            CPU,
            RIGHT._replace(files={**FILES, OTHER: "text"}),
            [],
            f"{OTHER} is there on the GPU only",
            id="more files",
        ),
        pytest.param(
            CPU._replace(files={**FILES, OTHER: "text"}),
            RIGHT,
            [],
            f"{OTHER} is there on the CPU only",
            id="fewer files",
        ),
        pytest.param(
            CPU,
            RIGHT._replace(files=dict.fromkeys(FILES, "x")),
            [],
            f"{next(iter(FILES))} has another text",
            id="other texts",
        ),
        pytest.param(
            CPU, RIGHT._replace(lines=["a", "c"]), [], "'c' on the GPU, 'b' on the CPU", id="other lines"
        ),
        pytest.param(
            CPU, RIGHT._replace(lines=["a"]), [], "None on the GPU, 'b' on the CPU", id="fewer lines"
        ),
    ],
)
def test_what_differs_from_the_cpu_is_found(tmp_path, monkeypatch, cpu, found, said, reason):
    monkeypatch.setattr(gpu, "run", lambda *_: cpu)
    if reason is None:
        gpu.compare(tmp_path, found, said)
        return
    with pytest.raises(gpu.Wrong) as caught:
        gpu.compare(tmp_path, found, said)
    assert str(caught.value) == reason


def test_a_worker_that_does_nothing_is_found(tmp_path, monkeypatch):
    outcomes = iter([RIGHT, CPU])
    monkeypatch.setattr(gpu, "run", lambda *_, **__: next(outcomes))
    monkeypatch.setattr(gpu, "find_gpus", lambda: ["0"])
    with pytest.raises(gpu.Wrong, match=r"^2 of 4 workers computed$"):
        gpu.check_workers(tmp_path, "torch")
