"""What agents need of the world they live in.

`sim.engines.mesa_model.RecoveryModel` is such a world; naming the need here keeps the agents
from importing it.
"""

from __future__ import annotations

from typing import Any, Protocol


class World(Protocol):
    """A model in which trusts, teams, staff and service users live."""

    layout: Any  # Roster and scenario, laid out
    p: Any  # Parameters
    week_now: int  # The week that is running
    usual_action: Any  # What usual care does: nothing
    teams: list[Any]  # Teams in the order of the layout
    # Rows of the layout, read by attribute.
    trust_rows: list[Any]
    team_rows: list[Any]

    def key_of(
        self, low: int, high: int, place: int, generation: int
    ) -> tuple[int, int, int, int, int, int]:
        """Return the random-number key of a place and generation."""

    def action_for(self, team: Any) -> Any:
        """Return what the scenario does in a team this week."""

    def note(self, team: Any, kind: int, place: int, generation: int) -> None:
        """Add a row to the table of events."""
