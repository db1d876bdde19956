"""What a roster is: one row for every team, and notes on what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.streams import identifier_words, uniforms

ARMS = ("intervention", "control")

TEAM_TYPES = (
    "recovery",
    "psychosis",
    "community forensic",
    "assertive outreach",
    "supported living",
    "low support",
    "early intervention",
)
"""Types of team in the trial; a roster may name others."""

TRIAL_SHARE_BLACK = 110 / 403
"""Share of black service users in the trial's sample at baseline (trial)."""

LARGEST_ROSTER = 5000


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One team.

    Attributes
    ----------
    team : str
        Identifier; the team's random draws depend on it and on nothing else of the roster.
    trust : str
        Name of its trust; trusts differ in readiness, and some staff ties stay within them.
    type : str
        Type of team.
    arm : {'intervention', 'control'}
        Arm of a trial. Without a trial all teams are in the intervention arm.
    staff : int
        Posts, all disciplines, the leader's included.
    coordinators : int
        Posts that carry a caseload.
    caseload : int
        Service users on the team's books.
    sampled : int
        Service users in the research sample.
    readiness : float or None
        Measured readiness on the instrument's range; None when not measured.
    readiness_low, readiness_high : float
        Range of the readiness instrument.
    readiness_scale : str
        The instrument where its name was given (`sim.inputs.roster.readiness_scales`); the range is
        then its.
    reflects : int or None
        Whether the team meets to reflect already (1 or 0); None when not known.
    share_black : float
        Share of service users of a black background.
    turnover_multiplier : float
        Staff leaving rate relative to the model's.
    start_week : int or None
        Weeks before this team's programme starts; None leaves it to the scenario.
    """

    team: str
    trust: str = "trust"
    type: str = "recovery"
    arm: str = "intervention"
    staff: int = 20
    coordinators: int = 9
    caseload: int = 225
    sampled: int = 15
    readiness: float | None = None
    readiness_low: float = 0.0
    readiness_high: float = 1.0
    reflects: int | None = None
    share_black: float = TRIAL_SHARE_BLACK
    turnover_multiplier: float = 1.0
    start_week: int | None = None
    readiness_scale: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Teams, in the order of their source.

    Attributes
    ----------
    rows : tuple of TeamRow
        The teams.
    notes : tuple of str
        Which values are defaults or assumptions rather than given.
    source : str
        Where the roster comes from.
    told : tuple of str
        How its file was read where that was not plain: lines that stand for no team or may be
        none, columns that were matched by meaning, numbers that were rounded; in `notes` too.
    own_columns : mapping
        Cells of the user's own columns by heading, one for each team.
    mapping : mapping
        Column by heading of its file, empty for the user's own.
    """

    rows: tuple[TeamRow, ...]
    notes: tuple[str, ...] = ()
    source: str = ""
    told: tuple[str, ...] = ()
    own_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of teams."""
        return len(self.rows)


def team_draws(seed: int, name: str, purpose: int) -> tuple[float, float, float, float]:
    """Return four uniform draws that a team's name gives, for what a roster leaves open."""
    low, high = identifier_words(name)
    return uniforms((seed, 0, low, high, 0, 0), purpose, 0)
