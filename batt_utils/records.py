"""What a run leaves: its result folders, the file of results, the submission."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from batt_utils.job import TaskOutcome
from batt_utils.options import Options
from batt_utils.rules import Rules
from batt_utils.store.links import Store
from batt_utils.tasks import Data

if TYPE_CHECKING:
    from batt_utils.history import History, Run
    from batt_utils.report.submission import Submission
    from batt_utils.store.journal import End


class Records(NamedTuple):
    """What a run leaves, as far as it is asked for."""

    store: Store
    history: "History | None" = None
    submission: "Submission | None" = None

    def find_ends(self, task_ids: Sequence[str]) -> "dict[str, End]":
        """Find which tasks are to be passed over, and how they ended."""
        ends = self.history.find_ends(task_ids) if self.history else {}
        if self.submission:
            ends = {task_id: end for task_id, end in ends.items() if self.submission.has(task_id)}
        return ends

    def add(self, outcome: TaskOutcome) -> None:
        """Add what came of a task once it is saved.

        Raises:
            OSError: a file cannot be written.
        """
        for record in (self.submission, self.history):
            if record:
                record.add(outcome)

    def describe_end(self, total_data: Data, with_timing: bool) -> Iterator[str]:
        """Tell what a submission would score, where that is known; with timing, of files without links."""
        if self.submission and (score := self.submission.rate(total_data)):
            yield score
        if with_timing and (unlinked := self.store.count_unlinked()):
            yield f"{unlinked} files of solvers and differs that no link leads to are left as they are"


@contextmanager
def open_records(
    options: Options, rules: Rules, run: "Run | None", total_data: Data, task_ids: Sequence[str]
) -> Iterator[Records]:
    """Open all that a run leaves, so that what cannot be written is told before the first task.

    Raises:
        UserError, OSError: as `Store.opened`, `open_history` and `open_submission` do.
    """
    with ExitStack() as stack:
        records = Records(stack.enter_context(Store(options.out, rules.kinds).opened(task_ids)))
        if run is not None:
            from batt_utils.history import open_history

            records = records._replace(history=stack.enter_context(open_history(options, run)))
        if options.submission is not None:
            from batt_utils.report.submission import open_submission

            submission = stack.enter_context(open_submission(options, total_data, task_ids))
            records = records._replace(submission=submission)
        yield records
