"""A batt as data: a table of calls, the candidates and differ values it lists, what a call needs.

Knows the format of a batt's source and of its call table; knows no DSL and no file layout.
"""

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from batt_utils.prelude import Import, parse, read_prelude

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
Guard = tuple[type[Exception], ...]


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
    """What a batt module of a known form says.

    `calls` is in the order of the source, in which a call only refers to earlier ones; `guarded` has
    the exceptions for which a call takes its function's default; `imports` are the prelude's, the one that
    counts first; `gpu_import` is the line that imports a GPU library, or empty.
    """

    calls: Calls
    guarded: dict[int, Guard]
    candidates: tuple[Candidate, ...]
    differs: tuple[DifferItem, ...]
    imports: tuple[Import, ...]
    gpu_import: str


class OtherShape(ValueError):
    """A batt has no known form; the message is the first line that does not fit."""


# One pattern for a statement makes a quick pass over megabytes of very regular text.
_HEAD = re.compile(r"^def batt\(task_id, S, I, C, log_path\):\n", re.MULTILINE)
_COMMENTS = r"(?:[ \t]*(?:#.*)?\n)*"
_LISTS = rf"{_COMMENTS}(?:    ([so]) = \[\]\n{_COMMENTS}(?:    (?!\1)([so]) = \[\]\n)?)?"
_N = f"({_DIGITS})"
_ITEM = r"[^\s(),.]+"
_CALL = rf"([A-Za-z_][A-Za-z_0-9]*)\(((?:{_ITEM}(?:, {_ITEM})*)?)\)\n"
_TRY = rf"    try:\n{_COMMENTS}"
_GUARDED = rf"        t{_N} = {_CALL}{_COMMENTS}"
_EXCEPT = rf"    except \(TypeError, AttributeError, ValueError(, IndexError, KeyError)?\):\n{_COMMENTS}"
_STATEMENT = re.compile(
    rf"{_TRY}{_GUARDED}{_EXCEPT}"
    r"        t\1 = _get_safe_default\(\2\)\n"
    rf"|    t{_N} = {_CALL}"
    rf"|    o\.append\(\({_N}, (True|False), '([^'\\\n]*)', t\8\)\)\n"
    rf"|    s\.append\(\({_N}, '([^'\\\n]*)', '([^'\\\n]*)', t\11\)\)\n"
    rf"|    t{_N}, t{_N}, t{_N}, t{_N} = batch_process_samples_gpu\(S\)\n"
    r"|[ \t]*(?:#.*)?\n",
    re.ASCII,
)
_RETURN = r"    return o, s[ \t]*"
_END = re.compile(rf"{_RETURN}(?:\n{_COMMENTS}[ \t]*(?:#.*)?)?\Z")
# The lines that fit of a statement that does not fit as a whole.
_PART = rf"{_COMMENTS}(?:{_TRY}(?:{_GUARDED}(?:{_EXCEPT})?)?|{_RETURN}\n{_COMMENTS})?"
_THREE: Guard = (TypeError, AttributeError, ValueError)
_FIVE: Guard = (*_THREE, IndexError, KeyError)


def read_program(source: str) -> Program:
    """Reads the source of a batt module, a line at a time, without compiling it.

    Raises:
        OtherShape: the source has no known form; it is then a function to be called.
    """
    statements, position = _read_head(source)
    calls: Calls = {}
    guarded: dict[int, Guard] = {}
    candidates: list[Candidate] = []
    differs: list[DifferItem] = []
    scanner = _STATEMENT.scanner(source, position)  # type: ignore[attr-defined]
    while statement := scanner.match():
        position = statement.end()
        kind = statement.lastindex
        if kind is None:
            continue
        if kind <= 7:
            first = 5 if kind == 7 else 1
            t, function, arguments = statement.group(first, first + 1, first + 2)
            number = int(t)
            call = _read_entry(f"{function}, {arguments}" if arguments else function)
            if call is None or number in calls or not _is_sound(call, calls):
                raise _find_misfit(source, statement.start(first))
            calls[number] = call
            if kind != 7:
                guarded[number] = _FIVE if kind == 4 else _THREE
        elif kind == 10:
            t, evolved, solver_id = statement.group(8, 9, 10)
            if int(t) not in calls:
                raise _find_misfit(source, statement.start(8))
            candidates.append(Candidate(int(t), evolved == "True", solver_id))
        elif kind == 13:
            t, owner, name = statement.group(11, 12, 13)
            if int(t) not in calls:
                raise _find_misfit(source, statement.start(11))
            differs.append(DifferItem(int(t), owner, name))
        else:
            a, b, c, d = map(int, statement.group(14, 15, 16, 17))
            if {a, b, c, d} & calls.keys() or len({a, b, c, d}) < 4:
                raise _find_misfit(source, statement.start(14))
            calls |= {
                a: make_call("apply", ("first", "S")),
                b: make_call("apply", ("second", "S")),
                c: make_call("mapply", ("p_g", f"t{a}")),
                d: make_call("mapply", ("p_g", f"t{b}")),
            }
    if not _END.match(source, position):
        raise _find_misfit(source, position)

    prelude = read_prelude(statements)
    used = {name for call in calls.values() for name in (call.function, *call.arguments)}
    for guard in set(guarded.values()):
        used |= {"_get_safe_default", *(error.__name__ for error in guard)}
    used = {name for name in used & prelude.bound.keys() if name not in INPUTS and not VARIABLE(name)}
    if used:
        line, name = min((prelude.bound[name], name) for name in used)
        raise OtherShape(f"{_tell_line(source, line)} (the calls use {name})")
    gpu_import = _tell_line(source, prelude.gpu_line) if prelude.gpu_line else ""
    return Program(calls, guarded, tuple(candidates), tuple(differs), prelude.imports, gpu_import)


def _read_head(source: str) -> tuple[list[ast.stmt], int]:
    """Reads up to the first call: gives the prelude's statements, and the place of what follows.

    Raises:
        OtherShape: there is no function that begins as it should.
    """
    reason = "no line `def batt(task_id, S, I, C, log_path):`"
    if another := re.search(r"^.*\bdef batt\b", source, re.MULTILINE):
        reason = str(_find_misfit(source, another.start()))
    for head in _HEAD.finditer(source):
        try:
            *statements, batt = parse(f"{source[: head.end()]} pass")
        except SyntaxError as error:  # the line may stand in a text of the prelude
            reason = _tell_line(source, error.lineno or 1)
            continue
        except (ValueError, RecursionError, MemoryError) as error:
            reason = f"its prelude: {type(error).__name__}"
            continue
        if not isinstance(batt, ast.FunctionDef) or batt.decorator_list:
            decorated = [batt, *getattr(batt, "decorator_list", ())]
            raise OtherShape(_tell_line(source, min(node.lineno for node in decorated)))
        lists = re.compile(_LISTS).match(source, head.end())
        if lists is None or lists[2] is None:
            raise _find_misfit(source, head.end(), _LISTS)
        return statements, lists.end()
    raise OtherShape(reason)


def _find_misfit(source: str, position: int, fitting: str = _PART) -> OtherShape:
    """The error of the first line that does not fit, at `position` or after what is fitting there."""
    if part := re.compile(fitting, re.ASCII).match(source, position):
        position = part.end()
    return OtherShape(_tell_line(source, source.count("\n", 0, position) + 1))


def _tell_line(source: str, number: int) -> str:
    text = source.split("\n", number)[number - 1].strip()
    return f"line {number}: {_shorten(text) or 'the end'}"


_LOCALS = frozenset({"task_id", "log_path", "s", "o", "batt"})


def _is_sound(call: Call, earlier: Calls) -> bool:
    """Whether a call refers to earlier ones only, and to no other variable of the function."""
    return (
        all(need in earlier for need in call.needs)
        and call.function not in INPUTS
        and _LOCALS.isdisjoint((call.function, *call.arguments))
    )


def _is_name(item: str) -> bool:
    return item.isidentifier() and (not keyword.iskeyword(item) or item in ("True", "False", "None"))


class HintValue(NamedTuple):
    """A record of a call table: the items of a call, and a hint for who generates batts."""

    hint: object
    value: object


def read_calls(source: str, path: str) -> Calls:
    """Reads the text of a `_call` module, `t_call = {N: 'func, arg, ...', ...}`; it is never executed.

    In place of a text, an entry may be a record `HintValue(hint=HINT, value=('func', 'arg', ...))`.

    Args:
        source: the module's text.
        path: where it comes from, for the messages.

    Raises:
        ValueError: the text is no such literal, or a call in it is malformed or refers forward.
    """
    return check_calls(_literal(source, path), path)


_TABLE = re.compile(
    r"(?:\s|#.*\n|from collections import namedtuple\n"
    r"|HintValue = namedtuple\('HintValue', \['hint', 'value'\]\)\n)*t_call\s*=\s*\{"
)
# No prefix, for in an f-string a quote may stand within; and no quote follows, as after three of them.
_STRING = r"""(?<!\w)(?:'[^'\\\n]*(?:\\.[^'\\\n]*)*'(?!')|"[^"\\\n]*(?:\\.[^"\\\n]*)*"(?!"))"""
_PLAIN = r"[\w\s.,+-]*"
_IN_HINT = _PLAIN
for _ in range(6):  # tuples within tuples; what is deeper is left to Python
    _IN_HINT = rf"{_PLAIN}(?:(?:{_STRING}|\({_IN_HINT}\)){_PLAIN})*"
_TEXT = r"'[\w.-]+'\s*"
_ENTRY = (
    rf"\s*{_N}\s*:\s*(?:'([^'\\\n]*)'"
    rf"|HintValue\(\s*(?:hint\s*=\s*)?(?:{_STRING}|\({_IN_HINT}\)|[\w.+-]+)\s*,"
    rf"\s*(?:value\s*=\s*)?\(\s*({_TEXT},(?:\s*{_TEXT},)*(?:\s*{_TEXT})?)\)\s*,?\s*\))"
    r"\s*(,|(?=\}))"
)


def _literal(source: str, path: str) -> Mapping[int, object]:
    """The value of `t_call`: by a pattern where every entry fits it, else as Python reads it."""
    start = _TABLE.match(source)
    if start:
        entries = re.compile(_ENTRY).scanner(source, start.end())  # type: ignore[attr-defined]
        table: dict[int, str] = {}
        end = start.end()
        while entry := entries.match():
            t, text, items = entry.group(1, 2, 3)
            table[int(t)] = items.replace("'", "").rstrip().rstrip(",") if items else text
            end = entry.end()
        if source[end:].strip() == "}":
            return table
    try:
        for node in parse(source):
            match node:
                case ast.Assign(targets=[ast.Name("t_call")], value=ast.Dict(keys, values)):
                    return {_read_literal(t): _read_literal(value) for t, value in zip(keys, values)}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise ValueError(f"{path}: no literal `t_call = {{N: 'func, arg, ...', ...}}`: write the batt anew")


def _read_literal(node: ast.expr | None) -> Any:
    """The value of a literal, or of a record of literals."""
    match node:
        case ast.Call(ast.Name("HintValue"), given, named):
            fields = {str(one.arg): ast.literal_eval(one.value) for one in named}
            return HintValue(*map(ast.literal_eval, given), **fields)
        case ast.expr():
            return ast.literal_eval(node)
    raise ValueError("no literal")


def check_calls(t_call: Mapping[int, object], path: str = "t_call") -> Calls:
    """Turns a call table `{N: 'func, arg, ...'}` into calls, in rising order.

    An entry may also be `func(arg, ...)`, and an item may end in `.t`, which is dropped; or it is a record
    whose `value` is `('func', 'arg', ...)`.

    Raises:
        ValueError: an entry is malformed, or refers to a call that is missing or not earlier.
    """
    calls: Calls = {}
    try:
        numbered = sorted([(int(t), entry) for t, entry in t_call.items()], key=itemgetter(0))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{path}: a key of t_call is not a number: write the batt anew") from None
    numbers = {t for t, _ in numbered}
    for t, entry in numbered:
        items = getattr(entry, "value", None)
        call = _read_entry(entry) if isinstance(entry, str) else _read_items(items)
        if call is None:
            text = _shorten(repr(entry if items is None else items))
            raise ValueError(f"{path}: t{t}: {text} is not 'func, arg, ...': write the batt anew")
        for need in call.needs:
            if need not in calls:
                where = "not an earlier call" if need in numbers else "missing"
                raise ValueError(f"{path}: t{t} needs t{need}, which is {where}: write the batt anew")
        calls[t] = call
    return calls


@lru_cache(maxsize=2**15)  # a call stands in the batt and in its table
def _read_entry(entry: str) -> Call | None:
    entry = entry.strip()
    if not entry.endswith(")"):
        return _read_items(entry.split(","))
    function, _, arguments = entry[:-1].partition("(")
    return _read_items([function, *(arguments.split(",") if arguments.strip() else ())])


def _read_items(items: object) -> Call | None:
    if not isinstance(items, (list, tuple)) or {*map(type, items)} != {str}:
        return None
    # Python reads names in this form.
    texts = [unicodedata.normalize("NFKC", item).strip().removesuffix(".t") for item in items]
    function, *arguments = texts
    if not _is_name(function) or not all([_is_name(text) or INTEGER(text) for text in arguments]):
        return None
    return make_call(function, arguments)


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
