"""The embedded DSL against what it was at an earlier commit.

    python tests/benchmarks/dsl.py [--before COMMIT] [--solvers N] [--tasks N] [--inputs N] [--runs N]

prints a row for each of: `objects` over training inputs, with each of the common arguments; `objects` on the
grids that a generated batt's differs look at; the evaluation of that batt on tasks, in this process; and of
the functions that take most seconds there, together and one by one. Both are timed in turn on the same.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from functools import wraps
from pathlib import Path
from random import Random
from statistics import median
from types import ModuleType

from flows import ROOT, make_batt  # it puts the project on the import path

# isort: split
from batt_utils.arc import dsl
from batt_utils.batt.plan import make_plan
from batt_utils.batt.program import Program
from batt_utils.batt.reader import load_batt
from batt_utils.evaluate.namespace import load_names
from batt_utils.evaluate.results import SampleJob
from batt_utils.evaluate.table import TableEvaluator
from batt_utils.tasks import get_data

BEFORE = "8b440a9"  # the last commit before it was made to agree, and quicker
ARGUMENTS = [(True, True, True), (True, False, True), (False, True, True), (False, False, True)]
DIFFER = [True, True, False]  # a differ's arguments of `objects`
MOST = 20


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT")
    parser.add_argument("--solvers", type=int, default=350, metavar="N")
    parser.add_argument("--tasks", type=int, default=20, metavar="N")
    parser.add_argument("--inputs", type=int, default=965, metavar="N")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    given = parser.parse_args()
    before = load_before(given.before)
    data = get_data()
    gc.freeze()
    gc.set_threshold(500_000)  # as in a worker
    print(f"{'':48}    before       now  ratio")
    inputs = [sample["input"] for samples in data["demo"].values() for sample in samples]
    inputs = inputs[:: max(1, len(inputs) // given.inputs)][: given.inputs]
    every = [time_objects(before, inputs, arguments, given.runs) for arguments in ARGUMENTS]
    for arguments, seconds in zip(ARGUMENTS, every):
        print_row(f"objects(I, {', '.join(str(one)[0] for one in arguments)}), us a grid", seconds, 1e6)
    print_row("objects, mean of these", [sum(column) / len(every) for column in zip(*every)], 1e6)
    with tempfile.TemporaryDirectory() as work:
        name = make_batt(Path(work), given.solvers)
        os.chdir(work)
        task_ids = Random(given.tasks).sample(sorted(data["demo"]), given.tasks)
        time_batt(name, before, data, task_ids, given.runs)
        os.chdir(ROOT)


def print_row(title: str, seconds: Sequence[float], factor: float = 1) -> None:
    """Prints the numbers before and now, and their ratio."""
    old, new = seconds
    print(f"{title:48} {factor * old:9.3f} {factor * new:9.3f} {divide(seconds):6.2f}", flush=True)


def divide(seconds: Sequence[float]) -> float:
    """The ratio of before to now."""
    old, new = seconds
    return old / new


def load_before(commit: str) -> ModuleType:
    """The DSL of a commit, as a module of another name."""
    show = ["git", "-C", str(ROOT), "show", f"{commit}:batt_utils/arc/dsl.py"]
    module = ModuleType("dsl_before")
    sys.modules[module.__name__] = module
    exec(subprocess.run(show, check=True, capture_output=True, text=True).stdout, vars(module))
    return module


def time_objects(before: ModuleType, grids: list, arguments: tuple[bool, ...], runs: int) -> list[float]:
    """The mean seconds of `objects` of each, of a grid's best runs; they take turns grid by grid."""
    best = [[float("inf")] * 2 for _ in grids]
    for _ in range(runs):
        for grid, seconds in zip(grids, best):
            for place, function in enumerate((before.objects, dsl.objects)):
                start = time.perf_counter()
                function(grid, *arguments)
                seconds[place] = min(seconds[place], time.perf_counter() - start)
    return [sum(column) / len(grids) for column in zip(*best)]


class TimedEvaluator(TableEvaluator):
    """Keeps the seconds of each function, and of the `objects` that differs ask for."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.taken: Counter[str] = Counter()

    def _call(self, given, guarded):
        function = given[0]
        name = "differs" if given[2:] == DIFFER else getattr(function, "__name__", "(made on the way)")

        @wraps(function)  # what a default is found by
        def take_time(*arguments):
            start = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.taken[name] += time.perf_counter() - start

        return super()._call([take_time, *given[1:]], guarded)


def time_batt(name: str, before: ModuleType, data: dict, task_ids: list[str], runs: int) -> None:
    """Evaluates a batt on every sample of tasks with each DSL in turn, and prints what they took."""
    program = load_batt(name).batt
    assert isinstance(program, Program)
    plan = make_plan(program)
    names = load_names(program.imports, plan.names)
    old = {key: getattr(before, key) for key in (*before.__all__, "_get_safe_default")}
    walls, taken = [], []
    for _ in range(runs):
        plain = [TableEvaluator(plan, names | old), TableEvaluator(plan, names)]
        timed = [TimedEvaluator(plan, names | old), TimedEvaluator(plan, names)]
        wall = [0.0, 0.0]
        for task_id in task_ids:
            for place, evaluator in enumerate(plain):
                start = time.perf_counter()
                evaluate(evaluator, data, task_id)
                wall[place] += time.perf_counter() - start
            for evaluator in timed:
                evaluate(evaluator, data, task_id)
        walls.append(wall)
        taken.append([evaluator.taken for evaluator in timed])

    def pick(functions: list[str]) -> list[float]:
        """The seconds of the run with the median ratio."""
        rows = [[sum(one[function] for function in functions) for one in pair] for pair in taken]
        return sorted(rows, key=divide)[len(rows) // 2]

    print_row("objects(I, T, T, F) of the differs, s", pick(["differs"]))
    print_row("evaluation, s", sorted(walls, key=divide)[len(walls) // 2])
    others = Counter({key: median(pair[0][key] for pair in taken) for key in taken[0][0]})
    for key in ("differs", "objects", "(made on the way)"):
        del others[key]
    most = [key for key, _ in others.most_common(MOST)]
    print_row(f"the other {MOST} with most seconds, s", pick(most))
    for key in most:
        print_row(f"  {key}, ms", pick([key]), 1e3)


def evaluate(evaluator: TableEvaluator, data: dict, task_id: str) -> None:
    """Evaluates every sample of a task."""
    pairs = tuple((sample["input"], sample["output"]) for sample in data["demo"][task_id])
    for part in data:
        for number, sample in enumerate(data[part][task_id]):
            evaluator.score(SampleJob(task_id, part, number, pairs, sample), 600, "pile.log")


if __name__ == "__main__":
    main()
