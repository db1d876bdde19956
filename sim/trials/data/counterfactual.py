"""Simulated trials with their counterfactual twins.

Every trial is simulated twice under the same draws: as it is, and with nobody given the programme.
The second tells what the effect truly was in these very people, and, analysed with the arms as they
were, how often the test rejects when there is nothing to find.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sim.trials.data.agent_calendar import measured_weeks, refuse_taking_away, start_weeks
from sim.trials.data.agent_teams import AskedPeople
from sim.trials.data.agents import AgentSource, scenario_for, trial_data
from sim.trials.data.data import TrialData
from sim.trials.designs.design import NOT_MEASURED, TRANSITION, TREATED, Design
from sim.trials.designs.readiness_entry import Entered, refuse_two_kinds_of_strata

if TYPE_CHECKING:
    from sim.scenarios.schema import Scenario
    from sim.trials.data.statistical import StatisticalSource


@dataclass(frozen=True)
class Truth:
    """What the effect truly was in one trial: treated less untreated, same people, same draws."""

    # Mean over people in treated cluster-periods that are analysed, whether or not they were lost;
    # a parallel trial counts its last period.
    participant_average: float
    cluster_average: float  # Mean over those cluster-periods of their means
    # As the first, in all teams that were screened, whether or not they entered.
    all_screened: float
    # Participant average in the first, second ... period since a cluster began; NaN where none is
    # analysed.
    by_exposure: tuple[float, ...] = ()


@dataclass(frozen=True)
class Twin:
    """One trial as it is and as it would have been with nobody treated."""

    # Both with the same arms, people and losses by chance.
    data: TrialData
    untreated: TrialData
    truth: Truth
    eligible: float = 1.0  # Share of the screened teams that may enter


class TwinSource(Protocol):
    """Anything that yields trials with their twins."""

    def twins(self, design: Design, first: int, count: int, seed: int) -> Iterator[Twin]:
        """Yield trials number `first` to `first + count - 1`."""


@dataclass(frozen=True)
class StatisticalTwins:
    """Trials of a statistical source."""

    source: StatisticalSource
    # Sources that trials take in turn instead, for uncertainty about the parameters; each may come
    # with its own share of loss.
    several: Sequence[StatisticalSource] = ()
    losses: Sequence[float] = ()

    def twins(self, design: Design, first: int, count: int, seed: int) -> Iterator[Twin]:
        """Yield trials number `first` to `first + count - 1`."""
        for replication in range(first, first + count):
            source, asked = self.source, design
            if self.several:
                source = self.several[replication % len(self.several)]
            if self.losses:
                rate = self.losses[replication % len(self.losses)]
                asked = replace(design, attrition=replace(design.attrition, rate=rate))
            nothing = replace(source, effect=0.0, effects=(), effect_by_size=0.0)
            yield Twin(
                source.simulate(asked, seed, replication),
                nothing.simulate(asked, seed, replication),
                statistical_truth(source, design),
            )


def statistical_truth(source: StatisticalSource, design: Design) -> Truth:
    """Return the true effect of a statistical source: its mean over treated cluster-periods.

    Where they depend on the size of clusters, the participant's average has every cluster as often
    as its people. Sizes are those listed, or the distribution from which they are drawn.
    """
    from sim.trials.data.statistical import effect_of_size, exposure_shares, sizes_of_all

    schedule = design.by_cluster
    counted = schedule == TREATED
    if design.is_parallel:
        counted[:, :-1] = False
    shares = exposure_shares(schedule, source.exposure)
    of_person = of_cluster = source.effect
    if source.effect_by_size:
        sizes = sizes_of_all(design)
        more = effect_of_size(design, source.effect_by_size, sizes)
        of_person += float((sizes * more).sum() / sizes.sum())
        of_cluster += float(more.mean())
    share = float(shares[counted].mean())
    number = exposure_number(schedule)
    by_exposure = tuple(
        of_person * float(shares[counted & (number == one)].mean())
        if (counted & (number == one)).any()
        else nan
        for one in range(1, int(number.max()) + 1)
    )
    return Truth(of_person * share, of_cluster * share, of_person * share, by_exposure)


def exposure_number(schedule: np.ndarray) -> np.ndarray:
    """Return how many periods since it began each cluster-period is; 0 before."""
    begun = np.isin(schedule, (TREATED, TRANSITION))
    number = np.zeros(schedule.shape, int)
    for period in range(schedule.shape[1]):
        before = number[:, period - 1] if period else np.zeros(len(schedule), int)
        on = begun[:, period] | ((before > 0) & (schedule[:, period] == NOT_MEASURED))
        number[:, period] = np.where(on, before + 1, 0)
    return number


@dataclass(frozen=True)
class AgentTwins:
    """Trials of the agent-based source."""

    source: AgentSource  # What treated teams get, the outcome, parameters
    control: Scenario | None = None  # What all teams would get otherwise; usual care when not given
    added_effect: float = 0.0  # Added to treated outcomes, in points

    def twins(self, design: Design, first: int, count: int, seed: int) -> Iterator[Twin]:
        """Yield trials number `first` to `first + count - 1`."""
        scenarios = self.scenarios(design)
        for replication in range(first, first + count):
            yield self._trial(design, scenarios, replication, seed)

    def scenarios(self, design: Design) -> list[Scenario]:
        """Return what treated teams get, and what all would get otherwise.

        Raises
        ------
        InputError
            When the design takes the programme away again, or has two kinds of strata.
        """
        refuse_taking_away(design)
        refuse_two_kinds_of_strata(design)
        programme = _renamed(scenario_for(self.source.scenario, design), "treated")
        return [programme, self._without(design)]

    def _trial(
        self, design: Design, scenarios: list[Scenario], replication: int, seed: int
    ) -> Twin:
        from sim.runs.simulate import simulate

        people, entered = self.source.recruit(design, scenarios[1], replication, seed)
        results = simulate(self.source.request(design, scenarios, people, seed), workers=1)
        rows = results.arrays["assessments"]
        treated, without = (rows[rows["scenario"] == number] for number in (0, 1))
        data, untreated = self.both_data(design, treated, without, people, entered)
        measure = self.source.measure
        difference = treated[measure] - without[measure] + self.added_effect
        truth = agent_truth(design, treated, difference, people, entered)
        return Twin(data, untreated, truth, entered.eligible)

    def _without(self, design: Design) -> Scenario:
        from sim.scenarios.library import adjusted, load_scenario

        control = self.control or load_scenario("usual-care")
        timed = scenario_for(control, design)
        if timed.who.teams != "none":
            begin = next(one for one in start_weeks(design) if one is not None)
            changes: dict[str, Any] = {"who.teams": "all", "timing.start_week": begin}
            timed = adjusted(timed, changes)
        return _renamed(timed, "without")

    def both_data(
        self,
        design: Design,
        treated: np.ndarray,
        without: np.ndarray,
        people: AskedPeople,
        entered: Entered,
    ) -> tuple[TrialData, TrialData]:
        """Return a trial's data as it is and with nobody treated, from the rows of two worlds."""
        measure = self.source.measure
        never = ~(design.schedule == TREATED).any(axis=1)
        world = treated
        if self.control is not None and self.control.who.teams != "none":
            # Teams of the control arm get the other programme, in a world where everybody does.
            world = np.where(never[people.sequence][treated["team"]], without, treated)
        data = trial_data(design, world, people, entered, measure)
        if self.added_effect:
            shifted = data.outcome + self.added_effect * data.treatment
            data = replace(data, outcome=shifted)
        return data, trial_data(design, without, people, entered, measure)


def agent_truth(
    design: Design, rows: np.ndarray, difference: np.ndarray, people: AskedPeople, entered: Entered
) -> Truth:
    """Return the true effects in one trial from the difference of the two worlds' outcomes."""
    schedule = design.schedule[people.sequence]
    exposure = exposure_number(schedule)
    times = measured_weeks(design)
    values, teams, cells, numbers = [], [], [], []
    for period, week in enumerate(times):
        if design.is_parallel and period < design.periods - 1:
            continue
        own = rows["week"] == week
        team = rows["team"][own]
        keep = schedule[team, period] == TREATED
        keep &= people.asked(team, rows["place"][own], period)
        keep &= ~np.isnan(difference[own])
        values.append(difference[own][keep])
        teams.append(team[keep])
        cells.append(team[keep] * len(times) + period)
        numbers.append(exposure[team[keep], period])
    value, team, cell, number = (np.concatenate(one) for one in (values, teams, cells, numbers))
    inside = np.isin(team, entered.teams)
    if not inside.any():
        return Truth(nan, nan, _mean(value), (nan,) * int(exposure.max()))
    _, codes = np.unique(cell[inside], return_inverse=True)
    means = np.bincount(codes, value[inside]) / np.bincount(codes)
    by_exposure = tuple(
        _mean(value[inside & (number == one)]) for one in range(1, int(exposure.max()) + 1)
    )
    return Truth(_mean(value[inside]), float(means.mean()), _mean(value), by_exposure)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else nan


def _renamed(scenario: Scenario, name: str) -> Scenario:
    return scenario.model_copy(update={"name": name})
