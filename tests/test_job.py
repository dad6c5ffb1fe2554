"""A task as one job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.evaluate.results import SampleResult
from batt_utils.job import Solver, TaskJob, count_samples
from batt_utils.rules import D_Score


@pytest.mark.parametrize(
    ("seconds", "t_log"), [(1.0, 11), (0.5, 11), (0.1, 13), (3.0, 10), (0.0, 31)], ids=str
)
def test_the_quicker_a_solver_the_higher_its_t_log(seconds, t_log):
    assert Solver(1, "a", 2, "b", seconds).t_log == t_log


def test_a_job_lists_its_pairs():
    samples = {
        part: [{"input": ((i,),), "output": ((j,),)}] for part, i, j in [("demo", 1, 2), ("test", 3, 4)]
    }
    job = TaskJob(0, "ab", samples, 1)
    assert job.list_pairs("demo") == ((((1,),), ((2,),)),)
    assert job.list_pairs("demo", "test") == ((((1,),), ((2,),)), (((3,),), ((4,),)))


def make_result(*candidates):
    """A sample's result for candidates (t, solver_id, match), each of which measures what is one cell."""
    ts, solver_ids, matches = zip(*candidates, strict=True) if candidates else [()] * 3
    counts = [[("differ_x", 9, 1, 0)]]
    return SampleResult(ts, (False,) * len(ts), solver_ids, ts, matches, (0,) * len(ts), counts)


RIGHT, WRONG = (1, "a", True), (1, "a", False)


@pytest.mark.parametrize(
    ("results", "solved"),
    [
        pytest.param([[RIGHT], [RIGHT]], True, id="right on all"),
        pytest.param([[RIGHT], [WRONG]], False, id="right on one"),
        pytest.param([[RIGHT], []], False, id="missing on one"),
        pytest.param([[RIGHT], [(2, "a", True)]], False, id="each by another program"),
        pytest.param([[RIGHT], [(2, "b", True), (1, "c", True)]], True, id="by one program of several"),
        pytest.param([], False, id="no samples"),
    ],
)
def test_a_task_is_solved_by_one_program(results, solved):
    counted = count_samples([make_result(*result) for result in results], 1, D_Score())
    assert counted.is_solved is solved


CANDIDATES = st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abc"), st.booleans()), max_size=5)


@given(st.lists(CANDIDATES, max_size=4), st.lists(CANDIDATES, max_size=3))
def test_samples_are_counted_one_by_one(demo, test):
    results = [make_result(*result) for result in (*demo, *test)]
    counted = count_samples(results, len(demo), D_Score())
    every = [candidate for result in (*demo, *test) for candidate in result]
    assert counted.o_score.score == {
        name: sum(match for _, solver_id, match in every if solver_id == name) for _, name, _ in every
    }
    assert counted.candidates == list(dict.fromkeys((t, False, name, t) for t, name, _ in every))
    assert [(one.part, one.number) for one in counted.events] == [
        *[("demo", number) for number in range(len(demo))],
        *[("test", number) for number in range(len(test))],
    ]
    for score, parts in ((counted.s_score, demo), (counted.d_score, [*demo, *test])):
        names = [name for result in parts for _, name, _ in result]
        found = {name: counts["differ_x"]["iz"] for name, counts in score.score.items()}
        assert found == {name: names.count(name) for name in names}
