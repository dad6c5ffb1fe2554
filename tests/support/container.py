"""A container of this machine: control groups with limits, where making them is permitted."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds


@contextmanager
def make_container(memory: int, cores: float) -> Iterator[Callable[[], None] | None]:
    """Make a container; give what puts a new process into it, for `preexec_fn`, or None without permission.

    Args:
        memory: its bytes.
        cores: how many it may use at a time.
    """
    name = f"run_batt_{os.getpid()}"
    quota = int(cores * PERIOD)
    limits: dict[Path, object] = {  # of version 2 of control groups
        ROOT / name / "memory.max": memory,
        ROOT / name / "cpu.max": f"{quota} {PERIOD}",
    }
    if (ROOT / "memory").is_dir():
        limits = {
            ROOT / "memory" / name / "memory.limit_in_bytes": memory,
            ROOT / "cpu" / name / "cpu.cfs_quota_us": quota,
        }
    groups = {file.parent for file in limits}

    def enter() -> None:
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    try:
        for group in groups:
            group.mkdir()
        for file, limit in limits.items():
            file.write_text(str(limit))
    except OSError:
        remove(groups)
        yield None
        return
    try:
        yield enter
    finally:
        remove(groups)


def remove(groups: set[Path]) -> None:
    """Remove groups once their processes are gone."""
    for group in groups:
        for _ in range(100):
            with suppress(FileNotFoundError):
                try:
                    group.rmdir()
                except OSError:  # in use
                    time.sleep(0.05)
                    continue
            break
