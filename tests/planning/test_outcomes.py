"""From tables to outcomes, worked by hand on a roster of three teams that is written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.events import STAFF_ARRIVED, STAFF_MOVED_IN
from sim.inputs.roster import Roster, TeamRow
from sim.planning.outcomes import (
    GROUP_MEASURES,
    IMPLEMENTATION,
    SCORES,
    STAFF_MEASURES,
    USER_MEASURES,
    WEEKLY,
    covered_by,
    happened_in,
    outcomes_of,
    starts_within,
    weighted_means,
)
from sim.planning.resources import RESOURCES, plan_of
from sim.scenarios.library import adjusted, load_scenario

WEEKS = 2


def row(trust: str, kind: str, staff: int, caseload: int, sampled: int) -> TeamRow:
    return TeamRow(
        team=f"{trust} {kind} {caseload}",
        trust=trust,
        type=kind,
        staff=staff,
        coordinators=staff,
        caseload=caseload,
        sampled=sampled,
    )


ROSTER = Roster(
    (
        row("north", "cmht", 1, 30, 2),
        row("south", "cmht", 2, 10, 1),
        row("south", "early", 1, 99, 1),
    )
)
COVERED = covered_by(ROSTER, np.array([True, True, False]))


def test_a_user_of_the_sample_stands_for_the_books_of_the_team() -> None:
    assert COVERED.people == 40.0
    assert COVERED.user_team.tolist() == [0, 0, 1, 2]
    assert COVERED.user_weight.tolist() == [15.0, 15.0, 10.0, 0.0]
    assert COVERED.post_team.tolist() == [0, 1, 1, 2]
    assert COVERED.post_start.tolist() == [0, 1, 3]
    # Two trusts are a group each; of teams that count all have one type, which is none.
    assert COVERED.groups[2:] == ("trust: north", "trust: south")
    assert COVERED.group_teams.tolist() == [
        [True] * 3,
        [True] * 3,
        [True, False, False],
        [False, True, True],
    ]


@pytest.mark.parametrize(("trusts", "groups"), [(1, 2), (2, 4), (22, 24), (23, 2)])
def test_up_to_24_groups_are_kept(trusts: int, groups: int) -> None:
    rows = [row(f"t{one}", "cmht", 1, 10, 1) for one in range(trusts)]
    many = Roster(tuple(rows))
    assert len(covered_by(many, np.ones(trusts, bool)).groups) == groups


def test_missing_values_and_weightless_people_leave_a_mean() -> None:
    values = np.array([[1.0, np.nan], [4.0, 2.0], [9.0, np.nan]])
    found = weighted_means(values, np.array([2.0, 1.0, 0.0]))
    assert found.tolist() == [2.0, 2.0]
    assert np.isnan(weighted_means(values, np.zeros(3))).all()
    assert weighted_means(values, np.array([0.001, 0.0, 0.0]))[0] == pytest.approx(1.0)


def table(rows: int, **columns: list[float]) -> np.ndarray:
    """Return a table with these columns, and 1 in every other that outcomes look at."""
    names = dict.fromkeys(
        (
            *(*USER_MEASURES, *STAFF_MEASURES, *WEEKLY, "staff_present", "worker", "present"),
            *("black", "in_service", "sessions_attended", "sessions_offered", "replication"),
        )
    )
    found = np.ones(rows, dtype=[(one, int if one == "worker" else float) for one in names])
    for name, values in columns.items():
        found[name] = values
    return found


USERS = table(
    4,
    qpr15=[10.0, 20.0, 40.0, 99.0],
    black=[1.0, 0.0, 0.0, 1.0],
    worker=[0, -1, 1, 0],
    in_service=[1.0, 1.0, 1.0, 1.0],
)
STAFF = table(
    4,
    staff_knowledge=[50.0, 70.0, 99.0, 99.0],
    present=[1.0, 1.0, 0.0, 1.0],
    sessions_attended=[1.0, 0.0, 1.0, 1.0],
)
TEAM_WEEKS = table(
    3 * (WEEKS + 1),
    replication=[5.0] * 9,
    staff_present=[2.0, 1.0, 1.0] * 3,
    sessions_offered=[0.0, 0.0, 0.0, 2.0, 0.0, 9.0, 4.0, 1.0, 9.0],
    sessions_attended=[0.0, 0.0, 0.0, 1.0, 0.0, 9.0, 3.0, 0.0, 9.0],
    reach=[0.0, 0.0, 1.0, 0.5, 0.1, 1.0, 0.2, 0.2, 1.0],
    adoption=[0.0, 0.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.4, 1.0],
    fidelity=[0.9, 0.9, 1.0, 0.1, 0.4, 1.0, 0.3, 0.6, 1.0],
    workload=[1.0, 2.0, 9.0, 3.0, 4.0, 9.0, 5.0, 6.0, 9.0],
    recovery=[1.0, 5.0, 9.0, 2.0, 6.0, 9.0, 3.0, 7.0, 9.0],
)
TABLES = {"assessments": USERS, "staff_assessments": STAFF, "team_weeks": TEAM_WEEKS}


def plan(scenario: str = "usual-care", **changes: float) -> Any:
    found = load_scenario(scenario)
    changed = adjusted(found, {name.replace("__", "."): one for name, one in changes.items()})
    starts = np.full(3, -1 if scenario == "usual-care" else 0)
    return plan_of(changed, ROSTER, starts, WEEKS)


def outcomes(**changed: np.ndarray) -> Any:
    tables = {**TABLES, **changed}
    return outcomes_of(tables, 1, WEEKS, np.array([WEEKS]), COVERED, plan(), False)


def test_scores_are_means_over_people_on_the_books_and_over_staff_in_post() -> None:
    found = outcomes()
    # (15 x 10 + 15 x 20 + 10 x 40) / 40; the third post is empty, the fourth does not count.
    assert found.scores[0, 0, SCORES.index("qpr15")] == 21.25
    assert found.scores[0, 0, SCORES.index("staff_knowledge")] == 60.0
    assert not found.resources.any()


def test_groups_have_their_own_means_and_reach() -> None:
    found = outcomes().groups[0, 0]
    qpr, reach = GROUP_MEASURES.index("qpr15"), GROUP_MEASURES.index("reach")
    # Black: the first user alone; others 15 x 20 and 10 x 40; north the first two; south the third.
    assert found[:, qpr].tolist() == [10.0, 28.0, 15.0, 40.0]
    # Worker 0 of the first team is trained; nobody is with the second user; worker 1 of the second
    # team, who was trained, has left.
    assert found[:, reach].tolist() == [1.0, 0.0, 0.5, 0.0]
    gone = USERS.copy()
    gone["in_service"] = [0.0, 1.0, 1.0, 1.0]
    gone["worker"] = [-1, -1, 0, 0]
    left = outcomes(assessments=gone).groups[0, 0, :, reach]
    assert np.isnan(left[0])
    assert left[1:].tolist() == [0.0, 0.0, 0.0]


def test_implementation_by_hand() -> None:
    found = dict(zip(IMPLEMENTATION, outcomes().implementation[0].tolist(), strict=True))
    assert found["reach"] == pytest.approx(0.2)
    assert found["people_reached"] == pytest.approx(0.5 * 30 + 0.1 * 10)
    assert found["teams_attending"] == 0.5
    # Adoption and fidelity of two staff in the first team and one in the second.
    assert found["adoption"] == pytest.approx((2 * 1.0 + 0.4) / 3)
    assert found["attendance"] == pytest.approx(3 / 5)
    assert found["fidelity"] == pytest.approx(((2 * 0.1 + 0.4) / 3 + (2 * 0.3 + 0.6) / 3) / 2)
    assert found["fidelity_at_end"] == pytest.approx((2 * 0.3 + 0.6) / 3)
    assert found["fidelity_months"] == pytest.approx((0.1 + 0.4 + 0.3 + 0.6) * 12 / 52)


def test_attendance_is_nought_where_nothing_is_offered_and_true_where_little_is() -> None:
    for offered, share in ((0.0, 0.0), (1.0, 1.0)):
        weeks = TEAM_WEEKS.copy()
        weeks["sessions_offered"][-3:] = weeks["sessions_attended"][-3:] = [offered, 0.0, 0.0]
        found = outcomes(team_weeks=weeks)
        assert found.implementation[0, IMPLEMENTATION.index("attendance")] == share
        assert found.implementation[0, IMPLEMENTATION.index("teams_attending")] == share / 2.0


def test_weekly_means_weigh_teams_alike_or_by_their_people() -> None:
    weekly = outcomes().weekly[0]
    assert weekly[:, WEEKLY.index("workload")].tolist() == [1.5, 3.5, 5.5]
    # Three quarters of the people are on the books of the first team.
    assert weekly[:, WEEKLY.index("recovery")].tolist() == [2.0, 3.0, 4.0]


def test_nobody_present_makes_no_mean_of_staff() -> None:
    weeks = TEAM_WEEKS.copy()
    weeks["staff_present"] = 0.0
    found = outcomes(team_weeks=weeks)
    assert found.weekly[0, :, WEEKLY.index("fidelity")].tolist() == [0.0] * 3


def test_what_happened_is_told_week_by_week() -> None:
    weeks = TEAM_WEEKS.reshape(1, WEEKS + 1, 3)
    found = happened_in({}, weeks, plan())
    assert found.staff[0, 0].tolist() == [2.0, 2.0]
    assert found.attended[0, 0].tolist() == [1.0, 2.0]
    assert found.trained[0, 1].tolist() == pytest.approx([0.0, 0.4])
    assert found.uptake[0, 0].tolist() == [0.5, 0.75]
    assert np.isnan(found.uptake[0, 1, 0])
    assert found.uptake[0, 1, 1] == 0.0
    assert not found.newcomers.any()
    assert found.takes_part.tolist() == [[1.0] * 3]


def test_newcomers_who_arrive_or_move_in_are_counted_where_they_get_induction() -> None:
    events = np.zeros(4, dtype=[("kind", int), ("replication", int), ("team", int), ("week", int)])
    events["kind"] = [STAFF_ARRIVED, STAFF_MOVED_IN, STAFF_ARRIVED, -1]
    events["replication"] = 5
    events["team"], events["week"] = [0, 0, 1, 2], [2, 2, 1, 1]
    weeks = TEAM_WEEKS.reshape(1, WEEKS + 1, 3)
    for induction, counted in ((0.005, [[0, 2], [1, 0], [0, 0]]), (0.0, [[0, 0]] * 3)):
        given = plan("refocus-as-delivered", training__induction=induction)
        assert happened_in({"events": events}, weeks, given).newcomers[0].tolist() == counted


def test_teams_start_so_long_before_their_first_session_as_the_programme_says() -> None:
    """REFOCUS has its first session one week after its start; two teams have theirs in 2 and 3."""
    weeks = table(
        3 * 6, sessions_offered=[0] * 6 + [0] * 3 + [1.0, 0.0, 0.0] + [1.0, 1.0, 0.0] * 2
    ).reshape(1, 6, 3)
    given = plan_of(load_scenario("refocus-as-delivered"), ROSTER, np.zeros(3, int), 60)
    assert starts_within(weeks, given).tolist() == [[1, 2, -1]]
    untrained = plan("usual-care")
    assert starts_within(weeks, untrained).tolist() == [[-1, -1, -1]]


def test_resources_are_summed_over_teams_by_year() -> None:
    """A trainer's days of all three teams fall into the first of two years."""
    length = 60
    weeks = np.tile(TEAM_WEEKS[:3], length + 1)
    weeks["sessions_offered"] = weeks["sessions_attended"] = np.repeat(np.arange(length + 1), 3)
    given = plan_of(load_scenario("refocus-as-delivered"), ROSTER, np.array([0, 0, -1]), length)
    tables = {**TABLES, "team_weeks": weeks}
    found = outcomes_of(tables, 1, length, np.array([length]), COVERED, given, False)
    assert found.resources.shape[:2] == (1, 2)
    assert found.resources[0, :, list(RESOURCES).index("trainer_days")].tolist() == [10.0, 0.0]
