"""From a scenario to arrays: what is done in each week of a programme, and who follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.link import elements
from sim.mechanisms.selection import (
    START_FIXED,
    START_LISTED,
    START_NEED,
    START_RANDOM,
    START_READINESS,
)
from sim.scenarios.schema import Spell
from sim.state import ACTION, record_fields

if TYPE_CHECKING:
    from sim.inputs.roster import Roster, TeamRow
    from sim.scenarios.schema import Course, Scenario, Session, Timing

ALL_TAKE_PART, BY_THRESHOLD, BY_TOP_SHARE = 0, 1, 2
USUAL_CARE = "usual care"
LONGEST = 65534

# Orders that only a simulated world can tell, and what tells them there.
WITHIN_WORLDS = {"readiness": START_READINESS, "random": START_RANDOM, "need": START_NEED}


class Selection(NamedTuple):
    """How teams are picked within each simulated world."""

    # 0 every team with a programme takes part; 1 those whose measured readiness reaches `value`;
    # 2 the share `value` with the highest measured readiness.
    mode: int
    value: float  # Threshold on the 0-1 scale, or share
    reliability: float  # Share of the variance of the readiness score that is real


@dataclass(frozen=True)
class Expansion:
    """A scenario for one roster, as arrays."""

    scenario: str  # Name of the scenario
    programmes: tuple[str, ...]  # Names of the rows of `actions`; row 0 is usual care
    # Structured array of shape (programmes, weeks) over the fields of `sim.state.ACTION`, all
    # 64-bit floats. Column 0 is the first week of a team's programme.
    actions: np.ndarray
    # Row of `actions` that each team follows, in the order of the roster; teams that a selection
    # may pick carry 1 or more.
    team_programme: np.ndarray
    # Weeks of usual care before each team's programme; -1 for never. Where the order of teams is
    # found within each world, these weeks are dealt out anew among the teams that share it.
    team_start: np.ndarray
    # How a team's place in the order is found (``START_...`` of `sim.mechanisms.selection`); 0
    # where its start week is fixed.
    team_order: np.ndarray
    team_rank: np.ndarray  # Place of each team in the order that the roster tells, 0 for the first
    selection: Selection  # How teams are picked within each simulated world
    # Weeks of assessment within the simulated time; 0 is before anything happens.
    assessment_weeks: tuple[int, ...]
    parameters: dict[str, float]  # Parameter values that the scenario sets, by name
    # What of the scenario falls outside the simulated time or the funding.
    notes: tuple[str, ...] = ()


def usual_care(weeks: int) -> np.ndarray:
    """Return a calendar in which nothing is done, shape (weeks,): zeros, turnover as usual."""
    calendar = np.zeros(weeks, np.dtype(record_fields(ACTION)))
    for one in elements():
        calendar[one.field] = one.usual
    return calendar


def programme_calendar(scenario: Scenario, weeks: int) -> np.ndarray:
    """Return what a scenario does in each week of a team's programme.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    weeks : int
        Length of the calendar, from the start of the programme.

    Returns
    -------
    numpy.ndarray
        Shape (weeks,), fields of `sim.state.ACTION`. A session teaches its days divided by the days
        of its whole course, so that a course taught in full sums to 1. From the week after
        `funding_end_week` on nothing is done but what `continues`.
    """
    calendar = usual_care(weeks)
    before = scenario.readiness.preparation_weeks
    end = min(before + scenario.conditions.funding_end_week, weeks)
    _teach(calendar[:end], scenario, before)
    stepped = scenario.support.stepped
    calendar["stepped_threshold"][:end] = stepped.threshold if stepped.intensity > 0.0 else 0.0
    calendar["stepped_support"][:end] = stepped.intensity
    for one in elements():
        value = one.of(scenario)
        if isinstance(value, Spell):
            weeks_held = list(_occasions(value, before, end, weeks))
            calendar[one.field][weeks_held] = value.intensity
        else:
            last = min(before, end) if one.kind == "preparation" else end
            calendar[one.field][:last] = float(value)
    return calendar


def _teach(funded: np.ndarray, scenario: Scenario, before: int) -> None:
    """Fill in courses and boosters."""
    courses: tuple[tuple[str, Course], ...] = (
        ("prt_session", scenario.training.personal_recovery),
        ("coaching_session", scenario.training.coaching),
    )
    for field, course in courses:
        for week, session in _held(course.sessions, before, len(funded)):
            funded[field][week] += session.days / course.days
            funded["session_days"][week] += session.days
    boosters = scenario.support.boosters
    for week, session in _held(boosters.sessions, before, len(funded)):
        funded["booster"][week] += boosters.share
        funded["session_days"][week] += session.days


def _held(sessions: tuple[Session, ...], before: int, weeks: int) -> Iterator[tuple[int, Session]]:
    """Yield the column and session of those held within the weeks."""
    for session in sessions:
        column = before + session.week - 1
        if column < weeks:
            yield column, session


def _occasions(spell: Spell, before: int, funded: int, weeks: int) -> range:
    """Return the columns in which a spell happens."""
    end = weeks if spell.continues else funded
    if spell.last_week is not None:
        end = min(end, before + spell.last_week)
    return range(before + spell.first_week - 1, end, spell.every)


def expand(scenario: Scenario, roster: Roster, weeks: int | None = None) -> Expansion:
    """Expand a scenario for a roster.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    roster : Roster
        Teams; a row's own `start_week` goes before the scenario's timing.
    weeks : int, optional
        Weeks to simulate; the scenario's own number when not given.

    Returns
    -------
    Expansion
        Calendar, start weeks and selection.

    Raises
    ------
    InputError
        When the number of weeks is out of range, or the scenario is for the intervention arm and
        the roster has no team in it.
    """
    length = scenario.timing.weeks if weeks is None else weeks
    whole = isinstance(length, int | np.integer) and not isinstance(length, bool)
    if not whole or not 1 <= length <= LONGEST:
        raise InputError(f"weeks = {length}: must be a whole number in [1, {LONGEST}]")
    length = int(length)
    rows = [usual_care(length)]
    names = [USUAL_CARE]
    candidates = _candidates(scenario, roster)
    team_programme = np.zeros(len(roster.rows), np.int64)
    team_start = np.full(len(roster.rows), -1, np.int64)
    team_order = np.full(len(roster.rows), START_FIXED, np.int64)
    team_rank = np.zeros(len(roster.rows), np.int64)
    notes: list[str] = []
    if scenario.who.teams != "none":
        rows.append(programme_calendar(scenario, length))
        names.append(scenario.name)
        team_programme[candidates] = 1
        for index in candidates:
            own = roster.rows[index].start_week
            if own is not None:
                team_start[index] = own
        free = [index for index in candidates if roster.rows[index].start_week is None]
        queue = in_order(free, roster, scenario.timing.order)
        team_rank[queue] = np.arange(len(queue))
        for wave, members in enumerate(_waves(queue, roster, scenario.timing)):
            week = scenario.timing.start_week + wave * scenario.timing.weeks_between_waves
            team_start[members] = week
        team_order[free] = _told_by(scenario)
        notes += _order_notes(scenario, [roster.rows[index] for index in free])
    return Expansion(
        scenario=scenario.name,
        programmes=tuple(names),
        actions=np.stack(rows),
        team_programme=team_programme,
        team_start=team_start,
        team_order=team_order,
        team_rank=team_rank,
        selection=_selection(scenario),
        assessment_weeks=assessed_within(scenario.assessment.weeks, length),
        parameters=dict(scenario.parameters),
        notes=(*notes, *_notes(scenario, length, team_start)),
    )


def assessed_within(weeks: Sequence[int], length: int) -> tuple[int, ...]:
    """Return the weeks of assessment of a run: those beyond its end are made at its end."""
    return tuple(sorted({min(one, length) for one in weeks}))


def _candidates(scenario: Scenario, roster: Roster) -> list[int]:
    """Return the teams that take part or may be selected, by their place in the roster."""
    who = scenario.who
    if who.teams == "none":
        return []
    field, among = ("among", who.among) if who.teams == "selected" else ("teams", who.teams)
    if among == "all":
        return list(range(len(roster.rows)))
    chosen = [index for index, row in enumerate(roster.rows) if row.arm == "intervention"]
    if not chosen:
        raise InputError(
            f"scenario '{scenario.name}': who.{field} = 'intervention-arm': "
            "the roster has no team in the intervention arm"
        )
    return chosen


def in_order(teams: list[int], roster: Roster, order: str) -> list[int]:
    """Return teams in the order that the roster tells; where it tells none, as they stand there.

    Parameters
    ----------
    teams : list of int
        Teams by their place in the roster, ascending.
    roster : Roster
        All teams.
    order : str
        ``timing.order`` of a scenario. ``equity`` puts the largest share of black service users
        first, because the REFOCUS programme set this priority; no rule makes the intervention work
        better or worse for them. ``trust`` keeps trusts together, as the roster first names them.
    """
    rows = roster.rows
    if order == "equity":
        return sorted(teams, key=lambda index: (-rows[index].share_black, index))
    if order == "trust":
        named = _trusts(teams, roster)
        return sorted(teams, key=lambda index: (named.index(rows[index].trust), index))
    return list(teams)


def _trusts(teams: list[int], roster: Roster) -> list[str]:
    """Return the trusts of teams as the roster first names them."""
    return list(dict.fromkeys(roster.rows[index].trust for index in teams))


def _waves(queue: list[int], roster: Roster, timing: Timing) -> list[list[int]]:
    """Split teams that stand in order into waves, sizes as even as they can be.

    Where whole trusts start together, trusts are spread over the waves instead, so that the last of
    them starts no later than other orders' last teams do.
    """
    if timing.order == "trust":
        named = _trusts(queue, roster)
        return [
            [
                index
                for index in queue
                if named.index(roster.rows[index].trust) * timing.waves // len(named) == wave
            ]
            for wave in range(timing.waves)
        ]
    size, more = divmod(len(queue), timing.waves)
    edges = [wave * size + min(wave, more) for wave in range(timing.waves + 1)]
    return [queue[low:high] for low, high in zip(edges, edges[1:], strict=False)]


def _told_by(scenario: Scenario) -> int:
    """Return how a team's place in the order is found within each world."""
    order = scenario.timing.order
    if scenario.timing.waves == 1:
        return START_FIXED
    if order in WITHIN_WORLDS:
        return WITHIN_WORLDS[order]
    # Among selected teams waves close up, unless a trust's teams must stay together.
    selected = scenario.who.teams == "selected" and order != "trust"
    return START_LISTED if selected else START_FIXED


def _order_notes(scenario: Scenario, rows: list[TeamRow]) -> Iterator[str]:
    """Yield one line where an order cannot make a difference."""
    order = scenario.timing.order
    if order == "roster":
        return
    if not rows:
        yield f"timing.order = '{order}' has no effect: the roster gives every team its own week"
    elif scenario.timing.waves == 1:
        yield f"timing.order = '{order}' has no effect with one wave"
    elif order == "equity" and len({row.share_black for row in rows}) == 1:
        yield "timing.order = 'equity': share_black is the same in all teams; roster order is used"
    elif order == "trust" and len({row.trust for row in rows}) == 1:
        yield "timing.order = 'trust': all teams are in one trust and start together"


def _selection(scenario: Scenario) -> Selection:
    who = scenario.who
    if who.teams != "selected":
        return Selection(ALL_TAKE_PART, 0.0, who.readiness_reliability)
    mode = BY_THRESHOLD if who.selection == "threshold" else BY_TOP_SHARE
    return Selection(mode, who.selection_value, who.readiness_reliability)


def _notes(scenario: Scenario, weeks: int, team_start: np.ndarray) -> Iterator[str]:
    """Yield one line for everything that falls outside the simulated time or the funding."""
    late = [str(one) for one in scenario.assessment.weeks if one > weeks]
    if late:
        yield (
            f"assessment in week {', '.join(late)} lies after the {weeks} weeks simulated and is "
            f"made in week {weeks}"
        )
    if scenario.who.teams != "none" and scenario.assessment.weeks[-1] == 0:
        yield "never measured after the start: assessment.weeks holds week 0 alone"
    funding = scenario.conditions.funding_end_week
    for name, sessions in (
        ("personal recovery training", scenario.training.personal_recovery.sessions),
        ("coaching training", scenario.training.coaching.sessions),
        ("boosters", scenario.support.boosters.sessions),
    ):
        lost = sum(1 for one in sessions if one.week > funding)
        if lost:
            yield f"{name}: {lost} of {len(sessions)} sessions fall after funding ends"
    never = int((team_start >= weeks).sum())
    if never and not np.any((team_start >= 0) & (team_start < weeks)):
        yield f"the programme starts in no team within the {weeks} weeks simulated"
    elif never:
        yield f"{never} teams would start after the {weeks} weeks simulated"
