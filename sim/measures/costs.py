"""Service costs over the follow-up year, as collected with the Client Service Receipt Inventory.

Pounds a year, prices of about 2013/14: contacts of the community team, and all other services,
whose cost is skewed and rises with symptoms and unmet needs. The programme's own cost is not in it.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

from sim.elementary import exp
from sim.measures.instrument import USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import blend, one_normal
from sim.mechanisms.bounds import WEEKS_PER_YEAR, clamp

# Its number, never another's, and the purposes of its random draws.
COSTS = 17
COSTS_DAY = purpose(COSTS, 0)
COSTS_PERSON = purpose(COSTS, 50)

# No one costs more than exp(5) = 148 times the median of other services.
LOG_LIMIT = 5.0


def service_cost(user: Any, p: Any, key: Key, week: int) -> float:
    """Return the cost of services in the year before the assessment (pounds, 0 or more).

    Parameters
    ----------
    user : record-like
        Service user: `contact_rate` (per week), `in_service`, `symptoms` and `needs`.
    p : record-like
        cost_per_contact (pounds), cost_other_median (pounds), cost_other_sigma (log units),
        cost_need_slope (log units for one SD), cost_stability (correlation of two years).
    key : tuple of int
        The user's random-number key.
    week : int
        Week of the assessment.

    Notes
    -----
    other = median x exp(slope x z + sigma x (sqrt(r) person + sqrt(1-r) year)), z from symptoms and
    needs. The state at the assessment stands for the whole year, contacts included. What differs
    between years is real spending, not answer noise: `chance_scale` does not touch it.
    """
    person = one_normal(key, COSTS_PERSON, 0)
    year = one_normal(key, COSTS_DAY, week)
    health = blend(user.symptoms, user.needs, 0.5, p.measure_health_correlation)
    exponent = p.cost_need_slope * health + p.cost_other_sigma * (
        sqrt(p.cost_stability) * person + sqrt(1.0 - p.cost_stability) * year
    )
    other = p.cost_other_median * exp(clamp(exponent, -LOG_LIMIT, LOG_LIMIT))
    contacts: float = WEEKS_PER_YEAR * user.contact_rate * p.cost_per_contact
    if user.in_service == 0:
        contacts = 0.0
    return contacts + other


INSTRUMENTS = (
    instrument(
        COSTS,
        service_cost,
        Measure(
            name="service_cost",
            title="Service costs in the follow-up year (CSRI), pounds",
            minimum=0.0,
            maximum=inf,
            items=0,
            rater=USER,
            blind=True,
            higher_is="more costly",
            retest="",
            evidence="assumption",
            source="128 pounds per contact (2013/14); SD implied by the interval of the trial's "
            "difference",
            note="Without the programme's own cost. `cost_stability` links two years.",
        ),
    ),
)
