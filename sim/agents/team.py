"""A community mental health team: its leader, norms, readiness and training record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.agents.follow import RuleFollower
from sim.events import SESSION_CANCELLED, SESSION_HELD
from sim.mechanisms.flow import JUST_LEFT, leaver_record
from sim.mechanisms.heterogeneity import team_start
from sim.mechanisms.influence import (
    add_member,
    no_sums,
    partnership_project,
    team_climate,
)
from sim.mechanisms.readiness import team_readiness
from sim.mechanisms.training import (
    add_trained,
    curriculum,
    no_training,
    team_session,
    training_record,
)
from sim.state import TEAM

if TYPE_CHECKING:
    from sim.agents.service_user import ServiceUser
    from sim.agents.staff import Staff
    from sim.agents.trust import Trust
    from sim.agents.world import World


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
    type_effect : float
        Shared deviation of the users of its type, in standard deviations of recovery.
    """

    model: World
    action: Any
    session_held: int

    def __init__(self, model: World, index: int, trust: Trust, type_effect: float) -> None:
        super().__init__(model, "team")
        for variable in TEAM:
            setattr(self, variable.name, 0.0 if variable.kind == "real" else 0)
        row = model.layout.teams[index]
        self.index = index
        self.name = model.layout.team_names[index]
        self.arm = model.layout.arms[index]
        self.type_name = model.layout.team_types[index]
        self.trust_agent = trust
        trust.teams.append(self)
        self.members: list[Staff] = []
        self.users: list[ServiceUser] = []
        self.key_low = int(row["key_low"])
        self.key_high = int(row["key_high"])
        self.trust = int(row["trust"])
        self.team_type = int(row["team_type"])
        self.programme = int(row["programme"])
        self.start_week = int(row["start_week"])
        self.caseload_total = float(row["caseload_total"])
        self.coordinator_posts = int(row["coordinators"])
        self.first_coordinator = int(row["first_coordinator"])
        self.turnover_multiplier = float(row["turnover_multiplier"])
        self.key = model.key_of(self.key_low, self.key_high, 0, 0)
        self.action = model.usual_action
        self.follow(
            "begin",
            team_start,
            float(row["readiness_given"]),
            int(row["reflects_given"]),
            trust.readiness_usual - model.p.trust_readiness_mean,
            type_effect,
            model.p,
            self.key,
        )

    def look_at_calendar(self) -> None:
        """Find out what the scenario does in this team this week."""
        self.action = self.model.action_for(self)

    def remember_leaver(self) -> None:
        """Keep what the last person who left this week would carry to another team."""
        for member in self.members:
            if member.present == 0 and member.weeks_in_post == JUST_LEFT:
                self.follow("remember_leaver", leaver_record, member)

    def take_stock(self) -> None:
        """Count who is there, and let norms follow what members value and do."""
        sums = no_sums()
        for member in self.members:
            sums = add_member(sums, member)
        p = self.model.p
        self.follow("take_stock", team_climate, self, sums, self.members[0], self.action, p)
        self.follow("take_stock", partnership_project, self, self.action, p)

    def get_ready(self) -> None:
        """Let team readiness and leader support respond."""
        self.follow("get_ready", team_readiness, self, self.trust_agent, self.action, self.model.p)

    def hold_session(self) -> None:
        """Decide whether the session in the calendar goes ahead."""
        self.follow(
            "hold_session",
            team_session,
            self,
            self.trust_agent,
            self.action,
            self.model.p,
            self.key,
            self.model.week_now,
        )
        if self.session_held == 1:
            self.model.note(self, SESSION_HELD, -1, -1)
        elif curriculum(self.action) > 0.0:
            self.model.note(self, SESSION_CANCELLED, -1, -1)

    def record_training(self) -> None:
        """Add this week's attendance to the team's training record."""
        sums = no_training()
        for member in self.members:
            sums = add_trained(sums, member, self.action, self.model.p)
        self.follow("record_training", training_record, self, sums)

    def coordinator(self, choice: int) -> Staff:
        """Return the `choice`-th filled coordinator post, in the order of places."""
        filled = [one for one in self.members if one.coordinator == 1 and one.present == 1]
        return filled[choice]
