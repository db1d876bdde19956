"""Rival models of the null result, laid before both trials.

`calibration.sampling.rivals` asks which explanation, taken alone, predicts what REFOCUS reported.
PULSAR came later and reported more: a rival has to account for both. Each rival is simulated in the
services of both trials over draws of the priors, which have seen neither; the effects stand in
`calibration/findings/rivals.csv`, and weights follow from them by arithmetic.

Run ``python -m calibration.findings.rival_trials`` to simulate them anew (two minutes).
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from calibration.evidence.pulsar import (
    STANDARD_ERROR,
    PulsarReference,
    pulsar_reference,
    true_overall,
)
from calibration.findings.leave_one_out import REFOCUS
from calibration.sampling.fit import QPR22_SD
from calibration.sampling.rivals import THEORY_FAILS
from calibration.sampling.scenarios import (
    EXPLANATIONS,
    EffectDesign,
    effect_design,
    effect_of_record,
    explanations_off,
)
from calibration.sampling.solve import QPR_SD, Twins, references, solve
from sim.parameters import resolve, to_record
from sim.planning.vocabulary import RIVALS
from sim.posterior import BOTH_TRIALS, REFOCUS_ALONE
from sim.posterior.choose import chosen_draws
from sim.spreadsheet import csv_text

HOME = Path(__file__).parent / "rivals.csv"
PULSAR = (3.7, STANDARD_ERROR)
"""Reported overall effect of PULSAR and its standard error, points of the QPR-22."""
TRIALS_OF = {BOTH_TRIALS: "both", REFOCUS_ALONE: "REFOCUS"}
"""Which reports count beside each shipped posterior."""
COLUMNS = ("draw", "rival", "delivered", "full", "pulsar", "between_trials_sd")
DRAWS, SEED, COVERAGE_DRAWS = 200, 1, 24


def rival_changes(record: Any, gains: Any) -> dict[str, dict[str, float]]:
    """Return what of a parameter set each rival changes: all other explanations are switched off.

    `record`: one solved parameter set; `gains`: of its solved constants
    (`calibration.sampling.solve.deviate`).
    """
    off = explanations_off(record, gains)
    changes = {
        name: {
            key: value
            for other, switched in off.items()
            if other != name
            for key, value in switched.items()
        }
        for name in EXPLANATIONS
    }
    changes["theory failure"] |= THEORY_FAILS
    return changes


def simulated(
    design: EffectDesign, pulsar: PulsarReference, twins: Twins, draw: dict[str, float], number: int
) -> list[dict[str, Any]]:
    """Return the expected effects of every rival for one draw: a row of `COLUMNS` each.

    `delivered` and `full` are points of the QPR-15 in REFOCUS's intervention teams after a year,
    `pulsar` what PULSAR's analysis is expected to give, points of the QPR-22.
    """
    record = to_record([resolve(draw)])[0]
    changes = rival_changes(record, solve(record, twins))
    space: dict[Any, Any] = {}
    run = range(number, number + 1)
    rows = []
    for name, own in changes.items():
        changed = record.copy()
        for key, value in own.items():
            changed[key] = value
        delivered, full = (
            effect_of_record(design, layout, record, own, run, space)
            for layout in (design.delivered, design.full)
        )
        expected = true_overall(pulsar, changed, number, space)
        spread = float(record["between_trials_sd"])
        rows.append(
            dict(zip(COLUMNS, (number, name, delivered, full, expected, spread), strict=True))
        )
    return rows


@dataclass(frozen=True)
class RivalEffects:
    """What every rival expects, draws of the priors by rivals, in the order of `EXPLANATIONS`."""

    # QPR-15 points in REFOCUS's services after a year, shape (draws, rivals).
    delivered: np.ndarray
    full: np.ndarray
    pulsar: np.ndarray  # QPR-22 points, PULSAR's overall analysis
    spread: np.ndarray  # SD of the effect between trials, in SD of the outcome, shape (draws,)


def read(path: Path = HOME) -> RivalEffects:
    """Return the effects that the file holds."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def of(column: str) -> np.ndarray:
        return np.array([float(one[column]) for one in rows]).reshape(-1, len(EXPLANATIONS))

    return RivalEffects(of("delivered"), of("full"), of("pulsar"), of("between_trials_sd")[:, 0])


def densities(effects: RivalEffects, trials: str, between: bool = False) -> np.ndarray:
    """Return how well each draw of each rival predicts what was reported, (draws, rivals).

    `trials` (one of 'REFOCUS', 'PULSAR', 'both'): which reports count; `between`: whether the
    effect may differ between trials by what the draw says, beside sampling error.
    """
    spread = effects.spread[:, None] if between else 0.0
    refocus = norm.pdf(REFOCUS[0], effects.delivered, np.hypot(REFOCUS[1], spread * QPR_SD))
    pulsar = norm.pdf(PULSAR[0], effects.pulsar, np.hypot(PULSAR[1], spread * QPR22_SD))
    return np.asarray({"REFOCUS": refocus, "PULSAR": pulsar, "both": refocus * pulsar}[trials])


def weights(density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior weights of the rivals, equally likely beforehand, and their Monte Carlo SE.

    Parameters
    ----------
    density : numpy.ndarray
        As `densities` returns it.

    Notes
    -----
    The evidence of a rival is its mean density over draws. Standard errors by the jackknife over
    twenty groups of draws.
    """

    def shares(kept: np.ndarray) -> np.ndarray:
        means = density[kept].mean(axis=0)
        return np.asarray(means / means.sum())

    member = np.arange(len(density)) % 20
    left = np.array([shares(member != one) for one in range(20)])
    return shares(member >= 0), np.sqrt(19.0 * left.var(axis=0))


def expected(values: np.ndarray, density: np.ndarray) -> dict[str, float]:
    """Return mean, central 90% and chance of benefit of a rival's effects, given the reports.

    `values`, `density`: effects of one rival by draw and how well each draw predicts the
    reports.
    """
    weight = density / density.sum()
    order = np.argsort(values)
    cumulated = np.cumsum(weight[order])
    low, high = (float(values[order][np.searchsorted(cumulated, at)]) for at in (0.05, 0.95))
    return {
        "mean": float(weight @ values),
        "low": low,
        "high": high,
        "benefit": float(weight @ (values > 0.0)),
        "effective": float(1.0 / (weight**2).sum()),
    }


def anew(draws: int = DRAWS) -> str:
    """Return the file, every rival simulated anew."""
    chosen = chosen_draws(draws, path="prior").draws
    design, twins = effect_design(SEED), Twins(references(SEED))
    pulsar = pulsar_reference(chosen[:COVERAGE_DRAWS], SEED)
    cells = [
        [one[key] if key in COLUMNS[:2] else f"{one[key]:.5g}" for key in COLUMNS]
        for number, draw in enumerate(chosen)
        for one in simulated(design, pulsar, twins, draw, number)
    ]
    return csv_text(COLUMNS, cells, ends="\n")


def shipped() -> str:
    """Return the weights that verdicts read (`sim.planning.vocabulary`), after the file.

    With two decimals: their Monte Carlo error is a hundredth or two.
    """
    effects = read()
    weighed = {}
    for name, trials in TRIALS_OF.items():
        shares = weights(densities(effects, trials))[0].tolist()
        weighed[name] = {
            rival: round(one, 2) for rival, one in zip(EXPLANATIONS, shares, strict=True)
        }
    return json.dumps(weighed, indent=1) + "\n"


if __name__ == "__main__":
    HOME.write_text(anew(), encoding="utf-8", newline="\n")
    RIVALS.write_text(shipped(), encoding="utf-8", newline="\n")
