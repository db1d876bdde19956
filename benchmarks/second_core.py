"""What a second core adds: one thread beside two, by the wall clock."""

from __future__ import annotations

import time

from benchmarks import machine
from benchmarks.table import Row, at_least
from benchmarks.timing import median_seconds_in_turns
from benchmarks.worlds import trial_request
from sim.runs.simulate import simulate


def measure(quick: bool) -> list[Row]:
    """Return the efficiency of the second core: time on one over twice the time on two."""
    load = machine.load()
    replications, rounds = (60, 1) if quick else (300, 7)
    request = trial_request(replications)
    taken = median_seconds_in_turns(
        {
            "one": lambda: simulate(request, workers=1) and None,
            "two": lambda: simulate(request, workers=2) and None,
        },
        rounds,
        time.perf_counter,
    )
    efficiency = taken["one"] / (2.0 * taken["two"])
    row = at_least(
        "Efficiency of the second core",
        efficiency,
        0.8,
        f"{taken['one']:.2f} s on one thread, {taken['two']:.2f} s on two; {replications} "
        f"replications of the trial with summaries; load average {load:.1f} before"
        + ("" if machine.quiet(load) else ", so the machine was not quiet"),
        "",
    )
    if machine.cores() < 2:
        return [row._replace(result="not measured", met=None, detail="there is one core only")]
    return [row]
