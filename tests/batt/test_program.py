from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.batt.program import find_dependents, find_equals, find_needed, write_body
from batt_utils.batt.reader import parse_calls
from tables import Anything, Text, call_tables, list_recorded_roots, write_entries, write_nested


def test_a_body_holds_what_is_needed_in_rising_order():
    calls = parse_calls({1: "f, I", 2: "unused, I", 9: "t1, C", 10: "t9, t1, 3"})
    assert find_needed(calls, [10]) == [1, 9, 10]
    assert find_needed(calls, [2, 9]) == [1, 2, 9]
    assert find_needed(calls, []) == []
    assert write_body(calls, 10) == "    t1 = f(I)\n    t9 = t1(C)\n    t10 = t9(t1, 3)\n    return t10\n"


@given(call_tables())
def test_a_body_is_the_least_that_runs(table):
    calls = parse_calls(write_entries(table))
    for root in table:
        source = write_body(calls, root)
        lines = source.splitlines(keepends=True)
        exec(f"def solve(S, I, C):\n{source}", values := Anything())
        found = values["solve"](*map(Text, "SIC"))
        assert not has_global_variable(values["solve"], table)
        assert str(found) == str(write_nested(table, root))
        for place in range(len(lines) - 1):
            shorter = "".join(lines[:place] + lines[place + 1 :])
            exec(f"def solve(S, I, C):\n{shorter}", values := Anything())
            assert has_global_variable(values["solve"], table)


@given(call_tables(), st.sets(st.sampled_from(["first", "t", "S", "7", "nowhere"])))
def test_the_dependents_of_names_are_the_calls_whose_bodies_have_them(table, names):
    calls = parse_calls(write_entries(table))
    having = {
        root
        for root in calls
        for need in find_needed(calls, [root])
        if not names.isdisjoint([calls[need].function, *calls[need].arguments])
    }
    assert find_dependents(calls, names) == having


@pytest.mark.parametrize(
    ("guarded", "first"),
    [
        pytest.param(None, [1, 1, 3, 4, 4, 6], id="no guard"),
        pytest.param({2: (TypeError,)}, [1, 2, 3, 4, 5, 6], id="another guard"),
        pytest.param(dict.fromkeys(range(1, 7), (TypeError,)), [1, 1, 3, 4, 4, 6], id="the same guard"),
    ],
)
def test_equal_calls_are_one(guarded, first):
    calls = parse_calls({1: "f, I", 2: "f, I", 3: "f, C", 4: "t1, t1", 5: "t2, t1", 6: "t3, t1"})
    assert find_equals(calls, calls, guarded) == {f"t{t}": n for t, n in enumerate(first, 1)}


@given(call_tables())
def test_calls_are_equal_where_their_nested_texts_are(table):
    calls = parse_calls(write_entries(table))
    texts = {t: write_nested(table, t) for t in table}
    first = {f"t{t}": min(n for n in table if texts[n] == texts[t]) for t in table}
    assert find_equals(calls, calls) == first


def has_global_variable(function, table):
    return not {f"t{t}" for t in table}.isdisjoint(function.__code__.co_names)


@pytest.mark.parametrize(("t_call", "root"), list_recorded_roots())
def test_a_recorded_body_is_written_as_recorded(t_call, root):
    source = write_body(parse_calls(t_call), root["t"])
    assert md5(source.encode()).hexdigest() == root["body_md5"]
    if "source" in root:
        assert f"def {root['kind']}(S, I, C):\n{source}" == root["source"]
