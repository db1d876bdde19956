"""The power of given tests, and what a parallel trial makes of its inputs: worked by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.power import formula_power as module
from sim.trials.power.drawn_variances import Drawn
from sim.trials.power.expected_test import ExpectedTest
from sim.trials.power.formula_power import (
    clusters_per_arm,
    dealt_strata,
    parallel_power,
    power_of_effect,
    power_of_tests,
    size_per_cluster,
)
from sim.trials.power.noncentral_t import Floor, power_t
from tests.trials.closed_forms import two_sided_power

PLAIN = ExpectedTest(1.0, 1.0, 20.0, 20.0)


def test_power_is_averaged_over_tests() -> None:
    """Errors of 1 and 2: mean square 2.5; half of the effect is expected of the second."""
    tests = (PLAIN, ExpectedTest(2.0, 2.0, 10.0, 6.0, share=0.5, cost=1.0))
    found = power_of_tests(3.0, tests, "rule")
    second = power_t(1.5, sqrt(5.0), 10.0, 0.05, 2, model_se=2.0, spread_df=6.0)
    assert found.power == pytest.approx((two_sided_power(3.0, 20.0) + second) / 2)
    assert (found.se, found.model_se) == pytest.approx((sqrt(2.5), sqrt(2.5)))
    assert found.spread == pytest.approx(sqrt(3.0))
    assert (found.df, found.spread_df) == (15.0, 13.0)
    assert (found.share, found.expected) == (0.75, 2.25)
    assert found.power_noncentral_t == pytest.approx(two_sided_power(2.25 / sqrt(2.5), 15.0))
    z = 2.25 / sqrt(2.5)
    assert found.power_z == pytest.approx(
        stats.norm.sf(1.959964 - z) + stats.norm.cdf(-1.959964 - z)
    )
    critical = stats.t.isf(0.025, 15.0)
    assert found.power_shifted_t == pytest.approx(stats.t.sf(critical - z, 15.0), abs=1e-4)
    one_sided = power_of_tests(3.0, tests, "rule", 0.05, 1)
    critical = stats.t.isf(0.05, 15.0)
    assert one_sided.power_shifted_t == pytest.approx(stats.t.sf(critical - z, 15.0), abs=1e-4)
    assert found.at(0.0).power == found.type_i_error
    assert "tests" not in found.as_dict()
    assert found.test == "noncentral t"
    assert power_of_effect(3.0, 1.0, inf, "").test == "z"


def test_a_floor_is_that_of_the_test_and_in_units_of_its_spread() -> None:
    low = replace(
        PLAIN, floor=0.8, floor_df=40.0, floor_se=1.1, pooled_df=50.0, near_df=15.0, cost=0.21
    )
    found = power_of_tests(3.0, (low,), "")
    floor = Floor(0.8, 40.0, 1.0, 50.0, 15.0)
    wanted = power_t(3.0, 1.1, 20.0, 0.05, 2, model_se=1.0, spread_df=20.0, floor=floor)
    assert found.power == pytest.approx(wanted)
    slight = replace(low, floor=0.009)
    bottom = Floor(0.009, 40.0, 1.0, 50.0, 15.0)
    wanted = power_t(3.0, 1.1, 20.0, 0.05, 2, model_se=1.0, spread_df=20.0, floor=bottom)
    assert power_of_tests(3.0, (slight,), "").power == pytest.approx(wanted)
    # Less than one degree of freedom of the spread counts as one.
    little = power_of_tests(3.0, (replace(PLAIN, spread_df=0.5),), "").power
    assert little == pytest.approx(power_t(3.0, 1.0, 20.0, 0.05, 2, model_se=1.0, spread_df=1.0))


def test_drawn_errors_and_arms_have_powers_of_their_own() -> None:
    errors = Drawn(0.5, 1.0, np.zeros(4), np.array([0.9, 1.0, 1.1, 1.2]), np.full(4, 20.0))
    found = power_of_tests(6.0, (replace(PLAIN, drawn=errors, share=0.5),), "")
    critical = stats.t.isf(0.025, 20.0) * errors.se
    by_hand = stats.norm.sf(critical - 3.0) + stats.norm.cdf(-critical - 3.0)
    assert found.power == pytest.approx(by_hand.mean())
    assert found.model_se == pytest.approx(sqrt(np.mean(errors.se**2)))
    arms = (ExpectedTest(0.6, 0.6, 9.0, 9.0), ExpectedTest(0.8, 0.8, 400.0, 400.0))
    both = replace(PLAIN, arms=arms)
    two = power_of_tests(2.5, (both,), "").power
    right, wrong = (module.two_variance_power((one,), arms, 0.025, False) for one in (2.5, -2.5))
    assert two == pytest.approx(right + wrong)
    assert power_of_tests(2.5, (both,), "", 0.025, 1).power == pytest.approx(right)
    half = power_of_tests(5.0, (replace(both, se=2.0),), "", 0.025, 1).power
    assert half == pytest.approx(right), "in standard errors"
    bounds = Bounds(-2.0, 2.0)
    equal = power_of_tests(0.5, (both,), "", 0.05, 1, bounds=bounds).power
    assert equal == pytest.approx(module.two_variance_power((2.5, 1.5), arms, 0.05, True))
    above = power_of_tests(0.5, (both,), "", 0.05, 1, bounds=Bounds(-2.0, inf)).power
    assert above == pytest.approx(module.two_variance_power((2.5,), arms, 0.05, False))


def test_a_hypothesis_has_its_error_at_the_bound() -> None:
    half = replace(PLAIN, share=0.5)
    for bounds, at in ((Bounds(-2.0, inf), -2.0), (Bounds(-inf, 2.0), 2.0)):
        found = power_of_tests(0.0, (half,), "").against(bounds, 0.025)
        assert (found.alpha, found.sides, found.bounds) == (0.025, 1, bounds)
        assert found.type_i_error == pytest.approx(0.025)
        assert found.at(at / 0.5).power == pytest.approx(0.025)
        assert found.power_shifted_t == pytest.approx(
            stats.t.sf(stats.t.isf(0.025, 20.0) - 2.0, 20.0), abs=1e-4
        )
    plain = power_of_tests(3.0, (PLAIN,), "")
    assert plain.against(None) is plain
    assert plain.against(Bounds(-2.0, inf)).alpha == 0.05
    remade = power_of_tests(3.0, (PLAIN,), "", at=lambda effect: power_of_effect(7.0, 1.0, 9.0, ""))
    assert remade.at(1.0).effect == 7.0
    bound = remade.against(Bounds(-2.0, inf), 0.01).at(1.0)
    assert (bound.effect, bound.alpha, bound.bounds) == (7.0, 0.01, Bounds(-2.0, inf))


def test_power_with_other_numbers_than_the_formulas() -> None:
    """Each of several tests is stretched; degrees of freedom never fall below one."""
    cost = replace(PLAIN, cost=0.44, model_se=0.8)
    found = power_of_tests(2.0, (cost,), "")
    assert found.spread == pytest.approx(1.2)
    got = found.but(expected=2.5, se=2.4, model_se=1.5, df=10.0)
    wanted = power_t(2.5, 2.4, 10.0, 0.05, 2, model_se=1.5, spread_df=10.0)
    assert got == pytest.approx(wanted)
    least = power_of_tests(2.0, (replace(PLAIN, df=2.0, spread_df=2.0),), "")
    assert least.but(2.0, 1.0, 1.0, 0.5) == pytest.approx(two_sided_power(2.0, 1.0), abs=1e-9)
    drawn = Drawn(1.0, 1.0, np.array([0.1, -0.1]), np.array([0.9, 1.1]), np.full(2, 20.0))
    own = power_of_tests(2.0, (replace(PLAIN, drawn=drawn),), "")
    reckoned = own.model_se
    other = Drawn(1.0, 2.0, 2.0 * drawn.shift, 1.5 * drawn.se, np.full(2, 10.0))
    got = own.but(2.5, 2.0, 1.5 * reckoned, 10.0)
    assert got == pytest.approx(other.power(2.0, 0.05, 2, None, 0.5))


def test_what_no_test_has() -> None:
    for df, told in ((0.99, True), (1.0 - 1e-7, False), (1.0, False), (nan, True)):
        if told:
            with pytest.raises(InputError, match="too few, .* degrees of freedom are left"):
                power_of_effect(1.0, 1.0, df, "rule")
        else:
            assert power_of_effect(1.0, 1.0, df, "rule").df == df
    for alpha in (0.0, 1.0):
        with pytest.raises(InputError, match="alpha"):
            power_of_effect(1.0, 1.0, 5.0, "", alpha)
    for sides in (0, 3):
        with pytest.raises(InputError, match="sides"):
            power_of_effect(1.0, 1.0, 5.0, "", 0.05, sides)
    with pytest.raises(InputError, match="standard error"):
        power_of_effect(1.0, 0.0, 5.0, "")
    assert power_of_effect(1.0, 1.0, 5.0, "", model_se=2.0).model_se == 2.0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"clusters": (0, 5)}, "clusters"),
        ({"clusters": (5, 5, 5)}, "clusters"),
        ({"cv": -0.005}, "cv"),
        ({"effect_sd": -0.005}, "effect_sd"),
        ({"effect_sd": inf}, "effect_sd"),
        ({"attrition": 1.0}, "leaves nobody to analyse"),
        ({"cluster_covariates": 8}, "0 degrees of freedom are left \\(10 clusters - 10\\)"),
        ({"size": [[10.0] * 5, [10.0] * 4]}, "it must list 5 and 5 cluster sizes"),
        ({"size": [[10.0] * 5, [10.0] * 4 + [0.0]]}, "size"),
    ],
)
def test_inputs_of_no_parallel_trial(changes: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"clusters": (5, 5), "size": 10.0, "test": "cluster-summary", **changes}
    with pytest.raises(InputError, match=told):
        parallel_power(1.0, 2.0, icc=0.1, **given)


def test_inputs_at_the_ends_of_what_may_be() -> None:
    given: dict[str, Any] = {"size": 10.0, "icc": 0.1, "test": "cluster-summary"}
    least = parallel_power(1.0, 2.0, (1, 2), **given)
    assert (least.df, least.se) == pytest.approx((1.0, sqrt(0.76 * 1.5)))
    assert parallel_power(1.0, 2.0, (5, 5), cluster_covariates=7, **given).df == 1.0
    found = parallel_power(1.0, 2.0, 5, **given)
    # 4 (.1 + .9 / 10) in five clusters an arm.
    assert found.se == pytest.approx(sqrt(2.0 * 0.76 / 5.0))
    assert found.power == pytest.approx(two_sided_power(1.0 / found.se, 8.0))
    assert (found.alpha, found.sides, found.df_rule) == (0.05, 2, "10 clusters - 2")
    listed = parallel_power(
        1.0, 2.0, (2, 3), [[5.0, 10.0], [10.0] * 3], 0.1, test="cluster-summary"
    )
    control = 4.0 * (0.1 + 0.9 * (0.2 + 0.1) / 2)
    assert listed.se == pytest.approx(sqrt(control / 2 + 0.76 / 3))
    lost = parallel_power(1.0, 2.0, 5, attrition=0.4, **{**given, "size": 20.0})
    assert lost.se == pytest.approx(sqrt(2.0 * 4.0 * (0.1 + 0.9 / 12.0) / 5.0))
    means = parallel_power(1.0, 2.0, 5, drawn=False, cv=0.9, **given)
    assert means.se == found.se
    assert len(parallel_power(1.0, 2.0, 5, cv=0.9, **given).tests) > 1


def test_the_rule_of_degrees_of_freedom_is_told() -> None:
    given: dict[str, Any] = {"size": 10.0, "icc": 0.1}
    assert parallel_power(1.0, 2.0, 8, **given).df_rule == "16 clusters - 2"
    slope = parallel_power(1.0, 2.0, 8, analysis="ancova", iac=0.5, **given)
    assert slope.df_rule == "16 clusters - 2, less what the slope of the baseline takes"
    pooled = parallel_power(1.0, 2.0, 8, analysis="ancova", test="cluster-summary", **given)
    assert pooled.df_rule == "16 clusters - 2"
    sizes = [[2.0, 20.0] * 4, [2.0, 20.0] * 4]
    uneven = parallel_power(1.0, 2.0, 8, sizes, 0.1)
    assert uneven.df_rule == "Satterthwaite's, expected; 16 clusters - 2 with equal sizes"


def test_strata_have_treated_clusters_in_proportion() -> None:
    """Of 7 and 3 clusters in strata of 4, 3 and 3: 1 or 2 treated in the largest."""
    assert dealt_strata((2, 2), 1).tolist() == [0, 0, 0, 0]
    assert dealt_strata((3, 3), 3).tolist() == [0, 1, 2, 0, 1, 2]
    found = dealt_strata((7, 3), 3)
    assert np.bincount(found).tolist() == [4, 3, 3]
    assert np.bincount(found[7:]).tolist() == [1, 1, 1]
    more = dealt_strata((4, 6), 3)
    assert np.bincount(more).tolist() == [4, 3, 3]
    # 2.4, 1.8 and 1.8 are owed.
    assert np.bincount(more[4:]).tolist() == [2, 2, 2]


def test_clusters_that_are_enough_are_looked_for_from_the_least() -> None:
    """Three means at least leave a degree of freedom: two clusters an arm; of a slope too."""
    strong: dict[str, Any] = {"effect": 1e3, "sd": 1.0, "size": 10.0, "icc": 0.1}
    assert clusters_per_arm(0.8, **strong, test="cluster-summary") == 2
    assert clusters_per_arm(0.8, **strong, cluster_covariates=2, test="cluster-summary") == 3
    assert clusters_per_arm(0.8, **strong, analysis="ancova", iac=0.5) == 2
    assert clusters_per_arm(0.8, **strong, analysis="ancova", iac=0.5, cluster_covariates=1) == 3
    with pytest.raises(InputError, match="cannot be reached"):
        clusters_per_arm(0.9, 1e-4, 1.0, 10.0, 0.1, test="cluster-summary")


def test_a_size_that_is_enough_with_sizes_at_their_mean_is_drawn_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, bool]] = []

    def power(size: int, drawn: bool) -> float:
        asked.append((size, drawn))
        if drawn and size < 12:
            raise InputError("nobody left")
        return 0.9 if size >= (15 if drawn else 10) else 0.5

    assert module._smallest(power, 0.8, 1, 1000) == 15
    assert (10, False) in asked
    assert (10, True) in asked
    one = size_per_cluster(0.5, 5.0, 10.0, 12, 0.05, test="cluster-summary")

    def of_size(size: float) -> float:
        return parallel_power(5.0, 10.0, 12, size, 0.05, test="cluster-summary").power

    assert of_size(float(one)) >= 0.5 > of_size(one - 1.0)
    with pytest.raises(InputError, match="cannot be reached with 4 clusters per arm of any size"):
        size_per_cluster(0.9, 1.0, 10.0, 4, 0.3)
