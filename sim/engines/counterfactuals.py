"""A team's time as it went and as it would have gone with one thing switched off.

Chance is keyed by who, why and when, so that a world in which somebody does not hear a colleague is
the same world in all that does not follow from it: the same sick days, leavers, draws in training
and weeks with contact. The difference is the effect of what was switched off, without error. A
switch changes the state between weeks, or the calendar; no rule is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from sim.engines.one_world import OneWorld
from sim.engines.people import WITHIN
from sim.engines.posts import LANES, STAFF_DTYPE, places
from sim.engines.watched import around
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.recovery import PROCESSES
from sim.mechanisms.training import curriculum
from sim.parameters.registry import from_record
from sim.population import Layout

TIE, COLLEAGUE, LEADER, SESSION = "tie", "colleague", "leader", "session"
PERSON, LEAVER, CHAMPION, TALK, NORMS = "person", "leaver", "champion", "all talk", "norms"
KINDS = {
    TIE: "one person does not ask one other",
    COLLEAGUE: "nobody asks a person, nor is led by them",
    LEADER: "the leader is asked as a colleague, but does not lead",
    SESSION: "one session of training is not held",
    PERSON: "a person is not there at the start; the post is filled as others are",
    LEAVER: "a person who left had stayed",
    CHAMPION: "a person whose values stand at 1 all the time",
    TALK: "nobody in the team asks or is led by anybody",
    NORMS: "norms of teams do not move",
}
ADDED = (CHAMPION,)
"""Kinds that switch on what was not; an effect is always with less without."""
MEASURES = ("values", "practice", "support", "recovery")
UNITS = {"values": "0-1", "practice": "0-1", "support": "0-1", "recovery": "SD"}
SESSION_FIELDS = ("prt_session", "coaching_session", "booster", "session_days")
MOST_DEPARTURES = 20
"""How often one person is kept in post before it is given up."""


class Person(NamedTuple):
    """Somebody of the team: a post and which holder of it."""

    place: int
    generation: int


class Switch(NamedTuple):
    """What is switched."""

    kind: str  # One of `KINDS`
    source: Person | None = None  # Whose effect it is
    target: Person | None = None  # On whom alone, for ties
    week: int = -1  # Of a session or a departure


@dataclass
class Life:
    """A team over the weeks of a world."""

    # Of posts, shape (weeks + 1, posts).
    present: np.ndarray
    generation: np.ndarray
    # Shift from own usual of the holders of posts, same shape; NaN for a vacant post.
    values: np.ndarray
    practice: np.ndarray
    # Mean over service users with the team, shape (weeks + 1,): experienced support, 0 to 1, and
    # the five processes, SD.
    support: np.ndarray
    recovery: np.ndarray

    def holds(self, person: Person) -> np.ndarray:
        """Return in which weeks a person holds the post."""
        here = self.present[:, person.place] == 1
        return here & (self.generation[:, person.place] == person.generation)

    def holds_next(self, person: Person, week: int) -> bool:
        """Return whether a person holds the post in the week after one.

        Who comes and goes does not follow from what people tell one another.
        """
        return bool(self.holds(person)[min(week + 1, len(self.present) - 1)])

    def people(self) -> list[Person]:
        """Return everybody who held a post, by post and in the order in which they came."""
        return [
            Person(place, int(generation))
            for place in range(self.present.shape[1])
            for generation in np.unique(self.generation[self.present[:, place] == 1, place])
        ]

    def of_team(self, measure: str, without: int | None = None) -> np.ndarray:
        """Return the team's mean in every week, a post left out where one is named."""
        found: np.ndarray = getattr(self, measure)
        if found.ndim == 1:
            return found
        kept = np.ones(found.shape[1], bool)
        if without is not None:
            kept[without] = False
        there = self.present[:, kept] == 1
        total = np.where(there, found[:, kept], 0.0).sum(axis=1)
        mean: np.ndarray = total / np.maximum(1, there.sum(axis=1))
        return mean


@dataclass
class TeamWorld:
    """One team of one world: enough of the service to run it, to the last bit.

    Parameters
    ----------
    layout : Layout
        The whole service.
    team : str
        Name of the team.
    p : numpy.void
        Parameter record.
    seed, replication : int
        Key of the world.
    weeks : int
        Weeks to run.
    """

    layout: Layout
    team: str
    p: Any
    seed: int
    replication: int
    weeks: int
    part: Layout = field(init=False)
    team_place: int = field(init=False)

    def __post_init__(self) -> None:
        # Settled once, although every run begins anew: who takes part follows from the start.
        sets = from_record(self.p)
        self.part = around(self.layout, self.team, sets, self.seed, self.replication)
        self.team_place = self.part.team_names.index(self.team)

    def as_it_was(self) -> Life:
        """Return the team's time with nothing switched."""
        return self._life(self.part, self.p, lambda now: None)

    def with_switch(self, switch: Switch, before: Life) -> Life:
        """Return the team's time with one thing switched.

        Parameters
        ----------
        switch : Switch
            What.
        before : Life
            The team's time as it was.
        """
        if switch.kind == SESSION:
            return self._life(self._without_session(switch.week), self.p, lambda now: None)
        if switch.kind == NORMS:
            still = self.p.copy()
            still["norms_from_values"] = still["norms_from_behaviour"] = 0.0
            return self._life(self.part, still, lambda now: None)
        if switch.kind == LEAVER:
            return self._without_departure(switch)
        return self._life(self.part, self.p, CHANGES[switch.kind](switch, before))

    def switches(self, kinds: Sequence[str], before: Life) -> list[Switch]:
        """Return everything of these kinds that there is to switch in the team's time."""
        people = before.people()
        first = OpenWorld(OneWorld(self.part, self.p, self.seed, self.replication), self.team_place)
        first.world.run_to(0)
        found: list[Switch] = []
        for kind in kinds:
            if kind == TIE:
                asks = np.stack([first.column(name) for name in WITHIN])
                found += [
                    Switch(TIE, asked, person)
                    for person in people
                    for asked in people
                    if (asks[:, person.place] == asked.place).any()
                    and (before.holds(person) & before.holds(asked)).any()
                ]
            elif kind == COLLEAGUE:
                found += [Switch(kind, person) for person in people]
            elif kind == LEADER:
                found += [Switch(kind, person) for person in people if person.place == 0]
            elif kind == SESSION:
                found += [Switch(kind, week=week) for week in self._session_weeks()]
            elif kind in (PERSON, CHAMPION):
                start = [one for one in people if before.holds(one)[0]]
                found += [Switch(kind, one) for one in start]
            elif kind == LEAVER:
                found += [
                    Switch(kind, one, week=int(np.flatnonzero(before.holds(one))[-1]) + 1)
                    for one in people
                    if not before.holds(one)[-1]
                ]
            else:
                found.append(Switch(kind))
        return found

    def _session_weeks(self) -> list[int]:
        row = self.part.teams[self.team_place]
        if row["programme"] == 0 or row["start_week"] < 0:
            return []
        cells = self.part.actions[row["programme"]].view(np.recarray)
        taught = [week for week in range(len(cells)) if curriculum(cells[week]) > 0.0]
        weeks = [int(row["start_week"]) + 1 + week for week in taught]
        return [week for week in weeks if week <= self.weeks]

    def _without_session(self, week: int) -> Layout:
        """Return the layout with a calendar of the team's own, in which a session is missing."""
        rows = self.part.teams.copy()
        row = rows[self.team_place]
        calendar = self.part.actions[row["programme"]].copy()
        for name in SESSION_FIELDS:
            calendar[name][week - 1 - row["start_week"]] = 0.0
        rows["programme"][self.team_place] = len(self.part.actions)
        actions = np.concatenate([self.part.actions, calendar[None]])
        return replace(self.part, teams=rows, actions=actions)

    def _without_departure(self, switch: Switch) -> Life:
        """Return the team's time had somebody stayed, who may else leave again later."""
        assert switch.source is not None
        kept = {switch.week}
        for _ in range(MOST_DEPARTURES):
            life = self._life(self.part, self.p, stays(kept))
            gone = np.flatnonzero(~life.holds(switch.source)[switch.week :])
            if not len(gone):
                break
            kept.add(switch.week + int(gone[0]))
        return life

    def _life(self, layout: Layout, p: Any, change: Callable[[OpenWorld], None]) -> Life:
        """Run a world week by week, change it between weeks, and return the team's time."""
        now = OpenWorld(OneWorld(layout, p, self.seed, self.replication), self.team_place)
        posts, weeks = int(layout.teams["staff"][self.team_place]), self.weeks + 1
        whole = np.zeros((2, weeks, posts), np.int64)
        shifts = np.zeros((2, weeks, posts))
        users = np.zeros((2, weeks))
        for week in range(weeks):
            now.world.run_to(week)
            whole[0, week], whole[1, week] = now.column("present"), now.column("generation")
            shifts[0, week] = now.column("values") - now.column("values_usual")
            shifts[1, week] = np.mean(
                [
                    now.column(f"behaviour_{one}") - now.column(f"behaviour_usual_{one}")
                    for one in PRACTICES
                ],
                axis=0,
            )
            there = now.users[now.users["in_service"] == 1]
            if len(there):
                users[0, week] = there["support"].mean()
                users[1, week] = np.mean([there[one].mean() for one in PROCESSES])
            change(now)
        shifts[:, whole[0] == 0] = np.nan
        return Life(*whole, *shifts, *users)


class OpenWorld:
    """A world between two weeks, as switches see and change it."""

    def __init__(self, world: OneWorld, team_place: int) -> None:
        self.world = world
        self.team_place = team_place
        rows = world.layout.teams
        start, count = int(rows["staff_start"][team_place]), int(rows["staff"][team_place])
        self._all = places(world.layout)
        self._own = self._all[start : start + count]
        users = int(rows["user_start"][team_place])
        self.users = world.users[users : users + int(rows["users"][team_place])]

    def column(self, name: str) -> np.ndarray:
        """Return a variable of the team's posts."""
        return self._read(self._own, name)

    def set(self, name: str, values: np.ndarray) -> None:
        """Set a variable of the team's posts."""
        self._write(self._own, name, values)

    def column_of_all(self, name: str) -> np.ndarray:
        """Return a variable of the posts of all teams."""
        return self._read(self._all, name)

    def set_of_all(self, name: str, values: np.ndarray) -> None:
        """Set a variable of the posts of all teams."""
        self._write(self._all, name, values)

    def _read(self, at: np.ndarray, name: str) -> np.ndarray:
        number = STAFF_DTYPE.names.index(name)  # type: ignore[union-attr]
        found: np.ndarray = self.world.posts[at + LANES * number].view(STAFF_DTYPE[name])
        return found

    def _write(self, at: np.ndarray, name: str, values: np.ndarray) -> None:
        number = STAFF_DTYPE.names.index(name)  # type: ignore[union-attr]
        self.world.posts[at + LANES * number] = values.astype(STAFF_DTYPE[name]).view(np.float64)

    def holds(self, person: Person) -> bool:
        """Return whether a person holds their post now."""
        present = bool(self.column("present")[person.place] == 1)
        return present and bool(self.column("generation")[person.place] == person.generation)


Change = Callable[[OpenWorld], None]


def deaf(cut: Callable[[OpenWorld, dict[str, np.ndarray]], None]) -> Change:
    """Return a change that cuts ties as `cut` says, those of people who are there now.

    Ties belong to posts, what is switched off to persons: so every week begins from the ties as
    they were drawn.
    """
    drawn: dict[str, np.ndarray] = {}

    def change(now: OpenWorld) -> None:
        names = (*WITHIN, "cross_team", "leader")
        if not drawn:
            drawn.update({name: now.column_of_all(name).copy() for name in names})
        wanted = {name: values.copy() for name, values in drawn.items()}
        cut(now, wanted)
        for name, values in wanted.items():
            now.set_of_all(name, values)

    return change


def own_posts(now: OpenWorld) -> slice:
    """Return where the team's posts stand among all."""
    rows = now.world.layout.teams
    start = int(rows["staff_start"][now.team_place])
    return slice(start, start + int(rows["staff"][now.team_place]))


def unled(now: OpenWorld, wanted: dict[str, np.ndarray]) -> None:
    """Let nobody in post follow the leader: by the rules, who leads follows nobody's lead.

    A newcomer begins as what the post is, so a vacant one stays as it is: what a leader tells
    somebody in their very first week is not cut.
    """
    own = own_posts(now)
    wanted["leader"][own] = np.where(now.column("present") == 1, 1, wanted["leader"][own])


def unasked(switch: Switch, before: Life) -> Change:
    """Return a change after which nobody asks a person, nor is led by them."""
    person = switch.source
    assert person is not None

    def cut(now: OpenWorld, wanted: dict[str, np.ndarray]) -> None:
        if not before.holds_next(person, now.world.week):
            return
        own = own_posts(now)
        for name in WITHIN:
            wanted[name][own] = np.where(wanted[name][own] == person.place, -1, wanted[name][own])
        from_outside = (wanted["cross_team"] == now.team_place) & (
            now.column_of_all("cross_place") == person.place
        )
        wanted["cross_team"][from_outside] = -1
        if person.place == 0:
            unled(now, wanted)

    return deaf(cut)


def one_tie(switch: Switch, before: Life) -> Change:
    """Return a change after which one person does not ask one other."""
    asked, person = switch.source, switch.target
    assert asked is not None
    assert person is not None

    def cut(now: OpenWorld, wanted: dict[str, np.ndarray]) -> None:
        week = now.world.week
        if before.holds_next(asked, week) and before.holds_next(person, week):
            at = own_posts(now).start + person.place
            for name in WITHIN:
                if wanted[name][at] == asked.place:
                    wanted[name][at] = -1

    return deaf(cut)


def no_lead(switch: Switch, before: Life) -> Change:
    """Return a change after which a leader does not lead."""
    person = switch.source
    assert person is not None

    def cut(now: OpenWorld, wanted: dict[str, np.ndarray]) -> None:
        if before.holds_next(person, now.world.week):
            unled(now, wanted)

    return deaf(cut)


def no_talk(switch: Switch, before: Life) -> Change:
    """Return a change after which nobody in the team asks anybody or is led."""

    def cut(now: OpenWorld, wanted: dict[str, np.ndarray]) -> None:
        own = own_posts(now)
        for name in (*WITHIN, "cross_team"):
            wanted[name][own] = -1
        unled(now, wanted)

    return deaf(cut)


def not_there(switch: Switch, before: Life) -> Change:
    """Return a change that leaves a person's post vacant at the start."""
    person = switch.source
    assert person is not None

    def change(now: OpenWorld) -> None:
        if now.world.week == 0:
            present = now.column("present")
            present[person.place] = 0
            now.set("present", present)

    return change


def champion(switch: Switch, before: Life) -> Change:
    """Return a change that holds a person's values at 1 as long as they are there."""
    person = switch.source
    assert person is not None

    def change(now: OpenWorld) -> None:
        if now.holds(person):
            values = now.column("values")
            values[person.place] = 1.0
            now.set("values", values)

    return change


def stays(weeks: set[int]) -> Change:
    """Return a change that lets nobody leave the team in some weeks."""
    usual: list[float] = []

    def change(now: OpenWorld) -> None:
        team = now.world.teams[now.team_place : now.team_place + 1]
        if not usual:
            usual.append(float(team["turnover_multiplier"][0]))
        team["turnover_multiplier"] = 0.0 if now.world.week + 1 in weeks else usual[0]

    return change


CHANGES: dict[str, Callable[[Switch, Life], Change]] = {
    TIE: one_tie,
    COLLEAGUE: unasked,
    LEADER: no_lead,
    TALK: no_talk,
    PERSON: not_there,
    CHAMPION: champion,
}
