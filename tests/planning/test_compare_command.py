"""`refocus compare` as a planner uses it, and its report."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from sim.cli import main
from tests.decision_numbers import agrees, annex_agrees
from tests.tidy import untidy

FAST = ["--draws", "25", "--replications", "2"]


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "Traceback" not in told.err
    return told.err


def roster_of_40(path: Path, readiness: str = "readiness", **changed: str) -> Path:
    """Write 40 teams in 3 trusts, as a planner's spreadsheet has them; few people, to be quick."""
    lines = [f"Team,Trust,{readiness},readiness_low,readiness_high,caseload"]
    for number in range(1, 41):
        trust = ("North", "South", "East")[number % 3]
        name = changed.get(f"name_{number}", f"Team {number:02d}")
        score = changed.get(f"score_{number}", f"{1.5 + 0.08 * number:.1f}")
        lines.append(f"{name},{trust},{score},1,5,40")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("compare")
    roster = roster_of_40(place / "teams.csv")
    setting = place / "setting.toml"
    setting.write_text(
        "start_date = 2027-04-01\nyears = 2\ntrainers = 2\ntrainer_days_per_year = 60\n",
        encoding="utf-8",
    )
    out = place / "out"
    arguments = ["compare", "refocus-as-delivered", "refocus-full", "--roster", str(roster)]
    assert main([*arguments, "--setting", str(setting), *FAST, "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"readiness": "readines"}, "unknown column 'readines'; did you mean 'readiness'?"),
        ({"score_8": "11"}, "line 9, readiness = 11: must lie in the instrument's range [1, 5]"),
        ({"name_21": "Team 12"}, "line 22, team = 'Team 12': stands already in line 13"),
    ],
)
def test_what_is_wrong_with_a_roster_is_told_by_line(
    changed: dict[str, str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = roster_of_40(tmp_path / "teams.csv", **changed)
    told = fails(["compare", "refocus-as-delivered", "--roster", str(roster)], capsys)
    assert says in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("budget_per_year = 900", "budget_per_year = 900: too small for one team"),
        (
            "start_date = 2027-04-01\n[[waves]]\ndate = 2027-02-01",
            "wave 1: date = 2027-02-01: lies before start_date = 2027-04-01",
        ),
        (
            'start_date = 2027-04-01\n[[waves]]\ndate = 2027-05-01\nteams = ["Team 1"]',
            "team 'Team 1': is not in the roster; did you mean",
        ),
    ],
)
def test_what_is_wrong_with_a_setting_is_told_by_name(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = roster_of_40(tmp_path / "teams.csv")
    setting = tmp_path / "setting.toml"
    setting.write_text(text, encoding="utf-8")
    arguments = ["compare", "refocus-as-delivered", "--roster", str(roster)]
    assert says in fails([*arguments, "--setting", str(setting)], capsys)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "scenarios: name at least one"),
        (["refocus-ful"], "did you mean 'refocus-full'"),
        (["refocus-full", "refocus-full"], "named twice"),
        (["refocus-full", "--base", "usual-car"], "did you mean 'usual-care'"),
        (["refocus-full", "--threshold", "much"], "threshold = 'much'"),
        (["refocus-full", "--format", "jsn"], "did you mean 'json'"),
        (["refocus-full", "--years", "0"], "years = 0"),
        (["refocus-full", "--replications", "0"], "replications = 0"),
        (["refocus-full", "--pricse", "x"], "did you mean '--prices'"),
    ],
)
def test_a_slip_of_the_keyboard_is_told_in_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in fails(["compare", *arguments], capsys)


def test_a_folder_with_other_things_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("dear")
    told = fails(["compare", "refocus-full", "--out", str(tmp_path)], capsys)
    assert "holds something else" in told
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_text_says_what_it_found_and_what_it_covers(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", "partnership-only", "--threshold", "1.5", "--draws", "20"]
    assert main([*arguments, "--replications", "2"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith("Rests on assumptions: no trial delivered Partnership project only.")
    assert "hardly a difference of a point or more" in told
    assert "Chances over 20 draws, Monte Carlo SE in brackets: harm" in told
    assert "Expected with other evidence: REFOCUS alone" in told
    assert "your threshold" in told
    assert "parameter uncertainty (posterior)" in told
    assert "No accepted willingness to pay" in told


@pytest.mark.parametrize(
    ("draws", "replications", "warning", "covers"),
    [
        ("0", "1", "Only 1 replication: too few", "none, as a single run with parameters at their"),
        ("1", "25", "", "central 90% of single runs: replication noise only"),
        ("5", "1", "Only 5 draws: too few", "and chance, not to be told apart"),
        ("20", "2", "", "(single run) that and replication noise"),
    ],
)
def test_what_intervals_cover_is_told_and_too_few_draws_are_warned_of(
    draws: str, replications: str, warning: str, covers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", "refocus-as-delivered", "--years", "1", "--draws", draws]
    assert main([*arguments, "--replications", replications, "--format", "csv"]) == 0
    told = capsys.readouterr()
    frame = pd.read_csv(io.StringIO(told.out))
    assert frame["covers"].str.contains(covers, regex=False).all()
    assert (warning in told.err) if warning else ("too few" not in told.err)
    for of in ("parameters", "single run"):
        low, high = (frame[f"{limit} ({of})"].to_numpy() for limit in ("5%", "95%"))
        alike = (low == high) & (frame["difference from base"].to_numpy() != 0.0)
        assert not alike.any(), "an interval without width covers nothing"


def test_a_report_on_too_few_draws_says_so_and_prints_no_empty_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = tmp_path / "setting.toml"
    setting.write_text("start_date = 2027-04-01\nbudget_per_year = 150000\n", encoding="utf-8")
    arguments = ["compare", "rollout-random", "newcomer-induction", "--setting", str(setting)]
    few = ["--years", "1", "--draws", "1", "--replications", "1", "--out", str(tmp_path / "out")]
    assert main([*arguments, *few]) == 0
    assert "Only 1 replication: too few" in capsys.readouterr().err
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Only 1 replication: too few" in text
    assert not re.search(r">(-?\+?[\d.,]+) to \1<", text)
    for words in (
        "a single run: no interval",
        "No band: one set of parameter values",
        "no chance of spending more than the budget can be told",
        "the yearly budget holds for the dearest order",
        "count among the days that trainers give in a year",
        "meets the same luck",
        "are committed after the 52 weeks looked at",
        "Committed after the time looked at, not discounted",
    ):
        assert words in text, words
    content = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert content["warnings"]
    assert "people on their books" in content["averaged_over"]
    assert any("committed after" in one for one in content["notes"])
    assert content["tables"]["committed-after"]


def test_csv_and_json_hold_the_same_difference(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--years", "1", "--draws", "3", "--replications", "2"]
    arguments = ["compare", "refocus-full", *few, "--format"]
    assert main([*arguments, "csv"]) == 0
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert main([*arguments, "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    qpr = frame[frame["measure"].str.startswith("Personal recovery")]
    found = content["tables"]["differences"][0]["difference from base"]
    assert qpr["difference from base"].item() == pytest.approx(found)
    assert content["scenario_texts"].keys() == {"usual-care", "refocus-full"}
    assert {one["grade"] for one in content["prices"].values()} == {"literature", "assumption"}


class Page(HTMLParser):
    """What a page refers to, and its headings."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.headings: list[str] = []
        self.labels: list[str] = []
        self._heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._heading = tag in ("h2",)
        for name, value in attrs:
            if name in ("href", "src", "xlink:href") and value:
                self.references.append(value)

    def handle_data(self, data: str) -> None:
        if self._heading:
            self.headings.append(data)
            self._heading = False


def test_the_report_needs_nothing_from_outside(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.references
    assert all(one.startswith(("data:", "#")) for one in page.references)
    assert "<script" not in text
    assert not re.search(r"url\((?!#)", text)


def test_the_report_keeps_the_order_in_which_planners_read(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    first = Page()
    first.feed(text.split('<section class="annex">')[0])
    assert first.headings[0].startswith("How sure is this?")
    assert first.headings[1].startswith("From training to recovery")
    page = Page()
    page.feed(text.split('<section class="annex">')[1])
    wanted = (
        "Annex",
        "Chances of harm",
        "Difference from usual-care",
        "Week by week",
        "Reach",
        "Budget",
        "Value",
        "Groups",
        "drives",
        "cannot say",
        "Settings",
    )
    assert len(page.headings) == len(wanted)
    for heading, word in zip(page.headings, wanted, strict=True):
        assert word in heading


def test_every_figure_has_a_text_a_table_and_its_numbers(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert len(figures) >= 7
    for figure in figures:
        assert 'role="img"' in figure
        assert "<table>" in figure
        link = re.search(r'href="data:text/csv;base64,([^"]+)"', figure)
        assert link is not None
        frame = pd.read_csv(io.BytesIO(base64.b64decode(link[1])))
        assert len(frame) > 0


def test_the_report_says_what_is_not_known(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "the effect is unknown",
        "±4.4 points",
        "No accepted willingness to pay for a QPR point exists",
        "outside NICE&#x27;s reference case",
        "extrapolation",
        "found in no source",
        "Seed 1; 25 draws x 2 replications",
        "trust: East",
        "staff: not given for all teams; default: 20",
        "teams start; ",
        "No study can be worth more than that to this choice for these people",
        "so that what differs between them is the scenario&#x27;s doing",
        "Who counts: all teams of the roster",
    ):
        assert words in text, words


def test_tables_in_the_folder_agree_with_each_other(folder: Path) -> None:
    budget = pd.read_csv(folder / "budget.csv")
    lines = pd.read_csv(folder / "cost-lines.csv")
    for scenario in ("refocus-as-delivered", "refocus-full"):
        for kind in ("direct", "indirect"):
            own = budget[(budget["scenario"] == scenario) & (budget["cost"] == kind)]
            by_year = own[own["year"] != "all"]["mean"].sum()
            whole = own[own["year"] == "all"]["mean"].item()
            listed = lines[(lines["scenario"] == scenario) & (lines["kind"] == kind)]["all"].sum()
            assert by_year == pytest.approx(whole)
            assert listed == pytest.approx(whole)
    starts = pd.read_csv(folder / "starts.csv")
    use = pd.read_csv(folder / "resources.csv")
    one = use[(use["scenario"] == "refocus-full") & (use["resource"] == "trainer days")]
    assert (one[["year 1", "year 2"]] <= 120.0 + 1e-9).all(axis=None)
    assert len(starts) == 80
    started = starts[starts["start week"].notna()]
    assert (started["start week"] >= started["wished week"]).all()
    assert started["start date"].str.startswith("20").all()


def test_every_table_of_several_strategies_is_tidy(folder: Path) -> None:
    """Those that the page gives to download too, such as which is better than which."""
    assert untidy({path.name: path.read_bytes() for path in folder.iterdir()}) == []


def test_words_of_ours_need_no_apostrophe_in_csv(folder: Path) -> None:
    """Units and labels do not look like formulas."""
    tables = list(folder.glob("*.csv"))
    quoted = [path.stem for path in tables if re.search(r"(?m)(^|,)\"?'", path.read_text("utf-8"))]
    assert len(tables) > 10
    assert quoted == []


def test_every_number_of_the_decision_stands_in_its_table(folder: Path) -> None:
    """Value, rounding and place: what a planner reads is what the CSV file holds."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    compared = agrees(page, lambda name: pd.read_csv(folder / f"{name}.csv", dtype={"year": str}))
    assert compared > 35
    tables = {path.stem: pd.read_csv(path, keep_default_na=False) for path in folder.glob("*.csv")}
    checked, count = annex_agrees(page, tables)
    assert checked >= {"headline", "chances", "better-than", "unit-costs", "point-worth", "drivers"}
    assert count > 1500


def test_the_workbook_and_the_summary_say_what_the_page_says(folder: Path) -> None:
    import docx
    import openpyxl

    content = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))["decision"]
    table = pd.read_csv(folder / "decision.csv")
    recovery = table[table["step"] == "Recovery"].set_index("title")["mean"]
    sheet = openpyxl.load_workbook(folder / "decision.xlsx")["Decision"]
    cells = {row[0].value: row for row in sheet.iter_rows()}
    assert content["answer"] in cells
    for title, value in recovery.items():
        assert cells[title][8].value == pytest.approx(value)
    summary = docx.Document(str(folder / "summary.docx"))
    told = [one.text for one in summary.paragraphs]
    assert content["question"] == told[0]
    assert content["answer"] in told
    assert [row.cells[0].text for row in summary.tables[0].rows][1:] == list(recovery.index)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "refocus-full" not in page.split('<section class="annex">')[0].replace("|refocus-", "|")


def test_templates_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for what, word in (("setting", "start_date"), ("prices", "staff_hour")):
        assert main(["template", what]) == 0
        assert word in capsys.readouterr().out
