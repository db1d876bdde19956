"""Type I error of every test that `analyse` prints: a small study, and the large one's page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import level_of_tests as study
from benchmarks.stored_rows import loaded
from benchmarks.studies import few_clusters
from docs.marked import stale
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.cluster_tests import cluster_permutation_test, cluster_summary_test
from sim.trials.analyses.registry import ANALYSES

TRIALS = 1000
SETTINGS = {one.name: one for one in study.SETTINGS}
NAMED = {"pairs": "8 pairs, sizes 1 to 30", "strata": "4 strata of 4 clusters of 10"}


def batch(name: str, count: int = 6) -> study.Trials:
    return study.drawn(SETTINGS[name], 0.1, count, np.random.default_rng(1))


@pytest.mark.parametrize("name", SETTINGS)
def test_bulk_p_values_are_those_of_the_tests_themselves(name: str) -> None:
    trials = batch(name, 3)
    count = np.bincount(trials.clusters)
    for at, (arms, y) in enumerate(zip(trials.arms, trials.outcomes, strict=True)):
        means = np.bincount(trials.clusters, y) / count
        summary = cluster_summary_test(means, arms == 1, trials.covariates)
        permuted = cluster_permutation_test(means, arms == 1, trials.covariates, trials.strata)
        one = trials.arms[at : at + 1], trials.covariates
        assert study.summary_p(means[None], *one)[0] == pytest.approx(summary.p, rel=1e-8)
        assert study.permutation_p(means[None], *one, trials.strata)[0] == permuted.p
        assert permuted.exact


@pytest.mark.parametrize("name", NAMED.values())
def test_the_study_counts_what_analyse_prints(name: str) -> None:
    """All five tests of six trials, through the command's own analysis."""
    trials = batch(name)
    found = {**study.mixed_model_rejections(trials), **study.cluster_rejections(trials)}
    for at, y in enumerate(trials.outcomes):
        frame = pd.DataFrame(
            {
                "y": y,
                "arm": trials.arms[at][trials.clusters],
                "stratum": trials.strata[trials.clusters],
                "cluster": trials.clusters,
            }
        )
        got = analyse_table(frame, "y ~ arm + factor(stratum) + (1|cluster)", "arm")
        keys = ("kenward_roger", "satterthwaite", "between_within")
        keys += ("cluster_summary", "cluster_permutation")
        for test, key in zip(study.PRINTED, keys, strict=True):
            assert (got[key]["p"] <= study.ALPHA) == found[test][at], (test, at)


@pytest.mark.parametrize("kind", sorted(NAMED))
def test_small_study(kind: str) -> None:
    """Level within what 1,000 trials can tell; the rules of 0.1.0 are found out."""
    got = study.studied(SETTINGS[NAMED[kind]], 0.1, TRIALS, seed=5)
    low, high = stats.binom.ppf((0.0005, 0.9995), TRIALS, study.ALPHA) / TRIALS
    for test in (study.SUMMARY, study.PERMUTATION):
        assert low <= got.rates[test] <= high, test
    assert got.rates[study.KENWARD_ROGER] <= high
    assert min(got.rates[one] for one in study.FORMER) > 0.05
    if kind == "pairs":
        assert min(got.rates[one] for one in study.FORMER) > high
    assert got.failed == 0.0


def test_the_committed_study_is_whole_and_tests_of_clusters_keep_their_level() -> None:
    levels = study.loaded()
    names = [one.name for one in study.SETTINGS] + [study.PARTIAL]
    assert [(one.setting, one.icc) for one in levels] == [
        (name, icc) for name in names for icc in study.ICCS
    ]
    low, high = stats.binom.ppf((1e-4, 1 - 1e-4), study.TRIALS, study.ALPHA) / study.TRIALS
    for one in levels[: -len(study.ICCS)]:
        assert one.trials == study.TRIALS
        assert one.rates[study.PERMUTATION] <= high, one.setting
        if "sizes" not in one.setting:
            # Equal clusters of normal outcomes: the t test is exact.
            assert low <= one.rates[study.SUMMARY] <= high, one.setting
    assert not stale(study.PAGE, study.PARTS)


def test_every_analysis_was_studied_with_few_clusters() -> None:
    rows = loaded(few_clusters.Row, few_clusters.NUMBERS)
    assert {one.analysis for one in rows} == set(ANALYSES)
    assert {one.clusters for one in rows} == set(few_clusters.CLUSTERS)
    # Equal clusters of normal outcomes: the t test of their means is exact.
    exact = [
        one for one in rows if one.kind == few_clusters.LINEAR[0] and "summary" in one.analysis
    ]
    for one in exact:
        error = np.sqrt(0.05 * 0.95 / one.trials)
        assert one.type_i_error == pytest.approx(0.05, abs=4.0 * error)
        assert one.coverage == pytest.approx(1.0 - one.type_i_error, abs=1e-12)
