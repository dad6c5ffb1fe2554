"""What `run_batt.check_batt` returns, for callers of both revisions."""

from collections.abc import Generator
from typing import Any, NoReturn

from batt_utils.job import Output
from batt_utils.rules import O_Score, S_Score


class Checked(tuple[list[Output], O_Score, S_Score]):
    """What `check_batt` returns: callers of one revision take it as it is, those of the other await it."""

    __hash__ = object.__hash__  # `asyncio.gather` needs one, and the tuple holds lists

    def __await__(self) -> Generator[None, None, tuple[Any, ...]]:
        """Give the tuple at once."""
        return tuple(self)
        yield

    def send(self, value: object) -> NoReturn:
        """End as a coroutine does, so that `asyncio.run` takes it, too."""
        raise StopIteration(tuple(self))

    def throw(self, *error: Any) -> NoReturn:
        """Raise what is thrown in."""
        raise error[0]

    def close(self) -> None:
        """Do nothing: all is done."""
