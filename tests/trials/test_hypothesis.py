"""One-sided, non-inferiority and equivalence: equal to what they must equal, and to an integral."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from sim.errors import InputError
from sim.trials.analyses import trial_result
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.design_file import design_from_table
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.formula_search import find_by_formula
from sim.trials.power.noncentral_t import power_t
from sim.trials.power.power_study import simulate_power, study_of
from sim.trials.power.protocol import protocol_of_formula


def table(effect: float, **analysis: Any) -> dict[str, Any]:
    return {
        "design": {"type": "parallel", "clusters": 16, "size": 20},
        "statistical": {"effect": effect, "icc": 0.05},
        "analysis": analysis,
    }


def formula(effect: float, **analysis: Any) -> FormulaPower:
    return formula_answer(study_of(design_from_table(table(effect, **analysis)))).formula


def test_a_one_sided_test_is_one_tail_of_the_two_sided() -> None:
    one = formula(4.0, hypothesis="superiority", alpha=0.025)
    assert one.power == pytest.approx(formula(4.0).power, abs=1e-4), "but for the wrong direction"
    mirrored = formula(-4.0, hypothesis="superiority", alpha=0.025, better="lower")
    assert mirrored.power == pytest.approx(one.power, abs=1e-12)
    assert formula(-4.0, hypothesis="superiority", alpha=0.025).power < 1e-3
    shifted = formula(1.0, hypothesis="non-inferiority", margin=3.0, alpha=0.025)
    assert shifted.power == pytest.approx(one.power, abs=1e-12), "a distance of 4 from the bound"
    assert shifted.type_i_error == pytest.approx(one.type_i_error, abs=1e-12)


@pytest.mark.parametrize(("effect", "df"), [(0.0, 6.0), (0.7, 14.0), (2.0, 30.0)])
def test_equivalence_is_the_integral_over_the_estimated_standard_error(
    effect: float, df: float
) -> None:
    """Two one-sided tests both reject: integrated by another rule over the chi distribution."""
    critical = stats.t.ppf(0.95, df)

    def chance(s: float) -> float:
        inside = stats.norm.cdf(2.0 - critical * s - effect) - stats.norm.cdf(
            -2.0 + critical * s - effect
        )
        return float(max(inside, 0.0) * stats.chi.pdf(s * sqrt(df), df) * sqrt(df))

    by_hand = integrate.quad(chance, 0.0, 2.0 / critical, epsabs=1e-10)[0]
    bounds = Bounds(-2.0, 2.0)
    assert power_t(effect, 1.0, df, 0.05, bounds=bounds) == pytest.approx(by_hand, abs=2e-5)
    known = power_t(effect, 1.0, inf, 0.05, bounds=bounds)
    z = stats.norm.ppf(0.95)
    told = stats.norm.cdf(2.0 - z - effect) - stats.norm.cdf(-2.0 + z - effect)
    assert known == pytest.approx(max(told, 0.0), abs=1e-12)


def test_p_and_interval_agree_on_every_decision() -> None:
    rng = np.random.default_rng(1)
    bounds = Bounds(-1.0, 1.0)
    for _ in range(200):
        answer = Answer(rng.normal(0.0, 0.6), 0.3, 9.0, None, 0.0, 1.0)
        found = trial_result.tested_result(answer, 0.05, 100, 11, bounds)
        assert (found.p < 0.05) == (found.low > -1.0 and found.high < 1.0)
        apart = (
            stats.t.sf((answer.estimate + 1.0) / 0.3, 9),
            stats.t.sf((1.0 - answer.estimate) / 0.3, 9),
        )
        assert found.p == pytest.approx(max(apart))


def test_simulated_power_and_type_i_error_are_those_of_the_bound() -> None:
    """2,000 trials by hand: non-inferiority .939 (formula .938), equivalence .916 (.903)."""
    given = table(1.0, hypothesis="non-inferiority", margin=5.0, alpha=0.05)
    result = simulate_power(study_of(design_from_table(given)), 150, seed=4, workers=1)
    assert result.formula is not None
    assert result.performance.power.value == pytest.approx(result.formula.power, abs=0.08)
    assert result.null is not None
    assert result.null.power.value < 0.12


def test_the_smallest_effect_is_counted_from_the_bound_and_words_say_what_is_shown() -> None:
    given = design_from_table(table(1.0, hypothesis="non-inferiority", margin=5.0, alpha=0.025))
    found = find_by_formula(given, "effect", 0.8)
    two_sided = find_by_formula(design_from_table(table(1.0)), "effect", 0.8)
    assert found.value is not None
    assert two_sided.value is not None
    assert found.value == pytest.approx(two_sided.value - 5.0, abs=1e-3)
    words = " ".join(protocol_of_formula(formula_answer(study_of(given))).split())
    assert "power to show non-inferiority where there is a difference of 1" in words
    assert "an effect above -5, one-sided at 0.025" in words


@pytest.mark.parametrize(
    ("analysis", "problem"),
    [
        ({"hypothesis": "non-inferiority"}, "margin = 0: goes with hypothesis"),
        ({"margin": 2.0}, "margin = 2: goes with hypothesis"),
        ({"hypothesis": "noninferiority", "margin": 2.0}, "'non-inferiority'"),
        ({"hypothesis": "superiority", "test": "permutation"}, "of no effect at all"),
    ],
)
def test_a_hypothesis_that_is_none_is_refused(analysis: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        design_from_table(table(1.0, **analysis))
