"""The part of a service that one team depends on: enough to watch it, to the last bit.

Draws are keyed by who somebody is, so that leaving others out moves nothing. Teams of other trusts
reach a team through nothing but who takes part and when, and that the compiled week says. Of the
teams of its own trust only the staff do, by advice and moves; service users reach nobody but those
who meet them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.mechanisms.selection import START_FIXED
from sim.parameters import ParameterSet, to_record
from sim.population import Layout


def around(layout: Layout, team: str, p: ParameterSet, seed: int, replication: int) -> Layout:
    """Return a layout in which a team does what it does in the whole service.

    Parameters
    ----------
    layout : Layout
        The whole service.
    team : str
        Name of the team.
    p : ParameterSet
        Parameters of the world.
    seed, replication : int
        Key of the world.

    Returns
    -------
    Layout
        The teams of its trust, the others without service users; who takes part, and from when, is
        settled.
    """
    rows = layout.teams.copy()
    own = layout.team_names.index(team)
    if layout.selection_mode != 0 or (rows["order"] != START_FIXED).any():
        begun = teams_at_the_start(layout, p, seed, replication)
        rows["programme"], rows["start_week"] = begun["programme"], begun["start_week"]
        rows["order"] = START_FIXED
    for name in ("users", "sampled"):
        rows[name][np.arange(len(rows)) != own] = 0
    trust = int(rows["trust"][own])
    kept = np.flatnonzero(rows["trust"] == trust)
    rows = rows[kept]
    rows["trust"] = 0
    for start, count in (("staff_start", "staff"), ("user_start", "users")):
        rows[start] = np.cumsum(rows[count]) - rows[count]
    return replace(
        layout,
        trusts=layout.trusts[[trust]],
        teams=rows,
        selection_mode=0,
        trust_names=(layout.trust_names[trust],),
        team_names=tuple(layout.team_names[one] for one in kept),
        team_types=tuple(layout.team_types[one] for one in kept),
        arms=tuple(layout.arms[one] for one in kept),
    )


def teams_at_the_start(layout: Layout, p: ParameterSet, seed: int, replication: int) -> np.ndarray:
    """Return the teams of a world before its first week, as the compiled week begins it."""
    from sim.engines.one_world import OneWorld

    return OneWorld(layout, to_record(p)[0], seed, replication).run_to(0).teams
