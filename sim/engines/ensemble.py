"""Many worlds: runs chunks of a request on the compiled week and writes what was asked for.

A chunk is a scenario, a draw of the parameters and a range of replications. It is a pure function
of the request and its own place in it, so that it may run in any thread, process or machine, in any
order, once or again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines.people import KIND_OF, PEOPLE_TABLES, TIES, USUALLY, People, posts_column
from sim.engines.summaries import FLAG_COLUMNS
from sim.errors import InputError, nearest, unknown
from sim.population import Layout

if TYPE_CHECKING:
    import mesa

COLLECTABLE = (
    "summaries",
    "assessments",
    "staff_assessments",
    "trajectories",
    "team_weeks",
    "events",
    *PEOPLE_TABLES,
)
WORK_PER_CHUNK = 1_000_000


@dataclass(frozen=True)
class Request:
    """What is to be simulated: scenarios x draws x replications.

    Attributes
    ----------
    names : tuple of str
        Names of the scenarios.
    layouts : tuple of Layout
        One layout per scenario, all of the same roster.
    draws : numpy.ndarray
        Structured array of parameter sets (`sim.parameters.to_record`), shape (draws,) or, when
        scenarios override parameters, (scenarios, draws).
    replications : int
        Runs of chance per scenario and draw.
    seed : int
        Seed of the keyed draws.
    weeks : int
        Weeks to run.
    collect : tuple of str
        Some of `COLLECTABLE`.
    own_chance : bool
        Whether every draw gets runs of chance of its own. By default draws share them, so that
        parameter sets are compared on common random numbers.
    first_run : int
        Number of the first run of chance, to continue where another request ended.
    variables : mapping
        Variables of tables of people, by table (`sim.engines.people`).
    """

    names: tuple[str, ...]
    layouts: tuple[Layout, ...]
    draws: np.ndarray
    replications: int
    seed: int
    weeks: int
    collect: tuple[str, ...] = ("summaries", "trajectories")
    own_chance: bool = False
    first_run: int = 0
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.collect:
            if one not in COLLECTABLE:
                raise unknown("output", one, COLLECTABLE)
        if self.replications < 1:
            raise InputError(f"replications = {self.replications}: must be at least 1")
        if self.weeks < 1:
            raise InputError(f"weeks = {self.weeks}: must be at least 1")
        for layout in self.layouts:
            if layout.weeks < self.weeks:
                raise InputError(
                    f"weeks = {self.weeks}: the scenario's calendar covers only {layout.weeks}"
                )

    @property
    def parameter_sets(self) -> int:
        """Number of draws of the parameters."""
        return int(self.draws.shape[-1])

    @property
    def worlds(self) -> int:
        """Number of worlds to run."""
        return len(self.names) * self.parameter_sets * self.replications

    def parameters(self, scenario: int, draw: int) -> np.void:
        """Return the parameter record of a scenario and draw."""
        return self.draws[draw] if self.draws.ndim == 1 else self.draws[scenario, draw]

    def run_of_chance(self, draw: int, replication: int) -> int:
        """Return the number by which a replication enters the random-number key."""
        own = draw * self.replications if self.own_chance else 0
        return self.first_run + own + replication

    def people(self, layout: Layout) -> People | None:
        """Return what writes down the people of a world; None when nobody asks for them."""
        if not set(self.collect) & set(PEOPLE_TABLES):
            return None
        wanted = {
            name: self.variables.get(name, USUALLY[name])
            for name in self.collect
            if name in KIND_OF
        }
        return People(layout, wanted, TIES in self.collect)

    def assessment_weeks(self, scenario: int) -> np.ndarray:
        """Return the weeks of assessment that fall within the run."""
        weeks = [week for week in self.layouts[scenario].assessment_weeks if week <= self.weeks]
        return np.array(weeks, dtype=np.int64)


@dataclass(frozen=True)
class Chunk:
    """A part of a request: one scenario, one draw, a range of replications."""

    number: int
    scenario: int
    draw: int
    first: int
    last: int

    @property
    def worlds(self) -> int:
        """Number of worlds in the chunk."""
        return self.last - self.first


def cut(request: Request) -> list[Chunk]:
    """Cut a request into chunks whose boundaries depend on the request alone."""
    chunks: list[Chunk] = []
    for scenario, layout in enumerate(request.layouts):
        per_world = (layout.staff + layout.users) * request.weeks
        size = max(1, min(request.replications, WORK_PER_CHUNK // max(1, per_world)))
        for draw in range(request.parameter_sets):
            for first in range(0, request.replications, size):
                last = min(first + size, request.replications)
                chunks.append(Chunk(len(chunks), scenario, draw, first, last))
    return chunks


def run_chunk(request: Request, chunk: Chunk) -> dict[str, np.ndarray]:
    """Run the worlds of a chunk on the compiled week.

    Parameters
    ----------
    request : Request
        The whole request.
    chunk : Chunk
        The part to run.

    Returns
    -------
    dict
        Structured arrays by the names in `request.collect`.
    """
    from sim.engines.one_world import OneWorld, room_for_events

    layout = request.layouts[chunk.scenario]
    parameters = request.parameters(chunk.scenario, chunk.draw)
    weeks = request.weeks
    room = room_for_events(layout) if "events" in request.collect else 0
    world = OneWorld(
        layout,
        assessments=request.assessment_weeks(chunk.scenario),
        staff_too="staff_assessments" in request.collect,
        team_weeks=weeks if {"team_weeks", "trajectories"} & {*request.collect} else 0,
        events=room,
    )
    collected: dict[str, Gathered] = {name: Gathered(chunk.worlds) for name in request.collect}
    staff_column = posts_column(world.posts, layout)
    for replication in range(chunk.first, chunk.last):
        people = request.people(layout)
        world.again(parameters, request.seed, request.run_of_chance(chunk.draw, replication))
        # Who wants to see people stops after every week; the others run through.
        for week in [weeks] if people is None else range(weeks + 1):
            world.run_to(week)
            if people is not None:
                people.look(week, staff_column, world.users.__getitem__)
        noted = int(world.noted[0])
        if noted > room > 0:
            raise RuntimeError(f"{noted} events, room for {room}: please report this")
        for name, rows in world_tables(
            request,
            chunk,
            replication,
            world.scores,
            world.flags,
            world.team_weeks,
            world.events[:noted],
            world.teams,
            world.staff_rows,
            people,
        ):
            collected[name].add(rows)
    return {name: gathered.table() for name, gathered in collected.items()}


class Gathered:
    """The rows of one table of a chunk, world after world.

    Worlds mostly have as many rows as the first, so that there is one array for all of them: rows
    are copied into it while they are still in the processor's cache.

    Parameters
    ----------
    worlds : int
        Worlds to come.
    """

    def __init__(self, worlds: int) -> None:
        self._worlds = worlds
        self._whole: np.ndarray | None = None
        self._filled = 0
        self._others: list[np.ndarray] = []

    def add(self, rows: np.ndarray) -> None:
        """Add the rows of the next world."""
        if self._whole is None:
            self._whole = np.empty((self._worlds, len(rows)), rows.dtype)
        if not self._others and len(rows) == self._whole.shape[1]:
            self._whole[self._filled] = rows
            self._filled += 1
        else:
            self._others.append(rows)

    def table(self) -> np.ndarray:
        """Return all rows in the order in which they came.

        Raises
        ------
        ValueError
            When no world was added.
        """
        if self._whole is None:
            raise ValueError("no world was added")
        first = self._whole[: self._filled].reshape(-1)
        return np.concatenate([first, *self._others]) if self._others else first


def world_tables(
    request: Request,
    chunk: Chunk,
    replication: int,
    scores: np.ndarray,
    flags: np.ndarray,
    team_weeks: np.ndarray,
    events: np.ndarray,
    teams_state: np.ndarray,
    staff_rows: np.ndarray,
    people: People | None,
) -> Iterable[tuple[str, np.ndarray]]:
    """Return the tables of one world that the request asks for."""
    from sim.engines import summaries

    layout = request.layouts[chunk.scenario]
    index = (chunk.scenario, chunk.draw, replication)
    weeks = request.assessment_weeks(chunk.scenario)
    if "summaries" in request.collect:
        yield (
            "summaries",
            summaries.summarise_world(index, layout, weeks, scores, flags, teams_state),
        )
    if "assessments" in request.collect:
        yield "assessments", summaries.assessment_rows(index, layout, weeks, scores, flags)
    if "staff_assessments" in request.collect:
        yield "staff_assessments", summaries.staff_rows(index, layout, weeks, staff_rows)
    if "trajectories" in request.collect:
        yield "trajectories", summaries.trajectory_rows(index, layout, team_weeks)
    if "team_weeks" in request.collect:
        yield "team_weeks", summaries.team_week_rows(index, layout, team_weeks)
    if "events" in request.collect:
        yield "events", summaries.event_rows(index, events)
    if people is not None:
        for name in request.collect:
            if name in PEOPLE_TABLES:
                yield name, people.table(name, index)


def run_chunk_on_mesa(
    request: Request, chunk: Chunk, agent_classes: Mapping[str, type[mesa.Agent]] | None = None
) -> dict[str, np.ndarray]:
    """Run the worlds of a chunk on the Mesa model: the same tables, a student's own agents.

    Parameters
    ----------
    request : Request
        The whole request.
    chunk : Chunk
        The part to run.
    agent_classes : mapping, optional
        Own agent classes (see `RecoveryModel`).
    """
    from sim.engines import compiled
    from sim.engines.mesa_model import RecoveryModel
    from sim.parameters.registry import from_record
    from sim.state import TEAM

    layout = request.layouts[chunk.scenario]
    parameters = from_record(request.parameters(chunk.scenario, chunk.draw))
    weeks = request.assessment_weeks(chunk.scenario)
    collected: dict[str, list[np.ndarray]] = {name: [] for name in request.collect}
    for replication in range(chunk.first, chunk.last):
        run = request.run_of_chance(chunk.draw, replication)
        model = RecoveryModel(layout, parameters, request.seed, run, agent_classes)
        scores = np.zeros((len(weeks), layout.users), compiled.SCORES_DTYPE)
        flags = np.zeros((len(weeks), layout.users, len(FLAG_COLUMNS)), np.int64)
        staff_rows = np.zeros((len(weeks), layout.staff), compiled.STAFF_ROW_DTYPE)
        team_weeks = np.zeros((request.weeks + 1, len(layout.teams)), compiled.TEAM_WEEK_DTYPE)
        people = request.people(layout)
        for week in range(request.weeks + 1):
            if week > 0:
                model.step()
            if people is not None:
                people.look(week, column_of(model.staff), column_of(model.service_users))
            for index, team in enumerate(model.teams):
                team_weeks[week, index] = tuple(model.team_week(team))
            for at in np.flatnonzero(weeks == week):
                for index, user in enumerate(model.service_users):
                    scores[at, index] = tuple(model.assess(user))
                    flags[at, index] = [getattr(user, name) for name in FLAG_COLUMNS]
                for index, member in enumerate(model.staff):
                    staff_rows[at, index] = tuple(model.assess_staff(member))
        events = np.array(model.events, compiled.EVENT_DTYPE)
        state = np.zeros(len(layout.teams), compiled.TEAM_DTYPE)
        for index, team in enumerate(model.teams):
            state[index] = tuple(getattr(team, variable.name) for variable in TEAM)
        model.release()
        for name, rows in world_tables(
            request,
            chunk,
            replication,
            scores,
            flags,
            team_weeks,
            events,
            state,
            staff_rows,
            people,
        ):
            collected[name].append(rows)
    return {name: np.concatenate(parts) for name, parts in collected.items()}


def column_of(agents: Sequence[Any]) -> Callable[[str], np.ndarray]:
    """Return what reads a variable of Mesa agents, one of an own class as well."""

    def column(name: str) -> np.ndarray:
        try:
            values = np.array([getattr(one, name) for one in agents])
        except AttributeError:
            kind = type(agents[0]).__name__
            held = {**vars(type(agents[0])), **vars(agents[0])}
            known = [key for key, one in held.items() if isinstance(one, int | float)]
            raise InputError(
                f"variable '{name}': no {kind} has one of this name{nearest(name, known)}"
            ) from None
        if len(agents) and values.dtype.kind not in "iufb":
            raise InputError(f"variable '{name}': must hold numbers")
        return values

    return column


def describe(request: Request) -> dict[str, Any]:
    """Return a request in figures, for progress and metadata."""
    layout = request.layouts[0]
    return {
        "scenarios": list(request.names),
        "draws": request.parameter_sets,
        "replications": request.replications,
        "worlds": request.worlds,
        "weeks": request.weeks,
        "teams": len(layout.teams),
        "staff": layout.staff,
        "service_users": layout.users,
        "seed": request.seed,
        "own_chance": request.own_chance,
        "first_run": request.first_run,
        "collect": list(request.collect),
        **(
            {"variables": {name: list(names) for name, names in request.variables.items()}}
            if request.variables
            else {}
        ),
    }
