"""All that one power calculation found, as text, rows and plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite, isnan, nan, sqrt
from typing import Any, NamedTuple

from sim.reading.numbers import without_nan
from sim.trials.analyses.analysed_trial import NEITHER, PARTICIPANTS
from sim.trials.analyses.analysis_plan import average_meant
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.analyses.hypothesis import told
from sim.trials.analyses.methods.marginal import OF_CORRELATION
from sim.trials.analyses.registry import analysis_named
from sim.trials.analyses.several_arms import IN_WORDS
from sim.trials.data.counterfactual import statistical_truth
from sim.trials.designs.design import SAMPLINGS, Design, arm_sizes, randomisation_words
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power import go_no_go
from sim.trials.power.both_outcomes import BothOutcomes, both_by_formula, both_lines
from sim.trials.power.design_formula import Assumed
from sim.trials.power.formula_answer import Assurance, FormulaAnswer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.formula_search import FormulaFound
from sim.trials.power.important import (
    ImportantDifference,
    important_difference,
)
from sim.trials.power.left_out import caution
from sim.trials.power.measured_error import measured_line
from sim.trials.power.mediation_answer import (
    mediation_formula,
    mediation_lines,
    mediation_plain,
)
from sim.trials.power.mediation_simulated import SimulatedMediation
from sim.trials.power.multi_arm_power import ArmsPower
from sim.trials.power.power_search import Found, GridPoint, Swing
from sim.trials.power.power_study import (
    PowerResult,
    Study,
    power_at,
    power_of_estimand,
    statistical_source,
    true_effect,
)
from sim.trials.power.simulated_power import INTERVAL, Rate


@dataclass(frozen=True)
class PowerOutcome:
    """Results of `refocus power`."""

    result: PowerResult  # Of the design as its file has it
    # Power with every input taken as known, and averaged over what is not.
    conditional: Rate | None = None
    assurance: Rate | None = None
    assurance_covers: str = ""  # What the second is averaged over, or why there is none
    grid: tuple[GridPoint, ...] = ()
    found: Found | None = None
    swings: tuple[Swing, ...] = ()
    swing_trials: int = 0  # Trials at each end of a range
    both: BothOutcomes | None = None  # Power for two co-primary outcomes, of a hybrid type 2 trial
    # Power to see that a mediator of staff carries the effect.
    mediation: SimulatedMediation | None = None
    # What was left out because somebody stopped the calculation; empty when nothing was.
    stopped: str = ""

    @property
    def caution(self) -> str:
        """A sentence on what was left out, empty when nothing was."""
        return f"Stopped early; left out: {self.stopped}." if self.stopped else ""


def rows(outcome: PowerOutcome) -> list[dict[str, Any]]:
    """Return one row per design that was simulated: the file's, the grid's, the search's."""
    found: list[dict[str, Any]] = [{"of": "design", **outcome.result.row()}]
    for point in outcome.grid:
        values = {f"set_{name}": value for name, value in point.values.items()}
        found.append({"of": "grid", **values, **point.result.row()})
    if outcome.found is not None:
        for size, result in outcome.found.points:
            found.append({"of": "search", f"set_{outcome.found.name}": size, **result.row()})
    names: list[str] = []
    for row in found:
        names += [name for name in row if name not in names]
    names.sort(key=lambda name: (name != "of", not name.startswith("set_")))
    return [{name: row.get(name) for name in names} for row in found]


def plain(outcome: PowerOutcome) -> dict[str, Any]:
    """Return everything as dictionaries and lists of plain values, without infinities or NaN."""
    result = outcome.result
    important = important_difference(result.study.file)
    data: dict[str, Any] = {
        "design": result.study.file.model_dump(mode="json", exclude_none=True),
        "schedule": result.study.design.schedule.tolist(),
        "clusters_by_sequence": list(result.study.design.clusters),
        "averaged_over": result.study.covers,
        "performance": result.performance.as_dict(),
        "type_i_error": asdict(result.null.power) if result.null else None,
        "null": result.null.as_dict() if result.null else None,
        "estimand": asdict(result.estimand),
        "minimum_important_difference": important.value if important else None,
        "minimum_important_difference_source": important.source if important else None,
        "minimum_important_difference_average": average_meant(
            result.study.design, result.study.plan
        ),
        "power_at_minimum_important_difference": _at_important(result),
        "formula": result.formula.as_dict() if result.formula else None,
        "formula_problem": result.formula_problem or None,
        "formula_assumes": asdict(result.assumed),
        "caution": result.caution or None,
        "gap": asdict(result.gap),
        "realised": result.moments.as_dict(),
        "eligible_teams": result.eligible,
        "conditional_power": asdict(outcome.conditional) if outcome.conditional else None,
        "assurance": asdict(outcome.assurance) if outcome.assurance else None,
        "assurance_averaged_over": outcome.assurance_covers,
        "sensitivity": [asdict(one) for one in outcome.swings],
        "sensitivity_trials": outcome.swing_trials,
        "grid": [row for row in rows(outcome) if row["of"] == "grid"],
        "decision": go_no_go.table(result.study.file, result.formula, result.assumed.effect),
        "arms": result.arms._asdict() if result.arms else None,
        "seed": result.seed,
        "stopped_early": outcome.caution or None,
    }
    if outcome.both is not None:
        data["co_primary"] = asdict(outcome.both)
    formula_both = both_by_formula(result.study)
    if formula_both is not None:
        data["co_primary_formula"] = asdict(formula_both)
    if outcome.mediation is not None:
        data["mediation"] = asdict(outcome.mediation)
    carried = mediation_formula(result.study)
    if carried is not None:
        data["mediation_formula"] = mediation_plain(carried)
    if outcome.found is not None:
        f = outcome.found
        data["found"] = {
            "name": f.name,
            "target": f.target,
            "value": f.value,
            "by_formula": f.by_formula,
            "step": f.step,
            "low": f.low,
            "high": f.high,
            "problem": f.problem or None,
            "points": [row for row in rows(outcome) if row["of"] == "search"],
        }
    cleaned: dict[str, Any] = without_nan(data)
    return cleaned


def _at_important(result: PowerResult) -> float | None:
    important = important_difference(result.study.file)
    return None if important is None else power_at(result, important.value)


def design_sentence(study: Study) -> str:
    """Return the design in one sentence."""
    design = study.design
    if design.is_parallel:
        control, treated = arm_sizes(design)
        shape = f"parallel trial: {treated} teams treated, {control} control"
        if design.treated_arms > 1:
            numbers = ", ".join(str(one) for one in design.clusters[:-1])
            shape = f"parallel trial: {numbers} teams in {design.treated_arms} treated arms, " + (
                f"{control} control"
            )
    else:
        shape = (
            f"{design.total_clusters} teams in {len(design.clusters)} sequences over "
            f"{design.periods} periods"
        )
    size = f"{design.size:g} service users per team" + ("" if design.is_parallel else " and period")
    if design.sizes:
        size = f"{size[: size.index(' service')]} service users on average, as listed for each team"
    if design.size_variation:
        size += f" (coefficient of variation {design.size_variation:g})"
    adjusted = {
        "none": "",
        "ancova": ", adjusted for baseline",
        "change": ", change from baseline",
    }[design.baseline]
    return (
        f"{shape}; {size}; {design.sampling}{adjusted}; {design.period_weeks} weeks between "
        f"measurements; {randomisation_words(design)}"
    )


def source_sentence(study: Study) -> str:
    """Return where outcomes come from, in one sentence."""
    file = study.file
    if file.agents is not None:
        added = f" plus {file.agents.added_effect:g} points" if file.agents.added_effect else ""
        return (
            f"agent-based model: {file.agents.scenario}{added} against {file.agents.control}, "
            f"outcome {file.agents.measure}"
        )
    s = file.statistical
    assert s is not None
    varied = f" (SD {s.effect_heterogeneity:g} between teams)" if s.effect_heterogeneity else ""
    if s.effect_heterogeneity and s.effect_correlation:
        varied = f"{varied[:-1]}, correlation with their level {s.effect_correlation:g})"
    exposure = f", built up as {', '.join(f'{one:g}' for one in s.exposure)}" if s.exposure else ""
    what = f"SD {s.sd:g}"
    if s.outcome != "continuous":
        name = "probability" if s.outcome == "binary" else "mean count"
        what = f"{name} under control {s.mean:g}"
    again = "" if study.design.sampling == SAMPLINGS[0] else f", IAC {s.iac:g}"
    return (
        f"statistical model: effect {s.effect:g}{varied}{exposure}, {what}, ICC {s.icc:g}, "
        f"CAC {s.cac:g}{again}"
        + (f", cluster decay {s.cluster_decay:g} a period" if s.cluster_decay < 1.0 else "")
    )


def analysis_sentence(study: Study) -> str:
    """Return the pre-declared analysis in one sentence."""
    plan, design = study.plan, study.design
    test = analysis_named(plan.test)
    if not test.of_model:
        model = test.title
        if plan.correlation is not None:
            model += f", working correlation {OF_CORRELATION[plan.correlation]}"
        if plan.estimand != CONSTANT:
            model += f", an effect for each period of exposure ({plan.estimand} tested)"
    else:
        effects = ", ".join(plan.random_effects)
        fixed = "arm" if design.is_parallel else "treatment and period"
        if plan.estimand != CONSTANT:
            fixed = f"an effect for each period of exposure ({plan.estimand} tested) and period"
        if design.baseline == "ancova":
            fixed += ", baseline"
        if max(design.strata, design.readiness.strata) > 1:
            fixed += ", stratum"
        if plan.baseline == "constrained":
            fixed = "period, arm at follow-up; baseline means equal in both arms"
        title = test.title
        if plan.missing == "multiple imputation":
            title = "Barnard and Rubin's degrees of freedom"
        model = f"linear mixed model by REML (fixed: {fixed}; random: {effects}), {title}"
    missing = "complete cases"
    if plan.missing == "multiple imputation":
        missing = f"missing outcomes imputed {plan.imputations} times within teams"
    elif plan.baseline == "constrained":
        missing = "everybody measured at least once"
    return f"{model}, {hypothesis_words(study)}, {missing}; a failed fit is a non-rejection"


def hypothesis_words(study: Study) -> str:
    """Return what the trial wants to show, and at which level."""
    plan = study.plan
    return told(plan.hypothesis, plan.bounds, plan.alpha)


class Measure(NamedTuple):
    """A measure of performance, its Monte Carlo standard error and 95% limits, and a note."""

    name: str
    value: float
    error: float
    note: str
    low: float = float("nan")
    high: float = float("nan")

    @property
    def told(self) -> str:
        """Limits and note, as readers see them."""
        if isnan(self.low):
            return self.note
        return f"{self.low:.3f} to {self.high:.3f} ({INTERVAL}){self.note}"


def measures(outcome: PowerOutcome) -> list[Measure]:
    """Return every measure of performance."""
    result = outcome.result
    p = result.performance
    own_name, other = "power (conditional)", ("assurance", outcome.assurance)
    other_note = outcome.assurance_covers
    if result.study.file.agents is not None and outcome.assurance is not None:
        own_name, other = "power (assurance)", ("conditional power", outcome.conditional)
        other_note = "every parameter at its median"
    elif outcome.conditional is None:
        own_name = "power"
    found = [_of_rate(own_name, p.power)]
    if other[1] is not None:
        found.append(Measure(other[0], other[1].value, other[1].monte_carlo_se, other_note))
    if result.null is not None:
        null = result.null.power
        bounds = result.study.plan.bounds
        at = "" if bounds is None else f", at an effect of {bounds.nearest:g}"
        found.append(_of_rate("type I error", null, at))
    found += [
        Measure(*rest)
        for rest in (
            ("bias (points)", p.bias, p.bias_se, f"true effect {p.true_effect:.3g}"),
            ("coverage of 95% intervals", p.coverage.value, p.coverage.monte_carlo_se, ""),
            ("empirical SE (points)", p.empirical_se, p.empirical_se_error, ""),
            (
                "model SE (points)",
                p.model_se,
                p.model_se_error,
                f"{100.0 * (p.model_se / p.empirical_se - 1.0):+z.1f}% of the empirical"
                if p.empirical_se > 0.0
                else "",
            ),
            (
                "singular fits",
                p.singular.value,
                p.singular.monte_carlo_se,
                "a variance put at zero",
            ),
            ("failed fits", p.failed.value, p.failed.monte_carlo_se, "counted as non-rejections"),
        )
    ]
    level = result.study.plan.confidence
    return [one._replace(name=one.name.replace("95%", f"{100 * level:g}%")) for one in found]


def _of_rate(name: str, rate: Rate, note: str = "") -> Measure:
    return Measure(name, rate.value, rate.monte_carlo_se, note, rate.low, rate.high)


def known_formula_lines(formula: FormulaPower, a: Assumed, design: Design) -> list[str]:
    """Return a formula's answer and what it takes as known."""
    # In a cross-section nobody is measured twice.
    again = "" if design.sampling == SAMPLINGS[0] else f", IAC {a.iac:.3g}"
    at_zero = any(one.floor > 0.0 for one in formula.tests)
    otherwise = "were no variance put at zero" if at_zero else "with the true standard error"
    return [
        f"power by formula {formula.power:.3f} (noncentral t, {formula.df:.4g} degrees of freedom: "
        f"{formula.df_rule}; standard error {formula.se:.3g}"
        + (
            f", the test reckons with {formula.model_se:.3g}"
            if abs(formula.model_se / formula.se - 1.0) > 0.02
            else ""
        )
        + (
            f"; estimates can be expected to average {formula.expected:.3g}"
            if abs(formula.share - 1.0) > 0.005
            else ""
        )
        + (
            f"; {otherwise} {formula.power_noncentral_t:.3f}"
            if abs(formula.power_noncentral_t - formula.power) > 0.0005
            else ""
        )
        + f"; with a z test {formula.power_z:.3f})",
        f"it takes as known: effect {a.effect:.3g}"
        + (" (mean over treated periods)" if len(set(a.exposure)) > 1 else "")
        + f", SD {a.sd:.3g}, ICC {a.icc:.3g}, "
        f"CAC {a.cac:.3g}"
        + (f" (decay {a.cluster_decay:g} a period)" if a.cluster_decay < 1.0 else "")
        + f"{again}, lost {a.attrition:.1%}"
        + (f", SD of the effect between teams {a.effect_sd:.3g}" if a.effect_sd else ""),
    ]


def formula_lines(result: PowerResult) -> list[str]:
    """Return the formula's answer beside the simulation, and why they differ if they do."""
    formula, gap = result.formula, result.gap
    if formula is None:
        return [f"no formula: {result.formula_problem}"]
    lines = known_formula_lines(formula, result.assumed, result.study.design)
    if gap.flagged:
        lines.append(
            f"DIFFERS: simulation less formula {100 * gap.difference:+z.1f} points, "
            f"{abs(gap.errors):.1f} Monte Carlo errors, because"
        )
        lines += [f"  {one}" for one in gap.explanation]
    else:
        lines.append(
            f"not flagged: simulation less formula {100 * gap.difference:+z.1f} points, "
            f"{abs(gap.errors):.1f} Monte Carlo errors (flagged above 3)"
        )
    return lines


def effect_lines(result: PowerResult) -> list[str]:
    """Return the estimand's true value, and the minimum important difference beside it."""
    e, file = result.estimand, result.study.file
    lines = [
        f"participant average {e.participant_average:.3f} (Monte Carlo SE {e.participant_se:.3f}), "
        f"cluster average {e.cluster_average:.3f} ({e.cluster_se:.3f})"
    ]
    plan = result.study.plan
    if plan.estimand != CONSTANT:
        lines.insert(0, f"{plan.estimand} {result.performance.true_effect:.3g}, what is tested")
    if file.statistical is not None and file.statistical.effect_by_size:
        aims = analysis_named(plan.test).aims
        judged = f"{aims} (the {PARTICIPANTS} taken as true)" if aims == NEITHER else f"the {aims}"
        lines.append(f"effects go with the size of teams; the planned test aims at {judged}")
    if result.study.design.readiness.decides:
        lines.append(
            f"in all screened teams {e.all_screened:.3f}; selection brings "
            f"{e.selected_gain:+z.3f} (Monte Carlo SE {e.selected_gain_se:.3f}) and lets in "
            f"{result.eligible:.0%} of them"
        )
    if len(e.by_exposure) > 1:
        told = ", ".join("none" if one != one else f"{one:.3g}" for one in e.by_exposure)
        lines.append(f"by period since a team began: {told}")
    important = important_difference(file)
    if important is not None:
        told = important_line(important, result.study, power_at(result, important.value))
        formula = result.formula
        # Of an effect that builds up nothing simulated is in it; see `power_at`.
        if result.gap.flagged and formula is not None and formula.remade is not None:
            told += " by formula, which differs from the simulation of this design (see above)"
        lines.append(told)
    return lines


def important_line(important: ImportantDifference, study: Study, power: float) -> str:
    """Return the minimum important difference, which average it is, and the power to find it."""
    told = (
        f"minimum important difference {important.value:g} ({important.source}), taken "
        f"{average_meant(study.design, study.plan)}"
    )
    s = study.file.statistical
    truth = statistical_truth(statistical_source(study.file), study.design) if s else None
    average = 0.0 if truth is None else true_effect(study.plan, truth)
    if s is not None and 0.0 < average != s.effect:
        full = important.value * s.effect / average
        told += f" (an effect of {full:.3g} once it is fully there)"
    if not isfinite(power):
        return (
            f"{told}: no power is told, as the effect builds up and what the analysis makes of "
            "another one is not known"
        )
    return f"{told}: power to find it would be {power:.3f}"


def found_lines(found: Found) -> list[str]:
    """Return the answer of a search."""
    if found.value is None:
        lines = [found.problem]
    else:
        lines = [
            f"{found.name} = {found.value} for a power of {found.target:g} "
            f"({found.low} to {found.high}: {INTERVAL}; in steps of {found.step})"
        ]
    if found.by_formula is not None:
        lines.append(f"by formula {found.by_formula}")
    lines += [
        f"  {size}: {result.performance.power.value:.3f} "
        f"(Monte Carlo SE {result.performance.power.monte_carlo_se:.3f}"
        + (f", formula {result.formula.power:.3f})" if result.formula else ")")
        for size, result in found.points
    ]
    return lines


def as_text(outcome: PowerOutcome) -> str:
    """Return everything as text for a terminal."""
    result = outcome.result
    file = result.study.file
    lines = [
        file.title,
        design_sentence(result.study),
        source_sentence(result.study),
        analysis_sentence(result.study),
        *([outcome.caution] if outcome.stopped else []),
        *_cautions(result.caution),
        "",
        f"{result.performance.power.trials} simulated trials, seed {result.seed}, averaged over: "
        f"{result.study.covers}",
        f"  {'':<28}{'value':>9}{'MC SE':>9}",
    ]
    for one in measures(outcome):
        shown = f"  {one.name:<28}{one.value:>9.3f}{one.error:>9.4f}"
        lines.append(f"{shown}  {one.told}".rstrip())
    if outcome.assurance is None and outcome.assurance_covers:
        lines.append(f"  assurance: none; {outcome.assurance_covers}")
    decided = go_no_go.lines(file, result.formula, result.assumed.effect, result.results)
    lines += ["", *decided] if decided else []
    if result.arms is not None:
        lines += ["", *arms_lines(result.study, result.arms)]
    lines += ["", "formula", *[f"  {one}" for one in formula_lines(result)]]
    lines += ["", "true effect (points)", *[f"  {one}" for one in effect_lines(result)]]
    second = both_lines(result.study, outcome.both, both_by_formula(result.study))
    lines += ["", *second] if second else []
    carried = mediation_lines(result.study, outcome.mediation)
    lines += ["", *carried] if carried else []
    if outcome.found is not None:
        lines += ["", "search", *[f"  {one}" for one in found_lines(outcome.found)]]
    if outcome.grid:
        names = list(outcome.grid[0].values)
        lines += [
            "",
            "grid",
            "  "
            + "".join(f"{name:>16}" for name in names)
            + f"{'power':>9}{'MC SE':>9}{'formula':>9}{'type I':>9}"
            + f"{'true effect':>13}{'estimate':>10}",
        ]
        for point in outcome.grid:
            row = point.result.row()
            shown = "".join(f"{value:>16g}" for value in point.values.values())
            flag = "  differs" if row["formula_gap_flagged"] else ""
            lines.append(
                f"  {shown}{row['power']:>9.3f}{row['power_monte_carlo_se']:>9.4f}"
                f"{row['power_formula']:>9.3f}{row.get('type_i_error', float('nan')):>9.3f}"
                f"{row['true_effect']:>13.3f}{row['mean_estimate']:>10.3f}{flag}"
            )
    if outcome.swings:
        lines += [
            "",
            f"sensitivity, one at a time ({outcome.swing_trials} trials at each end)",
            f"  {'':<20}{'low':>9}{'high':>9}{'power low':>11}{'power high':>11}{'MC SE':>8}"
            f"{'formula':>17}",
        ]
        for s in outcome.swings:
            lines.append(
                f"  {s.name:<20}{s.low:>9.4g}{s.high:>9.4g}{s.power_low:>11.3f}"
                f"{s.power_high:>11.3f}{s.monte_carlo_se:>8.3f}{s.formula_low:>9.3f}{s.formula_high:>8.3f}"
            )
    return "\n".join(lines) + "\n"


def assurance_lines(found: Assurance | None) -> list[str]:
    """Return expected power over what is believed, by formula; nothing without uncertainty."""
    if found is None:
        return []
    return [
        f"assurance by formula {found.value:.3f} (Monte Carlo SE {found.monte_carlo_se:.3f} of "
        f"{found.draws} draws of [uncertainty]); power is from {found.low:.3f} to {found.high:.3f} "
        "in 90% of them"
    ]


def arms_lines(study: Study, found: ArmsPower) -> list[str]:
    """Return the power of each of several arms, of any and of all, and the rule for them."""
    plan = study.plan
    rule = IN_WORDS[plan.multiplicity]
    lines = [
        f"each treated arm against control, {rule} for {len(found.each)} tests "
        f"at {plan.alpha:g} together (what stands elsewhere is of the first arm; "
        f"{found.draws} draws)"
    ]
    told = [(f"arm {number}", one) for number, one in enumerate(found.each, 1)]
    told += [("at least one arm", found.any_of), ("all arms", found.all_of)]
    told += [("any false rejection, no effects", found.error)]
    for name, one in told:
        error = sqrt(one * (1.0 - one) / found.draws) if isfinite(one) else nan
        lines.append(f"  {name:<32}{one:>9.3f}{error:>9.4f}")
    return lines


def _cautions(sentence: str) -> list[str]:
    return [sentence] if sentence else []


def formula_search_text(file: DesignFile, found: FormulaFound) -> str:
    """Return a search by formula as text."""
    if found.value is None:
        told = found.problem
    else:
        told = (
            f"{found.name} = {found.value:.5g} for a power of {found.target:g} by formula "
            f"({found.power:.3f} there)"
        )
        if found.name == "effect":
            told = f"smallest detectable difference: {told}"
        if found.name == "cost":
            told = (
                f"cheapest trial: {found.clusters} teams of {found.size} people cost {told}; "
                f"{file.target.cost_per_team:g} a team, {file.target.cost_per_person:g} a person "
                "and period"
            ).replace("cost cost =", "cost")
    return f"{file.title}\n{told}\nno trial was run\n"


def formula_grid_text(file: DesignFile, rows: list[dict[str, Any]]) -> str:
    """Return a grid by formula as text: of two fields a table for each answer."""
    names = [one.removeprefix("set_") for one in rows[0] if one.startswith("set_")]
    answers = {
        "power": ("power", ".3f"),
        "detectable": (f"smallest difference with power {file.target.power:g}", ".3g"),
        "limit": ("power with any number of people", ".3f"),
    }
    if file.mediation is not None:
        answers["mediation"] = ("power to see mediation, joint test", ".3f")
    lines = [file.title]
    if len(names) == 2 and all(one["power"] is not None for one in rows):
        for key, (told, form) in answers.items():
            lines += ["", told, *_two_way(names, rows, key, form)]
    else:
        head = "".join(f"{one:>16}" for one in names)
        more = "" if file.mediation is None else f"{'mediation':>11}"
        lines.append(f"{head}{'power':>9}{'SE':>9}{'df':>8}{'smallest':>10}{'limit':>8}{more}")
        for row in rows:
            shown = "".join(f"{row[f'set_{one}']:>16g}" for one in names)
            if row["power"] is None:
                lines.append(f"{shown}  {row['problem']}")
                continue
            least = "none" if row["detectable"] is None else f"{row['detectable']:.3g}"
            lines.append(
                f"{shown}{row['power']:>9.3f}{row['se']:>9.3g}{row['df']:>8.4g}{least:>10}"
                f"{row['limit']:>8.3f}" + (f"{row['mediation']:>11.3f}" if more else "")
            )
        lines += [
            f"smallest: the smallest difference with power {file.target.power:g}; limit: power "
            "with any number of people",
        ]
    return "\n".join([*lines, "", "no trial was run"]) + "\n"


def _two_way(names: list[str], rows: list[dict[str, Any]], key: str, form: str) -> list[str]:
    """Return an answer by two fields, the second across."""
    down, across = (list(dict.fromkeys(row[f"set_{one}"] for row in rows)) for one in names)
    value = {(row[f"set_{names[0]}"], row[f"set_{names[1]}"]): row[key] for row in rows}
    label = f"{names[0]} \\ {names[1]}"
    width = max(len(label), 8)
    lines = [f"{label:>{width}}" + "".join(f"{one:>9g}" for one in across)]
    for one in down:
        cells = (value[(one, other)] for other in across)
        shown = "".join(f"{'none' if c is None else format(c, form):>9}" for c in cells)
        lines.append(f"{one:>{width}g}{shown}")
    return lines


def formula_text(answer: FormulaAnswer) -> str:
    """Return the formula's answer alone as text for a terminal."""
    study = answer.study
    lines = [
        study.file.title,
        design_sentence(study),
        source_sentence(study),
        *_cautions(caution(study.file, study.design, study.plan, answer.formula)),
        "",
        *known_formula_lines(answer.formula, answer.assumed, study.design),
        *([] if answer.arms is None else arms_lines(study, answer.arms)),
        measured_line(study.design, study.plan),
        *assurance_lines(answer.assurance),
        *go_no_go.lines(study.file, answer.formula, answer.assumed.effect),
        "no trial was run: loss that depends on outcomes is not in it",
    ]
    for part in (both_lines(study, None, both_by_formula(study)), mediation_lines(study, None)):
        lines += ["", *part] if part else []
    important = important_difference(study.file)
    if important is not None:
        lines.append(
            important_line(
                important, study, power_of_estimand(answer.formula, study.plan, important.value)
            )
        )
    return "\n".join(lines) + "\n"
