"""Measure what of a scenario's effect is the programme and what is relief of the service.

Run ``python -m docs.build_split``; a minute or two.
"""

from __future__ import annotations

import json
from typing import Any

from sim.inputs.roster import trial_roster
from sim.posterior.choose import chosen_draws
from sim.report.run_report import focus_arm, paired
from sim.runs.request import build_request
from sim.runs.simulate import simulate
from sim.runs.world_spread import world_spread
from sim.scenarios.library import load_scenario
from sim.scenarios.split import (
    BOTH,
    CONDITIONS_ALONE,
    MEASURED,
    PROGRAMME_ALONE,
    RELIEF,
    conditions_alone,
    programme_alone,
)

PAGE = MEASURED
SCENARIOS = ("refocus-full-with-conditions", "priorities-reduced", "protected-time")
DRAWS, REPLICATIONS, SEED, WEEKS = 100, 2, 1, 52


def split(name: str) -> dict[str, Any]:
    """Return the effect of a scenario on the QPR-15, of its programme and of its conditions."""
    scenario = load_scenario(name)
    parts = [load_scenario("usual-care"), programme_alone(scenario), conditions_alone(scenario)]
    request = build_request(
        [*parts, scenario],
        trial_roster(SEED),
        draws=chosen_draws(DRAWS).draws,
        replications=REPLICATIONS,
        seed=SEED,
        weeks=WEEKS,
        collect=("summaries",),
        own_chance=True,
    )
    found = simulate(request)
    arm = focus_arm(found)
    told: dict[str, Any] = {
        "conditions": {one: getattr(scenario.conditions, one) for one in RELIEF}
    }
    for number, part in enumerate((PROGRAMME_ALONE, CONDITIONS_ALONE, BOTH), 1):
        spread = world_spread(*paired(found, number, 0, arm, "qpr15", WEEKS))
        told[part] = {
            "mean": round(spread.mean, 3),
            "low": round(spread.low, 3),
            "high": round(spread.high, 3),
            "standard_error": round(spread.monte_carlo_se, 3),
        }
    return told


def content() -> dict[str, Any]:
    """Return the split of every scenario of the library that relieves the service."""
    return {
        "weeks": WEEKS,
        "worlds": DRAWS * REPLICATIONS,
        "scenarios": {name: split(name) for name in SCENARIOS},
    }


def text() -> str:
    """Return the file that `sim.scenarios.split` reads."""
    return json.dumps(content(), indent=1) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8", newline="\n")
