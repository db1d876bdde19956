"""ICC, CAC and IAC with intervals: reference fits, an independent F, and words of a design file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime, brentq
from scipy.stats import f as f_distribution

from sim.trials.analyses.analyse import analyse_csv, analyse_table
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.designs.design_schema import Statistical
from sim.trials.fits import icc_intervals
from sim.trials.fits.cell_sums import CellSums, RandomEffect, cell_sums
from sim.trials.fits.icc_intervals import RESIDUAL, exact_interval, profile_interval, share_of
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.reml import criterion_and_gradient, profile

DATA = Path(__file__).parent / "data"


def weighted_f_interval(table: pd.DataFrame, arms: bool) -> list[float]:
    """Return Wald's exact interval from weighted cluster means, arm by arm."""
    teams = table.groupby("team")
    n, mean = teams.size().to_numpy(), teams["y"].mean().to_numpy()
    arm = teams["arm"].first().to_numpy() if arms else np.zeros(n.size)
    groups = np.unique(arm)
    df = n.size - groups.size, len(table) - n.size
    within = float(((table["y"] - teams["y"].transform("mean")) ** 2).sum()) / df[1]

    def statistic(ratio: float) -> float:
        weight = n / (1.0 + n * ratio)
        total = 0.0
        for one in groups:
            own = arm == one
            centre = np.average(mean[own], weights=weight[own])
            total += float((weight[own] * (mean[own] - centre) ** 2).sum())
        return total / df[0] / within

    ends = []
    for tail in (0.975, 0.025):
        wanted = f_distribution.ppf(tail, *df)
        low = -0.999999 / n.max()
        ratio = brentq(lambda r, w=wanted: statistic(r) - w, low, 1e3, xtol=1e-14)
        ends.append(ratio / (1.0 + ratio))
    return ends


def test_balanced_one_way_is_searles_exact_interval() -> None:
    got = analyse_csv(DATA / "icc_balanced.csv", "y ~ 1 + (1|team)", "(Intercept)")
    one = got["correlations"]["icc"]
    assert one["estimate"] == pytest.approx(0.07542555, abs=1e-6)
    assert one["ci95"] == pytest.approx([-0.01433020574, 0.3035227443], abs=1e-6)
    assert one["method"] == "Wald's exact"


@pytest.mark.parametrize("arms", [False, True])
def test_unequal_teams_have_the_interval_of_the_weighted_f(arms: bool) -> None:
    table = pd.read_csv(DATA / "icc_unbalanced.csv")
    model = "y ~ arm + (1|team)" if arms else "y ~ 1 + (1|team)"
    got = analyse_table(table, model, "arm" if arms else "(Intercept)")
    want = weighted_f_interval(table, arms)
    assert got["correlations"]["icc"]["ci95"] == pytest.approx(want, abs=1e-8)


def test_the_exact_interval_covers_as_often_as_it_says() -> None:
    """200 trials of 8 unequal teams with a covariate that varies within them, true ICC .1."""
    rng = np.random.default_rng(11)
    team = np.repeat(np.arange(8), [3, 4, 6, 8, 10, 12, 15, 22])
    hits = 0
    for _ in range(200):
        base = rng.normal(size=team.size) + rng.normal(size=8)[team]
        y = base + np.sqrt(0.1) * rng.normal(size=8)[team] + np.sqrt(0.9) * rng.normal(size=80)
        basis = np.linalg.qr(np.column_stack([np.ones(80), team % 2, base]))[0]
        left = y - basis @ (basis.T @ y)
        sums = cell_sums(np.column_stack([basis, left]), [RandomEffect("team", team)])
        ends = exact_interval(sums)
        # An empty interval misses too.
        hits += ends is not None and ends[0] <= 0.1 <= ends[1]
    assert abs(hits / 200 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 200)


def test_a_search_that_stops_short_at_the_estimate_leaves_no_interval_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is best there is known: the interval was left out when the search did not find it."""
    rng = np.random.default_rng(1)
    cluster, cell = np.repeat(np.arange(8), 12), np.repeat(np.arange(24), 4)
    y = rng.standard_normal(8)[cluster] + 0.5 * rng.standard_normal(24)[cell]
    y += rng.standard_normal(96)
    effects = [RandomEffect("cluster", cluster), RandomEffect("cell", cell)]
    fit = fit_mixed_model(np.ones((96, 1)), y, effects)
    part, whole = [0, 1], [0, 1, RESIDUAL]
    ends = profile_interval(fit.sums, fit.ratios, part, whole)
    assert ends is not None
    assert 0.0 < ends[0] < ends[1] < 1.0
    at, held = share_of(fit.ratios, part, whole), icc_intervals._HeldShare.criterion

    def short(self: icc_intervals._HeldShare, value: float) -> float:
        return held(self, value) + (10.0 if value == at else 0.0)

    monkeypatch.setattr(icc_intervals._HeldShare, "criterion", short)
    assert profile_interval(fit.sums, fit.ratios, part, whole) == pytest.approx(ends, abs=1e-4)


def test_icc_of_a_period_cac_and_iac_of_a_closed_cohort() -> None:
    """Profile intervals of an independent fit (R, dense REML)."""
    model = "y ~ factor(period) + trt + (1|cluster) + (1|cluster:period) + (1|person)"
    got = analyse_csv(DATA / "closed_cohort.csv", model, "trt")
    found = got["correlations"]
    assert [found[one]["estimate"] for one in ("icc", "cac", "iac")] == pytest.approx(
        [0.06377663763, 0.2649240201, 0.6072184712], abs=1e-4
    )
    assert found["icc"]["ci95"] == pytest.approx([0.01415879706, 0.1868362766], abs=1e-3)
    assert found["iac"]["ci95"] == pytest.approx([0.5138167343, 0.6900762308], abs=1e-3)
    low, high = found["cac"]["ci95"]
    assert low == 0.0
    assert 0.5 < high < 1.0
    assert got["icc"] == found["icc"]["estimate"]
    assert "two people of one cluster in one period" in found["icc"]["meaning"]


@pytest.mark.parametrize(
    "written",
    [
        "(1|cluster) + (1|cluster:period)",
        "(1|cluster/period)",
        "(1|period:cluster) + (1|cluster)",
        "(1|cluster) + (1|clper)",
    ],
)
def test_the_icc_is_that_within_a_period_however_the_model_is_written(written: str) -> None:
    got = analyse_csv(DATA / "icc_period.csv", f"y ~ trt + factor(period) + {written}", "trt")
    assert got["icc"] == pytest.approx(0.1282, abs=5e-5)
    assert got["correlations"]["cac"]["estimate"] == pytest.approx(0.881, abs=5e-4)
    assert set(got["correlations"]) == {"icc", "cac"}


def test_lines_can_be_pasted_into_a_design_file() -> None:
    model = "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)"
    text = format_analysis(analyse_csv(DATA / "icc_period.csv", model, "trt"))
    pasted = text.split("of a design file\n")[1].split("\nNote")[0]
    table = tomllib.loads(pasted)
    read = Statistical(**table)
    assert (read.icc, read.cac) == pytest.approx((0.1282, 0.8809))


def test_the_model_without_periods_of_clusters_says_that_it_takes_cac_for_one() -> None:
    got = analyse_csv(DATA / "icc_period.csv", "y ~ trt + factor(period) + (1|cluster)", "trt")
    assert set(got["correlations"]) == {"icc"}
    assert any("takes CAC for 1" in one for one in got["notes"])


def test_sites_above_teams_and_staff_within_them_have_names_of_their_own() -> None:
    rng = np.random.default_rng(2)
    team = np.repeat(np.arange(24), 12)
    site, worker = team // 4, np.arange(288) // 4
    y = rng.normal(size=6)[site] + rng.normal(size=24)[team] + rng.normal(size=72)[worker]
    y += rng.normal(size=288)
    table = pd.DataFrame({"site": site, "team": team, "worker": worker, "arm": team % 2, "y": y})
    got = analyse_table(table, "y ~ arm + (1|site) + (1|team) + (1|worker)", "arm")
    share, variance = got["correlations"], got["variance"]
    total = sum(variance.values())
    assert set(share) == {"icc", "icc_site", "icc_worker"}
    assert share["icc"]["estimate"] * total == pytest.approx(variance["site"] + variance["team"])
    assert share["icc_site"]["estimate"] * total == pytest.approx(variance["site"])
    assert share["icc_worker"]["estimate"] * total == pytest.approx(total - variance["residual"])
    for one in share.values():
        assert one["ci95"][0] < one["estimate"] < one["ci95"][1]


def test_the_light_gradient_is_that_of_the_profile() -> None:
    rng = np.random.default_rng(7)
    cluster = np.repeat(np.arange(6), 12)
    cell = cluster * 3 + np.tile(np.repeat([0, 1, 2], 4), 6)
    columns = np.column_stack([np.full(72, 72**-0.5), rng.normal(size=72)])
    data = cell_sums(columns, [RandomEffect("a", cluster), RandomEffect("b", cell)])
    for ratios in (np.array([0.3, 0.05]), np.array([0.0, 2.0])):
        value, gradient = criterion_and_gradient(data, ratios)
        assert value == pytest.approx(profile(data, ratios).criterion, rel=1e-12)
        assert gradient == pytest.approx(profile(data, ratios).gradient, rel=1e-8)
    by_steps = approx_fprime(ratios + 0.1, lambda one: criterion_and_gradient(data, one)[0], 1e-7)
    assert criterion_and_gradient(data, ratios + 0.1)[1] == pytest.approx(by_steps, rel=1e-4)


def sums_of(team: np.ndarray, columns: np.ndarray, y: np.ndarray) -> CellSums:
    basis = np.linalg.qr(columns)[0]
    return cell_sums(np.column_stack([basis, y]), [RandomEffect("team", team)])


@pytest.mark.parametrize("between", [0.0, 0.5, 40.0])
def test_the_exact_interval_inverts_an_f_test_of_whole_matrices(between: float) -> None:
    """Least squares with teams as columns leave what varies within; the rest is between."""
    rng = np.random.default_rng(4)
    team = np.repeat(np.arange(6), [2, 3, 5, 5, 7, 9])
    X = np.column_stack([np.ones(31), rng.normal(size=31)])
    y = X[:, 1] + between * rng.normal(size=6)[team] + rng.normal(size=31)
    Z = (team[:, None] == np.arange(6)).astype(float)

    def left(columns: np.ndarray, V: np.ndarray) -> float:
        inverse = np.linalg.inv(V)
        beta = np.linalg.lstsq(columns.T @ inverse @ columns, columns.T @ inverse @ y, rcond=None)
        off = y - columns @ beta[0]
        return float(off @ inverse @ off)

    # One slope within teams: 31 - 6 - 1 are left there, and 6 - 1 between.
    within = left(np.column_stack([X, Z]), np.eye(31))

    def statistic(ratio: float) -> float:
        return (left(X, np.eye(31) + ratio * Z @ Z.T) - within) / 5 / (within / 24)

    wanted = []
    for tail in (0.975, 0.025):
        at = f_distribution.ppf(tail, 5, 24)
        ratio = brentq(lambda r, f=at: statistic(r) - f, -0.999 / 9, 1e7, xtol=1e-13)
        wanted.append(ratio / (1.0 + ratio))
    assert exact_interval(sums_of(team, X, y)) == pytest.approx(wanted, abs=1e-7)


def test_an_exact_interval_needs_something_between_and_within() -> None:
    rng = np.random.default_rng(5)
    team, y = np.array([0, 0, 1]), rng.normal(size=3)
    assert exact_interval(sums_of(team, np.ones((3, 1)), y)) is not None, "one and one"
    assert exact_interval(sums_of(team[:2], np.ones((2, 1)), y[:2])) is None, "one team"
    assert exact_interval(sums_of(np.arange(3), np.ones((3, 1)), y)) is None, "alone in teams"
    flat = np.array([1.0, 1.0, 2.0])
    assert exact_interval(sums_of(team, np.ones((3, 1)), flat)) is None, "nothing within"


def test_shares_of_variance() -> None:
    ratios = np.array([0.5, 0.25, 0.0])
    assert share_of(ratios, [0], [0, 1, RESIDUAL]) == pytest.approx(0.5 / 1.75)
    assert share_of(ratios, [0, 1], [0, 1, RESIDUAL]) == pytest.approx(0.75 / 1.75)
    assert share_of(ratios, [0], [0, 1]) == pytest.approx(2 / 3)
    assert share_of(ratios, [2], [2]) is None
    assert share_of(0.01 * ratios, [0], [0, 1]) == pytest.approx(2 / 3)
