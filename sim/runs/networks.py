"""The ties of a week as a graph of networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.runs.result_tables import held_name

if TYPE_CHECKING:
    import pandas as pd


def network(
    ties: pd.DataFrame,
    week: int,
    scenario: str | None,
    draw: int,
    replication: int,
    team: str | None,
) -> Any:
    """Return the ties that hold in a week; see `Results.network`."""
    import networkx

    scenario = held_name("scenario", scenario or str(ties["scenario"].iloc[0]), ties["scenario"])
    chosen = ties[
        (ties["scenario"] == scenario)
        & (ties["draw"] == draw)
        & (ties["replication"] == replication)
    ]
    if chosen.empty:
        raise InputError(f"draw = {draw}, replication = {replication}: no such run")
    if not 0 <= week <= chosen["last_week"].max():
        raise InputError(f"week = {week}: must be 0 to {chosen['last_week'].max()}")
    chosen = chosen[(chosen["first_week"] <= week) & (week <= chosen["last_week"])]
    if team is not None:
        chosen = chosen[chosen["team"] == held_name("team", team, ties["team"])]
    graph = networkx.MultiDiGraph(scenario=scenario, week=week)
    for row in chosen.itertuples():
        graph.add_node(row.person, team=row.team, place=row.place, generation=row.generation)
        graph.add_node(
            row.other, team=row.other_team, place=row.other_place, generation=row.other_generation
        )
        graph.add_edge(row.person, row.other, kind=row.kind, since=row.first_week)
    return graph
