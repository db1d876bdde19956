"""No text of a user's acts in a spreadsheet, whichever file it stands in."""

from __future__ import annotations

import ast
import csv
import io
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.inputs.roster import Roster, TeamRow, roster_from_text, roster_text
from sim.spreadsheet import FORMULA_SIGNS, acts, csv_text, frame_csv, harmless, is_missing, restored

ROOT = Path(__file__).parents[1]
# What a user may call a team or a trust, and a spreadsheet would act on.
EVIL = (
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\u00a0=1",
    "\x85%",
    "\u2028=1",
    "\u3000=1",
    "\u200b=1",
    "\ufeff=1",
    "\uff1d1",
    "'=1",
    "|calc",
)
WRITERS = {"to_csv", "writer", "DictWriter"}


@pytest.mark.parametrize("text", EVIL)
def test_what_acts_is_quoted_and_comes_back(text: str) -> None:
    assert harmless(text).startswith("'")
    assert restored(harmless(text)) == text


@example("\x85%")
@example("''=")
@given(st.text(max_size=8))
def test_any_text_comes_back_and_none_acts(text: str) -> None:
    assert restored(harmless(text)) == text
    assert not acts(harmless(text))


def test_whatever_does_not_show_hides_no_formula() -> None:
    """Of all signs that Unicode calls a space, separator, control or format character."""
    unseen = [
        sign
        for sign in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(sign) in ("Zs", "Zl", "Zp", "Cc", "Cf") or sign.isspace()
    ]
    assert len(unseen) > 200
    for sign in unseen:
        for start in (sign, sign * 3, f" {sign} "):
            assert harmless(f"{start}=1+1").startswith("'"), f"U+{ord(sign):04X}"


@example("a,=1+1")
@example("a;\x85@b")
@given(st.lists(st.text(max_size=4) | st.sampled_from(EVIL), max_size=3).map(",".join))
def test_no_part_of_a_note_acts(note: str) -> None:
    line, *_ = csv_text(["a"], [], [note]).split("\r\n")
    assert line.startswith("#")
    assert '"' not in line
    for part in line.replace(";", ",").split(","):
        assert not acts(part), part


@pytest.mark.parametrize("number", [-1, -1.5, "-1.5", "+3", "-2e-05"])
def test_numbers_stay_numbers(number: object) -> None:
    assert float(harmless(number)) == float(str(number))


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_a_table_is_neutral_in_headings_and_every_kind_of_column(kind: str) -> None:
    frame = pd.DataFrame({"=a": pd.Series([*EVIL, None], dtype=kind), "b": 0.5})
    rows = list(csv.reader(io.StringIO(frame_csv(frame), newline="")))
    assert len(rows) == len(EVIL) + 2
    assert not [one for row in rows for one in row if acts(one)]
    assert [restored(row[0]) for row in rows[1:-1]] == list(EVIL)


@pytest.mark.parametrize(
    ("numbers", "rows"),
    [
        ("%.3g", ["x,x", "1.23e-05,0.333", ",inf", "2,"]),
        (None, ["x,x", "1.23456e-05,0.33333334", ",inf", "2.0,"]),
    ],
)
def test_numbers_are_written_in_a_format_or_so_that_they_come_back(
    numbers: str | None, rows: list[str]
) -> None:
    small = pd.Series([1 / 3, float("inf"), None], dtype="float32")
    frame = pd.concat([pd.Series([1.23456e-05, None, 2.0]), small], axis="columns")
    frame.columns = ["x", "x"]
    assert frame_csv(frame, numbers).splitlines() == rows, "columns of one name are two"


def test_rows_are_neutral() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(["=a"], [[one] for one in EVIL]), newline="")))
    assert not [one for row in rows for one in row if one.startswith(FORMULA_SIGNS)]


def test_a_roster_is_neutral_and_reads_back_to_the_same_names() -> None:
    names = [one for one in EVIL if one.isprintable() and one == " ".join(one.split())]
    roster = Roster(tuple(TeamRow(f"{one} {at}", one) for at, one in enumerate(names)))
    text = roster_text(roster)
    assert not [one for row in csv.reader(io.StringIO(text)) for one in row if acts(one)]
    assert roster_from_text(text).rows == roster.rows


def test_every_writer_of_csv_goes_through_this_one_file() -> None:
    """No other file of the program writes CSV with pandas or the standard library."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("sim", "calibration")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != ROOT / "sim" / "spreadsheet.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in WRITERS
    ]
    assert found == []


@pytest.mark.parametrize("cell", [None, float("nan"), np.float64("nan"), pd.NA, pd.NaT])
def test_what_is_missing_is_an_empty_cell(cell: object) -> None:
    assert is_missing(cell)
    assert harmless(cell) == ""
    assert not any(map(is_missing, (0, "", False, np.float64(0.0), "nan")))
