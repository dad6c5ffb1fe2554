"""Batt modules: where `MODULE.py` and `MODULE_call.py` are, and what they hold."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

from batt_utils.console import note
from batt_utils.files import check_file
from batt_utils.program import Calls, OtherShape, Program, check_agreement, read_calls, read_program

DEMO_BATTS = ("batt", "tmp_batt_onerun_run")


class BattModule(NamedTuple):
    """A batt module: its program, or the reason why it is a function to be called, and its call table."""

    name: str
    program: Program | None
    reason: str
    calls: Calls


def load_batt(name: str, calls: Calls | None = None, device: str = "auto") -> BattModule:
    """Reads the batt module `name` and its call table, from the current folder or the import path.

    Neither is executed. The demo batt is written to the current folder if it is asked for and is
    nowhere. With `calls` these are the call table, and no other is looked for. The name may end in `.py`.
    For the device `gpu`, a batt that imports a GPU library is a function to be called.

    Raises:
        ValueError: there is no such module, it holds no batt, or its call table does not fit it.
        OSError: a file cannot be read, or the demo batt not be written.
    """
    name = name.removesuffix(".py")
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
    if calls is not None:
        call_path = Path("t_call")
    elif call_path.is_file():
        calls = read_calls(_read(call_path), str(call_path))
    else:
        raise ValueError(f"{call_path}: the batt's call table is missing: write the batt anew")
    try:
        program = read_program(source)
    except OtherShape as reason:
        return BattModule(name, None, str(reason), calls)
    check_agreement(program, calls, str(call_path))
    if device == "gpu" and program.gpu_import:
        return BattModule(name, None, f"{program.gpu_import} (--device gpu)", calls)
    return BattModule(name, program, "", calls)


def find_module(name: str) -> Path | None:
    """The file of a module: in the current folder, else on the import path."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name!r} is no module name: give -b that of a batt here or on the import path")
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
