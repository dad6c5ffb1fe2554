"""Writing whole files: each is made under a temporary name, then renamed."""

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batt_utils.console import LIMITS, UserError
from batt_utils.signals import held

TEMPORARY = re.compile(r"\.run_batt-([0-9]{1,9})-[0-9a-f]{16}")
_ABANDONED_SECONDS = 3600


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
    with explained(name, advice):
        if not _is_special(name):
            probe = name_temporary(Path(os.path.realpath(name)).parent)
            with held():
                try:
                    probe.write_text("probe")
                finally:
                    with suppress(OSError):
                        probe.unlink()
        elif Path(name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        elif not os.access(name, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def has_content(name: str) -> bool:
    """Tell whether there is a file that is not empty, which may hold something else than what is written."""
    return Path(name).is_file() and Path(name).stat().st_size > 0


def write_file(name: str, text: str, advice: str) -> None:
    """Write a file, the one that a link leads to, or into a pipe or device.

    Raises:
        OSError: as `check_file` does.
    """
    with explained(name, advice):
        if _is_special(name):
            Path(name).write_text(text, encoding="utf-8")
            return
        path = Path(os.path.realpath(name))
        make_whole(path, path.parent, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def make_whole(path: Path, folder: Path, make: Callable[[Path], object]) -> None:
    """Have a file or link made under a temporary name in a folder, then rename it to a path.

    Raises:
        OSError: what was at the path is there still, and nothing else.
    """
    temporary = name_temporary(folder)
    try:
        make(temporary)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def name_temporary(folder: Path) -> Path:
    """Name a file in a folder that `sweep` removes once this process is gone."""
    return folder / f".run_batt-{os.getpid()}-{os.urandom(8).hex()}"


def sweep(folder: Path) -> None:
    """Remove the temporary files and links that killed processes have left in a folder."""
    for entry in list_entries(folder, TEMPORARY):
        with suppress(OSError):
            age = time.time() - entry.stat(follow_symlinks=False).st_mtime
            if age > _ABANDONED_SECONDS or not _is_running(int(entry.name.split("-")[1])):
                Path(entry).unlink()


def list_entries(folder: str | os.PathLike[str], name: re.Pattern[str]) -> list[os.DirEntry[str]]:
    """List what a folder holds under names of a pattern; no folder holds nothing."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if name.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def explained(name: str, advice: str) -> Iterator[None]:
    """Say in an error's text that a file cannot be written, why, and what to do.

    Raises:
        OSError: one of that text, for an OSError or a ValueError (a name that no file can have).
    """
    try:
        yield
    except UserError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        advice = LIMITS.get(getattr(error, "errno", None) or 0, advice)
        raise OSError(f"{name!r} cannot be written ({reason}): {advice}") from None


def _is_special(name: str) -> bool:
    """Whether there is something that is no file, such as a pipe, which must not be replaced by one."""
    try:
        return not stat.S_ISREG(Path(name).stat().st_mode)
    except FileNotFoundError:
        return False


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process
        pass
    return True
