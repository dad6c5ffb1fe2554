"""What comes of a job, and of several in turn."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.engine.runner import WAITING, Results, pause, read_result, run, run_job
from batt_utils.evaluate.results import Failure


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("function", "job", "outcome"),
    [
        pytest.param(pow, (2, 3), 8, id="a result"),
        pytest.param(fail, (KeyError("x\ny"),), Failure(False, r"KeyError: 'x\ny'"), id="an error"),
        pytest.param(fail, (TypeError("x\ny"),), Failure(False, "TypeError: x"), id="of several lines"),
        pytest.param(fail, (SystemExit(3),), Failure(False, "SystemExit: 3"), id="an exit"),
        pytest.param(
            fail, (MemoryError(),), Failure(False, "it needs more than the memory limit"), id="no memory"
        ),
    ],
)
def test_what_comes_of_a_job(function, job, outcome):
    assert read_result(run_job(function, job)) == outcome


def test_a_result_that_cannot_be_sent_is_a_failure():
    outcome = read_result(run_job(threading.Lock, ()))
    assert isinstance(outcome, Failure) and outcome.what.startswith("TypeError: ")


@pytest.mark.parametrize("error", [ValueError("x"), FileNotFoundError(2, "x"), OSError()], ids=repr)
def test_a_word_to_the_user_is_raised(error):
    with pytest.raises(type(error)) as caught:
        read_result(run_job(fail, (error,)))
    assert caught.value.args == error.args


async def take(outcomes):
    return [outcome async for outcome in outcomes]


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers()))))
def test_outcomes_come_in_their_order(expected):
    steps = [step for waits, outcome in expected for step in (*[WAITING] * waits, outcome)]
    outcomes = [outcome for _, outcome in expected]
    assert list(Results(iter(steps))) == outcomes
    assert asyncio.run(take(Results(iter(steps)))) == outcomes


def test_no_more_is_taken_than_is_asked_for():
    steps = iter([WAITING, 1, WAITING, 2])
    assert next(Results(steps)) == 1
    assert list(steps) == [WAITING, 2]


def test_others_run_while_an_outcome_is_waited_for():
    said = []

    def step():
        said.append("waiting")
        yield WAITING
        said.append("there")
        yield 7

    async def run():
        async def say():
            said.append("another")

        another = asyncio.create_task(say())
        assert await anext(Results(step())) == 7
        await another

    asyncio.run(run())
    assert said == ["waiting", "another", "there"]


def test_a_cancel_comes_through_in_a_pause():
    async def run():
        asyncio.current_task().cancel()
        await pause()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_a_pause_needs_no_event_loop():
    paused = pause()
    assert paused.send(None) is None
    with pytest.raises(StopIteration):
        paused.send(None)


def test_a_coroutine_that_only_pauses_runs_without_a_loop_and_within_one():
    async def count(number):
        for _ in range(number):
            await pause()
        return number

    async def within():
        return run(count(2)), await count(3)

    assert run(count(1)) == 1
    assert asyncio.run(within()) == (2, 3)
