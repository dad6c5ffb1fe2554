"""The command's options, and what `main` takes of them."""

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from batt_utils.evaluate.device import DEVICES
from batt_utils.rules import NEWEST, RULES, SEED
from batt_utils.shell import Parser
from batt_utils.tasks import STAGES, TEST


class Options(NamedTuple):
    """The options of the command that `main` takes, by their names."""

    batt_import: str | None = None
    data: str | None = None
    stage: str | None = None
    out: str = "."
    workers: int | None = None
    memory_limit: int | None = None
    device: str = "auto"
    tune: bool = True
    cluster: str | None = None
    results: str | None = None
    resume: bool = False
    rules: str | None = None
    submission: str | None = None

    @property
    def folder(self) -> str:
        """Where a DSL is looked for first: the current folder if it has one, else that of the results."""
        return "." if Path("dsl.py").exists() else self.out


DEFAULTS = Options()


def parse(arguments: Sequence[str] | None, description: str, version: str) -> argparse.Namespace:
    """Read the command line; where it is wrong, print one line and end with status 2.

    Args:
        arguments: the command line after the program's name; None: that of this process.
        description: what the help says first.
        version: what `--version` prints.

    Raises:
        SystemExit: it is wrong, or asks for the help or the version.
    """
    parser = Parser(prog="run_batt.py", description=description)
    add = parser.add_argument
    add("-i", "--task_ids", nargs="*", metavar="ID", help="tasks; none named: every one of the list; "
        "without this option: one of the list at random, small ones more often, or for a count below 0 every "
        "one")  # fmt: skip
    add("-s", "--start", type=int, default=0, help="the list is all[START:START+COUNT]")
    add("-c", "--count", type=int, default=0,
        help="0: to the end; below 0: so many at random, or to the end for another start than 0")  # fmt: skip
    add("-t", "--timeout", type=_seconds, metavar="SECONDS",
        help="for one batt call, and for one solver, on one sample "
        f"(default {SEED.timeout:g}; by the newest rules {NEWEST.timeout:g})")  # fmt: skip
    add("-b", "--batt_import", metavar="MODULE",
        help="the batt: MODULE.py and MODULE_call.py "
        f"(default {SEED.batt}; by the newest rules {NEWEST.batt})")  # fmt: skip
    add("--timing", action="store_true", help="print where the time went")
    add("--cprofile", action="store_true", help="print cProfile tables")
    add("--cprofile-top", type=_natural, default=30, metavar="N", help="lines of each (default 30)")
    add("--data", metavar="train|eval|both|PATH",
        help="the tasks: a stage, or a folder of ARC Prize files or of ID.json files")  # fmt: skip
    add("--stage", choices=(*STAGES, "both", TEST),
        help="which tasks of ARC Prize files (default training); test: those without solutions")  # fmt: skip
    add("--out", default=".", metavar="DIR", help="where the result folders are (default: here)")
    add("--workers", type=_natural, metavar="N", help="processes (default: one for each core)")
    add("--memory-limit", type=_natural, metavar="MIB",
        help="for programs, in each process without CUDA (default: its share of what is there)")  # fmt: skip
    add("--device", choices=DEVICES, default="auto",
        help="auto: a GPU if there is one; gpu: insist on it; cpu: hide it (default auto)")  # fmt: skip
    add("--rules", choices=RULES,
        help="what counts, and where differs are linked (default: the batt's table tells)")  # fmt: skip
    add("--cluster", metavar="ADDRESS",
        help="a Dask cluster that runs the tasks: tcp://HOST:PORT, tls://... or a file of its")  # fmt: skip
    add("--results", metavar="FILE", help="add a line of JSON for each task that is saved")
    add("--resume", action="store_true", help="pass over the tasks that are in the file of --results")
    add("--submission", metavar="FILE", help="write two attempts at each test output there")
    add("--no-tune", dest="tune", action="store_false", help="leave the DSL as it is loaded")
    add("--seed", type=int, metavar="N", help="for what is drawn at random")
    add("--json", metavar="FILE", help="write the counts and timings there")
    add("--mega-batch", action="store_true", help="of no effect: scripts give it")
    add("--batch-size", type=int, metavar="N", help="of no effect: scripts give it")
    add("--version", action="version", version=f"run_batt {version}")
    given = parser.parse_args(arguments)
    files = [file for file in (given.results, given.submission, given.json) if file]
    with suppress(ValueError):  # a name that no file can have is told when it is opened
        files = [*map(os.path.realpath, files)]
    if len({*files}) < len(files):
        parser.error("--results, --submission and --json go to files of their own: name others")
    if given.resume and given.results is None:
        parser.error("--resume goes on from the file of --results: name that, too")
    return given


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return seconds


def _natural(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number
