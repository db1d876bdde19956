"""One week of one team with every rule in sight: the compiled record, gone on with on Mesa.

The compiled week records every state; which rule read what only agents can tell. So the world is
run to the week before on the compiled week, and that one week on Mesa, with the part of the service
that the team depends on: to the last bit.

Draws are keyed by who somebody is, so that leaving others out moves nothing. Teams of other trusts
reach a team through nothing but who takes part and when, and that the compiled week says. Of the
teams of its own trust only the staff do, by advice and moves; service users reach nobody but those
who meet them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.mechanisms.selection import START_FIXED
from sim.parameters import ParameterSet, to_record
from sim.population import Layout

if TYPE_CHECKING:
    from sim.agents.team import Team
    from sim.engines.mesa_model import RecoveryModel
    from sim.engines.one_world import OneWorld


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


def watched_week(
    layout: Layout, team: str, p: ParameterSet, seed: int, replication: int, week: int
) -> Team:
    """Return a team after a week in which it and its people noted every rule they followed.

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
    week : int
        The week, from 1.
    """
    from sim.engines.mesa_model import RecoveryModel
    from sim.engines.one_world import OneWorld

    part = around(layout, team, p, seed, replication)
    world = OneWorld(part, to_record(p)[0], seed, replication).run_to(week - 1)
    model = RecoveryModel(part, p, seed, replication)
    try:
        go_on_from(model, world)
        own: Team = model.teams[part.team_names.index(team)]
        for one in (own, *own.members, *own.users):
            one.watched = True
        model.step()
    finally:
        model.release()
    return own


def go_on_from(model: RecoveryModel, world: OneWorld) -> None:
    """Let a Mesa model of the same layout stand where a world on the compiled week stands."""
    from sim.engines.posts import read_posts

    model.week_now = world.week
    everybody = (
        (model.trusts, world.trusts),
        (model.teams, world.teams),
        (model.staff, read_posts(world.posts, world.layout)),
        (model.service_users, world.users),
    )
    for agents, rows in everybody:
        for agent, row in zip(agents, rows.tolist(), strict=True):
            vars(agent).update(zip(rows.dtype.names or (), row, strict=True))
    for person in (*model.staff, *model.service_users):
        person.new_key()


def teams_at_the_start(layout: Layout, p: ParameterSet, seed: int, replication: int) -> np.ndarray:
    """Return the teams of a world before its first week, as the compiled week begins it."""
    from sim.engines.one_world import OneWorld

    return OneWorld(layout, to_record(p)[0], seed, replication).run_to(0).teams
