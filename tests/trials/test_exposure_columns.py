"""Exposure of clusters, its columns and weights: worked on three clusters."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
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
from sim.trials.fits.cell_sums import RandomEffect

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
