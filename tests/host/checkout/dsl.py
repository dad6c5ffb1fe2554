"""What the DSL has in its own way; the rest of it is generated around this."""

# ruff: noqa: F403, F405

from arc_types import *


def _count_parameters(function: "Callable") -> "Integer":
    count = getattr(function, "_original_argcount", None)
    return function.__code__.co_argcount if count is None else count


def rbind(function: "Callable", fixed: "Any") -> "Callable":
    count = _count_parameters(function) - 1

    def bound(*arguments):
        return function(*arguments[:count], fixed)

    bound._original_argcount = count
    return bound


def lbind(function: "Callable", fixed: "Any") -> "Callable":
    count = _count_parameters(function) - 1

    def bound(*arguments):
        return function(fixed, *arguments[:count])

    bound._original_argcount = count
    return bound


def second(container: "Container") -> "Any":
    return get_nth(container, 1)


def get_nth(container: "Container", n: "Integer") -> "Any":
    *_, item = zip(range(n + 1), container, strict=False)
    if item[0] != n:
        raise IndexError(f"no item {n}")
    return item[1]


def get_nth_t(container: "Tuple", n: "Integer") -> "Any":
    return container[n]


def get_nth_f(container: "FrozenSet", n: "Integer") -> "Any":
    return get_nth(sorted(container), n)


def get_rank(container: "Container", n: "Integer") -> "Integer":
    return sorted(container)[n]


def p_g(grid: "Grid") -> "IntegerTuple":
    return tuple(sorted({value for row in grid for value in row}))


def nth_of(container: "Container") -> "Callable":
    return lambda n: container[n]


def look_up(pairs: "Container") -> "Callable":
    known = dict(pairs)
    return lambda key: known[key]
