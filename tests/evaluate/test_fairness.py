"""Fairness inside a sample: what is large or slow comes last, and costs nobody else."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.evaluate import table
from batt_utils.evaluate.values import find_size
from batts import measure, output, write_source
from evaluation import (
    GRID,
    LONG,
    NAMES,
    OTHER,
    invented_batts,
    list_outputs,
    list_values,
    make_table_evaluator,
    score,
    spin,
    write_invented,
)

MANY = 60
TIMEOUT = 1.0


def sleep(value):
    while True:
        time.sleep(0.01)


def swallow(value):
    with suppress(BaseException):
        spin(value)
    spin(value)


def nap(value):
    time.sleep(0.005)
    return value


def wait_half(value):
    time.sleep(0.5)
    return OTHER


def write_crowd(slow, before=1):
    """A batt with a slow call, then many candidates that take a third of the time together."""
    lines = [f"t1 = {slow}(I)", output(1, "slow")]
    for t in range(2, MANY + 2):
        lines += [f"t{t} = nap({'I' if t == 2 else f't{t - 1}'})", output(t, f"solver {t}")]
    return write_source(*lines)


@pytest.mark.parametrize("slow", [sleep, spin, swallow], ids=["sleeps", "spins", "swallows what stops it"])
def test_a_call_that_never_ends_costs_its_own_candidate(slow):
    result = score(
        make_table_evaluator(write_crowd("slow"), {**NAMES, "slow": slow, "nap": nap}), timeout=TIMEOUT
    )
    assert list_outputs(result) == [(f"solver {t}", GRID) for t in range(2, MANY + 2)]
    assert result.timed_out


def test_a_call_that_is_stopped_has_what_is_left():
    names = {**NAMES, "slow": wait_half, "nap": lambda value: value}
    result = score(make_table_evaluator(write_crowd("slow"), names), timeout=TIMEOUT)
    assert dict(list_outputs(result))["slow"] == OTHER
    assert len(list_outputs(result)) == MANY + 1
    assert not result.timed_out
    assert result.seconds[1] >= 0.5


def grow(cells):
    return (tuple(range(cells)),)


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        pytest.param((3, 2, 1), [3, 2, 1], id="small ones as they come"),
        pytest.param((30_000, 2, 20_000), [2, 20_000, 30_000], id="large ones by their size"),
        pytest.param(
            (100 * 100, 2, 100 * 100 + 1), [100 * 100, 2, 100 * 100 + 1], id="the largest grid is none"
        ),
    ],
)
def test_calls_on_what_is_large_come_last(cells, order):
    looked_at = []

    def look(value):
        looked_at.append(len(value[0]))
        return value[0][:1]

    lines = []
    for place, size in enumerate(cells):
        a, b = 2 * place + 1, 2 * place + 2
        lines += [f"t{a} = grow({size})", f"t{b} = look(t{a})", output(b, f"solver {place}")]
    result = score(make_table_evaluator(write_source(*lines), {**NAMES, "grow": grow, "look": look}))
    assert looked_at == order
    assert list_outputs(result) == [(f"solver {place}", (0,)) for place in range(len(cells))]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        pytest.param(((1, 2), (3, 4), (5, 6)), 6, id="grid"),
        pytest.param((), 0, id="nothing"),
        pytest.param((1, 2, 3), 3, id="tuple"),
        pytest.param(frozenset({1, 2}), 2, id="frozenset"),
        pytest.param(10**9, 1, id="number"),
        pytest.param("text", 1, id="text"),
    ],
)
def test_a_value_has_a_size(value, size):
    assert find_size(value) == size


@pytest.mark.parametrize("slow", [sleep, spin, swallow], ids=["sleeps", "spins", "swallows what stops it"])
@pytest.mark.parametrize("part", ["demo", "test"])
def test_a_differ_that_never_ends_costs_its_owner(slow, part):
    def look(one, other):
        return slow(one) if one == OTHER else (1,)

    lines = [output(1, "slow"), *(output(t, f"solver {t}") for t in (2, 3))]
    differs = ["t4 = look(t1, C)", measure(4, "slow"), "t5 = look(t2, C)", measure(5, "solver 2")]
    differs += ["t6 = look(t3, C)", measure(6, "solver 3")]
    source = write_source("t1 = mirror(I)", "t2 = join(I, I)", "t3 = join(I)", *lines, *differs)
    result = score(make_table_evaluator(source, {**NAMES, "look": look}), part, timeout=TIMEOUT)
    found = {owner: values for by_owner in list_values(result) for owner, values in by_owner.items()}
    assert found["solver 2"] == [(5, "solver 2", "differ_x", (1,))]
    assert found["solver 3"] == [(6, "solver 3", "differ_x", (1,))]
    assert found["slow"] == []
    assert result.timed_out


@pytest.mark.parametrize("part", ["demo", "test"])
def test_a_candidate_that_has_a_value_for_another_c_is_not_timed_by_that(part):
    calls = ["t1 = mirror(C)", "t2 = join(t1)", "t3 = join(I)"]  # without guards: C = None spoils t2
    source = write_source(*calls, output(2, "a"), output(3, "b"), measure(2, "None"))
    result = score(make_table_evaluator(source), part)
    assert (result.raised, result.seconds.keys()) == ({1}, {1, 3})
    assert [candidate.solver_id for candidate in result.candidates] == ["b"]


@given(
    invented_batts(("first", "join", "mirror", "add", "fail"), st.sampled_from(["=", "?"])),
    st.sampled_from([-1, 0, 1, 2]),
)
def test_what_comes_last_is_what_it_would_be(batt, large):
    source = write_invented(*batt)
    expected = score(make_table_evaluator(source))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "LARGE", large)
        result = score(make_table_evaluator(source))
    assert list_outputs(result) == list_outputs(expected)
    assert list_values(result) == list_values(expected)
    assert result.raised == expected.raised and result.seconds.keys() == expected.seconds.keys()
    assert not result.timed_out and LONG
