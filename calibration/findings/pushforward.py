"""What priors and posteriors say of everything that a reader sees first, simulated.

A prior on constants says nothing that evidence could be laid beside; this does: for draws of each
shipped posterior, the reference services with the programme and without it, and the trial itself.
The rows stand in `calibration/findings/pushforward.csv`. Those that begin with "before" are of the
posterior and priors that were shipped before the priors were stated on effects, with the rules of
that time (400 draws); they are a record, and stay.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from calibration.sampling.solve import QPR_SD
from sim.engines.one_world import OneWorld
from sim.inputs.roster.trial import trial_roster
from sim.parameters import resolve, to_record
from sim.population import lay_out
from sim.posterior import NAMES
from sim.posterior.choose import chosen_draws
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario
from sim.spreadsheet import csv_text
from sim.trials.studies.refocus_figures import CRITICAL, PLACE
from sim.trials.studies.refocus_trial import WEEKS, refocus_design, simulate_trial

HOME = Path(__file__).parent / "pushforward.csv"
BEFORE = "before"
DRAWS, SEED = 400, 1
# Standard error of the effect on CARe's clients, SD: inferred from 263 people in 14 teams.
CARE_ERROR = 0.16
COLUMNS = ("posterior", "headline", "mean", "low", "high", "error")
TESTS = ("z_participation_total", "z_participation_intrapersonal", "z_participation_interpersonal")

HEADLINES: Mapping[str, str] = {
    "delivered": "as delivered: effect on the QPR-15, SD",
    "full": "REFOCUS in full: effect on the QPR-15, SD",
    "conditions": "in full, working conditions relieved: effect on the QPR-15, SD",
    "care": "all trained and coached, as in CARe: effect on the QPR-15, SD",
    "new_trial": "a new trial, as delivered: true effect on the QPR-15, SD",
    "null_care": "CARe's clients, held out: chance of a result that is not significant",
    "practice_delivered": "as delivered: change of practice, 0-1",
    "practice_care": "all trained and coached, as in CARe: change of practice, 0-1",
    "practice_full": "REFOCUS in full: change of practice, 0-1",
    "support_delivered": "as delivered: effect on INSPIRE Support, SD",
    "support_full": "REFOCUS in full: effect on INSPIRE Support, SD",
    "usual_sd": "usual care: SD of the QPR-15, points",
    "icc": "the trial: intracluster correlation at baseline",
    "retention": "the trial: share followed up (P6)",
    "difference": "the trial: estimated difference, points (P2)",
    "null_intrapersonal": "the trial: Intrapersonal not significant, share (P3)",
    "null_interpersonal": "the trial: Interpersonal not significant, share (P3)",
    "participation": "the trial: high less low participation, all trials, points (P4)",
    "participation_reported": "the same, in trials that would have reported one (P4)",
    "support": "the trial: INSPIRE, high less low participation, all trials (P19)",
    "support_reported": "the same, in trials that would have reported P4 (P19)",
}


@dataclass(frozen=True)
class Services:
    """The fourteen intervention teams under usual care and under scenarios, for one thread."""

    layouts: Mapping[str, Any]
    work: OneWorld


def services() -> Services:
    """Return the services of which the headlines speak."""
    roster = trial_roster(SEED)
    roster = replace(roster, rows=tuple(one for one in roster.rows if one.arm == "intervention"))
    coached = {"support.supervision.every": 5, "conditions.attendance_assured": 1.0}
    scenarios: Mapping[str, Scenario] = {
        "delivered": load_scenario("refocus-as-delivered"),
        "full": load_scenario("refocus-full"),
        "conditions": load_scenario("refocus-full-with-conditions"),
        "care": adjusted(load_scenario("continuing-coaching"), coached),
    }
    layouts = {name: lay_out(roster, expand(one, roster, WEEKS)) for name, one in scenarios.items()}
    teams = layouts["full"].teams.copy()
    teams["programme"], teams["start_week"] = 0, -1
    layouts["usual"] = replace(layouts["full"], teams=teams)
    return Services(layouts, OneWorld(layouts["full"], assessments=(WEEKS,)))


def seen(where: Services, name: str, record: Any, replication: int) -> tuple[float, ...]:
    """Return mean practice, mean QPR-15, mean and SD of INSPIRE Support, and SD of the QPR-15."""
    where.work.again(record, SEED, replication, where.layouts[name]).run_to(WEEKS)
    qpr = where.work.scores["qpr15"][0]
    support = where.work.scores["inspire_support"][0]
    practice = where.work.teams["behaviour_mean"].mean()
    return (
        float(practice),
        float(qpr.mean()),
        float(support.mean()),
        float(support.std()),
        qpr.std(),
    )


def effects(where: Services, record: Any, replication: int) -> dict[str, float]:
    """Return what the scenarios change in one world, on common random numbers."""
    practice, qpr, support, support_sd, usual_sd = seen(where, "usual", record, replication)
    out = {"usual_sd": float(usual_sd)}
    for name in where.layouts:
        if name == "usual":
            continue
        changed = seen(where, name, record, replication)
        out[name] = (changed[1] - qpr) / QPR_SD
        out[f"practice_{name}"] = changed[0] - practice
        out[f"support_{name}"] = (changed[2] - support) / support_sd
    return out


def trial_of(figures: np.ndarray) -> dict[str, float]:
    """Return what of one simulated trial is a headline; NaN where it would not be reported."""
    at = {name: float(figures[place]) for name, place in PLACE.items()}
    reported = any(abs(at[one]) > CRITICAL for one in TESTS)
    return {
        "icc": at["icc_baseline"],
        "retention": 1.0 / (1.0 + np.exp(-at["logit_retention"])),
        "difference": at["difference"],
        "null_intrapersonal": float(abs(at["z_intrapersonal"]) < CRITICAL),
        "null_interpersonal": float(abs(at["z_interpersonal"]) < CRITICAL),
        "participation": at["participation"],
        "participation_reported": at["participation"] if reported else np.nan,
        "support": at["participation_support"],
        "support_reported": at["participation_support"] if reported else np.nan,
    }


def chance_of_null(effect: float, error: float) -> float:
    """Return the chance that an estimate with a standard error is not significant."""
    edge = CRITICAL * error
    return float(ndtr((edge - effect) / error) - ndtr((-edge - effect) / error))


def headlines(draws: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Return every headline for draws of the parameters, one world and one trial each."""
    where, design = services(), refocus_design(SEED)
    space: dict[Any, OneWorld] = {}
    lots = np.random.default_rng(SEED).standard_normal(len(draws))
    rows = []
    for number, draw in enumerate(draws):
        record = to_record(resolve(draw))[0]
        one = effects(where, record, number)
        elsewhere = float(record["between_trials_sd"]) * lots[number]
        one["new_trial"] = one["delivered"] + elsewhere
        one["null_care"] = chance_of_null(one["care"] + elsewhere, CARE_ERROR)
        one |= trial_of(simulate_trial(design, record, number, True, space))
        rows.append(one)
    return {name: np.array([one[name] for one in rows]) for name in HEADLINES}


def summary(values: np.ndarray) -> tuple[float, float, float, float]:
    """Return mean, central 90%, and the mean's Monte Carlo error; what is NaN is left out."""
    good = values[np.isfinite(values)]
    low, high = np.quantile(good, [0.05, 0.95])
    error = float(good.std(ddof=1) / np.sqrt(len(good)))
    return float(good.mean()), float(low), float(high), error


def rows_of(name: str, quantities: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the rows of a posterior."""
    return [
        {"posterior": name, "headline": one} | dict(zip(COLUMNS[2:], summary(values), strict=True))
        for one, values in quantities.items()
    ]


def read(path: Path = HOME) -> list[dict[str, Any]]:
    """Return the rows of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {key: one[key] if key in COLUMNS[:2] else float(one[key]) for key in COLUMNS}
            for one in csv.DictReader(file)
        ]


def text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as the file holds them."""
    cells = (
        [one[key] if key in COLUMNS[:2] else f"{one[key]:.4g}" for key in COLUMNS] for one in rows
    )
    return csv_text(COLUMNS, cells, ends="\n")


def anew() -> str:
    """Return the file with every shipped posterior simulated anew; version 0.1.0 stays."""
    rows = [one for one in read() if one["posterior"].startswith(BEFORE)]
    for name in NAMES:
        rows += rows_of(name, headlines(chosen_draws(DRAWS, path=name).draws))
    return text(rows)


if __name__ == "__main__":
    HOME.write_text(anew(), encoding="utf-8", newline="\n")
