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
CANDIDATES_PER_TEAM = 4


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
        scenario = self._for_trial(design, times)
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
            yield self._trial(design, own, sequence, times, ready, seed, first + draw)

    def _for_trial(self, design: Design, times: Sequence[int]) -> Scenario:
        from sim.scenarios.library import adjusted

        changes: dict[str, Any] = {
            "who.teams": "intervention-arm",
            "assessment.weeks": sorted(set(times)),
        }
        if design.readiness.run_in_weeks > 0:
            changes["readiness.preparation_weeks"] = design.readiness.run_in_weeks
        return adjusted(self.scenario, changes)

    def _trial(
        self,
        design: Design,
        rows: np.ndarray,
        sequence: np.ndarray,
        times: Sequence[int],
        readiness: np.ndarray | None,
        seed: int,
        replication: int,
    ) -> TrialData:
        rng = np.random.Generator(np.random.Philox(key=[seed, replication]))
        teams = np.arange(len(sequence))
        if readiness is not None:
            teams = recruited(design, readiness, sequence, rng)
        schedule = design.schedule[sequence]
        ever = (schedule == TREATED).any(axis=1)
        size = int(ceil(design.size))
        cross = design.sampling == "cross-sectional"
        parts: list[tuple[np.ndarray, ...]] = []
        for period, week in enumerate(times):
            own = rows[rows["week"] == week]
            state = schedule[own["team"], period]
            keep = np.isin(own["team"], teams) & (state != NOT_MEASURED) & (state != TRANSITION)
            if cross:
                sample = own["place"] // size
                keep &= sample == period
            lost = own["in_research"] == 0
            if cross:
                lost = lost & False
            value = np.where(lost, np.nan, own[self.measure])
            person = own["team"].astype(np.int64) * 100_000 + own["place"]
            parts.append(
                (
                    own["team"][keep],
                    np.full(keep.sum(), period),
                    person[keep],
                    (state[keep] == TREATED).astype(int),
                    ever[own["team"][keep]].astype(int),
                    value[keep],
                    np.zeros(keep.sum(), int),
                )
            )
        return TrialData(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def entry(design: Design) -> bool:
    """Return whether readiness decides which teams enter."""
    return design.readiness.minimum is not None


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
    after one period.
    """
    first = 0 if (design.by_cluster[:, 0] == CONTROL).all() else 1
    return [(period + first) * design.period_weeks for period in range(design.periods)]


def start_weeks(design: Design) -> list[int | None]:
    """Return the week in which the programme starts for each sequence; None for never."""
    times = measured_weeks(design)
    starts: list[int | None] = []
    for row in design.schedule:
        active = np.flatnonzero((row == TREATED) | (row == TRANSITION))
        starts.append(int(times[active[0]]) - design.period_weeks if len(active) else None)
    return starts


def roster_for(design: Design, teams_per_trust: int) -> tuple[Roster, np.ndarray]:
    """Return a roster for a design and each team's sequence.

    Sequences take turns, so that they are spread over trusts. With readiness as an entry criterion
    four candidate teams are simulated for every one that is needed.
    """
    from sim.roster import Roster, TeamRow

    factor = CANDIDATES_PER_TEAM if entry(design) else 1
    left = [number * factor for number in design.clusters]
    sequence: list[int] = []
    while sum(left):
        shares = [one / max(1, n * factor) for one, n in zip(left, design.clusters, strict=True)]
        chosen = int(np.argmax(shares))
        sequence.append(chosen)
        left[chosen] -= 1
    starts = start_weeks(design)
    per_period = int(ceil(design.size))
    sampled = per_period * (design.periods if design.sampling == "cross-sectional" else 1)
    rows = tuple(
        TeamRow(
            team=f"team-{index + 1:04d}",
            trust=f"trust-{index // teams_per_trust + 1:03d}",
            arm="control" if starts[one] is None else "intervention",
            sampled=sampled,
            caseload=max(225, sampled),
            start_week=starts[one],
        )
        for index, one in enumerate(sequence)
    )
    return Roster(rows=rows, notes=(), source="trial design"), np.array(sequence)


def recruited(
    design: Design, readiness: np.ndarray, sequence: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the teams that measured readiness lets in, as many as the design needs if there are.

    The score has the reliability that the design states; its error is drawn anew in each trial.
    """
    reliability = design.readiness.reliability
    spread = readiness.std() * np.sqrt((1.0 - reliability) / reliability)
    score = readiness + spread * rng.standard_normal(len(readiness))
    minimum = design.readiness.minimum or 0.0
    chosen: list[int] = []
    for number, wanted in enumerate(design.clusters):
        eligible = np.flatnonzero((sequence == number) & (score >= minimum))
        chosen.extend(eligible[:wanted].tolist())
    return np.array(sorted(chosen))
