"""Who acts: trusts, teams, staff and service users as Mesa agents, one short method per phase."""

from sim.agents.service_user import ServiceUser
from sim.agents.staff import Staff
from sim.agents.team import Team
from sim.agents.trust import Trust

__all__ = ["ServiceUser", "Staff", "Team", "Trust"]
