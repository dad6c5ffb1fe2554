"""The page of a report, and a browser to look at it."""

import os

import pytest

from reports import find_chromium, make_folders, open_chromium, run_command, set_window


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Make the folder of `make_folders`."""
    folder = tmp_path_factory.mktemp("results")
    make_folders(folder)
    return folder


@pytest.fixture(scope="session")
def page(folders):
    """Write the page of a report on these folders, in a folder beside the result folders."""
    (folders / "pages").mkdir()
    path = folders / "pages" / "report.html"
    options = ("--data", "data", "--results", "results.jsonl", "-o", path)
    run_command(folders, "-m", "batt_utils.report", *options)
    return path


@pytest.fixture(scope="session")
def chromium():
    """Chromium without a screen; where it is missing tests are skipped, or fail if it is required."""
    found = find_chromium()
    if found is None:
        leave = pytest.fail if os.environ.get("REPORT_BROWSER") == "required" else pytest.skip
        leave("Chromium or its driver is missing: install chromium and chromium-driver")
    with open_chromium(*found) as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    """Chromium with a wide window in light mode; a test fails on whatever its console has been told."""
    set_window(chromium, 1200, 900)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    chromium.get("about:blank")
    chromium.get_log("browser")
    yield chromium
    assert chromium.get_log("browser") == []
