"""What stored programs give: they are run, the best first, until each sample has enough distinct outputs."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from batt_utils.engine.engine import Engine
from batt_utils.evaluate.results import Answer, SolveJob
from batt_utils.report.stored import Stored
from batt_utils.tasks import Grid, Sample

MOST_OUTPUTS = 5  # of a sample
BATCHES = (8, None)  # programs of a task that are run together: first the best, then the rest
TIMEOUT = 1.0  # seconds for a program on a sample
SECONDS = 5.0  # for the programs of a batch: none is begun afterwards


class Output(NamedTuple):
    """One of the distinct outputs for a sample.

    Attributes:
        grid: the output.
        programs: the places of the programs that give it, the best first.
    """

    grid: Grid
    programs: list[int]


class Outputs(NamedTuple):
    """What comes of running a task's programs.

    Attributes:
        programs: those that are stored, the best first.
        demo: the demo samples.
        test: the test samples.
        found: the distinct outputs for each sample, demo samples first, in the order of their programs.
        problems: what went wrong with a program, by its place: the number of the sample, and what.
        run: the places of the programs that were run.
    """

    programs: Sequence[Stored]
    demo: Sequence[Sample]
    test: Sequence[Sample]
    found: list[list[Output]]
    problems: dict[int, list[tuple[int, str]]]
    run: list[int]

    @property
    def samples(self) -> list[Sample]:
        """List the samples."""
        return [*self.demo, *self.test]

    def list_next(self, size: int | None = None) -> list[int]:
        """List the places of the programs to be run next; none once each sample has enough outputs.

        Once the best outputs are right, others that were stored as right are passed over: they show nothing
        new.
        """
        if all(len(found) >= MOST_OUTPUTS for found in self.found):
            return []
        known = [
            (found, sample["output"]) for found, sample in zip(self.found, self.samples) if "output" in sample
        ]
        is_solved = all(found and found[0].grid == target for found, target in known)
        begun = {*self.run}
        waiting = [
            place
            for place, program in enumerate(self.programs)
            if place not in begun and not (is_solved and program.right >= len(known))
        ]
        return waiting[:size]

    def add(self, places: Sequence[int], answers: Sequence[Sequence[Answer]]) -> None:
        """Add what the programs at these places answer."""
        self.run.extend(places)
        for place, row in zip(places, answers):
            for number, (answer, found) in enumerate(zip(row, self.found)):
                if answer.grid is None:
                    self.problems.setdefault(place, []).append((number, answer.problem))
                elif same := next((output for output in found if output.grid == answer.grid), None):
                    same.programs.append(place)
                elif len(found) < MOST_OUTPUTS:
                    found.append(Output(answer.grid, [place]))


def make_outputs(programs: Sequence[Stored], demo: Sequence[Sample], test: Sequence[Sample]) -> Outputs:
    """Make the record of a task whose programs have not been run."""
    return Outputs(programs, demo, test, [[] for _ in (*demo, *test)], {}, [])


async def find_outputs(engine: Engine, tasks: Sequence[Outputs]) -> AsyncIterator[Outputs]:
    """Run the programs of tasks; give each task once it is done."""
    for size in BATCHES:
        batches = [task.list_next(size) for task in tasks]
        answers = engine.solve(map(_make_job, tasks, batches), TIMEOUT, SECONDS)
        left = []
        for task, places in zip(tasks, batches):
            task.add(places, await anext(answers))
            if task.list_next():
                left.append(task)
            else:
                yield task
        tasks = left


def _make_job(task: Outputs, places: Sequence[int]) -> SolveJob:
    pairs = tuple((sample["input"], sample["output"]) for sample in task.demo)
    sources = [task.programs[place].read() for place in places]
    return SolveJob(sources, pairs, [sample["input"] for sample in task.samples])
