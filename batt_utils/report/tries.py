"""Tries at tasks: the lines of the files that `--results` of a run names."""

import math
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from batt_utils.console import UserError
from batt_utils.store.journal import read_results
from batt_utils.timing import add_seconds


class Try(NamedTuple):
    """One batt on one task.

    Attributes:
        file: that of the results.
        batt: the batt's md5.
        task_id: the task.
        stage: the task's own; empty where it is not known.
        finished: when it was saved.
        seconds: what it took.
        right: how many samples the best program got right.
        of: how many samples the task has.
        is_solved: whether that is all.
        unique: how many distinct programs the batt had.
        phases: what each phase took of the seconds; empty where an older run has not recorded it.
    """

    file: str
    batt: str
    task_id: str
    stage: str
    finished: datetime
    seconds: float
    right: int
    of: int
    is_solved: bool
    unique: int
    phases: dict[str, float]


class Round(NamedTuple):
    """The tries of one batt in one file of results.

    Attributes:
        file: that of the results.
        batt: the batt's md5.
        started: the seconds from the first try of all to its first.
        tasks: how many tasks it was tried on.
        solved: how many of them it solved.
        new: how many of these nobody solved before.
        seconds: what its tries took.
    """

    file: str
    batt: str
    started: float
    tasks: int
    solved: int
    new: int
    seconds: float


def read_tries(paths: Iterable[str]) -> list[Try]:
    """Read files of results; give the tries in the order of time.

    Raises:
        UserError: a line is no result of a task.
        OSError: a file cannot be read.
    """
    tries = []
    for path in {os.path.realpath(path): path for path in paths}.values():
        for number, result in enumerate(read_results(path), 1):
            try:
                tries.append(_read_try(path, result))
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(
                    f"{path}: line {number} is no result of a task ({type(error).__name__}: {error}): "
                    "remove it, or name another --results"
                ) from None
    return sorted(tries, key=lambda one: one.finished)


def _read_try(path: str, result: dict[str, Any]) -> Try:
    scores = [int(solver["o_score"]) for solver in result["solvers"]]
    return Try(
        file=path,
        batt=str(result["batt"]),
        task_id=str(result["task"]),
        stage=str(result["stage"]),
        finished=datetime.strptime(str(result["finished"]), "%Y-%m-%dT%H:%M:%SZ"),
        seconds=_read_seconds(result["seconds"]),
        right=max(scores, default=0),
        of=int(result["demo"]) + int(result["test"]),
        is_solved=result["solved"] is True,
        unique=int(result["unique"]),
        phases={
            str(phase): _read_seconds(seconds) for phase, seconds in dict(result.get("phases", {})).items()
        },
    )


def _read_seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{value} are no seconds")
    return seconds


def list_solved(tries: Sequence[Try]) -> list[float]:
    """List when tasks were solved for the first time: the seconds since the first try, in order."""
    solved: dict[str, float] = {}
    for one in tries:
        if one.is_solved:
            solved.setdefault(one.task_id, _since_first(tries, one))
    return [*solved.values()]


def sum_phases(tries: Iterable[Try]) -> dict[str, float]:
    """Sum the seconds of each phase, in the order of the phases."""
    total: dict[str, float] = {}
    for one in tries:
        add_seconds(total, one.phases)
    return total


def list_rounds(tries: Sequence[Try]) -> list[Round]:
    """List the rounds of tries, in the order in which they began."""
    rounds: dict[tuple[str, str], Round] = {}
    solved: set[str] = set()
    for one in tries:
        key = one.file, one.batt
        so_far = rounds.get(key) or Round(*key, _since_first(tries, one), 0, 0, 0, 0.0)
        rounds[key] = so_far._replace(
            tasks=so_far.tasks + 1,
            solved=so_far.solved + one.is_solved,
            new=so_far.new + (one.is_solved and one.task_id not in solved),
            seconds=so_far.seconds + one.seconds,
        )
        if one.is_solved:
            solved.add(one.task_id)
    return [*rounds.values()]


def _since_first(tries: Sequence[Try], one: Try) -> float:
    return (one.finished - tries[0].finished).total_seconds()
