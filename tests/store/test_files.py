import errno
import os
import signal
import stat
from pathlib import Path

import pytest

from batt_utils.signals import Interrupted, raise_signals
from batt_utils.store.files import check_file, check_here, has_content, write_file
from batt_utils.store.links import Store

ADVICE = "choose another --some"


def list_names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["new.json", "a" * 255, "folder/new.json", "\udcff", "a\nb"], ids=ascii)
def test_a_new_file(here, name):
    (here / "folder").mkdir()
    check_file(name, ADVICE)
    assert list_names(here) == ["folder"]
    assert list_names(here / "folder") == []
    write_file(name, "tëxt", ADVICE)
    assert Path(name).read_text(encoding="utf-8") == "tëxt"
    assert len(list_names(Path(name).parent)) <= 2


def test_a_file_is_replaced_as_a_whole(here):
    file = here / "old.json"
    file.write_text("old")
    before = file.stat().st_ino
    check_file("old.json", ADVICE)
    assert (file.read_text(), file.stat().st_ino) == ("old", before)
    write_file("old.json", "new", ADVICE)
    assert file.read_text() == "new"
    assert file.stat().st_ino != before
    assert list_names(here) == ["old.json"]


@pytest.mark.parametrize("there", [True, False], ids=["file", "nothing yet"])
def test_the_file_that_a_link_leads_to_is_written(here, there):
    (here / "folder").mkdir()
    (here / "link").symlink_to("folder/file")
    if there:
        (here / "folder/file").write_text("old")
    check_file("link", ADVICE)
    write_file("link", "new", ADVICE)
    assert (here / "link").is_symlink()
    assert (here / "folder/file").read_text() == "new"
    assert list_names(here / "folder") == ["file"]


def test_a_pipe_is_written_into(here):
    os.mkfifo("pipe")
    reading = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    check_file("pipe", ADVICE)
    write_file("pipe", "text", ADVICE)
    assert os.read(reading, 99) == b"text"
    os.close(reading)
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    assert list_names(here) == ["pipe"]


def test_a_device_stays_one(here):
    (here / "null").symlink_to(os.devnull)
    check_file("null", ADVICE)
    write_file("null", "text", ADVICE)
    assert stat.S_ISCHR(Path("null").stat().st_mode)
    assert Path("null").is_symlink()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Is a directory"),
        (".", "Is a directory"),
        ("/", "Is a directory"),
        ("folder", "Is a directory"),
        ("none/x", "No such file or directory"),
        ("file/x", "Not a directory"),
        ("a" * 256, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("a\0b", "embedded null"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_what_cannot_be_written_is_told_before(here, name, reason):
    (here / "folder").mkdir()
    (here / "file").write_text("mine")
    (here / "loop").symlink_to("loop")
    before = list_names(here)
    for do in (check_file, lambda name, advice: write_file(name, "text", advice)):
        with pytest.raises(OSError) as caught:
            do(name, ADVICE)
        assert str(caught.value).startswith(f"{name!r} cannot be written (")
        assert reason in str(caught.value)
        assert str(caught.value).endswith(f"): {ADVICE}")
    assert list_names(here) == before


@pytest.mark.parametrize("step", ["write_text", "replace"])
@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, ADVICE), (errno.EMFILE, "raise the limit of open files (ulimit -n)")],
)
def test_an_error_leaves_what_was_there(here, monkeypatch, step, number, advice):
    (here / "file").write_text("old")

    def fail(path, *_, **__):
        path.touch()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(OSError) as caught:
        write_file("file", "new", ADVICE)
    assert str(caught.value) == f"'file' cannot be written ({os.strerror(number)}): {advice}"
    assert list_names(here) == ["file"]
    assert (here / "file").read_text() == "old"


def test_a_current_folder_that_is_gone_is_told(tmp_path, monkeypatch):
    check_here()
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OSError, match="the current folder is gone: change to another one"):
        check_here()


@pytest.mark.parametrize(
    ("make", "has"),
    [
        (lambda path: None, False),
        (lambda path: path.touch(), False),
        (lambda path: path.mkdir(), False),
        (lambda path: os.mkfifo(path), False),
        (lambda path: path.write_text("x"), True),
    ],
    ids=["nothing", "an empty file", "a folder", "a pipe", "a file"],
)
def test_has_content(tmp_path, make, has):
    make(tmp_path / "x")
    assert has_content(str(tmp_path / "x")) is has


def test_a_signal_leaves_no_probe(here, monkeypatch):
    unlink = Path.unlink

    def interrupt_and_unlink(path, **options):
        signal.raise_signal(signal.SIGTERM)
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", interrupt_and_unlink)
    with pytest.raises(Interrupted), raise_signals():
        check_file("new.json", ADVICE)
    with pytest.raises(Interrupted), raise_signals():
        Store("out").prepare()
    assert [*here.glob("**/.run_batt-*")] == []
