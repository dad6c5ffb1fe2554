"""Values: merged, measured, and what stands for them."""

import os
import subprocess
import sys
from functools import partial

import pytest
from evaluation import GRID, add, first, mirror
from hypothesis import example, given
from hypothesis import strategies as st

from batt_utils.evaluate.values import fingerprint, keep_size, renew


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ((3, 4), (3,)),
        ((0,), (0,)),
        ((-1, GRID), (-1,)),
        ((True, 1), None),
        ((1.0, 1), None),
        (((1,), 1), None),
        ((), None),
        ([3, 4], None),
        (3, None),
        (None, None),
    ],
    ids=repr,
)
def test_the_size_is_kept_of_a_differs_value(value, size):
    assert keep_size(value) == size


PLAIN_VALUES = st.sampled_from([0, 1, 2, 300, -1, True, False, None, "", "a", "b", "(", "frozenset", 10**30])


NESTS = st.recursive(
    PLAIN_VALUES,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)


CELLS = st.integers(0, 2) | st.booleans() | st.sampled_from([-1, 256])


GRIDS = st.lists(st.lists(CELLS, max_size=2).map(tuple), max_size=2).map(tuple)


@given(st.tuples(NESTS, NESTS) | st.tuples(GRIDS, GRIDS))
@example(((), ((),)))
@example((((1,), (2,)), ((1, 2), ())))
@example((((), ()), ((), (), ())))
@example((("frozenset", ()), frozenset()))
@example((frozenset({(1,), 1}), frozenset({(True,), True})))
@example((((1, 0),), ((True, False),)))
@example((((1,), frozenset({1})), ((True,), frozenset({True}))))
def test_fingerprints_are_equal_if_and_only_if_the_values_are(values):
    one, other = values
    assert isinstance(fingerprint(one), bytes)
    assert (fingerprint(one) == fingerprint(other)) is (one == other)


def change(value, data):
    """An equal value: 1 for True and the other way round, sets made in another order."""
    if isinstance(value, tuple):
        return tuple(change(item, data) for item in value)
    if isinstance(value, frozenset):
        return frozenset(data.draw(st.permutations([change(item, data) for item in value])))
    return data.draw(st.sampled_from([equal for equal in (value, 0, 1, True, False) if equal == value]))


@given(NESTS | GRIDS, st.data())
def test_fingerprints_of_equal_values_are_equal(value, data):
    assert fingerprint(change(value, data)) == fingerprint(value)


@pytest.mark.parametrize(
    ("value", "equal"),
    [
        pytest.param(1, 1.0, id="float"),
        pytest.param(((1, 2),), ((1.0, 2.0),), id="a grid with floats"),
        pytest.param(0.0, -0.0, id="zero"),
        pytest.param(mirror, mirror, id="a function"),
        pytest.param((len, frozenset({mirror})), (len, frozenset({mirror})), id="functions inside"),
    ],
)
def test_fingerprints_of_other_equal_values_are_equal(value, equal):
    assert value == equal
    assert fingerprint(value) == fingerprint(equal)


def make_deep(depth):
    value = ()
    for _ in range(depth):
        value = (value,)
    return value


named_one, named_other = (lambda value: value), (lambda value: (value,))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(mirror, first, id="functions"),
        pytest.param(len, max, id="built-in functions"),
        pytest.param((lambda: 1), (lambda: 1), id="functions made on the way"),
        pytest.param(named_one, named_other, id="functions without a name"),
        pytest.param((1).bit_length, (2).bit_length, id="methods"),
        pytest.param(partial(add, 1), partial(add, 1), id="partial functions"),
        pytest.param((0 for _ in ()), (0 for _ in ()), id="generators"),
        pytest.param([1], [1], id="lists"),
        pytest.param((1, {2: 3}), (1, {2: 3}), id="a dict inside"),
        pytest.param(float("nan"), float("nan"), id="not a number"),
        pytest.param(float("inf"), float("-inf"), id="infinity"),
        pytest.param(0.5, 0.25, id="floats"),
        pytest.param(10**5000, 10**5000 + 1, id="integers too long to be written"),
        pytest.param(b"1", "1", id="bytes and text"),
        pytest.param(make_deep(5000), make_deep(5001), id="very deep"),
    ],
)
def test_fingerprints_of_other_values_differ(one, other):
    assert fingerprint(one) != fingerprint(other)


def make_function(number):
    return lambda: number


MADE = make_function(7)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(GRID, id="a grid"),
        pytest.param((1, frozenset({(2, (0, 1)), (3, (1, 0))})), id="objects"),
        pytest.param((mirror, len, None), id="functions with a name"),
        pytest.param(tuple([MADE]) * 20_000, id="what is too large"),
        pytest.param([MADE], id="a list"),
    ],
)
def test_what_holds_no_function_made_on_the_way_stays_itself(value):
    assert renew(value) is value


@pytest.mark.parametrize(
    "within", [lambda made: made, lambda made: ((1, made), GRID), lambda made: frozenset({made})]
)
def test_a_function_made_on_the_way_is_a_new_one(within):
    value = within(MADE)
    renewed = renew(value)
    assert renewed != value and type(renewed) is type(value)
    while not callable(renewed):
        renewed = next(item for item in renewed if item not in (1, GRID))
    assert renewed is not MADE and renewed() == 7


def test_fingerprints_are_equal_in_every_process():
    value = (frozenset({"a", "b", "c", ("d", 1)}), GRID, mirror, None)
    code = "import evaluation; from batt_utils.evaluate.values import fingerprint; "
    code += "value = (frozenset({'a', 'b', 'c', ('d', 1)}), evaluation.GRID, evaluation.mirror, None); "
    code += "print(fingerprint(value).hex())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == fingerprint(value).hex() + "\n"
