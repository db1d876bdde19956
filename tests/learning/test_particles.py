"""The sampler against a conjugate case worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from sim.learning.particles import Block, informed, update_draws

COUNT = 800
LEVELS = ndtri((np.arange(COUNT) + 0.5) / COUNT)


def normal_draws(seed: int) -> list[dict[str, float]]:
    """Draws of a standard normal x, and of a y that nothing observes."""
    other = np.random.default_rng(seed).permutation(LEVELS)
    return [{"x": float(x), "y": float(y)} for x, y in zip(LEVELS, other, strict=True)]


def of_x(draws: list[dict[str, float]]) -> np.ndarray:
    return np.array([[one["x"]] for one in draws])


@pytest.mark.parametrize(
    ("observed", "error"),
    [(0.5, 1.0), (2.0, 0.2)],
    ids=["weights are enough", "weights collapse"],
)
def test_a_normal_mean_with_a_normal_prior(observed: float, error: float) -> None:
    """Prior N(0, 1), one observation with error e: mean o / (1 + e^2), variance e^2 / (1 + e^2)."""
    draws = normal_draws(1)
    found = update_draws(
        draws,
        of_x(draws),
        ("x",),
        of_x,
        lambda seen: -0.5 * ((observed - seen[:, 0]) / error) ** 2,
        seed=3,
    )
    x, y = (np.array([one[name] for one in found.draws]) for name in ("x", "y"))
    room = error**2 / (1.0 + error**2)
    assert x.mean() == pytest.approx(observed / (1.0 + error**2), abs=4.0 * np.sqrt(room / 200))
    assert x.std() == pytest.approx(np.sqrt(room), rel=0.15)
    # What nothing informs stays where it was.
    assert (y.mean(), y.std()) == pytest.approx((0.0, 1.0), abs=0.15)
    assert found.seen[:, 0] == pytest.approx(x)


def test_collapsed_weights_are_rejuvenated() -> None:
    """Weights alone would leave about 20 of 800 draws; moved draws differ nearly all."""
    draws = normal_draws(2)

    def fit(seen: np.ndarray) -> np.ndarray:
        return -0.5 * ((2.0 - seen[:, 0]) / 0.1) ** 2

    found = update_draws(draws, of_x(draws), ("x",), of_x, fit, seed=4)
    assert found.ess < 0.1 * COUNT
    assert len({one["x"] for one in found.draws}) > 0.9 * COUNT
    assert found.carried > 0.3 * COUNT
    assert found.temperatures[-1] == 1.0


def test_without_an_observation_nothing_moves() -> None:
    draws = normal_draws(5)
    found = update_draws(draws, of_x(draws), ("x",), of_x, lambda seen: np.zeros(len(seen)), seed=1)
    assert found.ess == pytest.approx(COUNT)
    assert sorted(of_x(found.draws)[:, 0]) == pytest.approx(LEVELS)


def test_a_block_returns_its_own_values() -> None:
    draws = normal_draws(6)
    block, scores = Block.of(draws, ("x", "y"), {"y": (-1.0, 1.0)})
    found = block.values(scores)
    assert found[:, 0] == pytest.approx(LEVELS)
    assert found[:, 1].max() == 1.0
    # Beyond the draws the tails are those of a normal.
    far = block.values(np.array([[5.0, 0.0]]))[0, 0]
    assert far == pytest.approx(5.0, abs=0.1)


def test_parameters_that_move_what_is_simulated_are_found() -> None:
    draws = normal_draws(7)
    assert informed(draws, ("x", "y"), of_x(draws)) == ("x",)
    assert informed(draws, (), of_x(draws)) == ()
