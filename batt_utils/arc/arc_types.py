"""The types of the DSL: what a grid, an object and a patch are made of."""

from __future__ import annotations

from collections.abc import Callable as _AnyCallable
from typing import Any, TypeAlias

__all__ = [
    "Any",
    "Boolean",
    "Callable",
    "Cell",
    "Container",
    "ContainerContainer",
    "Element",
    "FrozenSet",
    "Grid",
    "Indices",
    "IndicesSet",
    "Integer",
    "IntegerSet",
    "IntegerTuple",
    "Numerical",
    "Object",
    "Objects",
    "Patch",
    "Piece",
    "Tuple",
    "TupleTuple",
]

Boolean: TypeAlias = bool
Integer: TypeAlias = int
IntegerTuple: TypeAlias = tuple[int, int]  # a place or a step: (row, column)
Numerical: TypeAlias = int | IntegerTuple
IntegerSet: TypeAlias = frozenset[int]
Grid: TypeAlias = tuple[tuple[int, ...], ...]  # rows of colours 0 to 9
Cell: TypeAlias = tuple[int, IntegerTuple]  # (colour, (row, column))
Object: TypeAlias = frozenset[Cell]
Objects: TypeAlias = frozenset[Object]
Indices: TypeAlias = frozenset[IntegerTuple]
IndicesSet: TypeAlias = frozenset[Indices]
Patch: TypeAlias = Object | Indices
Element: TypeAlias = Object | Grid
Piece: TypeAlias = Grid | Patch
Tuple: TypeAlias = tuple[Any, ...]
TupleTuple: TypeAlias = tuple[Tuple, ...]
FrozenSet: TypeAlias = frozenset[Any]
Container: TypeAlias = Tuple | FrozenSet
ContainerContainer: TypeAlias = tuple[Container, ...] | frozenset[Container]
Callable: TypeAlias = _AnyCallable[..., Any]
