"""Processes that jobs run in, with deadlines and limited memory: a hang, a leak or a crash costs one job."""

import errno
import faulthandler
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple

import pebble

from batt_utils.console import LIMITS, note
from batt_utils.device import can_fork

if sys.platform != "win32":
    import resource

# Pebble looks for what is late or has ended this often, lets what it ends say goodbye this long, and
# waits this long for a lock that a process may have taken to its grave.
pebble.CONSTS.sleep_unit = 0.002
pebble.CONSTS.term_timeout = 0.02
pebble.CONSTS.channel_lock_timeout = 10

START_SECONDS = 60  # for a process to be made ready
ATTEMPTS = 2
MIB = 2**20
CUDA_MODULES = {"cupy", "jax", "numba.cuda", "pycuda", "torch"}


class Failure(NamedTuple):
    """A job that gave no result: whether it was late, and what it did, to be said after its name."""

    timed_out: bool
    what: str


LATE = Failure(True, "it passes its time")


class _Raised(NamedTuple):
    error: Exception


class _Task:
    """A job, and what it is waited for with; `alone` if no other job runs beside it."""

    def __init__(self, function: Callable[..., Any], job: Sequence[object], limit: float | None) -> None:
        self.function = function
        self.job = job
        self.limit = limit
        self.future: Any = None
        self.alone = False


def count_cores() -> int:
    """How many processors this process may use, at most 4."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 4)
    return min(os.cpu_count() or 1, 4)


def share_memory() -> int | None:
    """A quarter of the machine's memory, in MiB; None where its size is not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB // 4
    except (AttributeError, OSError, ValueError):
        return None


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
            memory_limit: MiB of address space for each process; None: no limit. It is not set in a
                process that has imported a CUDA library: CUDA reserves far more than it uses.
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
    ) -> Iterator[Any]:
        """Starts `function(*job)` for each job, and yields what came of them, in order.

        A job whose process dies is run again once, and those beside it as well. Its results are to be
        taken before the next call: jobs of before are forgotten then.

        Args:
            function: a module's function.
            jobs: the arguments of each.
            timeout: seconds after which a job's process is ended, and replaced; None: never.

        Yields:
            For each job what the function returned, or a `Failure`.

        Raises:
            ValueError, OSError: what the function raised; anything else is a `Failure`.
            OSError: the system refuses what processes need; the text says what to do.
        """
        self._tasks = [_Task(function, job, timeout) for job in jobs]
        for task in self._tasks:
            self._schedule(task)
        return map(self._await, self._tasks)

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

    def _await(self, task: _Task) -> Any:
        """Waits for a task. One whose process dies has a second attempt, in a new pool.

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
                wait([task.future], (task.limit or 0) * len(self._tasks) + 2 * START_SECONDS)
                error = task.future.exception() if task.future.done() else TimeoutError("nothing moves")
                if error is None:
                    return _read(task.future.result())
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
    faulthandler.cancel_dump_traceback_later()
    _memory = _limit_memory(limit)


_process: int
_memory: int | None
_null: int


def _end_after(seconds: float) -> None:
    """Has this process end then, where its parent cannot see to it any more."""
    with suppress(RuntimeError):  # no thread can be started: its parent has to
        faulthandler.dump_traceback_later(seconds, exit=True, file=_null)


def _limit_memory(limit: int | None) -> int | None:
    """Limits the address space of this process; the bytes that a job may find taken, None: any."""
    if limit is None or sys.platform == "win32" or CUDA_MODULES & sys.modules.keys():
        return None
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    space = limit * MIB if most == resource.RLIM_INFINITY else min(limit * MIB, most)
    with suppress(OSError, ValueError):  # systems that know the limit but do not take it
        resource.setrlimit(resource.RLIMIT_AS, (space, most))
    taken = _get_memory()
    return taken and taken + (space - taken) // 2


def _get_memory() -> int | None:
    """The bytes of address space that this process has taken; None where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (before every job: it is quicker)
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def _work(function: Callable[..., Any], job: Sequence[object], limit: float | None) -> bytes:
    """Runs a job in a worker; what comes of it, pickled here so that nothing can fail on its way."""
    taken = _get_memory() if _memory else None
    if _memory and taken and taken > _memory:
        os._exit(1)  # what a program before has kept leaves too little for this job
    outcome: Any
    try:
        if limit is not None:
            _end_after(limit + 1)
        outcome = function(*job)
        return pickle.dumps(outcome)
    except MemoryError:
        outcome = Failure(False, "it needs more than the memory limit")
    except (ValueError, OSError) as error:
        outcome = _Raised(error)
    except BaseException as error:
        outcome = Failure(False, f"{type(error).__name__}: {error}".partition("\n")[0])
    finally:
        if os.getpid() != _process:
            os._exit(1)  # a copy that a program has forked; it has no watchdog to cancel
        faulthandler.cancel_dump_traceback_later()
    return pickle.dumps(outcome)


def _read(result: bytes) -> Any:
    outcome = pickle.loads(result)
    if isinstance(outcome, _Raised):
        raise outcome.error
    return outcome


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
