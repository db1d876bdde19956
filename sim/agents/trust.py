"""An NHS trust: readiness, resources and the priorities that compete with recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.follow import RuleFollower
from sim.mechanisms.heterogeneity import trust_start
from sim.mechanisms.readiness import to_fixed_point, trust_readiness

if TYPE_CHECKING:
    from sim.agents.team import Team
    from sim.agents.world import World


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
    readiness_usual: float
    readiness: float
    priorities: float

    def __init__(self, model: World, index: int, name: str) -> None:
        super().__init__(model, "trust")
        row = model.layout.trusts[index]
        self.index = index
        self.name = name
        self.key_low = int(row["key_low"])
        self.key_high = int(row["key_high"])
        self.teams: list[Team] = []
        self.key = model.key_of(self.key_low, self.key_high, 0, 0)
        self.follow("begin", trust_start, model.p, self.key)

    def show_commitment(self) -> None:
        """Let readiness follow the organisational commitment that is visible in the trust."""
        total = sum(to_fixed_point(team.action.organisation) for team in self.teams)
        self.follow("show_commitment", trust_readiness, self, total, len(self.teams), self.model.p)
