"""Analyses of a trial whose answers can be worked by hand: clusters of one size, few columns."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, Fitted
from sim.trials.analyses.exposure import AVERAGE, LONG_TERM, trial_of_estimand
from sim.trials.analyses.methods import cluster_summary, marginal, participant_average, permutation
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.gee import EXCHANGEABLE, INDEPENDENCE, NESTED
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.random_intercept import fit_rows
from sim.trials.fits.small_sample import ContrastInference


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit these few rows without waiting for the compiler."""
    compiled = "sim.trials.fits.random_intercept_compiled.fit_random_intercept"
    monkeypatch.setattr(compiled, fit_rows)


def trial_of(
    y: np.ndarray, arm: np.ndarray, clusters: np.ndarray, *more: np.ndarray, **given: Any
) -> AnalysedTrial:
    """Return a trial of an intercept, an arm and further columns."""
    x = np.column_stack([np.ones(len(y)), arm[clusters], *more]).astype(float)
    return AnalysedTrial(x, y, 1, clusters, [RandomEffect("cluster", clusters)], **given)


def equal_trial(arm: list[int], people: int = 3, **given: Any) -> tuple[AnalysedTrial, np.ndarray]:
    """Return a trial of equal clusters, and the means of these."""
    clusters = np.repeat(np.arange(len(arm)), people)
    y = np.random.default_rng(7).normal(size=clusters.size) + np.sin(np.arange(len(arm)))[clusters]
    return trial_of(y, np.array(arm), clusters, **given), y.reshape(-1, people).mean(axis=1)


def test_every_participant_the_same_is_student_s_test_of_equal_clusters() -> None:
    """With four clusters; with fewer there is no answer, nor with another covariance."""
    trial, means = equal_trial([0, 1, 0, 1])
    found = participant_average.test(trial)
    assert found is not None
    want = stats.ttest_ind(means[1::2], means[::2])
    assert found.estimate == pytest.approx(means[1::2].mean() - means[::2].mean())
    assert found.estimate / found.se == pytest.approx(want.statistic)
    assert found.df == pytest.approx(2.0)
    assert participant_average.test(equal_trial([0, 1, 1])[0]) is None
    structure: Any = SimpleNamespace()
    assert participant_average.test(equal_trial([0, 1] * 3, structure=structure)[0]) is None


def test_every_participant_the_same_is_the_difference_of_all_people() -> None:
    clusters = np.repeat(np.arange(6), [2, 9, 4, 3, 8, 5])
    arm = np.arange(6) % 2
    y = np.random.default_rng(1).normal(size=clusters.size)
    found = participant_average.test(trial_of(y, arm, clusters))
    assert found is not None
    own = arm[clusters] == 1
    assert found.estimate == pytest.approx(y[own].mean() - y[~own].mean())
    # CR2 of a mean: each cluster's sum of residuals over the root of 1 - its share of the people.
    left = np.where(own, y - y[own].mean(), y - y[~own].mean())
    people = np.bincount(arm, np.bincount(clusters))[arm]
    sums = np.bincount(clusters, left) / np.sqrt(1.0 - np.bincount(clusters) / people)
    assert found.se == pytest.approx(np.sqrt(((sums / people) ** 2).sum()))


def test_the_cluster_summary_has_the_variance_of_means() -> None:
    trial, means = equal_trial([0, 1, 0, 1, 1])
    found = cluster_summary.test(trial)
    assert found is not None
    arm = np.array([0, 1, 0, 1, 1]) == 1
    want = stats.ttest_ind(means[arm], means[~arm])
    assert found.estimate / found.se == pytest.approx(want.statistic)
    assert found.df == 3.0
    pooled = (2.0 * means[arm].var(ddof=1) + means[~arm].var(ddof=1)) / 3.0
    assert found.between == pytest.approx(pooled)
    assert found.p is None


def test_a_cluster_summary_needs_two_clusters_of_each_arm_that_differ() -> None:
    assert cluster_summary.test(equal_trial([0, 1, 1, 1])[0]) is None
    assert cluster_summary.test(equal_trial([1, 0, 0, 0])[0]) is None
    trial = equal_trial([0, 1, 0, 1])[0]
    assert cluster_summary.test(replace(trial, y=trial.x[:, 1].copy())) is None
    within = trial.x.copy()
    within[:, 1] = np.arange(12) % 2
    assert cluster_summary.test(replace(trial, x=within)) is None


# Permutation


def wedge() -> AnalysedTrial:
    """Return five clusters over two periods, two of them treated in the second."""
    clusters = np.repeat(np.arange(5), 6)
    periods = np.tile([0, 0, 0, 1, 1, 1], 5)
    treated = (clusters < 2) & (periods == 1)
    rng = np.random.default_rng(3)
    y = rng.normal(size=30) + 1.5 * rng.normal(size=5)[clusters] + treated
    x = np.column_stack([np.ones(30), treated, periods]).astype(float)
    return AnalysedTrial(x, y, 1, clusters, [RandomEffect("cluster", clusters)], periods)


def by_least_squares(trial: AnalysedTrial, ratio: float, treated: np.ndarray) -> float:
    """Return the effect of a treatment with a ratio of variances that is known."""
    same = (trial.clusters[:, None] == trial.clusters).astype(float)
    x = np.column_stack([np.delete(trial.x, trial.tested, axis=1), treated])
    w = np.linalg.inv(np.eye(len(trial.y)) + ratio * same)
    return float(np.linalg.solve(x.T @ w @ x, x.T @ w @ trial.y)[-1])


def test_sequences_are_exchanged_with_the_ratio_of_a_fit_without_treatment() -> None:
    trial = wedge()
    null = fit_mixed_model(trial.x[:, [0, 2]], trial.y, list(trial.effects), ("a", "b"))
    ratio = null.variances["cluster"] / null.variances["residual"]
    assert ratio > 0.2
    found = permutation.of_schedule(trial)
    assert found.estimate == pytest.approx(by_least_squares(trial, ratio, trial.x[:, 1]), rel=1e-6)
    each = []
    for first in range(5):
        for second in range(first):
            treated = np.isin(trial.clusters, (first, second)) & (trial.periods == 1)
            each.append(abs(by_least_squares(trial, ratio, treated.astype(float))))
    assert found.n_allocations == len(each) == 10
    assert found.p == pytest.approx((np.array(each) > abs(found.estimate) - 1e-9).mean())
    answer = permutation.test(trial)
    assert answer is not None
    assert trial.fitted is not None
    one = trial.fitted.inference
    assert (answer.se, answer.df) == (one.kenward_roger_se, one.kenward_roger_df)
    assert answer.p == found.p


def test_without_other_columns_the_usual_ratio_is_taken() -> None:
    trial = replace(wedge(), x=wedge().x[:, :2])
    found = permutation.of_schedule(trial)
    assert found.estimate == pytest.approx(by_least_squares(trial, 0.05, trial.x[:, 1]))


def test_arms_of_whole_clusters_are_exchanged_by_their_means() -> None:
    trial, means = equal_trial([0, 1, 0, 1, 1])
    found = permutation.test(trial)
    assert found is not None
    arm = np.array([0, 1, 0, 1, 1])
    gaps = []
    for first in range(5):
        for second in range(first):
            control = np.isin(np.arange(5), (first, second))
            gaps.append(abs(means[~control].mean() - means[control].mean()))
    own = abs(means[arm == 1].mean() - means[arm == 0].mean())
    assert found.p == pytest.approx((np.array(gaps) >= own - 1e-12).mean())
    trial.__dict__["fitted"] = None
    assert permutation.test(trial) is None


# Marginal


def risks(rows: list[list[float]]) -> tuple[AnalysedTrial, np.ndarray]:
    """Return a trial of clusters, treated and not in turn, and their means."""
    clusters = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    y = np.concatenate(rows)
    arm = np.arange(len(rows)) % 2
    return trial_of(y, arm, clusters), np.array([np.mean(one) for one in rows])


BINARY = [[1.0] * k + [0.0] * (5 - k) for k in (1, 3, 0, 4, 2, 3, 1, 2, 0, 5)]
COUNTS = [[2.0 * k, 0.0, 0.0, 1.0, k] for k in (1.0, 3.0, 0.0, 4.0, 2.0, 3.0, 1.0, 2.0, 0.0, 5.0)]


@pytest.mark.parametrize("rows", [BINARY, COUNTS], ids=["risks", "counts"])
def test_equal_clusters_differ_as_their_means_do(rows: list[list[float]]) -> None:
    """Kauermann and Carroll's error is that of a mean of five, in each of two arms."""
    trial, means = risks(rows)
    found = marginal.test(trial)
    assert found is not None
    assert found.estimate == pytest.approx(means[1::2].mean() - means[::2].mean())
    want = (means[1::2].var(ddof=1) + means[::2].var(ddof=1)) / 5.0
    assert found.se == pytest.approx(np.sqrt(want), rel=1e-6)
    assert found.df == 8.0
    model = marginal.fitted(trial)
    assert model is not None
    assert model.error == "KC"
    assert model.family.name == ("binomial" if rows is BINARY else "poisson")
    sides = marginal._sides(trial)
    assert sides is not None
    assert (sides[0] == (trial.x[:, 1] == 1.0)).all()
    # The arm may be any two numbers.
    halves = trial.x * [1.0, 0.5] + [0.0, 3.0]
    turned = marginal.test(replace(trial, x=halves))
    assert turned is not None
    assert (turned.estimate, turned.se) == pytest.approx((found.estimate, found.se), rel=1e-6)


def test_four_clusters_are_the_fewest_and_an_arm_needs_some_events() -> None:
    assert marginal.test(risks(BINARY[:3] + BINARY[3:4])[0]) is not None
    assert marginal.test(risks(BINARY[:3])[0]) is None
    for rows in ([[0.0], [1.0, 0.0]] * 4, [[1.0, 0.0], [0.0]] * 4, [[1.0, 0.0], [1.0]] * 4):
        assert marginal.test(risks(rows)[0]) is None
    # One in a hundred is some; and counts of one are no risk of all.
    rare = [[float(k == 0)] + [0.0] * 24 if k % 2 == 0 else [1.0, 0.0] for k in range(8)]
    assert marginal.test(replace(risks(rare)[0], correlation=INDEPENDENCE)) is not None
    counted = marginal.test(risks([[0.0, 2.0, 0.0], [0.0, 2.0, 1.0]] * 4)[0])
    assert counted is not None
    assert counted.estimate == pytest.approx(1.0 / 3.0)
    three = risks(BINARY)[0]
    dose = three.x.copy()
    dose[0, 1] = 2.0
    assert marginal.test(replace(three, x=dose)) is None
    assert marginal.test(replace(three, y=three.y + 0.5)) is None


def test_independent_people_count_the_same_and_others_do_not() -> None:
    rows = [
        [1.0] * k + [0.0] * (n - k) for k, n in ((1, 2), (8, 9), (0, 8), (1, 3), (2, 9), (2, 3))
    ]
    trial = risks(rows)[0]
    free = marginal.test(replace(trial, correlation=INDEPENDENCE))
    usual, alike = (marginal.test(replace(trial, correlation=one)) for one in (None, EXCHANGEABLE))
    assert free is not None
    assert free.estimate == pytest.approx(11.0 / 15.0 - 3.0 / 19.0)
    assert usual == alike
    assert usual is not None
    assert abs(usual.estimate - free.estimate) > 0.005
    few = marginal.fitted(trial)
    assert few is not None
    assert few.error == "FG"


def test_periods_have_a_correlation_of_their_own_where_it_is_asked() -> None:
    trial = replace(risks(BINARY)[0], periods=np.tile([0, 0, 1, 1, 1], 10))
    plain = marginal.fitted(trial)
    nested = marginal.fitted(replace(trial, correlation=NESTED))
    assert plain is not None
    assert nested is not None
    assert (len(plain.fit.correlation), len(nested.fit.correlation)) == (1, 2)


@pytest.mark.parametrize(("estimand", "pairs"), [(AVERAGE, 2), (LONG_TERM, 1)])
def test_effects_by_exposure_are_weighed(estimand: str, pairs: int) -> None:
    clusters = np.repeat(np.arange(8), 12)
    periods = np.tile(np.repeat(np.arange(3), 4), 8)
    exposure = np.where(clusters % 2 == 0, periods, np.maximum(periods - 1, 0))
    rng = np.random.default_rng(4)
    y = (rng.random(96) < 0.3 + 0.15 * exposure).astype(float)
    x = np.column_stack([np.ones(96), exposure > 0]).astype(float)
    whole = AnalysedTrial(x, y, 1, clusters, [RandomEffect("cluster", clusters)], periods)
    trial = replace(trial_of_estimand(whole, estimand, None), correlation=INDEPENDENCE)
    found = marginal.fitted(trial)
    assert found is not None
    assert found.error == "MD"
    assert len(found.pairs) == pairs
    assert [one[0] for one in found.pairs] == [1.0 / pairs] * pairs
    sides = marginal._sides(trial)
    assert sides is not None
    assert (sides[0] == (exposure > 0)).all()
    # Without other columns the model has a risk of its own for each exposure.
    by = [y[exposure == one].mean() for one in range(3)]
    want = (by[1] + by[2]) / 2.0 - by[0] if estimand == AVERAGE else by[2] - by[0]
    answer = marginal.test(trial)
    assert answer is not None
    assert answer.estimate == pytest.approx(want)


def test_families_of_outcomes() -> None:
    family = marginal.family_of
    assert family(np.array([0.0, 1.0])) == "binomial"
    assert family(np.array([0.0, 1.0, 2.0])) == "poisson"
    assert family(np.array([0.0, 2.0, 2.5])) is None
    assert family(np.array([-1.0, 2.0])) is None


# What every analysis is given


def test_a_trial_is_fitted_by_its_random_intercept_or_by_the_general_model() -> None:
    """Both ways give one answer; the second has the whole fit too."""
    trial, _ = equal_trial([0, 1, 0, 1, 0, 1])
    short = trial.fitted
    turned = replace(trial, x=trial.x[:, ::-1].copy(), tested=0)
    whole = turned.fitted
    assert short is not None
    assert whole is not None
    assert short.fit is None
    assert whole.fit is not None
    assert short.estimate == pytest.approx(whole.estimate)
    assert short.inference == pytest.approx(whole.inference, rel=1e-5)
    assert short.variances == pytest.approx(whole.variances, rel=1e-5)
    assert short.residual_variance == pytest.approx(whole.residual_variance, rel=1e-5)
    again = replace(trial, whole=whole.fit, tested=0).fitted
    assert again is not None
    assert again.fit is whole.fit
    assert again.estimate == whole.estimate


def test_a_fit_knows_its_trial() -> None:
    trial, _ = equal_trial([0, 1, 0, 1])
    assert trial.number == 4
    inference = ContrastInference(1.0, 2.0, 3.0, 4.0)
    trial.__dict__["fitted"] = Fitted(5.0, inference, np.array([6.0, 7.0]), 8.0, True)
    assert trial.answer(0.5, 9.0, 0.1) == (5.0, 0.5, 9.0, 0.1, 6.0, 8.0, True)
    flat = replace(trial, y=np.ones(12))
    assert flat.fitted is None
    assert flat.answer(1.0, 1.0) is None
    twice = replace(trial, x=np.column_stack([trial.x, trial.x[:, 1]]), tested=2)
    assert twice.fitted is None
    mirrored = replace(trial, x=twice.x[:, [1, 0, 2]].copy(), tested=2)
    assert mirrored.fitted is None
    with_slope = [RandomEffect("cluster.arm", trial.clusters, trial.x[:, 1])]
    slope = replace(trial, effects=with_slope).fitted
    assert slope is not None
    assert slope.fit is not None
    with pytest.raises(InputError, match="sequence"):
        permutation.of_schedule(replace(trial, periods=np.zeros(12, int), x=np.ones((12, 2))))
