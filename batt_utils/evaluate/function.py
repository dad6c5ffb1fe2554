"""Batts of any other shape: functions that are called."""

from collections.abc import Callable, Sequence
from functools import partial
from operator import index
from time import perf_counter
from typing import Any

from batt_utils.batt.program import Candidate, DifferItem
from batt_utils.console import describe_error
from batt_utils.evaluate.deadline import HARD_LIMIT, TimeUp, run_within
from batt_utils.evaluate.device import GpuFull, is_full
from batt_utils.evaluate.results import NOT_MEASURED, Measured, SampleJob, SampleScore, Scorable
from batt_utils.evaluate.scoring import choose_targets, score_outputs
from batt_utils.evaluate.values import keep_size, merge_grids

Batt = Callable[[str, object, object, object, str], tuple[list[Any], list[Any]]]


class FunctionEvaluator:
    """An evaluator of a batt of any shape: it is called, and a call that raises costs its sample.

    Attributes:
        unknown: no names: they are Python's affair.
    """

    unknown: Sequence[str] = ()

    def __init__(self, batt: Batt) -> None:
        """Take the function."""
        self._batt = batt

    def score(self, job: SampleJob, timeout: float, log: str) -> SampleScore:
        """Score one sample."""
        sample = job.sample
        start = perf_counter()
        results: list[tuple[list[Scorable], dict[str, Measured]]] = []
        failures: list[str] = []

        def call(target: object) -> None:
            try:
                result = self._batt(job.task_id, job.pairs, sample["input"], target, log)
                results.append(read_return(result, job.rules.least_items))
            except TimeUp:
                raise
            except BaseException as error:  # sys.exit among them
                if is_full(error):
                    raise GpuFull from None
                failures.append(describe_failure(error, self._batt))

        in_time = run_within(timeout, partial(call, None))
        found, on_none = results[0] if results else ([], {})
        values = merge_grids([value for _, value in found], sample)
        outputs = [(candidate, value) for (candidate, _), value in zip(found, values)]
        targets, target_index = choose_targets(job, outputs) if results else ([], [])
        differ_values = []
        for target, owners in targets:
            by_owner = on_none
            if target is not None:
                results.clear()
                left = start + HARD_LIMIT * timeout - perf_counter()
                in_time = left > 0 and run_within(left, partial(call, target)) and in_time
                by_owner = results[0][1] if results else {}
            wanted = by_owner if owners is None else owners
            differ_values.append({owner: by_owner.get(owner, NOT_MEASURED) for owner in wanted})
        scored = score_outputs(outputs, sample.get("output"), job.keep)
        return SampleScore(
            scored, target_index, differ_values, {}, frozenset(), not in_time, "".join(failures[:1])
        )


def read_return(result: Any, least_items: int = 1) -> tuple[list[Scorable], dict[str, Measured]]:
    """Read what a batt returns: its candidates with their values, and its differ values by owner.

    Args:
        result: what it returns.
        least_items: see `keep_size`.

    Raises:
        TypeError: it is no pair of lists of 4-tuples.
    """
    outputs: list[Scorable] = []
    by_owner: dict[str, Measured] = {}
    try:
        o, s = result
        for t, evolved, solver_id, value in o:
            candidate = Candidate(index(t), evolved, solver_id)
            hash(candidate)  # equal ones of two samples are to be found
            outputs.append((candidate, value))
        for place, (t, owner, name, value) in enumerate(s):
            items, sizes, places = by_owner.setdefault(owner, Measured([], [], []))
            items.append(DifferItem(index(t), owner, name))
            sizes.append(keep_size(value, least_items))
            places.append(place)
    except (TypeError, ValueError):
        rows = "(t, evolved, solver_id, value) and of (t, owner, name, value)"
        raise TypeError(f"batt returns something else than o, s, lists of {rows}") from None
    return outputs, by_owner


def describe_failure(error: BaseException, batt: Batt) -> str:
    """Describe an error in one line, with the line of the batt that it comes from."""
    from traceback import walk_tb

    text = describe_error(error).rstrip(": ")
    code = getattr(batt, "__code__", None)
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code is code]
    place = f" (line {lines[-1]})" if lines else ""
    return (text if len(text) <= 200 else text[:197] + "...") + place
