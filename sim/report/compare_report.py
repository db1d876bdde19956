"""The report of a comparison: one page in the order in which a planner reads."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from sim.drawing import Line, Panel
from sim.parameters.registry import grade_counts
from sim.planning import compare_tables as tables
from sim.planning.better import BETTER_BY, MATRIX_SAYS, better_matrix, better_than
from sim.planning.comparison import (
    TRIAL_BLACK_LIMIT,
    Comparison,
)
from sim.planning.drivers import noise_level, varied
from sim.planning.knowing import FEWEST_DRAWS
from sim.planning.outcomes import (
    BLACK,
    IMPLEMENTATION,
    INSPIRE,
    QPR,
    STAFF_MEASURES,
    TITLES,
    WEEKLY,
)
from sim.planning.uncertainty import spread_of
from sim.planning.value import Value
from sim.planning.verdicts import (
    averaged_text,
    covers_text,
    extrapolated_text,
    few_draws_text,
    later_costs,
    overall_sentence,
    rests_text,
    sentence_on,
    time_text,
    verdict_on,
)
from sim.planning.vocabulary import IMPORTANT, IMPORTANT_IF_22_ITEMS
from sim.planning.worth_knowing import (
    Known,
    knowing_rows,
    knowing_sentences,
    threshold_rows,
)
from sim.report.compare_figures import (
    budget_figure,
    chance_figure,
    curves_figure,
    drivers_figure,
    plane_figure,
)
from sim.report.decision_page import decision_html, decision_style
from sim.report.document import Document, download
from sim.report.figures import Point, interval_figure, line_figure
from sim.report.readable import PRINT_STYLE, folded, table_block
from sim.scenarios.words import word_rows
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.decision import Decision

MOST_LINES = 7
MOST_DRIVER_FIGURES = 3
WEAK_DRIVERS = 3
COMMON_CHANCE = (
    "Every scenario starts with the same simulated teams, staff and service users and meets the "
    "same luck (common random numbers), so that what differs between them is the scenario's doing."
)
CURVES = "Panels over weeks for readiness, adoption, reach, fidelity, relationship and recovery."


def compare_report(
    comparison: Comparison,
    value: Value,
    command: str,
    decision: Decision,
    knowing: tuple[Known, ...] = (),
    *,
    opened: bool = False,
) -> str:
    """Return the report as a self-contained HTML page: the decision, and an annex.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    value : Value
        Its value for money.
    decision : Decision
        What it leads to.
    command : str
        The command that repeats it.
    knowing : tuple of Known
        What it is worth to know more; empty where it was not reckoned.
    opened : bool
        Whether all but long tables stand open, as on paper.
    """
    page = Document(decision.question, opening=decision_html(decision))
    page.parts += [PRINT_STYLE, decision_style(), '<section class="annex">']
    page.heading("Annex")
    _answer(page, comparison)
    _chances(page, comparison)
    _differences(page, comparison)
    _trajectories(page, comparison)
    _implementation(page, comparison)
    _budget(page, comparison)
    _starts(page, comparison)
    _value(page, comparison, value)
    knowing_section(page, comparison, knowing)
    _groups(page, comparison)
    _drivers(page, comparison)
    _limits(page, comparison)
    _settings(page, comparison, command)
    page.parts.append("</section>")
    html = page.html()
    return html.replace("<details>", "<details open>") if opened else html


def _table(page: Document, frame: pd.DataFrame, caption: str, name: str, kind: str = "") -> None:
    """Add a table with readable numbers, and its full numbers to download."""
    if len(frame) > 0:
        page.parts.append(table_block(frame, caption, name, kind=kind))


def _folded(page: Document, frame: pd.DataFrame, caption: str, name: str, kind: str = "") -> None:
    """Add a long table that opens on a click."""
    if len(frame) > 0:
        page.parts.append(folded(frame, caption, name, f"Table: {caption}", kind))


def _figure(
    page: Document,
    svg: str,
    alt: str,
    caption: str,
    frame: pd.DataFrame,
    name: str,
    kind: str = "",
) -> None:
    """Add a figure with its text alternative and caption, and its numbers as a readable table."""
    page.figures += 1
    number = page.figures
    labelled = svg.replace("<svg ", f'<svg role="img" aria-labelledby="alt-{number}" ', 1)
    page.parts.append(
        f'<figure id="figure-{number}">{labelled}<span id="alt-{number}" hidden>{escape(alt)}'
        f"</span><figcaption>Figure {number}. {escape(caption)}</figcaption>"
        f"{folded(frame, f'Numbers of figure {number}', name, f'Figure {number} as a table', kind)}"
        "</figure>"
    )


def _answer(page: Document, comparison: Comparison) -> None:
    question = comparison.question
    page.paragraph(rests_text(comparison), "basis")
    page.paragraph(overall_sentence(comparison))
    if len(comparison.others) > 1:
        page.bullets(
            [sentence_on(comparison, verdict_on(comparison, n)) for n in comparison.others]
        )
    covered = comparison.prepared.covered
    page.paragraph(
        f"{int(covered.teams.sum())} teams with {covered.people:,.0f} people on their books and "
        f"{covered.posts[covered.teams].sum():,.0f} posts, over {time_text(question.weeks)}. "
        f"Who counts: {averaged_text(comparison)}. "
        f"Costs: GBP at prices of {question.prices.price_year}."
    )
    cautions = []
    few = few_draws_text(comparison)
    if few:
        cautions.append(few)
    cautions.append(extrapolated_text(comparison))
    if question.chosen.source != "posterior":
        cautions.append(f"Parameters: {question.chosen.source}, not fitted to the trial.")
    cautions.append(
        "The trial itself could not tell a difference of -1.7 from one of +3.1 points, and "
        "INSPIRE has no figure from it: this model's intervals are narrower because they take its "
        "theory as given."
    )
    page.paragraph(" ".join(cautions), "caution")
    _table(
        page,
        tables.headline(comparison),
        f"At a glance; intervals: {covers_text(comparison)}",
        "headline",
    )


def _chances(page: Document, comparison: Comparison) -> None:
    page.heading("1. Chances of harm, of benefit, and of a difference that matters")
    frame = tables.chances(comparison)
    rows = []
    for name in comparison.others:
        reached = verdict_on(comparison, name).reaches
        rows.append((name, reached.share, reached.low, reached.high))
    _figure(
        page,
        chance_figure(rows, f"QPR-15 difference of {IMPORTANT:g} points or more"),
        "Probability of reaching the minimum important difference, one row for each scenario.",
        f"Probability that the expected difference from base reaches {IMPORTANT:g} points. Bar: "
        f"95% limits of the Monte Carlo error. {IMPORTANT:g} points is the minimum important "
        f"difference between groups; its source does not say on which form it was set, and it "
        f"would be {IMPORTANT_IF_22_ITEMS:.1f} on this one had that been the 22-item form.",
        frame,
        "chances",
    )
    page.parts.append(
        table_block(
            tables.chances_across(comparison),
            "Probability of every threshold and of harm, with 95% limits of the Monte Carlo error",
            "chances-by-threshold",
            numbers=tables.chances(comparison),
        )
    )
    if len(comparison.others) > 1:
        _better(page, comparison)


def _better(page: Document, comparison: Comparison) -> None:
    """Show in what share of draws each strategy is better than each other one."""
    page.heading("Which is better than which", 3)
    page.paragraph(MATRIX_SAYS)
    pairs = better_than(comparison)
    for outcome, title in BETTER_BY.items():
        page.parts.append(
            table_block(
                better_matrix(pairs, outcome),
                title,
                f"better-by-{outcome}",
                numbers=pairs[pairs["outcome"] == outcome],
            )
        )
    _folded(page, pairs, "every pair, with the Monte Carlo standard error", "better-than")


def _differences(page: Document, comparison: Comparison) -> None:
    page.heading(f"2. Difference from {comparison.question.base}")
    groups = []
    for measure in (QPR, *INSPIRE):
        points = []
        for name in comparison.others:
            spread = spread_of(comparison.difference(name, measure))
            many = len(spread.expected) > 1
            low = spread.low if many else spread.world_low
            high = spread.high if many else spread.world_high
            points.append(Point(name, spread.mean, low, high))
        groups.append((TITLES[measure].split(",")[-1].strip(), points))
    _figure(
        page,
        interval_figure(groups, ((0.0, "none"),)),
        "Points with intervals: difference from base for each scenario, QPR-15 and INSPIRE.",
        f"Difference from {comparison.question.base} at the end of "
        f"{time_text(comparison.question.weeks)}. {COMMON_CHANCE} Bar: "
        f"{covers_text(comparison)}. INSPIRE is not calibrated: no figure from the trial was seen.",
        tables.differences(comparison, (QPR, *INSPIRE)),
        "differences",
    )
    page.paragraph(
        "Two kinds of uncertainty are told apart. 'Parameters' is what is not known about how "
        "things work: it would shrink with more evidence. 'Single run' adds chance: what one "
        "service of this size would see even if everything were known, as measured in a sample."
    )
    _folded(
        page,
        tables.differences(comparison),
        "every measure, with the share of each kind of uncertainty",
        "all-differences",
    )
    if len(comparison.worlds.assessments) > 2:
        _folded(page, tables.by_assessment(comparison), "by year", "by-assessment")


def _trajectories(page: Document, comparison: Comparison) -> None:
    page.heading("3. Week by week")
    found = tables.trajectories(comparison)
    weeks = np.arange(comparison.question.weeks + 1, dtype=float)
    shown = comparison.others[:MOST_LINES]
    panels, rows = [], []
    for variable in WEEKLY:
        title = TITLES[variable].replace(", at the end", "").replace(", mean over the time", "")
        if any(np.any(found[variable][one][1:]) for one in shown):
            panels.append(
                Panel(title, tuple(Line(one, weeks, *found[variable][one][1:]) for one in shown))
            )
        for name in comparison.names:
            level, mean, low, high = found[variable][name]
            for week in sorted({*range(0, len(weeks), 13), len(weeks) - 1}):
                rows.append(
                    {
                        "shown": title,
                        "scenario": name,
                        "week": week,
                        "level": float(level[week]),
                        "difference": float(mean[week]),
                        "5%": float(low[week]),
                        "95%": float(high[week]),
                    }
                )
    if not panels:
        page.paragraph("Nothing differs in any week.")
        return
    left = len(comparison.others) - len(shown)
    more = f" {left} more scenarios are in the table." if left > 0 else ""
    band = "Band: central 90% of draws."
    if len(comparison.question.chosen.draws) == 1:
        band = "No band: one set of parameter values."
    _figure(
        page,
        line_figure(panels),
        CURVES,
        f"Difference from {comparison.question.base}: means over the teams that count and over "
        f"replications. {band} Levels are in the table.{more}",
        data_frame(rows),
        "trajectories",
    )


def _implementation(page: Document, comparison: Comparison) -> None:
    page.heading("4. Reach, adoption, fidelity, maintenance")
    _table(
        page,
        tables.differences(comparison, IMPLEMENTATION),
        f"Implementation outcomes; difference from base, {covers_text(comparison)}",
        "implementation",
    )
    _table(page, tables.maintenance(comparison), "Maintenance of fidelity", "maintenance")
    _table(
        page,
        tables.differences(comparison, STAFF_MEASURES),
        f"Staff outcomes at the end; difference from base, {covers_text(comparison)}",
        "staff",
    )


def _budget(page: Document, comparison: Comparison) -> None:
    page.heading("5. Budget by year")
    names = [one for one in comparison.names if np.any(comparison.cost(one))]
    setting = comparison.question.setting
    if not names:
        page.paragraph("None of these scenarios costs anything.")
        return
    years = range(comparison.years)
    labels = [_year_label(comparison, year) for year in years]
    direct = np.stack([comparison.cost(one, "direct").mean(axis=0) for one in names]) / 1000.0
    indirect = np.stack([comparison.cost(one, "indirect").mean(axis=0) for one in names]) / 1000.0
    frame = tables.budget(comparison)
    limits = "Intervals in the table: central 90% of draws of parameters and prices."
    if len(comparison.question.chosen.draws) == 1:
        limits = "No interval: one set of parameter values and central prices."
    _figure(
        page,
        budget_figure(names, direct, indirect, labels),
        "Stacked bars: direct and indirect programme costs by scenario and year.",
        f"Programme costs, GBP at prices of {comparison.question.prices.price_year}. {limits}",
        frame[frame["scenario"].isin(names)],
        "budget",
        "money",
    )
    page.paragraph(" ".join(comparison.question.prices.notes), "caution")
    _against_budget(page, comparison)
    _folded(
        page, tables.cost_accounts(comparison), "every cost line, GBP, not discounted", "cost-lines"
    )
    _folded(page, tables.resources(comparison), "resources in natural units", "resources")
    page.heading("Service costs, kept apart", 3)
    page.paragraph(
        "What services cost otherwise is in none of the sums above. The trial's interval is wide "
        "and includes no change; the model's own is narrower only because it takes its theory as "
        "given, and nothing should be budgeted on it."
    )
    _table(
        page,
        tables.service_costs(comparison),
        "Change of service costs per person",
        "service-costs",
    )
    page.paragraph(
        f"Discounted at {setting.discount_rate:.1%} a year, the first year in full. Turnover, "
        "sickness and other conditions that a scenario assumes cost nothing here."
    )


def _against_budget(page: Document, comparison: Comparison) -> None:
    """Say how direct costs stand to the yearly budget, and what falls after the time looked at."""
    over = tables.overspending(comparison)
    if len(over):
        page.paragraph(
            "The plan fits the budget at central prices, if everybody attends. Prices and what "
            "happens differ from draw to draw (means over replications of each):"
        )
        _table(page, over, "Chance of spending more than the budget", "overspending")
    elif comparison.question.setting.capacity.budget_per_year is not None:
        page.paragraph(
            "With one set of parameter values prices do not vary: no chance of spending more than "
            "the budget can be told."
        )
    later = later_costs(comparison)
    if later:
        page.bullets(later)
        _table(
            page,
            tables.committed_after(comparison),
            "Committed after the time looked at, not discounted",
            "committed-after",
        )


def _year_label(comparison: Comparison, year: int) -> str:
    start = comparison.question.setting.date_of(52 * year)
    return f"year {year + 1}" if start is None else f"year {year + 1} (from {start})"


def _value(page: Document, comparison: Comparison, value: Value) -> None:
    page.heading("6. Value for money")
    page.paragraph(
        "No accepted willingness to pay for a QPR point exists, and cost per QPR point lies "
        "outside NICE's reference case, which asks for quality-adjusted life years. These figures "
        "help to compare strategies with each other; they do not say if any is worth its money.",
        "caution",
    )
    _table(
        page,
        tables.unit_costs(comparison),
        "Discounted programme cost (GBP) per unit gained over base. No interval where some draw "
        "has no gain: the ratio then has none",
        "unit-costs",
        "money",
    )
    if len(comparison.question.chosen.draws) < 2:
        page.paragraph("With one set of parameter values there is no plane and no curve to draw.")
        return
    names = value.names[1:]
    if not names:
        return
    plane = data_frame(
        [
            {
                "scenario": name,
                "draw": draw,
                "QPR difference": float(value.effects[place, draw]),
                "GBP per person": float(value.costs[place, draw]),
            }
            for place, name in enumerate(value.names)
            if place > 0
            for draw in range(value.effects.shape[1])
        ]
    )
    means = plane.groupby("scenario", sort=False)[["QPR difference", "GBP per person"]].mean()
    _figure(
        page,
        plane_figure(names, value.effects[1:], value.costs[1:]),
        "Cost-effectiveness plane: QPR difference against cost difference, a point for each draw.",
        "Cost-effectiveness plane. Small points: draws of parameters and prices; large: their "
        "mean. Programme costs only. The table has the means; all points are in the download.",
        means.reset_index(),
        "plane-means",
    )
    page.parts.append(f"<p>{download(plane, 'plane')}</p>")
    frame = tables.acceptability(value)
    people = comparison.prepared.covered.people
    top = float(value.perfect_information.max())
    _figure(
        page,
        curves_figure(
            value.willingness,
            list(zip(value.names, value.acceptability, strict=True))[:MOST_LINES],
            value.perfect_information,
        ),
        "Acceptability curves and expected value of perfect information by willingness to pay.",
        "Left: share of draws in which each scenario has the highest net benefit. Right: expected "
        "value of perfect information in GBP per person on the books, at each willingness to pay: "
        "what choosing better would gain on average if every parameter and price of this model "
        f"were known before choosing among these scenarios. Its highest point here is {top:,.0f} "
        f"GBP per person, {top * people:,.0f} GBP for the {people:,.0f} people who count. No study "
        "can be worth more than that to this choice for these people, at any willingness to pay "
        "shown; one that leaves something open is usually worth less. What it would be worth "
        "elsewhere, and doubt about the model itself, are not in it.",
        frame,
        "acceptability",
    )


def knowing_section(page: Document, comparison: Comparison, knowing: tuple[Known, ...]) -> None:
    """Say what a point has to be worth, and what it is worth to know more before choosing."""
    page.heading("What a point has to be worth, and what knowing more is worth", 3)
    _table(
        page,
        threshold_rows(comparison),
        "What a QPR point for one person has to be worth, GBP, for a strategy to pay against usual "
        "care, and to give the highest expected net benefit of all. No interval where some draw "
        "has no gain; no 'to': however much more a point is worth",
        "point-worth",
        "money",
    )
    if not knowing:
        page.paragraph(
            f"What knowing more is worth is not reckoned with fewer than {FEWEST_DRAWS} draws."
        )
        return
    page.bullets(knowing_sentences(knowing))
    _table(
        page,
        knowing_rows(knowing),
        "Expected gain of the choice if something were known first (EVPPI of groups of parameters, "
        "EVSI of studies), by regression over the draws. 'Held out': paid by draws that the "
        "regression did not see; the first figure errs upward, this one downward. Worth under "
        "twice its Monte Carlo SE is not told from none",
        "worth-knowing",
    )
    page.paragraph(
        "What a study costs, the wait for it, and its use elsewhere are not counted; nor is doubt "
        "about the model itself. Groups overlap where draws go together: their worths do not add "
        "up, and one may pass that of everything by its Monte Carlo error."
    )


def _starts(page: Document, comparison: Comparison) -> None:
    found = comparison.prepared.starts
    if not any(any(one.reasons) for one in found) and not comparison.question.setting.waves:
        return
    page.heading("Who starts when", 3)
    capacity = comparison.question.setting.capacity
    limits = [
        "no limit of trainers"
        if capacity.trainers is None
        else f"{capacity.trainers} trainers, {capacity.days_per_year:g} days of sessions a year",
        "no limit of budget"
        if capacity.budget_per_year is None
        else f"a budget of {capacity.budget_per_year:,.0f} GBP of direct costs a year",
    ]
    lines = []
    for name, one in zip(comparison.names, found, strict=True):
        wished = int((one.wished >= 0).sum())
        if wished:
            started = int((one.given >= 0).sum())
            late = one.waits[one.waits > 0]
            waiting = f"; {len(late)} wait, {late.mean():.0f} weeks on average" if len(late) else ""
            lines.append(f"{name}: {started} of {wished} teams start{waiting}.")
    page.paragraph(
        f"Limits: {'; '.join(limits)}. The budget is held against a plan in which all attend."
    )
    if any(one.training.induction > 0.0 for one in comparison.question.scenarios):
        page.paragraph(
            "Trainer-days of induction, planned at the usual turnover, count among the days that "
            "trainers give in a year."
        )
    if any(comparison.prepared.shared_out):
        page.paragraph(
            "Where each world finds the order of teams itself, start weeks are set so that the "
            "yearly budget holds for the dearest order; fewer teams may start than in a fixed one."
        )
    if any(one.who.teams == "selected" for one in comparison.question.scenarios):
        page.paragraph("Every team that a selection may pick holds its place in the queue.")
    page.bullets(lines)
    _folded(page, tables.starts(comparison), "start of every team", "starts")


def _groups(page: Document, comparison: Comparison) -> None:
    page.heading("7. Groups")
    page.paragraph(
        f"Black service users: the effect is unknown. The trial found no difference on the QPR or "
        f"on satisfaction, with an interval of about ±{TRIAL_BLACK_LIMIT:g} points (reckoned from "
        "the numbers followed up). That is neither evidence of benefit nor of none, so the model's "
        "effects are not shown for this group, and no priority of a team rests on one. Reach is "
        "shown: it follows from which teams are trained.",
        "caution",
    )
    page.parts.append(
        table_block(
            tables.groups_across(comparison),
            "Reach and difference from base by group at the end; intervals: "
            f"{covers_text(comparison)}",
            "groups",
            numbers=tables.groups(comparison),
        )
    )
    if BLACK in comparison.prepared.covered.groups and comparison.question.roster.notes:
        shares = [one for one in comparison.question.roster.notes if "share_black" in one]
        if shares:
            page.paragraph(f"The share of black service users is a default here: {shares[0]}.")


def _drivers(page: Document, comparison: Comparison) -> None:
    page.heading("8. What drives the answer")
    frame = tables.drivers(comparison)
    if len(frame) == 0:
        page.paragraph("Too few draws, or no variation, to tell which parameters matter.")
        return
    draws = comparison.question.chosen.draws
    limit = noise_level(len(draws), len(varied(draws)))
    for name in comparison.others[:MOST_DRIVER_FIGURES]:
        own = frame[(frame["scenario"] == name) & (frame["answer"] == "QPR difference")]
        if len(own) == 0:
            continue
        strong = int((own["rank correlation"].abs() > limit).sum())
        own = own.head(strong + WEAK_DRIVERS)
        _figure(
            page,
            drivers_figure(
                list(zip(own["meaning"], own["rank correlation"], strict=True)),
                limit,
                f"QPR difference under {name}",
            ),
            f"Bars: rank correlation of parameters with the QPR difference under {name}.",
            f"Rank correlation over draws between a parameter and the difference from base. "
            f"Filled: {strong} beyond what chance alone gives with so many parameters; empty: not "
            "to be told from chance. No proof of cause where parameters go together.",
            own,
            f"drivers-{name}",
        )
    _folded(page, frame, "drivers of QPR difference, fidelity and cost", "drivers")


def _limits(page: Document, comparison: Comparison) -> None:
    page.heading("9. What the model cannot say")
    page.bullets(
        [
            "Whether its theory holds. Intervals cover what is uncertain within the model, not "
            "that another model might be right.",
            "Which of three explanations of the trial's result is true: incomplete implementation, "
            "a weak effect, or a measure that does not see it. All are left open.",
            "What happens after a year: no data from the trial reach so far.",
            "Effects in black service users, and in any group the trial did not report.",
            "INSPIRE in points: its level and spread were never seen for these services.",
            "Whether money is saved elsewhere: the trial's interval includes no saving.",
            "Whether a QPR point is worth its price: no accepted willingness to pay exists.",
            "What any one team will do: figures are averages over teams and draws.",
        ]
    )
    assumed = [one for one in comparison.question.scenarios if one.grade == "assumption"]
    if assumed:
        page.paragraph(
            "Rest on assumption rather than evidence: "
            + ", ".join(one.name for one in assumed)
            + "."
        )


def _settings(page: Document, comparison: Comparison, command: str) -> None:
    question = comparison.question
    page.heading("10. Settings and evidence")
    page.code(command)
    versions = comparison.metadata.get("versions", {})
    grades = grade_counts()
    page.bullets(
        [
            f"Seed {question.seed}; {len(question.chosen.draws)} draws x {question.replications} "
            f"replications x {len(comparison.names)} scenarios; {question.weeks} weeks.",
            f"Intervals: {covers_text(comparison)}.",
            COMMON_CHANCE,
            "Everybody in the simulated sample counts, lost to research or not; each stands for an "
            "equal part of the team's caseload.",
            "Versions: " + ", ".join(f"{name} {one}" for name, one in versions.items()) + ".",
            f"Model parameters by evidence: {grades['trial']} trial, "
            f"{grades['literature']} literature, {grades['assumption']} assumption.",
            f"Setting: {question.setting.source}. Roster: {question.roster.source}.",
            *comparison.prepared.notes,
            *[f"Set for this run: {name} = {one}." for name, one in question.settings.items()],
        ]
    )
    if question.roster.notes:
        page.heading("Notes on the teams", 3)
        page.bullets(list(question.roster.notes))
    page.heading("Scenarios", 3)
    _table(
        page,
        data_frame(
            [
                {
                    "scenario": one.name,
                    "what is done": one.description,
                    "evidence": one.grade,
                    "source": one.source,
                }
                for one in question.scenarios
            ]
        ),
        "Scenarios compared",
        "scenarios",
    )
    _table(
        page,
        data_frame(word_rows(question.scenarios)),
        "Scenarios in the words of implementation science",
        "words",
    )
    for one in question.scenarios:
        if one.assumed:
            page.heading(f"Assumptions of {one.name}", 4)
            page.bullets(list(one.assumed))
    prices = data_frame(
        [
            {
                "name": name,
                "meaning": one.about.label,
                "value": f"{one.about.default:g}",
                "unit": one.about.unit,
                "price year": one.price_year,
                "range": str(one.about.prior),
                "evidence": one.about.grade,
                "source": one.about.source,
            }
            for name, one in question.prices.entries.items()
        ]
    )
    _folded(page, prices, "prices and delivery quantities", "prices")
