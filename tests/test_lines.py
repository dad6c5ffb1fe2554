"""What is said of a task, in the words of two revisions."""

import pytest

from batt_utils.job import Notes, SampleEvents, TaskOutcome
from batt_utils.lines import describe_scores, describe_task
from batt_utils.rules import NEWEST, SEED

SAMPLES = [
    SampleEvents("demo", 0, 3, ["a", "b"], timed_out=False),
    SampleEvents("demo", 1, 0, [], timed_out=True),
    SampleEvents("test", 0, 2, ["a"], timed_out=False),
]
BY_SEED = [
    "-- t1 - 7 --",
    "demo[0] - t1 - 3",
    "- o_solver_id = 'a' - match = True",
    "- o_solver_id = 'b' - match = True",
    "demo[1] - t1 - 0",
    "-- t1 - demo[1] timed out",
    "test[0] - t1 - 2",
    "- o_solver_id = 'a' - match = True",
    "-- t1 - 7 scored --",
]
BY_NEWEST = [
    "demo[0] - t1 - 3",
    "- MATCH: o_solver_id = 'a' - sample_type=demo[0] task_id=t1",
    "- MATCH: o_solver_id = 'b' - sample_type=demo[0] task_id=t1",
    "demo[1] - t1 - 0",
    "-- t1 - demo[1] timed out",
    "test[0] - t1 - 2",
    "- MATCH: o_solver_id = 'a' - sample_type=test[0] task_id=t1",
    "-- Demo+Test scoring: 7 - 4 outputs, 3 samples",
]
END = ["-- t1 - 7 done - 4 candidates scored", "-- Filtered to 2 unique candidates (from 4)"]
TIMED = "-- Phase 3a: Validated 2 solvers in 0.125s (parallelized)"
STATS = "-- t1 batch stats: 3 samples, 3 matches, 1 timed out"


@pytest.mark.parametrize(("rules", "lines"), [(SEED, BY_SEED), (NEWEST, BY_NEWEST)], ids=["seed", "newest"])
def test_describe_scores(rules, lines):
    assert [*describe_scores(7, "t1", SAMPLES, 4, rules)] == lines


@pytest.mark.parametrize(
    ("rules", "with_timing", "lines"),
    [
        (SEED, False, [*BY_SEED, *END]),
        (SEED, True, [*BY_SEED, *END]),
        (NEWEST, False, [*BY_NEWEST, *END, STATS]),
        (NEWEST, True, [*BY_NEWEST, *END, TIMED, STATS]),
    ],
    ids=["seed", "seed, timed", "newest", "newest, timed"],
)
def test_describe_task(rules, with_timing, lines):
    notes = Notes({"run_batt.phase3a_validate_batch": 0.125}, [])
    outcome = TaskOutcome(7, "t1", SAMPLES, 4, 2, [], True, True, ["", "", ""], True, notes, None)
    assert [*describe_task(outcome, rules, with_timing)] == lines
