"""How closely two outcomes can go together, worked by hand."""

from __future__ import annotations

from math import pi, sin, sqrt
from typing import Any

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


def test_small_covariances_are_shares_too() -> None:
    assert share_of(0.002, 0.005) == pytest.approx(0.4)


PLAIN = {"icc": 0.1, "cac": 1.0, "iac": 0.0, "exposure": [0.5, 1.0]}


def two_kinds(own: dict[str, Any], second: dict[str, Any], **tables: Any) -> DesignFile:
    wedge = {"type": "stepped wedge", "clusters": 12}
    return design_from_table({"design": wedge, "statistical": own, "co_primary": second, **tables})


def test_a_binary_outcome_s_draws_are_normal_numbers_behind_it() -> None:
    """Halves: an ICC of .2 has sin(.2 pi / 2) behind it; with scores r is 2 phi(0) of r there."""
    second = {"outcome": "binary", "mean": 0.5, "effect": 0.1, "icc": 0.2}
    file = two_kinds(PLAIN, {**second, "within": 0.15, "between": 0.06})
    icc, shown = sin(0.1 * pi), 2.0 / sqrt(2.0 * pi)
    teams = 0.06 / shown / sqrt(0.1 * icc)
    people = 0.09 / shown / sqrt(0.9 * (1.0 - icc))
    assert shared_draws(file) == pytest.approx((teams, people), rel=1e-6)
    other = second_file(file)
    assert other.statistical is not None
    assert other.statistical.period_effects == ()
    assert other.statistical.outcome == "binary"


def test_what_the_second_outcome_has_of_the_first() -> None:
    more = {"effect_heterogeneity": 1.0, "effect_correlation": 0.5, "effect_by_size": 1.0}
    effects = {"period_effects": [0.0, 1.0, 2.0, 3.0, 4.0]}
    own = {**PLAIN, **more, **effects}
    wedge = {"type": "stepped wedge", "clusters": 12, "size_variation": 0.5}
    second = {"effect": 2.0, "cac": 0.9, "iac": 0.2}

    def second_of(*, test: str | None = None, **given: Any) -> DesignFile:
        analysis = {} if test is None else {"analysis": {"test": test}}
        return second_file(two_kinds(own, {**second, **given}, design=wedge, **analysis))

    other = second_of().statistical
    assert other is not None
    assert (other.effect, other.cac, other.iac, other.exposure) == (2.0, 0.9, 0.2, (0.5, 1.0))
    assert (other.effect_heterogeneity, other.effect_correlation, other.effect_by_size) == (0, 0, 0)
    assert other.period_effects == (0.0, 1.0, 2.0, 3.0, 4.0)
    mine = second_of(exposure=[0.1, 0.2, 1.0]).statistical
    assert mine is not None
    assert mine.exposure == (0.1, 0.2, 1.0)
    # The planned test is of the first outcome: one of another kind has that of its kind.
    assert "test" in second_of(test="satterthwaite").analysis.model_fields_set
    kind = {"outcome": "binary", "mean": 0.5, "effect": 0.1}
    assert "test" not in second_of(test="satterthwaite", **kind).analysis.model_fields_set
