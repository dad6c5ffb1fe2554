"""The DSL of a host, tuned in memory once it is loaded; neither its files nor its values change.

Such a DSL writes its arguments into a log line at every call, though nobody logs, and finds out
anew at every failure what the function gives instead. Here the first is passed over and the second
remembered. What is not surely without effect stays as it is.
"""

import dis
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from functools import wraps
from opcode import hasjabs, hasjrel, opmap
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


# The bytecode. An instruction is two bytes, its number and its argument; CACHE entries, zeros, follow.
# A log line is LOAD logger, LOAD its method, what it is given, CALL, POP_TOP: in what it is given
# nothing can be called, so that CALL is its own, and the stack is after it as it was before.


def _instruction(*names: str) -> bytes:
    """The pattern of one of some instructions, as far as this Python has them."""
    numbers = b"".join(re.escape(bytes((opmap[name],))) for name in names if name in opmap)
    return b"[" + numbers + rb"].(?:\0\0)*"


KNOWS_BOUND = sys.version_info >= (3, 12)  # LOAD_FAST is of what is bound, else it is LOAD_FAST_CHECK
GIVEN = (
    *("LOAD_CONST", "LOAD_FAST", "LOAD_FAST_LOAD_FAST", "LOAD_DEREF"),
    *("FORMAT_SIMPLE", "CONVERT_VALUE", "BUILD_STRING"),
)
_LOG = re.compile(
    rb"(?:..)*?(?<!" + re.escape(bytes((opmap["EXTENDED_ARG"],))) + rb".)"
    rb"(?P<line>(?P<logger>" + _instruction("LOAD_GLOBAL") + rb")"
    rb"(?P<method>" + _instruction("LOAD_ATTR" if sys.version_info >= (3, 12) else "LOAD_METHOD") + rb")"
    rb"(?P<given>(?:" + _instruction(*GIVEN)
    # without a format of its own, which not every value has
    + (rb"|" + re.escape(bytes((opmap["FORMAT_VALUE"],))) + rb"[\0-\3]" if "FORMAT_VALUE" in opmap else b"")
    + rb")*)"
    + (_instruction("PRECALL") if "PRECALL" in opmap else b"")
    + _instruction("CALL", "CALL_METHOD")
    + _instruction("POP_TOP")
    + rb")",
    re.DOTALL,
)  # fmt: skip
