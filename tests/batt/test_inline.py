import ast
import copy
import doctest
from hashlib import md5
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils.batt import inline
from batt_utils.batt.inline import Inliner, TooLong, inline_variables
from batt_utils.batt.program import write_body
from batt_utils.batt.reader import parse_calls
from tables import call_tables, list_recorded_roots, write_entries

KINDS = ("solve", "differ")


def write_source(calls, kind, t):
    return f"def {kind}(S, I, C):\n{write_body(calls, t)}"


class Replacer(ast.NodeTransformer):
    """The slow way to inline: a copy of each variable's tree wherever it is used."""

    def __init__(self):
        self.trees = {}

    def visit_Name(self, node):
        return copy.deepcopy(self.trees.get(node.id, node))


def inline_slowly(source):
    (function,) = ast.parse(source).body
    replacer = Replacer()
    for line in function.body[:-1]:
        replacer.trees[line.targets[0].id] = replacer.visit(line.value)
    function.body = [replacer.visit(function.body[-1])]
    return ast.unparse(function)


@pytest.mark.parametrize(
    ("table", "root", "expression"),
    [
        pytest.param({1: "f, I"}, 1, "f(I)", id="one"),
        pytest.param({1: "f"}, 1, "f()", id="no argument"),
        pytest.param({1: "f, I", 2: "g, t1, C, t1"}, 2, "g(f(I), C, f(I))", id="twice"),
        pytest.param({1: "f, I", 2: "t1, C"}, 2, "f(I)(C)", id="called"),
        pytest.param({1: "f, I", 2: "t1, t1", 3: "t2"}, 3, "f(I)(f(I))()", id="called again"),
        pytest.param({1: "f, I", 2: "g, C"}, 1, "f(I)", id="another one"),
        pytest.param({1: "f, -1, 0, 12"}, 1, "f(-1, 0, 12)", id="integers"),
        pytest.param({1: "f, I", 12: "t, t1, t1a"}, 12, "t(f(I), t1a)", id="names like variables"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_variable_is_replaced(kind, table, root, expression):
    calls = parse_calls(table)
    inliner = Inliner(calls, table)
    expected = f"def {kind}(S, I, C):\n    return {expression}"
    assert inliner.source(kind, root) == expected
    assert inliner.name(kind, root) == md5(expected.encode()).hexdigest()
    assert inline_variables(write_source(calls, kind, root)) == expected


@given(call_tables(), st.sampled_from(KINDS), st.sampled_from([0, 12, inline.SHARED_LIMIT]))
@settings(max_examples=500)
def test_an_invented_program_is_inlined_as_the_slow_way_does(table, kind, shared_limit):
    calls = parse_calls(write_entries(table))
    with mock.patch.object(inline, "SHARED_LIMIT", shared_limit):
        inliner = Inliner(calls, table)
    for root in table:
        source = write_source(calls, kind, root)
        expected = inline_slowly(source)
        assert inliner.source(kind, root) == inline_variables(source) == expected
        assert inliner.name(kind, root) == md5(expected.encode()).hexdigest()


@given(call_tables(), st.sampled_from(KINDS))
def test_any_source_has_the_same_limit(table, kind):
    calls = parse_calls(write_entries(table))
    for root in table:
        source = write_source(calls, kind, root)
        length = len(inline_variables(source).partition("return ")[2])
        with mock.patch.object(inline, "LIMIT", length):
            inline_variables(source)
        with mock.patch.object(inline, "LIMIT", length - 1), pytest.raises(TooLong) as caught:
            inline_variables(source)
        assert str(caught.value) == f"{kind} is too long: its inlined text has {length:,} characters"


def test_a_doubling_source_is_refused_before_its_text_is_built():
    import astor

    for lines in (22, 30, 1000):
        source = HEAD + "    x1 = f(I)\n"
        source += "".join(f"    x{n} = f(x{n - 1}, x{n - 1})\n" for n in range(2, lines + 1))
        length = 9 * 2 ** (lines - 1) - 5
        with mock.patch.object(astor, "to_source") as build, pytest.raises(TooLong) as caught:
            inline_variables(f"{source}    return x{lines}\n")
        assert str(caught.value) == f"solve is too long: its inlined text has {length:,} characters"
        assert not build.called


def test_a_length_is_told_that_has_more_digits_than_python_writes():
    lines = 15_000
    entries = {1: "f, I"} | {t: f"f, t{t - 1}, t{t - 1}" for t in range(2, lines + 1)}
    calls = parse_calls(entries)
    for inlined in (
        lambda: Inliner(calls, [lines]).source("solve", lines),
        lambda: inline_variables(write_source(calls, "solve", lines)),
    ):
        with pytest.raises(TooLong, match=r"its inlined text has [0-9,]+ characters$"):
            inlined()


@given(call_tables())
def test_a_text_is_too_long_from_its_first_character_above_the_limit(table):
    calls = parse_calls(write_entries(table))
    for root in table:
        inliner = Inliner(calls, [root])
        length = len(inliner.source("solve", root).partition("return ")[2])
        with mock.patch.object(inline, "LIMIT", length):
            inliner.source("solve", root)
        with mock.patch.object(inline, "LIMIT", length - 1), pytest.raises(TooLong) as caught:
            inliner.source("solve", root)
        assert str(caught.value) == f"t{root} is left out: its inlined text has {length:,} characters"


@pytest.mark.parametrize("method", [Inliner.source, Inliner.name], ids=["source", "name"])
def test_how_long_a_doubling_text_is_is_known_before_it_is_written(method):
    entries = {1: "f, I"} | {t: f"f, t{t - 1}, t{t - 1}" for t in range(2, 1001)}
    inliner = Inliner(parse_calls(entries), entries)
    # Each one's length is twice that of the one before, and 5 for `f(, )`.
    for t, length in [(22, 9 * 2**21 - 5), (30, 9 * 2**29 - 5), (1000, 9 * 2**999 - 5)]:
        with pytest.raises(TooLong, match=rf"^t{t} is left out: .* has {length:,} characters$"):
            method(inliner, "solve", t)
    assert len(inliner.source("solve", 20)) == len("def solve(S, I, C):\n    return ") + 9 * 2**19 - 5


def test_a_long_chain_is_inlined():
    entries = {0: "f, I"} | {t: f"f, t{t - 1}" for t in range(1, 5000)}
    inliner = Inliner(parse_calls(entries), entries)
    for t in (4999, 17):
        expression = "f(" * (t + 1) + "I" + ")" * (t + 1)
        assert inliner.source("solve", t) == f"def solve(S, I, C):\n    return {expression}"


def test_a_long_chain_of_calls_of_calls_is_inlined():
    entries = {0: "f, I"} | {t: f"t{t - 1}, C" for t in range(1, 5000)}
    inliner = Inliner(parse_calls(entries), [4999])
    assert inliner.source("differ", 4999) == "def differ(S, I, C):\n    return f(I)" + "(C)" * 4999


@pytest.mark.parametrize(("t_call", "root"), list_recorded_roots())
def test_a_recorded_program_is_inlined_as_recorded(t_call, root):
    calls = parse_calls(t_call)
    source = write_source(calls, root["kind"], root["t"])
    inliner = Inliner(calls, t_call)
    inlined = inliner.source(root["kind"], root["t"])
    assert len(inlined) == root["inlined_length"]
    assert inliner.name(root["kind"], root["t"]) == root["inlined_md5"]
    assert md5(inlined.encode()).hexdigest() == root["inlined_md5"]
    assert inline_variables(source) == inlined
    if "inlined" in root:
        assert inlined == root["inlined"]


# Any function source

HEAD = "def solve(S, I, C):\n"


@pytest.mark.parametrize(
    ("lines", "expression"),
    [
        pytest.param("return I", "I", id="no call"),
        pytest.param("x1 = f(I)\n    O = g(x1)\n    return O", "g(f(I))", id="variables of any name"),
        pytest.param("x = f(I)\n    x = g(x, x)\n    return x", "g(f(I), f(I))", id="the same one again"),
        pytest.param("I = f(I)\n    return g(I, I)", "g(f(I), f(I))", id="an input"),
        pytest.param("x = f(I)\n    return g(C)", "g(C)", id="not used"),
        pytest.param("x = f(g(I))\n    return f(g(x))", "f(g(f(g(I))))", id="nested already"),
        pytest.param("x = I\n    y = x\n    return f(y)", "f(I)", id="another name"),
        pytest.param("x = -1\n    return f( x,3 )", "f(-1, 3)", id="integers"),
        pytest.param("f = g(I)\n    return f(f)", "g(I)(g(I))", id="called"),
        pytest.param(
            "x = f(I)\n    return h(a=x, *x, **x)", "h(*f(I), a=f(I), **f(I))", id="other arguments"
        ),
        pytest.param("x = 'a'\n    return f(x, \"it's\")", "f('a', \"it's\")", id="texts"),
        pytest.param("x = (I,)\n    return f(x, (1, x[0]))", "f((I,), (1, (I,)[0]))", id="tuples"),
        pytest.param("# why\n    x = f(I)  # this\n\n    return x", "f(I)", id="comments"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\n\n"], ids=["no newline", "newline", "two newlines"])
def test_the_variables_of_any_source_are_inlined(lines, expression, end):
    source = f"{HEAD}    {lines}{end}"
    assert inline_variables(source) == f"{HEAD}    return {expression}" == inline_slowly(source)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        pytest.param("", "not one function: ''", id="nothing"),
        pytest.param("x = 1", "not a function that ends in its return: 'x = 1'", id="no function"),
        pytest.param("def f(:", "not one function: 'def f(:'", id="no Python"),
        pytest.param("\0", r"not one function: '\x00'", id="NUL"),
        pytest.param("import a\n" + HEAD + "    return I", "not one function: 'import a", id="more than one"),
        pytest.param(HEAD + "    pass", "not a function that ends in its return: 'def solve", id="no return"),
        pytest.param("async " + HEAD + "    return I", "not a function that ends in its", id="async"),
        pytest.param(HEAD + "    'doc'\n    return I", "line 2 of solve is no assignment", id="docstring"),
        pytest.param(
            HEAD + "    x = y = I\n    return x", "line 2 of solve is no assignment", id="two names"
        ),
        pytest.param(HEAD + "    x, y = I\n    return x", "line 2 of solve is no assignment", id="unpacking"),
        pytest.param(HEAD + "    x: int = I\n    return x", "line 2 of solve is no assignment", id="type"),
        pytest.param(
            HEAD + "    x = I\n    x += 1\n    return x", "line 3 of solve is no assignment", id="+="
        ),
        pytest.param(
            HEAD + "    if I:\n        x = I\n    return x", "line 2 of solve is no", id="condition"
        ),
        pytest.param(HEAD + "    return I\n    return C", "line 2 of solve is no", id="two returns"),
        pytest.param("f(" * 9999 + ")" * 9999, "not one function: 'f(f(", id="too deep to be read"),
    ],
)
def test_what_is_no_such_function_is_told(source, problem):
    with pytest.raises(ValueError) as caught:
        inline_variables(source)
    assert str(caught.value).startswith(problem)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 120


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(inline)
    assert (result.failed, result.attempted) == (0, 5)
