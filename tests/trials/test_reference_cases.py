"""Shared reference cases: right answers of R and of exact calculation, and the worst deviation.

Estimates are compared in their standard errors, standard errors, degrees of freedom and variances
relatively, p values absolutely. `python -m tests.trials.test_reference_cases` prints the table of
docs/validation-cases.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.generalised import analyse_generalised, marginal
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.designs.design import stepped_wedge
from sim.trials.designs.design_file import design_from_table
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.gee import FAMILIES, Working, fit_gee
from sim.trials.fits.icc_intervals import RESIDUAL, exact_interval, profile_interval
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.power.co_primary import CoPrimary
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.generalised_power import parallel_difference_se
from sim.trials.power.gls_power import gls_standard_error
from sim.trials.power.mediation_power import Mediation, mediation_power
from sim.trials.power.noncentral_t import power_t, power_z
from sim.trials.power.power_study import study_of
from tests.trials import schedules
from tests.trials.closed_forms import before_after, co_primary_power
from tests.trials.waves import fit_with_given_correlation

DATA = Path(__file__).parent / "data"
PAGE = Path(__file__).parents[2] / "docs" / "validation-cases.md"
CASES = {
    one["id"]: one
    for one in json.loads((DATA / "reference_cases.json").read_text(encoding="utf-8"))
}
# Of a deviation as a share of what is asked: optimisers stop somewhere, closed forms do not.
OPTIMISED, CLOSED = 1e-3, 1e-5
Deviations = Iterator[tuple[str, float]]


def table(case: Mapping[str, Any]) -> pd.DataFrame:
    return pd.read_csv(DATA / case["data"])


def of_test(name: str, got: Mapping[str, Any], want: Mapping[str, float]) -> Deviations:
    """Yield how far an estimate, its error, df and p are from the right ones."""
    yield f"{name} estimate", abs(got["estimate"] - want["estimate"]) / want["se"]
    yield f"{name} SE", abs(got["se"] / want["se"] - 1.0)
    if "df" in want and "df" in got:
        yield f"{name} df", abs(got["df"] / want["df"] - 1.0)
    if "p" in want:
        yield f"{name} p", abs(got["p"] - want["p"])


def both(*checks: Callable[[Mapping[str, Any]], Deviations]) -> Callable[..., Any]:
    def check(case: Mapping[str, Any]) -> Deviations:
        for one in checks:
            yield from one(case)

    return check


def relative(name: str, got: float, want: float) -> tuple[str, float]:
    return name, abs(got / want - 1.0)


def mixed_outcomes(model: str, family: str, points: int, arm: str = "arm") -> Callable[..., Any]:
    def check(case: Mapping[str, Any]) -> Deviations:
        answers = case["answers"]
        found = analyse_generalised(table(case), model, arm, family, points=points)["mixed"]
        yield from of_test(arm, found, answers["coef"][arm])
        yield relative("SD", found["sd"], answers["sd"])
        yield "log-likelihood", abs(found["log_likelihood"] - answers["logLik"])
        for key, want in answers.get("standardised_population_averaged", {}).items():
            yield from standardised(key, found["standardised"], want)

    return check


def standardised(key: str, found: Mapping[str, Any], want: Mapping[str, float]) -> Deviations:
    names = {"risk1": "mean_treated", "risk0": "mean_control", "rd": "difference"}
    names |= {"logrr": "ratio", "logor": "odds_ratio"}
    got = dict(found[names[key]])
    if key.startswith("log"):
        got["estimate"] = np.log(got["estimate"])
    yield from of_test(key, got, want)


def marginal_outcomes(model: str, family: str) -> Callable[..., Any]:
    def check(case: Mapping[str, Any]) -> Deviations:
        answers = case["answers"]
        found = analyse_generalised(table(case), model, "arm", family)["marginal"]
        yield relative("alpha", found["alpha"], answers["alpha"])
        yield relative("phi", found["phi"], answers["phi"])
        for name, want in answers["test"]["clusters_minus_2"].items():
            yield from of_test(name, found["tests"][name], want)

    return check


def given_alpha(case: Mapping[str, Any]) -> Deviations:
    """Yield deviations with geepack's alpha, as the case asks; ours is 0.25% from it."""
    answers, frame = case["answers"], table(case).dropna(subset=["y", "base", "age"])
    clusters = np.unique(frame["team"], return_inverse=True)[1]
    # Coded as the case has it, on which Fay and Graubard's error depends.
    columns = [np.ones(len(frame)), frame["arm"], frame["base"], (frame["age"] - 44.0) / 10.0]
    x = np.column_stack(columns).astype(float)
    kind, y = FAMILIES["binomial"], frame["y"].to_numpy(float)
    fit = fit_gee(x, y, clusters, kind, working=Working(values=(answers["alpha"],)))
    levels = x.copy(), x.copy()
    levels[0][:, 1], levels[1][:, 1] = 1.0, 0.0
    sizes = np.bincount(clusters).astype(float)
    found = marginal(fit, ("(Intercept)", "arm", "base", "age10"), 1, sizes, levels, kind, None)
    for name, want in answers["test"]["clusters_minus_2"].items():
        yield from of_test(name, found["tests"][name], want)
    for key, want in answers["standardised_KC"].items():
        yield from standardised(key, found["standardised"], want)


def given_correlations(case: Mapping[str, Any]) -> Deviations:
    frame = table(case).dropna()
    for kind, answers in case["answers"].items():
        fit = fit_with_given_correlation(frame, kind)
        for name, want in answers["test"]["clusters_minus_2"].items():
            se = float(np.sqrt(fit.covariance[name][-1, -1]))
            got = {"estimate": float(fit.coefficients[-1]), "se": se}
            yield from of_test(f"{kind} {name}", got, {k: want[k] for k in ("estimate", "se")})


WEDGE = "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)"


def constant(case: Mapping[str, Any]) -> Deviations:
    found, answers = analyse_table(table(case), WEDGE, "trt"), case["answers"]
    yield from of_test("KR", found["tests"]["kenward-roger"], answers["kenward_roger"]["trt"])
    yield from of_test(
        "Satterthwaite", found["tests"]["satterthwaite"], answers["satterthwaite"]["trt"]
    )
    yield relative("ICC", found["correlations"]["icc"]["estimate"], answers["icc_within_period"])
    yield relative("CAC", found["correlations"]["cac"]["estimate"], answers["cac"])


def by_exposure(case: Mapping[str, Any]) -> Deviations:
    found, answers = analyse_table(table(case), WEDGE, "trt")["exposure"], case["answers"]
    for key, method in (("kenward_roger", "kenward-roger"), ("satterthwaite", "satterthwaite")):
        for one in found["by_exposure"]:
            want = answers[key][f"factor(exposure){one['exposure']}"]
            yield from of_test(f"exposure {one['exposure']}", one["tests"][method], want)
        yield from of_test("TATE", found["time_averaged_effect"][method], answers["tate"][key])
        yield from of_test("LTE", found["long_term_effect"][method], answers["lte"][key])
    for name, known in (("all_zero", "joint_all_zero"), ("all_equal", "joint_all_equal")):
        yield from f_tests(name, found[name], answers[known])


def f_tests(name: str, found: Mapping[str, Any], answers: Mapping[str, Any]) -> Deviations:
    for key, known in (("kenward_roger", "kenward_roger_pbkrtest"), ("satterthwaite",) * 2):
        got = found[key] if isinstance(found[key], dict) else found[key]._asdict()
        yield relative(f"{name} F", got["f"], answers[known]["F"])
        yield relative(f"{name} df", got["df2"], answers[known]["ddf"])
        yield f"{name} p", abs(got["p"] - answers[known]["p"])


def three_arms(case: Mapping[str, Any]) -> Deviations:
    frame, answers = table(case), case["answers"]
    model = "y ~ arm + site + base + (1|team)"
    for level in ("light", "full"):
        found = analyse_table(frame, model, f"arm{level}", references=["arm=usual"])
        for key, method in (("kenward_roger", "kenward-roger"), ("satterthwaite", "satterthwaite")):
            want = answers[key][f"arm{level}"]
            yield from of_test(level, found["tests"][method], want)
    complete = frame.dropna(subset=["y", "arm", "site", "base", "team"])
    columns = [np.ones(len(complete))]
    columns += [complete["arm"] == one for one in ("light", "full")]
    columns += [complete["site"] == one for one in ("north", "south", "west")]
    x = np.column_stack([*columns, complete["base"]]).astype(float)
    team = np.unique(complete["team"], return_inverse=True)[1]
    fit = fit_mixed_model(x, complete["y"].to_numpy(float), [RandomEffect("team", team)])
    each = np.eye(7)
    yield from f_tests("arm", fit.joint_tests(each[1:3]), answers["joint_arm"])
    yield from f_tests("site", fit.joint_tests(each[3:6]), answers["joint_site"])


def adjusted(case: Mapping[str, Any]) -> Deviations:
    """Yield deviations of the joint test of three arms as the command gives it."""
    answers = case["answers"]
    model = "y ~ arm + site + base + (1|team)"
    found = analyse_table(table(case), model, "arm", references=["arm=usual"])
    yield from f_tests("arm", found["joint"], answers["joint_arm"])
    for level, want in answers["adjusted_means_equal_site_weights"].items():
        yield from of_test(f"mean of {level}", found["adjusted_means"][level], want)
    for pair, name in (("light minus full", "full-light"), ("full minus usual", "full-usual")):
        for key in ("holm", "bonferroni"):
            p = found["pairwise"][pair][f"p_{key}"]
            yield f"{key} {name}", abs(p - answers[f"{key}_p"][name])


def slopes(case: Mapping[str, Any]) -> Deviations:
    frame, answers = table(case), case["answers"]
    model = "y ~ month * arm + (1|team) + (month|person)"
    for term in ("month", "arm", "month:arm"):
        found = analyse_table(frame, model, term)
        for key, method in (("kenward_roger", "kenward-roger"), ("satterthwaite", "satterthwaite")):
            yield from of_test(term, found["tests"][method], answers[key][term])
    yield from variances_of(
        found,
        answers["variances"],
        {
            "person": "person:(Intercept)",
            "person.month": "person:month",
            "person ~ person.month": "person:(Intercept)~month",
            "team": "team:(Intercept)",
            "residual": "Residual",
        },
    )
    yield "log-likelihood", abs(-found["reml_criterion"] / 2.0 - answers["reml_logLik"])


def variances_of(
    found: Mapping[str, Any], answers: Mapping[str, float], names: Mapping[str, str]
) -> Deviations:
    for own, known in names.items():
        yield relative(own, found["variance"][own], answers[known])


def weighted(case: Mapping[str, Any]) -> Deviations:
    model, answers = "mean ~ arm + offset(expected) + (1|region)", case["answers"]
    found = analyse_table(table(case), model, "arm", weights="n")
    for key, method in (("kenward_roger", "kenward-roger"), ("satterthwaite", "satterthwaite")):
        yield from of_test("arm", found["tests"][method], answers[key]["arm"])
    names = {"region": "region:(Intercept)", "residual": "Residual"}
    yield from variances_of(found, answers["variances"], names)
    yield "log-likelihood", abs(-found["reml_criterion"] / 2.0 - answers["reml_logLik"])


def by_arm(case: Mapping[str, Any]) -> Deviations:
    answers = case["answers"]
    found = analyse_table(table(case), "y ~ arm + (1|team)", "arm", residual_by="arm")
    for key, method in (("kenward_roger", "kenward-roger"), ("satterthwaite", "satterthwaite")):
        yield from of_test("arm", found["tests"][method], answers[key])
    for side in ("0", "1"):
        want = answers["residual_variance"][f"arm{side}"]
        yield relative(f"residual {side}", found["variance"][f"residual arm={side}"], want)
    yield "log-likelihood", abs(-found["reml_criterion"] / 2.0 - answers["reml_logLik"])


def waves_ar1(case: Mapping[str, Any]) -> Deviations:
    frame, answers = table(case), case["answers"]
    model = "y ~ wave * arm + (1|team) + ar1(wave|team:person)"
    for term in ("arm", "wave:arm"):
        found = analyse_table(frame, model, term)
        yield from of_test(term, found["tests"]["satterthwaite"], answers["coef"][term])
    names = {"team": "team_variance", "residual": "residual_variance", "residual ar1": "ar1"}
    yield from variances_of(found, answers, names)
    yield "log-likelihood", abs(-found["reml_criterion"] / 2.0 - answers["reml_logLik"])


def balanced_icc(case: Mapping[str, Any]) -> Deviations:
    answers, frame = case["answers"], table(case).assign(side=lambda d: d["team"] % 2)
    fit = fit_mixed_model(
        np.ones((len(frame), 1)),
        frame["y"].to_numpy(float),
        [RandomEffect("team", np.unique(frame["team"], return_inverse=True)[1])],
    )
    ratio = fit.ratios[0]
    yield "ICC", abs(ratio / (1.0 + ratio) - answers["icc_reml"])
    for name, found in (
        ("exact_wald", exact_interval(fit.sums)),
        ("profile_reml", profile_interval(fit.sums, fit.ratios, [0], [0, RESIDUAL])),
    ):
        assert found is not None
        for end, want in zip(found, answers[name], strict=True):
            yield name, abs(end - want)


def robust(case: Mapping[str, Any]) -> Deviations:
    found = analyse_table(table(case), "y ~ arm + (1|team)", "arm")["tests"]
    answers = case["answers"]
    yield from of_test("CR2", found["cluster-robust"], answers["robust_arm"]["CR2"])
    yield from of_test("KR", found["kenward-roger"], answers["kenward_roger"]["arm"])
    yield from of_test("Satterthwaite", found["satterthwaite"], answers["satterthwaite"]["arm"])


def cohort(case: Mapping[str, Any]) -> Deviations:
    model = "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period) + (1|person)"
    found, answers = analyse_table(table(case), model, "trt"), case["answers"]
    for name in ("icc", "cac", "iac"):
        yield relative(name.upper(), found["correlations"][name]["estimate"], answers[name])
    yield from of_test("KR", found["tests"]["kenward-roger"], answers["trt"])


def pairs(case: Mapping[str, Any]) -> Deviations:
    frame, answers = table(case), case["answers"]
    found = analyse_table(frame, "y ~ arm + factor(pair) + (1|cluster)", "arm", pairs="pair")
    yield from of_test("paired t", found["tests"]["cluster-summary"], answers["paired_t"])
    yield "sign flips p", abs(found["cluster_permutation"]["p"] - answers["sign_flip_exact_p"])
    yield from of_test("KR", found["tests"]["kenward-roger"], answers["mixed_pair_fixed_KR"])


def strata(case: Mapping[str, Any]) -> Deviations:
    frame, answers = table(case).dropna(), case["answers"]
    found = analyse_table(frame, "y ~ arm + stratum + (1|cluster)", "arm", strata=["stratum"])
    yield from of_test("cluster means", found["tests"]["cluster-summary"], answers["lm"])
    yield "permutation p", abs(found["cluster_permutation"]["p"] - answers["exact_permutation_p"])


def wedge_power(case: Mapping[str, Any]) -> Deviations:
    from dataclasses import replace

    from sim.trials.analyses.analysis_plan import default_plan

    design = stepped_wedge(4, 3, 12)
    truth, answers = Assumed(0.45, sqrt(1.0 / 0.92), 0.08, 0.8), case["answers"]
    for name, estimand in (
        ("it", "constant effect"),
        ("tate", "time-averaged effect"),
        ("lte", "long-term effect"),
    ):
        plan = replace(default_plan(design), estimand=estimand)
        found = design_power(design, truth, plan=plan)
        yield relative(f"{name} SE", found.se, answers[f"se_{name}"])
        # The package counts the tail of the effect's own direction alone.
        yield f"{name} power", max(abs(found.power_z - answers[name]) - 2e-5, 0.0)


def decay(case: Mapping[str, Any]) -> Deviations:
    components = VarianceComponents(residual=0.95, cluster=0.05, cluster_decay=0.8)
    shapes = {
        "parallel": schedules.parallel(8, 8, 6),
        "crossover": schedules.crossover(8, 8, (1,) * 6),
        "baseline_then_parallel": before_after(8, 8, 1, 5),
        "stepped_wedge_15_clusters": schedules.stepped_wedge([3] * 5),
    }
    for name, shape in shapes.items():
        se = gls_standard_error(shape, 10.0, components)
        yield relative(f"{name} SE", se, case["answers"][name]["se"])


def risks(case: Mapping[str, Any]) -> Deviations:
    """Yield deviations of the difference of proportions; clusterPower counts one tail."""
    answers = case["answers"]

    def se(arm: float, size: float, means: tuple[float, float], icc: float, cv: float = 0) -> float:
        return parallel_difference_se("binary", means, icc, (arm, arm), size, cv)

    yield relative("a", power_z(0.1, se(13, 150, (0.1, 0.2), 0.05)), answers["a_power"])
    yield relative("d", power_t(0.15, se(10, 25, (0.3, 0.45), 0.04, 0.6), 18), answers["d_power"])
    for name, size, icc, t in (
        ("b_clusters_per_arm", 150, 0.05, True),
        ("c_clusters_per_arm", 10, 0.1, True),
        ("c_clusters_per_arm_normal", 10, 0.1, False),
    ):

        def short(k: float, size: float = size, icc: float = icc, t: bool = t) -> float:
            error = se(k, size, (0.1, 0.2), icc)
            power = power_t(0.1, error, 2.0 * (k - 1.0)) if t else power_z(0.1, error)
            return power - 0.8

        yield relative(name, brentq(short, 3.0, 90.0), answers[name])
    file = design_from_table(
        {
            "design": {"type": "parallel", "clusters": 20, "size": 25, "size_variation": 0.6},
            "statistical": {"outcome": "binary", "mean": 0.3, "effect": 0.15, "icc": 0.04},
        },
        "case d",
    )
    yield relative(
        "d by a design file", formula_answer(study_of(file)).formula.power, answers["d_power"]
    )


def rates(case: Mapping[str, Any]) -> Deviations:
    """Yield deviations of Hayes and Bennett's formula, which takes one cluster an arm off."""
    answers = case["answers"]

    def power(k: float, years: float, pair: tuple[float, float], variation: float) -> float:
        # An ICC under control that means this variation of rates, of person-years in one cluster.
        means = pair[0] * 1.0, pair[1] * 1.0
        icc = variation**2 * means[0] / (1.0 + variation**2 * means[0])
        error = parallel_difference_se("count", means, icc, (k - 1.0, k - 1.0), years)
        return power_z(pair[1] - pair[0], error)

    clusters = brentq(lambda k: power(k, 10, (0.1, 0.2), 0.1) - 0.8, 2.0, 90.0)
    yield relative("a", clusters, answers["a_clusters_per_arm"])
    yield relative("c", power(12, 150, (0.12, 0.08), 0.25), answers["c_power"])
    icc = 0.25**2 * 0.12 / (1.0 + 0.25**2 * 0.12)
    error = parallel_difference_se("count", (0.12, 0.08), icc, (12, 12), 150)
    yield relative("c by t", power_t(-0.04, error, 22), answers["c_power_t22"])


def hybrid(case: Mapping[str, Any]) -> Deviations:
    answers = case["answers"]
    outcomes = CoPrimary((0.1, 0.1), (0.23, 0.25), (0.025, 0.025), 0.01, 0.05)
    for normal, mark, joint in ((True, "chi2", "MVN"), (False, "F", "T")):
        found = co_primary_power(outcomes, 15, 300, normal=normal)
        yield relative("all of", found.all_of, answers[f"conj_{joint}_2sided"])
        yield relative("one-sided", found.all_of_one_sided, answers[f"conj_{joint}_1sided"])
        yield relative("at least one", found.at_least_one, answers[f"disj_{mark}"])
        yield relative("single", found.single, answers[f"single_{mark}"])
        yield relative("combined", found.combined, answers[f"comb_{mark}"])
        for got, want in zip(found.adjusted.values(), answers[f"padj_{mark}"], strict=True):
            yield relative("adjusted", got, want)
    yield relative("correlation", found.correlation, answers["corr_of_tests"])


def mediated(case: Mapping[str, Any]) -> Deviations:
    paths = Mediation(0.49, 0.3, 0.26, 0.15, 0.2, (0.07, 0.17), (0.02, 0.41, 0.38), (4, 5))
    found, answers = mediation_power(paths, 30, 4, 20), case["answers"]
    names = {"se_a": "se_a", "se_b": "se_B", "df_a": "df_a", "df_b": "df_B"}
    names |= {"power_a": "power_a", "power_b": "power_B", "joint": "joint", "sobel": "sobel"}
    for own, known in names.items():
        yield relative(own, getattr(found, own), answers[known])


# What clusterPower and PowerUpR round or count one tail of.
ROUNDED = 2e-4

CHECKS: dict[str, tuple[Callable[[Mapping[str, Any]], Deviations], float]] = {
    "glmm-bin-laplace": (mixed_outcomes("y ~ arm + (1|team)", "binomial", 1), OPTIMISED),
    "glmm-bin-agq25": (
        mixed_outcomes("y ~ arm + base + age + (1|team)", "binomial", 25),
        OPTIMISED,
    ),
    "glmm-count-poisson": (
        mixed_outcomes("admissions ~ arm + prior + offset(log(months)) + (1|team)", "poisson", 1),
        OPTIMISED,
    ),
    "gee-bin-exchangeable": (marginal_outcomes("y ~ arm + (1|team)", "binomial"), CLOSED),
    "gee-standardised": (given_alpha, CLOSED),
    "gee-count-offset": (
        marginal_outcomes("admissions ~ arm + prior + offset(log(months)) + (1|team)", "poisson"),
        CLOSED,
    ),
    "gee-nested-and-decay-fixed": (given_correlations, CLOSED),
    "sw-constant": (constant, OPTIMISED),
    "sw-eti": (by_exposure, OPTIMISED),
    "lmm-joint-test": (both(three_arms, adjusted), OPTIMISED),
    "lmm-correlated-slopes": (slopes, OPTIMISED),
    "lmm-weights-offset": (weighted, OPTIMISED),
    "lmm-hetero-residual": (by_arm, OPTIMISED),
    "lmm-ar1": (waves_ar1, OPTIMISED),
    "lmm-cr2": (robust, OPTIMISED),
    "icc-balanced": (balanced_icc, OPTIMISED),
    "icc-cac-iac-cohort": (cohort, OPTIMISED),
    "pairs-equal-level": (pairs, CLOSED),
    "strata-equal-level": (strata, CLOSED),
    "power-sw-eti": (wedge_power, CLOSED),
    "power-decay": (decay, CLOSED),
    "power-binary-parallel": (risks, ROUNDED),
    "power-count-parallel": (rates, ROUNDED),
    "power-hybrid2-package-example": (hybrid, CLOSED),
    "power-mediation-3-2-1": (mediated, CLOSED),
}


# Formulas by independent code, against these.
SOURCES = {
    "power-sw-eti": "swCRTdesign 4.0",
    "power-decay": "Shiny CRT Calculator's model",
    "power-binary-parallel": "clusterPower 0.7.0",
    "power-count-parallel": "clusterPower 0.7.0",
    "power-hybrid2-package-example": "crt2power 1.2.2",
    "power-mediation-3-2-1": "PowerUpR 1.1.0",
}


def worst(name: str) -> tuple[str, float, int]:
    """Return the quantity that is furthest off, by how much, and how many there are."""
    check, _ = CHECKS[name]
    found = list(check(CASES[name]))
    what, by = max(found, key=lambda one: one[1])
    return what, by, len(found)


@pytest.mark.parametrize("name", CHECKS)
def test_a_reference_case_is_reproduced_within_its_tolerance(name: str) -> None:
    what, by, _ = worst(name)
    assert by <= CHECKS[name][1], what


def test_the_page_lists_every_case() -> None:
    assert set(CHECKS) == set(CASES)
    listed = set(re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(encoding="utf-8"), re.M))
    assert set(CHECKS) <= listed


def main() -> None:
    """Print the table of the page."""
    print("| case | against | answers | worst deviation | of |\n|---|---|---|---|---|")
    for name in CHECKS:
        what, by, count = worst(name)
        software = CASES[name]["software"].removeprefix("R 4.2.2, ")
        software = software.replace(
            "Python 3.11, scipy 1.17.1; package values as named", SOURCES.get(name, "")
        )
        print(f"| `{name}` | {software} | {count} | {by:.1e} | {what} |")


if __name__ == "__main__":
    main()
