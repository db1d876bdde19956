"""Studies that could come before a choice, and what each would report in every draw.

A study's report is what it measures as it is in that draw, with the error of measuring it: so many
people asked, so many records read. What it costs, and the wait for it, are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from sim.parameters import registry
from sim.trials.studies.published import published

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
class Truths:
    """What studies measure as it is in each draw, each of shape (draws,)."""

    draws: Sequence[Mapping[str, float]]
    settings: Mapping[str, float]  # Parameters that draws do not hold
    answering: float  # Posts of the teams
    readiness: np.ndarray  # Of teams in usual care at the start
    adoption: np.ndarray  # Of the first choice, `REGISTER_WEEKS` after its first team starts
    practice: np.ndarray  # Of the first choice, `AUDIT_WEEKS` after its first team starts
    gain: np.ndarray  # Of the first choice where all have it, QPR points after `TRIAL_WEEKS`
    # Chance of one's own service where what is above is a mean over more; 0 where it holds it.
    adoption_luck: float = 0.0
    practice_luck: float = 0.0

    def column(self, name: str) -> np.ndarray:
        """Return a parameter's value in each draw."""
        usual = self.settings.get(name, registry()[name].default)
        return np.array([draw.get(name, usual) for draw in self.draws])


@dataclass(frozen=True)
class Study:
    """One study."""

    name: str
    title: str
    assumes: str  # How much is measured, and with which error
    # From what is so, and a generator, to what the study would report in each draw, shape (draws,).
    reports: Callable[[Truths, np.random.Generator], np.ndarray]


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
            lambda truths, rng: _trial(truths, rng, teams, people),
        ),
    )


def _survey(truths: Truths, rng: np.random.Generator) -> np.ndarray:
    answers = max(1.0, ANSWERING * truths.answering)
    trust, team, staff = (
        truths.column(f"{one}_readiness_sd") for one in ("trust", "team", "staff")
    )
    reliability = truths.column("readiness_reliability")
    single = (trust**2 + team**2 + staff**2) * (1.0 - reliability) / reliability
    return rng.normal(truths.readiness, np.sqrt(single / answers))


def _register(truths: Truths, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(truths.adoption, truths.adoption_luck)


def _audit(truths: Truths, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(truths.practice, sqrt(truths.practice_luck**2 + RECORD_SD**2 / RECORDS))


def _trial(truths: Truths, rng: np.random.Generator, teams: int, people: int) -> np.ndarray:
    between = published("pooled_sd") * truths.column("between_trials_sd")
    return rng.normal(truths.gain, np.sqrt(trial_error(teams, people) ** 2 + between**2))
