"""Candidates scored on a sample: which match, and what is measured with which C."""

from collections.abc import Iterable, Sequence
from itertools import chain

from batt_utils.evaluate.results import SampleResult, SampleScore, Scorable, Scored
from batt_utils.evaluate.values import fingerprint, is_grid, renew
from batt_utils.rules import NO_OWNER, Count, count
from batt_utils.tasks import Grid

Judged = tuple[object, bool]  # a value or its fingerprint, and whether it is the expected grid


def group_by_target(
    values: Sequence[object], part: str, expected: Grid
) -> tuple[list[tuple[object, list[int]]], list[int]]:
    """Group candidates by the object that their differ values compare with (C).

    It is the expected output on a demo sample, the candidate's own value on a test sample. That comes from
    another call of the batt than what it is compared with: functions made on the way are not the same.

    Returns:
        The groups (C, places of the candidates), and for each candidate the place of its group.
    """
    groups: list[tuple[object, list[int]]] = []
    places: dict[int, int] = {}
    measured = []
    for member, value in enumerate(values):
        target = expected if part == "demo" else value
        place = places.setdefault(id(target), len(groups))
        if place == len(groups):
            groups.append((target if is_grid(target) else renew(target), []))
        groups[place][1].append(member)
        measured.append(place)
    return groups, measured


def score_outputs(
    outputs: Iterable[Scorable], expected: Grid, keep_values: bool, judged: dict[int, Judged] | None = None
) -> list[Scored]:
    """Compare candidates with the expected grid; those with the same value are compared once.

    `judged` has what is known of values by their ids, and gets what is found.
    """
    judged = {} if judged is None else judged
    scored = []
    for candidate, value in outputs:
        if id(value) not in judged:
            judged[id(value)] = judge(value, expected, keep_values)
        scored.append(Scored(*candidate, *judged[id(value)]))
    return scored


def judge(value: object, expected: Grid, keep_value: bool) -> Judged:
    """What is told of a value, itself or its fingerprint, and whether it is the expected grid."""
    try:
        match = bool(value == expected)
    except Exception:
        match = False
    mark = fingerprint(value)
    return (value if keep_value and isinstance(mark, bytes) else mark), match


def count_sample(score: SampleScore) -> SampleResult:
    """Count the differ values of each candidate, those of several with the same sizes once."""
    places: dict[tuple[int, ...], int] = {}
    counts: list[list[Count]] = []
    count_index = []
    for scored, place in zip(score.candidates, score.measured):
        owners = dict.fromkeys((NO_OWNER, scored.solver_id))
        measured = [score.differ_values[place][owner] for owner in owners]
        key = tuple([id(one.sizes) for one in measured])
        if key not in places:
            places[key] = len(counts)
            counts.append(count(chain(*[one.values for one in measured])))
        count_index.append(places[key])
    ts, evolved, solver_ids, values, matches = zip(*score.candidates) if score.candidates else [()] * 5
    return SampleResult(ts, evolved, solver_ids, values, matches, count_index, counts, *score[3:])
