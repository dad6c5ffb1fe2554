"""The DSL told plainly, to compare with: each function by loops, or by others.

What is told is its value, the kind of error, and the order of a set, which is that of its filling: with a
list, item by item (`frozenset([...])`), or as the copy of a set that was (`frozenset({...})`).
"""

# ruff: noqa: D103

import operator


def take_each(function, items):
    """Give the results for items; a StopIteration of the function's own is an error there, not the end."""
    results = []
    for item in items:
        try:
            results.append(function(item))
        except StopIteration as error:
            raise RuntimeError from error
    return results


# Numbers


def reckon(operation, a, b):
    """Reckon with two numbers, or two pairs item by item, where a number stands for a pair."""
    if isinstance(a, int) and isinstance(b, int):
        return operation(a, b)
    if not isinstance(a, tuple) and not (isinstance(a, int) and isinstance(b, tuple)):
        raise TypeError
    pair = []
    for place in (0, 1):
        left = a[place] if isinstance(a, tuple) else a
        right = b[place] if isinstance(b, tuple) else b
        pair.append(operation(left, right))
    return tuple(pair)


def reckon_one(operation, x):
    if isinstance(x, int):
        return operation(x)
    if not isinstance(x, tuple):
        raise TypeError
    pair = []
    for place in (0, 1):
        pair.append(operation(x[place]))
    return tuple(pair)


def add(a, b):
    return reckon(operator.add, a, b)


def subtract(a, b):
    return reckon(operator.sub, a, b)


def multiply(a, b):
    return reckon(operator.mul, a, b)


def divide(a, b):
    return reckon(operator.floordiv, a, b)


def invert(n):
    return reckon_one(operator.neg, n)


def double(n):
    return reckon_one(lambda x: x * 2, n)


def halve(n):
    return reckon_one(lambda x: x // 2, n)


def increment(x):
    return reckon_one(lambda x: x + 1, x)


def decrement(x):
    return reckon_one(lambda x: x - 1, x)


def sign(x):
    return reckon_one(lambda x: 1 if x > 0 else -1 if x < 0 else 0, x)


def crement(x):
    return reckon_one(lambda x: x + 1 if x > 0 else x - 1 if x < 0 else 0, x)


# Containers


def first(container):
    return next(iter(container))


def last(container):
    items = list(container)
    if not items:
        raise ValueError
    return items[-1]


def dedupe(tup):
    kept = []
    for place, item in enumerate(tup):
        if tup.index(item) == place:
            kept.append(item)
    return tuple(kept)


def insert(value, container):
    return container.union({value})


def remove(value, container):
    return type(container)([item for item in container if item != value])


def other(container, value):
    return first(remove(value, container))


def difference(a, b):
    kept = []
    for item in a:
        if item not in b:
            kept.append(item)
    return type(a)(kept)


def valmax(container, compfunc):
    return compfunc(max([*container], key=compfunc) if [*container] else 0)


def valmin(container, compfunc):
    return compfunc(min([*container], key=compfunc) if [*container] else 0)


def sizefilter(container, n):
    kept = []
    for item in container:
        if len(item) == n:
            kept.append(item)
    return frozenset(kept)


def sfilter(container, condition):
    fits = take_each(condition, container)
    return type(container)([item for item, fit in zip(container, fits) if fit])


def mfilter(container, function):
    return merge(sfilter(container, function))


def merge(containers):
    items = []
    for container in containers:
        items.extend(container)
    return type(containers)(items)


def extract(container, condition):
    for item in container:
        if take_each(condition, [item])[0]:
            return item
    raise StopIteration


def apply(function, container):
    return type(container)(take_each(function, container))


def rapply(functions, value):
    return type(functions)(take_each(lambda function: function(value), functions))


def mapply(function, container):
    return merge(apply(function, container))


def papply(function, a, b):
    return tuple(take_each(lambda pair: function(*pair), zip(a, b)))


def mpapply(function, a, b):
    return merge(papply(function, a, b))


def prapply(function, a, b):
    pairs = []
    for j in b:
        for i in a:
            pairs.append((i, j))
    return frozenset(take_each(lambda pair: function(*pair), pairs))


# Patches


def toindices(patch):
    if len(patch) == 0:
        return frozenset()
    if not isinstance(next(iter(patch))[1], tuple):
        return patch
    places = []
    for _, place in patch:
        places.append(place)
    return frozenset(places)


def list_axis(patch, axis):
    """List the rows, or the columns."""
    numbers = []
    for i, j in toindices(patch):
        numbers.append((i, j)[axis])
    return numbers


def recolor(value, patch):
    cells = []
    for place in toindices(patch):
        cells.append((value, place))
    return frozenset(cells)


def uppermost(patch):
    return min(list_axis(patch, 0))


def lowermost(patch):
    return max(list_axis(patch, 0))


def leftmost(patch):
    return min(list_axis(patch, 1))


def rightmost(patch):
    return max(list_axis(patch, 1))


def find_corner(patch, extremes):
    """Find what each of the extremes takes of the numbers at one place of the items, as far as all go."""
    places = [tuple(place) for place in toindices(patch)]
    corner = []
    for axis in range(min(map(len, places), default=0)):
        if axis == len(extremes):
            raise KeyError
        corner.append(extremes[axis]([place[axis] for place in places]))
    return tuple(corner)


def ulcorner(patch):
    return find_corner(patch, [min] * 99)


def urcorner(patch):
    return find_corner(patch, [min, max])


def llcorner(patch):
    return find_corner(patch, [max, min])


def lrcorner(patch):
    return find_corner(patch, [max] * 99)


def corners(patch):
    return frozenset([find(patch) for find in (ulcorner, urcorner, llcorner, lrcorner)])


def center(patch):
    middle_row = uppermost(patch) + height(patch) // 2
    return (middle_row, leftmost(patch) + width(patch) // 2)


def centerofmass(patch):
    return find_corner(patch, [lambda numbers: sum(numbers) // len(patch)] * 99)


def change_places(patch, change):
    """Give the patch other places; its first item tells whether it has colours."""
    colored = isinstance(next(iter(patch))[1], tuple)
    changed = []
    for item in patch:
        if colored:
            value, (i, j) = item
            changed.append((value, change(i, j)))
        else:
            i, j = item
            changed.append(change(i, j))
    return frozenset(changed)


def shift(patch, directions):
    if len(patch) == 0:
        return patch
    di, dj = directions
    return change_places(patch, lambda i, j: (i + di, j + dj))


def normalize(patch):
    return shift(patch, (-uppermost(patch), -leftmost(patch))) if len(patch) else patch


def vline(patch):
    return height(patch) == len(patch) and width(patch) == 1


def hline(patch):
    return width(patch) == len(patch) and height(patch) == 1


def vmatching(a, b):
    return bool(set(list_axis(a, 1)) & set(list_axis(b, 1)))


def hmatching(a, b):
    return bool(set(list_axis(a, 0)) & set(list_axis(b, 0)))


def manhattan(a, b):
    steps = []
    for i, j in toindices(a):
        for k, m in toindices(b):
            steps.append(abs(i - k) + abs(j - m))
    return min(steps)


def adjacent(a, b):
    return manhattan(a, b) == 1


def bordering(patch, grid):
    if uppermost(patch) == 0 or leftmost(patch) == 0 or lowermost(patch) == len(grid) - 1:
        return True
    return rightmost(patch) == len(grid[0]) - 1


def gravitate(source, destination):
    (i, j), (k, m) = center(source), center(destination)
    step = (1 if i < k else -1, 0) if vmatching(source, destination) else (0, 1 if j < m else -1)
    for number in range(42):
        if adjacent(source, destination):
            return multiply(number, step)
        source = shift(source, step)
    return multiply(42, step)


def backdrop(patch):
    if len(patch) == 0:
        return frozenset()
    top, left = ulcorner(toindices(patch))
    bottom, right = lrcorner(patch)
    places = []
    for i in range(top, bottom + 1):
        for j in range(left, right + 1):
            places.append((i, j))
    return frozenset(places)


def delta(patch):
    return backdrop(patch) - toindices(patch) if len(patch) else frozenset()


def draw_box(top, left, bottom, right):
    top, bottom, left, right = min(top, bottom), max(top, bottom), min(left, right), max(left, right)
    sides = [{(i, j) for i in range(top, bottom + 1)} for j in (left, right)]
    sides += [{(i, j) for j in range(left, right + 1)} for i in (top, bottom)]
    return frozenset((sides[0] | sides[1]) | (sides[2] | sides[3]))


def box(patch):
    if len(patch) == 0:
        return patch
    (top, left), (bottom, right) = ulcorner(patch), lrcorner(patch)
    return draw_box(top, left, bottom, right)


def inbox(patch):
    top, left = uppermost(patch) + 1, leftmost(patch) + 1
    return draw_box(top, left, lowermost(patch) - 1, rightmost(patch) - 1)


def outbox(patch):
    top, left = uppermost(patch) - 1, leftmost(patch) - 1
    return draw_box(top, left, lowermost(patch) + 1, rightmost(patch) + 1)


# Places


def step_from(loc, steps):
    places = []
    for di, dj in steps:
        places.append((loc[0] + di, loc[1] + dj))
    return frozenset(places)


def dneighbors(loc):
    return step_from(loc, [(-1, 0), (1, 0), (0, -1), (0, 1)])


def ineighbors(loc):
    return step_from(loc, [(-1, -1), (-1, 1), (1, -1), (1, 1)])


def neighbors(loc):
    return dneighbors(loc) | ineighbors(loc)


def connect(a, b):
    (i, j), (k, m) = a, b
    top, left = min(i, k), min(j, m)
    down, across = max(i, k) - top, max(j, m) - left
    places = []
    if 0 in (down, across) or down == across:
        rising = (k - i) * (m - j) < 0
        for step in range(max(down, across) + 1):
            column = left + (across - step if rising else step)
            places.append((top + step if down else i, column if across else j))
    return frozenset(places)


def shoot(start, direction):
    end = []
    for axis in (0, 1):
        end.append(start[axis] + 42 * direction[axis])
    return connect(start, tuple(end))


def hfrontier(location):
    return frozenset([(location[0], j) for j in range(30)])


def vfrontier(location):
    return frozenset([(i, location[1]) for i in range(30)])


# Pieces and elements


def measure(piece, axis):
    if isinstance(piece, tuple) and axis == 1 and piece:
        return len(piece[0])
    if isinstance(piece, tuple) or len(piece) == 0:
        return len(piece)
    numbers = list_axis(piece, axis)
    return max(numbers) - min(numbers) + 1


def height(piece):
    return measure(piece, 0)


def width(piece):
    return measure(piece, 1)


def shape(piece):
    return (height(piece), width(piece))


def portrait(piece):
    return height(piece) > width(piece)


def square(piece):
    if isinstance(piece, tuple):
        return len(piece) == len(piece[0])
    return height(piece) == width(piece) and height(piece) ** 2 == len(piece)


def hmirror(piece):
    if isinstance(piece, tuple):
        return tuple(reversed(piece))
    total = ulcorner(piece)[0] + lrcorner(piece)[0]
    return change_places(piece, lambda i, j: (total - i, j))


def vmirror(piece):
    if isinstance(piece, tuple):
        return tuple([row[::-1] for row in piece])
    total = ulcorner(piece)[1] + lrcorner(piece)[1]
    return change_places(piece, lambda i, j: (i, total - j))


def dmirror(piece):
    if isinstance(piece, tuple):
        return turn(piece)
    top, left = ulcorner(piece)
    return change_places(piece, lambda i, j: (top + (j - left), left + (i - top)))


def cmirror(piece):
    return vmirror(dmirror(vmirror(piece)))


def turn(lines):
    """List the columns of lines, as far as the shortest goes."""
    rows = [list(line) for line in lines]
    columns = []
    for j in range(min(map(len, rows), default=0)):
        columns.append(tuple([row[j] for row in rows]))
    return tuple(columns)


def list_colors(element):
    colors = []
    if isinstance(element, tuple):
        for row in element:
            colors.extend(row)
    else:
        for value, _ in element:
            colors.append(value)
    return colors


def palette(element):
    return frozenset({*list_colors(element)})


def numcolors(element):
    return len(palette(element))


def colorcount(element, value):
    if isinstance(element, tuple):
        return sum([row.count(value) for row in element])
    return sum([color == value for color in list_colors(element)])


def rank_colors(element):
    """List the colours with their numbers, in the order of the set of them."""
    colors = list_colors(element)
    if not colors:
        raise ValueError
    return [(color, sum([other == color for other in colors])) for color in set(colors)]


def mostcolor(element):
    numbers = [number for _, number in rank_colors(element)]
    return rank_colors(element)[numbers.index(max(numbers))][0]


def leastcolor(element):
    numbers = [number for _, number in rank_colors(element)]
    return rank_colors(element)[numbers.index(min(numbers))][0]


def upscale(element, factor):
    if isinstance(element, tuple):
        return vupscale(hupscale(element, factor), factor)
    if len(element) == 0:
        return frozenset()
    top, left = ulcorner(element)
    cells = set()
    for value, (i, j) in shift(element, (-top, -left)):
        for di in range(factor):
            for dj in range(factor):
                cells.add((value, (i * factor + di, j * factor + dj)))
    return shift(frozenset(cells), (top, left))


# Objects


def color(obj):
    return first(obj)[0]


def colorfilter(objs, value):
    colors = take_each(color, objs)
    return frozenset([obj for obj, found in zip(objs, colors) if found == value])


def find_period(obj, axis):
    cells = normalize(obj)
    length = measure(cells, axis)
    for period in range(1, length):
        moved = set()
        for value, (i, j) in shift(cells, (-period, 0) if axis == 0 else (0, -period)):
            if (i, j)[axis] >= 0:
                moved.add((value, (i, j)))
        if moved <= cells:
            return period
    return length


def hperiod(obj):
    return find_period(obj, 1)


def vperiod(obj):
    return find_period(obj, 0)


def objects(grid, univalued, diagonal, without_bg):
    background = mostcolor(grid) if without_bg else None
    rows, columns = len(grid), len(grid[0])
    found, done = set(), set()
    for start in asindices(grid):
        color = grid[start[0]][start[1]]
        if start in done or color == background:
            continue
        cells, layer = set(), {start}
        while layer:
            ahead = set()
            for i, j in layer:
                value = grid[i][j]
                if value == color if univalued else value != background:
                    cells.add((value, (i, j)))
                    done.add((i, j))
                    beside = set()
                    for k, m in (neighbors if diagonal else dneighbors)((i, j)):
                        if 0 <= k < rows and 0 <= m < columns:
                            beside.add((k, m))
                    ahead |= beside
            layer = ahead - done
        found.add(frozenset(cells))
    return frozenset(found)


# Parts of grids


def list_cells(grid):
    cells = []
    for i, row in enumerate(grid):
        for j, value in enumerate(row):
            cells.append((value, (i, j)))
    return cells


def index(grid, loc):
    i, j = loc
    rows, columns = len(grid), len(grid[0])
    return grid[loc[0]][loc[1]] if 0 <= i < rows and 0 <= j < columns else None


def asindices(grid):
    places = []
    for i in range(len(grid)):
        for j in range(len(grid[0])):
            places.append((i, j))
    return frozenset(places)


def asobject(grid):
    return frozenset(list_cells(grid))


def ofcolor(grid, value):
    return frozenset([place for color, place in list_cells(grid) if color == value])


def toobject(patch, grid):
    rows, columns = len(grid), len(grid[0])
    cells = []
    for i, j in toindices(patch):
        if 0 <= i < rows and 0 <= j < columns:
            cells.append((grid[i][j], (i, j)))
    return frozenset(cells)


def crop(grid, start, dims):
    part = []
    for row in grid[start[0] : start[0] + dims[0]]:
        part.append(row[start[1] : start[1] + dims[1]])
    return tuple(part)


def subgrid(patch, grid):
    return crop(grid, ulcorner(patch), shape(patch))


def lefthalf(grid):
    return rot270(rot90(grid)[: len(rot90(grid)) // 2])


def righthalf(grid):
    columns = rot90(grid)
    return rot270(columns[len(columns) - len(columns) // 2 :])


def hsplit(grid, n):
    rows, columns = len(grid), len(grid[0])
    part, gap = columns // n, columns % n != 0
    return tuple([crop(grid, (0, number * (part + gap)), (rows, part)) for number in range(n)])


def vsplit(grid, n):
    rows = len(grid)
    part, gap = rows // n, rows % n != 0
    columns = len(grid[0])
    return tuple([crop(grid, (number * (part + gap), 0), (part, columns)) for number in range(n)])


def list_plain(lines):
    return [number for number, line in enumerate(lines) if len(set(line)) == 1]


def frontiers(grid):
    rows, columns = len(grid), len(grid[0])
    across, down = [], []
    for i in list_plain(grid):
        across.append(frozenset({(grid[i][j], (i, j)) for j in range(columns)}))
    for j in list_plain(dmirror(grid)):
        down.append(frozenset({(grid[i][j], (i, j)) for i in range(rows)}))
    return frozenset(across) | frozenset(down)


def compress(grid):
    rows, columns = list_plain(grid), list_plain(dmirror(grid))
    kept = []
    for i, row in enumerate(grid):
        if i not in rows:
            kept.append(tuple([value for j, value in enumerate(row) if j not in columns]))
    return tuple(kept)


def part_colors(grid, colors):
    parts = []
    for color in colors:
        parts.append(frozenset([cell for cell in list_cells(grid) if cell[0] == color]))
    return frozenset(parts)


def partition(grid):
    return part_colors(grid, palette(grid))


def fgpartition(grid):
    return part_colors(grid, palette(grid) - {mostcolor(grid)})


def occurrences(grid, obj):
    cells = normalize(obj)
    rows, columns = len(grid), len(grid[0])
    found = set()
    for i in range(rows - height(obj) + 1):
        for j in range(columns - width(obj) + 1):
            for value, (k, m) in shift(cells, (i, j)):
                if not (0 <= k < rows and 0 <= m < columns) or grid[k][m] != value:
                    break
            else:
                found.add((i, j))
    return frozenset(found)


# New grids


def canvas(value, dimensions):
    rows = []
    for _ in range(dimensions[0]):
        rows.append(tuple([value for _ in range(dimensions[1])]))
    return tuple(rows)


def draw(grid, background, list_drawn):
    """Give the grid with the cells that are listed, on the background only if there is one."""
    rows, columns = len(grid), len(grid[0])
    on = [color(grid) for color in background]
    drawn = [list(row) for row in grid]
    for value, (i, j) in list_drawn():
        if 0 <= i < rows and 0 <= j < columns and (not on or drawn[i][j] == on[0]):
            drawn[i][j] = value
    return tuple([tuple(row) for row in drawn])


def fill(grid, value, patch):
    return draw(grid, [], lambda: [(value, place) for place in toindices(patch)])


def paint(grid, obj):
    return draw(grid, [], lambda: obj)


def underfill(grid, value, patch):
    return draw(grid, [mostcolor], lambda: [(value, place) for place in toindices(patch)])


def underpaint(grid, obj):
    return draw(grid, [mostcolor], lambda: obj)


def cover(grid, patch):
    return fill(grid, mostcolor(grid), toindices(patch))


def move(grid, obj, offset):
    return paint(cover(grid, obj), shift(obj, offset))


def recolor_each(grid, change):
    rows = []
    for row in grid:
        rows.append(tuple([change(value) for value in row]))
    return tuple(rows)


def replace(grid, replacee, replacer):
    return recolor_each(grid, lambda value: replacer if value == replacee else value)


def switch(grid, a, b):
    return recolor_each(grid, lambda value: a if value == b else b if value == a else value)


def cellwise(a, b, fallback):
    columns = len(a[0])
    rows = []
    for i in range(len(a)):
        row = []
        for j in range(columns):
            row.append(a[i][j] if a[i][j] == b[i][j] else fallback)
        rows.append(tuple(row))
    return tuple(rows)


def hconcat(a, b):
    return papply(operator.add, a, b)


def repeat_each(items, factor):
    repeated = []
    for item in items:
        for _ in range(factor):
            repeated.append(item)
    return tuple(repeated)


def hupscale(grid, factor):
    return tuple([repeat_each(row, factor) for row in grid])


def vupscale(grid, factor):
    return repeat_each(grid, factor)


def downscale(grid, factor):
    columns = len(grid[0])
    narrow = []
    for row in grid:
        narrow.append(tuple([row[j] for j in range(columns) if j % factor == 0]))
    return tuple([row for i, row in enumerate(narrow) if i % factor == 0])


def rot90(grid):
    return turn(grid[::-1])


def rot180(grid):
    return tuple([row[::-1] for row in grid[::-1]])


def rot270(grid):
    return rot180(rot90(grid))


def trim(grid):
    return tuple([row[1:-1] for row in grid[1:-1]])
