"""Four waves of binary answers, fitted with a correlation that is given: two tests share it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.trials.fits.gee import FAMILIES, GeeFit, fit_gee


def fit_with_given_correlation(frame: pd.DataFrame, kind: str) -> GeeFit:
    """Fit waves and arm with .08 within and .04 between waves (nested), or .08 decaying by .7."""
    clusters = np.unique(frame["cluster"], return_inverse=True)[1]
    wave = frame["wave"].to_numpy()
    x = np.column_stack([np.ones(len(frame)), *(wave == one for one in (2, 3, 4)), frame["arm"]])
    correlation = []
    for one in range(clusters.max() + 1):
        apart = np.abs(np.subtract.outer(wave[clusters == one], wave[clusters == one]))
        matrix = np.where(apart == 0, 0.08, 0.04) if kind == "nested" else 0.08 * 0.7**apart
        np.fill_diagonal(matrix, 1.0)
        correlation.append(matrix)
    return fit_gee(
        x.astype(float),
        frame["y"].to_numpy(float),
        clusters,
        FAMILIES["binomial"],
        correlation=correlation,
    )
