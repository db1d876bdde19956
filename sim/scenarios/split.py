"""What of a scenario is the programme, and what is relief of the service around it.

Relief from competing priorities and protected time are no part of REFOCUS. A scenario that has
them owes part of its effect to them: it is shown beside the same programme without them, and beside
usual care with them alone, on common random numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.scenarios.library import (
    FEASIBILITY,
    NOT_THE_PROGRAMME,
    adjusted,
    differences,
    load_scenario,
)

if TYPE_CHECKING:
    from sim.scenarios.schema import Scenario

MEASURED = Path(__file__).parent / "split.json"
RELIEF = ("priorities_relief", "protected_time")
PROGRAMME_ALONE, CONDITIONS_ALONE, BOTH = "programme alone", "conditions alone", "both"


def relieves(scenario: Scenario) -> bool:
    """Return whether a scenario relieves the service of other work."""
    return any(getattr(scenario.conditions, name) > 0.0 for name in RELIEF)


def programme_alone(scenario: Scenario) -> Scenario:
    """Return a scenario without relief from priorities and without protected time."""
    alone = adjusted(scenario, {f"conditions.{name}": 0.0 for name in RELIEF})
    return alone.model_copy(update={"name": f"{scenario.name}, {PROGRAMME_ALONE}"})


def conditions_alone(scenario: Scenario) -> Scenario:
    """Return usual care with a scenario's relief and protected time, in its teams and weeks."""
    changes: dict[str, Any] = {
        f"conditions.{name}": getattr(scenario.conditions, name) for name in RELIEF
    }
    changes |= {
        "conditions.funding_end_week": scenario.conditions.funding_end_week,
        "who": scenario.who.model_dump(exclude_none=True),
        "timing": scenario.timing.model_dump(exclude_none=True),
        "assessment": scenario.assessment.model_dump(),
    }
    alone = adjusted(load_scenario("usual-care"), changes)
    return alone.model_copy(update={"name": f"{scenario.name}, {CONDITIONS_ALONE}"})


def same_programme(scenario: Scenario, other: Scenario) -> bool:
    """Return whether two scenarios do the same, wherever, whenever and however it is looked at."""
    beside = {*NOT_THE_PROGRAMME, FEASIBILITY, "name"}
    return all(field.partition(".")[0] in beside for field in differences(scenario, other))


def measured() -> dict[str, Any]:
    """Return the split as measured on the trial's teams, by scenario; see `docs.build_split`."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def split_text(scenario: Scenario) -> str:
    """Return in a sentence or two what of a scenario's effect is not REFOCUS; empty for none."""
    if not relieves(scenario):
        return ""
    told = (
        f"{scenario.title} relieves staff of competing work (priorities relief "
        f"{scenario.conditions.priorities_relief:g}, protected time "
        f"{scenario.conditions.protected_time:g}), which is not part of REFOCUS."
    )
    found = measured()
    one = found["scenarios"].get(scenario.name)
    # An own file may bear the name of the library's.
    if one is None or not same_programme(scenario, load_scenario(scenario.name)):
        return f"{told} How much of its effect is owed to that has not been split."
    parts = "; ".join(
        f"{name} {one[name]['mean']:+z.2f} ({one[name]['low']:+z.2f} to {one[name]['high']:+z.2f})"
        for name in (PROGRAMME_ALONE, CONDITIONS_ALONE, BOTH)
    )
    return (
        f"{told} Split of its effect on personal recovery (QPR-15 points, {found['weeks']} weeks, "
        f"the trial's teams, common random numbers, {found['worlds']} worlds; mean and central "
        f"90%): {parts}."
    )
