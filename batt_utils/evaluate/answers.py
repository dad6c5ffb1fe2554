"""What stored solvers answer: the grids that they give for inputs."""

from collections.abc import Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from batt_utils.console import describe_error
from batt_utils.evaluate.deadline import TimeUp, run_within
from batt_utils.evaluate.device import GpuFull
from batt_utils.evaluate.results import Answer
from batt_utils.tasks import Grid, Pairs, read_grid

HEAD = "def solve("
LATE = Answer(None, "timed out")
NO_SOLVER = Answer(None, f"no {HEAD}S, I, C): in its text")


def find_answers(
    sources: Sequence[str],
    names: Mapping[str, object],
    pairs: Pairs,
    inputs: Sequence[Grid],
    timeout: float,
    seconds: float,
) -> list[list[Answer]]:
    """Run stored solvers one after the other; give each one's answer to each input.

    One that passes its time is run on no other input, and others lose no more than its time by it.

    Args:
        sources: texts of solvers; what stands before their `solve`, their imports, is passed over.
        names: those that they use.
        pairs: S.
        inputs: what each one is run on.
        timeout: seconds for one solver on one input.
        seconds: after which no other solver is begun.
    """
    end = perf_counter() + seconds
    answers = []
    for source in sources:
        start = perf_counter()
        if start < end:
            answers.append(_run(source, names, pairs, inputs, timeout))
        else:
            answers.append([Answer(None, "not run: the task's time has passed")] * len(inputs))
        if LATE in answers[-1]:
            end += max(0.0, perf_counter() - start - timeout)
    return answers


def _run(
    source: str, names: Mapping[str, object], pairs: Pairs, inputs: Sequence[Grid], timeout: float
) -> list[Answer]:
    if HEAD not in source:
        return [NO_SOLVER] * len(inputs)
    namespace: dict[str, Any] = dict(names)
    try:
        exec(f"{HEAD}{source.partition(HEAD)[2]}", namespace)
    except Exception as error:
        return [Answer(None, describe_error(error))] * len(inputs)
    answers: list[Answer] = []
    for grid in inputs:
        is_late = LATE in answers
        answers.append(LATE if is_late else _answer(namespace["solve"], pairs, grid, timeout))
    namespace.clear()  # with its function it is a cycle, and the collector seldom comes
    return answers


def _answer(solve: Any, pairs: Pairs, grid: Grid, timeout: float) -> Answer:
    answers = [LATE]
    run_within(timeout, partial(_try, solve, pairs, grid, answers))
    return answers[-1]


def _try(solve: Any, pairs: Pairs, grid: Grid, answers: list[Answer]) -> None:
    try:
        value = solve(pairs, grid, None)
        found = read_grid(value)
        answers.append(Answer(found, "" if found else f"no grid: {type(value).__name__}"))
    except (TimeUp, GpuFull):
        raise
    except BaseException as error:  # sys.exit among them
        answers.append(Answer(None, describe_error(error)))
