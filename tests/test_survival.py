"""What goes wrong in use costs no more than it must: the rows of survival.py with few tries, and examples."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from warnings import warn

import pytest

import run_batt
import survival
from batt_utils.batt.reader import load_batt
from batt_utils.store.links import MAX_FILES, Link
from container import make_container
from survival import GRID, TASK, find_error, find_gone, find_left, find_torn, run_programs, start

SOON = 2  # seconds
MIB = 2**20
PAIR = {"input": GRID, "output": GRID}
DATA = {"train": [PAIR], "test": [PAIR]}
BATT = """\
from os import abort
from time import sleep

from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = identity(I)
    o.append((1, False, '{owner}', t1))
    t2 = size(t1)
    t3 = repeat(t2, ONE)
    s.append((3, 'None', '{differ}', t3))
    s.append((3, '{owner}', '{differ}', t3))
    t4 = {call}
    o.append((4, False, 'b', t4))
    return o, s
"""


def write(folder, owner="a", differ="differ_a", call="hmirror(I)"):
    """Writes a batt with two solvers, and a task that the first one is right for."""
    function, _, arguments = call[:-1].partition("(")
    table = {1: "identity, I", 2: "size, t1", 3: "repeat, t2, ONE", 4: f"{function}, {arguments}".strip(", ")}
    (folder / "some.py").write_text(BATT.format(owner=owner, differ=differ, call=call))
    (folder / "some_call.py").write_text(f"t_call = {table}\n")
    (folder / f"{TASK}.json").write_text(json.dumps(DATA))


def list_paths(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.name != "__pycache__")


def list_links(folder):
    return sorted(str(path.parts[-3]) for path in folder.glob(f"solver_dir/solve_{TASK}/*/*/*.py"))


def run(folder, *arguments):
    """Runs the command on `write`'s batt and task; its status, and what it prints."""
    process = start(folder, "-i", TASK, "-b", "some", "--data", folder, *arguments, stdout=subprocess.PIPE)
    printed, said = process.communicate(timeout=60)
    assert find_left(process) == ""
    return process.returncode, printed, said


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    return tmp_path


# The rows


COUNTS = {
    "kills": 5,
    "resumes": 5,
    "workers": 2,
    "hangs": 7,
    "hogs": 5,
    "crashes": 4,
    "runs": 3,
    "fuzz": 400,
}


@pytest.mark.parametrize(("name", "count"), COUNTS.items(), ids=COUNTS)
def test_nothing_is_lost(name, count):
    tries = survival.find_lost(name, count, seed=1)
    assert [text for text in tries if text] == []
    assert len(tries) == count


@pytest.mark.parametrize(
    ("lost", "status", "row"), [("", 0, "3         3     0"), ("some", 1, "3         2     1")]
)
def test_the_table_counts_what_is_lost(monkeypatch, capsys, lost, status, row):
    monkeypatch.setattr(sys, "argv", ["survival.py", "--kills", "3"])
    rows = {"kills": (lambda folder, count, seed: iter([lost, *[""] * (count - 1)]), 9)}
    monkeypatch.setattr(survival, "ROWS", rows)
    assert survival.main() == status
    printed = capsys.readouterr()
    assert re.fullmatch(f" +tried  survived  lost\nkills +{row}\n", printed.out)
    assert printed.err == (f"kills: {lost}\n" if lost else "")


def cut(file, link):
    file.write_text(file.read_text()[:-9])


FULL = [Link(2, 9, f"{number}") for number in range(MAX_FILES)]


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        pytest.param([Link(1, 9, "a")], [Link(1, 9, "a"), Link(1, 8, "b")], [], id="none"),
        pytest.param(
            [Link(1, 9, "a"), Link(1, 8, "a")], [Link(1, 7, "a")], [], id="fewer T_LOGs of a program"
        ),
        pytest.param([Link(1, 9, "a")], [Link(2, 9, "b")], [(1, "a")], id="one, with room for it"),
        pytest.param([Link(2, 9, "a")], FULL, [], id="one that was displaced"),
        pytest.param([Link(3, 9, "a")], FULL, [(3, "a")], id="a better one than those that stayed"),
    ],
)
def test_links_that_are_gone_are_found(before, after, gone):
    assert find_gone(before, after) == gone


def change(file, link):
    file.write_text(file.read_text().replace("identity", "hmirror"))


@pytest.mark.parametrize(
    ("spoil", "torn"),
    [
        pytest.param(lambda file, link: None, [], id="nothing"),
        pytest.param(cut, ["file"], id="a file that is cut"),
        pytest.param(change, ["file"], id="another program"),
        pytest.param(lambda file, link: file.unlink(), ["link"], id="a link to nothing"),
    ],
)
def test_what_is_torn_is_found(here, spoil, torn):
    assert run(here)[0] == 0
    (link,) = here.glob(f"solver_dir/solve_{TASK}/2/*/*.py")
    paths = {"file": link.readlink(), "link": link}
    spoil(*paths.values())
    assert find_torn(here) == ", ".join(f"{paths[name]} is not whole" for name in torn)


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("exit", ""),
        ("sleep", "sleep: it and its neighbor: ['late', 'fine']"),
        ("nothing", "nothing: it and its neighbor: ['fine', 'fine']"),
    ],
)
def test_a_program_that_comes_to_another_end_is_found(tmp_path, kind, lost):
    assert [*run_programs(tmp_path, 1, 0, [kind], "failed", timeout=0.5)] == [lost]


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("int('x')", ""),
        ("open('/no/file')", ""),
        ("sys.exit(2)", ""),
        ("sys.exit(1)", "status 1"),
        ("{}['x']", "KeyError: 'x'"),
        ("warn('some')", "some, "),
        ("int('x', 99)", "no clear line: int() base must be >= 2 and <= 36, or 0"),
    ],
)
def test_an_error_that_is_no_line_to_the_user_is_found(text, lost):
    where = "base 10" if text == "int('x')" else "/no/file" if "open" in text else "where"
    assert find_error(lambda: eval(text, {"sys": sys, "warn": warn}), where) == lost


# Signals


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to it alone", "to all its processes"])
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
@pytest.mark.parametrize(
    ("call", "tasks"),
    [("hmirror(I)", []), ("sleep(1000)", [TASK]), ("pow(3, 1000000000)", [TASK])],
    ids=["at work", "in a hang", "in a hang in C"],
)
def test_a_signal_ends_a_run_soon(tmp_path, send, number, status, call, tasks):
    write(tmp_path, call=call)
    process = start(
        tmp_path,
        *("-t", 60, "-b", "some", "-i", *tasks),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    for line in process.stdout:
        if re.search(f" {0 if tasks else 3} start --$", line):
            break
    time.sleep(0.1)
    begin = time.perf_counter()
    send(process.pid, number)
    printed, said = process.communicate(timeout=60)
    assert time.perf_counter() - begin < SOON
    assert process.returncode == status
    assert "Traceback" not in said
    (done,) = re.findall(r"(?:^|\n)(\d+) tasks - 0 timeouts\n$", printed)
    assert int(done) >= 3 or tasks
    assert len([*tmp_path.glob("solver_dir/*")]) == int(done)
    assert find_torn(tmp_path) == find_left(process) == ""


AWAITING = """\
import asyncio
import sys
sys.path.insert(0, {root!r})
import run_batt

def run(tasks, out):
    options = run_batt.Options(batt_import="some", out=out)
    return asyncio.run(run_batt.main(tasks, timeout=60, options=options))

try:
    run({tasks}, ".")
except KeyboardInterrupt:
    print("interrupted")
run(["{task}"], "second")
"""


@pytest.mark.parametrize(
    ("call", "tasks"), [("hmirror(I)", []), ("sleep(1000)", [TASK])], ids=["at work", "in a hang"]
)
def test_ctrl_c_ends_an_awaited_main_soon(tmp_path, call, tasks):
    write(tmp_path, call=call)
    program = AWAITING.format(root=str(survival.ROOT), tasks=tasks, task=TASK)
    command = [sys.executable, "-uc", program]
    process = subprocess.Popen(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for line in process.stdout:
        if re.search(f" {0 if tasks else 3} start --$", line):
            break
    time.sleep(0.1)
    write(tmp_path)
    begin = time.perf_counter()
    process.send_signal(signal.SIGINT)
    *_, last = iter(process.stdout.readline, "interrupted\n")
    assert time.perf_counter() - begin < SOON
    (done,) = re.fullmatch(r"(\d+) tasks - 0 timeouts\n", last).groups()
    assert int(done) >= 3 or tasks
    assert len([*tmp_path.glob("solver_dir/*")]) == int(done)
    printed, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert printed.endswith("\n1 tasks - 0 timeouts\n")
    assert list_links(tmp_path / "second") == ["0", "0"]


# Programs


@pytest.mark.parametrize(
    ("call", "scores", "timeouts", "samples_left_out"),
    [
        pytest.param("hmirror(I)", ["0", "2"], 0, 0, id="a good one"),
        pytest.param("sleep(t2)", ["2"], 1, 0, id="a hang"),
        pytest.param("pow(3, 1000000000)", ["2"], 1, 0, id="a hang in C"),
        pytest.param("repeat(I, 1000000000000)", ["2"], 0, 0, id="a memory hog"),
        pytest.param("abort()", [], 0, 2, id="a crash"),
        pytest.param("exit(3)", ["2"], 0, 0, id="an exit"),
    ],
)
def test_a_program_costs_its_samples_only(here, call, scores, timeouts, samples_left_out):
    write(here, call=call)
    status, printed, said = run(here, "-t", 0.2)
    assert (status, "Traceback" in said) == (0, False)
    assert printed.endswith(f"\n1 tasks - {timeouts} timeouts\n")
    assert list_links(here) == scores
    assert said.count(f" left out: it ends its process (signal {signal.SIGABRT})\n") == samples_left_out


HOG = """\
from itertools import count

from batt_utils.arc.dsl import *


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = count(0)
    t2 = tuple(t1)
    o.append((2, False, 'b', t2))
    t3 = identity(I)
    o.append((3, False, 'a', t3))
    return o, s
"""
SMALL = """\
import sys
sys.path.insert(0, {root!r})
from batt_utils.engine import machine
machine.find_available_memory = lambda *_: 250 * 2**20
import run_batt
sys.exit(run_batt.cli())
"""


@pytest.mark.parametrize("kind", ["real", "invented"])
@pytest.mark.parametrize("workers", ["1", "4"])
def test_a_program_that_takes_all_memory_of_a_container_fails_alone(here, kind, workers):
    (here / "some.py").write_text(HOG)
    (here / "some_call.py").write_text("t_call = {1: 'count, 0', 2: 'tuple, t1', 3: 'identity, I'}\n")
    (here / "small.py").write_text(SMALL.format(root=str(survival.ROOT)))
    arguments = ["-t", "30", "-b", "some", "-i", TASK, "--data", ".", "--workers", workers]
    with make_container(300 * MIB, 2) if kind == "real" else nullcontext() as enter:
        command = [sys.executable, survival.ROOT / "run_batt.py" if enter else "small.py", *arguments]
        process = subprocess.run(command, cwd=here, preexec_fn=enter, capture_output=True, text=True)
    assert process.returncode == 0
    assert process.stdout.endswith("\n1 tasks - 0 timeouts\n")
    assert list_links(here) == ["2"]
    # One that has much left of what the program took, though nobody uses it, makes way; none is killed.
    left = "run_batt.py: a worker ended (status 1): its work is done again"
    assert {*process.stderr.splitlines()} <= {left}


PRINTING = """\
import os
import subprocess
import sys


def batt(task_id, S, I, C, log_path):
    print("run_batt.py:1: from print")
    sys.__stdout__.write("from the first stdout\\n")
    sys.__stdout__.flush()
    os.write(1, b"from a handle\\n")
    subprocess.run(["echo", "from another program"])
    return [(1, False, "a", I)], []
"""


def test_what_a_program_prints_goes_to_stderr(here):
    (here / "some.py").write_text(PRINTING)
    status, printed, said = run(here)
    assert status == 0
    lines = printed.splitlines()
    assert lines.pop() == "1 tasks - 0 timeouts"
    assert all(re.match(r"run_batt\.py:\d\d+: ", line) for line in lines)
    for source in ("print", "the first stdout", "a handle", "another program"):
        assert f"from {source}\n" not in printed
        assert f"from {source}\n" in said


# Disks and places


@pytest.mark.parametrize(
    ("unbuffered", "saved"), [("", ["0", "2"]), ("1", [])], ids=["at the end", "at the first line"]
)
def test_a_full_disk_behind_stdout_is_told(here, unbuffered, saved):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        process = start(here, "-i", TASK, "-b", "some", "--data", here, stdout=full, env=environment)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said == "run_batt.py: cannot write to stdout: No space left on device: send it elsewhere\n"
    assert list_links(here) == saved


def test_nobody_who_reads_is_no_failure_to_tell(here):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(here, "-i", TASK, "-b", "some", "--data", here, stdout=writing)
    os.close(writing)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    ("step", "saved"), [("write_bytes", []), ("write_text", [])], ids=["results", "--json"]
)
def test_a_full_disk_is_told(here, monkeypatch, capsys, step, saved):
    def fail(path, *_, **__):
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, step, fail)
    assert run_batt.cli(["-i", TASK, "-b", "some", "--data", str(here), "--json", "result.json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "No space left on device" in line
    assert list_links(here) == saved
    assert [
        path for path in list_paths(here) if path.name.startswith(".") or path.name == "result.json"
    ] == []


@pytest.mark.parametrize(
    ("name", "arguments", "saved"),
    [
        pytest.param("solver_md5", [], [], id="solver_md5"),
        pytest.param("differ_dir", [], [], id="differ_dir"),
        pytest.param(f"solver_dir/solve_{TASK}", [], [], id="the folder of a task"),
        pytest.param("file", ["--json", "file/result.json"], [], id="--json"),
    ],
)
def test_a_file_in_a_folders_place_is_told_and_left(here, capsys, name, arguments, saved):
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text("mine")
    assert run_batt.cli(["-i", TASK, "-b", "some", "--data", str(here), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line
    assert (here / name).read_text() == "mine"
    assert list_links(here) == saved


# Names that could be paths

PATHS = {"up": "../x", "root": "/etc/x", "NUL": "a\0b", "long": "x" * 5000, "empty": "", "line": "a\nb"}
names = pytest.mark.parametrize("name", PATHS.values(), ids=PATHS)


def fail(capsys, *arguments):
    """The one line that a command says when it refuses."""
    assert run_batt.cli(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert len(line) < 300
    return line


@names
def test_a_task_id_that_is_no_name_is_told(here, capsys, name):
    before = list_paths(here)
    assert "is no task id" in fail(capsys, "-b", "some", "-i", name)
    assert list_paths(here) == before


@names
def test_a_task_id_of_a_file_that_is_no_name_is_told(here, capsys, name):
    (here / "data").mkdir()
    for kind, value in (("challenges", DATA), ("solutions", [GRID])):
        (here / "data" / f"arc-agi_training_{kind}.json").write_text(json.dumps({TASK: value, name: value}))
    before = list_paths(here)
    assert "arc-agi_training_challenges.json: " in fail(capsys, "-b", "some", "-i", "--data", "data")
    assert list_paths(here) == before


@names
def test_a_function_that_is_no_name_is_told(here, capsys, name):
    (here / "some_call.py").write_text(f"t_call = {{1: {name + ', I'!r}}}\n")
    before = list_paths(here)
    arguments = ("-b", "some", "-i", TASK, "--data", ".")
    assert re.match(r"run_batt\.py: some_call\.py: (t1|no literal)", fail(capsys, *arguments))
    assert list_paths(here) == before


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        pytest.param("9" * 5000, "no literal `t_call = {", id="more digits than Python reads"),
        pytest.param("1e999", "a key of t_call is not a number", id="infinity"),
        pytest.param("1or 2", "no literal `t_call = {", id="one that Python warns of"),
    ],
)
def test_a_number_that_is_none_is_told(here, capsys, number, problem):
    (here / "some_call.py").write_text(f"t_call = {{1: 'identity, I', {number}: 'identity, t1'}}\n")
    assert find_error(lambda: load_batt("some"), problem) == ""
    line = fail(capsys, "-b", "some", "-i", TASK, "--data", ".")
    assert line.startswith(f"run_batt.py: some_call.py: {problem}")


@pytest.mark.parametrize("key", ["up", "root", "NUL", "long"])
def test_names_of_solvers_and_differs_are_no_paths(here, key):
    write(here, owner=PATHS[key], differ=PATHS[key])
    assert run_batt.cli(["-b", "some", "-i", TASK, "--data", ".", "--out", "out"]) == 0
    md5 = r"[0-9a-f]{32}\.py"
    link = rf"solve_{TASK}/\d+/\d+/{md5}"
    places = [
        rf"solver_md5/{md5}",
        rf"solver_dir/{link}",
        rf"differ_md5/{md5}",
        rf"differ_dir/[iz][zo]/{link}",
    ]
    paths = [str(path.relative_to(here / "out")) for path in (here / "out").rglob("*.py")]
    assert {place for place in places for path in paths if re.fullmatch(place, path)} == {*places}
    assert [path for path in paths if not any(re.fullmatch(place, path) for place in places)] == []
    assert {path.name for path in here.iterdir() if path.name != "__pycache__"} == {
        *("some.py", "some_call.py", f"{TASK}.json", "out")
    }
