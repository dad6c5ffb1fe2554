"""A submission to the ARC Prize: two attempts at each test output, in the file of `--submission`.

The file is an object of tasks by id, with `{"attempt_1": grid, "attempt_2": grid}` for each test input
(https://www.kaggle.com/competitions/arc-prize-2025/overview/evaluation).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from batt_utils.console import UserError
from batt_utils.engine.engine import Engine
from batt_utils.evaluate.results import SampleResult, SolveJob
from batt_utils.job import Solver, TaskJob, TaskOutcome
from batt_utils.options import Options
from batt_utils.store.files import has_content, write_file
from batt_utils.store.links import Store
from batt_utils.tasks import Data, Grid, is_known, read_grid

NOTHING: Grid = ((0, 0), (0, 0))
NAMES = ("attempt_1", "attempt_2")
SECONDS = 1  # between two writings
ADVICE = "free some space, allow writing there, or choose another --submission"

Attempts = Sequence[Grid]  # two, at a test output


class Vote(NamedTuple):
    """What a program says of a task's test outputs.

    Attributes:
        demo: how many demo samples it is right on.
        calls: how many calls it makes.
        grids: its outputs for the test inputs; None where that is no grid.
    """

    demo: int
    calls: int
    grids: Sequence[Grid | None]


async def find_attempts(
    job: TaskJob, engine: Engine, solvers: Iterable[Solver], results: Sequence[SampleResult]
) -> list[Attempts]:
    """Find the attempts at a task's test outputs, of a batt's programs and those that are stored.

    Args:
        job: the task.
        engine: runs the stored solvers.
        solvers: the batt's programs, named.
        results: of each sample, demo samples first.
    """
    voters = {solver.md5: solver for solver in solvers}
    demo, test = len(job.samples["demo"]), len(job.samples["test"])
    votes = _count_votes(voters.values(), results, demo)
    stored = Store(job.out).read_solvers(job.task_id) if job.stored is None else job.stored
    others = [text for md5, text in stored.items() if md5 not in voters]
    if others:
        inputs = job.list_inputs("demo", "test")
        to_solve = SolveJob(others, job.list_pairs("demo"), inputs)
        expected = [sample["output"] for sample in job.samples["demo"]]
        found = await anext(engine.solve([to_solve], job.timeout, job.timeout * len(inputs)))
        for text, answers in zip(others, found):
            grids = [answer.grid for answer in answers]
            right = sum(grid == output for grid, output in zip(grids, expected))
            votes.append(Vote(right, text.count(" = "), grids[demo:]))
    return [choose_attempts([(vote, vote.grids[place]) for vote in votes]) for place in range(test)]


def _count_votes(solvers: Iterable[Solver], results: Sequence[SampleResult], demo: int) -> list[Vote]:
    values = [dict(zip(result.ts, result.values)) for result in results[demo:]]
    right = [{t for t, match in zip(result.ts, result.matches) if match} for result in results[:demo]]
    return [
        Vote(
            sum(solver.t in ts for ts in right),
            solver.calls,
            [read_grid(by_t.get(solver.t)) for by_t in values],
        )
        for solver in solvers
    ]


def choose_attempts(votes: Iterable[tuple[Vote, Grid | None]]) -> Attempts:
    """Choose two attempts at a test output among those of distinct programs.

    First come those of programs that are right on the most demo samples, of these the one of the most
    programs, then of the fewest calls. Where there are less than two, 2x2 cells of 0 stand for the rest.

    >>> choose_attempts([(Vote(2, 5, ()), ((1,),)), (Vote(1, 3, ()), ((2,),)), (Vote(1, 4, ()), ((1,),))])
    [((1,),), ((2,),)]
    """
    programs: dict[Grid, list[Vote]] = {}
    for vote, grid in votes:
        if grid is not None:
            programs.setdefault(grid, []).append(vote)

    def rank(grid: Grid) -> tuple[int, int, int, Grid]:
        best = max(vote.demo for vote in programs[grid])
        calls = [vote.calls for vote in programs[grid] if vote.demo == best]
        return -best, -len(calls), min(calls), grid

    return [*sorted(programs, key=rank), NOTHING, NOTHING][: len(NAMES)]


def add_earlier(attempts: Attempts, earlier: Attempts) -> Attempts:
    """Let an earlier run's attempts take the places of those that are missing.

    >>> add_earlier([((1,),), NOTHING], [((1,),), ((2,),)])
    [((1,),), ((2,),)]
    """
    found = [*attempts]
    while found and found[-1] == NOTHING:
        found.pop()
    more = [grid for grid in earlier if grid not in found]
    return [*found, *more, NOTHING, NOTHING][: len(NAMES)]


class Submission:
    """The attempts at all tasks, in a file that is whole at any time."""

    def __init__(self, path: str, total_data: Data, task_ids: Iterable[str], resume: bool) -> None:
        """Write a file with an entry for each test input of each task; take over what is there, if so wished.

        Raises:
            UserError: what is there is no submission.
            OSError: the file cannot be read or written.
        """
        self._path = path
        self._task_ids = [*task_ids]
        is_there = Path(path).exists() if resume else has_content(path)
        before = _read_submission(path) if is_there else {}  # what is something else is not written over
        nothing = [NOTHING] * len(NAMES)
        new = {task_id: [nothing] * len(total_data["test"][task_id]) for task_id in self._task_ids}
        kept = {
            task_id: entry
            for task_id, entry in before.items()
            if resume and len(entry) == len(new.get(task_id, entry))
        }
        self._entries = new | kept
        self.write()

    def has(self, task_id: str) -> bool:
        """Tell whether an earlier run has found attempts at a task."""
        return any(grid != NOTHING for attempts in self._entries[task_id] for grid in attempts)

    def add(self, outcome: TaskOutcome) -> None:
        """Add the attempts at a task, before those of an earlier run; write them now and then.

        Raises:
            OSError: the file cannot be written.
        """
        earlier = self._entries[outcome.task_id]
        self._entries[outcome.task_id] = [*map(add_earlier, outcome.attempts, earlier)]
        if monotonic() > self._written + SECONDS:
            self.write()

    def write(self) -> None:
        """Write all attempts.

        Raises:
            OSError: the file cannot be written.
        """
        entries = {
            task_id: [dict(zip(NAMES, attempts)) for attempts in entry]
            for task_id, entry in self._entries.items()
        }
        write_file(self._path, json.dumps(entries, separators=(",", ":")) + "\n", ADVICE)
        self._written = monotonic()

    def rate(self, total_data: Data) -> str:
        """Say what the prize would give for tasks whose test outputs are known; empty if there are none.

        A test input counts if one of its attempts is right, a task the share of its test inputs that do.
        """
        score, known = 0.0, 0
        for task_id in self._task_ids:
            samples = total_data["test"][task_id]
            if is_known(samples):
                pairs = zip(samples, self._entries[task_id])
                score += sum(sample["output"] in attempts for sample, attempts in pairs) / len(samples)
                known += 1
        return f"the submission would score {score:g} of {known} tasks" if known else ""


def _read_submission(path: str) -> dict[str, list[Attempts]]:
    """Read the entries of a file.

    Raises:
        UserError: it is no submission.
        OSError: it cannot be read.
    """
    try:
        entries: dict[str, list[Attempts]] = {
            task_id: [[_read_attempt(attempts[name]) for name in NAMES] for attempts in entry]
            for task_id, entry in json.loads(Path(path).read_bytes()).items()
        }
    except (ValueError, AttributeError, TypeError, LookupError, RecursionError):
        raise UserError(f"{path}: no submission: remove it, or choose another --submission") from None
    return entries


def _read_attempt(value: object) -> Grid:
    grid = read_grid(value)
    if grid is None:
        raise ValueError("no grid")
    return grid


@contextmanager
def open_submission(options: Options, total_data: Data, task_ids: Sequence[str]) -> Iterator[Submission]:
    """Open the file of a submission; it is written whole once more at the end.

    Raises:
        UserError, OSError: as for `Submission`.
    """
    submission = Submission(str(options.submission), total_data, task_ids, options.resume)
    try:
        yield submission
    finally:
        submission.write()
