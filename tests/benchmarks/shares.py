"""What is left of a run, as percentages of the whole command.

    python tests/benchmarks/shares.py [--solvers N] [--task ID] [--runs N]

prints the share of each part from start to exit, and below it the DSL functions that the evaluation spends
most in.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from flows import TASKS, make_batt, run

INNER = ("run_batt.check_solver_speed", "run_batt.generate_expanded", "utils.inline_variables.total")


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, default=350, metavar="N")
    parser.add_argument("--task", default=TASKS[0], metavar="ID")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        batt = make_batt(folder, given.solvers)
        runs = [run("new", folder, batt, given.task) for _ in range(given.runs)]
        whole = median(one.wall for one in runs)
        names = [name for name in runs[0].seconds if name.startswith("run_batt.") and name not in INNER]
        rows = {name: median(one.seconds[name] for one in runs) for name in names}
        rows["start-up, reading, starting and ending workers"] = median(
            one.wall - one.seconds["main.run_batt"] for one in runs
        )
        print(f"{given.solvers} solvers, task {given.task}: {whole:.3f} s from start to exit")
        for name, seconds in sorted(rows.items(), key=lambda row: -row[1]):
            print(f"  {name:48} {100 * seconds / whole:5.1f} %")
        for name in INNER:
            print(f"  (in these) {name:37} {100 * median(one.seconds[name] for one in runs) / whole:5.1f} %")
        os.chdir(folder)
        print_functions(batt, given.task)


def print_functions(batt: str, task_id: str) -> None:
    """Evaluates every sample in this process, and prints what each DSL function took."""
    # `flows` has put the project on the import path.
    from batt_utils.batt.plan import make_plan
    from batt_utils.batt.program import Program
    from batt_utils.batt.reader import load_batt
    from batt_utils.evaluate.namespace import load_names
    from batt_utils.evaluate.results import SampleJob
    from batt_utils.evaluate.table import TableEvaluator
    from batt_utils.tasks import get_data

    taken: Counter[str] = Counter()

    class TimedEvaluator(TableEvaluator):
        def _call(self, given, guarded):
            start = time.perf_counter()
            try:
                return super()._call(given, guarded)
            finally:
                taken[getattr(given[0], "__name__", "(made on the way)")] += time.perf_counter() - start

    program = load_batt(batt).batt
    assert isinstance(program, Program)
    plan = make_plan(program)
    data = get_data(task_id=task_id)
    evaluator = TimedEvaluator(plan, load_names(program.imports, plan.names))
    pairs = tuple((sample["input"], sample["output"]) for sample in data["demo"][task_id])
    for part in data:
        for number, sample in enumerate(data[part][task_id]):
            evaluator.score(SampleJob(task_id, part, number, pairs, sample), 60, "pile.log")
    total = sum(taken.values())
    print(f"calls of the DSL, {total:.3f} s in one process:")
    for name, seconds in taken.most_common(10):
        print(f"  {name:48} {100 * seconds / total:5.1f} %")


if __name__ == "__main__":
    main()
