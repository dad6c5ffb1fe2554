"""A search in rounds: generate from what was kept, run it, keep what is good.

    python tests/benchmarks/rounds.py [--rounds N] [--tasks N] [--solvers N] [--folder DIR]

prints for each round its seconds, the tasks that are solved so far, the files and links that are there, and
the most that the run took every 100 tasks: MiB of all its processes together and of the largest worker, open
files of its parent, processes. Nothing is to grow but the files. With `--folder` an interrupted search goes
on. Needs Linux.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from many import DONE, MEMORY_STEP, Memory, read_processes

from flows import ROOT, make_environment

HEAD = "round       s  solved   files   links  dead links  MiB  of a worker  open files  processes"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, metavar="N")
    parser.add_argument("--tasks", type=int, default=1000, metavar="N")
    parser.add_argument("--solvers", type=int, default=32, metavar="N")
    parser.add_argument("--folder", type=Path, metavar="DIR")
    given = parser.parse_args()
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder and given.folder.parent) as work:
        folder = given.folder or Path(work)
        folder.mkdir(exist_ok=True)
        for number in range(1, given.rounds + 1):
            start = time.perf_counter()
            write_batt(folder, number, given.solvers)
            taken = [*watch(folder, number, given.tasks)]
            print_round(folder, number, time.perf_counter() - start, taken)


def run(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts a command of ours in the folder."""
    environment = make_environment(PYTHONUNBUFFERED="1")
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )


def write_batt(folder: Path, number: int, solvers: int) -> None:
    """Writes a round's batt of what is kept.

    Raises:
        RuntimeError: it cannot be written.
    """
    name = f"batt_{number}"
    options = ["-c", str(solvers), "--seed", str(number), "-f", f"{name}.py"]
    if not (folder / f"{name}.py").exists():
        with run(folder, "-m", "batt_utils.card", *options) as process:
            process.communicate()
        if process.returncode:
            raise RuntimeError(f"round {number}: no batt")


def watch(folder: Path, number: int, tasks: int) -> Iterator[Memory]:
    """Runs a round's batt; gives what the run takes now and then.

    Raises:
        RuntimeError: the run failed.
    """
    command = ["-i", "-c", str(tasks), "-b", f"batt_{number}", "--results", "results.jsonl", "--resume"]
    done = 0
    with run(folder, str(ROOT / "run_batt.py"), *command) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if DONE(line):
                done += 1
                if done % min(MEMORY_STEP, tasks // 2) == 0 and done < tasks:
                    yield read_processes(process.pid)
    if process.returncode:
        raise RuntimeError(f"round {number}: status {process.returncode}")


def print_round(folder: Path, number: int, seconds: float, taken: list[Memory]) -> None:
    """Prints a row."""
    solved = sum('"new": true' in line for line in (folder / "results.jsonl").open())
    files = sum(1 for name in ("solver_md5", "differ_md5") for _ in (folder / name).glob("*.py"))
    links = [path for name in ("solver_dir", "differ_dir") for path in (folder / name).rglob("*.py")]
    dead = sum(not path.exists() for path in links)
    whole = max((one.parent + sum(one.workers) for one in taken), default=0.0)
    worker = max((max(one.workers, default=0.0) for one in taken), default=0.0)
    opened = max((one.files for one in taken), default=0)
    processes = max((1 + len(one.workers) for one in taken), default=0)
    print(
        f"{number:5}  {seconds:6.1f}  {solved:6}  {files:6}  {len(links):6}  {dead:10}  {whole:3.0f}  "
        f"{worker:11.0f}  {opened:10}  {processes:9}",
        flush=True,
    )


if __name__ == "__main__":
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("rounds.py needs Linux: it reads /proc")
    main()
