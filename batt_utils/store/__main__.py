"""The store's command: `python -m batt_utils.store merge DIR... --out DIR`."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from batt_utils.console import UserError, complain, explain
from batt_utils.store.merge import Merged, merge

COMMAND = "store"  # what its lines on stderr begin with


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sys.exit(complain(f"{message}; --help lists the options", COMMAND))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 for what the user can put right."""
    parser = _Parser(prog="python -m batt_utils.store", description="What is done with result folders.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="merge")
    text = "put the result folders of several runs or machines together"
    command = commands.add_parser("merge", help=text, description=text)
    command.add_argument("dirs", nargs="+", metavar="DIR", help="holds solver_dir, solver_md5 and so on; of "
        "equals, what comes later stays")  # fmt: skip
    command.add_argument("--out", required=True, metavar="DIR", help="where they go; what is there competes")
    given = parser.parse_args(arguments)
    try:
        merged = merge(given.dirs, given.out)
        _print_summary(merged, given.out)
    except KeyboardInterrupt:
        return 128 + 2
    except UserError as error:
        return complain(str(error), COMMAND)
    except OSError as error:
        return complain(explain(error), COMMAND)
    return 0


def _print_summary(merged: Merged, out: str) -> None:
    for source, links in merged.passed_over.items():
        if links:
            print(
                f"{COMMAND}: {source}: {len(links)} links passed over, their texts are missing or empty; "
                f"one is {links[0].md5}.py",
                file=sys.stderr,
            )
    print(
        f"{out}: {merged.tasks} tasks; of {merged.links} links {merged.solvers} to solvers and "
        f"{merged.differs} to differs stayed"
    )


if __name__ == "__main__":
    sys.exit(main())
