"""The teams of the REFOCUS trial, as far as they are known."""

from __future__ import annotations

from sim.inputs.roster.team import TRIAL_SHARE_BLACK, Roster, TeamRow, team_draws
from sim.streams import RESEARCH_SHORTFALL, ROSTER_JOINT, check_seed

# Teams by trust: intervention, control (trial).
TEAMS_BY_TRUST = (("SLaM", 9, 9), ("2gether", 5, 4))

# Teams by type: intervention, control (trial).
TEAMS_BY_TYPE = (
    ("recovery", 9, 4),
    ("psychosis", 2, 2),
    ("community forensic", 2, 1),
    ("assertive outreach", 0, 3),
    ("supported living", 0, 2),
    ("low support", 1, 0),
    ("early intervention", 0, 1),
)

SAMPLED_PER_TEAM = 15
RECRUITED = 403
STAFF = 532
COORDINATORS = 9
CASELOAD = 225

TRIAL_SOURCE = "REFOCUS trial"
NOTES = (
    "trust by arm and type by arm: as in the trial; which type in which trust is drawn by key "
    "(assumption: the report gives the margins only)",
    "service users: 15 drawn per team, 403 recruited; which two teams lack one is drawn by key "
    "(assumption)",
    "staff: 532 in 27 teams, so 19 or 20 each; which team has which is drawn by key (assumption: "
    "the report does not say whether it counts persons or questionnaires)",
    "coordinators 9 and caseload 225 per team: from other services (literature)",
    "share of black service users: 110 of 403 in every team (trial; by team not reported)",
    "team identifiers and their order are this model's own",
)


def trial_roster(seed: int) -> Roster:
    """Return the 27 teams of the trial.

    Trusts, arms and types have the trial's margins exactly, for any seed. What the trial's report
    leaves open (the type of team in each trust given the arm, the teams that lack a service user
    or a member of staff) is drawn by key: purposes ``ROSTER_JOINT`` and ``RESEARCH_SHORTFALL``.

    Parameters
    ----------
    seed : int
        Seed of the keyed draws, 0 to 4294967295.

    Returns
    -------
    Roster
        27 rows, SLaM-01 to SLaM-18 and 2gether-01 to 2gether-09, intervention arm first within a
        trust.

    Raises
    ------
    InputError
        For a seed out of range.
    """
    seed = check_seed(seed)
    placed = _teams()
    order = {name: team_draws(seed, name, ROSTER_JOINT) for name, _, _ in placed}
    types: dict[str, str] = {}
    for side, arm in enumerate(("intervention", "control")):
        members = sorted((name for name, _, its in placed if its == arm), key=lambda n: order[n][0])
        listed = [kind for kind, *counts in TEAMS_BY_TYPE for _ in range(counts[side])]
        types.update(zip(members, listed, strict=True))
    names = [name for name, _, _ in placed]
    short_of_users = _lowest(
        names,
        [team_draws(seed, name, RESEARCH_SHORTFALL)[0] for name in names],
        SAMPLED_PER_TEAM * len(names) - RECRUITED,
    )
    full_staff = -(-STAFF // len(names))
    short_of_staff = _lowest(
        names, [order[name][1] for name in names], full_staff * len(names) - STAFF
    )
    rows = tuple(
        TeamRow(
            team=name,
            trust=trust,
            type=types[name],
            arm=arm,
            staff=full_staff - (name in short_of_staff),
            coordinators=COORDINATORS,
            caseload=CASELOAD,
            sampled=SAMPLED_PER_TEAM - (name in short_of_users),
            share_black=TRIAL_SHARE_BLACK,
        )
        for name, trust, arm in placed
    )
    return Roster(rows, NOTES, TRIAL_SOURCE)


def _teams() -> list[tuple[str, str, str]]:
    """Return name, trust and arm of every team."""
    placed = []
    for trust, intervention, control in TEAMS_BY_TRUST:
        arms = ["intervention"] * intervention + ["control"] * control
        placed += [(f"{trust}-{n:02d}", trust, arm) for n, arm in enumerate(arms, 1)]
    return placed


def _lowest(names: list[str], draws: list[float], count: int) -> set[str]:
    """Return the `count` teams with the lowest draws."""
    ranked = sorted(zip(draws, names, strict=True))
    return {name for _, name in ranked[:count]}
