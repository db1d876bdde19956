"""What delivery takes, by hand: trainers, weeks of a programme, newcomers, stepped support."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.inputs.roster import roster_from_text
from sim.planning.resources import (
    EXPECTED_TURNOVER,
    by_year,
    everybody,
    first_session_week,
    plan_of,
    planned_induction,
    programme_trainer_days,
    resources_used,
    started_at,
    trainers_at_once,
    year_edges,
    yearly_use,
)
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario

REFOCUS = load_scenario("refocus-as-delivered")
ROSTER = roster_from_text("team,staff,turnover_multiplier\nA,10,1\nB,20,2\n")


def untold(scenario: Scenario = REFOCUS, **changes: Any) -> Scenario:
    """Return a scenario that does not say how many trainers hold a session."""
    training = scenario.training
    courses = {
        name: getattr(training, name).model_copy(update={"trainers": None} | changes.get(name, {}))
        for name in ("personal_recovery", "coaching")
    }
    return scenario.model_copy(update={"training": training.model_copy(update=courses)})


BOOSTED = adjusted(untold(), {"support.boosters.sessions": [{"week": 40, "days": 0.5}]})


def test_where_nothing_is_said_two_train_recovery_and_one_coaches_and_refreshes() -> None:
    """Three half-days of two, a day and two half-days of one, and half a day of boosters."""
    assert programme_trainer_days(untold(), 52).sum() == 3 * 0.5 * 2 + 2.0
    assert programme_trainer_days(BOOSTED, 52).sum() == 5.5
    assert programme_trainer_days(BOOSTED, 52)[39] == 0.5
    assert trainers_at_once(BOOSTED) == 2
    coached = untold(BOOSTED, personal_recovery={"sessions": ()})
    assert trainers_at_once(coached) == 1
    boosters = untold(coached, personal_recovery={"sessions": ()}, coaching={"sessions": ()})
    assert trainers_at_once(boosters) == 1
    assert trainers_at_once(load_scenario("usual-care")) == 0


def test_sessions_in_the_last_funded_week_are_held_and_after_it_not() -> None:
    for end, days in ((40, 0.5), (39, 0.0)):
        short = adjusted(BOOSTED, {"conditions.funding_end_week": end})
        assert programme_trainer_days(short, 52)[39] == days
    for weeks, held in ((18, 5.0), (17, 4.0)):
        assert programme_trainer_days(untold(), weeks).sum() == held
    later = adjusted(untold(), {"readiness.preparation_weeks": 4})
    assert np.flatnonzero(programme_trainer_days(later, 52)).tolist() == [
        4 + week for week in np.flatnonzero(programme_trainer_days(untold(), 52))
    ]
    assert (first_session_week(untold(), 52), first_session_week(later, 52)) == (1, 5)
    assert first_session_week(load_scenario("usual-care"), 52) == -1
    at_once = untold(personal_recovery={"sessions": untold().training.coaching.sessions})
    assert first_session_week(at_once, 52) == 3


def test_a_programme_lasts_from_its_start_to_the_end_of_its_funds() -> None:
    """Team A starts in week 2, B never: 52 funded weeks, the first session in the second."""
    plan = plan_of(REFOCUS, ROSTER, np.array([2, -1]), 60)
    assert np.flatnonzero(plan.funded[0]).tolist() == list(range(2, 54))
    assert np.flatnonzero(plan.opening[0]).tolist() == [2]
    assert np.flatnonzero(plan.first_session[0]).tolist() == [3]
    for never in (plan.funded, plan.opening, plan.first_session):
        assert not never[1].any()
    assert plan.trainer_days[1].sum() == 0.0
    assert plan.weeks == 60
    moved = started_at(plan, np.array([[2, -1], [0, 5]]))
    assert moved.funded.shape == (2, 2, 60)
    assert np.flatnonzero(moved.opening[1, 1]).tolist() == [5]
    unfunded = adjusted(REFOCUS, {"conditions.funding_end_week": 0})
    assert not plan_of(unfunded, ROSTER, np.zeros(2, int), 60).opening.any()
    one = adjusted(REFOCUS, {"conditions.funding_end_week": 1})
    assert plan_of(one, ROSTER, np.zeros(2, int), 60).opening.sum() == 2


def test_in_a_plan_all_attend_and_newcomers_come_at_the_usual_rate() -> None:
    """.136 a year and post: ten posts get .026 a week, twenty with twice the turnover .105."""
    assert EXPECTED_TURNOVER == 0.136
    plan = plan_of(REFOCUS, ROSTER, np.array([0, 0]), 52)
    found = everybody(plan)
    np.testing.assert_allclose(found.newcomers.sum(axis=1), [1.36, 5.44])
    assert found.staff[:, 5].tolist() == [10.0, 20.0]
    assert found.attended[0].sum() == 10.0 * (plan.actions["session_days"][0] > 0).sum()
    assert found.trained[0, :3].tolist() == [0.0, 10.0, 10.0]
    assert np.isnan(found.uptake[0, 0])
    assert found.uptake[0, 1] == 0.0
    assert found.takes_part.tolist() == [1.0, 1.0]


def test_induction_is_of_half_the_courses_for_who_comes() -> None:
    """REFOCUS is 3.5 days; half of it for 1.36 newcomers a year, four to a trainer."""
    inducted = adjusted(REFOCUS, {"training.induction": 0.5})
    plan = plan_of(inducted, ROSTER, np.array([0, -1]), 52)
    days = planned_induction(plan, 4.0)
    given = plan.actions["induction"][0] > 0.0
    assert days[0].sum() == pytest.approx(1.36 / 52 * given.sum() * 1.75 / 4.0)
    assert not days[1].any()
    little = adjusted(REFOCUS, {"training.induction": 0.005})
    assert planned_induction(plan_of(little, ROSTER, np.array([0, -1]), 52), 4.0)[0].sum() > 0.0
    none = plan_of(REFOCUS, ROSTER, np.array([0, -1]), 52)
    assert planned_induction(none, 4.0).tolist() == np.zeros((2, 52)).tolist()


def test_use_is_counted_in_people_days_and_weeks() -> None:
    """Of ten, six attend each session; four of ten are prepared for; a quarter of days assured."""
    scenario = adjusted(
        REFOCUS,
        {
            "conditions.attendance_assured": 0.25,
            "conditions.protected_time": 0.2,
            "resources.extra_posts_per_team": 0.5,
        },
    )
    plan = plan_of(scenario, ROSTER, np.array([0, -1]), 60)
    full = everybody(plan)
    used = resources_used(plan, replace(full, attended=0.6 * full.attended))
    totals = {name: float(amount.sum()) for name, amount in used.items()}
    assert totals["session_days"] == 3.5
    assert totals["staff_days"] == pytest.approx(0.6 * 10 * 3.5)
    assert totals["assured_days"] == pytest.approx(0.25 * totals["staff_days"])
    assert (totals["people_prepared"], totals["teams_started"]) == (10.0, 1.0)
    assert (totals["managed_weeks"], totals["extra_post_weeks"]) == (52.0, 26.0)
    # A fifth of the time of ten people in each funded week.
    assert totals["protected_time"] == pytest.approx(0.2 * 10 * 52)
    assert "induction_days" not in used
    absent = resources_used(plan, replace(full, takes_part=np.array([0.0, 1.0])))
    assert all(not amount.any() for amount in absent.values())


@pytest.mark.parametrize(("uptake", "more"), [(0.49, True), (0.5, False), (np.nan, False)])
def test_stepped_support_goes_to_teams_below_its_threshold(uptake: float, more: bool) -> None:
    scenario = adjusted(
        REFOCUS, {"support.stepped.intensity": 0.4, "support.stepped.threshold": 0.5}
    )
    plan = plan_of(scenario, ROSTER, np.array([0, 0]), 52)
    full = everybody(plan)
    used = resources_used(plan, replace(full, uptake=np.full_like(full.uptake, uptake)))
    plain = resources_used(plan, replace(full, uptake=np.ones_like(full.uptake)))
    assert any(used[name].sum() > plain.get(name, np.zeros(1)).sum() for name in used) is more


def test_a_year_is_fifty_two_weeks() -> None:
    assert [year_edges(weeks).tolist() for weeks in (52, 53, 104)] == [[0], [0, 52], [0, 52]]
    assert by_year(np.ones((2, 60))).tolist() == [[52.0, 8.0]] * 2
    assert yearly_use({"a": np.ones((3, 60))})["a"].tolist() == [156.0, 24.0]
