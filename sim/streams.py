"""Random draws as pure functions of a key.

A draw depends on seven whole numbers and on nothing else: seed, replication, purpose, team
identifier, place in the team, generation of the person in that place, and week. There is no
stream to consume, so neither the order of agents, nor the number of threads, nor what is collected
can change a result, and two scenarios share every draw that both make (common random numbers).

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as
easy as 1, 2, 3"). One block gives four 32-bit words, and so four uniforms: a *purpose* names a
block, its four *lanes* are four draws that belong together. The functions are plain Python on
masked integers; the ensemble compiles the same functions unchanged.

Layout of the counter and the key
---------------------------------
========  =====================================================
word      holds
========  =====================================================
counter 0 week (low 16 bits) and purpose (high 16 bits)
counter 1 team identifier, low 32 bits
counter 2 place in the team (low 16 bits) and generation (high 16 bits)
counter 3 team identifier, high 32 bits
key 0     seed (32 bits)
key 1     replication (32 bits)
========  =====================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from math import sqrt

from sim.elementary import ln_below_one
from sim.errors import InputError

MASK32 = 0xFFFFFFFF
MASK16 = 0xFFFF
MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9
WEYL_1 = 0xBB67AE85
TO_UNIT = 1.0 / 4294967296.0

MAXIMUM_WEEK = MASK16
MAXIMUM_PLACE = MASK16
MAXIMUM_SEED = MASK32

# Purposes. A number, once given to a purpose, is never given to another: results depend on it.
# Week-0 purposes draw who people are; weekly purposes draw what happens to them.
TRUST_START = 1
TEAM_START = 2
TEAM_START_MORE = 3
TYPE_START = 4
SELECTION = 5
STAFF_START = 10
STAFF_START_MORE = 11
STAFF_START_SKILLS = 12
STAFF_START_TRAITS = 13
STAFF_START_PRACTICE = 14
STAFF_TIES = 15
STAFF_CROSS_TIE = 16
USER_START = 20
USER_START_PROCESSES = 21
USER_START_MORE = 22
USER_START_HEALTH = 23
USER_START_STATE = 24
USER_START_STATE_MORE = 25
USER_START_FLOW = 26
USER_RAPPORT = 27
USER_TO_TEAM = 28
USER_EXPERIENCE = 29
STAFF_EMPLOYMENT = 40
STAFF_MOVE = 41
STAFF_MOVE_DONOR = 42
TEAM_SESSION = 43
STAFF_ATTENDANCE = 44
STAFF_LEARNING = 45
USER_CONTACT = 50
USER_PRACTICES = 51
USER_PROCESSES = 52
USER_HEALTH = 53
USER_FLOW = 54
USER_REASSIGNMENT = 55
RESEARCH_SHORTFALL = 60
ROSTER_JOINT = 61
TRAINER_RATING = 62
ROLLOUT_ORDER = 63
# Measurement purposes start here; every instrument owns a range of item blocks.
MEASURE_FIRST = 1000


def philox(
    counter_0: int, counter_1: int, counter_2: int, counter_3: int, key_0: int, key_1: int
) -> tuple[int, int, int, int]:
    """Return the four 32-bit words of one Philox4x32-10 block.

    Parameters
    ----------
    counter_0, counter_1, counter_2, counter_3, key_0, key_1 : int
        Unsigned 32-bit words.

    Returns
    -------
    tuple of int
        Four unsigned 32-bit words.

    Notes
    -----
    Checked against the known-answer vectors that the authors publish with Random123.
    """
    for _ in range(10):
        product_0 = MULTIPLIER_0 * counter_0
        product_1 = MULTIPLIER_1 * counter_2
        high_0 = (product_0 >> 32) & MASK32
        high_1 = (product_1 >> 32) & MASK32
        counter_0 = high_1 ^ counter_1 ^ key_0
        counter_1 = product_1 & MASK32
        counter_2 = high_0 ^ counter_3 ^ key_1
        counter_3 = product_0 & MASK32
        key_0 = (key_0 + WEYL_0) & MASK32
        key_1 = (key_1 + WEYL_1) & MASK32
    return counter_0, counter_1, counter_2, counter_3


def draw_words(
    seed: int,
    replication: int,
    team_low: int,
    team_high: int,
    place: int,
    generation: int,
    purpose: int,
    week: int,
) -> tuple[int, int, int, int]:
    """Return the four words that belong to one person (or team), purpose and week."""
    return philox(
        (week & MASK16) | ((purpose & MASK16) << 16),
        team_low,
        (place & MASK16) | ((generation & MASK16) << 16),
        team_high,
        seed,
        replication,
    )


def to_uniform(word: int) -> float:
    """Turn a 32-bit word into a number strictly between 0 and 1 (resolution 2.3e-10)."""
    return (word + 0.5) * TO_UNIT


def uniforms(
    key: tuple[int, int, int, int, int, int], purpose: int, week: int
) -> tuple[float, float, float, float]:
    """Return four independent uniform draws on (0, 1).

    Parameters
    ----------
    key : tuple of int
        ``(seed, replication, team_low, team_high, place, generation)``.
    purpose : int
        One of the purposes named in this module. A purpose is used once per person and week.
    week : int
        Week of the simulation, 0 for what is there at the start.
    """
    a, b, c, d = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose, week)
    return to_uniform(a), to_uniform(b), to_uniform(c), to_uniform(d)


def normals(
    key: tuple[int, int, int, int, int, int], purpose: int, week: int
) -> tuple[float, float, float, float]:
    """Return four independent standard normal draws (same key rules as `uniforms`)."""
    a, b, c, d = draw_words(key[0], key[1], key[2], key[3], key[4], key[5], purpose, week)
    return (
        to_normal(to_uniform(a)),
        to_normal(to_uniform(b)),
        to_normal(to_uniform(c)),
        to_normal(to_uniform(d)),
    )


def to_normal(uniform: float) -> float:
    """Return the standard normal quantile of a uniform on (0, 1).

    Parameters
    ----------
    uniform : float
        Strictly between 0 and 1.

    Notes
    -----
    Rational approximations of Wichura (1988), algorithm AS 241 (PPND16), relative error about
    1e-16. Monotone in its argument, so that common random numbers stay common.
    """
    q = uniform - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        numerator = (
            (
                (
                    (
                        (
                            (2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r
                            + 6.7265770927008700853e4
                        )
                        * r
                        + 4.5921953931549871457e4
                    )
                    * r
                    + 1.3731693765509461125e4
                )
                * r
                + 1.9715909503065514427e3
            )
            * r
            + 1.3314166789178437745e2
        ) * r + 3.3871328727963666080e0
        denominator = (
            (
                (
                    (
                        (
                            (5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r
                            + 3.9307895800092710610e4
                        )
                        * r
                        + 2.1213794301586595867e4
                    )
                    * r
                    + 5.3941960214247511077e3
                )
                * r
                + 6.8718700749205790830e2
            )
            * r
            + 4.2313330701600911252e1
        ) * r + 1.0
        return q * numerator / denominator
    tail = uniform if q < 0.0 else 1.0 - uniform
    r = sqrt(-ln_below_one(tail, 0.0))
    if r <= 5.0:
        r = r - 1.6
        numerator = (
            (
                (
                    (
                        (
                            (7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                            + 2.41780725177450611770e-1
                        )
                        * r
                        + 1.27045825245236838258e0
                    )
                    * r
                    + 3.64784832476320460504e0
                )
                * r
                + 5.76949722146069140550e0
            )
            * r
            + 4.63033784615654529590e0
        ) * r + 1.42343711074968357734e0
        denominator = (
            (
                (
                    (
                        (
                            (1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r
                            + 1.51986665636164571966e-2
                        )
                        * r
                        + 1.48103976427480074590e-1
                    )
                    * r
                    + 6.89767334985100004550e-1
                )
                * r
                + 1.67638483018380384940e0
            )
            * r
            + 2.05319162663775882187e0
        ) * r + 1.0
    else:
        # With 32-bit words the tail never reaches r > 5 (probability 1.4e-11); kept for callers
        # with finer uniforms: a bound instead of an extrapolation.
        numerator = 6.5
        denominator = 1.0
    value = numerator / denominator
    return -value if q < 0.0 else value


def happens(uniform: float, probability: float) -> int:
    """Return 1 with the given probability, else 0 (a Bernoulli draw from a uniform)."""
    return 1 if uniform < probability else 0


def category(uniform: float, count: int) -> int:
    """Return a whole number from 0 to `count` - 1, each equally likely."""
    chosen = int(uniform * count)
    return count - 1 if chosen >= count else chosen


def identifier_words(identifier: str) -> tuple[int, int]:
    """Return the two 32-bit words by which an identifier enters every key.

    A cryptographic hash (BLAKE2b, 64 bits), the same in every process and on every machine.
    """
    digest = hashlib.blake2b(identifier.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def team_words(identifiers: Iterable[str]) -> list[tuple[int, int]]:
    """Return the key words of several teams and refuse two that collide.

    Raises
    ------
    InputError
        When two different identifiers have the same words, or one identifier stands twice.
    """
    seen: dict[tuple[int, int], str] = {}
    words: list[tuple[int, int]] = []
    for identifier in identifiers:
        pair = identifier_words(identifier)
        if pair in seen:
            raise InputError(
                f"team '{identifier}': its random-number key is that of team '{seen[pair]}'; "
                "team identifiers must differ"
            )
        seen[pair] = identifier
        words.append(pair)
    return words


def check_seed(seed: int) -> int:
    """Return the seed as a whole number from 0 to 4294967295, or refuse it."""
    try:
        number = int(seed)
        fits = not isinstance(seed, bool) and number == seed and 0 <= number <= MAXIMUM_SEED
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise InputError(f"seed = {seed!r}: must be a whole number from 0 to {MAXIMUM_SEED}")
    return number
