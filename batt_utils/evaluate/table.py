"""The values of a batt on samples: each call once for what it depends on, and only if asked for.

A batt that was read as data is walked as a table of calls; one of any other shape is a function that
is called. Either way a sample gives its candidates, scored, and the differ values that count for them.
"""

import builtins
import gc
import importlib
import marshal
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from functools import partial
from hashlib import md5
from heapq import heappop, heappush
from itertools import chain
from math import inf
from operator import index, itemgetter
from pathlib import Path
from time import perf_counter
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, cast

from batt_utils.batt.plan import Plan, Step
from batt_utils.batt.prelude import Import
from batt_utils.batt.program import INPUTS, INTEGER, Candidate, DifferItem, Guard
from batt_utils.batt.texts import Texts
from batt_utils.console import ADVICE, UserError
from batt_utils.evaluate.device import gpu_memory_cleanup, is_full, use_device
from batt_utils.evaluate.tune import DEFAULT, Home, tuned_imports
from batt_utils.rules import NO_OWNER, Count, DifferValue, count

Grid = tuple[tuple[int, ...], ...]
Sample = dict[str, Grid]  # input, output
Samples = dict[str, dict[str, list[Sample]]]  # {'demo': {task_id: [sample]}, 'test': ...}
Pairs = tuple[tuple[Grid, Grid], ...]
Batt = Callable[[str, object, object, object, str], tuple[list[Any], list[Any]]]
Scorable = tuple[Candidate, Any]  # with its value
Judged = tuple[object, bool]  # a value or its fingerprint, and whether it is the expected grid
Work = tuple[float, Callable[[], object]]  # with the size of what it needs
MAX_PAIRS = 4  # that are kept, of the tasks of before
HARD_LIMIT = 1.7  # times the timeout: when a sample's differ values end too
LARGE = 100 * 100  # items: no ARC grid has as many cells
LAST = 1e300  # items: sorts what waits for a stopped call behind all that is large
TICK = 0.005  # times the timeout: how often the time of a call is looked at
SPARE = 0.1  # times the timeout: for what stopped calls take, which begin again later
SHARE = 0.5  # of what is left of that: for a call, before it is stopped
PATIENCE = 0.25  # of the time that is left: for a call that was stopped, before it is once more
EMBEDDED = """
from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *
from batt_utils.arc.dsl import _get_safe_default
"""


class Scored(NamedTuple):
    """One candidate on one sample: `value` is its value, or the fingerprint of it."""

    t: int
    evolved: bool
    solver_id: str
    value: object
    match: bool


class Measured(NamedTuple):
    """The differ items of an owner, and the size of each one's value (see `keep_size`), or `SPOILED`."""

    items: list[DifferItem]
    sizes: list[object]

    @property
    def values(self) -> list[DifferValue]:
        """The differ values that there are."""
        return [(*item, size) for item, size in zip(self.items, self.sizes) if size is not SPOILED]


class SampleScore(NamedTuple):
    """What a batt gave on one sample.

    For each candidate, in order, `measured` has the place in `differ_values` of what was measured
    with its C: the differ values by owner. For a batt that was read as data, `seconds` is what each call that
    candidates need took (one that was not made has none), and `raised` has those that raised: there a solver
    that is stored ends. `failure` is the error that a called batt raised.
    """

    candidates: list[Scored]
    measured: list[int]
    differ_values: list[dict[str, Measured]]
    seconds: dict[int, float]
    raised: frozenset[int]
    timed_out: bool
    failure: str = ""


class SampleCount(NamedTuple):
    """What counts of a `SampleScore`: `counts_of` has the place in `counts` of each candidate's.

    It goes from process to process: plain tuples do so in a third of the time.
    """

    candidates: list[tuple[int, bool, str, object, bool]]
    counts_of: list[int]
    counts: list[list[Count]]
    seconds: dict[int, float]
    raised: frozenset[int]
    timed_out: bool
    failure: str = ""


class TimeUp(BaseException):
    """The time of a piece of work has passed; no program's `except Exception` stops it."""


class CallTooLong(TimeUp):
    """A call has had its share of a sample's time."""


class GpuFull(BaseException):
    """The GPU's memory does not do for a sample; no failure of the program's own."""


def _raise_time_up(signum: int, frame: object) -> None:
    raise TimeUp


def run_within(seconds: float, work: Callable[[], object]) -> bool:
    """Runs `work` for at most so many seconds; whether it ended by itself.

    Needs the main thread and interval timers; where there are none, only the caller's deadline holds.
    """
    if not hasattr(signal, "setitimer"):
        work()
        return True
    signal.signal(signal.SIGALRM, _raise_time_up)
    try:
        try:
            # Again every 50 ms, for a program that swallows the first.
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.05)
            work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except TimeUp:
        signal.setitimer(signal.ITIMER_REAL, 0)  # the signal may have come just before the line above
        return False
    return True


class Deadline:
    """The end of a sample's time, and of the small share of it that one call may take.

    A call that may be stopped sets `ticks` to 0 before and to -inf after: then `CallTooLong` is raised in it.
    A program may swallow that; `stopped` tells. What calls take that are stopped for the first time is added
    to the sample's time.
    """

    def __init__(self, timeout: float) -> None:
        """Start the time."""
        self._start = perf_counter()
        self._timeout = timeout
        self._tick = max(TICK * timeout, 1e-3)
        self._end = self._spare = self._wasted = 0.0
        self._limit = inf  # seconds for a call
        self.ticks = -inf
        self.stopped = False

    def run(self, work: Callable[[], object], limit: float) -> bool:
        """Run work till `limit` times the timeout have passed since the start; tell whether it ended."""
        self._end = self._start + limit * self._timeout + self._wasted
        self._spare = SPARE * self._timeout - self._wasted
        self._limit = SHARE * self._spare
        self.ticks, self.stopped = -inf, False
        left = self._end - perf_counter()
        return left > 0 and run_within(left, partial(self._run, work))

    def _run(self, work: Callable[[], object]) -> None:
        if hasattr(signal, "setitimer"):  # `run_within` has set it for the end, and stops it
            signal.signal(signal.SIGALRM, self._look)
            signal.setitimer(signal.ITIMER_REAL, self._tick, self._tick)
        work()

    def _look(self, signum: int, frame: object) -> None:
        # Ticks are counted, not seconds: a process that has to wait for a core has none meanwhile.
        self.ticks += 1
        if perf_counter() >= self._end:
            self.stopped = True
            raise TimeUp
        if self.ticks * self._tick >= self._limit:
            self.ticks = 0  # if it is swallowed, it is raised again
            self.stopped = True
            raise CallTooLong

    def go_on(self, took: float) -> None:
        """Go on after a call that was stopped.

        Raises:
            TimeUp: the sample's time has passed, and a program has swallowed that.
        """
        if perf_counter() >= self._end:
            raise TimeUp
        self.stopped = False
        if self._spare:
            wasted = min(took, self._spare)
            self._wasted += wasted
            self._spare -= wasted
            self._end += wasted
            self._limit = SHARE * self._spare
        else:
            self.be_patient()

    def be_patient(self) -> None:
        """Let a call take a good part of the time that is left."""
        self._spare = 0.0
        self._limit = PATIENCE * (self._end - perf_counter())

    def stop_none(self) -> None:
        """Let each call take all the time that is left."""
        self._spare = 0.0
        self._limit = inf


class _Spoiled:
    """Stands for the value of a call that failed, or that never ran."""


SPOILED = _Spoiled()
NOT_MEASURED = Measured([], [])


class Job(NamedTuple):
    """One sample of a task: `part` is `demo` or `test`."""

    task_id: str
    part: str
    number: int
    keep_values: bool = False  # give the candidates' values, not their fingerprints


class TableEvaluator:
    """Evaluates a program, each of its distinct calls once for what it depends on."""

    def __init__(self, plan: Plan, names: Mapping[str, object]) -> None:
        """Looks the plan's names up; one that is nowhere spoils the calls that need it."""
        self._plan = plan
        self._default: Any = names.get(DEFAULT)
        known = {**names, **dict.fromkeys(INPUTS)}  # these are set for each sample
        self._given = [int(name) if INTEGER(name) else known.get(name, SPOILED) for name in plan.names]
        self.unknown = [name for name, value in zip(plan.names, self._given) if value is SPOILED]
        self._values: list[Any] = []
        self._spoiled: set[int] = set()
        self._held: set[int] = set()  # the slots of what is large, waits, or is spoiled
        self._sizes: dict[int, float] = {}  # of these: infinity for what is spoiled
        self._waiting: list[tuple[float, Step]] = []  # a heap, by the size of what a step needs
        self._usable: float = LARGE  # the size of what steps may need now
        self._seconds: dict[int, float] = {}  # by slot
        self._raised: set[int] = set()  # slots
        self._has_raised = False  # whether the call that was made last has
        self._once: tuple[object, dict[int, Any]] | None = None
        self._memo: dict[tuple[object, ...], list[Any]] = {}
        self._deadline = Deadline(0)

    def score(self, job: Job, pairs: Pairs, sample: Sample, timeout: float, log: str) -> SampleScore:
        """Scores one sample; `pairs` is S, the task's demo pairs."""
        plan = self._plan
        self._deadline = Deadline(timeout)
        self._values = [*self._given, *[SPOILED] * (plan.size - len(self._given))]
        self._values[:3] = [pairs, sample["input"], None]
        self._sizes = {slot: inf for slot, value in enumerate(self._given) if value is SPOILED}
        self._held = {*self._sizes}
        self._waiting.clear()
        self._usable = LARGE
        self._memo.clear()
        in_time = self._deadline.run(partial(self._evaluate, pairs), 1)
        self._remember_once()
        slots = self._held if in_time else range(plan.size)
        self._spoiled = {slot for slot in slots if self._values[slot] is SPOILED}
        outputs = self._take_outputs(sample)

        groups, measured = group_by_target([value for _, value in outputs], job, sample["output"])
        differ_values: list[dict[str, Measured]] = []
        for _, members in groups:
            owners = [NO_OWNER, *(outputs[member][0].solver_id for member in members)]
            differ_values.append(dict.fromkeys(owners, NOT_MEASURED))
        judged: dict[int, Judged] = {}
        large = [output for output in outputs if find_size(output[1]) > LARGE]
        works: list[Work] = [
            (
                find_size(output[1]),
                partial(score_outputs, [output], sample["output"], job.keep_values, judged),
            )
            for output in large
        ]
        works += self._list_measures([target for target, _ in groups], differ_values)
        in_time = self._deadline.run(partial(self._work_off, works), HARD_LIMIT) and in_time
        if lost := {id(value) for _, value in large} - judged.keys():
            kept = [place for place, (_, value) in enumerate(outputs) if id(value) not in lost]
            outputs, measured = [outputs[place] for place in kept], [measured[place] for place in kept]
        scored = score_outputs(outputs, sample["output"], job.keep_values, judged)
        return SampleScore(scored, measured, differ_values, *self._list_seconds(), not in_time)

    def _evaluate(self, pairs: Pairs) -> None:
        """Evaluates all that does not depend on C, and candidates that do with C = None."""
        if self._once is None or self._once[0] is not pairs:
            self._once = pairs, {}
        known = self._once[1]
        # What depends on S alone is charged to every sample.
        self._seconds = {slot: taken for slot, taken in self._seconds.items() if slot in known}
        self._raised &= known.keys()
        for slot, value in known.items():
            self._values[slot] = value
            if (size := find_size(value)) > LARGE:
                self._hold(slot, size)
        if len(known) < len(self._plan.once):
            self._run([step for step in self._plan.once if step.slot not in known])
        self._run(self._plan.for_candidates)
        while self._waiting:
            self._usable, step = heappop(self._waiting)
            if self._usable > LAST:
                self._deadline.stop_none()
            elif self._usable == LAST:
                self._deadline.be_patient()
            self._run([step])

    def _list_seconds(self) -> tuple[dict[int, float], frozenset[int]]:
        """The seconds of the calls that candidates need and that were made, and those that raised."""
        seconds: dict[int, float] = {}
        raised = []
        for t in self._plan.timed:
            slot = self._plan.slot_of[t]
            if slot in self._raised:
                raised.append(t)
            elif self._values[slot] is SPOILED:
                continue
            seconds[t] = self._seconds[slot]
        return seconds, frozenset(raised)

    def _remember_once(self) -> None:
        """Keep what was found of what depends on S alone, for the other samples."""
        known = self._once[1] if self._once else {}
        if len(known) < len(self._plan.once):
            for slot, *_ in self._plan.once:
                if self._values[slot] is not SPOILED or self._sizes.get(slot) == inf:
                    known[slot] = self._values[slot]

    def _run(self, steps: Iterable[Step]) -> None:
        """Runs steps, and keeps what each takes; what needs something large or takes long has to wait."""
        values, seconds, held, deadline = self._values, self._seconds, self._held, self._deadline
        get = values.__getitem__
        self._has_raised = False
        before = perf_counter()
        for step in steps:
            slot, given, guarded = step
            if held and not held.isdisjoint(given):
                size = max([self._sizes[place] for place in held.intersection(given)])
                if size > self._usable:
                    self._put_off(step, size)
                    continue
            try:
                deadline.ticks = 0
                value = self._call([*map(get, given)], guarded)
                deadline.ticks = -inf
            except CallTooLong:
                deadline.ticks = -inf
            now = perf_counter()
            seconds[slot] = seconds.get(slot, 0.0) + now - before
            if deadline.stopped:
                deadline.go_on(now - before)
                self._put_off(step, LAST if self._usable < LAST else 2 * LAST)
                self._has_raised = False
            else:
                if self._has_raised:
                    self._raised.add(slot)
                    self._has_raised = False
                values[slot] = value
                kind = type(value)
                if kind is tuple or kind is frozenset or value is SPOILED:  # others are small
                    size = find_size(value)
                    if size > LARGE:
                        self._hold(slot, size)
            before = now

    def _put_off(self, step: Step, size: float) -> None:
        """Let a step wait for all that need less; without end if it needs what is spoiled."""
        self._hold(step.slot, size)
        if size < inf:
            heappush(self._waiting, (size, step))

    def _hold(self, slot: int, size: float) -> None:
        self._held.add(slot)
        self._sizes[slot] = size

    def _call(self, given: Sequence[Any], guarded: Guard) -> object:
        """Calls the first thing given with the others; gives the default or `SPOILED` if that fails."""
        function, *arguments = given
        try:
            return function(*arguments)
        except TimeUp:
            raise
        except BaseException as error:  # sys.exit among them
            if is_full(error):
                self._values, self._once = [], None  # they hold what can be freed
                self._memo.clear()
                raise GpuFull from None
            self._has_raised = True
            return self._find_default(function) if isinstance(error, guarded) else SPOILED

    def _find_default(self, function: object) -> object:
        try:
            return self._default(function)
        except TimeUp:
            raise
        except BaseException:
            return SPOILED

    def _take_outputs(self, sample: Sample) -> list[Scorable]:
        """The candidates that have a value."""
        slot_of, values = self._plan.slot_of, self._values
        candidates = [
            candidate
            for candidate in self._plan.program.candidates
            if values[slot_of[candidate.t]] is not SPOILED
        ]
        outputs = merge_grids([values[slot_of[candidate.t]] for candidate in candidates], sample)
        for candidate, value in zip(candidates, outputs):
            values[slot_of[candidate.t]] = value  # what is measured on equal grids is then measured once
        return list(zip(candidates, outputs))

    def _list_measures(self, targets: Sequence[object], found: Sequence[dict[str, Measured]]) -> list[Work]:
        """What finds the differ values of the owners that `found` has for each C."""
        owners = self._plan.owners
        sizes = {slot: size for slot, size in self._sizes.items() if size < inf}
        known: dict[tuple[int, ...], list[object]] = {}
        works: list[Work] = []
        for target, by_owner in zip(targets, found):
            least = max(LARGE, find_size(target))
            for name in by_owner:
                size = (
                    max([least, *[sizes.get(slot, 0) for slot in owners[name].outputs]]) if sizes else least
                )
                works.append((size, partial(self._measure, target, name, by_owner, known)))
        return works

    def _work_off(self, works: list[Work]) -> None:
        """Does works, by the size of what they need; at last those that were stopped."""
        rest = [work for _, work in sorted(works, key=itemgetter(0))]
        for begin_again in (self._deadline.be_patient, self._deadline.stop_none, None):
            stopped = []
            for work in rest:
                before = perf_counter()
                try:
                    self._deadline.ticks = 0
                    work()
                    self._deadline.ticks = -inf
                except CallTooLong:
                    self._deadline.ticks = -inf
                    self._deadline.go_on(perf_counter() - before)
                    stopped.append(work)
            rest = stopped
            if rest and begin_again:
                begin_again()

    def _measure(
        self,
        target: object,
        name: str,
        found: dict[str, Measured],
        known: dict[tuple[int, ...], list[object]],
    ) -> None:
        """Finds the differ values of an owner with C = `target`.

        Owners with the same differs and the same outputs have the same sizes.
        """
        values = self._values
        values[2] = target
        outputs, items, measure = self._plan.owners[name]
        key = (id(target), id(measure), *[id(values[slot]) for slot in outputs])
        if key in known:
            found[name] = Measured(items, known[key])
            return
        try:
            for slot, output in enumerate(outputs, self._plan.own):
                values[slot] = values[output]
                self._spoiled.discard(slot)
                if values[slot] is SPOILED:
                    self._spoiled.add(slot)
            self._run_again(measure.steps)
        finally:  # what is there when the time is up counts
            sizes = [
                SPOILED if values[slot] is SPOILED else keep_size(values[slot]) for slot in measure.values
            ]
            found[name] = Measured(items, sizes)
        known[key] = sizes

    def _run_again(self, steps: Sequence[Step]) -> None:
        """Runs steps for another C or output; each function is called once for the same things given."""
        values, spoiled, memo, deadline = self._values, self._spoiled, self._memo, self._deadline
        get = values.__getitem__
        for step in steps:
            values[step.slot] = SPOILED
        for slot, given, guarded in steps:
            if spoiled:
                spoiled.discard(slot)
                if not spoiled.isdisjoint(given):
                    spoiled.add(slot)
                    continue
            things = [*map(get, given)]
            key = (guarded, *map(id, things))
            if key not in memo:
                things.append(self._call(things, guarded))
                if deadline.stopped:
                    raise CallTooLong
                memo[key] = things  # kept alive, their ids stay theirs
            values[slot] = value = memo[key][-1]
            if value is SPOILED:
                spoiled.add(slot)


class FunctionEvaluator:
    """Evaluates a batt of any shape: it is called. A call that raises costs its sample."""

    unknown: Sequence[str] = ()  # its names are Python's affair

    def __init__(self, batt: Batt) -> None:
        self._batt = batt

    def score(self, job: Job, pairs: Pairs, sample: Sample, timeout: float, log: str) -> SampleScore:
        """Scores one sample; `pairs` is S, the task's demo pairs."""
        start = perf_counter()
        results: list[tuple[list[Scorable], dict[str, Measured]]] = []
        failures: list[str] = []

        def call(target: object) -> None:
            try:
                results.append(read_result(self._batt(job.task_id, pairs, sample["input"], target, log)))
            except TimeUp:
                raise
            except BaseException as error:  # sys.exit among them
                if is_full(error):
                    raise GpuFull from None
                failures.append(describe_failure(error, self._batt))

        in_time = run_within(timeout, partial(call, None))
        found = results[0][0] if results else []
        values = merge_grids([value for _, value in found], sample)
        groups, measured = group_by_target(values, job, sample["output"])
        outputs = [(candidate, value) for (candidate, _), value in zip(found, values)]
        differ_values = []
        for target, members in groups:
            results.clear()
            left = start + HARD_LIMIT * timeout - perf_counter()
            in_time = left > 0 and run_within(left, partial(call, target)) and in_time
            by_owner = results[0][1] if results else {}
            owners = [NO_OWNER, *(outputs[member][0].solver_id for member in members)]
            differ_values.append({owner: by_owner.get(owner, NOT_MEASURED) for owner in owners})
        scored = score_outputs(outputs, sample["output"], job.keep_values)
        return SampleScore(
            scored, measured, differ_values, {}, frozenset(), not in_time, "".join(failures[:1])
        )


def read_result(result: Any) -> tuple[list[Scorable], dict[str, Measured]]:
    """Read what a batt returns: its candidates with their values, and its differ values by owner.

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
        for t, owner, name, value in s:
            items, sizes = by_owner.setdefault(owner, Measured([], []))
            items.append(DifferItem(index(t), owner, name))
            sizes.append(keep_size(value))
    except (TypeError, ValueError):
        rows = "(t, evolved, solver_id, value) and of (t, owner, name, value)"
        raise TypeError(f"batt returns something else than o, s, lists of {rows}") from None
    return outputs, by_owner


def describe_failure(error: BaseException, batt: Batt) -> str:
    """Describe an error in one line, with the line of the batt that it comes from."""
    from traceback import walk_tb

    text = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
    code = getattr(batt, "__code__", None)
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code is code]
    place = f" (line {lines[-1]})" if lines else ""
    return (text if len(text) <= 200 else text[:197] + "...") + place


def spare(work: Callable[..., object], *arguments: object) -> None:
    """Does work of which any failure is its own affair; the end of its time or of a GPU's memory goes on."""
    try:
        work(*arguments)
    except (TimeUp, GpuFull):
        raise
    except BaseException:  # sys.exit among them
        pass


def merge_grids(values: Iterable[object], sample: Sample) -> list[object]:
    """The values; of equal grids that are not large, those of the sample among them, one stands for all."""
    # What is equal need not be the same to a program: True and 1, or sets built in another order.
    grids: dict[bytes, object] = {}
    merged = [
        grids.setdefault(marshal.dumps(cast(Grid, value), 2), value)
        if find_size(value) <= LARGE and is_grid(value)
        else value
        for value in (*sample.values(), *values)
    ]
    return merged[len(sample) :]


def group_by_target(
    values: Sequence[object], job: Job, expected: Grid
) -> tuple[list[tuple[object, list[int]]], list[int]]:
    """Groups candidates by the object that their differ values compare with (C).

    It is the expected output on a demo sample, the candidate's own value on a test sample.

    Returns:
        The groups (C, places of the candidates), and for each candidate the place of its group.
    """
    groups: list[tuple[object, list[int]]] = []
    places: dict[int, int] = {}
    measured = []
    for member, value in enumerate(values):
        target = expected if job.part == "demo" else value
        place = places.setdefault(id(target), len(groups))
        if place == len(groups):
            groups.append((target, []))
        groups[place][1].append(member)
        measured.append(place)
    return groups, measured


def score_outputs(
    outputs: Iterable[Scorable], expected: Grid, keep_values: bool, judged: dict[int, Judged] | None = None
) -> list[Scored]:
    """Compares candidates with the expected grid; those with the same value are compared once.

    `judged` has what is known of values by their ids, and gets what is found.
    """
    judged = {} if judged is None else judged
    scored = []
    for candidate, value in outputs:
        if id(value) not in judged:
            judged[id(value)] = judge(value, expected, keep_values)
        scored.append(Scored(*candidate, *judged[id(value)]))
    return scored


def judge(value: object, expected: Grid, keep_value: bool) -> Judged:
    """What is told of a value, itself or its fingerprint, and whether it is the expected grid."""
    try:
        match = bool(value == expected)
    except Exception:
        match = False
    mark = fingerprint(value)
    return (value if keep_value and isinstance(mark, bytes) else mark), match


def count_sample(score: SampleScore) -> SampleCount:
    """Counts the differ values of each candidate, those of several with the same sizes once."""
    places: dict[tuple[int, ...], int] = {}
    counts: list[list[Count]] = []
    counts_of = []
    for scored, place in zip(score.candidates, score.measured):
        owners = dict.fromkeys((NO_OWNER, scored.solver_id))
        measured = [score.differ_values[place][owner] for owner in owners]
        key = tuple([id(one.sizes) for one in measured])
        if key not in places:
            places[key] = len(counts)
            counts.append(count(chain(*[one.values for one in measured])))
        counts_of.append(places[key])
    candidates = [(*scored,) for scored in score.candidates]
    return SampleCount(candidates, counts_of, counts, *score[3:])


def is_grid(value: object) -> bool:
    """Whether a value is a tuple of tuples of ints."""
    return (
        type(value) is tuple
        and {*map(type, value)} <= {tuple}
        and {*map(type, chain.from_iterable(value))} <= {int}
    )


def find_size(value: object) -> float:
    """The cells of a grid, or the items of another value; infinity for what is spoiled."""
    if type(value) is tuple:
        return len(value) * len(value[0]) if value and type(value[0]) is tuple else len(value)
    if type(value) is frozenset:
        return len(value)
    return inf if value is SPOILED else 1


def keep_size(value: object) -> tuple[int] | None:
    """What counts of a differ's value: `(size,)` if its first item is an int and no bool."""
    if isinstance(value, tuple) and value and type(value[0]) is int:
        return (value[0],)
    return None


def fingerprint(value: object) -> object:
    """A small stand-in for a value: equal for equal values, in every worker.

    It is for nests of tuples, frozensets and plain values, and for functions that have a name of their own;
    anything else, such as a function made on the way, equals only itself.
    """
    with suppress(TypeError, ValueError):
        return _digest_grid(value)
    with suppress(TypeError, ValueError, OverflowError, RecursionError):
        plain = _canonical(value)
        with suppress(TypeError, ValueError):
            return _digest_grid(plain)
        return md5(repr(plain).encode()).digest()
    return object()


def _digest_grid(value: Any) -> bytes:
    if type(value) is not tuple or {*map(type, value)} != {tuple}:
        raise TypeError("no grid")
    rows = [bytes(row) for row in value]
    return md5(b"%r" % [len(row) for row in rows] + b"".join(rows)).digest()


def _canonical(value: object) -> object:
    if isinstance(value, (int, float)):
        return int(value) if value == int(value) else value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return tuple(map(_canonical, value))
    if isinstance(value, frozenset):
        return "frozenset", sorted(repr(_canonical(item)) for item in value)
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if getattr(sys.modules.get(str(module)), name, None) is not value:
        raise TypeError(f"{type(value).__name__} has no canonical form")
    return "name", module, name


class Speed(NamedTuple):
    """What a solver took for all samples of its task, in seconds, and whether one passed its time."""

    seconds: float
    timed_out: bool


class Host(NamedTuple):
    """What a worker process works with."""

    evaluator: TableEvaluator | FunctionEvaluator
    names: dict[str, object]
    samples: Samples
    texts: Texts  # of the batt's programs
    pairs: dict[tuple[str, ...], Pairs]  # see `_pairs`


_prepared: ContextVar[Host | BaseException] = ContextVar("_prepared")


def prepare(
    batt: Plan | str | Batt,
    samples: Samples,
    folder: str = ".",
    tuned: bool = True,
    texts: Texts | None = None,
    device: str = "auto",
) -> None:
    """Makes this process, in the current context, ready for `score_sample` and `check_speed`.

    Args:
        batt: a batt read as data; the name of a module with a batt of another shape; or the function itself.
        samples: the samples of all tasks.
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
            _forget_modules(folder)
        if isinstance(batt, Plan):
            names = load_names(batt.program.imports, batt.names, folder, tuned)
            evaluator: TableEvaluator | FunctionEvaluator = TableEvaluator(batt, names)
        else:
            with _tune(tuned, folder, str(batt)) as homes:
                if isinstance(batt, str):
                    batt = import_batt(batt)
                names = getattr(batt, "__globals__", {})
                homes.append(names)
            evaluator = FunctionEvaluator(batt)
        _prepared.set(Host(evaluator, dict(names), samples, texts or Texts({}), {}))
    except BaseException as error:  # told by the first job: a pool drops what its initializer raises
        _prepared.set(error)
    # Values are trees, free of cycles: looking for these after every 700 new ones took a quarter of the time.
    gc.set_threshold(500_000)


def _forget_modules(folder: str) -> None:
    """Has the modules of the folder imported anew: in a notebook, others or older ones may be loaded."""
    importlib.invalidate_caches()
    for path in (*Path(folder).glob("*.py"), *Path().glob("*.py")):
        if path.stem not in sys.stdlib_module_names and path.stem != "__main__":
            sys.modules.pop(path.stem, None)


class Ready(NamedTuple):
    """What a worker runs with: the file of the batt's DSL, and the names in its table that nobody defines."""

    dsl: str
    unknown: Sequence[str]


def check_ready() -> Ready:
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
    """Gives what `prepare` made this process ready with.

    Raises:
        Whatever kept it from that.
    """
    host = _prepared.get()
    if isinstance(host, BaseException):
        raise host
    return host


def load_names(
    imports: Iterable[Import], wanted: Iterable[str], folder: str = ".", tuned: bool = True
) -> dict[str, object]:
    """The names for a batt's calls: of the DSL in a folder, and of the batt's imports what that lacks.

    The DSL in the folder is tuned if so wished. Where there is none, and the batt's imports cannot be
    found, the DSL that comes with us serves.
    """
    asked = {name for name in wanted if name not in INPUTS and not INTEGER(name)} | {DEFAULT}
    has_dsl = Path(folder, "dsl.py").exists()
    dsl: dict[str, object] = {}
    with _tune(has_dsl and tuned, folder) as homes:
        if has_dsl:
            for module in ("dsl", "constants"):
                dsl |= vars(_import(module, "mend it, or run where there is none"))
        found, failures = _take_imports(imports, asked - dsl.keys())
        names = {**vars(builtins), **found, **dsl}
        homes.append(names)
    if failures and not asked <= names.keys():
        broken = [error for error in failures if has_dsl or not isinstance(error, ImportError)]
        if broken:
            raise _explain_import("the batt's imports", broken[0], "mend what they import")
        exec(EMBEDDED, names)
    return names


def _tune(tuned: bool, folder: str, *stay: str) -> AbstractContextManager[list[Home]]:
    """Tunes what a block imports from a folder and the current one, if so wished, but for some modules."""
    if not tuned:
        return nullcontext([])
    return tuned_imports([str(Path(folder).resolve()), str(Path.cwd())], stay)


def _take_imports(
    imports: Iterable[Import], wanted: Set[str]
) -> tuple[dict[str, object], list[BaseException]]:
    """Makes the imports of single names that are wanted, then of all names of a module while one is missing.

    Returns:
        The names, and what was raised.
    """
    names: dict[str, object] = {}
    failures: list[BaseException] = []
    for name, statement in sorted(imports, key=lambda one: one.name == "*"):
        if name in wanted - names.keys() or (
            name == "*" and not wanted <= names.keys() | vars(builtins).keys()
        ):
            found: dict[str, object] = {"__package__": ""}
            try:
                exec(statement, found)
            except BaseException as error:  # sys.exit among them
                failures.append(error)
            names = found | names  # the one that counts came first
    return names, failures


def _explain_import(what: str, error: BaseException, advice: str) -> UserError:
    """What to raise for an import that failed; `advice` unless the system lacks something."""
    if isinstance(error, OSError):
        advice = ADVICE.get(error.errno or 0, advice)
    return UserError(f"{what}: {_tell(error)}: {advice}")


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def import_batt(module: str) -> Batt:
    """Imports a batt module and takes its function.

    Raises:
        UserError: the module cannot be imported, or has no function `batt`.
    """
    sys.modules.pop(module, None)
    batt = getattr(_import(module, "write the batt anew"), "batt", None)
    if not callable(batt):
        raise UserError(f"{module}.py: it has no function batt: write the batt anew")
    return batt  # type: ignore[no-any-return]


def find_home(batt: Batt) -> str:
    """The module that a batt function can be imported from.

    Raises:
        UserError: there is none.
    """
    home = str(getattr(batt, "__module__", None))
    if home == "__main__" or getattr(sys.modules.get(home), "batt", None) is not batt:
        raise UserError(
            "the batt set in run_batt is in no module, and this process cannot be forked, for it uses CUDA: "
            "write the batt to a file, or import CuPy, PyTorch or JAX in the batt alone"
        )
    return home


def _import(module: str, advice: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except BaseException as error:  # sys.exit among them
        raise _explain_import(f"{module}.py", error, advice) from None


def score_sample(job: Job, timeout: float, log: str) -> SampleCount | None:
    """Runs the batt on one sample, in a process that `prepare` made ready.

    Returns:
        What counts of its score; None if the GPU's memory does not do for it, which is free again then.
    """
    host = get_host()
    sample = host.samples[job.part][job.task_id][job.number]
    with suppress(GpuFull):
        return count_sample(host.evaluator.score(job, _pairs(job.task_id, "demo"), sample, timeout, log))
    gpu_memory_cleanup()
    return None


def check_speed(task_id: str, sources: Sequence[str], timeout: float) -> list[Speed]:
    """Runs solvers, one after the other, on every sample of a task.

    A solver that fails on a sample has taken what it took till then.
    """
    pairs = _pairs(task_id, "demo", "test")
    return [_time_solver(source, pairs, pairs, timeout) for source in sources]


def check_sample_speed(task_id: str, number: int, source: str, timeout: float) -> Speed:
    """Runs a solver on one sample of a task; its test samples are counted after its demo samples."""
    pairs = _pairs(task_id, "demo", "test")
    return _time_solver(source, pairs, pairs[number : number + 1], timeout)


def _time_solver(source: str, pairs: Pairs, samples: Pairs, timeout: float) -> Speed:
    names: dict[str, Any] = dict(get_host().names)
    exec(source, names)
    solve = names["solve"]
    start = perf_counter()
    in_time = [run_within(timeout, partial(spare, solve, pairs, grid, None)) for grid, _ in samples]
    taken = perf_counter() - start
    names.clear()  # with its function it is a cycle, and the collector seldom comes
    return Speed(taken, not all(in_time))


def _pairs(task_id: str, *parts: str) -> Pairs:
    """S: the pairs (input, output) of a task's samples; the same object each time."""
    host = get_host()
    key = (task_id, *parts)
    if key not in host.pairs:
        if len(host.pairs) > MAX_PAIRS:
            host.pairs.clear()
        samples = (sample for part in parts for sample in host.samples[part][task_id])
        host.pairs[key] = tuple((sample["input"], sample["output"]) for sample in samples)
    return host.pairs[key]
