"""Processes that jobs run in, each with a deadline: a hang, a leak or a crash costs one job."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError
from types import TracebackType
from typing import Any, NamedTuple

import pebble

# Pebble looks for what is late or has ended this often, and lets what it ends say goodbye this long.
pebble.CONSTS.sleep_unit = 0.01
pebble.CONSTS.term_timeout = 0.1


class Failure(NamedTuple):
    """A job that gave no result: its process was late and ended, or died twice."""

    timed_out: bool


def count_cores() -> int:
    """How many processors this process may use, at most 4."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 4)
    return min(os.cpu_count() or 1, 4)


class Workers:
    """A pool of processes, each made ready by `prepare(*arguments)`.

    >>> with Workers(2, print, ()) as workers:
    ...     list(workers.run(pow, [(2, 3), (2, 4)], timeout=1))
    [8, 16]
    """

    def __init__(self, count: int, prepare: Callable[..., None], arguments: Sequence[object]) -> None:
        """Starts nothing yet: the processes start with the first job.

        They are forked where the system can: what they need is then theirs without being sent.
        """
        self.count = count
        context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
        self._pool = pebble.ProcessPool(
            max_workers=count, initializer=prepare, initargs=arguments, context=context
        )

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

        Args:
            function: a module's function.
            jobs: the arguments of each.
            timeout: seconds after which a job's process is ended, and replaced; None: never.

        Yields:
            For each job what the function returned, or a `Failure`.

        Raises:
            Whatever the function raised.
        """
        futures = [self._pool.schedule(function, args=job, timeout=timeout) for job in jobs]
        return (self._wait(function, job, timeout, future) for job, future in zip(jobs, futures))

    def _wait(
        self, function: Callable[..., Any], job: Sequence[object], timeout: float | None, future: Any
    ) -> Any:
        try:
            try:
                return future.result()
            except pebble.ProcessExpired:
                return self._pool.schedule(function, args=job, timeout=timeout).result()
        except TimeoutError:
            return Failure(timed_out=True)
        except pebble.ProcessExpired:
            return Failure(timed_out=False)
