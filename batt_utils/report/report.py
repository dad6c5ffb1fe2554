"""A report: what is known of the tasks of result folders, and the page of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from batt_utils.batt.reader import STORED
from batt_utils.console import Progress, UserError, note
from batt_utils.engine.opening import open_engine
from batt_utils.engine.runner import run
from batt_utils.options import Options
from batt_utils.report.findings import Finding, find_tasks
from batt_utils.report.outputs import Outputs, find_outputs, make_outputs
from batt_utils.report.page import check_jinja, make_page
from batt_utils.report.tries import read_tries
from batt_utils.store.links import Store
from batt_utils.tasks import TEST, Data, Source, find_sources, find_stages, name_paths, read_tasks


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
        data: the tasks, as `--data` names them; a folder stands for every stage.
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
    tries = read_tries(results)
    sources = find_all_sources(data)
    total_data = read_tasks(sources)
    staged = [source for source in sources if source.files is None]
    stages = find_stages(staged, total_data["demo"])
    findings = find_tasks(store, tries, total_data, stages, task_ids)
    if lacking := [finding.task_id for finding in findings if not finding.samples]:
        places = name_paths(sources)
        note(f"report: {places}: no samples of {len(lacking)} tasks, such as {lacking[0]}: name their --data")
    outputs = run(run_programs(findings, total_data, Options(out=out)))
    findings = [finding._replace(outputs=outputs.get(finding.task_id)) for finding in findings]
    chosen = {finding.task_id for finding in findings}
    tries = [one for one in tries if one.task_id in chosen]
    return Report(make_page(findings, tries, folder), len(findings))


def find_all_sources(data: str | None) -> list[Source]:
    """Find where the tasks of all stages are, or of the one that is named, the stage test last.

    `ID.json` files are those of the stage test, of which outputs need not be known.

    Raises:
        UserError, OSError: there are none, as `find_sources` says it.
    """
    sources: dict[Path, Source] = {}
    problem: OSError | UserError | None = None
    for stage in ("both" if data is None or Path(data).is_dir() else None, TEST):
        try:
            found = find_sources(data, stage)
        except (OSError, UserError) as error:
            problem = problem or error
        else:
            sources |= {source.path: source for source in found}
    if problem and not sources:
        raise problem
    return [*sources.values()]


async def run_programs(findings: Sequence[Finding], total_data: Data, options: Options) -> dict[str, Outputs]:
    """Run the stored programs of the tasks whose samples are known; give what comes of them by task."""
    outputs = {
        finding.task_id: make_outputs(finding.holding.solvers, *finding.samples.values())
        for finding in findings
        if finding.samples and finding.holding.solvers
    }
    if outputs:
        data = {part: {task_id: total_data[part][task_id] for task_id in outputs} for part in total_data}
        solved = 0
        async with open_engine(STORED, options, data, [*outputs]) as engine:
            with Progress(len(outputs)) as progress:
                async for task in find_outputs(engine, [*outputs.values()]):
                    solved += task.programs[0].right == len(task.samples)
                    progress.advance(solved)
    return outputs
