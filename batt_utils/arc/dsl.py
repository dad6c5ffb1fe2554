"""The DSL: 160 functions on numbers, containers, grids, objects and patches.

A grid is a tuple of rows, a cell `(colour, (row, column))`, an object a frozenset of cells, a patch
an object or a frozenset of places; steps and sizes are `(rows, columns)` as well. The background of
a grid is its most frequent colour.

Programs run these functions tens of thousands of times a second, so none logs or checks its arguments.
But mutated programs give them anything, and then each does or raises what its plain definition does:
arguments are looked at in their order, those of a pair item by item, and no sooner than they are needed.
For a TypeError, AttributeError or ValueError a batt takes the value of `_get_safe_default`; whether for
an IndexError, KeyError, StopIteration or ZeroDivisionError too is the batt's affair.

The order of a frozenset's items decides ties; it depends on how they were put in. So sets are built
from their sources' items one by one, in order, or as the copy of a set that was.
"""

from __future__ import annotations

from collections.abc import Iterable as _Iterable
from functools import lru_cache as _lru_cache
from functools import partial as _partial
from itertools import chain as _chain
from itertools import compress as _compress
from itertools import filterfalse as _filterfalse
from itertools import product as _product
from operator import add as _add
from operator import itemgetter as _itemgetter
from typing import TypeGuard as _TypeGuard

from batt_utils.arc.arc_types import (
    Any,
    Boolean,
    Callable,
    Cell,
    Container,
    ContainerContainer,
    Element,
    FrozenSet,
    Grid,
    Indices,
    Integer,
    IntegerSet,
    IntegerTuple,
    Numerical,
    Object,
    Objects,
    Patch,
    Piece,
    Tuple,
    TupleTuple,
)

_REACH = 42  # cells: how far `shoot` and `gravitate` go, more than the longest side of a task's grid
_PLACES_KNOWN = 3 * 2**14  # so many neighborhoods of a kind are remembered
_CELLS_KNOWN = 2**10  # of grids with no more than that all is remembered that depends on their shape alone
_LONGEST_SIDE = 30  # cells: of a task's grid


# Numbers


def add(a: Numerical, b: Numerical) -> Numerical:
    """Give the sum; a number and a pair are added item by item."""
    if isinstance(a, int):
        return a + b if isinstance(b, int) else (a + b[0], a + b[1])
    if isinstance(b, tuple):
        return (a[0] + b[0], a[1] + b[1])
    return (a[0] + b, a[1] + b)


def subtract(a: Numerical, b: Numerical) -> Numerical:
    """Give the difference; of a number and a pair item by item."""
    if isinstance(a, int):
        return a - b if isinstance(b, int) else (a - b[0], a - b[1])
    if isinstance(b, tuple):
        return (a[0] - b[0], a[1] - b[1])
    return (a[0] - b, a[1] - b)


def multiply(a: Numerical, b: Numerical) -> Numerical:
    """Give the product; of a number and a pair item by item."""
    if isinstance(a, int):
        return a * b if isinstance(b, int) else (a * b[0], a * b[1])
    if isinstance(b, tuple):
        return (a[0] * b[0], a[1] * b[1])
    return (a[0] * b, a[1] * b)


def divide(a: Numerical, b: Numerical) -> Numerical:
    """Give the quotient, rounded down; of a number and a pair item by item."""
    if isinstance(a, int):
        return a // b if isinstance(b, int) else (a // b[0], a // b[1])
    if isinstance(b, tuple):
        return (a[0] // b[0], a[1] // b[1])
    return (a[0] // b, a[1] // b)


def invert(n: Numerical) -> Numerical:
    """Give the negative."""
    return -n if isinstance(n, int) else (-n[0], -n[1])


def even(n: Integer) -> Boolean:
    """Tell whether a number is even."""
    return n % 2 == 0


def double(n: Numerical) -> Numerical:
    """Double the number."""
    return n * 2 if isinstance(n, int) else (n[0] * 2, n[1] * 2)


def halve(n: Numerical) -> Numerical:
    """Halve the number, rounding down."""
    return n // 2 if isinstance(n, int) else (n[0] // 2, n[1] // 2)


def flip(b: Boolean) -> Boolean:
    """Give the opposite."""
    return not b


def increment(x: Numerical) -> Numerical:
    """Add one."""
    return x + 1 if isinstance(x, int) else (x[0] + 1, x[1] + 1)


def decrement(x: Numerical) -> Numerical:
    """Subtract one."""
    return x - 1 if isinstance(x, int) else (x[0] - 1, x[1] - 1)


def crement(x: Numerical) -> Numerical:
    """Step one further away from zero; zero stays."""
    return add(x, sign(x))


def sign(x: Numerical) -> Numerical:
    """Give 1, 0 or -1."""
    if isinstance(x, int):
        return (x > 0) - (x < 0)
    return ((x[0] > 0) - (x[0] < 0), (x[1] > 0) - (x[1] < 0))


def positive(x: Integer) -> Boolean:
    """Tell whether a number is above zero."""
    return x > 0


def greater(a: Integer, b: Integer) -> Boolean:
    """Tell whether `a` is greater than `b`."""
    return a > b


def toivec(i: Integer) -> IntegerTuple:
    """Give a step of `i` rows."""
    return (i, 0)


def tojvec(j: Integer) -> IntegerTuple:
    """Give a step of `j` columns."""
    return (0, j)


def astuple(a: Integer, b: Integer) -> IntegerTuple:
    """Give the pair of two numbers."""
    return (a, b)


def interval(start: Integer, stop: Integer, step: Integer) -> Tuple:
    """Give the numbers of a range."""
    return tuple(range(start, stop, step))


# Logic


def identity(x: Any) -> Any:
    """Give the value itself."""
    return x


def equality(a: Any, b: Any) -> Boolean:
    """Tell whether two values are equal."""
    return a == b  # type: ignore[no-any-return]


def contained(value: Any, container: Container) -> Boolean:
    """Tell whether a value is in a container."""
    return value in container


def both(a: Boolean, b: Boolean) -> Boolean:
    """Give `a and b`."""
    return a and b


def either(a: Boolean, b: Boolean) -> Boolean:
    """Give `a or b`."""
    return a or b


def branch(condition: Boolean, a: Any, b: Any) -> Any:
    """Give `a` if the condition is true, else `b`."""
    return a if condition else b


# Containers


def size(container: Container) -> Integer:
    """Give the number of items."""
    return len(container)


def first(container: Container) -> Any:
    """Give the first item."""
    return next(iter(container))


def last(container: Container) -> Any:
    """Give the last item."""
    *_, item = container
    return item


def totuple(container: FrozenSet) -> Tuple:
    """Give the items as a tuple."""
    return tuple(container)


def repeat(item: Any, num: Integer) -> Tuple:
    """Give a tuple of `num` times the item."""
    return (item,) * num


def pair(a: Tuple, b: Tuple) -> TupleTuple:
    """Give the pairs of items at the same place."""
    return tuple(zip(a, b))


def product(a: Container, b: Container) -> FrozenSet:
    """Give all pairs of an item of `a` and one of `b`."""
    return frozenset([(i, j) for j in b for i in a])


def dedupe(tup: Tuple) -> Tuple:
    """Give the items of a tuple without those that came before."""
    if not len(tup):
        return ()
    if not isinstance(tup, tuple):
        raise TypeError(f"{type(tup).__name__} has no items that came before")
    return tuple(dict.fromkeys(tup))


def order(container: Container, compfunc: Callable) -> Tuple:
    """Give the items by rising `compfunc`."""
    return tuple(sorted(container, key=compfunc))


def initset(value: Any) -> FrozenSet:
    """Give the set of one item."""
    return frozenset((value,))


def insert(value: Any, container: FrozenSet) -> FrozenSet:
    """Give the set with one more item."""
    return container.union(initset(value))


def remove(value: Any, container: Container) -> Container:
    """Give the items other than `value`."""
    return type(container)([item for item in container if item != value])


def other(container: Container, value: Any) -> Any:
    """Give the first item other than `value`."""
    return first(remove(value, container))


def combine(a: Container, b: Container) -> Container:
    """Give the items of both, in a container like `a`."""
    return type(a)((*a, *b))


def merge(containers: ContainerContainer) -> Container:
    """Give the items of all containers, in one like the outer one."""
    return type(containers)(_chain.from_iterable(containers))


def difference(a: FrozenSet, b: FrozenSet) -> FrozenSet:
    """Give the items of `a` that are not in `b`."""
    if isinstance(a, frozenset) and isinstance(b, frozenset) and len(a) // 4 <= len(b):
        return a - b  # it is filled item by item as well, only of a much larger set it would be a copy
    return type(a)([item for item in a if item not in b])


def intersection(a: FrozenSet, b: FrozenSet) -> FrozenSet:
    """Give the items in both sets."""
    return a & b


def maximum(container: IntegerSet) -> Integer:
    """Give the greatest number, 0 of none."""
    return max(container, default=0)


def minimum(container: IntegerSet) -> Integer:
    """Give the least number, 0 of none."""
    return min(container, default=0)


def valmax(container: Container, compfunc: Callable) -> Integer:
    """Give the greatest `compfunc` of an item, that of 0 where there is none."""
    return compfunc(max(container, key=compfunc, default=0))  # type: ignore[no-any-return]


def valmin(container: Container, compfunc: Callable) -> Integer:
    """Give the least `compfunc` of an item, that of 0 where there is none."""
    return compfunc(min(container, key=compfunc, default=0))  # type: ignore[no-any-return]


def argmax(container: Container, compfunc: Callable) -> Any:
    """Give the first item with the greatest `compfunc`."""
    return max(container, key=compfunc)


def argmin(container: Container, compfunc: Callable) -> Any:
    """Give the first item with the least `compfunc`."""
    return min(container, key=compfunc)


def mostcommon(container: Container) -> Any:
    """Give the most frequent item of a tuple."""
    return max(set(container), key=container.count)  # type: ignore[union-attr]


def leastcommon(container: Container) -> Any:
    """Give the least frequent item of a tuple."""
    return min(set(container), key=container.count)  # type: ignore[union-attr]


def sizefilter(container: Container, n: Integer) -> FrozenSet:
    """Give the items of size `n`."""
    return frozenset([item for item in container if len(item) == n])


def sfilter(container: Container, condition: Callable) -> Container:
    """Give the items that meet a condition."""
    try:
        return type(container)([item for item in container if condition(item)])
    except StopIteration:
        raise RuntimeError("the condition raised StopIteration") from None


def mfilter(container: Container, function: Callable) -> FrozenSet:
    """Give the merged items that meet a condition."""
    return merge(sfilter(container, function))  # type: ignore[return-value]


def extract(container: Container, condition: Callable) -> Any:
    """Give the first item that meets a condition."""
    return next(item for item in container if condition(item))


# Functions of functions


def compose(outer: Callable, inner: Callable) -> Callable:
    """Give the function `outer(inner(x))`."""
    return lambda x: outer(inner(x))


def chain(h: Callable, g: Callable, f: Callable) -> Callable:
    """Give the function `h(g(f(x)))`."""
    return lambda x: h(g(f(x)))


def fork(outer: Callable, a: Callable, b: Callable) -> Callable:
    """Give the function `outer(a(x), b(x))`."""
    return lambda x: outer(a(x), b(x))


def matcher(function: Callable, target: Any) -> Callable:
    """Give the function that tells whether `function(x)` equals the target."""
    return lambda x: function(x) == target


def lbind(function: Callable, fixed: Any) -> Callable:
    """Give the function with its first argument fixed."""
    _check_function(function)
    return _partial(function, fixed)


def _check_function(value: Any) -> None:
    """Raise AttributeError for what is no function."""
    if not callable(value):
        raise AttributeError(f"{type(value).__name__} has no arguments to fix")


def rbind(function: Callable, fixed: Any) -> Callable:
    """Give the function with its last argument fixed."""
    _check_function(function)
    return lambda *arguments: function(*arguments, fixed)


def power(function: Callable, n: Integer) -> Callable:
    """Give the function applied `n` times."""
    if n == 1:
        return function
    if n < 1:
        raise RecursionError(f"no power {n} of a function")

    def apply_often(x: Any) -> Any:
        for _ in range(n):
            x = function(x)
        return x

    return apply_often


def apply(function: Callable, container: Container) -> Container:
    """Give the function of each item."""
    try:
        return type(container)([function(item) for item in container])
    except StopIteration:
        raise RuntimeError("the function raised StopIteration") from None


def rapply(functions: Container, value: Any) -> Container:
    """Give each function of the value."""
    return type(functions)(function(value) for function in functions)


def mapply(function: Callable, container: ContainerContainer) -> FrozenSet:
    """Give the merged results of the function of each item."""
    return merge(apply(function, container))  # type: ignore[return-value]


def papply(function: Callable, a: Tuple, b: Tuple) -> Tuple:
    """Give the function of each pair of items at the same place."""
    return tuple(function(i, j) for i, j in zip(a, b))


def mpapply(function: Callable, a: Tuple, b: Tuple) -> Tuple:
    """Give the merged results of the function of each pair of items at the same place."""
    return merge(papply(function, a, b))  # type: ignore[return-value]


def prapply(function, a: Container, b: Container) -> FrozenSet:  # type: ignore[no-untyped-def]
    """Give the function of all pairs of an item of `a` and one of `b`; the vocabulary gives it no type."""
    return frozenset(function(i, j) for j in b for i in a)


# Patches


def _holds_cells(patch: Patch) -> _TypeGuard[Object]:
    """Tell whether a patch is an object, not a set of places: its first item tells."""
    return isinstance(next(iter(patch))[1], tuple)


def toindices(patch: Patch) -> Indices:
    """Give the places of a patch."""
    if len(patch) == 0:
        return frozenset()
    return frozenset([place for _, place in patch]) if _holds_cells(patch) else patch  # type: ignore[return-value]


def _places(patch: Patch) -> Indices:
    """Give the places of a patch for who looks at all of them in whatever order, which saves a set."""
    return [place for _, place in patch] if len(patch) and _holds_cells(patch) else patch  # type: ignore[return-value]


def _rows(patch: Patch) -> list[int]:
    """Give the row of each item of a patch."""
    if len(patch) and _holds_cells(patch):
        return [i for _, (i, _) in patch]
    return [i for i, _ in patch]


def _columns(patch: Patch) -> list[int]:
    """Give the column of each item of a patch."""
    if len(patch) and _holds_cells(patch):
        return [j for _, (_, j) in patch]
    return [j for _, j in patch]  # type: ignore[misc]


def recolor(value: Integer, patch: Patch) -> Object:
    """Give the object with one colour at the places of a patch."""
    return frozenset([(value, place) for place in toindices(patch)])


def uppermost(patch: Patch) -> Integer:
    """Give the first row."""
    return min(_rows(patch))


def lowermost(patch: Patch) -> Integer:
    """Give the last row."""
    return max(_rows(patch))


def leftmost(patch: Patch) -> Integer:
    """Give the first column."""
    return min(_columns(patch))


def rightmost(patch: Patch) -> Integer:
    """Give the last column."""
    return max(_columns(patch))


def _find_corner(patch: Patch, extremes: dict[int, Callable]) -> IntegerTuple:
    """Give a corner of the box: which of the rows (0) and of the columns (1), KeyError of any more."""
    axes = enumerate(zip(*_places(patch)))
    return tuple([extremes[axis](numbers) for axis, numbers in axes])


def ulcorner(patch: Patch) -> IntegerTuple:
    """Give the upper left corner of the bounding box, () of nothing."""
    return tuple(map(min, zip(*_places(patch))))


def urcorner(patch: Patch) -> IntegerTuple:
    """Give the upper right corner of the bounding box, () of nothing."""
    return _find_corner(patch, {0: min, 1: max})


def llcorner(patch: Patch) -> IntegerTuple:
    """Give the lower left corner of the bounding box, () of nothing."""
    return _find_corner(patch, {0: max, 1: min})


def lrcorner(patch: Patch) -> IntegerTuple:
    """Give the lower right corner of the bounding box, () of nothing."""
    return tuple(map(max, zip(*_places(patch))))


def _bounds(patch: Patch) -> tuple[int, int, int, int]:
    """Give the rows and columns where a patch begins and ends: top, left, bottom, right."""
    rows, columns = _rows(patch), _columns(patch)
    return min(rows), min(columns), max(rows), max(columns)


def corners(patch: Patch) -> Indices:
    """Give the corners of the bounding box."""
    return frozenset((ulcorner(patch), urcorner(patch), llcorner(patch), lrcorner(patch)))


def center(patch: Patch) -> IntegerTuple:
    """Give the centre of the bounding box, the lower right one of two."""
    return (uppermost(patch) + height(patch) // 2, leftmost(patch) + width(patch) // 2)


def centerofmass(patch: Patch) -> IntegerTuple:
    """Give the mean row and column, rounded down; () of nothing."""
    number = len(patch)
    return tuple([sum(numbers) // number for numbers in zip(*toindices(patch))])


def shift(patch: Patch, directions: IntegerTuple) -> Patch:
    """Give the patch moved by a step."""
    if len(patch) == 0:
        return patch
    di, dj = directions
    if _holds_cells(patch):
        return frozenset([(value, (i + di, j + dj)) for value, (i, j) in patch])
    return frozenset([(i + di, j + dj) for i, j in patch])  # type: ignore[operator]


def normalize(patch: Patch) -> Patch:
    """Give the patch moved to the origin."""
    if len(patch) == 0:
        return patch
    return shift(patch, (-uppermost(patch), -leftmost(patch)))


def vline(patch: Patch) -> Boolean:
    """Tell whether a patch is a vertical line."""
    return height(patch) == len(patch) and width(patch) == 1


def hline(patch: Patch) -> Boolean:
    """Tell whether a patch is a horizontal line."""
    return width(patch) == len(patch) and height(patch) == 1


def vmatching(a: Patch, b: Patch) -> Boolean:
    """Tell whether two patches share a column."""
    return not {*_columns(a)}.isdisjoint(_columns(b))


def hmatching(a: Patch, b: Patch) -> Boolean:
    """Tell whether two patches share a row."""
    return not {*_rows(a)}.isdisjoint(_rows(b))


def manhattan(a: Patch, b: Patch) -> Integer:
    """Give the least number of steps from a place of `a` to one of `b`."""
    return min([abs(i - k) + abs(j - m) for i, j in _places(a) for k, m in _places(b)])


def _number(patch: Patch) -> set[IntegerTuple]:
    """Give the places of a patch; TypeError where they are no numbers."""
    return {(+i, +j) for i, j in _places(patch)}


def _border(places: set[IntegerTuple]) -> list[IntegerTuple]:
    """Give what is next to places, some of them included."""
    return [beside for i, j in places for beside in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))]


def adjacent(a: Patch, b: Patch) -> Boolean:
    """Tell whether two patches are next to each other, side by side, without a common place."""
    try:
        places, others = _number(a), _number(b)
    except (TypeError, ValueError, IndexError):
        places = others = set()
    if not places or not others:
        return manhattan(a, b) == 1  # it raises what there is to raise
    return places.isdisjoint(others) and not places.isdisjoint(_border(others))


def bordering(patch: Patch, grid: Grid) -> Boolean:
    """Tell whether a patch is at the edge of a grid."""
    return (
        uppermost(patch) == 0
        or leftmost(patch) == 0
        or lowermost(patch) == len(grid) - 1
        or rightmost(patch) == len(grid[0]) - 1
    )


def position(a: Patch, b: Patch) -> IntegerTuple:
    """Give the direction from `a` to `b`."""
    ai, aj = center(a)
    bi, bj = center(b)
    if ai == bi:
        return (0, 1 if aj < bj else -1)
    return (1 if ai < bi else -1, (aj < bj) - (aj > bj))


def gravitate(source: Patch, destination: Patch) -> IntegerTuple:
    """Give the step, in one direction, after which `source` is next to `destination`."""
    i, j = center(source)
    k, m = center(destination)
    if vmatching(source, destination):
        di, dj = (1 if i < k else -1), 0
    else:
        di, dj = 0, (1 if j < m else -1)
    places = _number(source)
    border = set(_border(places))
    goals = _number(destination)
    for step in range(_REACH):
        nearer = [(i - step * di, j - step * dj) for i, j in goals]
        if places.isdisjoint(nearer) and not border.isdisjoint(nearer):
            return (step * di, step * dj)
    return (_REACH * di, _REACH * dj)


def backdrop(patch: Patch) -> Indices:
    """Give the places of the bounding box."""
    if len(patch) == 0:
        return frozenset()
    top, left = ulcorner(toindices(patch))
    bottom, right = lrcorner(patch)
    rows = range(top, bottom + 1)
    return frozenset(_product(rows, range(left, right + 1))) if rows else frozenset()


def delta(patch: Patch) -> Indices:
    """Give the places of the bounding box that are not in the patch."""
    if len(patch) == 0:
        return frozenset()
    return backdrop(patch) - toindices(patch)


def _outline(corner: IntegerTuple, other: IntegerTuple) -> Indices:
    """Give the edge of the box between two opposite corners."""
    (top, bottom), (left, right) = map(sorted, zip(corner, other))
    rows, columns = range(top, bottom + 1), range(left, right + 1)
    sides = {(i, left) for i in rows} | {(i, right) for i in rows}
    return frozenset(sides | ({(top, j) for j in columns} | {(bottom, j) for j in columns}))


def box(patch: Patch) -> Indices:
    """Give the edge of the bounding box."""
    if len(patch) == 0:
        return patch  # type: ignore[return-value]
    (top, left), (bottom, right) = ulcorner(patch), lrcorner(patch)
    return _outline((top, left), (bottom, right))


def inbox(patch: Patch) -> Indices:
    """Give the edge of the box one within the bounding box."""
    start = (uppermost(patch) + 1, leftmost(patch) + 1)
    return _outline(start, (lowermost(patch) - 1, rightmost(patch) - 1))


def outbox(patch: Patch) -> Indices:
    """Give the edge of the box one around the bounding box."""
    start = (uppermost(patch) - 1, leftmost(patch) - 1)
    return _outline(start, (lowermost(patch) + 1, rightmost(patch) + 1))


# Places


def dneighbors(loc: IntegerTuple) -> Indices:
    """Give the four places beside a place."""
    return frozenset(((loc[0] - 1, loc[1]), (loc[0] + 1, loc[1]), (loc[0], loc[1] - 1), (loc[0], loc[1] + 1)))


def ineighbors(loc: IntegerTuple) -> Indices:
    """Give the four places diagonally from a place."""
    above, below = loc[0] - 1, loc[0] + 1
    before, behind = loc[1] - 1, loc[1] + 1
    return frozenset(((above, before), (above, behind), (below, before), (below, behind)))


def neighbors(loc: IntegerTuple) -> Indices:
    """Give the eight places around a place."""
    return dneighbors(loc) | ineighbors(loc)


def connect(a: IntegerTuple, b: IntegerTuple) -> Indices:
    """Give the places of the straight or diagonal line between two places, none if there is no such line."""
    (i, j), (k, m) = a, b
    rows = range(min(i, k), max(i, k) + 1)
    columns = range(min(j, m), max(j, m) + 1)
    if i == k:
        return frozenset([(i, column) for column in columns])
    if j == m:
        return frozenset([(row, j) for row in rows])
    if k - i == m - j:
        return frozenset(zip(rows, columns))
    if k - i == j - m:
        return frozenset(zip(rows, columns[::-1]))
    return frozenset()


def shoot(start: IntegerTuple, direction: IntegerTuple) -> Indices:
    """Give the places of the line from a place in a direction, out of any grid."""
    return connect(start, (start[0] + _REACH * direction[0], start[1] + _REACH * direction[1]))


def hfrontier(location: IntegerTuple) -> Indices:
    """Give the places of the row of a place."""
    return frozenset([(location[0], j) for j in range(_LONGEST_SIDE)])


def vfrontier(location: IntegerTuple) -> Indices:
    """Give the places of the column of a place."""
    return frozenset([(i, location[1]) for i in range(_LONGEST_SIDE)])


# Pieces and elements: a grid as well as a patch or an object


def height(piece: Piece) -> Integer:
    """Give the number of rows, of a patch those of its bounding box."""
    if len(piece) == 0:
        return 0
    if isinstance(piece, tuple):
        return len(piece)
    rows = _rows(piece)
    return max(rows) - min(rows) + 1


def width(piece: Piece) -> Integer:
    """Give the number of columns, of a patch those of its bounding box."""
    if len(piece) == 0:
        return 0
    if isinstance(piece, tuple):
        return len(piece[0])
    columns = _columns(piece)
    return max(columns) - min(columns) + 1


def shape(piece: Piece) -> IntegerTuple:
    """Give the number of rows and of columns."""
    if not isinstance(piece, tuple) and len(piece):
        top, left, bottom, right = _bounds(piece)
        return (bottom - top + 1, right - left + 1)
    return (height(piece), width(piece))


def portrait(piece: Piece) -> Boolean:
    """Tell whether a piece is higher than wide."""
    return height(piece) > width(piece)


def square(piece: Piece) -> Boolean:
    """Tell whether a piece is a full square."""
    if isinstance(piece, tuple):
        return len(piece) == len(piece[0])
    rows, columns = shape(piece)
    return rows == columns and rows * columns == len(piece)


def hmirror(piece: Piece) -> Piece:
    """Give the piece upside down."""
    if isinstance(piece, tuple):
        return piece[::-1]
    axes = [*zip(*_places(piece))]
    least, greatest = [*map(min, axes)], [*map(max, axes)]
    total = least[0] + greatest[0]
    if _holds_cells(piece):
        return frozenset([(value, (total - i, j)) for value, (i, j) in piece])
    return frozenset([(total - i, j) for i, j in piece])  # type: ignore[return-value]


def vmirror(piece: Piece) -> Piece:
    """Give the piece with left and right exchanged."""
    if isinstance(piece, tuple):
        return tuple([row[::-1] for row in piece])
    axes = [*zip(*_places(piece))]
    least, greatest = [*map(min, axes)], [*map(max, axes)]
    total = least[1] + greatest[1]
    if _holds_cells(piece):
        return frozenset([(value, (i, total - j)) for value, (i, j) in piece])
    return frozenset([(i, total - j) for i, j in piece])


def dmirror(piece: Piece) -> Piece:
    """Give the piece mirrored at the diagonal from its upper left corner."""
    if isinstance(piece, tuple):
        return tuple(zip(*piece))
    top, left = ulcorner(piece)
    offset = top - left
    if _holds_cells(piece):
        return frozenset([(value, (j + offset, i - offset)) for value, (i, j) in piece])
    return frozenset([(j + offset, i - offset) for i, j in piece])  # type: ignore[operator]


def cmirror(piece: Piece) -> Piece:
    """Give the piece mirrored at the diagonal from its upper right corner."""
    return vmirror(dmirror(vmirror(piece)))


def _colors(element: Element) -> list[int]:
    """Give the colour of every cell, in order."""
    if isinstance(element, tuple):
        return list(_chain.from_iterable(element))
    return [value for value, _ in element]


def _pack(colors: list[int]) -> bytes | list[int]:
    """Give colours as bytes, which are counted sooner, or as they are if they do not fit."""
    try:
        return bytes(colors)
    except (TypeError, ValueError):
        return colors


def palette(element: Element) -> IntegerSet:
    """Give the colours."""
    if isinstance(element, tuple):
        return frozenset(set().union(*dict.fromkeys(element)))
    return frozenset({value for value, _ in element})


def numcolors(element: Element) -> IntegerSet:
    """Give the number of colours."""
    return len(palette(element))  # type: ignore[return-value]  # the vocabulary says IntegerSet


def colorcount(element: Element, value: Integer) -> Integer:
    """Give the number of cells of a colour."""
    if isinstance(element, tuple):
        return sum([row.count(value) for row in element])
    return _colors(element).count(value)


def mostcolor(element: Element) -> Integer:
    """Give the most frequent colour."""
    colors = _colors(element)
    return max(set(colors), key=_pack(colors).count)


def leastcolor(element: Element) -> Integer:
    """Give the least frequent colour."""
    colors = _colors(element)
    return min(set(colors), key=_pack(colors).count)


def upscale(element: Element, factor: Integer) -> Element:
    """Give the element with every cell as a square of `factor` by `factor` cells."""
    if isinstance(element, tuple):
        return vupscale(hupscale(element, factor), factor)
    if len(element) == 0:
        return frozenset()
    top, left = ulcorner(element)
    small: Object = shift(element, (-top, -left))  # type: ignore[assignment]
    scaled = {
        (value, (i * factor + di, j * factor + dj))
        for value, (i, j) in small
        for di in range(factor)
        for dj in range(factor)
    }
    return shift(frozenset(scaled), (top, left))  # type: ignore[return-value]


# Objects


def color(obj: Object) -> Integer:
    """Give the colour of a one-coloured object."""
    return first(obj)[0]  # type: ignore[no-any-return]


def colorfilter(objs: Objects, value: Integer) -> Objects:
    """Give the objects of a colour."""
    return frozenset(obj for obj in objs if color(obj) == value)


def _find_period(obj: Object, extent: Callable, axis: int) -> int:
    """Give the least step along rows (0) or columns (1) by which an object repeats, else its extent there."""
    if not isinstance(obj, frozenset):
        obj = normalize(obj)
    if len(obj) == 0:
        return 0
    if not _holds_cells(obj):
        if extent(normalize(obj)) > 1:
            raise TypeError("places without colours do not repeat")
        return 1
    cells = (
        [(i, +j, value) for value, (i, j) in obj] if axis == 0 else [(j, +i, value) for value, (i, j) in obj]
    )
    numbers = [at for at, _, _ in cells]
    start = min(numbers)
    length = max(numbers) - start + 1
    known = set(cells)
    for period in range(1, length):
        least = start + period
        if known.issuperset([(at - period, across, value) for at, across, value in cells if at >= least]):
            return period
    return length


def hperiod(obj: Object) -> Integer:
    """Give the number of columns after which an object repeats, else its width."""
    return _find_period(obj, width, 1)


def vperiod(obj: Object) -> Integer:
    """Give the number of rows after which an object repeats, else its height."""
    return _find_period(obj, height, 0)


# Parts of grids


def index(grid: Grid, loc: IntegerTuple) -> Integer:
    """Give the colour at a place, None outside the grid."""
    i, j = loc
    rows, columns = len(grid), len(grid[0])
    if 0 <= i < rows and 0 <= j < columns:
        return grid[loc[0]][loc[1]]
    return None  # type: ignore[return-value]


@_lru_cache(maxsize=32)
def _list_places(rows: int, columns: int) -> Indices:
    """Give all places of a grid."""
    return frozenset(_product(range(rows), range(columns)))


def asindices(grid: Grid) -> Indices:
    """Give all places."""
    if not len(grid):
        return frozenset()
    rows, columns = len(grid), len(grid[0])
    list_places = _list_places if rows * columns <= _CELLS_KNOWN else _list_places.__wrapped__
    return list_places(rows, columns)


def _is_whole(grid: Grid) -> bool:
    """Tell whether the rows are tuples as long as each other."""
    return isinstance(grid, tuple) and {*map(type, grid)} == {tuple} and len({*map(len, grid)}) == 1


def asobject(grid: Grid) -> Object:
    """Give the grid as an object."""
    if _is_whole(grid):
        places = _product(range(len(grid)), range(len(grid[0])))
        return frozenset(zip(_chain.from_iterable(grid), places))
    return frozenset([(value, (i, j)) for i, row in enumerate(grid) for j, value in enumerate(row)])


def ofcolor(grid: Grid, value: Integer) -> Indices:
    """Give the places of a colour."""
    return frozenset(
        [
            (i, j)
            for i, row in enumerate(grid)
            if value in row
            for j, found in enumerate(row)
            if found == value
        ]
    )


def toobject(patch: Patch, grid: Grid) -> Object:
    """Give the object of the grid's cells at the places of a patch."""
    rows, columns = len(grid), len(grid[0])
    places = toindices(patch)
    return frozenset([(grid[i][j], (i, j)) for i, j in places if 0 <= i < rows and 0 <= j < columns])


def crop(grid: Grid, start: IntegerTuple, dims: IntegerTuple) -> Grid:
    """Give the part of a grid from a place on, in a size."""
    rows = grid[start[0] : start[0] + dims[0]]
    return tuple([row[start[1] : start[1] + dims[1]] for row in rows])


def subgrid(patch: Patch, grid: Grid) -> Grid:
    """Give the part of a grid in the bounding box of a patch."""
    if not isinstance(patch, tuple) and len(patch):
        top, left, bottom, right = _bounds(patch)
        below, behind = bottom + 1, right + 1
        return tuple([row[left:behind] for row in grid[top:below]])
    return crop(grid, ulcorner(patch), shape(patch))


def trim(grid: Grid) -> Grid:
    """Give the grid without its outermost rows and columns."""
    return tuple([row[1:-1] for row in grid[1:-1]])


def tophalf(grid: Grid) -> Grid:
    """Give the upper half, without the middle row."""
    return grid[: len(grid) // 2]


def bottomhalf(grid: Grid) -> Grid:
    """Give the lower half, without the middle row."""
    return grid[(len(grid) + 1) // 2 :]


def lefthalf(grid: Grid) -> Grid:
    """Give the left half, without the middle column; of one column, the empty grid."""
    return dmirror(tophalf(dmirror(grid[:])))  # type: ignore[arg-type, return-value]


def righthalf(grid: Grid) -> Grid:
    """Give the right half, without the middle column; of one column, the empty grid."""
    return dmirror(bottomhalf(dmirror(grid[:])))  # type: ignore[arg-type, return-value]


def _split(length: int, n: int) -> tuple[int, list[int]]:
    """Give the length and the starts of `n` equal parts, one apart if something is left over."""
    part, rest = divmod(length, n)
    step = part + (rest != 0)
    return part, [number * step for number in range(n)]


def hsplit(grid: Grid, n: Integer) -> Tuple:
    """Give the `n` equal parts of a grid from left to right."""
    rows = len(grid)
    part, starts = _split(len(grid[0]), n)
    return tuple([crop(grid, (0, j), (rows, part)) for j in starts])


def vsplit(grid: Grid, n: Integer) -> Tuple:
    """Give the `n` equal parts of a grid from top to bottom."""
    part, starts = _split(len(grid), n)
    columns = len(grid[0])
    return tuple([crop(grid, (i, 0), (part, columns)) for i in starts])


def _list_uniform(lines: Grid) -> list[int]:
    """Give the numbers of the one-coloured lines."""
    return [number for number, line in enumerate(lines) if len(set(line)) == 1]


def frontiers(grid: Grid) -> Objects:
    """Give the one-coloured rows and columns."""
    rows, columns = range(len(grid)), range(len(grid[0]))
    across = frozenset([frozenset({(grid[i][j], (i, j)) for j in columns}) for i in _list_uniform(grid)])
    turned: Grid = dmirror(grid)  # type: ignore[assignment]
    down = frozenset([frozenset({(grid[i][j], (i, j)) for i in rows}) for j in _list_uniform(turned)])
    return across | down


def compress(grid: Grid) -> Grid:
    """Give the grid without its one-coloured rows and columns."""
    rows, columns = _list_uniform(grid), _list_uniform(dmirror(grid))  # type: ignore[arg-type]
    return tuple(
        [
            tuple([value for j, value in enumerate(row) if j not in columns])
            for i, row in enumerate(grid)
            if i not in rows
        ]
    )


def partition(grid: Grid) -> Objects:
    """Give an object for each colour, with all its cells."""
    return _part(grid, palette(grid))


def fgpartition(grid: Grid) -> Objects:
    """Give an object for each colour but the background, with all its cells."""
    return _part(grid, palette(grid) - {mostcolor(grid)})


def _part(grid: Grid, colors: IntegerSet) -> Objects:
    """Give an object for each of some colours, in their order."""
    cells: dict[int, list[Cell]] = {value: [] for value in colors}
    for i, row in enumerate(grid):
        for j, value in enumerate(row):
            if value in cells:
                cells[value].append((value, (i, j)))
    return frozenset(map(frozenset, cells.values()))


def _is_there(cells: Object, grid: Grid) -> bool:
    """Tell whether a grid has all cells."""
    rows, columns = len(grid), len(grid[0])
    return all(0 <= i < rows and 0 <= j < columns and grid[i][j] == value for value, (i, j) in cells)


def occurrences(grid: Grid, obj: Object) -> Indices:
    """Give the places where an object, put there with its upper left corner, is in the grid."""
    cells: Object = normalize(obj)  # type: ignore[assignment]
    rows, columns = len(grid), len(grid[0])
    down, across = rows - height(obj) + 1, columns - width(obj) + 1
    starts = [(i, j) for i in range(down) for j in range(across)]
    if isinstance(obj, tuple) or not _is_whole(grid):
        starts = [start for start in starts if _is_there(shift(cells, start), grid)]  # type: ignore[arg-type]
    elif starts:
        for value, (di, dj) in cells:
            starts = [(i, j) for i, j in starts if grid[i + di][j + dj] == value]
    return frozenset(set(starts))


_LINES: list[list[IntegerTuple]] = []  # places by row and column, from (-1, -1) on


def _extend(known: list[list[Any]], rows: int, columns: int, find: Callable) -> None:
    """Find what is not yet known of the places of a grid, by row and column; too much is forgotten."""
    lacking = rows * columns - sum([min(columns, len(line)) for line in known[:rows]])
    if sum(map(len, known)) + lacking > _PLACES_KNOWN:
        known.clear()
    known += [[] for _ in range(rows - len(known))]
    for i, line in enumerate(known[:rows]):
        line += [find(i, j) for j in range(len(line), columns)]


def _list_lines(rows: int, columns: int) -> list[list[IntegerTuple]]:
    """Give the places of a grid and around it, or of more, by row and column, from (-1, -1) on.

    Grids of all shapes have them in common: that saves memory, and sets find the same tuple sooner.
    """
    lines = _LINES if rows * columns <= _PLACES_KNOWN else []
    _extend(lines, rows + 2, columns + 2, lambda i, j: (i - 1, j - 1))
    return lines


def _list_own(rows: int, columns: int) -> list[IntegerTuple]:
    """Give the places of a grid, each always as the same tuple."""
    return [place for line in _list_lines(rows, columns)[1 : rows + 1] for place in line[1 : columns + 1]]


def _find_around(around: list[list[IntegerTuple]], j: int, diagonal: bool) -> Indices:
    """Give the places beside or around one, in the grid or not.

    Args:
        around: its row between those above and below it, from column -1 on.
        j: its column.
        diagonal: those around it.
    """
    above, line, below = around
    near = frozenset((above[j + 1], below[j + 1], line[j], line[j + 2]))
    if diagonal:
        near |= frozenset((above[j], above[j + 2], below[j], below[j + 2]))
    return near


def _find_near(i: int, j: int, diagonal: bool, below: bool, right: bool) -> Indices:
    """Give the places beside or around one, in a grid that goes on below it or not, to its right or not."""
    near = _find_around(_LINES[i : i + 3], j, diagonal)
    if i and j and below and right:
        return frozenset([*near])  # put in anew, as those of a grid are
    last, end = i + below, j + right
    return frozenset([place for place in near if 0 <= place[0] <= last and 0 <= place[1] <= end])


_find_near_edge = _lru_cache(maxsize=_PLACES_KNOWN // 16)(_find_near)
_NEAR: dict[bool, list[list[Indices]]] = {False: [], True: []}  # in grids that go on, by row and column


def _list_near(rows: int, columns: int, diagonal: bool) -> list[list[Indices]]:
    """Give what is beside or around each place of a grid, by row and column.

    Grids of all shapes have it in common, but for their last row and column.
    """
    _list_lines(rows, columns)
    known = _NEAR[diagonal]
    _extend(known, rows, columns, lambda i, j: _find_near(i, j, diagonal, True, True))
    near = [line[: columns - 1] for line in known[: rows - 1]]
    for i, line in enumerate(near):
        line.append(_find_near_edge(i, columns - 1, diagonal, True, False))
    edge = [_find_near_edge(rows - 1, j, diagonal, False, True) for j in range(columns - 1)]
    return [*near, [*edge, _find_near_edge(rows - 1, columns - 1, diagonal, False, False)]]


_list_near_again = _lru_cache(maxsize=512)(_list_near)


class _NearAnew:
    """What is beside or around the places of a row, found each time: the grid has too many to remember."""

    def __init__(self, around: list[list[IntegerTuple]], outside: list[IntegerTuple], diagonal: bool) -> None:
        """Take the row between those above and below it, and the places of these that are not in the grid."""
        self.around, self.outside, self.diagonal = around, frozenset(outside), diagonal

    def __getitem__(self, j: int) -> Indices:
        return _find_around(self.around, j, self.diagonal) - self.outside


def _list_near_anew(rows: int, columns: int, diagonal: bool) -> list[_NearAnew]:
    """Give the same, of a grid that has too many places to remember."""
    lines = _list_lines(rows, columns)
    near = []
    for i in range(rows):
        around = lines[i : i + 3]
        outside = [place for line in around for place in (line[0], line[-1])]
        if i == 0:
            outside += around[0]
        if i == rows - 1:
            outside += around[2]
        near.append(_NearAnew(around, outside, diagonal))
    return near


def _look_near(rows: int, columns: int, diagonal: bool) -> list[Any]:
    """Give what is beside or around each place of a grid, by row and column."""
    if rows * columns > _PLACES_KNOWN:
        return _list_near_anew(rows, columns, diagonal)
    return (_list_near_again if rows * columns <= _CELLS_KNOWN else _list_near)(rows, columns, diagonal)


@_lru_cache(maxsize=16)
def _order_places(rows: int, columns: int) -> Tuple:
    """Give all places of a grid in the order of their set."""
    return tuple(frozenset(_list_own(rows, columns)))


@_lru_cache(maxsize=512)
def _order_cells(rows: int, columns: int) -> tuple[Tuple, Callable]:
    """Give all places of a grid in the order of their set, and what puts its cells into that order."""
    numbers = {place: number for number, place in enumerate(_list_own(rows, columns))}
    places = _order_places.__wrapped__(rows, columns)
    return places, _itemgetter(*map(numbers.__getitem__, places), 0, 0)  # two more: it gives a tuple


@_lru_cache(maxsize=256)
def _mark(background: int) -> bytes:
    """Tell for each colour whether it is another than the background."""
    return bytes([value != background for value in range(256)])


@_lru_cache(maxsize=256)
def _spread(rows: int, columns: int, diagonal: bool) -> list[IntegerTuple]:
    """Give all places of a grid as they are reached from the first one."""
    near = _look_near(rows, columns, diagonal)
    order: list[IntegerTuple] = []
    seen: set[IntegerTuple] = set()
    reached = {next(iter(_list_places(rows, columns)))}
    while reached:
        order += reached
        seen |= reached
        reached = set().union(*[near[i][j] for i, j in reached]) - seen
    return order


_spread_far = _lru_cache(maxsize=32)(_spread.__wrapped__)  # for grids of more cells


def objects(grid: Grid, univalued: Boolean, diagonal: Boolean, without_bg: Boolean) -> Objects:
    """Give the objects: cells connected by their sides.

    Args:
        grid: where to look.
        univalued: an object has one colour.
        diagonal: cells are connected by their corners too.
        without_bg: the background is no object, nor part of one.
    """
    whole = _is_whole(grid)
    colors = _colors(grid) if without_bg or whole else []
    packed = _pack(colors)
    background: Any = max(set(colors), key=packed.count) if without_bg else None
    left = len(packed) - (packed.count(background) if without_bg else 0) if whole else 0  # cells to be found
    rows, columns = len(grid), len(grid[0])
    diagonal = bool(diagonal)
    usual = whole and isinstance(packed, bytes) and 0 < len(packed) <= _PLACES_KNOWN
    if usual and not without_bg and (not univalued or packed.count(packed[0]) == left):
        spread = _spread if left <= _CELLS_KNOWN else _spread_far
        places = spread(rows, columns, diagonal)
        return initset(frozenset({(grid[place[0]][place[1]], place) for place in places}))
    starts: _Iterable[IntegerTuple]
    if rows * columns > _CELLS_KNOWN:
        order_places = _order_places if rows * columns <= _PLACES_KNOWN else _order_places.__wrapped__
        starts = order_places(rows, columns)
    else:
        starts, order = _order_cells(rows, columns)
        if usual and without_bg:
            starts = _compress(starts, order(packed.translate(_mark(background))))  # type: ignore[union-attr]
    near = _look_near(rows, columns, diagonal)
    found = set()
    seen: set[IntegerTuple] = set()
    for start in _filterfalse(seen.__contains__, starts):
        i, j = start
        value = grid[i][j]
        if value == background:
            continue
        cells = {(value, start)}
        seen.add(start)
        reached = set(near[i][j]) - seen
        while reached:
            ahead: set[IntegerTuple] = set()
            for place in reached:
                i, j = place
                here = grid[i][j]
                if here == value if univalued else here != background:
                    cells.add((here, place))
                    seen.add(place)
                    ahead |= near[i][j]
            reached = ahead - seen
        found.add(frozenset(cells))
        left -= len(cells)
        if not left:
            break
    return frozenset(found)


# New grids


def canvas(value: Integer, dimensions: IntegerTuple) -> Grid:
    """Give the grid of one colour in a size."""
    rows = len(range(dimensions[0]))
    return ((value,) * dimensions[1],) * rows if rows else ()


def fill(grid: Grid, value: Integer, patch: Patch) -> Grid:
    """Give the grid with a colour at the places of a patch."""
    rows, columns = len(grid), len(grid[0])
    drawn: list[Any] = [*grid]
    for i, j in _places(patch):
        if 0 <= i < rows and 0 <= j < columns:
            line = drawn[i]
            if type(line) is not list:
                line = drawn[i] = list(line)
            line[j] = value
    return tuple(map(tuple, drawn))


def paint(grid: Grid, obj: Object) -> Grid:
    """Give the grid with the cells of an object."""
    rows, columns = len(grid), len(grid[0])
    drawn: list[Any] = [*grid]
    for value, (i, j) in obj:
        if 0 <= i < rows and 0 <= j < columns:
            line = drawn[i]
            if type(line) is not list:
                line = drawn[i] = list(line)
            line[j] = value
    return tuple(map(tuple, drawn))


def underfill(grid: Grid, value: Integer, patch: Patch) -> Grid:
    """Give the grid with a colour at those places of a patch that are background."""
    rows, columns = len(grid), len(grid[0])
    background = mostcolor(grid)
    drawn = list(map(list, grid))
    for i, j in _places(patch):
        if 0 <= i < rows and 0 <= j < columns and drawn[i][j] == background:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def underpaint(grid: Grid, obj: Object) -> Grid:
    """Give the grid with those cells of an object that are on background."""
    rows, columns = len(grid), len(grid[0])
    background = mostcolor(grid)
    drawn = list(map(list, grid))
    for value, (i, j) in obj:
        if 0 <= i < rows and 0 <= j < columns and drawn[i][j] == background:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def cover(grid: Grid, patch: Patch) -> Grid:
    """Give the grid with background at the places of a patch."""
    return fill(grid, mostcolor(grid), _places(patch))


def move(grid: Grid, obj: Object, offset: IntegerTuple) -> Grid:
    """Give the grid with an object moved by a step."""
    return paint(cover(grid, obj), shift(obj, offset))  # type: ignore[arg-type]


def replace(grid: Grid, replacee: Integer, replacer: Integer) -> Grid:
    """Give the grid with one colour in place of another."""
    return tuple(
        [
            tuple([replacer if value == replacee else value for value in row] if replacee in row else row)
            for row in grid
        ]
    )


def switch(grid: Grid, a: Integer, b: Integer) -> Grid:
    """Give the grid with two colours exchanged."""
    exchanged = {a: b, b: a}
    return tuple(
        [
            tuple([exchanged.get(value, value) for value in row] if a in row or b in row else row)
            for row in grid
        ]
    )


def cellwise(a: Grid, b: Grid, fallback: Integer) -> Grid:
    """Give the cells of `a` that are the same in `b`, the fallback colour elsewhere."""
    columns = range(len(a[0]))
    if columns and _is_whole(b) and _is_whole(a):
        if len(a) > len(b) or len(columns) > len(b[0]):
            raise IndexError("the second grid does not cover the first one")
        return tuple(
            [
                row
                if row == other
                else tuple([value if value == here else fallback for value, here in zip(row, other)])
                for row, other in zip(a, b)
            ]
        )
    return tuple(
        [tuple([a[i][j] if a[i][j] == b[i][j] else fallback for j in columns]) for i in range(len(a))]
    )


def hconcat(a: Grid, b: Grid) -> Grid:
    """Give the grids side by side."""
    return tuple(map(_add, a, b))


def vconcat(a: Grid, b: Grid) -> Grid:
    """Give the grids one above the other."""
    return a + b


def hupscale(grid: Grid, factor: Integer) -> Grid:
    """Give the grid with every column `factor` times."""
    return tuple([tuple(_chain.from_iterable(zip(*[row] * factor))) if len(row) else () for row in grid])


def vupscale(grid: Grid, factor: Integer) -> Grid:
    """Give the grid with every row `factor` times."""
    return tuple([copy for row in grid for copy in (row,) * factor])


def downscale(grid: Grid, factor: Integer) -> Grid:
    """Give every `factor`-th row and column from the first on."""
    columns = range(len(grid[0]))
    narrowed = [tuple([row[j] for j in columns if j % factor == 0]) for row in grid]
    return tuple([row for i, row in enumerate(narrowed) if i % factor == 0])


def rot90(grid: Grid) -> Grid:
    """Give the grid turned clockwise."""
    return tuple(zip(*grid[::-1]))


def rot180(grid: Grid) -> Grid:
    """Give the grid turned by half."""
    return tuple([row[::-1] for row in grid[::-1]])


def rot270(grid: Grid) -> Grid:
    """Give the grid turned counterclockwise."""
    return rot180(rot90(grid))


__all__ = [  # the vocabulary, without the types
    name
    for name, value in globals().items()
    if getattr(value, "__module__", "") == __name__ and not name.startswith("_")
]


_DEFAULTS: dict[object, Any] = {  # by result type; of any other it is ()
    "Boolean": False,
    "Integer": 0,
    "Numerical": 0,
    "Callable": identity,
    **dict.fromkeys(
        ("FrozenSet", "IntegerSet", "Object", "Objects", "Indices", "IndicesSet", "Patch"),
        frozenset(),
    ),
}


def _get_safe_default(function: object) -> Any:
    """Give the value that a failed call of a function takes: an empty one of its result type.

    Returns:
        frozenset(), 0, False or `identity` as the function's annotation says, () where it says
        something else or nothing.
    """
    annotations = getattr(function, "__annotations__", {})
    return _DEFAULTS.get(annotations.get("return"), ())
