"""A submission: which attempts are made, what its file holds, and what the prize would give for it."""

import asyncio
import json
import subprocess
import sys
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

import run_batt
from batt_utils import card
from batt_utils.arc import solvers
from batt_utils.console import UserError
from batt_utils.job import Notes, TaskOutcome
from batt_utils.options import Options
from batt_utils.report import submission as submission_module
from batt_utils.report.submission import Vote, choose_attempts, open_submission
from batt_utils.store.links import Link, Store
from batt_utils.tasks import get_data, read_grid

A, B, C, D = (((colour,),) for colour in range(1, 5))
ZEROS = ((0, 0), (0, 0))


def vote(demo, calls, grid):
    return Vote(demo, calls, [grid]), grid


@pytest.mark.parametrize(
    ("votes", "attempts"),
    [
        pytest.param([], [ZEROS, ZEROS], id="nothing"),
        pytest.param([vote(2, 1, None)], [ZEROS, ZEROS], id="no grid"),
        pytest.param([vote(0, 1, A)], [A, ZEROS], id="one, never right"),
        pytest.param([vote(1, 1, A), vote(2, 9, B)], [B, A], id="right on more demo samples"),
        pytest.param([vote(2, 1, A), vote(2, 9, B), vote(2, 8, B)], [B, A], id="of more programs"),
        pytest.param([vote(2, 5, A), vote(2, 4, B), vote(2, 6, C)], [B, A], id="fewer calls"),
        pytest.param([vote(2, 5, A), vote(2, 4, A), vote(1, 1, B)], [A, B], id="distinct outputs"),
        pytest.param(
            [vote(2, 5, A), vote(1, 9, B), vote(0, 1, C), vote(0, 1, C), vote(0, 1, C)], [A, B], id="in turn"
        ),
        pytest.param([vote(2, 5, B), vote(2, 5, A)], [A, B], id="a tie: by their cells"),
        pytest.param(
            [vote(1, 1, A), vote(1, 2, A), vote(2, 9, A), vote(2, 8, B)], [B, A], id="at their best"
        ),
    ],
)
def test_attempts_are_chosen(votes, attempts):
    assert choose_attempts(votes) == attempts


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from([A, B, C, D, None])), max_size=12
    )
)
def test_attempts_are_those_of_the_plain_rule(programs):
    ordered = []
    for level in range(3, -1, -1):
        at_level = [(calls, grid) for demo, calls, grid in programs if demo == level and grid is not None]
        grids = {grid for _, grid in at_level} - {*ordered}
        by_votes = {grid: [calls for calls, other in at_level if other == grid] for grid in grids}
        ordered += sorted(grids, key=lambda grid: (-len(by_votes[grid]), min(by_votes[grid]), grid))
    while len(ordered) < 2:
        ordered.append(ZEROS)
    assert choose_attempts([vote(*program) for program in programs]) == ordered[:2]


# The file


SAMPLE = {"input": A, "output": B}
DATA = {"demo": {"one": [SAMPLE], "two": [SAMPLE]}, "test": {"one": [SAMPLE], "two": [SAMPLE, {"input": A}]}}
OPTIONS = Options(submission="submission.json")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder):
    return json.loads((folder / "submission.json").read_text())


def write_entry(*attempts):
    return [
        dict(zip(["attempt_1", "attempt_2"], map(list, map(lambda grid: map(list, grid), pair))))
        for pair in attempts
    ]


def make_outcome(task_id, attempts):
    fields = (0, task_id, [], 0, 0, [], None, False, [], False, Notes({}, []), None)
    return TaskOutcome(*fields, attempts=attempts)


def test_every_task_is_there_from_the_start(here):
    nothing = {"attempt_1": [[0, 0], [0, 0]], "attempt_2": [[0, 0], [0, 0]]}
    with open_submission(OPTIONS, DATA, ["one", "two"]):
        assert read(here) == {"one": [nothing], "two": [nothing, nothing]}


@pytest.mark.parametrize("error", [None, KeyboardInterrupt], ids=["the end", "an interrupt"])
def test_what_is_found_is_written_at_the_end(here, error):
    with pytest.raises(KeyboardInterrupt), open_submission(OPTIONS, DATA, ["one"]) as submission:
        submission.add(make_outcome("one", [[A, B]]))
        raise error or KeyboardInterrupt
    assert read(here) == {"one": [{"attempt_1": [[1]], "attempt_2": [[2]]}]}


def test_what_is_found_is_written_now_and_then(here, monkeypatch):
    with open_submission(OPTIONS, DATA, ["one"]) as submission:
        start = read(here)
        submission.add(make_outcome("one", [[A, B]]))
        assert read(here) == start
        monkeypatch.setattr(submission_module, "monotonic", lambda: submission._written + 1.1)
        submission.add(make_outcome("one", [[C, D]]))
        assert read(here) == {"one": [{"attempt_1": [[3]], "attempt_2": [[4]]}]}


@pytest.mark.parametrize(
    ("earlier", "later", "attempts"),
    [
        pytest.param([A, B], [C, D], [C, D], id="two new ones"),
        pytest.param([A, B], [C, ZEROS], [C, A], id="one new one"),
        pytest.param([A, B], [A, ZEROS], [A, B], id="the same one"),
        pytest.param([A, B], [B, ZEROS], [B, A], id="the second one"),
        pytest.param([A, B], [ZEROS, ZEROS], [A, B], id="none"),
        pytest.param([A, ZEROS], [ZEROS, ZEROS], [A, ZEROS], id="none after one"),
        pytest.param([A, B], [ZEROS, C], [ZEROS, C], id="zeros that were found"),
        pytest.param([ZEROS, ZEROS], [C, ZEROS], [C, ZEROS], id="the first ones"),
    ],
)
def test_what_an_earlier_run_found_is_not_lost(here, earlier, later, attempts):
    for found in (earlier, later):
        with open_submission(OPTIONS._replace(resume=True), DATA, ["one"]) as submission:
            submission.add(make_outcome("one", [found]))
    assert read(here) == {"one": write_entry(attempts)}


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_goes_on_keeps_what_is_there(here, resume):
    with open_submission(OPTIONS, DATA, ["one", "two"]) as submission:
        submission.add(make_outcome("one", [[A, B]]))
    options = OPTIONS._replace(resume=resume)
    with open_submission(options, DATA, ["two", "one"] if resume else ["one"]) as submission:
        assert submission.has("one") is resume
        assert resume is False or not submission.has("two")
        assert read(here)["one"][0]["attempt_1"] == ([[1]] if resume else [[0, 0], [0, 0]])
    assert read(here).keys() == ({"one", "two"} if resume else {"one"})


@pytest.mark.parametrize("text", ["def batt():\n    pass\n", '{"key": "a"}\n', "[]"], ids=str)
def test_a_file_of_something_else_is_kept(here, text):
    (here / "submission.json").write_text(text)
    with pytest.raises(UserError, match="no submission"), open_submission(OPTIONS, DATA, ["one"]):
        pass
    assert (here / "submission.json").read_text() == text


def test_an_empty_file_is_written(here):
    (here / "submission.json").touch()
    with open_submission(OPTIONS, DATA, ["one"]):
        pass
    assert read(here).keys() == {"one"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"one": 1}', '{"one": [{}]}', '{"one": [{"attempt_1": [[1]]}]}', "[" * 99_999,
     '{"one": [{"attempt_1": [[1]], "attempt_2": [[10]]}]}'],
    ids=["empty", "a list", "torn", "a number", "no attempts", "one attempt", "deep", "no grid"],
)  # fmt: skip
def test_a_file_that_is_no_submission_is_told(here, text):
    (here / "submission.json").write_text(text)
    with (
        pytest.raises(UserError, match=r"^submission.json: no submission: remove it, or choose another"),
        open_submission(OPTIONS._replace(resume=True), DATA, ["one"]),
    ):
        pass
    assert (here / "submission.json").read_text() == text


def test_a_file_that_cannot_be_written_is_told(here):
    options = OPTIONS._replace(submission="nowhere/submission.json")
    with pytest.raises(OSError, match="choose another --submission"), open_submission(options, DATA, ["one"]):
        pass


@pytest.mark.parametrize(
    ("data", "attempts", "line"),
    [
        pytest.param([B], [[B, A]], "the submission would score 1 of 1 tasks", id="the first is right"),
        pytest.param([B], [[A, B]], "the submission would score 1 of 1 tasks", id="the second is right"),
        pytest.param([B], [[A, C]], "the submission would score 0 of 1 tasks", id="none is right"),
        pytest.param([B, C], [[B, A], [B, A]], "the submission would score 0.5 of 1 tasks", id="one of two"),
        pytest.param([B, None], [[B, A], [B, A]], "", id="not all are known"),
    ],
)
def test_the_prize_is_told(here, data, attempts, line):
    samples = [{"input": A, **({"output": output} if output else {})} for output in data]
    total_data = {"demo": {"one": [SAMPLE]}, "test": {"one": samples}}
    with open_submission(OPTIONS, total_data, ["one"]) as submission:
        submission.add(make_outcome("one", attempts))
        assert submission.rate(total_data) == line


# Whole runs

POOR = """\
from batt_utils.arc.dsl import *
from batt_utils.arc.constants import *


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = vmirror(I)
    o.append((1, False, 'a', t1))
    return o, s
"""
COMMAND = [
    sys.executable,
    run_batt.__file__,
    "-t",
    "20",
    "-b",
    "some",
    "--data",
    ".",
    "--stage",
    "test",
    "-i",
]


def hide_outputs(task_ids, both, path):
    """Writes tasks as the prize has them, without the outputs of their test samples; returns these."""
    tasks, outputs = {}, {}
    for task_id in task_ids:
        part = next(data for data in both if task_id in data["demo"])
        tasks[task_id] = {
            "train": part["demo"][task_id],
            "test": [{"input": sample["input"]} for sample in part["test"][task_id]],
        }
        outputs[task_id] = [sample["output"] for sample in part["test"][task_id]]
    path.write_text(json.dumps(tasks))
    return outputs


def rate(submission, outputs):
    """Scores a submission as the prize does."""
    shares = {}
    for task_id, grids in outputs.items():
        entry = submission[task_id]
        assert len(entry) == len(grids)
        right = [
            any(tuple(map(tuple, attempt)) == grid for attempt in attempts.values())
            for attempts, grid in zip(entry, grids)
        ]
        shares[task_id] = sum(right) / len(right)
    return shares


@pytest.fixture(scope="module")
def data():
    return [get_data(train=True), get_data(train=False)]


@pytest.fixture(scope="module")
def submitted(tmp_path_factory, data):
    """A run over tasks whose outputs are hidden: its folder, what it printed, these, and what is solved."""
    folder = tmp_path_factory.mktemp("submitted")
    named = [name.removeprefix("solve_") for name in vars(solvers) if name.startswith("solve_")]
    card.main(["-c", str(len(named)), "-fs", "-f", str(folder / "some.py")])
    solved = named[:6]
    ids = [*solved, *[*data[1]["demo"]][:6]]
    outputs = hide_outputs(ids, data, folder / "arc-agi_test_challenges.json")
    more = ["--submission", "submission.json", "--results", "results.jsonl", "--timing"]
    done = subprocess.run([*COMMAND, *more], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout, outputs, solved


def test_tasks_whose_outputs_are_not_known_are_submitted(submitted):
    folder, printed, outputs, solved = submitted
    entries = read(folder)
    assert entries.keys() == outputs.keys()
    grids = [grid for entry in entries.values() for attempts in entry for grid in attempts.values()]
    assert all(map(read_grid, grids))
    shares = rate(entries, outputs)
    assert [shares[task_id] for task_id in solved] == [1] * len(solved)
    seconds = [attempts["attempt_2"] for entry in entries.values() for attempts in entry]
    assert sum(grid != [[0, 0], [0, 0]] for grid in seconds) > len(outputs) / 2
    assert ": tasks whose test outputs are not known: 12; O_SCORE counts demo samples only there\n" in printed
    assert "solved" not in printed and "would score" not in printed
    assert printed.count("\n12 tasks - 0 timeouts\n") == 1


def test_what_is_not_known_is_solved_by_nobody(submitted, data):
    folder, _, outputs, solved = submitted
    results = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert {result["task"] for result in results} == outputs.keys()
    for result in results:
        assert (result["solved"], result["new"], result["stage"]) == (None, False, "test")
        assert {solver["of"] for solver in result["solvers"]} <= {result["demo"]}
        assert result["test"] == len(outputs[result["task"]])
        best = max((solver["o_score"] for solver in result["solvers"]), default=0)
        assert best == result["demo"] if result["task"] in solved else best <= result["demo"]
        scores = [int(path.name) for path in folder.glob(f"solver_dir/solve_{result['task']}/*")]
        assert max(scores) == best


def test_a_task_without_attempts_is_run_again(submitted):
    folder, _, outputs, solved = submitted
    entries = read(folder)
    entries[solved[0]] = [
        {"attempt_1": [[0, 0], [0, 0]], "attempt_2": [[0, 0], [0, 0]]} for _ in outputs[solved[0]]
    ]
    (folder / "other.json").write_text(json.dumps(entries))
    more = ["--submission", "other.json", "--results", "results.jsonl", "--resume"]
    done = subprocess.run([*COMMAND, *more], cwd=folder, capture_output=True, text=True)
    assert done.stdout.endswith("\n1 tasks - 0 timeouts\n")
    assert json.loads((folder / "other.json").read_text()) == read(folder)


def test_stored_solvers_take_part(submitted, here):
    """What an earlier batt found counts for one that finds nothing."""
    folder, _, outputs, solved = submitted
    (here / "poor.py").write_text(POOR)
    (here / "poor_call.py").write_text("t_call = {1: 'vmirror, I'}\n")
    (here / "arc-agi_test_challenges.json").write_bytes(
        (folder / "arc-agi_test_challenges.json").read_bytes()
    )
    for workers, place in ((1, folder), (2, folder), (1, here)):
        options = Options("poor", ".", "test", str(place), workers, submission="submission.json")
        asyncio.run(run_batt.main(solved, options=options))
        shares = rate(read(here), {task_id: outputs[task_id] for task_id in solved})
        assert (sum(shares.values()) == len(solved)) is (place is folder)


def write_task(folder):
    """Writes a task, mirror images of columns, whose test output is not known."""
    pair = {"input": [[1], [2]], "output": [[2], [1]]}
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"train": [pair] * 2, "test": [{"input": [[3], [4]]}]}))


@pytest.mark.parametrize(
    "call",
    ["[0 for _ in range(10**12)]", "sum(range(10**12))", "exit(7)"],
    ids=["hangs", "hangs in C", "ends its process"],
)
@pytest.mark.parametrize("workers", [1, 2], ids=["a whole task in a worker", "its samples spread"])
def test_a_stored_solver_costs_itself_only(here, call, workers):
    texts = {
        name: f"from dsl import *\n\ndef solve(S, I, C):\n    O = {line}\n    return O\n"
        for name, line in (("a", call.replace("exit", "__import__('os')._exit")), ("b", "hmirror(I)"))
    }
    store = Store(here)
    store.prepare()
    names = {name: md5(text.encode()).hexdigest() for name, text in texts.items()}
    links = [Link(1, 20, names["a"]), Link(1, 10, names["b"])]
    store.save_solvers("a", links, {names[name]: text for name, text in texts.items()})
    (here / "some.py").write_text(POOR)
    (here / "some_call.py").write_text("t_call = {1: 'vmirror, I'}\n")
    write_task(here / "data")
    options = Options("some", "data", "test", workers=workers, submission="submission.json")
    counts = asyncio.run(run_batt.main(["a"], timeout=0.3, options=options))
    assert (counts["tasks"], counts["timeouts"]) == (1, 0)
    assert read(here) == {"a": [{"attempt_1": [[4], [3]], "attempt_2": [[3], [4]]}]}


ODD = """\
from typing import NamedTuple


class Pair(NamedTuple):
    first: object
    second: object


def batt(task_id, S, I, C, log_path):
    values = [Pair((1,), (2,)), batt, Pair, I[::-1]]
    return [(t, False, str(t), value) for t, value in enumerate(values)], []
"""


@pytest.mark.parametrize("workers", [1, 2], ids=["a whole task in a worker", "its samples spread"])
def test_outputs_may_be_of_classes_and_functions_of_the_batt(here, workers):
    (here / "odd_one.py").write_text(ODD)
    (here / "odd_one_call.py").write_text("t_call = {0: 'a, I', 1: 'b, I', 2: 'c, I', 3: 'd, I'}\n")
    write_task(here / "data")
    options = Options("odd_one", "data", "test", workers=workers, submission="submission.json")
    asyncio.run(run_batt.main(["a"], options=options))
    assert read(here) == {"a": [{"attempt_1": [[4], [3]], "attempt_2": [[1], [2]]}]}
    assert "odd_one" not in sys.modules


@pytest.mark.parametrize("passed_over", [0, 2], ids=["a run", "nothing left to do"])
def test_where_outputs_are_known_the_prize_is_told(here, capsys, data, passed_over):
    task_id = "007bbfb7"
    options = Options("tmp_batt_onerun_run", workers=1, submission="submission.json", results="results.jsonl")
    for resume in (False, True)[: 1 + bool(passed_over)]:
        capsys.readouterr()
        done = asyncio.run(run_batt.main([task_id, "00576224"], options=options._replace(resume=resume)))
    outputs = {name: [sample["output"] for sample in data[0]["test"][name]] for name in (task_id, "00576224")}
    score = sum(rate(read(here), outputs).values())
    assert f": the submission would score {score:g} of 2 tasks\n" in capsys.readouterr().out
    assert done["passed_over"] == passed_over
