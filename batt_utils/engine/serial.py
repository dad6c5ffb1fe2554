"""Jobs in this process, where no others can be started: what stands in for `Workers` then."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path
from time import monotonic
from types import ModuleType, TracebackType
from typing import Any

from batt_utils.engine.machine import limit_memory
from batt_utils.engine.runner import WAITING, Results, Tell, ignore, read_result, run_job
from batt_utils.signals import held

if sys.platform != "win32":
    import resource

INSTALLED = ("site-packages", "dist-packages", Path(os.__file__).parent.name)


class Serial:
    """A runner of jobs in this process, one after the other, when what came of them is asked for.

    While a job runs, the process is as `prepare` and the jobs before have left it; between jobs and
    afterwards, as it was before. A job ends by itself or not at all; its memory is limited.

    >>> with Serial(1, list, ()) as serial:
    ...     list(serial.run(pow, [(2, 3), (2, 4)], timeout=1))
    [8, 16]
    """

    def __init__(
        self,
        count: int,
        prepare: Callable[..., None],
        arguments: Sequence[object],
        memory_limit: int | None = None,
    ) -> None:
        """Take what `Workers` takes; the count is 1 whatever is asked for."""
        self.count = 1
        self._setup = partial(prepare, *arguments), memory_limit
        self._context = copy_context()  # of the jobs
        self._state: list[Any] = []  # see `STATE`
        self._modules: dict[str, ModuleType | None] = {}  # that only the jobs see; None: a missing one

    def __enter__(self) -> "Serial":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: the process is as it was."""

    def run(
        self,
        function: Callable[..., Any],
        jobs: Iterable[Sequence[object]],
        timeout: float | None,
        tell: Tell = ignore,
    ) -> Results:
        """Give what comes of `function(*job)` for each job, as `Workers.run` does; none is ever late."""
        return Results(self._run_all(function, jobs, tell))

    def finish(self) -> list[Any]:
        """Give nothing: a result is given as soon as it is there."""
        return []

    def _run_all(
        self, function: Callable[..., Any], jobs: Iterable[Sequence[object]], tell: Tell
    ) -> Iterator[Any]:
        for job in jobs:
            yield WAITING
            result = read_result(self._run(function, job))
            tell(result)
            yield result

    def _run(self, function: Callable[..., Any], job: Sequence[object]) -> bytes:
        process = os.getpid()
        with held(), _keep_signals(), _print_to_stderr(), self._enter_state():
            pickled = self._context.run(run_job, function, job)
            if os.getpid() != process:
                os._exit(1)  # a copy that a program has forked
        return pickled

    @contextmanager
    def _enter_state(self) -> Iterator[None]:
        """Let the process have the state of jobs while the block runs."""
        state, modules = [get() for get, _ in STATE], dict(sys.modules)
        _replace(self._modules)
        for (_, put), value in zip(STATE, self._state):
            put(value)
        try:
            if not self._state:
                prepare, memory_limit = self._setup
                self._context.run(prepare)
                limit_memory(memory_limit)
            yield
        finally:
            self._state = [get() for get, _ in STATE]
            for (_, put), value in zip(STATE, state):
                put(value)
            self._modules = {
                name: module
                for name in modules.keys() | sys.modules.keys()
                if (module := sys.modules.get(name)) is not modules.get(name) and not _is_installed(module)
            }
            _replace({name: modules.get(name) for name in self._modules})


def _replace(modules: Mapping[str, ModuleType | None]) -> None:
    for name, module in modules.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module


def _is_installed(module: ModuleType | None) -> bool:
    """Tell whether a module is Python's or a package's: it is the same for all, and may load only once."""
    file = getattr(module, "__file__", None)
    return module is not None and (not file or not {*INSTALLED}.isdisjoint(Path(file).parts))


@contextmanager
def _keep_signals() -> Iterator[None]:
    """Put signal handlers and the timer back after the block."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    start = monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            if signal.getsignal(number) != handler:
                signal.signal(number, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (monotonic() - start), 1e-3), interval)


@contextmanager
def _print_to_stderr() -> Iterator[None]:
    """Send what a program prints past `sys.stdout` to stderr, too, while the block runs."""
    _flush()
    try:
        stdout = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # closed
        yield
        return
    try:
        yield
    finally:
        _flush()
        os.dup2(stdout, 1)
        os.close(stdout)


def _flush() -> None:
    for stream in filter(None, (sys.stdout, sys.__stdout__)):
        with suppress(OSError, ValueError):  # it is closed
            stream.flush()


def _set_streams(streams: tuple[Any, Any]) -> None:
    sys.stdout, sys.stderr = streams


def _set_environment(environment: dict[str, str]) -> None:
    if os.environ != environment:
        os.environ.clear()
        os.environ.update(environment)


def _set_path(path: list[str]) -> None:
    sys.path[:] = path


# What `prepare` and jobs may change in a process: how to get it, and how to put it.
STATE: list[tuple[Callable[[], Any], Callable[[Any], object]]] = [
    (lambda: (sys.stdout, sys.stderr), _set_streams),
    (lambda: dict(os.environ), _set_environment),
    (lambda: list(sys.path), _set_path),
    (gc.get_threshold, lambda thresholds: gc.set_threshold(*thresholds)),
    (sys.getrecursionlimit, sys.setrecursionlimit),
]
if sys.platform != "win32":
    STATE.append(
        (partial(resource.getrlimit, resource.RLIMIT_DATA), partial(resource.setrlimit, resource.RLIMIT_DATA))
    )
