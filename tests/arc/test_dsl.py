import json
from inspect import signature
from itertools import combinations
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.arc import arc_types, dsl
from batt_utils.arc.constants import (
    DOWN,
    DOWN_LEFT,
    LEFT,
    NEG_ONE,
    NEG_UNITY,
    ORIGIN,
    RIGHT,
    THREE_BY_THREE,
    TWO_BY_TWO,
    TWO_BY_ZERO,
    UNITY,
    UP,
    UP_RIGHT,
    ZERO_BY_TWO,
    F,
    T,
)
from batt_utils.arc.dsl import *  # noqa: F403
from batt_utils.arc.dsl import _get_safe_default
from golden import GOLDEN

# ruff: noqa: F405

VOCABULARY = json.loads((GOLDEN / "dsl_vocabulary.json").read_text())
CALLS = json.loads((GOLDEN / "dsl_calls.json").read_text())
TYPES = sorted(
    {kind for entry in VOCABULARY.values() for kind in [*dict(entry["parameters"]).values(), entry["result"]]}
)
HIGHER_ORDER = {"chain", "compose", "fork", "lbind", "matcher", "mpapply", "power", "rapply", "rbind"}
GUARDED = (TypeError, AttributeError, ValueError)

GRID = ((0, 1, 1), (0, 0, 2), (3, 0, 2))
BAR = frozenset({(5, (1, 1)), (5, (1, 2))})


def decode(value):
    """A recorded value.

    `first` and the like depend on the order in which a set's items were put in. It is not recorded (the
    items are sorted), but with the last one put in first every record holds.
    """
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "fn":
        return getattr(dsl, content)
    items = [decode(item) for item in content]
    return tuple(items) if kind == "t" else frozenset(items[::-1])


def make_grids(most=6):
    sides = st.integers(1, most)
    return st.tuples(sides, sides).flatmap(
        lambda sides: st.tuples(*[st.tuples(*[st.integers(0, 3)] * sides[1])] * sides[0])
    )


GRIDS = make_grids()
PLACES = st.tuples(st.integers(-3, 9), st.integers(-3, 9))
INDICES = st.frozensets(PLACES, min_size=1, max_size=8)
OBJECTS = st.dictionaries(PLACES, st.integers(0, 9), min_size=1, max_size=8).map(
    lambda cells: frozenset((value, place) for place, value in cells.items())
)
PATCHES = INDICES | OBJECTS
PIECES = GRIDS | PATCHES


# Recorded


def test_the_vocabulary_is_all_there_is():
    names = {}
    exec("from batt_utils.arc.dsl import *", names)
    assert names.keys() - {"__builtins__"} == VOCABULARY.keys()


@pytest.mark.parametrize("name", VOCABULARY)
def test_parameters_and_result_have_the_recorded_names_and_types(name):
    function = getattr(dsl, name)
    types = dict(function.__annotations__)
    assert types.pop("return") == VOCABULARY[name]["result"]
    assert [[*item] for item in types.items()] == VOCABULARY[name]["parameters"]
    unrecorded = ["function"] if name == "prapply" else []  # it has no type: recorded are those with one
    assert [*signature(function).parameters] == [*unrecorded, *types]


@pytest.mark.parametrize("name", TYPES)
def test_recorded_types_are_there(name):
    assert name in arc_types.__all__
    assert hasattr(arc_types, name)


def test_every_function_but_those_of_functions_is_recorded():
    assert {name for name in VOCABULARY if not CALLS[name]} == HIGHER_ORDER
    assert sum(map(len, CALLS.values())) == 3303


@pytest.mark.parametrize("name", sorted(CALLS.keys() - HIGHER_ORDER))
def test_recorded_calls(name):
    function = getattr(dsl, name)
    for call in CALLS[name]:
        expected = decode(call["result"])
        result = function(*map(decode, call["args"]))
        assert (result, type(result)) == (expected, type(expected)), call["args"]


# Functions of functions


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        pytest.param(compose(increment, double), (5,), 11, id="compose"),
        pytest.param(chain(increment, double, halve), (7,), 7, id="chain"),
        pytest.param(fork(astuple, increment, double), (5,), (6, 10), id="fork"),
        pytest.param(matcher(size, 2), (BAR,), True, id="matcher"),
        pytest.param(matcher(size, 3), (BAR,), False, id="matcher, no match"),
        pytest.param(power(double, 1), (3,), 6, id="power 1"),
        pytest.param(power(double, 3), (3,), 24, id="power 3"),
        pytest.param(lbind(subtract, 10), (3,), 7, id="lbind of 2"),
        pytest.param(rbind(subtract, 10), (3,), -7, id="rbind of 2"),
        pytest.param(lbind(interval, 1), (7, 2), (1, 3, 5), id="lbind of 3"),
        pytest.param(rbind(interval, 2), (1, 7), (1, 3, 5), id="rbind of 3"),
        pytest.param(lbind(objects, GRID), (T, F, T), objects(GRID, T, F, T), id="lbind of 4"),
        pytest.param(rbind(objects, T), (GRID, T, F), objects(GRID, T, F, T), id="rbind of 4"),
        pytest.param(lbind(lbind(interval, 1), 7), (2,), (1, 3, 5), id="lbind of lbind"),
        pytest.param(rbind(rbind(interval, 2), 7), (1,), (1, 3, 5), id="rbind of rbind"),
        pytest.param(rbind(lbind(interval, 1), 2), (7,), (1, 3, 5), id="rbind of lbind"),
        pytest.param(lbind(rbind(interval, 2), 1), (7,), (1, 3, 5), id="lbind of rbind"),
        pytest.param(lbind(lbind(rbind(objects, T), GRID), T), (F,), objects(GRID, T, F, T), id="three of 4"),
        pytest.param(rbind(pow, 2), (5,), 25, id="rbind of a builtin"),
        pytest.param(lbind(pow, 2), (5,), 32, id="lbind of a builtin"),
        pytest.param(lbind(compose(increment, double), 5), (), 11, id="lbind of a closure"),
        pytest.param(lbind(apply, size), (((1, 2), (3,)),), (2, 1), id="lbind of apply"),
        pytest.param(rbind(argmax, size), (((1,), (2, 3)),), (2, 3), id="rbind of argmax"),
        pytest.param(rapply, ((increment, double), 5), (6, 10), id="rapply to a tuple"),
        pytest.param(rapply, (frozenset({increment, double}), 1), frozenset({2}), id="rapply to a set"),
        pytest.param(mpapply, (pair, ((1,), (2, 3)), ((4,), (5, 6))), ((1, 4), (2, 5), (3, 6)), id="mpapply"),
        pytest.param(mpapply, (repeat, (1, 2), (2, 1)), (1, 1, 2), id="mpapply of unequal lengths"),
        pytest.param(sfilter, ((1, 2, 3, 4), even), (2, 4), id="sfilter of a tuple"),
        pytest.param(sfilter, (frozenset({1, 2, 4}), even), frozenset({2, 4}), id="sfilter of a set"),
        pytest.param(valmax, ((), increment), 1, id="valmax of none: of 0"),
        pytest.param(valmin, (frozenset(), toivec), ORIGIN, id="valmin of none: of 0"),
        pytest.param(power(greater, 1), (3, 2), True, id="power 1 of a function of two"),
        pytest.param(order, ((3, 1, 2), invert), (3, 2, 1), id="order"),
        pytest.param(extract, ((1, 3, 4, 6), even), 4, id="extract"),
        pytest.param(argmax, ((3, 5, 7), even), 3, id="argmax of equals: the first"),
    ],
)
def test_functions_of_functions(function, arguments, expected):
    assert function(*arguments) == expected


# Where records have none


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        pytest.param(crement, ((3, -2),), (4, -3), id="crement of a pair"),
        pytest.param(crement, ((0, 1),), (0, 2), id="crement of zero in a pair"),
        pytest.param(index, (GRID, (0, 1)), 1, id="index"),
        pytest.param(index, (GRID, (0, 3)), None, id="index outside"),
        pytest.param(toindices, (frozenset(),), frozenset(), id="toindices of nothing"),
        pytest.param(normalize, (frozenset(),), frozenset(), id="normalize of nothing"),
        pytest.param(upscale, (frozenset(), 2), frozenset(), id="upscale of nothing"),
        pytest.param(backdrop, (frozenset(),), frozenset(), id="backdrop of nothing"),
        pytest.param(delta, (frozenset(),), frozenset(), id="delta of nothing"),
        pytest.param(box, (frozenset(),), frozenset(), id="box of nothing"),
        pytest.param(shape, (frozenset(),), (0, 0), id="shape of nothing"),
        pytest.param(shape, ((),), (0, 0), id="shape of the empty grid"),
        pytest.param(ulcorner, (frozenset(),), (), id="ulcorner of nothing"),
        pytest.param(lrcorner, (frozenset(),), (), id="lrcorner of nothing"),
        pytest.param(urcorner, ((),), (), id="urcorner of ()"),
        pytest.param(corners, (frozenset(),), frozenset({()}), id="corners of nothing"),
        pytest.param(centerofmass, (frozenset(),), (), id="centerofmass of nothing"),
        pytest.param(shift, (frozenset(), ()), frozenset(), id="shift of nothing by nothing"),
        pytest.param(move, (GRID, frozenset(), ()), GRID, id="move of nothing by nothing"),
        pytest.param(hperiod, (frozenset(),), 0, id="hperiod of nothing"),
        pytest.param(occurrences, (((1,),), frozenset()), asindices(canvas(0, (2, 2))), id="nothing occurs"),
        pytest.param(box, ((),), (), id="box of ()"),
        pytest.param(adjacent, (BAR, ((4, (0, 1)), (4, (7, 7)))), True, id="adjacent to a tuple of cells"),
        pytest.param(adjacent, (((0, 1), (7, 7)), BAR), True, id="a tuple of places is adjacent"),
        pytest.param(
            subgrid, (((1, 1), (2, 1)), GRID), ((0, 2), (0, 2)), id="subgrid with a grid for a patch"
        ),
        pytest.param(center, (((0, 0), (6, 6)),), UNITY, id="center of a tuple: of its length and width"),
        pytest.param(
            bordering, (frozenset({ORIGIN}), None), True, id="bordering before the grid is looked at"
        ),
        pytest.param(canvas, (0, (0,)), (), id="canvas without a row, nor columns"),
        pytest.param(hupscale, ((), None), (), id="hupscale of () by whatever"),
        pytest.param(vline, (frozenset(),), False, id="vline of nothing"),
        pytest.param(hline, (frozenset(),), False, id="hline of nothing"),
        pytest.param(square, (BAR,), False, id="square of a bar"),
        pytest.param(square, (frozenset({(0, 0), (1, 1)}),), False, id="square with holes"),
        pytest.param(difference, ((1, 2, 1, 3), (1,)), (2, 3), id="difference of tuples"),
        pytest.param(remove, (1, (1, 2, 1)), (2,), id="remove from a tuple"),
        pytest.param(shoot, (ORIGIN, ORIGIN), frozenset({ORIGIN}), id="shoot nowhere"),
        pytest.param(gravitate, (frozenset({(0, 0)}), frozenset({(9, 0)})), (8, 0), id="gravitate down"),
        pytest.param(
            gravitate, (frozenset({(0, 0)}), frozenset({(0, 42)})), (0, 41), id="gravitate as far as it goes"
        ),
        pytest.param(position, (frozenset({ORIGIN}), frozenset({ORIGIN})), LEFT, id="position of the same"),
        pytest.param(
            objects,
            (GRID, T, F, T),
            frozenset(
                {
                    frozenset({(1, (0, 1)), (1, (0, 2))}),
                    frozenset({(2, (1, 2)), (2, (2, 2))}),
                    frozenset({(3, (2, 0))}),
                }
            ),
            id="objects of one colour",
        ),
        pytest.param(
            objects,
            (GRID, F, F, T),
            frozenset(
                {
                    frozenset({(1, (0, 1)), (1, (0, 2)), (2, (1, 2)), (2, (2, 2))}),
                    frozenset({(3, (2, 0))}),
                }
            ),
            id="objects of several colours",
        ),
    ],
)
def test_examples(function, arguments, expected):
    result = function(*arguments)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        pytest.param(last, ((),), id="last of ()"),
        pytest.param(argmax, ((), size), id="argmax of nothing"),
        pytest.param(argmin, ((), size), id="argmin of nothing"),
        pytest.param(mostcolor, ((),), id="mostcolor of the empty grid"),
        pytest.param(mostcommon, (frozenset({1}),), id="mostcommon of a set"),
        pytest.param(leftmost, (frozenset(),), id="leftmost of nothing"),
        pytest.param(add, (frozenset(), 1), id="add to a set"),
        pytest.param(increment, (None,), id="increment of None"),
        pytest.param(interval, (1, 5, 0), id="interval without step"),
        pytest.param(rbind(subtract, 1), (2, 3), id="rbind with an argument too many"),
        pytest.param(merge, ((1, 2),), id="merge of numbers"),
        pytest.param(objects, ((), T, F, T), id="objects of the empty grid"),
        pytest.param(bordering, (frozenset(), GRID), id="bordering of nothing"),
        pytest.param(shape, (None,), id="shape of None"),
        pytest.param(height, (0,), id="height of a number"),
        pytest.param(width, (None,), id="width of None"),
        pytest.param(toindices, (None,), id="toindices of None"),
        pytest.param(normalize, (None,), id="normalize of None"),
        pytest.param(backdrop, (None,), id="backdrop of None"),
        pytest.param(box, (None,), id="box of None"),
        pytest.param(upscale, (None, 2), id="upscale of None"),
        pytest.param(fill, (None, 1, BAR), id="fill of None"),
        pytest.param(objects, (None, T, F, F), id="objects of None"),
    ],
)
def test_what_does_not_fit_raises_what_a_batt_guards_against(function, arguments):
    with pytest.raises(GUARDED):
        function(*arguments)


@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        pytest.param(first, (frozenset(),), StopIteration, id="first of nothing"),
        pytest.param(first, ((),), StopIteration, id="first of ()"),
        pytest.param(other, (frozenset({1}), 1), StopIteration, id="no other"),
        pytest.param(extract, ((1, 3), even), StopIteration, id="extract without a match"),
        pytest.param(color, (frozenset(),), StopIteration, id="color of nothing"),
        pytest.param(colorfilter, (frozenset({frozenset()}), 1), RuntimeError, id="colorfilter of nothing"),
        pytest.param(apply, (first, ((1,), ())), RuntimeError, id="apply first to nothing"),
        pytest.param(sfilter, (((),), first), RuntimeError, id="sfilter by the first of nothing"),
        pytest.param(hmirror, (frozenset(),), IndexError, id="hmirror of nothing"),
        pytest.param(toindices, (((1,), (2,)),), IndexError, id="toindices of a grid"),
        pytest.param(add, ((), 1), IndexError, id="add to ()"),
        pytest.param(invert, ((),), IndexError, id="invert of ()"),
        pytest.param(cellwise, (GRID, ((1,),), 0), IndexError, id="cellwise with a smaller grid"),
        pytest.param(vmirror, (frozenset(),), IndexError, id="vmirror of nothing"),
        pytest.param(subgrid, (frozenset(), GRID), IndexError, id="subgrid of nothing"),
        pytest.param(square, ((),), IndexError, id="square of ()"),
        pytest.param(index, ((), ORIGIN), IndexError, id="index of ()"),
        pytest.param(fill, ((), 0, frozenset()), IndexError, id="fill of ()"),
        pytest.param(underfill, ((), 0, 3), IndexError, id="underfill of (): before the patch is looked at"),
        pytest.param(objects, ((), T, F, F), IndexError, id="objects of (), with background"),
        pytest.param(objects, (((0, 0), (0,)), T, F, F), IndexError, id="objects of rows of several lengths"),
        pytest.param(divide, (1, 0), ZeroDivisionError, id="divide by 0"),
        pytest.param(divide, (1, (1, 0)), ZeroDivisionError, id="divide by a pair with 0"),
        pytest.param(downscale, (GRID, 0), ZeroDivisionError, id="downscale by 0"),
        pytest.param(hsplit, (GRID, 0), ZeroDivisionError, id="hsplit into 0"),
        pytest.param(vsplit, (GRID, 0), ZeroDivisionError, id="vsplit into 0"),
        pytest.param(vsplit, ((), 0), ZeroDivisionError, id="vsplit of () into 0"),
        pytest.param(power, (double, 0), RecursionError, id="power 0"),
        pytest.param(urcorner, (GRID,), KeyError, id="urcorner of a grid"),
        pytest.param(corners, (GRID,), KeyError, id="corners of a grid"),
    ],
)
def test_what_does_not_fit_raises_what_a_batt_does_not_guard_against(function, arguments, error):
    with pytest.raises(error) as caught:
        function(*arguments)
    assert caught.type is error


# Properties


@pytest.mark.parametrize("mirror", [hmirror, vmirror, dmirror, cmirror])
@given(piece=PIECES)
def test_mirrored_twice_is_the_same(mirror, piece):
    assert mirror(mirror(piece)) == piece


@given(grid=GRIDS)
def test_rotations_are_mirrorings(grid):
    assert rot90(grid) == vmirror(dmirror(grid)) == rot270(rot180(grid))
    assert rot270(grid) == hmirror(dmirror(grid))
    assert rot180(grid) == hmirror(vmirror(grid))
    assert rot90(rot90(rot90(rot90(grid)))) == grid


@pytest.mark.parametrize("mirror", [hmirror, vmirror, dmirror, cmirror])
@given(grid=GRIDS)
def test_objects_are_mirrored_as_grids_are(mirror, grid):
    assert mirror(asobject(grid)) == asobject(mirror(grid))
    assert mirror(asindices(grid)) == asindices(mirror(grid))


@given(grid=GRIDS, factor=st.integers(1, 3))
def test_downscale_undoes_upscale(grid, factor):
    assert downscale(upscale(grid, factor), factor) == grid
    assert upscale(asobject(grid), factor) == asobject(upscale(grid, factor))
    assert shape(upscale(grid, factor)) == multiply(shape(grid), factor)


@given(obj=OBJECTS, factor=st.integers(1, 3))
def test_upscale_keeps_the_upper_left_corner(obj, factor):
    assert ulcorner(upscale(obj, factor)) == ulcorner(obj)
    assert len(upscale(obj, factor)) == len(obj) * factor**2


@given(grid=GRIDS, diagonal=st.booleans(), without_bg=st.booleans())
def test_objects_of_one_colour_part_the_grid(grid, diagonal, without_bg):
    found = objects(grid, T, diagonal, without_bg)
    background = mostcolor(grid) if without_bg else None
    cells = frozenset(cell for cell in asobject(grid) if cell[0] != background)
    assert merge(found) == cells
    assert sum(map(len, found)) == len(cells)
    assert all(numcolors(obj) == 1 for obj in found)
    for a, b in combinations(found, 2):
        assert color(a) != color(b) or not touch(a, b, diagonal)


@given(grid=GRIDS, diagonal=st.booleans())
def test_objects_of_several_colours_are_apart_and_whole(grid, diagonal):
    found = objects(grid, F, diagonal, T)
    assert merge(found) == merge(objects(grid, T, diagonal, T))
    for a, b in combinations(found, 2):
        assert not touch(a, b, diagonal)
    for obj in found:
        part, rest = {first(obj)}, set(obj)
        while near := {cell for cell in rest - part if touch({cell}, part, diagonal)}:
            part |= near
        assert part == rest


def touch(a, b, diagonal):
    """Whether a cell of `a` is beside one of `b`, or diagonally from it."""
    return any(
        max(abs(i - k), abs(j - m)) == 1 and (diagonal or i == k or j == m)
        for _, (i, j) in a
        for _, (k, m) in b
    )


@given(grid=GRIDS)
def test_partition_has_an_object_for_each_colour(grid):
    assert merge(partition(grid)) == asobject(grid)
    assert apply(color, partition(grid)) == palette(grid)
    assert partition(grid) - fgpartition(grid) == {recolor(mostcolor(grid), ofcolor(grid, mostcolor(grid)))}
    assert all(len(obj) == colorcount(grid, color(obj)) for obj in partition(grid))


@given(grid=GRIDS, value=st.integers(0, 4))
def test_most_and_least_colour_have_the_extreme_counts(grid, value):
    assert colorcount(grid, mostcolor(grid)) >= colorcount(grid, value)
    assert value not in palette(grid) or colorcount(grid, leastcolor(grid)) <= colorcount(grid, value)


@given(grid=GRIDS, value=st.integers(4, 9), patch=PATCHES)
def test_fill_colours_just_the_patch(grid, value, patch):
    inside = toindices(patch) & asindices(grid)
    assert ofcolor(fill(grid, value, patch), value) == inside
    assert paint(grid, recolor(value, patch)) == fill(grid, value, patch)
    assert paint(fill(grid, value, patch), toobject(patch, grid)) == grid
    assert ofcolor(underfill(grid, value, patch), value) == inside & ofcolor(grid, mostcolor(grid))
    assert underpaint(grid, recolor(value, patch)) == underfill(grid, value, patch)
    assert cover(grid, patch) == fill(grid, mostcolor(grid), patch)


@given(grid=GRIDS, obj=OBJECTS, step=PLACES)
def test_move_covers_and_paints(grid, obj, step):
    assert move(grid, obj, step) == paint(cover(grid, obj), shift(obj, step))


@given(grid=GRIDS)
def test_a_grid_is_painted_from_its_parts(grid):
    blank = canvas(9, shape(grid))
    assert paint(blank, asobject(grid)) == grid
    assert cellwise(grid, grid, 9) == grid
    assert cellwise(grid, blank, 9) == blank
    assert subgrid(asindices(grid), grid) == crop(grid, ORIGIN, shape(grid)) == grid


@given(grid=GRIDS, a=st.integers(0, 4), b=st.integers(0, 4))
def test_switch_twice_is_the_same(grid, a, b):
    assert switch(switch(grid, a, b), a, b) == grid
    assert a == b or ofcolor(replace(grid, a, b), b) == ofcolor(grid, a) | ofcolor(grid, b)


@given(grid=GRIDS)
def test_halves_and_parts_are_put_together_again(grid):
    rows, columns = shape(grid)
    assert vconcat(*vsplit(vconcat(grid, grid), 2)) == vconcat(grid, grid)
    assert hconcat(*hsplit(hconcat(grid, grid), 2)) == hconcat(grid, grid)
    assert tophalf(grid) + grid[rows // 2 : (rows + 1) // 2] + bottomhalf(grid) == grid
    assert lefthalf(grid) == rot270(tophalf(rot90(grid)))
    assert righthalf(grid) == rot270(bottomhalf(rot90(grid)))
    assert shape(vsplit(grid, rows)[0]) == (1, columns)


@given(grid=GRIDS)
def test_compress_takes_the_frontiers_out(grid):
    lines = frontiers(grid)
    assert all(numcolors(line) == 1 and (vline(line) or hline(line)) for line in lines)
    left = asindices(grid) - toindices(merge(lines))
    assert sum(map(len, compress(grid))) == len(left)


@given(patch=PATCHES)
def test_corners_bound_a_patch(patch):
    top, left = ulcorner(patch)
    bottom, right = lrcorner(patch)
    assert (top, left, bottom, right) == (
        uppermost(patch),
        leftmost(patch),
        lowermost(patch),
        rightmost(patch),
    )
    assert corners(patch) == {(top, left), (bottom, right), llcorner(patch), urcorner(patch)}
    assert toindices(patch) <= backdrop(patch)
    assert len(backdrop(patch)) == height(patch) * width(patch)
    assert delta(patch) == backdrop(patch) - toindices(patch)
    assert center(patch) in backdrop(patch)
    assert centerofmass(patch) in backdrop(patch)


@given(patch=PATCHES)
def test_boxes_lie_within_each_other(patch):
    assert corners(patch) <= box(patch) <= backdrop(patch)
    assert outbox(patch) == box(outbox(patch))
    assert outbox(patch).isdisjoint(backdrop(patch))
    assert backdrop(outbox(patch)) == outbox(patch) | backdrop(patch)
    assert inbox(outbox(patch)) == box(patch)


@given(patch=PATCHES, step=PLACES)
def test_shift_there_and_back_is_the_same(patch, step):
    assert shift(shift(patch, step), invert(step)) == patch
    assert normalize(shift(patch, step)) == normalize(patch)
    assert ulcorner(normalize(patch)) == ORIGIN
    assert shape(shift(patch, step)) == shape(patch)


@given(a=PATCHES, b=PATCHES)
def test_adjacent_patches_are_one_step_apart(a, b):
    assert adjacent(a, b) == adjacent(b, a) == (manhattan(a, b) == 1)
    assert manhattan(a, b) == manhattan(b, a)
    assert vmatching(a, b) == bool({j for _, j in toindices(a)} & {j for _, j in toindices(b)})
    assert hmatching(a, b) == vmatching(dmirror_all(a), dmirror_all(b))


def dmirror_all(patch):
    return frozenset((j, i) for i, j in toindices(patch))


@given(a=PATCHES, b=PATCHES)
def test_gravitate_goes_straight_until_adjacent(a, b):
    i, j = gravitate(a, b)
    assert 0 in (i, j)
    assert (i == 0) >= (not vmatching(a, b))
    assert adjacent(shift(a, (i, j)), b) or abs(i + j) == 42
    for step in range(abs(i + j)):
        assert not adjacent(shift(a, multiply(step, sign((i, j)))), b)


@given(grid=GRIDS, data=st.data())
def test_occurrences_of_a_part_are_where_it_is(grid, data):
    places = data.draw(st.sets(st.sampled_from(sorted(asindices(grid))), min_size=1))
    part = toobject(frozenset(places), grid)
    found = occurrences(grid, part)
    assert ulcorner(part) in found
    assert found == {place for place in asindices(grid) if shift(normalize(part), place) <= asobject(grid)}


@given(tile=make_grids(3), times=st.integers(2, 3))
def test_periods_are_those_of_the_tile(tile, times):
    rows, columns = shape(tile)
    wide = dmirror(dmirror(tile) * times)
    assert rows % vperiod(asobject(tile * times)) == 0
    assert columns % hperiod(asobject(wide)) == 0
    assert hperiod(asobject(wide)) == vperiod(asobject(dmirror(wide)))


@given(a=PLACES, b=PLACES)
def test_lines_are_the_same_from_both_ends(a, b):
    line = connect(a, b)
    distances = [abs(x - y) for x, y in zip(a, b)]
    straight = 0 in distances or distances[0] == distances[1]
    assert line == connect(b, a)
    assert len(line) == (max(distances) + 1 if straight else 0)
    assert not straight or {a, b} <= line


@pytest.mark.parametrize("direction", [DOWN, RIGHT, UP, LEFT, UNITY, NEG_UNITY, UP_RIGHT, DOWN_LEFT], ids=str)
@given(start=PLACES)
def test_shoot_leaves_any_grid(direction, start):
    assert shoot(start, direction) == {add(start, multiply(step, direction)) for step in range(43)}


@given(place=PLACES)
def test_neighbors(place):
    around = asindices(canvas(0, THREE_BY_THREE))
    assert neighbors(place) == shift(around, add(place, NEG_UNITY)) - {place}
    assert dneighbors(place) | ineighbors(place) == neighbors(place)
    assert dneighbors(place) == frozenset(add(place, step) for step in (UP, DOWN, LEFT, RIGHT))
    assert not dneighbors(place) & ineighbors(place)


@given(a=st.integers(-9, 9), b=PLACES, c=PLACES)
def test_numbers_and_pairs_are_reckoned_with_item_by_item(a, b, c):
    for function in (add, subtract, multiply):
        assert function(b, c) == (function(b[0], c[0]), function(b[1], c[1]))
        assert function(a, b) == function((a, a), b)
        assert function(b, a) == function(b, (a, a))
    for function in (invert, double, halve, increment, decrement, crement, sign):
        assert function(b) == (function(b[0]), function(b[1]))
    assert multiply(crement(b), sign(b)) == add(multiply(b, sign(b)), multiply(sign(b), sign(b)))


@given(items=st.lists(st.integers(0, 4), min_size=1).map(tuple))
def test_containers(items):
    assert sorted(set(items)) == list(order(dedupe(items), identity))
    assert items.count(mostcommon(items)) == max(map(items.count, items))
    assert items.count(leastcommon(items)) == min(map(items.count, items))
    assert (first(items), last(items)) == (items[0], items[-1])
    assert combine(items, items) == merge((items, items))
    assert maximum(items) == valmax(items, identity) == argmax(items, identity)
    assert minimum(items) == valmin(items, identity) == argmin(items, identity)


@given(a=OBJECTS, b=OBJECTS)
def test_sets_are_built_item_by_item_in_order(a, b):
    assert totuple(combine(a, b)) == totuple(frozenset([*a, *b]))
    assert totuple(difference(a, b)) == totuple(frozenset([cell for cell in a if cell not in b]))
    assert totuple(merge((a, b))) == (*a, *b)
    assert totuple(toindices(a)) == totuple(frozenset([place for _, place in a]))
    assert totuple(recolor(4, a)) == totuple(frozenset([(4, place) for place in toindices(a)]))
    assert totuple(shift(a, UNITY)) == totuple(frozenset([(c, add(place, UNITY)) for c, place in a]))


@given(grid=GRIDS)
def test_objects_are_put_in_by_their_first_place(grid):
    places = totuple(asindices(grid))
    assert places == totuple(frozenset([(i, j) for i, row in enumerate(grid) for j, _ in enumerate(row)]))
    found = objects(grid, T, T, F)
    begun = sorted(found, key=lambda obj: min(places.index(place) for _, place in obj))
    assert totuple(found) == totuple(frozenset(set(begun)))


@given(
    grid=GRIDS,
    other=GRIDS,
    flags=st.tuples(*[st.booleans()] * 3),
    places=st.integers(1, 40),
    cells=st.integers(0, 40),
)
def test_objects_are_the_same_whatever_is_remembered(grid, other, flags, places, cells):
    def list_objects():
        return [totuple(obj) for obj in objects(grid, *flags)]

    before = list_objects()
    # So few neighborhoods, and so small grids, that they are soon forgotten, or never remembered.
    with patch.multiple(dsl, _PLACES_KNOWN=places, _CELLS_KNOWN=cells):
        assert list_objects() == before
        objects(other, *flags)
        assert list_objects() == before
    for remembers in (
        dsl._list_near_again,
        dsl._find_near_edge,
        dsl._order_cells,
        dsl._spread,
        dsl._spread_far,
    ):
        remembers.cache_clear()
    dsl._NEAR[flags[1]].clear()
    dsl._LINES.clear()
    assert list_objects() == before


def test_constants():
    assert add(DOWN, RIGHT) == UNITY
    assert add(UP, LEFT) == NEG_UNITY == multiply(UNITY, NEG_ONE)
    assert add(UP, RIGHT) == UP_RIGHT == invert(DOWN_LEFT)
    assert add(ZERO_BY_TWO, TWO_BY_ZERO) == TWO_BY_TWO == subtract(THREE_BY_THREE, UNITY)


# Defaults

EMPTY = {
    "Boolean": False,
    "Callable": identity,
    "FrozenSet": frozenset(),
    "Indices": frozenset(),
    "Integer": 0,
    "IntegerSet": frozenset(),
    "Numerical": 0,
    "Object": frozenset(),
    "Objects": frozenset(),
    "Patch": frozenset(),
}


@pytest.mark.parametrize("name", VOCABULARY)
def test_default_is_of_the_result_type(name):
    default = _get_safe_default(getattr(dsl, name))
    expected = EMPTY.get(VOCABULARY[name]["result"], ())
    assert (default, type(default)) == (expected, type(expected))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(compose(size, first), id="compose"),
        pytest.param(lbind(add, 1), id="lbind"),
        pytest.param(rbind(add, 1), id="rbind"),
        pytest.param(len, id="builtin"),
        pytest.param(int, id="class"),
        pytest.param((), id="()"),
        pytest.param([], id="unhashable"),
        pytest.param(frozenset(), id="frozenset"),
        pytest.param(None, id="None"),
        pytest.param(3, id="number"),
    ],
)
def test_default_of_anything_else_is_the_empty_tuple(value):
    assert _get_safe_default(value) == ()
    assert type(_get_safe_default(value)) is tuple
