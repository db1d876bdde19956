"""Binary and count outcomes: geepack, glmmTMB and glmer on the same tables; zero cells; levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from sim.cli import main
from sim.errors import InputError
from sim.trials.analyses.generalised import analyse_generalised
from sim.trials.analyses.generalised_text import format_generalised
from sim.trials.analyses.marginal_exposure import hotelling
from sim.trials.analyses.standardised import standardised
from sim.trials.fits.gee import FAMILIES, NESTED, Working, fading, fit_gee
from sim.trials.fits.glmm import fit_glmm
from tests.trials.waves import fit_with_given_correlation

DATA = Path(__file__).parent / "data"
BINARY, COUNT = DATA / "bin_parallel.csv", DATA / "count_parallel.csv"
ADJUSTED = "y ~ arm + base + age + (1|team)"
COUNTED = "admissions ~ arm + prior + offset(log(months)) + (1|team)"


def errors(found: dict[str, Any]) -> dict[str, float]:
    return {name: one["se"] for name, one in found["tests"].items()}


@pytest.fixture(scope="module")
def binary() -> dict[str, Any]:
    return analyse_generalised(
        pd.read_csv(BINARY), "y ~ arm + (1|team)", "arm", "binomial", points=1
    )


@pytest.fixture(scope="module")
def count() -> dict[str, Any]:
    return analyse_generalised(pd.read_csv(COUNT), COUNTED, "arm", "poisson", points=1)


def test_marginal_model_of_a_binary_outcome_is_that_of_geepack(binary: dict[str, Any]) -> None:
    """R 4.2.2, geepack 1.3.9; corrections by the published formulas."""
    found = binary["marginal"]
    assert found["alpha"] == pytest.approx(0.02680488166, rel=1e-6)
    assert found["coefficients"]["arm"] == pytest.approx(0.6330014338, rel=1e-7)
    assert errors(found) == pytest.approx(
        {
            "LZ": 0.2945066182,
            "KC": 0.3148970211,
            "MD": 0.3368833408,
            "FG": 0.331673002,
            "MBN": 0.3253364502,
        },
        rel=1e-6,
    )
    assert found["tests"]["KC"]["df"] == 14
    assert found["tests"]["KC"]["p"] == pytest.approx(0.06408594649, rel=1e-6)
    assert found["chosen"] == "KC"


def test_marginal_model_of_counts_is_that_of_geepack(count: dict[str, Any]) -> None:
    found = count["marginal"]
    assert (found["alpha"], found["phi"]) == pytest.approx((0.1032133929, 2.506024689), rel=1e-7)
    assert list(found["coefficients"].values()) == pytest.approx(
        [-1.634015526, -0.7287727013, 0.06039503831], rel=1e-7
    )
    assert errors(found) == pytest.approx(
        {
            "LZ": 0.2217252859,
            "KC": 0.2347896358,
            "MD": 0.2486774455,
            "FG": 0.239174594,
            "MBN": 0.252431479,
        },
        rel=1e-6,
    )
    assert any("counts vary 2.5 times as much as Poisson's" in one for one in count["notes"])


@pytest.mark.parametrize(
    ("kind", "arm", "known"),
    [
        ("nested", 0.5028534086, (0.3342180946, 0.3656185706, 0.3999763202, 0.3845858095)),
        ("decay", 0.527959629, (0.343180153, 0.3754266123, 0.4107121403, 0.395765205)),
    ],
)
def test_given_working_correlations_over_periods(
    kind: str, arm: float, known: tuple[float, ...]
) -> None:
    """Nested exchangeable (.08 within, .04 between periods), and .08 decaying by .7 a wave."""
    fit = fit_with_given_correlation(pd.read_csv(DATA / "waves_binary.csv").dropna(), kind)
    assert fit.coefficients[-1] == pytest.approx(arm, rel=1e-7)
    got = [np.sqrt(fit.covariance[one][-1, -1]) for one in ("LZ", "KC", "MD", "FG")]
    assert got == pytest.approx(known, rel=1e-6)


def test_two_intercepts_and_two_working_correlations_are_those_of_glmer_and_geepack() -> None:
    """R 4.2.2: glmer (Laplace) and geeglm with a column of pairs within and between waves."""
    model = "y ~ arm + factor(wave) + (1|cluster) + (1|cluster:wave)"
    frame = pd.read_csv(DATA / "waves_binary.csv")
    found = analyse_generalised(frame, model, "arm", "binomial")
    mixed, marginal = found["mixed"], found["marginal"]
    assert mixed["estimate"] == pytest.approx(0.5442605, abs=1e-3 * 0.356)
    assert mixed["se"] == pytest.approx(0.3559785, rel=1e-3)
    assert list(mixed["sds"].values()) == pytest.approx([0.49475566, 0.31979916], rel=1e-3)
    assert mixed["log_likelihood"] == pytest.approx(-329.64768, abs=1e-4)
    # geepack's values of a correlation are a little above the mean product.
    assert marginal["correlation"] == pytest.approx([0.06922408736, 0.04677021942], rel=1e-3)
    assert marginal["tests"]["LZ"]["estimate"] == pytest.approx(0.501693964, abs=1e-4 * 0.334)
    assert marginal["tests"]["LZ"]["se"] == pytest.approx(0.3342955834, rel=1e-4)


def test_a_decay_that_is_there_is_found() -> None:
    """Mean products of residuals are .2, .1 and .05 at lags 0, 1 and 2, whatever their numbers."""
    lags, pairs = np.array([0.0, 1.0, 2.0, 5.0]), np.array([40.0, 7.0, 30.0, 1.0])
    assert fading(lags, pairs, 0.2 * 0.5**lags) == pytest.approx((0.2, 0.5), rel=1e-9)
    assert fading(lags, pairs, np.array([0.2, 0.0, 0.0, 0.0]))[1] == 0.0
    assert fading(lags, pairs, np.full(4, 0.3)) == pytest.approx((0.3, 1.0))
    # With one person a cell the decay begins at a correlation at most, and none is made up.
    apart, few = lags[1:], pairs[1:]
    assert fading(apart, few, 0.8 * 0.5**apart) == pytest.approx((0.8, 0.5), rel=1e-9)
    level, factor = fading(apart, few, np.array([0.3, 0.05, 0.0]))
    assert (level, level * factor) == (pytest.approx(0.999), pytest.approx(0.3, abs=0.06))
    assert fading(apart, few, np.array([-0.1, 0.02, 0.0]))[0] < 1.0
    assert fading(apart, few, np.array([-0.1, -0.02, 0.0])) == (0.0, 0.0)


@pytest.mark.parametrize("random", ["decay(period|team)", "(1|team) + (1|team:period)"])
def test_one_row_a_period_tells_nothing_of_people_of_one(random: str) -> None:
    """The correlation within a period was printed as -9, or as nought."""
    rng = np.random.default_rng(4)
    team, period = (one.ravel() for one in np.indices((16, 5)))
    frame = pd.DataFrame({"team": team, "period": period, "arm": team % 2})
    frame["y"] = (rng.random(80) < 0.5) * 1
    found = analyse_generalised(frame, f"y ~ arm + {random}", "arm", "binomial")
    assert all(abs(one) <= 1.0 for one in found["marginal"]["correlation"])
    assert found["marginal"]["nearest"] == 1.0
    assert any("share a cell" in one for one in found["notes"])
    told = format_generalised(found)
    assert "within a period" not in told
    assert " within and " not in told


def test_effects_by_exposure_stand_beside_the_constant_one() -> None:
    """Indicators fitted by themselves, with the same errors; averages are of their logarithms."""
    rng = np.random.default_rng(3)
    cluster, period = (one.ravel() for one in np.indices((16, 4)).repeat(6, axis=1))
    exposure = np.maximum(period - cluster % 3, 0)
    frame = pd.DataFrame({"cluster": cluster, "period": period, "trt": (exposure > 0) * 1})
    risk = 0.25 + 0.1 * exposure + 0.1 * rng.random(16)[cluster]
    frame["y"] = (rng.random(len(frame)) < risk) * 1
    model = "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)"
    found = analyse_generalised(frame, model, "trt", "binomial")["exposure"]
    levels = (exposure[:, None] == (1, 2, 3)) * 1.0
    x = np.column_stack([np.ones(len(frame)), *(period == one for one in (1, 2, 3)), levels])
    working = Working(NESTED, period.astype(float))
    y = frame["y"].to_numpy(float)
    fit = fit_gee(x.astype(float), y, cluster, FAMILIES["binomial"], working=working)
    by = found["by_exposure"]
    assert [one["estimate"] for one in by] == pytest.approx(fit.coefficients[-3:])
    average = found["time_averaged_effect"]
    assert average["estimate"] == pytest.approx(fit.coefficients[-3:].mean())
    assert average["se"] == pytest.approx(np.sqrt(fit.covariance["MD"][-3:, -3:].sum()) / 3.0)
    assert found["long_term_effect"]["df"] == 14.0
    assert found["all_equal"]["df2"] == 13.0
    gaps = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    apart = gaps @ fit.coefficients[-3:]
    squared = apart @ np.linalg.inv(gaps @ fit.covariance["MD"][-3:, -3:] @ gaps.T) @ apart
    assert found["all_equal"]["f"] == pytest.approx(squared * 13.0 / (14.0 * 2.0))


def test_a_curve_and_contrasts_of_both_models_are_those_of_r() -> None:
    """R 4.2.2: geepack's coefficients, glmer (Laplace) with errors; the curve is ns(0:4, 2)."""
    frame = pd.read_csv(DATA / "sw_continuous.csv").dropna(subset="y")
    frame["y"] = (frame["y"] > 3.0) * 1
    asked = "trt", "factor(period)5 - factor(period)2"
    model = "y ~ trt + factor(period) + (1|cluster)"
    found = analyse_generalised(
        frame, model, "trt", "binomial", points=1, contrasts=asked, spline=2
    )
    of = found["contrasts"]["each"]
    for one, estimate, mixed, se in (
        (of[0], 0.2925003225, 0.3177696809, 0.2905847776),
        (of[1], 0.920870071, 0.9836524897, 0.3496492183),
    ):
        assert one["marginal"]["estimate"] == pytest.approx(estimate, abs=1e-5 * se)
        assert one["mixed"]["estimate"] == pytest.approx(mixed, abs=1e-3 * se)
        assert one["mixed"]["se"] == pytest.approx(se, rel=1e-3)
    assert of[0]["marginal"]["se"] == found["marginal"]["tests"]["KC"]["se"]
    assert found["contrasts"]["joint"]["marginal"]["df2"] == 9.0
    curve = found["exposure_spline"]
    for of_curve, known in (
        (curve, (0.2800295823, 0.5632424553, 0.8517608127, 1.1434624608, 0.7096238278)),
        (curve["mixed"], (0.291327063, 0.5815969787, 0.8701049822, 1.1575558384, 0.7251462156)),
    ):
        each = [*of_curve["by_exposure"], of_curve["time_averaged_effect"]]
        assert [one["estimate"] for one in each] == pytest.approx(known, abs=4e-4)
    errors_of_curve = [one["se"] for one in curve["mixed"]["by_exposure"]]
    assert errors_of_curve == pytest.approx(
        [0.2272805855, 0.3778878994, 0.4681136864, 0.6392378428], rel=1e-3
    )
    told = format_generalised(found)
    assert "Effects by exposure lie on the curve: Hotelling F" in told
    assert "factor(period)5 - factor(period)2" in told
    with pytest.raises(InputError, match="must be from 1 to 3, below the number of exposures"):
        analyse_generalised(frame, model, "trt", "binomial", points=1, spline=4)
    # With fewer clusters the curve has errors where effects by exposure have none.
    few = frame[frame["cluster"].isin(sorted(set(frame["cluster"]))[:11])]
    found = analyse_generalised(few, model, "trt", "binomial", points=1, spline=2)
    assert any("a curve has fewer" in one for one in found["notes"])
    assert "on_curve" not in found["exposure_spline"]


def test_everybody_has_one_label_of_three() -> None:
    """Risks with everybody in one of three arms are those observed in it, and nobody has two."""
    frame = table()
    frame["arm"] = np.array(["usual", "light", "full"])[frame["team"] % 3]
    found = analyse_generalised(
        frame, "y ~ arm + (1|team)", "armfull", "binomial", points=1, independent=True
    )
    of = found["marginal"]["standardised"]
    observed = frame.groupby("arm")["y"].mean()
    assert of["mean_treated"]["estimate"] == pytest.approx(observed["full"])
    assert of["mean_control"]["estimate"] == pytest.approx(observed["usual"])
    assert "risk with arm full" in format_generalised(found)


def test_hotellings_test_of_one_effect_is_the_t_test() -> None:
    found = hotelling(np.eye(1), np.array([1.2]), np.array([[0.25]]), 14.0)
    assert found.f == pytest.approx(2.4**2)
    assert found.p == pytest.approx(2.0 * stats.t.sf(2.4, 14.0))


def test_laplace_is_that_of_glmm_tmb(binary: dict[str, Any], count: dict[str, Any]) -> None:
    """glmmTMB 1.1.5; its optimum is followed to a thousandth of a standard error."""
    for found, estimate, se, variance, likelihood in (
        (binary["mixed"], 0.6477822457, 0.3159169885, 0.1403721468, -199.9576638),
        (count["mixed"], -0.6648920529, 0.2044303648, 0.14389915, -483.3654974),
    ):
        assert found["estimate"] == pytest.approx(estimate, abs=1e-3 * se)
        assert found["se"] == pytest.approx(se, rel=1e-3)
        assert found["variance"] == pytest.approx(variance, rel=1e-3)
        assert found["log_likelihood"] == pytest.approx(likelihood, abs=1e-5)


def test_quadrature_and_standardised_risks_are_those_of_glmer() -> None:
    """lme4 1.1.31, 25 points, two covariates of people, risks over the random intercept."""
    found = analyse_generalised(pd.read_csv(BINARY), ADJUSTED, "arm", "binomial", points=25)
    mixed, marginal = found["mixed"], found["marginal"]
    assert found["n_obs"] == 290
    assert mixed["estimate"] == pytest.approx(0.7949941562, abs=1e-3 * 0.33)
    assert mixed["se"] == pytest.approx(0.3321754292, rel=1e-3)
    assert mixed["sd"] == pytest.approx(0.3883934546, rel=1e-3)
    assert mixed["log_likelihood"] == pytest.approx(-184.0004772, abs=1e-5)
    for of, known in (
        (
            mixed["standardised"],
            {
                "mean_treated": (0.4899677481, 0.04906349124),
                "mean_control": (0.3165338988, 0.05064213845),
                "difference": (0.1734338493, 0.07057451538),
                "ratio": (np.exp(0.4369092276), 0.1888951545),
                "odds_ratio": (np.exp(0.7296123238), 0.3057900501),
            },
        ),
        (
            marginal["standardised"],
            {
                "mean_treated": (0.4909219721, 0.05591280873),
                "mean_control": (0.3166022399, 0.0465653394),
                "difference": (0.1743197322, 0.07259539681),
                "ratio": (np.exp(0.4386389766), 0.1855970312),
                "odds_ratio": (np.exp(0.7331147374), 0.3097066325),
            },
        ),
    ):
        for name, (estimate, se) in known.items():
            assert of[name]["estimate"] == pytest.approx(estimate, rel=2e-4), name
            assert of[name]["se"] == pytest.approx(se, rel=1e-3), name


def test_few_people_in_a_cluster_need_more_than_one_point() -> None:
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(150), 3)
    z = rng.standard_normal(150)[clusters]
    x = np.ones((450, 1))
    y = (rng.random(450) < 1.0 / (1.0 + np.exp(-2.5 * z))).astype(float)
    sd = {
        points: fit_glmm(x, y, clusters, FAMILIES["binomial"], points=points).sd
        for points in (1, 9, 31)
    }
    assert sd[1] < sd[9] - 0.1, "Laplace is too small"
    assert sd[9] == pytest.approx(sd[31], rel=0.01)


def test_no_variance_between_clusters_is_told_and_leaves_the_plain_model() -> None:
    clusters, arm = np.repeat(np.arange(8), 10), np.repeat([0.0, 1.0], 40)
    y = np.tile([1.0, 0.0, 0.0, 1.0, 0.0], 16)
    y[40:44] = 1.0
    y[4:8] = [1.0, 0.0, 0.0, 0.0]
    x = np.column_stack([np.ones(80), arm])
    fit = fit_glmm(x, y, clusters, FAMILIES["binomial"])
    assert fit.sd == 0.0
    # Worked by hand: the log odds ratio of a two by two table.
    a, b = y[40:].sum(), y[:40].sum()
    assert fit.coefficients[1] == pytest.approx(np.log(a * (40 - b) / ((40 - a) * b)), rel=1e-6)
    se = np.sqrt(1 / a + 1 / (40 - a) + 1 / b + 1 / (40 - b))
    assert np.sqrt(fit.covariance[1, 1]) == pytest.approx(se, rel=1e-6)


def test_standardised_risks_of_a_saturated_model_are_the_observed_ones() -> None:
    beta = np.array([np.log(0.2 / 0.8), np.log(0.5 / 0.5) - np.log(0.2 / 0.8)])
    cov = np.diag([0.02, 0.03])
    x1, x0 = np.ones((5, 2)), np.column_stack([np.ones(5), np.zeros(5)])
    found = standardised(beta, cov, x1, x0, FAMILIES["binomial"], np.inf)
    assert found["difference"]["estimate"] == pytest.approx(0.3)
    assert found["ratio"]["estimate"] == pytest.approx(2.5)
    assert found["odds_ratio"]["estimate"] == pytest.approx(4.0)
    # By hand: d/db of .5 - .2 is (.25 - .16, .25).
    se = np.sqrt(0.09**2 * 0.02 + 0.25**2 * 0.03)
    assert found["difference"]["se"] == pytest.approx(se)
    assert found["difference"]["high"] == pytest.approx(0.3 + 1.959964 * se, rel=1e-6)


def table(**changes: Any) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"team": np.repeat(np.arange(10), 12), "arm": np.repeat([0, 1], 60)})
    frame["y"] = (rng.random(120) < 0.4).astype(int)
    frame["months"] = 12.0
    return frame.assign(**changes)


def test_a_zero_cell_is_told_and_no_infinite_odds_ratio_is_printed() -> None:
    frame = table()
    frame.loc[frame["arm"] == 1, "y"] = 0
    found = analyse_generalised(frame, "y ~ arm + (1|team)", "arm", "binomial")
    assert found["marginal"] is found["mixed"] is None
    assert any("everybody in the upper arm has the outcome 0" in one for one in found["notes"])


@pytest.mark.parametrize(
    ("frame", "model", "family", "problem"),
    [
        (table(y=np.arange(120)), "y ~ arm + (1|team)", "binomial", "needs 0 and 1"),
        (table(y=0.5), "y ~ arm + (1|team)", "poisson", "outcome 'y'"),
        (table(), "y ~ arm + (1|team)", "gamma", "unknown family 'gamma'"),
        (table(), "y ~ arm + (1|team)", "negative binomial", "'poisson' gives a marginal"),
        (table(), "y ~ (1|team) + (1|months)", "binomial", "at least 2 levels|one nested"),
        (table(), "y ~ arm + (1|team) + (1|team:arm)", "binomial", "every team has one team:arm"),
        (table(months=0), "y ~ arm + offset(log(months)) + (1|team)", "poisson", "not finite"),
        (table(), "y ~ arm + offset(months) + (1|team)", "poisson", "offset\\(log\\(COLUMN\\)\\)"),
    ],
)
def test_what_the_models_do_not_have_is_refused(
    frame: pd.DataFrame, model: str, family: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        analyse_generalised(frame, model, "arm", family)


def test_points_of_a_model_that_is_not_fitted_are_refused() -> None:
    frame = table(period=np.tile(np.arange(3), 40))
    model = "y ~ arm + factor(period) + decay(period|team)"
    assert analyse_generalised(frame, model, "arm", "binomial")["mixed"] is None
    with pytest.raises(InputError, match=r"not fitted with decay\(\)"):
        analyse_generalised(frame, model, "arm", "binomial", points=9)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"quadrature": 5}, "quadrature: has no meaning without family"),
        ({"independent": True}, "independent: has no meaning without family"),
        ({"family": "binomial", "strata": "site"}, "strata: has no meaning with family"),
        ({"family": "binomial", "weights": "months"}, "weights: has no meaning with family"),
        ({"design": "trial.toml", "impute": 5}, "impute: has no meaning with design"),
        ({"design": "trial.toml", "family": "poisson"}, "family: has no meaning with design"),
    ],
)
def test_no_option_of_another_analysis_is_ignored_from_python(
    options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        sim.analyse(table(), "y ~ arm + (1|team)", "arm", **options)


def test_a_linear_model_of_a_binary_outcome_offers_the_right_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["analyse", str(BINARY), "--model", "y ~ arm + (1|team)", "--term", "arm"]
    assert main(given) == 0
    assert "--family binomial gives odds and risk ratios" in capsys.readouterr().out
    assert main([*given, "--family", "binomial", "--quadrature", "1"]) == 0
    out = capsys.readouterr().out
    assert "Kauermann-Carroll, the one to read" in out
    assert "risk with arm 1" in out
    assert main([*given, "--quadrature", "1"]) == 2
    assert "has a meaning only with --family" in capsys.readouterr().err
