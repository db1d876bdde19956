"""Questionnaires made of items: from a latent level to answers 0-4, with a given reliability.

An answer is the rounded and clipped value of ``location + spread * z``, and z mixes four parts of
unit variance:

- latent: what the item asks about;
- occasion: how the person feels that day, one draw shared by all items of the questionnaire;
- stable: how this person always reads this item, drawn once;
- noise: the item on that day.

`item_shares` finds how much of each is needed for a wanted retest correlation of the sum score and
a wanted correlation between items. Rounding to five answers weakens every correlation by a factor
that `attenuation` computes, so that the *observed* scores have the wanted values.

Item-level parts are uniform with unit variance, from 16-bit halves of random words: a sum over
items is close to normal anyway, and no quantile function is needed for them.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from sim.elementary import erf, exp
from sim.measures.purposes import Key
from sim.mechanisms.bounds import clamp
from sim.streams import MASK16, draw_words

ITEM_MAXIMUM = 4.0
HALF_CENTRE = 32767.5
# Standard deviation 1 for a whole number that is uniform on 0..65535: sqrt(12 / (65536^2 - 1)).
HALF_UNIT = 5.2857995842606035e-05
SQRT_HALF = 0.7071067811865476
NORMAL_DENSITY_AT_0 = 0.3989422804014327

Words8 = tuple[int, int, int, int, int, int, int, int]
Words12 = tuple[int, int, int, int, int, int, int, int, int, int, int, int]


class ItemShares(NamedTuple):
    """Weights (square roots of variance shares) of the four parts of an item's z."""

    latent: float
    occasion: float
    stable: float
    noise: float


def answer(value: float) -> int:
    """Return the answer 0, 1, 2, 3 or 4: thresholds at 0.5, 1.5, 2.5 and 3.5."""
    return int(clamp(value, 0.0, ITEM_MAXIMUM) + 0.5)


def attenuation(location: float, spread: float) -> float:
    """Return how much rounding and clipping to 0-4 weaken a correlation between two items.

    Parameters
    ----------
    location, spread : float
        Mean and standard deviation of the value before rounding (answer points).

    Returns
    -------
    float
        First-order factor g in (0, 1): correlation of answers = g x correlation before rounding.

    Notes
    -----
    First term of the Hermite (tetrachoric) series of a step function f of a standard normal X:
    g = (E f'(X))^2 / Var f(X), with f the number of thresholds passed.
    """
    slope = 0.0
    mean = 0.0
    square = 0.0
    for passed in range(4):
        threshold = (passed + 0.5 - location) / spread
        slope += NORMAL_DENSITY_AT_0 * exp(-0.5 * threshold * threshold)
        above = 0.5 * (1.0 - erf(threshold * SQRT_HALF))
        mean += above
        square += (2.0 * passed + 1.0) * above
    return slope * slope / (square - mean * mean)


def inter_item_correlation(alpha: float, count: float) -> float:
    """Return the mean correlation between items that gives Cronbach's alpha with `count` items.

    The Spearman-Brown relation solved for the correlation: r = alpha / (n - alpha (n - 1)).
    """
    return alpha / (count - alpha * (count - 1.0))


def item_shares(
    count: float,
    overlap: float,
    retest: float,
    inter_item: float,
    stability: float,
    factor: float,
) -> ItemShares:
    """Return the weights with which a sum of `count` items has the wanted reliability.

    Parameters
    ----------
    count : float
        Number of items in the sum.
    overlap : float
        Mean correlation between the latents of two different items (1 for one common latent).
    retest : float
        Wanted correlation of two sum scores while the latent stays the same.
    inter_item : float
        Wanted mean correlation between answers to different items on one day.
    stability : float
        Share of the item-specific variance that stays with the person.
    factor : float
        What rounding does to correlations, from `attenuation`.

    Notes
    -----
    With variance shares a, b, c, d (sum 1), n items, overlap l and factor g, per item:
    variance of the sum V = 1 + (n-1) r,  g (a l + b) = r,  c = s (1 - a - b),
    retest R V = g [(n-1) a l + a + c]. These are linear in a. If R asks for more than the shared
    part allows (b < 0), the day's shared part is nil and the correlation between items yields.
    Where answers lie so close to an end of the scale that no shares exist, the nearest possible
    are taken.
    """
    shared = inter_item / factor
    variance = 1.0 + (count - 1.0) * inter_item
    latent = (retest * variance / factor - stability * (1.0 - shared)) / (
        (count - 1.0) * overlap + 1.0 - stability * (1.0 - overlap)
    )
    occasion = shared - latent * overlap
    if occasion < 0.0:
        occasion = 0.0
        latent = (retest - factor * stability) / (
            factor * ((count - 1.0) * overlap * (1.0 - retest) + 1.0 - stability)
        )
    latent = clamp(latent, 0.0, 1.0)
    occasion = clamp(occasion, 0.0, 1.0 - latent)
    rest = 1.0 - latent - occasion
    return ItemShares(
        sqrt(latent), sqrt(occasion), sqrt(stability * rest), sqrt((1.0 - stability) * rest)
    )


def eight_words(key: Key, purpose: int, week: int) -> Words8:
    """Return the eight words of two blocks (`purpose` and the one after it)."""
    a = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose, week)
    b = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose + 1, week)
    return a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]


def twelve_words(key: Key, purpose: int, week: int) -> Words12:
    """Return the twelve words of three blocks (`purpose` and the two after it)."""
    a = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose, week)
    b = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose + 1, week)
    c = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose + 2, week)
    return a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], c[0], c[1], c[2], c[3]


def low_half(word: int) -> float:
    """Return the low 16 bits of a word, centred on 0."""
    return (word & MASK16) - HALF_CENTRE


def high_half(word: int) -> float:
    """Return the high 16 bits of a word, centred on 0."""
    return (word >> 16) - HALF_CENTRE
