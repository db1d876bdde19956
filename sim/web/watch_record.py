"""What the page shows of teams: their states week by week, from the compiled week's record."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.engines.one_world import OneWorld
from sim.engines.people import WITHIN, Column, posts_column
from sim.events import EVENT_NAMES
from sim.mechanisms.influence import mean_behaviour
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.recovery import recovery_mean

STAFF_SHOWN = ("present", "sick", "attended", "sessions_attended", "generation", "weeks_in_post")
STAFF_LEVELS = ("readiness", "values", "knowledge")
USER_SHOWN = ("in_service", "contacts", "stage", "generation", "goals_reached", "worker_changes")
USER_LEVELS = ("relationship", "support")
FIGURES = 5


class Everybody:
    """All people of a kind as a rule reads one of them: a variable is an array."""

    def __init__(self, column: Column) -> None:
        self._column = column

    def __getattr__(self, name: str) -> np.ndarray:
        return self._column(name)


def short(value: float) -> float | int:
    """Return a number with five figures that count."""
    return value if isinstance(value, int) else float(f"{value:.{FIGURES}g}")


def listed(values: np.ndarray) -> list[float | int]:
    """Return an array as numbers of five figures that count."""
    return [short(one) for one in values.tolist()]


def mean_of(column: Column, what: str) -> np.ndarray:
    """Return the mean over the four working practices of skill or intent."""
    total: np.ndarray = sum(column(f"{what}_{one}") for one in PRACTICES)  # type: ignore[assignment]
    return total / len(PRACTICES)


class Record:
    """The states of all people of a world, week by week.

    Parameters
    ----------
    world : OneWorld
        The world, with room for team-weeks and events; before its beginning.
    """

    def __init__(self, world: OneWorld) -> None:
        self.world = world
        self._staff: list[dict[str, np.ndarray]] = []
        self._users: list[dict[str, np.ndarray]] = []
        self._column = posts_column(world.posts, world.layout)
        rows = world.layout.teams
        self._first_post = np.repeat(rows["staff_start"], rows["users"])

    def look(self) -> None:
        """Write down the week that the world stands in."""
        staff, users = self._column, self.world.users.__getitem__
        shown = {name: staff(name).copy() for name in (*STAFF_SHOWN, *STAFF_LEVELS, *WITHIN)}
        shown["skill"], shown["intent"] = mean_of(staff, "skill"), mean_of(staff, "intent")
        shown["behaviour"] = mean_behaviour(Everybody(staff))  # type: ignore[assignment]
        self._staff.append(shown)
        people = {name: users(name).copy() for name in (*USER_SHOWN, *USER_LEVELS)}
        people["recovery"] = recovery_mean(Everybody(users))  # type: ignore[assignment]
        worker = users("worker")
        holder = self._first_post + np.maximum(worker, 0)
        known = (shown["present"][holder] == 1) & (
            shown["generation"][holder] == users("worker_generation")
        )
        people["worker"] = np.where((worker >= 0) & known, worker, -1)
        self._users.append(people)

    def team(self, index: int) -> dict[str, Any]:
        """Return what the page plays of one team: who there is, frames and events."""
        world, layout = self.world, self.world.layout
        row = layout.teams[index]
        own = slice(int(row["staff_start"]), int(row["staff_start"] + row["staff"]))
        users = slice(int(row["user_start"]), int(row["user_start"] + row["users"]))
        frames = []
        for staff, people, team in zip(
            self._staff, self._users, world.team_weeks[:, index], strict=True
        ):
            mine = {name: values[own] for name, values in staff.items()}
            ties = zip(*(mine.pop(name).tolist() for name in WITHIN), strict=True)
            frame = {name: listed(values) for name, values in mine.items()}
            frames.append(
                {
                    "staff": {**frame, "ties": [[at for at in one if at >= 0] for one in ties]},
                    "users": {name: listed(values[users]) for name, values in people.items()},
                    "team": dict(zip(team.dtype.names, map(short, team.tolist()), strict=True)),
                }
            )
        noted = world.events[: int(world.noted[0])]
        return {
            "team": {
                "name": layout.team_names[index],
                "trust": layout.trust_names[row["trust"]],
                "arm": layout.arms[index],
                "type": layout.team_types[index],
                "gets_programme": bool(world.teams["start_week"][index] >= 0),
            },
            "leaders": self._column("leader")[own].tolist(),
            "coordinators": self._column("coordinator")[own].tolist(),
            "frames": frames,
            "events": [
                [week, EVENT_NAMES[kind], place]
                for week, _, kind, place, _ in noted[noted["team"] == index].tolist()
            ],
        }
