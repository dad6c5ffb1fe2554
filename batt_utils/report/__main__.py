"""The report's command: `python -m batt_utils.report`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from batt_utils.report.report import make_report
from batt_utils.shell import Parser, run_tool
from batt_utils.store.files import check_file, check_here, write_file

OTHER_OUTPUT = "choose another --output"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 for what the user can put right."""
    return run_tool("report", lambda: _write(_parse(arguments)))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m batt_utils.report",
        description="Writes one HTML file that shows what the result folders hold, with pictures.",
    )
    add = parser.add_argument
    add("-o", "--output", default="report.html", metavar="FILE", help="the page (default report.html)")
    add(
        "--data",
        metavar="train|eval|PATH",
        help="the tasks, as run_batt.py takes them; by default of every stage",
    )
    add("--out", default=".", metavar="DIR", help="where the result folders are (default: here)")
    add("--results", nargs="+", action="extend", default=[], metavar="FILE",
        help="results that runs have written, for tries and times")  # fmt: skip
    add("-i", "--task_ids", nargs="*", default=[], metavar="ID", help="only these tasks")
    return parser.parse_args(arguments)


def _write(given: argparse.Namespace) -> str:
    """Write the page; give the line that says so."""
    check_here()
    check_file(given.output, OTHER_OUTPUT)
    folder = Path(os.path.realpath(given.output)).parent
    report = make_report(given.out, given.data, given.task_ids, given.results, folder)
    write_file(given.output, report.page, OTHER_OUTPUT)
    return f"{given.output}: {report.tasks} tasks, {len(report.page.encode()) / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
