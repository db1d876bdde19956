"""QPR, Questionnaire about the Process of Recovery: 22 answers, all scores from one set.

Who rates: the service user. 22 items answered 0-4, higher is more recovery. QPR-22 is the sum
(0-88); it divides into Intrapersonal (17 items, 0-68) and Interpersonal (5 items, 0-20). QPR-15
(0-60) is the sum of 15 of the 22.

Assumptions, all marked in the catalogue: which items make the short form (here: 15 of the 17
intrapersonal ones, three for each recovery process), which process each item asks about (the
wording is not reproduced here), and that items share one location and one spread.

Notes
-----
*Insensitive measure.* With sensitivity s < 1 a person's answers follow the person's present level
with probability s, and otherwise stay with the level at baseline (one stable draw for each person).
The mean change is s times the latent change. Means, variances and correlations of the registered
levels are (1-s) times those at baseline plus s times the present ones: in a population whose spread
does not change, neither the cross-sectional SD nor the retest correlation depends on s. (Answers
that follow s times each person's change would lose the variance 2 s (1-s)(1-r), with r the
correlation of baseline and present level; a stable noise in proportion to the change that restores
it has the same first two moments as this draw.) Means that move apart add s (1-s) times their
distance squared. Only the five processes have a baseline, so the relationship part of the
interpersonal items is not affected.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

from sim.measures.instrument import USER, Measure, instrument
from sim.measures.items import (
    HALF_UNIT,
    answer,
    attenuation,
    high_half,
    inter_item_correlation,
    item_shares,
    low_half,
    twelve_words,
)
from sim.measures.purposes import Key, purpose
from sim.measures.scales import standardised
from sim.mechanisms.bounds import weekly_fraction
from sim.streams import to_normal, to_uniform

# Its number, never another's, and the purposes of its random draws.
QPR = 1
QPR_DAY = purpose(QPR, 0)
QPR_PERSON = purpose(QPR, 50)

SHORT_ITEMS = 15
INTRAPERSONAL_ITEMS = 17
INTERPERSONAL_ITEMS = 5
ITEMS = 22
QPR15_MAXIMUM = 60.0
MOST_RETEST = 0.98
QPR22_MAXIMUM = 88.0
INTRAPERSONAL_MAXIMUM = 68.0
INTERPERSONAL_MAXIMUM = 20.0
# Process of each intrapersonal item, as place in sim.state.PROCESSES; the first 15 are the short
# form. An assumption: spread evenly, the two items over go to hope and identity.
ITEM_PROCESS = (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 1, 2)
# Items use the low halves of eleven words first, then the high halves; the twelfth word is spare.
WORDS = 11


class QprScores(NamedTuple):
    """Scores from one set of 22 answers; the last five are parts of QPR-15, by process."""

    qpr15: float
    qpr22: float
    intrapersonal: float
    interpersonal: float
    connectedness: float
    hope: float
    identity: float
    meaning: float
    empowerment: float


class QprModel(NamedTuple):
    """Weights of the item model in answer points, the same for everybody."""

    location: float
    latent: float
    occasion: float
    stable: float
    noise: float
    location_interpersonal: float
    latent_connectedness: float
    latent_relationship: float
    noise_interpersonal: float


def retest_at_one_level(p: Any) -> float:
    """Return the retest correlation of people who stand still, for the wanted one after two weeks.

    r / (1 - s f^2 k (2 - k)): in two weeks recovery itself moves, f the spread of its
    fluctuations, k the share of them that a week takes back, s the sensitivity. Without this, real
    change would be counted twice (.70 instead of .74). At most .98.
    """
    k = weekly_fraction(p.recovery_half_life)
    moved = p.measure_sensitivity * p.fluctuation_sd * p.fluctuation_sd * k * (2.0 - k)
    wanted = p.qpr_retest / (1.0 - moved)
    return wanted if wanted < MOST_RETEST else MOST_RETEST


def qpr_model(p: Any) -> QprModel:
    """Return the item weights for the wanted retest correlation and alpha of QPR-15.

    Parameters
    ----------
    p : record-like
        Reads qpr_item_location, qpr_item_spread, qpr_retest, recovery_half_life, fluctuation_sd,
        measure_sensitivity, qpr_alpha, qpr_item_stability,
        qpr_interpersonal_offset, qpr_interpersonal_signal, qpr_interpersonal_relationship,
        measure_process_correlation and chance_scale.

    Notes
    -----
    Two of the other 14 short-form items ask about the same process, twelve about another one: mean
    overlap (2 + 12 rho) / 14. Interpersonal items carry only the share `qpr_interpersonal_signal`
    of an intrapersonal item's latent variance; what is lost becomes noise of the day.
    """
    overlap = (2.0 + 12.0 * p.measure_process_correlation) / 14.0
    shares = item_shares(
        15.0,
        overlap,
        retest_at_one_level(p),
        inter_item_correlation(p.qpr_alpha, 15.0),
        p.qpr_item_stability,
        attenuation(p.qpr_item_location, p.qpr_item_spread),
    )
    spread = p.qpr_item_spread
    signal = p.qpr_interpersonal_signal
    from_relationship = p.qpr_interpersonal_relationship
    latent_interpersonal = spread * shares.latent * sqrt(signal)
    lost = shares.latent * shares.latent * (1.0 - signal)
    day = spread * p.chance_scale
    return QprModel(
        location=p.qpr_item_location,
        latent=spread * shares.latent,
        occasion=day * shares.occasion,
        stable=spread * shares.stable * HALF_UNIT,
        noise=day * shares.noise * HALF_UNIT,
        location_interpersonal=p.qpr_item_location + p.qpr_interpersonal_offset,
        latent_connectedness=latent_interpersonal * sqrt(1.0 - from_relationship),
        latent_relationship=latent_interpersonal * sqrt(from_relationship),
        noise_interpersonal=day * sqrt(shares.noise * shares.noise + lost) * HALF_UNIT,
    )


def qpr_scores_with(user: Any, model: QprModel, p: Any, key: Key, week: int) -> QprScores:
    """Return the QPR scores, given the weights that `qpr_model` found for these parameters.

    For many assessments under one parameter set: same result as `qpr_scores`, less work.
    """
    person = twelve_words(key, QPR_PERSON, 0)
    today = twelve_words(key, QPR_DAY, week)
    mood = model.occasion * to_normal(to_uniform(today[WORDS]))
    start = model.location + mood
    if to_uniform(person[WORDS]) < p.measure_sensitivity:
        connectedness = user.connectedness
        levels = (
            start + model.latent * connectedness,
            start + model.latent * user.hope,
            start + model.latent * user.identity,
            start + model.latent * user.meaning,
            start + model.latent * user.empowerment,
        )
    else:
        connectedness = user.baseline_connectedness
        levels = (
            start + model.latent * connectedness,
            start + model.latent * user.baseline_hope,
            start + model.latent * user.baseline_identity,
            start + model.latent * user.baseline_meaning,
            start + model.latent * user.baseline_empowerment,
        )
    first, second, third, fourth, fifth = 0, 0, 0, 0, 0
    other = 0
    for item in range(INTRAPERSONAL_ITEMS):
        if item < WORDS:
            own = low_half(person[item])
            now = low_half(today[item])
        else:
            own = high_half(person[item - WORDS])
            now = high_half(today[item - WORDS])
        place = ITEM_PROCESS[item]
        given = answer(levels[place] + model.stable * own + model.noise * now)
        if item >= SHORT_ITEMS:
            other += given
        elif place == 0:
            first += given
        elif place == 1:
            second += given
        elif place == 2:
            third += given
        elif place == 3:
            fourth += given
        else:
            fifth += given
    short = first + second + third + fourth + fifth
    between = (
        model.location_interpersonal
        + mood
        + model.latent_connectedness * connectedness
        + model.latent_relationship
        * standardised(user.relationship, p.measure_relationship_mean, p.measure_relationship_sd)
    )
    interpersonal = 0
    for item in range(INTRAPERSONAL_ITEMS, ITEMS):
        interpersonal += answer(
            between
            + model.stable * high_half(person[item - WORDS])
            + model.noise_interpersonal * high_half(today[item - WORDS])
        )
    intrapersonal = short + other
    return QprScores(
        qpr15=float(short),
        qpr22=float(intrapersonal + interpersonal),
        intrapersonal=float(intrapersonal),
        interpersonal=float(interpersonal),
        connectedness=float(first),
        hope=float(second),
        identity=float(third),
        meaning=float(fourth),
        empowerment=float(fifth),
    )


def qpr_scores(user: Any, p: Any, key: Key, week: int) -> QprScores:
    """Return all QPR scores of one service user on one day.

    Parameters
    ----------
    user : record-like
        Service user: the five processes, their baselines and `relationship`.
    p : record-like
        Parameters (see `qpr_model`), and measure_sensitivity, measure_relationship_mean and
        measure_relationship_sd.
    key : tuple of int
        The user's random-number key.
    week : int
        Week of the assessment.
    """
    return qpr_scores_with(user, qpr_model(p), p, key, week)


_QPR = "REFOCUS controls at one year 40.0 (SD 10.2); retest .74, alpha .89 (Williams 2015)"
_ONE_SET = "All QPR scores come from one set of 22 answers. "
_ASSIGNED = "Which process an item asks about is an assumption."
# Anchor-based, between groups; which form of the questionnaire the abstract does not say.
QPR15_IMPORTANT = 4.0
_IMPORTANT = (
    "anchor-based in four psychosis trials, N = 681 (Psychosis 2021; 13: 220), taken for 15 items"
)
PROCESS_MAXIMUM = 12.0


def _of_process(process: str) -> Measure:
    """Return what there is to know of the three items of QPR-15 on one process."""
    return Measure(
        name=f"qpr_{process}",
        title=f"QPR-15, its three items on {process}",
        minimum=0.0,
        maximum=PROCESS_MAXIMUM,
        items=3,
        rater=USER,
        blind=True,
        higher_is=f"more {process}",
        retest="",
        evidence="assumption",
        source="the QPR has no such sub-scales; level and spread as the 15 items'",
        note=_ONE_SET + _ASSIGNED + " Shows what moves, not a validated score: three items are "
        "less reliable than fifteen.",
    )


INSTRUMENTS = (
    instrument(
        QPR,
        qpr_scores,
        Measure(
            name="qpr15",
            title="Questionnaire about the Process of Recovery, 15 items",
            minimum=0.0,
            maximum=QPR15_MAXIMUM,
            items=SHORT_ITEMS,
            rater=USER,
            blind=True,
            higher_is="more recovery",
            retest="qpr_retest",
            evidence="trial",
            source=_QPR,
            note=_ONE_SET + "Which 15 of the 22 make the short form is an assumption (15 of the 17 "
            "intrapersonal). " + _ASSIGNED + " Baseline level not seen.",
            important=QPR15_IMPORTANT,
            important_source=_IMPORTANT,
        ),
        Measure(
            name="qpr22",
            title="Questionnaire about the Process of Recovery, 22 items",
            minimum=0.0,
            maximum=QPR22_MAXIMUM,
            items=ITEMS,
            rater=USER,
            blind=True,
            higher_is="more recovery",
            retest="qpr_retest",
            evidence="literature",
            source=_QPR,
            note=_ONE_SET + "The minimum important difference of 4 is never applied to this form.",
        ),
        Measure(
            name="qpr_intrapersonal",
            title="QPR Intrapersonal",
            minimum=0.0,
            maximum=INTRAPERSONAL_MAXIMUM,
            items=INTRAPERSONAL_ITEMS,
            rater=USER,
            blind=True,
            higher_is="more recovery",
            retest="qpr_retest",
            evidence="assumption",
            source=_QPR,
            note=_ONE_SET + _ASSIGNED,
        ),
        Measure(
            name="qpr_interpersonal",
            title="QPR Interpersonal",
            minimum=0.0,
            maximum=INTERPERSONAL_MAXIMUM,
            items=INTERPERSONAL_ITEMS,
            rater=USER,
            blind=True,
            higher_is="more recovery in relationships",
            retest="qpr_retest",
            evidence="assumption",
            source="underperforms (Williams 2015, direction); level not seen",
            note=_ONE_SET
            + "Asks about connectedness and the relationship with the worker: an assumption.",
        ),
        *(_of_process(name) for name in QprScores._fields[4:]),
    ),
)
