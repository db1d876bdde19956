"""The workbook: its formulas come to the account's sums, whatever price is changed in it."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from sim.element import DIRECT, INDIRECT
from sim.inputs.roster import Roster, roster_from_text
from sim.planning.compare_decision import decision_of
from sim.planning.comparison import Comparison, Question, compare, with_base
from sim.planning.costs import cost_lines, total
from sim.planning.live_costs import Term, live_lines
from sim.planning.plan_decision import plan_decision
from sim.planning.plan_study import PlanOutcome, PlanQuestion, packages_of, solve
from sim.planning.prices import shipped_prices
from sim.planning.setting import Setting
from sim.planning.trainers import Capacity
from sim.posterior.choose import chosen_draws
from sim.report.decision_workbook import comparison_workbook, plan_workbook
from sim.scenarios.library import load_scenario

USUAL, REFOCUS = load_scenario("usual-care"), load_scenario("refocus-as-delivered")
BOOSTERS = load_scenario("refocus-boosters")
KINDS = {DIRECT: "all cash", INDIRECT: "all staff time"}


def roster() -> Roster:
    return roster_from_text(
        "team,staff,coordinators,sampled,=icb\n=A1,9,4,4,+north\nB,11,5,4,south\n"
    )


def value_at(book: Any, sheet: str, cell: str) -> float | str | None:
    """Return what a cell comes to: arithmetic, SUM and SUMIF, worked out here."""
    found = book[sheet][cell.replace("$", "")].value
    if not isinstance(found, str) or book[sheet][cell.replace("$", "")].data_type != "f":
        return found
    text = found[1:]
    if sums := re.fullmatch(r"SUM\((\w+):(\w+)\)", text):
        return float(sum(numbers(book, sheet, *sums.groups())))
    if sums := re.fullmatch(r'SUMIF\(([$\w]+):([$\w]+),"([^"]+)",([$\w]+):([$\w]+)\)', text):
        kinds = numbers(book, sheet, sums[1], sums[2])
        amounts = numbers(book, sheet, sums[4], sums[5])
        return float(sum(m for k, m in zip(kinds, amounts, strict=True) if k == sums[3]))
    cells = re.compile(r"(?:'([^']+)'|(\w+))!([$\w]+)")
    plain = cells.sub(lambda one: repr(value_at(book, one[1] or one[2], one[3])), text)
    assert re.fullmatch(r"[\d.e+*/() -]+", plain), plain
    return float(eval(plain))


def numbers(book: Any, sheet: str, first: str, last: str) -> list[Any]:
    cells = book[sheet][f"{first}:{last}".replace("$", "")]
    return [value_at(book, sheet, one.coordinate) for row in cells for one in row]


def totals(book: Any, title: str) -> dict[str, float]:
    """Return the sums over years of a strategy on the sheet of costs."""
    sheet = book["Costs"]
    return {
        row[1].value: float(value_at(book, "Costs", row[-1].coordinate) or 0.0)
        for row in sheet.iter_rows()
        if row[0].value == title and row[2].value == "total"
    }


def cell_of(book: Any, label: str) -> Any:
    return next(row[1] for row in book["Prices"].iter_rows() if row[0].value == label)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(
        Question(
            scenarios=with_base((REFOCUS, BOOSTERS), USUAL),
            base=USUAL.name,
            roster=roster(),
            chosen=chosen_draws(2),
            setting=Setting(),
            weeks=60,
            replications=1,
        )
    )


@pytest.fixture(scope="module")
def content(comparison: Comparison) -> bytes:
    return comparison_workbook(comparison, "refocus compare ...", decision_of(comparison))


def expected(comparison: Comparison, name: str, prices: dict[str, float]) -> dict[str, float]:
    use = comparison.worlds.use(comparison.names.index(name))
    means = {one: amount.mean(axis=(0, 1)) for one, amount in use.items()}
    lines = cost_lines(means, prices, comparison.scenario(name))
    return {label: float(total(lines, kind).sum()) for kind, label in KINDS.items()}


def test_totals_are_the_accounts_and_follow_any_price(
    comparison: Comparison, content: bytes
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    prices = shipped_prices().values()
    for factor, changed in ((1.0, "trainer_day"), (3.0, "trainer_day"), (2.0, "induction_group")):
        label = shipped_prices().entries[changed].about.label
        cell_of(book, label).value = prices[changed] * factor
        now = {**prices, changed: prices[changed] * factor}
        for scenario in (USUAL, REFOCUS, BOOSTERS):
            wanted = expected(comparison, scenario.name, now)
            assert totals(book, scenario.title) == pytest.approx(wanted, rel=1e-12)
        cell_of(book, label).value = prices[changed]


def test_the_decision_shows_the_totals_and_titles(comparison: Comparison, content: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["Decision"]
    for row in sheet.iter_rows():
        assert "refocus-as-delivered" not in str(row[0].value)
        if row[0].value == REFOCUS.title:
            cash, time = (value_at(book, "Decision", one.coordinate) for one in row[-2:])
            wanted = expected(comparison, REFOCUS.name, shipped_prices().values())
            assert [cash, time] == pytest.approx(list(wanted.values()), rel=1e-12)
            difference = comparison.difference(REFOCUS.name, "qpr15").mean()
            assert row[8].value == pytest.approx(difference, rel=1e-12)


def test_text_of_users_is_text_and_nothing_leads_out(content: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [one for sheet in book for row in sheet.iter_rows() for one in row]
    shown = [one for one in cells if one.value in ("=A1", "+north", "own: =icb")]
    assert {one.value for one in shown} == {"=A1", "+north", "own: =icb"}
    assert all(one.data_type == "s" for one in shown)
    formulas = [str(one.value) for one in cells if one.data_type == "f"]
    assert len(formulas) > 50
    assert not [one for one in formulas if re.search(r"\[|http|HYPERLINK|WEBSERVICE", one)]


def test_every_sheet_prints_all_its_columns_and_its_sentences(content: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows
    decision = book["Decision"]
    merged = {one.min_row for one in decision.merged_cells.ranges}
    for row in range(1, len(merged) + 1):
        cell = decision.cell(row, 1)
        assert cell.alignment.wrap_text
        width = sum(one.width for one in decision.column_dimensions.values())
        lines = decision.row_dimensions[row].height / 15.0
        assert len(cell.value) <= lines * width


def test_what_is_assumed_has_grade_and_source(content: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name, grade in (("Prices", 3), ("Assumptions", 4)):
        rows = [row for row in book[name].iter_rows(values_only=True) if row[grade] is not None]
        assert rows[0][grade : grade + 2] == ("rests on", "source")
        assert len(rows) > 25
        assert all(row[grade] and row[grade + 1] for row in rows)


def test_each_strategy_is_described_also_in_the_words_of_the_field(content: bytes) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Strategies"]
    rows = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert rows["strategy"][2:4] == ("strategies (ERIC)", "determinants (CFIR 2.0)")
    assert rows[BOOSTERS.title][1] == BOOSTERS.description
    assert "Conduct ongoing training" in rows[BOOSTERS.title][2]
    assert "Innovation Deliverers: Capability" in rows[BOOSTERS.title][3]


def test_the_same_comparison_is_the_same_bytes(comparison: Comparison, content: bytes) -> None:
    assert (
        comparison_workbook(comparison, "refocus compare ...", decision_of(comparison)) == content
    )


@pytest.fixture(scope="module")
def plan() -> PlanOutcome:
    return solve(
        PlanQuestion(
            packages=packages_of([REFOCUS, BOOSTERS], 60),
            roster=roster(),
            capacity=Capacity(budget_per_year=60_000.0, trainers=2),
            prices=shipped_prices(),
            draws=chosen_draws(4).draws,
            weeks=60,
            seed=1,
        )
    )


def test_a_plan_costs_in_the_workbook_what_it_commits(plan: PlanOutcome) -> None:
    decision = plan_decision(plan)
    book = openpyxl.load_workbook(
        io.BytesIO(plan_workbook(plan, "draws", "refocus plan ...", decision))
    )
    # The chain of the page stands in it, and question and answer stand out.
    rows = list(book["From training to recovery"].iter_rows(min_row=4, values_only=True))
    assert [one[0] for one in rows] == [one.title for one in decision.strategies]
    assert [one[8] for one in rows] == [one.cells["recovery"].mean for one in decision.strategies]
    strong = [one.value for one in book["Decision"]["A"] if one.font.bold and one.row < 6]
    assert strong == [decision.question, decision.answer]
    cash = sum(totals(book, one.title).get("all cash", 0.0) for one in plan.question.packages)
    assert cash > 0.0
    assert cash == pytest.approx(plan.recommended.committed, rel=1e-9)


def test_terms_are_arithmetic() -> None:
    a, b = Term("A1", 6.0), Term("B1", 2.0)
    assert (a + b * 3.0 - 1.0) / b == Term("(((A1+(B1*3.0))-1.0)/B1)", 5.5)
    assert 2.0 - b == Term("(2.0-B1)", 0.0)
    assert 0.0 + a == a
    assert (0.0 * a, 0.0 / a) == (0.0, 0.0)


def test_every_cost_line_can_be_a_formula() -> None:
    from sim.planning.costs import COST_LINES
    from sim.planning.resources import RESOURCES

    use = {name: Term(name, 1.0 + at) for at, name in enumerate(RESOURCES)}
    values = shipped_prices().values()
    prices = {name: Term(name, value) for name, value in values.items()}
    found = {name: term.value for name, _, term in live_lines(use, prices, REFOCUS)}
    plain = cost_lines({name: np.array(one.value) for name, one in use.items()}, values, REFOCUS)
    assert found == pytest.approx({name: float(money) for name, money in plain.items()})
    assert set(found) <= {one.name for one in COST_LINES}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_spreadsheet_computes_the_same(
    comparison: Comparison, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "decision.xlsx"
    path.write_bytes(content)
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "xlsx", "--outdir", tmp_path / "again", path],
        check=True,
        timeout=120,
    )
    book = openpyxl.load_workbook(tmp_path / "again" / "decision.xlsx", data_only=True)
    for scenario in (REFOCUS, BOOSTERS):
        wanted = expected(comparison, scenario.name, shipped_prices().values())
        assert totals(book, scenario.title) == pytest.approx(wanted, rel=1e-9)
