"""The second primary outcome of a hybrid type 2 trial, as a design of its own.

Both outcomes are of the same people. The draws of clusters (and of clusters by period) of the two
have one correlation, those of people (lasting and not) another; both follow from the correlations
that a design states, of one person's two outcomes and of those of two people of a team.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from sim.errors import InputError
from sim.trials.designs.design_schema import DesignFile


class SharedDraws(NamedTuple):
    """How far the draws of the second outcome are those of the first.

    Attributes
    ----------
    clusters, people : float
        Correlations of the effects of clusters, and of people, from -1 to 1.
    """

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
        it is correlated over time, and how the effect builds up.
    """
    second, s = file.co_primary, file.statistical
    assert second is not None
    names = {"outcome": second_column(file), "baseline": file.columns.second_baseline}
    update: dict[str, object] = {
        "co_primary": None,
        "columns": file.columns.model_copy(update=names),
        "target": file.target.model_copy(update={"minimum_important_difference": None}),
    }
    if file.agents is not None:
        update["agents"] = file.agents.model_copy(update={"measure": second.measure})
    elif s is not None:
        own = {
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
        }
        update["statistical"] = s.model_copy(update=own)
    return file.model_copy(update=update)


def shared_draws(file: DesignFile) -> SharedDraws:
    """Return the correlations of the two outcomes' draws that a design's own correlations mean.

    Raises
    ------
    InputError
        When no two outcomes have them.
    """
    first, other, second = file.statistical, second_file(file).statistical, file.co_primary
    assert first is not None
    assert other is not None
    assert second is not None
    both = ((first.icc, other.icc), (1.0 - first.icc, 1.0 - other.icc))
    lasting = ((first.cac, other.cac), (first.iac, other.iac))
    wanted = (second.between, second.within - second.between)
    found = []
    for (a, b), (c, d), covariance in zip(both, lasting, wanted, strict=True):
        most = sqrt(a * b) * (sqrt(c * d) + sqrt((1.0 - c) * (1.0 - d)))
        if abs(covariance) > most + 1e-12:
            raise InputError(
                f"co_primary: between = {second.between:g}, within = {second.within:g}: no two "
                f"outcomes have these correlations with the ICCs {first.icc:g} and {other.icc:g}"
            )
        found.append(min(max(covariance / most, -1.0), 1.0) if most > 0.0 else 0.0)
    return SharedDraws(*found)
