"""Jobs, functions called with arguments: what comes of one, and of several in turn."""

import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from types import coroutine
from typing import Any, NamedTuple


class Failure(NamedTuple):
    """A job that gave no result: whether it was late, and what it did, to be said after its name."""

    timed_out: bool
    what: str


class _Raised(NamedTuple):
    error: Exception


WAITING = object()  # in place of an outcome that is not there yet


def run_job(function: Callable[..., Any], job: Sequence[object]) -> bytes:
    """Calls `function(*job)`; what comes of it, pickled here so that nothing can fail on its way."""
    outcome: Any
    try:
        outcome = function(*job)
        return pickle.dumps(outcome)
    except MemoryError:
        outcome = Failure(False, "it needs more than the memory limit")
    except (ValueError, OSError) as error:
        outcome = _Raised(error)
    except BaseException as error:
        outcome = Failure(False, f"{type(error).__name__}: {error}".partition("\n")[0])
    return pickle.dumps(outcome)


def read_outcome(pickled: bytes) -> Any:
    """What came of a job that was run by `run_job`: its result or a `Failure`.

    Raises:
        ValueError, OSError: what its function raised.
    """
    outcome = pickle.loads(pickled)
    if isinstance(outcome, _Raised):
        raise outcome.error
    return outcome


class Outcomes:
    """What came of jobs, in their order: `for` waits for each, `async for` lets others run meanwhile."""

    def __init__(self, steps: Iterator[Any]) -> None:
        """Takes outcomes, and any number of `WAITING` before each."""
        self._steps = steps

    def __iter__(self) -> "Outcomes":
        return self

    def __next__(self) -> Any:
        for outcome in self._steps:
            if outcome is not WAITING:
                return outcome
        raise StopIteration

    def __aiter__(self) -> "Outcomes":
        return self

    async def __anext__(self) -> Any:
        for outcome in self._steps:
            if outcome is not WAITING:
                return outcome
            await pause()
        raise StopAsyncIteration


@coroutine
def pause() -> Generator[None, None, None]:
    """Lets the other tasks of an event loop run: a cancel comes through here."""
    yield
