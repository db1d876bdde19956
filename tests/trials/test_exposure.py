"""Effects by exposure: as R and swCRTdesign have them, and what a constant effect makes of them."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.api.analyse import analyse
from sim.cli import main
from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial, default_plan
from sim.trials.analyses.declared_analysis import analyse_by_design
from sim.trials.analyses.declared_table import declared_table
from sim.trials.analyses.exposure import (
    AVERAGE,
    ESTIMANDS,
    LONG_TERM,
    _begins,
)
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import crossover, parallel, stepped_wedge
from sim.trials.designs.design_file import changed, load_design, trial_design
from sim.trials.designs.design_text import design_text
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.power_study import statistical_source, study_of

DATA = Path(__file__).parent / "data"
MODEL = "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)"
# R 4.2.2, lmerTest 3.1.3, pbkrtest 0.5.2 on sw_continuous.csv: estimate; SE, df by Kenward-Roger;
# SE, df by Satterthwaite.
BY_R = {
    "exposure 1": (0.1875061004, 0.1632863079, 47.02400345, 0.1589025143, 47.10405818),
    "exposure 2": (0.4231198895, 0.2169657334, 53.47589231, 0.2094964959, 53.55273075),
    "exposure 3": (0.4958995446, 0.2773612091, 48.82483734, 0.2659846542, 48.92244249),
    "exposure 4": (0.6544515957, 0.3844411578, 53.45389719, 0.3690978893, 53.56729649),
    "time-averaged": (0.4402442825, 0.2288927836, 50.71962023, 0.2182315527, 50.89803154),
    "long-term": (0.6544515957, 0.3844411578, 53.45389719, 0.3690978893, 53.56729649),
    "constant": (0.1675989298, 0.1560498079, 49.67908989, 0.1521738255, 48.94854693),
}


def test_a_begin_that_is_not_seen_is_no_exposure_or_told() -> None:
    rng = np.random.default_rng(2)
    cluster, year = np.repeat(np.arange(8), 12), rng.integers(2010, 2020, 96)
    frame = pd.DataFrame({"cluster": cluster, "year": year, "y": rng.normal(size=96)})
    parallel_arms = frame.assign(trt=cluster % 2)
    assert "exposure" not in analyse_table(parallel_arms, "y ~ trt + year + (1|cluster)", "trt")
    frame["year"] = np.tile(np.repeat(np.arange(4), 3), 8)
    frame["trt"] = (frame["year"] > cluster % 3).astype(int)
    model = "y ~ trt + factor(year) + (1|cluster)"
    told = analyse_table(frame, model, "trt")["warnings"]
    assert not any("exposure is counted" in one for one in told)
    gone = (frame["cluster"] == 2) & (frame["year"] == 2)
    told = analyse_table(frame[~gone], model, "trt")["warnings"]
    assert any("exposure: 1 cluster has no rows in the period before" in one for one in told)


def test_a_begin_is_seen_after_one_period_without_treatment_and_not_after_none() -> None:
    """Begins in period 1 (control in period 0 alone), in 0 (never seen before), in 3 or before."""
    clusters = np.repeat([0, 1, 2], [3, 2, 2])
    periods = np.array([0, 1, 2, 0, 1, 0, 3])
    exposure = np.array([0, 1, 2, 1, 2, 0, 1])
    begins, late = _begins(clusters, periods, exposure)
    assert begins.tolist() == [True, False, True]
    assert late.tolist() == [False, False, True]


@pytest.fixture(scope="module")
def wedge() -> dict:  # type: ignore[type-arg]
    return analyse_table(pd.read_csv(DATA / "sw_continuous.csv"), MODEL, "trt", spline=2)


@pytest.mark.parametrize("name", BY_R)
def test_effects_by_exposure_and_their_averages_are_those_of_r(wedge: dict, name: str) -> None:  # type: ignore[type-arg]
    found = wedge["exposure"]
    of = {f"exposure {one['exposure']}": one["tests"] for one in found["by_exposure"]}
    of["time-averaged"], of["long-term"] = found["time_averaged_effect"], found["long_term_effect"]
    of["constant"] = wedge["tests"]
    estimate, se_kr, df_kr, se, df = BY_R[name]
    kenward_roger, satterthwaite = of[name]["kenward-roger"], of[name]["satterthwaite"]
    assert kenward_roger["estimate"] == pytest.approx(estimate, abs=1e-6 * se)
    assert kenward_roger["se"] == pytest.approx(se_kr, rel=1e-5)
    assert kenward_roger["df"] == pytest.approx(df_kr, rel=1e-3)
    assert satterthwaite["se"] == pytest.approx(se, rel=1e-5)
    assert satterthwaite["df"] == pytest.approx(df, rel=1e-3)


def test_joint_tests_are_those_of_pbkrtest_and_lmertest(wedge: dict) -> None:  # type: ignore[type-arg]
    found = wedge["exposure"]
    for name, df1, f, df2, p, f_s, df_s, p_s in (
        ("all_zero", 4, 1.11288475, 42.545204, 0.363026257, 1.215482226, 40.9295896, 0.3190359),
        ("all_equal", 3, 1.148023811, 42.609429, 0.340717813, 1.21591164, 42.0867436, 0.31572614),
    ):
        kenward_roger, satterthwaite = (
            found[name][one] for one in ("kenward_roger", "satterthwaite")
        )
        assert kenward_roger["df1"] == satterthwaite["df1"] == df1
        assert [kenward_roger[one] for one in ("f", "df2", "p")] == pytest.approx(
            [f, df2, p], rel=1e-5
        )
        assert [satterthwaite[one] for one in ("f", "df2", "p")] == pytest.approx(
            [f_s, df_s, p_s], rel=1e-5
        )


def test_effects_along_a_spline_are_those_of_lmertest(wedge: dict) -> None:  # type: ignore[type-arg]
    """The curve is ns(0:4, 2) in R, less its first row; Kenward-Roger's and Satterthwaite's."""
    found = wedge["exposure_spline"]
    rows = [*found["by_exposure"], found["time_averaged_effect"]]
    for at, estimate, se_kr, df_kr, se, df in (
        (0, 0.2141557657, 0.1202950667, 55.33932539, 0.1166212108, 55.25546118),
        (2, 0.5381729992, 0.2554204123, 52.5633887, 0.2439752894, 52.53992868),
        (4, 0.450057716, 0.2136123552, 52.63388791, 0.204060845, 52.60955137),
    ):
        kenward_roger, satterthwaite = rows[at]["kenward_roger"], rows[at]["satterthwaite"]
        assert kenward_roger["estimate"] == pytest.approx(estimate, abs=1e-5 * se)
        assert (kenward_roger["se"], satterthwaite["se"]) == pytest.approx((se_kr, se), rel=1e-5)
        assert (kenward_roger["df"], satterthwaite["df"]) == pytest.approx((df_kr, df), rel=1e-4)
    for name, f, df2 in (
        ("all_zero", 2.215531687, 49.992635755),
        ("on_curve", 0.09439563699, 37.35301183),
    ):
        one = found[name]["kenward_roger"]
        assert (one["f"], one["df2"]) == pytest.approx((f, df2), rel=1e-4)


def test_more_than_ten_periods_keep_their_order(tmp_path: Path) -> None:
    """As text 10 stands before 2: effects by exposure were refused, every cluster told as other."""
    file = changed(load_design("stepped-wedge-slow"), {"steps": 10, "clusters": 12, "size": 2.0})
    file = changed(file, {"exposure": [1.0], "icc": 0.3})
    design = trial_design(file)
    table = declared_table(statistical_source(file).simulate(design, 1, 0), file, design)
    table.to_csv(tmp_path / "trial.csv", index=False)
    (tmp_path / "design.toml").write_text(design_text(file), encoding="utf-8")
    found = analyse_by_design(tmp_path / "trial.csv", tmp_path / "design.toml")
    assert [one["exposure"] for one in found["exposure"]["by_exposure"]] == list(range(1, 11))
    assert found["plan"]["differences"] == []


WEDGE = stepped_wedge(4, 3, 12)
TRUTH = Assumed(0.45, sqrt(1.0 / 0.92), 0.08, 0.8)


@pytest.mark.parametrize(
    ("estimand", "se", "power"),
    [
        ("constant effect", 0.1395303271, 0.8970897741),
        (AVERAGE, 0.1956693301, 0.6330195939),
        (LONG_TERM, 0.3315887823, 0.2737552944),
    ],
)
def test_power_is_that_of_swcrtdesign(estimand: str, se: float, power: float) -> None:
    """12 clusters, 5 periods of 12, ICC .08, CAC .8, effect .45; the package's normal test."""
    plan = replace(default_plan(WEDGE), estimand=estimand)
    found = design_power(WEDGE, TRUTH, plan=plan)
    assert found.se == pytest.approx(se, rel=1e-6)
    assert found.power_z == pytest.approx(power, abs=1e-4)
    assert found.power < power, "the variances are estimated"


def test_a_constant_effect_weighs_late_exposures_below_zero() -> None:
    """Weights by exposure of the constant model, 5 periods, ICC .05 and no decay."""
    design, plan = stepped_wedge(4, 3, 20), AnalysisPlan()
    weights = []
    for level in range(4):
        shares = tuple(float(one == level) for one in range(4))
        found = design_power(design, Assumed(1e-6, 1.0, 0.05, exposure=shares), plan=plan)
        # An effect in one exposure alone averages its share of the treated cells.
        weights.append(found.share * (4 - level) / 10.0)
    assert sum(weights) == pytest.approx(1.0)
    assert weights == pytest.approx([0.90, 0.30, -0.05, -0.15], abs=0.006)


def test_slow_implementation_is_found_by_the_right_model_alone() -> None:
    file = load_design("stepped-wedge-slow")
    wrong = formula_answer(study_of(file))
    right = formula_answer(study_of(changed(file, {"analysis.estimand": LONG_TERM})))
    assert right.formula.expected == pytest.approx(4.0)
    assert right.formula.power == pytest.approx(0.56, abs=0.01)
    assert wrong.formula.expected < 0.0, "every true effect is positive"
    assert wrong.formula.power == pytest.approx(0.05, abs=0.01)


def test_simulated_trials_are_analysed_by_the_same_columns() -> None:
    source = StatisticalSource(
        40.0, 10.0, Correlations(0.05, 0.8, 0.0), effect=6.0, exposure=(0.2, 0.6, 1.0)
    )
    design = stepped_wedge(3, 3, 10)
    data = source.simulate(design, 1, 0)
    table = analyse_table(
        data.frame(),
        "outcome ~ treatment + factor(period) + (1|cluster) + (1|cluster:period)",
        "treatment",
    )
    plan = replace(default_plan(design), estimand=LONG_TERM)
    got = analyse_trial(data, design, plan)
    long_term = table["exposure"]["long_term_effect"]["kenward-roger"]
    assert (got.estimate, got.p) == pytest.approx((long_term["estimate"], long_term["p"]), rel=1e-6)


@pytest.mark.parametrize(
    ("design", "plan", "problem"),
    [
        (parallel(5, 10), {"estimand": AVERAGE}, "needs a trial analysed over its periods"),
        (crossover(4, 10, periods=3), {"estimand": AVERAGE}, "need teams that stay treated"),
        (WEDGE, {"estimand": AVERAGE, "test": "permutation"}, "tests a constant effect alone"),
        (
            WEDGE,
            {"estimand": ESTIMANDS[3], "exposure_period": 9},
            "exposure_period = 9: no team is analysed then; must be one of 1, 2, 3, 4",
        ),
    ],
)
def test_an_estimand_that_a_design_does_not_have_is_refused(design, plan, problem) -> None:  # type: ignore[no-untyped-def]
    from sim.trials.analyses.analysis_plan import check_plan_of_design

    with pytest.raises(InputError, match=problem):
        check_plan_of_design(replace(default_plan(design), **plan), design)


def test_an_exposure_period_goes_with_its_estimand() -> None:
    with pytest.raises(InputError, match="goes with estimand = 'effect at exposure'"):
        AnalysisPlan(exposure_period=2)
    with pytest.raises(InputError, match="unknown estimand 'tate'"):
        AnalysisPlan(estimand="tate")


def test_the_curve_is_a_picture_with_its_band(tmp_path: Path) -> None:
    data = Path(__file__).parent / "data" / "sw_continuous.csv"
    model = "y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)"
    drawn = analyse(data, model, "trt").curve()
    assert drawn.startswith("<svg")
    assert "</svg>" in drawn
    frame = pd.read_csv(data).dropna().assign(y=lambda one: (one["y"] > 3.2) * 1)
    ratios = analyse(frame, model, "trt", family="binomial", quadrature=1, spline=1).curve()
    assert "a straight line" in ratios
    assert "logarithm of the odds ratio" in ratios
    assert "marginal model, Mancl-DeRouen" in ratios
    given = ["analyse", str(data), "--model", "y ~ trt + (1|cluster)", "--term", "trt", "--curve"]
    assert main([*given, str(tmp_path / "curve.svg")]) == 2
    assert not list(tmp_path.iterdir())
    assert main([*given, str(tmp_path / "curve.png")]) == 2
