import pytest

from batt_utils.batt.plan import Step, make_plan
from batt_utils.batt.reader import read_program
from batts import measure, output, write_source


def plan_of(*lines):
    return make_plan(read_program(write_source(*lines)))


def list_calls(plan, steps):
    """The number of each step's first call, and whether it is guarded."""
    first = {}
    for t, slot in plan.slot_of.items():
        first.setdefault(slot, t)
    return [first[step.slot] for step in steps]


# Two solvers measured by the same differ, one that depends on nothing, and one measured by another.
LINES = (
    *("t1 = size(S)", "t2 = palette(I)", "t3 = palette(C)", "t4 = minus(t2, t3)", measure(4, "None")),
    *("t5 = mirror(I)", output(5, "a")),
    *("t6 = palette(t5)", "t7 = minus(t6, t3)", measure(7, "a")),
    *("t8 = turn(I)", output(8, "b")),
    *("t9 = palette(t8)", "t10 = minus(t9, t3)", measure(10, "b")),
    *("t11 = canvas(t1)", output(11, "c"), "t12 = palette(t11)", measure(12, "c")),
    *("t13 = mirror(I)", output(13, "d"), "t14 = size(t13)", measure(14, "d")),
)


def test_steps_are_sorted_by_what_they_depend_on():
    plan = plan_of(*LINES)
    assert list_calls(plan, plan.once) == [1, 11, 12]
    assert list_calls(plan, plan.for_candidates) == [5, 8]
    assert plan.timed == [1, 5, 8, 11, 13]


def test_equal_calls_are_one_step():
    plan = plan_of(*LINES, "t20 = turn(I)")
    assert plan.slot_of[13] == plan.slot_of[5]
    assert plan.slot_of[20] == plan.slot_of[8]
    guarded = (
        "try:\n        t21 = turn(I)\n"
        "    except (TypeError, AttributeError, ValueError):\n        t21 = _get_safe_default(turn)"
    )
    assert len(set(plan_of("t20 = turn(I)", guarded).slot_of.values())) == 2


def test_owners_with_the_same_differs_share_a_measure():
    owners = plan_of(*LINES).owners
    assert owners["a"].measure is owners["b"].measure
    assert len({id(owner.measure) for owner in owners.values()}) == 4
    assert [owners[name].outputs for name in ("None", "a", "d")] == [
        (),
        owners["d"].outputs,
        owners["a"].outputs,
    ]


def test_a_measure_has_slots_of_its_own_for_what_depends_on_an_output():
    plan = plan_of(*LINES)
    palette, minus, target = (plan.names[name] for name in ("palette", "minus", "C"))
    of_target, own = plan.slot_of[3], plan.own
    assert plan.owners["a"].measure.steps == (
        Step(of_target, (palette, target), ()),
        Step(own + 1, (palette, own), ()),
        Step(own + 2, (minus, own + 1, of_target), ()),
    )
    assert plan.owners["a"].measure.values == (own + 2,)
    assert plan.size == own + 3


@pytest.mark.parametrize(
    ("lines", "outputs", "steps"),
    [
        pytest.param(
            ("t1 = palette(C)", output(1, "a"), "t2 = size(t1)", measure(2, "a")),
            [],
            [1, 2],
            id="an output that depends on C is made anew",
        ),
        pytest.param(
            ("t1 = mirror(I)", output(1, "a"), "t2 = size(C)", measure(2, "a"), measure(1, "a", "differ_y")),
            [1],
            [2],
            id="an output is a differ value",
        ),
        pytest.param(
            ("t1 = mirror(I)", output(1, "a"), output(1, "a"), "t2 = size(S)", measure(2, "a")),
            [1],
            [],
            id="an output that comes twice, and a differ that depends on S alone",
        ),
        pytest.param(("t1 = mirror(I)", output(1, "a"), measure(1, "b")), [1], [], id="nothing is measured"),
    ],
)
def test_what_is_measured(lines, outputs, steps):
    plan = plan_of(*lines)
    owner = plan.owners["a"]
    assert owner.outputs == tuple(plan.slot_of[t] for t in outputs)
    assert list_calls(plan, owner.measure.steps) == steps
    assert plan.owners.keys() == {"None", "a"} | {item.owner for item in plan.program.differs}
