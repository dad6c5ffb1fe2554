#!/usr/bin/env python3
"""Runs the solvers of a batt on ARC tasks, scores them, and saves the good ones as solver files.

    python run_batt.py --timing -i 007bbfb7 -b tmp_batt_onerun_run

For each task, every candidate is scored on every sample; then come four phases. Filter: candidates
with the same program are one. Inline: each one's text without variables, whose md5 is its name.
Process: those that can stay are timed, written out and linked by score. Differs: the programs that
measured what they changed, likewise.
"""

import atexit
import gc
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from batt_utils.batt.program import find_needed
from batt_utils.batt.reader import Source, holds_records, load_batt, parse_calls
from batt_utils.checked import Checked
from batt_utils.command import run_command
from batt_utils.console import Progress, explain_stdout, pass_over, say, warn
from batt_utils.demo import write_demo
from batt_utils.engine.opening import open_engine, open_engine_or_cluster
from batt_utils.engine.runner import ignore, pause, run
from batt_utils.evaluate.device import configure_gpu_memory, get_optimal_batch_size, gpu_memory_cleanup
from batt_utils.evaluate.failures import Failures
from batt_utils.job import Notes, TaskJob, TaskOutcome, make_job, make_outcome, remove_log, save_finds
from batt_utils.lines import describe_scores, describe_task
from batt_utils.options import DEFAULTS, Options, parse
from batt_utils.phases import filter_candidates, inline_batch, link_differs, process, score
from batt_utils.records import Records, open_records
from batt_utils.rules import D_Score, O_Score, S_Score, find_rules
from batt_utils.signals import held
from batt_utils.store.links import Store, check_save
from batt_utils.tasks import Data, Grid, choose_tasks, find_sources, get_data, name_paths, pick_rnd_task
from batt_utils.timing import Seconds, add_profiles, add_seconds
from batt_utils.totals import Totals

if TYPE_CHECKING:
    from cProfile import Profile

    from batt_utils.engine.cluster import Cluster
    from batt_utils.engine.engine import Engine

__version__ = "1.0.0"
__all__ = ["check_batt", "check_save", "main", "main_mega_batch", "run_batt", "track_solution"]
__all__ += ["D_Score", "O_Score", "S_Score", "get_data", "pick_rnd_task"]
__all__ += ["configure_gpu_memory", "get_optimal_batch_size", "gpu_memory_cleanup"]

Write = Callable[[str], None]

# A caller may set these two, a batt function and its call table, and await `run_batt` or `main`.
batt: Any = None
t_call: Mapping[int, object] | None = None  # of texts, or of records that have a `value`


def cli(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    return run_command(main, parse(arguments, (__doc__ or "").partition("\n")[0], __version__))


async def main(  # noqa: PLR0913
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
    totals: Totals | None = None,
) -> dict[str, Any]:
    """Run a batt on tasks; return the counts and timings that `--json` writes.

    `do_list`, `start` and `count` choose the tasks as in `choose_tasks`. `timeout` is in seconds: for one
    batt call, and for one solver, on one sample. `enable_timing` prints the timing summary; `profile`
    profiles this process and the workers; `totals` counts the tasks. `batt_module_name` and `data` come
    before those of `options`; `batch_accumulator` has no effect.

    Raises:
        UserError: an unknown task, or a batt or data that is none; says where and what to do.
        OSError: something cannot be read or written.
        KeyboardInterrupt, CancelledError: when the summary so far is printed.
    """
    from asyncio import CancelledError

    totals = totals or Totals()
    totals.with_timing = enable_timing
    interrupted = None
    try:
        sources = find_sources(data or options.data, options.stage)
        total_data, task_ids = choose_tasks(sources, do_list, start, count)
        totals.expect(task_ids, total_data)
        source = _read_batt(batt_module_name, options)
        totals.rules = rules = find_rules(source.records, options.rules, options.out)
        recorded = None
        if options.results is not None:
            from batt_utils.history import make_run

            decided = options._replace(rules=rules.name)
            recorded = make_run(source, decided, timeout, __version__, total_data, sources)
        with open_records(options, rules, recorded, total_data, task_ids) as records:
            task_ids = pass_over_done(task_ids, records, totals)
            if not task_ids:
                say(f"{options.results} has all of these tasks: nothing is left to do")
                for line in records.describe_end(total_data, False):
                    say(line)
                return totals.list_counts()
            opened = open_engine_or_cluster(source, options, total_data, task_ids, __version__)
            async with opened as engine:
                if enable_timing:
                    say(f"tasks: {name_paths(sources)}")
                    say(f"DSL: {engine.dsl}")
                    say(f"batt: {source.form}")
                remove_log()
                fields: dict[str, Any] = {"out": options.out, "rules": rules, "is_profiled": bool(profile)}
                fields["is_submitted"] = options.submission is not None
                jobs = (make_job(total_data, *task, timeout, **fields) for task in enumerate(task_ids))
                with profile or nullcontext():
                    await do_tasks(engine, task_ids, jobs, totals, records)
            for line in records.describe_end(total_data, enable_timing):
                say(line)
    except (KeyboardInterrupt, CancelledError) as error:
        interrupted = error
    if totals.expected > max(1, totals.unknown):
        say(f"solved {totals.solved} of {totals.tasks + totals.passed_over} tasks ({totals.new} new)")
    totals.print_summary()
    if interrupted:
        raise interrupted
    if profile:
        add_profiles(profile, totals.profiles)
    return totals.list_counts()


def pass_over_done(task_ids: Sequence[str], records: Records, totals: Totals) -> list[str]:
    """Pass over the tasks that earlier runs have done; list the others, and say how they are scored."""
    if totals.unknown:
        count = totals.unknown
        say(f"tasks whose test outputs are not known: {count}; O_SCORE counts demo samples only there")
    folders = (records.store.solver_folder(task_id) for task_id in task_ids)
    if old := totals.rules.find_old(folders):
        warn(old)
    ends = records.find_ends(task_ids)
    totals.pass_over(ends.values())
    return [task_id for task_id in task_ids if task_id not in ends]


async def do_tasks(
    engine: "Engine | Cluster",
    task_ids: Sequence[str],
    jobs: Iterable[TaskJob],
    totals: Totals,
    records: Records,
) -> None:
    """Do tasks; after an interrupt, take what is done.

    Raises:
        KeyboardInterrupt, CancelledError: as they come.
    """
    from asyncio import CancelledError

    outcomes = engine.run_tasks(run_task, jobs, records.add)
    with Progress(len(task_ids)) as progress:
        try:
            for task_i, task_id in enumerate(task_ids):
                begin_task(task_i, task_id, totals, progress.write)
                end_task(await anext(outcomes), totals, records.store, progress.write, records.add)
                progress.advance(totals.solved)
                await pause()
        except (KeyboardInterrupt, CancelledError):
            for outcome in engine.finish():
                end_task(outcome, totals, records.store, progress.write, records.add)
            raise


async def main_mega_batch(  # noqa: PLR0913
    do_list: str | Sequence[str] | None,
    start: int = 0,
    count: int = 0,
    batch_size: int = 1000,
    batt_module_name: str = "batt",
    enable_timing: bool = False,
    data: str = "train",
) -> dict[str, Any]:
    """Do what `main` does, and say in a line that `batch_size` has no effect."""
    pass_over("main_mega_batch")
    return await main(
        do_list, start, count, enable_timing=enable_timing, batt_module_name=batt_module_name, data=data
    )


async def run_batt(  # noqa: PLR0913
    total_data: Data,
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
    """Score the batt on one task, and save its solvers and differs.

    `total_data` is as `get_data` gives it, `task_i` the task's place among those that are run. `d_score`
    counts what differs measure, `prof` adds up the seconds by name. The batt is given `pile_log_path` as
    `log_path`; `timeout` is as in `main`. The batt is the module `batt_module_name`, with `t_call` as its
    call table if that is set; by default `batt`, else the module of this name. `start_time` and
    `batch_accumulator` have no effect.

    Returns:
        Whether a sample or a solver passed its time, and `d_score` with what was counted.
    """
    source = _read_batt(batt_module_name)
    rules = find_rules(source.records, None, ".")
    job = make_job(total_data, task_i, task_id, timeout, log=pile_log_path, rules=rules)
    totals = Totals(rules)
    with Store(".", rules.kinds).opened([task_id]) as store:
        async with open_engine(source, DEFAULTS, total_data, [task_id]) as engine:
            begin_task(task_i, task_id, totals)
            end_task(await run_task(job, engine, d_score), totals, store)
    if prof is not None:
        add_seconds(prof, totals.seconds)
    return totals.timeouts > 0, d_score


def check_batt(  # noqa: PLR0913
    total_data: Data,
    task_i: int,
    task_id: str,
    d_score: D_Score,
    start_time: float,
    pile_log_path: str,
    timeout: float = 1,
    prof: Seconds | None = None,
    batt_module_name: str | None = None,
    batch_accumulator: object = None,
) -> Checked:
    """Score the batt on one task; return its distinct candidates, their O_Score and their S_Score.

    The arguments are those of `run_batt`. What is returned is a tuple, which may also be awaited.
    """
    source = _read_batt(batt_module_name)
    rules = find_rules(source.records, None, ".")
    options = {"log": pile_log_path, "keep_values": True, "rules": rules}
    job = make_job(total_data, task_i, task_id, timeout, **options)
    notes = Notes({} if prof is None else prof, [], rules.timings)

    async def check() -> Checked:
        async with open_engine(source, DEFAULTS, total_data, [task_id]) as engine:
            _, scores = await score(job, engine, d_score, notes)
        candidates = sum(sample.candidates for sample in scores.events)
        for warning in (*notes.warnings, *Failures().add(task_id, scores.failures, candidates)):
            warn(warning)
        for line in describe_scores(task_i, task_id, scores.events, len(scores.candidates), rules):
            say(line)
        return Checked((scores.candidates, scores.o_score, scores.s_score))

    return run(check())


def _read_batt(name: str | None, options: Options = DEFAULTS) -> Source:
    """Read the batt that is named; else take the one that is set, or else read `batt`."""
    name = name or options.batt_import or ("batt" if batt is None else None)
    calls = None if t_call is None or options.batt_import else parse_calls(t_call)
    if name is None:
        source = Source(batt, calls or {}, "it is set in run_batt", records=None)
    else:
        write_demo(name)
        source = load_batt(name, calls, options.device)
    return source if calls is None else source._replace(records=holds_records(t_call or {}))


# A task


async def run_task(job: TaskJob, engine: "Engine", d_score: D_Score | None = None) -> TaskOutcome:
    """Score a task's candidates, and find in four phases what is to be saved of them."""
    notes = Notes({}, [], job.rules.timings)
    with notes.measure("main.run_batt"):
        with notes.measure("run_batt.check_batt"):
            results, scores = await score(job, engine, d_score or D_Score(), notes)
        with notes.measure("run_batt.phase1_filter"):
            distinct = filter_candidates(scores, engine.texts)
        with notes.measure("run_batt.phase2_inline_batch"):
            solvers = inline_batch(distinct, engine.texts, notes)
        with notes.measure("run_batt.phase3_process"):
            processed = await process(job, engine, solvers, scores, notes)
        with notes.measure("run_batt.phase4_differs"):
            finds = link_differs(processed.finds, processed.let_in, scores, engine.texts, notes)
        attempts: Sequence[Sequence[Grid]] = ()
        if job.is_submitted:
            from batt_utils.report.submission import find_attempts

            with notes.measure("run_batt.attempts"):
                attempts = await find_attempts(job, engine, processed.solvers, results)
    return make_outcome(job, scores, len(distinct), processed, finds, notes)._replace(attempts=attempts)


def begin_task(index: int, task_id: str, totals: Totals, write: Write = print) -> None:
    """Say that a task is begun, once."""
    if index > totals.begun:
        totals.begun = index
        say(f"-- {task_id} - {index} start --", write)


def end_task(
    outcome: TaskOutcome,
    totals: Totals,
    store: Store,
    write: Write = print,
    record: Callable[[TaskOutcome], None] = ignore,
) -> None:
    """Save a task, record it, count it, and say what came of it, once."""
    if outcome.task_i <= totals.ended:
        return
    with held():
        begin_task(outcome.task_i, outcome.task_id, totals, write)
        outcome = save_finds(outcome, store)
        record(outcome)
        totals.add(outcome)
        lines: list[str] = []  # printed at once, which spares a write for each
        for line in describe_task(outcome, totals.rules, totals.with_timing):
            say(line, lines.append)
        with explain_stdout():
            write("\n".join(lines))


def track_solution(t_num: int, done: set[int] | None) -> set[int]:
    """Add the numbers of all calls that call `t_num` of `t_call` needs, itself included, to `done`.

    Returns `done`, a new set if it is None.
    """
    done = set() if done is None else done
    done.update(find_needed(parse_calls(t_call or {}), [t_num]))
    return done


def __getattr__(name: str) -> Any:
    """Give `asyncio`, which callers take from here; importing it takes a while that a run does not need."""
    if name == "asyncio":
        import asyncio

        return asyncio
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    from run_batt import cli as command  # workers find its functions by this name of the module

    gc.set_threshold(500_000)  # the usual collections take some hundredths of a short run
    atexit.register(gc.freeze)  # those at the end, a tenth, then have nothing to look at
    sys.exit(command())
