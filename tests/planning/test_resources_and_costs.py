"""What delivery takes and costs: known answers, identities of accounting, and monotonicity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.inputs.roster import Roster, described_roster
from sim.planning.costs import (
    COST_LINES,
    cost_lines,
    kind_of,
    total,
)
from sim.planning.prices import shipped_prices
from sim.planning.resources import (
    RESOURCES,
    Happened,
    by_year,
    everybody,
    plan_of,
    programme_trainer_days,
    resources_used,
    trainers_at_once,
    yearly_use,
)
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario

ROSTER = described_roster(trusts=1, teams_per_trust=3, staff_sd=3.0, intervention_share=1.0)
REFOCUS = load_scenario("refocus-as-delivered")
PRICES = shipped_prices().values()


def planned(scenario: Scenario, weeks: int = 52, roster: Roster = ROSTER) -> dict[str, np.ndarray]:
    plan = plan_of(scenario, roster, np.zeros(len(roster), int), weeks)
    return resources_used(plan, everybody(plan))


def test_a_team_takes_five_trainer_days_and_each_member_of_staff_three_and_a_half() -> None:
    use = planned(REFOCUS)
    posts = np.array([row.staff for row in ROSTER.rows])
    assert use["trainer_days"].sum(axis=1) == pytest.approx(5.0)
    assert use["staff_days"].sum(axis=1) == pytest.approx(3.5 * posts)
    assert use["session_days"].sum(axis=1) == pytest.approx(3.5)
    assert trainers_at_once(REFOCUS) == 2


def test_trainer_days_fall_in_the_weeks_of_the_sessions() -> None:
    days = programme_trainer_days(REFOCUS, 52)
    held = {2: 1.0, 5: 1.0, 18: 1.0, 4: 1.0, 8: 0.5, 12: 0.5}
    assert {int(week) + 1: days[week] for week in np.flatnonzero(days)} == held


def test_money_of_trainers_by_hand() -> None:
    lines = cost_lines(yearly_use(planned(REFOCUS)), PRICES, REFOCUS)
    by_hand = 3 * 5 * PRICES["trainer_day"] * (1 + PRICES["trainer_preparation"])
    assert lines["trainers"] == pytest.approx([by_hand])


def test_staff_time_is_paid_for_once() -> None:
    """Backfill and unpaid staff time together are every hour in training, at one price."""
    same = {**PRICES, "backfill_hour": 37.0, "staff_hour": 37.0}
    for assured in (0.0, 0.4, 1.0):
        scenario = adjusted(REFOCUS, {"conditions.attendance_assured": assured})
        lines = cost_lines(planned(scenario), same, scenario)
        hours = planned(scenario)["staff_days"] * 7.5
        both = lines["backfill of training"] + lines.get("staff time in training", 0.0)
        np.testing.assert_allclose(both, 37.0 * hours)


def test_lines_add_up_over_teams_years_and_kinds() -> None:
    scenario = load_scenario("refocus-full")
    use = planned(scenario, weeks=130)
    by_team = cost_lines(use, PRICES, scenario)
    by_years = cost_lines(yearly_use(use), PRICES, scenario)
    np.testing.assert_allclose(total(by_team).sum(), total(by_years).sum())
    for line, money in by_years.items():
        np.testing.assert_allclose(by_year(by_team[line].sum(axis=0)), money)
    np.testing.assert_allclose(
        total(by_years, "direct") + total(by_years, "indirect"), total(by_years)
    )
    assert {kind_of(line) for line in by_years} == {"direct", "indirect"}


def test_every_resource_reaches_an_account_and_every_price_exists() -> None:
    """A resource that nobody pays for, or a price that is spelt wrongly, would stay unseen."""
    scenario = REFOCUS
    free = {"session_days": 0.0}
    for name in RESOURCES:
        lines = cost_lines({name: np.ones(1)}, PRICES, scenario)
        assert total(lines).sum() > free.get(name, 0.0), name
    named = {price for line in COST_LINES for price in line.prices}
    assert named == set(PRICES)


def test_each_price_moves_the_lines_that_name_it_and_no_other() -> None:
    use = {name: np.full(1, 2.0 if name == "staff_days" else 1.0) for name in RESOURCES}
    base = cost_lines(use, PRICES, REFOCUS)
    for name in PRICES:
        moved = cost_lines(use, {**PRICES, name: PRICES[name] * 1.1}, REFOCUS)
        changed = {line for line in base if not np.allclose(moved[line], base[line])}
        assert changed == {line.name for line in COST_LINES if name in line.prices}, name


MORE = st.fixed_dictionaries(
    {
        "support.telephone.intensity": st.floats(0.1, 1.0),
        "support.supervision.intensity": st.floats(0.0, 1.0),
        "support.stepped.intensity": st.floats(0.0, 1.0),
        "components.leadership.intensity": st.floats(0.0, 1.0),
        "components.organisation.intensity": st.floats(0.0, 1.0),
        "beyond.peer_delivery.intensity": st.floats(0.0, 1.0),
        "beyond.staff_wellbeing.intensity": st.floats(0.0, 1.0),
        "training.induction": st.floats(0.0, 1.0),
        "conditions.protected_time": st.floats(0.0, 1.0),
        "conditions.priorities_relief": st.floats(0.0, 1.0),
        "conditions.attendance_assured": st.floats(0.0, 1.0),
    }
)


@given(more=MORE, boosters=st.integers(0, 4), draw=st.integers(0, 49))
def test_a_superset_of_support_never_costs_less(
    more: dict[str, float], boosters: int, draw: int
) -> None:
    prices = {name: float(one[draw]) for name, one in shipped_prices().draws(50, 3).items()}
    # Cover dearer than the time it replaces would be needed for assured attendance to cost more.
    prices["backfill_hour"] = max(prices["backfill_hour"], prices["staff_hour"])
    sessions = [{"week": 20 + 6 * number, "days": 0.5} for number in range(boosters)]
    larger = adjusted(REFOCUS, {**more, "support.boosters.sessions": sessions})
    small, large = (
        total(cost_lines(yearly_use(planned(one)), prices, one)) for one in (REFOCUS, larger)
    )
    assert (large >= small - 1e-6).all()


def test_who_does_not_attend_costs_no_staff_time_but_the_trainer_is_paid() -> None:
    plan = plan_of(REFOCUS, ROSTER, np.zeros(3, int), 52)
    full = everybody(plan)
    nobody = Happened(**{**vars(full), "attended": full.attended * 0.0})
    use = resources_used(plan, nobody)
    assert "staff_days" not in use
    assert use["trainer_days"].sum() == 15.0


def test_a_team_that_does_not_take_part_uses_nothing() -> None:
    plan = plan_of(REFOCUS, ROSTER, np.zeros(3, int), 52)
    full = everybody(plan)
    use = resources_used(plan, Happened(**{**vars(full), "takes_part": np.array([1.0, 0.0, 1.0])}))
    assert all(amount[1].sum() == 0.0 for amount in use.values())
    assert use["trainer_days"].sum() == 10.0


def test_a_later_start_moves_use_and_changes_nothing_else() -> None:
    early = plan_of(REFOCUS, ROSTER, np.array([0, 0, -1]), 120)
    late = plan_of(REFOCUS, ROSTER, np.array([30, 0, -1]), 120)
    one, other = resources_used(early, everybody(early)), resources_used(late, everybody(late))
    for name in one:
        np.testing.assert_allclose(one[name][0, :90], other[name][0, 30:])
        assert other[name][2].sum() == 0.0


def test_usual_care_takes_and_costs_nothing() -> None:
    scenario = load_scenario("usual-care")
    plan = plan_of(scenario, ROSTER, np.full(3, -1), 52)
    use = resources_used(plan, everybody(plan))
    assert use == {}
    assert total(cost_lines(use, PRICES, scenario)) == 0.0
