"""What this machine, or the container that we run in, has for us: cores and memory."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path, PurePosixPath

if sys.platform != "win32":
    import resource

ROOT = Path("/")
MIB = 2**20
LEAST_SHARE = 32  # MiB: an ordinary batt needs up to 25 on large grids
CUDA_MODULES = {"cupy", "jax", "numba.cuda", "pycuda", "torch"}
# A control group's files of limit and use, and the line of its memory.stat that says what of the use is
# given back when it is needed: of version 2, of version 1.
MEMORY_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def count_cores(root: Path = ROOT) -> int:
    """Count the processors that this process may use at a time; a part of one counts as one.

    Args:
        root: where the system's /proc and /sys are.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = (_read_quota(group) for group in _find_groups("cpu", root))
    return min([bound, *(ceil(quota) for quota in quotas if quota)])


def find_available_memory(root: Path = ROOT) -> int | None:
    """Find the bytes of memory that can be taken now; where no system says it, all there are.

    Args:
        root: where the system's /proc and /sys are.

    Returns:
        The bytes; None if they are not known.
    """
    groups = (_read_memory(group) for group in _find_groups("memory", root))
    return min(
        (free for free in (_read_machine_memory(root), *groups) if free is not None),
        default=_get_physical_memory(),
    )


def share_memory(count: int, root: Path = ROOT) -> int | None:
    """Share the available memory out: give the MiB for each of so many processes; None if not known.

    This process gets a share too: for itself, and for what makes the others ready.
    """
    available = find_available_memory(root)
    return None if available is None else max(available // MIB // (count + 1), LEAST_SHARE)


def limit_memory(more: int | None) -> int | None:
    """Limit the memory of this process to what it has taken and `more` MiB; None: no limit.

    Address space that is only reserved, or holds files, does not count. No limit is set where a CUDA
    library is imported, for CUDA takes far more than it uses, or the system does not say what is taken.

    Returns:
        The bytes that leave half of `more`; None without a limit.
    """
    if more is None or sys.platform == "win32" or CUDA_MODULES & sys.modules.keys():
        return None
    taken = get_taken_memory()
    if taken is None:
        return None
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = taken + more * MIB
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    return (taken + limit) // 2


def get_taken_memory() -> int | None:
    """Get the bytes that this process has for data of its own; None where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (before every job: it is quicker)
            return int(file.read().split()[5]) * resource.getpagesize()
    except OSError:
        return None


def _find_groups(controller: str, root: Path) -> Iterator[Path]:
    """Find the folders of the control groups, of either version, that this process is in, inner first."""
    paths: dict[str, str] = {}  # by controller; of version 2 by ""
    for line in _read_lines(root / "proc/self/cgroup"):
        _, names, path = line.split(":", 2)
        paths |= dict.fromkeys(names.split(","), path)
    for line in _read_lines(root / "proc/self/mountinfo"):
        mount, _, system = line.partition(" - ")
        _, _, _, top, point, *_ = mount.split()
        kind, *_, options = system.split()
        name = {"cgroup": controller, "cgroup2": ""}.get(kind)
        if name not in paths or (name and name not in options.split(",")):
            continue
        inner = PurePosixPath(paths[name])
        # A container may see nothing but its own group, as the top one.
        inner = inner.relative_to(top) if inner.is_relative_to(top) else PurePosixPath()
        for group in (inner, *inner.parents):
            yield root / point[1:] / group


def _read_memory(group: Path) -> int | None:
    """Read the bytes that a control group may still take; None: no limit."""
    for limit, use, inactive in MEMORY_FILES:
        with suppress(OSError, ValueError):  # of the other version; "max"
            free = int((group / limit).read_text()) - int((group / use).read_text())
            stat = dict(line.split() for line in _read_lines(group / "memory.stat"))
            return max(0, free + int(stat.get(inactive, 0)))
    return None


def _read_quota(group: Path) -> float | None:
    """Read how many processors a control group may use at a time; None: all."""
    with suppress(OSError, ValueError):  # of the other version; "max"
        quota, period = (group / "cpu.max").read_text().split()
        return int(quota) / int(period)
    with suppress(OSError, ValueError):
        quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return max(0, int(quota)) / int(period) or None  # -1: all
    return None


def _read_machine_memory(root: Path) -> int | None:
    for line in _read_lines(root / "proc/meminfo"):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return None


def _get_physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
