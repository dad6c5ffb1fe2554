import builtins
import errno
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batt_utils.batt.plan import make_plan
from batt_utils.batt.prelude import parse, read_prelude
from batt_utils.batt.program import Candidate
from batt_utils.batt.reader import load_batt, read_program
from batt_utils.evaluate import table as evaluate
from batt_utils.evaluate.table import (
    FunctionEvaluator,
    Job,
    TableEvaluator,
    check_speed,
    count_sample,
    fingerprint,
    group_by_target,
    import_batt,
    judge,
    keep_size,
    load_names,
    merge_grids,
    prepare,
    run_within,
    score_outputs,
    score_sample,
)
from batt_utils.rules import D_Score
from forms import FORMS, write_form
from tables import Text, call_tables, write_nested

GRID, OTHER, THIRD = ((1, 2),), ((2, 1),), ((5,), (6,))
PAIRS = ((GRID, OTHER), (THIRD, GRID))
SAMPLE = {"input": GRID, "output": OTHER}
LONG = 60  # seconds that no test takes
SHORT = 0.25


# An invented DSL


def mirror(grid):
    return tuple(row[::-1] for row in grid)


def first(values):
    return values[0]


def second(values):
    return values[1]


def apply(function, values):
    return tuple(function(value) for value in values)


def mapply(function, values):
    return tuple(item for value in values for item in function(value))


def p_g(grid):
    return tuple((cell, grid) for row in grid for cell in row)


def batch_process_samples_gpu(samples):
    inputs, outputs = apply(first, samples), apply(second, samples)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)


def join(*values):
    return values


def add(one, other):
    return one + other


def differ(one, other):
    return int(one != other), one


def choose(value):
    return mirror if value == GRID else differ


def fail(*values):
    raise ValueError(values)


def look_up(value):
    return {}[value]


def divide(value):
    return value / 0


def leave(value):
    sys.exit(value)


def recurse(value):
    return recurse(value)


def spin(value):
    while True:
        pass


def spin_once(value):
    return spin(value) if value == GRID else value


def _get_safe_default(function):
    return "default", function.__name__  # as in a real one, there is none for what is no function


NAMES = {**vars(builtins), **globals()}


GUARDS = {
    "=": (),
    "?": (TypeError, AttributeError, ValueError),
    "??": (TypeError, AttributeError, ValueError, IndexError, KeyError),
}


def write_batt(*lines):
    """A batt's source; `tN ? CALL` stands for a call guarded against three errors, `??` against five."""
    text = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n"
    for line in lines:
        t, mark, call = [*line.split(" ", 2), "", ""][:3]
        if GUARDS.get(mark):
            names = ", ".join(error.__name__ for error in GUARDS[mark])
            text += f"    try:\n        {t} = {call}\n    except ({names}):\n"
            text += f"        {t} = _get_safe_default({call.partition('(')[0]})\n"
        else:
            text += f"    {line}\n"
    return text + "    return o, s\n"


def output(t, solver_id, evolved=False):
    return f"o.append(({t}, {evolved}, '{solver_id}', t{t}))"


def measure(t, owner, name="differ_x"):
    return f"s.append(({t}, '{owner}', '{name}', t{t}))"


def make_table_evaluator(source, names=NAMES):
    return TableEvaluator(make_plan(read_program(source)), names)


def make_function_evaluator(source, names=NAMES):
    namespace = dict(names)
    exec(source, namespace)
    return FunctionEvaluator(namespace["batt"])


EVALUATORS = pytest.mark.parametrize(
    "make", [make_table_evaluator, make_function_evaluator], ids=["table", "function"]
)


def score(evaluator, part="demo", sample=SAMPLE, timeout=LONG, pairs=PAIRS):
    return evaluator.score(Job("ab", part, 0, True), pairs, sample, timeout, "pile.log")


def list_outputs(score):
    return [(solver_id, value) for _, _, solver_id, value, _ in score.candidates]


def list_counted(score):
    """Each candidate, whether it matches, and the differ values that count for it."""
    return [
        (*scored, values["None"].values, values[scored.solver_id].values)
        for scored, place in zip(score.candidates, score.measured, strict=True)
        for values in [score.differ_values[place]]
    ]


def list_values(score):
    """The differ values by owner, for each C."""
    return [{owner: found.values for owner, found in owners.items()} for owners in score.differ_values]


def score_plainly(source, names, part, sample):
    """The same by plain calls of the batt: one for the candidates, one more for each of them."""
    namespace = dict(names)
    exec(source, namespace)
    call = partial(namespace["batt"], "ab", PAIRS, sample["input"])
    counted = []
    for *candidate, value in call(None, "pile.log")[0]:
        _, s = call(sample["output"] if part == "demo" else value, "pile.log")
        own = [
            [(t, owner, name, keep_size(value)) for t, owner, name, value in s if owner == wanted]
            for wanted in ("None", candidate[2])
        ]
        counted.append((*candidate, value, value == sample["output"], *own))
    return counted


# What a batt gives


@EVALUATORS
@pytest.mark.parametrize(
    ("part", "expected", "match", "on_input", "on_output"),
    [
        pytest.param("demo", OTHER, True, 1, 0, id="demo, correct"),
        pytest.param("demo", GRID, False, 0, 1, id="demo, unchanged"),
        pytest.param("demo", THIRD, False, 1, 1, id="demo, wrong"),
        pytest.param("test", OTHER, True, 1, 0, id="test, correct"),
        pytest.param("test", THIRD, False, 1, 0, id="test, wrong: compared with its own output"),
    ],
)
def test_a_sample_is_scored(make, part, expected, match, on_input, on_output):
    source = write_batt(
        "t1 = mirror(I)",
        output(1, "a", True),
        "t2 = differ(I, C)",
        measure(2, "None"),
        "t3 = differ(t1, C)",
        measure(3, "a", "differ_y"),
        measure(3, "b"),
        "t4 = join(C)",
        measure(4, "a", "differ_z"),
    )
    result = score(make(source), part, {"input": GRID, "output": expected})
    own = [(3, "a", "differ_y", (on_output,)), (4, "a", "differ_z", None)]
    assert list_counted(result) == [(1, True, "a", OTHER, match, [(2, "None", "differ_x", (on_input,))], own)]
    assert result.timed_out is False


@EVALUATORS
def test_candidates_stay_in_order_each_with_its_own_differ_values(make):
    source = write_batt(
        "t1 = mirror(I)",
        "t2 = mirror(t1)",
        output(2, "b"),
        output(1, "a"),
        output(1, "b", True),
        output(2, "c"),
        "t3 = differ(I, C)",
        *(measure(3, owner) for owner in ("None", "c", "b", "a")),
    )
    result = score(make(source), "test")
    assert list_outputs(result) == [("b", GRID), ("a", OTHER), ("b", OTHER), ("c", GRID)]
    assert [scored.match for scored in result.candidates] == [False, True, True, False]
    assert [item[5:] for item in list_counted(result)] == [
        ([(3, "None", "differ_x", (size,))], [(3, owner, "differ_x", (size,))])
        for owner, size in [("b", 0), ("a", 1), ("b", 1), ("c", 0)]
    ]


@EVALUATORS
def test_a_candidate_that_needs_c_is_given_none(make):
    result = score(make(write_batt("t1 = join(C, I)", output(1, "a"), "t2 = join(C)", measure(2, "a"))))
    assert list_outputs(result) == [("a", (None, GRID))]
    assert list_values(result) == [{"None": [], "a": [(2, "a", "differ_x", None)]}]


@EVALUATORS
@pytest.mark.parametrize(
    "lines", [[], ["t1 = differ(I, C)", measure(1, "None")]], ids=["nothing", "a differ"]
)
def test_a_batt_without_candidates_counts_nothing(make, lines):
    result = score(make(write_batt(*lines)))
    assert (result.candidates, result.measured, result.differ_values) == ([], [], [])


@EVALUATORS
def test_every_sample_is_scored_for_itself(make):
    evaluator = make(
        write_batt(
            "t1 = first(S)",
            "t2 = join(t1, I)",
            "t3 = join(t2, C)",
            *(output(t, "a") for t in (1, 2, 3)),
        )
    )
    for pairs in (PAIRS, PAIRS[::-1], PAIRS):
        for grid in (GRID, THIRD, GRID):
            result = score(evaluator, sample={"input": grid, "output": GRID}, pairs=pairs)
            values = [pairs[0], (pairs[0], grid), ((pairs[0], grid), None)]
            assert list_outputs(result) == [("a", value) for value in values]


@EVALUATORS
@pytest.mark.parametrize(
    ("call", "value"),
    [
        pytest.param("fail(I)", ("default", "fail"), id="ValueError"),
        pytest.param("mirror(7)", ("default", "mirror"), id="TypeError"),
        pytest.param("differ(I)", ("default", "differ"), id="too few arguments"),
        pytest.param("differ(I, I, I)", ("default", "differ"), id="too many arguments"),
        pytest.param("t1(fail)", ("default", "mirror"), id="the value of a call"),
    ],
)
def test_a_guarded_call_that_fails_gives_its_functions_default(make, call, value):
    source = write_batt("t1 = choose(I)", f"t2 ? {call}", "t3 ? join(t2, I)", output(2, "a"), output(3, "b"))
    assert list_outputs(score(make(source))) == [("a", value), ("b", (value, GRID))]


@EVALUATORS
@pytest.mark.parametrize("call", ["second(t1)", "look_up(I)"], ids=["IndexError", "KeyError"])
def test_a_call_guarded_against_five_errors_gives_its_default_for_each(make, call):
    source = write_batt(
        "t1 = join(I)", f"t2 ?? {call}", "t3 ?? fail(I)", *(output(t, f"{t}") for t in (2, 3))
    )
    function = call.partition("(")[0]
    assert list_outputs(score(make(source))) == [("2", ("default", function)), ("3", ("default", "fail"))]


def test_equal_calls_are_told_apart_by_what_they_are_guarded_against():
    source = write_batt(
        "t1 = join(I)",
        *("t2 = second(t1)", "t3 ? second(t1)", "t4 ?? second(t1)", "t5 ?? second(t1)"),
        *(output(t, f"solver {t}") for t in range(1, 6)),
        *("t6 ? look_up(C)", "t7 ?? look_up(C)", "t8 = size(t6)", "t9 = size(t7)"),
        *(measure(t, "None") for t in (8, 9)),
    )
    names = {**NAMES, "size": lambda values: (len(values),)}
    result = score(make_table_evaluator(source, names))
    default = ("default", "second")
    assert list_outputs(result) == [("solver 1", (GRID,)), ("solver 4", default), ("solver 5", default)]
    assert [counted for *_, counted, _ in list_counted(result)] == [[(9, "None", "differ_x", (2,))]] * 3


FAILURES = [
    pytest.param("t2 = fail(I)", id="ValueError, not guarded"),
    pytest.param("t2 = mirror(7)", id="TypeError, not guarded"),
    pytest.param("t2 ? divide(1)", id="ZeroDivisionError"),
    pytest.param("t2 ? second(t1)", id="IndexError"),
    pytest.param("t2 ? look_up(I)", id="KeyError"),
    pytest.param("t2 ?? divide(1)", id="ZeroDivisionError, guarded against five"),
    pytest.param("t2 ?? t1(I)", id="a call of a value, guarded against five"),
    pytest.param("t2 ? recurse(I)", id="infinite recursion"),
    pytest.param("t2 ? leave(1)", id="an end of the process"),
    pytest.param("t2 ? nowhere(I)", id="a function that is nowhere"),
    pytest.param("t2 ? join(nowhere)", id="an argument that is nowhere"),
    pytest.param("t2 ? t1(I)", id="a call of a value, which has no default"),
    pytest.param("t2 ? ZERO(I)", id="a call of a constant, which has no default"),
]


@pytest.mark.parametrize("line", FAILURES)
def test_a_failure_spoils_only_what_depends_on_it(line):
    source = write_batt(
        "t1 = join(I)",
        line,
        "t3 ? join(t2)",
        "t4 ? join(t1, t3)",
        "t5 ? t2(t1)",
        "t6 ? join(t1)",
        *(output(t, f"solver {t}") for t in range(1, 7)),
        "t7 = differ(t2, C)",
        "t8 = differ(t1, C)",
        *(measure(t, owner) for t in (7, 8) for owner in ("None", "solver 6")),
    )
    result = score(make_table_evaluator(source, {**NAMES, "ZERO": 0}))
    assert list_outputs(result) == [("solver 1", (GRID,)), ("solver 6", ((GRID,),))]
    assert [item[5:] for item in list_counted(result)] == [
        ([(8, "None", "differ_x", (1,))], own) for own in ([], [(8, "solver 6", "differ_x", (1,))])
    ]
    assert result.timed_out is False


@pytest.mark.parametrize("line", FAILURES)
def test_a_batt_that_is_a_function_gives_nothing_if_it_fails(line):
    source = write_batt("t1 = join(I)", output(1, "a"), line)
    result = score(make_function_evaluator(source, {**NAMES, "ZERO": 0}))
    assert (result.candidates, result.differ_values, result.timed_out) == ([], [], False)


def test_a_failure_with_one_c_leaves_those_with_another_alone():
    source = write_batt(
        "t1 = join()",
        "t2 = join(I)",
        *(output(1, "a"), output(2, "b")),
        "t3 = first(C)",
        "t4 = differ(t3, I)",
        *(measure(4, owner) for owner in ("None", "a", "b")),
    )
    result = score(make_table_evaluator(source), "test")
    assert list_values(result) == [
        {"None": [], "a": []},
        {"None": [(4, "None", "differ_x", (0,))], "b": [(4, "b", "differ_x", (0,))]},
    ]


def test_a_batt_without_safe_defaults_has_none():
    names = {name: value for name, value in NAMES.items() if name != "_get_safe_default"}
    source = write_batt("t1 ? fail(I)", "t2 ? mirror(I)", output(1, "a"), output(2, "b"))
    assert list_outputs(score(make_table_evaluator(source, names))) == [("b", OTHER)]


SHAPE = (
    "TypeError: batt returns something else than o, s, lists of (t, evolved, solver_id, value) "
    "and of (t, owner, name, value)"
)
CANDIDATE, ITEM = (1, False, "a", GRID), (1, "a", "differ_x", (1,))


@pytest.mark.parametrize(
    "result",
    [
        *(None, 7, [], ([],), ([], [], []), (None, []), ([], 7), ([1], []), ([], [1])),
        *(([CANDIDATE[:3]], []), ([(*CANDIDATE, 5)], []), ([CANDIDATE], [ITEM[1:]])),
        *(([("1", *CANDIDATE[1:])], []), ([(1, [], "a", GRID)], []), ([(1, False, {}, GRID)], [])),
        *(([CANDIDATE], [(None, *ITEM[1:])]), ([CANDIDATE], [(1, [], "differ_x", (1,))])),
    ],
    ids=repr,
)
def test_a_function_that_returns_something_else_gives_nothing(result):
    found = score(FunctionEvaluator(lambda *_: result))
    assert (found.candidates, found.differ_values, found.timed_out) == ([], [], False)
    assert found.failure == SHAPE


def test_the_items_that_a_function_returns_may_be_of_other_types():
    class Number(int):
        pass

    found = score(FunctionEvaluator(lambda *_: ([[Number(1), 0, "a", GRID]], (list(ITEM),))))
    assert list_counted(found) == [(1, 0, "a", GRID, False, [], [ITEM])]
    assert found.failure == ""


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        pytest.param("t1 = nowhere(I)", "NameError: name 'nowhere' is not defined (line 4)", id="NameError"),
        pytest.param("t1 = fail(I)", "ValueError: (((1, 2),),) (line 4)", id="in what it calls"),
        pytest.param("t1 ? nowhere(I)", "NameError: name 'nowhere' is not defined (line 5)", id="guarded"),
        pytest.param("raise KeyError", "KeyError (line 4)", id="no message"),
        pytest.param("raise OSError('a\\nb\\rc')", "OSError: a (line 4)", id="several lines"),
        pytest.param("raise OSError('x' * 999)", f"OSError: {'x' * 188}... (line 4)", id="long"),
        pytest.param("leave(1)", "SystemExit: 1 (line 4)", id="an end of the process"),
        pytest.param("t1 = fail(C) if C else I", "", id="not with C = None"),
    ],
)
def test_a_function_that_fails_says_how(line, failure):
    found = score(make_function_evaluator(write_batt(line)))
    assert (found.candidates, found.failure) == ([], failure)


def test_a_function_whose_differs_fail_gives_its_candidates():
    source = write_batt("t1 = mirror(I)", output(1, "a"), "t2 = fail(C) if C else I")
    source = source.replace("return o, s", "s.append((2, 'a', 'differ_x', t2))\n    return o, s")
    found = score(make_function_evaluator(source))
    assert list_counted(found) == [(1, False, "a", OTHER, True, [], [])]
    assert found.failure == "ValueError: (((2, 1),),) (line 6)"


def test_a_failure_of_what_has_no_lines_has_none():
    assert score(FunctionEvaluator(partial(divide))).failure.startswith(
        "TypeError: divide() takes 1 positional"
    )


def test_a_table_knows_the_names_that_nobody_defines():
    source = write_batt(
        "t1 = nowhere(I, S, C, 3, None, THAT)", "t2 ? t1(len, mirror, nowhere)", output(2, "a")
    )
    assert make_table_evaluator(source).unknown == ["nowhere", "THAT"]
    assert make_function_evaluator(source).unknown == ()


# Invented batts

SOFT = ("mirror", "head", "apply", "join", "differ", "choose", "fail")
HARD = ("second", "look_up", "divide", "recurse", "nowhere")
ARGUMENTS = ("S", "I", "C", "I", "C", "0", "-1", "head", "mirror", "None")


def head(values):
    return values[0] if values else values


def default_of_anything(function):
    return "default", getattr(function, "__name__", None)


INVENTED = {**NAMES, "head": head, "_get_safe_default": default_of_anything}


@st.composite
def invented_batts(draw, functions, guards):
    """What an invented batt says: (table, guards, outputs, differs)."""
    table = draw(call_tables(functions, ARGUMENTS))
    guarded = {t: draw(guards) for t in table}
    roots = st.sampled_from(list(table))
    outputs = draw(st.lists(st.tuples(roots, st.sampled_from("ab"), st.booleans()), max_size=5))
    owners, names = st.sampled_from(["None", "a", "b", "c"]), st.sampled_from("xy")
    differs = draw(st.lists(st.tuples(roots, owners, names), max_size=5))
    return table, guarded, outputs, differs


def write_invented(table, guarded, outputs, differs):
    return write_batt(
        *(
            f"t{t} {guarded[t]} {function}({', '.join(arguments)})"
            for t, (function, *arguments) in table.items()
        ),
        *(output(*item) for item in outputs),
        *(measure(*item) for item in differs),
    )


PARTS = st.sampled_from(["demo", "test"])
SAMPLES = st.sampled_from([{"input": GRID, "output": OTHER}, {"input": THIRD, "output": GRID}])


@given(
    invented_batts(SOFT, st.sampled_from(["?", "??"])),
    st.lists(st.tuples(PARTS, SAMPLES), min_size=1, max_size=3),
)
def test_an_invented_batt_gives_what_it_gives_when_it_is_called(batt, samples):
    source = write_invented(*batt)
    evaluators = make_table_evaluator(source, INVENTED), make_function_evaluator(source, INVENTED)
    for part, sample in samples:
        expected = score_plainly(source, INVENTED, part, sample)
        for evaluator in evaluators:
            assert list_counted(score(evaluator, part, sample)) == expected


class Failed(Exception):
    """A call that has no value."""


def evaluate_plainly(table, guarded, values):
    """The value of each call that has one, from that of S, I and C."""
    for t, items in table.items():
        try:
            function, *arguments = (
                int(item) if item.lstrip("-").isdigit() else (values | INVENTED)[item] for item in items
            )
        except KeyError:
            continue
        try:
            values[f"t{t}"] = function(*arguments)
        except Exception as error:
            if isinstance(error, GUARDS[guarded[t]]):
                values[f"t{t}"] = default_of_anything(function)
    return {t: values[f"t{t}"] for t in table if f"t{t}" in values}


@given(
    invented_batts(SOFT + HARD, st.sampled_from(list(GUARDS))),
    st.lists(st.tuples(PARTS, SAMPLES), min_size=1, max_size=3),
)
def test_in_an_invented_batt_a_failure_spoils_only_what_depends_on_it(batt, samples):
    table, guarded, outputs, differs = batt
    evaluator = make_table_evaluator(write_invented(*batt), INVENTED)
    for part, sample in samples:
        inputs = {"S": PAIRS, "I": sample["input"]}
        values = evaluate_plainly(table, guarded, inputs | {"C": None})
        expected = []
        for t, solver_id, evolved in outputs:
            if t not in values:
                continue
            target = sample["output"] if part == "demo" else values[t]
            measured = evaluate_plainly(table, guarded, inputs | {"C": target})
            counted = (
                [
                    (root, owner, name, keep_size(measured[root]))
                    for root, owner, name in differs
                    if owner == wanted and root in measured
                ]
                for wanted in ("None", solver_id)
            )
            expected.append((t, evolved, solver_id, values[t], values[t] == sample["output"], *counted))
        assert list_counted(score(evaluator, part, sample)) == expected


# How often a call is evaluated


@given(call_tables(("f", "g"), ("S", "I", "C", "f", "1")), PARTS, st.data())
def test_each_distinct_call_is_evaluated_once_for_what_it_depends_on(table, part, data):
    roots = st.sampled_from(list(table))
    outputs = data.draw(st.lists(st.tuples(roots, st.sampled_from("ab")), min_size=1, max_size=4))
    differs = data.draw(st.lists(st.tuples(roots, st.sampled_from(["None", "a", "b", "c"])), max_size=4))
    source = write_batt(
        *(f"t{t} = {function}({', '.join(arguments)})" for t, (function, *arguments) in table.items()),
        *(output(*item) for item in outputs),
        *(measure(*item) for item in differs),
    )
    made = []

    class Recorded(Text):
        def __call__(self, *arguments):
            made.append(super().__call__(*arguments))
            return Recorded(made[-1])

    evaluator = make_table_evaluator(source, {name: Recorded(name) for name in "fg"})
    pairs = Recorded("S")

    def write(t, grid, target):
        return write_nested(table, t).replace("I", grid).replace("C", target)

    def list_calls(roots, grid, target="C"):
        found, rest = set(), list(roots)
        while rest:
            t = rest.pop()
            found.add(t)
            rest += [int(item[1:]) for item in table[t] if item[0] == "t"]
        with_c = {t for t in found if "C" in write_nested(table, t)}
        return Counter({write(t, grid, target) for t in (found - with_c if target == "C" else with_c)})

    owners = {"None"} | {solver_id for _, solver_id in outputs}
    wanted = [t for t, _ in outputs] + [t for t, owner in differs if owner in owners]
    seen = set()
    for grid in ("I1", "I2"):
        owners_of = {}
        for t, solver_id in outputs:
            target = "D" if part == "demo" else write(t, grid, "None")
            owners_of.setdefault(target, {"None"}).add(solver_id)
        expected = list_calls(wanted, grid)
        expected = Counter({text for text in expected if "I" in text or text not in seen})
        expected += list_calls([t for t, _ in outputs], grid, "None")
        for target, owners in owners_of.items():
            expected += list_calls([t for t, owner in differs if owner in owners], grid, target)
        made.clear()
        score(evaluator, part, {"input": Recorded(grid), "output": Recorded("D")}, pairs=pairs)
        assert Counter(made) == expected
        seen.update(made)


def test_how_often_calls_of_a_batt_are_evaluated():
    """The same with plain numbers: two demo samples, then a test sample with three distinct outputs."""
    calls = Counter()

    def make(name):
        def count(*arguments):
            calls[name] += 1
            return name, *arguments

        return count

    source = write_batt(
        *("t1 = of_s(S)", "t2 = of_s(S)"),
        *("t3 = of_i(t1, I)", "t4 = of_i(t2, I)"),
        *("t5 = of_c(t4, C)", "t6 = unused(I)"),
        *("t7 = of_i(I)", "t8 = of_i(S, I)"),
        *(output(t, solver_id) for t, solver_id in [(3, "a"), (4, "b"), (7, "a"), (8, "b"), (5, "b")]),
        *("t9 = differ(I, C)", "t10 = differ(I, C)", "t11 = own(C)", "t12 = other(C)"),
        *(measure(t, owner) for t, owner in [(9, "None"), (10, "a"), (11, "a"), (12, "c")]),
    )
    names = {name: make(name) for name in ("of_s", "of_i", "of_c", "unused", "differ", "own", "other")}
    evaluator = make_table_evaluator(source, names)
    counts = []
    for part in ("demo", "demo", "test"):
        calls.clear()
        assert len(score(evaluator, part).candidates) == 5
        counts.append(dict(calls))
    demo = {"of_i": 3, "of_c": 1, "differ": 1, "own": 1}
    assert counts == [{"of_s": 1, **demo}, demo, {"of_i": 3, "of_c": 1, "differ": 4, "own": 2}]


@pytest.mark.parametrize("part", ["demo", "test"])
def test_what_is_measured_on_equal_grids_is_measured_once(part):
    measured = []

    def note(grid, target):
        measured.append(grid)
        return differ(grid, target)

    source = write_batt(
        *("t1 = mirror(I)", "t2 = mirror_too(I)", "t3 = mirror(t1)", "t4 = make_bools(I)"),
        *(output(t, f"solver {t}") for t in (1, 2, 3, 4)),
        *(f"t{t + 4} = note(t{t}, C)" for t in (1, 2, 3, 4)),
        *(measure(t + 4, f"solver {t}") for t in (1, 2, 3, 4)),
    )
    bools = ((True, 2),)  # equal to the third, but another value: what is measured on it may differ
    names = {**NAMES, "mirror_too": lambda grid: mirror(grid), "make_bools": lambda _: bools, "note": note}
    result = score(make_table_evaluator(source, names), part)
    assert list_outputs(result) == [
        (f"solver {t + 1}", grid) for t, grid in enumerate([OTHER, OTHER, GRID, GRID])
    ]
    assert measured == [OTHER, GRID, bools]
    assert measured[2] is bools
    assert [own for *_, [(*_, own)] in list_counted(result)] == [
        (int(grid != (OTHER if part == "demo" else grid)),) for grid in (OTHER, OTHER, GRID, GRID)
    ]


def test_each_call_that_candidates_need_has_its_seconds():
    names = {**NAMES, "wait": lambda value: time.sleep(0.1) or value}
    source = write_batt(
        *(
            "t1 = wait(I)",
            "t2 = wait(I)",
            "t3 = mirror(t2)",
            "t4 = wait(C)",
            "t5 = divide(1)",
            "t6 = wait(t5)",
        ),
        *(output(3, "a"), output(4, "a"), output(6, "a"), "t7 = wait(0)"),
        *("t8 = wait(C)", measure(8, "None")),
    )
    result = score(make_table_evaluator(source, names))
    seconds = result.seconds
    assert sorted(seconds) == [2, 3, 4, 5]  # the sixth is not made
    assert result.raised == {5}
    assert 0.1 <= seconds[2] < LONG / 6
    assert 0.1 <= seconds[4] < 0.2  # with C = None, as when a solver's speed is checked
    assert 0 < seconds[3] < 0.1
    assert 0 < seconds[5] < 0.1


def test_what_depends_on_the_pairs_alone_is_charged_to_every_sample():
    names = {**NAMES, "wait": lambda value: time.sleep(0.1) or value}
    source = write_batt(
        "t1 = wait(S)", "t2 = divide(S)", "t3 = mirror(I)", *(output(t, "a") for t in (1, 2, 3))
    )
    evaluator = make_table_evaluator(source, names)
    first, again = score(evaluator), score(evaluator)
    assert again.seconds.keys() == first.seconds.keys() == {1, 2, 3}
    assert again.seconds[1] == first.seconds[1] >= 0.1
    assert again.raised == first.raised == {2}


# Time


def get_timer():
    return signal.getitimer(signal.ITIMER_REAL)


def test_work_that_ends_in_time_has_ended_by_itself():
    done = []
    assert run_within(LONG, lambda: done.append(get_timer())) is True
    assert LONG - 5 < done[0][0] <= LONG
    assert get_timer() == (0, 0)


def test_work_that_fails_fails_as_it_would_and_leaves_no_timer():
    with pytest.raises(KeyError):
        run_within(LONG, lambda: {}["x"])
    assert get_timer() == (0, 0)


def swallow_the_first():
    try:
        spin(0)
    except BaseException:
        spin(0)


def swallow_exceptions():
    while True:
        with suppress(Exception):
            spin(0)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda: spin(0), id="a loop"),
        pytest.param(lambda: time.sleep(LONG), id="sleep"),
        pytest.param(swallow_the_first, id="the first one swallowed"),
        pytest.param(swallow_exceptions, id="exceptions swallowed"),
        pytest.param(lambda: sorted(range(10**6), key=lambda n: spin(n)), id="inside a function of C"),
    ],
)
def test_work_that_is_late_is_stopped(work):
    start = time.perf_counter()
    assert run_within(0.02, work) is False
    assert 0.02 <= time.perf_counter() - start < LONG / 6
    assert get_timer() == (0, 0)
    time.sleep(0.07)  # a timer that was left would end this test here


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_time_at_all_is_very_little(seconds):
    assert run_within(seconds, lambda: spin(0)) is False


def test_work_ends_at_any_moment_of_its_deadline():
    """Around the moment of its end too, nothing comes out but the answer."""
    for step in range(200):
        end = time.perf_counter() + 0.001 + step * 1e-6

        def wait(end=end):
            while time.perf_counter() < end:
                pass

        assert run_within(0.001, wait) in (True, False)
        assert get_timer() == (0, 0)


def test_without_timers_work_is_done_in_its_own_time(monkeypatch):
    monkeypatch.delattr(signal, "setitimer")
    done = []
    assert run_within(0.001, lambda: (time.sleep(0.01), done.append(1))) is True
    assert done == [1]


def test_a_late_sample_keeps_what_was_done_and_the_next_is_whole():
    source = write_batt(
        *("t1 = mirror(I)", "t2 = spin_once(I)", "t3 = mirror(t1)"),
        *(output(t, solver_id) for t, solver_id in [(1, "a"), (2, "b"), (3, "c")]),
        *("t4 = differ(t1, C)", measure(4, "a"), "t5 = differ(t3, C)", measure(5, "None")),
    )
    evaluator = make_table_evaluator(source)
    late = score(evaluator, timeout=SHORT)
    assert late.timed_out is True
    on_input = [(5, "None", "differ_x", (1,))]
    assert list_counted(late) == [
        (1, False, "a", OTHER, True, on_input, [(4, "a", "differ_x", (0,))]),
        (3, False, "c", GRID, False, on_input, []),
    ]
    for _ in range(2):
        whole = score(evaluator, sample={"input": THIRD, "output": THIRD})
        assert whole.timed_out is False
        assert list_outputs(whole) == [("a", THIRD), ("b", THIRD), ("c", THIRD)]
        assert whole.differ_values[0]["None"].values == [(5, "None", "differ_x", (0,))]
    assert list_counted(score(evaluator, timeout=SHORT)) == list_counted(late)


def test_what_all_samples_share_is_begun_again_after_a_late_one():
    begun = Counter()
    late = True

    def spin_at_first(values):
        begun["spin_at_first"] += 1
        return spin(values) if late else values

    def note(values):
        begun["note"] += 1
        return values

    source = write_batt("t1 = spin_at_first(S)", "t2 = note(S)", output(1, "a"), output(2, "b"))
    names = {**NAMES, "spin_at_first": spin_at_first, "note": note}
    evaluator = make_table_evaluator(source, names)
    assert list_outputs(score(evaluator, timeout=SHORT)) == [("b", PAIRS)]
    late = False
    for _ in range(2):
        assert list_outputs(score(evaluator)) == [("a", PAIRS), ("b", PAIRS)]
    # Stopped twice, and again at the end of its sample; then once for the others.
    assert begun == {"spin_at_first": 4, "note": 1}


def test_a_late_differ_leaves_the_candidates_and_the_other_differs():
    source = write_batt(
        *("t1 = mirror(I)", output(1, "a"), "t2 = differ(I, C)", measure(2, "None"), "t3 = differ(t1, I)"),
        *(measure(3, "a"), "t4 = join(C)", "t5 = spin(t4)", "t6 = differ(t1, C)"),
        *(measure(t, "a") for t in (4, 5, 6)),
    )
    result = score(make_table_evaluator(source), timeout=SHORT)
    own = [(3, "a", "differ_x", (1,)), (4, "a", "differ_x", None)]
    assert list_counted(result) == [(1, False, "a", OTHER, True, [(2, "None", "differ_x", (1,))], own)]
    assert result.timed_out is True


def test_a_sample_whose_time_is_over_at_once_has_nothing_of_the_one_before(monkeypatch):
    evaluator = make_table_evaluator(write_batt("t1 = mirror(I)", output(1, "a")))
    score(evaluator)
    monkeypatch.setattr(evaluate, "run_within", lambda seconds, work: False)
    result = score(evaluator, sample={"input": THIRD, "output": THIRD})
    assert (result.candidates, result.timed_out) == ([], True)


def test_a_late_function_gives_nothing():
    source = write_batt("t1 = mirror(I)", output(1, "a"), "t2 = spin_once(I)")
    evaluator = make_function_evaluator(source)
    late = score(evaluator, timeout=SHORT)
    assert (late.candidates, late.differ_values, late.timed_out) == ([], [], True)
    whole = score(evaluator, sample={"input": THIRD, "output": THIRD})
    assert (list_outputs(whole), whole.timed_out) == ([("a", THIRD)], False)


def test_a_function_whose_differs_are_late_gives_its_candidates():
    evaluator = make_function_evaluator(write_batt("t1 = mirror(I)", output(1, "a"), "t2 = spin_once(C)"))
    result = score(evaluator, sample={"input": GRID, "output": GRID}, timeout=SHORT)
    assert list_counted(result) == [(1, False, "a", OTHER, False, [], [])]
    assert result.timed_out is True


@EVALUATORS
@pytest.mark.parametrize("part", ["demo", "test"])
def test_what_counts_of_a_score_is_what_was_measured(make, part):
    lines = ["t1 = differ(I, C)", measure(1, "None"), measure(1, "b"), measure(1, "None", "differ_y")]
    for t, call, solver_id in [(2, "mirror(I)", "a"), (3, "join(I)", "None"), (4, "mirror(I)", "b")]:
        lines += [f"t{t} = {call}", output(t, solver_id)]
        lines += [f"t1{t} = differ(t{t}, C)", measure(f"1{t}", solver_id)]
    result = score(make(write_batt(*lines)), part)
    counted = count_sample(result)
    added, updated = D_Score(), D_Score()
    for scored, place in zip(counted.candidates, counted.counts_of, strict=True):
        added.add(scored[2], counted.counts[place])
    for solver_id, on_input, own in [(item[2], *item[5:]) for item in list_counted(result)]:
        updated.update(solver_id, on_input if solver_id == "None" else on_input + own)
    assert set(added.score) == {"a", "None", "b"}
    assert (added.score, added.last_t) == (updated.score, updated.last_t)
    assert counted.candidates == result.candidates
    assert counted[3:] == result[3:]


# A candidate and its value

HASHABLE, UNHASHABLE = (1, (2,)), [1]


@pytest.mark.parametrize(
    ("part", "values", "targets", "measured"),
    [
        pytest.param("demo", [1, GRID, UNHASHABLE, 1], [OTHER], [0, 0, 0, 0], id="demo: the expected output"),
        pytest.param("test", [GRID, OTHER, GRID], [GRID, OTHER], [0, 1, 0], id="test: its own"),
        pytest.param(
            "test", [1, True, 1.0, 1], [1, True, 1.0], [0, 1, 2, 0], id="equal, but of another type"
        ),
        pytest.param("test", [UNHASHABLE, HASHABLE, [1]], [[1], HASHABLE, [1]], [0, 1, 2], id="equal lists"),
        pytest.param("test", [UNHASHABLE, UNHASHABLE], [UNHASHABLE], [0, 0], id="one list"),
        pytest.param("test", [((1,),), ((True,),)], [((1,),), ((True,),)], [0, 1], id="equal within"),
        pytest.param("test", [(1, [2]), (1, [2])], [(1, [2]), (1, [2])], [0, 1], id="a list inside"),
        pytest.param("test", [None, None], [None], [0, 0], id="None"),
        pytest.param("demo", [], [], [], id="no candidate"),
    ],
)
def test_candidates_are_grouped_by_what_they_are_compared_with(part, values, targets, measured):
    groups, places = group_by_target(values, Job("ab", part, 0), OTHER)
    assert [target for target, _ in groups] == targets
    assert [type(target) for target, _ in groups] == [type(target) for target in targets]
    assert places == measured
    assert [members for _, members in groups] == [
        [member for member, place in enumerate(measured) if place == group] for group in range(len(targets))
    ]


class Odd:
    """A value whose comparison does something else."""

    def __init__(self, result):
        self.result = result

    def __eq__(self, other):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    __hash__ = None


@pytest.mark.parametrize(
    ("value", "match"),
    [
        pytest.param(OTHER, True, id="equal"),
        pytest.param(((2, True),), True, id="equal with a bool"),
        pytest.param(GRID, False, id="another grid"),
        pytest.param([[2, 1]], False, id="lists"),
        pytest.param(None, False, id="None"),
        pytest.param(Odd([1]), True, id="something true"),
        pytest.param(Odd(ZeroDivisionError()), False, id="a comparison that fails"),
    ],
)
def test_a_value_is_compared_with_the_expected_grid(value, match):
    for keep in (True, False):
        assert judge(value, OTHER, keep)[1] is match


def test_a_value_is_kept_if_it_is_asked_for_and_can_be_told_from_others():
    assert judge(GRID, OTHER, True) == (GRID, False)
    assert judge(GRID, OTHER, False) == (fingerprint(GRID), False)
    assert type(judge([GRID], OTHER, True)[0]) is object


def test_candidates_with_the_same_value_are_compared_once():
    value = Odd(True)
    candidates = [Candidate(3, True, "a"), Candidate(4, False, "b"), Candidate(5, False, "c")]
    scored = score_outputs(zip(candidates, [value, OTHER, value]), OTHER, False)
    assert [one[:3] for one in scored] == candidates
    assert [one.match for one in scored] == [True, True, True]
    assert scored[0].value is scored[2].value is not scored[1].value


@pytest.mark.parametrize(
    ("values", "same"),
    [
        pytest.param([((1, 2),), ((1, 2),)], [0, 0], id="equal grids"),
        pytest.param([((1, 2),), tuple([tuple([2, 1])])], [0, "output"], id="the expected grid"),
        pytest.param([tuple([tuple([1, 2])])], ["input"], id="the input"),
        pytest.param([((1,),), ((True,),), ((1.0,),)], [0, 1, 2], id="equal, but of another type"),
        pytest.param([((1,), ()), ((1,),)], [0, 1], id="an empty row"),
        pytest.param([(), ()], [0, 0], id="no rows"),
        pytest.param([[(1, 2)], [(1, 2)]], [0, 1], id="lists"),
        pytest.param([frozenset([1]), frozenset([1])], [0, 1], id="frozensets"),
    ],
)
def test_equal_grids_become_one(values, same):
    merged = merge_grids(values, SAMPLE)
    assert merged == values
    for place, one in zip(same, merged):
        assert one is (SAMPLE if isinstance(place, str) else merged)[place]
    assert len({id(one) for one in merged}) == len({*same})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ((3, 4), (3,)),
        ((0,), (0,)),
        ((-1, GRID), (-1,)),
        ((True, 1), None),
        ((1.0, 1), None),
        (((1,), 1), None),
        ((), None),
        ([3, 4], None),
        (3, None),
        (None, None),
    ],
    ids=repr,
)
def test_the_size_is_kept_of_a_differs_value(value, size):
    assert keep_size(value) == size


PLAIN_VALUES = st.sampled_from([0, 1, 2, 300, -1, True, False, None, "", "a", "b", "(", "frozenset", 10**30])
NESTS = st.recursive(
    PLAIN_VALUES,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
CELLS = st.integers(0, 2) | st.booleans() | st.sampled_from([-1, 256])
GRIDS = st.lists(st.lists(CELLS, max_size=2).map(tuple), max_size=2).map(tuple)


@given(st.tuples(NESTS, NESTS) | st.tuples(GRIDS, GRIDS))
@example(((), ((),)))
@example((((1,), (2,)), ((1, 2), ())))
@example((((), ()), ((), (), ())))
@example((("frozenset", ()), frozenset()))
@example((frozenset({(1,), 1}), frozenset({(True,), True})))
@example((((1, 0),), ((True, False),)))
@example((((1,), frozenset({1})), ((True,), frozenset({True}))))
def test_fingerprints_are_equal_if_and_only_if_the_values_are(values):
    one, other = values
    assert isinstance(fingerprint(one), bytes)
    assert (fingerprint(one) == fingerprint(other)) is (one == other)


def change(value, data):
    """An equal value: 1 for True and the other way round, sets made in another order."""
    if isinstance(value, tuple):
        return tuple(change(item, data) for item in value)
    if isinstance(value, frozenset):
        return frozenset(data.draw(st.permutations([change(item, data) for item in value])))
    return data.draw(st.sampled_from([equal for equal in (value, 0, 1, True, False) if equal == value]))


@given(NESTS | GRIDS, st.data())
def test_fingerprints_of_equal_values_are_equal(value, data):
    assert fingerprint(change(value, data)) == fingerprint(value)


@pytest.mark.parametrize(
    ("value", "equal"),
    [
        pytest.param(1, 1.0, id="float"),
        pytest.param(((1, 2),), ((1.0, 2.0),), id="a grid with floats"),
        pytest.param(0.0, -0.0, id="zero"),
        pytest.param(mirror, mirror, id="a function"),
        pytest.param((len, frozenset({mirror})), (len, frozenset({mirror})), id="functions inside"),
    ],
)
def test_fingerprints_of_other_equal_values_are_equal(value, equal):
    assert value == equal
    assert fingerprint(value) == fingerprint(equal)


def make_deep(depth):
    value = ()
    for _ in range(depth):
        value = (value,)
    return value


named_one, named_other = (lambda value: value), (lambda value: (value,))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(mirror, first, id="functions"),
        pytest.param(len, max, id="built-in functions"),
        pytest.param((lambda: 1), (lambda: 1), id="functions made on the way"),
        pytest.param(named_one, named_other, id="functions without a name"),
        pytest.param((1).bit_length, (2).bit_length, id="methods"),
        pytest.param(partial(add, 1), partial(add, 1), id="partial functions"),
        pytest.param((0 for _ in ()), (0 for _ in ()), id="generators"),
        pytest.param([1], [1], id="lists"),
        pytest.param((1, {2: 3}), (1, {2: 3}), id="a dict inside"),
        pytest.param(float("nan"), float("nan"), id="not a number"),
        pytest.param(float("inf"), float("-inf"), id="infinity"),
        pytest.param(0.5, 0.25, id="floats"),
        pytest.param(10**5000, 10**5000 + 1, id="integers too long to be written"),
        pytest.param(b"1", "1", id="bytes and text"),
        pytest.param(make_deep(5000), make_deep(5001), id="very deep"),
    ],
)
def test_fingerprints_of_other_values_differ(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_fingerprints_are_equal_in_every_process():
    value = (frozenset({"a", "b", "c", ("d", 1)}), GRID, mirror, None)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_table as t; "
    code += "value = (frozenset({'a', 'b', 'c', ('d', 1)}), t.GRID, t.mirror, None); "
    code += "print(t.fingerprint(value).hex())"
    tests = str(Path(__file__).parent)
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, tests],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == fingerprint(value).hex() + "\n"


# Names

DSL = """
def mirror(grid):
    return grid[::-1]
def _get_safe_default(function):
    return ()
"""
CALLS_DSL = write_batt("t1 = mirror(I, ZERO, 3, -1)", "t2 = t1(S, C, None)", output(2, "a"))


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


def write_modules(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


def list_imports(prelude):
    return read_prelude(parse(prelude)).imports


def test_the_names_are_those_of_the_folders_dsl(folder):
    write_modules(folder, dsl=DSL, constants="ZERO = 0\n")
    names = load_names([], ["mirror", "ZERO"])
    assert names["mirror"](GRID + OTHER) == OTHER + GRID
    assert (names["ZERO"], names["len"], names["None"]) == (0, len, None)
    assert names["_get_safe_default"](len) == ()


def test_a_batts_imports_are_left_alone_where_the_dsl_has_every_name(folder):
    write_modules(folder, dsl=DSL, constants="ZERO = 0\n", pile="raise SystemExit")
    plan = make_plan(read_program("from pile import *\n" + CALLS_DSL))
    names = load_names(plan.program.imports, plan.names)
    assert names["ZERO"] == 0
    assert "pile" not in sys.modules


def test_a_name_that_the_dsl_lacks_is_looked_for_in_the_batts_imports(folder):
    write_modules(folder, dsl=DSL, constants="ZERO = 0\n", pile="ONE, ZERO = 1, 'another'\n")
    names = load_names(list_imports("from pile import *\n"), ["mirror", "ONE"])
    assert (names["ONE"], names["ZERO"]) == (1, 0)


@pytest.mark.parametrize("has_dsl", [True, False], ids=["a DSL", "no DSL"])
@pytest.mark.parametrize(
    ("prelude", "value"),
    [
        pytest.param(
            "from unwanted import *\nfrom own import ONE\n", "own", id="a single name before all names"
        ),
        pytest.param(
            "from own import ONE\nfrom unwanted import *\n", "own", id="a single name after all names"
        ),
        pytest.param("from own import that as ONE\nfrom unwanted import *\n", "that", id="another name"),
        pytest.param("from other import ONE\nfrom own import ONE\n", "own", id="the last of two"),
        pytest.param(
            "from unwanted import *\nfrom other import *\nfrom own import *\n",
            "own",
            id="all names: the last",
        ),
        pytest.param("from own import *\nfrom empty import *\n", "own", id="all names: the last that has it"),
        pytest.param(
            "from own import ONE\nimport unwanted, nowhere\nfrom unwanted import ZERO\n",
            "own",
            id="no other name",
        ),
        pytest.param("from own import *\nfrom nowhere import *\n", "own", id="a module that is nowhere"),
        pytest.param(
            "from own import ONE\nfrom other import THREE as ONE\n", "own", id="a name that is nowhere"
        ),
        pytest.param("from own import *\nfrom leaving import ONE\n", "own", id="a module that ends"),
        pytest.param(
            "from own import ONE\nimport nowhere.sub as ONE\n", "own", id="a package that is nowhere"
        ),
        pytest.param(
            "from .own import *\ntry:\n    pass\nfinally:\n    from own import *",
            "own",
            id="no package of its own",
        ),
        pytest.param(
            "try:\n    from own import ONE\nexcept ImportError:\n    from other import ONE\n", "own", id="try"
        ),
        pytest.param(
            "try:\n    from nowhere import ONE\nexcept ImportError:\n    from own import ONE\n",
            "own",
            id="except",
        ),
        pytest.param(
            "raise SystemExit\nif False:\n    from own import ONE\nONE.x = 1\n", "own", id="other statements"
        ),
    ],
)
def test_a_name_comes_from_the_import_that_binds_it(folder, has_dsl, prelude, value):
    own = "ONE, that, mirror, _get_safe_default = 'own', 'that', len, len\n"
    write_modules(folder, own=own, other="ONE = 'other'\n", empty="", leaving="raise SystemExit")
    write_modules(folder, unwanted="open('ran', 'w').close()\n")
    if has_dsl:
        write_modules(folder, dsl=DSL, constants="ZERO = 0\n")
    else:
        prelude = f"from own import mirror, _get_safe_default\n{prelude}"
    names = load_names(list_imports(prelude), ["ONE", "mirror", "I", "3", "None"])
    assert names["ONE"] == value
    assert (names["mirror"] is len) is not has_dsl
    assert not Path("ran").exists()


def test_a_name_that_python_has_is_taken_from_an_import_of_it_alone(folder):
    write_modules(folder, dsl=DSL, constants="", own="max = len = 5\n")
    names = load_names(list_imports("from own import max\nfrom pile import *\n"), ["mirror", "max", "len"])
    assert (names["max"], names["len"]) == (5, len)


def test_without_a_dsl_the_names_are_those_of_the_batts_imports(folder):
    write_modules(folder, pile="def mirror(grid):\n    return 5\n", own="ZERO = 7\n")
    imports = list_imports("from pile import *\nfrom own import ZERO\nimport own as that\n")
    names = load_names(imports, ["mirror", "ZERO", "that", "len"])
    assert (names["mirror"](GRID), names["ZERO"], names["that"].ZERO, names["len"]) == (5, 7, 7, len)


def test_without_either_the_names_are_those_of_the_dsl_that_comes_along(folder):
    from batt_utils.arc import constants, dsl

    names = load_names(list_imports("from pile import *\n"), ["hmirror", "ZERO"])
    assert names["hmirror"] is dsl.hmirror
    assert names["ZERO"] is constants.ZERO
    assert names["_get_safe_default"] is dsl._get_safe_default


@pytest.mark.parametrize(
    "prelude",
    [
        "from dsl import *\nfrom constants import *\nfrom safe_dsl import _get_safe_default\n",
        "from .pile import *\n",
    ],
    ids=["the newest", "a package of its own"],
)
def test_imports_that_cannot_be_found_leave_the_dsl_that_comes_along(folder, prelude):
    from batt_utils.arc import constants, dsl

    write_modules(folder, constants="ZERO = 'another'\n", pile="hmirror = ZERO = 'another'\n")
    names = load_names(list_imports(prelude), ["hmirror", "ZERO"])
    found = names["hmirror"], names["ZERO"], names["_get_safe_default"]
    assert found == (dsl.hmirror, constants.ZERO, dsl._get_safe_default)


# A worker's process

SOLVE = "def solve(S, I, C):\n"


@pytest.fixture
def process(folder, monkeypatch):
    """What `prepare` changes in a process is put back."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return folder


def make_samples(task_id, demo=PAIRS, test=((THIRD, OTHER),)):
    return {
        part: {task_id: [{"input": one, "output": other} for one, other in pairs]}
        for part, pairs in (("demo", demo), ("test", test))
    }


USES_S = write_batt("t1 = join(S, I)", output(1, "a"))


def test_a_batt_that_was_read_is_scored_in_a_prepared_process(process):
    write_modules(
        process, dsl=DSL + "def join(*values):\n    print(values)\n    return values\n", constants=""
    )
    prepare(make_plan(read_program(USES_S)), make_samples("read"))
    assert list_outputs(score_sample(Job("read", "demo", 1, True), LONG, "pile.log")) == [
        ("a", (PAIRS, THIRD))
    ]
    assert list_outputs(score_sample(Job("read", "test", 0, True), LONG, "pile.log")) == [
        ("a", (PAIRS, THIRD))
    ]


@pytest.mark.parametrize("by_name", [True, False], ids=["module", "function"])
def test_a_batt_that_is_a_function_is_scored_in_a_prepared_process(process, by_name):
    write_modules(process, my_batt="def join(*values):\n    return values\n" + USES_S)
    prepare("my_batt" if by_name else import_batt("my_batt"), make_samples(f"called {by_name}"))
    result = score_sample(Job(f"called {by_name}", "test", 0, True), LONG, "pile.log")
    assert list_outputs(result) == [("a", (PAIRS, THIRD))]


FORMS_DSL = """
def apply(function, values): return tuple(function(value) for value in values)
def mapply(function, values): return tuple(item for value in values for item in function(value))
def first(values): return values[0]
def second(values): return values[1]
def p_g(grid): return tuple((cell, grid) for row in grid for cell in row)
def hmirror(grid): return grid[::-1]
def fill(grid, one): return grid
def identity(value): return value
def size(values): return (len(values),)
"""
FORMS_PILE = "from constants import *\nfrom dsl import *\n"
FORMS_GPU = """
from dsl import *
def batch_process_samples_gpu(S):
    inputs, outputs = apply(first, S), apply(second, S)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)
"""


@pytest.mark.parametrize("name", FORMS)
def test_a_batt_of_each_form_gives_what_it_gives_when_it_is_called(process, name, capfd):
    source, table = write_form(FORMS[name])
    write_modules(process, dsl=FORMS_DSL, constants="ZERO = 0\n", batt_gpu=FORMS_GPU, pile=FORMS_PILE)
    write_modules(process, safe_dsl=DSL, gpu_env="GPUEnv = None\n", my_batt=source, my_batt_call=table)
    jobs = [Job(name, "demo", 0, True), Job(name, "demo", 1, True), Job(name, "test", 0, True)]

    def run(batt):
        prepare(batt, make_samples(name))
        results = [score_sample(job, LONG, "pile.log") for job in jobs]
        return [
            (result.candidates, [result.counts[place] for place in result.counts_of]) for result in results
        ]

    called = run("my_batt")
    assert all(len(candidates) == 3 and all(counts) for candidates, counts in called)
    capfd.readouterr()
    write_modules(process, pile="raise SystemExit", batt_gpu="raise SystemExit", gpu_env="raise SystemExit")
    assert run(make_plan(load_batt("my_batt").program)) == called
    assert capfd.readouterr() == ("", "")


def test_a_batts_arguments_are_those_of_its_job(process):
    given = []
    prepare(lambda *arguments: given.append(arguments) or ([], []), make_samples("given"))
    score_sample(Job("given", "demo", 0), LONG, "pile.log")
    assert given == [("given", PAIRS, GRID, None, "pile.log")]


def test_what_a_program_prints_is_not_on_standard_output(process, capfd):
    prepare(lambda *_: print("noise") or ([], []), make_samples("noisy"))
    score_sample(Job("noisy", "demo", 0), LONG, "pile.log")
    assert capfd.readouterr() == ("", "noise\n")


def test_a_process_can_be_prepared_for_other_samples(process):
    for demo in (PAIRS, PAIRS[:1]):
        prepare(lambda _, pairs, *rest: ([(1, False, "a", pairs)], []), make_samples("again", demo))
        assert list_outputs(score_sample(Job("again", "demo", 0, True), LONG, "pile.log")) == [("a", demo)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(None, "ModuleNotFoundError: No module named 'bad_batt'", id="no module"),
        pytest.param("x = 1\n", "it has no function batt", id="no batt"),
        pytest.param("1 / 0\n", "ZeroDivisionError: division by zero", id="it fails"),
        pytest.param("def batt(:\n", "SyntaxError: invalid syntax", id="no Python"),
        pytest.param("batt = 5\n", "it has no function batt", id="no function"),
    ],
)
def test_a_module_without_a_batt_is_told_by_the_first_job(process, text, problem):
    if text is not None:
        write_modules(process, bad_batt=text)
    prepare("bad_batt", make_samples("bad"))
    for job in (
        lambda: score_sample(Job("bad", "demo", 0), LONG, "pile.log"),
        lambda: check_speed("bad", [SOLVE + "    return I\n"], LONG),
    ):
        with pytest.raises(ValueError) as caught:
            job()
        message = str(caught.value)
        assert message.startswith("bad_batt.py: ")
        assert problem in message
        assert message.endswith(": write the batt anew")
        assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("1 / 0\n", "ZeroDivisionError: division by zero", id="it fails"),
        pytest.param("def (:\n", "SyntaxError: invalid syntax", id="no Python"),
        pytest.param("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'", id="an import"),
        pytest.param("raise SystemExit(3)\n", "SystemExit: 3", id="it ends"),
    ],
)
def test_a_dsl_that_cannot_be_imported_is_told_by_the_first_job(process, text, problem):
    write_modules(process, dsl=text, constants="")
    prepare(make_plan(read_program(USES_S)), make_samples("without"))
    with pytest.raises(ValueError) as caught:
        score_sample(Job("without", "demo", 0), LONG, "pile.log")
    assert problem in str(caught.value)
    assert "dsl" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("modules", "problem"),
    [
        pytest.param({"pile": "1 / 0\n"}, "ZeroDivisionError: division by zero", id="they fail"),
        pytest.param({"pile": "raise SystemExit(3)\n"}, "SystemExit: 3", id="they end"),
        pytest.param(
            {"dsl": DSL, "constants": ""},
            "ModuleNotFoundError: No module named 'pile'",
            id="they are nowhere, and the DSL lacks a name",
        ),
    ],
)
def test_imports_that_fail_are_told_by_the_first_job(process, modules, problem):
    write_modules(process, **modules)
    prepare(make_plan(read_program("from pile import *\n" + USES_S)), make_samples("imports"))
    with pytest.raises(ValueError) as caught:
        score_sample(Job("imports", "demo", 0), LONG, "pile.log")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EMFILE, "raise the limit of open files (ulimit -n)"),
        (errno.ENOSPC, "free some space"),
        (errno.ENOENT, "mend "),
    ],
    ids=["no handle", "no space", "another error"],
)
@pytest.mark.parametrize(("name", "what"), [("dsl", "dsl.py"), ("pile", "the batt's imports")])
def test_an_import_that_lacks_something_is_told(process, name, what, number, advice):
    write_modules(process, **{name: f"raise OSError({number}, 'not now')\n"}, constants="")
    prepare(make_plan(read_program("from pile import *\n" + USES_S)), make_samples(f"{name} {number}"))
    with pytest.raises(ValueError) as caught:
        score_sample(Job(f"{name} {number}", "demo", 0), LONG, "pile.log")
    message = str(caught.value)
    assert message.startswith(f"{what}: ")
    assert f": [Errno {number}] not now: {advice}" in message


# The speed check


@pytest.fixture
def timed(process):
    """A prepared process; gives the list of what solvers were called with, by the function `note`."""
    noted = []
    names = {**NAMES, "note": lambda *arguments: noted.append(arguments), "sleep": time.sleep}
    batt = type(spin)(spin.__code__, names)
    prepare(batt, make_samples(f"timed {id(noted)}"))
    yield noted, f"timed {id(noted)}"


def test_a_solver_is_timed_on_every_sample(timed):
    noted, task_id = timed
    source = SOLVE + "    t1 = note(S, I, C)\n    t2 = sleep(0.01)\n    return t2\n"
    (speed,) = check_speed(task_id, [source], LONG)
    pairs = (*PAIRS, (THIRD, OTHER))
    assert noted == [(pairs, grid, None) for grid, _ in pairs]
    assert 0.03 <= speed.seconds < LONG / 6
    assert speed.timed_out is False


@pytest.mark.parametrize("failure", ["nowhere(t2)", "fail(t2)", "leave(t2)", "recurse(t2)"])
def test_a_solver_that_fails_has_taken_its_time(timed, failure):
    noted, task_id = timed
    source = f"{SOLVE}    t1 = note(I)\n    t2 = sleep(0.01)\n    return {failure}\n"
    (speed,) = check_speed(task_id, [source], LONG)
    assert len(noted) == 3
    assert speed.seconds >= 0.03
    assert speed.timed_out is False


def test_a_solver_that_is_late_on_one_sample_is_timed_on_the_others(timed):
    noted, task_id = timed
    late = SOLVE + "    t1 = note(I)\n    return spin_once(I)\n"
    slow = SOLVE + "    return sleep(0.02)\n"
    quick = SOLVE + "    return I\n"
    speeds = check_speed(task_id, [quick, late, slow], SHORT)
    assert len(noted) == 3
    assert [speed.timed_out for speed in speeds] == [False, True, False]
    assert 0 < speeds[0].seconds < speeds[1].seconds < LONG / 6
    assert speeds[1].seconds >= SHORT
    assert speeds[2].seconds >= 0.06


def test_solvers_leave_nothing_behind(timed):
    noted, task_id = timed
    sources = [f"{before}{SOLVE}    return note({n})\n" for n, before in enumerate(["", "note = None\n", ""])]
    assert len(check_speed(task_id, sources, LONG)) == 3
    assert noted == [(0,)] * 3 + [(2,)] * 3


def test_no_solvers_take_no_time(timed):
    assert check_speed(timed[1], [], LONG) == []
