"""Solver programs of our own, in straight-line form: each is right on all samples of its ARC task."""

# mypy: allow-untyped-defs, disable-error-code="name-defined"
# ruff: noqa: E741, F403, F405

from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *


def solve_00576224(S, I, C):
    x1 = hconcat(I, I)
    x2 = hconcat(x1, I)
    x3 = vmirror(x2)
    x4 = vconcat(x2, x3)
    O = vconcat(x4, x2)
    return O


def solve_007bbfb7(S, I, C):
    x1 = upscale(I, THREE)
    x2 = hconcat(I, I)
    x3 = hconcat(x2, I)
    x4 = vconcat(x3, x3)
    x5 = vconcat(x4, x3)
    x6 = ofcolor(x1, ZERO)
    O = fill(x5, ZERO, x6)
    return O


def solve_0520fde7(S, I, C):
    x1 = lefthalf(I)
    x2 = righthalf(I)
    x3 = cellwise(x1, x2, ZERO)
    O = replace(x3, ONE, TWO)
    return O


def solve_0692e18c(S, I, C):
    x1 = palette(I)
    x2 = other(x1, ZERO)
    x3 = switch(I, x2, ZERO)
    x4 = upscale(I, THREE)
    x5 = hconcat(x3, x3)
    x6 = hconcat(x5, x3)
    x7 = vconcat(x6, x6)
    x8 = vconcat(x7, x6)
    O = cellwise(x4, x8, ZERO)
    return O


def solve_0b148d64(S, I, C):
    x1 = leastcolor(I)
    x2 = ofcolor(I, x1)
    O = subgrid(x2, I)
    return O


def solve_0c786b71(S, I, C):
    x1 = vmirror(I)
    x2 = hconcat(x1, I)
    x3 = hmirror(x2)
    O = vconcat(x3, x2)
    return O


def solve_0c9aba6e(S, I, C):
    x1 = tophalf(I)
    x2 = bottomhalf(I)
    x3 = replace(x2, SIX, TWO)
    x4 = cellwise(x1, x3, TWO)
    x5 = replace(x4, ZERO, EIGHT)
    O = replace(x5, TWO, ZERO)
    return O


def solve_0d3d703e(S, I, C):
    x1 = switch(I, ONE, FIVE)
    x2 = switch(x1, TWO, SIX)
    x3 = switch(x2, THREE, FOUR)
    O = switch(x3, EIGHT, NINE)
    return O


def solve_11852cab(S, I, C):
    x1 = fgpartition(I)
    x2 = merge(x1)
    x3 = dmirror(x2)
    x4 = combine(x2, x3)
    x5 = vmirror(x4)
    x6 = combine(x4, x5)
    x7 = hmirror(x6)
    x8 = combine(x6, x7)
    O = paint(I, x8)
    return O


def solve_1190e5a7(S, I, C):
    x1 = frontiers(I)
    x2 = sfilter(x1, hline)
    x3 = sfilter(x1, vline)
    x4 = size(x2)
    x5 = size(x3)
    x6 = astuple(x4, x5)
    x7 = increment(x6)
    x8 = first(x1)
    x9 = color(x8)
    x10 = palette(I)
    x11 = other(x10, x9)
    O = canvas(x11, x7)
    return O


def solve_137eaa0f(S, I, C):
    x1 = objects(I, F, T, T)
    x2 = matcher(first, FIVE)
    x3 = rbind(sfilter, x2)
    x4 = chain(invert, ulcorner, x3)
    x5 = compose(increment, x4)
    x6 = fork(shift, identity, x5)
    x7 = mapply(x6, x1)
    x8 = canvas(ZERO, THREE_BY_THREE)
    O = paint(x8, x7)
    return O


def solve_15696249(S, I, C):
    x1 = frontiers(I)
    x2 = first(x1)
    x3 = hline(x2)
    x4 = hconcat(I, I)
    x5 = hconcat(x4, I)
    x6 = vconcat(I, I)
    x7 = vconcat(x6, I)
    x8 = branch(x3, x5, x7)
    x9 = ulcorner(x2)
    x10 = multiply(x9, THREE)
    x11 = asobject(x8)
    x12 = shift(x11, x10)
    x13 = shape(I)
    x14 = multiply(x13, THREE)
    x15 = canvas(ZERO, x14)
    O = paint(x15, x12)
    return O


def solve_195ba7dc(S, I, C):
    x1 = lefthalf(I)
    x2 = righthalf(I)
    x3 = ofcolor(x2, SEVEN)
    x4 = fill(x1, ONE, x3)
    O = replace(x4, SEVEN, ONE)
    return O


def solve_19bb5feb(S, I, C):
    x1 = ofcolor(I, EIGHT)
    x2 = subgrid(x1, I)
    x3 = replace(x2, EIGHT, ZERO)
    x4 = vsplit(x3, TWO)
    x5 = rbind(hsplit, TWO)
    x6 = apply(x5, x4)
    x7 = compose(maximum, merge)
    x8 = lbind(apply, x7)
    O = apply(x8, x6)
    return O


def solve_1a2e2828(S, I, C):
    x1 = frontiers(I)
    x2 = first(x1)
    x3 = color(x2)
    O = canvas(x3, UNITY)
    return O


def solve_1b2d62fb(S, I, C):
    x1 = lefthalf(I)
    x2 = righthalf(I)
    x3 = ofcolor(x1, ZERO)
    x4 = ofcolor(x2, ZERO)
    x5 = intersection(x3, x4)
    x6 = shape(x1)
    x7 = canvas(ZERO, x6)
    O = fill(x7, EIGHT, x5)
    return O


def solve_1c786137(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = fork(equality, toindices, box)
    x3 = sfilter(x1, x2)
    x4 = argmax(x3, size)
    x5 = subgrid(x4, I)
    O = trim(x5)
    return O


def solve_1cf80156(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = first(x1)
    O = subgrid(x2, I)
    return O


def solve_1e0a9b12(S, I, C):
    x1 = dmirror(I)
    x2 = rbind(order, sign)
    x3 = apply(x2, x1)
    O = dmirror(x3)
    return O


def solve_1f85a75f(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = argmax(x1, size)
    O = subgrid(x2, I)
    return O


def solve_1fad071e(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = colorfilter(x1, ONE)
    x3 = sizefilter(x2, FOUR)
    x4 = size(x3)
    x5 = subtract(FIVE, x4)
    x6 = astuple(ONE, x4)
    x7 = astuple(ONE, x5)
    x8 = canvas(ONE, x6)
    x9 = canvas(ZERO, x7)
    O = hconcat(x8, x9)
    return O


def solve_2013d3e2(S, I, C):
    x1 = objects(I, F, T, T)
    x2 = first(x1)
    x3 = subgrid(x2, I)
    x4 = tophalf(x3)
    O = lefthalf(x4)
    return O


def solve_2072aba6(S, I, C):
    x1 = upscale(I, TWO)
    x2 = canvas(ONE, UNITY)
    x3 = canvas(TWO, UNITY)
    x4 = hconcat(x2, x3)
    x5 = vmirror(x4)
    x6 = vconcat(x4, x5)
    x7 = hconcat(x6, x6)
    x8 = hconcat(x7, x6)
    x9 = vconcat(x8, x8)
    x10 = vconcat(x9, x8)
    x11 = ofcolor(x1, ZERO)
    O = fill(x10, ZERO, x11)
    return O


def solve_23b5c85d(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = argmin(x1, size)
    O = subgrid(x2, I)
    return O


def solve_25d8a9c8(S, I, C):
    x1 = shape(I)
    x2 = canvas(ZERO, x1)
    x3 = frontiers(I)
    x4 = mfilter(x3, hline)
    O = fill(x2, FIVE, x4)
    return O


def solve_25ff71a9(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = first(x1)
    O = move(I, x2, DOWN)
    return O


def solve_2697da3f(S, I, C):
    x1 = ofcolor(I, FOUR)
    x2 = subgrid(x1, I)
    x3 = height(x2)
    x4 = width(x2)
    x5 = add(x4, x3)
    x6 = add(x5, x4)
    x7 = astuple(x6, x6)
    x8 = canvas(ZERO, x7)
    x9 = toivec(x4)
    x10 = astuple(x4, x5)
    x11 = tojvec(x4)
    x12 = astuple(x5, x4)
    x13 = rot90(x2)
    x14 = rot180(x2)
    x15 = rot270(x2)
    x16 = asobject(x2)
    x17 = asobject(x13)
    x18 = asobject(x14)
    x19 = asobject(x15)
    x20 = shift(x16, x9)
    x21 = shift(x17, x11)
    x22 = shift(x18, x10)
    x23 = shift(x19, x12)
    x24 = paint(x8, x20)
    x25 = paint(x24, x21)
    x26 = paint(x25, x22)
    O = paint(x26, x23)
    return O


def solve_27f8ce4f(S, I, C):
    x1 = mostcolor(I)
    x2 = upscale(I, THREE)
    x3 = ofcolor(x2, x1)
    x4 = hconcat(I, I)
    x5 = hconcat(x4, I)
    x6 = vconcat(x5, x5)
    x7 = vconcat(x6, x5)
    x8 = toobject(x3, x7)
    x9 = shape(x2)
    x10 = canvas(ZERO, x9)
    O = paint(x10, x8)
    return O


def solve_281123b4(S, I, C):
    x1 = lefthalf(I)
    x2 = righthalf(I)
    x3 = lefthalf(x1)
    x4 = righthalf(x1)
    x5 = lefthalf(x2)
    x6 = righthalf(x2)
    x7 = ofcolor(x3, EIGHT)
    x8 = ofcolor(x6, FOUR)
    x9 = ofcolor(x5, NINE)
    x10 = fill(x4, EIGHT, x7)
    x11 = fill(x10, FOUR, x8)
    O = fill(x11, NINE, x9)
    return O


def solve_28bf18c6(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = first(x1)
    x3 = subgrid(x2, I)
    O = hconcat(x3, x3)
    return O


def solve_2dc579da(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = mostcolor(I)
    x3 = colorfilter(x1, x2)
    x4 = compose(size, delta)
    x5 = argmax(x3, x4)
    O = subgrid(x5, I)
    return O


def solve_2dee498d(S, I, C):
    x1 = hsplit(I, THREE)
    O = first(x1)
    return O


def solve_3194b014(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = argmax(x1, size)
    x3 = color(x2)
    O = canvas(x3, THREE_BY_THREE)
    return O


def solve_332efdb3(S, I, C):
    x1 = shape(I)
    x2 = height(I)
    x3 = interval(ONE, x2, TWO)
    x4 = product(x3, x3)
    x5 = canvas(ONE, x1)
    O = fill(x5, ZERO, x4)
    return O


def solve_3428a4f5(S, I, C):
    x1 = tophalf(I)
    x2 = bottomhalf(I)
    x3 = cellwise(x1, x2, THREE)
    O = replace(x3, TWO, ZERO)
    return O


def solve_34b99a2b(S, I, C):
    x1 = lefthalf(I)
    x2 = righthalf(I)
    x3 = replace(x1, EIGHT, FIVE)
    x4 = cellwise(x3, x2, TWO)
    O = replace(x4, FIVE, ZERO)
    return O


def solve_358ba94e(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = totuple(x1)
    x3 = compose(size, delta)
    x4 = apply(x3, x2)
    x5 = leastcommon(x4)
    x6 = matcher(x3, x5)
    x7 = extract(x1, x6)
    O = subgrid(x7, I)
    return O


def solve_363442ee(S, I, C):
    x1 = crop(I, ORIGIN, THREE_BY_THREE)
    x2 = asobject(x1)
    x3 = ofcolor(I, ONE)
    x4 = lbind(shift, x2)
    x5 = compose(x4, decrement)
    x6 = mapply(x5, x3)
    O = paint(I, x6)
    return O


def solve_39a8645d(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = totuple(x1)
    x3 = apply(normalize, x2)
    x4 = mostcommon(x3)
    x5 = shape(x4)
    x6 = canvas(ZERO, x5)
    O = paint(x6, x4)
    return O


def solve_3af2c5a8(S, I, C):
    x1 = vmirror(I)
    x2 = hconcat(I, x1)
    x3 = hmirror(x2)
    O = vconcat(x2, x3)
    return O


def solve_3c9b0459(S, I, C):
    O = rot180(I)
    return O


def solve_3f7978a0(S, I, C):
    x1 = ofcolor(I, FIVE)
    x2 = ulcorner(x1)
    x3 = add(x2, UP)
    x4 = shape(x1)
    x5 = add(x4, TWO_BY_ZERO)
    O = crop(I, x3, x5)
    return O


def solve_445eab21(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = compose(size, backdrop)
    x3 = argmax(x1, x2)
    x4 = color(x3)
    O = canvas(x4, TWO_BY_TWO)
    return O


def solve_44f52bb0(S, I, C):
    x1 = vmirror(I)
    x2 = equality(I, x1)
    x3 = branch(x2, ONE, SEVEN)
    O = canvas(x3, UNITY)
    return O


def solve_46442a0e(S, I, C):
    x1 = rot90(I)
    x2 = hconcat(I, x1)
    x3 = rot180(x2)
    O = vconcat(x2, x3)
    return O


def solve_47c1f68c(S, I, C):
    x1 = shape(I)
    x2 = halve(x1)
    x3 = index(I, x2)
    x4 = tophalf(I)
    x5 = lefthalf(x4)
    x6 = ofcolor(x5, ZERO)
    x7 = canvas(x3, x2)
    x8 = fill(x7, ZERO, x6)
    x9 = vmirror(x8)
    x10 = hconcat(x8, x9)
    x11 = hmirror(x10)
    O = vconcat(x10, x11)
    return O


def solve_48d8fb45(S, I, C):
    x1 = objects(I, F, T, T)
    x2 = ofcolor(I, FIVE)
    x3 = lbind(contained, FIVE)
    x4 = compose(x3, palette)
    x5 = extract(x1, x4)
    x6 = toindices(x5)
    x7 = difference(x6, x2)
    O = subgrid(x7, I)
    return O


def solve_48f8583b(S, I, C):
    x1 = leastcolor(I)
    x2 = upscale(I, THREE)
    x3 = ofcolor(x2, x1)
    x4 = hconcat(I, I)
    x5 = hconcat(x4, I)
    x6 = vconcat(x5, x5)
    x7 = vconcat(x6, x5)
    x8 = toobject(x3, x7)
    x9 = shape(x2)
    x10 = canvas(ZERO, x9)
    O = paint(x10, x8)
    return O


def solve_4938f0c2(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = ofcolor(I, THREE)
    x3 = ulcorner(x1)
    x4 = lrcorner(x1)
    x5 = ulcorner(x2)
    x6 = lrcorner(x2)
    x7 = add(x3, x4)
    x8 = add(x5, x6)
    x9 = subtract(x8, x7)
    x10 = multiply(x9, RIGHT)
    x11 = multiply(x9, DOWN)
    x12 = vmirror(x1)
    x13 = shift(x12, x10)
    x14 = combine(x1, x13)
    x15 = hmirror(x14)
    x16 = shift(x15, x11)
    x17 = combine(x14, x16)
    O = fill(I, TWO, x17)
    return O


def solve_496994bd(S, I, C):
    x1 = hmirror(I)
    x2 = ofcolor(I, ZERO)
    x3 = toobject(x2, x1)
    O = paint(I, x3)
    return O


def solve_49d1d64f(S, I, C):
    x1 = shape(I)
    x2 = add(x1, TWO)
    x3 = canvas(ZERO, x2)
    x4 = asobject(I)
    x5 = shift(x4, RIGHT)
    x6 = shift(x4, DOWN)
    x7 = add(UNITY, DOWN)
    x8 = add(UNITY, RIGHT)
    x9 = shift(x4, x7)
    x10 = shift(x4, x8)
    x11 = shift(x4, UNITY)
    x12 = paint(x3, x5)
    x13 = paint(x12, x9)
    x14 = paint(x13, x6)
    x15 = paint(x14, x10)
    O = paint(x15, x11)
    return O


def solve_4c4377d9(S, I, C):
    x1 = hmirror(I)
    O = vconcat(x1, I)
    return O


def solve_505fff84(S, I, C):
    x1 = ofcolor(I, ONE)
    x2 = ofcolor(I, EIGHT)
    x3 = order(x1, first)
    x4 = order(x2, first)
    x5 = first(x3)
    x6 = first(x4)
    x7 = subtract(x6, x5)
    x8 = subtract(x7, UP_RIGHT)
    x9 = lbind(crop, I)
    x10 = rbind(x9, x8)
    x11 = lbind(add, RIGHT)
    x12 = compose(x10, x11)
    x13 = apply(x12, x3)
    O = merge(x13)
    return O


def solve_506d28a5(S, I, C):
    x1 = tophalf(I)
    x2 = bottomhalf(I)
    x3 = ofcolor(x2, ONE)
    x4 = fill(x1, THREE, x3)
    O = replace(x4, TWO, THREE)
    return O


def solve_5117e062(S, I, C):
    x1 = objects(I, F, T, T)
    x2 = rbind(colorcount, EIGHT)
    x3 = argmax(x1, x2)
    x4 = mostcolor(x3)
    x5 = subgrid(x3, I)
    O = replace(x5, EIGHT, x4)
    return O


def solve_5582e5ca(S, I, C):
    x1 = mostcolor(I)
    x2 = shape(I)
    O = canvas(x1, x2)
    return O


def solve_5614dbcf(S, I, C):
    x1 = replace(I, FIVE, ZERO)
    x2 = vsplit(x1, THREE)
    x3 = rbind(hsplit, THREE)
    x4 = apply(x3, x2)
    x5 = compose(maximum, merge)
    x6 = lbind(apply, x5)
    O = apply(x6, x4)
    return O


def solve_5783df64(S, I, C):
    x1 = vsplit(I, THREE)
    x2 = rbind(hsplit, THREE)
    x3 = apply(x2, x1)
    x4 = compose(maximum, merge)
    x5 = lbind(apply, x4)
    O = apply(x5, x3)
    return O


def solve_59341089(S, I, C):
    x1 = vmirror(I)
    x2 = hconcat(x1, I)
    O = hconcat(x2, x2)
    return O


def solve_5bd6f4ac(S, I, C):
    x1 = tojvec(SIX)
    O = crop(I, x1, THREE_BY_THREE)
    return O


def solve_60c09cac(S, I, C):
    O = upscale(I, TWO)
    return O


def solve_6150a2bd(S, I, C):
    O = rot180(I)
    return O


def solve_62b74c02(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = first(x1)
    x3 = height(I)
    x4 = width(I)
    x5 = astuple(x3, ONE)
    x6 = crop(I, ORIGIN, x5)
    x7 = hupscale(x6, x4)
    x8 = paint(x7, x2)
    x9 = width(x2)
    x10 = subtract(x4, x9)
    x11 = tojvec(x10)
    x12 = shift(x2, x11)
    O = paint(x8, x12)
    return O


def solve_62c24649(S, I, C):
    x1 = vmirror(I)
    x2 = hconcat(I, x1)
    x3 = hmirror(x2)
    O = vconcat(x2, x3)
    return O


def solve_662c240a(S, I, C):
    x1 = vsplit(I, THREE)
    x2 = fork(equality, identity, dmirror)
    x3 = compose(flip, x2)
    O = extract(x1, x3)
    return O


def solve_668eec9a(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = order(x1, uppermost)
    x3 = rbind(repeat, THREE)
    x4 = compose(x3, color)
    x5 = apply(x4, x2)
    x6 = size(x5)
    x7 = subtract(FIVE, x6)
    x8 = astuple(x7, THREE)
    x9 = canvas(SEVEN, x8)
    O = combine(x9, x5)
    return O


def solve_67636eac(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = rbind(subgrid, I)
    x3 = portrait(I)
    x4 = branch(x3, uppermost, leftmost)
    x5 = order(x1, x4)
    x6 = apply(x2, x5)
    x7 = branch(x3, identity, dmirror)
    x8 = apply(x7, x6)
    x9 = merge(x8)
    O = x7(x9)
    return O


def solve_6773b310(S, I, C):
    x1 = vsplit(I, THREE)
    x2 = rbind(hsplit, THREE)
    x3 = apply(x2, x1)
    x4 = rbind(colorcount, SIX)
    x5 = compose(decrement, x4)
    x6 = lbind(apply, x5)
    O = apply(x6, x3)
    return O


def solve_67a3c6ac(S, I, C):
    O = vmirror(I)
    return O


def solve_67e8384a(S, I, C):
    x1 = hmirror(I)
    x2 = vconcat(I, x1)
    x3 = vmirror(x2)
    O = hconcat(x2, x3)
    return O


def solve_68b16354(S, I, C):
    O = hmirror(I)
    return O


def solve_68b67ca3(S, I, C):
    x1 = vsplit(I, THREE)
    x2 = rbind(hsplit, THREE)
    x3 = apply(x2, x1)
    x4 = compose(maximum, merge)
    x5 = lbind(apply, x4)
    O = apply(x5, x3)
    return O


def solve_6a11f6da(S, I, C):
    x1 = vsplit(I, THREE)
    x2 = first(x1)
    x3 = last(x1)
    x4 = shape(x2)
    x5 = toivec(FIVE)
    x6 = crop(I, x5, x4)
    x7 = ofcolor(x2, ONE)
    x8 = ofcolor(x3, SIX)
    x9 = fill(x6, ONE, x7)
    O = fill(x9, SIX, x8)
    return O


def solve_6d0aefbc(S, I, C):
    x1 = vmirror(I)
    O = hconcat(I, x1)
    return O


def solve_6e02f1e3(S, I, C):
    x1 = numcolors(I)
    x2 = equality(x1, THREE)
    x3 = equality(x1, TWO)
    x4 = branch(x2, TWO_BY_ZERO, ORIGIN)
    x5 = branch(x3, TWO_BY_TWO, ZERO_BY_TWO)
    x6 = connect(x4, x5)
    x7 = canvas(ZERO, THREE_BY_THREE)
    O = fill(x7, FIVE, x6)
    return O


def solve_6ea4a07e(S, I, C):
    x1 = palette(I)
    x2 = other(x1, ZERO)
    x3 = ofcolor(I, ZERO)
    x4 = equality(x2, EIGHT)
    x5 = equality(x2, FIVE)
    x6 = branch(x5, FOUR, ONE)
    x7 = branch(x4, TWO, x6)
    x8 = fill(I, x7, x3)
    O = replace(x8, x2, ZERO)
    return O


def solve_6f8cd79b(S, I, C):
    x1 = asindices(I)
    x2 = box(x1)
    O = fill(I, EIGHT, x2)
    return O


def solve_6fa7a44f(S, I, C):
    x1 = hmirror(I)
    O = vconcat(I, x1)
    return O


def solve_7039b2d7(S, I, C):
    x1 = frontiers(I)
    x2 = first(x1)
    x3 = color(x2)
    x4 = palette(I)
    x5 = other(x4, x3)
    x6 = objects(I, T, F, F)
    x7 = colorfilter(x6, x5)
    x8 = apply(uppermost, x7)
    x9 = apply(leftmost, x7)
    x10 = size(x8)
    x11 = size(x9)
    x12 = astuple(x10, x11)
    O = canvas(x5, x12)
    return O


def solve_72ca375d(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = rbind(subgrid, I)
    x3 = compose(vmirror, x2)
    x4 = fork(equality, x2, x3)
    x5 = extract(x1, x4)
    O = subgrid(x5, I)
    return O


def solve_73182012(S, I, C):
    x1 = objects(I, F, T, T)
    x2 = first(x1)
    x3 = subgrid(x2, I)
    x4 = tophalf(x3)
    O = lefthalf(x4)
    return O


def solve_73ccf9c2(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = rbind(subgrid, I)
    x3 = apply(x2, x1)
    x4 = fork(equality, identity, vmirror)
    x5 = compose(flip, x4)
    O = extract(x3, x5)
    return O


def solve_7468f01a(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = first(x1)
    x3 = subgrid(x2, I)
    O = vmirror(x3)
    return O


def solve_74dd1130(S, I, C):
    O = dmirror(I)
    return O


def solve_75b8110e(S, I, C):
    x1 = tophalf(I)
    x2 = bottomhalf(I)
    x3 = lefthalf(x1)
    x4 = righthalf(x1)
    x5 = lefthalf(x2)
    x6 = righthalf(x2)
    x7 = ofcolor(x6, NINE)
    x8 = ofcolor(x5, SIX)
    x9 = ofcolor(x4, FIVE)
    x10 = fill(x3, NINE, x7)
    x11 = fill(x10, SIX, x8)
    O = fill(x11, FIVE, x9)
    return O


def solve_794b24be(S, I, C):
    x1 = colorcount(I, ONE)
    x2 = decrement(x1)
    x3 = tojvec(x2)
    x4 = connect(ORIGIN, x3)
    x5 = canvas(ZERO, THREE_BY_THREE)
    x6 = fill(x5, TWO, x4)
    x7 = equality(x1, FOUR)
    x8 = initset(UNITY)
    x9 = fill(x6, TWO, x8)
    O = branch(x7, x9, x6)
    return O


def solve_7953d61e(S, I, C):
    x1 = rot270(I)
    x2 = hconcat(I, x1)
    x3 = rot180(I)
    x4 = rot90(I)
    x5 = hconcat(x3, x4)
    O = vconcat(x2, x5)
    return O


def solve_7b7f7511(S, I, C):
    x1 = portrait(I)
    x2 = branch(x1, tophalf, lefthalf)
    O = x2(I)
    return O


def solve_7bb29440(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = rbind(colorcount, ONE)
    x3 = fork(subtract, size, x2)
    x4 = argmin(x1, x3)
    O = subgrid(x4, I)
    return O


def solve_7c9b52a0(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = mapply(normalize, x1)
    x3 = matcher(first, ZERO)
    x4 = compose(flip, x3)
    x5 = sfilter(x2, x4)
    x6 = first(x1)
    x7 = shape(x6)
    x8 = canvas(ZERO, x7)
    O = paint(x8, x5)
    return O


def solve_7fe24cdd(S, I, C):
    x1 = rot90(I)
    x2 = hconcat(I, x1)
    x3 = rot180(x2)
    O = vconcat(x2, x3)
    return O


def solve_810b9b61(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, ZERO)
    x3 = rbind(bordering, I)
    x4 = compose(flip, x3)
    x5 = mfilter(x2, x4)
    x6 = colorfilter(x1, ONE)
    x7 = rbind(adjacent, x5)
    x8 = mfilter(x6, x7)
    O = fill(I, THREE, x8)
    return O


def solve_8403a5d5(S, I, C):
    x1 = palette(I)
    x2 = other(x1, ZERO)
    x3 = ofcolor(I, x2)
    x4 = leftmost(x3)
    x5 = interval(x4, TEN, TWO)
    x6 = apply(tojvec, x5)
    x7 = mapply(vfrontier, x6)
    x8 = fill(I, x2, x7)
    x9 = initset(ZERO)
    x10 = increment(x4)
    x11 = interval(x10, TEN, FOUR)
    x12 = product(x9, x11)
    x13 = initset(NINE)
    x14 = add(x4, THREE)
    x15 = interval(x14, TEN, FOUR)
    x16 = product(x13, x15)
    x17 = combine(x12, x16)
    O = fill(x8, FIVE, x17)
    return O


def solve_90347967(S, I, C):
    x1 = rot180(I)
    x2 = ofcolor(I, FIVE)
    x3 = ofcolor(x1, FIVE)
    x4 = first(x2)
    x5 = first(x3)
    x6 = subtract(x4, x5)
    x7 = asobject(x1)
    x8 = shift(x7, x6)
    x9 = shape(I)
    x10 = canvas(ZERO, x9)
    O = paint(x10, x8)
    return O


def solve_928ad970(S, I, C):
    x1 = ofcolor(I, FIVE)
    x2 = inbox(x1)
    x3 = replace(I, FIVE, ZERO)
    x4 = leastcolor(x3)
    O = fill(I, x4, x2)
    return O


def solve_9344f635(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = sfilter(x1, vline)
    x3 = compose(vfrontier, ulcorner)
    x4 = fork(recolor, color, x3)
    x5 = mapply(x4, x2)
    x6 = paint(I, x5)
    x7 = sfilter(x1, hline)
    x8 = compose(hfrontier, ulcorner)
    x9 = fork(recolor, color, x8)
    x10 = mapply(x9, x7)
    O = paint(x6, x10)
    return O


def solve_963e52fc(S, I, C):
    x1 = objects(I, F, T, T)
    x2 = merge(x1)
    x3 = hperiod(x2)
    x4 = width(I)
    x5 = double(x4)
    x6 = interval(ZERO, x5, x3)
    x7 = apply(tojvec, x6)
    x8 = lbind(shift, x2)
    x9 = mapply(x8, x7)
    x10 = height(I)
    x11 = astuple(x10, x5)
    x12 = canvas(ZERO, x11)
    O = paint(x12, x9)
    return O


def solve_97999447(S, I, C):
    x1 = fgpartition(I)
    x2 = rbind(shoot, RIGHT)
    x3 = compose(x2, ulcorner)
    x4 = fork(recolor, color, x3)
    x5 = mapply(x4, x1)
    x6 = paint(I, x5)
    x7 = width(I)
    x8 = interval(ONE, x7, TWO)
    x9 = initset(ZERO)
    x10 = product(x9, x8)
    x11 = lbind(shift, x10)
    x12 = compose(x11, ulcorner)
    x13 = mapply(x12, x1)
    O = fill(x6, FIVE, x13)
    return O


def solve_a3325580(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = valmax(x1, size)
    x3 = sizefilter(x1, x2)
    x4 = order(x3, leftmost)
    x5 = apply(color, x4)
    O = repeat(x5, x2)
    return O


def solve_a406ac07(S, I, C):
    x1 = hsplit(I, TEN)
    x2 = last(x1)
    x3 = hupscale(x2, TEN)
    x4 = vsplit(I, TEN)
    x5 = last(x4)
    x6 = vupscale(x5, TEN)
    x7 = cellwise(x3, x6, ZERO)
    x8 = objects(I, T, F, T)
    x9 = merge(x8)
    O = paint(x7, x9)
    return O


def solve_a48eeaf7(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = outbox(x1)
    x3 = apply(initset, x2)
    x4 = ofcolor(I, FIVE)
    x5 = apply(initset, x4)
    x6 = lbind(lbind, manhattan)
    x7 = lbind(argmin, x3)
    x8 = compose(x7, x6)
    x9 = mapply(x8, x5)
    x10 = replace(I, FIVE, ZERO)
    O = fill(x10, FIVE, x9)
    return O


def solve_a5313dff(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, ZERO)
    x3 = rbind(bordering, I)
    x4 = compose(flip, x3)
    x5 = mfilter(x2, x4)
    O = fill(I, ONE, x5)
    return O


def solve_a61f2674(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = argmax(x1, size)
    x3 = argmin(x1, size)
    x4 = replace(I, FIVE, ZERO)
    x5 = fill(x4, ONE, x2)
    O = fill(x5, TWO, x3)
    return O


def solve_a65b410d(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = urcorner(x1)
    x3 = rbind(shoot, LEFT)
    x4 = shoot(x2, UP_RIGHT)
    x5 = mapply(x3, x4)
    x6 = fill(I, THREE, x5)
    x7 = shoot(x2, DOWN_LEFT)
    x8 = mapply(x3, x7)
    x9 = fill(x6, ONE, x8)
    O = fill(x9, TWO, x1)
    return O


def solve_a699fb00(S, I, C):
    x1 = ofcolor(I, ONE)
    x2 = shift(x1, RIGHT)
    x3 = shift(x1, LEFT)
    x4 = intersection(x2, x3)
    O = fill(I, TWO, x4)
    return O


def solve_a79310a0(S, I, C):
    x1 = replace(I, EIGHT, TWO)
    x2 = ofcolor(x1, TWO)
    x3 = recolor(TWO, x2)
    O = move(x1, x3, DOWN)
    return O


def solve_aabf363d(S, I, C):
    x1 = leastcolor(I)
    x2 = replace(I, x1, ZERO)
    x3 = leastcolor(x2)
    O = replace(x2, x3, x1)
    return O


def solve_aba27056(S, I, C):
    x1 = leastcolor(I)
    x2 = ofcolor(I, x1)
    x3 = box(x2)
    x4 = difference(x3, x2)
    x5 = center(x4)
    x6 = dneighbors(x5)
    x7 = outbox(x2)
    x8 = intersection(x6, x7)
    x9 = first(x8)
    x10 = subtract(x9, x5)
    x11 = rbind(shoot, x10)
    x12 = mapply(x11, x4)
    x13 = hmatching(x4, x8)
    x14 = branch(x13, DOWN, RIGHT)
    x15 = ulcorner(x4)
    x16 = subtract(x10, x14)
    x17 = shoot(x15, x16)
    x18 = lrcorner(x4)
    x19 = add(x10, x14)
    x20 = shoot(x18, x19)
    x21 = combine(x17, x20)
    x22 = combine(x12, x21)
    x23 = delta(x2)
    x24 = combine(x22, x23)
    O = fill(I, FOUR, x24)
    return O


def solve_ae58858e(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = rbind(greater, THREE)
    x3 = compose(x2, size)
    x4 = mfilter(x1, x3)
    O = fill(I, SIX, x4)
    return O


def solve_aedd82e4(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, TWO)
    x3 = sizefilter(x2, ONE)
    x4 = merge(x3)
    O = fill(I, ONE, x4)
    return O


def solve_af24b4cc(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = astuple(FOUR, THREE)
    x3 = rbind(divide, x2)
    x4 = chain(increment, x3, ulcorner)
    x5 = fork(astuple, mostcolor, x4)
    x6 = apply(x5, x1)
    x7 = astuple(FOUR, FIVE)
    x8 = canvas(ZERO, x7)
    O = paint(x8, x6)
    return O


def solve_af902bf9(S, I, C):
    x1 = ofcolor(I, FOUR)
    x2 = prapply(connect, x1, x1)
    x3 = fork(either, hline, vline)
    x4 = mfilter(x2, x3)
    x5 = fill(I, FOUR, x4)
    x6 = objects(x5, T, F, F)
    x7 = colorfilter(x6, ZERO)
    x8 = rbind(bordering, I)
    x9 = compose(flip, x8)
    x10 = mfilter(x7, x9)
    O = fill(I, TWO, x10)
    return O


def solve_b1948b0a(S, I, C):
    O = replace(I, SIX, TWO)
    return O


def solve_b230c067(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = totuple(x1)
    x3 = apply(toindices, x2)
    x4 = apply(normalize, x3)
    x5 = leastcommon(x4)
    x6 = compose(normalize, toindices)
    x7 = matcher(x6, x5)
    x8 = mfilter(x1, x7)
    x9 = replace(I, EIGHT, ONE)
    O = fill(x9, TWO, x8)
    return O


def solve_b548a754(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = argmax(x1, size)
    x3 = ulcorner(x2)
    x4 = index(I, x3)
    x5 = increment(x3)
    x6 = index(I, x5)
    x7 = merge(x1)
    x8 = backdrop(x7)
    x9 = fill(I, x4, x8)
    x10 = inbox(x7)
    x11 = backdrop(x10)
    O = fill(x9, x6, x11)
    return O


def solve_b60334d2(S, I, C):
    x1 = ofcolor(I, FIVE)
    x2 = mapply(dneighbors, x1)
    x3 = mapply(ineighbors, x1)
    x4 = replace(I, FIVE, ZERO)
    x5 = fill(x4, ONE, x2)
    O = fill(x5, FIVE, x3)
    return O


def solve_b6afb2da(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, FIVE)
    x3 = replace(I, FIVE, TWO)
    x4 = mapply(box, x2)
    x5 = fill(x3, FOUR, x4)
    x6 = mapply(corners, x2)
    O = fill(x5, ONE, x6)
    return O


def solve_b8cdaf2b(S, I, C):
    x1 = leastcolor(I)
    x2 = objects(I, T, F, T)
    x3 = argmin(x2, uppermost)
    x4 = ulcorner(x3)
    x5 = shoot(x4, NEG_UNITY)
    x6 = urcorner(x3)
    x7 = shoot(x6, UP_RIGHT)
    x8 = combine(x5, x7)
    x9 = fill(I, x1, x8)
    O = paint(x9, x3)
    return O


def solve_b91ae062(S, I, C):
    x1 = numcolors(I)
    x2 = decrement(x1)
    O = upscale(I, x2)
    return O


def solve_ba26e723(S, I, C):
    x1 = width(I)
    x2 = interval(ZERO, x1, THREE)
    x3 = initset(ZERO)
    x4 = product(x3, x2)
    x5 = mapply(vfrontier, x4)
    x6 = ofcolor(I, FOUR)
    x7 = intersection(x5, x6)
    O = fill(I, SIX, x7)
    return O


def solve_ba97ae07(S, I, C):
    x1 = fgpartition(I)
    x2 = first(x1)
    x3 = last(x1)
    x4 = backdrop(x2)
    x5 = backdrop(x3)
    x6 = intersection(x4, x5)
    x7 = toobject(x6, I)
    x8 = mostcolor(x7)
    x9 = apply(color, x1)
    x10 = other(x9, x8)
    O = fill(I, x10, x6)
    return O


def solve_bb43febb(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, FIVE)
    x3 = compose(backdrop, inbox)
    x4 = mapply(x3, x2)
    O = fill(I, TWO, x4)
    return O


def solve_bbc9ae5d(S, I, C):
    x1 = width(I)
    x2 = halve(x1)
    x3 = vupscale(I, x2)
    x4 = index(I, ORIGIN)
    x5 = ofcolor(I, x4)
    x6 = urcorner(x5)
    x7 = shoot(x6, UNITY)
    x8 = rbind(shoot, LEFT)
    x9 = mapply(x8, x7)
    O = fill(x3, x4, x9)
    return O


def solve_bdad9b1f(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = ofcolor(I, EIGHT)
    x3 = ulcorner(x1)
    x4 = ulcorner(x2)
    x5 = hfrontier(x3)
    x6 = vfrontier(x4)
    x7 = fill(I, TWO, x5)
    x8 = fill(x7, EIGHT, x6)
    x9 = intersection(x5, x6)
    O = fill(x8, FOUR, x9)
    return O


def solve_beb8660c(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = order(x1, size)
    x3 = apply(normalize, x2)
    x4 = size(x3)
    x5 = height(I)
    x6 = subtract(x5, x4)
    x7 = interval(x6, x5, ONE)
    x8 = width(I)
    x9 = lbind(subtract, x8)
    x10 = compose(x9, width)
    x11 = apply(x10, x3)
    x12 = pair(x7, x11)
    x13 = mpapply(shift, x3, x12)
    x14 = shape(I)
    x15 = canvas(ZERO, x14)
    O = paint(x15, x13)
    return O


def solve_c0f76784(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, ZERO)
    x3 = sizefilter(x2, ONE)
    x4 = merge(x3)
    x5 = fill(I, SIX, x4)
    x6 = sizefilter(x2, FOUR)
    x7 = merge(x6)
    x8 = fill(x5, SEVEN, x7)
    x9 = sizefilter(x2, NINE)
    x10 = merge(x9)
    O = fill(x8, EIGHT, x10)
    return O


def solve_c35c1b4c(S, I, C):
    x1 = vmirror(I)
    x2 = objects(x1, T, F, F)
    x3 = argmax(x2, size)
    O = paint(I, x3)
    return O


def solve_c9f8e694(S, I, C):
    x1 = width(I)
    x2 = hsplit(I, x1)
    x3 = first(x2)
    x4 = hupscale(x3, x1)
    x5 = ofcolor(I, FIVE)
    x6 = toobject(x5, x4)
    O = paint(I, x6)
    return O


def solve_ce22a75a(S, I, C):
    x1 = ofcolor(I, FIVE)
    x2 = mapply(neighbors, x1)
    x3 = replace(I, FIVE, ONE)
    O = fill(x3, ONE, x2)
    return O


def solve_ce9e57f2(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = rbind(shift, DOWN)
    x3 = fork(combine, identity, x2)
    x4 = compose(center, x3)
    x5 = rbind(shoot, DOWN)
    x6 = compose(x5, x4)
    x7 = mapply(x6, x1)
    O = fill(I, EIGHT, x7)
    return O


def solve_d037b0a7(S, I, C):
    x1 = asobject(I)
    x2 = matcher(first, ZERO)
    x3 = compose(flip, x2)
    x4 = sfilter(x1, x3)
    x5 = compose(first, last)
    x6 = order(x4, x5)
    x7 = rbind(shoot, DOWN)
    x8 = compose(x7, last)
    x9 = fork(recolor, first, x8)
    x10 = apply(x9, x6)
    x11 = merge(x10)
    O = paint(I, x11)
    return O


def solve_d0f5fe59(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = size(x1)
    x3 = astuple(x2, x2)
    x4 = canvas(ZERO, x3)
    x5 = shoot(ORIGIN, UNITY)
    O = fill(x4, EIGHT, x5)
    return O


def solve_d23f8c26(S, I, C):
    x1 = asindices(I)
    x2 = center(x1)
    x3 = vfrontier(x2)
    x4 = difference(x1, x3)
    O = fill(I, ZERO, x4)
    return O


def solve_d2abd087(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = sizefilter(x1, SIX)
    x3 = merge(x2)
    x4 = replace(I, FIVE, ONE)
    O = fill(x4, TWO, x3)
    return O


def solve_d364b489(S, I, C):
    x1 = ofcolor(I, ONE)
    x2 = shift(x1, UP)
    x3 = fill(I, TWO, x2)
    x4 = shift(x1, LEFT)
    x5 = fill(x3, SEVEN, x4)
    x6 = shift(x1, RIGHT)
    x7 = fill(x5, SIX, x6)
    x8 = shift(x1, DOWN)
    O = fill(x7, EIGHT, x8)
    return O


def solve_d37a1ef5(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = backdrop(x1)
    x3 = ofcolor(I, FIVE)
    x4 = backdrop(x3)
    x5 = difference(x2, x4)
    O = fill(I, TWO, x5)
    return O


def solve_d406998b(S, I, C):
    x1 = vmirror(I)
    x2 = ofcolor(x1, FIVE)
    x3 = compose(even, last)
    x4 = sfilter(x2, x3)
    x5 = fill(x1, THREE, x4)
    O = vmirror(x5)
    return O


def solve_d43fd935(S, I, C):
    x1 = ofcolor(I, THREE)
    x2 = objects(I, T, F, T)
    x3 = sizefilter(x2, ONE)
    x4 = lbind(prapply, connect)
    x5 = rbind(x4, x1)
    x6 = fork(either, hline, vline)
    x7 = rbind(mfilter, x6)
    x8 = chain(x7, x5, toindices)
    x9 = fork(recolor, color, x8)
    x10 = mapply(x9, x3)
    x11 = paint(I, x10)
    O = fill(x11, THREE, x1)
    return O


def solve_d4469b4b(S, I, C):
    x1 = palette(I)
    x2 = other(x1, ZERO)
    x3 = equality(x2, TWO)
    x4 = branch(x3, RIGHT, UNITY)
    x5 = equality(x2, THREE)
    x6 = branch(x5, TWO_BY_TWO, x4)
    x7 = hfrontier(x6)
    x8 = vfrontier(x6)
    x9 = combine(x7, x8)
    x10 = canvas(ZERO, THREE_BY_THREE)
    O = fill(x10, FIVE, x9)
    return O


def solve_d4a91cb9(S, I, C):
    x1 = ofcolor(I, EIGHT)
    x2 = ofcolor(I, TWO)
    x3 = first(x1)
    x4 = first(x2)
    x5 = first(x4)
    x6 = last(x3)
    x7 = astuple(x5, x6)
    x8 = connect(x3, x7)
    x9 = connect(x4, x7)
    x10 = combine(x8, x9)
    O = underfill(I, FOUR, x10)
    return O


def solve_d4b1c2b1(S, I, C):
    x1 = numcolors(I)
    O = upscale(I, x1)
    return O


def solve_d4f3cd78(S, I, C):
    x1 = ofcolor(I, FIVE)
    x2 = box(x1)
    x3 = difference(x2, x1)
    x4 = first(x3)
    x5 = outbox(x1)
    x6 = dneighbors(x4)
    x7 = intersection(x5, x6)
    x8 = first(x7)
    x9 = subtract(x8, x4)
    x10 = shoot(x4, x9)
    x11 = delta(x1)
    x12 = combine(x10, x11)
    O = fill(I, EIGHT, x12)
    return O


def solve_d511f180(S, I, C):
    O = switch(I, FIVE, EIGHT)
    return O


def solve_d631b094(S, I, C):
    x1 = palette(I)
    x2 = other(x1, ZERO)
    x3 = colorcount(I, x2)
    x4 = astuple(ONE, x3)
    O = canvas(x2, x4)
    return O


def solve_d6ad076f(S, I, C):
    x1 = fgpartition(I)
    x2 = compose(backdrop, inbox)
    x3 = apply(x2, x1)
    x4 = first(x3)
    x5 = last(x3)
    x6 = prapply(connect, x4, x5)
    x7 = fork(either, hline, vline)
    x8 = mfilter(x6, x7)
    O = underfill(I, EIGHT, x8)
    return O


def solve_d89b689b(S, I, C):
    x1 = ofcolor(I, EIGHT)
    x2 = apply(initset, x1)
    x3 = objects(I, T, F, T)
    x4 = sizefilter(x3, ONE)
    x5 = lbind(lbind, manhattan)
    x6 = lbind(argmin, x2)
    x7 = compose(x6, x5)
    x8 = fork(recolor, color, x7)
    x9 = mapply(x8, x4)
    x10 = merge(x4)
    x11 = cover(I, x10)
    O = paint(x11, x9)
    return O


def solve_d90796e8(S, I, C):
    x1 = ofcolor(I, THREE)
    x2 = ofcolor(I, TWO)
    x3 = mapply(dneighbors, x2)
    x4 = intersection(x1, x3)
    x5 = mapply(dneighbors, x1)
    x6 = intersection(x2, x5)
    x7 = fill(I, EIGHT, x4)
    O = fill(x7, ZERO, x6)
    return O


def solve_d9f24cd1(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = ofcolor(I, FIVE)
    x3 = rbind(shoot, UP)
    x4 = mapply(x3, x1)
    x5 = fill(I, TWO, x4)
    x6 = intersection(x2, x4)
    x7 = mapply(x3, x6)
    x8 = fill(x5, ZERO, x7)
    x9 = shift(x6, UNITY)
    x10 = mapply(x3, x9)
    x11 = fill(x8, TWO, x10)
    O = fill(x11, FIVE, x2)
    return O


def solve_da2b0fe3(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = merge(x1)
    x3 = subgrid(x2, I)
    x4 = frontiers(x3)
    x5 = colorfilter(x4, ZERO)
    x6 = merge(x5)
    x7 = hline(x6)
    x8 = ulcorner(x2)
    x9 = ulcorner(x6)
    x10 = add(x8, x9)
    x11 = hfrontier(x10)
    x12 = vfrontier(x10)
    x13 = branch(x7, x11, x12)
    O = fill(I, THREE, x13)
    return O


def solve_dc1df850(S, I, C):
    x1 = ofcolor(I, TWO)
    x2 = mapply(neighbors, x1)
    O = fill(I, ONE, x2)
    return O


def solve_dc433765(S, I, C):
    x1 = ofcolor(I, THREE)
    x2 = ofcolor(I, FOUR)
    x3 = position(x1, x2)
    x4 = recolor(THREE, x1)
    O = move(I, x4, x3)
    return O


def solve_ddf7fa4f(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = colorfilter(x1, FIVE)
    x3 = difference(x1, x2)
    x4 = lbind(lbind, vmatching)
    x5 = lbind(extract, x3)
    x6 = chain(color, x5, x4)
    x7 = fork(recolor, x6, identity)
    x8 = mapply(x7, x2)
    O = paint(I, x8)
    return O


def solve_ded97339(S, I, C):
    x1 = ofcolor(I, EIGHT)
    x2 = prapply(connect, x1, x1)
    x3 = fork(either, hline, vline)
    x4 = mfilter(x2, x3)
    O = fill(I, EIGHT, x4)
    return O


def solve_e1baa8a4(S, I, C):
    x1 = dedupe(I)
    x2 = dmirror(x1)
    x3 = dedupe(x2)
    O = dmirror(x3)
    return O


def solve_e26a3af2(S, I, C):
    x1 = apply(mostcommon, I)
    x2 = repeat(x1, ONE)
    x3 = dmirror(x2)
    x4 = width(I)
    x5 = hupscale(x3, x4)
    x6 = dmirror(I)
    x7 = apply(mostcommon, x6)
    x8 = height(I)
    x9 = repeat(x7, x8)
    x10 = numcolors(x5)
    x11 = numcolors(x9)
    x12 = greater(x10, x11)
    O = branch(x12, x5, x9)
    return O


def solve_e48d4e1a(S, I, C):
    x1 = colorcount(I, FIVE)
    x2 = replace(I, FIVE, ZERO)
    x3 = leastcolor(x2)
    x4 = frontiers(x2)
    x5 = extract(x4, hline)
    x6 = extract(x4, vline)
    x7 = uppermost(x5)
    x8 = leftmost(x6)
    x9 = astuple(x7, x8)
    x10 = multiply(DOWN_LEFT, x1)
    x11 = add(x9, x10)
    x12 = hfrontier(x11)
    x13 = vfrontier(x11)
    x14 = combine(x12, x13)
    x15 = shape(I)
    x16 = canvas(ZERO, x15)
    O = fill(x16, x3, x14)
    return O


def solve_e7639916(S, I, C):
    x1 = ofcolor(I, EIGHT)
    x2 = box(x1)
    O = underfill(I, ONE, x2)
    return O


def solve_e76a88a6(S, I, C):
    x1 = objects(I, F, F, T)
    x2 = argmax(x1, numcolors)
    x3 = normalize(x2)
    x4 = remove(x2, x1)
    x5 = apply(ulcorner, x4)
    x6 = lbind(shift, x3)
    x7 = mapply(x6, x5)
    O = paint(I, x7)
    return O


def solve_e8593010(S, I, C):
    x1 = objects(I, T, F, F)
    x2 = colorfilter(x1, ZERO)
    x3 = sizefilter(x2, ONE)
    x4 = merge(x3)
    x5 = sizefilter(x2, TWO)
    x6 = merge(x5)
    x7 = replace(I, ZERO, ONE)
    x8 = fill(x7, THREE, x4)
    O = fill(x8, TWO, x6)
    return O


def solve_e872b94a(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = size(x1)
    x3 = increment(x2)
    x4 = astuple(x3, ONE)
    O = canvas(ZERO, x4)
    return O


def solve_e9ac8c9e(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = colorfilter(x1, FIVE)
    x3 = replace(I, FIVE, ZERO)
    x4 = rbind(subgrid, x3)
    x5 = chain(compress, x4, outbox)
    x6 = compose(halve, height)
    x7 = fork(upscale, x5, x6)
    x8 = compose(asobject, x7)
    x9 = fork(shift, x8, ulcorner)
    x10 = mapply(x9, x2)
    x11 = shape(I)
    x12 = canvas(ZERO, x11)
    O = paint(x12, x10)
    return O


def solve_ea32f347(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = argmax(x1, size)
    x3 = argmin(x1, size)
    x4 = replace(I, FIVE, FOUR)
    x5 = fill(x4, ONE, x2)
    O = fill(x5, TWO, x3)
    return O


def solve_f5c89df1(S, I, C):
    x1 = ofcolor(I, EIGHT)
    x2 = ofcolor(I, THREE)
    x3 = first(x2)
    x4 = invert(x3)
    x5 = shift(x1, x4)
    x6 = ofcolor(I, TWO)
    x7 = lbind(shift, x5)
    x8 = mapply(x7, x6)
    x9 = shape(I)
    x10 = canvas(ZERO, x9)
    O = fill(x10, EIGHT, x8)
    return O


def solve_f76d97a5(S, I, C):
    x1 = palette(I)
    x2 = other(x1, FIVE)
    x3 = replace(I, x2, ZERO)
    O = replace(x3, FIVE, x2)
    return O


def solve_f8ff0b80(S, I, C):
    x1 = objects(I, T, T, T)
    x2 = compose(invert, size)
    x3 = order(x1, x2)
    x4 = apply(color, x3)
    x5 = repeat(x4, ONE)
    O = dmirror(x5)
    return O


def solve_fc754716(S, I, C):
    x1 = leastcolor(I)
    x2 = replace(I, x1, ZERO)
    x3 = asindices(I)
    x4 = box(x3)
    O = fill(x2, x1, x4)
    return O


def solve_ff28f65a(S, I, C):
    x1 = objects(I, T, F, T)
    x2 = size(x1)
    x3 = double(x2)
    x4 = interval(ZERO, x3, TWO)
    x5 = initset(ZERO)
    x6 = product(x5, x4)
    x7 = astuple(ONE, NINE)
    x8 = canvas(ZERO, x7)
    x9 = fill(x8, ONE, x6)
    x10 = hsplit(x9, THREE)
    O = merge(x10)
    return O
