"""The agent-based source of outcomes: trials run in simulated services.

The programme that treated clusters get is a scenario; people, teams, training, practice and
recovery follow the model. A trial's teams are drawn anew in every replication, so that a fixed
order of arms among exchangeable teams is as good as a random one; what depends on measured
readiness is decided after measuring it, with its error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, unknown
from sim.trials.data import TrialData
from sim.trials.design import CONTROL, NOT_MEASURED, TRANSITION, TREATED, Design

if TYPE_CHECKING:
    from sim.roster import Roster
    from sim.scenarios.schema import Scenario

BATCH = 100


@dataclass(frozen=True)
class AgentSource:
    """Outcomes from the agent-based model.

    Attributes
    ----------
    scenario : Scenario
        What treated clusters get; its own choice of teams and assessment calendar is replaced by
        the design's.
    measure : str
        Outcome, one of the columns of the table of assessments (``qpr15``, ``inspire_support``...).
    draws : sequence of mappings
        Sets of parameter values, one for each trial in turn (a posterior sample); the defaults when
        empty.
    settings : mapping
        Parameter values that go before the draws'.
    teams_per_trust : int
        How teams are grouped in trusts.
    workers : int or None
        Threads.
    """

    scenario: Scenario
    measure: str = "qpr15"
    draws: Sequence[Mapping[str, float]] = ()
    settings: Mapping[str, float] | None = None
    teams_per_trust: int = 10
    workers: int | None = None

    def __post_init__(self) -> None:
        from sim.measures.user import UserScores

        if self.measure not in UserScores._fields:
            raise unknown("measure", self.measure, UserScores._fields)

    def trials(self, design: Design, count: int, seed: int) -> Iterator[TrialData]:
        """Yield the data of `count` trials.

        Raises
        ------
        InputError
            When the design takes the programme away again, which nothing in the model undoes at
            once.
        """
        if takes_away(design):
            raise InputError(
                "schedule: returns treated clusters to control; training cannot be untaught, use "
                "the statistical source for crossover designs"
            )
        for first in range(0, count, BATCH):
            yield from self._batch(design, first, min(BATCH, count - first), seed)

    def _batch(self, design: Design, first: int, count: int, seed: int) -> Iterator[TrialData]:
        from sim.request import build_request
        from sim.simulate import simulate

        times = measured_weeks(design)
        roster, sequence = roster_for(design, self.teams_per_trust)
        scenario = scenario_for(self.scenario, design)
        known = len(self.draws)
        chosen = [self.draws[(first + one) % known] if known else {} for one in range(count)]
        collect = ("assessments", "team_weeks") if entry(design) else ("assessments",)
        request = build_request(
            [scenario],
            roster,
            settings=self.settings,
            draws=chosen,
            weeks=max(1, *times),
            replications=1,
            seed=seed,
            collect=collect,
            own_chance=True,
            first_run=first,
        )
        results = simulate(request, workers=self.workers)
        rows = results.arrays["assessments"]
        weeks = results.arrays.get("team_weeks")
        for draw in range(count):
            own = rows[rows["draw"] == draw]
            ready = None
            if weeks is not None:
                start = weeks[(weeks["draw"] == draw) & (weeks["week"] == 0)]
                ready = start["team_readiness"]
            entered = entering(design, ready, sequence, seed, first + draw)
            yield trial_data(design, own, sequence, entered, self.measure)


def scenario_for(scenario: Scenario, design: Design) -> Scenario:
    """Return a scenario with the calendar of a design: who, when measured, run-in."""
    from sim.scenarios.library import adjusted

    changes: dict[str, Any] = {"assessment.weeks": sorted(set(measured_weeks(design)))}
    if scenario.who.teams != "none":
        changes["who.teams"] = "intervention-arm"
    if design.readiness.run_in_weeks > 0:
        changes["readiness.preparation_weeks"] = design.readiness.run_in_weeks
        changes["readiness.preparation_intensity"] = design.readiness.run_in_intensity
    return adjusted(scenario, changes)


@dataclass(frozen=True)
class Entered:
    """The teams that entered a trial.

    Attributes
    ----------
    teams : numpy.ndarray
        Their places in the roster.
    stratum : numpy.ndarray
        Stratum of measured readiness of every team of the roster; 0 without strata.
    eligible : float
        Share of the screened teams that measured readiness lets in.
    """

    teams: np.ndarray
    stratum: np.ndarray
    eligible: float = 1.0


def entering(
    design: Design,
    readiness: np.ndarray | None,
    sequence: np.ndarray,
    seed: int,
    replication: int,
) -> Entered:
    """Return who enters a trial; everybody when readiness was not asked for."""
    if readiness is None:
        return Entered(np.arange(len(sequence)), np.zeros(len(sequence), int))
    rng = np.random.Generator(np.random.Philox(key=[seed, replication]))
    return recruited(design, readiness, sequence, rng)


def trial_data(
    design: Design, rows: np.ndarray, sequence: np.ndarray, entered: Entered, measure: str
) -> TrialData:
    """Return the data of one trial from a world's rows of assessments.

    Who has left the research sample is lost to a cohort. In a cross-section each period asks people
    of its own.
    """
    times = measured_weeks(design)
    schedule = design.schedule[sequence]
    ever = (schedule == TREATED).any(axis=1)
    sizes = team_sizes(design, len(sequence))
    cross = design.sampling == "cross-sectional"
    parts: list[tuple[np.ndarray, ...]] = []
    for period, week in enumerate(times):
        own = rows[rows["week"] == week]
        team = own["team"]
        state = schedule[team, period]
        keep = np.isin(team, entered.teams) & (state != NOT_MEASURED) & (state != TRANSITION)
        lost = np.zeros(len(own), bool)
        if cross:
            keep &= own["place"] // sizes[team] == period
        else:
            lost = own["in_research"] == 0
        value = np.where(lost, np.nan, own[measure])
        person = team.astype(np.int64) * 100_000 + own["place"]
        parts.append(
            (
                team[keep],
                np.full(keep.sum(), period),
                person[keep],
                (state[keep] == TREATED).astype(int),
                ever[team[keep]].astype(int),
                value[keep],
                entered.stratum[team[keep]],
                workers_of(own[keep], person[keep]),
            )
        )
    return TrialData(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def workers_of(rows: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Return the number of each person's key worker, over all teams.

    A post that changes hands gives another worker; who has no key worker stands alone.
    """
    post = rows["team"].astype(np.int64) * 10_000 + rows["worker"]
    known = post * 100_000 + rows["worker_generation"]
    return np.where(rows["worker"] >= 0, known, -1 - person)


def team_sizes(design: Design, teams: int) -> np.ndarray:
    """Return people asked per team and period.

    Unequal sizes are the even quantiles of a gamma distribution with the design's mean and
    variation, dealt to teams by a fixed shuffle: teams are exchangeable, so that the sizes of a
    trial may stay as they are from one replication to the next.
    """
    if design.size_variation == 0.0:
        return np.full(teams, int(ceil(design.size)))
    from scipy.special import gammaincinv

    shape = 1.0 / design.size_variation**2
    quantiles = gammaincinv(shape, (np.arange(teams) + 0.5) / teams) * design.size / shape
    order = np.random.Generator(np.random.Philox(key=[teams, 0])).permutation(teams)
    return np.maximum(1, np.rint(quantiles[order])).astype(int)


def entry(design: Design) -> bool:
    """Return whether readiness decides which teams enter, or their stratum."""
    return design.readiness.decides


def takes_away(design: Design) -> bool:
    """Return whether a cluster is in control after it was treated."""
    for row in design.schedule:
        treated = np.flatnonzero(row == TREATED)
        if len(treated) and (row[treated[0] :] == CONTROL).any():
            return True
    return False


def measured_weeks(design: Design) -> list[int]:
    """Return the week of each period's measurement.

    The first period is measured before anything happens when everybody is in control in it, else
    after one period. A run-in moves back every later measurement.
    """
    first = 0 if (design.by_cluster[:, 0] == CONTROL).all() else 1
    weeks = [(period + first) * design.period_weeks for period in range(design.periods)]
    return [week + design.readiness.run_in_weeks if week > 0 else 0 for week in weeks]


def start_weeks(design: Design) -> list[int | None]:
    """Return the week in which each sequence's run-in or programme starts; None for never."""
    times = measured_weeks(design)
    starts: list[int | None] = []
    for row in design.schedule:
        active = np.flatnonzero((row == TREATED) | (row == TRANSITION))
        lead = design.period_weeks + design.readiness.run_in_weeks
        starts.append(int(times[active[0]]) - lead if len(active) else None)
    return starts


def roster_for(design: Design, teams_per_trust: int) -> tuple[Roster, np.ndarray]:
    """Return a roster for a design and each team's sequence.

    Sequences take turns, so that they are spread over trusts. With readiness as an entry criterion
    all teams that are screened are simulated.
    """
    from sim.roster import Roster, TeamRow

    factor = design.readiness.screened_per_team if entry(design) else 1
    left = [number * factor for number in design.clusters]
    sequence: list[int] = []
    while sum(left):
        shares = [one / max(1, n * factor) for one, n in zip(left, design.clusters, strict=True)]
        chosen = int(np.argmax(shares))
        sequence.append(chosen)
        left[chosen] -= 1
    starts = start_weeks(design)
    samples = design.periods if design.sampling == "cross-sectional" else 1
    sampled = [int(one) * samples for one in team_sizes(design, len(sequence))]
    rows = tuple(
        TeamRow(
            team=f"team-{index + 1:04d}",
            trust=f"trust-{index // teams_per_trust + 1:03d}",
            arm="control" if starts[one] is None else "intervention",
            sampled=sampled[index],
            caseload=max(225, sampled[index]),
            start_week=starts[one],
        )
        for index, one in enumerate(sequence)
    )
    return Roster(rows=rows, notes=(), source="trial design"), np.array(sequence)


def recruited(
    design: Design, readiness: np.ndarray, sequence: np.ndarray, rng: np.random.Generator
) -> Entered:
    """Return the teams that measured readiness lets in, as many as the design needs if there are.

    The score has the reliability that the design states; its error is drawn anew in each trial.
    With strata, every arm has equal numbers from each, as nearly as whole teams allow.
    """
    rules = design.readiness
    spread = readiness.std() * np.sqrt((1.0 - rules.reliability) / rules.reliability)
    score = readiness + spread * rng.standard_normal(len(readiness))
    if rules.strata > 1:
        rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
        stratum = rank * rules.strata // len(score)
        return Entered(_balanced(design.clusters, sequence, stratum, rules.strata), stratum)
    if rules.share is not None:
        fits = score >= np.quantile(score, 1.0 - rules.share)
    else:
        fits = score >= (rules.minimum or 0.0)
    chosen: list[int] = []
    for number, wanted in enumerate(design.clusters):
        chosen.extend(np.flatnonzero((sequence == number) & fits)[:wanted].tolist())
    return Entered(np.array(sorted(chosen), int), np.zeros(len(score), int), float(fits.mean()))


def _balanced(
    clusters: Sequence[int], sequence: np.ndarray, stratum: np.ndarray, strata: int
) -> np.ndarray:
    """Return teams of each sequence, taking strata in turn."""
    chosen: list[int] = []
    for number, wanted in enumerate(clusters):
        of_each = [
            np.flatnonzero((sequence == number) & (stratum == one)).tolist()
            for one in range(strata)
        ]
        turn = number
        taken = 0
        while taken < wanted and any(of_each):
            if of_each[turn % strata]:
                chosen.append(of_each[turn % strata].pop(0))
                taken += 1
            turn += 1
    return np.array(sorted(chosen), int)
