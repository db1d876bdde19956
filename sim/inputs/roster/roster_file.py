"""Rosters in files: read a planner's own teams, write a roster, give a template.

Only the names of teams are needed. Files may be CSV, workbooks and others (`sim.inputs.tables`);
columns are known by name, by meaning, or as a user says (`--columns`); what is missing has its
default. A list of staff becomes a roster too. All problems of a file are told at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.inputs.control_labels import arm_text, arms_note, arms_of
from sim.inputs.roster import staff_list
from sim.inputs.roster.column_map import (
    ColumnMap,
    Matched,
    known_columns,
    known_in,
    matched,
)
from sim.inputs.roster.columns import ROSTER_COLUMNS
from sim.inputs.roster.readiness_scales import readiness_scales, scales_that_hold
from sim.inputs.roster.team import LARGEST_ROSTER, TRIAL_SHARE_BLACK, Roster, TeamRow
from sim.inputs.tables import Line, Table, read_table, table_from_bytes, table_from_text
from sim.inputs.tables.dates import date_in
from sim.inputs.tables.lines import why_no_data
from sim.inputs.tables.numbers import plain_number
from sim.inputs.tables.table import MISSING, OTHER_MARKS
from sim.reading.numbers import number_in
from sim.spreadsheet import csv_text

COORDINATOR_SHARE = 9 / 20
USERS_PER_COORDINATOR = 25
SAMPLED = 15
# Columns that a sum over teams adds up.
_ADDED = ("staff", "coordinators", "caseload")

_COLUMNS = {one.name: one for one in ROSTER_COLUMNS}
_NAMES = known_columns(ROSTER_COLUMNS)
_MARKS = frozenset(one.lower() for one in (*MISSING, *OTHER_MARKS))


def read_roster_csv(path: str | Path, said: ColumnMap | None = None) -> Roster:
    """Read a roster from a file.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV, a workbook or another table (`sim.inputs.tables`); its columns are documented in
        `ROSTER_COLUMNS`. A list of staff, one row a person, is counted by team.
    said : ColumnMap, optional
        What the user says of the columns.

    Returns
    -------
    Roster
        Teams in the order of the file; `notes` say how columns were read and which defaults used.

    Raises
    ------
    InputError
        When the file is not there or cannot be read, or lines break rules: all of them at once,
        each with line, column, value and rule.
    """
    said = said or ColumnMap()
    return roster_of_table(read_table(path, "roster", known=_known, sheet=said.sheet), said)


def roster_from_bytes(content: bytes, source: str = "roster") -> Roster:
    """Read a roster from the content of a file; see `read_roster_csv`."""
    return roster_of_table(table_from_bytes(content, source, "roster", known=_known))


def roster_from_text(text: str, source: str = "roster") -> Roster:
    """Read a roster from CSV text; see `read_roster_csv`."""
    return roster_of_table(table_from_text(text, source, "roster", known=_known))


def _known(cells: Sequence[str]) -> int:
    return max(known_in(cells), staff_list.known_in(cells))


def roster_of_table(table: Table, said: ColumnMap | None = None) -> Roster:
    """Return the roster of a table; see `read_roster_csv`."""
    said = said or ColumnMap()
    where = f"roster '{table.source}'"
    mapping = None
    if staff_list.is_staff_list(table.headings, said):
        whole = table
        table, of_people = staff_list.roster_table(table, said, where)
        mapping, said = of_people.mapping(whole.headings), replace(said, columns={})
    found = matched(table.headings, said.columns, _NAMES)
    problems = list(found.problems)
    if "team" not in found.places and not any("'team'" in one for one in problems):
        problems.append("column 'team' is missing; it is the one that must be there")
    if problems:
        raise InputError.of(where, [f"line {table.heading_number}: {one}" for one in problems])
    return _Reading(table, found, said, where).roster(
        found.mapping(table.headings) if mapping is None else mapping
    )


class _Reading:
    """A table that becomes a roster: its problems, defaults and notes as they are found."""

    def __init__(self, table: Table, found: Matched, said: ColumnMap, where: str) -> None:
        self.table, self.found, self.where = table, found, where
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.dropped: list[str] = list(table.left_out)
        self.defaults: Counter[str] = Counter()
        self.marks: Counter[tuple[str, str]] = Counter()
        self.rounded: dict[str, list[tuple[float, int]]] = {}
        self.percent: Counter[str] = Counter()
        self.scales: Counter[str] = Counter()
        self.arms: dict[str, str] = {}
        self.start_date = said.start_date
        self.scale = said.readiness_scale

    def roster(self, mapping: dict[str, str]) -> Roster:
        rows: list[TeamRow] = []
        own_cells: dict[str, list[str]] = {name: [] for name in self.found.own_columns}
        lines_of: dict[str, int] = {}
        spelt: dict[str, str] = {}
        otherwise: dict[str, str] = {}
        doubtful: list[str] = []
        bare: list[int] = []
        lines = list(self._teams())
        self._count_weeks_from(lines)
        self._name_arms(lines)
        for line in lines:
            entries = self._given(line)
            if entries.get("trust") is not None:
                written = entries["trust"]
                entries["trust"] = spelt.setdefault(written.casefold(), written)
                if written != entries["trust"]:
                    otherwise[written] = entries["trust"]
            row = self._row(entries, f"line {line.number}")
            if row is None:
                continue
            same = row.team.casefold()
            if same in lines_of:
                self.problems.append(
                    f"line {line.number}, team = '{row.team}': stands already in line "
                    f"{lines_of[same]}; every team needs a name of its own"
                )
            lines_of.setdefault(same, line.number)
            if added := _added_up(entries, rows):
                doubtful.append(
                    f"line {line.number}: {' and '.join(added)} of '{row.team[:40]}' are the sums "
                    "over the teams above; take the line out if it is no team"
                )
            if set(entries) == {"team"}:
                bare.append(line.number)
            rows.append(row)
            for name, place in self.found.own_columns.items():
                own_cells[name].append(_cell(line, place))
            if len(rows) > LARGEST_ROSTER:
                self.problems.append(f"line {line.number}: more than {LARGEST_ROSTER} teams")
                break
        if self.problems:
            raise InputError.of(self.where, self.problems)
        if not rows:
            raise InputError(f"{self.where}: has a heading but no team")
        if len(bare) <= len(rows) // 2:
            doubtful += [
                f"line {number}: has a name alone, and is taken for a team with default values; "
                "take the line out if it is no team"
                for number in bare
            ]
        told = (
            *self.dropped,
            *doubtful,
            *(f"trust: '{one}' is read as '{other}'" for one, other in otherwise.items()),
            *self.table.notes,
            *self.found.notes,
            *self.notes,
            *self._cell_notes(),
        )
        assumed = (
            *self._scale_notes(),
            *self._default_notes(len(rows)),
            *_alike([row.trust for row in rows]),
        )
        return Roster(
            tuple(rows),
            (*told, *assumed),
            self.table.source,
            told,
            {name: tuple(cells) for name, cells in own_cells.items()},
            mapping,
        )

    def _teams(self) -> Iterator[Line]:
        """Yield the lines that stand for a team; note the others."""
        named = self.found.places["team"]
        for line in self.table.lines:
            name = _cell(line, named) or next((one for one in line.cells if one), "")
            no_team = why_no_data(name, line.cells, len(self.table.headings), "team")
            if no_team:
                self.dropped.append(f"line {line.number} is left out: {no_team}")
            else:
                yield line

    def _count_weeks_from(self, lines: Sequence[Line]) -> None:
        """Settle from which day weeks are counted, where the file has dates."""
        place = self.found.places.get("start_week")
        if place is None:
            return
        days = [day for one in lines if (day := date_in(_cell(one, place))) is not None]
        if not days:
            return
        if self.start_date is None:
            self.start_date = min(days)
            self.notes.append(
                f"start_week: weeks are counted from the earliest date, {min(days)}; name another "
                "as start_date in a setting, or in a file that --columns names"
            )
        else:
            self.notes.append(f"start_week: weeks are counted from start_date = {self.start_date}")

    def _name_arms(self, lines: Sequence[Line]) -> None:
        """Settle which labels of arms mean which, where they are not the two words themselves."""
        place = self.found.places.get("arm")
        if place is None:
            return
        cells = {_cell(one, place) for one in lines}
        self.arms = arms_of(one for one in cells if one and one.lower() not in _MARKS)
        if note := arms_note(self.arms):
            self.notes.append(note)

    def _given(self, line: Line) -> dict[str, Any]:
        """Return what a line's filled cells hold, by column; None for a cell that breaks a rule."""
        entries: dict[str, Any] = {}
        for name, place in self.found.places.items():
            cell = _cell(line, place)
            column = _COLUMNS[name]
            if not cell:
                continue
            if column.kind != "name" and cell.lower() in _MARKS:
                self.marks[name, cell] += 1
                continue
            day = date_in(cell) if name == "start_week" else None
            if day is not None:
                cell = self._week_of(day)
            if name == "arm":
                cell = self.arms.get(arm_text(cell), cell)
            try:
                value = column.read(cell, self.table.decimal)
            except InputError as error:
                self.problems.append(f"line {line.number}, {error}")
                entries[name] = None
                continue
            self._note_number(name, cell, value)
            entries[name] = value
        return entries

    def _week_of(self, day: date) -> str:
        assert self.start_date is not None
        return str((day - self.start_date).days // 7)

    def _note_number(self, name: str, cell: str, value: Any) -> None:
        written = plain_number(cell, self.table.decimal)
        if written is None or _COLUMNS[name].kind not in ("whole", "number"):
            return
        self.percent[name] += written.percent
        if _COLUMNS[name].fractions and (exact := number_in(written.text)) is not None:
            self.rounded.setdefault(name, []).append((exact, value))

    def _row(self, entries: dict[str, Any], at: str) -> TeamRow | None:
        """Build a row, fill in defaults and count them, and check what depends on other columns."""
        if "team" not in entries:
            self.problems.append(f"{at}, team: is empty; every team needs a name")
            return None
        # An instrument gives both ends of its range; where none is named, the ends are told.
        named = {"readiness_scale"}
        if entries.get("readiness_scale", self.scale) is not None:
            named |= {"readiness_low", "readiness_high"}
        self.defaults.update(name for name in _COLUMNS if name not in entries and name not in named)
        if None in entries.values():
            # Its problem is told; what follows from it would be told twice.
            return TeamRow(team=entries["team"]) if entries["team"] is not None else None
        staff = entries.get("staff", 20)
        coordinators = entries.get("coordinators", max(1, round(staff * COORDINATOR_SHARE)))
        if coordinators > staff:
            self.problems.append(
                f"{at}, coordinators = {coordinators}: must not exceed staff = {staff}"
            )
        # A sample that is given says at least how many people there are.
        caseload = entries.get(
            "caseload", max(coordinators * USERS_PER_COORDINATOR, entries.get("sampled", 0))
        )
        sampled = entries.get("sampled", min(SAMPLED, caseload))
        if sampled > caseload:
            self.problems.append(
                f"{at}, sampled = {sampled}: must not exceed caseload = {caseload}"
            )
        low, high = self._readiness_range(entries, at)
        readiness = entries.get("readiness")
        return TeamRow(
            team=entries["team"],
            trust=entries.get("trust", "trust"),
            type=entries.get("type", "recovery"),
            arm=entries.get("arm", "intervention"),
            staff=staff,
            coordinators=coordinators,
            caseload=caseload,
            sampled=sampled,
            readiness=readiness,
            readiness_low=low,
            readiness_high=high,
            reflects=entries.get("reflects"),
            share_black=entries.get("share_black", TRIAL_SHARE_BLACK),
            turnover_multiplier=entries.get("turnover_multiplier", 1.0),
            start_week=entries.get("start_week"),
            readiness_scale=entries.get("readiness_scale", self.scale) or "",
        )

    def _readiness_range(self, entries: Mapping[str, Any], at: str) -> tuple[float, float]:
        """Return the range of a team's readiness score, and tell what breaks it."""
        score, name = entries.get("readiness"), entries.get("readiness_scale", self.scale)
        low, high = entries.get("readiness_low", 0.0), entries.get("readiness_high", 1.0)
        told = "readiness_low, readiness_high"
        if name is not None:
            scale = readiness_scales()[name]
            for end, value in (("readiness_low", scale.low), ("readiness_high", scale.high)):
                if entries.get(end, value) != value:
                    self.problems.append(
                        f"{at}, {end} = {entries[end]:g}: readiness_scale '{name}' has "
                        f"{scale.extent}; leave one of the two out"
                    )
            low, high, told = scale.low, scale.high, f"readiness_scale = {name}"
            self.scales.update([name] * (score is not None))
        if low >= high:
            self.problems.append(
                f"{at}, readiness_low = {low:g}: must be below readiness_high = {high:g}"
            )
        elif score is not None and not low <= score <= high:
            said = name is not None or {"readiness_low", "readiness_high"} & set(entries)
            self.problems.append(
                f"{at}, readiness = {score:g}: must lie in the instrument's range "
                f"[{low:g}, {high:g}] ({told}), team '{entries['team']}'"
                f"{'' if said else scales_that_hold(score)}"
            )
        return low, high

    def _cell_notes(self) -> Iterator[str]:
        for name, pairs in self.rounded.items():
            if any(exact != whole for exact, whole in pairs):
                yield (
                    f"{name}: {sum(exact for exact, _ in pairs):g} posts (whole-time equivalents) "
                    f"are simulated as {sum(whole for _, whole in pairs)}, each team's rounded to "
                    "the nearest whole number"
                )
        for name, count in self.percent.items():
            if count:
                yield f"{name}: {count} cells with percent signs are read as shares of 1"
        for (name, mark), count in self.marks.items():
            yield f"{name}: '{mark}' is taken as missing in {count} cells"

    def _scale_notes(self) -> Iterator[str]:
        for name, count in self.scales.items():
            scale = readiness_scales()[name]
            yield (
                f"readiness: {count} {'score is' if count == 1 else 'scores are'} read as "
                f"{scale.title}, {scale.extent}, and mapped to 0-1 in a straight line from the "
                "lowest to the highest score; that this is what the model calls readiness is an "
                "assumption"
            )

    def _default_notes(self, teams: int) -> Iterator[str]:
        for name in _COLUMNS:
            missing = self.defaults[name]
            if missing:
                extent = (
                    f"for {missing} of {teams} teams"
                    if name in self.found.places
                    else "for all teams"
                )
                yield f"{name}: not given {extent}; default: {_COLUMNS[name].default}"


def _added_up(entries: Mapping[str, Any], rows: Sequence[TeamRow]) -> list[str]:
    """Return which numbers of a line, two or more, are sums over the teams above it.

    Over all of them, or over those of one trust that stand right above.
    """
    names = [one for one in _ADDED if one in entries]
    last = [one for one in rows if rows and one.trust == rows[-1].trust]
    for above in (rows, last):
        if len(above) > 1 and all(
            entries[name] == sum(getattr(one, name) for one in above) for name in names
        ):
            return names if len(names) > 1 else []
    return []


def _cell(line: Line, place: int) -> str:
    return line.cells[place] if place < len(line.cells) else ""


def _taken_for(row: TeamRow) -> str:
    """Return what a table's line of a team's name is taken for; empty where for a team."""
    why = why_no_data(row.team, (row.team, str(row.staff)), len(_COLUMNS), "team")
    return why.rpartition("' is ")[2].removesuffix(", not a team")


def roster_text(roster: Roster) -> str:
    """Return a roster as CSV text that reads back to the same rows, accents in one coding.

    Raises
    ------
    InputError
        If a team is called what a table calls a sum or another figure, as ``Total``: its line would
        be left out when the text is read.
    """
    problems = [
        f"teams: team = {row.team!r}: a table's line of this name is left out, as {what}; call it "
        "something else"
        for row in roster.rows
        if (what := _taken_for(row))
    ]
    if problems:
        raise InputError.of("roster", problems)
    rows = (
        [
            *(getattr(row, name) for name in _COLUMNS),
            *(cells[at] for cells in roster.own_columns.values()),
        ]
        for at, row in enumerate(roster.rows)
    )
    return csv_text([*_COLUMNS, *roster.own_columns], rows, ends="\n")


EXAMPLES = (
    TeamRow(
        "North 1",
        "Example trust",
        readiness=40.8,
        readiness_low=12.0,
        readiness_high=60.0,
        readiness_scale="oric-total",
    ),
    TeamRow("South 1", "Example trust", "psychosis", staff=16, coordinators=7, caseload=170),
)


def roster_workbook() -> bytes:
    """Return a workbook to start from: two example teams, and a sheet that explains columns."""
    from sim.workbook import Sheet, workbook

    teams = [[getattr(row, name) for name in _COLUMNS] for row in EXAMPLES]
    meaning = [[one.name, one.unit, one.help, one.default] for one in ROSTER_COLUMNS]
    return workbook(
        [
            Sheet("Teams", list(_COLUMNS), teams),
            Sheet("What columns mean", ["column", "unit", "meaning", "left out"], meaning),
        ]
    )


def roster_template() -> str:
    """Return a CSV file to start from: every column explained, and two example teams."""
    lines = ["# One line for each team. Only 'team' is needed; a column or cell left out has its"]
    lines += ["# default. Lines that begin with # may stand above the heading."]
    for column in ROSTER_COLUMNS:
        lines += [f"# {column.name} ({column.unit}): {column.help} Left out: {column.default}."]
    return "\n".join(lines) + "\n" + roster_text(Roster(EXAMPLES))


def _alike(trusts: list[str]) -> Iterator[str]:
    """Yield a note for every trust of one team that is spelt almost like another trust.

    Names that differ in digits alone, as A1 and A2, are taken as meant.
    """
    teams = Counter(trusts)
    for name in sorted(one for one, count in teams.items() if count == 1):
        letters = re.sub(r"\d", "#", name)
        others = [one for one in teams if re.sub(r"\d", "#", one) != letters and len(one) > 3]
        near = get_close_matches(name, others, n=1, cutoff=0.85)
        if near:
            yield (
                f"trust '{name}': has one team and is spelt almost like '{near[0]}'; they are "
                "taken as two trusts"
            )
