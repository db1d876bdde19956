"""The answer of a search as plain values, for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.planning.plan_knowing import driver_rows
from sim.planning.plan_notes import plan_notes
from sim.planning.plan_study import FEWEST_FRESH
from sim.planning.plan_tables import evidence_rows, plan_rows, score_rows
from sim.planning.plan_text import (
    EFFECT_COVERS,
    GAIN_COVERS,
    UNITS,
    effect_text,
    rests_text,
    verdict,
)
from sim.planning.vocabulary import THRESHOLDS
from sim.planning.worth_knowing import knowing_rows
from sim.reading.numbers import without_nan

if TYPE_CHECKING:
    from sim.planning.plan_study import PlanOutcome, Score
    from sim.planning.uncertainty import Chance
    from sim.planning.worth_knowing import Known


def plan_content(
    outcome: PlanOutcome, covers: str, command: str, knowing: tuple[Known, ...] = ()
) -> dict[str, Any]:
    """Return everything as plain values, for JSON; what cannot be told is None."""
    from sim.runs.results import package_versions

    question, offer, effect = outcome.question, outcome.offer, outcome.effect
    limits, setting = question.capacity, question.setting
    versions = package_versions()
    content: dict[str, Any] = {
        "rests_on": rests_text(outcome),
        "verdict": verdict(outcome),
        "tied": list(outcome.tied) if outcome.fresh >= FEWEST_FRESH else [],
        "recommended": outcome.recommended.plan.name,
        "gain": {
            "mean": outcome.gain,
            "low": outcome.gain_low,
            "high": outcome.gain_high,
            "covers": GAIN_COVERS,
            "unit": UNITS[question.objective],
            "of": f"the search's plan less the best simple rule's ({outcome.best_rule.plan.name})",
            "fresh_draws": outcome.fresh,
            "enough_draws": outcome.fresh >= FEWEST_FRESH,
        },
        "effect": None
        if effect is None
        else {
            "sentence": effect_text(outcome),
            "mean": effect.spread.mean,
            "low": effect.spread.low,
            "high": effect.spread.high,
            "covers": EFFECT_COVERS,
            "unit": "QPR-15 points a person on the books of the teams treated, against usual care",
            "monte_carlo_se": effect.spread.monte_carlo_se,
            "judgement": effect.judgement.words,
            "chances": {
                "harm": chance_content(effect.judgement.chances.harm),
                "any benefit": chance_content(effect.judgement.chances.benefit),
                **{
                    f"{points:.2g} or more": chance_content(one)
                    for points, one in zip(
                        THRESHOLDS, effect.judgement.chances.reaches, strict=True
                    )
                },
            },
            "threshold": None
            if effect.reaches_threshold is None
            else {"points": question.threshold, **chance_content(effect.reaches_threshold)},
        },
        "plan": plan_rows(outcome),
        "costs": cost_content(outcome.recommended),
        "search_plan": plan_rows(outcome, outcome.search),
        "search_costs": cost_content(outcome.search),
        "scores": score_rows(outcome),
        "scores_cover": covers,
        "drivers": driver_rows(outcome).to_dict("records"),
        "worth_knowing": knowing_rows(knowing).to_dict("records") if knowing else [],
        "packages": evidence_rows(outcome),
        "settings": {
            "weeks": question.weeks,
            "objective": question.objective,
            "equity_weight": question.equity_weight if question.objective == "equity" else None,
            "threshold": question.threshold,
            "trainers": limits.trainers,
            "trainer_days_per_year": limits.days_per_year,
            "budget_per_year": limits.budget_per_year,
            "budget_in_all": offer.whole_budget,
            "include_control": question.include_control,
            "setting": setting.source,
            "start_date": None if setting.start_date is None else str(setting.start_date),
        },
        "seed": question.seed,
        "draws": len(question.draws),
        "version": versions["refocus-simulation"],
        "versions": versions,
        "price_year": question.prices.price_year,
        "price_notes": list(question.prices.notes),
        "roster": {"source": question.roster.source, "defaults": list(question.roster.notes)},
        "notes": plan_notes(outcome),
        "command": command,
    }
    plain: dict[str, Any] = without_nan(content)
    return plain


def cost_content(score: Score) -> dict[str, Any]:
    """Return the planned direct costs of a plan, GBP."""
    return {
        "by_year": [round(float(one)) for one in score.cost],
        "later": round(score.later_cost),
        "committed": round(score.committed),
    }


def chance_content(chance: Chance) -> dict[str, Any]:
    """Return a probability with its Monte Carlo error as plain values."""
    return {
        "share": chance.share,
        "monte_carlo_se": chance.monte_carlo_se,
        "low": chance.low,
        "high": chance.high,
        "of": chance.of,
        "covers": "95%, Monte Carlo error alone",
    }
