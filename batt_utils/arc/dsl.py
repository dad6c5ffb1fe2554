"""The DSL: 160 functions on numbers, containers, grids, objects and patches.

A grid is a tuple of rows, a cell `(colour, (row, column))`, an object a frozenset of cells, a patch
an object or a frozenset of places; steps and sizes are `(rows, columns)` as well. The background of
a grid is its most frequent colour.

Programs run these functions tens of thousands of times a second, so none logs or checks its arguments.
What does not fit raises TypeError, AttributeError or ValueError, for which a batt takes the value of
`_get_safe_default`. The order of a frozenset's items decides ties; it depends on the order in which
they were put in, so sets are built from their sources' items one by one, in order.
"""

from __future__ import annotations

from collections.abc import Callable as _Function
from collections.abc import Collection as _Collection
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
        if isinstance(b, int):
            return a + b
        i, j = b
        return (a + i, a + j)
    i, j = a
    if isinstance(b, int):
        return (i + b, j + b)
    k, m = b
    return (i + k, j + m)


def subtract(a: Numerical, b: Numerical) -> Numerical:
    """The difference; of a number and a pair item by item."""
    if isinstance(a, int):
        if isinstance(b, int):
            return a - b
        i, j = b
        return (a - i, a - j)
    i, j = a
    if isinstance(b, int):
        return (i - b, j - b)
    k, m = b
    return (i - k, j - m)


def multiply(a: Numerical, b: Numerical) -> Numerical:
    """The product; of a number and a pair item by item."""
    if isinstance(a, int):
        if isinstance(b, int):
            return a * b
        i, j = b
        return (a * i, a * j)
    i, j = a
    if isinstance(b, int):
        return (i * b, j * b)
    k, m = b
    return (i * k, j * m)


def divide(a: Numerical, b: Numerical) -> Numerical:
    """The quotient, rounded down; of a number and a pair item by item."""
    try:
        if isinstance(a, int):
            if isinstance(b, int):
                return a // b
            i, j = b
            return (a // i, a // j)
        i, j = a
        if isinstance(b, int):
            return (i // b, j // b)
        k, m = b
        return (i // k, j // m)
    except ZeroDivisionError as error:
        raise ValueError("division by zero") from error


def invert(n: Numerical) -> Numerical:
    """The negative."""
    if isinstance(n, int):
        return -n
    i, j = n
    return (-i, -j)


def even(n: Integer) -> Boolean:
    """Whether a number is even."""
    return n % 2 == 0


def double(n: Numerical) -> Numerical:
    """Twice the number."""
    if isinstance(n, int):
        return n * 2
    i, j = n
    return (i * 2, j * 2)


def halve(n: Numerical) -> Numerical:
    """Half the number, rounded down."""
    if isinstance(n, int):
        return n // 2
    i, j = n
    return (i // 2, j // 2)


def flip(b: Boolean) -> Boolean:
    """The opposite."""
    return not b


def increment(x: Numerical) -> Numerical:
    """One more."""
    if isinstance(x, int):
        return x + 1
    i, j = x
    return (i + 1, j + 1)


def decrement(x: Numerical) -> Numerical:
    """One less."""
    if isinstance(x, int):
        return x - 1
    i, j = x
    return (i - 1, j - 1)


def crement(x: Numerical) -> Numerical:
    """One further away from zero; zero stays."""
    return add(x, sign(x))


def sign(x: Numerical) -> Numerical:
    """1, 0 or -1."""
    if isinstance(x, int):
        return (x > 0) - (x < 0)
    i, j = x
    return ((i > 0) - (i < 0), (j > 0) - (j < 0))


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
    for item in container:
        return item
    raise ValueError("first of an empty container")


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
    """The items without those that came before."""
    return tuple(dict.fromkeys(tup))


def order(container: Container, compfunc: Callable) -> Tuple:
    """The items by rising `compfunc`."""
    return tuple(sorted(container, key=compfunc))


def initset(value: Any) -> FrozenSet:
    """The set of one item."""
    return frozenset((value,))


def insert(value: Any, container: FrozenSet) -> FrozenSet:
    """The set with one more item."""
    return container.union((value,))


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
    """The greatest `compfunc` of an item, 0 of none."""
    return max(map(compfunc, container), default=0)


def valmin(container: Container, compfunc: Callable) -> Integer:
    """The least `compfunc` of an item, 0 of none."""
    return min(map(compfunc, container), default=0)


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
    return type(container)(filter(condition, container))


def mfilter(container: Container, function: Callable) -> FrozenSet:
    """The merged items that meet a condition."""
    return merge(sfilter(container, function))  # type: ignore[return-value]


def extract(container: Container, condition: Callable) -> Any:
    """The first item that meets a condition."""
    for item in container:
        if condition(item):
            return item
    raise ValueError("no item meets the condition")


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
    return _partial(function, fixed)


def rbind(function: Callable, fixed: Any) -> Callable:
    """The function with its last argument fixed."""
    return lambda *arguments: function(*arguments, fixed)


def power(function: Callable, n: Integer) -> Callable:
    """The function applied `n` times, once at least."""
    if n < 1:
        raise ValueError(f"no power {n} of a function")

    def apply_often(x: Any) -> Any:
        for _ in range(n):
            x = function(x)
        return x

    return apply_often


def apply(function: Callable, container: Container) -> Container:
    """The function of each item."""
    return type(container)(map(function, container))


def rapply(functions: Container, value: Any) -> Container:
    """Each function of the value."""
    return type(functions)([function(value) for function in functions])


def mapply(function: Callable, container: ContainerContainer) -> FrozenSet:
    """The merged results of the function of each item."""
    return merge(apply(function, container))  # type: ignore[return-value]


def papply(function: Callable, a: Tuple, b: Tuple) -> Tuple:
    """The function of each pair of items at the same place."""
    return tuple(map(function, a, b))


def mpapply(function: Callable, a: Tuple, b: Tuple) -> Tuple:
    """The merged results of the function of each pair of items at the same place."""
    return merge(papply(function, a, b))  # type: ignore[return-value]


def prapply(function, a: Container, b: Container) -> FrozenSet:  # type: ignore[no-untyped-def]
    """The function of all pairs of an item of `a` and one of `b`; the vocabulary gives it no type."""
    return frozenset([function(i, j) for j in b for i in a])


# Patches


def _holds_cells(patch: Patch) -> _TypeGuard[Object]:
    """Whether a patch is an object, not a set of places."""
    if len(patch) == 0:  # None has no length, and is no empty patch
        return False
    _, place = next(iter(patch))
    return isinstance(place, tuple)


def _places(patch: Patch) -> _Collection[IntegerTuple]:
    """The places of a patch, in its order."""
    return [place for _, place in patch] if _holds_cells(patch) else patch  # type: ignore[return-value]


def _bounds(patch: Patch) -> tuple[int, int, int, int]:
    """The rows and columns where a patch begins and ends: top, left, bottom, right."""
    rows, columns = zip(*_places(patch))
    return min(rows), min(columns), max(rows), max(columns)


def toindices(patch: Patch) -> Indices:
    """The places of a patch."""
    return frozenset(_places(patch)) if _holds_cells(patch) else patch  # type: ignore[return-value]


def recolor(value: Integer, patch: Patch) -> Object:
    """The object with one colour at the places of a patch."""
    return frozenset([(value, place) for place in _places(patch)])


def uppermost(patch: Patch) -> Integer:
    """The first row."""
    return min([i for i, _ in _places(patch)])


def lowermost(patch: Patch) -> Integer:
    """The last row."""
    return max([i for i, _ in _places(patch)])


def leftmost(patch: Patch) -> Integer:
    """The first column."""
    return min([j for _, j in _places(patch)])


def rightmost(patch: Patch) -> Integer:
    """The last column."""
    return max([j for _, j in _places(patch)])


def ulcorner(patch: Patch) -> IntegerTuple:
    """The upper left corner of the bounding box."""
    rows, columns = zip(*_places(patch))
    return (min(rows), min(columns))


def urcorner(patch: Patch) -> IntegerTuple:
    """The upper right corner of the bounding box."""
    rows, columns = zip(*_places(patch))
    return (min(rows), max(columns))


def llcorner(patch: Patch) -> IntegerTuple:
    """The lower left corner of the bounding box."""
    rows, columns = zip(*_places(patch))
    return (max(rows), min(columns))


def lrcorner(patch: Patch) -> IntegerTuple:
    """The lower right corner of the bounding box."""
    rows, columns = zip(*_places(patch))
    return (max(rows), max(columns))


def corners(patch: Patch) -> Indices:
    """The corners of the bounding box."""
    top, left, bottom, right = _bounds(patch)
    return frozenset(((top, left), (top, right), (bottom, left), (bottom, right)))


def center(patch: Patch) -> IntegerTuple:
    """The centre of the bounding box, the lower right one of two."""
    top, left, bottom, right = _bounds(patch)
    return (top + (bottom - top + 1) // 2, left + (right - left + 1) // 2)


def centerofmass(patch: Patch) -> IntegerTuple:
    """The mean row and column, rounded down."""
    rows, columns = zip(*toindices(patch))
    return (sum(rows) // len(patch), sum(columns) // len(patch))


def shift(patch: Patch, directions: IntegerTuple) -> Patch:
    """The patch moved by a step."""
    di, dj = directions
    if _holds_cells(patch):
        return frozenset([(value, (i + di, j + dj)) for value, (i, j) in patch])
    return frozenset([(i + di, j + dj) for i, j in patch])  # type: ignore[operator]


def normalize(patch: Patch) -> Patch:
    """The patch moved to the origin."""
    if len(patch) == 0:
        return patch
    i, j = ulcorner(patch)
    return shift(patch, (-i, -j))


def vline(patch: Patch) -> Boolean:
    """Whether a patch is a vertical line."""
    return shape(patch) == (len(patch), 1)


def hline(patch: Patch) -> Boolean:
    """Whether a patch is a horizontal line."""
    return shape(patch) == (1, len(patch))


def vmatching(a: Patch, b: Patch) -> Boolean:
    """Whether two patches share a column."""
    return not {j for _, j in _places(a)}.isdisjoint([j for _, j in _places(b)])


def hmatching(a: Patch, b: Patch) -> Boolean:
    """Whether two patches share a row."""
    return not {i for i, _ in _places(a)}.isdisjoint([i for i, _ in _places(b)])


def manhattan(a: Patch, b: Patch) -> Integer:
    """The least number of steps from a place of `a` to one of `b`."""
    places = _places(b)
    return min([abs(i - k) + abs(j - m) for i, j in _places(a) for k, m in places])


def _border(places: _Collection[IntegerTuple]) -> list[IntegerTuple]:
    """What is next to places, some of them included."""
    return [beside for i, j in places for beside in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))]


def adjacent(a: Patch, b: Patch) -> Boolean:
    """Whether two patches are next to each other, side by side, without a common place."""
    places = toindices(b)
    return places.isdisjoint(_places(a)) and not places.isdisjoint(_border(_places(a)))


def bordering(patch: Patch, grid: Grid) -> Boolean:
    """Whether a patch is at the edge of a grid."""
    top, left, bottom, right = _bounds(patch)
    return top == 0 or left == 0 or bottom == len(grid) - 1 or right == width(grid) - 1


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
    places = toindices(source)
    border = set(_border(places))
    goals = _places(destination)
    for step in range(_REACH):
        nearer = [(i - step * di, j - step * dj) for i, j in goals]
        if places.isdisjoint(nearer) and not border.isdisjoint(nearer):
            return (step * di, step * dj)
    return (_REACH * di, _REACH * dj)


def backdrop(patch: Patch) -> Indices:
    """The places of the bounding box."""
    if len(patch) == 0:
        return frozenset()
    top, left, bottom, right = _bounds(patch)
    columns = range(left, right + 1)
    return frozenset([(i, j) for i in range(top, bottom + 1) for j in columns])


def delta(patch: Patch) -> Indices:
    """The places of the bounding box that are not in the patch."""
    return backdrop(patch) - toindices(patch)


def _outline(patch: Patch, margin: int) -> Indices:
    """The edge of the bounding box, widened by a margin on every side."""
    if len(patch) == 0:
        return frozenset()
    top, left, bottom, right = _bounds(patch)
    top, bottom = sorted((top - margin, bottom + margin))
    left, right = sorted((left - margin, right + margin))
    sides = [(i, j) for j in (left, right) for i in range(top, bottom + 1)]
    return frozenset(sides + [(i, j) for i in (top, bottom) for j in range(left, right + 1)])


def box(patch: Patch) -> Indices:
    """The edge of the bounding box."""
    return _outline(patch, 0)


def inbox(patch: Patch) -> Indices:
    """The edge of the box one within the bounding box."""
    return _outline(patch, -1)


def outbox(patch: Patch) -> Indices:
    """The edge of the box one around the bounding box."""
    return _outline(patch, 1)


# Places


def dneighbors(loc: IntegerTuple) -> Indices:
    """The four places beside a place."""
    i, j = loc
    return frozenset(((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)))


def ineighbors(loc: IntegerTuple) -> Indices:
    """The four places diagonally from a place."""
    i, j = loc
    return frozenset(((i - 1, j - 1), (i - 1, j + 1), (i + 1, j - 1), (i + 1, j + 1)))


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
    i, j = start
    di, dj = direction
    return connect(start, (i + _REACH * di, j + _REACH * dj))


def hfrontier(location: IntegerTuple) -> Indices:
    """The places of the row of a place."""
    i, _ = location
    return frozenset([(i, j) for j in range(_LONGEST_SIDE)])


def vfrontier(location: IntegerTuple) -> Indices:
    """The places of the column of a place."""
    _, j = location
    return frozenset([(i, j) for i in range(_LONGEST_SIDE)])


# Pieces and elements: a grid as well as a patch or an object


def height(piece: Piece) -> Integer:
    """The number of rows, of a patch those of its bounding box."""
    if isinstance(piece, tuple):
        return len(piece)
    if len(piece) == 0:
        return 0
    rows = [i for i, _ in _places(piece)]
    return max(rows) - min(rows) + 1


def width(piece: Piece) -> Integer:
    """The number of columns, of a patch those of its bounding box."""
    if isinstance(piece, tuple):
        return len(piece[0]) if piece else 0
    if len(piece) == 0:
        return 0
    columns = [j for _, j in _places(piece)]
    return max(columns) - min(columns) + 1


def shape(piece: Piece) -> IntegerTuple:
    """The number of rows and of columns."""
    if isinstance(piece, tuple):
        return (len(piece), len(piece[0]) if piece else 0)
    if len(piece) == 0:
        return (0, 0)
    top, left, bottom, right = _bounds(piece)
    return (bottom - top + 1, right - left + 1)


def portrait(piece: Piece) -> Boolean:
    """Whether a piece is higher than wide."""
    rows, columns = shape(piece)
    return rows > columns


def square(piece: Piece) -> Boolean:
    """Whether a piece is a full square."""
    rows, columns = shape(piece)
    return rows == columns and (isinstance(piece, tuple) or rows * columns == len(piece))


def hmirror(piece: Piece) -> Piece:
    """The piece upside down."""
    if isinstance(piece, tuple):
        return piece[::-1]
    rows = [i for i, _ in _places(piece)]
    total = min(rows) + max(rows)
    if _holds_cells(piece):
        return frozenset([(value, (total - i, j)) for value, (i, j) in piece])
    return frozenset([(total - i, j) for i, j in piece])  # type: ignore[return-value]


def vmirror(piece: Piece) -> Piece:
    """The piece with left and right exchanged."""
    if isinstance(piece, tuple):
        return tuple([row[::-1] for row in piece])
    columns = [j for _, j in _places(piece)]
    total = min(columns) + max(columns)
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
    return frozenset(_colors(element))


def numcolors(element: Element) -> IntegerSet:
    """The number of colours."""
    return len(palette(element))  # type: ignore[return-value]  # the vocabulary says IntegerSet


def colorcount(element: Element, value: Integer) -> Integer:
    """The number of cells of a colour."""
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
        return element
    steps = range(factor)
    small: Object = normalize(element)  # type: ignore[assignment]
    scaled = frozenset(
        [
            (value, (i * factor + di, j * factor + dj))
            for value, (i, j) in small
            for di in steps
            for dj in steps
        ]
    )
    return shift(scaled, ulcorner(element))  # type: ignore[return-value]


# Objects


def color(obj: Object) -> Integer:
    """The colour of a one-coloured object."""
    return first(obj)[0]  # type: ignore[no-any-return]


def colorfilter(objs: Objects, value: Integer) -> Objects:
    """The objects of a colour."""
    return frozenset([obj for obj in objs if color(obj) == value])


def _find_period(cells: list[tuple[int, int, int]]) -> int:
    """The least step along `at` by which cells `(at, across, colour)` repeat."""
    start = min(cells)[0]
    length = max(cells)[0] - start + 1
    known = set(cells)
    for period in range(1, length):
        least = start + period
        if known.issuperset([(at - period, across, value) for at, across, value in cells if at >= least]):
            return period
    return length


def hperiod(obj: Object) -> Integer:
    """The number of columns after which an object repeats, else its width."""
    return _find_period([(j, i, value) for value, (i, j) in obj])


def vperiod(obj: Object) -> Integer:
    """The number of rows after which an object repeats, else its height."""
    return _find_period([(i, j, value) for value, (i, j) in obj])


# Parts of grids


def index(grid: Grid, loc: IntegerTuple) -> Integer:
    """The colour at a place, None outside the grid."""
    i, j = loc
    if 0 <= i < len(grid) and 0 <= j < len(grid[0]):
        return grid[i][j]
    return None  # type: ignore[return-value]


@_lru_cache(maxsize=32)
def _list_places(rows: int, columns: int) -> Indices:
    """All places of a grid."""
    return frozenset([(i, j) for i in range(rows) for j in range(columns)])


def asindices(grid: Grid) -> Indices:
    """All places."""
    return _list_places(*shape(grid))


def asobject(grid: Grid) -> Object:
    """The grid as an object."""
    return frozenset([(value, (i, j)) for i, row in enumerate(grid) for j, value in enumerate(row)])


def ofcolor(grid: Grid, value: Integer) -> Indices:
    """The places of a colour."""
    return frozenset([(i, j) for i, row in enumerate(grid) for j, found in enumerate(row) if found == value])


def toobject(patch: Patch, grid: Grid) -> Object:
    """The object of the grid's cells at the places of a patch."""
    rows, columns = shape(grid)
    return frozenset([(grid[i][j], (i, j)) for i, j in _places(patch) if 0 <= i < rows and 0 <= j < columns])


def crop(grid: Grid, start: IntegerTuple, dims: IntegerTuple) -> Grid:
    """The part of a grid from a place on, in a size."""
    i, j = start
    rows, columns = dims
    return tuple([row[j : j + columns] for row in grid[i : i + rows]])


def subgrid(patch: Patch, grid: Grid) -> Grid:
    """The part of a grid in the bounding box of a patch."""
    top, left, bottom, right = _bounds(patch)
    return tuple([row[left : right + 1] for row in grid[top : bottom + 1]])


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
    half = width(grid) // 2
    return tuple([row[:half] for row in grid]) if half else ()


def righthalf(grid: Grid) -> Grid:
    """The right half, without the middle column; of one column, the empty grid."""
    half = width(grid) // 2
    return tuple([row[-half:] for row in grid]) if half else ()


def _split(length: int, n: int) -> tuple[int, range]:
    """The length and the starts of `n` equal parts, one apart if something is left over."""
    if n == 0:
        raise ValueError("no split into 0 parts")
    part, rest = divmod(length, n)
    step = part + (rest > 0)
    return part, range(0, n * step, step) if step else range(0)


def hsplit(grid: Grid, n: Integer) -> Tuple:
    """The `n` equal parts of a grid from left to right."""
    part, starts = _split(width(grid), n)
    return tuple([tuple([row[j : j + part] for row in grid]) for j in starts])


def vsplit(grid: Grid, n: Integer) -> Tuple:
    """The `n` equal parts of a grid from top to bottom."""
    part, starts = _split(len(grid), n)
    return tuple([grid[i : i + part] for i in starts])


def _list_uniform(lines: Grid) -> list[int]:
    """The numbers of the one-coloured lines."""
    return [number for number, line in enumerate(lines) if len(set(line)) == 1]


def frontiers(grid: Grid) -> Objects:
    """The one-coloured rows and columns."""
    rows = [frozenset([(value, (i, j)) for j, value in enumerate(grid[i])]) for i in _list_uniform(grid)]
    turned = tuple(zip(*grid))
    columns = [
        frozenset([(value, (i, j)) for i, value in enumerate(turned[j])]) for j in _list_uniform(turned)
    ]
    return frozenset(rows) | frozenset(columns)


def compress(grid: Grid) -> Grid:
    """The grid without its one-coloured rows and columns."""
    rows, columns = set(_list_uniform(grid)), set(_list_uniform(tuple(zip(*grid))))
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


def occurrences(grid: Grid, obj: Object) -> Indices:
    """The places where an object, put there with its upper left corner, is in the grid."""
    rows, columns = shape(grid)
    top, left, bottom, right = _bounds(obj)
    starts = [(i, j) for i in range(rows - bottom + top) for j in range(columns - right + left)]
    for value, (k, m) in obj:
        di, dj = k - top, m - left
        starts = [(i, j) for i, j in starts if grid[i + di][j + dj] == value]
    return frozenset(starts)


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
    edge = _map_edge(*shape(grid), bool(diagonal))
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
    rows, columns = dimensions
    return ((value,) * columns,) * rows


def fill(grid: Grid, value: Integer, patch: Patch) -> Grid:
    """The grid with a colour at the places of a patch."""
    rows, columns = shape(grid)
    drawn = list(map(list, grid))
    for i, j in _places(patch):
        if 0 <= i < rows and 0 <= j < columns:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def paint(grid: Grid, obj: Object) -> Grid:
    """The grid with the cells of an object."""
    rows, columns = shape(grid)
    drawn = list(map(list, grid))
    for value, (i, j) in obj:
        if 0 <= i < rows and 0 <= j < columns:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def underfill(grid: Grid, value: Integer, patch: Patch) -> Grid:
    """The grid with a colour at those places of a patch that are background."""
    background = mostcolor(grid)
    rows, columns = shape(grid)
    drawn = list(map(list, grid))
    for i, j in _places(patch):
        if 0 <= i < rows and 0 <= j < columns and drawn[i][j] == background:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def underpaint(grid: Grid, obj: Object) -> Grid:
    """The grid with those cells of an object that are on background."""
    background = mostcolor(grid)
    rows, columns = shape(grid)
    drawn = list(map(list, grid))
    for value, (i, j) in obj:
        if 0 <= i < rows and 0 <= j < columns and drawn[i][j] == background:
            drawn[i][j] = value
    return tuple(map(tuple, drawn))


def cover(grid: Grid, patch: Patch) -> Grid:
    """The grid with background at the places of a patch."""
    return fill(grid, mostcolor(grid), patch)


def move(grid: Grid, obj: Object, offset: IntegerTuple) -> Grid:
    """The grid with an object moved by a step."""
    return paint(cover(grid, obj), shift(obj, offset))  # type: ignore[arg-type]


def replace(grid: Grid, replacee: Integer, replacer: Integer) -> Grid:
    """The grid with one colour in place of another."""
    return tuple([tuple([replacer if value == replacee else value for value in row]) for row in grid])


def switch(grid: Grid, a: Integer, b: Integer) -> Grid:
    """The grid with two colours exchanged."""
    exchanged = {b: a, a: b}
    return tuple([tuple([exchanged.get(value, value) for value in row]) for row in grid])


def cellwise(a: Grid, b: Grid, fallback: Integer) -> Grid:
    """The cells of `a` that are the same in `b`, the fallback colour elsewhere."""
    if len(a) > len(b) or width(a) > width(b):
        raise ValueError("the second grid does not cover the first one")
    return tuple(
        [
            tuple([value if value == seen else fallback for value, seen in zip(row, under)])
            for row, under in zip(a, b)
        ]
    )


def hconcat(a: Grid, b: Grid) -> Grid:
    """The grids side by side."""
    return tuple([left + right for left, right in zip(a, b)])


def vconcat(a: Grid, b: Grid) -> Grid:
    """The grids one above the other."""
    return a + b


def hupscale(grid: Grid, factor: Integer) -> Grid:
    """The grid with every column `factor` times."""
    times = range(factor)
    return tuple([tuple([value for value in row for _ in times]) for row in grid])


def vupscale(grid: Grid, factor: Integer) -> Grid:
    """The grid with every row `factor` times."""
    times = range(factor)
    return tuple([row for row in grid for _ in times])


def downscale(grid: Grid, factor: Integer) -> Grid:
    """Every `factor`-th row and column from the first on."""
    return tuple([row[::factor] for row in grid[::factor]])


def rot90(grid: Grid) -> Grid:
    """The grid turned clockwise."""
    return tuple(zip(*grid[::-1]))


def rot180(grid: Grid) -> Grid:
    """The grid turned by half."""
    return tuple([row[::-1] for row in grid[::-1]])


def rot270(grid: Grid) -> Grid:
    """The grid turned counterclockwise."""
    return tuple(zip(*grid))[::-1]


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
