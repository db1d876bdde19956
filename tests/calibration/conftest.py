"""A toy trial: eight teams of ten sampled users; and an invented table of people."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from calibration.sampling.priors import Space, make_space
from calibration.sampling.scenarios import EffectDesign
from sim.inputs.roster import Roster, TeamRow
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario
from sim.trials.studies.refocus_trial import TrialDesign


@cache
def small_space() -> Space:
    """Return the space of two calibrated parameters; quantiles of all priors take a while."""
    return make_space(("dropout_yearly", "effect_full"))


def toy_roster(teams: int = 8) -> Roster:
    return Roster(
        tuple(
            TeamRow(
                team=f"toy-{i}",
                arm="intervention" if i % 2 else "control",
                staff=4,
                coordinators=2,
                caseload=50,
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


def people(seed: int = 1, teams: int = 10, size: int = 12) -> pd.DataFrame:
    """Return an invented trial: a difference of 3 points, a team SD of 1, a fifth lost."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    arm = team % 2
    start = 35.0 + rng.normal(0.0, 8.0, len(team))
    end = 15.0 + 0.6 * start + 3.0 * arm + rng.normal(0.0, 1.0, teams)[team]
    end = np.clip(np.round(end + rng.normal(0.0, 6.0, len(team))), 0, 60)
    end[rng.random(len(team)) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "arm": np.where(arm == 1, "intervention", "control"),
            "team": [f"team {one:02d}" for one in team],
            "qpr15_start": np.clip(np.round(start), 0, 60),
            "qpr15_end": end,
            "gaf_start": 50.0 + rng.normal(0.0, 10.0, len(team)).round(),
            "gaf_end": 52.0 + rng.normal(0.0, 10.0, len(team)).round(),
        }
    )


@pytest.fixture(scope="session")
def design() -> TrialDesign:
    return toy_design()


@pytest.fixture(scope="session")
def effects() -> EffectDesign:
    return toy_effects()
