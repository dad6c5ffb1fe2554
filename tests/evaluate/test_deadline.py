"""Work within a deadline."""

import signal
import time
from contextlib import suppress

import pytest
from evaluation import LONG, spin

from batt_utils.evaluate.deadline import run_within


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
