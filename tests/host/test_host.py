"""The checkout that is made here, and run_batt dropped into it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pebble
import pytest

from batt_utils.modules import load_batt
from batt_utils.tasks import get_data
from host import FUNCTIONS, NAME, TASKS, make_host

OLD_FLOW = Path(__file__).parent.parent / "old_flow.py"
TASK = "007bbfb7"


def run_in(folder, *command, python=sys.executable, **environment):
    return subprocess.run(
        [python, *map(str, command)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_batt(folder, *arguments):
    return run_in(folder, "run_batt.py", "-i", TASK, "-b", NAME, *arguments)


def list_links(out):
    """The links below a folder without their T_LOG, which is another each time."""
    paths = [path.relative_to(out).parts for path in out.glob("*_dir/**/*.py")]
    return {(*parts[:-2], parts[-1]) for parts in paths}


def list_files(out):
    return {path.relative_to(out): path.read_text() for path in out.glob("*_md5/*.py")}


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


def test_its_batt_has_every_form_of_line(host, monkeypatch):
    monkeypatch.chdir(host)
    module = load_batt(NAME)
    assert len(module.program.candidates) == 6
    assert module.program.calls.keys() == module.calls.keys()
    source, table = ((host / f"{NAME}{end}.py").read_text() for end in ("", "_call"))
    for line in (r"    t\d+ = [a-z]\w*\(", r"        t\d+ = [a-z]", r"    t\d+, .* = batch_process", "    #"):
        assert re.search(f"^{line}", source, re.MULTILINE)
    assert re.search(r"'\w+\(.*\)'", table) and re.search(r"t\d+\.t\b", table)


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
    old = run_in(host, OLD_FLOW, "-i", TASK, "-b", NAME, "--out", "old")
    assert old.returncode == 0, old.stderr
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
