"""Checks that no fit used, and the main effect by methods that share nothing with the fit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from calibration.findings import leave_one_out
from calibration.findings.checks import (
    CARE_LINES,
    TEN_MONTHS,
    TWENTY_MONTHS,
    care_layouts,
    care_of,
    checked,
    checks_text,
    table_rows,
)
from calibration.findings.leave_one_out import REFOCUS
from calibration.findings.rival_trials import PULSAR
from calibration.findings.second_method import (
    EFFECTS,
    by_regression,
    by_weighting,
    columns,
    of_fit,
    read,
    regressed,
    second_method_text,
    summary,
    weighted,
)
from calibration.sampling.likelihood import Data
from calibration.sampling.solve import QPR_SD
from sim.engines.one_world import OneWorld
from sim.parameters import resolve, to_record

DRAWS = 40_000


def test_care_differs_by_when_its_coaching_ended_and_only_after_that() -> None:
    layouts = care_layouts()
    record = to_record(resolve({}))[0]
    work = OneWorld(layouts[0])
    early = []
    for end in (TEN_MONTHS, TWENTY_MONTHS):
        work.again(record, 1, 0, layouts[end]).run_to(TEN_MONTHS)
        early.append(work.teams["behaviour_mean"].tolist())
    assert early[0] == early[1]
    found = care_of(layouts, work, record, 0)
    assert found["care_20_ends"] < found["care_20"]
    assert found["care_kept"] == pytest.approx(found["care_20"] / found["care_10"])


def test_every_check_has_a_row_and_what_lies_outside_is_missed() -> None:
    rows = {one["name"]: one for one in table_rows()}
    assert set(rows) == {*CARE_LINES, *(one.name for one in checked())}
    for one in rows.values():
        if one["reported"] != "direction":
            _, low, high = one["both-trials"]
            assert (one["missed"] == "inside") == (low <= one["reported"] <= high)
    # What the rules of today mended.
    assert rows["p16_goal_named"]["missed"] == "inside"
    assert rows["p16_goal_reached"]["missed"] == "inside"
    assert "the sampling error of CARe" in checks_text()


def test_weights_give_the_posterior_that_conjugate_normals_give() -> None:
    """Prior normal(0, .3) on the effect; both trials expect a known multiple of it."""
    effect = 0.3 * np.random.default_rng(1).standard_normal(DRAWS)
    found = {
        "effect_full": effect,
        "delivered": 0.4 * effect,
        "pulsar": 5.0 * effect,
        "between_trials_sd": np.zeros(DRAWS),
    }
    slopes = np.array([0.4 * QPR_SD, 5.0])
    values, errors = np.array([REFOCUS, PULSAR]).T
    precision = 1.0 / 0.09 + (slopes**2 / errors**2).sum()
    mean, sd, _, _ = summary(effect, weighted(found))
    assert mean == pytest.approx((slopes * values / errors**2).sum() / precision, abs=0.01)
    assert sd == pytest.approx(precision**-0.5, rel=0.03)
    # Trials that may differ say less of each other.
    apart = weighted({**found, "between_trials_sd": np.full(DRAWS, 0.3)})
    assert abs(summary(effect, apart)[0]) < abs(mean)
    assert summary(effect, apart)[1] > sd


def test_regression_gives_the_posterior_that_conjugate_normals_give() -> None:
    rng = np.random.default_rng(2)
    effect = rng.standard_normal(DRAWS)
    noise = rng.standard_normal((2, DRAWS))
    found = {
        "effect_full": effect,
        "delivered": effect,
        "figure_difference": 2.0 * effect + noise[0],
        "figure_control_mean": 40.0 + 3.0 * noise[1],
    }
    none = np.array([], int)
    data = Data(
        ("difference", "control_mean"), np.arange(2), np.array([1.5, 41.0]), -1, 0.0, none, none
    )
    moved, weight = regressed(found, data)
    mean, sd, _, _ = summary(moved["effect_full"], weight)
    assert mean == pytest.approx(2.0 * 1.5 / 5.0, abs=0.02)
    assert sd == pytest.approx(5.0**-0.5, rel=0.03)


def test_the_methods_agree_with_the_fit_on_the_effect_as_stored() -> None:
    found = read()
    assert tuple(found) == columns()
    fit = of_fit()
    for way in (by_weighting, by_regression):
        mean, sd, _, _ = way(found)[EFFECTS[0]]
        assert abs(mean - fit[0]) < 0.25 * fit[1]
        assert sd == pytest.approx(fit[1], rel=0.15)
    assert " agree with the fit on the effect" in second_method_text()


def test_a_new_trial_has_the_effect_delivered_and_the_spread_between_trials(monkeypatch) -> None:
    """Four in five delivered effects of .2 SD, the others of -.2; no spread, then a wide one."""
    size = 200
    delivered = np.where(np.arange(size) % 5 == 0, -0.2, 0.2)
    effects = np.repeat(delivered[:, None] * QPR_SD, len(leave_one_out.EFFECTS), axis=1)
    monkeypatch.setattr(leave_one_out, "effects_of_records", lambda *_: effects)
    figures = np.random.default_rng(1).normal(size=(size, len(leave_one_out.AT)))
    rows = []
    for spread in (0.0, 100.0):
        names = ("effect_full", "practice_change", "between_trials_sd")
        solved = SimpleNamespace(records={name: np.full(size, spread) for name in names})
        solved.first = lambda count, solved=solved: solved
        one = SimpleNamespace(name="prior", scores=np.zeros(size), solved=solved)
        fit = SimpleNamespace(trials=lambda *_: figures, settings=SimpleNamespace(seed=1))
        rows += leave_one_out.leave_one_out(fit, [one])
    assert rows[0]["new_trial_negative"] == pytest.approx(0.2)
    assert rows[0]["new_trial"] == rows[0]["delivered"] == pytest.approx((0.12, -0.2, 0.2))
    assert rows[1]["new_trial_negative"] == pytest.approx(0.5, abs=0.1)
