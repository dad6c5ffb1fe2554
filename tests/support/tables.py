"""Invented call tables, `{N: [function, argument, ...]}`, and what becomes of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from batt_utils.batt.program import Calls, make_call
from golden import read_golden

Table = dict[int, list[str]]

# Names like those of variables, and of what `expand` writes, are among the invented ones.
FUNCTIONS = ("first", "vconcat", "t", "tx", "t1a", "T1", "_t2")
ATOMS = ("S", "I", "C", "ZERO", "first", "t", "True", "None", "0", "7", "-1", "-20", "10000000000")


@st.composite
def call_tables(
    draw: Callable[[Any], Any], functions: Sequence[str] = FUNCTIONS, atoms: Sequence[str] = ATOMS
) -> Table:
    """Draw an invented table; in it a call uses earlier ones as functions and as arguments."""
    table: Table = {}
    for number in sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=9))):
        earlier = [f"t{n}" for n in table]
        function = draw(st.sampled_from([*functions, *earlier]))
        arguments = draw(st.lists(st.sampled_from([*atoms, *earlier, *earlier]), max_size=3))
        table[number] = [function, *arguments]
    return table


def make_calls(table: Mapping[int, Iterable[str]]) -> Calls:
    """Make the calls of a table."""
    return {t: make_call(*items) for t, items in table.items()}


def write_entries(table: Mapping[int, Iterable[str]]) -> dict[int, str]:
    """Write a table in its flat form, `{N: 'func, arg, ...'}`."""
    return {number: ", ".join(items) for number, items in table.items()}


def write_nested(table: Mapping[int, Iterable[str]], root: int) -> str:
    """Write the call `root` with each variable replaced by its call."""
    function, *arguments = (
        write_nested(table, int(item[1:])) if item[0] == "t" and item[1:].isdigit() else item
        for item in table[root]
    )
    return f"{function}({', '.join(arguments)})"


class Text(str):
    """A text that can be called like a function; this gives the text of the call."""

    def __call__(self, *arguments: object) -> "Text":
        """Write a call of it."""
        return Text(f"{self}({', '.join(map(str, arguments))})")


class Anything(dict[str, Any]):
    """A namespace in which every name that is not there stands for its own text."""

    def __missing__(self, name: str) -> Text:
        """Give the name as a text."""
        return Text(name)


def list_recorded_roots() -> list[Any]:
    """List the recorded roots of each invented table, as pytest parameters (t_call, root)."""
    return [
        pytest.param({int(t): entry for t, entry in table["t_call"].items()}, root, id=f"{i}-t{root['t']}")
        for i, table in enumerate(read_golden("inline_expand"))
        for root in table["roots"]
    ]
