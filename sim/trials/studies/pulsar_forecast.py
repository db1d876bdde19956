"""Forecasts of the PULSAR trial: from the mechanism, and two that need none.

A forecast is a distribution of the estimate that the trial would report. All three share the
sampling noise of the simulated trials and the transport variance; they differ in what they take the
true effect to be: the model's, zero, or the effect of the REFOCUS trial in SD units with its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError
from sim.trials.power.simulated_power import Rate, rate
from sim.trials.studies.published import published

if TYPE_CHECKING:
    import pandas as pd

# The REFOCUS trial's effect and its standard error, in SDs of the QPR-15.
REFOCUS_EFFECT_SD = published("difference") / published("pooled_sd")
REFOCUS_ERROR_SD = published("standard_error") / published("pooled_sd")
MECHANISM, ZERO, REFOCUS = "mechanism", "no effect", "REFOCUS effect in SD units"
FORECASTS = (MECHANISM, ZERO, REFOCUS)
ESTIMANDS = (("year one", "year_one"), ("overall", "overall"))
TRANSPORT_KEY = 1_299_709
QUANTILES = (0.025, 0.05, 0.5, 0.95, 0.975)


@dataclass(frozen=True)
class Forecast:
    """One forecast of one estimate."""

    estimand: str  # {'year one', 'overall'}
    forecast: str  # One of `FORECASTS`
    unit: str  # {'points', 'SD'}: Points of QPR-22, or standard deviations before training
    # Of the predicted estimate.
    mean: float
    mean_monte_carlo_se: float  # Monte Carlo standard error of the mean
    sd: float
    # Prediction intervals: they hold the named share of predicted estimates.
    low95: float
    low90: float
    median: float
    high90: float
    high95: float
    # The same for the true effect, without a trial's sampling noise.
    true_low90: float
    true_median: float
    true_high90: float


def predicted_estimates(
    trials: pd.DataFrame, transport_sd: float, seed: int = 1
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Return, by estimand and forecast, predicted estimates and true effects in points.

    Sampling noise, transport and the REFOCUS trial's error enter with both signs, as they are as
    likely one way as the other: every simulated trial gives four predicted estimates, whose mean is
    that of the true effect.

    `trials`: from `sim.trials.studies.pulsar.simulate_pulsar`; `transport_sd`: standard
    deviation of what transport adds to the true effect, in SD units; `seed`: of transport and
    of the REFOCUS trial's error.
    """
    if not 0.0 <= transport_sd <= 5.0:
        raise InputError(f"transport = {transport_sd}: must be from 0 to 5 SD")
    if len(trials) < 2:
        raise InputError("trials: at least 2 are needed for a forecast")
    rng = np.random.Generator(np.random.Philox(key=[seed, TRANSPORT_KEY]))
    count = len(trials)
    # One spread for all trials: the unit must not carry a single trial's noise.
    unit = typical_sd(trials)
    added = mirrored(transport_sd * unit * rng.standard_normal(count), (1, 1, -1, -1))
    error = mirrored(unit * REFOCUS_ERROR_SD * rng.standard_normal(count), (1, -1, -1, 1))
    found = {}
    for estimand, column in ESTIMANDS:
        truth = trials[f"true_{column}"].to_numpy(float)
        noise = mirrored(trials[column].to_numpy(float) - truth, (1, -1, 1, -1))
        for forecast, effect in (
            (MECHANISM, np.tile(truth, 4)),
            (ZERO, np.zeros(4 * count)),
            (REFOCUS, unit * REFOCUS_EFFECT_SD + error),
        ):
            true_effect = effect + added
            found[estimand, forecast] = (true_effect + noise, true_effect)
    return found


def mirrored(values: np.ndarray, signs: tuple[int, ...]) -> np.ndarray:
    """Return the values once for each sign."""
    return np.concatenate([sign * values for sign in signs])


def typical_sd(trials: pd.DataFrame) -> float:
    """Return the standard deviation of QPR-22 before training, root mean square over trials."""
    return sqrt(float((trials["sd"].to_numpy(float) ** 2).mean()))


def forecasts(trials: pd.DataFrame, transport_sd: float, seed: int = 1) -> list[Forecast]:
    """Return every forecast of every estimate, in points and in SD units."""
    unit = typical_sd(trials)
    rows = []
    for (estimand, name), (estimate, truth) in predicted_estimates(
        trials, transport_sd, seed
    ).items():
        for label, scale in (("points", 1.0), ("SD", unit)):
            low95, low90, median, high90, high95 = np.quantile(estimate / scale, QUANTILES)
            of_truth = np.quantile(truth / scale, (0.05, 0.5, 0.95))
            rows.append(
                Forecast(
                    estimand,
                    name,
                    label,
                    float(estimate.mean() / scale),
                    _error_of_mean(truth, len(trials)) / scale,
                    float(estimate.std(ddof=1) / scale),
                    float(low95),
                    float(low90),
                    float(median),
                    float(high90),
                    float(high95),
                    *(float(one) for one in of_truth),
                )
            )
    return rows


def _error_of_mean(true_effect: np.ndarray, count: int) -> float:
    """Return the Monte Carlo error of a mean over trials of which each gave mirrored values."""
    each = true_effect.reshape(-1, count).mean(axis=0)
    return float(each.std(ddof=1)) / sqrt(count)


@dataclass(frozen=True)
class Ordering:
    """How the steps compare."""

    statement: str
    probability: Rate  # Share of simulated trials, Monte Carlo error alone


def orderings(trials: pd.DataFrame) -> list[Ordering]:
    """Return how often the steps come out in the order that training would give them.

    In what a trial observes (its own noise included), and in the true effects.
    """
    count = len(trials)

    def share(which: pd.Series) -> Rate:
        return rate(int(which.sum()), count)

    one, two = trials["step_one_change"], trials["step_two_change"]
    late_one, late_two = trials["step_one_change_two"], trials["step_two_change_two"]
    return [
        Ordering(
            "observed: step 1 improves more than step 2 by the end of year 1", share(one > two)
        ),
        Ordering(
            "observed: step 1 improves more than step 2 by the end of year 2",
            share(late_one > late_two),
        ),
        Ordering(
            "observed: both steps are higher after year 2 than before",
            share((late_one > 0) & (late_two > 0)),
        ),
        Ordering(
            "true: step 1 gains more over two years than over one",
            share(trials["true_year_two"] > trials["true_year_one"]),
        ),
        Ordering(
            "true: step 1 is ahead of step 2 after year 2",
            share(trials["true_year_two"] > trials["true_second_step"]),
        ),
        Ordering("true: the effect at year 1 is above zero", share(trials["true_year_one"] > 0)),
    ]


@dataclass(frozen=True)
class Precision:
    """A figure of the simulated trials: median, and the interval that holds 90% of them."""

    name: str
    unit: str
    median: float
    low: float
    high: float


def precisions(trials: pd.DataFrame) -> list[Precision]:
    """Return the predicted standard errors, SD, ICC and changes."""
    wanted: Sequence[tuple[str, str, str]] = (
        ("year_one_se", "SE of the effect at year one", "points"),
        ("overall_se", "SE of the overall effect, cluster effects", "points"),
        (
            "overall_se_by_period",
            "SE of the overall effect, cluster and cluster-period effects",
            "points",
        ),
        ("sd", "SD of QPR-22 before training", "points"),
        ("icc", "ICC of QPR-22, three times together", ""),
        ("step_one_change", "change of step 1, year 1", "points"),
        ("step_two_change", "change of step 2, year 1", "points"),
        ("step_one_change_two", "change of step 1, year 2", "points"),
        ("step_two_change_two", "change of step 2, year 2", "points"),
        ("true_year_one", "true effect, step 1 at year 1", "points"),
        ("true_year_two", "true effect, step 1 at year 2", "points"),
        ("true_second_step", "true effect, step 2 at year 2", "points"),
        ("interviews", "people interviewed", "people"),
    )
    found = []
    for column, name, unit in wanted:
        values = trials[column].to_numpy(float)
        low, median, high = np.nanquantile(values, (0.05, 0.5, 0.95))
        found.append(Precision(name, unit, float(median), float(low), float(high)))
    return found


def significant(trials: pd.DataFrame, alpha: float = 0.05) -> Rate:
    """Return how often the overall effect is significant."""
    return rate(int((trials["overall_p"] < alpha).sum()), len(trials))
