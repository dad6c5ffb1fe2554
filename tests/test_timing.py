import doctest

import pytest

from batt_utils import timing
from batt_utils.timing import measure, summarize


@pytest.fixture
def clock(monkeypatch):
    """A clock that shows what it is told to."""
    times = []
    monkeypatch.setattr(timing, "perf_counter", lambda: times.pop(0))
    return times


def test_the_seconds_of_a_name_add_up(clock):
    clock += [1.0, 1.5, 2.0, 6.0, 10.0, 10.25]
    seconds = {}
    for name in ("a", "b", "a"):
        with measure(seconds, name):
            assert len(clock) % 2 == 1
    assert seconds == {"a": 0.75, "b": 4.0}


def test_what_is_inside_another_counts_for_both(clock):
    clock += [0.0, 1.0, 3.0, 7.0]
    seconds = {}
    with measure(seconds, "outer"), measure(seconds, "inner"):
        pass
    assert seconds == {"outer": 7.0, "inner": 2.0}


def test_a_failure_counts_and_goes_on(clock):
    clock += [0.0, 2.0]
    seconds = {"a": 1.0}
    with pytest.raises(KeyError), measure(seconds, "a"):
        raise KeyError
    assert seconds == {"a": 3.0}


def test_without_a_place_for_them_no_seconds_are_kept():
    with measure(None, "a"):
        pass


def test_the_summary_falls():
    seconds = {
        "utils.inline_variables.total": 0.0004,
        "main.run_batt": 12345.6789,
        "batt.demo.run_with_timeout": 0.0125,
        "first": 1,
        "second": 1,
        "a name that is longer than thirty-two": 0.5,
    }
    assert summarize(seconds).splitlines() == [
        "Timing summary (seconds):",
        "  main.run_batt                    12345.679",
        "  first                               1.000",
        "  second                              1.000",
        "  a name that is longer than thirty-two    0.500",
        "  batt.demo.run_with_timeout          0.013",
        "  utils.inline_variables.total        0.000",
    ]


def test_a_summary_of_nothing_is_its_head():
    assert summarize({}) == "Timing summary (seconds):"


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(timing)
    assert (result.failed, result.attempted) == (0, 4)
