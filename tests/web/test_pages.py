"""Claims about pages without a server: whole, small, silent, accessible, and the model's own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docs.site_hooks import CONTROL, shown
from sim.cli import main
from sim.errors import InputError
from sim.inputs.roster import Roster, trial_roster
from sim.mechanisms.practice import PRACTICES
from sim.pages.answers_page import Row, Stored, answers_page
from sim.pages.home_page import RIVALS, Effect, answer_in_words
from sim.pages.page import bundled, part
from sim.pages.power_page import of_hundred, power_cells
from sim.pages.services import STRATEGIES
from sim.pages.stored import stored
from sim.pages.watch_page import watch_data
from sim.pages.write import rivals, write_pages
from sim.parameters import defaults, resolve
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario
from tests.javascript import needs_engine, printed
from tests.worlds import CompiledWorld

LARGEST = 3_000_000
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages") / "site"
    pytest.importorskip("mkdocs")
    files = write_pages(made)
    assert sorted(files) == sorted(made.rglob("*.html"))
    return made


def test_names_from_data_are_never_markup() -> None:
    row = Row("<i>strategy</i>", "trial", 1.2, 0.1, -0.2, 3.1, 0.0, 0.0)
    decision = (
        '<section class="decision"><b style="left:1%">a</b><b style="left:1%">b</b></section>'
    )
    text = answers_page([Stored("a.html", "<b>", "what", [row], decision)], 0, 6, "today").text
    assert "<b>&lt;b&gt;" not in text
    assert "<i>" not in text
    assert "&lt;i&gt;strategy" in text
    assert "+1.2 (0.1)" in text
    assert "<td>0 (17)</td>" in text, "none of six draws is not known for sure"
    assert text.count('data-s="0"') == 3, "one rule for both places"
    assert "style=" not in text


def test_stored_answers_are_those_of_the_library() -> None:
    """A strategy's order and the power of the worked design; dated, and of known scenarios."""
    numbers = stored()
    assert [one.title for one in numbers.answers][0] == "The trial’s teams"
    for one in numbers.answers:
        by_title = {row.title: row for row in one.rows}
        assert set(by_title) == {load_scenario(name).title for name in STRATEGIES}
        delivered, full = (
            by_title[load_scenario(name).title] for name in ("refocus-as-delivered", "refocus-full")
        )
        assert delivered.low <= delivered.qpr <= delivered.high
        assert full.qpr > delivered.qpr > 0.0
        assert one.decision.count('class="aim"') >= len(one.rows), "4 points in every row"
    cell = next(one for one in numbers.power if one[:4] == [0.03, 18, 15, 4.0])
    assert power_cells((0.03,), (18,), (15,), (4.0,)) == [cell]
    assert list(map(of_hundred, (0.7949, 0.7951, 0.7999, 0.8, 0.995))) == [
        "79",
        "79.5",
        "79.9",
        "80",
        "over 99",
    ]


def test_pages_are_small_and_whole(folder: Path) -> None:
    files = sorted(folder.rglob("*.html"))
    course = [one for one in files if one.parent.name == "notebooks"]
    assert len(course) == 9
    assert sum(one.stat().st_size for one in files if one not in course) < LARGEST
    hosting = (Path(__file__).parents[2] / "docs/how-to/hosting.md").read_text(encoding="utf-8")
    said = re.search(r"folder has ([\d.]+) MB, of which\s+([\d.]+) MB", hosting)
    assert said
    for megabytes, those in zip(said.groups(), (files, course), strict=True):
        assert sum(one.stat().st_size for one in those) / 1e6 == pytest.approx(
            float(megabytes), abs=0.15
        )
    for one in files:
        text = one.read_text(encoding="utf-8")
        assert set(re.findall(r'src="(\w+):?', text)) <= {"data"}, "everything is inside"
        assert "<link" not in text
        for link in re.findall(r'href="([^"#]+)', text):
            assert link.startswith("https:") or (one.parent / link).exists(), (one, link)


def test_arrows_of_the_theory_lead_to_their_rules(folder: Path) -> None:
    rules = (folder / "docs/ODD.html").read_text(encoding="utf-8")
    assert "=====" not in rules, "a table of plain text, which no narrow screen holds"
    for name in ("docs/theory.html", "docs/index.html"):
        text = (folder / name).read_text(encoding="utf-8")
        arrows = re.findall(r'<a href="ODD.html#(\w+)"><path', text)
        assert len(arrows) > 30
        assert [one for one in arrows if f'id="{one}"' not in rules] == []


def test_the_first_page_answers_in_words_and_names_each_explanation(folder: Path) -> None:
    small, large = (Effect("", *gain, "prog", True) for gain in ((1.24, -0.04, 3.5), (4.1, 0.2, 9)))
    assert answer_in_words(small, large) == (
        "Carried out as in the trial, +1.2 (0 to +3.5) of 60 points is expected after a year: less "
        "than the 4 that matter. Carried out in full, +4.1 (+0.2 to +9.0), on assumptions that no "
        "trial has tested."
    )
    nearly = large._replace(middle=3.96)
    assert "+4.0 (+0.2 to +9.0) of 60 points is expected after a year: at least the 4 that" in (
        answer_in_words(nearly, large)
    )
    assert {one for one, _, _ in rivals()} == set(RIVALS)
    text = (folder / "index.html").read_text(encoding="utf-8")
    for name, *shares in rivals():
        cells = "".join(f"<td>{round(100 * one)}</td>" for one in shares)
        assert f"{RIVALS[name]}</th>{cells}" in text


def test_a_policy_allows_what_stands_in_the_page_and_nothing_else(folder: Path) -> None:
    for one in folder.rglob("*.html"):
        text = one.read_text(encoding="utf-8")
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
        assert policy.startswith("default-src &#x27;none&#x27;")
        assert "unsafe" not in policy
        parts = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, flags=re.S)
        digests = [
            base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in parts
        ]
        assert sorted(re.findall(r"sha256-([^&]*)", policy)) == sorted(digests)
        body = text.split("</style>")[1].split("<script")[0]
        assert not re.findall(r"<[^>]* (?:on\w+|style)=", body)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds something else"):
        write_pages(tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "mine"


def test_without_mkdocs_the_rest_is_written_and_what_is_missing_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sim.pages.documentation.find_spec", lambda name: None)
    assert main(["site", "--out", str(tmp_path / "site")]) == 0
    assert "without the documentation and its search: it needs MkDocs" in capsys.readouterr().out
    assert "needs MkDocs" in (tmp_path / "site" / "learn.html").read_text(encoding="utf-8")
    # Its own pages are no obstacle when it is written again, and old ones go.
    old = tmp_path / "site" / "docs" / "tutorial.html"
    old.parent.mkdir()
    old.write_text((tmp_path / "site" / "learn.html").read_text(encoding="utf-8"), "utf-8")
    assert main(["site", "--out", str(tmp_path / "site")]) == 0
    assert not old.parent.exists()
    assert main(["site", "--run-notebooks", "--out", str(tmp_path / "site")]) == 2
    assert "needs ipykernel and nbclient" in capsys.readouterr().err


def test_outputs_of_notebooks_become_pages() -> None:
    """Text, pictures and tables without styles in their elements; controls are told of."""
    assert shown({"text": ["<b>\n"]}) == "~~~~~~printed\n<b>\n~~~~~~"
    assert 'src="data:image/png;base64,ab"' in shown({"data": {"image/png": "a\nb"}})
    table = {"text/html": ['<style>a</style><table border="1">', '<td style="b">1</td></table>']}
    assert shown({"data": {**table, "text/plain": "1"}}) == "<table><td>1</td></table>"
    assert "control" in shown({"data": {CONTROL: {}, "text/plain": "IntSlider()"}})
    assert shown({"data": {CONTROL: {}, "text/html": ["<p>How many?</p>"]}}) == "<p>How many?</p>"


def test_a_watched_team_is_the_models_own(tmp_path: Path) -> None:
    """What the page paints is what Python simulates; sliders put back leave nothing behind."""
    needs_engine()
    data = watch_data()
    script = f"const DATA = {json.dumps(data)};\n{bundled(['worlds.js'])}"
    answer = printed(
        f"""{script}
        const {{differenceAfterAYear, play, UNCHANGED}} = globalThis.modules['worlds.js'];
        const change = {{...UNCHANGED}};
        const both = play({{team: 0, calendar: 1, luck: 3, change}});
        const means = ["usual", "programme"].map(name => both[name].frames[104].practice);
        const told = [{{}}, {{relief: 1}}, {{turnover: 0.5}}, {{}}].map(moved => JSON.stringify(
            differenceAfterAYear({{team: 0, calendar: 1, change: {{...change, ...moved}}}}, 1000)));
        const answer = {{means, told}};""",
        tmp_path,
    )
    first, *moved, back = answer["told"]
    assert first == back
    assert len({first, *moved}) == 3
    roster = Roster((replace(trial_roster(1).rows[0], arm="intervention"),))
    means = []
    for name in ("usual-care", "refocus-full"):
        plan = expand(load_scenario(name), roster, 104)
        assert resolve(plan.parameters).as_dict() == defaults().as_dict()
        world = CompiledWorld(lay_out(roster, plan, "sample"), defaults(), 1, 3).run(104)
        staff = world.state["staff"][world.state["staff"]["present"] == 1]
        means.append(float(np.mean([staff[f"behaviour_{one}"] for one in PRACTICES])))
    assert answer["means"] == pytest.approx(means, rel=1e-12)
    assert means[1] > means[0] + 0.05


def test_modules_become_one_plain_script() -> None:
    text = bundled(("dom.js", "power.js"))
    assert not re.search(r"^\s*(import|export) ", text, flags=re.M)
    assert 'const { found, h, show } = modules["dom.js"];' in text
    assert part("power.js").startswith("// Stored power")


@pytest.fixture(scope="module")
def visitor(browser: Any, folder: Path) -> Iterator[Any]:
    """Return an opener of pages from disk, with the network off."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    noise: list[str] = []
    asked: list[str] = []

    def opened(name: str) -> Any:
        page = context.new_page()
        page.on("console", lambda one: noise.append(one.text))
        page.on("pageerror", lambda one: noise.append(str(one)))
        page.on("request", lambda one: asked.append(one.url))
        page.goto((folder / name).as_uri())
        return page

    yield opened
    context.close()
    assert noise == []
    # A worker's script is a copy of the page's own.
    assert {one.partition(":")[0] for one in asked} <= {"file", "blob"}


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "answers.html",
        "watch.html",
        "power.html",
        "learn.html",
        "docs/theory.html",
    ],
)
def test_a_page_opens_from_disk_and_is_accessible(visitor: Any, name: str) -> None:
    page = visitor(name)
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        # Run by the browser's own door, so that the page's policy stays as it is.
        found = page.evaluate(
            AXE.read_text(encoding="utf-8")
            + "; axe.run().then(all => all.violations.map(one => one.id + ' ' + one.nodes[0].html))"
        )
        assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_search_finds_by_the_beginning_of_words(visitor: Any, folder: Path) -> None:
    page = visitor("learn.html")
    for asked, first in {
        "MCID": "docs/glossary.html#minimum-important-difference",
        "gloss": "docs/glossary.html",
        "tutorial": "docs/tutorial.html",
        "how cite": "docs/faq.html#how-to-cite",
        "icc": "docs/glossary.html#icc-intracluster-correlation",
        "stepped wedge": "docs/glossary.html#stepped-wedge",
        # "main" is a place in the page.
        "maintenance": "docs/glossary.html#maintenance",
    }.items():
        box = page.get_by_label("Search headings and text")
        box.fill("")
        box.press_sequentially(asked)
        assert box.input_value() == asked
        assert page.locator("#hits a").first.get_attribute("href").startswith(first), asked
    page.locator("#hits a").first.click()
    page.get_by_role("link", name="All pages and search").click()
    page.get_by_role("link", name="Home").click()
    assert page.url == (folder / "index.html").as_uri()
    page.add_init_script("delete window.DecompressionStream")
    page.goto((folder / "learn.html").as_uri())
    page.get_by_text("This browser is too old for the search").wait_for()


def test_two_worlds_are_seen_without_scrolling_and_answer_at_once(visitor: Any) -> None:
    page = visitor("watch.html")
    page.get_by_label("Person (names are made up)").select_option("staff 3")
    page.get_by_label("Week", exact=True).fill("40")
    before = page.locator("#chart-practice").inner_html()
    page.get_by_label("Competing work taken away").fill("100")
    assert page.locator("#chart-practice").inner_html() != before
    assert page.locator("#person").input_value() == "staff 3", "who is chosen stays"
    assert page.locator("#week").input_value() == "40", "and the week"
    bottom = page.evaluate("document.querySelector('.lay').getBoundingClientRect().bottom")
    assert bottom <= 720
    # Busy until the last question is answered: before, the answer of the one before stands there.
    told = page.locator("#lucks[aria-busy=false]")
    spread = told.inner_text()
    assert "In twenty lucks after a year" in spread
    page.add_init_script("delete window.Worker")
    page.reload()
    page.get_by_label("Competing work taken away").fill("100")
    assert told.inner_text() == spread


def test_the_story_asks_before_it_tells(visitor: Any) -> None:
    page = visitor("watch.html")
    for stop in range(6):
        assert page.locator("#happened").is_hidden()
        page.locator("#options button").first.click()
        assert page.locator("#said b").inner_text() != ""
        page.locator("#next").click()
        assert page.locator("#stop-number").inner_text().startswith(f"Stop {(stop + 1) % 6 + 1}")
