"""Simulated REFOCUS trials, analysed: how long a thousand of them take."""

from __future__ import annotations

import time

from benchmarks import machine
from benchmarks.table import Row, figure
from sim.posterior.choose import chosen_draws
from sim.trials.studies.replication import simulate_refocus

IN_SECONDS = 60.0


def measure(quick: bool) -> list[Row]:
    """Return seconds of 1,000 trials, from people to Kenward and Roger's p."""
    trials = 40 if quick else 1000
    workers = min(2, machine.cores())
    draws = chosen_draws(min(trials, 500)).draws
    simulate_refocus(draws, 8, workers=workers)
    start, before = time.perf_counter(), time.process_time()
    found = simulate_refocus(draws, trials, workers=workers)
    taken, worked = time.perf_counter() - start, time.process_time() - before
    return [
        Row(
            f"{trials:,} REFOCUS trials simulated and analysed",
            figure(taken, "s"),
            "seconds",
            taken < IN_SECONDS,
            f"{workers} threads, by the wall clock; {worked:.1f} s of processor time; "
            f"{int(found['difference'].notna().sum()):,} with an adjusted difference",
        )
    ]
