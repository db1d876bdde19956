"""A prior on the programme's effect from the studies of others, by the rule in `effects.toml`.

Random-effects meta-analysis on a grid, with a discount for indirectness. A study that reported only
"not significant" enters as exactly that: the chance that its estimate lay within 1.96 standard
errors of nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from sim.errors import InputError

EFFECTS = Path(__file__).with_name("effects.toml")
CRITICAL = 1.959963984540054
# Fine enough that means and SDs are right to half a percent.
MEANS = np.linspace(-1.0, 1.0, 801)
SPREADS = np.linspace(0.0, 0.5, 251)


@dataclass(frozen=True)
class Study:
    """One study of `effects.toml`."""

    # As in the file.
    name: str
    outcome: str
    how: str
    why: str
    source: str
    d: float | None  # Effect in SD of the outcome; None where no number was reported
    se: float | None  # Its standard error
    steps: int  # Steps of indirectness, of the intervention and of the outcome together
    pooled: bool  # Whether it enters the prior


@dataclass(frozen=True)
class Rule:
    """The numbers of the rule, named and explained in the file."""

    mean_sd: float
    between_sd: float
    step_sd: float
    agnostic_mean: float
    agnostic_sd: float
    ratio_mean: float
    ratio_sd: float


@dataclass(frozen=True)
class Pooled:
    """What the studies say together."""

    # Posterior mean and SD of the mean effect of such programmes.
    mean: float
    mean_sd: float
    between: float  # Posterior mean of the SD between programmes
    # Mean and SD of the effect of one more programme: the prior as delivered.
    new_mean: float
    new_sd: float


def read_effects(path: Path = EFFECTS) -> tuple[Rule, list[Study]]:
    """Return the rule and the studies of a file.

    Raises InputError for a pooled study without a standard error, or without an effect that is
    no null.
    """
    content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    rule = content["rule"]
    studies = []
    for one in content["study"]:
        study = Study(
            name=one["name"],
            outcome=one["outcome"],
            how=one["how"],
            why=one["why"],
            source=one["source"],
            d=one.get("d"),
            se=one.get("se"),
            steps=int(one["intervention_steps"]) + int(one["outcome_steps"]),
            pooled=one["use"] == "pooled",
        )
        if study.pooled and (study.se is None or study.se <= 0.0):
            raise InputError(f"{path.name}: {study.name}: a pooled study needs se above 0")
        if study.pooled and (study.d is None) != (study.how == "null"):
            raise InputError(f"{path.name}: {study.name}: needs d, or how = 'null' without one")
        studies.append(study)
    names = tuple(one.name for one in fields(Rule))
    return Rule(*(float(rule[name]) for name in names)), studies


def log_likelihood(study: Study, means: np.ndarray, spreads: np.ndarray, step_sd: float) -> Any:
    """Return the log likelihood of a study over mean effects (rows) and spreads (columns)."""
    assert study.se is not None
    sd = np.sqrt(study.se**2 + study.steps * step_sd**2 + spreads[None, :] ** 2)
    if study.d is not None:
        return norm.logpdf(study.d, means[:, None], sd)
    edge = CRITICAL * study.se
    inside = norm.cdf((edge - means[:, None]) / sd) - norm.cdf((-edge - means[:, None]) / sd)
    return np.log(np.maximum(inside, 1e-300))


def pool(studies: Sequence[Study], rule: Rule) -> Pooled:
    """Return what the pooled studies say together; without any, what the rule says before them."""
    log = norm.logpdf(MEANS, 0.0, rule.mean_sd)[:, None] + norm.logpdf(
        SPREADS, 0.0, rule.between_sd
    )
    for study in studies:
        if study.pooled:
            log = log + log_likelihood(study, MEANS, SPREADS, rule.step_sd)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    over_means, over_spreads = weight.sum(axis=1), weight.sum(axis=0)
    mean = float(over_means @ MEANS)
    variance = float(over_means @ (MEANS - mean) ** 2)
    return Pooled(
        mean=mean,
        mean_sd=variance**0.5,
        between=float(over_spreads @ SPREADS),
        new_mean=mean,
        new_sd=(variance + float(over_spreads @ SPREADS**2)) ** 0.5,
    )


def full_effect(mean: float, sd: float, ratio_mean: float, ratio_sd: float) -> tuple[float, float]:
    """Return mean and SD of the full effect whose product with the ratio has these moments.

    E[r D] = E[r] E[D] and E[(r D)^2] = E[r^2] E[D^2] for independent r and D.

    `mean`, `sd`: of the effect as delivered, in SD of the outcome; `ratio_mean`, `ratio_sd`: of
    the share of the full effect that is reached as delivered. Raises InputError for a ratio so
    uncertain that no spread of the full effect can be found.
    """
    full_mean = mean / ratio_mean
    second = (sd**2 + mean**2) / (ratio_sd**2 + ratio_mean**2)
    if second <= full_mean**2:
        raise InputError("effects: the practice ratio spreads more than the effect as delivered")
    return full_mean, (second - full_mean**2) ** 0.5
