"""One design's power: what is drawn, counted and told, of made-up trials."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.posterior import choose
from sim.runs.pieces import Cancelled, Progress
from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.analyses.exposure import AT_EXPOSURE, AVERAGE, LONG_TERM
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.analyses.trial_result import TrialResult, as_table, failed_result
from sim.trials.data.counterfactual import Truth
from sim.trials.designs.design import ReadinessEntry, parallel, stepped_wedge
from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power import power_study as module
from sim.trials.power.design_formula import Assumed
from sim.trials.power.formula_power import power_of_effect
from sim.trials.power.power_study import (
    Estimand,
    assumed_of,
    believed,
    conditional_and_assurance,
    explain_gap,
    formula_of,
    power_at,
    power_of_estimand,
    run_block,
    sd_of,
    simulate_power,
    study_of,
    trials_needed,
    true_effect,
    uncertain_study,
)
from sim.trials.power.simulated_power import rate


def file_of(**tables: Any) -> DesignFile:
    design = {"type": "parallel", "clusters": 20, "size": 10, **tables.pop("design", {})}
    outcome = {"sd": 10.0, "icc": 0.05, "effect": 5.0, **tables.pop("statistical", {})}
    return design_from_table({"design": design, "statistical": outcome, **tables})


def trial(p: float = 0.5, **changes: Any) -> TrialResult:
    own = TrialResult(1.0, 1.0, 10.0, p, -1.0, 3.0, 1.0, 3.0, False, False, 40, 8)
    return replace(own, **changes)


# How many trials.


def test_trials_that_a_precision_needs() -> None:
    """p (1 - p) over the squared error, of the rate that needs most; .5 trials from certainty."""
    assert trials_needed([0.5], 100, 0.05) == 100
    assert trials_needed([0.2], 100, 0.03) == 178
    assert trials_needed([0.9, 0.2, 0.05], 100, 0.03) == 178
    assert trials_needed([0.0], 100, 0.01) == 50
    assert trials_needed([1.0], 100, 0.01) == 50
    assert trials_needed([1.0], 1000, 0.01) == 5


class Trials:
    """Trials that were asked for, of which so many are had before somebody stops."""

    def __init__(self, rate_of: float = 0.5, most: float = inf, failed: bool = False) -> None:
        self.asked: list[tuple[int, int]] = []
        self.results: list[int] = []
        self.rate_of, self.most, self.failed = rate_of, most, failed

    def __call__(self, *_: Any) -> Trials:
        return self

    def run(self, last: int, wanted: int, _how: Any) -> None:
        self.asked.append((last, wanted))
        self.results = [0] * int(min(last, self.most))
        if last > self.most:
            raise Cancelled({}, len(self.results), wanted, "trials")

    def all_failed(self) -> bool:
        return self.failed

    def why_all_failed(self) -> str:
        return "all failed"

    def rates(self) -> list[float]:
        return [self.rate_of]

    def result(self) -> Trials:
        return self


STUDY: Any = SimpleNamespace(
    file=SimpleNamespace(precision=SimpleNamespace(simulations=30, monte_carlo_se=None))
)


@pytest.mark.parametrize(
    ("simulations", "error", "asked"),
    [
        (None, None, [(30, 30), (30, 30)]),
        (120, None, [(50, 120), (120, 120)]),
        (None, 0.05, [(50, 200), (200, 200)]),
        (None, 0.01, [(50, 200), (200, 200), (800, 800), (2500, 2500)]),
        (
            None,
            1e-4,
            [(50, 200), *((n, n) for n in (200, 800, 3200, 12_800, 51_200, 200_000))],
        ),
    ],
)
def test_trials_are_added_until_there_are_enough(
    simulations: int | None,
    error: float | None,
    asked: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fifty first, which must not all fail; then no more than four times as many at once."""
    trials: Any = Trials()
    monkeypatch.setattr(module, "_Collected", trials)
    assert simulate_power(STUDY, simulations, error) is trials
    assert trials.asked == asked
    own: Any = SimpleNamespace(
        file=SimpleNamespace(precision=SimpleNamespace(simulations=None, monte_carlo_se=0.05))
    )
    if error == 0.05:
        monkeypatch.setattr(module, "_Collected", again := Trials())
        simulate_power(own)
        assert again.asked == asked


@pytest.mark.parametrize(
    ("most", "partial", "failed", "told"),
    [
        (60, True, False, True),
        (60, False, False, False),
        (20, True, False, True),
        (19, True, False, False),
    ],
)
def test_twenty_trials_are_a_result_when_stopped(
    most: int, partial: bool, failed: bool, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials: Any = Trials(most=most, failed=failed)
    monkeypatch.setattr(module, "_Collected", trials)
    if told:
        assert simulate_power(STUDY, 100, partial=partial) is trials
    else:
        with pytest.raises(Cancelled):
            simulate_power(STUDY, 100, partial=partial)


def test_fifty_failures_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    trials: Any = Trials(failed=True)
    monkeypatch.setattr(module, "_Collected", trials)
    with pytest.raises(InputError, match="all failed"):
        simulate_power(STUDY, 100)
    assert trials.asked == [(50, 100)]


# What is kept of trials.


def collected(study: Any, null: bool = True) -> Any:
    return module._Collected(study, null, 1)


def test_progress_counts_the_trials_before(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, int]] = []

    def pieces(given: Any, *_: Any, on_progress: Any, **__: Any) -> Any:
        on_progress(Progress(10, 15, 1.0, 1.0))
        table = as_table([trial()])
        empty = np.zeros((1, 0))
        kept = dict.fromkeys(module.KEPT, empty)
        kept |= {"results": table, "null": table, "truths": np.array([[1.0, 2.0, 3.0, 4.0]])}
        kept |= {"eligible": np.array([1.0])}
        return {one.number: kept for one in given}

    monkeypatch.setattr(module, "run_pieces", pieces)
    found = collected(SimpleNamespace(file=SimpleNamespace(model_dump=dict)))
    found.results = [trial()] * 5
    found.run(15, 40, {"on_progress": lambda one: shown.append((one.done, one.total))})
    assert shown == [(15, 40)]
    assert len(found.results) == 6
    assert found.truths[0] == Truth(1.0, 2.0, 3.0, (4.0,))


def test_an_arm_that_could_not_be_fitted_has_p_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([[trial(0.01), failed_result(3, 2)], [failed_result(3, 2), trial(0.2)]])
    plans: list[Any] = []

    def analysed(_data: Any, _design: Any, plan: Any) -> Any:
        plans.append(plan)
        return next(given)

    monkeypatch.setattr(module, "analyse_arms", analysed)
    monkeypatch.setattr(module, "trial_moments", lambda _: (1.0,))
    monkeypatch.setattr(module, "_people", lambda *_: [[1.0]])
    twin = SimpleNamespace(
        data=None, untreated=None, truth=Truth(1.0, 2.0, 3.0, (4.0,)), eligible=0.5
    )
    asked: list[Any] = []

    def twins(*own: Any) -> Any:
        asked.append(own)
        return [twin]

    plan = AnalysisPlan(hypothesis="non-inferiority", bounds=Bounds(-2.0, inf))
    study: Any = SimpleNamespace(design="d", plan=plan, source=SimpleNamespace(twins=twins))
    span: Any = SimpleNamespace(first=3, worlds=1)
    found = run_block(study, True, 9, span)
    assert found["arms"].tolist() == [[0.01, 1.0]]
    assert found["null_arms"].tolist() == [[1.0, 0.2]]
    assert found["truths"].tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert found["eligible"].tolist() == [0.5]
    assert asked == [("d", 3, 1, 9)]
    # Of no effect the bound is moved to zero.
    assert [one.bounds for one in plans] == [Bounds(-2.0, inf), Bounds(0.0, inf)]


def test_rates_leave_failures_in_and_what_is_at_the_level_out() -> None:
    study = SimpleNamespace(plan=SimpleNamespace(alpha=0.05))
    found = collected(study)
    found.results = [trial(0.049), trial(0.05), trial(0.001), failed_result(3, 2)]
    found.null_results = [trial(0.2), trial(0.01)]
    assert found.rates() == [0.5, 0.5]
    found.null = False
    assert found.rates() == [0.5]


@pytest.mark.parametrize(("arms", "told"), [(1, False), (2, True)])
def test_arms_have_a_power_together_where_there_are_several(arms: int, told: bool) -> None:
    plan = SimpleNamespace(alpha=0.05)
    found = collected(SimpleNamespace(design=SimpleNamespace(treated_arms=arms), plan=plan))
    found.arms, found.null_arms = [[0.01, 0.2], [0.3, 0.04]], [[0.5, 0.5]]
    got = found.of_arms()
    assert (got is not None) == told
    if got is not None:
        assert got == ((0.5, 0.5), 1.0, 0.0, 0.0, 2)


@pytest.mark.parametrize(("entered", "cut"), [(2.9, True), (3.0, False)])
def test_why_nothing_could_be_analysed(entered: float, cut: bool) -> None:
    """Fewer than half of the teams that are needed: readiness lets too few in."""
    rules = ReadinessEntry(minimum=0.5, screened_per_team=2)
    plan = SimpleNamespace(random_effects=("cluster", "person"))
    study = SimpleNamespace(design=parallel(3, 5, readiness=rules), plan=plan)
    found = collected(study)
    found.results = [failed_result(3, 2)] * 50
    found.eligible = [0.1, 0.2]
    found.moments = [(9.0, entered - 1.0), (9.0, entered + 1.0)]
    words = found.why_all_failed()
    if cut:
        assert "readiness.cut_off = 0.5: lets in 15.0% of the screened teams, 2.9 of the 6" in words
        assert "none of 50 trials" in words
    else:
        assert "none of the first 50 trials could be analysed" in words
        assert "cluster, person ask too much of 6 clusters with 3.0 measured" in words
    found.study = SimpleNamespace(design=parallel(3, 5), plan=plan)
    assert "ask too much of 6 clusters" in found.why_all_failed()


def test_people_of_the_last_period_by_arm_and_of_all_periods() -> None:
    """Control: teams 0 and 3; treated: team 1. One outcome of the last is lost in each."""
    data = SimpleNamespace(
        period=np.array([0, 1, 1, 0, 1, 1, 0, 1]),
        arm=np.array([0, 0, 0, 1, 1, 1, 0, 0]),
        cluster=np.array([0, 0, 0, 1, 1, 1, 3, 3]),
        outcome=np.array([1.0, nan, 2.0, nan, nan, 4.0, 5.0, 6.0]),
    )
    design: Any = SimpleNamespace(periods=2)
    found = module._people(data, design)
    assert found.tolist() == [[2, 3, 2, 5, 4], [1, 2, 1, 3, 1]]
    flow = module._flow([found, found + 2.0])
    assert flow[0] == {
        "clusters": 3.0,
        "asked": 4.0,
        "answered": 3.0,
        "rows_asked": 6.0,
        "rows_answered": 5.0,
    }
    assert flow[1]["clusters"] == 2.0


# True effects.


def test_what_a_plan_estimates() -> None:
    truth = Truth(1.0, 2.0, 3.0, (1.0, 3.0, 8.0, nan))
    assert true_effect(AnalysisPlan(), truth) == 1.0
    assert true_effect(AnalysisPlan("cluster-summary"), truth) == 2.0
    assert true_effect(AnalysisPlan(estimand=AVERAGE), truth) == 4.0
    assert true_effect(AnalysisPlan(estimand=LONG_TERM), truth) == 8.0
    assert true_effect(AnalysisPlan(estimand=AT_EXPOSURE, exposure_period=2), truth) == 3.0


def test_the_estimand_over_trials() -> None:
    """Participant averages 1, 2, 6 of all screened 0, 0, 3."""
    truths = [
        Truth(1.0, 2.0, 0.0, (1.0, nan)),
        Truth(2.0, 2.0, 0.0, (3.0, 4.0)),
        Truth(6.0, 5.0, 3.0, (5.0, 6.0)),
    ]
    found = module._estimand(parallel(3, 5), truths, AnalysisPlan())
    assert found.participant_average == pytest.approx(3.0)
    assert found.participant_se == pytest.approx(sqrt(7.0 / 3.0))
    assert found.cluster_average == pytest.approx(3.0)
    assert found.cluster_se == pytest.approx(1.0)
    assert found.all_screened == pytest.approx(1.0)
    assert found.selected_gain == pytest.approx(2.0)
    # Gains of 1, 2 and 3.
    assert found.selected_gain_se == pytest.approx(1.0 / sqrt(3.0))
    assert found.by_exposure == pytest.approx((3.0, 5.0))
    assert "every person counts the same" in found.statement
    assert "the teams of the trial" in found.statement
    chosen = ReadinessEntry(share=0.5)
    entry = module._estimand(parallel(3, 5, readiness=chosen), truths, AnalysisPlan())
    assert "those that readiness lets in" in entry.statement
    strata = ReadinessEntry(strata=2)
    both = module._estimand(parallel(3, 5, readiness=strata), truths, AnalysisPlan())
    assert "the teams of the trial" in both.statement
    alone = module._estimand(stepped_wedge(2, 2, 5), truths[:1], AnalysisPlan())
    assert np.isnan([alone.participant_se, alone.selected_gain_se]).all()
    assert "every person and period counts the same" in alone.statement
    assert module._error(np.array([1.0, 3.0, nan])) == pytest.approx(1.0)


def estimand(average: float, error: float, by_exposure: tuple[float, ...]) -> Estimand:
    return Estimand("", average, error, 0.0, 0.0, 0.0, 0.0, 0.0, by_exposure)


def test_an_effect_builds_up_where_it_is_told_from_chance() -> None:
    wedge: Any = SimpleNamespace(plan=AnalysisPlan(), design=stepped_wedge(2, 2, 5))
    assert module._builds_up(wedge, estimand(-3.1, 1.0, (1.0, 2.0)))
    assert not module._builds_up(wedge, estimand(3.0, 1.0, (1.0, 2.0)))
    assert not module._builds_up(wedge, estimand(9.0, 1.0, (1.0,)))
    assert not module._builds_up(wedge, estimand(9.0, 1.0, (1.0, nan)))
    flat: Any = SimpleNamespace(plan=AnalysisPlan(), design=parallel(2, 5))
    assert not module._builds_up(flat, estimand(9.0, 1.0, (1.0, 2.0)))
    asked: Any = SimpleNamespace(plan=AnalysisPlan(estimand=AVERAGE), design=parallel(2, 5))
    assert module._builds_up(asked, estimand(0.0, 1.0, (1.0,)))


# What is taken as known, and what is believed.


def test_what_the_formula_takes_as_known() -> None:
    outcome = {"cac": 0.7, "iac": 0.4, "effect_heterogeneity": 1.0, "mean": 3.0}
    found = assumed_of(file_of(statistical=outcome, attrition={"rate": 0.2}), 4.0)
    assert found == Assumed(4.0, 10.0, 0.05, 0.7, 0.4, 0.2, 1.0, mean=3.0)
    moments: Any = SimpleNamespace(sd=2.0, icc=-0.1, cac=1.2, iac=nan, lost=0.3)
    agents = design_from_table({"design": {"clusters": 8}, "agents": {}})
    assert assumed_of(agents, 4.0, moments) == Assumed(4.0, 2.0, 0.0, 1.0, 0.0, 0.3)


def test_outcomes_of_other_kinds_have_the_spread_that_follows() -> None:
    """.2 x .8, and a count of 3 with rates that vary by half: 3 + 1.5^2."""
    for kind, mean, icc, variance in (
        ("binary", 0.2, 0.05, 0.16),
        ("count", 3.0, 2.25 / 5.25, 5.25),
        ("continuous", 3.0, 0.05, 100.0),
    ):
        s: Any = SimpleNamespace(outcome=kind, mean=mean, icc=icc, sd=10.0)
        assert sd_of(s) == pytest.approx(sqrt(variance))


def test_beliefs_are_even_over_ranges_and_normal_for_effects() -> None:
    ranges = {"icc": [0.01, 0.09], "attrition.rate": [0.1, 0.3], "size": [5, 15]}
    file = file_of(uncertainty={"effect_se": 2.0, "ranges": ranges}, attrition={"rate": 0.2})
    drawn = believed(file, 2000, 1)
    assert len(drawn) == 2000
    for name, low, high in (("statistical.icc", 0.01, 0.09), ("attrition.rate", 0.1, 0.3)):
        part, one = name.split(".")
        values = np.array([getattr(getattr(each, part), one) for each in drawn])
        assert low <= values.min() < low + 0.001 * (1 + 100 * low)
        assert high - 0.001 * (1 + 100 * low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, rel=0.03)
    effects = np.array([each.statistical.effect for each in drawn if each.statistical])
    assert (effects.mean(), effects.std()) == pytest.approx((5.0, 2.0), abs=0.15)
    assert {each.design.size for each in drawn} == {10.0}, "not averaged over"
    assert believed(file, 2, 1) != believed(file, 2, 2)
    both = file_of(uncertainty={"effect_se": 0.005, "ranges": {"effect": [3.0, 4.0]}})
    centred = [each.statistical.effect for each in believed(both, 50, 1) if each.statistical]
    assert 2.9 < min(centred) < max(centred) < 4.1


@pytest.mark.parametrize(
    ("uncertainty", "count"),
    [
        ({}, 0),
        ({"ranges": {"size": [5, 15]}}, 0),
        ({"ranges": {"icc": [0.01, 0.09]}}, 3),
        ({"ranges": {"attrition.rate": [0.1, 0.3]}}, 3),
        ({"effect_se": 0.005}, 3),
    ],
)
def test_nothing_is_drawn_where_nothing_is_uncertain(
    uncertainty: dict[str, Any], count: int
) -> None:
    file = file_of(uncertainty=uncertainty, attrition={"rate": 0.2})
    assert len(believed(file, 3, 1)) == count
    study = uncertain_study(file, 3, 1)
    assert (study is not None) == (count > 0)
    if study is not None:
        assert ("effect normal with standard error 0.005" in study.covers) == (
            "effect_se" in uncertainty
        )
    fixed = [each.statistical.effect for each in believed(file, 3, 1) if each.statistical]
    if "effect_se" not in uncertainty:
        assert set(fixed) <= {5.0}


def test_an_uncertain_study_says_what_it_averages_over() -> None:
    ranges = {"icc": [0.01, 0.09], "attrition.rate": [0.1, 0.3], "size": [5, 15]}
    study = uncertain_study(file_of(uncertainty={"ranges": ranges}, attrition={"rate": 0.2}), 3, 1)
    assert study is not None
    assert study.covers == (
        "Monte Carlo error and attrition.rate even in [0.1, 0.3]; statistical.icc even in "
        "[0.01, 0.09]. Not averaged over (sensitivity only): design.size"
    )
    source: Any = study.source
    assert len(source.several) == 3
    assert len(source.losses) == 3
    icc: Any = uncertain_study(file_of(uncertainty={"ranges": {"icc": [0.01, 0.09]}}), 3, 1)
    assert icc.source.losses == ()
    both = {"effect_se": 2.0, "ranges": {"icc": [0.01, 0.09]}}
    known = uncertain_study(file_of(uncertainty=both), 3, 1)
    assert known is not None
    assert known.covers == (
        "Monte Carlo error and effect normal with standard error 2; statistical.icc even in "
        "[0.01, 0.09]"
    )
    arms = {"design": {"arms": 3}, "statistical": {"effect": 0.0, "arm_effects": [5.0, 2.0]}}
    several = believed(file_of(**arms, uncertainty={"effect_se": 2.0}), 500, 1)
    drawn = np.array([one.statistical.arm_effects for one in several if one.statistical])
    assert drawn.std(axis=0) == pytest.approx([2.0, 2.0], abs=0.25)
    agents = {"design": {"clusters": 8}, "agents": {}, "uncertainty": {"effect_se": 1.0}}
    assert uncertain_study(design_from_table(agents), 3, 1) is None


def test_central_values_are_medians_over_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = [{"a": 1.0, "b": 9.0}, {}, {"a": 2.0, "b": 7.0}, {"a": 6.0, "b": 8.0}]
    asked: list[int] = []

    def chosen(count: int, path: Any) -> Any:
        asked.append(count)
        return SimpleNamespace(draws=draws, covers="draws")

    monkeypatch.setattr(choose, "chosen_draws", chosen)
    file = design_from_table({"design": {"clusters": 8}, "agents": {}, "precision": {"draws": 12}})
    plain: Any = study_of(file)
    assert plain.source.source.draws == [draws[0], *draws[2:]]
    central: Any = study_of(file, 4, central=True)
    assert central.source.source.draws == [{"a": 2.0, "b": 8.0}]
    assert central.covers.startswith("replication noise only")
    assert asked == [12, 4]


def test_what_a_formula_is_for() -> None:
    assert formula_of(study_of(file_of()), Assumed(5.0, 10.0, 0.05)).effect == 5.0
    own = study_of(file_of(analysis={"test": "participant-average"}))
    with pytest.raises(InputError, match="none for analysis.test = 'participant-average'"):
        formula_of(own, Assumed(5.0, 10.0, 0.05))
    by_size = {"statistical": {"effect_by_size": 0.5}, "design": {"size_variation": 0.4}}
    with pytest.raises(InputError, match="none where effects go with the size of teams"):
        formula_of(study_of(file_of(**by_size)), Assumed(5.0, 10.0, 0.05))


# Formula beside simulation.


def performance(**changes: Any) -> Any:
    own = {
        "power": rate(500, 1000),
        "mean_estimate": 2.0,
        "true_effect": 2.0,
        "bias": 0.0,
        "bias_se": 0.05,
        "empirical_se": 1.0,
        "model_se": 1.0,
        "df": 20.0,
        "singular": rate(0, 1000),
        "failed": rate(0, 1000),
    }
    return SimpleNamespace(**{**own, **changes})


def plan_of(**design: Any) -> Any:
    return study_of(file_of(design=design))


MOMENTS: Any = SimpleNamespace(clusters=20.0)


@pytest.mark.parametrize(
    ("power", "hits", "errors", "flagged"),
    [
        # 64 trials of a power of one half: its error is a sixteenth.
        (0.5, 44, 3.0, False),
        (0.5, 45, 3.25, True),
        (0.5, 20, -3.0, False),
        # Half a trial away from certainty.
        (1.0, 63, -(1 / 64) / sqrt(127 / 128 * 1 / 128 / 64), False),
        (0.0, 1, (1 / 64) / sqrt(127 / 128 * 1 / 128 / 64), False),
    ],
)
def test_a_gap_is_flagged_beyond_three_errors(
    power: float, hits: int, errors: float, flagged: bool
) -> None:
    formula: Any = SimpleNamespace(
        power=power, expected=2.0, spread=1.0, model_se=1.0, df=20.0, but=lambda **_: power
    )
    share = replace(rate(hits, 64), monte_carlo_se=0.001)
    found = explain_gap(plan_of(), performance(power=share), formula, MOMENTS)
    assert found.difference == hits / 64 - power
    assert found.errors == pytest.approx(errors)
    assert found.flagged == flagged
    assert bool(found.explanation) == flagged
    # The larger of both errors counts.
    wide = replace(share, monte_carlo_se=0.5)
    assert explain_gap(plan_of(), performance(power=wide), formula, MOMENTS).errors == (
        pytest.approx((hits / 64 - power) / 0.5)
    )


def test_a_gap_is_explained_step_by_step() -> None:
    """The mean estimate brings 20 points, its spread -5, the model's error nothing, df 1.5."""
    after = {(2.0, 1.0, 1.0, 20.0): 0.5, (2.5, 1.0, 1.0, 20.0): 0.7}
    after |= {(2.5, 1.3, 1.0, 20.0): 0.65, (2.5, 1.3, 1.0, 40.0): 0.665}

    def but(expected: float, se: float, model_se: float, df: float) -> float:
        return after[(expected, se, model_se, df)]

    formula: Any = SimpleNamespace(
        power=0.5, expected=2.0, spread=1.0, model_se=1.0, df=20.0, but=but
    )
    found = performance(
        power=rate(900, 1000), mean_estimate=2.5, empirical_se=1.3, model_se=0.0, df=40.0
    )
    lines = explain_gap(plan_of(), found, formula, MOMENTS).explanation
    assert [one.split(" points: ")[0] for one in lines] == ["+23.5", "+20.0", "-5.0", "+1.5"]
    assert "what remains: 0.0% of fits are singular" in lines[0]
    assert "estimates average 2.5, the formula has 2" in lines[1]
    # Estimates may average less than nothing; what is no number is left out, as is a tenth.
    after[(-1.0, 1.0, 1.0, 20.0)] = 0.501
    other = performance(
        power=rate(600, 1000), mean_estimate=-1.0, empirical_se=nan, model_se=nan, df=nan
    )
    lines = explain_gap(plan_of(), other, formula, MOMENTS).explanation
    assert [one.split(" points: ")[0] for one in lines] == ["+9.9", "+0.1"]
    after[(-1.0, 1.0, 1.0, 20.0)] = 0.5009
    lines = explain_gap(plan_of(), other, formula, MOMENTS).explanation
    assert [one.split(" points: ")[0] for one in lines] == ["+9.9"]


@pytest.mark.parametrize(
    ("design", "tables", "found", "teams", "words"),
    [
        ({}, {}, {}, 20.0, ""),
        ({}, {"statistical": {"effect_heterogeneity": 0.005}}, {}, 20.0, "effects differ between"),
        (
            {"baseline": "ancova"},
            {"attrition": {"rate": 0.005, "mechanism": "at random"}},
            {},
            20.0,
            "lost at random",
        ),
        ({}, {"attrition": {"rate": 0.2}}, {}, 20.0, ""),
        ({}, {}, {"singular": rate(50, 1000)}, 20.0, ""),
        ({}, {}, {"singular": rate(51, 1000)}, 20.0, "5% of fits put a variance at zero"),
        ({}, {}, {}, 19.5, ""),
        ({}, {}, {}, 19.45, "only 19.4 of 20 teams"),
        ({"clusters": 8}, {}, {}, 8.0, "with under five clusters in an arm"),
        ({"clusters": 10}, {}, {}, 10.0, ""),
        ({}, {"analysis": {"test": "permutation"}}, {}, 20.0, "of a permutation test"),
    ],
)
def test_causes_that_the_formula_leaves_out(
    design: dict[str, Any], tables: dict[str, Any], found: dict[str, Any], teams: float, words: str
) -> None:
    own = study_of(file_of(design=design, **tables))
    moments: Any = SimpleNamespace(clusters=teams)
    told = module._causes(own, performance(**found), moments)
    assert len(told) == (1 if words else 0)
    assert words in "".join(told)


def at(effect: float, formula: Any, plan: Any = None, **changes: Any) -> float:
    own = plan_of()
    study = own if plan is None else replace(own, plan=plan)
    result: Any = SimpleNamespace(performance=performance(**changes), study=study, formula=formula)
    return power_at(result, effect)


def test_power_at_another_effect_has_what_was_simulated() -> None:
    formula = power_of_effect(2.0, 1.0, 20.0, "")

    def power(effect: float, se: float = 1.0, df: float = 20.0, model_se: float = 1.0) -> float:
        return power_of_effect(effect, se, df, "", model_se=model_se).power

    for own in (formula, None):
        assert at(3.0, own) == pytest.approx(power(3.0))
        more = {"empirical_se": 1.2, "model_se": 0.9, "df": 10.0}
        assert at(3.0, own, **more) == pytest.approx(power(3.0, 1.2, 10.0, 0.9))
        # Bias beyond three errors is added, and what is within them is chance.
        assert at(3.0, own, bias=-0.5) == pytest.approx(power(2.5))
        assert at(3.0, own, bias=-0.125, bias_se=0.125 / 3) == pytest.approx(power(3.0))
        assert at(3.0, own, bias=nan) == pytest.approx(power(3.0))
        assert np.isnan(at(3.0, own, empirical_se=0.0))
        assert np.isnan(at(3.0, own, df=0.99))
        assert not np.isnan(at(3.0, own, df=1.0))
        assert not np.isnan(at(3.0, own, empirical_se=0.005))


def test_an_effect_that_builds_up_is_missed_in_proportion() -> None:
    """A share of .5 of an effect of 2 is a bias of -1, which the formula knows."""
    half = power_of_effect(2.0, 1.0, 20.0, "")
    half = replace(half, tests=(replace(half.tests[0], share=0.5),), expected=1.0)
    assert half.share == 0.5
    wanted = power_of_effect(1.5, 1.0, 20.0, "").power
    assert at(3.0, half, bias=-1.0, mean_estimate=1.0) == pytest.approx(wanted)
    assert at(3.0, half, bias=-2.0) == pytest.approx(power_of_effect(0.5, 1.0, 20.0, "").power)
    # By exposure an effect is what the analysis expects.
    by_exposure = AnalysisPlan(estimand=AVERAGE)
    assert power_of_estimand(half, by_exposure, 1.5) == pytest.approx(wanted)
    assert power_of_estimand(half, AnalysisPlan(), 3.0) == pytest.approx(wanted)
    remade: Any = SimpleNamespace(
        share=0.5, remade=True, at=lambda effect: SimpleNamespace(power=effect)
    )
    assert at(3.0, remade, bias=-5.0) == 3.0, "the formula's alone"


def test_of_agents_over_periods_nothing_is_known_at_another_effect() -> None:
    formula = power_of_effect(2.0, 1.0, 20.0, "")
    for agents, design, known in (
        (None, stepped_wedge(2, 2, 5), True),
        ("agents", stepped_wedge(2, 2, 5), False),
        ("agents", parallel(3, 5), True),
    ):
        file = SimpleNamespace(agents=agents)
        study = SimpleNamespace(file=file, design=design, plan=AnalysisPlan())
        result: Any = SimpleNamespace(performance=performance(), study=study, formula=formula)
        assert np.isnan(power_at(result, 3.0)) != known


@pytest.mark.parametrize("draws", [None, 0, 5])
def test_conditional_power_and_assurance_of_agents(
    draws: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result's own power is averaged over draws; the other has every parameter's median."""
    asked: list[Any] = []

    def simulated(study: Any, count: int, **how: Any) -> Any:
        asked.append((study, count, how))
        return SimpleNamespace(performance=SimpleNamespace(power="central"))

    monkeypatch.setattr(module, "simulate_power", simulated)
    monkeypatch.setattr(module, "study_of", lambda _file, draws, central: (draws, central))
    file = SimpleNamespace(
        statistical=None,
        precision=SimpleNamespace(draws=3),
        uncertainty=SimpleNamespace(ranges={"size": (5, 9), "icc": (0, 1)}),
    )
    own = rate(70, 100)
    result: Any = SimpleNamespace(
        study=SimpleNamespace(file=file, covers="draws"), performance=SimpleNamespace(power=own)
    )
    found = conditional_and_assurance(result, 4, draws)
    if draws == 0:
        assert found == (own, None, "no posterior draws were asked for (draws = 0)")
        return
    assert found == ("central", own, "draws. Not averaged over (sensitivity only): icc, size")
    assert asked == [((draws, True), 100, {"seed": 4, "null": False})]
