"""Sums and shares of made-up trials with a mediator, worked by hand."""

from __future__ import annotations

from math import nan, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.runs.pieces import Span
from sim.trials.data import mediated_trial
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.power import mediation_simulated as module
from sim.trials.power.mediation_power import mediation_power
from sim.trials.power.mediation_simulated import (
    Mean,
    Shares,
    last_period,
    mean_of,
    mediation_block,
    pair_sums,
    shares_of,
    summary,
    treated_share,
)


def sums(**given: float) -> np.ndarray:
    own = {"squares": 8.0, "people": 4.0, "near": 0.0, "near_pairs": 0.0, "far": 0.0}
    return np.array([[*{**own, "far_pairs": 2.0, **given}.values()]])


@pytest.mark.parametrize(
    ("given", "team", "worker"),
    [
        ({"far": 1.0}, 0.25, 0.0),
        ({"far": -1.0}, 0.0, 0.0),
        ({"far": 6.0}, 1.0, 0.0),
        # A variance of 2: a product of 1.5 in pairs of one worker, of .5 in others of a team.
        ({"near": 6.0, "near_pairs": 4.0, "far": 1.0}, 0.25, 0.5),
        ({"near": 1.0, "near_pairs": 4.0, "far": 1.0}, 0.25, 0.0),
        ({"near": 16.0, "near_pairs": 4.0, "far": 1.0}, 0.25, 0.75),
    ],
)
def test_shares_of_variance_lie_between_nothing_and_all(
    given: dict[str, float], team: float, worker: float
) -> None:
    assert shares_of(sums(**given)) == pytest.approx(Shares(sqrt(2.0), team, worker))
    # Of two trials the sums are added.
    twice = np.vstack([sums(**given)] * 2)
    assert shares_of(twice) == pytest.approx(Shares(sqrt(2.0), team, worker))


def test_pairs_of_a_group_and_the_share_treated() -> None:
    assert pair_sums(np.array([3, 3, 8, 3]), np.array([1.0, 2.0, 9.0, 4.0])) == (28.0, 6.0)
    assert treated_share(SimpleNamespace(clusters=(2, 6), total_clusters=8)) == 0.25  # type: ignore[arg-type]


def test_a_mean_has_an_error_from_two_trials_on() -> None:
    assert mean_of(np.array([1.0, nan, 3.0, 5.0])) == pytest.approx(Mean(3.0, 2.0 / sqrt(3.0)))
    assert mean_of(np.array([1.0, 3.0])) == pytest.approx(Mean(2.0, 1.0))
    one = mean_of(np.array([4.0, nan]))
    assert one.value == 4.0
    assert np.isnan(one.monte_carlo_se)
    assert np.isnan(mean_of(np.array([nan]))).all()


class Data:
    """Two teams at two times: person after person."""

    period = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    outcome = np.array([1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 5.0, 10.0])
    cluster = np.array([0, 0, 1, 1] * 2)
    worker = np.array([5, 5, 7, 8] * 2)

    def pair_rows(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        return np.flatnonzero(self.period == first), np.flatnonzero(self.period == last)


def design(baseline: str, **more: Any) -> Any:
    return SimpleNamespace(baseline=baseline, periods=2, **more)


def test_the_last_outcome_and_the_baseline_where_it_is_used() -> None:
    data: Any = Data()
    rows, before = last_period(data, design("none"))
    assert (rows.tolist(), before) == ([4, 5, 6, 7], None)
    rows, before = last_period(data, design("ancova"))
    assert before is not None
    assert (rows.tolist(), before.tolist()) == ([4, 5, 6, 7], [0, 1, 2, 3])


def test_sums_of_people_and_of_staff() -> None:
    """Outcomes 2, 3, 5, 10 are -3, -2, 0, 5 from their mean; the slope on 1, 2, 3, 4 is 2.6."""
    data: Any = Data()
    found = module._of_people(data, design("none"))
    assert found == pytest.approx((38.0, 4.0, 12.0, 2.0, 0.0, 2.0))
    rest = np.array([0.9, -0.7, -1.3, 1.1])
    found = module._of_people(data, design("ancova"))
    near, far = 2 * 0.9 * -0.7, 2 * -1.3 * 1.1
    assert found == pytest.approx((float(rest @ rest), 4.0, near, 2.0, far, 2.0))
    lost = Data()
    lost.outcome = np.append(Data.outcome[:7], nan)
    one: Any = lost
    assert module._of_people(one, design("none"))[1] == 3.0
    # Control 1 and 3, treated 5, 6 and 10: deviations -1, 1, -2, -1 and 3.
    staff = SimpleNamespace(
        team=np.array([0, 0, 1, 1, 2]),
        treated=np.array([0, 0, 1, 1, 1]),
        mediator=np.array([1.0, 3.0, 5.0, 6.0, 10.0]),
    )
    trial: Any = SimpleNamespace(staff=staff)
    assert module._of_staff(trial) == pytest.approx((16.0, 5.0, 0.0, 0.0, 2.0, 4.0))


def test_a_piece_has_the_trials_of_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def trials(*given: Any, interventional: bool) -> list[int]:
        asked.append((*given[2:], interventional))
        return [given[-1]]

    monkeypatch.setattr(mediated_trial, "mediated_trials", trials)
    monkeypatch.setattr(module, "trial_row", lambda trial, _design: [float(trial)])
    rule = SimpleNamespace(mediator="practice", observer_reliability=0.7)
    study: Any = SimpleNamespace(
        file=SimpleNamespace(mediation=rule),
        source=AgentTwins(None),
        design=None,  # type: ignore[arg-type]
    )
    found = mediation_block(study, 9, True, Span(3, 5))
    assert found["trials"].tolist() == [[3.0], [4.0]]
    assert asked == [(["practice"], 0.7, 9, one, True) for one in (3, 4)]


def study(clusters: tuple[int, int]) -> Any:
    return SimpleNamespace(
        plan=SimpleNamespace(alpha=0.05),
        design=SimpleNamespace(clusters=clusters, total_clusters=sum(clusters)),
        file=SimpleNamespace(
            mediation=SimpleNamespace(mediator="practice"), agents=SimpleNamespace(measure="qpr15")
        ),
    )


def rows(*given: dict[str, float]) -> np.ndarray:
    """Return trials of 8 teams with 32 staff and 160 people, some of their numbers changed.

    The mediator has a variance of 4, a quarter between teams; outcomes one of 9, a ninth between
    teams and two between workers.
    """
    own = {
        "a": 1.0,
        "se_a": 0.5,
        "p_a": 0.01,
        "b": 0.75,
        "se_b": 0.5,
        "p_b": 0.02,
        "p_sobel": 0.03,
        "within": 0.1,
        "p_within": 0.2,
        "total": 3.0,
        "indirect": 2.0,
        "direct": 1.0,
        "given_indirect": nan,
        "given_direct": nan,
        "mediator": 1.0,
        "s": 128.0,
        "sn": 32.0,
        "s0": 0.0,
        "s1": 0.0,
        "sf": 96.0,
        "sfp": 96.0,
        "y": 1440.0,
        "yn": 160.0,
        "n": 1920.0,
        "np": 640.0,
        "f": 2400.0,
        "fp": 2400.0,
    }
    return np.array([list({**own, **one}.values()) for one in given])


def test_a_summary_of_four_trials() -> None:
    """The programme moves the mediator by half a standard deviation of 2, the outcome by 2."""
    changes = [{}, {"p_a": 0.05}, {"p_b": nan}, {"a": 3.0, "p_sobel": 0.06, "p_within": 0.04}]
    found = summary(study((2, 6)), rows(*changes))
    assert (found.mediator, found.outcome, found.clusters) == ("practice", "qpr15", 8)
    assert (found.workers, found.people) == (4.0, 5.0)
    assert found.mediator_shares == pytest.approx(Shares(2.0, 0.25, 0.0))
    assert found.outcome_shares == pytest.approx(Shares(3.0, 1 / 9, 2 / 9))
    assert (found.total.value, found.indirect.value, found.direct.value) == (3.0, 2.0, 1.0)
    assert found.a == pytest.approx(Mean(0.5, 0.0))
    assert found.slope == pytest.approx(4.0)
    assert found.estimated_slope == pytest.approx(Mean(1.5, 0.0))
    # Products .75, .75, .75 and 2.25.
    assert found.estimate == pytest.approx(Mean(1.125, 0.375))
    shares = [one.value for one in (found.path_a, found.path_b, found.within, found.joint)]
    assert shares == [0.75, 0.75, 0.25, 0.5]
    assert (found.sobel.value, found.sobel.trials) == (0.75, 4)
    assert (found.given_indirect, found.given_direct) == (None, None)
    paths = found.paths
    assert (paths.a, paths.b) == pytest.approx((0.5, 0.5))
    assert (paths.mediator_icc, paths.unit_icc, paths.cluster_icc) == pytest.approx(
        (0.25, 2 / 9, 1 / 9)
    )
    assert paths.covariates == (1, 2), "treatment; treatment and mediator"
    assert found.formula == mediation_power(paths, 8, 4.0, 5.0, 0.25, 0.05)
    asked = summary(study((2, 6)), rows({"given_indirect": 1.5, "given_direct": 1.0}))
    assert asked.given_indirect is not None
    assert asked.given_direct is not None
    assert (asked.given_indirect.value, asked.given_direct.value) == (1.5, 1.0)


@pytest.mark.parametrize(
    ("clusters", "changes", "told"),
    [((2, 2), {}, True), ((1, 2), {}, False), ((4, 4), {"b": nan}, False)],
)
def test_a_formula_needs_a_slope_and_a_degree_of_freedom(
    clusters: tuple[int, int], changes: dict[str, float], told: bool
) -> None:
    assert (summary(study(clusters), rows(changes)).formula is not None) == told


def test_a_programme_that_does_not_move_the_mediator_has_no_slope() -> None:
    assert np.isnan(summary(study((4, 4)), rows({"mediator": 0.0})).slope)
