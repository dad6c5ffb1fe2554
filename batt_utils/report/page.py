"""The page: findings as data for its script, what is counted of them, and the template that takes both."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from batt_utils.console import UserError
from batt_utils.report.content import STATE_NAMES, Content, format_seconds
from batt_utils.report.findings import Finding
from batt_utils.report.tries import Try, list_rounds, list_solved, sum_phases

if TYPE_CHECKING:
    from jinja2 import Template

FOLDER = Path(__file__).parent
LINE_WIDTH, LINE_HEIGHT = 240, 100  # of the line of solved tasks


class Bar(NamedTuple):
    """A row of a chart.

    Attributes:
        name: what it is of.
        text: its value.
        percent: of the longest row.
    """

    name: str
    text: str
    percent: float


class Line(NamedTuple):
    """Tasks solved against time.

    Attributes:
        path: that of an SVG, in a box of `LINE_WIDTH` x `LINE_HEIGHT`.
        solved: how many tasks at the end.
        seconds: from the first try to the last.
    """

    path: str
    solved: int
    seconds: float


def check_jinja() -> None:
    """See whether the page can be made.

    Raises:
        UserError: Jinja2 is missing.
    """
    try:
        import jinja2  # noqa: F401
    except ModuleNotFoundError:
        raise UserError("a report needs the package jinja2: pip install jinja2") from None


def make_page(findings: Sequence[Finding], tries: Sequence[Try], folder: Path | None) -> str:
    """Make the page.

    Args:
        findings: the tasks, in the order in which they are listed.
        tries: what runs recorded of them, in the order of time.
        folder: where the page will be, so that its links lead from there; None: it shows a single task, in a
            page of somebody else, and has no links.
    """
    content = Content(folder)
    for finding in findings:
        content.add(finding)
    seconds = [one.seconds for one in tries]
    page = _get_template().render(
        title="run_batt report",
        alone=folder is None,
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d, %H:%M UTC"),
        data=content.list_all(),
        findings=findings,
        states=STATE_NAMES,
        counts=Counter(finding.state for finding in findings),
        links={
            "solvers": sum(finding.holding.solver_links for finding in findings),
            "differs": sum(finding.holding.differ_links for finding in findings),
        },
        scores=count_scores(findings),
        phases=sum_seconds(tries),
        tries=tries,
        slowest=max(tries, key=lambda one: one.seconds, default=None),
        median=median(seconds or [0]),
        rounds=list_rounds(tries),
        line=draw_line(tries),
        width=LINE_WIDTH,
        height=LINE_HEIGHT,
    )
    return page.encode(errors="replace").decode()  # the name of a file may be no text


def _get_template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.filters["duration"] = format_seconds
    return environment.get_template("page.html")


def count_scores(findings: Iterable[Finding]) -> list[Bar]:
    """Count tasks by how many samples their best program misses."""
    names = ["all right", "all but 1", "all but 2", "all but 3", "all but 4 or more", "none right"]
    counts = dict.fromkeys(names, 0)
    for finding in findings:
        missing = min(max(finding.of - finding.right, 0), 4)
        counts[names[missing if finding.right else 5]] += 1
    return _make_bars(counts, "{:,}".format)


def sum_seconds(tries: Iterable[Try]) -> list[Bar]:
    """Sum the seconds of each phase; empty where none are recorded."""
    return _make_bars(sum_phases(tries), format_seconds)


def _make_bars(values: Mapping[str, float], write: Callable[[float], str]) -> list[Bar]:
    longest = max(values.values(), default=0) or 1
    return [Bar(name, write(value), 100 * value / longest) for name, value in values.items()]


def draw_line(tries: Sequence[Try]) -> Line | None:
    """Draw the tasks solved against time; nothing without tries at two times."""
    if not tries:
        return None
    seconds = (tries[-1].finished - tries[0].finished).total_seconds()
    if not seconds:
        return None
    solved = list_solved(tries)
    across, up = LINE_WIDTH / seconds, LINE_HEIGHT / max(len(solved), 1)
    steps = [
        f"H{moment * across:.1f}V{LINE_HEIGHT - number * up:.1f}" for number, moment in enumerate(solved, 1)
    ]
    return Line(f"M0 {LINE_HEIGHT}{''.join(steps)}H{LINE_WIDTH}", len(solved), seconds)
