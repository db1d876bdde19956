"""A second primary outcome with statistical outcomes: simulated, by formula, and analysed."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

import sim
from sim.api.power import by_formula
from sim.errors import InputError
from sim.spreadsheet import frame_csv
from sim.trials.data.counterfactual import StatisticalTwins
from sim.trials.data.outcome_kind import BINARY, CONTINUOUS, Outcome, latent_cross
from sim.trials.designs.design_file import changed, design_from_table, load_design
from sim.trials.designs.design_text import design_text
from sim.trials.power.both_outcomes import both_by_formula, second_study
from sim.trials.power.power_study import study_of

WEDGE: dict[str, Any] = {
    "design": {"type": "stepped wedge", "steps": 3, "clusters": 6, "size": 4},
    "statistical": {"effect": 3.0, "sd": 10.0, "icc": 0.2, "cac": 0.5, "exposure": [0.5, 1.0]},
    "co_primary": {
        "mean": 5.0,
        "effect": 2.0,
        "sd": 4.0,
        "icc": 0.1,
        "cac": 0.5,
        "within": 0.5,
        "between": 0.1,
    },
}


def test_two_outcomes_have_the_correlations_that_are_asked_for() -> None:
    study = study_of(design_from_table(WEDGE, "wedge"))
    big = replace(study, design=replace(study.design, size=2.0, clusters=(2000, 2000, 2000)))
    both = []
    for one in (big, second_study(big)):
        assert isinstance(one.source, StatisticalTwins)
        both.append(next(iter(one.source.twins(big.design, 0, 1, 7))).untreated)
    first, second = both
    assert np.array_equal(first.cluster, second.cluster)
    z = np.array([(one.outcome - one.outcome.mean()) / one.outcome.std() for one in both])
    z = z.reshape(2, 4, -1, 2)
    # 48,000 people in 24,000 pairs of a team and period: errors of about .005 and .007.
    assert (z[0] * z[1]).mean() == pytest.approx(0.5, abs=0.02)
    other = (z[0] * z[1][..., ::-1]).mean()
    assert other == pytest.approx(0.1, abs=0.025)


def test_the_same_outcome_twice_is_one_test_by_formula_and_in_every_trial() -> None:
    same = {
        **WEDGE,
        "co_primary": {
            "mean": 40.0,
            "effect": 3.0,
            "sd": 10.0,
            "icc": 0.2,
            "within": 1.0 - 1e-9,
            "between": 0.2,
        },
    }
    study = study_of(design_from_table(same, "wedge"))
    found = both_by_formula(study)
    assert found is not None
    assert found.correlation == pytest.approx(1.0, abs=1e-6)
    assert found.all_of == pytest.approx(found.each[0], abs=2e-3)
    trials = [next(iter(one.source.twins(one.design, 3, 1, 1))).data.outcome for one in
              (study, second_study(study))]  # fmt: skip
    assert trials[0] == pytest.approx(trials[1], abs=0.01)


def test_the_correlation_of_two_tests_by_hand() -> None:
    table = {
        **WEDGE,
        "statistical": {"effect": 3.0, "sd": 10.0, "icc": 0.1, "cac": 0.5},
        "co_primary": {"effect": 2.0, "sd": 4.0, "icc": 0.1, "within": 0.46, "between": 0.06},
    }
    found = both_by_formula(study_of(design_from_table(table, "wedge")))
    assert found is not None
    # Draws of teams go together by .06 / .1, of people by .4 / .9: of contrasts of people alone
    # the correlation is .444, of teams alone .6; it lies between.
    assert 0.4 / 0.9 < found.correlation < 0.06 / 0.1
    even = {**table, "co_primary": {**table["co_primary"], "within": 0.5, "between": 0.05}}
    found = both_by_formula(study_of(design_from_table(even, "wedge")))
    assert found is not None
    # .05 / .1 of teams, .45 / .9 of people: .5, whatever the weights.
    assert found.correlation == pytest.approx(0.5)
    assert found.any_of < sum(found.each)
    assert found.all_of < min(found.each)


def test_correlations_that_no_two_outcomes_have_are_refused() -> None:
    worse = {**WEDGE, "co_primary": {**WEDGE["co_primary"], "between": sqrt(0.02) + 0.01}}
    with pytest.raises(InputError, match="no two outcomes have these correlations"):
        design_from_table(worse, "wedge")


def test_first_trial_and_its_declared_analysis(tmp_path: Path) -> None:
    file = changed(load_design("hybrid-wedge"), {"clusters": 4, "size": 5})
    answer = sim.power(file, simulations=20, sensitivity=False)
    assert answer.outcome.both is not None
    (tmp_path / "design.toml").write_text(design_text(file), encoding="utf-8")
    table = frame_csv(answer.tables["first-trial"])
    (tmp_path / "first-trial.csv").write_text(table, encoding="utf-8")
    found = sim.analyse(tmp_path / "first-trial.csv", design=tmp_path / "design.toml")
    plan, second = found["plan"], found["second"]["plan"]
    assert plan["answer"]["p"] == pytest.approx(answer.outcome.result.results[0].p, rel=1e-4)
    assert second["formula"].startswith("inspire ~")
    shown = [one["answer"]["p"] < 0.05 for one in (plan, second)]
    assert plan["co_primary"]["shown"] == all(shown)
    assert "To be shown: qpr and inspire, each at 0.05: " in found.text
    assert "AGAINST" not in found.text
    data = answer.tables["first-trial"]
    column = plan["term"]
    worse = data.assign(qpr=data["qpr"] - 40.0 * (data[column] == data[column].max()))
    harmed = sim.analyse(worse, design=tmp_path / "design.toml")
    assert harmed["plan"]["co_primary"]["against"] == ["qpr"]
    assert not harmed["plan"]["co_primary"]["shown"]
    assert "not shown; qpr: significant AGAINST the planned direction" in harmed.text
    assert "The outcomes qpr and inspire are co-primary" in answer.protocol
    stata = found.code("Stata")
    assert "lincom (1.exposure + 2.exposure + 3.exposure + 4.exposure) / 4, small" in stata
    assert found.code().count("contest1D") == 2


RISKS: dict[str, Any] = {
    "design": {"clusters": 20, "size": 15},
    "statistical": {"effect": 4.0, "icc": 0.05},
    "co_primary": {
        "outcome": "binary",
        "mean": 0.3,
        "effect": 0.2,
        "icc": 0.1,
        "within": 0.3,
        "between": 0.04,
    },
}


def test_a_score_and_a_yes_or_no_have_the_correlations_that_are_asked_for() -> None:
    study = study_of(design_from_table(RISKS, "risks"))
    big = replace(study, design=replace(study.design, size=2.0, clusters=(15_000, 15_000)))
    both = []
    for one in (big, second_study(big)):
        assert isinstance(one.source, StatisticalTwins)
        both.append(next(iter(one.source.twins(big.design, 0, 1, 7))).untreated)
    assert set(both[1].outcome) == {0.0, 1.0}
    z = np.array([(one.outcome - one.outcome.mean()) / one.outcome.std() for one in both])
    z = z.reshape(2, -1, 2)
    # 60,000 people in 30,000 pairs of a team: errors of about .004 and .006.
    assert both[1].outcome.mean() == pytest.approx(0.3, abs=0.01)
    assert (z[0] * z[1]).mean() == pytest.approx(0.3, abs=0.015)
    assert (z[0] * z[1][..., ::-1]).mean() == pytest.approx(0.04, abs=0.02)


def test_normal_numbers_behind_correlations_by_hand() -> None:
    score, half, third = (Outcome(CONTINUOUS), Outcome(BINARY, 0.5), Outcome(BINARY, 0.3))
    # Point-biserial: r = latent r times the normal density at the threshold over sqrt(p (1 - p)).
    density = np.exp(-0.5 * ndtri(0.7) ** 2) / sqrt(2.0 * np.pi)
    assert latent_cross(score, third, 0.2) == pytest.approx(0.2 * sqrt(0.21) / density, rel=1e-5)
    # Two even chances: r = 2 / pi arcsin(latent r), in either direction.
    for wanted in (0.4, -0.4):
        latent = np.sin(np.pi / 2.0 * wanted)
        assert latent_cross(half, half, wanted) == pytest.approx(latent, rel=1e-5)
    assert latent_cross(score, score, 0.3) == 0.3


def test_power_for_a_score_and_a_yes_or_no() -> None:
    file = design_from_table(RISKS, "risks")
    found = both_by_formula(study_of(file))
    assert found is not None
    # Each alone is what a design of that outcome alone has, but for four degrees of freedom.
    alone = design_from_table(
        {
            "design": {"clusters": 20, "size": 15},
            "statistical": {"outcome": "binary", "mean": 0.3, "effect": 0.2, "icc": 0.1},
        }
    )
    assert found.each[1] == pytest.approx(by_formula(alone).content()["formula"]["power"], abs=0.01)
    # (.3 + 14 x .04) / sqrt((1 + 14 x .05) (1 + 14 x .1)).
    assert found.correlation == pytest.approx(0.86 / sqrt(1.7 * 2.4))
    first, second = (one.plan.test for one in (study_of(file), second_study(study_of(file))))
    assert (first, second) == ("kenward-roger", "marginal")
    linear = changed(file, {"co_primary.test": "cluster-summary"})
    assert second_study(study_of(linear)).plan.test == "cluster-summary"
    told = "of 0.2 once it is fully there, a probability under control"
    for text in (by_formula(file).protocol, by_formula(file).text):
        assert told in " ".join(text.split())
    told = "Target difference: 4; of second 0.2 once it is fully there, a difference of prob"
    assert told in " ".join(by_formula(file).protocol.split())


def test_a_trial_of_two_kinds_is_analysed_as_it_was_planned(tmp_path: Path) -> None:
    file = design_from_table({**RISKS, "columns": {"second": "reached"}}, "risks")
    answer = sim.power(file, simulations=20, sensitivity=False)
    both = answer.outcome.both
    assert both is not None
    assert both.all_of.value <= min(one.value for one in both.each)
    (tmp_path / "design.toml").write_text(design_text(file), encoding="utf-8")
    one = study_of(load_design(tmp_path / "design.toml"))
    assert second_study(one).plan == second_study(study_of(file)).plan
    table = answer.tables["first-trial"]
    found = sim.analyse(table, design=tmp_path / "design.toml")
    assert set(table["reached"]) == {0.0, 1.0}
    second = found["second"]["plan"]
    assert "marginal" in second["test"]
    risks = table.groupby("arm")["reached"].mean()
    # Teams of one size: the difference of risks is that of the shares.
    assert second["answer"]["estimate"] == pytest.approx(risks["treated"] - risks["control"])


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("co_primary", {"effect": 0.8}, "co_primary: mean = 1.1: the probability of a binary"),
        ("co_primary", {"mean": 30.0}, "co_primary: mean = 30: the probability of a binary"),
        ("co_primary", {"sd": 2.0}, "sd: goes with outcome = 'continuous'"),
        ("co_primary", {"within": 0.9}, "a continuous and a binary outcome with these means"),
        ("design", {"baseline": "ancova"}, "a binary outcome has none; set baseline = 'none'"),
        ("attrition", {"rate": 0.2, "mechanism": "at random"}, "a binary outcome is lost"),
        ("co_primary", {"test": "marginl"}, "co_primary.test"),
    ],
)
def test_what_a_yes_or_no_may_not_be(part: str, changes: dict[str, Any], message: str) -> None:
    table = {**RISKS, part: {**RISKS.get(part, {}), **changes}}
    with pytest.raises(InputError) as told:
        design_from_table(table, "risks")
    assert message in str(told.value)
