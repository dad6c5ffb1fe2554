"""The forms in which batts and their call tables come: what stands before the calls, how a call is told."""

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from batt_utils.batt.program import VARIABLE, Call, Calls, make_call
from batt_utils.card import GUARDED

THREE = "TypeError, AttributeError, ValueError"
FIVE = f"{THREE}, IndexError, KeyError"


class Form(NamedTuple):
    """One form of a batt and its call table."""

    name: str
    prelude: str  # what stands before the function
    lists: str  # the names of its two lists, in their order
    guard: str  # what a guarded call may raise
    one_line: bool  # the samples are taken apart by `batch_process_samples_gpu`, not by its four calls
    records: bool  # the table holds records, not texts


GPU_PRELUDE = '''\
# Made by tests/host. Nothing below needs a device.
from pile import *
from gpu_env import ARRAYS, pick_device
from safe_dsl import _get_safe_default

try:
    import cupy as arrays
    from batch_tuner import Tuner

    DEVICE = pick_device()
    tuner = Tuner(DEVICE)
    PORTION, ready = tuner.portion, True
    print(f"prelude: {ARRAYS} on {DEVICE}")
except Exception as e:
    arrays = tuner = None
    PORTION, ready = 0, False
    print(f"prelude: no arrays, {e}")


def batch_process_samples_gpu(S):
    """Takes the samples S apart: inputs, outputs, and the colours of each.

    It stands before the calls that begin with `s = []`, and a batt ends with

    return o, s

    which this text is not.
    """
    if ready and len(S) > PORTION:
        try:
            portions = tuner.split(S)
        except (TypeError, ValueError) as e:
            print(f"prelude: not split, {e}")
        else:
            S = tuple(pair for portion in portions for pair in portion)
    elif not S:
        return (), (), (), ()
    colours = lambda grids: mapply(p_g, grids)
    inputs, outputs = (apply(lambda pair, n=n: pair[n], S) for n in (0, 1))
    return inputs, outputs, colours(inputs), colours(outputs)


'''
IMPORTED_PRELUDE = """\
from batt_gpu import batch_process_samples_gpu
from pile import *
from safe_dsl import _get_safe_default


"""
TRIED_PRELUDE = """\
from dsl import *
from constants import *
from safe_dsl import _get_safe_default

try:
    from batch_tuner import Tuner
except ImportError:
    Tuner = None


"""
DSL_PRELUDE = """\
from dsl import *
from constants import *
from safe_dsl import _get_safe_default


"""
SEED = Form("seed", GPU_PRELUDE, "so", THREE, one_line=True, records=False)
NEWEST = Form("newest", DSL_PRELUDE, "os", FIVE, one_line=False, records=True)
FORMS = (
    SEED,
    Form("imported", IMPORTED_PRELUDE, "os", THREE, one_line=True, records=False),
    Form("imported, five names", IMPORTED_PRELUDE, "so", FIVE, one_line=True, records=False),
    Form("tried import", TRIED_PRELUDE, "os", FIVE, one_line=False, records=False),
    NEWEST,
)
COMMENTS = (
    "    # - Arg change: t7 -> t4\n",
    "    # - HintValue(hint=('Grid', None), value=('first', 't3'))\n",
    "    # t1 = first(S)\n",
    "    # o.append((1, True, 'none', t1)) is for later\n",
    "# try:\n",
    "\n",
)
HINTS = (
    None,
    "Grid",
    "Callable",
    ("Container", "Integer"),
    ("Callable", ("Grid", None), ("Objects", ("I",))),
)
RECORDS = """\
from collections import namedtuple
HintValue = namedtuple('HintValue', ['hint', 'value'])
"""


def take_apart(batch: Sequence[int]) -> Calls:
    """The four calls that take the samples apart, with these numbers."""
    a, b, c, d = batch
    return {
        a: make_call("apply", "first", "S"),
        b: make_call("apply", "second", "S"),
        c: make_call("mapply", "p_g", f"t{a}"),
        d: make_call("mapply", "p_g", f"t{b}"),
    }


def write_samples(form: Form, batch: Sequence[int]) -> str:
    """The lines that take the samples apart."""
    if form.one_line:
        return f"    {', '.join(f't{t}' for t in batch)} = batch_process_samples_gpu(S)\n"
    return "".join(GUARDED.format(number=t, call=call) for t, call in take_apart(batch).items())


def write_source(form: Form, statements: str, rng: random.Random) -> str:
    """The batt of statements that are guarded as the card does it.

    Some get a comment before them, and some calls lose their guard.
    """

    def write(block: re.Match[str]) -> str:
        comment = rng.choice(COMMENTS) if rng.random() < 0.05 else ""
        is_plain = rng.random() < 0.1 and not VARIABLE(block["function"])  # a DSL's function never fails
        return comment + (f"    {block['line']}\n" if is_plain else block[0].replace(FIVE, form.guard))

    guarded = r"    try:\n        (?P<line>t\d+ = (?P<function>\w+)\(.*\))\n.*\n.*\n"
    lists = "".join(f"    {name} = []\n" for name in form.lists)
    head = f"{form.prelude}def batt(task_id, S, I, C, log_path):\n{lists}"
    return f"{head}{re.sub(guarded, write, statements)}    return o, s\n"


def write_table(form: Form, calls: Calls, rng: random.Random) -> str:
    """The call table."""
    if form.records:
        entries = [
            f"{t}: HintValue(hint={rng.choice(HINTS)!r}, value={call.items!r})" for t, call in calls.items()
        ]
        return f"{RECORDS}t_call = {{{', '.join(entries)}}}\n"
    lines = [f"    {t}: '{write_text(place, call)}',\n" for place, (t, call) in enumerate(calls.items())]
    return f"t_call = {{\n{''.join(lines)}}}\n"


def write_text(place: int, call: Call) -> str:
    """An entry in one of its forms, the usual one more often."""
    if place % 7 == 3:
        return str(call)
    text = ", ".join(call.items)
    return re.sub(r", (t\d+)\b", r", \1.t", text) if place % 7 == 5 else text
