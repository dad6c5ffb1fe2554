"""Every solver on every sample of its task, and the form that all have."""

import ast
from pathlib import Path

import pytest

from batt_utils.arc import constants, differs, dsl, solvers
from batt_utils.tasks import get_data

SOLVERS = {name: value for name, value in vars(solvers).items() if name.startswith("solve_")}
DIFFERS = {name: value for name, value in vars(differs).items() if name.startswith("differ_")}
DATA = get_data(task_id=[name.removeprefix("solve_") for name in SOLVERS])
GRID = ((0, 1, 0), (0, 0, 0), (2, 2, 0))
OTHER = ((0, 3, 0), (0, 0, 0), (2, 2, 0))


def test_there_are_solvers_enough():
    assert len(SOLVERS) >= 48
    assert "solve_007bbfb7" in SOLVERS


@pytest.mark.parametrize("name", SOLVERS)
def test_solver_is_right_on_every_sample_of_its_task(name):
    task_id = name.removeprefix("solve_")
    pairs = tuple((sample["input"], sample["output"]) for sample in DATA["demo"][task_id])
    for sample in DATA["demo"][task_id] + DATA["test"][task_id]:
        assert SOLVERS[name](pairs, sample["input"], None) == sample["output"]


@pytest.mark.parametrize("module", [solvers, differs], ids=["solvers", "differs"])
def test_programs_are_in_straight_line_form(module):
    words = {*dsl.__all__, *(name for name in vars(constants) if name.isupper()), "S", "I", "C"}
    for function in ast.parse(Path(module.__file__).read_text()).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        lines = [line for line in function.body if not isinstance(line, ast.Expr)]
        known = set(words)
        for number, line in enumerate(lines[:-1], 1):
            last = number == len(lines) - 1
            assert ast.unparse(line.targets[0]) == ("O" if last else f"x{number}")
            items = [line.value.func, *line.value.args]
            assert {ast.unparse(item) for item in items} <= known, function.name
            known.add(f"x{number}")
        assert ast.unparse(lines[-1]) == "return O"


@pytest.mark.parametrize(
    ("name", "size"),
    [("colors_lost", 1), ("colors_gained", 1), ("dots_lost", 1), ("dots_gained", 1)],
    ids=str,
)
def test_differ_counts(name, size):
    differ = DIFFERS[f"differ_{name}"]
    assert differ(None, GRID, OTHER)[0] == size
    assert differ(None, GRID, GRID)[0] == 0


def test_differs_tell_what_is_lost_from_what_is_gained():
    plain = ((0, 0, 0), (0, 0, 0), (2, 2, 0))
    found = {name: differ(None, GRID, plain)[0] for name, differ in DIFFERS.items()}
    assert found == {
        "differ_colors_lost": 1,
        "differ_colors_gained": 0,
        "differ_dots_lost": 1,
        "differ_dots_gained": 0,
    }
