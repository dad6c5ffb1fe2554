"""A Dask cluster on the loopback interface: a scheduler and workers, in an empty folder of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import run_batt

ROOT = Path(run_batt.__file__).parent
PATIENCE = 60  # seconds that nothing here takes
# What `dask scheduler` and `dask worker` run; --no-nanny has a worker that is no daemon.
SCHEDULER = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
WORKER = ("distributed.cli.dask_worker", "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1")


class Cluster:
    """A scheduler and its workers; each has a folder below `folder`."""

    def __init__(self, folder: Path) -> None:
        """Start the scheduler."""
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._numbers = count()
        self.scheduler = self._start("scheduler", *SCHEDULER, "--scheduler-file", str(self.file))
        wait_until(self.file.exists)

    def add_worker(
        self, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a worker, without a nanny if no options say otherwise; it is to be put among the others."""
        name = f"worker{next(self._numbers)}"
        command = (*WORKER, "--scheduler-file", str(self.file), *(options or ("--no-nanny",)))
        return self._start(name, *command, environment=environment)

    def _start(
        self, name: str, module: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        folder = self.folder / name
        folder.mkdir()
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", module, *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            stdout=(folder / "log").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextmanager
def open_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Open a cluster with so many workers below a new folder."""
    folder.mkdir()
    cluster = Cluster(folder)
    try:
        for _ in range(workers):
            cluster.workers.append(cluster.add_worker())
        yield cluster
    finally:
        cluster.close()


def wait_until(is_so: object) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it takes too long.
    """
    assert callable(is_so)
    latest = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > latest:
            raise TimeoutError
        time.sleep(0.05)
