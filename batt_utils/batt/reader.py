"""Batts read as data: `MODULE.py` and `MODULE_call.py`, in every form that is out there.

Neither is compiled or executed.
"""

import ast
import importlib.util
import keyword
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from batt_utils.batt.prelude import Import, Prelude, parse, read_prelude
from batt_utils.batt.program import (
    DIGITS,
    INPUTS,
    INTEGER,
    VARIABLE,
    Call,
    Calls,
    Candidate,
    DifferItem,
    Guard,
    Program,
    make_call,
)
from batt_utils.console import UserError


class Source(NamedTuple):
    """A batt, and how it was read.

    Attributes:
        batt: what it says, the name of its module if it is to be called, or the function itself.
        calls: its call table.
        reason: why it is to be called; empty if it is not.
        texts: those of its module and of its call table, as far as they are read from files.
        records: whether its call table holds records, not texts; None if it holds nothing.
    """

    batt: Program | str | Callable[..., Any]
    calls: Calls
    reason: str = ""
    texts: Sequence[str] = ()
    records: bool | None = False

    @property
    def form(self) -> str:
        """How it was read, in words."""
        if isinstance(self.batt, Program):
            return f"table of {len(self.batt.calls)} calls"
        return f"called as a function: {self.reason}"


# What stored solvers run with: a batt that calls nothing, with their imports.
STORED = Source(
    Program({}, {}, (), (), (Import("*", "from dsl import *"), Import("*", "from constants import *")), ""),
    {},
)


def load_batt(name: str, calls: Calls | None = None, device: str = "auto") -> Source:
    """Read the batt module `name` and its call table, from the current folder or the import path.

    Neither is executed. With `calls` these are the call table, and no other is looked for. The name may end
    in `.py`. For the device `gpu`, a batt that imports a GPU library is a function to be called.

    Raises:
        UserError: there is no such module, it holds no batt, or its call table does not fit it.
        OSError: a file cannot be read.
    """
    name = name.removesuffix(".py")
    path = find_module(name)
    if path is None:
        raise UserError(f"no batt module {name}: write {name}.py here, or name another one with -b")
    source = _read(path)
    texts = [source]
    if "batt" not in source:
        raise UserError(f"{path}: it has no function batt: name another module with -b")
    call_path = path.with_name(f"{path.stem}_call.py")
    records: bool | None = False
    if calls is not None:
        call_path = Path("t_call")
    elif call_path.is_file():
        texts.append(_read(call_path))
        table, records = _read_table(texts[1], str(call_path))
        calls = parse_calls(table, str(call_path))
    else:
        raise UserError(f"{call_path}: the batt's call table is missing: write the batt anew")
    try:
        program = read_program(source)
    except OtherShape as reason:
        return Source(name, calls, str(reason), texts, records)
    check_agreement(program, calls, str(call_path))
    if device == "gpu" and program.gpu_import:
        return Source(name, calls, f"{program.gpu_import} (--device gpu)", texts, records)
    return Source(program, calls, "", texts, records)


def find_module(name: str) -> Path | None:
    """Find the file of a module: in the current folder, else on the import path.

    Raises:
        UserError: it is no name of a module.
    """
    if not all(part.isidentifier() for part in name.split(".")):
        raise UserError(f"{name!r} is no module name: give -b that of a batt here or on the import path")
    here = Path(*name.split(".")).with_suffix(".py")
    if here.is_file():
        return here
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text: write the batt anew") from None


class OtherShape(ValueError):
    """A batt has no known form; the message is the first line that does not fit."""


# One pattern for a statement makes a quick pass over megabytes of very regular text.
_HEAD = re.compile(r"^def batt\(task_id, S, I, C, log_path\):\n", re.MULTILINE)
_COMMENTS = r"(?:[ \t]*(?:#.*)?\n)*"
_LISTS = rf"{_COMMENTS}(?:    ([so]) = \[\]\n{_COMMENTS}(?:    (?!\1)([so]) = \[\]\n)?)?"
_N = f"({DIGITS})"
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
    """Read the source of a batt module, a line at a time, without compiling it.

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
        last_group = statement.lastindex
        if last_group is None:
            continue
        if last_group <= 7:
            first = 5 if last_group == 7 else 1
            t, function, arguments = statement.group(first, first + 1, first + 2)
            number = int(t)
            call = _read_entry(f"{function}, {arguments}" if arguments else function)
            if call is None or number in calls or not _is_sound(call, calls):
                raise _find_misfit(source, statement.start(first))
            calls[number] = call
            if last_group != 7:
                guarded[number] = _FIVE if last_group == 4 else _THREE
        elif last_group == 10:
            t, evolved, solver_id = statement.group(8, 9, 10)
            if int(t) not in calls:
                raise _find_misfit(source, statement.start(8))
            candidates.append(Candidate(int(t), evolved == "True", solver_id))
        elif last_group == 13:
            t, owner, name = statement.group(11, 12, 13)
            if int(t) not in calls:
                raise _find_misfit(source, statement.start(11))
            differs.append(DifferItem(int(t), owner, name))
        else:
            batch = _make_batch(*map(int, statement.group(14, 15, 16, 17)))
            if batch.keys() & calls.keys() or len(batch) < 4:
                raise _find_misfit(source, statement.start(14))
            calls |= batch
    if not _END.match(source, position):
        raise _find_misfit(source, position)

    prelude = read_prelude(statements)
    _check_names(source, prelude, calls, guarded)
    gpu_import = _tell_line(source, prelude.gpu_line) if prelude.gpu_line else ""
    return Program(calls, guarded, tuple(candidates), tuple(differs), prelude.imports, gpu_import)


def _make_batch(a: int, b: int, c: int, d: int) -> Calls:
    """Make the four calls that `batch_process_samples_gpu` stands for."""
    return {
        a: make_call("apply", "first", "S"),
        b: make_call("apply", "second", "S"),
        c: make_call("mapply", "p_g", f"t{a}"),
        d: make_call("mapply", "p_g", f"t{b}"),
    }


def _check_names(source: str, prelude: Prelude, calls: Calls, guarded: Mapping[int, Guard]) -> None:
    """See that no call uses a name that the prelude binds otherwise than by an import.

    Raises:
        OtherShape: one does.
    """
    used = {name for call in calls.values() for name in call.items}
    for guard in set(guarded.values()):
        used |= {"_get_safe_default", *(error.__name__ for error in guard)}
    used = {name for name in used & prelude.bound.keys() if name not in INPUTS and not VARIABLE(name)}
    if used:
        line, name = min((prelude.bound[name], name) for name in used)
        raise OtherShape(f"{_tell_line(source, line)} (the calls use {name})")


def _read_head(source: str) -> tuple[list[ast.stmt], int]:
    """Read up to the first call: give the prelude's statements, and the position of what follows.

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
    """Find the first line that does not fit, at `position` or after what is fitting there."""
    if part := re.compile(fitting, re.ASCII).match(source, position):
        position = part.end()
    return OtherShape(_tell_line(source, source.count("\n", 0, position) + 1))


def _tell_line(source: str, number: int) -> str:
    text = source.split("\n", number)[number - 1].strip()
    return f"line {number}: {_shorten(text) or 'the end'}"


_LOCALS = frozenset({"task_id", "log_path", "s", "o", "batt"})


def _is_sound(call: Call, earlier: Calls) -> bool:
    """Tell whether a call refers to earlier ones only, and to no other variable of the function."""
    return (
        all(need in earlier for need in call.needs)
        and call.function not in INPUTS
        and _LOCALS.isdisjoint(call.items)
    )


def _is_name(item: str) -> bool:
    return item.isidentifier() and (not keyword.iskeyword(item) or item in ("True", "False", "None"))


class HintValue(NamedTuple):
    """A record of a call table: the items of a call, and a hint for who generates batts."""

    hint: object
    value: object


def read_calls(source: str, path: str) -> Calls:
    """Read the text of a `_call` module, `t_call = {N: 'func, arg, ...', ...}`, without executing it.

    In place of a text, an entry may be a record `HintValue(hint=HINT, value=('func', 'arg', ...))`.

    Args:
        source: the module's text.
        path: where it comes from, for the messages.

    Raises:
        UserError: the text is no such literal, or a call in it is malformed or refers forward.
    """
    return parse_calls(_read_table(source, path)[0], path)


def holds_records(t_call: Mapping[int, object]) -> bool | None:
    """Tell whether a call table holds records, not texts; None if it holds nothing."""
    return any(not isinstance(entry, str) for entry in t_call.values()) if t_call else None


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


def _read_table(source: str, path: str) -> tuple[Mapping[int, object], bool | None]:
    """Read the value of `t_call`: by a pattern where every entry fits it, else as Python does.

    Returns:
        It, records perhaps as texts, and whether it holds records (see `holds_records`).
    """
    start = _TABLE.match(source)
    if start:
        entries = re.compile(_ENTRY).scanner(source, start.end())  # type: ignore[attr-defined]
        table: dict[int, str] = {}
        records = False
        end = start.end()
        while entry := entries.match():
            t, text, items = entry.group(1, 2, 3)
            if items:
                records = True
                text = items.replace("'", "").rstrip().rstrip(",")
            table[int(t)] = text
            end = entry.end()
        if source[end:].strip() == "}":
            return table, records if table else None
    try:
        for node in parse(source):
            match node:
                case ast.Assign(targets=[ast.Name("t_call")], value=ast.Dict(keys, values)):
                    found = {_read_literal(t): _read_literal(value) for t, value in zip(keys, values)}
                    return found, holds_records(found)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise UserError(f"{path}: no literal `t_call = {{N: 'func, arg, ...', ...}}`: write the batt anew")


def _read_literal(node: ast.expr | None) -> Any:
    """Read a literal, or a record of literals.

    Raises:
        ValueError, TypeError: it is neither.
    """
    match node:
        case ast.Call(ast.Name("HintValue"), given, named):
            fields = {str(one.arg): ast.literal_eval(one.value) for one in named}
            return HintValue(*map(ast.literal_eval, given), **fields)
        case ast.expr():
            return ast.literal_eval(node)
    raise ValueError("no literal")


def parse_calls(t_call: Mapping[int, object], path: str = "t_call") -> Calls:
    """Parse a call table `{N: 'func, arg, ...'}` into calls, in rising order.

    An entry may also be `func(arg, ...)`, and an item may end in `.t`, which is dropped; or it is a record
    whose `value` is `('func', 'arg', ...)`.

    Raises:
        UserError: an entry is malformed, or refers to a call that is missing or not earlier.
    """
    calls: Calls = {}
    try:
        numbered = sorted([(int(t), entry) for t, entry in t_call.items()], key=itemgetter(0))
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{path}: a key of t_call is not a number: write the batt anew") from None
    numbers = {t for t, _ in numbered}
    for t, entry in numbered:
        items = getattr(entry, "value", None)
        call = _read_entry(entry) if isinstance(entry, str) else _read_items(items)
        if call is None:
            text = _shorten(repr(entry if items is None else items))
            raise UserError(f"{path}: t{t}: {text} is not 'func, arg, ...': write the batt anew")
        for need in call.needs:
            if need not in calls:
                where = "not an earlier call" if need in numbers else "missing"
                raise UserError(f"{path}: t{t} needs t{need}, which is {where}: write the batt anew")
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
    if not _is_name(texts[0]) or not all([_is_name(text) or INTEGER(text) for text in texts[1:]]):
        return None
    return make_call(*texts)


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def check_agreement(program: Program, calls: Calls, path: str) -> None:
    """Check that a batt's call table holds every call of its source, as it is there.

    Raises:
        UserError: naming the first call that is missing or differs.
    """
    for t, call in program.calls.items():
        if calls.get(t) != call:
            listed = _shorten(str(calls.get(t, "missing")))
            raise UserError(
                f"{path}: t{t} is {listed}, the batt has {_shorten(str(call))}: write the batt anew"
            )
