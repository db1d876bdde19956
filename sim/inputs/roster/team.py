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
    """One team."""

    team: str  # Identifier; the team's random draws depend on it and on nothing else of the roster
    # Name of its trust; trusts differ in readiness, and some staff ties stay within them.
    trust: str = "trust"
    type: str = "recovery"  # Type of team
    # {'intervention', 'control'}: Arm of a trial; without one all teams are in the first.
    arm: str = "intervention"
    staff: int = 20  # Posts, all disciplines, the leader's included
    coordinators: int = 9  # Posts that carry a caseload
    caseload: int = 225  # Service users on the team's books
    sampled: int = 15  # Service users in the research sample
    # Measured readiness on the instrument's range; None when not measured.
    readiness: float | None = None
    # Range of the readiness instrument.
    readiness_low: float = 0.0
    readiness_high: float = 1.0
    # Whether the team meets to reflect already (1 or 0); None when not known.
    reflects: int | None = None
    share_black: float = TRIAL_SHARE_BLACK  # Share of service users of a black background
    turnover_multiplier: float = 1.0  # Staff leaving rate relative to the model's
    # Weeks before this team's programme starts; None leaves it to the scenario.
    start_week: int | None = None
    # The instrument where its name was given, whose range then holds
    # (`sim.inputs.roster.readiness_scales`).
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
