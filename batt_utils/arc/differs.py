"""The differs: what a grid I has and a grid C to compare it with has not, and the other way round.

Straight-line programs in the form of the solvers. The first item of each value is a size.
"""

# mypy: allow-untyped-defs
# ruff: noqa: E741

from batt_utils.arc.constants import ONE, F, T
from batt_utils.arc.dsl import difference, objects, palette, repeat, size, sizefilter


def differ_colors_lost(S, I, C):
    """Count the colours of I that C has not."""
    x1 = palette(I)
    x2 = palette(C)
    x3 = difference(x1, x2)
    x4 = size(x3)
    O = repeat(x4, ONE)
    return O


def differ_colors_gained(S, I, C):
    """Count the colours of C that I has not."""
    x1 = palette(I)
    x2 = palette(C)
    x3 = difference(x2, x1)
    x4 = size(x3)
    O = repeat(x4, ONE)
    return O


def differ_dots_lost(S, I, C):
    """Count the one-cell objects of I that C has not."""
    x1 = objects(I, T, T, F)
    x2 = sizefilter(x1, ONE)
    x3 = objects(C, T, T, F)
    x4 = sizefilter(x3, ONE)
    x5 = difference(x2, x4)
    x6 = size(x5)
    O = repeat(x6, ONE)
    return O


def differ_dots_gained(S, I, C):
    """Count the one-cell objects of C that I has not."""
    x1 = objects(I, T, T, F)
    x2 = sizefilter(x1, ONE)
    x3 = objects(C, T, T, F)
    x4 = sizefilter(x3, ONE)
    x5 = difference(x4, x2)
    x6 = size(x5)
    O = repeat(x6, ONE)
    return O
