"""The formula's answer for a design, without a simulation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sim.errors import InputError
from sim.trials.data.counterfactual import statistical_truth
from sim.trials.power.both_outcomes import both_by_formula
from sim.trials.power.design_formula import Assumed, joint_arms
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.left_out import caution
from sim.trials.power.measured_error import MEASURED, kind_of
from sim.trials.power.multi_arm_power import ArmsPower
from sim.trials.power.power_study import Study, assumed_of, formula_of, statistical_source


@dataclass(frozen=True)
class FormulaAnswer:
    """Power by formula, and what it takes as known."""

    study: Study
    formula: FormulaPower
    assumed: Assumed

    @property
    def arms(self) -> ArmsPower | None:
        """Power of several arms, jointly; None of one, or of another hypothesis than two-sided."""
        if self.study.design.treated_arms == 1 or self.study.plan.bounds is not None:
            return None
        return joint_arms(self.study.design, self.assumed, self.study.plan)

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        study = self.study
        kind = kind_of(study.design, study.plan)
        both = both_by_formula(study)
        return {
            "co_primary_formula": None if both is None else asdict(both),
            "caution": caution(study.file, study.design, study.plan, self.formula) or None,
            "type_i_error": self.formula.type_i_error,
            "design": self.study.file.model_dump(mode="json", exclude_none=True),
            "formula": self.formula.as_dict(),
            "arms": None if self.arms is None else self.arms._asdict(),
            "formula_assumes": asdict(self.assumed),
            "formula_off_by_points": None if kind is None else MEASURED[kind]._asdict(),
            "simulated_trials": 0,
        }


def formula_answer(study: Study) -> FormulaAnswer:
    """Return the formula's answer.

    Raises
    ------
    InputError
        When outcomes come from agents, whose spread, correlations and effect are known only after
        simulating them, or when the design has no formula.
    """
    if study.file.statistical is None:
        raise InputError(
            "formula-only: outcomes come from agents, and what a formula needs of them (effect, "
            "SD, ICC) is known after simulating them; leave the option out, or use [statistical]"
        )
    effect = statistical_truth(statistical_source(study.file), study.design).participant_average
    assumed = assumed_of(study.file, effect)
    return FormulaAnswer(study, formula_of(study, assumed), assumed)
