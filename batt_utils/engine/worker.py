"""What a worker process does: it is made ready for a batt, then scores samples and times solvers."""

import gc
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

from batt_utils.batt.plan import Plan
from batt_utils.batt.texts import Texts
from batt_utils.console import describe_error
from batt_utils.evaluate.answers import find_answers
from batt_utils.evaluate.device import GpuFull, gpu_memory_cleanup, use_device
from batt_utils.evaluate.function import Batt, FunctionEvaluator
from batt_utils.evaluate.namespace import forget_modules, import_batt, load_names, tune
from batt_utils.evaluate.results import Answer, SampleJob, SampleResult, Speed
from batt_utils.evaluate.scoring import count_differs
from batt_utils.evaluate.speed import time_solver
from batt_utils.evaluate.table import TableEvaluator
from batt_utils.tasks import Grid, Pairs


class Host(NamedTuple):
    """What a worker process works with.

    Attributes:
        evaluator: scores the batt on samples.
        names: those that solvers use.
        texts: those of the batt's programs.
    """

    evaluator: TableEvaluator | FunctionEvaluator
    names: dict[str, object]
    texts: Texts


_prepared: ContextVar[Host | BaseException] = ContextVar("_prepared")


def prepare(
    batt: Plan | str | Batt,
    folder: str = ".",
    tuned: bool = True,
    texts: Texts | None = None,
    device: str = "auto",
) -> None:
    """Make this process, in the current context, ready for `score_sample` and `time_solvers`.

    Args:
        batt: a batt read as data; the name of a module with a batt of another shape; or the function itself.
        folder: where a DSL is looked for first, and then the modules that the batt imports.
        tuned: whether a DSL that is not ours is tuned.
        texts: those of the batt's programs.
        device: `auto`, `cpu` or `gpu`.
    """
    # What a program prints is not ours; and a notebook's streams do not work in another process.
    sys.stdout = sys.stderr
    with suppress(OSError):  # stderr is closed
        sys.stdout = sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[:0] = dict.fromkeys([str(Path(folder).resolve()), str(Path.cwd())])
    try:
        use_device(device)
        if not callable(batt):
            forget_modules(folder)
        if isinstance(batt, Plan):
            names = load_names(batt.program.imports, batt.names, folder, tuned)
            evaluator: TableEvaluator | FunctionEvaluator = TableEvaluator(batt, names)
        else:
            with tune(tuned, folder, str(batt)) as namespaces:
                if isinstance(batt, str):
                    batt = import_batt(batt)
                names = getattr(batt, "__globals__", {})
                namespaces.append(names)
            evaluator = FunctionEvaluator(batt)
        _prepared.set(Host(evaluator, dict(names), texts or Texts({})))
    except BaseException as error:  # told by the first job: a pool drops what its initializer raises
        _prepared.set(error)
    # Values are trees, free of cycles: looking for these after every 700 new ones took a quarter of the time.
    gc.set_threshold(500_000)


class Ready(NamedTuple):
    """What a worker says of itself once it is ready.

    Attributes:
        dsl: the file of the batt's DSL.
        unknown: the names in the batt's table that nobody defines.
    """

    dsl: str
    unknown: Sequence[str]


def describe_host() -> Ready:
    """Say what this process was made ready with.

    Raises:
        Whatever kept `prepare` from making this process ready.
    """
    host = get_host()
    modules = Counter(
        value.__module__ for name, value in host.names.items() if isinstance(value, FunctionType)
    )
    module = modules.most_common(1)[0][0] if modules else ""
    return Ready(str(getattr(sys.modules.get(module), "__file__", "none")), host.evaluator.unknown)


def get_host() -> Host:
    """Give what `prepare` made this process ready with.

    Raises:
        Whatever kept it from that.
    """
    host = _prepared.get()
    if isinstance(host, BaseException):
        raise host
    return host


def score_sample(job: SampleJob, timeout: float, log: str) -> SampleResult | None:
    """Run the batt on one sample.

    Returns:
        What counts of its score; None if the GPU's memory does not do for it, which is free again then.
    """
    evaluator = get_host().evaluator
    with suppress(GpuFull):
        try:
            return count_differs(evaluator.score(job, timeout, log), job.rules)
        except (ValueError, OSError) as error:  # of a method of a value's: a batt may have types of its own
            return SampleResult(failure=describe_error(error))
    gpu_memory_cleanup()
    return None


def time_solvers(pairs: Pairs, inputs: Sequence[Grid], sources: Sequence[str], timeout: float) -> list[Speed]:
    """Time solvers, one after the other, on inputs; `pairs` are their S."""
    names = get_host().names
    return [time_solver(source, names, pairs, inputs, timeout) for source in sources]


def solve(
    sources: Sequence[str], pairs: Pairs, inputs: Sequence[Grid], timeout: float, seconds: float
) -> list[list[Answer]]:
    """Run stored solvers on inputs (see `find_answers`)."""
    return find_answers(sources, get_host().names, pairs, inputs, timeout, seconds)
