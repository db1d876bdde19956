"""Words of the report: what is a miss, what coverage is called, and Markdown as a page."""

from __future__ import annotations

from calibration.findings.report import consistent, miss_text, missed, write_blocks
from sim.report.document import Document


def predicted(**changes: object) -> dict:
    row = {
        "name": "p16_goal_named",
        "pattern": "P16",
        "title": "Can name a goal",
        "use": "check",
        "kind": "estimate",
        "reported": 0.87,
        "median": 0.5,
        "interval": (0.25, 0.75),
        "tail": {"p": 0.01, "se": 0.003},
    }
    return row | changes


def test_a_miss_is_told_as_it_is() -> None:
    assert missed(predicted())
    text = miss_text(predicted())
    assert text.startswith("P16 Can name a goal: reported 0.87, above")
    assert "asked to name one" in text
    below = miss_text(predicted(reported=0.1))
    assert "below" in below
    assert "asked to name one" not in below, "the reason holds on one side only"


def test_only_what_lies_in_the_tail_is_a_miss() -> None:
    assert not missed(predicted(tail={"p": 0.93, "se": 0.03}))
    assert not missed(predicted(tail_selected={"p": 0.22, "se": 0.06}))
    assert "do not rely on the fit" in miss_text(predicted(use="fit", name="p1_control_mean"))
    assert "do not rely on the fit" not in miss_text(predicted())


def test_coverage_is_called_what_it_is() -> None:
    assert consistent(0.89, 0.9, 0.01) == "consistent with nominal"
    assert consistent(0.80, 0.9, 0.01) == "below nominal"
    assert consistent(0.95, 0.9, 0.01) == "above nominal"


def test_tables_headings_and_bullets_of_markdown_become_those_of_a_page() -> None:
    document = Document("title")
    write_blocks(document, "heading", "| title |\n|---|\n| 1.50 |\n\n### part\n\n* -1.5\n* <b>")
    table_of, heading, bullets = document.parts
    assert "<caption>heading</caption>" in table_of
    assert "<td>1.50</td>" in table_of
    assert heading == "<h3>part</h3>"
    assert bullets == "<ul><li>\N{MINUS SIGN}1.5</li><li>&lt;b&gt;</li></ul>"
