"""The demo batt: where it is written, and where it is not."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import batt_utils
from batt_utils import card
from batt_utils.batt.reader import load_batt
from batt_utils.demo import write_demo
from batts import write_module, write_source
from machines import find_ways, mounted, read_only

CHECKOUT = Path(batt_utils.__file__).parents[1]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty current folder; no module is imported from it, nor from the checkout, where a batt may lie."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(CHECKOUT))])
    return tmp_path / "here"


@pytest.mark.parametrize("name", ["batt", "tmp_batt_onerun_run"])
@pytest.mark.parametrize("ending", ["", ".py"])
def test_it_is_written_where_there_is_none(here, capsys, name, ending):
    write_demo(name + ending)
    assert sorted(path.name for path in here.iterdir()) == [f"{name}.py", f"{name}_call.py"]
    assert capsys.readouterr() == ("", f"{name}.py: written, a demo batt with 32 solvers\n")
    batt = load_batt(name).batt
    assert len({candidate.solver_id for candidate in batt.candidates}) == 32
    written = [path.read_bytes() for path in sorted(here.iterdir())]
    write_demo(name + ending)
    assert [path.read_bytes() for path in sorted(here.iterdir())] == written
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["other_batt", "folder.batt", "no name"])
def test_no_other_batt_is_written(here, capsys, name):
    write_demo(name)
    assert list(here.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_a_batt_of_ones_own_is_not_written_over(here, tmp_path, monkeypatch):
    monkeypatch.setattr(card, "demo", None)
    monkeypatch.syspath_prepend(tmp_path)
    source = write_source("t1 = f(I)")
    write_module(tmp_path, "batt", source, {1: "f, I"})
    write_demo("batt")
    assert list(here.iterdir()) == []
    write_module(here, "batt", source, {1: "f, I"})
    write_demo("batt")
    assert (here / "batt.py").read_text() == source


WRITE = f"""
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from batt_utils import card
from batt_utils.demo import write_demo
sys.path[:] = [entry for entry in sys.path if entry not in ("", {str(CHECKOUT)!r})]
try:
    write_demo("batt")
except OSError as error:
    print(error)
"""


@pytest.mark.parametrize("way", find_ways())
def test_a_place_where_none_can_be_written_is_told(here, monkeypatch, way):
    if way == "real":
        command = mounted(read_only(here), [sys.executable, "-c", WRITE])
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    else:

        def fail(path, *_, **__):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

        monkeypatch.setattr(Path, "write_text", fail)
        with pytest.raises(OSError) as caught:
            write_demo("batt")
        said = str(caught.value)
    assert said == (
        "'batt.py' cannot be written (Read-only file system): "
        "change to a folder that can be written to, or name a batt with -b"
    )
    assert list(here.iterdir()) == []


def test_one_that_cannot_be_written_is_told(monkeypatch):
    def refuse(folder, name):
        raise PermissionError(13, "Permission denied", str(folder / name))

    monkeypatch.setattr(card, "demo", refuse)
    with pytest.raises(PermissionError, match="Permission denied"):
        write_demo("batt")
