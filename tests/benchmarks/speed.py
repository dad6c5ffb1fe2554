"""The old flow against the new one on the same batts, in turn.

    python tests/benchmarks/speed.py [--solvers N ...] [--tasks ID ...] [--runs N] [--old-runs N] [--filtered]

prints a row for each number of solvers and task: the median seconds of both flows, of `main.run_batt` and of
the whole command, and the median of the ratios of each pair of runs. `--filtered` is the old flow after its
first redesign.
"""

import argparse
import tempfile
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from flows import TASKS, make_batt, run

HEAD = "solvers  task         old s    new s   ratio  whole old     new  ratio"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, nargs="+", default=[32, 100, 350], metavar="N")
    parser.add_argument("--tasks", nargs="+", default=TASKS, metavar="ID")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--old-runs", type=int, metavar="N", help="fewer for the old flow, if it takes long")
    parser.add_argument("--filtered", action="store_true")
    given = parser.parse_args()
    options = ["--filtered"] if given.filtered else []
    old_runs = min(given.runs, given.old_runs or given.runs)
    print(HEAD)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        for solvers in given.solvers:
            batt = make_batt(folder, solvers)
            run("new", folder, batt, given.tasks[0])  # so that what is compiled is there
            for task_id in given.tasks:
                old, new = [], []
                for turn in range(given.runs):
                    if turn < old_runs:
                        old.append(run("old", folder, batt, task_id, *options))
                    new.append(run("new", folder, batt, task_id))
                pairs = list(zip(islice(cycle(old), given.runs), new))
                tasks = [(a.seconds["main.run_batt"], b.seconds["main.run_batt"]) for a, b in pairs]
                whole = [(a.wall, b.wall) for a, b in pairs]
                print(
                    f"{solvers:7}  {task_id:8}  {median(a for a, _ in tasks):8.2f}"
                    f"  {median(b for _, b in tasks):7.3f}  {median(a / b for a, b in tasks):6.0f}"
                    f"  {median(a for a, _ in whole):9.2f}  {median(b for _, b in whole):6.3f}"
                    f"  {median(a / b for a, b in whole):5.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
