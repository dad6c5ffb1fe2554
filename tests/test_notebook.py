"""The command and `main` in the cells of a notebook, all in one kernel."""

import os
import re
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import run_batt
from batts import write_module

ROOT = Path(run_batt.__file__).parent
TASK = "007bbfb7"
SHELL = f"!python run_batt.py -i {TASK} -b BATT --out OUT"
MAGIC = f"%run run_batt.py -i {TASK} -b BATT --out OUT"
MAIN = (
    "import run_batt\n"
    f"result = await run_batt.main(['{TASK}'], options=run_batt.Options(batt_import='BATT', out='OUT'))"
)
FUNCTION = f"""
import run_batt
def batt(task_id, S, I, C, log_path):
    return [(1, True, 'a', I)], []
run_batt.batt, run_batt.t_call = batt, {{1: 'CALL, I'}}
try:
    result = await run_batt.main(['{TASK}'], options=run_batt.Options(out='OUT'))
except ValueError as error:
    print(error)
finally:
    run_batt.batt = run_batt.t_call = None
"""
CUDA = "import sys, types\nsys.modules['cupy'] = types.ModuleType('cupy')\n{}\ndel sys.modules['cupy']"
# It imports a module of its own, and its workers tell how they were made.
BATT = """
from multiprocessing import current_process

from helper import name

print(name, "in a", type(current_process()).__name__)

def batt(task_id, S, I, C, log_path):
    return [(1, True, 'a', I)], []
"""


SLOW = """
from time import sleep

def batt(task_id, S, I, C, log_path):
    sleep(SECONDS)
    return [(1, True, 'a', I)], []
"""
SOON = 2  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copy(ROOT / "run_batt.py", folder)
    shutil.copytree(ROOT / "batt_utils", folder / "batt_utils")
    return folder


@pytest.fixture(scope="module")
def kernel(folder):
    client = NotebookClient(new_notebook(), timeout=120, resources={"metadata": {"path": str(folder)}})
    environment = {**os.environ, "PYTHONPATH": ""}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    # With it, a kernel does not show what its child processes print.
    del environment["PYTEST_CURRENT_TEST"]
    with client.setup_kernel(env=environment):
        yield client


@pytest.fixture
def run(kernel):
    """Runs a cell; gives what it printed, and the name of an error that it ended with."""

    def run(source, may_fail=False, **replacements):
        for name, text in replacements.items():
            source = source.replace(name, str(text))
        cell = new_code_cell(source, metadata={"tags": ["raises-exception"] if may_fail else []})
        kernel.nb.cells.append(cell)
        kernel.execute_cell(cell, len(kernel.nb.cells) - 1)
        return "".join(output.get("text") or output.get("ename", "") for output in cell.outputs)

    return run


def read_solver(folder):
    (path,) = folder.glob(f"solver_dir/solve_{TASK}/*/*/*.py")
    return path.read_text()


@pytest.mark.parametrize("cell", [SHELL, MAGIC, MAIN], ids=["shell", "magic", "main"])
def test_the_demo_batt_is_scored(run, tmp_path, cell):
    printed = run(cell, BATT="tmp_batt_onerun_run", OUT=tmp_path)
    assert f"-- {TASK} - 0 scored --" in printed
    assert printed.splitlines()[-1] == "1 tasks - 0 timeouts"
    assert len([*tmp_path.glob(f"solver_dir/solve_{TASK}/*/*/*.py")]) == 32


@pytest.mark.parametrize(
    ("cell", "process"),
    [
        pytest.param(MAGIC, "ForkProcess", id="magic"),
        pytest.param(MAIN, "ForkProcess", id="main"),
        pytest.param(CUDA.format(MAGIC), "SpawnProcess", id="magic, CUDA in use"),
        pytest.param(CUDA.format(MAIN), "SpawnProcess", id="main, CUDA in use"),
    ],
)
def test_a_changed_batt_is_the_one_that_runs(run, folder, tmp_path, cell, process):
    for name in ("identity", "hmirror"):
        write_module(folder, "mine", BATT, {1: f"{name}, I"})
        (folder / "helper.py").write_text(f"name = '{name}'\n")
        run("import mine")  # the kernel then has the one of before
        printed = run(cell, BATT="mine", OUT=tmp_path / name)
        assert {*printed.splitlines()} >= {f"{name} in a {process}", "1 tasks - 0 timeouts"}
        assert f"O = {name}(I)\n" in read_solver(tmp_path / name)


@pytest.mark.parametrize("cell", [MAGIC, MAIN], ids=["magic", "main"])
@pytest.mark.parametrize("seconds", [0.1, 1000], ids=["at work", "in a hang"])
def test_an_interrupted_cell_ends_soon_and_those_after_it_run(run, folder, tmp_path, cell, seconds):
    write_module(folder, "slow", SLOW.replace("SECONDS", str(seconds)), {1: "identity, I"})
    (kernel,) = re.findall(r"\d+", run("import os\nprint(os.getpid())"))
    out = tmp_path / "out"
    when = []

    def interrupt():
        while seconds < 1 and len([*out.glob("solver_dir/*")]) < 2:
            time.sleep(0.01)
        when.append(time.perf_counter())
        os.kill(int(kernel), signal.SIGINT)

    threading.Timer(3, interrupt).start()
    many = cell.replace(f" -i {TASK}", " -i -t 2000").replace(f"['{TASK}']", "[], timeout=2000")
    printed = run(many, may_fail=True, BATT="slow", OUT=out)
    assert time.perf_counter() - when[0] < SOON
    done = len([*out.glob("solver_dir/*")])
    assert done >= 2 or seconds > 1
    assert f"\n{done} tasks - 0 timeouts\n" in printed
    assert "CancelledError" in printed if cell == MAIN else "SystemExit" in printed

    for place, again in enumerate([MAIN, MAGIC]):
        assert "1 tasks - 0 timeouts\n" in run(again, BATT="tmp_batt_onerun_run", OUT=tmp_path / str(place))


def test_a_function_of_the_notebook_runs(run, tmp_path):
    for name in ("identity", "hmirror"):
        assert "1 tasks - 0 timeouts\n" in run(FUNCTION, CALL=name, OUT=tmp_path / name)
        assert f"O = {name}(I)\n" in read_solver(tmp_path / name)


def test_a_function_cannot_be_sent_once_cuda_is_in_use(run, tmp_path):
    printed = run(CUDA.format(FUNCTION), CALL="identity", OUT=tmp_path / "refused")
    assert "the batt set in run_batt is in no module" in printed
    assert not (tmp_path / "refused").exists()


def test_several_tasks_print_nothing_but_their_lines(run, tmp_path):
    printed = run(MAIN.replace(TASK, f"{TASK}', '00d62c1b"), BATT="tmp_batt_onerun_run", OUT=tmp_path)
    *lines, last = printed.splitlines()
    assert all(line.startswith("run_batt.py:") for line in lines)
    assert last == "2 tasks - 0 timeouts"


def test_a_wrong_input_is_one_line(run, tmp_path):
    printed = run(MAGIC, BATT="missing", OUT=tmp_path)
    assert re.fullmatch(r"run_batt\.py: no batt module missing: .*\nSystemExit", printed)
