"""The text of a call with every variable replaced by its expression, and the md5 that names it."""

import ast
from collections.abc import Iterable
from hashlib import md5

from batt_utils.program import VARIABLE, Call, Calls, needs

LIMIT = 16 * 2**20  # characters: a text of nested calls can double with every line
LONGEST = 10**1000  # longer texts count as this: Python writes no number of more than 4,300 digits
SHARED_LIMIT = 2**12  # longer texts are put together from shorter ones each time: memory stays small


class TooLong(ValueError):
    """An inlined text would pass `LIMIT`."""


class Inliner:
    """Inlines calls of one table. Texts that several calls need are built once and shared.

    >>> from batt_utils.program import check_calls
    >>> inliner = Inliner(check_calls({1: "hmirror, I", 2: "vconcat, I, t1"}), [2])
    >>> inliner.source("solve", 2)
    'def solve(S, I, C):\\n    return vconcat(I, hmirror(I))'
    >>> inliner.name("solve", 2)
    '690505e248cf7b17691370f2c7f90ef8'
    """

    def __init__(self, calls: Calls, roots: Iterable[int]) -> None:
        """Prepares the texts of all calls that `roots` need, but for long ones."""
        self._calls = calls
        self._lengths: dict[int, int] = {}
        self._texts: dict[str, str] = {}  # by variable
        long: set[int] = set()
        for t in needs(calls, roots):
            call = calls[t]
            if long.isdisjoint(call.needs):
                function, *arguments = [
                    self._texts.get(item, item) for item in (call.function, *call.arguments)
                ]
                text = f"{function}({', '.join(arguments)})"
                self._lengths[t] = len(text)
                if len(text) <= SHARED_LIMIT:
                    self._texts[f"t{t}"] = text
                    continue
            else:
                self._lengths[t] = min(self._length(call), LONGEST)
            long.add(t)

    def source(self, kind: str, t: int) -> str:
        """The inlined source of call `t` as a function named `kind` (`solve` or `differ`).

        Raises:
            TooLong: it would be longer than `LIMIT` characters; nothing is built.
        """
        if self._lengths[t] > LIMIT:
            raise TooLong(f"t{t} is left out: its inlined text has {self._lengths[t]:,} characters")
        return f"def {kind}(S, I, C):\n    return {self._text(t)}"

    def name(self, kind: str, t: int) -> str:
        """The md5 (hex) of that source, which names the solver or differ.

        Raises:
            TooLong: as `source` does.
        """
        return md5(self.source(kind, t).encode()).hexdigest()

    def _length(self, call: Call) -> int:
        items = (call.function, *call.arguments)
        own = sum(len(item) for item in items if not VARIABLE(item))
        return own + sum(self._lengths[need] for need in call.needs) + 2 * max(len(items) - 1, 1)

    def _text(self, t: int) -> str:
        """Joins the text of call `t`; a list of what is left to write stands in for recursion."""
        pieces: list[str] = []
        rest = [f"t{t}"]
        while rest:
            item = rest.pop()
            if item in self._texts or not VARIABLE(item):
                pieces.append(self._texts.get(item, item))
                continue
            call = self._calls[int(item[1:])]
            rest.append(")")
            for position in range(len(call.arguments) - 1, -1, -1):
                rest.append(call.arguments[position])
                if position:
                    rest.append(", ")
            rest += ["(", call.function]
        return "".join(pieces)


def inline_variables(source: str) -> str:
    """Inlines the variables of any straight-line function: assignments to names, then a return.

    Args:
        source: the text of one function, `def solve(S, I, C): ...`.

    Returns:
        `def solve(S, I, C):\\n    return EXPR` with no newline at the end, as `ast.unparse` writes it.

    Raises:
        ValueError: the source is no such function.
        TooLong: the text would be longer than `LIMIT` characters; it is not built.

    >>> inline_variables("def solve(S, I, C):\\n    x1 = hmirror(I)\\n    return vconcat(I, x1)\\n")
    'def solve(S, I, C):\\n    return vconcat(I, hmirror(I))'
    """
    import astor

    try:
        (function,) = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"not one function: {source[:60]!r}") from None
    if not isinstance(function, ast.FunctionDef) or not isinstance(function.body[-1], ast.Return):
        raise ValueError(f"not a function that ends in its return: {source[:60]!r}")
    inliner = _VariableInliner()
    try:
        for line in function.body[:-1]:
            match line:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    inliner.set(name, value)
                case _:
                    raise ValueError(f"line {line.lineno} of {function.name} is no assignment to a name")
        length = inliner.length(function.body[-1]) - len("return ")
        if length > LIMIT:
            raise TooLong(f"{function.name} is too long: its inlined text has {length:,} characters")
        function.body = [inliner.visit(function.body[-1])]
        text: str = astor.to_source(function, pretty_source="".join)
    except RecursionError:
        raise ValueError(f"{function.name} is nested too deep to be inlined") from None
    return text.strip("\n")


class _VariableInliner(ast.NodeTransformer):
    def __init__(self) -> None:
        self._expressions: dict[str, ast.expr] = {}
        self._lengths: dict[str, int] = {}

    def set(self, name: str, value: ast.expr) -> None:
        """Has a variable stand for an expression."""
        self._lengths[name] = self.length(value)
        self._expressions[name] = self.visit(value)

    def length(self, node: ast.AST) -> int:
        """The length of a node's text with its variables replaced, but for parentheses that these need."""
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        more = sum(self._lengths.get(name, len(name)) - len(name) for name in names)
        return min(len(ast.unparse(node)) + more, LONGEST)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._expressions.get(node.id, node)
