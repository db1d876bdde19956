"""The answer of a search in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.planning.knowing import FEWEST_DRAWS
from sim.planning.plain_numbers import points, span
from sim.planning.plan_notes import nobody_because, plan_notes
from sim.planning.plan_study import FEWEST_FRESH, PlanOutcome, Score
from sim.planning.plan_tables import evidence_rows, plan_rows, score_rows
from sim.planning.verdicts import chance_text, time_text
from sim.planning.vocabulary import chances_text, extrapolated, other_text, rests_on
from sim.planning.worth_knowing import Known, knowing_sentences
from sim.spreadsheet import data_frame

UNITS = {
    "qpr": "QPR-15 point-years a person on the books of the teams planned for",
    "reach": "share of person-time of the teams planned for with a trained worker",
    "practice": "practice (0-1) of the teams planned for, mean over the time",
    "equity": "QPR-15 point-years a person of the teams planned for, people weighted as stated",
    "qpr-at-end": "QPR-15 points a person on the books of the teams planned for",
}
WHEN = dict.fromkeys(UNITS, "over the time looked at") | {"qpr-at-end": "at the end"}
GAIN_COVERS = (
    "95% interval by Student's t of the mean over fresh draws: Monte Carlo error, from parameter "
    "uncertainty and chance"
)
EFFECT_COVERS = "central 90% of fresh draws, with chance"
COSTS_MEAN = (
    "Costs of teams: planned direct costs in GBP, to the end of what is funded, and what of it "
    "falls due after the time looked at (later)."
)
KNOWING_NEEDS = f"What knowing more is worth is not reckoned with fewer than {FEWEST_DRAWS} draws."
WIDTH = 100


def verdict(outcome: PlanOutcome) -> str:
    """Return in a sentence whether the search was worth it."""
    unit = UNITS[outcome.question.objective]
    if outcome.search.teams == 0:
        return f"Usual care for all: {nobody_because(outcome)}."
    rule, instead = "usual care for all", "Go on as usual."
    if outcome.best_rule.teams:
        rule = f"the best simple rule ({outcome.best_rule.plan.name})"
        instead = "Take the rule: it is easier to explain."
    if outcome.twin is outcome.best_rule:
        return f"The search comes to the same plan as {rule}. {instead}"
    if outcome.fresh < FEWEST_FRESH:
        return (
            f"Too few draws to tell whether the search beats {rule}: "
            f"{outcome.gain:+z.3f} {unit} on {outcome.fresh} fresh draws, and at least "
            f"{FEWEST_FRESH} are needed (--draws {2 * FEWEST_FRESH}). Until then "
            f"{instead[0].lower()}{instead[1:]}"
        )
    gap = (
        f"{outcome.gain:+z.3f} (Monte Carlo 95%: {outcome.gain_low:+z.3f} to "
        f"{outcome.gain_high:+z.3f})"
    )
    if outcome.beats:
        return f"The search beats {rule} by {gap} {unit}, on draws that it never saw."
    if outcome.gain_high < 0.0:
        return f"The search is worse than {rule}: {gap} {unit}, on fresh draws. {instead}"
    return f"A tie: the search does not beat {rule}: {gap} {unit}, on fresh draws. {instead}"


def tie_text(outcome: PlanOutcome) -> str:
    """Return which plans are not told from the one that the table shows best; empty for none."""
    if len(outcome.tied) < 2 or outcome.fresh < FEWEST_FRESH:
        return ""
    best, *others = outcome.tied
    return (
        f"Tie: paired differences on fresh draws do not tell '{best}', which the table shows best, "
        f"from {', '.join(others)}."
    )


def heading(outcome: PlanOutcome) -> str:
    """Return the title of the recommended plan."""
    recommended = outcome.recommended
    treated = f"{recommended.teams} of {len(outcome.question.roster.rows)} teams"
    if recommended.teams == 0:
        return "The recommended plan: usual care for all"
    if recommended is outcome.search:
        return f"The recommended plan, found by the search: {treated}"
    return f"The recommended plan, by the rule '{recommended.plan.name}': {treated}"


def effect_text(outcome: PlanOutcome) -> str:
    """Return what the recommended plan does for those it treats, and how likely it matters."""
    effect, own = outcome.effect, outcome.question.threshold
    if effect is None:
        return "Nobody is treated: no difference from usual care."
    spread = effect.spread
    when = time_text(outcome.question.weeks)
    limits = "" if np.isnan(spread.low) else f" ({span(spread.low, spread.high)}, {EFFECT_COVERS})"
    judgement = effect.judgement
    parts = [
        f"The recommended plan against usual care: {judgement.words}. It changes personal recovery "
        f"(QPR-15, 0-60) by {points(spread.mean)} points a person on the books of the teams it "
        f"treats, after {when}{limits}.",
        f"{chances_text(judgement.chances, outcome.fresh)}.",
        ""
        if effect.reaches_threshold is None
        else f"Your threshold of {own:g} is reached in {chance_text(effect.reaches_threshold)}.",
        judgement.why_not_told,
        other_text(judgement),
    ]
    return " ".join(filter(None, parts))


def rests_text(outcome: PlanOutcome) -> str:
    """Return whether the plan rests on trials or on assumptions; empty where that is not known."""
    question = outcome.question
    if question.chosen is None:
        return ""
    used = [
        package
        for number, package in enumerate(question.packages)
        if (outcome.recommended.plan.package == number).any()
    ]
    return rests_on(question.chosen, used or question.packages, question.weeks)


def extrapolated_text(outcome: PlanOutcome) -> str:
    """Return what of the plan no trial saw; empty where that is not known."""
    question = outcome.question
    if question.chosen is None:
        return ""
    return extrapolated(question.chosen, question.packages, question.weeks, question.roster)


def curse(outcome: PlanOutcome) -> str:
    """Return how much the search believed too much in its own plan."""
    score = outcome.search
    error = (
        "" if np.isnan(score.standard_error) else f" (Monte Carlo SE {score.standard_error:.3f})"
    )
    return (
        f"The search expected {score.expected:.3f} of its plan; on fresh draws the plan was worth "
        f"{score.mean:.3f}{error}. Whoever picks the best of many estimates picks some luck with "
        "it: only the second number counts."
    )


def cost_text(outcome: PlanOutcome, score: Score) -> str:
    """Return the planned direct costs of a plan in a sentence."""
    years = "; ".join(f"year {year}: {cost:,.0f}" for year, cost in enumerate(score.cost, 1))
    return (
        f"Direct costs planned: {score.committed:,.0f} GBP in all ({years}; after the "
        f"time looked at: {score.later_cost:,.0f}); prices of "
        f"{outcome.question.prices.price_year}, not discounted, everybody attending."
    )


def made_with(outcome: PlanOutcome) -> str:
    """Return version, seed and draws in a sentence."""
    from sim.runs.results import package_versions

    question = outcome.question
    version = package_versions()["refocus-simulation"]
    return (
        f"refocus-simulation {version}, seed {question.seed}, {len(question.draws)} draws "
        f"({len(question.draws) - outcome.fresh} searched on, {outcome.fresh} fresh)."
    )


def plan_text(outcome: PlanOutcome, covers: str, knowing: tuple[Known, ...] = ()) -> str:
    """Return the answer for a terminal."""
    first = (rests_text(outcome), verdict(outcome), tie_text(outcome))
    parts = [filled(one) for one in first if one]
    parts.append(filled(effect_text(outcome)))
    parts.append(f"{heading(outcome)}\n{table(plan_rows(outcome))}")
    if outcome.recommended.teams:
        parts.append(filled(cost_text(outcome, outcome.recommended)))
    if outcome.differ:
        rows = plan_rows(outcome, outcome.search)
        parts.append(f"Beside it the search's plan, not recommended\n{table(rows)}")
        parts.append(filled(cost_text(outcome, outcome.search)))
    if outcome.search.teams:
        parts.append(filled(curse(outcome)))
    parts.append(
        filled(
            f"Worth of every plan in {UNITS[outcome.question.objective]}, difference from usual "
            f"care {WHEN[outcome.question.objective]}; 5% and 95% cover {covers}."
        )
        + "\n"
        + table(score_rows(outcome))
    )
    parts += [filled(one) for one in knowing_sentences(knowing)]
    if len(outcome.question.draws) < FEWEST_DRAWS:
        parts.append(KNOWING_NEEDS)
    evidence = ", ".join(f"{one['package']} ({one['evidence']})" for one in evidence_rows(outcome))
    notes = [
        COSTS_MEAN,
        *plan_notes(outcome),
        f"Evidence for what is done, not for how well it works: {evidence}.",
        made_with(outcome),
    ]
    parts.append("\n".join(["Notes", *(filled(f"- {note}", "  ") for note in notes)]))
    return "\n\n".join(parts)


def filled(text: str, indent: str = "") -> str:
    """Return text broken into lines."""
    import textwrap

    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as aligned text."""
    return data_frame(rows).to_string(index=False) if rows else "nobody gets a package"
