"""Selection: measured readiness, and how fully a team is judged to have taken part."""

from __future__ import annotations

from math import sqrt
from typing import Any

from sim.mechanisms.bounds import share
from sim.streams import SELECTION, TRAINER_RATING, normals


def measured_readiness(readiness: float, reliability: float, p: Any, key: Any) -> float:
    """Return a team's measured readiness, 0-1, with error of the given reliability.

    M = R + s sqrt((1 - r)/r) e, with s the spread of readiness between teams: the share r of the
    variance of M is real. A team chosen on M regresses to the mean: compare it with an equally
    chosen untreated twin, never before with after.
    """
    z, _, _, _ = normals(key, SELECTION, 0)
    return share(readiness + p.team_readiness_sd * sqrt((1.0 - reliability) / reliability) * z)


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
    """
    z, _, _, _ = normals(key, TRAINER_RATING, 0)
    return engagement + spread * sqrt((1.0 - reliability) / reliability) * z


def attended_share(team: Any) -> float:
    """Return the share of offered staff-sessions that were attended, 0 when none was offered."""
    if team.sessions_offered == 0:
        return 0.0
    return team.sessions_attended / team.sessions_offered
