"""Trials of more than two arms: each treated arm against control, with a rule for several tests.

All arms are in one model, so that their variances are estimated together. Bonferroni's and Holm's
rules hold the chance of any false rejection whatever the correlation of the tests is; Dunnett's
uses it (single step, joint t): differences share control, so that two of them correlate by the
square root of the product of each arm's share n / (n + control) of clusters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]

NO_RULE, BONFERRONI, HOLM, DUNNETT = "none", "bonferroni", "holm", "dunnett"
RULES = (HOLM, BONFERRONI, DUNNETT, NO_RULE)
IN_WORDS = {
    HOLM: "Holm's rule",
    BONFERRONI: "Bonferroni's rule",
    DUNNETT: "Dunnett's rule (single step)",
    NO_RULE: "no rule",
}
# Points of the integrals over control's mean and over the estimated error.
MEANS, ERRORS = 32, 48
# Beyond it p values are Bonferroni's; up to it a table serves many statistics of one distribution.
FURTHEST, STEPS, MANY = 12.0, 300, 1000


def shares_of(clusters: Sequence[int]) -> Matrix:
    """Return each arm's share beside control, from numbers of clusters, control's last."""
    own = np.asarray(clusters, dtype=float)
    return np.asarray(own[:-1] / (own[:-1] + own[-1]))


def all_within(t: Matrix, df: float, shares: Matrix) -> Matrix:
    """Return the chance that all statistics are within each of some bounds without effects.

    Given control's mean and the estimated error they are independent.
    """
    from scipy.special import chdtri, ndtr

    z, weights = np.polynomial.hermite_e.hermegauss(MEANS)
    u, even = np.polynomial.legendre.leggauss(ERRORS)
    spread = np.sqrt(chdtri(df, 1.0 - 0.5 * (u + 1.0)) / df)
    found = np.ones((*np.shape(t), ERRORS, MEANS))
    for share in shares:
        bound = np.multiply.outer(t, spread)[..., None] / np.sqrt(1.0 - share)
        shift = np.sqrt(share / (1.0 - share)) * z
        found *= ndtr(bound - shift) - ndtr(-bound - shift)
    return np.asarray(np.einsum("...em,e,m->...", found, even / 2.0, weights / weights.sum()))


def _dunnett(p: Matrix, df: Matrix, shares: Matrix) -> Matrix:
    """Return p values of the largest statistic from those of each t test.

    Each lies between its own and Bonferroni's, also where the integrals have too few points.
    """
    from scipy.special import stdtrit

    if not np.isfinite(df).all():
        raise InputError(f"multiplicity = '{DUNNETT}': needs t tests; use '{HOLM}'")
    t = np.minimum(-stdtrit(df, p / 2.0), FURTHEST)
    if p.size > MANY and np.ptp(df) == 0.0:
        grid = FURTHEST * np.linspace(0.0, 1.0, STEPS) ** 1.5
        beyond = 1.0 - np.interp(t, grid, all_within(grid, float(df.flat[0]), shares))
    else:
        each = [1.0 - all_within(*one, shares) for one in zip(t.flat, df.flat, strict=True)]
        beyond = np.reshape(each, p.shape)
    return np.clip(beyond, p, p.shape[-1] * p)


def adjusted(
    p: Matrix, rule: str, df: Matrix | float = np.inf, shares: Matrix | None = None
) -> Matrix:
    """Return adjusted p values, to be compared with the level of all tests together.

    Parameters
    ----------
    p : (..., K) array
        Of each test; 1 for one that failed.
    rule : str
        Of `RULES`.
    df : (..., K) array or float
        Degrees of freedom of each t test, for Dunnett's.
    shares : (K,) array, optional
        See `shares_of`; for Dunnett's.
    """
    count = p.shape[-1]
    if rule == DUNNETT:
        assert shares is not None
        return _dunnett(p, np.broadcast_to(df, p.shape), shares)
    if rule == NO_RULE:
        return p
    if rule == BONFERRONI:
        return np.minimum(count * p, 1.0)
    order = np.argsort(p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=-1) * np.arange(count, 0, -1)
    ranked = np.minimum(np.maximum.accumulate(ranked, axis=-1), 1.0)
    found = np.empty_like(ranked)
    np.put_along_axis(found, order, ranked, axis=-1)
    return found
