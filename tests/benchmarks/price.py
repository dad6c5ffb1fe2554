"""What the worker processes cost: the command with them against evaluation in the parent.

    python tests/benchmarks/price.py [--solvers N] [--tasks ID ...] [--runs N]

prints a row for each task: the median seconds of `main.run_batt` in the parent, with the default number of
workers and with one, and the median of the ratio to the first of each.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from flows import FLOWS, TASKS, make_batt, run_program

WAYS = (
    (Path(__file__).with_name("in_parent.py"), ()),
    (FLOWS["new"], ()),
    (FLOWS["new"], ("--workers", "1")),
)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, default=32, metavar="N")
    parser.add_argument("--tasks", nargs="+", default=TASKS, metavar="ID")
    parser.add_argument("--runs", type=int, default=9, metavar="N")
    given = parser.parse_args()
    print("task      parent s  workers s  ratio  one worker s  ratio")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        batt = make_batt(folder, given.solvers)
        for task_id in given.tasks:
            rows = [
                [
                    run_program(program, folder, batt, [task_id], *options).seconds["main.run_batt"]
                    for program, options in WAYS
                ]
                for _ in range(given.runs)
            ]
            parent, workers, one = (median(column) for column in zip(*rows))
            ratios = [median(row[place] / row[0] for row in rows) for place in (1, 2)]
            print(
                f"{task_id}  {parent:8.3f}  {workers:9.3f}  {ratios[0]:5.2f}  {one:12.3f}  {ratios[1]:5.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
