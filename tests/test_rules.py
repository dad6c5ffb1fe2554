import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils import rules as scoring
from batt_utils.rules import D_Score, O_Score, S_Score, count_right
from golden import make_tuples, read_golden
from old_flow import count_differs

SCENARIOS = read_golden("scoring")


def count(*items, solver_id="a"):
    d_score = D_Score()
    d_score.update(solver_id, items)
    return d_score


def test_each_correct_output_counts():
    o_score = O_Score()
    for solver_id, match in [("a", True), ("b", False), ("a", False), ("a", True), ("c", True)]:
        o_score.update(solver_id, match)
    assert o_score.score == {"a": 2, "b": 0, "c": 1}


@pytest.mark.parametrize(
    ("value", "on_input", "on_output"),
    [
        pytest.param((2, 7), (1, 0), (0, 1), id="a difference"),
        pytest.param((1,), (1, 0), (0, 1), id="a size alone"),
        pytest.param((0, 7), (0, 1), (1, 0), id="no difference"),
        pytest.param((-1, 7), (0, 0), (0, 0), id="below zero"),
        pytest.param((True, 7), (0, 0), (0, 0), id="True"),
        pytest.param((False, 7), (0, 0), (0, 0), id="False"),
        pytest.param((2.0, 7), (0, 0), (0, 0), id="float"),
        pytest.param(("2", 7), (0, 0), (0, 0), id="text"),
        pytest.param(((1,), 7), (0, 0), (0, 0), id="a tuple first"),
        pytest.param((), (0, 0), (0, 0), id="empty"),
        pytest.param(None, (0, 0), (0, 0), id="None"),
        pytest.param(2, (0, 0), (0, 0), id="no tuple"),
        pytest.param([2, 7], (0, 0), (0, 0), id="list"),
        pytest.param(frozenset({2}), (0, 0), (0, 0), id="frozenset"),
    ],
)
def test_a_differ_counts_by_its_size(value, on_input, on_output):
    iz, zo = on_input
    assert count((7, "None", "x", value)).score == {"a": {"x": {"last_t": 7, "iz": iz, "zo": zo}}}
    iz, zo = on_output
    both = count((7, "None", "x", None), (9, "a", "x", value))
    assert both.score == {"a": {"x": {"last_t": 7, "iz": iz, "zo": zo}}}
    assert both.last_t == {"x": 7}
    other = count((7, "None", "x", None), (9, "b", "x", value))
    assert other.score == {"a": {"x": {"last_t": 7, "iz": 0, "zo": 0}}}
    assert other.last_t == {"x": 7}


def test_a_differ_that_measures_outputs_only_is_not_counted():
    d_score = count((9, "a", "x", (2, 7)), (9, "b", "x", (2, 7)))
    assert (d_score.score, d_score.last_t) == ({}, {})


def test_an_item_may_come_alone():
    d_score = D_Score()
    for solver_id, item in [
        ("a", (9, "a", "x", (0, 0))),  # nothing measures an input yet
        ("a", (7, "None", "x", (3, 0))),
        ("a", [9, "a", "x", (0, 0)]),
        ("b", (9, "a", "x", (0, 0))),
        ("a", (5, "None", "x", (0, 0))),
        ("b", (9, "b", "x", (2, 0))),
    ]:
        d_score.update(solver_id, item)
    assert d_score.last_t == {"x": 5}
    assert d_score.score == {
        "a": {"x": {"last_t": 7, "iz": 2, "zo": 1}},
        "b": {"x": {"last_t": 5, "iz": 0, "zo": 1}},
    }


def test_counts_of_many_samples_add_up():
    d_score = D_Score()
    first = [(7, "None", "x", (3, 0)), (8, "a", "x", (0, 0)), (9, "b", "x", (1, 0)), (3, "None", "y", (0, 0))]
    second = [(7, "None", "x", (0, 0)), (8, "a", "x", (0, 0)), (9, "b", "x", (1, 0))]
    for solver_id in "ab":
        d_score.update(solver_id, first)
        d_score.update(solver_id, second)
    assert d_score.score == {
        "a": {"x": {"last_t": 7, "iz": 3, "zo": 1}, "y": {"last_t": 3, "iz": 0, "zo": 1}},
        "b": {"x": {"last_t": 7, "iz": 1, "zo": 3}, "y": {"last_t": 3, "iz": 0, "zo": 1}},
    }
    assert d_score.last_t == {"x": 7, "y": 3}


def test_the_call_that_measures_the_input_is_the_latest_and_each_solver_keeps_its_first():
    d_score = D_Score()
    d_score.update("a", [(7, "None", "x", (1, 0))])
    d_score.update("a", [(5, "None", "x", (1, 0))])
    d_score.update("b", [])
    d_score.update("c", [(8, "c", "x", (0, 0))])
    assert d_score.last_t == {"x": 5}
    assert d_score.score == {
        "a": {"x": {"last_t": 7, "iz": 2, "zo": 0}},
        "c": {"x": {"last_t": 5, "iz": 1, "zo": 0}},
    }


def test_the_demo_scores_stay_as_they_were_when_the_test_samples_come():
    d_score, s_score = count((7, "None", "x", (3, 0))), S_Score()
    assert s_score.score == {}
    s_score.update(d_score)
    taken = {"a": {"x": {"last_t": 7, "iz": 1, "zo": 0}}}
    assert s_score.score == taken
    d_score.update("a", [(7, "None", "x", (3, 0)), (7, "None", "y", (3, 0))])
    d_score.update("b", [(7, "None", "x", (3, 0))])
    assert s_score.score == taken
    s_score.score["a"]["x"]["iz"] = 9
    assert d_score.score["a"]["x"]["iz"] == 2


SIZES = st.sampled_from([None, (), (0,), (1,), (5, 2), (-1,), (True,), 3])
ITEMS = st.tuples(st.integers(0, 9), st.sampled_from(["None", "a", "b"]), st.sampled_from("xyz"), SIZES)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.lists(ITEMS, max_size=6)), max_size=6))
def test_values_of_other_solvers_change_nothing(updates):
    of_all, of_its_own = D_Score(), D_Score()
    for solver_id, items in updates:
        of_all.update(solver_id, items)
        of_its_own.update(solver_id, [item for item in items if item[1] in ("None", solver_id)])
    assert of_all.score == of_its_own.score
    assert of_all.last_t == of_its_own.last_t


@given(st.lists(st.tuples(st.sampled_from("ab"), st.lists(ITEMS, max_size=6)), max_size=6))
def test_a_solver_is_counted_as_in_the_old_flow(updates):
    d_score, score, last_t = D_Score(), {}, {}
    for solver_id, items in updates:
        d_score.update(solver_id, items)
        count_differs(score, last_t, solver_id, items)
    assert d_score.score == score
    assert d_score.last_t == last_t


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.lists(ITEMS, max_size=6).flatmap(st.permutations)), max_size=6
    )
)
def test_items_count_alone_as_they_do_together(updates):
    together, alone = D_Score(), D_Score()
    for solver_id, items in updates:
        together.update(solver_id, items)
        for item in items:
            alone.update(solver_id, item)
    assert (alone.score, alone.last_t) == (together.score, together.last_t)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[str(i) for i in range(len(SCENARIOS))])
def test_a_recorded_run_is_counted_as_recorded(scenario):
    differs = {(run["part"], run["sample"], make_tuples(run["C"])): run["s"] for run in scenario["differs"]}
    d_score = D_Score()
    for run in scenario["runs"]:
        sample = scenario["task"][run["part"]][run["sample"]]
        for _, _, solver_id, grid in run["o"]:
            compared = sample["output"] if run["part"] == "demo" else grid
            items = differs[run["part"], run["sample"], make_tuples(compared)]
            d_score.update(
                solver_id, [(t, owner, name, make_tuples(value)) for t, owner, name, value in items]
            )
    assert d_score.score == scenario["expected"]["d_score"]
    assert d_score.last_t == scenario["expected"]["last_t"]


@pytest.mark.parametrize(("score", "right"), [(0, 0), (1, 1), (12, 12), (1000, 1), (12_000, 12)])
def test_a_score_of_either_rules_stands_for_right_outputs(score, right):
    assert count_right(score) == right


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(scoring)
    assert (result.failed, result.attempted) == (0, 9)
