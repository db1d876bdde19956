"""Claims about the Plan view in a browser: nothing is lost, all mistakes are said in words."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.web.visiting import LONG, Visit, expect, fill_small, ready, violations

REFUSED = "400 (Bad Request)"
USUAL = [{"preset": "usual-care", "label": "Usual care", "changes": {}}]
RAW = re.compile(r"undefined|null|Cannot read|is not a|TypeError|Unexpected token|iterable")


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def settings_in(address: str) -> Any:
    text = address.rpartition("/")[2]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def weeks_of(page: Any) -> Any:
    return page.get_by_label("Weeks to look at", exact=True)


def begin(visit: Visit) -> Any:
    page = visit.open("plan")
    ready(page, "plan")
    return page


def begin_long(page: Any, weeks: int = 104) -> None:
    """Run what takes a minute when nobody cancels it."""
    weeks_of(page).fill(str(weeks))
    draws = page.get_by_label("Ways things may work", exact=True)
    if not draws.is_visible():
        page.get_by_text("How sure, and luck").click()
    draws.fill("1000")
    page.click("#plan-run")
    expect(page.locator("#plan-progress")).to_contain_text(re.compile(r"\d+%|Waiting"))


def test_settings_outlive_reloads_views_and_the_back_button_before_any_run(visit: Visit) -> None:
    page = begin(visit)
    weeks_of(page).fill("20")
    page.get_by_role("button", name="Add a scenario").click()
    page.wait_for_url(lambda url: "#plan/" in url and len(settings_in(url)["scenarios"]) == 3)
    assert settings_in(page.url)["weeks"] == 20
    page.reload()
    expect(page.get_by_role("group", name="Scenario 2")).to_be_visible()
    expect(weeks_of(page)).to_have_value("20")
    page.get_by_role("link", name="Plan a trial").click()
    ready(page, "power")
    page.reload()
    ready(page, "power")
    page.get_by_role("link", name="Build and compare", exact=True).click()
    expect(weeks_of(page)).to_have_value("20")
    weeks_of(page).fill("21")
    page.wait_for_url(lambda url: "#plan/" in url and settings_in(url)["weeks"] == 21)
    page.get_by_role("link", name="About").click()
    page.go_back()
    expect(weeks_of(page)).to_have_value("21")
    page.get_by_role("button", name="Reset all").click()
    page.wait_for_url(re.compile("#plan$"))
    page.reload()
    expect(weeks_of(page)).to_have_value("52")


def test_a_value_that_does_not_fit_is_not_kept(visit: Visit) -> None:
    page = begin(visit)
    weeks_of(page).fill("30")
    page.wait_for_url(re.compile("#plan/."))
    weeks_of(page).fill("99999")
    page.wait_for_timeout(400)
    page.reload()
    expect(weeks_of(page)).to_have_value("30")


@pytest.mark.parametrize("visit", ["phone"], indirect=True)
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_pressing_run_shows_the_progress_on_a_phone(visit: Visit, motion: str) -> None:
    page = begin(visit)
    page.emulate_media(reduced_motion=motion)
    begin_long(page)
    expect(page.get_by_role("group", name="Run under way")).to_be_focused()
    expect(page.get_by_role("progressbar")).to_be_in_viewport(timeout=3000)
    expect(page.locator("#status")).to_contain_text(re.compile("run has begun|%"))
    page.get_by_role("button", name="Cancel").click()
    cancelled = page.get_by_text("Cancelled. Nothing was kept.")
    expect(cancelled).to_be_visible(timeout=LONG)
    expect(cancelled).to_be_in_viewport()


def test_cancel_pressed_before_the_server_has_answered_is_kept(visit: Visit) -> None:
    page = begin(visit)

    def late(route: Any) -> None:
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/api/jobs", late)
    weeks_of(page).fill("105")
    page.get_by_text("How sure, and luck").click()
    page.get_by_label("Ways things may work", exact=True).fill("1000")
    page.evaluate(
        "document.getElementById('plan-run').click();"
        "requestAnimationFrame(() => requestAnimationFrame(() =>"
        " document.querySelector('#plan-progress button').click()))"
    )
    expect(page.locator("#plan-progress")).to_contain_text("Stopping")
    expect(page.get_by_text("Cancelled. Nothing was kept.")).to_be_visible(timeout=LONG)


def test_a_run_is_found_again_and_cancelled_after_others_were_begun(visit: Visit) -> None:
    page = begin(visit)
    begin_long(page)
    runs = page.get_by_role("region", name="Your other runs")
    expect(runs).to_be_hidden()
    page.get_by_role("link", name="About").click()
    expect(runs).to_contain_text("Usual care, REFOCUS as delivered; 104 weeks")
    assert violations(page) == []
    page.get_by_role("link", name="Build and compare", exact=True).click()
    expect(runs).to_be_hidden()
    begin_long(page, 103)
    expect(runs).to_contain_text("104 weeks")
    page.close()
    later = visit.tab()
    later.goto(f"{visit.served.address}/#plan")
    runs = later.get_by_role("region", name="Your other runs")
    expect(runs.get_by_role("listitem")).to_have_count(2)
    runs.get_by_role("link", name=re.compile("103 weeks")).click()
    expect(weeks_of(later)).to_have_value("103")
    expect(later.get_by_role("progressbar")).to_be_visible()
    expect(runs.get_by_role("listitem")).to_have_count(1)
    runs.get_by_role("button", name=re.compile("Cancel .*104 weeks")).click()
    expect(runs).to_be_hidden(timeout=LONG)
    later.locator("#plan-progress").get_by_role("button", name="Cancel").click()
    expect(later.get_by_text("Cancelled. Nothing was kept.")).to_be_visible(timeout=LONG)


def test_a_run_that_ends_while_nobody_looks_waits_to_be_seen(visit: Visit) -> None:
    page = begin(visit)
    fill_small(page)
    page.get_by_label("Ways things may work", exact=True).fill("60")
    # A fast machine would finish before the view is left, and the result would have been seen.
    held: list[Any] = []
    page.route("**/api/jobs/*", lambda route: held.append(route))
    page.click("#plan-run")
    page.get_by_role("link", name="About").click()
    expect(page).to_have_title(re.compile("^About"))
    for route in held:
        route.continue_()
    page.unroute("**/api/jobs/*")
    runs = page.get_by_role("region", name="Your other runs")
    expect(runs).to_contain_text("finished", timeout=LONG)
    runs.get_by_role("link", name=re.compile("^Show")).click()
    expect(page.locator("#plan-heading")).to_be_visible()
    expect(runs).to_be_hidden()


def plan_file(**changes: Any) -> dict[str, Any]:
    settings = {"weeks": 9, "scenarios": USUAL}
    return {"format": "refocus-plan", "version": 1, "settings": settings, **changes}


# What a file of settings holds, and what is said of it.
WRONG_FILES: tuple[tuple[Any, str], ...] = (
    ("{", "not JSON text"),
    ("[" * 90_000 + "]" * 90_000, "format = [[["),
    (" " * 200_001, "at most 200000"),
    ("null", "format = null"),
    ({}, "format = nothing"),
    (plan_file(format="other"), 'must be "refocus-plan"'),
    (plan_file(version=2), "version = 2: must be 1"),
    (plan_file(setings={}), "unknown field “setings”"),
    (plan_file(settings=[]), "settings = []"),
    (plan_file(notes=3), "notes = 3"),
    (plan_file(notes={"question": 3}), "notes.question = 3: must be a text"),
    (plan_file(notes={"x": ""}), "unknown field “x” in notes"),
    (plan_file(settings={"weeks": 9, "scenarios": "x"}), "Scenarios (scenarios)"),
    (plan_file(settings={"weeks": "9", "scenarios": USUAL}), "Weeks to look at (weeks) = '9'"),
    (plan_file(settings={"weaks": 9, "scenarios": USUAL}), "did you mean 'weeks'"),
    (plan_file(settings={"weeks": 9, "scenarios": [*USUAL, None]}), "Scenario 1: must be"),
    (plan_file(settings={"weeks": 9, "scenarios": USUAL, "x": "y" * 70_000}), "at most 64000"),
)


def test_files_that_cannot_be_used_are_named_and_nothing_of_them_is_applied(
    visit: Visit, tmp_path: Path
) -> None:
    visit.expected += [REFUSED, "413 (", "ERR_CONNECTION"]
    page = begin(visit)
    weeks_of(page).fill("31")
    for number, (content, says) in enumerate(WRONG_FILES):
        file = tmp_path / f"plan-{number}.json"
        text = content if isinstance(content, str) else json.dumps(content)
        file.write_text(text, encoding="utf-8")
        page.set_input_files("#plan-form label:has-text('Load settings') input", file)
        told = page.get_by_role("alert")
        expect(told).to_contain_text(says)
        expect(told).to_contain_text(file.name)
        expect(told).to_contain_text("Your settings are as they were.")
        expect(weeks_of(page)).to_have_value("31")
        expect(page.get_by_role("group", name="Scenario 1")).to_be_visible()


# What a link holds, and what is said of it.
WRONG_LINKS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"scenarios": [None]}, "Base case: must be"),
    ({"scenarios": [{"preset": 5, "label": 7, "changes": "x"}]}, "start from (preset) = 5"),
    ({"scenarios": [{"preset": "gone-away", "label": "a"}]}, "scenario of the library"),
    ({"scenarios": [{**USUAL[0], "changes": {"__proto__": 1}}]}, "unknown field"),
    ({"scenarios": USUAL, "parameters": {"turnover_yearly": {"a": 1}}}, "(turnover_yearly)"),
    ({"scenarios": USUAL, "teams": {"kind": "described", "trusts": []}}, "(teams.trusts)"),
    ({"scenarios": USUAL, "weeks": "<img src=x onerror=alert(1)>"}, "Weeks to look at"),
    ({"x": 1}, "unknown field 'x'"),
)


def test_links_that_cannot_be_used_are_told_in_words_and_the_usual_settings_stand(
    visit: Visit,
) -> None:
    visit.expected.append(REFUSED)
    page = visit.page
    for settings, says in WRONG_LINKS:
        # Opened anew: another link in the page that is there would only tell it to change.
        page.goto("about:blank")
        page.goto(f"{visit.served.address}/#plan/{packed(settings)}")
        told = page.get_by_role("alert")
        expect(told).to_contain_text("This link cannot be used; these are the usual settings.")
        expect(told).to_contain_text(says)
        assert not RAW.search(told.inner_text())
        expect(weeks_of(page)).to_have_value("52")
        expect(page.get_by_role("group", name="Scenario 1")).to_be_visible()


def test_values_that_do_not_fit_are_named_by_label_value_and_rule(visit: Visit) -> None:
    page = begin(visit)
    weeks_of(page).fill("0")
    page.click("#plan-run")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Weeks to look at = “0”: must be a whole number from 1 to 1040")
    weeks_of(page).fill("8")
    scenario = page.get_by_role("group", name="Scenario 1")
    scenario.get_by_label("Name in figures").fill("=1+1")
    page.click("#plan-run")
    expect(told).to_contain_text("Scenario 1: Name in figures = “=1+1”: must begin with")


def test_weeks_that_a_scenario_needs_are_set_and_said(visit: Visit) -> None:
    page = begin(visit)
    note = page.locator("#plan-horizon")
    expect(note).to_be_empty()
    scenario = page.get_by_role("group", name="Scenario 1")
    scenario.get_by_label("Start from", exact=True).select_option("rollout-by-trust")
    expect(weeks_of(page)).to_have_value("104")
    expect(note).to_contain_text("“Rollout: trust by trust” is described over 104 weeks.")
    weeks_of(page).fill("60")
    expect(note).to_contain_text("What it does after week 60 is not simulated.")
    page.get_by_role("button", name="Look at 104 weeks").click()
    expect(weeks_of(page)).to_have_value("104")
    expect(weeks_of(page)).to_be_focused()


def test_open_controls_show_what_is_loaded_reset_or_set_elsewhere(
    visit: Visit,
    tmp_path: Path,
) -> None:
    page = begin(visit)
    page.get_by_text("Model parameters", exact=True).click()
    page.get_by_label("Find a parameter").fill("turnover_yearly")
    boxes = page.locator("[data-field=turnover_yearly] input[type=number]")
    expect(boxes).to_have_count(1)
    for summary in page.locator("#plan-form details.group > summary").all():
        if summary.is_visible():
            summary.click()
    expect(boxes).to_have_count(2)
    boxes.first.fill("0.4")
    expect(boxes.last).to_have_value("0.4")
    expect(page.get_by_text("Set: Staff who leave in a year = 0.4.")).to_be_visible()
    file = tmp_path / "plan.json"
    content = plan_file(settings={"scenarios": USUAL, "parameters": {"turnover_yearly": 0.3}})
    file.write_text(json.dumps(content), encoding="utf-8")
    page.set_input_files("#plan-form label:has-text('Load settings') input", file)
    for place in (boxes.first, boxes.last):
        expect(place).to_have_value("0.3")
        expect(place).to_be_visible()
    page.get_by_role("button", name="Reset all").click()
    expect(boxes.first).to_have_value("0.136")
    expect(boxes.last).to_have_value("0.136")

    scenario = page.get_by_role("group", name="Scenario 1")
    scenario.get_by_text("Change what is done").click()
    scenario.get_by_text("Support", exact=True).click()
    scenario.get_by_text("Telephone", exact=True).click()
    number = scenario.locator("[data-field='support.telephone.intensity'] input[type=number]")
    usual = number.input_value()
    number.fill("0.77")
    scenario.get_by_role("button", name="Undo all changes").click()
    expect(number).to_be_visible()
    expect(number).to_have_value(usual)
