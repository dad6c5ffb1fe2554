"""The CPU seconds of a batt's calls alone, each made once for what it depends on (for many.py).

    python tests/benchmarks/calls.py PATH FILE

reads calls and tasks from FILE (see `Work`), pickled, and makes the calls of the DSL of the revision of
run_batt at PATH, one after the other in this process, as runs of any revision have to: they can only take
longer. What evaluates in a run has no part in it.
"""

import builtins
import gc
import pickle
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

Sample = dict[str, Any]  # input, output
Things = dict[str, Any]  # by the names that calls have for them
NO_OWNER = "None"
DSL = """
from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *
from batt_utils.arc.dsl import _get_safe_default
"""


class Step(NamedTuple):
    """A call: what its value is called, its function and arguments, and the errors that give a default."""

    name: str
    items: tuple[str, ...]
    guarded: tuple[type[Exception], ...]


class Work(NamedTuple):
    """What there is to compute: on every sample of the tasks, candidates and what differs say of them."""

    steps: Sequence[Step]
    candidates: Sequence[tuple[str, str]]  # value, solver
    differs: Sequence[tuple[str, str]]  # value, owner
    tasks: Sequence[tuple[Sequence[Sample], Sequence[Sample]]]  # demo, test


class Failed:
    """Stands for the value of a call that failed, or that needs one."""


FAILED = Failed()


class Table:
    """The calls; `seconds` is what those that were made took."""

    def __init__(self, work: Work, dsl: Things) -> None:
        self.seconds = 0.0
        self._work = work
        self._items = dsl | {
            item: int(item) for step in work.steps for item in step.items if item.lstrip("-").isdigit()
        }
        self._memo: dict[tuple[object, ...], list[Any]] = {}
        self._outputs = {value for value, _ in work.candidates}
        self._steps_for: dict[frozenset[str], list[Step]] = {}  # owners

    def run_task(self, demo: Sequence[Sample], test: Sequence[Sample]) -> None:
        """Makes all calls for a task."""
        pairs = tuple((sample["input"], sample["output"]) for sample in demo)
        self._memo.clear()
        for sample in demo:
            self._run_sample(pairs, sample, is_demo=True)
        for sample in test:
            self._run_sample(pairs, sample, is_demo=False)

    def _run_sample(self, pairs: object, sample: Sample, is_demo: bool) -> None:
        """Makes the calls for candidates, then those for the differs of all that compare with a target.

        It is the expected output of a demo sample, and on a test sample each candidate's own.
        """
        things = self._items | {"S": pairs, "I": sample["input"], "C": None}
        grids = {repr(grid): grid for grid in sample.values()}
        self._make(self._for_candidates, things, grids)
        targets: dict[int, Any] = {}
        owners: defaultdict[int, set[str]] = defaultdict(lambda: {NO_OWNER})
        for value, solver in self._work.candidates:
            if things[value] is not FAILED:
                target = sample["output"] if is_demo else things[value]
                targets[id(target)] = target
                owners[id(target)].add(solver)
        for place, target in targets.items():
            things["C"] = target
            self._make(self._find_differ_steps(frozenset(owners[place])), things, grids)

    def _make(self, steps: Iterable[Step], things: Things, grids: dict[str, Any]) -> None:
        """Makes calls; a function is called once for the same things, and equal outputs are the same."""
        for name, items, guarded in steps:
            given = [things[item] for item in items]
            key = (guarded, *map(id, given))
            if key not in self._memo:
                value = FAILED if any(thing is FAILED for thing in given) else self._call(given, guarded)
                if name in self._outputs and isinstance(value, tuple):
                    value = grids.setdefault(repr(value), value)
                self._memo[key] = [*given, value]  # kept alive, their ids stay theirs
            things[name] = self._memo[key][-1]

    def _call(self, given: Sequence[Any], guarded: tuple[type[Exception], ...]) -> Any:
        function, *arguments = given
        start = time.perf_counter()
        try:
            return function(*arguments)
        except guarded:
            return self._items["_get_safe_default"](function)
        except Exception:
            return FAILED
        finally:
            self.seconds += time.perf_counter() - start

    @cached_property
    def _for_candidates(self) -> list[Step]:
        return self._find_steps(self._outputs)

    def _find_differ_steps(self, owners: frozenset[str]) -> list[Step]:
        if owners not in self._steps_for:
            values = {value for value, owner in self._work.differs if owner in owners}
            self._steps_for[owners] = self._find_steps(values)
        return self._steps_for[owners]

    def _find_steps(self, values: Iterable[str]) -> list[Step]:
        """The calls that values need, in order."""
        needed = {*values}
        found = []
        for step in reversed(self._work.steps):
            if step.name in needed:
                needed.update(step.items)
                found.append(step)
        return found[::-1]


def main(root: str, file: str) -> None:
    """Makes the calls and prints their seconds."""
    steps, *rest = pickle.loads(Path(file).read_bytes())
    work = Work([Step(*step) for step in steps], *rest)
    sys.path[0] = root
    dsl: Things = {**vars(builtins)}
    exec(DSL, dsl)
    table = Table(work, dsl)
    gc.disable()
    cpu, wall = time.process_time(), time.perf_counter()
    for demo, test in work.tasks:
        table.run_task(demo, test)
    share = (time.process_time() - cpu) / (time.perf_counter() - wall)  # others may use the processor, too
    print(share * table.seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
