"""The results of runs: what is added, and what is passed over."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import batt_utils.store.journal
import run_batt
from batt_utils import card
from batt_utils.arc import constants
from batt_utils.tasks import get_data
from batts import write_module

ROOT = Path(run_batt.__file__).parent
SCHEMA = json.loads(Path(batt_utils.store.journal.__file__).with_name("result.schema.json").read_text())
TASKS = ["007bbfb7", "00d62c1b", "017c7c7b"]
DSL = "from batt_utils.arc.dsl import *\nfrom batt_utils.arc.dsl import hmirror as plain\nimport my_helpers\n"
BATT = """\
def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = identity(I)
    o.append((1, True, 'a', t1))
    t2 = hmirror(I)
    o.append((2, False, 'b', t2))
    return o, s
"""
TABLE = {1: "identity, I", 2: "hmirror, I"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A checkout with a DSL, a batt and three tasks, of which the batt solves the second."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dsl.py").write_text(DSL)
    (tmp_path / "constants.py").write_text(Path(constants.__file__).read_text())
    (tmp_path / "my_helpers.py").write_text("")
    write_module(tmp_path, "mine", BATT, TABLE)
    (tmp_path / "tasks").mkdir()
    for number, name in enumerate(("one", "two", "three")):
        write_task(name, number)
    return tmp_path


def write_task(name, number):
    grid, other = [[number, 1], [2, 3]], [[2, 3], [number, 1]] if number == 1 else [[9]]
    task = {part: [{"input": grid, "output": other}] * count for part, count in (("train", 2), ("test", 1))}
    Path("tasks", f"{name}.json").write_text(json.dumps(task))


def run(*arguments, capsys, status=0):
    assert run_batt.cli(["-b", "mine", "--data", "tasks", "-i", *map(str, arguments)]) == status
    return capsys.readouterr()


def read_results(file="r.jsonl"):
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def list_started(printed):
    return [line.split()[2] for line in printed.out.splitlines() if line.endswith(" start --")]


@pytest.mark.parametrize("workers", [1, 3, 9], ids=["whole tasks", "as many", "spread"])
def test_each_task_has_a_line(here, capsys, workers):
    printed = run("--results", "r.jsonl", "--workers", workers, capsys=capsys)
    results = read_results()
    for result in results:
        jsonschema.validate(result, SCHEMA)
    assert sorted(result["task"] for result in results) == ["one", "three", "two"]
    (solved,) = [result for result in results if result["solved"]]
    assert (solved["task"], solved["new"], solved["stage"]) == ("two", True, "")
    assert [solved[name] for name in ("demo", "test", "candidates", "unique")] == [2, 1, 2, 2]
    (best, *others) = solved["solvers"]
    assert others == []
    assert [best[name] for name in ("solver_id", "o_score", "of", "calls")] == ["b", 3, 3, 1]
    assert all(0 < sum(result["phases"].values()) <= result["seconds"] + 1e-5 for result in results)
    links = [*Path("solver_dir/solve_two/3").rglob("*.py")]
    assert [(path.stem, path.parent.name) for path in links] == [(best["md5"], str(best["t_log"]))]
    *_, line, last = printed.out.splitlines()
    assert line.partition(": ")[2] == "solved 1 of 3 tasks (1 new)"
    assert last == "3 tasks - 0 timeouts"


def test_what_was_solved_before_is_not_new(here, capsys):
    run(capsys=capsys)
    printed = run("--results", "r.jsonl", capsys=capsys)
    assert [(result["solved"], result["new"]) for result in read_results()].count((True, False)) == 1
    assert "solved 1 of 3 tasks (0 new)" in printed.out


def test_what_the_file_has_is_passed_over(here, capsys):
    run("two", "--results", "r.jsonl", capsys=capsys)
    printed = run("--results", "r.jsonl", "--resume", "--json", "counts.json", capsys=capsys)
    assert list_started(printed) == ["one", "three"]
    assert "solved 1 of 3 tasks (1 new)" in printed.out
    counts = json.loads(Path("counts.json").read_text())
    assert [counts[name] for name in ("tasks", "passed_over", "solved", "new")] == [2, 1, 1, 1]
    printed = run("--results", "r.jsonl", "--resume", capsys=capsys)
    (line,) = printed.out.splitlines()
    assert line.partition(": ")[2] == "r.jsonl has all of these tasks: nothing is left to do"
    assert len(read_results()) == 3


def test_without_resume_the_file_is_added_to(here, capsys):
    for _ in range(2):
        assert len(list_started(run("--results", "r.jsonl", capsys=capsys))) == 3
    assert len(read_results()) == 6


def change(name, old, new):
    path = Path(name)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


CHANGES = {
    "the batt": (lambda: change("mine.py", "    return", "    # another\n    return"), []),
    "its table": (lambda: change("mine_call.py", "{", "{ "), []),
    "the DSL": (lambda: change("dsl.py", "plain", "other"), []),
    "what the DSL imports": (lambda: Path("my_helpers.py").write_text("# another\n"), []),
    "the time": (lambda: None, ["-t", 2]),
    "the device": (lambda: None, ["--device", "cpu"]),
    "the tuning": (lambda: None, ["--no-tune"]),
}


@pytest.mark.parametrize(("act", "options"), CHANGES.values(), ids=CHANGES)
def test_what_a_result_hangs_on_is_done_again_when_it_changes(here, capsys, act, options):
    run("--results", "r.jsonl", capsys=capsys)
    act()
    printed = run("--results", "r.jsonl", "--resume", *options, capsys=capsys)
    assert list_started(printed) == ["one", "three", "two"]


def test_a_task_whose_samples_change_is_done_again(here, capsys):
    run("--results", "r.jsonl", capsys=capsys)
    write_task("three", 7)
    assert list_started(run("--results", "r.jsonl", "--resume", capsys=capsys)) == ["three"]


@pytest.mark.parametrize("options", [["--workers", 1], ["--timing"], ["--seed", 5]], ids=lambda one: one[0])
def test_what_no_result_hangs_on_changes_nothing(here, capsys, options):
    run("--results", "r.jsonl", capsys=capsys)
    Path("unused.py").write_text("x = 1\n")
    printed = run("--results", "r.jsonl", "--resume", *options, capsys=capsys)
    assert list_started(printed) == []


def test_the_stage_of_each_task_is_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert card.main(["-c", "2", "-f", "batt.py"]) == 0
    evaluation = next(iter(get_data(train=False)["demo"]))
    arguments = ["-i", TASKS[0], evaluation, "--stage", "both", "--results", "r.jsonl"]
    assert run_batt.cli(arguments) == 0
    assert {result["task"]: result["stage"] for result in read_results()} == {
        TASKS[0]: "training",
        evaluation: "evaluation",
    }


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--resume"],
            "--resume goes on from the file of --results: name that, too; --help lists the options",
        ),
        (
            ["--results", "nowhere/r.jsonl"],
            "'nowhere/r.jsonl' cannot be written (No such file or directory",
        ),
        (["--results", "tasks"], "'tasks' cannot be written (Is a directory): "),
    ],
    ids=["no file", "no folder", "a folder"],
)
def test_a_file_that_does_not_do_is_one_line(here, capsys, options, line):
    try:
        status = run_batt.cli(["-b", "mine", "--data", "tasks", "-i", *options])
    except SystemExit as end:
        status = end.code
    printed, said = capsys.readouterr()
    assert (status, printed) == (2, "")
    assert said.startswith(f"run_batt.py: {line}") and said.count("\n") == 1


def test_a_batt_that_was_set_is_refused(here, monkeypatch, capsys):
    monkeypatch.setattr(run_batt, "batt", lambda *_: ([], []))
    monkeypatch.setattr(run_batt, "t_call", {1: "identity, I"})
    assert run_batt.cli(["--data", "tasks", "-i", "--results", "r.jsonl"]) == 2
    assert capsys.readouterr().err == (
        "run_batt.py: --results needs a batt and a call table in files: name their module with -b\n"
    )


def test_runs_that_are_killed_leave_what_one_run_does(here):
    command = [sys.executable, str(ROOT / "run_batt.py"), "-b", "mine", "--data", "tasks", "-i"]
    command += ["--workers", "2", "--results", "r.jsonl", "--resume"]
    for number in range(30):
        write_task(f"more{number}", number % 9)
    whole = subprocess.run([*command, "--out", "whole", "--results", "whole.jsonl"], check=True, timeout=60)
    assert whole.returncode == 0
    for seconds in (0.2, 0.3, 0.35, 0.4, 0.45, 60):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    assert process.returncode == 0
    columns = ("key", "task", "candidates", "unique", "solved")
    kept, expected = (
        {tuple(result[name] for name in columns) for result in read_results(file)}
        for file in ("r.jsonl", "whole.jsonl")
    )
    assert kept == expected
    assert len(read_results()) == 33
    folders = [{path.name for path in Path(out, "solver_md5").iterdir()} for out in ("", "whole")]
    assert folders[0] == folders[1]
