"""One world on the compiled week that can be looked at, and changed, between its weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines import compiled

if TYPE_CHECKING:
    from sim.population import Layout


class OneWorld:
    """A world whose state lies open after every week.

    Parameters
    ----------
    layout : Layout
        Roster and scenario, laid out.
    p : numpy.void
        Parameter record (`sim.parameters.to_record`).
    seed, replication : int
        Key of the world.
    events : int, optional
        Room for events; without it they are only counted.

    Attributes
    ----------
    trusts, teams, posts, users : numpy.ndarray
        State. Staff lie in `posts` as the compiled week holds them (`sim.engines.posts`).
    events, noted : numpy.ndarray
        Events so far, and their number.
    team_weeks : numpy.ndarray
        Rows of teams by week, filled where there is room for them, from week 0 on.
    week : int
        The last week that was run; -1 before the beginning, 0 after it.
    """

    def __init__(
        self, layout: Layout, p: Any, seed: int, replication: int, events: int = 0
    ) -> None:
        self.layout = layout
        self.p = p
        self.chance = (seed, replication)
        self.trusts = np.zeros(len(layout.trusts), compiled.TRUST_DTYPE)
        self.teams = np.zeros(len(layout.teams), compiled.TEAM_DTYPE)
        self.posts = compiled.empty_posts(layout)
        self.users = np.zeros(layout.users, compiled.USER_DTYPE)
        self.events = np.zeros(events, compiled.EVENT_DTYPE)
        self.noted = np.zeros(1, np.int64)
        self.week = -1
        self.team_weeks = np.zeros((0, len(layout.teams)), compiled.TEAM_WEEK_DTYPE)
        # What a run from beginning to end would write down, and nobody asks for here.
        self._unassessed = (
            np.zeros(0, np.int64),
            np.zeros((0, layout.users), compiled.SCORES_DTYPE),
            np.zeros((0, layout.users, 6), np.int64),
        )
        self._staff_rows = np.zeros((0, layout.staff), compiled.STAFF_ROW_DTYPE)

    def run_to(self, week: int) -> OneWorld:
        """Run all weeks up to one, from the beginning where it has not begun; return the world."""
        layout = self.layout
        compiled.run_world(
            self.trusts,
            self.teams,
            self.posts,
            self.users,
            layout.trusts,
            layout.teams,
            layout.actions,
            layout.selection_mode,
            layout.selection_value,
            layout.selection_reliability,
            self.p,
            *self.chance,
            self.week + 1,
            week,
            *self._unassessed,
            int(len(self.team_weeks) > 0),
            self.team_weeks,
            self.events,
            self.noted,
            self._staff_rows,
        )
        self.week = week
        return self
