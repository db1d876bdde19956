"""Scores drawn as a whole: latent level, day-to-day noise, rounding, real range."""

from __future__ import annotations

from math import sqrt

from sim.measures.purposes import Key
from sim.mechanisms.bounds import clamp
from sim.streams import draw_words, to_normal, to_uniform


def scale_score(
    mean: float,
    sd: float,
    retest: float,
    latent: float,
    noise: float,
    minimum: float,
    maximum: float,
    steps: float,
) -> float:
    """Return a score: clip(round(mean + sd (sqrt(r) latent + sqrt(1-r) noise))).

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation in a population whose latent has mean 0 and SD 1 (score points,
        before clipping).
    retest : float
        Correlation of two scores while the latent stays the same, before rounding and clipping.
    latent : float
        Standardised latent level, in the direction of the scale.
    noise : float
        Standard normal draw of the day.
    minimum, maximum : float
        Range of the scale.
    steps : float
        Steps to one point: 1 for whole numbers, n for the mean of n items.
    """
    value = clamp(
        mean + sd * (sqrt(retest) * latent + sqrt(1.0 - retest) * noise), minimum, maximum
    )
    return minimum + int((value - minimum) * steps + 0.5) / steps


def one_normal(key: Key, purpose: int, week: int) -> float:
    """Return one standard normal draw (the first lane of the block)."""
    words = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose, week)
    return to_normal(to_uniform(words[0]))


def standardised(value: float, mean: float, sd: float) -> float:
    """Return how many standard deviations `value` lies above `mean`."""
    return (value - mean) / sd


def blend(first: float, second: float, weight: float, correlation: float) -> float:
    """Return a weighted sum of two standardised latents, itself standardised.

    Parameters
    ----------
    first, second : float
        Latents with mean 0 and SD 1.
    weight : float
        Weight of the first in [0, 1]; the second has the rest.
    correlation : float
        Correlation of the two latents in the reference population.
    """
    other = 1.0 - weight
    variance = weight * weight + other * other + 2.0 * weight * other * correlation
    return (weight * first + other * second) / sqrt(variance)
