"""The formula's answer for a design: what is averaged, and what it says of itself."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import pytest

from sim.errors import InputError
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.designs.design_file import design_from_table, load_design
from sim.trials.power import formula_answer as answers
from sim.trials.power.formula_answer import Assurance, FormulaAnswer, formula_answer
from sim.trials.power.power_study import study_of


def test_assurance_is_the_mean_power_of_fifty_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Powers .1, .3, .5, .7 and .9 have a variance of .1; quantiles lie between neighbours."""
    asked: list[Any] = []
    powers = [0.1, 0.3, 0.5, 0.7, 0.9]

    def believed(*given: Any) -> list[float]:
        asked.append(given)
        return powers

    monkeypatch.setattr(answers, "believed", believed)
    monkeypatch.setattr(answers, "study_of", lambda power, draws: (power, draws))
    monkeypatch.setattr(
        answers,
        "formula_answer",
        lambda study: SimpleNamespace(formula=SimpleNamespace(power=study[0] + study[1])),
    )
    design = SimpleNamespace(is_parallel=True)
    study: Any = SimpleNamespace(file="file", design=design)
    found = answers.assurance_by_formula(study)
    assert found is not None
    assert found == pytest.approx(Assurance(0.5, sqrt(0.1 / 5), 0.14, 0.86, 5))
    assert asked == [("file", 50, 1)]
    design.is_parallel = False
    assert answers.assurance_by_formula(study) is None


@pytest.mark.parametrize(
    ("arms", "bounds", "told"),
    [(1, None, False), (2, None, True), (3, None, True), (2, "bounds", False), (1, "b", False)],
)
def test_arms_are_told_together_where_there_are_several(
    arms: int, bounds: Any, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "joint_arms", lambda *given: given)
    study: Any = SimpleNamespace(
        design=SimpleNamespace(treated_arms=arms), plan=SimpleNamespace(bounds=bounds)
    )
    formula: Any = None
    found: Any = FormulaAnswer(study, formula, "assumed").arms  # type: ignore[arg-type]
    assert found == ((study.design, "assumed", study.plan) if told else None)


@pytest.mark.parametrize(("estimand", "wanted"), [(CONSTANT, 2.0), ("long-term effect", 3.0)])
def test_an_effect_by_exposure_is_what_the_analysis_expects(estimand: str, wanted: float) -> None:
    study: Any = SimpleNamespace(plan=SimpleNamespace(estimand=estimand))
    formula: Any = SimpleNamespace(effect=2.0, expected=3.0)
    assumed: Any = None
    assert FormulaAnswer(study, formula, assumed).true_difference == wanted


def test_no_trial_was_simulated_and_outcomes_are_stated() -> None:
    table = {
        "design": {"type": "parallel", "clusters": 12, "size": 5},
        "statistical": {"effect": 4.0, "icc": 0.05},
    }
    found = formula_answer(study_of(design_from_table(table), 0)).as_dict()
    assert found["simulated_trials"] == 0
    assert found["arms"] is None
    assert found["assurance"] is None
    with pytest.raises(InputError, match="formula-only: outcomes come from agents"):
        formula_answer(study_of(load_design("refocus"), 0))
