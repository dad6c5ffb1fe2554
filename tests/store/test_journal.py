import doctest
import errno
import fcntl
import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils.console import UserError
from batt_utils.store import journal as journal_module
from batt_utils.store.journal import End, Journal, SolverResult, TaskResult, format_line, sort_solvers

FORK = multiprocessing.get_context("fork")
SCHEMA = json.loads(Path(journal_module.__file__).with_name("result.schema.json").read_text())
ADVICE = "free some space, allow writing there, or choose another --results"
SOLVER = SolverResult("0" * 32, "a1", 2, 3, 14, 5)


def make_result(number=0, solvers=(SOLVER,), warnings=("ä\n",)):
    return TaskResult(
        version="1.0.0",
        key=f"{number:032x}",
        finished="2026-01-31T23:59:59Z",
        task="007bbfb7",
        batt="f" * 32,
        stage="training",
        demo=2,
        test=1,
        candidates=40,
        unique=30,
        solvers=solvers,
        solved=False,
        new=False,
        timed_out=False,
        warnings=warnings,
        seconds=0.25,
        phases={"score": 0.125, "filter": 0, "inline": 0, "process": 0.0625, "differs": 0.0625},
    )


def read_results(file):
    text = file.read_bytes().decode()
    assert text.endswith("\n") or not text
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results.jsonl"


def append(file, *numbers):
    with Journal(str(file)) as journal:
        for number in numbers:
            journal.append(make_result(number))


# lines


def test_a_line_has_the_fields_in_order():
    line = format_line(make_result())
    assert line.count("\n") == 1 and line.endswith("\n")
    fields = json.loads(line)
    assert list(fields) == [
        *("version", "key", "finished", "task", "batt", "stage", "demo", "test", "candidates", "unique"),
        *("solvers", "solved", "new", "timed_out", "warnings", "seconds", "phases"),
    ]
    assert [list(solver) for solver in fields["solvers"]] == [
        ["md5", "solver_id", "o_score", "of", "t_log", "calls"]
    ]
    assert fields["warnings"] == ["ä\n"]


def test_the_schema_has_the_fields_of_the_records():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    items = SCHEMA["properties"]["solvers"]["items"]
    for schema, record in ((SCHEMA, TaskResult), (items, SolverResult)):
        assert tuple(schema["properties"]) == tuple(schema["required"]) == record._fields


@pytest.mark.parametrize("solvers", [(), (SOLVER,), (SOLVER, SOLVER)], ids=len)
def test_a_line_fits_the_schema(solvers):
    jsonschema.validate(json.loads(format_line(make_result(solvers=solvers))), SCHEMA)


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "x"), ("finished", "today"), ("demo", -1), ("solved", 1), ("stage", None), ("other", 1)],
)
def test_another_line_does_not_fit_the_schema(field, value):
    fields = json.loads(format_line(make_result())) | {field: value}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(fields, SCHEMA)


def test_solvers_go_by_score_then_calls_then_md5():
    keys = [(3, 9, "a"), (2, 1, "b"), (2, 1, "c"), (2, 4, "a")]
    solvers = [SolverResult(md5, "x", score, 3, 14, calls) for score, calls, md5 in keys]
    assert sort_solvers(random.Random(0).sample(solvers, 4)) == solvers


def test_example_of_the_docstring(file):
    result = doctest.testmod(journal_module, extraglobs={"file": str(file), "result": make_result()})
    assert (result.failed, result.attempted) == (0, 1)


# writing and reading


def test_results_are_added_and_read_back(file):
    append(file, 1, 2)
    append(file, 3)
    assert [result["key"] for result in read_results(file)] == [f"{number:032x}" for number in (1, 2, 3)]
    with Journal(str(file)) as journal:
        assert journal.read_ends().keys() == {f"{number:032x}" for number in (1, 2, 3)}


def test_a_result_is_in_the_file_at_once(file):
    with Journal(str(file)) as journal:
        journal.append(make_result(1))
        assert len(read_results(file)) == 1


def test_a_new_file_is_empty(file):
    with Journal(str(file)) as journal:
        assert journal.read_ends() == {}
    assert file.read_bytes() == b""


@pytest.mark.parametrize(
    "line", ["", "x", "[1]", "1", "{}", '{"key": 1}', "\xff", "[" * 5000], ids=lambda line: ascii(line)[:20]
)
def test_a_line_that_is_no_result_is_said(file, line):
    append(file, 1)
    result = file.read_bytes()
    file.write_bytes(result + line.encode("latin-1") + b"\n" + result)
    with Journal(str(file)) as journal, pytest.raises(UserError) as caught:
        journal.read_ends()
    assert str(caught.value) == f"{file}: line 2 is no result: remove it, or choose another --results"


def test_a_line_of_another_version_is_a_result(file):
    file.write_text('{"key":"a","more":[1]}\n')
    with Journal(str(file)) as journal:
        assert journal.read_ends() == {"a": End(False, False)}


# torn lines


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3), st.text(max_size=20), st.integers(0, 5))
def test_a_torn_line_is_mended_wherever_it_is_cut(before, warning, zeros):
    whole = [format_line(make_result(number, warnings=(warning,))).encode() for number in range(before + 1)]
    head, last = b"".join(whole[:-1]), whole[-1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "results")
        for cut in range(len(last) + 1):
            is_whole = cut >= len(last) - 1
            file.write_bytes(head + last[:cut] + b"\0" * (0 if is_whole else zeros))
            with Journal(str(file)) as journal:
                assert file.read_bytes() == head + (last if is_whole else b"")
                journal.append(make_result(99))
            assert len(read_results(file)) == before + is_whole + 1


def test_a_long_line_is_mended(file):
    lines = [format_line(make_result(number, [SOLVER] * 2000)).encode() for number in range(2)]
    assert len(lines[0]) > 1 << 17
    file.write_bytes(lines[0] + lines[1][:-5])
    Journal(str(file)).close()
    assert file.read_bytes() == lines[0]


@pytest.mark.parametrize(
    "text", ["my notes", "my notes\n", "line\nmy notes", "{}\n", "\n", '{"key": "a", "te', "\0x"]
)
def test_a_file_of_somebody_else_is_left_alone(file, text):
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        Journal(str(file))
    assert str(caught.value) == f"{file}: the last line is no result: remove it, or choose another --results"
    assert file.read_text() == text


def append_for_ever(path, started):
    with Journal(path) as journal:
        for number in range(10**9):
            journal.append(make_result(number, [SOLVER] * (number % 40)))
            started.set()


def test_killed_at_any_moment(file):
    lines = 0
    for number in range(20):
        started = FORK.Event()
        child = FORK.Process(target=append_for_ever, args=(str(file), started))
        child.start()
        assert started.wait(30)
        time.sleep(random.Random(number).uniform(0, 0.02))
        child.kill()
        child.join()
        with Journal(str(file)) as journal:
            results = read_results(file)
            assert journal.read_ends().keys() == {result["key"] for result in results}
        assert len(results) > lines
        lines = len(results)
    for result in read_results(file):
        jsonschema.validate(result, SCHEMA)


def test_killed_within_a_write(file):
    append(file, 1)

    def tear(path):
        write = os.write

        def write_half(handle, data):
            write(handle, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

        os.write = write_half
        append(path, 2)

    child = FORK.Process(target=tear, args=(file,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not file.read_bytes().endswith(b"\n")
    append(file, 3)
    assert [int(result["key"], 16) for result in read_results(file)] == [1, 3]


# two runs on one file


def hold(path, started, child_too):
    journal = Journal(path)
    if child_too:
        FORK.Process(target=sleep_and_tell, args=(started,)).start()
    else:
        started.put(os.getpid())
    signal.pause()
    journal.close()


def sleep_and_tell(started):
    started.put(os.getpid())
    signal.pause()


@pytest.mark.parametrize("child_too", [False, True], ids=["alone", "with a worker that lives on"])
def test_another_run_is_kept_off_until_the_first_one_ends(file, child_too):
    started = FORK.Queue()
    child = FORK.Process(target=hold, args=(str(file), started, child_too))
    child.start()
    pid = started.get(timeout=30)
    try:
        before = file.read_bytes()
        with pytest.raises(UserError) as caught:
            Journal(str(file))
        assert str(caught.value) == (
            f"{file}: another run is writing its results there: wait for it, or choose another --results"
        )
        assert file.read_bytes() == before
        child.kill()
        child.join()
        append(file, 1)
    finally:
        os.kill(pid, signal.SIGKILL) if child_too else child.kill()


def test_a_second_journal_of_one_process_is_kept_off(file):
    with Journal(str(file)), pytest.raises(UserError, match="another run"):
        Journal(str(file))
    append(file, 1)


def test_a_file_system_without_locks(file, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    append(file, 1)
    assert len(read_results(file)) == 1


def test_closing_twice_does_nothing(file):
    journal = Journal(str(file))
    journal.close()
    other = os.open(file, os.O_RDONLY)  # takes the number that is free now
    journal.close()
    os.fstat(other)
    os.close(other)


def test_nothing_stays_open(file):
    def count():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = count()
    append(file, 1)
    file.write_text("notes")
    with pytest.raises(UserError):
        Journal(str(file))
    assert count() == before


# what goes wrong


try:
    os.open("a\0b", os.O_RDONLY)
except ValueError as error:
    NO_NAME = str(error)  # each version of Python has its own words


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "No such file or directory"),
        (".", "Is a directory"),
        ("none/x", "No such file or directory"),
        ("file/x", "Not a directory"),
        ("a" * 256, "File name too long"),
        ("a\0b", NO_NAME),
        ("pipe", "it is no regular file"),
        (os.devnull, "it is no regular file"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_a_file_that_cannot_be_written_is_told(tmp_path, monkeypatch, name, reason):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    os.mkfifo("pipe")
    with pytest.raises(OSError) as caught:
        Journal(name)
    assert str(caught.value) == f"{name!r} cannot be written ({reason}): {ADVICE}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]


@pytest.mark.parametrize("step", ["write", "part of a write", "fsync"])
def test_a_full_disk_leaves_the_lines_of_before(file, monkeypatch, step):
    write = os.write
    written = []

    def fail(handle, data=b""):
        if step == "part of a write" and not written:
            written.append(handle)
            return write(handle, data[:50])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Journal(str(file)) as journal:
        journal.append(make_result(1))
        with monkeypatch.context() as patches, pytest.raises(OSError) as caught:
            patches.setattr(os, "fsync" if step == "fsync" else "write", fail)
            journal.append(make_result(2))
        assert str(caught.value) == f"'{file}' cannot be written (No space left on device): {ADVICE}"
        assert len(read_results(file)) == 1
        journal.append(make_result(3))
    assert [int(result["key"], 16) for result in read_results(file)] == [1, 3]


def test_a_write_that_takes_two_turns_is_whole(file, monkeypatch):
    write = os.write
    with Journal(str(file)) as journal:
        monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:100]))
        journal.append(make_result(1))
    assert len(read_results(file)) == 1
