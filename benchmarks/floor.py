"""The floor: the same draws, the same transforms, the same state written, and nothing else.

No simulation that keeps these draws and this state can be faster on this machine. The loops make
the Philox blocks that the compiled week makes, turn them into uniforms and normals with the
functions of `sim.streams`, and store one of them in every state variable that the week stores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.table import Row, at_most
from benchmarks.timing import median_seconds_in_turns
from benchmarks.worlds import run, service_layout, world_of
from sim.engines import compiled
from sim.engines.one_world import OneWorld
from sim.mechanisms.flow import Employment, ServiceFlow
from sim.mechanisms.influence import CommittedValues, PendingValues
from sim.mechanisms.practice import Behaviour, Intent, Retention
from sim.mechanisms.readiness import StaffReadiness
from sim.mechanisms.recovery import Recovery, Stage
from sim.mechanisms.relationship import Contact
from sim.mechanisms.training import Attendance, Learning
from sim.streams import (
    STAFF_ATTENDANCE,
    STAFF_EMPLOYMENT,
    STAFF_LEARNING,
    USER_CONTACT,
    USER_FLOW,
    USER_HEALTH,
    USER_PRACTICES,
    USER_PROCESSES,
    normals,
    to_normal,
    uniforms,
)

WEEKS = 52
# What a staff-week writes, pass by pass: nobody may act on what another does in the same phase, so
# that the week goes over all staff four times.
COME_AND_GO = (Employment,)
TRAIN = (StaffReadiness, Attendance)
LEARN = (Learning,)
HEAR = (PendingValues,)
PRACTISE = (CommittedValues, Retention, Intent, Behaviour)
USER_WEEK = (Contact, Recovery, Stage, ServiceFlow)
WHOLE = {
    name
    for dtype in (compiled.STAFF_DTYPE, compiled.USER_DTYPE)
    for name in dtype.names or ()
    if dtype[name].kind == "i"
}


def writer(stores: Sequence[type], draws: int) -> object:
    """Return a compiled function that stores draws in every field that the rules return."""
    names = ", ".join(f"z{lane}" for lane in range(draws))
    lines = [f"def write(record, whole, {names}):"]
    at = 0
    for result in stores:
        for field in result._fields:  # type: ignore[attr-defined]
            if field in WHOLE:
                lines.append(f"    record.{field} = whole")
            else:
                lines.append(f"    record.{field} = z{at % draws}")
                at += 1
    scope: dict[str, object] = {}
    exec("\n".join(lines), scope)
    return compiled.numba.njit(nogil=True)(scope["write"])


write_come_and_go = writer(COME_AND_GO, 2)
write_train = writer(TRAIN, 2)
write_learn = writer(LEARN, 2)
write_hear = writer(HEAR, 2)
write_practise = writer(PRACTISE, 2)
write_user = writer(USER_WEEK, 12)


@compiled.numba.njit(nogil=True)
def staff_floor(staff, teams, rows, actions, seed, replication, weeks):
    """Make the draws of all staff-weeks and write what a staff-week writes."""
    for week in range(1, weeks + 1):
        action = actions[1, week - 1]
        session = action.prt_session + action.coaching_session + action.booster > 0.0
        for index in range(teams.shape[0]):
            row = rows[index]
            for place in range(row.staff):
                person = staff[row.staff_start + place]
                key = (seed, replication, row.key_low, row.key_high, place, person.place)
                u, v, _, _ = uniforms(key, STAFF_EMPLOYMENT, week)
                write_come_and_go(person, place, u, v)
        for index in range(teams.shape[0]):
            row = rows[index]
            for place in range(row.staff):
                person = staff[row.staff_start + place]
                u, v = 0.25, 0.5
                if session:
                    key = (seed, replication, row.key_low, row.key_high, place, person.place)
                    u, _, _, _ = uniforms(key, STAFF_ATTENDANCE, week)
                    v, _, _, _ = uniforms(key, STAFF_LEARNING, week)
                    v = to_normal(v)
                    write_learn(person, place, u, v)
                write_train(person, place, u, v)
        for index in range(teams.shape[0]):
            row = rows[index]
            for place in range(row.staff):
                write_hear(staff[row.staff_start + place], place, 0.25, 0.5)
        for index in range(teams.shape[0]):
            row = rows[index]
            for place in range(row.staff):
                write_practise(staff[row.staff_start + place], place, 0.25, 0.5)


@compiled.numba.njit(nogil=True)
def user_floor(users, rows, chances, seed, replication, weeks):
    """Make the draws of all user-weeks and write what a user-week writes."""
    for week in range(1, weeks + 1):
        for index in range(rows.shape[0]):
            row = rows[index]
            for place in range(row.users):
                at = row.user_start + place
                user = users[at]
                key = (seed, replication, row.key_low, row.key_high, place, 0)
                u0, u1, u2, u3 = 0.0, 0.0, 0.0, 0.0
                chance = chances[at]
                if chance > 0.0:
                    u0, u1, u2, u3 = uniforms(key, USER_CONTACT, week)
                    if u0 < chance or u1 < chance:
                        u0, u1, u2, u3 = uniforms(key, USER_PRACTICES, week)
                z0, z1, z2, z3 = normals(key, USER_PROCESSES, week)
                z4, z5, z6, z7 = normals(key, USER_HEALTH, week)
                f0, f1, f2, f3 = uniforms(key, USER_FLOW, week)
                f0 = f0 + f1 + f2 + f3
                u0 = u0 + f0
                write_user(user, place, u0, u1, u2, u3, z0, z1, z2, z3, z4, z5, z6, z7)


def contact_chances(world: OneWorld) -> np.ndarray:
    """Return the chance of a contact in each half of a week as the world stands; 0 without one."""
    layout = world.layout
    team = np.repeat(np.arange(len(layout.teams)), layout.teams["users"])
    worker = world.users["worker"]
    post = compiled.read_posts(world.posts, layout)[
        layout.teams["staff_start"][team] + np.maximum(worker, 0)
    ]
    met = (worker >= 0) & (post["present"] == 1) & (post["sick"] == 0)
    chance = 0.5 * world.users["contact_rate"] / world.teams["workload"][team]
    return np.where(met, np.clip(chance, 0.0, 1.0), 0.0)


def measure(quick: bool) -> list[Row]:
    """Return how many times the floor a staff-week and a user-week take."""
    teams, rounds = (20, 5) if quick else (60, 15)
    without = world_of(service_layout(teams, 0, WEEKS))
    full = world_of(service_layout(teams, 275, WEEKS))
    run(full, WEEKS // 2)
    chances = contact_chances(full)
    layout = full.layout
    spare = world_of(layout)
    staff = np.zeros(layout.staff, compiled.STAFF_DTYPE)

    taken = median_seconds_in_turns(
        {
            "staff floor": lambda: staff_floor(
                staff, spare.teams, layout.teams, layout.actions, 1, 0, WEEKS
            ),
            "staff": lambda: run(without, WEEKS),
            "begin staff": lambda: run(without, 0),
            "user floor": lambda: user_floor(spare.users, layout.teams, chances, 1, 0, WEEKS),
            "all": lambda: run(full, WEEKS),
            "begin all": lambda: run(full, 0),
        },
        rounds,
    )
    alone = taken["staff"] - taken["begin staff"]
    users = taken["all"] - taken["begin all"] - alone
    staff_weeks, user_weeks = layout.staff * WEEKS, layout.users * WEEKS
    return [
        row("Staff-week over its floor", alone, taken["staff floor"], staff_weeks),
        row("User-week over its floor", users, taken["user floor"], user_weeks),
    ]


def row(what: str, seconds: float, floor: float, weeks: int) -> Row:
    """Return the row that compares with a floor."""
    nanoseconds = 1e9 / weeks
    return at_most(
        what,
        seconds / floor,
        3.0,
        f"{nanoseconds * seconds:.0f} ns against {nanoseconds * floor:.0f} ns on one core",
    )
