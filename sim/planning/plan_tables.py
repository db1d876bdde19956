"""The answer of a search in rows: plans team by team, their worth, the evidence for packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.planning.packages import NOTHING
from sim.scenarios.words import word_cells

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.plan_study import PlanOutcome, Score

DIGITS = 3
TEAM = ("team", "trust")


def plan_rows(outcome: PlanOutcome, score: Score | None = None) -> list[dict[str, Any]]:
    """Return a plan, the recommended one by default, in the order of starting.

    A row for each team that gets something. Costs are planned direct costs in GBP: to the end of
    what is funded, and what of it falls due after the time looked at.
    """
    question, offer = outcome.question, outcome.offer
    plan = (outcome.recommended if score is None else score).plan
    rows: list[dict[str, Any]] = []
    for number in np.flatnonzero(plan.package != NOTHING):
        package, start = int(plan.package[number]), int(plan.start[number])
        team = question.roster.rows[number]
        money = offer.money(package, int(number), start)
        row: dict[str, Any] = {
            "team": team.team,
            "trust": team.trust,
            "package": question.packages[package].name,
            "start week": start,
        }
        if question.setting.start_date is not None:
            row["start date"] = str(question.setting.date_of(start))
        if question.under_way is not None:
            row["state"] = "under way" if start < question.under_way.gone else "to come"
        row["direct cost"] = round(float(money.sum()))
        row["of which later"] = round(float(money[offer.weeks :].sum()))
        rows.append(row)
    return sorted(rows, key=lambda one: (one["start week"], one["team"]))


def beside_rows(outcome: PlanOutcome) -> list[dict[str, Any]]:
    """Return the recommended plan and, where it differs, the search's beside it.

    A row for each team that gets something in either; cells of a plan that gives it nothing are
    empty.
    """
    rows = plan_rows(outcome)
    if not outcome.differ:
        return rows
    other = plan_rows(outcome, outcome.search)
    names = [name for name in (*rows, *other)[0] if name not in TEAM]
    own_of = {row["team"]: row for row in rows}
    other_of = {row["team"]: row for row in other}
    trust_of = {row["team"]: row["trust"] for row in (*rows, *other)}
    return [
        {
            "team": team,
            "trust": trust,
            **{name: own_of.get(team, {}).get(name, "") for name in names},
            **{f"search: {name}": other_of.get(team, {}).get(name, "") for name in names},
        }
        for team, trust in trust_of.items()
    ]


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
    row["direct cost, later"] = round(score.later_cost)
    row["direct cost, committed"] = round(score.committed)
    return row


def evidence_rows(outcome: PlanOutcome) -> list[dict[str, str]]:
    """Return what each package is called in published lists, and its evidence."""
    return [
        {
            "package": one.name,
            "title": one.title,
            **word_cells(one),
            "evidence": one.grade,
            "source": one.source,
        }
        for one in outcome.question.packages
    ]


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of a plan as a table; whole numbers stay whole beside empty cells."""
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=[*TEAM, "package", "start week"])
    return pd.DataFrame(rows, dtype=object)
