import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.batt.program import Call
from batt_utils.batt.reader import HintValue, parse_calls, read_calls
from tables import call_tables, make_calls


@pytest.mark.parametrize(
    ("entry", "call"),
    [
        pytest.param("f, t1, ZERO", "f(t1, ZERO)", id="flat"),
        pytest.param("apply(first, S)", "apply(first, S)", id="a call"),
        pytest.param("f,t1 ,  -3", "f(t1, -3)", id="other spaces"),
        pytest.param(" f ( I,C ) ", "f(I, C)", id="a call with other spaces"),
        pytest.param("f.t, t1.t, x.t", "f(t1, x)", id="trailing .t"),
        pytest.param("t1.t(t1.t, I)", "t1(t1, I)", id="a call with a trailing .t"),
        pytest.param("f", "f()", id="no argument"),
        pytest.param("f()", "f()", id="a call without an argument"),
        pytest.param("t1", "t1()", id="a call of an earlier one"),
        pytest.param("f, 0, True, None", "f(0, True, None)", id="plain values"),
        pytest.param("ﬁrst, I", "first(I)", id="a ligature, as Python reads it"),
    ],
)
@pytest.mark.parametrize("quote", "'\"", ids=["single quotes", "double quotes"])
def test_an_entry_is_read_in_each_of_its_forms(entry, call, quote):
    calls = read_calls(f"t_call = {{1: 'f, I', 2: {quote}{entry}{quote}}}\n", "call.py")
    assert calls == parse_calls({1: "f, I", 2: entry})
    assert (str(calls[1]), str(calls[2])) == ("f(I)", call)
    assert calls[2].needs == (1,) * call.count("t1")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("t_call = {1: 'f, I', 3: 'g, t1'}", id="one line"),
        pytest.param("t_call={1:'f, I',3:'g, t1',}", id="no spaces, last comma"),
        pytest.param("# made\n\nt_call = {\n    1: 'f, I',\n    3: 'g, t1',\n}\n", id="many lines"),
        pytest.param("t_call = {\n    1: 'f, I',  # why\n    3: 'g, t1'}", id="comment inside"),
        pytest.param("t_call = {3: 'g, t1', 1: 'f, I'}", id="any order"),
        pytest.param("t_call = {1: 'x', 3: 'g, t1', 1: 'f, I'}", id="a number twice: the last counts"),
        pytest.param('import os\nx = 1\nt_call = {1: "f, " "I", 3: "g, t1"}\nprint(t_call)', id="more code"),
        pytest.param("t_call = {1: 'f\\x2c I', 3: 'g, t1'}", id="escape"),
    ],
)
def test_a_table_is_read_in_each_of_its_forms(source):
    expected = {1: Call(("f", "I"), ()), 3: Call(("g", "t1"), (1,))}
    calls = read_calls(source, "call.py")
    assert calls == expected
    assert list(calls) == [1, 3]


NO_LITERAL = "no literal `t_call = {N: 'func, arg, ...', ...}`"


def test_an_empty_table_is_read():
    assert read_calls("t_call = {}", "call.py") == {}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("", id="nothing"),
        pytest.param("t_call = {1: 'f, I'", id="no end"),
        pytest.param("t_call = {1: 'f, I'}}", id="two ends"),
        pytest.param("t_call = {1: 'f, I' 2: 'g, I'}", id="no comma"),
        pytest.param("t_call = {1: 'f, I', 02: 'g, I'}", id="a zero before a number"),
        pytest.param("t_call = dict()", id="no literal"),
        pytest.param("t_call = {1: f}", id="a name in it"),
        pytest.param("t_call = ['f, I']", id="a list"),
        pytest.param("t_calls = {1: 'f, I'}", id="another name"),
        pytest.param("def f():\n    t_call = {1: 'f, I'}\n", id="inside a function"),
        pytest.param("t_call = {[]: 'f, I'}", id="no key"),
        pytest.param("t_call = " + "(" * 5000 + ")" * 5000, id="too deep"),
        pytest.param("t_call = {1: 'f, I'}\0", id="NUL"),
    ],
)
def test_a_text_without_a_literal_table_is_told(source):
    with pytest.raises(ValueError) as caught:
        read_calls(source, "x_call.py")
    assert str(caught.value) == f"x_call.py: {NO_LITERAL}: write the batt anew"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        pytest.param({1: "f, , I"}, "t1: 'f, , I' is not 'func, arg, ...'", id="no argument"),
        pytest.param({1: ""}, "t1: '' is not 'func, arg, ...'", id="empty"),
        pytest.param({1: "f(I"}, "t1: 'f(I' is not 'func, arg, ...'", id="no end"),
        pytest.param({1: "f(I,)"}, "t1: 'f(I,)' is not 'func, arg, ...'", id="comma at the end"),
        pytest.param({1: "f(g(I))"}, "t1: 'f(g(I))' is not 'func, arg, ...'", id="nested"),
        pytest.param({1: "f(I)(C)"}, "t1: 'f(I)(C)' is not 'func, arg, ...'", id="call of a call"),
        pytest.param({1: "3, I"}, "t1: '3, I' is not 'func, arg, ...'", id="a number is called"),
        pytest.param({1: "f, 1.5"}, "t1: 'f, 1.5' is not 'func, arg, ...'", id="float"),
        pytest.param({1: "f, 007"}, "t1: 'f, 007' is not 'func, arg, ...'", id="zeros before a number"),
        pytest.param({1: "f, x y"}, "t1: 'f, x y' is not 'func, arg, ...'", id="two words"),
        pytest.param({1: "lambda, I"}, "t1: 'lambda, I' is not 'func, arg, ...'", id="keyword"),
        pytest.param(
            {1: "f, I\nimport os"}, r"t1: 'f, I\nimport os' is not 'func, arg, ...'", id="two lines"
        ),
        pytest.param({1: 5}, "t1: 5 is not 'func, arg, ...'", id="no text"),
        pytest.param({1: ["f", "I"]}, "t1: ['f', 'I'] is not 'func, arg, ...'", id="a list"),
        pytest.param({1: "f" + "+" * 80}, f"t1: 'f{'+' * 55}... is not 'func, arg, ...'", id="long"),
        pytest.param({"x": "f, I"}, "a key of t_call is not a number", id="no number"),
        pytest.param({None: "f, I"}, "a key of t_call is not a number", id="None"),
        pytest.param({1: "f, t2", 2: "f, I"}, "t1 needs t2, which is not an earlier call", id="forward"),
        pytest.param({1: "f, t1"}, "t1 needs t1, which is not an earlier call", id="itself"),
        pytest.param({1: "f, I", 3: "t2, I"}, "t3 needs t2, which is missing", id="missing"),
    ],
)
def test_a_bad_entry_is_told(table, problem):
    for read in (
        lambda: parse_calls(table, "x_call.py"),
        lambda: read_calls(f"t_call = {table}", "x_call.py"),
    ):
        with pytest.raises(ValueError) as caught:
            read()
        assert str(caught.value) == f"x_call.py: {problem}: write the batt anew"


RECORDS = "from collections import namedtuple\nHintValue = namedtuple('HintValue', ['hint', 'value'])\n"


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("HintValue(hint=None, value=('g', 't1', '-3'))", id="usual"),
        pytest.param("HintValue(hint='Grid', value=('g', 't1', '-3'))", id="text"),
        pytest.param("HintValue(hint=('Grid', ('Any', ())), value=('g', 't1', '-3'))", id="tuples"),
        pytest.param("HintValue('Grid', ('g', 't1', '-3'))", id="by place"),
        pytest.param("HintValue(None, value=('g', 't1', '-3'))", id="one by place"),
        pytest.param("HintValue(value=('g', 't1', '-3'), hint='Grid')", id="another order"),
        pytest.param(
            "HintValue(\n  hint='Grid',\n  value=(\n    'g',\n    't1',\n    '-3',\n  ),\n)", id="lines"
        ),
        pytest.param("HintValue(hint = 7 , value = ( 'g' , 't1' , '-3' , ) , )", id="spaces"),
        pytest.param("HintValue(hint=None, value=['g', 't1', '-3'])", id="a list"),
        pytest.param('HintValue(hint="x", value=("g", "t1", "-3"))', id="double quotes"),
        pytest.param("HintValue(hint=None, value=('g', 't1.t', '-3'))", id="a trailing .t"),
        pytest.param(
            "HintValue(hint=" + "(" * 40 + "'x'" + ",)" * 40 + ", value=('g', 't1', '-3'))", id="deep"
        ),
        pytest.param("HintValue(hint=['a', {1: 2.5}], value=('g', 't1', '-3'))", id="other literals"),
        pytest.param("HintValue(hint='a' \"b\", value=('g', 't1', '-3'))", id="text in two"),
        pytest.param("HintValue(hint=\"it's (\", value=('g', 't1', '-3'))", id="a quote and a parenthesis"),
        pytest.param(r"HintValue(hint='it\'s \\', value=('g', 't1', '-3'))", id="escapes"),
        pytest.param(
            "HintValue(hint='value=(\"x\",)), 3: ', value=('g', 't1', '-3'))", id="a text like a record"
        ),
        pytest.param(
            "HintValue(hint='''a', value=('x',)), 3: ''', value=('g', 't1', '-3'))", id="three quotes"
        ),
        pytest.param(
            "HintValue(hint=('''a' ), value=('x',)), 4: HintValue(hint=('b''',), value=('g', 't1', '-3'))",
            id="three quotes in a tuple",
        ),
        pytest.param(r"HintValue(hint=r'\\', value=('g', 't1', '-3'))", id="a raw text"),
        pytest.param("'g, t1, -3'", id="a text among records"),
    ],
)
@pytest.mark.parametrize("end", ["", ",\n"], ids=["last", "not last"])
def test_a_record_is_read_in_each_of_its_forms(record, end):
    source = f"{RECORDS}t_call = {{1: HintValue(hint=None, value=('f',)), 3: {record}{end}}}\n"
    expected = {1: Call(("f",), ()), 3: Call(("g", "t1", "-3"), (1,))}
    assert read_calls(source, "x_call.py") == expected
    exec(source, names := {})
    assert parse_calls(names["t_call"]) == expected


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        pytest.param("HintValue(hint=None)", None, id="no value"),
        pytest.param("HintValue(None, ('f',), 3)", None, id="three fields"),
        pytest.param("HintValue(None, ('f',), value=('f',))", None, id="a field twice"),
        pytest.param("HintValue(hint=None, values=('f',))", None, id="another field"),
        pytest.param("HintValue(**{'hint': None, 'value': ('f',)})", None, id="stars"),
        pytest.param("Hint(hint=None, value=('f',))", None, id="another record"),
        pytest.param("HintValue(hint=print(), value=('f',))", None, id="a call in it"),
        pytest.param("HintValue(hint=None, value=f)", None, id="a name in it"),
        pytest.param("HintValue(hint=None, value=('f',)", None, id="no end"),
        pytest.param("HintValue(hint=f'{'a'}', value=('f',))", None, id="a text that is computed"),
        pytest.param("HintValue(hint=None, value=())", "()", id="nothing"),
        pytest.param("HintValue(hint=None, value=('f'))", "'f'", id="a text"),
        pytest.param("HintValue(hint=None, value='f, I')", "'f, I'", id="a flat text"),
        pytest.param("HintValue(hint=None, value=None)", "HintValue(hint=None, value=None)", id="None"),
        pytest.param("HintValue(hint=None, value=('f, I',))", "('f, I',)", id="two items in one text"),
        pytest.param("HintValue(hint=None, value=('f(I)',))", "('f(I)',)", id="a call in one text"),
        pytest.param("HintValue(hint=None, value=('f', 3))", "('f', 3)", id="a number"),
        pytest.param("HintValue(hint=None, value=('f', '3x'))", "f, 3x", id="no name"),
        pytest.param("HintValue(hint=None, value=('f', ''))", "('f', '')", id="an empty name"),
        pytest.param("('f', 'I')", "('f', 'I')", id="no record"),
    ],
)
def test_a_bad_record_is_told(record, problem):
    source = f"{RECORDS}t_call = {{1: {record}}}\n"
    with pytest.raises(ValueError) as caught:
        read_calls(source, "x_call.py")
    expected = f"t1: {problem} is not 'func, arg, ...'" if problem else NO_LITERAL
    assert str(caught.value).replace("'f, 3x'", "f, 3x") == f"x_call.py: {expected}: write the batt anew"


class Record:
    """A record of a caller's own kind."""

    def __init__(self, value):
        self.value = value


def test_a_caller_may_give_records():
    table = {1: Record(("f", "I")), 2: Record(["t1.t", "-3"]), 3: "g, t2"}
    assert parse_calls(table) == parse_calls({1: "f, I", 2: "t1, -3", 3: "g, t2"})
    for value in ((), "f, I", {"f": 1}, ("f", 1), 5):
        with pytest.raises(ValueError, match=r"t_call: t1: .* is not 'func, arg, ...': write the batt anew"):
            parse_calls({1: Record(value)})


@pytest.mark.parametrize(
    "form", ["    {0}: {1!r},\n", "{0}: HintValue(hint={2!r}, value={3!r}),\n"], ids=["texts", "records"]
)
def test_megabytes_of_a_table_are_read_by_a_pattern(form, monkeypatch):
    monkeypatch.setattr("batt_utils.batt.reader.parse", None)  # it takes seconds
    hints = [None, "Grid", ("Callable", ("Any", ("Grid", None))), "it's", "a '(\"b\\", -1]
    items = {0: ("f", "I")} | {t: ("f", f"t{t - 1}", "-3", "ZERO") for t in range(1, 40_000)}
    text = "".join(form.format(t, ", ".join(items[t]), hints[t % 6], items[t]) for t in items)
    assert len(text) > 10**6
    calls = read_calls(f"{RECORDS}t_call = {{{text}}}\n", "x_call.py")
    assert calls == make_calls(items)


HINTS = st.recursive(
    st.none() | st.integers() | st.text() | st.text("'\"\\\n(),= value{}#", max_size=9),
    lambda hints: st.lists(hints, max_size=4).map(tuple),
)
PLACES = (
    "{0}: HintValue(hint={1!r}, value={2!r}),\n",
    "{0}: HintValue({1!r}, {2!r}), ",
    "  {0} : HintValue(\n    hint={1!r},\n    value={2!r},\n  ),\n\n",
)


@given(call_tables(), st.data())
def test_an_invented_table_of_records_is_read(table, data):
    records = {t: (data.draw(HINTS), tuple(items)) for t, items in table.items()}
    form = data.draw(st.sampled_from(PLACES))
    text = "".join(form.format(t, *record) for t, record in records.items())
    source = f"{RECORDS}t_call = {{{text}}}\n"
    assert read_calls(source, "x_call.py") == make_calls(table)
    assert parse_calls({t: HintValue(*record) for t, record in records.items()}) == make_calls(table)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@given(call_tables(), st.data())
def test_what_is_read_of_a_damaged_table_is_what_python_reads(table, data):
    records = {t: HintValue(data.draw(HINTS), tuple(items)) for t, items in table.items()}
    source = f"{RECORDS}t_call = {records}\n"
    place = data.draw(st.integers(len(RECORDS), len(source) - 1))
    for damaged in (source[:place] + source[place + 1 :], source[: place + 1] + source[place:]):
        try:
            exec(damaged, names := {})
            expected = parse_calls(names["t_call"])
            calls = read_calls(damaged, "x_call.py")
        except Exception:  # Python cannot read it, or it is no literal
            continue
        assert calls == expected


@given(call_tables(), st.data())
def test_an_invented_table_is_read_in_any_form(table, data):
    def write(items):
        function, *arguments = (item + data.draw(st.sampled_from(["", ".t"])) for item in items)
        form = data.draw(st.sampled_from(["{}, {}", "{}({})"]))
        return form.format(function, ", ".join(arguments)) if arguments else function

    entries = {t: write(items) for t, items in table.items()}
    calls = make_calls(table)
    assert parse_calls(entries) == calls
    for source in (
        f"t_call = {entries}",
        "t_call = {" + "".join(f'{t}: "{entry}",\n' for t, entry in entries.items()) + "}",
    ):
        assert read_calls(source, "x_call.py") == calls
