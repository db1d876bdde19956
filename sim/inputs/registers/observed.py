"""Reading registers: every row of every kind, checked against the roster, all problems at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sim.errors import InputError, nearest
from sim.inputs.registers.columns import KINDS, LEFT_OUT
from sim.inputs.roster.column_map import key_of, known_columns, matched
from sim.inputs.tables import Line, Table, read_table, table_from_text
from sim.inputs.tables.dates import date_in
from sim.inputs.tables.lines import why_no_data
from sim.inputs.tables.numbers import plain_number
from sim.inputs.tables.table import MISSING, OTHER_MARKS
from sim.measures.catalogue import catalogue

if TYPE_CHECKING:
    from sim.inputs.roster import Roster

ALL_TEAMS = -1
AUDIT_ERROR = 0.1
"""Standard error of an audited figure on 0-1 where none is given (assumption)."""
_WHOLE_SERVICE = ("all", "all teams", "service", "whole service")
T = TypeVar("T")


ONE_A_SESSION = "a line is a session and no person: count who came to each"


class Session(NamedTuple):
    """A planned session of a team: its line, week, who was asked, who came, whether it was held."""

    line: int
    team: int
    week: int
    invited: int
    attended: int
    held: bool


class Audit(NamedTuple):
    """An audit of a team's practice, 0-1, with its standard error."""

    line: int
    team: int
    week: int
    practice: float
    error: float


class Turnover(NamedTuple):
    """Leavers and starters (None: not observed) of a team after week `since` to `week`."""

    line: int
    team: int
    since: int
    week: int
    leavers: int
    starters: int | None


class Mean(NamedTuple):
    """Mean of an outcome with its number and SD; `team` is `ALL_TEAMS` for the whole service."""

    line: int
    team: int
    week: int
    measure: str
    n: int
    mean: float
    sd: float


class Planned(NamedTuple):
    """What a team gets and after how many weeks: its line, team, package, weeks."""

    line: int
    team: int
    package: str
    start: int


@dataclass(frozen=True)
class Observed:
    """What was observed, by kind."""

    # Rows of each kind, empty where it was not observed.
    sessions: tuple[Session, ...] = ()
    audits: tuple[Audit, ...] = ()
    turnover: tuple[Turnover, ...] = ()
    outcomes: tuple[Mean, ...] = ()
    notes: tuple[str, ...] = ()  # How files were read, and what in them cannot be so

    @property
    def rows(self) -> tuple[Session | Audit | Turnover | Mean, ...]:
        """All rows."""
        return (*self.sessions, *self.audits, *self.turnover, *self.outcomes)

    @property
    def weeks(self) -> int:
        """Last week of which anything was observed."""
        return max((one.week for one in self.rows), default=0)


def read_observed(
    files: Mapping[str, str | Path | None], roster: Roster, start_date: date | None = None
) -> Observed:
    """Read registers.

    Parameters
    ----------
    files : mapping
        File, or CSV text with a line break in it, by kind: ``register``, ``audit``, ``turnover``,
        ``outcomes``; None for none.
    roster : Roster
        The teams.
    start_date : date, optional
        First day of the rollout, for files with dates.

    Raises
    ------
    InputError
        When a file cannot be read or lines break rules: all of a file at once, each with line,
        column, value and rule.
    """
    found: dict[str, tuple[Any, ...]] = {}
    notes: list[str] = []
    for kind, file in files.items():
        if file is not None:
            reading = _Reading(kind, file, roster, start_date)
            found[_FIELDS[kind]] = reading.rows()
            notes += [f"{reading.where}, {one}" for one in reading.notes]
    return Observed(**found, notes=tuple(notes))


def read_planned(
    file: str | Path, roster: Roster, start_date: date | None = None
) -> tuple[tuple[Planned, ...], str]:
    """Read who gets what from when: a plan's own ``plan.csv``, or a file of one's own.

    Parameters
    ----------
    file : path or str
        File, or CSV text with a line break in it.
    roster, start_date
        As `read_observed`.

    Returns
    -------
    tuple
        Teams that get anything, and how the file is called in messages.

    Raises
    ------
    InputError
        As `read_observed`.
    """
    reading = _Reading("plan", file, roster, start_date)
    return reading.rows(), reading.where


_FIELDS = {
    "register": "sessions",
    "audit": "audits",
    "turnover": "turnover",
    "outcomes": "outcomes",
}


class _Reading:
    """A file that becomes rows: its problems and notes as they are found."""

    def __init__(
        self, kind: str, file: str | Path, roster: Roster, start_date: date | None
    ) -> None:
        self.kind, self.roster, self.start_date = kind, roster, start_date
        self.columns = {one.name: one for one in KINDS[kind]}
        self.names = known_columns(KINDS[kind])
        self.table = self._table(file)
        self.where = f"{kind} '{self.table.source}'"
        self.problems: list[str] = []
        self.notes = [*self.table.left_out, *self.table.notes]
        self.teams = {row.team.casefold(): at for at, row in enumerate(roster.rows)}

    def _table(self, file: str | Path) -> Table:
        def known(cells: Sequence[str]) -> int:
            return sum(1 for one in cells if key_of(one) in self.names)

        if isinstance(file, str) and "\n" in file:
            return table_from_text(file, self.kind, self.kind, known=known)
        return read_table(file, self.kind, known=known)

    def rows(self) -> tuple[Any, ...]:
        found = matched(self.table.headings, {}, self.names)
        problems = [one for one in found.problems if "--columns" not in one]
        # Registers have no file that settles headings: what is not clear is renamed in the file.
        problems += [
            one.split("; say which")[0].split(" If it is")[0]
            for one in found.problems
            if "--columns" in one
        ]
        problems += [
            f"column '{name}' is missing"
            for name in self.columns
            if name not in found.places and name not in LEFT_OUT[self.kind]
        ]
        if problems:
            at = self.table.heading_number
            raise InputError.of(self.where, [f"line {at}: {one}" for one in problems])
        self.notes += [
            one.replace("of your own, kept and not used", "not used") for one in found.notes
        ]
        rows = [
            (line.number, one)
            for line in self.table.lines
            if not self._left_out(line, found.places) and (one := self._given(line, found.places))
        ]
        if self.problems:
            raise InputError.of(self.where, self.problems)
        if not rows:
            raise InputError(f"{self.where}: has a heading but no rows")
        made: tuple[Any, ...] = {
            "register": self._sessions,
            "audit": self._audits,
            "turnover": self._turnover,
            "outcomes": self._outcomes,
            "plan": self._planned,
        }[self.kind](rows)
        if self.problems:
            raise InputError.of(self.where, self.problems)
        return made

    def _left_out(self, line: Line, places: Mapping[str, int]) -> bool:
        name = _cell(line, places.get("team", 0))
        if self.kind == "outcomes" and name.casefold() in _WHOLE_SERVICE:
            return False
        why = why_no_data(name, line.cells, len(self.table.headings), "team")
        if why:
            self.notes.append(f"line {line.number} is left out: {why}")
        return bool(why)

    def _given(self, line: Line, places: Mapping[str, int]) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        count = len(self.problems)
        for name, column in self.columns.items():
            cell = _cell(line, places[name]) if name in places else ""
            if cell in (*MISSING, *OTHER_MARKS):
                if name not in LEFT_OUT[self.kind]:
                    self.problems.append(f"line {line.number}, {name}: is empty; must be given")
                continue
            try:
                if name == "team":
                    entries[name] = self._team(cell)
                elif name == "start_date":
                    entries[name] = self._start_week_of(cell)
                elif name == "week" and (day := date_in(cell)) is not None:
                    entries[name] = self._week_of(day)
                else:
                    entries[name] = column.read(cell, self.table.decimal)
                    written = plain_number(cell, self.table.decimal)
                    if column.unit == "0-1 or 0-100" and written is not None and written.percent:
                        entries[f"{name} %"] = True
            except InputError as error:
                person = name == "attended" and not any(map(str.isdigit, cell))
                hint = f"; {ONE_A_SESSION}" if person else ""
                self.problems.append(f"line {line.number}, {error}{hint}")
        return entries if len(self.problems) == count else {}

    def _team(self, cell: str) -> int:
        name = " ".join(cell.split())
        if self.kind == "outcomes" and name.casefold() in _WHOLE_SERVICE:
            return ALL_TEAMS
        if name.casefold() not in self.teams:
            hint = nearest(name, [row.team for row in self.roster.rows])
            raise InputError(f"team = '{name[:60]}': is not in the roster{hint}")
        return self.teams[name.casefold()]

    def _week_of(self, day: date) -> int:
        if self.start_date is None:
            raise InputError(
                f"week = {day}: is a date; give the rollout's first day as start_date in a file "
                "that --setting names, or count weeks from 1"
            )
        week = (day - self.start_date).days // 7 + 1
        if not 1 <= week <= 1040:
            raise InputError(
                f"week = {day}: must lie in the 1040 weeks from start_date = {self.start_date}"
            )
        return week

    def _start_week_of(self, cell: str) -> int:
        day = date_in(cell)
        if day is None:
            raise InputError(f"start_date = {cell[:40]!r}: must be a date, as 2027-04-01")
        if self.start_date is None or day < self.start_date:
            raise InputError(
                f"start_date = {day}: must not lie before the rollout's first day, which a file "
                "that --setting names gives as start_date"
            )
        return (day - self.start_date).days // 7

    def _planned(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> tuple[Planned, ...]:
        found: dict[int, Planned] = {}
        for line, one in rows:
            weeks = {one[name] for name in ("start_week", "start_date") if name in one}
            if "package" not in one and not weeks:
                continue
            if "package" not in one:
                self.problems.append(f"line {line}, package: is empty, and a start is given")
            elif len(weeks) != 1:
                why = "give it or start_date" if not weeks else "and start_date differ; change both"
                self.problems.append(f"line {line}, start_week: {why}")
            elif one["team"] in found:
                name = self.roster.rows[one["team"]].team
                self.problems.append(f"line {line}, team = '{name}': stands twice")
            else:
                found[one["team"]] = Planned(line, one["team"], one["package"], weeks.pop())
        return tuple(found.values())

    def _sessions(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> tuple[Session, ...]:
        found = []
        at_once = Counter((one["team"], one["week"]) for _, one in rows)
        if max(at_once.values()) > 2 and all(one["attended"] <= 1 for _, one in rows):
            self.problems.append(f"attended is 0 or 1 in every line: {ONE_A_SESSION}")
        for line, one in rows:
            posts = self.roster.rows[one["team"]].staff
            name = self.roster.rows[one["team"]].team
            invited, attended = one.get("invited", posts), one["attended"]
            held = bool(one.get("held", attended > 0))
            if "invited" in one and attended > invited:
                self.problems.append(
                    f"line {line}, attended = {attended}: must not exceed invited = {invited}"
                )
            elif not held and attended:
                self.problems.append(
                    f"line {line}, attended = {attended}: must be 0 where held is no"
                )
            elif attended > posts:
                self.notes.append(
                    f"line {line}: {attended} of '{name}' attended, more than its {posts} posts "
                    "in the roster; one of the two is wrong"
                )
            found.append(
                Session(line, one["team"], one["week"], max(invited, attended), attended, held)
            )
        return tuple(found)

    def _audits(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> tuple[Audit, ...]:
        hundred = any(one["practice"] > 1.0 for _, one in rows)
        if hundred:
            self.notes.append("practice is read on 0-100, as some figures are above 1")
        found = []
        for line, one in rows:
            scale = {
                name: 0.01 if hundred and f"{name} %" not in one else 1.0
                for name in ("practice", "error")
            }
            if scale["practice"] < 1.0 and 0.0 < one["practice"] < 1.0:
                self.problems.append(
                    f"line {line}, practice = {one['practice']:g}: others are above 1, on 0-100; "
                    "give all on one scale"
                )
            error = one["error"] * scale["error"] if "error" in one else AUDIT_ERROR
            if error > 0.5:
                self.problems.append(
                    f"line {line}, error = {one['error']:g}: must be at most 0.5 on 0-1, or 50 on "
                    "0-100, the scale of practice"
                )
            found.append(
                Audit(line, one["team"], one["week"], one["practice"] * scale["practice"], error)
            )
        missing = sum("error" not in one for _, one in rows)
        if missing:
            self.notes.append(
                f"error: not given for {missing} of {len(rows)} audits; {AUDIT_ERROR} on 0-1 is "
                "taken (assumption)"
            )
        return tuple(found)

    def _turnover(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> tuple[Turnover, ...]:
        found, last = [], dict.fromkeys(range(len(self.roster.rows)), 0)
        for line, one in rows:
            team, week = one["team"], one["week"]
            if week <= last[team]:
                self.problems.append(
                    f"line {line}, week = {week}: must come after week {last[team]} of the team's "
                    "row before"
                )
            found.append(
                Turnover(line, team, last[team], week, one["leavers"], one.get("starters"))
            )
            last[team] = max(week, last[team])
        for team in last:
            left = sum(one.leavers for one in found if one.team == team)
            row = self.roster.rows[team]
            if left > row.staff:
                self.notes.append(
                    f"{left} of '{row.team}' left, more than its {row.staff} posts in the roster; "
                    "one of the two is wrong, or posts were filled and left again"
                )
        return tuple(found)

    def _outcomes(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> tuple[Mean, ...]:
        found = []
        for line, one in rows:
            measure = one.get("measure", "qpr15")
            low, high = catalogue()[measure].minimum, catalogue()[measure].maximum
            if not low <= one["mean"] <= high:
                self.problems.append(
                    f"line {line}, mean = {one['mean']:g}: must lie in [{low:g}, {high:g}], the "
                    f"range of {measure}"
                )
            found.append(
                Mean(
                    line,
                    one.get("team", ALL_TEAMS),
                    one["week"],
                    measure,
                    one["n"],
                    one["mean"],
                    one["sd"],
                )
            )
        return tuple(found)


def _cell(line: Line, place: int) -> str:
    return line.cells[place] if place < len(line.cells) else ""
