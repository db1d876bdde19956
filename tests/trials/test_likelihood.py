"""Claim: likelihood-ratio tests and profile intervals are lme4's, by maximum likelihood.

The figures are of R 4.2.2 with lme4 1.1-31: `anova` of two fits, and the values of a coefficient at
which a fit with it held (taken off the outcome) has twice the log likelihood less by 3.84, found by
`uniroot`. `confint(method = "profile")`, which draws a spline through such fits, agrees to five
digits.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.trials.analyses.analysed_trial import fit_linear
from sim.trials.analyses.likelihood_answers import likelihood_answers
from sim.trials.analyses.read_model import read_model

DATA = Path(__file__).parent / "data"
# Log likelihood with and without the term, chi squared, and each tested coefficient's interval.
IN_R = {
    ("D02_refocus_attrition.csv", "fu ~ arm + base + (1|cluster)", "arm"): (
        (-1067.132003, -1069.542704, 4.82140049),
        {"arm": (0.2763830804, 4.5885341408)},
    ),
    ("D04_boundary_icc0.csv", "fu ~ arm + base + (1|cluster)", "arm"): (
        (-1551.717763, -1557.077287, 10.71904623),
        {"arm": (0.9793842911, 3.8731534141)},
    ),
    (
        "D08_sw_unequal_cells.csv",
        "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)",
        "trt",
    ): (
        (-2579.681669, -2580.634635, 1.905931844),
        {"trt": (-1.244897891, 7.582886585)},
    ),
    (
        "D10_cohort_long_balanced.csv",
        "y ~ trt + factor(time) + factor(site) + (1|cluster) + (1|id)",
        "trt",
    ): (
        (-2921.315148, -2926.948897, 11.2674975),
        {"trt": (1.200033697, 4.536902851)},
    ),
    ("three_arms.csv", "y ~ arm + site + base + (1|team)", "arm"): (
        (-334.1079033, -342.0175338, 15.8192611),
        {"armfull": (0.6996838927, 1.6387876992), "armlight": (0.1487841445, 1.0754353068)},
    ),
}


@pytest.mark.parametrize("model", IN_R, ids=lambda one: one[0])
def test_the_test_and_the_intervals_are_those_of_lme4(model: tuple[str, str, str]) -> None:
    table, formula, term = model
    read = read_model(pd.read_csv(DATA / table), formula, term, [], [], [], several=True)
    fit = fit_linear(read.fixed.X, read.left, read.effects, read.fixed.names)
    (whole, without, chi2), intervals = IN_R[model]
    found = likelihood_answers(fit, list(intervals))
    test = found["ratio_test"]
    assert test["with"] == pytest.approx(whole, abs=2e-6)
    assert test["without"] == pytest.approx(without, abs=2e-6)
    assert test["chi2"] == pytest.approx(chi2, rel=1e-6)
    assert test["df"] == len(intervals)
    for name, ends in intervals.items():
        assert found["intervals"][name]["interval"] == pytest.approx(ends, rel=1e-5), name
    assert list(found["intervals"]) == list(fit.names)


def test_a_covariance_with_structure_has_the_likelihood_of_the_plain_model() -> None:
    """Weights of one: the other solver, row by row instead of by sums over cells."""
    frame = pd.read_csv(DATA / "icc_unbalanced.csv").groupby("team").head(3).assign(one=1.0)
    at = np.array([[0.0, 1.0]]), np.array([0.3])
    found = []
    for weights in (None, "one"):
        read = read_model(frame, "y ~ arm + (1|team)", "arm", [], [], [], weights=weights)
        fit = fit_linear(read.fixed.X, read.left, read.effects, read.fixed.names, read.structure)
        free = fit.likeliest(at[0][:0], at[1][:0])
        found.append((*free[:2], *fit.likeliest(*at, free)[:2]))
    for plain, weighed in zip(*found, strict=True):
        assert weighed == pytest.approx(plain, rel=1e-6)


def test_interval_and_test_are_two_sides_of_one_thing(capsys: pytest.CaptureFixture[str]) -> None:
    """A coefficient held at an end of its interval is what the test just does not reject."""
    given = ["analyse", str(DATA / "icc_unbalanced.csv"), "--model", "y ~ arm + (1|team)"]
    given += ["--term", "arm", "--interval", "profile"]
    assert main([*given, "--format", "json"]) == 0
    low, _ = json.loads(capsys.readouterr().out)["likelihood"]["intervals"]["arm"]["interval"]
    frame = pd.read_csv(DATA / "icc_unbalanced.csv")
    frame["y"] -= low * frame["arm"]
    moved = sim.analyse(frame, "y ~ arm + (1|team)", "arm", interval="profile")
    assert moved["likelihood"]["ratio_test"]["p"] == pytest.approx(0.05, abs=1e-5)
    assert "Likelihood-ratio test of arm: chi squared 3.841 on 1 df, p 0.0500" in moved.text
    assert main([*given, "--code", "R"]) == 0
    code = capsys.readouterr().out
    assert 'confint(whole, parm = "beta_", method = "profile")' in code
    assert 'X[, !colnames(X) %in% c("arm")]' in code


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--interval", "profil"], "unknown interval 'profil'; did you mean 'profile'?"),
        (["--interval", "profile", "--family", "binomial"], "--interval: has no meaning with"),
    ],
)
def test_what_has_no_likelihood_is_refused(
    more: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["analyse", str(DATA / "icc_unbalanced.csv"), "--model", "y ~ arm + (1|team)"]
    assert main([*given, "--term", "arm", *more]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("test", ["permutation", "cluster-summary", "cluster-robust"])
def test_a_plan_whose_test_has_no_likelihood_refuses_it(tmp_path: Path, test: str) -> None:
    design = tmp_path / "design.toml"
    design.write_text(f'[design]\nclusters = 14\n[statistical]\n[analysis]\ntest = "{test}"\n')
    with pytest.raises(InputError, match=f"the design's test = '{test}' does not use"):
        sim.analyse(DATA / "icc_unbalanced.csv", design=design, interval="profile")


def test_a_design_says_the_level_of_the_intervals(tmp_path: Path) -> None:
    design = tmp_path / "design.toml"
    design.write_text(
        "[design]\nclusters = 14\n[statistical]\n[analysis]\nalpha = 0.01\n"
        '[columns]\noutcome = "y"\ncluster = "team"\n'
    )
    frame = pd.read_csv(DATA / "icc_unbalanced.csv")
    found = sim.analyse(frame, design=design, interval="profile")
    assert "99% profile interval" in found.text
    assert 'method = "profile", level = 0.99))' in found.code()
    frame["y"] -= found["likelihood"]["intervals"]["arm"]["interval"][1] * frame["arm"]
    moved = sim.analyse(frame, design=design, interval="profile")
    assert moved["likelihood"]["ratio_test"]["p"] == pytest.approx(0.01, abs=1e-5)
