"""Likelihoods against SciPy's distributions; moments of simulated teams against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.inputs.registers import ALL_TEAMS
from sim.learning import own_turnover
from sim.learning.likelihood import (
    ALONE,
    Common,
    Expected,
    common_of,
    design_effect,
    expected,
    log_likelihood,
    log_likelihoods,
)
from sim.learning.statistics import ATTENDED, COUNT, LEFT, LEVEL, SHARE, Statistic


def statistic(kind: str, value: list[float], of: list[float], error: float = 0.0) -> Statistic:
    name = {SHARE: ATTENDED, COUNT: LEFT, LEVEL: "practice, week 9"}[kind]
    count = len(value)
    return Statistic(
        name, kind, np.arange(count), np.array(value), np.array(of), np.full(count, error), (9,)
    )


def test_a_share_is_beta_binomial() -> None:
    found = log_likelihood(
        statistic(SHARE, [7.0, 0.0], [10.0, 4.0]),
        Expected(np.array([[0.6, 0.3]]), np.array([[0.2]])),
    )
    # Correlation 0.2 is a + b = 4.
    wanted = [stats.betabinom.logpmf(7, 10, 2.4, 1.6), stats.betabinom.logpmf(0, 4, 1.2, 2.8)]
    assert found[0] == pytest.approx(wanted)


def test_a_count_is_negative_binomial() -> None:
    found = log_likelihood(
        statistic(COUNT, [3.0], [100.0]), Expected(np.array([[0.02]]), np.array([[0.5]]))
    )
    # Mean 2, variance 2 + 0.5 x 4 = 4: size 2, probability 1/2.
    assert found[0, 0] == pytest.approx(stats.nbinom.logpmf(3, 2, 0.5))


def test_a_level_is_normal_with_both_variances() -> None:
    found = log_likelihood(
        statistic(LEVEL, [0.5], [1.0], error=0.04),
        Expected(np.array([[0.4]]), np.array([[0.0009]])),
    )
    assert found[0, 0] == pytest.approx(stats.norm.logpdf(0.5, 0.4, 0.05))


def parts(total: np.ndarray, number: np.ndarray | float, squares: float = 0.0) -> np.ndarray:
    return np.stack(np.broadcast_arrays(total, number, squares), axis=-1).astype(float)


def test_correlation_between_teams_is_found_again() -> None:
    """100 teams in 40 runs, shares from beta(6, 4): correlation 1 / 11 of a mean 0.6."""
    chance = np.random.default_rng(1)
    share = chance.beta(6.0, 4.0, (1, 40, 100))
    came = chance.binomial(30, share)
    one = statistic(SHARE, [0.0] * 100, [30.0] * 100)
    found = expected(one, parts(came, 30.0), np.ones(100))
    assert found.mean.mean() == pytest.approx(0.6, abs=0.01)
    # Widened by the error of a mean over 40 runs.
    assert found.spread[0, 0] == pytest.approx((1 / 11) * (1 + 1 / 40), rel=0.08)


def test_teams_of_a_trust_say_less_than_teams_on_their_own() -> None:
    """Four teams, two by two with correlation 0.5: the variance of their mean is 1.5 times."""
    chance = np.random.default_rng(4)
    trust = np.repeat(chance.normal(0.0, 1.0, (200, 8, 2)), 2, axis=2)
    own = chance.normal(0.0, 1.0, (200, 8, 4))
    one = statistic(LEVEL, [0.0] * 4, [1.0] * 4)
    assert design_effect(one, [parts(trust + own, 1.0)]) == pytest.approx(1.5, abs=0.12)
    assert design_effect(one, [parts(own, 1.0)]) == pytest.approx(1.0, abs=0.1)


def test_a_spread_from_few_runs_is_drawn_half_way_to_all() -> None:
    """Draws that do not differ: half of the scatter of a spread over draws goes."""
    chance = np.random.default_rng(5)
    came = chance.binomial(30, chance.beta(6.0, 4.0, (300, 6, 6)))
    one = statistic(SHARE, [0.0] * 6, [30.0] * 6)
    seen = parts(came, 30.0)
    common = common_of(one, seen, np.ones(6), [])
    assert common.top / common.bottom == pytest.approx(1 / 11, rel=0.08)
    alone, drawn = (expected(one, seen, np.ones(6), each).spread for each in (ALONE, common))
    assert drawn.std() == pytest.approx(0.5 * alone.std(), rel=0.1)
    assert drawn.mean() == pytest.approx(alone.mean(), rel=0.05)


def test_rates_follow_each_teams_own_turnover() -> None:
    chance = np.random.default_rng(2)
    weights = np.array([1.0, 2.0] * 50)
    left = chance.poisson(0.01 * weights * 400.0, (1, 20, 100))
    counted = [4.0, 8.0] * 50
    found = expected(statistic(COUNT, counted, [400.0] * 100), parts(left, 400.0), weights)
    assert found.mean[0, :2] == pytest.approx([0.01, 0.02], rel=0.03)
    assert found.spread[0, 0] < 0.01


@pytest.mark.parametrize(("sd", "low", "high"), [(0.0, 0.0, 0.02), (0.5, 0.18, 0.34)])
def test_how_far_teams_turnover_differs_is_found_again(sd: float, low: float, high: float) -> None:
    """60 teams, 12 leavers expected of each, rates gamma with a known SD relative to their mean."""
    chance = np.random.default_rng(7)
    weights = np.array([1.0, 2.0] * 30)
    own = chance.gamma(1.0 / sd**2, sd**2, 60) if sd else np.ones(60)
    left = chance.poisson(0.01 * weights * own * 800.0)
    found = own_turnover.own_variance(statistic(COUNT, list(left), [800.0] * 60), weights)
    assert low < found < high


def test_a_teams_own_turnover_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gamma of shape 4; 4 leavers expected, 8 came: (4 + 8) / (4 + 4); none: 4 / 8."""
    monkeypatch.setattr(own_turnover, "_SDS", np.array([0.5]))
    monkeypatch.setattr(own_turnover, "SHARED", 0.005)
    one = statistic(COUNT, [8.0, 0.0, 4.0], [400.0] * 3)
    found = own_turnover.own_factors(one, np.ones(3), np.full((1, 3), 0.01))
    # Common rates stand on a grid.
    assert found == pytest.approx([1.5, 0.5, 1.0], rel=0.01)
    moved = own_turnover.moved_multipliers(np.array([1.0, 1.0, 2.0, 3.0]), one, found)
    # A team of which nothing was counted stays as the roster has it.
    assert moved == pytest.approx([found[0], found[1], 2.0 * found[2], 3.0])


def test_where_nobody_left_many_teams_the_rate_lies_within_the_grid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """100 teams of 20 posts, nobody in a year: far above what was counted, by a finer grid."""
    one = statistic(COUNT, [0.0] * 100, [1040.0] * 100)
    found = own_turnover.own_factors(one, np.ones(100), np.full((1, 100), 0.004))
    monkeypatch.setattr(own_turnover, "_AWAY", np.linspace(-2.0, 12.0, 561))
    fine = own_turnover.own_factors(one, np.ones(100), np.full((1, 100), 0.004))
    assert found == pytest.approx(fine, rel=0.01)


def test_what_teams_share_is_summed_over_by_quadrature() -> None:
    """One team, 8 of 4 expected: the negative binomial over a log-normal of SD `SHARED`."""
    levels = np.linspace(-1.6, 1.6, 4001)
    prior = stats.norm.pdf(levels, 0.0, own_turnover.SHARED)
    likely = stats.nbinom.pmf(8, 4.0, 4.0 / (4.0 + 4.0 * np.exp(levels)))
    hand = np.log(np.trapezoid(prior * likely, levels))
    found = own_turnover.log_shared(np.array([8.0]), np.array([[4.0]]), np.array([[0.25]]))
    assert found == pytest.approx([hand], abs=1e-3)


def test_chance_of_few_people_is_no_difference_between_teams() -> None:
    """Means of 15 people with SD 10 in teams that do not differ: the variance between is 0."""
    chance = np.random.default_rng(3)
    people = chance.normal(35.0, 10.0, (1, 30, 60, 15))
    one = statistic(LEVEL, [35.0] * 60, [15.0] * 60)
    squares = (people**2).sum(axis=3)
    seen = np.stack([people.sum(axis=3), np.full(squares.shape, 15.0), squares], axis=-1)
    found = expected(one, seen, np.ones(60))
    # What is left is the error of a mean over 30 runs: 100 / 15 / 30.
    assert found.spread[0, 0] == pytest.approx(100.0 / 15.0 / 30.0, abs=0.25)


def test_a_draw_that_expects_what_was_seen_is_more_likely() -> None:
    one = statistic(SHARE, [8.0, 9.0], [12.0, 12.0])
    seen = np.stack([parts(np.full((4, 1, 2), 12.0 * share), 12.0) for share in (0.2, 0.7)])
    found = log_likelihoods([one], seen, np.ones(2), [ALONE])
    assert found[1] > found[0] + 5.0
    # Half of that is told by teams of which two say what one says.
    halved = log_likelihoods([one], seen, np.ones(2), [Common(0.0, 0.0, 2.0)])
    assert halved == pytest.approx(found / 2.0)


def test_the_whole_service_is_the_sum_of_its_teams() -> None:
    one = Statistic(
        "qpr15, week 9, all teams",
        LEVEL,
        np.array([ALL_TEAMS]),
        np.array([36.0]),
        np.array([100.0]),
        np.array([1.0]),
        (9,),
    )
    seen = np.array([[[[300.0, 10.0, 9100.0], [800.0, 20.0, 32200.0]]] * 2])
    assert expected(one, seen, np.ones(2)).mean[0, 0] == pytest.approx(1100.0 / 30.0)
