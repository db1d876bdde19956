"""One world on Mesa: who there is, and the order of the week.

`RecoveryModel` is the readable model. `sim.engines.ensemble` runs the same rules in the same order,
compiled, for many worlds at once; the two give the same state to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np

from sim.agents import ServiceUser, Staff, Team, Trust
from sim.errors import InputError, unknown
from sim.measures.implementation import (
    TeamWeek,
    add_staff,
    add_user,
    no_staff_totals,
    no_user_totals,
    team_week,
)
from sim.measures.qpr import QPR15_MAXIMUM, qpr_scores
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.staff import StaffRow, staff_row
from sim.measures.user import UserScores, user_scores
from sim.mechanisms.heterogeneity import type_deviation
from sim.mechanisms.selection import (
    START_FIXED,
    START_NEED,
    START_RANDOM,
    START_READINESS,
    measured_need,
    measured_readiness,
    rollout_draw,
    slot_of,
)
from sim.parameters import ParameterSet, defaults
from sim.population import Layout
from sim.streams import MAXIMUM_SEED, check_seed

AGENT_KINDS: dict[str, type[mesa.Agent]] = {
    "trust": Trust,
    "team": Team,
    "staff": Staff,
    "service_user": ServiceUser,
}


def mean(values: list[float]) -> float:
    """Return the mean of a list, 0 when it is empty."""
    return sum(values) / len(values) if values else 0.0


def check_replication(replication: int) -> int:
    """Return the replication as a whole number that fits its word of the key, or refuse it."""
    if int(replication) != replication or not 0 <= int(replication) <= MAXIMUM_SEED:
        raise InputError(
            f"replication = {replication!r}: must be a whole number from 0 to {MAXIMUM_SEED}"
        )
    return int(replication)


class RecoveryModel(mesa.Model):
    """Trusts, teams, staff and service users over the weeks of a scenario.

    Parameters
    ----------
    layout : Layout, optional
        Roster and scenario, laid out (`sim.population.lay_out`). Without one, the teams of the
        REFOCUS trial and the intervention as delivered there, for a year.
    parameters : ParameterSet, optional
        Parameters; the defaults when not given.
    seed : int
        Seed of the keyed draws, 0 to 4294967295.
    replication : int
        Replication of the same scenario: another run of chance.
    agent_classes : mapping, optional
        Classes to use instead of `Trust`, `Team`, `Staff` and `ServiceUser`, by the names
        ``trust``, ``team``, ``staff``, ``service_user``.
    rng
        Passed on to Mesa for its own generators. No rule of the model draws from them.

    Attributes
    ----------
    week_now : int
        Week that is running or, between steps, the last one completed; 0 before the first.
    teams, trusts : list
        Agents in the order of the layout.
    datacollector : mesa.DataCollector
        Model-wide means by week.

    Raises
    ------
    InputError
        For a seed or replication out of range or an unknown kind of agent.
    """

    def __init__(
        self,
        layout: Layout | None = None,
        parameters: ParameterSet | None = None,
        seed: int = 1,
        replication: int = 0,
        agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
        rng: Any = 0,
    ) -> None:
        super().__init__(rng=rng)
        if layout is None:
            layout = default_layout(seed)
        classes = {**AGENT_KINDS, **dict(agent_classes or {})}
        for kind in classes:
            if kind not in AGENT_KINDS:
                raise unknown("agent kind", kind, AGENT_KINDS)
        self.layout = layout
        self.p = parameters if parameters is not None else defaults()
        self.master_seed = check_seed(seed)
        self.replication = check_replication(replication)
        self.week_now = 0
        self.actions = plain_actions(layout.actions)
        self.usual_action = self.actions[0][0]
        self.events: list[tuple[int, int, int, int, int]] = []
        self.trusts: list[Any] = []
        self.teams: list[Any] = []
        self._populate(classes)
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "week": "week_now",
                "team_readiness": lambda m: mean([t.readiness for t in m.teams]),
                "staff_present": lambda m: sum(t.staff_present for t in m.teams),
                "behaviour": lambda m: mean([t.behaviour_mean for t in m.teams]),
                "relationship": lambda m: mean([u.relationship for u in m.service_users]),
                "support": lambda m: mean([u.support for u in m.service_users]),
                "hope": lambda m: mean([u.hope for u in m.service_users]),
            }
        )
        self.datacollector.collect(self)

    def note(self, team: Any, kind: int, place: int, generation: int) -> None:
        """Add a row to the table of events (kinds: `sim.events`)."""
        self.events.append((self.week_now, team.index, kind, place, generation))

    def key_of(
        self, low: int, high: int, place: int, generation: int
    ) -> tuple[int, int, int, int, int, int]:
        """Return the random-number key of a place and generation in a team (or trust)."""
        return (self.master_seed, self.replication, low, high, place, generation)

    def _populate(self, classes: Mapping[str, Any]) -> None:
        layout = self.layout
        self.trusts = [
            classes["trust"](self, index, name) for index, name in enumerate(layout.trust_names)
        ]
        for index, row in enumerate(layout.teams):
            key = self.key_of(int(row["type_low"]), int(row["type_high"]), 0, 0)
            trust = self.trusts[int(row["trust"])]
            self.teams.append(classes["team"](self, index, trust, type_deviation(self.p, key)))
        for team, row in zip(self.teams, layout.teams, strict=True):
            for place in range(int(row["staff"])):
                classes["staff"](self, team, place)
        for team in self.teams:
            for member in team.members:
                member.seek_advice()
            team.take_stock()
        for team, row in zip(self.teams, layout.teams, strict=True):
            for place in range(int(row["users"])):
                sampled = 1 if place < int(row["sampled"]) else 0
                classes["service_user"](self, team, place, sampled, float(row["share_black"]))
        self._select_teams()
        self._order_teams()

    def _select_teams(self) -> None:
        """Keep the programme only in teams whose measured readiness qualifies."""
        layout = self.layout
        if layout.selection_mode == 0:
            return
        candidates = [team for team in self.teams if team.programme > 0]
        scores = [
            measured_readiness(team.readiness, layout.selection_reliability, self.p, team.key)
            for team in candidates
        ]
        places = int(layout.selection_value * len(candidates) + 0.5)
        for team, score in zip(candidates, scores, strict=True):
            if layout.selection_mode == 1:
                chosen = score >= layout.selection_value
            else:
                chosen = sum(1 for other in scores if other > score) < places
            if not chosen:
                team.programme = 0
                team.start_week = -1

    def _start_score(self, team: Any, row: Any) -> float:
        """Return what a team's place in the rollout follows; the lowest goes first."""
        order = int(row["order"])
        if order == START_READINESS:
            reliability = self.layout.selection_reliability
            return -measured_readiness(team.readiness, reliability, self.p, team.key)
        if order == START_RANDOM:
            return rollout_draw(team.key)
        if order == START_NEED:
            total, count = 0.0, 0
            for user in team.users:
                if user.sampled == 1:
                    total += qpr_scores(user, self.p, user.key, 0).qpr15
                    count += 1
            return measured_need(total, count, QPR15_MAXIMUM)
        return float(row["rank"])

    def _order_teams(self) -> None:
        """Deal the start weeks of the layout out to the teams that take part, in their order."""
        rows = self.layout.teams
        ordered = (rows["order"] != START_FIXED) & (rows["programme"] > 0)
        starts = sorted(int(week) for week in rows["start_week"][ordered])
        queue = [
            (self._start_score(team, rows[team.index]), team.index, team)
            for team in self.teams
            if ordered[team.index] and team.programme > 0
        ]
        for rank, (_, _, team) in enumerate(sorted(queue, key=lambda one: one[:2])):
            team.start_week = starts[slot_of(rank, len(queue), len(starts))]

    def action_for(self, team: Any) -> Any:
        """Return what the scenario does in a team in the week that is running."""
        since = self.week_now - 1 - team.start_week
        if team.start_week < 0 or since < 0 or since >= len(self.actions[team.programme]):
            return self.usual_action
        return self.actions[team.programme][since]

    @property
    def staff(self) -> list[Any]:
        """Holders of all posts, team by team in the order of places."""
        return [member for team in self.teams for member in team.members]

    @property
    def service_users(self) -> list[Any]:
        """All service users, team by team in the order of places."""
        return [user for team in self.teams for user in team.users]

    def step(self) -> None:
        """Run one week: its phases in order, each of them for everybody before the next."""
        self.week_now += 1
        trusts, teams = self._kind("trust"), self._kind("team")
        staff, users = self._kind("staff"), self._kind("service_user")
        teams.do("look_at_calendar")
        trusts.do("show_commitment")
        staff.do("come_and_go")
        teams.do("remember_leaver")
        teams.do("take_stock")
        teams.do("get_ready")
        staff.do("get_ready")
        teams.do("hold_session")
        staff.do("attend")
        staff.do("learn")
        teams.do("record_training")
        staff.do("hear_colleagues")
        staff.do("settle_values")
        staff.do("retain")
        staff.do("intend")
        staff.do("act")
        users.do("meet_worker")
        users.do("recover")
        users.do("move_on")
        self.datacollector.collect(self)

    def _kind(self, kind: str) -> mesa.agent.AgentSet:
        return self.agents.select(lambda agent: agent.kind == kind)

    def run_weeks(self, weeks: int) -> RecoveryModel:
        """Run a number of weeks and return the model."""
        for _ in range(weeks):
            self.step()
        return self

    def team_week(self, team: Any) -> TeamWeek:
        """Return a team's row of the team-week table as it stands now."""
        staff = no_staff_totals()
        for member in team.members:
            staff = add_staff(staff, member, self.p)
        users = no_user_totals()
        for user in team.users:
            worker = user.key_worker()
            trained = 1 if worker is not None and worker.sessions_attended > 0 else 0
            users = add_user(users, user, trained)
        return team_week(team, team.trust_agent, staff, users)

    def assess(self, user: Any) -> UserScores:
        """Return everything measured on a service user now."""
        bias = 0.0
        if user.worker >= 0:
            worker = user.team.members[user.worker]
            if worker.present == 1:
                bias = staff_rater_bias(worker, self.p)
        return user_scores(user, bias, self.p, user.key, self.week_now)

    def assess_staff(self, member: Any) -> StaffRow:
        """Return the row of the staff table of a post now."""
        return staff_row(member, member.team, self.p, member.key, self.week_now)

    def release(self) -> None:
        """Let go of the model: Mesa 3.3 keeps every model alive through its agents' counter."""
        kept = getattr(mesa.Agent, "_ids", None)
        if kept is not None:
            kept.pop(self, None)


def plain_actions(actions: np.ndarray) -> list[list[SimpleNamespace]]:
    """Return the calendar as plain objects that rules read by attribute."""
    names = actions.dtype.names or ()
    return [
        [SimpleNamespace(**{name: float(cell[name]) for name in names}) for cell in row]
        for row in actions
    ]


def default_layout(seed: int) -> Layout:
    """Return the layout of the REFOCUS trial, as delivered, for a year."""
    from sim.inputs.roster import trial_roster
    from sim.population import lay_out
    from sim.scenarios.expand import expand
    from sim.scenarios.library import load_scenario

    roster = trial_roster(seed)
    scenario = load_scenario("refocus-as-delivered")
    if roster is None:
        raise InputError("roster: no teams")
    return lay_out(roster, expand(scenario, roster, 52))
