"""Power of parallel cluster trials with more than two arms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.analyses.several_arms import adjusted

DRAWN = 100_000


class ArmsPower(NamedTuple):
    """Power of a trial with several treated arms, at a level for all tests together."""

    each: tuple[float, ...]  # Of each treated arm against control
    # To reject for at least one, and for all of them.
    any_of: float
    all_of: float
    error: float  # Chance to reject any where no arm has an effect
    # Simulated trials or drawn statistics behind the numbers: their Monte Carlo standard error is
    # that of a share of so many.
    draws: int


def arms_power(p: NDArray[np.float64], null: NDArray[np.float64], alpha: float) -> ArmsPower:
    """Return power from adjusted p values of trials (rows) and arms, and those without effects."""
    hits = p < alpha
    error = float((null < alpha).any(axis=1).mean()) if len(null) else math.nan
    return ArmsPower(
        tuple(hits.mean(axis=0).tolist()),
        float(hits.any(axis=1).mean()),
        float(hits.all(axis=1).mean()),
        error,
        len(p),
    )


def drawn_arms_power(
    effects: Sequence[float],
    errors: Sequence[float],
    control_error: float,
    df: float,
    rule: str,
    alpha: float,
    floor: float = 0.0,
) -> ArmsPower:
    """Return power by the joint distribution of the t statistics, drawn from the same seed always.

    Parameters
    ----------
    effects : sequence of float
        Of each treated arm.
    errors : sequence of float
        Standard error of each treated arm's mean.
    control_error : float
        That of control's, which all differences share.
    df : float
        Of the variance that all arms share.
    rule : str
        See `sim.trials.analyses.several_arms`.
    floor : float
        Lowest estimated standard error, as a share of the true one.
    """
    from scipy.special import stdtr

    rng = np.random.Generator(np.random.Philox(key=[len(effects), DRAWN]))
    shared = control_error * rng.standard_normal((DRAWN, 1))
    own = np.asarray(errors) * rng.standard_normal((DRAWN, len(effects)))
    scale = np.maximum(np.sqrt(rng.chisquare(df, (DRAWN, 1)) / df), floor)
    reckoned = scale * np.hypot(errors, control_error)
    noise = own - shared
    shares = (control_error / np.hypot(errors, control_error)) ** 2
    p, null = (
        adjusted(2.0 * stdtr(df, -np.abs(noise + one) / reckoned), rule, df, shares)
        for one in (np.asarray(effects), 0.0)
    )
    return arms_power(p, null, alpha)
