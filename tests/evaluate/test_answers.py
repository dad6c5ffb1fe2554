"""What stored solvers answer."""

import time
from contextlib import suppress

import pytest

from batt_utils.evaluate.answers import LATE, NO_SOLVER, find_answers
from batt_utils.evaluate.deadline import TimeUp
from batt_utils.evaluate.results import Answer

SHORT = 0.1
LONG = 60
GRID = ((1, 2), (3, 4))


class Odd(Exception):
    def __str__(self):
        raise ValueError


def fail_oddly():
    raise Odd


NAMES = {"hmirror": lambda grid: grid[::-1], "range": range, "exit": exit, "fail_oddly": fail_oddly}
HEAD = "from dsl import *\nfrom constants import *\n\n"


def write(expression, head=HEAD):
    return f"{head}def solve(S, I, C):\n    O = {expression}\n    return O\n"


def find(*sources, seconds=LONG, inputs=(GRID,)):
    return find_answers(sources, NAMES, ((GRID, GRID),), inputs, SHORT, seconds)


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        pytest.param(write("hmirror(I)"), Answer(((3, 4), (1, 2))), id="a grid"),
        pytest.param(write("hmirror(I)", ""), Answer(((3, 4), (1, 2))), id="without imports"),
        pytest.param(write("S[0][1]"), Answer(GRID), id="of S"),
        pytest.param(write("C"), Answer(None, "no grid: NoneType"), id="no target is known"),
        pytest.param(write("7"), Answer(None, "no grid: int"), id="a number"),
        pytest.param(write("I[5]"), Answer(None, "IndexError: tuple index out of range"), id="an error"),
        pytest.param(write("exit(3)"), Answer(None, "SystemExit: 3"), id="an exit"),
        pytest.param(
            write("unknown(I)"), Answer(None, "NameError: name 'unknown' is not defined"), id="a name"
        ),
        pytest.param(write("[0 for _ in range(10**12)]"), LATE, id="a hang"),
        pytest.param("def other(I):\n    return I\n", NO_SOLVER, id="no solver"),
        pytest.param("", NO_SOLVER, id="nothing"),
        pytest.param(
            write("(").replace("\n    return O", ""),
            Answer(None, "SyntaxError: '(' was never closed (<string>, line 2)"),
            id="no Python",
        ),
        pytest.param(write("fail_oddly()"), Answer(None, "Odd"), id="an error without a text"),
    ],
)
def test_a_solver_has_an_answer(source, answer):
    assert find(source, write("I")) == [[answer], [Answer(GRID)]]


def test_each_input_has_its_answer():
    assert find(write("hmirror(I)"), inputs=[((1,), (2,)), ((3,),)]) == [
        [Answer(((2,), (1,))), Answer(((3,),))]
    ]


def test_a_solver_that_passes_its_time_is_run_on_no_other_input():
    hang = write("I if I == ((1,),) else [0 for _ in range(10**12)]")
    assert find(hang, inputs=[((1,),), GRID, ((1,),)]) == [[Answer(((1,),)), LATE, LATE]]


def test_others_lose_only_the_time_of_a_solver_that_does_not_heed_it():
    def wait(grid):
        end = time.perf_counter() + 4 * SHORT
        while time.perf_counter() < end:
            with suppress(TimeUp):
                time.sleep(SHORT)
        raise TimeUp

    found = find_answers([write("wait(I)"), write("I")], {"wait": wait}, (), [GRID], SHORT, 2 * SHORT)
    assert found == [[LATE], [Answer(GRID)]]


def test_no_solver_is_begun_once_the_time_has_passed():
    hang = write("[0 for _ in range(10**12)]")
    assert find(hang, write("I"), seconds=SHORT / 2) == [
        [LATE],
        [Answer(None, "not run: the task's time has passed")],
    ]
