"""The modules of a host's DSL, tuned while they are imported; neither their files nor their values change.

Such a DSL writes what a function is given into a log line at every call, though nobody logs, and finds out
anew at every failure what the function gives instead. Here the log lines of a logger that is off are
passed over, and what is found is remembered. What is not surely without effect stays as it is.
"""

import ast
import logging
import marshal
import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from batt_utils.batt.program import DEFAULT

PLAIN = (bool, int, tuple, frozenset)  # the empty value of these has no identity that matters
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
SWITCH = "_@"  # begins the name of a switch, which no program can write
Namespace = MutableMapping[str, Any]  # of a module
TAG = "tuned1"  # of the compiled files; another number where what is passed over changes


@contextmanager
def tuned_imports(folders: Iterable[str], stay: Iterable[str] = ()) -> Iterator[list[Namespace]]:
    """Tune what the block imports from some folders; then flip the switches as the loggers are.

    Args:
        folders: where modules are looked for first.
        stay: the names of modules that are imported as they are.

    Yields:
        The namespaces of the modules that are imported tuned, added when they come; others may be added, of
        which the switches are flipped and the defaults remembered, too.
    """
    finder = _Finder([*folders], {*stay})
    sys.meta_path.insert(0, finder)
    try:
        yield finder.namespaces
    finally:
        sys.meta_path.remove(finder)
    for namespace in finder.namespaces:
        flip_switches(namespace)
    remember_defaults(finder.namespaces)


class _Finder:
    """A finder of modules in some folders, for import; a module of a package is none of ours."""

    def __init__(self, folders: list[str], stay: set[str]) -> None:
        self._folders = folders
        self._stay = stay
        self.namespaces: list[Namespace] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, self._folders) if path is None and name not in self._stay else None
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.submodule_search_locations:
            return None
        spec.loader = _Loader(name, spec.loader.path, self.namespaces)
        return spec


class _Loader(SourceFileLoader):
    """A loader of a module with switches; where what is compiled cannot be kept, as it is."""

    def __init__(self, name: str, path: str, namespaces: list[Namespace]) -> None:
        super().__init__(name, path)
        self._namespaces = namespaces

    def exec_module(self, module: ModuleType) -> None:
        self._namespaces.append(vars(module))
        super().exec_module(module)

    def get_code(self, fullname: str) -> CodeType | None:
        state = os.stat(self.path)  # noqa: PTH116 (as in Python's own files: the head says which text it is of)
        head = MAGIC_NUMBER + struct.pack(
            "<III", 0, int(state.st_mtime) & 0xFFFFFFFF, state.st_size & 0xFFFFFFFF
        )
        cached = Path(cache_from_source(self.path, optimization=TAG))
        with suppress(OSError, ValueError, EOFError, TypeError):
            found = cached.read_bytes()
            if found.startswith(head):
                return marshal.loads(found[len(head) :])  # type: ignore[no-any-return]
        if sys.dont_write_bytecode:
            return super().get_code(fullname)
        try:
            code = compile(add_switches(self.get_data(self.path)), self.path, "exec", dont_inherit=True)
            cached.parent.mkdir(exist_ok=True)
            temporary = cached.with_name(f"{cached.name}.{os.getpid()}")
            temporary.write_bytes(head + marshal.dumps(code))
            temporary.replace(cached)
        except (OSError, SyntaxError, ValueError, RecursionError):
            return super().get_code(fullname)
        return code


# Log lines


def add_switches(source: bytes | str) -> ast.Module:
    """Parse a module; have each of its log lines passed over where its logger is the value of a switch.

    A log line is a statement `NAME.info(...)` or `NAME.debug(...)`; all that it is given is constants,
    variables and f-strings of these. With its logger off such a line does nothing, unless a variable has no
    value, which the line that takes its place finds out too, or cannot be written out (an int of thousands
    of digits). The switches are globals of the module, at first the value of nothing. Line numbers stay.
    """
    tree = ast.parse(source)
    adder = _Adder()
    adder.visit(tree)
    lines = [f"vars()[{switch!r}] = []" for switch in sorted(adder.switches)]
    head = _count_head(tree.body)
    tree.body[head:head] = ast.parse("\n".join(lines)).body
    return tree


def _count_head(body: list[ast.stmt]) -> int:
    """Count the statements that must come first in a module: its docstring and `from __future__` imports."""
    heads = [
        index
        for index, statement in enumerate(body, 1)
        if (index == 1 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")
    ]
    return max(heads, default=0)


class _Adder(ast.NodeTransformer):
    """A transformer that has log lines passed over.

    Attributes:
        switches: the names of those that the lines look at.
    """

    def __init__(self) -> None:
        self.switches: set[str] = set()

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        node.value = self._pass_over(node.value)
        return node

    def _pass_over(self, value: ast.expr) -> ast.expr:
        """Make `VARIABLES if NAME is SWITCH else NAME.info(...)` of a log line, whose value is of no use."""
        match value:
            case ast.BoolOp(values=[*_, last]):
                value.values[-1] = self._pass_over(last)
            case ast.Call(ast.Attribute(ast.Name() as logger, method), arguments, []) if (
                method in LEVELS and all(map(_is_harmless, arguments))
            ):
                switch = f"{SWITCH}{logger.id}.{method}"
                self.switches.add(switch)
                is_off = ast.Compare(logger, [ast.Is()], [ast.Name(switch, ast.Load())])
                nodes = chain.from_iterable(map(ast.walk, arguments))
                variables = ast.Tuple([node for node in nodes if isinstance(node, ast.Name)], ast.Load())
                line = ast.copy_location(ast.IfExp(is_off, variables, value), value)
                return ast.fix_missing_locations(line)
        return value


def _is_harmless(argument: ast.AST) -> bool:
    """Tell whether something is a constant, a variable, or an f-string of these without formats."""
    match argument:
        case ast.JoinedStr(values):
            return all(map(_is_harmless, values))
        case ast.FormattedValue(value, format_spec=None):
            return isinstance(value, (ast.Name, ast.Constant))
    return isinstance(argument, (ast.Name, ast.Constant))


def flip_switches(names: Namespace) -> None:
    """Give the switches of a namespace the loggers that are off at the level of their lines."""
    for switch in [name for name in names if name.startswith(SWITCH)]:
        name, _, method = switch.removeprefix(SWITCH).rpartition(".")
        logger = names.get(name)
        if (
            isinstance(logger, logging.Logger)
            and not logger.isEnabledFor(LEVELS[method])
            and getattr(getattr(logger, method), "__func__", None) is getattr(logging.Logger, method)
        ):
            names[switch] = logger


# Defaults


def remember_defaults(namespaces: Iterable[Namespace]) -> None:
    """Have each function's default remembered by the `_get_safe_default` of these namespaces.

    A default that is neither an empty plain value nor the same object again, the second time, is never
    remembered.
    """
    known: dict[int, Callable[..., object]] = {}
    for namespace in namespaces:
        original = namespace.get(DEFAULT)
        if isinstance(original, FunctionType):
            remember = known.setdefault(id(original), _remember(original))
            namespace.update({name: remember for name, value in namespace.items() if value is original})


def _remember(original: Callable[..., object]) -> Callable[..., object]:
    known: WeakKeyDictionary[FunctionType, tuple[object, bool]] = WeakKeyDictionary()

    @wraps(original)
    def remember(*arguments: Any, **options: Any) -> object:
        if options or len(arguments) != 1 or not isinstance(arguments[0], FunctionType):
            return original(*arguments, **options)
        before, is_constant = known.get(arguments[0], (None, False))
        if is_constant:
            return before
        value = original(*arguments)
        is_constant = value is before or (type(value) in PLAIN and not value)
        known[arguments[0]] = value, is_constant
        return value

    return remember
