"""Does the procedure find what it is asked for? Coverage on synthetic truths, ranks, calibration.

A truth is a draw from the prior. Its trial is simulated, whole, with the real trial's targets; a
trial whose participation contrasts are not significant is simulated again, as only a significant
one was reported. A truth is drawn again when its sub-scale tests are significant, as the real
trial's were not, and when its data are far from the real trial's in level, spread or retention
(`NEAR`): intervals must cover on average over truths whose data look like ours, whatever rule on
the data alone picks them, and the emulator is built for such data. The posterior of each truth
comes from the emulator method; intervals of parameters and of the effects that users read are then
compared with the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import beta, kstest

from calibration.evidence.extractors import extractor_of
from calibration.sampling.emulator import Emulator
from calibration.sampling.fit import (
    EFFECT,
    EMULATED_LENGTH,
    PULSAR_OVERALL,
    RECOVERED,
    TRUTH,
    Fit,
    effects_of,
    sample_emulated,
)
from calibration.sampling.likelihood import Data
from calibration.sampling.runs import thread_space
from calibration.sampling.scenarios import EFFECTS, full_effects
from calibration.sampling.smc import Sample, generator
from calibration.sampling.solve import solve
from sim.errors import InputError
from sim.trials.studies.refocus_figures import CRITICAL

LEVELS = (0.5, 0.9)
ATTEMPTS = 4000
# Posterior draws of each truth whose effects are simulated: 20 ranks hold whole 50% and 90%.
EFFECT_DRAWS = 19
# How far a synthetic trial's figures may lie from the real ones, on the scale of the extractors.
NEAR = {"control_mean": 3.0, "log_sd": 0.15, "logit_retention": 0.35, "log_se": 0.35}


@dataclass(frozen=True)
class Recovery:
    """Results on synthetic truths."""

    names: tuple[str, ...]  # Calibrated parameters, then effects
    # Shape (truths, names); ranks are posterior probabilities below the truth.
    truths: np.ndarray
    means: np.ndarray
    spreads: np.ndarray
    ranks: np.ndarray
    inside: np.ndarray  # Shape (levels, truths, names): whether central intervals hold the truth


def synthetic(fit: Fit, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, figures and effects of synthetic truths whose trials report as ours did."""
    data = fit.data
    places = [fit.places[name] for name in data.figures]
    selectors, null = data.selectors, data.null
    size = fit.space.size
    limits = np.array(
        [NEAR.get(extractor_of(data.figures[place]), np.inf) for place in data.estimates]
    )
    pulsar = [place for place, name in enumerate(data.figures) if name == PULSAR_OVERALL]

    def one(i: int) -> np.ndarray:
        draws = generator(fit.settings.seed, 424242, i)

        def drawn(replication: int) -> tuple[np.ndarray, Any, np.ndarray]:
            scores = draws.standard_normal((1, size))
            background = fit.space.background(fit.settings.seed, replication)[None]
            record = fit.space.records(scores, background)[0]
            return scores, record, np.array(solve(record, fit.twins()))

        scores, record, gains = drawn(TRUTH + i * ATTEMPTS)
        for attempt in range(ATTEMPTS):
            replication = TRUTH + i * ATTEMPTS + attempt
            # What PULSAR is expected to give is added to a truth that is kept: no rule reads it.
            figures = fit.every_trial(record, gains, replication, False, 0.0)[places]
            if not np.isfinite(figures).all():
                continue
            if len(selectors) and not (np.abs(figures[selectors]) > CRITICAL).any():
                continue
            far = np.abs(figures[data.estimates] - data.observed) > limits
            if far.any() or (len(null) and (np.abs(figures[null]) > CRITICAL).any()):
                scores, record, gains = drawn(replication)
                continue
            figures[pulsar] += fit.pulsar_truth(record, replication)
            effects = full_effects(
                fit.effects,
                record,
                range(EFFECT + 500_000 + i, EFFECT + 500_001 + i),
                thread_space(),
            )
            return np.concatenate([scores[0], figures, effects])
        return np.full(size + len(places) + 8, np.nan)

    rows = fit.rows("truths", count, one, data.figures)
    rows = rows[np.isfinite(rows).all(axis=1)]
    return rows[:, :size], rows[:, size : size + len(places)], rows[:, size + len(places) :]


def observed_as(data: Data, figures: np.ndarray) -> Data:
    """Return the data with a synthetic trial's figures in place of the reported ones."""
    return replace(
        data,
        alone=True,
        observed=figures[data.estimates],
        selected_value=float(figures[data.selected]) if data.selected >= 0 else 0.0,
    )


def effect_draws(
    emulator: Emulator, residuals: np.ndarray, scores: np.ndarray, seed: int
) -> np.ndarray:
    """Return draws of effects for posterior scores: emulated mean and an own residual.

    `emulator`: of the effects; `residuals`: standardised residuals of the emulator's own
    points, shape (points, effects); `scores`: posterior scores; `seed`: seed of the residuals'
    draw.
    """
    draws = generator(seed, 99)
    rows = draws.integers(0, len(residuals), len(scores))
    return np.asarray(emulator.means(scores) + emulator.spreads(scores) * residuals[rows])


def central(ranks: np.ndarray, draws: int, level: float) -> np.ndarray:
    """Return whether ranks among `draws` draws are in the central `level` of the draws + 1 ranks.

    With 19 draws and a level of .5 or .9 this holds for exactly that share of truths when truth and
    draws come from one distribution: no error because there are few draws.
    """
    out = round((draws + 1) * (1.0 - level) / 2.0)
    return (out <= ranks) & (ranks < draws + 1 - out)


def apart(sample: Sample, count: int, seed: int) -> np.ndarray:
    """Return particles of different chains: the last states of some chains."""
    last = sample.scores.reshape(EMULATED_LENGTH, -1, sample.scores.shape[1])[-1]
    order = generator(seed, 2025).permutation(len(last))
    return last[np.resize(order, count)]


def recover(fit: Fit, emulator: Emulator) -> Recovery:
    """Recover synthetic truths by the emulator method.

    Effects are simulated for `EFFECT_DRAWS` particles of each truth's posterior, as users get them.
    """
    scores, figures, true_effects = synthetic(fit, fit.settings.truths)
    if len(scores) < 2:
        raise InputError(
            "targets: hardly any simulated trial looks like the reported one in level, spread, "
            "standard error and retention"
        )
    count, size = scores.shape
    truths = np.concatenate([scores, true_effects], axis=1)
    means, spreads, ranks = (np.empty_like(truths) for _ in range(3))
    inside = np.empty((len(LEVELS), *truths.shape), bool)

    def sampled(index: int) -> np.ndarray:
        data = observed_as(fit.data, figures[index])
        sample = sample_emulated(fit, emulator, data, share=0.375, seed=index + 1)
        drawn = sample.scores
        summary = drawn.mean(axis=0), drawn.std(axis=0), (drawn < scores[index]).mean(axis=0)
        tails = [tail for level in LEVELS for tail in (0.5 - level / 2, 0.5 + level / 2)]
        return np.array(
            [*summary, *np.quantile(drawn, tails, axis=0), *apart(sample, EFFECT_DRAWS, index)]
        ).ravel()

    posteriors = fit.rows("recovered", count, sampled, figures, emulator)
    posteriors = posteriors.reshape(count, -1, size)
    means[:, :size], spreads[:, :size], ranks[:, :size] = np.moveaxis(posteriors[:, :3], 1, 0)
    ends, chosen = np.split(posteriors[:, 3:], [2 * len(LEVELS)], axis=1)
    for level in range(len(LEVELS)):
        low, high = ends[:, 2 * level], ends[:, 2 * level + 1]
        inside[level, :, :size] = (low <= scores) & (scores <= high)
    effects = effects_of(fit, "recovered-effects", chosen.reshape(-1, size), RECOVERED)
    effects = effects.reshape(count, EFFECT_DRAWS, -1)
    below = (effects < true_effects[:, None, :]).sum(axis=1)
    means[:, size:], spreads[:, size:] = effects.mean(axis=1), effects.std(axis=1)
    lots = generator(fit.settings.seed, 2026).random(below.shape)
    ranks[:, size:] = (below + lots) / (EFFECT_DRAWS + 1)
    for level, nominal in enumerate(LEVELS):
        inside[level, :, size:] = central(below, EFFECT_DRAWS, nominal)
    names = (*fit.space.calibrated, *EFFECTS[: true_effects.shape[1]])
    return Recovery(names, truths, means, spreads, ranks, inside)


def binomial_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the exact 95% interval of a share (Clopper and Pearson)."""
    low = float(beta.ppf(0.025, hits, count - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(0.975, hits + 1, count - hits)) if hits < count else 1.0
    return low, high


def recovery_table(recovery: Recovery) -> list[dict[str, Any]]:
    """Return coverage with binomial interval, correlation with the truth, and the rank test."""
    count = len(recovery.truths)
    rows = []
    for column, name in enumerate(recovery.names):
        row: dict[str, Any] = {"name": name, "truths": count}
        for level, nominal in enumerate(LEVELS):
            hits = int(recovery.inside[level, :, column].sum())
            low, high = binomial_interval(hits, count)
            row[f"cover_{int(100 * nominal)}"] = hits / count
            row[f"cover_{int(100 * nominal)}_low"] = low
            row[f"cover_{int(100 * nominal)}_high"] = high
        pair = recovery.truths[:, column], recovery.means[:, column]
        varies = all(float(np.ptp(one)) > 0.0 for one in pair)
        row["correlation"] = float(np.corrcoef(*pair)[0, 1]) if varies else float("nan")
        row["uniform_p"] = float(kstest(recovery.ranks[:, column], "uniform").pvalue)
        rows.append(row)
    return rows


def overall(recovery: Recovery) -> dict[str, dict[str, float]]:
    """Return coverage over all parameters and over all effects, with a standard error by truth."""
    size = len(recovery.names) - 8
    out = {}
    for label, columns in (("parameters", slice(0, size)), ("effects", slice(size, None))):
        for level, nominal in enumerate(LEVELS):
            share = recovery.inside[level][:, columns].mean(axis=1)
            out[f"{label} {int(100 * nominal)}%"] = {
                "coverage": float(share.mean()),
                "standard_error": float(share.std(ddof=1) / np.sqrt(len(share))),
                "nominal": nominal,
            }
    return out
