"""Parts of a plan beside its test, on one small trial: random effects, imputation, a baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses import constrained_baseline, imputation, trial_analyses
from sim.trials.analyses.analysis_plan import AnalysisPlan, AnalysisRows
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.analyses.rubin import Pooled
from sim.trials.data.data import TrialData
from sim.trials.designs.design import parallel
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model

CODES = np.repeat(np.arange(6), 4)
PERIOD = np.tile([0, 0, 1, 1], 6)
ARM = (CODES % 2).astype(float)
RNG = np.random.default_rng(6)
Y = RNG.normal(size=24) + RNG.normal(size=6)[CODES]
PLAN = AnalysisPlan(missing="multiple imputation", imputations=3)


def rows_of(**given: Any) -> AnalysisRows:
    plain: dict[str, Any] = {
        "y": Y.copy(),
        "x": np.column_stack([np.ones(24), ARM, PERIOD]),
        "cluster": CODES,
        "period": PERIOD,
        "person": 100 + 2 * CODES + np.tile([0, 1], 12),
        "worker": 7 + CODES // 2,
        "treated": ARM,
    }
    return AnalysisRows(**{**plain, **given})


def effects_of(*names: str, **given: Any) -> list[RandomEffect]:
    plan = AnalysisPlan(random_effects=("cluster", *names))
    return trial_analyses.random_effects(rows_of(**given), CODES, plan)


def test_random_effects_that_a_plan_names() -> None:
    assert [one.name for one in effects_of()] == ["cluster"]
    cell = effects_of("cluster-period")[1]
    assert cell.codes.tolist() == (2 * CODES + PERIOD).tolist()
    gaps = effects_of("cluster-period", period=4 * PERIOD)[1]
    assert gaps.codes.tolist() == cell.codes.tolist()
    # One more period than the last of all: cells of two clusters do not meet.
    later = np.where(CODES == 5, 3, PERIOD)
    assert effects_of("cluster-period", period=later)[1].n_levels == 11
    person = effects_of("person")[1]
    assert person.codes.tolist() == (2 * CODES + np.tile([0, 1], 12)).tolist()
    assert effects_of("worker")[1].codes.tolist() == (CODES // 2).tolist()
    assert len(effects_of("worker", worker=None)) == 1
    slope = effects_of("treatment")[1]
    assert slope.slope is ARM
    assert slope.codes is CODES


@pytest.mark.parametrize(("singular", "told"), [(0.5, False), (0.51, True)])
def test_an_imputed_trial_is_pooled_with_the_degrees_of_its_clusters(
    monkeypatch: pytest.MonkeyPatch, singular: float, told: bool
) -> None:
    pooled = Pooled(2.0, 0.5, 6.0, 4.0, 0.007, (0.8, 3.2), 0.1, 3, 4.0)
    asked: list[Any] = []

    def analysed(*given: Any, **more: Any) -> imputation.ImputedAnalysis:
        asked[:] = [given[3], given[4], more["count"]]
        return imputation.ImputedAnalysis(pooled, 1.5, 2.5, singular)

    monkeypatch.setattr(imputation, "impute_and_analyse", analysed)
    y = Y.copy()
    y[[3, 4]] = np.nan
    found = trial_analyses.imputed(rows_of(y=y), CODES, PLAN)
    # Six clusters less the intercept and the arm.
    assert asked == [1, 4.0, 3]
    assert (found.estimate, found.se, found.df) == (2.0, 0.5, 6.0)
    assert (found.cluster_variance, found.residual_variance) == (1.5, 2.5)
    assert found.singular is told
    assert (found.analysed, found.clusters, found.failed) == (22, 6, False)
    one_sided = replace(PLAN, hypothesis="superiority", bounds=Bounds(0.0, np.inf))
    assert trial_analyses.imputed(rows_of(y=y), CODES, one_sided).low > found.low

    def refused(*_: Any, **__: Any) -> None:
        raise InputError("no")

    monkeypatch.setattr(imputation, "impute_and_analyse", refused)
    failed = trial_analyses.imputed(rows_of(y=y), CODES, PLAN)
    assert (failed.failed, failed.analysed, failed.clusters) == (True, 22, 6)


def test_over_periods_mixed_models_are_pooled() -> None:
    """Nothing is missing: each data set is the trial, and the answer that of its model."""
    plan = replace(PLAN, random_effects=("cluster", "cluster-period"), imputations=2)
    found = trial_analyses.imputed(rows_of(), CODES, plan)
    effects = effects_of("cluster-period")
    fit = fit_mixed_model(rows_of().x, Y, effects, ("a", "b", "c"))
    assert found.estimate == pytest.approx(fit.coefficients[1])
    assert found.se == pytest.approx(fit.inference[1].kenward_roger_se)
    assert found.singular == fit.singular
    assert (found.analysed, found.clusters) == (24, 6)
    # A column that depends on others is left out; a treatment that does has no answer.
    twice = np.column_stack([rows_of().x, PERIOD])
    assert trial_analyses.imputed(rows_of(x=twice), CODES, plan).estimate == pytest.approx(
        found.estimate
    )
    none = np.column_stack([np.ones(24), np.ones(24), ARM])
    assert trial_analyses.imputed(rows_of(x=none), CODES, plan).failed
    empty = trial_analyses.imputed(rows_of(y=np.full(24, np.nan)), CODES, plan)
    assert (empty.failed, empty.analysed) == (True, 0)


@pytest.mark.parametrize(("share", "told"), [(0.5, False), (0.52, True)])
def test_a_trial_is_singular_where_most_of_its_data_sets_are(
    monkeypatch: pytest.MonkeyPatch, share: float, told: bool
) -> None:
    from sim.trials.analyses import further_analyses

    pooled = Pooled(2.0, 0.5, 6.0, 4.0, 0.007, (0.8, 3.2), 0.1, 3, 4.0)
    monkeypatch.setattr(further_analyses, "pooled_mixed_models", lambda *_: (pooled, share))
    plan = replace(PLAN, random_effects=("cluster", "cluster-period"))
    assert trial_analyses.imputed(rows_of(), CODES, plan).singular is told


# Equal baselines


def trial_data(strata: bool = False) -> TrialData:
    """Return four people of each of six clusters at baseline and the end."""
    cluster, period = np.repeat(CODES, 2), np.tile([0, 1], 24)
    person = np.repeat(np.arange(24), 2)
    rng = np.random.default_rng(9)
    outcome = rng.normal(size=24)[person] + rng.normal(size=48) + cluster / 3.0
    stratum = cluster // 2 if strata else np.zeros(48, int)
    treated = (cluster % 2) * period
    return TrialData(cluster, period, person, treated, cluster % 2, outcome, stratum)


@pytest.mark.parametrize("test", ["kenward-roger", "satterthwaite"])
def test_baseline_and_follow_up_are_outcomes_with_equal_baselines(test: str) -> None:
    design = parallel(3, 4, baseline="ancova")
    data = trial_data()
    plan = AnalysisPlan(test, baseline="constrained")
    found = trial_analyses.constrained(data, design, plan)
    late, arm = data.period == 1, data.arm == 1
    x = np.column_stack([np.ones(48), late & arm, late]).astype(float)
    cell = 2 * data.cluster + data.period
    effects = [RandomEffect("c", data.cluster), RandomEffect("cell", cell)]
    effects += [RandomEffect("person", data.person)]
    fit = fit_mixed_model(x, data.outcome, effects, ("a", "b", "c"))
    one = fit.inference[1]
    assert found.estimate == pytest.approx(fit.coefficients[1], rel=1e-5)
    kenward_roger = test == "kenward-roger"
    assert found.se == pytest.approx(one.kenward_roger_se if kenward_roger else one.se, rel=1e-4)
    df = one.kenward_roger_df if kenward_roger else one.satterthwaite_df
    assert found.df == pytest.approx(df, rel=1e-3)
    assert found.cluster_variance == pytest.approx(fit.variances["c"], rel=1e-3, abs=1e-6)
    assert found.residual_variance == pytest.approx(fit.variances["residual"], rel=1e-3)
    assert (found.analysed, found.clusters) == (48, 6)


def test_strata_are_columns_beside_equal_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def fitted(trial: Any) -> Any:
        seen.append(trial)
        raise InputError("no")

    monkeypatch.setattr(constrained_baseline, "fit_constrained_baseline", fitted)
    design, plan = parallel(3, 4, baseline="ancova"), AnalysisPlan(baseline="constrained")
    found = trial_analyses.constrained(trial_data(strata=True), design, plan)
    assert (found.failed, found.analysed, found.clusters) == (True, 48, 6)
    own = [(1 * (one == CODES // 2)).tolist() for one in (1, 2)]
    assert seen[0].X[:24, 3:].T.tolist() == own
    trial_analyses.constrained(trial_data(), design, plan)
    assert seen[1].X.shape == (48, 3)


def test_a_treatment_that_nobody_got_has_no_answer() -> None:
    data = trial_data()
    untreated = replace(data, arm=np.zeros(48, int))
    design, plan = parallel(3, 4, baseline="ancova"), AnalysisPlan(baseline="constrained")
    assert trial_analyses.constrained(untreated, design, plan).failed
