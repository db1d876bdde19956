"""Components that a design declares and its analysis leaves out: what that does to the test."""

from __future__ import annotations

from sim.trials.analyses.analysis_plan import AnalysisPlan, default_plan
from sim.trials.designs.design import Design, one_each
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.formula_power import FormulaPower

# By less than this a type I error is as good as its level.
NEGLIGIBLE = 0.003


def left_out(file: DesignFile, design: Design, plan: AnalysisPlan) -> list[str]:
    """Return, in words, what the data have by the design and the analysis does not know of."""
    if design.is_parallel or one_each(design):
        return []
    missing = [one for one in default_plan(design).random_effects if one not in plan.random_effects]
    s = file.statistical
    if s is None:
        return [f"'{one}'" for one in missing]
    found = []
    if "cluster-period" in missing and s.icc > 0.0 and s.cac < 1.0:
        found.append(f"'cluster-period' (CAC {s.cac:g})")
    if "person" in missing and s.iac > 0.0:
        found.append(f"'person' (IAC {s.iac:g})")
    if s.effect_heterogeneity > 0.0 and "treatment" not in plan.random_effects:
        found.append(f"'treatment' (effects differ with SD {s.effect_heterogeneity:g})")
    elif s.effect_heterogeneity > 0.0 and s.effect_correlation != 0.0 and s.icc > 0.0:
        found.append(f"the correlation of effects with teams' levels ({s.effect_correlation:g})")
    if s.cluster_decay < 1.0 and s.icc > 0.0 and s.cac > 0.0:
        found.append(f"the decay of the cluster's autocorrelation ({s.cluster_decay:g} a period)")
    return found


def caution(
    file: DesignFile, design: Design, plan: AnalysisPlan, formula: FormulaPower | None
) -> str:
    """Return a sentence that stands before any power; empty where nothing is left out."""
    found = left_out(file, design, plan)
    if not found:
        return ""
    told = f"the analysis leaves out {' and '.join(found)}, which the design declares"
    if formula is None or file.statistical is None:
        return f"CAUTION: {told}: its type I error is too high, and power that rests on it is none."
    rate, level = formula.type_i_error, formula.alpha
    by = f"{rate:.3f} by formula where {level:g} is said"
    if rate > level + NEGLIGIBLE:
        return (
            f"CAUTION: {told}: its type I error is too high ({by}), and power that rests on it is "
            "none."
        )
    if rate < level - NEGLIGIBLE:
        return f"Note: {told}: its type I error is below its level ({by})."
    return f"Note: {told}: its type I error is about its level ({by})."
