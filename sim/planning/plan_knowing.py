"""What would change a plan, and what it is worth to know more before choosing one.

Both need many sets of parameter values: those that the search saw are used beside the fresh ones
(`PlanOutcome.by_draw`). Every value holds the chance of one rollout, which no study takes away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.parameters import registry
from sim.planning.drivers import Driver, drivers_of, noise_level, varied
from sim.planning.knowing import FEWEST_DRAWS, Worth, perfect
from sim.planning.packages import NOTHING
from sim.planning.worth_knowing import (
    EVERYTHING,
    Known,
    bounded,
    groups_of,
    perfect_error,
    studies_of,
)
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.plan_study import PlanOutcome, PlanQuestion, Score

TRIAL_SIZE = (40, 15)
"""Teams of a trial, and people followed up in each: as a comparison has it."""
MOST_DRIVERS = 10
DRIVER_COLUMNS = ("answer", "parameter", "meaning", "rests on", "rank correlation", "beyond chance")


def in_order(question: PlanQuestion) -> list[dict[str, float]]:
    """Return the draws in the order of `PlanOutcome.by_draw`."""
    return [*question.draws[::2], *question.draws[1::2]]


def rivals(outcome: PlanOutcome) -> list[int]:
    """Return places of the plans whose choice is at stake: one for each thing that can be done.

    Usual care (or what has started), the search's plan, the one to take, and the best rule for each
    package: other orders of the teams differ from these by little that a parameter could say.
    """
    scores, kept = outcome.scores, outcome.choices
    names = [one.plan.name for one in scores]
    found = [names.index(outcome.recommended.plan.name)]
    found += [one for one in (0, *range(1, len(scores))) if one in kept and _kind(scores[one])]
    by_kind: dict[object, int] = {}
    for one in sorted(found[1:], key=lambda place: -scores[place].mean):
        by_kind.setdefault(_kind(scores[one]), one)
    return list(dict.fromkeys([found[0], *sorted(by_kind.values())]))


def _kind(score: Score) -> tuple[object, ...]:
    """Return what tells kinds of plans apart: the search's, and which packages others use."""
    return ("search",) if score.plan.name == "search" else ("rule", *_used(score))


def _used(score: Score) -> list[int]:
    """Return which packages a plan uses."""
    return [int(one) for one in np.unique(score.plan.package) if one != NOTHING]


def second(outcome: PlanOutcome) -> int | None:
    """Return the place of the best plan with other packages than the one to take; None for none."""
    first, *others = rivals(outcome)
    own = _used(outcome.scores[first])
    others = [one for one in others if _used(outcome.scores[one]) != own]
    return max(others, key=lambda one: outcome.scores[one].mean, default=None)


def plan_knowing(outcome: PlanOutcome) -> tuple[Known, ...]:
    """Return what it is worth to know groups of parameters and studies' reports before choosing.

    Empty with fewer than `FEWEST_DRAWS` draws, or nothing to choose from.
    """
    from sim.planning.plan_text import UNITS

    question = outcome.question
    places = rivals(outcome)
    if outcome.by_draw.shape[1:] < (FEWEST_DRAWS,) or len(places) < 2:
        return ()
    values = outcome.by_draw[places]
    unit, nobodys = UNITS[question.objective].split(" of the teams planned for")[0], float("nan")
    unit = unit.replace(" a person on the books", "").replace(" a person", "")
    people = nobodys
    if question.objective in ("qpr", "qpr-at-end"):
        people = float(
            sum(
                row.caseload
                for row, first in zip(question.roster.rows, question.earliest, strict=True)
                if first >= 0
            )
        )
    found = [
        Known(
            EVERYTHING,
            EVERYTHING,
            "Everything, the chance of a rollout too",
            f"choosing among {len(places)} plans; more than any study can tell",
            Worth(perfect(values), perfect_error(values), float("nan"), float("nan")),
            unit,
            people,
        ),
        *groups_of(in_order(question), values, unit, people),
    ]
    if outcome.truths is not None:
        found += studies_of(outcome.truths, values, unit, people, TRIAL_SIZE, question.seed)
    return bounded(found)


def gain_drivers(outcome: PlanOutcome) -> list[tuple[Driver, bool]]:
    """Return what the gain of the plan to take depends on, and whether beyond chance."""
    return _driven(outcome, outcome.by_draw[rivals(outcome)[0]])


def choice_drivers(outcome: PlanOutcome) -> list[tuple[Driver, bool]]:
    """Return what its lead over the best plan of another kind depends on."""
    other = second(outcome)
    if other is None:
        return []
    return _driven(outcome, outcome.by_draw[rivals(outcome)[0]] - outcome.by_draw[other])


def _driven(outcome: PlanOutcome, answer: np.ndarray) -> list[tuple[Driver, bool]]:
    draws: Sequence[Mapping[str, float]] = in_order(outcome.question)
    if len(draws) < 2 or len(answer) != len(draws):
        return []
    inputs = varied(draws)
    limit = noise_level(len(draws), len(inputs))
    return [(one, abs(one.correlation) > limit) for one in drivers_of(answer, inputs)]


def driver_rows(outcome: PlanOutcome) -> pd.DataFrame:
    """Return what the gain and the choice depend on as a table."""
    rows = []
    for answer, found in (
        ("gain of the plan to take", gain_drivers(outcome)),
        ("lead over the best other kind of plan", choice_drivers(outcome)),
    ):
        for one, told in found[:MOST_DRIVERS]:
            about = registry()[one.name]
            rows.append(
                {
                    "answer": answer,
                    "parameter": one.name,
                    "meaning": about.label,
                    "rests on": str(about.grade),
                    "rank correlation": one.correlation,
                    "beyond chance": "yes" if told else "no",
                }
            )
    return data_frame(rows, columns=DRIVER_COLUMNS)
