"""A batt as data: a table of calls, and the candidates and differ values it lists.

Knows no DSL and no file layout; `reader` makes it of a batt's source.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from batt_utils.batt.prelude import Import

INPUTS = ("S", "I", "C")
DEFAULT = "_get_safe_default"  # gives what a guarded call that fails takes
DIGITS = "0|[1-9][0-9]{0,4299}"  # Python reads no longer numbers
VARIABLE = re.compile(f"t(?:{DIGITS})").fullmatch
INTEGER = re.compile(f"-?(?:{DIGITS})").fullmatch


class Call(NamedTuple):
    """One call.

    Attributes:
        items: the name of its function, then its arguments; each may be an earlier call's variable, `tK`.
        needs: the K's of these variables.
    """

    items: tuple[str, ...]
    needs: tuple[int, ...]

    @property
    def function(self) -> str:
        """What is called."""
        return self.items[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What it is given."""
        return self.items[1:]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})"


Calls = dict[int, Call]
Guard = tuple[type[Exception], ...]


def make_call(*items: str) -> Call:
    """Make a call from the names that it is written with, its function first."""
    return Call(items, tuple([int(item[1:]) for item in items if item[:1] == "t" and VARIABLE(item)]))


class Candidate(NamedTuple):
    """The output of solver `solver_id`: the value of call `t`."""

    t: int
    evolved: bool
    solver_id: str


class DifferItem(NamedTuple):
    """A differ's value, that of call `t`, on the output of `owner` (`'None'`: on the input)."""

    t: int
    owner: str
    name: str


class Program(NamedTuple):
    """What a batt module of a known form says.

    Attributes:
        calls: the calls, in the order of the source; each refers to earlier ones only.
        guarded: the exceptions for which a call takes its function's default.
        candidates: what is appended to `o`, in order.
        differs: what is appended to `s`, in order.
        imports: those of the prelude, the one that counts first.
        gpu_import: the line that imports a GPU library, or empty.
    """

    calls: Calls
    guarded: dict[int, Guard]
    candidates: tuple[Candidate, ...]
    differs: tuple[DifferItem, ...]
    imports: tuple[Import, ...]
    gpu_import: str


def find_needed(calls: Calls, roots: Iterable[int]) -> list[int]:
    """Find all calls that `roots` need, directly or not, themselves included, in rising order."""
    found: set[int] = set()
    rest = list(roots)
    while rest:
        t = rest.pop()
        if t not in found:
            found.add(t)
            rest += calls[t].needs
    return sorted(found)


def find_dependents(calls: Calls, names: Iterable[str]) -> set[int]:
    """Find all calls that use one of the names, themselves or by the calls that they need."""
    found: set[int] = set()
    wanted = frozenset(names)
    for t, call in calls.items():
        if not (found.isdisjoint(call.needs) and wanted.isdisjoint(call.items)):
            found.add(t)
    return found


def find_equals(
    calls: Calls, ts: Iterable[int], guarded: Mapping[int, Guard] | None = None
) -> dict[str, int]:
    """Find the first of equal calls for each variable, `{'tK': N}`, of the calls `ts`, earlier ones first.

    Calls are equal if they have the same items and guards once equal calls are one.
    """
    guarded = guarded or {}
    first: dict[str, int] = {}
    seen: dict[tuple[object, ...], int] = {}
    for t in ts:
        key = (guarded.get(t), *[first.get(item, item) for item in calls[t].items])
        first[f"t{t}"] = seen.setdefault(key, t)
    return first


def write_body(calls: Calls, t: int) -> str:
    """Write call `t` as straight lines: `    tN = func(a, b)` for each call it needs, then a return."""
    lines = [f"    t{number} = {calls[number]}\n" for number in find_needed(calls, [t])]
    return "".join([*lines, f"    return t{t}\n"])
