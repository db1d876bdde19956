"""The PULSAR prediction: its design, its analysis by independent code, its forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.report.pulsar_document import pulsar_document
from sim.trials.analyses.analyse import analyse_table
from sim.trials.designs.correlation import from_correlations
from sim.trials.power.gls_power import gls_standard_error
from sim.trials.studies.pulsar import (
    Coverage,
    cluster_steps,
    coverage_shift,
    design_facts,
    interviewed,
    pulsar_design,
    pulsar_roster,
    sample_sizes,
    settled_draws,
    simulate_pulsar,
)
from sim.trials.studies.pulsar_analysis import STEP_ONE, STEP_TWO, pulsar_figures, true_effects
from sim.trials.studies.pulsar_forecast import (
    MECHANISM,
    REFOCUS,
    REFOCUS_EFFECT_SD,
    REFOCUS_ERROR_SD,
    ZERO,
    forecasts,
    orderings,
    predicted_estimates,
    typical_sd,
)
from sim.trials.studies.pulsar_outcome import pulsar_outcome, pulsar_text

DESIGN = pulsar_design()
STEP = cluster_steps(DESIGN)


def test_the_design_is_the_published_one() -> None:
    assert (STEP == STEP_ONE).sum() == (STEP == STEP_TWO).sum() == 7
    sizes = sample_sizes(DESIGN)
    assert sizes.sum(axis=0).tolist() == [301, 334, 307]
    assert np.ptp(sizes, axis=0).max() <= 1
    rows = pulsar_roster(DESIGN, 9).rows
    assert [row.start_week for row in rows] == [0, 52] * 7
    per_organisation = pd.Series([row.trust for row in rows]).value_counts()
    assert len(per_organisation) == 3
    assert per_organisation.min() >= 4
    for organisation in per_organisation.index:
        starts = [row.start_week for row in rows if row.trust == organisation]
        assert starts.count(0) == starts.count(52), "every organisation holds both steps"


def test_planning_figures_of_the_protocol_follow_from_the_formula() -> None:
    """18 a cluster and time, ICC .05, SD 16: detectable 6.34 at 80% power, as printed."""
    schedule = np.array([[0.0, 1, 1], [0, 0, 1]]).repeat(7, axis=0)
    components = from_correlations(DESIGN.planning_sd**2, 0.05)
    se = gls_standard_error(schedule, 18.0, components)
    assert (1.959964 + 0.841621) * se == pytest.approx(6.34, abs=0.01)


def test_no_number_of_the_outcome_stands_among_the_facts() -> None:
    facts = design_facts()
    assert {one["grade"] for one in facts.values()} == {"trial", "inferred", "assumption"}
    for name, one in facts.items():
        assert {"value", "unit", "grade", "source"} == set(one), name
        assert not any(word in name for word in ("effect", "outcome", "estimate", "difference"))


def trial(seed: int, effect: float = 0.0) -> tuple[np.ndarray, ...]:
    """Return outcome, cluster, time: 14 clusters of 20 at three times."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(14), 60)
    period = np.tile(np.repeat(np.arange(3), 20), 14)
    treated = period >= STEP[team]
    y = 50 + 2 * period + 3 * rng.normal(size=14)[team] + 14 * rng.normal(size=840)
    return y + effect * treated, team, period


def test_analysis_is_that_of_the_table() -> None:
    y, team, period = trial(1, effect=4.0)
    got = pulsar_figures(y, team, period, STEP)
    table = pd.DataFrame({"y": y, "cluster": team, "period": period})
    table["trt"] = (period >= STEP[team]) * 1
    want = analyse_table(table, "y ~ trt + factor(period) + (1|cluster)", "trt")
    assert got.overall == pytest.approx(want["estimate"], rel=1e-8)
    assert got.overall_se == pytest.approx(want["kenward_roger"]["se"], rel=1e-8)
    assert got.overall_p == pytest.approx(want["kenward_roger"]["p"], rel=1e-6)
    both = analyse_table(table, "y ~ trt + factor(period) + (1|cluster) + (1|clper)", "trt")
    assert got.overall_se_by_period == pytest.approx(both["kenward_roger"]["se"], rel=1e-6)
    early = analyse_table(
        table[table["period"] < 2], "y ~ trt + factor(period) + (1|cluster)", "trt"
    )
    assert got.year_one == pytest.approx(early["estimate"], rel=1e-8)
    assert got.year_one_se == pytest.approx(early["kenward_roger"]["se"], rel=1e-8)
    means = table.assign(step=STEP[team]).groupby(["step", "period"])["y"].mean()
    assert got.step_two_change_two == pytest.approx(means[2, 2] - means[2, 0])
    assert got.interviews == 840


def test_true_effects_explain_the_estimate_but_for_noise() -> None:
    """A known effect added to outcomes moves the estimate by exactly what the twin says."""
    y, team, period = trial(2)
    before = pulsar_figures(y, team, period, STEP)
    treated = period >= STEP[team]
    exposure = np.maximum(period - STEP[team] + 1, 0)
    added = treated * (1.0 + 0.7 * exposure)
    truth = true_effects(added, team, period, STEP, before.variance_ratio)
    assert truth.true_year_one == pytest.approx(1.7)
    assert truth.true_year_two == pytest.approx(2.4)
    assert truth.true_second_step == pytest.approx(1.7)
    moved = pulsar_figures(y + added, team, period, STEP)
    assert moved.overall - before.overall == pytest.approx(truth.true_overall, abs=0.05)
    assert truth.true_overall < 1.7, "an effect that grows is misread as a smaller one"
    flat = true_effects(2.0 * treated, team, period, STEP, 0.1)
    assert flat.true_overall == pytest.approx(2.0)


def test_interviewed_people_are_in_service_and_asked_once() -> None:
    rng = np.random.default_rng(0)
    places = 5
    rows = np.zeros(
        3 * 2 * 15, [("week", "i4"), ("team", "i4"), ("place", "i4"), ("in_service", "i4")]
    )
    rows["week"] = np.repeat([0, 52, 104], 30)
    rows["team"] = np.tile(np.repeat([0, 1], 15), 3)
    rows["place"] = np.tile(np.arange(15), 6)
    rows["in_service"] = rng.random(len(rows)) < 0.8
    sizes = np.array([[2, 3, 2], [3, 2, 9]])
    chosen = rows[interviewed(rows, sizes, places)]
    assert (chosen["in_service"] == 1).all()
    asked = list(zip(chosen["team"], chosen["place"], strict=True))
    assert len(set(asked)) == len(asked)
    counts = pd.DataFrame(chosen).groupby(["team", "week"]).size()
    assert counts[0, 0] == 2
    assert counts[0, 52] == 3
    assert counts[1, 104] <= 5, "no more than there are"


def test_turnover_and_attendance_of_the_draws() -> None:
    drawn = settled_draws([{"attendance_base": 0.5}], 200, 1, DESIGN, -1.0)
    turnover = np.array([one["turnover_yearly"] for one in drawn])
    assert 0.27 <= turnover.min() < 0.29
    assert 0.45 < turnover.max() <= 0.47
    assert {one["attendance_base"] for one in drawn} == {-0.5}
    low = settled_draws([{"attendance_base": 0.5}], 1, 1, DESIGN, -9.0)
    assert low[0]["attendance_base"] == -2.0, "within its bounds"


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    return simulate_pulsar([{}], 6, seed=2)


def test_equal_seeds_give_equal_trials(trials: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(trials, simulate_pulsar([{}], 6, seed=2))
    assert trials["overall"].nunique() == 6
    assert (trials["interviews"] >= 900).all()


def test_without_a_mechanism_the_true_effect_is_zero() -> None:
    roads = ("theory_strength", "expectations_to_empowerment", "partnership_to_connectedness")
    nothing = simulate_pulsar([dict.fromkeys(roads, 0.0)], 3, seed=2)
    # What is left are answers that follow the relationship itself; it is far smaller.
    some = simulate_pulsar([{}], 3, seed=2)
    assert abs(nothing["true_year_one"].mean()) < 0.3 * some["true_year_one"].mean()


def test_coverage_is_brought_to_the_design() -> None:
    found = coverage_shift([{}, {}, {}], 1, DESIGN)
    assert -3.0 <= found.shift <= 0.0
    assert found.before > DESIGN.coverage
    # Three pilot runs of the same values differ by chance alone.
    assert 0.0 < found.before_se < 0.1


def made_up(seed: int, count: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = np.abs(rng.normal(0.3, 0.2, count))
    columns = {
        "true_overall": truth,
        "true_year_one": truth,
        "true_year_two": 2 * truth,
        "true_second_step": truth,
        "overall": truth + rng.normal(0, 1.8, count),
        "year_one": truth + rng.normal(0, 2.0, count),
        "sd": np.full(count, 15.0),
        "overall_p": rng.random(count),
        "singular": (rng.random(count) < 0.1) * 1.0,
    }
    for name in ("overall_se", "overall_se_by_period", "year_one_se", "icc", "interviews"):
        columns[name] = np.full(count, 1.8)
    for name in ("step_one_change", "step_two_change"):
        columns[name] = rng.normal(0, 2, count)
        columns[f"{name}_two"] = rng.normal(1, 2, count)
    return pd.DataFrame(columns)


def test_forecasts_have_the_variance_of_their_parts() -> None:
    table = made_up(1)
    assert typical_sd(table) == 15.0
    found = {
        (one.estimand, one.forecast): one
        for one in forecasts(table, 0.1, seed=1)
        if one.unit == "points"
    }
    for estimand, noise in (("overall", 1.8), ("year one", 2.0)):
        zero, model, carried = (found[estimand, x] for x in (ZERO, MECHANISM, REFOCUS))
        shared = noise**2 + 1.5**2
        assert zero.mean == pytest.approx(0.0, abs=1e-9)
        assert zero.sd == pytest.approx(np.sqrt(shared), rel=0.04)
        assert model.mean == pytest.approx(table["true_overall"].mean())
        assert carried.mean == pytest.approx(15 * REFOCUS_EFFECT_SD)
        spread = np.sqrt(shared + (15 * REFOCUS_ERROR_SD) ** 2)
        assert carried.sd == pytest.approx(spread, rel=0.04)
        assert zero.low95 < zero.low90 < zero.median < zero.high90 < zero.high95
        assert zero.high90 == pytest.approx(1.645 * zero.sd, rel=0.06)


def test_units_are_a_matter_of_scale_and_transport_widens() -> None:
    table = made_up(2)
    found = forecasts(table, 0.1)
    by = {(one.estimand, one.forecast, one.unit): one for one in found}
    for (estimand, name, unit), one in by.items():
        if unit == "SD":
            points = by[estimand, name, "points"]
            assert one.low90 * 15.0 == pytest.approx(points.low90)
            assert one.mean * 15.0 == pytest.approx(points.mean)
    widths = [forecasts(table, one)[0] for one in (0.0, 0.1, 0.3)]
    assert widths[0].sd < widths[1].sd < widths[2].sd
    none = predicted_estimates(table, 0.0)["overall", ZERO][1]
    assert (none == 0.0).all()


def test_orderings_are_shares_with_their_errors() -> None:
    got = {one.statement: one.probability for one in orderings(made_up(3))}
    sure = next(p for text, p in got.items() if "over two years than over one" in text)
    assert sure.value == 1.0
    even = next(p for text, p in got.items() if "by the end of year 1" in text)
    assert even.value == pytest.approx(0.5, abs=0.05)
    assert even.monte_carlo_se == pytest.approx(0.5 / np.sqrt(2000), rel=0.02)


def test_text_and_page_say_what_they_must() -> None:
    outcome = pulsar_outcome(
        made_up(4), 0.1, 1, Coverage(-1.5, 0.65, 0.012), "noise and parameters", {}
    )
    text = pulsar_text(outcome)
    page = pulsar_document(outcome, "2026-11-23", "0.1.0", "refocus trial pulsar")
    for shown in (text, page):
        assert "not used in fitting" in shown
        assert "blind" not in shown.lower()
        assert "MC SE" in shown
        assert "65%, MC SE 1.2 over pilot runs" in shown
        assert "noise and parameters" in shown
        for name in (MECHANISM, ZERO, REFOCUS):
            assert name in shown
    assert "**2026-11-23**" in page
    for name in design_facts():
        assert name.replace("_", " ") in page
    assert "can hardly tell them apart" in page
    far = made_up(4)
    far[["true_overall", "overall"]] += 10.0
    apart = pulsar_outcome(far, 0.1, 1, Coverage(-1.5, 0.65, 0.012), "noise", {})
    assert "may tell them apart" in pulsar_document(apart, "2026-11-23", "0", "x")


def test_what_cannot_be_predicted() -> None:
    with pytest.raises(InputError, match="at least one set"):
        simulate_pulsar([], 5)
    with pytest.raises(InputError, match="trials = 0"):
        simulate_pulsar([{}], 0)
    with pytest.raises(InputError, match="transport = 9"):
        forecasts(made_up(1), 9.0)
    with pytest.raises(InputError, match="at least 2"):
        forecasts(made_up(1, 1), 0.1)
