import asyncio
import doctest
import errno
import faulthandler
import gc
import itertools
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pebble.pool.process import PoolManager

from batt_utils.engine import pool as workers_module
from batt_utils.engine.pool import ATTEMPTS, LATE, Workers
from batt_utils.evaluate.results import Failure
from batt_utils.signals import Interrupted, raise_signals

LONG = 60  # seconds that no test takes
SHORT = 0.25
MIB = 2**20
PREPARED = []


def do_nothing():
    pass


def note(*arguments):
    PREPARED.append(arguments)


def get_prepared():
    return list(PREPARED)


def get_process(*_):
    return os.getpid()


def wait(seconds):
    time.sleep(seconds)
    return seconds


def wait_and_tell(seconds):
    wait(seconds)
    return os.getpid()


def hang(*_):
    while True:
        pass


def hang_on(*_):
    """Swallows whatever asks it to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        with suppress(BaseException):
            hang()


def leave(*_):
    os._exit(1)


def kill_itself(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def crash_once(path):
    if not Path(path).exists():
        Path(path).touch()
        leave()
    return "second time"


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def workers():
    with Workers(2, do_nothing, ()) as pool:
        yield pool
    assert multiprocessing.active_children() == []


def test_results_come_in_the_order_of_the_jobs(workers):
    seconds = [0.05, 0, 0.02, 0, 0.01, 0]
    assert list(workers.run(wait, [(time,) for time in seconds], LONG)) == seconds
    assert list(workers.run(pow, [(2, n) for n in range(50)], LONG)) == [2**n for n in range(50)]


def test_no_jobs_have_no_results(workers):
    assert list(workers.run(pow, [], LONG)) == []


def test_jobs_run_without_a_deadline(workers):
    assert list(workers.run(wait, [(0.01,)], None)) == [0.01]


def test_a_result_comes_as_soon_as_it_is_there(workers):
    results = workers.run(wait, [(0,), (LONG,)], LONG)
    start = time.perf_counter()
    assert next(results) == 0
    assert time.perf_counter() - start < LONG / 6


async def take(outcomes):
    return [outcome async for outcome in outcomes]


async def count_turns(turns):
    while True:
        turns.append(None)
        await asyncio.sleep(0)


def test_an_event_loop_goes_on_while_jobs_run(workers):
    async def run():
        turns = []
        counting = asyncio.create_task(count_turns(turns))
        results = await take(workers.run(wait, [(0.5,), (0,), (0.5,)], LONG))
        counting.cancel()
        return results, len(turns)

    results, turns = asyncio.run(run())
    assert results == [0.5, 0, 0.5]
    assert turns >= 5


def test_a_wait_can_be_cancelled(workers):
    async def run():
        await asyncio.wait_for(take(workers.run(hang, [()], LONG)), SHORT)

    start = time.perf_counter()
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(run())
    assert time.perf_counter() - start < LONG / 6


def test_jobs_run_beside_each_other(workers):
    processes = set(workers.run(wait_and_tell, [(0.3,), (0.3,)], LONG))
    assert len(processes) == workers.count == 2
    assert os.getpid() not in processes


def test_a_process_is_made_ready_once():
    with Workers(1, note, ("a", 7)) as workers:
        assert list(workers.run(get_prepared, [()] * 3, LONG)) == [[("a", 7)]] * 3
    assert PREPARED == []


def test_a_new_process_is_made_ready_too():
    with Workers(1, note, ("a",)) as workers:
        assert list(workers.run(leave, [()], LONG)) == [Failure(False, "it ends its process (status 1)")]
        assert list(workers.run(get_prepared, [()], LONG)) == [[("a",)]]


def test_the_end_is_told_of_a_process_that_ends_before_its_job_is_known_to_have_begun(monkeypatch):
    monkeypatch.setattr(PoolManager, "process_next_message", lambda *_: time.sleep(0.01))
    with Workers(1, do_nothing, ()) as workers:
        assert list(workers.run(leave, [()], LONG)) == [Failure(False, "it ends its process (status 1)")]


def test_what_a_process_needs_is_not_sent():
    with Workers(1, note, (lambda: "no module's function",)) as workers:
        assert list(workers.run(pow, [(2, 3)], LONG)) == [8]


@pytest.mark.parametrize(
    ("function", "job", "error"),
    [
        pytest.param(int, ("x",), ValueError, id="ValueError"),
        pytest.param(open, ("/no/such/file",), FileNotFoundError, id="OSError"),
    ],
)
def test_what_a_function_raises_is_raised(workers, function, job, error):
    with pytest.raises(error):
        list(workers.run(function, [job], LONG))
    assert list(workers.run(pow, [(2, 3)], LONG)) == [8]


def test_what_is_raised_but_no_word_to_the_user_is_a_failure(workers):
    (result,) = workers.run(pow, [(0, -1)], LONG)
    assert not result.timed_out
    assert result.what.startswith("ZeroDivisionError: ")


def test_what_a_function_raises_comes_in_its_turn(workers):
    results = workers.run(int, [("7",), ("x",)], LONG)
    assert next(results) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        next(results)


@pytest.mark.parametrize("function", [hang, hang_on], ids=["a loop", "one that does not end when asked"])
def test_a_job_that_is_late_is_ended(workers, function):
    start = time.perf_counter()
    assert list(workers.run(function, [()], SHORT)) == [LATE]
    assert SHORT <= time.perf_counter() - start < LONG / 6
    assert list(workers.run(pow, [(2, 3)], LONG)) == [8]


@pytest.mark.parametrize(
    ("function", "what"), [(leave, "status 1"), (kill_itself, "signal 9")], ids=["exit", "killed"]
)
def test_a_job_whose_process_dies_costs_itself_only(workers, function, what):
    assert list(workers.run(function, [()], LONG)) == [Failure(False, f"it ends its process ({what})")]
    assert list(workers.run(pow, [(2, n) for n in range(4)], LONG)) == [1, 2, 4, 8]


def test_a_job_has_a_second_process_if_its_first_dies(workers, tmp_path):
    assert list(workers.run(crash_once, [(str(tmp_path / "begun"),)], LONG)) == ["second time"]


def run_job(kind):
    return {"hang": hang, "leave": leave, "fine": get_process}[kind]()


def test_the_others_have_their_results(workers):
    kinds = ["fine", "hang", "fine", "leave", "fine", "hang", "fine"]
    results = list(workers.run(run_job, [(kind,) for kind in kinds], 2 * SHORT))
    assert [type(result) for result in results] == [int if kind == "fine" else Failure for kind in kinds]
    assert [result.timed_out for result in results if isinstance(result, Failure)] == [True, False, True]


def test_the_time_of_a_job_is_its_own(workers):
    """Not that of its wait for the jobs before it."""
    assert list(workers.run(wait, [(0.05,)] * 40, 0.8)) == [0.05] * 40


@pytest.mark.parametrize("function", [get_process, hang, hang_on], ids=["idle", "at work", "not willing"])
def test_no_process_is_left(function):
    with Workers(2, do_nothing, ()) as workers:
        processes = set(workers.run(wait_and_tell, [(0.1,), (0.1,)], LONG))
        assert len(processes) == 2
        assert all(map(is_running, processes))
        workers.run(function, [(), ()], LONG)
        time.sleep(0.1)
    assert not any(map(is_running, processes))
    assert multiprocessing.active_children() == []


def test_no_process_is_left_by_a_failure():
    with pytest.raises(KeyError), Workers(2, do_nothing, ()) as workers:
        (process,) = workers.run(get_process, [()], LONG)
        raise KeyError
    assert not is_running(process)


def test_nothing_is_started_before_the_first_job():
    with Workers(2, do_nothing, ()):
        assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="jobs of a docstring's example need a fork")
def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(workers_module)
    assert (result.failed, result.attempted) == (0, 1)


# Signals


class Interrupting:
    """Raises a signal in the process that reads it, in place of which it then has its number."""

    def __reduce__(self):
        return interrupt, ()


def interrupt():
    signal.raise_signal(signal.SIGINT)
    return int(signal.SIGINT)


def give_interrupting():
    return Interrupting()


def test_a_signal_while_a_result_is_read_does_not_lose_it():
    with raise_signals(), Workers(1, do_nothing, ()) as workers:
        with pytest.raises(Interrupted):
            list(workers.run(give_interrupting, [()], LONG))
        assert workers.finish() == [signal.SIGINT]


def test_a_signal_leaves_no_lock_taken_that_a_thread_waits_for(monkeypatch):
    def take_lock(futures, *_):
        for future in futures:
            future._condition.acquire()
            interrupt()
            future._condition.release()

    monkeypatch.setattr(workers_module, "wait", take_lock)
    with pytest.raises(Interrupted), raise_signals(), Workers(1, do_nothing, ()) as workers:
        list(workers.run(wait, [(SHORT,)], LONG))


def test_of_a_worker_that_ends_with_the_run_nothing_is_said(monkeypatch, capsys):
    wait_plainly = workers_module.wait

    def wait_and_end(futures, *arguments):
        done = wait_plainly(futures, *arguments).done
        if done:
            interrupt()

    monkeypatch.setattr(workers_module, "wait", wait_and_end)
    with pytest.raises(Interrupted), raise_signals(), Workers(1, do_nothing, ()) as workers:
        list(workers.run(leave, [()], LONG))
    assert capsys.readouterr().err == ""


# What the system refuses

PROCESSES = "choose fewer --workers, or raise the limit of processes (ulimit -u)"
START = "the workers cannot be started"
LOCKS = "the workers' locks cannot be made in /dev/shm"
SHARED = "see that it is there, can be written to and has some space"
# The function, the number of its error, and what is said before and after the system's word for it.
ERRORS = [
    ("os.fork", errno.EAGAIN, START, f": {PROCESSES}"),
    ("os.fork", errno.ENOMEM, START, ": choose fewer --workers, or free some memory"),
    ("os.fork", errno.EPERM, START, ""),
    ("os.pipe", errno.EMFILE, START, ": raise the limit of open files (ulimit -n)"),
    ("_multiprocessing.SemLock", errno.EMFILE, START, ": raise the limit of open files (ulimit -n)"),
    ("_multiprocessing.SemLock", errno.ENOSPC, LOCKS, f": {SHARED}"),
    ("_multiprocessing.SemLock", errno.EROFS, LOCKS, f": {SHARED}"),
    ("_multiprocessing.SemLock", errno.EACCES, LOCKS, f": {SHARED}"),
    ("_multiprocessing.SemLock", errno.ENOENT, LOCKS, f": {SHARED}"),
    ("_multiprocessing.SemLock", errno.ENOSYS, LOCKS, f": {SHARED}"),
]
REFUSALS = [
    pytest.param(
        name,
        OSError(number, os.strerror(number)),
        f"{before}: {os.strerror(number)}{after}",
        id=f"{name} {errno.errorcode[number]}",
    )
    for name, number, before, after in ERRORS
] + [
    pytest.param(
        "threading.Thread.start",
        RuntimeError("can't start new thread"),
        f"no thread can be started for the workers: {PROCESSES}",
        id="thread",
    )
]


def fail_at(monkeypatch, name, error, times):
    """Has a function raise an error when it is called, at those times that are chosen (the first is 0)."""
    owner, _, attribute = name.rpartition(".")
    owner = threading.Thread if owner == "threading.Thread" else sys.modules[owner]
    function = getattr(owner, attribute)
    count = itertools.count()

    def fail(*arguments, **keywords):
        if next(count) in times:
            raise type(error)(*error.args)  # a new one: it holds what its frames hold
        return function(*arguments, **keywords)

    monkeypatch.setattr(owner, attribute, fail)


@pytest.mark.parametrize(("name", "error", "line"), REFUSALS)
def test_what_the_system_refuses_is_told(monkeypatch, capsys, name, error, line):
    with Workers(2, do_nothing, ()) as workers:  # what is made once, and not for each
        list(workers.run(pow, [(2, 3)], LONG))
    before = get_state()
    with monkeypatch.context() as patches, Workers(2, do_nothing, ()) as workers:
        fail_at(patches, name, error, range(10**6))
        with pytest.raises(OSError) as caught:
            list(workers.run(pow, [(2, 3)] * 3, LONG))
    assert str(caught.value) == line
    assert capsys.readouterr().err == ""
    del caught
    threads, children, files, locks = get_state()
    forgotten = (
        4 * ATTEMPTS if name == "os.fork" else 0
    )  # by multiprocessing: what it had opened for the child
    assert (threads, children, files - forgotten, locks) == before


@pytest.mark.parametrize(("name", "error", "line"), REFUSALS)
def test_what_the_system_refuses_once_costs_nothing(monkeypatch, capsys, name, error, line):
    fail_at(monkeypatch, name, error, [1])
    with Workers(2, do_nothing, ()) as workers:
        assert list(workers.run(pow, [(2, n) for n in range(9)], LONG)) == [2**n for n in range(9)]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["os.fork", "threading.Thread.start"])
def test_a_second_process_that_cannot_be_had_is_done_without(monkeypatch, capsys, name):
    first = {"os.fork": 1, "threading.Thread.start": 3}[name]
    fail_at(monkeypatch, name, RuntimeError("can't start new thread"), range(first, 10**6))
    with Workers(2, do_nothing, ()) as workers:
        assert list(workers.run(pow, [(2, n) for n in range(9)], LONG)) == [2**n for n in range(9)]
        assert len(multiprocessing.active_children()) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("times", [[2], [2, 3]], ids=["once", "for both again"])
def test_a_process_that_cannot_be_replaced_at_first_costs_its_job_only(monkeypatch, times):
    fail_at(monkeypatch, "os.fork", BlockingIOError(errno.EAGAIN, "not now"), times)
    with Workers(2, do_nothing, ()) as workers:
        results = list(workers.run(run_job, [("fine",), ("leave",), ("fine",), ("fine",)], LONG))
    assert [type(result) for result in results] == [int, Failure, int, int]


def test_a_process_that_cannot_be_replaced_is_told(monkeypatch):
    fail_at(monkeypatch, "os.fork", BlockingIOError(errno.EAGAIN, "not now"), range(2, 10**6))
    with Workers(2, do_nothing, ()) as workers:
        results = workers.run(run_job, [("leave",)] + [("fine",)] * 9, LONG)
        with pytest.raises(OSError, match=re.escape(PROCESSES)):
            list(results)
    assert multiprocessing.active_children() == []


def test_a_worker_whose_own_watch_cannot_start_works(monkeypatch):
    def fail(*arguments, **keywords):
        raise RuntimeError("unable to start watchdog thread")

    monkeypatch.setattr(faulthandler, "dump_traceback_later", fail)
    with Workers(2, do_nothing, ()) as workers:
        assert list(workers.run(pow, [(2, 3)] * 4, LONG)) == [8] * 4
        assert list(workers.run(hang, [()], SHORT)) == [LATE]


# Memory and leaks


def hog():
    return [bytes(MIB) for _ in range(100_000)]


def test_a_job_that_takes_all_memory_fails_alone():
    with Workers(2, do_nothing, (), 2048) as workers:
        for _ in range(3):
            assert list(workers.run(hog, [()], LONG)) == [
                Failure(False, "it needs more than the memory limit")
            ]
            assert list(workers.run(pow, [(2, 3)] * 4, LONG)) == [8] * 4


def take_memory(mib):
    return len(bytes(mib * MIB)) // MIB


@pytest.mark.parametrize("limit", [32, 100])
def test_a_limit_is_what_jobs_may_take(limit):
    # Forked from this process, it could have memory of earlier tests that it gives back.
    with Workers(1, do_nothing, (), limit, forks=False) as workers:
        too_much = Failure(False, "it needs more than the memory limit")
        jobs = [(limit + 16,), (limit // 2,)]  # the stack of a thread that has ended may be free again
        assert list(workers.run(take_memory, jobs, LONG)) == [too_much, limit // 2]


def get_state():
    """What may leak: this process's threads, children, open files and locks in shared memory."""
    gc.collect()  # files of processes that have ended are closed with the objects that stand for them
    files = len([*Path("/proc/self/fd").iterdir()])
    # The folder itself has those of other processes, too.
    locks = Path("/proc/self/maps").read_text().count("/dev/shm/sem.")
    return threading.active_count(), multiprocessing.active_children(), files, locks


def test_nothing_is_left_by_jobs_that_are_late_or_die():
    with Workers(2, do_nothing, ()) as workers:  # what is made once, and not for each
        list(workers.run(leave, [()], LONG))
    before = get_state()
    with Workers(2, do_nothing, ()) as workers:
        for function in (hang, leave) * 3:
            list(workers.run(function, [()] * 4, 0.05))
            assert list(workers.run(pow, [(2, 3)], LONG)) == [8]
            assert len(multiprocessing.active_children()) <= 2
    assert get_state() == before
