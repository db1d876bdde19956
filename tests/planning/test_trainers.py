"""The queue for trainers and budget."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.planning.trainers import Capacity, Starts, check_capacity, dearest, queue

WEEKS = 130


def loads(given: np.ndarray, need: np.ndarray) -> np.ndarray:
    """Add up trainer-days by week, written apart from the queue's own sums."""
    load = np.zeros(WEEKS)
    for start in given[given >= 0]:
        for offset, days in enumerate(need):
            if start + offset < WEEKS:
                load[start + offset] += days
    return load


@given(
    wished=st.lists(st.integers(-1, 60), min_size=1, max_size=25),
    trainers=st.integers(1, 4),
    days=st.floats(5.0, 80.0),
    budget=st.one_of(st.none(), st.floats(5.0, 60.0)),
    sessions=st.lists(st.tuples(st.integers(0, 20), st.floats(0.5, 3.0)), min_size=1, max_size=5),
)
def test_no_limit_is_ever_passed_and_nobody_starts_early(
    wished: list[int],
    trainers: int,
    days: float,
    budget: float | None,
    sessions: list[tuple[int, float]],
) -> None:
    need = np.zeros(WEEKS)
    for week, amount in sessions:
        need[week] = min(amount, 5.0 * trainers)
    cost = np.zeros((len(wished), WEEKS))
    cost[:, :30] = 0.2
    capacity = Capacity(trainers, days, budget)
    found = queue(np.array(wished), need, cost, capacity, WEEKS)
    load = loads(found.given, need)
    assert load.max() <= 5.0 * trainers + 1e-6
    spent = np.zeros(WEEKS)
    for team, start in enumerate(found.given):
        if start >= 0:
            spent[start:] += cost[team, : WEEKS - start]
    for year in range(0, WEEKS, 52):
        assert load[year : year + 52].sum() <= trainers * days + 1e-6
        if budget is not None:
            assert spent[year : year + 52].sum() <= budget + 1e-6
    started = found.given >= 0
    assert (found.given[started] >= found.wished[started]).all()
    assert (found.wished[started] >= 0).all()
    for place, reason in enumerate(found.reasons):
        assert (reason == "") == (found.given[place] == found.wished[place])


def test_teams_wait_their_turn_by_hand() -> None:
    need = np.zeros(WEEKS)
    need[0] = 5.0
    found = queue(np.zeros(3, int), need, np.zeros((3, WEEKS)), Capacity(1, 260.0), WEEKS, 1)
    assert found.given.tolist() == [0, 1, 2]
    assert found.waits.tolist() == [0.0, 1.0, 2.0]
    assert found.reasons == (
        "",
        "waits 1 weeks: trainers are busy",
        "waits 2 weeks: trainers are busy",
    )


def test_days_of_the_year_push_teams_into_the_next() -> None:
    need = np.zeros(WEEKS)
    need[0] = 5.0
    found = queue(np.zeros(3, int), need, np.zeros((3, WEEKS)), Capacity(1, 10.0), WEEKS, 1)
    assert found.given.tolist() == [0, 1, 52]


def test_who_wished_first_goes_first_whatever_the_roster_says() -> None:
    need = np.zeros(WEEKS)
    need[0] = 5.0
    found = queue(np.array([4, 3, 3]), need, np.zeros((3, WEEKS)), Capacity(1, 260.0), WEEKS, 1)
    assert found.given.tolist() == [5, 3, 4]


def test_no_budget_and_no_trainers_start_nobody() -> None:
    need = np.zeros(WEEKS)
    need[1] = 1.0
    cost = np.full((2, WEEKS), 10.0)
    poor = queue(np.zeros(2, int), need, cost, Capacity(budget_per_year=0.0), WEEKS, 1)
    alone = queue(np.zeros(2, int), need, cost, Capacity(trainers=1), WEEKS, 2)
    assert poor.given.tolist() == alone.given.tolist() == [-1, -1]
    assert "budget" in poor.reasons[0]
    assert "needs 2 trainers at once" in alone.reasons[0]


def test_without_limits_everybody_starts_as_wished() -> None:
    wished = np.array([0, -1, 17, 129, 130])
    found = queue(wished, np.ones(WEEKS), np.ones((5, WEEKS)), Capacity(), WEEKS, 9)
    assert found.given.tolist() == [0, -1, 17, 129, -1]
    assert "after the 130 weeks" in found.reasons[4]


@pytest.mark.parametrize("trainers", [1, 2, 3])
def test_a_team_that_cannot_finish_its_training_does_not_start(trainers: int) -> None:
    need = np.zeros(40)
    need[[0, 19]] = 5.0
    found = queue(np.zeros(60, int), need, np.zeros((60, 40)), Capacity(trainers, 260.0), 40, 1)
    started = found.given[found.given >= 0]
    assert started.max() + 20 <= 40
    # A start in week 19 or later meets the second session of an earlier one.
    assert sorted(started) == sorted([*range(19)] * trainers)


def test_the_budget_holds_for_the_dearest_order() -> None:
    """Whichever team gets which week, no year costs more than its budget."""
    days = np.zeros(104)
    days[0] = 1.0
    price = np.array([1.0, 2.0, 3.0, 10.0, 4.0, 5.0])
    cost = np.zeros((6, 104))
    cost[:, :60] = price[:, None] / 60.0
    capacity = Capacity(budget_per_year=13.0)
    wished = np.zeros(6, np.int64)
    fixed = queue(wished, days, cost, capacity, 104)
    found = queue(wished, days, cost, capacity, 104, any_order=True)
    assert (fixed.given == 0).sum() > (found.given == 0).sum() > 0
    weeks = found.given[found.given >= 0]
    for teams in itertools.permutations(range(6), len(weeks)):
        spent = np.zeros(104)
        for week, team in zip(weeks, teams, strict=True):
            spent[week:] += cost[team, : 104 - week]
        assert spent[:52].sum() <= 13.0 + 1e-9
        assert spent[52:].sum() <= 13.0 + 1e-9


def test_any_order_of_equal_teams_is_the_roster_s() -> None:
    days = np.zeros(104)
    days[[0, 5]] = 2.0
    cost = np.full((9, 104), 1.0)
    capacity = Capacity(trainers=1, days_per_year=12.0, budget_per_year=200.0)
    wished = np.arange(9)
    one, other = (queue(wished, days, cost, capacity, 104, any_order=way) for way in (False, True))
    assert np.array_equal(one.given, other.given)


def test_boosters_may_follow_after_the_horizon() -> None:
    days = np.zeros(104)
    days[0], days[80] = 1.0, 1.0
    cost = np.zeros((1, 104))
    asked = np.array([40])
    late = queue(asked, days, cost, Capacity(), 104)
    assert late.given[0] == 40
    busy = Capacity(trainers=1, days_per_year=1.0)
    two = np.array([40, 40])
    strict = queue(two, days, np.zeros((2, 104)), busy, 104)
    assert strict.given[1] == -1, "its booster would have to be in time"
    free = queue(two, days, np.zeros((2, 104)), busy, 104, training_weeks=1)
    assert free.given[1] == 52


def test_days_beside_the_sessions_count_in_the_year_but_wait_for_no_week() -> None:
    """Ten days a year: five of sessions a team, and two or four days beside them."""
    days = np.zeros(104)
    days[0] = 5.0
    beside = np.zeros((2, 104))
    beside[:, :52] = np.array([[2.0], [4.0]]) / 52.0
    free = np.zeros((2, 104))
    wished = np.zeros(2, np.int64)
    capacity = Capacity(trainers=1, days_per_year=10.0)
    alone = queue(wished, days, free, capacity, 104)
    assert alone.given.tolist() == [0, 1]
    both = queue(wished, days, free, capacity, 104, other_days=beside)
    assert both.given.tolist() == [0, 52]
    small = Capacity(trainers=1, days_per_year=8.0)
    listed = queue(wished, days, free, small, 104, other_days=beside)
    drawn = queue(wished, days, free, small, 104, other_days=beside, any_order=True)
    assert listed.given[0] == 0, "the first of the roster takes seven days"
    assert drawn.given[0] > 0, "in another order it would be the one that takes nine"


def test_limits_are_five_days_a_week_and_the_days_of_a_year_for_each_trainer() -> None:
    capacity = Capacity(3, 80.0)
    assert (capacity.week_limit, capacity.year_limit) == (15.0, 240.0)
    assert Capacity(2).year_limit == 200.0
    assert Capacity().week_limit == Capacity().year_limit == np.inf


def test_waits_are_weeks_and_none_for_who_never_starts() -> None:
    found = Starts(np.array([0, 4, 4, -1]), np.array([0, 9, -1, -1]), ("",) * 4)
    np.testing.assert_array_equal(found.waits, [0.0, 5.0, np.nan, np.nan])


def test_a_full_week_is_full_to_the_last_half_day() -> None:
    for days, second in ((2.5, 0), (2.6, 1)):
        found = queue(
            np.array([0, 0]), np.r_[days, np.zeros(9)], np.zeros((2, 10)), Capacity(1), 10
        )
        assert found.given.tolist() == [0, second]
    assert found.reasons == ("", "waits 1 weeks: trainers are busy")


def test_a_year_ends_after_52_weeks() -> None:
    need = np.r_[4.0, np.zeros(119)]
    for days, second in ((8.0, 1), (7.0, 52)):
        found = queue(np.array([0, 0]), need, np.zeros((2, 120)), Capacity(1, days), 120)
        assert found.given.tolist() == [0, second]
    assert found.reasons[1].endswith("busy and trainers have given their days of the year")


def test_the_budget_counts_the_cost_of_the_own_team_in_its_year() -> None:
    need = np.r_[1.0, np.zeros(119)]
    cost = np.zeros((3, 120))
    cost[:, 0] = [10.0, 20.0, 5.0]
    cost[1, 60] = 1.0
    found = queue(np.zeros(3, int), need, cost, Capacity(9, 260.0, 30.0), 120)
    assert found.given.tolist() == [0, 0, 52]
    assert found.reasons[2] == "waits 52 weeks: the year's budget is spent"
    wide = queue(np.zeros(3, int), need, cost, Capacity(9, 260.0, 35.0), 120)
    assert wide.given.tolist() == [0, 0, 0]


def test_who_cannot_start_is_told_why() -> None:
    need = np.r_[1.0, np.zeros(3)]
    late = queue(np.array([4]), need, np.zeros((1, 4)), Capacity(1), 4)
    assert late.reasons == ("was to start in week 4, after the 4 weeks looked at",)
    assert queue(np.array([3]), need, np.zeros((1, 4)), Capacity(1), 4).given.tolist() == [3]
    few = queue(np.array([0]), need, np.zeros((1, 4)), Capacity(1), 4, at_once=2)
    assert few.reasons == ("a session needs 2 trainers at once, and there are 1",)
    enough = queue(np.array([0]), need, np.zeros((1, 4)), Capacity(2), 4, at_once=2)
    assert enough.reasons == ("",)
    never = queue(np.zeros(6, int), 5.0 * need, np.zeros((6, 4)), Capacity(1), 4)
    assert never.given.tolist() == [0, 1, 2, 3, -1, -1]
    assert never.reasons[4] == "cannot be trained within the 4 weeks: trainers are busy"


def test_training_ends_with_the_last_session_unless_it_is_said() -> None:
    """Sessions in the first and the third week of a programme: five weeks hold three starts."""
    need = np.array([5.0, 0.0, 5.0, 0.0, 0.0])
    found = queue(np.zeros(4, int), need, np.zeros((4, 5)), Capacity(1), 5)
    assert found.given.tolist() == [0, 1, -1, -1]
    short = queue(np.zeros(4, int), need, np.zeros((4, 5)), Capacity(1), 5, training_weeks=1)
    assert short.given.tolist() == [0, 1, 4, -1]


def test_the_dearest_way_to_hand_out_places_by_hand() -> None:
    """Two places for three teams, two years: 3 + 5 in the first, 2 + 2 in the second."""
    first = np.array([[3.0, 0.0], [4.0, 2.0], [1.0, 0.0]])
    second = np.array([[1.0, 2.0], [5.0, 2.0], [2.0, 0.0]])
    assert dearest([first, second]).tolist() == [8.0, 4.0]
    assert dearest([np.full((3, 1), 2.0), np.full((3, 1), 5.0)]).tolist() == [7.0]


@pytest.mark.parametrize(
    ("capacity", "fault"),
    [
        (Capacity(-1), "trainers = -1"),
        (Capacity(1001), "trainers = 1001"),
        (Capacity(1, 0.0), "trainer_days_per_year = 0"),
        (Capacity(1, 260.5), "trainer_days_per_year = 260.5"),
        (Capacity(1, 1.0, -0.005), "budget_per_year"),
        (Capacity(0, 260.0, 0.0), ""),
        (Capacity(1000, 0.005, 1.0), ""),
        (Capacity(), ""),
    ],
)
def test_limits_that_make_no_sense_are_refused(capacity: Capacity, fault: str) -> None:
    if not fault:
        assert check_capacity(capacity) is capacity
        return
    with pytest.raises(InputError, match=fault):
        check_capacity(capacity)
