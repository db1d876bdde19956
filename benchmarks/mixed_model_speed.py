"""How long one mixed model takes: compiled, general, and with statsmodels if it is installed.

The trial has 27 teams of 15 people and four columns. Run from the project's folder:
``python benchmarks/mixed_model_speed.py``.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable

import numpy as np

from sim.trials.cell_sums import RandomEffect
from sim.trials.mixed_model import fit_mixed_model
from sim.trials.random_intercept_compiled import fit_random_intercept_batch

TEAMS, PEOPLE, TRIALS = 27, 15, 20_000


def trials() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return teams, columns and outcomes of many trials."""
    rng = np.random.default_rng(1)
    team = np.repeat(np.arange(TEAMS), PEOPLE)
    n = team.size
    columns = np.empty((TRIALS, n, 4))
    columns[..., 0] = 1.0
    columns[..., 1] = team < 14
    columns[..., 2] = rng.normal(40, 10, (TRIALS, n))
    columns[..., 3] = team % 2
    noise = 2 * rng.normal(size=(TRIALS, TEAMS))[:, team] + 8 * rng.normal(size=(TRIALS, n))
    return team, columns, 15 + 0.6 * columns[..., 2] + noise


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of an action."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Print fits per second of each way."""
    team, columns, outcomes = trials()
    fit_random_intercept_batch(team, columns[:2], outcomes[:2], 1)
    one = seconds(lambda: fit_random_intercept_batch(team, columns, outcomes, 1), 3) / TRIALS
    print(f"compiled, with Satterthwaite and Kenward-Roger  {1 / one:9.0f} fits a second")
    gaps = np.where(np.random.default_rng(2).random(outcomes.shape) < 0.25, np.nan, outcomes)
    one = seconds(lambda: fit_random_intercept_batch(team, columns, gaps, 1), 3) / TRIALS
    print(f"the same, a quarter of outcomes missing         {1 / one:9.0f} fits a second")
    effect = [RandomEffect("team", team)]
    one = seconds(lambda: fit_mixed_model(columns[0], outcomes[0], effect), 20)
    print(f"general, all coefficients                       {1 / one:9.0f} fits a second")
    if importlib.util.find_spec("statsmodels") is None:
        print("statsmodels is not installed")
        return
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = seconds(lambda: MixedLM(outcomes[0], columns[0], groups=team).fit(reml=True), 5)
    print(f"statsmodels MixedLM, z test only                {1 / one:9.0f} fits a second")


if __name__ == "__main__":
    main()
