"""A member of staff: learns, is influenced, intends, acts; comes and goes.

The methods below are the person's week, in order. Subclass `Staff`, override one of them, and pass
the class to `RecoveryModel(agent_classes={"staff": YourStaff})`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.follow import RuleFollower
from sim.events import STAFF_ARRIVED, STAFF_LEFT, STAFF_MOVED_IN
from sim.mechanisms.flow import (
    JUST_LEFT,
    carried_record,
    donor_order,
    employment,
    moves_within_trust,
)
from sim.mechanisms.heterogeneity import (
    has_cross_tie,
    present_at_start,
    staff_start,
    staff_ties,
)
from sim.mechanisms.influence import PeerSum, add_peer, commit_values, pending_values
from sim.mechanisms.practice import behaviour, intent, retention
from sim.mechanisms.readiness import effective_readiness, staff_readiness
from sim.mechanisms.training import attendance, induction, learning
from sim.state import STAFF
from sim.streams import STAFF_EMPLOYMENT, STAFF_MOVE, category, uniforms

if TYPE_CHECKING:
    from sim.agents.team import Team
    from sim.agents.world import World


class Staff(RuleFollower):
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

    model: World
    attended: int
    present: int
    sick: int
    coordinator: int
    generation: int
    weeks_in_post: int
    moved: int
    values: float
    values_usual: float
    interpersonal: float

    def __init__(self, model: World, team: Team, place: int) -> None:
        super().__init__(model, "staff")
        for variable in STAFF:
            setattr(self, variable.name, 0.0 if variable.kind == "real" else 0)
        self.team = team
        team.members.append(self)
        self.place = place
        self.leader = 1 if place == 0 else 0
        first = team.first_coordinator
        self.coordinator = 1 if first <= place < first + team.coordinator_posts else 0
        self.generation = 0
        self.set_key()
        u_present, _, _, _ = uniforms(self.key, STAFF_EMPLOYMENT, 0)
        self.present = present_at_start(u_present, model.p)
        self.follow("begin", staff_start, self.leader, team, team.trust_agent, model.p, self.key)

    def set_key(self) -> None:
        """Give the person in this place a random-number key of their own."""
        team = self.team
        self.key = self.model.key_of(team.key_low, team.key_high, self.place, self.generation)

    def seek_advice(self) -> None:
        """Draw whose advice is sought: colleagues, and now and then another team of the trust."""
        self.follow("begin", staff_ties, self.place, len(self.team.members), self.model.p, self.key)
        self.cross_team = -1
        self.cross_place = -1
        has_tie, u_place = has_cross_tie(self.key, self.model.p)
        if has_tie == 1:
            other = self.other_team(0)
            if other is not None:
                self.cross_team = other.index
                self.cross_place = category(u_place, len(other.members))

    def other_team(self, week: int) -> Team | None:
        """Return the team of the trust that this person's key ranks first, never the own one."""
        best = None
        lowest = 2.0
        for team in self.team.trust_agent.teams:
            if team is not self.team:
                rank = donor_order(self.key, team.key_low, team.key_high, week)
                if rank < lowest:
                    best, lowest = team, rank
        return best

    def come_and_go(self) -> None:
        """Leave the post, fill it as a newcomer, or stay (and perhaps be sick)."""
        model = self.model
        generation = self.generation
        self.follow(
            "come_and_go",
            employment,
            self,
            self.team,
            self.team.action,
            model.p,
            self.key,
            model.week_now,
        )
        if self.weeks_in_post == JUST_LEFT:
            model.note(self.team, STAFF_LEFT, self.place, generation)
        if self.generation != generation:
            self.arrive()

    def arrive(self) -> None:
        """Begin as a newcomer, perhaps from another team of the trust, perhaps with induction."""
        model = self.model
        self.set_key()
        self.follow(
            "arrive", staff_start, self.leader, self.team, self.team.trust_agent, model.p, self.key
        )
        self.weeks_in_post = 0
        u_moves, _, _, _ = uniforms(self.key, STAFF_MOVE, model.week_now)
        if moves_within_trust(u_moves, model.p) == 1:
            donor = self.other_team(model.week_now)
            if donor is not None and donor.leaver_known == 1:
                self.follow("arrive", carried_record, self, donor)
        if self.team.action.induction > 0.0:
            self.follow("arrive", induction, self, self.team.action, model.p)
        kind = STAFF_MOVED_IN if self.moved == 1 else STAFF_ARRIVED
        model.note(self.team, kind, self.place, self.generation)

    def get_ready(self) -> None:
        """Let own readiness follow the team and own values."""
        self.follow("get_ready", staff_readiness, self, self.team, self.team.action, self.model.p)

    def attend(self) -> None:
        """Attend this week's training session, or not."""
        self.follow(
            "attend",
            attendance,
            self,
            self.team,
            self.team.trust_agent,
            self.team.action,
            self.model.p,
            self.key,
            self.model.week_now,
        )

    def learn(self) -> None:
        """Take away what the session taught."""
        self.follow(
            "learn", learning, self, self.team.action, self.model.p, self.key, self.model.week_now
        )

    def hear_colleagues(self) -> None:
        """Let values move towards those of colleagues asked for advice and of the leader."""
        peers = PeerSum(0.0, 0)
        members = self.team.members
        for place in (self.tie_0, self.tie_1, self.tie_2):
            if place >= 0:
                peers = add_peer(peers, members[place])
        if self.cross_team >= 0:
            peers = add_peer(peers, self.model.teams[self.cross_team].members[self.cross_place])
        self.follow(
            "hear_colleagues",
            pending_values,
            self,
            self.team,
            peers,
            self.team.action,
            self.model.p,
        )

    def settle_values(self) -> None:
        """Take over the values that this week's influence left."""
        self.follow("settle_values", commit_values, self)

    def retain(self) -> None:
        """Forget a little, except for what support and practice keep alive."""
        self.follow("retain", retention, self, self.team, self.team.action, self.model.p)

    def intend(self) -> None:
        """Form the intent to use each working practice."""
        self.follow("intend", intent, self, self.team, self.model.p)

    def act(self) -> None:
        """Turn intent into behaviour, as far as competing priorities leave room."""
        ready = effective_readiness(self.team.trust_agent, self.team, self, self.model.p)
        self.follow(
            "act",
            behaviour,
            self,
            self.team,
            self.team.trust_agent,
            self.team.action,
            ready,
            self.model.p,
        )
