"""Binary and count outcomes: variances, distributions, and correlations of what is latent."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.data.outcome_kind import (
    BINARY,
    CONTINUOUS,
    COUNT,
    Outcome,
    check_mean,
    correlation,
    cumulative,
    latent_correlations,
    latent_cross,
    outcome_of,
    outcomes,
    spread_words,
    variance_of,
    variation_of_rates,
)


def test_variances_of_binary_and_count_outcomes() -> None:
    assert variance_of(BINARY, 0.2) == pytest.approx(0.16)
    assert variance_of(COUNT, 4.0, 0.5) == pytest.approx(8.0)
    k = variation_of_rates(4.0, 0.1)
    assert (k * 4.0) ** 2 / variance_of(COUNT, 4.0, k) == pytest.approx(0.1)
    assert outcome_of(COUNT, 4.0, 0.1).variation == pytest.approx(k)
    assert outcome_of(BINARY, 0.2, 0.1) == Outcome(BINARY, 0.2, 0.0)
    assert Outcome(CONTINUOUS, 5.0).variance == 1.0
    assert spread_words(COUNT, 4.0, 2.0) == "a mean count under control of 4"


def test_means_that_an_outcome_can_have() -> None:
    for kind, fine in ((BINARY, 0.005), (BINARY, 0.995), (COUNT, 0.005), (COUNT, 1e4)):
        check_mean(kind, fine)
    check_mean(CONTINUOUS, -3.0)
    for wrong in (0.0, 1.0):
        with pytest.raises(InputError, match="must lie between 0 and 1"):
            check_mean(BINARY, wrong)
    for wrong in (0.0, 10_001.0):
        with pytest.raises(InputError, match="must be above 0, at most 10000"):
            check_mean(COUNT, wrong, "control mean")


@pytest.mark.parametrize("variation", [0.0, 0.05, 0.8])
def test_distribution_of_a_count(variation: float) -> None:
    """Poisson's, or the negative binomial whose rates have the coefficient of variation."""
    found = cumulative(COUNT, 3.0, variation)
    at = np.arange(len(found))
    if variation:
        size = 1.0 / variation**2
        expected = stats.nbinom.cdf(at, size, size / (size + 3.0))
    else:
        expected = stats.poisson.cdf(at, 3.0)
    assert found == pytest.approx(expected, abs=1e-12)
    assert 1.0 - found[-1] < 1e-9
    assert cumulative(BINARY, 0.3, 0.0) == pytest.approx([0.7])


def test_outcomes_are_quantiles_at_normal_numbers() -> None:
    normal = stats.norm.ppf([0.69, 0.71, 0.79, 0.81])
    means = np.array([0.3, 0.3, 0.2, 0.2])
    assert outcomes(BINARY, means, normal, 0.0).tolist() == [0.0, 1.0, 0.0, 1.0]
    share = np.array([0.01, 0.5, 0.9])
    counts = outcomes(COUNT, np.full(3, 3.0), stats.norm.ppf(share), 0.0)
    assert counts.tolist() == stats.poisson.ppf(share, 3.0).tolist()


def test_correlation_of_two_halves_is_the_arcsine() -> None:
    half = Outcome(BINARY, 0.5)
    for latent in (0.5, -0.5, 0.2):
        expected = 2.0 / np.pi * np.arcsin(latent)
        assert correlation(latent, half) == pytest.approx(expected, abs=1e-6)
    one = correlation(0.5, half, Outcome(CONTINUOUS))
    assert one == pytest.approx(0.5 * sqrt(2.0 / np.pi), abs=1e-6)
    assert latent_cross(half, half, -1.0 / 3.0) == pytest.approx(-0.5, abs=1e-5)
    assert latent_cross(half, half, 1.0 / 3.0) == pytest.approx(0.5, abs=1e-5)
    assert latent_cross(Outcome(CONTINUOUS), Outcome(CONTINUOUS), 0.9) == 0.9
    assert latent_cross(half, half, 0.0) == 0.0
    for wanted in (0.6, -0.6):
        with pytest.raises(InputError, match="cannot go together so closely"):
            latent_cross(Outcome(BINARY, 0.05), half, wanted, "cross")


def test_latent_correlations_give_back_those_of_halves() -> None:
    found = latent_correlations(BINARY, 0.5, 0.1, 0.8, 0.4, 0.5)
    latent = {one: np.sin(np.pi / 2.0 * one) for one in (0.1, 0.08, 0.04, 0.44)}
    assert found.icc == pytest.approx(latent[0.1], abs=1e-5)
    assert found.cac == pytest.approx(latent[0.08] / latent[0.1], abs=1e-4)
    assert found.cluster_decay == pytest.approx(latent[0.04] / latent[0.08], abs=1e-4)
    person = (latent[0.44] - latent[0.08]) / (1.0 - latent[0.1])
    assert found.iac == pytest.approx(person, abs=1e-4)
    alone = latent_correlations(BINARY, 0.5, 0.0, 1.0, 0.4, 1.0)
    assert (alone.icc, alone.cac, alone.cluster_decay) == (0.0, 1.0, 1.0)
    small = latent_correlations(BINARY, 0.5, 0.005, 1.0, 0.0, 1.0)
    assert small.icc == pytest.approx(np.sin(np.pi / 2.0 * 0.005), rel=1e-3)
    with pytest.raises(InputError, match="icc = 0.99: outcomes with the mean 0.01 cannot be"):
        latent_correlations(BINARY, 0.01, 0.99, 1.0, 0.0, 1.0)
