"""Claims about the split of an effect into the programme and relief of the service around it."""

from __future__ import annotations

import pytest

from sim.commands.explain import scenario_text
from sim.inputs.roster import trial_roster
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario, scenario_names
from sim.scenarios.split import (
    BOTH,
    CONDITIONS_ALONE,
    PROGRAMME_ALONE,
    RELIEF,
    conditions_alone,
    measured,
    programme_alone,
    relieves,
    split_text,
)

FULL = load_scenario("refocus-full-with-conditions")


def test_the_two_parts_hold_all_of_the_scenario_and_nothing_twice() -> None:
    """In every week the programme's actions are those of one part, relief those of the other."""
    roster = trial_roster(1)
    parts = (FULL, programme_alone(FULL), conditions_alone(FULL), load_scenario("usual-care"))
    whole, programme, conditions, usual = (expand(one, roster, 52) for one in parts)
    assert whole.team_start.tolist() == programme.team_start.tolist()
    assert whole.team_start.tolist() == conditions.team_start.tolist()
    for name in whole.actions.dtype.names or ():
        acted = whole.actions[name][1]
        of = conditions if name in RELIEF else programme
        rest = programme if name in RELIEF else conditions
        assert of.actions[name][1].tolist() == acted.tolist(), name
        if name in ("engagement", "delivery", "modelling") or name.startswith("practice_"):
            continue  # Quality and content of training: without sessions nothing reads them.
        assert rest.actions[name][1].tolist() == usual.actions[name][0].tolist(), name


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_that_relieves_the_service_says_so(name: str) -> None:
    told = split_text(load_scenario(name))
    assert bool(told) == relieves(load_scenario(name))
    assert told in scenario_text(name)
    if told:
        assert "which is not part of REFOCUS" in told


def test_full_implementation_shows_its_split() -> None:
    told = split_text(FULL)
    one = measured()["scenarios"][FULL.name]
    for part in (PROGRAMME_ALONE, CONDITIONS_ALONE, BOTH):
        assert f"{part} {one[part]['mean']:+.2f} (" in told
    assert one[BOTH]["mean"] > one[PROGRAMME_ALONE]["mean"] > 0.0
    # Other relief than that which was measured has no measured split.
    less = adjusted(FULL, {"conditions.priorities_relief": 0.5})
    assert "has not been split" in split_text(less)
    # Nor has an own file's other programme, which bears the same name.
    other = adjusted(FULL, {"support.reflection.intensity": 0.5})
    assert "has not been split" in split_text(other)
