"""What a planner waits for, and what common random numbers are worth to them."""

from __future__ import annotations

import time

from benchmarks.comparison import DRAWS, timing, variance
from benchmarks.table import Row, at_most, reported
from sim.api.plan import plan
from sim.inputs.roster import described_roster
from sim.planning.plan_study import solve

TEAMS, TEAMS_PER_TRUST, PLAN_DRAWS = 200, 10, 100
PACKAGES = (
    "refocus-as-delivered",
    "refocus-boosters",
    "refocus-full",
    "coaching-only",
    "boosters-3-months",
    "boosters-12-months",
)
BUDGET_OF_TEAM, TEAMS_OF_TRAINER = 3000.0, 33
MINUTES = 10.0


def planned(teams: int = TEAMS, draws: int = PLAN_DRAWS) -> list[Row]:
    """Measure a large plan, from the question to its score, and the gap that the solver leaves."""
    question = plan.question(
        PACKAGES,
        budget=BUDGET_OF_TEAM * teams,
        trainers=max(2, teams // TEAMS_OF_TRAINER),
        years=2,
        roster=described_roster(
            trusts=max(1, teams // TEAMS_PER_TRUST),
            teams_per_trust=min(teams, TEAMS_PER_TRUST),
            intervention_share=1.0,
        ),
        draws=draws,
    )
    start, before = time.perf_counter(), time.process_time()
    found = solve(question)
    seconds, worked = time.perf_counter() - start, time.process_time() - before
    starts = max(len(found.offer.starts(one)) for one in range(len(PACKAGES)))
    shape = (
        f"{teams} teams, {len(PACKAGES)} packages, up to {starts} start weeks, {draws} draws, two "
        f"years, {len(found.scores)} plans scored"
    )
    return [
        at_most(
            "A large plan, searched for and scored, two cores",
            worked / 120.0,
            MINUTES,
            f"half the processor time; {shape}; {seconds / 60.0:.1f} minutes by the wall clock",
            "minutes",
        ),
        reported(
            "Its distance from the best plan, at most",
            f"{100.0 * found.gap:.2f}%",
            "the solver's bound, of the value by the search's own estimates; it stops at 0.2%",
        ),
    ]


def measure(quick: bool) -> list[Row]:
    """Return the variance ratio of a scenario difference, and the time of comparison and plan."""
    large = planned(20, 4) if quick else planned()
    return [variance(), timing(4 if quick else DRAWS), *large]
