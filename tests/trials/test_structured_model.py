"""Covariances beyond independent effects, joint tests, adjusted means and computed columns."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.joint import holm_adjusted
from sim.trials.analyses.r_code import code
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.covariance_parts import Effects, Residual
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.natural_spline import ns
from sim.trials.fits.structured_model import Structure, fit_structured_model


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    """People in teams, four waves each, some missing."""
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(48), 4)
    team, wave = person // 6, np.tile(np.arange(4.0), 48)
    base = rng.normal(size=48)[person]
    y = 0.6 * rng.normal(size=8)[team] + rng.normal(size=48)[person]
    y += wave * (0.2 + 0.3 * rng.normal(size=48)[person]) + rng.normal(size=192)
    kind = np.array(["a", "b", "c"])[np.arange(48) % 3][person]
    frame = pd.DataFrame({"team": team, "person": person, "wave": wave, "base": base})
    frame = frame.assign(arm=team % 2, kind=kind, y=y)
    return frame[rng.random(192) > 0.1].reset_index(drop=True)


def test_independent_effects_are_those_of_the_other_fit(cohort: pd.DataFrame) -> None:
    n = len(cohort)
    x = np.column_stack([np.ones(n), cohort["arm"], cohort["wave"]]).astype(float)
    y, team, person = (cohort[one].to_numpy() for one in ("y", "team", "person"))
    wave = cohort["wave"].to_numpy()
    effects = [RandomEffect("team", team), RandomEffect("slope", person, wave)]
    known = fit_mixed_model(x, y, effects)
    parts = (
        Effects(team, np.ones((n, 1)), ("team",)),
        Effects(person, wave[:, None], ("slope",)),
    )
    residual = Residual(np.zeros(n, int), ("residual",), np.ones(n))
    found = fit_structured_model(x, y, Structure(parts, residual))
    assert found.reml_criterion == pytest.approx(known.reml_criterion, abs=1e-8)
    assert found.coefficients == pytest.approx(known.coefficients, rel=1e-6)
    for one, other in zip(found.inference, known.inference, strict=True):
        assert one == pytest.approx(other, rel=2e-5)
    both = np.eye(3)[1:]
    for name, test in found.joint_tests(both).items():
        assert test == pytest.approx(known.joint_tests(both)[name], rel=1e-4)


def test_a_search_that_meets_zero_on_its_way_goes_on() -> None:
    """Twelve people, times far from zero; lme4 1.1.31 with bobyqa. It used to stop at 145.959."""
    rng = np.random.default_rng(1)
    person, time = np.repeat(np.arange(12), 4), np.tile(np.arange(6.0, 10.0), 12)
    y = rng.normal(0, 1, 12)[person] + rng.normal(0, 0.25, 12)[person] * (time - 7)
    frame = pd.DataFrame(
        {"person": person, "time": time, "y": np.round(y + rng.normal(size=48), 2)}
    )
    found = analyse_table(frame, "y ~ time + (time|person)", "time")
    assert found["reml_criterion"] == pytest.approx(145.2187256, abs=1e-6)
    assert found["variance"]["person"] == pytest.approx(8.68188, rel=1e-3)
    assert found["variance"]["person.time"] == pytest.approx(0.115906, rel=1e-3)
    assert found["satterthwaite"]["df"] == pytest.approx(11.0, abs=0.01)
    micro = analyse_table(frame.assign(time=1e6 * time), "y ~ time + (time|person)", "time")
    more = 2.0 * np.log(1e6)
    assert micro["reml_criterion"] == pytest.approx(found["reml_criterion"] + more, abs=1e-6)
    assert micro["satterthwaite"]["p"] == pytest.approx(found["satterthwaite"]["p"], rel=1e-4)
    assert micro["singular"] is found["singular"] is False


def test_a_variance_of_zero_is_one_and_its_effect_is_as_if_left_out() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(10), 6)
    y = rng.normal(size=60)
    y -= np.repeat(y.reshape(10, 6).mean(axis=1), 6)
    x = np.column_stack([np.ones(60), np.tile([0.0, 1.0], 30)])
    part = Effects(group, np.ones((60, 1)), ("group",))
    residual = Residual(np.zeros(60, int), ("residual",), np.ones(60))
    fit = fit_structured_model(x, y, Structure((part,), residual))
    assert fit.singular
    assert fit.variances["group"] == 0.0
    beta, rss = np.linalg.lstsq(x, y, rcond=None)[:2]
    assert fit.coefficients == pytest.approx(beta)
    assert fit.variances["residual"] == pytest.approx(rss[0] / 58)
    assert fit.inference[1].satterthwaite_df == pytest.approx(58.0, rel=1e-4)


def test_a_weight_of_two_is_a_mean_of_two(cohort: pd.DataFrame) -> None:
    rng = np.random.default_rng(8)
    group, arm = np.repeat(np.arange(12), 4), np.repeat(np.arange(12) % 2, 4)
    mean = rng.normal(size=48) + 0.7 * rng.normal(size=12)[group]
    one = pd.DataFrame({"g": group, "arm": arm, "y": mean, "n": 2.0})
    plain = analyse_table(one, "y ~ arm + (1|g)", "arm")
    found = analyse_table(one, "y ~ arm + (1|g)", "arm", weights="n")
    assert found["tests"]["kenward-roger"]["p"] == pytest.approx(
        plain["tests"]["kenward-roger"]["p"], rel=1e-5
    )
    assert found["variance"]["residual"] == pytest.approx(
        2.0 * plain["variance"]["residual"], rel=1e-5
    )
    assert found["cluster_summary"] is None
    with pytest.raises(InputError, match="must be above 0"):
        analyse_table(one.assign(n=-1.0), "y ~ arm + (1|g)", "arm", weights="n")


def test_slopes_of_labels_are_those_of_their_columns(cohort: pd.DataFrame) -> None:
    frame = cohort.assign(b=1.0 * (cohort["kind"] == "b"), c=1.0 * (cohort["kind"] == "c"))
    words = analyse_table(frame, "y ~ wave + (kind|team)", "wave")
    numbers = analyse_table(frame, "y ~ wave + (b + c|team)", "wave")
    assert words["reml_criterion"] == pytest.approx(numbers["reml_criterion"], abs=1e-6)
    assert words["n_groups"] == {"team": 8}
    # Nobody is of two kinds: nothing tells how effects by kind of one person are correlated.
    apart = analyse_table(frame, "y ~ wave + (0 + kind|person)", "wave")
    assert not [one for one in apart["variance"] if "~" in one]


@pytest.mark.parametrize("random", ["(0 + kind|team)", "(kind||team)", "(kind|team)"])
def test_slopes_of_labels_are_correlated_as_in_lme4(cohort: pd.DataFrame, random: str) -> None:
    found = analyse_table(cohort, f"y ~ wave + {random}", "wave")
    # lme4 1.1-31, the best of its three criteria, which are those of one model.
    assert found["reml_criterion"] == pytest.approx(612.0027790, abs=1e-6)
    assert found["estimate"] == pytest.approx(0.18851520, abs=1e-6)
    assert found["se"] == pytest.approx(0.09607787, abs=2e-6)


def test_a_random_slope_without_an_intercept_is_answered(cohort: pd.DataFrame) -> None:
    found = analyse_table(cohort, "y ~ wave + (0 + wave|team)", "wave")
    # lme4 1.1-31, a finer search.
    assert found["reml_criterion"] == pytest.approx(639.8944886, abs=1e-6)
    assert found["estimate"] == pytest.approx(0.23002519, abs=1e-6)
    assert found["se"] == pytest.approx(0.14851942, abs=1e-6)
    assert not [note for note in found["notes"] if "--strata" in note]


def test_what_is_correlated_over_time_is_seen() -> None:
    rng = np.random.default_rng(11)
    unit, wave = np.repeat(np.arange(120), 6), np.tile(np.arange(6.0), 120)
    noise = rng.normal(size=(120, 6))
    for k in range(1, 6):
        noise[:, k] = -0.6 * noise[:, k - 1] + 0.8 * noise[:, k]
    y = noise.reshape(-1) + 0.5 * rng.normal(size=12)[unit // 10]
    frame = pd.DataFrame({"y": y, "unit": unit, "wave": wave, "team": unit // 10})
    model = "y ~ wave + (1|team) + ar1(wave|unit)"
    found = analyse_table(frame, model, "wave")
    assert found["variance"]["residual ar1"] == pytest.approx(-0.6, abs=0.09)
    half = analyse_table(frame.assign(wave=frame["wave"] / 2.0), model, "wave")
    assert half["variance"]["residual ar1"] >= 0.0
    fading = analyse_table(frame, "y ~ wave + decay(wave|unit) + (1|team)", "wave")
    assert 0.0 <= fading["variance"]["unit decay"] <= 1.0


def test_cr2_under_a_structured_fit_is_that_of_the_plain_one(cohort: pd.DataFrame) -> None:
    plain = analyse_table(cohort, "y ~ arm + wave + (1|team)", "arm")
    found = analyse_table(cohort.assign(one=1.0), "y ~ arm + wave + (1|team)", "arm", weights="one")
    for key in ("se", "df", "p"):
        assert found["tests"]["cluster-robust"][key] == pytest.approx(
            plain["tests"]["cluster-robust"][key], rel=1e-6
        )


def test_a_term_with_several_coefficients_is_tested_as_a_whole(cohort: pd.DataFrame) -> None:
    found = analyse_table(cohort, "y ~ kind * wave + base + (1|team)", "kind:wave")
    assert found["tested"] == ["kindb:wave", "kindc:wave"]
    assert "pairwise" not in found
    curved = analyse_table(cohort, "y ~ arm + poly(base, 2) + (1|team)", "poly(base, 2)")
    powers = analyse_table(cohort, "y ~ arm + base + I(base^2) + (1|team)", "arm")
    assert curved["reml_criterion"] != powers["reml_criterion"]
    assert curved["coef"]["arm"]["estimate"] == pytest.approx(powers["estimate"], rel=1e-6)
    alone = analyse_table(cohort, "y ~ arm + I(base > 0) + (1|team)", "arm")
    coded = cohort.assign(high=1.0 * (cohort["base"] > 0))
    by_hand = analyse_table(coded, "y ~ arm + high + (1|team)", "arm")
    assert alone["estimate"] == pytest.approx(by_hand["estimate"])
    with pytest.raises(InputError, match="go with a term that has one"):
        analyse_table(cohort, "y ~ kind + (1|team)", "kind", imputations=5)


def test_adjusted_means_of_a_balanced_table_are_its_means() -> None:
    rng = np.random.default_rng(2)
    team = np.repeat(np.arange(12), 5)
    arm, site = np.array(["a", "b", "c"])[team % 3], np.array(["x", "y"])[team // 3 % 2]
    frame = pd.DataFrame({"team": team, "arm": arm, "site": site, "y": rng.normal(size=60)})
    found = analyse_table(frame, "y ~ arm * site + (1|team)", "arm")["adjusted_means"]
    for level, want in frame.groupby("arm")["y"].mean().items():
        assert found[level]["estimate"] == pytest.approx(want)


def test_holm_by_hand() -> None:
    assert holm_adjusted(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx(
        [0.04, 0.09, 0.09, 0.5]
    )


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_splines_and_polynomials_are_those_of_r() -> None:
    x = np.array([1.0, 2.0, 3.0, 5.0, 7.0, 8.0, 9.0, 12.0])
    script = f"x <- c({','.join(map(str, x))}); library(splines)\n"
    script += "cat(format(c(ns(x, 1), ns(x, 3), ns(x, 4)), digits = 15))"
    run = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)
    want = np.array(run.stdout.split(), float)
    got = np.concatenate([ns(x, df).to_numpy().T.reshape(-1) for df in (1, 3, 4)])
    assert got == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize(
    ("model", "options", "has"),
    [
        ("y ~ arm + (1|team) + ar1(wave|team:person)", {}, "corAR1(form = ~ wave | g1/unit)"),
        ("y ~ arm + (1|team)", {"residual_by": "arm"}, "varIdent(form = ~ 1 | arm)"),
        ("y ~ arm + (wave|team)", {}, "lmer(y ~ arm + (wave|team)"),
        ("y ~ arm + decay(wave|team)", {}, "ar1(factor(wave) + 0 | team)"),
        ("y ~ arm + offset(base) + (1|team)", {"weights": "n"}, "REML = TRUE, weights = n)"),
        ("y ~ kind + (1|team)", {}, 'emmeans(fit, "kind"'),
    ],
)
def test_r_code_has_the_covariance(
    cohort: pd.DataFrame, model: str, options: dict[str, str], has: str
) -> None:
    term = "kind" if "kind" in model else "arm"
    found = analyse_table(cohort.assign(n=2.0), model, term, **options)
    assert has in code("R", found, "data.csv")


def refused_weights(frame: pd.DataFrame) -> None:
    analyse_table(frame, "y ~ arm + (1|team)", "arm", weights="kind")


def refused_group(frame: pd.DataFrame) -> None:
    analyse_table(frame.assign(k="a"), "y ~ arm + (1|team)", "arm", residual_by="k")


def unknown_column(frame: pd.DataFrame) -> None:
    analyse_table(frame, "y ~ arm + (1|team)", "arm", residual_by="armm")


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (refused_weights, "kind"),
        (refused_group, "it has one value, a"),
        (unknown_column, "did you mean 'arm'"),
    ],
)
def test_what_weights_and_groups_may_not_be(
    cohort: pd.DataFrame, attempt: Callable[[pd.DataFrame], None], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        attempt(cohort)
