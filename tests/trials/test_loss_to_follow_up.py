"""Loss of statistical outcomes: the declared share is lost, by the declared mechanism."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.data.statistical import Correlations, StatisticalSource, loss_intercept
from sim.trials.designs.design import Attrition, Design, crossover, parallel, stepped_wedge
from tests.trials.closed_forms import from_matrix

SOURCE = StatisticalSource(
    40.0,
    10.0,
    Correlations(0.05, 0.8, 0.6),
    5.0,
    effect_sd=4.0,
    period_effects=(0.0, 2.0, 3.0),
)
COHORT = parallel(20, 15.0, baseline="ancova")
DESIGNS = {
    "cohort": COHORT,
    "one period": parallel(20, 15.0),
    "open cohort": stepped_wedge(3, 6, 10.0, sampling="open cohort", churn=0.3),
    "closed wedge": stepped_wedge(3, 6, 10.0, sampling="closed cohort"),
    "crossover": crossover(10, 10.0),
}


def lost_shares(design: Design, trials: int = 150) -> np.ndarray:
    """Return the share lost of all asked who could be lost, in each of some trials."""
    found = []
    for number in range(trials):
        data = SOURCE.simulate(design, 5, number)
        cohort = design.sampling != "cross-sectional" and design.periods > 1
        asked = data.period > 0 if cohort else np.ones(len(data.period), bool)
        found.append(np.isnan(data.outcome[asked]).mean())
    return np.array(found)


@pytest.mark.parametrize(
    ("name", "mechanism", "slope", "arm_difference"),
    [
        ("cohort", "at random", 2.0, 0.0),
        ("cohort", "at random", -1.5, 1.0),
        ("cohort", "not at random", 5.0, -1.0),
        ("cohort", "completely at random", 0.0, 2.0),
        ("one period", "not at random", 2.0, 0.0),
        ("open cohort", "at random", 2.0, 0.5),
        ("closed wedge", "not at random", 1.0, 0.0),
        ("crossover", "not at random", 1.0, 0.5),
    ],
)
def test_the_share_lost_is_the_rate(
    name: str, mechanism: str, slope: float, arm_difference: float
) -> None:
    design = replace(DESIGNS[name], attrition=Attrition(0.3, mechanism, slope, arm_difference))
    shares = lost_shares(design)
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    assert error < 0.004
    assert abs(shares.mean() - 0.3) < 3.5 * error


def test_without_a_slope_the_intercept_is_the_log_odds_of_the_rate() -> None:
    design = replace(COHORT, attrition=Attrition(0.2, "not at random"))
    assert loss_intercept(design, SOURCE) == pytest.approx(np.log(0.2 / 0.8))


def test_with_a_steep_slope_the_naive_intercept_would_lose_another_share() -> None:
    """What is corrected is not small: at a slope of 3 the log odds of .1 lose about twice .1."""
    design = replace(COHORT, attrition=Attrition(0.1, "at random", 3.0))
    naive = np.log(0.1 / 0.9)
    z = np.random.default_rng(1).standard_normal(100_000)
    would_lose = (1.0 / (1.0 + np.exp(-(naive + 3.0 * z)))).mean()
    assert would_lose > 0.17
    assert loss_intercept(design, SOURCE) < naive - 1.0


def test_loss_at_random_follows_the_baseline_that_was_seen() -> None:
    design = replace(COHORT, attrition=Attrition(0.3, "at random", 2.0))
    data = SOURCE.simulate(design, 1, 1)
    _, _, _, base, follow = data.pairs(0, 1)
    assert not np.isnan(base).any()
    assert base[np.isnan(follow)].mean() > base[~np.isnan(follow)].mean() + 5.0


@pytest.mark.parametrize(
    ("design", "told"),
    [
        (DESIGNS["one period"], "people of a cross-section"),
        (DESIGNS["crossover"], "people of a cross-section"),
        (from_matrix([[1]] * 4 + [[0]] * 4, 9.0, sampling="closed cohort"), "with one period"),
        (
            from_matrix([[3, 1, 1], [0, 0, 1]] * 4, 9.0, sampling="closed cohort"),
            "not measured in the first period",
        ),
    ],
)
def test_loss_at_random_needs_a_baseline(design: Design, told: str) -> None:
    with pytest.raises(InputError, match=f"attrition.mechanism = 'at random'.*{told}"):
        replace(design, attrition=Attrition(0.3, "at random", 1.0))
    # Without any loss the mechanism says nothing.
    replace(design, attrition=Attrition(0.0, "at random", 1.0))


def test_churn_replaces_the_stated_share_of_people_each_period() -> None:
    # 0.3 come anew each period: of those in the third 0.7 x 0.7 = 0.49 are still the first.
    design = stepped_wedge(2, 200, 50.0, sampling="open cohort", churn=0.3)
    data = SOURCE.simulate(design, 1, 1)
    first = set(data.person[data.period == 0])
    for period, share in ((1, 0.7), (2, 0.49)):
        now = data.person[data.period == period]
        stayed = np.mean([one in first for one in now])
        assert stayed == pytest.approx(share, abs=0.01)
