"""Bounds of each hypothesis: p values and words."""

from __future__ import annotations

from math import inf

import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.hypothesis import (
    EQUIVALENCE,
    NON_INFERIORITY,
    SUPERIORITY,
    TWO_SIDED,
    Bounds,
    bounds_of,
    told,
)


def test_bounds_of_each_hypothesis() -> None:
    assert bounds_of(TWO_SIDED, 0.0, False) is None
    assert bounds_of(SUPERIORITY, 0.0, False) == Bounds(0.0, inf)
    assert bounds_of(SUPERIORITY, 0.0, True) == Bounds(-inf, 0.0)
    assert bounds_of(NON_INFERIORITY, 0.005, False) == Bounds(-0.005, inf)
    assert bounds_of(NON_INFERIORITY, 2.0, True) == Bounds(-inf, 2.0)
    assert bounds_of(EQUIVALENCE, 2.0, True) == Bounds(-2.0, 2.0)
    for wrong in ((SUPERIORITY, 0.005), (TWO_SIDED, 1.0), (EQUIVALENCE, 0.0)):
        with pytest.raises(InputError, match="analysis.margin"):
            bounds_of(*wrong, False)


def test_a_hypothesis_rejects_by_its_worst_one_sided_test() -> None:
    equivalence = Bounds(-3.0, 2.0)
    assert equivalence.p(1.0, 0.5, 9.0) == pytest.approx(stats.t.sf(2.0, 9))
    assert equivalence.p(-2.0, 0.5, 9.0) == pytest.approx(stats.t.sf(2.0, 9))
    assert Bounds(-3.0, inf).p(1.0, 2.0, 9.0) == pytest.approx(stats.t.sf(2.0, 9))
    assert Bounds(-inf, 3.0).p(1.0, 2.0, 9.0) == pytest.approx(stats.t.sf(1.0, 9))
    assert equivalence.without_effect == Bounds(-5.0, 0.0)
    assert Bounds(-3.0, inf).without_effect == Bounds(0.0, inf)
    assert Bounds(-inf, 3.0).without_effect == Bounds(-inf, 0.0)


def test_hypotheses_in_words() -> None:
    assert told(TWO_SIDED, None, 0.05) == "two-sided at 0.05"
    assert told(EQUIVALENCE, Bounds(-2.0, 2.0), 0.05).startswith("equivalence within 2 by two")
    assert "an effect above -2, one-sided at 0.025" in told(
        NON_INFERIORITY, Bounds(-2.0, inf), 0.025
    )
    assert "an effect below 2, one-sided" in told(NON_INFERIORITY, Bounds(-inf, 2.0), 0.025)
