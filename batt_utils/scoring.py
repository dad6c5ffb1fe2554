"""The scores of a batt's solvers: correct outputs (`O_Score`) and differ counts (`D_Score`, `S_Score`)."""

from collections.abc import Iterable

DifferValue = tuple[int, str, str, object]  # t, owner, name, value
Counts = dict[str, int]  # last_t, iz, zo
KINDS = ("iz", "zo")
NO_OWNER = "None"


class O_Score:
    """How many samples each solver got right.

    >>> o_score = O_Score()
    >>> o_score.update("a3", True)
    >>> o_score.update("a3", False)
    >>> o_score.score
    {'a3': 1}
    """

    def __init__(self) -> None:
        self.score: dict[str, int] = {}

    def update(self, solver_id: str, match: bool) -> None:
        """Counts one output of a solver, equal to the expected one or not."""
        self.score[solver_id] = self.score.get(solver_id, 0) + match


class D_Score:
    """How often each solver's output closed (`iz`) or opened (`zo`) a difference, for each differ.

    `score[solver_id][name]` holds `last_t`, `iz` and `zo`; `last_t[name]` the call that measures the input.

    >>> d_score = D_Score()
    >>> d_score.update("a3", [(7, "None", "differ_x", (2, 0)), (9, "a3", "differ_x", (0, 0))])
    >>> d_score.score
    {'a3': {'differ_x': {'last_t': 7, 'iz': 2, 'zo': 0}}}
    """

    def __init__(self) -> None:
        self.score: dict[str, dict[str, Counts]] = {}
        self.last_t: dict[str, int] = {}

    def update(self, solver_id: str, values: Iterable[DifferValue]) -> None:
        """Counts the differ values of a sample for one candidate of solver `solver_id`.

        A difference on the input (owner `'None'`) counts as `iz` where there is one and as `zo` where there
        is none; one on the solver's own output the other way round; those of other solvers not at all.
        """
        for t, owner, name, value in values:
            if owner == NO_OWNER:
                self.last_t[name] = t
            elif owner != solver_id:
                continue
            if name not in self.last_t:
                continue
            counts = self.score.setdefault(solver_id, {}).setdefault(
                name, {"last_t": self.last_t[name], "iz": 0, "zo": 0}
            )
            size = value[0] if isinstance(value, tuple) and value else None
            if isinstance(size, int) and not isinstance(size, bool):
                counts["iz"] += size > 0 if owner == NO_OWNER else size == 0
                counts["zo"] += size == 0 if owner == NO_OWNER else size > 0


class S_Score:
    """The differ counts of the demo samples: `D_Score.score` as it was before the test samples."""

    def __init__(self) -> None:
        self.score: dict[str, dict[str, Counts]] = {}

    def update(self, d_score: D_Score) -> None:
        """Takes over what `d_score` holds now."""
        self.score = {
            solver_id: {name: dict(counts) for name, counts in names.items()}
            for solver_id, names in d_score.score.items()
        }
