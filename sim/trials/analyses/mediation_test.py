"""Does a mediator of staff carry the effect of a cluster trial: paths, joint test and Sobel's.

Path a is the treatment's on the mediator: a random intercept model of staff. Path B is the
mediator's on the outcome between teams, the level at which a treatment of teams can act: a random
intercept model of people on treatment, the team's mean of the mediator, the own worker's deviation
from it and, where there is one, the baseline. Both have Kenward-Roger tests. Workers within teams
are compared beside it, team by team.

Source: Zhang, Zyphur and Preacher (2009), https://doi.org/10.1177/1094428108327450; Pituch and
Stapleton (2012), https://doi.org/10.1080/00273171.2012.640605; joint test: MacKinnon and others
(2002), https://doi.org/10.1037/1082-989X.7.1.83.
"""

from __future__ import annotations

from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Codes = NDArray[np.int64]
PRACTICE, FIDELITY = "practice", "fidelity"
OBSERVED = {
    PRACTICE: "mean use of the four working practices, as an observer sees it",
    FIDELITY: "the same times skill: doing it, and doing it well",
}
"""Mediators of staff that an observer scores, beside the scores of staff themselves."""


class MediationTest(NamedTuple):
    """Paths of one trial; NaN where there is no estimate.

    Attributes
    ----------
    a, b : float
        Treatment on the mediator, in its unit; the team's mean of it on the outcome, points a unit.
    within : float
        The own worker's deviation on the outcome, points a unit.
    """

    a: float
    se_a: float
    p_a: float
    b: float
    se_b: float
    p_b: float
    p_sobel: float
    within: float
    p_within: float


def mediation_test(
    staff_team: Codes,
    staff_treated: Codes,
    mediator: Column,
    team: Codes,
    treated: Codes,
    worker: Codes,
    own: Column,
    outcome: Column,
    baseline: Column | None = None,
) -> MediationTest:
    """Test the paths of one trial.

    Parameters
    ----------
    staff_team, staff_treated, mediator : (m,) arrays
        Team, treatment and mediator of each member of staff.
    team, treated, worker, own, outcome : (n,) arrays
        Of people: team, treatment, number of the key worker, that worker's mediator (NaN where it
        is not known), and the outcome.
    baseline : (n,) array, optional
        Outcome before treatment.
    """
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept
    from sim.trials.fits.t_distribution import t_two_sided_p

    def fitted(groups: Codes, columns: list[Column], y: Column) -> tuple[float, float, float]:
        codes = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        X = np.column_stack([np.ones(len(y)), *columns])
        fit = fit_random_intercept(codes, int(codes.max()) + 1, X, y, 1)
        estimate, se, df = fit.estimate, fit.kenward_roger_se, fit.kenward_roger_df
        return estimate, se, float(t_two_sided_p(estimate / se, df)) if se > 0.0 else nan

    known = ~np.isnan(outcome) & (True if baseline is None else ~np.isnan(baseline))
    means = team_means(staff_team, mediator, team)
    known &= ~np.isnan(means)
    apart = np.where(np.isnan(own), 0.0, own - means)
    a = fitted(staff_team, [staff_treated.astype(float)], mediator)
    columns = [means[known], treated[known].astype(float), apart[known]]
    more = [] if baseline is None else [baseline[known]]
    b = fitted(team[known], [*columns, *more], outcome[known])
    seen = known & ~np.isnan(own)
    inner = within_teams(
        team[seen],
        worker[seen],
        own[seen],
        outcome[seen],
        None if baseline is None else baseline[seen],
    )
    return MediationTest(*a, *b, sobel_p(a[0], a[1], b[0], b[1]), *inner)


def sobel_p(a: float, se_a: float, b: float, se_b: float) -> float:
    """Return the p value of Sobel's test: the product over its first-order standard error."""
    from scipy.special import ndtr

    error = sqrt((a * se_b) ** 2 + (b * se_a) ** 2)
    return float(2.0 * ndtr(-abs(a * b) / error)) if error > 0.0 else nan


def team_means(staff_team: Codes, mediator: Column, team: Codes) -> Column:
    """Return the mean mediator of each person's team; NaN where nobody in it was measured."""
    most = int(max(staff_team.max(), team.max())) + 1
    counts = np.bincount(staff_team, minlength=most)
    sums = np.bincount(staff_team, mediator, minlength=most)
    with np.errstate(invalid="ignore"):
        return np.asarray((sums / counts)[team])


def within_teams(
    team: Codes, worker: Codes, own: Column, outcome: Column, baseline: Column | None
) -> tuple[float, float]:
    """Return the slope of workers' mean outcomes on their mediator within teams, and its p value.

    Every worker counts once; a t test on workers less teams less columns.
    """
    from scipy.special import stdtr

    _, first, codes = np.unique(worker, return_index=True, return_inverse=True)
    counts = np.bincount(codes)
    columns = [own, outcome] + ([] if baseline is None else [baseline])
    means = np.stack([np.bincount(codes, one) / counts for one in columns])
    group = np.unique(team[first], return_inverse=True)[1]
    sizes = np.bincount(group)
    means -= np.stack([np.bincount(group, one) / sizes for one in means])[:, group]
    X, y = np.delete(means, 1, axis=0).T, means[1]
    df = len(y) - len(sizes) - X.shape[1]
    cross = X.T @ X
    if df < 1 or np.linalg.matrix_rank(cross) < len(cross):
        return nan, nan
    slope = np.linalg.solve(cross, X.T @ y)
    rest = y - X @ slope
    error = sqrt(rest @ rest / df * np.linalg.inv(cross)[0, 0])
    return float(slope[0]), float(2.0 * stdtr(df, -abs(slope[0]) / error)) if error > 0.0 else nan
