"""Team readiness as a questionnaire would show it: any reliability, any range."""

from __future__ import annotations

from math import sqrt

from sim.measures.purposes import TEAM_READINESS_DAY, Key
from sim.measures.scales import one_normal
from sim.mechanisms.bounds import clamp, share

LEAST_RELIABILITY = 0.01


def readiness_score(
    team_readiness: float,
    reliability: float,
    population_sd: float,
    minimum: float,
    maximum: float,
    noise: float,
) -> float:
    """Return a readiness score for a team.

    Parameters
    ----------
    team_readiness : float
        Latent readiness (0-1).
    reliability : float
        Share of the score's variance between teams that is readiness, 0.01 to 1; 1 is
        without noise. Exact before the score is kept in its range.
    population_sd : float
        Standard deviation of latent readiness between teams.
    minimum, maximum : float
        Range of the score.
    noise : float
        Standard normal draw.

    Notes
    -----
    Noise SD = population SD x sqrt((1 - reliability) / reliability).
    """
    known = clamp(reliability, LEAST_RELIABILITY, 1.0)
    seen = share(team_readiness + population_sd * sqrt((1.0 - known) / known) * noise)
    return clamp(minimum + (maximum - minimum) * seen, minimum, maximum)


def measured_readiness(
    team_readiness: float,
    reliability: float,
    population_sd: float,
    minimum: float,
    maximum: float,
    key: Key,
    week: int,
) -> float:
    """Return `readiness_score` with the noise that belongs to the team's key and the week."""
    noise = one_normal(key, TEAM_READINESS_DAY, week)
    return readiness_score(team_readiness, reliability, population_sd, minimum, maximum, noise)
