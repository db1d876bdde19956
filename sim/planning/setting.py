"""The planner's setting: dates, trainers, budget, horizon and discount rate, from a TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, nearest
from sim.planning.plan_conditions import NONE, Conditions, conditions_from
from sim.planning.trainers import Capacity, check_capacity
from sim.reading.numbers import number_value, repeated, whole_value
from sim.reading.text_files import read_text
from sim.reading.toml_text import check_fields, read_toml

if TYPE_CHECKING:
    import numpy as np

    from sim.inputs.roster import Roster

DISCOUNT_RATE = 0.035
"""Yearly; the rate of NICE's reference case."""
LONGEST_YEARS = 20.0
FIELDS = (
    "start_date",
    "years",
    "trainers",
    "trainer_days_per_year",
    "budget_per_year",
    "discount_rate",
    "waves",
    "plan",
)
WAVE_FIELDS = ("date", "teams", "trusts")
HINT = "; 'refocus template setting' prints one"


@dataclass(frozen=True)
class Wave:
    """A date on which teams, or all of a trust, start; unnamed, teams are shared out in order."""

    date: date
    teams: tuple[str, ...] = ()
    trusts: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether it says who starts."""
        return bool(self.teams or self.trusts)


@dataclass(frozen=True)
class Setting:
    """What holds at the planner's place."""

    start_date: date | None = None  # First day of the simulated time; None leaves weeks undated
    years: float | None = None  # How long is looked at; None leaves it to the scenarios
    # Trainers, their days and the yearly budget.
    capacity: Capacity = field(default_factory=Capacity)
    discount_rate: float = DISCOUNT_RATE  # Yearly rate for costs
    # When teams start; empty leaves it to the scenarios and the roster.
    waves: tuple[Wave, ...] = ()
    conditions: Conditions = NONE  # What `refocus plan` has to keep beside budget and trainers
    source: str = "no setting file: no limit of trainers or budget"  # Name of the file

    def date_of(self, week: int) -> date | None:
        """Return the first day of a week, counted from 0; None where weeks are undated."""
        return None if self.start_date is None else self.start_date + timedelta(weeks=week)


def read_setting(path: Path | str) -> Setting:
    """Read a setting file.

    Raises
    ------
    InputError
        When the file cannot be read or a field breaks a rule; one line that names it.
    """
    return setting_from_text(read_text(path, "setting", hint=HINT), Path(path).name)


def setting_from_text(text: str, source: str = "setting") -> Setting:
    """Read a setting from TOML text (see `read_setting`)."""
    where = f"setting '{source}'"
    table = read_toml(text, where)
    check_fields(where, table, FIELDS)
    start = _date(where, "start_date", table["start_date"]) if "start_date" in table else None

    def number(name: str, default: float | None, low: float, high: float) -> float | None:
        value = table.get(name, default)
        return None if value is None else number_value(f"{where}: {name}", value, low, high)

    years = number("years", None, 1 / 52, LONGEST_YEARS)
    trainers = table.get("trainers")
    if trainers is not None:
        trainers = whole_value(f"{where}: trainers", trainers, 0, 1000)
    days = number("trainer_days_per_year", 100.0, 0.5, 260)
    budget = number("budget_per_year", None, 0, 1e10)
    rate = number("discount_rate", DISCOUNT_RATE, 0, 0.2)
    assert days is not None
    assert rate is not None
    capacity = Capacity(trainers, days, budget)
    return Setting(
        start_date=start,
        years=years,
        capacity=check_capacity(capacity),
        discount_rate=rate,
        waves=_waves(where, table.get("waves", []), start, years),
        conditions=conditions_from(where, table["plan"]) if "plan" in table else NONE,
        source=source,
    )


def _date(where: str, name: str, value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(
            f"{where}: {name} = {repeated(value)}: must be a date such as 2027-04-01"
        ) from None


def _waves(where: str, given: Any, start: date | None, years: float | None) -> tuple[Wave, ...]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise InputError(f"{where}: waves: must be tables, each headed [[waves]]")
    if given and start is None:
        raise InputError(f"{where}: start_date is missing: waves are counted from it")
    waves: list[Wave] = []
    for number, table in enumerate(given, 1):
        at = f"{where}: wave {number}"
        check_fields(at, table, WAVE_FIELDS)
        if "date" not in table:
            raise InputError(f"{at}: its date is missing")
        day = _date(at, "date", table["date"])
        assert start is not None
        if day < start:
            raise InputError(f"{at}: date = {day}: lies before start_date = {start}")
        if years is not None and (day - start).days >= years * 364:
            raise InputError(f"{at}: date = {day}: lies after the {years:g} years looked at")
        if waves and day <= waves[-1].date:
            raise InputError(f"{at}: date = {day}: must come after wave {number - 1}")
        names = {}
        for key in ("teams", "trusts"):
            names[key] = table.get(key, [])
            listed = isinstance(names[key], list)
            if not listed or not all(isinstance(one, str) for one in names[key]):
                raise InputError(f"{at}: {key}: must be a list of {key[:-1]} names")
        waves.append(Wave(day, tuple(names["teams"]), tuple(names["trusts"])))
    if any(one.named for one in waves) and not all(one.named for one in waves):
        raise InputError(f"{where}: waves: name teams or trusts in every wave, or in none")
    return tuple(waves)


def wished_starts(setting: Setting, roster: Roster, starts: np.ndarray) -> np.ndarray:
    """Return the start weeks that a planner wishes for.

    Parameters
    ----------
    setting : Setting
        Its waves go before a scenario's timing.
    roster : Roster
        Teams.
    starts : numpy.ndarray
        Start weeks of the scenario, -1 for never, shape (teams,).

    Returns
    -------
    numpy.ndarray
        Start weeks; a team that the scenario does not treat stays at -1, and so does one that no
        wave names where waves name teams.

    Raises
    ------
    InputError
        For a team or trust that the roster does not have (with the nearest that it has) and a
        team that stands in two waves.
    """
    import numpy as np

    if not setting.waves:
        return np.asarray(starts, np.int64).copy()
    assert setting.start_date is not None
    weeks = [(one.date - setting.start_date).days // 7 for one in setting.waves]
    treated = [int(one) for one in np.flatnonzero(np.asarray(starts) >= 0)]
    wished = np.full(len(starts), -1, np.int64)
    if not setting.waves[0].named:
        for week, members in zip(weeks, np.array_split(treated, len(weeks)), strict=True):
            wished[members.astype(int)] = week
        return wished
    seen: dict[int, int] = {}
    for number, (wave, week) in enumerate(zip(setting.waves, weeks, strict=True), 1):
        where = f"setting '{setting.source}': wave {number}"
        for named, place in _named(where, wave, roster):
            if place in seen:
                raise InputError(f"{where}, {named}: stands already in wave {seen[place]}")
            seen[place] = number
            if place in treated:
                wished[place] = week
    return wished


def named_teams(setting: Setting, roster: Roster) -> list[int]:
    """Return the places in the roster of the teams that waves name, themselves or by trust."""
    where = f"setting '{setting.source}'"
    return [place for wave in setting.waves for _, place in _named(where, wave, roster)]


def _named(where: str, wave: Wave, roster: Roster) -> Iterator[tuple[str, int]]:
    """Yield every team that a wave names, itself or by its trust: words for it, and its place."""
    teams = {row.team.casefold(): place for place, row in enumerate(roster.rows)}
    trusts: dict[str, list[int]] = {}
    for place, row in enumerate(roster.rows):
        trusts.setdefault(row.trust.casefold(), []).append(place)
    for name in wave.teams:
        if name.casefold() not in teams:
            hint = nearest(name, (row.team for row in roster.rows))
            if name.casefold() in trusts:
                hint = "; it is a trust: name it under trusts"
            raise InputError(f"{where}, team '{name}': is not in the roster{hint}")
        yield f"team '{name}'", teams[name.casefold()]
    for name in wave.trusts:
        if name.casefold() not in trusts:
            hint = nearest(name, sorted({row.trust for row in roster.rows}))
            raise InputError(f"{where}, trust '{name}': is not in the roster{hint}")
        for place in trusts[name.casefold()]:
            yield f"team '{roster.rows[place].team}' of trust '{name}'", place


TEMPLATE = """\
# The setting of a plan. Every line may be left out; take the # away to use one.

# First day of the simulated time. Waves and years are counted from it.
start_date = 2027-04-01

# Years looked at; --years goes before it. The trial lasted one: later years are an extrapolation.
years = 2

# Trainers who can work at the same time, and the days of sessions each gives in a year (their
# preparation and travel come on top). Left out: no limit.
trainers = 2
trainer_days_per_year = 60

# Direct costs that may be planned in a year, in the currency and price year of the prices. They
# are reckoned with everybody attending. Left out: no limit. 0: nothing is started.
# budget_per_year = 150000

# Yearly discount rate of costs; the first year counts in full.
discount_rate = 0.035

# When teams start. Left out, scenario and roster say it. With names of teams or of trusts, only
# those start; without names, teams are shared out over the waves in the order of the roster.
# [[waves]]
# date = 2027-04-01
# teams = ["North 1"]
#
# [[waves]]
# date = 2027-09-01
# trusts = ["South"]

# What `refocus plan` keeps beside budget and trainers (`refocus compare` passes it by).
# [plan]
# costs = "cash and staff time"   # what the yearly budget holds; "cash" when left out
# equity_reach = 0.1              # least share of black service users' time with a trained worker
#
# [[plan.trusts]]
# trust = "North"
# least_teams = 1                 # with start_by_week: so many teams start by then
# start_by_week = 52
# most_teams = 6
# budget_per_year = 60000
"""


def setting_template() -> str:
    """Return a commented setting file that loads."""
    return TEMPLATE
