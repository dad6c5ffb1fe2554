"""A report: what is known of the tasks of result folders, and the page of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from batt_utils.console import Progress, UserError, note
from batt_utils.engine.engine import open_programs, run
from batt_utils.options import Options
from batt_utils.report.attempts import read_attempts
from batt_utils.report.findings import Finding, find_tasks
from batt_utils.report.outputs import Solves, find_outputs, run_together
from batt_utils.report.page import check_jinja, make_page
from batt_utils.store.links import Store
from batt_utils.tasks import find_sources, find_stages, name_paths, read_tasks


class Report(NamedTuple):
    """A report.

    Attributes:
        page: the text of the HTML file.
        tasks: how many tasks it has.
    """

    page: str
    tasks: int


def make_report(
    out: str,
    data: str | None = None,
    task_ids: Sequence[str] = (),
    results: Iterable[str] = (),
    folder: Path | None = None,
) -> Report:
    """Make a report of result folders; the programs that they hold are run for it.

    Args:
        out: where the folders are.
        data: the tasks, as `--data` names them; a folder stands for both stages.
        task_ids: only these tasks; none: all that have results.
        results: files of results.
        folder: where the page will be; None: it has no links.

    Raises:
        UserError: Jinja2, the result folders or what a task has come to are missing, or a line is no result.
        OSError: something cannot be read.
    """
    check_jinja()
    store = Store(out)
    if not (store.out / "solver_dir").is_dir():
        raise UserError(f"{out}: no result folders there: run run_batt.py first, or choose another --out")
    attempts = read_attempts(results)
    sources = find_sources(data, "both" if data is None or Path(data).is_dir() else None)
    total_data = read_tasks(sources)
    stages = find_stages(sources, total_data["demo"])
    findings = find_tasks(store, attempts, total_data, stages, task_ids)
    if lacking := [finding.task_id for finding in findings if not finding.samples]:
        places = name_paths(sources)
        note(f"report: {places}: no samples of {len(lacking)} tasks, such as {lacking[0]}: name their --data")
    found = run(run_programs(findings, Options(out=out)))
    chosen = {finding.task_id for finding in found}
    return Report(make_page(found, [one for one in attempts if one.task_id in chosen], folder), len(found))


async def run_programs(findings: Sequence[Finding], options: Options) -> list[Finding]:
    """Run the programs of all tasks whose samples are known; add what they give."""
    texts = (program.read() for finding in findings for program in finding.holding.solvers)

    async def run_task(engine: Solves, finding: Finding) -> Finding:
        outputs = await find_outputs(engine, finding.holding.solvers, finding.samples)
        return finding._replace(outputs=outputs)

    found = {finding.task_id: finding for finding in findings}
    to_run = [finding for finding in findings if finding.samples and finding.holding.solvers]
    if to_run:
        async with open_programs(texts, options) as engine:
            with Progress(len(to_run)) as progress:
                async for finding in run_together(run_task(engine, one) for one in to_run):
                    found[finding.task_id] = finding
                    progress.advance(0)
    return [*found.values()]
