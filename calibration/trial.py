# numba infers the types of what it compiles.
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""The simulated trial as the trial was: from one simulated world to the published kind of figures.

Compiled functions turn the scores of one world into the figures that the trial reported: adjusted
differences from a linear mixed model with a random intercept for the team, standard deviations,
retention, and the contrast of teams judged to have taken part fully with the others. What the trial
did not report (how participation was judged, which teams it was compared with, whether it was
adjusted for baseline) is drawn for every simulated trial.

The participation score reads attendance and the trainers' rating alone: never latent readiness,
self-reported behaviour or any outcome of service users.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sim.engines.compiled import (
    EVENT_DTYPE,
    SCORES_DTYPE,
    STAFF_ROW_DTYPE,
    TEAM_DTYPE,
    TEAM_WEEK_DTYPE,
    TRUST_DTYPE,
    USER_DTYPE,
    compile_rule,
    empty_posts,
    run_world,
)
from sim.inputs.roster.trial import trial_roster
from sim.mechanisms.selection import trainer_rating
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario

CRITICAL = 1.959963984540054
WEEKS = 52
QUARTER = 13

# The figures of one simulated trial, in this order.
STATISTICS = (
    "control_mean",
    "log_sd",
    "difference",
    "log_se",
    "z_intrapersonal",
    "z_interpersonal",
    "participation",
    "z_participation_total",
    "z_participation_intrapersonal",
    "z_participation_interpersonal",
    "logit_retention",
    "gaf_difference",
    "staff_unmet_needs_reduction",
    "user_unmet_needs_reduction",
    "inspire_support_difference",
    "inspire_relationship_difference",
    "cost_reduction",
    "black_difference",
    "black_half_width",
    "pooled_change",
    "icc_baseline",
    "hope_correlation",
    "empowerment_correlation",
    "participation_support",
    "participation_staff_behaviour",
    "leader_excess",
    "goal_named_share",
    "goal_reached_share",
    "rsa_correlation",
    "attended_share",
    "pulsar_overall",
)
FIGURES = len(STATISTICS)
PLACE = {name: index for index, name in enumerate(STATISTICS)}


@compile_rule
def random_intercept(y, x, cluster, clusters):
    """Fit y = X b + u_cluster + e by restricted maximum likelihood; return b, standard errors, ICC.

    The likelihood is profiled to the ratio of variances and maximised on [0, 2] by a grid and a
    golden section; sums by cluster are made once, so a step costs the number of clusters.
    """
    n, k = x.shape
    count = np.zeros(clusters)
    sum_x = np.zeros((clusters, k))
    sum_y = np.zeros(clusters)
    xx = np.zeros((k, k))
    xy = np.zeros(k)
    yy = 0.0
    for i in range(n):
        c = cluster[i]
        count[c] += 1.0
        sum_y[c] += y[i]
        yy += y[i] * y[i]
        for a in range(k):
            sum_x[c, a] += x[i, a]
            xy[a] += x[i, a] * y[i]
            for b in range(k):
                xx[a, b] += x[i, a] * x[i, b]
    ratios = np.array([0.0, 0.005, 0.015, 0.03, 0.06, 0.1, 0.16, 0.25, 0.4, 0.7, 1.2, 2.0])
    best = 0
    best_value = -np.inf
    for index in range(ratios.shape[0]):
        value = restricted(ratios[index], n, count, sum_x, sum_y, xx, xy, yy)
        if value > best_value:
            best_value = value
            best = index
    low = ratios[max(best - 1, 0)]
    high = ratios[min(best + 1, ratios.shape[0] - 1)]
    golden = 0.6180339887498949
    first = high - golden * (high - low)
    second = low + golden * (high - low)
    at_first = restricted(first, n, count, sum_x, sum_y, xx, xy, yy)
    at_second = restricted(second, n, count, sum_x, sum_y, xx, xy, yy)
    for _ in range(22):
        if at_first >= at_second:
            high = second
            second = first
            at_second = at_first
            first = high - golden * (high - low)
            at_first = restricted(first, n, count, sum_x, sum_y, xx, xy, yy)
        else:
            low = first
            first = second
            at_first = at_second
            second = low + golden * (high - low)
            at_second = restricted(second, n, count, sum_x, sum_y, xx, xy, yy)
    ratio = 0.5 * (low + high)
    if restricted(0.0, n, count, sum_x, sum_y, xx, xy, yy) >= max(at_first, at_second):
        ratio = 0.0
    a, v, rest = normal_equations(ratio, count, sum_x, sum_y, xx, xy, yy)
    beta = np.linalg.solve(a, v)
    variance = (rest - np.dot(v, beta)) / (n - k)
    inverse = np.linalg.inv(a)
    errors = np.empty(k)
    for index in range(k):
        errors[index] = np.sqrt(max(variance * inverse[index, index], 1e-12))
    return beta, errors, ratio / (1.0 + ratio)


@compile_rule
def normal_equations(ratio, count, sum_x, sum_y, xx, xy, yy):
    """Return X'V^-1 X, X'V^-1 y and y'V^-1 y for a ratio of variances (times the residual's)."""
    k = xy.shape[0]
    a = xx.copy()
    v = xy.copy()
    rest = yy
    for c in range(count.shape[0]):
        if count[c] > 0.0:
            weight = ratio / (1.0 + count[c] * ratio)
            rest -= weight * sum_y[c] * sum_y[c]
            for i in range(k):
                v[i] -= weight * sum_x[c, i] * sum_y[c]
                for j in range(k):
                    a[i, j] -= weight * sum_x[c, i] * sum_x[c, j]
    return a, v, rest


@compile_rule
def restricted(ratio, n, count, sum_x, sum_y, xx, xy, yy):
    """Return the restricted log-likelihood at a ratio of variances, up to a constant."""
    a, v, rest = normal_equations(ratio, count, sum_x, sum_y, xx, xy, yy)
    k = xy.shape[0]
    left = rest - np.dot(v, np.linalg.solve(a, v))
    if left <= 0.0:
        return -np.inf
    value = -0.5 * (n - k) * np.log(left / (n - k)) - 0.5 * np.log(np.linalg.det(a))
    for c in range(count.shape[0]):
        value -= 0.5 * np.log(1.0 + count[c] * ratio)
    return value


@compile_rule
def contrast(y, baseline, exposed, kept, team, teams, adjust):
    """Return estimate and standard error of exposed against the other users kept, by mixed model.

    Users with a missing score are left out. NaN when a side is empty or fewer than 12 users remain.
    """
    n = 0
    ones = 0
    for i in range(y.shape[0]):
        if kept[i] == 1 and not np.isnan(y[i]) and not np.isnan(baseline[i]):
            n += 1
            ones += exposed[i]
    if n < 12 or ones < 2 or n - ones < 2:
        return np.nan, np.nan
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
        return 0.0, np.nan
    beta, errors, _ = random_intercept(values, x, cluster, teams)
    return beta[1], errors[1]


@compile_rule
def correlation(a, b):
    """Return the correlation of two columns; NaN when one does not vary."""
    da = a - a.mean()
    db = b - b.mean()
    size = np.sqrt((da * da).sum() * (db * db).sum())
    return (da * db).sum() / size if size > 0.0 else np.nan


@compile_rule
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


@compile_rule
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


@compile_rule
def trial_statistics(
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
    """Return the figures of one simulated trial in the order of `STATISTICS`.

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
    out[10] = np.log((retained + 0.5) / (users - retained + 0.5))
    if numbers[0] < 6.0 or numbers[1] < 6.0:
        return out
    out[0] = sums[0] / numbers[0]
    spread = squares[0] - sums[0] ** 2 / numbers[0] + squares[1] - sums[1] ** 2 / numbers[1]
    out[1] = 0.5 * np.log(max(spread, 1e-6) / (retained - 2.0))
    estimate, error = contrast(total, total_0, exposed, followed, user_team, teams, 1)
    out[2] = estimate
    out[3] = np.log(error)
    estimate, error = contrast(intra, intra_0, exposed, followed, user_team, teams, 1)
    out[4] = estimate / error
    estimate, error = contrast(inter, inter_0, exposed, followed, user_team, teams, 1)
    out[5] = estimate / error
    high = judged_high(teams_state, arm, weight, reliability, places, seed, replication)
    high_user = np.empty(users, np.int64)
    compared = np.empty(users, np.int64)
    for i in range(users):
        high_user[i] = high[user_team[i]]
        among = exposed[i] == 1 or with_control == 1
        compared[i] = 1 if followed[i] == 1 and among else 0
    estimate, error = contrast(inter, inter_0, high_user, compared, user_team, teams, adjust)
    out[6] = estimate
    out[9] = estimate / error
    estimate, error = contrast(total, total_0, high_user, compared, user_team, teams, adjust)
    out[7] = estimate / error
    estimate, error = contrast(intra, intra_0, high_user, compared, user_team, teams, adjust)
    out[8] = estimate / error
    offered = 0
    attended = 0
    for t in range(teams):
        offered += teams_state[t].sessions_offered
        attended += teams_state[t].sessions_attended
    out[29] = attended / max(offered, 1)
    out[11], _ = contrast(
        end["gaf"].copy(), start["gaf"].copy(), exposed, followed, user_team, teams, 1
    )
    estimate, _ = contrast(
        end["cansas_staff"].copy(),
        start["cansas_staff"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        1,
    )
    out[12] = -estimate
    out[28] = np.arctanh(correlation(start["rsa_user"].copy(), total_0))
    if checks == 0:
        return out
    estimate, _ = contrast(
        end["cansas_user"].copy(),
        start["cansas_user"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        1,
    )
    out[13] = -estimate
    support, support_0 = end["inspire_support"].copy(), start["inspire_support"].copy()
    out[14], _ = contrast(support, support_0, exposed, followed, user_team, teams, 1)
    out[15], _ = contrast(
        end["inspire_relationship"].copy(),
        start["inspire_relationship"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        1,
    )
    estimate, _ = contrast(
        end["service_cost"].copy(),
        start["service_cost"].copy(),
        exposed,
        followed,
        user_team,
        teams,
        1,
    )
    out[16] = -estimate
    black = np.empty(users, np.int64)
    change = 0.0
    for i in range(users):
        black[i] = 1 if followed[i] == 1 and flags[i, 2] == 1 else 0
        if followed[i] == 1:
            change += total[i] - total_0[i]
    estimate, error = contrast(total, total_0, exposed, black, user_team, teams, 1)
    out[17] = estimate
    out[18] = 1.959963984540054 * error
    out[19] = change / retained
    out[20] = anova_icc(total_0, user_team, teams)
    out[21] = correlation(start["hope"].copy(), total_0)
    out[22] = correlation(start["empowerment"].copy(), total_0)
    among = np.empty(users, np.int64)
    for i in range(users):
        among[i] = 1 if followed[i] == 1 and exposed[i] == 1 else 0
    out[23], _ = contrast(support, support_0, high_user, among, user_team, teams, 1)
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
    out[24], _ = contrast(behaviour, behaviour_0, high_post, rows, staff_team, teams, 1)
    if leaders > 0 and others > 0:
        out[25] = leader_sum / leaders - other_sum / others
    if quarter.shape[0] == users:
        out[26] = np.nanmean(start["goal_named"].copy())
        out[27] = np.nanmean(quarter["goal_reached"].copy())
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
    places = 4 + int(u[2] * 7.0)
    if teams != 14:
        places = min(max(1, round(places * teams / 14.0)), max(1, teams - 1))
    return Judging(u[0], 0.6 + 0.35 * u[1], places, int(u[3] < 0.2), int(u[4] < 0.5))


@dataclass
class TrialDesign:
    """Layouts in which the trial is simulated; a replication takes one of them in turn.

    Attributes
    ----------
    layouts : list of Layout
        One per drawing of what the roster leaves open.
    seed : int
        Seed of all keyed draws.
    """

    layouts: list[Layout]
    seed: int
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = []
        for layout in self.layouts:
            teams = np.arange(len(layout.teams))
            self.columns.append(
                (
                    np.repeat(teams, layout.teams["users"]).astype(np.int64),
                    np.repeat(teams, layout.teams["staff"]).astype(np.int64),
                    (layout.teams["programme"] > 0).astype(np.int64),
                )
            )


def refocus_design(seed: int, rosters: int = 8) -> TrialDesign:
    """Return the trial as it was, over several drawings of what its report leaves open."""
    scenario = load_scenario("refocus-as-delivered")
    layouts = []
    for number in range(rosters):
        roster = trial_roster(seed + number)
        layouts.append(lay_out(roster, expand(scenario, roster, WEEKS)))
    return TrialDesign(layouts, seed)


class Workspace:
    """State and score arrays of one thread, made once per layout."""

    def __init__(self, layout: Layout, weeks: int, assessments: tuple[int, ...], staff: bool):
        count = len(assessments)
        self.weeks = weeks
        self.assessments = np.array(assessments, np.int64)
        self.trusts = np.zeros(len(layout.trusts), TRUST_DTYPE)
        self.teams = np.zeros(len(layout.teams), TEAM_DTYPE)
        self.staff = empty_posts(layout)
        self.users = np.zeros(layout.users, USER_DTYPE)
        self.scores = np.zeros((count, layout.users), SCORES_DTYPE)
        self.flags = np.zeros((count, layout.users, 6), np.int64)
        self.staff_rows = np.zeros((count if staff else 0, layout.staff), STAFF_ROW_DTYPE)
        self.team_weeks = np.zeros((0, len(layout.teams)), TEAM_WEEK_DTYPE)
        self.events = np.zeros(0, EVENT_DTYPE)
        self.noted = np.zeros(1, np.int64)

    def run(self, layout: Layout, parameters: Any, seed: int, replication: int) -> None:
        """Run one world; its scores and final state are then in the arrays."""
        run_world(
            self.trusts,
            self.teams,
            self.staff,
            self.users,
            layout.trusts,
            layout.teams,
            layout.actions,
            layout.selection_mode,
            layout.selection_value,
            layout.selection_reliability,
            parameters,
            seed,
            replication,
            self.weeks,
            self.assessments,
            self.scores,
            self.flags,
            0,
            self.team_weeks,
            self.events,
            self.noted,
            self.staff_rows,
        )


def simulate_trial(
    design: TrialDesign,
    parameters: Any,
    replication: int,
    checks: bool,
    space: dict[Any, Workspace],
) -> np.ndarray:
    """Simulate one trial and return its figures (`STATISTICS`).

    Parameters
    ----------
    design : TrialDesign
        The trial.
    parameters : numpy record
        Parameter values.
    replication : int
        Which run of chance; it also decides how participation was judged.
    checks : bool
        Whether the figures that are only checked are wanted.
    space : dict
        Workspaces of the calling thread; filled here.
    """
    number = replication % len(design.layouts)
    layout = design.layouts[number]
    weeks = (0, QUARTER, WEEKS) if checks else (0, WEEKS)
    key = ("trial", id(design), number, checks)
    if key not in space:
        space[key] = Workspace(layout, WEEKS, weeks, checks)
    work = space[key]
    work.run(layout, parameters, design.seed, replication)
    user_team, staff_team, arm = design.columns[number]
    how = judging(design.seed, replication, int(arm.sum()))
    none = work.staff_rows[:0]
    return np.asarray(
        trial_statistics(
            work.scores[0],
            work.scores[-1],
            work.scores[1] if checks else work.scores[0, :0],
            work.flags[-1],
            work.staff_rows[0] if checks else none.reshape(-1),
            work.staff_rows[-1] if checks else none.reshape(-1),
            user_team,
            staff_team,
            arm,
            work.teams,
            how.weight,
            how.reliability,
            how.places,
            how.with_control,
            how.adjust,
            1 if checks else 0,
            design.seed,
            replication,
        )
    )
