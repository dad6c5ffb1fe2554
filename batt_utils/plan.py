"""A program laid out for evaluation: each distinct call once, sorted by what it depends on."""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from batt_utils.program import VARIABLE, Call, DifferItem, Guard, Program, needs
from batt_utils.scoring import NO_OWNER


class Step(NamedTuple):
    """A call by slots: where its value goes, and where its function and arguments, in this order, are.

    `guarded` has the exceptions for which it takes its function's default.
    """

    slot: int
    given: tuple[int, ...]
    guarded: Guard


class Measure(NamedTuple):
    """What gives an owner's differ values: the steps, in order, and the slots of the values.

    Its outputs, and the steps that depend on them, have the slots from `Plan.own` on, whoever the owner is:
    so owners with the same differs have the same measure. `names` are those of the differs.
    """

    steps: tuple[Step, ...]
    values: tuple[int, ...]
    names: tuple[str, ...]


class Owner(NamedTuple):
    """A solver, or nobody: its outputs' slots, its differ items, and their measure."""

    outputs: tuple[int, ...]
    items: list[DifferItem]
    measure: Measure


class Plan(NamedTuple):
    """A program laid out for evaluation.

    `names` holds S, I, C, the DSL names and the integers, by slot; `slot_of` the slot of each call; `timed`
    the calls that candidates need; `own` is the first of the slots for measures, `size` the number of all.
    The steps: `once` for what depends on S alone, `for_candidates` for what else they need.
    """

    program: Program
    names: dict[str, int]
    slot_of: dict[int, int]
    timed: list[int]
    own: int
    size: int
    once: list[Step]
    for_candidates: list[Step]
    owners: dict[str, Owner]


def make_plan(program: Program) -> Plan:
    """Lays a program out; equal calls become one step."""
    names: dict[str, int] = {"S": 0, "I": 1, "C": 2}
    for call in program.calls.values():
        for item in _items(call):
            if not VARIABLE(item):
                names.setdefault(item, len(names))

    steps: dict[int, Step] = {}  # by slot
    slots: dict[tuple[tuple[int, ...], Guard], int] = {}
    slot_of: dict[int, int] = {}
    for t, call in program.calls.items():
        given = [slot_of[int(item[1:])] if VARIABLE(item) else names[item] for item in _items(call)]
        key = (tuple(given), program.guarded.get(t, ()))
        slot_of[t] = slots.setdefault(key, len(names) + len(steps))
        steps.setdefault(slot_of[t], Step(slot_of[t], *key))

    timed = needs(program.calls, [candidate.t for candidate in program.candidates])
    for_outputs = {slot_of[t] for t in timed}
    varies = _add_dependents(steps, {names["I"], names["C"]})
    on_target = _add_dependents(steps, {names["C"]})
    settled = for_outputs - on_target
    outputs = _group_outputs(program, slot_of, settled)
    measuring = _add_dependents(steps, set(chain(*outputs.values()))) - settled
    own = len(names) + len(steps)

    once = for_outputs - varies
    owners: dict[str, Owner] = {}
    same: dict[Measure, Measure] = {}
    for name, items in _group_items(program, outputs).items():
        needed = _find_needed(steps, [slot_of[item.t] for item in items], settled)
        once |= needed - varies
        own_slots = {slot: own + place for place, slot in enumerate(outputs[name])}
        run_again = _move([steps[slot] for slot in sorted(needed & varies)], measuring, own_slots, own)
        values = [own_slots.get(slot_of[item.t], slot_of[item.t]) for item in items]
        measure = Measure(tuple(run_again), tuple(values), tuple([item.name for item in items]))
        owners[name] = Owner(outputs[name], items, same.setdefault(measure, measure))
    room = max(
        len(owner.outputs) + sum(step.slot >= own for step in owner.measure.steps)
        for owner in owners.values()
    )
    return Plan(
        program=program,
        names=names,
        slot_of=slot_of,
        timed=timed,
        own=own,
        size=own + room,
        once=[steps[slot] for slot in sorted(once)],
        for_candidates=[steps[slot] for slot in sorted(for_outputs & varies)],
        owners=owners,
    )


def _items(call: Call) -> tuple[str, ...]:
    return (call.function, *call.arguments)


def _add_dependents(steps: dict[int, Step], slots: set[int]) -> set[int]:
    """The slots, and those of all steps that depend on them."""
    found = set(slots)
    for slot, step in steps.items():
        if not found.isdisjoint(step.given):
            found.add(slot)
    return found


def _group_outputs(
    program: Program, slot_of: dict[int, int], settled: set[int]
) -> dict[str, tuple[int, ...]]:
    """The slots of each solver's outputs, and nobody's; but for those that depend on C."""
    outputs: dict[str, tuple[int, ...]] = {NO_OWNER: ()}
    for candidate in program.candidates:
        slot = slot_of[candidate.t]
        outputs.setdefault(candidate.solver_id, ())
        if slot in settled and slot not in outputs[candidate.solver_id]:
            outputs[candidate.solver_id] += (slot,)
    return outputs


def _group_items(program: Program, owners: Iterable[str]) -> dict[str, list[DifferItem]]:
    """The differ items of each owner that counts."""
    items: dict[str, list[DifferItem]] = {owner: [] for owner in owners}
    for item in program.differs:
        if item.owner in items:
            items[item.owner].append(item)
    return items


def _find_needed(steps: dict[int, Step], slots: Iterable[int], settled: set[int]) -> set[int]:
    """The slots of the steps that some slots need beyond those that are settled."""
    needed: set[int] = set()
    rest = list(slots)
    while rest:
        slot = rest.pop()
        if slot in steps and slot not in settled and slot not in needed:
            needed.add(slot)
            rest += steps[slot].given
    return needed


def _move(steps: Iterable[Step], moving: set[int], slots: dict[int, int], own: int) -> list[Step]:
    """Gives the steps that are moving slots from `own` on, behind those that `slots` has; adds them there."""
    moved = []
    for step in steps:
        if step.slot in moving:
            given = tuple([slots.get(item, item) for item in step.given])
            slots[step.slot] = own + len(slots)
            step = Step(slots[step.slot], given, step.guarded)
        moved.append(step)
    return moved
