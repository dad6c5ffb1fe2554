"""What a run says of a batt that fails: the lines, how many, and what they count."""

import pytest

from batt_utils.batt.reader import read_program
from batt_utils.evaluate.failures import Failures, report_unknown

ADVICE = "mend it, or write it anew"


def add(failures, task_id, *samples):
    """Adds a task's samples: each the error it failed with, or how many candidates it has."""
    ways = [sample if isinstance(sample, str) else "" for sample in samples]
    return failures.add(task_id, ways, sum(sample for sample in samples if isinstance(sample, int)))


@pytest.mark.parametrize(
    ("samples", "lines"),
    [
        pytest.param([2, 2, 2], [], id="none"),
        pytest.param([0, 0], [], id="no candidates, without a failure"),
        pytest.param(["E: x"] * 3, ["the batt fails: E: x"], id="all in the same way"),
        pytest.param(["E: x", 2, "E: x"], ["the batt fails on 2 of 3 samples of ab: E: x"], id="some"),
        pytest.param(
            ["E: x", "E: y", "E: x"],
            ["the batt fails on 2 of 3 samples of ab: E: x", "the batt fails on 1 of 3 samples of ab: E: y"],
            id="each in its way",
        ),
        pytest.param(
            [f"E: {number}" for number in range(7)],
            [f"the batt fails on 1 of 7 samples of ab: E: {number}" for number in range(5)],
            id="in many ways",
        ),
    ],
)
def test_each_way_to_fail_is_a_line(samples, lines):
    assert add(Failures(), "ab", *samples) == [f"{line}: {ADVICE}" for line in lines]


def test_each_way_to_fail_is_told_once_in_a_run():
    failures = Failures()
    assert add(failures, "ab", "E: x", "E: x") == [f"the batt fails: E: x: {ADVICE}"]
    assert add(failures, "cd", "E: x", "E: x") == []
    assert add(failures, "ef", "E: x", "E: y") == [f"the batt fails on 1 of 2 samples of ef: E: y: {ADVICE}"]
    told = [add(failures, "gh", f"E: {number}") for number in range(9)]
    assert [len(lines) for lines in told] == [1] * 3 + [0] * 6


@pytest.mark.parametrize(
    ("tasks", "counts", "line"),
    [
        pytest.param([], (0, 0, 0), "", id="no task"),
        pytest.param([[2, "E: x"]], (2, 1, 2), "", id="one task"),
        pytest.param([[2, 3], [4]], (9, 0, 3), "", id="no failure"),
        pytest.param([["E: x"], ["E: x"]], (0, 2, 2), "", id="nothing else"),
        pytest.param(
            [["E: x", 2], [2, 2, 2], ["E: y", "E: x"]],
            (8, 3, 7),
            "the batt fails on 3 of 7 samples of 3 tasks",
            id="some samples of some tasks",
        ),
    ],
)
def test_failures_are_summed_up_over_tasks(tasks, counts, line):
    failures = Failures()
    for number, samples in enumerate(tasks):
        add(failures, f"task {number}", *samples)
    assert (failures.candidates, failures.failed, failures.samples) == counts
    assert failures.sum_up() == line


# Names that nobody defines


def read(*lines):
    head = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n"
    return read_program(head + "".join(f"    {line}\n" for line in lines) + "    return o, s\n")


LINES = (
    *("t1 = foo(I)", "t2 = size(t1)", "o.append((2, False, 'a', t2))", "o.append((1, False, 'a', t1))"),
    *("t3 = size(BAR)", "t4 = size(t3)", "o.append((4, False, 'b', t4))", "t5 = qux(S)"),
    *("t6 = size(C)", "o.append((6, False, 'b', t6))", "t7 = foo(C)", "s.append((7, 'b', 'd', t7))"),
)


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        pytest.param(["foo"], "foo: 3 calls and 1 of 2 solvers", id="function"),
        pytest.param(["BAR"], "BAR: 2 calls and 0 of 2 solvers", id="constant, a solver with another output"),
        pytest.param(["BAR", "foo"], "foo, BAR: 5 calls and 1 of 2 solvers", id="two, in their order"),
        pytest.param(["qux"], None, id="what nobody needs"),
        pytest.param(
            ["qux", "BAR"], "BAR: 2 calls and 0 of 2 solvers", id="what nobody needs, beside others"
        ),
        pytest.param(["nowhere"], None, id="what is not there"),
    ],
)
def test_names_that_nobody_defines_are_a_line(unknown, said):
    line = f"nobody defines {said} are lost: define them in dsl.py, or write the batt anew" if said else ""
    assert report_unknown(read(*LINES), unknown) == line


def test_one_call_is_one():
    program = read("t1 = foo(C)", "s.append((1, 'None', 'd', t1))")
    assert report_unknown(program, ["foo"]).startswith(
        "nobody defines foo: 1 call and 0 of 0 solvers are lost"
    )


def test_many_names_are_counted():
    lines = [f"t{number} = f{number}(I)" for number in range(9)]
    outputs = [f"o.append(({number}, False, '{number}', t{number}))" for number in range(9)]
    program = read(*lines, *outputs)
    assert report_unknown(program, [f"f{number}" for number in range(8)]).startswith(
        "nobody defines f0, f1, f2, f3, f4 and 3 more: 8 calls and 8 of 9 solvers are lost: "
    )
    assert report_unknown(program, [f"f{number}" for number in range(5)]).startswith(
        "nobody defines f0, f1, f2, f3, f4: 5 calls and 5 of 9 solvers are lost: "
    )


def test_without_a_solver_left_it_is_an_error():
    with pytest.raises(ValueError, match=r"^nobody defines foo, size: 6 calls and 2 of 2 solvers are lost: "):
        report_unknown(read(*LINES), ["foo", "size"])
