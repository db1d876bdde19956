"""Two co-primary outcomes of a hybrid type 2 trial, and mediation: power by formula and trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.trial_result import TrialResult
from sim.trials.designs.design_file import design_from_table
from sim.trials.power.both_outcomes import both_by_formula, both_lines, together
from sim.trials.power.co_primary import (
    CoPrimary,
    adjusted_levels,
    both_significant,
    power_of_both,
)
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.mediation_power import Mediation, mediation_power
from sim.trials.power.noncentral_t import power_t
from sim.trials.power.power_study import study_of
from tests.trials.closed_forms import co_primary_power

OUTCOMES = CoPrimary((0.3, 0.3), (1.0, 1.0), (0.04, 0.04), 0.02, 0.3)


def table(**changed: Any) -> dict[str, Any]:
    second = {"effect": 0.1, "sd": 0.5, "icc": 0.025, "within": 0.05, "between": 0.01}
    return {
        "design": {"type": "parallel", "clusters": 30, "size": 300} | changed.get("design", {}),
        "statistical": {"effect": 0.1, "sd": float(np.sqrt(0.23)), "icc": 0.025},
        "co_primary": second | changed.get("second", {}),
    }


def test_a_design_file_gives_the_published_numbers() -> None:
    study = study_of(design_from_table(table(), "hybrid"))
    found = both_by_formula(study)
    assert found is not None
    # crt2power 1.2.2, two-sided.
    assert found.all_of == pytest.approx(0.814909482, abs=1e-6)
    assert found.at_least_one == pytest.approx(0.936333567, abs=1e-6)
    assert formula_answer(study).as_dict()["co_primary_formula"]["combined"] == pytest.approx(
        0.972737018, abs=1e-6
    )
    assert "both (all of), no adjustment" in "\n".join(both_lines(study, None, found))


def test_arms_and_teams_that_differ_in_size_are_what_each_outcome_alone_has() -> None:
    """The smaller arm does not stand for both; unequal teams cost what they cost one outcome."""
    even = both_by_formula(study_of(design_from_table(table(), "hybrid")))
    apart = table(design={"clusters_by_sequence": [8, 22]})
    del apart["design"]["clusters"]
    study = study_of(design_from_table(apart, "hybrid"))
    found = both_by_formula(study)
    assert even is not None
    assert found is not None
    # (1/8 + 1/22) / (2/15) times the variance.
    z = (
        np.sqrt((2.0 / 15.0) / (1.0 / 8.0 + 1.0 / 22.0))
        * 0.1
        / np.sqrt(2.0 * 0.23 * (1.0 + 299.0 * 0.025) / (15 * 300))
    )
    assert found.each[0] == pytest.approx(power_t(z, 1.0, 26.0), abs=1e-6)
    assert found.correlation == pytest.approx(even.correlation)
    varied = both_by_formula(
        study_of(design_from_table(table(design={"size_variation": 0.8}), "hybrid"))
    )
    assert varied is not None
    assert varied.all_of < even.all_of - 0.03


def test_outcomes_that_are_one_are_found_together() -> None:
    found = co_primary_power(OUTCOMES, 12, 20)
    assert found.all_of < min(found.each)
    assert found.each[0] == pytest.approx(found.each[1])
    z = np.array([2.5, 2.5])
    alone = both_significant(z, 1.0 - 1e-9, np.inf, 0.05, 1)
    apart = both_significant(z, 0.0, np.inf, 0.05, 1)
    # Phi(2.5 - 1.645) once, and squared.
    assert alone == pytest.approx(0.8037649, abs=1e-4)
    assert apart == pytest.approx(0.8037649**2, abs=1e-6)


def test_nothing_to_find_in_either_has_less_than_the_level_for_both() -> None:
    none = replace(OUTCOMES, effects=(0.0, 0.0))
    found = co_primary_power(none, 12, 20)
    assert found.each[0] == pytest.approx(0.05)
    assert found.all_of < 0.05
    assert found.at_least_one == pytest.approx(0.05)
    assert co_primary_power(OUTCOMES, 24, 20).all_of > co_primary_power(OUTCOMES, 12, 20).all_of


def result(p: float, z: float) -> TrialResult:
    return TrialResult(z, 1.0, 10.0, p, 0.0, 0.0, 0.0, 1.0, False, np.isnan(p), 20, 12)


def test_trials_are_counted_pair_by_pair() -> None:
    first = [result(0.01, 3.0), result(0.04, 2.0), result(0.5, 0.5), result(np.nan, np.nan)]
    second = [result(0.04, 2.1), result(0.03, 2.2), result(0.02, 2.4), result(0.001, 4.0)]
    both, one, correlation = together(first, second, 0.05)
    assert both.value == 0.5
    # At .025: the first trial by its first, the third and the fourth by their second outcome.
    assert one.value == 0.75
    assert -1.0 <= correlation <= 1.0


def test_mediation_needs_both_paths_and_more_teams() -> None:
    paths = Mediation(0.5, 0.4, 0.2, 0.05, 0.05)
    small, large = (mediation_power(paths, count, 3, 5) for count in (20, 60))
    assert small.joint < min(small.power_a, small.power_b)
    assert large.joint > small.joint
    none = mediation_power(replace(paths, a=0.0), 40, 3, 5)
    assert none.power_a == pytest.approx(0.05)
    with pytest.raises(InputError, match="too few"):
        mediation_power(paths, 2, 3, 5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (table(second={"measure": "hope"}), r"co_primary\.measure: goes with \[agents\]"),
        (
            {
                "design": {"type": "parallel", "clusters": 12},
                "agents": {"measure": "qpr15"},
                "co_primary": {"measure": "hope", "outcome": "binary"},
            },
            r"goes with \[statistical\]; with \[agents\]",
        ),
        (
            {
                "design": {"type": "parallel", "clusters": 12},
                "agents": {"measure": "qpr15"},
                "co_primary": {"measure": "hop"},
            },
            "did you mean 'hope'",
        ),
        (
            {
                "design": {"type": "parallel", "clusters": 12},
                "agents": {"measure": "qpr15"},
                "co_primary": {"measure": "qpr15"},
            },
            "is agents.measure already",
        ),
    ],
)
def test_what_a_second_outcome_may_not_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        design_from_table(given, "hybrid")


def test_correlations_that_no_outcomes_have_are_refused() -> None:
    with pytest.raises(InputError, match="no two outcomes have these correlations"):
        replace(OUTCOMES, between=0.9)


def test_two_estimates_of_spread_are_not_one() -> None:
    """200,000 pairs of t tests of 6 and 6 clusters: both .2677, at least one .5375 (SE .001)."""
    means, variances = (2.2, 2.0), (1.0, 1.0)
    found = power_of_both(means, variances, 0.3, 10.0, 0.05, 0.5, shared=0.3**2)
    assert found.all_of_own_errors == pytest.approx(0.2677, abs=0.004)
    assert found.any_of == pytest.approx(0.5375, abs=0.004)
    # One chi squared, as the published methods have it, is off by 3 points either way.
    published = power_of_both(means, variances, 0.3, 10.0, 0.05, 0.5)
    assert published.all_of == pytest.approx(0.2954, abs=1e-4)
    assert published.any_of == pytest.approx(0.5038, abs=1e-4)
    assert published.each == found.each


def test_levels_of_each_of_two_tests_by_hand() -> None:
    """Half; one less the root of .95; and of outcomes that are one, the whole level."""
    bonferroni, sidak, apart = adjusted_levels(0.05, 0.0).values()
    assert (bonferroni, sidak, apart) == pytest.approx((0.025, 1 - 0.95**0.5, 1 - 0.95**0.5))
    assert list(adjusted_levels(0.05, 1.0).values())[2] == pytest.approx(0.05)
    assert list(adjusted_levels(0.05, 0.5).values())[2] == pytest.approx(1 - 0.95 ** (2**-0.5))


def test_known_variances_and_no_correlation_are_products_of_normal_powers() -> None:
    found = power_of_both([2.0, 3.0], [1.0, 4.0], 0.0, np.inf, 0.1, 0.0)

    def power(z: float, level: float, sides: int = 2) -> float:
        critical = stats.norm.isf(level / sides)
        wrong = stats.norm.cdf(-critical - z) if sides == 2 else 0.0
        return float(stats.norm.sf(critical - z) + wrong)

    first, second = power(2.0, 0.1), power(1.5, 0.1)
    assert found.each == pytest.approx((first, second))
    assert found.all_of == pytest.approx(first * second)
    assert found.all_of_own_errors == pytest.approx(first * second)
    one_sided = power(2.0, 0.1, 1) * power(1.5, 0.1, 1)
    assert found.all_of_one_sided == pytest.approx(one_sided)
    half = power(2.0, 0.05), power(1.5, 0.05)
    assert found.any_of == pytest.approx(sum(half) - half[0] * half[1])
    critical = stats.chi2.isf(0.1, 2)
    assert found.at_least_one == pytest.approx(stats.ncx2.sf(critical, 2, 4.0 + 2.25))
    assert found.single == pytest.approx(power(3.5 / 2**0.5, 0.1))
    assert found.combined == pytest.approx(power(5.0 / 5.0**0.5, 0.1))
    levels = adjusted_levels(0.1, 0.0)
    assert found.adjusted == pytest.approx({k: power(1.5, one) for k, one in levels.items()})
