"""Three tests of a coefficient, crossed groupings, and what to know of a fit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.trials.analyses.model_answers import coefficient, crossed_groupings, warnings_of
from sim.trials.fits.cell_sums import RandomEffect


def fit_of(**given: Any) -> Any:
    """Return what is asked of a fit: one coefficient, 3 with the error 0.5."""
    inference = SimpleNamespace(
        se=0.5, satterthwaite_df=7.0, kenward_roger_se=0.6, kenward_roger_df=5.0
    )
    plain = {
        "coefficients": [0.0, 3.0],
        "inference": [None, inference],
        "variances": {"team": 1.0, "residual": 2.0},
        "converged": True,
        "singular": False,
        "dropped_columns": (),
    }
    return SimpleNamespace(**{**plain, **given})


def test_three_tests_of_a_coefficient() -> None:
    found = coefficient(fit_of(), 1)
    assert (found["estimate"], found["se"]) == (3.0, 0.5)
    t = found["satterthwaite"]
    assert (t["df"], t["t"], t["p"]) == pytest.approx((7.0, 6.0, 2.0 * stats.t.sf(6.0, 7)))
    half = 0.6 * stats.t.ppf(0.975, 5)
    assert found["kenward_roger"]["ci95"] == pytest.approx([3.0 - half, 3.0 + half])
    assert found["kenward_roger"]["t"] == pytest.approx(5.0)
    wald = found["wald_z"]
    assert wald["p"] == pytest.approx(2.0 * stats.norm.sf(6.0))
    half = 0.5 * stats.norm.ppf(0.975)
    assert wald["ci95"] == pytest.approx([3.0 - half, 3.0 + half], rel=1e-12)


def intercept(name: str, codes: list[int]) -> RandomEffect:
    return RandomEffect(name, np.array(codes))


TEAM = intercept("team", [0, 0, 0, 0, 1, 1, 1, 1])
PERSON = intercept("person", [0, 1, 0, 1, 2, 3, 2, 3])
RATER = intercept("rater", [0, 1, 2, 3, 0, 1, 2, 3])


def test_crossed_groupings_are_found_unless_both_are_within_a_third() -> None:
    assert crossed_groupings([TEAM, PERSON]) == []
    assert crossed_groupings([RATER, TEAM]) == [("team", "rater")]
    within = intercept("visit", [0, 0, 1, 1, 2, 2, 3, 3])
    assert crossed_groupings([PERSON, within]) == [("person", "visit")]
    assert crossed_groupings([PERSON, within, TEAM]) == []
    assert crossed_groupings([TEAM, RATER, within]) == [("team", "rater"), ("rater", "visit")]
    slope = RandomEffect("slope", RATER.codes, np.ones(8))
    assert crossed_groupings([TEAM, slope]) == []


def test_what_to_know_of_a_fit() -> None:
    assert warnings_of(fit_of(), [TEAM]) == []
    assert "did not converge" in warnings_of(fit_of(converged=False), [TEAM])[0]
    zero = fit_of(variances={"team": 0.0}, singular=True)
    assert [one[:33] for one in warnings_of(zero, [TEAM])] == ["the variance of team is estimated"]
    assert "a correlation is 1 or -1" in warnings_of(fit_of(singular=True), [TEAM])[0]
    small = fit_of(variances={"team": 0.005}, singular=False)
    assert warnings_of(small, [TEAM]) == []
    crossed = fit_of(variances={"team": 1.0, "rater": 1.0, "wave": 1.0})
    assert "team and rater are crossed" in warnings_of(crossed, [TEAM, RATER])[0]
    assert warnings_of(crossed, [TEAM, intercept("wave", [0, 1, 2, 3] * 2)]) == []
    assert warnings_of(fit_of(dropped_columns=("z", "w")), [TEAM])[0].endswith("columns: z, w")
