"""The agent-based source of outcomes: trials run in simulated services.

The programme that treated clusters get is a scenario; people, teams, training, practice and
recovery follow the model. Teams and people are drawn anew in every trial, and so is the allocation,
by the design's randomisation. Where measured readiness decides who enters, or in which stratum, it
is measured first, with its error, and those who enter are randomised then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import unknown
from sim.trials.data.agent_calendar import measured_weeks, refuse_taking_away
from sim.trials.data.agent_teams import AskedPeople, asked_people, randomised
from sim.trials.data.data import TrialData
from sim.trials.designs.design import NOT_MEASURED, TRANSITION, TREATED, Design
from sim.trials.designs.readiness_entry import Entered, entering, entry, refuse_two_kinds_of_strata

if TYPE_CHECKING:
    from sim.engines.ensemble import Request
    from sim.scenarios.schema import Scenario

# Numbers of key workers are by team, post and who holds it: more than there are of each.
POSTS_OF_TEAM, WORKERS_OF_POST = 10_000, 100_000


@dataclass(frozen=True)
class AgentSource:
    """Outcomes from the agent-based model."""

    # What treated clusters get; its own choice of teams and assessment calendar is replaced by the
    # design's.
    scenario: Scenario
    # Outcome, one of the columns of the table of assessments (``qpr15``, ``inspire_support``...).
    measure: str = "qpr15"
    # Sets of parameter values, one for each trial in turn (a posterior sample); the defaults when
    # empty.
    draws: Sequence[Mapping[str, float]] = ()
    settings: Mapping[str, float] | None = None  # Parameter values that go before the draws'
    teams_per_trust: int = 10  # How teams are grouped in trusts

    def __post_init__(self) -> None:
        from sim.measures.user import UserScores

        if self.measure not in UserScores._fields:
            raise unknown("measure", self.measure, UserScores._fields)

    def simulate(self, design: Design, seed: int, replication: int) -> TrialData:
        """Return the data of trial number `replication`.

        Raises
        ------
        InputError
            When the design takes the programme away again, which nothing in the model undoes at
            once, or has two kinds of strata.
        """
        refuse_taking_away(design)
        refuse_two_kinds_of_strata(design)
        from sim.runs.simulate import simulate

        scenario = scenario_for(self.scenario, design)
        people, entered = self.recruit(design, scenario, replication, seed)
        results = simulate(self.request(design, [scenario], people, seed), workers=1)
        return trial_data(design, results.arrays["assessments"], people, entered, self.measure)

    def recruit(
        self, design: Design, scenario: Scenario, replication: int, seed: int
    ) -> tuple[AskedPeople, Entered]:
        """Return the teams and people of one trial, allocated, and which of the teams entered."""
        people = asked_people(design, self.teams_per_trust, seed, replication)
        teams = len(people.sequence)
        if not entry(design):
            return people, entering(design, None, teams, seed, replication)
        ready = self._readiness(design, scenario, people, seed)
        entered = entering(design, ready, teams, seed, replication)
        within = entered.teams, entered.stratum
        return randomised(people, design, self.teams_per_trust, *within, seed), entered

    def _readiness(
        self, design: Design, scenario: Scenario, people: AskedPeople, seed: int
    ) -> np.ndarray:
        """Return the readiness of the screened teams before anything happens.

        Draws are keyed by team, week and purpose, so it is that of the trial's own run, whoever is
        allocated to what.
        """
        from sim.runs.simulate import simulate

        request = self.request(design, [scenario], people, seed, ("team_weeks",), weeks=1)
        weeks = simulate(request, workers=1).arrays["team_weeks"]
        ready: np.ndarray = np.sort(weeks[weeks["week"] == 0], order="team")["team_readiness"]
        return ready

    def request(
        self,
        design: Design,
        scenarios: list[Scenario],
        people: AskedPeople,
        seed: int,
        collect: tuple[str, ...] = ("assessments",),
        weeks: int | None = None,
    ) -> Request:
        """Return what one trial asks of the model: scenarios run for the same people.

        Parameters
        ----------
        collect : tuple of str
            Tables wanted.
        weeks : int, optional
            Weeks; up to the last measurement when not given.
        """
        from sim.runs.request import build_request

        known = len(self.draws)
        return build_request(
            scenarios,
            people.roster,
            settings=self.settings,
            draws=[self.draws[people.replication % known] if known else {}],
            weeks=weeks or max(1, *measured_weeks(design)),
            replications=1,
            seed=seed,
            collect=collect,
            own_chance=True,
            first_run=people.replication,
        )


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


def trial_data(
    design: Design, rows: np.ndarray, people: AskedPeople, entered: Entered, measure: str
) -> TrialData:
    """Return the data of one trial from a world's rows of assessments.

    Who has left the research sample is lost to a cohort. In a cross-section each period asks people
    of its own. In an open cohort places in the sample are filled anew, with the design's churn, by
    others on the team's list; they are lost when they leave the research sample after they came.
    """
    schedule = design.schedule[people.sequence]
    ever = (schedule == TREATED).any(axis=1)
    there = np.ones(people.generation.shape[:2], bool)
    parts: list[tuple[np.ndarray, ...]] = []
    for period, week in enumerate(measured_weeks(design)):
        own = rows[rows["week"] == week]
        own = own[people.asked(own["team"], own["place"], period)]
        team = own["team"]
        state = schedule[team, period]
        keep = np.isin(team, entered.teams) & (state != NOT_MEASURED) & (state != TRANSITION)
        lost = np.zeros(len(own), bool)
        if design.sampling != "cross-sectional":
            at = team, own["place"] % people.sizes[team]
            present = own["in_research"] == 1
            if period > 0:
                now, before = people.generation[:, :, period], people.generation[:, :, period - 1]
                came = (now != before)[at]
                there[at] = np.where(came, present, there[at])
            lost = there[at] & ~present
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
    post = rows["team"].astype(np.int64) * POSTS_OF_TEAM + rows["worker"]
    known = post * WORKERS_OF_POST + rows["worker_generation"]
    return np.where(rows["worker"] >= 0, known, -1 - person)


def post_of(worker: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return team, place in it and generation of key workers, by numbers of such as are known."""
    post, generation = np.divmod(worker, WORKERS_OF_POST)
    team, place = np.divmod(post, POSTS_OF_TEAM)
    return team, place, generation
