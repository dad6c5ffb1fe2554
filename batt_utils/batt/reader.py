"""Batts: where `MODULE.py` and `MODULE_call.py` are, and what they hold."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from batt_utils.batt.program import Calls, OtherShape, Program, check_agreement, read_calls, read_program
from batt_utils.console import UserError, note
from batt_utils.store.files import check_file

DEMO_BATTS = ("batt", "tmp_batt_onerun_run")


class Source(NamedTuple):
    """A batt, and how it was read.

    Attributes:
        batt: what it says, the name of its module if it is to be called, or the function itself.
        calls: its call table.
        reason: why it is to be called; empty if it is not.
    """

    batt: Program | str | Callable[..., Any]
    calls: Calls
    reason: str = ""

    @property
    def form(self) -> str:
        """How it was read, in words."""
        if isinstance(self.batt, Program):
            return f"table of {len(self.batt.calls)} calls"
        return f"called as a function: {self.reason}"


def load_batt(name: str, calls: Calls | None = None, device: str = "auto") -> Source:
    """Read the batt module `name` and its call table, from the current folder or the import path.

    Neither is executed. The demo batt is written to the current folder if it is asked for and is
    nowhere. With `calls` these are the call table, and no other is looked for. The name may end in `.py`.
    For the device `gpu`, a batt that imports a GPU library is a function to be called.

    Raises:
        UserError: there is no such module, it holds no batt, or its call table does not fit it.
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
        raise UserError(f"no batt module {name}: write {name}.py here, or name another one with -b")
    source = _read(path)
    if "batt" not in source:
        raise UserError(f"{path}: it has no function batt: name another module with -b")
    call_path = path.with_name(f"{path.stem}_call.py")
    if calls is not None:
        call_path = Path("t_call")
    elif call_path.is_file():
        calls = read_calls(_read(call_path), str(call_path))
    else:
        raise UserError(f"{call_path}: the batt's call table is missing: write the batt anew")
    try:
        program = read_program(source)
    except OtherShape as reason:
        return Source(name, calls, str(reason))
    check_agreement(program, calls, str(call_path))
    if device == "gpu" and program.gpu_import:
        return Source(name, calls, f"{program.gpu_import} (--device gpu)")
    return Source(program, calls)


def find_module(name: str) -> Path | None:
    """Find the file of a module: in the current folder, else on the import path."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise UserError(f"{name!r} is no module name: give -b that of a batt here or on the import path")
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
        raise UserError(f"{path}: not UTF-8 text: write the batt anew") from None
