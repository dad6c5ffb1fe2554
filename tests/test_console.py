import errno
import io
import os
import subprocess
import sys
from itertools import combinations

import pytest

import run_batt
from batt_utils.console import ADVICE, describe_error, explain, explain_stdout, note, open_streams

ROOT = os.path.dirname(run_batt.__file__)  # noqa: PTH120
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr"}
# It says on the streams that are there what it finds.
PROGRAM = """
import os, subprocess, sys
from batt_utils.console import open_streams

open_streams()
print("out"), print("err", file=sys.stderr)
print(sys.stdin.read(), [os.open(os.devnull, os.O_RDONLY) for _ in range(3)])
child = "import os; [os.fstat(number) for number in range(3)]; print('child')"
sys.stdout.flush()
raise SystemExit(subprocess.call([sys.executable, "-c", child]))
"""


@pytest.mark.parametrize(
    "closed",
    [numbers for count in range(4) for numbers in combinations(STREAMS, count)],
    ids=lambda numbers: " and ".join(STREAMS[number] for number in numbers) or "none",
)
def test_a_missing_stream_is_opened_for_children_too(closed):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": ROOT},
        input=b"in",
        capture_output=True,
        timeout=60,
        preexec_fn=lambda: [os.close(number) for number in closed],
    )
    assert ran.returncode == 0, ran.stderr
    given = b"" if 0 in closed else b"in"
    assert ran.stdout == (b"" if 1 in closed else b"out\n" + given + b" [3, 4, 5]\nchild\n")
    assert ran.stderr == (b"" if 2 in closed else b"err\n")


def test_streams_that_are_there_stay(capsys):
    before = sys.stdin, sys.stdout, sys.stderr
    open_streams()
    assert (sys.stdin, sys.stdout, sys.stderr) == before


def test_an_error_of_stdout_says_so():
    with pytest.raises(OSError) as caught, explain_stdout():
        raise OSError(errno.EIO, "Input/output error")
    assert str(caught.value) == "cannot write to stdout: Input/output error: send it elsewhere"
    assert explain(caught.value) == str(caught.value)


def test_a_reader_that_is_gone_is_no_error_to_explain():
    with pytest.raises(BrokenPipeError) as caught, explain_stdout():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    assert caught.value.errno == errno.EPIPE


def test_a_note_that_nobody_can_read_is_dropped(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    note("some")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(OSError("x: explained already"), "x: explained already", id="explained"),
        pytest.param(FileNotFoundError(errno.ENOENT, "No such file", "x"), "x: No such file", id="named"),
        pytest.param(
            OSError(errno.EMFILE, "Too many open files", "x"),
            "x: Too many open files: raise the limit of open files (ulimit -n)",
            id="named, with advice",
        ),
    ],
)
def test_an_error_is_explained(error, line):
    assert explain(error) == line


@pytest.mark.parametrize("number", [*ADVICE, errno.EBADF], ids=errno.errorcode.get)
def test_an_error_without_a_name_says_where_it_came_from(number):
    with pytest.raises(OSError) as caught:
        raise OSError(number, os.strerror(number))
    advice = f": {ADVICE[number]}" if number in ADVICE else ""
    line = caught.traceback[-1].lineno + 1
    assert explain(caught.value) == f"test_console.py, line {line}: {os.strerror(number)}{advice}"


class Mute(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(KeyError("a"), "KeyError: 'a'", id="an error"),
        pytest.param(ValueError("a\nb"), "ValueError: a", id="two lines"),
        pytest.param(ValueError("a\r\nb"), "ValueError: a", id="two lines of Windows"),
        pytest.param(ValueError(""), "ValueError: ", id="no text"),
        pytest.param(Mute(), "Mute", id="its text raises"),
    ],
)
def test_an_error_is_described_in_a_line(error, text):
    assert describe_error(error) == text
