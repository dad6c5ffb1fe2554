"""What a task's candidates go through: they are scored, then come four phases."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from batt_utils.batt.inline import TooLong
from batt_utils.batt.texts import Texts
from batt_utils.console import UserError
from batt_utils.evaluate.failures import MOST
from batt_utils.evaluate.results import SampleResult
from batt_utils.evaluate.speed import sum_seconds
from batt_utils.job import Finds, Notes, Processed, Solver, TaskJob, TaskScores, count_samples
from batt_utils.rules import SEED, D_Score
from batt_utils.store.links import Link, Store, compete, read_links

if TYPE_CHECKING:
    from batt_utils.engine.engine import Engine


async def score(
    job: TaskJob, engine: "Engine", d_score: D_Score, notes: Notes
) -> tuple[list[SampleResult], TaskScores]:
    """Score a task's candidates on its samples, and count what these gave (see `count_samples`)."""
    results = await engine.score_samples(job, notes)
    scores = count_samples(results, len(job.samples["demo"]), d_score, job.rules)
    if names := [*map(str, d_score.unannounced)]:
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        notes.warnings.append(
            f"{', '.join(names[:MOST])}{more}: differs that measure an output and no input before it do not "
            "count there: write the batt anew"
        )
    return results, scores if job.is_known else scores._replace(is_solved=None)


def filter_candidates(scores: TaskScores, texts: Texts) -> list[Solver]:
    """Phase 1: give each distinct program once, for the solver that it appeared for first.

    Two programs of one call table have the same body if and only if they return the same t.

    Raises:
        UserError: the call table lacks a call that the batt gives.
    """
    first: dict[int, str] = {}
    for t, _, solver_id, _ in scores.candidates:
        first.setdefault(t, solver_id)
    if missing := {*first, *scores.d_score.last_t.values()} - texts.calls.keys():
        raise UserError(f"t_call has no t{min(missing)}, which the batt gives: write the batt anew")
    return [Solver(t, solver_id, scores.o_score.score[solver_id]) for t, solver_id in first.items()]


def inline_batch(solvers: Sequence[Solver], texts: Texts, notes: Notes) -> list[Solver]:
    """Phase 2: name each solver by the md5 of its inlined text; leave out one that would be too long."""
    names = _name_all("solve", [solver.t for solver in solvers], texts, notes)
    return [solver._replace(md5=names[solver.t]) for solver in solvers if solver.t in names]


def _name_all(kind: str, roots: Sequence[int], texts: Texts, notes: Notes) -> dict[int, str]:
    with notes.measure("utils.inline_variables.total"):
        names = texts.name_all(kind, roots)
    notes.warnings.extend(f"{kind} {name}" for name in names.values() if isinstance(name, TooLong))
    return {t: name for t, name in names.items() if isinstance(name, str)}


async def process(
    job: TaskJob, engine: "Engine", solvers: Sequence[Solver], scores: TaskScores, notes: Notes
) -> Processed:
    """Phase 3: find the solvers that can stay, by their scores and, among equals, their seconds."""
    needed = {solver.t: engine.texts.find_needed(solver.t) for solver in solvers}
    sums = sum_seconds(needed, scores.timings)
    solvers = [
        solver._replace(seconds=sums[solver.t][0], is_timed=sums[solver.t][1], calls=len(needed[solver.t]))
        for solver in solvers
    ]
    folder = Store(job.out).solver_folder(job.task_id)
    present = read_links(folder) if job.links is None else job.links
    accepted, stayed, _ = compete(present, [solver.link for solver in solvers])
    timed = [*range(len(solvers))] if job.rules.link_all else stayed
    to_time = {solvers[place].md5: solvers[place] for place in timed}
    with notes.measure("run_batt.check_solver_speed"):
        speeds = await engine.time_solvers(job, to_time, notes)
    for place in timed:
        if speed := speeds.get(solvers[place].md5):
            solvers[place] = solvers[place]._replace(seconds=speed.seconds)
    ended = to_time.keys() - speeds
    if job.rules.link_all:
        accepted = timed
        stayed = compete(present, [solver.link for solver in solvers]).stayed  # by their true seconds
    staying = [solvers[place] for place in stayed if solvers[place].md5 not in ended]
    with notes.measure("run_batt.generate_expanded"):
        texts = {solver.md5: engine.texts.expand("solve", solver.t) for solver in staying}
    links = [solver.link for solver in staying]
    let_in = [solvers[place] for place in accepted if solvers[place].md5 not in ended]
    best = max((link.score for link in present), default=-1)
    timed_out = any(speed.timed_out for speed in speeds.values())
    return Processed(solvers, let_in, best, timed_out, Finds(links, texts, {}, {}))


def link_differs(
    finds: Finds, solvers: Sequence[Solver], scores: TaskScores, texts: Texts, notes: Notes
) -> Finds:
    """Phase 4: add each differ's text, and by kind a link for every solver that has a score for it."""
    last_t = scores.d_score.last_t
    names = _name_all("differ", list(last_t.values()), texts, notes)
    with notes.measure("run_batt.generate_expanded"):
        differ_texts = {md5: texts.expand("differ", t) for t, md5 in names.items()}
    rules = scores.d_score.rules or SEED
    links: dict[str | None, list[Link]] = {kind: [] for kind in rules.kinds}
    for solver in solvers:
        counts = scores.s_score.score.get(solver.solver_id, {})
        for kind, named in rules.list_scores(counts, last_t).items():
            for name, score in named:
                if last_t[name] in names:
                    links[kind].append(Link(score, solver.t_log, names[last_t[name]]))
    return finds._replace(differs=links, differ_texts=differ_texts)
