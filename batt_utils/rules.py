"""The scores of a batt's solvers: correct outputs (`O_Score`) and differ counts (`D_Score`, `S_Score`)."""

from collections.abc import Iterable
from typing import Any

DifferValue = tuple[int, str, str, object]  # t, owner, name, value
Counts = dict[str, int]  # last_t, iz, zo
Count = tuple[str, int | None, int, int]  # name, t of what measures the input (None: nothing does), iz, zo
KINDS = ("iz", "zo")
NO_OWNER = "None"


class O_Score:
    """The number of samples that each solver got right.

    >>> o_score = O_Score()
    >>> o_score.update("a3", True)
    >>> o_score.update("a3", False)
    >>> o_score.score
    {'a3': 1}
    """

    def __init__(self) -> None:
        self.score: dict[str, int] = {}

    def update(self, solver_id: str, match: bool) -> None:
        """Count one output of a solver, equal to the expected one or not."""
        self.score[solver_id] = self.score.get(solver_id, 0) + match


def count(values: Iterable[DifferValue]) -> list[Count]:
    """Count the differ values of nobody (owner `'None'`) and of one solver, in order.

    On the input, a difference counts as `iz`, none as `zo`; on the solver's output it is the other way round.
    """
    counts: list[list[Any]] = []
    latest: dict[str, list[Any]] = {}
    for t, owner, name, value in values:
        on_input = owner == NO_OWNER
        if on_input or name not in latest:
            latest[name] = [name, t if on_input else None, 0, 0]
            counts.append(latest[name])
        size = value[0] if isinstance(value, tuple) and value else None
        if isinstance(size, int) and not isinstance(size, bool):
            latest[name][2] += size > 0 if on_input else size == 0
            latest[name][3] += size == 0 if on_input else size > 0
    return [(name, t, iz, zo) for name, t, iz, zo in counts]


class D_Score:
    """The counts of each solver and differ: how often an output closed (`iz`) or opened (`zo`) a difference.

    Attributes:
        score: `score[solver_id][name]` holds `last_t`, `iz` and `zo`.
        last_t: `last_t[name]` is the call that measures the input.

    >>> d_score = D_Score()
    >>> d_score.update("a3", [(7, "None", "differ_x", (2, 0)), (9, "a3", "differ_x", (0, 0))])
    >>> d_score.score
    {'a3': {'differ_x': {'last_t': 7, 'iz': 2, 'zo': 0}}}
    >>> d_score.update("a3", (9, "a3", "differ_x", (1, 0)))
    >>> d_score.score
    {'a3': {'differ_x': {'last_t': 7, 'iz': 2, 'zo': 1}}}
    """

    def __init__(self) -> None:
        self.score: dict[str, dict[str, Counts]] = {}
        self.last_t: dict[str, int] = {}

    def update(self, solver_id: str, values: DifferValue | Iterable[DifferValue]) -> None:
        """Count one or all differ values of a sample for a candidate of a solver: nobody's and its own."""
        items: Iterable[Any] = [values] if _is_item(values) else values
        self.add(solver_id, count(item for item in items if item[1] in (NO_OWNER, solver_id)))

    def add(self, solver_id: str, counts: Iterable[Count]) -> None:
        """Add what one candidate of a solver counts; leave out names that never measured an input."""
        for name, last_t, iz, zo in counts:
            if last_t is not None:
                self.last_t[name] = last_t
            elif name not in self.last_t:
                continue
            names = self.score.setdefault(solver_id, {})
            if name not in names:
                names[name] = {"last_t": self.last_t[name], "iz": 0, "zo": 0}
            names[name]["iz"] += iz
            names[name]["zo"] += zo


def _is_item(values: object) -> bool:
    return isinstance(values, (tuple, list)) and len(values) == 4 and isinstance(values[1], str)


class S_Score:
    """The differ counts of the demo samples: `D_Score.score` as it was before the test samples."""

    def __init__(self) -> None:
        self.score: dict[str, dict[str, Counts]] = {}

    def update(self, d_score: D_Score) -> None:
        """Copy what `d_score` holds now."""
        self.score = {
            solver_id: {name: dict(counts) for name, counts in names.items()}
            for solver_id, names in d_score.score.items()
        }
