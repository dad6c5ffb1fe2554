"""Time per solver, and memory, from 32 to 1,000 solvers.

    python tests/benchmarks/growth.py [--solvers N ...] [--task ID] [--runs N]

prints a row for each number of solvers: the median seconds of `main.run_batt`, milliseconds per solver, and
the peak of the memory of all processes together (proportional set sizes, sampled; Linux).
"""

import argparse
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from flows import TASKS, make_batt, run


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, nargs="+", default=[32, 100, 350, 1000], metavar="N")
    parser.add_argument("--task", default=TASKS[0], metavar="ID")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    given = parser.parse_args()
    print(f"{'solvers':>7}  {'s':>7}  ms per solver  peak MiB")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        for solvers in given.solvers:
            batt = make_batt(folder, solvers)
            runs = [run("new", folder, batt, given.task) for _ in range(given.runs)]
            seconds = median(one.seconds["main.run_batt"] for one in runs)
            peak = sample_peak(lambda batt=batt: run("new", folder, batt, given.task))
            print(f"{solvers:7}  {seconds:7.3f}  {1000 * seconds / solvers:13.2f}  {peak:8.0f}", flush=True)


def sample_peak(work) -> float:
    """Runs `work`; the most MiB that all child processes took together meanwhile."""
    peak = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, sum(map(read_memory, list_children())))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return peak


def list_children(of: int | str = "self") -> list[int]:
    """The process ids of a process's children, and of theirs; by default of this one's."""
    found: list[int] = []
    rest = [Path(f"/proc/{of}")]
    while rest:
        for children in rest.pop().glob("task/*/children"):
            with suppress(OSError):
                pids = children.read_text().split()
                found += map(int, pids)
                rest += [Path("/proc", pid) for pid in pids]
    return found


def read_memory(pid: int) -> float:
    """The proportional set size of a process, in MiB."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("growth.py needs Linux: it reads /proc")
    main()
