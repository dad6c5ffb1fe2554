"""Result folders with tasks of every state, for a report."""

import json
import os
import shutil
import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import Any

import run_batt
from batt_utils.store.links import Link, Store
from batt_utils.tasks import get_data

ROOT = Path(run_batt.__file__).parent
RUN = ("007bbfb7", "00d62c1b")  # tasks that a batt is run on: it solves the first
ODD = "<img src=x onerror=alert(1)>\"'&"  # an id that is text, and no HTML
INPUTS = [[[1, 2, 0], [3, 4, 5]], [[6, 7], [8, 9], [0, 1]], [[5, 0, 2] * 10]]
HANGS = "    while True:\n        pass"
CRASHES = "    import os\n    os._exit(3)"
SCRIPT = "    O = vmirror(I)  # </script><script>alert(2)</script> <b>bold</b>"


def write_program(body: str) -> str:
    """Write a solver as it is stored."""
    return f"from dsl import *\nfrom constants import *\n\ndef solve(S, I, C):\n{body}\n    return O\n"


MIRROR, TURN = (write_program(f"    O = {name}(I)") for name in ("hmirror", "rot180"))
SCORES = {  # of the programs of each invented task
    "nearly": [
        (2, MIRROR),
        (1, write_program(SCRIPT)),
        (0, write_program("    O = palette(I)")),
        (0, write_program(HANGS)),
    ],
    "partly": [(1, TURN), (1000, MIRROR)],
    "broken": [(0, write_program(CRASHES)), (0, write_program("    O = I + 1"))],
    ODD: [(3, MIRROR), (0, TURN)],
}
MISSES = {"nearly": 1, "partly": 2, "broken": 3, ODD: 0}  # samples that no mirror image is right on
DIFFER = (
    "from dsl import *\nfrom constants import *\n\ndef differ(S, I, C):\n    O = palette(I)\n    return O\n"
)


def name(text: str) -> str:
    """Name a program."""
    return md5(text.encode()).hexdigest()


def make_task(misses: int) -> dict[str, object]:
    """Make a task of three samples: the mirror images of its inputs, but for some that are something else."""
    samples = [
        {"input": grid, "output": [[9]] if number < misses else grid[::-1]}
        for number, grid in enumerate(INPUTS)
    ]
    return {"train": samples[:2], "test": samples[2:]}


def write_data(folder: Path) -> None:
    """Write the tasks that a batt is run on, and the invented ones, each in a file."""
    data = get_data(task_id=RUN)
    for task_id in RUN:
        task = {"train": data["demo"][task_id], "test": data["test"][task_id]}
        (folder / f"{task_id}.json").write_text(json.dumps(task))
    for task_id, misses in MISSES.items():
        (folder / f"{task_id}.json").write_text(json.dumps(make_task(misses)))


def run_command(folder: Path, *arguments: object) -> str:
    """Run Python in a folder; give what it printed.

    Raises:
        RuntimeError: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def make_folders(folder: Path) -> None:
    """Make results of a real run, and of invented tasks: nearly and partly solved, broken, oddly named.

    Beside the four result folders there are `data` and `results.jsonl`.
    """
    (folder / "data").mkdir()
    write_data(folder / "data")
    options = ("-b", "tmp_batt_onerun_run", "--data", "data", "--results", "results.jsonl")
    run_command(folder, ROOT / "run_batt.py", "-i", *RUN, *options)
    store = Store(folder)
    for task_id, scored in SCORES.items():
        links = [Link(score, 9, name(text)) for score, text in scored]
        store.save_solvers(task_id, links, {name(text): text for _, text in scored})
    for kind, score in (("iz", 1), ("zo", 3)):
        store.save_differs("nearly", kind, [Link(score, 9, name(DIFFER))], {name(DIFFER): DIFFER})


def find_chromium() -> tuple[str, str] | None:
    """Find Chromium and its driver; None: one of them is missing."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (program, driver) if program and driver else None


def open_chromium(program: str, driver: str) -> Any:
    """Open Chromium without a screen; what its console and its network are told is kept."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options: Any = ChromeOptions()
    options.binary_location = program
    for option in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=Service(driver))


def set_window(browser: Any, width: int, height: int) -> None:
    """Give a browser's page a size."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
