"""Whether a batt that computes on a GPU gives what it gives on the CPU, whatever happens there.

    python tests/gpu.py

needs an NVIDIA GPU, and CuPy or PyTorch; with both, each is tried. It prints a row for each check. What is
wrong is said on stderr, with status 1; where there is no GPU or no package for it, that is said, with
status 2. A batt that reads `batch_process_samples_gpu` has values of its own there, so none is compared.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from batt_utils.device import VISIBLE, find_gpus  # noqa: E402

TASKS = ("007bbfb7", "67a3c6ac", "74dd1130")  # one for each of the first three solvers
WORKERS = 4
PATIENCE = 30  # seconds that workers wait for each other
LONG = 600  # seconds that no run takes

# The batts

# What computes: on the GPU if the process sees one. `xp` is what has arrays there.
GPU = {
    "cupy": """
import cupy
import numpy

try:
    HAS_GPU = cupy.cuda.runtime.getDeviceCount() > 0
except cupy.cuda.runtime.CUDARuntimeError:
    HAS_GPU = False
xp = cupy if HAS_GPU else numpy


def put(grid):
    if not isinstance(grid, tuple):
        raise TypeError(grid)
    return xp.asarray(grid)


def fill_memory():
    part = cupy.cuda.runtime.memGetInfo()[1] // 8
    kept = [cupy.empty(part, dtype=cupy.uint8) for _ in range(9)]
""",
    "torch": """
import torch as xp

HAS_GPU = xp.cuda.is_available()


def put(grid):
    if not isinstance(grid, tuple):
        raise TypeError(grid)
    return xp.tensor(grid, device="cuda" if HAS_GPU else "cpu")


def fill_memory():
    part = xp.cuda.mem_get_info()[1] // 8
    kept = [xp.empty(part, dtype=xp.uint8, device="cuda") for _ in range(9)]
""",
}
FUNCTIONS = """
import os
import time
from multiprocessing import current_process
from pathlib import Path


def take(array):
    return tuple(map(tuple, array.tolist()))


def spread(grid):
    cells = put(grid)
    return take(xp.kron(cells.clip(0, 1), cells))


def mirror(grid):
    return take(xp.flip(put(grid), (1,)))


def swap(grid):
    return take(put(grid).T)


def recolor(grid, old, new):
    cells = put(grid)
    return take(cells + (new - old) * (cells == old))


def differing(grid, other):
    cells, others = put(grid), put(other)
    return (int((cells != others).sum()) if cells.shape == others.shape else 1,)


def show(grid):
    print("computed:", os.getpid(), "GPU" if HAS_GPU else "CPU", type(current_process()).__name__)
    return take(put(grid))


def meet(grid, count, seconds):
    # On a GPU: waits till so many workers have an array on it.
    cells = put(grid)
    if HAS_GPU:
        marks = Path("workers")
        marks.mkdir(exist_ok=True)
        mark = marks / str(os.getpid())
        if not mark.exists():  # it stays as old as it is
            mark.touch()
        end = min(path.stat().st_mtime for path in marks.iterdir()) + seconds
        while len([*marks.iterdir()]) < count and time.time() < end:
            time.sleep(0.01)
    return take(cells)


def fill(samples, grid):
    if HAS_GPU and grid == samples[0][0]:
        fill_memory()
    return grid


def _get_safe_default(function):
    return ()
"""
PRELUDE = """\
import PACKAGE

from on_gpu import *
from on_gpu import _get_safe_default, put


def batch_process_samples_gpu(S):
    inputs, outputs = ([put(pair[place]) for pair in S] for place in (0, 1))
    return inputs, outputs, inputs[:1], outputs[:1]


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1, t2, t3, t4 = batch_process_samples_gpu(S)
"""
GUARDED = """\
    try:
        t{0} = {1}
    except (TypeError, AttributeError, ValueError):
        t{0} = _get_safe_default({2})
"""
SOLVERS = ("spread, I", "mirror, I", "swap, I", "show, t6", "recolor, t5, 7, 5")


def write_batt(folder: Path, package: str, *calls: str) -> None:
    """Write a batt `mine` with these solvers beside those of `SOLVERS`, and the functions that it calls."""
    table = {1: "apply, first, S", 2: "apply, second, S", 3: "mapply, p_g, t1", 4: "mapply, p_g, t2"}
    source = PRELUDE.replace("PACKAGE", package)

    def add(call: str) -> int:
        nonlocal source
        t = len(table) + 1
        table[t] = call
        function, *arguments = call.split(", ")
        source += GUARDED.format(t, f"{function}({', '.join(arguments)})", function)
        return t

    outputs = [add(call) for call in (*SOLVERS, *calls)]
    for t in outputs:
        source += f"    o.append(({t}, False, 'solver_{t}', t{t}))\n"
    for owner, grid in [("None", "I"), *((f"solver_{t}", f"t{t}") for t in outputs)]:
        t = add(f"differing, {grid}, C")
        source += f"    s.append(({t}, '{owner}', 'differing', t{t}))\n"
    (folder / "mine.py").write_text(source + "    return o, s\n")
    (folder / "mine_call.py").write_text(f"t_call = {table}\n")
    (folder / "on_gpu.py").write_text(GPU[package] + FUNCTIONS)


# Runs


class Outcome(NamedTuple):
    """What a run gave: the text of each link but for its T_LOG, the lines, and what was said on stderr."""

    files: dict[str, str]
    lines: list[str]
    said: list[str]
    workers: set[tuple[str, str, str]]  # number, device and kind of each process that computed


class Wrong(Exception):
    """What is not as it should be."""


def run(folder: Path, device: str, *arguments: object, gpu: str | None = None) -> Outcome:
    """Run the batt as a user does; on that GPU alone, if one is named."""
    out = folder / f"out_{device}"
    command = [sys.executable, ROOT / "run_batt.py", "-i", *TASKS, "-b", "mine", "-t", LONG // 10]
    command += ["--device", device, "--out", out, *arguments]
    environment = dict(os.environ) if gpu is None else {**os.environ, VISIBLE: gpu}
    result = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG
    )
    if result.returncode:
        raise Wrong(f"--device {device}: status {result.returncode}: {result.stderr.strip()}")
    return read_outcome(out, f"{result.stdout}{result.stderr}")


def read_outcome(out: Path, text: str) -> Outcome:
    """Read what was saved and said."""
    files = {}
    for path in out.glob("*_dir/**/*.py"):
        *folders, _, name = path.relative_to(out).parts
        files["/".join([*folders, name])] = path.read_text()
    lines = re.findall(r"^run_batt\.py:\d+: (.*)", text, re.M)
    said = re.findall(r"^run_batt\.py: (.*)", text, re.M)
    return Outcome(files, lines, said, {*re.findall(r"^computed: (\d+) (\w+) (\w+)", text, re.M)})


def compare(folder: Path, found: Outcome, said: Sequence[str] = ()) -> None:
    """Compare what was found on the GPU with the CPU's.

    Raises:
        Wrong: it is not the same, it was not on the GPU, or something else than `said` was said.
    """
    expected = run(folder, "cpu")
    solved = {name.split("/")[1] for name in expected.files if re.match(r"solver_dir/\w+/[1-9]", name)}
    if len(solved) < len(TASKS) or expected.said or {device for _, device, _ in expected.workers} != {"CPU"}:
        raise Wrong(f"the CPU solves {sorted(solved)}, and says {expected.said}")
    if "GPU" not in {device for _, device, _ in found.workers}:
        raise Wrong(f"nothing was computed on the GPU {found.said}")
    for line in said:
        if line not in found.said:
            raise Wrong(f"it does not say: {line}")
    for line in found.said:
        if line not in said:
            raise Wrong(f"it says: {line}")
    for name in sorted(found.files.keys() ^ expected.files.keys()):
        raise Wrong(f"{name} is there on the {'GPU' if name in found.files else 'CPU'} only")
    for name, text in found.files.items():
        if text != expected.files[name]:
            raise Wrong(f"{name} has another text")
    for one, other in zip_longest(found.lines, expected.lines):
        if one != other:
            raise Wrong(f"{one!r} on the GPU, {other!r} on the CPU")


# The checks: each raises `Wrong`, or gives what is to be told


def check_values(folder: Path, package: str) -> str:
    """A batt gives the same on the GPU and on the CPU."""
    write_batt(folder, package)
    found = run(folder, "gpu")
    compare(folder, found)
    return f"{len(found.files)} files and {len(found.lines)} lines are the same"


def check_workers(folder: Path, package: str) -> str:
    """Several workers have arrays on one GPU at once."""
    write_batt(folder, package, f"meet, I, {WORKERS}, {PATIENCE}")
    found = run(folder, "gpu", "--workers", WORKERS, gpu=find_gpus()[0])
    compare(folder, found)
    if len(found.workers) != WORKERS:
        raise Wrong(f"{len(found.workers)} of {WORKERS} workers computed")
    return f"{WORKERS} workers on one GPU"


def check_memory(folder: Path, package: str) -> str:
    """A sample that fills the GPU's memory is scored on the CPU, the others on the GPU."""
    write_batt(folder, package, "fill, S, I")
    found = run(folder, "gpu", "--workers", 1)
    moved = [f"{task} demo[0] scored on the CPU: the GPU's memory is full" for task in TASKS]
    compare(folder, found, moved)
    return f"{len(moved)} samples moved to the CPU"


CUDA = {
    "cupy": "import cupy\nkept = cupy.ones(3)",
    "torch": "import torch\nkept = torch.ones(3, device='cuda')",
}
MAIN = """
import run_batt
options = run_batt.Options('mine', out='out_gpu', device='gpu')
result = await run_batt.main([*TASKS], timeout=TIMEOUT, options=options)
print('sum', float(kept.sum()))
"""


def check_notebook(folder: Path, package: str) -> str:
    """A notebook that uses CUDA runs a batt, and can use CUDA afterwards."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    write_batt(folder, package)
    source = MAIN.replace("TASKS", repr(TASKS)).replace("TIMEOUT", str(LONG // 10))
    notebook = new_notebook(cells=[new_code_cell(CUDA[package]), new_code_cell(source)])
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    client = NotebookClient(
        notebook, timeout=LONG, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL)  # the cells have it
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    text = "".join(output.get("text", "") for output in outputs)
    for output in outputs:
        if "ename" in output:
            raise Wrong(f"{output['ename']}: {output['evalue']}")
    if "sum 3.0\n" not in text:
        raise Wrong(f"the notebook's own array is lost: {text[-200:]!r}")
    found = read_outcome(folder / "out_gpu", text)
    compare(folder, found)
    if {kind for _, _, kind in found.workers} != {"SpawnProcess"}:
        raise Wrong(f"the workers are no spawned processes: {found.workers}")
    return f"{len(found.files)} files are the same, in spawned workers"


# The command

CHECKS: dict[str, Callable[[Path, str], str]] = {
    "values": check_values,
    "workers": check_workers,
    "memory": check_memory,
    "notebook": check_notebook,
}
NAMES = {"cupy": "CuPy", "torch": "PyTorch"}


def find_fault(package: str) -> str:
    """What keeps an installed package from the GPU, in one line; empty if nothing does."""
    command = [sys.executable, "-c", f"{CUDA[package]}\nkept.sum().item()"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=LONG)
    return "".join((result.stderr.strip().splitlines() or ["it fails"])[-1:]) if result.returncode else ""


def find_packages() -> list[str]:
    """The packages that can use a GPU here.

    Raises:
        ValueError: there is no GPU, or none of the packages can use it; says what to do.
    """
    if not find_gpus():
        raise ValueError("no GPU found: run it where nvidia-smi -L lists one")
    installed = [package for package in CUDA if find_spec(package)]
    if not installed:
        raise ValueError("neither CuPy nor PyTorch is installed: pip install torch, or CuPy for your CUDA")
    faults = {package: find_fault(package) for package in installed}
    usable = [package for package in installed if not faults[package]]
    told = "; ".join(f"{NAMES[package]}: {fault}" for package, fault in faults.items() if fault)
    if not usable:
        raise ValueError(f"the GPU cannot be used: {told}: install the build for its CUDA")
    if told:
        print(f"gpu.py: passed over: {told}", file=sys.stderr)
    return usable


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Compares batts on a GPU with the same ones on the CPU.")
    parser.add_argument("--only", choices=CHECKS, action="append", help="this check; may be given again")
    given = parser.parse_args(arguments)
    try:
        packages = find_packages()
    except ValueError as error:
        print(f"gpu.py: {error}", file=sys.stderr)
        return 2
    status = 0
    for package in packages:
        for name in given.only or CHECKS:
            begin = time.monotonic()
            try:
                with tempfile.TemporaryDirectory() as folder:
                    result = CHECKS[name](Path(folder), package)
            except Exception as error:
                status, result = 1, "FAILED"
                print(f"gpu.py: {NAMES[package]}, {name}: {type(error).__name__}: {error}", file=sys.stderr)
            print(f"{NAMES[package]:8} {name:9}{time.monotonic() - begin:7.1f} s  {result}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
