"""What runs jobs, functions called with arguments: what comes of one, and of several in turn."""

import pickle
import types
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from batt_utils.console import describe_error
from batt_utils.evaluate.results import Failure

Returned = TypeVar("Returned")
Tell = Callable[[Any], None]  # takes a result as soon as it is there, whatever is to be given before


def ignore(result: object) -> None:
    """Do nothing with a result."""


class Results:
    """What came of jobs, in their order: `for` waits for each, `async for` lets others run meanwhile."""

    def __init__(self, steps: Iterator[Any]) -> None:
        """Take results, and any number of `WAITING` before each."""
        self._steps = steps

    def __iter__(self) -> "Results":
        return self

    def __next__(self) -> Any:
        for result in self._steps:
            if result is not WAITING:
                return result
        raise StopIteration

    def __aiter__(self) -> "Results":
        return self

    async def __anext__(self) -> Any:
        for result in self._steps:
            if result is not WAITING:
                return result
            await pause()
        raise StopAsyncIteration


class Runner(Protocol):
    """What runs jobs: in processes of their own (`Workers`), in this one (`Serial`), in a worker (`Direct`).

    Attributes:
        count: how many jobs run at a time.
    """

    count: int

    def run(
        self,
        function: Callable[..., Any],
        jobs: Iterable[Sequence[object]],
        timeout: float | None,
        tell: Tell = ignore,
    ) -> Results:
        """Run `function(*job)` for each job, for at most `timeout` seconds; give what comes of it."""

    def finish(self) -> list[Any]:
        """End all work but what is being saved; give the results that are not given yet, in order."""


class _Raised:
    def __init__(self, error: Exception) -> None:
        self.error = error


WAITING = object()  # in place of a result that is not there yet


def call(function: Callable[..., Any], job: Sequence[object]) -> Any:
    """Call `function(*job)`; give its result or a `Failure`.

    Raises:
        ValueError, OSError: what the function raised.
    """
    try:
        return function(*job)
    except MemoryError:
        return Failure(False, "it needs more than the memory limit")
    except (ValueError, OSError):
        raise
    except BaseException as error:
        return Failure(False, describe_error(error))


def run_job(function: Callable[..., Any], job: Sequence[object]) -> bytes:
    """Call `function(*job)`; pickle what comes of it here, so that nothing can fail on its way."""
    result: Any
    try:
        result = call(lambda: pickle.dumps(function(*job)), ())
        return result if isinstance(result, bytes) else pickle.dumps(result)
    except (ValueError, OSError) as error:
        return pickle.dumps(_Raised(error))


def read_result(pickled: bytes) -> Any:
    """Read what `run_job` gave: a result or a `Failure`.

    Raises:
        ValueError, OSError: what the function raised.
    """
    result = pickle.loads(pickled)
    if isinstance(result, _Raised):
        raise result.error
    return result


@types.coroutine
def pause() -> Generator[None, None, None]:
    """Let the other tasks of an event loop run: a cancel comes through here."""
    yield


def run(coroutine: Coroutine[Any, Any, Returned]) -> Returned:
    """Run a coroutine that only pauses, also where an event loop runs, as in a notebook."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
