"""The second primary outcome of a hybrid type 2 trial, as a design of its own.

Both outcomes are of the same people. The draws of clusters (and of clusters by period) of the two
have one correlation, those of people (lasting and not) another; both follow from the correlations
that a design states, of one person's two outcomes and of those of two people of a team.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from sim.errors import InputError
from sim.trials.data.outcome_kind import CONTINUOUS, latent_correlations, latent_cross, outcome_of
from sim.trials.designs.design_schema import DesignFile


class SharedDraws(NamedTuple):
    """How far the draws of the second outcome are those of the first."""

    # Correlations of the effects of clusters, and of people, from -1 to 1.
    clusters: float
    people: float


def second_column(file: DesignFile) -> str:
    """Return the column of the second outcome."""
    second = file.co_primary
    assert second is not None
    return file.columns.second or second.measure or "second"


def second_file(file: DesignFile) -> DesignFile:
    """Return the design with its second outcome as the only one.

    Parameters
    ----------
    file : DesignFile
        With `[co_primary]`. What that does not state of the second outcome is as of the first: how
        it is correlated over time, and how the effect builds up. An outcome of another kind has the
        test of its kind, and no effects of periods.
    """
    second, s = file.co_primary, file.statistical
    assert second is not None
    names = {"outcome": second_column(file), "baseline": file.columns.second_baseline}
    update: dict[str, object] = {
        "co_primary": None,
        "columns": file.columns.model_copy(update=names),
        "target": file.target.model_copy(update={"minimum_important_difference": None}),
    }
    if second.test is not None:
        update["analysis"] = file.analysis.model_copy(update={"test": second.test})
    if file.agents is not None:
        update["agents"] = file.agents.model_copy(update={"measure": second.measure})
    elif s is not None:
        own = {
            "outcome": second.outcome,
            "mean": second.mean,
            "sd": second.sd,
            "icc": second.icc,
            "cac": s.cac if second.cac is None else second.cac,
            "iac": s.iac if second.iac is None else second.iac,
            "effect": second.effect,
            "exposure": second.exposure or s.exposure,
            "effect_heterogeneity": 0.0,
            "effect_correlation": 0.0,
            "effect_by_size": 0.0,
            "treated_sd": None,
            "treated_icc": None,
            "period_effects": () if second.outcome != s.outcome else s.period_effects,
        }
        update["statistical"] = s.model_copy(update=own)
        if second.outcome != s.outcome and second.test is None:
            # The planned test is of the first outcome; one of another kind has its own.
            analysis = file.analysis.model_copy()
            analysis.__pydantic_fields_set__.discard("test")
            update["analysis"] = analysis
    return file.model_copy(update=update)


def shared_draws(file: DesignFile) -> SharedDraws:
    """Return the correlations of the two outcomes' draws that a design's own correlations mean.

    Of binary and count outcomes the draws are normal numbers, whose correlations give outcomes
    under control those of the design.

    Raises
    ------
    InputError
        When no two outcomes have them.
    """
    second = file.co_primary
    assert second is not None
    both = file.statistical, second_file(file).statistical
    outcomes, correlations = [], []
    for one in both:
        assert one is not None
        outcomes.append(outcome_of(one.outcome, one.mean, one.icc))
        told = one.icc, one.cac, one.iac
        if one.outcome != CONTINUOUS:
            told = latent_correlations(one.outcome, one.mean, *told, one.cluster_decay)[:3]
        correlations.append(told)
    kind, other = outcomes
    within = latent_cross(kind, other, second.within, "co_primary.within")
    between = latent_cross(kind, other, second.between, "co_primary.between")
    found = []
    for wanted, most in zip((between, within - between), largest(*correlations), strict=True):
        if abs(wanted) > most + 1e-12:
            iccs = " and ".join(f"{one.icc:g}" for one in both if one is not None)
            raise InputError(
                f"co_primary: between = {second.between:g}, within = {second.within:g}: no two "
                f"outcomes have these correlations with the ICCs {iccs}"
            )
        found.append(share_of(wanted, most))
    return SharedDraws(*found)


def shared_of_outcomes(file: DesignFile) -> SharedDraws:
    """Return the same of the outcomes themselves, for a formula that has their moments alone."""
    second = file.co_primary
    assert second is not None
    both = file.statistical, second_file(file).statistical
    told = [(one.icc, one.cac, one.iac) for one in both if one is not None]
    wanted = second.between, second.within - second.between
    return SharedDraws(*(share_of(*one) for one in zip(wanted, largest(*told), strict=True)))


def largest(first: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return the largest covariance of two outcomes of clusters, and of people, of variance 1.

    `first`, `other`: ICC, cluster and individual autocorrelation.
    """
    both = ((first[0], other[0]), (1.0 - first[0], 1.0 - other[0]))
    lasting = ((first[1], other[1]), (first[2], other[2]))
    clusters, people = (
        sqrt(a * b) * (sqrt(c * d) + sqrt((1.0 - c) * (1.0 - d)))
        for (a, b), (c, d) in zip(both, lasting, strict=True)
    )
    return clusters, people


def share_of(wanted: float, most: float) -> float:
    """Return a correlation of draws: the share of the largest covariance, from -1 to 1."""
    return min(max(wanted / most, -1.0), 1.0) if most > 0.0 else 0.0
