"""The mixed model against reference fits of lme4, lmerTest and pbkrtest and independent code."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.trials.analyses.analyse import analyse_csv
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.analyses.cluster_tests import cluster_means, cluster_summary_test

DATA = Path(__file__).parent / "data"
FITS: dict[str, dict[str, Any]] = json.loads((DATA / "reference_fits.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=sorted(FITS))
def pair(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return our analysis and the reference."""
    want = FITS[request.param]
    return analyse_csv(DATA / want["data"], want["formula"], want["test_term"]), want


def close(value: float, want: float, relative: float) -> bool:
    return math.isclose(value, want, rel_tol=relative)


def test_rows_groups_and_columns(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    got, want = pair
    assert list(got["coef"]) == want["fixed_names"]
    for key in ("n_obs", "n_groups", "dropped_columns", "singular"):
        assert got[key] == want[key], key


def test_estimates_and_standard_errors(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    got, want = pair
    for name, one in want["coef"].items():
        ours = got["coef"][name]
        assert close(ours["estimate"], one["estimate"], 1e-6), name
        assert close(ours["se"], one["se"], 1e-6), name
        assert close(ours["kenward_roger"]["se_adj"], one["kenward_roger"]["se_adj"], 1e-6), name
    assert got["estimate"] == got["coef"][want["test_term"]]["estimate"]


def test_degrees_of_freedom_p_and_intervals(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    got, want = pair
    for name, one in want["coef"].items():
        for method in ("satterthwaite", "kenward_roger"):
            ours, theirs = got["coef"][name][method], one[method]
            assert close(ours["df"], theirs["df"], 1e-5), (name, method)
            assert close(ours["t"], theirs["t"], 1e-6), (name, method)
            assert abs(ours["p"] - theirs["p"]) < 1e-6, (name, method)
            for side in (0, 1):
                assert close(ours["ci95"][side], theirs["ci95"][side], 1e-6), (name, method)
        wald = got["coef"][name]["wald_z"]
        assert abs(wald["p"] - one["wald_z"]["p"]) < 1e-6
        assert wald["ci95"] == pytest.approx(one["wald_z"]["ci95"], rel=1e-6)


def test_variances_and_criterion(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    got, want = pair
    residual = want["variance"]["residual"]
    assert got["variance"].keys() == want["variance"].keys()
    for name, value in want["variance"].items():
        assert abs(got["variance"][name] - value) < 1e-6 * residual, name
    assert abs(got["reml_criterion"] - want["reml_criterion"]) < 1e-6
    # Within one period: what two people of a cluster share then, periods' effects included.
    shared = sum(want["variance"].get(one, 0.0) for one in ("cluster", "clper"))
    within = shared / sum(want["variance"].values())
    assert got["icc"] == pytest.approx(within, abs=1e-6)
    assert got["converged"]


def test_cluster_summary(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    got, want = pair
    if "cluster_summary_R" not in want:
        assert got["cluster_summary"] is None, "the treatment varies within clusters here"
        return
    # R's figures take all covariates out in the first stage, those of clusters too.
    first_stage = want["cluster_summary_R"]["stage1"].split(" + ")[1:]
    frame = pd.read_csv(DATA / want["data"]).dropna(subset=["fu", *first_stage])
    covariates = np.column_stack([np.ones(len(frame)), frame[first_stage]])
    clusters = frame["cluster"].rank(method="dense").to_numpy(dtype=int) - 1
    means = cluster_means(frame["fu"].to_numpy(), covariates, clusters)
    arms = frame.groupby("cluster")["arm"].first().to_numpy() == 1
    of_r = cluster_summary_test(means, arms)
    for key in ("estimate", "t", "df", "p", "ci95"):
        assert getattr(of_r, key) == pytest.approx(want["cluster_summary_R"][key], rel=1e-6), key
    # The analysis counts them: one degree of freedom for the site.
    assert got["cluster_summary"]["df"] == of_r.df - ("site" in first_stage)
    if "site" not in first_stage:
        assert got["cluster_summary"]["p"] == pytest.approx(of_r.p, rel=1e-9)


def test_the_result_is_plain_and_has_a_text(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    got, want = pair
    assert json.loads(json.dumps(got)) == got
    text = format_analysis(got)
    assert want["formula"] in text
    assert text.startswith(f"Effect of {want['test_term']}, 1 minus 0: {got['estimate']:.4g} ")
    assert "95% confidence intervals" in text
