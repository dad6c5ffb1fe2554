"""A small invented DSL, batts of it, and what evaluators give of these."""

import builtins
import sys
from functools import partial

import pytest
from hypothesis import strategies as st

from batt_utils.batt.plan import make_plan
from batt_utils.batt.reader import read_program
from batt_utils.evaluate.function import FunctionEvaluator
from batt_utils.evaluate.results import SampleJob
from batt_utils.evaluate.table import TableEvaluator
from batt_utils.evaluate.values import keep_size
from tables import call_tables

GRID, OTHER, THIRD = ((1, 2),), ((2, 1),), ((5,), (6,))


PAIRS = ((GRID, OTHER), (THIRD, GRID))


SAMPLE = {"input": GRID, "output": OTHER}


LONG = 60  # seconds that no test takes


SHORT = 0.25


def mirror(grid):
    return tuple(row[::-1] for row in grid)


def first(values):
    return values[0]


def second(values):
    return values[1]


def apply(function, values):
    return tuple(function(value) for value in values)


def mapply(function, values):
    return tuple(item for value in values for item in function(value))


def p_g(grid):
    return tuple((cell, grid) for row in grid for cell in row)


def batch_process_samples_gpu(samples):
    inputs, outputs = apply(first, samples), apply(second, samples)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)


def join(*values):
    return values


def add(one, other):
    return one + other


def differ(one, other):
    return int(one != other), one


def choose(value):
    return mirror if value == GRID else differ


def fail(*values):
    raise ValueError(values)


def look_up(value):
    return {}[value]


def divide(value):
    return value / 0


def leave(value):
    sys.exit(value)


def recurse(value):
    return recurse(value)


def spin(value):
    while True:
        pass


def spin_once(value):
    return spin(value) if value == GRID else value


def _get_safe_default(function):
    return "default", function.__name__  # as in a real one, there is none for what is no function


NAMES = {**vars(builtins), **globals()}


GUARDS = {
    "=": (),
    "?": (TypeError, AttributeError, ValueError),
    "??": (TypeError, AttributeError, ValueError, IndexError, KeyError),
}


def write_batt(*lines):
    """A batt's source; `tN ? CALL` stands for a call guarded against three errors, `??` against five."""
    text = "def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n"
    for line in lines:
        t, mark, call = [*line.split(" ", 2), "", ""][:3]
        if GUARDS.get(mark):
            names = ", ".join(error.__name__ for error in GUARDS[mark])
            text += f"    try:\n        {t} = {call}\n    except ({names}):\n"
            text += f"        {t} = _get_safe_default({call.partition('(')[0]})\n"
        else:
            text += f"    {line}\n"
    return text + "    return o, s\n"


def output(t, solver_id, evolved=False):
    return f"o.append(({t}, {evolved}, '{solver_id}', t{t}))"


def measure(t, owner, name="differ_x"):
    return f"s.append(({t}, '{owner}', '{name}', t{t}))"


def make_table_evaluator(source, names=NAMES):
    return TableEvaluator(make_plan(read_program(source)), names)


def make_function_evaluator(source, names=NAMES):
    namespace = dict(names)
    exec(source, namespace)
    return FunctionEvaluator(namespace["batt"])


EVALUATORS = pytest.mark.parametrize(
    "make", [make_table_evaluator, make_function_evaluator], ids=["table", "function"]
)


def score(evaluator, part="demo", sample=SAMPLE, timeout=LONG, pairs=PAIRS):
    return evaluator.score(SampleJob("ab", part, 0, pairs, sample, True), timeout, "pile.log")


def list_outputs(score):
    return [(solver_id, value) for _, _, solver_id, value, _ in score.candidates]


def list_counted(score):
    """Each candidate, whether it matches, and the differ values that count for it."""
    return [
        (*scored, values["None"].values, values[scored.solver_id].values)
        for scored, place in zip(score.candidates, score.measured, strict=True)
        for values in [score.differ_values[place]]
    ]


def list_values(score):
    """The differ values by owner, for each C."""
    return [{owner: found.values for owner, found in owners.items()} for owners in score.differ_values]


def score_plainly(source, names, part, sample):
    """The same by plain calls of the batt: one for the candidates, one more for each of them."""
    namespace = dict(names)
    exec(source, namespace)
    call = partial(namespace["batt"], "ab", PAIRS, sample["input"])
    counted = []
    for *candidate, value in call(None, "pile.log")[0]:
        _, s = call(sample["output"] if part == "demo" else value, "pile.log")
        own = [
            [(t, owner, name, keep_size(value)) for t, owner, name, value in s if owner == wanted]
            for wanted in ("None", candidate[2])
        ]
        counted.append((*candidate, value, value == sample["output"], *own))
    return counted


SOFT = ("mirror", "head", "apply", "join", "differ", "choose", "fail")


HARD = ("second", "look_up", "divide", "recurse", "nowhere")


ARGUMENTS = ("S", "I", "C", "I", "C", "0", "-1", "head", "mirror", "None")


def head(values):
    return values[0] if values else values


def default_of_anything(function):
    return "default", getattr(function, "__name__", None)


INVENTED = {**NAMES, "head": head, "_get_safe_default": default_of_anything}


@st.composite
def invented_batts(draw, functions, guards):
    """What an invented batt says: (table, guards, outputs, differs)."""
    table = draw(call_tables(functions, ARGUMENTS))
    guarded = {t: draw(guards) for t in table}
    roots = st.sampled_from(list(table))
    outputs = draw(st.lists(st.tuples(roots, st.sampled_from("ab"), st.booleans()), max_size=5))
    owners, names = st.sampled_from(["None", "a", "b", "c"]), st.sampled_from("xy")
    differs = draw(st.lists(st.tuples(roots, owners, names), max_size=5))
    return table, guarded, outputs, differs


def write_invented(table, guarded, outputs, differs):
    return write_batt(
        *(
            f"t{t} {guarded[t]} {function}({', '.join(arguments)})"
            for t, (function, *arguments) in table.items()
        ),
        *(output(*item) for item in outputs),
        *(measure(*item) for item in differs),
    )


DSL = """
def mirror(grid):
    return grid[::-1]
def _get_safe_default(function):
    return ()
"""


def write_modules(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


FAILURES = [
    pytest.param("t2 = fail(I)", id="ValueError, not guarded"),
    pytest.param("t2 = mirror(7)", id="TypeError, not guarded"),
    pytest.param("t2 ? divide(1)", id="ZeroDivisionError"),
    pytest.param("t2 ? second(t1)", id="IndexError"),
    pytest.param("t2 ? look_up(I)", id="KeyError"),
    pytest.param("t2 ?? divide(1)", id="ZeroDivisionError, guarded against five"),
    pytest.param("t2 ?? t1(I)", id="a call of a value, guarded against five"),
    pytest.param("t2 ? recurse(I)", id="infinite recursion"),
    pytest.param("t2 ? leave(1)", id="an end of the process"),
    pytest.param("t2 ? nowhere(I)", id="a function that is nowhere"),
    pytest.param("t2 ? join(nowhere)", id="an argument that is nowhere"),
    pytest.param("t2 ? t1(I)", id="a call of a value, which has no default"),
    pytest.param("t2 ? ZERO(I)", id="a call of a constant, which has no default"),
]
