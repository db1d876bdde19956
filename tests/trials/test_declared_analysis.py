"""What a design declares: model, columns, words, and in what data are otherwise than planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses import declared_analysis
from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.analyses.declared_analysis import (
    analyse_by_design,
    analysed_schedule,
    compared,
    declared_model,
    differences,
    estimates,
    outcome_column,
    treatment_column,
    used_columns,
    with_strata,
    words,
)
from sim.trials.analyses.declared_table import declared_table, with_second
from sim.trials.data.data import TrialData
from sim.trials.designs.design import Design
from sim.trials.designs.design_file import analysis_plan, design_from_table, trial_design
from sim.trials.designs.design_schema import DesignFile

WEDGE = {"type": "stepped wedge", "clusters": 6, "steps": 3, "size": 10}


def declared(**parts: Any) -> tuple[DesignFile, Design, AnalysisPlan]:
    table = {"design": {"clusters": 8, "size": 10}, "statistical": {"effect": 2.0}, **parts}
    if table["design"].get("arms") == 3:
        table["statistical"] = {"arm_effects": [1.0, 2.0]}
    file = design_from_table(table)
    design = trial_design(file)
    return file, design, analysis_plan(file, design)


def model_of(**parts: Any) -> tuple[str, str]:
    return declared_model(*declared(**parts))


# Model, columns, words


def test_the_model_of_a_design() -> None:
    assert model_of() == ("outcome ~ arm + (1|cluster)", "arm")
    names = {"outcome": "q p r", "baseline": "before", "cluster": "team", "treatment": "got"}
    names |= {"covariates": ["age", "sex at birth"], "strata": ["hub"]}
    ancova = model_of(design={"clusters": 8, "size": 10, "baseline": "ancova"}, columns=names)
    assert ancova[0] == ("`q p r` ~ got + before + age + `sex at birth` + factor(hub) + (1|team)")
    change = model_of(
        design={"clusters": 8, "size": 10, "baseline": "change"}, columns={"pairs": "pair"}
    )
    assert change[0] == "outcome - baseline ~ arm + factor(pair) + (1|cluster)"
    wedge = model_of(design=WEDGE, columns={"strata": ["hub"], "period": "wave"})
    assert wedge == (
        "outcome ~ treatment + factor(wave) + (1|cluster) + (1|cluster:wave)",
        "treatment",
    )
    arms = model_of(design={"clusters": 9, "arms": 3, "size": 10})
    assert arms[0] == "outcome ~ factor(arm) + (1|cluster)"
    cohort = model_of(design={**WEDGE, "sampling": "closed cohort"})
    assert "(1|cluster:person)" in cohort[0]
    own = {"random_effects": ["cluster", "treatment"]}
    assert model_of(design=WEDGE, analysis=own)[0].endswith("(1|cluster) + (0 + treatment|cluster)")


def test_a_constrained_baseline_has_no_model_of_a_table() -> None:
    with pytest.raises(InputError, match="baseline_use = 'constrained'"):
        model_of(
            design={"clusters": 8, "size": 10, "baseline": "ancova"},
            analysis={"baseline_use": "constrained"},
        )


def test_columns_that_are_read() -> None:
    assert used_columns(*declared()) == ["outcome", "arm", "cluster"]
    names = {"covariates": ["age"], "strata": ["hub"]}
    parts = declared(design={"clusters": 8, "size": 10, "baseline": "ancova"}, columns=names)
    assert used_columns(*parts) == ["outcome", "arm", "cluster", "baseline", "age", "hub"]
    pairs = declared(columns={"pairs": "pair"})
    assert used_columns(*pairs)[-1] == "pair"
    cohort = declared(design={**WEDGE, "sampling": "closed cohort"})
    assert used_columns(*cohort) == ["outcome", "treatment", "cluster", "period", "person"]
    file, design, _ = declared(columns={"outcome": "qpr"})
    assert outcome_column(file) == "qpr"
    assert treatment_column(file, design) == "arm"


def test_strata_that_no_column_is_named_for_are_a_column_of_their_name() -> None:
    stratified = {"method": "stratified", "strata": 2}
    file, design, _ = declared(randomisation=stratified)
    assert with_strata(file, design, ["stratum"]).columns.strata == ("stratum",)
    assert with_strata(file, design, ["hub"]) is file
    plain, one, _ = declared()
    assert with_strata(plain, one, ["stratum"]) is plain
    named, two, _ = declared(randomisation=stratified, columns={"strata": ["hub"]})
    assert with_strata(named, two, ["stratum"]) is named
    paired, three, _ = declared(randomisation=stratified, columns={"pairs": "pair"})
    assert with_strata(paired, three, ["stratum"]) is paired


def test_words_of_a_plan() -> None:
    plan = AnalysisPlan()
    found = words(plan, "y ~ arm + (1|team)")
    assert found.startswith("linear mixed model by REML, y ~ arm + (1|team); ")
    assert ", complete cases; two-sided at 0.05" in found
    assert "for 2 tests" not in found
    assert " for 2 tests, intervals unadjusted; " in words(plan, "m", 2)
    summary = words(replace(plan, test="cluster-summary"), "m")
    assert summary.startswith("m; two-stage t test of team means, complete")
    imputed = words(replace(plan, missing="multiple imputation", imputations=7), "m")
    assert "missing values imputed 7 times within clusters, Rubin's rules; " in imputed
    average = replace(plan, estimand="time-averaged effect")
    assert " of the time-averaged effect, one for each exposure, complete cases" in words(
        average, "m"
    )
    assert "Rubin's rules on the time-averaged effect, one for" in words(
        replace(average, missing="multiple imputation"), "m"
    )
    marginal = replace(plan, test="marginal", correlation="exchangeable")
    assert "working correlation one for all people" in words(marginal, "m")


def test_what_a_plan_estimates() -> None:
    _, design, plan = declared(design=WEDGE)
    assert estimates(plan, design).endswith("taken to be the same in every treated period")
    assert "every treated" not in estimates(replace(plan, estimand="time-averaged effect"), design)
    assert "every treated" not in estimates(*reversed(declared()[1:]))


# Differences


def table(clusters: int, people: int, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"cluster": np.repeat(np.arange(clusters), people), **columns})


def test_numbers_of_clusters_and_people_are_compared_with_the_plan() -> None:
    file, design, _ = declared()
    result: dict[str, Any] = {"compared": None}
    assert design.total_clusters == 8
    assert differences(file, design, table(8, 10), result) == []
    assert differences(file, design, table(7, 10), result) == ["7 clusters, planned 8"]
    half = table(8, 10)
    # 84 rows are a twentieth more than planned, and 85 are more than that.
    more = pd.concat([half, half[:4]])
    assert differences(file, design, more, result) == []
    more = pd.concat([half, half[:5]])
    assert differences(file, design, more, result) == [
        "10.6 rows for each cluster, planned 10 people"
    ]
    assert differences(file, design, half[half.index % 5 > 0], result) == [
        "8 rows for each cluster, planned 10 people"
    ]
    file, design, _ = declared(randomisation={"method": "stratified", "strata": 2})
    assert differences(file, design, half, result) == [
        "randomised within 2 strata, of which [columns] names no column"
    ]
    for columns in ({"strata": ["hub"]}, {"pairs": "pair"}):
        file, design, _ = declared(
            randomisation={"method": "stratified", "strata": 2}, columns=columns
        )
        assert differences(file, design, half, result) == []


def wedge_table() -> pd.DataFrame:
    """Return six clusters of three sequences over four periods, ten people of each a period."""
    frame = table(6, 40, period=np.tile(np.repeat([1, 2, 3, 4], 10), 6))
    treated = frame["period"] - 1 > frame["cluster"] % 3
    return frame.assign(treatment=np.where(treated, "new", "old"))


def test_schedules_are_compared_with_planned_sequences() -> None:
    file, design, _ = declared(design=WEDGE)
    result = {"compared": {"level": "new", "reference": "old"}}
    frame = wedge_table()
    assert differences(file, design, frame, result) == []
    early = frame.assign(treatment=np.where(frame["cluster"] == 4, "new", frame["treatment"]))
    assert differences(file, design, early, result) == [
        "clusters treated in other periods than any planned sequence: 4"
    ]
    assert differences(file, design, early, {"compared": None}) == []
    every = differences(file, design, frame.assign(treatment="old"), result)
    assert every[0].endswith("sequence: 0, 1, 2, 3, 4, ...")
    five = frame.assign(treatment=np.where(frame["cluster"] > 0, "old", frame["treatment"]))
    assert differences(file, design, five, result)[0].endswith("sequence: 1, 2, 3, 4, 5")
    short = differences(file, design, frame[frame["period"] < 4], result)
    assert short == ["3 periods, planned 4"]
    small = frame[frame.index % 2 == 0]
    assert differences(file, design, small, result) == [
        "5 rows for each cluster and period, planned 10 people"
    ]
    # Who has no period belongs to none, and one row of a period is enough.
    frame = frame.astype({"period": object})
    frame.loc[[3, 12], "period"] = None
    assert differences(file, design, frame, result) == []


def test_a_first_period_that_is_a_baseline_is_not_analysed() -> None:
    wedge = declared(design=WEDGE)[1]
    assert analysed_schedule(wedge) is wedge.schedule
    adjusted = replace(wedge, baseline="ancova", sampling="closed cohort")
    assert analysed_schedule(adjusted).tolist() == wedge.schedule[:, 1:].tolist()
    parallel = declared(design={"clusters": 8, "size": 10, "baseline": "ancova"})[1]
    assert analysed_schedule(parallel) is parallel.schedule


# Answers


def test_answers_of_several_arms_have_p_values_by_the_rule() -> None:
    def one(p: float) -> dict[str, Any]:
        return {"direction": "d", "coefficient": "c", "declared": {"p": p, "df": 9.0}, "more": 1}

    plan = replace(AnalysisPlan(), multiplicity="bonferroni")
    assert compared([one(0.03)], plan, (4, 4)) == [
        {"direction": "d", "coefficient": "c", "p": 0.03, "df": 9.0}
    ]
    two = compared([one(0.03), one(0.2)], plan, (4, 4, 4))
    assert [each["p_adjusted"] for each in two] == pytest.approx([0.06, 0.4])


@pytest.mark.parametrize(
    ("success", "p", "effects", "shown", "against"),
    [
        ("both", (0.04, 0.01), (1.0, 1.0), True, []),
        ("both", (0.04, 0.05), (1.0, 1.0), False, []),
        ("both", (0.05, 0.04), (1.0, 1.0), False, []),
        ("both", (0.04, 0.01), (1.0, -1.0), False, ["second"]),
        ("both", (0.04, 0.01), (0.0, 1.0), True, []),
        ("at least one", (0.5, 0.02), (1.0, 1.0), True, []),
        ("at least one", (0.5, 0.025), (1.0, 1.0), False, []),
        ("at least one", (0.02, 0.5), (-1.0, 1.0), False, ["outcome"]),
    ],
)
def test_two_primary_outcomes_are_shown_by_the_rule(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    success: str,
    p: tuple[float, float],
    effects: tuple[float, float],
    shown: bool,
    against: list[str],
) -> None:
    path = tmp_path / "design.toml"
    path.write_text(
        "[design]\nclusters = 8\nsize = 10\n[statistical]\neffect = 2.0\n[co_primary]\n"
        f'effect = 1.0\nsuccess = "{success}"\n'
    )
    left = list(zip(p, effects, strict=True))

    def found(*_: Any) -> dict[str, Any]:
        own, estimate = left.pop(0)
        return {"plan": {"answer": {"p": own, "estimate": estimate}, "alpha": 0.05}}

    monkeypatch.setattr(declared_analysis, "_declared", found)
    plan = analyse_by_design(pd.DataFrame(), path)["plan"]["co_primary"]
    assert plan["outcomes"] == ["outcome", "second"]
    assert (plan["shown"], plan["against"]) == (shown, against)
    assert plan["level"] == (0.05 if success == "both" else 0.025)


def test_outcomes_of_agents_have_no_planned_effect_to_be_against(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    path = tmp_path / "design.toml"
    path.write_text(
        '[design]\nclusters = 8\nsize = 10\n[agents]\n[co_primary]\nmeasure = "inspire_brief"\n'
    )
    answer = {"p": 0.01, "estimate": -1.0}
    monkeypatch.setattr(
        declared_analysis, "_declared", lambda *_: {"plan": {"answer": answer, "alpha": 0.05}}
    )
    plan = analyse_by_design(pd.DataFrame(), path)["plan"]["co_primary"]
    assert (plan["shown"], plan["against"]) == (True, [])


def test_what_a_plan_cannot_stand_beside_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "design.toml"
    frame = table(4, 3, arm=np.repeat([0, 0, 1, 1], 3), outcome=np.arange(12.0) ** 1.5)

    def attempt(text: str, **given: Any) -> dict[str, Any]:
        path.write_text(f"[design]\nclusters = 4\nsize = 3\n[statistical]\n{text}")
        return analyse_by_design(frame, path, **given)

    summary = '[analysis]\ntest = "cluster-summary"\n'
    with pytest.raises(InputError, match="interval = 'profile': goes with the likelihood"):
        attempt(summary, interval="profile")
    with pytest.raises(InputError, match="contrast: of coefficients of the mixed model"):
        attempt(summary, contrasts=["arm"])
    with pytest.raises(InputError, match=r"unknown column 'hub'.*; name it in \[columns\]"):
        attempt('[columns]\nstrata = ["hub"]\n')
    whole = attempt(summary)
    assert "multiple_imputation" not in whole
    found = whole["plan"]
    assert found["answer"]["coefficient"] == "arm"
    assert len(found["sha256"]) == 64
    means = frame.groupby("cluster")["outcome"].mean().to_numpy()
    assert found["answer"]["estimate"] == pytest.approx(means[2:].mean() - means[:2].mean())
    profile = attempt("", interval="profile", contrasts=["arm"])
    assert profile["likelihood"]["confidence"] == 0.95
    assert profile["contrasts"]["each"][0]["contrast"] == "arm"
    path.write_text(
        '[design]\ntype = "stepped wedge"\nclusters = 6\nsteps = 3\nsize = 10\n[statistical]\n'
        '[analysis]\nestimand = "time-averaged effect"\n'
    )
    with pytest.raises(InputError, match="the design's estimand = 'time-averaged effect'"):
        analyse_by_design(frame, path, contrasts=["arm"])


def test_arms_of_a_table_are_as_many_as_planned(tmp_path: Any) -> None:
    path = tmp_path / "design.toml"
    path.write_text(
        "[design]\nclusters = 12\narms = 3\nsize = 3\n[statistical]\narm_effects = [1, 2]\n"
        '[columns]\nreference = "c"\n'
    )
    cluster = np.repeat(np.arange(12), 3)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"cluster": cluster, "outcome": rng.normal(size=36)})
    whole = frame.assign(arm=np.array(["a", "b", "c"])[cluster % 3])
    found = analyse_by_design(whole, path)
    assert found["tested"] == ["factor(arm)a", "factor(arm)b"]
    assert [one["coefficient"] for one in found["plan"]["answers"]] == found["tested"]
    assert found["plan"]["answer"] is None
    assert found["plan"]["differences"] == []
    with pytest.raises(InputError, match="'arm': it has 2 labels, the design has 3 arms"):
        analyse_by_design(frame.assign(arm=np.array(["a", "c"])[cluster % 2]), path)
    with pytest.raises(InputError, match="'arm': it has 4 labels, the design has 3 arms"):
        analyse_by_design(frame.assign(arm=np.array(["a", "b", "c", "d"])[cluster % 4]), path)


# The table of a simulated trial


def data_of(periods: int, arms: list[int], stratum: list[int] | None = None) -> TrialData:
    """Return a person of each cluster in each period, the last cluster's gone at the end."""
    cluster = np.repeat(np.arange(len(arms)), periods)
    period = np.tile(np.arange(periods), len(arms))
    arm = np.array(arms)[cluster]
    treated = ((arm > 0) & (period > 0)).astype(int)
    own = np.zeros(len(arms), int) if stratum is None else np.array(stratum)
    kept = ~((cluster == len(arms) - 1) & (period == periods - 1))
    columns = [cluster, period, 10 * cluster, treated, arm, cluster + period / 10.0, own[cluster]]
    return TrialData(*(one[kept] for one in columns))


def test_a_parallel_trial_has_a_row_for_each_person_at_the_end() -> None:
    file, design, _ = declared(design={"clusters": 4, "size": 2})
    found = declared_table(data_of(1, [0, 1, 1, 0, 1]), file, design)
    assert found.columns.tolist() == ["cluster", "person", "arm", "outcome"]
    assert found["arm"].tolist() == ["control", "treated", "treated", "control"]
    file, design, _ = declared(
        design={"clusters": 4, "size": 2, "baseline": "ancova"},
        columns={"reference": "as before", "baseline": "first"},
    )
    found = declared_table(data_of(2, [0, 1, 1, 0, 1]), file, design)
    assert found["first"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert found["outcome"].tolist() == [0.1, 1.1, 2.1, 3.1]
    assert found["arm"].tolist() == ["as before", "treated", "treated", "as before"]
    assert found["person"].tolist() == [0, 10, 20, 30]


def test_several_arms_are_numbered_and_strata_have_a_column() -> None:
    file, design, _ = declared(design={"clusters": 9, "arms": 3, "size": 2})
    found = declared_table(data_of(1, [0, 1, 2, 0, 1]), file, design)
    assert found["arm"].tolist() == ["control", "arm 1", "arm 2", "control"]
    file, design, _ = declared(
        randomisation={"method": "stratified", "strata": 2}, columns={"strata": ["hub", "half"]}
    )
    found = declared_table(data_of(1, [0, 1, 1, 0, 1], [0, 0, 1, 1, 1]), file, design)
    assert found["hub"].tolist() == [0, 0, 1, 1]
    assert "half" not in found.columns


def test_a_trial_over_periods_has_a_row_for_each_measurement() -> None:
    file, design, _ = declared(design=WEDGE)
    data = replace(data_of(2, [0, 1, 1]), worker=np.arange(5))
    found = declared_table(data, file, design)
    assert found["period"].tolist() == [0, 1, 0, 1, 0]
    assert found["treatment"].tolist() == [0, 0, 0, 1, 0]
    assert found["worker"].tolist() == [0, 1, 2, 3, 4]
    named = declared(design=WEDGE, columns={"reference": "old", "cluster": "team"})[0]
    found = declared_table(data, named, design)
    assert found["treatment"].tolist() == ["old", "old", "old", "treated", "old"]
    assert found["team"].tolist() == [0, 0, 1, 1, 2]
    second = found.assign(outcome=9.0, other=[1, 2, 3, 4, 5])
    second.index = range(5, 10)
    both = with_second(found, second)
    assert both["outcome"].tolist() == found["outcome"].tolist()
    assert both["other"].tolist() == [1, 2, 3, 4, 5]
