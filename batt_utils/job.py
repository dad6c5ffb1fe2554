"""A task as one job: what it needs, what its samples come to, and what comes of it."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from batt_utils.evaluate.results import Failure, SampleResult
from batt_utils.evaluate.speed import Timing
from batt_utils.rules import SEED, D_Score, O_Score, Rules, S_Score
from batt_utils.store.links import Link, Store
from batt_utils.tasks import Data, Grid, Pairs, Sample, is_known
from batt_utils.timing import Seconds, measure

PILE_LOG = "pile.log"
Output = tuple[int, bool, str, object]  # a candidate's t, evolved, solver_id, and value or fingerprint


class TaskJob(NamedTuple):
    """All that a task needs.

    Attributes:
        task_i: its place among the tasks of the run.
        task_id: its name.
        samples: those of its parts, `demo` and `test`.
        timeout: seconds for a batt call, and for a solver, on one sample.
        out: where the result folders are.
        log: what the batt is given as `log_path`.
        keep_values: whether candidates come with their values, not with fingerprints of these.
        links: those of the task's solvers that are there, where its job comes from, which also saves what is
            found; None: who does it reads them, and saves.
        is_profiled: whether a worker that does the whole task profiles it.
        is_submitted: whether attempts at its test outputs are found for a submission.
        stored: the texts of the task's solvers that are there, by md5, as far as they are needed and `links`
            are given.
        known: what came of samples before, by their place in order of work; None: the GPU's memory is full.
        rules: what counts, and what is stored where.
    """

    task_i: int
    task_id: str
    samples: Mapping[str, Sequence[Sample]]
    timeout: float
    out: str = "."
    log: str = PILE_LOG
    keep_values: bool = False
    links: Sequence[Link] | None = None
    is_profiled: bool = False
    is_submitted: bool = False
    stored: Mapping[str, str] | None = None
    known: Mapping[int, Failure | None] = {}
    rules: Rules = SEED

    def list_pairs(self, *parts: str) -> Pairs:
        """List the pairs (input, output) of the samples of some parts whose output is known."""
        samples = [sample for part in parts for sample in self.samples[part]]
        return tuple((sample["input"], sample["output"]) for sample in samples if "output" in sample)

    def list_inputs(self, *parts: str) -> list[Grid]:
        """List the inputs of the samples of some parts."""
        return [sample["input"] for part in parts for sample in self.samples[part]]

    @property
    def is_known(self) -> bool:
        """Whether all outputs of its samples are known."""
        return all(map(is_known, self.samples.values()))


def make_job(total_data: Data, task_i: int, task_id: str, timeout: float, **options: Any) -> TaskJob:
    """Make the job of a task of `total_data`; `options` are further fields of it."""
    samples = {part: total_data[part][task_id] for part in ("demo", "test")}
    return TaskJob(task_i, task_id, samples, timeout, **options)


def remove_log() -> None:
    """Remove what batts have logged before."""
    with suppress(OSError):  # there is none, or the folder is read-only
        Path(PILE_LOG).unlink()


class Notes(NamedTuple):
    """What is noted while a task is done: the seconds of each step, and warnings.

    `timings` has other names for some steps.
    """

    seconds: Seconds
    warnings: list[str]
    timings: Mapping[str, str] = {}

    def measure(self, name: str) -> AbstractContextManager[None]:
        """Add the seconds that a block takes to those of a step."""
        return measure(self.seconds, self.timings.get(name, name))

    def get_seconds(self, name: str) -> float:
        """Give the seconds of a step."""
        return self.seconds[self.timings.get(name, name)]


class SampleEvents(NamedTuple):
    """What is said of a sample; `matches` has the solvers of the candidates that are right."""

    part: str
    number: int
    candidates: int
    matches: list[str]
    timed_out: bool


class TaskScores(NamedTuple):
    """What the samples of a task come to.

    Attributes:
        events: of each sample, the demo samples first.
        candidates: the distinct ones, in order of appearance.
        o_score: how many samples each solver got right, or the points for that.
        s_score: the differ counts that are stored.
        d_score: the differ counts of all samples.
        timings: of each sample.
        failures: how the batt failed on each sample; empty where it did not.
        is_solved: whether one program is right on every sample; None: not all outputs are known.
    """

    events: list[SampleEvents]
    candidates: list[Output]
    o_score: O_Score
    s_score: S_Score
    d_score: D_Score
    timings: list[Timing]
    failures: list[str]
    is_solved: bool | None


class Solver(NamedTuple):
    """A distinct program; the phases fill in its name and its seconds.

    Attributes:
        t: the call that it returns.
        solver_id: whose scores it has: the solver that it appeared for first.
        score: that solver's O_SCORE.
        md5: its name, that of its inlined text.
        seconds: what it takes on all samples.
        is_timed: whether all calls that these seconds are made of were timed.
        calls: how many calls it makes.
    """

    t: int
    solver_id: str
    score: int
    md5: str = ""
    seconds: float = 0.0
    is_timed: bool = False
    calls: int = 0

    @property
    def t_log(self) -> int:
        """Its speed: the quicker, the higher."""
        return 11 - int(math.log(max(self.seconds, 1e-9)))

    @property
    def link(self) -> Link:
        """The link to its file."""
        return Link(self.score, self.t_log, self.md5)


class Finds(NamedTuple):
    """What is saved of a task: links to solvers, and to differs by kind, and the texts by md5."""

    solvers: Sequence[Link]
    solver_texts: Mapping[str, str]
    differs: Mapping[str | None, Sequence[Link]]
    differ_texts: Mapping[str, str]


class Processed(NamedTuple):
    """What phase 3 gives.

    Attributes:
        solvers: all of them, with their seconds.
        let_in: those that got a place when they came.
        best: the highest score that was there before; -1 if there was none.
        timed_out: whether one passed its time.
        finds: what is to be saved of them.
    """

    solvers: Sequence[Solver]
    let_in: Sequence[Solver]
    best: int
    timed_out: bool
    finds: Finds


class TaskOutcome(NamedTuple):
    """What came of a task.

    Attributes:
        task_i: see `TaskJob`.
        task_id: see `TaskJob`.
        events: see `TaskScores`.
        candidates: how many distinct ones there are.
        unique: how many distinct programs these have.
        solvers: the distinct programs with a score above 0.
        is_solved: see `TaskScores`.
        is_new: whether it is solved, and was not by what was there before.
        failures: see `TaskScores`.
        timed_out: whether a sample or a solver passed its time.
        notes: what was noted while it was done.
        finds: what is still to be saved; None: it is saved.
        profile: that of the worker that did it, if it was asked for.
        tot_d_score: the sum of the points that differs gave.
        attempts: those at each test output, for a submission.
    """

    task_i: int
    task_id: str
    events: Sequence[SampleEvents]
    candidates: int
    unique: int
    solvers: Sequence[Solver]
    is_solved: bool | None
    is_new: bool
    failures: Sequence[str]
    timed_out: bool
    notes: Notes
    finds: Finds | None
    profile: dict[Any, Any] | None = None
    tot_d_score: int = 0
    attempts: Sequence[Sequence[Grid]] = ()


def count_samples(
    results: Sequence[SampleResult], demo: int, d_score: D_Score, rules: Rules = SEED
) -> TaskScores:
    """Count what every candidate gave on every sample; the differ counts are added to `d_score`.

    Args:
        results: of each sample, demo samples first.
        demo: how many of them are demo samples.
        d_score: counts what differs measure.
        rules: what counts.

    Raises:
        UserError: `d_score` has counts by other rules.
    """
    d_score.take_rules(rules)
    o_score, s_score = O_Score(), S_Score()
    candidates: dict[Output, None] = {}
    events = []
    for place, result in enumerate(results):
        if place == demo and rules.demo_only:
            s_score.update(d_score)
        matches = []
        outputs = zip(result.ts, result.evolved, result.solver_ids, result.values)
        candidates |= dict.fromkeys(outputs)
        for solver_id, match in zip(result.solver_ids, result.matches):
            o_score.update(solver_id, rules.points if match else 0)
            if match:
                matches.append(solver_id)
        rules.add_sample(d_score, result)
        part, number = ("demo", place) if place < demo else ("test", place - demo)
        events.append(SampleEvents(part, number, len(result.ts), matches, result.timed_out))
    if len(results) == demo or not rules.demo_only:
        s_score.update(d_score)
    right = [{t for t, match in zip(result.ts, result.matches) if match} for result in results]
    return TaskScores(
        events,
        list(candidates),
        o_score,
        s_score,
        d_score,
        [(result.seconds, result.raised) for result in results],
        [result.failure for result in results],
        bool(right and set.intersection(*right)),
    )


def make_outcome(
    job: TaskJob,
    scores: TaskScores,
    unique: int,
    processed: Processed,
    finds: Finds,
    notes: Notes,
) -> TaskOutcome:
    """Sum up what came of a job; `unique` is the number of distinct programs."""
    best = max((solver.score for solver in processed.solvers), default=0)
    return TaskOutcome(
        job.task_i,
        job.task_id,
        scores.events,
        len(scores.candidates),
        unique,
        [solver for solver in processed.solvers if solver.score > 0],
        scores.is_solved,
        scores.is_solved is True and processed.best < best,
        scores.failures,
        processed.timed_out or any(sample.timed_out for sample in scores.events),
        notes,
        finds,
        tot_d_score=scores.d_score.total,
    )


def save_finds(outcome: TaskOutcome, store: Store) -> TaskOutcome:
    """Write and link a task's solvers, then its differs; give the outcome without them.

    Raises:
        StoreError: something cannot be written.
    """
    if outcome.finds is None:
        return outcome
    solvers, solver_texts, differs, differ_texts = outcome.finds
    with outcome.notes.measure("main.run_batt"):
        with outcome.notes.measure("run_batt.phase3_process"):
            store.save_solvers(outcome.task_id, solvers, solver_texts)
        with outcome.notes.measure("run_batt.phase4_differs"):
            for kind, links in differs.items():
                store.save_differs(outcome.task_id, kind, links, differ_texts)
    return outcome._replace(finds=None)
