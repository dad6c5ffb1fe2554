"""What does the work for a batt is opened: processes here, this one alone, or a cluster."""

import subprocess
import sys
from pathlib import Path

import pytest

import run_batt
from batt_utils.batt.reader import STORED
from batt_utils.console import UserError
from batt_utils.engine.opening import open_engine, open_engine_or_cluster
from batt_utils.engine.runner import run
from batt_utils.evaluate.results import Answer, SolveJob
from batt_utils.options import Options

ROOT = Path(run_batt.__file__).parent
SAMPLE = {"input": ((1,),), "output": ((1,),)}
DATA = {"demo": {name: [SAMPLE] * 2 for name in "abc"}, "test": {name: [SAMPLE] for name in "abc"}}
HEAVY = ("pebble", "distributed", "multiprocessing", "asyncio", "batt_utils.evaluate.table")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stored_solvers_run_without_a_batt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = SolveJob(["def solve(S, I, C):\n    O = hmirror(I)\n    return O\n"], (), [((1,), (2,))])

    async def solve():
        async with open_engine(STORED, Options(workers=1), DATA, ["a"]) as engine:
            return [answers async for answers in engine.solve([job, job], 1.0, 10.0)]

    assert run(solve()) == [[[Answer(((2,), (1,)))]]] * 2


@pytest.mark.parametrize(
    ("workers", "task_ids", "takes_tasks"),
    [
        pytest.param(1, "a", True, id="a task for one worker"),
        pytest.param(2, "a", False, id="fewer tasks than workers"),
        pytest.param(2, "abc", True, id="more tasks"),
    ],
)
def test_workers_take_whole_tasks_if_there_are_as_many(workers, task_ids, takes_tasks):
    async def look():
        async with open_engine(STORED, Options(workers=workers), DATA, [*task_ids]) as engine:
            return engine.takes_tasks

    assert run(look()) == takes_tasks


def test_a_batt_that_cannot_be_imported_is_told(here):
    (here / "mine.py").write_text("raise ImportError('no such thing')\n")

    async def open_it():
        async with open_engine(STORED._replace(batt="mine"), Options(workers=1), DATA, ["a"]):
            raise AssertionError

    with pytest.raises(UserError) as caught:
        run(open_it())
    assert str(caught.value) == "mine.py: ImportError: no such thing: write the batt anew"


def test_a_cluster_is_opened_if_one_is_named():
    async def open_it():
        options = Options(cluster="nowhere.json")
        async with open_engine_or_cluster(STORED, options, DATA, ["a"], run_batt.__version__):
            raise AssertionError

    with pytest.raises(UserError) as caught:
        run(open_it())
    assert str(caught.value).startswith("nowhere.json: no such scheduler file: ")


def test_what_an_engine_needs_is_imported_when_one_is_opened():
    code = f"import sys, run_batt; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
