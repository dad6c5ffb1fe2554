"""The old flow against the new one in a checkout with its own DSL (see tests/host).

    python tests/benchmarks/checkout.py [--solvers N ...] [--tasks ID ...] [--runs N] [--old-runs N]

prints whether both leave the same files and links, T_LOG aside, for a batt so small that all of them have
room; then a row for each number of solvers: the median seconds of `main.run_batt`, and the ratio of each pair
of runs; and the same for what it takes to score with and without tuning (`--no-tune`).
"""

import argparse
import tempfile
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from flows import FLOWS, run_program
from host import NAME, TASKS, make_host

FEW = 5  # solvers whose differs have room


def main() -> None:
    """Prints the comparison and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, nargs="+", default=[32, 350], metavar="N")
    parser.add_argument("--tasks", nargs="+", default=TASKS["training"][:3], metavar="ID")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--old-runs", type=int, metavar="N", help="fewer for the old flow, if it takes long")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        compare_trees(Path(work, "few", "checkout"), given.tasks)
        print("solvers     old s    new s   ratio  score s, not tuned    tuned  ratio")
        for solvers in given.solvers:
            folder = Path(work, str(solvers), "checkout")
            make_host(folder, solvers)
            print_row(folder, solvers, given.tasks[:1], given.runs, given.old_runs or given.runs)


def compare_trees(folder: Path, task_ids: list[str]) -> None:
    """Prints what both flows leave, and exits with 1 if they differ."""
    make_host(folder, FEW)
    trees = []
    for program in (FLOWS["old"], folder / "run_batt.py"):
        run_program(program, folder, NAME, task_ids)
        trees.append(read_tree(folder / "out"))
    files, links = (sum(isinstance(value, kind) for value in trees[0].values()) for kind in (bytes, str))
    differences = trees[0].items() ^ trees[1].items()
    print(f"{len(task_ids)} tasks: {files} files, {links} links, {len(differences)} differences")
    if differences:
        raise SystemExit(1)


def read_tree(out: Path) -> dict[tuple[str, ...], bytes | str]:
    """The bytes of every file, and where every link leads, by path without T_LOG."""
    tree: dict[tuple[str, ...], bytes | str] = {}
    for path in out.rglob("*.py"):
        parts = path.relative_to(out).parts
        if path.is_symlink():
            tree[(*parts[:-2], parts[-1])] = str(path.readlink())
        else:
            tree[parts] = path.read_bytes()
    return tree


def print_row(folder: Path, solvers: int, task_ids: list[str], runs: int, old_runs: int) -> None:
    """Prints the row of one number of solvers."""
    program = folder / "run_batt.py"
    run_program(program, folder, NAME, task_ids)  # so that what is compiled is there
    old, new, untuned = [], [], []
    for turn in range(runs):
        if turn < old_runs:
            old.append(run_program(FLOWS["old"], folder, NAME, task_ids).seconds["main.run_batt"])
        new.append(run_program(program, folder, NAME, task_ids).seconds)
        untuned.append(run_program(program, folder, NAME, task_ids, "--no-tune").seconds)
    whole = list(zip(islice(cycle(old), runs), [seconds["main.run_batt"] for seconds in new]))
    scoring = [
        tuple(seconds["run_batt.check_batt"] for seconds in pair) for pair in zip(untuned, new, strict=True)
    ]
    columns = [
        f"{median(a for a, _ in pairs):{wide}}  {median(b for _, b in pairs):7.3f}"
        f"  {median(a / b for a, b in pairs):6.1f}"
        for pairs, wide in ((whole, "8.2f"), (scoring, "18.3f"))
    ]
    print(f"{solvers:7}  {'  '.join(columns)}", flush=True)


if __name__ == "__main__":
    main()
