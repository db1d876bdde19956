"""Words for a protocol: the sample size, the target difference, and what guidelines ask for.

The paragraph has every input of the calculation, so that somebody else can do it again. The
statement of the target difference follows DELTA2 (Cook and others 2018, doi 10.1136/bmj.k3750);
the items are those of SPIRIT 2013, of CONSORT's extension to cluster trials (Campbell and others
2012) and of that to stepped wedges (Hemming and others 2018) that a design decides. What a design
does not say is asked for in square brackets.
"""

from __future__ import annotations

from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from sim.trials.analyses.analysis_plan import average_meant
from sim.trials.analyses.methods.marginal import OF_CORRELATION
from sim.trials.data.outcome_kind import spread_words
from sim.trials.designs.design import (
    CONTROL,
    TRANSITION,
    Design,
    arm_sizes,
    first_treated,
    randomisation_words,
)
from sim.trials.power.both_outcomes import both_by_formula, outcome_names, second_inputs
from sim.trials.power.important import important_difference
from sim.trials.power.power_outcome import analysis_sentence, hypothesis_words

if TYPE_CHECKING:
    from sim.trials.power.formula_answer import FormulaAnswer
    from sim.trials.power.power_outcome import PowerOutcome
    from sim.trials.power.power_study import Study

WIDTH = 88
# Whether people of different periods are the same.
PEOPLE = {
    "cross-sectional": "different people",
    "closed cohort": "the same people",
    "open cohort": "a mixture of the same and other people",
}
# Whose random effects a plan names.
WHOSE = {
    "cluster": "teams",
    "cluster-period": "periods within teams",
    "person": "people",
    "worker": "members of staff",
    "treatment": "the treatment by team",
}
OF_TEAMS = "errors from teams with a correction for few of them"
# Tests of a mixed model with such errors.
ROBUST = ("cluster-robust", "cluster-jackknife")
OTHERWISE = {
    "participant-average": OF_TEAMS,
    "cluster-summary": "comparing means of teams",
    "permutation": "comparing means of teams with those under other allocations",
}

SCALES = {
    "continuous": "difference of means",
    "binary": "difference of probabilities",
    "count": "difference of mean counts",
}


def protocol_of_formula(answer: FormulaAnswer) -> str:
    """Return the words of a design whose power was found by formula."""
    f = answer.formula
    how = (
        f"Power was calculated by formula: a t test by the noncentral t distribution with "
        f"{f.df:.0f} degrees of freedom ({f.df_rule}) and a standard error of {f.se:.3g}, the "
        "correlations taken as known"
    )
    both = both_by_formula(answer.study)
    second = ""
    if both is not None:
        wanted = both.all_of if _all_of(answer.study) else both.any_of
        second = _second(answer.study, wanted, "", both.correlation)
    effect = answer.true_difference
    return _document(answer.study, f.power, "", effect, how, _inputs_of_formula(answer), second)


def protocol_of_simulation(outcome: PowerOutcome) -> str:
    """Return the words of a design whose power was simulated."""
    result = outcome.result
    rate, found = result.performance.power, result.performance
    error = f" (Monte Carlo standard error {100.0 * rate.monte_carlo_se:.1f} points)"
    how = (
        f"Power was found by simulating {rate.trials} trials and their analysis (seed "
        f"{result.seed})"
    )
    if result.null is not None:
        how += f", in which the test's type I error was {result.null.power.value:.3f}"
    if result.formula is not None:
        how += f"; by formula it is {100.0 * result.formula.power:.0f}%"
    assumed = result.assumed
    inputs = (
        f"a standard deviation of {assumed.sd:.3g}, an intracluster correlation of "
        f"{assumed.icc:.3g}{_over_time(result.study, assumed.cac, assumed.iac)}"
        f"{_of_effect(result.study)}"
    )
    if result.study.file.agents is not None:
        inputs += " (as simulated by the agent-based model over its posterior draws)"
    second, both = "", outcome.both
    if both is not None:
        wanted = both.all_of if _all_of(result.study) else both.at_least_one
        error_both = f" (Monte Carlo standard error {100.0 * wanted.monte_carlo_se:.1f} points)"
        second = _second(result.study, wanted.value, error_both, both.correlation)
    return _document(result.study, rate.value, error, found.true_effect, how, inputs, second)


def _all_of(study: Study) -> bool:
    """Return whether the trial must show both outcomes."""
    return study.file.co_primary is not None and study.file.co_primary.success == "both"


def _second(study: Study, power: float, error: str, correlation: float) -> str:
    """Return the sentence on two co-primary outcomes."""
    first, other = outcome_names(study.file)
    alpha = 100.0 * study.plan.alpha
    aim = f"both, each at {alpha:g}%" if _all_of(study) else f"at least one, each at {alpha / 2:g}%"
    own = ""
    if study.file.statistical is not None:
        own = f", given of {other} {second_inputs(study.file)}"
    return (
        f"The outcomes {first} and {other} are co-primary. The trial is to show {aim}, for which "
        f"its power is {100.0 * power:.0f}%{error}{own}; the two statistics have a correlation of "
        f"{correlation:.2f}. What stands above is of {first}."
    )


def _inputs_of_formula(answer: FormulaAnswer) -> str:
    a = answer.assumed
    first = spread_words(a.outcome, a.mean, a.sd)
    over = _over_time(answer.study, a.cac, a.iac)
    more = _of_effect(answer.study)
    true, expected = answer.true_difference, answer.formula.expected
    if abs(expected - true) > 0.05 * abs(true):
        more += f"; the analysis can be expected to estimate {expected:.3g} instead of {true:.3g}"
    return f"{first}, an intracluster correlation of {a.icc:.3g}{over}{more}"


def _of_effect(study: Study) -> str:
    """Return how an effect varies and builds up."""
    s = study.file.statistical
    if s is None:
        return ""
    found = ""
    if s.effect_heterogeneity:
        found += f", effects that differ between teams with SD {s.effect_heterogeneity:g}"
    if s.exposure:
        shares = ", ".join(f"{one:g}" for one in s.exposure)
        found += f", an effect of {s.effect:g} that builds up by period as {shares}"
    return found


def _over_time(study: Study, cac: float, iac: float) -> str:
    """Return the correlations over time that enter a calculation."""
    design = study.design
    if design.is_parallel and design.baseline == "none":
        return ""
    found = f", a cluster autocorrelation of {cac:.3g}"
    s = study.file.statistical
    if s is not None and s.cluster_decay < 1.0:
        found += f" that falls by a factor of {s.cluster_decay:g} a period"
    if design.sampling != "cross-sectional":
        found += f" and an individual autocorrelation of {iac:.3g}"
    return found


def _document(
    study: Study, power: float, error: str, effect: float, how: str, inputs: str, second: str
) -> str:
    parts = [
        (
            "Sample size",
            [sample_size(study, power, error, effect, how, inputs), *([second] if second else [])],
        ),
        ("Target difference (DELTA2)", target_difference(study, effect)),
        ("Items that this design answers (SPIRIT 2013, CONSORT 2010)", items(study)),
    ]
    lines = [f"# {study.file.title}", ""]
    for title, paragraphs in parts:
        lines += [f"## {title}", ""]
        for one in paragraphs:
            lines += wrap(one, WIDTH, subsequent_indent="  " if one.startswith("- ") else "")
        lines.append("")
    return "\n".join(lines)


def sample_size(
    study: Study, power: float, error: str, effect: float, how: str, inputs: str
) -> str:
    """Return the paragraph on sample size, with every input of the calculation.

    `error`: what to say of its Monte Carlo error; `effect`: true difference of the estimand;
    `how`, `inputs`: how it was calculated, and with which spread and correlations.
    """
    from sim import __version__

    design, plan = study.design, study.plan
    variation = (
        f" (coefficient of variation {design.size_variation:g})" if design.size_variation else ""
    )
    if design.is_parallel:
        control, treated = arm_sizes(design)
        who = f"{treated} teams with the programme and {control} in control, each with"
        people = f"{design.size:g} service users{variation}"
    else:
        who = (
            f"{design.total_clusters} teams in {len(design.clusters)} sequences over "
            f"{design.periods} periods of {design.period_weeks} weeks, each with"
        )
        people = f"{design.size:g} service users{variation} a period ({design.sampling})"
    loss = design.attrition.rate
    lost = f", {100.0 * loss:g}% lost to follow-up ({design.attrition.mechanism})" if loss else ""
    return (
        f"With {who} {people}, the trial has {100.0 * power:.0f}% power{error} {_aim(study)} "
        f"difference of {effect:.3g}, {average_meant(design, plan)}, {_level(study)}, given "
        f"{inputs}{lost}. The analysis is: "
        f"{analysis_sentence(study).rstrip('.')}. {how}. Software: refocus {__version__}."
    )


def _aim(study: Study) -> str:
    """Return what the power is for, up to the true difference."""
    if study.plan.bounds is None:
        return "to find a"
    return f"to show {study.plan.hypothesis} where there is a"


def _level(study: Study) -> str:
    if study.plan.bounds is None:
        return f"at a two-sided level of {100.0 * study.plan.alpha:g}%"
    return f"({hypothesis_words(study)})"


def target_difference(study: Study, effect: float) -> list[str]:
    """Return what DELTA2 asks of a target difference, one item each."""
    file, design = study.file, study.design
    important = important_difference(file)
    if important is None:
        threshold = "[say which difference matters to people, and how that is known]"
    else:
        threshold = f"{important.value:g} ({important.source})"
    name = "the primary outcome" if file.agents is None else file.agents.measure
    scale = SCALES["continuous" if file.statistical is None else file.statistical.outcome]
    beside = ""
    if file.co_primary is not None:
        first, other = outcome_names(file)
        name = f"{first}, and co-primary {other}"
        if file.statistical is not None:
            second = file.co_primary
            scale = f"of {first} the {scale}"
            beside = (
                f"; of {other} {second.effect:g} once it is fully there, a {SCALES[second.outcome]}"
            )
    target = f"{effect:.3g}" if isfinite(effect) else "not known"
    return [
        f"- Primary outcome: {name}; {scale} {average_meant(design, study.plan)}.",
        f"- Target difference: {target}{beside}.",
        f"- Smallest important difference: {threshold}.",
        f"- Why this difference: {file.target.rationale or '[say where it comes from]'}",
        "- Important and realistic: [say whether patients and professionals were asked, and what "
        "trials and reviews found]",
        f"- Level and power: {hypothesis_words(study)}, power {file.target.power:g} wanted.",
        "- Allocation: " + " : ".join(str(one) for one in design.clusters) + " teams.",
        "- Sensitivity: " + _ranges(study),
    ]


def _ranges(study: Study) -> str:
    found = [
        f"{name} from {low:g} to {high:g}"
        for name, (low, high) in sorted(study.file.uncertainty.ranges.items())
    ]
    spread = study.file.uncertainty.effect_se
    if spread:
        found.insert(0, f"effect with a standard error of {spread:g}")
    return "; ".join(found) if found else "[no range stated in [uncertainty]]"


def items(study: Study) -> list[str]:
    """Return items of SPIRIT and of CONSORT's extensions with a design's answers."""
    design, plan = study.design, study.plan
    found = [
        "- SPIRIT 12, CONSORT cluster 6a: outcomes are measured on service users; the team is what "
        "is randomised.",
        "- SPIRIT 8, CONSORT cluster 3a: a cluster is a team with its service users; whole teams "
        f"are randomised to {_each(design)}.",
        "- SPIRIT 14, CONSORT cluster 7a: see the sample size above (number of teams, size, "
        f"{'its variation' if design.size_variation else 'equal in all teams'}, intracluster "
        f"correlation); its uncertainty: {_of_correlation(study)}.",
        f"- SPIRIT 16a, CONSORT cluster 8a and 8b: {randomisation_words(design)}.",
        "- CONSORT cluster 10a and 10b: [who draws the allocation, who enrols teams and who "
        "assigns them; how service users come into the trial: everybody of a team, or a sample]",
        "- SPIRIT 16c, CONSORT cluster 10c: [who recruits, before or after allocation is known, "
        "and who consents: teams, service users, or both]",
        f"- SPIRIT 20a, CONSORT cluster 12a: {analysis_sentence(study).rstrip('.')}. Clustering is "
        f"taken into account by {_clustering(study)}.",
        f"- SPIRIT 20c: {plan.missing}; estimand {average_meant(design, plan)}, whether or not "
        "people were lost or left (treatment policy).",
        "- SPIRIT 21b, CONSORT cluster 7b: interim analyses: none.",
        "- CONSORT cluster 2a: staff are trained as a team, so that its service users share the "
        "programme.",
    ]
    if not design.is_parallel:
        transition = int((np.asarray(design.schedule) == TRANSITION).sum(axis=1).max())
        kind, more = _extension(design)
        found += [
            f"- CONSORT {kind} 3a: {len(design.clusters)} sequences of "
            f"{', '.join(str(one) for one in design.clusters)} teams, {design.periods} periods, "
            f"{design.period_weeks} weeks from each to the next; people of different periods are "
            f"{PEOPLE[design.sampling]} ({design.sampling}); periods of transition that are not "
            f"analysed: {transition}. [{more}add the diagram of sequences by periods]",
            f"- CONSORT {kind} 12a: time by an effect for each period; clustering by "
            f"{_clustering(study)}; repeated measures: {_repeated(study)}; what is estimated: "
            f"{plan.estimand}.",
        ]
    return found


def _extension(design: Design) -> tuple[str, str]:
    """Return the extension of CONSORT that a design over periods goes by, and what else it asks."""
    used = design.schedule[np.array(design.clusters) > 0]
    starts = first_treated(used)
    if any((row[at:] == CONTROL).any() for row, at in zip(used, starts, strict=True) if at >= 0):
        return "crossover", "say how long a washout is, and why nothing is carried over; "
    return ("stepped wedge" if len(set(starts[starts >= 0])) > 1 else "cluster"), ""


def _each(design: Design) -> str:
    """Return how the design applies to teams."""
    if design.is_parallel:
        control, treated = arm_sizes(design)
        return f"arms, {control} to control and {treated} to the programme"
    return "sequences, and change treatment as a whole"


def _of_correlation(study: Study) -> str:
    """Return the range of the intracluster correlation that was looked at."""
    found = study.file.uncertainty.ranges.get("icc")
    if found is None:
        return "[say how well it is known, or give a range in [uncertainty]]"
    return f"from {found[0]:g} to {found[1]:g}"


def _clustering(study: Study) -> str:
    """Return how the analysis takes into account that people of a team are alike."""
    plan = study.plan
    if plan.correlation is not None:
        return f"a working correlation, {OF_CORRELATION[plan.correlation]}, and {OF_TEAMS}"
    if plan.test in OTHERWISE:
        return OTHERWISE[plan.test]
    effects = " and ".join(WHOSE[one] for one in plan.random_effects)
    robust = f", and {OF_TEAMS}" if plan.test in ROBUST else ""
    return f"random effects of {effects}{robust}"


def _repeated(study: Study) -> str:
    """Return how the analysis takes into account that people are measured again."""
    if study.design.sampling == "cross-sectional":
        return "none, people of different periods are others"
    plan = study.plan
    mixed = plan.correlation is None and plan.test not in OTHERWISE
    if mixed and "person" in plan.random_effects:
        return "a random effect of people"
    if not mixed or plan.test in ROBUST:
        return "not modelled by person; errors are those of teams"
    return "not modelled: they are analysed as if they were different people"
