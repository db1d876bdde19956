"""Design effects and variances of correlations, worked by hand."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.correlation import (
    VarianceComponents,
    check_positive,
    check_share,
    design_effect,
    from_correlations,
)


def test_design_effect_by_hand() -> None:
    assert design_effect(21.0, 0.05) == pytest.approx(2.0)
    assert design_effect(20.0, 0.05, 0.5) == pytest.approx(2.2)


def test_variances_of_correlations_add_up() -> None:
    found = from_correlations(50.0, 0.1, 0.8, 0.4)
    parts = (found.cluster, found.cluster_period, found.individual, found.residual)
    assert parts == pytest.approx((4.0, 1.0, 18.0, 27.0))
    plain = from_correlations(50.0, 0.1)
    assert (plain.cluster_period, plain.individual) == (0.0, 0.0)
    for wrong in ({"variance": 0.0}, {"icc": 1.5}, {"cac": -0.1}, {"iac": 2.0}):
        with pytest.raises(InputError, match=f"{next(iter(wrong))}: .* must"):
            from_correlations(**{"variance": 1.0, "icc": 0.1, **wrong})


def test_covariance_of_cell_means_by_hand() -> None:
    """Two periods with 4 and 8 people, of which the second is treated."""
    parts = VarianceComponents(16.0, 9.0, 2.0, 8.0, 4.0, 0.5, 0.5, 0.25)
    found = parts.cell_covariance(np.array([0.0, 1.0]), np.array([4.0, 8.0]))
    cross = 0.5 * 6.0
    assert found == pytest.approx(
        np.array(
            [
                [9.0 + 2.0 + 4.0 + 2.0, 4.5 + 0.25 + cross],
                [4.5 + 0.25 + cross, 9.0 + 2.0 + 2.0 + 1.0 + 4.0 + 2.0 * cross],
            ]
        )
    )
    plain = VarianceComponents(16.0, 9.0, individual=8.0)
    still = plain.cell_covariance(np.zeros(3), np.full(3, 8.0))
    assert still == pytest.approx(np.full((3, 3), 10.0) + 2.0 * np.eye(3))


def test_what_is_not_given_varies_nothing() -> None:
    sizes, treated = np.array([4.0, 8.0]), np.array([0.0, 1.0])
    found = VarianceComponents(16.0).cell_covariance(treated, sizes)
    assert found.tolist() == [[4.0, 0.0], [0.0, 2.0]]
    both = VarianceComponents(0.0, 1.0, treatment=1.0).cell_covariance(treated, sizes)
    assert both.tolist() == [[1.0, 1.0], [1.0, 2.0]]


def test_bounds_of_shares_and_variances() -> None:
    for fine in (0.0, 1.0):
        check_share("icc", fine)
    for wrong in (-0.001, 1.001):
        with pytest.raises(InputError, match="must lie between 0 and 1"):
            check_share("icc", wrong)
    check_positive("variance", 0.001)
    for wrong in (0.0, inf, nan):
        with pytest.raises(InputError, match="must be greater than 0"):
            check_positive("variance", wrong)
    for name in ("residual", "cluster", "cluster_period", "individual", "treatment"):
        VarianceComponents(**{"residual": 1.0, name: 0.0})
        for wrong in (-0.001, inf):
            with pytest.raises(InputError, match=f"variance '{name}'"):
                VarianceComponents(**{"residual": 1.0, name: wrong})
    for fine in (-1.0, 1.0):
        VarianceComponents(1.0, treatment_correlation=fine)
    for wrong in (-1.005, 1.005):
        with pytest.raises(InputError, match="must lie between -1 and 1"):
            VarianceComponents(1.0, treatment_correlation=wrong)
    for name in ("cluster_decay", "individual_decay"):
        with pytest.raises(InputError, match=name):
            VarianceComponents(1.0, **{name: 1.1})
