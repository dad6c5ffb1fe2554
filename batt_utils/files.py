"""Files that are written as a whole: under another name beside their place, then renamed."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batt_utils.console import LIMITS


def check_here() -> None:
    """See whether the current folder is still there.

    Raises:
        OSError: it is not.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        raise OSError("the current folder is gone: change to another one") from None


def check_file(name: str, advice: str) -> None:
    """See whether `write_file` can write a file; nothing of it stays.

    Raises:
        OSError: it cannot; the text says which file and why, and ends in the advice.
    """
    with _explained(name, advice):
        if not _is_special(name):
            with _beside(name) as (_, temporary):
                temporary.write_text("probe")
        elif Path(name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        elif not os.access(name, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def write_file(name: str, text: str, advice: str) -> None:
    """Write a file, the one that a link leads to, or into a pipe or device.

    Raises:
        OSError: as `check_file` does.
    """
    with _explained(name, advice):
        if _is_special(name):
            Path(name).write_text(text, encoding="utf-8")
            return
        with _beside(name) as (path, temporary):
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)


def _is_special(name: str) -> bool:
    """Whether there is something that is no file, such as a pipe, which must not be replaced by one."""
    try:
        return not stat.S_ISREG(Path(name).stat().st_mode)
    except FileNotFoundError:
        return False


@contextmanager
def _beside(name: str) -> Iterator[tuple[Path, Path]]:
    """Find the place of a file and a temporary name beside it, which is free again afterwards."""
    path = Path(os.path.realpath(name))
    temporary = path.with_name(f".run_batt-{os.getpid()}-{os.urandom(8).hex()}")
    try:
        yield path, temporary
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def _explained(name: str, advice: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # a ValueError for a name that no file can have
        reason = getattr(error, "strerror", None) or error
        advice = LIMITS.get(getattr(error, "errno", None) or 0, advice)
        raise OSError(f"{name!r} cannot be written ({reason}): {advice}") from None
