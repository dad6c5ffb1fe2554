"""What a run leaves, opened and added to together."""

import pytest

from batt_utils.job import Notes, TaskOutcome
from batt_utils.options import Options
from batt_utils.records import Records, open_records
from batt_utils.rules import SEED
from batt_utils.store.journal import End

GRID = ((1,),)
DATA = {part: {"a": [{"input": GRID, "output": GRID}]} for part in ("demo", "test")}


class Noting:
    """Notes what is added, and when, by name; has the ends of some tasks."""

    def __init__(self, name, added, ends=()):
        self.name, self.added, self.ends = name, added, ends

    def add(self, outcome):
        self.added.append((self.name, outcome))

    def find_ends(self, task_ids):
        return {task_id: End(True, False) for task_id in task_ids if task_id in self.ends}

    def has(self, task_id):
        return task_id in self.ends


@pytest.mark.parametrize(
    ("history", "submission", "passed_over"),
    [("ab", "bc", "b"), ("ab", None, "ab"), (None, "bc", ""), (None, None, "")],
    ids=["both", "no submission", "no history", "none"],
)
def test_a_task_is_passed_over_if_nothing_of_it_is_missing(history, submission, passed_over):
    asked_for = {"history": history, "submission": submission}
    parts = {name: Noting(name, [], has) for name, has in asked_for.items() if has is not None}
    assert Records(None, **parts).find_ends([*"abcd"]) == dict.fromkeys(passed_over, End(True, False))


def test_attempts_are_there_before_a_result_says_that_the_task_is_done():
    added = []
    Records(None, Noting("history", added), Noting("submission", added)).add("outcome")
    assert added == [("submission", "outcome"), ("history", "outcome")]


def test_what_is_not_asked_for_is_not_there(tmp_path):
    with open_records(Options(out=str(tmp_path)), SEED, None, DATA, ["a"]) as records:
        records.add(TaskOutcome(0, "a", [], 0, 0, [], False, False, [], False, Notes({}, []), None))
        assert records.find_ends(["a"]) == {}
        assert [*records.describe_end(DATA, True)] == []
    assert {path.name for path in tmp_path.iterdir()} == {
        "differ_dir",
        "differ_md5",
        "solver_dir",
        "solver_md5",
    }


def test_what_is_said_at_the_end(tmp_path):
    options = Options(out=str(tmp_path), submission=str(tmp_path / "submission.json"))
    with open_records(options, SEED, None, DATA, ["a"]) as records:
        (tmp_path / "solver_md5" / f"{'0' * 32}.py").touch()
        score = "the submission would score 0 of 1 tasks"
        assert [*records.describe_end(DATA, False)] == [score]
        unlinked = "1 files of solvers and differs that no link leads to are left as they are"
        assert [*records.describe_end(DATA, True)] == [score, unlinked]


def test_what_cannot_be_written_leaves_no_folder(tmp_path):
    options = Options(out=str(tmp_path / "out"), submission=str(tmp_path / "nowhere" / "submission.json"))
    with (
        pytest.raises(OSError, match="choose another --submission"),
        open_records(options, SEED, None, DATA, ["a"]),
    ):
        pass
    assert not any((tmp_path / "out").rglob("*"))
