"""Fields of a design file: what they make of the trial, whether it uses them, and their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.design import Design, parallel
from sim.trials.designs.design_file import (
    analysis_plan,
    batched,
    changed,
    check_apart,
    check_findable,
    check_used,
    dealt,
    design_from_table,
    field_named,
    has_use,
    measured_schedule,
    settable,
    trial_design,
)
from sim.trials.designs.design_schema import DesignFile
from tests.trials.schedules import NONE, RUN_IN, C, T


def file(
    design: dict[str, Any] | None = None,
    statistical: dict[str, Any] | None = None,
    **tables: dict[str, Any],
) -> DesignFile:
    """Return a design with some fields, of statistical outcomes unless there are agents."""
    source = {} if "agents" in tables else {"statistical": statistical or {}}
    return design_from_table({"design": {"clusters": 12, **(design or {})}, **source, **tables})


def trial(**design: Any) -> Design:
    return trial_design(file(design))


def test_teams_are_dealt_evenly_and_the_first_have_what_is_left() -> None:
    assert trial(clusters=13).clusters == (7, 6)
    assert trial(type="stepped wedge", steps=3, clusters=11).clusters == (4, 4, 3)
    assert trial(type="stepped wedge", steps=3, clusters=3).clusters == (1, 1, 1)
    assert trial(clusters=None, clusters_by_sequence=[2, 5]).clusters == (2, 5)
    rows = [[C, T], [C, T], [C, C], [C, C]]
    assert trial(clusters=None, type="matrix", schedule=rows).clusters == (1, 1, 1, 1)
    assert trial(
        clusters=None, type="matrix", schedule=rows, clusters_by_sequence=[3, 0, 3, 2]
    ).clusters == (3, 0, 3, 2)
    # Exact shares of 10 are 2.5 and 7.5, of 7 they are 3, 2 and 2, of 8 with nobody 0.
    assert dealt(10, [1, 3]) == [3, 7]
    assert dealt(7, [30, 20, 20]) == [3, 2, 2]
    assert dealt(8, [1, 4]) == [2, 6]
    assert dealt(5, [0, 0]) == [1, 1]


def test_schedules_of_types_of_trials() -> None:
    assert trial().schedule.tolist() == [[T], [C]]
    assert trial(baseline="ancova").schedule.tolist() == [[C, T], [C, C]]
    assert trial_design(
        file({"arms": 3}, {"arm_effects": [1.0, 2.0]})
    ).schedule.tolist() == [[T], [T], [C]]  # fmt: skip
    assert trial(type="crossover", periods=3).schedule.tolist() == [[T, C, T], [C, T, C]]
    wedge = np.array([[C, T], [C, C]])
    assert batched(wedge, 3, 1).tolist() == [
        [C, T, NONE, NONE],
        [C, C, NONE, NONE],
        [NONE, C, T, NONE],
        [NONE, C, C, NONE],
        [NONE, NONE, C, T],
        [NONE, NONE, C, C],
    ]
    assert trial(type="staircase", steps=2, before=2, after=1).schedule.tolist() == [
        [C, C, T, NONE],
        [NONE, C, C, T],
    ]
    rows = np.array([[C, RUN_IN, T], [C, NONE, C]])
    found = measured_schedule(Design("d", rows, (2, 3), 2))
    assert np.nan_to_num(found, nan=-1.0).tolist() == [[0, -1, 1]] * 2 + [[0, -1, 0]] * 3


def test_a_trial_has_the_fields_of_its_file() -> None:
    found = trial_design(
        file(
            {"size": 8.0, "size_variation": 0.5, "period_weeks": 26, "baseline": "ancova"},
            attrition={"rate": 0.2, "mechanism": "at random", "slope": 0.5, "arm_difference": 0.1},
            randomisation={"method": "stratified", "strata": 3},
        )
    )
    assert (found.size, found.size_variation, found.period_weeks) == (8.0, 0.5, 26)
    assert (found.sampling, found.baseline, found.unclustered) == ("closed cohort", "ancova", None)
    assert (found.randomisation, found.strata, found.treated_arms) == ("stratified", 3, 1)
    loss = found.attrition
    assert (loss.rate, loss.mechanism, loss.slope, loss.arm_difference) == (
        0.2,
        "at random",
        0.5,
        0.1,
    )
    assert trial().sampling == "cross-sectional"
    assert trial(baseline="change", sampling="open cohort").sampling == "open cohort"
    for arm, sequence in (("treated", 0), ("control", 1)):
        one = trial(clusters=None, clusters_by_sequence=[20, 20], unclustered=arm)
        assert one.unclustered == sequence
    assert trial_design(file({"arms": 3}, {"arm_effects": [1.0, 2.0]})).treated_arms == 2
    sizes = trial(clusters=4, sizes=[4, 4, 8, 8])
    assert (sizes.sizes, sizes.size) == ((4.0, 4.0, 8.0, 8.0), 6.0)


RULES = {"strata": 3, "share": 0.25, "cut_off": 0.6, "reliability": 0.9, "screened_per_team": 2}


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("none", (None, None, 1)),
        ("cut-off", (0.6, None, 1)),
        ("top share", (None, 0.25, 1)),
        ("stratum", (None, None, 3)),
    ],
)
def test_rules_of_readiness(entry: str, wanted: tuple[Any, ...]) -> None:
    rules = {**RULES, "entry": entry, "run_in_weeks": 8, "run_in_intensity": 0.5}
    found = trial_design(file(agents={}, readiness=rules)).readiness
    assert (found.minimum, found.share, found.strata) == wanted
    assert (found.reliability, found.screened_per_team) == (0.9, 2)
    assert (found.run_in_weeks, found.run_in_intensity) == (8, 0.5)


@pytest.mark.parametrize(
    ("clusters", "told"),
    [
        ([2, 2], None),
        ([1, 2], r"has \[treated, control\] teams, at least 2"),
        ([2, 2, 2], r"has \[treated, control\] teams"),
    ],
)
def test_a_parallel_trial_has_two_teams_an_arm(clusters: list[int], told: str | None) -> None:
    design = {"clusters": None, "clusters_by_sequence": clusters}
    if told is None:
        assert trial_design(file(design)).clusters == tuple(clusters)
        return
    with pytest.raises(InputError, match=told):
        file(design)


def test_three_arms_have_three_numbers() -> None:
    design = {"clusters": None, "clusters_by_sequence": [3, 3], "arms": 3}
    with pytest.raises(InputError, match="3 numbers, control last, teams"):
        file(design, {"arm_effects": [1.0, 2.0]})


WEDGE = {"type": "stepped wedge", "steps": 3}
OPEN = {**WEDGE, "sampling": "open cohort"}
MEDIATED = {"agents": {}, "mediation": {"mediator": "fidelity"}}
USES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # Field, and a design that uses it, and one that does not.
    ("analysis.imputations", {"analysis": {"missing": "multiple imputation"}}, {}),
    ("analysis.better", {"analysis": {"hypothesis": "superiority"}}, {}),
    ("analysis.better", {"decision": {}}, {}),
    ("analysis.better", {"analysis": {"hypothesis": "non-inferiority", "margin": 1.0}}, {}),
    (
        "analysis.multiplicity",
        {"design": {"arms": 3}, "statistical": {"arm_effects": [1.0, 1.0]}},
        {},
    ),
    ("columns.second", {"co_primary": {}}, {}),
    (
        "columns.second_baseline",
        {"co_primary": {}, "design": {"baseline": "change"}},
        {"co_primary": {}},
    ),
    ("columns.period", {"design": WEDGE}, {}),
    ("columns.person", {"design": OPEN}, {"design": WEDGE}),
    ("columns.baseline", {"design": {"baseline": "change"}}, {}),
    ("statistical.cac", {"design": WEDGE}, {}),
    ("statistical.cac", {"design": {"baseline": "change"}}, {}),
    ("statistical.cluster_decay", {"design": WEDGE}, {}),
    ("statistical.iac", {"design": OPEN}, {"design": WEDGE}),
    ("readiness.cut_off", {"agents": {}, "readiness": {"entry": "cut-off"}}, {"agents": {}}),
    ("readiness.share", {"agents": {}, "readiness": {"entry": "top share"}}, {"agents": {}}),
    ("readiness.strata", {"agents": {}, "readiness": {"entry": "stratum"}}, {"agents": {}}),
    ("readiness.reliability", {"agents": {}, "readiness": {"entry": "cut-off"}}, {"agents": {}}),
    ("readiness.run_in_weeks", {"agents": {}}, {}),
    (
        "readiness.run_in_intensity",
        {"agents": {}, "readiness": {"run_in_weeks": 1}},
        {"agents": {}},
    ),
    ("attrition.rate", {}, {"agents": {}}),
    ("attrition.slope", {"attrition": {"rate": 0.005}}, {}),
    ("attrition.arm_difference", {"attrition": {"rate": 0.1}}, {}),
    (
        "mediation.observer_reliability",
        MEDIATED,
        {"agents": {}, "mediation": {"mediator": "staff_behaviour"}},
    ),
    ("mediation.observer_reliability", MEDIATED, {}),
    ("design.churn", {"design": OPEN}, {"design": WEDGE}),
    ("design.size", {}, {"design": {"sizes": [4] * 12}}),
    ("design.size_variation", {}, {"design": {"sizes": [4] * 12}}),
    ("statistical.effect_correlation", {"statistical": {"effect_heterogeneity": 1.0}}, {}),
    ("design.steps", {"design": WEDGE}, {}),
    ("design.steps", {"design": {"type": "staircase"}}, {"design": {"type": "crossover"}}),
    (
        "statistical.effect",
        {},
        {"design": {"arms": 3}, "statistical": {"arm_effects": [1.0, 1.0]}},
    ),
    ("design.batches", {"design": {**WEDGE, "type": "batched wedge"}}, {"design": WEDGE}),
    ("design.batch_lag", {"design": {**WEDGE, "type": "batched wedge"}}, {"design": WEDGE}),
    ("design.before", {"design": {"type": "staircase"}}, {"design": WEDGE}),
    ("design.after", {"design": {"type": "staircase"}}, {"design": WEDGE}),
    ("design.transition_periods", {"design": WEDGE}, {"design": {"type": "staircase"}}),
    ("design.periods", {"design": {"type": "crossover"}}, {"design": WEDGE}),
]


@pytest.mark.parametrize(("name", "uses", "none"), USES)
def test_a_field_that_is_not_used_is_told(
    name: str, uses: dict[str, Any], none: dict[str, Any]
) -> None:
    check_used(file(**uses), name)
    with pytest.raises(InputError, match=f"{name}: has no meaning in this design; it needs"):
        check_used(file(**none), name)


def test_a_field_by_the_last_part_of_its_name() -> None:
    assert has_use(file(WEDGE), "cac")
    assert not has_use(file(), "cac")
    assert not has_use(file(), "cacc")
    wedge = file(WEDGE, co_primary={})
    assert field_named(wedge, "icc") == "statistical.icc"
    assert field_named(wedge, "attrition") == "attrition.rate"
    assert field_named(wedge, "strata") == "randomisation.strata"
    assert field_named(file(agents={}, readiness={"entry": "stratum"}), "strata") == (
        "readiness.strata"
    )
    assert field_named(file(agents={}), "agents.settings.x") == "agents.settings.x"
    assert field_named(file(agents={}), "dropout_yearly") == "agents.settings.dropout_yearly"
    for name, told in (
        (
            "added_effect",
            r"agents.added_effect is not used by this design, which has no \[agents\]",
        ),
        ("iccs", "unknown field 'iccs'; did you mean 'icc'"),
    ):
        with pytest.raises(InputError, match=told):
            field_named(wedge, name)
    assert settable(wedge, "sampling") == "design.sampling"
    assert settable(wedge, "analysis.test") == "analysis.test"


def test_what_may_not_be_set_or_looked_for_together() -> None:
    wedge = file(WEDGE)
    check_apart(wedge, ["icc"], {"cac": "grid"})
    with pytest.raises(InputError, match="settings icc: grid sets it"):
        check_apart(wedge, ["icc"], {"statistical.icc": "grid"})
    with pytest.raises(InputError, match="clusters: clusters_by_sequence sets the same"):
        changed(wedge, {"clusters_by_sequence": [4, 4, 4], "clusters": 9})
    listed = file({"sizes": [4] * 12})
    for name in ("clusters", "size", "cost"):
        check_findable(wedge, name)
        with pytest.raises(InputError, match=f"find = '{name}': design.sizes lists"):
            check_findable(listed, name)
    check_findable(listed, "effect")


def test_changes_are_of_the_kind_that_a_field_has() -> None:
    wedge = file(WEDGE)
    assert changed(wedge, {"steps": 4.0}).design.steps == 4
    assert changed(wedge, {"icc": "0.125", "clusters": "15"}).design.clusters == 15
    given = changed(wedge, {"clusters_by_sequence": [2, 4, 6]})
    assert (given.design.clusters, given.design.clusters_by_sequence) == (None, (2, 4, 6))
    assert changed(given, {"clusters": 18}).design.clusters_by_sequence == (3, 6, 9)
    for value, told in (("x", "must be a finite number"), (float("nan"), "must be a finite")):
        with pytest.raises(InputError, match=f"statistical.icc = .*: {told}"):
            changed(wedge, {"icc": value})
    with pytest.raises(InputError, match="design.steps = 2.5: must be a whole number"):
        changed(wedge, {"steps": 2.5})


def test_a_threshold_belongs_to_its_instrument() -> None:
    aim = {"minimum_important_difference": 3.0, "rationale": "a reason"}
    agents = file(agents={}, target=aim)
    assert changed(agents, {"size": 9}).target.minimum_important_difference == 3.0
    other = changed(agents, {"measure": "inspire_support"}).target
    assert (other.minimum_important_difference, other.rationale) == (None, "")
    both = {"measure": "inspire_support", "minimum_important_difference": 5.0}
    assert changed(agents, both).target.minimum_important_difference == 5.0


def planned(**given: Any) -> tuple[str, str | None]:
    found = file(**given)
    plan = analysis_plan(found, trial_design(found))
    return plan.test, plan.correlation


def test_the_planned_test_is_that_of_outcome_and_design() -> None:
    default = planned()[0]
    binary = {"outcome": "binary", "mean": 0.3, "effect": 0.1}
    assert planned(statistical=binary) == ("marginal", "exchangeable")
    assert planned(statistical=binary, design=WEDGE) == ("marginal", "nested exchangeable")
    assert planned(statistical={"treated_sd": 12.0}) == ("by-arm", None)
    assert planned(statistical={"treated_icc": 0.1}) == ("by-arm", None)
    unclustered = {"clusters": None, "clusters_by_sequence": [20, 20], "unclustered": "control"}
    assert planned(design=unclustered) == ("by-arm", None)
    adjusted = {"statistical": {"treated_sd": 12.0}, "design": {"baseline": "ancova"}}
    assert planned(**adjusted) == (default, None)
    strata = {"method": "stratified", "strata": 2}
    assert planned(statistical={"treated_sd": 12.0}, randomisation=strata) == (default, None)
    assert planned(statistical={"treated_sd": 12.0}, analysis={"test": default}) == (default, None)
    assert planned(analysis={"average": "cluster average"})[0] != default
    with pytest.raises(InputError, match="aims at .*, and analysis.average = 'cluster average'"):
        file(analysis={"average": "cluster average", "test": default})
    with pytest.raises(InputError, match="needs statistical.outcome = 'binary' or 'count'"):
        file(analysis={"test": "marginal"})


def test_few_people_are_told() -> None:
    assert trial(size=2).size == 2.0
    with pytest.raises(InputError, match="with one person per cluster a mixed model cannot"):
        file({"size": 1.9})
    assert file({"size": 1.0}, analysis={"test": "cluster-summary"}).design.size == 1.0
    one = {**WEDGE, "size": 1.0}
    told = r"'cluster-period' cannot be told from the rest"
    with pytest.raises(InputError, match=told):
        file(one, analysis={"random_effects": ["cluster", "cluster-period"]})
    plain = {"random_effects": ["cluster"]}
    assert trial_design(file(one, analysis=plain)).size == 1.0
    assert file({**one, "size": 1.5}, analysis={"random_effects": ["cluster", "cluster-period"]})


def test_one_person_a_period_is_enough_where_periods_tell() -> None:
    plain = {"analysis": {"random_effects": ["cluster"]}}
    assert trial_design(file({"type": "crossover", "size": 1.0}, **plain)).periods == 2
    once = [[C, NONE], [NONE, T], [T, NONE], [NONE, C]]
    with pytest.raises(InputError, match="one person per cluster and one period of each"):
        file({"type": "matrix", "schedule": once, "size": 1.0}, **plain)


def test_two_outcomes_of_agents_are_two_measures() -> None:
    assert file(agents={}, co_primary={"measure": "inspire_support"}).co_primary is not None
    with pytest.raises(InputError, match="co_primary.measure = 'qpr15': is agents.measure already"):
        file(agents={}, co_primary={"measure": "qpr15"})
    with pytest.raises(InputError, match="unknown co_primary.measure 'qpr'"):
        file(agents={}, co_primary={"measure": "qpr"})


def test_lists_over_periods_are_as_long_as_the_trial() -> None:
    file(WEDGE, {"period_effects": [0.0, 1.0, 2.0, 3.0], "exposure": [0.2, 0.5, 1.0]})
    for length in (3, 5):
        with pytest.raises(InputError, match=f"{length} values for 4 periods"):
            file(WEDGE, {"period_effects": [1.0] * length})
    with pytest.raises(
        InputError, match="4 values, but no team is exposed for more than 3 periods"
    ):
        file(WEDGE, {"exposure": [0.2, 0.5, 1.0, 1.0]})
    with pytest.raises(InputError, match="more than 1 period;"):
        file({}, {"exposure": [0.5, 1.0]})


def test_agents_are_followed_for_twenty_years_at_most() -> None:
    def weeks(one: int) -> DesignFile:
        return file({"baseline": "change", "period_weeks": one}, agents={})

    assert weeks(520).design.period_weeks == 520
    long = {"type": "stepped wedge", "steps": 4, "period_weeks": 260}
    assert trial_design(file(long, agents={})).periods == 5
    with pytest.raises(InputError, match="the trial takes 1044 weeks; at most 1040"):
        file({**long, "period_weeks": 261}, agents={})


def test_a_design_over_periods_needs_three_teams() -> None:
    matrix = {"type": "matrix", "clusters": None, "schedule": [[C, T], [T, C]]}
    with pytest.raises(InputError, match="clusters: 2 in all leave nothing to judge chance by"):
        file({**matrix, "clusters_by_sequence": [1, 1]})
    assert trial_design(file({**matrix, "clusters_by_sequence": [2, 1]})).total_clusters == 3
    with pytest.raises(InputError, match="a parallel trial is analysed at its last period"):
        file(analysis={"random_effects": ["cluster", "cluster-period"]})


def test_ranges_are_of_what_a_field_may_be() -> None:
    file(uncertainty={"ranges": {"icc": [0.1, 0.1], "cac": [0.5, 0.9]}})
    for ranges, told in (
        ({"icc": [0.2, 0.1]}, "lowest comes first"),
        ({"clusters": [10.5, 12.0]}, "design.clusters = 10.5: must be a whole number"),
        ({"icc": [0.0, float("inf")]}, "must be a finite number|must be a number"),
    ):
        with pytest.raises(InputError, match=told):
            file(uncertainty={"ranges": ranges})


def test_one_plain_trial_is_the_one_of_the_library() -> None:
    assert trial(clusters=12, size=15.0).schedule.tolist() == parallel(6, 15).schedule.tolist()
