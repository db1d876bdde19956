"""The sampler on problems with a known answer: normal algebra, evidence, and its bookkeeping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from calibration.sampling.smc import Sample, generator, tempered_smc
from sim.learning.weights import next_temperature

NOISE = 0.3


def about_one(scores: np.ndarray, stage: str) -> np.ndarray:
    """One observation of 1 with SD .3 of the first score; the second is not seen."""
    return -0.5 * ((1.0 - scores[:, 0]) / NOISE) ** 2 - math.log(NOISE * math.sqrt(2 * math.pi))


@pytest.fixture(scope="module")
def sample() -> Sample:
    return tempered_smc(about_one, 2, particles=8000, length=8, seed=3)


def test_mean_variance_and_evidence_are_those_of_normal_algebra(sample: Sample) -> None:
    """Precision 1 + 1 / .09; the observation is normal with variance 1 + .09 beforehand."""
    precision = 1.0 + NOISE**-2
    assert sample.scores[:, 0].mean() == pytest.approx(NOISE**-2 / precision, abs=0.02)
    assert sample.scores[:, 0].std() == pytest.approx(precision**-0.5, rel=0.05)
    assert sample.scores[:, 1].mean() == pytest.approx(0.0, abs=0.06)
    assert sample.scores[:, 1].std() == pytest.approx(1.0, rel=0.05)
    expected = -0.5 / (1.0 + NOISE**2) - 0.5 * math.log(2 * math.pi * (1.0 + NOISE**2))
    assert sample.log_evidence == pytest.approx(expected, abs=0.05)
    np.testing.assert_allclose(sample.log_likelihood, about_one(sample.scores, ""))


def test_the_books_of_a_run_add_up(sample: Sample) -> None:
    steps = len(sample.temperatures)
    assert sample.temperatures == sorted(sample.temperatures)
    assert sample.temperatures[-1] == 1.0
    # The prior's particles, then seven moves of a thousand chains at every temperature.
    assert sample.evaluations == 8000 + steps * 7 * 1000
    assert len(sample.scores) == 8000
    assert all(one == pytest.approx(4000.0, rel=0.01) for one in sample.ess[:-1])
    assert all(0.0 < one < 1.0 for one in sample.acceptance)
    assert all(1000 <= one <= 8000 for one in sample.unique)


def test_a_flat_likelihood_is_the_prior_in_one_step_that_accepts_all() -> None:
    """A proposal from a normal fitted to normal particles is hardly ever refused."""
    told: list[str] = []
    stages: list[str] = []

    def flat(scores: np.ndarray, stage: str) -> np.ndarray:
        stages.append(stage)
        return np.zeros(len(scores))

    found = tempered_smc(flat, 1, particles=2000, length=4, seed=1, report=told.append)
    assert found.temperatures == [1.0]
    assert found.log_evidence == 0.0
    assert found.ess == pytest.approx([2000.0])
    assert found.acceptance[0] > 0.97
    assert stages == ["smc-prior", "smc-01-1", "smc-01-2", "smc-01-3"]
    accepted = f"{found.acceptance[0]:.2f}"
    assert told == [f"temperature 1.000, effective sample size 2000, accepted {accepted}"]


def test_small_steps_stay_near_and_defaults_are_a_thousand_in_chains_of_four() -> None:
    def tilt(scores: np.ndarray, stage: str) -> np.ndarray:
        return 0.1 * scores[:, 0]

    near = tempered_smc(tilt, 1, step=0.1, seed=2)
    assert len(near.scores) == 1000
    assert near.evaluations == 1000 + 3 * 250
    chains = near.scores[:, 0].reshape(4, -1)
    # A Crank-Nicolson step of .1 moves a standard normal by .1 SD, about.
    assert np.abs(chains[1] - chains[0]).mean() == pytest.approx(0.08, abs=0.01)
    far = tempered_smc(tilt, 1, particles=8000, seed=2).scores[:, 0].reshape(4, -1)
    # The default of .95 leaves sqrt(1 - .95^2) = .31 of where a particle stood.
    assert np.corrcoef(far[0], far[1])[0, 1] == pytest.approx(0.31, abs=0.04)


def test_the_share_is_kept_between_temperatures() -> None:
    found = tempered_smc(about_one, 2, particles=1000, share=0.8, seed=1)
    assert all(one == pytest.approx(800.0, rel=0.01) for one in found.ess[:-1])
    half = tempered_smc(about_one, 2, particles=1000, seed=1)
    assert half.ess[0] == pytest.approx(500.0, rel=0.01)


def test_a_generator_is_keyed_by_all_of_its_labels() -> None:
    first = generator(1, 2, 3).random()
    assert first == generator(1, 2, 3).random()
    assert len({first, generator(2, 2, 3).random(), generator(1, 3, 3).random()}) == 3


def test_sampler_keeps_the_spread_of_what_the_data_do_not_inform() -> None:
    # Particles that stay near few ancestors would make intervals too short.
    def informed(z: np.ndarray, stage: str) -> np.ndarray:
        return np.asarray(norm.logpdf(1.0, 2.5 * z[:, 0]) + norm.logpdf(2.0, z[:, 1], 0.3))

    spreads = [
        tempered_smc(informed, 12, particles=500, length=10, seed=seed).scores[:, 2:].var(axis=0)
        for seed in range(8)
    ]
    assert np.mean(spreads) > 0.92
    assert np.mean(spreads) < 1.04


def test_temperatures_keep_the_effective_sample_size() -> None:
    values = np.random.default_rng(0).normal(0.0, 20.0, 500)
    following = next_temperature(values, 0.0, 0.5)
    weights = np.exp(following * (values - values.max()))
    weights /= weights.sum()
    assert 1.0 / (weights**2).sum() == pytest.approx(250.0, rel=0.02)
    assert next_temperature(np.zeros(10), 0.3, 0.5) == 1.0


def test_a_constant_is_the_evidence_and_accepted_is_what_moved() -> None:
    found = tempered_smc(lambda scores, stage: np.full(len(scores), -100.0), 2, particles=400)
    assert found.log_evidence == pytest.approx(-100.0)
    chains = found.scores[:, 0].reshape(4, -1)
    assert found.acceptance == pytest.approx([float((np.diff(chains, axis=0) != 0.0).mean())])


def test_moves_fit_a_posterior_that_is_narrow() -> None:
    """An SD of a two-hundredth: what keeps the fit from collapsing must not widen it."""

    def sharp(scores: np.ndarray, stage: str) -> np.ndarray:
        return -0.5 * (scores[:, 0] / 0.005) ** 2

    found = tempered_smc(sharp, 1, particles=1000, seed=4)
    assert found.acceptance[-1] > 0.6
    assert found.scores.std() == pytest.approx(0.005, rel=0.15)
