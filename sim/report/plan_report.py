"""The report of a search: who gets what and when, and whether searching was worth it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.planning.plan_text import (
    DIGITS,
    UNITS,
    curse,
    plan_rows,
    score_rows,
    verdict,
)
from sim.report.document import Document
from sim.report.figures import Point, interval_figure
from sim.report.run_report import IMPORTANT

if TYPE_CHECKING:
    from sim.planning.plan_study import PlanOutcome


def plan_report(outcome: PlanOutcome, covers: str, command: str) -> str:
    """Return the report as a self-contained HTML page.

    Parameters
    ----------
    outcome : PlanOutcome
        The answer.
    covers : str
        What intervals over draws cover.
    command : str
        The command that repeats it.
    """
    import pandas as pd

    question = outcome.question
    unit = UNITS[question.objective]
    page = Document("A rollout plan")
    page.paragraph(verdict(outcome), "lead")
    if question.objective != "reach":
        page.paragraph(
            f"The plan is worth {outcome.search.mean:.{DIGITS}f} {unit}; the minimum important "
            f"difference between groups is {IMPORTANT:.0f} points. A best plan may still make no "
            "meaningful difference."
        )
    page.paragraph(
        "Effects rest mainly on assumptions: the REFOCUS trial informs few parameters. Beyond "
        "month 12 everything is an extrapolation. Nothing is known about effects by ethnicity, and "
        "none changes a team's place here.",
        "caution",
    )
    page.heading("Who gets what, and when")
    rows = plan_rows(outcome)
    if rows:
        page.table(pd.DataFrame(rows), "The plan, in the order of starting", "plan")
    else:
        page.paragraph("Nobody gets a package.")
    left = len(question.roster.rows) - len(rows)
    page.paragraph(f"{left} of {len(question.roster.rows)} teams go on as usual.")
    page.heading("Beside simple rules")
    points = [Point(one.plan.name, one.mean, one.low, one.high) for one in outcome.scores]
    page.figure(
        interval_figure([(unit, points)], ((0.0, "usual care"),)),
        "The worth of each plan with its interval.",
        f"Worth at the end, on draws that the search never saw: {unit}. Point: mean; bar: central "
        f"90%, covers {covers}. Plans share draws and chance: their differences are known better "
        "than the bars suggest.",
        pd.DataFrame(score_rows(outcome)),
        "scores",
    )
    page.paragraph(curse(outcome))
    page.paragraph(
        f"Regret: in a single draw the best of the compared plans is on average "
        f"{outcome.search.regret:.{DIGITS}f} better than the search's plan (95% of draws: at most "
        f"{outcome.search.regret_high:.{DIGITS}f})."
    )
    page.heading("Money and trainers")
    limits = question.capacity
    budget = limits.budget_per_year
    page.bullets(
        [
            "Direct costs planned, by year: "
            + ", ".join(f"{cost:,.0f}" for cost in outcome.search.cost)
            + f" GBP, prices of {question.prices.price_year}, not "
            "discounted, reckoned with everybody attending; a year's limit: "
            + ("none" if budget is None else f"{budget:,.0f}")
            + ".",
            f"Trainer-days in sessions: {outcome.search.trainer_days:.0f}; trainers at the same "
            f"time: {'no limit' if limits.trainers is None else limits.trainers}.",
        ]
    )
    page.heading("How it was found")
    page.bullets(
        [
            "What each package does in each team is simulated for a few start weeks with all teams "
            "treated; benefits are taken to add up over teams, which the score on fresh draws does "
            "not.",
            "A mixed-integer linear programme (HiGHS) chooses under yearly budget, trainer-days "
            "and trainers at the same time.",
            f"Half of {len(question.draws)} draws were searched on; all plans were scored on the "
            "other half, with chance of their own.",
            *question.roster.notes,
        ]
    )
    page.heading("How to repeat it")
    page.code(command)
    return page.html()
