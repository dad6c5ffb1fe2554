import json
from pathlib import Path

import pytest

from batt_utils.console import UserError
from batt_utils.report.tries import list_rounds, list_solved, read_tries

DEFAULTS = {"key": "k", "batt": "b1", "stage": "training", "demo": 2, "test": 1, "unique": 9, "seconds": 0.5}
RESULT = DEFAULTS | {"task": "a", "solvers": [], "solved": False, "finished": "2026-01-31T00:00:00Z"}


def write_results(path, *results):
    lines = []
    for second, task, right, batt in results:
        solvers = [{"o_score": score} for score in range(1, right + 1)]
        finished = f"2026-01-31T00:00:{second:02}Z"
        fields = {"task": task, "solvers": solvers, "solved": right == 3, "finished": finished, "batt": batt}
        lines.append(json.dumps(DEFAULTS | fields) + "\n")
    path.write_text("".join(lines))
    return str(path)


@pytest.fixture
def tries(tmp_path):
    later = write_results(tmp_path / "later", (20, "a", 3, "b2"), (25, "b", 3, "b2"), (40, "c", 0, "b3"))
    first = write_results(tmp_path / "first", (10, "a", 3, "b1"), (12, "b", 2, "b1"))
    (tmp_path / "link").symlink_to(later)
    return read_tries([later, first, later, str(tmp_path / "link")])


def test_tries_are_in_the_order_of_time_and_a_file_counts_once(tries):
    assert [(one.task_id, one.right, one.of, one.is_solved) for one in tries] == [
        ("a", 3, 3, True),
        ("b", 2, 3, False),
        ("a", 3, 3, True),
        ("b", 3, 3, True),
        ("c", 0, 3, False),
    ]


def test_a_task_is_solved_once(tries):
    assert list_solved(tries) == [0, 15]
    assert list_solved([]) == []


def test_phases_are_those_that_are_recorded(tmp_path):
    path = tmp_path / "results"
    line = json.loads(Path(write_results(path, (1, "a", 1, "b1"))).read_text())
    phases = {"score": 0.25, "filter": 1}
    path.write_text(f"{json.dumps(line)}\n{json.dumps(line | {'phases': phases})}\n")
    assert [one.phases for one in read_tries([str(path)])] == [{}, phases]


def test_rounds_are_those_of_a_batt_in_a_file(tries):
    rounds = [(one.batt, *one[2:]) for one in list_rounds(tries)]
    assert rounds == [("b1", 0, 2, 1, 1, 1.0), ("b2", 10, 2, 2, 1, 1.0), ("b3", 30, 1, 0, 0, 0.5)]


def test_a_line_that_is_being_written_is_passed_over(tmp_path):
    path = write_results(tmp_path / "results", (1, "a", 1, "b1"))
    with Path(path).open("a") as file:
        file.write('{"version": "1.')
    assert len(read_tries([path])) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{}", "line 1 is no result: remove it"),
        ('{"key": "k"}', "line 1 is no result of a task (KeyError: 'solvers')"),
        (json.dumps(DEFAULTS | {"task": "a", "solvers": 1}), "line 1 is no result of a task (TypeError: "),
        (
            json.dumps(DEFAULTS | {"task": "a", "solvers": [], "finished": "today"}),
            "line 1 is no result of a task (ValueError: ",
        ),
        *(
            (
                json.dumps(RESULT | {"seconds": seconds}),
                f"line 1 is no result of a task (ValueError: {text} are no seconds)",
            )
            for seconds, text in ((-1, "-1"), (1e999, "inf"))
        ),
    ],
    ids=["no key", "no fields", "no list", "no time", "no seconds", "seconds without end"],
)
def test_what_is_no_result_is_refused(tmp_path, line, reason):
    path = tmp_path / "results"
    path.write_text(f"{line}\n")
    with pytest.raises(UserError) as caught:
        read_tries([str(path)])
    assert str(caught.value).startswith(f"{path}: {reason}")
