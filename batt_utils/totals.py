"""What came of all tasks of a run."""

from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from batt_utils.console import explain_stdout, warn
from batt_utils.evaluate.failures import Failures
from batt_utils.job import TaskOutcome
from batt_utils.rules import SEED, Rules
from batt_utils.tasks import Data, is_known
from batt_utils.timing import add_seconds, summarize

if TYPE_CHECKING:
    from batt_utils.store.journal import End


class Totals:
    """What came of the tasks of a run so far, by which rules; and whether to tell where the time went."""

    def __init__(self, rules: Rules = SEED, with_timing: bool = False) -> None:
        """Start with no task."""
        self.rules = rules
        self.with_timing = with_timing
        self._said: set[str] = set()
        self.begun = self.ended = -1  # the index of the last task that was
        self.expected = self.unknown = 0  # tasks; those of which not all outputs are known
        self.passed_over = self.tasks = self.solved = self.new = self.timeouts = self.tot_d_score = 0
        self.seconds: dict[str, float] = {}
        self._start = perf_counter()
        self.failures = Failures()
        self.profiles: list[dict[Any, Any]] = []

    def expect(self, task_ids: Iterable[str], total_data: Data) -> None:
        """Count the tasks of the run, those that are passed over later among them."""
        known = [is_known(total_data["test"][task_id]) for task_id in task_ids]
        self.expected, self.unknown = len(known), known.count(False)

    def add(self, outcome: TaskOutcome) -> None:
        """Add a task, and print its warnings, each text once in a run."""
        candidates = sum(sample.candidates for sample in outcome.events)
        ways = self.failures.add(outcome.task_id, outcome.failures, candidates)
        for warning in (*outcome.notes.warnings, *ways):
            if warning not in self._said:
                self._said.add(warning)
                warn(warning)
        add_seconds(self.seconds, outcome.notes.seconds)
        if outcome.profile is not None:
            self.profiles.append(outcome.profile)
        self.tasks += 1
        self.solved += outcome.is_solved is True
        self.new += outcome.is_new
        self.timeouts += outcome.timed_out
        self.tot_d_score += outcome.tot_d_score
        self.ended = outcome.task_i

    def pass_over(self, ends: "Iterable[End]") -> None:
        """Count tasks that earlier runs have done, by how they ended."""
        for end in ends:
            self.passed_over += 1
            self.solved += end.solved
            self.new += end.new

    def print_summary(self) -> None:
        """Print the last line, and where the time went if that is asked for."""
        if line := self.failures.sum_up():
            warn(line)
        with explain_stdout():
            seconds = perf_counter() - self._start
            print(self.rules.sum_up(self.tasks, self.timeouts, self.tot_d_score, seconds))
            if self.with_timing:
                print(f"\n{summarize(self.seconds)}")

    def list_counts(self) -> dict[str, Any]:
        """List what `--json` writes."""
        return {
            "tasks": self.tasks,
            "passed_over": self.passed_over,
            "solved": self.solved,
            "new": self.new,
            "timeouts": self.timeouts,
            "samples": self.failures.samples,
            "candidates": self.failures.candidates,
            "tasks_per_second": round(self.tasks / (perf_counter() - self._start), 3),
            "failures": self.failures.failed,
            "seconds": self.seconds,
        }
