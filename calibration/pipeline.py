"""From targets to a finished calibration: all stages, then everything that the report shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration.evidence.extractors import figure_name
from calibration.findings import agreement, conclusions
from calibration.findings.leave_one_out import (
    PULSAR,
    Posterior,
    leave_one_out,
    posteriors,
    without_mechanism,
)
from calibration.findings.posterior import beside_provenance, draws_of, provenance, write_posterior
from calibration.findings.recovery import effect_draws, overall, recover, recovery_table
from calibration.sampling.fit import (
    EMULATED_LENGTH,
    PREDICTIVE,
    Direct,
    Fit,
    Waves,
    effects_again,
    emulate,
    emulate_effects,
    explain,
    rivals,
    sample_directly,
    sample_emulated,
    screen,
    screened,
)
from calibration.sampling.priors import OVERRIDES
from calibration.sampling.rivals import rival_table
from calibration.sampling.scenarios import EFFECTS
from sim.files import write_whole
from sim.posterior import PRIOR, REFOCUS_ALONE
from sim.trials.studies.refocus_figures import AT

RESULTS_FILE = "results.json"
POSTERIOR_FILE = "posterior.csv"
# Posteriors that are shipped beside that of both trials, with the patterns that they leave out.
SHIPPED_BESIDE = {PRIOR: None, REFOCUS_ALONE: (PULSAR,)}


@dataclass(frozen=True)
class Outcome:
    """A finished calibration: rows for the report, and the draws."""

    results: dict[str, Any]  # Rows for the report
    records: np.ndarray  # Draws of the posterior
    # Draws under other data by name (`calibration.findings.leave_one_out`); empty for an own trial.
    beside: dict[str, np.ndarray]


def calibrate_fit(fit: Fit) -> Outcome:
    """Run all stages of a fit and return what the report shows.

    Stages that a folder holds already are read from it.
    """
    settings = fit.settings
    fit.say("1/8 screen of all parameters")
    screen_scores, prior_figures = screen(fit)
    coefficients = screened(fit, screen_scores, prior_figures)
    fit.say("2/8 direct sampler: synthetic likelihood, tempered sequential Monte Carlo")
    likelihood = Direct(fit)
    direct = sample_directly(fit, likelihood)
    frozen = agreement.replicate_error(fit, likelihood, direct)
    fit.say("3/8 emulator waves")
    waves = emulate(fit)
    emulated = sample_emulated(fit, waves.emulator)
    fit.say("4/8 effects of scenarios")
    model = conclusions.effect_model(*emulate_effects(fit))
    again = effects_again(fit, model.scores)
    noise = 0.5 * ((again - model.effects[: len(again)]) ** 2).mean(axis=0)
    fit.say("5/8 recovery of synthetic truths")
    recovery = recover(fit, waves.emulator)
    fit.say("6/8 posterior predictive")
    scores, solved = draws_of(fit, emulated.scores, max(settings.draws, settings.predictive))
    count = settings.predictive
    figures = fit.trials("predictive", solved.first(count), PREDICTIVE, True)
    fit.say("7/8 counterfactuals")
    few = settings.explained
    effects, off = explain(fit, solved.first(few))
    alone, whole = rivals(fit, few)
    fit.say("8/8 sensitivity and summary")
    compared = agreement.agreement_rows(
        fit.space.calibrated,
        direct.scores,
        emulated.scores,
        {
            "replicates": frozen,
            "direct chains": agreement.chain_error(direct, settings.length),
            "emulated chains": agreement.chain_error(emulated, EMULATED_LENGTH),
        },
    )
    diagnostics = {
        "temperatures": direct.temperatures,
        "effective_sample_size": direct.ess,
        "acceptance": direct.acceptance,
        "unique_particles": direct.unique,
        "evaluations": direct.evaluations,
        "simulated_trials": direct.evaluations * settings.replicates,
        "log_evidence": direct.log_evidence,
        "log_evidence_emulated": emulated.log_evidence,
        "agreement": agreement.agreement_summary(compared),
        "not_ruled_out": waves.kept,
        "coverage": overall(recovery),
    }
    first = next(iter(fit.designs))
    difference = next(
        (
            one
            for one in fit.targets.values()
            if one.figure == figure_name(first, "difference") and one.value is not None
        ),
        None,
    )
    observed = difference.value if difference is not None else None
    # Without a reported standard error a new trial is taken to be as precise as the simulated one.
    error = float(np.exp(np.nanmedian(figures[:, AT.log_se])))
    if difference is not None and difference.se is not None:
        error = difference.se
    explanations = conclusions.explanation_table(effects, off, observed)
    leading = np.array(explanations.pop("leading"))
    by_direct = effect_draws(
        model.emulator, model.residuals, np.repeat(direct.scores, 6, axis=0), 2
    )
    shipped = conclusions.effect_row("shipped posterior, simulated effects", effects)
    unfitted = conclusions.effect_row("prior alone, simulated effects", model.effects)
    compared_ways = conclusions.sensitivity_table(fit, waves, model)
    rows: dict[str, Any] = {
        "settings": settings.__dict__,
        "trial": {
            "names": list(fit.designs),
            "teams": sum(len(one.layouts[0].teams) for one in fit.designs.values()),
            "sampled": sum(
                int(one.layouts[0].teams["users"].sum()) for one in fit.designs.values()
            ),
            "own": fit.own,
        },
        "targets": [one.__dict__ for one in fit.targets.values()],
        "calibrated": list(fit.space.calibrated),
        "prior_overrides": {name: why for name, (_, _, why) in OVERRIDES.items()},
        "varying": len(fit.space.names),
        "diagnostics": diagnostics,
        "agreement": compared,
        "predictive": conclusions.predictive_table(fit.targets, prior_figures, figures, fit.places),
        "detection": conclusions.detection(figures),
        "contraction": conclusions.contraction_table(
            fit, direct.scores, emulated.scores, coefficients
        ),
        "screen": conclusions.screen_rows(fit, coefficients),
        "implausibility": conclusions.implausibility_table(fit, waves, emulated.scores),
        "recovery": recovery_table(recovery),
        "sensitivity": [
            shipped,
            unfitted,
            conclusions.effect_row(
                "direct method, emulated effects", by_direct, direct.log_evidence
            ),
            *compared_ways,
        ],
        "narrowing": conclusions.narrowing(unfitted, shipped),
        "sobol": conclusions.sobol_table(fit, model, noise),
        "main_effects": conclusions.main_effects(fit, model),
        "explanations": explanations,
        "rivals": rival_table(alone, whole, observed, error) if observed is not None else [],
        "information": conclusions.information_table(effects, off, leading, error),
        "bound": conclusions.bound_table(observed, error) if observed is not None else [],
        "emulator_check": emulator_rows(fit, waves, scores[:count], figures),
        "condition": conclusions.condition_rows(fit, waves.emulator.correlation),
    }
    if any(one.kind == "selected" and one.use == "fit" for one in fit.targets.values()):
        rows["without_selected"] = without_selected(fit, waves, scores[:few], effects)
    beside: dict[str, np.ndarray] = {}
    if fit.pulsar is not None:
        fit.say("each trial alone")
        found = posteriors(fit, waves, Posterior("both-trials", scores, solved))
        rows["leave_one_out"] = leave_one_out(fit, found)
        rows["without_mechanism"] = without_mechanism()
        beside = {one.name: one.solved.records for one in found if one.name in SHIPPED_BESIDE}
    return Outcome(rows, solved.records, beside)


def without_selected(
    fit: Fit, waves: Waves, scores: np.ndarray, effects: np.ndarray
) -> list[dict[str, Any]]:
    """Return every effect with and without the selected target (P4), by reweighting the draws."""
    pattern = next(
        one.pattern for one in fit.targets.values() if one.kind == "selected" and one.use == "fit"
    )
    weights, share = conclusions.without_pattern(fit, waves, scores, effects, pattern)
    picked = np.random.default_rng(fit.settings.seed).choice(len(weights), 20_000, p=weights)
    rows = []
    for column, name in enumerate(EFFECTS[: effects.shape[1]]):
        values, other = effects[:, column], effects[picked, column]
        rows.append(
            {
                "effect": name,
                "with": (float(values.mean()), *conclusions.interval(values)),
                "without": (float(other.mean()), *conclusions.interval(other)),
                "effective_share": share,
            }
        )
    return rows


def emulator_rows(
    fit: Fit, waves: Waves, scores: np.ndarray, figures: np.ndarray
) -> list[dict[str, Any]]:
    """Return the emulator's standardised errors on the posterior predictive trials."""
    places = [fit.places[name] for name in fit.data.figures]
    found = conclusions.emulator_check(waves, scores, figures[:, places])
    return [
        {"figure": name, "mean": mean, "sd": sd}
        for name, mean, sd in zip(fit.data.figures, found["mean"], found["sd"], strict=True)
    ]


def store(fit: Fit, outcome: Outcome, folder: Path) -> None:
    """Write results and posterior into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(outcome.results, indent=1, default=float)
    write_whole(folder / RESULTS_FILE, (text + "\n").encode())
    told = provenance(fit, outcome.results, len(outcome.records))
    write_posterior(fit, outcome.records, told, folder / POSTERIOR_FILE)
    for name, records in outcome.beside.items():
        told = beside_provenance(fit, len(records), SHIPPED_BESIDE[name])
        write_posterior(fit, records, told, folder / f"{name}.csv")
