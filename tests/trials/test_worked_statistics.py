"""Small statistics of trials, each worked by hand or beside another library."""

from __future__ import annotations

from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses import trial_result
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.hypothesis import (
    EQUIVALENCE,
    NON_INFERIORITY,
    SUPERIORITY,
    TWO_SIDED,
    Bounds,
    bounds_of,
    told,
)
from sim.trials.analyses.rubin import pool
from sim.trials.analyses.trial_result import TrialResult, as_table, failed_result, from_table
from sim.trials.data.agent_calendar import (
    measured_weeks,
    refuse_taking_away,
    start_weeks,
    takes_away,
)
from sim.trials.data.data import TrialData
from sim.trials.data.moments import average_moments, known_means, trial_moments
from sim.trials.designs.correlation import (
    VarianceComponents,
    check_positive,
    check_share,
    design_effect,
    from_correlations,
)
from sim.trials.designs.design import ReadinessEntry, crossover, parallel, stepped_wedge


@pytest.mark.parametrize("unit", [0.01, 1.0])
def test_rubins_rules_with_barnard_and_rubins_degrees_of_freedom(unit: float) -> None:
    """Within 5, between 4, so 5 + 4/3 x 4; a share of 16/31, 2/share^2 and 20 x 21/23 x 15/31."""
    found = pool(unit * np.array([1.0, 3.0, 5.0]), unit**2 * np.array([4.0, 5.0, 6.0]), 20.0)
    share = 16.0 / 31.0
    old, observed = 2.0 / share**2, 20.0 * 21.0 / 23.0 * (15.0 / 31.0)
    df = 1.0 / (1.0 / old + 1.0 / observed)
    se = unit * sqrt(31.0 / 3.0)
    assert (found.estimate, found.se, found.df) == pytest.approx((3.0 * unit, se, df))
    assert (found.missing_information, found.imputations) == (pytest.approx(share), 3)
    assert found.complete_df == 20.0
    assert found.p == pytest.approx(2.0 * stats.t.sf(3.0 * unit / se, df))
    assert found.ci95[1] == pytest.approx(3.0 * unit + stats.t.ppf(0.975, df) * se)


def test_imputations_that_agree_cost_only_what_complete_data_do() -> None:
    found = pool(np.array([2.0, 2.0]), np.array([1.0, 1.0]), 10.0)
    assert (found.missing_information, found.df) == (0.0, pytest.approx(110.0 / 13.0))
    tiny = pool(np.array([2.0, 2.0 + 1e-4]), np.array([1.0, 1.0]), 10.0)
    assert tiny.df == pytest.approx(110.0 / 13.0, rel=1e-6)


def test_two_analyses_with_numbers_are_pooled() -> None:
    with pytest.raises(InputError, match="imputations = 1: at least 2"):
        pool(np.ones(1), np.ones(1), 5.0)
    for one in (nan, inf):
        for pair in ((np.array([1.0, one]), np.ones(2)), (np.ones(2), np.array([1.0, one]))):
            with pytest.raises(InputError, match="every analysis must have an estimate"):
                pool(*pair, 5.0)


def test_bounds_of_each_hypothesis() -> None:
    assert bounds_of(TWO_SIDED, 0.0, False) is None
    assert bounds_of(SUPERIORITY, 0.0, False) == Bounds(0.0, inf)
    assert bounds_of(SUPERIORITY, 0.0, True) == Bounds(-inf, 0.0)
    assert bounds_of(NON_INFERIORITY, 0.005, False) == Bounds(-0.005, inf)
    assert bounds_of(NON_INFERIORITY, 2.0, True) == Bounds(-inf, 2.0)
    assert bounds_of(EQUIVALENCE, 2.0, True) == Bounds(-2.0, 2.0)
    for wrong in ((SUPERIORITY, 0.005), (TWO_SIDED, 1.0), (EQUIVALENCE, 0.0)):
        with pytest.raises(InputError, match="analysis.margin"):
            bounds_of(*wrong, False)


def test_a_hypothesis_rejects_by_its_worst_one_sided_test() -> None:
    equivalence = Bounds(-3.0, 2.0)
    assert equivalence.p(1.0, 0.5, 9.0) == pytest.approx(stats.t.sf(2.0, 9))
    assert equivalence.p(-2.0, 0.5, 9.0) == pytest.approx(stats.t.sf(2.0, 9))
    assert Bounds(-3.0, inf).p(1.0, 2.0, 9.0) == pytest.approx(stats.t.sf(2.0, 9))
    assert Bounds(-inf, 3.0).p(1.0, 2.0, 9.0) == pytest.approx(stats.t.sf(1.0, 9))
    assert equivalence.without_effect == Bounds(-5.0, 0.0)
    assert Bounds(-3.0, inf).without_effect == Bounds(0.0, inf)
    assert Bounds(-inf, 3.0).without_effect == Bounds(-inf, 0.0)


def test_hypotheses_in_words() -> None:
    assert told(TWO_SIDED, None, 0.05) == "two-sided at 0.05"
    assert told(EQUIVALENCE, Bounds(-2.0, 2.0), 0.05).startswith("equivalence within 2 by two")
    assert "an effect above -2, one-sided at 0.025" in told(
        NON_INFERIORITY, Bounds(-2.0, inf), 0.025
    )
    assert "an effect below 2, one-sided" in told(NON_INFERIORITY, Bounds(-inf, 2.0), 0.025)


def test_record_of_a_test_at_the_plans_level() -> None:
    answer = Answer(3.0, 0.005, 7.0, None, 2.0, 5.0)
    found = trial_result.tested_result(answer, 0.01, 90, 9, None)
    assert found.p == pytest.approx(2.0 * stats.t.sf(600.0, 7), rel=1e-6)
    assert found.high - 3.0 == pytest.approx(0.005 * stats.t.ppf(0.995, 7))
    assert 3.0 - found.low == pytest.approx(0.005 * stats.t.ppf(0.995, 7))
    assert (found.cluster_variance, found.residual_variance) == (2.0, 5.0)
    assert (found.analysed, found.clusters, found.failed) == (90, 9, False)
    one = Answer(1.0, 2.0, 0.005, 0.2, 2.0, 5.0)
    assert trial_result.tested_result(one, 0.05, 90, 9, None).p == 0.2
    assert trial_result.tested_result(one, 0.05, 90, 9, None).failed is False
    sided = trial_result.tested_result(
        Answer(1.0, 2.0, 7.0, 0.2, 2.0, 5.0), 0.05, 90, 9, Bounds(-3.0, inf)
    )
    assert sided.p == pytest.approx(stats.t.sf(2.0, 7))
    assert sided.high - 1.0 == pytest.approx(2.0 * stats.t.ppf(0.95, 7))


@pytest.mark.parametrize("wrong", [(nan, 1.0, 5.0), (1.0, 0.0, 5.0), (1.0, 1.0, 0.0)])
def test_a_test_without_a_number_is_a_failure(wrong: tuple[float, float, float]) -> None:
    found = trial_result.tested_result(Answer(*wrong, 0.5, 2.0, 5.0), 0.05, 90, 9, None)
    assert found.failed
    assert isnan(found.p)
    assert isnan(found.low)
    assert not found.singular
    assert (found.analysed, found.clusters) == (90, 9)


def test_results_are_stored_as_numbers_of_their_kinds() -> None:
    one = TrialResult(1.5, 0.5, 7.0, 0.25, 0.0, 3.0, 2.0, 5.0, True, False, 90, 9)
    assert as_table([]).shape == (0, 12)
    assert from_table(as_table([one])) == [one]
    assert from_table(as_table([failed_result(9, 3)]))[0].failed is True
    assert type(from_table(as_table([one]))[0].analysed) is int


def test_weeks_of_measurement_and_of_beginning() -> None:
    wedge = stepped_wedge(2, 2, 5, weeks=10)
    assert measured_weeks(wedge) == [0, 10, 20]
    assert start_weeks(wedge) == [0, 10]
    assert not takes_away(wedge)
    later = stepped_wedge(3, 2, 5, weeks=10, transition_periods=1)
    assert measured_weeks(later) == [0, 10, 20, 30, 40]
    assert start_weeks(later) == [0, 10, 20]
    plain = parallel(2, 5, weeks=26)
    assert (measured_weeks(plain), start_weeks(plain)) == ([26], [0, None])
    prepared = parallel(2, 5, baseline="ancova", weeks=26, readiness=ReadinessEntry(run_in_weeks=4))
    assert measured_weeks(prepared) == [0, 30]
    assert start_weeks(prepared) == [0, None]
    only = parallel(2, 5, weeks=26, readiness=ReadinessEntry(run_in_weeks=4))
    assert (measured_weeks(only), start_weeks(only)) == ([30], [0, None])
    brief = stepped_wedge(2, 2, 5, weeks=1)
    assert (measured_weeks(brief), start_weeks(brief)) == ([0, 1, 2], [0, 1])


def test_training_cannot_be_untaught() -> None:
    for one in (crossover(2, 5), crossover(2, 5, periods=3)):
        assert takes_away(one)
        with pytest.raises(InputError, match="returns treated clusters to control"):
            refuse_taking_away(one)
    refuse_taking_away(stepped_wedge(2, 2, 5))


def data_of(cluster: object, period: object, person: object, outcome: object) -> TrialData:
    """Return a trial without treatment."""
    none = np.zeros(len(np.asarray(outcome)), int)
    columns = [np.asarray(one) for one in (cluster, period, person)]
    return TrialData(*columns, none, none, np.asarray(outcome, float), none)


def test_moments_of_one_period_by_analysis_of_variance() -> None:
    """Two clusters of 2 and 3: between squares 2 x 3 x 3^2 / 5, within 2 + 8 over 3."""
    data = data_of([4, 4, 7, 7, 7], [1] * 5, range(5), [1.0, 3.0, 3.0, 5.0, 7.0])
    found = trial_moments(data)
    within = (2.0 + 8.0) / 3.0
    typical = 5.0 - 13.0 / 5.0
    assert found[:3] == pytest.approx((3.8, (10.8 - within) / typical, within))
    assert isnan(found[3])
    assert isnan(found[4])
    assert found[5:] == pytest.approx((2.5, 0.25, 0.0, 2.0))


def test_moments_with_loss_and_of_a_trial_without_people() -> None:
    data = data_of([0, 0, 1, 1, 1], [0] * 5, range(5), [1.0, 3.0, nan, 4.0, 6.0])
    found = trial_moments(data)
    assert found[:3] == pytest.approx((3.5, (9.0 - 2.0) / 2.0, 2.0))
    assert found[7:] == pytest.approx((0.2, 2.0))
    assert trial_moments(data_of([], [], [], []))[8] == 0.0
    assert len(trial_moments(data_of([], [], [], []))) == 9
    lost = trial_moments(data_of([0, 1], [0, 0], [0, 1], [nan, nan]))
    assert isnan(lost[0])
    assert isnan(lost[1])
    assert lost[7] == 1.0


def test_one_cluster_or_one_person_each_tells_no_components() -> None:
    alone = trial_moments(data_of([0, 0, 0], [0] * 3, range(3), [1.0, 2.0, 4.0]))
    each = trial_moments(data_of([0, 1, 2], [0] * 3, range(3), [1.0, 2.0, 4.0]))
    assert isnan(alone[1])
    assert isnan(each[1])
    assert isnan(each[2])
    three = trial_moments(data_of([0, 1, 1], [0] * 3, range(3), [1.0, 2.0, 4.0]))
    assert three[2] == pytest.approx(2.0)


def test_periods_of_a_cohort_covary_between_and_within() -> None:
    """The second period is the first times 2: both covariances are twice the variances."""
    first = [1.0, 3.0, 4.0, 6.0, 5.0, 9.0]
    once = data_of([0, 0, 1, 1, 2, 2], [0] * 6, range(6), first)
    _, between, within, *_ = trial_moments(once)
    both = data_of(
        [0, 0, 1, 1, 2, 2] * 2, [0] * 6 + [1] * 6, [*range(6)] * 2, [*first, *2.0 * np.array(first)]
    )
    assert trial_moments(both)[3:5] == pytest.approx((2.0 * between, 2.0 * within))


def test_periods_of_cross_sections_covary_by_their_means() -> None:
    cluster = [0, 0, 1, 2, 2, 0, 1, 2, 3]
    outcome = [1.0, 3.0, 4.0, 5.0, 7.0, 1.0, 5.0, 6.0, 9.0]
    data = data_of(cluster, [0] * 5 + [2] * 4, range(9), outcome)
    found = trial_moments(data)
    assert found[3] == pytest.approx(np.cov([2.0, 4.0, 6.0], [1.0, 5.0, 6.0])[0, 1])
    assert isnan(found[4])
    two = data_of([0, 1, 0, 1], [0, 0, 1, 1], range(4), [1.0, 3.0, 2.0, 6.0])
    assert trial_moments(two)[3] == pytest.approx(4.0)
    apart = data_of([0, 1, 1, 2], [0, 0, 1, 1], range(4), [1.0, 3.0, 2.0, 6.0])
    assert isnan(trial_moments(apart)[3])


def test_means_of_what_is_known() -> None:
    found = known_means(np.array([[1.0, nan, nan], [3.0, 5.0, nan]]))
    assert found[:2].tolist() == [2.0, 5.0]
    assert isnan(found[2])


@pytest.mark.parametrize("unit", [0.01, 1.0])
def test_ratios_are_formed_after_averaging(unit: float) -> None:
    v = unit**2
    rows = [
        (2.0, 1.0 * v, 5.0 * v, 0.5 * v, 2.0 * v, 10.0, 4.0, 0.1, 8.0),
        (4.0, 3.0 * v, 7.0 * v, nan, 4.0 * v, 12.0, 5.68, 0.3, 8.0),
    ]
    found = average_moments(rows)
    assert found.mean == 3.0
    assert found.sd == pytest.approx(sqrt(8.0) * unit)
    assert (found.icc, found.cac, found.iac) == pytest.approx((0.25, 0.25, 0.5))
    assert (found.size, found.size_variation) == pytest.approx((11.0, 0.2))
    assert (found.lost, found.clusters) == pytest.approx((0.2, 8.0))
    assert found.as_dict()["lost"] == found.lost
    nothing = average_moments([(2.0, 0.0, 0.0, 0.0, 0.0, 10.0, -1.0, 0.0, 8.0)])
    assert isnan(nothing.icc)
    assert isnan(nothing.cac)
    assert isnan(nothing.iac)
    assert (nothing.sd, nothing.size_variation) == (0.0, 0.0)


def test_design_effect_by_hand() -> None:
    assert design_effect(21.0, 0.05) == pytest.approx(2.0)
    assert design_effect(20.0, 0.05, 0.5) == pytest.approx(2.2)


def test_variances_of_correlations_add_up() -> None:
    found = from_correlations(50.0, 0.1, 0.8, 0.4)
    parts = (found.cluster, found.cluster_period, found.individual, found.residual)
    assert parts == pytest.approx((4.0, 1.0, 18.0, 27.0))
    plain = from_correlations(50.0, 0.1)
    assert (plain.cluster_period, plain.individual) == (0.0, 0.0)
    for wrong in ({"variance": 0.0}, {"icc": 1.5}, {"cac": -0.1}, {"iac": 2.0}):
        with pytest.raises(InputError, match=f"{next(iter(wrong))}: .* must"):
            from_correlations(**{"variance": 1.0, "icc": 0.1, **wrong})


def test_covariance_of_cell_means_by_hand() -> None:
    """Two periods with 4 and 8 people, of which the second is treated."""
    parts = VarianceComponents(16.0, 9.0, 2.0, 8.0, 4.0, 0.5, 0.5, 0.25)
    found = parts.cell_covariance(np.array([0.0, 1.0]), np.array([4.0, 8.0]))
    cross = 0.5 * 6.0
    assert found == pytest.approx(
        np.array(
            [
                [9.0 + 2.0 + 4.0 + 2.0, 4.5 + 0.25 + cross],
                [4.5 + 0.25 + cross, 9.0 + 2.0 + 2.0 + 1.0 + 4.0 + 2.0 * cross],
            ]
        )
    )
    plain = VarianceComponents(16.0, 9.0, individual=8.0)
    still = plain.cell_covariance(np.zeros(3), np.full(3, 8.0))
    assert still == pytest.approx(np.full((3, 3), 10.0) + 2.0 * np.eye(3))


def test_what_is_not_given_varies_nothing() -> None:
    sizes, treated = np.array([4.0, 8.0]), np.array([0.0, 1.0])
    found = VarianceComponents(16.0).cell_covariance(treated, sizes)
    assert found.tolist() == [[4.0, 0.0], [0.0, 2.0]]
    both = VarianceComponents(0.0, 1.0, treatment=1.0).cell_covariance(treated, sizes)
    assert both.tolist() == [[1.0, 1.0], [1.0, 2.0]]


def test_bounds_of_shares_and_variances() -> None:
    for fine in (0.0, 1.0):
        check_share("icc", fine)
    for wrong in (-0.001, 1.001):
        with pytest.raises(InputError, match="must lie between 0 and 1"):
            check_share("icc", wrong)
    check_positive("variance", 0.001)
    for wrong in (0.0, inf, nan):
        with pytest.raises(InputError, match="must be greater than 0"):
            check_positive("variance", wrong)
    for name in ("residual", "cluster", "cluster_period", "individual", "treatment"):
        VarianceComponents(**{"residual": 1.0, name: 0.0})
        for wrong in (-0.001, inf):
            with pytest.raises(InputError, match=f"variance '{name}'"):
                VarianceComponents(**{"residual": 1.0, name: wrong})
    for fine in (-1.0, 1.0):
        VarianceComponents(1.0, treatment_correlation=fine)
    for wrong in (-1.005, 1.005):
        with pytest.raises(InputError, match="must lie between -1 and 1"):
            VarianceComponents(1.0, treatment_correlation=wrong)
    for name in ("cluster_decay", "individual_decay"):
        with pytest.raises(InputError, match=name):
            VarianceComponents(1.0, **{name: 1.1})
