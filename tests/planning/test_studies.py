"""What studies would report: standard errors by hand, and the reports' spread around the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.planning.studies import (
    AUDIT_WEEKS,
    REGISTER_WEEKS,
    TRIAL_WEEKS,
    Truths,
    studies,
    trial_error,
)

DRAWS = 40_000
TRUTHS = Truths(
    draws=[{"readiness_reliability": 0.8}] * DRAWS,
    settings={
        "trust_readiness_sd": 0.2,
        "team_readiness_sd": 0.4,
        "staff_readiness_sd": 0.4,
        "between_trials_sd": 0.3,
    },
    answering=100.0,
    readiness=np.full(DRAWS, 1.0),
    adoption=np.full(DRAWS, 2.0),
    practice=np.full(DRAWS, 3.0),
    gain=np.full(DRAWS, 4.0),
    adoption_luck=0.07,
    practice_luck=0.03,
)


def test_a_trial_of_other_size_by_the_design_effect_worked_by_hand() -> None:
    """(1 + (m - 1) 0.03) / (k m): 1.3 / 297 for REFOCUS, and 1.0 / 40 with one person a team."""
    assert trial_error(40, 1) == pytest.approx(1.22 * math.sqrt((1.0 / 40) / (1.3 / 297)))
    assert trial_error(20, 21) == pytest.approx(1.22 * math.sqrt((1.6 / 420) / (1.3 / 297)))


@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [
        # Variance of one answer (.04 + .16 + .16) (1 - .8) / .8 = .09; 60 of 100 answer.
        ("readiness-survey", 1.0, math.sqrt(0.09 / 60.0)),
        ("attendance-register", 2.0, 0.07),
        ("fidelity-audit", 3.0, math.sqrt(0.03**2 + 0.25**2 / 40.0)),
        # QPR points: the trial's own error, and effects that differ by .3 of its SD of 10.15.
        ("trial", 4.0, math.sqrt(trial_error(6, 10) ** 2 + (0.3 * 10.15) ** 2)),
    ],
)
def test_reports_scatter_around_the_truth_with_the_error_of_the_study(
    name: str, mean: float, sd: float
) -> None:
    study = next(one for one in studies((6, 10)) if one.name == name)
    reports = study.reports(TRUTHS, np.random.default_rng(3))
    assert reports.mean() == pytest.approx(mean, abs=5.0 * sd / math.sqrt(DRAWS))
    # The standard deviation of so many is known to a third of a percent.
    assert reports.std() == pytest.approx(sd, rel=0.015)


def test_one_answer_is_the_least_that_a_survey_has() -> None:
    alone = Truths(**{**vars(TRUTHS), "answering": 0.5})
    reports = studies((6, 10))[0].reports(alone, np.random.default_rng(3))
    assert reports.std() == pytest.approx(0.3, rel=0.015)


def test_luck_is_none_unless_told_and_without_it_the_register_shows_the_truth() -> None:
    exact = Truths(**{**vars(TRUTHS), "adoption_luck": 0.0})
    assert (studies((6, 10))[1].reports(exact, np.random.default_rng(3)) == 2.0).all()
    plain = Truths(*list(vars(TRUTHS).values())[:7])
    register, audit = (
        one.reports(plain, np.random.default_rng(3)).std() for one in studies((6, 10))[1:3]
    )
    assert register == 0.0
    assert audit == pytest.approx(0.25 / math.sqrt(40.0), rel=0.015)


def test_a_study_says_how_large_it_is_and_how_sure() -> None:
    told = {one.name: f"{one.title}; {one.assumes}" for one in studies((27, 11))}
    assert "60% of staff" in told["readiness-survey"]
    assert "by week 13 " in told["attendance-register"]
    assert "40 workers (SD 0.25 on 0-1) in week 26 " in told["fidelity-audit"]
    assert "27 teams of 11 people; " in told["trial"]
    assert "standard error 1.22 QPR points (REFOCUS: 1.22)" in told["trial"]


def test_three_months_six_months_and_a_year_are_parts_of_52_weeks() -> None:
    assert 4 * REGISTER_WEEKS == 2 * AUDIT_WEEKS == TRIAL_WEEKS == 52
