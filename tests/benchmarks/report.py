"""A report on many tasks: how long it takes, how large it is, and when its first picture is on the screen.

    python tests/benchmarks/report.py [--tasks N] [--solvers N] [--keep DIR] [--picture FILE]

runs a batt over the first tasks of both stages, those of the evaluation stage first, and writes a report on
what it found, on two cores. It prints the seconds of the whole command, the megabytes of the page, and the
seconds till Chromium, which has just been started, has painted it with the pictures of its first task: the
median of some loads.

Needs Linux, Chromium and its driver.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from flows import ROOT, make_batt, make_environment

CORES = 2
LOADS = 5
PAINTED = """
    const [told] = arguments;
    requestAnimationFrame(() => setTimeout(() => told(performance.now() / 1000)));
"""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000, metavar="N")
    parser.add_argument("--solvers", type=int, default=100, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where all is left; default: nowhere")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="a PNG of the page")
    given = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as work:
        folder = given.keep or Path(work)
        folder.mkdir(exist_ok=True)
        make_results(folder, given.tasks, given.solvers)
        page = folder / "report.html"
        seconds = run(folder, "-m", "batt_utils.report", "-o", str(page), "--results", "results.jsonl")
        first = median(load(page, None) for _ in range(LOADS))
        print(f"{given.tasks} tasks, the whole command, s {seconds:8.2f}")
        print(f"{given.tasks} tasks, the page, MB       {page.stat().st_size / 1e6:8.2f}")
        print(f"{given.tasks} tasks, first picture, s   {first:8.2f}")
        if given.picture:
            load(page, given.picture)


def make_results(folder: Path, tasks: int, solvers: int) -> None:
    """Runs a batt on tasks of both stages, unless that has been done."""
    if (folder / "results.jsonl").exists():
        return
    from batt_utils.tasks import get_data

    task_ids = [*get_data(train=False)["demo"], *get_data()["demo"]][:tasks]
    batt = make_batt(folder, solvers)
    options = ("-b", batt, "--stage", "both", "--results", "results.jsonl")
    run(folder, ROOT / "run_batt.py", *options, "-i", *task_ids)


def run(folder: Path, *arguments: object) -> float:
    """Runs Python in a folder; the seconds from start to exit."""
    command = [sys.executable, *map(str, arguments)]
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=make_environment(), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def load(page: Path, picture: Path | None) -> float:
    """The seconds till a browser has painted the page; its picture is written if that is asked for."""
    from reports import find_chromium, open_chromium, set_window

    found = find_chromium()
    if found is None:
        raise RuntimeError("Chromium or its driver is missing: install chromium and chromium-driver")
    with open_chromium(*found) as browser:
        set_window(browser, 1200, 1000)
        browser.get(page.as_uri())
        seconds = browser.execute_async_script(PAINTED)
        if not browser.execute_script("return document.querySelectorAll('canvas').length"):
            raise RuntimeError("the page has no picture")
        if picture:
            browser.save_screenshot(str(picture))
    return float(seconds)


if __name__ == "__main__":
    main()
