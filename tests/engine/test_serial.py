"""Jobs in this process: what comes of them, and that the process is afterwards as it was."""

import asyncio
import doctest
import gc
import importlib
import os
import resource
import signal
import sys
import threading
import time
import types
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path

import pytest

from batt_utils.engine import serial as serial_module
from batt_utils.engine.runner import Failure
from batt_utils.engine.serial import STATE, Serial
from batt_utils.signals import Interrupted, raise_signals

MIB = 2**20
LONG = 60
NAME: ContextVar[str] = ContextVar("NAME", default="none")


def do_nothing(*_):
    pass


class Checked(Serial):
    """A `Serial` that looks whether the process is afterwards as it was."""

    def __enter__(self):
        self.before = get_state()
        return super().__enter__()

    def __exit__(self, *_):
        super().__exit__(*_)
        assert get_state() == self.before


def run(*calls, prepare=do_nothing, arguments=(), **options):
    """Runs functions without arguments as jobs of one `Serial`."""
    with Checked(1, prepare, arguments, **options) as serial:
        return [outcome for call in calls for outcome in serial.run(call, [()], LONG)]


def get_state():
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return (
        [get() for get, _ in STATE],
        dict(sys.modules),
        handlers,
        gc.get_freeze_count(),
        os.fstat(1).st_ino,
        len([*Path("/proc/self/fd").iterdir()]),
        NAME.get(),
    )


def test_results_come_in_the_order_of_the_jobs():
    with Checked(3, do_nothing, ()) as serial:
        assert serial.count == 1
        assert list(serial.run(pow, [(2, n) for n in range(50)], LONG)) == [2**n for n in range(50)]
        assert list(serial.run(pow, [], LONG)) == []


def test_jobs_run_in_this_process_when_they_are_asked_for():
    ran = []
    with Checked(1, do_nothing, ()) as serial:
        results = serial.run(ran.append, [(1,), (2,)], LONG)
        assert ran == []
        next(results)
        assert ran == [1]
        next(results)
        assert ran == [1, 2]


def test_the_process_is_made_ready_once_and_late():
    given = []
    with Checked(1, lambda *arguments: given.append(arguments), ("a", 7)) as serial:
        assert given == []
        assert list(serial.run(len, [(given,)] * 3, LONG)) == [1, 1, 1]
    assert given == [("a", 7)]


@pytest.mark.parametrize(
    ("function", "job", "error"),
    [
        pytest.param(int, ("x",), ValueError, id="ValueError"),
        pytest.param(open, ("/no/such/file",), FileNotFoundError, id="OSError"),
    ],
)
def test_what_a_function_raises_is_raised(function, job, error):
    with Checked(1, do_nothing, ()) as serial, pytest.raises(error):
        list(serial.run(function, [job], LONG))


@pytest.mark.parametrize(
    ("function", "job", "what"),
    [
        pytest.param(pow, (0, -1), "ZeroDivisionError: ", id="an error"),
        pytest.param(sys.exit, (3,), "SystemExit: 3", id="an exit"),
        pytest.param(threading.Lock, (), "TypeError: cannot pickle", id="what cannot be sent"),
    ],
)
def test_anything_else_is_a_failure(function, job, what):
    with Checked(1, do_nothing, ()) as serial:
        (result,) = serial.run(function, [job], LONG)
    assert not result.timed_out
    assert result.what.startswith(what)


def test_an_event_loop_goes_on_between_jobs():
    turns = []

    async def count_turns():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    async def run():
        counting = asyncio.create_task(count_turns())
        with Checked(1, do_nothing, ()) as serial:
            results = [outcome async for outcome in serial.run(pow, [(2, n) for n in range(5)], LONG)]
        counting.cancel()
        return results

    assert asyncio.run(run()) == [1, 2, 4, 8, 16]
    assert len(turns) >= 5


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(serial_module)
    assert (result.failed, result.attempted) == (0, 1)


# What jobs change in the process. Each change is looked for in a second job, which still has it.


def set_signals():
    for number in (signal.SIGALRM, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, LONG)


def leave_an_error():
    os.environ["SOME"] = "thing"
    raise KeyError


CHANGES = {
    "stdout": (lambda: setattr(sys, "stdout", None), lambda: sys.stdout),
    "stderr": (lambda: setattr(sys, "stderr", None), lambda: sys.stderr),
    "environment": (lambda: os.environ.update(SOME="thing"), lambda: os.environ.get("SOME")),
    "environment, less": (lambda: os.environ.pop("PATH") and None, lambda: os.environ.get("PATH")),
    "path": (lambda: sys.path.insert(0, "some"), lambda: sys.path[0]),
    "collector": (lambda: gc.set_threshold(12345), lambda: gc.get_threshold()[0]),
    "depth": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
    "memory": (
        lambda: resource.setrlimit(resource.RLIMIT_DATA, (2**40, -1)),
        lambda: resource.getrlimit(resource.RLIMIT_DATA)[0],
    ),
    "context": (lambda: NAME.set("some") and None, NAME.get),
    "an error": (leave_an_error, lambda: os.environ.get("SOME")),
}
VALUES = {
    "stdout": None,
    "stderr": None,
    "environment": "thing",
    "environment, less": None,
    "path": "some",
    "collector": 12345,
    "depth": 5000,
    "memory": 2**40,
    "context": "some",
    "an error": "thing",
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("by", ["prepare", "a job"])
def test_what_changes_is_there_for_jobs_alone(name, by):
    change, get = CHANGES[name]
    before = get()
    with Checked(1, change if by == "prepare" and name != "an error" else do_nothing, ()) as serial:
        list(serial.run(change, [()], LONG))
        assert get() == before != VALUES[name]
        assert list(serial.run(get, [()], LONG)) == [VALUES[name]]


def test_handlers_and_timers_are_put_back():
    signal.setitimer(signal.ITIMER_REAL, 50, 7)
    run(set_signals)
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    assert 40 < left <= 50
    assert interval == 7


def test_a_timer_that_has_run_out_meanwhile_comes_afterwards():
    came = []
    before = signal.signal(signal.SIGALRM, lambda *_: came.append(None))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    run(lambda: time.sleep(0.2) or came.append("in the job"))
    time.sleep(0.1)
    signal.signal(signal.SIGALRM, before)
    assert came == ["in the job", None]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a module `words`, and another one of that name loaded."""
    (tmp_path / "words.py").write_text("import letters\nname = 'from the folder'\n")
    (tmp_path / "letters.py").write_text("")
    monkeypatch.setitem(sys.modules, "words", types.ModuleType("words"))
    sys.modules["words"].name = "loaded"
    return tmp_path


def import_from(folder):
    sys.path.insert(0, str(folder))
    sys.modules.pop("words")
    importlib.invalidate_caches()
    importlib.import_module("words")


def get_name():
    import words

    return words.name


@pytest.mark.parametrize("times", [1, 3])
def test_modules_of_the_process_and_of_jobs_are_kept_apart(folder, times):
    with Checked(1, import_from, (folder,)) as serial:
        for _ in range(times):
            assert list(serial.run(get_name, [()], LONG)) == ["from the folder"]
            assert get_name() == "loaded"
            assert "letters" not in sys.modules


def test_a_module_that_jobs_take_away_is_away_for_them_alone(folder):
    (folder / "words.py").unlink()
    with Checked(1, lambda: sys.modules.pop("words") and None, ()) as serial:
        for _ in range(2):
            (result,) = serial.run(get_name, [()], LONG)
            assert result.what.startswith("ModuleNotFoundError: ")
            assert get_name() == "loaded"


def test_modules_of_packages_stay_loaded():
    before = sys.modules.pop("this", None)
    package = types.ModuleType("some")
    package.__file__ = "/usr/lib/python3/dist-packages/some.py"
    try:
        with Serial(1, sys.modules.update, ({"some": package},)) as serial:
            list(serial.run(importlib.import_module, [("this",)], LONG))
        assert sys.modules["some"] is package
        assert "this" in sys.modules
    finally:
        sys.modules.pop("some", None)
        sys.modules.pop("this")
        if before:
            sys.modules["this"] = before


def test_two_at_once_are_kept_apart():
    with Checked(1, os.environ.update, ({"SOME": "1"},)) as one, Serial(1, do_nothing, ()) as other:
        results = [serial.run(os.environ.get, [("SOME",)] * 2, LONG) for serial in (one, other)]
        assert [next(result) for result in (*results, *results)] == ["1", None, "1", None]


# Programs


def test_what_a_program_prints_goes_to_stderr(capfd):
    def write():
        sys.__stdout__.write("from the first stdout\n")
        os.write(1, b"from a handle\n")
        os.system("echo from another program")

    print("before")
    run(write, prepare=lambda: setattr(sys, "stdout", sys.stderr))
    print("after")
    printed = capfd.readouterr()
    assert printed.out == "before\nafter\n"
    assert {*printed.err.splitlines()} == {
        "from the first stdout",
        "from a handle",
        "from another program",
    }


def test_a_closed_stdout_is_no_failure():
    kept = os.dup(1)
    os.close(1)
    try:
        with Serial(1, do_nothing, ()) as serial:
            assert list(serial.run(abs, [(-7,)], LONG)) == [7]
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def test_a_program_that_takes_all_memory_fails_alone():
    def hog():
        kept = []
        while True:
            kept.append(bytes(MIB))

    too_much = Failure(False, "it needs more than the memory limit")
    assert run(hog, lambda: 8, hog, lambda: 9, memory_limit=100) == [too_much, 8, too_much, 9]


def test_a_copy_that_a_program_forks_ends():
    def fork():
        child = os.fork()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else "the copy"

    assert run(fork) == [1]


def test_a_signal_comes_when_the_job_is_done():
    done = []

    def get_signal():
        with suppress(BaseException):  # as an evaluator does with whatever a program raises
            signal.raise_signal(signal.SIGINT)
            done.append("the job")

    with pytest.raises(Interrupted), raise_signals():
        run(get_signal, lambda: done.append("the next one"))
    assert done == ["the job"]


def test_jobs_run_outside_the_main_thread():
    results = []
    thread = threading.Thread(target=lambda: results.extend(run(lambda: 7, lambda: 8)))
    thread.start()
    thread.join()
    assert results == [7, 8]
