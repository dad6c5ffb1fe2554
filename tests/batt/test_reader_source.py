from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.batt.prelude import Import
from batt_utils.batt.program import Call, Candidate, DifferItem
from batt_utils.batt.reader import OtherShape, check_agreement, parse_calls, read_calls, read_program
from batts import END, FIVE, HEAD, THREE, write_guarded, write_source
from forms import CALLS, FORMS, write_form
from tables import Anything, Text, call_tables, make_calls

IMPORTS = "from pile import *\n\n\n"
PLAIN = "    t{0} = {1}\n"
FOUR = "    t{}, t{}, t{}, t{} = batch_process_samples_gpu(S)\n"
VALID = (
    IMPORTS
    + HEAD
    + write_guarded("t1", "identity(p_g)", THREE)
    + PLAIN.format(2, "t1(I)")
    + write_guarded("t3", "t1(t2, C, -1)", THREE)
    + "    # two of the same solver\n"
    + "    o.append((2, False, 'a3', t2))\n"
    + "    o.append((3, True, 'a3', t3))\n"
    + PLAIN.format(4, "differ_x(I, C)")
    + "    s.append((4, 'None', 'differ_x', t4))\n"
    + END
)


def write_lines(*lines):
    return IMPORTS + write_source(*lines)


def read_lines(*lines):
    return read_program(write_lines(*lines))


def test_a_batt_is_read_as_what_it_says():
    program = read_program(VALID)
    assert program.calls == {
        1: Call(("identity", "p_g"), ()),
        2: Call(("t1", "I"), (1,)),
        3: Call(("t1", "t2", "C", "-1"), (1, 2)),
        4: Call(("differ_x", "I", "C"), ()),
    }
    assert program.guarded == {1: THREE, 3: THREE}
    assert program.candidates == (Candidate(2, False, "a3"), Candidate(3, True, "a3"))
    assert program.differs == (DifferItem(4, "None", "differ_x"),)
    assert program.imports == (Import("*", "from pile import *"),)
    assert program.gpu_import == ""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["t1 = f(I)"], {1: "f(I)"}, id="plain"),
        pytest.param(["t1 = f()"], {1: "f()"}, id="no argument"),
        pytest.param(["t0 = f(I, C)", "t7 = t0(t0)"], {0: "f(I, C)", 7: "t0(t0)"}, id="numbers with gaps"),
        pytest.param(["t5 = f(I)", "t2 = g(t5)"], {5: "f(I)", 2: "g(t5)"}, id="falling numbers"),
        pytest.param(["t1 = f(0, -0, 12, -3)"], {1: "f(0, -0, 12, -3)"}, id="integers"),
        pytest.param(["t1 = f(True, None)"], {1: "f(True, None)"}, id="constants of Python"),
        pytest.param(["t1 = t(tx, T1, _t, t1a)"], {1: "t(tx, T1, _t, t1a)"}, id="names like variables"),
        pytest.param(
            ["t4, t2, t7, t9 = batch_process_samples_gpu(S)"],
            {4: "apply(first, S)", 2: "apply(second, S)", 7: "mapply(p_g, t4)", 9: "mapply(p_g, t2)"},
            id="the four of the samples",
        ),
        pytest.param(["# t1 = f(I)", "", "   # x", "t2 = f(I)", "#"], {2: "f(I)"}, id="comments"),
    ],
)
def test_a_call_is_read_in_each_of_its_forms(lines, expected):
    program = read_lines(*lines)
    assert {t: str(call) for t, call in program.calls.items()} == expected
    assert list(program.calls) == list(expected)
    assert program.guarded == {}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(VALID.rstrip("\n"), id="no newline at the end"),
        pytest.param(VALID + "\n  \n\n", id="empty lines at the end"),
        pytest.param(VALID.replace("    s = []\n    o = []\n", "    o = []\n    s = []\n"), id="o first"),
        pytest.param(VALID.replace(IMPORTS, ""), id="no imports"),
        pytest.param(
            '"""A batt."""\n# by hand\nimport os, sys\nfrom a import (b,\n c)\n' + VALID, id="more head"
        ),
        pytest.param(VALID.replace("'a3'", "'ä b\"c'"), id="an unusual solver"),
        pytest.param("#" * 300_000 + "\n" + VALID, id="a long comment"),
        pytest.param(f'"""\n{VALID}"""\n{VALID}', id="a batt in a text before it"),
        pytest.param(VALID.replace(IMPORTS, "x = 1\n"), id="code before it"),
        pytest.param(
            VALID.replace(IMPORTS, IMPORTS + "def batt(S):\n    pass\n"), id="another batt before it"
        ),
        pytest.param(VALID.replace("\n", "\n  # why\n\n"), id="comments everywhere"),
    ],
)
def test_a_batt_may_be_written_somewhat_otherwise(source):
    compile(source, "batt", "exec")
    program = read_program(source)
    assert (program.calls, program.guarded) == read_program(VALID)[:2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("    t2 = t1(I)", "   t2 = t1(I)", id="wrong indent"),
        pytest.param("    t2 = t1(I)", "\tt2 = t1(I)", id="tab"),
        pytest.param("        t1 = ident", "         t1 = ident", id="wrong indent in a guard"),
        pytest.param("default(identity)", "default(p_g)", id="default of another function"),
        pytest.param("    t1 = _get", "    t2 = _get", id="default for another call"),
        pytest.param(
            "(TypeError, AttributeError, ValueError)", "(TypeError, ValueError)", id="other exceptions"
        ),
        pytest.param("    t2 = t1(I)", "    t1 = f(I)", id="redefinition"),
        pytest.param("t1(I)", "t3(I)", id="forward reference"),
        pytest.param("t1(I)", "f(t2)", id="reference to itself"),
        pytest.param("t1(I)", "f(t9)", id="reference to nothing"),
        pytest.param("t2 = t1(I)", "t02 = t1(I)", id="a zero before a number"),
        pytest.param("t1(I)", "t1(007)", id="a zero before an integer"),
        pytest.param("t1(I)", "t1(I, )", id="comma at the end"),
        pytest.param("t1(I)", "t1(, I)", id="comma at the start"),
        pytest.param("t1(I)", "t1(I, , C)", id="two commas"),
        pytest.param("t1(I)", "t1(I,C)", id="no space"),
        pytest.param("t1(I)", "t1( I)", id="a space"),
        pytest.param("t1(I)", "t1(f(I))", id="nested call"),
        pytest.param("t1(I)", "t1(I)(C)", id="call of a call"),
        pytest.param("t1(I)", "t1(x=I)", id="keyword argument"),
        pytest.param("t1(I)", "t1(*I)", id="starred argument"),
        pytest.param("t1(I)", "t1(1.5)", id="float"),
        pytest.param("t1(I)", "t1(+1)", id="plus"),
        pytest.param("t1(I)", "t1('a')", id="string"),
        pytest.param("t1(I)", "t1(I.x)", id="attribute"),
        pytest.param("t1(I)", "a.b(I)", id="method"),
        pytest.param("t1(I)", "t1(log_path)", id="the log's path"),
        pytest.param("t1(I)", "t1(task_id)", id="the task"),
        pytest.param("t1(I)", "t1(o)", id="the outputs"),
        pytest.param("t1(I)", "s(I)", id="the list of differs is called"),
        pytest.param("t1(I)", "I(C)", id="an input is called"),
        pytest.param("t1(I)", "not(I)", id="keyword"),
        pytest.param("t1(I)", "fün(I)", id="no ASCII"),
        pytest.param("t1(I)", "t1(I)  # why", id="comment after a call"),
        pytest.param("t1(I)", "t1", id="no call"),
        pytest.param("    t2 = t1(I)\n", "    t2 = \\\n    t1(I)\n", id="two lines"),
        pytest.param("    t2 = t1(I)\n", "    x2 = t1(I)\n", id="another variable"),
        pytest.param("    t2 = t1(I)\n", "    t2 = t1(I)\n    print(t2)\n", id="another statement"),
        pytest.param("    t2 = t1(I)\n", "    I = t2 = t1(I)\n", id="an input assigned"),
        pytest.param("    t2 = t1(I)\n", "    if I:\n        t2 = t1(I)\n", id="condition"),
        pytest.param(
            "    t2 = t1(I)\n", "    t2, t5, t6 = batch_process_samples_gpu(S)\n", id="three of the four"
        ),
        pytest.param("    t2 = t1(I)\n", FOUR.format(2, 5, 6, 5), id="one of the four twice"),
        pytest.param("    t2 = t1(I)\n", FOUR.format(2, 5, 6, 1), id="one of the four again"),
        pytest.param("    t2 = t1(I)\n", FOUR.format(2, 5, 6, 7).replace("(S)", "(I)"), id="the four of I"),
        pytest.param("    t2 = t1(I)\n", "    t2 = t1(I)\n" + END, id="a return before"),
        pytest.param(
            "    t2 = t1(I)\n",
            "    t2 = t1(I)\n    o = []\n    o.append((2, True, 'b', t2))\n    o = []\n",
            id="outputs dropped",
        ),
        pytest.param("    o = []\n", "", id="no list of outputs"),
        pytest.param("    s = []\n", "", id="no list of differs"),
        pytest.param("o.append((2, ", "o.append((9, ", id="a candidate of two numbers"),
        pytest.param(
            "o.append((2, False, 'a3', t2))", "o.append((9, False, 'a3', t9))", id="a candidate of no call"
        ),
        pytest.param(
            "o.append((3, True, 'a3', t3))", "o.append((4, True, 'a3', t4))", id="a candidate too early"
        ),
        pytest.param(
            "    t4 = differ_x(I, C)\n    s.append((4, 'None', 'differ_x', t4))\n",
            "    s.append((4, 'None', 'differ_x', t4))\n    t4 = differ_x(I, C)\n",
            id="a differ too early",
        ),
        pytest.param("(2, False, ", "(2, 0, ", id="evolved is a number"),
        pytest.param("'a3', t2", "'a\\x33', t2", id="an escape in a name"),
        pytest.param("'a3', t2", '"a3", t2', id="double quotes"),
        pytest.param("'None'", "None", id="no owner without quotes"),
        pytest.param(
            "s.append((4, 'None', 'differ_x', t4))",
            "s.append((4, 'None', 'differ_x', t3))",
            id="a differ of two numbers",
        ),
        pytest.param("return o, s", "return s, o", id="s first"),
        pytest.param("return o, s", "return o, s, 1", id="more is returned"),
        pytest.param("    return o, s\n", "", id="no return"),
        pytest.param("    return o, s\n", "    return o, s\n\nbatt = None\n", id="code after it"),
        pytest.param("from pile import *\n", "from pile import (\n", id="the imports do not end"),
        pytest.param("from pile import *\n\n\n", "@cache\n", id="decorator"),
        pytest.param(
            "def batt(task_id, S, I, C, log_path):", "def batt(task_id, S, I, C):", id="fewer parameters"
        ),
        pytest.param("def batt(", "def bat(", id="another name"),
        pytest.param("def batt(", "async def batt(", id="async"),
        pytest.param("log_path):\n", "log_path):\n    '''A batt.'''\n", id="docstring"),
    ],
)
def test_a_near_miss_is_a_function_to_be_called(old, new):
    assert VALID.count(old) >= 1
    with pytest.raises(OtherShape):
        read_program(VALID.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param("t1(I)", "t1(f(I))", "line 11: t2 = t1(f(I))", id="plain"),
        pytest.param("t1(I)", "f(t9)", "line 11: t2 = f(t9)", id="reference to nothing"),
        pytest.param("t1(I)", "s(I)", "line 11: t2 = s(I)", id="a name of the function"),
        pytest.param("t1(I)", "batt(I)", "line 11: t2 = batt(I)", id="the function itself"),
        pytest.param("identity(p_g)", "identity(x=I)", "line 8: t1 = identity(x=I)", id="call in a guard"),
        pytest.param("identity(p_g)", "identity(t5)", "line 8: t1 = identity(t5)", id="reference in a guard"),
        pytest.param(
            "except (TypeError, AttributeError, ValueError):",
            "except Exception:",
            "line 9: except Exception:",
            id="other exceptions",
        ),
        pytest.param(
            "    except (T",
            "\n    # why\n    except (TypeError, T",
            "line 11: except (TypeError, TypeError, A",
            id="other exceptions after a comment",
        ),
        pytest.param(
            "default(identity)", "default(p_g)", "line 10: t1 = _get_safe_default(p_g)", id="default"
        ),
        pytest.param(
            "o.append((2, ", "o.append((9, ", "line 17: o.append((9, False, 'a3', t2))", id="candidate"
        ),
        pytest.param(
            "o.append((2, False, 'a3', t2))",
            "o.append((4, False, 'a3', t4))",
            "line 17: o.append((4, False, 'a3', t4))",
            id="candidate too early",
        ),
        pytest.param(
            "s.append((4, 'None', 'differ_x', t4))",
            "s.append((7, 'None', 'differ_x', t7))",
            "line 20: s.append((7, 'None', 'differ_x', t7))",
            id="differ of no call",
        ),
        pytest.param(
            "    t2 = t1(I)\n",
            FOUR.format(2, 5, 6, 1),
            "line 11: t2, t5, t6, t1 = batch_process",
            id="the four",
        ),
        pytest.param("    o = []\n", "", "line 6: try:", id="no list of outputs"),
        pytest.param("return o, s", "return s, o", "line 21: return s, o", id="s first"),
        pytest.param("    return o, s\n", "", "line 21: the end", id="no return"),
        pytest.param(END, END + "\n# why\nbatt = 1\n", "line 24: batt = 1", id="code after it"),
        pytest.param(
            "from pile", "from pile import (\nfrom pile", "line 1: from pile import (", id="no Python"
        ),
        pytest.param("\n\n\ndef", "\n@cache\n@fast\ndef", "line 2: @cache", id="decorator"),
        pytest.param("C, log_path", "C", "line 4: def batt(task_id, S, I, C):", id="fewer parameters"),
        pytest.param("def batt(", "async def batt(", "line 4: async def batt(", id="async"),
        pytest.param(
            "def batt(", "def bat(", "no line `def batt(task_id, S, I, C, log_path):`", id="no batt"
        ),
    ],
)
def test_the_first_line_that_does_not_fit_is_told(old, new, reason):
    assert VALID.count(old) >= 1
    with pytest.raises(OtherShape) as caught:
        read_program(VALID.replace(old, new, 1))
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("prelude", "reason"),
    [
        pytest.param("from a import p_g\nx = 1\n", "", id="imported"),
        pytest.param("def f(p_g):\n    identity = p_g\n", "", id="names of a function"),
        pytest.param("class A:\n    p_g = 1\n    def identity(self): pass\n", "", id="names of a class"),
        pytest.param("p_g.x = 1\nlambda: p_g\nif __name__ == '__main__':\n    batt()\n", "", id="no binding"),
        pytest.param("p_g = 1\n", "line 1: p_g = 1 (the calls use p_g)", id="an argument"),
        pytest.param(
            "\ndef identity(x):\n    return x\n",
            "line 2: def identity(x): (the calls use identity)",
            id="a function",
        ),
        pytest.param("p_g = 1\nidentity = 2\n", "line 1: p_g = 1 (the calls use p_g)", id="two"),
        pytest.param(
            "try:\n    import p_g\nexcept A:\n    p_g = None\n",
            "line 4: p_g = None (the calls use p_g)",
            id="also imported",
        ),
        pytest.param(
            "def _get_safe_default(f):\n    pass\n",
            "line 1: def _get_safe_default(f): (the calls use _get_safe_default)",
            id="the default",
        ),
        pytest.param(
            "class ValueError(Exception):\n    pass\n",
            "line 1: class ValueError(Exception): (the calls use ValueError)",
            id="an exception",
        ),
        pytest.param("class KeyError(Exception):\n    pass\n", "", id="an exception of other guards"),
        pytest.param("t1 = I = differ_y = batch_process_samples_gpu = s = 1\n", "", id="what no call uses"),
    ],
)
def test_a_prelude_binds_no_name_of_a_call_otherwise_than_by_an_import(prelude, reason):
    source = VALID.replace(IMPORTS, prelude)
    compile(source, "batt", "exec")
    if reason:
        with pytest.raises(OtherShape) as caught:
            read_program(source)
        assert str(caught.value) == reason
    else:
        assert read_program(source).calls == read_program(VALID).calls


def test_without_a_guard_no_call_uses_the_default():
    prelude = "def _get_safe_default(f):\n    pass\nValueError = 1\n"
    assert read_program(prelude + HEAD + PLAIN.format(1, "f(I)") + END).guarded == {}


@pytest.mark.parametrize("name", FORMS)
def test_a_batt_is_read_in_each_form(name):
    source, table = write_form(FORMS[name])
    compile(source, "batt", "exec")
    program = read_program(source)
    assert {t: str(call) for t, call in program.calls.items()} == CALLS
    errors = THREE if name in ("12 Oct", "13 Oct") else FIVE
    as_four = range(1, 5) if name in ("12 Oct", "13 Oct", "15 Oct") else ()
    assert program.guarded == {t: errors for t in CALLS if t not in as_four}
    assert [candidate.solver_id for candidate in program.candidates] == ["a1", "b2", "c3"]
    assert [differ.name for differ in program.differs] == ["differ_a", "differ_b"]
    assert program.gpu_import == ("line 7: import cupy as cp" if name == "12 Oct" else "")
    check_agreement(program, read_calls(table, "x_call.py"), "x_call.py")


@pytest.mark.parametrize("source", ["", "\n", "batt = 1\n", HEAD, END, "\0"], ids=repr)
def test_what_holds_no_batt_is_no_program(source):
    with pytest.raises(OtherShape):
        read_program(source)


@st.composite
def batts(draw):
    """A batt of the usual form and what it says: (source, table, guarded, candidates, differs)."""
    table, guarded, candidates, differs = draw(call_tables()), {}, [], []
    names = st.text("ab'\\\n #)(,ä\"", max_size=4).map(lambda name: name.translate(dict.fromkeys(b"'\\\n")))
    lines = []
    for t, (function, *arguments) in table.items():
        call = f"{function}({', '.join(arguments)})"
        if draw(st.booleans()):
            guarded[t] = draw(st.sampled_from([THREE, FIVE]))
            lines.append(write_guarded(f"t{t}", call, guarded[t]))
        else:
            lines.append(PLAIN.format(t, call))
        for form in draw(st.lists(st.sampled_from(["o", "s", "#", "\n"]), max_size=2)):
            root = draw(st.sampled_from([number for number in table if number <= t]))
            if form == "o":
                candidates.append(Candidate(root, draw(st.booleans()), draw(names)))
                lines.append("    o.append(({0}, {1}, '{2}', t{0}))\n".format(*candidates[-1]))
            elif form == "s":
                differs.append(DifferItem(root, draw(st.just("None") | names), draw(names)))
                lines.append("    s.append(({0}, '{1}', '{2}', t{0}))\n".format(*differs[-1]))
            else:
                lines.append("    # t1 = f(\n" if form == "#" else form)
    if draw(st.booleans()):
        lines.append(FOUR.format(100, 101, 102, 103))
        table |= {100: ["apply", "first", "S"], 101: ["apply", "second", "S"]}
        table |= {102: ["mapply", "p_g", "t100"], 103: ["mapply", "p_g", "t101"]}
    return IMPORTS + HEAD + "".join(lines) + END, table, guarded, tuple(candidates), tuple(differs)


@given(batts())
def test_an_invented_batt_is_read_as_it_was_written(batt):
    source, table, guarded, candidates, differs = batt
    compile(source, "batt", "exec")
    program = read_program(source)
    assert program == (
        make_calls(table),
        guarded,
        candidates,
        differs,
        (Import("*", "from pile import *"),),
        "",
    )


def call_batt(source):
    """What a batt returns in such a namespace; the kind of its failure where it fails."""
    four = [
        "apply(first, S)",
        "apply(second, S)",
        "mapply(p_g, apply(first, S))",
        "mapply(p_g, apply(second, S))",
    ]
    names = Anything(batch_process_samples_gpu=lambda samples: map(Text, four))
    try:
        exec(source.replace(IMPORTS, ""), names)
        return names["batt"]("ab", *map(Text, "SIC"), "pile.log")
    except Exception as error:
        return type(error)


def write_plainly(program):
    lines = [f"t{t} = {call}" for t, call in program.calls.items()]
    lines += ["o.append(({0}, {1}, '{2}', t{0}))".format(*item) for item in program.candidates]
    lines += ["s.append(({0}, '{1}', '{2}', t{0}))".format(*item) for item in program.differs]
    return write_lines(*lines)


@given(batts(), st.data())
def test_what_is_read_of_a_damaged_batt_is_what_python_reads(batt, data):
    source = batt[0]
    place = data.draw(st.integers(len(IMPORTS), len(source) - 1))
    shorter, longer = source[:place] + source[place + 1 :], source[: place + 1] + source[place:]
    for damaged in (shorter, longer):
        with suppress(OtherShape):
            assert call_batt(write_plainly(read_program(damaged))) == call_batt(damaged)


def test_megabytes_are_read():
    count = 24_000
    lines = [write_guarded(f"t{t}", f"f(I, t{t - 1})" if t else "f(I)", THREE) for t in range(count)]
    source = HEAD + "".join(lines) + END
    assert len(source) > 3 * 10**6
    program = read_program(source)
    assert len(program.calls) == len(program.guarded) == count
    assert program.calls[count - 1] == Call(("f", "I", f"t{count - 2}"), (count - 2,))


def test_a_batt_and_its_table_agree():
    program = read_program(VALID)
    table = {1: "identity(p_g)", 2: "t1, I.t", 3: "t1, t2, C, -1", 4: "differ_x, I, C", 5: "unused, I"}
    check_agreement(program, parse_calls(table), "x_call.py")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            {4: "differ_x, C, I"}, "t4 is differ_x(C, I), the batt has differ_x(I, C)", id="arguments"
        ),
        pytest.param(
            {4: "differ_y, I, C"}, "t4 is differ_y(I, C), the batt has differ_x(I, C)", id="function"
        ),
        pytest.param({4: None}, "t4 is missing, the batt has differ_x(I, C)", id="missing"),
        pytest.param(
            {3: "t1, t2, C, 1", 4: None}, "t3 is t1(t2, C, 1), the batt has t1(t2, C, -1)", id="two"
        ),
    ],
)
def test_a_table_that_does_not_fit_is_told(changes, problem):
    entries = {1: "identity, p_g", 2: "t1, I", 3: "t1, t2, C, -1", 4: "differ_x, I, C", **changes}
    calls = parse_calls({t: entry for t, entry in entries.items() if entry})
    with pytest.raises(ValueError) as caught:
        check_agreement(read_program(VALID), calls, "x_call.py")
    assert str(caught.value) == f"x_call.py: {problem}: write the batt anew"
