import sys
from pathlib import Path

import pytest

import batt_utils
from batt_utils.batt.program import Program
from batt_utils.batt.reader import Source, find_module, load_batt, parse_calls, read_program
from forms import CALLS, FORMS, write_form

SOURCE = """\
from nowhere import *


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = f(I)
    t2 = g(t1, C)
    o.append((2, False, 'a', t2))
    return o, s
"""
FOREIGN = "1 / 0\ndef batt(*arguments):\n    return [], []\n"
TABLE = "t_call = {1: 'f, I', 2: 'g, t1, C', 3: 'unused, I'}\n"


CHECKOUT = Path(batt_utils.__file__).parents[1]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty current folder; no module is imported from it, nor from the checkout, where a batt may lie."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(CHECKOUT))])
    return tmp_path / "here"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder of the import path."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def write(folder, name, source=SOURCE, table=TABLE):
    """Writes a batt module; none of its two files is to be executed."""
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    if table is not None:
        (folder / f"{name}_call.py").write_text(table, encoding="utf-8")


def fail(name):
    with pytest.raises(ValueError) as caught:
        load_batt(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def expected(name, source=SOURCE, reason="", table=TABLE):
    calls = parse_calls({1: "f, I", 2: "g, t1, C", 3: "unused, I"})
    return Source(name if reason else read_program(source), calls, reason, [source, table])


def test_a_module_of_the_current_folder_is_read(here):
    write(here, "some_batt")
    assert find_module("some_batt") == Path("some_batt.py")
    assert load_batt("some_batt") == expected("some_batt")
    assert isinstance(load_batt("some_batt").batt, Program)
    assert "some_batt" not in sys.modules


def test_a_module_of_the_import_path_is_read(elsewhere):
    write(elsewhere, "far_batt")
    assert find_module("far_batt") == elsewhere / "far_batt.py"
    assert load_batt("far_batt") == expected("far_batt")
    assert "far_batt" not in sys.modules


def test_the_current_folder_comes_first(here, elsewhere):
    write(elsewhere, "both_batt", "another", "another")
    write(here, "both_batt")
    assert load_batt("both_batt") == expected("both_batt")


def test_a_module_of_a_folder_is_named_with_a_dot(here):
    (here / "made" / "today").mkdir(parents=True)
    write(here / "made" / "today", "my_batt")
    assert find_module("made.today.my_batt") == Path("made/today/my_batt.py")
    assert load_batt("made.today.my_batt") == expected("made.today.my_batt")


def test_a_name_may_end_like_its_file(here):
    write(here, "some_batt")
    assert load_batt("some_batt.py") == expected("some_batt")


@pytest.mark.parametrize(
    ("source", "reason"),
    [(SOURCE, ""), (FOREIGN, "line 2: def batt(*arguments):")],
    ids=["program", "function"],
)
@pytest.mark.parametrize("table", [TABLE, None, "t_call = load()\n"], ids=["one", "none", "a broken one"])
def test_a_table_that_is_given_comes_before_that_of_the_file(here, source, reason, table):
    write(here, "some_batt", source, table)
    calls = parse_calls({1: "f, I", 2: "g, t1, C", 4: "more, t2"})
    assert load_batt("some_batt", calls) == expected("some_batt", source, reason)._replace(
        calls=calls, texts=[source]
    )


def test_a_table_that_is_given_is_that_of_the_batt(here):
    write(here, "some_batt")
    with pytest.raises(ValueError, match=r"^t_call: t2 is missing, the batt has g\(t1, C\)"):
        load_batt("some_batt", parse_calls({1: "f, I"}))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(FOREIGN, "line 2: def batt(*arguments):", id="code"),
        pytest.param(SOURCE + "\nbatt = fast(batt)\n", "line 12: batt = fast(batt)", id="more"),
        pytest.param(
            "from other import batt\n", "no line `def batt(task_id, S, I, C, log_path):`", id="import"
        ),
    ],
)
def test_a_batt_of_another_shape_is_not_executed(here, source, reason):
    write(here, "some_batt", source)
    assert load_batt("some_batt") == expected("some_batt", source, reason)


@pytest.mark.parametrize("name", FORMS)
def test_a_batt_of_each_form_is_read_and_not_executed(here, name):
    write(here, "some_batt", *write_form(FORMS[name]))
    batt = load_batt("some_batt")
    assert (batt.reason, batt.calls) == ("", batt.batt.calls)
    assert {t: str(call) for t, call in batt.calls.items()} == CALLS


@pytest.mark.parametrize("device", ["auto", "cpu", "gpu"])
def test_for_a_gpu_a_batt_that_imports_its_library_is_called(here, device):
    for name, form in FORMS.items():
        write(here, "some_batt", *write_form(form))
        batt = load_batt("some_batt", device=device)
        if name == "12 Oct" and device == "gpu":
            assert (batt.batt, batt.reason) == ("some_batt", "line 7: import cupy as cp (--device gpu)")
        else:
            assert batt == load_batt("some_batt")
            assert isinstance(batt.batt, Program)


def test_for_a_gpu_a_table_that_does_not_fit_is_told(here):
    source, table = write_form(FORMS["12 Oct"])
    write(here, "some_batt", source, table.replace("hmirror", "vmirror"))
    with pytest.raises(ValueError, match="t5 is vmirror"):
        load_batt("some_batt", device="gpu")


def test_a_table_is_not_executed(here):
    write(here, "some_batt", table=TABLE + "1 / 0\n")
    assert load_batt("some_batt") == expected("some_batt", table=TABLE + "1 / 0\n")


def test_windows_lines_and_a_byte_order_mark_are_read(here):
    for name, text in (("some_batt.py", SOURCE), ("some_batt_call.py", TABLE)):
        (here / name).write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    compile((here / "some_batt.py").read_bytes(), "some_batt.py", "exec")
    assert load_batt("some_batt") == expected("some_batt")


@pytest.mark.parametrize("name", ["no_batt", "batt", "made.no_batt", "sys", "zlib"])
def test_a_module_that_is_nowhere_is_told(name):
    assert find_module(name) is None
    assert fail(name) == f"no batt module {name}: write {name}.py here, or name another one with -b"


@pytest.mark.parametrize(
    "name", ["", "some_batt.py ", "../batt", "a-b", ".batt", "a..b", "/etc/passwd", "a\nb"]
)
def test_a_name_of_no_module_is_told(name):
    assert fail(name) == f"{name!r} is no module name: give -b that of a batt here or on the import path"


@pytest.mark.parametrize(
    ("source", "table", "problem"),
    [
        pytest.param("x = 1\n", TABLE, "some_batt.py: it has no function batt", id="no batt"),
        pytest.param("", TABLE, "some_batt.py: it has no function batt", id="empty"),
        pytest.param(SOURCE, None, "some_batt_call.py: the batt's call table is missing", id="no table"),
        pytest.param(
            FOREIGN, None, "some_batt_call.py: the batt's call table is missing", id="foreign, no table"
        ),
        pytest.param(
            SOURCE, "t_call = load()\n", "some_batt_call.py: no literal `t_call = {", id="no literal"
        ),
        pytest.param(FOREIGN, "", "some_batt_call.py: no literal `t_call = {", id="foreign, no literal"),
        pytest.param(SOURCE, "t_call = {1: 'f, I'}", "some_batt_call.py: t2 is missing", id="no call"),
        pytest.param(
            SOURCE, "t_call = {1: 'f, C', 2: 'g, t1, C'}", "some_batt_call.py: t1 is f(C)", id="differs"
        ),
        pytest.param(
            SOURCE, "t_call = {1: 'f, t2', 2: 'g, I'}", "some_batt_call.py: t1 needs t2", id="forward"
        ),
        pytest.param(
            FOREIGN, "t_call = {1: 'f, t2'}", "some_batt_call.py: t1 needs t2", id="foreign, missing"
        ),
        pytest.param(
            SOURCE, "t_call = {1: 'f((', 2: 'g, t1, C'}", "some_batt_call.py: t1: 'f(('", id="malformed"
        ),
    ],
)
def test_files_that_hold_no_batt_are_told(here, source, table, problem):
    write(here, "some_batt", source, table)
    assert fail("some_batt").startswith(problem)


@pytest.mark.parametrize("name", ["some_batt.py", "some_batt_call.py"])
def test_a_file_that_is_no_text_is_told(here, name):
    write(here, "some_batt")
    with (here / name).open("ab") as file:
        file.write(b"# \xff\n")
    assert fail("some_batt") == f"{name}: not UTF-8 text: write the batt anew"


def test_a_folder_in_a_files_place_is_no_module(here):
    (here / "some_batt.py").mkdir()
    assert "no batt module some_batt" in fail("some_batt")
    (here / "some_batt.py").rmdir()
    write(here, "some_batt", table=None)
    (here / "some_batt_call.py").mkdir()
    assert "some_batt_call.py: the batt's call table is missing" in fail("some_batt")
