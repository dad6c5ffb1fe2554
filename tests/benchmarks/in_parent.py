"""The command without worker processes: all is evaluated in the parent (for price.py)."""

import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import run_batt
from batt_utils import workers


class Parent:
    """Stands in for `Workers`: jobs run here, one after the other, when their result is asked for."""

    count = 1

    def __init__(self, count, prepare, arguments, memory_limit=None):
        if arguments[-1] != "cpu":
            stdout, stderr = sys.stdout, sys.stderr
            prepare(*arguments)
            sys.stdout, sys.stderr = stdout, stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, function, jobs, timeout):
        """Gives what the function returns for each job."""
        return (function(*job) for job in jobs)


with patch.object(workers, "Workers", Parent):
    sys.exit(run_batt.cli())
