"""Do the two methods agree? Their posterior means beside what chance lets each of them be wrong.

The direct method freezes the draws of its replications (common random numbers), so its likelihood
is smooth but shifted, everywhere alike, by the mean of that noise. How far this moves the posterior
is told by leaving out one group of replications at a time (jackknife). The sampler's own error
comes from the spread of its chains.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration.sampling.fit import Direct, Fit
from calibration.sampling.likelihood import Data, log_likelihood, shrunk
from calibration.sampling.smc import Sample
from sim.learning.weights import weights_of

GROUPS = 8
PARTICLES = 128


def chain_error(sample: Sample, length: int) -> np.ndarray:
    """Return standard errors of posterior means from the spread of the chains' means."""
    chains = sample.scores.reshape(length, -1, sample.scores.shape[1]).mean(axis=0)
    return np.asarray(chains.std(axis=0, ddof=1) / np.sqrt(len(chains)))


def jackknifed(
    figures: np.ndarray, common: np.ndarray, scores: np.ndarray, data: Data
) -> np.ndarray:
    """Return standard errors of posterior means due to the replications' frozen draws.

    `figures`: of posterior particles, shape (particles, replicates, figures); `common`: the
    pooled covariance of the likelihood; `scores`: of the same particles; `data`: what was
    reported.
    """
    replicates = figures.shape[1]
    groups = min(GROUPS, replicates)
    member = np.arange(replicates) % groups
    whole = log_likelihood(*shrunk(figures, common), data)
    means = np.array(
        [
            weights_of(log_likelihood(*shrunk(figures[:, member != g], common), data) - whole)
            @ scores
            for g in range(groups)
        ]
    )
    away = means - means.mean(axis=0)
    return np.asarray(np.sqrt((groups - 1) / groups * (away**2).sum(axis=0)))


def replicate_error(fit: Fit, direct: Direct, sample: Sample) -> np.ndarray:
    """Simulate some posterior particles' trials again and return `jackknifed` errors."""
    rows = np.linspace(0, len(sample.scores) - 1, min(PARTICLES, len(sample.scores))).astype(int)
    scores = sample.scores[rows]
    figures = direct.figures(scores, "direct-check")
    if direct.common is None:
        direct.moments(scores, "direct-check")
    assert direct.common is not None
    return jackknifed(figures, direct.common, scores, fit.data)


def agreement_rows(
    names: tuple[str, ...], direct: np.ndarray, emulated: np.ndarray, errors: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Return per parameter the gap between the methods in posterior SDs, and its standard error."""
    spread = emulated.std(axis=0)
    gap = (direct.mean(axis=0) - emulated.mean(axis=0)) / spread
    total = np.sqrt(sum(one**2 for one in errors.values())) / spread
    return [
        {
            "name": name,
            "gap": float(gap[i]),
            "standard_error": float(total[i]),
            "from_replicates": float(errors["replicates"][i] / spread[i]),
            "from_chains": float(
                np.sqrt(errors["direct chains"][i] ** 2 + errors["emulated chains"][i] ** 2)
                / spread[i]
            ),
            "in_errors": float(gap[i] / total[i]),
            "ratio": float(direct[:, i].std() / spread[i]),
        }
        for i, name in enumerate(names)
    ]


def agreement_summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the largest gap, in posterior SDs and in its standard errors, and ratios of SDs."""
    gaps = np.array([abs(row["gap"]) for row in rows])
    in_errors = np.array([abs(row["in_errors"]) for row in rows])
    ratios = [row["ratio"] for row in rows]
    return {
        "largest_gap": float(gaps.max()),
        "mean_gap": float(gaps.mean()),
        "largest_in_errors": float(in_errors.max()),
        "beyond_two_errors": int((in_errors > 2.0).sum()),
        "root_mean_square_in_errors": float(np.sqrt((in_errors**2).mean())),
        "smallest_ratio": float(min(ratios)),
        "largest_ratio": float(max(ratios)),
    }
