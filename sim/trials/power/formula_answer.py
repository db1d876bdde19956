"""The formula's answer for a design, without a simulation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.data.counterfactual import statistical_truth
from sim.trials.power import go_no_go
from sim.trials.power.both_outcomes import both_by_formula
from sim.trials.power.design_formula import Assumed, joint_arms
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.left_out import caution
from sim.trials.power.measured_error import MEASURED, kind_of
from sim.trials.power.mediation_answer import mediation_formula, mediation_plain
from sim.trials.power.multi_arm_power import ArmsPower
from sim.trials.power.power_study import (
    Study,
    assumed_of,
    believed,
    formula_of,
    statistical_source,
    study_of,
)

BELIEVED, BELIEVED_SEED = 50, 1


class Assurance(NamedTuple):
    """Power averaged over what is believed of the inputs, by formula."""

    value: float
    monte_carlo_se: float
    # Between which power lies in 90% of the draws.
    low: float
    high: float
    draws: int


def assurance_by_formula(study: Study) -> Assurance | None:
    """Return expected power over `[uncertainty]` of a parallel trial; None of any other.

    Formulas over periods take seconds for so many draws: simulated trials average there.
    """
    files = believed(study.file, BELIEVED, BELIEVED_SEED) if study.design.is_parallel else []
    if not files:
        return None
    powers = np.array([formula_answer(study_of(one, 0)).formula.power for one in files])
    low, high = np.quantile(powers, [0.05, 0.95])
    error = float(powers.std(ddof=1)) / sqrt(len(powers))
    return Assurance(float(powers.mean()), error, float(low), float(high), len(powers))


@dataclass(frozen=True)
class FormulaAnswer:
    """Power by formula, and what it takes as known."""

    study: Study
    formula: FormulaPower
    assumed: Assumed

    @property
    def true_difference(self) -> float:
        """The true difference of what the analysis is for, points.

        Of an effect by exposure the estimate expects the truth.
        """
        constant = self.study.plan.estimand == CONSTANT
        return self.formula.effect if constant else self.formula.expected

    @cached_property
    def assurance(self) -> Assurance | None:
        """Expected power over what is believed of the inputs."""
        return assurance_by_formula(self.study)

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
        carried = mediation_formula(study)
        return {
            "mediation_formula": None if carried is None else mediation_plain(carried),
            "co_primary_formula": None if both is None else asdict(both),
            "caution": caution(study.file, study.design, study.plan, self.formula) or None,
            "type_i_error": self.formula.type_i_error,
            "design": self.study.file.model_dump(mode="json", exclude_none=True),
            "formula": self.formula.as_dict(),
            "arms": None if self.arms is None else self.arms._asdict(),
            "assurance": None if self.assurance is None else self.assurance._asdict(),
            "decision": go_no_go.table(study.file, self.formula, self.assumed.effect),
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
