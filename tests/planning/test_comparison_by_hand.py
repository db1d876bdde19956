"""Differences, costs and queues of a comparison whose worlds are written in by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.planning.comparison import (
    Question,
    accounts,
    cost_after,
    costed,
    planned_cost,
    prepare,
    queued,
    resource_means,
    with_base,
)
from sim.planning.plan_knowing import TRIAL_SIZE
from sim.planning.setting import Setting, setting_from_text
from sim.planning.trainers import Capacity, Starts
from sim.scenarios.library import adjusted, load_scenario
from tests.planning.comparisons_by_hand import (
    COACHING,
    DRAWS,
    PEOPLE,
    REFOCUS,
    ROSTER,
    RUNS,
    UP_AND_DOWN,
    USUAL,
    comparison,
    question,
    worlds,
)

SCENARIO = load_scenario(REFOCUS)


def test_a_question_that_says_nothing_more_is_of_a_year_and_ten_runs() -> None:
    plain = question()
    found = Question(plain.scenarios, plain.base, plain.roster, plain.chosen)
    assert (found.weeks, found.replications, found.seed) == (52, 10, 1)
    assert (found.rank_by, found.trial_size) == ("recovery", TRIAL_SIZE)
    assert TRIAL_SIZE == (40, 15)


def test_differences_are_from_the_base_run_by_run() -> None:
    found = comparison()
    for name, effect in ((USUAL, 0.0), (REFOCUS, 1.0), (COACHING, 0.5)):
        gains = effect * (1.0 + UP_AND_DOWN)[:, None] * np.ones(RUNS)
        np.testing.assert_allclose(found.difference(name), gains)
        np.testing.assert_allclose(found.difference(name, "qpr15", 1), gains / 2)
        np.testing.assert_allclose(found.difference(name, "fidelity"), 0.06 * gains)
        np.testing.assert_allclose(found.group_difference(name, 0, "inspire_support"), 2.0 * gains)
        np.testing.assert_allclose(
            found.level(name, "qpr15"), 11.0 + gains + [[0.125, -0.125]], atol=1e-12
        )
        np.testing.assert_allclose(
            found.level(name, "reach"), (10.0 + gains + [[0.125, -0.125]]) / 100
        )
        np.testing.assert_allclose(
            found.group_level(name, 2, "reach").mean(axis=1)[12], 0.4 + 0.04 * effect
        )
    assert (found.names, found.others, found.years) == (
        (USUAL, REFOCUS, COACHING),
        (REFOCUS, COACHING),
        2,
    )
    alone = replace(found.prepared, question=question(scenarios=question().scenarios[:1]))
    assert replace(found, prepared=alone).others == (USUAL,)


def test_costs_are_added_up_discounted_and_shared_by_people() -> None:
    money = {
        "trainers": np.full((DRAWS, 2), [1000.0, 2070.0]),
        "staff preparation": np.full((DRAWS, 2), [400.0, 0.0]),
    }
    base = {"trainers": np.full((DRAWS, 2), [200.0, 0.0])}
    found = replace(comparison(), costs=(base, money, {}))
    assert found.cost(REFOCUS)[0].tolist() == [1400.0, 2070.0]
    assert found.cost(REFOCUS, "indirect")[3].tolist() == [400.0, 0.0]
    assert found.cost(REFOCUS, discounted=True)[0].tolist() == pytest.approx([1400.0, 2000.0])
    assert found.cost(COACHING).tolist() == [[0.0, 0.0]] * DRAWS
    np.testing.assert_allclose(found.cost_per_person(REFOCUS), (3400.0 - 200.0) / PEOPLE)
    np.testing.assert_allclose(found.cost_per_person(COACHING), -200.0 / PEOPLE)
    assert [(line, kind) for line, kind, _ in accounts(found, REFOCUS)] == [
        ("trainers", "direct"),
        ("staff preparation", "indirect"),
    ]


def test_service_costs_of_whole_years_are_added_up_discounted() -> None:
    """It gains 6.5 by the first year's end and 13 by the second's; a part of a year is none."""
    found = comparison()
    gains = (1.0 + UP_AND_DOWN)[:, None] * np.ones(RUNS)
    np.testing.assert_allclose(found.service_cost_per_person(REFOCUS), gains * (6.5 + 13.0 / 1.035))
    odd = replace(found.worlds, assessments=np.array([0, 52, 60]))
    np.testing.assert_allclose(
        replace(found, worlds=odd).service_cost_per_person(REFOCUS), gains * 6.5
    )


def test_resources_get_the_prices_of_their_draw() -> None:
    found = comparison()
    days = found.costs[1]["trainers"]
    prices = found.prices
    np.testing.assert_allclose(
        days[:, 0], 8.0 * prices["trainer_day"] * (1.0 + prices["trainer_preparation"])
    )
    assert found.costs[0] == {}
    resources = found.worlds.resources.copy()
    names = [one for one, _, _ in resource_means(found, REFOCUS)]
    assert names == ["trainer_days", "staff_days"]
    from sim.planning.resources import RESOURCES

    resources[1, ..., list(RESOURCES).index("induction_days")] = np.array([12.0, 24.0])
    induced = costed(found.prepared, replace(found.worlds, resources=resources), {})
    name, unit, amount = resource_means(induced, REFOCUS)[-1]
    assert (name, unit) == ("induction_trainer_days", "trainer-days of induction")
    days = (1.0 / prices["induction_group"]).mean() * np.array([12.0, 24.0])
    np.testing.assert_allclose(amount, days)


def starts(*given: int) -> Starts:
    weeks = np.array(given)
    return Starts(np.maximum(weeks, 0), weeks, ("",) * 3)


def test_what_is_left_after_the_time_looked_at_is_planned_for() -> None:
    asked = question()
    cost = planned_cost(SCENARIO, ROSTER, asked.prices.values(), 52)
    assert cost.shape == (3, 52)
    assert cost_after(SCENARIO, asked, starts(0, 52, -1)) == pytest.approx(0.0)
    late = cost_after(SCENARIO, asked, starts(-1, 102, 103))
    assert late == pytest.approx(cost[1, 2:].sum() + cost[2, 1:].sum())
    half = question(weeks=26)
    assert cost_after(SCENARIO, half, starts(0, -1, 0)) == pytest.approx(cost[[0, 2], 26:].sum())
    # Where worlds share the weeks out, the dearest team has the dearest week.
    shared = cost_after(SCENARIO, asked, starts(103, -1, -1), within_worlds=True)
    assert shared == pytest.approx(cost[:, 1:].sum(axis=1).max())
    assert cost_after(SCENARIO, asked, starts(-1, -1, -1)) == 0.0
    assert cost_after(load_scenario(USUAL), asked, starts(0, 0, 0)) == 0.0
    # An end of funds before the programme begins leaves a week to plan for.
    unfunded = adjusted(SCENARIO, {"conditions.funding_end_week": 0})
    assert cost_after(unfunded, asked, starts(0, 0, 0)) == 0.0


def test_a_budget_that_just_pays_for_the_cheapest_team_is_none_too_small() -> None:
    """Only teams that are to start within the time are asked about, and their first year."""
    asked = question()
    cost = planned_cost(SCENARIO, ROSTER, asked.prices.values(), asked.weeks)[:, :52].sum(axis=1)
    assert cost[2] == cost[0] < cost[1]

    def given(budget: float, *wished: int) -> list[int]:
        setting = Setting(capacity=Capacity(budget_per_year=budget))
        found = queued(SCENARIO, question(setting=setting), np.array(wished))
        return found.given.tolist()

    assert given(float(cost[0]), 0, -1, -1) == [0, -1, -1]
    assert given(float(cost[1]), -1, 0, -1) == [-1, 0, -1]
    for wished in ((0, -1, -1), (-1, 0, -1)):
        short = float(cost[wished.index(0)]) - 0.01
        with pytest.raises(InputError, match="too small for one team"):
            given(short, *wished)
    long = adjusted(SCENARIO, {"conditions.funding_end_week": 104})
    two_years = planned_cost(long, ROSTER, asked.prices.values(), 104)[0]
    first_year = Capacity(budget_per_year=float(two_years[:52].sum()))
    found = queued(long, question(setting=Setting(capacity=first_year)), np.array([0, -1, -1]))
    assert two_years[52] > 0.0
    assert found.given.tolist() == [0, -1, -1]
    assert given(1.0, 104, -1, -1)[0] < 0, "after the time looked at nothing is paid"
    assert given(0.0, 0, 0, 0) == [-1, -1, -1]


def test_a_team_in_no_wave_and_one_that_is_not_treated_are_told() -> None:
    text = "start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\nteams = ['B', 'C']"
    found = prepare(question(setting=setting_from_text(text)))
    told = [one for one in found.notes if one.startswith(REFOCUS)]
    assert any(
        "1 of the teams that it treats stand in no wave" in one and "'A'" in one for one in told
    )
    assert any("in waves are none that it treats" in one and "'C'" in one for one in told)
    assert not any(one.startswith(USUAL) for one in found.notes)
    assert found.covered.teams.tolist() == [False, True, False]


def test_an_order_found_within_worlds_shares_weeks_out_unless_waves_name_teams() -> None:
    drawn = adjusted(SCENARIO, {"timing.waves": 2, "timing.order": "random"})
    asked = question(scenarios=(question().scenarios[0], drawn), setting=Setting())
    assert prepare(asked).shared_out == (False, True)
    named = "start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\nteams = ['B']"
    by_name = prepare(replace(asked, setting=setting_from_text(named)))
    assert by_name.shared_out == (False, False)
    assert comparison().prepared.shared_out == (False, False, False)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scenarios": question().scenarios[1:] * 2}, "'coaching-only': named twice"),
        ({"base": "full"}, "base = 'full': is not among"),
    ],
)
def test_a_scenario_stands_once_and_the_base_among_them(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        prepare(question(**changes))


def test_nobody_is_treated_and_everybody_counts() -> None:
    found = prepare(question(scenarios=question().scenarios[:1]))
    assert found.covered.teams.tolist() == [True] * 3
    assert found.covered.people == 450.0
    assert comparison().prepared.covered.people == PEOPLE


def test_a_base_stands_in_front_unless_it_is_among_them() -> None:
    usual, refocus, coaching = question().scenarios
    assert with_base((refocus, coaching), usual) == (usual, refocus, coaching)
    assert with_base((refocus, usual), usual) == (refocus, usual)


def test_a_programme_without_its_relief_is_the_strategy_that_is_just_that() -> None:
    """Only where it starts in the same weeks."""
    both = adjusted(SCENARIO, {"conditions.protected_time": 0.2}).model_copy(
        update={"name": "both"}
    )
    plain: Any = (*question().scenarios[:2], both)
    found = prepare(question(scenarios=plain))
    assert found.programmes()["both"].name == REFOCUS
    late = replace(found.starts[1], given=found.starts[1].given + 1)
    other = replace(found, starts=(found.starts[0], late, found.starts[2]))
    assert other.programmes()["both"].name != REFOCUS
    beside = replace(found, question=question(scenarios=(plain[0], both)))
    assert [*beside.programmes()] == ["both"]
    of_base = replace(found, question=question(scenarios=plain, base="both"))
    assert of_base.programmes() == {}


def test_relief_is_what_is_left_of_the_whole() -> None:
    """The programme that is simulated beside it gains .8 where the whole gains 1."""
    relieved = load_scenario("refocus-full-with-conditions")
    scenarios = (question().scenarios[0], relieved)
    prepared = prepare(question(scenarios=scenarios, setting=Setting()))
    (alone,) = prepared.programmes().values()
    names = (USUAL, relieved.name, alone.name)
    found = costed(prepared, worlds(names=names), {})
    np.testing.assert_allclose(found.programme_difference(relieved.name).mean(), 0.8)
