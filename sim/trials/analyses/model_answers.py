"""What a fitted linear model says of one coefficient, and what to know of the fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sim.trials.analyses.cluster_tests import nested, t_test
from sim.trials.analyses.correlations import PERIOD
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.linear_fit import LinearFit
from sim.trials.fits.structured_model import StructuredFit

NORMAL_975 = 1.959963984540054


def coefficient(fit: LinearFit, j: int) -> dict[str, Any]:
    """Return the tests of one coefficient by the mixed model."""
    estimate, inference = float(fit.coefficients[j]), fit.inference[j]
    satterthwaite = t_test(estimate, inference.se, inference.satterthwaite_df)
    kenward_roger = t_test(estimate, inference.kenward_roger_se, inference.kenward_roger_df)
    z = estimate / inference.se
    half = NORMAL_975 * inference.se
    return {
        "estimate": estimate,
        "se": inference.se,
        "satterthwaite": {
            "df": satterthwaite.df,
            "t": satterthwaite.t,
            "p": satterthwaite.p,
            "ci95": list(satterthwaite.ci95),
        },
        "kenward_roger": {
            "se": kenward_roger.se,
            "se_adj": kenward_roger.se,
            "df": kenward_roger.df,
            "t": kenward_roger.t,
            "p": kenward_roger.p,
            "ci95": list(kenward_roger.ci95),
        },
        "wald_z": {
            "p": math.erfc(abs(z) / math.sqrt(2.0)),
            "ci95": [estimate - half, estimate + half],
        },
    }


def crossed_groupings(effects: Sequence[RandomEffect]) -> list[tuple[str, str]]:
    """Return the pairs of random intercepts of which neither is nested in the other.

    Those within a third are left out: people and periods of a team cross in every cohort.
    """
    intercepts = sorted((one for one in effects if one.slope is None), key=lambda one: one.n_levels)
    found = []
    for at, coarse in enumerate(intercepts):
        for fine in intercepts[at + 1 :]:
            within = any(
                nested(fine.codes, one.codes) and nested(coarse.codes, one.codes)
                for one in intercepts[:at]
            )
            if not within and not nested(fine.codes, coarse.codes):
                found.append((coarse.name, fine.name))
    return found


def warnings_of(fit: LinearFit, effects: list[RandomEffect]) -> list[str]:
    """Return what to know of a fit."""
    found = []
    if not fit.converged:
        found.append("the variances did not converge; do not use this fit")
    zero = [one.name for one in effects if fit.variances[one.name] == 0.0]
    if fit.singular and not zero:
        found.append("the covariance of the random effects is singular: a correlation is 1 or -1")
    if zero:
        found.append(
            f"the variance of {', '.join(zero)} is estimated as zero: Satterthwaite's degrees of "
            "freedom leave it out, Kenward-Roger's keep it"
        )
    for coarse, fine in crossed_groupings(effects):
        if PERIOD.search(coarse) or PERIOD.search(fine):
            continue
        found.append(
            f"{coarse} and {fine} are crossed; if the numbers of one begin anew in each level of "
            "the other, write them nested, as (1|cluster/id)"
        )
    if isinstance(fit, StructuredFit) and any(
        name.endswith((" decay", " ar1")) for name in fit.variances
    ):
        found.append(
            "Kenward-Roger's error is the first-order one: the covariance over time is not linear "
            "in its correlation"
        )
    if fit.dropped_columns:
        found.append(
            f"left out because they depend on other columns: {', '.join(fit.dropped_columns)}"
        )
    return found
