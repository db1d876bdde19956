"""One world on Mesa: who there is, and the order of the week.

`RecoveryModel` is the readable model. `sim.engines.ensemble` runs the same rules in the same order,
compiled, for many worlds at once; the two give the same state to the last bit.
"""

from __future__ import annotations

import inspect
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
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.staff import StaffRow, staff_row
from sim.measures.user import UserScores, user_scores
from sim.parameters import ParameterSet, defaults
from sim.population import Layout
from sim.streams import MAXIMUM_SEED, check_seed
from sim.week import WEEK, order_teams, programme_week, select_teams

AGENT_KINDS: dict[str, type[mesa.Agent]] = {
    "trust": Trust,
    "team": Team,
    "staff": Staff,
    "service_user": ServiceUser,
}


def mean(values: list[float]) -> float:
    """Return the mean of a list, 0 when it is empty."""
    return sum(values) / len(values) if values else 0.0


def team_readiness(model: RecoveryModel) -> float:
    """Return the mean readiness of teams, 0 to 1."""
    return mean([team.readiness for team in model.teams])


def staff_present(model: RecoveryModel) -> int:
    """Return the number of posts filled."""
    return sum(team.staff_present for team in model.teams)


def behaviour(model: RecoveryModel) -> float:
    """Return the mean of teams' use of the working practices, 0 to 1."""
    return mean([team.behaviour_mean for team in model.teams])


def relationship(model: RecoveryModel) -> float:
    """Return the mean quality of relationships with key workers, 0 to 1."""
    return mean([user.relationship for user in model.service_users])


def support(model: RecoveryModel) -> float:
    """Return the mean support for recovery that service users experience, 0 to 1."""
    return mean([user.support for user in model.service_users])


def hope(model: RecoveryModel) -> float:
    """Return service users' mean hope, SD."""
    return mean([user.hope for user in model.service_users])


# Functions with names, because a model with nameless ones cannot be pickled.
REPORTERS: dict[str, Any] = {
    "week": "week_now",
    "team_readiness": team_readiness,
    "staff_present": staff_present,
    "behaviour": behaviour,
    "relationship": relationship,
    "support": support,
    "hope": hope,
}


def batch_iteration() -> int:
    """Return the iteration when Mesa's `batch_run` is making a model, else 0.

    Mesa 3.3 gives every iteration the same arguments, later versions no seed, and neither tells
    the model which iteration it is: only the caller's frame knows.
    """
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "mesa.batchrunner" and "iteration" in frame.f_locals:
            return int(frame.f_locals["iteration"])
        frame = frame.f_back
    return 0


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
    seed : int, optional
        Seed of the keyed draws, 0 to 4294967295; 1 when not given.
    replication : int, optional
        Replication of the same scenario: another run of chance. When not given, the iteration of
        Mesa's `batch_run`, elsewhere 0.
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
        For a seed or replication out of range, an unknown kind of agent, or a layout or parameters
        of another type.
    """

    def __init__(
        self,
        layout: Layout | None = None,
        parameters: ParameterSet | None = None,
        seed: int | None = 1,
        replication: int | None = None,
        agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
        rng: Any = 0,
    ) -> None:
        super().__init__(rng=rng)
        seed = check_seed(1 if seed is None else seed)
        if layout is None:
            layout = default_layout(seed)
        for name, value, wanted in (
            ("layout", layout, Layout),
            ("parameters", parameters, ParameterSet),
        ):
            if value is not None and not isinstance(value, wanted):
                raise InputError(
                    f"{name} = {value!r}: must be a {wanted.__name__} "
                    "(batch_run takes a list of them)"
                )
        classes = {**AGENT_KINDS, **dict(agent_classes or {})}
        for kind in classes:
            if kind not in AGENT_KINDS:
                raise unknown("agent kind", kind, AGENT_KINDS)
        self.layout = layout
        self.p = parameters if parameters is not None else defaults()
        self.master_seed = seed
        self.replication = check_replication(
            batch_iteration() if replication is None else replication
        )
        self.week_now = 0
        self.actions = plain_actions(layout.actions)
        self.usual_action = self.actions[0][0]
        self.events: list[tuple[int, int, int, int, int]] = []
        self.trusts: list[Any] = []
        self.teams: list[Any] = []
        self._populate(classes)
        self.datacollector = mesa.DataCollector(model_reporters=dict(REPORTERS))
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
        self.trust_rows, self.team_rows = plain_rows(layout.trusts), plain_rows(layout.teams)
        self.trusts = [
            classes["trust"](self, index, name) for index, name in enumerate(layout.trust_names)
        ]
        for index, row in enumerate(self.team_rows):
            self.teams.append(classes["team"](self, index, self.trusts[row.trust]))
        for team in self.teams:
            for place in range(team.row.staff):
                classes["staff"](self, team, place)
        for team in self.teams:
            for member in team.members:
                member.seek_advice()
            team.take_stock()
        for team in self.teams:
            for place in range(team.row.users):
                classes["service_user"](self, team, place)
        chance = (self.p, self.master_seed, self.replication)
        scores, starts = [0.0] * len(self.teams), [0] * len(self.teams)
        select_teams(
            self.teams,
            scores,
            layout.selection_mode,
            layout.selection_value,
            layout.selection_reliability,
            *chance,
        )
        order_teams(
            self.teams,
            self.service_users,
            self.team_rows,
            scores,
            starts,
            layout.selection_reliability,
            *chance,
        )

    def action_for(self, team: Any) -> Any:
        """Return what the scenario does in a team in the week that is running."""
        programme, at = programme_week(team, self.layout.weeks, self.week_now)
        return self.actions[programme][at]

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
        agents = {kind: self._kind(kind) for kind in AGENT_KINDS}
        for phase in WEEK:
            agents[phase.who].do(phase.name)
        self.datacollector.collect(self)
        # Mesa's own loops (batch_run, run_model, the viewer) stop here; a further step still runs.
        self.running = self.week_now < self.layout.weeks

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

    def remove_all_agents(self) -> None:
        """Empty the world, after which it cannot be run."""
        self.trusts, self.teams = [], []
        for agent in list(self.agents):
            mesa.Agent.remove(agent)
        self.running = False

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


def plain_rows(rows: np.ndarray) -> list[SimpleNamespace]:
    """Return rows of the layout as plain objects that rules read by attribute."""
    names = rows.dtype.names or ()
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows.tolist()]


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
