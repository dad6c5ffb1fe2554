"""Invented programs, shared by the tests of what reads, inlines and expands them."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

settings.register_profile("quick", deadline=None, max_examples=200)
settings.load_profile("quick")

GOLDEN = Path(__file__).parent / "golden"
# Names like those of variables, and of what `expand` writes, are among the invented ones.
FUNCTIONS = ("first", "vconcat", "t", "tx", "t1a", "T1", "_t2")
ATOMS = ("S", "I", "C", "ZERO", "first", "t", "True", "None", "0", "7", "-1", "-20", "10000000000")


@st.composite
def call_tables(draw, functions=FUNCTIONS, atoms=ATOMS):
    """An invented table {N: [function, argument, ...]}: in it a call uses earlier ones as either."""
    table = {}
    for number in sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=9))):
        earlier = [f"t{n}" for n in table]
        function = draw(st.sampled_from([*functions, *earlier]))
        arguments = draw(st.lists(st.sampled_from([*atoms, *earlier, *earlier]), max_size=3))
        table[number] = [function, *arguments]
    return table


def write_entries(table):
    """The call table in its flat form."""
    return {number: ", ".join(items) for number, items in table.items()}


def write_nested(table, root):
    """The call `root` with each variable replaced by its call."""
    function, *arguments = (
        write_nested(table, int(item[1:])) if item[0] == "t" and item[1:].isdigit() else item
        for item in table[root]
    )
    return f"{function}({', '.join(arguments)})"


class Text(str):
    """A text that can be called like a function; this gives the text of the call."""

    def __call__(self, *arguments):
        return Text(f"{self}({', '.join(map(str, arguments))})")


def recorded_roots():
    """Each recorded root of an invented table, as pytest parameters (t_call, root)."""
    tables = json.loads((GOLDEN / "inline_expand.json").read_text())
    return [
        pytest.param({int(t): entry for t, entry in table["t_call"].items()}, root, id=f"{i}-t{root['t']}")
        for i, table in enumerate(tables)
        for root in table["roots"]
    ]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder, which modules are imported from and forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
