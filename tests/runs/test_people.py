"""Claims about tables of people: who they are, week by week, and who is tied to whom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sim
from sim.agents import Staff
from sim.api import run as api_run
from sim.engines.people import asked_for, spells
from sim.errors import InputError
from sim.inputs.roster import Roster, described_roster
from sim.runs.results import Results

COLLECT = ["staff-week:values,sick", "user-week", "ties", "summaries", "events"]


@pytest.fixture(scope="module")
def roster() -> Roster:
    return described_roster(trusts=1, teams_per_trust=3, intervention_share=1.0)


def year(roster: Roster, engine: str = "compiled", weeks: int = 30) -> Results:
    settings = {"turnover_yearly": 0.5, "vacancy_weeks": 4.0}
    return sim.run(
        "refocus-as-delivered",
        roster=roster,
        draws=0,
        replications=2,
        weeks=weeks,
        settings=settings,
        engine=engine,
        collect=COLLECT,
    )


@pytest.fixture(scope="module")
def results(roster: Roster) -> Results:
    return year(roster)


def test_both_engines_write_the_same_people(results: Results, roster: Roster) -> None:
    on_mesa = year(roster, "mesa")
    for name in ("staff_weeks", "user_weeks", "ties", "summaries", "events"):
        assert results.table(name).equals(on_mesa.table(name)), name


def test_looking_at_people_changes_nothing(results: Results, roster: Roster) -> None:
    usual = sim.run(
        "refocus-as-delivered",
        roster=roster,
        draws=0,
        replications=2,
        weeks=30,
        settings={"turnover_yearly": 0.5, "vacancy_weeks": 4.0},
        collect=["summaries", "events"],
    )
    for name in ("summaries", "events"):
        assert results.table(name).equals(usual.table(name)), name


def test_a_post_is_not_a_person(results: Results) -> None:
    staff = results.table("staff_weeks").query("replication == 0")
    events = results.table("events").query("replication == 0")
    came = events["kind"].isin(["staff arrived", "staff moved in from another team"]).sum()
    at_start = staff.query("week == 0")["person"].nunique()
    assert came > 5
    assert staff["person"].nunique() == at_start + came
    assert not staff.duplicated(["person", "week"]).any()
    leaving = events[events["kind"] == "staff left"].iloc[0]
    who = f"{leaving['team']}/staff {leaving['place']}"
    weeks = staff[staff["person"] == who]["week"]
    assert leaving["generation"] > 0 or weeks.max() == leaving["week"] - 1


def test_a_tie_lasts_while_both_are_there(results: Results) -> None:
    ties = results.table("ties").query("replication == 0 and kind != 'key worker'")
    staff = results.table("staff_weeks").query("replication == 0")
    spans = staff.groupby("person")["week"].agg(["min", "max"])
    both = ties.merge(spans, left_on="person", right_index=True).merge(
        spans, left_on="other", right_index=True, suffixes=("", "_other")
    )
    assert (both["first_week"] == both[["min", "min_other"]].max(axis=1)).all()
    assert (both["last_week"] == both[["max", "max_other"]].min(axis=1)).all()
    assert (ties["last_week"] < 30).any(), "somebody left"


def test_a_tie_that_ends_and_begins_again_makes_two_rows() -> None:
    tie = [0, 1, 2, 0, 1, 3, 0]
    rows = spells(np.array([[*tie, week] for week in (5, 0, 1, 4, 5, 6)]))
    assert rows[["first_week", "last_week"]].tolist() == [(0, 1), (4, 6)]
    assert rows["other_place"].tolist() == [3, 3]
    assert len(spells(np.zeros((0, 8), np.int64))) == 0


def test_the_graph_of_a_week_holds_its_ties(results: Results, roster: Roster) -> None:
    team = roster.rows[0].team
    graph = results.network(week=12, team=team)
    ties = results.table("ties").query("replication == 0 and first_week <= 12 <= last_week")
    assert graph.number_of_edges() == (ties["team"] == team).sum()
    leader = f"{team}/staff 0"
    assert sum(1 for *_, kind in graph.edges(data="kind") if kind == "leader") == graph.in_degree(
        leader
    ) - sum(1 for *_, kind in graph.in_edges(leader, data="kind") if kind != "leader")
    with pytest.raises(InputError, match="week = 31: must be 0 to 30"):
        results.network(week=31)
    with pytest.raises(InputError, match="draw = 7, replication = 0: no such run"):
        results.network(draw=7)


class TiredStaff(Staff):
    """Counts its own weeks, which no rule knows."""

    burnout = 0.25

    def act(self) -> None:
        super().act()
        self.burnout += 0.01


def test_own_classes_bring_their_own_variables(roster: Roster) -> None:
    question = {"roster": roster, "draws": 0, "replications": 1, "weeks": 3}
    own = {"agent_classes": {"staff": TiredStaff}}
    found = sim.run("usual-care", collect=["staff-week:burnout"], **question, **own)
    staff = found.table("staff-week")
    assert np.allclose(staff["burnout"], 0.25 + 0.01 * staff["week"])
    with pytest.raises(InputError, match="'burnuot': no TiredStaff has one .* 'burnout'"):
        sim.run("usual-care", collect=["staff-week:burnuot"], **question, **own)
    with pytest.raises(InputError, match="variables of own classes need agent_classes"):
        sim.run("usual-care", collect=["staff-week:burnout"], **question)


def test_what_is_asked_for_is_read_from_names() -> None:
    names, variables = asked_for(["staff-week:values, sick", "staff_weeks:sick,place", "events"])
    assert names == ("staff_weeks", "events")
    assert variables == {"staff_weeks": ("values", "sick")}
    with pytest.raises(InputError, match="only staff-week and user-week take variables"):
        asked_for(["ties:values"])
    with pytest.raises(InputError, match="did you mean 'staff-week'"):
        asked_for(["staffweek:values"])


def test_a_table_too_large_for_memory_goes_to_its_file_in_parts(
    roster: Roster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_run, "LARGEST_TABLE", 1000)
    question = {"roster": roster, "draws": 2, "weeks": 20, "collect": ["staff-week:values"]}
    with pytest.raises(InputError, match=r"staff_weeks would have [\d,]+ rows, more than 1,000"):
        sim.run("usual-care", **question)
    left = sim.run("usual-care", **question, folder=tmp_path / "chunks", on_disk=True)
    assert "staff_weeks" in left.stored
    left.save(tmp_path / "saved", "parquet")
    monkeypatch.undo()
    whole = sim.run("usual-care", **question)
    assert sim.load(tmp_path / "saved").table("staff_weeks").equals(whole.table("staff_weeks"))
