"""Batts read as data: each call once for what it depends on, and only if asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from math import inf
from operator import itemgetter
from time import perf_counter
from typing import Any

from batt_utils.batt.plan import Plan, Step
from batt_utils.batt.program import DEFAULT, INPUTS, INTEGER, Guard
from batt_utils.evaluate.deadline import HARD_LIMIT, CallTooLong, Deadline, TimeUp
from batt_utils.evaluate.device import GpuFull, is_full
from batt_utils.evaluate.results import NOT_MEASURED, Measured, SampleJob, SampleScore, Scorable
from batt_utils.evaluate.scoring import Judged, choose_targets, score_outputs
from batt_utils.evaluate.values import LARGE, SPOILED, find_size, keep_size, merge_grids
from batt_utils.tasks import Pairs, Sample

Work = tuple[float, Callable[[], object]]  # with the size of what it needs
LAST = 1e300  # items: sorts what waits for a stopped call behind all that is large


class TableEvaluator:
    """An evaluator of a program: each of its distinct calls is made once for what it depends on.

    Attributes:
        unknown: the names that nobody defines.
    """

    def __init__(self, plan: Plan, names: Mapping[str, object]) -> None:
        """Look up the plan's names; one that is nowhere spoils the calls that need it."""
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
        self._least_items = 1  # of a differ's value that counts

    def score(self, job: SampleJob, timeout: float, log: str) -> SampleScore:
        """Score one sample."""
        plan, sample = self._plan, job.sample
        self._deadline = Deadline(timeout)
        self._values = [*self._given, *[SPOILED] * (plan.size - len(self._given))]
        self._values[:3] = [job.pairs, sample["input"], None]
        self._sizes = {slot: inf for slot, value in enumerate(self._given) if value is SPOILED}
        self._held = {*self._sizes}
        self._waiting.clear()
        self._usable = LARGE
        self._memo.clear()
        self._least_items = job.rules.least_items
        in_time = self._deadline.run(partial(self._evaluate, job.pairs), 1)
        self._remember_once()
        timing = self._list_seconds()  # now: what depends on C gets other values when differs are measured
        slots = self._held if in_time else range(plan.size)
        self._spoiled = {slot for slot in slots if self._values[slot] is SPOILED}
        outputs = self._merge_outputs(sample)

        targets, target_index = choose_targets(job, outputs)
        differ_values: list[dict[str, Measured]] = [
            dict.fromkeys(plan.owners if owners is None else owners, NOT_MEASURED) for _, owners in targets
        ]
        judged: dict[int, Judged] = {}
        large = [output for output in outputs if find_size(output[1]) > LARGE]
        works: list[Work] = [
            (
                find_size(output[1]),
                partial(score_outputs, [output], sample.get("output"), job.keep, judged),
            )
            for output in large
        ]
        works += self._list_measures([target for target, _ in targets], differ_values)
        in_time = self._deadline.run(partial(self._work_off, works), HARD_LIMIT) and in_time
        if lost := {id(value) for _, value in large} - judged.keys():
            kept = [place for place, (_, value) in enumerate(outputs) if id(value) not in lost]
            outputs = [outputs[place] for place in kept]
            target_index = [target_index[place] for place in kept]
        scored = score_outputs(outputs, sample.get("output"), job.keep, judged)
        return SampleScore(scored, target_index, differ_values, *timing, not in_time)

    def _evaluate(self, pairs: Pairs) -> None:
        """Evaluate all that does not depend on C, and candidates that do with C = None."""
        if self._once is None or self._once[0] != pairs:
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
        """List the seconds of the calls that candidates need and that were made, and those that raised."""
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
        """Run steps, and keep what each takes; what needs something large or takes long has to wait."""
        values, seconds, held, deadline = self._values, self._seconds, self._held, self._deadline
        get = values.__getitem__
        self._has_raised = False
        before = perf_counter()
        for step in steps:
            slot, given, guarded = step
            if held and not held.isdisjoint(given):
                size = max([self._sizes[large] for large in held.intersection(given)])
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
        """Call the first thing given with the others; give the default or `SPOILED` if that fails."""
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

    def _merge_outputs(self, sample: Sample) -> list[Scorable]:
        """List the candidates that have a value; equal grids become one object, here and for differs."""
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
        """List the works that find the differ values of the owners that `found` has for each C."""
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
        """Do works, by the size of what they need; at last those that were stopped."""
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
        """Find the differ values of an owner with C = `target`.

        Owners with the same differs and the same outputs have the same sizes.
        """
        values = self._values
        values[2] = target
        outputs, items, places, measure = self._plan.owners[name]
        key = (id(target), id(measure), *[id(values[slot]) for slot in outputs])
        if key in known:
            found[name] = Measured(items, known[key], places)
            return
        try:
            for slot, output in enumerate(outputs, self._plan.own):
                values[slot] = values[output]
                self._spoiled.discard(slot)
                if values[slot] is SPOILED:
                    self._spoiled.add(slot)
            self._run_again(measure.steps)
        finally:  # what is there when the time is up counts
            least = self._least_items
            given = [values[slot] for slot in measure.values]
            sizes: list[object] = [value if value is SPOILED else keep_size(value, least) for value in given]
            found[name] = Measured(items, sizes, places)
        known[key] = sizes

    def _run_again(self, steps: Sequence[Step]) -> None:
        """Run steps for another C or output; each function is called once for the same things given."""
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
