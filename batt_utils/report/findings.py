"""What is known of each task: what the folders hold of it, what its programs give, what runs recorded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from batt_utils.console import UserError
from batt_utils.report.outputs import Outputs
from batt_utils.report.stored import Holding, read_holding
from batt_utils.report.tries import Try
from batt_utils.store.links import Store
from batt_utils.tasks import Data, Sample

STATES = ("nearly", "solved", "partly", "none")  # the most interesting first


class Finding(NamedTuple):
    """What is known of a task.

    Attributes:
        task_id: the task.
        stage: its own; empty where it is not known.
        samples: its samples, by `demo` and `test`; empty if the data lacks it.
        holding: what the folders hold.
        tries: what runs recorded, in the order of time.
        outputs: what its programs give; None: they were not run.
    """

    task_id: str
    stage: str
    samples: Mapping[str, list[Sample]]
    holding: Holding
    tries: Sequence[Try]
    outputs: Outputs | None = None

    @property
    def of(self) -> int:
        """Give how many samples it has, also of unknown outputs; 0 where that is not known."""
        counted = sum(map(len, self.samples.values()))
        return counted or max((one.of for one in self.tries), default=0)

    @property
    def right(self) -> int:
        """Give how many samples the best program is right on."""
        stored = self.holding.solvers[0].right if self.holding.solvers else 0
        return max([stored, *(one.right for one in self.tries)])

    @property
    def state(self) -> str:
        """Give one of `STATES`."""
        if self.right == 0:
            return "none"
        missing = self.of - self.right
        return "solved" if missing == 0 else "nearly" if missing == 1 else "partly"


def find_tasks(
    store: Store,
    tries: Sequence[Try],
    data: Data,
    stages: Mapping[str, str],
    wanted: Iterable[str] = (),
) -> list[Finding]:
    """Find what is known of tasks, the most interesting first.

    Args:
        store: the result folders.
        tries: what runs recorded, in the order of time.
        data: the samples of the tasks.
        stages: the stage of each task.
        wanted: only these tasks; none: all that the folders or the tries know.

    Raises:
        UserError: nothing is known of any task, or of one that is wanted.
    """
    tried: dict[str, list[Try]] = {}
    for one in tries:
        tried.setdefault(one.task_id, []).append(one)
    known = {*store.list_tasks(), *tried}
    task_ids = dict.fromkeys(wanted or sorted(known))
    if unknown := [task_id for task_id in task_ids if task_id not in known]:
        raise UserError(
            f"{store.out}: nothing of task {unknown[0]} there: check the id, or run it with run_batt.py -i"
        )
    if not task_ids:
        raise UserError(f"{store.out}: no task has results there: run run_batt.py, or choose another --out")
    findings = []
    for task_id in task_ids:
        mine = tried.get(task_id, [])
        samples = {part: data[part][task_id] for part in data if task_id in data[part]}
        stage = stages.get(task_id) or (mine[-1].stage if mine else "")
        holding = read_holding(store, task_id)
        findings.append(Finding(task_id, stage, samples, holding, mine))
    return sorted(findings, key=_rank)


def _rank(finding: Finding) -> tuple[int, float, str]:
    share = finding.right / finding.of if finding.of else 0.0
    return STATES.index(finding.state), -share, finding.task_id
