import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run_batt
from batt_utils.console import UserError
from batt_utils.store.__main__ import main
from batt_utils.store.links import Link, Store, read_links
from batt_utils.store.merge import merge

TASK, OTHER = "007bbfb7", "other"


def name(number):
    return hashlib.md5(str(number).encode()).hexdigest()


def make_store(path, links, task=TASK, kind=""):
    """A store with links (score, t_log, number of a program), saved one after the other."""
    store = Store(path)
    store.prepare()
    for score, t_log, number in links:
        link = Link(score, t_log, name(number))
        texts = {link.md5: f"text of {number}, ä\r\n"}
        if kind:
            store.save_differs(task, kind, [link], texts)
        else:
            store.save_solvers(task, [link], texts)
    return store


def read_store(store, task=TASK, kind=""):
    """The links of a store with their texts, each by the link itself."""
    folder = store.differ_folder(task, kind) if kind else store.solver_folder(task)
    return {
        link: (folder / f"{link.score}/{link.t_log}/{link.md5}.py").read_bytes()
        for link in read_links(folder)
    }


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stores_are_put_together(here):
    make_store("a", [(5, 14, 1), (3, 14, 2)])
    make_store("a", [(2, 14, 3)], kind="iz")
    make_store("b", [(4, 9, 4)], task=OTHER)
    make_store("b", [(1, 9, 3)], kind="zo")
    assert merge(["a", "b"], "out") == (2, 3, 2, 5, {"a": [], "b": []})
    out = Store("out")
    assert {link[::2] for link in read_store(out)} == {(5, name(1)), (3, name(2))}
    assert read_store(out, OTHER) == {Link(4, 9, name(4)): "text of 4, ä\r\n".encode()}
    assert list(read_store(out, kind="iz")) == [Link(2, 14, name(3))]
    assert list(read_store(out, kind="zo")) == [Link(1, 9, name(3))]
    for path in here.glob("out/*_dir/**/*.py"):
        assert path.readlink().parent.parent == here / "out"
    assert out.count_unlinked() == 0


@pytest.mark.parametrize(
    ("kinds", "made"),
    [
        ((None, None), {f"solve_{TASK}"}),
        (("iz", None), {f"solve_{TASK}", "iz"}),
        (("zo", "iz"), {"iz", "zo"}),
    ],
    ids=["without kinds", "of both", "with kinds"],
)
def test_differs_of_each_kind_are_put_together(here, kinds, made):
    for path, kind in zip("ab", kinds):
        Store(path, [kind]).prepare()
        link = Link(2000, 14, name(path))
        Store(path).save_differs(TASK, kind, [link], {link.md5: "text"})
    assert merge(["a", "b"], "out") == (1, 0, 2, 2, {"a": [], "b": []})
    out = Store("out")
    for path, kind in zip("ab", kinds):
        assert Link(2000, 14, name(path)) in read_links(out.differ_folder(TASK, kind))
    assert {path.name for path in (here / "out" / "differ_dir").iterdir()} == made
    assert out.count_unlinked() == 0


@pytest.mark.parametrize(("order", "t_log"), [("ab", 9), ("ba", 14)])
def test_of_a_program_and_score_the_last_folders_link_stays(here, order, t_log):
    make_store("a", [(5, 14, 1), (4, 14, 1)])
    make_store("b", [(5, 9, 1)])
    merge([*order], "out")
    assert sorted(read_store(Store("out"))) == [Link(4, 14, name(1)), Link(5, t_log, name(1))]


def test_a_differs_links_of_one_folder_stay_together(here):
    for path, t_logs in (("a", [14, 12]), ("b", [9, 12, 8]), ("out", [14, 7])):
        store = make_store(path, [])
        links = [Link(5, t_log, name(1)) for t_log in t_logs]
        store.save_differs(TASK, "iz", links, {name(1): "text"})
    merge(["a", "b"], "out")
    assert sorted(link.t_log for link in read_store(Store("out"), kind="iz")) == [8, 9, 12]


def test_33_stay(here):
    make_store("a", [(score, 14, score) for score in range(20)])
    make_store("b", [(score, 14, score) for score in range(20, 40)])
    make_store("out", [(100, 14, 100), (0, 14, 101)])
    assert merge(["b", "a"], "out").solvers == 32
    assert sorted(link.score for link in read_store(Store("out"))) == [*range(8, 40), 100]
    assert Store("out").count_unlinked() == 1  # of the link that was there before


def test_the_result_is_the_same_again(here):
    make_store("a", [(score % 7, score % 3, score) for score in range(33)])
    make_store("b", [(score % 7, score % 5, score) for score in range(20, 53)])
    merge(["a", "b"], "out")
    before = read_store(Store("out"))
    merge(["out"], "out")
    merge(["out"], "copy")
    assert read_store(Store("out")) == read_store(Store("copy")) == before


def test_one_of_the_folders_may_be_the_result(here):
    make_store("a", [(5, 14, 1)])
    make_store("b", [(4, 14, 2)])
    merge(["a", "b"], "a")
    assert sorted(link.score for link in read_store(Store("a"))) == [4, 5]


@pytest.mark.parametrize("there", [False, True], ids=["links to nowhere", "links to something else"])
def test_links_of_another_machine_count_by_their_names(here, there):
    make_store("a", [(5, 14, 1)])
    shutil.move("a", "moved")
    if there:
        Path("a/solver_md5").mkdir(parents=True)
        Path(f"a/solver_md5/{name(1)}.py").write_text("another text")
    merge(["moved"], "out")
    assert read_store(Store("out")) == {Link(5, 14, name(1)): "text of 1, ä\r\n".encode()}


def remove(file):
    file.unlink()


def empty(file):
    file.write_bytes(b"")


def make_folder(file):
    file.unlink()
    file.mkdir()


def garble(file):
    file.write_bytes(b"\xff\xfe")


@pytest.mark.parametrize("spoil", [remove, empty, make_folder, garble])
def test_what_has_no_text_is_said_and_passed_over(here, capsys, spoil):
    make_store("a", [(5, 14, 1), (4, 14, 2)])
    spoil(Path(f"a/solver_md5/{name(1)}.py"))
    assert main(["merge", "a", "--out", "out"]) == 0
    assert capsys.readouterr() == (
        "out: 1 tasks; of 2 links 1 to solvers and 0 to differs stayed\n",
        f"store: a: 1 links passed over, their texts are missing or empty; one is {name(1)}.py\n",
    )
    assert [link.score for link in read_store(Store("out"))] == [4]
    assert Store("out").count_unlinked() == 0


@pytest.mark.parametrize("folder", ["none", "empty", "file"])
def test_a_folder_without_results_is_told(here, capsys, folder):
    make_store("a", [(5, 14, 1)])
    Path("empty").mkdir()
    Path("file").touch()
    with pytest.raises(UserError):
        merge(["a", folder], "out")
    assert main(["merge", "a", folder, "--out", "out"]) == 2
    line = f"store: {folder}: it holds no results: name a folder with solver_dir and differ_dir\n"
    assert capsys.readouterr() == ("", line)
    assert not Path("out").exists()


def test_a_place_that_cannot_be_written_is_told(here, capsys):
    make_store("a", [(5, 14, 1)])
    Path("out").touch()
    assert main(["merge", "a", "--out", "out"]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("store: cannot save to ")


@pytest.mark.parametrize(
    "arguments",
    [[], ["other"], ["merge"], ["merge", "a"], ["merge", "--out", "b"], ["merge", "a", "--out"]],
    ids=str,
)
def test_a_wrong_command_line_is_one_line(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("store: ") and error.endswith("; --help lists the options\n")


def test_strangers_are_passed_over(here):
    make_store("a", [(5, 14, 1)])
    for path in ("a/solver_dir/notes.txt", "a/solver_dir/solve_file", f"a/solver_dir/solve_{TASK}/x/14/y.py"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert merge(["a"], "out")[:4] == (1, 1, 0, 1)


def test_the_command(here):
    make_store("a", [(5, 14, 1)])
    command = [sys.executable, "-m", "batt_utils.store", "merge", "a", "--out", "out"]
    environment = os.environ | {"PYTHONPATH": str(Path(run_batt.__file__).parent)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "out: 1 tasks; of 1 links 1 to solvers and 0 to differs stayed\n"


def test_files_without_links_are_counted(here):
    store = make_store("a", [(5, 14, 1), (4, 14, 2)])
    make_store("a", [(2, 14, 3)], kind="iz")
    for number, folder in ((8, "solver_md5"), (9, "solver_md5"), (3, "solver_md5"), (1, "differ_md5")):
        Path(f"a/{folder}/{name(number)}.py").write_text("x")
    Path("a/solver_md5/notes.txt").touch()
    assert store.count_unlinked() == 4
    assert Store("none").count_unlinked() == 0
