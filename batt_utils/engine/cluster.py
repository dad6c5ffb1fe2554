"""Tasks on a Dask cluster: each worker there has processes of ours, one for each of its threads.

Dask cannot stop a task that runs, but our processes can be stopped: programs run in these alone.
"""

import importlib.metadata
import logging
import platform
import shutil
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from itertools import islice
from multiprocessing import current_process
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from distributed import Client, Future, KilledWorker, TimeoutError, Worker, WorkerPlugin, get_worker

from batt_utils.batt.plan import Plan, make_plan
from batt_utils.batt.program import Program
from batt_utils.batt.reader import Source
from batt_utils.batt.texts import Texts
from batt_utils.console import UserError, pass_over, warn
from batt_utils.engine.engine import Engine, RunTask
from batt_utils.engine.machine import share_memory
from batt_utils.engine.pool import Workers
from batt_utils.engine.runner import Tell, ignore, pause, run
from batt_utils.engine.worker import Ready, describe_host, prepare
from batt_utils.evaluate.failures import report_unknown
from batt_utils.job import TaskJob, TaskOutcome
from batt_utils.options import Options
from batt_utils.signals import held
from batt_utils.store.keys import read_sources
from batt_utils.store.links import Store, read_links

PACKAGE = "run-batt"
START_SECONDS = 30  # until a worker is there
WAIT_SECONDS = 0.05  # for an outcome, before others may run
COUNT_SECONDS = 2  # between two looks at how many threads there are
WINDOW = 3  # tasks for each thread that are handed out, or done and not given yet
ATTEMPTS = 5  # times that Dask gives a task up, three dead workers each
Returned = TypeVar("Returned")


class Setup(NamedTuple):
    """What makes the processes of a cluster ready for a batt.

    Attributes:
        version: that of run_batt.
        batt: read as data, or the name of its module.
        texts: those of its programs.
        modules: the texts of the checkout's modules that it needs, by their paths.
        tuned: whether a DSL among them is tuned.
        device: `auto`, `cpu` or `gpu`.
        memory_limit: MiB for each process; None: its share of what its machine has.
    """

    version: str
    batt: Plan | str
    texts: Texts
    modules: Mapping[str, bytes]
    tuned: bool
    device: str
    memory_limit: int | None


class Host(WorkerPlugin):  # type: ignore[misc]
    """What a worker of the cluster has for a batt: the modules, and a process for each of its threads."""

    def __init__(self, name: str, setup: Setup) -> None:
        """Take what is sent to each worker once."""
        self.name = name
        self._setup = setup

    def setup(self, worker: Worker) -> None:
        """Write the modules; see that processes can be had here.

        Raises:
            UserError: they cannot, or another version of run_batt is installed.
        """
        self._problem: UserError | None = None
        self._thread = threading.local()
        self._runners: list[Workers] = []
        self._folder = mkdtemp(prefix="run_batt-", dir=worker.local_directory)
        try:
            self._check(worker.address)
        except UserError as error:
            self._problem = error
            raise
        for name, text in self._setup.modules.items():
            path = Path(self._folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        self._memory_limit = self._setup.memory_limit or share_memory(worker.state.nthreads)

    def _check(self, address: str) -> None:
        installed = importlib.metadata.version(PACKAGE)
        if installed != self._setup.version:
            raise UserError(
                f"the worker {address} has run_batt {installed}, not {self._setup.version}: install that"
            )
        if current_process().daemon:
            raise UserError(
                f"the worker {address} may start no processes: start it with --no-nanny, or with "
                "DASK_DISTRIBUTED__WORKER__DAEMON=False"
            )

    def teardown(self, worker: Worker) -> None:
        """End the processes, and remove the modules."""
        for runner in self._runners:
            runner.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def describe(self) -> Ready:
        """Say what the process of this thread was made ready with."""
        (ready,) = self._get_runner().run(describe_host, [()], None)
        if not isinstance(ready, Ready):
            raise UserError(f"the workers cannot be made ready: {ready.what}: mend what the batt imports")
        dsl = Path(ready.dsl)
        own = dsl.is_relative_to(self._folder)
        return ready._replace(dsl=str(dsl.relative_to(self._folder)) if own else ready.dsl)

    def do_task(self, run_task: RunTask, job: TaskJob) -> TaskOutcome:
        """Do a task in the process of this thread."""
        engine = Engine(self._get_runner(), self._setup.texts)
        engine.takes_tasks = True
        return run(anext(engine.run_tasks(run_task, [job])))  # type: ignore[arg-type]

    def _get_runner(self) -> Workers:
        if self._problem:
            raise self._problem
        if not hasattr(self._thread, "runner"):
            setup = self._setup
            arguments = (setup.batt, self._folder, setup.tuned, setup.texts, setup.device)
            self._thread.runner = Workers(1, prepare, arguments, self._memory_limit, forks=False)
            self._runners.append(self._thread.runner)
        runner: Workers = self._thread.runner
        return runner


def find_host(name: str) -> Host:
    """Find what this worker of the cluster has for a batt."""
    host: Host = get_worker().plugins[name]
    return host


def describe_worker(name: str) -> Ready:
    """Say what a process of this worker was made ready with."""
    return find_host(name).describe()


def do_task(name: str, module: str, function: str, job: TaskJob) -> TaskOutcome:
    """Do a task on this worker of the cluster with a function of a module."""
    return find_host(name).do_task(getattr(import_module(module), function), job)


class _Sent(NamedTuple):
    job: TaskJob
    future: Future
    attempts: int


class Cluster:
    """Does tasks on a cluster; what stands in for an `Engine` there.

    Signals are held while Dask is asked for something: they would leave locks taken that its threads wait
    for, and work that is half begun.
    """

    def __init__(self, client: Client, name: str, address: str) -> None:
        """Take a client of the cluster, whose workers have the `Host` of that name."""
        self.dsl = ""
        self._client = client
        self._name = name
        self._address = address
        self._sent: deque[_Sent] = deque()
        self._progress = threading.Event()
        self._count = 0
        self._count_at = -float(COUNT_SECONDS)

    async def describe(self) -> Ready:
        """Say what a process of some worker was made ready with."""
        future = self._submit("describe", describe_worker, self._name)
        await self._wait(future)
        ready: Ready = self._take(future)
        return ready

    async def run_tasks(
        self, run_task: RunTask, jobs: Iterable[TaskJob], tell: Tell = ignore
    ) -> AsyncIterator[TaskOutcome]:
        """Give what comes of each task, in order; none is saved yet, so there is none to tell of.

        Raises:
            UserError: the workers die under a task, again and again.
            OSError: the scheduler is gone.
        """
        rest = iter(jobs)
        sent = self._sent

        def send_more() -> None:
            for job in islice(rest, max(0, WINDOW * self._count_threads() - len(sent))):
                store = Store(job.out)
                stored = store.read_solvers(job.task_id) if job.is_submitted else {}
                job = job._replace(links=read_links(store.solver_folder(job.task_id)), stored=stored)
                sent.append(_Sent(job, self._send(run_task, job, 0), 0))

        send_more()
        while sent:
            job, future, attempts = sent[0]
            await self._wait(future)
            try:
                outcome: TaskOutcome = self._take(future)
            except KilledWorker:
                if attempts == ATTEMPTS:
                    raise UserError(
                        f"task {job.task_id}: its worker died {3 * ATTEMPTS} times: see the cluster's log"
                    ) from None
                sent[0] = _Sent(job, self._send(run_task, job, attempts + 1), attempts + 1)
                continue
            yield outcome
            sent.popleft()  # till now `finish` gives it, too
            send_more()

    def finish(self) -> list[TaskOutcome]:
        """Cancel all work; give the outcomes that are there and not given yet, in order."""
        done = [sent.future for sent in self._sent if sent.future.status == "finished"]
        outcomes = [future.result() for future in done]
        self._sent.clear()
        return outcomes

    def _send(self, run_task: RunTask, job: TaskJob, attempts: int) -> Future:
        label = f"{job.task_i}-{attempts}"
        return self._submit(label, do_task, self._name, run_task.__module__, run_task.__name__, job)

    def _submit(self, label: str, function: Callable[..., object], *arguments: object) -> Future:
        with held():
            future = self._client.submit(function, *arguments, key=f"{self._name}-{label}", pure=False)
            future.add_done_callback(lambda _: self._progress.set())
        return future

    async def _wait(self, future: Future) -> None:
        """Wait for a future, a moment at a time."""
        while not future.done():
            with held():
                self._progress.wait(WAIT_SECONDS)
                self._progress.clear()
            await pause()

    def _take(self, future: Future) -> Any:
        if future.cancelled():
            raise self._explain_loss()
        with held():
            return future.result()

    def _explain_loss(self) -> OSError:
        return OSError(f"the scheduler at {self._address} is gone: start it again, and go on with --resume")

    def _count_threads(self) -> int:
        """Count the threads of all workers, now and then."""
        if monotonic() > self._count_at + COUNT_SECONDS:
            self._count_at = monotonic()
            try:
                with held():
                    self._count = sum(self._client.nthreads().values())
            except (OSError, TimeoutError):  # it is refused, or late
                raise self._explain_loss() from None
        return self._count


def make_setup(source: Source, options: Options, version: str) -> Setup:
    """Gather what makes the processes of a cluster ready for a batt.

    Raises:
        UserError: it is a function of this process.
    """
    if not isinstance(source.batt, (Program, str)):
        raise UserError(
            "the batt set in run_batt cannot be sent to a cluster: write it to a file, and name that with -b"
        )
    batt = make_plan(source.batt) if isinstance(source.batt, Program) else source.batt
    modules = read_sources(source.batt, Path(options.folder))
    texts = Texts(source.calls)
    return Setup(version, batt, texts, modules, options.tune, options.device, options.memory_limit)


@asynccontextmanager
async def open_cluster(source: Source, options: Options, version: str) -> AsyncIterator[Cluster]:
    """Open a cluster for a batt; nothing of ours stays there after the block.

    Args:
        source: the batt.
        options: where the cluster's scheduler is, and how the processes there are.
        version: that of run_batt, which the workers are to have.

    Raises:
        UserError: no scheduler or worker is there, or one cannot do this batt.
    """
    address = str(options.cluster)
    if options.workers is not None:
        pass_over("--workers")
    setup = make_setup(source, options, version)
    name = f"run_batt-{uuid4().hex}"
    for logger in list(logging.root.manager.loggerDict):
        if logger.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)  # what goes wrong is said in one line
    is_file = "://" not in address
    if is_file and not Path(address).is_file():
        raise UserError(f"{address}: no such scheduler file: give --cluster tcp://HOST:PORT, or a file")
    try:
        client = Client(**{"scheduler_file" if is_file else "address": address}, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"no scheduler at {address} ({reason}): start one, or see the address") from None
    with client:
        _check_workers(client, address, setup)
        try:
            with held():
                client.register_plugin(Host(name, setup), name=name)
            cluster = Cluster(client, name, address)
            ready = await cluster.describe()
            if isinstance(source.batt, Program) and (line := report_unknown(source.batt, ready.unknown)):
                warn(line)
            cluster.dsl = str(Path(options.folder).resolve() / ready.dsl)
            yield cluster
        finally:
            with held(), suppress(Exception):  # the scheduler is gone
                client.unregister_worker_plugin(name)


def _check_workers(client: Client, address: str, setup: Setup) -> None:
    """See that there are workers, and what they have.

    Raises:
        UserError: there is none, or one has another Python or run_batt.
    """
    try:
        client.wait_for_workers(1, timeout=START_SECONDS)
    except TimeoutError:
        raise UserError(f"no worker at {address} for {START_SECONDS} s: start one there") from None
    ours = ".".join(map(str, sys.version_info[:2]))
    for worker, version in client.run(platform.python_version).items():
        if not version.startswith(f"{ours}."):
            raise UserError(f"the worker {worker} has Python {version}, not {ours}: start it with that")
    for worker, version in client.run(importlib.metadata.version, PACKAGE, on_error="return").items():
        if version != setup.version:
            found = "no run_batt" if isinstance(version, Exception) else f"run_batt {version}"
            raise UserError(f"the worker {worker} has {found}, not {setup.version}: install that there")
