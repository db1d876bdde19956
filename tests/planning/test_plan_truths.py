"""What studies before a plan would measure: the right package, weeks and weights, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.planning import plan_truths as truths_module
from sim.planning.plan_truths import plan_truths
from tests.planning.plans_by_hand import PLANS, ROSTER, plan

NAN = float("nan")
PACKAGES: Any = [SimpleNamespace(name="one"), SimpleNamespace(name="other")]
# Of usual care and of the package, by draw and team: readiness at the start, adoption in week 13,
# practice in week 26 and QPR in week 52.
USUAL = [[[0.2, 0, 0, 40], [0.4, 0, 0, 40], [0.6, 0, 0, NAN], [0.8, 0, 0, 40]]]
GIVEN = [[[9, 0.3, 0.1, 41], [9, 0.6, 0.2, 43], [9, 0.9, 0.4, 99], [9, 0.5, 0.5, 40]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put numbers in the place of simulated ones, and keep what was asked for."""
    kept: dict[str, Any] = {}

    def beside(packages, roster, plans, reduce, shape, **how):  # type: ignore[no-untyped-def]
        kept.update(how, packages=packages, plans=plans, reduce=reduce, shape=shape)
        return np.array([USUAL, GIVEN])

    monkeypatch.setattr(truths_module, "beside_usual", beside)
    monkeypatch.setattr(truths_module, "as_package", lambda one, weeks: (one.name, weeks))
    return kept


def test_studies_see_the_package_that_most_teams_get(asked: dict[str, Any]) -> None:
    two_of_three = plan("p", A=(1, 30), B=(0, 0), C=(1, 0))
    found = plan_truths(PACKAGES, ROSTER, two_of_three, [{}], 7)
    assert asked["packages"] == [("other", 52)]
    (everybody,) = asked["plans"]
    assert everybody.package.tolist() == everybody.start.tolist() == [0, 0, 0, 0]
    assert (asked["shape"], asked["weeks"], asked["seed"]) == ((4, 4), 52, 7)
    assert found is not None
    # Readiness is that of usual care; what staff do is weighted by the staff of those who start.
    assert found.readiness == pytest.approx([0.5])
    assert found.adoption == pytest.approx([(10 * 0.3 + 20 * 0.6 + 30 * 0.9) / 60])
    assert found.practice == pytest.approx([(10 * 0.1 + 20 * 0.2 + 30 * 0.4) / 60])
    assert found.answering == 65.0
    # Gains of 1, 3, none where nobody could be asked, and none, of 100, 200, 300 and 50 people.
    assert found.gain == pytest.approx([(100 * 1 + 200 * 3) / 650])
    few = plan_truths(PACKAGES, ROSTER, plan("p", A=(0, 3)), [{}], 7)
    assert few is not None
    assert few.adoption == pytest.approx([0.3])


def test_each_is_measured_in_its_week_and_team(asked: dict[str, Any]) -> None:
    plan_truths(PACKAGES, ROSTER, plan("p", A=(0, 0)), [{}], 7)
    fields = ("week", "team_readiness", "adoption", "fidelity")
    weeks = [(week, 0.1 + week, 0.2 + week, 0.3 + week) for week in range(53)]
    lived = np.zeros(2 * 53, [("team", int), *((name, float) for name in fields)])
    for name, column in zip(fields, zip(*weeks, strict=True), strict=True):
        lived[name] = np.tile(column, 2)
    lived["team"] = np.repeat([0, 3], 53)
    people = np.array(
        [(0, 52, 30.0), (0, 0, 5.0), (0, 51, 5.0), (3, 52, NAN), (0, 52, 40.0)],
        [("team", int), ("week", int), ("qpr15", float)],
    )
    found = asked["reduce"](None, None, {"assessments": people, "team_weeks": lived})["outcomes"]
    np.testing.assert_allclose(found[0], [0.1, 13.2, 26.3, 35.0])
    np.testing.assert_allclose(found[1], [0.0, 0.0, 0.0, NAN])
    np.testing.assert_allclose(found[3], [0.1, 13.2, 26.3, NAN])


def test_where_nobody_starts_nothing_is_studied() -> None:
    assert plan_truths(PACKAGES, ROSTER, PLANS[1], [{}], 7) is None
