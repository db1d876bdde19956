"""A service user: meets the key worker, experiences support, recovers in their own way.

What a person does each week stands in `sim.week`, one method a phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.follow import PersonInTeam
from sim.agents.from_week import behaves
from sim.mechanisms.relationship import knows

if TYPE_CHECKING:
    from sim.agents.staff import Staff
    from sim.agents.team import Team
    from sim.agents.world import World


@behaves("service_user")
class ServiceUser(PersonInTeam):
    """A person in a place on a team's list.

    Parameters
    ----------
    model : World
        The world.
    team : Team
        The team.
    place : int
        Place on the team's list; the first ones are the research sample.
    """

    worker: int

    def __init__(self, model: World, team: Team, place: int) -> None:
        super().__init__(model, "service_user", team, place)
        team.users.append(self)
        self.begin()

    def key_worker(self) -> Staff | None:
        """Return the key worker when there is one in post, the one this user knows, else None."""
        worker = self.team.members[self.worker] if self.worker >= 0 else None
        return worker if worker is not None and knows(self, worker) == 1 else None
