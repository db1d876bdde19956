"""Do two trials of one's own find a known truth better than each alone?

Truths are draws of the priors. For each, two invented trials are simulated (one as delivered, one
of full implementation) and report what any trial reports; the posterior of the effect of full
implementation then follows from the first, from the second, and from both, by one emulator.

Run ``python -m calibration.findings.known_truth`` to simulate them anew (two or three minutes).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.evidence.targets import Target, checked, of_trial
from calibration.findings.recovery import observed_as
from calibration.sampling.emulator import Emulator, fit_emulator
from calibration.sampling.fit import TRUTH, WAVE, Fit, Settings, sample_emulated, start
from calibration.sampling.likelihood import make_data
from calibration.sampling.priors import hypercube
from calibration.sampling.smc import generator
from sim.inputs.roster import Roster, TeamRow
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario
from sim.spreadsheet import csv_text
from sim.trials.studies.refocus_trial import WEEKS, TrialDesign

HOME = Path(__file__).parent / "known_truths.csv"
TOGETHER = "both together"
INVENTED = {"north": (20, 15, "refocus-as-delivered"), "south": (12, 20, "refocus-full")}
"""The invented trials: teams, people sampled in each, and what was delivered."""
FIGURES = {
    "control_mean": 40.0,
    "log_sd": 10.0,
    "difference": 0.0,
    "log_se": 1.2,
    "logit_retention": 0.75,
}
"""What each of them reports; values are only placeholders, replaced truth by truth."""
CALIBRATED = (
    "effect_full",
    "between_trials_sd",
    "practice_change",
    "qpr_item_location",
    "qpr_item_spread",
    "dropout_yearly",
)
POINTS, TRUTHS = 700, 40
COLUMNS = ("truth", "data", "effect", "mean", "sd", "low", "high")


def invented_design(teams: int, sampled: int, scenario: str, seed: int) -> TrialDesign:
    """Return a trial of equal teams, half of them with the programme."""
    roster = Roster(
        tuple(
            TeamRow(
                team=f"team {number}",
                arm="intervention" if number % 2 else "control",
                staff=10,
                coordinators=5,
                caseload=150,
                sampled=sampled,
            )
            for number in range(teams)
        )
    )
    return TrialDesign([lay_out(roster, expand(load_scenario(scenario), roster, WEEKS))], seed)


def invented_targets(trials: tuple[str, ...] = tuple(INVENTED)) -> dict[str, Target]:
    """Return the figures that the invented trials report, with placeholders for values."""
    words = dict.fromkeys(
        ("title", "unit", "population", "instrument", "analysis", "source", "evidence"), "invented"
    )
    found = {}
    for trial in trials:
        for number, (name, value) in enumerate(FIGURES.items(), 1):
            table = {
                **words,
                "pattern": f"A{number}",
                "kind": "estimate",
                "use": "fit",
                "extractor": name,
                "value": value,
            }
            one = of_trial(checked(name, table), trial)
            found[one.name] = one
    return found


def emulated(fit: Fit, points: int) -> Emulator:
    """Return an emulator of all figures over the whole prior."""
    scores = hypercube(points, fit.space.size, fit.settings.seed + 7)
    solved = fit.records("known-points", scores, fit.backgrounds(WAVE, points))
    places = [fit.places[name] for name in fit.data.figures]
    figures = fit.trials("known-points", solved, WAVE)[:, places]
    good = np.isfinite(figures).all(axis=1)
    return fit_emulator(scores[good], figures[good])


def posteriors_of(
    fit: Fit, emulator: Emulator, figures: Mapping[str, float], seed: int = 0
) -> dict[str, np.ndarray]:
    """Return draws of the full effect, in SD, given each trial alone and all together.

    `fit`: of the trials; `emulator`: of `fit.data.figures`; `figures`: what the trials
    reported, on the scale of the extractors; `seed`: seed of the sampler.
    """
    place = fit.space.calibrated.index("effect_full")
    found = {}
    for label in (*fit.designs, TOGETHER):
        others = [one.name for one in fit.targets.values() if label not in (TOGETHER, one.trial)]
        data = make_data(fit.targets, without=others)
        reported = observed_as(data, np.array([figures[name] for name in data.figures]))
        sample = sample_emulated(fit, emulator, reported, seed=seed)
        found[label] = fit.space.values(sample.scores)[:, place]
    return found


def anew(points: int = POINTS, truths: int = TRUTHS, seed: int = 1) -> list[dict[str, Any]]:
    """Return a row of `COLUMNS` for each truth and each set of data."""
    designs = {
        name: invented_design(*one, seed + number)
        for number, (name, one) in enumerate(INVENTED.items())
    }
    settings = replace(Settings(), emulated=400, seed=seed)
    fit = start(invented_targets(), settings, designs=designs, calibrated=CALIBRATED, quiet=True)
    emulator = emulated(fit, points)
    scores = generator(seed, 41).standard_normal((truths, fit.space.size))
    solved = fit.records("known-truths", scores, fit.backgrounds(TRUTH, truths))
    seen = fit.trials("known-truths", solved, TRUTH)
    rows = []
    for number, row in enumerate(seen):
        figures = {name: float(row[fit.places[name]]) for name in fit.data.figures}
        truth = float(solved.records[number]["effect_full"])
        for label, draws in posteriors_of(fit, emulator, figures, number).items():
            low, high = np.quantile(draws, [0.05, 0.95])
            values = (number, label, truth, draws.mean(), draws.std(), low, high)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def known_truth_text(path: Path = HOME) -> str:
    """Return what the file says, as the documentation's paragraph and table."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| fitted to | correlation of mean and truth | posterior SD, mean | error of the mean, "
        "root mean square | truths in the 90% interval |",
        "|---|---|---|---|---|",
    ]
    for label in (*INVENTED, TOGETHER):
        own = [one for one in rows if one["data"] == label]
        truth, mean, sd, low, high = (
            np.array([float(one[name]) for one in own])
            for name in ("effect", "mean", "sd", "low", "high")
        )
        inside = int(((low <= truth) & (truth <= high)).sum())
        lines.append(
            f"| {label} | {np.corrcoef(truth, mean)[0, 1]:.2f} | {sd.mean():.2f} | "
            f"{np.sqrt(((mean - truth) ** 2).mean()):.2f} | {inside} of {len(own)} |"
        )
    effects = np.array([float(one["effect"]) for one in rows if one["data"] == TOGETHER])
    told = "; ".join(
        f"{name}: {teams} teams of {people} people, `{scenario}`"
        for name, (teams, people, scenario) in INVENTED.items()
    )
    return (
        f"Two invented trials ({told}) of {len(effects)} known truths, drawn from the priors "
        f"(effect of full implementation: SD {effects.std():.2f}). Each reports its control mean, "
        "SD, adjusted difference, standard error and retention; the effect is in SD of the QPR-15 "
        "(`calibration/findings/known_truth.py`).\n\n" + "\n".join(lines)
    )


if __name__ == "__main__":
    cells = [
        [one[key] if key in COLUMNS[:2] else f"{one[key]:.4g}" for key in COLUMNS] for one in anew()
    ]
    HOME.write_text(csv_text(COLUMNS, cells, ends="\n"), encoding="utf-8", newline="\n")
