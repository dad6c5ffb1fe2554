"""The rules of both revisions, written out plainly: the model that what counts is compared with."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Answer = tuple[Sequence[Any], Sequence[Any]]  # o, s
Call = Callable[[str, int, object], "Answer | None"]  # of part, number and C; None: it raises
Task = dict[str, list[dict[str, Any]]]  # the samples (input, output) of `demo` and `test`


class Scores(NamedTuple):
    """What a task comes to."""

    candidates: list[Any]
    o_score: dict[str, int]
    d_score: dict[str, dict[str, dict[str, int]]]
    s_score: dict[str, dict[str, dict[str, int]]]
    last_t: dict[str, int]


def score_by_seed(call: Call, task: Task) -> Scores:
    """Score a task by the seed's rules: the batt is called once more for each candidate.

    The items of nobody come first in what it gives.
    """
    scores = Scores([], {}, {}, {}, {})
    for part in ("demo", "test"):
        if part == "test":
            copy_scores(scores)
        for number, sample in enumerate(task[part]):
            o, _ = call(part, number, None) or ((), ())
            for candidate in o:
                add_candidate(scores, candidate, sample["output"], 1)
                _, _, solver_id, grid = candidate
                target = sample["output"] if part == "demo" else grid
                _, s = call(part, number, target) or ((), ())
                for t, owner, name, value in s:
                    if owner == "None":
                        scores.last_t[name] = t
                    if owner not in ("None", solver_id) or name not in scores.last_t:
                        continue
                    start = {"last_t": scores.last_t[name], "iz": 0, "zo": 0}
                    counts = scores.d_score.setdefault(solver_id, {}).setdefault(name, start)
                    if is_sized(value, 1):
                        closes = value[0] > 0 if owner == "None" else value[0] == 0
                        opens = value[0] == 0 if owner == "None" else value[0] > 0
                        counts["iz"] += closes
                        counts["zo"] += opens
    return scores


def score_by_newest(call: Call, task: Task) -> Scores:
    """Score a task by the newest rules: the batt is called twice for each sample."""
    scores = Scores([], {}, {}, {}, {})
    for part in ("demo", "test"):
        for number, sample in enumerate(task[part]):
            first = call(part, number, None)
            if first is None:
                continue
            second = call(part, number, sample["output"])
            for candidate in first[0]:
                add_candidate(scores, candidate, sample["output"], 1000)
            for t, owner, name, value in [*first[1], *(second[1] if second else ())]:
                if owner == "None":
                    scores.last_t[name] = t
                if name not in scores.last_t:
                    continue
                start = {"last_t": scores.last_t[name], "score": 0}
                counts = scores.d_score.setdefault(owner, {}).setdefault(name, start)
                if is_sized(value, 2):
                    points = min(max(value[0], 0), 1000)
                    counts["score"] += 1000 if owner == "None" else points  # 1000 - points, and points
    copy_scores(scores)
    return scores


def list_differ_links(scores: Scores, solver_ids: Sequence[str]) -> list[tuple[int, str]]:
    """List S_SCORE and name of each link to a differ by the newest rules."""
    return [
        (scores.s_score.get(solver_id, {}).get(name, {"score": 0})["score"], name)
        for solver_id in solver_ids
        for name in scores.last_t
    ]


def is_sized(value: object, least: int) -> bool:
    """Tell whether a differ's value counts: a tuple of so many items, the first an int and no bool."""
    return isinstance(value, tuple) and len(value) >= least and type(value[0]) is int


def add_candidate(scores: Scores, candidate: Any, expected: object, points: int) -> None:
    """Count a candidate."""
    if candidate not in scores.candidates:
        scores.candidates.append(candidate)
    _, _, solver_id, grid = candidate
    scores.o_score[solver_id] = scores.o_score.get(solver_id, 0) + points * (grid == expected)


def copy_scores(scores: Scores) -> None:
    """Take the scores of differs that are stored."""
    for solver_id, names in scores.d_score.items():
        scores.s_score[solver_id] = {name: dict(counts) for name, counts in names.items()}
