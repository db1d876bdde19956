"""Trials of more than two arms: each treated arm against control, with a rule for several tests.

All arms are in one model, so that their variances are estimated together. Bonferroni's and Holm's
rules hold the chance of any false rejection whatever the correlation of the tests is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_RULE, BONFERRONI, HOLM = "none", "bonferroni", "holm"
RULES = (HOLM, BONFERRONI, NO_RULE)
IN_WORDS = {HOLM: "Holm's rule", BONFERRONI: "Bonferroni's rule", NO_RULE: "no rule"}


def adjusted(p: NDArray[np.float64], rule: str) -> NDArray[np.float64]:
    """Return adjusted p values, to be compared with the level of all tests together.

    Parameters
    ----------
    p : (..., K) array
        Of each test; 1 for one that failed.
    rule : str
        Of `RULES`.
    """
    count = p.shape[-1]
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
