"""Cores and memory of invented machines and containers, and of this one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils import machine
from batt_utils.machine import (
    LEAST_SHARE,
    count_cores,
    find_available_memory,
    get_taken_memory,
    limit_memory,
    share_memory,
)
from container import make_container

MIB = 2**20
UNLIMITED = 9223372036854771712  # what version 1 says
V2 = "35 24 0:30 {top} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "".join(
    f"{number} 24 0:{number} {{top}} /sys/fs/cgroup/{names} rw - cgroup cgroup rw,{names}\n"
    for number, names in ((36, "memory"), (37, "cpu,cpuacct"), (38, "pids"))
)
HYBRID = V1 + "39 24 0:39 {top} /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
OTHERS = "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n25 24 0:5 / /some\\040disk rw - tmpfs  rw\n"


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes a machine of 24 GiB and 8 cores: what it mounts, the groups of this process, their files."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)

    def make(mounts="", groups="", files=(), top="/", available=24 * 1024 * MIB):
        proc = tmp_path / "proc/self"
        proc.mkdir(parents=True)
        (proc / "cgroup").write_text(groups)
        (proc / "mountinfo").write_text(OTHERS + mounts.format(top=top))
        (proc.parent / "meminfo").write_text(
            f"MemTotal: {32 * MIB} kB\nMemFree: 99 kB\nMemAvailable:   {available // 1024} kB\n"
        )
        for name, text in dict(files).items():
            path = tmp_path / "sys/fs/cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return tmp_path

    return make


def memory_v1(group, limit, usage=0, inactive=0):
    return {
        f"memory/{group}memory.limit_in_bytes": limit,
        f"memory/{group}memory.usage_in_bytes": usage,
        f"memory/{group}memory.stat": f"cache 7\ninactive_file 5\ntotal_inactive_file {inactive}",
    }


def memory_v2(group, limit, usage=0, inactive=0):
    return {
        f"{group}memory.max": limit,
        f"{group}memory.current": usage,
        f"{group}memory.stat": f"anon 7\ninactive_file {inactive}\nactive_file 5",
    }


GROUPS_V1 = "5:memory:/a/b\n4:pids:/x\n3:cpu,cpuacct:/a/b\n1:name=systemd:/a\n"
MEMORY = {
    "version 2": (V2, "0::/a\n", "/", memory_v2("a/", 300 * MIB, 100 * MIB, 20 * MIB), 220),
    "version 2, no limit": (V2, "0::/a\n", "/", memory_v2("a/", "max", 100 * MIB), None),
    "version 2, the root": (V2, "0::/\n", "/", {"memory.stat": "inactive_file 5"}, None),
    "version 2, nested": (
        V2,
        "0::/a/b\n",
        "/",
        memory_v2("a/", 300 * MIB, 150 * MIB) | memory_v2("a/b/", 280 * MIB, 100 * MIB),
        150,
    ),
    "version 2, a limit of a group within": (
        V2,
        "0::/a/b\n",
        "/",
        memory_v2("a/", "max", 150 * MIB) | memory_v2("a/b/", 280 * MIB, 100 * MIB),
        180,
    ),
    "version 2, another group's": (V2, "0::/a\n", "/", memory_v2("b/", MIB), None),
    "version 1": (V1, GROUPS_V1, "/", memory_v1("a/b/", 300 * MIB, 100 * MIB, 20 * MIB), 220),
    "version 1, no limit": (V1, GROUPS_V1, "/", memory_v1("a/b/", UNLIMITED, 100 * MIB), None),
    "version 1, nested": (
        V1,
        GROUPS_V1,
        "/",
        memory_v1("a/b/", UNLIMITED, 100 * MIB) | memory_v1("a/", 300 * MIB, 150 * MIB),
        150,
    ),
    "version 1, the container's group as the top": (
        V1,
        "5:memory:/docker/c0ffee\n",
        "/docker/c0ffee",
        memory_v1("", 300 * MIB, 100 * MIB),
        200,
    ),
    "version 1, a group in the container's": (
        V1,
        "5:memory:/docker/c0ffee/a\n",
        "/docker/c0ffee",
        memory_v1("", 300 * MIB, 100 * MIB) | memory_v1("a/", 200 * MIB, 50 * MIB),
        150,
    ),
    "version 1, a group that cannot be seen": (
        V1,
        "5:memory:/docker/c0ffee\n",
        "/",
        memory_v1("", 300 * MIB, 100 * MIB),
        200,
    ),
    "version 1, a group outside of what is mounted": (
        V1,
        "5:memory:/user.slice\n",
        "/docker/c0ffee",
        memory_v1("", 300 * MIB, 100 * MIB),
        200,
    ),
    "version 2, a group above the name space": (
        V2,
        "0::/../../other\n",
        "/",
        memory_v2("", 300 * MIB, 100 * MIB),
        200,
    ),
    "hybrid": (HYBRID, GROUPS_V1 + "0::/a\n", "/", memory_v1("a/", 300 * MIB, 100 * MIB), 200),
    "all is taken": (V2, "0::/a\n", "/", memory_v2("a/", 300 * MIB, 301 * MIB), 0),
    "a path with a colon": (V2, "0::/a:b\n", "/", memory_v2("a:b/", 300 * MIB, 100 * MIB), 200),
    "no control groups": ("", "", "/", {}, None),
}


@pytest.mark.parametrize(("mounts", "groups", "top", "files", "free"), MEMORY.values(), ids=MEMORY)
def test_the_memory_is_what_the_group_and_the_machine_have(make, mounts, groups, top, files, free):
    root = make(mounts, groups, files, top)
    assert find_available_memory(root) == (24 * 1024 if free is None else free) * MIB


def test_the_machine_may_have_less_than_the_group(make):
    root = make(V2, "0::/a\n", memory_v2("a/", 300 * MIB), available=70 * MIB)
    assert find_available_memory(root) == 70 * MIB


@pytest.mark.parametrize("pages", [None, 5000], ids=["nobody knows", "sysconf"])
def test_where_nobody_says_what_is_available_it_is_what_there_is(tmp_path, monkeypatch, pages):
    def sysconf(name):
        if pages is None:
            raise ValueError(name)
        return {"SC_PHYS_PAGES": pages, "SC_PAGE_SIZE": 4096}[name]

    monkeypatch.setattr(os, "sysconf", sysconf)
    assert find_available_memory(tmp_path) == (pages and pages * 4096)
    assert (share_memory(1, tmp_path) is None) == (pages is None)


@settings(max_examples=30)
@given(
    limits=st.lists(
        st.tuples(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40)), max_size=3
    )
)
def test_the_smallest_of_all_groups_counts(tmp_path_factory, limits):
    root = tmp_path_factory.mktemp("machine")
    group = root / "sys/fs/cgroup"
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(V2.format(top="/"))
    (root / "proc/self/cgroup").write_text(f"0::/{'/'.join('a' * len(limits))}\n")
    (root / "proc/meminfo").write_text(f"MemAvailable: {2**30} kB\n")
    for limit, usage, inactive in limits:
        group /= "a"
        group.mkdir(parents=True)
        for name, value in (("max", limit), ("current", usage), ("stat", f"inactive_file {inactive}")):
            (group / f"memory.{name}").write_text(f"{value}\n")
    free = [max(0, limit - usage + inactive) for limit, usage, inactive in limits]
    assert find_available_memory(root) == min([2**40, *free])


@pytest.mark.parametrize(
    ("count", "free", "share"),
    [(1, 300, 150), (2, 300, 100), (4, 300, 60), (12, 300, LEAST_SHARE), (2, 0, LEAST_SHARE)],
)
def test_each_process_has_a_share_and_this_one_too(make, count, free, share):
    root = make(V2, "0::/a\n", memory_v2("a/", free * MIB))
    assert share_memory(count, root) == share


CORES = {
    "none": ("", "", {}, 8),
    "version 2": (V2, "0::/a\n", {"a/cpu.max": "150000 100000"}, 2),
    "version 2, no quota": (V2, "0::/a\n", {"a/cpu.max": "max 100000"}, 8),
    "version 2, nested": (V2, "0::/a/b\n", {"a/cpu.max": "290000 100000", "a/b/cpu.max": "max 100000"}, 3),
    "version 2, a part of a core": (V2, "0::/a\n", {"a/cpu.max": "1000 100000"}, 1),
    "version 2, more than there are": (V2, "0::/a\n", {"a/cpu.max": "6400000 100000"}, 8),
    "version 1": (
        V1,
        GROUPS_V1,
        {"cpu,cpuacct/a/b/cpu.cfs_quota_us": 150000, "cpu,cpuacct/a/b/cpu.cfs_period_us": 100000},
        2,
    ),
    "version 1, no quota": (
        V1,
        GROUPS_V1,
        {"cpu,cpuacct/a/b/cpu.cfs_quota_us": -1, "cpu,cpuacct/a/b/cpu.cfs_period_us": 100000},
        8,
    ),
    "version 1, nested": (
        V1,
        GROUPS_V1,
        {
            "cpu,cpuacct/a/b/cpu.cfs_quota_us": 400000,
            "cpu,cpuacct/a/b/cpu.cfs_period_us": 100000,
            "cpu,cpuacct/a/cpu.cfs_quota_us": 50000,
            "cpu,cpuacct/a/cpu.cfs_period_us": 50000,
        },
        1,
    ),
    "no number": (V2, "0::/a\n", {"a/cpu.max": ""}, 8),
}


@pytest.mark.parametrize(("mounts", "groups", "files", "cores"), CORES.values(), ids=CORES)
def test_the_cores_are_those_of_the_quota(make, mounts, groups, files, cores):
    assert count_cores(make(mounts, groups, files)) == cores


@pytest.mark.parametrize(("cores", "expected"), [(None, 1), (2, 2), (64, 64)])
def test_the_cores_of_a_system_that_binds_none_count(make, monkeypatch, cores, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert count_cores(make()) == expected


# This machine


def test_this_machine_has_cores_and_memory():
    assert 1 <= count_cores() <= len(os.sched_getaffinity(0))
    (total,) = re.findall(r"MemTotal: +(\d+) kB", Path("/proc/meminfo").read_text())
    assert 0 < find_available_memory() <= int(total) * 1024


def test_a_container_of_this_machine_is_seen():
    program = "from batt_utils.machine import *\nprint(count_cores(), find_available_memory())"
    with make_container(300 * MIB, 0.5) as enter:
        result = subprocess.run(
            [sys.executable, "-c", program], preexec_fn=enter, capture_output=True, text=True, check=True
        )
    cores, available = map(int, result.stdout.split())
    if enter:
        assert cores == 1
        assert 200 * MIB < available < 300 * MIB
    else:
        assert cores == count_cores()
        assert available == pytest.approx(find_available_memory(), rel=0.2)


TRY = """
import sys
from batt_utils.machine import get_taken_memory, limit_memory
before = get_taken_memory()
half = limit_memory({more})
kept = []
try:
    for _ in range(300):
        kept.append(bytes(2**20))
except MemoryError:
    pass
print(before, half, len(kept))
"""


def try_limit(more, before=""):
    result = subprocess.run(
        [sys.executable, "-c", before + TRY.format(more=more)], capture_output=True, text=True, check=True
    )
    return [None if word == "None" else int(word) for word in result.stdout.split()]


@pytest.mark.parametrize("more", [32, 100])
def test_a_limit_lets_take_so_much_more(more):
    taken, half, more_taken = try_limit(more)
    assert half == taken + more * MIB // 2
    assert more - 8 <= more_taken <= more


@pytest.mark.parametrize(
    ("more", "before"),
    [(None, ""), (32, "import sys, types; sys.modules['cupy'] = types.ModuleType('cupy')")],
    ids=["none asked for", "CUDA"],
)
def test_there_may_be_no_limit(more, before):
    assert try_limit(more, before)[1:] == [None, 300]


def test_a_limit_of_before_stays():
    before = "import resource; resource.setrlimit(resource.RLIMIT_DATA, (150 * 2**20,) * 2)"
    taken, half, more_taken = try_limit(1000, before)
    assert half == (taken + 150 * MIB) // 2
    assert 100 < more_taken < 150


def test_without_a_word_on_what_is_taken_there_is_no_limit(monkeypatch):
    monkeypatch.setattr(machine, "get_taken_memory", lambda: None)
    assert limit_memory(1) is None


def test_what_is_taken_is_counted():
    before = get_taken_memory()
    kept = bytes(50 * MIB)
    assert get_taken_memory() - before == pytest.approx(len(kept), rel=0.1)
