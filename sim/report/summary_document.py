"""The decision on one page of a text document (.docx), to paste into a paper."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from sim.planning.decision import ADOPTION, PRACTICE, REACH, RECOVERY, SUPPORT, Cell
from sim.planning.plain_numbers import limit, points, pounds, span
from sim.workbook import without_times

if TYPE_CHECKING:
    from sim.planning.decision import Decision

MOST_ROWS = 8
WIDTHS = (4.0, 1.6, 1.4, 2.1, 2.1, 2.0, 2.0, 1.8)
"""Of the table's columns, in cm."""
HEADINGS = ("Strategy", "Teams", "Reach", "Adoption", "Practice", "Support", "Recovery", "Cost")
# Signs that XML cannot hold.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def summary_document(decision: Decision, command: str) -> bytes:
    """Return a page with question, answer, chain, how sure, and what would change it.

    Parameters
    ----------
    command : str
        What repeats it.
    """
    from docx import Document
    from docx.shared import Cm, Pt

    book = Document()
    page = book.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.0)
    page.top_margin = page.bottom_margin = Cm(1.7)
    style = book.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(9.5)
    style.paragraph_format.space_after = Pt(3)
    book.core_properties.author = "refocus"
    book.core_properties.title = _text(decision.question)

    _heading(book, decision.question, 15)
    for one in decision.warnings:
        _said(book, one, bold=True)
    _said(book, decision.answer, bold=True)
    for few, rest in decision.points:
        line = book.add_paragraph(style="List Bullet")
        line.add_run(_text(few)).bold = True
        line.add_run(f" {_text(rest)}")
    _heading(book, f"From training to recovery, over {decision.when}, against usual care", 11.5)
    _chain(book, decision)
    _said(
        book,
        "Mean and, behind it, 9 in 10 of the answers that agree with the evidence. Reach: share of "
        "people's time with a trained worker; practice: of 100; support: INSPIRE points; recovery: "
        "QPR-15 points a person, where 4 is the smallest change that matters; cost: cash and staff "
        f"time, prices of {decision.price_year}.",
        size=8,
    )
    _heading(book, f"How sure is this? {decision.sure}", 11.5)
    _said(book, " ".join(filter(None, (decision.sure_because, decision.extrapolated))))
    if decision.changes:
        _heading(book, "What would change it", 11.5)
    for one in (*decision.changes, *decision.splits):
        book.add_paragraph(_text(one), style="List Bullet")
    _said(
        book,
        f"Simulated {decision.draws * decision.runs:,} times a choice; ranges: {decision.covers}. "
        f"No evidence that the programme works. {command}",
        size=7.5,
    )
    saved = io.BytesIO()
    book.save(saved)
    return without_times(saved.getvalue())


def _chain(book: Any, decision: Decision) -> None:
    from docx.shared import Cm, Pt

    shown = decision.strategies[:MOST_ROWS]
    table = book.add_table(rows=1, cols=len(HEADINGS))
    table.style = "Light List Accent 1"
    table.autofit = False
    for column, width in zip(table.columns, WIDTHS, strict=True):
        column.width = Cm(width)
    rows: list[tuple[str, ...]] = [HEADINGS]
    for one in shown:
        cells = one.cells
        rows.append(
            (
                one.title,
                f"{one.teams} of {decision.teams}",
                f"{limit(cells[REACH].mean, 0)}%",
                f"{limit(cells[ADOPTION].mean, 0)}%",
                *(_ranged(cells[step]) for step in (PRACTICE, SUPPORT, RECOVERY)),
                f"{pounds(one.cash.mean, True)} + {pounds(one.time.mean, True)}",
            )
        )
    for place, row in enumerate(rows):
        line = table.rows[0] if place == 0 else table.add_row()
        for cell, text, width in zip(line.cells, row, WIDTHS, strict=True):
            cell.text, cell.width = _text(text), Cm(width)
            for part in cell.paragraphs:
                part.paragraph_format.space_after = Pt(0)
                for run in part.runs:
                    run.font.size = Pt(8)
    more = len(decision.strategies) - len(shown)
    if more:
        _said(book, f"{more} more stand in decision.csv.", size=8)


def _ranged(cell: Cell) -> str:
    told = f" ({span(cell.low, cell.high)})" if cell.low == cell.low else ""
    return f"{points(cell.mean)}{told}"


def _heading(book: Any, text: str, size: float) -> None:
    from docx.shared import Pt

    line = book.add_paragraph()
    line.paragraph_format.space_before = Pt(4)
    run = line.add_run(_text(text))
    run.bold, run.font.size = True, Pt(size)


def _said(book: Any, text: str, *, bold: bool = False, size: float = 9.5) -> None:
    from docx.shared import Pt

    run = book.add_paragraph().add_run(_text(text))
    run.bold, run.font.size = bold, Pt(size)


def _text(text: str) -> str:
    return _NO_XML.sub("", text)
