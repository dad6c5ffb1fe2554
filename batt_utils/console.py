"""The standard streams, and errors as one line: what failed, and what to do."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LIMITS = {  # what to do where a process or the whole machine may have no more
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end other programs, the machine has no more open files",
    errno.EAGAIN: "choose fewer --workers, or raise the limit of processes (ulimit -u)",
    errno.ENOMEM: "choose fewer --workers, or free some memory",
}
SPACE = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space")
ADVICE = LIMITS | SPACE


class UserError(ValueError):
    """A fault that a user can put right; its text is one line: what is wrong, where, and what to do."""


def open_streams() -> None:
    """Open those of stdin, stdout and stderr that are missing on the null device.

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


def complain(text: str) -> int:
    """Say in one line what is wrong; return the exit status for it."""
    warn("\\n".join(text.splitlines()))  # a path may have several
    return 2


def explain(error: OSError) -> str:
    """Say in one line what failed, why, and what to do if that is known."""
    if not error.errno:
        return str(error)  # it was explained where it happened
    parts = [error.filename or _find_place(error), error.strerror, ADVICE.get(error.errno)]
    return ": ".join(str(part) for part in parts if part)


def _find_place(error: OSError) -> str:
    """Find the line of the source that an error comes from."""
    from traceback import extract_tb

    frame = extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"
