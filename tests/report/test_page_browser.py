"""The page in a real browser: clicks, keys, search, filters, what is drawn, what is loaded."""

import json
import re
from urllib.parse import quote

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from reports import MIRROR, ODD, name, run_command, set_window

COPY = """
    const copy = (canvas) => {
        const there = new OffscreenCanvas(canvas.width, canvas.height);
        const pen = there.getContext("2d", { willReadFrequently: true });
        pen.drawImage(canvas, 0, 0);
        return pen;
    };
"""
ORDER = ["nearly", "007bbfb7", ODD, "partly", "00d62c1b", "broken"]  # the most interesting first


@pytest.fixture
def opened(browser, page):
    browser.get(page.as_uri())
    return browser


def find(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def read_all(browser, selector):
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, selector)]


def list_tasks(browser):
    links = browser.find_elements(By.CSS_SELECTOR, "#list a")
    return [browser.execute_script("return arguments[0].firstChild.data.trim()", link) for link in links]


def read_title(browser):
    return browser.execute_script("return document.getElementById('task-title').textContent")


def wait_for(browser, task_id):
    """Wait till a task is shown; the browser tells the page of its new address when it likes."""
    WebDriverWait(browser, 10, 0.02).until(lambda _: read_title(browser).startswith(f"{task_id} "))


def click(browser, task_id):
    browser.find_elements(By.CSS_SELECTOR, "#list a")[list_tasks(browser).index(task_id)].click()
    wait_for(browser, task_id)


def press(browser, *keys):
    find(browser, "body").send_keys(*keys)


def read_pixels(browser, label):
    """The colours in the middle of each cell of the first picture whose label starts like this, by row."""
    script = """
        const canvas = [...document.querySelectorAll("canvas")]
            .find((one) => one.getAttribute("aria-label").startsWith(arguments[0]));
        const [, rows, columns] = canvas.getAttribute("aria-label").match(/(\\d+) by (\\d+)/).map(Number);
        const cell = (canvas.width - 1) / columns, pen = copy(canvas);
        return [...Array(rows).keys()].map((y) => [...Array(columns).keys()].map((x) => {
            const [r, g, b] = pen.getImageData((x + 0.5) * cell, (y + 0.5) * cell, 1, 1).data;
            return (r << 16) + (g << 8) + b;
        }));
    """
    return browser.execute_script(COPY + script, label)


def test_the_most_interesting_task_is_shown_first(opened):
    assert list_tasks(opened) == ORDER
    assert read_title(opened) == "nearly ◐ nearly solved"
    assert read_all(opened, ".counts dd")[:4] == ["6", "2", "1", "2"]
    phases = ["score", "filter", "inline", "process", "differs"]
    assert read_all(opened, "section[aria-labelledby=phases-title] tbody th") == phases


def test_a_click_shows_a_task_and_back_returns(opened):
    click(opened, "007bbfb7")
    assert read_title(opened) == "007bbfb7 ✓ solved"
    assert opened.switch_to.active_element.get_attribute("id") == "task-title"
    assert len(read_all(opened, "#list [aria-current]")) == 1
    click(opened, "partly")
    opened.back()
    wait_for(opened, "007bbfb7")


def test_an_address_leads_to_a_task(browser, page):
    browser.get(f"{page.as_uri()}#task={quote(ODD)}")
    wait_for(browser, ODD)


def test_a_grid_is_drawn_in_the_colours_of_arc(opened):
    assert read_pixels(opened, "demo 1, input") == [
        [0x0074D9, 0xFF4136, 0x000000],
        [0x2ECC40, 0xFFDC00, 0xAAAAAA],
    ]
    click(opened, "partly")
    assert read_pixels(opened, "demo 2, input") == [[0xF012BE, 0xFF851B], [0x7FDBFF, 0x870C25], [0, 0x0074D9]]


@pytest.mark.parametrize(
    ("task_id", "captions"),
    [
        ("007bbfb7", ["right"]),
        ("nearly", ["2 x 3 instead of 1 x 1", "right", "right"]),
        ("partly", ["right"]),
    ],
)
def test_outputs_are_compared(opened, task_id, captions):
    click(opened, task_id)
    verdicts = read_all(opened, ".outputs strong")
    assert [verdict for verdict in captions if verdict not in verdicts] == []


def test_an_unknown_output_is_said_to_be_so(browser, folders, tmp_path):
    task = json.loads((folders / "data" / "partly.json").read_text())
    del task["test"][0]["output"]
    (tmp_path / "arc-agi_test_challenges.json").write_text(json.dumps({"partly": task}))
    path = tmp_path / "report.html"
    run_command(folders, "-m", "batt_utils.report", "--data", tmp_path, "-o", path, "-i", "partly")
    browser.get(path.as_uri())
    captions = read_all(browser, "figcaption")[-4:]
    assert captions == ["input", "expected: unknown", "#1: not compared", "#2: not compared"]


def test_wrong_cells_are_marked(opened):
    click(opened, ODD)  # the second program turns: right where the row is the same from behind
    captions = read_all(opened, ".outputs figcaption")
    assert captions[:2] == ["#1: right", "#2: 4 of 6 cells wrong"]
    marked = opened.execute_script(
        COPY
        + """
        const pen = copy(document.querySelectorAll(".outputs canvas")[1]);
        const cell = (pen.canvas.width - 1) / 3;
        return [0, 1, 2].map((x) => [...pen.getImageData(x * cell + 2, cell / 2, 1, 1).data].slice(0, 3));
        """
    )
    assert marked[0] == marked[2] == [255, 255, 255] != marked[1]


def test_programs_come_with_text_scores_and_files(opened):
    summary = find(opened, ".programs summary").text
    assert f"#1 {name(MIRROR)[:8]} right on 2 of 3 samples · O_SCORE 2 · T_LOG 9" in summary
    assert find(opened, ".programs pre").text == MIRROR.strip()
    link = find(opened, ".programs a")
    assert link.get_dom_attribute("href") == f"../solver_md5/{name(MIRROR)}.py"
    link.click()
    assert "hmirror" in opened.page_source


def test_differs_are_told_in_words(opened):
    words = read_all(opened, ".differs summary")
    assert [word.partition(" ")[2] for word in words] == [
        "differences closed: once (iz)",
        "differences opened: 3 times (zo)",
    ]


@pytest.mark.parametrize(
    ("task_id", "problems"),
    [
        (
            "broken",
            [
                'TypeError: can only concatenate tuple (not "int") to tuple (on every sample)',
                "it ends its process (status 3) (on every sample)",
            ],
        ),
        ("nearly", ["no grid: frozenset (on every sample)", "timed out (on every sample)"]),
    ],
)
def test_programs_that_fail_are_shown_as_such(opened, task_id, problems):
    click(opened, task_id)
    assert sorted(read_all(opened, ".programs summary strong")) == [f"· {problem}" for problem in problems]


def test_text_of_programs_and_names_is_escaped(opened):
    click(opened, ODD)
    assert read_title(opened) == f"{ODD} ✓ solved"
    click(opened, "nearly")
    for summary in opened.find_elements(By.CSS_SELECTOR, ".programs summary")[1:]:
        summary.click()
    assert any("</script><script>alert(2)</script> <b>bold</b>" in text for text in read_all(opened, "pre"))
    assert opened.find_elements(By.CSS_SELECTOR, "img, b") == []


def test_links_to_folders_lead_there(opened, page):
    click(opened, ODD)
    for link in opened.find_elements(By.CSS_SELECTOR, "#task li > a"):
        opened_path = opened.execute_script(
            "return decodeURIComponent(new URL(arguments[0].href).pathname)", link
        )
        assert (page.parent.parent / "solver_dir" / f"solve_{ODD}").samefile(opened_path)


@pytest.mark.parametrize(
    ("text", "task_ids"),
    [("00", ["007bbfb7", "00d62c1b"]), ("NEAR", ["nearly"]), ("<IMG", [ODD]), ("nowhere", [])],
)
def test_search(opened, text, task_ids):
    find(opened, "#search").send_keys(text)
    assert list_tasks(opened) == task_ids
    assert find(opened, "#shown").text == f"{len(task_ids)} of {len(ORDER)} tasks"


def test_filter_and_sort(opened):
    Select(find(opened, "#state")).select_by_value("solved")
    assert list_tasks(opened) == ["007bbfb7", ODD]
    Select(find(opened, "#state")).select_by_visible_text("all tasks")
    Select(find(opened, "#order")).select_by_value("id")
    assert list_tasks(opened) == sorted(ORDER)
    Select(find(opened, "#order")).select_by_value("right")
    assert list_tasks(opened)[:3] == ["007bbfb7", ODD, "nearly"]
    Select(find(opened, "#order")).select_by_value("interest")
    assert list_tasks(opened) == ORDER


def test_keys_go_on_and_back(opened):
    for keys, place in (("j", 1), (Keys.ARROW_RIGHT, 2), ("k", 1), (Keys.ARROW_LEFT, 0), ("k", 0)):
        press(opened, keys)
        wait_for(opened, ORDER[place])
    find(opened, "#on").click()
    wait_for(opened, ORDER[1])
    assert opened.switch_to.active_element == find(opened, "#on")
    assert find(opened, "#chosen").get_attribute("textContent") == f"{ORDER[1]}, solved"
    find(opened, "#back").click()
    wait_for(opened, ORDER[0])


def test_keys_can_be_turned_off_and_leave_fields_alone(opened):
    press(opened, "/")
    opened.switch_to.active_element.send_keys("j")
    assert find(opened, "#search").get_attribute("value") == "j"
    assert read_title(opened).startswith(ORDER[0])
    find(opened, "#keys").click()
    press(opened, "j")
    assert read_title(opened).startswith(ORDER[0])


def test_the_list_is_one_stop_of_the_tab_key(opened):
    find(opened, "#order").send_keys(Keys.TAB)
    assert opened.switch_to.active_element == find(opened, "#list [aria-current]")
    opened.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    wait_for(opened, ORDER[1])
    assert opened.switch_to.active_element == find(opened, "#list [aria-current]")
    opened.switch_to.active_element.send_keys(Keys.TAB)
    assert opened.switch_to.active_element == find(opened, "#back")


def test_digits_in_cells_on_request(opened):
    before = read_pixels(opened, "demo 1, input")
    press(opened, "d")
    assert find(opened, "#digits").is_selected()
    assert read_pixels(opened, "demo 1, input") != before
    assert find(opened, "canvas").get_attribute("aria-label") == "demo 1, input, 2 by 3: 120 345"
    find(opened, "#digits").click()
    assert read_pixels(opened, "demo 1, input") == before


def measure_contrast(browser):
    """The least contrast of text with what is behind it."""
    return browser.execute_script(
        """
        const read = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
        const shine = (colour) => read(colour).slice(0, 3).map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
            .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
        const behind = (element) => {
            const colour = getComputedStyle(element).backgroundColor;
            return read(colour)[3] === 0 ? behind(element.parentElement) : colour;
        };
        const texts = [...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility()
            && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
        return Math.min(...texts.map((one) => {
            const style = getComputedStyle(one);
            const pair = [shine(one.closest("svg") ? style.fill : style.color), shine(behind(one))];
            return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        }));
        """
    )


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_contrast_in_both_modes(browser, page, mode):
    feature = {"name": "prefers-color-scheme", "value": mode}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(page.as_uri())
    back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (min(map(int, re.findall(r"\d+", back))) > 200) == (mode == "light")
    for task_id in ORDER:
        click(browser, task_id)
        assert measure_contrast(browser) >= 4.5


@pytest.mark.parametrize("digits", [False, True], ids=["", "digits"])
def test_a_narrow_screen_needs_no_scrolling_aside(browser, page, digits):
    set_window(browser, 400, 800)
    browser.get(page.as_uri())
    if digits:
        find(browser, "#digits").click()
    find(browser, "#overview summary").click()
    for task_id in ORDER:
        click(browser, task_id)
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width <= 400


@pytest.mark.parametrize("width", [400, 800, 1000, 1200])
@pytest.mark.parametrize("digits", [False, True], ids=["", "digits"])
def test_pictures_keep_their_size_where_the_screen_has_it(browser, page, width, digits):
    set_window(browser, width, 900)
    browser.get(page.as_uri())
    if digits:
        find(browser, "#digits").click()
    click(browser, ODD)  # its third sample is 30 cells wide
    sizes = browser.execute_script(
        """
        const room = document.getElementById("task").clientWidth;
        return [...document.querySelectorAll("canvas")].map((one) =>
            [one.getBoundingClientRect().width, Math.min(parseFloat(one.style.width), room)]);
        """
    )
    assert len(sizes) == 12
    assert [drawn for drawn, meant in sizes if drawn < meant - 1] == []


def test_everything_has_a_name(opened):
    """Each control and picture has a name for a screen reader, and the page has landmarks and headings."""
    click(opened, "007bbfb7")
    tree = opened.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]
    ]
    roles = {role for role, _ in nodes}
    assert {"banner", "navigation", "main", "heading", "searchbox", "combobox", "status"} <= roles
    named = ("button", "checkbox", "combobox", "image", "link", "searchbox", "navigation", "article")
    assert [node for node in nodes if node[0] in named and not node[1].strip()] == []


def test_nothing_else_is_loaded(opened, page):
    opened.get_log("performance")
    opened.get(page.as_uri() + "?again")
    messages = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    urls = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert {url for url in urls if not url.startswith("data:")} == {page.as_uri() + "?again"}
    assert not re.search(r"(?:https?:)?//\w", page.read_text().partition("<body")[0])
