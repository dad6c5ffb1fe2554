"""The DSL of a host, tuned in memory once it is loaded; neither its files nor its values change.

Such a DSL writes what a function is given into a log line at every call, though nobody logs, and
finds out anew at every failure what the function gives instead. Here the first is passed over and
the second remembered. What is not surely without effect stays as it is.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from functools import wraps
from opcode import hasjabs, hasjrel, opmap
from operator import is_
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

DEFAULT = "_get_safe_default"
PLAIN = (bool, int, tuple, frozenset)  # the empty value of these has no identity that matters
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
Silent = frozenset[tuple[str, str]]  # (the logger's name, debug or info)


def tune(names: MutableMapping[str, object], wanted: Iterable[str]) -> int:
    """Tunes the functions of a namespace that are wanted, with all that they call.

    Args:
        names: such as `vars(module)`; its `_get_safe_default` is replaced by one that remembers.
        wanted: names in it; what is none or no function is skipped.

    Returns:
        The number of functions that pass over log lines now.
    """
    functions = list(_find_functions(names.get(name) for name in wanted))
    tune_default(names, functions)
    return tune_logs(functions)


def tune_logs(functions: Iterable[FunctionType]) -> int:
    """Lets functions pass over their log lines that nobody reads; returns how many were changed.

    A log line is a statement `NAME.info(...)` or `NAME.debug(...)`, NAME being a global that is a
    logger which is off at that level now. All that it is given is constants, variables and
    f-strings of these: such a line does nothing, unless an argument cannot be written out (an int
    of thousands of digits). A jump is put over it in the function's code, also in functions within
    it; the function itself, its wrappers, its line numbers and all else stay.
    """
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 14):
        return 0  # another bytecode
    silent: dict[int, Silent] = {}
    tuned = 0
    for function in functions:
        home = function.__globals__
        if id(home) not in silent:
            silent[id(home)] = _find_silent(home)
        code = _pass_over_logs(function.__code__, silent[id(home)])
        if code is not function.__code__:
            function.__code__ = code
            tuned += 1
    return tuned


def tune_default(names: MutableMapping[str, object], functions: Iterable[FunctionType]) -> None:
    """Has each function's default remembered, for who uses `names` and for `functions`.

    It is found by `_get_safe_default` of `names`; without one nothing is done. A default that is
    neither an empty plain value nor the same object again, the second time, is never remembered.
    """
    original = names.get(DEFAULT)
    if not isinstance(original, FunctionType):
        return
    remember = _remember(original)
    homes = [names, *(function.__globals__ for function in functions)]
    for home in {id(home): home for home in homes}.values():
        home.update({name: remember for name, value in home.items() if value is original})


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


def _find_functions(values: Iterable[object]) -> Iterator[FunctionType]:
    """Finds the functions among values, behind their wrappers, and those that they name."""
    rest = list(values)
    seen = set()
    while rest:
        value = rest.pop()
        if id(value) in seen or not callable(value):
            continue
        seen.add(id(value))
        rest.append(getattr(value, "__dict__", {}).get("__wrapped__"))
        if isinstance(value, FunctionType):
            yield value
            home = value.__globals__
            for code in _find_codes(value.__code__):
                rest += [home[name] for name in code.co_names if name in home]
            for cell in value.__closure__ or ():
                with suppress(ValueError):  # of an empty cell
                    rest.append(cell.cell_contents)


def _find_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _find_codes(constant)


def _find_silent(namespace: Mapping[str, object]) -> Silent:
    """Finds the loggers of a namespace that are off, and at which levels."""
    return frozenset(
        (name, method)
        for name, logger in namespace.items()
        if isinstance(logger, logging.Logger)
        for method, level in LEVELS.items()
        if not logger.isEnabledFor(level)
        and getattr(getattr(logger, method), "__func__", None) is getattr(logging.Logger, method)
    )


# The bytecode. An instruction is a byte that says which it is and a byte that is its number; then
# come zeros, its cache. A log line is LOAD_GLOBAL of the logger, the load of its method, the loads
# of what it is given, CALL and POP_TOP. In what it is given nothing can be called, so that CALL is
# its own, and the stack is as it was before.


def _any_of(*names: str) -> bytes:
    """The pattern of one of the instructions that this Python has of these."""
    found = [re.escape(bytes((opmap[name],))) for name in names if name in opmap]
    return b"(?:[" + b"".join(found) + rb"]\0*)" if found else b"(?:)"


_LOG_LINE = re.compile(
    b"(?<![%b])" % re.escape(bytes((opmap["EXTENDED_ARG"],)))
    + _any_of("LOAD_GLOBAL")
    + b"(?P<method>%b)" % _any_of("LOAD_ATTR" if sys.version_info >= (3, 12) else "LOAD_METHOD")
    + b"(?P<given>%b*)"
    % _any_of(
        *("LOAD_CONST", "LOAD_FAST", "LOAD_FAST_LOAD_FAST", "LOAD_DEREF"),
        *("FORMAT_VALUE", "FORMAT_SIMPLE", "CONVERT_VALUE", "BUILD_STRING"),
    )
    + _any_of("PRECALL")
    + _any_of("CALL", "CALL_METHOD")
    + _any_of("POP_TOP"),
    re.DOTALL,
)
_JUMP = opmap["JUMP_FORWARD"]
_FORMAT = opmap.get("FORMAT_VALUE")
_LOAD, _STORE, _DELETE = (opmap[f"{verb}_FAST"] for verb in ("LOAD", "STORE", "DELETE"))
_LOAD_CELL, _DELETE_CELL = opmap["LOAD_DEREF"], opmap["DELETE_DEREF"]
_LEAVES = {*hasjrel, *hasjabs, opmap["RETURN_VALUE"], opmap["RAISE_VARARGS"], opmap["RERAISE"]}


def _pass_over_logs(code: CodeType, silent: Silent) -> CodeType:
    """Puts jumps over the log lines of silent loggers; without any, gives `code` itself."""
    constants = code.co_consts
    if any(isinstance(constant, CodeType) for constant in constants):
        constants = tuple(
            _pass_over_logs(constant, silent) if isinstance(constant, CodeType) else constant
            for constant in constants
        )
    raw = code.co_code
    patched = bytearray(raw)
    for line in _LOG_LINE.finditer(raw[::2]):
        start, end = line.span()
        length = end - start - 1  # of the jump, from the instruction after it
        names = _read_names(code.co_names, raw[2 * start + 1], raw[2 * line.start("method") + 1])
        if length < 256 and names in silent and _is_harmless(code, raw, line):
            patched[2 * start : 2 * start + 2] = _JUMP, length
    if patched == raw and all(map(is_, constants, code.co_consts)):
        return code
    return code.replace(co_code=bytes(patched), co_consts=constants)


def _read_names(names: Sequence[str], logger: int, method: int) -> tuple[str, str] | None:
    """The names of a logger and of its method; None if what is loaded is no method to be called."""
    if sys.version_info >= (3, 12):
        if not method & 1:
            return None
        method >>= 1
    if sys.version_info >= (3, 11):
        logger >>= 1
    return names[logger], names[method]


def _is_harmless(code: CodeType, raw: bytes, line: re.Match[bytes]) -> bool:
    """Whether all that a log line is given surely has a value, and no format that may not suit it."""
    start, end = line.span("given")
    given = raw[2 * start : 2 * end]
    for operation, number in zip(given[::2], given[1::2]):
        if operation == _FORMAT:
            if number > 3:
                return False
        elif operation == _LOAD_CELL:
            if not _is_parameter(code, raw, operation, number):
                return False
        elif operation == _LOAD and not (
            sys.version_info >= (3, 12)  # it would be LOAD_FAST_CHECK
            or _is_parameter(code, raw, operation, number)
            or _is_set_before(raw, line.start(), number)
        ):
            return False
    return True


def _is_parameter(code: CodeType, raw: bytes, load: int, number: int) -> bool:
    """Whether what is loaded is a parameter, and is never deleted."""
    if bytes((_DELETE if load == _LOAD else _DELETE_CELL, number)) in raw:
        return False
    count = code.co_argcount + code.co_kwonlyargcount
    if load == _LOAD_CELL and sys.version_info < (3, 11):  # they were numbered apart
        return not {*code.co_cellvars[number : number + 1]}.isdisjoint(code.co_varnames[:count])
    return number < count


def _is_set_before(raw: bytes, at: int, number: int) -> bool:
    """Whether instruction `at` is only reached by way of one that sets local variable `number`."""
    from dis import findlabels

    labels = findlabels(raw)  # type: ignore[arg-type]  # it takes bytes
    while at > 0 and 2 * at not in labels:
        at -= 1
        operation = raw[2 * at]
        if operation in _LEAVES:
            return False
        if raw[2 * at + 1] == number and operation in (_STORE, _DELETE):
            return operation == _STORE
    return False
