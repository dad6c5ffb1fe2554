"""The old flow and the new one are the same: scores, printed lines, files and links of generated batts."""

import asyncio
import io
import pickle
import random
import re
import tempfile
from contextlib import redirect_stdout
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

import old_flow
import run_batt
from batt_utils.arc.dsl import palette as p_g  # noqa: F401 (a batt takes it from here)
from batt_utils.batt.program import make_call
from batt_utils.card import HEAD, mutate, own_differs, own_solvers, unique, vary, write_batt
from batt_utils.engine.engine import Engine
from batt_utils.job import Solver
from batt_utils.tasks import get_data
from batts import write_module

WORKERS = (1, 2, 4)
BATTS = 10  # for each number of workers
TASKS = 7  # for each batt
assert len(WORKERS) * BATTS * TASKS >= 200  # pairs of a batt and a task that are compared
TIMEOUT = 10  # seconds: only a program that runs away is late
TASK = "007bbfb7"
MAX_CELLS = 700  # of all grids of a task
MAX_NODES = 200  # of a program: the old flow's seconds grow with its inlined text

# A batch, a candidate and a differ that depend on C, two candidates of one solver, an endless recursion.
EXTRA_CALLS = {
    9001: "apply, first, S",
    9002: "apply, second, S",
    9003: "mapply(p_g, t9001)",
    9004: "mapply, p_g, t9002.t",
    9005: "palette, C",
    9006: "size, t9005",
    9007: "repeat, t9006, ONE",
    9008: "recur, I",
    9009: "identity, t9008",
}
EXTRA_LINES = """\
    t9001, t9002, t9003, t9004 = batch_process_samples_gpu(S)
    o.append((9003, False, 'batch', t9003))
    o.append((9004, False, 'batch', t9004))
    try:
        t9005 = palette(C)
    except (TypeError, AttributeError, ValueError):
        t9005 = _get_safe_default(palette)
    o.append((9005, True, 'compares', t9005))
    t9006 = size(t9005)
    t9007 = repeat(t9006, ONE)
    s.append((9007, 'None', 'differ_late', t9007))
    s.append((9007, 'compares', 'differ_late', t9007))
    t9008 = recur(I)
    o.append((9008, True, 'endless', t9008))
    try:
        t9009 = identity(t9008)
    except (TypeError, AttributeError, ValueError):
        t9009 = _get_safe_default(identity)
    o.append((9009, True, 'behind', t9009))
"""
DATA = get_data()
TASK_DATA = {
    task_id: {part: DATA[part][task_id] for part in DATA}
    for task_id in DATA["demo"]
    if sum(
        len(row)
        for part in DATA
        for sample in DATA[part][task_id]
        for grid in sample.values()
        for row in grid
    )
    <= MAX_CELLS
}
SOLVERS = [solver for solver in own_solvers() if solver.name.removeprefix("solve_") in TASK_DATA]
END = "    return o, s\n"
GUARDED = re.compile(r"    try:\n    (    t\d+ = .*\n)    except .*\n.*\n")


def recur(value):
    return recur(value)


# Batts


def count_nodes(routine):
    """The calls in a program's inlined text."""
    nodes = {}
    for t, call in routine.calls.items():
        nodes[t] = 1 + sum(nodes[need] for need in call.needs)
    return nodes[routine.result]


def spoil(routine, rate, rng):
    """Makes a program's calls fail with a chance of `rate`."""
    calls = {}
    for t, call in routine.calls.items():
        function, arguments = call.function, call.arguments
        if rng.random() < rate:
            function, arguments = rng.choice(
                [
                    (f"t{rng.choice([*calls])}" if calls else "ONE", arguments),
                    (function, arguments[1:]),
                    (function, (*arguments, "ONE")),
                    ("recur", ("I",)),
                    ("nowhere", arguments),
                ]
            )
        calls[t] = make_call(function, *arguments)
    return routine._replace(calls=calls)


def write_generated(folder, solvers, differs, unguarded, rng):
    """Writes a batt of programs, a share of its calls without a guard, and of the extra lines."""
    path = folder / "batt.py"
    write_batt(path, solvers, differs)
    names = {}
    exec((folder / "batt_call.py").read_text(), names)
    source = GUARDED.sub(lambda guarded: guarded[rng.random() < unguarded], path.read_text())
    source = source.replace(END, EXTRA_LINES + END)
    return write_both(
        folder, "from test_sameness import p_g, recur\n" + source, names["t_call"] | EXTRA_CALLS
    )


def write_both(folder, source, t_call):
    """Writes a batt and the same isolated, with their call tables.

    The first is read as a table, the other is a function to be called.

    Returns:
        The isolated batt's function, and the call table.
    """
    isolated = old_flow.isolate(source)
    for name, text in (("batt", source), ("batt_isolated", isolated)):
        write_module(folder, name, text, t_call)
    names = {}
    exec(isolated, names)
    return names["batt"], t_call


# Runs


class Outcome(NamedTuple):
    """What a flow gave for some tasks."""

    scores: list  # of each task: o_score, d_score, s_score, last_t, number of candidates
    lines: list  # what it printed
    store: dict  # every file's bytes and every link's target, by path
    timeouts: int


def clock(md5):
    """Invented seconds of a solver, 1 to 2 ** -15."""
    return 2.0 ** -int(md5[0], 16)


def run_old(batt, t_call, task_ids, out, clock=None):
    printed = io.StringIO()
    with redirect_stdout(printed):
        results = [
            old_flow.run(batt, t_call, TASK_DATA[task_id], task_id, out, TIMEOUT, clock, index=index)
            for index, task_id in enumerate(task_ids)
        ]
    scores = [
        (result.o_score, result.d_score, result.s_score, result.last_t, result.candidates)
        for result in results
    ]
    timeouts = sum(result.timed_out for result in results)
    return Outcome(scores, read_lines(printed), read_store(out), timeouts)


def run_new(name, task_ids, out, workers):
    printed = io.StringIO()
    process = run_batt.process
    kept = out.with_name(f"{out.name}-scores")
    kept.mkdir()

    async def keep_scores(job, engine, solvers, scores, notes):
        counts = [score.score for score in (scores.o_score, scores.d_score, scores.s_score)]
        kept_scores = (*counts, scores.d_score.last_t, len(scores.candidates))
        (kept / f"{job.task_i:04}").write_bytes(pickle.dumps(kept_scores))  # a worker may do this
        return await process(job, engine, solvers, scores, notes)

    options = run_batt.Options(batt_import=name, out=str(out), workers=workers)
    with redirect_stdout(printed), patch.object(run_batt, "process", keep_scores):
        result = asyncio.run(run_batt.main(task_ids, timeout=TIMEOUT, options=options))
    scores = [pickle.loads(path.read_bytes()) for path in sorted(kept.iterdir())]
    lines = read_lines(printed)[:-1]  # the old flow's last line is that of its command
    if len(task_ids) > 1:
        assert lines.pop().startswith("solved ")
    return Outcome(scores, lines, read_store(out), result["timeouts"])


def read_lines(printed):
    return [re.sub(r"^run_batt\.py:\d+: ", "", line) for line in printed.getvalue().splitlines()]


def read_store(out):
    return {
        str(path.relative_to(out)): str(path.readlink().relative_to(out))
        if path.is_symlink()
        else path.read_bytes()
        for path in out.rglob("*.py")
    }


def drop_t_log(store):
    """The links and files of a store, the links without their T_LOG."""
    return {(re.sub(r"/-?\d+/(\w+\.py)$", r"/\1", path), value) for path, value in store.items()}


def drop_lost(store):
    """A store without the files of solvers that have lost their place."""
    linked = {value for value in store.values() if isinstance(value, str)}
    return {
        path: value for path, value in store.items() if not path.startswith("solver_md5") or path in linked
    }


@pytest.fixture
def use_clock(monkeypatch):
    time_solvers = Engine.time_solvers

    async def time_by_clock(*arguments):
        speeds = await time_solvers(*arguments)
        return {md5: speed._replace(seconds=clock(md5)) for md5, speed in speeds.items()}

    monkeypatch.setattr(Engine, "time_solvers", time_by_clock)


@pytest.fixture
def new_folder(tmp_path, monkeypatch):
    """Makes a folder and goes there."""

    def make():
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        monkeypatch.chdir(folder)
        return folder

    return make


# The old flow and the new


@pytest.mark.parametrize("workers", WORKERS)
def test_generated_batts_give_the_same(workers, new_folder, use_clock):
    compared = 0

    # In one of these, a function made on the way is part of an output and of what it is compared with.
    @example(seed=7747923, mutation=0.38872051089932924, failing=0, unguarded=1, shape="batt")
    @given(
        seed=st.integers(0, 2**32 - 1),
        mutation=st.floats(0, 0.5),
        failing=st.sampled_from([0, 0.05, 0.2]),
        unguarded=st.sampled_from([0, 0.1, 1]),
        shape=st.sampled_from(["batt", "batt", "batt_isolated"]),  # a table, and a function to be called
    )
    @settings(
        max_examples=BATTS, phases=[Phase.explicit, Phase.generate], suppress_health_check=[*HealthCheck]
    )
    def compare(seed, mutation, failing, unguarded, shape):
        nonlocal compared
        rng = random.Random(seed)
        folder = new_folder()
        number = rng.randint(6, 10)
        base = rng.sample(SOLVERS, number // 2)
        solvers = [spoil(solver, failing, rng) for solver in vary(base, number, mutation, rng)]
        differs = rng.sample(own_differs(), 2)
        differs.append(mutate(differs[0], mutation, rng)._replace(name="differ_mutated"))
        solvers = [solver for solver in solvers if count_nodes(solver) <= MAX_NODES]
        batt, t_call = write_generated(folder, solvers, differs, unguarded, rng)
        # Some of the tasks are those that the solvers are for.
        task_ids = list(dict.fromkeys(solver.name.removeprefix("solve_") for solver in base))[:TASKS]
        others = [task_id for task_id in TASK_DATA if task_id not in task_ids]
        task_ids += rng.sample(others, TASKS - len(task_ids))

        new = run_new(shape, task_ids, folder / "new", workers)
        assume(new.timeouts == 0)
        old = run_old(batt, t_call, task_ids, folder / "old", clock)
        assert new.lines == old.lines
        assert new.scores == old.scores
        assert new.store == old.store
        assert old.timeouts == 0
        compared += len(task_ids)

    compare()
    assert compared >= (BATTS + 1) * TASKS


# Values that are equal, and yet differ in what counts: calls, solvers' results, the differ's values by owner.
EQUALS = {
    "True and 1": (
        (
            "equality(I, I)",
            "canvas(t1, UNITY)",
            "canvas(ONE, UNITY)",
            "mostcolor(C)",
            "repeat(t4, ONE)",
        ),
        {"a": 2, "b": 3},
        {"None": 5},
    ),
    "items in another order": (
        (
            "initset(ZERO)",
            "insert(EIGHT, t1)",
            "initset(EIGHT)",
            "insert(ZERO, t3)",
            "first(C)",
            "repeat(t5, ONE)",
        ),
        {"a": 2, "b": 4},
        {"None": 6},
    ),
}


@pytest.mark.parametrize("shape", ["batt", "batt_isolated"])
@pytest.mark.parametrize(("calls", "results", "values"), EQUALS.values(), ids=EQUALS)
def test_equal_values_give_the_same(calls, results, values, shape, new_folder, use_clock):
    folder = new_folder()
    lines = [f"    t{t} = {call}\n" for t, call in enumerate(calls, 1)]
    lines += [f"    s.append(({t}, '{owner}', 'differ_x', t{t}))\n" for owner, t in values.items()]
    lines += [f"    o.append(({t}, False, '{solver_id}', t{t}))\n" for solver_id, t in results.items()]
    batt, t_call = write_both(folder, HEAD + "".join(lines) + END, dict(enumerate(calls, 1)))
    new = run_new(shape, [TASK], folder / "new", 1)
    assert new == run_old(batt, t_call, [TASK], folder / "old", clock)


def write_crowd(folder, number):
    """Writes a batt of so many short solvers."""
    rng = random.Random(number)
    base = sorted(SOLVERS, key=lambda solver: len(solver.calls))[:number]
    solvers = islice(unique(vary(base, 4 * number, 0.4, rng)), number)
    return write_generated(folder, solvers, own_differs()[:2], 0.1, rng)


def test_ties_in_a_crowd_go_by_age(new_folder, monkeypatch):
    monkeypatch.setattr(Solver, "t_log", 11)
    folder = new_folder()
    batt, t_call = write_crowd(folder, 48)
    new = run_new("batt", [TASK], folder / "new", 2)
    old = run_old(batt, t_call, [TASK], folder / "old", lambda md5: 1.0)
    assert sum(path.startswith("solver_md5") for path in old.store) > 33
    assert sum(path.startswith("solver_dir") for path in new.store) == 33
    assert new.store == drop_lost(old.store)
    assert new.scores == old.scores


def test_measured_seconds_decide_ties_in_a_crowd(new_folder):
    folder = new_folder()
    batt, t_call = write_crowd(folder, 48)
    new = run_new("batt", [TASK], folder / "new", 2)
    old = run_old(batt, t_call, [TASK], folder / "old")
    assert new.scores == old.scores
    kept = [
        sorted(path.split("/")[2] for path in store if path.startswith("solver_dir"))
        for store in (new.store, old.store)
    ]
    assert len(kept[0]) == 33
    assert kept[0] == kept[1]
    files = {path: text for path, text in new.store.items() if isinstance(text, bytes)}
    assert files.items() <= old.store.items()


def test_measured_seconds_change_nothing_but_t_log(new_folder):
    folder = new_folder()
    batt, t_call = write_crowd(folder, 8)
    new = run_new("batt", list(TASK_DATA)[:5], folder / "new", 2)
    old = run_old(batt, t_call, list(TASK_DATA)[:5], folder / "old")
    assert new.scores == old.scores
    assert drop_t_log(new.store) == drop_t_log(old.store)
