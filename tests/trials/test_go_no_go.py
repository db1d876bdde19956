"""Go or no-go by true effect, and expected power: by hand, by drawn trials, as printed."""

from __future__ import annotations

from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses import trial_result
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.go_no_go import (
    Rule,
    by_formula,
    effects_shown,
    lines,
    rule_of,
    simulated,
    table,
)
from sim.trials.power.power_outcome import formula_text
from sim.trials.power.power_study import study_of


def file_of(**tables: Any) -> DesignFile:
    plain = {
        "design": {"type": "parallel", "clusters": 20, "size": 20},
        "statistical": {"effect": 4.0, "icc": 0.3},
        "decision": {"least": 0.0, "wanted": 4.0, "confidence": 0.9},
    }
    return design_from_table({**plain, **tables})


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


def result(estimate: float, failed: bool = False) -> Any:
    return SimpleNamespace(estimate=estimate, se=1.0, df=18.0, failed=failed)


RULE = Rule(Bounds(0.0, inf), Bounds(-inf, 4.0), Bounds(0.0, 4.0), 0.1)


def test_decisions_of_simulated_trials_are_counted() -> None:
    """With 18 df a trial is confident at 1.33 standard errors: at 2 of both, at 0 and 4 of one."""
    results = [result(4.0), result(5.0), result(6.0), result(0.0), result(2.0), result(9.0, True)]
    assert simulated(RULE, results, 1.5) == pytest.approx((1.5, 3 / 6, 2 / 6, 1 / 6))
    # Both limits are met by any estimate from 1.33 to 2.67.
    assert simulated(RULE, [result(1.34), result(2.66)], 0.0).think == 1.0
    assert simulated(RULE, [result(1.32)], 0.0).stop == 1.0
    assert simulated(RULE, [result(2.68)], 0.0).go == 1.0


def test_what_is_printed_of_a_rule() -> None:
    file, results = file_of(), [result(4.0), result(5.0), result(0.0), result(2.0)]
    assert effects_shown(file, 3.0) == [0.0, 1.5, 3.0, 4.0]
    found = lines(file, None, 3.0, results)
    assert len(found) == 3
    assert found[0].startswith("go where 90% confident (one-sided) of more than 0, stop where so")
    assert found[0].split(", ")[1].endswith("of less than 4")
    # The standard error is largest at one half: sqrt(0.25 / 4).
    assert found[2].split()[:4] == ["3", "0.500", "0.250", "0.250"]
    assert found[2].endswith("(Monte Carlo SE at most 0.250)")
    formula = formula_answer(study_of(file)).formula
    assert len(lines(file, formula, 3.0)) == 6
    rows = table(file, formula, 3.0)
    assert [row["effect"] for row in rows] == [0.0, 1.5, 3.0, 4.0]
    assert rows[2] == by_formula(RULE._replace(level=1.0 - 0.9), formula, 3.0)._asdict()
    assert table(file, None, 3.0) == []
    plain = file_of(decision=None)
    assert (lines(plain, formula, 3.0), table(plain, formula, 3.0)) == ([], [])
    lower = file_of(decision={"least": 0.0, "wanted": -4.0}, analysis={"better": "lower"})
    assert "of less than 0, stop where so confident of more" in lines(lower, None, 3.0)[0]
