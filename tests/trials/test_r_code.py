"""Code for R and Stata: it gives the same numbers where R is there, and names what it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.trials.analyses.r_code import TIME
from sim.trials.analyses.registry import ANALYSES

DATA = Path(__file__).parent / "data"
RSCRIPT = shutil.which("Rscript")
DESIGN = """\
[design]
type = "parallel"
clusters = 14
size = 13
[statistical]
[analysis]
test = "{test}"
[columns]
outcome = "{outcome}"
cluster = "{cluster}"
{more}
"""


def analysis(tmp_path: Path, table: str, **columns: str) -> sim.api.analyse.Analysis:
    path = tmp_path / "design.toml"
    path.write_text(DESIGN.format(**{"more": "", **columns}))
    return sim.analyse(DATA / table, design=path)


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed: its code is not run")
@pytest.mark.parametrize(
    ("test", "table", "outcome", "cluster", "more"),
    [
        ("cluster-summary", "icc_unbalanced.csv", "y", "team", ""),
        ("permutation", "icc_unbalanced.csv", "y", "team", ""),
        ("cluster-summary", "D02_refocus_attrition.csv", "fu", "cluster", 'covariates = ["base"]'),
        ("cluster-summary", "strata.csv", "y", "cluster", 'strata = ["stratum"]'),
    ],
)
def test_code_that_needs_r_alone_gives_the_same_numbers(
    tmp_path: Path, test: str, table: str, outcome: str, cluster: str, more: str
) -> None:
    found = analysis(tmp_path, table, test=test, outcome=outcome, cluster=cluster, more=more)
    script = tmp_path / "analysis.R"
    script.write_text(found.code("R"))
    assert RSCRIPT is not None
    done = subprocess.run([RSCRIPT, "--vanilla", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    numbers = [float(one) for one in re.findall(r"-?\d[\d.e-]*", done.stdout.split("\n", 1)[-1])]
    answer = found.result["plan"]["answer"]
    if test == "permutation":
        assert float(done.stdout.split()[-1]) == pytest.approx(answer["p"], rel=1e-5)
    else:
        estimate, se, _, p = numbers
        assert (estimate, se, p) == pytest.approx(
            (answer["estimate"], answer["se"], answer["p"]), rel=1e-5
        )


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed: its code is not run")
def test_periods_go_by_their_labels_whichever_is_the_reference() -> None:
    made = 'd <- data.frame(period = relevel(factor(c(10, 2, 1)), ref = "10")); '
    asked = made + "cat(" + TIME.replace("{period}", "period") + ")"
    assert RSCRIPT is not None
    ran = [RSCRIPT, "--vanilla", "-e", asked]
    assert subprocess.run(ran, capture_output=True, text=True, check=True).stdout == "3 2 1"


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed: its code is not run")
def test_a_missing_package_leaves_its_analysis_out_alone(tmp_path: Path) -> None:
    """Without lme4 and clubSandwich; nlme comes with R."""
    script = tmp_path / "all.R"
    given = "y ~ arm + (1|team)", "arm"
    found = sim.analyse(DATA / "icc_unbalanced.csv", *given)
    script.write_text(found.code("R"))
    assert RSCRIPT is not None
    bare = {**os.environ, "R_LIBS_SITE": str(tmp_path), "R_LIBS_USER": str(tmp_path)}
    ran = [RSCRIPT, "--vanilla", str(script)]
    done = subprocess.run(ran, capture_output=True, text=True, env=bare, check=True)
    assert "Kenward-Roger: left out, needs lmerTest and pbkrtest" in done.stderr
    assert "cluster-robust (CR2): left out, needs lme4 and clubSandwich" in done.stderr
    by_arm, summary = (found["tests"][one]["estimate"] for one in ("by-arm", "cluster-summary"))
    told = [float(one) for one in re.findall(r"-?\d+\.\d+", done.stdout)]
    assert all(min(abs(one - want) for one in told) < 1e-5 for want in (by_arm, summary))


def test_every_test_of_a_trial_has_its_code_and_its_packages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["analyse", str(DATA / "arm_reference.csv")]
    given += ["--model", "y ~ arm + (1|team)", "--term", "arm", "--reference", "placebo"]
    given += ["--missing", "-99", "--code"]
    assert main([*given, "R"]) == 0
    code = capsys.readouterr().out
    assert all(f"# {one.title}" in code for name, one in ANALYSES.items() if name != "marginal")
    assert 'relevel(factor(d[["arm"]]), ref = "placebo")' in code
    assert 'na.strings = c("", "NA", "NaN", "-99")' in code
    assert "library(clubSandwich)" in code
    assert "{" not in re.sub(r"\{\s*\n", "", code), "nothing is left to fill in"
    assert main([*given, "Stata"]) == 0
    stata = capsys.readouterr().out
    assert stata.startswith("* Not run")
    assert "mixed y i.arm || team:, reml dfmethod(kroger)" in stata
    assert main([*given, "SAS"]) == 2
    assert "unknown code 'SAS'" in capsys.readouterr().err


def test_a_plan_has_the_code_of_its_test_alone(tmp_path: Path) -> None:
    found = analysis(
        tmp_path, "icc_unbalanced.csv", test="cluster-robust", outcome="y", cluster="team"
    )
    code = found.code()
    assert "vcovCR" in code
    assert "lmerTest" not in code
    with pytest.raises(InputError, match="unknown code"):
        found.code("python")


WEDGE = """\
[design]
type = "stepped wedge"
clusters = 12
steps = 4
size = 12
[statistical]
[analysis]
estimand = "time-averaged effect"
test = "{test}"
[columns]
outcome = "y"
treatment = "trt"
"""


def test_a_plan_for_an_effect_by_exposure_has_code_of_its_own(tmp_path: Path) -> None:
    """Not run: lmerTest may be missing. R's own numbers are in test_exposure."""
    path = tmp_path / "design.toml"
    path.write_text(WEDGE.format(test="satterthwaite"))
    frame = pd.read_csv(DATA / "sw_continuous.csv").dropna()
    frame["trt"] = frame["trt"].map({0: "usual", 1: 'the "new" one'})
    code = sim.analyse(frame, design=path).code()
    assert r'as.character(d[["trt"]]) == "the \"new\" one"' in code
    assert "lmer(y ~ exposure + factor(period) + (1|cluster) + (1|cluster:period)" in code
    assert 'L[effects] <- 1 / length(effects)\nprint(contest1D(fit, L, ddf = "Satterth' in code
    path.write_text(WEDGE.format(test="cluster-robust"))
    with pytest.raises(InputError, match="not for cluster-robust"):
        sim.analyse(DATA / "sw_continuous.csv", design=path).code()


@pytest.mark.parametrize("family", [None, "binomial"])
def test_a_curve_has_the_place_of_its_column_whatever_the_term_is_called(
    family: str | None,
) -> None:
    """`arm.size` and the name of a coefficient hold the column's name, and are not it."""
    frame = pd.read_csv(DATA / "sw_continuous.csv").dropna()
    frame["arm"] = frame["trt"].map({0: "usual", 1: "with"})
    frame["arm.size"] = frame.index % 7
    if family:
        frame["y"] = (frame["y"] > 3.0) * 1
    model = "y ~ factor(arm) + arm.size + factor(period) + (1|cluster)"
    asked = {"family": family, "quadrature": 1} if family else {}
    code = sim.analyse(frame, model, "factor(arm)with", spline=1, **asked).code()
    assert "y ~ curve + arm.size + factor(period)" in code
    assert 'on <- as.character(d[["arm"]]) == "with"' in code
    assert '[["factor(arm)with' not in code


def test_no_code_permutes_whole_clusters_where_treatment_varies_within_them(tmp_path: Path) -> None:
    """It stopped in R before the lines below it: no cluster has a column of the arm to exchange."""
    table = DATA / "sw_continuous.csv"
    model = "y ~ trt + factor(period) + (1|cluster)"
    code = sim.analyse(table, model=model, term="trt").code()
    assert "# permutation test: no code is written" in code
    assert "combn" not in code
    path = tmp_path / "design.toml"
    path.write_text(WEDGE.format(test="permutation").replace("time-averaged", "constant"))
    with pytest.raises(InputError, match="no code is written to permute"):
        sim.analyse(table, design=path).code()


@pytest.mark.parametrize(
    ("table", "model", "family", "lines"),
    [
        (
            "bin_parallel.csv",
            "y ~ 1 + arm + base + (1|team)",
            "binomial",
            (
                "xtgee y i.arm c.base, family(binomial) link(logit) corr(exchangeable) vce(robust)",
                "margins, dydx(arm)",
                "melogit y i.arm c.base || group_1:, intmethod(mvaghermite) intpoints(9)",
            ),
        ),
        (
            "count_parallel.csv",
            "admissions ~ arm + prior + offset(log(months)) + (1|team)",
            "poisson",
            ("mepoisson admissions i.arm c.prior, exposure(months) || group_1:, intmethod",),
        ),
        (
            "waves_binary.csv",
            "y ~ arm + factor(wave) + (1|cluster) + (1|cluster:wave)",
            "binomial",
            ("xtgee has no nested", "melogit y i.arm i.wave || group_1: || group_2:, intmethod(la"),
        ),
    ],
)
def test_a_binary_outcome_or_a_count_has_code_for_stata(
    table: str, model: str, family: str, lines: tuple[str, ...]
) -> None:
    script = sim.api.analyse.analyse(DATA / table, model, "arm", family=family).code("Stata")
    assert script.startswith("* Not run")
    assert all(one in script for one in lines), script
