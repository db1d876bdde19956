# numba infers the types of what it compiles.
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""The figures of one simulated REFOCUS trial, by name: for replication and calibration alike.

Compiled functions turn the scores of one world into the figures that the trial reported: adjusted
differences from a linear mixed model with a random intercept for the team, standard deviations,
retention, and the contrast of teams judged to have taken part fully with the others. What the trial
did not report (how participation was judged, which teams it was compared with, whether it was
adjusted for baseline) is drawn for every simulated trial.

The participation score reads attendance and the trainers' rating alone: never latent readiness,
self-reported behaviour or any outcome of service users.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

# They make rules and fits callable from compiled code.
import sim.engines.rules
import sim.trials.fits.random_intercept_compiled  # noqa: F401
from sim.engines.code_cache import FIT_SOURCES, SOURCES, compiler, prepare
from sim.engines.linked_code import LINKED
from sim.mechanisms.selection import trainer_rating
from sim.trials.fits.random_intercept import fit_rows
from sim.trials.fits.t_distribution import t_two_sided_p

FIGURE_SOURCES = (*SOURCES, *FIT_SOURCES, "trials/studies/refocus_figures.py")
compile_figure = compiler(prepare(FIGURE_SOURCES))
# Called from `trial_figures` they are compiled with it; from elsewhere they are plain Python.
part_of_figures = register_jitable(**LINKED)
CRITICAL = 1.959963984540054
# Typed, so that what gets them is compiled once, not once more for a number known beforehand.
TESTED = ADJUSTED = np.int64(1)
# Fewer people, or fewer on a side, are not compared.
FEWEST, FEWEST_ON_A_SIDE = 12, 2


class TrialFigures(NamedTuple):
    """The figures of one simulated trial; NaN where there is none.

    Attributes
    ----------
    control_mean to pulsar_overall : float
        Figures that a target may name; `calibration.evidence.extractors` says what each is, on
        which scale.
    retention : float
        Share followed up.
    standard_error, df, p : float
        Of the adjusted difference of the QPR-15, by Kenward and Roger.
    icc, singular : float
        From the same model: of the QPR-15 at one year; 1 if the team variance is zero.
    participation_p, participation_smallest_p : float
        Of the participation contrast; the smallest of the three scales'.
    """

    control_mean: float
    log_sd: float
    difference: float
    log_se: float
    z_intrapersonal: float
    z_interpersonal: float
    participation: float
    z_participation_total: float
    z_participation_intrapersonal: float
    z_participation_interpersonal: float
    logit_retention: float
    gaf_difference: float
    staff_unmet_needs_reduction: float
    user_unmet_needs_reduction: float
    inspire_support_difference: float
    inspire_relationship_difference: float
    cost_reduction: float
    black_difference: float
    black_half_width: float
    pooled_change: float
    icc_baseline: float
    hope_correlation: float
    empowerment_correlation: float
    participation_support: float
    participation_staff_behaviour: float
    leader_excess: float
    goal_named_share: float
    goal_reached_share: float
    rsa_correlation: float
    attended_share: float
    pulsar_overall: float
    retention: float
    standard_error: float
    df: float
    p: float
    icc: float
    singular: float
    participation_p: float
    participation_smallest_p: float


FIGURES = len(TrialFigures._fields)
# The place of each figure in a row of them.
AT: Any = TrialFigures(*range(FIGURES))
PLACE = {name: place for place, name in enumerate(TrialFigures._fields)}


class Difference(NamedTuple):
    """An adjusted difference of two sides; NaN where it cannot be fitted."""

    # And its model standard error.
    estimate: float
    error: float
    # By Kenward and Roger.
    standard_error: float
    df: float
    p: float
    icc: float
    singular: float


@part_of_figures
def contrast(y, baseline, exposed, kept, team, teams, adjust):
    """Return the difference of exposed and the other users kept, by the mixed model of trials.

    Users with a missing score are left out. NaN when a side is empty or fewer than 12 users remain.
    """
    n = 0
    ones = 0
    for i in range(y.shape[0]):
        if kept[i] == 1 and not np.isnan(y[i]) and not np.isnan(baseline[i]):
            n += 1
            ones += exposed[i]
    if n < FEWEST or ones < FEWEST_ON_A_SIDE or n - ones < FEWEST_ON_A_SIDE:
        return Difference(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan)
    k = 3 if adjust == 1 else 2
    x = np.empty((n, k))
    values = np.empty(n)
    cluster = np.empty(n, np.int64)
    middle = 0.0
    at = 0
    for i in range(y.shape[0]):
        if kept[i] == 1 and not np.isnan(y[i]) and not np.isnan(baseline[i]):
            values[at] = y[i]
            cluster[at] = team[i]
            x[at, 0] = 1.0
            x[at, 1] = exposed[i]
            if adjust == 1:
                x[at, 2] = baseline[i]
                middle += baseline[i]
            at += 1
    if adjust == 1:
        # A constant baseline cannot be told from the intercept; without spread leave it out.
        spread = 0.0
        for i in range(n):
            x[i, 2] -= middle / n
            spread += x[i, 2] * x[i, 2]
        if spread < 1e-9:
            x = x[:, :2].copy()
    # A constant outcome has no residual variance to estimate.
    if np.max(values) - np.min(values) < 1e-12:
        return Difference(0.0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan)
    fit = fit_rows(cluster, teams, x, values, TESTED)
    if fit.status != 0:
        return Difference(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan)
    whole = fit.cluster_variance + fit.residual_variance
    return Difference(
        fit.estimate,
        fit.se,
        fit.kenward_roger_se,
        fit.kenward_roger_df,
        t_two_sided_p(fit.estimate / fit.kenward_roger_se, fit.kenward_roger_df),
        fit.cluster_variance / whole if whole > 0.0 else np.nan,
        1.0 if fit.singular else 0.0,
    )


@part_of_figures
def estimated(y, baseline, exposed, kept, team, teams, adjust):
    """Return the estimate of `contrast` alone."""
    return contrast(y, baseline, exposed, kept, team, teams, adjust).estimate


@part_of_figures
def correlation(a, b):
    """Return the correlation of two columns; NaN when one does not vary."""
    da = a - a.mean()
    db = b - b.mean()
    size = np.sqrt((da * da).sum() * (db * db).sum())
    return (da * db).sum() / size if size > 0.0 else np.nan


@part_of_figures
def anova_icc(y, team, teams):
    """Return the analysis-of-variance intracluster correlation."""
    n = y.shape[0]
    size = np.zeros(teams)
    total = np.zeros(teams)
    for i in range(n):
        size[team[i]] += 1.0
        total[team[i]] += y[i]
    mean = y.mean()
    between = 0.0
    within = 0.0
    squares = 0.0
    groups = 0
    for c in range(teams):
        if size[c] > 0.0:
            groups += 1
            squares += size[c] * size[c]
            between += size[c] * (total[c] / size[c] - mean) ** 2
    for i in range(n):
        within += (y[i] - total[team[i]] / size[team[i]]) ** 2
    between /= groups - 1
    within /= n - groups
    typical = (n - squares / n) / (groups - 1)
    whole = between + (typical - 1.0) * within
    return (between - within) / whole if whole > 0.0 else np.nan


@part_of_figures
def judged_high(teams_state, arm, weight, reliability, places, seed, replication):
    """Return which intervention teams are judged to have taken part fully (1), others 0.

    Score: weight x share of offered staff-sessions attended + (1 - weight) x trainers' rating of
    engagement, each standardised within the trial; the `places` highest are high.
    """
    teams = arm.shape[0]
    share = np.zeros(teams)
    seen = np.zeros(teams)
    number = 0
    for t in range(teams):
        if arm[t] == 1:
            number += 1
            team = teams_state[t]
            if team.sessions_offered > 0:
                share[t] = team.sessions_attended / team.sessions_offered
            if team.sessions_attended > 0:
                seen[t] = team.engagement_sum / team.sessions_attended
    attended_mean = share.sum() / number
    seen_mean = seen.sum() / number
    attended_sd = 0.0
    seen_sd = 0.0
    for t in range(teams):
        if arm[t] == 1:
            attended_sd += (share[t] - attended_mean) ** 2
            seen_sd += (seen[t] - seen_mean) ** 2
    attended_sd = np.sqrt(attended_sd / max(number - 1, 1))
    seen_sd = np.sqrt(seen_sd / max(number - 1, 1))
    rated = np.zeros(teams)
    for t in range(teams):
        if arm[t] == 1:
            team = teams_state[t]
            key = (seed, replication, team.key_low, team.key_high, 0, 0)
            rated[t] = trainer_rating(seen[t], reliability, max(seen_sd, 1e-6), key)
    rated_mean = rated.sum() / number
    rated_sd = 0.0
    for t in range(teams):
        if arm[t] == 1:
            rated_sd += (rated[t] - rated_mean) ** 2
    rated_sd = np.sqrt(rated_sd / max(number - 1, 1))
    score = np.full(teams, -np.inf)
    for t in range(teams):
        if arm[t] == 1:
            score[t] = weight * (share[t] - attended_mean) / max(attended_sd, 1e-9)
            score[t] += (1.0 - weight) * (rated[t] - rated_mean) / max(rated_sd, 1e-9)
    order = np.argsort(-score)
    high = np.zeros(teams, np.int64)
    for rank in range(min(places, number)):
        high[order[rank]] = 1
    return high


@compile_figure
def trial_figures(
    start,
    end,
    quarter,
    flags,
    staff_start,
    staff_end,
    user_team,
    staff_team,
    arm,
    teams_state,
    weight,
    reliability,
    places,
    with_control,
    adjust,
    checks,
    seed,
    replication,
):
    """Return the figures of one simulated trial in the order of `TrialFigures`.

    Parameters
    ----------
    start, end, quarter
        Scores of the sampled users at weeks 0, 52 and (with checks) 13.
    flags
        Of the same users at week 52; column 0 says who is still in the research.
    staff_start, staff_end
        Staff questionnaires at weeks 0 and 52 (with checks).
    user_team, staff_team, arm
        Team of each user and post; 1 for intervention teams.
    teams_state
        Teams after week 52.
    weight, reliability, places, with_control, adjust
        How participation was judged and compared in this trial.
    checks
        1 for all figures, 0 for those of the fit (the rest stay NaN).
    seed, replication
        Of the simulated world, for the trainers' ratings.
    """
    out = np.full(FIGURES, np.nan)
    users = user_team.shape[0]
    teams = arm.shape[0]
    followed = flags[:, 0].copy()
    exposed = np.empty(users, np.int64)
    for i in range(users):
        exposed[i] = arm[user_team[i]]
    total, total_0 = end["qpr15"].copy(), start["qpr15"].copy()
    intra, intra_0 = end["qpr_intrapersonal"].copy(), start["qpr_intrapersonal"].copy()
    inter, inter_0 = end["qpr_interpersonal"].copy(), start["qpr_interpersonal"].copy()
    sums = np.zeros(2)
    squares = np.zeros(2)
    numbers = np.zeros(2)
    for i in range(users):
        if followed[i] == 1:
            side = exposed[i]
            numbers[side] += 1.0
            sums[side] += total[i]
            squares[side] += total[i] * total[i]
    retained = numbers.sum()
    out[AT.logit_retention] = np.log((retained + 0.5) / (users - retained + 0.5))
    out[AT.retention] = retained / users
    if numbers[0] < 6.0 or numbers[1] < 6.0:
        return out
    out[AT.control_mean] = sums[0] / numbers[0]
    spread = squares[0] - sums[0] ** 2 / numbers[0] + squares[1] - sums[1] ** 2 / numbers[1]
    out[AT.log_sd] = 0.5 * np.log(max(spread, 1e-6) / (retained - 2.0))
    main = contrast(total, total_0, exposed, followed, user_team, teams, ADJUSTED)
    out[AT.difference] = main.estimate
    out[AT.log_se] = np.log(main.error)
    out[AT.standard_error] = main.standard_error
    out[AT.df] = main.df
    out[AT.p] = main.p
    out[AT.icc] = main.icc
    out[AT.singular] = main.singular
    one = contrast(intra, intra_0, exposed, followed, user_team, teams, ADJUSTED)
    out[AT.z_intrapersonal] = one.estimate / one.error
    one = contrast(inter, inter_0, exposed, followed, user_team, teams, ADJUSTED)
    out[AT.z_interpersonal] = one.estimate / one.error
    high = judged_high(teams_state, arm, weight, reliability, places, seed, replication)
    high_user = np.empty(users, np.int64)
    compared = np.empty(users, np.int64)
    for i in range(users):
        high_user[i] = high[user_team[i]]
        among = exposed[i] == 1 or with_control == 1
        compared[i] = 1 if followed[i] == 1 and among else 0
    one = contrast(inter, inter_0, high_user, compared, user_team, teams, adjust)
    out[AT.participation] = one.estimate
    out[AT.z_participation_interpersonal] = one.estimate / one.error
    out[AT.participation_p] = one.p
    smallest = one.p
    one = contrast(total, total_0, high_user, compared, user_team, teams, adjust)
    out[AT.z_participation_total] = one.estimate / one.error
    smallest = min(smallest, one.p)
    one = contrast(intra, intra_0, high_user, compared, user_team, teams, adjust)
    out[AT.z_participation_intrapersonal] = one.estimate / one.error
    out[AT.participation_smallest_p] = min(smallest, one.p)
    offered = 0
    attended = 0
    for t in range(teams):
        offered += teams_state[t].sessions_offered
        attended += teams_state[t].sessions_attended
    out[AT.attended_share] = attended / max(offered, 1)
    out[AT.gaf_difference] = estimated(
        end["gaf"].copy(), start["gaf"].copy(), exposed, followed, user_team, teams, ADJUSTED
    )
    estimate = estimated(
        end["cansas_staff"].copy(),
        start["cansas_staff"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        ADJUSTED,
    )
    out[AT.staff_unmet_needs_reduction] = -estimate
    out[AT.rsa_correlation] = np.arctanh(correlation(start["rsa_user"].copy(), total_0))
    if checks == 0:
        return out
    estimate = estimated(
        end["cansas_user"].copy(),
        start["cansas_user"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        ADJUSTED,
    )
    out[AT.user_unmet_needs_reduction] = -estimate
    support, support_0 = end["inspire_support"].copy(), start["inspire_support"].copy()
    out[AT.inspire_support_difference] = estimated(
        support, support_0, exposed, followed, user_team, teams, ADJUSTED
    )
    out[AT.inspire_relationship_difference] = estimated(
        end["inspire_relationship"].copy(),
        start["inspire_relationship"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        ADJUSTED,
    )
    estimate = estimated(
        end["service_cost"].copy(),
        start["service_cost"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        ADJUSTED,
    )
    out[AT.cost_reduction] = -estimate
    black = np.empty(users, np.int64)
    change = 0.0
    for i in range(users):
        black[i] = 1 if followed[i] == 1 and flags[i, 2] == 1 else 0
        if followed[i] == 1:
            change += total[i] - total_0[i]
    one = contrast(total, total_0, exposed, black, user_team, teams, ADJUSTED)
    out[AT.black_difference] = one.estimate
    out[AT.black_half_width] = CRITICAL * one.error
    out[AT.pooled_change] = change / retained
    out[AT.icc_baseline] = anova_icc(total_0, user_team, teams)
    out[AT.hope_correlation] = correlation(start["hope"].copy(), total_0)
    out[AT.empowerment_correlation] = correlation(start["empowerment"].copy(), total_0)
    among = np.empty(users, np.int64)
    for i in range(users):
        among[i] = 1 if followed[i] == 1 and exposed[i] == 1 else 0
    out[AT.participation_support] = estimated(
        support, support_0, high_user, among, user_team, teams, ADJUSTED
    )
    posts = staff_team.shape[0]
    behaviour_0 = staff_start["staff_behaviour"].copy()
    behaviour = staff_end["staff_behaviour"].copy()
    rows = np.zeros(posts, np.int64)
    high_post = np.zeros(posts, np.int64)
    leader_sum = 0.0
    leaders = 0
    other_sum = 0.0
    others = 0
    for i in range(posts):
        rows[i] = 1 if arm[staff_team[i]] == 1 else 0
        high_post[i] = high[staff_team[i]]
        row = staff_start[i]
        if not np.isnan(row.rsa_staff):
            if row.leader > 0.5:
                leader_sum += row.rsa_staff
                leaders += 1
            else:
                other_sum += row.rsa_staff
                others += 1
    out[AT.participation_staff_behaviour] = estimated(
        behaviour, behaviour_0, high_post, rows, staff_team, teams, ADJUSTED
    )
    if leaders > 0 and others > 0:
        out[AT.leader_excess] = leader_sum / leaders - other_sum / others
    if quarter.shape[0] == users:
        out[AT.goal_named_share] = np.nanmean(start["goal_named"].copy())
        out[AT.goal_reached_share] = np.nanmean(quarter["goal_reached"].copy())
    return out


class Judging(NamedTuple):
    """How participation was judged and compared in one simulated trial (its nuisance prior)."""

    weight: float
    reliability: float
    places: int
    with_control: int
    adjust: int


def judging(seed: int, replication: int, teams: int) -> Judging:
    """Draw how participation was judged.

    weight uniform on 0-1; reliability of the rating uniform on .6-.95; the number of high teams
    uniform on 4-10 of 14 (the same shares for another number of teams); compared with low teams
    alone (probability .8) or with low and control teams; adjusted for baseline with probability .5.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 7919 + replication]))
    u = generator.random(5)
    places = round((4 + int(u[2] * 7.0)) * teams / 14.0)
    places = min(max(1, places), max(1, teams - 1))
    return Judging(u[0], 0.6 + 0.35 * u[1], places, int(u[3] < 0.2), int(u[4] < 0.5))
