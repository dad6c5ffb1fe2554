"""The command and `show`: what they write, and what they say of faults that a user can put right."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from selenium.webdriver.common.by import By

from batt_utils.console import UserError
from batt_utils.report import show
from batt_utils.report.__main__ import main
from reports import ODD, ROOT, RUN, SCORES

OPTIONS = ("--data", "data", "-o", "other.html")


@pytest.fixture
def here(folders, monkeypatch):
    monkeypatch.chdir(folders)
    yield folders
    (folders / "other.html").unlink(missing_ok=True)


def read_data(path):
    return json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', path.read_text(), re.DOTALL)[1])


def test_the_page_has_every_task(here, page):
    data = read_data(page)
    assert {task["id"] for task in data["tasks"]} == {*RUN, *SCORES}
    assert len({*data["grids"]}) == len(data["grids"])


def test_a_line_tells_what_is_written(here, capsys):
    assert main([*OPTIONS, "-i", "partly", ODD]) == 0
    size = (here / "other.html").stat().st_size
    assert capsys.readouterr() == (f"other.html: 2 tasks, {size / 1e6:.1f} MB\n", "")
    assert [task["id"] for task in read_data(here / "other.html")["tasks"]] == [ODD, "partly"]


def test_a_task_without_samples_has_no_pictures(here, tmp_path, capsys):
    (tmp_path / "partly.json").write_bytes((here / "data" / "partly.json").read_bytes())
    assert main(["--data", str(tmp_path), "-o", "other.html", "-i", "nearly", "partly"]) == 0
    line = f"report: {tmp_path}: no samples of 1 tasks, such as nearly: name their --data\n"
    assert capsys.readouterr().err == line
    nearly, partly = sorted(read_data(here / "other.html")["tasks"], key=lambda task: task["id"])
    assert (nearly["samples"], len(nearly["programs"])) == ([], 1)
    assert len(partly["samples"]) == 3


def write_stage(folder, stage, task_id, task):
    """Write the ARC Prize files of a stage with a task; there are no solutions of the stage test."""
    outputs = [sample.pop("output") for sample in task["test"]]
    (folder / f"arc-agi_{stage}_challenges.json").write_text(json.dumps({task_id: task}))
    if stage != "test":
        (folder / f"arc-agi_{stage}_solutions.json").write_text(json.dumps({task_id: outputs}))


@pytest.mark.parametrize(
    "stages",
    [{"training": ODD, "evaluation": "partly"}, {"training": "partly", "test": ODD}, {"test": ODD}],
    ids=["both", "training and test", "test"],
)
def test_tasks_of_every_stage(here, tmp_path, stages):
    for stage, task_id in stages.items():
        task = json.loads((here / "data" / f"{task_id}.json").read_text())
        write_stage(tmp_path, stage, task_id, task)
    assert main(["--data", str(tmp_path), "-o", "other.html", "-i", *stages.values()]) == 0
    for task in read_data(here / "other.html")["tasks"]:
        assert stages[task["stage"]] == task["id"]
        outputs = [sample["output"] is not None for sample in task["samples"]]
        assert outputs == [True, True, task["stage"] != "test"]


@pytest.mark.parametrize("name", ["", "partly.json"], ids=["a folder", "a file"])
def test_files_of_tasks_whose_outputs_are_not_known(here, tmp_path, capsys, name):
    for task_id in ("partly", "nearly"):
        task = json.loads((here / "data" / f"{task_id}.json").read_text())
        if task_id == "partly":
            del task["test"][0]["output"]
        (tmp_path / f"{task_id}.json").write_text(json.dumps(task))
    shown = ["partly"] if name else ["nearly", "partly"]
    assert main(["--data", str(tmp_path / name), "-o", "other.html", "-i", *shown]) == 0
    assert capsys.readouterr().err == ""
    tasks = read_data(here / "other.html")["tasks"]
    assert [(task["id"], task["stage"], len(task["samples"])) for task in tasks] == [
        (task_id, "", 3) for task_id in shown
    ]
    assert tasks[-1]["samples"][2]["output"] is None


REFUSED = "'none/x.html' cannot be written (No such file or directory): choose another --output"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(["--out", "no"], "no: no result folders there: run run_batt.py first", id="no folders"),
        pytest.param(["-i", "unknown"], "HERE: nothing of task unknown there: ", id="no such task"),
        pytest.param(["-o", "none/x.html", "--out", "no"], REFUSED, id="no such place, tried first"),
        pytest.param(["--results", "broken"], "broken: line 1 is no result: remove it", id="no result"),
        pytest.param(["--results", "none"], "none: No such file or directory", id="no results"),
        pytest.param(["--data", "nowhere"], "nowhere: no ARC tasks there: give --data", id="no data"),
        pytest.param(["--nothing"], "unrecognized arguments: --nothing; --help", id="no such option"),
    ],
)
def test_a_fault_is_one_line(here, capsys, arguments, line):
    (here / "broken").write_text("{}\n")
    try:
        status = main([*OPTIONS, *arguments])
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"report: {line.replace('HERE', str(here))}")
    assert not (here / "other.html").exists()


def run_to(here, redirection, *arguments, **environment):
    """Run the command in a shell, with its streams led elsewhere."""
    line = f'exec "$@" {redirection}'
    command = [sys.executable, "-m", "batt_utils.report", *OPTIONS, "-i", "partly", *arguments]
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "bash", *command],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_may_be_missing(here, closed):
    done = run_to(here, closed)
    assert (done.returncode, done.stderr) == (0, "")
    (task,) = read_data(here / "other.html")["tasks"]
    assert [len(sample["outputs"]) for sample in task["samples"]] == [2, 2, 2]


@pytest.mark.parametrize(
    ("redirection", "status", "line"),
    [
        pytest.param("| exec true", 141, "", id="nobody reads"),
        pytest.param(
            "> /dev/full", 2, "cannot write to stdout: No space left on device: send it elsewhere", id="full"
        ),
    ],
)
def test_stdout_that_takes_nothing(here, redirection, status, line):
    done = run_to(here, redirection)
    assert (done.returncode, done.stderr) == (status, f"report: {line}\n" if line else "")


def test_a_current_folder_that_is_gone(here):
    line = f'mkdir gone && cd gone && rmdir ../gone && exec "{sys.executable}" -m batt_utils.report --out ..'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", line], cwd=here, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "report: the current folder is gone: change to another one\n"


def test_names_that_are_no_text(here, tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xc3\xa4")
    Path(name).write_bytes((here / "results.jsonl").read_bytes())
    done = run_to(here, "", "--results", name, "-o", f"{name}.html", PYTHONIOENCODING="ascii:strict")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\\udcff\\xe4.html: 1 tasks, 0.0 MB\n")
    assert Path(f"{name}.html").read_text()


def test_without_jinja_the_line_says_what_to_install(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main([*OPTIONS]) == 2
    assert capsys.readouterr().err == "report: a report needs the package jinja2: pip install jinja2\n"


def test_a_signal_while_the_page_is_written_ends_the_command(here, monkeypatch):
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    monkeypatch.setattr(
        "batt_utils.report.__main__.write_file", lambda *_: signal.raise_signal(signal.SIGTERM)
    )
    try:
        assert main([*OPTIONS]) == 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_show_refuses_what_is_not_there(here):
    with pytest.raises(UserError, match="nothing of task unknown"):
        show("unknown", data="data")


def test_show_says_what_it_needs(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(UserError, match="IPython is not there: pip install notebook"):
        show(ODD, data="data")


def test_show_displays_a_task_in_a_notebook(here, tmp_path, browser):
    code = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom batt_utils.report import show\n"
    cell = new_code_cell(f"{code}show({ODD!r}, out={str(here)!r}, data={str(here / 'data')!r})")
    place = {"metadata": {"path": str(tmp_path)}}
    notebook = NotebookClient(new_notebook(cells=[cell]), resources=place).execute()
    (shown,) = notebook.cells[0].outputs
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><link rel=icon href='data:,'>{shown.data['text/html']}")
    browser.get(path.as_uri())
    frame = browser.find_element(By.TAG_NAME, "iframe")
    assert frame.get_attribute("title") == ODD
    assert frame.size["height"] > 600
    browser.switch_to.frame(frame)
    assert browser.find_element(By.ID, "task-title").text == f"{ODD} ✓ solved"
    assert len(browser.find_elements(By.CSS_SELECTOR, ".outputs canvas")) == 6
    assert browser.find_elements(By.TAG_NAME, "nav") == []
