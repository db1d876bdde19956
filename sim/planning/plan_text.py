"""The answer of a search in words and rows."""

from __future__ import annotations

from typing import Any

from sim.planning.packages import describe
from sim.planning.plan_study import PlanOutcome, Score

UNITS = {
    "qpr": "QPR-15 points a person on the books of all teams",
    "reach": "share of people on the books whose worker was trained",
    "equity": "QPR-15 points a person, people weighted as stated",
}
DIGITS = 3


def plan_rows(outcome: PlanOutcome) -> list[dict[str, Any]]:
    """Return the search's plan: a row for each team that gets something."""
    question = outcome.question
    rows = describe(outcome.search.plan, question.packages, question.roster)
    if question.setting.start_date is not None:
        for row in rows:
            row["start date"] = str(question.setting.date_of(row["start week"]))
    return rows


def score_rows(outcome: PlanOutcome) -> list[dict[str, Any]]:
    """Return the worth of every plan: a row each."""
    return [score_row(one) for one in outcome.scores]


def score_row(score: Score) -> dict[str, Any]:
    """Return a plan's worth as a row."""
    row: dict[str, Any] = {
        "plan": score.plan.name,
        "teams": score.teams,
        "expected by the search": round(score.expected, DIGITS),
        "mean on fresh draws": round(score.mean, DIGITS),
        "Monte Carlo SE": round(score.standard_error, DIGITS),
        "5%": round(score.low, DIGITS),
        "95%": round(score.high, DIGITS),
        "regret, mean": round(score.regret, DIGITS),
        "regret, 95%": round(score.regret_high, DIGITS),
        "trainer-days": round(score.trainer_days, 1),
    }
    for year, cost in enumerate(score.cost, 1):
        row[f"direct cost, year {year}"] = round(float(cost))
    return row


def verdict(outcome: PlanOutcome) -> str:
    """Return in a sentence whether the search was worth it."""
    unit = UNITS[outcome.question.objective]
    if outcome.search.teams == 0:
        return "Usual care for all: no package helps on average, or none can be paid for."
    gap = (
        f"{outcome.gain:+.3f} (Monte Carlo 95%: {outcome.gain_low:+.3f} to "
        f"{outcome.gain_high:+.3f})"
    )
    rule = outcome.best_rule.plan.name
    if outcome.beats:
        return (
            f"The search beats the best simple rule ({rule}) by {gap} {unit}, on draws that it "
            "never saw."
        )
    return (
        f"The search does not beat the best simple rule ({rule}): {gap} {unit}, on draws that it "
        "never saw. Take the rule: it is easier to explain."
    )


def curse(outcome: PlanOutcome) -> str:
    """Return how much the search believed too much in its own plan."""
    score = outcome.search
    return (
        f"The search expected {score.expected:.3f}; on fresh draws the plan was worth "
        f"{score.mean:.3f} (Monte Carlo SE {score.standard_error:.3f}). Whoever picks the best of "
        "many estimates picks some luck with it: only the second number counts."
    )


def plan_text(outcome: PlanOutcome, covers: str) -> str:
    """Return the answer for a terminal."""
    import pandas as pd

    rows = plan_rows(outcome)
    table = pd.DataFrame(rows).to_string(index=False) if rows else "nobody gets a package"
    scores = pd.DataFrame(score_rows(outcome)).to_string(index=False)
    return (
        f"{verdict(outcome)}\n\n{table}\n\n{curse(outcome)}\n\n"
        f"Worth in {UNITS[outcome.question.objective]}, difference from usual care at the end; "
        f"5% and 95% cover {covers}.\n\n{scores}"
    )
