import builtins
import gc
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from conftest import Text, call_tables, write_nested
from hypothesis import example, given
from hypothesis import strategies as st

from batt_utils import evaluate
from batt_utils.evaluate import (
    FunctionEvaluator,
    Job,
    TableEvaluator,
    check_speed,
    fingerprint,
    group_by_target,
    import_batt,
    keep_size,
    load_names,
    make_plan,
    prepare,
    run_within,
    score_output,
    score_sample,
)
from batt_utils.program import Candidate, read_program

GRID, OTHER, THIRD = ((1, 2),), ((2, 1),), ((5,), (6,))
PAIRS = ((GRID, OTHER), (THIRD, GRID))
SAMPLE = {"input": GRID, "output": OTHER}
LONG = 60  # seconds that no test takes
SHORT = 0.15


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


def divide(value):
    return value / 0


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


def write_batt(*lines):
    """A batt's source; `tN ? CALL` stands for a guarded call."""
    text = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n"
    for line in lines:
        t, guard, call = line.partition(" ? ")
        if guard:
            text += f"    try:\n        {t} = {call}\n    except (TypeError, AttributeError, ValueError):\n"
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


EVALUATORS = pytest.mark.parametrize("make", [make_table_evaluator, make_function_evaluator], ids=["table", "function"])


def score(evaluator, part="demo", sample=SAMPLE, timeout=LONG, pairs=PAIRS):
    return evaluator.score(Job("ab", part, 0, True), pairs, sample, timeout, "pile.log")


def list_outputs(score):
    return [(scored.solver_id, scored.value) for scored in score.candidates]


def list_counted(score):
    """Each candidate, whether it matches, and the differ values that count for it."""
    return [
        (*scored, values["None"], values[scored.solver_id])
        for scored, place in zip(score.candidates, score.measured, strict=True)
        for values in [score.differ_values[place]]
    ]


def score_plainly(source, part, sample):
    """The same by plain calls of the batt: one for the candidates, one more for each of them."""
    namespace = dict(NAMES)
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
    assert list_counted(result) == [
        (1, True, "a", OTHER, match, [(2, "None", "differ_x", (on_input,))], own)
    ]
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
    assert result.differ_values == [{"None": [], "a": [(2, "a", "differ_x", None)]}]


@EVALUATORS
@pytest.mark.parametrize("lines", [[], ["t1 = differ(I, C)", measure(1, "None")]], ids=["nothing", "a differ"])
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


FAILURES = [
    pytest.param("t2 = fail(I)", id="ValueError, not guarded"),
    pytest.param("t2 = mirror(7)", id="TypeError, not guarded"),
    pytest.param("t2 ? divide(1)", id="ZeroDivisionError"),
    pytest.param("t2 ? second(t1)", id="IndexError"),
    pytest.param("t2 ? recurse(I)", id="infinite recursion"),
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
    assert result.differ_values == [
        {"None": [], "a": []},
        {"None": [(4, "None", "differ_x", (0,))], "b": [(4, "b", "differ_x", (0,))]},
    ]


def test_a_batt_without_safe_defaults_has_none():
    names = {name: value for name, value in NAMES.items() if name != "_get_safe_default"}
    source = write_batt("t1 ? fail(I)", "t2 ? mirror(I)", output(1, "a"), output(2, "b"))
    assert list_outputs(score(make_table_evaluator(source, names))) == [("b", OTHER)]


@pytest.mark.parametrize("result", [None, 7, [], ([],), ([], [], [])], ids=repr)
def test_a_function_that_returns_something_else_gives_nothing(result):
    found = score(FunctionEvaluator(lambda *_: result))
    assert (found.candidates, found.differ_values, found.timed_out) == ([], [], False)


# Invented batts

SOFT = ("mirror", "head", "apply", "join", "differ", "choose", "fail")
HARD = ("second", "divide", "recurse", "nowhere")
ARGUMENTS = ("S", "I", "C", "I", "C", "0", "-1", "head", "mirror", "None")


def head(values):
    return values[0] if values else values


def default_of_anything(function):
    return "default", getattr(function, "__name__", None)


INVENTED = {**NAMES, "head": head, "_get_safe_default": default_of_anything}


@st.composite
def invented_batts(draw, functions, guards):
    """What an invented batt says: (table, guarded, outputs, differs)."""
    table = draw(call_tables(functions, ARGUMENTS))
    guarded = {t for t in table if draw(guards)}
    roots = st.sampled_from(list(table))
    outputs = draw(st.lists(st.tuples(roots, st.sampled_from("ab"), st.booleans()), max_size=5))
    owners, names = st.sampled_from(["None", "a", "b", "c"]), st.sampled_from("xy")
    differs = draw(st.lists(st.tuples(roots, owners, names), max_size=5))
    return table, guarded, outputs, differs


def write_invented(table, guarded, outputs, differs):
    return write_batt(
        *(
            f"t{t} {'?' if t in guarded else '='} {function}({', '.join(arguments)})"
            for t, (function, *arguments) in table.items()
        ),
        *(output(*item) for item in outputs),
        *(measure(*item) for item in differs),
    )


PARTS = st.sampled_from(["demo", "test"])
SAMPLES = st.sampled_from([{"input": GRID, "output": OTHER}, {"input": THIRD, "output": GRID}])


@given(invented_batts(SOFT, st.just(True)), st.lists(st.tuples(PARTS, SAMPLES), min_size=1, max_size=3))
def test_an_invented_batt_gives_what_it_gives_when_it_is_called(batt, samples):
    source = write_invented(*batt)
    evaluators = make_table_evaluator(source, INVENTED), make_function_evaluator(source, INVENTED)
    for part, sample in samples:
        expected = score_plainly(source, part, sample)
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
            if t in guarded and isinstance(error, (TypeError, AttributeError, ValueError)):
                values[f"t{t}"] = default_of_anything(function)
    return {t: values[f"t{t}"] for t in table if f"t{t}" in values}


@given(invented_batts(SOFT + HARD, st.booleans()), st.lists(st.tuples(PARTS, SAMPLES), min_size=1, max_size=3))
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
                [(root, owner, name, keep_size(measured[root])) for root, owner, name in differs if owner == wanted and root in measured]
                for wanted in ("None", solver_id)
            )
            expected.append((t, evolved, solver_id, values[t], values[t] == sample["output"], *counted))
        assert list_counted(score(evaluator, part, sample)) == expected


# How often a call is evaluated

NAMED = ("f", "g")


@given(call_tables(NAMED, ("S", "I", "C", "f", "1")), PARTS, st.data())
def test_each_distinct_call_is_evaluated_once_for_what_it_depends_on(table, part, data):
    roots = st.sampled_from(list(table))
    outputs = data.draw(st.lists(st.tuples(roots, st.sampled_from("ab")), max_size=4))
    differs = data.draw(st.lists(st.tuples(roots, st.sampled_from(["None", "a", "b", "c"])), max_size=4))
    made = []

    class Counted(Text):
        def __call__(self, *arguments):
            made.append(super().__call__(*arguments))
            return Counted(made[-1])

    source = write_batt(
        *(f"t{t} = {function}({', '.join(arguments)})" for t, (function, *arguments) in table.items()),
        *(output(*item) for item in outputs),
        *(measure(*item) for item in differs),
    )
    evaluator = make_table_evaluator(source, {name: Counted(name) for name in NAMED})
    pairs = Counted("S")

    def list_calls(roots, target):
        """The text of each call that these need."""
        found, rest = set(), list(roots)
        while rest:
            t = rest.pop()
            found.add(write_nested(table, t).replace("C", target))
            rest += [int(item[1:]) for item in table[t] if item[0] == "t"]
        return found

    for number, grid in enumerate("IJ"):
        made.clear()
        score(evaluator, part, {"input": Counted(grid), "output": Counted("D")}, pairs=pairs)

        given_none = list_calls([t for t, _ in outputs], "None")
        solvers = {}
        for t, solver_id in outputs:
            target = "D" if part == "demo" else write_nested(table, t).replace("C", "None")
            solvers.setdefault(target, {"None"}).add(solver_id)
        expected = Counter(given_none)
        owners = {"None", *(solver_id for _, solver_id in outputs)}
        without_c = list_calls([t for t, owner in differs if owner in owners], "C")
        expected |= Counter(text for text in without_c if "C" not in text)
        for target, owners in solvers.items():
            own = [t for t, owner in differs if owner in owners]
            calls = zip_texts(table, own, target)
            expected += Counter(calls)
        if number:
            expected = Counter({text: count for text, count in expected.items() if "I" in text or "None" in text or "D" in text})
        assert Counter(text.replace("J", "I") for text in made) == expected
