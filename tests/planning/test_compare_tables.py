"""Tables of a comparison whose worlds are written in by hand: every number worked out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.planning.compare_tables import (
    MOST_DRIVERS,
    acceptability,
    all_tables,
    budget,
    by_assessment,
    chances,
    chances_across,
    committed_after,
    cost_accounts,
    differences,
    drivers,
    groups,
    groups_across,
    headline,
    maintenance,
    overspending,
    resources,
    service_costs,
    starts,
    trajectories,
    unit_costs,
)
from sim.planning.comparison import Comparison, costed
from sim.planning.outcomes import BLACK, OTHER, SCORES, WEEKLY
from sim.planning.trainers import Starts
from sim.planning.value import value_of
from tests.planning.comparisons_by_hand import (
    COACHING,
    DRAWS,
    DRIVER,
    PEOPLE,
    REFOCUS,
    UP_AND_DOWN,
    USUAL,
    WEEKS,
    asking,
    comparison,
    question,
    worlds,
)

LIMITS = ("5% (parameters)", "95% (parameters)")


def of(table: pd.DataFrame, **wanted: Any) -> dict[str, Any]:
    """Return the one row of a table in which columns have these values."""
    for name, value in wanted.items():
        table = table[table[name.replace("_", " ")] == value]
    assert len(table) == 1, "one row"
    return {str(name): value for name, value in table.iloc[0].to_dict().items()}


def with_gains(values: np.ndarray) -> Comparison:
    """Return the comparison with other QPR gains of REFOCUS at the end, a draw each."""
    found, scores = comparison(), comparison().worlds.scores.copy()
    scores[1, ..., -1, 0] = scores[0, ..., -1, 0] + values[:, None]
    return replace(found, worlds=replace(found.worlds, scores=scores))


def with_costs(**lines: np.ndarray) -> Comparison:
    """Return the comparison with other costs of REFOCUS, and none of coaching."""
    money = {name.replace("_", " "): values for name, values in lines.items()}
    return replace(comparison(), costs=({}, money, {}))


def test_chances_are_shares_of_draws_at_both_sides_of_every_threshold() -> None:
    """Nine draws at -5 or just -4, two at 0, one above, six at 1, two at 3, five at 4."""
    gains = np.repeat([-5.0, -4.001, 0.0, 0.005, 1.001, 3.001, 4.001], [5, 4, 2, 1, 6, 2, 5])
    table = chances(with_gains(gains))
    own = table[table["scenario"] == REFOCUS]
    assert (DRAWS * own["probability"]).tolist() == pytest.approx([9, 14, 13, 7, 5, 9])
    assert own["QPR difference from base"].str.split(":").str[0].tolist() == [
        "below 0",
        "above 0",
        "1 point or more",
        "2.7 points or more",
        "4 points or more",
        "worse by 4 points or more",
    ]
    asked = replace(with_gains(gains), prepared=asking(threshold=3.0).prepared)
    told = chances(asked)
    assert told["QPR difference from base"].iloc[5] == "3 points or more: your threshold"
    assert DRAWS * told["probability"].iloc[5] == pytest.approx(7)
    across = chances_across(with_gains(gains))
    assert across["scenario"].tolist() == [REFOCUS, COACHING]
    assert across["below 0: harm"].iloc[0].startswith("36% (")


def test_differences_are_at_the_end_and_by_assessment_on_the_way() -> None:
    """REFOCUS gains 1 on average, from .25 to 1.75; half of it by the first year's end."""
    row = of(differences(comparison(), ("qpr15",)), scenario=REFOCUS)
    assert row["difference from base"] == pytest.approx(1.0)
    assert (row[LIMITS[0]], row[LIMITS[1]]) == pytest.approx((0.325, 1.675))
    assert row["level under scenario"] == pytest.approx(12.0)
    assert row["SD from chance"] == 0.0
    support = of(differences(comparison(), ("inspire_support",)), scenario=COACHING)
    assert support["difference from base"] == pytest.approx(0.5 * 2.0)
    assert len(differences(comparison())) == 2 * (len(SCORES) + 8)
    table = by_assessment(comparison())
    assert len(table) == 3 * 2 * 2
    early = table[(table["week"] == 52) & (table["scenario"] == REFOCUS)]
    assert early["difference from base"].tolist() == pytest.approx([0.5, 1.0, 1.5])
    assert sorted(set(table["week"])) == [52, 104]
    soon = replace(comparison().worlds, assessments=np.array([0, 1, 104]))
    assert set(by_assessment(replace(comparison(), worlds=soon))["week"]) == {1, 104}


def test_the_headline_has_what_a_planner_asks_first() -> None:
    found = with_costs(trainers=np.full((DRAWS, 2), 1035.0))
    row = of(headline(found), scenario=REFOCUS)
    assert row["QPR difference"] == pytest.approx(1.0)
    assert (row["P(4 or more)"], row["P(below 0)"]) == (0.0, 0.0)
    assert row["reach at end"] == pytest.approx(0.11)
    assert row["fidelity gained"] == pytest.approx(0.06)
    assert row["programme cost, GBP discounted"] == pytest.approx(1035.0 + 1000.0)
    assert row["GBP per person"] == pytest.approx(2035.0 / PEOPLE)
    assert row["evidence"] == "trial"


def test_what_is_left_is_of_the_largest_gain() -> None:
    """Practice of 4 in 100 by week 60; then a quarter of it is lost in every week that is left."""
    found, weekly = comparison(), comparison().worlds.weekly.copy()
    place = WEEKLY.index("fidelity")
    weekly[1, :, -1, place] = weekly[0, :, -1, place] + 0.03
    faded = replace(found, worlds=replace(found.worlds, weekly=weekly))
    row = of(maintenance(faded), scenario=REFOCUS)
    assert row["in week"] == 60
    assert row["largest gain of fidelity"] == pytest.approx(0.04)
    assert row["gain at the end"] == pytest.approx(0.03)
    assert row["share of the largest gain left"] == pytest.approx(0.75)
    weekly[1] = weekly[0] + 0.005
    little = replace(found, worlds=replace(found.worlds, weekly=weekly))
    assert of(maintenance(little), scenario=REFOCUS)["share of the largest gain left"] == 1.0
    weekly[1] = weekly[0]
    none = replace(found, worlds=replace(found.worlds, weekly=weekly))
    assert np.isnan(of(maintenance(none), scenario=REFOCUS)["share of the largest gain left"])


def test_bands_hold_the_middle_90_percent_from_two_draws_on() -> None:
    found = trajectories(comparison())["recovery"][REFOCUS]
    size = (WEEKLY.index("recovery") + 1) / 100.0
    assert found.shape == (4, WEEKS + 1)
    np.testing.assert_allclose(found[:, 0], 0.0)
    np.testing.assert_allclose(found[:, 30] / size, [5.5, 0.5, 0.1625, 0.8375])
    np.testing.assert_allclose(found[:, -1] / size, [11.0, 1.0, 0.325, 1.675])
    for draws, known in ((2, True), (1, False)):
        few = replace(comparison(), worlds=worlds(draws))
        assert np.isfinite(trajectories(few)["recovery"][REFOCUS][2:]).all() == known


def test_budgets_by_year_and_kind_are_discounted_from_the_second_year_on() -> None:
    """0, 10, ... 240 of cash in the first year, 103.5 in the second; 50 of time in each."""
    cash = np.column_stack([10.0 * np.arange(DRAWS), np.full(DRAWS, 103.5)])
    found = with_costs(trainers=cash, staff_preparation=np.full((DRAWS, 2), 50.0))
    table = budget(found)
    first = of(table, scenario=REFOCUS, cost="direct", year="1")
    assert (first["mean"], first["5%"], first["95%"]) == pytest.approx((120.0, 12.0, 228.0))
    assert first["mean, discounted"] == pytest.approx(120.0)
    later = of(table, scenario=REFOCUS, cost="direct", year="2")
    assert later["mean, discounted"] == pytest.approx(100.0)
    whole = of(table, scenario=REFOCUS, cost="direct and indirect", year="all")
    assert whole["mean"] == pytest.approx(120.0 + 103.5 + 100.0)
    assert whole["mean, discounted"] == pytest.approx(120.0 + 100.0 + 50.0 + 50.0 / 1.035)
    assert (whole["5%"], whole["95%"]) == pytest.approx((215.5, 431.5))
    assert len(table) == 3 * 3 * 3
    lines = cost_accounts(found).to_dict("records")
    assert lines[0] == {
        "scenario": REFOCUS,
        "line": "trainers",
        "kind": "direct",
        "year 1": pytest.approx(120.0),
        "year 2": pytest.approx(103.5),
        "all": pytest.approx(223.5),
    }


def test_of_one_draw_money_has_no_range_and_of_two_it_has() -> None:
    for draws, known in ((2, True), (1, False)):
        cash = {"trainers": np.array([[10.0, 0.0], [20.0, 0.0]])[:draws]}
        few = replace(comparison(), worlds=worlds(draws), costs=({}, cash, {}))
        row = of(budget(few), scenario=REFOCUS, cost="direct", year="1")
        assert np.isfinite(row["5%"]) == np.isfinite(row["95%"]) == known


def test_what_costs_the_budget_itself_does_not_pass_it() -> None:
    cash = np.full((DRAWS, 2), 60_000.0)
    cash[:5, 0] += 1.0
    table = overspending(with_costs(trainers=cash))
    assert table["scenario"].tolist() == [REFOCUS, REFOCUS]
    assert table["year"].tolist() == ["1", "2"]
    assert table["probability of more than the budget"].tolist() == [0.2, 0.0]
    assert table["direct cost, mean"].tolist() == pytest.approx([60_000.2, 60_000.0])
    assert not len(overspending(with_costs(staff_preparation=cash))), "time is no cash"
    for draws, told in ((2, 2), (1, 0)):
        few = with_costs(trainers=cash[:draws])
        assert len(overspending(replace(few, worlds=worlds(draws)))) == told


def test_a_pound_after_the_time_looked_at_is_told_and_less_is_not() -> None:
    prepared = replace(
        comparison().prepared, later=(0.999, 1.0, 7.0), shared_out=(False, False, True)
    )
    table = committed_after(replace(comparison(), prepared=prepared))
    assert table["scenario"].tolist() == [REFOCUS, COACHING]
    assert table.iloc[:, 1].tolist() == [1.0, 7.0]
    assert table["how"].str[:7].tolist() == ["as plan", "at most"]


def test_resources_are_means_by_year() -> None:
    """Eight trainer-days in the first year and four in the second, five times so many of staff."""
    table = resources(comparison())
    own = table[table["scenario"] == REFOCUS]
    assert own["resource"].tolist() == ["trainer days", "staff days"]
    assert own[["year 1", "year 2", "all"]].to_numpy().tolist() == [[8, 4, 12], [40, 20, 60]]
    half = table[table["scenario"] == COACHING]
    assert half["all"].tolist() == [6.0, 30.0]


def test_service_costs_stand_beside_those_that_the_trial_published() -> None:
    """REFOCUS 1062 lower, 95% interval -1103 to 3017 lower."""
    table = service_costs(comparison())
    trial = table.iloc[-1]
    assert (trial["GBP per person"], trial["low"], trial["high"]) == (-1062.0, -3017.0, 1103.0)
    own = table.iloc[0]
    # A thirteenth measure gains 13: half of it after a year, and the whole, discounted, after two.
    assert own["GBP per person"] == pytest.approx(13.0 * (0.5 + 1.0 / 1.035))
    assert "over 2 whole years" in own["source"]
    assert own["interval"].startswith("90%, parameter uncertainty")
    for draws, kind in ((2, "90%"), (1, "none")):
        few = replace(comparison(), worlds=worlds(draws))
        assert service_costs(few)["interval"].iloc[0].startswith(kind)


def test_groups_have_their_reach_and_effects_but_for_those_that_nobody_knows() -> None:
    table = groups(comparison())
    assert table["group"].tolist() == [BLACK, OTHER, "trust: north", "trust: south"] * 2
    row = of(table, scenario=REFOCUS, group="trust: south")
    assert row["reach"] == pytest.approx(0.44)
    assert (row["5% (reach)"], row["95% (reach)"]) == pytest.approx((0.413, 0.467), abs=1e-4)
    assert row["INSPIRE Support difference"] == pytest.approx(2.0)
    assert row["95% (INSPIRE Support)"] == pytest.approx(2.0 * 1.675)
    assert row["effects"] == "shown"
    assert sum(name.endswith(" difference") for name in row) == 3, "reach stands by itself"
    black = of(table, scenario=REFOCUS, group=BLACK)
    assert black["effects"] == "unknown (trial: about ±4.4 points on the QPR)"
    assert np.isnan(black["INSPIRE Support difference"])
    told = of(groups_across(comparison()), scenario=REFOCUS, group="trust: south")
    assert told["INSPIRE Support difference"] == "+2.00 (+0.65 to +3.35)"
    hidden = of(groups_across(comparison()), scenario=REFOCUS, group=BLACK)
    assert hidden["Personal recovery, QPR-15 difference"].startswith("unknown (trial")
    assert hidden["INSPIRE Support difference"] == "unknown"
    one = replace(comparison(), worlds=worlds(1))
    single = of(groups_across(one), scenario=REFOCUS, group="trust: south")
    assert single["INSPIRE Support difference"] == "+2.00 (no interval)"


def test_money_for_a_person_a_month_and_a_point() -> None:
    """800 for .02 people reached, .07 months of practice, and a point for each of 400 people."""
    found = with_costs(trainers=np.full((DRAWS, 2), [800.0, 0.0]))
    table = unit_costs(found)
    own = table[table["scenario"] == REFOCUS].set_index("GBP per")
    assert own["ratio of means"].tolist() == pytest.approx([40_000.0, 800.0 / 0.07, 2.0])
    assert own["share of draws with any gain"].tolist() == [1.0, 1.0, 1.0]
    assert own["95%"].iloc[2] == pytest.approx(np.quantile(2.0 / (1.0 + UP_AND_DOWN), 0.95))


def test_acceptability_names_its_columns_and_the_best() -> None:
    found = with_costs(trainers=np.full((DRAWS, 2), [4000.0, 0.0]))
    table = acceptability(value_of(found))
    shares = table.filter(like="probability that")
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    # Coaching is free here; REFOCUS costs ten pounds a person for half a point more.
    best = table.set_index("GBP per QPR point")["highest expected net benefit"]
    assert set(best[best.index < 20.0]) <= {USUAL, COACHING}
    assert set(best[best.index > 20.1]) == {REFOCUS}
    assert table["perfect information, GBP per person"].iloc[0] == 0.0


def test_drivers_are_those_of_effects_and_of_cost_and_twelve_at_most() -> None:
    table = drivers(comparison())
    own = table[table["scenario"] == REFOCUS].groupby("answer").size().to_dict()
    assert own == {"QPR difference": 2, "fidelity gained": 2, "cost": MOST_DRIVERS}
    assert MOST_DRIVERS == 12
    first = table.iloc[0]
    assert (first["parameter or price"], first["beyond chance"]) == (DRIVER, "yes")
    assert first["rank correlation"] == pytest.approx(1.0)
    assert table.iloc[1]["beyond chance"] == "no"
    cost = table[(table["scenario"] == REFOCUS) & (table["answer"] == "cost")]
    assert cost["meaning"].str.startswith("price or quantity: ").any()
    cents = replace(comparison(), prices={"coach_hour": 1e-4 * np.arange(DRAWS)})
    assert "coach_hour" in set(drivers(cents)["parameter or price"])
    one = question().chosen
    single = asking(chosen=replace(one, draws=one.draws[:1]))
    assert list(drivers(costed(single.prepared, worlds(1), {})))[0] == "scenario"


def test_a_correlation_at_the_level_of_chance_is_within_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = abs(drivers(comparison())["rank correlation"].iloc[1])
    for limit, told in ((size, "no"), (size - 1e-9, "yes")):
        monkeypatch.setattr(
            "sim.planning.compare_tables.noise_level", lambda *_, limit=limit: limit
        )
        assert drivers(comparison())["beyond chance"].iloc[1] == told


def test_starts_have_weeks_and_dates_and_those_that_never_start_none() -> None:
    wished, given = np.array([0, 3, -1]), np.array([0, -1, -1])
    found = comparison()
    own = (*found.prepared.starts[:1], Starts(wished, given, ("", "no trainer", "")))
    prepared = replace(found.prepared, starts=(*own, found.prepared.starts[2]))
    table = starts(replace(found, prepared=prepared))
    rows = table[table["scenario"] == REFOCUS]
    assert rows["team"].tolist() == ["A", "B"]
    assert rows["wished week"].tolist() == [0, 3]
    assert rows["start week"].isna().tolist() == [False, True]
    assert rows["start date"].tolist() == ["2027-04-01", ""]
    assert rows["why"].tolist() == ["", "no trainer"]
    shared = replace(found, prepared=replace(prepared, shared_out=(False, True, False)))
    assert starts(shared)["team"].iloc[0] == "found within each world"


def test_tables_that_say_nothing_are_left_out() -> None:
    found = with_costs(trainers=np.full((DRAWS, 2), 1.0))
    names = set(all_tables(found, value_of(found)))
    assert {"headline", "chances", "point-worth", "overspending"} <= names
    assert not {"worth-knowing", "committed-after"} & names
