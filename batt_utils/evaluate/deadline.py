"""Deadlines: the end of a sample's time, and the share of it that one call may take."""

import signal
from collections.abc import Callable
from functools import partial
from math import inf
from time import perf_counter

HARD_LIMIT = 1.7  # times the timeout: when a sample's differ values end too
TICK = 0.005  # times the timeout: how often the time of a call is looked at
SPARE = 0.1  # times the timeout: for what stopped calls take, which begin again later
SHARE = 0.5  # of what is left of that: for a call, before it is stopped
PATIENCE = 0.25  # of the time that is left: for a call that was stopped, before it is once more


class TimeUp(BaseException):
    """The time of a piece of work has passed; no program's `except Exception` stops it."""


class CallTooLong(TimeUp):
    """A call has had its share of a sample's time."""


def _raise_time_up(signum: int, frame: object) -> None:
    raise TimeUp


def run_within(seconds: float, work: Callable[[], object]) -> bool:
    """Run `work` for at most so many seconds; whether it ended by itself.

    Needs the main thread and interval timers; where there are none, only the caller's deadline holds.
    """
    if not hasattr(signal, "setitimer"):
        work()
        return True
    signal.signal(signal.SIGALRM, _raise_time_up)
    try:
        try:
            # Again every 50 ms, for a program that swallows the first.
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.05)
            work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except TimeUp:
        signal.setitimer(signal.ITIMER_REAL, 0)  # the signal may have come just before the line above
        return False
    return True


class Deadline:
    """The end of a sample's time, and of the small share of it that one call may take.

    A call that may be stopped sets `ticks` to 0 before and to -inf after: then `CallTooLong` is raised in it.
    A program may swallow that; `stopped` tells. What calls take that are stopped for the first time is added
    to the sample's time.
    """

    def __init__(self, timeout: float) -> None:
        """Start the time."""
        self._start = perf_counter()
        self._timeout = timeout
        self._tick = max(TICK * timeout, 1e-3)
        self._end = self._spare = self._wasted = 0.0
        self._limit = inf  # seconds for a call
        self.ticks = -inf
        self.stopped = False

    def run(self, work: Callable[[], object], limit: float) -> bool:
        """Run work till `limit` times the timeout have passed since the start; tell whether it ended."""
        self._end = self._start + limit * self._timeout + self._wasted
        self._spare = SPARE * self._timeout - self._wasted
        self._limit = SHARE * self._spare
        self.ticks, self.stopped = -inf, False
        left = self._end - perf_counter()
        return left > 0 and run_within(left, partial(self._run, work))

    def _run(self, work: Callable[[], object]) -> None:
        if hasattr(signal, "setitimer"):  # `run_within` has set it for the end, and stops it
            signal.signal(signal.SIGALRM, self._look)
            signal.setitimer(signal.ITIMER_REAL, self._tick, self._tick)
        work()

    def _look(self, signum: int, frame: object) -> None:
        # Ticks are counted, not seconds: a process that has to wait for a core has none meanwhile.
        self.ticks += 1
        if perf_counter() >= self._end:
            self.stopped = True
            raise TimeUp
        if self.ticks * self._tick >= self._limit:
            self.ticks = 0  # if it is swallowed, it is raised again
            self.stopped = True
            raise CallTooLong

    def go_on(self, took: float) -> None:
        """Go on after a call that was stopped.

        Raises:
            TimeUp: the sample's time has passed, and a program has swallowed that.
        """
        if perf_counter() >= self._end:
            raise TimeUp
        self.stopped = False
        if self._spare:
            wasted = min(took, self._spare)
            self._wasted += wasted
            self._spare -= wasted
            self._end += wasted
            self._limit = SHARE * self._spare
        else:
            self.be_patient()

    def be_patient(self) -> None:
        """Let a call take a good part of the time that is left."""
        self._spare = 0.0
        self._limit = PATIENCE * (self._end - perf_counter())

    def stop_none(self) -> None:
        """Let each call take all the time that is left."""
        self._spare = 0.0
        self._limit = inf
