"""What is written down of a world of the compiled week: team-weeks and assessments."""

from __future__ import annotations

from sim.engines.rules import compile_rule, store
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
                if knows(user, worker) == 1 and worker.sessions_attended > 0:
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
