"""Every scenario of the library runs, and does more or less where its description says so."""

from __future__ import annotations

import numpy as np
import pytest

from sim.inputs.roster import Roster, described_roster
from sim.parameters import ParameterSet, resolve
from sim.population import lay_out
from sim.runs.request import build_request
from sim.runs.results import Results
from sim.runs.simulate import simulate
from sim.scenarios.expand import expand, programme_calendar
from sim.scenarios.library import load_scenario, scenario_from_text, scenario_names
from tests.worlds import CompiledWorld, State

NAMES = scenario_names()
BASE = "refocus-as-delivered"
ROSTER = described_roster(
    trusts=2, teams_per_trust=3, staff_mean=8.0, staff_sd=1.0, sampled=5, intervention_share=0.67
)
TWIN = scenario_from_text('extends = "usual-care"\n', "usual-care-twin")

# What adds to what, element by element.
ADDED = {
    **dict.fromkeys(
        (
            "telephone-coaching",
            "continuing-coaching",
            "newcomer-induction",
            "stepped-support",
            "refocus-boosters",
            "refocus-full",
            "leadership-support",
            "priorities-reduced",
            "protected-time",
            "engagement-high",
            "delivery-high",
            "modelling-high",
            "social-inclusion",
            "family-involvement",
            "peer-delivery",
            "staff-wellbeing",
            "lived-experience-staff",
            "organisational-commitment",
        ),
        BASE,
    ),
    BASE: "usual-care",
    "boosters-12-months": "refocus-2-years",
    "boosters-6-months": "boosters-12-months",
    "boosters-3-months": "boosters-6-months",
    "partnership-only": "usual-care",
    "expectations-only": "usual-care",
    "reflection-only": "usual-care",
    "coaching-only": "usual-care",
    "personal-recovery-only": "usual-care",
    **{
        one: f"{one.rpartition('-')[0]}-low"
        for one in ("engagement-high", "delivery-high", "modelling-high")
    },
}
# Component, the scenario without it and with it alone, and the state that shows its delivery.
DELIVERY = (
    ("without-personal-recovery", "personal-recovery-only", "staff", "knowledge"),
    ("without-coaching-training", "coaching-only", "staff", "skill_coaching"),
    ("without-coaching-practice", "coaching-only", "staff", "skill_coaching"),
    ("without-values", "values-only", "staff", "skill_values"),
    ("without-strengths", "strengths-only", "staff", "skill_strengths"),
    ("without-goals", "goals-only", "staff", "skill_goals"),
    ("without-partnership", "partnership-only", "team", "partnership"),
    ("without-expectations", "expectations-only", "service_user", "expectations"),
)


@pytest.fixture(scope="module")
def results() -> Results:
    """Return all scenarios and usual care under another name, two replications, in one request."""
    scenarios = [*(load_scenario(name) for name in NAMES), TWIN]
    collect = ("summaries", "trajectories", "team_weeks")
    return simulate(build_request(scenarios, ROSTER, replications=2, seed=3, collect=collect))


def weeks_of(results: Results, name: str, column: str) -> np.ndarray:
    """Return a column of the team-week table for one scenario: replication, team, week in turn."""
    table = results.table("team_weeks")
    mine = table[table["scenario"] == name]
    return np.asarray(mine.sort_values(["replication", "team", "week"])[column], float)


def test_every_scenario_runs_and_its_results_are_finite(results: Results) -> None:
    for table in ("team_weeks", "trajectories"):
        frame = results.table(table)
        assert set(frame["scenario"]) == {*NAMES, TWIN.name}
        numbers = frame.select_dtypes("number")
        assert np.isfinite(numbers.to_numpy()).all(), numbers.columns[numbers.isna().any()]
    summaries = results.table("summaries")
    answered = summaries[summaries["n"] > 0]
    assert np.isfinite(answered["mean"].to_numpy(float)).all()
    for name in NAMES:
        mine = answered[answered["scenario"] == name]
        assert set(mine["week"]) == set(load_scenario(name).assessment.weeks), name
        assert "qpr15" in set(mine["measure"]), name


def test_usual_care_equals_itself(results: Results) -> None:
    table = results.table("team_weeks")
    columns = [one for one in table.columns if one != "scenario"]
    own = table[table["scenario"] == "usual-care"][columns].reset_index(drop=True)
    twin = table[table["scenario"] == TWIN.name][columns].reset_index(drop=True)
    assert len(own) == 2 * len(ROSTER) * 261
    assert own.equals(twin)
    # The longer horizon only looks for longer.
    longer = table[table["scenario"] == "usual-care-5-years"][columns].reset_index(drop=True)
    assert own.equals(longer)


def test_a_longer_horizon_changes_nothing_before_its_end(results: Results) -> None:
    for name in ("refocus-2-years", "refocus-3-years", "refocus-5-years"):
        for column in ("fidelity", "recovery"):
            same = weeks_of(results, name, column) == weeks_of(results, BASE, column)
            assert same.all(), (name, column)


@pytest.mark.parametrize(("more", "less"), ADDED.items())
def test_more_support_never_delivers_less_of_anything(more: str, less: str) -> None:
    roster = Roster(tuple(row for row in ROSTER.rows if row.arm == "intervention"))
    above = expand(load_scenario(more), roster, 104).actions[-1]
    below = expand(load_scenario(less), roster, 104).actions[-1]
    lower = [name for name in above.dtype.names or () if (above[name] < below[name]).any()]
    higher = [name for name in above.dtype.names or () if (above[name] > below[name]).any()]
    assert lower == []
    assert higher != []


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("telephone-coaching", BASE),
        ("continuing-coaching", BASE),
        ("refocus-boosters", "telephone-coaching"),
        ("boosters-12-months", "refocus-2-years"),
        ("boosters-6-months", "boosters-12-months"),
        ("boosters-3-months", "boosters-6-months"),
    ],
)
def test_what_is_added_is_felt_by_staff_and_by_nobody_less(
    results: Results, name: str, base: str
) -> None:
    """With all chance shared, no team's reinforcement is lower in any week."""
    gain = weeks_of(results, name, "reinforcement") - weeks_of(results, base, "reinforcement")
    assert gain.min() >= -1e-12
    assert gain.max() > 0.0


def test_boosters_are_sessions_offered_on_top(results: Results) -> None:
    offered = [
        weeks_of(results, name, "sessions_offered").sum()
        for name in ("refocus-2-years", "boosters-12-months", "boosters-6-months")
    ]
    assert offered == sorted(set(offered))


def state_after(name: str, p: ParameterSet | None = None, weeks: int = 40) -> State:
    layout = lay_out(ROSTER, expand(load_scenario(name), ROSTER, weeks))
    return CompiledWorld(layout, p, seed=5).run(weeks).copy()


@pytest.fixture(scope="module")
def states() -> dict[str, State]:
    names = {BASE, "usual-care"} | {name for one in DELIVERY for name in one[:2]}
    return {name: state_after(name) for name in sorted(names)}


@pytest.mark.parametrize(("without", "alone", "kind", "variable"), DELIVERY)
def test_a_component_left_out_is_delivered_less_and_alone_more_than_nothing(
    states: dict[str, State], without: str, alone: str, kind: str, variable: str
) -> None:
    level = {name: float(states[name][kind][variable].mean()) for name in states}
    assert level[without] < level[BASE]
    assert level[alone] > level["usual-care"]


@pytest.mark.parametrize("practice", ["coaching-practice", "values", "strengths", "goals"])
def test_a_practice_that_is_not_taught_gains_no_skill(practice: str) -> None:
    """Where skill comes neither by doing nor with people from other teams, training is all."""
    p = resolve({"learning_by_doing": 0.0, "mover_share": 0.0})
    name = practice.partition("-")[0]
    for scenario, gained in ((f"without-{practice}", False), (BASE, True)):
        staff = state_after(scenario, p)["staff"]
        rise = staff[f"skill_{name}"] - staff[f"skill_usual_{name}"]
        assert bool((rise > 1e-9).any()) is gained


def test_left_out_and_alone_are_what_their_names_say() -> None:
    """Nothing but the component differs from the whole, and nothing but it is done alone."""
    whole = programme_calendar(load_scenario(BASE), 52)
    nothing = {"turnover_multiplier", "session_days", "engagement", "delivery", "modelling"}
    for part, field in (("partnership",) * 2, ("expectations",) * 2, ("reflection",) * 2):
        left = programme_calendar(load_scenario(f"without-{part}"), 52)
        differs = [one for one in whole.dtype.names or () if (whole[one] != left[one]).any()]
        assert differs == [field]
        alone = programme_calendar(load_scenario(f"{part}-only"), 52)
        practices = {one for one in alone.dtype.names or () if one.startswith("practice_")}
        done = {one for one in alone.dtype.names or () if alone[one].any()}
        assert done - nothing - practices == {field}
        assert (alone[field] == whole[field]).all()


def test_the_train_the_trainer_course_takes_fewer_trainer_days() -> None:
    def trainer_days(name: str) -> float:
        training = load_scenario(name).training
        courses = (training.personal_recovery, training.coaching)
        return sum(one.days * (one.trainers or 0) for one in courses)

    assert trainer_days(BASE) == 5.0
    assert trainer_days("train-the-trainer") == 3.5


def test_what_the_programme_did_not_address_is_marked_as_assumption() -> None:
    beyond = [one for one in map(load_scenario, NAMES) if one.group == "beyond the programme"]
    assert len(beyond) == 6
    for one in beyond:
        assert one.grade == "assumption"
        assert any("No trial of it" in text for text in one.assumptions)
        assert "not addressed" in one.source
