"""Influence: values and norms move along advice ties and towards the leader.

What travels is the *shift* of a colleague's values from their own usual, so that a team which
nobody trains is in equilibrium (Friedkin and Johnsen's model of anchored opinions has the same
fixed point). Attitudes were seen to move towards those of colleagues met for advice and discussion,
not towards friends' (Bunger et al. 2020).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.element import INDIRECT, Cost, Use, spell
from sim.link import STAFF, TEAM, Link, of_place, real, whole
from sim.mechanisms.bounds import clamp, close_gap, share, weekly_fraction
from sim.mechanisms.flow import caseload_pressure, usual_vacancies


class PeerSum(NamedTuple):
    """Running sum over advice ties."""

    shift: float
    ties: int


class PendingValues(NamedTuple):
    """Values after influence, before everybody's are committed together."""

    values_pending: float


class CommittedValues(NamedTuple):
    """Values, committed."""

    values: float


class TeamSums(NamedTuple):
    """Running sums over a team's staff in the order of places."""

    present: int
    coordinators: int
    values_shift: float
    behaviour_shift: float
    behaviour: float


class TeamClimate(NamedTuple):
    """What a team's members make together."""

    staff_present: int
    coordinators_present: int
    workload: float
    values_shift: float
    behaviour_shift: float
    behaviour_mean: float
    leader_values_shift: float
    norms: float


class Partnership(NamedTuple):
    """What the partnership project has built."""

    partnership: float


def no_peers() -> PeerSum:
    """Return an empty sum. Grade: definition."""
    return PeerSum(0.0, 0)


def add_peer(total: PeerSum, peer: Any) -> PeerSum:
    """Add one advice tie; a vacant place gives no advice.

    S' = S + (v - usual v), over filled posts. Grade: definition.
    """
    if peer.present == 0:
        return total
    return PeerSum(total.shift + (peer.values - peer.values_usual), total.ties + 1)


def meets_to_reflect(team: Any, action: Any) -> float:
    """Return how much the team reflects together: its own habit, or the programme's groups.

    m = max(own habit, intensity of groups). Source: reflection sessions supported practice
    (interviews of the trial). Grade: trial for the direction, assumption for the form.
    """
    own = float(team.reflects)
    return own if own > action.reflection else share(action.reflection)


def pending_values(staff: Any, team: Any, peers: PeerSum, action: Any, p: Any) -> PendingValues:
    """Return a person's values after this week's influence.

    v' = v + w_p t (mean shift of advice ties - own shift) + w_l L (leader's shift - own shift),
    with L the leader's support and t = 1 + k when the team meets to reflect. Weights are weekly.

    Source: attitudes move towards advice ties (direction); leadership programmes (direction);
    whole-team reflection supported practice (interviews of the trial). Grade: literature for the
    direction, assumption for the size.
    """
    if staff.present == 0:
        return PendingValues(staff.values)
    own = staff.values - staff.values_usual
    moved = staff.values
    if peers.ties > 0:
        talk = 1.0 + p.influence_from_reflection * meets_to_reflect(team, action)
        moved = moved + share(p.influence_peers * talk) * (peers.shift / peers.ties - own)
    if staff.leader == 0:
        moved = moved + p.influence_leader * team.leader_support * (team.leader_values_shift - own)
    return PendingValues(share(moved))


def commit_values(staff: Any) -> CommittedValues:
    """Take over the values that influence left pending.

    v' = what was left pending. Grade: definition.
    """
    return CommittedValues(staff.values_pending)


def no_sums() -> TeamSums:
    """Return empty sums. Grade: definition."""
    return TeamSums(present=0, coordinators=0, values_shift=0.0, behaviour_shift=0.0, behaviour=0.0)


def mean_behaviour(staff: Any) -> float:
    """Return a person's mean behaviour over the four working practices.

    B = (coaching + values + strengths + goals) / 4. Grade: definition.
    """
    return 0.25 * (
        staff.behaviour_coaching
        + staff.behaviour_values
        + staff.behaviour_strengths
        + staff.behaviour_goals
    )


def mean_behaviour_usual(staff: Any) -> float:
    """Return a person's usual mean behaviour over the four working practices.

    B = (coaching + values + strengths + goals) / 4. Grade: definition.
    """
    return 0.25 * (
        staff.behaviour_usual_coaching
        + staff.behaviour_usual_values
        + staff.behaviour_usual_strengths
        + staff.behaviour_usual_goals
    )


def add_member(sums: TeamSums, staff: Any) -> TeamSums:
    """Add one place to the team's sums; a vacant post adds nothing. Grade: definition."""
    if staff.present == 0:
        return sums
    behaviour = mean_behaviour(staff)
    return TeamSums(
        present=sums.present + 1,
        coordinators=sums.coordinators + staff.coordinator,
        values_shift=sums.values_shift + (staff.values - staff.values_usual),
        behaviour_shift=sums.behaviour_shift + (behaviour - mean_behaviour_usual(staff)),
        behaviour=sums.behaviour + behaviour,
    )


def team_climate(team: Any, sums: TeamSums, leader: Any, action: Any, p: Any) -> TeamClimate:
    """Return the team's norms, means and workload from its members' sums.

    Norms N follow what colleagues value and do: N' = N + f (a values shift + b behaviour shift - N)
    with the half-life `norms_half_life`, faster when the team meets to reflect. Workload is the
    `caseload_pressure` on the coordinator posts that are filled. While the leader's post is vacant
    the team's mean stands in for the leader's values.

    Source: whole-team reflection supported practice (interviews of the trial); no figure seen for
    norms. Grade: assumption.
    """
    count = sums.present if sums.present > 0 else 1
    values_shift = sums.values_shift / count
    behaviour_shift = sums.behaviour_shift / count
    target = clamp(
        p.norms_from_values * values_shift + p.norms_from_behaviour * behaviour_shift, -1.0, 1.0
    )
    fraction = share(
        weekly_fraction(p.norms_half_life)
        * (1.0 + p.influence_from_reflection * meets_to_reflect(team, action))
    )
    return TeamClimate(
        staff_present=sums.present,
        coordinators_present=sums.coordinators,
        workload=caseload_pressure(team.caseload_total, sums.coordinators, usual_vacancies(p), p),
        values_shift=values_shift,
        behaviour_shift=behaviour_shift,
        behaviour_mean=sums.behaviour / count,
        leader_values_shift=(leader.values - leader.values_usual)
        if leader.present == 1
        else values_shift,
        norms=close_gap(team.norms, target, fraction),
    )


def partnership_project(team: Any, action: Any, p: Any) -> Partnership:
    """Let the partnership project build up while it runs and fade afterwards.

    y' = y + f i (1 - y) while intensity i > 0, with the pace of the team's participation; it fades
    with `partnership_half_life`. A component aimed at users directly.

    Source: REFOCUS manual; no figure seen. Grade: assumption.
    """
    if action.partnership > 0.0:
        pace = share(p.partnership_pace * action.partnership * participation(team))
        return Partnership(close_gap(team.partnership, 1.0, pace))
    return Partnership(close_gap(team.partnership, 0.0, weekly_fraction(p.partnership_half_life)))


def participation(team: Any) -> float:
    """Return how far a team takes part, 0-1.

    Its attended share of training, or its readiness where nothing was offered.

    y = attended / offered. Source: none. Grade: assumption.
    """
    if team.sessions_offered == 0:
        return team.readiness
    return team.sessions_attended / team.sessions_offered


LINK = Link(
    state={
        TEAM: (
            real("norms", "pro-recovery norms, as shift from the team's usual", "-1 to 1"),
            whole("reflects", "whether the team met to reflect before the programme", "0/1"),
            real("values_shift", "mean shift in staff values from their usual", "-1 to 1"),
            real("behaviour_shift", "mean shift in staff behaviour from their usual", "-1 to 1"),
            real("behaviour_mean", "mean behaviour over the four working practices"),
            real("leader_values_shift", "shift of the leader's values from usual", "-1 to 1"),
            whole("staff_present", "posts filled"),
            whole("coordinators_present", "caseload-carrying posts filled"),
            real("workload", "caseload pressure, 1 is the norm", "ratio"),
            real("partnership", "what the partnership project has built between staff and users"),
        ),
        STAFF: (
            real("values_usual", "pro-recovery values on arrival"),
            real("values", "pro-recovery values"),
            real("values_pending", "values after this week's influence, before they are committed"),
            of_place(
                "tie_0", "first place in the team whose advice is sought; -1 for none", "place"
            ),
            of_place("tie_1", "second such place", "place"),
            of_place("tie_2", "third such place", "place"),
            of_place("cross_team", "team of an advice tie outside the team; -1 for none", "index"),
            of_place("cross_place", "place of that tie in the other team", "place"),
        ),
    },
    elements=(
        spell(
            "support",
            "reflection",
            "reflection groups",
            "Reflection groups of the team.",
            (Use("reflection_places", "places taken in reflection groups", "person"),),
            (
                Cost(
                    "reflection groups: staff time",
                    "reflection_places",
                    "reflection_hours",
                    "staff_hour",
                    INDIRECT,
                ),
            ),
        ),
        spell(
            "components",
            "partnership",
            "partnership project",
            "Partnership project of staff and service users.",
            (Use("partnership", "team-weeks of partnership project"),),
            (Cost("partnership project", "partnership", "partnership_week"),),
        ),
    ),
)
