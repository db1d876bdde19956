"""The report of a power calculation: one HTML page with what a protocol has to say of it.

Its parts follow what CONSORT's extension to cluster trials asks of a sample size (item 7a), the
extension to stepped wedges, and ADEMP (Morris, White and Crowther 2019) for simulation studies.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.report.document import Document, download
from sim.report.flow_diagram import flow_svg, schedule_svg
from sim.report.power_figures import Curve, curve_figure, tornado_figure
from sim.spreadsheet import data_frame
from sim.trials.analyses.analysis_plan import average_meant
from sim.trials.data.agent_calendar import measured_weeks
from sim.trials.designs.design import SAMPLINGS, randomisation_words
from sim.trials.power.both_outcomes import both_by_formula, both_lines
from sim.trials.power.important import important_difference
from sim.trials.power.mediation_answer import mediation_lines
from sim.trials.power.power_outcome import (
    PowerOutcome,
    analysis_sentence,
    design_sentence,
    effect_lines,
    formula_lines,
    found_lines,
    hypothesis_words,
    measures,
    source_sentence,
)
from sim.trials.power.power_study import power_at
from sim.trials.power.simulated_power import INTERVAL

if TYPE_CHECKING:
    import pandas as pd

    from sim.trials.power.power_study import PowerResult


def power_report(outcome: PowerOutcome, command: str) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    command : str
        What repeats the calculation.
    """
    result = outcome.result
    page = Document(f"Power: {result.study.file.title}")
    _summary(page, outcome)
    _design(page, result)
    _performance(page, outcome)
    _curve(page, outcome)
    _sensitivity(page, outcome)
    _items(page, outcome)
    _ademp(page, outcome)
    _reproduce(page, outcome, command)
    return page.html()


def _frame(rows: Sequence[Sequence[object]], *names: str) -> pd.DataFrame:
    return data_frame(rows, columns=list(names))


def _summary(page: Document, outcome: PowerOutcome) -> None:
    result = outcome.result
    p, file = result.performance, result.study.file
    power = p.power
    lead = (
        f"With {result.study.design.total_clusters} teams, {100 * power.value:.1f}% of "
        f"{power.trials} simulated trials found the effect ({100 * power.low:.1f} to "
        f"{100 * power.high:.1f}%: {INTERVAL}). The true effect is {p.true_effect:.2f} points"
    )
    important = important_difference(file)
    if important is not None:
        lead += f"; the minimum important difference is {important.value:g}"
    if result.caution:
        page.paragraph(result.caution, "caution")
    page.paragraph(lead + ".", "lead")
    if outcome.stopped:
        page.paragraph(outcome.caution, "caution")
    if file.description:
        page.paragraph(file.description)
    if result.null is not None:
        null = result.null.power
        page.paragraph(
            f"Where nobody is treated, the test rejects in {100 * null.value:.1f}% of trials "
            f"(Monte Carlo standard error {100 * null.monte_carlo_se:.1f} points; level "
            f"{100 * result.study.plan.alpha:g}%). {100 * p.singular.value:.1f}% of fits put a "
            f"variance at zero, {100 * p.failed.value:.1f}% failed and count as non-rejections."
        )
    if outcome.found is not None:
        page.heading("Search", 3)
        page.bullets([one.strip() for one in found_lines(outcome.found)])
    if result.gap.flagged:
        page.paragraph(
            "Simulation and formula differ by more than three Monte Carlo errors; the section on "
            "the formula says why.",
            "caution",
        )
    if abs(p.bias) > 3.0 * p.bias_se:
        page.paragraph(
            f"The analysis is biased: estimates average {p.mean_estimate:.2f} where the true "
            f"effect is {p.true_effect:.2f} (difference {p.bias:+z.2f}, Monte Carlo standard error "
            f"{p.bias_se:.2f}).",
            "caution",
        )
    if file.agents is not None:
        page.paragraph(
            "Outcomes come from an agent-based model whose mechanisms are in part assumptions. It "
            "is calibrated to one trial, in which the programme made 0.68 points of difference "
            "(95% confidence interval -1.7 to 3.1); no trial has validated its predictions.",
            "caution",
        )


def _design(page: Document, result: PowerResult) -> None:
    design = result.study.design
    page.heading("Design")
    page.paragraph(f"{design_sentence(result.study)}. {source_sentence(result.study)}.")
    weeks = measured_weeks(design)
    rows = [
        (f"sequence {number + 1}", int(count), *[int(one) for one in states])
        for number, (states, count) in enumerate(zip(design.schedule, design.clusters, strict=True))
    ]
    page.figure(
        schedule_svg(design.schedule.tolist(), design.clusters, weeks),
        "Matrix of sequences by periods: "
        + "; ".join(
            f"{name}, {count} teams: {' '.join(str(one) for one in states)}"
            for name, count, *states in rows
        ),
        "Which sequence is treated when: 0 control, 1 treated, 2 transition, 3 not measured.",
        _frame(rows, "sequence", "teams", *[f"week {week}" for week in weeks]),
        "schedule",
    )
    top, aside, columns, table = _flow(result)
    page.figure(
        flow_svg(top, aside, columns),
        "Flow of teams and service users: " + "; ".join(" ".join(map(str, one)) for one in table),
        "Flow diagram: means over simulated trials.",
        _frame(table, "arm", "teams", "asked", "answered", "lost"),
        "flow",
    )
    if result.study.file.assumptions:
        page.heading("Assumptions of this design", 3)
        page.bullets(list(result.study.file.assumptions))


def _flow(
    result: PowerResult,
) -> tuple[list[str], list[str], list[list[list[str]]], list[tuple[object, ...]]]:
    """Return the boxes of the flow diagram, and their numbers as a table."""
    design = result.study.design
    total = design.total_clusters
    top = [f"{total} teams randomised", randomisation_words(design)]
    aside: list[str] = []
    if design.readiness.decides:
        screened = total * design.readiness.screened_per_team
        top = [f"{screened} teams screened on readiness", f"{total} wanted and randomised"]
        if design.readiness.strata == 1:
            aside = [f"{(1.0 - result.eligible) * screened:.0f} teams not ready enough"]
    columns: list[list[list[str]]] = []
    table: list[tuple[object, ...]] = []
    arms = ((1, "Programme"), (0, "Control")) if design.is_parallel else ((1, "All sequences"),)
    for arm, name in arms:
        people = result.people[arm]
        if design.is_parallel:
            asked, answered = people["asked"], people["answered"]
            when = "at the end"
        else:
            asked, answered = people["rows_asked"], people["rows_answered"]
            when = "over all periods"
        lost = asked - answered
        columns.append(
            [
                [name, f"{people['clusters']:.1f} teams", f"{asked:.0f} asked {when}"],
                [f"{lost:.0f} without an answer", f"{lost / asked if asked else 0.0:.1%} of those"],
                [f"{answered:.0f} answers", f"in {people['clusters']:.1f} teams"],
            ]
        )
        table.append((name, people["clusters"], float(asked), float(answered), float(lost)))
    return top, aside, columns, table


def _performance(page: Document, outcome: PowerOutcome) -> None:
    result = outcome.result
    page.heading("Power and performance")
    found = measures(outcome)
    page.table(
        _frame(
            [(one.name, float(one.value), float(one.error), one.told) for one in found],
            *("measure", "value", "Monte Carlo SE", "note"),
        ),
        f"{result.performance.power.trials} trials, averaged over: {result.study.covers}",
    )
    numbers = _frame(
        [
            (one.name, one.value, one.error, one.low, one.high, one.note.lstrip(", "))
            for one in found
        ],
        *("measure", "value", "Monte Carlo SE", "low", "high", "note"),
    )
    page.parts.append(f"<p>{download(numbers, 'performance')}</p>")
    page.heading("Formula beside the simulation", 3)
    page.bullets([one.strip() for one in formula_lines(result)])
    second = both_lines(result.study, outcome.both, both_by_formula(result.study))
    if second:
        page.heading("Two co-primary outcomes", 3)
        page.bullets([one.strip() for one in second[1:]])
    carried = mediation_lines(result.study, outcome.mediation)
    if carried:
        page.heading("Mediation by practice", 3)
        page.bullets([one.strip() for one in carried[1:]])
    page.heading("Estimand and its true value", 3)
    page.paragraph(result.estimand.statement)
    page.bullets(effect_lines(result))


def _curve(page: Document, outcome: PowerOutcome) -> None:
    result = outcome.result
    target = result.study.file.target.power
    points: list[tuple[dict[str, float], PowerResult]] = [
        (point.values, point.result) for point in outcome.grid
    ]
    if not points and outcome.found is not None:
        points = [({outcome.found.name: float(size)}, one) for size, one in outcome.found.points]
    page.heading("Power curve")
    if not points and np.isnan(power_at(result, result.performance.true_effect)):
        page.paragraph(
            "The effect builds up by the model's own mechanisms, and what the analysis would make "
            "of another one is not known: no curve is drawn. Give --grid for simulated curves."
        )
        return
    if not points:
        curve, table = _effect_curve(result)
        page.paragraph(
            "By formula, over effects from none to one and a half times the larger of the true "
            "effect and the minimum important difference, with the simulated standard error; the "
            "point is simulated. Give --grid for simulated curves."
        )
        page.figure(
            curve, "Power rises with the effect.", "Power over the true effect.", table, "curve"
        )
        return
    names = list(points[0][0])
    first, others = names[0], names[1:]
    groups: dict[tuple[float, ...], list[tuple[float, PowerResult]]] = {}
    for values, one in points:
        key = tuple(values[name] for name in others)
        groups.setdefault(key, []).append((values[first], one))
    curves, rows = [], []
    for key, members in groups.items():
        members.sort(key=lambda one: one[0])
        label = ", ".join(f"{name} {value:g}" for name, value in zip(others, key, strict=True))
        rates = [one.performance.power for _, one in members]
        formula = [one.formula.power if one.formula else np.nan for _, one in members]
        curves.append(
            Curve(
                label,
                np.array([value for value, _ in members]),
                np.array([one.value for one in rates]),
                np.array([one.low for one in rates]),
                np.array([one.high for one in rates]),
                np.array(formula),
            )
        )
        for (value, one), rate, by_formula in zip(members, rates, formula, strict=True):
            rows.append(
                (
                    *key,
                    value,
                    rate.value,
                    rate.monte_carlo_se,
                    float(by_formula),
                    one.null.power.value if one.null else np.nan,
                    one.performance.singular.value,
                    "yes" if one.gap.flagged else "no",
                )
            )
    page.figure(
        curve_figure(curves, first, target),
        f"Power over {first}; the table under the figure has the numbers.",
        f"Power over {first}. Bars: {INTERVAL}.",
        _frame(
            rows,
            *others,
            first,
            "power",
            "Monte Carlo SE",
            "formula",
            "type I error",
            "singular fits",
            "differs from formula",
        ),
        "curve",
    )


def _effect_curve(result: PowerResult) -> tuple[str, pd.DataFrame]:
    important = important_difference(result.study.file)
    difference = important.value if important else 0.0
    true = result.performance.true_effect
    most = 1.5 * max(abs(true), difference, result.performance.empirical_se)
    effects = np.linspace(0.0, most, 13)
    powers = np.array([power_at(result, float(effect)) for effect in effects])
    simulated = result.performance.power
    at = int(np.argmin(np.abs(effects - abs(true))))
    effects[at] = abs(true)
    powers[at] = power_at(result, abs(true))
    shown = np.full(len(effects), np.nan)
    low, high = shown.copy(), shown.copy()
    shown[at], low[at], high[at] = simulated.value, simulated.low, simulated.high
    curve = Curve("", effects, shown, low, high, powers)
    table = _frame(
        list(zip(effects.tolist(), powers.tolist(), shown.tolist(), strict=True)),
        "effect (points)",
        "power by formula",
        "power simulated",
    )
    return curve_figure([curve], "effect (points)", result.study.file.target.power), table


def _sensitivity(page: Document, outcome: PowerOutcome) -> None:
    if not outcome.swings:
        return
    swings = outcome.swings
    page.heading("Sensitivity")
    page.paragraph(
        "Each quantity at the lowest and highest value that the design calls plausible, all else "
        "as it is. Both ends share their luck with the design itself."
    )
    page.figure(
        tornado_figure(
            [one.name for one in swings],
            [(one.low, one.high) for one in swings],
            [(one.power_low, one.power_high) for one in swings],
            outcome.result.performance.power.value,
        ),
        "Power at both ends of each range, widest first: "
        + "; ".join(f"{s.name} {s.power_low:.2f} to {s.power_high:.2f}" for s in swings),
        f"Tornado: {outcome.swing_trials} trials at each end.",
        _frame(
            [
                (
                    s.name,
                    s.low,
                    s.high,
                    s.power_low,
                    s.power_high,
                    s.monte_carlo_se,
                    float(s.formula_low),
                    float(s.formula_high),
                )
                for s in swings
            ],
            "quantity",
            "lowest",
            "highest",
            "power at lowest",
            "power at highest",
            "Monte Carlo SE",
            "formula at lowest",
            "formula at highest",
        ),
        "sensitivity",
    )


def _items(page: Document, outcome: PowerOutcome) -> None:
    """Add what CONSORT's extensions ask of a sample size, one row each."""
    result = outcome.result
    file, design, m = result.study.file, result.study.design, result.moments
    sizes = (
        f"unequal, coefficient of variation {design.size_variation:g}"
        if design.size_variation
        else "equal"
    )
    ranges = file.uncertainty.ranges
    icc = ranges.get("icc") or ranges.get("statistical.icc")
    if icc is not None:
        uncertainty = f"from {icc[0]:g} to {icc[1]:g}"
    elif file.agents is not None:
        uncertainty = "varies over the posterior draws"
    else:
        uncertainty = "none stated in [uncertainty]"
    assumed = result.assumed
    target = file.target
    important = important_difference(file)
    again, realised = f", individual {assumed.iac:.3g}", f" and {_known(m.iac)}"
    if design.sampling == SAMPLINGS[0]:  # Nobody is measured twice
        again = realised = ""
    rows: list[tuple[object, ...]] = [
        (
            "method of calculation",
            "simulation of whole trials and their analysis, with the formula beside it",
        ),
        (
            "number of clusters",
            f"{design.total_clusters} teams: "
            + ", ".join(f"{one}" for one in design.clusters)
            + " by sequence or arm",
        ),
        ("cluster size", f"{design.size:g} people per period, {sizes}; {m.lost:.1%} lost"),
        (
            "intracluster correlation",
            f"{assumed.icc:.3g} assumed, {m.icc:.3g} realised in the "
            f"data; uncertainty: {uncertainty}",
        ),
        (
            "correlation over time",
            f"cluster autocorrelation {assumed.cac:.3g}{again} assumed; "
            f"realised {_known(m.cac)}{realised}",
        ),
        ("level of the intervention", "the team (cluster); outcomes are measured on service users"),
        (
            "why clusters",
            "staff are trained as a team, so that its service users share the programme",
        ),
        (
            "target difference",
            f"true effect {result.performance.true_effect:.3g} points"
            + (
                f"; minimum important difference {important.value:g} ({important.source})"
                if important is not None
                else ""
            )
            + (f". {target.rationale}" if target.rationale else ""),
        ),
        ("standard deviation", f"{assumed.sd:.3g} assumed, {m.sd:.3g} realised"),
        ("hypothesis and level", hypothesis_words(result.study)),
        ("power wanted", f"{target.power:g}"),
        (
            "randomisation",
            randomisation_words(design),
        ),
        ("entry on readiness", _readiness(result)),
        ("loss to follow-up", _loss(result)),
        ("clustering in the analysis", analysis_sentence(result.study)),
        ("interim analyses", "none"),
    ]
    if not design.is_parallel:
        rows += [
            (
                "sequences and periods",
                f"{len(design.clusters)} sequences, {design.periods} "
                f"periods of {design.period_weeks} weeks; period effects are in the model",
            ),
            (
                "sampling over time",
                design.sampling
                + (f", {design.churn:.0%} replaced each period" if design.churn else ""),
            ),
            (
                "transition",
                "periods marked 2 in the schedule are not analysed"
                if (design.schedule == 2).any()
                else "none",
            ),
            (
                "effect over time",
                f"what is estimated: {result.study.plan.estimand}, "
                f"{average_meant(design, result.study.plan)}",
            ),
        ]
    page.heading("For the protocol: sample size of a cluster trial (CONSORT 7a)")
    page.table(_frame(rows, "item", "answer"), "Items on sample size", "protocol-items")


def _known(value: float) -> str:
    return "not estimable" if value != value else f"{value:.3g}"


def _readiness(result: PowerResult) -> str:
    rules = result.study.design.readiness
    if not rules.asked:
        return "no"
    told = []
    if rules.minimum is not None:
        told.append(f"measured readiness of {rules.minimum:g} or more")
    if rules.share is not None:
        told.append(f"the readiest {rules.share:.0%} of screened teams")
    if rules.strata > 1:
        told.append(f"{rules.strata} strata of measured readiness")
    if rules.decides:
        told.append(f"reliability of the score {rules.reliability:g}")
        told.append(f"{result.eligible:.0%} of screened teams may enter")
    if rules.run_in_weeks:
        told.append(f"{rules.run_in_weeks} weeks of work on readiness first")
    return "; ".join(told)


def _loss(result: PowerResult) -> str:
    if result.study.file.agents is not None:
        return f"by the model's own mechanisms; {result.moments.lost:.1%} in its data"
    loss = result.study.design.attrition
    told = f"{loss.rate:.0%}, {loss.mechanism}"
    if loss.slope:
        told += f", log odds {loss.slope:g} per standard deviation"
    if loss.arm_difference:
        told += f", {loss.arm_difference:+g} log odds where treated"
    return told


def _ademp(page: Document, outcome: PowerOutcome) -> None:
    result = outcome.result
    moments = result.moments.as_dict()
    page.heading("The simulation study (ADEMP)")
    rows: list[tuple[object, ...]] = [
        ("aims", "power and type I error of the pre-declared analysis, and how its estimate does"),
        (
            "data-generating mechanism",
            f"{source_sentence(result.study)}; realised: "
            + ", ".join(
                f"{name.replace('_', ' ')} {_known(value)}" for name, value in moments.items()
            ),
        ),
        ("estimand", result.estimand.statement),
        ("methods", analysis_sentence(result.study)),
        (
            "performance measures",
            "rejection rate over all trials, bias, coverage, empirical and "
            "model standard error, each with its Monte Carlo standard error; bias, coverage and "
            "standard errors over fitted trials, against each trial's own true effect",
        ),
    ]
    page.table(_frame(rows, "part", "answer"), "ADEMP", "ademp")


def _reproduce(page: Document, outcome: PowerOutcome, command: str) -> None:
    from importlib.metadata import PackageNotFoundError, version

    result = outcome.result
    try:
        number = version("refocus-simulation")
    except PackageNotFoundError:
        number = "not installed"
    page.heading("To repeat this")
    page.code(command)
    page.paragraph(
        f"Version {number}, seed {result.seed}, {result.performance.power.trials} trials, "
        f"{datetime.date.today().isoformat()}. The design is in design.toml beside this page, the "
        "result of every trial in trials.csv; first-trial.csv holds the data of the first, to try "
        "the analysis on."
    )
