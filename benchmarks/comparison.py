"""How long a comparison of ten scenarios takes, and what common random numbers are worth.

Run from the project's folder: ``python -m benchmarks.comparison``. Ten scenarios and usual care on
the trial's teams for a year, 200 draws of the posterior x 10 replications.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.table import Row, at_least, at_most, markdown
from sim.inputs.roster import trial_roster
from sim.planning.comparison import Question, compare, with_base
from sim.planning.outcomes import QPR
from sim.posterior.choose import chosen_draws
from sim.runs.pieces import Progress
from sim.scenarios.library import load_scenario, scenario_names

BASE = "usual-care"
FIRST = ("refocus-as-delivered", "refocus-full", "refocus-boosters", "coaching-only")
SCENARIOS, DRAWS, REPLICATIONS = 10, 200, 10
AIM_SECONDS, AIM_RATIO = 120.0, 10.0


def question(names: tuple[str, ...], draws: int, replications: int, seed: int = 1) -> Question:
    """Return a comparison of scenarios with usual care on the trial's teams."""
    return Question(
        scenarios=with_base([load_scenario(name) for name in names], load_scenario(BASE)),
        base=BASE,
        roster=trial_roster(1),
        chosen=chosen_draws(draws),
        replications=replications,
        seed=seed,
    )


def ten_scenarios() -> tuple[str, ...]:
    """Return ten scenarios of the library: the common ones, then others in their order."""
    others = [name for name in scenario_names() if name not in (*FIRST, BASE)]
    chosen = [*FIRST, *(name for name in others if load_scenario(name).who.teams != "none")]
    return tuple(chosen[:SCENARIOS])


def shown(progress: Progress) -> None:
    """Show progress, a line for every tenth."""
    tenth = max(1, progress.total // 10)
    if progress.done > 0 and progress.done % tenth < 10:
        text = f"{progress.done} of {progress.total} worlds, {progress.seconds_left:.0f} s left"
        print(text, file=sys.stderr)


def timing(draws: int = DRAWS) -> Row:
    """Measure the comparison that a planner waits for.

    Half of the processor time is what two free cores would take, whatever else the machine does.
    """
    names = ten_scenarios()
    compare(question(names[:1], 2, 2))
    start, before = time.perf_counter(), time.process_time()
    compare(question(names, draws, REPLICATIONS), on_progress=shown)
    seconds, worked = time.perf_counter() - start, time.process_time() - before
    worlds = (len(names) + 1) * draws * REPLICATIONS
    return at_most(
        f"{len(names)} scenarios x {draws} draws x {REPLICATIONS} replications, two cores",
        worked / 2.0,
        AIM_SECONDS * draws / DRAWS,
        f"half the processor time of {worlds:,} worlds (base included, 27 teams, 52 weeks); "
        f"{seconds:.0f} s by the wall clock",
        "s",
    )


def variance() -> Row:
    """Measure the variance of a scenario difference on common and on independent chance."""
    one = question(FIRST[:1], 40, 10)
    common = compare(one).difference(FIRST[0], QPR)
    apart = compare(replace(one, seed=2)).level(FIRST[0], QPR) - compare(one).level(BASE, QPR)
    paired, independent = (float(np.mean(values.var(axis=1, ddof=1))) for values in (common, apart))
    return at_least(
        "variance of the QPR difference, independent / common chance",
        independent / paired,
        AIM_RATIO,
        f"{independent:.3f} and {paired:.5f} points squared within a draw, {FIRST[0]}",
    )


if __name__ == "__main__":
    print(markdown([variance(), timing()]))
