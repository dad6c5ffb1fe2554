"""Candidates scored on a sample."""

from typing import NamedTuple

import pytest

from batt_utils.batt.program import Candidate
from batt_utils.evaluate.results import Keep, SampleJob
from batt_utils.evaluate.scoring import choose_targets, count_differs, group_by_target, judge, score_outputs
from batt_utils.evaluate.values import fingerprint, merge_grids
from batt_utils.rules import NEWEST, SEED, D_Score
from batts import measure, output, write_source
from evaluation import EVALUATORS, GRID, OTHER, SAMPLE, list_counted, score


@EVALUATORS
@pytest.mark.parametrize("part", ["demo", "test"])
def test_what_counts_of_a_score_is_what_was_measured(make, part):
    lines = ["t1 = differ(I, C)", measure(1, "None"), measure(1, "b"), measure(1, "None", "differ_y")]
    for t, call, solver_id in [(2, "mirror(I)", "a"), (3, "join(I)", "None"), (4, "mirror(I)", "b")]:
        lines += [f"t{t} = {call}", output(t, solver_id)]
        lines += [f"t1{t} = differ(t{t}, C)", measure(f"1{t}", solver_id)]
    result = score(make(write_source(*lines)), part)
    counted = count_differs(result)
    added, updated = D_Score(), D_Score()
    for solver_id, place in zip(counted.solver_ids, counted.count_index, strict=True):
        added.add(solver_id, counted.counts[place])
    for solver_id, on_input, own in [(item[2], *item[5:]) for item in list_counted(result)]:
        updated.update(solver_id, on_input if solver_id == "None" else on_input + own)
    assert set(added.score) == {"a", "None", "b"}
    assert (added.score, added.last_t) == (updated.score, updated.last_t)
    assert [*zip(*counted[:5], strict=True)] == result.candidates
    assert counted[7:] == result[3:]


@pytest.mark.parametrize(
    ("rules", "part", "targets"),
    [
        pytest.param(SEED, "demo", [(OTHER, ["None", "a"])], id="the seed's, demo"),
        pytest.param(SEED, "test", [(GRID, ["None", "a"])], id="the seed's, test"),
        pytest.param(NEWEST, "demo", [(None, None), (OTHER, None)], id="the newest, demo"),
        pytest.param(NEWEST, "test", [(None, None)], id="the newest, an output that nobody knows"),
    ],
)
def test_targets_are_chosen(rules, part, targets):
    sample = {"input": GRID} if part == "test" else {"input": GRID, "output": OTHER}
    job = SampleJob("a", part, 0, (), sample, rules=rules)
    assert choose_targets(job, [(Candidate(1, False, "a"), GRID)])[0] == targets


HASHABLE, UNHASHABLE = (1, (2,)), [1]


@pytest.mark.parametrize(
    ("part", "values", "targets", "measured"),
    [
        pytest.param("demo", [1, GRID, UNHASHABLE, 1], [OTHER], [0, 0, 0, 0], id="demo: the expected output"),
        pytest.param("test", [GRID, OTHER, GRID], [GRID, OTHER], [0, 1, 0], id="test: its own"),
        pytest.param(
            "test", [1, True, 1.0, 1], [1, True, 1.0], [0, 1, 2, 0], id="equal, but of another type"
        ),
        pytest.param("test", [UNHASHABLE, HASHABLE, [1]], [[1], HASHABLE, [1]], [0, 1, 2], id="equal lists"),
        pytest.param("test", [UNHASHABLE, UNHASHABLE], [UNHASHABLE], [0, 0], id="one list"),
        pytest.param("test", [((1,),), ((True,),)], [((1,),), ((True,),)], [0, 1], id="equal within"),
        pytest.param("test", [(1, [2]), (1, [2])], [(1, [2]), (1, [2])], [0, 1], id="a list inside"),
        pytest.param("test", [None, None], [None], [0, 0], id="None"),
        pytest.param("demo", [], [], [], id="no candidate"),
    ],
)
def test_candidates_are_grouped_by_what_they_are_compared_with(part, values, targets, measured):
    groups, places = group_by_target(values, part, OTHER)
    assert [target for target, _ in groups] == targets
    assert [type(target) for target, _ in groups] == [type(target) for target in targets]
    assert places == measured
    assert [members for _, members in groups] == [
        [member for member, place in enumerate(measured) if place == group] for group in range(len(targets))
    ]


class Odd:
    """A value whose comparison does something else."""

    def __init__(self, result):
        self.result = result

    def __eq__(self, other):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    __hash__ = None


@pytest.mark.parametrize(
    ("value", "match"),
    [
        pytest.param(OTHER, True, id="equal"),
        pytest.param(((2, True),), True, id="equal with a bool"),
        pytest.param(GRID, False, id="another grid"),
        pytest.param([[2, 1]], False, id="lists"),
        pytest.param(None, False, id="None"),
        pytest.param(Odd([1]), True, id="something true"),
        pytest.param(Odd(ZeroDivisionError()), False, id="a comparison that fails"),
    ],
)
def test_a_value_is_compared_with_the_expected_grid(value, match):
    for keep in Keep:
        assert judge(value, OTHER, keep)[1] is match


@pytest.mark.parametrize("value", [None, GRID, Odd(True)], ids=["None", "a grid", "something equal"])
def test_nothing_is_what_nobody_knows(value):
    assert judge(value, None, Keep.VALUES)[1] is False


def test_a_value_is_kept_if_it_is_asked_for_and_can_be_told_from_others():
    assert judge(GRID, OTHER, Keep.VALUES) == (GRID, False)
    assert judge(GRID, OTHER, Keep.FINGERPRINTS) == (fingerprint(GRID), False)
    assert type(judge([GRID], OTHER, Keep.VALUES)[0]) is object


class Pair(NamedTuple):
    first: object
    second: object


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param(GRID, GRID, id="a grid"),
        pytest.param(((True, 2),), ((1, 2),), id="a cell that is a bool"),
        pytest.param(Pair((1,), (2,)), ((1,), (2,)), id="a class of tuples"),
        pytest.param(((10,),), None, id="no colour"),
        pytest.param(judge, None, id="a function"),
        pytest.param(frozenset({1}), None, id="a frozenset"),
        pytest.param(None, None, id="None"),
    ],
)
def test_grids_are_kept_as_what_every_process_knows(value, kept):
    found = judge(value, OTHER, Keep.GRIDS)[0]
    assert found == (kept or fingerprint(value))
    assert type(found) is (tuple if kept else bytes)


def test_candidates_with_the_same_value_are_compared_once():
    value = Odd(True)
    candidates = [Candidate(3, True, "a"), Candidate(4, False, "b"), Candidate(5, False, "c")]
    scored = score_outputs(zip(candidates, [value, OTHER, value]), OTHER, Keep.FINGERPRINTS)
    assert [one[:3] for one in scored] == candidates
    assert [one.match for one in scored] == [True, True, True]
    assert scored[0].value is scored[2].value is not scored[1].value


@pytest.mark.parametrize(
    ("values", "same"),
    [
        pytest.param([((1, 2),), ((1, 2),)], [0, 0], id="equal grids"),
        pytest.param([((1, 2),), tuple([tuple([2, 1])])], [0, "output"], id="the expected grid"),
        pytest.param([tuple([tuple([1, 2])])], ["input"], id="the input"),
        pytest.param([((1,),), ((True,),), ((1.0,),)], [0, 1, 2], id="equal, but of another type"),
        pytest.param([((1,), ()), ((1,),)], [0, 1], id="an empty row"),
        pytest.param([(), ()], [0, 0], id="no rows"),
        pytest.param([[(1, 2)], [(1, 2)]], [0, 1], id="lists"),
        pytest.param([frozenset([1]), frozenset([1])], [0, 1], id="frozensets"),
    ],
)
def test_equal_grids_become_one(values, same):
    merged = merge_grids(values, SAMPLE)
    assert merged == values
    for place, one in zip(same, merged):
        assert one is (SAMPLE if isinstance(place, str) else merged)[place]
    assert len({id(one) for one in merged}) == len({*same})
