"""A rollout of the planner's own teams, simulated as far as it was observed, and learnt from."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.errors import InputError
from sim.learning.likelihood import Common, common_of, expected, log_likelihoods
from sim.learning.own_turnover import moved_multipliers, own_factors
from sim.learning.particles import Updated, informed, update_draws
from sim.learning.statistics import LEFT, Statistic, reduction, statistics_of
from sim.parameters import registry
from sim.planning.packages import NOTHING, TeamPlan, as_package, mixed_layout, team_outcomes
from sim.planning.rollout import with_turnover
from sim.population import lay_out
from sim.posterior import load_posterior
from sim.runs.pieces import Progress
from sim.runs.request import build_request
from sim.runs.simulate import simulate_reduced
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted

if TYPE_CHECKING:
    from sim.inputs.registers import Observed
    from sim.inputs.roster import Roster
    from sim.planning.setting import Setting
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

FEW = 50
"""Draws of the start that what is not moved comes from, below which intervals are rough."""
RUNS = 6
"""Runs of chance by draw: the same for all draws, so that these are compared on common chance."""
GROUPS, OF_GROUP, RUNS_APART = 10, 5, 8
"""Draws in chance of their own, group by group, and their runs: how far teams go together."""


@dataclass(frozen=True)
class LearnQuestion:
    """What is to be learnt from."""

    packages: tuple[Scenario, ...]  # What is rolled out
    roster: Roster  # Teams
    plan: TeamPlan  # Which teams have which of them, and from which week
    observed: Observed  # What was observed of them
    chosen: ChosenDraws  # The planner's posterior
    weeks: int  # Weeks to the horizon
    seed: int  # Seed of chance
    setting: Setting  # For the date of the first week
    # More draws of the same, with which it is begun anew where the others collapse.
    more: ChosenDraws | None = None


@dataclass(frozen=True)
class Learnt:
    """What was learnt."""

    question: LearnQuestion
    statistics: list[Statistic]  # What was observed, by kind
    # What the draws of the start simulate, shape (draws, runs, statistics, teams, parts).
    before: np.ndarray
    common: list[Common]  # What these draws say together of each statistic
    updated: Updated  # Draws of the updated posterior
    # Outcomes of the teams that start against usual care at the horizon, before and after, on
    # common chance: shape (2, draws, teams, `sim.planning.packages.OUTCOMES`).
    horizon: np.ndarray
    # Draws that were asked for and of which too few were left; 0 where they were enough.
    collapsed: int = 0

    @property
    def weights(self) -> np.ndarray:
        """Each team's turnover relative to the model's, as the roster has it."""
        return turnover_of(self.question.roster)

    @property
    def turnover(self) -> dict[str, float]:
        """The same by team after leavers were counted; none where none were."""
        number = next((at for at, one in enumerate(self.statistics) if one.name == LEFT), None)
        if number is None:
            return {}
        one, seen = self.statistics[number], self.updated.seen[:, :, number]
        moved = own_turnover(one, seen, self.weights, self.common[number])
        return {self.question.roster.rows[at].team: float(moved[at]) for at in one.teams}


def plan_of(scenario: Scenario, roster: Roster, weeks: int) -> TeamPlan:
    """Return which teams a scenario starts, and when.

    Raises
    ------
    InputError
        When each simulated world finds out for itself who starts when, which a rollout that is
        under way knows.
    """
    layout = lay_out(roster, expand(scenario, roster, weeks))
    teams = layout.teams
    if layout.selection_mode != 0 or np.any(teams["order"] != 0):
        raise InputError(
            f"scenario '{scenario.name}': finds within each simulated world which teams start, and "
            "when; a rollout that is under way knows: name its plan (--plan), or give the roster a "
            "column start_week, and name a scenario that starts teams by it, such as "
            "refocus-as-delivered"
        )
    # A team whose week lies beyond the time looked at does not start.
    starts = (teams["programme"] > 0) & (teams["start_week"] >= 0) & (teams["start_week"] < weeks)
    return TeamPlan(
        scenario.name,
        np.where(starts, 0, NOTHING),
        np.where(starts, teams["start_week"], NOTHING),
    )


def learn(question: LearnQuestion, **how: Unpack[How]) -> Learnt:
    """Update the planner's posterior with what was observed, and look at the horizon anew.

    Parameters
    ----------
    question : LearnQuestion
    **how
        See `sim.runs.pieces.How`. What is finished is stored step by step.

    Raises
    ------
    Cancelled, Interrupted, InputError
        As `sim.runs.simulate.simulate_reduced`.
    """
    observed, roster, plan = question.observed, question.roster, question.plan
    started = (plan.start >= 0) & (plan.start < observed.weeks)
    statistics = statistics_of(observed, roster, started)
    if not statistics:
        raise InputError(
            "register: no team that it names starts within the weeks observed; see the start weeks "
            "of the plan or the roster"
        )
    weights = turnover_of(roster)
    draws = question.chosen.draws
    given = how
    steps = _Steps(how.get("on_progress"), len(draws) * RUNS)
    how = {**how, "on_progress": steps.show}

    rollout = (question.packages, roster, plan, observed, statistics)

    def simulate(values: Sequence[Mapping[str, float]]) -> np.ndarray:
        found = simulated(*rollout, values, question.seed, **how)
        steps.next()
        return found

    def fit(seen: np.ndarray) -> np.ndarray:
        return log_likelihoods(statistics, seen, weights, common)

    before = simulate(draws)
    quiet: How = {**how, "on_progress": None}
    common = commons(rollout, draws, before, weights, question.seed, **quiet)
    names = informed(draws, movable(draws), figures_of(before))
    bounds = {name: registry()[name].bounds for name in names}
    updated = update_draws(draws, before, names, simulate, fit, question.seed, steps.at, bounds)
    if updated.carried < FEW and question.more is not None:
        again = dataclasses.replace(question, chosen=question.more, more=None)
        return dataclasses.replace(learn(again, **given), collapsed=len(draws))
    packages = [as_package(one, question.weeks) for one in question.packages]
    found = Learnt(question, statistics, before, common, updated, np.empty(0))
    horizon = []
    for values, teams in ((draws, roster), (updated.draws, with_turnover(roster, found.turnover))):
        horizon.append(
            team_outcomes(
                packages,
                teams,
                [plan],
                draws=values,
                weeks=question.weeks,
                seed=question.seed + 1,
                **how,
            )[0]
        )
        steps.next()
    return dataclasses.replace(found, horizon=np.stack(horizon))


def turnover_of(roster: Roster) -> np.ndarray:
    """Return each team's turnover relative to the model's."""
    return np.array([row.turnover_multiplier for row in roster.rows])


def own_turnover(
    one: Statistic, seen: np.ndarray, weights: np.ndarray, common: Common
) -> np.ndarray:
    """Return each team's turnover relative to the model's after its leavers were counted.

    Parameters
    ----------
    one : Statistic
        Leavers.
    seen, weights, common
        As `sim.learning.likelihood.expected`.
    """
    mean = expected(one, seen, weights, common).mean
    return moved_multipliers(weights, one, own_factors(one, weights[one.teams], mean))


def simulated(
    packages: Sequence[Scenario],
    roster: Roster,
    plan: TeamPlan,
    observed: Observed,
    statistics: Sequence[Statistic],
    draws: Sequence[Mapping[str, float]],
    seed: int,
    runs: int = RUNS,
    **how: Unpack[How],
) -> np.ndarray:
    """Return what draws simulate of what was observed, (draws, runs, statistics, teams, parts).

    Where no outcome of service users was observed one of each team is simulated: staff do not
    depend on how many are asked.
    """
    weeks = observed.weeks
    asked = sorted({one.week for one in observed.outcomes})
    if not asked:
        rows = tuple(dataclasses.replace(row, sampled=1) for row in roster.rows)
        roster = dataclasses.replace(roster, rows=rows)
    assessed = {"assessment.weeks": asked or [weeks]}
    packages = [adjusted(as_package(one, weeks), assessed) for one in packages]
    tables = ["team_weeks", *(["events"] if observed.turnover else [])]
    request = build_request(
        packages[:1],
        roster,
        draws=draws,
        weeks=weeks,
        replications=runs,
        seed=seed,
        collect=(*tables, "assessments") if asked else tuple(tables),
    )
    request = dataclasses.replace(request, layouts=(mixed_layout(packages, roster, plan, weeks),))
    posts = np.array([row.staff for row in roster.rows])
    chunks = simulate_reduced(
        request,
        reduction(statistics, posts),
        ("seen",),
        reduction=f"what was observed: {[(one.name, one.weeks) for one in statistics]}",
        **how,
    )
    found = np.zeros((len(draws), runs, *chunks[0][1]["seen"].shape[1:]))
    for chunk, kept in chunks:
        found[chunk.draw, chunk.first : chunk.last] = kept["seen"]
    return found


def commons(
    rollout: tuple[Sequence[Scenario], Roster, TeamPlan, Observed, Sequence[Statistic]],
    draws: Sequence[Mapping[str, float]],
    before: np.ndarray,
    weights: np.ndarray,
    seed: int,
    **how: Unpack[How],
) -> list[Common]:
    """Return what the draws of the start say together of each statistic.

    Parameters
    ----------
    rollout : tuple
        Packages, roster, plan, what was observed, and its statistics, as `simulated` takes them.
    draws : sequence of mappings
    before : numpy.ndarray
        What they simulate in the chance that all share.
    weights : numpy.ndarray
        Each team's turnover relative to the model's.
    seed : int
        Of that chance; each group of `GROUPS` has another.
    """
    picked = np.linspace(0, len(draws) - 1, GROUPS * OF_GROUP).astype(int)
    apart = [
        simulated(
            *rollout,
            [draws[one] for one in picked[group::GROUPS]],
            seed + 2 + group,
            runs=RUNS_APART,
            **how,
        )
        for group in range(GROUPS)
    ]
    return [
        common_of(one, before[:, :, number], weights, [seen[:, :, number] for seen in apart])
        for number, one in enumerate(rollout[-1])
    ]


def figures_of(seen: np.ndarray) -> np.ndarray:
    """Return what each draw simulates of the whole service: of each statistic mean and spread.

    Parameters
    ----------
    seen : numpy.ndarray
        Shape (draws, runs, statistics, teams, parts).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = seen[..., 0].sum(axis=1) / seen[..., 1].sum(axis=1)
    mean = np.nanmean(ratio, axis=2)
    return np.nan_to_num(np.concatenate([mean, np.nanstd(ratio, axis=2)], axis=1))


def movable(draws: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the parameters that may be moved apart from the others.

    Those that have a prior of their own and that no trial fitted: what trials fitted, and constants
    that were solved from it, are carried whole.
    """
    kept = fitted()
    return [
        name
        for name, one in registry().items()
        if one.varies and name in draws[0] and name not in kept
    ]


def fitted() -> tuple[str, ...]:
    """Return the parameters that trials fitted."""
    return tuple(load_posterior(None)[1].get("calibrated", {}))


class _Steps:
    """Progress over steps of which the sampler finds out how many there are."""

    def __init__(self, on_progress: Callable[[Progress], None] | None, worlds: int) -> None:
        self.on_progress, self.worlds = on_progress, worlds
        self.done, self.temperature = 0, 0.0
        self.began = time.monotonic()

    def at(self, temperature: float) -> None:
        """Note how far the weights are let in."""
        self.temperature = temperature

    def next(self) -> None:
        """Begin the next step."""
        self.done += 1

    def show(self, progress: Progress) -> None:
        """Show the progress of a step as that of the whole; the steps to come are guessed."""
        if self.on_progress is None:
            return
        part = progress.done / max(progress.total, 1)
        steps = max(self.done + 3, 4 if self.temperature == 1.0 else 14)
        done = int((self.done + part) * self.worlds)
        total = steps * self.worlds
        seconds = time.monotonic() - self.began
        left = seconds / done * (total - done) if done else float("nan")
        self.on_progress(Progress(min(done, total), total, seconds, left))
