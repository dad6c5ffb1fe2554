"""The engine: whole tasks in workers, or their samples spread over these."""

import pytest

from batt_utils.batt.reader import parse_calls
from batt_utils.batt.texts import Texts
from batt_utils.console import UserError
from batt_utils.engine.engine import Engine, do_task
from batt_utils.engine.runner import Results, run
from batt_utils.evaluate.results import Answer, Failure, SampleResult, SolveJob, Speed
from batt_utils.job import Notes, Solver, TaskJob, TaskOutcome

GRID = ((1,),)
SAMPLE = {"input": GRID, "output": GRID}


def make_task(task_i=0, demo=2, test=1, **fields):
    samples = {"demo": [SAMPLE] * demo, "test": [SAMPLE] * test}
    return TaskJob(task_i, f"task{task_i}", samples, 1.0, **fields)


def make_outcome(task_i, finds=None):
    return TaskOutcome(task_i, f"task{task_i}", [], 0, 0, [], False, False, [], False, Notes({}, []), finds)


class Scripted:
    """Runs nothing: gives the results that are asked for, and notes what it was given."""

    def __init__(self, *results, count=2):
        self.count = count
        self.results = iter(results)
        self.given = []

    def run(self, function, jobs, timeout, tell=None):
        jobs = [*jobs]
        self.given.append((function.__name__, jobs, timeout))
        return Results(next(self.results) for _ in jobs)

    def finish(self):
        return [*self.results]


def make_engine(*results, cpu=None, **options):
    runner = Scripted(*results, **options)
    return Engine(runner, Texts(parse_calls({1: "f, I", 2: "g, I"})), cpu), runner


A, B, C = (SampleResult(ts=[t], solver_ids=[name]) for t, name in enumerate("abc"))
LATE, BROKEN = Failure(True, "it passes its time"), Failure(False, "it ends")


@pytest.mark.parametrize(
    ("results", "scored", "warnings"),
    [
        pytest.param([A, B, C], [B, C, A], [], id="all, the test sample first"),
        pytest.param([A, LATE, C], [SampleResult(timed_out=True), C, A], [], id="one is late"),
        pytest.param(
            [BROKEN, B, BROKEN],
            [B, SampleResult(), SampleResult()],
            ["task0 demo[1] left out: it ends", "task0 test[0] left out: it ends"],
            id="two fail",
        ),
    ],
)
def test_samples_are_scored_demo_samples_first(results, scored, warnings):
    engine, runner = make_engine(*results)
    notes = Notes({}, [])
    assert run(engine.score_samples(make_task(), notes)) == scored
    assert notes.warnings == warnings
    assert {*notes.seconds} == {"batt.demo.run_with_timeout", "batt.test.run_with_timeout"}
    ((name, jobs, timeout),) = runner.given
    assert (name, [f"{job}" for job, *_ in jobs], timeout) == (
        "score_sample",
        ["task0 test[0]", "task0 demo[0]", "task0 demo[1]"],
        2.0,
    )


def test_what_is_known_of_a_sample_is_not_tried_again():
    engine, runner = make_engine(A, B)
    assert run(engine.score_samples(make_task(known={1: LATE}), Notes({}, []))) == [
        SampleResult(timed_out=True),
        B,
        A,
    ]
    assert [f"{job}" for job, *_ in runner.given[0][1]] == ["task0 test[0]", "task0 demo[1]"]


@pytest.mark.parametrize(
    ("again", "on_cpu", "warnings"),
    [
        pytest.param(B, [], [], id="once more"),
        pytest.param(
            None, [B], ["task0 demo[0] scored on the CPU: the GPU's memory is full"], id="on the CPU"
        ),
    ],
)
def test_a_sample_that_fills_the_gpu_is_done_again(again, on_cpu, warnings):
    engine, _ = make_engine(A, None, C, again, cpu=Scripted(*on_cpu))
    notes = Notes({}, [])
    assert run(engine.score_samples(make_task(), notes)) == [B, C, A]
    assert notes.warnings == warnings


SOLVERS = {
    name: Solver(t, name, 1, name, 0.25, is_timed=timed)
    for name, t, timed in [("a", 1, True), ("b", 2, False)]
}


@pytest.mark.parametrize(
    ("results", "seconds", "warnings"),
    [
        pytest.param([[Speed(0.5, False)]], {"a": 0.25, "b": 0.5}, [], id="those not timed are run"),
        pytest.param(
            [LATE, *[[Speed(0.5, False)]] * 3], {"a": 0.25, "b": 1.5}, [], id="late together, not alone"
        ),
        pytest.param([LATE, [Speed(0.5, False)], LATE], {"a": 0.25, "b": 2.5}, [], id="late alone"),
        pytest.param(
            [BROKEN, BROKEN], {"a": 0.25}, ["solver b left out: it ends"], id="one ends its process"
        ),
    ],
)
def test_solvers_are_timed(results, seconds, warnings):
    engine, runner = make_engine(*results)
    notes = Notes({}, [])
    speeds = run(engine.time_solvers(make_task(), SOLVERS, notes))
    assert {name: speed.seconds for name, speed in speeds.items()} == seconds
    assert notes.warnings == warnings
    name, ((pairs, inputs, sources, timeout),), limit = runner.given[0]
    assert (name, len(pairs), inputs, timeout, limit) == ("time_solvers", 3, [GRID] * 3, 1.0, 2.0)
    assert sources == ["def solve(S, I, C):\n    t2 = g(I)\n    return t2\n"]


def test_a_pair_whose_output_is_not_known_is_no_part_of_s():
    engine, runner = make_engine([Speed(0.5, False)])
    samples = {"demo": [SAMPLE], "test": [{"input": ((2,),)}]}
    run(engine.time_solvers(make_task()._replace(samples=samples), SOLVERS, Notes({}, [])))
    ((_, ((pairs, inputs, *_),), _),) = runner.given
    assert (pairs, inputs) == (((GRID, GRID),), [GRID, ((2,),)])


GIVEN, ENDED = Answer(GRID), Failure(False, "it ends its process (signal 9)")
NEVER = Failure(True, "it passes its time")
SOLVE = SolveJob(["a", "b"], ((GRID, GRID),), [GRID, GRID])


@pytest.mark.parametrize(
    ("results", "answers"),
    [
        pytest.param([[[GIVEN] * 2] * 2], [[GIVEN] * 2] * 2, id="all"),
        pytest.param(
            [ENDED, [[GIVEN] * 2], ENDED],
            [[GIVEN] * 2, [Answer(None, "it ends its process (signal 9)")] * 2],
            id="one ends its process",
        ),
        pytest.param(
            [NEVER, NEVER, [[GIVEN] * 2]],
            [[Answer(None, "timed out")] * 2, [GIVEN] * 2],
            id="one never ends",
        ),
    ],
)
def test_stored_solvers_are_run(results, answers):
    engine, runner = make_engine(*results)
    assert run(gather(engine.solve([SOLVE], 1.0, 10.0))) == [answers]
    alone = [("solve", [([source], *SOLVE[1:], 1.0, 2.0)], 4.0) for source in "ab"]
    assert runner.given == [("solve", [(*SOLVE, 1.0, 10.0)], 12.0), *alone][: len(results)]


async def run_plainly(job, engine):
    """A task that is done: how many candidates its samples have."""
    results = await engine.score_samples(job, Notes({}, []))
    return make_outcome(job.task_i)._replace(candidates=sum(len(result.ts) for result in results))


async def gather(outcomes):
    return [outcome async for outcome in outcomes]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_samples_of_the_tasks_that_come_next_are_handed_out_ahead(count):
    engine, runner = make_engine(*[A] * 12, count=count)
    ahead = []

    async def run_task(job, engine):
        ahead.append(len(runner.given))
        return await run_plainly(job, engine)

    outcomes = run(gather(engine.run_tasks(run_task, map(make_task, range(4)))))
    assert [(outcome.task_i, outcome.candidates) for outcome in outcomes] == [(n, 3) for n in range(4)]
    assert ahead == [min(4, n + 1 + count) for n in range(4)]
    assert len(runner.given) == 4


@pytest.mark.parametrize(
    ("problem", "candidates", "said"),
    [
        pytest.param(Failure(True, "late", 1), 2, "", id="late on a step"),
        pytest.param([1], 3, "", id="the GPU is full"),
        pytest.param(
            Failure(False, "it ends its process (status 3)"),
            3,
            "run_batt.py: a worker ended (status 3): its work is done again\n",
            id="it died",
        ),
    ],
)
def test_a_task_that_a_worker_could_not_do_is_spread(problem, candidates, said, capsys):
    engine, runner = make_engine(make_outcome(0), problem, *[A] * 3, cpu=Scripted(A))
    engine.takes_tasks = True
    done = run(gather(engine.run_tasks(run_plainly, map(make_task, range(2)))))
    assert [(outcome.task_i, outcome.candidates) for outcome in done] == [(0, 0), (1, candidates)]
    assert capsys.readouterr() == ("", said)
    assert runner.given[0][0] == "do_task"


def test_a_function_whose_module_no_worker_can_find_is_run_here():
    engine, runner = make_engine(*[A] * 3)
    engine.takes_tasks = True

    async def run_task(job, engine):
        return await run_plainly(job, engine)

    run_task.__module__ = "loaded_by_its_path"
    (done,) = run(gather(engine.run_tasks(run_task, [make_task()])))
    assert done.candidates == 3
    assert runner.given[0][0] == "score_sample"


def test_what_is_given_at_the_end_are_outcomes():
    engine, _ = make_engine(make_outcome(0), [1], make_outcome(2))
    assert engine.finish() == [make_outcome(0), make_outcome(2)]


@pytest.mark.parametrize("there", [True, False], ids=["another file", "no file"])
def test_a_worker_that_finds_another_module_says_so(tmp_path, monkeypatch, there):
    if there:
        (tmp_path / "my_tasks.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = tmp_path / "my_tasks.py" if there else None
    with pytest.raises(UserError) as caught:
        do_task("my_tasks", "/elsewhere/my_tasks.py", "run_task", make_task())
    assert str(caught.value) == (
        f"the workers find {found} as my_tasks, not /elsewhere/my_tasks.py: remove it, or run that one"
    )
