"""Rosters as CSV files: read a planner's own teams, write a roster, give a template.

Only the column `team` is required. Files may be UTF-8 with or without a byte order mark, have any
line ends, and part their columns by commas, semicolons or tabs. Empty lines are skipped, and so are
lines that begin with ``#`` above the heading; below it, ``#1`` may be the name of a team.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest
from sim.inputs.roster.columns import ROSTER_COLUMNS, RosterColumn
from sim.inputs.roster.team import LARGEST_ROSTER, TRIAL_SHARE_BLACK, Roster, TeamRow
from sim.reading.text_files import read_text
from sim.spreadsheet import csv_text, restored

LARGEST_FILE = 10_000_000
COORDINATOR_SHARE = 9 / 20
USERS_PER_COORDINATOR = 25
SAMPLED = 15

MOST_WORDS_OF_A_NAME = 8
# Names under which people add teams up; more may follow, as in "Total (34 teams)".
_SUM = re.compile(
    r"((sub|grand|overall|trust|teams?|all)?[ -]*totals?|.+ (sub-?)?totals?|sums?|all|all teams|"
    r"overall|Σ|averages?|means?|medians?|minimum|maximum|min|max|n *= *\d+)"
    r"( *(:|\(.*\)|of .*|for .*|all .*|teams?|wte|fte|staff|posts))?",
    re.IGNORECASE,
)
# Columns that a sum over teams adds up.
_ADDED = ("staff", "coordinators", "caseload")
# A mark, or the word that opens a note; "#1" may be the name of a team.
_FOOTNOTE = re.compile(
    r"([*†‡§¹²³]|\(?(note|notes|n\.b\.|nb|source|sources|key|footnote)\b *[:.)])", re.IGNORECASE
)

_COLUMNS = {one.name: one for one in ROSTER_COLUMNS}


def read_roster_csv(path: str | Path) -> Roster:
    """Read a roster from a CSV file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its columns are documented in `ROSTER_COLUMNS`.

    Returns
    -------
    Roster
        Teams in the order of the file; `notes` say which defaults were used.

    Raises
    ------
    InputError
        When the file is not there or is not text, or a line breaks a rule. One line that names the
        line of the file, the column, the value and the rule.
    """
    return roster_from_text(read_text(path, "roster", LARGEST_FILE), Path(path).name)


def roster_from_text(text: str, source: str = "roster") -> Roster:
    """Read a roster from CSV text.

    Parameters
    ----------
    text : str
        Content of a CSV file.
    source : str
        What to call it in messages.

    Raises
    ------
    InputError
        As `read_roster_csv`.
    """
    where = f"roster '{source}'"
    if "\0" in text:
        raise InputError(f"{where}: must be CSV text in UTF-8")
    text = text.removeprefix("\ufeff")
    delimiter = _delimiter(text)
    lines = _lines(text, delimiter, where)
    number, heading = next(lines, (0, []))
    if not heading:
        raise InputError(f"{where}: is empty; the first line must name columns, one of them 'team'")
    columns = _heading(heading, f"{where}, line {number}")
    rows: list[TeamRow] = []
    defaults: dict[str, int] = {}
    lines_of: dict[str, int] = {}
    spelt: dict[str, str] = {}
    dropped: list[str] = []
    doubtful: list[str] = []
    bare: list[int] = []
    for number, cells in lines:
        at = f"{where}, line {number}"
        if no_team := _no_team(columns, cells):
            dropped.append(f"line {number} is left out: {no_team}")
            continue
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise InputError(
                f"{at}: has {len(cells)} cells, but {len(columns)} columns are named in the heading"
            )
        given = {
            column.name: _cell(column, cell, at, delimiter == ";")
            for column, cell in zip(columns, cells, strict=False)
            if cell
        }
        if "trust" in given:
            given["trust"] = spelt.setdefault(given["trust"].casefold(), given["trust"])
        row = _row(given, at, defaults)
        same = row.team.casefold()
        if same in lines_of:
            raise InputError(
                f"{at}, team = '{row.team}': stands already in line {lines_of[same]}; "
                "every team needs a name of its own"
            )
        lines_of[same] = number
        if added := _added_up(given, rows):
            doubtful.append(
                f"line {number}: {' and '.join(added)} of '{row.team[:40]}' are the sums over the "
                "teams above; take the line out if it is no team"
            )
        if set(given) == {"team"}:
            bare.append(number)
        rows.append(row)
        if len(rows) > LARGEST_ROSTER:
            raise InputError(f"{at}: more than {LARGEST_ROSTER} teams")
    if not rows:
        raise InputError(f"{where}: has a heading but no team")
    if len(bare) <= len(rows) // 2:
        doubtful += [
            f"line {number}: has a name alone, and is taken for a team with default values; take "
            "the line out if it is no team"
            for number in bare
        ]
    notes = (
        *dropped,
        *doubtful,
        *_notes(defaults, columns, len(rows)),
        *_alike([row.trust for row in rows]),
    )
    return Roster(tuple(rows), notes, source, tuple(dropped), tuple(doubtful))


def roster_text(roster: Roster) -> str:
    """Return a roster as CSV text that reads back to the same rows."""
    rows = ([getattr(row, name) for name in _COLUMNS] for row in roster.rows)
    return csv_text(list(_COLUMNS), rows, ends="\n")


def roster_template() -> str:
    """Return a CSV file to start from: every column explained, and two example teams."""
    lines = ["# One line for each team. Only 'team' is needed; a column or cell left out has its"]
    lines += ["# default. Lines that begin with # may stand above the heading."]
    for column in ROSTER_COLUMNS:
        lines += [f"# {column.name} ({column.unit}): {column.help} Left out: {column.default}."]
    examples = (
        TeamRow("North 1", "Example trust", readiness=3.4, readiness_low=1.0, readiness_high=5.0),
        TeamRow("South 1", "Example trust", "psychosis", staff=16, coordinators=7, caseload=170),
    )
    return "\n".join(lines) + "\n" + roster_text(Roster(examples))


def _delimiter(text: str) -> str:
    """Return what parts the columns: whichever of , ; and tab the heading has most of."""
    for line in text.splitlines():
        # A spreadsheet puts a comment that holds a comma in quotation marks.
        if line.strip() and not line.lstrip(' "').startswith("#"):
            return max((",", ";", "\t"), key=line.count)
    return ","


def _lines(text: str, delimiter: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that holds anything."""
    heading_seen = False
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{where}, line {reader.line_num}: is not CSV ({error})") from None
        cells = [restored(cell.strip()) for cell in cells]
        if any(cells) and (heading_seen or not cells[0].startswith("#")):
            heading_seen = True
            yield reader.line_num, cells


def _heading(cells: Sequence[str], at: str) -> list[RosterColumn]:
    names = ["_".join(cell.lower().replace("-", " ").split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    for name, cell in zip(names, cells, strict=False):
        if name not in _COLUMNS:
            known = nearest(name, _COLUMNS) or f"; columns: {', '.join(_COLUMNS)}"
            shown = " ".join(cell.split())
            raise InputError(f"{at}: unknown column '{shown[:40]}'{known}")
        if names.count(name) > 1:
            raise InputError(f"{at}: column '{name}' stands twice")
    if "team" not in names:
        raise InputError(f"{at}: column 'team' is missing; it is the one that must be there")
    return [_COLUMNS[name] for name in names]


def _no_team(columns: Sequence[RosterColumn], cells: Sequence[str]) -> str:
    """Return why a line stands for no team, empty where it stands for one.

    A sum is known by its name, a footnote by its sign, or by being a sentence without any number
    beside it in a table that has numbers.
    """
    named = dict(zip((column.name for column in columns), cells, strict=False))
    first = next((cell for cell in cells if cell), "")
    name = named.get("team") or first
    shown = f"'{name[:40]}'"
    if _SUM.fullmatch(" ".join(name.split())):
        return f"{shown} is a sum over teams, not a team"
    alone = sum(1 for cell in cells if cell) == 1 and len(columns) > 1
    if alone and (_FOOTNOTE.match(name) or len(name.split()) > MOST_WORDS_OF_A_NAME):
        return f"{shown} is a footnote, not a team"
    return ""


def _added_up(given: Mapping[str, Any], rows: Sequence[TeamRow]) -> list[str]:
    """Return which numbers of a line, two or more, are sums over the teams above it.

    Over all of them, or over those of one trust that stand right above.
    """
    names = [one for one in _ADDED if one in given]
    last = [one for one in rows if rows and one.trust == rows[-1].trust]
    for above in (rows, last):
        if len(above) > 1 and all(
            given[name] == sum(getattr(one, name) for one in above) for name in names
        ):
            return names if len(names) > 1 else []
    return []


def _cell(column: RosterColumn, cell: str, at: str, decimal_comma: bool) -> Any:
    try:
        return column.read(cell, decimal_comma)
    except InputError as error:
        raise InputError(f"{at}, {error}") from None


def _row(given: dict[str, Any], at: str, defaults: dict[str, int]) -> TeamRow:
    """Build a row, fill in defaults and count them, and check what depends on other columns."""
    if "team" not in given:
        raise InputError(f"{at}, team: is empty; every team needs a name")
    for name in _COLUMNS:
        if name not in given:
            defaults[name] = defaults.get(name, 0) + 1
    staff = given.get("staff", 20)
    coordinators = given.get("coordinators", max(1, round(staff * COORDINATOR_SHARE)))
    if coordinators > staff:
        raise InputError(f"{at}, coordinators = {coordinators}: must not exceed staff = {staff}")
    # A sample that is given says at least how many people there are.
    caseload = given.get(
        "caseload", max(coordinators * USERS_PER_COORDINATOR, given.get("sampled", 0))
    )
    sampled = given.get("sampled", min(SAMPLED, caseload))
    if sampled > caseload:
        raise InputError(f"{at}, sampled = {sampled}: must not exceed caseload = {caseload}")
    low, high = given.get("readiness_low", 0.0), given.get("readiness_high", 1.0)
    if low >= high:
        raise InputError(f"{at}, readiness_low = {low:g}: must be below readiness_high = {high:g}")
    readiness = given.get("readiness")
    if readiness is not None and not low <= readiness <= high:
        raise InputError(
            f"{at}, readiness = {readiness:g}: must lie in the instrument's range "
            f"[{low:g}, {high:g}] (readiness_low, readiness_high)"
        )
    return TeamRow(
        team=given["team"],
        trust=given.get("trust", "trust"),
        type=given.get("type", "recovery"),
        arm=given.get("arm", "intervention"),
        staff=staff,
        coordinators=coordinators,
        caseload=caseload,
        sampled=sampled,
        readiness=readiness,
        readiness_low=low,
        readiness_high=high,
        reflects=given.get("reflects"),
        share_black=given.get("share_black", TRIAL_SHARE_BLACK),
        turnover_multiplier=given.get("turnover_multiplier", 1.0),
        start_week=given.get("start_week"),
    )


def _notes(defaults: dict[str, int], columns: list[RosterColumn], teams: int) -> Iterator[str]:
    named = {column.name for column in columns}
    for name, missing in defaults.items():
        extent = f"for {missing} of {teams} teams" if name in named else "for all teams"
        yield f"{name}: not given {extent}; default: {_COLUMNS[name].default}"


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
