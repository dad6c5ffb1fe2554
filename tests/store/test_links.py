import doctest
import errno
import fcntl
import hashlib
import itertools
import multiprocessing
import os
import random
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils.store import links as store_module
from batt_utils.store.links import (
    MAX_FILES,
    Link,
    Outcome,
    Store,
    StoreError,
    check_save,
    compete,
    find_file,
    read_links,
)

FORK = multiprocessing.get_context("fork")
TASK = "007bbfb7"
STEPS = ("mkdir", "write_bytes", "symlink_to", "replace", "unlink")
FOLDERS = ("solver_md5", "solver_dir", "differ_md5", "differ_dir/iz", "differ_dir/zo")


def md5_of(name):
    return hashlib.md5(str(name).encode()).hexdigest()


def text_of(md5):
    return f"from dsl import *\n# {md5}\n" * 20


def some_links(scores, t_log=14, start=0):
    return [Link(score, t_log, md5_of(start + age)) for age, score in enumerate(scores)]


def texts_of(links):
    return {link.md5: text_of(link.md5) for link in links}


def save(store, links):
    return store.save_solvers(TASK, links, texts_of(links))


def path_of(folder, link):
    return folder / str(link.score) / str(link.t_log) / f"{link.md5}.py"


def set_age(path, age):
    if path.is_symlink():  # links that were made together may be names of one, with one age
        target = path.readlink()
        path.unlink()
        path.symlink_to(target)
    os.utime(path, ns=(age, age), follow_symlinks=False)


def put_link(folder, link, age=0, target="/dev/null"):
    path = path_of(folder, link)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    set_age(path, age)


def put_file_link(folder, link, age=0):
    """A link as the store makes it, but for the place of the file."""
    file = folder.parent / "file.py"
    file.touch()
    put_link(folder, link, age, file)


def tree(out):
    """Every file and link below out, with its content or target."""
    return {
        str(path.relative_to(out)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in out.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def assert_whole(out):
    """Every link leads to a file with all of its text."""
    for path in (out / "solver_dir").rglob("*.py"):
        assert path.read_text() == text_of(path.stem)


def temporaries(out):
    return [path.name for path in out.rglob(".*")]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "out")


@pytest.fixture
def folder(store):
    store.prepare()
    return store.solver_folder(TASK)


# compete and check_save


def one_by_one(present, arrivals, max_files):
    """The rule of saving, said as plainly as possible."""
    there, accepted = list(present), []
    earlier = {link for link in present if link not in arrivals}
    for index, link in enumerate(arrivals):
        replaced = [old for old in there if old in earlier and old[::2] == link[::2]]
        there = [old for old in there if old not in replaced]
        refused = False
        while not replaced and link not in there and len(there) > max_files and not refused:
            worst = min(there, key=lambda other: (other.score, other.t_log))
            if link.score < worst.score:
                refused = True
            else:
                there.remove(worst)
        if not refused:
            accepted.append(index)
            if link not in there:
                there.append(link)
    return accepted, there


def with_room(there, score, max_files):
    """The rule of `check_save`, said as plainly as possible: what stays, and whether that is too much."""
    there = list(there)
    while len(there) > max_files:
        worst = min(there, key=lambda other: (other.score, other.t_log))
        if score < worst.score:
            return there, True
        there.remove(worst)
    return there, False


A, B, C, D = (md5_of(name) for name in "ABCD")


@pytest.mark.parametrize(
    ("present", "arrivals", "max_files", "expected"),
    [
        pytest.param([], [], 2, Outcome([], [], []), id="nothing"),
        pytest.param([], [Link(0, 1, A)], 2, Outcome([0], [0], []), id="first"),
        pytest.param([Link(3, 1, A)], [Link(1, 1, B)], 1, Outcome([0], [0], []), id="lower, but room"),
        pytest.param([Link(3, 1, A), Link(2, 1, B)], [Link(1, 1, C)], 1, Outcome([], [], []), id="refused"),
        pytest.param(
            [Link(3, 1, A), Link(2, 1, B)],
            [Link(2, 0, C)],
            1,
            Outcome([0], [0], [Link(2, 1, B)]),
            id="same score and lower t_log comes in",
        ),
        pytest.param(
            [Link(2, 1, A), Link(2, 2, B)],
            [Link(2, 9, C)],
            1,
            Outcome([0], [0], [Link(2, 1, A)]),
            id="lower t_log goes first",
        ),
        pytest.param(
            [Link(2, 1, B), Link(2, 1, A)],
            [Link(2, 1, C)],
            1,
            Outcome([0], [0], [Link(2, 1, B)]),
            id="oldest goes first",
        ),
        pytest.param(
            [Link(1, 1, A), Link(2, 1, B)],
            [Link(1, 1, A), Link(2, 1, B)],
            0,
            Outcome([0, 1], [0, 1], []),
            id="there already",
        ),
        pytest.param(
            [Link(1, 1, A)],
            [Link(2, 1, B), Link(3, 1, C)],
            0,
            Outcome([0, 1], [1], [Link(1, 1, A)]),
            id="accepted, then pushed out",
        ),
        pytest.param(
            [Link(1, 1, A), Link(1, 1, B)],
            [Link(1, 1, C), Link(1, 1, A)],
            1,
            Outcome([0, 1], [0, 1], [Link(1, 1, B)]),
            id="pushed out, then back",
        ),
        pytest.param(
            [Link(1, 1, A), Link(5, 1, B), Link(6, 1, C)],
            [Link(3, 1, D)],
            1,
            Outcome([], [], [Link(1, 1, A)]),
            id="too many: makes room and is refused",
        ),
        pytest.param([], [Link(1, 1, A), Link(1, 2, A)], 2, Outcome([0, 1], [0, 1], []), id="two of one run"),
        pytest.param(
            [Link(1, 2, A)], [Link(1, 1, A)], 2, Outcome([0], [0], [Link(1, 2, A)]), id="replaces its t_log"
        ),
        pytest.param([Link(1, 2, A)], [Link(2, 1, A)], 2, Outcome([0], [0], []), id="two scores"),
        pytest.param(
            [Link(1, 2, A), Link(1, 2, B)],
            [Link(1, 1, A)],
            1,
            Outcome([0], [0], [Link(1, 2, A)]),
            id="no room is made for another t_log",
        ),
        pytest.param(
            [Link(1, 2, A), Link(1, 3, A)],
            [Link(1, 4, A), Link(1, 3, A)],
            2,
            Outcome([0, 1], [0, 1], [Link(1, 2, A)]),
            id="two of one run for two of another",
        ),
    ],
)
def test_compete(present, arrivals, max_files, expected):
    assert compete(present, arrivals, max_files) == expected


LINKS = st.builds(Link, st.integers(0, 3), st.integers(-1, 1), st.sampled_from([A, B, C, D]))
MANY_LINKS = st.lists(
    st.builds(Link, st.integers(0, 3), st.integers(0, 1), st.integers(0, 60).map(md5_of)),
    min_size=15,
    max_size=30,
)


@given(st.lists(LINKS, unique=True), st.lists(LINKS), st.integers(0, 6))
def test_compete_is_one_by_one(present, arrivals, max_files):
    accepted, there = one_by_one(present, arrivals, max_files)
    outcome = compete(present, arrivals, max_files)
    assert outcome.accepted == accepted
    assert outcome.stayed == [index for index in accepted if arrivals[index] in there]
    assert outcome.removed == [link for link in present if link not in there]


@settings(max_examples=50, deadline=None)
@given(st.lists(LINKS, max_size=12, unique=True), st.integers(-1, 4), st.integers(0, 4))
def test_check_save_makes_room(links, score, max_files):
    with tempfile.TemporaryDirectory() as out:
        folder = Path(out, "solve")
        for age, link in enumerate(links):
            put_file_link(folder, link, age)
        there, is_full = with_room(links, score, max_files)
        assert check_save(folder, score, max_files) is is_full
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
        assert names == sorted(f"{link.score}/{link.t_log}/{link.md5}.py" for link in there)


@settings(max_examples=20, deadline=None)
@given(st.lists(MANY_LINKS, max_size=4))
def test_saving_in_batches_is_one_by_one(batches):
    with tempfile.TemporaryDirectory() as out:
        store, there, clock = Store(out), [], itertools.count(1)
        for batch in batches:
            last = {link[::2]: link for link in batch}
            accepted, now_there = one_by_one(there, [last[link[::2]] for link in batch], MAX_FILES)
            outcome = save(store, batch)
            assert outcome.accepted == accepted
            assert outcome.removed == [link for link in there if link not in now_there]
            there = now_there
            folder = store.solver_folder(TASK)
            assert sorted(read_links(folder)) == sorted(there)
            for link in there:  # the file system's own clock is coarse
                set_age(path_of(folder, link), next(clock))
            assert_whole(Path(out))


def test_compete_takes_no_square_time():
    links = [Link(random.Random(n).randrange(1000), n % 20, str(n)) for n in range(40_000)]
    start = time.perf_counter()
    outcome = compete(links[:20_000], links[20_000:], 15_000)
    assert time.perf_counter() - start < 5
    assert len(outcome.stayed) + 20_000 - len(outcome.removed) == 15_001


def test_check_save_of_no_folder(tmp_path):
    assert check_save(str(tmp_path / "none"), 0) is False
    assert not (tmp_path / "none").exists()


def test_check_save_lets_33_in(folder):
    for age in range(MAX_FILES + 1):
        assert check_save(str(folder), 1) is False
        put_file_link(folder, Link(1, 14, md5_of(age)), age)
    assert check_save(str(folder), 0) is True
    assert len(read_links(folder)) == MAX_FILES + 1
    assert check_save(str(folder), 1) is False
    assert [link.md5 for link in read_links(folder)] == [md5_of(age) for age in range(1, 33)]


def test_equally_old_links_go_by_name(folder):
    for link in some_links([1, 1, 1]):
        put_file_link(folder, link, age=7)
    assert check_save(folder, 1, 2) is False
    assert [link.md5 for link in read_links(folder)] == sorted(map(md5_of, range(3)))[1:]


@pytest.mark.parametrize(
    ("path", "target", "counts"),
    [
        pytest.param(f"1/14/{A}.py", "file", True, id="link"),
        pytest.param(f"1/14/{A}.py", None, True, id="plain file"),
        pytest.param(f"0/-1/{A}.py", "file", True, id="below 0"),
        pytest.param(f"1/14/{A}.py", "none", False, id="dead"),
        pytest.param(f"1/14/{A}.py", f"solve/1/14/{A}.py", False, id="to itself"),
        pytest.param(f"1/14/{A}.py", "solve", False, id="to a folder"),
        pytest.param(f"1/14/{A}.py/x", "file", False, id="folder"),
        pytest.param(f"01/14/{A}.py", "file", False, id="score 01"),
        pytest.param(f"x/14/{A}.py", "file", False, id="score x"),
        pytest.param(f"1/+14/{A}.py", "file", False, id="t_log +14"),
        pytest.param(f"1/\u0661/{A}.py", "file", False, id="t_log in other digits"),
        pytest.param("1/14/a.py", "file", False, id="short name"),
        pytest.param(f"1/14/{A}.pyc", "file", False, id="other suffix"),
        pytest.param(f"1/14/{A.upper()}.py", "file", False, id="capital letters"),
        pytest.param("1/14", "file", False, id="file for a t_log"),
        pytest.param("1", "file", False, id="file for a score"),
    ],
)
def test_what_counts(tmp_path, path, target, counts):
    folder = tmp_path / "solve"
    path = folder / path
    path.parent.mkdir(parents=True)
    (tmp_path / "file").touch()
    if target:
        path.symlink_to(tmp_path / target)
    else:
        path.touch()
    assert len(read_links(folder)) == counts
    assert check_save(folder, 9, 0) is False
    assert os.path.lexists(path) != counts


def test_links_are_read_oldest_first(folder):
    links = some_links([5, 1, 3])
    for link, age in zip(links, [30, 10, 20], strict=True):
        put_file_link(folder, link, age)
    assert read_links(folder) == [links[1], links[2], links[0]]


def test_check_save_explains_itself(folder, monkeypatch):
    put_file_link(folder, Link(1, 14, A))
    monkeypatch.setattr(Path, "unlink", failing(errno.EACCES))
    with pytest.raises(StoreError, match="allow writing there or choose another --out"):
        check_save(folder, 9, 0)


# what is saved


def test_what_is_saved(store, tmp_path):
    links = [Link(5, 14, A), Link(0, 9, B)]
    assert save(store, links) == Outcome([0, 1], [0, 1], [])
    assert store.save_differs(TASK, "iz", [Link(2, 14, C), Link(3, 9, C)], {C: "ä\n"}) == Outcome(
        [0, 1], [0, 1], []
    )
    assert store.save_differs(TASK, "zo", [Link(7, 14, C)], {C: "ä\n"}).accepted == [0]
    out = tmp_path / "out"
    assert tree(out) == {
        f"solver_md5/{A}.py": text_of(A).encode(),
        f"solver_md5/{B}.py": text_of(B).encode(),
        f"solver_dir/solve_{TASK}/5/14/{A}.py": out / f"solver_md5/{A}.py",
        f"solver_dir/solve_{TASK}/0/9/{B}.py": out / f"solver_md5/{B}.py",
        f"differ_md5/{C}.py": b"\xc3\xa4\n",
        f"differ_dir/iz/solve_{TASK}/2/14/{C}.py": out / f"differ_md5/{C}.py",
        f"differ_dir/iz/solve_{TASK}/3/9/{C}.py": out / f"differ_md5/{C}.py",
        f"differ_dir/zo/solve_{TASK}/7/14/{C}.py": out / f"differ_md5/{C}.py",
    }


def test_files_of_all_accepted_links_of_those_that_stayed(store, tmp_path):
    links = some_links(range(40))
    outcome = save(store, links)
    assert outcome == Outcome(list(range(40)), list(range(7, 40)), [])
    assert sorted(read_links(store.solver_folder(TASK))) == links[7:]
    assert len(list((tmp_path / "out/solver_md5").iterdir())) == 40
    assert save(store, some_links([6], start=50)) == Outcome([], [], [])
    assert len(list((tmp_path / "out/solver_md5").iterdir())) == 40
    assert save(store, some_links([7], start=60)) == Outcome([0], [0], [links[7]])
    assert len(read_links(store.solver_folder(TASK))) == MAX_FILES + 1


def test_a_later_run_replaces_t_log(store, tmp_path):
    links = some_links([5] * 33)
    save(store, links)
    again = [link._replace(t_log=20 - age % 5) for age, link in enumerate(links)]
    for part in (slice(10), slice(10, 33)):
        assert sorted(save(store, again[part]).removed) == sorted(links[part])
    assert sorted(read_links(store.solver_folder(TASK))) == sorted(again)
    paths = list((tmp_path / "out/solver_dir").rglob("*.py"))
    assert len(paths) == len({path.name for path in paths}) == 33
    assert_whole(tmp_path / "out")


@pytest.mark.parametrize("kind", ["iz", "zo", None])
def test_a_differ_has_a_link_for_the_t_log_of_each_solver(store, kind):
    folder = store.differ_folder(TASK, kind)
    for t_logs in ([14, 9], [9, 8], [8]):
        links = [Link(5, t_log, A) for t_log in t_logs]
        assert store.save_differs(TASK, kind, links, texts_of(links)).stayed == [*range(len(links))]
        assert sorted(read_links(folder)) == sorted(links)


def test_a_solver_has_the_t_log_that_came_last(store):
    links = [Link(5, 14, A), Link(5, 9, A)]
    assert save(store, links) == Outcome([0, 1], [0, 1], [])
    assert read_links(store.solver_folder(TASK)) == links[1:]


def test_two_links_of_a_solver_become_one(store, folder):
    both = [Link(5, 14, A), Link(5, 9, A)]
    for age, link in enumerate(both):
        put_file_link(folder, link, age)
    put_file_link(folder, Link(4, 14, A), 9)
    assert save(store, [Link(1, 14, B)]).removed == both[:1]
    assert sorted(path.parent.name for path in folder.glob(f"5/*/{A}.py")) == ["9"]


@pytest.mark.parametrize("link_what", ["out", "solver_md5"])
def test_links_lead_to_the_real_place(tmp_path, link_what):
    (tmp_path / "real").mkdir()
    out = tmp_path / "out"
    if link_what == "solver_md5":
        out.mkdir()
    (tmp_path / link_what if link_what == "out" else out / link_what).symlink_to(tmp_path / "real")
    store = Store(out)
    save(store, [Link(1, 14, A)])
    path = path_of(store.solver_folder(TASK), Link(1, 14, A))
    assert path.readlink() == path.resolve()
    assert path.resolve().is_relative_to(tmp_path / "real")
    assert_whole(out)


def test_relative_out_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(".")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    save(store, [Link(1, 14, A)])
    assert (tmp_path / f"solver_md5/{A}.py").is_file()
    assert (tmp_path / f"solver_dir/solve_{TASK}/1/14/{A}.py").readlink().is_absolute()


def test_what_is_right_is_left_alone(store, tmp_path, monkeypatch):
    links = some_links([1, 2, 3])
    save(store, links)
    before = {path: os.lstat(path) for path in (tmp_path / "out").rglob("*.py")}
    for step in ("write_bytes", "symlink_to", "replace"):
        monkeypatch.setattr(Path, step, failing(errno.ENOSPC))
    assert save(store, links) == Outcome([0, 1, 2], [0, 1, 2], [])
    assert {path: os.lstat(path).st_mtime_ns for path in before} == {
        path: stat.st_mtime_ns for path, stat in before.items()
    }


def other_target(file, link):
    (file.parent / "other.py").touch()
    link.unlink()
    link.symlink_to(file.parent / "other.py")


def plain_file(file, link):
    link.unlink()
    link.touch()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file, link: file.write_text(text_of(A)[:30]), id="torn file"),
        pytest.param(lambda file, link: file.write_text(text_of(A)[::-1]), id="same size"),
        pytest.param(lambda file, link: file.unlink(), id="no file"),
        pytest.param(lambda file, link: link.unlink(), id="no link"),
        pytest.param(lambda file, link: shutil.rmtree(link.parent), id="no folder"),
        pytest.param(other_target, id="link to elsewhere"),
        pytest.param(plain_file, id="file for a link"),
    ],
)
def test_what_is_spoilt_is_mended(store, tmp_path, spoil):
    save(store, [Link(1, 14, A)])
    file = tmp_path / f"out/solver_md5/{A}.py"
    link = path_of(store.solver_folder(TASK), Link(1, 14, A))
    spoil(file, link)
    assert save(store, [Link(1, 14, A)]) == Outcome([0], [0], [])
    assert file.read_text() == text_of(A)
    assert link.readlink() == file


def test_dead_links_do_not_count_and_do_not_come_back(store, tmp_path):
    links = some_links([5] * 33)
    save(store, links)
    for file in (tmp_path / "out/solver_md5").iterdir():
        file.unlink()
    again = [link._replace(t_log=20) for link in links[:20]]
    assert save(store, again).stayed == list(range(20))
    folder = store.solver_folder(TASK)
    assert sorted(read_links(folder)) == sorted(again)
    dead = [path for path in folder.rglob("*.py") if not path.exists()]
    assert sorted(path.stem for path in dead) == sorted(link.md5 for link in links[20:])


def move(store, to):
    """The store at another place, where all of its links are dead."""
    store.out.rename(to)
    moved = Store(to)
    assert not any(path.exists() for path in to.glob("*_dir/**/*.py"))
    return moved


def test_a_store_that_was_moved_is_read_by_its_names(store, tmp_path):
    links = some_links([5, 1, 3])
    save(store, links)
    there = sorted(read_links(store.solver_folder(TASK)))
    moved = move(store, tmp_path / "moved")
    folder = moved.solver_folder(TASK)
    (moved.out / f"solver_md5/{links[1].md5}.py").unlink()
    assert sorted(read_links(folder)) == [link for link in there if link != links[1]]
    for link in links[::2]:
        assert find_file(folder, link).read_text() == text_of(link.md5)
    assert check_save(folder, 4, max_files=1) is False
    assert read_links(folder) == [links[0]]


def test_a_relative_folder_of_a_moved_store_is_read(store, tmp_path, monkeypatch):
    save(store, links := some_links([5]))
    monkeypatch.chdir(move(store, tmp_path / "moved").out)
    folder = Path("solver_dir", f"solve_{TASK}")
    assert read_links(folder) == links
    assert find_file(folder, links[0]).read_text() == text_of(links[0].md5)


def test_saving_sets_the_links_of_a_moved_store_right(store, tmp_path):
    links = some_links(range(33))
    save(store, links)
    store.save_differs(TASK, "iz", links[:2], texts_of(links[:2]))
    moved = move(store, tmp_path / "moved")
    (moved.out / f"solver_md5/{links[32].md5}.py").unlink()
    new = some_links([7, 0], start=50)
    assert save(moved, new) == Outcome([0, 1], [0, 1], [links[0]])
    assert moved.save_differs(TASK, "iz", links[:1], texts_of(links)).stayed == [0]
    expected = {path_of(moved.solver_folder(TASK), link): link for link in [*links[1:32], *new]}
    expected |= {path_of(moved.differ_folder(TASK, "iz"), link): link for link in links[:2]}
    assert {path for path in moved.out.glob("*_dir/**/*.py") if path.exists()} == expected.keys()
    for path, link in expected.items():
        assert path.read_text() == text_of(link.md5)
        assert path.readlink().parent in (moved.out / "solver_md5", moved.out / "differ_md5")
    assert temporaries(moved.out) == []


@pytest.mark.parametrize("target", ["nowhere", "{path}", "nowhere/{name}", "/nowhere/{other}.py"])
def test_a_dead_link_of_another_kind_is_left_alone(store, tmp_path, target):
    save(store, [Link(5, 14, A)])
    path = path_of(store.solver_folder(TASK), Link(4, 14, A))
    path.parent.mkdir(parents=True)
    path.symlink_to(target.format(path=path, name=path.name, other=B))
    before = path.readlink()
    assert read_links(store.solver_folder(TASK)) == [Link(5, 14, A)]
    save(store, [Link(5, 14, B)])
    assert path.readlink() == before


@pytest.mark.parametrize("again", [False, True], ids=["with others", "with the same"])
def test_more_than_fit_are_cut_back(store, folder, again):
    links = some_links(range(40))
    for age, link in enumerate(links):
        put_file_link(folder, link, age)
    outcome = save(store, links if again else some_links([0], start=50))
    assert outcome.removed == links[:7]
    assert sorted(read_links(folder)) == links[7:]


@pytest.mark.parametrize(
    "task_id", ["", ".", "..", "../x", "a/b", "/etc", ".a", "a\n", "ä" * 125, "a" * 250, "a\0", "\ud800"]
)
def test_no_folder_outside(store, task_id, tmp_path):
    for name_or_save in (
        lambda: store.solver_folder(task_id),
        lambda: store.differ_folder(task_id, "iz"),
        lambda: store.save_solvers(task_id, [Link(1, 14, A)], {A: "x"}),
        lambda: store.save_differs(task_id, "iz", [Link(1, 14, A)], {A: "x"}),
    ):
        with pytest.raises(ValueError, match="cannot name a folder"):
            name_or_save()
    assert list(tmp_path.iterdir()) == []


def test_no_other_kind(store):
    with pytest.raises(ValueError, match=r"kind of differ: '\.\.'; use one of iz, zo"):
        store.differ_folder(TASK, "..")


@pytest.mark.parametrize("kinds", [("iz", "zo"), (None,), ("zo", None)], ids=str)
def test_folders_are_those_of_the_kinds(kinds, tmp_path):
    store = Store(tmp_path / "out", kinds)
    store.prepare([TASK])
    assert {path.name for path in (tmp_path / "out/differ_dir").iterdir()} == {*kinds} - {None}
    assert store.list_kinds() == [kind for kind in kinds if kind]
    for kind in kinds:
        store.save_differs(TASK, kind, [Link(1, 14, A)], {A: text_of(A)})
    assert store.list_kinds() == [*kinds]
    assert store.list_tasks() == [TASK]
    assert store.count_unlinked() == 0


def test_what_leads_nowhere_is_no_task(store, tmp_path):
    store.save_solvers(TASK, [Link(1, 14, A)], {A: text_of(A)})
    for name, target in (("solve_loop", "solve_loop"), ("solve_gone", "nowhere")):
        (tmp_path / "out/solver_dir" / name).symlink_to(target)
    assert store.list_tasks() == [TASK]


def test_nothing_is_counted_where_a_folder_cannot_be_read(store, tmp_path, monkeypatch):
    store.save_solvers(TASK, [Link(1, 14, A)], {A: text_of(A)})
    (tmp_path / f"out/solver_md5/{B}.py").touch()
    assert store.count_unlinked() == 1
    scan = os.scandir

    def refuse(folder):
        if Path(folder).name == "14":
            raise PermissionError
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert store.count_unlinked() == 0


def test_names_of_folders(store, tmp_path):
    assert store.solver_folder("a-b_C9") == tmp_path / "out/solver_dir/solve_a-b_C9"
    for task_id in ("x" * 249, "ä" * 124, "a.b", "a b", "a.."):
        assert store.differ_folder(task_id, "zo") == tmp_path / f"out/differ_dir/zo/solve_{task_id}"
        assert store.differ_folder(task_id) == tmp_path / f"out/differ_dir/solve_{task_id}"
        assert store.save_solvers(task_id, [Link(1, 14, A)], {A: text_of(A)}).stayed == [0]
        assert read_links(store.solver_folder(task_id)) == [Link(1, 14, A)]
    assert_whole(tmp_path / "out")


def test_examples_of_the_docstrings(tmp_path):
    result = doctest.testmod(store_module, extraglobs={"out": tmp_path})
    assert (result.failed, result.attempted) == (0, 7)


def test_a_link_that_is_cut_back_may_come_again(store, folder):
    links = some_links([5] * 34)
    for age, link in enumerate(links):
        put_file_link(folder, link, age)
    assert save(store, links[:1]) == Outcome([0], [0], [links[1]])
    assert sorted(read_links(folder)) == sorted(links[:1] + links[2:])


def test_a_folder_named_like_a_link_is_left_alone(store, folder):
    path = path_of(folder, Link(1, 13, A))
    path.mkdir(parents=True)
    assert save(store, [Link(1, 14, A)]).stayed == [0]
    assert path.is_dir()


# what goes wrong


def failing(number):
    def fail(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    return fail


def fault_at(monkeypatch, step_number, fault):
    """Have fault(path) called in place of the step with that number, or within it; count all steps."""
    count = [0]

    def patch(name):
        original = getattr(Path, name)

        def step(path, *args, **kwargs):
            count[0] += 1
            if count[0] - 1 == step_number:
                if name == "write_bytes":
                    original(path, args[0][: len(args[0]) // 2])
                fault(path)
            return original(path, *args, **kwargs)

        monkeypatch.setattr(Path, name, step)

    for name in STEPS:
        patch(name)
    return count


def full_store(out):
    """A full store; arrivals: one is refused, one stays for a while, four stay, one has a new t_log."""
    store = Store(out)
    save(store, some_links([3] * 29 + [1] * 4))
    return store, [*some_links([2, 0, 4, 4, 4, 4], start=100), *some_links([3], t_log=13)]


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """How many steps it takes to save the arrivals of full_store, and what is there then."""
    store, arrivals = full_store(tmp_path / "whole")
    with monkeypatch.context() as patches:
        count = fault_at(patches, None, None)
        assert save(store, arrivals).stayed == [2, 3, 4, 5, 6]
    assert count[0] > 20
    return count[0], set(tree(tmp_path / "whole"))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOSPC, "No space left on device; free some space"),
        (errno.EDQUOT, "Disk quota exceeded; free some space"),
        (errno.EACCES, "Permission denied; allow writing there"),
        (errno.EROFS, "Read-only file system; allow writing there"),
        (errno.ENAMETOOLONG, "File name too long; use a shorter name"),
    ],
)
def test_an_error_at_any_step(tmp_path, monkeypatch, whole, number, text):
    steps, saved = whole
    errors = []
    for step in range(steps):
        out = tmp_path / str(step)
        store, arrivals = full_store(out)
        before = tree(out)
        with monkeypatch.context() as patches:
            fault_at(patches, step, failing(number))
            try:
                save(store, arrivals)
            except StoreError as error:
                errors.append(str(error))
                assert before.items() <= tree(out).items() or saved <= tree(out).keys()
            else:  # the clearing up after a rename, for which there is nothing to do
                assert tree(out).keys() == saved
        assert_whole(out)
        assert temporaries(out) == []
        save(store, arrivals)
        assert tree(out).keys() == saved
    assert len(errors) > steps * 2 // 3
    for error in errors:
        assert re.fullmatch(f"cannot save to '{tmp_path}/.*': {text} or choose another --out", error)
        assert "run_batt-" not in error


def kill_now(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_at_any_step(tmp_path, monkeypatch, whole):
    steps, saved = whole
    for step in range(steps):
        out = tmp_path / str(step)
        store, arrivals = full_store(out)
        before = tree(out)
        with monkeypatch.context() as patches:
            fault_at(patches, step, kill_now)
            child = FORK.Process(target=save, args=(store, arrivals))
            child.start()
            child.join()
        assert child.exitcode == -signal.SIGKILL
        assert before.items() <= tree(out).items() or saved <= tree(out).keys()
        assert_whole(out)
        store.prepare()
        save(store, arrivals)
        assert tree(out).keys() == saved
        assert temporaries(out) == []


def save_for_ever(store, started):
    for number in range(10**9):
        links = some_links([number % 7, number % 5, 6], start=number)
        save(store, links)
        started.set()


def test_killed_at_any_moment(store, tmp_path):
    for number in range(20):
        started = FORK.Event()
        child = FORK.Process(target=save_for_ever, args=(store, started))
        child.start()
        assert started.wait(30)
        time.sleep(random.Random(number).uniform(0, 0.02))
        child.kill()
        child.join()
        assert_whole(tmp_path / "out")
        assert len(read_links(store.solver_folder(TASK))) >= 3
    store.prepare()
    save(store, [Link(9, 14, A)])
    assert temporaries(tmp_path / "out") == []
    assert len(read_links(store.solver_folder(TASK))) <= MAX_FILES + 1


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_in_a_folders_place(store, tmp_path, name):
    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(StoreError) as caught:
        store.prepare()
    assert str(caught.value) == (
        f"cannot save to '{file}': File exists; move away what is in the way or choose another --out"
    )
    with pytest.raises(StoreError, match="move away what is in the way"):
        save(store, [Link(1, 14, A)])
        for kind in ("iz", "zo"):
            store.save_differs(TASK, kind, [Link(1, 14, A)], {A: "x"})
    assert file.read_text() == "mine"
    assert temporaries(tmp_path) == []


@pytest.mark.parametrize(
    "name", [f"solver_dir/solve_{TASK}", f"solver_dir/solve_{TASK}/1", f"solver_md5/{A}.py"]
)
def test_something_in_the_way(store, tmp_path, name):
    wrong = tmp_path / "out" / name
    store.prepare()
    wrong.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".py"):
        wrong.mkdir()
    else:
        wrong.write_text("mine")
    with pytest.raises(StoreError, match=f"{name}.*move away what is in the way"):
        save(store, [Link(1, 14, A)])
    assert wrong.is_dir() or wrong.read_text() == "mine"
    assert temporaries(tmp_path) == []


def test_prepare_makes_empty_folders(store, tmp_path):
    for _ in range(2):
        store.prepare()
        assert all((tmp_path / "out" / name).is_dir() for name in FOLDERS)
        assert tree(tmp_path) == {}


@pytest.mark.parametrize("step", ["mkdir", "write_bytes"])
def test_prepare_fails_where_saving_would(store, tmp_path, monkeypatch, step):
    monkeypatch.setattr(Path, step, failing(errno.EPERM))
    with pytest.raises(StoreError, match=r"solver_md5.*Operation not permitted; allow writing"):
        store.prepare()
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "number", [errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL], ids=errno.errorcode.get
)
def test_a_file_system_without_symbolic_links(store, tmp_path, monkeypatch, number):
    monkeypatch.setattr(Path, "symlink_to", failing(number))
    with pytest.raises(StoreError) as caught:
        store.prepare()
    assert str(caught.value) == (
        f"cannot save to '{tmp_path}/out/solver_md5': its file system has no symbolic links "
        f"({os.strerror(number)}); choose an --out on one that has them"
    )
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space or choose another --out"),
        (errno.EMFILE, "raise the limit of open files (ulimit -n)"),
    ],
    ids=["no space", "no handle"],
)
@pytest.mark.parametrize("step", ["mkdir", "write_bytes", "symlink_to"])
def test_prepare_says_what_is_lacking(store, monkeypatch, step, number, advice):
    monkeypatch.setattr(Path, step, failing(number))
    with pytest.raises(StoreError) as caught:
        store.prepare()
    assert str(caught.value).endswith(f"solver_md5': {os.strerror(number)}; {advice}")


LINK_ERRORS = [errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EIO]


@pytest.mark.parametrize("number", LINK_ERRORS, ids=errno.errorcode.get)
def test_a_file_system_without_other_names(store, tmp_path, monkeypatch, number):
    calls = []

    def link(source, *_, **__):
        calls.append(source)
        raise OSError(number, os.strerror(number), source)

    links = [Link(score, 14, A) for score in range(3)]
    save(Store(tmp_path / "plain"), links)
    monkeypatch.setattr(os, "link", link)
    assert save(store, links) == Outcome([0, 1, 2], [0, 1, 2], [])
    assert calls
    assert tree(tmp_path / "out").keys() == tree(tmp_path / "plain").keys()
    for path in (tmp_path / "out/solver_dir").rglob("*.py"):
        assert path.readlink() == tmp_path / f"out/solver_md5/{A}.py"
    assert_whole(tmp_path / "out")


def spoil(path, kind):
    path.parent.mkdir(parents=True)
    if kind == "file":
        path.touch()
    elif kind == "read-only":
        path.mkdir(0o555)
    else:
        path.mkdir()


@pytest.mark.parametrize("name", ["solver_dir", "differ_dir/iz", "differ_dir/zo"])
@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("file", "File exists; move away what is in the way or choose another --out"),
        ("read-only", "Permission denied; allow writing there or choose another --out"),
        ("free", None),
    ],
    ids=["file", "read-only", "free"],
)
def test_prepare_looks_at_the_folders_of_tasks(store, tmp_path, monkeypatch, name, kind, problem):
    path = tmp_path / "out" / name / f"solve_{TASK}"
    spoil(path, kind)
    # For root, too:
    monkeypatch.setattr(os, "access", lambda path, mode: bool(Path(path).stat().st_mode & 0o200))
    store.prepare(["other"])
    if problem:
        with pytest.raises(StoreError) as caught:
            store.prepare(["other", TASK])
        assert str(caught.value) == f"cannot save to '{path}': {problem}"
    else:
        store.prepare(["other", TASK])
    assert not (path.parent / "solve_other").exists()


def test_prepare_refuses_a_task_that_is_no_name(store):
    with pytest.raises(ValueError, match="cannot name a folder"):
        store.prepare(["../x"])


# what an error leaves


def list_folders(path):
    return sorted(str(folder.relative_to(path)) for folder in path.rglob("*") if folder.is_dir())


@pytest.mark.parametrize("there", ["", "out", "out/solver_md5", "out/differ_dir/zo"])
@pytest.mark.parametrize("error", [KeyError, StoreError, KeyboardInterrupt])
def test_an_error_leaves_no_empty_folder_that_is_new(store, tmp_path, there, error):
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = list_folders(tmp_path)
    with pytest.raises(error), store.opened():
        raise error
    assert list_folders(tmp_path) == before


def test_an_error_leaves_what_was_saved(store, tmp_path):
    with pytest.raises(KeyError), store.opened():
        save(store, [Link(5, 14, A)])
        raise KeyError
    assert list_folders(tmp_path / "out") == [
        "solver_dir",
        f"solver_dir/solve_{TASK}",
        f"solver_dir/solve_{TASK}/5",
        f"solver_dir/solve_{TASK}/5/14",
        "solver_md5",
    ]
    assert_whole(tmp_path / "out")


def test_folders_stay_without_an_error(store, tmp_path):
    with store.opened():
        pass
    assert all((tmp_path / "out" / name).is_dir() for name in FOLDERS)


def test_no_folder_is_made_for_nothing(store, folder):
    assert save(store, []) == Outcome([], [], [])
    assert not folder.exists()


@pytest.mark.parametrize("there", [False, True], ids=["a new task", "a known task"])
def test_an_error_while_saving_leaves_no_empty_folder(store, folder, tmp_path, monkeypatch, there):
    if there:
        save(store, [Link(1, 14, A)])
    before = list_folders(tmp_path)
    symlink_to = Path.symlink_to

    def fail_later(path, target):
        if path.parent.name == "9":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        symlink_to(path, target)

    monkeypatch.setattr(Path, "symlink_to", fail_later)
    with pytest.raises(StoreError, match="No space left on device"):
        save(store, [Link(2, 9, B), Link(3, 9, C)])
    assert list_folders(tmp_path) == before


# several at once


def save_often(store, scores):
    for score in scores:
        save(store, [Link(score, 14, md5_of(score))])
        for link in read_links(store.solver_folder(TASK)):
            assert link.score in range(400)


def test_four_processes_on_one_folder(store, tmp_path):
    scores = random.Random(0).sample(range(400), 400)
    children = [FORK.Process(target=save_often, args=(store, scores[n::4])) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    best = sorted(read_links(store.solver_folder(TASK)))
    assert best == [Link(score, 14, md5_of(score)) for score in range(400 - 33, 400)]
    assert_whole(tmp_path / "out")
    assert temporaries(tmp_path) == []


@pytest.mark.parametrize(
    "wait_for",
    [
        lambda store: save(store, [Link(9, 14, A)]),
        lambda store: check_save(store.solver_folder(TASK), 9),
    ],
    ids=["save", "check_save"],
)
def test_one_at_a_time(store, wait_for):
    save(store, some_links(range(33)))
    handle = os.open(store.solver_folder(TASK), os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    child = FORK.Process(target=wait_for, args=(store,), daemon=True)
    child.start()
    child.join(0.2)
    assert child.is_alive()
    assert len(read_links(store.solver_folder(TASK))) == 33
    fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)
    child.join()
    assert Link(0, 14, md5_of(0)) not in read_links(store.solver_folder(TASK))


def test_a_forked_child_does_not_keep_the_lock(store, monkeypatch):
    symlink_to = Path.symlink_to
    children = []

    def fork_then_link(path, target):
        if path.parent.exists():
            children.append(FORK.Process(target=signal.pause))
            children[-1].start()
        symlink_to(path, target)

    monkeypatch.setattr(Path, "symlink_to", fork_then_link)
    try:
        save(store, [Link(1, 14, A)])
        handle = os.open(store.solver_folder(TASK), os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
        assert [child.is_alive() for child in children] == [True]
    finally:
        for child in children:
            child.kill()
            child.join()


def test_a_file_system_without_locks(store, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    assert save(store, [Link(1, 14, A)]).stayed == [0]


@pytest.mark.parametrize("times", [1, 4, 10**6], ids=["once", "four times", "always"])
@pytest.mark.parametrize("step", ["write_bytes", "symlink_to"])
def test_others_may_clear_a_temporary_file(store, tmp_path, monkeypatch, step, times):
    make = getattr(Path, step)
    made = []
    if step == "symlink_to":  # only one in the place of something needs a temporary name
        wrong = store.solver_folder(TASK) / f"1/14/{A}.py"
        wrong.parent.mkdir(parents=True)
        wrong.write_text("a copy")

    def make_and_lose(path, what):
        make(path, what)
        made.append(path)
        if len(made) <= times:
            path.unlink()

    monkeypatch.setattr(Path, step, make_and_lose)
    if times < 5:
        assert save(store, [Link(1, 14, A)]).stayed == [0]
        assert_whole(tmp_path / "out")
        assert len(made) == times + 1
    else:
        with pytest.raises(StoreError, match="No such file or directory"):
            save(store, [Link(1, 14, A)])


# leftovers


def ended_process():
    child = FORK.Process(target=int)
    child.start()
    child.join()
    return child.pid


def make_dead_link(path):
    path.symlink_to("none")


@pytest.mark.parametrize("where", [*FOLDERS, f"solver_dir/solve_{TASK}"])
@pytest.mark.parametrize("make", [Path.touch, make_dead_link])
@pytest.mark.parametrize(
    ("name", "age", "swept"),
    [
        (".run_batt-{ended}-0123456789abcdef", 0, True),
        (".run_batt-{running}-0123456789abcdef", 0, False),
        (".run_batt-{running}-0123456789abcdef", 3500, False),
        (".run_batt-{running}-0123456789abcdef", 3700, True),
        (".run_batt-{ended}-0123456789abcdef.py", 3700, False),
        (".run_batt-{ended}", 3700, False),
        (".other-{ended}-0123456789abcdef", 3700, False),
    ],
)
def test_leftovers(store, tmp_path, where, make, name, age, swept):
    path = tmp_path / "out" / where / name.format(ended=ended_process(), running=os.getpid())
    path.parent.mkdir(parents=True)
    make(path)
    then = time.time() - age
    os.utime(path, (then, then), follow_symlinks=False)
    store.prepare()
    save(store, [Link(1, 14, A)])
    assert os.path.lexists(path) != swept


def test_leftovers_of_somebody_elses_process(store, tmp_path, monkeypatch):
    store.prepare()
    path = tmp_path / "out/solver_md5/.run_batt-1-0123456789abcdef"
    path.touch()
    monkeypatch.setattr(os, "kill", failing(errno.EPERM))
    store.prepare()
    assert path.exists()


def test_a_folder_named_like_a_leftover_is_no_obstacle(store, tmp_path):
    path = tmp_path / f"out/solver_md5/.run_batt-{ended_process()}-0123456789abcdef"
    path.mkdir(parents=True)
    store.prepare()
    assert path.is_dir()
