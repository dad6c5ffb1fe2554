import ast
import doctest
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils.batt import expand as expand_module
from batt_utils.batt.expand import IMPORTS, expand
from batt_utils.batt.inline import Inliner, inline_variables
from batt_utils.batt.reader import parse_calls
from tables import call_tables, list_recorded_roots, write_entries


def expand_slowly(inlined):
    """The slow way to expand: the inlined text is parsed, and each call in it unparsed."""
    (function,) = ast.parse(inlined).body
    root = function.body[0].value
    names, lines = {}, []

    def write(node):
        if not isinstance(node, ast.Call):
            return ast.unparse(node)
        text = ast.unparse(node)
        if text not in names:
            called = write(node.func)
            arguments = ", ".join([write(argument) for argument in node.args])
            names[text] = "O" if node is root else f"x{len(names) + 1}"
            lines.append(f"    {names[text]} = {called}({arguments})\n")
        return names[text]

    write(root)
    return f"{IMPORTS}def {function.name}(S, I, C):\n{''.join(lines)}    return O\n"


@pytest.mark.parametrize(
    ("table", "root", "lines"),
    [
        pytest.param({1: "f, I"}, 1, ["O = f(I)"], id="one"),
        pytest.param({1: "f"}, 1, ["O = f()"], id="no argument"),
        pytest.param({1: "f, I", 5: "g, t1, t1"}, 5, ["x1 = f(I)", "O = g(x1, x1)"], id="twice"),
        pytest.param(
            {1: "f, I", 2: "f, I", 3: "t1, C", 4: "t2, C", 5: "g, t3, t4"},
            5,
            ["x1 = f(I)", "x2 = x1(C)", "O = g(x2, x2)"],
            id="equal ones",
        ),
        pytest.param(
            {1: "f, I", 2: "f, C", 3: "f, S", 4: "t2, t3, t1"},
            4,
            ["x1 = f(C)", "x2 = f(S)", "x3 = f(I)", "O = x1(x2, x3)"],
            id="the order of the items, not of the numbers",
        ),
        pytest.param(
            {1: "a, I", 2: "b, t1", 3: "c, I", 4: "d, t3, t2", 5: "e, t4, t1"},
            5,
            ["x1 = c(I)", "x2 = a(I)", "x3 = b(x2)", "x4 = d(x1, x3)", "O = e(x4, x2)"],
            id="needed first where it is deepest",
        ),
        pytest.param(
            {1: "a, I", 2: "b, t1", 3: "c, t1, t2"},
            3,
            ["x1 = a(I)", "x2 = b(x1)", "O = c(x1, x2)"],
            id="needed by a later argument too",
        ),
        pytest.param({1: "f, I", 2: "g, C", 3: "h, t1"}, 3, ["x1 = f(I)", "O = h(x1)"], id="what is needed"),
        pytest.param(
            {1: "f, 1", 2: "f, -1", 3: "t2, t1, 1"},
            3,
            ["x1 = f(-1)", "x2 = f(1)", "O = x1(x2, 1)"],
            id="integers",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["solve", "differ"])
def test_each_distinct_call_has_a_line(kind, table, root, lines):
    text = "".join(f"    {line}\n" for line in lines)
    expected = f"from dsl import *\nfrom constants import *\n\ndef {kind}(S, I, C):\n{text}    return O\n"
    calls = parse_calls(table)
    assert expand(calls, kind, root) == expected == expand_slowly(Inliner(calls, [root]).source(kind, root))


@given(call_tables(), st.sampled_from(["solve", "differ"]))
@settings(max_examples=500)
def test_an_invented_program_is_expanded_as_the_slow_way_does(table, kind):
    calls = parse_calls(write_entries(table))
    inliner = Inliner(calls, table)
    for root in table:
        inlined = inliner.source(kind, root)
        expanded = expand(calls, kind, root)
        assert expanded == expand_slowly(inlined)
        assert inline_variables(expanded.removeprefix(IMPORTS)) == inlined


@given(call_tables(functions=("f",), atoms=("I",)))
def test_programs_with_many_equal_calls_are_expanded_as_the_slow_way_does(table):
    calls = parse_calls(write_entries(table))
    inliner = Inliner(calls, table)
    for root in table:
        assert expand(calls, "solve", root) == expand_slowly(inliner.source("solve", root))


@pytest.mark.parametrize(("t_call", "root"), list_recorded_roots())
def test_a_recorded_program_is_expanded_as_recorded(t_call, root):
    expanded = expand(parse_calls(t_call), root["kind"], root["t"])
    assert len(expanded) == root["expanded_length"]
    assert hashlib.sha256(expanded.encode()).hexdigest() == root["expanded_sha256"]
    if "expanded" in root:
        assert expanded == root["expanded"]


@pytest.mark.parametrize(
    ("step", "line"), [("f, t{}", "f({})"), ("t{}, I", "{}(I)")], ids=["arguments", "functions"]
)
def test_a_long_chain_is_expanded(step, line):
    calls = parse_calls({0: "f, I"} | {t: step.format(t - 1) for t in range(1, 5000)})
    lines = [f"x{t + 1} = {line.format(f'x{t}')}" for t in range(1, 4999)]
    lines = ["x1 = f(I)", *lines, f"O = {line.format('x4999')}", "return O", ""]
    assert expand(calls, "solve", 4999) == f"{IMPORTS}def solve(S, I, C):\n    " + "\n    ".join(
        lines
    ).rstrip(" ")


def test_a_doubling_program_has_a_line_for_each_call():
    calls = parse_calls({0: "f, I"} | {t: f"f, t{t - 1}, t{t - 1}" for t in range(1, 3000)})
    assert expand(calls, "solve", 2999).count("\n") == 3000 + 5


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(expand_module)
    assert (result.failed, result.attempted) == (0, 2)
