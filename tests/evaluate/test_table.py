"""Batts read as data, beside batts that are called."""

import time
from collections import Counter
from functools import partial

import pytest
from evaluation import (
    EVALUATORS,
    FAILURES,
    GRID,
    GUARDS,
    HARD,
    INVENTED,
    LONG,
    NAMES,
    OTHER,
    PAIRS,
    SHORT,
    SOFT,
    THIRD,
    default_of_anything,
    differ,
    divide,
    invented_batts,
    list_counted,
    list_outputs,
    list_values,
    make_function_evaluator,
    make_table_evaluator,
    measure,
    mirror,
    output,
    score,
    score_plainly,
    spin,
    write_batt,
    write_invented,
)
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.evaluate import deadline
from batt_utils.evaluate.function import FunctionEvaluator
from batt_utils.evaluate.values import keep_size
from tables import Text, call_tables, write_nested


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
    monkeypatch.setattr(deadline, "run_within", lambda seconds, work: False)
    result = score(evaluator, sample={"input": THIRD, "output": THIRD})
    assert (result.candidates, result.timed_out) == ([], True)
