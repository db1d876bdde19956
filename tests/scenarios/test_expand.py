"""A calendar holds what the scenario says, week by week, and stops when funding does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.inputs.roster import Roster, TeamRow, trial_roster
from sim.population import ACTION_DTYPE
from sim.scenarios.expand import Expansion, expand, programme_calendar
from sim.scenarios.library import adjusted, load_scenario, scenario_from, scenario_names
from sim.scenarios.schema import Scenario

ROSTER = trial_roster(1)
SPELLS = {
    "telephone": "support",
    "reflection": "support",
    "supervision": "support",
    "partnership": "components",
    "expectations": "components",
    "leadership": "components",
    "organisation": "components",
    "social_inclusion": "beyond",
    "family_involvement": "beyond",
    "peer_delivery": "beyond",
    "staff_wellbeing": "beyond",
    "lived_experience_support": "beyond",
}


def teams(count: int, **fields: Any) -> Roster:
    return Roster(tuple(TeamRow(f"t{number}", **fields) for number in range(count)))


def starts(expansion: Expansion) -> list[int]:
    return expansion.team_start.tolist()


def in_words(scenario: Scenario, week: int) -> dict[str, float]:
    """Return what happens in one week of a programme, worked out for that week alone.

    Written from the schema's descriptions, without arrays or slices: `week` counts from 1 at the
    start of the programme, preparation included.
    """
    prepared = scenario.readiness.preparation_weeks
    mine = week - prepared
    funded = mine <= scenario.conditions.funding_end_week
    done = dict.fromkeys(ACTION_DTYPE.names or (), 0.0)
    done["turnover_multiplier"] = 1.0
    for name, table in SPELLS.items():
        spell = getattr(getattr(scenario, table), name)
        due = mine >= spell.first_week and (mine - spell.first_week) % spell.every == 0
        over = spell.last_week is not None and mine > spell.last_week
        if due and not over and (funded or spell.continues):
            done[name] = spell.intensity
    if not funded:
        return done
    if mine <= 0:
        done["readiness_preparation"] = scenario.readiness.preparation_intensity
    for name, course in (
        ("prt_session", scenario.training.personal_recovery),
        ("coaching_session", scenario.training.coaching),
    ):
        total = sum(session.days for session in course.sessions)
        for session in course.sessions:
            if session.week == mine:
                done[name] = session.days / total
                done["session_days"] += session.days
    for session in scenario.support.boosters.sessions:
        if session.week == mine:
            done["booster"] = scenario.support.boosters.share
            done["session_days"] += session.days
    done |= scenario.training.quality.model_dump()
    done["induction"] = scenario.training.induction
    for practice, taught in scenario.components.practices.model_dump().items():
        done[f"practice_{practice}"] = 1.0 if taught else 0.0
    for name in ("turnover_multiplier", "priorities_relief", "protected_time"):
        done[name] = getattr(scenario.conditions, name)
    done["attendance_assured"] = scenario.conditions.attendance_assured
    done["stepped_support"] = scenario.support.stepped.intensity
    if done["stepped_support"] > 0.0:
        done["stepped_threshold"] = scenario.support.stepped.threshold
    return done


share = st.floats(0.0, 1.0)
sessions = st.lists(
    st.fixed_dictionaries({"week": st.integers(1, 30), "days": st.sampled_from([0.5, 1.0, 2.0])}),
    max_size=4,
    unique_by=lambda one: one["week"],
)


@st.composite
def spells(draw: st.DrawFn) -> dict[str, Any]:
    first = draw(st.integers(1, 20))
    spell = {
        "intensity": draw(share),
        "first_week": first,
        "every": draw(st.integers(1, 6)),
        "continues": draw(st.booleans()),
    }
    if draw(st.booleans()):
        spell["last_week"] = draw(st.integers(first, 30))
    return spell


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    table: dict[str, Any] = {
        "title": "a",
        "description": "b",
        "grade": "assumption",
        "source": "c",
        "readiness": {
            "preparation_weeks": draw(st.integers(0, 8)),
            "preparation_intensity": draw(share),
        },
        "training": {
            "personal_recovery": {"sessions": draw(sessions)},
            "coaching": {"sessions": draw(sessions)},
            "quality": {"engagement": draw(share), "modelling": draw(share)},
            "induction": draw(share),
        },
        "support": {
            "boosters": {"sessions": draw(sessions), "share": draw(share)},
            "stepped": {"threshold": draw(share), "intensity": draw(share)},
        },
        "components": {"practices": {"goals": draw(st.booleans())}},
        "beyond": {},
        "conditions": {
            "turnover_multiplier": draw(st.floats(0.1, 5.0)),
            "protected_time": draw(share),
            "funding_end_week": draw(st.integers(0, 40)),
        },
    }
    for name, where in SPELLS.items():
        if draw(st.booleans()):
            table[where][name] = draw(spells())
    return scenario_from(table, "drawn")


@given(scenarios(), st.integers(1, 45))
def test_the_calendar_agrees_with_a_reading_week_by_week(scenario: Scenario, weeks: int) -> None:
    calendar = programme_calendar(scenario, weeks)
    assert calendar.shape == (weeks,)
    for week in range(weeks):
        expected = in_words(scenario, week + 1)
        assert {name: float(calendar[week][name]) for name in calendar.dtype.names} == expected


@given(scenarios(), st.integers(1, 45), st.integers(1, 45))
def test_a_longer_calendar_begins_like_a_shorter_one(scenario: Scenario, a: int, b: int) -> None:
    shorter, longer = sorted((a, b))
    calendar = programme_calendar(scenario, longer)
    assert (programme_calendar(scenario, shorter) == calendar[:shorter]).all()


@pytest.mark.parametrize("name", scenario_names())
def test_every_action_stays_in_its_range(name: str) -> None:
    actions = expand(load_scenario(name), ROSTER, 60).actions
    assert actions.dtype == ACTION_DTYPE
    for field in actions.dtype.names:
        highest = 5.0 if field in ("session_days", "turnover_multiplier") else 1.0
        assert actions[field].min() >= 0.0
        assert actions[field].max() <= highest


@pytest.mark.parametrize("name", scenario_names())
def test_the_first_row_is_usual_care_in_every_scenario(name: str) -> None:
    usual = expand(load_scenario(name), ROSTER, 30).actions[0]
    assert (usual["turnover_multiplier"] == 1.0).all()
    others = [field for field in usual.dtype.names if field != "turnover_multiplier"]
    assert not any(usual[field].any() for field in others)


def test_a_course_taught_in_full_sums_to_one() -> None:
    calendar = programme_calendar(load_scenario("refocus-as-delivered"), 52)
    assert calendar["prt_session"].sum() == pytest.approx(1.0, abs=1e-12)
    assert calendar["coaching_session"].sum() == pytest.approx(1.0, abs=1e-12)
    assert calendar["session_days"].sum() == 3.5
    # Week 1 is column 0; a full day teaches twice what a half-day does.
    assert np.flatnonzero(calendar["prt_session"]).tolist() == [1, 4, 17]
    assert calendar["coaching_session"][[3, 7, 11]].tolist() == [0.5, 0.25, 0.25]


def test_everything_stops_when_funding_ends_but_what_continues() -> None:
    scenario = adjusted(
        load_scenario("refocus-full"),
        {
            "conditions.funding_end_week": 20,
            "support.reflection.continues": True,
            "conditions.turnover_multiplier": 0.5,
        },
    )
    expansion = expand(scenario, ROSTER, 40)
    usual, done = expansion.actions
    after = [name for name in done.dtype.names if (done[name][20:] != usual[name][20:]).any()]
    assert after == ["reflection"]
    assert np.flatnonzero(done["reflection"]).tolist() == list(range(3, 40, 4))
    assert done["attendance_assured"][19] == 1.0


def test_no_funding_is_usual_care() -> None:
    scenario = adjusted(load_scenario("refocus-full"), {"conditions.funding_end_week": 0})
    usual, done = expand(scenario, ROSTER, 52).actions
    assert (usual == done).all()


def test_a_session_after_the_end_of_funding_is_not_held_and_said_so() -> None:
    scenario = adjusted(load_scenario("refocus-as-delivered"), {"conditions.funding_end_week": 10})
    expansion = expand(scenario, ROSTER, 52)
    assert expansion.actions[1]["prt_session"].sum() == pytest.approx(2 / 3)
    assert expansion.actions[1]["coaching_session"].sum() == 0.75
    assert any("personal recovery training: 1 of 3 sessions" in note for note in expansion.notes)
    assert any("coaching training: 1 of 3 sessions" in note for note in expansion.notes)


def test_preparation_moves_the_whole_calendar() -> None:
    base = load_scenario("refocus-as-delivered")
    moved = adjusted(
        base, {"readiness.preparation_weeks": 6, "readiness.preparation_intensity": 0.5}
    )
    before, after = programme_calendar(base, 70), programme_calendar(moved, 76)
    for name in (*SPELLS, "prt_session", "coaching_session", "session_days"):
        assert (after[name][6:] == before[name]).all()
        assert not after[name][:6].any()
    assert after["readiness_preparation"].tolist() == [0.5] * 6 + [0.0] * 70


def test_teams_of_the_intervention_arm_follow_the_programme_and_no_others() -> None:
    expansion = expand(load_scenario("refocus-as-delivered"), ROSTER, 52)
    arms = [row.arm == "intervention" for row in ROSTER.rows]
    assert (expansion.team_programme == np.array(arms)).all()
    assert sum(arms) == 14
    assert starts(expansion) == [0 if arm else -1 for arm in arms]
    assert expansion.selection.mode == 0


def test_usual_care_gives_nobody_a_programme() -> None:
    expansion = expand(load_scenario("usual-care"), ROSTER, 52)
    assert expansion.actions.shape == (1, 52)
    assert not expansion.team_programme.any()
    assert set(starts(expansion)) == {-1}


def test_all_teams() -> None:
    scenario = adjusted(load_scenario("refocus-as-delivered"), {"who.teams": "all"})
    assert expand(scenario, ROSTER).team_programme.all()


def test_a_selection_is_left_to_each_world() -> None:
    scenario = load_scenario("readiness-selected")
    expansion = expand(scenario, ROSTER, 52)
    assert expansion.selection == (2, 0.5, 0.7)
    assert expansion.team_programme.sum() == 14
    by_threshold = adjusted(
        scenario, {"who.selection": "threshold", "who.selection_value": 0.6, "who.among": "all"}
    )
    expansion = expand(by_threshold, ROSTER, 52)
    assert expansion.selection == (1, 0.6, 0.7)
    assert expansion.team_programme.all()


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 20), st.integers(0, 20))
def test_waves_are_even_and_in_order(count: int, waves: int, gap: int, first: int) -> None:
    scenario = adjusted(
        load_scenario("refocus-as-delivered"),
        {"timing.waves": waves, "timing.weeks_between_waves": gap, "timing.start_week": first},
    )
    start = starts(expand(scenario, teams(count), 52))
    assert start == sorted(start)
    sizes = [start.count(first + wave * gap) for wave in range(waves)]
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= 1


def test_a_team_s_own_start_goes_before_the_scenario_s() -> None:
    roster = Roster((TeamRow("a"), TeamRow("b", start_week=7), TeamRow("c", arm="control")))
    scenario = load_scenario("refocus-as-delivered")
    assert starts(expand(scenario, roster, 52)) == [0, 7, -1]
    late = expand(scenario, Roster((TeamRow("a", start_week=60),)), 52)
    assert late.notes == ("the programme starts in no team within the 52 weeks simulated",)


def test_assessments_after_the_simulated_time_are_made_at_its_end_and_said_so() -> None:
    expansion = expand(load_scenario("usual-care"), ROSTER, 26)
    assert expansion.notes == (
        "assessment in week 52 lies after the 26 weeks simulated and is made in week 26",
    )
    assert expansion.assessment_weeks == (0, 26)
    assert expand(load_scenario("usual-care"), ROSTER).assessment_weeks == (0, 52)


def test_parameters_are_handed_on() -> None:
    scenario = adjusted(load_scenario("usual-care"), {"parameters.qpr_retest": 0.8})
    assert expand(scenario, ROSTER).parameters == {"qpr_retest": 0.8}


def test_an_arm_without_teams_is_refused() -> None:
    with pytest.raises(InputError, match="who.teams = 'intervention-arm': the roster has no team"):
        expand(load_scenario("refocus-as-delivered"), teams(3, arm="control"))
    with pytest.raises(InputError, match="who.among"):
        expand(load_scenario("readiness-selected"), teams(3, arm="control"))


@pytest.mark.parametrize("weeks", [0, -1, 65535, 1.5, True, float("nan")])
def test_a_number_of_weeks_that_cannot_be(weeks: Any) -> None:
    with pytest.raises(InputError, match="weeks = .*must be a whole number"):
        expand(load_scenario("usual-care"), ROSTER, weeks)
