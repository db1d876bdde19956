"""A staff list with one row a person, as an electronic staff record gives it, as a roster's table.

Every person in post counts as one post. Who carries a caseload follows from the role; how many
staff leave follows from how many began within a year, which is the same where a service keeps its
size. All of it is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sim.errors import InputError
from sim.inputs.roster.column_map import ColumnMap, Matched, key_of, matched
from sim.inputs.roster.columns import limits_of
from sim.inputs.tables.dates import date_in
from sim.inputs.tables.numbers import plain_number
from sim.inputs.tables.table import Line, Table
from sim.parameters import registry
from sim.reading.numbers import number_in

FEWEST_FOR_TURNOVER = 20
"""People in post below which hire dates say too little of turnover."""

# Headings by meaning; of organisational levels the deepest is the team, the one above the trust.
NAMES = {
    **dict.fromkeys(
        (
            "person",
            "employee_number",
            "assignment_number",
            "staff_id",
            "employee_id",
            "payroll_number",
        ),
        "person",
    ),
    **dict.fromkeys(("team", "team_name", "department", "service", "cost_centre_name"), "team"),
    **dict.fromkeys(("trust", "organisation", "organization", "directorate"), "trust"),
    **dict.fromkeys(("role", "job_role", "job_title", "position_title", "occupation"), "role"),
    **dict.fromkeys(("fte", "wte", "contracted_wte", "whole_time_equivalent"), "fte"),
    **dict.fromkeys(("hire_date", "latest_start_date", "date_started", "started"), "hire_date"),
    **dict.fromkeys(("status", "assignment_status", "employee_status"), "status"),
}
_LEVEL = re.compile(r"org(anisation)?_l(evel_)?(\d+)")
_COORDINATES = re.compile(
    r"co-?ordinator|key ?worker|practitioner|nurse|\bcpn\b|social worker|occupational therap"
    r"|case (manager|holder)|\bamhp\b|approved mental health",
    re.IGNORECASE,
)
_NO_CASELOAD = re.compile(
    r"(?<!case )manager|lead\b|matron|consultant|doctor|psychiatrist|psycholog|admin|secretar"
    r"|reception|clerical|support worker|assistant|pharmac|peer|student",
    re.IGNORECASE,
)


def names_of(headings: Sequence[str]) -> dict[str, str]:
    """Return column by heading of a staff list, organisational levels among them."""
    levels = sorted(
        (int(level.group(3)), key_of(one))
        for one in headings
        if (level := _LEVEL.fullmatch(key_of(one)))
    )
    known = {key_of(one) for one in headings}
    found = dict(NAMES)
    # Two numbers of a person are one column.
    if "employee_number" in known:
        found.pop("assignment_number")
    if levels and not {"team", "team_name"} & known:
        found[levels[-1][1]] = "team"
        for name in ("department", "service", "cost_centre_name"):
            found.pop(name)
        if len(levels) > 1:
            found[levels[-2][1]] = "trust"
    return found


def is_staff_list(headings: Sequence[str], said: ColumnMap) -> bool:
    """Return whether a table has one row a person: it names persons, and roles or hire dates."""
    names = names_of(headings)
    found = {names.get(key_of(one)) for one in headings} | set(said.columns.values())
    return "person" in found and bool(found & {"role", "hire_date"})


def known_in(cells: Sequence[str]) -> int:
    """Return how many cells are headings of a staff list; none where it is no such list."""
    names = names_of(cells)
    return (
        sum(1 for one in cells if key_of(one) in names) if is_staff_list(cells, ColumnMap()) else 0
    )


def roster_table(table: Table, said: ColumnMap, where: str) -> tuple[Table, Matched]:
    """Return the teams of a staff list as a roster's table, with notes on what was assumed.

    Raises
    ------
    InputError
        With every row that names no team or holds what is no date or number.
    """
    found = matched(table.headings, said.columns, names_of(table.headings))
    problems = list(found.problems)
    if "team" not in found.places and not problems:
        problems.append("column 'team' is missing; name it in a file that --columns names")
    if problems:
        raise InputError.of(where, [f"line {table.heading_number}: {one}" for one in problems])
    people = [_person(found, one, table.decimal, problems) for one in table.lines]
    if problems:
        raise InputError.of(where, problems)
    there = [one for one in people if _in_post(one["status"])]
    if not there:
        raise InputError(f"{where}: nobody is in post")
    notes = list(_notes(table, people, there))
    multiplier, told = turnover_multiplier([one["day"] for one in there])
    notes.append(told)
    headings = ["team", "trust", "staff", "coordinators"]
    headings += ["turnover_multiplier"] if multiplier is not None else []
    lines = []
    for team in dict.fromkeys(one["team"] for one in there):
        members = [one for one in there if one["team"] == team]
        carrying = sum(one["carries"] for one in members)
        cells = [team, members[0]["trust"], str(len(members)), str(carrying) if carrying else ""]
        cells += [f"{multiplier:.3g}"] if multiplier is not None else []
        lines.append(Line(members[0]["line"], tuple(cells)))
    return (
        Table(
            table.source,
            tuple(headings),
            tuple(lines),
            table.heading_number,
            notes=(*table.notes, *found.notes, *notes),
            left_out=table.left_out,
        ),
        found,
    )


def _person(found: Matched, line: Line, decimal: str, problems: list[str]) -> dict[str, Any]:
    cell = {
        name: line.cells[place] if place < len(line.cells) else ""
        for name, place in found.places.items()
    }
    at = f"line {line.number}"
    if not cell["team"]:
        problems.append(f"{at}, team: is empty; every person needs a team")
    day, fte = cell.get("hire_date", ""), cell.get("fte", "")
    if day and date_in(day) is None:
        problems.append(f"{at}, hire_date = '{day}': must be a date as 01/04/2027 or 1 April 2027")
    written = plain_number(fte, decimal)
    share = None if written is None else number_in(written.text)
    if fte and (share is None or not 0.0 < share <= 1.5):
        problems.append(f"{at}, fte = '{fte}': must be a number above 0 and at most 1.5")
    role = cell.get("role", "")
    return {
        "line": line.number,
        "team": cell["team"],
        "trust": cell.get("trust", ""),
        "role": role,
        "carries": bool(_COORDINATES.search(role)) and not _NO_CASELOAD.search(role),
        "fte": share,
        "day": date_in(day) if day else None,
        "status": cell.get("status", ""),
    }


def _in_post(status: str) -> bool:
    return not status or bool(re.search(r"\bactive|acting", status, re.IGNORECASE))


def _notes(
    table: Table, people: list[dict[str, Any]], there: list[dict[str, Any]]
) -> Iterator[str]:
    teams = len({one["team"] for one in there})
    yield f"a staff list: {len(there)} people in post in {teams} teams, one post each"
    gone = Counter(one["status"] for one in people if not _in_post(one["status"]))
    if gone:
        yield "not in post: " + ", ".join(f"{count} '{name}'" for name, count in gone.items())
    shares = [one["fte"] for one in there if one["fte"] is not None]
    if shares:
        total = f"{sum(shares):g}"
        yield f"their whole-time equivalents add up to {total}; people are simulated, not hours"
    roles = {
        side: Counter(o["role"] for o in there if o["carries"] is side) for side in (True, False)
    }
    if roles[True]:
        listed = ", ".join(f"{name} ({count})" for name, count in roles[True].most_common(12))
        yield f"taken to carry a caseload, by their role: {listed}"
    if roles[False]:
        listed = ", ".join(
            f"{name or 'no role'} ({count})" for name, count in roles[False].most_common(12)
        )
        yield f"taken to carry none: {listed}"


def turnover_multiplier(days: Sequence[date | None]) -> tuple[float | None, str]:
    """Return the leaving rate relative to the model's, from dates of hire, and what to tell.

    Parameters
    ----------
    days : sequence of date or None
        Of every person in post. In a service that keeps its size as many leave in a year as began;
        None is returned where too few dates say so.
    """
    known = [one for one in days if one is not None]
    if len(known) < FEWEST_FOR_TURNOVER:
        return None, (
            f"turnover: as in the model; dates of hire of {len(known)} people are too few to tell "
            f"(at least {FEWEST_FOR_TURNOVER})"
        )
    last = max(known)
    began = sum(1 for one in known if one > last - timedelta(days=365))
    share = began / len(known)
    usual = registry()["turnover_yearly"].default
    low, high = limits_of("turnover_multiplier")
    ratio = min(max(share / usual, low), high)
    return ratio, (
        f"turnover: {began} of {len(known)} people began in the year to {last}; taken as the share "
        f"who leave in a year ({share:.3f}, {ratio:.3g} times the model's {usual:g}), for all teams"
    )
