"""The store's command: `python -m batt_utils.store merge DIR... --out DIR`."""

import argparse
import sys
from collections.abc import Sequence

from batt_utils.console import note
from batt_utils.shell import Parser, run_tool
from batt_utils.store.merge import merge

COMMAND = "store"  # what its lines on stderr begin with


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 for what the user can put right."""
    return run_tool(COMMAND, lambda: _merge(_parse(arguments)))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="python -m batt_utils.store", description="What is done with result folders.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="merge")
    text = "put the result folders of several runs or machines together"
    command = commands.add_parser("merge", help=text, description=text)
    command.add_argument("dirs", nargs="+", metavar="DIR", help="holds solver_dir, solver_md5 and so on; of "
        "equals, what comes later stays")  # fmt: skip
    command.add_argument("--out", required=True, metavar="DIR", help="where they go; what is there competes")
    return parser.parse_args(arguments)


def _merge(given: argparse.Namespace) -> str:
    """Merge the folders; say what is passed over, and give the line that sums it up."""
    merged = merge(given.dirs, given.out)
    for source, links in merged.passed_over.items():
        if links:
            note(
                f"{COMMAND}: {source}: {len(links)} links passed over, their texts are missing or empty; "
                f"one is {links[0].md5}.py"
            )
    return (
        f"{given.out}: {merged.tasks} tasks; of {merged.links} links {merged.solvers} to solvers and "
        f"{merged.differs} to differs stayed"
    )


if __name__ == "__main__":
    sys.exit(main())
