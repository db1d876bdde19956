"""One table, as many programs and countries write it, is one table; what is doubtful is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.inputs.tables import read_table, table_from_bytes, table_from_text
from sim.inputs.tables.dates import date_in
from sim.inputs.tables.formats import FORMATS, excel_sheets
from sim.inputs.tables.lines import why_no_data
from sim.inputs.tables.numbers import decimal_mark, plain_number
from sim.workbook import Formula, Sheet, workbook

PLAIN = "name,score,share\nCafé Rd,1020,0.5\nÎlot,7,0.25\n"


def cells(content: bytes, name: str = "own.csv") -> list[tuple[str, ...]]:
    table = table_from_bytes(content, name, "roster")
    rows = [table.headings, *(one.cells for one in table.lines)]
    return [
        tuple(
            one if (number := plain_number(one, table.decimal)) is None else number.text
            for one in row
        )
        for row in rows
    ]


WANTED = [("name", "score", "share"), ("Café Rd", "1020", "0.5"), ("Îlot", "7", "0.25")]


def frame() -> pd.DataFrame:
    return pd.DataFrame({"name": ["Café Rd", "Îlot"], "score": [1020, 7], "share": [0.5, 0.25]})


def in_bytes(write: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    getattr(frame(), write)(buffer, **how)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.csv", PLAIN.encode()),
        ("own.csv", PLAIN.encode("utf-8-sig")),
        ("own.csv", PLAIN.encode("utf-16")),
        ("own.csv", b"\xfe\xff" + PLAIN.encode("utf-16-be")),
        ("own.csv", PLAIN.encode("utf-16-le")),
        ("own.csv", PLAIN.encode("cp1252")),
        ("own.tsv", PLAIN.replace(",", "\t").encode()),
        ("own.txt", PLAIN.replace(",", "|").encode()),
        ("own.csv", PLAIN.replace(",", ";").replace(".", ",").encode()),
        ("own.csv", b"sep=;\r\n" + PLAIN.replace(",", ";").encode()),
        ("own.csv", PLAIN.replace("1020", '"1,020"').encode()),
        ("own.csv", PLAIN.replace(",", ";").replace(".", ",").replace("1020", "1.020").encode()),
        ("own.csv", PLAIN.replace("1020", "1 020").replace("7", "£7").encode()),
        ("own.csv", b"Teams 2027,,\n,,\n" + PLAIN.encode() + b",,\n"),
        ("own.csv", b"# a note; with signs\n" + PLAIN.encode()),
        ("own.xlsx", workbook([Sheet("Teams", list(frame()), frame().to_numpy().tolist())])),
        ("own.dta", in_bytes("to_stata", write_index=False, version=118)),
        ("own.parquet", in_bytes("to_parquet")),
    ],
)
def test_a_table_is_the_same_in_every_file(name: str, content: bytes) -> None:
    assert cells(content, name) == WANTED


def test_spss_files_with_labels(tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    path = tmp_path / "own.sav"
    coded = frame().assign(arm=[0.0, 1.0])
    pyreadstat.write_sav(
        coded, path, variable_value_labels={"arm": {0: "usual care", 1: "REFOCUS"}}
    )
    table = read_table(path, "data file")
    assert [one.cells[-1] for one in table.lines] == ["usual care", "REFOCUS"]


@pytest.mark.parametrize(
    ("text", "decimal", "wanted"),
    [
        ("1,020", ".", "1020"),
        ("1.020", ",", "1020"),
        ("0,097", ",", "0.097"),
        ("12,345,678.5", ".", "12345678.5"),
        ("£12.50", ".", "12.50"),
        ("−3", ".", "-3"),
        ("12k", ".", "12000"),
        ("1.5K", ".", "1500"),
        ("1\u00a0020", ".", "1020"),
        ("1e3", ".", "1e3"),
        ("1,02", ".", None),
        ("0,096", ".", None),
        ("-0.096", ",", None),
        ("12,34,567", ".", None),
        ("1_0", ".", None),
        ("k", ".", None),
        ("٣", ".", None),
        ("3 nurses", ".", None),
        ("", ".", None),
    ],
)
def test_numbers_as_people_write_them(text: str, decimal: str, wanted: str | None) -> None:
    found = plain_number(text, decimal)
    assert (None if found is None else found.text) == wanted


def test_a_percent_sign_is_told_apart() -> None:
    assert plain_number("9.7%") == ("9.7", True)
    assert plain_number("9,7 %", ",") == ("9.7", True)


@pytest.mark.parametrize(
    ("column", "delimiter", "mark", "doubtful"),
    [
        (["14,6", "1"], ",", ",", False),
        (["0,097"], ",", ",", False),
        (["0,5", "0.5"], ";", ".", False),
        (["1,020", "7.5"], ",", ".", False),
        (["21,165", "-0,096", "7.5"], ";", ".", True),
        (["1.020,5"], "\t", ",", False),
        (["1,020.5"], "\t", ".", False),
        (["1,020"], ",", ".", True),
        (["1,020"], ";", ",", True),
        (["A, B", "x.y"], ",", ".", False),
    ],
)
def test_the_mark_of_decimals_is_the_files(
    column: list[str], delimiter: str, mark: str, doubtful: bool
) -> None:
    found, told = decimal_mark(column, delimiter)
    assert (found, bool(told)) == (mark, doubtful)


@given(st.floats(-1e6, 1e6).map(lambda one: round(one, 3)), st.sampled_from(".,"))
def test_any_number_written_with_thousands_is_read_back(value: float, decimal: str) -> None:
    text = f"{value:,.3f}"
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    found = plain_number(text, decimal)
    assert found is not None
    assert float(found.text) == value


def test_the_sheet_that_is_meant() -> None:
    book = workbook(
        [
            Sheet("Notes", ["read", "me"], [["a", "b"]]),
            Sheet("Teams", ["team", "staff"], [["North", 12]]),
        ]
    )

    def known(row: object) -> int:
        return int("team" in row)  # type: ignore[operator]

    table = table_from_bytes(book, "own.xlsx", "roster", known=known)
    assert table.headings == ("team", "staff")
    assert table.notes == ("read from sheet 'Teams'",)
    assert table_from_bytes(book, "own.xlsx", "roster", sheet="Notes").headings == ("read", "me")
    with pytest.raises(
        InputError, match=r"sheets 'Notes', 'Teams' may be meant; .*sheet = \"Notes"
    ):
        table_from_bytes(book, "own.xlsx", "roster")
    with pytest.raises(
        InputError, match=r"unknown sheet of roster 'own.xlsx' 'Teem'; did you mean"
    ):
        table_from_bytes(book, "own.xlsx", "roster", sheet="Teem")
    with pytest.raises(InputError, match=r"roster 'own.csv': sheet = 'Teams' has a meaning only"):
        table_from_bytes(b"a,b\n1,2\n", "own.csv", "roster", sheet="Teams")


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_no_such_file_says_what_to_do(ending: str) -> None:
    with pytest.raises(InputError, match=r"is not an? .* that can be read"):
        table_from_bytes(b"no such thing", f"own{ending}", "roster")


def test_all_lines_that_are_too_long_are_told_at_once() -> None:
    with pytest.raises(InputError) as raised:
        table_from_text("a,b\n1,2,3\n1,2\n4,5,6,7\n", "own.csv", "data file")
    assert [one.split(":")[0] for one in raised.value.problems] == ["line 2", "line 4"]
    assert raised.value.lines()[0] == "data file 'own.csv': 2 problems"


def test_dates() -> None:
    for text in ("2027-04-01", "01/04/2027", "1.4.2027", "01-Apr-2027", "1 April 2027", "1/4/27"):
        found = date_in(text)
        assert found is not None
        assert found.isoformat() == "2027-04-01", text
    assert date_in("13 weeks") is None


def test_a_workbook_keeps_text_as_text_and_is_the_same_bytes() -> None:
    sheet = Sheet("S", ["a", "b"], [["=1+1", Formula("=1+1")], ["@x", 2.5]])
    first = workbook([sheet])
    assert first == workbook([sheet])
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(first))
    (_, (text, formula), (other, number)) = book["S"].iter_rows()
    assert (text.value, text.data_type) == ("=1+1", "s")
    assert (formula.value, formula.data_type) == ("=1+1", "f")
    assert (other.data_type, number.value) == ("s", 2.5)


def book_of(fill: Callable[[Any], None]) -> list[tuple[str, ...]]:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["team", "trust", "staff"], ["A", "X", 8], ["B", None, 9], ["C", "Y", 7]):
        book.active.append(row)
    fill(book.active)
    content = io.BytesIO()
    book.save(content)
    (lines,) = excel_sheets(content.getvalue(), "own.xlsx").values()
    return [one.cells for one in lines]


def test_a_formula_that_was_never_worked_out_is_no_missing_value() -> None:
    """A workbook that another program wrote has formulas without values."""
    found = book_of(lambda sheet: sheet.cell(3, 3, "=4+5"))
    assert found[2] == ("B", "", "=4+5")


def test_what_is_merged_downwards_stands_in_each_line() -> None:
    def fill(sheet: Any) -> None:
        sheet.merge_cells("B2:B3")
        sheet.merge_cells("A6:C9")  # Below the table: nothing is there to fill.

    assert [one[1] for one in book_of(fill)] == ["trust", "X", "X", "Y"]


def test_a_formula_worked_out_to_nothing_is_empty_and_one_of_many_cells_is_told() -> None:
    """Spreadsheets write an empty text as the value of =IF(A3="","",4)."""
    import openpyxl
    from openpyxl.worksheet.formula import ArrayFormula

    book = openpyxl.Workbook()
    for row in (["team", "staff"], ["A", '=IF(A3="","",4)'], ["B", ArrayFormula("B3", "=SUM(B2)")]):
        book.active.append(row)
    saved, content = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'"B2"><f>', b'"B2" t="str"><f>'))
    (lines,) = excel_sheets(content.getvalue(), "own.xlsx").values()
    assert [one.cells for one in lines[1:]] == [("A", ""), ("B", "=SUM(B2)")]


def test_rows_that_a_sheet_hides_are_told() -> None:
    import openpyxl

    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in (["team", "staff"], ["A", 8], ["B", 9], ["team", "staff"], ["C", 7]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    book.save(content)
    found = table_from_bytes(content.getvalue(), "own.xlsx", "roster")
    assert [one.cells[0] for one in found.lines] == ["A", "B", "C"]
    assert found.notes == ("rows that the sheet hides are read: 3",)
    assert found.left_out == ("line 4 is left out: it repeats the headings",)


def test_headings_of_two_lines_are_no_row() -> None:
    found = table_from_text("team,trust,remarks\nteam,trust,more\nA,X,a\n", "own.csv", "roster")
    assert [one.cells for one in found.lines] == [("A", "X", "a")]


def test_an_unquoted_decimal_comma_has_a_remedy() -> None:
    with pytest.raises(InputError, match="put it in quotation marks"):
        table_from_text("team,share\nA,0,25\nB,0,2\n", "own.csv", "roster")


@pytest.mark.parametrize(
    ("name", "what"), [("Mean", "a figure"), ("Average wte", "a figure"), ("Total staff", "a sum")]
)
def test_a_mean_is_called_no_sum(name: str, what: str) -> None:
    assert why_no_data(name, [name, "8"], 2, "team") == f"'{name}' is {what} over teams, not a team"
