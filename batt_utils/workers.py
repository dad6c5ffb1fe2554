"""Processes that jobs run in, with deadlines and limited memory: a hang, a leak or a crash costs one job."""

import errno
import faulthandler
import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any

import pebble

from batt_utils.console import LIMITS, note
from batt_utils.device import can_fork
from batt_utils.jobs import WAITING, Failure, Outcomes, read_outcome, run_job
from batt_utils.machine import get_taken_memory, limit_memory

# Pebble looks for what is late or has ended this often, lets what it ends say goodbye this long, and
# waits this long for a lock that a process may have taken to its grave.
pebble.CONSTS.sleep_unit = 0.002
pebble.CONSTS.term_timeout = 0.02
pebble.CONSTS.channel_lock_timeout = 10

START_SECONDS = 60  # for a process to be made ready
WAIT_SECONDS = 0.02  # for an outcome, before others may run
ATTEMPTS = 2
LATE = Failure(True, "it passes its time")


class _Task:
    """A job, and what it is waited for with; `alone` if no other job runs beside it."""

    def __init__(self, function: Callable[..., Any], job: Sequence[object], limit: float | None) -> None:
        self.function = function
        self.job = job
        self.limit = limit
        self.future: Any = None
        self.alone = False


class Workers:
    """A pool of processes, each made ready by `prepare(*arguments)`.

    >>> with Workers(2, print, ()) as workers:
    ...     list(workers.run(pow, [(2, 3), (2, 4)], timeout=1))
    [8, 16]
    """

    def __init__(
        self,
        count: int,
        prepare: Callable[..., None],
        arguments: Sequence[object],
        memory_limit: int | None = None,
    ) -> None:
        """Starts nothing yet: the processes start with the first job.

        They are forked where the system can: what they need is then theirs without being sent.

        Args:
            count: of processes.
            prepare: makes a process ready.
            arguments: those of `prepare`.
            memory_limit: MiB that the jobs of each process may take; None: no limit (see
                `limit_memory`).
        """
        self.count = count
        self._setup = (os.getpid(), memory_limit, prepare, arguments)
        self._tasks: list[_Task] = []  # those of `run`
        self._pool = self._make_pool()
        self._refusal: Exception | None = None  # why the pool could not start

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes; jobs that still run are dropped."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def run(
        self, function: Callable[..., Any], jobs: Sequence[Sequence[object]], timeout: float | None
    ) -> Outcomes:
        """Starts `function(*job)` for each job, and gives what came of them, in order.

        A job whose process dies is run again once, and those beside it as well. Its results are to be
        taken before the next call: jobs of before are forgotten then.

        Args:
            function: a module's function.
            jobs: the arguments of each.
            timeout: seconds after which a job's process is ended, and replaced; None: never.

        Returns:
            For each job what the function returned, or a `Failure`.

        Raises:
            ValueError, OSError: what the function raised; anything else is a `Failure`.
            OSError: the system refuses what processes need; the text says what to do.
        """
        self._tasks = [_Task(function, job, timeout) for job in jobs]
        for task in self._tasks:
            self._schedule(task)
        return Outcomes(self._await_all(self._tasks))

    def _make_pool(self) -> pebble.ProcessPool:
        context = multiprocessing.get_context("fork" if can_fork() else "spawn")
        vars(sys.modules["__main__"]).setdefault("__spec__", None)  # that of a notebook's %run has none
        return pebble.ProcessPool(
            max_workers=self.count, initializer=_start, initargs=self._setup, context=context
        )

    def _schedule(self, task: _Task) -> None:
        if self._refusal:
            return
        try:
            task.future = self._pool.schedule(
                _work, args=(task.function, task.job, task.limit), timeout=task.limit
            )
        except (OSError, RuntimeError) as error:  # told when the task is waited for
            self._refusal = error

    def _await_all(self, tasks: Sequence[_Task]) -> Iterator[Any]:
        for task in tasks:
            outcome = yield from self._await(task)
            yield outcome

    def _await(self, task: _Task) -> Generator[Any, None, Any]:
        """Waits for a task, a moment at a time. One whose process dies has a second attempt, in a new pool.

        The pool's processes share pipes and locks, and a dead one may have held them: so all go with it.
        The tasks that are left then run one at a time, and the next death has one cause.
        """
        deaths = refusals = 0
        while True:
            if task.future is None:
                task.alone = True
                self._schedule(task)
            error: Any = self._refusal
            if task.future is not None:
                latest = monotonic() + (task.limit or 0) * len(self._tasks) + 2 * START_SECONDS
                while not wait([task.future], WAIT_SECONDS).done and monotonic() < latest:
                    yield WAITING
                error = task.future.exception() if task.future.done() else TimeoutError("nothing moves")
                if error is None:
                    return read_outcome(task.future.result())
                if task.future.done() and isinstance(error, TimeoutError):
                    return LATE
                if not isinstance(error, (TimeoutError, RuntimeError, pebble.ProcessExpired)):
                    raise error
            self._replace_pool()
            if refusal := _explain_refusal(error):
                refusals += 1
                if refusals == ATTEMPTS:
                    raise refusal
                continue
            if task.alone or isinstance(error, pebble.ProcessExpired):
                deaths += 1
            if deaths == ATTEMPTS:
                return Failure(False, f"it ends its process ({_tell_end(error)})")
            end = _tell_end(error)
            note(f"run_batt.py: a worker ended ({end}): its work is done again")

    def _replace_pool(self) -> None:
        self.close()
        self._pool = self._make_pool()
        self._refusal = None
        for task in self._tasks:
            if task.future is not None and not (task.future.done() and task.future.exception() is None):
                task.future = None


def _start(parent: int, limit: int | None, prepare: Callable[..., None], arguments: Sequence[object]) -> None:
    """Makes this process a worker: the first thing that runs in it."""
    global _process, _memory, _null
    _process = os.getpid()
    _null = os.open(os.devnull, os.O_WRONLY)
    leave = os._exit
    os._exit = lambda status: leave(status or 1)  # Pebble takes 0 for a wish to end and loses the job
    with suppress(OSError):  # stderr is closed
        os.dup2(2, 1)  # what a program prints is not ours
    _end_after(START_SECONDS)
    prepare(*arguments)
    gc.freeze()
    faulthandler.cancel_dump_traceback_later()
    _memory = limit_memory(limit)


_process: int
_memory: int | None
_null: int


def _end_after(seconds: float) -> None:
    """Has this process end then, where its parent cannot see to it any more."""
    with suppress(RuntimeError):  # no thread can be started: its parent has to
        faulthandler.dump_traceback_later(seconds, exit=True, file=_null)


def _work(function: Callable[..., Any], job: Sequence[object], limit: float | None) -> bytes:
    """Runs a job in a worker; what comes of it, pickled."""
    taken = get_taken_memory() if _memory else None
    if _memory and taken and taken > _memory:
        os._exit(1)  # what a program before has kept leaves too little for this job
    try:
        if limit is not None:
            _end_after(limit + 1)
        return run_job(function, job)
    finally:
        if os.getpid() != _process:
            os._exit(1)  # a copy that a program has forked; it has no watchdog to cancel
        faulthandler.cancel_dump_traceback_later()


def _tell_end(error: Exception) -> str:
    code = getattr(error, "exitcode", None)
    if code is None:
        return "killed or broken"
    return f"signal {-code}" if code < 0 else f"status {code}"


def _explain_refusal(error: BaseException) -> OSError | None:
    """What the system refused as a pool was started or a process was replaced; None if it is not that."""
    cause = error.__cause__ if isinstance(error, BrokenProcessPool) else error
    if isinstance(cause, RuntimeError) and "start new thread" in str(cause):
        return OSError(f"no thread can be started for the workers: {LIMITS[errno.EAGAIN]}")
    if not isinstance(cause, OSError) or not cause.errno or isinstance(cause, ConnectionError):
        return None
    if cause.errno in LIMITS:
        return OSError(f"the workers cannot be started: {cause.strerror}: {LIMITS[cause.errno]}")
    if cause is error:
        return OSError(
            f"the workers' locks cannot be made in /dev/shm: {cause.strerror}: "
            "see that it is there, can be written to and has some space"
        )
    return OSError(f"the workers cannot be started: {cause.strerror}")
