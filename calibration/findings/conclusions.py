"""What the posterior says: fit to targets, what moved, why the trial was null, what to measure.

Every function turns arrays into plain rows for the report. Nothing here holds a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.evidence.extractors import EXTRACTORS
from calibration.evidence.targets import Target
from calibration.findings.recovery import effect_draws
from calibration.sampling.emulator import Emulator, fit_emulator, implausibility
from calibration.sampling.fit import EFFECT, EMULATED_LENGTH, Fit, Waves, emulated_particles
from calibration.sampling.likelihood import Data, log_likelihood, make_data
from calibration.sampling.scenarios import COUNTERFACTUALS, EFFECTS, EXPLANATIONS
from calibration.sampling.smc import generator, tempered_smc
from sim.errors import InputError
from sim.learning.weights import effective, weights_of
from sim.planning.vocabulary import IMPORTANT, IMPORTANT_IF_22_ITEMS, THRESHOLDS
from sim.trials.studies.refocus_figures import AT, CRITICAL

INSPIRE_FLAG = "not calibrated: no REFOCUS figure seen"


def interval(values: np.ndarray, level: float = 0.9) -> tuple[float, float]:
    """Return the central interval of draws, NaN left out."""
    low, high = np.nanquantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def proportion(hits: np.ndarray) -> dict[str, float]:
    """Return a share of draws and its Monte Carlo standard error, above 0 also where none hit."""
    share = float(np.mean(hits))
    return {
        "p": share,
        "se": float(np.sqrt(max(share * (1.0 - share), 0.25 / len(hits)) / len(hits))),
    }


def predictive_table(
    targets: Mapping[str, Target],
    prior: np.ndarray,
    posterior: np.ndarray,
    places: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Return every target with a figure: reported, prior and posterior predictive, tail.

    Tail: twice the smaller share of simulated trials beyond the reported value; for directions and
    tests that were not significant, the share of trials that show the same. A selected figure is
    shown over all trials and over those that would have reported it.
    """
    rows = []
    for target in targets.values():
        if target.extractor is None or target.use == "prior":
            continue
        one = EXTRACTORS[target.extractor]
        place = places[target.figure]

        def outward(values: np.ndarray, one: Any = one) -> np.ndarray:
            return np.array([one.outward(v) for v in values[np.isfinite(values)]])

        reported = posterior[:, place]
        row: dict[str, Any] = {
            "name": target.name,
            "pattern": target.pattern,
            "title": target.title,
            "use": target.use,
            "kind": target.kind,
            "reported": None,
            "prior": interval(outward(prior[:, place])),
        }
        selected = np.ones(len(posterior), bool)
        if target.selected_by:
            tests = posterior[:, [places[name] for name in target.tests]]
            selected = (np.abs(tests) > CRITICAL).any(axis=1)
            row["selected_share"] = proportion(selected)
        for label, chosen in (("", np.ones(len(posterior), bool)), ("_selected", selected)):
            if label and not target.selected_by:
                continue
            values = outward(reported[chosen])
            row[f"median{label}"] = float(np.median(values)) if len(values) else float("nan")
            row[f"interval{label}"] = interval(values) if len(values) else (np.nan, np.nan)
            if target.kind == "direction":
                tail = proportion(values > 0.0)
            elif target.kind == "interval":
                tail = proportion(np.abs(values) < CRITICAL)
            elif target.value is not None:
                row["reported"] = target.value if target.of is None else target.value / target.of
                above = (
                    proportion(values >= row["reported"])
                    if len(values)
                    else {"p": np.nan, "se": np.nan}
                )
                tail = {"p": 2.0 * min(above["p"], 1.0 - above["p"]), "se": 2.0 * above["se"]}
            else:
                continue
            row[f"tail{label}"] = tail
        if target.use == "held out":
            # The direction that was reported is not compared here: validation does that.
            row.pop("tail", None)
        rows.append(row)
    return rows


def verdict(shifts: tuple[float, float], contractions: tuple[float, float]) -> str:
    """Return in words what two methods agree on; the more cautious of them decides."""
    least = min(contractions)
    moved = min(abs(shift) for shift in shifts) if shifts[0] * shifts[1] > 0.0 else 0.0
    if least > 0.3:
        return "informed"
    if least > 0.1 or moved > 0.25:
        return "slightly informed"
    return "hardly moved: the prior speaks"


def contraction_table(
    fit: Fit, direct: np.ndarray, emulated: np.ndarray, coefficients: np.ndarray
) -> list[dict[str, Any]]:
    """Return per calibrated parameter how far the posterior moved from the prior, by both methods.

    Prior and posterior are those of the shipped method (the emulator's). Contraction is
    1 - posterior variance / prior variance on the score scale; shift is in prior standard
    deviations.
    """
    values = fit.space.values(emulated)
    prior = fit.space.values(
        generator(fit.settings.seed, 5).standard_normal((4000, fit.space.size))
    )
    figures = [fit.places[name] for name in fit.data.figures]
    rows = []
    for column, name in enumerate(fit.space.calibrated):
        shifts = float(emulated[:, column].mean()), float(direct[:, column].mean())
        contractions = 1.0 - float(emulated[:, column].var()), 1.0 - float(direct[:, column].var())
        strongest = coefficients[fit.space.places[column], figures]
        which = int(np.nan_to_num(np.abs(strongest)).argmax())
        rows.append(
            {
                "name": name,
                "prior": (float(np.median(prior[:, column])), *interval(prior[:, column])),
                "posterior": (float(np.median(values[:, column])), *interval(values[:, column])),
                "shift": shifts[0],
                "contraction": contractions[0],
                "shift_direct": shifts[1],
                "contraction_direct": contractions[1],
                "moved_by": fit.data.figures[which],
                "moved": float(strongest[which]),
                "verdict": verdict(shifts, contractions),
            }
        )
    return rows


def screen_rows(fit: Fit, coefficients: np.ndarray, limit: float = 0.1) -> list[dict[str, Any]]:
    """Return parameters that are not calibrated although they move a fitted figure a little.

    By more than `limit` standard deviations and by more than four standard errors: a screen of few
    trials cannot name the small ones, and would name many by chance.
    """
    figures = [fit.places[name] for name in fit.data.figures]
    free = max(fit.settings.screen - len(fit.space.names), 1)
    least = max(limit, 4.0 / np.sqrt(free))
    rows = []
    for row, name in enumerate(fit.space.names):
        if name in fit.space.calibrated:
            continue
        size = np.abs(coefficients[row, figures])
        which = int(np.nan_to_num(size).argmax())
        if size[which] > least:
            rows.append(
                {"name": name, "figure": fit.data.figures[which], "moves": float(size[which])}
            )
    return sorted(rows, key=lambda one: -one["moves"])


def implausibility_table(fit: Fit, waves: Waves, sample: np.ndarray) -> list[dict[str, Any]]:
    """Return each target's implausibility at the posterior mean and its smallest over the prior."""
    names = [fit.data.figures[i] for i in fit.data.estimates]
    if fit.data.selected >= 0:
        names.append(fit.data.figures[fit.data.selected])
    pool = generator(fit.settings.seed, 6).standard_normal((20_000, fit.space.size))
    everywhere = implausibility(waves.emulator, pool, fit.data)
    at_mean = implausibility(waves.emulator, sample.mean(axis=0)[None], fit.data)[0]
    return [
        {
            "figure": name,
            "at_posterior_mean": float(at_mean[i]),
            "median_prior": float(np.median(everywhere[:, i])),
            "ruled_out_alone": float((everywhere[:, i] > 3.0).mean()),
        }
        for i, name in enumerate(names)
    ]


@dataclass(frozen=True)
class EffectModel:
    """Emulator of the effects with its standardised residuals."""

    emulator: Emulator
    residuals: np.ndarray
    scores: np.ndarray
    effects: np.ndarray


def effect_model(emulator: Emulator, scores: np.ndarray, effects: np.ndarray) -> EffectModel:
    """Return the emulator of effects with its residuals."""
    residuals = (effects - emulator.means(scores)) / emulator.spreads(scores)
    return EffectModel(emulator, residuals - residuals.mean(axis=0), scores, effects)


def effect_row(label: str, draws: np.ndarray, log_evidence: float | None = None) -> dict[str, Any]:
    """Return the main conclusions under one analysis."""
    at = {name: place for place, name in enumerate(EFFECTS)}
    row: dict[str, Any] = {"analysis": label, "log_evidence": log_evidence}
    for name in (
        "qpr_delivered_12",
        "qpr_full_12",
        "qpr_full_24",
        "inspire_support_full_12",
        "inspire_support_full_24",
        "inspire_relationship_full_12",
        "inspire_relationship_full_24",
    ):
        values = draws[:, at[name]]
        row[name] = (float(values.mean()), *interval(values))
    for months in (12, 24):
        full = draws[:, at[f"qpr_full_{months}"]]
        row[f"full_not_above_zero_{months}"] = proportion(full <= 0.0)
        row[f"full_above_important_{months}"] = proportion(full >= IMPORTANT)
        row[f"full_above_lower_{months}"] = proportion(full >= IMPORTANT_IF_22_ITEMS)
    return row


# A conclusion rests on assumptions when the trial took away less than this share of the width of
# the prior's 90% interval. A convention.
NARROWED = 0.25


def narrowing(prior: Mapping[str, Any], posterior: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for each effect by how much the trial narrowed its 90% interval, and a flag."""
    rows = []
    for name in EFFECTS:
        if name not in prior or name not in posterior:
            continue
        before, after = prior[name], posterior[name]
        share = 1.0 - (after[2] - after[1]) / (before[2] - before[1])
        flag = "rests on assumptions, not on the trial" if share < NARROWED else "informed"
        if name.startswith("inspire"):
            flag += f"; {INSPIRE_FLAG}"
        if name.endswith("24"):
            flag += "; beyond month 12: extrapolation"
        rows.append(
            {"effect": name, "prior": before, "posterior": after, "narrowed": share, "flag": flag}
        )
    return rows


def detection(figures: np.ndarray) -> dict[str, float]:
    """Return the share of simulated trials whose adjusted QPR difference is significant."""
    difference = figures[:, AT.difference]
    error = np.exp(figures[:, AT.log_se])
    good = np.isfinite(difference) & np.isfinite(error)
    return proportion(np.abs(difference[good]) > CRITICAL * error[good])


@dataclass(frozen=True)
class Analysis:
    """One way of doing the analysis: data, width of the priors, weight of the correlations."""

    label: str
    data: Data
    width: float = 1.0
    correlated: float = 1.0


def analyses(fit: Fit) -> list[Analysis]:
    """Return the analyses whose conclusions are compared.

    Without each pattern and without each single target; each of several trials alone; P4 as if
    always reported, and as reported with a probability that does not depend on the other figures;
    wider and narrower priors; the targets' correlations a tenth weaker, because they are close to
    singular.
    """
    fitted = [one for one in fit.targets.values() if one.use == "fit"]
    patterns = sorted({one.pattern for one in fitted})
    out = [Analysis("all targets", fit.data)]
    left_out = [(f"without {one}", [one]) for one in patterns] if len(patterns) > 1 else []
    for one in fitted:
        if sum(other.pattern == one.pattern for other in fitted) > 1:
            left_out.append((f"without {one.pattern}: {one.title}", [one.name]))
    for trial in fit.designs if len(fit.designs) > 1 else ():
        others = [one.name for one in fitted if one.trial != trial]
        left_out.append((f"trial {trial} alone", others))
    for label, names in left_out:
        try:
            out.append(Analysis(label, make_data(fit.targets, without=names)))
        except InputError:
            continue
    selected = next((one for one in fitted if one.kind == "selected"), None)
    if selected is not None:
        always = make_data(fit.targets, selection=False)
        out.append(Analysis(f"{selected.pattern} as if always reported", always))
        out.append(
            Analysis(
                f"{selected.pattern} reported whatever the other figures",
                replace(fit.data, alone=True),
            )
        )
    out += [
        Analysis("priors 1.5 times as wide", fit.data, width=1.5),
        Analysis("priors 0.67 as wide", fit.data, width=0.67),
        Analysis("correlations of figures a tenth weaker", fit.data, correlated=0.9),
    ]
    return out


def weakened(correlation: np.ndarray, factor: float) -> np.ndarray:
    """Return a correlation matrix with all correlations multiplied by a factor."""
    return np.asarray(factor * correlation + (1.0 - factor) * np.eye(len(correlation)))


def sensitivity_table(fit: Fit, waves: Waves, model: EffectModel) -> list[dict[str, Any]]:
    """Return the main conclusions under every analysis, by the emulator method."""
    prior = generator(fit.settings.seed, 8).standard_normal((4000, fit.space.size))
    rows = [
        effect_row(
            "prior alone, emulated effects", effect_draws(model.emulator, model.residuals, prior, 0)
        )
    ]
    for number, one in enumerate(analyses(fit)):
        places = np.array([fit.data.figures.index(name) for name in one.data.figures])
        emulator = replace(
            waves.emulator, correlation=weakened(waves.emulator.correlation, one.correlated)
        )

        def logs(
            z: np.ndarray,
            stage: str,
            one: Analysis = one,
            emulator: Emulator = emulator,
            places: np.ndarray = places,
        ) -> np.ndarray:
            mean, cov = emulator.distribution(one.width * z)
            return log_likelihood(mean[:, places], cov[:, places[:, None], places[None]], one.data)

        sample = tempered_smc(
            logs,
            fit.space.size,
            particles=emulated_particles(fit.settings),
            length=EMULATED_LENGTH,
            seed=fit.settings.seed + 50 + number,
        )
        draws = effect_draws(model.emulator, model.residuals, one.width * sample.scores, 1)
        rows.append(effect_row(one.label, draws, sample.log_evidence))
    return rows


def sobol_table(
    fit: Fit, model: EffectModel, noise: np.ndarray, groups: int = 10
) -> dict[str, list[dict[str, Any]]]:
    """Return Sobol indices of the effects over the prior, from the quadratic emulator.

    On orthonormal polynomials of independent standard normals the variance splits exactly
    (polynomial chaos; Sudret 2008). `noise` is the variance between runs of the same parameters;
    what neither explains belongs to the parameters that are not calibrated and their interactions.
    Intervals (90%): jackknife that leaves out one group of points at a time.
    """
    size = fit.space.size
    first, second = np.triu_indices(size, 1)

    def indices(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        effects = model.effects[rows]
        weights = fit_emulator(model.scores[rows], effects, weighted=False).mean_weights
        squares = weights**2
        main = squares[1 : 1 + size] + squares[1 + size : 1 + 2 * size]
        pairs = squares[1 + 2 * size :]
        total = main.copy()
        np.add.at(total, first, pairs)
        np.add.at(total, second, pairs)
        whole = effects.var(axis=0)
        return main / whole, total / whole, 1.0 - squares[1:].sum(axis=0) / whole

    every = np.arange(len(model.scores))
    main, total, rest = indices(every)
    part = generator(fit.settings.seed, 12).permutation(every) % groups
    left = np.array([indices(every[part != group])[1] for group in range(groups)])
    spread = np.sqrt((groups - 1) / groups * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    low, high = np.maximum(total - 1.645 * spread, 0.0), np.minimum(total + 1.645 * spread, 1.0)
    tables = {}
    for column, name in enumerate(EFFECTS[:8]):
        order = np.argsort(-total[:, column])[:8]
        tables[name] = [
            {
                "parameter": fit.space.calibrated[i],
                "first_order": float(main[i, column]),
                "total": float(total[i, column]),
                "total_interval": (float(low[i, column]), float(high[i, column])),
            }
            for i in order
        ]
        chance = min(float(noise[column] / model.effects[:, column].var()), float(rest[column]))
        for label, share in (
            ("parameters that are not calibrated, and interactions", rest[column] - chance),
            ("chance within one simulated world", chance),
        ):
            tables[name].append(
                {
                    "parameter": label,
                    "first_order": float(share),
                    "total": float(share),
                    "total_interval": None,
                }
            )
    return tables


def main_effects(fit: Fit, model: EffectModel, count: int = 8) -> list[dict[str, Any]]:
    """Return first-order shares of an effect's variance over all varying parameters.

    Squared standardised coefficients of one linear regression on every parameter's score, less
    their expected value under no effect: what is linear only, but for calibrated and background
    parameters alike.
    """
    scores = fit.backgrounds(EFFECT, len(model.scores))
    scores[:, fit.space.places] = model.scores
    if len(scores) < 2 * scores.shape[1]:
        return []
    x = np.concatenate([np.ones((len(scores), 1)), scores], axis=1)
    rows = []
    for column in (2, 3, 4, 6):
        y = model.effects[:, column]
        weights, *_ = np.linalg.lstsq(x, (y - y.mean()) / y.std())
        left = 1.0 - ((x @ weights) ** 2).mean()
        noise = left / (len(scores) - x.shape[1])
        shares = weights[1:] ** 2 - noise
        for i in np.argsort(-shares)[:count]:
            rows.append(
                {
                    "effect": EFFECTS[column],
                    "parameter": fit.space.names[i],
                    "share": float(shares[i]),
                    "standard_error": float(2.0 * abs(weights[1 + i]) * np.sqrt(noise)),
                    "calibrated": "yes" if fit.space.names[i] in fit.space.calibrated else "no",
                }
            )
    return rows


def explanation_table(
    effects: np.ndarray, counterfactuals: np.ndarray, observed: float | None
) -> dict[str, Any]:
    """Return share of lifts and predictions of the five explanations.

    An explanation's lift is by how much the expected effect as delivered, at 12 months, would have
    been larger with that explanation switched off, alone, in the same posterior draw. For chance it
    is the expected effect less the reported one (0 if none was): what bad luck took. Its
    weight is the mean over draws of its share in the sum of all positive lifts: a measure of size,
    not a probability (that is `rivals.rival_table`). Lifts do not add up: explanations multiply
    each other.
    """
    at = {name: place for place, name in enumerate(EFFECTS)}
    off = {name: place for place, name in enumerate(COUNTERFACTUALS)}
    delivered = effects[:, at["qpr_delivered_12"]]
    without = np.stack(
        [
            counterfactuals[:, off["qpr_implementation_off_12"]],
            counterfactuals[:, off["qpr_time_off_12"]],
            counterfactuals[:, off["qpr_sensitivity_off_12"]],
            counterfactuals[:, off["qpr_theory_off_12"]],
            delivered,
        ],
        axis=1,
    )
    lifts = without - delivered[:, None]
    lifts[:, 4] = delivered - observed if observed is not None else 0.0
    positive = np.maximum(lifts, 0.0)
    whole = positive.sum(axis=1, keepdims=True)
    shares = np.divide(positive, whole, out=np.zeros_like(positive), where=whole > 1e-9)
    leading = np.where(whole[:, 0] > 1e-9, positive.argmax(axis=1), -1)
    first_four = positive[:, :4]
    leading_structural = np.where(first_four.sum(axis=1) > 1e-9, first_four.argmax(axis=1), -1)
    rows = []
    futures = {
        "full implementation, 12 months": effects[:, at["qpr_full_12"]],
        "full implementation, 24 months": effects[:, at["qpr_full_24"]],
        "as delivered for two years, 24 months": effects[:, at["qpr_continued_24"]],
        "full implementation for two years, 24 months": effects[:, at["qpr_full_continued_24"]],
        "as delivered, sharper instrument, 12 months": counterfactuals[
            :, off["qpr_sensitivity_off_12"]
        ],
        "full implementation, sharper instrument, 12 months": counterfactuals[
            :, off["qpr_full_sensitivity_off_12"]
        ],
    }
    for k, name in enumerate(EXPLANATIONS):
        among = leading == k
        row: dict[str, Any] = {
            "explanation": name,
            "weight": float(shares[:, k].mean()),
            "weight_se": float(shares[:, k].std() / np.sqrt(len(shares))),
            "leads": proportion(among),
            "lift": (float(lifts[:, k].mean()), *interval(lifts[:, k])),
            "lifted_above": {
                f"{threshold:.2g}": proportion(without[:, k] >= threshold)
                for threshold in THRESHOLDS
            },
            "draws": int(among.sum()),
            "predictions": {
                label: (float(values[among].mean()), *interval(values[among]))
                for label, values in futures.items()
            }
            if among.sum() >= 5
            else {},
        }
        rows.append(row)
    overall = {
        label: (float(values.mean()), *interval(values)) for label, values in futures.items()
    }
    return {
        "rows": rows,
        "overall": overall,
        "delivered": (float(delivered.mean()), *interval(delivered)),
        "leading": leading_structural.tolist(),
    }


def information_table(
    effects: np.ndarray, counterfactuals: np.ndarray, leading: np.ndarray, standard_error: float
) -> list[dict[str, Any]]:
    """Return how much each future measurement would tell about which explanation leads.

    Expected information (bits): mutual information of the leading explanation among the first four
    (chance cannot be told by a new measurement) and the measurement, whose error is normal. By
    Monte Carlo over the posterior draws, each measured 20 times; each draw's own term is left out
    of the mixtures, and the same estimate for shuffled explanations, whose information is nil, is
    taken off. The standard errors of the measurements are assumptions.
    """
    at = {name: place for place, name in enumerate(EFFECTS)}
    off = {name: place for place, name in enumerate(COUNTERFACTUALS)}
    both = effects[:, at["qpr_full_12"]], effects[:, at["inspire_support_delivered_12"]]
    candidates = [
        ("repeat as it was", effects[:, at["qpr_delivered_12"]], standard_error),
        ("repeat, fully implemented", both[0], standard_error),
        ("repeat, fully implemented, four times the size", both[0], standard_error / 2.0),
        ("follow-up at 24 months", effects[:, at["qpr_delivered_24"]], standard_error),
        (
            "repeat for two years, fully implemented",
            effects[:, at["qpr_full_continued_24"]],
            standard_error,
        ),
        (
            "repeat, fully implemented, sharper instrument",
            counterfactuals[:, off["qpr_full_sensitivity_off_12"]],
            standard_error,
        ),
        ("INSPIRE Support, as delivered (" + INSPIRE_FLAG + ")", both[1], 1.6 * standard_error),
        (
            "INSPIRE Support, fully implemented (" + INSPIRE_FLAG + ")",
            effects[:, at["inspire_support_full_12"]],
            1.6 * standard_error,
        ),
    ]
    known = leading >= 0
    kinds = sorted(set(leading[known].tolist()))
    shares = np.array([(leading[known] == k).mean() for k in kinds])
    entropy = float(-(shares * np.log2(shares)).sum())
    rows = []
    draws = generator(4711)
    for label, values, error in candidates:
        values, kind = values[known], leading[known]
        terms = []
        for _ in range(20):
            measured = values + error * draws.standard_normal(len(values))
            density = np.exp(-0.5 * ((measured[:, None] - values[None]) / error) ** 2)
            np.fill_diagonal(density, 0.0)
            shuffled = draws.permutation(kind)
            terms.append(pointwise(density, kind) - pointwise(density, shuffled))
        each = np.mean(terms, axis=0)
        rows.append(
            {
                "measurement": label,
                "bits": float(each.mean()),
                "bits_se": float(each.std() / np.sqrt(len(each))),
                "of": entropy,
                "standard_error": error,
            }
        )
    return sorted(rows, key=lambda one: -one["bits"])


def pointwise(density: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Return log2 of each measurement's density among its own kind over that among all draws.

    `density`: of each measurement (row) under each draw (column); 0 on the diagonal; `kind`:
    explanation that leads in each draw.
    """
    same = kind[:, None] == kind[None]
    own = (density * same).sum(axis=1) / np.maximum(same.sum(axis=1) - 1, 1)
    every = density.sum(axis=1) / (len(kind) - 1)
    good = (own > 0.0) & (every > 0.0)
    return np.where(good, np.log2(np.where(good, own, 1.0) / np.where(good, every, 1.0)), 0.0)


def bound_table(difference: float, standard_error: float) -> list[dict[str, Any]]:
    """Return the bound that randomisation alone gives: difference / p, standard error / p.

    p is the share of teams that implemented; valid if low participation has no effect.
    """
    return [
        {
            "p": p,
            "effect": difference / p,
            "standard_error": standard_error / p,
            "interval": (
                (difference - CRITICAL * standard_error) / p,
                (difference + CRITICAL * standard_error) / p,
            ),
        }
        for p in (0.25, 0.4, 0.5, 0.6, 0.75, 1.0)
    ]


def without_pattern(
    fit: Fit, waves: Waves, scores: np.ndarray, effects: np.ndarray, pattern: str
) -> tuple[np.ndarray, float]:
    """Return weights that turn posterior draws into those without a pattern, and their share.

    Importance weights from the emulated likelihoods with and without it; the second number is the
    effective sample size as share of the draws.
    """
    mean, cov = waves.emulator.distribution(scores)
    less = make_data(fit.targets, without=[pattern])
    places = np.array([fit.data.figures.index(name) for name in less.figures])
    ratio = log_likelihood(
        mean[:, places], cov[:, places[:, None], places[None]], less
    ) - log_likelihood(mean, cov, fit.data)
    weights = weights_of(ratio)
    return weights, effective(weights) / len(weights)


def emulator_check(waves: Waves, scores: np.ndarray, figures: np.ndarray) -> dict[str, list[float]]:
    """Return mean and SD of the emulator's standardised errors on trials it has not seen."""
    good = np.isfinite(figures).all(axis=1)
    z = (figures[good] - waves.emulator.means(scores[good])) / waves.emulator.spreads(scores[good])
    return {"mean": [float(v) for v in z.mean(axis=0)], "sd": [float(v) for v in z.std(axis=0)]}


def condition_rows(fit: Fit, correlation: np.ndarray) -> dict[str, Any]:
    """Return condition numbers of the figures' correlation, and the pair that is most alike."""
    names = fit.data.figures
    density = fit.data.estimates
    if fit.data.selected >= 0:
        density = np.append(density, fit.data.selected)
    apart = np.abs(np.triu(correlation, 1))
    first, second = np.unravel_index(int(apart.argmax()), apart.shape)
    return {
        "all": float(np.linalg.cond(correlation)),
        "densities": float(np.linalg.cond(correlation[np.ix_(density, density)])),
        "pair": (names[int(first)], names[int(second)]),
        "pair_correlation": float(correlation[first, second]),
    }
