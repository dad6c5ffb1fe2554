"""Batts to measure with, and runs of the old and the new flow as whole commands."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in (".", "tests", "tests/oracle", "tests/support")]

from batt_utils.card import own_differs, own_solvers, vary, write_batt  # noqa: E402
from old_flow import isolate_batt  # noqa: E402

BASE = 48  # solvers as they are; what is above are mutated copies of them
TASKS = ("007bbfb7", "4f537728", "66ac4c3b")  # grids of 3 x 3, 20 x 20 and 22 x 22
UNUSUAL = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
FLOWS = {"old": ROOT / "tests" / "oracle" / "old_flow.py", "new": ROOT / "run_batt.py"}


class Run(NamedTuple):
    """What a command took, in seconds: by name in its timing summary, and from start to exit."""

    seconds: dict[str, float]
    wall: float


def make_batt(folder: Path, solvers: int, seed: int = 3) -> str:
    """Writes a batt, and one for the old flow in which a failing line spoils what depends on it alone."""
    name = f"batt_{solvers}"
    programs = vary(own_solvers()[:BASE], solvers, 0.1, Random(seed))
    write_batt(folder / f"{name}.py", programs, own_differs())
    isolate_batt(folder, name)
    return name


def run(flow: str, folder: Path, batt: str, task_id: str, *options: str) -> Run:
    """Runs the old or the new flow; the old one takes the batt that is written for it."""
    return run_program(FLOWS[flow], folder, f"{batt}_old" if flow == "old" else batt, [task_id], *options)


def run_program(program: Path, folder: Path, batt: str, task_ids: Sequence[str], *options: str) -> Run:
    """Runs a batt on tasks, as `prepare_command` has it.

    Raises:
        RuntimeError: the command failed.
    """
    command, environment = prepare_command(program, folder, batt, task_ids, *options)
    start = time.perf_counter()
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    wall = time.perf_counter() - start
    rows = re.findall(r"^  (\S+) +([\d.]+)$", result.stdout, re.MULTILINE)
    if result.returncode or not rows:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr}")
    return Run({name: float(seconds) for name, seconds in rows}, wall)


def prepare_command(
    program: Path, folder: Path, batt: str, task_ids: Sequence[str], *options: str
) -> tuple[list[str], dict[str, str]]:
    """Makes ready for a run of a batt on tasks with empty result folders, `out` in the folder.

    As in use, what belongs to the flow is compiled from the run before, and the batt, which is new each
    time, is not.

    Returns:
        The command, to be run in the folder, and its environment.
    """
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for compiled in folder.glob(f"__pycache__/{batt}*"):
        compiled.unlink()
    arguments = ["--timing", "-i", *task_ids, "-b", batt, "-t", "60", "--out", str(out), *options]
    return [sys.executable, str(program), *arguments], make_environment()


def make_environment(**more: str) -> dict[str, str]:
    """Makes the environment of a command of ours: as in use, it keeps what is compiled, and buffers."""
    usual = {name: value for name, value in os.environ.items() if name not in UNUSUAL}
    return {**usual, "PYTHONPATH": str(ROOT), **more}
