"""Plans in which teams get different packages of support, and what each world makes of them.

A *package* is a scenario of the library as a team can get it. A plan gives each team one package or
none, and a start week.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.engines.ensemble import Chunk, Request
from sim.errors import InputError
from sim.population import Layout, lay_out
from sim.runs.request import build_request
from sim.runs.simulate import simulate_reduced
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

OUTCOMES = ("qpr15", "reach")
USUAL = "usual-care"
NOTHING = -1


@dataclass(frozen=True)
class TeamPlan:
    """Who gets what, and when.

    Attributes
    ----------
    name : str
        Name of the plan.
    package : numpy.ndarray
        Number of each team's package, -1 for usual care, shape (teams,).
    start : numpy.ndarray
        Weeks of usual care before the package, -1 for never, shape (teams,).
    """

    name: str
    package: np.ndarray
    start: np.ndarray


def as_package(scenario: Scenario, weeks: int) -> Scenario:
    """Return a scenario as something that any team can get, assessed at the start and the end.

    Raises
    ------
    InputError
        When it treats nobody, or sets parameters, which hold for a whole world and not for a team.
    """
    if scenario.who.teams == "none":
        raise InputError(f"scenario '{scenario.name}': treats nobody and can be no package")
    if scenario.parameters:
        raise InputError(
            f"scenario '{scenario.name}': sets parameters ({', '.join(scenario.parameters)}), "
            "which hold for all teams; it can be no package"
        )
    return adjusted(
        scenario,
        {
            "who.teams": "all",
            "timing.start_week": 0,
            "timing.waves": 1,
            "timing.order": "roster",
            "assessment.weeks": [0, weeks],
        },
    )


def core_training_weeks(package: Scenario) -> int:
    """Return the week of a package's last session before boosters, at least 1.

    Boosters refresh what was learnt: a team is trained without them.
    """
    before = package.readiness.preparation_weeks
    courses = (package.training.personal_recovery, package.training.coaching)
    held = [
        before + session.week
        for course in courses
        for session in course.sessions
        if session.week <= package.conditions.funding_end_week
    ]
    return max(held, default=1)


def funded_weeks(package: Scenario) -> int:
    """Return the week of a package in which its funding ends."""
    return package.readiness.preparation_weeks + package.conditions.funding_end_week


def mixed_layout(
    packages: Sequence[Scenario], roster: Roster, plan: TeamPlan, weeks: int
) -> Layout:
    """Return a layout in which each team follows its own package from its own week."""
    expansions = [expand(one, roster, weeks) for one in packages]
    layout = lay_out(roster, expansions[0])
    programmes = [expansions[0].actions[:1]]
    programmes += [one.actions[1:2] for one in expansions]
    teams = layout.teams.copy()
    treated = plan.package != NOTHING
    teams["programme"] = np.where(treated, plan.package + 1, 0)
    teams["start_week"] = np.where(treated, plan.start, -1)
    teams["order"] = 0
    return dataclasses.replace(
        layout, teams=teams, actions=np.concatenate(programmes), selection_mode=0
    )


def team_outcomes(
    packages: Sequence[Scenario],
    roster: Roster,
    plans: Sequence[TeamPlan],
    *,
    draws: Sequence[Mapping[str, float]],
    weeks: int,
    seed: int,
    **how: Unpack[How],
) -> np.ndarray:
    """Simulate plans on common random numbers and return what each did in each team.

    Parameters
    ----------
    packages : sequence of Scenario
        From `as_package`.
    roster : Roster
        Teams.
    plans : sequence of TeamPlan
        Plans; usual care is simulated beside them.
    draws : sequence of mappings
        Sets of parameter values, each with chance of its own.
    weeks, seed : int
        Weeks looked at; seed of chance.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    numpy.ndarray
        Differences from usual care, shape (plans, draws, teams, `OUTCOMES`): the mean QPR-15 of the
        team's sampled service users at the end in points, and the share of its users whose worker
        was trained, averaged over all weeks: person-time, not the state of the last week. 0 where
        nobody of a team was left to ask.
    """
    teams = len(roster.rows)
    nobody = np.full(teams, NOTHING)
    usual = TeamPlan(USUAL, nobody, nobody)
    base = as_usual(weeks)
    request = build_request(
        [base],
        roster,
        draws=draws,
        weeks=weeks,
        replications=1,
        seed=seed,
        collect=("assessments", "team_weeks"),
        own_chance=True,
    )
    layouts = tuple(mixed_layout(packages, roster, plan, weeks) for plan in (usual, *plans))
    request = dataclasses.replace(
        request,
        names=tuple(f"{number}" for number in range(len(layouts))),
        layouts=layouts,
        draws=np.repeat(np.atleast_2d(request.draws), len(layouts), axis=0),
    )

    def reduce(_: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        kept = np.zeros((teams, len(OUTCOMES)))
        people = tables["assessments"]
        people = people[(people["week"] == weeks) & ~np.isnan(people["qpr15"])]
        count = np.bincount(people["team"], minlength=teams)
        total = np.bincount(people["team"], people["qpr15"], minlength=teams)
        kept[:, 0] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        kept[:, 1] = mean_reach(tables["team_weeks"], weeks, teams)
        return {"outcomes": kept}

    chunks = simulate_reduced(
        request,
        reduce,
        ("outcomes",),
        reduction="what plans did in teams",
        **how,
    )
    found = np.zeros((len(layouts), len(draws), teams, len(OUTCOMES)))
    for chunk, kept in chunks:
        found[chunk.scenario, chunk.draw] = kept["outcomes"]
    return np.asarray(np.nan_to_num(found[1:] - found[:1], nan=0.0))


def mean_reach(team_weeks: np.ndarray, weeks: int, teams: int) -> np.ndarray:
    """Return each team's reach averaged over weeks 1 to the last, shape (teams,)."""
    lived = team_weeks[team_weeks["week"] > 0]
    return np.bincount(lived["team"], lived["reach"], minlength=teams) / weeks


def as_usual(weeks: int) -> Scenario:
    """Return usual care, assessed at the start and the end."""
    return adjusted(load_scenario(USUAL), {"assessment.weeks": [0, weeks]})
