"""Named seconds of a run, and their summary; profiles."""

import sys
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cProfile import Profile

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
            add_seconds(seconds, {name: perf_counter() - start})


def add_seconds(total: Seconds, seconds: Seconds) -> None:
    """Add seconds to those of the same names."""
    for name, taken in seconds.items():
        total[name] = total.get(name, 0.0) + taken


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


@contextmanager
def take_profile() -> Iterator["Profile"]:
    """Profile this process while the block runs; the profile's `stats` are there after it."""
    from cProfile import Profile

    with Profile() as profile:
        yield profile
    profile.create_stats()


def add_profiles(profile: "Profile", others: Iterable[dict[Any, Any]]) -> None:
    """Add the statistics of others to a profile, which has ended."""
    from pstats import Stats
    from types import SimpleNamespace

    total = Stats(profile)
    for stats in others:
        total.add(Stats(SimpleNamespace(stats=stats, create_stats=lambda: None)))  # type: ignore[arg-type]
    profile.stats = total.stats  # type: ignore[attr-defined]
    profile.create_stats = lambda: None  # type: ignore[method-assign]


def print_profile(profile: "Profile", top: int) -> None:
    """Print a profile as two tables of `top` lines, by cumulative and by own seconds."""
    from pstats import Stats

    stats = Stats(profile, stream=sys.stdout)  # which takes what the profile has
    for order in ("cumulative", "tottime"):
        print(f"\n[cProfile {order} top]")
        stats.sort_stats(order).print_stats(top)
