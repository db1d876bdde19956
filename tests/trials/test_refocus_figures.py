"""Figures of one simulated REFOCUS trial, in plain Python, against the general mixed model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.studies.refocus_figures import (
    PLACE,
    Difference,
    anova_icc,
    contrast,
    correlation,
    judged_high,
    judging,
    trial_figures,
)

TEAMS, USERS, POSTS = 8, 96, 40
SCORES = [
    "qpr15",
    "qpr_intrapersonal",
    "qpr_interpersonal",
    "gaf",
    "cansas_staff",
    "cansas_user",
    "rsa_user",
    "inspire_support",
    "inspire_relationship",
    "service_cost",
    "hope",
    "empowerment",
    "goal_named",
    "goal_reached",
]


def records(names: Any, count: int) -> np.recarray:
    return np.zeros(count, [(name, float) for name in names]).view(np.recarray)


def teams_like(attended: list[int], engagement: list[float], offered: int = 100) -> list[Any]:
    """Return teams as plain Python reads them."""
    return [
        SimpleNamespace(
            sessions_offered=offered,
            sessions_attended=times,
            engagement_sum=times * shown,
            key_low=number,
            key_high=0,
        )
        for number, (times, shown) in enumerate(zip(attended, engagement, strict=True))
    ]


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """Eight teams of twelve users and five staff, the first four trained; some users lost."""
    rng = np.random.default_rng(4)
    team = np.repeat(np.arange(TEAMS), USERS // TEAMS)
    arm = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    start, end = records(SCORES, USERS), records(SCORES, USERS)
    for k, name in enumerate(SCORES):
        own = (1.0 + 0.2 * k) * rng.normal(size=USERS) + 0.7 * rng.normal(size=TEAMS)[team]
        start[name] = 20.0 + k + own
        shared = 0.8 * rng.normal(size=TEAMS)[team]
        end[name] = start[name] + arm[team] + shared + rng.normal(size=USERS)
    start.goal_named[0] = end.goal_reached[1] = np.nan
    flags = np.stack([rng.random(USERS) < 0.85, np.ones(USERS), rng.random(USERS) < 0.7], 1)
    staff_team = np.repeat(np.arange(TEAMS), POSTS // TEAMS)
    staff_0, staff_1 = (
        records(("staff_behaviour", "rsa_staff", "leader"), POSTS) for _ in range(2)
    )
    for one in (staff_0, staff_1):
        one.staff_behaviour = rng.normal(size=POSTS) + 0.6 * rng.normal(size=TEAMS)[staff_team]
        one.rsa_staff = rng.normal(3.0, 1.0, POSTS)
        one.leader = (np.arange(POSTS) % 5 == 0) * 1.0
    staff_0.rsa_staff[7] = np.nan
    state = teams_like([10, 40, 70, 90], [0.5, 0.6, 0.7, 0.4]) + teams_like([0] * 4, [0.0] * 4, 0)
    return {
        "start": start,
        "end": end,
        "quarter": end.copy(),
        "flags": flags.astype(np.int64),
        "staff_start": staff_0,
        "staff_end": staff_1,
        "user_team": team,
        "staff_team": staff_team,
        "arm": arm,
        "teams_state": state,
        "weight": 1.0,
        "reliability": 0.8,
        "places": 2,
        "with_control": 0,
        "adjust": 0,
        "checks": 1,
        "seed": 1,
        "replication": 0,
    }


def figures(world: dict[str, Any], **changes: Any) -> dict[str, float]:
    found = trial_figures.py_func(*{**world, **changes}.values())
    return {name: float(found[place]) for name, place in PLACE.items()}


def modelled(
    y: np.ndarray, baseline: np.ndarray | None, side: np.ndarray, team: np.ndarray
) -> Difference:
    """Return the difference of two sides by the general mixed model."""
    columns = [np.ones(len(y)), side, *([] if baseline is None else [baseline])]
    codes = np.unique(team, return_inverse=True)[1]
    fit = fit_mixed_model(np.column_stack(columns), y, [RandomEffect("team", codes)])
    own, estimate = fit.inference[1], float(fit.coefficients[1])
    t = estimate / own.kenward_roger_se
    return Difference(
        estimate,
        own.se,
        own.kenward_roger_se,
        own.kenward_roger_df,
        2.0 * float(stats.t.sf(abs(t), own.kenward_roger_df)),
        fit.variances["team"] / (fit.variances["team"] + fit.variances["residual"]),
        float(fit.singular),
    )


def expected_figures(world: dict[str, Any], compared: str, adjust: bool) -> dict[str, float]:
    """Return the figures by whole columns, participation among trained teams or all."""
    start, end, flags, team, arm = (
        world[one] for one in ("start", "end", "flags", "user_team", "arm")
    )
    kept, trained = flags[:, 0] == 1, arm[team] == 1
    high = np.isin(team, (2, 3))

    def of(name: str, side: np.ndarray, rows: np.ndarray, adjusted: bool = True) -> Difference:
        base = start[name][rows] if adjusted else None
        return modelled(end[name][rows], base, side[rows] * 1.0, team[rows])

    def main(name: str) -> float:
        return of(name, trained, kept).estimate

    def z(one: Difference) -> float:
        return one.estimate / one.error

    total, total_0 = end.qpr15, start.qpr15
    whole = of("qpr15", trained, kept)
    rows = kept & trained if compared == "trained" else kept
    inter, intra, both = (
        of(name, high, rows, adjust) for name in ("qpr_interpersonal", "qpr_intrapersonal", "qpr15")
    )
    sides = [total[kept & trained], total[kept & ~trained]]
    within = sum(((one - one.mean()) ** 2).sum() for one in sides) / (kept.sum() - 2)
    black = of("qpr15", trained, kept & (flags[:, 2] == 1))
    staff_0, staff_1, at = world["staff_start"], world["staff_end"], world["staff_team"]
    posts = arm[at] == 1
    behaviour = modelled(
        staff_1.staff_behaviour[posts],
        staff_0.staff_behaviour[posts],
        np.isin(at, (2, 3))[posts] * 1.0,
        at[posts],
    )
    asked = ~np.isnan(staff_0.rsa_staff)
    leads = staff_0.leader == 1.0
    lost = USERS - kept.sum()
    return {
        "control_mean": float(sides[1].mean()),
        "log_sd": float(np.log(within) / 2),
        "difference": whole.estimate,
        "log_se": float(np.log(whole.error)),
        "standard_error": whole.standard_error,
        "df": whole.df,
        "p": whole.p,
        "icc": whole.icc,
        "singular": whole.singular,
        "retention": float(kept.mean()),
        "logit_retention": float(np.log((kept.sum() + 0.5) / (lost + 0.5))),
        "z_intrapersonal": z(of("qpr_intrapersonal", trained, kept)),
        "z_interpersonal": z(of("qpr_interpersonal", trained, kept)),
        "participation": inter.estimate,
        "participation_p": inter.p,
        "participation_smallest_p": min(inter.p, intra.p, both.p),
        "z_participation_interpersonal": z(inter),
        "z_participation_intrapersonal": z(intra),
        "z_participation_total": z(both),
        "attended_share": (10 + 40 + 70 + 90) / 400,
        "gaf_difference": main("gaf"),
        "staff_unmet_needs_reduction": -main("cansas_staff"),
        "user_unmet_needs_reduction": -main("cansas_user"),
        "inspire_support_difference": main("inspire_support"),
        "inspire_relationship_difference": main("inspire_relationship"),
        "cost_reduction": -main("service_cost"),
        "rsa_correlation": float(np.arctanh(np.corrcoef(start.rsa_user, total_0)[0, 1])),
        "black_difference": black.estimate,
        "black_half_width": float(stats.norm.ppf(0.975)) * black.error,
        "pooled_change": float((total - total_0)[kept].mean()),
        "hope_correlation": float(np.corrcoef(start.hope, total_0)[0, 1]),
        "empowerment_correlation": float(np.corrcoef(start.empowerment, total_0)[0, 1]),
        "participation_support": of("inspire_support", high, kept & trained).estimate,
        "participation_staff_behaviour": behaviour.estimate,
        "leader_excess": float(
            staff_0.rsa_staff[asked & leads].mean() - staff_0.rsa_staff[asked & ~leads].mean()
        ),
        "goal_named_share": float(np.nanmean(start.goal_named)),
        "goal_reached_share": float(np.nanmean(end.goal_reached)),
    }


@pytest.mark.parametrize(("compared", "adjust"), [("trained", False), ("all", True)])
def test_each_figure_is_what_its_name_says(
    world: dict[str, Any], compared: str, adjust: bool
) -> None:
    got = figures(world, with_control=int(compared == "all"), adjust=int(adjust))
    for name, value in expected_figures(world, compared, adjust).items():
        assert got[name] == pytest.approx(value, rel=2e-5, abs=1e-9), name
    # Equal teams: one-way analysis of variance.
    by_team = world["start"].qpr15.reshape(TEAMS, -1)
    f, size = stats.f_oneway(*by_team)[0], by_team.shape[1]
    assert got["icc_baseline"] == pytest.approx((f - 1.0) / (f - 1.0 + size))


def test_checked_figures_are_left_out_where_they_are_not_wanted(world: dict[str, Any]) -> None:
    got = figures(world, checks=0)
    assert got["rsa_correlation"] == figures(world)["rsa_correlation"]
    assert np.isnan([got[one] for one in ("cost_reduction", "leader_excess", "icc_baseline")]).all()
    none = figures(world, quarter=world["quarter"][:0])
    assert np.isnan([none["goal_named_share"], none["goal_reached_share"]]).all()
    assert not np.isnan(none["leader_excess"])


def test_fewer_than_six_a_side_have_retention_alone(world: dict[str, Any]) -> None:
    for short in (0, 1):
        for kept in (5, 6):
            flags = world["flags"].copy()
            flags[:, 0] = 1
            side = np.flatnonzero(world["arm"][world["user_team"]] == short)
            flags[side[kept:], 0] = 0
            got = figures(world, flags=flags, checks=0)
            assert got["retention"] == pytest.approx((48 + kept) / 96)
            assert np.isnan(got["control_mean"]) == np.isnan(got["difference"]) == (kept == 5)


def test_a_trial_of_one_score_has_the_least_spread_and_no_leader_no_excess(
    world: dict[str, Any],
) -> None:
    end = world["end"].copy()
    end.qpr15 = 7.0
    got = figures(world, end=end, checks=0)
    kept = world["flags"][:, 0].sum()
    assert got["log_sd"] == pytest.approx(0.5 * np.log(1e-6 / (kept - 2)), abs=1e-6)
    for leader in (0.0, 1.0):
        staff = world["staff_start"].copy()
        staff.leader = leader
        assert np.isnan(figures(world, staff_start=staff)["leader_excess"])


def people(seed: int, n: int, ones: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    side = np.zeros(n, int)
    side[rng.permutation(n)[:ones]] = 1
    return rng.normal(size=n), rng.normal(size=n), side, np.ones(n, int), np.arange(n) % 4


@pytest.mark.parametrize("adjust", [0, 1])
@pytest.mark.parametrize(("n", "ones", "fits"), [(12, 2, True), (12, 10, True), (11, 5, False)])
def test_who_is_compared(n: int, ones: int, fits: bool, adjust: int) -> None:
    """Twelve with both scores, two on a side; fewer are not."""
    y, base, side, kept, team = people(1, n, ones)
    assert np.isfinite(contrast(y, base, side, kept, team, 4, adjust).estimate) == fits
    assert np.isnan(contrast(*people(1, 14, 1), 4, adjust).estimate)
    assert np.isnan(contrast(*people(1, 14, 13), 4, adjust).estimate)
    wider = [np.append(one, one[:3]) for one in (y, base, side, kept, team)]
    wider[0][-1], wider[1][-2], wider[3][-3] = np.nan, np.nan, 0
    got = contrast(*wider, 4, adjust)
    if fits:
        assert got == pytest.approx(modelled(y, base if adjust else None, side, team), rel=1e-5)
    else:
        assert np.isnan(got.estimate)


def test_scores_that_do_not_vary() -> None:
    y, base, side, kept, team = people(2, 20, 9)
    flat = contrast(y, 0.0 * base + 3.0, side, kept, team, 4, 1)
    assert flat == pytest.approx(contrast(y, base, side, kept, team, 4, 0))
    # A little spread is spread: its slope takes the same part of the outcome.
    some = contrast(y, 1e-3 * base, side, kept, team, 4, 1)
    assert some.estimate == pytest.approx(contrast(y, base, side, kept, team, 4, 1).estimate)
    fine = contrast(1e-3 * y, base, side, kept, team, 4, 1)
    assert fine.estimate == pytest.approx(1e-3 * contrast(y, base, side, kept, team, 4, 1).estimate)
    none = contrast(0.0 * y + 2.0, base, side, kept, team, 4, 1)
    assert none.estimate == 0.0
    assert np.isnan(none[1:]).all()
    assert np.isnan(correlation(y, np.ones(20)))
    assert correlation(y, base) == pytest.approx(np.corrcoef(y, base)[0, 1])


def test_icc_by_analysis_of_variance_of_unequal_teams() -> None:
    """Sizes 2, 3, 1 and an empty team: mean squares 10.5 and 2/3, typical size 11/6."""
    y = np.array([1.0, 2.0, 5.0, 6.0, 6.0, 8.0])
    team = np.array([0, 0, 1, 1, 1, 3])
    between, within = (
        (2 * 1.5**2 + 3 * (17 / 3) ** 2 + 64 - 6 * (14 / 3) ** 2) / 2,
        (0.5 + 2 / 3) / 3,
    )
    typical = (6 - 14 / 6) / 2
    icc = (between - within) / (between + (typical - 1) * within)
    assert anova_icc(y, team, 4) == pytest.approx(icc)
    assert np.isnan(anova_icc(np.ones(6), team, 4))


def test_teams_are_judged_by_attendance_and_rating() -> None:
    state = teams_like([10, 40, 70, 90, 99], [0.5, 0.6, 0.7, 0.4, 0.9])
    arm = np.array([1, 1, 1, 1, 0])
    sure = 1.0  # A rating without error
    assert judged_high(state, arm, 1.0, sure, 2, 1, 0).tolist() == [0, 0, 1, 1, 0]
    assert judged_high(state, arm, 0.0, sure, 2, 1, 0).tolist() == [0, 1, 1, 0, 0]
    assert judged_high(state, arm, 0.0, sure, 9, 1, 0).tolist() == [1, 1, 1, 1, 0]
    # z of attendance (-1.21, -.36, .50, 1.07) and of the rating (-.39, .39, 1.16, -1.16): their
    # means are -.80, .01, .83, -.05; with .6 on attendance the last comes second.
    assert judged_high(state, arm, 0.5, sure, 2, 1, 0).tolist() == [0, 1, 1, 0, 0]
    assert judged_high(state, arm, 0.6, sure, 2, 1, 0).tolist() == [0, 0, 1, 1, 0]
    # Nobody attends, nobody is asked: the shares are zero.
    idle = teams_like([0, 0, 50], [0.0, 0.0, 0.5])
    idle[0].sessions_offered = 0
    assert judged_high(idle, np.ones(3, int), 0.5, sure, 1, 1, 0).tolist() == [0, 0, 1]
    lone = teams_like([1, 0], [0.5, 0.0], 1)
    assert judged_high(lone, np.ones(2, int), 1.0, sure, 1, 1, 0).tolist() == [1, 0]
    one = judged_high(idle, np.array([0, 1, 0]), 0.5, sure, 1, 1, 0)
    assert one.tolist() == [0, 1, 0]


@pytest.mark.parametrize("between", [[], [0.5]])
def test_attendance_and_rating_count_in_their_own_standard_deviations(between: list[float]) -> None:
    """The first team attends most and is rated worst, the last the other way round."""
    shares = [0.8, *between, 0.2]
    state = teams_like([round(100 * one) for one in shares], [0.41, *between, 0.59])
    arm = np.ones(len(shares), int)
    for weight, first in ((0.45, 0), (0.55, 1)):
        assert judged_high(state, arm, weight, 1.0, 1, 1, 0)[0] == first


def test_error_of_the_rating_has_the_size_of_its_reliability() -> None:
    """Two teams a standard deviation apart by sqrt(2); ratings turn them where noise exceeds it."""
    arm, turned = np.ones(2, int), {}
    for reliability in (0.6, 0.95):
        noise = np.sqrt((1.0 - reliability) / reliability)
        state = teams_like([50, 50], [0.4, 0.6])
        got = [judged_high(state, arm, 0.0, reliability, 1, seed, 3)[0] for seed in range(300)]
        turned[reliability] = np.mean(got)
        chance = stats.norm.sf(np.sqrt(2.0), scale=noise * np.sqrt(2.0))
        assert turned[reliability] == pytest.approx(chance, abs=3 * np.sqrt(chance / 300) + 0.004)
    again = [judged_high(state, arm, 0.0, 0.6, 1, 1, r)[0] for r in range(300)]
    assert 0 < sum(again) < 100, "each replication is rated anew"


def test_how_participation_is_judged_has_its_prior() -> None:
    drawn = [judging(1, number, 14) for number in range(4000)]
    weight, reliability, places, with_control, adjust = np.array(drawn).T
    for low, high, values in ((0.0, 1.0, weight), (0.6, 0.95, reliability)):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx(
            (low + high) / 2, abs=4 * (high - low) / np.sqrt(48_000)
        )
    shares = np.bincount(places.astype(int), minlength=11) / 4000
    assert shares[4:] == pytest.approx(1 / 7, abs=4 * np.sqrt(6 / 49 / 4000))
    assert shares[:4].sum() == 0.0
    assert with_control.mean() == pytest.approx(0.2, abs=0.025)
    assert adjust.mean() == pytest.approx(0.5, abs=0.032)
    assert len({judging(2, number, 14).weight for number in range(50)}) == 50
    twice = [judging(1, number, 28).places for number in range(200)]
    assert twice == [2 * one.places for one in drawn[:200]]
    assert {judging(1, number, 2).places for number in range(50)} == {1}
    assert {judging(1, number, 1).places for number in range(50)} == {1}
    few = {judging(1, number, 3).places for number in range(100)}
    assert few == {1, 2}, "one team at least is low"
