"""Studies that could come before a choice, and what each would report in every draw.

A study's report is what it measures as it is in that draw, with the error of measuring it: so many
people asked, so many records read. What it costs, and the wait for it, are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sim.parameters import registry
from sim.planning.outcomes import IMPLEMENTATION, QPR, WEEKLY
from sim.planning.uncertainty import spread_of
from sim.trials.studies.published import published

if TYPE_CHECKING:
    from sim.planning.comparison import Comparison

REGISTER_WEEKS, AUDIT_WEEKS, TRIAL_WEEKS = 13, 26, 52
ANSWERING = 0.6
"""Share of staff who answer a survey: an assumption."""
RECORDS, RECORD_SD = 40, 0.25
"""Workers whose practice an audit looks at, and the SD of one of them (0-1): assumptions."""
REFOCUS_TEAMS, REFOCUS_PEOPLE = 27, 11
"""Teams of REFOCUS, and people of a team who were followed up (297 / 27)."""
ICC = 0.03
"""By which its standard error is carried to other sizes: that of the shipped designs."""
REPORTS = 4
"""Reports of every study that are drawn in each draw of the parameters."""


@dataclass(frozen=True)
class Study:
    """One study."""

    name: str
    title: str
    assumes: str  # How much is measured, and with which error
    # From a comparison, the strategy that is begun, and a generator to what the study would report
    # in each draw, shape (draws,).
    reports: Callable[[Comparison, str, np.random.Generator], np.ndarray]


def trial_error(teams: int, people: int) -> float:
    """Return the standard error of a trial's QPR difference, points.

    REFOCUS's own, carried to other sizes by the design effect of a parallel cluster trial.

    `teams`: of both arms; `people`: followed up in each team.
    """

    def variance(k: int, m: int) -> float:
        return (1.0 + (m - 1) * ICC) / (k * m)

    return published("standard_error") * sqrt(
        variance(teams, people) / variance(REFOCUS_TEAMS, REFOCUS_PEOPLE)
    )


def studies(trial: tuple[int, int]) -> tuple[Study, ...]:
    """Return the studies, with a trial of so many teams and people followed up in each."""
    teams, people = trial
    return (
        Study(
            "readiness-survey",
            "One more baseline survey of readiness",
            f"{100 * ANSWERING:.0f}% of staff answer; the score's reliability as in the draw",
            _survey,
        ),
        Study(
            "attendance-register",
            "An attendance register for three months",
            f"who has come to a session by week {REGISTER_WEEKS} of the first choice; chance among "
            "the service's own staff",
            _register,
        ),
        Study(
            "fidelity-audit",
            "A fidelity audit after six months",
            f"practice of {RECORDS} workers (SD {RECORD_SD:g} on 0-1) in week {AUDIT_WEEKS} of the "
            "first choice",
            _audit,
        ),
        Study(
            "trial",
            f"A trial with {teams} teams of {people} people",
            f"the first choice against usual care for a year; standard error "
            f"{trial_error(teams, people):.2f} QPR points (REFOCUS: "
            f"{published('standard_error'):g}); effects differ between trials as in the draw",
            lambda comparison, first, rng: _trial(comparison, first, rng, teams, people),
        ),
    )


def _column(comparison: Comparison, name: str) -> np.ndarray:
    """Return a parameter's value in each draw, shape (draws,)."""
    question = comparison.question
    usual = question.settings.get(name, registry()[name].default)
    return np.array([draw.get(name, usual) for draw in question.chosen.draws])


def _weekly(comparison: Comparison, name: str, variable: str, week: int) -> np.ndarray:
    """Return a weekly mean so many weeks after a strategy's first team starts, shape (draws,)."""
    at = comparison.names.index(name)
    given = comparison.prepared.starts[at].given
    first = int(given[given >= 0].min()) if np.any(given >= 0) else 0
    weekly = comparison.worlds.weekly[at, :, :, WEEKLY.index(variable)]
    return np.asarray(weekly[:, min(first + week, weekly.shape[1] - 1)])


def _luck(comparison: Comparison, name: str, measure: str) -> float:
    """Return the SD between replications of a strategy's own value; 0 with one replication."""
    at = comparison.names.index(name)
    noise = spread_of(comparison.worlds.implementation[at, ..., IMPLEMENTATION.index(measure)])
    return 0.0 if np.isnan(noise.noise_sd) else noise.noise_sd


def _survey(comparison: Comparison, first: str, rng: np.random.Generator) -> np.ndarray:
    base = comparison.question.base
    covered = comparison.prepared.covered
    answers = max(1.0, ANSWERING * float(covered.posts[covered.teams].sum()))
    trust, team, staff = (
        _column(comparison, f"{one}_readiness_sd") for one in ("trust", "team", "staff")
    )
    reliability = _column(comparison, "readiness_reliability")
    single = (trust**2 + team**2 + staff**2) * (1.0 - reliability) / reliability
    true = _weekly(comparison, base, "team_readiness", 0)
    return np.asarray(true + np.sqrt(single / answers) * rng.standard_normal(len(true)))


def _register(comparison: Comparison, first: str, rng: np.random.Generator) -> np.ndarray:
    true = _weekly(comparison, first, "adoption", REGISTER_WEEKS)
    return np.asarray(true + _luck(comparison, first, "adoption") * rng.standard_normal(len(true)))


def _audit(comparison: Comparison, first: str, rng: np.random.Generator) -> np.ndarray:
    true = _weekly(comparison, first, "fidelity", AUDIT_WEEKS)
    luck = _luck(comparison, first, "fidelity_at_end")
    error = sqrt(luck**2 + RECORD_SD**2 / RECORDS)
    return np.asarray(true + error * rng.standard_normal(len(true)))


def _trial(
    comparison: Comparison, first: str, rng: np.random.Generator, teams: int, people: int
) -> np.ndarray:
    weeks = comparison.worlds.assessments
    place = int(np.abs(weeks - TRIAL_WEEKS).argmin())
    true = spread_of(comparison.difference(first, QPR, place)).expected
    covered = comparison.prepared.covered
    at = comparison.names.index(first)
    if not comparison.prepared.shared_out[at]:
        # In a trial's own arm everybody's team has the programme.
        treated = comparison.prepared.starts[at].given >= 0
        true = true * covered.people / max(float(covered.caseload[treated].sum()), 1.0)
    between = published("pooled_sd") * _column(comparison, "between_trials_sd")
    error = np.sqrt(trial_error(teams, people) ** 2 + between**2)
    return np.asarray(true + error * rng.standard_normal(len(true)))
