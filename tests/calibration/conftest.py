"""A toy trial: eight teams of ten sampled users."""

from __future__ import annotations

import pytest

from calibration.scenarios import EffectDesign
from sim.inputs.roster import Roster, TeamRow
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario
from sim.trials.studies.refocus_trial import TrialDesign


def toy_roster(teams: int = 8) -> Roster:
    return Roster(
        tuple(
            TeamRow(
                team=f"toy-{i}",
                arm="intervention" if i % 2 else "control",
                staff=8,
                coordinators=4,
                caseload=100,
                sampled=10,
            )
            for i in range(teams)
        )
    )


def toy_design() -> TrialDesign:
    roster = toy_roster()
    scenario = load_scenario("refocus-as-delivered")
    return TrialDesign([lay_out(roster, expand(scenario, roster, 52))], 1)


def toy_effects() -> EffectDesign:
    roster = toy_roster()
    layouts = [
        lay_out(roster, expand(load_scenario(name), roster, 104))
        for name in ("usual-care", "refocus-as-delivered", "refocus-full")
    ]
    return EffectDesign(*layouts, layouts[1], layouts[2], 1)


@pytest.fixture(scope="session")
def design() -> TrialDesign:
    return toy_design()


@pytest.fixture(scope="session")
def effects() -> EffectDesign:
    return toy_effects()
