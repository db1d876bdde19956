"""PULSAR as the fit sees it: the overall estimate that the trial would have reported.

Only the overall estimate enters: it and the estimate of year one correlate .97. By the trial's
design the overall analysis expects e11 - .24 e12 + .24 e22 (e: true effect of step, year), which is
read off twin services with a quarter of the people; the trial's own sampling error is added. A
trial differs from what the model knows of it by the spread between trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.engines.one_world import OneWorld
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario
from sim.trials.studies.pulsar import (
    YEAR,
    Coverage,
    PulsarDesign,
    cluster_steps,
    coverage_shift,
    pulsar_design,
    pulsar_roster,
)
from sim.trials.studies.pulsar_analysis import STEP_ONE, STEP_TWO

# Weights of the overall analysis on e11, e12 and e22 (a test holds them against `true_effects`).
WEIGHTS = (1.0, -0.24, 0.24)
# Standard error of the overall estimate, from its interval: (6.8 - .5) / 3.92.
STANDARD_ERROR = 1.61
PEOPLE = 24
KEY = 15_331


@dataclass(frozen=True)
class PulsarReference:
    """PULSAR's clusters with the programme and without."""

    # Twin services, two years.
    treated: Layout
    untreated: Layout
    design: PulsarDesign  # The design's numbers
    coverage: Coverage  # How attendance is brought to the share of staff that was trained
    seed: int  # Seed of the keyed draws


def pulsar_reference(draws: list[dict[str, float]], seed: int = 1) -> PulsarReference:
    """Return the layouts, and the attendance at which half of the staff are trained.

    `draws`: parameter values over which the coverage is found: draws of the prior; `seed`: seed
    of the keyed draws.
    """
    design = pulsar_design()
    roster = pulsar_roster(design, PEOPLE)
    treated = lay_out(roster, expand(load_scenario("refocus-as-delivered"), roster, 2 * YEAR))
    teams = treated.teams.copy()
    teams["programme"], teams["start_week"] = 0, -1
    coverage = coverage_shift(draws, seed, design)
    return PulsarReference(treated, replace(treated, teams=teams), design, coverage, seed)


def true_overall(
    where: PulsarReference, record: Any, replication: int, space: dict[Any, Any]
) -> float:
    """Return what PULSAR's overall analysis is expected to give, in points of the QPR-22.

    Turnover is drawn anew from the trial's range, attendance is that of its coverage.
    """
    key = ("pulsar", id(where))
    if key not in space:
        space[key] = [
            OneWorld(one, assessments=(YEAR, 2 * YEAR)) for one in (where.treated, where.untreated)
        ]
    draws = np.random.Generator(np.random.Philox(key=[where.seed, KEY + replication]))
    p = record.copy()
    p["turnover_yearly"] = draws.uniform(*where.design.turnover)
    p["attendance_base"] = p["attendance_base"] + where.coverage.shift
    scores, flags = [], []
    for work in space[key]:
        work.again(p, where.seed, replication).run_to(2 * YEAR)
        scores.append(work.scores["qpr22"].copy())
        flags.append(work.flags[:, :, 1] == 1)
    step = np.repeat(cluster_steps(where.design), where.treated.teams["users"])

    def effect(which: int, at: int) -> float:
        return float((scores[0][at] - scores[1][at])[(step == which) & flags[0][at]].mean())

    parts = (effect(STEP_ONE, 0), effect(STEP_ONE, 1), effect(STEP_TWO, 1))
    return sum(weight * part for weight, part in zip(WEIGHTS, parts, strict=True))
