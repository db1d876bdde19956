"""Worlds that the benchmarks run: the trial's teams, and described services of any size."""

from __future__ import annotations

import numpy as np

from sim.engines import compiled
from sim.engines.ensemble import Request
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


class World:
    """State arrays of one world on the compiled week, with default parameters."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.p = to_record(defaults())[0]
        self.trusts = np.zeros(len(layout.trusts), compiled.TRUST_DTYPE)
        self.teams = np.zeros(len(layout.teams), compiled.TEAM_DTYPE)
        self.posts = compiled.empty_posts(layout)
        self.users = np.zeros(layout.users, compiled.USER_DTYPE)

    def run(self, weeks: int, observed: bool = False) -> None:
        """Run the world from its beginning, in one call.

        With `observed`, every team's row of the team-week table is written every week.
        """
        layout = self.layout
        rows = weeks + 1 if observed else 0
        compiled.run_world(
            self.trusts,
            self.teams,
            self.posts,
            self.users,
            layout.trusts,
            layout.teams,
            layout.actions,
            layout.selection_mode,
            layout.selection_value,
            layout.selection_reliability,
            self.p,
            1,
            0,
            0,
            weeks,
            np.zeros(0, np.int64),
            np.zeros((0, layout.users), compiled.SCORES_DTYPE),
            np.zeros((0, layout.users, 6), np.int64),
            int(observed),
            np.zeros((rows, len(layout.teams)), compiled.TEAM_WEEK_DTYPE),
            np.zeros(0, compiled.EVENT_DTYPE),
            np.zeros(1, np.int64),
            np.zeros((0, layout.staff), compiled.STAFF_ROW_DTYPE),
        )
