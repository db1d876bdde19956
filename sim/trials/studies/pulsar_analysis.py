"""The analysis of one simulated PULSAR trial, and what the effect truly was in it."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np

STEP_ONE, STEP_TWO = 1, 2


class PulsarFigures(NamedTuple):
    """What one trial would report; effects in points of QPR-22."""

    # Effect over all three times: random intercept for the cluster, a fixed effect for each time,
    # Kenward-Roger.
    overall: float
    overall_se: float
    overall_df: float
    overall_p: float
    # Its standard error with a random effect for each cluster and time as well.
    overall_se_by_period: float
    # Effect at the end of year one, from the first two times.
    year_one: float
    year_one_se: float
    # Change of the mean from before training to the end of year one, clusters of each step.
    step_one_change: float
    step_two_change: float
    # To the end of year two.
    step_one_change_two: float
    step_two_change_two: float
    sd: float  # Standard deviation of QPR-22 before training
    # From the overall model: cluster variance over the whole, and over the residual variance.
    icc: float
    variance_ratio: float
    singular: float  # 1 if the cluster variance was estimated as zero
    interviews: float  # People analysed


class TrueEffects(NamedTuple):
    """Treated less untreated in the people interviewed, under the same draws."""

    # What the overall analysis is expected to give: its weights applied to true effects.
    true_overall: float
    true_year_one: float  # Step one at the end of year one
    # Step one at the end of year two: two years since training, the last without funding.
    true_year_two: float
    true_second_step: float  # Step two at the end of year two: one year since training


def treated_at(step: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Return whether a cluster of a step is treated at a time (0 before, 1 and 2 years)."""
    return (period >= step).astype(float)


def pulsar_columns(team: np.ndarray, period: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return intercept, treatment and an indicator for each later time that occurs."""
    columns = [np.ones(len(team)), treated_at(step[team], period)]
    columns += [(period == one).astype(float) for one in np.unique(period)[1:]]
    return np.column_stack(columns)


def pulsar_figures(
    y: np.ndarray, team: np.ndarray, period: np.ndarray, step: np.ndarray
) -> PulsarFigures:
    """Analyse one trial.

    Parameters
    ----------
    y : (n,) array
        QPR-22 of people interviewed.
    team, period : (n,) arrays of int
        Cluster, and time (0, 1, 2).
    step : (clusters,) array
        1 or 2.
    """
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept
    from sim.trials.fits.t_distribution import t_two_sided_p

    clusters = len(step)
    codes = team.astype(np.int64)
    x = pulsar_columns(team, period, step)
    whole = fit_random_intercept(codes, clusters, x, y, 1)
    early = period <= 1
    first = fit_random_intercept(
        codes[early],
        clusters,
        pulsar_columns(team[early], period[early], step),
        y[early],
        1,
    )
    means = np.array(
        [
            [y[(step[team] == one) & (period == time)].mean() for time in (0, 1, 2)]
            for one in (STEP_ONE, STEP_TWO)
        ]
    )
    change = means[:, 1:] - means[:, :1]
    variance = whole.cluster_variance + whole.residual_variance
    se, df = float(whole.kenward_roger_se), float(whole.kenward_roger_df)
    return PulsarFigures(
        overall=float(whole.estimate),
        overall_se=se,
        overall_df=df,
        overall_p=t_two_sided_p(float(whole.estimate) / se, df),
        overall_se_by_period=se_by_period(y, x, codes, period),
        year_one=float(first.estimate),
        year_one_se=float(first.kenward_roger_se),
        step_one_change=float(change[0, 0]),
        step_two_change=float(change[1, 0]),
        step_one_change_two=float(change[0, 1]),
        step_two_change_two=float(change[1, 1]),
        sd=float(y[period == 0].std(ddof=1)),
        icc=float(whole.cluster_variance / variance) if variance > 0.0 else nan,
        variance_ratio=float(whole.cluster_variance / whole.residual_variance),
        singular=float(whole.singular),
        interviews=float(len(y)),
    )


def se_by_period(y: np.ndarray, x: np.ndarray, codes: np.ndarray, period: np.ndarray) -> float:
    """Return the standard error with random effects of clusters and of cluster-periods."""
    from sim.errors import InputError
    from sim.trials.fits.cell_sums import RandomEffect
    from sim.trials.fits.mixed_model import fit_mixed_model

    cells = np.unique(codes * (int(period.max()) + 1) + period, return_inverse=True)[1]
    try:
        fit = fit_mixed_model(
            x, y, [RandomEffect("cluster", codes), RandomEffect("cluster-period", cells)]
        )
    except InputError:
        return nan
    return fit.inference[1].kenward_roger_se


def true_effects(
    difference: np.ndarray,
    team: np.ndarray,
    period: np.ndarray,
    step: np.ndarray,
    variance_ratio: float,
) -> TrueEffects:
    """Return the true effects from the difference of twin outcomes of the people interviewed.

    Parameters
    ----------
    difference : (n,) array
        Treated less untreated outcome.
    team, period, step
        See `pulsar_figures`.
    variance_ratio : float
        Of the trial's overall model, whose weights are applied to the differences.
    """
    of = step[team]

    def mean(one: int, time: int) -> float:
        return float(difference[(of == one) & (period == time)].mean())

    x = pulsar_columns(team, period, step)
    sizes = np.bincount(team, minlength=len(step))
    weight = variance_ratio / (1.0 + sizes * variance_ratio)
    sums = np.zeros((len(step), x.shape[1]))
    np.add.at(sums, team, x)
    solved = x - (weight[:, None] * sums)[team]
    overall = float(np.linalg.solve(x.T @ solved, solved.T @ difference)[1])
    return TrueEffects(overall, mean(STEP_ONE, 1), mean(STEP_ONE, 2), mean(STEP_TWO, 2))
