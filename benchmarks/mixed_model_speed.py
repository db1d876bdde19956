"""How long one mixed model takes: compiled, general, and with statsmodels if it is installed.

The trial has 27 teams of 15 people and four columns.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.table import Row, at_least, reported
from benchmarks.timing import median_seconds_in_turns
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

TEAMS, PEOPLE = 27, 15
# How many fits each way makes in one round, so that a round of each takes about as long.
BATCH, GENERAL, SLOW = 4000, 20, 2
MISSING = 0.25


def trials(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return teams, columns and outcomes of many trials."""
    rng = np.random.default_rng(1)
    team = np.repeat(np.arange(TEAMS), PEOPLE)
    n = team.size
    columns = np.empty((count, n, 4))
    columns[..., 0] = 1.0
    columns[..., 1] = team < 14
    columns[..., 2] = rng.normal(40, 10, (count, n))
    columns[..., 3] = team % 2
    noise = 2 * rng.normal(size=(count, TEAMS))[:, team] + 8 * rng.normal(size=(count, n))
    return team, columns, 15 + 0.6 * columns[..., 2] + noise


def statsmodels_fit(y: np.ndarray, columns: np.ndarray, team: np.ndarray) -> float:
    """Return the arm's coefficient by statsmodels, REML."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(MixedLM(y, columns, groups=team).fit(reml=True).params[1])


def measure(quick: bool) -> list[Row]:
    """Return fits a second, beside statsmodels on the same data."""
    batch, rounds = (400, 1) if quick else (BATCH, 5)
    team, columns, outcomes = trials(batch)
    gaps = np.where(np.random.default_rng(2).random(outcomes.shape) < MISSING, np.nan, outcomes)
    effect = [RandomEffect("team", team)]

    def general() -> None:
        for trial in range(GENERAL):
            fit_mixed_model(columns[trial], outcomes[trial], effect)

    def slow() -> None:
        for trial in range(SLOW):
            statsmodels_fit(outcomes[trial], columns[trial], team)

    works: dict[str, Callable[[], object]] = {
        "compiled": lambda: fit_random_intercept_batch(team, columns, outcomes, 1),
        "gaps": lambda: fit_random_intercept_batch(team, columns, gaps, 1),
        "general": general,
    }
    installed = importlib.util.find_spec("statsmodels") is not None
    if installed:
        works["statsmodels"] = slow
    taken = median_seconds_in_turns(works, rounds)
    compiled = taken["compiled"] / batch
    what = "Mixed model fits over statsmodels MixedLM"
    detail = (
        f"{1.0 / compiled:,.0f} fits a second with Satterthwaite and Kenward-Roger "
        f"({batch / taken['gaps']:,.0f} with a quarter missing, {GENERAL / taken['general']:,.0f} "
        f"by the general fitter); {TEAMS} teams of {PEOPLE}, one core"
    )
    if not installed:
        return [reported(what, "not measured", f"statsmodels is not installed; {detail}")]
    theirs = taken["statsmodels"] / SLOW
    return [
        at_least(
            what, theirs / compiled, 1000.0, f"{1.0 / theirs:.1f} fits a second against {detail}"
        )
    ]
