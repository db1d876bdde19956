"""The parts of the test of a mediator, worked by hand or beside least squares."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import stats

from sim.trials.analyses.mediation_test import mediation_test, sobel_p, team_means, within_teams


@pytest.mark.parametrize("unit", [1e-3, 1.0])
def test_sobels_error_is_first_order(unit: float) -> None:
    z = 6.0 / np.sqrt(2.0**2 * 0.5**2 + 3.0**2 * 1.5**2)
    found = sobel_p(2.0 * unit, 1.5 * unit, -3.0 * unit, 0.5 * unit)
    assert found == pytest.approx(2.0 * stats.norm.sf(z))
    assert isnan(sobel_p(0.0, 1.0, 0.0, 1.0))


def test_people_get_the_mean_of_their_team() -> None:
    found = team_means(np.array([0, 0, 2]), np.array([1.0, 4.0, 7.0]), np.array([2, 0, 1, 3]))
    assert found[:2].tolist() == [7.0, 2.5]
    assert np.isnan(found[2:]).all()


TEAM = np.repeat([3, 5, 8], [4, 5, 6])
WORKER = np.repeat([1, 2, 4, 5, 6, 9, 11], [2, 2, 1, 2, 2, 3, 3])
OF_WORKER = {1: 0.2, 2: 0.9, 4: 0.5, 5: 0.1, 6: 0.7, 9: 0.3, 11: 0.8}
OWN = np.array([OF_WORKER[one] for one in WORKER])
BASELINE = np.cos(np.arange(15.0))
OUTCOME = 3.0 * OWN + np.sin(2.0 * np.arange(15.0)) + TEAM


@pytest.mark.parametrize("baseline", [None, BASELINE])
@pytest.mark.parametrize("unit", [1e-3, 1.0])
def test_workers_within_teams_are_least_squares_of_their_means(
    baseline: np.ndarray | None, unit: float
) -> None:
    workers = list(OF_WORKER)
    at = [one == WORKER for one in workers]
    columns = [[OWN[one].mean() for one in at]]
    columns += [] if baseline is None else [[baseline[one].mean() for one in at]]
    columns += [[float((TEAM[one] == team).all()) for one in at] for team in (3, 5, 8)]
    x, y = np.array(columns).T, np.array([OUTCOME[one].mean() for one in at])
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    df = 7 - x.shape[1]
    se = np.sqrt(np.sum((y - x @ beta) ** 2) / df * np.linalg.inv(x.T @ x)[0, 0])
    slope, p = within_teams(TEAM, WORKER, unit * OWN, unit * OUTCOME, baseline)
    assert slope == pytest.approx(beta[0])
    assert p == pytest.approx(2.0 * stats.t.sf(abs(beta[0]) / se, df))


def test_workers_within_teams_need_a_degree_of_freedom_and_a_spread() -> None:
    team, worker = np.array([0, 0, 0]), np.array([0, 1, 2])
    y = np.array([1.0, 3.0, 2.0])
    slope, p = within_teams(team, worker, np.array([0.0, 1.0, 3.0]), y, None)
    assert slope == pytest.approx(stats.linregress([0.0, 1.0, 3.0], y).slope)
    assert p == pytest.approx(stats.linregress([0.0, 1.0, 3.0], y).pvalue)
    assert isnan(within_teams(team[:2], worker[:2], np.array([0.0, 1.0]), y[:2], None)[0])
    assert isnan(within_teams(team, worker, np.zeros(3), y, None)[0])


def test_balanced_staff_are_students_test_of_team_means() -> None:
    """And people without an outcome, or of a team in which nobody was measured, are left out."""
    teams = np.arange(8)
    staff = np.repeat(teams, 3)
    mediator = np.sin(3.0 * np.repeat(teams, 3)) + 0.1 * np.cos(7.0 * np.arange(24.0))
    team = np.repeat(teams, 6)
    worker = np.repeat(np.arange(24), 2)
    own = mediator[worker]
    outcome = np.sin(1.7 * np.arange(48.0)) + np.cos(5.0 * team) + own
    baseline = np.cos(2.3 * np.arange(48.0))
    found = mediation_test(
        staff, staff % 2, mediator, team, team % 2, worker, own, outcome, baseline
    )
    means = mediator.reshape(8, 3).mean(axis=1)
    student = stats.ttest_ind(means[1::2], means[::2])
    assert found.a == pytest.approx(means[1::2].mean() - means[::2].mean())
    assert (found.a / found.se_a, found.p_a) == pytest.approx((student.statistic, student.pvalue))
    assert found.p_sobel == pytest.approx(sobel_p(found.a, found.se_a, found.b, found.se_b))
    more = {
        "team": np.append(team, [0, 1, 9]),
        "treated": np.append(team % 2, [0, 1, 1]),
        "worker": np.append(worker, [0, 3, 30]),
        "own": np.append(own, [own[0], own[6], np.nan]),
        "outcome": np.append(outcome, [np.nan, 1.0, 2.0]),
        "baseline": np.append(baseline, [0.0, np.nan, 0.0]),
    }
    assert mediation_test(staff, staff % 2, mediator, **more) == pytest.approx(found)
    unknown = np.where(np.arange(48) == 5, np.nan, own)
    other = mediation_test(
        staff, staff % 2, mediator, team, team % 2, worker, unknown, outcome, baseline
    )
    rest = np.arange(48) != 5
    assert (other.within, other.p_within) == pytest.approx(
        within_teams(team[rest], worker[rest], own[rest], outcome[rest], baseline[rest])
    )


def test_balanced_people_are_least_squares_of_team_means() -> None:
    """What a worker has beyond the team's mean takes nothing from it: 8 - 3 degrees of freedom."""
    teams, staff = np.repeat(np.arange(8), 6), np.repeat(np.arange(8), 3)
    mediator = np.sin(3.0 * staff) + np.cos(7.0 * np.arange(24.0))
    worker = np.repeat(np.arange(24), 2)
    outcome = np.cos(5.0 * teams) + np.sin(1.7 * np.arange(48.0)) + mediator[worker]
    found = mediation_test(
        staff, staff % 2, mediator, teams, teams % 2, worker, mediator[worker], outcome
    )
    x = np.column_stack([np.ones(8), mediator.reshape(8, 3).mean(axis=1), np.arange(8) % 2])
    y = outcome.reshape(8, 6).mean(axis=1)
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    se = np.sqrt(np.sum((y - x @ beta) ** 2) / 5 * np.linalg.inv(x.T @ x)[1, 1])
    assert (found.b, found.se_b) == pytest.approx((beta[1], se))
    assert found.p_b == pytest.approx(2.0 * stats.t.sf(abs(beta[1] / se), 5))
