"""One's own trials: figures, individual data and designs from a user's files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibration.evidence.individual import People, read_people, targets_of
from calibration.evidence.targets import Target, load_targets, of_use, together
from calibration.sampling.scenarios import design_of
from sim.errors import InputError, nearest, unknown
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
NAMED = re.compile(r"(?P<trial>[A-Za-z][\w-]*)=(?P<value>.+)")
OF_A_TRIAL = ("data", "roster", "sheet", "columns", "scenario")
"""Options that each of several trials may have for itself."""
SHARED = ("sheet", "columns", "scenario")
"""Those that hold for all trials where no trial is named."""


def named(value: str) -> tuple[str, str]:
    """Return the trial that an option's value is for (empty: none is named), and the value."""
    found = NAMED.fullmatch(value)
    if found is None or Path(value).exists():
        return "", value
    return found["trial"], found["value"]


def by_trial(
    options: Mapping[str, Sequence[str] | None], also: Sequence[str] = ()
) -> dict[str, dict[str, str]]:
    """Return what was given for each trial, by name; of a single one the name may be empty.

    `options`: values of the options of `OF_A_TRIAL`, as `NAME=VALUE` or plain; `also`: names of
    trials that are known otherwise. Raises InputError for an option that is given twice for a
    trial, or a file that no trial is named for where there are several.
    """
    given = {option: [named(one) for one in values or ()] for option, values in options.items()}
    names = [trial for values in given.values() for trial, _ in values if trial]
    names = list(dict.fromkeys([*names, *also])) or [""]
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for option, values in given.items():
        seen: set[str] = set()
        # What is said of all trials first: what is said of one stands above it.
        for trial, value in sorted(values, key=lambda one: one[0] != ""):
            if not trial and (names != [""] or len(values) > 1) and option not in SHARED:
                raise InputError(
                    f"{option} = '{value}': of several trials each needs a name: "
                    f"--{option} NAME={value}"
                )
            if trial in seen:
                where = f"trial '{trial}'" if trial else "all trials"
                raise InputError(f"{option} = '{value}': is given twice for {where}")
            seen.add(trial)
            for name in [trial] if trial else names:
                found[name][option] = value
    return found


def own_trials(
    options: Mapping[str, Sequence[str] | None],
    files: Sequence[str],
    seed: int,
    tell: Callable[[str], None] = lambda note: None,
) -> tuple[dict[str, Target], dict[str, Any]]:
    """Return targets and designs of a user's own trials for `calibration.sampling.fit.start`.

    Published figures and those of individual data are taken together. Without either, and without
    teams or programme, the targets are the shipped ones and the designs are left to `start`.

    `options`: values of the options of `OF_A_TRIAL` (see `by_trial`); `files`: files of
    published figures, each for a trial by name or for the only one; `seed`: seed of the keyed
    draws; each trial has chance of its own; `tell`: hears how tables were read. Raises InputError
    for anything that cannot be used, by name.
    """
    published: dict[str, Target] = {}
    for trial, file in map(named, files):
        published = together(published, load_targets(file, trial))
    given = by_trial(options, [one.trial for one in published.values() if one.trial])
    for one in published.values():
        if one.trial not in given:
            raise InputError(
                f"target '{one.name}': of several trials each figure needs its own: write "
                "trial = '...' in its table, or --targets NAME=FILE"
            )
        if one.trial and one.extractor == "pulsar_overall":
            raise unknown(
                f"extractor of target '{one.name}' (PULSAR is no trial of your own)",
                one.extractor,
                ("difference",),
            )
    people: dict[str, People] = {}
    targets = published
    owners: dict[tuple[Path, str | None], str] = {}
    for trial, said in given.items():
        if "data" in said:
            table = Path(said["data"]).resolve(), said.get("sheet")
            if owners.setdefault(table, trial) != trial:
                raise InputError(
                    f"data {trial}={said['data']}: is the table of trial '{owners[table]}'; people "
                    "of both would be counted twice"
                )
            people[trial] = read_people(said["data"], said.get("sheet"))
            for note in people[trial].notes:
                tell(f"data '{people[trial].source}': {note}")
            targets = together(targets_of(people[trial], trial), targets)
        elif "sheet" in said:
            raise InputError(f"sheet = '{said['sheet']}': is for a workbook of --data")
    plain = list(given) == [""]
    if plain and not targets:
        targets = load_targets()
    if plain and not people and not ({"roster", "scenario"} & set(given[""])):
        return targets, {}
    fitted = {one.trial for one in of_use(targets, "fit")}
    designs, effects = {}, None
    for number, (trial, said) in enumerate(given.items()):
        if trial and trial not in fitted:
            raise InputError(
                f"trial '{trial}': no figure to fit; give --data {trial}=FILE or "
                f"--targets {trial}=FILE{nearest(trial, set(given) - {trial})}"
            )
        if trial and "roster" not in said and trial not in people:
            raise InputError(
                f"trial '{trial}': no teams; give --roster {trial}=FILE or --data {trial}=FILE"
                f"{nearest(trial, set(given) - {trial})}"
            )
        roster, scenario = own_trial(said, people.get(trial), seed + number)
        if "roster" in said and trial in people:
            for note in _compared(roster, people[trial]):
                tell(note)
        layout = lay_out(roster, expand(scenario, roster, WEEKS))
        designs[trial] = TrialDesign([layout], seed + number)
        effects = effects or design_of(roster, scenario, adjusted(scenario, BEST), seed)
    return targets, {"designs": designs, "effects": effects}


def _compared(roster: Roster, people: People) -> list[str]:
    """Return notes on teams of which roster and data say different things that may be.

    Raises InputError where teams of one are not in the other, or are in another arm.
    """
    rows = {row.team.casefold(): row for row in roster.rows}
    own = {name.casefold(): number for number, name in enumerate(people.teams)}
    where = f"roster '{roster.source}'"
    if not own.keys() & rows.keys():
        treated = sum(bool(people.exposed[people.team == one][0]) for one in own.values())
        listed = sum(row.arm == "intervention" for row in roster.rows)
        if (treated, len(own)) == (listed, len(rows)):
            return [
                f"{where}: has other names of teams than data '{people.source}', as many in each "
                "arm; they are taken for the same teams"
            ]
    problems = [
        f"team '{people.teams[number]}' of data '{people.source}' is not in it"
        f"{nearest(people.teams[number], [row.team for row in roster.rows])}"
        for name, number in own.items()
        if name not in rows
    ]
    for name in own.keys() & rows.keys():
        arm = "intervention" if people.exposed[people.team == own[name]][0] else "control"
        if rows[name].arm != arm:
            problems.append(
                f"team '{rows[name].team}': arm = '{rows[name].arm}', in data '{people.source}' "
                f"'{arm}'"
            )
    if problems:
        raise InputError.of(where, sorted(problems))
    notes = []
    if empty := [row.team for name, row in rows.items() if name not in own]:
        notes.append(
            f"{where}: nobody of {_listed(empty)} is in data '{people.source}', yet the simulated "
            "trial has them"
        )
    other = {
        rows[name].team: (rows[name].sampled, count)
        for name, number in own.items()
        if rows[name].sampled != (count := int((people.team == number).sum()))
    }
    if other:
        team, (sampled, count) = next(iter(other.items()))
        notes.append(
            f"{where}: {len(other)} of {len(own)} teams sample another number of people than the "
            f"data hold ('{team}' {sampled}, data {count}); figures rest on the data's, the "
            "simulated trial on the roster's column 'sampled'"
        )
    return notes


def _listed(names: Sequence[str]) -> str:
    """Return some names, and how many more there are."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(f"'{one}'" for one in names[:4]) + more


def own_trial(said: Mapping[str, str], people: People | None, seed: int) -> tuple[Roster, Scenario]:
    """Return the teams of a user's own trial, and what was delivered.

    `said`: of the trial: `roster` (the teams of the data without it, or REFOCUS's), `columns`,
    a file that says which column of the roster is which, `scenario`, a name or a file;
    `people`: individual data; `seed`: seed of what REFOCUS's roster leaves open. Raises
    InputError when roster or scenario cannot be used, or the trial lacks an arm.
    """
    columns = read_column_map(said["columns"]) if "columns" in said else None
    if "roster" in said:
        roster = read_roster_csv(said["roster"], columns)
    elif people is not None:
        roster = roster_from_text(people.roster_text(), f"teams of {people.source}")
    else:
        roster = trial_roster(seed)
    scenario = load_scenario(said.get("scenario", "refocus-as-delivered"))
    arms = {row.arm for row in roster.rows}
    if not {"intervention", "control"} <= arms:
        raise InputError(
            f"roster '{roster.source}': arm holds only {', '.join(sorted(arms))}; "
            "a trial needs intervention and control"
        )
    if scenario.who.teams == "none":
        raise InputError(
            f"scenario '{scenario.name}': who.teams = 'none'; a trial needs a programme"
        )
    return roster, scenario
