"""Effects by exposure, standardised risks and constrained baselines: worked values."""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.constrained_baseline import fit_constrained_baseline, long_trial
from sim.trials.analyses.exposure import (
    AT_EXPOSURE,
    AVERAGE,
    CONSTANT,
    LONG_TERM,
    begun_unseen,
    exposure_columns,
    exposure_of,
    exposure_weights,
    exposures,
    trial_of,
    trial_of_estimand,
    weighted,
)
from sim.trials.analyses.marginal_exposure import hotelling
from sim.trials.analyses.standardised import chosen_error, standardised, weighted_difference
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.gee import FAMILIES

LEVELS = np.array([1, 2, 4])


def test_weights_of_each_estimand() -> None:
    assert exposure_weights(LEVELS, AVERAGE) == pytest.approx([1 / 3] * 3)
    assert exposure_weights(LEVELS, LONG_TERM).tolist() == [0.0, 0.0, 1.0]
    assert exposure_weights(LEVELS, AT_EXPOSURE, 2).tolist() == [0.0, 1.0, 0.0]
    with pytest.raises(InputError, match="exposure_period = 3: .* must be one of 1, 2, 4"):
        exposure_weights(LEVELS, AT_EXPOSURE, 3)


@pytest.mark.parametrize("weights", [[1 / 3, 1 / 3, 1 / 3], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]])
def test_first_column_has_the_weighted_effect(weights: list[float]) -> None:
    """Least squares on the columns give in the first the weighted sum of effects by exposure."""
    exposure = np.array([0, 1, 2, 4])
    columns = exposure_columns(exposure, LEVELS, np.array(weights))
    effects = np.array([2.0, 3.0, 7.0])
    y = np.array([0.0, *effects])
    beta = np.linalg.lstsq(columns, y, rcond=None)[0]
    assert beta[0] == pytest.approx(np.array(weights) @ effects)
    assert columns @ beta == pytest.approx(y)
    own = weighted(LEVELS, np.array(weights))
    assert own.columns == pytest.approx(columns[1:])
    assert own.weights.tolist() == weights


CLUSTERS = np.repeat([0, 1, 2], 4)
PERIODS = np.tile(np.arange(4), 3)
TREATED = np.where(CLUSTERS == 0, PERIODS >= 1, (CLUSTERS == 1) & (PERIODS >= 3))


def trial(keep: np.ndarray | None = None, treated: np.ndarray = TREATED) -> AnalysedTrial:
    """Return a stepped wedge of three clusters, or some of its rows."""
    rows = np.ones(12, bool) if keep is None else keep
    x = np.column_stack([np.ones(12), treated, PERIODS]).astype(float)[rows]
    clusters = CLUSTERS[rows]
    effects = [RandomEffect("cluster", clusters)]
    return AnalysedTrial(x, np.sin(np.arange(12.0))[rows], 1, clusters, effects, PERIODS[rows])


def test_exposure_counts_periods_since_the_first_treated_one() -> None:
    found = exposure_of(CLUSTERS, PERIODS, TREATED)
    assert found is not None
    assert found.reshape(3, 4).tolist() == [[0, 1, 2, 3], [0, 0, 0, 1], [0, 0, 0, 0]]
    ends = TREATED & ~((CLUSTERS == 0) & (PERIODS == 3))
    assert exposure_of(CLUSTERS, PERIODS, ends) is None


def test_exposures_of_a_trial() -> None:
    found = exposures(trial())
    assert found is not None
    assert found[1].tolist() == [1, 2, 3]
    # None without periods, with one treated period, without control, or with more than two values.
    once = (CLUSTERS < 2) & (PERIODS == 3)
    assert exposures(trial(treated=once)) is None
    twice = exposures(trial(treated=(CLUSTERS < 2) & (PERIODS >= 2)))
    assert twice is not None
    assert twice[1].tolist() == [1, 2]
    assert exposures(trial(keep=TREATED)) is None
    assert exposures(trial(treated=TREATED * (1 + (PERIODS == 3)))) is None


def test_a_date_in_a_trial_of_two_arms_is_no_exposure() -> None:
    arms = CLUSTERS == 0
    late = trial(keep=PERIODS >= 1, treated=arms)
    assert begun_unseen(late) == 0
    assert exposures(late) is None
    first = exposures(trial(treated=arms))
    assert first is not None
    assert first[1].tolist() == [1, 2, 3, 4]


def test_clusters_that_may_have_begun_unseen_are_counted() -> None:
    assert begun_unseen(trial()) == 0
    assert begun_unseen(trial(keep=~((CLUSTERS == 1) & (PERIODS == 2)))) == 1
    assert begun_unseen(trial(keep=~((CLUSTERS == 1) & (PERIODS == 1)))) == 0
    assert begun_unseen(trial(keep=~((CLUSTERS == 0) & (PERIODS == 0)))) == 1


def test_a_trial_with_its_weighted_effect_tested() -> None:
    plain = trial()
    assert trial_of_estimand(plain, CONSTANT, None) is plain
    found = trial_of_estimand(plain, AVERAGE, None)
    assert found.tested == 1
    assert found.x.shape == (12, 5)
    exposure = exposure_of(CLUSTERS, PERIODS, TREATED)
    assert exposure is not None
    columns = exposure_columns(exposure, np.array([1, 2, 3]), np.full(3, 1 / 3))
    assert found.x == pytest.approx(np.column_stack([np.ones(12), columns, PERIODS]))
    assert trial_of(plain, exposure, np.array([1, 2, 3]), np.full(3, 1 / 3)).x == pytest.approx(
        found.x
    )
    with pytest.raises(InputError, match="no clusters that begin in different periods"):
        trial_of_estimand(trial(treated=(CLUSTERS < 2) & (PERIODS == 3)), AVERAGE, None)


def test_hotellings_test_of_one_contrast_is_the_t_test() -> None:
    beta, covariance = np.array([1.0, 3.0]), np.array([[0.5, 0.1], [0.1, 0.3]])
    one = hotelling(np.array([[-1.0, 1.0]]), beta, covariance, 9.0)
    t = 2.0 / sqrt(0.6)
    assert one[:3] == pytest.approx((t**2, 1, 9.0))
    assert one[3] == pytest.approx(2.0 * stats.t.sf(t, 9))
    both = hotelling(np.eye(2), beta, covariance, 9.0)
    squared = beta @ np.linalg.inv(covariance) @ beta
    assert both[:3] == pytest.approx((squared * 8.0 / 18.0, 2, 8.0))
    assert both[3] == pytest.approx(stats.f.sf(squared * 8.0 / 18.0, 2, 8.0))


def test_error_is_chosen_by_number_and_variation_of_clusters() -> None:
    """Fewer than ten clusters, or sizes with a coefficient of variation above 0.6."""
    assert chosen_error(np.full(9, 20.0)) == "FG"
    assert chosen_error(np.full(10, 20.0)) == "KC"
    # Half of sizes 1 - c and half 1 + c of ten: variation c sqrt(10 / 9).
    for variation, error in ((0.59, "KC"), (0.61, "FG")):
        c = variation * sqrt(0.9)
        assert chosen_error(np.repeat([1.0 - c, 1.0 + c], 5)) == error


BETA, COVARIANCE = np.array([log(0.25), log(2.0)]), np.array([[0.04, -0.03], [-0.03, 0.07]])
ON, OFF = np.array([[1.0, 1.0]] * 3), np.array([[1.0, 0.0]] * 3)


def test_rates_and_their_contrasts_by_the_delta_method() -> None:
    found = standardised(BETA, COVARIANCE, ON, OFF, FAMILIES["poisson"], inf)
    assert found["mean_treated"] == pytest.approx({"estimate": 0.5, "se": 0.5 * sqrt(0.05)})
    assert found["mean_control"] == pytest.approx({"estimate": 0.25, "se": 0.25 * 0.2})
    z = stats.norm.ppf(0.975)
    ratio = found["ratio"]
    assert (ratio["estimate"], ratio["se"]) == pytest.approx((2.0, sqrt(0.07)))
    assert ratio["low"] == pytest.approx(2.0 * np.exp(-z * sqrt(0.07)))
    assert ratio["high"] == pytest.approx(2.0 * np.exp(z * sqrt(0.07)))
    gradient = np.array([0.25, 0.5])
    se = sqrt(gradient @ COVARIANCE @ gradient)
    difference = found["difference"]
    assert (difference["estimate"], difference["se"]) == pytest.approx((0.25, se))
    assert difference["low"] == pytest.approx(0.25 - z * se)
    assert "odds_ratio" not in found
    shifted = standardised(
        BETA, COVARIANCE, ON, OFF, FAMILIES["poisson"], 8.0, np.log([1.0, 2.0, 3.0])
    )
    assert shifted["mean_treated"]["estimate"] == pytest.approx(1.0)
    assert shifted["ratio"]["high"] == pytest.approx(
        2.0 * np.exp(stats.t.ppf(0.975, 8) * sqrt(0.07))
    )


def test_risks_and_their_odds() -> None:
    """Odds 1/4 and 1/2: risks 1/5 and 1/3."""
    found = standardised(BETA, COVARIANCE, ON, OFF, FAMILIES["binomial"], 12.0)
    assert found["mean_control"]["estimate"] == pytest.approx(1 / 5)
    assert found["mean_treated"]["estimate"] == pytest.approx(1 / 3)
    assert found["mean_control"]["se"] == pytest.approx(0.16 * 0.2)
    odds = found["odds_ratio"]
    assert (odds["estimate"], odds["se"]) == pytest.approx((2.0, sqrt(0.07)))
    gradient = np.array([2 / 9 - 0.16, 2 / 9])
    se = sqrt(gradient @ COVARIANCE @ gradient)
    whole, error = weighted_difference(BETA, COVARIANCE, [(1.0, ON, OFF)], FAMILIES["binomial"])
    assert (whole, error) == pytest.approx((1 / 3 - 1 / 5, se))
    twice = [(0.5, ON, OFF), (1.5, ON, OFF)]
    assert weighted_difference(BETA, COVARIANCE, twice, FAMILIES["binomial"]) == pytest.approx(
        (2.0 * whole, 2.0 * error)
    )


def test_a_random_intercept_is_integrated_over() -> None:
    """The mean of a lognormal rate grows by exp(sd^2 / 2), and its logarithm with sd."""
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = COVARIANCE
    covariance[2, 2] = 0.01
    found = standardised(BETA, covariance, ON, OFF, FAMILIES["poisson"], inf, sd=0.8)
    mean = 0.25 * np.exp(0.32)
    assert found["mean_control"]["estimate"] == pytest.approx(mean)
    assert found["mean_control"]["se"] == pytest.approx(mean * sqrt(0.04 + 0.8**2 * 0.01))
    assert found["ratio"]["se"] == pytest.approx(sqrt(0.07))


def test_rows_of_a_trial_with_a_baseline() -> None:
    clusters, arm = np.array([5, 5, 8, 8]), np.array([0.0, 0.0, 1.0, 1.0])
    before, after = np.array([1.0, 2.0, 3.0, np.nan]), np.array([4.0, np.nan, 6.0, 7.0])
    found = long_trial(clusters, arm, before, after, np.array([[1.0], [2.0], [3.0], [4.0]]))
    assert found.y.tolist() == [1.0, 2.0, 3.0, 4.0, 6.0, 7.0]
    assert found.cluster.tolist() == [0, 0, 1, 0, 1, 1]
    assert found.cell.tolist() == [0, 0, 2, 1, 3, 3]
    assert found.person.tolist() == [0, 1, 2, 0, 2, 3]
    assert found.X.tolist() == [
        [1.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 2.0],
        [1.0, 0.0, 0.0, 3.0],
        [1.0, 0.0, 1.0, 1.0],
        [1.0, 1.0, 1.0, 3.0],
        [1.0, 1.0, 1.0, 4.0],
    ]


def test_one_person_measured_twice_is_enough_to_begin() -> None:
    clusters, arm = np.repeat(np.arange(6), 3), np.repeat(np.arange(6) % 2, 3).astype(float)
    before = np.sin(3.0 * np.arange(18.0))
    after = np.cos(5.0 * np.arange(18.0)) + 0.5 * before
    covariates = np.cos(np.arange(18.0))[:, None]
    names = fit_constrained_baseline(long_trial(clusters, arm, before, after, covariates)).names
    assert names == ("(Intercept)", "arm at follow-up", "follow-up", "covariate 1")
    late = np.where(np.arange(18) % 2 == 0, np.nan, after)
    early = np.where(np.arange(18) % 2 == 0, before, np.nan)
    with pytest.raises(InputError, match="nobody has both"):
        fit_constrained_baseline(long_trial(clusters, arm, early, late))
    late[0] = 1.0
    assert len(fit_constrained_baseline(long_trial(clusters, arm, early, late)).names) == 3
