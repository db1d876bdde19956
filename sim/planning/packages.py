"""Plans in which teams get different packages of support, and what each world makes of them.

A *package* is a scenario of the library as a team can get it. A plan gives each team one package or
none, and a start week.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.engines.ensemble import Chunk, Request
from sim.errors import InputError
from sim.planning.resources import WEEKS_PER_YEAR
from sim.population import Layout, lay_out
from sim.runs.request import build_request
from sim.runs.simulate import simulate_reduced
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

OUTCOMES = (
    "qpr_years",
    "reach",
    "practice",
    "qpr15",
    "adoption",
    "inspire_support",
    "inspire_relationship",
)
"""Of a team: QPR-15 point-years a person, reach and practice as means over the time, then what
stands at the end."""
Reduce = Callable[[Request, Chunk, Mapping[str, np.ndarray]], dict[str, np.ndarray]]
AT_THE_END = ("qpr15", "inspire_support", "inspire_relationship")
ASSESSED_EVERY = 26
"""Weeks between assessments: what people gain in between lies on straight lines."""
USUAL = "usual-care"
NOTHING = -1


@dataclass(frozen=True)
class TeamPlan:
    """Who gets what, and when."""

    name: str  # Name of the plan
    package: np.ndarray  # Number of each team's package, -1 for usual care, shape (teams,)
    start: np.ndarray  # Weeks of usual care before the package, -1 for never, shape (teams,)


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
            "assessment.weeks": half_yearly(weeks),
        },
    )


def half_yearly(weeks: int) -> list[int]:
    """Return the weeks of assessment: the start, every half year, and the end."""
    return sorted({*range(0, weeks, ASSESSED_EVERY), weeks})


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
        Differences from usual care, shape (plans, draws, teams, `OUTCOMES`): the QPR-15 of the
        team's sampled service users added up over the time, in point-years a person; the share of
        its users whose worker was trained, and its practice (0-1), as means over all weeks; and
        QPR-15, share of staff trained and INSPIRE at the end. 0 where nobody of a team was left to
        ask.
    """
    teams = len(roster.rows)

    def reduce(_: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        people, lived = tables["assessments"], tables["team_weeks"]
        last = lived[lived["week"] == weeks]
        values = {
            "qpr_years": point_years(people, half_yearly(weeks), teams),
            "reach": mean_over_weeks(lived, "reach", weeks, teams),
            "practice": mean_over_weeks(lived, "fidelity", weeks, teams),
            "adoption": np.bincount(last["team"], last["adoption"], minlength=teams),
            **{name: team_means(people, name, weeks, teams) for name in AT_THE_END},
        }
        return {"outcomes": np.column_stack([values[name] for name in OUTCOMES])}

    found = beside_usual(
        packages,
        roster,
        plans,
        reduce,
        (teams, len(OUTCOMES)),
        draws=draws,
        weeks=weeks,
        seed=seed,
        reduction="what plans did in teams",
        **how,
    )
    return np.asarray(np.nan_to_num(found[1:] - found[:1], nan=0.0))


def beside_usual(
    packages: Sequence[Scenario],
    roster: Roster,
    plans: Sequence[TeamPlan],
    reduce: Reduce,
    shape: tuple[int, ...],
    *,
    draws: Sequence[Mapping[str, float]],
    weeks: int,
    seed: int,
    reduction: str,
    **how: Unpack[How],
) -> np.ndarray:
    """Simulate usual care and plans on common random numbers, and return what is kept of each.

    Parameters
    ----------
    packages, roster, plans, draws, weeks, seed, **how
        As `team_outcomes`.
    reduce : callable
        From a world's tables to ``outcomes``.
    shape : tuple of int
        Of these.
    reduction : str
        What is kept, in words.

    Returns
    -------
    numpy.ndarray
        Shape (1 + plans, draws, *shape), usual care first.
    """
    nobody = np.full(len(roster.rows), NOTHING)
    usual = TeamPlan(USUAL, nobody, nobody)
    request = build_request(
        [as_usual(weeks)],
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
    chunks = simulate_reduced(request, reduce, ("outcomes",), reduction=reduction, **how)
    found = np.zeros((len(layouts), len(draws), *shape))
    for chunk, kept in chunks:
        found[chunk.scenario, chunk.draw] = kept["outcomes"]
    return found


def mean_over_weeks(team_weeks: np.ndarray, name: str, weeks: int, teams: int) -> np.ndarray:
    """Return a variable of each team averaged over weeks 1 to the last, shape (teams,)."""
    lived = team_weeks[team_weeks["week"] > 0]
    return np.bincount(lived["team"], lived[name], minlength=teams) / weeks


def team_means(people: np.ndarray, name: str, week: int, teams: int) -> np.ndarray:
    """Return the mean of an instrument in each team in a week; NaN where nobody was asked."""
    asked = people[(people["week"] == week) & ~np.isnan(people[name])]
    count = np.bincount(asked["team"], minlength=teams)
    total = np.bincount(asked["team"], asked[name], minlength=teams)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def point_years(people: np.ndarray, weeks: Sequence[int], teams: int) -> np.ndarray:
    """Return each team's QPR-15 added up over the time on straight lines, in point-years."""
    levels = np.stack([team_means(people, "qpr15", week, teams) for week in weeks])
    years = np.diff(weeks) / WEEKS_PER_YEAR
    return np.asarray(years @ (levels[1:] + levels[:-1]) / 2.0)


def as_usual(weeks: int) -> Scenario:
    """Return usual care, assessed at the start and the end."""
    return adjusted(load_scenario(USUAL), {"assessment.weeks": half_yearly(weeks)})
