"""The page: findings as data for its script, what is counted of them, and the template that takes both."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import quote

from batt_utils.console import UserError
from batt_utils.report.attempts import Attempt, list_rounds, list_solved
from batt_utils.report.findings import STATES, Finding
from batt_utils.report.stored import Stored
from batt_utils.tasks import Grid

FOLDER = Path(__file__).parent
STATE_NAMES = dict(zip(STATES, ("nearly solved", "solved", "partly right", "nothing right")))
MOST_DIFFERS = 5  # of a kind
MOST_FAILING = 5  # programs without any output
LINE_WIDTH, LINE_HEIGHT = 360, 120  # of the line of solved tasks


class Bar(NamedTuple):
    """A row of a chart.

    Attributes:
        name: what it counts.
        tasks: how many tasks there are.
        percent: of the longest row.
    """

    name: str
    tasks: int
    percent: float


class Line(NamedTuple):
    """Tasks solved against time.

    Attributes:
        path: that of an SVG, in a box of `LINE_WIDTH` x `LINE_HEIGHT`.
        solved: how many tasks at the end.
        seconds: from the first attempt to the last.
    """

    path: str
    solved: int
    seconds: float


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


def check_jinja() -> None:
    """See whether the page can be made.

    Raises:
        UserError: Jinja2 is missing.
    """
    try:
        import jinja2  # noqa: F401
    except ModuleNotFoundError:
        raise UserError("a report needs the package jinja2: pip install '.[report]'") from None


def make_page(findings: Sequence[Finding], attempts: Sequence[Attempt], folder: Path | None) -> str:
    """Make the page.

    Args:
        findings: the tasks, in the order in which they are listed.
        attempts: what runs recorded of them, in the order of time.
        folder: where the page will be, so that its links lead from there; None: it shows a single task, in a
            page of somebody else, and has no links.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.filters["duration"] = format_seconds
    seconds = [one.seconds for one in attempts]
    return environment.get_template("page.html").render(
        title="run_batt report",
        alone=folder is None,
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d, %H:%M UTC"),
        data=make_data(findings, folder),
        findings=findings,
        states=STATE_NAMES,
        counts=Counter(finding.state for finding in findings),
        links={
            "solvers": sum(finding.holding.solver_links for finding in findings),
            "differs": sum(finding.holding.differ_links for finding in findings),
        },
        bars=count_scores(findings),
        attempts=attempts,
        slowest=max(attempts, key=lambda one: one.seconds, default=None),
        median=median(seconds or [0]),
        rounds=list_rounds(attempts),
        line=draw_line(attempts),
        width=LINE_WIDTH,
        height=LINE_HEIGHT,
    )


def count_scores(findings: Iterable[Finding]) -> list[Bar]:
    """Count tasks by how many samples their best program misses."""
    names = ["all right", "all but 1", "all but 2", "all but 3", "all but 4 or more", "none right"]
    places = [5 if finding.right == 0 else min(max(finding.of - finding.right, 0), 4) for finding in findings]
    counts = Counter(places)
    longest = max(counts.values(), default=1)
    return [Bar(name, counts[place], 100 * counts[place] / longest) for place, name in enumerate(names)]


def draw_line(attempts: Sequence[Attempt]) -> Line | None:
    """Draw the tasks solved against time; nothing without attempts at two times."""
    if not attempts:
        return None
    seconds = (attempts[-1].finished - attempts[0].finished).total_seconds()
    if not seconds:
        return None
    solved = list_solved(attempts)
    across, up = LINE_WIDTH / seconds, LINE_HEIGHT / max(len(solved), 1)
    steps = [
        f"H{moment * across:.1f}V{LINE_HEIGHT - number * up:.1f}" for number, moment in enumerate(solved, 1)
    ]
    return Line(f"M0 {LINE_HEIGHT}{''.join(steps)}H{LINE_WIDTH}", len(solved), seconds)


def format_seconds(seconds: float) -> str:
    """Write seconds as people read them.

    >>> [format_seconds(seconds) for seconds in (0.0123, 5.6, 75, 7300)]
    ['12 ms', '5.6 s', '1 min 15 s', '2 h 2 min']
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def make_data(findings: Iterable[Finding], folder: Path | None) -> dict[str, Any]:
    """Make what the page's script reads: equal grids and programs are there once, and named by numbers."""
    grids, programs = Numbers(), Numbers()
    tasks = [_make_task(finding, grids, programs, folder) for finding in findings]
    return {"states": STATE_NAMES, "grids": grids.texts, "programs": programs.texts, "tasks": tasks}


def _make_task(finding: Finding, grids: Numbers, programs: Numbers, folder: Path | None) -> dict[str, Any]:
    holding, outputs = finding.holding, finding.outputs
    names = [
        f"{part} {number}" for part, there in finding.samples.items() for number in range(1, len(there) + 1)
    ]
    problems = outputs.problems if outputs else {}
    shown = _list_shown(finding)
    return {
        "id": finding.task_id,
        "stage": finding.stage,
        "state": finding.state,
        "right": finding.right,
        "of": finding.of,
        "links": [holding.solver_links, holding.differ_links],
        "tries": [format_seconds(one.seconds) for one in finding.attempts],
        "seconds": sum(one.seconds for one in finding.attempts),
        "programs": [
            {
                "number": _add_program(holding.solvers[place], programs, folder),
                "right": holding.solvers[place].right,
                "score": holding.solvers[place].link.score,
                "t_log": holding.solvers[place].link.t_log,
                "problem": _describe(problems.get(place, []), names),
            }
            for place in shown
        ],
        "run": [len(outputs.run) if outputs else 0, len(holding.solvers)],
        "samples": _make_samples(finding, names, shown, grids),
        "differs": _make_differs(holding.differs, programs, folder),
        "folders": [[path.parent.name, _make_href(path, folder)] for path in holding.folders],
    }


def _list_shown(finding: Finding) -> list[int]:
    """List the places of the programs that are shown: the best one, those with an output, some that fail."""
    if finding.outputs is None:
        return [0] if finding.holding.solvers else []
    giving = {output.programs[0] for found in finding.outputs.found for output in found}
    failing = sorted(finding.outputs.problems.keys() - giving)[:MOST_FAILING]
    return sorted({0, *giving, *failing})


def _make_samples(
    finding: Finding, names: Sequence[str], shown: Sequence[int], grids: Numbers
) -> list[dict[str, Any]]:
    samples = [*chain(*finding.samples.values())]
    found = finding.outputs.found if finding.outputs else [[] for _ in samples]
    return [
        {
            "name": name,
            "input": grids.add(format_grid(sample["input"])),
            "output": grids.add(format_grid(sample["output"])) if sample.get("output") else None,
            "outputs": [
                [
                    grids.add(format_grid(output.grid)),
                    shown.index(output.programs[0]),
                    len(output.programs) - 1,
                ]
                for output in outputs
            ],
        }
        for name, sample, outputs in zip(names, samples, found)
    ]


def format_grid(grid: Grid) -> str:
    """Write a grid's rows as digits, divided by bars.

    >>> format_grid(((0, 1), (2, 3)))
    '01|23'
    """
    return "|".join(["".join(map(str, row)) for row in grid])


def _describe(problems: Iterable[tuple[int, str]], names: Sequence[str]) -> str:
    """Say what went wrong with a program, and where."""
    places: dict[str, list[str]] = {}
    for number, what in problems:
        places.setdefault(what, []).append(names[number])
    return "; ".join(
        f"{what} (on {'every sample' if len(where) == len(names) else ', '.join(where)})"
        for what, where in places.items()
    )


def _make_differs(differs: Iterable[Stored], programs: Numbers, folder: Path | None) -> list[dict[str, Any]]:
    """Make those of each kind that have the highest S_SCORE, with how many more there are."""
    kinds: dict[str, list[Stored]] = {}
    for one in differs:
        kinds.setdefault(one.kind, []).append(one)
    return [
        {
            "kind": kind,
            "more": max(0, len(there) - MOST_DIFFERS),
            "best": [[_add_program(one, programs, folder), one.link.score] for one in there[:MOST_DIFFERS]],
        }
        for kind, there in kinds.items()
    ]


def _add_program(one: Stored, programs: Numbers, folder: Path | None) -> int:
    return programs.add((one.link.md5, one.read(), _make_href(one.path, folder)))


def _make_href(path: Path, folder: Path | None) -> str:
    """Write the link to a file from where the page is; empty for none."""
    return "" if folder is None else quote(os.fsencode(Path(os.path.relpath(path, folder)).as_posix()))
