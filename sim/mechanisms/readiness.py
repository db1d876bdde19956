"""Organisational readiness on three levels: trust, team and practitioner.

Readiness governs how far a team takes part in what is offered and how far intent becomes practice
(process evaluation of the REFOCUS trial: readiness of trust, team and practitioner is one of the
two groups of implementation factors). Practitioners infer commitment from the resources that their
organisation shows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.element import BEYOND_REFOCUS, INDIRECT, MANAGERS, Cost, Use, level, spell
from sim.link import STAFF, TEAM, TRUST, Link, real, whole
from sim.mechanisms.bounds import close_gap, share, weekly_fraction

FIXED_POINT = 1048576.0


class TrustReadiness(NamedTuple):
    """What changes in a trust."""

    readiness: float


class TeamReadiness(NamedTuple):
    """What changes in a team's readiness."""

    readiness: float
    leader_support: float


class StaffReadiness(NamedTuple):
    """What changes in a practitioner's readiness."""

    readiness: float


def effective_readiness(trust: Any, team: Any, staff: Any, p: Any) -> float:
    """Combine the three levels: E = (w1 R_trust + w2 R_team + w3 R_practitioner) / (w1 + w2 + w3).

    Source: the process evaluation names the levels, not their shares. Grade: assumption.
    """
    total = p.readiness_weight_trust + p.readiness_weight_team + p.readiness_weight_staff
    return (
        p.readiness_weight_trust * trust.readiness
        + p.readiness_weight_team * team.readiness
        + p.readiness_weight_staff * staff.readiness
    ) / total


def to_fixed_point(intensity: float) -> int:
    """Turn an intensity into a whole number, so that sums over teams do not depend on order.

    n = floor(2^20 i + 1/2). Grade: definition.
    """
    return int(intensity * FIXED_POINT + 0.5)


def no_commitment() -> int:
    """Return an empty sum. Grade: definition."""
    return 0


def add_commitment(total: int, action: Any) -> int:
    """Add the organisational commitment visible in one team of a trust. Grade: definition."""
    return total + to_fixed_point(action.organisation)


def trust_readiness(trust: Any, fixed_point_sum: int, teams: int, p: Any) -> TrustReadiness:
    """Let a trust's readiness follow the commitment that it shows.

    Target T = U + (1 - U) e C, where U is the usual level, C the mean intensity of visible
    organisational commitment over the trust's teams and e its effect; the gap closes with half-life
    `readiness_half_life`. Without action the usual level holds.

    Parameters
    ----------
    trust : record
        The trust.
    fixed_point_sum : int
        Sum over the trust's teams of `to_fixed_point(organisation)`.
    teams : int
        Number of teams in the trust.
    p : record
        Parameters.

    Notes
    -----
    Source: staff infer commitment from resources (Leamy et al. 2014). Grade: literature for the
    direction, assumption for the size.
    """
    commitment = fixed_point_sum / FIXED_POINT / teams if teams > 0 else 0.0
    target = share(
        trust.readiness_usual
        + (1.0 - trust.readiness_usual) * p.readiness_from_organisation * commitment
    )
    fraction = weekly_fraction(p.readiness_half_life)
    return TrustReadiness(close_gap(trust.readiness, target, fraction))


def team_readiness(team: Any, trust: Any, action: Any, p: Any) -> TeamReadiness:
    """Let team readiness and leader support respond to trust, leadership action and progress.

    Readiness target T = U + w (R_trust - U_trust) + a s L + (1 - U) b P + c B - d s (1 - A), with L
    support to leaders, P preparatory work on readiness, B the team's mean shift in behaviour
    (progress seen), d the drift where nothing supports it, s the spread of readiness between teams,
    and A what supports it, L + P + visible commitment, at most 1. Leader support closes a share of
    its gap to 1 while leaders are supported and returns to its usual level afterwards.

    Notes
    -----
    Source: leadership programmes moved implementation climate by d = 0.76-1.34 and it held (LOCI);
    without them it drifted slightly down (direction only). The shift by SD is turned to the 0-1
    scale by `team_readiness_sd`. Grade: literature for L, assumption for the rest.
    """
    lift = (p.readiness_from_leadership * p.team_readiness_sd) * action.leadership
    lift = lift + p.readiness_from_preparation * (1.0 - team.readiness_usual) * (
        action.readiness_preparation
    )
    supported = share(action.leadership + action.readiness_preparation + action.organisation)
    target = share(
        team.readiness_usual
        + p.readiness_trust_to_team * (trust.readiness - trust.readiness_usual)
        + lift
        + p.readiness_from_progress * team.behaviour_shift
        - p.readiness_drift * p.team_readiness_sd * (1.0 - supported)
    )
    fraction = weekly_fraction(p.readiness_half_life)
    leader_target = share(
        team.leader_support_usual
        + (1.0 - team.leader_support_usual) * p.leader_support_from_leadership * action.leadership
    )
    return TeamReadiness(
        close_gap(team.readiness, target, fraction),
        close_gap(team.leader_support, leader_target, fraction),
    )


def staff_readiness(staff: Any, team: Any, action: Any, p: Any) -> StaffReadiness:
    """Let a practitioner's readiness follow the team, own values and support received.

    Target T = U + w (R_team - U_team) + v (values - usual values) + (1 - U)(s W + l n D), with W
    the staff-wellbeing and D the lived-experience support of the scenario. D acts on those with own
    experience, as far as they lack support: n = 1 for who has told nobody, and for who has told
    colleagues the chance of not feeling supported, 1 - `disclosed_supported_share`.

    Source: national survey: of those who had disclosed, 79% felt supported. Grade: literature for
    that share, assumption for the rest.
    """
    own = action.staff_wellbeing * p.readiness_from_wellbeing
    if staff.lived_experience == 1:
        lacking = 1.0 - p.disclosed_supported_share if staff.disclosed > 0 else 1.0
        given = action.lived_experience_support * lacking
        own = own + given * p.readiness_from_lived_experience_support
    target = share(
        staff.readiness_usual
        + p.readiness_team_to_staff * (team.readiness - team.readiness_usual)
        + p.readiness_from_values * (staff.values - staff.values_usual)
        + (1.0 - staff.readiness_usual) * own
    )
    return StaffReadiness(
        close_gap(staff.readiness, target, weekly_fraction(p.readiness_half_life))
    )


LINK = Link(
    state={
        TRUST: (
            real("readiness_usual", "organisational readiness before the programme"),
            real(
                "readiness", "organisational readiness: commitment shown by resources and targets"
            ),
        ),
        TEAM: (
            real("readiness_usual", "team readiness before the programme"),
            real("readiness", "team readiness: shared will and ability to change"),
            real("leader_support_usual", "leader support before the programme"),
            real("leader_support", "how far the leader backs recovery-oriented work"),
        ),
        STAFF: (
            whole("lived_experience", "own experience of mental health problems", "0/1"),
            real("readiness_usual", "practitioner readiness before the programme"),
            real("readiness", "practitioner readiness"),
        ),
    },
    elements=(
        level(
            "readiness",
            "preparation_intensity",
            "How much preparatory work: 1 as planned, 0 none.",
            "0-1",
            label="preparation of readiness",
            field="readiness_preparation",
            kind="preparation",
            uses=(Use("readiness", "team-weeks of work on readiness"),),
            costs=(Cost("work on readiness", "readiness", "readiness_hours", "coach_hour"),),
        ),
        spell(
            "components",
            "leadership",
            "support to leaders",
            "Support to team leaders and managers.",
            (Use("leadership", "team-weeks of leadership support"),),
            (
                Cost("leadership support: coaches", "leadership", "leadership_hours", "coach_hour"),
                Cost(MANAGERS, "leadership", "leadership_hours", "manager_hour", INDIRECT),
            ),
        ),
        spell(
            "components",
            "organisation",
            "organisational commitment",
            "Commitment that the organisation makes visible.",
            (Use("organisation", "team-weeks of organisational commitment"),),
            (Cost(MANAGERS, "organisation", "organisation_hours", "manager_hour", INDIRECT),),
        ),
        spell(
            "beyond",
            "lived_experience_support",
            "support for lived experience",
            "Support for staff with lived experience of their own.",
            (Use("lived_experience", "team-weeks of support for staff with lived experience"),),
            (Cost(BEYOND_REFOCUS, "lived_experience", "lived_experience_week"),),
        ),
    ),
)
