"""Small worlds for tests: layouts, parameters, and the same state read from both engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from sim.parameters import ParameterSet, defaults, registry, resolve, to_record
from sim.population import ACTION_DTYPE, TEAM_LAYOUT, TRUST_LAYOUT, Layout
from sim.state import ACTION, SERVICE_USER, STAFF, TEAM, TRUST, record_fields
from sim.streams import MASK32, identifier_words, team_words

KINDS = {"trust": TRUST, "team": TEAM, "staff": STAFF, "service_user": SERVICE_USER}
DTYPES = {kind: np.dtype(record_fields(variables)) for kind, variables in KINDS.items()}
PRACTICE_FIELDS = (
    "practice_coaching",
    "practice_values",
    "practice_strengths",
    "practice_goals",
)
State = dict[str, np.ndarray]


class ToyTeam(NamedTuple):
    """One team of a toy layout."""

    name: str
    trust: str = "north"
    type: str = "recovery"
    staff: int = 8
    coordinators: int = 5
    users: int = 6
    sampled: int = 6
    programme: int = 1
    start_week: int = 0
    order: int = 0
    rank: int = 0
    readiness: float = -1.0
    reflects: int = -1
    turnover_multiplier: float = 1.0


def calendar(weeks: int) -> np.ndarray:
    """Return usual care: zeros, turnover as usual."""
    actions = np.zeros(weeks, ACTION_DTYPE)
    actions["turnover_multiplier"] = 1.0
    return actions


def programme_calendar(weeks: int, users_directly: bool = True) -> np.ndarray:
    """Return a programme like REFOCUS, with or without components aimed at users directly."""
    actions = calendar(weeks)
    for week in (1, 4, 17):
        if week < weeks:
            actions["prt_session"][week] = 1.0 / 3.0
            actions["session_days"][week] = 0.5
    for week, share, days in ((3, 0.5, 1.0), (7, 0.25, 0.5), (11, 0.25, 0.5)):
        if week < weeks:
            actions["coaching_session"][week] = share
            actions["session_days"][week] = days
    for name in PRACTICE_FIELDS:
        actions[name] = 1.0
    for name in ("engagement", "delivery", "modelling"):
        actions[name] = 0.7
    actions["telephone"] = 0.4
    actions["supervision"] = 0.3
    actions["reflection"][::4] = 1.0
    actions["leadership"] = 0.3
    actions["organisation"] = 0.4
    actions["induction"] = 0.5
    if users_directly:
        actions["partnership"] = 0.5
        actions["expectations"] = 0.4
    return actions


def random_calendar(random: np.random.Generator, weeks: int) -> np.ndarray:
    """Return a programme in which every field of every week is random, and often zero."""
    actions = np.zeros(weeks, ACTION_DTYPE)
    for variable in ACTION:
        held = random.random(weeks) < random.choice([0.0, 0.3, 1.0])
        actions[variable.name] = np.where(held, random.random(weeks), 0.0)
    actions["turnover_multiplier"] = random.uniform(0.0, 3.0, weeks)
    actions["session_days"] *= 5.0
    return actions


def lay_out_teams(
    teams: Sequence[ToyTeam],
    actions: np.ndarray,
    selection: tuple[int, float, float] = (0, 0.0, 1.0),
    assessment_weeks: Iterable[int] = (0, 26, 52),
) -> Layout:
    """Return the layout of some teams and a calendar of shape (programmes, weeks)."""
    trust_names = tuple(sorted({team.trust for team in teams}))
    type_names = sorted({team.type for team in teams})
    trusts = np.zeros(len(trust_names), TRUST_LAYOUT)
    for index, name in enumerate(trust_names):
        low, high = identifier_words(f"trust:{name}")
        count = sum(team.trust == name for team in teams)
        trusts[index] = (low, high, count)
    rows = np.zeros(len(teams), TEAM_LAYOUT)
    staff_start = user_start = 0
    words = team_words(team.name for team in teams)
    for row, team, (low, high) in zip(rows, teams, words, strict=True):
        type_low, type_high = identifier_words(f"type:{team.type}")
        values = {
            "key_low": low,
            "key_high": high,
            "trust": trust_names.index(team.trust),
            "team_type": type_names.index(team.type),
            "type_low": type_low,
            "type_high": type_high,
            "staff": team.staff,
            "coordinators": team.coordinators,
            "first_coordinator": 1 if team.staff > team.coordinators else 0,
            "caseload_total": 25.0 * team.coordinators,
            "users": team.users,
            "sampled": team.sampled,
            "readiness_given": team.readiness,
            "reflects_given": team.reflects,
            "share_black": 0.27,
            "turnover_multiplier": team.turnover_multiplier,
            "programme": team.programme,
            "start_week": team.start_week if team.programme > 0 else -1,
            "order": team.order,
            "rank": team.rank,
            "staff_start": staff_start,
            "user_start": user_start,
        }
        for name, value in values.items():
            row[name] = value
        staff_start += team.staff
        user_start += team.users
    return Layout(
        trusts=trusts,
        teams=rows,
        actions=actions,
        selection_mode=selection[0],
        selection_value=selection[1],
        selection_reliability=selection[2],
        assessment_weeks=tuple(assessment_weeks),
        trust_names=trust_names,
        team_names=tuple(team.name for team in teams),
        team_types=tuple(team.type for team in teams),
        arms=tuple("intervention" if team.programme > 0 else "control" for team in teams),
    )


def toy_teams(
    teams: int = 4,
    trusts: int = 2,
    staff: int = 8,
    coordinators: int = 5,
    users: int = 6,
    full_caseload: bool = False,
    control_teams: bool = True,
) -> list[ToyTeam]:
    """Return teams spread over trusts; every second round of them is without a programme.

    With a full caseload, twice as many users again are on the books outside the research sample.
    """
    return [
        ToyTeam(
            f"team {number}",
            f"trust {number % trusts}",
            f"type {number % 3}",
            staff,
            coordinators,
            3 * users if full_caseload else users,
            users,
            0 if control_teams and (number // trusts) % 2 == 1 else 1,
        )
        for number in range(teams)
    ]


def toy_layout(
    teams: int = 4,
    trusts: int = 2,
    staff: int = 8,
    coordinators: int = 5,
    users: int = 6,
    weeks: int = 60,
    programme: bool = True,
    users_directly: bool = True,
    full_caseload: bool = False,
    control_teams: bool = True,
    selection: tuple[int, float, float] = (0, 0.0, 1.0),
    assessment_weeks: Iterable[int] = (0, 26, 52),
) -> Layout:
    """Return a small layout: two trusts, half of the teams with a programme like REFOCUS.

    Without a programme the same teams follow a calendar in which nothing is done.
    """
    done = programme_calendar(weeks, users_directly) if programme else calendar(weeks)
    return lay_out_teams(
        toy_teams(teams, trusts, staff, coordinators, users, full_caseload, control_teams),
        np.stack([calendar(weeks), done]),
        selection,
        assessment_weeks,
    )


def plain_record(kind: str, **changed: float) -> SimpleNamespace:
    """Return an object with every variable of a kind of agent (or of an action): zeros, changed."""
    variables = {**KINDS, "action": ACTION}[kind]
    values: dict[str, float] = {one.name: 0.0 if one.kind == "real" else 0 for one in variables}
    if kind == "action":
        values["turnover_multiplier"] = 1.0
    unknown = set(changed) - set(values)
    assert not unknown, unknown
    return SimpleNamespace(**(values | changed))


def usual_care(layout: Layout) -> Layout:
    """Return the same teams under usual care: the twin of a scenario."""
    actions = layout.actions.copy()
    actions[:] = calendar(layout.weeks)
    return replace(layout, actions=actions)


def busy_parameters(**changed: float) -> ParameterSet:
    """Return parameters under which people often leave, move, and hear from other teams."""
    busy = {
        "turnover_yearly": 0.6,
        "vacancy_weeks": 6.0,
        "mover_share": 0.8,
        "cross_tie_share": 0.6,
        "discharge_yearly": 0.6,
        "referral_weeks": 1.0,
        "worker_change_yearly": 0.6,
    }
    return resolve(busy | changed)


def random_parameters(random: np.random.Generator, corners: bool = False) -> ParameterSet:
    """Return every parameter drawn within its bounds, or each at one of its two bounds."""
    values = {}
    for name, one in registry().items():
        low, high = one.bounds
        values[name] = float(random.choice([low, high]) if corners else random.uniform(low, high))
    return resolve(values)


class Recipe(NamedTuple):
    """What makes a random world: small enough to be printed when a claim fails."""

    layout_seed: int
    teams: int
    full_caseload: bool
    selection_mode: int
    order: int
    parameter_kind: str
    parameter_seed: int
    seed: int
    replication: int

    def layout(self, weeks: int) -> Layout:
        """Return a layout of random sizes, trusts, start weeks and two random programmes."""
        random = np.random.default_rng(self.layout_seed)
        trusts = int(random.integers(1, self.teams + 1))
        teams = []
        for number in range(self.teams):
            staff = int(random.integers(1, 8))
            sampled = int(random.integers(0, 5))
            teams.append(
                ToyTeam(
                    name=f"team {random.integers(0, 10**9)} {number}",
                    trust=f"trust {random.integers(0, trusts)}",
                    type=f"type {random.integers(0, 3)}",
                    staff=staff,
                    coordinators=int(random.integers(1, staff + 1)),
                    users=sampled + (int(random.integers(0, 8)) if self.full_caseload else 0),
                    sampled=sampled,
                    programme=int(random.integers(0, 3)),
                    start_week=int(random.integers(0, 6)),
                    order=self.order if random.random() < 0.8 else 0,
                    rank=int(random.integers(0, self.teams)),
                    readiness=float(random.choice([-1.0, random.random()])),
                    reflects=int(random.integers(-1, 2)),
                    turnover_multiplier=float(random.uniform(0.2, 3.0)),
                )
            )
        actions = [calendar(weeks), random_calendar(random, weeks), random_calendar(random, weeks)]
        return lay_out_teams(
            teams,
            np.stack(actions),
            (self.selection_mode, float(random.random()), float(random.uniform(0.2, 1.0))),
            sorted({0, int(random.integers(1, weeks)), weeks}),
        )

    def parameters(self, **fixed: float) -> ParameterSet:
        """Return parameters within their bounds, at their corners, by default, or busy."""
        random = np.random.default_rng(self.parameter_seed)
        if self.parameter_kind == "busy":
            return busy_parameters(**fixed)
        if self.parameter_kind == "default":
            return resolve(fixed)
        drawn = random_parameters(random, corners=self.parameter_kind == "corners")
        return resolve(drawn.as_dict() | fixed)


def recipes() -> st.SearchStrategy[Recipe]:
    """Return a strategy for random worlds."""
    word = st.integers(0, MASK32)
    kinds = st.sampled_from(["default", "busy", "uniform", "corners"])
    return st.builds(
        Recipe,
        layout_seed=word,
        teams=st.integers(1, 5),
        full_caseload=st.booleans(),
        selection_mode=st.integers(0, 2),
        order=st.integers(0, 4),
        parameter_kind=kinds,
        parameter_seed=word,
        seed=word,
        replication=word,
    )


class CompiledWorld:
    """One world on the compiled week, run week by week.

    The arrays start as rubbish, so that whatever a world does not overwrite shows.
    """

    def __init__(
        self,
        layout: Layout,
        parameters: ParameterSet | None = None,
        seed: int = 1,
        replication: int = 0,
    ) -> None:
        from sim.engines import compiled
        from sim.engines.one_world import OneWorld

        self.compiled = compiled
        self.layout = layout
        record = to_record(parameters if parameters is not None else defaults())[0]
        self.chance = (int(seed), int(replication))
        room = 200 * (layout.staff + layout.users)
        self._world = OneWorld(layout, record, *self.chance, events=room)
        self._posts = self._world.posts
        self.state: State = {
            "trust": self._world.trusts,
            "team": self._world.teams,
            "staff": np.zeros(layout.staff, DTYPES["staff"]),
            "service_user": self._world.users,
        }
        for array in (*self.state.values(), self._posts):
            array.view(np.uint8).fill(0xAB)
        self._world.run_to(0)
        self._look()

    @property
    def p(self) -> Any:
        """The parameters with which the next week runs."""
        return self._world.p

    @p.setter
    def p(self, record: Any) -> None:
        self._world.p = record

    @property
    def week(self) -> int:
        """The last week that was run."""
        return self._world.week

    def _arrays(self) -> list[np.ndarray]:
        """Return what the compiled week works in: the state as a test may have changed it."""
        trusts, teams, staff, people = self.state.values()
        self.compiled.write_posts(self._posts, self.layout, staff)
        return [trusts, teams, self._posts, people]

    def _look(self) -> None:
        self.state["staff"][:] = self.compiled.read_posts(self._posts, self.layout)

    def step(self) -> None:
        """Run one week."""
        self.run(1)

    def run(self, weeks: int) -> CompiledWorld:
        """Run some weeks."""
        self._arrays()
        self._world.run_to(self.week + weeks)
        self._look()
        assert self._world.noted[0] <= len(self._world.events), "the table of events is too short"
        return self

    def copy(self) -> State:
        """Return the state as it is now."""
        return {kind: array.copy() for kind, array in self.state.items()}

    @property
    def events(self) -> list[tuple[int, ...]]:
        """Events so far: week, team, kind, place, generation."""
        return [tuple(row) for row in self._world.events[: int(self._world.noted[0])].tolist()]

    def team_weeks(self) -> np.ndarray:
        """Return the rows of the team-week table for this week."""
        out = np.zeros(len(self.layout.teams), self.compiled.TEAM_WEEK_DTYPE)
        self.compiled.observe_team_weeks(*self._arrays(), self.layout.teams, self.p, out)
        return out

    def assess(self) -> np.ndarray:
        """Return the scores of all service users in this week."""
        users = self.layout.users
        scores = np.zeros(users, self.compiled.SCORES_DTYPE)
        flags = np.zeros((users, 6), np.int64)
        _, teams, posts, people = self._arrays()
        self.compiled.assess_users(
            teams,
            posts,
            people,
            self.layout.teams,
            self.p,
            *self.chance,
            self.week,
            scores,
            flags,
        )
        return scores

    def assess_staff(self) -> np.ndarray:
        """Return the staff rows of all posts in this week."""
        out = np.zeros(self.layout.staff, self.compiled.STAFF_ROW_DTYPE)
        _, teams, posts, _ = self._arrays()
        self.compiled.assess_staff(
            teams, posts, self.layout.teams, self.p, *self.chance, self.week, out
        )
        return out


def mesa_state(model: Any) -> State:
    """Return the state of a Mesa model in the ensemble's form."""
    agents = (model.trusts, model.teams, model.staff, model.service_users)
    found = {}
    for (kind, variables), several in zip(KINDS.items(), agents, strict=True):
        rows = [tuple(getattr(one, variable.name) for variable in variables) for one in several]
        found[kind] = np.array(rows, DTYPES[kind])
    return found


def bits(column: np.ndarray) -> np.ndarray:
    """Return 64-bit numbers as bit patterns, so that nothing compares as nearly equal."""
    return np.ascontiguousarray(column).view(np.int64)


def first_difference(left: State, right: State, week: int = -1) -> str:
    """Return the first agent and variable whose bits differ, or an empty string."""
    for kind, one in left.items():
        other = right[kind]
        if one.shape != other.shape:
            return f"week {week}: {len(one)} and {len(other)} of kind {kind}"
        if one.tobytes() == other.tobytes():
            continue
        names = one.dtype.names or ()
        for row in range(len(one)):
            if one[row].tobytes() == other[row].tobytes():
                continue
            for name in names:
                a, b = one[name][row], other[name][row]
                if a.tobytes() != b.tobytes():
                    return f"week {week}: {kind} {row}: {name} is {a!r} and {b!r}"
    return ""


def select(state: State, layout: Layout, name: str) -> State:
    """Return one team's part of a state, without variables that count rows of the layout."""
    index = layout.team_names.index(name)
    row = layout.teams[index]
    trust = int(row["trust"])
    first_staff, first_user = int(row["staff_start"]), int(row["user_start"])
    part = {
        "trust": state["trust"][trust : trust + 1],
        "team": state["team"][index : index + 1],
        "staff": state["staff"][first_staff : first_staff + int(row["staff"])],
        "service_user": state["service_user"][first_user : first_user + int(row["users"])],
    }
    part = {kind: array.copy() for kind, array in part.items()}
    for kind, variable in (("team", "trust"), ("team", "team_type"), ("staff", "cross_team")):
        part[kind][variable] = 0
    return part
