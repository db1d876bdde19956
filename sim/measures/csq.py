"""CSQ-8, Client Satisfaction Questionnaire: 8 items, 8-32, rated by the service user."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import blend, one_normal, scale_score, standardised

# Its number, never another's, and the purposes of its random draws.
CSQ = 5
CSQ_DAY = purpose(CSQ, 0)

CSQ_MINIMUM = 8.0
CSQ_MAXIMUM = 32.0


def experienced_care(user: Any, weight: float, p: Any) -> float:
    """Return support and relationship as one standardised latent.

    Parameters
    ----------
    user : record-like
        Service user: `support` and `relationship`.
    weight : float
        Weight of support; the relationship has the rest.
    p : record-like
        Means, SDs and correlation of the two in the reference population.
    """
    return blend(
        standardised(user.support, p.measure_support_mean, p.measure_support_sd),
        standardised(user.relationship, p.measure_relationship_mean, p.measure_relationship_sd),
        weight,
        p.measure_experience_correlation,
    )


def csq_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return satisfaction with the service (8-32), from experienced support and relationship."""
    return scale_score(
        p.csq_mean,
        p.csq_sd,
        p.csq_retest,
        experienced_care(user, p.csq_support_weight, p),
        p.chance_scale * one_normal(key, CSQ_DAY, week),
        CSQ_MINIMUM,
        CSQ_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        CSQ,
        csq_score,
        Measure(
            name="csq",
            title="Client Satisfaction Questionnaire (CSQ-8)",
            minimum=CSQ_MINIMUM,
            maximum=CSQ_MAXIMUM,
            items=8,
            rater=USER,
            blind=True,
            higher_is="more satisfied",
            retest="csq_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note="Follows experienced support and relationship.",
        ),
    ),
)
