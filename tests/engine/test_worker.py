"""A worker process."""

import errno
import sys
import time

import pytest

from batt_utils.batt.plan import make_plan
from batt_utils.batt.reader import load_batt, read_program
from batt_utils.engine.worker import prepare, score_sample, time_solvers
from batt_utils.evaluate.namespace import import_batt
from batt_utils.evaluate.results import Keep, SampleJob
from batts import output, write_source
from evaluation import DSL, GRID, LONG, NAMES, OTHER, PAIRS, SHORT, THIRD, spin, write_modules
from forms import FORMS, write_form

TESTS = ((THIRD, OTHER),)
ALL = (*PAIRS, *TESTS)
INPUTS = [grid for grid, _ in ALL]
SOLVE = "def solve(S, I, C):\n"


@pytest.fixture
def process(folder, monkeypatch):
    """What `prepare` changes in a process is put back."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return folder


def list_outputs(result):
    return [*zip(result.solver_ids, result.values, strict=True)]


def make_job(part="demo", number=0, pairs=PAIRS):
    """One of the demo samples in `pairs`, or of the test samples, whose candidates keep their values."""
    grid, other = (pairs if part == "demo" else TESTS)[number]
    return SampleJob("ab", part, number, pairs, {"input": grid, "output": other}, Keep.VALUES)


USES_S = write_source("t1 = join(S, I)", output(1, "a"))


def test_a_batt_that_was_read_is_scored_in_a_prepared_process(process):
    write_modules(
        process, dsl=DSL + "def join(*values):\n    print(values)\n    return values\n", constants=""
    )
    prepare(make_plan(read_program(USES_S)))
    assert list_outputs(score_sample(make_job("demo", 1), LONG, "pile.log")) == [("a", (PAIRS, THIRD))]
    assert list_outputs(score_sample(make_job("test", 0), LONG, "pile.log")) == [("a", (PAIRS, THIRD))]


@pytest.mark.parametrize("by_name", [True, False], ids=["module", "function"])
def test_a_batt_that_is_a_function_is_scored_in_a_prepared_process(process, by_name):
    write_modules(process, my_batt="def join(*values):\n    return values\n" + USES_S)
    prepare("my_batt" if by_name else import_batt("my_batt"))
    result = score_sample(make_job("test", 0), LONG, "pile.log")
    assert list_outputs(result) == [("a", (PAIRS, THIRD))]


FORMS_DSL = """
def apply(function, values): return tuple(function(value) for value in values)
def mapply(function, values): return tuple(item for value in values for item in function(value))
def first(values): return values[0]
def second(values): return values[1]
def p_g(grid): return tuple((cell, grid) for row in grid for cell in row)
def hmirror(grid): return grid[::-1]
def fill(grid, one): return grid
def identity(value): return value
def size(values): return (len(values),)
"""


FORMS_PILE = "from constants import *\nfrom dsl import *\n"


FORMS_GPU = """
from dsl import *
def batch_process_samples_gpu(S):
    inputs, outputs = apply(first, S), apply(second, S)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)
"""


@pytest.mark.parametrize("name", FORMS)
def test_a_batt_of_each_form_gives_what_it_gives_when_it_is_called(process, name, capfd):
    source, table = write_form(FORMS[name])
    write_modules(process, dsl=FORMS_DSL, constants="ZERO = 0\n", batt_gpu=FORMS_GPU, pile=FORMS_PILE)
    write_modules(process, safe_dsl=DSL, gpu_env="GPUEnv = None\n", my_batt=source, my_batt_call=table)
    jobs = [
        make_job(),
        make_job("demo", 1),
        make_job("test", 0),
    ]

    def run(batt):
        prepare(batt)
        results = [score_sample(job, LONG, "pile.log") for job in jobs]
        return [
            ([*zip(*result[:5], strict=True)], [result.counts[place] for place in result.count_index])
            for result in results
        ]

    called = run("my_batt")
    assert all(len(candidates) == 3 and all(counts) for candidates, counts in called)
    capfd.readouterr()
    write_modules(process, pile="raise SystemExit", batt_gpu="raise SystemExit", gpu_env="raise SystemExit")
    assert run(make_plan(load_batt("my_batt").batt)) == called
    assert capfd.readouterr() == ("", "")


def test_a_batts_arguments_are_those_of_its_job(process):
    given = []
    prepare(lambda *arguments: given.append(arguments) or ([], []))
    score_sample(make_job(), LONG, "pile.log")
    assert given == [("ab", PAIRS, GRID, None, "pile.log")]


def test_what_a_program_prints_is_not_on_standard_output(process, capfd):
    prepare(lambda *_: print("noise") or ([], []))
    score_sample(make_job(), LONG, "pile.log")
    assert capfd.readouterr() == ("", "noise\n")


def test_a_process_takes_one_task_after_the_other(process):
    write_modules(process, dsl=DSL + "def join(*values):\n    return values\n", constants="")
    prepare(make_plan(read_program(write_source("t1 = join(S)", output(1, "a")))))
    for pairs in (PAIRS, PAIRS[:1], PAIRS):
        result = score_sample(make_job(pairs=pairs), LONG, "pile.log")
        assert list_outputs(result) == [("a", (pairs,))]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(None, "ModuleNotFoundError: No module named 'bad_batt'", id="no module"),
        pytest.param("x = 1\n", "it has no function batt", id="no batt"),
        pytest.param("1 / 0\n", "ZeroDivisionError: division by zero", id="it fails"),
        pytest.param("def batt(:\n", "SyntaxError: invalid syntax", id="no Python"),
        pytest.param("batt = 5\n", "it has no function batt", id="no function"),
    ],
)
def test_a_module_without_a_batt_is_told_by_the_first_job(process, text, problem):
    if text is not None:
        write_modules(process, bad_batt=text)
    prepare("bad_batt")
    for job in (
        lambda: score_sample(make_job(), LONG, "pile.log"),
        lambda: time_solvers(ALL, INPUTS, [SOLVE + "    return I\n"], LONG),
    ):
        with pytest.raises(ValueError) as caught:
            job()
        message = str(caught.value)
        assert message.startswith("bad_batt.py: ")
        assert problem in message
        assert message.endswith(": write the batt anew")
        assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("1 / 0\n", "ZeroDivisionError: division by zero", id="it fails"),
        pytest.param("def (:\n", "SyntaxError: invalid syntax", id="no Python"),
        pytest.param("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'", id="an import"),
        pytest.param("raise SystemExit(3)\n", "SystemExit: 3", id="it ends"),
    ],
)
def test_a_dsl_that_cannot_be_imported_is_told_by_the_first_job(process, text, problem):
    write_modules(process, dsl=text, constants="")
    prepare(make_plan(read_program(USES_S)))
    with pytest.raises(ValueError) as caught:
        score_sample(make_job(), LONG, "pile.log")
    assert problem in str(caught.value)
    assert "dsl" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("modules", "problem"),
    [
        pytest.param({"pile": "1 / 0\n"}, "ZeroDivisionError: division by zero", id="they fail"),
        pytest.param({"pile": "raise SystemExit(3)\n"}, "SystemExit: 3", id="they end"),
        pytest.param(
            {"dsl": DSL, "constants": ""},
            "ModuleNotFoundError: No module named 'pile'",
            id="they are nowhere, and the DSL lacks a name",
        ),
    ],
)
def test_imports_that_fail_are_told_by_the_first_job(process, modules, problem):
    write_modules(process, **modules)
    prepare(make_plan(read_program("from pile import *\n" + USES_S)))
    with pytest.raises(ValueError) as caught:
        score_sample(make_job(), LONG, "pile.log")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EMFILE, "raise the limit of open files (ulimit -n)"),
        (errno.ENOSPC, "free some space"),
        (errno.ENOENT, "mend "),
    ],
    ids=["no handle", "no space", "another error"],
)
@pytest.mark.parametrize(("name", "what"), [("dsl", "dsl.py"), ("pile", "the batt's imports")])
def test_an_import_that_lacks_something_is_told(process, name, what, number, advice):
    write_modules(process, **{name: f"raise OSError({number}, 'not now')\n"}, constants="")
    prepare(make_plan(read_program("from pile import *\n" + USES_S)))
    with pytest.raises(ValueError) as caught:
        score_sample(make_job(), LONG, "pile.log")
    message = str(caught.value)
    assert message.startswith(f"{what}: ")
    assert f": [Errno {number}] not now: {advice}" in message


@pytest.fixture
def timed(process):
    """A prepared process; gives the list of what solvers were called with, by the function `note`."""
    noted = []
    names = {**NAMES, "note": lambda *arguments: noted.append(arguments), "sleep": time.sleep}
    batt = type(spin)(spin.__code__, names)
    prepare(batt)
    return noted


def test_a_solver_is_timed_on_every_sample(timed):
    noted = timed
    source = SOLVE + "    t1 = note(S, I, C)\n    t2 = sleep(0.01)\n    return t2\n"
    (speed,) = time_solvers(ALL, INPUTS, [source], LONG)
    assert noted == [(ALL, grid, None) for grid, _ in ALL]
    assert 0.03 <= speed.seconds < LONG / 6
    assert speed.timed_out is False


@pytest.mark.parametrize("failure", ["nowhere(t2)", "fail(t2)", "leave(t2)", "recurse(t2)"])
def test_a_solver_that_fails_has_taken_its_time(timed, failure):
    noted = timed
    source = f"{SOLVE}    t1 = note(I)\n    t2 = sleep(0.01)\n    return {failure}\n"
    (speed,) = time_solvers(ALL, INPUTS, [source], LONG)
    assert len(noted) == 3
    assert speed.seconds >= 0.03
    assert speed.timed_out is False


def test_a_solver_that_is_late_on_one_sample_is_timed_on_the_others(timed):
    noted = timed
    late = SOLVE + "    t1 = note(I)\n    return spin_once(I)\n"
    slow = SOLVE + "    return sleep(0.02)\n"
    quick = SOLVE + "    return I\n"
    speeds = time_solvers(ALL, INPUTS, [quick, late, slow], SHORT)
    assert len(noted) == 3
    assert [speed.timed_out for speed in speeds] == [False, True, False]
    assert 0 < speeds[0].seconds < speeds[1].seconds < LONG / 6
    assert speeds[1].seconds >= SHORT
    assert speeds[2].seconds >= 0.06


def test_solvers_leave_nothing_behind(timed):
    noted = timed
    sources = [f"{before}{SOLVE}    return note({n})\n" for n, before in enumerate(["", "note = None\n", ""])]
    assert len(time_solvers(ALL, INPUTS, sources, LONG)) == 3
    assert noted == [(0,)] * 3 + [(2,)] * 3


def test_no_solvers_take_no_time(timed):
    assert time_solvers(ALL, INPUTS, [], LONG) == []
