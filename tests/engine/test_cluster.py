"""Tasks on a real Dask cluster, which has nothing of the folder that the command runs in."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import pytest
from distributed import Client, Future

import run_batt
from batt_utils import card
from batt_utils.engine import cluster as cluster_module
from batts import write_module
from clusters import ROOT, open_cluster, wait_until
from host import make_host

VERSION = run_batt.__version__
TASKS = ("007bbfb7", "00d62c1b", "017c7c7b", "025d127b")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with open_cluster(tmp_path_factory.mktemp("cluster") / "of_two") as opened:
        yield opened


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(*arguments, cwd, program=ROOT / "run_batt.py"):
    command = [sys.executable, str(program), *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments, **options):
    process = start(*arguments, **options)
    printed, said = process.communicate(timeout=120)
    return process.returncode, re.sub(r"^run_batt\.py:\d+: ", "", printed, flags=re.M), said


def run_timed(*arguments, **options):
    """The same with --timing, but for the seconds."""
    status, printed, said = run("--timing", *arguments, **options)
    return status, printed.partition("\nTiming summary")[0], said


def read_store(out):
    """The text that every file and link has, without T_LOG."""
    return {
        (
            re.sub(r"/-?\d+/(\w+\.py)$", r"/\1", str(path.relative_to(out)))
            if path.is_symlink()
            else path.name
        ): (path.readlink().name if path.is_symlink() else path.read_text())
        for path in out.glob("*_*/**/*.py")
    }


def count_workers(folder):
    """How many processes of ours there are on a cluster: children of the server that forks them."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                command = (process / "cmdline").read_bytes()
                parent = re.search(r"^PPid:\s(\d+)", (process / "status").read_text(), re.M)[1]
                above = Path(f"/proc/{parent}/cmdline").read_bytes()
                count += b"forkserver import" in command and b"forkserver import" in above
        except OSError:
            continue
    return count


def test_results_and_lines_are_those_of_a_run_here(cluster, here):
    assert card.main(["-c", "8", "-f", "batt.py", "--seed", "3"]) == 0  # so few that T_LOG decides nothing
    near = run_timed("-i", *TASKS, "--out", "near", "--submission", "near.json", cwd=here)
    far = run_timed(
        "-i", *TASKS, "--out", "far", "--submission", "far.json", "--cluster", cluster.file, cwd=here
    )
    assert (here / "far.json").read_text() == (here / "near.json").read_text()
    assert (near[0], near[2]) == (0, "")
    assert far == near
    assert read_store(here / "far") == read_store(here / "near")
    assert count_workers(cluster.folder) == 0
    assert [*cluster.folder.glob("**/run_batt-*")] == []


def test_a_checkouts_modules_are_sent(cluster, here):
    folder = here / "checkout"
    own = {"cwd": folder, "program": folder / "run_batt.py"}
    command = ("-b", make_host(folder, 6), "-c", 5, "-i")
    near = run_timed(*command, "--out", "near", **own)
    far = run_timed(*command, "--out", "far", "--cluster", cluster.file, **own)
    assert near[0] == 0
    assert far == near
    assert f"DSL: {folder.resolve() / 'dsl.py'}\n" in far[1]
    assert read_store(folder / "far") == read_store(folder / "near") != {}


CALLED = """\
import os, time
from my_helpers import shout

def batt(task_id, S, I, C, log_path):
    shout(task_id)
    return [(1, False, 'a', I)], [(2, 'None', 'differ_x', (len(I),))]
"""
HELPERS = "import my_other\n\ndef shout(task_id):\n    print(my_other.WORD, task_id)\n"
TABLE = {1: "identity, I", 2: "size, I"}


def test_a_batt_that_is_called_is_sent_with_what_it_imports(cluster, here):
    write_module(here, "mine", CALLED, TABLE)
    (here / "my_helpers.py").write_text(HELPERS)
    (here / "my_other.py").write_text("WORD = 'here'\n")
    near = run("-b", "mine", "-i", *TASKS, "--out", "near", cwd=here)
    far = run("-b", "mine", "-i", *TASKS, "--out", "far", "--cluster", cluster.file, cwd=here)
    assert near[0] == 0
    assert far[:2] == near[:2]
    assert read_store(here / "far") == read_store(here / "near") != {}


@pytest.mark.parametrize(
    ("act", "timeouts", "said"),
    [
        pytest.param("os.abort()", 0, "left out: it ends its process (signal 6)", id="a crash"),
        pytest.param("time.sleep(99)", 1, "", id="a hang"),
    ],
)
def test_a_batt_costs_its_task_and_no_worker(cluster, here, act, timeouts, said):
    source = CALLED.replace("    shout(", f"    if task_id == {TASKS[1]!r}: {act}\n    shout(")
    write_module(here, "mine", source.replace("from my_helpers import shout", "shout = str"), TABLE)
    status, printed, told = run("-b", "mine", "-i", *TASKS, "-t", 0.3, "--cluster", cluster.file, cwd=here)
    assert status == 0
    assert printed.endswith(f"\n4 tasks - {timeouts} timeouts\n")
    assert said in told
    assert {path.name for path in (here / "solver_dir").iterdir()} == {
        f"solve_{task_id}" for task_id in TASKS if task_id != TASKS[1]
    }
    assert [worker.poll() for worker in cluster.workers] == [None, None]


def write_slow(folder):
    source = CALLED.replace("    shout(", "    time.sleep(0.1)\n    shout(")
    write_module(folder, "mine", source.replace("from my_helpers import shout", "shout = str"), TABLE)
    return start(
        "-b", "mine", "-i", "-c", 12, "-t", 5, "--cluster", folder.parent / "c" / "scheduler.json", cwd=folder
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def wait_for_line(process, text):
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(process.stderr.read())


def test_the_tasks_of_a_worker_that_dies_are_done_by_another(folder, tmp_path):
    with open_cluster(tmp_path / "c") as cluster:
        process = write_slow(folder)
        wait_for_line(process, "- 2 start --")
        cluster.workers[0].kill()
        printed, said = process.communicate(timeout=120)
        assert (process.returncode, said) == (0, "")
        assert printed.endswith("\n12 tasks - 0 timeouts\n")
        assert len([*(folder / "solver_dir").iterdir()]) == 12
        cluster.workers[1].kill()
        wait_until(lambda: count_workers(tmp_path / "c") == 0)


def test_an_interrupt_leaves_what_is_done_and_nothing_on_the_workers(folder, tmp_path):
    with open_cluster(tmp_path / "c") as cluster:
        process = write_slow(folder)
        wait_for_line(process, "- 3 start --")
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (130, "")
        (done,) = re.search(r"^(\d+) tasks - 0 timeouts\n$", printed, re.M).groups()
        assert 3 <= int(done) < 12
        assert len([*(folder / "solver_dir").iterdir()]) == int(done)
        wait_until(lambda: count_workers(tmp_path / "c") == 0)
        wait_until(lambda: [*cluster.folder.glob("**/run_batt-*")] == [])
        again = write_slow(folder)  # the workers do what comes next
        assert again.communicate(timeout=120)[0].endswith("\n12 tasks - 0 timeouts\n")


@pytest.mark.parametrize(
    ("owner", "asked"),
    [
        pytest.param(Client, "register_plugin", id="to have what is ours"),
        pytest.param(Client, "submit", id="to do a task"),
        pytest.param(Client, "nthreads", id="how many threads there are"),
        pytest.param(Future, "result", id="what came of a task"),
        pytest.param(Client, "unregister_worker_plugin", id="to remove what is ours"),
    ],
)
def test_an_interrupt_waits_till_dask_has_done_what_it_is_asked(
    cluster, here, monkeypatch, capsys, caplog, owner, asked
):
    ask = getattr(owner, asked)
    answers = []

    def interrupt_and_ask(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        answers.append(ask(*arguments, **options))
        return answers[-1]

    assert card.main(["-c", "8", "-f", "batt.py", "--seed", "3"]) == 0
    monkeypatch.setattr(owner, asked, interrupt_and_ask)
    assert run_batt.cli(["-i", *TASKS, "--cluster", str(cluster.file)]) == 130
    assert answers != []
    assert (capsys.readouterr().err, caplog.records) == ("", [])
    assert count_workers(cluster.folder) == 0
    assert [*cluster.folder.glob("**/run_batt-*")] == []


def test_an_interrupt_before_dask_has_begun_says_nothing(cluster, here, monkeypatch, capsys, caplog):
    wait_for_workers = Client.wait_for_workers

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)  # till the main thread has it, which has queued its question by then

    def wait(client, *arguments, **options):
        client.loop.add_callback(interrupt)
        return wait_for_workers(client, *arguments, **options)

    assert card.main(["-c", "8", "-f", "batt.py", "--seed", "3"]) == 0
    monkeypatch.setattr(Client, "wait_for_workers", wait)
    assert run_batt.cli(["-i", *TASKS, "--cluster", str(cluster.file)]) == 130
    assert (capsys.readouterr().err, caplog.records) == ("", [])


def test_a_scheduler_that_is_gone_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "2s")
    with open_cluster(tmp_path / "c") as cluster:
        process = write_slow(folder)
        wait_for_line(process, "- 3 start --")
        cluster.scheduler.kill()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert said == (
            f"run_batt.py: the scheduler at {cluster.file} is gone: start it again, and go on with --resume\n"
        )
        assert len([*(folder / "solver_dir").iterdir()]) >= 3


def complain(*arguments, capsys):
    """The one line that a run ends with."""
    assert run_batt.cli(["-i", TASKS[0], *map(str, arguments)]) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    *_, line = said.splitlines()
    return line


def test_a_cluster_without_workers_is_told(here, monkeypatch, capsys):
    monkeypatch.setattr(cluster_module, "START_SECONDS", 1)
    with open_cluster(here / "c", workers=0) as cluster:
        assert complain("--cluster", cluster.file, capsys=capsys) == (
            f"run_batt.py: no worker at {cluster.file} for 1 s: start one there"
        )


def test_a_scheduler_that_is_not_there_is_told(here, capsys):
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        line = complain("--cluster", "tcp://127.0.0.1:9", capsys=capsys)
    assert line.startswith("run_batt.py: no scheduler at tcp://127.0.0.1:9 (")
    assert complain("--cluster", "nowhere.json", capsys=capsys) == (
        "run_batt.py: nowhere.json: no such scheduler file: give --cluster tcp://HOST:PORT, or a file"
    )


@pytest.mark.parametrize(
    ("options", "environment", "problem"),
    [
        pytest.param(["--nanny"], {}, "may start no processes: start it with --no-nanny, or", id="a nanny"),
        pytest.param(["--nanny"], {"DASK_DISTRIBUTED__WORKER__DAEMON": "False"}, "", id="one that lets it"),
    ],
)
def test_a_worker_that_may_have_no_children_is_told(here, capsys, options, environment, problem):
    with open_cluster(here / "c", workers=0) as cluster:
        cluster.workers.append(cluster.add_worker(*options, environment=environment))
        if problem:
            assert problem in complain("--cluster", cluster.file, capsys=capsys)
        else:
            assert run_batt.cli(["-i", TASKS[0], "--cluster", str(cluster.file)]) == 0


def test_a_worker_with_another_version_is_told(cluster, here, monkeypatch, capsys):
    monkeypatch.setattr(run_batt, "__version__", "0.0.1")
    line = complain("--cluster", cluster.file, capsys=capsys)
    assert re.fullmatch(
        r"run_batt\.py: the worker tcp://\S+ has run_batt \S+, not 0\.0\.1: install that there", line
    )


def test_a_function_of_this_process_is_refused(cluster, here, monkeypatch, capsys):
    monkeypatch.setattr(run_batt, "batt", lambda *_: ([], []))
    monkeypatch.setattr(run_batt, "t_call", {1: "identity, I"})
    assert complain("--cluster", cluster.file, capsys=capsys) == (
        "run_batt.py: the batt set in run_batt cannot be sent to a cluster: write it to a file, and name that"
        " with -b"
    )
