"""Selection and order: measured readiness, who starts when, and how fully a team took part."""

from __future__ import annotations

from math import sqrt
from typing import Any

from sim.mechanisms.bounds import share
from sim.streams import ROLLOUT_ORDER, SELECTION, TRAINER_RATING, normals, uniforms

# How a team's place in a rollout is found. What a roster tells is known before any world is drawn
# (fixed: the team has its week; listed: the layout ranks it), the rest only within each world.
START_FIXED, START_LISTED, START_READINESS, START_RANDOM, START_NEED = 0, 1, 2, 3, 4


def measured_readiness(readiness: float, reliability: float, p: Any, key: Any) -> float:
    """Return a team's measured readiness, 0-1, with error of the given reliability.

    M = R + s sqrt((1 - r)/r) e, with s the spread of readiness between teams: the share r of the
    variance of M is real. A team chosen on M regresses to the mean: compare it with an equally
    chosen untreated twin, never before with after.

    Source: the definition of reliability. Grade: definition.
    """
    z, _, _, _ = normals(key, SELECTION, 0)
    return share(readiness + p.team_readiness_sd * sqrt((1.0 - reliability) / reliability) * z)


def rollout_draw(key: Any) -> float:
    """Return a team's lot, uniform on 0-1, where the order of teams is random; lowest first.

    Grade: definition.
    """
    u, _, _, _ = uniforms(key, ROLLOUT_ORDER, 0)
    return u


def measured_need(total: float, count: int, highest: float) -> float:
    """Return the mean score of a team's research sample; without a sample the highest score.

    The lower the mean recovery, the greater the need. The mean holds the noise of the answers and
    of who was sampled: teams that start first because of it regress to the mean.

    N = total / count. Grade: definition.
    """
    if count == 0:
        return highest
    return total / count


def slot_of(rank: int, teams: int, slots: int) -> int:
    """Return the slot of the team in place `rank`, teams spread evenly over the slots.

    With as many teams as slots it is the rank; where a selection leaves fewer teams, waves stay as
    even as they can be. Without teams it is 0.

    slot = floor(rank x slots / teams). Grade: definition.
    """
    return rank * slots // teams if teams > 0 else 0


def trainer_rating(engagement: float, reliability: float, spread: float, key: Any) -> float:
    """Return the trainers' rating of a team's engagement, with error of the given reliability.

    Parameters
    ----------
    engagement : float
        Mean engagement that attenders showed, 0-1.
    reliability : float
        Share of the variance of ratings that is real (nuisance, uniform on .6-.95).
    spread : float
        Standard deviation of engagement between teams.
    key
        Key of the team.

    Notes
    -----
    T = E + s sqrt((1 - r) / r) e. Source: the definition of reliability. Grade: definition.
    """
    z, _, _, _ = normals(key, TRAINER_RATING, 0)
    return engagement + spread * sqrt((1.0 - reliability) / reliability) * z


def attended_share(team: Any) -> float:
    """Return the share of offered staff-sessions that were attended, 0 when none was offered.

    a = attended / offered. Grade: definition.
    """
    if team.sessions_offered == 0:
        return 0.0
    return team.sessions_attended / team.sessions_offered
