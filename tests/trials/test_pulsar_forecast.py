"""The PULSAR prediction of four made-up trials: estimates, quantiles, orders and words."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.studies.pulsar import (
    Coverage,
)
from sim.trials.studies.pulsar_forecast import (
    FORECASTS,
    MECHANISM,
    REFOCUS,
    REFOCUS_EFFECT_SD,
    REFOCUS_ERROR_SD,
    ZERO,
    forecasts,
    mirrored,
    orderings,
    precisions,
    predicted_estimates,
    significant,
    typical_sd,
)
from sim.trials.studies.pulsar_outcome import coverage_text, pulsar_outcome, pulsar_text


def trials() -> pd.DataFrame:
    """Four trials, with ties."""
    table = {
        "true_overall": [1.0, 2.0, 3.0, 6.0],
        "overall": [2.0, 2.0, 2.0, 10.0],
        "true_year_one": [0.0, 1.0, 2.0, 3.0],
        "year_one": [1.0, 1.0, 0.0, 5.0],
        "true_year_two": [0.0, 2.0, 2.0, 4.0],
        "true_second_step": [1.0, 2.0, 1.0, 3.0],
        "sd": [3.0, 4.0, 5.0, 5.0],
        "overall_p": [0.05, 0.049, 0.5, 0.01],
        "singular": [1.0, 0.0, 0.0, 0.0],
        "step_one_change": [1.0, 2.0, 3.0, 4.0],
        "step_two_change": [1.0, 1.0, 4.0, 5.0],
        "step_one_change_two": [0.0, 1.0, 2.0, 3.0],
        "step_two_change_two": [1.0, 0.0, 1.0, 3.0],
        "overall_se": [1.0, 2.0, 3.0, np.nan],
    }
    for name in ("year_one_se", "overall_se_by_period", "icc", "interviews"):
        table[name] = [1.0, 2.0, 3.0, 4.0]
    return pd.DataFrame(table)


def test_every_trial_gives_four_estimates_whose_mean_is_its_true_effect() -> None:
    table, unit = trials(), sqrt(75 / 4)
    assert typical_sd(table) == pytest.approx(unit)
    found = predicted_estimates(table, 0.3, seed=2)
    assert {name for _, name in found} == set(FORECASTS)
    for estimand, column in (("overall", "overall"), ("year one", "year_one")):
        truth = table[f"true_{column}"].to_numpy()
        noise = table[column].to_numpy() - truth
        for name, mean in ((MECHANISM, truth), (ZERO, 0.0), (REFOCUS, unit * REFOCUS_EFFECT_SD)):
            estimate, true = (one.reshape(4, 4) for one in found[estimand, name])
            assert estimate.mean(axis=0) == pytest.approx(mean * np.ones(4))
            assert true.mean(axis=0) == pytest.approx(mean * np.ones(4))
            assert estimate - true == pytest.approx(np.outer([1, -1, 1, -1], noise))
    # Transport is one draw of a trial with both signs; the error of the other trial is another.
    added = found["overall", ZERO][1].reshape(4, 4)
    assert added == pytest.approx(np.outer([1, 1, -1, -1], added[0]))
    error = (found["overall", REFOCUS][1] - unit * REFOCUS_EFFECT_SD).reshape(4, 4) - added
    assert error == pytest.approx(np.outer([1, -1, -1, 1], error[0]))
    assert np.corrcoef(error[0], added[0])[0, 1] < 0.999
    many = pd.concat([table] * 1000)
    drawn = predicted_estimates(many, 0.3)
    assert drawn["overall", ZERO][1].std() == pytest.approx(0.3 * unit, rel=0.05)
    both = drawn["overall", REFOCUS][1].std()
    assert both == pytest.approx(unit * sqrt(0.09 + REFOCUS_ERROR_SD**2), rel=0.05)
    assert mirrored(np.array([1.0, 2.0]), (1, -1)).tolist() == [1.0, 2.0, -1.0, -2.0]


def test_the_other_trial_is_that_of_refocus() -> None:
    """Its published difference .68 and standard error 1.22, in its pooled SD of 10.15."""
    assert pytest.approx((0.68 / 10.15, 1.22 / 10.15)) == (REFOCUS_EFFECT_SD, REFOCUS_ERROR_SD)


def test_forecasts_are_quantiles_of_the_estimates() -> None:
    table = trials()
    estimate, true = predicted_estimates(table, 0.2, seed=5)["overall", MECHANISM]
    by = {(one.estimand, one.forecast, one.unit): one for one in forecasts(table, 0.2, seed=5)}
    assert len(by) == 12
    got = by["overall", MECHANISM, "points"]
    assert got.mean == pytest.approx(3.0)
    # True effects 1, 2, 3, 6 have an SD of root 14/3.
    assert got.mean_monte_carlo_se == pytest.approx(sqrt(14 / 3) / 2)
    assert got.sd == pytest.approx(estimate.std(ddof=1))
    shown = (got.low95, got.low90, got.median, got.high90, got.high95)
    assert shown == pytest.approx(np.quantile(estimate, (0.025, 0.05, 0.5, 0.95, 0.975)))
    of_truth = (got.true_low90, got.true_median, got.true_high90)
    assert of_truth == pytest.approx(np.quantile(true, (0.05, 0.5, 0.95)))
    unit, scaled = typical_sd(table), by["overall", MECHANISM, "SD"]
    for name in ("mean", "mean_monte_carlo_se", "sd", "low95", "high90", "true_low90"):
        assert getattr(scaled, name) * unit == pytest.approx(getattr(got, name))
    assert by["overall", ZERO, "SD"].mean_monte_carlo_se == pytest.approx(0.0, abs=1e-12)
    for edge in (0.0, 5.0):
        assert len(forecasts(table[:2], edge)) == 12
    for wrong in (-0.01, 5.01):
        with pytest.raises(InputError, match="must be from 0 to 5 SD"):
            forecasts(table, wrong)
    with pytest.raises(InputError, match="at least 2"):
        forecasts(table[:1], 0.1)


def test_orders_and_precisions_of_four_trials() -> None:
    """Equal steps are in no order."""
    shares = [one.probability.value for one in orderings(trials())]
    assert shares == [0.25, 0.5, 0.5, 0.5, 0.5, 0.75]
    assert {one.probability.trials for one in orderings(trials())} == {4}
    found = {one.name: one for one in precisions(trials())}
    assert len(found) == 13
    one = found["people interviewed"]
    assert (one.low, one.median, one.high) == pytest.approx((1.15, 2.5, 3.85))
    known = found["SE of the overall effect, cluster effects"]
    assert (known.low, known.median, known.high) == pytest.approx((1.1, 2.0, 2.9))
    assert significant(trials()).value == 0.5
    assert significant(trials(), 0.0501).value == 0.75


def test_the_prediction_as_a_whole() -> None:
    coverage = Coverage(-1.234, 0.651, 0.0124)
    found = pulsar_outcome(trials(), 0.1, 3, coverage, "noise", {})
    assert found.singular.value == 0.25
    assert found.singular.trials == 4
    assert found.trials == 4
    assert list(found.sensitivity) == [0.0, 0.05, 0.2]
    for sd, rows in found.sensitivity.items():
        wanted = [
            one
            for one in forecasts(trials(), sd, 3)
            if one.forecast == MECHANISM and one.unit == "points"
        ]
        assert rows == wanted
    assert (found.shift, found.coverage_before, found.coverage_before_se) == coverage
    assert coverage_text(found) == "65%, MC SE 1.2 over pilot runs,"
    text = pulsar_text(found)
    assert "lowered by 1.23 log odds" in text
    line = next(one for one in text.splitlines() if one.startswith("  people interviewed"))
    assert line.split()[-4:] == ["2", "1", "to", "4"]
    change = next(one for one in text.splitlines() if "(points)" in one and "to" in one)
    assert all(len(one.split(".")[1]) == 2 for one in change.split() if "." in one)
    assert text.index("points of QPR-22 (SD 4.3)") < text.index("SD units  ")
    icc = next(one for one in text.splitlines() if one.startswith("  ICC of QPR-22"))
    assert icc.split()[-4:] == ["2.500", "1.150", "to", "3.850"]
    effect = next(one for one in text.splitlines() if one.startswith("  overall: mechanism"))
    points = next(one for one in found.forecasts if one.estimand == "overall")
    assert effect.split()[2:5] == [
        f"{points.mean:.2f}",
        f"{points.mean_monte_carlo_se:.3f}",
        f"{points.sd:.2f}",
    ]
    in_sd = [one for one in text.splitlines() if one.startswith("  overall: mechanism")][1]
    assert len(in_sd.split()[2].split(".")[1]) == 3
