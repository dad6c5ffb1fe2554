"""The results of a run's tasks in the file of `--results`: what is added to it, what is passed over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import NamedTuple

from batt_utils.batt.program import Program
from batt_utils.batt.reader import Source
from batt_utils.console import UserError
from batt_utils.job import TaskOutcome
from batt_utils.options import Options
from batt_utils.rules import RULES, SEED
from batt_utils.signals import held
from batt_utils.store.journal import End, Journal, SolverResult, TaskResult, sort_solvers
from batt_utils.store.keys import hash_run, make_key, read_sources
from batt_utils.tasks import Data, find_stages
from batt_utils.tasks import Source as TaskSource

PHASES = {
    "score": "run_batt.check_batt",
    "filter": "run_batt.phase1_filter",
    "inline": "run_batt.phase2_inline_batch",
    "process": "run_batt.phase3_process",
    "differs": "run_batt.phase4_differs",
}


class Run(NamedTuple):
    """What the results of a run's tasks have in common.

    Attributes:
        version: of run_batt.
        batt: md5 of the text of the batt's module.
        key: of all that the results hang on alike; see `hash_run`.
        data: the samples of all tasks.
        stages: that of each task.
        points: what a right output adds to a score.
    """

    version: str
    batt: str
    key: str
    data: Data
    stages: Mapping[str, str]
    points: int


class History:
    """The results of tasks, as earlier runs have left them and this one adds to them."""

    def __init__(self, journal: Journal, run: Run, ends: Mapping[str, End]) -> None:
        """Take the file that is open, and by their keys how the tasks ended that are to be passed over."""
        self._journal = journal
        self._run = run
        self._ends = ends
        self._added: set[int] = set()

    def find_ends(self, task_ids: Iterable[str]) -> dict[str, End]:
        """Find which tasks are to be passed over, and how they ended."""
        keys = {task_id: self._make_key(task_id) for task_id in task_ids} if self._ends else {}
        return {task_id: self._ends[key] for task_id, key in keys.items() if key in self._ends}

    def add(self, outcome: TaskOutcome) -> None:
        """Add what came of a task once it is saved; once.

        Raises:
            OSError: it cannot be written.
        """
        if outcome.finds is not None or outcome.task_i in self._added:
            return
        from datetime import datetime, timezone

        demo, test = (self._run.data[part][outcome.task_id] for part in ("demo", "test"))
        known = sum("output" in sample for sample in (*demo, *test))
        solvers = [
            SolverResult(one.md5, one.solver_id, one.score // self._run.points, known, one.t_log, one.calls)
            for one in outcome.solvers
        ]
        result = TaskResult(
            version=self._run.version,
            key=self._make_key(outcome.task_id),
            finished=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            task=outcome.task_id,
            batt=self._run.batt,
            stage=self._run.stages[outcome.task_id],
            demo=len(demo),
            test=len(test),
            candidates=outcome.candidates,
            unique=outcome.unique,
            solvers=sort_solvers(solvers),
            solved=outcome.is_solved,
            new=outcome.is_new,
            timed_out=outcome.timed_out,
            warnings=outcome.notes.warnings,
            seconds=round(outcome.notes.get_seconds("main.run_batt"), 6),
            phases={phase: round(outcome.notes.get_seconds(name), 6) for phase, name in PHASES.items()},
        )
        with held():
            self._journal.append(result)
            self._added.add(outcome.task_i)

    def _make_key(self, task_id: str) -> str:
        run = self._run
        samples = {part: run.data[part][task_id] for part in ("demo", "test")}
        return make_key(run.key, task_id, samples, run.stages[task_id])


@contextmanager
def open_history(options: Options, run: Run) -> Iterator[History]:
    """Open the file of results; it is locked till the block ends.

    Args:
        options: which file, made if it is missing, and whether tasks that it has are passed over.
        run: what the results have in common.

    Raises:
        UserError: another run writes there, or a line is no result.
        OSError: the file cannot be read or written.
    """
    with Journal(str(options.results)) as journal:
        yield History(journal, run, journal.read_ends() if options.resume else {})


def make_run(
    source: Source,
    options: Options,
    timeout: float,
    version: str,
    total_data: Data,
    sources: Sequence[TaskSource],
) -> Run:
    """Gather what the results of a run's tasks have in common.

    Args:
        source: the batt.
        options: those of the run; they name the rules.
        timeout: seconds for one batt call, and for one solver, on one sample.
        version: that of run_batt.
        total_data: the samples of all tasks.
        sources: where these are.

    Raises:
        UserError: the batt is in no file, so nothing tells whether it is another one.
    """
    if not isinstance(source.batt, (Program, str)) or len(source.texts) < 2:
        raise UserError("--results needs a batt and a call table in files: name their module with -b")
    texts = {"batt": source.texts[0].encode(), "table": source.texts[1].encode()}
    rules = RULES[options.rules or SEED.name]
    texts["rules"] = rules.name.encode()
    modules = read_sources(source.batt, Path(options.folder))
    key = hash_run({**modules, **texts}, timeout, options.device, options.tune)
    stages = find_stages(sources, total_data["demo"])
    return Run(version, md5(texts["batt"]).hexdigest(), key, total_data, stages, rules.points)
