"""What is counted, drawn and written of findings; the page itself is looked at in `test_page_browser.py`."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from batt_utils.report.findings import Finding
from batt_utils.report.page import count_scores, draw_line, make_page, sum_seconds
from batt_utils.report.stored import Holding, Stored
from batt_utils.report.tries import Try
from batt_utils.store.links import Link

SAMPLE = {"input": ((0, 1), (2, 3)), "output": ((9,),)}


def make_finding(task_id="task", right=0, of=4, folder=Path()):
    samples = {"demo": [SAMPLE] * (of - 1), "test": [SAMPLE]}
    return Finding(task_id, "", samples, Holding([Stored(Link(right, 9, "a" * 32), folder)], []), [])


def test_scores_are_counted_by_samples_missed():
    findings = [make_finding(right=right, of=7) for right in (7, 7, 6, 5, 4, 3, 2, 1, 0)]
    assert [bar.text for bar in count_scores(findings)] == ["2", "1", "1", "1", "3", "1"]
    assert [round(bar.percent) for bar in count_scores(findings)] == [67, 33, 33, 33, 100, 33]


def make_tries(*solved):
    """Tries, one every ten seconds, each at a task of its own."""
    start = datetime(2026, 1, 1)
    return [
        Try("f", "b", f"{i}", "", start + timedelta(seconds=10 * i), 1.0, one, 1, bool(one), 1, {})
        for i, one in enumerate(solved)
    ]


def test_the_line_rises_when_a_task_is_solved():
    line = draw_line(make_tries(0, 1, 0, 1))
    assert line == ("M0 100H80.0V50.0H240.0V0.0H240", 2, 30)


@pytest.mark.parametrize("solved", [(), (1,)], ids=["no try", "one moment"])
def test_there_is_no_line_without_time(solved):
    assert draw_line(make_tries(*solved)) is None


def test_nothing_solved_is_a_line_at_the_bottom():
    assert draw_line(make_tries(0, 0)) == ("M0 100H240", 0, 10)


def test_seconds_are_summed_by_phase():
    first, *others = make_tries(0, 0, 1)
    tries = [one._replace(phases={"score": 2.5, "filter": 0.01}) for one in others]
    assert sum_seconds([first, *tries]) == [("score", "5.0 s", 100), ("filter", "20 ms", 0.4)]
    assert sum_seconds([first]) == []


def test_the_page_names_results_as_text(tmp_path):
    tries = [one._replace(file="<b>&\"'\udcff") for one in make_tries(0, 1)]
    page = make_page([make_finding("0")], tries, tmp_path)
    assert "<td>&lt;b&gt;&amp;&#34;&#39;?</td>" in page
    assert page.encode()
    assert json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
