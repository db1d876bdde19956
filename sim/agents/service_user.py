"""A service user: meets the key worker, experiences support, recovers in their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.follow import RuleFollower
from sim.events import (
    GOAL_REACHED,
    LOST_TO_RESEARCH,
    USER_DISCHARGED,
    USER_REFERRED,
    WORKER_CHANGED,
)
from sim.mechanisms.flow import (
    NEW_PERSON_IN_POST,
    NEW_REFERRAL,
    NEW_WORKER,
    service_flow,
    service_outcome,
)
from sim.mechanisms.heterogeneity import user_experience, user_recovery, user_start
from sim.mechanisms.recovery import recovery, recovery_mean, stage_after_week
from sim.mechanisms.relationship import contact, no_contact
from sim.state import SERVICE_USER

if TYPE_CHECKING:
    from sim.agents.staff import Staff
    from sim.agents.team import Team
    from sim.agents.world import World


class ServiceUser(RuleFollower):
    """A person in a place on a team's list.

    Parameters
    ----------
    model : World
        The world.
    team : Team
        The team.
    place : int
        Place on the team's list; the first ones are the research sample.
    sampled : int
        1 when drawn for the research sample.
    share_black : float
        Share of black service users in the team.
    """

    model: World
    worker: int
    worker_generation: int
    worker_changes: int
    in_service: int
    in_research: int
    goals_reached: int

    def __init__(
        self, model: World, team: Team, place: int, sampled: int, share_black: float
    ) -> None:
        super().__init__(model, "service_user")
        for variable in SERVICE_USER:
            setattr(self, variable.name, 0.0 if variable.kind == "real" else 0)
        self.team = team
        team.users.append(self)
        self.place = place
        self.generation = 0
        self.arrival_week = model.week_now
        self.sampled = sampled
        self.share_black = share_black
        self.begin()

    def begin(self) -> None:
        """Begin on the team's list: with a key worker, experience so far, and own recovery."""
        model, team = self.model, self.team
        self.key = model.key_of(team.key_low, team.key_high, self.place, self.generation)
        self.worker = team.first_coordinator + self.place % team.coordinator_posts
        worker = team.members[self.worker]
        self.worker_generation = worker.generation
        self.follow(
            "begin", user_start, worker, team, self.share_black, self.sampled, model.p, self.key
        )
        self.follow("begin", user_experience, self, worker, team, model.p)
        self.follow("begin", user_recovery, self, team, team.action, model.p, self.key)

    def key_worker(self) -> Staff | None:
        """Return the key worker when there is one in post, the one this user knows, else None."""
        if self.worker < 0:
            return None
        worker = self.team.members[self.worker]
        if worker.present == 1 and worker.generation == self.worker_generation:
            return worker
        return None

    def meet_worker(self) -> None:
        """Meet the key worker, or miss them."""
        model, team = self.model, self.team
        worker = self.key_worker()
        reached = self.goals_reached
        if worker is None or worker.sick == 1:
            self.follow("meet_worker", no_contact, self, team.action, model.p)
            return
        self.follow(
            "meet_worker",
            contact,
            self,
            worker,
            team,
            team.action,
            model.p,
            self.key,
            model.week_now,
        )
        if self.goals_reached > reached:
            model.note(team, GOAL_REACHED, self.place, self.generation)

    def recover(self) -> None:
        """Let recovery, health and quality of life move."""
        model = self.model
        self.follow(
            "recover",
            recovery,
            self,
            self.team,
            self.team.action,
            model.p,
            self.key,
            model.week_now,
        )

    def move_on(self) -> None:
        """Change stage, leave the service or the research, or get another key worker."""
        model, team = self.model, self.team
        present = generation = 0
        if self.worker >= 0:
            post = team.members[self.worker]
            present, generation = post.present, post.generation
        draw = service_flow(
            self,
            present,
            generation,
            team.coordinators_present,
            recovery_mean(self),
            model.p,
            self.key,
            model.week_now,
        )
        if draw.change == NEW_REFERRAL:
            self.generation += 1
            self.arrival_week = model.week_now
            self.begin()
            model.note(team, USER_REFERRED, self.place, self.generation)
            return
        in_service, in_research = self.in_service, self.in_research
        changes = self.worker_changes
        place, known = self.worker, self.worker_generation
        if draw.change == NEW_PERSON_IN_POST:
            known = generation
        elif draw.change == NEW_WORKER:
            chosen = team.coordinator(draw.choice)
            place, known = chosen.place, chosen.generation
        self.follow("move_on", stage_after_week, self, draw.stage_uniform, model.p)
        self.follow(
            "move_on",
            service_outcome,
            self,
            draw,
            place,
            known,
            model.p,
            self.key,
            model.week_now,
        )
        if self.in_service < in_service:
            model.note(team, USER_DISCHARGED, self.place, self.generation)
        if self.in_research < in_research:
            model.note(team, LOST_TO_RESEARCH, self.place, self.generation)
        if self.worker_changes > changes:
            model.note(team, WORKER_CHANGED, self.place, self.generation)
