"""A member of staff: learns, is influenced, intends, acts; comes and goes.

What a person does each week stands in `sim.week`, one method a phase. Subclass `Staff`, override
one of them, and pass the class to `RecoveryModel(agent_classes={"staff": YourStaff})`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.follow import PersonInTeam
from sim.agents.from_week import behaves

if TYPE_CHECKING:
    from sim.agents.team import Team
    from sim.agents.world import World


@behaves("staff")
class Staff(PersonInTeam):
    """The holder of a post in a team.

    Parameters
    ----------
    model : World
        The world.
    team : Team
        The team.
    place : int
        The post's place in the team; place 0 leads the team.
    """

    def __init__(self, model: World, team: Team, place: int) -> None:
        super().__init__(model, "staff", team, place)
        team.members.append(self)
        self.begin()
