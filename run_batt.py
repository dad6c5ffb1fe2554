#!/usr/bin/env python3
"""Runs the solvers of a batt on ARC tasks, scores them, and saves the good ones as solver files.

    python run_batt.py --timing -i 007bbfb7 -b tmp_batt_onerun_run

For each task, every candidate is scored on every sample; then come four phases. Filter: candidates
with the same program are one. Inline: each one's text without variables, whose md5 is its name.
Process: those that can stay are timed, written out and linked by score. Differs: the programs that
measured what they changed, likewise.
"""

import argparse
import atexit
import gc
import json
import math
import random
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from warnings import catch_warnings, simplefilter

from batt_utils.batt.inline import TooLong
from batt_utils.batt.plan import Plan, make_plan
from batt_utils.batt.program import find_needed
from batt_utils.batt.reader import load_batt, parse_calls
from batt_utils.batt.texts import Texts
from batt_utils.console import (
    UserError,
    complain,
    drop_lost_output,
    explain,
    explain_stdout,
    open_streams,
    warn,
)
from batt_utils.engine.jobs import Failure, pause
from batt_utils.engine.machine import count_cores, share_memory
from batt_utils.engine.signals import Interrupted, held, raise_signals
from batt_utils.evaluate.device import (
    can_fork,
    configure_gpu_memory,
    find_gpus,
    get_optimal_batch_size,
    gpu_memory_cleanup,
)
from batt_utils.evaluate.failures import Failures, report_unknown
from batt_utils.evaluate.speed import Timing, sum_seconds
from batt_utils.evaluate.table import (
    Batt,
    Job,
    SampleCount,
    Samples,
    Speed,
    check_ready,
    check_sample_speed,
    check_speed,
    find_home,
    get_host,
    prepare,
    score_sample,
)
from batt_utils.files import check_file, check_here, write_file
from batt_utils.options import DEFAULTS, Options, parse
from batt_utils.rules import KINDS, D_Score, O_Score, S_Score
from batt_utils.store.links import Link, Store, check_save, compete, read_links, remove_empty
from batt_utils.tasks import (
    find_sources,
    get_data,
    name_paths,
    pick_rnd_task,
    read_tasks,
    task_list,
)
from batt_utils.timing import Seconds, measure, summarize

if TYPE_CHECKING:
    from cProfile import Profile

    from batt_utils.engine.pool import Direct, Workers
    from batt_utils.engine.serial import Serial

__version__ = "1.0.0"
__all__ = [
    "D_Score",
    "O_Score",
    "S_Score",
    "check_batt",
    "check_save",
    "configure_gpu_memory",
    "get_data",
    "get_optimal_batch_size",
    "gpu_memory_cleanup",
    "main",
    "main_mega_batch",
    "pick_rnd_task",
    "run_batt",
    "track_solution",
]

# A caller may set these two, a batt function and its call table, and await `run_batt` or `main`.
batt: Batt | None = None
t_call: Mapping[int, object] | None = None  # of texts, or of records that have a `value`

PILE_LOG = "pile.log"
OTHER_JSON = "choose another --json"
NOTHING_KNOWN: Mapping[int, Failure | None] = {}
NOTHING = SampleCount([], [], [], {}, frozenset(), False)
Result = TypeVar("Result")
Value = tuple[int, bool, str, object]  # a candidate's t, evolved, solver_id, and value or fingerprint


class Session(NamedTuple):
    """What the tasks of a run share."""

    texts: Texts  # of the batt's programs
    workers: "Workers | Serial | Direct"
    cpu_workers: "Workers | Serial | None"  # for what the GPU's memory does not do for
    store: Store
    dsl: str = ""  # the file of the functions that calls name
    form: str = ""  # how the batt was read
    write: Callable[[str], None] = print  # a line
    warn: Callable[[str], None] = warn  # a line on stderr
    takes_tasks: bool = False  # whether the workers take whole tasks


class TaskScore(NamedTuple):
    """A task's distinct candidates in order of appearance, their scores, the seconds of each call."""

    samples: int
    candidates: list[Value]
    o_score: O_Score
    s_score: S_Score
    timings: list[Timing]  # of each sample
    timed_out: bool
    outputs: int  # candidates of all samples
    failures: list[str]  # how the batt failed on each sample; empty where it did not


class Saved(NamedTuple):
    """A solver that is saved: whose scores it has, and how quick it is."""

    solver_id: str
    t_log: int


class Outcome(NamedTuple):
    """What a task gives: links and texts (by md5) to be saved, and whether anything passed its time."""

    solvers: list[Link]
    solver_texts: dict[str, str]
    differs: dict[str, list[Link]]  # by kind
    differ_texts: dict[str, str]
    timed_out: bool
    candidates: int  # of all samples
    failures: list[str]  # of each sample


class Done(NamedTuple):
    """A task that is saved: what counts of it, where the time went, and what a worker has to say."""

    task_i: int
    task_id: str
    timed_out: bool
    candidates: int
    failures: list[str]
    seconds: dict[str, float]
    lines: Sequence[str] = ()
    warnings: Sequence[str] = ()
    profile: dict[Any, Any] | None = None


class Elsewhere(Exception):
    """A worker cannot do a task: the GPU's memory does not do for some of its samples.

    `full` are these, by their place in order of work.
    """

    def __init__(self, full: list[int]) -> None:
        super().__init__(full)
        self.full = full


class Run:
    """What came of the tasks of a run, so far."""

    def __init__(self) -> None:
        self.tasks = self.timeouts = 0
        self.next = 0  # in order; all before have been added, or never will be
        self.started = -1  # the task that was said to be begun last
        self.seconds: dict[str, float] = {}
        self.failures = Failures()
        self.profiles: list[dict[Any, Any]] = []

    def start(self, session: Session, task_i: int, task_id: str) -> None:
        """Says that a task is begun, once."""
        if task_i > self.started:
            self.started = task_i
            _say(session, f"-- {task_id} - {task_i} start --")

    def add(self, session: Session, done: Done) -> None:
        """Adds a task, and says what is to be said of it; does nothing if it was added before."""
        if done.task_i < self.next:
            return
        self.start(session, done.task_i, done.task_id)
        for warning in (*done.warnings, *self.failures.add(done.task_id, done.failures, done.candidates)):
            session.warn(warning)
        with explain_stdout():
            for line in done.lines:
                session.write(line)
        for name, taken in done.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + taken
        if done.profile is not None:
            self.profiles.append(done.profile)
        self.timeouts += done.timed_out
        self.tasks += 1
        self.next = done.task_i + 1


def cli(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    open_streams()
    given = parse(arguments, (__doc__ or "").partition("\n")[0], __version__)
    random.seed(given.seed)
    status = 0
    missing: Sequence[Path] = []
    try:
        check_here()
        missing = Store(given.out).find_missing()
        with raise_signals():
            status = _run_command(given)
    except Interrupted as interrupted:
        status = interrupted.status
    except BrokenPipeError:  # nobody reads any more
        status = 128 + 13
    except UserError as error:
        status = complain(str(error))
    except OSError as error:
        status = complain(explain(error))
    except ModuleNotFoundError as error:
        status = complain(f"the package {error.name} is missing: pip install {error.name}")
    except RecursionError:
        status = complain("something is nested too deep to be read: write the batt anew")
    except MemoryError:
        status = complain("there is not enough memory: give it fewer tasks or a smaller batt")
    drop_lost_output()
    if status:
        remove_empty(missing)
    return status


def _run_command(given: argparse.Namespace) -> int:
    """Runs the tasks; returns the exit status."""
    profile = None
    if given.cprofile:
        from cProfile import Profile

        profile = Profile()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may have letters that it lacks
    if given.mega_batch or given.batch_size is not None:
        _pass_over("--mega-batch" if given.mega_batch else "--batch-size")
    options = Options(*(getattr(given, name) for name in Options._fields))
    if given.json is not None:
        check_file(given.json, OTHER_JSON)
    result = _run(
        main(
            given.task_ids,
            given.start,
            given.count,
            given.timeout,
            given.timing,
            profile,
            options=options,
        )
    )
    if given.json is not None:
        write_file(given.json, json.dumps(result, indent=2) + "\n", OTHER_JSON)
    with explain_stdout():
        if profile is not None:
            _print_profile(profile, given.cprofile_top)
        sys.stdout.flush()
    return 2 if result["failures"] and not result["candidates"] else 0


async def main(
    do_list: str | Sequence[str] | None,
    start: int = 0,
    count: int = 0,
    timeout: float = 1,
    enable_timing: bool = False,
    profile: "Profile | None" = None,
    batt_module_name: str | None = None,
    data: str | None = None,
    *,
    batch_accumulator: object = None,
    options: Options = DEFAULTS,
) -> dict[str, Any]:
    """Runs a batt on tasks; returns the counts and timings that `--json` writes.

    Args:
        do_list: task ids, or one; if empty, all[start:start + count] (to the end for count 0; for a count
            below 0 -count random ones, or all[start:] for another start than 0); if None, one of these at
            random, but all for a count below 0.
        start: see `do_list`.
        count: see `do_list`.
        timeout: seconds for one batt call, and for one solver, on one sample.
        enable_timing: print the timing summary.
        profile: profiles this process while the tasks run.
        batt_module_name: see `run_batt`.
        data: in place of `options.data`.
        batch_accumulator: see `run_batt`.
        options: see there.

    Raises:
        UserError: an unknown task, or a batt or data that is none; says where and what to do.
        OSError: something cannot be read or written.
        KeyboardInterrupt, CancelledError: when the summary so far is printed.
    """
    from asyncio import CancelledError

    run = Run()
    interrupted = None
    try:
        sources = find_sources(data or options.data, options.stage)
        total_data = read_tasks(sources, do_list or None)
        task_ids = task_list(do_list, total_data, start, count)
        async with _open_session(total_data, task_ids, options, batt_module_name) as session:
            if enable_timing:
                _say(session, f"tasks: {name_paths(sources)}")
                _say(session, f"DSL: {session.dsl}")
                _say(session, f"batt: {session.form}")
            with suppress(OSError):  # the folder may be read-only
                Path(PILE_LOG).unlink()
            progress, write = _open_progress(task_ids)
            session = session._replace(write=write)
            with profile or nullcontext(), progress as tasks:
                jobs = ((*task, timeout, options.out, bool(profile)) for task in enumerate(task_ids))
                results = session.workers.run(do_task, jobs, None) if session.takes_tasks else None
                try:
                    for task_i, task_id in enumerate(tasks):
                        run.start(session, task_i, task_id)
                        done = await anext(results) if results else None
                        if isinstance(done, Done):
                            run.add(session, done)
                        else:
                            await spread_task(session, total_data, task_i, task_id, timeout, run, done)
                        await pause()
                except (KeyboardInterrupt, CancelledError) as error:
                    interrupted = error
                    for done in session.workers.finish():
                        if isinstance(done, Done):
                            run.add(session, done)
    except (KeyboardInterrupt, CancelledError) as error:
        interrupted = error
    if line := run.failures.sum_up():
        warn(line)
    with explain_stdout():
        print(f"{run.tasks} tasks - {run.timeouts} timeouts")
        if enable_timing:
            print(f"\n{summarize(run.seconds)}")
    if interrupted:
        raise interrupted
    if profile:
        _add_profiles(profile, run.profiles)
    return {
        "tasks": run.tasks,
        "timeouts": run.timeouts,
        "candidates": run.failures.candidates,
        "failures": run.failures.failed,
        "seconds": run.seconds,
    }


def do_task(task_i: int, task_id: str, timeout: float, out: str, profiled: bool) -> Done | list[int]:
    """Runs a task in a worker, and saves it; or gives the samples that the GPU's memory does not do for."""
    from batt_utils.engine.pool import Direct, saving

    host = get_host()
    lines: list[str] = []
    warnings: list[str] = []
    seconds: dict[str, float] = {}
    store = Store(out)
    session = Session(host.texts, Direct(), None, store, write=lines.append, warn=warnings.append)
    profile = None
    if profiled:
        from cProfile import Profile

        profile = Profile()
    with measure(seconds, "main.run_batt"), profile or nullcontext():
        try:
            task = run_task(session, host.samples, task_i, task_id, D_Score(), timeout, PILE_LOG, seconds)
            outcome = _run(task)
        except Elsewhere as elsewhere:
            return elsewhere.full
        with saving():
            save(store, task_id, outcome, seconds)
    if profile:
        profile.create_stats()
    return Done(
        task_i,
        task_id,
        outcome.timed_out,
        outcome.candidates,
        outcome.failures,
        seconds,
        lines,
        warnings,
        getattr(profile, "stats", None),
    )


async def spread_task(
    session: Session,
    total_data: Samples,
    task_i: int,
    task_id: str,
    timeout: float,
    run: Run,
    problem: Failure | list[int] | None,
) -> None:
    """Runs a task in this process, and its samples in the workers; saves it and adds it to the run.

    `problem` says why a worker could not do it: it died on a step, or the GPU's memory does not do for some
    samples.
    """
    known: dict[int, Failure | None] = {}
    if isinstance(problem, list):
        known = dict.fromkeys(problem)
    elif problem and problem.timed_out and problem.step is not None:
        known = {problem.step: problem}
    elif problem:
        what = problem.what.replace("it ends its process", "a worker ended")
        session.warn(f"{what}: its work is done again")
    seconds: dict[str, float] = {}
    with measure(seconds, "main.run_batt"):
        outcome = await run_task(
            session, total_data, task_i, task_id, D_Score(), timeout, PILE_LOG, seconds, known
        )
    with held():
        with measure(seconds, "main.run_batt"):
            save(session.store, task_id, outcome, seconds)
        run.add(
            session,
            Done(task_i, task_id, outcome.timed_out, outcome.candidates, outcome.failures, seconds),
        )


async def main_mega_batch(
    do_list: str | Sequence[str] | None,
    start: int = 0,
    count: int = 0,
    batch_size: int = 1000,
    batt_module_name: str = "batt",
    enable_timing: bool = False,
    data: str = "train",
) -> dict[str, Any]:
    """Does what `main` does, and says in a line that `batch_size` has no effect."""
    _pass_over("main_mega_batch")
    return await main(
        do_list, start, count, enable_timing=enable_timing, batt_module_name=batt_module_name, data=data
    )


def _pass_over(what: str) -> None:
    warn(f"{what} is passed over: tasks are scored as without it")


async def run_batt(
    total_data: Samples,
    task_i: int,
    task_id: str,
    d_score: D_Score,
    start_time: float,
    pile_log_path: str,
    timeout: float = 1,
    prof: Seconds | None = None,
    batt_module_name: str | None = None,
    batch_accumulator: object = None,
) -> tuple[bool, D_Score]:
    """Scores the batt on one task, and saves its solvers and differs.

    Args:
        total_data: the samples of all tasks, as `get_data` gives them.
        task_i: the task's place among those that are run.
        task_id: the task.
        d_score: counts what differs measure.
        start_time: of no effect, as `batch_accumulator` is: callers pass them.
        pile_log_path: what the batt is given as `log_path`.
        timeout: see `main`.
        prof: adds up the seconds by name.
        batt_module_name: the batt's module; `t_call`, if it is set, is then its call table. By default
            `batt` is run, else the module of this name.
        batch_accumulator: see `start_time`.

    Returns:
        Whether a sample or a solver passed its time, and `d_score` with what was counted.
    """
    async with _open_session(total_data, [task_id], DEFAULTS, batt_module_name) as session:
        _say(session, f"-- {task_id} - {task_i} start --")
        outcome = await run_task(session, total_data, task_i, task_id, d_score, timeout, pile_log_path, prof)
        with held():
            save(session.store, task_id, outcome, prof)
    return outcome.timed_out, d_score


async def run_task(
    session: Session,
    total_data: Samples,
    task_i: int,
    task_id: str,
    d_score: D_Score,
    timeout: float,
    log: str,
    prof: Seconds | None,
    known: Mapping[int, Failure | None] = NOTHING_KNOWN,
) -> Outcome:
    """Scores the batt on one task; the differ counts go to `d_score`.

    `known` has what is known of samples, by their place in order of work; None: the GPU's memory does not do.
    """
    with measure(prof, "run_batt.check_batt"):
        score = await score_task(
            session, total_data, task_i, task_id, d_score, timeout, log, prof, known=known
        )
    _say(session, f"-- {task_id} - {task_i} done - {len(score.candidates)} candidates scored")

    with measure(prof, "run_batt.phase1_filter"):
        unique = filter_candidates(score.candidates)
    _say(session, f"-- Filtered to {len(unique)} unique candidates (from {len(score.candidates)})")

    with measure(prof, "run_batt.phase2_inline_batch"):
        names = inline_batch(session, "solve", list(unique), prof)

    with measure(prof, "run_batt.phase3_process"):
        solvers, solver_texts, saved, timed_out = await process(
            session, task_id, unique, names, score, timeout, prof
        )

    with measure(prof, "run_batt.phase4_differs"):
        differs, differ_texts = link_differs(session, saved, d_score, score.s_score, prof)
    return Outcome(
        solvers,
        solver_texts,
        differs,
        differ_texts,
        score.timed_out or timed_out,
        score.outputs,
        score.failures,
    )


async def check_batt(
    total_data: Samples,
    task_i: int,
    task_id: str,
    d_score: D_Score,
    start_time: float,
    pile_log_path: str,
    timeout: float = 1,
    prof: Seconds | None = None,
    batt_module_name: str | None = None,
    batch_accumulator: object = None,
) -> tuple[list[Value], O_Score, S_Score]:
    """Scores the batt on one task; returns its distinct candidates and their scores.

    The arguments are those of `run_batt`.
    """
    async with _open_session(total_data, [], DEFAULTS, batt_module_name) as session:
        score = await score_task(
            session,
            total_data,
            task_i,
            task_id,
            d_score,
            timeout,
            pile_log_path,
            prof,
            keep_values=True,
        )
    return score.candidates, score.o_score, score.s_score


async def score_task(
    session: Session,
    total_data: Samples,
    task_i: int,
    task_id: str,
    d_score: D_Score,
    timeout: float,
    log: str,
    prof: Seconds | None,
    keep_values: bool = False,
    known: Mapping[int, Failure | None] = NOTHING_KNOWN,
) -> TaskScore:
    """Scores every candidate on every sample; the differ counts go to `d_score`."""
    _say(session, f"-- {task_id} - {task_i} --")
    jobs = {
        part: [Job(task_id, part, i, keep_values) for i in range(len(total_data[part][task_id]))]
        for part in ("test", "demo")  # test samples take longest, so they start first
    }
    in_order = [job for part in jobs.values() for job in part]
    results = session.workers.run(
        score_sample, [(job, timeout, log) for i, job in enumerate(in_order) if i not in known], 2 * timeout
    )
    samples: dict[str, list[Any]] = {part: [] for part in jobs}
    for i, job in enumerate(in_order):
        with measure(prof, f"batt.{job.part}.run_with_timeout"):
            samples[job.part].append(known[i] if i in known else await anext(results))
    if any(None in part for part in samples.values()):
        await _score_again(session, in_order, samples, timeout, log, known)

    total = sum(map(len, jobs.values()))
    score = TaskScore(total, [], O_Score(), S_Score(), [], False, 0, [])
    candidates: dict[Value, None] = {}
    outputs = 0
    timed_out = False
    for part in ("demo", "test"):
        if part == "test":
            score.s_score.update(d_score)
        for i, result in enumerate(samples[part]):
            sample = (
                result if isinstance(result, SampleCount) else NOTHING._replace(timed_out=result.timed_out)
            )
            if sample is not result and not sample.timed_out:
                session.warn(f"{task_id} {part}[{i}] left out: {result.what}")
            _say(session, f"{part}[{i}] - {task_id} - {len(sample.candidates)}")
            candidates |= dict.fromkeys(scored[:4] for scored in sample.candidates)
            outputs += len(sample.candidates)
            score.failures.append(sample.failure)
            count_sample(session, sample, score.o_score, d_score)
            score.timings.append((sample.seconds, sample.raised))
            if sample.timed_out:
                _say(session, f"-- {task_id} - {part}[{i}] timed out")
                timed_out = True
    _say(session, f"-- {task_id} - {task_i} scored --")
    if missing := {*(t for t, *_ in candidates), *d_score.last_t.values()} - session.texts.calls.keys():
        raise UserError(f"t_call has no t{min(missing)}, which the batt gives: write the batt anew")
    return score._replace(candidates=list(candidates), timed_out=timed_out, outputs=outputs)


async def _score_again(
    session: Session,
    jobs: Sequence[Job],
    samples: Mapping[str, list[Any]],
    timeout: float,
    log: str,
    known: Mapping[int, Failure | None],
) -> None:
    """Scores the samples that the GPU's memory did not do for: now that it is free, then on the CPU.

    Those that are known are scored on the CPU at once.

    Raises:
        Elsewhere: there is no worker without a GPU.
    """
    for workers in (session.workers, session.cpu_workers):
        full = [
            job
            for i, job in enumerate(jobs)
            if samples[job.part][job.number] is None and (workers is not session.workers or i not in known)
        ]
        if workers is None and full:
            raise Elsewhere([jobs.index(job) for job in full])
        if workers is None:
            return
        try:
            again = workers.run(score_sample, [(job, timeout, log) for job in full], 2 * timeout)
            results = [result async for result in again]
        except UserError as error:  # the batt cannot be imported without a GPU
            results = [Failure(False, f"the GPU's memory is full; {error}")] * len(full)
        for job, result in zip(full, results):
            samples[job.part][job.number] = result
            if workers is session.cpu_workers and not isinstance(result, Failure):
                place = f"{job.task_id} {job.part}[{job.number}]"
                session.warn(f"{place} scored on the CPU: the GPU's memory is full")


def count_sample(session: Session, sample: SampleCount, o_score: O_Score, d_score: D_Score) -> None:
    """Counts each candidate's output, and the differ values of the input and of that output."""
    for (_, _, o_solver_id, _, match), place in zip(sample.candidates, sample.counts_of):
        o_score.update(o_solver_id, match)
        if match:
            _say(session, f"- {o_solver_id = } - {match = }")
        d_score.add(o_solver_id, sample.counts[place])


def filter_candidates(candidates: Sequence[Value]) -> dict[int, str]:
    """Phase 1: the t of each distinct program, with the solver that it appeared for first.

    Two programs of one call table have the same body if and only if they return the same t.
    """
    unique: dict[int, str] = {}
    for t, _, solver_id, _ in candidates:
        unique.setdefault(t, solver_id)
    return unique


def inline_batch(session: Session, kind: str, roots: Sequence[int], prof: Seconds | None) -> dict[int, str]:
    """Phase 2: the md5 of each call's inlined text; one that would be too long is left out."""
    with measure(prof, "utils.inline_variables.total"):
        names = session.texts.name_all(kind, roots)
    for name in names.values():
        if isinstance(name, TooLong):
            session.warn(f"{kind} {name}")
    return {t: name for t, name in names.items() if isinstance(name, str)}


async def process(
    session: Session,
    task_id: str,
    unique: Mapping[int, str],
    names: Mapping[int, str],
    score: TaskScore,
    timeout: float,
    prof: Seconds | None,
) -> tuple[list[Link], dict[str, str], list[Saved], bool]:
    """Phase 3: finds the solvers that can stay, by their scores and, among equals, their seconds.

    These are those of their calls while they were scored; solvers with calls that were not made are run.

    Returns:
        Their links and, by md5, their texts; all that were let in when they came; whether one passed
        its time.
    """
    roots = list(names)
    sums = sum_seconds({t: session.texts.find_needed(t) for t in roots}, score.timings)
    estimates = [sums[t][0] for t in roots]
    links = [
        Link(score.o_score.score[unique[t]], log_time(seconds), names[t])
        for t, seconds in zip(roots, estimates)
    ]
    accepted, stayed, _ = compete(read_links(session.store.solver_folder(task_id)), links)

    with measure(prof, "run_batt.check_solver_speed"):
        staying = {links[place].md5: (roots[place], *sums[roots[place]]) for place in stayed}
        speeds = await check_solver_speed(session, task_id, staying, timeout, score.samples)
    ended = staying.keys() - speeds
    for place in stayed:
        if speed := speeds.get(links[place].md5):
            links[place] = links[place]._replace(t_log=log_time(speed.seconds))

    with measure(prof, "run_batt.generate_expanded"):
        texts = {md5: session.texts.expand("solve", staying[md5][0]) for md5 in speeds}
    arrivals = [links[place] for place in stayed if links[place].md5 not in ended]
    saved = [
        Saved(unique[roots[place]], links[place].t_log) for place in accepted if links[place].md5 not in ended
    ]
    return arrivals, texts, saved, any(speed.timed_out for speed in speeds.values())


def link_differs(
    session: Session, saved: Sequence[Saved], d_score: D_Score, s_score: S_Score, prof: Seconds | None
) -> tuple[dict[str, list[Link]], dict[str, str]]:
    """Phase 4: each differ's links by kind, one for every saved solver that has a count for it; its text."""
    names = inline_batch(session, "differ", list(d_score.last_t.values()), prof)
    with measure(prof, "run_batt.generate_expanded"):
        texts = {md5: session.texts.expand("differ", t) for t, md5 in names.items()}
    links = {
        kind: [
            Link(counts[kind], solver.t_log, names[d_score.last_t[name]])
            for solver in saved
            for name, counts in s_score.score.get(solver.solver_id, {}).items()
            if d_score.last_t[name] in names
        ]
        for kind in KINDS
    }
    return links, texts


def save(store: Store, task_id: str, outcome: Outcome, prof: Seconds | None) -> None:
    """Writes and links a task's solvers, then its differs."""
    with measure(prof, "run_batt.phase3_process"):
        store.save_solvers(task_id, outcome.solvers, outcome.solver_texts)
    with measure(prof, "run_batt.phase4_differs"):
        for kind, links in outcome.differs.items():
            store.save_differs(task_id, kind, links, outcome.differ_texts)


async def check_solver_speed(
    session: Session,
    task_id: str,
    solvers: Mapping[str, tuple[int, float, bool]],
    timeout: float,
    samples: int,
) -> dict[str, Speed]:
    """Finds the speed of solvers: that of their calls, or by a run on every sample of their task.

    Args:
        session: that of the run.
        task_id: the task.
        solvers: by md5, the t of each solver, the seconds of its calls, and whether these are all.
        timeout: seconds for one solver on one sample.
        samples: how many the task has.

    Returns:
        The speed of each by md5; a solver that ends its process has none.
    """
    speeds = {md5: Speed(seconds, False) for md5, (_, seconds, is_timed) in solvers.items() if is_timed}
    to_run = {md5: (t, seconds) for md5, (t, seconds, is_timed) in solvers.items() if not is_timed}
    share = sum(seconds for _, seconds in to_run.values()) / session.workers.count
    batches: list[dict[str, str]] = []  # sources by md5
    left = 0.0
    for md5, (t, seconds) in to_run.items():
        if not batches or seconds > left:
            batches.append({})
            left = min(share, timeout / 2)
        left -= seconds
        batches[-1][md5] = session.texts.write_source(t)

    jobs = [(task_id, [*batch.values()], timeout) for batch in batches]
    results = [result async for result in session.workers.run(check_speed, jobs, 2 * timeout)]
    for batch, result in zip(batches, results):
        if isinstance(result, list):
            speeds |= zip(batch, result)
            continue
        for md5, source in batch.items():  # one of them is slow, hangs or ends its process
            speed = await _check_alone(session, task_id, source, timeout, samples)
            if isinstance(speed, Speed):
                speeds[md5] = speed
            else:
                session.warn(f"solver {md5} left out: {speed.what}")
    return speeds


async def _check_alone(
    session: Session, task_id: str, source: str, timeout: float, samples: int
) -> Speed | Failure:
    """Times a solver, a sample at a time, until it ends a process or has one ended."""
    speed = Speed(0.0, False)
    for number in range(samples):
        job = (task_id, number, source, timeout)
        result = await anext(session.workers.run(check_sample_speed, [job], 2 * timeout))
        if isinstance(result, Speed):
            speed = Speed(speed.seconds + result.seconds, speed.timed_out or result.timed_out)
        elif result.timed_out:
            return Speed(speed.seconds + 2 * timeout, True)
        else:
            return result  # type: ignore[no-any-return]
    return speed


def log_time(seconds: float) -> int:
    """The T_LOG of a solver: the quicker, the higher."""
    return 11 - int(math.log(max(seconds, 1e-9)))


def track_solution(t_num: int, done: set[int] | None) -> set[int]:
    """Adds the numbers of all calls that call `t_num` of `t_call` needs, itself included, to `done`.

    Returns `done`, a new set if it is None.
    """
    done = set() if done is None else done
    done.update(find_needed(parse_calls(t_call or {}), [t_num]))
    return done


@asynccontextmanager
async def _open_session(
    total_data: Samples,
    saved: Sequence[str],
    options: Options,
    batt_module_name: str | None = None,
) -> AsyncIterator[Session]:
    """Reads the batt and opens the workers and the store for it; `saved` are the tasks that are stored."""
    from multiprocessing import current_process

    engine = _choose_engine(in_process := current_process().daemon)
    tuned = options.tune
    table_is_set = t_call is not None and options.batt_import is None
    name = batt_module_name or options.batt_import
    if batt is not None and name is None:
        subject: Any = batt if in_process or can_fork() else find_home(batt)
        calls = parse_calls(t_call or {})
        form = "called as a function: it is set in run_batt"
        tuned = tuned and not in_process  # there, the function is the caller's own
    else:
        table = parse_calls(t_call or {}) if table_is_set else None
        module = load_batt(name or "batt", table, options.device)
        calls = module.calls
        if module.program:
            subject = make_plan(module.program)
            form = f"table of {len(module.program.calls)} calls"
        else:
            subject = module.name
            form = f"called as a function: {module.reason}"
    texts = Texts(calls)
    folder = "." if Path("dsl.py").exists() else options.out
    arguments = (subject, total_data, folder, tuned, texts)
    samples = sum(len(total_data[part][task_id]) for part in total_data for task_id in saved) or 1
    count = min(options.workers or count_cores(), max(len(saved), samples))
    memory_limit = options.memory_limit or share_memory(count)
    store = Store(options.out)
    with (
        store.tidied(),
        engine(count, prepare, (*arguments, options.device), memory_limit) as workers,
        engine(1, prepare, (*arguments, "cpu"), memory_limit) as cpu_workers,
    ):
        if saved:
            store.prepare(saved)
        for ready in [ready async for ready in workers.run(check_ready, [()] * workers.count, None)]:
            if isinstance(ready, Failure):
                raise UserError(f"the workers cannot be made ready: {ready.what}: mend what the batt imports")
        if ready.unknown and (line := report_unknown(subject.program, ready.unknown)):
            warn(line)
        # A called batt may fill a GPU that workers share: its samples move one by one.
        shares_gpu = not isinstance(subject, Plan) and options.device != "cpu" and find_gpus()
        takes_tasks = not in_process and not shares_gpu and len(saved) >= workers.count
        yield Session(texts, workers, cpu_workers, store, ready.dsl, form, takes_tasks=takes_tasks)


def _choose_engine(in_process: bool) -> "type[Workers | Serial]":
    """Gives the class of what runs jobs: in processes of their own, or in this one if it can have none."""
    if in_process:
        from batt_utils.engine.serial import Serial

        warn(
            "a daemon process can start no workers: the programs run in it, and nothing stops one that hangs "
            "in C, crashes or takes all memory"
        )
        return Serial
    from batt_utils.engine.pool import Workers

    return Workers


def _open_progress(
    task_ids: Sequence[str],
) -> tuple[AbstractContextManager[Iterable[str]], Callable[[str], None]]:
    """Gives the tasks, and what prints a line.

    Several have a bar on stderr, where that is a terminal or a notebook; lines are then printed above it.
    """
    if len(task_ids) > 1:
        with suppress(ModuleNotFoundError), catch_warnings():
            simplefilter("ignore")  # of a notebook that can show no bar, or that no thread can be started
            from tqdm.auto import tqdm

            return tqdm(task_ids, unit="task", disable=None), tqdm.write
    return nullcontext(task_ids), print


def _say(session: Session, text: str) -> None:
    """Prints a line with the place in this file that says it."""
    with explain_stdout():
        session.write(f"run_batt.py:{sys._getframe(1).f_lineno}: {text}")


def _run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine that only pauses, also where an event loop runs, as in a notebook."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _add_profiles(profile: "Profile", others: Iterable[dict[Any, Any]]) -> None:
    """Adds the profiles of workers to that of this process, which has ended."""
    from pstats import Stats
    from types import SimpleNamespace

    total = Stats(profile)
    for stats in others:
        total.add(Stats(SimpleNamespace(stats=stats, create_stats=lambda: None)))  # type: ignore[arg-type]
    profile.stats = total.stats  # type: ignore[attr-defined]
    profile.create_stats = lambda: None  # type: ignore[method-assign]


def _print_profile(profile: "Profile", top: int) -> None:
    from pstats import Stats

    stats = Stats(profile, stream=sys.stdout)  # which takes what the profile has
    for order in ("cumulative", "tottime"):
        print(f"\n[cProfile {order} top]")
        stats.sort_stats(order).print_stats(top)


def __getattr__(name: str) -> Any:
    """Gives `asyncio`, which callers take from here; importing it takes a while that a run does not need."""
    if name == "asyncio":
        import asyncio

        return asyncio
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    from run_batt import cli as run  # workers find its functions by this name of the module

    atexit.register(gc.freeze)  # the collections at the end, a tenth of a short run, have nothing to look at
    sys.exit(run())
