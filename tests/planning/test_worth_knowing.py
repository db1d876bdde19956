"""What it is worth to know more, from worlds that are written in by hand: values, truths, words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.planning import worth_knowing as module
from sim.planning.comparison import Comparison
from sim.planning.knowing import Worth
from sim.planning.studies import Truths
from sim.planning.worth_knowing import (
    EVERYTHING,
    MONEY,
    PARAMETERS,
    PRICES,
    STUDY,
    Known,
    bounded,
    groups_of,
    knowing_of,
    knowing_rows,
    knowing_sentences,
    perfect_error,
    studies_of,
    threshold_rows,
    truths_of,
    values_of,
)
from tests.planning.comparisons_by_hand import (
    COACHING,
    DRAWS,
    DRIVER,
    IDLE,
    PEOPLE,
    REFOCUS,
    UP_AND_DOWN,
    asking,
    comparison,
    question,
    worlds,
)

NAN = float("nan")


def known(
    kind: str, value: float, error: float = 0.0, unit: str = "points", **more: float
) -> Known:
    worth = Worth(value, error, 0.25, 0.5)
    return Known(kind, kind, kind.capitalize(), "made of", worth, unit, more.get("people", 10.0))


def costing(**asked: object) -> Comparison:
    """Return the comparison in which REFOCUS costs 4000 in its first year and coaching nothing."""
    cash = {"trainers": np.full((DRAWS, 2), [4000.0, 0.0])}
    return replace(asking(**asked), costs=({}, cash, {}))


def test_values_are_in_what_strategies_are_ranked_on_or_in_money() -> None:
    for aim, size, people in (
        ("recovery", 1.0, PEOPLE),
        ("support", 2.0, PEOPLE),
        ("practice", 6.0, NAN),
        ("cost-per-qpr-point", 1.0, PEOPLE),
    ):
        raw, expected, _, whose = values_of(asking(rank_by=aim))
        for found in (raw, expected):
            np.testing.assert_allclose(found[1], size * (1.0 + UP_AND_DOWN))
            np.testing.assert_allclose(found[2], 0.5 * size * (1.0 + UP_AND_DOWN))
        assert whose == pytest.approx(people, nan_ok=True)
    raw, expected, unit, people = values_of(costing(point_worth=50.0))
    assert (unit, people) == (MONEY, PEOPLE)
    for found in (raw, expected):
        np.testing.assert_allclose(found[1], 50.0 * (1.0 + UP_AND_DOWN) - 10.0)


def test_everything_is_worth_the_regret_of_the_best_on_average() -> None:
    """Of two draws the best on average lacks 3 in the first; nothing is known of one alone."""
    expected = np.array([[1.0, 5.0], [4.0, 0.0]])
    assert perfect_error(expected) == pytest.approx(np.std([3.0, 0.0], ddof=1) / np.sqrt(2.0))


def test_no_part_is_worth_more_than_the_whole() -> None:
    found = bounded([known(EVERYTHING, 2.0), known(STUDY, 3.0), known(STUDY, 1.0)])
    assert [one.worth.value for one in found] == [2.0, 2.0, 1.0]
    assert found[1].worth.held_out == 0.25


def test_parameters_are_grouped_by_their_link() -> None:
    """The driver and the idle one are both of the flow of staff; what never varies is of none."""
    draws = [{**one, "effect_full": 1.0} for one in question().chosen.draws]
    values = np.stack([np.zeros(DRAWS), UP_AND_DOWN])
    found = groups_of(draws, values, "points", 3.0)
    assert [(one.kind, one.assumes, one.people) for one in found] == [
        (PARAMETERS, "2 parameters", 3.0)
    ]
    one = groups_of([{DRIVER: draw[DRIVER]} for draw in draws], values, "points", 3.0)
    assert one[0].assumes == "1 parameters"
    idle = groups_of([{IDLE: draw[IDLE]} for draw in draws], values, "points", 3.0)
    assert idle[0].worth.value < one[0].worth.value
    assert one[0].worth.value == pytest.approx(np.abs(UP_AND_DOWN).mean() / 2, rel=0.02)


def test_studies_report_what_is_so_with_their_error() -> None:
    truths = Truths([{}] * 200, {}, 30.0, *(np.linspace(0.0, 1.0, 200) for _ in range(4)))
    values = np.stack([np.zeros(200), np.linspace(-1.0, 1.0, 200)])
    found = studies_of(truths, values, "points", 2.0, (40, 15), 1)
    assert {one.kind for one in found} == {STUDY}
    assert all(0.0 <= one.worth.value <= 0.3 for one in found)
    again = studies_of(truths, values, "points", 2.0, (40, 15), 1)
    assert [one.worth for one in found] == [one.worth for one in again]
    other = studies_of(truths, values, "points", 2.0, (40, 15), 2)
    assert [one.worth for one in found] != [one.worth for one in other]


def test_truths_of_a_strategy_are_read_in_their_weeks() -> None:
    """Weekly variables rise to their level in 60 weeks; teams start at once, or from week 3 on."""
    found = truths_of(comparison(), REFOCUS)
    np.testing.assert_allclose(found.gain, 0.5 * (1.0 + UP_AND_DOWN))
    adoption, practice = ((size * (1.0 + UP_AND_DOWN) + 10.0 * size) / 100.0 for size in (2.0, 4.0))
    np.testing.assert_allclose(found.adoption, adoption * 13 / 60)
    np.testing.assert_allclose(found.practice, practice * 26 / 60)
    np.testing.assert_allclose(found.readiness, 0.0)
    assert found.answering == 30.0
    # Two runs an eighth of a hundredth above and below their mean.
    sd = np.std([0.00125, -0.00125], ddof=1)
    assert (found.adoption_luck, found.practice_luck) == pytest.approx((sd, sd))
    started = comparison().prepared.starts
    for given, felt, first in (
        ([0, 9, -1], 1.0, 0),
        ([3, -1, -1], 4.0, 3),
        ([-1, 90, -1], 4 / 3, 78),
        ([-1] * 3, 400, 0),
    ):
        own = replace(started[1], given=np.array(given))
        prepared = replace(comparison().prepared, starts=(started[0], own, started[2]))
        moved = truths_of(replace(comparison(), prepared=prepared), REFOCUS)
        np.testing.assert_allclose(moved.gain, felt * 0.5 * (1.0 + UP_AND_DOWN))
        np.testing.assert_allclose(moved.adoption, adoption * min((13 + first) / 60, 1.0))
    shared = replace(prepared, shared_out=(False, True, False))
    np.testing.assert_allclose(
        truths_of(replace(comparison(), prepared=shared), REFOCUS).gain, found.gain
    )
    single = replace(comparison(), worlds=worlds(runs=1))
    assert truths_of(single, REFOCUS).adoption_luck == 0.0


def test_worth_is_reckoned_from_so_many_draws_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert knowing_of(comparison()) == ()
    monkeypatch.setattr(module, "FEWEST_DRAWS", DRAWS)
    found = knowing_of(comparison())
    # REFOCUS is best in every draw: nothing that could be known changes the choice.
    assert [one.kind for one in found][:2] == [EVERYTHING, PARAMETERS]
    assert {one.kind for one in found[2:]} == {STUDY}
    assert found[0].worth.value == 0.0
    assert found[0].assumes == "all parameters"
    money = knowing_of(costing(point_worth=20.0))
    prices = [one for one in money if one.kind == PRICES]
    assert len(prices) == 1
    assert money[0].assumes == "all parameters and prices"
    # At 20 a point REFOCUS and coaching are worth 10 each on average, and one or the other more.
    assert money[0].worth.value == pytest.approx(10.0 * np.abs(UP_AND_DOWN).mean() / 2.0)
    assert money[0].in_all == pytest.approx(PEOPLE * money[0].worth.value)
    cents = costing(point_worth=20.0)
    few = replace(
        cents, prices={"coach_hour": 1e-4 * np.arange(DRAWS), "staff_hour": np.ones(DRAWS)}
    )
    (group,) = (one for one in knowing_of(few) if one.kind == PRICES)
    assert group.assumes == "1 prices"
    assert len(knowing_of(asking(scenarios=question().scenarios[:2]))) > 2
    alone = asking(scenarios=question().scenarios[:1])
    assert knowing_of(alone) == ()


def test_studies_are_of_the_best_strategy_that_is_more_than_usual_care(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FEWEST_DRAWS", DRAWS)
    asked: list[str] = []

    def truths(of: Comparison, name: str) -> Truths:
        asked.append(name)
        return truths_of(of, name)

    monkeypatch.setattr(module, "truths_of", truths)
    knowing_of(comparison())
    knowing_of(costing(point_worth=1.0))
    assert asked == [REFOCUS, COACHING]


def test_rows_have_the_worth_for_all_people() -> None:
    (row,) = knowing_rows((known(STUDY, 2.0, 0.5),)).to_dict("records")
    assert (row["worth"], row["Monte Carlo SE"], row["worth for all people"]) == (2.0, 0.5, 20.0)
    assert (row["worth, held out"], row["made of"]) == (0.25, "made of")


def test_thresholds_are_money_for_each_point() -> None:
    """REFOCUS costs 4000 for 400 points, coaching nothing for 200: 10, and 20 for the next ones."""
    rows = threshold_rows(costing()).set_index("strategy")
    pays = rows["pays against usual care from, GBP a point"]
    assert (pays[COACHING], pays[REFOCUS]) == pytest.approx((0.0, 10.0))
    best = rows[["best of all from, GBP a point", "to, GBP a point"]]
    assert best.loc[COACHING].tolist() == pytest.approx([0.0, 20.0])
    assert best.loc[REFOCUS].tolist() == pytest.approx([20.0, NAN], nan_ok=True)
    cash = {"trainers": np.full((DRAWS, 2), [4000.0, 0.0])}
    both = replace(comparison(), costs=({}, {}, cash))
    beaten = threshold_rows(both).set_index("strategy")
    assert beaten.loc[COACHING, "never best because of"] == REFOCUS
    assert np.isnan(beaten.loc[COACHING, "best of all from, GBP a point"])


def test_a_worth_of_twice_its_error_is_not_told_from_nothing() -> None:
    whole = known(EVERYTHING, 2.0, 0.1)
    for value, told in ((1.0, False), (1.01, True)):
        found = knowing_sentences((whole, known(STUDY, value, 0.5), known(PARAMETERS, 0.1, 0.0)))
        assert len(found) == 3
        assert ("none is told from nothing" in found[2]) is not told
    assert found[1].startswith("Of what could be known, most is worth: parameters, 0.1 points")
    assert found[0] == (
        "If everything were known before choosing, the choice would gain 2 points a person (Monte "
        "Carlo SE 0.1) on average: no study of these numbers can be worth more."
    )
    (only,) = knowing_sentences((known(EVERYTHING, 2.0, unit="points, 0-60", people=NAN),))
    assert "would gain 2 points (Monte Carlo SE 0) on" in only
    (money,) = knowing_sentences((known(EVERYTHING, 2.5, 0.25, MONEY),))
    assert "2.50 GBP a person, 25 GBP in all (Monte Carlo SE 0.25 a person)" in money
