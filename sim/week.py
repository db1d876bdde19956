"""The week, declared once: who does what in which order, by which rule, on what condition.

Everything that runs a week is made from this table: the default methods of the Mesa agents and the
order of `RecoveryModel.step`, and the source of the compiled week (`refocus explain week` prints
the table, `refocus explain week --compiled` that source). `BEGIN` does the same for the start of a
world.

A phase is a list of steps for one kind of agent. **A rule's inputs are found by the names of its
parameters**: the agent itself (`staff`, `team`, `user`, `trust`), those it belongs to (`team`,
`trust`), its team's `leader`, what the scenario does (`action`), the parameters (`p`), the agent's
random-number `key`, the `week`, the number of `teams` of a trust, and whatever an earlier step of
the phase worked out (`Let`, `Sum`).

What is more than rules in a row is an *act*: a function in the restricted Python of rules that
reaches others through `world`. Both engines rewrite acts, so an act may use only

==============================  ===================================================================
`world.follow(agent, rule(…))`  take over the state variables that a rule returns
`world.note(EVENT)`             add a row to the table of events
`world.key(agent)`              the key of the person who now holds the agent's place
`world.key_of(low, high)`       the key of a trust, team or type
`world.row`                     the agent's (or its team's) row of the layout
`world.member(place)`           a colleague in the team (or the team's member)
`world.member_of(team, place)`  somebody in the team with a number
`world.team(number)`            the team with a number
`world.row_of(number)`          its row of the layout
`world.other_team(key, week)`   the number of another team of the trust, -1 for none
`world.coordinator(choice)`     the place of a filled coordinator post
`world.act(act)`                another act, for the same agent
`world.start(agent)`            begin as links say (`sim.link`), who is `key`
==============================  ===================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.events import (
    GOAL_REACHED,
    LOST_TO_RESEARCH,
    SESSION_CANCELLED,
    SESSION_HELD,
    STAFF_ARRIVED,
    STAFF_LEFT,
    STAFF_MOVED_IN,
    USER_DISCHARGED,
    USER_REFERRED,
    WORKER_CHANGED,
)
from sim.link import (
    STAFF,
    TEAM,
    TRUST,
    USER,
    Act,
    Do,
    Each,
    Let,
    Note,
    Phase,
    Rule,
    Sum,
    gathered,
    phase,
)
from sim.measures.qpr import QPR15_MAXIMUM, qpr_scores
from sim.mechanisms.flow import (
    NEW_PERSON_IN_POST,
    NEW_REFERRAL,
    NEW_WORKER,
    carried_record,
    donor_order,
    employment,
    just_left,
    leaver_record,
    moves_within_trust,
    service_flow,
    service_outcome,
)
from sim.mechanisms.heterogeneity import (
    has_cross_tie,
    present_at_start,
    staff_start,
    staff_ties,
    team_start,
    trust_start,
    type_deviation,
    user_experience,
    user_recovery,
    user_start,
)
from sim.mechanisms.influence import (
    add_member,
    add_peer,
    commit_values,
    no_peers,
    no_sums,
    partnership_project,
    pending_values,
    team_climate,
)
from sim.mechanisms.practice import behaviour, intent, retention
from sim.mechanisms.readiness import (
    add_commitment,
    effective_readiness,
    no_commitment,
    staff_readiness,
    team_readiness,
    trust_readiness,
)
from sim.mechanisms.recovery import recovery, recovery_mean, stage_after_week
from sim.mechanisms.relationship import contact, meets, no_contact
from sim.mechanisms.selection import (
    START_FIXED,
    START_NEED,
    START_RANDOM,
    START_READINESS,
    measured_need,
    measured_readiness,
    rollout_draw,
    slot_of,
)
from sim.mechanisms.training import (
    add_trained,
    attendance,
    attended,
    induction,
    learning,
    no_training,
    session_cancelled,
    session_held,
    team_session,
    training_record,
)
from sim.streams import STAFF_EMPLOYMENT, STAFF_MOVE, category, uniforms

# Acts.


def begin_trust(world: Any, trust: Any, p: Any) -> None:
    """Begin as the layout says."""
    trust.key_low = world.row.key_low
    trust.key_high = world.row.key_high
    key = world.key_of(trust.key_low, trust.key_high)
    world.follow(trust, trust_start(p, key))
    world.start(trust)


def begin_team(world: Any, team: Any, trust: Any, p: Any) -> None:
    """Begin as the layout says."""
    team.key_low = world.row.key_low
    team.key_high = world.row.key_high
    team.trust = world.row.trust
    team.team_type = world.row.team_type
    team.programme = world.row.programme
    team.start_week = world.row.start_week
    team.caseload_total = world.row.caseload_total
    team.coordinator_posts = world.row.coordinators
    team.first_coordinator = world.row.first_coordinator
    team.turnover_multiplier = world.row.turnover_multiplier
    key = world.key_of(team.key_low, team.key_high)
    world.follow(
        team,
        team_start(
            world.row.readiness_given,
            world.row.reflects_given,
            trust.readiness_usual - p.trust_readiness_mean,
            type_deviation(p, world.key_of(world.row.type_low, world.row.type_high)),
            p,
            key,
        ),
    )
    world.start(team)


def begin_staff(world: Any, staff: Any, team: Any, trust: Any, p: Any, key: Any) -> None:
    """Hold the post from the start, if it is filled."""
    staff.leader = 1 if staff.place == 0 else 0
    after_first = staff.place - team.first_coordinator
    staff.coordinator = 1 if 0 <= after_first < team.coordinator_posts else 0
    u_present, _, _, _ = uniforms(key, STAFF_EMPLOYMENT, 0)
    staff.present = present_at_start(u_present, p)
    world.follow(staff, staff_start(staff.leader, team, trust, p, key))
    world.start(staff)


def seek_advice(world: Any, staff: Any, p: Any, key: Any) -> None:
    """Draw whose advice is sought: colleagues, and now and then another team of the trust."""
    world.follow(staff, staff_ties(staff.place, world.row.staff, p, key))
    staff.cross_team = -1
    staff.cross_place = -1
    has_tie, u_place = has_cross_tie(key, p)
    if has_tie == 1:
        other = world.other_team(key, 0)
        if other >= 0:
            staff.cross_team = other
            staff.cross_place = category(u_place, world.row_of(other).staff)


def begin_user(world: Any, user: Any, team: Any, action: Any, p: Any, week: int) -> None:
    """Begin on the team's list: with a key worker, experience so far, and own recovery."""
    key = world.key(user)
    user.arrival_week = week
    user.sampled = 1 if user.place < world.row.sampled else 0
    user.worker = team.first_coordinator + user.place % team.coordinator_posts
    worker = world.member(user.worker)
    user.worker_generation = worker.generation
    world.follow(user, user_start(worker, team, world.row.share_black, user.sampled, p, key))
    world.follow(user, user_experience(user, worker, team, p))
    world.follow(user, user_recovery(user, p, key))
    world.start(user)


def arrive(world: Any, staff: Any, team: Any, trust: Any, action: Any, p: Any, week: int) -> None:
    """Begin as a newcomer, perhaps from another team of the trust, perhaps with induction."""
    key = world.key(staff)
    world.follow(staff, staff_start(staff.leader, team, trust, p, key))
    world.start(staff)
    staff.weeks_in_post = 0
    u_moves, _, _, _ = uniforms(key, STAFF_MOVE, week)
    if moves_within_trust(u_moves, p) == 1:
        other = world.other_team(key, week)
        if other >= 0:
            donor = world.team(other)
            if donor.leaver_known == 1:
                world.follow(staff, carried_record(staff, donor))
    if action.induction > 0.0:
        world.follow(staff, induction(staff, action, p))
    if staff.moved == 1:
        world.note(STAFF_MOVED_IN)
    else:
        world.note(STAFF_ARRIVED)


def meet_or_miss(
    world: Any, user: Any, team: Any, action: Any, p: Any, key: Any, week: int
) -> None:
    """Meet the key worker, or miss them."""
    met = 0
    if user.worker >= 0:
        worker = world.member(user.worker)
        if meets(user, worker) == 1:
            met = 1
            world.follow(user, contact(user, worker, team, action, p, key, week))
    if met == 0:
        world.follow(user, no_contact(user, action, p))


def move_on(world: Any, user: Any, team: Any, p: Any, key: Any, week: int) -> None:
    """Change stage, leave the service or the research, or get another key worker."""
    present = 0
    generation = 0
    if user.worker >= 0:
        post = world.member(user.worker)
        present = post.present
        generation = post.generation
    draw = service_flow(
        user, present, generation, team.coordinators_present, recovery_mean(user), p, key, week
    )
    if draw.change == NEW_REFERRAL:
        user.generation += 1
        world.act(begin_user)
        world.note(USER_REFERRED)
    else:
        was_in_service = user.in_service
        was_in_research = user.in_research
        changes = user.worker_changes
        chosen = user.worker
        known = user.worker_generation
        if draw.change == NEW_PERSON_IN_POST:
            known = generation
        elif draw.change == NEW_WORKER:
            chosen = world.coordinator(draw.choice)
            holder = world.member(chosen)
            known = holder.generation
        world.follow(user, stage_after_week(user, draw.stage_uniform, p))
        world.follow(user, service_outcome(user, draw, chosen, known, p, key, week))
        if user.in_service < was_in_service:
            world.note(USER_DISCHARGED)
        if user.in_research < was_in_research:
            world.note(LOST_TO_RESEARCH)
        if user.worker_changes > changes:
            world.note(WORKER_CHANGED)


# What acts find for themselves: plain loops over agents, or rows of agents, in their order.


def other_team(key: Any, own: int, teams: Any, week: int) -> int:
    """Return the number of the team of the same trust that a key ranks first; -1 for none."""
    best = -1
    lowest = 2.0
    for index in range(len(teams)):
        if index != own and teams[index].trust == teams[own].trust:
            rank = donor_order(key, teams[index].key_low, teams[index].key_high, week)
            if rank < lowest:
                best = index
                lowest = rank
    return best


def coordinator(staff: Any, first: int, posts: int, choice: int) -> int:
    """Return the place of the `choice`-th filled coordinator post of a team's posts."""
    seen = 0
    for place in range(posts):
        post = staff[first + place]
        if post.coordinator == 1 and post.present == 1:
            if seen == choice:
                return place
            seen += 1
    return -1


def programme_week(team: Any, weeks: int, week: int) -> tuple[int, int]:
    """Return row and column of the calendar for a team in a week; 0, 0 is usual care."""
    since = week - 1 - team.start_week
    if team.start_week < 0 or since < 0 or since >= weeks:
        return 0, 0
    return team.programme, since


def end_of_trusts(teams: Any, trusts: Any, start: int) -> int:
    """Return the number after the last team of the trust of `start`, and of all trusts between.

    Teams look at teams of their own trust only, and those mostly stand together in the layout.

    Parameters
    ----------
    teams, trusts : sequence
        Rows of the layout.
    start : int
        Number of a team; no earlier one belongs to its trust.
    """
    end = start
    awaited = 0
    while end == start or (awaited > 0 and end < len(teams)):
        trust = teams[end].trust
        before = end - 1
        while before >= start and teams[before].trust != trust:
            before -= 1
        if before < start:
            awaited += trusts[trust].teams
        awaited -= 1
        end += 1
    return end


# Who takes part, and who starts when: over all teams of a world, once.


def select_teams(
    teams: Any,
    scores: Any,
    mode: int,
    value: float,
    reliability: float,
    p: Any,
    seed: int,
    replication: int,
) -> None:
    """Keep the programme only in teams whose measured readiness qualifies.

    Parameters
    ----------
    teams : sequence
        Teams in the order of the layout.
    scores : sequence of float
        Room for one number for each team.
    mode, value, reliability
        Selection as the layout tells it (`Layout.selection_mode`).
    p : record
        Parameters.
    seed, replication : int
        First words of every key.
    """
    if mode != 0:
        candidates = 0
        for index in range(len(teams)):
            scores[index] = -1.0
            team = teams[index]
            if team.programme > 0:
                key = (seed, replication, team.key_low, team.key_high, 0, 0)
                scores[index] = measured_readiness(team.readiness, reliability, p, key)
                candidates += 1
        places = int(value * candidates + 0.5)
        for index in range(len(teams)):
            if scores[index] >= 0.0:
                higher = 0
                for other in range(len(teams)):
                    if scores[other] > scores[index]:
                        higher += 1
                chosen = scores[index] >= value if mode == 1 else higher < places
                if not chosen:
                    team = teams[index]
                    team.programme = 0
                    team.start_week = -1


def start_score(
    team: Any, row: Any, users: Any, reliability: float, p: Any, seed: int, replication: int
) -> float:
    """Return what a team's place in the rollout follows; the lowest goes first."""
    key = (seed, replication, team.key_low, team.key_high, 0, 0)
    if row.order == START_READINESS:
        return -measured_readiness(team.readiness, reliability, p, key)
    if row.order == START_RANDOM:
        return rollout_draw(key)
    if row.order == START_NEED:
        total = 0.0
        count = 0
        for place in range(row.users):
            user = users[row.user_start + place]
            if user.sampled == 1:
                own = (seed, replication, team.key_low, team.key_high, place, user.generation)
                total += qpr_scores(user, p, own, 0).qpr15
                count += 1
        return measured_need(total, count, QPR15_MAXIMUM)
    return float(row.rank)


def order_teams(
    teams: Any,
    users: Any,
    rows: Any,
    scores: Any,
    starts: Any,
    reliability: float,
    p: Any,
    seed: int,
    replication: int,
) -> None:
    """Deal the start weeks of the layout out to the teams that take part, in their order.

    `scores` and `starts` are room for one number for each team; the rest is as in `select_teams`.
    """
    slots = 0
    taking_part = 0
    for index in range(len(teams)):
        row = rows[index]
        if row.order != START_FIXED and row.programme > 0:
            place = slots
            while place > 0 and starts[place - 1] > row.start_week:
                starts[place] = starts[place - 1]
                place -= 1
            starts[place] = row.start_week
            slots += 1
            if teams[index].programme > 0:
                scores[index] = start_score(
                    teams[index], row, users, reliability, p, seed, replication
                )
                taking_part += 1
    for index in range(len(teams)):
        if rows[index].order != START_FIXED and teams[index].programme > 0:
            rank = 0
            for other in range(len(teams)):
                if rows[other].order != START_FIXED and teams[other].programme > 0:
                    tied = scores[other] == scores[index]
                    if scores[other] < scores[index] or (tied and other < index):
                        rank += 1
            team = teams[index]
            team.start_week = starts[slot_of(rank, taking_part, slots)]


# The tables.

TAKE_STOCK = phase(
    "take_stock",
    TEAM,
    "Count who is there, and let norms follow what members value and do.",
    Sum("sums", no_sums, add_member, "members"),
    Do(team_climate),
    Do(partnership_project),
)

BEGIN: tuple[Phase, ...] = (
    phase("begin", TRUST, "Begin as the layout says.", Act(begin_trust)),
    phase("begin", TEAM, "Begin as the layout says.", Act(begin_team)),
    phase("begin", STAFF, "Hold the post from the start, if it is filled.", Act(begin_staff)),
    phase(
        "seek_advice",
        STAFF,
        "Draw whose advice is sought: colleagues, now and then another team of the trust.",
        Act(seek_advice),
    ),
    TAKE_STOCK,
    phase(
        "begin",
        USER,
        "Begin on the team's list: with a key worker, experience so far, and own recovery.",
        Act(begin_user),
    ),
)

WEEK: tuple[Phase, ...] = gathered(
    (
        phase(
            "look_at_calendar",
            TEAM,
            "Find out what the scenario does in this team this week.",
        ),
        phase(
            "show_commitment",
            TRUST,
            "Let readiness follow the organisational commitment that is visible in the trust.",
            Sum("fixed_point_sum", no_commitment, add_commitment, "teams"),
            Do(trust_readiness),
        ),
        phase(
            "come_and_go",
            STAFF,
            "Leave the post, fill it as a newcomer, or stay (and perhaps be sick).",
            Do(employment),
            Note(STAFF_LEFT, when=just_left),
            Act(arrive, rises="generation"),
        ),
        phase(
            "remember_leaver",
            TEAM,
            "Keep what the last person who left this week would carry to another team.",
            Each(leaver_record, when=just_left),
        ),
        TAKE_STOCK,
        phase(
            "get_ready", TEAM, "Let team readiness and leader support respond.", Do(team_readiness)
        ),
        phase(
            "get_ready",
            STAFF,
            "Let own readiness follow the team and own values.",
            Do(staff_readiness),
        ),
        phase(
            "hold_session",
            TEAM,
            "Decide whether the session in the calendar goes ahead.",
            Do(team_session),
            Note(SESSION_HELD, when=session_held),
            Note(SESSION_CANCELLED, when=session_cancelled),
        ),
        phase("attend", STAFF, "Attend this week's training session, or not.", Do(attendance)),
        phase("learn", STAFF, "Take away what the session taught.", Do(learning, when=attended)),
        phase(
            "record_training",
            TEAM,
            "Add this week's attendance to the team's training record.",
            Sum("sums", no_training, add_trained, "members"),
            Do(training_record),
        ),
        phase(
            "hear_colleagues",
            STAFF,
            "Let values move towards those of colleagues asked for advice and of the leader.",
            Sum("peers", no_peers, add_peer, "ties"),
            Do(pending_values),
        ),
        phase(
            "settle_values",
            STAFF,
            "Take over the values that this week's influence left.",
            Do(commit_values),
        ),
        phase(
            "retain",
            STAFF,
            "Forget a little, except for what support and practice keep alive.",
            Do(retention),
        ),
        phase("intend", STAFF, "Form the intent to use each working practice.", Do(intent)),
        phase(
            "act",
            STAFF,
            "Turn intent into behaviour, as far as competing priorities leave room.",
            Let("readiness", effective_readiness),
            Do(behaviour),
        ),
        phase(
            "meet_worker",
            USER,
            "Meet the key worker, or miss them.",
            Act(meet_or_miss),
            Note(GOAL_REACHED, rises="goals_reached"),
        ),
        phase("recover", USER, "Let recovery, health and quality of life move.", Do(recovery)),
        phase(
            "move_on",
            USER,
            "Change stage, leave the service or the research, or get another key worker.",
            Act(move_on),
        ),
    )
)


def rules_of(phases: Sequence[Phase]) -> list[Rule]:
    """Return the functions that phases name, in their order."""
    return [one for each in phases for step in each.steps for one in step if callable(one)]
