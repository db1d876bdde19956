"""How closely two outcomes can go together, worked by hand."""

from __future__ import annotations

from math import sqrt

import pytest

from sim.errors import InputError
from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.second_outcome import (
    largest,
    second_file,
    share_of,
    shared_draws,
    shared_of_outcomes,
)


def test_the_largest_covariance_of_two_outcomes() -> None:
    """Lasting parts go with lasting ones: sqrt(.04 x .09) times sqrt(.5 x .5) twice is .06."""
    assert largest((0.04, 0.5, 0.0), (0.09, 0.5, 0.0)) == pytest.approx(
        (0.06, sqrt(0.96 * 0.91)), rel=1e-12
    )
    # All lasting in one, nothing in the other: no covariance at all.
    assert largest((0.04, 1.0, 1.0), (0.09, 0.0, 0.0)) == pytest.approx((0.0, 0.0))
    assert largest((0.5, 0.8, 0.2), (0.5, 0.2, 0.8)) == pytest.approx((0.4, 0.4))
    assert [share_of(*one) for one in ((0.3, 0.6), (0.9, 0.6), (-0.9, 0.6), (0.1, 0.0))] == [
        0.5,
        1.0,
        -1.0,
        0.0,
    ]


def test_a_second_outcome_s_draws() -> None:
    """ICC .1 both: of teams .06 / .1, of people (.46 - .06) / .9; not beyond .1 and .9."""

    def file(within: float, between: float) -> DesignFile:
        second = {"effect": 2.0, "sd": 4.0, "icc": 0.1, "within": within, "between": between}
        own = {"icc": 0.1, "period_effects": [0.0, 1.0, 2.0, 3.0, 4.0]}
        design = {"type": "stepped wedge", "clusters": 12}
        return design_from_table({"design": design, "statistical": own, "co_primary": second})

    for of in (shared_draws, shared_of_outcomes):
        assert of(file(0.46, 0.06)) == pytest.approx((0.6, 0.4 / 0.9))
        assert of(file(1.0, 0.1)) == pytest.approx((1.0, 1.0))
    with pytest.raises(InputError, match="no two outcomes"):
        file(0.5, 0.105)
    other = second_file(file(0.46, 0.06)).statistical
    assert other is not None
    assert (other.effect, other.sd, other.icc) == (2.0, 4.0, 0.1)
    assert other.period_effects == (0.0, 1.0, 2.0, 3.0, 4.0)
