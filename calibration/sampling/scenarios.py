"""Effects of scenarios that users read, and counterfactuals that switch one explanation off.

An effect is a mean over the sampled service users of the intervention teams: with the programme
less under usual care, the same people, the same draws (common random numbers). It is an expected
effect, free of the trial's sampling noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.sampling.solve import ROADS, deviate
from sim.engines.one_world import OneWorld
from sim.inputs.roster import Roster
from sim.inputs.roster.trial import trial_roster
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario

YEAR = 52
MEASURES = ("qpr15", "inspire_support", "inspire_relationship")
# At least this effect of full implementation, in SD, when "theory failure" is switched off: what
# interventions aimed at users themselves reach at full strength (literature). Assumption.
THEORY_HOLDS = 0.3

# Programme, months (0 for 12, 1 for 24) and measure of each effect.
PLACES = (
    ("delivered", 0, 0),
    ("delivered", 1, 0),
    ("full", 0, 0),
    ("full", 1, 0),
    ("full", 0, 1),
    ("full", 1, 1),
    ("full", 0, 2),
    ("full", 1, 2),
    ("delivered", 0, 1),
    ("continued", 1, 0),
    ("full_continued", 1, 0),
)
EFFECTS = (
    *(
        f"{MEASURES[measure].removesuffix('15')}_{programme}_{12 * (1 + months)}"
        for programme, months, measure in PLACES
    ),
    "behaviour_delivered_12",
)
EXPLANATIONS = (
    "incomplete implementation",
    "too short a time",
    "insensitive measure",
    "theory failure",
    "chance",
)
COUNTERFACTUALS = (
    "qpr_implementation_off_12",
    "qpr_time_off_12",
    "qpr_sensitivity_off_12",
    "qpr_theory_off_12",
    "qpr_full_sensitivity_off_12",
    "qpr_delivered_sensitivity_off_24",
)


@dataclass
class EffectDesign:
    """Layouts of usual care and of the programmes for the intervention teams alone."""

    usual: Layout
    delivered: Layout
    full: Layout
    continued: Layout
    full_continued: Layout
    seed: int

    @property
    def layouts(self) -> list[Layout]:
        """All layouts, in the order of the fields."""
        return [self.usual, self.delivered, self.full, self.continued, self.full_continued]


def effect_design(seed: int) -> EffectDesign:
    """Return the layouts in the trial's intervention teams."""
    full = load_scenario("refocus-full")
    return design_of(trial_roster(seed), load_scenario("refocus-as-delivered"), full, seed)


def design_of(whole: Roster, delivered: Scenario, full: Scenario, seed: int) -> EffectDesign:
    """Return the layouts; only the intervention teams, so no contamination of controls."""
    roster = replace(whole, rows=tuple(row for row in whole.rows if row.arm == "intervention"))
    weeks = 2 * YEAR
    longer = {"conditions.funding_end_week": weeks}
    scenarios = (delivered, full, adjusted(delivered, longer), adjusted(full, longer))
    usual, given, best, longer_given, longer_best = (
        lay_out(roster, expand(scenario, roster, weeks))
        for scenario in (load_scenario("usual-care"), *scenarios)
    )
    return EffectDesign(usual, given, best, longer_given, longer_best, seed)


def _means(
    layout: Layout, record: Any, seed: int, replication: int, weeks: int, space: dict[Any, Any]
) -> np.ndarray:
    """Return mean scores by assessment (12 and, when run so far, 24 months), and behaviour."""
    key = ("effect", id(layout), weeks)
    times = (YEAR,) if weeks == YEAR else (YEAR, 2 * YEAR)
    if key not in space:
        space[key] = OneWorld(layout, assessments=times)
    work = space[key].again(record, seed, replication).run_to(weeks)
    return np.array(
        [[np.nanmean(work.scores[at][name]) for name in MEASURES] for at in range(len(times))]
    )


def scenario_effects(
    design: EffectDesign,
    record: Any,
    replications: range,
    space: dict[Any, Any],
    count: int = len(PLACES),
) -> np.ndarray:
    """Return the first effects of `PLACES` for one parameter set, all of them if not told."""
    wanted = PLACES[:count]
    total = np.zeros(count)
    for replication in replications:

        def means(name: str, replication: int = replication) -> np.ndarray:
            layout = getattr(design, name)
            return _means(layout, record, design.seed, replication, 2 * YEAR, space)

        usual = means("usual")
        gains = {name: means(name) - usual for name in dict.fromkeys(one[0] for one in wanted)}
        total += [gains[name][at, measure] for name, at, measure in wanted]
    return total / len(replications)


def full_effects(
    design: EffectDesign, record: Any, replications: range, space: dict[Any, Any]
) -> np.ndarray:
    """Return QPR and INSPIRE effects of full implementation at 12 and 24 months, and delivered.

    A cheaper part of `scenario_effects` for emulators: the first eight of `EFFECTS`.
    """
    return scenario_effects(design, record, replications, space, 8)


def explanations_off(record: Any, gains: Any) -> dict[str, dict[str, float]]:
    """Return what switches each explanation off in a parameter set: parameters and values.

    Theory failure is off where full implementation has at least the effect `THEORY_HOLDS`.

    Chance is not a parameter: an expected effect is free of it.
    """
    holding = record.copy()
    deviate(holding, gains, max(THEORY_HOLDS - float(record["effect_full"]), 0.0))
    return {
        "incomplete implementation": {"implementation_gap": 0.0},
        "too short a time": {"response_time": 0.0},
        "insensitive measure": {"measure_sensitivity": 1.0},
        "theory failure": {name: float(holding[name]) for name in ROADS[2:]},
    }


def effect_of_record(
    design: EffectDesign,
    layout: Layout,
    record: Any,
    changes: dict[str, float],
    replications: range,
    space: dict[Any, Any],
    at: int = 0,
) -> float:
    """Return the expected QPR-15 effect of a layout with some parameters changed, in points.

    `at`: 0 for the assessment at 12 months, 1 for that at 24.
    """
    changed = record.copy()
    for name, value in changes.items():
        changed[name] = value
    weeks = YEAR * (at + 1)
    total = 0.0
    for replication in replications:
        usual = _means(design.usual, changed, design.seed, replication, weeks, space)
        given = _means(layout, changed, design.seed, replication, weeks, space)
        total += given[at, 0] - usual[at, 0]
    return total / len(replications)


def counterfactual_effects(
    design: EffectDesign, record: Any, gains: Any, replications: range, space: dict[Any, Any]
) -> np.ndarray:
    """Return the effects named in `COUNTERFACTUALS`: one explanation switched off at a time."""

    def effect(layout: Layout, changes: dict[str, float], at: int = 0) -> float:
        return effect_of_record(design, layout, record, changes, replications, space, at)

    off = explanations_off(record, gains)
    sharp = off["insensitive measure"]
    return np.array(
        [
            effect(design.delivered, off["incomplete implementation"]),
            effect(design.delivered, off["too short a time"]),
            effect(design.delivered, sharp),
            effect(design.delivered, off["theory failure"]),
            effect(design.full, sharp),
            effect(design.delivered, sharp, 1),
        ]
    )
