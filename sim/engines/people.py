"""Tables of people: who they are and what they were like week by week, and who is tied to whom.

A post is not a person: somebody leaves, and the next holder of the place is somebody else. A person
is a team, a place and a generation of that place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.engines.posts import LANES, places
from sim.engines.summaries import INDEX
from sim.errors import InputError, nearest
from sim.link import STAFF, USER, Kind
from sim.population import Layout
from sim.state import KINDS

STAFF_WEEKS, USER_WEEKS, TIES = "staff_weeks", "user_weeks", "ties"
KIND_OF: dict[str, Kind] = {STAFF_WEEKS: STAFF, USER_WEEKS: USER}
PEOPLE_TABLES = (*KIND_OF, TIES)
ALSO_CALLED = {"staff-week": STAFF_WEEKS, "user-week": USER_WEEKS}
USUALLY = {
    STAFF_WEEKS: (
        "values",
        "readiness",
        "behaviour_coaching",
        "behaviour_values",
        "behaviour_strengths",
        "behaviour_goals",
        "sessions_attended",
    ),
    USER_WEEKS: (
        "in_service",
        "relationship",
        "support",
        "connectedness",
        "hope",
        "identity",
        "meaning",
        "empowerment",
    ),
}
"""Variables of a table for which none is named."""
ADVICE, OTHER_TEAM, LEADER, KEY_WORKER = range(4)
TIE_NAMES = ("advice", "advice from another team", "leader", "key worker")
WITHIN = ("tie_0", "tie_1", "tie_2")
INSTEAD = {"generation", "place"}
"""Variables that every row holds anyway."""
TIE = (("kind", "i1"), ("team", "i4"), ("place", "i4"), ("generation", "i4")) + tuple(
    (f"other_{name}", "i4") for name in ("team", "place", "generation")
)
TIE_DTYPE = np.dtype([*INDEX, *TIE, ("first_week", "i4"), ("last_week", "i4")])
Column = Callable[[str], np.ndarray]


def asked_for(collect: Sequence[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return names of tables, and the variables of tables of people by table.

    Parameters
    ----------
    collect : sequence of str
        Tables; one of people may name its variables: ``"staff-week:values,burnout"``.
    """
    names: list[str] = []
    variables: dict[str, tuple[str, ...]] = {}
    for one in collect:
        given, _, listed = one.partition(":")
        name = ALSO_CALLED.get(given, given)
        if listed and name not in KIND_OF:
            hint = nearest(given, ALSO_CALLED)
            raise InputError(
                f"output '{one}': only {' and '.join(ALSO_CALLED)} take variables{hint}"
            )
        if name in KIND_OF:
            chosen = [each.strip() for each in listed.split(",") if each.strip()]
            before = variables.get(name, ())
            new = [each for each in chosen or USUALLY[name] if each not in {*before, *INSTEAD}]
            variables[name] = (*before, *dict.fromkeys(new))
        if name not in names:
            names.append(name)
    return tuple(names), variables


def check_variables(variables: Mapping[str, Sequence[str]]) -> None:
    """Refuse variables that no agent of the model has.

    Raises
    ------
    InputError
        With the nearest name that there is.
    """
    for table, names in variables.items():
        known = [one.name for one in KINDS[KIND_OF[table]]]
        for name in names:
            if name not in known:
                hint = nearest(name, known) or "; variables of own classes need agent_classes"
                raise InputError(
                    f"output '{table}:{name}': no variable of {KIND_OF[table]} has this name{hint}"
                )


def posts_column(memory: np.ndarray, layout: Layout) -> Column:
    """Return what reads a variable of all posts of the compiled week."""
    at = places(layout)
    number = {one.name: (place, one.kind) for place, one in enumerate(KINDS[STAFF])}

    def column(name: str) -> np.ndarray:
        place, kind = number[name]
        values = memory[at + LANES * place]
        return values if kind == "real" else values.view(np.int64)

    return column


class People:
    """What is written down of the people of one world.

    Parameters
    ----------
    layout : Layout
        Teams and their places.
    variables : mapping
        Variables by table.
    ties : bool
        Whether to keep ties.
    """

    def __init__(
        self, layout: Layout, variables: Mapping[str, tuple[str, ...]], ties: bool
    ) -> None:
        self._layout = layout
        self._variables = variables
        self._ties = ties
        self._weeks: dict[str, list[np.ndarray]] = {name: [] for name in (*variables, TIES)}
        rows = layout.teams
        self._places = {}
        for kind, start, count in (
            (STAFF, "staff_start", "staff"),
            (USER, "user_start", "users"),
        ):
            team = np.repeat(np.arange(len(rows)), rows[count])
            self._places[kind] = (team, np.arange(len(team)) - rows[start][team])

    def look(self, week: int, staff: Column, users: Column) -> None:
        """Write down a week from what reads a variable of all posts, and of all users' places."""
        for table, names in self._variables.items():
            kind = KIND_OF[table]
            read = staff if kind == STAFF else users
            there = read("present") == 1 if kind == STAFF else np.ones(self._layout.users, bool)
            team, place = self._places[kind]
            rows = np.zeros(int(there.sum()), people_dtype(table, names))
            rows["week"], rows["team"], rows["place"] = week, team[there], place[there]
            rows["generation"] = read("generation")[there]
            for name in names:
                rows[name] = read(name)[there]
            self._weeks[table].append(rows)
        if self._ties:
            self._weeks[TIES].append(self._tied(week, staff, users))

    def _tied(self, week: int, staff: Column, users: Column) -> np.ndarray:
        """Return the ties of a week between people who are there, a row of `TIE` and the week."""
        rows = self._layout.teams
        team, place = self._places[STAFF]
        present, generation = staff("present") == 1, staff("generation")
        found = []

        def tied(kind: int, own: np.ndarray, other: np.ndarray) -> None:
            kept = present[own] & present[other] & (own != other)
            own, other = own[kept], other[kept]
            mine = (team[own], place[own], generation[own])
            theirs = (team[other], place[other], generation[other])
            found.append(np.column_stack([np.full(len(own), kind), *mine, *theirs]))

        for name in WITHIN:
            asked = staff(name)
            (own,) = np.nonzero(asked >= 0)
            tied(ADVICE, own, rows["staff_start"][team[own]] + asked[own])
        other_team, other_place = staff("cross_team"), staff("cross_place")
        (own,) = np.nonzero(other_team >= 0)
        tied(OTHER_TEAM, own, rows["staff_start"][other_team[own]] + other_place[own])
        own = np.arange(len(team))
        tied(LEADER, own, rows["staff_start"][team])
        team_of, user_place = self._places[USER]
        worker = users("worker")
        (own,) = np.nonzero((worker >= 0) & (users("in_service") == 1))
        holder = rows["staff_start"][team_of[own]] + worker[own]
        known = users("worker_generation")[own]
        kept = present[holder] & (generation[holder] == known)
        own, holder, known = own[kept], holder[kept], known[kept]
        mine = (team_of[own], user_place[own], users("generation")[own])
        theirs = (team[holder], place[holder], known)
        found.append(np.column_stack([np.full(len(own), KEY_WORKER), *mine, *theirs]))
        together = np.concatenate(found)
        return np.column_stack([together, np.full(len(together), week)])

    def table(self, name: str, index: tuple[int, int, int]) -> np.ndarray:
        """Return the rows of a table of people for a scenario, draw and replication."""
        if name == TIES:
            rows = spells(np.concatenate(self._weeks[TIES]))
        else:
            rows = np.concatenate(self._weeks[name])
        for (column, _), value in zip(INDEX, index, strict=True):
            rows[column] = value
        return rows


def person(team: str, place: int, generation: int, user: bool = False) -> str:
    """Return the name of a person: ``north-1/staff 3`` and, for who came third, ``... (2)``."""
    later = f" ({generation})" if generation else ""
    return f"{team}/{'user' if user else 'staff'} {place}{later}"


def people_dtype(table: str, names: Sequence[str]) -> np.dtype:
    """Return the type of a table of people with these variables."""
    whole = {one.name for one in KINDS[KIND_OF[table]] if one.kind == "whole"}
    who = [(name, "i4") for name in ("week", "team", "place", "generation")]
    return np.dtype([*INDEX, *who, *((name, "i8" if name in whole else "f8") for name in names)])


def spells(weekly: np.ndarray) -> np.ndarray:
    """Return ties with first and last week from rows of ties and weeks.

    A tie that ends and begins again makes two rows; who is asked twice in a week is asked.
    """
    sorted_rows = np.unique(weekly, axis=0)
    same = (sorted_rows[1:, :-1] == sorted_rows[:-1, :-1]).all(axis=1)
    on = same & (sorted_rows[1:, -1] == sorted_rows[:-1, -1] + 1)
    begins = np.concatenate([[True], ~on])[: len(sorted_rows)]
    ends = np.concatenate([~on, [True]])[: len(sorted_rows)]
    found = np.zeros(int(begins.sum()), TIE_DTYPE)
    for number, (name, _) in enumerate(TIE):
        found[name] = sorted_rows[begins, number]
    found["first_week"], found["last_week"] = sorted_rows[begins, -1], sorted_rows[ends, -1]
    return found
