"""Teams as planners hold them: one list in many guises, own columns, staff records, problems."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from sim.cli import main
from sim.errors import InputError
from sim.inputs.roster import (
    ColumnMap,
    column_map_text,
    read_column_map,
    read_roster_csv,
    roster_from_bytes,
    roster_from_text,
    roster_text,
    roster_workbook,
)
from sim.inputs.roster.staff_list import turnover_multiplier
from sim.parameters import registry

pytestmark = pytest.mark.usefixtures("unpainted")

LIST = (
    "team,trust,staff,coordinators,caseload,share_black\n"
    "Ashby CMHT,Northdale,16,7,1126,0.097\n"
    "Café Rd CMHT,St Aidan’s,13,8,144,0.131\n"
)
GUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda one: one.replace("0.097", "9.7%").replace("0.131", "13.1%"),
    "thousands": lambda one: one.replace("1126", '"1,126"'),
    "semicolons": lambda one: one.replace(",", ";").replace("0.", "0,"),
    "title": lambda one: "Our teams 2027,,,Workforce,,\n" + one,
    "total": lambda one: one + "Total,,29,15,1270,\n",
    "footnote": lambda one: one + ",,,,,\n* vacancies excluded,,,,,\n",
    "headings": lambda one: one.replace("staff,coord", "WTE,Care Coord").replace(
        "team", "Team name"
    ),
    "own column": lambda one: "".join(f"{line},x\n" for line in one.splitlines()),
}


@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_one_list_in_many_guises(guise: str, encoding: str) -> None:
    wanted = roster_from_text(LIST).rows
    assert roster_from_bytes(GUISES[guise](LIST).encode(encoding)).rows == wanted


def test_own_columns_are_kept_told_once_and_written_again() -> None:
    roster = roster_from_text("team,icb,staff\nA,NHS North,3\nB,NHS South,4\n")
    assert roster.own_columns == {"icb": ("NHS North", "NHS South")}
    assert sum("columns of your own" in one for one in roster.notes) == 1
    again = roster_from_text(roster_text(roster))
    assert (again.rows, again.own_columns) == (roster.rows, roster.own_columns)


def test_whole_time_equivalents_are_rounded_and_told() -> None:
    roster = roster_from_text("team,staff,coordinators\nA,14.6,8.4\nB,9.5,5\n")
    assert [(one.staff, one.coordinators) for one in roster.rows] == [(15, 8), (10, 5)]
    assert (
        "staff: 24.1 posts (whole-time equivalents) are simulated as 25, each team's rounded to "
        "the nearest whole number"
    ) in roster.told


def test_marks_for_missing_are_as_good_as_empty_and_told() -> None:
    roster = roster_from_text("team,staff\nA,N/A\nNA,12\n")
    assert [(one.team, one.staff) for one in roster.rows] == [("A", 20), ("NA", 12)]
    assert "staff: 'N/A' is taken as missing in 1 cells" in roster.told


def test_arms_under_labels_that_mean_control_are_read_and_told() -> None:
    roster = roster_from_text("team,arm\nA,TAU\nB,REFOCUS\nC,refocus \nD,\n")
    assert [one.arm for one in roster.rows] == ["control", "intervention"] + ["intervention"] * 2
    assert any("'tau' is read as control" in one for one in roster.told)
    assert not any("is read as" in one for one in roster_from_text("team,arm\nA,Control\n").told)
    with pytest.raises(InputError, match="arm = 'A': must be one of intervention, control"):
        roster_from_text("team,arm\nX,A\nY,B\n")


def test_dates_where_weeks_are_wanted(tmp_path: Path) -> None:
    text = "team,start\nA,01/04/2027\nB,15 April 2027\nC,\n"
    path = tmp_path / "teams.csv"
    path.write_text(text)
    assert [one.start_week for one in read_roster_csv(path).rows] == [0, 2, None]
    said = ColumnMap(start_date=date(2027, 3, 18))
    assert [one.start_week for one in read_roster_csv(path, said).rows] == [2, 4, None]
    with pytest.raises(InputError, match="line 2, start_week = '-"):
        read_roster_csv(path, ColumnMap(start_date=date(2027, 5, 1)))


def test_all_problems_of_a_file_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "teams.csv"
    path.write_text("team,staff,share_black,arm\nA,0,27,contrl\nB,many,0.5,\nA,3,x,\n,4,,\n")
    with pytest.raises(InputError) as raised:
        read_roster_csv(path)
    begins = [one.split(":")[0] for one in raised.value.problems]
    assert begins == [
        "line 2, staff = '0'",
        "line 2, share_black = '27'",
        "line 2, arm = 'contrl'",
        "line 3, staff = 'many'",
        "line 4, share_black = 'x'",
        "line 4, team = 'A'",
        "line 5, team",
    ]
    assert main(["teams", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "refocus: roster 'teams.csv': 7 problems"
    assert lines[3].endswith("did you mean 'control'?")
    assert len(lines) == 8


def test_columns_that_are_not_clear_are_asked_for(tmp_path: Path) -> None:
    path, said = tmp_path / "teams.csv", tmp_path / "columns.toml"
    path.write_text("team,WTE,headcount,turnver_multiplier\nA,14.6,17,1\n")
    with pytest.raises(InputError) as raised:
        read_roster_csv(path)
    both, slip = raised.value.problems
    assert "'WTE' and 'headcount' may each be the column 'staff'" in both
    assert "unknown column 'turnver_multiplier'; did you mean 'turnover_multiplier'?" in slip
    said.write_text('[columns]\nheadcount = "staff"\nturnver_multiplier = ""\n')
    roster = read_roster_csv(path, read_column_map(said))
    assert roster.rows[0].staff == 17
    assert list(roster.own_columns) == ["turnver_multiplier", "WTE"]
    # What was settled is saved, and read back to the same.
    said.write_text(column_map_text(roster.mapping, None, None))
    assert read_roster_csv(path, read_column_map(said)).rows == roster.rows


def test_one_instrument_may_stand_for_all_scores_of_a_file(tmp_path: Path) -> None:
    path, said = tmp_path / "teams.csv", tmp_path / "columns.toml"
    path.write_text("team,readiness,readiness_scale\nA,45,\nB,3,oric-mean\n")
    said.write_text(column_map_text({}, None, None, "oric-total"))
    rows = read_roster_csv(path, read_column_map(said)).rows
    assert [(one.readiness_low, one.readiness_high) for one in rows] == [(12, 60), (1, 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colums = 3", "unknown field 'colums'; did you mean 'columns'"),
        ("sheet = 3", "sheet = 3: must be the name of a sheet"),
        ('readiness_scale = "oric"', "unknown readiness_scale 'oric'; did you mean 'oric-mean'"),
        ("readiness_scale = [3]", "unknown readiness_scale"),
        ('start_date = "soon"', "start_date = 'soon': must be a date"),
        ("columns = 3", "columns: must be a table of lines"),
        ('[columns]\ntem = "team"', "names 'tem', which is no heading; did you mean 'team'"),
        ('[columns]\nteam = "tem"', "unknown column 'tem'; did you mean 'team'"),
    ],
)
def test_a_column_map_is_checked(text: str, message: str, tmp_path: Path) -> None:
    path, said = tmp_path / "teams.csv", tmp_path / "columns.toml"
    path.write_text("team,staff\nA,3\n")
    said.write_text(text)
    with pytest.raises(InputError, match=message):
        read_roster_csv(path, read_column_map(said))


def record(people: int, recent: int) -> str:
    """Return a staff record: teams of five, every fifth person an administrator."""
    lines = ["Employee Number,Assignment Number,Org L4,Org L5,Role,FTE,Hire Date,Assignment Status"]
    for number in range(people):
        day = date(2026, 9, 1) if number < recent else date(2020, 1, 1)
        role = "Clerical Officer" if number % 5 == 4 else "Community Psychiatric Nurse"
        lines.append(
            f"{number},{number},Adult Community,Team {number // 5},{role},0.8,"
            f"{day:%d-%b-%Y},Active Assignment"
        )
    lines.append("99,99,Adult Community,Team 0,Nurse,1,01-Jan-2020,Inactive Not Worked")
    return "\n".join(lines) + "\n"


def test_a_staff_record_becomes_a_roster() -> None:
    roster = roster_from_text(record(30, 6))
    assert len(roster) == 6
    # 6 of 30 began within the year: 0.2, relative to the model's yearly turnover.
    ratio = 0.2 / registry()["turnover_yearly"].default
    for row in roster.rows:
        assert (row.trust, row.staff, row.coordinators) == ("Adult Community", 5, 4)
        assert row.turnover_multiplier == pytest.approx(ratio, rel=1e-2)
    told = "\n".join(roster.told)
    assert "30 people in post in 6 teams" in told
    assert "not in post: 1 'Inactive Not Worked'" in told
    assert "taken to carry a caseload, by their role: Community Psychiatric Nurse (24)" in told
    assert "taken to carry none: Clerical Officer (6)" in told
    assert "whole-time equivalents add up to 24" in told


def test_few_dates_of_hire_say_nothing_of_turnover() -> None:
    day = date(2026, 1, 1)
    assert turnover_multiplier([day] * 19)[0] is None
    assert turnover_multiplier([day - timedelta(days=400)] * 99 + [day])[0] == 0.1
    assert turnover_multiplier([day] * 20)[0] == 5.0


def test_mistakes_in_a_staff_record_are_told_at_once() -> None:
    text = (
        record(5, 1)
        .replace("0.8,01-Sep-2026", "8,1st of May")
        .replace(",Team 0,Clerical", ",,Clerical")
    )
    with pytest.raises(InputError) as raised:
        roster_from_text(text)
    assert [one.split(":")[0] for one in raised.value.problems] == [
        "line 2, hire_date = '1st of May'",
        "line 2, fte = '8'",
        "line 6, team",
    ]


def test_the_workbook_to_start_from_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "teams.xlsx"
    assert main(["template", "teams", "--out", str(path)]) == 0
    assert path.read_bytes() == roster_workbook()
    roster = read_roster_csv(path)
    assert [one.team for one in roster.rows] == ["North 1", "South 1"]
    assert roster.told == ("read from sheet 'Teams'",)


def test_teams_are_checked_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "teams.csv"
    path.write_text(GUISES["headings"](LIST))
    out, columns = tmp_path / "read.csv", tmp_path / "columns.toml"
    assert main(["teams", str(path), "--out", str(out), "--save-columns", str(columns)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 teams in 2 trusts\n  29 posts\n")
    assert "- column 'WTE' is read as staff" in shown
    assert '"WTE" = "staff"' in columns.read_text(encoding="utf-8")
    assert read_roster_csv(out).rows == roster_from_text(LIST).rows
    assert main(["teams", str(path), "--out", str(out)]) == 2
