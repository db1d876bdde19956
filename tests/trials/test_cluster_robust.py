"""CR2: equal to clubSandwich, right whatever the covariance is, and its formula to simulation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.analyses.methods.cluster_robust import expected, robust, robust_test
from sim.trials.analyses.methods.cluster_robust import test as cluster_robust
from sim.trials.analyses.read_model import read_model
from sim.trials.designs.design import parallel
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.expected_test import Cells, ExpectedTest

DATA = Path(__file__).parent / "data"


def test_standard_error_and_df_are_those_of_club_sandwich() -> None:
    """R 4.2.2, clubSandwich 0.5.8 on lme4 1.1.31: 14 teams of 4 to 30."""
    frame = pd.read_csv(DATA / "icc_unbalanced.csv")
    found = analyse_table(frame, "y ~ arm + (1|team)", "arm")["tests"]["cluster-robust"]
    assert found["estimate"] == pytest.approx(0.2705348727, rel=1e-6)
    assert found["se"] == pytest.approx(0.2271972433, rel=1e-5)
    assert found["df"] == pytest.approx(11.20531085, rel=1e-4)
    assert found["p"] == pytest.approx(0.2583661871, rel=1e-4)
    found = analyse_table(frame, "y ~ arm + (1|team)", "arm")["tests"]["cluster-jackknife"]
    assert found["se"] == pytest.approx(0.2473387189, rel=1e-5), "CR3"
    assert found["df"] == pytest.approx(11.01830938, rel=1e-4)
    assert found["p"] == pytest.approx(0.2973858453, rel=1e-4)


def by_definition(
    x: np.ndarray, v: np.ndarray, y: np.ndarray, teams: np.ndarray, at: int, *, third: bool
) -> tuple[float, float]:
    """Return CR2 or CR3 and its df as Pustejovsky and Tipton (2018) define them."""
    w = np.linalg.inv(v)
    bread = np.linalg.inv(x.T @ w @ x)
    left = np.eye(len(y)) - x @ bread @ x.T @ w
    parts, scores = [], []
    for one in np.unique(teams):
        own = np.flatnonzero(teams == one)
        if third:
            adjusted = np.linalg.inv(left[np.ix_(own, own)])
        else:
            upper = np.linalg.cholesky(v[np.ix_(own, own)]).T
            values, vectors = np.linalg.eigh(upper @ left[own] @ v @ left[own].T @ upper.T)
            root = np.where(values > 1e-12, np.abs(values), np.inf) ** -0.5
            adjusted = upper.T @ (vectors * root) @ vectors.T @ upper
        weights = bread[at] @ x[own].T @ w[np.ix_(own, own)] @ adjusted
        scores.append(weights @ (left @ y)[own])
        parts.append(left[own].T @ weights)
    spread = np.array(parts) @ v @ np.array(parts).T
    return float(np.linalg.norm(scores)), float(np.trace(spread) ** 2 / (spread**2).sum())


@pytest.mark.parametrize(
    ("name", "third"), [("cluster-robust", False), ("cluster-jackknife", True)]
)
def test_three_arms_and_strata_have_the_errors_of_the_definition(name: str, third: bool) -> None:
    frame = pd.read_csv(DATA / "three_arms.csv").dropna()
    model = "y ~ arm + site + base + (1|team)"
    found = analyse_table(frame, model, "armfull", references=["arm=usual"])
    dummies = [frame["arm"] == one for one in ("full", "light")]
    dummies += [frame["site"] == one for one in ("north", "south", "west")]
    x = np.column_stack([np.ones(len(frame)), *dummies, frame["base"]]).astype(float)
    teams = frame["team"].to_numpy()
    same = (teams[:, None] == teams).astype(float)
    v = found["variance"]["team"] * same + found["variance"]["residual"] * np.eye(len(frame))
    se, df = by_definition(x, v, frame["y"].to_numpy(float), teams, 1, third=third)
    got = found["tests"][name]
    assert (got["se"], got["df"]) == pytest.approx((se, df), rel=1e-7)


def test_columns_of_any_size_give_the_same_error() -> None:
    """A year and its square is one model with the year counted from 2012, where R is exact."""
    frame = pd.read_csv(DATA / "icc_unbalanced.csv")
    frame["year"] = 2000 + np.arange(len(frame)) * 7 % 25
    frame["late"] = frame["year"] - 2012
    for name in ("cluster-robust", "cluster-jackknife"):
        raw, moved = (
            analyse_table(frame, f"y ~ arm + {one} + I({one}^2) + (1|team)", "arm")["tests"][name]
            for one in ("year", "late")
        )
        assert raw["se"] == pytest.approx(moved["se"], rel=1e-6)
        assert raw["df"] == pytest.approx(moved["df"], rel=1e-5)


def test_the_jackknife_leaves_out_one_cluster_after_the_other() -> None:
    """CR3 by brute force: each cluster left out, the variances as they are."""
    rng = np.random.default_rng(4)
    sizes = [3, 6, 4, 9, 5, 7]
    x = [
        np.column_stack([np.ones(n), np.full(n, i % 2), rng.random(n)]) for i, n in enumerate(sizes)
    ]
    v = [np.eye(n) + 0.3 for n in sizes]
    y = [rng.standard_normal(n) for n in sizes]

    def effect(kept: list[int]) -> float:
        weighted = {i: np.linalg.solve(v[i], x[i]) for i in kept}
        information = sum(x[i].T @ weighted[i] for i in kept)
        return float(np.linalg.solve(information, sum(weighted[i].T @ y[i] for i in kept))[1])

    every = list(range(6))
    moved = [effect([i for i in every if i != out]) - effect(every) for out in every]
    found = robust(x, v, 1, y, jackknife=True)[0]
    assert found == pytest.approx(np.sqrt(np.square(moved).sum()), rel=1e-10)


def test_the_small_basis_loses_nothing() -> None:
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(6), [3, 5, 4, 6, 5, 7])
    periods = rng.integers(0, 3, clusters.size)
    treated = ((clusters % 3) < periods).astype(float)
    x = np.column_stack([np.ones(clusters.size), treated, periods == 1, periods == 2]).astype(float)
    y = rng.standard_normal(clusters.size) + rng.standard_normal(6)[clusters] + treated
    cell = np.unique(clusters * 3 + periods, return_inverse=True)[1]
    effects = [RandomEffect("cluster", clusters), RandomEffect("cluster-period", cell)]
    trial = AnalysedTrial(x, y, 1, clusters, effects)
    fit = trial.fitted
    assert fit is not None
    whole_x, whole_v, whole_y = [], [], []
    for number in range(6):
        rows = clusters == number
        same = cell[rows][:, None] == cell[rows]
        v = np.eye(rows.sum()) * fit.residual_variance + fit.variances[0] + fit.variances[1] * same
        whole_x.append(x[rows])
        whole_v.append(v)
        whole_y.append(y[rows])
    found = cluster_robust(trial)
    assert found is not None
    assert (found.se, found.df) == pytest.approx(robust(whole_x, whole_v, 1, whole_y), rel=1e-8)


def test_equal_clusters_give_the_t_test_of_their_means() -> None:
    """Worked by hand: with arms of equal clusters it is Student's, k - 2 degrees of freedom."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(8), 5)
    arm = (clusters >= 4).astype(float)
    y = rng.standard_normal(40) + 0.7 * rng.standard_normal(8)[clusters]
    x = np.column_stack([np.ones(40), arm])
    found = cluster_robust(AnalysedTrial(x, y, 1, clusters, [RandomEffect("cluster", clusters)]))
    means = y.reshape(8, 5).mean(axis=1)
    spread = (means[:4].var(ddof=1) + means[4:].var(ddof=1)) / 4.0
    assert found is not None
    assert found.se == pytest.approx(np.sqrt(spread), rel=1e-9)
    assert found.df == pytest.approx(6.0, rel=1e-9)


def test_a_random_effect_over_clusters_has_no_robust_error_of_clusters() -> None:
    clusters = np.repeat(np.arange(6), 4)
    person = np.tile(np.arange(12), 2)
    x = np.column_stack([np.ones(24), clusters % 2]).astype(float)
    y = np.random.default_rng(2).standard_normal(24)
    effects = [RandomEffect("cluster", clusters), RandomEffect("person", person)]
    assert cluster_robust(AnalysedTrial(x, y, 1, clusters, effects)) is None


def test_the_formula_has_its_degrees_of_freedom() -> None:
    """Equal clusters k - 2; fewer where sizes vary."""
    assumed = Assumed(5.0, 10.0, 0.05)
    plan = AnalysisPlan("cluster-robust")
    equal = parallel(6, 20)
    assert design_power(equal, assumed, plan=plan).df == pytest.approx(10.0)
    varied = parallel(6, 20, size_variation=0.8)
    robust_df = design_power(varied, assumed, plan=plan)
    assert robust_df.df < 9.5
    assert robust_df.type_i_error == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("third", [False, True])
def test_people_much_alike_and_a_cluster_with_a_column_of_its_own(third: bool) -> None:
    """Both have directions of very unlike size: small ones count, those of nothing do not."""
    rng = np.random.default_rng(6)
    teams = np.repeat(np.arange(7), [4, 6, 5, 7, 3, 6, 5])
    x = np.column_stack([np.ones(36), teams % 2, rng.random(36)])
    v = np.eye(36) + 50.0 * (teams[:, None] == teams)
    y = rng.standard_normal(36) + 7.0 * rng.standard_normal(7)[teams]
    for at in (1, 2):
        parts = [[one[teams == k] for k in range(7)] for one in (x, y)]
        own = [v[np.ix_(teams == k, teams == k)] for k in range(7)]
        found = robust(parts[0], own, at, parts[1], jackknife=third)
        assert found == pytest.approx(by_definition(x, v, y, teams, at, third=third), rel=1e-6)
    # What a column of its own takes up of a cluster is rounding alone.
    alone = np.column_stack([x, teams == 6]).astype(float)
    parts = [[one[teams == k] for k in range(7)] for one in (alone, y)]
    found = robust(parts[0], own, 1, parts[1], jackknife=third)
    if third:
        few = [one[:6] for one in parts]
        want = robust([one[:, :3] for one in few[0]], own[:6], 1, few[1], jackknife=True)
        assert found[0] == pytest.approx(want[0], rel=0.2)
    else:
        assert found == pytest.approx(by_definition(alone, v, y, teams, 1, third=False), rel=1e-6)


def test_a_covariance_fitted_as_a_whole_has_the_same_error() -> None:
    frame = pd.read_csv(DATA / "icc_unbalanced.csv").assign(one=1.0)
    read = read_model(frame, "y ~ arm + (1|team)", "arm", weights="one")
    clusters = read.effects[0].codes
    plain = AnalysedTrial(read.fixed.X, read.y, read.at, clusters, read.effects)
    whole = replace(plain, structure=read.structure)
    assert read.structure is not None
    for jackknife in (False, True):
        first, second = (robust_test(one, jackknife) for one in (plain, whole))
        assert first is not None
        assert second is not None
        assert (second.se, second.df) == pytest.approx((first.se, first.df), rel=1e-3)
    # Where clusters are linked by an effect none of them stands alone.
    rows = np.arange(len(frame))
    assert cluster_robust(replace(whole, clusters=rows)) is None


def test_expected_errors_of_equal_clusters_by_hand() -> None:
    """Four clusters an arm: 6 df, and the jackknife too large by the root of 4 / 3."""
    arm = np.repeat([0.0, 1.0], 4)[:, None]
    columns = np.stack([np.ones((8, 1)), arm], axis=2)
    base = ExpectedTest(0.5, 0.5, 99.0, 99.0)
    covariance = np.full((8, 1, 1), 0.3)
    for people in (np.full((8, 1), 20.0), 5.0 + np.arange(8.0)[:, None]):
        cells = Cells(people, arm, columns, arm, np.ones(8))
        plain = expected(base, cells, covariance)
        assert (plain.model_se, plain.df, plain.spread_df) == pytest.approx((0.5, 6.0, 6.0))
        assert (plain.floor, plain.floor_df) == (0.0, np.inf)
        larger = expected(base, cells, covariance, jackknife=True)
        assert larger.model_se == pytest.approx(0.5 * np.sqrt(4.0 / 3.0))
    # Two clusters that are alike may stand as one that counts twice.
    twice = Cells(np.full((4, 1), 9.0), arm[::2], columns[::2], arm[::2], np.full(4, 2.0))
    assert expected(base, twice, covariance[:4]).df == pytest.approx(6.0)
