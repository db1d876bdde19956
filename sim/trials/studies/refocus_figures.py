"""From one simulated REFOCUS trial to the kind of figures that the trial reported."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any, NamedTuple

import numpy as np

FOLLOW_UP = 52
# How many of 14 intervention teams may have been judged high (assumption: the rule is not known).
FEWEST_HIGH, MOST_HIGH, TEAMS = 4, 10, 14
SMALLEST_SIDE = 2


class RefocusFigures(NamedTuple):
    """The figures of one trial.

    Attributes
    ----------
    control_mean, pooled_sd : float
        QPR-15 at one year: mean of control, standard deviation within arms.
    difference, standard_error, df, p : float
        Adjusted difference, its standard error by Kenward and Roger, degrees of freedom, p.
    icc : float
        Of QPR-15 at one year, from the same model.
    singular : float
        1 if the team variance was estimated as zero.
    retention : float
        Share followed up.
    attended : float
        Share of offered staff-sessions attended.
    participation, participation_p : float
        Interpersonal, high less low participation, and its p.
    participation_smallest_p : float
        Smallest p of that contrast on QPR-15, Intrapersonal and Interpersonal.
    """

    control_mean: float
    pooled_sd: float
    difference: float
    standard_error: float
    df: float
    p: float
    icc: float
    singular: float
    retention: float
    attended: float
    participation: float
    participation_p: float
    participation_smallest_p: float


@dataclass(frozen=True)
class Judging:
    """How participation was judged and compared in one trial; its rule was not published.

    Attributes
    ----------
    reliability : float
        Share of the variance of the judged share of sessions attended that is real.
    high : int
        Teams judged high.
    with_control : bool
        Whether they were compared with low and control teams, not with low teams alone.
    adjusted : bool
        Whether for baseline.
    noise : numpy.ndarray
        Standard normal error of the judgement of each team.
    """

    reliability: float
    high: int
    with_control: bool
    adjusted: bool
    noise: np.ndarray


def drawn_judging(rng: np.random.Generator, teams: int) -> Judging:
    """Draw how participation was judged.

    Reliability uniform on .6-.95, high teams uniform on 4-10 of 14, compared with low teams alone
    with probability .8, adjusted with probability .5 (assumptions).
    """
    high = int(rng.integers(FEWEST_HIGH, MOST_HIGH + 1))
    return Judging(
        reliability=float(rng.uniform(0.6, 0.95)),
        high=max(1, round(high * teams / TEAMS)),
        with_control=bool(rng.random() < 0.2),
        adjusted=bool(rng.random() < 0.5),
        noise=rng.standard_normal(teams),
    )


def refocus_figures(
    start: np.ndarray, end: np.ndarray, arm: np.ndarray, attended: np.ndarray, judging: Judging
) -> RefocusFigures:
    """Return the figures of one trial.

    Parameters
    ----------
    start, end : structured arrays
        Rows of assessments at weeks 0 and 52, the same people in the same order.
    arm : (teams,) array
        1 for intervention teams.
    attended : (teams,) array
        Share of offered staff-sessions attended; NaN where none was offered.
    judging : Judging
    """
    kept = end["in_research"] == 1
    team, exposed = end["team"][kept], arm[end["team"][kept]].astype(float)
    total = end["qpr15"][kept]
    means = [total[exposed == one].mean() if (exposed == one).any() else nan for one in (0, 1)]
    inside = total - np.where(exposed == 1, means[1], means[0])
    main = contrast(total, start["qpr15"][kept], exposed, team)
    high = high_teams(attended, arm, judging)
    among = (arm == 1) | judging.with_control
    rows = among[team]
    contrasts = [
        contrast(
            end[name][kept][rows],
            start[name][kept][rows] if judging.adjusted else None,
            high[team][rows].astype(float),
            team[rows],
        )
        for name in ("qpr_interpersonal", "qpr15", "qpr_intrapersonal")
    ]
    variance = main["cluster_variance"] + main["residual_variance"]
    trained = arm == 1
    return RefocusFigures(
        control_mean=float(means[0]),
        pooled_sd=float(np.sqrt((inside**2).sum() / max(len(total) - 2, 1))),
        difference=main["estimate"],
        standard_error=main["se"],
        df=main["df"],
        p=main["p"],
        icc=main["cluster_variance"] / variance if variance > 0.0 else nan,
        singular=main["singular"],
        retention=float(kept.mean()),
        attended=float(np.nanmean(attended[trained])) if trained.any() else nan,
        participation=contrasts[0]["estimate"],
        participation_p=contrasts[0]["p"],
        participation_smallest_p=float(np.min([one["p"] for one in contrasts])),
    )


def high_teams(attended: np.ndarray, arm: np.ndarray, judging: Judging) -> np.ndarray:
    """Return which teams are judged to have taken part fully.

    The share of sessions attended, with error, of teams in the intervention arm; the highest are
    high. Latent readiness, self-reports and outcomes play no part.
    """
    trained = np.flatnonzero(arm == 1)
    share = np.nan_to_num(attended[trained], nan=0.0)
    error = np.sqrt((1.0 - judging.reliability) / judging.reliability)
    score = share + max(float(share.std()), 1e-6) * error * judging.noise[: len(trained)]
    high = np.zeros(len(arm), int)
    high[trained[np.argsort(-score, kind="stable")[: judging.high]]] = 1
    return high


def contrast(
    y: np.ndarray, baseline: np.ndarray | None, exposed: np.ndarray, team: np.ndarray
) -> dict[str, Any]:
    """Return the adjusted difference of exposed and others, random intercept for the team.

    Numbers are NaN where it cannot be fitted.
    """
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept
    from sim.trials.fits.t_distribution import t_two_sided_p

    columns = [np.ones(len(y)), exposed]
    if baseline is not None:
        columns.append(baseline)
    x = np.column_stack(columns)
    complete = np.isfinite(y) & np.isfinite(x).all(axis=1)
    sides = exposed[complete]
    names = ("estimate", "se", "df", "p", "cluster_variance", "residual_variance", "singular")
    if min((sides == 1).sum(), (sides == 0).sum()) < SMALLEST_SIDE:
        return dict.fromkeys(names, nan)
    codes = np.unique(team[complete], return_inverse=True)[1].astype(np.int64)
    fit = fit_random_intercept(
        codes,
        int(codes.max()) + 1,
        np.ascontiguousarray(x[complete]),
        np.ascontiguousarray(y[complete]),
        1,
    )
    if fit.status != 0:
        return dict.fromkeys(names, nan)
    se, df = float(fit.kenward_roger_se), float(fit.kenward_roger_df)
    return {
        "estimate": float(fit.estimate),
        "se": se,
        "df": df,
        "p": t_two_sided_p(float(fit.estimate) / se, df),
        "cluster_variance": float(fit.cluster_variance),
        "residual_variance": float(fit.residual_variance),
        "singular": float(fit.singular),
    }
