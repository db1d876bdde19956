"""Population: who is there in week 0, laid out once for both ways of running the model.

A layout turns a roster and an expanded scenario into plain tables of trusts and teams. Who the
people are is drawn by the rules in `sim.mechanisms.heterogeneity`, by key, in each simulated world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError
from sim.state import ACTION, record_fields
from sim.streams import MAXIMUM_PLACE, MAXIMUM_WEEK, identifier_words, team_words

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.scenarios.expand import Expansion

TRUST_LAYOUT = np.dtype([("key_low", "i8"), ("key_high", "i8"), ("teams", "i8")])
TEAM_LAYOUT = np.dtype(
    [
        ("key_low", "i8"),
        ("key_high", "i8"),
        ("trust", "i8"),
        ("team_type", "i8"),
        ("type_low", "i8"),
        ("type_high", "i8"),
        ("staff", "i8"),
        ("coordinators", "i8"),
        ("first_coordinator", "i8"),
        ("caseload_total", "f8"),
        ("users", "i8"),
        ("sampled", "i8"),
        ("readiness_given", "f8"),
        ("reflects_given", "i8"),
        ("share_black", "f8"),
        ("turnover_multiplier", "f8"),
        ("programme", "i8"),
        ("start_week", "i8"),
        ("order", "i8"),
        ("rank", "i8"),
        ("staff_start", "i8"),
        ("user_start", "i8"),
    ]
)
ACTION_DTYPE = np.dtype(record_fields(ACTION))
CASELOADS = ("sample", "full")


@dataclass(frozen=True)
class Layout:
    """A roster and a scenario, laid out."""

    # Structured arrays (`TRUST_LAYOUT`, `TEAM_LAYOUT`), one row per trust and team. A team whose
    # `order` is not 0 gets its start week within each world: the start weeks of all such teams are
    # dealt out anew, by the `rank` of the layout or by what the world shows.
    trusts: np.ndarray
    teams: np.ndarray
    # Structured array (`ACTION_DTYPE`) of shape (programmes, weeks); row 0 is usual care.
    actions: np.ndarray
    # 0 all teams with a programme take part, 1 those whose measured readiness reaches
    # `selection_value`, 2 the share `selection_value` with the highest measured readiness.
    selection_mode: int
    # Threshold or share, and reliability of the readiness score.
    selection_value: float
    selection_reliability: float
    assessment_weeks: tuple[int, ...]  # Weeks of assessment; 0 is before anything happens
    # Names for tables and reports; no rule reads them.
    trust_names: tuple[str, ...]
    team_names: tuple[str, ...]
    team_types: tuple[str, ...]
    arms: tuple[str, ...]

    @property
    def weeks(self) -> int:
        """Number of weeks that the calendar covers."""
        return int(self.actions.shape[1])

    @property
    def staff(self) -> int:
        """Number of posts in all teams."""
        return int(self.teams["staff"].sum())

    @property
    def users(self) -> int:
        """Number of places for service users that are simulated."""
        return int(self.teams["users"].sum())


def lay_out(roster: Roster, expansion: Expansion, caseload: str = "sample") -> Layout:
    """Lay a roster and an expanded scenario out.

    Parameters
    ----------
    roster : Roster
        Teams.
    expansion : Expansion
        Calendar, start weeks and selection of the scenario for this roster.
    caseload : {'sample', 'full'}
        Simulate the research sample only (others exist as workload), or everybody on the books.

    Raises
    ------
    InputError
        When two identifiers collide, or a team or calendar is too large for the random-number key.
    """
    if caseload not in CASELOADS:
        raise InputError(f"caseload = '{caseload}': must be one of {', '.join(CASELOADS)}")
    if expansion.actions.shape[1] > MAXIMUM_WEEK - 1:
        raise InputError(f"weeks = {expansion.actions.shape[1]}: at most {MAXIMUM_WEEK - 1}")
    rows = roster.rows
    trust_names = tuple(sorted({row.trust for row in rows}))
    type_names = tuple(sorted({row.type for row in rows}))
    trust_index = {name: index for index, name in enumerate(trust_names)}
    trusts = np.zeros(len(trust_names), TRUST_LAYOUT)
    for index, name in enumerate(trust_names):
        trusts[index]["key_low"], trusts[index]["key_high"] = identifier_words(f"trust:{name}")
    teams = np.zeros(len(rows), TEAM_LAYOUT)
    keys = team_words(row.team for row in rows)
    staff_start = user_start = 0
    for index, row in enumerate(rows):
        sampled = int(row.sampled)
        users = sampled if caseload == "sample" else max(int(round(row.caseload)), sampled)
        for name, count in (("staff", row.staff), ("users", users)):
            if count > MAXIMUM_PLACE:
                raise InputError(f"team '{row.team}': {name} = {count}: at most {MAXIMUM_PLACE}")
        low, high = row.readiness_low, row.readiness_high
        team = teams[index]
        team["key_low"], team["key_high"] = keys[index]
        team["trust"] = trust_index[row.trust]
        team["team_type"] = type_names.index(row.type)
        team["type_low"], team["type_high"] = identifier_words(f"type:{row.type}")
        team["staff"] = row.staff
        team["coordinators"] = row.coordinators
        team["first_coordinator"] = 1 if row.staff > row.coordinators else 0
        team["caseload_total"] = row.caseload
        team["users"] = users
        team["sampled"] = sampled
        team["readiness_given"] = (
            -1.0 if row.readiness is None else (row.readiness - low) / (high - low)
        )
        team["reflects_given"] = -1 if row.reflects is None else int(row.reflects)
        team["share_black"] = row.share_black
        team["turnover_multiplier"] = row.turnover_multiplier
        team["programme"] = expansion.team_programme[index]
        team["start_week"] = expansion.team_start[index]
        team["order"] = expansion.team_order[index]
        team["rank"] = expansion.team_rank[index]
        team["staff_start"], team["user_start"] = staff_start, user_start
        staff_start += int(row.staff)
        user_start += users
        trusts[trust_index[row.trust]]["teams"] += 1
    mode, value, reliability = expansion.selection
    return Layout(
        trusts=trusts,
        teams=teams,
        actions=expansion.actions,
        selection_mode=int(mode),
        selection_value=float(value),
        selection_reliability=float(reliability),
        assessment_weeks=tuple(int(week) for week in expansion.assessment_weeks),
        trust_names=trust_names,
        team_names=tuple(row.team for row in rows),
        team_types=tuple(row.type for row in rows),
        arms=tuple(row.arm for row in rows),
    )
