"""The text of a solver or differ file: one line for each distinct call, in the order of evaluation."""

from batt_utils.batt.program import VARIABLE, Calls, needs

IMPORTS = "from dsl import *\nfrom constants import *\n\n"


def expand(calls: Calls, kind: str, t: int) -> str:
    """Writes call `t` as the file of a function named `kind` (`solve` or `differ`).

    Each distinct call has one line, in post-order (what is called first, then the arguments from left to
    right), numbered from 1; the last one is `O`.

    >>> from batt_utils.batt.program import check_calls
    >>> print(expand(check_calls({4: "hmirror, I", 7: "vconcat, I, t4"}), "solve", 7), end="")
    from dsl import *
    from constants import *
    <BLANKLINE>
    def solve(S, I, C):
        x1 = hmirror(I)
        O = vconcat(I, x1)
        return O
    """
    first = _first_equal(calls, t)
    root = first[t]
    names: dict[int, str] = {}
    lines: list[str] = []
    rest = [root]
    while rest:
        number = rest[-1]
        call = calls[number]
        missing = [first[need] for need in call.needs if first[need] not in names]
        if number in names:
            rest.pop()
        elif missing:
            rest += reversed(missing)
        else:
            rest.pop()
            names[number] = "O" if number == root else f"x{len(names) + 1}"
            function, *arguments = (
                names[first[int(item[1:])]] if VARIABLE(item) else item
                for item in (call.function, *call.arguments)
            )
            lines.append(f"    {names[number]} = {function}({', '.join(arguments)})\n")
    return f"{IMPORTS}def {kind}(S, I, C):\n{''.join(lines)}    return O\n"


def _first_equal(calls: Calls, t: int) -> dict[int, int]:
    """For each call that `t` needs, the first one that is equal to it once variables are replaced."""
    first: dict[int, int] = {}
    seen: dict[tuple[str | int, ...], int] = {}
    for number in needs(calls, [t]):
        call = calls[number]
        key = tuple(
            first[int(item[1:])] if VARIABLE(item) else item for item in (call.function, *call.arguments)
        )
        first[number] = seen.setdefault(key, number)
    return first
