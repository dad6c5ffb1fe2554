"""How a batt fails, in few lines: names that nobody defines, and calls that raise."""

from collections import Counter
from collections.abc import Collection, Sequence

from batt_utils.batt.program import Program, find_dependents, find_needed
from batt_utils.console import UserError

MOST = 5  # names in a line, and lines in a run


class Failures:
    """How a called batt fails over a run: on how many samples, and in which ways."""

    def __init__(self) -> None:
        self.candidates = 0  # of all samples
        self.failed = 0  # of these samples
        self.samples = 0
        self._tasks = 0
        self._ways: set[str] = set()

    def add(self, task_id: str, ways: Sequence[str], candidates: int) -> list[str]:
        """Count a task's samples; return a line for each new way to fail, five in a run.

        Args:
            task_id: the task.
            ways: how the batt failed on each of its samples; empty where it did not.
            candidates: how many there are on all of them.
        """
        self._tasks += 1
        self.samples += len(ways)
        self.candidates += candidates
        lines = []
        for way, count in Counter(filter(None, ways)).items():
            self.failed += count
            if way not in self._ways and len(self._ways) < MOST:
                where = "" if count == len(ways) else f" on {count} of {len(ways)} samples of {task_id}"
                lines.append(f"the batt fails{where}: {way}: mend it, or write it anew")
            self._ways.add(way)
        return lines

    def sum_up(self) -> str:
        """Return a line on all tasks; empty where those of `add` say it all."""
        if self._tasks > 1 and 0 < self.failed < self.samples:
            return f"the batt fails on {self.failed} of {self.samples} samples of {self._tasks} tasks"
        return ""


def report_unknown(program: Program, unknown: Collection[str]) -> str:
    """Return a line on the names that nobody defines and what they cost; empty where they cost nothing.

    Raises:
        UserError: no solver is left; says the same.
    """
    roots = [*(output.t for output in program.candidates), *(item.t for item in program.differs)]
    needed = find_needed(program.calls, roots)
    calls = [program.calls[t] for t in needed]
    items = dict.fromkeys(item for call in calls for item in call.items)
    names = [item for item in items if item in unknown]
    if not names:
        return ""
    lost = find_dependents(program.calls, names) & {*needed}
    solvers = {candidate.solver_id for candidate in program.candidates}
    left = {candidate.solver_id for candidate in program.candidates if candidate.t not in lost}
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    calls_lost = "1 call" if len(lost) == 1 else f"{len(lost)} calls"
    line = (
        f"nobody defines {', '.join(names[:MOST])}{more}: {calls_lost} and "
        f"{len(solvers - left)} of {len(solvers)} solvers are lost: "
        "define them in dsl.py, or write the batt anew"
    )
    if solvers and not left:
        raise UserError(line)
    return line
