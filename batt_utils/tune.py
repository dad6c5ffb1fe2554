"""The DSL of a host, tuned in memory once it is loaded; neither its files nor its values change.

Such a DSL writes its arguments into a log line at every call, though nobody logs, and finds out
anew at every failure what the function gives instead. Here the first is passed over and the second
remembered. What is not surely without effect stays as it is.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dis import findlabels
from functools import wraps
from opcode import hasjabs, hasjrel, opmap
from operator import is_
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

DEFAULT = "_get_safe_default"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
Silent = frozenset[tuple[str, str]]  # (the logger's name, debug or info)


def tune(names: Mapping[str, object]) -> int:
    """Lets a namespace's functions pass over log lines that nobody reads.

    A log line is a statement `NAME.info(...)` or `NAME.debug(...)`, NAME being a global that is a
    logger which is off at that level now. All that it is given is constants, variables and
    f-strings of these: such a line does nothing, unless an argument cannot be written out (an int
    of thousands of digits). A jump is put over it in the function's code; the function, its
    wrappers, line numbers and all else stay. Functions behind a wrapper are tuned too, and those
    within functions.

    Args:
        names: such as `vars(module)`.

    Returns:
        The number of functions that were changed.
    """
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 14):
        return 0  # another bytecode
    silent: dict[int, Silent] = {}
    tuned = 0
    for function in _find_functions(names.values()):
        home = function.__globals__
        if id(home) not in silent:
            silent[id(home)] = _find_silent(home)
        code = _pass_over_logs(function.__code__, silent[id(home)])
        if code is not function.__code__:
            function.__code__ = code
            tuned += 1
    return tuned


def tune_default(names: MutableMapping[str, object]) -> None:
    """Has the default of each function remembered, in `names` and wherever its functions look.

    A default that is not the same object again, the second time, is never remembered.

    Args:
        names: a namespace with `_get_safe_default`, such as `vars(module)`; without it nothing is done.
    """
    original = names.get(DEFAULT)
    if not isinstance(original, FunctionType):
        return
    homes = [names, original.__globals__]
    homes += [function.__globals__ for function in _find_functions(names.values())]
    remember = _remember(original)
    for home in {id(home): home for home in homes}.values():
        home |= {name: remember for name, value in home.items() if value is original}


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
        known[arguments[0]] = value, value is before
        return value

    return remember


def _find_functions(values: Iterable[object]) -> Iterator[FunctionType]:
    """Finds the functions among values, behind their wrappers and in their closures."""
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
            for cell in value.__closure__ or ():
                with suppress(ValueError):  # of an empty cell
                    rest.append(cell.cell_contents)


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


# The bytecode. An instruction is a byte that tells which it is and a byte that is its argument; then
# come zeros, its cache. A log line is LOAD_GLOBAL of the logger, the load of its method, the loads
# of what it is given, CALL and POP_TOP. In what it is given nothing can be called, so that CALL is
# its own, and the stack is as it was before.


def _any_of(*names: str) -> bytes:
    """The pattern of one of the instructions that this Python has of these."""
    found = [re.escape(bytes((opmap[name],))) for name in names if name in opmap]
    return b"(?:[" + b"".join(found) + rb"]\0*)" if found else b"(?:)"


_KNOWS_UNBOUND = sys.version_info >= (3, 12)  # then what may be unbound is loaded by LOAD_FAST_CHECK
_LEAVES = {*hasjrel, *hasjabs, opmap["RETURN_VALUE"], opmap["RAISE_VARARGS"], opmap["RERAISE"]}
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


def _pass_over_logs(code: CodeType, silent: Silent) -> CodeType:
    """Puts jumps over the log lines of silent loggers; without any, gives `code` itself."""
    constants = tuple(
        _pass_over_logs(constant, silent) if isinstance(constant, CodeType) else constant
        for constant in code.co_consts
    )
    raw = code.co_code
    patched = bytearray(raw)
    for line in _LOG_LINE.finditer(raw[::2]):
        start, end = line.span()
        length = end - start - 1  # of the jump, from the instruction after it
        if length < 256 and _read_names(code, raw, line) in silent and _is_harmless(code, raw, line):
            patched[2 * start : 2 * start + 2] = opmap["JUMP_FORWARD"], length
    if patched == raw and all(map(is_, constants, code.co_consts)):
        return code
    return code.replace(co_code=bytes(patched), co_consts=constants)


def _read_names(code: CodeType, raw: bytes, line: re.Match[bytes]) -> tuple[str, str] | None:
    """Reads the names of the logger and of its method; None if no method is called."""
    logger, method = raw[2 * line.start() + 1], raw[2 * line.start("method") + 1]
    if sys.version_info >= (3, 12):
        if not method & 1:
            return None
        method >>= 1
    if sys.version_info >= (3, 11):
        logger >>= 1
    return code.co_names[logger], code.co_names[method]


def _is_harmless(code: CodeType, raw: bytes, line: re.Match[bytes]) -> bool:
    """Whether what a log line is given has no format, which may not suit it, and surely a value."""
    for at in range(*line.span("given")):
        operation, number = raw[2 * at : 2 * at + 2]
        if operation == opmap.get("FORMAT_VALUE") and number > 3:
            return False
        if operation == opmap["LOAD_DEREF"] and not _is_parameter(code, raw, operation, number):
            return False
        if operation == opmap["LOAD_FAST"] and not (
            _KNOWS_UNBOUND
            or _is_parameter(code, raw, operation, number)
            or _is_set_before(raw, line.start(), number)
        ):
            return False
    return True


def _is_parameter(code: CodeType, raw: bytes, load: int, number: int) -> bool:
    """Whether a load is of a parameter that is never deleted."""
    names = code.co_varnames
    if load == opmap["LOAD_DEREF"] and sys.version_info < (3, 11):
        names = code.co_cellvars
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    delete = opmap["DELETE_FAST" if load == opmap["LOAD_FAST"] else "DELETE_DEREF"]
    return number < len(names) and names[number] in parameters and bytes((delete, number)) not in raw


def _is_set_before(raw: bytes, at: int, number: int) -> bool:
    """Whether instruction `at` is only reached by way of one that sets local variable `number`."""
    labels = findlabels(raw)
    while at > 0 and 2 * at not in labels:
        at -= 1
        operation = raw[2 * at]
        if operation in _LEAVES:
            return False
        if raw[2 * at + 1] == number and operation in (opmap["STORE_FAST"], opmap["DELETE_FAST"]):
            return operation == opmap["STORE_FAST"]
    return False
