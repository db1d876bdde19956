"""Claims about the page in a real browser: what works by mouse and by keyboard, and for whom.

Every test also claims that the page asked no other host for anything and that its console stayed
clean. Needs Chromium: see `tests/web/conftest.py`.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sim.pages.home_page import RIVALS
from tests.web.serving import Served
from tests.web.visiting import (
    LONG,
    Visit,
    both_screens,
    expect,
    fill_small,
    ready,
    run_small,
    violations,
)

VIEWS = ("decide", "plan", "watch", "power", "about")


@both_screens
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_breaks_a_rule_of_accessibility(visit: Visit, view: str) -> None:
    page = visit.open(view)
    ready(page, view)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
@both_screens
def test_no_result_breaks_a_rule_of_accessibility(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    run_small(page)
    # What is opened is filled then, with more that can be opened.
    page.wait_for_function(
        """() => {
            const shut = document.querySelectorAll("details:not([open])");
            shut.forEach(one => { one.open = true; });
            return !shut.length && document.querySelectorAll("#plan-form input").length > 500;
        }"""
    )
    # Thousands of places, whose colours no screen changes: once is enough.
    assert violations(page, colours=visit.screen == "desktop") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(f"{visit.served.address}/#watch")
    ready(page, "watch")
    page.get_by_label("Weeks", exact=True).fill("6")
    page.click("#watch-run")
    page.wait_for_selector(".map", timeout=LONG)
    for _ in range(2):
        page.get_by_role("button", name="Next week").click()
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(f"{visit.served.address}/#power")
    ready(page, "power")
    page.get_by_label("Teams in each arm", exact=True).fill("4")
    page.get_by_label("Trials to simulate", exact=True).fill("50")
    page.click("#power-run")
    page.wait_for_selector("#power-heading", timeout=LONG)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_plan_run_compare_export_and_reload_by_mouse(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    fill_small(page)
    scenario = page.get_by_role("group", name="Scenario 1")
    scenario.get_by_text("Change what is done").click()
    scenario.get_by_text("Support", exact=True).click()
    scenario.get_by_text("Telephone", exact=True).click()
    field = scenario.locator("[data-field='support.telephone.intensity']")
    field.get_by_role("spinbutton").fill("0.5")
    expect(scenario.get_by_text("Changed (1)")).to_be_visible()
    expect(field.get_by_role("slider")).to_have_value("0.5")
    field.get_by_role("button", name=re.compile("Reset Intensity")).click()
    expect(scenario.get_by_text("Changed (1)")).to_be_hidden()
    field.get_by_role("spinbutton").fill("0.5")

    page.get_by_role("button", name="Add a scenario").click()
    expect(page.get_by_role("group", name="Scenario 2")).to_be_visible()
    page.click("#plan-run")
    page.wait_for_selector("#plan-heading", timeout=LONG)
    expect(page.locator("#plan-output .lead")).to_have_count(2)
    assert "compared with Usual care" in page.locator("#plan-output .lead").first.inner_text()
    expect(page.locator("#plan-output figure")).to_have_count(16)
    loaded = "[...document.querySelectorAll('#plan-output img')].every(one => one.naturalWidth > 0)"
    for _ in range(100):
        if page.evaluate(loaded):
            break
        page.wait_for_timeout(100)
    assert page.evaluate(loaded)
    for image in page.locator("#plan-output img").all():
        assert len(image.get_attribute("alt")) > 40
    caption = page.locator("#plan-output figcaption").first.inner_text()
    assert "5 and 9 in 10 of the simulations; they cover other luck" in caption

    figure = page.locator("#plan-output figure").first
    figure.get_by_text("Numbers and files").click()
    expect(figure.get_by_role("table")).to_be_visible()
    with page.expect_download() as saved:
        figure.get_by_role("link", name=re.compile("^CSV of")).click()
    rows = list(csv.reader(io.StringIO(Path(saved.value.path()).read_text(encoding="utf-8"))))
    assert [
        "scenario",
        "week",
        "mean",
        "5%",
        "25%",
        "median",
        "75%",
        "95%",
        "Monte Carlo SE",
    ] in rows
    with page.expect_download() as saved:
        figure.get_by_role("button", name=re.compile("^PNG of")).click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save settings (JSON)").click()
    file = tmp_path / "plan.json"
    saved.value.save_as(file)
    settings = json.loads(file.read_text(encoding="utf-8"))["settings"]
    assert settings["scenarios"][1]["changes"] == {"support.telephone.intensity": 0.5}

    first = page.locator("#plan-output .lead").all_inner_texts()
    page.reload()
    page.wait_for_selector("#plan-heading", timeout=LONG)
    assert page.locator("#plan-output .lead").all_inner_texts() == first
    expect(page.get_by_role("group", name="Scenario 1").get_by_text("Changed (1)")).to_be_visible()

    page.get_by_role("button", name="Reset all").click()
    expect(page.get_by_text("Settings have changed since this answer")).to_be_visible()
    expect(page.get_by_role("group", name="Scenario 2")).to_be_hidden()
    page.set_input_files("#plan-form label:has-text('Load settings') input", file)
    expect(page.get_by_role("group", name="Scenario 2")).to_be_visible()
    expect(page.get_by_label("Weeks to look at", exact=True)).to_have_value("8")

    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    other = visit.tab()
    other.goto(link)
    other.wait_for_selector("#plan-heading", timeout=LONG)
    assert other.locator("#plan-output .lead").all_inner_texts() == first
    with visit.context.expect_page() as opened:
        other.get_by_role("link", name="Printable report").click()
    report = opened.value
    expect(report.get_by_role("heading", level=1)).to_contain_text("What happened")


def test_cancel_and_a_second_tab(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    page.get_by_text("How sure, and luck").click()
    page.get_by_label("Ways things may work", exact=True).fill("1000")
    page.get_by_label("Weeks to look at", exact=True).fill("104")
    page.get_by_role("button", name="Remove this scenario").click()
    page.click("#plan-run")
    bar = page.get_by_role("progressbar", name="Progress of the simulation")
    expect(bar).to_be_visible()
    expect(page.locator("#plan-progress")).to_contain_text(
        re.compile(r"\d+% · .*left"), timeout=LONG
    )
    second = visit.tab()
    second.goto(page.url)
    expect(second.locator("#plan-progress")).to_contain_text(
        re.compile(r"\d+% · .*left"), timeout=LONG
    )
    second.close()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. Nothing was kept.")).to_be_visible(timeout=LONG)
    expect(page.locator("#status")).to_have_text("Cancelled.")


def test_a_lost_connection_in_mid_run_loses_nothing(visit: Visit) -> None:
    visit.expected.append("net::ERR_INTERNET_DISCONNECTED")
    page = visit.open("plan")
    ready(page, "plan")
    fill_small(page)
    page.get_by_label("Ways things may work", exact=True).fill("60")
    page.get_by_label("Weeks to look at", exact=True).fill("60")
    # A fast machine would finish before the connection is lost; `unroute` lets go what waits.
    page.route("**/api/jobs/*", lambda _: None)
    page.click("#plan-run")
    expect(page.get_by_role("progressbar")).to_be_visible()
    visit.context.set_offline(True)
    page.unroute("**/api/jobs/*")
    expect(page.locator("#plan-progress")).to_contain_text("Connection lost")
    visit.context.set_offline(False)
    page.wait_for_selector("#plan-heading", timeout=LONG)


IN_SIGHT = """() => {
    const now = document.activeElement;
    if (now === document.body) return true;
    const box = now.getBoundingClientRect();
    const points = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]];
    return points.some(([x, y]) => {
        const top = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
        return top !== null && (now.contains(top) || top.contains(now));
    });
}"""


def tab_to(page: Any, matches: str, most: int = 80) -> None:
    """Press Tab until the focused element matches, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate(IN_SIGHT), "the focused element is hidden behind another"
        if page.evaluate(f"document.activeElement.matches({json.dumps(matches)})"):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none", f"focus cannot be seen on {matches}"
            return
    raise AssertionError(f"{matches} is not reached by {most} presses of Tab")


def test_plan_run_cancel_compare_export_and_reload_by_keyboard(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "input[type=radio]")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("A service like mine, described")).to_be_checked()
    tab_to(page, "[data-field=teams_per_trust] input")
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    tab_to(page, "[data-field=weeks] input")
    page.keyboard.press("Control+A")
    page.keyboard.type("1000")
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    tab_to(page, "[data-field=draws] input")
    page.keyboard.press("Control+A")
    page.keyboard.type("140")
    # The page learns nothing more until Cancel has been pressed.
    page.route("**/api/jobs/*", lambda _: None)
    page.keyboard.press("Enter")
    expect(page.get_by_role("progressbar")).to_be_visible()
    tab_to(page, "#plan-progress button")
    page.keyboard.press("Enter")
    expect(page.locator("#plan-progress")).to_contain_text("Stopping")
    page.unroute("**/api/jobs/*")
    expect(page.get_by_text("Cancelled. Nothing was kept.")).to_be_focused(timeout=LONG)

    page.keyboard.press("Control+Home")
    page.locator("#main").focus()
    tab_to(page, "[data-field=weeks] input")
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    tab_to(page, "[data-field=draws] input")
    page.keyboard.press("Control+A")
    page.keyboard.type("4")
    tab_to(page, "#plan-run")
    page.keyboard.press("Space")
    page.wait_for_selector("#plan-heading", timeout=LONG)
    expect(page.locator("#plan-heading")).to_be_focused()
    tab_to(page, "#plan-output figure summary")
    page.keyboard.press("Enter")
    tab_to(page, "#plan-output figure a[download]")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename.endswith(".csv")
    page.keyboard.press("F5")
    page.reload()
    page.wait_for_selector("#plan-heading", timeout=LONG)


def test_wrong_values_are_named_where_they_stand(visit: Visit) -> None:
    visit.expected.append("400 (Bad Request)")
    page = visit.open("plan")
    ready(page, "plan")
    weeks = page.get_by_label("Weeks to look at", exact=True)
    weeks.fill("99999")
    page.click("#plan-run")
    expect(page.get_by_role("alert")).to_contain_text("weeks")
    expect(weeks).to_be_focused()
    expect(weeks).to_have_attribute("aria-invalid", "true")
    weeks.fill("8")
    page.get_by_role("group", name="Scenario 1").get_by_label("Name in figures").fill("=1+1")
    page.click("#plan-run")
    expect(page.get_by_role("alert")).to_contain_text("must begin with a letter or digit")


def test_own_teams_are_uploaded_used_and_never_linked(visit: Visit, tmp_path: Path) -> None:
    visit.expected.append("400 (Bad Request)")
    page = visit.open("plan")
    ready(page, "plan")
    run_small(page)
    page.get_by_label("My own list of teams").check()
    upload = "#plan-form label.file:has(input[accept*='.xlsx']) input"
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("team,staff\nSecretville,many\n", encoding="utf-8")
    page.set_input_files(upload, wrong)
    expect(page.get_by_role("alert")).to_contain_text("staff = 'many'")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Get a template").click()
    assert "North 1" in Path(saved.value.path()).read_text(encoding="utf-8")
    right = tmp_path / "teams.csv"
    right.write_text("team,staff,sampled\nSecretville,8,5\nHidden End,9,5\n", encoding="utf-8")
    page.set_input_files(upload, right)
    expect(page.get_by_text("teams.csv: 2 teams, 17 posts.")).to_be_visible()
    page.click("#plan-run")
    expect(page.locator("#plan-output")).to_contain_text("2 teams, 17 posts", timeout=LONG)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Your list of teams is not in it.")).to_be_visible()
    link = page.url
    packed = link.rpartition("/")[2]
    plain = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    assert "Secretville" not in plain
    assert json.loads(plain)["teams"] == {"kind": "own"}
    page.reload()
    expect(page.locator("#plan-output")).to_contain_text("2 teams, 17 posts", timeout=LONG)
    stranger = page.context.browser.new_context()
    tab = stranger.new_page()
    tab.goto(link)
    expect(tab.get_by_role("alert")).to_contain_text("which is not in it")
    stranger.close()


def test_a_damaged_link_is_told(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.served.address}/#plan/%%%not-settings")
    expect(page.get_by_role("alert")).to_contain_text("The link is damaged")
    page.goto(f"{visit.served.address}/#power/%%%not-settings")
    expect(page.locator("#power-answer")).to_contain_text("By formula", timeout=LONG)
    expect(page.locator("#view-power").get_by_role("alert")).to_contain_text("The link is damaged")
    page.goto(f"{visit.served.address}/#nowhere")
    expect(page.get_by_role("alert").first).to_contain_text("no “nowhere”")
    expect(page.locator("#view-decide")).to_be_visible()


CROSSED = """() => {
    const marks = [...document.querySelectorAll(".map .mark")].map(one => {
        const box = one.getBBox();
        return [box.x + box.width / 2, box.y + box.height / 2];
    });
    const near = (point, [x, y], most) => Math.hypot(point.x - x, point.y - y) < most;
    let crossed = 0;
    for (const path of document.querySelectorAll(".map path")) {
        const length = path.getTotalLength();
        const ends = [path.getPointAtLength(0), path.getPointAtLength(length)];
        for (const mark of marks.filter(one => !ends.some(end => near(end, one, 2)))) {
            for (let at = 0; at <= length; at += 2) {
                if (near(path.getPointAtLength(at), mark, 12)) { crossed += 1; break; }
            }
        }
    }
    return document.querySelectorAll(".map path").length ? crossed : -1;
}"""


def test_a_team_is_played_paused_stepped_and_explained(visit: Visit) -> None:
    page = visit.open("watch")
    ready(page, "watch")
    page.get_by_label("Weeks", exact=True).fill("12")
    page.click("#watch-run")
    page.wait_for_selector(".map", timeout=LONG)
    assert page.evaluate(CROSSED) == 0, "a line runs behind a post that is not its own"
    week = page.locator(".player output")
    expect(week).to_have_attribute("aria-live", "off")
    expect(week).to_have_text("Week 0 of 12")
    page.get_by_role("button", name="Play").click()
    expect(week).not_to_have_text("Week 0 of 12")
    expect(page.locator("#status")).not_to_contain_text("Week")
    # Which week it is when the button is pressed hangs on how fast the browser is.
    page.get_by_role("button", name="Pause").click()
    here = week.inner_text()
    expect(page.locator("#status")).to_contain_text(here.partition(" of")[0])
    page.get_by_role("button", name="Back one week").click()
    expect(week).not_to_have_text(here)
    page.get_by_role("button", name="Next week").click()
    expect(week).to_have_text(here)
    page.get_by_role("slider", name="Week").fill("5")
    expect(week).to_have_text("Week 5 of 12")

    page.locator("[data-person=staff-3]").click()
    why = page.locator(".why")
    expect(why.get_by_role("heading", level=2)).to_have_text("Care coordinator (post 4) in week 5")
    why.get_by_text(re.compile("^Gets ready")).click()
    step = why.locator("[data-rule='get_ready/staff_readiness']")
    before, after = step.locator("table").first.locator("td").all_inner_texts()[:2]
    state = why.locator("tr", has_text="Readiness").first.locator("td").all_inner_texts()
    assert [before, after] == state, "the step explains the change in state"
    step.get_by_text(re.compile("^The rule")).click()
    expect(step.locator("pre")).to_contain_text("readiness")
    step.get_by_text(re.compile("^What it read")).click()
    expect(step.get_by_role("table").last).to_contain_text("team.readiness")

    page.locator("[data-person=user-0]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(why.get_by_role("heading", level=2)).to_contain_text("Service user 2 in week 5")
    page.get_by_text("Staff as a table").click()
    page.get_by_role("button", name="Leader (post 1)").last.click()
    expect(why.get_by_role("heading", level=2)).to_contain_text("Leader (post 1) in week 5")
    page.reload()
    page.wait_for_selector(".map", timeout=LONG)


@pytest.mark.slow
def test_power_is_answered_by_formula_at_once_and_by_simulation(visit: Visit) -> None:
    page = visit.open("power")
    ready(page, "power")
    answer = page.locator("#power-answer .lead")
    first = answer.inner_text()
    short = page.locator("#power-short")
    told = short.text_content()
    assert told.removeprefix("Power by formula: ") in first
    page.route("**/api/power/formula", lambda _: None)
    page.get_by_label("Teams in each arm", exact=True).fill("4")
    expect(short).to_have_text("Power by formula is being worked out")
    page.unroute("**/api/power/formula")
    expect(answer).not_to_have_text(first)
    expect(answer).to_contain_text("With 4 teams in each arm")
    expect(short).not_to_have_text(told)
    page.get_by_label("Which teams enter", exact=True).select_option("share")
    page.get_by_label("Trials to simulate", exact=True).fill("50")
    page.click("#power-run")
    page.wait_for_selector("#power-heading", timeout=LONG)
    rows = page.locator("#power-table tbody tr")
    expect(rows).to_have_count(2)
    expect(page.locator("#power-output")).to_contain_text("Intracluster correlation (ICC)")
    page.get_by_label("Standard deviation", exact=True).fill("12")
    expect(page.locator("#power-changed")).to_contain_text("changed after this result")
    page.get_by_label("Standard deviation", exact=True).fill("0")
    expect(page.locator("#power-answer")).to_have_class("old")
    expect(page.locator("#power-form")).to_contain_text("The answer is for the settings before")
    expect(short).to_contain_text("of the settings before")
    page.get_by_label("Standard deviation", exact=True).fill("10.15")
    expect(page.locator("#power-changed")).to_have_text("")
    expect(page.locator("#power-output")).to_contain_text("Monte Carlo")
    page.reload()
    page.wait_for_selector("#power-heading", timeout=LONG)

    page.get_by_label("matrix: any sequences", exact=True).check()
    rows = page.get_by_label("Sequences and periods", exact=True)
    rows.fill("0011\n0001\n0001")
    expect(page.locator("#power-picture > .trial .on")).to_have_count(4)
    expect(page.locator("#power-beside")).to_contain_text("one constant effect")
    assert violations(page) == []
    # An answer by formula is in the address.
    page.wait_for_function(
        "() => atob(location.hash.slice(7).replace('-', '+').replace('_', '/')).includes('matrix')"
    )
    visit.expected.append("400 (Bad Request)")
    rows.fill("0011\n01")
    expect(page.locator("#view-power").get_by_role("alert")).to_contain_text("schedule, line 2")
    expect(page.locator("#power-answer")).to_have_class("old")
    page.get_by_label("parallel", exact=True).check()
    expect(answer).to_contain_text("With 4 teams in each arm")


def test_about_says_what_the_model_cannot_say_and_compares_with_the_trial(visit: Visit) -> None:
    page = visit.open("about")
    ready(page, "about")
    expect(page.locator("#about-content")).to_contain_text("What it cannot say")
    page.get_by_role("button", name="Compare with the trial").click()
    page.wait_for_selector("#fit-output table", timeout=LONG)
    expect(page.locator("#fit-output")).to_contain_text("0.68")
    explained = page.get_by_role("table", name="Explanations of the trial’s result")
    assert explained.locator("tbody tr").count() == len(RIVALS)
    finding = page.locator("#about-content table", has_text="the trial’s own figure")
    expect(finding).to_contain_text("only trials that would have told it")
    expect(finding.get_by_role("row").last).to_contain_text("−0.98")
    assert violations(page) == []


def test_going_from_view_to_view_keeps_what_was_done(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    run_small(page)
    page.get_by_role("link", name="About").click()
    expect(page.locator("#main")).to_be_focused()
    expect(page).to_have_title(re.compile("^About"))
    assert page.locator("nav a[aria-current=page]").inner_text() == "About"
    page.get_by_role("link", name="Build and compare", exact=True).click()
    expect(page.locator("#plan-heading")).to_be_visible()
    expect(page.get_by_label("Weeks to look at", exact=True)).to_have_value("8")


def test_a_run_is_an_entry_that_back_leads_to(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    run_small(page)
    first, weeks = page.url, page.get_by_label("Weeks to look at", exact=True)
    weeks.fill("9")
    expect(page.get_by_text("Settings have changed since this answer")).to_be_visible()
    expect(page.locator("#plan-output")).to_have_class("old")
    page.click("#plan-run")
    expect(page.locator("#plan-output")).not_to_have_class("old", timeout=LONG)
    second = page.url
    page.go_back()
    expect(weeks).to_have_value("8")
    assert page.url == first
    expect(page.locator("#plan-output")).not_to_have_class("old")
    page.go_forward()
    expect(weeks).to_have_value("9")
    # Whoever hurries on before the page is filled finds the same entries.
    for move, there in ((page.go_back, first), (page.go_forward, second), (page.go_back, first)):
        move()
        expect(page).to_have_url(there)
    expect(weeks).to_have_value("8")
    page.go_forward()
    expect(weeks).to_have_value("9")
    weeks.fill("")
    expect(page.locator("#plan-output")).to_have_class("old")
    page.get_by_role("button", name="Undo the change").click()
    expect(weeks).to_have_value("9")
    expect(page.locator("#plan-output")).not_to_have_class("old")


def linked(visit: Visit, view: str, settings: dict[str, Any]) -> str:
    """Return the address of settings."""
    text = base64.urlsafe_b64encode(json.dumps(settings).encode()).decode().rstrip("=")
    return f"{visit.served.address}/#{view}/{text}"


def test_links_with_unknown_names_say_what_is_wrong(visit: Visit) -> None:
    visit.expected.append("400 (Bad Request)")
    page = visit.page
    # What is wrong is told at once, and stays when the usual settings' answer has come.
    held: list[Any] = []
    page.route("**/api/power/formula", lambda route: held.append(route))
    for view, settings, told in (
        ("decide", {"strategies": ["refocus-ful"]}, "did you mean 'refocus-full'"),
        ("watch", {"team": "SLaM-99", "scenario": {"preset": "usual-care"}}, "team"),
        ("watch", {"team": "SLaM-01", "scenario": {"preset": "nothing"}}, "must be a scenario"),
        ("power", {"scenario": {"preset": "nothing"}}, "must be a scenario"),
    ):
        page.goto(linked(visit, view, settings))
        alert = page.locator(f"#view-{view}").get_by_role("alert")
        expect(alert).to_contain_text("This link cannot be used")
        expect(alert).to_contain_text(told)
    for one in held:
        one.continue_()
    expect(page.locator("#power-answer")).to_contain_text("By formula", timeout=LONG)
    expect(page.locator("#view-power").get_by_role("alert")).to_contain_text("cannot be used")
    # What an older link finds comes too late for a newer one.
    late: list[Any] = []
    page.route("**/api/jobs/find", lambda route: late.append(route), times=1)
    page.goto(linked(visit, "decide", {"strategies": ["refocus-fu"]}))
    page.goto(linked(visit, "decide", {"strategies": ["refocus-full"], "years": 3}))
    expect(page.get_by_label("Years")).to_have_value("3")
    with page.expect_response("**/api/jobs/find"):
        late[0].continue_()
    page.goto(f"{visit.served.address}/#about")
    page.go_back()
    expect(page.locator("#view-decide").get_by_role("alert")).to_have_count(0)


def test_scenarios_are_grouped_and_found_by_a_word(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    scenario = page.get_by_role("group", name="Scenario 1")
    select = scenario.get_by_label("Start from", exact=True)
    assert select.locator("optgroup").count() == 9
    scenario.get_by_label("Start from: find by a word").fill("boosters 12")
    expect(scenario.get_by_text(re.compile("of 60 found"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(select).to_have_value("boosters-12-months")
    expect(select).to_be_focused()


def test_a_planner_asks_and_is_answered(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("decide")
    stored = page.frame_locator("iframe.answer")
    expect(stored.locator(".decision h1")).to_contain_text("27 teams in 2 trusts")
    expect(stored.locator("body")).to_contain_text("A stored answer")
    frame = page.locator("iframe.answer")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(frame).to_have_css("height", re.compile(r"^(?:[6-9]|1\d)\d\d\dpx$"))
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(frame).to_have_css("height", re.compile(r"^[1-4]\d\d\dpx$"))
    money = page.get_by_label("Pounds a year")
    money.fill("ninety")
    page.click("#decide-run")
    expect(page.get_by_role("alert")).to_contain_text("must be a whole number")
    expect(money).to_be_focused()
    money.fill("90,000")
    page.get_by_text("Teams, strategies, first day").click()
    page.get_by_label("Ways things may work", exact=True).fill("3")
    page.get_by_role("button", name="Leave out Continuing coaching of staff").click()
    page.click("#decide-run")
    page.wait_for_selector("#decide-output .answer-files", timeout=LONG)
    expect(page.locator("#decide-output .caution")).to_contain_text(
        "£90,000 a year: too small for one team,"
    )
    answer = page.frame_locator("iframe.answer")
    expect(answer.locator(".decision h1")).to_contain_text("£90,000 a year")
    expect(answer.locator(".chain ol > .row")).to_have_count(3)
    expect(answer.locator(".chain ol .aim")).to_have_count(3)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Workbook").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"PK")
    page.get_by_label("Years").select_option("2")
    expect(page.locator("#decide-output")).to_have_class("old")
    page.get_by_role("button", name="Undo the change").click()
    expect(page.locator("#decide-output")).not_to_have_class("old")
    assert violations(page) == []
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = page.locator(".paper")
    expect(paper.locator(".decision h1")).to_contain_text("£90,000 a year")
    expect(paper.locator(".chain ol > .row")).to_have_count(3)
    expect(paper.locator(".answer")).to_have_css("display", "grid")
    assert paper.bounding_box()["y"] < 200.0, "the first sheet begins with the answer"
    expect(page.locator("#decide-form")).to_be_hidden()
    expect(frame).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(paper).to_have_count(0)
    expect(frame).to_be_visible()


def test_on_paper_there_are_results_and_tables_but_no_controls(visit: Visit) -> None:
    page = visit.open("plan")
    ready(page, "plan")
    run_small(page)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#plan-form")).to_be_hidden()
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#plan-output table").first).to_be_visible()
    page.set_viewport_size({"width": 718, "height": 1000})
    cut = "[...document.querySelectorAll('#plan-output table')].filter(one =>"
    cut += " one.getBoundingClientRect().right > innerWidth).length"
    assert page.evaluate(cut) == 0, "every column of every table is on A4"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(page.locator("#plan-output table").first).to_be_hidden()


def test_nothing_moves_for_those_who_asked_for_that(browser: Any, served: Served) -> None:
    visit = Visit(browser, served, "desktop", reduced_motion="reduce")
    page = visit.open("plan")
    ready(page, "plan")
    moving = (
        "[...document.querySelectorAll('*')].filter(one => { const style = getComputedStyle(one);"
        " return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;"
        " }).length"
    )
    assert page.evaluate(moving) == 0
    visit.close()


def test_text_can_be_twice_as_large_without_sideways_scrolling(
    browser: Any, served: Served
) -> None:
    visit = Visit(browser, served, "phone")
    visit.page.set_viewport_size({"width": 320, "height": 640})
    for view in VIEWS:
        page = visit.open(view)
        ready(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, view
    visit.close()
