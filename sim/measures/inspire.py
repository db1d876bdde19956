"""INSPIRE: what support for recovery the service user experiences from the worker.

Who rates: the service user. Support has 20 items; each is first judged important or not for the
person's recovery, and only an important one is rated 0-4. The score is the mean of the important
items x 25 (0-100); it is missing when no item is important. Relationship has 7 items, sum x 100/28.
Brief INSPIRE has 5 items, one for each recovery process, sum x 5.

The published version has 20 + 7 items; the version that the trial's web page names has 21 + 8. The
published one is modelled; scores of the two may not be comparable. The scoring to 0-100 is
recalled, not read. No score of the trial was seen: levels are priors.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from sim.measures.instrument import USER, Measure, instrument
from sim.measures.items import (
    HALF_UNIT,
    ITEM_MAXIMUM,
    answer,
    attenuation,
    eight_words,
    high_half,
    inter_item_correlation,
    item_shares,
    low_half,
    twelve_words,
)
from sim.measures.purposes import Key, purpose
from sim.measures.scales import standardised
from sim.streams import MASK16, to_normal, to_uniform

# Its number, never another's, and the purposes of its random draws.
INSPIRE = 2
INSPIRE_SUPPORT_DAY = purpose(INSPIRE, 0)
INSPIRE_OTHER_DAY = purpose(INSPIRE, 10)
INSPIRE_SUPPORT_PERSON = purpose(INSPIRE, 50)
INSPIRE_IMPORTANCE = purpose(INSPIRE, 60)
INSPIRE_OTHER_PERSON = purpose(INSPIRE, 70)

SUPPORT_ITEMS = 20
RELATIONSHIP_ITEMS = 7
BRIEF_ITEMS = 5
MAXIMUM = 100.0
# Support: low halves of ten words, then their high halves; the eleventh word is the day's mood.
SUPPORT_WORDS = 10
# Relationship and Brief: twelve items from six words; the seventh word is the day's mood.
OTHER_WORDS = 6


class InspireScores(NamedTuple):
    """INSPIRE scores, 0-100 each; `support` is not a number when no item is important."""

    support: float
    relationship: float
    brief: float


class InspireModel(NamedTuple):
    """Weights of the item model in answer points, the same for everybody."""

    support_location: float
    support_latent: float
    support_occasion: float
    support_stable: float
    support_noise: float
    relationship_location: float
    relationship_latent: float
    relationship_occasion: float
    relationship_stable: float
    relationship_noise: float
    important_below: float


def inspire_model(p: Any) -> InspireModel:
    """Return the item weights for the wanted retest correlation of both sub-scales.

    Parameters
    ----------
    p : record-like
        Reads inspire_retest, inspire_item_stability, inspire_importance,
        inspire_support_inter_item, inspire_relationship_alpha, location and spread of both
        sub-scales, and chance_scale.

    Notes
    -----
    The weights of Support are solved for the expected number of important items. Brief INSPIRE
    uses the weights of Support: with fewer items it is less reliable.
    """
    support = item_shares(
        20.0 * p.inspire_importance,
        1.0,
        p.inspire_retest,
        p.inspire_support_inter_item,
        p.inspire_item_stability,
        attenuation(p.inspire_support_location, p.inspire_support_spread),
    )
    relationship = item_shares(
        7.0,
        1.0,
        p.inspire_retest,
        inter_item_correlation(p.inspire_relationship_alpha, 7.0),
        p.inspire_item_stability,
        attenuation(p.inspire_relationship_location, p.inspire_relationship_spread),
    )
    wide = p.inspire_support_spread
    narrow = p.inspire_relationship_spread
    return InspireModel(
        support_location=p.inspire_support_location,
        support_latent=wide * support.latent,
        support_occasion=wide * support.occasion * p.chance_scale,
        support_stable=wide * support.stable * HALF_UNIT,
        support_noise=wide * support.noise * p.chance_scale * HALF_UNIT,
        relationship_location=p.inspire_relationship_location,
        relationship_latent=narrow * relationship.latent,
        relationship_occasion=narrow * relationship.occasion * p.chance_scale,
        relationship_stable=narrow * relationship.stable * HALF_UNIT,
        relationship_noise=narrow * relationship.noise * p.chance_scale * HALF_UNIT,
        important_below=65536.0 * p.inspire_importance,
    )


def support_score(total: int, important: int) -> float:
    """Return the Support score (0-100): mean of the important items x 25, missing if none is."""
    if important == 0:
        return nan
    return 100.0 * total / (ITEM_MAXIMUM * important)


def inspire_scores_with(
    user: Any, model: InspireModel, p: Any, key: Key, week: int
) -> InspireScores:
    """Return the INSPIRE scores, given the weights that `inspire_model` found.

    For many assessments under one parameter set: same result as `inspire_scores`, less work.
    """
    person = twelve_words(key, INSPIRE_SUPPORT_PERSON, 0)
    judged = twelve_words(key, INSPIRE_IMPORTANCE, 0)
    today = twelve_words(key, INSPIRE_SUPPORT_DAY, week)
    level = (
        model.support_location
        + model.support_latent
        * standardised(user.support, p.measure_support_mean, p.measure_support_sd)
        + model.support_occasion * to_normal(to_uniform(today[SUPPORT_WORDS]))
    )
    total = 0
    important = 0
    for word in range(SUPPORT_WORDS):
        if (judged[word] & MASK16) < model.important_below:
            important += 1
            total += answer(
                level
                + model.support_stable * low_half(person[word])
                + model.support_noise * low_half(today[word])
            )
        if (judged[word] >> 16) < model.important_below:
            important += 1
            total += answer(
                level
                + model.support_stable * high_half(person[word])
                + model.support_noise * high_half(today[word])
            )
    own = eight_words(key, INSPIRE_OTHER_PERSON, 0)
    now = eight_words(key, INSPIRE_OTHER_DAY, week)
    bond = (
        model.relationship_location
        + model.relationship_latent
        * standardised(user.relationship, p.measure_relationship_mean, p.measure_relationship_sd)
        + model.relationship_occasion * to_normal(to_uniform(now[OTHER_WORDS]))
    )
    relationship = answer(
        bond
        + model.relationship_stable * high_half(own[0])
        + model.relationship_noise * high_half(now[0])
    )
    for word in range(OTHER_WORDS):
        relationship += answer(
            bond
            + model.relationship_stable * low_half(own[word])
            + model.relationship_noise * low_half(now[word])
        )
    brief = 0
    for word in range(1, OTHER_WORDS):
        brief += answer(
            level
            + model.support_stable * high_half(own[word])
            + model.support_noise * high_half(now[word])
        )
    return InspireScores(
        support_score(total, important),
        100.0 * relationship / 28.0,
        5.0 * brief,
    )


def inspire_scores(user: Any, p: Any, key: Key, week: int) -> InspireScores:
    """Return the INSPIRE scores of one service user on one day.

    Parameters
    ----------
    user : record-like
        Service user: `support` and `relationship`.
    p : record-like
        Parameters (see `inspire_model`), and mean and SD of support and relationship in the
        reference population.
    key : tuple of int
        The user's random-number key.
    week : int
        Week of the assessment.
    """
    return inspire_scores_with(user, inspire_model(p), p, key, week)


_INSPIRE = "SD from PULSAR planning (about 16); Relationship retest .75 (Williams 2015)"
_LENGTH = (
    "Unverified: 20 + 7 items as published are modelled, the trial's web page names 21 + 8; scores "
    "may not be comparable. Scoring recalled. Not calibrated: no REFOCUS figure seen."
)
INSTRUMENTS = (
    instrument(
        INSPIRE,
        inspire_scores,
        Measure(
            name="inspire_support",
            title="INSPIRE Support",
            minimum=0.0,
            maximum=MAXIMUM,
            items=SUPPORT_ITEMS,
            rater=USER,
            blind=True,
            higher_is="more support",
            retest="inspire_retest",
            evidence="assumption",
            source=_INSPIRE,
            note="Mean of the items judged important; missing when none is. " + _LENGTH,
        ),
        Measure(
            name="inspire_relationship",
            title="INSPIRE Relationship",
            minimum=0.0,
            maximum=MAXIMUM,
            items=RELATIONSHIP_ITEMS,
            rater=USER,
            blind=True,
            higher_is="better relationship",
            retest="inspire_retest",
            evidence="assumption",
            source=_INSPIRE,
            note=_LENGTH,
        ),
        Measure(
            name="inspire_brief",
            title="Brief INSPIRE",
            minimum=0.0,
            maximum=MAXIMUM,
            items=BRIEF_ITEMS,
            rater=USER,
            blind=True,
            higher_is="more support",
            retest="inspire_retest",
            evidence="assumption",
            source="weights of INSPIRE Support; own figures not seen",
            note="One item for each recovery process. Less reliable than Support. " + _LENGTH,
        ),
    ),
)
