"""What stored programs give: they are run, the best first, until each sample has enough distinct outputs."""

from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from itertools import islice
from reprlib import repr as shorten
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar

from batt_utils.engine.runner import pause
from batt_utils.evaluate.results import Answer
from batt_utils.report.stored import Stored
from batt_utils.tasks import Grid, Pairs, Sample

MOST_OUTPUTS = 5  # of a sample
TIMEOUT = 1.0  # seconds for a program on a sample
BUDGET = 10.0  # seconds for the programs of a task: none is begun afterwards
BATCH = 6  # programs that are run together
AT_A_TIME = 8  # tasks, so that no worker waits for jobs
LARGEST = 30  # rows or columns of a grid

Returned = TypeVar("Returned")


class Solves(Protocol):
    """What runs stored programs: see `engine.Engine`."""

    def solve(
        self, sources: Sequence[str], pairs: Pairs, inputs: Sequence[Grid], timeout: float
    ) -> Coroutine[Any, Any, list[list[Answer]]]:
        """Run programs on inputs; give the answers of each program to each input."""


class Output(NamedTuple):
    """One of the distinct outputs for a sample.

    Attributes:
        value: its rows as digits, divided by bars; for what is no grid, how it begins.
        is_grid: whether it is a grid of at most 30 x 30 cells.
        programs: the places of the programs that give it, the best first.
    """

    value: str
    is_grid: bool
    programs: list[int]


class Outputs(NamedTuple):
    """What came of running a task's programs.

    Attributes:
        samples: the distinct outputs for each sample, in the order of the programs that give them.
        problems: what went wrong with a program, by its place: the number of the sample, and what.
        run: how many programs were run; those after them were not, but for equals of the right ones.
    """

    samples: list[list[Output]]
    problems: dict[int, list[tuple[int, str]]]
    run: int


async def find_outputs(
    engine: Solves, programs: Sequence[Stored], samples: Mapping[str, list[Sample]]
) -> Outputs:
    """Run a task's programs, the best first, until each sample has five distinct outputs.

    Once one is right on every sample, others that were when they were stored are passed over: they
    would show nothing new.
    """
    both = [*samples["demo"], *samples["test"]]
    pairs = tuple((sample["input"], sample["output"]) for sample in samples["demo"])
    targets = [format_value(sample["output"])[0] for sample in both]
    outputs = Outputs([[] for _ in both], {}, 0)
    waiting = deque(range(len(programs)))
    start = perf_counter()
    while waiting and perf_counter() - start < BUDGET and not all(map(_is_full, outputs.samples)):
        places = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
        inputs = [sample["input"] for sample in both]
        answers = await engine.solve([programs[place].read() for place in places], pairs, inputs, TIMEOUT)
        for place, row in zip(places, answers):
            _add(outputs, place, row)
        if all(found and found[0].value == target for found, target in zip(outputs.samples, targets)):
            waiting = deque(place for place in waiting if programs[place].right < len(both))
        outputs = outputs._replace(run=outputs.run + len(places))
    return outputs


def _is_full(found: Sequence[Output]) -> bool:
    return len(found) >= MOST_OUTPUTS


def _add(outputs: Outputs, place: int, answers: Sequence[Answer]) -> None:
    """Add what one program gave on each sample."""
    for number, (answer, found) in enumerate(zip(answers, outputs.samples)):
        if answer.problem:
            outputs.problems.setdefault(place, []).append((number, answer.problem))
            continue
        value, is_grid = format_value(answer.value)
        same = next((one for one in found if (one.value, one.is_grid) == (value, is_grid)), None)
        if same is not None:
            same.programs.append(place)
        elif not _is_full(found):
            found.append(Output(value, is_grid, [place]))


def format_value(value: object) -> tuple[str, bool]:
    """Write a grid's rows as digits, divided by bars; say whether it is one. Shorten anything else.

    >>> format_value(((0, 1), (2, 3)))
    ('01|23', True)
    >>> format_value(frozenset({(1, 2)}))
    ('frozenset({(1, 2)})', False)
    """
    if isinstance(value, tuple) and 0 < len(value) <= LARGEST:
        width = len(value[0]) if isinstance(value[0], tuple) else 0
        if 0 < width <= LARGEST and all(isinstance(row, tuple) and len(row) == width for row in value):
            cells = [cell for row in value for cell in row]
            if all(isinstance(cell, (int, float)) and cell in range(10) for cell in cells):
                return "|".join("".join(str(int(cell)) for cell in row) for row in value), True
    return shorten(value), False


async def run_together(
    work: Iterable[Coroutine[Any, Any, Returned]], at_a_time: int = AT_A_TIME
) -> AsyncIterator[Returned]:
    """Run coroutines that pause, a few at a time; give what comes of each as soon as it is there."""
    rest = iter(work)
    going = deque(islice(rest, at_a_time))
    try:
        while going:
            one = going.popleft()
            try:
                one.send(None)
            except StopIteration as end:
                going.extend(islice(rest, 1))
                yield end.value
            else:
                going.append(one)
                await pause()
    finally:
        for one in going:
            one.close()
