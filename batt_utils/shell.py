"""What the commands have in common: how they refuse a wrong line, and how those end that print one line."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from batt_utils.console import complain, drop_lost_output, explain_stdout, open_streams, tell_end
from batt_utils.signals import raise_signals


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, and ends with status 2."""

    def error(self, message: str) -> NoReturn:
        """Say it, after the name of the command: what comes after `python -m batt_utils.`."""
        command = self.prog.rpartition("batt_utils.")[2].split()[0]
        sys.exit(complain(f"{message}; --help lists the options", command))


def run_tool(command: str, work: Callable[[], str]) -> int:
    """Do a command's work, and print the line that it gives; return the exit status.

    Raises:
        What the work raises, unless a user can put it right.
    """
    open_streams()
    try:
        with raise_signals():
            line = work()
            with explain_stdout():
                print(line, flush=True)
    except (KeyboardInterrupt, Exception) as error:
        status = tell_end(error, command)
        drop_lost_output()
        return status
    return 0
