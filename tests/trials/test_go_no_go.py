"""Go or no-go by true effect, and expected power: by hand, by drawn trials, as printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses import trial_result
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.go_no_go import by_formula, rule_of, simulated
from sim.trials.power.power_outcome import formula_text
from sim.trials.power.power_study import study_of


def file_of(**tables: Any) -> DesignFile:
    table = {
        "design": {"type": "parallel", "clusters": 20, "size": 20},
        "statistical": {"effect": 4.0, "icc": 0.3},
        "decision": {"least": 0.0, "wanted": 4.0, "confidence": 0.9},
    }
    return design_from_table({**table, **tables})


@pytest.mark.parametrize("effect", [0.0, 3.0, 4.0])
def test_chances_are_those_of_drawn_estimates(effect: float) -> None:
    """20,000 draws of an estimate and its standard error, decided by their confidence limits."""
    file = file_of()
    formula, rule = formula_answer(study_of(file)).formula, rule_of(file)
    assert rule is not None
    told = by_formula(rule, formula, effect)
    rng = np.random.default_rng(2)
    estimates = effect + formula.se * rng.standard_normal(20_000)
    errors = formula.se * np.sqrt(rng.chisquare(18.0, 20_000) / 18.0)
    half = stats.t.ppf(0.9, 18.0) * errors
    go, stop = estimates - half > 0.0, estimates + half < 4.0
    assert told.go == pytest.approx((go & ~stop).mean(), abs=0.01)
    assert told.stop == pytest.approx((stop & ~go).mean(), abs=0.01)
    assert told.go + told.think + told.stop == pytest.approx(1.0, abs=1e-12)
    answers = [Answer(e, s, 18.0, None, 0.0, 1.0) for e, s in zip(estimates, errors, strict=True)]
    records = [trial_result.tested_result(one, 0.05, 400, 20, None) for one in answers[:500]]
    assert simulated(rule, records, effect).go == pytest.approx((go & ~stop)[:500].mean())


def test_lower_outcomes_that_are_better_turn_the_rule() -> None:
    turned = file_of(
        decision={"least": 0.0, "wanted": -4.0, "confidence": 0.9}, analysis={"better": "lower"}
    )
    rule, own = rule_of(turned), rule_of(file_of())
    assert rule is not None
    assert own is not None
    formula = formula_answer(study_of(turned)).formula
    down, up = by_formula(rule, formula, -3.0), by_formula(own, formula, 3.0)
    assert down[1:] == pytest.approx(up[1:], abs=1e-9)
    with pytest.raises(InputError, match=r"decision\.least = 5: asks for more"):
        file_of(decision={"least": 5.0, "wanted": 4.0})


def test_expected_power_is_the_mean_over_what_is_believed() -> None:
    """A normal belief of the effect: the integral of power over it."""
    answer = formula_answer(study_of(file_of(uncertainty={"effect_se": 2.0})))
    assert answer.assurance is not None
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    powers = [answer.formula.at(4.0 + 2.0 * one).power for one in nodes]
    integral = float(np.array(powers) @ weights / weights.sum())
    error = answer.assurance.monte_carlo_se
    assert answer.assurance.value == pytest.approx(integral, abs=4.0 * error)
    assert answer.assurance.low < answer.assurance.value < answer.assurance.high
    text = formula_text(answer)
    assert "assurance by formula 0." in text
    assert "go where 90% confident (one-sided) of more than 0, stop where" in text
    assert formula_answer(study_of(file_of())).assurance is None


def test_a_posterior_that_is_none_is_refused() -> None:
    agents = {"design": {"type": "parallel", "clusters": 20}, "agents": {}}
    file = design_from_table({**agents, "precision": {"posterior": "both"}})
    with pytest.raises(InputError, match="both-trials"):
        study_of(file)
    prior = design_from_table({**agents, "precision": {"posterior": "prior", "draws": 20}})
    assert "prior" in study_of(prior).covers
