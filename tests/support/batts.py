"""Batts for tests, written line by line."""

from collections.abc import Mapping
from pathlib import Path

HEAD = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n"
END = "    return o, s\n"
THREE = (TypeError, AttributeError, ValueError)
FIVE = (*THREE, IndexError, KeyError)
GUARDS: dict[str, tuple[type[Exception], ...]] = {"=": (), "?": THREE, "??": FIVE}


def write_source(*lines: str) -> str:
    """Write a batt; `tN ? CALL` stands for a call guarded against three errors, `??` against five."""
    return "".join([HEAD, *map(_write_line, lines), END])


def _write_line(line: str) -> str:
    t, mark, call = [*line.split(" ", 2), "", ""][:3]
    return write_guarded(t, call, GUARDS[mark]) if GUARDS.get(mark) else f"    {line}\n"


def write_guarded(variable: str, call: str, errors: tuple[type[Exception], ...]) -> str:
    """Write a call that takes its function's default for some errors."""
    names = ", ".join(error.__name__ for error in errors)
    return (
        f"    try:\n        {variable} = {call}\n    except ({names}):\n"
        f"        {variable} = _get_safe_default({call.partition('(')[0]})\n"
    )


def output(t: int, solver_id: str, evolved: bool = False) -> str:
    """Write the line of a candidate."""
    return f"o.append(({t}, {evolved}, '{solver_id}', t{t}))"


def measure(t: int, owner: str, name: str = "differ_x") -> str:
    """Write the line of a differ's value."""
    return f"s.append(({t}, '{owner}', '{name}', t{t}))"


def write_module(folder: Path, name: str, source: str, table: Mapping[int, str]) -> None:
    """Write a batt module: its two files."""
    (folder / f"{name}.py").write_text(source)
    (folder / f"{name}_call.py").write_text(f"t_call = {dict(table)}\n")
