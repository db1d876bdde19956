"""A community mental health team: its leader, norms, readiness and training record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.agents.follow import RuleFollower
from sim.agents.from_week import behaves

if TYPE_CHECKING:
    from sim.agents.service_user import ServiceUser
    from sim.agents.staff import Staff
    from sim.agents.trust import Trust
    from sim.agents.world import World


@behaves("team")
class Team(RuleFollower):
    """A team, its members in the order of places, and its service users.

    Parameters
    ----------
    model : World
        The world.
    index : int
        Row of the team in the layout.
    trust : Trust
        The trust it belongs to.
    """

    model: World
    action: Any

    def __init__(self, model: World, index: int, trust: Trust) -> None:
        super().__init__(model, "team")
        self.row = model.team_rows[index]
        self.index = index
        self.name = model.layout.team_names[index]
        self.arm = model.layout.arms[index]
        self.type_name = model.layout.team_types[index]
        self.trust_agent = trust
        trust.teams.append(self)
        self.members: list[Staff] = []
        self.users: list[ServiceUser] = []
        self.key = model.key_of(self.row.key_low, self.row.key_high, 0, 0)
        self.action = model.usual_action
        self.begin()

    def look_at_calendar(self) -> None:
        """Find out what the scenario does in this team this week."""
        self.action = self.model.action_for(self)
