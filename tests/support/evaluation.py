"""A small invented DSL, batts of it, and what evaluators give of these."""

import builtins
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import strategies as st

from batt_utils.batt.plan import make_plan
from batt_utils.batt.reader import read_program
from batt_utils.evaluate.function import FunctionEvaluator
from batt_utils.evaluate.results import Keep, SampleJob, SampleScore
from batt_utils.evaluate.table import TableEvaluator
from batt_utils.evaluate.values import keep_size
from batt_utils.tasks import Grid, Pairs, Sample
from batts import measure, output, write_source
from tables import Table, call_tables

GRID: Grid = ((1, 2),)
OTHER: Grid = ((2, 1),)
THIRD: Grid = ((5,), (6,))
PAIRS: Pairs = ((GRID, OTHER), (THIRD, GRID))
SAMPLE: Sample = {"input": GRID, "output": OTHER}
LONG = 60  # seconds that no test takes
SHORT = 0.25

# The DSL


def mirror(grid: Any) -> Any:
    """Turn each row round."""
    return tuple(row[::-1] for row in grid)


def first(values: Any) -> Any:
    """Give the first value."""
    return values[0]


def second(values: Any) -> Any:
    """Give the second value; there may be none."""
    return values[1]


def apply(function: Any, values: Any) -> Any:
    """Call a function with each value."""
    return tuple(function(value) for value in values)


def mapply(function: Any, values: Any) -> Any:
    """Call a function with each value, and join what it gives."""
    return tuple(item for value in values for item in function(value))


def p_g(grid: Any) -> Any:
    """Pair each cell with its grid."""
    return tuple((cell, grid) for row in grid for cell in row)


def batch_process_samples_gpu(samples: Any) -> Any:
    """Give the inputs, the outputs, and the cells of both."""
    inputs, outputs = apply(first, samples), apply(second, samples)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)


def join(*values: Any) -> Any:
    """Give all values as one."""
    return values


def add(one: Any, other: Any) -> Any:
    """Add two values."""
    return one + other


def differ(one: Any, other: Any) -> Any:
    """Measure whether two values differ, as differs do: the size comes first."""
    return int(one != other), one


def choose(value: Any) -> Any:
    """Give a function."""
    return mirror if value == GRID else differ


def fail(*values: Any) -> NoReturn:
    """Raise a ValueError."""
    raise ValueError(values)


def look_up(value: Any) -> Any:
    """Raise a KeyError."""
    return {}[value]


def divide(value: Any) -> Any:
    """Raise a ZeroDivisionError."""
    return value / 0


def leave(value: Any) -> NoReturn:
    """End the process."""
    sys.exit(value)


def recurse(value: Any) -> Any:
    """Recurse without end."""
    return recurse(value)


def spin(value: Any) -> Any:
    """Run without end."""
    while True:
        pass


def spin_once(value: Any) -> Any:
    """Run without end on one grid."""
    return spin(value) if value == GRID else value


def _get_safe_default(function: Any) -> Any:
    return "default", function.__name__  # as in a real one, there is none for what is no function


NAMES: dict[str, Any] = {**vars(builtins), **globals()}

# What evaluators give

Evaluator = TableEvaluator | FunctionEvaluator


def make_table_evaluator(source: str, names: Mapping[str, Any] = NAMES) -> TableEvaluator:
    """Make the evaluator of a batt that is read."""
    return TableEvaluator(make_plan(read_program(source)), names)


def make_function_evaluator(source: str, names: Mapping[str, Any] = NAMES) -> FunctionEvaluator:
    """Make the evaluator of a batt that is called."""
    namespace = dict(names)
    exec(source, namespace)
    return FunctionEvaluator(namespace["batt"])


EVALUATORS = pytest.mark.parametrize(
    "make", [make_table_evaluator, make_function_evaluator], ids=["table", "function"]
)


def score(
    evaluator: Evaluator,
    part: str = "demo",
    sample: Sample = SAMPLE,
    timeout: float = LONG,
    pairs: Pairs = PAIRS,
) -> SampleScore:
    """Score one sample; keep the values."""
    return evaluator.score(SampleJob("ab", part, 0, pairs, sample, Keep.VALUES), timeout, "pile.log")


def list_outputs(score: SampleScore) -> list[tuple[str, object]]:
    """List each candidate's solver and value."""
    return [(solver_id, value) for _, _, solver_id, value, _ in score.candidates]


def list_counted(score: SampleScore) -> list[tuple[object, ...]]:
    """List each candidate, whether it matches, and the differ values that count for it."""
    return [
        (*scored, values["None"].values, values[scored.solver_id].values)
        for scored, place in zip(score.candidates, score.target_index, strict=True)
        for values in [score.differ_values[place]]
    ]


def list_values(score: SampleScore) -> list[dict[str, list[Any]]]:
    """List the differ values by owner, for each C."""
    return [{owner: found.values for owner, found in owners.items()} for owners in score.differ_values]


def score_plainly(
    source: str, names: Mapping[str, Any], part: str, sample: Sample
) -> list[tuple[object, ...]]:
    """Give what `list_counted` gives by plain calls: one for the candidates, one more for each of them."""
    namespace = dict(names)
    exec(source, namespace)
    call = partial(namespace["batt"], "ab", PAIRS, sample["input"])
    counted: list[tuple[object, ...]] = []
    for *candidate, value in call(None, "pile.log")[0]:
        _, s = call(sample["output"] if part == "demo" else value, "pile.log")
        own = [
            [(t, owner, name, keep_size(value)) for t, owner, name, value in s if owner == wanted]
            for wanted in ("None", candidate[2])
        ]
        counted.append((*candidate, value, value == sample["output"], *own))
    return counted


# Invented batts

SOFT = ("mirror", "head", "apply", "join", "differ", "choose", "fail")
HARD = ("second", "look_up", "divide", "recurse", "nowhere")
ARGUMENTS = ("S", "I", "C", "I", "C", "0", "-1", "head", "mirror", "None")


def head(values: Any) -> Any:
    """Give the first value, or what has none."""
    return values[0] if values else values


def default_of_anything(function: object) -> tuple[str, object]:
    """Give a default, also of what is no function."""
    return "default", getattr(function, "__name__", None)


INVENTED: dict[str, Any] = {**NAMES, "head": head, "_get_safe_default": default_of_anything}
Outputs = list[tuple[int, str, bool]]  # t, solver_id, evolved
Differs = list[tuple[int, str, str]]  # t, owner, name


@st.composite
def invented_batts(
    draw: Callable[[Any], Any], functions: Sequence[str], guards: st.SearchStrategy[str]
) -> tuple[Table, dict[int, str], Outputs, Differs]:
    """Draw what an invented batt says: its table, the guards of its calls, its outputs and differs."""
    table = draw(call_tables(functions, ARGUMENTS))
    guarded = {t: draw(guards) for t in table}
    roots = st.sampled_from(list(table))
    outputs = draw(st.lists(st.tuples(roots, st.sampled_from("ab"), st.booleans()), max_size=5))
    owners, names = st.sampled_from(["None", "a", "b", "c"]), st.sampled_from("xy")
    differs = draw(st.lists(st.tuples(roots, owners, names), max_size=5))
    return table, guarded, outputs, differs


def write_invented(
    table: Mapping[int, Iterable[str]], guarded: Mapping[int, str], outputs: Outputs, differs: Differs
) -> str:
    """Write an invented batt."""
    return write_source(
        *(
            f"t{t} {guarded[t]} {function}({', '.join(arguments)})"
            for t, (function, *arguments) in table.items()
        ),
        *(output(*item) for item in outputs),
        *(measure(*item) for item in differs),
    )


# Modules, and calls that fail

DSL = """
def mirror(grid):
    return grid[::-1]
def _get_safe_default(function):
    return ()
"""


def write_modules(folder: Path, **texts: str) -> None:
    """Write modules, by their names, into a folder."""
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
