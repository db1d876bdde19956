"""What each trial says alone and with the other, and how well one predicts the other.

Posteriors of the same model under other data, all from one emulator: no trial, REFOCUS alone,
PULSAR alone, both. A trial that was left out is scored by the logarithm of a normal density with
the mean and SD of its predicted estimate, beside what needs no mechanism: no effect, and the other
trial's effect carried over in SD units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from calibration.evidence.pulsar import STANDARD_ERROR
from calibration.findings.posterior import draws_of
from calibration.sampling.fit import (
    PREDICTIVE,
    QPR22_SD,
    Fit,
    Solved,
    Waves,
    effects_of_records,
    sample_emulated,
)
from calibration.sampling.likelihood import make_data
from calibration.sampling.scenarios import EFFECTS
from calibration.sampling.smc import generator
from calibration.sampling.solve import QPR_SD
from sim.trials.studies.refocus_figures import AT

PULSAR = "P20"
# What REFOCUS says of effects; its level, spread and retention stay, or nothing would fit.
REFOCUS_EFFECTS = ("p2_difference", "P3", "P4", "P7")
SCORED = 300
FIRST = PREDICTIVE + 400_000
REFOCUS = (0.68, 1.22)
# SD of the true effect between places, in SD, as in docs/prediction-pulsar.md.
TRANSPORT_SD = 0.1


@dataclass(frozen=True)
class Posterior:
    """Draws of the model under some data."""

    name: str  # "prior", "refocus-alone", "pulsar-alone" or "both-trials"
    scores: np.ndarray  # Of the calibrated parameters
    solved: Solved  # Full records


def posteriors(fit: Fit, waves: Waves, both: Posterior) -> list[Posterior]:
    """Return the posteriors under no trial, one trial, and both (given), as many draws each."""
    seed, count = fit.settings.seed, len(both.scores)
    scores_of = {
        "prior": generator(seed, 31).standard_normal((count, fit.space.size)),
        "refocus-alone": sample_emulated(
            fit, waves.emulator, make_data(fit.targets, without=[PULSAR]), seed=901
        ).scores,
        "pulsar-alone": sample_emulated(
            fit, waves.emulator, make_data(fit.targets, without=REFOCUS_EFFECTS), seed=902
        ).scores,
    }
    # Only what is shipped needs as many draws as the posterior itself.
    wanted = {"prior": count, "refocus-alone": count, "pulsar-alone": min(SCORED, count)}
    others = [
        Posterior(name, *draws_of(fit, scores, wanted[name], f"draws-{name}"))
        for name, scores in scores_of.items()
    ]
    return [*others, both]


def log_score(values: np.ndarray, outcome: float) -> tuple[float, float]:
    """Return the log score of a normal with the values' mean and SD, and its Monte Carlo error."""
    good = values[np.isfinite(values)]
    score = float(norm.logpdf(outcome, good.mean(), good.std(ddof=1)))
    groups = np.array_split(good, 20)
    left = [
        norm.logpdf(outcome, rest.mean(), rest.std(ddof=1))
        for rest in (
            np.concatenate([one for k, one in enumerate(groups) if k != number])
            for number in range(len(groups))
        )
    ]
    return score, float(np.sqrt((len(groups) - 1) * np.var(left)))


def summary(values: np.ndarray) -> tuple[float, float, float]:
    """Return mean and central 90%."""
    low, high = np.quantile(values, [0.05, 0.95])
    return float(values.mean()), float(low), float(high)


def leave_one_out(fit: Fit, fitted: list[Posterior]) -> list[dict[str, Any]]:
    """Return one row per posterior: effects in SD, a new trial, and scores of both trials."""
    rows = []
    for number, one in enumerate(fitted):
        count = min(SCORED, len(one.scores))
        first = FIRST + 10_000 * number
        few = one.solved.first(count)
        figures = fit.trials(f"left-out-{one.name}", few, first)
        effects = effects_of_records(fit, f"left-out-effects-{one.name}", few.records, first)
        delivered = effects[:, EFFECTS.index("qpr_delivered_12")] / QPR_SD
        spread = few.records["between_trials_sd"]
        new = delivered + spread * generator(fit.settings.seed, 32, number).standard_normal(count)
        pulsar, pulsar_se = log_score(figures[:, AT.pulsar_overall], 3.7)
        refocus, refocus_se = log_score(figures[:, AT.difference], REFOCUS[0])
        rows.append(
            {
                "posterior": one.name,
                "delivered": summary(delivered),
                "full": summary(few.records["effect_full"]),
                "new_trial": summary(new),
                "new_trial_negative": float((new < 0.0).mean()),
                "spread": summary(spread),
                "practice": summary(few.records["practice_change"]),
                "pulsar_score": (pulsar, pulsar_se),
                "refocus_score": (refocus, refocus_se),
            }
        )
    return rows


def without_mechanism() -> list[dict[str, Any]]:
    """Return the scores of forecasts that need no mechanism, sampling error of both trials in them.

    Both get the transport from one place to another that the dated forecast gave all its lines.
    """
    carried = REFOCUS[0] / QPR_SD * QPR22_SD
    moved = float(np.hypot(STANDARD_ERROR, TRANSPORT_SD * QPR22_SD))
    error = float(np.hypot(moved, REFOCUS[1] / QPR_SD * QPR22_SD))
    return [
        {"forecast": "no effect", "score": float(norm.logpdf(3.7, 0.0, moved))},
        {"forecast": "REFOCUS carried over", "score": float(norm.logpdf(3.7, carried, error))},
    ]
