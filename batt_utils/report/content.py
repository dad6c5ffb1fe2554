"""What the page's script reads of tasks: plain data, in which equal grids and programs are there once."""

import os
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from batt_utils.report.findings import STATES, Finding
from batt_utils.report.stored import Stored
from batt_utils.tasks import Grid

STATE_NAMES = dict(zip(STATES, ("nearly solved", "solved", "partly right", "nothing right")))
MOST_DIFFERS = 5  # of a kind
MOST_FAILING = 5  # programs without any output
MOST_LETTERS = 200  # of what went wrong


class Numbers:
    """Texts, each once, by their numbers.

    >>> numbers = Numbers()
    >>> [numbers.add(text) for text in ("a", "b", "a")], numbers.texts
    ([0, 1, 0], ['a', 'b'])
    """

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def add(self, text: Any) -> int:
        """Give the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[Any]:
        """Give the texts in the order of their numbers."""
        return [*self._numbers]


class Content:
    """What the page's script reads."""

    def __init__(self, folder: Path | None) -> None:
        """Start with no task.

        Args:
            folder: where the page will be, so that its links lead from there; None: it has no links.
        """
        self._folder = folder
        self._grids = Numbers()
        self._programs = Numbers()
        self._tasks: list[dict[str, Any]] = []

    def list_all(self) -> dict[str, Any]:
        """List all that there is, as JSON can have it."""
        return {
            "states": STATE_NAMES,
            "grids": self._grids.texts,
            "programs": self._programs.texts,
            "tasks": self._tasks,
        }

    def add(self, finding: Finding) -> None:
        """Add a task."""
        holding = finding.holding
        shown = _list_shown(finding)
        seconds = sum(one.seconds for one in finding.tries)
        task = {
            "id": finding.task_id,
            "stage": finding.stage,
            "state": finding.state,
            "right": finding.right,
            "of": finding.of,
            "links": [holding.solver_links, holding.differ_links],
            "tries": len(finding.tries),
            "seconds": seconds,
            "time": format_seconds(seconds),
            "programs": self._list_programs(finding, shown),
            "run": [len(finding.outputs.run) if finding.outputs else 0, len(holding.solvers)],
            "samples": self._list_samples(finding, shown),
            "differs": self._list_differs(holding.differs),
            "folders": [[f"{path.parent.name}/{path.name}", self._link(path)] for path in holding.folders],
        }
        self._tasks.append(task)

    def _list_programs(self, finding: Finding, shown: Sequence[int]) -> list[dict[str, Any]]:
        problems = finding.outputs.problems if finding.outputs else {}
        names = _name_samples(finding)
        return [
            {
                "number": self._add_program(program),
                "right": program.right,
                "score": program.link.score,
                "t_log": program.link.t_log,
                "problem": _describe(problems.get(place, []), names),
            }
            for place, program in ((place, finding.holding.solvers[place]) for place in shown)
        ]

    def _list_samples(self, finding: Finding, shown: Sequence[int]) -> list[dict[str, Any]]:
        """List samples; of an output: its grid, the first program that gives it, how many more do."""
        samples = [*chain(*finding.samples.values())]
        found = finding.outputs.found if finding.outputs else [[] for _ in samples]
        return [
            {
                "name": name,
                "input": self._add_grid(sample["input"]),
                "output": self._add_grid(sample["output"]) if "output" in sample else None,
                "outputs": [
                    [self._add_grid(output.grid), shown.index(output.programs[0]), len(output.programs) - 1]
                    for output in outputs
                ],
            }
            for name, sample, outputs in zip(_name_samples(finding), samples, found)
        ]

    def _list_differs(self, differs: Iterable[Stored]) -> list[dict[str, Any]]:
        """List those of each kind that have the highest S_SCORE, and how many more there are."""
        kinds: dict[str, list[Stored]] = {}
        for one in differs:
            kinds.setdefault(one.kind, []).append(one)
        return [
            {
                "kind": kind,
                "more": max(0, len(there) - MOST_DIFFERS),
                "best": [[self._add_program(one), one.link.score] for one in there[:MOST_DIFFERS]],
            }
            for kind, there in kinds.items()
        ]

    def _add_grid(self, grid: Grid) -> int:
        return self._grids.add(format_grid(grid))

    def _add_program(self, one: Stored) -> int:
        return self._programs.add((one.link.md5, one.read(), self._link(one.path)))

    def _link(self, path: Path) -> str:
        """Write the link to a file from where the page is; empty for none."""
        if self._folder is None:
            return ""
        return quote(os.fsencode(Path(os.path.relpath(path, self._folder)).as_posix()))


def _name_samples(finding: Finding) -> list[str]:
    return [
        f"{part} {number}" for part, there in finding.samples.items() for number in range(1, len(there) + 1)
    ]


def _list_shown(finding: Finding) -> list[int]:
    """List the places of the programs that are shown: the best one, those with an output, some that fail."""
    if finding.outputs is None:
        return [0] if finding.holding.solvers else []
    giving = {output.programs[0] for found in finding.outputs.found for output in found}
    failing = sorted(finding.outputs.problems.keys() - giving)[:MOST_FAILING]
    return sorted({0, *giving, *failing})


def _describe(problems: Iterable[tuple[int, str]], names: Sequence[str]) -> str:
    """Say what went wrong with a program, and where."""
    places: dict[str, list[str]] = {}
    for number, what in problems:
        places.setdefault(what[:MOST_LETTERS], []).append(names[number])
    return "; ".join(
        f"{what} (on {'every sample' if len(where) == len(names) else ', '.join(where)})"
        for what, where in places.items()
    )


def format_grid(grid: Grid) -> str:
    """Write a grid's rows as digits, divided by bars.

    >>> format_grid(((0, 1), (2, 3)))
    '01|23'
    """
    return "|".join(["".join(map(str, row)) for row in grid])


def format_seconds(seconds: float) -> str:
    """Write seconds as people read them.

    >>> [format_seconds(seconds) for seconds in (0.0123, 5.6, 75, 7320)]
    ['12 ms', '5.6 s', '1 min 15 s', '2 h 2 min']
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
