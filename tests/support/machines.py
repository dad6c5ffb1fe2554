"""Machines as they can be: file systems that are full or read-only, and limits of processes.

A test gets the real thing where this process may make it; the same error, injected, it gets anywhere.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PIDS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))  # of cgroups version 1 and 2


def mounted(mounts: str, command: Sequence[object]) -> list[str]:
    """Write a command that runs where shell commands have mounted something that nobody else sees."""
    flags = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    return ["unshare", *flags, "sh", "-c", f'{mounts} && exec "$@"', "sh", *map(str, command)]


def read_only(folder: Path) -> str:
    """Write what to mount to make a folder read-only."""
    return f"mount --bind '{folder}' '{folder}' && mount -o remount,ro,bind '{folder}' && cd '{folder}'"


@cache
def find_ways() -> list[str]:
    """List how a fault of a file system comes: injected, and for real where this process may mount."""
    if not shutil.which("unshare"):
        return ["injected"]
    tried = subprocess.run(mounted("mount -t tmpfs none /tmp", ["true"]), capture_output=True)
    return ["injected"] if tried.returncode else ["injected", "real"]


@contextmanager
def limited_processes(count: int) -> Iterator[Path | None]:
    """Make a control group of at most so many processes; give the file that a process's number goes to.

    That is None where this process may make no such group.
    """
    group = next(filter(None, map(_make_group, PIDS)), None)
    try:
        if group:
            (group / "pids.max").write_text(str(count))
        yield group and group / "cgroup.procs"
    finally:
        if group:
            group.rmdir()


def _make_group(parent: Path) -> Path | None:
    group = parent / f"run_batt-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        return None
    if (group / "pids.max").exists():
        return group
    group.rmdir()
    return None


@cache
def can_limit_processes() -> bool:
    """Tell whether this process may make such a control group."""
    with limited_processes(9) as group:
        return group is not None
