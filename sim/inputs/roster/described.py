"""A roster from a described setting: how many trusts and teams, how large, in which arms."""

from __future__ import annotations

from math import isfinite

from sim.errors import InputError
from sim.inputs.roster.columns import limits_of
from sim.inputs.roster.team import LARGEST_ROSTER, TRIAL_SHARE_BLACK, Roster, TeamRow, team_draws
from sim.streams import ROSTER_JOINT, check_seed, to_normal

# Name: lowest, highest, unit.
LIMITS = {
    "trusts": (1, 500, "trusts"),
    "teams_per_trust": (1, 500, "teams"),
    "staff_mean": (2, 400, "posts"),
    "staff_sd": (0, 200, "posts"),
    "coordinator_share": (0.01, 1, "share of staff"),
    "users_per_coordinator": (1, 200, "service users"),
    "sampled": (1, 20000, "service users"),
    "intervention_share": (0, 1, "share of teams"),
    "share_black": (0, 1, "share of service users"),
    "turnover_multiplier": (*limits_of("turnover_multiplier"), "ratio"),
}
WHOLE = frozenset({"trusts", "teams_per_trust", "sampled"})
SMALLEST_TEAM, LARGEST_TEAM = 2, 500


def described_roster(
    *,
    trusts: int = 2,
    teams_per_trust: int = 10,
    staff_mean: float = 20.0,
    staff_sd: float = 4.0,
    coordinator_share: float = 0.45,
    users_per_coordinator: float = 25.0,
    sampled: int = 15,
    intervention_share: float = 0.5,
    team_type: str = "recovery",
    share_black: float = TRIAL_SHARE_BLACK,
    turnover_multiplier: float = 1.0,
    seed: int = 1,
) -> Roster:
    """Return a roster that fits a description, the same for the same seed.

    A team's size is normal with the given mean and SD, rounded, within 2 to 500. Arms are drawn
    within trusts, as a trial stratified by trust would; over all trusts the intervention arm has
    its share of teams, rounded to the nearest whole team. A team keeps its size when others are
    added.

    Parameters
    ----------
    trusts, teams_per_trust : int
        How many.
    staff_mean, staff_sd : float
        Mean and standard deviation of posts per team.
    coordinator_share : float
        Share of posts that carry a caseload.
    users_per_coordinator : float
        Service users on the books for each such post.
    sampled : int
        Service users in the research sample of each team, fewer where the caseload is smaller.
    intervention_share : float
        Share of teams in the intervention arm; 1 where there is no trial.
    team_type : str
        Type of all teams.
    share_black : float
        Share of service users of a black background.
    turnover_multiplier : float
        Staff leaving rate relative to the model's.
    seed : int
        Seed of the keyed draws, 0 to 4294967295.

    Returns
    -------
    Roster
        Teams T001-001, T001-002, ..., trust by trust.

    Raises
    ------
    InputError
        For a number out of its bounds, or too many teams.
    """
    seed = check_seed(seed)
    given: dict[str, float] = {
        "trusts": trusts,
        "teams_per_trust": teams_per_trust,
        "staff_mean": staff_mean,
        "staff_sd": staff_sd,
        "coordinator_share": coordinator_share,
        "users_per_coordinator": users_per_coordinator,
        "sampled": sampled,
        "intervention_share": intervention_share,
        "share_black": share_black,
        "turnover_multiplier": turnover_multiplier,
    }
    for name, value in given.items():
        _check(name, value)
    trusts, teams_per_trust, sampled = int(trusts), int(teams_per_trust), int(sampled)
    if trusts * teams_per_trust > LARGEST_ROSTER:
        raise InputError(
            f"trusts x teams_per_trust = {trusts * teams_per_trust}: at most {LARGEST_ROSTER} teams"
        )
    kind = " ".join(str(team_type).lower().split())
    if not kind or len(kind) > 100 or not kind.isprintable():
        raise InputError("team_type: must be a name of 1 to 100 printable characters")
    rows: list[TeamRow] = []
    placed = 0
    for trust in range(1, trusts + 1):
        names = [f"T{trust:03d}-{team:03d}" for team in range(1, teams_per_trust + 1)]
        draws = {name: team_draws(seed, name, ROSTER_JOINT) for name in names}
        # Rounding the running total keeps the share right over all trusts.
        due = int(intervention_share * trust * teams_per_trust + 0.5) - placed
        placed += due
        chosen = set(sorted(names, key=lambda name: draws[name][0])[:due])
        for name in names:
            staff = round(staff_mean + staff_sd * to_normal(draws[name][1]))
            staff = min(max(staff, SMALLEST_TEAM), LARGEST_TEAM)
            coordinators = min(max(round(staff * coordinator_share), 1), staff)
            caseload = max(round(coordinators * users_per_coordinator), 1)
            rows.append(
                TeamRow(
                    team=name,
                    trust=f"trust-{trust:03d}",
                    type=kind,
                    arm="intervention" if name in chosen else "control",
                    staff=staff,
                    coordinators=coordinators,
                    caseload=caseload,
                    sampled=min(sampled, caseload),
                    share_black=share_black,
                    turnover_multiplier=turnover_multiplier,
                )
            )
    notes = (
        f"described setting: sizes and arms are drawn by key from seed {seed}, arms within trusts",
        "readiness and reflection before the programme: drawn in each simulated world",
    )
    return Roster(tuple(rows), notes, "described setting")


def _check(name: str, value: float) -> None:
    low, high, unit = LIMITS[name]
    noun = "a whole number" if name in WHOLE else "a number"
    rule = f"must be {noun} in [{low:g}, {high:g}] ({unit})"
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} = {value!r}: {rule}") from None
    fits = isfinite(number) and low <= number <= high and not isinstance(value, bool)
    if not fits or (name in WHOLE and number != int(number)):
        raise InputError(f"{name} = {value!r}: {rule}")
