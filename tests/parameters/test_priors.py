"""Claims about priors: each family has the moments it should, within the bounds, reproducibly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from sim.errors import InputError
from sim.parameters import Parameter, Prior, prior_distribution, registry, sample_prior

BASE = Parameter(
    "x", "training", "X", "unit", 0.5, (-100.0, 100.0), Prior("fixed"), "assumption", "s", "h"
)


def with_prior(
    family: str, bounds: tuple[float, float] = (-100.0, 100.0), **arguments: float
) -> Parameter:
    return replace(BASE, prior=Prior(family, tuple(arguments.items())), bounds=bounds)


# Prior, and its mean and standard deviation from textbook formulas, bounds far away.
WHOLE = [
    (with_prior("normal", mean=2.0, sd=0.5), 2.0, 0.5),
    (with_prior("uniform", low=-1.0, high=3.0), 1.0, 4.0 / 12.0**0.5),
    (with_prior("beta", a=2.0, b=6.0), 0.25, (12.0 / (64.0 * 9.0)) ** 0.5),
    (
        with_prior("lognormal", median=2.0, sigma=0.3),
        2.0 * np.exp(0.045),
        2.0 * np.exp(0.045) * np.sqrt(np.exp(0.09) - 1.0),
    ),
    (with_prior("halfnormal", sd=1.5), 1.5 * (2 / np.pi) ** 0.5, 1.5 * (1 - 2 / np.pi) ** 0.5),
    (
        with_prior("triangular", low=0.0, mode=1.0, high=5.0),
        2.0,
        ((0.0 + 1.0 + 25.0 - 0.0 - 0.0 - 5.0) / 18.0) ** 0.5,
    ),
]
CUT = [
    with_prior("normal", (1.5, 2.2), mean=2.0, sd=0.5),
    with_prior("uniform", (0.0, 10.0), low=-1.0, high=3.0),
    with_prior("beta", (0.1, 0.3), a=2.0, b=6.0),
    with_prior("beta", (0.001, 0.9), a=0.5, b=0.5),
    with_prior("lognormal", (1.0, 2.5), median=2.0, sigma=0.3),
    with_prior("halfnormal", (0.5, 2.0), sd=1.5),
    with_prior("triangular", (0.5, 3.0), low=0.0, mode=1.0, high=5.0),
]


def family(case: object) -> str:
    return case.prior.family if isinstance(case, Parameter) else ""


@pytest.mark.parametrize(("parameter", "mean", "sd"), WHOLE, ids=family)
def test_samples_have_the_moments_of_the_family(
    parameter: Parameter, mean: float, sd: float
) -> None:
    drawn = sample_prior(4000, 1, {"x": parameter})["x"]
    # A stratified sample of 4000 is far closer than this; a wrong argument is far off.
    assert drawn.mean() == pytest.approx(mean, abs=0.005 * sd)
    assert drawn.std() == pytest.approx(sd, rel=0.02)
    assert prior_distribution(parameter).mean() == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("parameter", CUT, ids=family)
def test_truncation_rescales_and_stays_inside(parameter: Parameter) -> None:
    whole = prior_distribution(replace(parameter, bounds=(-100.0, 100.0)))
    cut = prior_distribution(parameter)
    low, high = (
        max(parameter.bounds[0], whole.support()[0]),
        min(parameter.bounds[1], whole.support()[1]),
    )
    assert cut.support() == (low, high)
    # Independent of how the truncation is written: the parent's density over an integral of it.
    mass = integrate.quad(whole.pdf, low, high)[0]
    mean = integrate.quad(lambda x: x * whole.pdf(x), low, high)[0] / mass
    middle = (low + high) / 2.0
    assert cut.pdf(middle) == pytest.approx(whole.pdf(middle) / mass, rel=1e-6)
    assert cut.logpdf(middle) == pytest.approx(np.log(cut.pdf(middle)))
    assert cut.cdf(middle) == pytest.approx(integrate.quad(cut.pdf, low, middle)[0], rel=1e-6)
    assert cut.cdf(cut.ppf([0.1, 0.5, 0.9])) == pytest.approx([0.1, 0.5, 0.9])
    drawn = sample_prior(2000, 3, {"x": parameter})["x"]
    assert drawn.mean() == pytest.approx(mean, abs=0.01 * (high - low))
    assert drawn.min() >= low
    assert drawn.max() <= high


@pytest.mark.parametrize("parameter", CUT, ids=family)
def test_nothing_is_likely_outside_the_bounds(parameter: Parameter) -> None:
    cut = prior_distribution(parameter)
    low, high = parameter.bounds
    assert cut.pdf([low - 0.01, high + 0.01]) == pytest.approx([0.0, 0.0])
    assert np.all(np.isneginf(cut.logpdf([low - 0.01, high + 0.01])))


def test_the_truncated_normal_is_that_of_scipy() -> None:
    ours = prior_distribution(CUT[0])
    theirs = stats.truncnorm(-1.0, 0.4, loc=2.0, scale=0.5)
    points = np.linspace(1.5, 2.199, 9)
    np.testing.assert_allclose(ours.pdf(points), theirs.pdf(points), rtol=1e-12)
    np.testing.assert_allclose(ours.cdf(points), theirs.cdf(points), atol=1e-12)


def test_every_stratum_is_drawn_once() -> None:
    parameter = with_prior("uniform", (0.0, 1.0), low=0.0, high=1.0)
    drawn = sample_prior(50, 9, {"x": parameter})["x"]
    assert sorted(np.floor(drawn * 50).astype(int)) == list(range(50))


def test_a_fixed_parameter_keeps_its_default_and_has_no_distribution() -> None:
    assert set(sample_prior(5, 1, {"x": BASE})["x"]) == {0.5}
    with pytest.raises(InputError, match=r"^parameter 'x': its prior is fixed at 0.5"):
        prior_distribution(BASE)


@given(st.integers(1, 40), st.integers(0, 2**70))
def test_equal_seeds_give_equal_samples_whatever_stands_beside(n: int, seed: int) -> None:
    one, other = CUT[0], CUT[5]
    alone = sample_prior(n, seed, {"x": one})["x"]
    beside = sample_prior(n, seed, {"y": replace(other, name="y"), "x": one})["x"]
    assert alone.tobytes() == beside.tobytes()


def test_seeds_and_names_give_different_samples() -> None:
    one = CUT[0]
    sample = sample_prior(20, 1, {"x": one, "y": replace(one, name="y")})
    assert not np.array_equal(sample["x"], sample["y"])
    assert not np.array_equal(sample["x"], sample_prior(20, 2, {"x": one})["x"])


@pytest.mark.parametrize(
    ("n", "seed", "said"),
    [
        (0, 1, "n = 0: must be a whole number of at least 1"),
        (2.5, 1, "n = 2.5: must be a whole number of at least 1"),
        (True, 1, "n = True: must be a whole number of at least 1"),
        (5, -1, "seed = -1: must be a whole number of at least 0"),
    ],
)
def test_sizes_and_seeds_are_checked(n: int, seed: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        sample_prior(n, seed, {"x": BASE})
    assert str(caught.value) == said


def test_shipped_priors_stay_in_bounds_and_allow_the_default() -> None:
    shipped = registry()
    sample = sample_prior(64, 1)
    assert sample.dtype.names == (tuple(shipped) or None)
    for name, parameter in shipped.items():
        low, high = parameter.bounds
        assert low <= sample[name].min() <= sample[name].max() <= high, name
        if parameter.varies:
            prior = prior_distribution(parameter)
            assert sample[name].std() > 0.0, name
            # Just inside, because on its edge a density may count as outside or be infinite.
            inside = np.clip(parameter.default, *prior.ppf([1e-9, 1.0 - 1e-9]))
            density = prior.pdf(inside) / prior.pdf(prior.median())
            assert density > 0.001, f"{name}: the prior all but rules out the default"
