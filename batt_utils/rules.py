"""What counts, and what is stored where: by the rules of the seed, or by those of the newest revision."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from warnings import catch_warnings, simplefilter

from batt_utils.console import UserError

if TYPE_CHECKING:
    import ast

DifferValue = tuple[int, str, str, object]  # t, owner, name, value
Counts = dict[str, int]  # last_t, and iz and zo, or score
Count = tuple[Any, ...]  # name, t of what measures the input (None: nothing does), iz, zo or score
Sized = Mapping[str, Any]  # what was measured with one C, by owner: see `evaluate.results.Measured`
KINDS = ("iz", "zo")
NO_OWNER = "None"
MOST_POINTS = 1000


# A statement at the margin, and the lines that go on with it.
_DIFFER = re.compile(r"^(?:class Differ\b|Differ\s*=).*\n(?:(?:[ \t#)\]}].*)?\n)*", re.MULTILINE)


class Rules(Protocol):
    """The rules of a revision.

    Attributes:
        name: as `--rules` gives it.
        timeout: the default of `-t`.
        batt: the default of `-b`.
        points: what a right output adds to O_SCORE.
        least_items: how many items a differ's value has that counts.
        demo_only: whether S_SCORE is that of the demo samples.
        link_all: whether differs are linked for solvers that find no place, too.
        kinds: the folders of differ_dir with links to differs; None: differ_dir itself.
        timings: what names of seconds are called here.
    """

    name: str
    timeout: float
    batt: str
    points: int
    least_items: int
    demo_only: bool
    link_all: bool
    kinds: Sequence[str | None]
    timings: Mapping[str, str]

    def list_targets(self, expected: object) -> Sequence[object]:
        """List the C's that the differs of all owners are measured with; empty: each candidate has its C."""

    def count(
        self, candidates: Sequence[Any], target_index: Sequence[int], differ_values: Sequence[Sized]
    ) -> tuple[Sequence[int], Sequence[Any]]:
        """Count a sample's differ values, for `add_sample`.

        Args:
            candidates: those of the sample.
            target_index: the place in `differ_values` of each candidate's C.
            differ_values: what was measured with each C.
        """

    def add_sample(self, d_score: "D_Score", result: Any) -> None:
        """Add what a sample counts (see `evaluate.results.SampleResult`)."""

    def update(self, d_score: "D_Score", solver_id: str, items: Iterable[DifferValue]) -> None:
        """Count differ values for a solver: nobody's and its own."""

    def add(self, d_score: "D_Score", solver_id: str, counts: Iterable[Count]) -> None:
        """Add counts of a solver."""

    def list_scores(
        self, counts: Mapping[str, Counts], names: Iterable[str]
    ) -> Mapping[str | None, list[tuple[str, int]]]:
        """List the name and S_SCORE of each differ that is linked for a solver, by kind.

        Args:
            counts: the solver's, by differ.
            names: all differs.
        """

    def sum_up(self, tasks: int, timeouts: int, total: int, seconds: float) -> str:
        """Write the last line of a run; `total` is the sum of all differ scores."""

    def find_old(self, folders: Iterable[Path]) -> str:
        """Say in one line which score of other rules is in one of the folders of tasks; empty for none."""


class Seed:
    """The seed's rules: right outputs are counted, and how often these close (`iz`) or open (`zo`) a gap."""

    name = "seed"
    timeout = 1.0
    batt = "batt"
    points = 1
    least_items = 1
    demo_only = True
    link_all = False
    kinds: Sequence[str | None] = KINDS
    timings: Mapping[str, str] = {}

    def list_targets(self, expected: object) -> Sequence[object]:
        """List none: see `evaluate.scoring.group_by_target`."""
        return ()

    def count(
        self, candidates: Sequence[Any], target_index: Sequence[int], differ_values: Sequence[Sized]
    ) -> tuple[Sequence[int], Sequence[Any]]:
        """Count for each candidate what was measured with its C; those of several with the same sizes once.

        Returns:
            For each candidate the place of its counts, and these.
        """
        places: dict[tuple[int, ...], int] = {}
        counts: list[list[Count]] = []
        count_index = []
        for scored, place in zip(candidates, target_index):
            owners = dict.fromkeys((NO_OWNER, scored.solver_id))
            measured = [differ_values[place][owner] for owner in owners]
            key = tuple([id(one.sizes) for one in measured])
            if key not in places:
                places[key] = len(counts)
                counts.append(count(chain(*[one.values for one in measured])))
            count_index.append(places[key])
        return count_index, counts

    def add_sample(self, d_score: "D_Score", result: Any) -> None:
        """Add what each candidate counts."""
        for solver_id, place in zip(result.solver_ids, result.count_index):
            self.add(d_score, solver_id, result.counts[place])

    def update(self, d_score: "D_Score", solver_id: str, items: Iterable[DifferValue]) -> None:
        """Count one or all differ values of a sample for a candidate."""
        self.add(d_score, solver_id, count(item for item in items if item[1] in (NO_OWNER, solver_id)))

    def add(self, d_score: "D_Score", solver_id: str, counts: Iterable[Count]) -> None:
        """Add what one candidate of a solver counts; leave out names that never measured an input."""
        for name, last_t, iz, zo in counts:
            if last_t is not None:
                d_score.last_t[name] = last_t
            elif name not in d_score.last_t:
                continue
            names = d_score.score.setdefault(solver_id, {})
            if name not in names:
                names[name] = {"last_t": d_score.last_t[name], "iz": 0, "zo": 0}
            names[name]["iz"] += iz
            names[name]["zo"] += zo

    def list_scores(
        self, counts: Mapping[str, Counts], names: Iterable[str]
    ) -> Mapping[str | None, list[tuple[str, int]]]:
        """List those differs that counted for the solver."""
        return {kind: [(name, counts[name][str(kind)]) for name in counts] for kind in self.kinds}

    def sum_up(self, tasks: int, timeouts: int, total: int, seconds: float) -> str:
        """Count the tasks and timeouts."""
        return f"{tasks} tasks - {timeouts} timeouts"

    def find_old(self, folders: Iterable[Path]) -> str:
        """Find none."""
        return ""


class Newest:
    """The newest revision's rules: differs give points, and all is counted over all samples.

    Each sample's differs are measured twice, with C = None and C = the expected grid. Each value counts for
    its owner, and nobody is an owner like any other: it loses and gains the points, 1000 in all.
    """

    name = "newest"
    timeout = 10.0
    batt = "tmp_batt_onerun_run"
    points = 1000
    least_items = 2
    demo_only = False
    link_all = True
    kinds: Sequence[str | None] = (None,)
    timings: Mapping[str, str] = {
        "batt.demo.run_with_timeout": "batt.demo.parallel",
        "batt.test.run_with_timeout": "batt.demo.parallel",
        "run_batt.check_solver_speed": "run_batt.phase3a_validate_batch",
        "run_batt.phase3_process": "run_batt.phase3b_file_ops",
    }

    def list_targets(self, expected: object) -> Sequence[object]:
        """List None and the expected grid, if that is known."""
        return (None,) if expected is None else (None, expected)

    def count(
        self, candidates: Sequence[Any], target_index: Sequence[int], differ_values: Sequence[Sized]
    ) -> tuple[Sequence[int], Sequence[Any]]:
        """Count the values in the batt's order, first those with C = None.

        Returns:
            Nothing, and for each run of values of one owner that and its counts.
        """
        counts = []
        for by_owner in differ_values:
            placed = sorted([row for one in by_owner.values() for row in one.placed], key=itemgetter(0))
            for owner, items in groupby([value for _, value in placed], itemgetter(1)):
                counts.append((owner, [_count_points(owner, item) for item in items]))
        return (), counts

    def add_sample(self, d_score: "D_Score", result: Any) -> None:
        """Add what each owner counts."""
        for owner, counts in result.counts:
            self.add(d_score, owner, counts)

    def update(self, d_score: "D_Score", solver_id: str, items: Iterable[DifferValue]) -> None:
        """Count differ values for a solver."""
        own = [item for item in items if item[1] in (NO_OWNER, solver_id)]
        self.add(d_score, solver_id, [_count_points(solver_id, item) for item in own])

    def add(self, d_score: "D_Score", solver_id: str, counts: Iterable[Count]) -> None:
        """Add what an owner counts; leave out, and note, names that have not measured an input yet."""
        for name, last_t, points in counts:
            if last_t is not None:
                d_score.last_t[name] = last_t
            elif name not in d_score.last_t:
                d_score.unannounced.setdefault(name)
                continue
            names = d_score.score.setdefault(solver_id, {})
            if name not in names:
                names[name] = {"last_t": d_score.last_t[name], "score": 0}
            names[name]["score"] += points
            d_score.total += points

    def list_scores(
        self, counts: Mapping[str, Counts], names: Iterable[str]
    ) -> Mapping[str | None, list[tuple[str, int]]]:
        """List all differs; one that did not count for the solver has 0."""
        return {None: [(name, counts[name]["score"] if name in counts else 0) for name in names]}

    def sum_up(self, tasks: int, timeouts: int, total: int, seconds: float) -> str:
        """Count the tasks and timeouts, and tell the sum of the differ scores and the seconds."""
        return f"{tasks} tasks - timeouts = {timeouts} - tot_d_score = {total} in {seconds:.3f}s"

    def find_old(self, folders: Iterable[Path]) -> str:
        """Find a score below the points of one right output."""
        for folder in folders:
            with suppress(OSError):  # there is none yet
                for path in folder.iterdir():
                    if path.name.isdecimal() and 0 < int(path.name) < self.points:
                        return (
                            f"{path}: a score of the seed's rules, less than any match gives now: to start "
                            "afresh, move solver_dir and differ_dir away, or choose another --out"
                        )
        return ""


SEED, NEWEST = Seed(), Newest()
RULES: Mapping[str, Rules] = {rules.name: rules for rules in (SEED, NEWEST)}


def count_right(score: int) -> int:
    """Count the right outputs that an O_SCORE stands for, whichever rules it is of."""
    return score // NEWEST.points or score


def find_rules(records: bool | None, name: str | None, out: str) -> Rules:
    """Find the rules for a batt: records in its call table mean the newest revision's, texts the seed's.

    Args:
        records: whether its table holds records; None: it holds nothing.
        name: that of the rules, if they are decided by hand.
        out: where the result folders are.

    Raises:
        UserError: the checkout reads another layout of the result folders.
    """
    if name is not None:
        return RULES[name]
    here = find_checkout(out)
    if records is None:
        return here or SEED
    rules: Rules = NEWEST if records else SEED
    if here is not None and here.name != rules.name:
        entries = "records, as the newest revision's" if records else "texts, as the seed's"
        raise UserError(
            f"the batt's call table holds {entries}, but Differ in utils.py reads differ_dir by the "
            f"{here.name}'s rules: write the batt anew, or decide with --rules seed or --rules newest"
        )
    return rules


def find_checkout(out: str = ".") -> Rules | None:
    """Find the rules of the checkout whose DSL is used, by what its `Differ` in `utils.py` reads.

    By the seed's rules it has a field `score_type`: iz or zo. None: no checkout, or one that does not tell.
    """
    folder = next((folder for folder in (Path(), Path(out)) if (folder / "dsl.py").exists()), None)
    if folder is None:
        return None
    try:
        source = (folder / "utils.py").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    found = _DIFFER.search(f"{source}\n")
    if found is None:
        return None
    import ast

    for text in (found[0], source):  # reading all of it takes long
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError), catch_warnings():
            simplefilter("ignore")  # of its escapes
            for node in ast.parse(text).body:
                match node:
                    case ast.ClassDef(name="Differ") | ast.Assign(targets=[ast.Name("Differ")]):
                        return SEED if "score_type" in _list_fields(node) else NEWEST
    return None


def _list_fields(node: "ast.stmt") -> set[str]:
    """List what may be fields of a class: what it assigns, takes as arguments, or gives to a `namedtuple`."""
    import ast

    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(name, ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(name):
                found.add(name)
            case ast.Call(args=arguments):
                texts = [
                    one.value
                    for argument in arguments
                    for one in ast.walk(argument)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                ]
                found.update(" ".join(texts).replace(",", " ").split())
    return found


def count(values: Iterable[DifferValue]) -> list[Count]:
    """Count the differ values of nobody (owner `'None'`) and of one solver, in order, by the seed's rules.

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


def _count_points(solver_id: str, item: DifferValue) -> Count:
    """Count one value for a solver by the newest rules: nobody's, its own, or both."""
    t, owner, name, value = item
    points = 0
    if isinstance(value, tuple) and len(value) >= NEWEST.least_items:
        size = value[0]
        if isinstance(size, int) and not isinstance(size, bool):
            size = max(0, min(size, MOST_POINTS))
            points = (MOST_POINTS - size if owner == NO_OWNER else 0) + (size if owner == solver_id else 0)
    return name, t if owner == NO_OWNER else None, points


class O_Score:
    """The number of samples that each solver got right, or the points for them.

    >>> o_score = O_Score()
    >>> o_score.update("a3", True)
    >>> o_score.update("a3", False)
    >>> o_score.score
    {'a3': 1}
    """

    def __init__(self) -> None:
        self.score: dict[str, int] = {}

    def update(self, solver_id: str, match: int) -> None:
        """Count one output of a solver: whether it is equal to the expected one, or the points for that."""
        self.score[solver_id] = self.score.get(solver_id, 0) + match


class D_Score:
    """The counts of each solver and differ, by the rules of the first run or call that counts.

    Attributes:
        rules: these rules; None till then.
        score: `score[solver_id][name]` holds `last_t`, and by the seed's rules how often an output closed
            (`iz`) or opened (`zo`) a difference, by the newest `score`.
        last_t: `last_t[name]` is the call that measures the input.
        total: the sum of all `score`.
        unannounced: the names that measured an output when they had not measured an input.

    >>> d_score = D_Score()
    >>> d_score.update("a3", [(7, "None", "differ_x", (2, 0)), (9, "a3", "differ_x", (0, 0))])
    >>> d_score.score
    {'a3': {'differ_x': {'last_t': 7, 'iz': 2, 'zo': 0}}}
    >>> d_score.update("a3", (9, "a3", "differ_x", (1, 0)))
    >>> d_score.score
    {'a3': {'differ_x': {'last_t': 7, 'iz': 2, 'zo': 1}}}
    """

    def __init__(self, rules: Rules | None = None) -> None:
        """Start with no counts."""
        self.rules = rules
        self.score: dict[str, dict[str, Counts]] = {}
        self.last_t: dict[str, int] = {}
        self.total = 0
        self.unannounced: dict[str, None] = {}

    def take_rules(self, rules: Rules) -> Rules:
        """Count by these rules from now on, if there are none yet; give those that hold.

        Raises:
            UserError: they are others than those that it has counted by.
        """
        if self.rules is None:
            self.rules = rules
        if self.rules.name != rules.name:
            raise UserError(
                f"this D_Score has counts by the rules {self.rules.name}, and the batt is scored by those of "
                f"{rules.name}: give a new D_Score()"
            )
        return self.rules

    def update(self, solver_id: str, values: DifferValue | Iterable[DifferValue]) -> None:
        """Count one or all differ values of a sample for a solver: nobody's and its own."""
        items: Iterable[Any] = [values] if _is_item(values) else values
        self.take_rules(self.rules or SEED).update(self, solver_id, items)

    def add(self, solver_id: str, counts: Iterable[Count]) -> None:
        """Add counts of a solver; leave out names that never measured an input."""
        self.take_rules(self.rules or SEED).add(self, solver_id, counts)


def _is_item(values: object) -> bool:
    return isinstance(values, (tuple, list)) and len(values) == 4 and isinstance(values[1], str)


class S_Score:
    """The differ counts that are stored: `D_Score.score` as it was when they were taken."""

    def __init__(self) -> None:
        """Start with no counts."""
        self.score: dict[str, dict[str, Counts]] = {}

    def update(self, d_score: D_Score) -> None:
        """Copy what `d_score` holds now."""
        self.score = {
            solver_id: {name: dict(counts) for name, counts in names.items()}
            for solver_id, names in d_score.score.items()
        }
