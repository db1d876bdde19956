"""The rules, compiled: the week of `sim.engines.mesa_model`, run over arrays.

Importing this module loads numba and registers every rule of `sim.elementary`, `sim.streams`,
`sim.mechanisms` and `sim.measures` as callable from compiled code. The rules themselves stay plain
Python. Nothing here computes anything of its own: the loops fetch records, call rules, and store
what they return.

The order of phases is that of `RecoveryModel.step`; `tests/test_parity.py` holds the two together
bit for bit.
"""

from __future__ import annotations

import collections
import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload, register_jitable

import sim.measures
import sim.mechanisms
from sim.engines import code_cache
from sim.events import (
    EVENT_FIELDS,
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
from sim.measures.implementation import (
    TeamWeek,
    add_staff,
    add_user,
    no_staff_totals,
    no_user_totals,
    team_week,
)
from sim.measures.qpr import QPR15_MAXIMUM, qpr_scores
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.staff import StaffRow, staff_row
from sim.measures.user import UserScores, user_scores
from sim.mechanisms.flow import (
    JUST_LEFT,
    NEW_PERSON_IN_POST,
    NEW_REFERRAL,
    NEW_WORKER,
    carried_record,
    donor_order,
    employment,
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
    PeerSum,
    add_member,
    add_peer,
    commit_values,
    no_sums,
    partnership_project,
    pending_values,
    team_climate,
)
from sim.mechanisms.practice import behaviour, intent, retention
from sim.mechanisms.readiness import (
    effective_readiness,
    staff_readiness,
    team_readiness,
    to_fixed_point,
    trust_readiness,
)
from sim.mechanisms.recovery import recovery, recovery_mean, stage_after_week
from sim.mechanisms.relationship import contact, no_contact
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
    curriculum,
    induction,
    learning,
    no_training,
    team_session,
    training_record,
)
from sim.parameters import registry
from sim.state import ACTION, SERVICE_USER, STAFF, TEAM, TRUST, record_fields
from sim.streams import STAFF_EMPLOYMENT, STAFF_MOVE, category, uniforms

CACHE_FOLDER = code_cache.prepare()
compile_rule = code_cache.compiler(CACHE_FOLDER)

TRUST_DTYPE = np.dtype(record_fields(TRUST))
TEAM_DTYPE = np.dtype(record_fields(TEAM))
STAFF_DTYPE = np.dtype(record_fields(STAFF))
USER_DTYPE = np.dtype(record_fields(SERVICE_USER))
TEAM_WEEK_DTYPE = np.dtype([(name, "f8") for name in TeamWeek._fields])
EVENT_DTYPE = np.dtype([(name, "i8") for name in EVENT_FIELDS])
STAFF_ROW_DTYPE = np.dtype([(name, "f8") for name in StaffRow._fields])
SCORES_DTYPE = np.dtype([(name, "f8") for name in UserScores._fields])


def rule_modules() -> list[Any]:
    """Return the modules whose functions are rules."""
    modules = [importlib.import_module(f"sim.{name}") for name in ("elementary", "streams")]
    for package in (sim.mechanisms, sim.measures):
        for info in pkgutil.iter_modules(package.__path__):
            modules.append(importlib.import_module(f"{package.__name__}.{info.name}"))
    return modules


def register_rules() -> int:
    """Make every function of the rule modules callable from compiled code; return how many."""
    count = 0
    for module in rule_modules():
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                # Inlined, a rule's result stays in registers: a third less time for a staff-week.
                register_jitable(forceinline=True)(function)
                count += 1
    return count


def store(record: Any, result: Any) -> None:
    """Store the fields of a named tuple in a record of an array."""
    for name, value in zip(result._fields, result, strict=True):
        record[name] = value


@overload(store)
def _compiled_store(record, result):
    if not isinstance(record, types.Record) or not isinstance(result, types.BaseNamedTuple):
        return None
    lines = ["def stored(record, result):"]
    lines += [f"    record.{name} = result.{name}" for name in result.fields]
    scope: dict[str, Any] = {}
    # numba needs source code here; the names are fields of our own tuples.
    exec("\n".join(lines), scope)
    return scope["stored"]


register_rules()


def names_read(rules: Iterable[Any], known: Iterable[str]) -> tuple[str, ...]:
    """Return those of the known names that rules, or the rules they call, read as attributes."""
    todo, seen, names = list(rules), set(), set()
    while todo:
        rule = todo.pop()
        if rule in seen:
            continue
        seen.add(rule)
        names.update(rule.__code__.co_names)
        for name in rule.__code__.co_names:
            called = rule.__globals__.get(name)
            if inspect.isfunction(called) and called.__module__.startswith("sim."):
                todo.append(called)
    return tuple(name for name in known if name in names)


def snapshot(label: str, known: Iterable[str], *rules: Any) -> Any:
    """Return a function that reads what some rules read from a record into a named tuple.

    Storing in one record might change any other, as far as the compiler can tell, so that it works
    out everything anew for each agent. The numbers of a named tuple cannot change: what is the same
    for all agents of a team is worked out once.
    """
    names = names_read(rules, known)
    values = collections.namedtuple(label, names)  # type: ignore[misc]
    fields = ", ".join(f"record.{name}" for name in names)
    scope: dict[str, Any] = {label: values}
    exec(f"def read(record):\n    return {label}({fields})", scope)
    return register_jitable(forceinline=True)(scope["read"])


def snapshots(label: str, *rules: Any) -> tuple[Any, Any, Any, Any]:
    """Return snapshots of parameters, action, team and trust for some rules."""
    return (
        snapshot(f"{label}Parameters", registry(), *rules),
        snapshot(f"{label}Action", [one.name for one in ACTION], *rules),
        snapshot(f"{label}Team", [one.name for one in TEAM], *rules),
        snapshot(f"{label}Trust", [one.name for one in TRUST], *rules),
    )


flow_parameters, flow_action, flow_team, _ = snapshots("Flow", employment)
learning_parameters, learning_action, learning_team, learning_trust = snapshots(
    "Learning", staff_readiness, attendance, learning, add_trained
)
influence_parameters, influence_action, influence_team, _ = snapshots("Influence", pending_values)
practice_parameters, practice_action, practice_team, practice_trust = snapshots(
    "Practice", retention, intent, effective_readiness, behaviour
)
user_parameters, user_action, user_team, _ = snapshots(
    "User", contact, no_contact, recovery, service_flow, stage_after_week, service_outcome
)


@compile_rule
def note(events, count, week, team, kind, place, generation):
    """Add one event when events are wanted and there is room; `count[0]` counts them all."""
    if count[0] < events.shape[0]:
        event = events[count[0]]
        event.week = week
        event.team = team
        event.kind = kind
        event.place = place
        event.generation = generation
    count[0] += 1


@compile_rule
def begin_user(user, staff, team, row, place, sampled, action, p, seed, replication):
    """Begin a service user in a place (fields of `place`, `generation` are set)."""
    key = (seed, replication, team.key_low, team.key_high, place, user.generation)
    user.worker = team.first_coordinator + place % team.coordinator_posts
    worker = staff[row.staff_start + user.worker]
    user.worker_generation = worker.generation
    store(user, user_start(worker, team, row.share_black, sampled, p, key))
    store(user, user_experience(user, worker, team, p))
    store(user, user_recovery(user, team, action, p, key))


@compile_rule
def other_team(key, own, trust, teams, week):
    """Return the index of the team of a trust that a key ranks first; -1 for none."""
    best = -1
    lowest = 2.0
    for index in range(teams.shape[0]):
        if index != own and teams[index].trust == trust:
            rank = donor_order(key, teams[index].key_low, teams[index].key_high, week)
            if rank < lowest:
                best = index
                lowest = rank
    return best


@compile_rule
def take_stock(team, row, staff, action, p):
    """Count who is there and let norms and the partnership project move."""
    sums = no_sums()
    for place in range(row.staff):
        sums = add_member(sums, staff[row.staff_start + place])
    store(team, team_climate(team, sums, staff[row.staff_start], action, p))
    store(team, partnership_project(team, action, p))


@compile_rule
def select_teams(teams, mode, value, reliability, p, seed, replication):
    """Keep the programme only in teams whose measured readiness qualifies."""
    if mode == 0:
        return
    count = teams.shape[0]
    scores = np.empty(count)
    candidates = 0
    for index in range(count):
        scores[index] = -1.0
        team = teams[index]
        if team.programme > 0:
            key = (seed, replication, team.key_low, team.key_high, 0, 0)
            scores[index] = measured_readiness(team.readiness, reliability, p, key)
            candidates += 1
    places = int(value * candidates + 0.5)
    for index in range(count):
        team = teams[index]
        if scores[index] >= 0.0:
            if mode == 1:
                chosen = scores[index] >= value
            else:
                higher = 0
                for other in range(count):
                    if scores[other] > scores[index]:
                        higher += 1
                chosen = higher < places
            if not chosen:
                team.programme = 0
                team.start_week = -1


@compile_rule
def start_score(team, row, users, reliability, p, seed, replication):
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


@compile_rule
def order_teams(teams, users, team_rows, reliability, p, seed, replication):
    """Deal the start weeks of the layout out to the teams that take part, in their order."""
    count = teams.shape[0]
    starts = np.empty(count, np.int64)
    scores = np.empty(count)
    slots = 0
    taking_part = 0
    for index in range(count):
        row = team_rows[index]
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
    for index in range(count):
        if team_rows[index].order != START_FIXED and teams[index].programme > 0:
            rank = 0
            for other in range(count):
                if team_rows[other].order != START_FIXED and teams[other].programme > 0:
                    tied = scores[other] == scores[index]
                    if scores[other] < scores[index] or (tied and other < index):
                        rank += 1
            teams[index].start_week = starts[slot_of(rank, taking_part, slots)]


@compile_rule
def begin_world(
    trusts,
    teams,
    staff,
    users,
    trust_rows,
    team_rows,
    actions,
    mode,
    value,
    reliability,
    p,
    seed,
    replication,
):
    """Fill the state arrays with the people of one world at week 0."""
    usual = actions[0, 0]
    for index in range(trusts.shape[0]):
        trust = trusts[index]
        trust.key_low = trust_rows[index].key_low
        trust.key_high = trust_rows[index].key_high
        store(
            trust,
            trust_start(p, (seed, replication, trust.key_low, trust.key_high, 0, 0)),
        )
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        trust = trusts[row.trust]
        team.key_low = row.key_low
        team.key_high = row.key_high
        team.trust = row.trust
        team.team_type = row.team_type
        team.programme = row.programme
        team.start_week = row.start_week
        team.caseload_total = row.caseload_total
        team.coordinator_posts = row.coordinators
        team.first_coordinator = row.first_coordinator
        team.turnover_multiplier = row.turnover_multiplier
        team.norms = 0.0
        team.values_shift = 0.0
        team.behaviour_shift = 0.0
        team.behaviour_mean = 0.0
        team.leader_values_shift = 0.0
        team.staff_present = 0
        team.coordinators_present = 0
        team.session_held = 0
        team.partnership = 0.0
        team.sessions_offered = 0
        team.sessions_attended = 0
        team.engagement_sum = 0.0
        team.leaver_known = 0
        team.leaver_values_shift = 0.0
        team.leaver_knowledge = 0.0
        team.leaver_skill_coaching = 0.0
        team.leaver_skill_values = 0.0
        team.leaver_skill_strengths = 0.0
        team.leaver_skill_goals = 0.0
        team.leaver_sessions = 0
        store(
            team,
            team_start(
                row.readiness_given,
                row.reflects_given,
                trust.readiness_usual - p.trust_readiness_mean,
                type_deviation(p, (seed, replication, row.type_low, row.type_high, 0, 0)),
                p,
                (seed, replication, team.key_low, team.key_high, 0, 0),
            ),
        )
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        first = row.first_coordinator
        for place in range(row.staff):
            person = staff[row.staff_start + place]
            key = (seed, replication, team.key_low, team.key_high, place, 0)
            person.place = place
            person.generation = 0
            person.leader = 1 if place == 0 else 0
            person.coordinator = 1 if first <= place < first + row.coordinators else 0
            person.sick = 0
            u_present, _, _, _ = uniforms(key, STAFF_EMPLOYMENT, 0)
            person.present = present_at_start(u_present, p)
            store(person, staff_start(person.leader, team, trusts[row.trust], p, key))
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        for place in range(row.staff):
            person = staff[row.staff_start + place]
            key = (seed, replication, team.key_low, team.key_high, place, 0)
            store(person, staff_ties(place, row.staff, p, key))
            person.cross_team = -1
            person.cross_place = -1
            has_tie, u_place = has_cross_tie(key, p)
            if has_tie == 1:
                other = other_team(key, index, row.trust, teams, 0)
                if other >= 0:
                    person.cross_team = other
                    person.cross_place = category(u_place, team_rows[other].staff)
        take_stock(team, row, staff, usual, p)
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        for place in range(row.users):
            user = users[row.user_start + place]
            user.place = place
            user.generation = 0
            user.arrival_week = 0
            sampled = 1 if place < row.sampled else 0
            user.sampled = sampled
            begin_user(user, staff, team, row, place, sampled, usual, p, seed, replication)
    select_teams(teams, mode, value, reliability, p, seed, replication)
    order_teams(teams, users, team_rows, reliability, p, seed, replication)


@compile_rule
def programme_week(team, weeks, week):
    """Return the row and column of the calendar that a team follows in a week."""
    since = week - 1 - team.start_week
    if team.start_week < 0 or since < 0 or since >= weeks:
        return 0, 0
    return team.programme, since


@compile_rule
def team_before_influence(
    index, trusts, teams, staff, team_rows, actions, p, seed, replication, week, events, count
):
    """Run a team's week from its calendar to what members learn."""
    team = teams[index]
    row = team_rows[index]
    trust = trusts[team.trust]
    r, c = programme_week(team, actions.shape[1], week)
    action = actions[r, c]
    take_stock(team, row, staff, action, p)
    store(team, team_readiness(team, trust, action, p))
    fixed, done = learning_parameters(p), learning_action(action)
    team_now, trust_now = learning_team(team), learning_trust(trust)
    for place in range(row.staff):
        person = staff[row.staff_start + place]
        store(person, staff_readiness(person, team_now, done, fixed))
    team_key = (seed, replication, team.key_low, team.key_high, 0, 0)
    store(team, team_session(team, trust, action, p, team_key, week))
    if team.session_held == 1:
        note(events, count, week, index, SESSION_HELD, -1, -1)
    elif curriculum(action) > 0.0:
        note(events, count, week, index, SESSION_CANCELLED, -1, -1)
    sums = no_training()
    team_now = learning_team(team)
    for place in range(row.staff):
        person = staff[row.staff_start + place]
        key = (seed, replication, team.key_low, team.key_high, place, person.generation)
        store(person, attendance(person, team_now, trust_now, done, fixed, key, week))
        # Who did not attend keeps what they had.
        if person.attended == 1:
            store(person, learning(person, done, fixed, key, week))
        sums = add_trained(sums, person, done, fixed)
    store(team, training_record(team, sums))


@compile_rule
def team_come_and_go(
    index, trusts, teams, staff, team_rows, actions, p, seed, replication, week, events, count
):
    """Let a team's staff leave and arrive."""
    team = teams[index]
    row = team_rows[index]
    trust = trusts[team.trust]
    r, c = programme_week(team, actions.shape[1], week)
    action = actions[r, c]
    fixed, done, team_now = flow_parameters(p), flow_action(action), flow_team(team)
    for place in range(row.staff):
        person = staff[row.staff_start + place]
        generation = person.generation
        key = (seed, replication, team.key_low, team.key_high, place, generation)
        store(person, employment(person, team_now, done, fixed, key, week))
        if person.present == 0 and person.weeks_in_post == JUST_LEFT:
            note(events, count, week, index, STAFF_LEFT, place, generation)
        if person.generation != generation:
            key = (seed, replication, team.key_low, team.key_high, place, person.generation)
            store(person, staff_start(person.leader, team, trust, p, key))
            person.weeks_in_post = 0
            u_moves, _, _, _ = uniforms(key, STAFF_MOVE, week)
            if moves_within_trust(u_moves, p) == 1:
                donor = other_team(key, index, team.trust, teams, week)
                if donor >= 0 and teams[donor].leaver_known == 1:
                    store(person, carried_record(person, teams[donor]))
            if action.induction > 0.0:
                store(person, induction(person, action, p))
            kind = STAFF_MOVED_IN if person.moved == 1 else STAFF_ARRIVED
            note(events, count, week, index, kind, place, person.generation)


@compile_rule
def team_hear_colleagues(index, teams, staff, team_rows, actions, p, week):
    """Work out what influence does to the values of a team's members."""
    team = teams[index]
    row = team_rows[index]
    r, c = programme_week(team, actions.shape[1], week)
    action = actions[r, c]
    fixed, done = influence_parameters(p), influence_action(action)
    team_now = influence_team(team)
    for place in range(row.staff):
        person = staff[row.staff_start + place]
        peers = PeerSum(0.0, 0)
        if person.tie_0 >= 0:
            peers = add_peer(peers, staff[row.staff_start + person.tie_0])
        if person.tie_1 >= 0:
            peers = add_peer(peers, staff[row.staff_start + person.tie_1])
        if person.tie_2 >= 0:
            peers = add_peer(peers, staff[row.staff_start + person.tie_2])
        if person.cross_team >= 0:
            other = team_rows[person.cross_team].staff_start + person.cross_place
            peers = add_peer(peers, staff[other])
        store(person, pending_values(person, team_now, peers, done, fixed))


@compile_rule
def team_practise(index, trusts, teams, staff, team_rows, actions, p, week):
    """Commit values; let members retain, intend and act."""
    team = teams[index]
    row = team_rows[index]
    trust = trusts[team.trust]
    r, c = programme_week(team, actions.shape[1], week)
    action = actions[r, c]
    fixed, done = practice_parameters(p), practice_action(action)
    team_now, trust_now = practice_team(team), practice_trust(trust)
    for place in range(row.staff):
        person = staff[row.staff_start + place]
        store(person, commit_values(person))
        store(person, retention(person, team_now, done, fixed))
        store(person, intent(person, team_now, fixed))
        ready = effective_readiness(trust_now, team_now, person, fixed)
        store(person, behaviour(person, team_now, trust_now, done, ready, fixed))


@compile_rule
def team_users(
    index, teams, staff, users, team_rows, actions, p, seed, replication, week, events, count
):
    """Run the week of a team's service users."""
    team = teams[index]
    row = team_rows[index]
    r, c = programme_week(team, actions.shape[1], week)
    action = actions[r, c]
    fixed, done, team_now = user_parameters(p), user_action(action), user_team(team)
    for place in range(row.users):
        user = users[row.user_start + place]
        key = (seed, replication, team.key_low, team.key_high, place, user.generation)
        present = 0
        generation = 0
        reached = user.goals_reached
        met = False
        if user.worker >= 0:
            worker = staff[row.staff_start + user.worker]
            present = worker.present
            generation = worker.generation
            if present == 1 and generation == user.worker_generation and worker.sick == 0:
                met = True
                store(user, contact(user, worker, team_now, done, fixed, key, week))
        if not met:
            store(user, no_contact(user, done, fixed))
        if user.goals_reached > reached:
            note(events, count, week, index, GOAL_REACHED, place, user.generation)
        store(user, recovery(user, team_now, done, fixed, key, week))
        draw = service_flow(
            user,
            present,
            generation,
            team.coordinators_present,
            recovery_mean(user),
            fixed,
            key,
            week,
        )
        if draw.change == NEW_REFERRAL:
            user.generation += 1
            user.arrival_week = week
            begin_user(user, staff, team, row, place, user.sampled, action, p, seed, replication)
            note(events, count, week, index, USER_REFERRED, place, user.generation)
        else:
            was_in_service = user.in_service
            was_in_research = user.in_research
            changes = user.worker_changes
            chosen = user.worker
            known = user.worker_generation
            if draw.change == NEW_PERSON_IN_POST:
                known = generation
            elif draw.change == NEW_WORKER:
                seen = 0
                for other in range(row.staff):
                    post = staff[row.staff_start + other]
                    if post.coordinator == 1 and post.present == 1:
                        if seen == draw.choice:
                            chosen = other
                            known = post.generation
                        seen += 1
            store(user, stage_after_week(user, draw.stage_uniform, fixed))
            store(user, service_outcome(user, draw, chosen, known, fixed, key, week))
            if user.in_service < was_in_service:
                note(events, count, week, index, USER_DISCHARGED, place, user.generation)
            if user.in_research < was_in_research:
                note(events, count, week, index, LOST_TO_RESEARCH, place, user.generation)
            if user.worker_changes > changes:
                note(events, count, week, index, WORKER_CHANGED, place, user.generation)


@compile_rule
def run_week(
    trusts,
    teams,
    staff,
    users,
    trust_rows,
    team_rows,
    actions,
    p,
    seed,
    replication,
    week,
    events,
    count,
):
    """Run one week of one world."""
    for index in range(trusts.shape[0]):
        total = 0
        for t in range(teams.shape[0]):
            if teams[t].trust == index:
                r, c = programme_week(teams[t], actions.shape[1], week)
                total += to_fixed_point(actions[r, c].organisation)
        store(trusts[index], trust_readiness(trusts[index], total, trust_rows[index].teams, p))
    number = teams.shape[0]
    for index in range(number):
        team_come_and_go(
            index,
            trusts,
            teams,
            staff,
            team_rows,
            actions,
            p,
            seed,
            replication,
            week,
            events,
            count,
        )
    for index in range(number):
        row = team_rows[index]
        for place in range(row.staff):
            person = staff[row.staff_start + place]
            if person.present == 0 and person.weeks_in_post == JUST_LEFT:
                store(teams[index], leaver_record(person))
        team_before_influence(
            index,
            trusts,
            teams,
            staff,
            team_rows,
            actions,
            p,
            seed,
            replication,
            week,
            events,
            count,
        )
    for index in range(number):
        team_hear_colleagues(index, teams, staff, team_rows, actions, p, week)
    for index in range(number):
        team_practise(index, trusts, teams, staff, team_rows, actions, p, week)
        team_users(
            index,
            teams,
            staff,
            users,
            team_rows,
            actions,
            p,
            seed,
            replication,
            week,
            events,
            count,
        )


@compile_rule
def observe_team_weeks(trusts, teams, staff, users, team_rows, p, out):
    """Write every team's row of the team-week table."""
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        staff_totals = no_staff_totals()
        for place in range(row.staff):
            staff_totals = add_staff(staff_totals, staff[row.staff_start + place], p)
        user_totals = no_user_totals()
        for place in range(row.users):
            user = users[row.user_start + place]
            trained = 0
            if user.worker >= 0:
                worker = staff[row.staff_start + user.worker]
                if (
                    worker.present == 1
                    and worker.generation == user.worker_generation
                    and worker.sessions_attended > 0
                ):
                    trained = 1
            user_totals = add_user(user_totals, user, trained)
        store(out[index], team_week(team, trusts[team.trust], staff_totals, user_totals))


@compile_rule
def assess_users(teams, staff, users, team_rows, p, seed, replication, week, scores, flags):
    """Write the scores of all service users, and who they are at this assessment.

    `flags` columns: in research, in service, black, key worker's place, generation, stage.
    """
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        for place in range(row.users):
            at = row.user_start + place
            user = users[at]
            bias = 0.0
            if user.worker >= 0:
                worker = staff[row.staff_start + user.worker]
                if worker.present == 1:
                    bias = staff_rater_bias(worker, p)
            key = (seed, replication, team.key_low, team.key_high, place, user.generation)
            store(scores[at], user_scores(user, bias, p, key, week))
            flags[at, 0] = user.in_research
            flags[at, 1] = user.in_service
            flags[at, 2] = user.black
            flags[at, 3] = user.worker
            flags[at, 4] = user.worker_generation
            flags[at, 5] = user.stage


@compile_rule
def assess_staff(teams, staff, team_rows, p, seed, replication, week, out):
    """Write every post's row of the staff table."""
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        for place in range(row.staff):
            person = staff[row.staff_start + place]
            key = (seed, replication, team.key_low, team.key_high, place, person.generation)
            store(out[row.staff_start + place], staff_row(person, team, p, key, week))


@compile_rule
def run_world(
    trusts,
    teams,
    staff,
    users,
    trust_rows,
    team_rows,
    actions,
    mode,
    value,
    reliability,
    p,
    seed,
    replication,
    weeks,
    assessments,
    scores,
    flags,
    every_week,
    team_weeks,
    events,
    count,
    staff_rows,
):
    """Run one world from its beginning and write assessments and team-weeks.

    Parameters
    ----------
    trusts, teams, staff, users
        State arrays to work in; what they hold is overwritten.
    trust_rows, team_rows, actions, mode, value, reliability
        The layout.
    p
        Parameter record.
    seed, replication, weeks
        Whole numbers.
    assessments
        Weeks of assessment, ascending.
    scores, flags
        Output of shape (assessments, users) and (assessments, users, 6).
    every_week
        1 to write team-weeks after every week, 0 not at all.
    team_weeks
        Output of shape (weeks + 1, teams), or (0, teams).
    events, count
        Output of events (`EVENT_DTYPE`) and their number; with no room only the number is kept.
    staff_rows
        Output of shape (assessments, posts), or (0, posts).
    """
    count[0] = 0
    begin_world(
        trusts,
        teams,
        staff,
        users,
        trust_rows,
        team_rows,
        actions,
        mode,
        value,
        reliability,
        p,
        seed,
        replication,
    )
    following = 0
    for week in range(weeks + 1):
        if week > 0:
            run_week(
                trusts,
                teams,
                staff,
                users,
                trust_rows,
                team_rows,
                actions,
                p,
                seed,
                replication,
                week,
                events,
                count,
            )
        if every_week == 1:
            observe_team_weeks(trusts, teams, staff, users, team_rows, p, team_weeks[week])
        if following < assessments.shape[0] and assessments[following] == week:
            assess_users(
                teams,
                staff,
                users,
                team_rows,
                p,
                seed,
                replication,
                week,
                scores[following],
                flags[following],
            )
            if staff_rows.shape[0] > 0:
                assess_staff(
                    teams, staff, team_rows, p, seed, replication, week, staff_rows[following]
                )
            following += 1


NUMBA_VERSION = numba.__version__
