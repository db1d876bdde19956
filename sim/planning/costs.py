"""From resources to money: cost lines, direct and indirect, by year, discounted.

*Direct* costs are paid out for the programme; *indirect* costs are staff time that is given to it
and not replaced. What services cost otherwise is no part of either: its change is told on a line of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.planning.resources import WEEKS_PER_YEAR

if TYPE_CHECKING:
    from sim.scenarios.schema import Scenario

DIRECT, INDIRECT = "direct", "indirect"
ROUNDING = 1e-6
Use = Mapping[str, np.ndarray]
Values = Mapping[str, np.ndarray | float]
Amount = Callable[[str], np.ndarray | float]

TRIAL_SERVICE_COST = -1062.0
TRIAL_SERVICE_COST_LIMITS = (-3017.0, 1103.0)
"""Service cost, REFOCUS minus usual care, GBP a person and year, with its 95% limits (trial)."""


@dataclass(frozen=True)
class CostLine:
    """One line of the account.

    Attributes
    ----------
    name : str
        What is paid for.
    kind : {'direct', 'indirect'}
        Paid out, or staff time given.
    prices : tuple of str
        Prices and quantities it hangs on.
    amount : callable
        From resources, prices and scenario to money.
    """

    name: str
    kind: str
    prices: tuple[str, ...]
    amount: Callable[[Amount, Values, Scenario], np.ndarray | float]


def _backfilled(use: Amount, price: Values) -> np.ndarray | float:
    """Return staff-days whose cover is paid: the usual share, and all that is guaranteed."""
    share = price["backfill_share"]
    return use("staff_days") * share + use("assured_days") * (1.0 - share)


def _trainers(use: Amount, price: Values, scenario: Scenario) -> np.ndarray | float:
    hours = scenario.resources.trainer_preparation_hours
    day = scenario.resources.hours_per_day
    held = use("trainer_days")
    if hours is None:
        return held * (1.0 + price["trainer_preparation"]) * price["trainer_day"]
    return (held + use("teams_started") * hours / day) * price["trainer_day"]


def _preparation(use: Amount, price: Values, scenario: Scenario) -> np.ndarray | float:
    known = scenario.resources.preparation_hours
    hours = price["preparation_hours"] if known is None else known
    return use("people_prepared") * hours * price["staff_hour"]


def _materials(use: Amount, price: Values, scenario: Scenario) -> np.ndarray | float:
    known = scenario.resources.materials_per_team
    of_team = price["materials_team"] if known is None else known
    return use("teams_started") * of_team + use("people_prepared") * price["materials_person"]


def _set_up(use: Amount, price: Values, scenario: Scenario) -> np.ndarray | float:
    known = scenario.resources.set_up_per_team
    return use("teams_started") * (price["set_up_team"] if known is None else known)


def _induction_days(use: Amount, price: Values) -> np.ndarray | float:
    """Return the trainer-days of induction: a group of newcomers shares a trainer and a room."""
    return use("induction_days") / price["induction_group"]


COST_LINES: tuple[CostLine, ...] = (
    CostLine("trainers", DIRECT, ("trainer_day", "trainer_preparation"), _trainers),
    CostLine(
        "travel and venues",
        DIRECT,
        ("trainer_travel", "venue_day", "induction_group"),
        lambda u, p, s: (
            u("trainer_days") * p["trainer_travel"]
            + u("session_days") * p["venue_day"]
            + _induction_days(u, p) * (p["trainer_travel"] + p["venue_day"])
        ),
    ),
    CostLine("materials", DIRECT, ("materials_team", "materials_person"), _materials),
    CostLine("setting up", DIRECT, ("set_up_team",), _set_up),
    CostLine(
        "backfill of training",
        DIRECT,
        ("backfill_share", "backfill_hour"),
        lambda u, p, s: _backfilled(u, p) * s.resources.hours_per_day * p["backfill_hour"],
    ),
    CostLine(
        "staff time in training",
        INDIRECT,
        ("staff_hour", "backfill_share"),
        lambda u, p, s: (
            (u("staff_days") - _backfilled(u, p)) * s.resources.hours_per_day * p["staff_hour"]
        ),
    ),
    CostLine("staff preparation", INDIRECT, ("preparation_hours", "staff_hour"), _preparation),
    CostLine(
        "induction: trainers",
        DIRECT,
        ("trainer_day", "trainer_preparation", "induction_group"),
        lambda u, p, s: _induction_days(u, p) * (1.0 + p["trainer_preparation"]) * p["trainer_day"],
    ),
    CostLine(
        "induction: newcomers' time",
        INDIRECT,
        ("staff_hour",),
        lambda u, p, s: u("induction_days") * s.resources.hours_per_day * p["staff_hour"],
    ),
    CostLine(
        "telephone support: coaches",
        DIRECT,
        ("telephone_hours", "coach_hour"),
        lambda u, p, s: u("telephone_contacts") * p["telephone_hours"] * p["coach_hour"],
    ),
    CostLine(
        "telephone support: staff time",
        INDIRECT,
        ("telephone_hours", "staff_hour"),
        lambda u, p, s: u("telephone_contacts") * p["telephone_hours"] * p["staff_hour"],
    ),
    CostLine(
        "supervision: supervisors",
        DIRECT,
        ("supervision_hours", "coach_hour"),
        lambda u, p, s: u("supervision_groups") * p["supervision_hours"] * p["coach_hour"],
    ),
    CostLine(
        "supervision: staff time",
        INDIRECT,
        ("supervision_hours", "staff_hour"),
        lambda u, p, s: u("supervision_places") * p["supervision_hours"] * p["staff_hour"],
    ),
    CostLine(
        "reflection groups: staff time",
        INDIRECT,
        ("reflection_hours", "staff_hour"),
        lambda u, p, s: u("reflection_places") * p["reflection_hours"] * p["staff_hour"],
    ),
    CostLine(
        "partnership project",
        DIRECT,
        ("partnership_week",),
        lambda u, p, s: u("partnership") * p["partnership_week"],
    ),
    CostLine(
        "work on expectations",
        DIRECT,
        ("expectations_week",),
        lambda u, p, s: u("expectations") * p["expectations_week"],
    ),
    CostLine(
        "leadership support: coaches",
        DIRECT,
        ("leadership_hours", "coach_hour"),
        lambda u, p, s: u("leadership") * p["leadership_hours"] * p["coach_hour"],
    ),
    CostLine(
        "managers' and leaders' time",
        INDIRECT,
        ("leadership_hours", "organisation_hours", "relief_hours", "manager_hour"),
        lambda u, p, s: (
            (
                u("leadership") * p["leadership_hours"]
                + u("organisation") * p["organisation_hours"]
                + u("priorities_relief") * p["relief_hours"]
            )
            * p["manager_hour"]
        ),
    ),
    CostLine(
        "work on readiness",
        DIRECT,
        ("readiness_hours", "coach_hour"),
        lambda u, p, s: u("readiness") * p["readiness_hours"] * p["coach_hour"],
    ),
    CostLine(
        "cover for protected time",
        DIRECT,
        ("protected_hours", "backfill_hour"),
        lambda u, p, s: u("protected_time") * p["protected_hours"] * p["backfill_hour"],
    ),
    CostLine(
        "beyond REFOCUS",
        DIRECT,
        (
            "social_inclusion_week",
            "family_involvement_week",
            "peer_delivery_week",
            "lived_experience_week",
            "staff_wellbeing_week",
        ),
        lambda u, p, s: (
            u("social_inclusion") * p["social_inclusion_week"]
            + u("family_involvement") * p["family_involvement_week"]
            + u("peer_delivery") * p["peer_delivery_week"]
            + u("lived_experience") * p["lived_experience_week"]
            + u("staff_wellbeing") * p["staff_wellbeing_week"]
        ),
    ),
    CostLine(
        "extra posts",
        DIRECT,
        ("post_year",),
        lambda u, p, s: u("extra_post_weeks") / WEEKS_PER_YEAR * p["post_year"],
    ),
    CostLine(
        "management of the programme",
        DIRECT,
        ("management_hours", "manager_hour"),
        lambda u, p, s: u("managed_weeks") * p["management_hours"] * p["manager_hour"],
    ),
)
"""Every line of the account."""


def cost_lines(use: Use, prices: Values, scenario: Scenario) -> dict[str, np.ndarray]:
    """Return the money of every line that is not nought.

    Parameters
    ----------
    use : mapping of str to numpy.ndarray
        Resources, all of one shape (whatever it is: teams by weeks, draws by years).
    prices : mapping of str to float or numpy.ndarray
        Prices and quantities; arrays must broadcast with the resources.
    scenario : Scenario
        Its own statements on resources go before the prices.

    Returns
    -------
    dict of str to numpy.ndarray
        Money by line, in the shape that resources and prices broadcast to.
    """

    def amount(name: str) -> np.ndarray | float:
        return use.get(name, 0.0)

    lines = {one.name: np.asarray(one.amount(amount, prices, scenario)) for one in COST_LINES}
    # What two shares that add up to 1 leave of a difference by rounding is no money.
    return {name: money for name, money in lines.items() if np.any(np.abs(money) > ROUNDING)}


def kind_of(line: str) -> str:
    """Return whether a line is direct or indirect."""
    return next(one.kind for one in COST_LINES if one.name == line)


def total(lines: Mapping[str, np.ndarray], kind: str | None = None) -> np.ndarray:
    """Return the sum over lines: of one kind, or of all."""
    chosen = [money for name, money in lines.items() if kind in (None, kind_of(name))]
    return np.asarray(sum(chosen)) if chosen else np.zeros(())


def discount_factors(years: int, rate: float) -> np.ndarray:
    """Return the weight of each year: 1 / (1 + rate)^(year - 1), the first year counted in full."""
    return np.asarray((1.0 + rate) ** -np.arange(years, dtype=float))
