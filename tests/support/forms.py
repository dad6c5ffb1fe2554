"""The forms that batts are found in: the same small batt in each of them."""

from typing import NamedTuple

THREE = "TypeError, AttributeError, ValueError"
FIVE = f"{THREE}, IndexError, KeyError"
COMPUTES = '''\
# Made in October.
from pile import *
from gpu_env import GPUEnv
from safe_dsl import _get_safe_default

try:
    import cupy as cp
    from gpu_env import Optimizer
    print("with a GPU")
    optimizer, has_gpu = Optimizer(cp), True
except Exception as e:
    print(f"without a GPU: {e}")
    optimizer = cp = None
    has_gpu = False


def batch_process_samples_gpu(S):
    """Works on all samples at once; return o, s of the others.

    For use in

def batt(task_id, S, I, C, log_path):
    s = []
    """
    if has_gpu and len(S) > 3:
        try:
            return optimizer.split(S, key=lambda pair: pair[0])
        except Exception as e:
            print(e)
    inputs = tuple(map(lambda pair: pair[0], S))
    outputs = tuple(pair[1] for pair in S)
    first, second = [], []
    for grid in inputs:
        first.append(p_g(grid))
    for grid in outputs:
        second.append(p_g(grid))
    return inputs, outputs, tuple(first), tuple(second)


'''
IMPORTS = """\
from pile import *
from batt_gpu import batch_process_samples_gpu
from safe_dsl import _get_safe_default


"""
TRIES = """\
from dsl import *
from constants import *
from safe_dsl import _get_safe_default

try:
    from gpu_env import GPUEnv
except ImportError:
    pass


"""
NEWEST = """\
from dsl import *
from constants import *
from safe_dsl import _get_safe_default


"""
FOUR = ("apply(first, S)", "apply(second, S)", "mapply(p_g, t1)", "mapply(p_g, t2)")
CALLS = {
    **dict(enumerate(FOUR, 1)),
    5: "hmirror(I)",
    6: "fill(t5, ZERO, -1)",  # a TypeError
    7: "identity(p_g)",
    8: "t7(I)",
    9: "size(t4)",
    10: "first(t2)",
}
LINES = """\
    o.append((5, False, 'a1', t5))
    # - Arg change: ZERO -> -1
    o.append((6, True, 'b2', t6))
    s.append((9, 'None', 'differ_a', t9))
    s.append((8, 'a1', 'differ_b', t8))
    o.append((10, False, 'c3', t10))
    return o, s
"""


class Form(NamedTuple):
    """A form.

    Attributes:
        prelude: what comes before the function.
        errors: the names in `except`.
        as_four: whether `batch_process_samples_gpu` gives the first four calls in one line.
        as_records: whether the entries of the call table are records.
    """

    prelude: str
    errors: str
    as_four: bool
    as_records: bool


FORMS = {
    "12 Oct": Form(COMPUTES, THREE, True, False),
    "13 Oct": Form(IMPORTS, THREE, True, False),
    "15 Oct": Form(IMPORTS, FIVE, True, False),
    "16 Oct": Form(TRIES, FIVE, False, False),
    "23 Oct": Form(NEWEST, FIVE, False, True),
}


def write_form(form: Form) -> tuple[str, str]:
    """Write the texts of the batt and of its call table."""
    lines = ["def batt(task_id, S, I, C, log_path):\n    s = []\n    o = []\n"]
    calls = dict(CALLS)
    if form.as_four:
        lines.append("    t1, t2, t3, t4 = batch_process_samples_gpu(S)\n")
        calls = {t: call for t, call in calls.items() if t > 4}
    for t, call in calls.items():
        lines.append(
            f"    try:\n        t{t} = {call}\n    except ({form.errors}):\n"
            f"        t{t} = _get_safe_default({call.partition('(')[0]})\n"
        )
    return form.prelude + "".join([*lines, LINES]), write_table(form)


def write_table(form: Form) -> str:
    """Write the text of the call table, in which the texts of calls have both their forms."""
    entries = {t: call.removesuffix(")").replace("(", ", ", 1) for t, call in CALLS.items()}
    if not form.as_records:
        entries |= {t: CALLS[t] for t in (1, 2, 3, 4, 8)}
        entries[9] = "size, t4.t"
        return "t_call = {\n" + "".join(f"    {t}: {entry!r},\n" for t, entry in entries.items()) + "}\n"
    hints = ["Grid", None, ("Grid", ("Any", None)), "f(x), value=('y',)), 3: '"]
    records = (
        f"{t}: HintValue(hint={hints[t % 4]!r}, value={tuple(entry.split(', '))!r}),\n"
        for t, entry in entries.items()
    )
    head = "from collections import namedtuple\nHintValue = namedtuple('HintValue', ['hint', 'value'])\n"
    return f"{head}t_call = {{{''.join(records)}}}\n"
