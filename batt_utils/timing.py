"""Named seconds of a run, and their summary."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from time import perf_counter

Seconds = MutableMapping[str, float]


@contextmanager
def measure(seconds: Seconds | None, name: str) -> Iterator[None]:
    """Add the seconds that the block takes to `seconds[name]`; measure nothing where there is no `seconds`.

    >>> seconds = {}
    >>> with measure(seconds, "run"):
    ...     pass
    >>> list(seconds)
    ['run']
    """
    start = perf_counter()
    try:
        yield
    finally:
        if seconds is not None:
            seconds[name] = seconds.get(name, 0.0) + perf_counter() - start


def summarize(seconds: Seconds) -> str:
    """Write the timing summary: a head, then a line for each name by falling seconds.

    >>> print(summarize({"phase1": 0.25, "main": 1.5}))
    Timing summary (seconds):
      main                                1.500
      phase1                              0.250
    """
    falling = sorted(seconds.items(), key=lambda item: -item[1])
    lines = (f"  {name:32s} {taken:8.3f}" for name, taken in falling)
    return "\n".join(["Timing summary (seconds):", *lines])
