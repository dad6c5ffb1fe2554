"""Both revisions' rules: recorded runs of the newest one, plain models of both, and which of them hold."""

import asyncio
import hashlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_rules import score_by_newest, score_by_seed

import run_batt
from batt_utils.batt.reader import HintValue
from batt_utils.evaluate.function import FunctionEvaluator
from batt_utils.evaluate.results import SampleJob
from batt_utils.evaluate.scoring import count_differs
from batt_utils.job import count_samples
from batt_utils.rules import NEWEST, RULES, SEED, D_Score
from evaluation import INVENTED, SOFT, invented_batts, make_table_evaluator, write_invented
from golden import read_golden

ROOT = Path(run_batt.__file__).parent
GOLDEN = read_golden("scoring_head")
TASK = "007bbfb7"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_command(*arguments, cwd):
    command = [sys.executable, str(ROOT / "run_batt.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def list_links(out, kind="."):
    """The score and md5 of each link of a kind."""
    paths = (out / kind).glob("solve_*/*/*/*.py")
    return Counter((int(path.parts[-3]), path.stem) for path in paths)


# The recorded runs


def make_value(value):
    """A recorded value: lists are tuples, `{"list": ...}` is a list."""
    if isinstance(value, dict):
        return value["list"]
    return tuple(map(make_value, value)) if isinstance(value, list) else value


def make_batt(run):
    """A batt function that gives what was recorded, and the data of its task."""
    data = {
        part: {"x": [{key: make_value(grid) for key, grid in sample.items()} for sample in samples]}
        for part, samples in run["task"].items()
    }
    places = {sample["input"]: (part, i) for part in data for i, sample in enumerate(data[part]["x"])}
    calls = {(call["part"], call["sample"], make_value(call["C"])): call for call in run["calls"]}

    def batt(task_id, S, I, C, log_path):  # noqa: E741
        call = calls[(*places[I], C)]
        if "raises" in call:
            raise {"ValueError": ValueError, "KeyError": KeyError}[call["raises"]](C)
        return [make_value(item) for item in call["o"]], [make_value(item) for item in call["s"]]

    return batt, data


def run_recorded(run, monkeypatch, function):
    batt, data = make_batt(run)
    monkeypatch.setattr(run_batt, "batt", batt)
    monkeypatch.setattr(
        run_batt,
        "t_call",
        {int(t): HintValue(record["hint"], tuple(record["value"])) for t, record in run["t_call"].items()},
    )
    return asyncio.run(function(data, 0, "x", D_Score(), 0.0, "pile.log"))


EACH_RUN = pytest.mark.parametrize("run", GOLDEN["runs"], ids=lambda run: f"{len(run['t_call'])} calls")


@EACH_RUN
def test_a_recorded_run_gives_what_was_recorded(run, here, monkeypatch, capsys):
    timed_out, d_score = run_recorded(run, monkeypatch, run_batt.run_batt)
    expected = run["expected"]
    assert not timed_out
    assert d_score.score == expected["d_score"]
    assert d_score.last_t == expected["last_t"]
    assert d_score.total == expected["tot_d_score"]
    assert list_links(here / "solver_dir") == Counter(map(tuple, expected["solver_dir"]))
    assert list_links(here / "differ_dir").keys() == {*map(tuple, expected["differ_dir"])}
    assert sorted(path.name for path in Path("differ_dir").iterdir()) == ["solve_x"]
    for folder, files in expected["files"].items():
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()}
        assert found == files
    candidates = f"-- x - 0 done - {expected['candidates']} candidates scored\n"
    assert candidates in capsys.readouterr().out


@EACH_RUN
def test_check_batt_gives_what_was_recorded(run, here, monkeypatch):
    all_o, o_score, s_score = run_recorded(run, monkeypatch, run_batt.check_batt)
    expected = run["expected"]
    assert len(all_o) == expected["candidates"]
    assert o_score.score == expected["o_score"]
    by_name = {}
    for owner, names in s_score.score.items():
        for name, counts in names.items():
            by_name.setdefault(name, {})[owner] = counts["score"]
    assert by_name == expected["s_score"]
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("case", GOLDEN["check_save"], ids=lambda case: f"{len(case['files'])} files")
def test_room_is_made_as_recorded(case, here):
    for score, t_log, name in case["files"]:
        path = Path("solve_x", str(score), str(t_log), f"{hashlib.md5(name.encode()).hexdigest()}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert run_batt.check_save("solve_x", case["score"], case["max_files"]) is case["returned"]
    left = [[int(path.parts[-3]), int(path.parts[-2]), path.read_text()] for path in here.rglob("*.py")]
    assert sorted(left) == sorted(case["left"])


@pytest.mark.parametrize("crash", GOLDEN["crashes"], ids=["a name that nothing announces"])
def test_what_ended_a_run_costs_its_items_and_is_one_line(crash, here, monkeypatch, capsys):
    timed_out, d_score = run_recorded(crash, monkeypatch, run_batt.run_batt)
    assert (timed_out, d_score.score, d_score.last_t) == (False, {}, {})
    assert [score for score, _ in list_links(here / "solver_dir")] == [3000]
    assert list_links(here / "differ_dir") == {}
    assert capsys.readouterr().err == (
        "run_batt.py: differ_unknown: differs that measure an output and no input before it do not count "
        "there: write the batt anew\n"
    )


# The plain models

GRIDS = (((1, 2),), ((2, 1),), ((5,), (6,)))
VALUES = st.sampled_from(
    [None, (), (0,), (0, 1), (1, 2), (400, 1), (1000, 0), (1700, 2), (-3, 1), (True, 1), (2.0, 1), 3, [7, 1]]
)
OUTPUTS = st.tuples(st.integers(0, 4), st.booleans(), st.sampled_from("ab"), st.sampled_from([*GRIDS, None]))
ITEMS = st.tuples(
    st.integers(0, 9), st.sampled_from(["None", "None", "a", "b", "c"]), st.sampled_from("xy"), VALUES
)
ANSWERS = st.one_of(st.none(), *[st.tuples(st.lists(OUTPUTS, max_size=4), st.lists(ITEMS, max_size=6))] * 5)
MODELS = {SEED: score_by_seed, NEWEST: score_by_newest}
EACH_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def make_task(demo, test):
    """A task whose samples have each an input of its own."""
    samples = [{"input": ((9, number),), "output": GRIDS[number % 3]} for number in range(demo + test)]
    return {"demo": samples[:demo], "test": samples[demo:]}


def count_task(evaluator, task, rules):
    """What a task comes to: the candidates, o_score, d_score, s_score and last_t."""
    pairs = tuple((sample["input"], sample["output"]) for sample in task["demo"])
    results = [
        count_differs(
            evaluator.score(SampleJob("ab", part, number, pairs, sample, True, rules), 60, "log"), rules
        )
        for part in ("demo", "test")
        for number, sample in enumerate(task[part])
    ]
    scores = count_samples(results, len(task["demo"]), D_Score(), rules)
    counts = (scores.o_score.score, scores.d_score.score, scores.s_score.score)
    return scores.candidates, *counts, scores.d_score.last_t


@EACH_RULES
@given(demo=st.integers(1, 2), test=st.integers(0, 2), data=st.data())
def test_a_called_batt_is_counted_as_the_model_does(rules, demo, test, data):
    task = make_task(demo, test)
    places = {sample["input"]: (part, number) for part in task for number, sample in enumerate(task[part])}
    answers = {}

    def call(part, number, target):
        key = part, number, target
        if key not in answers:
            answers[key] = data.draw(ANSWERS)
            if rules is SEED and answers[key] is not None:  # by these, nobody's items count first
                answers[key][1].sort(key=lambda item: item[1] != "None")
        return answers[key]

    def batt(task_id, S, I, C, log_path):  # noqa: E741
        answer = call(*places[I], C)
        if answer is None:
            raise KeyError(I)
        return answer

    assert count_task(FunctionEvaluator(batt), task, rules) == tuple(MODELS[rules](call, task))


@EACH_RULES
@given(invented_batts(SOFT, st.just("??")), st.integers(0, 2))
def test_a_table_is_counted_as_the_model_does(rules, invented, test):
    table, guarded, outputs, differs = invented
    if rules is SEED:
        differs = sorted(differs, key=lambda item: item[1] != "None")
    source = write_invented(table, guarded, outputs, differs)
    task = make_task(2, test)
    namespace = dict(INVENTED)
    exec(source, namespace)
    pairs = tuple((sample["input"], sample["output"]) for sample in task["demo"])

    def call(part, number, target):
        return namespace["batt"]("ab", pairs, task[part][number]["input"], target, "log")

    assert count_task(make_table_evaluator(source, INVENTED), task, rules) == tuple(MODELS[rules](call, task))
