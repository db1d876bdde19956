"""Registers as people hold them: what is read, what is refused, and in which words."""

from __future__ import annotations

from datetime import date

import pytest

from sim.errors import InputError
from sim.inputs.registers import ALL_TEAMS, read_observed, read_planned
from sim.inputs.registers.columns import KINDS
from sim.inputs.registers.templates import template
from sim.inputs.roster import Roster
from sim.inputs.roster.team import TeamRow
from sim.spreadsheet import csv_text
from tests.hostile import NUMBERS, TEXTS, problem_of

ROSTER = Roster((TeamRow("North 1", staff=20), TeamRow("South 1", staff=12)))


def test_every_template_reads_back() -> None:
    found = read_observed({kind: template(kind) for kind in KINDS if kind != "plan"}, ROSTER)
    planned, _ = read_planned(template("plan"), ROSTER)
    assert [(one.team, one.start) for one in planned] == [(0, 0), (1, 8)]
    assert [one.attended for one in found.sessions] == [14, 0, 9]
    assert [one.held for one in found.sessions] == [True, False, True]
    # Without a number of people asked, the posts of the roster.
    assert found.sessions[2].invited == 12
    assert [one.error for one in found.audits] == [0.08, 0.1]
    assert [(one.since, one.week, one.starters) for one in found.turnover] == [
        (0, 13, 0),
        (13, 26, 1),
        (0, 26, None),
    ]
    assert found.outcomes[0].team == ALL_TEAMS
    assert found.weeks == 26


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("team,week,practice,error\nNorth 1,9,35,8\nSouth 1,9,20,8\n", (0.35, 0.08)),
        ("team,week,practice,error\nNorth 1,9,0.35,0.08\n", (0.35, 0.08)),
        ("team;week;practice;error\nNorth 1;9;0,35;0,08\n", (0.35, 0.08)),
        ("team,week,fidelity,se\nNorth 1,9,35%,8%\n", (0.35, 0.08)),
    ],
)
def test_practice_is_a_share_on_either_scale(text: str, wanted: tuple[float, float]) -> None:
    found = read_observed({"audit": text}, ROSTER).audits[0]
    assert (found.practice, found.error) == pytest.approx(wanted)


def test_dates_are_weeks_from_the_first_day() -> None:
    text = "team,date,attended\nNorth 1,01/04/2027,9\nNorth 1,08/04/2027,9\n"
    found = read_observed({"register": text}, ROSTER, date(2027, 4, 1))
    assert [one.week for one in found.sessions] == [1, 2]
    with pytest.raises(InputError, match="start_date"):
        read_observed({"register": text}, ROSTER)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("register", "team,week,attended\nNorth1,2,4\n", "did you mean 'North 1'"),
        ("register", "team,week,attended\nNorth 1,2,\n", "line 2, attended: is empty"),
        ("register", "team,week,atended\nNorth 1,2,4\n", "did you mean 'attended'"),
        ("register", "team,week,attended,invited\nNorth 1,2,9,8\n", "must not exceed invited = 8"),
        ("register", "team,week,attended,held\nNorth 1,2,9,no\n", "must be 0 where held is no"),
        ("register", "team,week,attended\n", "has a heading but no rows"),
        ("turnover", "team,week,leavers\nNorth 1,9,1\nNorth 1,9,1\n", "must come after week 9"),
        ("outcomes", "week,n,mean,sd\n9,50,61,9\n", "the range of qpr15"),
        ("outcomes", "week,measure,n,mean,sd\n9,qpr,50,31,9\n", "did you mean 'qpr15'"),
        ("audit", "team,week,practice,error\nNorth 1,9,.5,60\n", "error = 60"),
        ("register", "team,week,attended\nNorth 1,2,yes\n", "a line is a session and no person"),
        ("register", "team,week,attended" + "\nNorth 1,2,1" * 3 + "\n", "count who came to each"),
        ("audit", "team,week,practice\nNorth 1,9,.4\nNorth 1,13,41\n", "line 2, practice = 0.4"),
    ],
)
def test_what_cannot_be_is_refused_by_name(kind: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_observed({kind: text}, ROSTER)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    text = "team,week,attended\nNobody,2,4\nSouth 1,0,3\nSouth 1,3,-1\n"
    with pytest.raises(InputError) as refused:
        read_observed({"register": text}, ROSTER)
    assert len(refused.value.problems) == 3


def test_more_people_than_posts_are_told() -> None:
    text = "team,week,attended\nSouth 1,2,15\n"
    (note,) = read_observed({"register": text}, ROSTER).notes
    assert "15 of 'South 1' attended, more than its 12 posts" in note


def test_hostile_cells_are_used_or_refused_by_name() -> None:
    faults = []
    for kind, columns in KINDS.items():
        base = {"register": "North 1,2,3,18,yes", "audit": "North 1,9,0.3,0.1"}
        base |= {"turnover": "North 1,9,1,1", "outcomes": "all teams,9,qpr15,50,31,9"}
        base |= {"plan": "North 1,refocus-full,0,"}
        for at, column in enumerate(columns):
            for value in (one for one in (*NUMBERS, *TEXTS) if "\0" not in one):
                cells: list[str] = base[kind].split(",")
                cells[at] = value
                text = csv_text([one.name for one in columns], [cells], ends="\n")
                try:
                    read_planned(text, ROSTER) if kind == "plan" else read_observed(
                        {kind: text}, ROSTER
                    )
                except InputError as error:
                    if problem_of(str(error)) or column.name not in str(error):
                        faults.append((kind, column.name, value[:20], str(error)[:200]))
    assert faults == []
