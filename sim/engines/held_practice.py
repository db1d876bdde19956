"""Worlds in which practice is held at what it was in another world: nested counterfactuals.

Natural effects of a mediator ask for a world that cannot be: the programme is there, and staff work
as they would have worked without it. Here two worlds run side by side, on the same chance, and
after every week what staff know, value, intend and do in the one is put in the place of what they
do in the other. Interventional effects take it from another team, drawn by lot. No rule is changed.
What is not held is the step of the week itself: a week's change of practice is met by users before
it is taken back. So gains of learning are 0 in the held world, and what is left is under a
thousandth of the programme's shift (a test measures it).

Source: VanderWeele, Vansteelandt and Robins (2014), https://doi.org/10.1097/EDE.0000000000000034.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.engines.one_world import OneWorld
from sim.engines.posts import LANES, STAFF_DTYPE, places
from sim.mechanisms.practice import PRACTICES

CHAIN = {
    "readiness": "readiness_usual",
    "knowledge": "knowledge_usual",
    "values": "values_usual",
    **{f"skill_{one}": f"skill_usual_{one}" for one in PRACTICES},
    **{f"intent_{one}": f"intent_usual_{one}" for one in PRACTICES},
    **{f"habit_{one}": f"behaviour_usual_{one}" for one in PRACTICES},
    **{f"behaviour_{one}": f"behaviour_usual_{one}" for one in PRACTICES},
}
"""What leads to practice, and practice itself, with what each is counted from."""
HELD = (*CHAIN, "reinforcement")
"""All that is held; what is not in `CHAIN` is counted from nothing."""
LEARNING = ("knowledge_gain", "values_gain", "skill_gain")


class Held(NamedTuple):
    """Whose practice is held at whose."""

    # Numbers of two worlds.
    world: int
    source: int
    # Post of the source whose shift from usual each post takes over, by number in the layout.
    donors: np.ndarray


class Posts:
    """The posts of a world, read and changed between weeks, in the order of the layout."""

    def __init__(self, world: OneWorld) -> None:
        rows = world.layout.teams
        self.world = world
        self.team = np.repeat(np.arange(len(rows)), rows["staff"])
        self._at = places(world.layout)

    def column(self, name: str) -> np.ndarray:
        """Return a variable of all posts."""
        number = STAFF_DTYPE.names.index(name)  # type: ignore[union-attr]
        found = self.world.posts[self._at + LANES * number]
        return found.view(STAFF_DTYPE[name])

    def shifts(self, name: str) -> np.ndarray:
        """Return how far one of the chain is from usual; vacant posts have their team's mean."""
        usual = self.column(CHAIN[name]) if name in CHAIN else 0.0
        present = self.column("present") == 1
        shift = np.where(present, self.column(name) - usual, 0.0)
        if present.all():
            return shift
        most = int(self.team[-1]) + 1
        there = np.bincount(self.team, present, minlength=most)
        mean = np.bincount(self.team, shift, minlength=most) / np.maximum(there, 1.0)
        return np.where(present, shift, mean[self.team])

    def shift_to(self, name: str, shift: np.ndarray) -> None:
        """Set how far a variable of the chain is from the usual, in posts that are filled."""
        usual = self.column(CHAIN[name]) if name in CHAIN else 0.0
        filled = self.column("present") == 1
        number = STAFF_DTYPE.names.index(name)  # type: ignore[union-attr]
        value = np.clip(usual + shift, 0.0, 1.0)
        self.world.posts[self._at[filled] + LANES * number] = value[filled]


def without_learning(p: Any) -> Any:
    """Return a parameter record under which sessions teach nothing."""
    still = p.copy()
    for name in LEARNING:
        still[name] = 0.0
    return still


def run_together(worlds: Sequence[OneWorld], held: Sequence[Held], weeks: int) -> None:
    """Run worlds side by side to a week, practice held after each."""
    posts = [Posts(one) for one in worlds]
    for week in range(weeks + 1):
        for world in worlds:
            world.run_to(week)
        for name in HELD:
            shifts = {one.source: posts[one.source].shifts(name) for one in held}
            for one in held:
                posts[one.world].shift_to(name, shifts[one.source][one.donors])


def own_posts(world: OneWorld) -> np.ndarray:
    """Return donors for natural effects: every post its own."""
    return np.arange(world.layout.staff)


def drawn_posts(world: OneWorld, teams: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return donors for interventional effects: the posts of another of some teams, by lot.

    Teams are shuffled among those with as many posts; who is alone with its number keeps its own.
    """
    rows = world.layout.teams
    donors = own_posts(world)
    for count in np.unique(rows["staff"][teams]):
        alike = teams[rows["staff"][teams] == count]
        alike = rng.permutation(alike)
        for team, donor in zip(alike, np.roll(alike, 1), strict=True):
            start, first = rows["staff_start"][team], rows["staff_start"][donor]
            donors[start : start + count] = first + np.arange(count)
    return donors
