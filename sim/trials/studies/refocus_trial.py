"""The REFOCUS trial simulated: one world of its teams, and the figures that it would report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.engines.one_world import OneWorld
from sim.inputs.roster.trial import trial_roster
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario
from sim.trials.studies.refocus_figures import judging, trial_figures

WEEKS = 52
QUARTER = 13


@dataclass
class TrialDesign:
    """Layouts in which the trial is simulated; a replication takes one of them in turn."""

    layouts: list[Layout]  # One per drawing of what the roster leaves open
    seed: int  # Seed of all keyed draws
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = []
        for layout in self.layouts:
            teams = np.arange(len(layout.teams))
            self.columns.append(
                (
                    np.repeat(teams, layout.teams["users"]).astype(np.int64),
                    np.repeat(teams, layout.teams["staff"]).astype(np.int64),
                    (layout.teams["programme"] > 0).astype(np.int64),
                )
            )


def refocus_design(seed: int, rosters: int = 8) -> TrialDesign:
    """Return the trial as it was, over several drawings of what its report leaves open."""
    scenario = load_scenario("refocus-as-delivered")
    layouts = []
    for number in range(rosters):
        roster = trial_roster(seed + number)
        layouts.append(lay_out(roster, expand(scenario, roster, WEEKS)))
    return TrialDesign(layouts, seed)


def simulate_trial(
    design: TrialDesign, parameters: Any, replication: int, checks: bool, space: dict[Any, OneWorld]
) -> np.ndarray:
    """Simulate one trial and return its figures, in the order of `TrialFigures`.

    Parameters
    ----------
    design : TrialDesign
        The trial.
    parameters : numpy record
        Parameter values.
    replication : int
        Which run of chance; it also decides how participation was judged.
    checks : bool
        Whether the figures that are only checked are wanted.
    space : dict
        Worlds of the calling thread, whose memory is used again; filled here.
    """
    number = replication % len(design.layouts)
    layout = design.layouts[number]
    weeks = (0, QUARTER, WEEKS) if checks else (0, WEEKS)
    key = ("trial", id(design), number, checks)
    if key not in space:
        space[key] = OneWorld(layout, assessments=weeks, staff_too=checks)
    work = space[key].again(parameters, design.seed, replication).run_to(WEEKS)
    user_team, staff_team, arm = design.columns[number]
    how = judging(design.seed, replication, int(arm.sum()))
    none = work.staff_rows[:0]
    return np.asarray(
        trial_figures(
            work.scores[0],
            work.scores[-1],
            work.scores[1] if checks else work.scores[0, :0],
            work.flags[-1],
            work.staff_rows[0] if checks else none.reshape(-1),
            work.staff_rows[-1] if checks else none.reshape(-1),
            user_team,
            staff_team,
            arm,
            work.teams,
            how.weight,
            how.reliability,
            how.places,
            how.with_control,
            how.adjust,
            1 if checks else 0,
            design.seed,
            replication,
        )
    )
