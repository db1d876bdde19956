"""What a reader of a plan has to know of it: what was left out, filled in, or ruled out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from sim.planning.plain_numbers import in_figures, listed
from sim.planning.plan_search import obstacle
from sim.planning.plan_study import CONTROL, MOST_USERS, READINESS
from sim.planning.resources import WEEKS_PER_YEAR

if TYPE_CHECKING:
    from sim.planning.plan_search import Offer
    from sim.planning.plan_study import PlanOutcome, PlanQuestion
    from sim.planning.rollout import Rollout

MOST_NAMES = 8


def plan_notes(outcome: PlanOutcome) -> list[str]:
    """Return notes on the teams, the packages, the budget and the rules, roster defaults last."""
    question, offer = outcome.question, outcome.offer
    return [
        *under_way_notes(outcome),
        *team_notes(question, offer),
        *package_notes(offer),
        *budget_notes(offer),
        *condition_notes(outcome),
        *rule_notes(question),
        *[f"Roster: {note}" for note in question.roster.notes],
    ]


def team_notes(question: PlanQuestion, offer: Offer) -> list[str]:
    """Return which teams are left out or may start later only."""
    rows = question.roster.rows
    notes = []
    control = [row.team for row in rows if row.arm == CONTROL]
    if control and question.include_control:
        notes.append(f"Planned for too, though their arm is control: {first_few(control)}.")
    elif control:
        notes.append(
            f"Left out, as their arm in the roster is control: {first_few(control)}. They go on as "
            "usual and do not count in what a plan is worth; --include-control plans for them."
        )
    planned = [(row, first) for row, first in zip(rows, offer.earliest, strict=True) if first >= 0]
    later = [f"{row.team} (week {first})" for row, first in planned if row.start_week is not None]
    if later:
        notes.append(f"The roster's start_week is the earliest start: {first_few(later)}.")
    last = offer.weeks - int(offer.core_weeks.min())
    never = [row.team for row, first in planned if first > last]
    if never:
        notes.append(
            f"Cannot be trained within the {offer.weeks} weeks, given their start_week: "
            f"{first_few(never)}."
        )
    return notes


def package_notes(offer: Offer) -> list[str]:
    """Return which packages no team can have, and what has to end in time."""
    notes = [
        f"{name}: no team can have it ({why})."
        for number, name in enumerate(offer.packages)
        if (why := obstacle(offer, number))
    ]
    notes.append(
        "A team starts early enough for its core training to end within the time looked at; "
        "boosters may come after it. Without a start_week in the roster it may start in any week."
    )
    return notes


def under_way_notes(outcome: PlanOutcome) -> list[str]:
    """Return what a plan takes as given of a rollout that is under way."""
    given, offer = outcome.question.under_way, outcome.offer
    if given is None:
        return []
    first = offer.all_years * (WEEKS_PER_YEAR + 1)
    committed = float(offer.taken()[first + offer.all_years])
    notes = [
        f"Taken as given: {in_figures(given.gone, 'week')} gone, in which nothing new starts; "
        f"{with_what(given)}, whose trainers and money to the end of funding "
        f"({committed:,.0f} GBP) come off what there is."
    ]
    spent = "as planned" if given.spent is None else f"{given.spent:,.0f} GBP, as you say"
    notes.append(f"Spent so far: {spent}.")
    over = offer.taken() > offer.allowed() + 1e-6
    if over.any():
        notes.append(
            "What has started takes more than some limit allows; nothing more starts where it does."
        )
    return notes


def with_what(given: Rollout) -> str:
    """Return how many teams have started, by package."""
    packages = Counter(package.name for _, package, _ in given.begun)
    return listed([f"{in_figures(n, 'team')} with {name}" for name, n in packages.items()])


def condition_notes(outcome: PlanOutcome) -> list[str]:
    """Return which conditions of the setting the plans keep, and which rules do not keep them."""
    notes = []
    if outcome.question.setting.conditions.staff_time:
        notes.append("The budget holds staff time too: costs are cash and staff time together.")
    # One of each year has the words of all.
    words = list(dict.fromkeys(rule.words for rule in outcome.offer.rules))
    if words:
        notes.append(f"Kept beside budget and trainers: {'; '.join(words)}.")
    if outcome.set_aside:
        notes.append(
            f"Rules that do not keep it are set aside: {first_few(list(outcome.set_aside))}."
        )
    for other in dict.fromkeys(one for _, one in outcome.same):
        names = [name for name, one in outcome.same if one == other]
        notes.append(f"Comes to the same plan as '{other}', and stands once: {first_few(names)}.")
    if outcome.twin is not None:
        name = outcome.twin.plan.name
        notes.append(
            f"The search comes to the plan of '{name}', which stands for both as a choice."
        )
    notes.append(
        f"By its own estimates the search's plan is within {100.0 * outcome.gap:.1f}% of the best."
    )
    return notes


def budget_notes(offer: Offer) -> list[str]:
    """Return how the budget is kept, and what of the costs it does not count."""
    if not np.isfinite(offer.yearly_budget):
        notes = ["There is no limit to the budget."]
    else:
        notes = [
            "Budget: what is started is committed to the end of its funding. The whole of it keeps "
            f"within {offer.whole_budget:,.0f} GBP ({offer.yearly_budget:,.0f} x "
            f"{in_figures(offer.years, 'year')}), what falls due after the time looked at "
            f"included, and every single year within {offer.yearly_budget:,.0f}."
        ]
    endless = [
        name
        for number, name in enumerate(offer.packages)
        if offer.cost[number, :, int(offer.funded_weeks[number]) :].any()
    ]
    if endless:
        notes.append(
            "What goes on after funding is paid for to the end of the time looked at only: "
            f"{first_few(endless)}."
        )
    return notes


def rule_notes(question: PlanQuestion) -> list[str]:
    """Return what the simple rules and the objective rest on."""
    rows = [
        row
        for row, first in zip(question.roster.rows, question.earliest, strict=True)
        if first >= 0
    ]
    scored = sum(row.readiness is not None for row in rows)
    notes = []
    if not scored:
        notes.append(f"The rule '{READINESS}' is left out: the roster gives no readiness.")
    elif scored < len(rows):
        notes.append(
            f"The rule '{READINESS}' puts {in_figures(len(rows) - scored, 'team')} without a score "
            "last."
        )
    notes.append(
        f"The rule '{MOST_USERS}' goes by caseload for each care coordinator; 'rollout-need-first' "
        "of refocus compare is another rule: lowest personal recovery (QPR) first."
    )
    if question.objective == "equity" and same_as_qpr(question):
        given = not any(note.startswith("share_black: not given") for note in question.roster.notes)
        why = (
            "the weight is 1"
            if question.equity_weight == 1.0
            else "the roster has the same share_black for all teams"
            if given
            else "the roster has no share_black, so that all teams have the same"
        )
        notes.append(f"The objective 'equity' equals 'qpr' here: {why}.")
    return notes


def same_as_qpr(question: PlanQuestion) -> bool:
    """Return whether the equity weights favour no team."""
    shares = {
        row.share_black
        for row, first in zip(question.roster.rows, question.earliest, strict=True)
        if first >= 0
    }
    return question.equity_weight == 1.0 or len(shares) == 1


def nobody_because(outcome: PlanOutcome) -> str:
    """Return why the search treats nobody: what stands in the way, or that nothing helps."""
    offer = outcome.offer
    reasons = {name: obstacle(offer, number) for number, name in enumerate(offer.packages)}
    if not all(reasons.values()):
        return "no package that can be had helps on average"
    if len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    return "; ".join(f"{name}: {why}" for name, why in reasons.items())


def first_few(names: list[str]) -> str:
    """Return names, the first few and how many more."""
    shown = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
