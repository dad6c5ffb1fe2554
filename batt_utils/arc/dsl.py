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

from collections.abc import Callable as _Function
from functools import lru_cache as _lru_cache
from functools import partial as _partial
from itertools import chain as _chain
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
_PLACES_KNOWN = 2**15  # so many neighborhoods are remembered
_LONGEST_SIDE = 30  # cells: of a task's grid


# Numbers


def add(a: Numerical, b: Numerical) -> Numerical:
    """The sum; a number and a pair are added item by item."""
    if isinstance(a, int):
        return a + b if isinstance(b, int) else (a + b[0], a + b[1])
    if isinstance(b, tuple):
        return (a[0] + b[0], a[1] + b[1])
    return (a[0] + b, a[1] + b)


def subtract(a: Numerical, b: Numerical) -> Numerical:
    """The difference; of a number and a pair item by item."""
    if isinstance(a, int):
        return a - b if isinstance(b, int) else (a - b[0], a - b[1])
    if isinstance(b, tuple):
        return (a[0] - b[0], a[1] - b[1])
    return (a[0] - b, a[1] - b)


def multiply(a: Numerical, b: Numerical) -> Numerical:
    """The product; of a number and a pair item by item."""
    if isinstance(a, int):
        return a * b if isinstance(b, int) else (a * b[0], a * b[1])
    if isinstance(b, tuple):
        return (a[0] * b[0], a[1] * b[1])
    return (a[0] * b, a[1] * b)


def divide(a: Numerical, b: Numerical) -> Numerical:
    """The quotient, rounded down; of a number and a pair item by item."""
    if isinstance(a, int):
        return a // b if isinstance(b, int) else (a // b[0], a // b[1])
    if isinstance(b, tuple):
        return (a[0] // b[0], a[1] // b[1])
    return (a[0] // b, a[1] // b)


def invert(n: Numerical) -> Numerical:
    """The negative."""
    return -n if isinstance(n, int) else (-n[0], -n[1])


def even(n: Integer) -> Boolean:
    """Whether a number is even."""
    return n % 2 == 0


def double(n: Numerical) -> Numerical:
    """Twice the number."""
    return n * 2 if isinstance(n, int) else (n[0] * 2, n[1] * 2)


def halve(n: Numerical) -> Numerical:
    """Half the number, rounded down."""
    return n // 2 if isinstance(n, int) else (n[0] // 2, n[1] // 2)


def flip(b: Boolean) -> Boolean:
    """The opposite."""
    return not b


def increment(x: Numerical) -> Numerical:
    """One more."""
    return x + 1 if isinstance(x, int) else (x[0] + 1, x[1] + 1)


def decrement(x: Numerical) -> Numerical:
    """One less."""
    return x - 1 if isinstance(x, int) else (x[0] - 1, x[1] - 1)


def crement(x: Numerical) -> Numerical:
    """One further away from zero; zero stays."""
    return add(x, sign(x))


def sign(x: Numerical) -> Numerical:
    """1, 0 or -1."""
    if isinstance(x, int):
        return (x > 0) - (x < 0)
    return ((x[0] > 0) - (x[0] < 0), (x[1] > 0) - (x[1] < 0))


def positive(x: Integer) -> Boolean:
    """Whether a number is above zero."""
    return x > 0


def greater(a: Integer, b: Integer) -> Boolean:
    """Whether `a` is greater than `b`."""
    return a > b


def toivec(i: Integer) -> IntegerTuple:
    """A step of `i` rows."""
    return (i, 0)


def tojvec(j: Integer) -> IntegerTuple:
    """A step of `j` columns."""
    return (0, j)


def astuple(a: Integer, b: Integer) -> IntegerTuple:
    """The pair of two numbers."""
    return (a, b)


def interval(start: Integer, stop: Integer, step: Integer) -> Tuple:
    """The numbers of a range."""
    return tuple(range(start, stop, step))


# Logic


def identity(x: Any) -> Any:
    """The value itself."""
    return x


def equality(a: Any, b: Any) -> Boolean:
    """Whether two values are equal."""
    return a == b  # type: ignore[no-any-return]


def contained(value: Any, container: Container) -> Boolean:
    """Whether a value is in a container."""
    return value in container


def both(a: Boolean, b: Boolean) -> Boolean:
    """Logical and."""
    return a and b


def either(a: Boolean, b: Boolean) -> Boolean:
    """Logical or."""
    return a or b


def branch(condition: Boolean, a: Any, b: Any) -> Any:
    """`a` if the condition is true, else `b`."""
    return a if condition else b


# Containers


def size(container: Container) -> Integer:
    """The number of items."""
    return len(container)


def first(container: Container) -> Any:
    """The first item."""
    return next(iter(container))


def last(container: Container) -> Any:
    """The last item."""
    *_, item = container
    return item


def totuple(container: FrozenSet) -> Tuple:
    """The items as a tuple."""
    return tuple(container)


def repeat(item: Any, num: Integer) -> Tuple:
    """A tuple of `num` times the item."""
    return (item,) * num


def pair(a: Tuple, b: Tuple) -> TupleTuple:
    """The pairs of items at the same place."""
    return tuple(zip(a, b))


def product(a: Container, b: Container) -> FrozenSet:
    """All pairs of an item of `a` and one of `b`."""
    return frozenset([(i, j) for j in b for i in a])


def dedupe(tup: Tuple) -> Tuple:
    """The items of a tuple without those that came before."""
    if not len(tup):
        return ()
    if not isinstance(tup, tuple):
        raise TypeError(f"{type(tup).__name__} has no items that came before")
    return tuple(dict.fromkeys(tup))


def order(container: Container, compfunc: Callable) -> Tuple:
    """The items by rising `compfunc`."""
    return tuple(sorted(container, key=compfunc))


def initset(value: Any) -> FrozenSet:
    """The set of one item."""
    return frozenset((value,))


def insert(value: Any, container: FrozenSet) -> FrozenSet:
    """The set with one more item."""
    return container.union(initset(value))


def remove(value: Any, container: Container) -> Container:
    """The items other than `value`."""
    return type(container)([item for item in container if item != value])


def other(container: Container, value: Any) -> Any:
    """The first item other than `value`."""
    return first(remove(value, container))


def combine(a: Container, b: Container) -> Container:
    """The items of both, in a container like `a`."""
    return type(a)((*a, *b))


def merge(containers: ContainerContainer) -> Container:
    """The items of all containers, in one like the outer one."""
    return type(containers)(_chain.from_iterable(containers))


def difference(a: FrozenSet, b: FrozenSet) -> FrozenSet:
    """The items of `a` that are not in `b`."""
    return type(a)([item for item in a if item not in b])


def intersection(a: FrozenSet, b: FrozenSet) -> FrozenSet:
    """The items in both sets."""
    return a & b


def maximum(container: IntegerSet) -> Integer:
    """The greatest number, 0 of none."""
    return max(container, default=0)


def minimum(container: IntegerSet) -> Integer:
    """The least number, 0 of none."""
    return min(container, default=0)


def valmax(container: Container, compfunc: Callable) -> Integer:
    """The greatest `compfunc` of an item, that of 0 where there is none."""
    return compfunc(max(container, key=compfunc, default=0))  # type: ignore[no-any-return]


def valmin(container: Container, compfunc: Callable) -> Integer:
    """The least `compfunc` of an item, that of 0 where there is none."""
    return compfunc(min(container, key=compfunc, default=0))  # type: ignore[no-any-return]


def argmax(container: Container, compfunc: Callable) -> Any:
    """The first item with the greatest `compfunc`."""
    return max(container, key=compfunc)


def argmin(container: Container, compfunc: Callable) -> Any:
    """The first item with the least `compfunc`."""
    return min(container, key=compfunc)


def mostcommon(container: Container) -> Any:
    """The most frequent item of a tuple."""
    return max(set(container), key=container.count)  # type: ignore[union-attr]


def leastcommon(container: Container) -> Any:
    """The least frequent item of a tuple."""
    return min(set(container), key=container.count)  # type: ignore[union-attr]


def sizefilter(container: Container, n: Integer) -> FrozenSet:
    """The items of size `n`."""
    return frozenset([item for item in container if len(item) == n])


def sfilter(container: Container, condition: Callable) -> Container:
    """The items that meet a condition."""
    return type(container)(item for item in container if condition(item))


def mfilter(container: Container, function: Callable) -> FrozenSet:
    """The merged items that meet a condition."""
    return merge(sfilter(container, function))  # type: ignore[return-value]


def extract(container: Container, condition: Callable) -> Any:
    """The first item that meets a condition."""
    return next(item for item in container if condition(item))


# Functions of functions


def compose(outer: Callable, inner: Callable) -> Callable:
    """The function `outer(inner(x))`."""
    return lambda x: outer(inner(x))


def chain(h: Callable, g: Callable, f: Callable) -> Callable:
    """The function `h(g(f(x)))`."""
    return lambda x: h(g(f(x)))


def fork(outer: Callable, a: Callable, b: Callable) -> Callable:
    """The function `outer(a(x), b(x))`."""
    return lambda x: outer(a(x), b(x))


def matcher(function: Callable, target: Any) -> Callable:
    """The function that tells whether `function(x)` equals the target."""
    return lambda x: function(x) == target


def lbind(function: Callable, fixed: Any) -> Callable:
    """The function with its first argument fixed."""
    _check_function(function)
    return _partial(function, fixed)


def _check_function(value: Any) -> None:
    """Raises AttributeError for what is no function."""
    if not callable(value):
        raise AttributeError(f"{type(value).__name__} has no arguments to fix")


def rbind(function: Callable, fixed: Any) -> Callable:
    """The function with its last argument fixed."""
    _check_function(function)
    return lambda *arguments: function(*arguments, fixed)


def power(function: Callable, n: Integer) -> Callable:
    """The function applied `n` times."""
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
    """The function of each item."""
    return type(container)(function(item) for item in container)


def rapply(functions: Container, value: Any) -> Container:
    """Each function of the value."""
    return type(functions)(function(value) for function in functions)


def mapply(function: Callable, container: ContainerContainer) -> FrozenSet:
    """The merged results of the function of each item."""
    return merge(apply(function, container))  # type: ignore[return-value]


def papply(function: Callable, a: Tuple, b: Tuple) -> Tuple:
    """The function of each pair of items at the same place."""
    return tuple(function(i, j) for i, j in zip(a, b))


def mpapply(function: Callable, a: Tuple, b: Tuple) -> Tuple:
    """The merged results of the function of each pair of items at the same place."""
    return merge(papply(function, a, b))  # type: ignore[return-value]


def prapply(function, a: Container, b: Container) -> FrozenSet:  # type: ignore[no-untyped-def]
    """The function of all pairs of an item of `a` and one of `b`; the vocabulary gives it no type."""
    return frozenset(function(i, j) for j in b for i in a)


# Patches


def _holds_cells(patch: Patch) -> _TypeGuard[Object]:
    """Whether a patch is an object, not a set of places: its first item tells."""
    return isinstance(next(iter(patch))[1], tuple)


def toindices(patch: Patch) -> Indices:
    """The places of a patch."""
    if len(patch) == 0:
        return frozenset()
    return frozenset([place for _, place in patch]) if _holds_cells(patch) else patch  # type: ignore[return-value]


def recolor(value: Integer, patch: Patch) -> Object:
    """The object with one colour at the places of a patch."""
    return frozenset([(value, place) for place in toindices(patch)])


def uppermost(patch: Patch) -> Integer:
    """The first row."""
    return min([i for i, _ in toindices(patch)])


def lowermost(patch: Patch) -> Integer:
    """The last row."""
    return max([i for i, _ in toindices(patch)])


def leftmost(patch: Patch) -> Integer:
    """The first column."""
    return min([j for _, j in toindices(patch)])


def rightmost(patch: Patch) -> Integer:
    """The last column."""
    return max([j for _, j in toindices(patch)])


def _find_corner(patch: Patch, extremes: dict[int, Callable]) -> IntegerTuple:
    """A corner of the bounding box: which of the rows (0) and of the columns (1), KeyError of any more."""
    axes = enumerate(zip(*toindices(patch)))
    return tuple([extremes[axis](numbers) for axis, numbers in axes])


def ulcorner(patch: Patch) -> IntegerTuple:
    """The upper left corner of the bounding box, () of nothing."""
    return tuple(map(min, zip(*toindices(patch))))


def urcorner(patch: Patch) -> IntegerTuple:
    """The upper right corner of the bounding box, () of nothing."""
    return _find_corner(patch, {0: min, 1: max})


def llcorner(patch: Patch) -> IntegerTuple:
    """The lower left corner of the bounding box, () of nothing."""
    return _find_corner(patch, {0: max, 1: min})


def lrcorner(patch: Patch) -> IntegerTuple:
    """The lower right corner of the bounding box, () of nothing."""
    return tuple(map(max, zip(*toindices(patch))))


def corners(patch: Patch) -> Indices:
    """The corners of the bounding box."""
    return frozenset((ulcorner(patch), urcorner(patch), llcorner(patch), lrcorner(patch)))


def center(patch: Patch) -> IntegerTuple:
    """The centre of the bounding box, the lower right one of two."""
    return (uppermost(patch) + height(patch) // 2, leftmost(patch) + width(patch) // 2)


def centerofmass(patch: Patch) -> IntegerTuple:
    """The mean row and column, rounded down; () of nothing."""
    number = len(patch)
    return tuple([sum(numbers) // number for numbers in zip(*toindices(patch))])


def shift(patch: Patch, directions: IntegerTuple) -> Patch:
    """The patch moved by a step."""
    if len(patch) == 0:
        return patch
    di, dj = directions
    if _holds_cells(patch):
        return frozenset([(value, (i + di, j + dj)) for value, (i, j) in patch])
    return frozenset([(i + di, j + dj) for i, j in patch])  # type: ignore[operator]


def normalize(patch: Patch) -> Patch:
    """The patch moved to the origin."""
    if len(patch) == 0:
        return patch
    return shift(patch, (-uppermost(patch), -leftmost(patch)))


def vline(patch: Patch) -> Boolean:
    """Whether a patch is a vertical line."""
    return height(patch) == len(patch) and width(patch) == 1


def hline(patch: Patch) -> Boolean:
    """Whether a patch is a horizontal line."""
    return width(patch) == len(patch) and height(patch) == 1


def vmatching(a: Patch, b: Patch) -> Boolean:
    """Whether two patches share a column."""
    return not {j for _, j in toindices(a)}.isdisjoint([j for _, j in toindices(b)])


def hmatching(a: Patch, b: Patch) -> Boolean:
    """Whether two patches share a row."""
    return not {i for i, _ in toindices(a)}.isdisjoint([i for i, _ in toindices(b)])


def manhattan(a: Patch, b: Patch) -> Integer:
    """The least number of steps from a place of `a` to one of `b`."""
    return min([abs(i - k) + abs(j - m) for i, j in toindices(a) for k, m in toindices(b)])


def _number(patch: Patch) -> set[IntegerTuple]:
    """The places of a patch; TypeError where they are no numbers."""
    return {(+i, +j) for i, j in toindices(patch)}


def _border(places: set[IntegerTuple]) -> list[IntegerTuple]:
    """What is next to places, some of them included."""
    return [beside for i, j in places for beside in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))]


def adjacent(a: Patch, b: Patch) -> Boolean:
    """Whether two patches are next to each other, side by side, without a common place."""
    places = {(i, j) for i, j in toindices(a)}
    others = _number(b) if places else places
    if not others:
        raise ValueError("no distance from nothing")
    border = _border(places)
    return others.isdisjoint(places) and not others.isdisjoint(border)


def bordering(patch: Patch, grid: Grid) -> Boolean:
    """Whether a patch is at the edge of a grid."""
    return (
        uppermost(patch) == 0
        or leftmost(patch) == 0
        or lowermost(patch) == len(grid) - 1
        or rightmost(patch) == len(grid[0]) - 1
    )


def position(a: Patch, b: Patch) -> IntegerTuple:
    """The direction from `a` to `b`."""
    ai, aj = center(a)
    bi, bj = center(b)
    if ai == bi:
        return (0, 1 if aj < bj else -1)
    return (1 if ai < bi else -1, (aj < bj) - (aj > bj))


def gravitate(source: Patch, destination: Patch) -> IntegerTuple:
    """The step, in one direction, after which `source` is next to `destination`."""
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
    """The places of the bounding box."""
    if len(patch) == 0:
        return frozenset()
    top, left = ulcorner(patch)
    bottom, right = lrcorner(patch)
    columns = range(left, right + 1)
    return frozenset([(i, j) for i in range(top, bottom + 1) for j in columns])


def delta(patch: Patch) -> Indices:
    """The places of the bounding box that are not in the patch."""
    if len(patch) == 0:
        return frozenset()
    return backdrop(patch) - toindices(patch)


def _outline(corner: IntegerTuple, other: IntegerTuple) -> Indices:
    """The edge of the box between two opposite corners."""
    (top, bottom), (left, right) = map(sorted, zip(corner, other))
    rows, columns = range(top, bottom + 1), range(left, right + 1)
    sides = {(i, left) for i in rows} | {(i, right) for i in rows}
    return frozenset(sides | ({(top, j) for j in columns} | {(bottom, j) for j in columns}))


def box(patch: Patch) -> Indices:
    """The edge of the bounding box."""
    if len(patch) == 0:
        return patch  # type: ignore[return-value]
    top, left = ulcorner(patch)
    bottom, right = lrcorner(patch)
    return _outline((top, left), (bottom, right))


def inbox(patch: Patch) -> Indices:
    """The edge of the box one within the bounding box."""
    start = (uppermost(patch) + 1, leftmost(patch) + 1)
    return _outline(start, (lowermost(patch) - 1, rightmost(patch) - 1))


def outbox(patch: Patch) -> Indices:
    """The edge of the box one around the bounding box."""
    start = (uppermost(patch) - 1, leftmost(patch) - 1)
    return _outline(start, (lowermost(patch) + 1, rightmost(patch) + 1))


# Places


def dneighbors(loc: IntegerTuple) -> Indices:
    """The four places beside a place."""
    return frozenset(((loc[0] - 1, loc[1]), (loc[0] + 1, loc[1]), (loc[0], loc[1] - 1), (loc[0], loc[1] + 1)))


def ineighbors(loc: IntegerTuple) -> Indices:
    """The four places diagonally from a place."""
    above, below = loc[0] - 1, loc[0] + 1
    before, behind = loc[1] - 1, loc[1] + 1
    return frozenset(((above, before), (above, behind), (below, before), (below, behind)))


def neighbors(loc: IntegerTuple) -> Indices:
    """The eight places around a place."""
    return dneighbors(loc) | ineighbors(loc)


def connect(a: IntegerTuple, b: IntegerTuple) -> Indices:
    """The places of the straight or diagonal line between two places, none if there is no such line."""
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
    """The places of the line from a place in a direction, out of any grid."""
    return connect(start, (start[0] + _REACH * direction[0], start[1] + _REACH * direction[1]))


def hfrontier(location: IntegerTuple) -> Indices:
    """The places of the row of a place."""
    return frozenset([(location[0], j) for j in range(_LONGEST_SIDE)])


def vfrontier(location: IntegerTuple) -> Indices:
    """The places of the column of a place."""
    return frozenset([(i, location[1]) for i in range(_LONGEST_SIDE)])


# Pieces and elements: a grid as well as a patch or an object


def height(piece: Piece) -> Integer:
    """The number of rows, of a patch those of its bounding box."""
    if len(piece) == 0:
        return 0
    if isinstance(piece, tuple):
        return len(piece)
    rows = [i for i, _ in toindices(piece)]
    return max(rows) - min(rows) + 1


def width(piece: Piece) -> Integer:
    """The number of columns, of a patch those of its bounding box."""
    if len(piece) == 0:
        return 0
    if isinstance(piece, tuple):
        return len(piece[0])
    columns = [j for _, j in toindices(piece)]
    return max(columns) - min(columns) + 1


def shape(piece: Piece) -> IntegerTuple:
    """The number of rows and of columns."""
    return (height(piece), width(piece))


def portrait(piece: Piece) -> Boolean:
    """Whether a piece is higher than wide."""
    return height(piece) > width(piece)


def square(piece: Piece) -> Boolean:
    """Whether a piece is a full square."""
    if isinstance(piece, tuple):
        return len(piece) == len(piece[0])
    rows, columns = shape(piece)
    return rows == columns and rows * columns == len(piece)


def hmirror(piece: Piece) -> Piece:
    """The piece upside down."""
    if isinstance(piece, tuple):
        return piece[::-1]
    total = ulcorner(piece)[0] + lrcorner(piece)[0]
    if _holds_cells(piece):
        return frozenset([(value, (total - i, j)) for value, (i, j) in piece])
    return frozenset([(total - i, j) for i, j in piece])  # type: ignore[return-value]


def vmirror(piece: Piece) -> Piece:
    """The piece with left and right exchanged."""
    if isinstance(piece, tuple):
        return tuple([row[::-1] for row in piece])
    total = ulcorner(piece)[1] + lrcorner(piece)[1]
    if _holds_cells(piece):
        return frozenset([(value, (i, total - j)) for value, (i, j) in piece])
    return frozenset([(i, total - j) for i, j in piece])  # type: ignore[operator]


def dmirror(piece: Piece) -> Piece:
    """The piece mirrored at the diagonal from its upper left corner."""
    if isinstance(piece, tuple):
        return tuple(zip(*piece))
    top, left = ulcorner(piece)
    offset = top - left
    if _holds_cells(piece):
        return frozenset([(value, (j + offset, i - offset)) for value, (i, j) in piece])
    return frozenset([(j + offset, i - offset) for i, j in piece])  # type: ignore[operator]


def cmirror(piece: Piece) -> Piece:
    """The piece mirrored at the diagonal from its upper right corner."""
    return vmirror(dmirror(vmirror(piece)))


def _colors(element: Element) -> list[int]:
    """The colour of every cell, in order."""
    if isinstance(element, tuple):
        return list(_chain.from_iterable(element))
    return [value for value, _ in element]


def palette(element: Element) -> IntegerSet:
    """The colours."""
    return frozenset(set(_colors(element)))


def numcolors(element: Element) -> IntegerSet:
    """The number of colours."""
    return len(palette(element))  # type: ignore[return-value]  # the vocabulary says IntegerSet


def colorcount(element: Element, value: Integer) -> Integer:
    """The number of cells of a colour."""
    if isinstance(element, tuple):
        return sum([row.count(value) for row in element])
    return _colors(element).count(value)


def mostcolor(element: Element) -> Integer:
    """The most frequent colour."""
    colors = _colors(element)
    return max(set(colors), key=colors.count)


def leastcolor(element: Element) -> Integer:
    """The least frequent colour."""
    colors = _colors(element)
    return min(set(colors), key=colors.count)


def upscale(element: Element, factor: Integer) -> Element:
    """The element with every cell as a square of `factor` by `factor` cells."""
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
    """The colour of a one-coloured object."""
    return first(obj)[0]  # type: ignore[no-any-return]


def colorfilter(objs: Objects, value: Integer) -> Objects:
    """The objects of a colour."""
    return frozenset(obj for obj in objs if color(obj) == value)


def _find_period(cells: list[tuple[int, int, int]], length: int) -> int:
    """The least step along `at` by which cells `(at, across, colour)` repeat; `at` is below the length."""
    known = set(cells)
    for period in range(1, length):
        if known.issuperset([(at - period, across, value) for at, across, value in cells if at >= period]):
            return period
    return length


def hperiod(obj: Object) -> Integer:
    """The number of columns after which an object repeats, else its width."""
    cells: Object = normalize(obj)  # type: ignore[assignment]
    columns = width(cells)
    return _find_period([(j, i, value) for value, (i, j) in cells], columns) if columns > 1 else columns


def vperiod(obj: Object) -> Integer:
    """The number of rows after which an object repeats, else its height."""
    cells: Object = normalize(obj)  # type: ignore[assignment]
    rows = height(cells)
    return _find_period([(i, j, value) for value, (i, j) in cells], rows) if rows > 1 else rows


# Parts of grids


def index(grid: Grid, loc: IntegerTuple) -> Integer:
    """The colour at a place, None outside the grid."""
    i, j = loc
    rows, columns = len(grid), len(grid[0])
    if 0 <= i < rows and 0 <= j < columns:
        return grid[loc[0]][loc[1]]
    return None  # type: ignore[return-value]


@_lru_cache(maxsize=32)
def _list_places(rows: int, columns: int) -> Indices:
    """All places of a grid."""
    return frozenset([(i, j) for i in range(rows) for j in range(columns)])


def asindices(grid: Grid) -> Indices:
    """All places."""
    return _list_places(len(grid), len(grid[0])) if len(grid) else frozenset()


def asobject(grid: Grid) -> Object:
    """The grid as an object."""
    return frozenset([(value, (i, j)) for i, row in enumerate(grid) for j, value in enumerate(row)])


def ofcolor(grid: Grid, value: Integer) -> Indices:
    """The places of a colour."""
    return frozenset([(i, j) for i, row in enumerate(grid) for j, found in enumerate(row) if found == value])


def toobject(patch: Patch, grid: Grid) -> Object:
    """The object of the grid's cells at the places of a patch."""
    rows, columns = len(grid), len(grid[0])
    places = toindices(patch)
    return frozenset([(grid[i][j], (i, j)) for i, j in places if 0 <= i < rows and 0 <= j < columns])


def crop(grid: Grid, start: IntegerTuple, dims: IntegerTuple) -> Grid:
    """The part of a grid from a place on, in a size."""
    rows = grid[start[0] : start[0] + dims[0]]
    return tuple([row[start[1] : start[1] + dims[1]] for row in rows])


def subgrid(patch: Patch, grid: Grid) -> Grid:
    """The part of a grid in the bounding box of a patch."""
    return crop(grid, ulcorner(patch), shape(patch))


def trim(grid: Grid) -> Grid:
    """The grid without its outermost rows and columns."""
    return tuple([row[1:-1] for row in grid[1:-1]])


def tophalf(grid: Grid) -> Grid:
    """The upper half, without the middle row."""
    return grid[: len(grid) // 2]


def bottomhalf(grid: Grid) -> Grid:
    """The lower half, without the middle row."""
    return grid[(len(grid) + 1) // 2 :]


def lefthalf(grid: Grid) -> Grid:
    """The left half, without the middle column; of one column, the empty grid."""
    return rot270(tophalf(rot90(grid)))


def righthalf(grid: Grid) -> Grid:
    """The right half, without the middle column; of one column, the empty grid."""
    return rot270(bottomhalf(rot90(grid)))


def _split(length: int, n: int) -> tuple[int, list[int]]:
    """The length and the starts of `n` equal parts, one apart if something is left over."""
    part, rest = divmod(length, n)
    step = part + (rest != 0)
    return part, [number * step for number in range(n)]


def hsplit(grid: Grid, n: Integer) -> Tuple:
    """The `n` equal parts of a grid from left to right."""
    rows = len(grid)
    part, starts = _split(len(grid[0]), n)
    return tuple([crop(grid, (0, j), (rows, part)) for j in starts])


def vsplit(grid: Grid, n: Integer) -> Tuple:
    """The `n` equal parts of a grid from top to bottom."""
    part, starts = _split(len(grid), n)
    columns = len(grid[0])
    return tuple([crop(grid, (i, 0), (part, columns)) for i in starts])


def _list_uniform(lines: Grid) -> list[int]:
    """The numbers of the one-coloured lines."""
    return [number for number, line in enumerate(lines) if len(set(line)) == 1]


def frontiers(grid: Grid) -> Objects:
    """The one-coloured rows and columns."""
    rows, columns = range(len(grid)), range(len(grid[0]))
    across = frozenset([frozenset({(grid[i][j], (i, j)) for j in columns}) for i in _list_uniform(grid)])
    turned: Grid = dmirror(grid)  # type: ignore[assignment]
    down = frozenset([frozenset({(grid[i][j], (i, j)) for i in rows}) for j in _list_uniform(turned)])
    return across | down


def compress(grid: Grid) -> Grid:
    """The grid without its one-coloured rows and columns."""
    rows, columns = _list_uniform(grid), _list_uniform(dmirror(grid))  # type: ignore[arg-type]
    return tuple(
        [
            tuple([value for j, value in enumerate(row) if j not in columns])
            for i, row in enumerate(grid)
            if i not in rows
        ]
    )


def partition(grid: Grid) -> Objects:
    """An object for each colour, with all its cells."""
    return _part(grid, palette(grid))


def fgpartition(grid: Grid) -> Objects:
    """An object for each colour but the background, with all its cells."""
    return _part(grid, palette(grid) - {mostcolor(grid)})


def _part(grid: Grid, colors: IntegerSet) -> Objects:
    """An object for each of some colours, in their order."""
    cells: dict[int, list[Cell]] = {value: [] for value in colors}
    for i, row in enumerate(grid):
        for j, value in enumerate(row):
            if value in cells:
                cells[value].append((value, (i, j)))
    return frozenset(map(frozenset, cells.values()))


def _is_whole(grid: Grid) -> bool:
    """Whether all rows are tuples at least as long as the first one."""
    return {*map(type, grid)} == {tuple} and min(map(len, grid)) == len(grid[0])


def _is_there(cells: Object, grid: Grid) -> bool:
    """Whether a grid has all cells."""
    rows, columns = len(grid), len(grid[0])
    return all(0 <= i < rows and 0 <= j < columns and grid[i][j] == value for value, (i, j) in cells)


def occurrences(grid: Grid, obj: Object) -> Indices:
    """The places where an object, put there with its upper left corner, is in the grid."""
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


@_lru_cache(maxsize=_PLACES_KNOWN)
def _own(i: int, j: int) -> IntegerTuple:
    """The place, always as the same tuple: that saves memory, and sets find it sooner."""
    return (i, j)


class _Near(dict[IntegerTuple, "Indices"]):
    """The places beside or around each place, in a grid that goes on below and to the right.

    Grids of all shapes have these in common, but for their last row and column.
    """

    def __init__(self, around: _Function[[IntegerTuple], Indices]) -> None:
        self.around = around

    def __missing__(self, place: IntegerTuple) -> Indices:
        if len(self) >= _PLACES_KNOWN:
            self.clear()
        self[place] = frozenset([_own(i, j) for i, j in self.around(place) if i >= 0 and j >= 0])
        return self[place]


_BESIDE, _AROUND = _Near(dneighbors), _Near(neighbors)


@_lru_cache(maxsize=32)
def _map_edge(rows: int, columns: int, diagonal: bool) -> dict[IntegerTuple, Indices]:
    """For each place of the last row and column those beside it, or around it, in the grid."""
    around = neighbors if diagonal else dneighbors
    edge = [(rows - 1, j) for j in range(columns)] + [(i, columns - 1) for i in range(rows - 1)]
    return {
        place: frozenset([_own(i, j) for i, j in around(place) if 0 <= i < rows and 0 <= j < columns])
        for place in edge
    }


def objects(grid: Grid, univalued: Boolean, diagonal: Boolean, without_bg: Boolean) -> Objects:
    """The objects: cells connected by their sides.

    Args:
        grid: where to look.
        univalued: an object has one colour.
        diagonal: cells are connected by their corners too.
        without_bg: the background is no object, nor part of one.
    """
    background = mostcolor(grid) if without_bg else None
    near = _AROUND if diagonal else _BESIDE
    edge = _map_edge(len(grid), len(grid[0]), bool(diagonal))
    found = set()
    seen: set[IntegerTuple] = set()
    for start in asindices(grid):
        value = grid[start[0]][start[1]]
        if start in seen or value == background:
            continue
        cells = set()
        reached = {start}
        while reached:
            ahead: set[IntegerTuple] = set()
            for place in reached:
                here = grid[place[0]][place[1]]
                if here == value if univalued else here != background:
                    cells.add((here, place))
                    seen.add(place)
                    ahead |= edge[place] if place in edge else near[place]
            reached = ahead - seen
        found.add(frozenset(cells))
    return frozenset(found)


# New grids


def canvas(value: Integer, dimensions: IntegerTuple) -> Grid:
    """The grid of one colour in a size."""
    return tuple([(value,) * dimensions[1] for _ in range(dimensions[0])])


def fill(grid: Grid, value: Integer, patch: Patch) -> Grid:
    """The grid with a colour at the places of a patch."""
    rows, columns = len(grid), len(grid[0])
    drawn = list(map(list, grid))
    for i, j in toindices(patch):
        if 0 <= i < rows and 0 <= j < columns:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def paint(grid: Grid, obj: Object) -> Grid:
    """The grid with the cells of an object."""
    rows, columns = len(grid), len(grid[0])
    drawn = list(map(list, grid))
    for value, (i, j) in obj:
        if 0 <= i < rows and 0 <= j < columns:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def underfill(grid: Grid, value: Integer, patch: Patch) -> Grid:
    """The grid with a colour at those places of a patch that are background."""
    rows, columns = len(grid), len(grid[0])
    background = mostcolor(grid)
    drawn = list(map(list, grid))
    for i, j in toindices(patch):
        if 0 <= i < rows and 0 <= j < columns and drawn[i][j] == background:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def underpaint(grid: Grid, obj: Object) -> Grid:
    """The grid with those cells of an object that are on background."""
    rows, columns = len(grid), len(grid[0])
    background = mostcolor(grid)
    drawn = list(map(list, grid))
    for value, (i, j) in obj:
        if 0 <= i < rows and 0 <= j < columns and drawn[i][j] == background:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def cover(grid: Grid, patch: Patch) -> Grid:
    """The grid with background at the places of a patch."""
    return fill(grid, mostcolor(grid), toindices(patch))


def move(grid: Grid, obj: Object, offset: IntegerTuple) -> Grid:
    """The grid with an object moved by a step."""
    return paint(cover(grid, obj), shift(obj, offset))  # type: ignore[arg-type]


def replace(grid: Grid, replacee: Integer, replacer: Integer) -> Grid:
    """The grid with one colour in place of another."""
    return tuple([tuple([replacer if value == replacee else value for value in row]) for row in grid])


def switch(grid: Grid, a: Integer, b: Integer) -> Grid:
    """The grid with two colours exchanged."""
    exchanged = {a: b, b: a}
    return tuple([tuple([exchanged.get(value, value) for value in row]) for row in grid])


def cellwise(a: Grid, b: Grid, fallback: Integer) -> Grid:
    """The cells of `a` that are the same in `b`, the fallback colour elsewhere."""
    columns = range(len(a[0]))
    return tuple(
        [tuple([a[i][j] if a[i][j] == b[i][j] else fallback for j in columns]) for i in range(len(a))]
    )


def hconcat(a: Grid, b: Grid) -> Grid:
    """The grids side by side."""
    return tuple([left + right for left, right in zip(a, b)])


def vconcat(a: Grid, b: Grid) -> Grid:
    """The grids one above the other."""
    return a + b


def hupscale(grid: Grid, factor: Integer) -> Grid:
    """The grid with every column `factor` times."""
    return tuple([tuple([copy for value in row for copy in (value,) * factor]) for row in grid])


def vupscale(grid: Grid, factor: Integer) -> Grid:
    """The grid with every row `factor` times."""
    return tuple([copy for row in grid for copy in (row,) * factor])


def downscale(grid: Grid, factor: Integer) -> Grid:
    """Every `factor`-th row and column from the first on."""
    columns = range(len(grid[0]))
    narrowed = [tuple([row[j] for j in columns if j % factor == 0]) for row in grid]
    return tuple([row for i, row in enumerate(narrowed) if i % factor == 0])


def rot90(grid: Grid) -> Grid:
    """The grid turned clockwise."""
    return tuple(zip(*grid[::-1]))


def rot180(grid: Grid) -> Grid:
    """The grid turned by half."""
    return tuple([row[::-1] for row in grid[::-1]])


def rot270(grid: Grid) -> Grid:
    """The grid turned counterclockwise."""
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
    """The value that a failed call of a function takes: an empty one of its result type.

    Returns:
        frozenset(), 0, False or `identity` as the function's annotation says, () where it says
        something else or nothing.
    """
    annotations = getattr(function, "__annotations__", {})
    return _DEFAULTS.get(annotations.get("return"), ())
