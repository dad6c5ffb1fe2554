import errno
import json
import random
import re
import signal
from ast import literal_eval
from hashlib import md5
from itertools import count
from pathlib import Path
from runpy import run_path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils import card
from batt_utils.batt.reader import check_agreement, read_calls, read_program
from batt_utils.store.links import Link, Store
from batt_utils.tasks import get_data

SOLVERS = '''\
"""Invented solvers."""

def solve_aaaa0001(S, I, C):
    x1 = hmirror(I)
    O = vconcat(I, x1)
    return O


def solve_aaaa0002(S, I, C):
    """Two mirrors."""
    x1 = hmirror(I)
    x2 = compose(vmirror, hmirror)
    x3 = x2(x1)  # what is called may be a value
    O = hconcat(x3, I)
    return O


def solve_aaaa0003(S, I, C):
    x1 = replace(I, ONE, TWO)
    x2 = replace(x1, TWO, 3)
    O = vmirror(x2)
    return O
'''
GRID = ((1, 1, 2), (0, 3, 1), (0, 0, 5))
OTHER = ((1, 4, 1), (0, 0, 1), (0, 0, 7))


@pytest.fixture(autouse=True)
def invented_solvers(tmp_path, monkeypatch):
    """Has every test run in an empty folder, with the invented solvers for the embedded ones."""
    (tmp_path / "invented.py").write_text(SOLVERS)
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(card, "SOLVERS", tmp_path / "invented.py")
    monkeypatch.chdir(tmp_path / "here")


def make(*options):
    """Runs the command for batt.py; returns what the module says, once its table agrees."""
    assert card.main([str(option) for option in options]) == 0
    return read(Path("batt.py"))


def read(path):
    program = read_program(path.read_text())
    table = path.with_name(f"{path.stem}_call.py")
    calls = read_calls(table.read_text(), str(table))
    check_agreement(program, calls, str(table))
    assert calls == program.calls
    return program


def parse(text, prefix="solve"):
    Path("programs.py").write_text(text)
    return card.read_programs(Path("programs.py"), prefix)


def parse_lines(*lines):
    (routine,) = parse("def solve(S, I, C):\n" + "".join(f"    {line}\n" for line in lines))
    return routine


def texts(routine):
    return [str(call) for call in routine.calls.values()]


def solver_names():
    """The names in the comments of batt.py, in order."""
    return re.findall(r"^    # solve_(\w+)$", Path("batt.py").read_text(), re.MULTILINE)


def define(text):
    """Runs a text of functions with the names of the DSL; returns all that is defined then."""
    names = {}
    exec("from batt_utils.arc.constants import *\nfrom batt_utils.arc.dsl import *", names)
    exec(text, names)
    return names


# The form of what is written

HEAD = """\
from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *
from batt_utils.arc.dsl import _get_safe_default


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
"""
ITEM = r"(?:[A-Za-z_]\w*|-?\d+)"
STATEMENTS = [
    r"    # solve_\w+\n",
    rf"    try:\n        (t\d+) = (\w+)\({ITEM}(?:, {ITEM})*\)\n"
    r"    except \(TypeError, AttributeError, ValueError, IndexError, KeyError\):\n"
    r"        \1 = _get_safe_default\(\2\)\n",
    r"    o\.append\(\((\d+), (?:True|False), '[0-9a-f]{8}', t\1\)\)\n",
    r"    s\.append\(\((\d+), '(?:None|[0-9a-f]{8})', 'differ_\w+', t\1\)\)\n",
]


def test_every_statement_is_of_the_form():
    make("-c", 40, "--seed", 1, "--mutation", 0.3)
    text = Path("batt.py").read_text()
    assert text.startswith(HEAD)
    place = len(HEAD)
    while found := next(filter(None, (re.compile(p).match(text, place) for p in STATEMENTS)), None):
        place = found.end()
    assert text[place:] == "    return o, s\n"


def test_the_table_has_an_entry_a_line():
    make("-c", 1)
    first, *entries, last = Path("batt_call.py").read_text().splitlines()
    assert (first, last) == ("t_call = {", "}")
    assert entries[:3] == ["    1: 'palette, I',", "    2: 'palette, C',", "    3: 'difference, t1, t2',"]
    assert all(re.fullmatch(rf"    {n}: '{ITEM}(, {ITEM})+',", e) for n, e in enumerate(entries, 1))


@given(st.integers(1, 60), st.integers(), st.floats(0, 1))
@settings(deadline=None, max_examples=30)
def test_numbers_rise_and_every_call_is_there_once(number, seed, rate):
    solvers = card.vary(card.own_solvers(), number, rate, random.Random(seed))
    path = Path("batt.py")
    assert card.write_batt(path, solvers, card.own_differs()) == len(read(path).calls)
    program = read(path)
    words = card.vocabulary()
    known = {*words.functions, *words.constants, "S", "I", "C"}
    assert list(program.calls) == list(range(1, len(program.calls) + 1))
    assert program.guarded.keys() == program.calls.keys()
    assert len(set(program.calls.values())) == len(program.calls)
    for t, call in program.calls.items():
        assert all(need < t for need in call.needs)
        assert call.function in words.functions or call.needs
        assert all(re.fullmatch(r"t\d+|-?\d+", item) or item in known for item in call.arguments)
    assert [candidate.evolved for candidate in program.candidates] == [s.evolved for s in solvers]
    owners = [candidate.solver_id for candidate in program.candidates]
    assert len(set(owners)) == number
    assert [item.owner for item in program.differs[::4]] == ["None", *owners]


def test_the_differs_follow_their_solver():
    make("-c", 1)
    text = Path("batt.py").read_text()
    assert re.findall(r"^    (\w)\.append", text, re.MULTILINE) == [*"ssss", "o", *"ssss"]


# What it does when it is run


def test_the_batt_gives_what_each_program_gives():
    make("-c", 3)
    batt = define(Path("batt.py").read_text())["batt"]
    direct = define(SOLVERS)
    demos = ((GRID, OTHER),)
    candidates, measures = batt("aaaa0001", demos, GRID, OTHER, None)
    expected = [direct[f"solve_{task}"](demos, GRID, OTHER) for task in solver_names()]
    assert [grid for *_, grid in candidates] == expected
    assert [evolved for _, evolved, *_ in candidates] == [False] * 3

    outputs = {solver_id: grid for _, _, solver_id, grid in candidates}
    differs = define(card.DIFFERS.read_text())
    for _, owner, name, value in measures:
        assert value == differs[name](demos, outputs.get(owner, GRID), OTHER)


@pytest.mark.parametrize(
    ("name", "size"),
    [("colors_lost", 3), ("colors_gained", 2), ("dots_lost", 2), ("dots_gained", 1)],
)
def test_a_differ_counts(name, size):
    differ = define(card.DIFFERS.read_text())[f"differ_{name}"]
    grid = ((2, 2, 0), (0, 0, 0), (3, 0, 5))
    other = ((7, 7, 0), (7, 0, 0), (0, 0, 4))
    assert differ((), grid, grid) == (0,)
    assert differ((), grid, other)[0] == size


def test_a_batt_without_a_grid_to_compare_with_still_gives_candidates():
    make("-c", 3)
    candidates, measures = define(Path("batt.py").read_text())["batt"]("", (), GRID, None, None)
    assert candidates[0][3] == GRID + GRID[::-1]
    assert len(measures) == 16


# Which programs


def test_same_seed_same_bytes(capsys):
    def batt(*options):
        make("-c", 20, *options)
        return Path("batt.py").read_bytes() + Path("batt_call.py").read_bytes()

    assert batt("--seed", 1) == batt("--seed", 1) != batt("--seed", 2)
    unseeded = batt()
    (seed,) = re.findall(r"seed (\d+)\n$", capsys.readouterr().out)
    assert batt("--seed", seed) == unseeded != batt()


def test_what_is_printed(capsys):
    make("-c", 3, "--seed", 5)
    assert re.fullmatch(
        r"batt.py: 3 solvers, 0 of them mutated, \d+ calls, seed 5\n", capsys.readouterr().out
    )


def test_repeats_are_mutated_and_first_ones_are_not():
    program = make("-c", 9, "--mutation", 1)
    assert [candidate.evolved for candidate in program.candidates] == [False] * 3 + [True] * 6
    assert solver_names() == ["aaaa0001", "aaaa0002", "aaaa0003"] * 3


@pytest.mark.parametrize("option", [["-fs"], ["--mutation", 0]], ids=str)
def test_frozen_repeats_share_every_call(option):
    once = make("-c", 3)
    many = make("-c", 9, "-fd", *option)
    assert many.calls == once.calls
    assert [c.t for c in many.candidates] == [c.t for c in once.candidates] * 3
    assert not any(candidate.evolved for candidate in many.candidates)
    assert len({candidate.solver_id for candidate in many.candidates}) == 9


@pytest.mark.parametrize(
    ("options", "mutated"),
    [
        (["-c", 4], 1),
        (["-c", 4, "-fs"], 1),
        (["-c", 4, "-fd"], 0),
        (["-c", 3], 0),
        (["-c", 4, "--mutation", 0], 0),
    ],
    ids=str,
)
def test_a_batt_with_repeats_has_a_mutated_differ(options, mutated):
    program = make("--mutation", 1, *options)
    names = list(dict.fromkeys(item.name for item in program.differs))
    assert names[:4] == [differ.name for differ in card.own_differs()]
    assert len(names) == 4 + mutated
    assert all(re.fullmatch(r"differ_\w+_[0-9a-f]{8}", name) for name in names[4:])


def test_a_task_comes_first():
    make("-c", 2, "-i", "aaaa0003")
    assert solver_names() == ["aaaa0003", "aaaa0001"]


def test_the_file_may_be_named_with_or_without_its_suffix():
    assert card.main(["-f", "tmp_batt_1", "--seed", "1"]) == 0
    assert card.main(["-f", "tmp_batt_2.py", "--seed", "1"]) == 0
    assert read(Path("tmp_batt_1.py")) == read(Path("tmp_batt_2.py"))
    assert len(list(Path().iterdir())) == 4


# The loop: stored programs


def store(task, score, t_log, text):
    name = md5(f"{task}{score}{t_log}{text}".encode()).hexdigest()
    path = Path(f"solver_dir/solve_{task}/{score}/{t_log}/{name}.py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def stored(line):
    return (
        f"from dsl import *\nfrom constants import *\n\ndef solve(S, I, C):\n    O = {line}\n    return O\n"
    )


def test_stored_programs_come_first_the_best_before_the_others():
    store("bbbb0001", 1, 12, stored("rot90(I)"))
    store("bbbb0001", 1, 15, stored("rot180(I)"))
    store("bbbb0002", 10, 9, stored("trim(I)"))
    store("bbbb0003", 2, 9, stored("dmirror(I)"))
    store("bbbb0004", 0, 30, stored("cmirror(I)"))
    program = make("-c", 7)
    assert solver_names()[:4] == ["bbbb0002", "bbbb0003", "bbbb0001", "bbbb0001"]
    assert solver_names()[4:] == ["aaaa0001", "aaaa0002", "aaaa0003"]
    functions = [program.calls[candidate.t].function for candidate in program.candidates]
    assert functions[:4] == ["trim", "dmirror", "rot180", "rot90"]


def test_of_a_task_the_stored_programs_come_first_then_the_embedded_one():
    store("aaaa0002", 1, 12, stored("rot90(I)"))
    store("bbbb0002", 2, 9, stored("trim(I)"))
    make("-c", 4, "-i", "aaaa0002")
    assert solver_names() == ["aaaa0002", "aaaa0002", "bbbb0002", "aaaa0001"]


def test_the_same_program_is_taken_once():
    body = "def solve(S, I, C):\n    y = hmirror(I)\n    return vconcat(I, y)\n"
    store("bbbb0001", 2, 12, body)
    store("bbbb0001", 1, 12, body)
    make("-c", 3)
    assert solver_names() == ["bbbb0001", "aaaa0002", "aaaa0003"]


@pytest.mark.parametrize(
    "text",
    ["def solve(:\n", "", stored("rot91(I)"), stored("[I]"), stored("rot90(I, k=1)"), "\0"],
    ids=str,
)
def test_a_stored_program_of_another_form_is_skipped(text, capsys):
    store("bbbb0001", 2, 12, text)
    store("bbbb0001", 1, 12, stored("rot90(I)"))
    make("-c", 4)
    assert solver_names() == ["bbbb0001", "aaaa0001", "aaaa0002", "aaaa0003"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skipped: solver_dir/solve_bbbb0001/2/12/")


def test_a_store_that_was_moved_is_read(monkeypatch):
    texts = {md5(line.encode()).hexdigest(): stored(line) for line in ("rot90(I)", "rot180(I)", "trim(I)")}
    links = [Link(score, 12, name) for score, name in enumerate(texts, 1)]
    Store("there").save_solvers("bbbb0001", links, texts)
    Path("there").rename("moved")
    monkeypatch.chdir("moved")
    Path(f"solver_md5/{links[1].md5}.py").unlink()  # a link to nothing
    assert not any(path.exists() for path in Path("solver_dir").glob("*/*/*/*.py"))
    program = make("-c", 3)
    assert solver_names() == ["bbbb0001", "bbbb0001", "aaaa0001"]
    assert [program.calls[candidate.t].function for candidate in program.candidates][:2] == ["trim", "rot90"]


def test_with_solvers_only_those_of_the_file_are_taken():
    store("bbbb0001", 2, 12, stored("rot90(I)"))
    Path("mine.py").write_text("def solve_cccc0001(I):\n    return trim(I)\n")
    make("-c", 2, "-fs", "--solvers", "mine.py")
    assert solver_names() == ["cccc0001"] * 2


# Reading programs


@pytest.mark.parametrize(
    ("lines", "calls"),
    [
        (["O = trim(I)", "return O"], ["trim(I)"]),
        (["x7 = trim(I)", "return x7"], ["trim(I)"]),
        (["return trim(I)"], ["trim(I)"]),
        (["O = crop(I, ORIGIN, (astuple(3, -2)))", "return O"],
         ["astuple(3, -2)", "crop(I, ORIGIN, t1)"]),
        (["O = compose(trim, rot90)(trim(I))", "return O"],
         ["compose(trim, rot90)", "trim(I)", "t1(t2)"]),
        (["x1 = trim(I)", "x1 = trim(x1)", "return x1"], ["trim(I)", "trim(t1)"]),
        (["x1 = C", "x2 = TEN", "O = canvas(x2, shape(x1))", "return O"],
         ["shape(C)", "canvas(TEN, t1)"]),
        (["t9 = trim(I)", "O = trim(t9)", "return O"], ["trim(I)", "trim(t1)"]),
        (["'''A note.'''", "return trim(I)"], ["trim(I)"]),
        (["return apply(first, S)"], ["apply(first, S)"]),
        (["return objects(I, True, F, False)"], ["objects(I, True, F, False)"]),
        (["x1 = True", "return objects(I, x1, x1, T)"], ["objects(I, True, True, T)"]),
        (["x1: Grid = trim(I)", "x2: 'Grid' = rot90(x1)", "return x2"], ["trim(I)", "rot90(t1)"]),
    ],
    ids=lambda value: " ".join(value),
)  # fmt: skip
def test_forms_of_a_program(lines, calls):
    routine = parse_lines(*lines)
    assert texts(routine) == calls
    assert routine.result == len(calls)


@pytest.mark.parametrize("head", ["(I)", "(S, I)", "(S, I, C)", "(S: Tuple, I: Grid, C: Grid) -> Grid"])
def test_forms_of_a_head(head):
    (routine,) = parse(f"import os\n\ndef help(): pass\n\ndef solve_a{head}:\n    return trim(I)\n")
    assert (routine.name, texts(routine)) == ("solve_a", ["trim(I)"])


PROGRAMS_OF_OTHERS = """
def helper(x): return x + 1

def verify_cccc0001(I: Grid) -> Grid:
    x0: Objects = objects(I, True, False, True)
    x1 = first(x0)
    return paint(I, x1)

def verify_cccc0002(I: Grid) -> Grid:
    x0 = lambda x: x
    return x0(I)

def verify_cccc0003(I: Grid) -> Grid:
    return trim(I)

def solve_cccc0004(I):
    return rot90(I)
"""


@pytest.mark.parametrize("prefix", ["verify", "verify_"])
def test_programs_of_others_are_solvers_of_their_tasks(prefix, capsys):
    Path("mine.py").write_text(PROGRAMS_OF_OTHERS)
    program = make("-c", 2, "--solvers", "mine.py", "--prefix", prefix, "-i", "cccc0003")
    assert solver_names() == ["cccc0003", "cccc0001"]
    assert "objects(I, True, False, True)" in map(str, program.calls.values())
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skipped: mine.py:10: verify_cccc0002: ")


def test_without_a_prefix_it_is_solve():
    Path("mine.py").write_text(PROGRAMS_OF_OTHERS)
    make("-c", 1, "--solvers", "mine.py")
    assert solver_names() == ["cccc0004"]


def test_a_program_that_does_not_fit_is_left_out_with_a_line(capsys):
    good = ["def solve_a(I):\n    return trim(I)\n", "def solve_d(I):\n    return rot90(I)\n"]
    bad = ["def solve_b(I):\n    return rot91(I)\n", "def solve_c(x):\n    return trim(x)\n"]
    routines = parse("".join([good[0], *bad, good[1]]))
    assert [routine.name for routine in routines] == ["solve_a", "solve_d"]
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "skipped: programs.py:4: solve_b: rot91 is no variable and no name of the DSL",
        "skipped: programs.py:5: solve_c: write its head as `def NAME(S, I, C):`",
    ]
    with pytest.raises(ValueError, match=r"^programs.py:2: solve_b: rot91 is"):
        parse("".join(bad))
    assert capsys.readouterr().err == ""


def test_a_result_may_come_before_other_calls():
    Path("mine.py").write_text("def solve(I):\n    x1 = trim(I)\n    x2 = rot90(x1)\n    return x1\n")
    program = make("-c", 1, "--solvers", "mine.py")
    assert "rot90" not in {call.function for call in program.calls.values()}


def test_the_program_file_is_never_run():
    Path("mine.py").write_text("open('ran', 'w')\ndef solve(I):\n    return trim(I)\n")
    make("-c", 1, "--solvers", "mine.py")
    assert not Path("ran").exists()


DEEP = "trim" + "(I)" * 3000

BAD_LINES = [
    ("x1 = rot91(I)", "2: solve_a: rot91 is no variable and no name of the DSL"),
    ("x1 = trim(x2)", "2: solve_a: x2 is no variable and no name of the DSL"),
    ("x1 = ZERO(I)", "2: solve_a: ZERO is no function"),
    ("x1 = I(I)", "2: solve_a: I is no function"),
    ("x1 = trim(grid=I)", "2: solve_a: write calls with plain names, integers, True and False only"),
    ("x1 = trim(*I)", "2: solve_a: write calls with plain names, integers, True and False only"),
    ("x1 = crop(I, (0, 1), I)", "2: solve_a: write calls with plain names, integers, True and False only"),
    ("x1 = upscale(I, 1.5)", "2: solve_a: write calls with plain names, integers, True and False only"),
    ("x1 = paint(I, None)", "2: solve_a: write calls with plain names, integers, True and False only"),
    ("x1 = True(I)", "2: solve_a: True is no function"),
    ("x1: Grid", "2: solve_a: write the line as `x1 = func(arg, ...)`"),
    ("I.x: Grid = trim(I)", "2: solve_a: write the line as `x1 = func(arg, ...)`"),
    ("x1 = I[0]", "2: solve_a: write calls with plain names, integers, True and False only"),
    ("x1, x2 = trim(I)", "2: solve_a: write the line as `x1 = func(arg, ...)`"),
    ("x1 += trim(I)", "2: solve_a: write the line as `x1 = func(arg, ...)`"),
    ("trim(I)", "2: solve_a: write the line as `x1 = func(arg, ...)`"),
    ("return I", "2: solve_a: write the line as `x1 = func(arg, ...)`"),
    (f"x1 = {DEEP}", ""),
]  # fmt: skip
BAD_FILES = [
    ("def solve_a(I):\n    x1 = trim(I)\n", "2: solve_a: end it with `return O`"),
    ("def solve_a(I):\n    return I\n", "2: solve_a: end it with `return O`"),
    ("def solve_a(I):\n    return\n", "2: solve_a: end it with `return O`"),
    ("def solve_a(I):\n    '''Only this.'''\n", "2: solve_a: end it with `return O`"),
    ("def solve_a(I):\n    return trim(C)\n", "2: solve_a: C is no variable"),
    ("def solve_a(x):\n    return trim(x)\n", "1: solve_a: write its head as `def NAME(S, I, C):`"),
    ("@cache\ndef solve_a(I):\n    return trim(I)\n", "2: solve_a: write its head as"),
    ("def solve_a(I:\n", "1: no Python source: "),
    ("x = 1\n", " no program: write one as `def solve_NAME(S, I, C):`"),
    ("", " no program: write one as `def solve_NAME(S, I, C):`"),
    ("a = '\udcff'", "1: no Python source: "),
]  # fmt: skip
BAD_FILES += [(f"def solve_a(I):\n    {line}\n    return trim(I)\n", m) for line, m in BAD_LINES]


def refuse(capsys, *options):
    """Runs the command, which must refuse and write nothing; returns its line on stderr."""
    before = sorted(Path().rglob("*"))
    capsys.readouterr()
    try:
        status = card.main([str(option) for option in options])
    except SystemExit as end:  # of the parser
        status = end.code
    assert status == 2
    assert sorted(Path().rglob("*")) == before
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("card: ")
    return err


@pytest.mark.parametrize(("text", "message"), BAD_FILES, ids=[text[-60:] for text, _ in BAD_FILES])
def test_a_file_of_another_form_is_refused(text, message, capsys):
    Path("mine.py").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert f"mine.py:{message}" in refuse(capsys, "--solvers", "mine.py")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-c", 0], "--count is 0"),
        (["-c", "many"], "argument -c/--count: invalid int value: 'many'"),
        (["--mutation", 1.5], "--mutation is 1.5"),
        (["--mutation", "nan"], "--mutation is nan"),
        (["--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["--solvers", "missing.py"], "missing.py"),
        (["--prefix", "verify"], "--prefix is for the programs of a file: name it with --solvers"),
        (["--solvers", "."], "directory"),
        (["-f", "no/such/folder"], "no/such/folder_call.py cannot be written"),
        (["-f", "my-batt"], "my-batt.py is no name for a module"),
        (["-f", ""], ".py is no name for a module"),
        (["--unknown"], "unrecognized arguments: --unknown"),
    ],
    ids=str,
)
def test_bad_options_are_refused(options, message, capsys):
    assert message in refuse(capsys, *options)


# Mutating


def test_the_vocabulary_is_that_of_the_dsl():
    recorded = json.loads((Path(__file__).parent / "golden/dsl_vocabulary.json").read_text())
    functions, constants = card.vocabulary()
    assert functions.keys() == recorded.keys()
    assert {"T", "TEN", "NEG_TWO", "ZERO_BY_TWO"} <= constants.keys()


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("objects(I, T, F, T)", 2),
        ("objects(I, True, False, T)", 2),
        ("replace(I, ONE, 7)", 2),
        ("replace(I, ONE, 7)", 3),
        ("crop(I, ORIGIN, TWO_BY_TWO)", 2),
        ("trim(I)", 0),
        ("apply(trim, S)", 1),
        ("apply(trim, S)", 2),
    ],
    ids=str,
)
def test_an_item_is_replaced_by_its_kind(line, place):
    functions, constants = card.vocabulary()
    routine = parse_lines("x0 = shape(I)", "x1 = trim(I)", f"return {line}")
    items = set()
    for seed in range(300):
        call = card.mutate(routine, 0.3, random.Random(seed)).calls[3]
        items.add(call.items[place])
    item = (routine.calls[3].function, *routine.calls[3].arguments)[place]
    others = items - {item}
    assert others
    if item in functions:
        assert all(functions[other] == functions[item] for other in others)
    elif item in ("I", "S"):
        assert others == {"I", "t1", "t2"} - {item}
    else:
        kind = type(constants[item] if item in constants else literal_eval(item))
        assert all(type(constants[other]) is kind for other in others)


def test_a_function_without_its_like_is_replaced_by_one_of_its_arity():
    functions, _ = card.vocabulary()
    routine = parse_lines("return shift(I, ORIGIN)")
    mutated = {card.mutate(routine, 1, random.Random(seed)).calls[1].function for seed in range(50)}
    assert len(mutated) > 5 and {functions[name][0] for name in mutated} == {2}


def test_what_is_called_stays_the_value_of_a_call():
    routine = parse_lines("x1 = trim(I)", "x2 = compose(trim, trim)", "return x2(x1)")
    called = {card.mutate(routine, 1, random.Random(seed)).calls[3].function for seed in range(50)}
    assert called == {"t1"}


def test_a_rate_is_the_chance_of_each_item():
    routine = parse_lines(*[f"x{n} = replace(I, ONE, TWO)" for n in range(2000)], "return x1")
    mutated = card.mutate(routine, 0.1, random.Random(1))
    changed = sum(
        old != new
        for t, call in routine.calls.items()
        for old, new in zip(call.arguments[1:], mutated.calls[t].arguments[1:], strict=True)
    )
    assert 0.08 < changed / 4000 < 0.12


# Writing files


def test_a_failing_write_leaves_everything_as_it_was(monkeypatch, capsys):
    make("-c", 3)
    before = {path: path.read_bytes() for path in Path().iterdir()}
    write_bytes, calls = Path.write_bytes, count()

    def fail_second(path, data):
        if next(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail_second)
    assert "batt.py cannot be written (No space left on device)" in refuse(capsys, "-c", 9)
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_a_folder_in_the_place_of_the_module_is_refused(capsys):
    Path("batt.py").mkdir()
    assert "batt.py cannot be written (a folder has this name)" in refuse(capsys)


def test_the_module_is_put_in_place_last(monkeypatch):
    order = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, to: (order.append(to.name), replace(path, to)))
    make("-c", 3)
    assert order == ["batt_call.py", "batt.py"]


# The embedded programs


def test_the_demo_holds_embedded_solvers_as_they_are(monkeypatch, tmp_path):
    monkeypatch.undo()
    path = card.demo(tmp_path, "demo")
    assert [candidate.evolved for candidate in read(path).candidates] == [False] * 32
    assert re.findall(r"# (solve_\w+)", path.read_text())[0] == "solve_007bbfb7"
    first = path.read_bytes()
    assert card.demo(tmp_path, "demo").read_bytes() == first


def test_each_solver_of_the_demo_has_an_output(tmp_path, monkeypatch):
    monkeypatch.undo()
    batt = run_path(str(card.demo(tmp_path, "demo")))["batt"]
    data = get_data()["demo"]
    for task_id in ["007bbfb7", *sorted(data)[::40]]:
        pairs = tuple((sample["input"], sample["output"]) for sample in data[task_id])
        for grid, expected in pairs:
            outputs, _ = batt(task_id, pairs, grid, expected, "pile.log")  # what is not guarded ends it
            assert len(outputs) == 32


def test_each_differ_is_embedded():
    assert [differ.name for differ in card.own_differs()] == [
        "differ_colors_lost",
        "differ_colors_gained",
        "differ_dots_lost",
        "differ_dots_gained",
    ]


def test_a_signal_between_two_files_waits_till_both_are_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert card.main(["-c", "2", "-f", "some", "--seed", "1"]) == 0
    before = {path.name: path.read_text() for path in tmp_path.glob("*some*")}
    replace = Path.replace

    def interrupt_and_replace(path, target):
        signal.raise_signal(signal.SIGTERM)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupt_and_replace)
    assert card.main(["-c", "3", "-f", "some", "--seed", "2"]) == 128 + signal.SIGTERM
    after = {path.name: path.read_text() for path in tmp_path.glob("*some*")}
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] == before[name]] == []
