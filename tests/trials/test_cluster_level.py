"""Tests of clusters with pairs, strata and covariates of clusters: one rule, in power and analyse.

Known answers are those of R (t.test, lm and every allocation listed), of SciPy, or by brute force.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.cli import main
from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_csv, analyse_table
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.analyses.cluster_level import cluster_level
from sim.trials.analyses.cluster_tests import cluster_permutation_test, cluster_summary_test
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Attrition, parallel

DATA = Path(__file__).parent / "data"
CLOSED_FORM = 1e-9


def paired_trial(seed: int, pairs: int = 8, people: int = 6) -> pd.DataFrame:
    """Return a trial of pairs that differ widely, with unequal clusters and no effect."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 2 * people, 2 * pairs)
    cluster = np.repeat(np.arange(2 * pairs), sizes)
    arm = np.concatenate([rng.permutation([0, 1]) for _ in range(pairs)])
    pair = np.arange(2 * pairs) // 2
    base = rng.normal(size=cluster.size) + pair[cluster] % 3
    y = 3.0 * rng.normal(size=pairs)[pair][cluster] + 0.5 * base
    y += 0.5 * rng.normal(size=2 * pairs)[cluster] + rng.normal(size=cluster.size)
    return pd.DataFrame(
        {"y": y, "base": base, "cluster": cluster, "arm": arm[cluster], "pair": pair[cluster]}
    )


def means_of(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return cluster means and arms."""
    by = frame.groupby("cluster")
    return by["y"].mean().to_numpy(), by["arm"].first().to_numpy()


# Known answers


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("y ~ arm + factor(pair) + (1|cluster)", {}),
        ("y ~ arm + factor(pair) + (1|cluster)", {"pairs": "pair"}),
        ("y ~ arm + (1|cluster)", {"pairs": "pair"}),
        ("y ~ arm + (1|pair/cluster)", {"pairs": "pair"}),
        ("y ~ arm + (1|pair/cluster)", {"strata": ["pair"]}),
    ],
)
def test_nine_pairs_are_the_paired_t_test_and_all_flips_of_signs(
    model: str, more: dict[str, Any]
) -> None:
    """However the pairs come to be known: R's t.test(paired) and 512 sign flips."""
    got = analyse_csv(DATA / "pairs.csv", model, "arm", **more)
    summary, permuted = got["cluster_summary"], got["cluster_permutation"]
    assert summary["estimate"] == pytest.approx(0.734655162, rel=CLOSED_FORM)
    assert summary["se"] == pytest.approx(0.2986687138, rel=CLOSED_FORM)
    assert summary["df"] == 8
    assert summary["p"] == pytest.approx(0.03933310637, rel=CLOSED_FORM)
    assert summary["ci95"] == pytest.approx([0.04592387281, 1.423386451], rel=CLOSED_FORM)
    assert permuted["exact"]
    assert permuted["n_allocations"] == 512
    assert permuted["p"] == pytest.approx(0.04296875, rel=CLOSED_FORM)
    assert permuted["estimate"] == pytest.approx(0.734655162, rel=CLOSED_FORM)
    assert got["strata"]["n"] == 9
    assert got["strata"]["columns"] == ["pair"]
    assert got["strata"]["declared"] is bool(more)


def test_the_mixed_models_of_the_nine_pairs() -> None:
    fixed = analyse_csv(DATA / "pairs.csv", "y ~ arm + factor(pair) + (1|cluster)", "arm")
    assert fixed["estimate"] == pytest.approx(0.7455704876, rel=1e-5)
    assert fixed["kenward_roger"]["se"] == pytest.approx(0.2988561846, rel=1e-5)
    assert fixed["kenward_roger"]["df"] == pytest.approx(7.982547642, rel=1e-5)
    assert fixed["satterthwaite"]["p"] == pytest.approx(0.03717893402, abs=1e-5)
    assert fixed["between_within"]["df"] == 8
    random = analyse_csv(DATA / "pairs.csv", "y ~ arm + (1|pair/cluster)", "arm")
    assert random["kenward_roger"]["df"] == pytest.approx(7.974506282, rel=1e-4)
    assert random["cluster_summary"] is None, "nothing says that clusters were drawn within pairs"
    assert any("--strata pair" in one for one in random["warnings"])


def test_ten_pairs_of_unions_as_they_came() -> None:
    model = "y~treat+factor(pairID)+(1|union)"
    got = analyse_csv(DATA / "pairs_of_unions.csv", model, "treat")
    assert got["cluster_summary"]["se"] == pytest.approx(0.1281, abs=5e-5)
    assert got["cluster_summary"]["df"] == 9
    assert got["cluster_permutation"]["n_allocations"] == 2**10
    assert got["strata"]["kind"] == "pairs"
    text = format_analysis(got)
    assert "Pairs: 10 of pairID, taken from the model" in text


def test_four_strata_are_least_squares_and_every_allocation_within_them() -> None:
    """R's lm(mean ~ arm + stratum) and all 20 x 6 x 10 x 6 allocations."""
    frame = pd.read_csv(DATA / "strata.csv").dropna(subset=["y", "base"])
    for model, strata in (
        ("y ~ arm + stratum + (1|cluster)", ()),
        ("y ~ arm + (1|cluster)", ("stratum",)),
    ):
        got = analyse_table(frame, model, "arm", strata=strata)
        summary, permuted = got["cluster_summary"], got["cluster_permutation"]
        assert summary["estimate"] == pytest.approx(0.3827219058, rel=CLOSED_FORM)
        assert summary["se"] == pytest.approx(0.1604994636, rel=CLOSED_FORM)
        assert summary["df"] == 14
        assert summary["p"] == pytest.approx(0.03179422749, rel=CLOSED_FORM)
        assert permuted["n_allocations"] == 7200
        assert permuted["exact"]
        assert permuted["p"] == pytest.approx(0.03458333333, rel=CLOSED_FORM)
        assert got["strata"]["columns"] == ["stratum"]
    mixed = analyse_table(frame, "y ~ arm + stratum + (1|cluster)", "arm")["kenward_roger"]
    assert mixed["df"] == pytest.approx(13.3403004, rel=1e-5)
    assert mixed["p"] == pytest.approx(0.04096031204, abs=1e-5)


# Independent implementations


@pytest.mark.parametrize("seed", range(4))
def test_pairs_by_scipy_and_by_brute_force(seed: int) -> None:
    frame = paired_trial(seed, pairs=6)
    means, arm = means_of(frame)
    differences = np.array([(means * (2 * arm - 1))[2 * j : 2 * j + 2].sum() for j in range(6)])
    want = stats.ttest_1samp(differences, 0.0)
    got = analyse_table(frame, "y ~ arm + factor(pair) + (1|cluster)", "arm")
    assert got["cluster_summary"]["p"] == pytest.approx(want.pvalue, rel=1e-9)
    assert got["cluster_summary"]["df"] == 5
    flips = np.array(list(product((-1, 1), repeat=6))) @ differences
    share = (np.abs(flips) >= abs(differences.sum()) - 1e-9).mean()
    assert got["cluster_permutation"]["p"] == pytest.approx(share)


def test_permutation_with_a_covariate_of_clusters_by_brute_force() -> None:
    """Strata and a quantity of clusters: the arm's coefficient under every allocation."""
    rng = np.random.default_rng(5)
    strata = np.array([0, 0, 0, 0, 1, 1, 1])
    arm = np.array([1, 0, 1, 0, 0, 1, 0], dtype=bool)
    size = rng.normal(size=7)
    means = rng.normal(size=7) + strata + size

    def coefficient(allocation: Sequence[bool]) -> float:
        x = np.column_stack([np.ones(7), strata, size, allocation])
        return float(np.linalg.lstsq(x, means, rcond=None)[0][-1])

    covariates = np.column_stack([strata, size])
    every = [
        (*first, *second)
        for first in set(permutations(arm[:4]))
        for second in set(permutations(arm[4:]))
    ]
    found = np.abs([coefficient(one) for one in every])
    got = cluster_permutation_test(means, arm, covariates, strata)
    assert got.n_allocations == len(every) == 18
    assert got.estimate == pytest.approx(coefficient(arm))
    assert got.p == pytest.approx((found >= found[every.index(tuple(arm))] - 1e-9).mean())
    assert got.estimate == pytest.approx(cluster_summary_test(means, arm, covariates).estimate)


def test_what_varies_within_clusters_is_taken_out_first_and_clusters_covariates_last() -> None:
    frame = paired_trial(6)
    got = analyse_table(frame, "y ~ arm + base + factor(pair) + (1|cluster)", "arm")
    x = np.column_stack([np.ones(len(frame)), frame["base"]])
    left = frame["y"] - x @ np.linalg.lstsq(x, frame["y"], rcond=None)[0]
    want = analyse_table(frame.assign(y=left), "y ~ arm + factor(pair) + (1|cluster)", "arm")
    for key in ("estimate", "se", "df", "p"):
        assert got["cluster_summary"][key] == pytest.approx(want["cluster_summary"][key])
    assert got["cluster_permutation"]["p"] == want["cluster_permutation"]["p"]


# One rule in power and analyse


@pytest.mark.parametrize("strata", [1, 3, 8])
@pytest.mark.parametrize("baseline", ["none", "ancova"])
def test_power_and_analyse_apply_the_same_tests(strata: int, baseline: str) -> None:
    """A trial planned with a test is analysed by that test: strata, pairs, lost people."""
    design = parallel(
        (8, 8),
        5,
        baseline=baseline,
        attrition=Attrition(0.2),
        randomisation="simple" if strata == 1 else "stratified",
        strata=strata,
    )
    source = StatisticalSource(40.0, 10.0, Correlations(0.1, 0.8, 0.6), effect=3.0)
    data = source.simulate(design, 7, 1)
    # Long to wide: the last measurement beside the first.
    frame = data.frame()
    last = frame["period"].max()
    wide = frame[frame["period"] == last].merge(
        frame.loc[frame["period"] == 0, ["person", "outcome"]].rename(columns={"outcome": "base"}),
        on="person",
    )
    model = "outcome ~ arm" + (" + base" if baseline == "ancova" else "")
    model += (" + factor(stratum)" if strata > 1 else "") + " + (1|cluster)"
    table = analyse_table(wide, model, "arm")
    summary = analyse_trial(data, design, AnalysisPlan("cluster-summary"))
    for key in ("estimate", "se", "df", "p"):
        assert getattr(summary, key) == pytest.approx(table["cluster_summary"][key], rel=1e-8)
    assert summary.df == 16 - 1 - strata
    permuted = analyse_trial(data, design, AnalysisPlan("permutation"))
    assert permuted.p == pytest.approx(table["cluster_permutation"]["p"], abs=0.03)
    if table["cluster_permutation"]["exact"]:
        assert permuted.p == pytest.approx(table["cluster_permutation"]["p"])
    assert table["cluster_permutation"]["exact"] == (strata > 0)


@pytest.mark.parametrize("method", ["stratified", "minimised", "restricted"])
def test_arms_are_exchanged_within_strata_whatever_the_method_of_randomisation(method: str) -> None:
    """Clusters of one stratum are alike to every method, so arms may be exchanged among them."""
    design = parallel((6, 6), 5, baseline="none", randomisation=method, strata=3)
    source = StatisticalSource(40.0, 10.0, Correlations(0.1, 0.8, 0.6), effect=3.0)
    data = source.simulate(design, 3, 1)
    frame = data.frame()
    table = analyse_table(frame, "outcome ~ arm + factor(stratum) + (1|cluster)", "arm")
    permuted = table["cluster_permutation"]
    assert permuted["exact"]
    got = analyse_trial(data, design, AnalysisPlan("permutation"))
    assert got.p == pytest.approx(permuted["p"], rel=1e-12)


@pytest.mark.parametrize("design_of", ["pairs", "strata", "unequal"])
def test_cluster_level_tests_keep_their_level(design_of: str) -> None:
    """No effect, clusters of a pair or stratum alike: rejections stay near 5% of 2,000."""
    trials, k = 2000, 16
    rng = np.random.default_rng(11)
    strata = np.arange(k) // {"pairs": 2, "strata": 4, "unequal": 16}[design_of]
    arm = np.arange(k) % 2 == 1
    indicators = (strata[:, None] == np.unique(strata)[1:]).astype(float)
    sizes = rng.integers(2, 40, k) if design_of == "unequal" else np.full(k, 10)
    hits = np.zeros(2)
    flips = 0
    for _ in range(trials):
        noise = np.sqrt(0.1 + 0.9 / sizes) * rng.normal(size=k)
        means = noise + 1.5 * rng.normal(size=k)[strata]
        summary = cluster_summary_test(means, arm, indicators)
        hits[0] += summary.p < 0.05
        if flips < trials // 4:
            hits[1] += cluster_permutation_test(means, arm, indicators, strata).p <= 0.05
            flips += 1
    for rejected, number in zip(hits, (trials, flips), strict=True):
        low, high = stats.binom.ppf((0.0005, 0.9995), number, 0.05)
        assert low <= rejected <= high, design_of


# The complier-average effect rests on the same stage


def test_the_complier_interval_inverts_the_paired_test() -> None:
    frame = paired_trial(3, pairs=9)
    rng = np.random.default_rng(4)
    share = np.where(frame["arm"] == 1, rng.uniform(0.4, 0.9, 18)[frame["cluster"]], 0.0)
    frame = frame.assign(share=share, y=frame["y"] + 2.0 * share)
    model = "y ~ arm + base + factor(pair) + (1|cluster)"
    got = analyse_table(frame, model, "arm", participation="share")
    effect = got["participation"]["complier_average"]
    assert effect["df"] == got["cluster_summary"]["df"] == 8
    assert effect["p"] == pytest.approx(got["cluster_summary"]["p"], rel=1e-9)
    for end in effect["ci95"]:
        at_end = analyse_table(frame.assign(y=frame["y"] - end * share), model, "arm")
        assert at_end["cluster_summary"]["p"] == pytest.approx(0.05, abs=1e-9)
    bare = analyse_table(
        frame, "y ~ arm + base + (1|cluster)", "arm", participation="share", pairs="pair"
    )
    assert bare["participation"]["complier_average"]["ci95"] == pytest.approx(effect["ci95"])


# Designs in which such tests mean nothing, or something else


@pytest.mark.parametrize("model", ["y ~ arm + (0+arm|cl)", "y ~ arm + (1|cl)"])
def test_a_partially_nested_trial_has_no_test_that_counts_clusters(model: str) -> None:
    got = analyse_csv(DATA / "partially_nested.csv", model, "arm")
    for name in ("between_within", "cluster_summary", "cluster_permutation"):
        assert got[name] is None
    assert any(one.startswith("partially nested") for one in got["warnings"])
    text = format_analysis(got)
    assert "\n  between-within" not in text
    assert "\n  cluster summary" not in text
    if "0+arm" in model:
        assert got["se"] == pytest.approx(0.15756, abs=5e-6)
        assert got["kenward_roger"]["df"] == pytest.approx(27.5, abs=0.05)


def test_arms_that_are_not_compared_are_not_exchanged() -> None:
    """Three arms: A and B are exchanged, C stays, and all three tell the spread."""
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(12), 4)
    arm = np.array(list("AAAABBBBCCCC"))[cluster]
    y = rng.normal(size=12)[cluster] + rng.normal(size=48)
    frame = pd.DataFrame({"y": y, "arm": arm, "cluster": cluster})
    got = analyse_table(frame, "y ~ arm + (1|cluster)", "armB")
    assert got["cluster_summary"]["df"] == 9
    assert got["cluster_permutation"]["n_allocations"] == 70
    two = analyse_table(frame[arm != "C"], "y ~ arm + (1|cluster)", "armB")
    assert got["cluster_permutation"]["p"] == two["cluster_permutation"]["p"]
    assert "the other arms" in format_analysis(got)


def test_interactions() -> None:
    frame = paired_trial(9).assign(site=lambda one: one["pair"] % 2)
    crossed = analyse_table(frame, "y ~ arm*site + (1|cluster)", "arm")
    assert crossed["cluster_summary"]["df"] == 12
    assert crossed["cluster_permutation"] is None
    within = analyse_table(frame, "y ~ arm*base + (1|cluster)", "arm")
    assert within["cluster_summary"] is None
    for one in (crossed, within):
        assert any("left out" in told for told in one["warnings"])


def test_a_stepped_wedge_exchanges_sequences_within_strata() -> None:
    frame = pd.read_csv(DATA / "D07_sw_pulsar_balanced.csv")
    model = "y ~ trt + factor(period) + (1|cluster)"
    plain = analyse_table(frame, model, "trt")["cluster_permutation"]
    by_start = frame.groupby("cluster")["trt"].sum().rank(method="first")
    region = ((by_start - 1) % 2).astype(int)
    strata = analyse_table(
        frame.assign(region=frame["cluster"].map(region)), model, "trt", strata=["region"]
    )["cluster_permutation"]
    assert plain["n_allocations"] == 3432
    assert strata["n_allocations"] < plain["n_allocations"]
    assert strata["estimate"] == pytest.approx(plain["estimate"])


# What is told


def test_the_warning_for_few_clusters_points_to_tests_that_hold_their_level() -> None:
    frame = paired_trial(1, pairs=4)
    got = analyse_table(frame, "y ~ arm + factor(pair) + (1|cluster)", "arm")
    assert got["cluster_permutation"]["smallest_p"] == pytest.approx(2 / 16)
    told = " ".join(got["warnings"])
    assert "with 16 allocations p cannot be below 0.125" in told
    assert "4 clusters in the smaller arm" in told
    assert "the cluster summary keeps its level with so few" in told


def test_a_single_cluster_in_an_arm_is_not_called_safe() -> None:
    """One label for all people of the control arm, who are in no cluster, is the usual reason."""
    frame = paired_trial(1, pairs=4)
    frame = frame.assign(cluster=frame["cluster"].where(frame["arm"] == 1, "none"))
    told = " ".join(analyse_table(frame, "y ~ arm + (1|cluster)", "arm")["warnings"])
    assert "1 cluster in the smaller arm: what is its own cannot be told from" in told
    assert "keeps its level" not in told


def test_a_pair_that_lost_a_cluster_drops_out_and_is_told() -> None:
    frame = paired_trial(2)
    left = frame[frame["cluster"] != 5]
    got = analyse_table(left, "y ~ arm + factor(pair) + (1|cluster)", "arm")
    without = analyse_table(
        frame[frame["pair"] != 2], "y ~ arm + factor(pair) + (1|cluster)", "arm"
    )
    assert got["cluster_summary"]["df"] == 6
    for name in ("cluster_summary", "cluster_permutation"):
        assert got[name]["p"] == pytest.approx(without[name]["p"])
    assert any(one.startswith("1 of 8 pairs have clusters of one arm") for one in got["warnings"])


def test_pairs_outside_of_the_mixed_model_are_told() -> None:
    frame = paired_trial(2)
    outside = analyse_table(frame, "y ~ arm + (1|cluster)", "arm", pairs="pair")
    assert any("add factor(pair)" in one for one in outside["warnings"])
    for model in ("y ~ arm + factor(pair) + (1|cluster)", "y ~ arm + (1|pair/cluster)"):
        inside = analyse_table(frame, model, "arm", pairs="pair")
        assert not any("add factor(pair)" in one for one in inside["warnings"])
        assert inside["cluster_summary"]["p"] == pytest.approx(outside["cluster_summary"]["p"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--pairs", "pear"), "did you mean 'pair'"),
        (("--strata", "pair,pear"), "did you mean 'pair'"),
        (("--strata", ""), "must not be empty"),
        (("--pairs", "pair", "--strata", "pair"), "give one of them"),
        (("--pairs", "four"), "pairs 'four': 0 has 4 clusters; a pair has two"),
        (("--pairs", "arm"), "pairs 'arm': 0 has 8 clusters"),
        (("--pairs", "wrong"), "both clusters of"),
        (("--strata", "person"), "each cluster must lie in one of them"),
        (("--strata", "cluster"), "must hold several"),
        (("--strata", "holes"), "column 'holes': it must be complete"),
        (("--strata", "arm"), "cluster summary and permutation test are left out"),
    ],
)
def test_pairs_and_strata_that_are_none(
    more: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = paired_trial(4)
    order = frame.groupby("cluster")["arm"].first().sort_values(kind="stable").index
    frame["wrong"] = frame["cluster"].map({one: at // 2 for at, one in enumerate(order)})
    frame["four"], frame["person"] = frame["pair"] // 2, np.arange(len(frame))
    frame["holes"] = frame["pair"].where(frame["pair"] > 0)
    path = tmp_path / "trial.csv"
    frame.to_csv(path, index=False)
    model = ("--model", "y ~ arm + (1|cluster)", "--term", "arm")
    code = main(["analyse", str(path), *model, *more])
    captured = capsys.readouterr()
    if more[1] == "arm" and more[0] == "--strata":
        assert code == 0
        assert message in captured.out
    else:
        assert code == 2
        assert captured.err.count("\n") == 1
        assert message in captured.err


def test_declared_strata_by_the_command_in_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["analyse", str(DATA / "pairs.csv"), "--model", "y ~ arm + (1|cluster)"]
    assert main([*command, "--term", "arm", "--pairs", "pair", "--format", "json"]) == 0
    got = json.loads(capsys.readouterr().out)
    assert got["strata"] == {
        "kind": "pairs",
        "columns": ["pair"],
        "declared": True,
        "n": 9,
        "n_clusters": [2] * 9,
    }


def test_a_level_of_clusters_needs_two_values_in_whole_clusters() -> None:
    X = np.column_stack([np.ones(6), [0, 1, 0, 1, 0, 1]])
    assert cluster_level(X, 1, np.array([0, 0, 1, 1, 2, 2])) is None
    arms = np.array([True, False, True, False])
    with pytest.raises(InputError, match="covariates tell the arms"):
        cluster_summary_test(np.arange(4.0), arms, arms[:, None].astype(float))
