"""Four waves of binary answers, fitted with a correlation that is given: two tests share it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.trials.fits.gee import DECAY, FAMILIES, NESTED, GeeFit, Working, fit_gee


def fit_with_given_correlation(frame: pd.DataFrame, kind: str) -> GeeFit:
    """Fit waves and arm with .08 within and .04 between waves (nested), or .08 decaying by .7."""
    clusters = np.unique(frame["cluster"], return_inverse=True)[1]
    wave = frame["wave"].to_numpy()
    x = np.column_stack([np.ones(len(frame)), *(wave == one for one in (2, 3, 4)), frame["arm"]])
    values = {"nested": (NESTED, (0.08, 0.04)), "decay": (DECAY, (0.08, 0.7))}[kind]
    return fit_gee(
        x.astype(float),
        frame["y"].to_numpy(float),
        clusters,
        FAMILIES["binomial"],
        working=Working(values[0], wave.astype(float), values[1]),
    )
