"""Programs that measure what one grid has and another has not."""

from constants import ONE
from dsl import colorcount, difference, mostcolor, palette, repeat, size, subtract


def differ_palette(S, I, C):  # noqa: E741
    return repeat(size(difference(palette(I), palette(C))), ONE)


def differ_background(S, I, C):  # noqa: E741
    color = mostcolor(I)
    return repeat(subtract(colorcount(I, color), colorcount(C, color)), ONE)
