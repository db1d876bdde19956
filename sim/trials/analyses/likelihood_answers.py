"""Likelihood-ratio test of a term and profile-likelihood intervals of coefficients.

By maximum likelihood, not restricted: restricted likelihoods of different fixed parts cannot be
compared. Both hold for many clusters; with few they reject too often.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from sim.trials.fits.linear_fit import Likeliest, LinearFit

T_INTERVAL, PROFILE_INTERVAL = "t", "profile"
INTERVALS = (T_INTERVAL, PROFILE_INTERVAL)


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
    from scipy.optimize import brentq

    row, estimate = np.eye(len(fit.names))[[at]], float(free.coefficients[at])

    near = free

    def beyond(distance: float) -> float:
        # The root is nearly linear in the distance: few steps find where it crosses.
        nonlocal near
        near = fit.likeliest(row, np.array([estimate + distance]), near)
        return sqrt(max(near.deviance - free.deviance, 0.0)) - sqrt(limit)

    ends = []
    for side in (-1.0, 1.0):
        inner, outer = 0.0, 2.0 * side * fit.inference[at].se
        while beyond(outer) < 0.0:
            inner, outer = outer, 2.0 * outer
        tolerance = 1e-6 * fit.inference[at].se
        ends.append(estimate + float(brentq(beyond, inner, outer, xtol=tolerance)))
    return ends[0], ends[1]
