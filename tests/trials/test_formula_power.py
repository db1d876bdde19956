"""Power by formula against published examples, and against the errors published with some."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import stdtrit

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents, design_effect, from_correlations
from sim.trials.power.formula_power import (
    FormulaPower,
    clusters_per_arm,
    parallel_power,
    power_of_effect,
    size_per_cluster,
)
from sim.trials.power.gls_power import gls_standard_error
from sim.trials.power.noncentral_t import noncentral_t_sf, power_shifted_t, power_t, power_z
from tests.trials import schedules
from tests.trials.closed_forms import (
    baseline_factor,
    before_after,
    cluster_mean_correlation,
    from_within_between_individual,
    only_around_step,
    parallel_se,
    parallel_se_of_sizes,
    real_solution,
    stepped_wedge_se,
    without_transition,
)

EXAMPLES: dict[str, dict[str, float]] = json.loads(
    (Path(__file__).parent / "data" / "worked_examples.json").read_text("utf-8")
)


def one_tail(effect: float, se: float, df: float) -> float:
    """Power that counts rejections in the right direction only, as some calculators do."""
    return power_t(effect, se, df, wrong_direction=False)


def z_one_tail(effect: float, se: float) -> float:
    return power_z(effect, se, wrong_direction=False)


def real_clusters(se: Callable[[float], float], effect: float, target: float = 0.8) -> float:
    """Return clusters per arm, not rounded, for a t test with 2 (k - 1) degrees of freedom."""
    return real_solution(lambda k: one_tail(effect, se(k), 2 * (k - 1)), target, 2.01)


def sd_of(p0: float, p1: float) -> float:
    """Standard deviation of a binary outcome, its variance averaged over two proportions."""
    return math.sqrt((p0 * (1 - p0) + p1 * (1 - p1)) / 2)


def a01() -> float:
    return real_clusters(lambda k: parallel_se(1, (k, k), 150, 0.05), 0.4804988)


def a03() -> float:
    return one_tail(1, parallel_se(math.sqrt(5), (16, 16), 10, 0.1), 30)


def a05() -> float:
    return one_tail(0.2, parallel_se(1, (20, 20), 100, 0.1, cv=0.5), 38)


def a07() -> float:
    return z_one_tail(0.1, parallel_se(sd_of(0.1, 0.2), (13, 13), 150, 0.05))


def a09() -> float:
    return real_clusters(lambda k: parallel_se(sd_of(0.1, 0.2), (k, k), 10, 0.1), 0.1)


def change_clusters(size: int, effect: float, icc: float, cac: float, iac: float) -> float:
    factor = baseline_factor("change", cluster_mean_correlation(size, icc, cac, iac))
    return real_clusters(lambda k: parallel_se(1, (k, k), size, icc) * math.sqrt(factor), effect)


def a16() -> float:
    return real_solution(
        lambda k: z_one_tail(1.5, stepped_wedge_se(4, 5 * k, 5, 50, 0.2, 0.8)), 0.8, 0.1
    )


def binary_wedge(
    schedule: np.ndarray, sizes: object, p0: float, p1: float, **variances: float
) -> float:
    mean = (p0 + p1) / 2
    components = VarianceComponents(residual=mean * (1 - mean), **variances)
    return power_z(p1 - p0, gls_standard_error(schedule, np.asarray(sizes), components))


def a25() -> float:
    schedule = schedules.stepped_wedge([6] * 4, extra_intervention=3)
    return binary_wedge(schedule, 120.0, 0.05, 0.035, cluster=0.01**2)


def a27() -> float:
    return binary_wedge(
        schedules.stepped_wedge([6] * 4),
        120.0,
        0.05,
        0.035,
        cluster=0.01**2,
        treatment=0.0045**2,
        treatment_correlation=0.4,
    )


UNEQUAL = np.array(
    [
        [26, 493, 64, 45, 48, 231, 117, 17, 49, 36, 19, 77],
        [67, 590, 261, 212, 67, 318, 132, 58, 44, 57, 59, 78],
        [115, 532, 176, 199, 73, 293, 129, 79, 51, 62, 109, 94],
        [174, 785, 133, 79, 120, 305, 224, 99, 83, 79, 122, 122],
        [94, 961, 90, 131, 166, 352, 316, 59, 54, 131, 101, 133],
    ]
).T


def a29() -> float:
    return binary_wedge(
        schedules.stepped_wedge([3] * 4),
        UNEQUAL,
        0.08,
        0.06,
        cluster=0.017**2,
        treatment=0.006**2,
        treatment_correlation=-0.5,
    )


def cohort_of_eight(size: float, effect: float) -> float:
    schedule = schedules.stepped_wedge([4, 4])
    components = from_within_between_individual(0.095, 0.03, 0.015, 0.2)
    return power_z(effect, gls_standard_error(schedule, size, components))


def a35() -> float:
    """A risk difference; the risk under control drifts from 15.0 to 15.1% over the periods."""
    schedule = np.array([[0, 1, 1, 1]] * 6 + [[0, 0, 1, 1]] * 6, float)
    mean = np.linspace(0.150, 0.151, 4) + 0.05 * schedule
    correlation = from_within_between_individual(1.0, 0.02, 0.015, 0.015)
    scale = 1.0 / np.sqrt(mean * (1.0 - mean))
    return power_z(0.05, gls_standard_error(schedule, 100.0, correlation, scale=scale))


def best_adjusted() -> FormulaPower:
    """A baseline that is used as well as can be: with the best slope of cluster means."""
    factor = baseline_factor("ancova", cluster_mean_correlation(15, 0.05, 0.8, 0.6))
    se = parallel_se(1.0, (13, 13), 15, 0.05) * math.sqrt(factor)
    return power_of_effect(0.4, se, 23.0, "26 clusters - 3")


def a41() -> float:
    schedule = only_around_step(schedules.stepped_wedge([2] * 4), 2, 2)
    components = VarianceComponents(residual=4.0, cluster=0.36)
    return power_z(0.5, gls_standard_error(schedule, 80.0, components))


def wedge_z(
    clusters: list[int], size: float, effect: float, components: VarianceComponents
) -> float:
    return power_z(effect, gls_standard_error(schedules.stepped_wedge(clusters), size, components))


def a39() -> float:
    schedule = schedules.parallel(10, 10, periods=5)
    return power_z(0.25, gls_standard_error(schedule, 1.0, VarianceComponents(residual=0.25)))


def a49() -> float:
    schedule = schedules.crossover(3, 3, (2, 2))
    components = VarianceComponents(residual=4.0, cluster=0.33**2)
    return power_z(1.0, gls_standard_error(schedule, 10.0, components))


def harrison(correlation: VarianceComponents) -> float:
    """Log odds ratio in a logistic marginal model; the odds of an event fall once, at step 1."""
    schedule = schedules.stepped_wedge([24] * 4)
    base = math.log(0.08 / 0.92)
    effect = math.log(0.064 / 0.936) - base
    odds = np.exp(base - 0.15 * (np.arange(5) > 0) + effect * schedule)
    mean = odds / (1 + odds)
    scale = np.sqrt(mean * (1 - mean))
    return z_one_tail(effect, gls_standard_error(schedule, 40.0, correlation, scale=scale))


def a54() -> float:
    components = from_correlations(sd_of(0.08, 0.064) ** 2, 0.1)
    schedule = schedules.stepped_wedge([24] * 4)
    return z_one_tail(0.016, gls_standard_error(schedule, 40.0, components))


def a58hg() -> float:
    schedule = schedules.stepped_wedge([6] * 4)
    components = from_correlations(1.0, 0.02, cac=0.5)
    return one_tail(0.23, gls_standard_error(schedule, 8.0, components), 22)


def killip(size: int) -> float:
    """Percent power as in a published table that ignores that clusters are few."""
    se = parallel_se(1, (2, 2), size, 0.017)
    effective = math.floor(2 * size / design_effect(size, 0.017))
    del se
    return 100 * power_t(0.5, math.sqrt(2 / effective), 2 * effective - 2)


def counts(rate: float, ratio: float, clusters: int, steps: int, size: int, icc: float) -> float:
    """A stepped wedge of rates, with steps that take unequal numbers of clusters."""
    switched = [int(clusters * (step + 1) / steps) for step in range(steps)]
    sequence = np.diff([0, *switched])
    schedule = schedules.stepped_wedge(list(sequence))
    sd = (math.sqrt(rate) + math.sqrt(ratio * rate)) / 2
    components = VarianceComponents(residual=sd**2, cluster=sd**2 * icc / (1 - icc))
    effect = rate * (1 - ratio)
    return z_one_tail(effect, gls_standard_error(schedule, float(size), components))


def a68() -> float:
    return real_solution(
        lambda k: power_t(0.3, parallel_se(1, (k, k), 25, 0.05, cv=0.6), 2 * k - 2), 0.8, 2.01
    )


def a71gls() -> float:
    """Variance with equal baseline means: one period where nobody is treated, then two arms."""
    schedule = before_after(8, 8)
    components = from_correlations(1.0, 0.05, cac=0.4, iac=0.5)
    return gls_standard_error(schedule, 30.0, components) ** 2


def a77() -> float:
    """Shiny calculator: unequal sizes enter the design effect and the correlation of means."""
    inflation = design_effect(18, 0.05, cv=0.5) / 18
    correlation = cluster_mean_correlation(18, 0.05, 0.8, 0.0, cv=0.5)
    components = VarianceComponents(
        residual=inflation * (1 - correlation), cluster=inflation * correlation
    )
    return gls_standard_error(schedules.stepped_wedge([7, 7]), 1.0, components)


HUSSEY = {"residual": 0.041 * 0.959, "cluster": 0.025**2}
ANSWERS: dict[str, Callable[[], float]] = {
    "A01": a01,
    "A03": a03,
    "A05": a05,
    "A07": a07,
    "A09": a09,
    "A12": lambda: change_clusters(100, 0.5, 0.05, 0.5, 0.7),
    "A14": lambda: change_clusters(150, 0.48, 0.05, 0.3, 0.7),
    "A16": a16,
    "A17": lambda: counts(1.75, 0.9, 21, 6, 30, 0.01),
    "A25": a25,
    "A27": a27,
    "A29": a29,
    "A31": lambda: cohort_of_eight(24, 0.2),
    "A33": lambda: cohort_of_eight(10, 0.15),
    "A35": a35,
    "A37": lambda: wedge_z([3] * 3, 50, 0.2, VarianceComponents(residual=1.0)),
    "A39": a39,
    "A41": a41,
    "A43": lambda: wedge_z(
        [3] * 3,
        3,
        5.0,
        VarianceComponents(25.0, cluster=1.0, individual=9.0, individual_decay=0.75),
    ),
    "A45": lambda: wedge_z(
        [6] * 4, 100, 0.018, VarianceComponents(**HUSSEY, cluster_period=0.01**2 + 0.1**2 / 100)
    ),
    "A47": lambda: wedge_z(
        [6] * 4,
        100,
        0.018,
        VarianceComponents(
            0.0, cluster=0.025**2, individual=0.01, cluster_decay=0.5, individual_decay=0.5
        ),
    ),
    "A49": a49,
    "A54": a54,
    "A55": lambda: harrison(VarianceComponents(residual=0.9, cluster=0.1)),
    "A57": lambda: harrison(VarianceComponents(residual=0.9, cluster=0.1, cluster_decay=0.56)),
    "A58hg": a58hg,
    "A63": lambda: counts(1.55, 0.87, 10, 5, 20, 0.2),
    "A66": lambda: parallel_power(0.4, 1.0, 8, 30, 0.05, test="cluster-summary").power,
    "A68": a68,
    "A70": lambda: cluster_mean_correlation(30, 0.05, 0.4, 0.5),
    "A71gls": a71gls,
    "A75": lambda: best_adjusted().se,
    "A77": a77,
}
# A61 counts people as if they were clusters.
NOT_REPRODUCED = {"A61b", "A61d"}


def test_every_example_is_answered() -> None:
    assert set(ANSWERS) | NOT_REPRODUCED == set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_worked_example(name: str) -> None:
    example = EXAMPLES[name]
    answer = ANSWERS[name]()
    assert answer == pytest.approx(example["recomputed"], rel=1e-9)
    if example["published"] is not None:
        assert abs(answer - example["published"]) <= example["tol"]


# Published or packaged answers that are wrong.


def test_a_stale_count_of_clusters_is_not_repeated() -> None:
    sd = sd_of(0.1, 0.2)
    assert clusters_per_arm(0.8, 0.1, sd, 10, 0.1) == 39, "not 38"
    assert clusters_per_arm(0.8, 0.1, sd, 150, 0.05) == 13, "12.09 is not 12"


def test_unequal_sizes_lower_power() -> None:
    sizes = [100, 50, 25, 100, 100]
    got = parallel_power(0.2, 1.0, 5, [sizes, sizes], 0.1)
    assert one_tail(0.2, got.se, 8.0) == pytest.approx(0.12796, abs=2e-5), "not 0.13315"
    assert 7.0 < got.df < 8.0, "unequal clusters tell less of the variance between them"
    equal = parallel_power(0.2, 1.0, 5, float(np.mean(sizes)), 0.1)
    assert got.power < equal.power
    assert parallel_power(0.2, 1.0, 5, 75.0, 0.1, cv=0.4).power < equal.power


def test_periods_are_in_the_model() -> None:
    schedule = schedules.stepped_wedge([4, 4])
    components = from_within_between_individual(0.095, 0.03, 0.015, 0.2)
    power = power_z(0.15, gls_standard_error(schedule, 10, components))
    assert power == pytest.approx(EXAMPLES["A33"]["recomputed"]), "not .96, as without periods"


def test_which_t_is_used_is_stated_and_both_are_given() -> None:
    got = best_adjusted()
    assert got.test == "noncentral t"
    assert (got.df, got.df_rule) == (23.0, "26 clusters - 3")
    assert got.power == pytest.approx(0.9791043452, abs=2e-9)
    assert got.power_shifted_t == pytest.approx(0.9768779238, abs=2e-10)
    assert z_one_tail(0.4, got.se) == pytest.approx(0.9866381510, abs=2e-10)
    se = a77()
    assert power_shifted_t(0.3, se, 10) == pytest.approx(0.3839154498, abs=1e-9)
    assert z_one_tail(0.3, se) == pytest.approx(0.4859649798, abs=1e-9)


@pytest.mark.parametrize(("size", "percent"), [(10, 15), (20, 21), (40, 29), (80, 37)])
def test_few_clusters_count_as_few(size: int, percent: int) -> None:
    got = parallel_power(0.5, 1.0, 2, size, 0.017, test="cluster-summary")
    assert got.df == 2
    assert parallel_power(0.5, 1.0, 2, size, 0.017).power < got.power, "a variance stays at zero"
    assert 100 * got.power == pytest.approx(percent, abs=0.7)
    if size in (20, 80):
        example = EXAMPLES["A61b" if size == 20 else "A61d"]
        assert killip(size) == pytest.approx(example["published"], abs=1.0), "people as clusters"
        assert killip(size) == pytest.approx(example["recomputed"], rel=1e-9)


# Known answers, identities and directions.


@pytest.mark.parametrize(
    ("t", "df", "ncp"),
    [
        (2.0, 10, 1.0),
        (12.7, 1, 5.0),
        (1.97, 400, 3.0),
        (1.96, 1e4, 2.8),
        (4.3, 2, 0.5),
        (2, 10, -2),
    ],
)
def test_noncentral_t_is_a_normal_over_its_estimated_error(t: float, df: float, ncp: float) -> None:
    """Integrated here over the ratio s of estimated to true standard error, s^2 df ~ chi2(df)."""
    spread = 12.0 / np.sqrt(2.0 * df)
    ratios = np.linspace(max(1.0 - spread, 0.0), 1.0 + spread, 200_001)
    density = stats.chi.pdf(ratios * np.sqrt(df), df) * np.sqrt(df)
    found = np.trapezoid(stats.norm.sf(t * ratios - ncp) * density, ratios)
    assert noncentral_t_sf(t, df, ncp) == pytest.approx(found, abs=1e-7)


def test_noncentral_t_at_its_ends() -> None:
    assert noncentral_t_sf(2.0, 7, 0.0) == pytest.approx(stats.t.sf(2.0, 7), abs=1e-13)
    assert noncentral_t_sf(2.0, math.inf, 1.0) == pytest.approx(stats.norm.sf(1.0))
    assert 0.0 <= noncentral_t_sf(2.0, 74.1, -30.0) < 1e-12, "the far tail is a number"
    nan = (10.255470089450789, 16.623843590135227, -19.014932764652038)
    assert 0.0 <= noncentral_t_sf(*nan) < 1e-12, "even where SciPy gives NaN"
    assert noncentral_t_sf(2.0, 5.0, 60.0) == 1.0
    assert power_t(0.0, 1.0, 9.0) == pytest.approx(0.05)
    assert power_t(0.0, 1.0, 9.0, sides=1) == pytest.approx(0.05)


def test_gls_gives_the_closed_formulas() -> None:
    components = from_correlations(4.0, 0.05, cac=0.8, iac=0.6)
    # One period; two periods with equal baselines; a complete stepped wedge.
    one = gls_standard_error(schedules.parallel(8, 6), 20.0, components)
    assert one == pytest.approx(parallel_se(2, (8, 6), 20, 0.05), rel=1e-12)
    sizes = [[10.0, 20, 30], [5.0, 50]]
    uneven = gls_standard_error(schedules.parallel(3, 2), np.concatenate(sizes), components)
    assert uneven == pytest.approx(parallel_se_of_sizes(2, sizes, 0.05), rel=1e-12)
    two = gls_standard_error(before_after(7, 7), 20.0, components)
    correlation = cluster_mean_correlation(20, 0.05, 0.8, 0.6)
    factor = baseline_factor("ancova", correlation)
    assert two == pytest.approx(parallel_se(2, (7, 7), 20, 0.05) * math.sqrt(factor), rel=1e-12)
    wedge = gls_standard_error(schedules.stepped_wedge([3] * 4), 20.0, components)
    assert wedge == pytest.approx(stepped_wedge_se(2, 12, 4, 20, 0.05, 0.8, 0.6), rel=1e-12)


def test_cell_means_carry_all_information() -> None:
    """GLS on every person of a small cohort gives the standard error that cell means give."""
    schedule = schedules.stepped_wedge([1, 1, 1])
    components = VarianceComponents(2.0, cluster=0.5, cluster_period=0.3, individual=0.7)
    information = np.zeros((5, 5))
    people, periods = 3, 4
    for row in schedule:
        period = np.tile(np.arange(periods), people)
        person = np.repeat(np.arange(people), periods)
        V = (
            0.5
            + 0.3 * np.equal.outer(period, period)
            + 0.7 * np.equal.outer(person, person)
            + 2.0 * np.eye(period.size)
        )
        Z = np.column_stack([np.eye(periods)[period], row[period]])
        information += Z.T @ np.linalg.solve(V, Z)
    expected = math.sqrt(np.linalg.inv(information)[-1, -1])
    assert gls_standard_error(schedule, people, components) == pytest.approx(expected, rel=1e-12)


def test_a_period_without_people_is_a_period_not_measured() -> None:
    schedule = schedules.stepped_wedge([2, 2, 2])
    sizes = np.full(schedule.shape, 12.0)
    transition = without_transition(schedule)
    sizes[np.isnan(transition)] = 0.0
    components = from_correlations(1.0, 0.05, 0.8, 0.5)
    blank = gls_standard_error(transition, 12.0, components)
    assert blank == pytest.approx(gls_standard_error(schedule, sizes, components), rel=1e-12)
    assert blank > gls_standard_error(schedule, 12.0, components)


def test_schedules_look_as_they_should() -> None:
    assert schedules.stepped_wedge([1, 2]).tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 1]]
    assert schedules.crossover(1, 1).tolist() == [[0, 1], [1, 0]]
    assert before_after(1, 1, 1, 2).tolist() == [[0, 0, 0], [0, 1, 1]]
    limited = only_around_step(schedules.stepped_wedge([1, 1, 1, 1]), 1, 1)
    assert (~np.isnan(limited)).sum(axis=1).tolist() == [2, 2, 2, 2]


@given(
    size=st.integers(2, 200),
    icc=st.floats(0.0, 0.5),
    cac=st.floats(0.0, 1.0),
    iac=st.floats(0.0, 1.0),
)
def test_correlations_and_variances_say_the_same(
    size: int, icc: float, cac: float, iac: float
) -> None:
    components = from_correlations(3.0, icc, cac, iac)
    V = components.cell_covariance(np.zeros(2), np.full(2, float(size)))
    assert V[0, 0] == pytest.approx(3.0 * design_effect(size, icc) / size, rel=1e-9)
    assert V[0, 1] / V[0, 0] == pytest.approx(
        cluster_mean_correlation(size, icc, cac, iac), rel=1e-9, abs=1e-12
    )


@given(
    clusters=st.integers(3, 30),
    size=st.floats(2, 100),
    icc=st.floats(0.001, 0.3),
    effect=st.floats(0.05, 1.0),
)
def test_power_moves_the_right_way(clusters: int, size: float, icc: float, effect: float) -> None:
    def power(effect: float, clusters: int, size: float, icc: float, **more: float) -> float:
        return parallel_power(
            effect, 1.0, clusters, size, icc, test="cluster-summary", **more
        ).power

    base = power(effect, clusters, size, icc)
    slack = 1e-9
    assert 0.05 - slack <= base <= 1 + slack
    assert power(effect, clusters + 1, size, icc) >= base - slack
    assert power(effect, clusters, size + 1, icc) >= base - slack
    assert power(effect, clusters, size, icc + 0.01) <= base + slack
    assert power(effect * 1.1, clusters, size, icc) >= base - slack
    if size >= 8.0:  # Of fewer people whole clusters are lost, and degrees of freedom with them.
        assert power(effect, clusters, size, icc, attrition=0.2) <= base + slack
    got = parallel_power(effect, 1.0, clusters, size, icc)
    assert 0.0 <= got.power <= base + 1e-6, "a variance that stops at zero costs power"
    assert got.at(effect * 1.1).power >= got.power - slack
    assert got.power <= got.power_z + slack


def test_required_sizes_are_the_smallest_that_suffice() -> None:
    k = clusters_per_arm(0.85, 0.3, 1.0, 15, 0.05, analysis="ancova", cac=0.8, iac=0.6)
    options = {"analysis": "ancova", "cac": 0.8, "iac": 0.6}
    assert parallel_power(0.3, 1.0, k, 15, 0.05, **options).power >= 0.85
    assert parallel_power(0.3, 1.0, k - 1, 15, 0.05, **options).power < 0.85
    n = size_per_cluster(0.8, 0.4, 1.0, 12, 0.05)
    assert parallel_power(0.4, 1.0, 12, n, 0.05).power >= 0.8
    assert parallel_power(0.4, 1.0, 12, n - 1, 0.05).power < 0.8
    with pytest.raises(InputError, match="add clusters"):
        size_per_cluster(0.9, 0.2, 1.0, 5, 0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parallel_power(0.3, 1.0, 1, 10, 0.05), "0 degrees of freedom are left"),
        (lambda: parallel_power(0.3, 1.0, 5, 10, 1.5), "icc: 1.5 must lie between 0 and 1"),
        (lambda: parallel_power(0.3, -1.0, 5, 10, 0.05), "sd: -1.0 must be greater than 0"),
        (lambda: parallel_power(0.3, 1.0, 5, 0, 0.05), "size: 0.0 must be greater than 0"),
        (lambda: parallel_power(0.3, 1.0, 5, 10, 0.05, analysis="ancov"), "did you mean 'ancova'"),
        (lambda: parallel_power(0.3, 1.0, 5, 10, 0.05, alpha=0.0), "alpha: 0.0 must lie"),
        (lambda: parallel_power(0.3, 1.0, 5, 10, 0.05, sides=3), "sides: 3 must be 1 or 2"),
        (lambda: parallel_power(0.3, 1.0, 5, 10, 0.05, attrition=1.0), "attrition"),
        (lambda: parallel_power(0.3, 1.0, 5, [[10.0] * 5], 0.05), "it must list 5 and 5"),
        (lambda: clusters_per_arm(1.2, 0.3, 1.0, 10, 0.05), "power: 1.2 must lie between 0 and 1"),
        (lambda: clusters_per_arm(0.8, 0.0, 1.0, 10, 0.05), "cannot be reached"),
        (lambda: power_of_effect(math.nan, 1.0, 5, "given"), "effect"),
        (lambda: from_correlations(1.0, 0.05, cac=2.0), "cac: 2.0"),
        (lambda: VarianceComponents(residual=-1.0), "variance 'residual': -1.0"),
        (
            lambda: gls_standard_error(np.zeros((4, 3)), 5, VarianceComponents(1.0)),
            "nothing to comp",
        ),
        (
            lambda: gls_standard_error(np.tile([0.0, 1.0], (4, 1)), 5, VarianceComponents(1.0)),
            "cannot be told from the periods",
        ),
        (
            lambda: gls_standard_error(
                schedules.stepped_wedge([2, 2]), np.ones((2, 2)), VarianceComponents(1.0)
            ),
            "does not fit 4 clusters by 3 periods",
        ),
    ],
)
def test_what_cannot_be_planned(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize(("clusters", "effect"), [(2, 8.0), (2, 6.0), (3, 6.0)])
def test_satterthwaite_with_few_clusters_is_that_of_drawn_mean_squares(
    clusters: int, effect: float
) -> None:
    """Between a variance at zero and one above it, however small, degrees of freedom jump.

    Interpolated they made power .54 where it is .42 (4 clusters, effect 8).
    """
    size, icc, sd, draws = 60, 0.05, 10.0, 200_000
    rng = np.random.default_rng(7)
    few, many = 2 * (clusters - 1), 2 * clusters * (size - 1)
    within = sd**2 * (1.0 - icc) * rng.chisquare(many, draws) / many
    true = sd**2 * (1.0 + (size - 1) * icc)
    between = true * rng.chisquare(few, draws) / few
    zero = between < within
    pooled = (few * between + many * within) / (few + many)
    per = 2.0 / (clusters * size)
    t = rng.normal(effect, np.sqrt(per * true), draws) / np.sqrt(
        per * np.where(zero, pooled, between)
    )
    critical = -stdtrit(np.where(zero, few + many, few), 0.025)
    found = parallel_power(effect, sd, clusters, size, icc, test="satterthwaite").power
    assert found == pytest.approx((np.abs(t) > critical).mean(), abs=0.006)


@pytest.mark.parametrize(("clusters", "size"), [(3, 2), (3, 3)])
def test_a_trial_whose_losses_may_empty_an_arm_is_refused(clusters: int, size: int) -> None:
    """Two clusters with one person each told nothing, and their power was no number."""
    with pytest.raises(InputError, match="^size: of so few people"):
        parallel_power(4.0, 10.15, clusters, size, 0.03, analysis="ancova", iac=0.6, attrition=0.5)


def test_a_size_too_small_for_a_trial_does_not_end_the_search_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.trials.power.drawn_sizes.DRAWS", 30)
    losses = {"analysis": "ancova", "cac": 0.8, "iac": 0.6, "attrition": 0.5}
    found = size_per_cluster(0.5, 25.0, 10.15, 4, 0.03, **losses)
    assert parallel_power(25.0, 10.15, 4, float(found), 0.03, drawn=True, **losses).power >= 0.5
    with pytest.raises(InputError, match="^size: of so few people"):
        parallel_power(25.0, 10.15, 4, 1.0, 0.03, drawn=True, **losses)
