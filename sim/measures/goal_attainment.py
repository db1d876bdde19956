"""Individualised goal attainment: a goal of one's own, and how far one has come with it.

Rated by the service user. The person is asked for a goal, then rates progress towards it: 0 is
none, 100 is reached or exceeded. Missing where none is named. A goal that is named when asked is
not a goal that is worked on: most people name one (`goal_named_when_asked`), and progress comes
only where contacts work on it. The trial's own scoring was not seen.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from sim.measures.instrument import NO_FIGURE, UNVERIFIED, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal
from sim.mechanisms.bounds import clamp
from sim.streams import uniforms

# Its number, never another's, and the purposes of its random draws.
GOAL_ATTAINMENT = 16
GOAL_ATTAINMENT_DAY = purpose(GOAL_ATTAINMENT, 0)
GOAL_ATTAINMENT_PERSON = purpose(GOAL_ATTAINMENT, 50)

GOAL_MINIMUM = 0.0
GOAL_MAXIMUM = 100.0


class GoalScores(NamedTuple):
    """Whether a goal is named when asked (0/1), attainment (0-100), whether it was reached (0/1).

    The last two are not numbers when no goal is named.
    """

    named: float
    attainment: float
    reached: float


def goal_scores(user: Any, p: Any, key: Key, week: int) -> GoalScores:
    """Return what the user says of the personal goal.

    Notes
    -----
    Who works on a goal, or has reached one, names it; of the others the share
    `goal_named_when_asked` does, always the same people. Somebody who has reached a goal rates 100.
    Otherwise rated progress is the progress, none where the goal is not worked on, plus noise with
    standard deviation `goal_rating_noise` (points), in steps of one.
    """
    if user.has_goal == 0 and user.goals_reached == 0:
        u, _, _, _ = uniforms(key, GOAL_ATTAINMENT_PERSON, 0)
        if u >= p.goal_named_when_asked:
            return GoalScores(0.0, nan, nan)
    if user.goals_reached > 0 or user.goal_progress >= 1.0:
        return GoalScores(1.0, GOAL_MAXIMUM, 1.0)
    noise = p.chance_scale * one_normal(key, GOAL_ATTAINMENT_DAY, week)
    rated = clamp(
        100.0 * user.goal_progress + p.goal_rating_noise * noise, GOAL_MINIMUM, GOAL_MAXIMUM
    )
    return GoalScores(1.0, float(int(rated + 0.5)), 0.0)


INSTRUMENTS = (
    instrument(
        GOAL_ATTAINMENT,
        goal_scores,
        Measure(
            name="goal_named",
            title="Individualised goal: named",
            minimum=0.0,
            maximum=1.0,
            items=1,
            rater=USER,
            blind=True,
            higher_is="a goal was named",
            retest="",
            evidence="literature",
            source="87% can name a goal (n = 92): sets `goal_named_when_asked`",
            note="Share of people, 0 or 1 for one person.",
        ),
        Measure(
            name="goal_attainment",
            title="Individualised goal attainment",
            minimum=GOAL_MINIMUM,
            maximum=GOAL_MAXIMUM,
            items=1,
            rater=USER,
            blind=True,
            higher_is="closer to the goal",
            retest="",
            evidence="assumption",
            source=NO_FIGURE,
            note=UNVERIFIED + "Missing where no goal is named; 100 once a goal was reached.",
        ),
        Measure(
            name="goal_reached",
            title="Individualised goal: reached or exceeded",
            minimum=0.0,
            maximum=1.0,
            items=1,
            rater=USER,
            blind=True,
            higher_is="the goal was reached",
            retest="",
            evidence="literature",
            source="47% reach or exceed it in 3 months (n = 92): can be held by `goal_step`",
            note="Missing where no goal is named; 0 or 1 for one person.",
        ),
    ),
)
