"""What a formula takes from a design: people, cells, variances, degrees of freedom by hand."""

from __future__ import annotations

from dataclasses import replace
from math import nan, sqrt
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.analysis_plan import AnalysisPlan, default_plan
from sim.trials.analyses.exposure import AT_EXPOSURE, AVERAGE, LONG_TERM
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.designs.design import Design, ReadinessEntry, parallel, sized, stepped_wedge
from sim.trials.power import design_formula as module
from sim.trials.power.design_formula import (
    Assumed,
    after_baseline,
    by_rule,
    components_of,
    design_power,
    exposure_means,
    marginal_error,
    marginal_model,
    period_cells,
    period_effects,
)
from sim.trials.power.formula_power import parallel_power
from tests.trials.closed_forms import from_matrix

ASSUMED = Assumed(4.0, 10.0, 0.05, 0.8)
WEDGE = stepped_wedge(2, 3, 10)
MEANS = AnalysisPlan("cluster-summary")


def test_correlations_of_agents_are_moved_into_bounds() -> None:
    for given, wanted in (
        ((nan, nan, nan), (0.0, 1.0, 0.0)),
        ((-0.1, -0.1, -0.1), (0.0, 0.0, 0.0)),
        ((1.5, 1.5, 1.5), (0.999, 1.0, 1.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((0.004, 0.004, 0.004), (0.004, 0.004, 0.004)),
        ((0.3, 0.4, 0.5), (0.3, 0.4, 0.5)),
    ):
        found = Assumed(1.0, 2.0, *given).within_bounds()
        assert (found.icc, found.cac, found.iac) == wanted
    plain = Assumed(1.0, 2.0, 0.1)
    assert (plain.cac, plain.iac, plain.attrition, plain.effect_sd) == (1.0, 0.0, 0.0, 0.0)
    assert (plain.cluster_decay, plain.mean, plain.effect_correlation) == (1.0, 0.0, 0.0)
    own = replace(ASSUMED, treated_sd=12.0).under_treatment
    assert (own.sd, own.icc) == (12.0, 0.05)
    own = replace(ASSUMED, treated_icc=0.2).under_treatment
    assert (own.sd, own.icc) == (10.0, 0.2)


def test_a_parallel_design_is_the_parallel_formula() -> None:
    """A year's decay is in the autocorrelation: .8 x .5."""
    design = parallel((6, 8), 10, baseline="ancova")
    known = replace(ASSUMED, cluster_decay=0.5, iac=0.6)
    found = design_power(design, known, plan=MEANS)
    wanted = parallel_power(
        4.0, 10.0, (6, 8), 10, 0.05, analysis="ancova", cac=0.4, iac=0.6, test="cluster-summary"
    )
    assert found.power == pytest.approx(wanted.power)
    assert found.df == 12.0
    loss = replace(ASSUMED, attrition=0.25, effect_sd=3.0, effect_correlation=-0.5)
    found = design_power(parallel((6, 8), 40), loss, plan=MEANS, alpha=0.1)
    wanted = parallel_power(
        4.0,
        10.0,
        (6, 8),
        40,
        0.05,
        cac=0.8,
        attrition=0.25,
        effect_sd=3.0,
        effect_correlation=-0.5,
        test="cluster-summary",
        alpha=0.1,
    )
    assert found.power == pytest.approx(wanted.power)


def test_strata_of_teams_take_degrees_of_freedom() -> None:
    plain, both = parallel(8, 10), parallel(8, 10, readiness=ReadinessEntry(strata=2))
    assert design_power(plain, ASSUMED, plan=MEANS).df == 14.0
    assert design_power(both, ASSUMED, plan=MEANS).df == 13.0
    three = parallel(9, 10, randomisation="stratified", strata=3)
    assert design_power(three, ASSUMED, plan=MEANS).df == 14.0


def test_very_many_people_are_as_many_in_every_team() -> None:
    """Nothing is left of an outcome but the variance between teams: 5 (1/6 + 1/6)."""
    many = 1e9
    for design in (
        parallel(6, 10),
        parallel(6, 10, size_variation=0.8),
        sized(parallel(6, 10), [2.0, 18.0] * 6),
    ):
        found = design_power(design, ASSUMED, plan=MEANS, size=many)
        assert found.se == pytest.approx(sqrt(5.0 / 3.0))
        assert len(found.tests) == 1
    wedge = replace(WEDGE, size_variation=0.8)
    assert len(module._people(wedge, ASSUMED, many)) == 1
    assert len(module._people(wedge, ASSUMED, None)) > 1


# Several arms.


def several(**changes: Any) -> Design:
    own = {
        "name": "three",
        "schedule": np.array([[1], [1], [0]]),
        "clusters": (8, 8, 10),
        "treated_arms": 2,
    }
    return Design(**{**own, "size": 20, **changes})  # type: ignore[arg-type]


THREE = replace(ASSUMED, arm_effects=(4.0, 2.0), cac=1.0)


def test_arms_share_control_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A team's mean varies by 100 (.05 + .95 / 20) = 9.75: arms by an eighth, control a tenth."""
    given: list[Any] = []
    monkeypatch.setattr(module, "drawn_arms_power", lambda *own: given.append(own))
    plan = replace(default_plan(several()), multiplicity="holm")
    module.joint_arms(several(), THREE, plan)
    effects, errors, control, df, rule, alpha, floor = given[0]
    assert (effects, rule, alpha) == ((4.0, 2.0), "holm", 0.05)
    # What estimated variances cost is in them too, and little.
    assert errors == pytest.approx([sqrt(9.75 / 8)] * 2, rel=0.02)
    assert control == pytest.approx(sqrt(0.975), rel=0.02)
    assert df == pytest.approx(23.0)
    assert 0.0 < floor < 1.0
    unequal = several(clusters=(5, 20, 10))
    module.joint_arms(unequal, THREE, plan)
    assert given[1][1] == pytest.approx([sqrt(9.75 / 5), sqrt(9.75 / 20)], rel=0.02)
    assert given[1][2] == pytest.approx(sqrt(0.975), rel=0.02)


def test_arms_measured_once_vary_by_all_that_their_teams_do() -> None:
    """What a team keeps and what it has in one period cannot be told apart: .05 in either case."""
    plan = AnalysisPlan("between-within", multiplicity="none")
    kept = module.arm_tests(several(), THREE, plan)
    for cac in (0.9, 0.2):
        found = module.arm_tests(several(), replace(THREE, cac=cac), plan)
        assert [one.se for own in found for one in own] == pytest.approx(
            [one.se for own in kept for one in own]
        )


def test_each_arms_test_is_of_its_own_column() -> None:
    plan = AnalysisPlan("between-within", multiplicity="none")
    found = module.arm_tests(several(clusters=(5, 20, 10)), THREE, plan)
    ses = [own[0].se for own in found]
    assert ses == pytest.approx([sqrt(9.75 * (1 / k + 1 / 10)) for k in (5, 20)])
    assert [own[0].df for own in found] == [32.0, 32.0]
    strata = several(randomisation="stratified", strata=2)
    assert module.arm_tests(strata, THREE, plan)[0][0].df == 22.0
    # An effect of one in the arm that is tested, nothing in the other.
    assert [own[0].share for own in found] == pytest.approx([1.0, 1.0])
    assert module.arm_tests(several(), THREE, replace(plan, test="satterthwaite"))[0][0].df == (
        pytest.approx(23.0)
    )


def test_levels_of_several_arms() -> None:
    plan = default_plan(several())
    two = design_power(several(), THREE, plan=replace(plan, multiplicity="bonferroni"))
    alone = design_power(several(), THREE, plan=replace(plan, multiplicity="none"))
    assert (two.alpha, alone.alpha) == (0.025, 0.05)
    assert two.df_rule == "26 clusters - 3, all arms"
    assert alone.at(0.0).power < 0.05 + 1e-9
    strata = several(randomisation="stratified", strata=2)
    assert design_power(strata, THREE, plan=replace(plan, multiplicity="none")).df_rule == (
        "26 clusters - 4, all arms"
    )


@pytest.mark.parametrize(
    ("design", "assumed", "plan", "told"),
    [
        (several(), THREE, MEANS, "none for several arms with a baseline"),
        (several(), replace(THREE, treated_sd=12.0), AnalysisPlan(), "none for several arms with"),
        (
            several(),
            THREE,
            AnalysisPlan(multiplicity="holm", hypothesis="superiority", bounds=Bounds(0.0, np.inf)),
            "none for Holm's rule with hypothesis = 'superiority'",
        ),
        (
            parallel(6, 10),
            replace(ASSUMED, treated_icc=0.1),
            AnalysisPlan(),
            "none where arms diff",
        ),
    ],
)
def test_what_has_no_formula(
    design: Design, assumed: Assumed, plan: AnalysisPlan, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        design_power(design, assumed, plan=plan)


def test_arms_with_variances_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treated: 144 x .1 between teams, and effects of SD 3 that go with their levels by .5."""
    given: list[Any] = []

    class Stop(Exception):  # noqa: N818
        pass

    def by_arm_test(*own: Any) -> None:
        given.append(own)
        raise Stop

    monkeypatch.setattr(module, "by_arm_test", by_arm_test)
    known = replace(
        ASSUMED, treated_sd=12.0, treated_icc=0.1, effect_sd=3.0, effect_correlation=0.5, iac=0.6
    )
    plan = AnalysisPlan("by-arm")
    with pytest.raises(Stop):
        design_power(parallel((6, 8), 10), known, plan=plan)
    people, (control, treated) = given[0]
    assert [len(one) for one in people] == [6, 8]
    assert (control.cluster, control.residual) == pytest.approx((5.0, 95.0))
    assert treated.cluster == pytest.approx(14.4 + 9.0 + 2.0 * 0.5 * 3.0 * sqrt(5.0 * 0.8))
    assert treated.residual == pytest.approx(129.6)
    change = parallel((6, 8), 10, baseline="change")
    with pytest.raises(Stop):
        design_power(change, replace(known, effect_sd=0.0, cluster_decay=0.5), plan=plan)
    control = given[1][1][0]
    # Less the baseline: 5 (2 - 2 x .8 x .5) between teams, 95 (2 - 1.2) within.
    assert (control.cluster, control.residual) == pytest.approx((6.0, 76.0))
    lower = replace(known, effect_correlation=-1.0, effect_sd=30.0, treated_icc=0.0)
    with pytest.raises(Stop):
        design_power(parallel((6, 8), 10), replace(lower, cac=1.0, effect_sd=1.0), plan=plan)
    assert given[2][1][1].cluster == 0.0, "1 - 2 root 5 is no variance"


# Over periods.


def test_variances_of_cohorts_and_cross_sections() -> None:
    known = replace(ASSUMED, iac=0.6, effect_sd=3.0, effect_correlation=0.4, cluster_decay=0.9)
    found = components_of(WEDGE, known)
    assert (found.cluster, found.cluster_period) == pytest.approx((4.0, 1.0))
    assert (found.individual, found.residual) == pytest.approx((0.0, 95.0))
    assert (found.treatment, found.treatment_correlation) == (9.0, 0.4)
    assert (found.cluster_decay, found.individual_decay) == (0.9, 1.0)
    closed = components_of(replace(WEDGE, sampling="closed cohort"), known)
    assert (closed.individual, closed.residual) == pytest.approx((57.0, 38.0))
    opened = components_of(replace(WEDGE, sampling="open cohort", churn=0.3), known)
    assert opened.individual_decay == pytest.approx(0.7)


def test_degrees_of_freedom_by_rule() -> None:
    wedge = np.array([[0.0, 1, 1], [0, 0, 1], [nan, 0, 1]])
    # Eight cells less three clusters and three periods.
    assert by_rule(wedge, ("cluster", "cluster-period")) == 2.0
    assert by_rule(wedge, ("cluster",)) == np.inf
    arms = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, nan]])
    assert by_rule(arms, ("cluster", "cluster-period")) == 1.0, "compared between clusters"


def test_cells_of_an_effect_that_builds_up() -> None:
    """Four treated cells: two in their first period (.5), one second, one second: mean .75."""
    design = stepped_wedge(2, 1, 10)
    assert exposure_means(design, ()) is None
    assert exposure_means(design, (1.0, 1.0)) is None
    assert exposure_means(design, (0.0, 0.0)) is None
    found = exposure_means(design, (0.5, 1.0))
    average = (0.5 + 1.0 + 0.5) / 3
    assert found is not None
    assert found * average == pytest.approx(np.array([[0, 0.5, 1.0], [0, 0, 0.5]]))
    # Shares of mean zero have no average effect of one.
    assert exposure_means(design, (-1.0, 2.0)) is None


def test_people_of_each_period() -> None:
    loss = replace(ASSUMED, attrition=0.2)
    [plain] = module._people(replace(WEDGE, size=50), loss, None)
    assert plain.tolist() == [[40.0] * 3] * 6
    cohort = replace(WEDGE, size=50, sampling="closed cohort")
    [kept] = module._people(cohort, loss, None)
    assert kept[0].tolist() == [50.0, 40.0, 40.0], "nobody is lost before the first"
    [many] = module._people(cohort, loss, 100.0)
    assert many[0].tolist() == [100.0, 80.0, 80.0]
    listed = sized(parallel(2, 10), [1.0, 2.0, 3.0, 4.0])
    assert sorted(module._people(listed, ASSUMED, None)[0][:, 0]) == [1.0, 2.0, 3.0, 4.0]


def test_of_single_people_those_who_stay_are_left() -> None:
    """Ten people on their own as control, beside two groups; a fifth is lost."""
    design = replace(parallel((10, 2), 50), unclustered=1)
    assert design.clusters == (2, 10)
    [found] = module._people(design, replace(ASSUMED, attrition=0.2), None)
    assert found[:, 0].tolist() == [40.0] * 2 + [1.0] * 8 + [0.0] * 2
    [many] = module._people(design, ASSUMED, 1000.0)
    assert many[:, 0].tolist() == [1000.0] * 2 + [1.0] * 10


def test_cells_know_who_stays_in_an_open_cohort() -> None:
    opened = replace(WEDGE, sampling="open cohort", churn=0.3)
    plan = default_plan(opened)
    assert period_cells(opened, replace(ASSUMED, iac=0.5), plan)[0].stay == pytest.approx(0.7)
    assert period_cells(opened, ASSUMED, plan)[0].stay == 1.0, "nothing of a person lasts"
    adjusted = replace(WEDGE, baseline="ancova", sampling="closed cohort")
    schedule = module._schedule(adjusted)
    assert np.isnan(schedule[:, 0]).all()
    assert schedule[:, 1:].tolist() == [[1, 1]] * 3 + [[0, 1]] * 3
    rows = from_matrix([[0, 2, 1], [0, 1, 1], [0, 0, 3]] * 2, 10.0)
    assert np.isnan(module._schedule(rows)).tolist()[:3] == [
        [False, True, False],
        [False, False, False],
        [False, False, True],
    ]


def test_random_effects_that_a_formula_has() -> None:
    plan = AnalysisPlan(random_effects=("cluster", "worker", "person"))
    assert period_effects(plan) == ("cluster", "person")
    constrained = replace(plan, baseline="constrained")
    assert period_effects(constrained) == ("cluster", "cluster-period", "person")


def test_a_baselines_slope_is_that_of_all_people() -> None:
    """By matrices of the people of a team: what is left of their mean over later periods."""
    truth = VarianceComponents(38.0, 4.0, 1.0, 57.0)
    design = stepped_wedge(3, 2, 6.0)
    left, slope = after_baseline(truth, design)
    J, one = np.ones((6, 6)), np.eye(6)
    own = 0.0
    for _ in range(60):
        # Three later periods; what the baseline had beyond team and person lasts.
        V = ((1 - own) ** 2 * 4.0 + own**2 * 1.0 + 1.0 / 3.0) * J
        V += ((1 - own) ** 2 * 57.0 + own**2 * 38.0 + 38.0 / 3.0) * one
        W = np.linalg.inv(V)
        own = np.trace(W @ (4.0 * J + 57.0 * one)) / np.trace(W @ (5.0 * J + 95.0 * one))
    assert slope == pytest.approx(own, rel=1e-9)
    assert left.cluster == pytest.approx((1 - own) ** 2 * 4.0 + own**2)
    assert left.individual == pytest.approx((1 - own) ** 2 * 57.0 + own**2 * 38.0)
    assert (left.cluster_period, left.residual) == (1.0, 38.0)
    with pytest.raises(InputError, match="where cluster_decay is below 1"):
        after_baseline(replace(truth, cluster_decay=0.99), design)
    assert after_baseline(replace(truth, cluster=0.0, cluster_decay=0.9), design)[1] > 0.0
    with pytest.raises(InputError, match="where cluster_decay is below 1"):
        after_baseline(replace(truth, cluster=0.005, cluster_decay=0.9), design)


def test_too_few_clusters_over_periods_are_told() -> None:
    design = from_matrix([[0, 1, 1], [0, 0, 1]], 10.0)
    with pytest.raises(InputError, match="clusters: 2 over 3 periods leave 0 degrees of freedom"):
        design_power(design, ASSUMED, plan=AnalysisPlan())
    assert design_power(stepped_wedge(2, 2, 10.0), ASSUMED).power > 0.0


def test_a_rule_of_exposures_has_fewer_degrees_of_freedom() -> None:
    """Nine cells of each of two periods... of 9 clusters over 4 periods: 36 - 9 - 4, less 2."""
    wedge = stepped_wedge(3, 3, 10.0)
    effects = ("cluster", "cluster-period")
    plan = AnalysisPlan("between-within", random_effects=effects)
    known = replace(ASSUMED, cac=0.5)
    assert design_power(wedge, known, plan=plan).df == 23.0
    assert design_power(wedge, known, plan=replace(plan, estimand=AVERAGE)).df == 21.0
    assert design_power(wedge, known, plan=plan).df_rule == "between-within"
    assert design_power(wedge, known).df_rule == "expected for the design"


def test_variances_are_drawn_of_few_means_and_several_variances() -> None:
    plan = AnalysisPlan(random_effects=("cluster", "cluster-period"))
    alone = AnalysisPlan()

    def drawn(rows: int, own: AnalysisPlan) -> bool:
        design = from_matrix([[0, 1], [1, 0]] * rows, 10.0)
        return design_power(design, ASSUMED, plan=own).tests[0].drawn is not None

    assert drawn(25, plan), "100 means"
    assert not drawn(26, plan)
    assert not drawn(5, alone)


# Risks and counts.


def test_marginal_models_that_are_declared() -> None:
    design = stepped_wedge(2, 1, 10)
    plan = AnalysisPlan("marginal", correlation="independence")
    constant = marginal_model(design, plan)
    assert constant.levels[..., 0].tolist() == [[0, 1, 1], [0, 0, 1]]
    assert (constant.weights.tolist(), constant.working, constant.error) == (
        [1.0],
        "independence",
        "KC",
    )
    assert marginal_model(design, AnalysisPlan("marginal")).working == "exchangeable"
    last = marginal_model(design, replace(plan, estimand=LONG_TERM))
    assert last.levels[..., 0].tolist() == [[0, 1, 0], [0, 0, 1]]
    assert last.levels[..., 1].tolist() == [[0, 0, 1], [0, 0, 0]]
    assert last.weights.tolist() == [0.0, 1.0]
    at_first = replace(plan, estimand=AT_EXPOSURE, exposure_period=1)
    assert marginal_model(design, at_first).weights.tolist() == [1.0, 0.0]
    people = np.array([[5.0, 5.0]] * 60)
    assert marginal_error(plan, people) == "KC"
    assert marginal_error(plan, people[:4]) == "FG"
    assert marginal_error(replace(plan, estimand=LONG_TERM), people) == last.error


RISK = Assumed(0.2, 1.0, 0.05, 0.8, outcome="binary", mean=0.3)


def test_risks_of_parallel_arms_by_hand() -> None:
    """.21 and .25 x (1 + 9 x .05) / (6 x 10), and a fifth of the people lost."""
    plan = AnalysisPlan("marginal")
    found = design_power(parallel((6, 8), 10), RISK, plan=plan)
    inflated = 1.45
    assert found.se == pytest.approx(sqrt(0.21 * inflated / 60 + 0.25 * inflated / 80))
    assert (found.df, found.df_rule) == (12.0, "clusters - 2")
    fewer = design_power(parallel((6, 8), 10), replace(RISK, attrition=0.2), plan=plan)
    inflated = 1.35
    assert fewer.se == pytest.approx(sqrt(0.21 * inflated / 48 + 0.25 * inflated / 64))
    varied = parallel((6, 8), 10, size_variation=0.5)
    inflated = 1.0 + (1.25 * 10 - 1) * 0.05
    uneven = design_power(varied, RISK, plan=plan)
    assert uneven.se == pytest.approx(sqrt(0.21 * inflated / 60 + 0.25 * inflated / 80))
    assert "as if the working correlation were none" in uneven.df_rule
    independent = AnalysisPlan("marginal", correlation="independence")
    assert design_power(varied, RISK, plan=independent).df_rule == "clusters - 2"
    many = design_power(varied, RISK, plan=plan, size=1e9)
    assert many.se == pytest.approx(sqrt(0.05 * (0.21 / 6 + 0.25 / 8)), rel=1e-6)
    assert many.df_rule == "clusters - 2"
    strata = parallel(6, 10, randomisation="stratified", strata=2)
    found = design_power(strata, RISK, plan=plan)
    assert (found.df, found.df_rule) == (9.0, "clusters - 3")


def test_risks_over_periods_have_a_share_of_the_effect() -> None:
    wedge = stepped_wedge(2, 6, 10)
    plan = AnalysisPlan("marginal", correlation="exchangeable")
    found = design_power(wedge, RISK, plan=plan)
    assert (found.df, found.df_rule) == (10.0, "clusters - 2")
    assert found.expected == pytest.approx(0.2)
    assert found.spread_df <= 10.0
    assert found.model_se != found.se
    nothing = found.at(0.0)
    assert nothing.share == 1.0
    assert nothing.power == pytest.approx(0.05, abs=0.02)
    slow = replace(RISK, exposure=(0.5, 1.0))
    assert design_power(wedge, slow, plan=plan).share != pytest.approx(1.0, abs=0.01)
    # Means of cells, with the variance of each.
    plain = design_power(wedge, RISK, plan=AnalysisPlan())
    assert plain.share == pytest.approx(1.0)
    assert plain.model_se == plain.se
