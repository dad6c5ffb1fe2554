"""How long solvers take: the seconds of their calls, summed over the samples of a task."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from time import perf_counter
from typing import Any

from batt_utils.evaluate.deadline import TimeUp, run_within
from batt_utils.evaluate.device import GpuFull
from batt_utils.evaluate.results import Speed
from batt_utils.tasks import Grid, Pairs

Timing = tuple[Mapping[int, float], Set[int]]  # of a sample: each call's seconds; the calls that raised


def sum_seconds(
    needed: Mapping[int, Sequence[int]], timings: Iterable[Timing]
) -> dict[int, tuple[float, bool]]:
    """Sum the seconds that programs take on all samples; on one where a call raises, till then.

    Args:
        needed: for each program, by its t, the calls that it makes, in order (see `find_needed`).
        timings: of each sample.

    Returns:
        For each program its seconds, and whether all of its calls were timed: None was passed over before
        one that raised.

    >>> sum_seconds({3: [1, 3]}, [({1: 0.5, 3: 0.25}, set()), ({1: 0.5}, {1})])
    {3: (1.25, True)}
    """
    timings = list(timings)
    total: dict[int, float] = defaultdict(float)
    odd: set[int] = set()  # calls that raised, or were not made, on some sample
    for seconds, raised in timings:
        for t, taken in seconds.items():
            total[t] += taken
        odd |= raised
    times = len(timings)
    made = Counter(t for seconds, _ in timings for t in seconds)
    odd.update(t for calls in needed.values() for t in calls if made[t] < times)
    found: dict[int, tuple[float, bool]] = {}
    for program, calls in needed.items():
        if odd.isdisjoint(calls):
            found[program] = sum([total[t] for t in calls]), times > 0
        else:
            sums = [_sum_calls(calls, *timing) for timing in timings]
            found[program] = sum(taken for taken, _ in sums), all(timed for _, timed in sums)
    return found


def _sum_calls(calls: Sequence[int], seconds: Mapping[int, float], raised: Set[int]) -> tuple[float, bool]:
    taken = 0.0
    for t in calls:
        if t not in seconds:
            return taken, False
        taken += seconds[t]
        if t in raised:
            break
    return taken, True


def time_solver(
    source: str, names: Mapping[str, object], pairs: Pairs, inputs: Sequence[Grid], timeout: float
) -> Speed:
    """Time a solver on inputs, each for at most `timeout` seconds.

    One that fails on an input has taken what it took till then.

    Args:
        source: that of a function `solve(S, I, C)`.
        names: those that it uses.
        pairs: S.
        inputs: what it is run on.
        timeout: seconds for each.
    """
    namespace: dict[str, Any] = dict(names)
    exec(source, namespace)
    solve = namespace["solve"]
    start = perf_counter()
    in_time = [run_within(timeout, partial(ignore_failure, solve, pairs, grid, None)) for grid in inputs]
    taken = perf_counter() - start
    namespace.clear()  # with its function it is a cycle, and the collector seldom comes
    return Speed(taken, not all(in_time))


def ignore_failure(work: Callable[..., object], *arguments: object) -> None:
    """Run work; ignore what it raises, except TimeUp and GpuFull."""
    try:
        work(*arguments)
    except (TimeUp, GpuFull):
        raise
    except BaseException:  # sys.exit among them
        pass
