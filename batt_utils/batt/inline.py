"""The text of a call with every variable replaced by its expression, and the md5 that names it."""

import ast
from collections.abc import Iterable
from hashlib import md5

from batt_utils.batt.program import Call, Calls, find_needed
from batt_utils.console import UserError

LIMIT = 16 * 2**20  # characters: a text of nested calls can double with every line
LONGEST = 10**1000  # longer texts count as this: Python writes no number of more than 4,300 digits
SHARED_LIMIT = 2**12  # longer texts are put together from shorter ones each time: memory stays small


class TooLong(UserError):
    """An inlined text would pass `LIMIT`."""


class Inliner:
    r"""Inline calls of one table; build texts that several calls need once.

    >>> from batt_utils.batt.reader import parse_calls
    >>> inliner = Inliner(parse_calls({1: "hmirror, I", 2: "vconcat, I, t1"}), [2])
    >>> inliner.source("solve", 2)
    'def solve(S, I, C):\n    return vconcat(I, hmirror(I))'
    >>> inliner.name("solve", 2)
    '690505e248cf7b17691370f2c7f90ef8'
    """

    def __init__(self, calls: Calls, roots: Iterable[int]) -> None:
        """Prepare the texts of all calls that `roots` need, but for long ones."""
        # By variable: the length of each text, the short texts, the calls of the long ones.
        self._lengths: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._calls: dict[str, Call] = {}
        for t in find_needed(calls, roots):
            call, variable = calls[t], f"t{t}"
            if self._calls.keys().isdisjoint(call.items):
                function, *arguments = [self._texts.get(item, item) for item in call.items]
                text = f"{function}({', '.join(arguments)})"
                self._lengths[variable] = len(text)
                if len(text) <= SHARED_LIMIT:
                    self._texts[variable] = text
                    continue
            else:
                self._lengths[variable] = min(self._add_up(call), LONGEST)
            self._calls[variable] = call

    def source(self, kind: str, t: int) -> str:
        """Write the inlined source of call `t` as a function named `kind` (`solve` or `differ`).

        Raises:
            TooLong: it would be longer than `LIMIT` characters; nothing is built.
        """
        length = self._lengths[f"t{t}"]
        if length > LIMIT:
            raise TooLong(f"t{t} is left out: its inlined text has {length:,} characters")
        return f"def {kind}(S, I, C):\n    return {self._join(f't{t}')}"

    def name(self, kind: str, t: int) -> str:
        """Find the md5 (hex) of that source, which names the solver or differ.

        Raises:
            TooLong: as `source` does.
        """
        return md5(self.source(kind, t).encode()).hexdigest()

    def _add_up(self, call: Call) -> int:
        """Find the length of a call's text from those of its items."""
        lengths = [self._lengths.get(item, len(item)) for item in call.items]
        return sum(lengths) + 2 * max(len(call.items) - 1, 1)

    def _join(self, variable: str) -> str:
        """Join the text of a call; a list of what is left to write stands in for recursion."""
        pieces: list[str] = []
        rest = [variable]
        while rest:
            item = rest.pop()
            if item not in self._calls:
                pieces.append(self._texts.get(item, item))
                continue
            function, *arguments = self._calls[item].items
            rest.append(")")
            for position in range(len(arguments) - 1, -1, -1):
                rest.append(arguments[position])
                if position:
                    rest.append(", ")
            rest += ["(", function]
        return "".join(pieces)


def inline_variables(source: str) -> str:
    r"""Inline the variables of any straight-line function: assignments to names, then a return.

    Args:
        source: the text of one function, `def solve(S, I, C): ...`.

    Returns:
        `def solve(S, I, C):\n    return EXPR` with no newline at the end, as `ast.unparse` writes it.

    Raises:
        UserError: the source is no such function.
        TooLong: the text would be longer than `LIMIT` characters; it is not built.

    >>> inline_variables("def solve(S, I, C):\n    x1 = hmirror(I)\n    return vconcat(I, x1)\n")
    'def solve(S, I, C):\n    return vconcat(I, hmirror(I))'
    """
    import astor

    try:
        (function,) = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(f"not one function: {source[:60]!r}") from None
    if not isinstance(function, ast.FunctionDef) or not isinstance(function.body[-1], ast.Return):
        raise UserError(f"not a function that ends in its return: {source[:60]!r}")
    inliner = _VariableInliner()
    try:
        for line in function.body[:-1]:
            match line:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    inliner.set(name, value)
                case _:
                    raise UserError(f"line {line.lineno} of {function.name} is no assignment to a name")
        length = inliner.length(function.body[-1]) - len("return ")
        if length > LIMIT:
            raise TooLong(f"{function.name} is too long: its inlined text has {length:,} characters")
        function.body = [inliner.visit(function.body[-1])]
        text: str = astor.to_source(function, pretty_source="".join)
    except RecursionError:
        raise UserError(f"{function.name} is nested too deep to be inlined") from None
    return text.strip("\n")


class _VariableInliner(ast.NodeTransformer):
    def __init__(self) -> None:
        self._expressions: dict[str, ast.expr] = {}
        self._lengths: dict[str, int] = {}

    def set(self, name: str, value: ast.expr) -> None:
        """Let a variable stand for an expression."""
        self._lengths[name] = self.length(value)
        self._expressions[name] = self.visit(value)

    def length(self, node: ast.AST) -> int:
        """Find the length of a node's text with its variables replaced, but for parentheses around these."""
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        more = sum(self._lengths.get(name, len(name)) - len(name) for name in names)
        return min(len(ast.unparse(node)) + more, LONGEST)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a variable by its expression."""
        return self._expressions.get(node.id, node)
