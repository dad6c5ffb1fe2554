"""Results of tasks: a file with a line of JSON for each, which a run adds to and a later run goes on from."""

import errno
import json
import os
import stat
import sys
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from batt_utils.console import UserError
from batt_utils.store.files import explained

if sys.platform != "win32":
    import fcntl

ADVICE = "free some space, allow writing there, or choose another --results"
_HEAD = b'{"version": '  # of each line
_BLOCK = 1 << 16


class SolverResult(NamedTuple):
    """A distinct program with a score above 0.

    Attributes:
        md5: its name in the result folders.
        solver_id: the solver that it appeared for first.
        o_score: how many samples it got right.
        of: how many samples the task has whose output is known.
        t_log: its speed: the quicker, the higher.
        calls: how many calls it makes.
    """

    md5: str
    solver_id: str
    o_score: int
    of: int
    t_log: int
    calls: int


class TaskResult(NamedTuple):
    """What came of a task: a line of the file, with the fields in this order.

    Attributes:
        version: of run_batt.
        key: of all that the result hangs on; see `keys.make_key`.
        finished: when the task was saved, in UTC: `2026-01-31T23:59:59Z`.
        task: the task's id.
        batt: md5 of the text of the batt's module.
        stage: the task's own: `training`, `evaluation` or `test`; empty where the data does not say.
        demo: how many demo samples it has.
        test: how many test samples it has.
        candidates: how many distinct outputs the batt gave, by call, solver and grid.
        unique: how many distinct programs these came from.
        solvers: the programs with a score above 0, in the order of `sort_solvers`.
        solved: whether one program is right on every sample; None where not all outputs are known.
        new: whether the task is solved now, and was not by what the folders held before.
        timed_out: whether a sample or a solver passed its time.
        warnings: what was said on stderr of this task.
        seconds: what the task took, in whatever process.
        phases: what of that each phase took, scoring first.
    """

    version: str
    key: str
    finished: str
    task: str
    batt: str
    stage: str
    demo: int
    test: int
    candidates: int
    unique: int
    solvers: Sequence[SolverResult]
    solved: bool | None
    new: bool
    timed_out: bool
    warnings: Sequence[str]
    seconds: float
    phases: Mapping[str, float]


def sort_solvers(solvers: Sequence[SolverResult]) -> list[SolverResult]:
    """Sort by score, the highest first, then by number of calls, the lowest first, then by md5."""
    return sorted(solvers, key=lambda solver: (-solver.o_score, solver.calls, solver.md5))


def format_line(result: TaskResult) -> str:
    """Write a result as a line of JSON."""
    fields = result._asdict() | {"solvers": [solver._asdict() for solver in result.solvers]}
    return json.dumps(fields) + "\n"


class End(NamedTuple):
    """How a task ended: see `TaskResult`."""

    solved: bool
    new: bool


def read_results(path: str) -> Iterator[dict[str, Any]]:
    """Read the results of a file, which a run may be writing to: a last line without its end is passed over.

    Raises:
        UserError: a line is no result.
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if (result := _read_result(line)) is not None:
                yield result
            elif line.endswith(b"\n"):
                raise _complain(path, f"line {number}")


class Journal:
    """A file of results that is open for one run; another run is kept off until this one closes it or ends.

    >>> with Journal(file) as journal:
    ...     journal.append(result)
    ...     [*journal.read_ends()] == [result.key]
    True
    """

    def __init__(self, path: str) -> None:
        """Open a file, made if it is missing, lock it, and mend what a killed run has left of its last line.

        Raises:
            UserError: another run has it open, or its last line is no result.
            OSError: it cannot be opened, read or written; the text says which file, why, and what to do.
        """
        self.path = path
        with explained(path, ADVICE):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            with explained(path, ADVICE):
                if not stat.S_ISREG(os.fstat(self._file).st_mode):
                    raise OSError(errno.EINVAL, "it is no regular file")
            self._lock()
            self._mend()
        except BaseException:
            self.close()
            raise
        if hasattr(os, "register_at_fork"):  # a child that outlives the run would keep the lock
            journal = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _close(journal()))

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, which another run may then open; once more does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def append(self, result: TaskResult) -> None:
        """Write a result to the disk: all of its line, or nothing of it.

        Raises:
            OSError: it cannot be written; the file is as it was.
        """
        line = memoryview(format_line(result).encode())
        with explained(self.path, ADVICE):
            size = os.fstat(self._file).st_size
            try:
                while line:  # once, but where the disk is nearly full
                    line = line[os.write(self._file, line) :]
                os.fsync(self._file)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(self._file, size)
                raise

    def read_ends(self) -> dict[str, End]:
        """Read how all results ended, by their keys; of several with the same key, the last.

        Raises:
            UserError: a line is no result.
            OSError: the file cannot be read.
        """
        with explained(self.path, ADVICE):
            return {
                result["key"]: End(result.get("solved") is True, result.get("new") is True)
                for result in read_results(self.path)
            }

    def _lock(self) -> None:
        if sys.platform != "win32":
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"{self.path}: another run is writing its results there: wait for it, or choose another "
                    "--results"
                ) from None
            except OSError:  # some network file systems have no locks
                pass

    def _mend(self) -> None:
        """Finish the last line if it lacks no more than its end, else cut it off.

        A line that is not of a run is left alone, and so is its file.
        """
        with explained(self.path, ADVICE):
            size = os.fstat(self._file).st_size
            last = _read_last_line(self._file, size)
        if not last:
            return
        is_whole = last.endswith(b"\n")
        if is_whole:
            is_ours = _read_result(last) is not None
        else:
            begun = last.rstrip(b"\0")  # a machine that lost its power may have left these
            is_ours = begun.startswith(_HEAD) or _HEAD.startswith(begun)
        if not is_ours:
            raise _complain(self.path, "the last line")
        if is_whole:
            return
        with explained(self.path, ADVICE):
            if _read_result(last) is None:
                os.ftruncate(self._file, size - len(last))
            else:
                os.write(self._file, b"\n")
            os.fsync(self._file)


def _complain(path: str, place: str) -> UserError:
    return UserError(f"{path}: {place} is no result: remove it, or choose another --results")


def _close(journal: Journal | None) -> None:
    if journal is not None:
        journal.close()


def _read_last_line(file: int, size: int) -> bytes:
    """Read the last line, with its end if it has one."""
    last = b""
    while size > 0 and b"\n" not in last[:-1]:
        start = max(size - _BLOCK, 0)
        last = _read_block(file, start, size - start) + last
        size = start
    return last[last.rfind(b"\n", 0, -1) + 1 :]


def _read_block(file: int, start: int, length: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    block = b""
    while len(block) < length and (read := os.read(file, length - len(block))):
        block += read
    return block


def _read_result(line: bytes) -> dict[str, Any] | None:
    """Read a line's result; None: it is none."""
    try:
        result = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return result if isinstance(result, dict) and isinstance(result.get("key"), str) else None
