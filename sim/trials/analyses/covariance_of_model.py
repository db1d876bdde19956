"""The covariance that a formula asks for: independent effects, or one with more structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.data.trial_table import as_labels, label_of
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.covariance_parts import CovariancePart, Decay, Effects, Residual
from sim.trials.fits.fixed_part import is_factor
from sim.trials.fits.model_formula import ModelFormula, RandomTerm
from sim.trials.fits.structured_model import Structure

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


def codes_of(table: pd.DataFrame, factors: Sequence[str]) -> Codes:
    """Return the level of each row of a combination of columns."""
    parts = [
        np.unique(np.asarray(table[one]).astype(str), return_inverse=True)[1] for one in factors
    ]
    return np.asarray(
        np.unique(np.column_stack(parts), axis=0, return_inverse=True)[1], dtype=np.intp
    ).reshape(-1)


def with_factor_slopes(formula: ModelFormula, table: pd.DataFrame) -> ModelFormula:
    """Return the formula with an effect for each label of a random slope that holds labels.

    As in lme4, they are correlated, and the first label has none where an intercept stands in the
    same bracket; ``(kind||team)`` takes the intercept apart, not the labels. Effects of labels that
    no level of the grouping has two of are independent: nothing tells their correlation.
    """
    found: list[RandomTerm] = []
    for number, one in enumerate(formula.random):
        if one.slope is None or not is_factor(table, one.slope):
            found.append(one)
            continue
        levels = list(as_labels(table[one.slope]).categories)
        beside = one.block is not None and any(
            other.factors == one.factors and other.slope is None and other.block == one.block
            for other in formula.random
        )
        together = -1 - number if one.block is None else one.block
        groups = codes_of(table, one.factors)
        pairs = np.unique(np.column_stack([groups, codes_of(table, [one.slope])]), axis=0)
        block = None if len(pairs) == groups.max() + 1 else together
        kept = levels[1:] if beside else levels
        found += [replace(one, level=level, block=block) for level in kept]
    sizes = [sum(1 for other in found if other.block == one.block) for one in found]
    terms = [
        replace(one, block=None) if size == 1 else one
        for one, size in zip(found, sizes, strict=True)
    ]
    return replace(formula, random=tuple(terms))


def random_effect(one: RandomTerm, table: pd.DataFrame) -> RandomEffect:
    """Return the random effect of a term.

    Raises
    ------
    InputError
        If its grouping has one level.
    """
    codes = codes_of(table, one.factors)
    if codes.max() < 1:
        raise InputError(f"grouping '{one.group}': it must have at least 2 levels, here it has 1")
    if one.slope is None:
        return RandomEffect(one.name, codes)
    if one.level is None:
        return RandomEffect(one.name, codes, table[one.slope].to_numpy(dtype=float))
    own = np.asarray(table[one.slope]).astype(str) == one.level
    return RandomEffect(one.name, codes, own.astype(float))


def structure_of(
    formula: ModelFormula,
    effects: Sequence[RandomEffect],
    table: pd.DataFrame,
    weights: str | None = None,
    residual_by: str | None = None,
) -> Structure | None:
    """Return the covariance of a model; None where it is that of independent effects.

    Parameters
    ----------
    formula : ModelFormula
        See `with_factor_slopes`.
    effects : sequence of RandomEffect
        Of its terms.
    weights : str, optional
        Column of weights: the residual variance of a row is divided by its own.
    residual_by : str, optional
        Column of labels, each of which has a residual variance of its own.

    Raises
    ------
    InputError
        If a weight is not above 0.
    """
    plain = all(one.block is None and one.time is None for one in formula.random)
    if plain and formula.residual is None and weights is None and residual_by is None:
        return None
    n = len(table)
    ones = np.ones(n)
    parts: list[CovariancePart] = []
    blocks: dict[int, list[int]] = {}
    for at, one in enumerate(formula.random):
        effect = effects[at]
        if one.time is not None:
            parts.append(Decay(effect.codes, _times(table, one.time), one.name))
        elif one.block is None:
            column = ones if effect.slope is None else effect.slope
            parts.append(Effects(effect.codes, column[:, None], (one.name,)))
        else:
            blocks.setdefault(one.block, []).append(at)
    for members in blocks.values():
        slopes = [effects[k].slope for k in members]
        columns = [ones if one is None else one for one in slopes]
        names = tuple(formula.random[k].name for k in members)
        parts.append(Effects(effects[members[0]].codes, np.column_stack(columns), names))
    return Structure(tuple(parts), _residual(formula, table, weights, residual_by))


def _times(table: pd.DataFrame, name: str) -> Matrix:
    if is_factor(table, name):
        raise InputError(f"column '{name}': periods of a covariance over time must be numbers")
    return table[name].to_numpy(dtype=float)


def _residual(
    formula: ModelFormula, table: pd.DataFrame, weights: str | None, residual_by: str | None
) -> Residual:
    n = len(table)
    group, labels = np.zeros(n, dtype=np.intp), ["residual"]
    if residual_by is not None:
        own = np.array([label_of(one) for one in table[residual_by]])
        found, group = np.unique(own, return_inverse=True)
        if len(found) == 1:
            raise InputError(f"residual_by '{residual_by}': it has one value, {found[0]}")
        labels = [f"residual {residual_by}={one}" for one in found]
    weight = np.ones(n)
    if weights is not None:
        weight = table[weights].to_numpy(dtype=float)
        if not (weight > 0.0).all():
            raise InputError(f"weights '{weights}' = {weight.min():g}: must be above 0")
    over = formula.residual
    if over is None:
        return Residual(group, tuple(labels), weight)
    times = _times(table, over.time)
    codes = codes_of(table, over.factors)
    pairs = np.unique(np.column_stack([codes, times]), axis=0)
    if len(pairs) < n:
        raise InputError(
            f"ar1({over.time}|{':'.join(over.factors)}): a unit has two rows of one time; name "
            "what was measured once at each, as ar1(wave|cluster:person)"
        )
    whole = bool((times == np.round(times)).all())
    return Residual(group, tuple(labels), weight, codes, times, whole)
