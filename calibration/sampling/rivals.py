"""Rival models of the null result: each explanation alone, scored by the reported difference.

`conclusions.explanation_table` takes one explanation away from the model as fitted and asks what
the programme would then have gained. Here each explanation has to account for the trial alone: the
other three that lower the expected effect are switched off, and the question is how well the
reported difference is predicted. In the fifth rival, chance, none lowers it: the programme does all
that it can, and sampling error hid it. Sampling error is part of all five.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration.sampling.scenarios import (
    EXPLANATIONS,
    EffectDesign,
    effect_of_record,
    explanations_off,
)

THEORY_FAILS = {
    "theory_strength": 0.0,
    "expectations_to_empowerment": 0.0,
    "partnership_to_connectedness": 0.0,
}
AS_FITTED = "all together, the model as it is"


def rival_effects(
    design: EffectDesign, record: Any, gains: Any, replications: range, space: dict[Any, Any]
) -> np.ndarray:
    """Return the expected QPR-15 effect as delivered, 12 months, under each rival model.

    Parameters
    ----------
    design : EffectDesign
        Layouts of the intervention teams.
    record : numpy.void
        One parameter set (record of all parameters).
    gains : pair of float
        Of its solved constants (`calibration.sampling.solve.deviate`).
    replications : range
        Replications to average over.
    space : dict
        Worlds of the thread, whose memory is used again.

    Returns
    -------
    numpy.ndarray
        Points, in the order of `EXPLANATIONS`. Theory failure, where it is the explanation, is
        complete: what people experience has no effect on recovery.
    """
    off = explanations_off(record, gains)
    found = []
    for name in EXPLANATIONS:
        changes = {
            key: value
            for other, switched in off.items()
            if other != name
            for key, value in switched.items()
        }
        if name == "theory failure":
            changes |= THEORY_FAILS
        found.append(
            effect_of_record(design, design.delivered, record, changes, replications, space)
        )
    return np.array(found)


def rival_table(
    rivals: np.ndarray, delivered: np.ndarray, observed: float, standard_error: float
) -> list[dict[str, Any]]:
    """Return the posterior weight of each rival model, all being equally likely beforehand.

    Parameters
    ----------
    rivals : numpy.ndarray
        Expected effects, draws of the priors by rivals, in points.
    delivered : numpy.ndarray
        Expected effect of the whole model in the same draws, in points.
    observed, standard_error : float
        Reported difference and its standard error, in points.

    Returns
    -------
    list of dict
        Per rival its expected effect (mean and central 90%), the Bayes factor against chance with
        its Monte Carlo standard error, and the posterior weight with its own. A last row has the
        model as fitted, without weight.

    Notes
    -----
    The marginal likelihood of a rival is the mean over draws of the normal density of the reported
    difference about the rival's expected effect, over draws that have not seen it. Standard errors
    by the jackknife over twenty groups of draws.
    """

    def density(effects: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * ((observed - effects) / standard_error) ** 2)

    each = density(np.column_stack([rivals, delivered]))

    def evidence(kept: np.ndarray) -> np.ndarray:
        return np.asarray(each[kept].mean(axis=0))

    def summary(kept: np.ndarray) -> np.ndarray:
        found = evidence(kept)
        factors = found / found[len(EXPLANATIONS) - 1]
        return np.concatenate([factors, found[: len(EXPLANATIONS)] / found[:-1].sum()])

    everything = np.ones(len(each), dtype=bool)
    groups = min(20, len(each))
    member = np.arange(len(each)) % groups
    left_out = np.array([summary(member != g) for g in range(groups)])
    spread = np.sqrt((groups - 1) * left_out.var(axis=0))
    found = summary(everything)
    rows = []
    for k, name in enumerate((*EXPLANATIONS, AS_FITTED)):
        effects = rivals[:, k] if k < len(EXPLANATIONS) else delivered
        low, high = np.quantile(effects, [0.05, 0.95])
        row: dict[str, Any] = {
            "rival": name,
            "effect": (float(effects.mean()), float(low), float(high)),
            "factor": float(found[k]),
            "factor_se": float(spread[k]),
            "weight": None,
            "weight_se": None,
        }
        if k < len(EXPLANATIONS):
            row["weight"] = float(found[len(EXPLANATIONS) + 1 + k])
            row["weight_se"] = float(spread[len(EXPLANATIONS) + 1 + k])
        rows.append(row)
    return rows
