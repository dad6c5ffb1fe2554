"""Batt modules: where `MODULE.py` and `MODULE_call.py` are, and what they hold."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

from batt_utils.console import note
from batt_utils.files import check_file
from batt_utils.program import Calls, Program, check_agreement, read_calls, read_program

DEMO_BATTS = ("batt", "tmp_batt_onerun_run")


class BattModule(NamedTuple):
    """A batt module: its program, if it has the usual form, and its call table."""

    name: str
    program: Program | None
    calls: Calls


def load_batt(name: str) -> BattModule:
    """Reads the batt module `name` and its call table, from the current folder or the import path.

    Neither is executed. The demo batt is written to the current folder if it is asked for and is
    nowhere.

    Raises:
        ValueError: there is no such module, it holds no batt, or its call table does not fit it.
        OSError: a file cannot be read, or the demo batt not be written.
    """
    path = find_module(name)
    if path is None and name in DEMO_BATTS:
        from batt_utils.card import demo

        check_file(f"{name}.py", "change to a folder that can be written to, or name a batt with -b")
        path = demo(Path(), name)
        note(f"{path}: written, a demo batt with 32 solvers")
    if path is None:
        raise ValueError(f"no batt module {name}: write {name}.py here, or name another one with -b")
    source = _read(path)
    if "batt" not in source:
        raise ValueError(f"{path}: it has no function batt: name another module with -b")
    call_path = path.with_name(f"{path.stem}_call.py")
    if not call_path.is_file():
        raise ValueError(f"{call_path}: the batt's call table is missing: write the batt anew")
    calls = read_calls(_read(call_path), str(call_path))
    program = read_program(source)
    if program is not None:
        check_agreement(program, calls, str(call_path))
    return BattModule(name, program, calls)


def find_module(name: str) -> Path | None:
    """The file of a module: in the current folder, else on the import path."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name!r} is no module name: give -b the name of a batt without .py")
    here = Path(*name.split(".")).with_suffix(".py")
    if here.is_file():
        return here
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8 text: write the batt anew") from None
