"""Whether cost grows in proportion to agents, weeks and replications."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import seconds
from benchmarks.worlds import run, service_layout, world_of
from sim.engines.ensemble import Request, cut, run_chunk
from sim.inputs.roster import described_roster
from sim.inputs.roster.team import LARGEST_ROSTER
from sim.runs.request import build_request
from sim.scenarios.library import load_scenario

USERS_PER_TEAM = 10
AGENTS_PER_TEAM = 20 + USERS_PER_TEAM
LOWEST, HIGHEST = 0.9, 1.1
SHORTEST = 0.3


def slope(sizes: Sequence[int], taken: Sequence[float]) -> float:
    """Return the slope of log time on log size: 1 where cost is proportional."""
    return float(np.polyfit(np.log(sizes), np.log(taken), 1)[0])


def best(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return the median of repeats, as many as fit into a third of a second, 3 to 9 of them.

    Works that take longer than that are done once: nothing of a moment can spoil them.
    """
    first = seconds(work, clock)
    if first > SHORTEST:
        return first
    rounds = max(3, min(9, int(SHORTEST / max(first, 1e-6))))
    return float(np.median([first, *(seconds(work, clock) for _ in range(rounds))]))


def by_agents(teams: Sequence[int], weeks: int) -> list[float]:
    """Return seconds of a world with each number of teams."""
    taken: list[float] = []
    for number in teams:
        world = world_of(service_layout(number, USERS_PER_TEAM, weeks))
        run(world, 1)
        taken.append(best(partial(run, world, weeks), time.thread_time))
    return taken


def by_weeks(weeks: Sequence[int]) -> list[float]:
    """Return seconds of a world of two teams over each number of weeks, without making people."""
    world = world_of(service_layout(2, USERS_PER_TEAM, max(weeks)))
    run(world, 1)
    begin = best(lambda: run(world, 0), time.thread_time)
    return [best(partial(run, world, one), time.thread_time) - begin for one in weeks]


def run_all(request: Request) -> None:
    """Run all chunks of a request here, one after the other."""
    for chunk in cut(request):
        run_chunk(request, chunk)


def by_replications(replications: Sequence[int]) -> list[float]:
    """Return seconds of each number of replications of a small world, with its summaries."""
    roster = described_roster(trusts=1, teams_per_trust=2, staff_mean=10.0, staff_sd=0.0)
    taken: list[float] = []
    for number in replications:
        request = build_request(
            [load_scenario("refocus-as-delivered")],
            roster,
            weeks=26,
            replications=number,
            collect=("summaries",),
        )

        if not taken:
            run_all(request)
        taken.append(best(partial(run_all, request), time.thread_time))
    return taken


def row(what: str, sizes: Sequence[int], taken: Sequence[float], each: str) -> Row:
    """Return the row of one kind of size."""
    value = slope(sizes, taken)
    decades = np.log10(sizes[-1] / sizes[0])
    return Row(
        f"Cost by {what}: slope on log scales",
        f"{value:.3f}",
        f"{LOWEST} to {HIGHEST}",
        LOWEST <= value <= HIGHEST,
        f"{sizes[0]:,} to {sizes[-1]:,} {what} ({decades:.1f} decades); {each} "
        f"{1e6 * taken[0] / sizes[0]:.3g} microseconds in the smallest, "
        f"{1e6 * taken[-1] / sizes[-1]:.3g} in the largest",
    )


def measure(quick: bool) -> list[Row]:
    """Return the slopes."""
    steps = 3 if quick else 5
    teams = [min(10**power, LARGEST_ROSTER) for power in range(steps)]
    weeks = [5 * 10**power for power in range(steps)]
    replications = [10**power for power in range(steps)]
    return [
        row("agents", [AGENTS_PER_TEAM * one for one in teams], by_agents(teams, 26), "each"),
        row("weeks", weeks, by_weeks(weeks), "each"),
        row("replications", replications, by_replications(replications), "each"),
    ]
