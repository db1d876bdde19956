"""Scores and values of parameters: quantiles of SciPy's priors, and back; keyed draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from calibration.sampling.priors import GRID, Space, described, hypercube, make_space
from sim.errors import InputError
from tests.calibration.conftest import small_space

SPACE = small_space()


def test_a_score_is_the_normal_quantile_of_its_value() -> None:
    scores = np.array([[-1.0, 0.0], [0.0, 1.0], [1.5, -2.0]])
    values = SPACE.values(scores)
    # The override: uniform on .05 to .6.
    assert values[:, 0] == pytest.approx(0.05 + 0.55 * norm.cdf(scores[:, 0]), abs=1e-4)
    assert SPACE.scores(values) == pytest.approx(scores, abs=1e-4)
    assert SPACE.values(scores[:, 1:], ["effect_full"])[:, 0].tolist() == values[:, 1].tolist()
    assert (SPACE.size, SPACE.calibrated) == (2, ("dropout_yearly", "effect_full"))
    assert [SPACE.names[one] for one in SPACE.places] == list(SPACE.calibrated)


def test_the_override_keeps_its_source_and_says_why() -> None:
    one = described()["dropout_yearly"]
    assert one.source.endswith("P6 would be counted twice")
    assert "0.05" in str(one.prior)
    assert "0.6" in str(one.prior)


def test_scores_reach_five_standard_deviations_on_both_sides() -> None:
    assert (GRID[0], GRID[-1]) == (-5.0, 5.0)
    ends = SPACE.values(np.array([[-9.0, 0.0], [9.0, 0.0]]))[:, 0]
    assert ends == pytest.approx([0.05, 0.6], abs=1e-6)


def test_the_median_of_a_prior_is_exact_and_a_value_at_its_bound_has_the_lowest_score() -> None:
    assert SPACE.values(np.zeros((1, 2)))[0, 0] == pytest.approx(0.325, abs=1e-12)
    assert len(GRID) == 2001
    assert GRID[1000] == 0.0
    # A prior of which a sixth lies at the lower bound.
    cut = Space(("a",), ("a",), np.clip(GRID, -1.0, 9.0)[None], np.zeros(()))
    assert cut.scores(np.array([[-1.0], [0.5]])) == pytest.approx(np.array([[-5.0], [0.5]]))


def test_records_hold_calibrated_scores_and_the_background_of_the_rest() -> None:
    background = np.stack([SPACE.background(1, 0), SPACE.background(1, 1)])
    calibrated = np.array([[0.0, 1.0], [-1.0, 0.0]])
    records = SPACE.records(calibrated, background)
    np.testing.assert_allclose(
        np.column_stack([records[one] for one in SPACE.calibrated]), SPACE.values(calibrated)
    )
    other = next(one for one in SPACE.names if one not in SPACE.calibrated)
    column = SPACE.names.index(other)
    np.testing.assert_allclose(records[other], SPACE.values(background[:, [column]], [other])[:, 0])
    assert not np.shares_memory(records, background)


def test_the_background_is_standard_normal_and_keyed_by_seed_and_replication() -> None:
    first = SPACE.background(1, 2)
    np.testing.assert_array_equal(first, SPACE.background(1, 2))
    assert not np.allclose(first, SPACE.background(1, 3))
    assert not np.allclose(first, SPACE.background(2, 2))
    # The key is part of what a stored fit rests on.
    own = np.random.Generator(np.random.Philox(key=[2, 104_729 + 5]))
    np.testing.assert_array_equal(SPACE.background(2, 5), own.standard_normal(len(SPACE.names)))
    many = np.stack([SPACE.background(3, one) for one in range(100)])
    assert many.mean() == pytest.approx(0.0, abs=0.05)
    assert many.std() == pytest.approx(1.0, abs=0.03)


def test_a_hypercube_has_one_point_in_every_stratum_of_every_direction() -> None:
    found = hypercube(50, 3, 1)
    strata = np.floor(50 * norm.cdf(found)).astype(int)
    for column in strata.T:
        assert sorted(column) == list(range(50))
    assert not np.allclose(found, hypercube(50, 3, 2))
    assert not (strata[:, 0] == strata[:, 1]).all()
    # One point is anywhere, by the second draw of a key of its own.
    own = np.random.Generator(np.random.Philox(key=[2, 15_485_863]))
    own.random((1, 3))
    assert norm.cdf(hypercube(1, 3, 2)) == pytest.approx(own.random((1, 3)))


def test_an_unknown_parameter_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="effect_full"):
        make_space(("effect_fall",))
