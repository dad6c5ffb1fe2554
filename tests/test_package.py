"""The package as others get it: built, installed away from the checkout, and run from an empty folder."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

import run_batt

ROOT = Path(run_batt.__file__).parent
SOURCES = ("run_batt.py", "batt_utils")
ABOUT = ("pyproject.toml", "README.md", "LICENSE")
BUILD_SDIST = "from setuptools.build_meta import build_sdist; build_sdist('dist')"


def run(*command, cwd, path=""):
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pip(*arguments, cwd):
    offline = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    run(sys.executable, "-m", "pip", arguments[0], *offline, *arguments[1:], cwd=cwd)


def list_files(folder):
    """The files that a package built from the folder has to hold."""
    paths = (path for name in SOURCES for path in [folder / name, *(folder / name).rglob("[!.]*")])
    return {
        path.relative_to(folder).as_posix()
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the checkout with a folder `dist`: the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    for name in ABOUT:
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "run_batt.py", folder)
    shutil.copytree(ROOT / "batt_utils", folder / "batt_utils")
    (
        folder / "batt_utils" / "plain"
    ).mkdir()  # packages and data files of later need no word in pyproject.toml
    (folder / "batt_utils" / "plain" / "page.html").touch()
    (folder / "batt_utils" / "plain" / "module.py").touch()

    run(sys.executable, "-c", BUILD_SDIST, cwd=folder)
    pip("wheel", "--no-build-isolation", "-w", "dist", *(folder / "dist").iterdir(), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-compile", "--target", folder, *(built / "dist").glob("*.whl"), cwd=built)
    return folder


def test_sdist_has_every_file(built):
    (path,) = (built / "dist").glob("*.tar.gz")
    top = f"run_batt-{run_batt.__version__}"
    with tarfile.open(path) as sdist:
        names = set(sdist.getnames())
    assert {f"{top}/{name}" for name in [*list_files(built), *ABOUT]} <= names


def test_wheel_has_every_file_and_no_other(built):
    (path,) = (built / "dist").glob("*.whl")
    about = f"run_batt-{run_batt.__version__}.dist-info/"
    with ZipFile(path) as wheel:
        names = set(wheel.namelist())
    assert {name for name in names if not name.startswith(about)} == list_files(built)
    assert f"{about}licenses/LICENSE" in names


def test_the_command_says_the_version_of_the_package(installed, tmp_path):
    command = installed / "bin" / "run-batt"
    assert run(command, "--version", cwd=tmp_path, path=installed) == f"run_batt {run_batt.__version__}\n"
    (metadata,) = installed.glob("*.dist-info/METADATA")
    assert f"\nVersion: {run_batt.__version__}\n" in metadata.read_text()


def test_the_modules_are_those_installed(installed, tmp_path):
    code = "import run_batt, batt_utils.card; print(run_batt.__file__); print(batt_utils.card.__file__)"
    files = run(sys.executable, "-c", code, cwd=tmp_path, path=installed).splitlines()
    assert files == [str(installed / "run_batt.py"), str(installed / "batt_utils" / "card.py")]


def test_a_batt_is_written_and_run(installed, tmp_path):
    run(sys.executable, "-m", "batt_utils.card", "-c", 3, "-f", "x", cwd=tmp_path, path=installed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.py", "x_call.py"]
    output = run(installed / "bin" / "run-batt", "-i", "007bbfb7", "-b", "x", cwd=tmp_path, path=installed)
    assert output.endswith("\n1 tasks - 0 timeouts\n")


def test_the_demo_batt_runs(installed, tmp_path):
    command = (installed / "bin" / "run-batt", "-i", "007bbfb7", "-b", "tmp_batt_onerun_run")
    output = run(*command, cwd=tmp_path, path=installed)
    assert re.search(r"^run_batt\.py:\d+: - o_solver_id = '\w+' - match = True$", output, re.MULTILINE)
    assert output.endswith("\n1 tasks - 0 timeouts\n")
    assert list(tmp_path.glob("solver_dir/solve_007bbfb7/[1-9]*/*/*.py"))
    assert list(tmp_path.glob("solver_md5/*.py"))
