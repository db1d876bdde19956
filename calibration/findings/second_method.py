"""The main effect by other methods: no emulator, no synthetic likelihood, no sampler.

Draws of the priors that no trial has seen are simulated: what REFOCUS's difference and PULSAR's
overall estimate are expected to be in each, and one whole trial. Two posteriors of the effect
follow by arithmetic, as two checks of the shipped one:

* weighting: each draw counts by the normal density of both reported effects about what it expects,
  with their standard errors and the draw's own spread between trials. Exact up to the number of
  draws, but only the two effects are used;
* regression: approximate Bayesian computation. The draws whose simulated trials are nearest to
  what was reported keep their effect, moved along a linear regression on the figures to where they
  would lie had their trial reported the same (Beaumont, Zhang and Balding 2002). All estimates that
  were fitted are used.

The same simulator and the same draws of the priors stand behind all three; what is checked is how
the fit gets from simulated trials to a posterior.

Run ``python -m calibration.findings.second_method`` to simulate anew (three or four minutes).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calibration.evidence.pulsar import STANDARD_ERROR, pulsar_reference, true_overall
from calibration.evidence.targets import load_targets
from calibration.findings.leave_one_out import REFOCUS
from calibration.findings.rival_trials import PULSAR
from calibration.sampling.fit import DELIVERED_SHARE, QPR22_SD, RSA_EXTRA_ERROR
from calibration.sampling.likelihood import Data, make_data
from calibration.sampling.scenarios import effect_design, scenario_effects
from calibration.sampling.solve import QPR_SD, Twins, deviate, references, solve
from sim.engines.one_world import OneWorld
from sim.parameters import resolve, to_record
from sim.posterior import BOTH_TRIALS, PRIOR
from sim.posterior.choose import chosen_draws
from sim.spreadsheet import csv_text
from sim.trials.studies.refocus_figures import AT, PLACE
from sim.trials.studies.refocus_trial import refocus_design, simulate_trial

HOME = Path(__file__).parent / "second_method.csv"
DRAWS, SEED, COVERAGE_DRAWS = 800, 1, 24
EFFECTS = ("effect_full", "delivered")
KEPT = 0.5
"""Share of the draws, nearest first, that regression keeps."""
GROUPS, FITTED_DRAWS = 20, 1000
AGREES = 0.25
"""Distance of posterior means, in SD of the fit's, below which methods are said to agree."""


def columns() -> tuple[str, ...]:
    """Return the columns of the file: expected effects, then the figures of one simulated trial."""
    return (*EFFECTS, "pulsar", "between_trials_sd", *(f"figure_{one}" for one in fitted().figures))


def fitted() -> Data:
    """Return the estimates of both trials that were fitted; tests and P4 are left out."""
    plain = {n: one for n, one in load_targets().items() if one.kind == "estimate"}
    return make_data(plain)


def anew(draws: int = DRAWS) -> str:
    """Return the file, simulated anew."""
    chosen = chosen_draws(draws, path=PRIOR).draws
    effects, twins = effect_design(SEED), Twins(references(SEED))
    trial, pulsar = refocus_design(SEED), pulsar_reference(chosen[:COVERAGE_DRAWS], SEED)
    names, space = fitted().figures, dict[Any, OneWorld]()
    cells = []
    for number, draw in enumerate(chosen):
        record = to_record(resolve(draw))[0]
        gains = solve(record, twins)
        run = range(number, number + 1)
        delivered = float(scenario_effects(effects, record, run, space, 1)[0]) / QPR_SD
        expected = true_overall(pulsar, record, number, space)
        spread = float(record["between_trials_sd"])
        lots = np.random.Generator(np.random.Philox(key=[SEED, 77_000 + number])).standard_normal(4)
        here = record.copy()
        deviate(here, gains, spread * lots[0] / DELIVERED_SHARE)
        figures = simulate_trial(trial, here, number, False, space)
        figures[AT.rsa_correlation] += RSA_EXTRA_ERROR * lots[3]
        figures[AT.pulsar_overall] = (
            expected + spread * QPR22_SD * lots[1] + STANDARD_ERROR * lots[2]
        )
        row = (float(record["effect_full"]), delivered, expected, spread)
        cells.append([f"{one:.5g}" for one in (*row, *(figures[PLACE[name]] for name in names))])
    return csv_text(columns(), cells, ends="\n")


def read(path: Path = HOME) -> dict[str, np.ndarray]:
    """Return the columns of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(one[name]) for one in rows]) for name in rows[0]}


def weighted(simulated: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return weights of the draws given both reported effects, summing to 1."""
    spread = simulated["between_trials_sd"]
    log = np.zeros(len(spread))
    for (value, error), expected, unit in (
        (REFOCUS, simulated["delivered"] * QPR_SD, QPR_SD),
        (PULSAR, simulated["pulsar"], QPR22_SD),
    ):
        width = np.hypot(error, spread * unit)
        log += -0.5 * ((value - expected) / width) ** 2 - np.log(width)
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def regressed(
    simulated: Mapping[str, np.ndarray], data: Data, kept: float = KEPT
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return effects moved along a regression to what was reported, and weights of the draws.

    Parameters
    ----------
    found : mapping
        Columns as `read` returns them.
    data : Data
        What was reported.
    kept : float
        Share of the draws that is kept, nearest first, in SDs of each figure.

    Notes
    -----
    Weights fall with the squared distance (Epanechnikov); the regression is weighted by them.
    """
    figures = np.column_stack([simulated[f"figure_{name}"] for name in data.figures])
    reported = np.empty(len(data.figures))
    reported[data.estimates] = data.observed
    away = (figures - reported) / np.nanstd(figures, axis=0)
    distance = np.sqrt((away**2).mean(axis=1))
    distance[~np.isfinite(distance)] = np.inf
    edge = np.quantile(distance, kept)
    weight = np.clip(1.0 - (distance / edge) ** 2, 0.0, None)
    near = weight > 0.0
    x = np.column_stack([np.ones(near.sum()), away[near]])
    root = np.sqrt(weight[near])
    moved = {}
    for name in EFFECTS:
        y = simulated[name][near]
        slopes = np.linalg.lstsq(root[:, None] * x, root * y)[0][1:]
        moved[name] = y - away[near] @ slopes
    return moved, weight[near] / weight[near].sum()


def summary(values: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float]:
    """Return mean, SD and central 90% of weighted values."""
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    low, high = (float(values[order][np.searchsorted(below, at)]) for at in (0.05, 0.95))
    mean = float(weight @ values)
    return mean, float(np.sqrt(weight @ (values - mean) ** 2)), low, high


def with_error(simulated: Mapping[str, np.ndarray], way: Any) -> dict[str, tuple[float, ...]]:
    """Return `summary` of each effect and the mean's Monte Carlo error (jackknife over groups)."""
    count = len(simulated[EFFECTS[0]])
    member = np.arange(count) % GROUPS
    left = [
        way({name: values[member != one] for name, values in simulated.items()})
        for one in range(GROUPS)
    ]
    whole = way(simulated)
    out = {}
    for name in EFFECTS:
        means = np.array([one[name][0] for one in left])
        error = float(np.sqrt((GROUPS - 1) * means.var()))
        out[name] = (*whole[name], error)
    return out


def by_weighting(simulated: Mapping[str, np.ndarray]) -> dict[str, tuple[float, ...]]:
    """Return `summary` of each effect by weighting."""
    weight = weighted(simulated)
    return {name: summary(simulated[name], weight) for name in EFFECTS}


def by_regression(simulated: Mapping[str, np.ndarray]) -> dict[str, tuple[float, ...]]:
    """Return `summary` of each effect by regression."""
    moved, weight = regressed(simulated, fitted())
    return {name: summary(moved[name], weight) for name in EFFECTS}


def of_fit(name: str = BOTH_TRIALS) -> tuple[float, float, float, float]:
    """Return mean, SD and central 90% of the full effect in a shipped posterior."""
    draws = np.array([one["effect_full"] for one in chosen_draws(FITTED_DRAWS, path=name).draws])
    return summary(draws, np.full(len(draws), 1.0 / len(draws)))


def second_method_text() -> str:
    """Return how the other methods agree with the fit, as a paragraph and a table."""
    simulated = read()
    fit, count = of_fit(), len(simulated[EFFECTS[0]])
    even = np.full(count, 1.0 / count)
    ways: dict[str, dict[str, tuple[float, ...]]] = {
        f"the priors, {count} draws": {
            one: (*summary(simulated[one], even), 0.0) for one in EFFECTS
        },
        "weighting (P2 and P20 alone)": with_error(simulated, by_weighting),
        "regression (all estimates)": with_error(simulated, by_regression),
    }
    lines = [
        "| method | effect in full: mean (90%) | SD | MC SE | less the fit's, in its SD | "
        "as delivered: mean (90%) |",
        "|---|---|---|---|---|---|",
        f"| the fit, as shipped | {fit[0]:.2f} ({fit[2]:.2f} to {fit[3]:.2f}) | {fit[1]:.2f} | - | "
        "- | - |",
    ]
    for name, way in ways.items():
        mean, sd, low, high, error = way["effect_full"]
        away = f"{(mean - fit[0]) / fit[1]:+z.2f}"
        other = way["delivered"]
        lines.append(
            f"| {name} | {mean:.2f} ({low:.2f} to {high:.2f}) | {sd:.2f} | "
            f"{f'{error:.3f}' if error else '-'} | {away} | "
            f"{other[0]:.2f} ({other[2]:.2f} to {other[3]:.2f}) |"
        )
    apart = max(abs(ways[name]["effect_full"][0] - fit[0]) / fit[1] for name in list(ways)[1:])
    verdict = (
        f"agree with the fit on the effect to {apart:.2f} of its SD"
        if apart < AGREES
        else f"do not agree with the fit on the effect: up to {apart:.2f} of its SD apart"
    )
    return (
        "### The main effect by other methods\n\n"
        f"Two methods without emulator, synthetic likelihood or sampler {verdict}. Effects in SD "
        "of the QPR-15, 12 months. Weighting: draws of the priors count by how well they expect "
        "both reported differences, and nothing else is used. Regression: approximate Bayesian "
        f"computation on all {len(fitted().figures)} estimates, the nearest half of the draws, "
        "moved along a linear regression (P3 and P4, which are tests, are left out). The same "
        "simulator and the same priors stand behind all: that the model is right is not checked "
        "by it. `calibration/findings/second_method.py`.\n\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    HOME.write_text(anew(), encoding="utf-8", newline="\n")
