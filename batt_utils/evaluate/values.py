"""Values of calls: what is a grid, how large they are, what stands for them in other processes."""

import marshal
import sys
from collections.abc import Iterable
from contextlib import suppress
from hashlib import md5
from itertools import chain
from math import inf
from operator import is_
from types import FunctionType
from typing import Any, cast

from batt_utils.tasks import Grid, Sample

LARGE = 100 * 100  # items: no ARC grid has as many cells


class _Spoiled:
    """What stands for the value of a call that failed, or that never ran."""


SPOILED = _Spoiled()


def is_grid(value: object) -> bool:
    """Tell whether a value is a tuple of tuples of ints."""
    return (
        type(value) is tuple
        and {*map(type, value)} <= {tuple}
        and {*map(type, chain.from_iterable(value))} <= {int}
    )


def find_size(value: object) -> float:
    """Count the cells of a grid, or the items of another value; infinity for what is spoiled."""
    if type(value) is tuple:
        return len(value) * len(value[0]) if value and type(value[0]) is tuple else len(value)
    if type(value) is frozenset:
        return len(value)
    return inf if value is SPOILED else 1


def keep_size(value: object, least_items: int = 1) -> tuple[int, ...] | None:
    """Keep what counts of a differ's value: `(size,)` if its first item is an int and no bool.

    The value has so many items at least; where these are more than one, zeros stand for the others.
    """
    if isinstance(value, tuple) and len(value) >= least_items and type(value[0]) is int:
        return (value[0], *[0] * (least_items - 1))
    return None


def merge_grids(values: Iterable[object], sample: Sample) -> list[object]:
    """Give the values with one object for equal grids that are not large: the sample's where it has one."""
    # What is equal need not be the same to a program: True and 1, or sets built in another order.
    grids: dict[bytes, object] = {}
    merged = [
        grids.setdefault(marshal.dumps(cast(Grid, value), 2), value)
        if find_size(value) <= LARGE and is_grid(value)
        else value
        for value in (*sample.values(), *values)
    ]
    return merged[len(sample) :]


def fingerprint(value: object) -> object:
    """Make a small stand-in for a value: equal for equal values, in every worker.

    It is for nests of tuples, frozensets and plain values, and for functions that have a name of their own;
    anything else, such as a function made on the way, equals only itself.
    """
    with suppress(TypeError, ValueError):
        return _digest_grid(value)
    with suppress(TypeError, ValueError, OverflowError, RecursionError):
        plain = _canonical(value)
        with suppress(TypeError, ValueError):
            return _digest_grid(plain)
        return md5(repr(plain).encode()).digest()
    return object()


def _digest_grid(value: Any) -> bytes:
    if type(value) is not tuple or {*map(type, value)} != {tuple}:
        raise TypeError("no grid")
    rows = [bytes(row) for row in value]
    return md5(b"%r" % [len(row) for row in rows] + b"".join(rows)).digest()


def _canonical(value: object) -> object:
    if isinstance(value, (int, float)):
        return int(value) if value == int(value) else value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return tuple(map(_canonical, value))
    if isinstance(value, frozenset):
        return "frozenset", sorted(repr(_canonical(item)) for item in value)
    if not _has_name(value):
        raise TypeError(f"{type(value).__name__} has no canonical form")
    return "name", getattr(value, "__module__", None), getattr(value, "__qualname__", "")


def _has_name(value: object) -> bool:
    """Tell whether a module has a value by the name that it goes by."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    return getattr(sys.modules.get(str(module)), name, None) is value


def renew(value: object) -> object:
    """Give a value as another run of its program would: functions made on the way are new ones in it."""
    if find_size(value) > LARGE:
        return value
    if type(value) is tuple or type(value) is frozenset:
        items = list(value)
        renewed = [*map(renew, items)]
        return value if all(map(is_, items, renewed)) else type(value)(renewed)
    if isinstance(value, FunctionType) and not _has_name(value):
        made = value.__code__, value.__globals__, value.__name__, value.__defaults__, value.__closure__
        return FunctionType(*made)
    return value
