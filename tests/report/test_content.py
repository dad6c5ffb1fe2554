import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.evaluate.results import Answer
from batt_utils.report.content import MOST_LETTERS, Content, format_grid, format_seconds
from batt_utils.report.findings import Finding
from batt_utils.report.outputs import make_outputs
from batt_utils.report.stored import Holding, Stored
from batt_utils.store.links import Link

SAMPLE = {"input": ((0, 1), (2, 3)), "output": ((9,),)}


def make_finding(task_id="task", right=0, of=4, folder=Path()):
    samples = {"demo": [SAMPLE] * (of - 1), "test": [SAMPLE]}
    return Finding(task_id, "", samples, Holding([Stored(Link(right, 9, "a" * 32), folder)], []), [])


GRIDS = st.integers(1, 30).flatmap(
    lambda width: st.lists(st.tuples(*[st.integers(0, 9)] * width), min_size=1, max_size=30).map(tuple)
)


def make_data(findings, folder):
    content = Content(folder)
    for finding in findings:
        content.add(finding)
    return content.list_all()


@given(GRIDS)
def test_a_grid_can_be_read_from_its_digits(grid):
    assert tuple(tuple(map(int, row)) for row in format_grid(grid).split("|")) == grid


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.9994, "999 ms"),
        (59.94, "59.9 s"),
        (59.99, "1 min 0 s"),
        (3599.9, "1 h 0 min"),
        (90000, "25 h 0 min"),
    ],
)
def test_seconds_are_written_as_people_read_them(seconds, text):
    assert format_seconds(seconds) == text


def test_grids_and_programs_are_there_once(tmp_path):
    for task_id in "ab":
        path = tmp_path / task_id / "0" / "9" / f"{'a' * 32}.py"
        path.parent.mkdir(parents=True)
        path.write_text("x")
    (tmp_path / "solver_md5").mkdir()
    data = make_data([make_finding(task_id, folder=tmp_path / task_id) for task_id in "ab"], None)
    assert data["grids"] == ["01|23", "9"]
    assert data["programs"] == [("a" * 32, "x", "")]
    assert [task["programs"][0]["number"] for task in data["tasks"]] == [0, 0]


def test_of_programs_that_give_nothing_the_first_few_are_shown(tmp_path):
    finding = make_finding(folder=tmp_path)
    solvers = [Stored(Link(0, 9, f"{number:032}"), tmp_path) for number in range(9)]
    outputs = make_outputs(solvers, [SAMPLE] * 3, [SAMPLE])
    bad = [Answer(None, "timed out"), *[Answer(None, "no grid: int")] * 2]
    outputs.add(range(9), [[*bad, Answer(((9,),)) if number == 7 else bad[0]] for number in range(9)])
    finding = finding._replace(holding=Holding(solvers, []), outputs=outputs)
    ((programs, samples),) = [
        (task["programs"], task["samples"]) for task in make_data([finding], None)["tasks"]
    ]
    assert [program["number"] for program in programs] == [*range(6)]
    assert programs[5]["problem"] == "timed out (on demo 1); no grid: int (on demo 2, demo 3)"
    assert programs[0]["problem"] == "timed out (on demo 1, test 1); no grid: int (on demo 2, demo 3)"
    assert [sample["outputs"] for sample in samples] == [[], [], [], [[1, 5, 0]]]


def test_a_long_message_of_a_program_is_cut(tmp_path):
    solvers = [Stored(Link(0, 9, "a" * 32), tmp_path)]
    outputs = make_outputs(solvers, [SAMPLE] * 3, [SAMPLE])
    outputs.add([0], [[Answer(None, "x" * 10**6)] * 4])
    (task,) = make_data([make_finding(folder=tmp_path)._replace(outputs=outputs)], None)["tasks"]
    assert task["programs"][0]["problem"] == f"{'x' * MOST_LETTERS} (on every sample)"


def test_of_differs_of_a_kind_the_best_are_shown(tmp_path):
    differs = [Stored(Link(9 - number, 9, f"{number:032}"), tmp_path, "iz") for number in range(7)]
    finding = make_finding(folder=tmp_path)._replace(holding=Holding([], differs))
    (task,) = make_data([finding], None)["tasks"]
    assert task["differs"] == [{"kind": "iz", "more": 2, "best": [[0, 9], [1, 8], [2, 7], [3, 6], [4, 5]]}]


@pytest.mark.parametrize("name", ["a b", "ä", "100%#?", "it's", "\udcff"], ids=ascii)
def test_links_are_relative_to_the_page(tmp_path, name):
    folder = tmp_path / name / "solver_dir" / "solve_task"
    (folder / "0" / "9").mkdir(parents=True)
    (folder / "0" / "9" / f"{'a' * 32}.py").write_text("x")
    ((_, _, href),) = make_data([make_finding(folder=folder)], tmp_path / "pages")["programs"]
    assert re.fullmatch(r"\.\./[\w.%/~'-]+/solver_dir/solve_task/0/9/a{32}\.py", href)
