"""Signals as an exception that comes once."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import nullcontext, suppress

import pytest

from batt_utils.signals import Interrupted, held, raise_signals

FORK = multiprocessing.get_context("fork")
SIGNALS = [signal.SIGINT, signal.SIGTERM]
both = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def get_handlers():
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.fixture(autouse=True)
def handlers():
    """Handlers of our own, that note what they are called with and must be there again after each test."""
    came = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in SIGNALS}
    ours = get_handlers()
    yield came
    after = get_handlers()
    for number, handler in before.items():
        signal.signal(number, handler)
    assert after == ours


@both
def test_a_signal_raises(number, handlers):
    with pytest.raises(Interrupted) as caught, raise_signals():
        signal.raise_signal(number)
    assert caught.value.status == 128 + number
    assert isinstance(caught.value, KeyboardInterrupt)
    assert handlers == []


class Dropping:
    """Python drops what is raised as this is deleted."""

    def __del__(self):
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_is_dropped_comes_again(handlers, capsys):
    before = sys.unraisablehook
    with pytest.raises(Interrupted) as caught, raise_signals():
        Dropping()
        time.sleep(10)
    assert caught.value.status == 128 + signal.SIGTERM
    assert sys.unraisablehook is before
    assert (handlers, capsys.readouterr().err) == ([], "")


def test_other_errors_that_are_dropped_are_told_as_before(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_value))

    class Failing:
        def __del__(self):
            raise error

    error = KeyError("a")
    with raise_signals():
        Failing()
    assert told == [error]


def test_a_coroutine_that_a_signal_keeps_from_being_awaited_is_not_told(recwarn):
    async def wait():
        raise AssertionError

    with suppress(Interrupted), raise_signals():
        waiting = wait()
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            del waiting
    assert recwarn.list == []
    wait()
    gc.collect()
    assert len(recwarn.list) == 1  # as before


def test_without_a_signal_nothing_is_raised(handlers):
    with raise_signals(), held(), held():
        pass
    assert handlers == []


@pytest.mark.parametrize("error", [None, KeyError, Interrupted], ids=["the end", "an error", "a signal"])
def test_after_the_block_a_signal_does_what_it_did_before(handlers, error):
    with suppress(KeyError, Interrupted), raise_signals():
        if error is Interrupted:
            signal.raise_signal(signal.SIGINT)
        elif error:
            raise error
    for number in SIGNALS:
        signal.raise_signal(number)
    assert handlers == SIGNALS


@both
def test_an_ignored_signal_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    (other,) = {*SIGNALS} - {number}
    with raise_signals():
        signal.raise_signal(number)
        with pytest.raises(Interrupted):
            signal.raise_signal(other)
    assert signal.signal(number, before) == signal.SIG_IGN


@both
@pytest.mark.parametrize("later", SIGNALS, ids=lambda number: number.name)
def test_later_signals_do_nothing(number, later, handlers):
    with raise_signals():
        with pytest.raises(Interrupted):
            signal.raise_signal(number)
        signal.raise_signal(later)
        with held():
            signal.raise_signal(later)
    assert handlers == []


@both
def test_a_held_signal_comes_after_the_block(number):
    done = []
    with pytest.raises(Interrupted) as caught, raise_signals():
        with held():
            signal.raise_signal(number)
            done.append("what belongs together")
        done.append("what comes next")
    assert caught.value.status == 128 + number
    assert done == ["what belongs together"]


def test_of_several_held_signals_the_first_comes():
    with pytest.raises(Interrupted) as caught, raise_signals(), held():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
            signal.raise_signal(number)
    assert caught.value.status == 143


def test_after_a_hold_a_signal_comes_at_once():
    with raise_signals():
        with held():
            pass
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        with held():
            pass


def test_a_signal_that_was_held_does_not_come_again():
    with pytest.raises(Interrupted), raise_signals(), held():
        signal.raise_signal(signal.SIGINT)
    with raise_signals():
        with held():
            pass
        with pytest.raises(Interrupted) as caught:
            signal.raise_signal(signal.SIGTERM)
    assert caught.value.status == 143


def test_an_error_in_a_hold_is_not_covered_by_a_signal(handlers):
    with pytest.raises(KeyError), raise_signals(), held():
        signal.raise_signal(signal.SIGINT)
        raise KeyError
    assert handlers == []


def test_a_hold_is_for_any_handler(handlers):
    with held():
        for number in SIGNALS:
            signal.raise_signal(number)
        assert handlers == []
    assert handlers == SIGNALS


@both
def test_a_hold_leaves_a_signal_that_ends_the_process_or_is_ignored(number):
    for handler in (signal.SIG_DFL, signal.SIG_IGN):
        before = signal.signal(number, handler)
        with held():
            inside = signal.getsignal(number)
        assert signal.signal(number, before) == inside == handler


def test_outside_the_main_thread_nothing_changes(handlers):
    before = get_handlers(), sys.unraisablehook, warnings.filters
    seen = []

    def run():
        with raise_signals(), held():
            seen.append((get_handlers(), sys.unraisablehook, warnings.filters))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


@both
@pytest.mark.parametrize("in_a_hold", [False, True], ids=["at once", "in a hold"])
def test_a_forked_child_ends(number, in_a_hold):
    def run():
        os.kill(os.getpid(), number)

    with raise_signals(), held() if in_a_hold else nullcontext():
        child = FORK.Process(target=run)
        child.start()
        child.join()
        assert child.exitcode == 128 + number
