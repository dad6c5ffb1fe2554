"""The checkout that is made here, and run_batt dropped into it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pebble
import pytest

from batt_utils import card
from batt_utils.batt.program import make_call
from batt_utils.batt.reader import load_batt
from batt_utils.tasks import get_data
from host import FUNCTIONS, NAME, TASKS, make_host, write_batt
from host.forms import DSL_PRELUDE, FIVE, FORMS, NEWEST, SEED, THREE, Form
from old_flow import isolate_batt

OLD_FLOW = Path(__file__).parents[1] / "oracle" / "old_flow.py"
TASK = "007bbfb7"
# Calls of functions made on the way: an IndexError on each sample, a KeyError on the test samples.
FRAGILE = (
    card.Routine("solve_row_12", {1: make_call("nth_of", "I"), 2: make_call("t1", "12")}, 2),
    card.Routine("solve_by_heart", {1: make_call("look_up", "S"), 2: make_call("t1", "I")}, 2),
)
PLAIN_FORMS = {
    guard: Form("plain", DSL_PRELUDE, "so", guard, one_line=False, records=False) for guard in (THREE, FIVE)
}
BATTS = {form: f"batt_{place}" for place, form in enumerate((*FORMS, *PLAIN_FORMS.values()))}
EACH_FORM = pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])


def run_in(folder, *command, python=sys.executable, **environment):
    return subprocess.run(
        [python, *map(str, command)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_batt(folder, *arguments, batt=NAME):
    return run_in(folder, "run_batt.py", "-i", TASK, "-b", batt, *arguments)


def run_old(folder, batt, out):
    result = run_in(folder, OLD_FLOW, "-i", TASK, "-b", batt, "--out", out)
    assert result.returncode == 0, result.stderr


def list_links(out):
    """The links below a folder without their T_LOG, which is another each time."""
    paths = [path.relative_to(out).parts for path in out.glob("*_dir/**/*.py")]
    return {(*parts[:-2], parts[-1]) for parts in paths}


def list_files(out):
    return {path.relative_to(out): path.read_bytes() for path in out.glob("*_md5/*.py")}


def find_pythons():
    """The interpreters of each version that there is: this one, on the path, or installed beside it."""
    found = {f"3.{sys.version_info.minor}": sys.executable}
    for version in ("3.10", "3.11", "3.12", "3.13"):
        name = f"python{version}"
        paths = [shutil.which(name), *Path(sys.base_prefix).parent.glob(f"*/bin/{name}")]
        for path in filter(None, paths):
            if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
                found.setdefault(version, str(path))
    return found


PYTHONS = find_pythons()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("host") / "checkout"
    assert make_host(folder, solvers=5) == NAME
    return folder


@pytest.fixture(scope="module")
def newest(tmp_path_factory):
    """A checkout of the newest revision, in which its batt has run."""
    folder = tmp_path_factory.mktemp("newest") / "checkout"
    make_host(folder, solvers=5, form=NEWEST)
    result = run_batt(folder)
    assert (result.returncode, result.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def forms(host):
    """The checkout with a batt of every form: the same solvers, mutated and fragile ones among them."""
    mutated = [card.mutate(card.own_solvers()[0], 0.3, Random(1))]
    for form, name in BATTS.items():
        write_batt(host, 3, Random(0), form, name, [*mutated, *FRAGILE])
    return host


@pytest.fixture(scope="module")
def ran(host):
    assert run_batt(host).returncode == 0
    return host


def test_its_dsl_has_the_style(host):
    source = (host / "dsl.py").read_text()
    functions = re.findall(r"^def ([a-z]\w*)\(.*\)(?: -> '.*')?:\n    (.*)", source, re.MULTILINE)
    logs = [first for _, first in functions if re.match(r"logger\.(info|debug)\(f'", first)]
    assert len(functions) == FUNCTIONS
    assert 0.9 * FUNCTIONS < len(logs) < FUNCTIONS
    assert len(re.findall(r"    logger\.info\(f'\w+: res = ", source)) > 20


def test_its_functions_give_an_empty_value_where_they_would_fail(host):
    program = (
        "from dsl import add, even, first, objects, order, palette, rbind, subtract, tophalf;"
        "print([add('', 1), even(''), first(5), objects(1, 2, 3, 4), order(1, 2), palette(1), tophalf(1)]);"
        "print(rbind(5, 5)(1), rbind(subtract, 2)(9), rbind(rbind(objects, True), True)._original_argcount)"
    )
    empty = "[0, False, (), frozenset(), (), frozenset(), ()]\n"
    assert run_in(host, "-c", program).stdout == f"{empty}() 7 2\n"


def test_its_data_is_read(host, monkeypatch):
    monkeypatch.chdir(host)
    assert [*get_data()["demo"]] == [*TASKS["training"]]
    assert [*get_data(train=False)["test"]] == [*TASKS["evaluation"]]


def test_its_batt_is_in_the_seeds_form(host, monkeypatch):
    monkeypatch.chdir(host)
    module = load_batt(NAME)
    assert len(module.batt.candidates) == 6
    assert module.batt.calls.keys() == module.calls.keys()
    assert (host / f"{NAME}.py").read_text().startswith(SEED.prelude)


def test_same_seed_makes_the_same_batt(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder, seed in zip(folders, (1, 1, 2)):
        make_host(folder, 170, seed)
    texts = [(folder / f"{NAME}.py").read_text() for folder in folders]
    assert texts[0] == texts[1] != texts[2]


def test_its_programs_run_beside_ours(ran):
    assert run_in(ran, "-m", "unittest", "tests").returncode == 0
    assert run_in(ran, "expand_solver.py", "tests.py").stdout.startswith('"""Tests of')
    assert run_in(ran, "card.py", TASK, 0).stdout == "True\n"
    scores = run_in(ran, "run_test.py", TASK)
    assert scores.returncode == 0, scores.stderr
    assert {f"{path.stem} {int(path.parts[-3]) - 1}" for path in ran.glob("solver_dir/*/6/*/*.py")} <= {
        *scores.stdout.splitlines()
    }


def test_command_works_in_it(host):
    result = run_batt(host, "--out", "here", "--json", "result.json")
    assert result.returncode == 0, result.stderr
    assert "1 tasks - 0 timeouts" in result.stdout and "utils: loaded" not in result.stdout
    assert json.loads((host / "result.json").read_text())["tasks"] == 1


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        pytest.param(
            [], 2, "run_batt.py: the package pebble is missing: pip install pebble\n", id="no package"
        ),
        pytest.param([pebble], 0, "", id="Pebble alone"),
    ],
)
def test_command_needs_one_package(host, tmp_path, packages, status, said):
    for package in packages:
        folder = Path(package.__file__).parent
        (tmp_path / folder.name).symlink_to(folder)
    # With -S, Python knows no installed package.
    command = ["-S", "run_batt.py", "-i", *TASKS["training"][:2], "-b", NAME, "--out", "bare"]
    result = run_in(host, *command, PYTHONPATH=str(tmp_path))
    assert (result.returncode, result.stderr) == (status, said)
    assert (host / "bare").exists() is (status == 0)


def test_result_is_that_of_the_old_flow(host):
    assert run_batt(host, "--out", "new").returncode == 0
    run_old(host, NAME, "old")
    assert list_links(host / "new") == list_links(host / "old") != set()
    assert list_files(host / "new") == list_files(host / "old")


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_every_python_that_is_here_gives_the_same(host, version):
    packages = str(Path(pebble.__file__).parent.parent)
    command = ["run_batt.py", "-i", TASK, "-b", NAME, "--out", version]
    result = run_in(host, *command, python=PYTHONS[version], PYTHONPATH=packages)
    assert result.returncode == 0, result.stderr
    assert run_batt(host, "--out", "this").returncode == 0
    assert list_links(host / version) == list_links(host / "this") != set()
    assert list_files(host / version) == list_files(host / "this")


# Batts of every form


ONE_LINE = r"    t\d+, t\d+, t\d+, t\d+ = batch_process_samples_gpu\(S\)"
GUARDED_FOUR = r"    try:\n        t\d+ = mapply\(p_g, t\d+\)"
TEXTS = [r"^    \d+: '\w+, .+',$", r"^    \d+: '\w+\(.+\)',$", r"^    \d+: '\w+, .*\bt\d+\.t\b.*',$"]
RECORDS = [
    r"^HintValue = namedtuple\('HintValue', \['hint', 'value'\]\)\nt_call = \{1: HintValue\(hint=",
    r"HintValue\(hint=None, value=\('\w+'",
    r"HintValue\(hint=\('[^()]*\([^()]*\)",
    r", value=\('t\d+', '",
]


@pytest.mark.parametrize(
    ("form", "lists", "guard", "samples", "table"),
    [
        pytest.param(form, *told, id=form.name)
        for form, told in zip(
            FORMS,
            [
                ("so", 3, ONE_LINE, TEXTS),
                ("os", 3, ONE_LINE, TEXTS),
                ("so", 5, ONE_LINE, TEXTS),
                ("os", 5, GUARDED_FOUR, TEXTS),
                ("os", 5, GUARDED_FOUR, RECORDS),
            ],
        )
    ],
)
def test_a_batt_is_written_in_its_form(forms, form, lists, guard, samples, table):
    source, call_table = ((forms / f"{BATTS[form]}{end}.py").read_text() for end in ("", "_call"))
    head = "def batt(task_id, S, I, C, log_path):\n"
    start = "".join(f"    {name} = []\n" for name in lists)
    assert source.startswith(f"{form.prelude}{head}{start}") and source.endswith("\n    return o, s\n")
    guards = re.findall(r"^    except \((.*)\):$", source.removeprefix(form.prelude), re.MULTILINE)
    assert {len(names.split(", ")) for names in guards} == {guard}
    for line in (samples, r"    t\d+ = [a-z]\w*\(", r"        t\d+ = t\d+\(", "    # "):
        assert re.search(f"^{line}", source, re.MULTILINE)
    for line in table:
        assert re.search(line, call_table, re.MULTILINE)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        pytest.param(form, said, id=form.name)
        for form, said in zip(
            FORMS,
            [
                {"utils: loaded", "pile: loaded", "gpu_env: loaded", "prelude: no arrays, "},
                {"batt_gpu: loaded", "utils: loaded", "pile: loaded"},
                {"batt_gpu: loaded", "utils: loaded", "pile: loaded"},
                {"batch_tuner: loaded"},
                set(),
            ],
        )
    ],
)
def test_a_prelude_prints_what_it_runs(forms, form, said):
    result = run_in(forms, "-c", f"import sys; sys.modules['cupy'] = None; import {BATTS[form]}")
    assert result.returncode == 0, result.stderr
    assert {re.sub(", .*", ", ", line) for line in result.stdout.splitlines()} == said


def test_default_is_not_in_the_dsl_itself(host):
    program = "import dsl, constants; print('_get_safe_default' in {**vars(dsl), **vars(constants)})"
    assert run_in(host, "-c", program).stdout == "False\n"


@EACH_FORM
def test_a_form_gives_what_the_plain_one_gives_and_runs_no_prelude(forms, form, monkeypatch):
    monkeypatch.chdir(forms)
    trees = []
    for one in (form, PLAIN_FORMS[form.guard]):
        options = ["--timing", "--rules", "seed", "--out", f"form_{BATTS[one]}"]
        result = run_batt(forms, *options, batt=BATTS[one])
        assert (result.returncode, result.stderr) == (0, "")
        calls = len(load_batt(BATTS[one]).calls)
        assert re.findall(r"^run_batt\.py:\d+: (batt: .*)$", result.stdout, re.MULTILINE) == [
            f"batt: table of {calls} calls"
        ]
        assert not re.search("loaded|prelude", result.stdout)
        out = forms / f"form_{BATTS[one]}"
        trees.append((list_links(out), list_files(out)))
    assert trees[0] == trees[1] != (set(), {})


@EACH_FORM
def test_a_form_gives_what_the_old_flow_gives(forms, form):
    name = BATTS[form]
    assert run_batt(forms, "--rules", "seed", "--out", f"new_{name}", batt=name).returncode == 0
    # What three names do not guard would cost the old flow the sample.
    run_old(forms, isolate_batt(forms, name) if form.guard == THREE else name, f"old_{name}")
    assert list_links(forms / f"new_{name}") == list_links(forms / f"old_{name}") != set()
    assert list_files(forms / f"new_{name}") == list_files(forms / f"old_{name}")


def test_five_guarded_names_keep_more_than_three(forms):
    found = {}
    for guard, form in PLAIN_FORMS.items():
        assert run_batt(forms, "--out", f"guard_{len(guard)}", batt=BATTS[form]).returncode == 0
        found[guard] = {link[-1] for link in list_links(forms / f"guard_{len(guard)}")}
    assert len(found[FIVE] - found[THREE]) == 1 and found[THREE] < found[FIVE]


# Both checkouts


def count_differs(folder):
    """What a checkout's own program reads of differs: how many, and the sum of their scores."""
    program = (
        f"import utils; found = utils.list_differs({TASK!r});"
        "print(len(found), sum(one.score for one in found))"
    )
    result = run_in(folder, "-c", program)
    assert result.returncode == 0, result.stderr
    return [*map(int, result.stdout.splitlines()[-1].split())]


def test_each_checkout_reads_the_differs_that_are_written_in_it(ran, newest):
    for folder in (ran, newest):
        paths = [*folder.glob("differ_dir/**/*.py")]
        assert count_differs(folder) == [len(paths), sum(int(path.parts[-3]) for path in paths)]
        assert sum(int(path.parts[-3]) for path in paths) > 0
    assert {path.name for path in (ran / "differ_dir").iterdir()} == {"iz", "zo"}
    assert {path.name for path in (newest / "differ_dir").iterdir()} == {f"solve_{TASK}"}


def test_the_newest_checkout_scores_in_thousands(newest):
    assert run_batt(newest, "--rules", "seed", "--out", "by_seed").returncode == 0
    links = {parts[-1]: int(parts[2]) for parts in list_links(newest) if parts[0] == "solver_dir"}
    by_seed = {
        parts[-1]: int(parts[2]) for parts in list_links(newest / "by_seed") if parts[0] == "solver_dir"
    }
    assert links == {name: 1000 * score for name, score in by_seed.items()} != {}


def test_a_batt_of_the_other_revision_is_refused(host, newest):
    for folder, form in ((host, NEWEST), (newest, SEED)):
        write_batt(folder, 3, Random(0), form, "other_batt")
        result = run_batt(folder, "--out", "refused", batt="other_batt")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1 and "--rules seed or --rules newest" in result.stderr
        assert not (folder / "refused").exists()
