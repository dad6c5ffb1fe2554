"""Processes that jobs run in, with deadlines and limited memory: a hang, a leak or a crash costs one job.

A job may be a whole task; `Direct` then runs its samples in the process, and watches each.
"""

import errno
import faulthandler
import gc
import mmap
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from copy import copy
from itertools import count, islice
from multiprocessing.process import BaseProcess, parent_process
from time import monotonic, sleep
from types import TracebackType
from typing import Any

import pebble

from batt_utils.console import LIMITS, warn
from batt_utils.engine.machine import get_taken_memory, limit_memory
from batt_utils.engine.runner import WAITING, Results, Tell, call, ignore, read_result, run_job
from batt_utils.evaluate.device import can_fork
from batt_utils.evaluate.results import Failure
from batt_utils.signals import held

# Two of Pebble's threads a process look this often for what is late or has ended, or for the end of all: if
# there are few processes, more often at the start and the end of a run, so that a short one is over soon.
BRISK, NEAR_END, CALM = 0.001, 0.01, 0.1
START_BRISK = 0.3  # seconds
pebble.CONSTS.sleep_unit = BRISK
# It lets what it ends say goodbye this long, and waits this long for a lock that a process took to its grave.
pebble.CONSTS.term_timeout = 0.02
pebble.CONSTS.channel_lock_timeout = 10

START_SECONDS = 60  # for a process to be made ready
WAIT_SECONDS = 0.05  # for an outcome, before others may run
SAVING_SECONDS = 5  # for what is being saved when all work ends
GRACE = 1  # seconds past a step's time after which its process is ended from here
WINDOW = 4  # jobs for each process that are handed out, or done and not given yet
ATTEMPTS = 2
LATE = Failure(True, "it passes its time")


IDLE, AT_WORK, SAVING = range(3)


class Cell:
    """What a process shares with its parent: its step of a task, when that is to be over, the end of all.

    A step is the place of a job among those that a task asks for together.
    """

    def __init__(self, context: Any) -> None:
        """Take memory that the processes of a context share."""
        if context.get_start_method() == "fork":
            self._numbers: Any = memoryview(mmap.mmap(-1, 4 * 8)).cast("d")
        else:
            self._numbers = context.RawArray("d", 4)

    def begin(self, state: int, step: int = 0, seconds: float = 0) -> None:
        """Say what comes now, and how long it may take."""
        self._numbers[1], self._numbers[2] = step, monotonic() + seconds
        self._numbers[0] = state

    def end(self) -> None:
        """Say that nothing is done now."""
        self._numbers[0] = IDLE

    @property
    def step(self) -> int | None:
        """The step that the process is on."""
        return int(self._numbers[1]) if self._numbers[0] == AT_WORK else None

    @property
    def overdue(self) -> float:
        """How many seconds the step has passed its time; below 0 if it has not."""
        return monotonic() - self._numbers[2] if self._numbers[0] == AT_WORK else float("-inf")

    @property
    def is_saving(self) -> bool:
        """Whether a task is being saved, or was, and the outcome is on its way."""
        return bool(self._numbers[0] == SAVING)

    @property
    def ending(self) -> bool:
        """Whether all work ends."""
        return bool(self._numbers[3])

    @ending.setter
    def ending(self, value: bool) -> None:
        self._numbers[3] = value


class _Task:
    """A job, and what came of it."""

    def __init__(
        self, function: Callable[..., Any], job: Sequence[object], limit: float | None, tell: Tell
    ) -> None:
        self.tell = tell
        self.function = function
        self.job = job
        self.limit = limit
        self.is_done = False
        self._result: Any = None
        self.error: BaseException | None = None
        self.deaths = 0
        self.refusals = 0

    def end(self, result: object = None, error: BaseException | None = None) -> None:
        self.is_done, self._result, self.error = True, result, error

    def read(self, pickled: bytes) -> None:
        """Read what came of it, and tell of a result."""
        try:
            self.end(read_result(pickled))
        except (ValueError, OSError) as error:
            self.end(error=error)
        else:
            self.tell(self._result)

    def take(self) -> Any:
        if self.error is not None:
            raise self.error
        return self._result


class _Process:
    """A process with pipes and locks of its own: what it takes to its grave, nobody else misses."""

    def __init__(self, method: str, setup: Sequence[object]) -> None:
        context: Any = copy(multiprocessing.get_context(method))
        start = context.Process

        children: list[BaseProcess] = []

        def remember(**arguments: Any) -> BaseProcess:
            children[:] = [start(**arguments)]
            return children[0]

        context.Process = remember  # Pebble calls this
        self._children = children  # the latest; with `self` in `remember` there would be a cycle
        vars(sys.modules["__main__"]).setdefault("__spec__", None)  # that of a notebook's %run has none
        self.cell = Cell(context)
        self.task: _Task | None = None
        self.future: Any = None
        self._pool = pebble.ProcessPool(
            1, initializer=_start, initargs=(self.cell, method == "fork", *setup), context=context
        )

    def give(self, task: _Task) -> None:
        """Hand it a job."""
        self.future = self._pool.schedule(
            _work, args=(task.function, task.job, task.limit), timeout=task.limit
        )
        self.task = task

    def tell_end(self, error: BaseException) -> str:
        """Tell how it ended; Pebble's error lacks that if it did so as its job began."""
        code = error.exitcode if isinstance(error, pebble.ProcessExpired) else self._children[0].exitcode
        if code is None:
            return "killed or broken"
        return f"signal {-code}" if code < 0 else f"status {code}"

    def close(self) -> None:
        """End it."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


class Workers:
    """Processes, each made ready by `prepare(*arguments)`.

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
        *,
        forks: bool = True,
    ) -> None:
        """Start nothing yet: the processes start with the first jobs.

        They are forked where the system can: what they need is then theirs without being sent.

        Args:
            count: of processes, at most.
            prepare: makes a process ready.
            arguments: those of `prepare`.
            memory_limit: MiB that the jobs of each process may take; None: no limit (see
                `limit_memory`).
            forks: whether processes may be forked: not from one of several threads that do their own work.
        """
        self.count = count
        self._method = _choose_method(forks)
        self._setup = (memory_limit, prepare, arguments)
        self._processes: list[_Process] = []
        self._queue: deque[_Task] = deque()
        self._tasks: list[_Task] = []  # whose outcomes are not given yet
        self._calm_from = monotonic() + START_BRISK
        self._is_closed = False
        self._unsaid: list[str] = []

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
        """End the processes; jobs that still run are dropped: who waits for one gets a RuntimeError."""
        with held():
            pebble.CONSTS.sleep_unit = BRISK
            self._is_closed = True
            self._queue.clear()
            while self._processes:
                self._processes.pop().close()

    def finish(self) -> list[Any]:
        """End all work but what is being saved; give the results that are not given yet, in order."""
        self._queue.clear()
        for process in self._processes:
            process.cell.ending = True
        latest = monotonic() + SAVING_SECONDS
        while monotonic() < latest:
            saving = [process for process in self._processes if process.cell.is_saving]
            with held():
                for process in self._processes:
                    if process.task and process.future.done():
                        self._settle(process)
            if not any(process.task for process in saving):
                break
            sleep(BRISK)
        self.close()
        done = [task for task in self._tasks if task.is_done and task.error is None]
        self._tasks.clear()
        return [outcome for outcome in (task.take() for task in done) if not isinstance(outcome, Failure)]

    def run(
        self,
        function: Callable[..., Any],
        jobs: Iterable[Sequence[object]],
        timeout: float | None,
        tell: Tell = ignore,
    ) -> Results:
        """Start `function(*job)` for each job; give what came of them, in order.

        A job whose process dies is run again once; not a task that said on which step it is.

        Args:
            function: a module's function.
            jobs: the arguments of each; taken as there is room, so that only a few wait for a slow one.
            timeout: seconds after which a job's process is ended, and replaced; None: never.
            tell: is called with each result as soon as it is there, whatever is to be given before.

        Returns:
            For each job what the function returned, or a `Failure`.

        Raises:
            ValueError, OSError: what the function raised; anything else is a `Failure`.
            OSError: the system refuses what processes need; the text says what to do.
        """
        rest = iter(jobs)
        tasks: deque[_Task] = deque()

        def take_more() -> None:
            for job in islice(rest, max(0, WINDOW * self.count - len(tasks))):
                task = _Task(function, job, timeout, tell)
                for of in (tasks, self._tasks, self._queue):
                    of.append(task)
            with held():
                self._assign()

        def await_all() -> Iterator[Any]:
            while tasks:
                yield from self._await(tasks[0])
                task = tasks.popleft()
                take_more()
                yield task.take()
                self._tasks.remove(task)  # till now `finish` gives it, too

        take_more()
        return Results(await_all())

    def _await(self, task: _Task) -> Generator[Any, None, None]:
        """Wait for a task, a moment at a time.

        A signal is handled between two moments: within one it could leave a lock of Pebble's taken, for which
        its threads would wait without end, or an outcome that nobody has.
        """
        while not task.is_done:
            with held():
                busy = [process for process in self._processes if process.task]
                wait([process.future for process in busy], WAIT_SECONDS, FIRST_COMPLETED)
                for process in busy:
                    if process.future.done() or process.cell.overdue > GRACE:
                        self._settle(process)
                self._assign()
            while self._unsaid:  # here: a signal that ends workers and the run has come by now
                warn(self._unsaid.pop(0))
            if not task.is_done:
                yield WAITING

    def _assign(self) -> None:
        """Hand jobs to the processes that have none; start those that are missing."""
        if self._is_closed:
            raise RuntimeError("the workers are closed")
        is_full = len(self._tasks) >= WINDOW * self.count  # till no more jobs come
        pace = BRISK if monotonic() < self._calm_from else CALM if is_full else NEAR_END
        pebble.CONSTS.sleep_unit = min(CALM, self.count * pace)
        for process in list(self._processes):
            if self._queue and process.task is None:
                self._give(process, self._queue.popleft())
        while self._queue and len(self._processes) < self.count:
            task = self._queue.popleft()
            try:
                process = _Process(self._method, self._setup)
            except (OSError, RuntimeError) as error:
                self._refuse(task, error)
            else:
                self._processes.append(process)
                self._give(process, task)

    def _give(self, process: _Process, task: _Task) -> None:
        try:
            process.give(task)
        except (OSError, RuntimeError) as error:
            self._drop(process)
            self._refuse(task, error)

    def _refuse(self, task: _Task, error: BaseException) -> None:
        """Try a task that no process could be had for again, or let it wait for one of those that are there.

        Without any, it is told of all tasks the second time.
        """
        self._queue.appendleft(task)
        task.refusals += 1
        if task.refusals == ATTEMPTS and self._processes:
            self.count = len(self._processes)
        elif task.refusals >= ATTEMPTS:
            while self._queue:
                self._queue.popleft().end(error=_explain_refusal(error) or error)

    def _drop(self, process: _Process) -> None:
        self._processes.remove(process)
        process.close()

    def _settle(self, process: _Process) -> None:
        """Take what came of the job of a process: its result, or that it was late, or that it ended it."""
        task, process.task = process.task, None
        assert task is not None
        ended = process.future.done()
        error = process.future.exception() if ended else TimeoutError("it does not end by itself")
        if error is None:
            task.read(process.future.result())
        elif ended and isinstance(error, TimeoutError):
            task.end(LATE)
        elif not isinstance(error, (TimeoutError, RuntimeError, pebble.ProcessExpired)):
            task.end(error=error)
        else:
            step, late = process.cell.step, process.cell.overdue >= 0
            end = process.tell_end(error)
            self._drop(process)
            task.deaths += 1
            if _explain_refusal(error):
                self._refuse(task, error)
            elif step is not None or task.deaths == ATTEMPTS:
                task.end(Failure(late, f"it ends its process ({end})", step))
            else:
                self._unsaid.append(f"a worker ended ({end}): its work is done again")
                self._queue.appendleft(task)


def _choose_method(forks: bool) -> str:
    """Choose how processes are started."""
    if forks and can_fork():
        return "fork"
    return "spawn" if forks or sys.platform == "win32" else "forkserver"


class Direct:
    """A runner of the jobs that a task asks for in the worker that does the task, each watched."""

    count = 1

    def __init__(self) -> None:
        self._steps = count()

    def finish(self) -> list[Any]:
        """Give nothing: a result is given as soon as it is there."""
        return []

    def run(
        self,
        function: Callable[..., Any],
        jobs: Iterable[Sequence[object]],
        timeout: float | None,
        tell: Tell = ignore,
    ) -> Results:
        """Give what comes of `function(*job)` for each job, as `Workers.run` does; a late one ends all."""
        return Results(self._run_all(function, jobs, timeout, tell))

    def _run_all(
        self,
        function: Callable[..., Any],
        jobs: Iterable[Sequence[object]],
        timeout: float | None,
        tell: Tell,
    ) -> Iterator[Any]:
        for step, job in zip(self._steps, jobs):
            _worker.cell.begin(AT_WORK, step, timeout or START_SECONDS)
            _check_memory()
            _end_after(timeout or START_SECONDS)
            try:
                outcome = call(function, job)
            finally:
                _end_copy()
                faulthandler.cancel_dump_traceback_later()
                _worker.cell.end()
            tell(outcome)
            yield outcome


class Ended(BaseException):
    """All work ends: what is not being saved yet is not to be."""


@contextmanager
def saving() -> Iterator[None]:
    """Let this worker go on, also when all work ends, till the result of its job has been sent.

    Raises:
        Ended: all work has ended before.
    """
    _mask_end(True)
    _worker.cell.begin(SAVING)
    if _worker.cell.ending:
        raise Ended
    yield


def _start(
    cell: Cell, forked: bool, limit: int | None, prepare: Callable[..., None], arguments: Sequence[object]
) -> None:
    """Make this process a worker: the first thing that runs in it."""
    _worker.pid = os.getpid()
    _worker.cell = cell
    _worker.null = os.open(os.devnull, os.O_WRONLY)
    leave = os._exit
    os._exit = lambda status: leave(status or 1)  # Pebble takes 0 for a wish to end and loses the job
    with suppress(OSError):  # stderr is closed
        os.dup2(2, 1)  # what a program prints is not ours
    if not forked:  # a fork notices by itself that its parent has ended
        threading.Thread(target=_end_with_parent, daemon=True).start()
    _end_after(START_SECONDS)
    prepare(*arguments)
    gc.freeze()
    faulthandler.cancel_dump_traceback_later()
    _worker.memory = limit_memory(limit)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class _Worker:
    """What a worker process has; `_start` fills it in.

    Attributes:
        pid: its number, which tells it from a copy that a program has forked.
        memory: the bytes that it may have taken when a job begins; None: no limit.
        null: where its watchdog writes, for nobody.
        cell: what it shares with its parent.
    """

    pid: int
    memory: int | None
    null: int
    cell: Cell


_worker = _Worker()


def _end_after(seconds: float) -> None:
    """End this process then, where its parent cannot see to it any more."""
    with suppress(RuntimeError):  # no thread can be started: its parent has to
        faulthandler.dump_traceback_later(seconds, exit=True, file=_worker.null)


def _work(function: Callable[..., Any], job: Sequence[object], limit: float | None) -> bytes:
    """Run a job in a worker; give what comes of it, pickled."""
    _worker.cell.end()  # what was saved by the job before has been sent
    _mask_end(False)
    _check_memory()
    try:
        if limit is not None:
            _end_after(limit + 1)
        return run_job(function, job)
    finally:
        _end_copy()
        faulthandler.cancel_dump_traceback_later()


def _mask_end(masked: bool) -> None:
    """Take no notice of who asks this process to end, or take notice again."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK if masked else signal.SIG_UNBLOCK, [signal.SIGTERM])


def _check_memory() -> None:
    """End this process if what a program before has kept leaves too little for what comes now."""
    limit = _worker.memory
    taken = get_taken_memory() if limit else None
    if limit and taken and taken > limit:
        os._exit(1)


def _end_copy() -> None:
    """End this process if a program has forked it; it has no watchdog to cancel."""
    if os.getpid() != _worker.pid:
        os._exit(1)


def _explain_refusal(error: BaseException) -> OSError | None:
    """Explain what the system refused as a process was started or replaced; None if it is not that."""
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
