"""The standard streams, and errors as one line: what failed, and what to do."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

LIMITS = {  # what to do where a process or the whole machine may have no more
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end other programs, the machine has no more open files",
    errno.EAGAIN: "choose fewer --workers, or raise the limit of processes (ulimit -u)",
    errno.ENOMEM: "choose fewer --workers, or free some memory",
}
SPACE = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space")
ADVICE = LIMITS | SPACE

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt}{postfix} [{elapsed}<{remaining}, {rate_fmt}]"


class UserError(ValueError):
    """A fault that a user can put right; its text is one line: what is wrong, where, and what to do."""


def open_streams() -> None:
    """Open those of stdin, stdout and stderr that are missing on the null device; let stdout take any text.

    Otherwise the next files that are opened would take their numbers, and a child's output or the end of
    its input would go to these.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, errors="backslashreplace", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may have letters that it lacks


def drop_lost_output() -> None:
    """Drop what cannot be written to stdout; the end of Python would tell of it once more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def explain_stdout() -> Iterator[None]:
    """Say of an error that it is one of stdout.

    Raises:
        BrokenPipeError: nobody reads any more.
        OSError: any other one; its text is the line to say.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(f"cannot write to stdout: {error.strerror}: send it elsewhere") from None


def note(line: str) -> None:
    """Print a line on stderr; do nothing where stderr cannot be written to."""
    with suppress(OSError):
        print(line, file=sys.stderr)


def warn(line: str) -> None:
    """Print a line of the command's own on stderr."""
    note(f"run_batt.py: {line}")


def pass_over(what: str) -> None:
    """Say that something that is given has no effect."""
    warn(f"{what} is passed over: tasks are scored as without it")


def complain(text: str, command: str = "run_batt.py") -> int:
    """Say in one line of a command's what is wrong; return the exit status for it."""
    line = "\\n".join(text.splitlines())  # a path may have several
    note(f"{command}: {line}")
    return 2


def explain(error: OSError) -> str:
    """Say in one line what failed, why, and what to do if that is known."""
    if not error.errno:
        return str(error)  # it was explained where it happened
    parts = [error.filename or _find_place(error), error.strerror, ADVICE.get(error.errno)]
    return ": ".join(str(part) for part in parts if part)


def describe_error(error: BaseException) -> str:
    """Describe what a program raised in one line; its text, which may raise too, is then left out.

    >>> describe_error(KeyError("a"))
    "KeyError: 'a'"
    """
    name = type(error).__name__
    try:
        return f"{name}: {error}".splitlines()[0]
    except Exception:
        return name


def tell_end(error: BaseException, command: str = "run_batt.py") -> int:
    """Say in one line what ended a command, if a user can put it right; give the exit status.

    Raises:
        The error itself, if it is our own.
    """
    if isinstance(error, KeyboardInterrupt):
        return getattr(error, "status", 128 + 2)
    if isinstance(error, BrokenPipeError):  # nobody reads any more
        return 128 + 13
    if isinstance(error, UserError):
        return complain(str(error), command)
    if isinstance(error, OSError):
        return complain(explain(error), command)
    if isinstance(error, ModuleNotFoundError):
        return complain(f"the package {error.name} is missing: pip install {error.name}", command)
    if isinstance(error, RecursionError):
        return complain("something is nested too deep to be read: write the batt anew", command)
    if isinstance(error, MemoryError):
        return complain("there is not enough memory: give it fewer tasks or a smaller batt", command)
    raise error


def say(text: str, write: Callable[[str], None] = print) -> None:
    """Print a line with the place in the source that says it.

    Raises:
        BrokenPipeError: nobody reads any more.
        OSError: stdout cannot be written to; the text is the line to say.
    """
    frame = sys._getframe(1)
    with explain_stdout():
        write(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}: {text}")  # noqa: PTH119


class Progress:
    """How far a run is: a bar on stderr, where that is a terminal or a notebook, and lines above it.

    A run over a single task has no bar.
    """

    def __init__(self, total: int) -> None:
        self.write: Callable[[str], None] = print
        self._bar: Any = None
        if total > 1:
            with suppress(ModuleNotFoundError), catch_warnings():
                simplefilter("ignore")  # of a notebook that can show no bar, or that no thread can be started
                from tqdm.auto import tqdm

                self._bar = tqdm(total=total, unit="task", disable=None, bar_format=BAR)
                self.write = tqdm.write

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self, solved: int) -> None:
        """Show one more task done, and how many are solved."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"{solved} solved", refresh=False)
            self._bar.update()


def _find_place(error: OSError) -> str:
    """Find the line of the source that an error comes from."""
    from traceback import extract_tb

    frame = extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"
