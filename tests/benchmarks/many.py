"""Runs over many tasks: of this revision of run_batt, or of another one and this one in turn.

    python tests/benchmarks/many.py [--against PATH] [--rows ROW ...] [--tasks N] [--solvers N] [--pairs N]
                                    [--memory-tasks N]

prints what is asked for, by default all: the medians for the revision checked out at PATH, if one is given,
and for this one, and the median of the ratios of each pair of runs.

    tasks      seconds of the whole command over the tasks, on two cores
    workers    how many times sooner two workers are done than one
    parent     milliseconds of CPU time that a task costs the parent process, start-up aside
    beside     how much of all CPU time is not spent in the DSL's own calls (see calls.py)
    one        seconds of the whole command over one task
    checkout   seconds of the whole command over 20 tasks in a checkout with its own DSL (see tests/host)
    model      48 cores, by what a task takes the parent and one worker: how many tasks a second the parent
               can feed them, how many 48 workers can do, and how many cores are kept busy
    cluster    how many times as long as two workers here a Dask cluster with two takes for a task, start-up
               aside; of this revision alone
    memory     every 100 tasks of a long run: the proportional set size of each process in MiB, and the
               number of files that the parent has open

Only the command line is used, so any revision can be measured. Results are written to memory where the system
has a place for that. Needs Linux.
"""

import argparse
import json
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from checkout import make_flows
from growth import list_children, read_memory

from batt_utils.batt.reader import read_program
from batt_utils.tasks import get_data
from clusters import open_cluster
from flows import ROOT, TASKS, make_batt, prepare_command, run_program
from host import NAME
from host.forms import SEED

BENCHMARKS = Path(__file__).parent
SHARED_MEMORY = Path("/dev/shm")
NAMES = ("tasks", "workers", "parent", "beside", "one", "checkout", "model", "cluster", "memory")
CORES = 2
MODEL_CORES = 48
CHECKOUT_TASKS = 20
MEMORY_STEP = 100  # tasks
MORE = 20  # tasks after those of a long run, so that it still goes on when its memory is read at last
ONE_REPEATS = 5  # of a short run for each of a long one
DONE = re.compile(r"-- \w+ - \d+ done - ").search


class Spent(NamedTuple):
    """The seconds from start to exit, and those of CPU time in the parent process and in the others."""

    wall: float
    parent: float
    children: float


class Setting(NamedTuple):
    """A revision of run_batt, and the folder with the batt that it runs."""

    root: Path
    folder: Path
    batt: str

    @property
    def program(self) -> Path:
        """The command."""
        return self.root / "run_batt.py"

    def run(self, tasks: int, *options: str, program: Path | None = None) -> float:
        """Runs the batt on the first tasks; the seconds from start to exit.

        Raises:
            RuntimeError: the command failed, or there are not so many tasks.
        """
        result = self.folder / "result.json"
        options = ("-c", str(tasks), "--json", str(result), *options)
        wall = run_program(program or self.program, self.folder, self.batt, [], *options).wall
        if (done := json.loads(result.read_text())["tasks"]) != tasks:
            raise RuntimeError(f"{done} of {tasks} tasks were done: ask for fewer")
        return wall

    def spend(self, tasks: int, *options: str) -> Spent:
        """Runs the batt on the first tasks; what that took."""
        usage = self.folder / "usage.json"
        options = (*options, str(self.root), str(usage))
        wall = self.run(tasks, *options, program=BENCHMARKS / "usage.py")
        return Spent(wall, **json.loads(usage.read_text()))

    def spend_per_task(self, tasks: int, *options: str) -> Spent:
        """What a task takes: by the difference of runs over few tasks and over all, so start-up aside."""
        few = max(CORES, tasks // 10)
        less, more = self.spend(few, *options), self.spend(tasks, *options)
        return Spent(*[(b - a) / (tasks - few) for a, b in zip(less, more)])


class Memory(NamedTuple):
    """The MiB of a run's processes, and the number of files that its parent has open."""

    parent: float
    workers: list[float]
    files: int


class Row(NamedTuple):
    """Lines of the table: their labels, what gives their values, how many times for each pair."""

    labels: Sequence[str]
    measure: Callable[[Setting], Sequence[float]]
    repeats: int = 1


def main() -> None:
    """Prints the tables."""
    given = parse()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as work:
        os.chdir(work)  # so that no data beside the current folder count
        folder = Path(work)
        batt = make_batt(folder, given.solvers)
        roots = [ROOT] if given.against is None else [given.against.resolve(), ROOT]
        settings = [Setting(root, folder, batt) for root in roots]
        for setting in settings:
            setting.run(CORES)  # so that what is compiled is there
        rows = make_rows(given, folder / f"{batt}.py")
        if rows.keys() & given.rows:
            print(f"{'':40}  {'   there      here  there/here' if given.against else '              here'}")
        for name, row in rows.items():
            if name in given.rows:
                print_row(row, make_checkouts(folder, given) if name == "checkout" else settings, given.pairs)
        if "cluster" in given.rows:
            with open_cluster(folder / "cluster") as cluster:
                print_row(
                    Row(
                        ["a Dask cluster against two workers"],
                        partial(compare_cluster, given.tasks, cluster.file),
                    ),
                    settings[-1:],
                    given.pairs,
                )
        if "memory" in given.rows:
            for setting in settings:
                print_memory(setting, given.memory_tasks)


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="PATH", help="a checkout of another revision")
    parser.add_argument("--rows", nargs="+", choices=NAMES, default=NAMES, metavar="ROW")
    parser.add_argument("--tasks", type=int, default=100, metavar="N")
    parser.add_argument("--solvers", type=int, default=32, metavar="N")
    parser.add_argument("--pairs", type=int, default=3, metavar="N")
    parser.add_argument("--memory-tasks", type=int, default=1000, metavar="N")
    given = parser.parse_args()
    if given.tasks <= CORES:
        parser.error(f"--tasks {given.tasks}: give more than {CORES}")
    return given


def make_rows(given: argparse.Namespace, batt: Path) -> dict[str, Row]:
    """The rows of the table by name."""
    tasks, solvers = given.tasks, f"{given.solvers} solvers"
    work = batt.with_suffix(".work")
    write_work(work, batt, tasks)
    return {
        "tasks": Row([f"{tasks} tasks, {solvers}, s"], partial(time_tasks, tasks)),
        "workers": Row(["two workers against one"], partial(compare_workers, tasks)),
        "parent": Row(["the parent's ms a task"], partial(time_parent, tasks)),
        "beside": Row(["CPU beside the DSL's own calls, %"], partial(find_rest, tasks, work)),
        "one": Row([f"one task, {solvers}, s"], time_one, ONE_REPEATS),
        "checkout": Row(
            [f"checkout, {CHECKOUT_TASKS} tasks, {solvers}, s"], partial(time_tasks, CHECKOUT_TASKS)
        ),
        "model": Row(
            [f"{MODEL_CORES} cores: {what}" for what in ("parent, tasks/s", "workers, tasks/s", "kept busy")],
            partial(model_cores, tasks),
        ),
    }


def write_work(path: Path, batt: Path, tasks: int) -> None:
    """Writes what a batt has to compute on the first tasks, for calls.py."""
    program = read_program(batt.read_text())
    steps = [(f"t{t}", call.items, program.guarded.get(t, ())) for t, call in program.calls.items()]
    candidates = [(f"t{one.t}", one.solver_id) for one in program.candidates]
    differs = [(f"t{item.t}", item.owner) for item in program.differs]
    data = get_data()
    samples = [(data["demo"][task_id], data["test"][task_id]) for task_id in islice(data["demo"], tasks)]
    path.write_bytes(pickle.dumps((steps, candidates, differs, samples)))


def make_checkouts(folder: Path, given: argparse.Namespace) -> list[Setting]:
    """Makes a checkout with its own DSL for each revision, with the tasks that all others are run on."""
    there, here = make_flows(folder, given.solvers, SEED, given.against)
    shutil.rmtree(folder / "arc-prize-2025")
    flows = [there, here] if given.against else [here]
    settings = [Setting(flow.folder, flow.folder, NAME) for flow in flows]
    for setting in settings:
        setting.run(CORES)  # so that what is compiled is there
    return settings


# The rows


def time_tasks(tasks: int, setting: Setting) -> list[float]:
    """The seconds of the whole command."""
    return [setting.run(tasks)]


def time_one(setting: Setting) -> list[float]:
    """The seconds of the whole command for one task."""
    return [run_program(setting.program, setting.folder, setting.batt, TASKS[:1]).wall]


def compare_workers(tasks: int, setting: Setting) -> list[float]:
    """How many times sooner two workers are done than one."""
    one, two = (setting.run(tasks, "--workers", count) for count in "12")
    return [one / two]


def time_parent(tasks: int, setting: Setting) -> list[float]:
    """The milliseconds of CPU time that a task costs the parent."""
    return [1000 * setting.spend_per_task(tasks).parent]


def compare_cluster(tasks: int, address: Path, setting: Setting) -> list[float]:
    """How many times as long as two workers here a cluster takes for a task, start-up aside."""
    few = max(CORES, tasks // 10)
    ways = (["--cluster", str(address)], ["--workers", "2"])
    far, near = (setting.run(tasks, *way) - setting.run(few, *way) for way in ways)
    return [divide(far, near)]


def find_rest(tasks: int, work: Path, setting: Setting) -> list[float]:
    """The percents of all CPU time that are not spent in the DSL's own calls."""
    spent = setting.spend(tasks)
    command = [sys.executable, str(BENCHMARKS / "calls.py"), str(setting.root), str(work)]
    calls = float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return [100 - 100 * calls / (spent.parent + spent.children)]


def model_cores(tasks: int, setting: Setting) -> list[float]:
    """The tasks a second that the parent can feed, and that so many workers can do; the cores kept busy."""
    spent = setting.spend_per_task(tasks, "--workers", "1")
    able = divide(MODEL_CORES, spent.wall)
    feeds = divide(1, spent.parent)
    return [feeds, able, MODEL_CORES * min(1, divide(feeds, able))]


def print_row(row: Row, settings: Sequence[Setting], pairs: int) -> None:
    """Measures the revisions in turn, and prints the medians and that of the ratios."""
    turns = [[row.measure(setting) for setting in settings] for _ in range(pairs * row.repeats)]
    for label, *values in zip(row.labels, *[zip(*turn) for turn in turns]):
        columns = [f"{median(column):8.2f}" for column in zip(*values)]
        ratio = f"{median(divide(*pair) for pair in values):10.2f}" if len(columns) == 2 else ""
        print(f"{label:40}  {'  '.join(columns):>18}  {ratio}".rstrip(), flush=True)


def divide(a: float, b: float) -> float:
    """The ratio; no number where short runs gave nothing to divide by."""
    return a / b if b > 0 else math.nan


# Memory


def print_memory(setting: Setting, tasks: int) -> None:
    """Prints what a long run takes, as it goes on."""
    print(f"\nMiB of {setting.program}\ntasks  parent  files     all  each worker")
    for done, memory in watch(setting, tasks):
        workers = "  ".join(f"{worker:6.1f}" for worker in memory.workers)
        whole = memory.parent + sum(memory.workers)
        print(f"{done:5}  {memory.parent:6.1f}  {memory.files:5}  {whole:6.1f}  {workers}", flush=True)


def watch(setting: Setting, tasks: int) -> Iterator[tuple[int, Memory]]:
    """Runs the batt on the first tasks, and gives what the run takes, with the number of tasks done.

    Raises:
        RuntimeError: the command failed.
    """
    every = [*get_data()["demo"]]
    task_ids = every[:tasks] + every[:MORE]
    command, environment = prepare_command(setting.program, setting.folder, setting.batt, task_ids)
    environment["PYTHONUNBUFFERED"] = "1"  # a line is to be read when it is written
    done = 0
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command,
            cwd=setting.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if DONE(line):
                done += 1
                if done <= tasks and done % min(MEMORY_STEP, tasks) == 0:
                    yield done, read_processes(process.pid)
        if process.wait():
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {errors.read()}")


def read_processes(parent: int) -> Memory:
    """What a run takes at this moment."""
    workers = [read_memory(worker) for worker in sorted(list_children(parent))]
    return Memory(read_memory(parent), workers, sum(1 for _ in Path(f"/proc/{parent}/fd").iterdir()))


if __name__ == "__main__":
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("many.py needs Linux: it reads /proc")
    main()
