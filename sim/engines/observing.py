"""What is written down of a world of the compiled week: team-weeks and assessments.

Plain functions: the compiled week has them in its own code, `sim.engines.compiled` for themselves.
"""

from __future__ import annotations

from sim.engines.posts import first_post
from sim.engines.rules import post_of, store
from sim.measures.implementation import (
    add_staff,
    add_user,
    no_staff_totals,
    no_user_totals,
    team_week,
)
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.staff import staff_row
from sim.measures.user import user_scores
from sim.mechanisms.relationship import knows


def observe_team_weeks(trusts, teams, staff, users, team_rows, p, out):
    """Write every team's row of the team-week table."""
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        first = first_post(row.staff_start, index)
        staff_totals = no_staff_totals()
        for place in range(row.staff):
            staff_totals = add_staff(staff_totals, post_of(staff, first + place), p)
        user_totals = no_user_totals()
        for place in range(row.users):
            user = users[row.user_start + place]
            trained = 0
            if user.worker >= 0:
                worker = post_of(staff, first + user.worker)
                if knows(user, worker) == 1 and worker.sessions_attended > 0:
                    trained = 1
            user_totals = add_user(user_totals, user, trained)
        store(out[index], team_week(team, trusts[team.trust], staff_totals, user_totals))


def assess_users(teams, staff, users, team_rows, p, seed, replication, week, scores, flags):
    """Write the scores of all service users, and who they are at this assessment.

    `flags` columns: in research, in service, black, key worker's place, generation, stage.
    """
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        first = first_post(row.staff_start, index)
        for place in range(row.users):
            at = row.user_start + place
            user = users[at]
            bias = 0.0
            if user.worker >= 0:
                worker = post_of(staff, first + user.worker)
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


def assess_staff(teams, staff, team_rows, p, seed, replication, week, out):
    """Write every post's row of the staff table."""
    for index in range(teams.shape[0]):
        team = teams[index]
        row = team_rows[index]
        first = first_post(row.staff_start, index)
        for place in range(row.staff):
            person = post_of(staff, first + place)
            key = (seed, replication, team.key_low, team.key_high, place, person.generation)
            store(out[row.staff_start + place], staff_row(person, team, p, key, week))
