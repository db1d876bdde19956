"""Lines of the account by hand, each from one use at prices that are written out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.element import Cost
from sim.errors import InputError
from sim.planning.costs import cost_lines, discount_factors, element_lines, kind_of, total
from sim.planning.prices import shipped_prices
from sim.planning.resources import RESOURCES
from sim.scenarios.library import adjusted, load_scenario

SCENARIO = load_scenario("refocus-as-delivered")
PRICES: dict[str, Any] = {
    **dict.fromkeys(shipped_prices().entries, 0.0),
    "backfill_share": 0.25,
    "trainer_preparation": 0.5,
    "induction_group": 4.0,
}
OWN = adjusted(
    SCENARIO,
    {
        "resources.trainer_preparation_hours": 15.0,
        "resources.preparation_hours": 3.0,
        "resources.materials_per_team": 40.0,
        "resources.set_up_per_team": 70.0,
    },
)


def lines(use: dict[str, float], scenario: Any = SCENARIO, **prices: float) -> dict[str, float]:
    assert set(use) <= set(RESOURCES)
    assert set(prices) <= set(PRICES)
    arrays = {name: np.array([one]) for name, one in use.items()}
    found = cost_lines(arrays, {**PRICES, **prices}, scenario)
    return {name: float(money[0]) for name, money in found.items()}


@pytest.mark.parametrize(
    ("use", "prices", "expected"),
    [
        # Ten days and half of them again for preparation, at 100.
        ({"trainer_days": 10.0}, {"trainer_day": 100.0}, {"trainers": 1500.0}),
        (
            {"trainer_days": 10.0, "session_days": 3.0, "induction_days": 8.0},
            {"trainer_travel": 20.0, "venue_day": 50.0},
            # Two induction days for groups of four, with travel and a room.
            {"travel and venues": 200.0 + 150.0 + 2.0 * 70.0},
        ),
        (
            {"teams_started": 2.0, "people_prepared": 5.0},
            {"materials_team": 30.0, "materials_person": 4.0},
            {"materials": 80.0},
        ),
        ({"teams_started": 2.0}, {"set_up_team": 30.0}, {"setting up": 60.0}),
        # A quarter of ten days is covered, and the other three quarters of four that are assured.
        (
            {"staff_days": 10.0, "assured_days": 4.0},
            {"backfill_hour": 10.0, "staff_hour": 8.0},
            {
                "backfill of training": 5.5 * 7.5 * 10.0,
                "staff time in training": 4.5 * 7.5 * 8.0,
            },
        ),
        (
            {"people_prepared": 5.0},
            {"preparation_hours": 2.0, "staff_hour": 8.0},
            {"staff preparation": 80.0},
        ),
        (
            {"induction_days": 8.0},
            {"trainer_day": 100.0, "staff_hour": 8.0},
            {"induction: trainers": 300.0, "induction: newcomers' time": 480.0},
        ),
        ({"extra_post_weeks": 26.0}, {"post_year": 40_000.0}, {"extra posts": 20_000.0}),
        (
            {"managed_weeks": 10.0},
            {"management_hours": 2.0, "manager_hour": 30.0},
            {"management of the programme": 600.0},
        ),
    ],
)
def test_a_line_is_use_times_price(
    use: dict[str, float], prices: dict[str, float], expected: dict[str, float]
) -> None:
    assert lines(use, **prices) == pytest.approx(expected)


def test_what_a_scenario_states_goes_before_the_prices() -> None:
    # Fifteen hours of preparation for each of two teams are four days.
    use = {"trainer_days": 10.0, "teams_started": 2.0}
    found = lines(use, OWN, trainer_day=100.0, materials_team=1.0, set_up_team=1.0)
    assert found == pytest.approx({"trainers": 1400.0, "materials": 80.0, "setting up": 140.0})
    prepared = lines({"people_prepared": 5.0}, OWN, preparation_hours=9.0, staff_hour=8.0)
    assert prepared == pytest.approx({"staff preparation": 120.0})


def test_a_line_of_less_than_a_millionth_is_none_and_totals_are_by_kind() -> None:
    assert lines({"teams_started": 1e-7}, set_up_team=1.0) == {}
    assert lines({"teams_started": 1e-5}, set_up_team=1.0) == pytest.approx({"setting up": 1e-5})
    assert lines({"teams_started": -2.0}, set_up_team=1.0) == {"setting up": -2.0}
    found = {"trainers": np.array([3.0]), "staff preparation": np.array([4.0])}
    assert [kind_of(one) for one in found] == ["direct", "indirect"]
    assert [total(found, kind).tolist() for kind in ("direct", "indirect", None)] == [[3], [4], [7]]
    assert total({}).tolist() == 0.0


def element(*costs: Any) -> Any:
    return SimpleNamespace(costs=costs)


def test_terms_of_a_line_are_added_and_multiplied_as_they_say() -> None:
    one = element(Cost("line", "a", "hours", "wage"), Cost("line", "b", "fee"))
    (line,) = element_lines([one], ["wage", "hours", "fee"])
    use = {"a": 2.0, "b": 3.0}
    prices = {"hours": 5.0, "wage": 7.0, "fee": 11.0}
    assert line.amount(use.__getitem__, prices, SCENARIO) == 2.0 * 5.0 * 7.0 + 3.0 * 11.0
    assert set(line.prices) == {"hours", "wage", "fee"}
    with pytest.raises(InputError, match="price in the line 'line'"):
        list(element_lines([one], ["wage", "hours"]))
    both = element(Cost("line", "a", "fee"), Cost("line", "b", "fee", kind="indirect"))
    with pytest.raises(InputError, match="all direct, or all indirect"):
        list(element_lines([both], ["fee"]))


def test_discounting_leaves_the_first_year_whole() -> None:
    np.testing.assert_allclose(discount_factors(3, 0.035), [1.0, 1 / 1.035, 1 / 1.035**2])
    np.testing.assert_allclose(discount_factors(3, 0.0), 1.0)
    # A rate of a hundred percent halves every year.
    assert discount_factors(4, 1.0).tolist() == [1.0, 0.5, 0.25, 0.125]
