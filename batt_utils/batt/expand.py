"""The text of a solver or differ file: one line for each distinct call, in the order of evaluation."""

from batt_utils.batt.program import Calls, find_equals, find_needed

IMPORTS = "from dsl import *\nfrom constants import *\n\n"


def expand(calls: Calls, kind: str, t: int) -> str:
    """Write call `t` as the file of a function named `kind` (`solve` or `differ`).

    Each distinct call has one line, in post-order (what is called first, then the arguments from left to
    right), numbered from 1; the last one is `O`.

    >>> from batt_utils.batt.reader import parse_calls
    >>> print(expand(parse_calls({4: "hmirror, I", 7: "vconcat, I, t4"}), "solve", 7), end="")
    from dsl import *
    from constants import *
    <BLANKLINE>
    def solve(S, I, C):
        x1 = hmirror(I)
        O = vconcat(I, x1)
        return O
    """
    first = find_equals(calls, find_needed(calls, [t]))
    root = first[f"t{t}"]
    names: dict[int, str] = {}
    lines: list[str] = []
    rest = [root]
    while rest:
        number = rest[-1]
        items = [first.get(item, item) for item in calls[number].items]
        missing = [item for item in items if isinstance(item, int) and item not in names]
        if number in names:
            rest.pop()
        elif missing:
            rest += reversed(missing)
        else:
            rest.pop()
            names[number] = "O" if number == root else f"x{len(names) + 1}"
            function, *arguments = [names[item] if isinstance(item, int) else item for item in items]
            lines.append(f"    {names[number]} = {function}({', '.join(arguments)})\n")
    return f"{IMPORTS}def {kind}(S, I, C):\n{''.join(lines)}    return O\n"
