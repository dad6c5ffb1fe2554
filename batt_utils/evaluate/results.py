"""What an evaluation gives: records of columns."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from batt_utils.batt.program import Candidate, DifferItem
from batt_utils.evaluate.values import SPOILED
from batt_utils.rules import SEED, DifferValue, Rules
from batt_utils.tasks import Grid, Pairs, Sample

Scorable = tuple[Candidate, Any]  # with its value


class Scored(NamedTuple):
    """One candidate on one sample.

    Attributes:
        t: the call that it is the value of.
        evolved: whether it is evolved.
        solver_id: whose it is.
        value: what is kept of its value (see `Keep`).
        match: whether it is the expected grid.
    """

    t: int
    evolved: bool
    solver_id: str
    value: object
    match: bool


class Measured(NamedTuple):
    """What an owner's differs measured on one sample, with one C.

    Attributes:
        items: the owner's differ items.
        sizes: what counts of each one's value (see `keep_size`), or `SPOILED`.
        places: the place of each item among those of all owners.
    """

    items: list[DifferItem]
    sizes: list[object]
    places: list[int]

    @property
    def values(self) -> list[DifferValue]:
        """The differ values that there are."""
        return [(*item, size) for item, size in zip(self.items, self.sizes) if size is not SPOILED]

    @property
    def placed(self) -> list[tuple[int, DifferValue]]:
        """The differ values that there are, each with its place."""
        rows = zip(self.places, self.items, self.sizes)
        return [(place, (*item, size)) for place, item, size in rows if size is not SPOILED]


NOT_MEASURED = Measured([], [], [])


class SampleScore(NamedTuple):
    """What a batt gave on one sample.

    Attributes:
        candidates: in the order of the batt.
        target_index: the place in `differ_values` of each candidate's C.
        differ_values: for each C, what was measured by owner.
        seconds: what each call took that candidates need and that was made, of a batt read as data.
        raised: those of these calls that raised: there a solver that is stored ends.
        timed_out: whether the sample passed its time.
        failure: the error that a called batt raised; empty without one.
    """

    candidates: list[Scored]
    target_index: list[int]
    differ_values: list[dict[str, Measured]]
    seconds: dict[int, float]
    raised: frozenset[int]
    timed_out: bool
    failure: str = ""


class Keep(Enum):
    """What candidates come with: their values, or fingerprints of all or of those that are no grids of ARC.

    Another process may not know the classes and functions that a value names, but it knows grids.
    """

    FINGERPRINTS = 0
    GRIDS = 1
    VALUES = 2


class SampleJob(NamedTuple):
    """One sample of a task to be scored.

    Attributes:
        task_id: the task.
        part: `demo` or `test`.
        number: its place in that part.
        pairs: S, the pairs (input, output) of the demo samples.
        sample: its grids.
        keep: what candidates come with.
        rules: what its differs are measured with, and how they count.
    """

    task_id: str
    part: str
    number: int
    pairs: Pairs
    sample: Sample
    keep: Keep = Keep.FINGERPRINTS
    rules: Rules = SEED

    def __str__(self) -> str:
        return f"{self.task_id} {self.part}[{self.number}]"


class SampleResult(NamedTuple):
    """One sample's result as columns.

    Attributes:
        ts: the call of each candidate.
        evolved: whether each one is evolved.
        solver_ids: whose each one is.
        values: what is kept of the value of each one (see `Keep`).
        matches: whether each one is the expected grid.
        count_index: see `Rules.count`, as for `counts`.
        counts: differ counts.
        seconds: see `SampleScore`.
        raised: see `SampleScore`.
        timed_out: whether the sample passed its time.
        failure: see `SampleScore`.
    """

    ts: Sequence[int] = ()
    evolved: Sequence[bool] = ()
    solver_ids: Sequence[str] = ()
    values: Sequence[object] = ()
    matches: Sequence[bool] = ()
    count_index: Sequence[int] = ()
    counts: Sequence[Any] = ()
    seconds: Mapping[int, float] = {}
    raised: frozenset[int] = frozenset()
    timed_out: bool = False
    failure: str = ""


class Failure(NamedTuple):
    """A job that gave no result.

    Attributes:
        timed_out: whether it was late.
        what: what it did, to be said after its name.
        step: that of a task which its process died on.
    """

    timed_out: bool
    what: str
    step: int | None = None


class Answer(NamedTuple):
    """What a solver gives for an input.

    Attributes:
        grid: its output; None if that is no grid of ARC, or there is none.
        problem: why there is none; empty where there is one.
    """

    grid: Grid | None
    problem: str = ""


class SolveJob(NamedTuple):
    """Stored solvers of a task to be run.

    Attributes:
        sources: their texts.
        pairs: S, the pairs (input, output) of the demo samples.
        inputs: what each one is run on.
    """

    sources: Sequence[str]
    pairs: Pairs
    inputs: Sequence[Grid]


class Speed(NamedTuple):
    """What a solver took for all samples of its task.

    Attributes:
        seconds: those of all samples.
        timed_out: whether one passed its time.
    """

    seconds: float
    timed_out: bool
