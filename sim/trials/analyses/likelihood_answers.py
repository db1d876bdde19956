"""Likelihood-ratio test of a term and profile-likelihood intervals of coefficients.

By maximum likelihood, not restricted: restricted likelihoods of different fixed parts cannot be
compared. Both hold for many clusters; with few they reject too often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.trials.fits.linear_fit import Likeliest, LinearFit

T_INTERVAL, PROFILE_INTERVAL = "t", "profile"
INTERVALS = (T_INTERVAL, PROFILE_INTERVAL)
MOST_REFITS = 60


def likelihood_answers(
    fit: LinearFit, tested: Sequence[str], confidence: float = 0.95
) -> dict[str, Any]:
    """Return the likelihood-ratio test of some coefficients, and profile intervals of all.

    Parameters
    ----------
    fit : LinearFit
    tested : sequence of str
        Names of the coefficients that are tested together.
    confidence : float
        Level of the intervals.

    Returns
    -------
    dict
        ``ratio_test``: ``chi2``, ``df``, ``p`` and the log likelihoods ``with`` and ``without`` the
        tested coefficients; ``confidence``; and ``intervals`` by name of the coefficient:
        ``estimate`` by maximum likelihood and ``interval``, the values that a likelihood-ratio test
        does not reject.
    """
    from scipy.special import chdtrc, chdtri

    limit = float(chdtri(1.0, 1.0 - confidence))
    every = np.eye(len(fit.names))
    free = fit.likeliest(every[:0], np.zeros(0))
    held = fit.likeliest(every[[fit.names.index(one) for one in tested]], np.zeros(len(tested)))
    chi2 = max(held.deviance - free.deviance, 0.0)
    return {
        "ratio_test": {
            "chi2": chi2,
            "df": len(tested),
            "p": float(chdtrc(len(tested), chi2)),
            "with": -free.deviance / 2.0,
            "without": -held.deviance / 2.0,
        },
        "confidence": confidence,
        "intervals": {
            name: {
                "estimate": float(free.coefficients[at]),
                "interval": list(_interval(fit, at, free, limit)),
            }
            for at, name in enumerate(fit.names)
        },
    }


def _interval(fit: LinearFit, at: int, free: Likeliest, limit: float) -> tuple[float, float]:
    """Return the profile-likelihood interval of one coefficient.

    `limit`: by how much the deviance may rise.
    """
    row, estimate = np.eye(len(fit.names))[[at]], float(free.coefficients[at])
    se, root = fit.inference[at].se, sqrt(limit)
    near = free

    def beyond(distance: float) -> float:
        nonlocal near
        near = fit.likeliest(row, np.array([estimate + distance]), near)
        return sqrt(max(near.deviance - free.deviance, 0.0)) - root

    low, high = (crossing(beyond, side * root * se, -root, 1e-6 * se) for side in (-1.0, 1.0))
    return estimate + low, estimate + high


def crossing(f: Callable[[float], float], first: float, at_zero: float, tolerance: float) -> float:
    """Return where a function crosses zero that rises with the distance and is nearly linear.

    The root of a deviance is: a secant needs three or four refits, halving would need many.

    Parameters
    ----------
    f : callable
        Of a distance in the direction of `first`.
    first : float
        Where to look first.
    at_zero : float
        Its value at no distance, below zero.

    Raises
    ------
    InputError
        If it crosses nowhere.
    """
    before, value_before, here = 0.0, at_zero, first
    for _ in range(MOST_REFITS):
        value = f(here)
        rise = (value - value_before) / (here - before)
        # Where it is flat, as beyond a variance of zero, or bends back, go on as it began.
        step = -value / rise if rise * first > 0.0 else first
        there = here + step
        if there * first <= 0.0:
            there = 0.5 * here
        if abs(there - here) <= tolerance:
            return there
        before, value_before, here = here, value, there
    raise InputError("interval = 'profile': the likelihood is too flat for an interval; use 't'")
