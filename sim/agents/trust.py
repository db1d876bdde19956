"""An NHS trust: readiness, resources and the priorities that compete with recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.follow import RuleFollower
from sim.agents.from_week import behaves

if TYPE_CHECKING:
    from sim.agents.team import Team
    from sim.agents.world import World


@behaves("trust")
class Trust(RuleFollower):
    """A trust and its teams.

    Parameters
    ----------
    model : World
        The world.
    index : int
        Row of the trust in the layout.
    name : str
        Name for tables.
    """

    model: World

    def __init__(self, model: World, index: int, name: str) -> None:
        super().__init__(model, "trust")
        self.row = model.trust_rows[index]
        self.index = index
        self.name = name
        self.teams: list[Team] = []
        self.key = model.key_of(self.row.key_low, self.row.key_high, 0, 0)
        self.begin()
