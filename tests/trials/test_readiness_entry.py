"""Who enters a trial by measured readiness, of scores that can be sorted on paper."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.design import ReadinessEntry, parallel
from sim.trials.designs.readiness_entry import (
    entering,
    entry,
    recruited,
    refuse_two_kinds_of_strata,
)


def chance() -> np.random.Generator:
    return np.random.Generator(np.random.Philox(1))


SCORES = np.array([0.9, 0.1, 0.5, 0.7, 0.3, 0.6, 0.2, 0.8])


def entered(scores: np.ndarray = SCORES, **rules: float) -> tuple[list[int], float]:
    """Return who enters a trial of two arms by scores without error, and the share let in."""
    sure = ReadinessEntry(reliability=1.0, **rules)  # type: ignore[arg-type]
    found = recruited(parallel(2, 5, readiness=sure), scores, chance())
    return found.teams.tolist(), found.eligible


def test_the_first_teams_of_those_that_fit_enter() -> None:
    assert entered(minimum=0.6) == ([0, 3, 5, 7], 0.5)
    assert entered(minimum=0.2) == ([0, 2, 3, 4], 0.875)
    assert entered(minimum=0.61) == ([0, 3, 7], 0.375)
    assert entered(share=0.25) == ([0, 7], 0.25)
    assert entered(share=1.0) == ([0, 1, 2, 3], 1.0)
    assert entered() == ([0, 1, 2, 3], 1.0)
    assert entered(SCORES - 0.095) == ([0, 1, 2, 3], 1.0)
    assert entered(SCORES - 0.105) == ([0, 2, 3, 4], 0.875)


def test_strata_of_readiness_enter_in_turn() -> None:
    rules = ReadinessEntry(strata=2, reliability=1.0)
    found = recruited(parallel(2, 5, readiness=rules), SCORES, chance())
    assert found.stratum.tolist() == [1, 0, 0, 1, 0, 1, 0, 1]
    assert found.teams.tolist() == [0, 1, 2, 3]
    lopsided = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
    found = recruited(parallel(2, 5, readiness=rules), lopsided, chance())
    assert found.teams.tolist() == [0, 1, 4, 5]


def test_error_of_the_score_has_the_variance_of_its_reliability() -> None:
    """With reliability 0.2 the error has four times the variance, and half a correlation of it."""
    truth = np.random.default_rng(2).normal(0.5, 0.1, 4000)
    rules = ReadinessEntry(share=0.5, reliability=0.2)
    found = recruited(parallel(2000, 5, readiness=rules), truth, chance())
    chosen = np.isin(np.arange(4000), found.teams)
    # Means of two halves by a score are 2 phi(0) / 0.5 standard deviations of it apart.
    apart = (truth[chosen].mean() - truth[~chosen].mean()) / 0.1
    assert apart == pytest.approx(np.sqrt(0.2) * 4.0 * 0.398942, abs=0.06)


def test_everybody_enters_where_readiness_is_not_asked_for() -> None:
    assert entering(parallel(2, 5), None, 4, 1, 0).teams.tolist() == [0, 1, 2, 3]
    assert entering(parallel(2, 5), None, 4, 1, 0).eligible == 1.0
    rules = ReadinessEntry(minimum=0.6, reliability=1.0)
    found = entering(parallel(2, 5, readiness=rules), SCORES, 8, 1, 0)
    assert found.teams.tolist() == [0, 3, 5, 7]
    assert entry(parallel(2, 5, readiness=rules))
    assert not entry(parallel(2, 5))


@pytest.mark.parametrize(
    ("own", "readiness", "refused"), [(2, 2, True), (2, 1, False), (1, 2, False)]
)
def test_a_trial_has_one_set_of_strata(own: int, readiness: int, refused: bool) -> None:
    method = "stratified" if own > 1 else "simple"
    rules = ReadinessEntry(strata=readiness)
    design = parallel(4, 5, strata=own, randomisation=method, readiness=rules)
    if not refused:
        refuse_two_kinds_of_strata(design)
        return
    with pytest.raises(InputError, match="already makes the 2 strata"):
        refuse_two_kinds_of_strata(design)
