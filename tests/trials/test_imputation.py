"""Multiple imputation: Rubin's rules by hand, a posterior that is known, bias that it removes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import analyse_trial, default_plan
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.analyses.declared_analysis import analyse_by_design
from sim.trials.analyses.generalised import analyse_generalised
from sim.trials.analyses.imputation import _latent, impute_and_analyse, imputed_outcomes
from sim.trials.analyses.r_code import code
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Attrition, stepped_wedge
from sim.trials.fits.random_intercept import fit_rows

DATA = Path(__file__).parent / "data"


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def clustered(
    seed: int, k: int = 27, n: int = 15, icc: float = 0.1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, columns (1, arm, baseline) and clusters."""
    draw = rng(seed)
    codes = np.repeat(np.arange(k), n)
    arm = (codes < k // 2 + 1).astype(float)
    base = draw.normal(size=k * n)
    u = np.sqrt(icc) * draw.normal(size=k)
    y = 0.5 * base + u[codes] + np.sqrt(1 - icc) * draw.normal(size=k * n)
    return y, np.column_stack([np.ones(k * n), arm, base]), codes


def test_nothing_missing_changes_nothing() -> None:
    y, X, codes = clustered(1)
    for filled in imputed_outcomes(y, X, codes, 2, rng(0)):
        assert (filled == y).all()
    got = impute_and_analyse(y, X, codes, 1, 24.0, count=3).pooled
    want = fit_rows(codes, 27, X, y, 1)
    assert (got.estimate, got.se) == pytest.approx((want.estimate, want.se))
    assert got.missing_information == 0.0


def test_observed_values_stay_and_equal_seeds_give_equal_answers() -> None:
    y, X, codes = clustered(2)
    y[::4] = np.nan
    sets = list(imputed_outcomes(y, X, codes, 3, rng(5)))
    seen = ~np.isnan(y)
    for filled in sets:
        assert (filled[seen] == y[seen]).all()
        assert np.isfinite(filled).all()
    assert not np.allclose(sets[0], sets[1])
    one = impute_and_analyse(y, X, codes, 1, 24.0, count=3, seed=7)
    assert one == impute_and_analyse(y, X, codes, 1, 24.0, count=3, seed=7)
    assert one != impute_and_analyse(y, X, codes, 1, 24.0, count=3, seed=8)


def test_imputed_values_follow_the_conditional_distribution() -> None:
    """With many clusters and rows parameters are known: mean and spread must be those of theory."""
    y, X, codes = clustered(3, k=300, n=10, icc=0.4)
    missing = np.arange(y.size) % 10 == 0
    truth = y[missing]
    y[missing] = np.nan
    drawn = np.array([one[missing] for one in imputed_outcomes(y, X, codes, 60, rng(1))])
    # Best linear prediction from the nine others of a cluster.
    left = (y - 0.5 * X[:, 2]).reshape(300, 10)[:, 1:]
    shrink = 9 * 0.4 / (0.6 + 9 * 0.4)
    expected = 0.5 * X[missing, 2] + shrink * left.mean(axis=1)
    spread = np.sqrt(0.6 + 0.4 * (1 - shrink))
    z = (drawn - expected) / spread
    assert z.mean() == pytest.approx(0.0, abs=0.1)
    assert z.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(drawn.mean(axis=0), truth)[0, 1] > 0.6


def test_clusters_without_outcomes_are_imputed_as_other_clusters() -> None:
    y, X, codes = clustered(4, k=12, n=20, icc=0.6)
    gone = codes == 5
    y[gone] = np.nan
    means = [one[gone].mean() for one in imputed_outcomes(y, X, codes, 100, rng(2))]
    assert 0.4 < np.std(means) < 1.6, "as far apart as clusters are"


def test_what_goes_with_being_missing_takes_its_bias_away() -> None:
    """Those who do badly on a third column leave, more of them in one arm."""
    draw = rng(9)
    complete_case, imputed = [], []
    for seed in range(40):
        y, X, codes = clustered(seed + 100, k=20, n=15)
        third = y + 0.5 * draw.normal(size=y.size)
        chance = 1 / (1 + np.exp(1.0 + 2.0 * third * X[:, 1]))
        y[draw.random(y.size) < chance] = np.nan
        complete_case.append(fit_rows(codes, 20, X, y, 1).estimate)
        imputed.append(
            impute_and_analyse(
                y, X, codes, 1, 18.0, count=3, auxiliary=np.column_stack([third, third * X[:, 1]])
            ).pooled.estimate
        )
    error = np.std(imputed) / np.sqrt(40)
    assert abs(np.mean(imputed)) < 4 * error
    assert np.mean(complete_case) > 0.15


def test_standard_errors_respect_clusters() -> None:
    y, X, codes = clustered(5, icc=0.3)
    full = fit_rows(codes, 27, X, y, 1)
    y[rng(3).random(y.size) < 0.3] = np.nan
    made = impute_and_analyse(y, X, codes, 1, 24.0, count=40)
    got = made.pooled
    assert 0.1 < made.cluster_variance / (made.cluster_variance + made.residual_variance) < 0.6
    left = fit_rows(codes, 27, X, y, 1)
    # A follow-up that is missing at random within columns adds nothing by being imputed.
    assert got.se == pytest.approx(left.se, rel=0.12)
    assert got.se > 0.95 * full.se
    assert 0.0 < got.missing_information < 0.5


def test_what_cannot_be_imputed() -> None:
    y, X, codes = clustered(6)
    hole = X.copy()
    hole[3, 2] = np.nan
    with pytest.raises(InputError, match="must be complete"):
        next(imputed_outcomes(y, hole, codes, 2, rng(0)))
    with pytest.raises(InputError, match="at least 4 clusters"):
        next(imputed_outcomes(np.where(codes < 3, y, np.nan), X, codes, 2, rng(0)))
    twice = np.column_stack([X, 2 * X[:, 1]])
    with pytest.raises(InputError, match="depend on each other"):
        next(imputed_outcomes(y, twice, codes, 2, rng(0)))
    lost = np.column_stack([X, codes == 2])
    with pytest.raises(InputError, match="as where a label has none"):
        next(imputed_outcomes(np.where(codes == 2, np.nan, y), lost, codes, 2, rng(0)))
    with pytest.raises(InputError, match="imputations = 1"):
        impute_and_analyse(y, X, codes, 1, 24.0, count=1)


def test_latent_values_have_the_means_of_a_cut_normal() -> None:
    mean = np.repeat([-3.0, 0.0, 2.0], 4000)
    positive = np.tile([True, False], 6000)
    drawn = _latent(mean, positive, np.random.default_rng(2))
    assert ((drawn > 0.0) == positive).all()
    for one in (-3.0, 0.0, 2.0):
        density, above = stats.norm.pdf(one), stats.norm.cdf(one)
        own = mean == one
        assert drawn[own & positive].mean() == pytest.approx(one + density / above, abs=0.05)
        below = one - density / (1.0 - above)
        assert drawn[own & ~positive].mean() == pytest.approx(below, abs=0.05)


def test_binary_outcomes_are_imputed_as_their_clusters_periods_and_columns_say() -> None:
    """Half of those with a high score are lost: who is left is too low, imputed ones are not."""
    draw = np.random.default_rng(8)
    cells = np.repeat(np.arange(120), 20)
    clusters = cells // 4
    score = draw.standard_normal(cells.size)
    latent = (
        score + 0.6 * draw.standard_normal(30)[clusters] + 0.6 * draw.standard_normal(120)[cells]
    )
    y = (latent + draw.standard_normal(cells.size) > 0.0).astype(float)
    seen = np.where((score > 0.0) & (draw.random(cells.size) < 0.8), np.nan, y)
    X = np.column_stack([np.ones(cells.size), score])
    filled = list(imputed_outcomes(seen, X, clusters, 5, draw, within=(cells,), binary=True))
    assert all(np.isin(one, (0.0, 1.0)).all() for one in filled)
    assert np.nanmean(seen) < y.mean() - 0.08
    assert np.mean(filled) == pytest.approx(y.mean(), abs=0.03)
    gone = np.isnan(seen)

    def between(outcome: np.ndarray) -> float:
        means = np.bincount(cells[gone], outcome[gone]) / np.bincount(cells[gone])
        return float(means.var())

    # Without effects of cells it is .77 of that.
    assert np.mean([between(one) for one in filled]) == pytest.approx(between(y), rel=0.2)


def test_columns_are_imputed_by_chained_equations() -> None:
    """Baselines of one arm are missing where outcomes are high: complete cases hide the effect."""
    draw = np.random.default_rng(3)
    team = np.repeat(np.arange(30), 20)
    arm = team % 2
    base = 0.4 * draw.normal(size=30)[team] + draw.normal(size=600)
    y = 0.5 * arm + 0.7 * base + 0.3 * draw.normal(size=30)[team] + draw.normal(size=600)
    sex = np.where(draw.random(600) < 0.5, "f", "m")
    hub = (team // 2).astype(float)
    frame = pd.DataFrame({"team": team, "arm": arm, "base": base, "sex": sex, "hub": hub, "y": y})
    frame["sex of staff"] = draw.normal(size=600)
    model = "y ~ arm + base + sex + hub + `sex of staff` + (1|team)"
    whole = analyse_table(frame[team != 7], model, "arm")
    frame["base"] = frame["base"].mask(draw.random(600) < 1 / (1 + np.exp(1 - 3 * y * arm)))
    frame["sex"] = frame["sex"].mask(draw.random(600) < 0.1)
    frame["hub"] = frame["hub"].mask(team == 7)
    frame["y"] = frame["y"].mask(draw.random(600) < 0.1)
    found = analyse_table(frame, model, "arm", imputations=3)
    made = found["multiple_imputation"]
    # A name is not mentioned by another that holds it.
    assert made["imputed_columns"].keys() == {"base", "sexm"}
    assert made["left_out"] == {"hub": 20}
    seen = frame[team != 7]
    assert (made["n_obs"], made["imputed_outcomes"]) == (580, seen["y"].isna().sum())
    assert found["estimate"] < whole["estimate"] - 0.3, "complete cases"
    assert made["estimate"] == pytest.approx(whole["estimate"], abs=whole["se"])
    assert made["se"] > whole["se"]
    assert "base" in format_analysis(found).split("chained equations: ")[1]


def test_what_is_of_a_person_is_not_imputed_row_by_row() -> None:
    draw = np.random.default_rng(4)
    who = np.repeat(np.arange(60), 2)
    team, visit = who // 5, np.tile([0, 1], 60)
    sex, score = (who % 2).astype(float), draw.normal(size=120)
    y = draw.normal(size=60)[who] + draw.normal(size=120)
    frame = pd.DataFrame({"team": team, "who": who, "visit": visit, "sex": sex, "score": score})
    frame["arm"], frame["y"] = team % 2, y
    frame["sex"] = frame["sex"].mask(who == 3)
    frame["score"] = frame["score"].mask(np.arange(120) % 11 == 0)
    model = "y ~ arm + visit + sex + score + (1|team) + (1|team:who)"
    made = analyse_table(frame, model, "arm", imputations=2)["multiple_imputation"]
    assert made["imputed_columns"].keys() == {"score"}
    assert (made["left_out"], made["n_obs"]) == ({"sex": 2}, 118)


def test_a_planned_estimand_over_periods_is_pooled(tmp_path: Path) -> None:
    """Two data sets give what the same data sets give with effects by exposure in the model."""
    design = tmp_path / "design.toml"
    design.write_text(
        '[design]\ntype = "stepped wedge"\nclusters = 12\nsteps = 4\nsize = 12\n[statistical]\n'
        '[analysis]\nestimand = "time-averaged effect"\nmissing = "multiple imputation"\n'
        'imputations = 2\n[columns]\noutcome = "y"\ntreatment = "trt"\n'
    )
    found = analyse_by_design(DATA / "sw_continuous.csv", design)
    answer, made = found["plan"]["answer"], found["multiple_imputation"]
    average = found["exposure"]["time_averaged_effect"]["kenward-roger"]
    assert answer["estimate"] == made["estimate"]
    assert made["n_obs"] == found["n_obs"] + made["imputed_outcomes"]
    assert made["estimate"] == pytest.approx(average["estimate"], abs=0.5 * average["se"])
    assert abs(made["estimate"] - found["estimate"]) > 0.5 * average["se"], "no constant effect"
    data = StatisticalSource(40.0, 10.0, Correlations(0.05, 0.8, 0.6), effect=6.0).simulate(
        stepped_wedge(3, 3, 5, sampling="closed cohort", attrition=Attrition(0.2)), 1, 0
    )
    wedge = stepped_wedge(3, 3, 5, sampling="closed cohort", attrition=Attrition(0.2))
    plan = replace(default_plan(wedge), missing="multiple imputation", imputations=2)
    of_people = analyse_trial(data, wedge, plan)
    assert not of_people.failed
    complete = analyse_trial(data, wedge, default_plan(wedge))
    assert of_people.estimate == pytest.approx(complete.estimate, abs=complete.se)


def test_a_wedge_and_a_binary_outcome_are_pooled_and_counts_are_refused() -> None:
    frame = pd.read_csv(DATA / "waves_binary.csv")
    model = "y ~ arm + factor(wave) + (1|cluster) + (1|cluster:wave)"
    complete = analyse_generalised(frame, model, "arm", "binomial", imputations=2)
    found, of_rows = complete["multiple_imputation"]["ratio"], complete["marginal"]["tests"]["KC"]
    assert found["imputed_outcomes"] == frame["y"].isna().sum()
    assert abs(found["estimate"] - of_rows["estimate"]) < of_rows["se"]
    linear = analyse_table(frame, model, "arm", imputations=2)
    assert linear["multiple_imputation"]["n_obs"] == len(frame)
    for one in (complete, linear):
        script = code("R", one, "waves_binary.csv")
        assert script.startswith("# Of complete rows; no code is written for imputed outcomes")
    with pytest.raises(InputError, match="no counts"):
        analyse_generalised(frame, model, "arm", "poisson", imputations=2)
