"""The updated posterior as a file that other commands take."""

from __future__ import annotations

from typing import Any

from sim.learning.study import Learnt
from sim.posterior.rules import rules_hash
from sim.spreadsheet import csv_text


def updated_csv(learnt: Learnt) -> str:
    """Return the draws as a posterior's file: one column a parameter, all digits."""
    draws = learnt.updated.draws
    names = list(draws[0])
    return csv_text(names, [[repr(float(one[name])) for name in names] for one in draws], ends="\n")


def provenance_of(learnt: Learnt) -> dict[str, Any]:
    """Return what a posterior's JSON file says, and how far the rollout is.

    What `refocus plan --from` takes as given stands in files of its own: `sim.planning.rollout`.
    """
    question, updated = learnt.question, learnt.updated
    base = question.chosen.provenance
    return {
        "what": "draws of a posterior, updated with what was observed in a rollout",
        "method": "tempered sequential Monte Carlo over the draws of the start",
        "draws": len(updated.draws),
        "from": question.chosen.named,
        "date": base.get("date"),
        "targets": base.get("targets"),
        "calibrated": base.get("calibrated", {}),
        "rules": {"hash": rules_hash()},
        "observed": {one.name: int(len(one.teams)) for one in learnt.statistics},
        "effective_sample_size": updated.ess,
        "temperatures": list(updated.temperatures),
        "accepted": list(updated.acceptance),
        "carried": updated.carried,
        "moved_as_a_block": list(updated.block),
        "rollout": {"weeks": question.observed.weeks, "horizon": question.weeks},
    }
