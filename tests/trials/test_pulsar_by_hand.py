"""The PULSAR prediction's parts, worked by hand on a few people and a few trials."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.parameters import registry
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.studies.pulsar import (
    WEEKS,
    Coverage,
    cluster_steps,
    coverage_shift,
    interviewed,
    pulsar_design,
    pulsar_roster,
    sample_sizes,
    settled_draws,
)
from sim.trials.studies.pulsar_analysis import (
    pulsar_columns,
    pulsar_figures,
    se_by_period,
    treated_at,
    true_effects,
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

DESIGN = pulsar_design()


def test_clusters_in_their_organisations() -> None:
    assert cluster_steps(DESIGN).tolist() == [1, 2] * 7
    sizes = sample_sizes(DESIGN)
    assert sizes[:, 0].tolist() == [22] * 7 + [21] * 7
    assert sizes[:, 1].tolist() == [24] * 12 + [23] * 2
    assert sizes[:, 2].tolist() == [22] * 13 + [21]
    rows = pulsar_roster(DESIGN, 120).rows
    assert [row.team for row in rows[:2]] == ["cluster-01", "cluster-02"]
    assert rows[-1].team == "cluster-14"
    numbers = [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 1, 1]
    assert [row.trust for row in rows] == [f"organisation-{one}" for one in numbers]
    one = rows[1]
    assert (one.staff, one.coordinators, one.caseload, one.sampled) == (27, 12, 300, 120)
    assert one.start_week == 52
    assert pulsar_roster(DESIGN, 400).rows[0].caseload == 400


def test_draws_are_taken_in_turn_within_bounds() -> None:
    low, high = registry()["attendance_base"].bounds
    usual = registry()["attendance_base"].default
    given = [{"attendance_base": 0.3, "x": 1.0}, {}]
    settled = settled_draws(given, 5, 1, DESIGN, 0.2)
    assert [one["attendance_base"] for one in settled[:3]] == pytest.approx([0.5, usual + 0.2, 0.5])
    assert [one.get("x") for one in settled] == [1.0, None, 1.0, None, 1.0]
    assert settled_draws([{}], 1, 1, DESIGN, 99.0)[0]["attendance_base"] == high
    assert settled_draws([{}], 1, 1, DESIGN, -99.0)[0]["attendance_base"] == low
    assert settled[0]["turnover_yearly"] != settled[1]["turnover_yearly"]
    other = settled_draws(given, 5, 2, DESIGN, 0.2)
    assert other[0]["turnover_yearly"] != settled[0]["turnover_yearly"]


def test_who_is_interviewed() -> None:
    """Two places a sample: the first serves the first, the next two the second; by place."""
    kinds = [(name, "i4") for name in ("week", "team", "place", "in_service")]
    rows = np.array(
        [
            (0, 0, 1, 1),
            (0, 0, 0, 1),
            (0, 0, 2, 1),
            (0, 1, 0, 0),
            (0, 1, 1, 1),
            (52, 0, 1, 1),
            (52, 0, 3, 1),
            (52, 0, 2, 1),
            (52, 1, 2, 1),
            (104, 0, 4, 1),
            (104, 1, 5, 1),
            (104, 1, 4, 0),
            (104, 1, 6, 1),
        ],
        kinds,
    )
    sizes = np.array([[1, 2, 0], [1, 0, 2]])
    assert interviewed(rows, sizes, 2).tolist() == [1, 4, 6, 7, 10]


def people() -> tuple[np.ndarray, ...]:
    """Six clusters of unequal samples at three times."""
    rng = np.random.default_rng(6)
    step = np.array([1, 2, 1, 2, 1, 2])
    team = rng.integers(0, 6, 150)
    period = rng.integers(0, 3, 150)
    y = 50 + 3 * rng.normal(size=6)[team] + 2 * period + 4 * rng.normal(size=150)
    return y, team, period, step


def test_who_is_treated_when() -> None:
    step, period = np.array([1, 1, 1, 2, 2, 2]), np.array([0, 1, 2, 0, 1, 2])
    assert treated_at(step, period).tolist() == [0, 1, 1, 0, 0, 1]
    columns = pulsar_columns(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]), np.array([1, 2]))
    assert columns.tolist() == [[1, 0, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1]]


def test_figures_of_a_trial() -> None:
    y, team, period, step = people()
    got = pulsar_figures(y, team, period, step)

    def mean(one: int, time: int) -> float:
        return float(y[(step[team] == one) & (period == time)].mean())

    for name, one, time in (
        ("step_one_change", 1, 1),
        ("step_two_change", 2, 1),
        ("step_one_change_two", 1, 2),
        ("step_two_change_two", 2, 2),
    ):
        assert getattr(got, name) == pytest.approx(mean(one, time) - mean(one, 0))
    assert got.sd == pytest.approx(y[period == 0].std(ddof=1))
    X = pulsar_columns(team, period, step)
    fit = fit_mixed_model(X, y, [RandomEffect("cluster", team)])
    between, within = fit.variances["cluster"], fit.variances["residual"]
    assert got.overall == pytest.approx(fit.coefficients[1])
    assert got.overall_df == pytest.approx(fit.inference[1].kenward_roger_df, rel=1e-4)
    assert got.icc == pytest.approx(between / (between + within), rel=1e-5)
    assert got.variance_ratio == pytest.approx(between / within, rel=1e-5)
    assert got.singular == 0.0
    assert got.interviews == 150.0
    early = period <= 1
    year = fit_mixed_model(
        pulsar_columns(team[early], period[early], step), y[early], [RandomEffect("c", team[early])]
    )
    assert got.year_one == pytest.approx(year.coefficients[1])
    cells = RandomEffect("cell", np.unique(3 * team + period, return_inverse=True)[1])
    both = fit_mixed_model(X, y, [RandomEffect("cluster", team), cells])
    assert got.overall_se_by_period == pytest.approx(both.inference[1].kenward_roger_se)
    # One person a cell: nothing tells the cells' variance.
    alone = np.arange(18)
    assert np.isnan(se_by_period(y[:18], X[:18], alone // 3, alone % 3))


def test_true_effects_have_the_weights_of_the_analysis() -> None:
    y, team, period, step = people()
    for ratio in (0.0, 0.4):
        found = true_effects(y, team, period, step, ratio)
        X = pulsar_columns(team, period, step)
        V = np.eye(150) + ratio * (team[:, None] == team)
        inverse = np.linalg.inv(V)
        wanted = np.linalg.solve(X.T @ inverse @ X, X.T @ inverse @ y)[1]
        assert found.true_overall == pytest.approx(wanted)
    for name, one, time in (
        ("true_year_one", 1, 1),
        ("true_year_two", 1, 2),
        ("true_second_step", 2, 2),
    ):
        rows = (step[team] == one) & (period == time)
        assert getattr(found, name) == pytest.approx(y[rows].mean())


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
    coverage = Coverage(-1.234, 0.651, 0.0123)
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


class Pilot:
    """Pilot runs in which a fifth fewer of the staff are reached with each step of the shift."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def build_request(self, _scenarios: Any, _roster: Any, **how: Any) -> dict[str, Any]:
        self.asked.append(how)
        return how

    def simulate(self, request: dict[str, Any], **_: Any) -> Any:
        draw, team, week = np.meshgrid(
            np.arange(len(request["draws"])), np.arange(14), [0, 52], indexing="ij"
        )
        kinds = [("draw", "i8"), ("team", "i8"), ("week", "i8"), ("adoption", "f8")]
        rows = np.zeros(draw.size, kinds)
        rows["draw"], rows["team"], rows["week"] = draw.ravel(), team.ravel(), week.ravel()
        reached = 0.95 - 0.2 * len(self.asked) + 0.05 * rows["draw"]
        rows["adoption"] = np.where((rows["team"] % 2 == 0) & (rows["week"] == 52), reached, 0.0)
        return SimpleNamespace(arrays={"team_weeks": rows})


@pytest.fixture
def pilot(monkeypatch: pytest.MonkeyPatch) -> Pilot:
    made = Pilot()
    monkeypatch.setattr("sim.runs.request.build_request", made.build_request)
    monkeypatch.setattr("sim.runs.simulate.simulate", made.simulate)
    return made


def test_attendance_is_lowered_to_the_designs_coverage(pilot: Pilot) -> None:
    """Of 3 draws .8, .6, .4 and .2 are reached: half at a shift of one and a half."""
    found = coverage_shift([{"attendance_base": 1.0}] * 3, 1, DESIGN)
    assert found.shift == pytest.approx(-1.5)
    assert found.before == pytest.approx(0.8)
    assert found.before_se == pytest.approx(0.05 / sqrt(3))
    shifts = [one["draws"][0]["attendance_base"] - 1.0 for one in pilot.asked]
    assert shifts == pytest.approx([0.0, -1.0, -2.0, -3.0])
    assert {(one["weeks"], one["replications"], one["seed"]) for one in pilot.asked} == {(52, 1, 1)}
    assert WEEKS == (0, 52, 104), "before, and a year and two years later"


def test_sixty_draws_at_most_are_piloted_spread_evenly(pilot: Pilot) -> None:
    coverage_shift([{"number": float(one)} for one in range(120)], 1, DESIGN)
    assert [one["number"] for one in pilot.asked[0]["draws"]] == list(range(1, 120, 2))
    pilot.asked.clear()
    assert np.isnan(coverage_shift([{}], 1, DESIGN).before_se)
