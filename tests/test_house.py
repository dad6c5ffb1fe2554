"""What is written about the project is true: README, the guide, the changelog, the metadata, the workflow."""

import ast
import re
from pathlib import Path

import pytest

import run_batt
from batt_utils import card
from batt_utils.report.__main__ import main as report

ROOT = Path(run_batt.__file__).parent
README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
CHANGELOG = (ROOT / ".github" / "CHANGELOG.md").read_text()
WORKFLOW = (ROOT / ".github" / "workflows" / "test.yml").read_text()
PROJECT = (ROOT / "pyproject.toml").read_text()
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")


def list_options(command, capsys):
    """The names of each option of a command but `--help`, as its help has them."""
    with pytest.raises(SystemExit):
        command(["--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("  -")]
    options = [OPTION.findall(line.partition("  ")[0]) for line in lines]
    assert ["-h", "--help"] in options
    return [names for names in options if "--help" not in names]


def test_readme_lists_the_options_of_the_parser(capsys):
    table = README.partition("\n## Options\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`-.*?) \| ", table, re.MULTILINE)
    options = {name for names in list_options(run_batt.cli, capsys) for name in names}
    assert {name for cell in cells for name in OPTION.findall(cell)} == options


def test_readme_names_every_option_of_the_writer_of_batts(capsys):
    named = set(OPTION.findall(README.partition("\n## Your own batts\n")[2].partition("\n## ")[0]))
    assert [names for names in list_options(card.main, capsys) if not named.intersection(names)] == []


def test_readme_lists_the_options_of_the_report(capsys):
    table = README.partition("\n## A report\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`-.*?) \| ", table, re.MULTILINE)
    options = {name for names in list_options(report, capsys) for name in names}
    assert {name for cell in cells for name in OPTION.findall(cell)} == options


def test_readme_says_the_language_of_its_blocks():
    fences = re.findall(r"^```(.*)$", README, re.MULTILINE)
    assert {*fences[1::2]} == {""}
    assert {*fences[::2]} == {"bash", "ipython", "python", "text"}
    assert not re.search(r"^    (?!.*[|])\S", re.sub(r"(?ms)^```.*?^```$", "", README), re.MULTILINE)


def test_readme_names_files_that_exist():
    paths = re.findall(r"\b(?:tests|batt_utils)/[\w/.]*\w|\.github/[\w/.]*\w", README)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_guide_has_a_place_for_every_room():
    rooms = [path.parent.name for path in ROOT.glob("batt_utils/*/__init__.py")]
    assert rooms
    assert [room for room in rooms if f"`batt_utils/{room}/`" not in GUIDE] == []


def test_changelog_has_the_version():
    versions = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert versions[0] == run_batt.__version__


def test_metadata_and_workflow_name_the_same_versions_of_python():
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PROJECT)
    matrix = re.search(r"python: \[(.*)\]", WORKFLOW)
    assert matrix and matrix[1] == ", ".join(f'"{version}"' for version in named)
    assert f"Python {named[0]} to {named[-1]}" in README


def test_workflow_runs_the_commands_of_readme():
    commands = README.partition("\n## Two commands\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^```bash\n(.*)\n```$", commands, re.MULTILINE)
    assert len(commands) == 2
    assert [command for command in commands if f"- run: {command}\n" not in WORKFLOW] == []


# A module imports modules of its own room and of the rooms below it.
ROOMS = (
    {"run_batt"},
    {"demo", "records"},
    {"card", "command", "history", "phases", "report"},
    {"checked", "engine", "lines", "totals"},
    {"job", "options"},
    {"store", "evaluate"},
    {"batt"},
    {"tasks", "rules", "shell"},
    {"console", "signals", "timing"},
    {"arc"},
)
LEVELS = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
PRINTERS = {
    "batt_utils.shell",
    "batt_utils.timing",
    "batt_utils.totals",
}


def name_module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {
    name_module(path): ast.parse(path.read_text())
    for path in [ROOT / "run_batt.py", *ROOT.glob("batt_utils/**/*.py")]
    if path.name != "__init__.py"
}


def find_room(module):
    return module.removeprefix("batt_utils.").partition(".")[0]


def find_imports(module):
    """Each import of one of our modules, wherever it stands: the module, the name in it, the name here."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            found = [(alias.name, None, alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}, line {node.lineno}: a relative import"
            found = [(str(node.module), alias.name, alias.asname or alias.name) for alias in node.names]
        else:
            continue
        for imported, name, here in found:
            if f"{imported}.{name}" in MODULES:  # from PACKAGE import MODULE
                imported, name = f"{imported}.{name}", None
            if find_room(imported) in LEVELS and imported.partition(".")[0] in ("run_batt", "batt_utils"):
                yield imported, name, here


def test_every_module_is_of_a_room_that_is_there():
    assert {find_room(module) for module in MODULES} == LEVELS.keys()


def may_import(module, imported):
    room, other = find_room(module), find_room(imported)
    if "arc" in (room, other):  # an evaluator is given the DSL
        return room == other or room == "card"
    return room == other or LEVELS[room] < LEVELS[other]


def test_imports_go_one_way():
    found = {(module, imported) for module in MODULES for imported, _, _ in find_imports(module)}
    assert len(found) > len(MODULES)
    assert {pair for pair in found if not may_import(*pair)} == set()


def test_no_module_uses_private_names_of_another():
    found = []
    for module, tree in MODULES.items():
        imports = list(find_imports(module))
        found += [(module, imported, name) for imported, name, _ in imports if name and name[0] == "_"]
        modules = {here for _, name, here in imports if name is None}
        found += [
            (module, ast.unparse(node))
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr[0] == "_" and node.attr[:2] != "__"
            if ast.unparse(node.value) in modules
        ]
    assert found == []


def test_only_the_command_says_the_lines_of_a_task():
    found = {module for module, tree in MODULES.items() for node in ast.walk(tree) if is_call(node, "say")}
    assert found == {"run_batt"}


def is_call(node, *names):
    return isinstance(node, ast.Call) and ast.unparse(node.func) in names


def test_only_what_comes_last_is_printed_otherwise():
    found = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if is_call(node, "print", "sys.stdout.write")
        if "sys.stderr" not in [ast.unparse(keyword.value) for keyword in node.keywords]
    }
    assert found == PRINTERS
