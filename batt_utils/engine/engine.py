"""The engine of a run: workers do whole tasks, or the samples of a few tasks are spread over them."""

import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from itertools import tee
from pathlib import Path
from types import ModuleType
from typing import Any

from batt_utils.batt.texts import Texts
from batt_utils.console import UserError, warn
from batt_utils.engine.runner import Results, Runner, ignore, run
from batt_utils.engine.worker import get_host, score_sample, solve, time_solvers
from batt_utils.evaluate.results import Answer, Failure, Keep, SampleJob, SampleResult, SolveJob, Speed
from batt_utils.job import Notes, Solver, TaskJob, TaskOutcome, save_finds
from batt_utils.store.links import Store
from batt_utils.tasks import Grid, Pairs
from batt_utils.timing import take_profile

RunTask = Callable[[TaskJob, "Engine"], Coroutine[Any, Any, TaskOutcome]]


class GpuTooSmall(Exception):
    """A worker cannot do a task: the GPU's memory does not do for some samples.

    Attributes:
        places: of these samples, in order of work.
    """

    def __init__(self, places: list[int]) -> None:
        """Name the samples by their places."""
        super().__init__(places)
        self.places = places


class Engine:
    """An engine for a batt: it does tasks; or for a task, it scores samples and times solvers.

    Attributes:
        texts: those of the batt's programs.
        takes_tasks: whether workers do whole tasks.
        dsl: the file of the DSL that they use.
    """

    def __init__(self, runner: Runner, texts: Texts, cpu_runner: Runner | None = None) -> None:
        """Take what runs jobs, the texts of the batt's programs, and what does without a GPU."""
        self.texts = texts
        self.takes_tasks = False
        self.dsl = ""
        self._runner = runner
        self._cpu_runner = cpu_runner
        self._begun: dict[int, Results] = {}  # by the index of the task

    async def run_tasks(
        self, run_task: RunTask, jobs: Iterable[TaskJob], tell: Callable[[TaskOutcome], None] = ignore
    ) -> AsyncIterator[TaskOutcome]:
        """Give what comes of each task, in order; tell of one that a worker has saved as soon as it is there.

        Whole tasks are done and saved in workers; what a worker died on, or has no memory for, is done again
        with its samples spread.
        """
        module = run_task.__module__
        if self.takes_tasks and module in sys.modules:

            def tell_outcome(result: object) -> None:
                if isinstance(result, TaskOutcome):
                    tell(result)

            jobs, to_send = tee(jobs)
            place = module, str(sys.modules[module].__file__), run_task.__name__
            results = self._runner.run(do_task, ((*place, job) for job in to_send), None, tell_outcome)
            for job in jobs:
                result = await anext(results)
                if not isinstance(result, TaskOutcome):
                    result = await run_task(job._replace(known=_list_known(result)), self)
                yield result
            return
        ahead: deque[TaskJob] = deque()
        for job in jobs:
            self._begun[job.task_i] = self._begin(job)
            ahead.append(job)
            if len(ahead) > self._runner.count:
                yield await run_task(ahead.popleft(), self)
        while ahead:
            yield await run_task(ahead.popleft(), self)

    def finish(self) -> list[TaskOutcome]:
        """End all work but what is being saved; give the outcomes that are not given yet, in order."""
        return [result for result in self._runner.finish() if isinstance(result, TaskOutcome)]

    def _begin(self, job: TaskJob) -> Results:
        to_score = [
            (sample, job.timeout, job.log)
            for place, sample in enumerate(_list_samples(job))
            if place not in job.known
        ]
        return self._runner.run(score_sample, to_score, 2 * job.timeout)

    async def score_samples(self, job: TaskJob, notes: Notes) -> list[SampleResult]:
        """Score all candidates on each sample of a task; give the results, those of demo samples first.

        A sample that failed has no candidates.
        """
        samples = _list_samples(job)
        results = self._begun.pop(job.task_i, None) or self._begin(job)
        found: list[SampleResult | Failure | None] = []
        for place, sample in enumerate(samples):
            with notes.measure(f"batt.{sample.part}.run_with_timeout"):
                found.append(job.known[place] if place in job.known else await anext(results))
        if None in found:
            await self._score_again(job, samples, found, notes)
        scored: list[SampleResult] = []
        for sample, result in sorted(zip(samples, found), key=lambda one: one[0].part):
            if isinstance(result, Failure):
                if not result.timed_out:
                    notes.warnings.append(f"{sample} left out: {result.what}")
                result = SampleResult(timed_out=result.timed_out)
            assert result is not None
            scored.append(result)
        return scored

    async def _score_again(
        self,
        job: TaskJob,
        samples: Sequence[SampleJob],
        found: list[SampleResult | Failure | None],
        notes: Notes,
    ) -> None:
        """Score the samples that the GPU's memory did not do for: now that it is free, then on the CPU.

        Those that are known are scored on the CPU at once.

        Raises:
            GpuTooSmall: there is no worker without a GPU.
        """
        for runner in (self._runner, self._cpu_runner):
            on_cpu = runner is self._cpu_runner
            full = [
                place
                for place, result in enumerate(found)
                if result is None and (on_cpu or place not in job.known)
            ]
            if runner is None and full:
                raise GpuTooSmall(full)
            if runner is None or not full:
                continue
            to_score = [(samples[place], job.timeout, job.log) for place in full]
            try:
                results = [result async for result in runner.run(score_sample, to_score, 2 * job.timeout)]
            except UserError as error:  # the batt cannot be imported without a GPU
                results = [Failure(False, f"the GPU's memory is full; {error}")] * len(full)
            for place, result in zip(full, results):
                found[place] = result
                if on_cpu and not isinstance(result, Failure):
                    notes.warnings.append(f"{samples[place]} scored on the CPU: the GPU's memory is full")

    async def time_solvers(
        self, job: TaskJob, solvers: Mapping[str, Solver], notes: Notes
    ) -> dict[str, Speed]:
        """Find the speed of solvers, by md5: that of their calls, else by a run on every sample of the task.

        A solver that ends its process has none.
        """
        speeds = {md5: Speed(solver.seconds, False) for md5, solver in solvers.items() if solver.is_timed}
        pairs, inputs = job.list_pairs("demo", "test"), job.list_inputs("demo", "test")
        batches = self._split([solver for solver in solvers.values() if not solver.is_timed], job.timeout)
        jobs = [(pairs, inputs, [*batch.values()], job.timeout) for batch in batches]
        results = [result async for result in self._runner.run(time_solvers, jobs, 2 * job.timeout)]
        for batch, result in zip(batches, results):
            if isinstance(result, list):
                speeds |= zip(batch, result)
                continue
            for md5, source in batch.items():  # one of them is slow, hangs or ends its process
                speed = await self._time_alone(pairs, inputs, source, job.timeout)
                if isinstance(speed, Speed):
                    speeds[md5] = speed
                else:
                    notes.warnings.append(f"solver {md5} left out: {speed.what}")
        return speeds

    def _split(self, solvers: Sequence[Solver], timeout: float) -> list[dict[str, str]]:
        """Split solvers into batches of equal seconds, which the workers share; give the sources by md5."""
        share = sum(solver.seconds for solver in solvers) / self._runner.count
        batches: list[dict[str, str]] = []
        left = 0.0
        for solver in solvers:
            if not batches or solver.seconds > left:
                batches.append({})
                left = min(share, timeout / 2)
            left -= solver.seconds
            batches[-1][solver.md5] = self.texts.write_source(solver.t)
        return batches

    async def _time_alone(
        self, pairs: Pairs, inputs: Sequence[Grid], source: str, timeout: float
    ) -> Speed | Failure:
        """Time a solver, an input at a time, until it ends a process or has one ended."""
        speed = Speed(0.0, False)
        for grid in inputs:
            job = (pairs, [grid], [source], timeout)
            result = await anext(self._runner.run(time_solvers, [job], 2 * timeout))
            if not isinstance(result, Failure):
                speed = Speed(speed.seconds + result[0].seconds, speed.timed_out or result[0].timed_out)
            elif result.timed_out:
                return Speed(speed.seconds + 2 * timeout, True)
            else:
                return result
        return speed

    async def solve(
        self, jobs: Iterable[SolveJob], timeout: float, seconds: float
    ) -> AsyncIterator[list[list[Answer]]]:
        """Give what the stored solvers of each job answer, in order: by solver, then by input.

        One that ends its process costs its own answers only.

        Args:
            jobs: taken as there is room.
            timeout: seconds for one solver on one input.
            seconds: after which no other solver of a job is begun.
        """
        jobs, to_send = tee(jobs)
        limit = seconds + 2 * timeout
        results = self._runner.run(solve, ((*job, timeout, seconds) for job in to_send), limit)
        for job in jobs:
            found = await anext(results)
            if isinstance(found, Failure):
                found = [await self._solve_alone(source, job, timeout) for source in job.sources]
            yield found

    async def _solve_alone(self, source: str, job: SolveJob, timeout: float) -> list[Answer]:
        limit = timeout * len(job.inputs)
        alone = ([source], job.pairs, job.inputs, timeout, limit)
        result = await anext(self._runner.run(solve, [alone], 2 * limit))
        if isinstance(result, Failure):
            return [Answer(None, "timed out" if result.timed_out else result.what)] * len(job.inputs)
        return result[0]  # type: ignore[no-any-return]


def _list_samples(job: TaskJob) -> list[SampleJob]:
    """List a task's samples in order of work: test samples take longest, so they come first."""
    pairs = job.list_pairs("demo")
    keep = Keep.VALUES if job.keep_values else Keep.GRIDS if job.is_submitted else Keep.FINGERPRINTS
    return [
        SampleJob(job.task_id, part, number, pairs, sample, keep, job.rules)
        for part in ("test", "demo")
        for number, sample in enumerate(job.samples[part])
    ]


def _list_known(problem: Failure | list[int]) -> dict[int, Failure | None]:
    """List what is known of the samples of a task that a worker could not do, by their place."""
    if isinstance(problem, list):  # the GPU's memory does not do for these
        return dict.fromkeys(problem)
    if problem.timed_out and problem.step is not None:
        return {problem.step: problem}
    warn(f"{problem.what.replace('it ends its process', 'a worker ended')}: its work is done again")
    return {}


def do_task(module: str, file: str, name: str, job: TaskJob) -> TaskOutcome | list[int]:
    """Do and save a task in this worker; give the samples that the GPU's memory does not do for, if any.

    Args:
        module: of the function that does a task.
        file: that of the module in the parent.
        name: that of the function.
        job: the task.

    Raises:
        UserError: the module is another file here.
    """
    from batt_utils.engine.pool import Direct, saving

    run_task: RunTask = getattr(_import(module, file), name)
    engine = Engine(Direct(), get_host().texts)
    with take_profile() if job.is_profiled else nullcontext() as profile:
        try:
            outcome = run(run_task(job, engine))
        except GpuTooSmall as error:
            return error.places
        if job.links is None:
            with saving():
                outcome = save_finds(outcome, Store(job.out))
    return outcome._replace(profile=getattr(profile, "stats", None))


def _import(module: str, file: str) -> ModuleType:
    spec = find_spec(module)
    found = str(spec.origin if spec else None)
    if Path(found).resolve() != Path(file).resolve():
        raise UserError(f"the workers find {found} as {module}, not {file}: remove it, or run that one")
    return import_module(module)
