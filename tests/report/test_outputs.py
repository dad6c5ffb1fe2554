from pathlib import Path

import pytest

from batt_utils.engine.runner import run
from batt_utils.evaluate.results import Answer
from batt_utils.report.outputs import BATCHES, find_outputs, make_outputs
from batt_utils.report.stored import Stored
from batt_utils.store.links import Link

INPUTS = [((0,),), ((1,),)]
RIGHT, WRONG = ((9,),), ((8,),)
SAMPLES = [{"input": grid, "output": RIGHT} for grid in INPUTS]


class Scripted:
    """Runs nothing: gives the answers by the texts of programs, and notes what it was given."""

    def __init__(self, answers):
        self.answers = answers
        self.given = []

    async def solve(self, jobs, timeout, seconds):
        for job in jobs:
            assert job.pairs == ((INPUTS[0], RIGHT),)
            assert job.inputs == INPUTS
            self.given.append([*job.sources])
            yield [self.answers[source] for source in job.sources]


def make_task(folder, scores):
    """A task with a demo and a test sample, and programs named 0, 1, ... with these scores."""
    programs = []
    for number, score in enumerate(scores):
        path = folder / f"{score}" / "9" / f"{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}")
        programs.append(Stored(Link(score, 9, f"{number}"), folder))
    return make_outputs(programs, SAMPLES[:1], SAMPLES[1:])


def solve(engine, *tasks):
    async def gather():
        return [task async for task in find_outputs(engine, tasks)]

    return run(gather())


def give(*grids):
    return [Answer(grid) for grid in grids]


def test_distinct_outputs_come_in_the_order_of_programs(tmp_path: Path):
    answers = {"0": give(RIGHT, WRONG), "1": give(WRONG, WRONG), "2": give(RIGHT, RIGHT)}
    task = make_task(tmp_path, [1, 0, 0])
    assert solve(Scripted(answers), task) == [task]
    assert task.found == [[(RIGHT, [0, 2]), (WRONG, [1])], [(WRONG, [0, 1]), (RIGHT, [2])]]
    assert (task.problems, task.run) == ({}, [0, 1, 2])


def test_what_goes_wrong_is_kept_by_program_and_sample(tmp_path):
    answers = {"0": [Answer(None, "timed out"), Answer(RIGHT)], "1": [Answer(None, "no grid: int")] * 2}
    task = make_task(tmp_path, [0, 0])
    solve(Scripted(answers), task)
    assert task.found == [[], [(RIGHT, [0])]]
    assert task.problems == {0: [(0, "timed out")], 1: [(0, "no grid: int"), (1, "no grid: int")]}


def test_no_more_than_five_outputs_and_no_more_programs_than_that_takes(tmp_path):
    answers = {f"{number}": give(((number,),), ((number,),)) for number in range(9)}
    task = make_task(tmp_path, [0] * 9)
    engine = Scripted(answers)
    solve(engine, task)
    assert [len(found) for found in task.found] == [5, 5]
    assert engine.given == [[f"{number}" for number in range(BATCHES[0])]]


@pytest.mark.parametrize(
    ("first", "second_batch"),
    [(RIGHT, ["11"]), (WRONG, ["8", "9", "10", "11"])],
    ids=["right as stored", "not right any more"],
)
def test_once_one_is_right_its_equals_are_passed_over(tmp_path, first, second_batch):
    answers = {f"{number}": give(first, first) for number in range(12)}
    task = make_task(tmp_path, [2] * 11 + [1])
    other = make_task(tmp_path / "other", [0])
    engine = Scripted(answers)
    assert solve(engine, task, other) == [other, task]
    assert engine.given == [[*answers][:8], ["0"], second_batch]
