"""A planner's file is read as it comes, what is missing is said, and errors point at the cell."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.inputs.roster import (
    ROSTER_COLUMNS,
    Roster,
    TeamRow,
    read_roster_csv,
    roster_from_text,
    roster_template,
    roster_text,
    trial_roster,
)
from sim.inputs.roster.readiness_scales import readiness_scales
from sim.inputs.tables.lines import why_no_data
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario

NUMERIC = [one for one in ROSTER_COLUMNS if one.kind in ("whole", "number")]


def names(text: str) -> list[str]:
    return [row.team for row in roster_from_text(text).rows]


def test_every_column_is_documented_and_is_a_field_of_a_row() -> None:
    assert [one.name for one in ROSTER_COLUMNS] == list(TeamRow.__slots__)
    for column in ROSTER_COLUMNS:
        assert column.unit
        assert column.default
        assert column.help.endswith(".")
        assert column.grade in ("trial", "literature", "assumption")
    assert all(one.low is not None and one.high is not None for one in NUMERIC)


def test_only_the_name_is_needed_and_all_defaults_are_noted() -> None:
    roster = roster_from_text("team\nA\nB\n")
    assert roster.rows == (TeamRow("A"), TeamRow("B"))
    noted = {note.split(":")[0] for note in roster.notes}
    # An instrument that nobody named is no default: its range is.
    assert noted == {one.name for one in ROSTER_COLUMNS} - {"team", "readiness_scale"}
    assert "staff: not given for all teams; default: 20" in roster.notes


def test_defaults_are_consistent_with_what_is_given() -> None:
    text = "team,staff,coordinators,caseload,sampled\na,10,,,\nb,,4,,\nc,,,8,\nd,1,,,\ne,,,,300\n"
    a, b, c, d, e = roster_from_text(text).rows
    assert (a.coordinators, a.caseload, a.sampled) == (4, 100, 15)
    assert (b.staff, b.caseload) == (20, 100)
    assert (c.caseload, c.sampled) == (8, 8)
    assert (d.coordinators, d.caseload) == (1, 25)
    assert (e.caseload, e.sampled) == (300, 300)


def test_blank_cells_are_counted_in_the_notes() -> None:
    notes = roster_from_text("team,staff\nA,12\nB,\nC,\n").notes
    assert "staff: not given for 2 of 3 teams; default: 20" in notes


def test_a_full_file_needs_no_notes() -> None:
    heading = ",".join(one.name for one in ROSTER_COLUMNS)
    row = "A,T,psychosis,control,12,6,150,15,3,1,5,yes,0.2,1.5,4,"
    roster = roster_from_text(f"{heading}\n{row}\n")
    assert roster.notes == ()
    assert roster.rows == (
        TeamRow("A", "T", "psychosis", "control", 12, 6, 150, 15, 3.0, 1.0, 5.0, 1, 0.2, 1.5, 4),
    )


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_as_programs_write_them(tmp_path: Path, ends: str, mark: str, delimiter: str) -> None:
    lines = ["Team,Share Black", "", "A,0.5", ",", '"B 1",0.25', ""]
    text = mark + ends.join(lines).replace(",", delimiter)
    (tmp_path / "teams.csv").write_bytes(text.encode("utf-8"))
    rows = read_roster_csv(tmp_path / "teams.csv").rows
    assert [(row.team, row.share_black) for row in rows] == [("A", 0.5), ("B 1", 0.25)]


def test_decimal_commas_where_semicolons_part_the_columns() -> None:
    row = roster_from_text("team;share_black;staff\nA;0,5;12\n").rows[0]
    assert (row.share_black, row.staff) == (0.5, 12)
    assert roster_from_text('team,share_black\nA,"0,5"\n').rows[0].share_black == 0.5
    with pytest.raises(InputError, match="share_black = '0,5'"):
        roster_from_text('team,share_black\nA,"0,5"\nB,0.25\n')


def test_names_are_kept_but_for_spaces_and_trusts_match_in_any_case() -> None:
    rows = roster_from_text(
        "team,trust,type\nÉquipe  1,North,Early  Intervention\nb,NORTH,x\n"
    ).rows
    assert rows[0].team == "Équipe 1"
    assert rows[0].type == "early intervention"
    assert {row.trust for row in rows} == {"North"}


def test_comments_stand_above_the_heading_only() -> None:
    assert names('# a note\n"# a note, quoted",,\nteam\n#1\n') == ["#1"]


def test_whole_numbers_may_be_written_as_a_spreadsheet_does() -> None:
    assert roster_from_text("team,staff\nA,20.0\n").rows[0].staff == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; the first line must name columns"),
        ("\n\r\n", "is empty"),
        ("# only a comment\n", "is empty"),
        ("team\n", "has a heading but no team"),
        ("team,staff\n,\n", "has a heading but no team"),
        ("staff\n3\n", "line 1: column 'team' is missing"),
        ("tem,staff\nA,3\n", "line 1: unknown column 'tem'; did you mean 'team'"),
        ("team,caselod\nA,3\n", "unknown column 'caselod'; did you mean 'caseload'"),
        ("team,Team\nA,B\n", "column 'team' stands twice"),
        ("team,staff\nA,3\n,4\n", "line 3, team: is empty"),
        ("team\nA\n\nA\n", "line 4, team = 'A': stands already in line 2"),
        ("team\nNorth 1\nnorth  1\n", "line 3, team = 'north 1': stands already in line 2"),
        ("team,staff\nA,0\n", r"line 2, staff = '0': must be a whole number in \[1, 500\] \(posts"),
        ("team,staff\nA,16 WTE\n", "; write 16 alone"),
        ("team,staff\nA,=8+8\n", "open the workbook and save it"),
        ("team,staff\nA,-3\n", "line 2, staff = '-3'"),
        ("team,staff\nA,inf\n", "staff = 'inf'"),
        ("team,staff\nA,many\n", "staff = 'many': must be a whole number"),
        ("team,caseload\nA,12.5\n", "caseload = '12.5': must be a whole number"),
        ("team,staff\nA,1_0\n", "staff = '1_0'"),
        ("team,staff\nA,١٢\n", "staff = '١٢'"),
        ("team,staff\nA,1e9\n", "staff = '1e9'"),
        ("team,staff\nA,1e999\n", "staff = '1e999'"),
        ("team,staff,coordinators\nA,5,6\n", "coordinators = 6: must not exceed staff = 5"),
        ("team,caseload,sampled\nA,5,6\n", "sampled = 6: must not exceed caseload = 5"),
        ("team,readiness\nA,3\n", r"readiness = 3: must lie in the instrument's range \[0, 1\]"),
        (
            "team,readiness,readiness_low,readiness_high\nA,6,1,5\n",
            r"line 2, readiness = 6: must lie in the instrument's range \[1, 5\]",
        ),
        ("team,readiness_low,readiness_high\nA,5,5\n", "must be below readiness_high = 5"),
        (
            "team,readiness,readiness_scale\nA,45,oric-total\nB,61,oric-total\n",
            r"line 3, readiness = 61: .* \[12, 60\] \(readiness_scale = oric-total\), team 'B'",
        ),
        ("team,ORIC\nA,45\n", r"name its instrument: readiness_scale = oric-total \(12 to 60\)"),
        (
            "team,readiness_scale\nA,oric\n",
            "readiness_scale = 'oric': must be one of oric-total.*did you mean 'oric-mean'",
        ),
        (
            "team,readiness,readiness_scale,readiness_high\nA,45,oric-total,50\n",
            "readiness_high = 50: readiness_scale 'oric-total' has 12 to 60; leave one of the two",
        ),
        ("team,arm\nA,contrl\n", "arm = 'contrl': must be one of .*; did you mean 'control'"),
        ("team,reflects\nA,perhaps\n", "reflects = 'perhaps': must be yes or no"),
        (
            "team,share_black\nA,27\n",
            r"share_black = '27': must be a number in \[0, 1\] \(share\); did you mean 27%",
        ),
        ("team,staff\nA,3,4\n", "line 2: has 3 cells, but 2 columns"),
        ('team\n"A\n', "is not CSV"),
        ("team\n" + "x" * 101 + "\n", "must be a name of 1 to 100 printable characters"),
        ("team\nA\x07\n", "printable"),
        ("team\nA\0\n", "must be CSV text"),
        ("team\n" + "x" * 200_000 + "\n", "line 2: is not CSV"),
        ("team\n" + "\n".join(map(str, range(5001))), "more than 5000 teams"),
    ],
)
def test_an_error_names_line_column_value_and_rule(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        roster_from_text(text, "teams.csv")
    assert str(raised.value).startswith("roster 'teams.csv'")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("column", NUMERIC, ids=lambda one: one.name)
def test_bounds_of_columns_are_enforced_and_included(column: object) -> None:
    assert isinstance(column, type(ROSTER_COLUMNS[0]))
    assert column.low is not None
    assert column.high is not None
    assert column.read(f"{column.low:.7g}") == column.low
    assert column.read(f"{column.high:.7g}") == column.high
    for value in (column.low - 1, column.high + 1):
        with pytest.raises(InputError, match=column.name):
            column.read(f"{value:.10g}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "teams.csv").write_bytes(b"team\n\x8d\x81\n")
    with pytest.raises(InputError, match="must be CSV text in UTF-8, or a workbook"):
        read_roster_csv(tmp_path / "teams.csv")
    with pytest.raises(InputError, match="does not exist; did you mean 'teams.csv'"):
        read_roster_csv(tmp_path / "teem.csv")
    with pytest.raises(InputError, match="does not exist"):
        read_roster_csv(tmp_path / "no" / "teams.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_roster_csv(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_roster_csv("a\0b")
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(InputError, match="larger than 10 MB"):
        read_roster_csv(tmp_path / "huge.csv")


def test_the_template_reads_and_explains_every_column() -> None:
    template = roster_template()
    roster = roster_from_text(template)
    assert len(roster) == 2
    assert all(f"# {one.name} ({one.unit}): {one.help}" in template for one in ROSTER_COLUMNS)
    expansion = expand(load_scenario("refocus-as-delivered"), roster, 10)
    layout = lay_out(roster, expansion)
    assert layout.teams["readiness_given"].tolist() == pytest.approx([0.6, -1.0])


def test_the_trial_written_and_read_back_is_the_trial() -> None:
    trial = trial_roster(4)
    assert roster_from_text(roster_text(trial)).rows == trial.rows


@st.composite
def rows(draw: st.DrawFn) -> TeamRow:
    staff = draw(st.integers(1, 500))
    coordinators = draw(st.integers(1, staff))
    caseload = draw(st.integers(1, 20000))
    low = draw(st.floats(-100.0, 100.0))
    high = low + draw(st.floats(0.5, 100.0))
    text = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)
    # A file's accents are read in one coding.
    text = text.map(partial(normalize, "NFC"))
    return TeamRow(
        team=draw(text.filter(lambda one: not one.startswith("#") and len(one) <= 100)),
        trust=draw(st.sampled_from(["North", 'So,"uth', "1;2"])),
        arm=draw(st.sampled_from(["intervention", "control"])),
        staff=staff,
        coordinators=coordinators,
        caseload=caseload,
        sampled=draw(st.integers(1, caseload)),
        readiness=draw(st.none() | st.floats(low, high)),
        readiness_low=low,
        readiness_high=high,
        reflects=draw(st.none() | st.integers(0, 1)),
        share_black=draw(st.floats(0.0, 1.0)),
        turnover_multiplier=draw(st.floats(0.1, 5.0)),
        start_week=draw(st.none() | st.integers(0, 1040)),
    )


@given(st.lists(rows(), min_size=1, max_size=4, unique_by=lambda row: row.team.casefold()))
@example([TeamRow("0", "North"), TeamRow("TOTAL", "North")])
def test_any_roster_survives_being_written_and_read(drawn: list[TeamRow]) -> None:
    roster = Roster(tuple(drawn))
    sums = [row.team for row in drawn if why_no_data(row.team, ("", ""), 2, "team")]
    if sums:
        with pytest.raises(InputError, match=re.escape(repr(sums[0]))):
            roster_text(roster)
    else:
        assert roster_from_text(roster_text(roster)).rows == roster.rows


@pytest.mark.parametrize("name", ["TOTAL", "Mean", "Trust total"])
def test_a_team_called_like_a_sum_is_not_written_and_lost(name: str) -> None:
    with pytest.raises(InputError, match=f"team = '{name}'.*over teams; call it"):
        roster_text(Roster((TeamRow("A"), TeamRow(name))))
    with pytest.raises(InputError, match="'Count'.*figure over teams; call it"):
        roster_text(Roster((TeamRow("A"), TeamRow("Count"))))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    for content in (text, f"team,staff\n{text}"):
        refusal = ""
        try:
            assert len(roster_from_text(content)) > 0
        except InputError as error:
            refusal = str(error)
        assert len(refusal.splitlines()) <= 1


def test_a_trust_that_is_spelt_almost_like_another_is_told() -> None:
    lines = ["team,trust", "a,Northern", "b,Northern", "c,Nothern", "d,Trust 1", "e,Trust 2"]
    notes = [one for one in roster_from_text("\n".join(lines)).notes if "spelt" in one]
    assert len(notes) == 1
    assert notes[0].startswith("trust 'Nothern': has one team and is spelt almost like 'Northern'")


DATA = Path(__file__).parent / "data"


def test_a_footnote_is_no_team() -> None:
    roster = read_roster_csv(DATA / "footnote.csv")
    assert len(roster) == 34
    assert roster.told == ("line 37 is left out: '* vacancies excluded' is a footnote, not a team",)
    assert roster.told[0] in roster.notes


def test_a_total_row_is_no_team_however_large_or_small() -> None:
    text = (DATA / "total_row.csv").read_text(encoding="utf-8")
    small = text.replace("Total,,,670,330,7800", "Grand total (34 teams),,,67,33,780")
    assert small != text
    for one in (text, small):
        roster = roster_from_text(one, "teams.csv")
        assert len(roster) == 34
        (told,) = roster.told
        assert told.startswith("line 36 is left out: '")
        assert told.endswith("' is a sum over teams, not a team")


def test_names_that_look_the_same_are_one_name() -> None:
    """An accent is one sign or two, by the program that wrote it: two teams, or two trusts."""
    composed, apart = "Caf\u00e9", "Cafe\u0301"
    with pytest.raises(InputError, match="stands already in line 2"):
        roster_from_text(f"team,staff\n{composed},20\n{apart},20\n")
    roster = roster_from_text(f"team,trust\nA,{composed}\nB,{apart}\nC,{composed} \n")
    assert {row.trust for row in roster.rows} == {composed}
    assert any(f"'{composed}' with and without blanks at its ends or" in one for one in roster.told)


def test_trusts_that_differ_by_case_are_one_and_told() -> None:
    roster = roster_from_text("team,trust\nA,North\nB,NORTH\nC,South\n")
    assert [row.trust for row in roster.rows] == ["North", "North", "South"]
    assert roster.told == ("trust: 'NORTH' is read as 'North'",)


@pytest.mark.parametrize(
    "name",
    [
        *("TOTAL", "Totals:", "Sub-total", "Subtotal", "Sum", "Trust total", "Average"),
        *("Mean of teams", "Overall", "All", "Team totals", "Total WTE", "Northdale FT total"),
        *("Σ", "Median", "Minimum", "N = 34", "Count", "Std. deviation", "% change", "Range:"),
    ],
)
def test_sums_are_known_by_their_names(name: str) -> None:
    assert len(roster_from_text(f"team,staff\nA,20\n{name},20\n")) == 1
    assert len(roster_from_text(f"team,staff\nA,20\n,\n{name},\n")) == 1


@pytest.mark.parametrize(
    "name",
    [
        "Note: data of March",
        "Source: electronic staff record",
        "† from the trust",
        "NB. leavers out",
    ],
)
def test_notes_below_a_table_are_known_by_their_signs(name: str) -> None:
    assert len(roster_from_text(f"team,staff\nA,20\n{name},\n")) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("Totnes CMHT", "Summerfield", "Meanwood CMHT", "Source House", "Notting Hill", "#1"),
        *("%s%n", "Countess Street", "Range Road"),
    ],
)
def test_teams_with_names_like_these_are_teams(name: str) -> None:
    roster = roster_from_text(f"team,staff\nA,20\n{name},\n{name} 2,20\n")
    assert len(roster) == 3
    assert not any("left out" in one for one in roster.told)


def test_a_line_that_adds_others_up_is_told_whatever_its_name() -> None:
    text = "team,trust,staff,caseload\nA,T1,8,100\nB,T1,9,90\nC,T2,9,80\nD,T2,9,85\n"
    assert roster_from_text(text).told == ()
    for line in ("Gesamt,,35,355", "Summe,T2,18,165"):
        roster = roster_from_text(f"{text}{line}\n")
        assert len(roster) == 5
        (told,) = roster.told
        assert told.startswith("line 6: staff and caseload of '")
        assert told in roster.notes
    assert roster_from_text(f"{text}E,T2,18,166\n").told == ()


def test_a_name_alone_among_lines_with_numbers_is_told() -> None:
    roster = roster_from_text("team,staff\nA,8\nB,9\nReport of March 2027,\n")
    assert roster.told == (
        "line 4: has a name alone, and is taken for a team with default values; take the line out "
        "if it is no team",
    )
    assert roster_from_text("team,staff\nA,\nB,\nC,9\n").told == ()


def test_a_named_instrument_gives_its_range_and_says_what_it_assumes() -> None:
    """ORIC by hand: 12 items from 1 to 5 come to 12 and 60; 45 lies (45 - 12) / 48 of the way."""
    read = roster_from_text("team,ORIC,readiness instrument\nA,45,ORIC-total\nB,12,oric-total\n")
    assert [(one.readiness_low, one.readiness_high) for one in read.rows] == [(12.0, 60.0)] * 2
    assert any("2 scores are read as Organizational Readiness" in one for one in read.notes)
    assert any("straight line" in one and "assumption" in one for one in read.notes)
    assert not any("readiness_low: not given" in one for one in read.notes)
    assert roster_from_text(roster_text(read)).rows == read.rows
    expansion = expand(load_scenario("refocus-as-delivered"), read, 10)
    assert lay_out(read, expansion).teams["readiness_given"].tolist() == [0.6875, 0.0]
    for name, one in readiness_scales().items():
        assert one.low < one.high
        assert "et al." in one.source or "oric-total" in one.source, name
    column = next(one for one in ROSTER_COLUMNS if one.name == "readiness_scale")
    assert set(column.choices) == set(readiness_scales())
