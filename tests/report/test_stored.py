import shutil

import pytest

from batt_utils.report.stored import Holding, Stored, read_holding
from batt_utils.store.links import Link, Store
from reports import name


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "out")


def save(store, *links, kind=""):
    """Save links (score, t_log, text), for solvers or for differs of a kind."""
    texts = {name(text): text for _, _, text in links}
    named = [Link(score, t_log, name(text)) for score, t_log, text in links]
    if kind:
        store.save_differs("task", None if kind == "points" else kind, named, texts)
    else:
        store.save_solvers("task", named, texts)


def test_nothing_is_held_of_a_task_that_is_not_there(store):
    assert read_holding(store, "task") == Holding([], [], 0, 0, ())


def test_solvers_come_best_first_by_the_rules_of_each_score(store):
    save(store, (2, 9, "a"), (3000, 5, "b"), (3, 7, "c"), (1000, 30, "d"), (0, 40, "e"))
    holding = read_holding(store, "task")
    assert [(one.read(), one.right) for one in holding.solvers] == [
        ("c", 3),
        ("b", 3),
        ("a", 2),
        ("d", 1),
        ("e", 0),
    ]
    assert holding.solver_links == 5


def test_equals_are_in_the_order_of_their_names_and_a_program_counts_once(store):
    save(store, *[(1, 9, text) for text in "abcdef"], (2, 3, "a"))
    holding = read_holding(store, "task")
    names = [one.link.md5 for one in holding.solvers]
    assert names == [name("a"), *sorted(name(text) for text in "bcdef")]
    assert holding.solver_links == 7


def test_differs_that_changed_are_listed_by_kind(store):
    for kind, score in (("iz", 3), ("zo", 0), ("points", 4000)):
        save(store, (score, 9, "x"), (score, 4, "x"), (1, 9, "y"), kind=kind)
    holding = read_holding(store, "task")
    assert [(one.kind, one.link.score, one.read()) for one in holding.differs] == [
        ("iz", 3, "x"),
        ("iz", 1, "y"),
        ("zo", 1, "y"),
        ("points", 4000, "x"),
        ("points", 1, "y"),
    ]
    assert holding.differ_links == 9
    assert [folder.parent.name for folder in holding.folders] == ["iz", "zo", "differ_dir"]


@pytest.mark.parametrize(
    "take",
    [shutil.move, lambda *folders: shutil.copytree(*folders, symlinks=True)],
    ids=["moved", "copied"],
)
def test_texts_are_read_where_the_folders_are_now(store, tmp_path, take):
    save(store, (1, 9, "a"))
    take(store.out, tmp_path / "moved")
    (one,) = read_holding(Store(tmp_path / "moved"), "task").solvers
    assert (one.read(), one.path) == ("a", tmp_path / "moved" / "solver_md5" / f"{name('a')}.py")


def test_a_text_that_cannot_be_read_is_empty(tmp_path):
    assert Stored(Link(1, 2, name("a")), tmp_path).read() == ""
