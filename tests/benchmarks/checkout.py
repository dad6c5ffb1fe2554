"""The old flow against the new one in a checkout with its own DSL, with batts of two forms (see tests/host).

    python tests/benchmarks/checkout.py [--solvers N ...] [--tasks ID ...] [--runs N] [--old-runs N]

prints for each form whether both leave the same files and links, T_LOG aside, for a batt so small that all of
them have room; then a row for each form and number of solvers: the median seconds of `main.run_batt` for the
first task, and the ratio of each pair of runs; and the same for what it takes to score with and without
tuning (`--no-tune`).

    python tests/benchmarks/checkout.py --against PATH [--solvers N ...] [--tasks ID ...] [--runs N]

has another revision of run_batt, checked out at PATH, in place of the old flow. The rows are for the first
task and for all: the median seconds of the whole command, there and here, and the median of the ratios of
each pair.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from flows import FLOWS, Run, run_program
from host import NAME, TASKS, make_host
from host.forms import NEWEST, SEED, Form

FEW = 5  # solvers whose differs have room


class Flow(NamedTuple):
    """A program, and the checkout that it runs in."""

    program: Path
    folder: Path

    def run(self, task_ids: Sequence[str], *options: str) -> Run:
        """Runs the checkout's batt on tasks."""
        return run_program(self.program, self.folder, NAME, task_ids, *options)


def main() -> None:
    """Prints the comparisons and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, nargs="+", default=[32, 100], metavar="N")
    parser.add_argument("--tasks", nargs="+", default=TASKS["training"], metavar="ID")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--old-runs", type=int, metavar="N", help="fewer for the old flow, if it takes long")
    parser.add_argument("--against", type=Path, metavar="PATH", help="a checkout of another revision")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        other_runs = {
            form: compare_trees(
                *make_flows(Path(work, form.name), FEW, form, given.against), form, given.tasks[:3]
            )
            for form in (SEED, NEWEST)
        }
        if given.against:
            print("form    solvers  tasks   there s   here s   ratio")
        else:
            print("form    solvers     old s    new s   ratio  score s, not tuned    tuned  ratio")
        for form in other_runs:
            for solvers in given.solvers:
                other, new = make_flows(Path(work, f"{form.name} {solvers}"), solvers, form, given.against)
                label = f"{form.name:6}  {solvers:7}"
                if given.against:
                    for count in sorted({1, len(given.tasks)}):
                        there = other if other_runs[form] else None
                        print_pairs(label, there, new, given.tasks[:count], given.runs)
                else:
                    print_row(label, other, new, given.tasks[:1], given.runs, given.old_runs or given.runs)


def make_flows(folder: Path, solvers: int, form: Form, against: Path | None) -> tuple[Flow, Flow]:
    """Makes a checkout with a batt for the flow to compare with, and for the new one."""
    here, there = folder / "here", folder / "there"
    make_host(here, solvers, form=form)
    new = Flow(here / "run_batt.py", here)
    if against is None:
        return Flow(FLOWS["old"], here), new
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("batt_utils"))
    shutil.copytree(against / "batt_utils", there / "batt_utils")
    shutil.copy(against / "run_batt.py", there)
    return Flow(there / "run_batt.py", there), new


def compare_trees(other: Flow, new: Flow, form: Form, task_ids: Sequence[str]) -> bool:
    """Prints what both flows leave, and exits with 1 if they differ; whether the other one does not fail."""
    new.run(task_ids, "--rules", "seed")  # the old flow's
    tree = read_tree(new.folder / "out")
    try:
        other.run(task_ids)
    except RuntimeError as error:
        print(f"{form.name}: fails there: {str(error).strip()}")
        return False
    files, links = (sum(isinstance(value, kind) for value in tree.values()) for kind in (bytes, Path))
    differences = tree.items() ^ read_tree(other.folder / "out").items()
    print(f"{form.name}, {len(task_ids)} tasks: {files} files, {links} links, {len(differences)} differences")
    if differences:
        raise SystemExit(1)
    return True


def read_tree(out: Path) -> dict[tuple[str, ...], bytes | Path]:
    """The bytes of every file, and where every link leads, by path without T_LOG."""
    tree: dict[tuple[str, ...], bytes | Path] = {}
    for path in out.rglob("*.py"):
        parts = path.relative_to(out).parts
        if path.is_symlink():
            tree[(*parts[:-2], parts[-1])] = path.resolve().relative_to(out.resolve())
        else:
            tree[parts] = path.read_bytes()
    return tree


def print_row(label: str, old: Flow, new: Flow, task_ids: Sequence[str], runs: int, old_runs: int) -> None:
    """Prints the row of the old flow and the new one."""
    new.run(task_ids)  # so that what is compiled is there
    olds, news, untuned = [], [], []
    for turn in range(runs):
        if turn < old_runs:
            olds.append(old.run(task_ids).seconds["main.run_batt"])
        news.append(new.run(task_ids).seconds)
        untuned.append(new.run(task_ids, "--no-tune").seconds)
    whole = list(zip(islice(cycle(olds), runs), [seconds["main.run_batt"] for seconds in news]))
    scoring = [
        tuple(seconds["run_batt.check_batt"] for seconds in pair) for pair in zip(untuned, news, strict=True)
    ]
    columns = [
        f"{median(a for a, _ in pairs):{wide}}  {median(b for _, b in pairs):7.3f}"
        f"  {median(a / b for a, b in pairs):6.1f}"
        for pairs, wide in ((whole, "8.2f"), (scoring, "18.3f"))
    ]
    print(f"{label}  {'  '.join(columns)}", flush=True)


def print_pairs(label: str, there: Flow | None, here: Flow, task_ids: Sequence[str], runs: int) -> None:
    """Prints the row of another revision and this one."""
    flows = [here] if there is None else [there, here]
    for flow in flows:
        flow.run(task_ids)  # so that what is compiled is there
    pairs = [[flow.run(task_ids).wall for flow in flows] for _ in range(runs)]
    seconds = "".join(f"  {median(walls):7.2f}" for walls in zip(*pairs, strict=True))
    ratio = f"{median(pair[0] / pair[-1] for pair in pairs):6.1f}" if there else "     -"
    print(f"{label}  {len(task_ids):5}  {seconds:>18}  {ratio}", flush=True)


if __name__ == "__main__":
    main()
