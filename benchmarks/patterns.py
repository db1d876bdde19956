"""The trial's patterns over many simulated trials: what they are, and how long that takes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import machine
from benchmarks.table import Row, figure
from calibration.sampling.runs import thread_space
from sim.parameters import resolve, to_record
from sim.posterior.choose import chosen_draws
from sim.trials.studies.refocus_figures import AT
from sim.trials.studies.refocus_trial import refocus_design, simulate_trial

PEOPLE = 403
IN_SECONDS = 60.0


def simulated(trials: int, workers: int) -> np.ndarray:
    """Return the figures of simulated trials, each with a draw of the posterior."""
    draws = to_record([resolve(one) for one in chosen_draws(min(trials, 500)).draws])
    design = refocus_design(1)

    def one(number: int) -> np.ndarray:
        return simulate_trial(design, draws[number % len(draws)], number, False, thread_space())

    with ThreadPoolExecutor(workers) as pool:
        return np.array(list(pool.map(one, range(trials))))


def row(what: str, values: np.ndarray, published: float, unit: str) -> Row:
    """Return a pattern: mean over trials, their middle 95%, and whether the trial lies in it."""
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, (0.025, 0.975))
    error = known.std(ddof=1) / np.sqrt(len(known))
    return Row(
        what,
        f"{known.mean():.2f} ({low:.2f} to {high:.2f})",
        f"trial's {published:g} inside",
        bool(low <= published <= high),
        f"{unit}: mean and middle 95% of {len(known):,} simulated trials; Monte Carlo SE of the "
        f"mean {error:.3f}",
    )


def measure(quick: bool) -> list[Row]:
    """Return the patterns over 1,000 simulated trials and the time for all of them."""
    trials = 50 if quick else 1000
    workers = min(2, machine.cores())
    simulated(2, 1)
    start, before = time.perf_counter(), time.process_time()
    found = simulated(trials, workers)
    taken, worked = time.perf_counter() - start, time.process_time() - before
    retention = PEOPLE / (1.0 + np.exp(-found[:, AT.logit_retention]))
    contrast = found[:, AT.participation]
    contrast = contrast[np.isfinite(contrast)]
    higher = float((contrast > 0.0).mean())
    share_error = float(np.sqrt(higher * (1.0 - higher) / len(contrast)))
    return [
        row("P1: control QPR at a year", found[:, AT.control_mean], 40.0, "points, 0-60"),
        row("P1: its SD", np.exp(found[:, AT.log_sd]), 10.15, "points, both arms"),
        row("P2: adjusted QPR difference", found[:, AT.difference], 0.68, "points"),
        row("P2: its standard error", np.exp(found[:, AT.log_se]), 1.22, "points"),
        row("P6: followed up at a year", retention, 297.0, f"people of {PEOPLE}"),
        Row(
            "P4: high less low participation, Interpersonal",
            figure(float(contrast.mean()), "points"),
            "above 0",
            bool(contrast.mean() > 0.0),
            f"mean of {len(contrast):,} trials, all of them, selected by no p; above 0 in "
            f"{100 * higher:.0f}% (Monte Carlo SE {100 * share_error:.1f})",
        ),
        Row(
            f"P1, P2, P4 and P6 over {trials:,} simulated trials",
            figure(taken, "s"),
            "seconds",
            taken < IN_SECONDS,
            f"{workers} threads, by the wall clock, mixed models included; "
            f"{worked:.1f} s of processor time",
        ),
    ]
