"""Both revisions' rules: recorded runs of the newest one, plain models of both, and which of them hold."""

import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import old_flow
import run_batt
from batt_utils import card
from batt_utils.batt.reader import HintValue, load_batt, read_calls
from batt_utils.batt.texts import Texts
from batt_utils.console import UserError
from batt_utils.evaluate.function import FunctionEvaluator
from batt_utils.evaluate.results import Keep, SampleJob
from batt_utils.evaluate.scoring import count_differs
from batt_utils.job import count_samples
from batt_utils.rules import NEWEST, RULES, SEED, D_Score, find_checkout, find_rules
from batt_utils.store.links import Link, Store
from batt_utils.tasks import get_data
from evaluation import INVENTED, SOFT, invented_batts, make_table_evaluator, write_invented
from golden import read_golden
from host import TASKS as HOST_TASKS
from plain_rules import list_differ_links, score_by_newest, score_by_seed

ROOT = Path(run_batt.__file__).parent
GOLDEN = read_golden("scoring_head")
TASK = "007bbfb7"
TASKS = HOST_TASKS["training"]


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
            evaluator.score(SampleJob("ab", part, number, pairs, sample, Keep.VALUES, rules), 60, "log"),
            rules,
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


# Generated batts


def write_generated(folder, rules, seed=0):
    """Write a batt of six solvers, some of them mutated, and two differs; give its function and its calls."""
    rng = random.Random(seed)
    pool = [solver for solver in card.own_solvers() if solver.name.removeprefix("solve_") in TASKS]
    path = folder / "batt.py"
    card.write_batt(path, card.vary(pool[:4], 6, 0.2, rng), card.own_differs()[:2], rules)
    namespace = {}
    exec(old_flow.isolate(path.read_text()), namespace)
    return namespace["batt"], read_calls((folder / "batt_call.py").read_text(), "batt_call.py")


def list_modelled(batt, calls, rules):
    """The links that the plain model has for each task: (folder, score, md5)."""
    data = get_data(task_id=TASKS)
    texts = Texts(calls)
    links = set()
    for task_id in TASKS:
        task = {part: data[part][task_id] for part in data}
        pairs = tuple((sample["input"], sample["output"]) for sample in task["demo"])

        def call(part, number, target, pairs=pairs, task=task, task_id=task_id):
            return batt(task_id, pairs, task[part][number]["input"], target, "pile.log")

        scores = MODELS[rules](call, task)
        solvers = {}
        for t, _, solver_id, _ in scores.candidates:
            solvers.setdefault(t, solver_id)
        names = texts.name_all("solve", list(solvers))
        differs = texts.name_all("differ", list(scores.last_t.values()))
        links |= {(f"solver_dir/solve_{task_id}", scores.o_score[solvers[t]], names[t]) for t in solvers}
        if rules is NEWEST:
            folder = f"differ_dir/solve_{task_id}"
            for score, name in list_differ_links(scores, list(solvers.values())):
                links.add((folder, score, differs[scores.last_t[name]]))
            continue
        for solver_id in solvers.values():
            for name, counts in scores.s_score.get(solver_id, {}).items():
                for kind in ("iz", "zo"):
                    folder = f"differ_dir/{kind}/solve_{task_id}"
                    links.add((folder, counts[kind], differs[scores.last_t[name]]))
    return links


def list_stored(out):
    """The links that are stored: (folder, score, md5)."""
    return {
        (str(path.relative_to(out).parents[2]), int(path.parts[-3]), path.stem)
        for path in out.rglob("*.py")
        if path.is_symlink()
    }


@EACH_RULES
@pytest.mark.parametrize("way", ["pool", "serial"])
def test_a_generated_batt_gives_what_the_model_gives(rules, way, folder, monkeypatch, capsys):
    if way == "serial":
        monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    batt, calls = write_generated(folder, rules)
    options = run_batt.Options(batt_import="batt", out=str(folder / "out"), workers=2)
    result = asyncio.run(run_batt.main(TASKS, timeout=30, options=options))
    assert (result["tasks"], result["timeouts"]) == (10, 0)
    stored = list_stored(folder / "out")
    assert stored == list_modelled(batt, calls, rules)
    assert any(score > 0 for path, score, _ in stored if path.startswith("solver_dir"))
    assert any(score > 0 for path, score, _ in stored if path.startswith("differ_dir"))
    last = capsys.readouterr().out.splitlines()[-1]
    if rules is SEED:
        assert last == "10 tasks - 0 timeouts"
    else:
        assert re.fullmatch(r"10 tasks - timeouts = 0 - tot_d_score = [1-9]\d+ in \d+\.\d{3}s", last)


# Which rules hold

KINDS_READ = "class Differ(NamedTuple):\n    name: str\n    score_type: str\n"
NO_KINDS_READ = "class Differ(NamedTuple):\n    name: str\n    score: int\n"
READERS = [
    pytest.param(KINDS_READ, SEED, id="a field"),
    pytest.param(NO_KINDS_READ, NEWEST, id="no such field"),
    pytest.param(
        "class Differ:\n    def __init__(self, name, score_type):\n        pass\n", SEED, id="taken"
    ),
    pytest.param("class Differ:\n    def __init__(self):\n        self.score_type = 1\n", SEED, id="set"),
    pytest.param(
        "Differ = namedtuple('Differ', ['name', 'score_type'])\n", SEED, id="a namedtuple's, listed"
    ),
    pytest.param("class Differ(namedtuple('D', 'name, score_type')):\n    pass\n", SEED, id="in one text"),
    pytest.param("Differ = namedtuple('Differ', 'name score')\n", NEWEST, id="a namedtuple without it"),
    pytest.param(
        'class Differ:\n    """No score_type."""\n    name = 1  # score_type\n', NEWEST, id="said only"
    ),
    pytest.param("score_type = 1\nclass Other:\n    score_type = 2\n", None, id="another class"),
    pytest.param('class Differ:\n    """A\nb."""\n    score_type = 1\n', SEED, id="a text at the margin"),
    pytest.param("Differ = namedtuple(\n    'Differ',\n    'score_type',\n)\nx = 1\n", SEED, id="some lines"),
    pytest.param("class Differs:\n    score_type = 2\n", None, id="another name"),
    pytest.param("# Differ\n", None, id="a comment"),
    pytest.param("class Differ(:\n", None, id="no Python"),
    pytest.param(None, None, id="no such file"),
]


def make_checkout(folder, utils):
    """Write a checkout with a DSL and a `utils.py` that nobody may import."""
    folder.mkdir(exist_ok=True)
    (folder / "dsl.py").write_text("from batt_utils.arc.dsl import *\n")
    (folder / "constants.py").write_text("from batt_utils.arc.constants import *\n")
    if utils is not None:
        (folder / "utils.py").write_text(f"{utils}raise SystemExit('imported')\n")


@pytest.mark.parametrize("beside", [False, True], ids=["here", "in --out"])
@pytest.mark.parametrize(("utils", "rules"), READERS)
def test_a_checkout_tells_its_rules_by_what_its_reader_has(utils, rules, beside, here):
    make_checkout(here / "out" if beside else here, utils)
    assert find_checkout("out") is rules
    for records in (False, True):
        own = NEWEST if records else SEED
        if rules in (None, own):
            assert find_rules(records, None, "out") is own
        else:
            with pytest.raises(UserError, match="decide with --rules seed or --rules newest"):
                find_rules(records, None, "out")
        for name, chosen in RULES.items():
            assert find_rules(records, name, "out") is chosen
    assert find_rules(None, None, "out") is (rules or SEED)


def test_the_readers_of_others_do_not_count_where_their_dsl_is_not_used(here):
    (here / "utils.py").write_text(NO_KINDS_READ)
    assert find_checkout() is None


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_a_checkout_that_reads_otherwise_is_refused_unless_it_is_decided(rules, here):
    make_checkout(here, NO_KINDS_READ if rules is SEED else KINDS_READ)
    write_generated(here, rules)
    before = sorted(here.rglob("*"))
    result = run_command("-i", TASK, "-b", "batt", cwd=here)
    assert (result.returncode, result.stdout) == (2, "")
    entries = "texts, as the seed's" if rules is SEED else "records, as the newest revision's"
    other = "newest" if rules is SEED else "seed"
    assert result.stderr == (
        f"run_batt.py: the batt's call table holds {entries}, but Differ in utils.py reads differ_dir by the "
        f"{other}'s rules: write the batt anew, or decide with --rules seed or --rules newest\n"
    )
    assert sorted(path for path in here.rglob("*") if "__pycache__" not in path.parts) == before
    for name in RULES:
        result = run_command("-i", TASK, "-b", "batt", "--rules", name, "--out", name, cwd=here)
        assert (result.returncode, result.stderr) == (0, "")
        kinds = {path.name for path in (here / name / "differ_dir").iterdir()}
        assert kinds == ({"iz", "zo"} if name == "seed" else {f"solve_{TASK}"})


@pytest.mark.parametrize(
    ("utils", "options", "rules"),
    [
        pytest.param(None, [], SEED, id="no checkout"),
        pytest.param(KINDS_READ, [], SEED, id="the seed's checkout"),
        pytest.param(NO_KINDS_READ, [], NEWEST, id="the newest checkout"),
        pytest.param(None, ["--rules", "newest"], NEWEST, id="newest by hand"),
        pytest.param(NO_KINDS_READ, ["--rules", "seed"], SEED, id="the seed's by hand"),
    ],
)
def test_what_is_not_given_follows_the_rules(utils, options, rules, folder, monkeypatch):
    if utils:
        make_checkout(folder, utils)
    given = []

    async def main(task_ids, start, count, timeout, *_, options, totals):
        given.append((timeout, options.batt_import))
        return totals.list_counts()

    monkeypatch.setattr(run_batt, "main", main)
    assert run_batt.cli(options) == 0
    assert run_batt.cli([*options, "-t", "3", "-b", "other"]) == 0
    names = {"seed": None, "newest": "tmp_batt_onerun_run"}  # `main` runs `batt` by itself
    assert given == [({"seed": 1, "newest": 10}[rules.name], names[rules.name]), (3, "other")]


@pytest.mark.parametrize(
    ("utils", "options", "rules"),
    [
        pytest.param(None, [], SEED, id="no checkout"),
        pytest.param(KINDS_READ, [], SEED, id="the seed's checkout"),
        pytest.param(NO_KINDS_READ, [], NEWEST, id="the newest checkout"),
        pytest.param(None, ["--form", "newest"], NEWEST, id="newest by hand"),
        pytest.param(NO_KINDS_READ, ["--form", "seed"], SEED, id="the seed's by hand"),
    ],
)
def test_the_form_of_a_new_batt_follows_the_checkout(utils, options, rules, folder, capsys):
    if utils:
        make_checkout(folder, utils)
    assert card.main(["-c", "3", "-f", "new", *options]) == 0
    source = load_batt("new")
    assert source.records is (rules is NEWEST)
    assert len(source.batt.candidates) == 3
    if not options:
        card.demo(folder, "demo")
        assert load_batt("demo").records is (rules is NEWEST)


def test_a_round_of_the_newest_revision_closes(here):
    make_checkout(here, NO_KINDS_READ)
    card.demo(here, NEWEST.batt)  # where the project lies, there may be one, too, which would be taken
    first = run_command("-i", TASK, cwd=here)
    assert (first.returncode, first.stderr) == (0, "")
    written = run_command("-i", TASK, "-b", "batt", "--out", "other", cwd=here)
    assert written.stderr == "batt.py: written, a demo batt with 32 solvers\n"
    best = max((here / "solver_dir" / f"solve_{TASK}").iterdir(), key=lambda path: int(path.name))
    assert best.name == "6000"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "batt_utils.card", "-c", "40", "--seed", "1", "-f", "batt_2", "-i", TASK]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    second = run_command("-i", TASK, "-b", "batt_2", cwd=here)
    assert (second.returncode, second.stderr) == (0, "")
    assert 32 <= sum(list_links(here / "solver_dir").values()) <= 33


@pytest.mark.parametrize("points", [1, 1000], ids=["the seed's scores", "the newest scores"])
def test_stored_solvers_come_the_best_first(points, here, monkeypatch):
    store = Store(here)
    store.prepare()
    solvers = card.own_solvers()[:3]
    for number, solver in enumerate(solvers):
        text = solver.text
        name = hashlib.md5(text.encode()).hexdigest()
        score = (number + 1) * (points if number % 2 else 1)  # some were scored by the seed's rules
        store.save_solvers("a", [Link(score, 9, name)], {name: text})
    found = [routine.text for routine in card.stored_solvers([store.solver_folder("a")])]
    assert found == [solver.text for solver in reversed(solvers)]


# What is said

PLACES = ("demo[0]", "demo[1]", "demo[2]", "demo[3]", "demo[4]", "test[0]")


def test_the_lines_of_the_newest_revision(here):
    card.write_batt(here / "batt.py", card.own_solvers()[:9], card.own_differs()[:1], NEWEST)
    result = run_command("-i", TASK, "-b", "batt", "--timing", cwd=here)
    lines = [
        r"run_batt\.py:\d+: batt: table of \d+ calls",
        rf"run_batt\.py:\d+: -- {TASK} - 0 start --",
        *[
            rf"run_batt\.py:\d+: {re.escape(place)} - {TASK} - \d+"
            rf"(?:\nrun_batt\.py:\d+: - MATCH: o_solver_id = '\w+' - sample_type={re.escape(place)} "
            rf"task_id={TASK})+"
            for place in PLACES
        ],
        r"run_batt\.py:\d+: -- Demo\+Test scoring: 0 - (\d+) outputs, 6 samples",
        rf"run_batt\.py:\d+: -- {TASK} - 0 done - \1 candidates scored",
        r"run_batt\.py:\d+: -- Filtered to (\d+) unique candidates \(from \1\)",
        r"run_batt\.py:\d+: -- Phase 3a: Validated \2 solvers in \d+\.\d{3}s \(parallelized\)",
        rf"run_batt\.py:\d+: -- {TASK} batch stats: 6 samples, \d+ matches, 0 timed out",
        r"1 tasks - timeouts = 0 - tot_d_score = \d+ in \d+\.\d{3}s",
        "",
        r"Timing summary \(seconds\):",
    ]
    assert re.search("\n".join(lines), result.stdout), result.stdout
    names = re.findall(r"^  (\S+) +\d+\.\d{3}$", result.stdout, re.MULTILINE)
    assert {*names} == {
        *("main.run_batt", "run_batt.check_batt", "batt.demo.parallel", "run_batt.phase1_filter"),
        *("run_batt.phase2_inline_batch", "utils.inline_variables.total", "run_batt.phase3a_validate_batch"),
        *("run_batt.phase3b_file_ops", "run_batt.generate_expanded", "run_batt.phase4_differs"),
    }


def test_results_of_both_revisions_count_samples_and_are_told_apart(here):
    card.write_batt(here / "batt.py", card.own_solvers()[:3], card.own_differs()[:1], NEWEST)
    options = ["-i", TASK, "-b", "batt", "-t", 5, "--results", "all.jsonl", "--resume"]
    for rules in (["--rules", "seed"], ["--rules", "newest"], []):
        result = run_command(*options, *rules, "--out", "-".join(["out", *rules]), cwd=here)
        assert (result.returncode, result.stderr) == (0, "")
    by_seed, by_newest = map(json.loads, (here / "all.jsonl").read_text().splitlines())
    assert by_seed["key"] != by_newest["key"]
    scores = [
        {one["md5"]: (one["o_score"], one["of"]) for one in found["solvers"]}
        for found in (by_seed, by_newest)
    ]
    assert scores[0] == scores[1] and max(scores[0].values()) == (6, 6)


def test_a_task_that_is_late_counts_in_the_last_line(here):
    source = "def batt(task_id, S, I, C, log_path):\n    while True:\n        pass\n"
    (here / "batt.py").write_text(source)
    (here / "batt_call.py").write_text("t_call = {1: HintValue(hint=None, value=('identity', 'I'))}\n")
    result = run_command("-i", TASK, "-b", "batt", "-t", "0.2", cwd=here)
    assert result.returncode == 0
    assert "Phase 3a" not in result.stdout  # without --timing
    assert re.search(r"\n1 tasks - timeouts = 1 - tot_d_score = 0 in \d+\.\d{3}s\n$", result.stdout)


@pytest.mark.parametrize(
    ("scores", "is_said"),
    [([0, 3000], False), ([], False), ([3000, 12], True), ([1], True)],
    ids=["new ones", "none", "both", "old ones"],
)
@EACH_RULES
def test_old_scores_are_told_in_one_line(rules, scores, is_said, here):
    write_generated(here, rules)
    for score in scores:
        (here / "solver_dir" / f"solve_{TASK}" / str(score) / "9").mkdir(parents=True)
    result = run_command("-i", TASK, "-b", "batt", cwd=here)
    said = rules is NEWEST and is_said
    old = here.resolve() / "solver_dir" / f"solve_{TASK}" / str(min([s for s in scores if s] or [0]))
    assert result.stderr == (
        f"run_batt.py: {old}: a score of the seed's rules, less than any match gives now: to start afresh, "
        "move solver_dir and differ_dir away, or choose another --out\n"
        if said
        else ""
    )
    assert (here / "solver_dir" / f"solve_{TASK}" / str(scores[0] if scores else 0)).exists() or not scores


# The names that other programs import


def list_styles():
    async def wait(scored):
        return await scored

    async def gather(scored):
        return (await asyncio.gather(scored))[0]

    return {
        "taken": lambda scored: scored,
        "awaited": lambda scored: asyncio.run(wait(scored)),
        "run": asyncio.run,
        "gathered": lambda scored: asyncio.run(gather(scored)),
    }


@pytest.mark.parametrize("style", list_styles().values(), ids=list_styles())
def test_check_batt_may_be_awaited(style, here, monkeypatch):
    batt, data = make_batt(GOLDEN["runs"][0])
    monkeypatch.setattr(run_batt, "batt", batt)
    all_o, o_score, s_score = style(run_batt.check_batt(data, 0, "x", D_Score(), 0.0, "pile.log"))
    assert len(all_o) == 3
    assert (type(o_score), type(s_score)) == (run_batt.O_Score, run_batt.S_Score)


def test_check_batt_may_be_called_where_a_loop_runs(here, monkeypatch):
    batt, data = make_batt(GOLDEN["runs"][0])
    monkeypatch.setattr(run_batt, "batt", batt)

    async def call():
        scored = run_batt.check_batt(data, 0, "x", D_Score(), 0.0, "pile.log")
        return scored[0] == (await scored)[0]

    assert asyncio.run(call())


@pytest.mark.parametrize(
    ("utils", "rules"),
    [(None, SEED), (KINDS_READ, SEED), (NO_KINDS_READ, NEWEST)],
    ids=["none", "seed", "newest"],
)
def test_a_batt_without_a_table_has_the_rules_of_the_checkout(utils, rules, folder, monkeypatch):
    if utils:
        make_checkout(folder, utils)
    batt, data = make_batt(GOLDEN["runs"][0])
    monkeypatch.setattr(run_batt, "batt", batt)
    d_score = D_Score()
    run_batt.check_batt(data, 0, "x", d_score, 0.0, "pile.log")
    assert d_score.rules is rules


def test_a_d_score_has_the_rules_of_its_first_count(here, monkeypatch):
    d_score = run_recorded(GOLDEN["runs"][0], monkeypatch, run_batt.run_batt)[1]
    assert d_score.rules is NEWEST
    d_score = D_Score()
    d_score.update("a", [])
    assert d_score.rules is SEED
    _, data = make_batt(GOLDEN["runs"][0])
    with pytest.raises(UserError, match=r"give a new D_Score\(\)$"):
        run_batt.check_batt(data, 0, "x", d_score, 0.0, "pile.log")


@pytest.mark.parametrize(
    ("solver_id", "score"),
    [("a", 1000 - 3 + 4), ("b", 1000 - 3 + 5), ("None", 1000)],
    ids=["a solver", "another one", "nobody"],
)
def test_items_count_for_a_solver_by_the_newest_rules(solver_id, score):
    d_score = D_Score(NEWEST)
    d_score.update(solver_id, [(7, "None", "x", (3, 0)), (8, "a", "x", (4, 0)), (9, "b", "x", (5, 0))])
    d_score.update(solver_id, (7, "None", "x", (3,)))
    assert d_score.score == {solver_id: {"x": {"last_t": 7, "score": score}}}
    assert (d_score.last_t, d_score.total) == ({"x": 7}, score)
