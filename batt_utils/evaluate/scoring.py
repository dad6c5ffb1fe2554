"""Candidates scored on a sample: which match, and what is measured with which C."""

from collections.abc import Iterable, Sequence

from batt_utils.evaluate.results import Keep, SampleJob, SampleResult, SampleScore, Scorable, Scored
from batt_utils.evaluate.values import fingerprint, is_grid, renew
from batt_utils.rules import NO_OWNER, SEED, Rules
from batt_utils.tasks import Grid, read_grid

Target = tuple[object, Iterable[str] | None]  # C, and whose differs are measured with it: None for all
Judged = tuple[object, bool]  # a value or its fingerprint; whether the value is the expected grid


def choose_targets(job: SampleJob, outputs: Sequence[Scorable]) -> tuple[list[Target], list[int]]:
    """Choose what a sample's differs are measured with, and give the place of each candidate's C there."""
    expected = job.sample.get("output")
    if targets := job.rules.list_targets(expected):
        return [(target, None) for target in targets], [0] * len(outputs)
    groups, target_index = group_by_target([value for _, value in outputs], job.part, expected)
    owned: list[Target] = [
        (target, [NO_OWNER, *[outputs[member][0].solver_id for member in members]])
        for target, members in groups
    ]
    return owned, target_index


def group_by_target(
    values: Sequence[object], part: str, expected: Grid | None
) -> tuple[list[tuple[object, list[int]]], list[int]]:
    """Group candidates by the object that their differ values compare with (C).

    It is the expected output on a demo sample, the candidate's own value on a test sample. That comes from
    another call of the batt than what it is compared with: functions made on the way are not the same.

    Returns:
        The groups (C, places of the candidates), and for each candidate the place of its group.
    """
    groups: list[tuple[object, list[int]]] = []
    places: dict[int, int] = {}
    target_index = []
    for member, value in enumerate(values):
        target = expected if part == "demo" else value
        place = places.setdefault(id(target), len(groups))
        if place == len(groups):
            groups.append((target if is_grid(target) else renew(target), []))
        groups[place][1].append(member)
        target_index.append(place)
    return groups, target_index


def score_outputs(
    outputs: Iterable[Scorable],
    expected: Grid | None,
    keep: Keep,
    judged: dict[int, Judged] | None = None,
) -> list[Scored]:
    """Compare candidates with the expected grid, those with the same value once.

    Args:
        outputs: the candidates with their values.
        expected: the grid; None: it is not known.
        keep: see `SampleJob`.
        judged: what is known of values, by their ids; what is found is added.
    """
    judged = {} if judged is None else judged
    scored = []
    for candidate, value in outputs:
        if id(value) not in judged:
            judged[id(value)] = judge(value, expected, keep)
        scored.append(Scored(*candidate, *judged[id(value)]))
    return scored


def judge(value: object, expected: Grid | None, keep: Keep) -> Judged:
    """Give what is kept of a value, and whether it is the expected grid, if that is known."""
    try:
        match = expected is not None and bool(value == expected)
    except Exception:
        match = False
    kept = fingerprint(value)
    if isinstance(kept, bytes) and keep is Keep.VALUES:
        kept = value
    elif isinstance(kept, bytes) and keep is Keep.GRIDS:
        kept = read_grid(value) or kept
    return kept, match


def count_differs(score: SampleScore, rules: Rules = SEED) -> SampleResult:
    """Count a sample's differ values; turn its candidates into columns."""
    count_index, counts = rules.count(score.candidates, score.target_index, score.differ_values)
    ts, evolved, solver_ids, values, matches = zip(*score.candidates) if score.candidates else [()] * 5
    return SampleResult(ts, evolved, solver_ids, values, matches, count_index, counts, *score[3:])
