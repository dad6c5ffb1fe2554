"""What is written about the project is true: README, the guide, the changelog, the metadata, the workflow."""

import re
from pathlib import Path

import pytest

import run_batt
from batt_utils import card

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
    commands = re.findall(r"^    (\S.*)$", commands, re.MULTILINE)
    assert len(commands) == 2
    assert [command for command in commands if f"- run: {command}\n" not in WORKFLOW] == []
