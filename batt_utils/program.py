"""A batt as data: a table of calls, the candidates and differ values it lists, what a call needs.

Knows the format of a batt's source and of its call table; knows no DSL and no file layout.
"""

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from warnings import catch_warnings, simplefilter

INPUTS = ("S", "I", "C")
_DIGITS = "0|[1-9][0-9]{0,4299}"  # Python reads no longer numbers
VARIABLE = re.compile(f"t(?:{_DIGITS})").fullmatch
INTEGER = re.compile(f"-?(?:{_DIGITS})").fullmatch


class Call(NamedTuple):
    """One call: the name of a function or an earlier `tK`, what it is given, and the K's in both."""

    function: str
    arguments: tuple[str, ...]
    needs: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})"


Calls = dict[int, Call]


def make_call(function: str, arguments: Iterable[str]) -> Call:
    """Makes a call from the names that it is written with."""
    items = (function, *arguments)
    needs = tuple([int(item[1:]) for item in items if item[:1] == "t" and VARIABLE(item)])
    return Call(function, items[1:], needs)


class Candidate(NamedTuple):
    """The output of solver `solver_id`: the value of call `t`."""

    t: int
    evolved: bool
    solver_id: str


class DifferItem(NamedTuple):
    """A differ's value, that of call `t`, on the output of `owner` (`'None'`: on the input)."""

    t: int
    owner: str
    name: str


class Program(NamedTuple):
    """What a batt module of the usual form says.

    `calls` is in the order of the source, in which a call only refers to earlier ones; `guarded`
    holds those that take their function's default when they fail; `imports` is the text before the
    function.
    """

    calls: Calls
    guarded: frozenset[int]
    candidates: tuple[Candidate, ...]
    differs: tuple[DifferItem, ...]
    imports: str


# One pattern for a statement makes a quick pass over megabytes of very regular text.
_HEAD = re.compile(
    r"^def batt\(task_id, S, I, C, log_path\):\n"
    r"(?:    s = \[\]\n    o = \[\]\n|    o = \[\]\n    s = \[\]\n)",
    re.MULTILINE,
)
_N = f"({_DIGITS})"
_ITEM = r"[^\s(),.]+"
_CALL = rf"([A-Za-z_][A-Za-z_0-9]*)\(((?:{_ITEM}(?:, {_ITEM})*)?)\)\n"
_STATEMENT = re.compile(
    r"    try:\n"
    rf"        t{_N} = {_CALL}"
    r"    except \(TypeError, AttributeError, ValueError\):\n"
    r"        t\1 = _get_safe_default\(\2\)\n"
    rf"|    t{_N} = {_CALL}"
    rf"|    o\.append\(\({_N}, (True|False), '([^'\\\n]*)', t\7\)\)\n"
    rf"|    s\.append\(\({_N}, '([^'\\\n]*)', '([^'\\\n]*)', t\10\)\)\n"
    rf"|    t{_N}, t{_N}, t{_N}, t{_N} = batch_process_samples_gpu\(S\)\n"
    r"|[ \t]*(?:#.*)?\n",
    re.ASCII,
)
_END = re.compile(r"    return o, s\s*\Z")


def read_program(source: str) -> Program | None:
    """Reads the source of a batt module, a line at a time, without compiling it.

    Returns:
        The program, or None if the source has another form: it is then a function to be called.
    """
    head = _HEAD.search(source)
    if head is None or not _only_imports(source[: head.start()]):
        return None

    calls: Calls = {}
    guarded: set[int] = set()
    candidates: list[Candidate] = []
    differs: list[DifferItem] = []
    scanner = _STATEMENT.scanner(source, head.end())  # type: ignore[attr-defined]
    position = head.end()
    while statement := scanner.match():
        position = statement.end()
        kind = statement.lastindex
        if kind is None:
            continue
        if kind <= 6:
            t, function, arguments = statement.group(1, 2, 3) if kind == 3 else statement.group(4, 5, 6)
            number = int(t)
            call = _read_entry(f"{function}, {arguments}" if arguments else function)
            if call is None or number in calls or not _is_sound(call, calls):
                return None
            calls[number] = call
            if kind == 3:
                guarded.add(number)
        elif kind == 9:
            t, evolved, solver_id = statement.group(7, 8, 9)
            if int(t) not in calls:
                return None
            candidates.append(Candidate(int(t), evolved == "True", solver_id))
        elif kind == 12:
            t, owner, name = statement.group(10, 11, 12)
            if int(t) not in calls:
                return None
            differs.append(DifferItem(int(t), owner, name))
        else:
            a, b, c, d = map(int, statement.group(13, 14, 15, 16))
            if {a, b, c, d} & calls.keys() or len({a, b, c, d}) < 4:
                return None
            calls |= {
                a: make_call("apply", ("first", "S")),
                b: make_call("apply", ("second", "S")),
                c: make_call("mapply", ("p_g", f"t{a}")),
                d: make_call("mapply", ("p_g", f"t{b}")),
            }
    if not _END.match(source, position):
        return None
    return Program(calls, frozenset(guarded), tuple(candidates), tuple(differs), source[: head.start()])


def _only_imports(text: str) -> bool:
    try:
        statements = _parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(
        isinstance(node, (ast.Import, ast.ImportFrom))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in statements
    )


def _parse(source: str) -> list[ast.stmt]:
    with catch_warnings():
        simplefilter("ignore")  # of Python, about what is a name or number only just
        return ast.parse(source).body


_LOCALS = frozenset({"task_id", "log_path", "s", "o"})


def _is_sound(call: Call, earlier: Calls) -> bool:
    """Whether a call refers to earlier ones only, and to no other variable of the function."""
    return (
        all(need in earlier for need in call.needs)
        and call.function not in INPUTS
        and _LOCALS.isdisjoint((call.function, *call.arguments))
    )


def _is_name(item: str) -> bool:
    return item.isidentifier() and (not keyword.iskeyword(item) or item in ("True", "False", "None"))


def read_calls(source: str, path: str) -> Calls:
    """Reads the text of a `_call` module, `t_call = {N: 'func, arg, ...', ...}`; it is never executed.

    Args:
        source: the module's text.
        path: where it comes from, for the messages.

    Raises:
        ValueError: the text is no such literal, or a call in it is malformed or refers forward.
    """
    return check_calls(_literal(source, path), path)


_ENTRY = re.compile(rf"\s*{_N}\s*:\s*'([^'\\\n]*)'\s*(,|(?=\}}))")


def _literal(source: str, path: str) -> Mapping[int, str]:
    """The value of `t_call`: by a pattern where every entry is a plain one, else as Python reads it."""
    start = re.match(r"(?:\s|#.*\n)*t_call\s*=\s*\{", source)
    if start:
        entries = _ENTRY.scanner(source, start.end())  # type: ignore[attr-defined]
        table: dict[int, str] = {}
        end = start.end()
        while entry := entries.match():
            table[int(entry[1])] = entry[2]
            end = entry.end()
        if source[end:].strip() == "}":
            return table
    try:
        for node in _parse(source):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "t_call":
                value = ast.literal_eval(node.value)
                if isinstance(value, dict):
                    return value
                break
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise ValueError(f"{path}: no literal `t_call = {{N: 'func, arg, ...', ...}}`: write the batt anew")


def check_calls(t_call: Mapping[int, str], path: str = "t_call") -> Calls:
    """Turns a call table `{N: 'func, arg, ...'}` into calls, in rising order.

    An entry may also be `func(arg, ...)`, and an item may end in `.t`, which is dropped.

    Raises:
        ValueError: an entry is malformed, or refers to a call that is missing or not earlier.
    """
    calls: Calls = {}
    try:
        numbered = sorted((int(t), entry) for t, entry in t_call.items())
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{path}: a key of t_call is not a number: write the batt anew") from None
    numbers = {t for t, _ in numbered}
    for t, entry in numbered:
        call = _read_entry(entry) if isinstance(entry, str) else None
        if call is None:
            raise ValueError(
                f"{path}: t{t}: {_shorten(repr(entry))} is not 'func, arg, ...': write the batt anew"
            )
        for need in call.needs:
            if need not in calls:
                where = "not an earlier call" if need in numbers else "missing"
                raise ValueError(f"{path}: t{t} needs t{need}, which is {where}: write the batt anew")
        calls[t] = call
    return calls


@lru_cache(maxsize=2**15)  # a call stands in the batt and in its table
def _read_entry(entry: str) -> Call | None:
    if not entry.isascii():  # Python reads names in this form
        entry = unicodedata.normalize("NFKC", entry)
    entry = entry.strip()
    if entry.endswith(")"):
        function, _, arguments = entry[:-1].partition("(")
        texts = [function, *(arguments.split(",") if arguments.strip() else ())]
    else:
        texts = entry.split(",")
    function, *items = (text.strip().removesuffix(".t") for text in texts)
    if not _is_name(function) or not all([_is_name(item) or INTEGER(item) for item in items]):
        return None
    return make_call(function, items)


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def check_agreement(program: Program, calls: Calls, path: str) -> None:
    """Checks that a batt's call table holds every call of its source, as it is there.

    Raises:
        ValueError: naming the first call that is missing or differs.
    """
    for t, call in program.calls.items():
        if calls.get(t) != call:
            listed = _shorten(str(calls.get(t, "missing")))
            raise ValueError(
                f"{path}: t{t} is {listed}, the batt has {_shorten(str(call))}: write the batt anew"
            )


def needs(calls: Calls, roots: Iterable[int]) -> list[int]:
    """The numbers of all calls that the values of `roots` need, themselves included, in rising order."""
    found: set[int] = set()
    rest = list(roots)
    while rest:
        t = rest.pop()
        if t not in found:
            found.add(t)
            rest += calls[t].needs
    return sorted(found)


def find_dependents(calls: Calls, names: Iterable[str]) -> set[int]:
    """Find all calls that use one of the names, themselves or by the calls that they need."""
    found: set[int] = set()
    wanted = frozenset(names)
    for t, call in calls.items():
        if not (found.isdisjoint(call.needs) and wanted.isdisjoint((call.function, *call.arguments))):
            found.add(t)
    return found


def body(calls: Calls, t: int) -> str:
    """The straight-line text of call `t`: `    tN = func(a, b)` for each call it needs, and a return."""
    lines = [f"    t{number} = {calls[number]}\n" for number in needs(calls, [t])]
    return "".join([*lines, f"    return t{t}\n"])
