from datetime import datetime

import pytest

from batt_utils.console import UserError
from batt_utils.report.findings import Finding, find_tasks
from batt_utils.report.stored import Holding, Stored
from batt_utils.report.tries import Try
from batt_utils.store.links import Link, Store
from reports import name

GRID = ((1,),)
KNOWN, UNKNOWN = {"input": GRID, "output": GRID}, {"input": GRID}


def make_attempt(task_id, right=0, of=4):
    return Try(
        "file", "batt", task_id, "evaluation", datetime(2026, 1, 1), 1.0, right, of, right == of, 9, {}
    )


def make_finding(folder, stored, tried, samples):
    solvers = [Stored(Link(score, 9, "a"), folder) for score in stored]
    tries = [make_attempt("task", right) for right in tried]
    return Finding("task", "", samples, Holding(solvers, []), tries)


@pytest.mark.parametrize(
    ("stored", "tried", "samples", "state"),
    [
        ([4], [], {"demo": [KNOWN] * 3, "test": [KNOWN]}, "solved"),
        ([3], [], {"demo": [KNOWN] * 3, "test": [KNOWN]}, "nearly"),
        ([2], [3], {"demo": [KNOWN] * 3, "test": [KNOWN]}, "nearly"),
        ([2000, 1], [], {"demo": [KNOWN] * 3, "test": [KNOWN]}, "partly"),
        ([0], [0], {"demo": [KNOWN] * 3, "test": [KNOWN]}, "none"),
        ([0], [], {"demo": [KNOWN], "test": []}, "none"),
        ([], [4], {}, "solved"),
        ([], [2], {}, "partly"),
        ([3], [], {}, "partly"),
        ([3], [], {"demo": [KNOWN] * 3, "test": [UNKNOWN]}, "nearly"),
    ],
    ids=[
        "all", "all but one", "a run was better", "thousands", "none", "none of one",
        "no data, all in a run", "no data", "no data, no run", "an output that nobody knows",
    ],
)  # fmt: skip
def test_state(tmp_path, stored, tried, samples, state):
    assert make_finding(tmp_path, stored, tried, samples).state == state


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    for task_id, score in (
        ("none", 0),
        ("solved", 4),
        ("half", 2),
        ("quarter", 1),
        ("nearly", 3),
        ("also", 3),
    ):
        store.save_solvers(task_id, [Link(score, 9, name("a"))], {name("a"): "a"})
    return store


def make_data(*task_ids):
    counts = {"demo": 3, "test": 1}
    return {part: {task_id: [KNOWN] * count for task_id in task_ids} for part, count in counts.items()}


def test_the_most_interesting_come_first(store):
    task_ids = ["solved", "none", "nearly", "quarter", "half", "also", "elsewhere"]
    findings = find_tasks(store, [], make_data(*task_ids), {"half": "training"})
    assert [one.task_id for one in findings] == ["also", "nearly", "solved", "half", "quarter", "none"]
    assert [one.stage for one in findings if one.task_id == "half"] == ["training"]


def test_tasks_that_were_only_tried_are_there_too(store):
    tries = [make_attempt("tried", 4), make_attempt("solved", 2), make_attempt("solved", 4)]
    findings = {one.task_id: one for one in find_tasks(store, tries, make_data("solved"), {})}
    assert findings.keys() == {"none", "solved", "half", "quarter", "nearly", "also", "tried"}
    assert (findings["tried"].state, findings["tried"].stage) == ("solved", "evaluation")
    assert findings["solved"].tries == tries[1:]
    assert findings["nearly"].samples == {}


def test_only_what_is_wanted(store):
    findings = find_tasks(store, [], make_data("nearly", "none"), {}, ["none", "nearly", "none"])
    assert [one.task_id for one in findings] == ["nearly", "none"]


def test_what_nobody_knows_is_refused(store, tmp_path):
    with pytest.raises(UserError, match="nothing of task nowhere there"):
        find_tasks(store, [], make_data("nowhere"), {}, ["none", "nowhere"])
    with pytest.raises(UserError, match="no task has results there"):
        find_tasks(Store(tmp_path / "empty"), [], make_data("nowhere"), {})
