"""One world on the compiled week: its state, and what is written down of it while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines import compiled
from sim.engines.summaries import FLAG_COLUMNS

if TYPE_CHECKING:
    from sim.population import Layout


EVENTS_EACH = 64
"""Events a person, at most, in the longest runs."""


def room_for_events(layout: Layout) -> int:
    """Return how many events a world has room for."""
    return EVENTS_EACH * (layout.staff + layout.users)


class OneWorld:
    """A world whose state lies open after every week, in memory that further worlds can use again.

    Parameters
    ----------
    layout : Layout
        Roster and scenario, laid out.
    p : numpy.void, optional
        Parameter record (`sim.parameters.to_record`); here or in `again`.
    seed, replication : int
        Key of the world.
    assessments : sequence or array of int
        Weeks of assessment, ascending.
    staff_too : bool
        Whether staff are assessed as well as service users.
    team_weeks : int
        Weeks whose rows of the team-week table are kept; 0 for none.
    events : int
        Room for events; without it they are only counted.

    Attributes
    ----------
    trusts, teams, posts, users : numpy.ndarray
        State. Staff lie in `posts` as the compiled week holds them (`sim.engines.posts`).
    scores, flags, staff_rows : numpy.ndarray
        Assessments: shape (assessments, users), (assessments, users, flags), (assessments, posts).
    team_weeks : numpy.ndarray
        Rows of the team-week table, shape (weeks + 1, teams).
    events, noted : numpy.ndarray
        Events so far, and their number.
    week : int
        The last week that was run; -1 before the beginning, 0 after it.
    """

    def __init__(
        self,
        layout: Layout,
        p: Any = None,
        seed: int = 1,
        replication: int = 0,
        *,
        assessments: Sequence[int] | np.ndarray = (),
        staff_too: bool = False,
        team_weeks: int = 0,
        events: int = 0,
    ) -> None:
        self.layout = layout
        self.p = p
        self.chance = (seed, replication)
        count = len(assessments)
        self.trusts = np.zeros(len(layout.trusts), compiled.TRUST_DTYPE)
        self.teams = np.zeros(len(layout.teams), compiled.TEAM_DTYPE)
        self.posts = compiled.empty_posts(layout)
        self.users = np.zeros(layout.users, compiled.USER_DTYPE)
        self.assessments = np.array(assessments, np.int64)
        self.scores = np.zeros((count, layout.users), compiled.SCORES_DTYPE)
        self.flags = np.zeros((count, layout.users, len(FLAG_COLUMNS)), np.int64)
        self.staff_rows = np.zeros(
            (count if staff_too else 0, layout.staff), compiled.STAFF_ROW_DTYPE
        )
        kept = team_weeks + 1 if team_weeks else 0
        self.team_weeks = np.zeros((kept, len(layout.teams)), compiled.TEAM_WEEK_DTYPE)
        self.events = np.zeros(events, compiled.EVENT_DTYPE)
        self.noted = np.zeros(1, np.int64)
        self.week = -1

    def again(self, p: Any, seed: int, replication: int, layout: Layout | None = None) -> OneWorld:
        """Put another world in the place of this one, perhaps with another layout of its size."""
        self.layout = layout or self.layout
        self.p = p
        self.chance = (seed, replication)
        self.week = -1
        return self

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
            self.assessments,
            self.scores,
            self.flags,
            1 if len(self.team_weeks) else 0,
            self.team_weeks,
            self.events,
            self.noted,
            self.staff_rows,
        )
        self.week = week
        return self
