"""What the commands have in common."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batt_utils.console import UserError
from batt_utils.shell import Parser, run_tool


@pytest.mark.parametrize(
    ("prog", "name"),
    [("run_batt.py", "run_batt.py"), ("python -m batt_utils.store", "store")],
    ids=["the command", "a tool"],
)
@pytest.mark.parametrize("part", [[], ["part"]], ids=["whole", "a part"])
def test_a_wrong_line_is_refused_in_one(prog, name, part, capsys):
    parser = Parser(prog=prog)
    parser.add_subparsers().add_parser("part")
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([*part, "--unknown"])
    assert caught.value.code == 2
    line = f"{name}: unrecognized arguments: --unknown; --help lists the options\n"
    assert capsys.readouterr() == ("", line)


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("work", "status", "out", "err"),
    [
        (lambda: "all is well", 0, "all is well\n", ""),
        (lambda: fail(UserError("mend it")), 2, "", "tool: mend it\n"),
        (lambda: Path("missing").read_text(), 2, "", "tool: missing: No such file or directory\n"),
        (lambda: fail(KeyboardInterrupt), 130, "", ""),
        (lambda: fail(BrokenPipeError), 141, "", ""),
    ],
    ids=["fine", "a user's fault", "the system's", "interrupted", "nobody reads"],
)
def test_a_tool_prints_one_line(work, status, out, err, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_tool("tool", work) == status
    assert capsys.readouterr() == (out, err)


def test_a_signal_ends_a_tool_with_its_status(capsys):
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        assert run_tool("tool", lambda: str(signal.raise_signal(signal.SIGTERM))) == 128 + signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr() == ("", "")


def test_a_bug_shows_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_tool("tool", lambda: str(1 // 0))


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "made"),
    [("card -c 1 -f some --seed 1", "some.py"), ("store merge a --out b", "b/solver_dir")],
    ids=["card", "store"],
)
def test_a_stream_may_be_missing(command, made, closed, tmp_path):
    (tmp_path / "a/solver_dir").mkdir(parents=True)
    line = f"{sys.executable} -m batt_utils.{command} {closed}"
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / made).exists()


def test_a_full_disk_is_told(tmp_path):
    line = f"{sys.executable} -m batt_utils.card -c 1 -f some --seed 1 > /dev/full"
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("card: cannot write to stdout: No space left on device")
