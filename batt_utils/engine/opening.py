"""Opens what does the work for a batt: processes here, or a cluster; what that needs is imported then."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from batt_utils.batt.program import Program
from batt_utils.batt.reader import Source
from batt_utils.console import UserError, warn
from batt_utils.evaluate.device import can_fork, find_gpus
from batt_utils.evaluate.failures import report_unknown
from batt_utils.evaluate.results import Failure
from batt_utils.options import Options
from batt_utils.tasks import Data

if TYPE_CHECKING:
    from batt_utils.engine.cluster import Cluster
    from batt_utils.engine.engine import Engine


@asynccontextmanager
async def open_engine(
    source: Source, options: Options, total_data: Data, task_ids: Sequence[str]
) -> AsyncIterator["Engine"]:
    """Open an engine for a batt; it ends with the block.

    Args:
        source: the batt.
        options: how many workers there are at most, with how much memory, and on which device.
        total_data: the samples of all tasks.
        task_ids: the tasks to do.

    Raises:
        UserError: the workers cannot be made ready, or no solver is left.
        OSError: the system refuses what processes need.
    """
    from multiprocessing import current_process

    from batt_utils.batt.plan import make_plan
    from batt_utils.batt.texts import Texts
    from batt_utils.engine.engine import Engine
    from batt_utils.engine.machine import count_cores, share_memory
    from batt_utils.engine.worker import describe_host, prepare
    from batt_utils.evaluate.namespace import find_home

    in_process = current_process().daemon
    runner_class = _choose_runner(in_process)
    subject: Any = source.batt
    tuned = options.tune
    if isinstance(subject, Program):
        subject = make_plan(subject)
    elif callable(subject):
        tuned = tuned and not in_process  # there, the function is the caller's own
        if not (in_process or can_fork()):
            subject = find_home(subject)
    texts = Texts(source.calls)
    samples = sum(len(total_data[part][task_id]) for part in total_data for task_id in task_ids)
    count = min(options.workers or count_cores(), max(len(task_ids), samples))
    memory_limit = options.memory_limit or share_memory(count)
    arguments = (subject, options.folder, tuned, texts)
    with (
        runner_class(count, prepare, (*arguments, options.device), memory_limit) as runner,
        runner_class(1, prepare, (*arguments, "cpu"), memory_limit) as cpu_runner,
    ):
        engine = Engine(runner, texts, cpu_runner)
        for host in [host async for host in runner.run(describe_host, [()] * runner.count, None)]:
            if isinstance(host, Failure):
                raise UserError(f"the workers cannot be made ready: {host.what}: mend what the batt imports")
        if host.unknown and (line := report_unknown(subject.program, host.unknown)):
            warn(line)
        engine.dsl = host.dsl
        # A called batt may fill a GPU that workers share: its samples move one by one.
        shares_gpu = not isinstance(source.batt, Program) and options.device != "cpu" and find_gpus()
        engine.takes_tasks = not in_process and not shares_gpu and len(task_ids) >= runner.count
        yield engine


def open_engine_or_cluster(
    source: Source, options: Options, total_data: Data, task_ids: Sequence[str], version: str
) -> AbstractAsyncContextManager["Engine | Cluster"]:
    """Open an engine here, or a cluster if one is named; `version` is that of run_batt."""
    if options.cluster is None:
        return open_engine(source, options, total_data, task_ids)
    from batt_utils.engine.cluster import open_cluster

    return open_cluster(source, options, version)


def _choose_runner(in_process: bool) -> Any:
    """Give the class of what runs jobs: in processes of their own, or in this one if it can have none."""
    if in_process:
        from batt_utils.engine.serial import Serial

        warn(
            "a daemon process can start no workers: the programs run in it, and nothing stops one that hangs "
            "in C, crashes or takes all memory"
        )
        return Serial
    from batt_utils.engine.pool import Workers

    return Workers
