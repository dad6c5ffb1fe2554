"""What the DSL does with what does not fit: as recorded, and as plain models do with odd arguments."""

import json
from types import FunctionType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plain_dsl
from batt_utils.arc import dsl
from golden import GOLDEN

VOCABULARY = json.loads((GOLDEN / "dsl_vocabulary.json").read_text())
EDGES = json.loads((GOLDEN / "dsl_edges.json").read_text())
PLAIN = [
    name for name, value in vars(plain_dsl).items() if isinstance(value, FunctionType) and name in VOCABULARY
]
GUARDED = (TypeError, AttributeError, ValueError)


def decode(value):
    """A recorded value."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "fn":
        return getattr(dsl, content)
    items = [decode(item) for item in content]
    return tuple(items) if kind == "t" else frozenset(items)


def encode(value):
    """A value as it is recorded: a frozenset as it iterates."""
    if isinstance(value, tuple):
        return {"t": [encode(item) for item in value]}
    if isinstance(value, frozenset):
        return {"f": [encode(item) for item in value]}
    return {"fn": value.__name__} if callable(value) else value


def tell(function, arguments):
    """What a call does, as text: True and 1 are not the same there."""
    try:
        outcome = {"result": encode(function(*arguments))}
    except GUARDED:
        outcome = {"raises": "guarded"}
    except Exception as error:
        outcome = {"raises": type(error).__name__}
    return json.dumps(outcome)


def test_all_records_are_there():
    assert len(EDGES) == 152
    assert sum(map(len, EDGES.values())) == 3299


@pytest.mark.parametrize("name", EDGES)
def test_recorded_edges(name):
    for record in EDGES[name]:
        outcome = {key: value for key, value in record.items() if key != "args"}
        assert tell(getattr(dsl, name), map(decode, record["args"])) == json.dumps(outcome), record["args"]


# Odd arguments

NUMBERS = st.integers(-2, 5)
COLORS = st.integers(0, 3)
PLACES = st.tuples(st.integers(-1, 6), st.integers(-1, 6))
GRIDS = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda sides: st.tuples(*[st.tuples(*[COLORS] * sides[1])] * sides[0])
)
INDICES = st.lists(PLACES, max_size=12)
CELLS = st.lists(st.tuples(COLORS, PLACES), max_size=12)  # some at the same place, in two colours
PATCHES = (INDICES | CELLS).map(frozenset)
ODD = st.one_of(
    NUMBERS,
    st.booleans(),
    st.none(),
    st.sampled_from([(), ((),), ((), ()), ((1,), (2,)), ((1, 2, 1),), (3,), frozenset(), (frozenset(), 1)]),
    st.sampled_from([frozenset({(1,)}), frozenset({1, 2}), frozenset({(1, 2, 3)}), dsl.identity]),
    INDICES.map(tuple),
    CELLS.map(tuple),
    st.lists(st.tuples(NUMBERS, st.tuples(COLORS, PLACES)), min_size=1, max_size=5).map(frozenset),
    st.lists(st.tuples(*[st.tuples(PLACES, COLORS)] * 2), max_size=3).map(frozenset),
    st.lists(st.lists(COLORS, max_size=3).map(tuple), max_size=3).map(tuple),  # rows of several lengths
    st.tuples(GRIDS, GRIDS),
    st.frozensets(PATCHES, max_size=3),
    st.lists(
        st.lists(st.sampled_from([0, 1, frozenset(), True, None]), min_size=2, max_size=2).map(tuple)
    ).map(tuple),
)
FUNCTIONS = st.sampled_from(
    [
        *(
            dsl.identity,
            dsl.size,
            dsl.first,
            dsl.last,
            dsl.color,
            dsl.toindices,
            dsl.uppermost,
            dsl.increment,
        ),
        *(dsl.initset, dsl.flip, dsl.shape, dsl.palette, dsl.add, dsl.shift, dsl.recolor, dsl.equality),
    ]
)
CONTAINERS = st.one_of(
    st.lists(NUMBERS, max_size=5).map(tuple),
    st.frozensets(NUMBERS, max_size=5),
    st.lists(PATCHES | GRIDS, max_size=3).map(tuple),
    st.frozensets(PATCHES, max_size=3),
    GRIDS,
    PATCHES,
)
FITTING = {
    "Integer": NUMBERS,
    "Numerical": NUMBERS | PLACES,
    "IntegerTuple": PLACES,
    "Boolean": st.booleans(),
    "Grid": GRIDS,
    "Object": CELLS.map(frozenset),
    "Objects": st.frozensets(CELLS.map(frozenset), max_size=3),
    "Patch": PATCHES,
    "Element": GRIDS | CELLS.map(frozenset),
    "Piece": GRIDS | PATCHES,
    "Callable": FUNCTIONS,
}


@pytest.mark.parametrize("name", PLAIN)
def test_odd_arguments(name):
    kinds = [kind for _, kind in VOCABULARY[name]["parameters"]]
    if name == "prapply":
        kinds.insert(0, "Callable")  # it has no type
    fitting = [FITTING.get(kind, CONTAINERS) for kind in kinds]

    @given(arguments=st.tuples(*[st.one_of(fits, fits, fits, ODD) for fits in fitting]))
    @settings(max_examples=60)
    def compare(arguments):
        assert tell(getattr(dsl, name), arguments) == tell(getattr(plain_dsl, name), arguments)

    compare()


@pytest.mark.parametrize("sides", [(1, 1100), (33, 34), (200, 170)], ids=str)
def test_objects_of_large_grids(sides):
    rows, columns = sides
    grid = tuple(tuple((i // 9 + j // 5) % 3 for j in range(columns)) for i in range(rows))
    for arguments in ((grid, True, True, False), (grid, False, False, True)):
        assert tell(dsl.objects, arguments) == tell(plain_dsl.objects, arguments)


@pytest.mark.parametrize("sides", [(1, 1), (1, 7), (30, 30), (40, 50)], ids=str)
@pytest.mark.parametrize("diagonal", [False, True])
def test_objects_of_one_colour(sides, diagonal):
    for arguments in (
        (dsl.canvas(4, sides), True, diagonal, False),
        (dsl.canvas(4, sides), False, diagonal, True),
    ):
        assert tell(dsl.objects, arguments) == tell(plain_dsl.objects, arguments)
