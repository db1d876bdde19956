"""Which column of a file is which column of a roster: by name, by meaning, or as the user says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from sim.errors import InputError, nearest, unknown
from sim.inputs.roster.columns import ROSTER_COLUMNS, RosterColumn
from sim.inputs.roster.readiness_scales import readiness_scales
from sim.inputs.tables.dates import date_in
from sim.reading.numbers import repeated
from sim.reading.text_files import read_text
from sim.reading.toml_text import read_toml

ALIKE = 0.8
"""How like a known name a heading must be to be taken for a slip of the pen."""


@dataclass(frozen=True)
class ColumnMap:
    """What a user says of the columns of a file.

    Attributes
    ----------
    columns : mapping
        Column by heading; an empty name keeps a column as the user's own.
    sheet : str or None
        Sheet of a workbook.
    start_date : date or None
        Day from which weeks are counted where the file has dates.
    readiness_scale : str or None
        Instrument of all readiness scores of the file whose line names none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    start_date: date | None = None
    readiness_scale: str | None = None


_FIELDS = ("sheet", "start_date", "readiness_scale", "columns")


def read_column_map(path: str | Path) -> ColumnMap:
    """Read what a user says of the columns of a file, from TOML.

    Raises
    ------
    InputError
        By name, for what does not exist.
    """
    where = f"columns '{Path(path).name}'"
    table = read_toml(read_text(path, "columns"), where)
    for name in table:
        if name not in _FIELDS:
            raise InputError(f"{where}: {unknown('field', name, _FIELDS)}")
    scale = table.get("readiness_scale")
    if scale is not None and not (isinstance(scale, str) and scale in readiness_scales()):
        raise InputError(f"{where}: {unknown('readiness_scale', str(scale), readiness_scales())}")
    columns, sheet, start = (table.get(one) for one in ("columns", "sheet", "start_date"))
    if sheet is not None and not isinstance(sheet, str):
        raise InputError(f"{where}: sheet = {repeated(sheet)}: must be the name of a sheet")
    day = start if isinstance(start, date) or start is None else date_in(str(start))
    if start is not None and day is None:
        raise InputError(f"{where}: start_date = {repeated(start)}: must be a date as 2027-04-01")
    if not isinstance(columns, dict | None) or not all(
        isinstance(one, str) for one in (columns or {}).values()
    ):
        raise InputError(f'{where}: columns: must be a table of lines as "Team name" = "team"')
    return ColumnMap(columns or {}, sheet, day, scale)


def column_map_text(
    found: Mapping[str, str],
    start_date: date | None,
    sheet: str | None,
    readiness_scale: str | None = None,
) -> str:
    """Return a mapping as TOML that `read_column_map` reads back."""
    import json

    lines = ['# Which column of the file is which: heading = column; "" keeps it as your own.']
    lines += [f"sheet = {json.dumps(sheet)}"] if sheet is not None else []
    lines += [f"start_date = {start_date}"] if start_date is not None else []
    lines += [f"readiness_scale = {json.dumps(readiness_scale)}"] if readiness_scale else []
    lines += ["", "[columns]"]
    lines += [
        f"{json.dumps(heading, ensure_ascii=False)} = {json.dumps(name)}"
        for heading, name in found.items()
    ]
    return "\n".join(lines) + "\n"


def key_of(heading: str) -> str:
    """Return a heading as it is compared: small, blanks and signs as underscores."""
    signs = (one if one.isalnum() else " " for one in heading.lower().replace("%", " percent "))
    return "_".join("".join(signs).split())


def known_columns(columns: Sequence[RosterColumn]) -> dict[str, str]:
    """Return column by every name under which it is known."""
    found = {other: one.name for one in columns for other in one.also}
    return {**found, **{one.name: one.name for one in columns}}


_OF_ROSTER = known_columns(ROSTER_COLUMNS)


def known_in(cells: Sequence[str]) -> int:
    """Return how many cells are headings of a roster."""
    return sum(1 for one in cells if key_of(one) in _OF_ROSTER)


@dataclass(frozen=True)
class Matched:
    """Which columns of a file are which."""

    places: dict[str, int]  # Place in the line by column
    own_columns: dict[str, int]  # Place in the line by heading, for columns that are the user's own
    problems: tuple[str, ...]  # Headings that are not clear
    notes: tuple[str, ...]  # What was matched by meaning, and which columns are the user's own

    def mapping(self, headings: Sequence[str]) -> dict[str, str]:
        """Return column by heading, as it is saved."""
        of = {place: name for name, place in self.places.items()}
        return {one: of.get(place, "") for place, one in enumerate(headings) if one}


def matched(headings: Sequence[str], said: Mapping[str, str], names: Mapping[str, str]) -> Matched:
    """Match headings to columns: as the user says, else by name, else by meaning.

    Parameters
    ----------
    headings : sequence of str
        As they stand in the file.
    said : mapping
        Column by heading, from the user.
    names : mapping
        Column by every name under which it is known.
    """
    columns = tuple(dict.fromkeys(names.values()))
    problems, notes = _said_wrong(headings, said, columns), []
    places: dict[str, int] = {}
    own_columns: dict[str, int] = {}
    given = {" ".join(heading.split()).lower(): name for heading, name in said.items()}
    left = []
    for place, heading in enumerate(headings):
        told = given.get(" ".join(heading.split()).lower())
        if told is None:
            left.append(place)
        elif told in columns:
            problems += _placed(places, told, place, headings)
        else:
            own_columns[heading] = place
    for exact in (True, False):
        for place in tuple(left):
            key = key_of(headings[place])
            name = names.get(key, "")
            if not name or (exact and key != name) or (not exact and name in places):
                continue
            if not exact:
                rivals = [one for one in left if names.get(key_of(headings[one])) == name]
                if len(rivals) > 1:
                    listed = " and ".join(f"'{headings[one]}'" for one in rivals[:4])
                    problems.append(
                        f"{listed} may each be the column '{name}'; say which in a file that "
                        f'--columns names: "{headings[rivals[0]]}" = "{name}"'
                    )
                    left = [one for one in left if one not in rivals]
                    continue
                notes.append(f"column '{headings[place]}' is read as {name}")
            problems += _placed(places, name, place, headings)
            if place in left:
                left.remove(place)
    for place in left:
        heading = headings[place]
        if not heading:
            continue
        near = get_close_matches(
            key_of(heading), [one for one in columns if one not in places], n=1, cutoff=ALIKE
        )
        if near:
            problems.append(
                f"unknown column '{heading[:40]}'; did you mean '{near[0]}'? If it is a column of "
                f'your own, say so in a file that --columns names: "{heading[:40]}" = ""'
            )
        else:
            own_columns[heading] = place
    if own_columns:
        listed = ", ".join(f"'{one}'" for one in own_columns)
        notes.append(f"columns of your own, kept and not used: {listed}")
    return Matched(places, own_columns, tuple(problems), tuple(notes))


def _placed(
    places: dict[str, int], name: str, place: int, headings: Sequence[str]
) -> Iterable[str]:
    if name in places:
        return [f"column '{name}' stands twice ('{headings[places[name]]}', '{headings[place]}')"]
    places[name] = place
    return []


def _said_wrong(
    headings: Sequence[str], said: Mapping[str, str], columns: Sequence[str]
) -> list[str]:
    problems = []
    there = {" ".join(one.split()).lower() for one in headings}
    for heading, name in said.items():
        if " ".join(heading.split()).lower() not in there:
            problems.append(
                f"--columns names '{heading}', which is no heading{nearest(heading, headings)}"
            )
        if name and name not in columns:
            problems.append(f"--columns: {unknown('column', name, columns)}")
    return problems
