"""What a trial wants to show: a difference, one in one direction, none that matters.

A hypothesis other than the two-sided one is that the effect lies between two bounds, one of which
may be infinite: above 0 (superiority), above minus the margin (non-inferiority), within the margin
on both sides (equivalence). Each finite bound has a one-sided test, and all of them must reject
(Schuirmann 1987 for two). That is whether the interval of level 1 - 2 alpha lies between them.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import NamedTuple

from sim.errors import InputError

TWO_SIDED, SUPERIORITY = "two-sided", "superiority"
NON_INFERIORITY, EQUIVALENCE = "non-inferiority", "equivalence"
HYPOTHESES = (TWO_SIDED, SUPERIORITY, NON_INFERIORITY, EQUIVALENCE)


class Bounds(NamedTuple):
    """Between which the effect is to be shown to lie."""

    lower: float
    upper: float

    @property
    def nearest(self) -> float:
        """The bound at which the type I error is that of one test: the finite one, or the upper."""
        return self.lower if self.upper == inf else self.upper

    @property
    def without_effect(self) -> Bounds:
        """Bounds of which an effect of zero is the nearest: for the type I error of twins."""
        return Bounds(self.lower - self.nearest, self.upper - self.nearest)

    def p(self, estimate: float, se: float, df: float) -> float:
        """Return the largest p of the one-sided t tests."""
        from scipy.special import stdtr

        apart = [estimate - self.lower] if isfinite(self.lower) else []
        apart += [self.upper - estimate] if isfinite(self.upper) else []
        return max(float(stdtr(df, -one / se)) for one in apart)


def bounds_of(hypothesis: str, margin: float, lower_is_better: bool) -> Bounds | None:
    """Return the bounds of a hypothesis; None for the two-sided one.

    Raises
    ------
    InputError
        If the margin does not go with it.
    """
    if (margin > 0.0) != (hypothesis in (NON_INFERIORITY, EQUIVALENCE)):
        raise InputError(
            f"analysis.margin = {margin:g}: goes with hypothesis = '{NON_INFERIORITY}' or "
            f"'{EQUIVALENCE}', which need one above 0, and only with them"
        )
    if hypothesis == TWO_SIDED:
        return None
    if hypothesis == EQUIVALENCE:
        return Bounds(-margin, margin)
    return Bounds(-inf, margin) if lower_is_better else Bounds(-margin, inf)


def told(hypothesis: str, bounds: Bounds | None, alpha: float) -> str:
    """Return a hypothesis and its level in words."""
    if bounds is None:
        return f"two-sided at {alpha:g}"
    if hypothesis == EQUIVALENCE:
        return f"equivalence within {bounds.upper:g} by two one-sided tests at {alpha:g}"
    side = "above" if bounds.upper == inf else "below"
    return f"{hypothesis}: an effect {side} {bounds.nearest:g}, one-sided at {alpha:g}"
