"""Team readiness as a questionnaire would show it: any reliability, any range."""

from __future__ import annotations

from math import sqrt

from sim.measures.instrument import NO_FIGURE, TEAM, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal
from sim.mechanisms.bounds import clamp, share

# Its number, never another's, and the purposes of its random draws.
TEAM_READINESS = 21
TEAM_READINESS_DAY = purpose(TEAM_READINESS, 0)

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


INSTRUMENTS = (
    instrument(
        TEAM_READINESS,
        measured_readiness,
        Measure(
            name="team_readiness",
            title="Team readiness score",
            minimum=0.0,
            maximum=1.0,
            items=0,
            rater=TEAM,
            blind=False,
            higher_is="more ready",
            retest="",
            evidence="assumption",
            source=NO_FIGURE,
            note="Reliability and range are chosen with the scenario; 0-1 unless another range is "
            "given.",
        ),
    ),
)
