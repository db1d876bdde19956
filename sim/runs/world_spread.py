"""Mean of what many worlds give, how sure it is, and how far the worlds lie apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BAND = (0.05, 0.95)


class WorldSpread(NamedTuple):
    """A mean over worlds, its Monte Carlo standard error and the central 90% of worlds."""

    mean: float
    monte_carlo_se: float
    low: float
    high: float


def independent_parts(values: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the parts of a sample that chance made apart from each other.

    Worlds of one draw share its parameters: of several draws each counts once, with the mean of
    its worlds. Of a single draw each world does.
    """
    values = np.asarray(values, float)
    found, codes = np.unique(np.asarray(draws), return_inverse=True)
    if len(found) < 2:
        return values
    return np.asarray(np.bincount(codes, values) / np.bincount(codes))


def world_spread(values: np.ndarray, draws: np.ndarray) -> WorldSpread:
    """Return mean, standard error and central 90% of values, one for each world.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (worlds,); all not a number where there are none.
    draws : numpy.ndarray
        The draw of the parameters of each world, shape (worlds,).

    Notes
    -----
    The standard error is that of the mean of `independent_parts`: runs of chance within a draw tell
    less than as many draws. It covers which draws and runs of chance were taken; of one world it is
    not a number.
    """
    values = np.asarray(values, float)
    if len(values) == 0:
        return WorldSpread(*(float("nan"),) * 4)
    apart = independent_parts(values, draws)
    error = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else float("nan")
    low, high = np.quantile(values, BAND)
    return WorldSpread(float(values.mean()), float(error), float(low), float(high))
