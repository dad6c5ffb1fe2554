"""The demo batt, which shows run_batt at work where nobody has written a batt yet."""

from pathlib import Path

from batt_utils.batt.reader import find_module
from batt_utils.console import note
from batt_utils.store.files import check_file

DEMO_BATTS = ("batt", "tmp_batt_onerun_run")


def write_demo(name: str) -> None:
    """Write the demo batt to the current folder if its name is asked for and no such module is anywhere.

    Raises:
        OSError: it cannot be written.
    """
    name = name.removesuffix(".py")
    if name not in DEMO_BATTS or find_module(name):
        return
    from batt_utils.card import demo

    check_file(f"{name}.py", "change to a folder that can be written to, or name a batt with -b")
    path = demo(Path(), name)
    note(f"{path}: written, a demo batt with 32 solvers")
