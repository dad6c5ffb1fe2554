"""Batts that are called."""

import pytest
from evaluation import (
    FAILURES,
    GRID,
    NAMES,
    OTHER,
    SHORT,
    THIRD,
    list_counted,
    list_outputs,
    make_function_evaluator,
    output,
    score,
    write_batt,
)

from batt_utils.evaluate.function import FunctionEvaluator

CANDIDATE, ITEM = (1, False, "a", GRID), (1, "a", "differ_x", (1,))
SHAPE = (
    "TypeError: batt returns something else than o, s, lists of (t, evolved, solver_id, value) "
    "and of (t, owner, name, value)"
)


@pytest.mark.parametrize("line", FAILURES)
def test_a_batt_that_is_a_function_gives_nothing_if_it_fails(line):
    source = write_batt("t1 = join(I)", output(1, "a"), line)
    result = score(make_function_evaluator(source, {**NAMES, "ZERO": 0}))
    assert (result.candidates, result.differ_values, result.timed_out) == ([], [], False)


@pytest.mark.parametrize(
    "result",
    [
        *(None, 7, [], ([],), ([], [], []), (None, []), ([], 7), ([1], []), ([], [1])),
        *(([CANDIDATE[:3]], []), ([(*CANDIDATE, 5)], []), ([CANDIDATE], [ITEM[1:]])),
        *(([("1", *CANDIDATE[1:])], []), ([(1, [], "a", GRID)], []), ([(1, False, {}, GRID)], [])),
        *(([CANDIDATE], [(None, *ITEM[1:])]), ([CANDIDATE], [(1, [], "differ_x", (1,))])),
    ],
    ids=repr,
)
def test_a_function_that_returns_something_else_gives_nothing(result):
    found = score(FunctionEvaluator(lambda *_: result))
    assert (found.candidates, found.differ_values, found.timed_out) == ([], [], False)
    assert found.failure == SHAPE


def test_the_items_that_a_function_returns_may_be_of_other_types():
    class Number(int):
        pass

    found = score(FunctionEvaluator(lambda *_: ([[Number(1), 0, "a", GRID]], (list(ITEM),))))
    assert list_counted(found) == [(1, 0, "a", GRID, False, [], [ITEM])]
    assert found.failure == ""


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        pytest.param("t1 = nowhere(I)", "NameError: name 'nowhere' is not defined (line 4)", id="NameError"),
        pytest.param("t1 = fail(I)", "ValueError: (((1, 2),),) (line 4)", id="in what it calls"),
        pytest.param("t1 ? nowhere(I)", "NameError: name 'nowhere' is not defined (line 5)", id="guarded"),
        pytest.param("raise KeyError", "KeyError (line 4)", id="no message"),
        pytest.param("raise OSError('a\\nb\\rc')", "OSError: a (line 4)", id="several lines"),
        pytest.param("raise OSError('x' * 999)", f"OSError: {'x' * 188}... (line 4)", id="long"),
        pytest.param("leave(1)", "SystemExit: 1 (line 4)", id="an end of the process"),
        pytest.param("t1 = fail(C) if C else I", "", id="not with C = None"),
    ],
)
def test_a_function_that_fails_says_how(line, failure):
    found = score(make_function_evaluator(write_batt(line)))
    assert (found.candidates, found.failure) == ([], failure)


def test_a_function_whose_differs_fail_gives_its_candidates():
    source = write_batt("t1 = mirror(I)", output(1, "a"), "t2 = fail(C) if C else I")
    source = source.replace("return o, s", "s.append((2, 'a', 'differ_x', t2))\n    return o, s")
    found = score(make_function_evaluator(source))
    assert list_counted(found) == [(1, False, "a", OTHER, True, [], [])]
    assert found.failure == "ValueError: (((2, 1),),) (line 6)"


def test_a_late_function_gives_nothing():
    source = write_batt("t1 = mirror(I)", output(1, "a"), "t2 = spin_once(I)")
    evaluator = make_function_evaluator(source)
    late = score(evaluator, timeout=SHORT)
    assert (late.candidates, late.differ_values, late.timed_out) == ([], [], True)
    whole = score(evaluator, sample={"input": THIRD, "output": THIRD})
    assert (list_outputs(whole), whole.timed_out) == ([("a", THIRD)], False)


def test_a_function_whose_differs_are_late_gives_its_candidates():
    evaluator = make_function_evaluator(write_batt("t1 = mirror(I)", output(1, "a"), "t2 = spin_once(C)"))
    result = score(evaluator, sample={"input": GRID, "output": GRID}, timeout=SHORT)
    assert list_counted(result) == [(1, False, "a", OTHER, False, [], [])]
    assert result.timed_out is True
