"""What an evaluation gives: records of columns."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from batt_utils.batt.program import Candidate, DifferItem
from batt_utils.evaluate.values import SPOILED
from batt_utils.rules import Count, DifferValue
from batt_utils.tasks import Pairs, Sample

Scorable = tuple[Candidate, Any]  # with its value


class Scored(NamedTuple):
    """One candidate on one sample: `value` is its value, or the fingerprint of it."""

    t: int
    evolved: bool
    solver_id: str
    value: object
    match: bool


class Measured(NamedTuple):
    """The differ items of an owner, and the size of each one's value (see `keep_size`), or `SPOILED`."""

    items: list[DifferItem]
    sizes: list[object]

    @property
    def values(self) -> list[DifferValue]:
        """The differ values that there are."""
        return [(*item, size) for item, size in zip(self.items, self.sizes) if size is not SPOILED]


NOT_MEASURED = Measured([], [])


class SampleScore(NamedTuple):
    """What a batt gave on one sample.

    For each candidate, in order, `measured` has the place in `differ_values` of what was measured
    with its C: the differ values by owner. For a batt that was read as data, `seconds` is what each call that
    candidates need took (one that was not made has none), and `raised` has those that raised: there a solver
    that is stored ends. `failure` is the error that a called batt raised.
    """

    candidates: list[Scored]
    measured: list[int]
    differ_values: list[dict[str, Measured]]
    seconds: dict[int, float]
    raised: frozenset[int]
    timed_out: bool
    failure: str = ""


class SampleJob(NamedTuple):
    """One sample of a task to be scored.

    Attributes:
        task_id: the task.
        part: `demo` or `test`.
        number: its place in that part.
        pairs: S, the pairs (input, output) of the demo samples.
        sample: its grids.
        keep_values: whether candidates come with their values, not with fingerprints of these.
    """

    task_id: str
    part: str
    number: int
    pairs: Pairs
    sample: Sample
    keep_values: bool = False

    def __str__(self) -> str:
        return f"{self.task_id} {self.part}[{self.number}]"


class SampleResult(NamedTuple):
    """One sample's result as columns; `counts[count_index[i]]` belongs to candidate i.

    Attributes:
        ts: the call of each candidate.
        evolved: whether each one is evolved.
        solver_ids: whose each one is.
        values: the value of each one, or its fingerprint.
        matches: whether each one is the expected grid.
        count_index: the place in `counts` of each one's differ counts.
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
    counts: Sequence[list[Count]] = ()
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


class Speed(NamedTuple):
    """What a solver took for all samples of its task, in seconds, and whether one passed its time."""

    seconds: float
    timed_out: bool
