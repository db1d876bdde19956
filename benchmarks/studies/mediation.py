"""Power of trials in the model to see that practice carries the effect, by number of teams.

``make study-mediation`` writes the numbers beside this file; ``python -m
benchmarks.level_of_tests --page`` puts them into docs/validation-trials.md. Trials of 160 teams are
simulated, in which smaller ones are found: teams are allocated within groups of 20 neighbours, and
every group, two groups together and so on is a trial by itself. All trials of a world have one draw
of the parameters: Monte Carlo errors are those of means of worlds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.stored_rows import loaded, saved
from docs.marked import table
from sim.trials.analyses.mediation_test import MediationTest
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.data.data import TrialData
from sim.trials.data.mediated_trial import MediatedTrial, Staff, mediated_trials
from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.mediation_answer import shown
from sim.trials.power.mediation_simulated import SimulatedMediation, mean_of, summary, trial_row
from sim.trials.power.power_study import study_of
from sim.trials.power.simulated_power import NORMAL_975

NUMBERS = Path(__file__).with_suffix(".csv")
TEAMS, GROUP = (12, 20, 40, 80, 160), 20
MEDIATORS = ("fidelity", "practice", "staff_behaviour")
IN_WORDS = {
    "fidelity": "practice times skill, observed (reliability .7)",
    "practice": "practice, observed (reliability .7)",
    "staff_behaviour": "practice, as staff rate their own",
}
SEED, WORLDS, RELIABILITY, TARGET = 20261130, range(40, 80), 0.7, 0.8


class Row(NamedTuple):
    """What trials of so many teams show by one mediator; errors are Monte Carlo standard errors."""

    mediator: str
    teams: int
    trials: int
    worlds: int
    path_a: float
    path_b: float
    within: float
    joint: float
    joint_se: float
    sobel: float
    estimate: float
    estimate_se: float
    total: float
    total_se: float
    indirect: float
    indirect_se: float
    direct: float
    direct_se: float
    given_indirect: float
    given_indirect_se: float
    given_direct: float
    given_direct_se: float


def design(mediator: str, teams: int) -> DesignFile:
    """Return the trial that is studied."""
    return design_from_table(
        {
            "design": {"clusters": teams, "size": 15, "baseline": "ancova"},
            "randomisation": {"method": "stratified", "strata": teams // GROUP}
            if teams >= 2 * GROUP
            else {},
            "agents": {"scenario": "refocus-full"},
            "mediation": {"mediator": mediator},
        }
    )


def blocks(arms: NDArray[np.int64], teams: int) -> Iterator[NDArray[np.int64]]:
    """Yield the teams of each trial of so many that a large one holds."""
    step = max(teams, GROUP)
    for first in range(0, len(arms), step):
        block = np.arange(first, first + step)
        yield np.concatenate([block[arms[block] == arm][: teams // 2] for arm in (0, 1)])


def only(trial: MediatedTrial, teams: NDArray[np.int64]) -> MediatedTrial:
    """Return a trial of some of the teams of one."""

    def data(one: TrialData) -> tuple[TrialData, NDArray[np.bool_]]:
        kept = np.isin(one.cluster, teams)
        columns = {name: value[kept] for name, value in vars(one).items()}
        return replace(one, **columns), kept

    def staff(one: Staff) -> Staff:
        kept = np.isin(one.team, teams)
        return Staff(one.team[kept], one.treated[kept], one.mediator[kept])

    rows, kept = data(trial.data)
    return MediatedTrial(
        rows,
        data(trial.untreated)[0],
        staff(trial.staff),
        trial.own[kept],
        trial.effects,
    )


def world_rows(
    number: int, sizes: Sequence[int] = TEAMS
) -> dict[tuple[str, int], list[list[float]]]:
    """Return what every trial of a world shows, by mediator and number of teams."""
    study = study_of(design(MEDIATORS[0], max(sizes)))
    assert isinstance(study.source, AgentTwins)
    trials = mediated_trials(
        study.source, study.design, MEDIATORS, RELIABILITY, SEED, number, interventional=True
    )
    cluster, first = np.unique(trials[0].data.cluster, return_index=True)
    arms = trials[0].data.arm[first]
    assert (cluster == np.arange(max(sizes))).all()
    return {
        (mediator, teams): [
            trial_row(only(trial, chosen), study.design) for chosen in blocks(arms, teams)
        ]
        for mediator, trial in zip(MEDIATORS, trials, strict=True)
        for teams in sizes
    }


def told(mediator: str, teams: int, worlds: Sequence[Sequence[Sequence[float]]]) -> Row:
    """Return what trials show, from the rows of each world."""
    study = study_of(design(mediator, teams))
    rows = np.array([row for world in worlds for row in world])
    found: SimulatedMediation = summary(study, rows)
    alpha = study.plan.alpha
    p_a, p_b = (MediationTest._fields.index(name) for name in ("p_a", "p_b"))
    b = MediationTest._fields.index("b")
    joint = [np.mean([max(row[p_a], row[p_b]) < alpha for row in world]) for world in worlds]
    products = [np.mean([row[0] * row[b] for row in world]) for world in worlds]
    # True effects are those of the whole world, the same in each of its trials.
    first = len(MediationTest._fields)
    true = [mean_of(np.array([world[0][first + at] for world in worlds])) for at in range(5)]
    return Row(
        mediator,
        teams,
        len(rows),
        len(worlds),
        found.path_a.value,
        found.path_b.value,
        found.within.value,
        found.joint.value,
        mean_of(np.array(joint)).monte_carlo_se,
        found.sobel.value,
        *mean_of(np.array(products)),
        *(number for one in true for number in one),
    )


def limits(row: Row) -> tuple[float, float]:
    """Return 95% limits of the joint test's power, of worlds' means."""
    half = NORMAL_975 * row.joint_se
    return max(row.joint - half, 0.0), min(row.joint + half, 1.0)


def section() -> str:
    """Return the part of the documentation."""
    rows = loaded(Row, NUMBERS)
    one = rows[0]
    effects = table(
        ("effect on the QPR, points (MC SE)", "by practice", "beside it", "total"),
        [
            (
                name,
                f"{through:.2f} ({through_se:.2f})",
                f"{beside:.2f} ({beside_se:.2f})",
                f"{through + beside:.2f}",
            )
            for name, through, through_se, beside, beside_se in (
                ("natural", one.indirect, one.indirect_se, one.direct, one.direct_se),
                (
                    "interventional",
                    one.given_indirect,
                    one.given_indirect_se,
                    one.given_direct,
                    one.given_direct_se,
                ),
            )
        ],
    )
    power = table(
        (
            "mediator",
            "teams",
            "trials",
            "path a",
            "path B",
            "within teams",
            "both (MC SE)",
            "Sobel",
            "product of the paths, points (MC SE)",
        ),
        [
            (
                IN_WORDS[row.mediator],
                str(row.teams),
                f"{row.trials:,}",
                f"{row.path_a:.3f}",
                f"{row.path_b:.3f}",
                f"{row.within:.3f}",
                f"{row.joint:.3f} ({row.joint_se:.3f})",
                f"{row.sobel:.3f}",
                f"{row.estimate:.2f} ({row.estimate_se:.2f})",
            )
            for row in rows
        ],
    )
    sentences = [
        f"- {IN_WORDS[row.mediator]}: "
        + shown(
            row.teams,
            row.joint,
            TARGET,
            f"with {max(TEAMS)} teams {most.joint:.2f} (MC SE {most.joint_se:.2f})",
            limits(row),
        )
        for row in rows
        for most in rows
        if row.teams == 40 and most.teams == max(TEAMS) and most.mediator == row.mediator
    ]
    return "\n".join([f"{one.worlds:,} worlds.\n", effects, power, *sentences])


def main() -> None:
    """Simulate, and write the numbers."""
    worlds = [world_rows(number) for number in WORLDS]
    rows = (
        told(mediator, teams, [one[mediator, teams] for one in worlds])
        for mediator in MEDIATORS
        for teams in TEAMS
    )
    saved(Row, rows, NUMBERS)


if __name__ == "__main__":
    main()
