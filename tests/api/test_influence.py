"""Claims about who moved whom: exact differences, worked by hand, and nothing else moved."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest

import sim
from sim.engines.counterfactuals import (
    CHAMPION,
    COLLEAGUE,
    KINDS,
    LEADER,
    LEAVER,
    PERSON,
    SESSION,
    TALK,
    TIE,
    Life,
    Person,
    Switch,
    TeamWorld,
)
from sim.engines.mesa_model import RecoveryModel
from sim.engines.one_world import OneWorld
from sim.engines.people import WITHIN
from sim.engines.posts import read_posts
from sim.errors import InputError
from sim.inputs.roster import described_roster
from sim.parameters import resolve, to_record
from tests.worlds import ToyTeam, calendar, lay_out_teams, programme_calendar

WEEKS = 30
SEED = 3
STEADY = resolve({})
TEAMS = (
    ToyTeam(
        "one", staff=3, coordinators=2, users=4, sampled=4, reflects=0, turnover_multiplier=0.0
    ),
    ToyTeam("two", staff=6),
)
CHANGING = (TEAMS[0]._replace(staff=7, turnover_multiplier=1.5), TEAMS[1])


def world(
    programme: Any = None, p: Any = STEADY, teams: Any = TEAMS, seed: int = SEED
) -> TeamWorld:
    actions = np.stack([calendar(WEEKS), programme_calendar(WEEKS)])
    layout = lay_out_teams(teams, actions if programme is None else programme)
    return TeamWorld(layout, "one", to_record(p)[0], seed, 0, WEEKS)


def same(one: Life, other: Life, weeks: slice = slice(None)) -> bool:
    return all(
        np.array_equal(getattr(one, name)[weeks], getattr(other, name)[weeks], equal_nan=True)
        for name in ("present", "generation", "values", "practice", "support", "recovery")
    )


def test_a_champion_in_a_team_of_three_is_what_one_works_out_by_hand() -> None:
    """Usual care: nobody learns, so that all values move from is the champion.

    Each week everybody moves towards the mean shift of those whom they ask and towards the
    leader's, and forgets a share; the champion is put back to 1.
    """
    usual_care = np.stack([calendar(WEEKS)] * 2)
    team = world(usual_care)
    begun = OneWorld(team.part, team.p, SEED, 0).run_to(0)
    staff = read_posts(begun.posts, team.part)[:3]
    assert (staff["present"] == 1).all()
    ties = [[int(staff[name][i]) for name in WITHIN if staff[name][i] >= 0] for i in range(3)]
    assert (staff["cross_team"] == -1).all()
    support = float(begun.teams["leader_support"][team.team_place])
    usual = [float(one) for one in staff["values_usual"]]
    p = STEADY
    forgotten = p.implementation_gap * log(2.0) / p.values_half_life
    shift = [0.0, 1.0 - usual[1], 0.0]
    wanted = [shift]
    for _ in range(WEEKS):
        heard = []
        for i in range(3):
            now = shift[i]
            asked = [shift[j] for j in ties[i]]
            moved = now + p.influence_peers * (sum(asked) / len(asked) - now) if asked else now
            if i != 0:
                moved += p.influence_leader * support * (shift[0] - now)
            heard.append(moved * (1.0 - forgotten))
        shift = [heard[0], 1.0 - usual[1], heard[2]]
        wanted.append(shift)
    life = team.with_switch(Switch(CHAMPION, Person(1, 0)), team.as_it_was())
    others = [0, 2]
    assert np.allclose(life.values[1:, others], np.array(wanted)[1:, others], atol=1e-12)
    assert np.abs(life.values[-1, others]).max() > 0.01, "somebody heard"
    assert np.array_equal(team.as_it_was().values, np.zeros((WEEKS + 1, 3)))


def test_in_usual_care_nobody_has_anything_to_tell() -> None:
    team = world(np.stack([calendar(WEEKS)] * 2), teams=CHANGING)
    before = team.as_it_was()
    switches = team.switches((TIE, COLLEAGUE, LEADER, SESSION, TALK), before)
    assert {one.kind for one in switches} == {TIE, COLLEAGUE, LEADER, TALK}
    for switch in switches:
        life = team.with_switch(switch, before)
        assert np.array_equal(life.recovery, before.recovery)
        assert np.allclose(np.nan_to_num(life.values), np.nan_to_num(before.values), atol=1e-15)


def on_mesa(team: TeamWorld, cut: Any) -> np.ndarray:
    """Return the team's shifts in values by the readable model, changed before its first week."""
    model = RecoveryModel(team.layout, STEADY, team.seed, team.replication)
    cut(model.teams[0].members)
    rows = []
    for week in range(WEEKS + 1):
        if week > 0:
            model.step()
        rows.append([one.values - one.values_usual for one in model.teams[0].members])
    model.release()
    return np.array(rows)


def test_a_tie_and_a_leader_switched_off_are_those_of_the_readable_model() -> None:
    team = world()
    before = team.as_it_was()
    assert np.array_equal(on_mesa(team, lambda members: None), before.values)
    tie = team.switches((TIE,), before)[0]
    assert tie.source is not None
    assert tie.target is not None

    def not_asked(members: Any) -> None:
        person = members[tie.target.place]  # type: ignore[union-attr]
        for name in WITHIN:
            if getattr(person, name) == tie.source.place:  # type: ignore[union-attr]
                setattr(person, name, -1)

    def not_led(members: Any) -> None:
        for one in members:
            one.leader = 1

    for switch, cut in ((tie, not_asked), (Switch(LEADER, Person(0, 0)), not_led)):
        life = team.with_switch(switch, before)
        assert np.array_equal(on_mesa(team, cut), life.values)
        assert not same(life, before)


def test_everything_switched_is_asked_once_and_moves_nothing_before_its_time() -> None:
    team = world(p=resolve({"turnover_yearly": 0.5, "vacancy_weeks": 4.0}), teams=CHANGING)
    before = team.as_it_was()
    switches = team.switches(tuple(KINDS), before)
    assert len(set(switches)) == len(switches)
    assert {one.kind for one in switches} == set(KINDS)
    for switch in switches:
        life = team.with_switch(switch, before)
        if switch.kind in (SESSION, LEAVER):
            assert same(life, before, slice(0, switch.week)), switch
            assert not same(life, before), switch
        if switch.kind == LEAVER:
            assert switch.source is not None
            assert life.holds(switch.source)[switch.week :].all()
            assert not before.holds(switch.source)[switch.week :].any()
        elif switch.kind == PERSON:
            assert switch.source is not None
            assert not life.holds(switch.source)[1:].any()
        else:
            assert np.array_equal(life.present, before.present), "talk moves nobody out of a post"


def test_other_teams_of_the_service_do_not_count() -> None:
    """A team needs its own trust alone; what it tells is the same with the other trusts there."""
    whole = world()
    more = lay_out_teams(
        (*TEAMS, ToyTeam("far", trust="south")),
        np.stack([calendar(WEEKS), programme_calendar(WEEKS)]),
    )
    wider = replace(whole, layout=more)
    switch = Switch(COLLEAGUE, Person(1, 0))
    assert same(
        whole.with_switch(switch, whole.as_it_was()), wider.with_switch(switch, wider.as_it_was())
    )


def test_the_answer_tells_and_refuses() -> None:
    roster = described_roster(trusts=1, teams_per_trust=1, intervention_share=1.0)
    answer = sim.influence("refocus-full", roster=roster, weeks=26, replications=2)
    assert set(answer.table("effects")["world"]) == {0, 1}
    effects = answer.table("effects").query("world == 0")
    assert set(effects["measure"]) == {"values", "practice", "support", "recovery"}
    text = str(answer)
    assert "Most was moved by" in text
    assert "Over 2 worlds" in text
    first = effects[(effects["kind"] == COLLEAGUE) & (effects["measure"] == "values")]
    most = first.sort_values("last").iloc[-1]
    assert f"Most was moved by {most['source']}: {most['last']:+.4f}" in text
    moved = answer.table("moved")
    assert not (moved["source"] == moved["target"]).any()
    assert answer.plot().axes
    mean = answer.table("mean").set_index(["kind", "measure", "which"])
    assert mean.loc[(SESSION, "values", "each"), "worlds"] == 2
    for wrong, told in (
        ({"of": ["colleage"]}, "did you mean 'colleague'"),
        ({"team": "nowhere"}, "unknown team 'nowhere'"),
        ({"of": []}, "name at least one"),
    ):
        with pytest.raises(InputError, match=told):
            sim.influence("refocus-full", roster=roster, weeks=4, **wrong)  # type: ignore[arg-type]
