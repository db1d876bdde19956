"""From resources to money: cost lines, direct and indirect, by year, discounted.

*Direct* costs are paid out for the programme; *indirect* costs are staff time that is given to it
and not replaced. What services cost otherwise is no part of either: its change is told on a line of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.element import DIRECT, INDIRECT
from sim.errors import InputError, unknown
from sim.link import elements
from sim.planning.prices import shipped_prices
from sim.planning.resources import WEEKS_PER_YEAR

if TYPE_CHECKING:
    from sim.element import Cost, Element
    from sim.scenarios.schema import Scenario

ROUNDING = 1e-6
Use = Mapping[str, np.ndarray]
Values = Mapping[str, np.ndarray | float]
Amount = Callable[[str], np.ndarray | float]

TRIAL_SERVICE_COST = -1062.0
TRIAL_SERVICE_COST_LIMITS = (-3017.0, 1103.0)
"""Service cost, REFOCUS minus usual care, GBP a person and year, with its 95% limits (trial)."""


@dataclass(frozen=True)
class CostLine:
    """One line of the account."""

    name: str  # What is paid for
    kind: str  # {'direct', 'indirect'}: Paid out, or staff time given
    prices: tuple[str, ...]  # Prices and quantities it hangs on
    # From resources, prices and scenario to money.
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


def element_lines(of: Iterable[Element], prices: Iterable[str]) -> Iterator[CostLine]:
    """Yield the lines that pay for what elements take.

    Lines, and terms of a line, stand in the order of their prices: sums then have the same last
    digit whatever the order of links.

    Raises InputError when an element names a price that does not exist, or a line is direct and
    indirect.
    """
    places = {name: place for place, name in enumerate(prices)}
    terms: dict[str, list[Cost]] = {}
    costs = [cost for one in of for cost in one.costs]
    for cost in costs:
        for name in (cost.price, cost.times):
            if name and name not in places:
                raise unknown(f"price in the line '{cost.line}'", name, places)
    for cost in sorted(costs, key=lambda one: places[one.price]):
        terms.setdefault(cost.line, []).append(cost)
    for line, several in terms.items():
        if len({one.kind for one in several}) > 1:
            raise InputError(f"line '{line}': its costs must be all direct, or all indirect")
        named = [name for one in several for name in (one.price, one.times) if name]
        yield CostLine(line, several[0].kind, tuple(dict.fromkeys(named)), _sum_of(several))


def _sum_of(terms: list[Cost]) -> Callable[[Amount, Values, Scenario], np.ndarray | float]:
    def amount(use: Amount, price: Values, scenario: Scenario) -> np.ndarray | float:
        total: np.ndarray | float = 0.0
        for times in dict.fromkeys(one.times for one in terms):
            of_them = sum(use(one.use) * price[one.price] for one in terms if one.times == times)
            total = total + (of_them * price[times] if times else of_them)
        return total

    return amount


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
    *element_lines(elements(), shipped_prices().entries),
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
