"""A program laid out for evaluation: each distinct call once, sorted by what it depends on.

A value has a slot, a number; so a step finds what it is given, and its value's place, without names.
"""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from batt_utils.batt.program import DifferItem, Guard, Program, find_equals, find_needed
from batt_utils.rules import NO_OWNER


class Step(NamedTuple):
    """A call by slots.

    Attributes:
        slot: where its value goes.
        given: where its function and its arguments are, in this order.
        guarded: the exceptions for which it takes its function's default.
    """

    slot: int
    given: tuple[int, ...]
    guarded: Guard


class Measure(NamedTuple):
    """What gives an owner's differ values.

    Its outputs, and the steps that depend on them, have the slots from `Plan.own` on, whoever the owner is:
    so owners with the same differs have the same measure.

    Attributes:
        steps: the calls that are made anew for each target, in order.
        values: the slots of the differ values.
        names: the differs' names, one for each value.
    """

    steps: tuple[Step, ...]
    values: tuple[int, ...]
    names: tuple[str, ...]


class Owner(NamedTuple):
    """A solver, or nobody.

    Attributes:
        outputs: the slots of its outputs.
        items: its differ items.
        places: the place of each of these among those of all owners.
        measure: what gives their values.
    """

    outputs: tuple[int, ...]
    items: list[DifferItem]
    places: list[int]
    measure: Measure


class Plan(NamedTuple):
    """A program laid out for evaluation.

    Attributes:
        program: what is laid out.
        names: the slots of S, I, C, the DSL's names and the integers.
        slot_of: the slot of each call.
        timed: the calls that candidates need.
        own: the first of the slots for measures.
        size: how many slots there are.
        once: the steps that depend on S alone.
        for_candidates: the other steps that candidates need.
        owners: nobody, the candidates' solvers, and other owners of differ items, by solver id.
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
    """Lay a program out; make one step of equal calls."""
    names, steps, slot_of = _make_steps(program)
    timed = find_needed(program.calls, [candidate.t for candidate in program.candidates])
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
    for name, placed in _group_items(program, outputs).items():
        items = [item for _, item in placed]
        needed = _find_steps(steps, [slot_of[item.t] for item in items], settled)
        if name in outputs:
            once |= needed - varies
        outputs.setdefault(name, ())
        own_slots = {slot: own + place for place, slot in enumerate(outputs[name])}
        run_again = _move([steps[slot] for slot in sorted(needed - once)], measuring, own_slots, own)
        values = [own_slots.get(slot_of[item.t], slot_of[item.t]) for item in items]
        measure = Measure(tuple(run_again), tuple(values), tuple([item.name for item in items]))
        places = [place for place, _ in placed]
        owners[name] = Owner(outputs[name], items, places, same.setdefault(measure, measure))
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


def _make_steps(program: Program) -> tuple[dict[str, int], dict[int, Step], dict[int, int]]:
    """Give the slots of names, the steps by their slots, and the slot of each call."""
    first = find_equals(program.calls, program.calls, program.guarded)
    names: dict[str, int] = {"S": 0, "I": 1, "C": 2}
    for call in program.calls.values():
        for item in call.items:
            if item not in first:
                names.setdefault(item, len(names))

    steps: dict[int, Step] = {}
    slot_of: dict[int, int] = {}
    slots = dict(names)  # of variables, too
    for t, (variable, equal) in zip(program.calls, first.items()):
        if t == equal:
            slot = len(names) + len(steps)
            given = tuple([slots[item] for item in program.calls[t].items])
            steps[slot] = Step(slot, given, program.guarded.get(t, ()))
            slot_of[t] = slot
        else:
            slot_of[t] = slot_of[equal]
        slots[variable] = slot_of[t]
    return names, steps, slot_of


def _add_dependents(steps: dict[int, Step], slots: set[int]) -> set[int]:
    """Add the slots of all steps that depend on some slots to these."""
    found = set(slots)
    for slot, step in steps.items():
        if not found.isdisjoint(step.given):
            found.add(slot)
    return found


def _group_outputs(
    program: Program, slot_of: dict[int, int], settled: set[int]
) -> dict[str, tuple[int, ...]]:
    """List the slots of each solver's outputs, and nobody's; but for those that depend on C."""
    outputs: dict[str, tuple[int, ...]] = {NO_OWNER: ()}
    for candidate in program.candidates:
        slot = slot_of[candidate.t]
        outputs.setdefault(candidate.solver_id, ())
        if slot in settled and slot not in outputs[candidate.solver_id]:
            outputs[candidate.solver_id] += (slot,)
    return outputs


def _group_items(program: Program, first: Iterable[str]) -> dict[str, list[tuple[int, DifferItem]]]:
    """List the differ items of each owner with their places; some owners come first."""
    items: dict[str, list[tuple[int, DifferItem]]] = {owner: [] for owner in first}
    for place, item in enumerate(program.differs):
        items.setdefault(item.owner, []).append((place, item))
    return items


def _find_steps(steps: dict[int, Step], slots: Iterable[int], settled: set[int]) -> set[int]:
    """Find the slots of the steps that some slots need beyond those that are settled."""
    needed: set[int] = set()
    rest = list(slots)
    while rest:
        slot = rest.pop()
        if slot in steps and slot not in settled and slot not in needed:
            needed.add(slot)
            rest += steps[slot].given
    return needed


def _move(steps: Iterable[Step], moving: set[int], slots: dict[int, int], own: int) -> list[Step]:
    """Give the steps that are moving slots from `own` on, behind those that `slots` has; add them there."""
    moved = []
    for step in steps:
        if step.slot in moving:
            given = tuple([slots.get(item, item) for item in step.given])
            slots[step.slot] = own + len(slots)
            step = Step(slots[step.slot], given, step.guarded)
        moved.append(step)
    return moved
