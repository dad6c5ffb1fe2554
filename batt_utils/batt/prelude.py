"""The prelude of a batt, what comes before its function: what it imports, what else it binds.

It is parsed and looked at, never executed.
"""

import ast
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple
from warnings import catch_warnings, simplefilter

GPU_LIBRARIES = frozenset({"cupy", "torch", "jax"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Import(NamedTuple):
    """One import.

    Attributes:
        name: what it binds; `*` for all names of a module.
        statement: its text.
    """

    name: str
    statement: str


class Prelude(NamedTuple):
    """What a prelude says.

    Attributes:
        imports: those of the module, not of its functions, the last one first: where two bind a name, the
            first one listed counts.
        bound: the line of each name that is bound otherwise.
        gpu_line: the line of the first import of a GPU library anywhere, or 0.
    """

    imports: tuple[Import, ...]
    bound: dict[str, int]
    gpu_line: int


def parse(source: str) -> list[ast.stmt]:
    """Parse statements, without warnings of what is Python only just.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse` does.
    """
    with catch_warnings():
        simplefilter("ignore")
        return ast.parse(source).body


def read_prelude(statements: Iterable[ast.stmt]) -> Prelude:
    """Read the statements of a prelude.

    What may bind a name of the module counts as if it did: a `global` of a function, the variable of a
    comprehension.
    """
    imports: list[Import] = []
    bound: list[tuple[str, int]] = []
    gpu_lines: list[int] = []
    rest: list[tuple[ast.AST, bool]] = [(statement, True) for statement in statements]
    while rest:
        node, is_global = rest.pop()
        match node:
            case ast.Import() | ast.ImportFrom():
                if is_global:
                    imports += _split(node)
                if not GPU_LIBRARIES.isdisjoint(_list_packages(node)):
                    gpu_lines.append(node.lineno)
                continue
            case ast.Global(names=names):
                bound += [(name, node.lineno) for name in names]
            case (
                ast.Name(id=name, ctx=ast.Store() | ast.Del())
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ) if is_global:
                bound.append((name, node.lineno))
        # An `except` is for where its `try` fails: its imports come before, so that the others count.
        for child in sorted(ast.iter_child_nodes(node), key=_is_no_handler):
            is_inner = isinstance(node, _SCOPES) and (isinstance(child, ast.stmt) or child is node.body)
            rest.append((child, is_global and not is_inner))
    return Prelude(
        imports=tuple(imports),
        bound=dict(sorted(bound, key=itemgetter(1), reverse=True)),  # the first line of each name
        gpu_line=min(gpu_lines, default=0),
    )


def _is_no_handler(node: ast.AST) -> bool:
    return not isinstance(node, ast.ExceptHandler)


def _split(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    """Split a statement into an import for each name, the last one first."""
    for alias in reversed(node.names):
        one = (
            ast.Import([alias])
            if isinstance(node, ast.Import)
            else ast.ImportFrom(node.module, [alias], node.level)
        )
        yield Import(alias.asname or alias.name.partition(".")[0], ast.unparse(one))


def _list_packages(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [] if node.level else [str(node.module).partition(".")[0]]
