"""The seconds of solvers, summed over their calls and samples."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.evaluate import speed
from batt_utils.evaluate.speed import sum_seconds


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        pytest.param([({1: 1, 2: 2, 3: 4}, set())], (7, True), id="a sample"),
        pytest.param([({1: 1, 2: 2, 3: 4}, set())] * 2, (14, True), id="two samples"),
        pytest.param([({1: 1, 2: 2, 3: 4}, {2})], (3, True), id="ends where a call raises"),
        pytest.param([({1: 1, 2: 2}, {2})], (3, True), id="what comes after that is not made"),
        pytest.param([({1: 1, 2: 2, 3: 4}, {2}), ({1: 1, 2: 2, 3: 4}, set())], (10, True), id="on one"),
        pytest.param([({1: 1, 3: 4}, set())], (1, False), id="a call was not made"),
        pytest.param([({1: 1, 2: 2, 3: 4}, set()), ({}, set())], (7, False), id="none was made"),
        pytest.param([({1: 1, 2: 2, 3: 4, 9: 8}, {9})], (7, True), id="others do not matter"),
        pytest.param([], (0, False), id="no sample"),
    ],
)
def test_a_program_takes_the_seconds_of_its_calls(timings, expected):
    assert sum_seconds({3: [1, 2, 3]}, timings) == {3: expected}


def run(calls, seconds, raised):
    """What running a program takes: a plain model."""
    taken = 0
    for t in calls:
        if t not in seconds:
            return taken, False
        taken += seconds[t]
        if t in raised:
            return taken, True
    return taken, True


CALLS = st.integers(1, 6)
SAMPLES = st.tuples(st.dictionaries(CALLS, st.integers(0, 9)), st.frozensets(CALLS))


@given(st.dictionaries(CALLS, st.lists(CALLS, unique=True).map(sorted)), st.lists(SAMPLES, min_size=1))
def test_programs_take_what_runs_of_them_take(needs, timings):
    timings = [(seconds, raised & seconds.keys()) for seconds, raised in timings]
    for t, found in sum_seconds(needs, timings).items():
        runs = [run(needs[t], *timing) for timing in timings]
        assert found == (sum(taken for taken, _ in runs), all(timed for _, timed in runs))


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(speed)
    assert (result.failed, result.attempted) == (0, 1)
