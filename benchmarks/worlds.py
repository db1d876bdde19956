"""Worlds that the benchmarks run: the trial's teams, and described services of any size."""

from __future__ import annotations

from sim.engines.ensemble import Request
from sim.engines.one_world import OneWorld
from sim.inputs.roster import described_roster, trial_roster
from sim.parameters import defaults, to_record
from sim.population import Layout, lay_out
from sim.runs.request import build_request
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario

SCENARIO = "refocus-as-delivered"


def trial_request(
    replications: int,
    collect: tuple[str, ...] = ("summaries",),
    scenarios: tuple[str, ...] = (SCENARIO,),
    seed: int = 1,
    first_run: int = 0,
) -> Request:
    """Return the trial's 27 teams for a year."""
    return build_request(
        [load_scenario(name) for name in scenarios],
        trial_roster(1),
        weeks=52,
        replications=replications,
        seed=seed,
        collect=collect,
        first_run=first_run,
    )


def service_layout(teams: int, users_per_team: int, weeks: int) -> Layout:
    """Return teams of exactly 20 staff (11 of them coordinators) with the given users each.

    All teams follow the programme, in trusts of at most ten teams.
    """
    per_trust = max(size for size in range(1, 11) if teams % size == 0)
    roster = described_roster(
        trusts=teams // per_trust,
        teams_per_trust=per_trust,
        staff_mean=20.0,
        staff_sd=0.0,
        coordinator_share=0.55,
        users_per_coordinator=max(1.0, users_per_team / 11),
        sampled=1,
        intervention_share=1.0,
    )
    layout = lay_out(roster, expand(load_scenario(SCENARIO), roster, weeks), "full")
    if users_per_team > 0:
        return layout
    layout.teams["users"] = 0
    layout.teams["sampled"] = 0
    layout.teams["user_start"] = 0
    return layout


def world_of(layout: Layout, team_weeks: int = 0) -> OneWorld:
    """Return a world with default parameters; with `team_weeks`, those rows are written."""
    return OneWorld(layout, to_record(defaults())[0], team_weeks=team_weeks)


def run(world: OneWorld, weeks: int) -> OneWorld:
    """Run a world from its beginning, in one call."""
    return world.again(world.p, *world.chance).run_to(weeks)
