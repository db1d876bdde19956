"""One's own trial: designs from a user's roster and scenario."""

from __future__ import annotations

from typing import Any

from calibration.individual import People
from calibration.scenarios import YEAR, EffectDesign
from sim.errors import InputError
from sim.inputs.roster import (
    Roster,
    read_column_map,
    read_roster_csv,
    roster_from_text,
    trial_roster,
)
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario
from sim.trials.studies.refocus_trial import WEEKS, TrialDesign

BEST = {
    "training.quality.engagement": 1.0,
    "training.quality.delivery": 1.0,
    "training.quality.modelling": 1.0,
    "conditions.attendance_assured": 1.0,
    "conditions.protected_time": 0.0,
    "conditions.priorities_relief": 0.0,
}


def own_trial(
    roster_file: str | None,
    scenario_name: str | None,
    seed: int,
    columns: str | None = None,
    people: People | None = None,
) -> dict[str, Any]:
    """Return the designs of a user's own trial, as `calibration.fit.start` takes them.

    Parameters
    ----------
    roster_file : str, optional
        File of teams; the REFOCUS trial's teams without it.
    scenario_name : str, optional
        What was delivered: a name of the library or a TOML file.
    seed : int
        Seed of the keyed draws.
    columns : str, optional
        File that says which columns of the roster are which.
    people : People, optional
        Individual data: without a roster the teams are those of the data.

    Raises
    ------
    InputError
        When roster or scenario cannot be used, or the trial lacks an arm.
    """
    said = None if columns is None else read_column_map(columns)
    if roster_file is not None:
        roster = read_roster_csv(roster_file, said)
    elif people is not None:
        roster = roster_from_text(people.roster_text(), f"teams of {people.source}")
    else:
        roster = trial_roster(seed)
    scenario = load_scenario(scenario_name or "refocus-as-delivered")
    arms = {row.arm for row in roster.rows}
    if not {"intervention", "control"} <= arms:
        raise InputError(
            f"roster '{roster_file}': arm holds only {', '.join(sorted(arms))}; "
            "a trial needs intervention and control"
        )
    if scenario.who.teams == "none":
        raise InputError(
            f"scenario '{scenario.name}': who.teams = 'none'; a trial needs a programme"
        )
    return {
        "design": TrialDesign([lay_out(roster, expand(scenario, roster, WEEKS))], seed),
        "effects": own_effects(roster, scenario, seed),
    }


def own_effects(roster: Roster, scenario: Scenario, seed: int) -> EffectDesign:
    """Return usual care, the programme as delivered and at its best, for the intervention teams."""
    treated = Roster(
        tuple(row for row in roster.rows if row.arm == "intervention"), roster.notes, roster.source
    )
    weeks = 2 * YEAR
    best = adjusted(scenario, BEST)
    longer = {"conditions.funding_end_week": weeks}
    usual, given, full, given_longer, full_longer = (
        lay_out(treated, expand(one, treated, weeks))
        for one in (
            load_scenario("usual-care"),
            scenario,
            best,
            adjusted(scenario, longer),
            adjusted(best, longer),
        )
    )
    return EffectDesign(usual, given, full, given_longer, full_longer, seed)
