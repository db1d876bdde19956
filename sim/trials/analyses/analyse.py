"""The analysis of one cluster trial: from a table and a formula to tests of one term.

The result is a plain dictionary, ready for JSON. Every interval in it is a 95% confidence interval
of the coefficient for the sampling of clusters and people, given the model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.trials.analyses.cluster_answers import (
    PAIRS,
    STRATA,
    Declared,
    cluster_answers,
    declared_strata,
    partially_nested,
    randomised_clusters,
)
from sim.trials.analyses.cluster_tests import between_within_df, t_test
from sim.trials.analyses.further_analyses import imputation_analysis, participation_analysis
from sim.trials.data.trial_table import (
    LABEL_COLUMNS,
    as_numbers,
    is_missing,
    label_of,
    read_table,
    typed_columns,
)
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.fixed_part import fixed_columns, response_column
from sim.trials.fits.mixed_model import MixedModelFit, fit_mixed_model
from sim.trials.fits.model_formula import ModelFormula, RandomTerm, names_in, parse_formula

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

NORMAL_975 = 1.959963984540054
COMPLIER_INTERVAL = (
    "Anderson-Rubin (Fieller): effects that a cluster-summary t test does not reject"
)


def analyse_csv(
    path: str | Path,
    model: str,
    term: str,
    labels: Sequence[str] = LABEL_COLUMNS,
    *,
    participation: str | None = None,
    imputations: int = 0,
    strata: Sequence[str] = (),
    pairs: str | None = None,
) -> dict[str, Any]:
    """Analyse a comma-separated file; see `analyse_table`.

    Parameters
    ----------
    path : str or Path
        UTF-8 file with a header; a field that is empty, NA or NaN is missing.
    model : str
        Formula in lme4's notation.
    term : str
        The tested term.
    labels : sequence of str
        Columns whose numbers are labels.
    participation : str, optional
    imputations : int
    strata : sequence of str
    pairs : str, optional
        See `analyse_table`.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If the file, the formula or the term cannot be used.
    """
    parse_formula(model)
    return analyse_table(
        read_table(path),
        model,
        term,
        labels,
        participation=participation,
        imputations=imputations,
        strata=strata,
        pairs=pairs,
    )


def analyse_table(
    frame: pd.DataFrame,
    model: str,
    term: str,
    labels: Sequence[str] = LABEL_COLUMNS,
    *,
    participation: str | None = None,
    imputations: int = 0,
    strata: Sequence[str] = (),
    pairs: str | None = None,
) -> dict[str, Any]:
    """Fit a linear mixed model to a trial's table and test one term.

    Parameters
    ----------
    frame : DataFrame
        One row for each measurement. Rows with a missing value in a used column are left out.
    model : str
        Formula in lme4's notation, as ``"fu ~ arm + base + site + (1|cluster)"``. ``clper`` stands
        for cluster and period (or time) combined if the table has no such column.
    term : str
        A coefficient's name, or a column with a single coefficient.
    labels : sequence of str
        Columns whose numbers are labels, not quantities.
    participation : str, optional
        Column that says how far a cluster took part; adds the complier-average effect and
        as-treated contrasts.
    imputations : int
        Data sets in which missing outcomes are imputed within clusters and pooled by Rubin's rules;
        0 for none.

    Returns
    -------
    dict
        ``n_obs``, ``n_groups``, ``rows_dropped_missing``, ``formula``, ``term``, ``estimate``,
        ``se``, ``satterthwaite``, ``kenward_roger``, ``between_within`` (None in a partially nested
        trial), ``wald_z``, ``cluster_summary`` (None unless the term compares two arms of whole
        clusters; pairs, strata and other covariates of clusters in its second stage),
        ``cluster_permutation`` (of arms, or of the sequences of a schedule whose periods are in the
        model, within strata), ``strata`` (pairs or strata, and whether they were declared),
        ``coef``, ``variance``, ``icc``, ``reml_criterion``, ``singular``, ``converged``,
        ``dropped_columns``, ``warnings``; if asked for, ``participation`` and
        ``multiple_imputation``.

    Raises
    ------
    InputError
        Names the column, value and rule that stand in the way.
    """
    formula = parse_formula(model)
    frame, formula = _with_cluster_period(frame, formula)
    used = _used_columns(frame, formula)
    if participation is not None and participation not in frame.columns:
        raise unknown("column", participation, frame.columns)
    missing = np.zeros(len(frame), dtype=bool)
    for name in used:
        missing |= is_missing(frame[name])
    complete = frame.loc[~missing, list(used)].copy()
    # Errors name rows as they are numbered in the table, whatever its index.
    complete.index = np.flatnonzero(~missing)
    if len(complete) == 0:
        raise InputError(f"rows: none of {len(frame)} is complete in {', '.join(used)}")
    slopes = [one.slope for one in formula.random if one.slope is not None]
    numeric = [formula.response] if formula.response in used else []
    table = typed_columns(complete, used, numeric, [one for one in labels if one in used])
    y = response_column(formula, table)
    if np.ptp(y) == 0.0:
        raise InputError(f"outcome '{formula.response}': it has the value {y[0]:g} in every row")
    X, names = fixed_columns(formula, table)
    for slope in slopes:
        if not _is_numeric(table, slope):
            raise InputError(f"column '{slope}': the slope of a random effect must be numeric")
    effects = [_random_effect(one, table) for one in formula.random]
    _check_varies(table, formula, term)
    tested = _tested_column(term, names, table, formula)
    declared = _declared(frame.loc[~missing], strata, pairs)
    fit = fit_mixed_model(X, y, effects, names)
    if tested not in fit.names:
        others = ", ".join(one for one in fit.names if one != tested)
        raise InputError(f"term '{term}': it is a combination of other columns ({others})")
    at = fit.names.index(tested)
    columns = X[:, [names.index(one) for one in fit.names]]
    clusters = randomised_clusters(effects, declared)
    result = _result(formula, term, tested, fit, columns, effects, clusters, int(missing.sum()))
    factors = _factors(formula, table, tested)
    of_clusters = cluster_answers(
        columns, fit.names, at, y, effects, declared, _periods(formula, table), factors
    )
    result["warnings"] += of_clusters.pop("notes")
    result.update(of_clusters)
    if participation is not None:
        taken_part = frame.loc[~missing, participation].copy()
        taken_part.index = complete.index
        if is_missing(taken_part).any():
            raise InputError(f"column '{participation}': it must be complete")
        shares = as_numbers(participation, taken_part, must=True)
        assert shares is not None
        own = None if declared is None else declared.rows[np.unique(clusters, return_index=True)[1]]
        taken = participation_analysis(columns, at, y, shares, clusters, own)
        taken["complier_average"]["interval_method"] = COMPLIER_INTERVAL
        result["participation"] = taken
    if imputations:
        result["multiple_imputation"] = _imputed(
            formula, frame, table, y, ~missing, tested, imputations
        )
    return result


def _declared(frame: pd.DataFrame, strata: Sequence[str], pairs: str | None) -> Declared | None:
    """Return the pairs or strata that the user names, of the rows used."""
    if strata and pairs is not None:
        raise InputError("pairs and strata: give one of them; pairs are strata of two")
    columns = list(strata) if pairs is None else [pairs]
    for name in columns:
        if name not in frame.columns:
            raise unknown("column", name, frame.columns)
        if is_missing(frame[name]).any():
            raise InputError(f"column '{name}': it must be complete, as it tells the strata")
    if not columns:
        return None
    values = {one: [label_of(value) for value in frame[one]] for one in columns}
    return declared_strata(STRATA if pairs is None else PAIRS, columns, values)


def _factors(formula: ModelFormula, table: pd.DataFrame, tested: str) -> dict[str, list[str]]:
    """Return the labels of each row, of the columns of the fixed part that are not tested."""
    parts = tested.split(":")
    found = {}
    for name in formula.fixed_names:
        if name not in table.columns or name in (formula.response, *parts):
            continue
        labels = [label_of(one) for one in table[name]]
        levels = set(labels)
        if not any(f"{w}{one}" in parts for w in (name, f"factor({name})") for one in levels):
            found[name] = labels
    return found


def _periods(formula: ModelFormula, table: pd.DataFrame) -> Codes | None:
    """Return the period of each row, where the model has periods."""
    period = next((one for one in ("period", "time") if one in formula.fixed_names), None)
    return None if period is None or period not in table.columns else _codes(table, [period])


def _imputed(
    formula: ModelFormula,
    frame: pd.DataFrame,
    table: pd.DataFrame,
    y: Matrix,
    complete: NDArray[np.bool_],
    tested: str,
    imputations: int,
) -> dict[str, Any]:
    """Return the analysis in which rows without an outcome are imputed."""
    if len(formula.random) != 1 or formula.random[0].slope is not None:
        raise InputError(
            f"model '{formula.text}': multiple imputation needs a single random intercept, as "
            "(1|cluster)"
        )
    of_response = set(names_in(formula.response))
    predictors = [one for one in _used_columns(frame, formula) if one not in of_response]
    there = ~np.any([is_missing(frame[one]) for one in predictors], axis=0)
    asked = frame.loc[there, predictors].copy()
    asked.index = np.flatnonzero(there)
    numeric = [one for one in predictors if _is_numeric(table, one)]
    labels = [one for one in predictors if one not in numeric]
    wide = typed_columns(asked, predictors, numeric, labels)
    X, names = fixed_columns(formula, wide)
    if not (X[:, 0] == 1.0).all():
        raise InputError(f"model '{formula.text}': multiple imputation needs an intercept")
    kept = prepare_design(X, np.arange(len(X), dtype=float)).kept
    X, names = X[:, kept], tuple(names[j] for j in kept)
    outcome = np.full(len(frame), np.nan)
    outcome[complete] = y
    return imputation_analysis(
        X,
        names.index(tested),
        outcome[there],
        _codes(wide, formula.random[0].factors),
        imputations,
    )


def _with_cluster_period(
    frame: pd.DataFrame, formula: ModelFormula
) -> tuple[pd.DataFrame, ModelFormula]:
    """Add the column clper where the formula uses it and the table lacks it."""
    if "clper" in frame.columns or "clper" not in formula.random_names:
        return frame, formula
    period = next((one for one in ("period", "time") if one in frame.columns), None)
    if "cluster" not in frame.columns or period is None:
        raise InputError(
            "column 'clper': it is not in the table and cannot be made from cluster and period"
        )
    either = is_missing(frame["cluster"]) | is_missing(frame[period])
    joined = frame["cluster"].astype("str") + ":" + frame[period].astype("str")
    return frame.assign(clper=joined.where(~either)), formula


def _used_columns(frame: pd.DataFrame, formula: ModelFormula) -> tuple[str, ...]:
    used = tuple(dict.fromkeys((*formula.fixed_names, *formula.random_names)))
    for name in used:
        if name not in frame.columns:
            raise unknown("column", name, frame.columns)
    return used


def _is_numeric(table: pd.DataFrame, name: str) -> bool:
    return bool(np.issubdtype(np.asarray(table[name]).dtype, np.number))


def _codes(table: pd.DataFrame, factors: Sequence[str]) -> Codes:
    """Return the level of each row of a combination of columns."""
    parts = [
        np.unique(np.asarray(table[one]).astype(str), return_inverse=True)[1] for one in factors
    ]
    return np.asarray(
        np.unique(np.column_stack(parts), axis=0, return_inverse=True)[1], dtype=np.intp
    ).reshape(-1)


def _random_effect(one: RandomTerm, table: pd.DataFrame) -> RandomEffect:
    codes = _codes(table, one.factors)
    if codes.max() < 1:
        raise InputError(f"grouping '{one.group}': it must have at least 2 levels, here it has 1")
    slope = None if one.slope is None else table[one.slope].to_numpy(dtype=float)
    return RandomEffect(one.name, codes, slope)


def _check_varies(table: pd.DataFrame, formula: ModelFormula, term: str) -> None:
    if term in table.columns and term != formula.response:
        values = np.unique([label_of(one) for one in table[term]])
        if values.size == 1:
            raise InputError(
                f"term '{term}': it has the value {values[0]} in every complete row, "
                "so there is nothing to compare"
            )


def _tested_column(
    term: str, names: tuple[str, ...], table: pd.DataFrame, formula: ModelFormula
) -> str:
    """Return the name of the coefficient that a term stands for."""
    if term in names:
        return term
    # An interaction may be named in any order.
    turned = next((one for one in names if sorted(one.split(":")) == sorted(term.split(":"))), None)
    if turned is not None:
        return turned
    column = re.sub(r"^(?:as\.factor|factor|C)\((.*)\)$", r"\1", term).strip()
    if column in formula.fixed_names and column in table.columns:
        levels = [label_of(one) for one in table[column].unique()]
        found = [f"{written}{one}" for written in (column, f"factor({column})") for one in levels]
        found = [one for one in names if one in found]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(found[:6]) + (", ..." if len(found) > 6 else "")
            raise InputError(
                f"term '{term}': it has {len(found)} coefficients, name one of {listed}"
            )
    raise unknown("term", term, names)


def _result(
    formula: ModelFormula,
    term: str,
    tested: str,
    fit: MixedModelFit,
    columns: Matrix,
    effects: list[RandomEffect],
    clusters: Codes,
    dropped_rows: int,
) -> dict[str, Any]:
    coef = {name: _coefficient(fit, j) for j, name in enumerate(fit.names)}
    at = fit.names.index(tested)
    groupings = [one.codes for one in effects if one.slope is None] or [effects[0].codes]
    between = None
    if not partially_nested(columns, at, clusters, effects):
        df, level = between_within_df(columns, at, groupings)
        test = t_test(coef[tested]["estimate"], coef[tested]["se"], df)
        between = {"df": df, "level": level, "t": test.t, "p": test.p, "ci95": list(test.ci95)}
    groups = dict(
        sorted(
            {
                one.group: effect.n_levels
                for one, effect in zip(formula.random, effects, strict=True)
            }.items(),
            key=lambda pair: -pair[1],
        )
    )
    result = {
        "formula": formula.text,
        "term": term,
        "n_obs": fit.n_obs,
        "n_groups": groups,
        "rows_dropped_missing": dropped_rows,
        "dropped_columns": list(fit.dropped_columns),
        **coef[tested],
        "between_within": between,
        "coef": coef,
        "variance": dict(fit.variances),
        "icc": _icc(formula, fit),
        "reml_criterion": fit.reml_criterion,
        "singular": fit.singular,
        "converged": fit.converged,
    }
    result["warnings"] = _warnings(fit, effects)
    return result


def _coefficient(fit: MixedModelFit, j: int) -> dict[str, Any]:
    estimate, inference = float(fit.coefficients[j]), fit.inference[j]
    satterthwaite = t_test(estimate, inference.se, inference.satterthwaite_df)
    kenward_roger = t_test(estimate, inference.kenward_roger_se, inference.kenward_roger_df)
    z = estimate / inference.se
    half = NORMAL_975 * inference.se
    return {
        "estimate": estimate,
        "se": inference.se,
        "satterthwaite": {
            "df": satterthwaite.df,
            "t": satterthwaite.t,
            "p": satterthwaite.p,
            "ci95": list(satterthwaite.ci95),
        },
        "kenward_roger": {
            "se": kenward_roger.se,
            "se_adj": kenward_roger.se,
            "df": kenward_roger.df,
            "t": kenward_roger.t,
            "p": kenward_roger.p,
            "ci95": list(kenward_roger.ci95),
        },
        "wald_z": {
            "p": math.erfc(abs(z) / math.sqrt(2.0)),
            "ci95": [estimate - half, estimate + half],
        },
    }


def _icc(formula: ModelFormula, fit: MixedModelFit) -> float | None:
    """Return the share of the cluster variance, where no random slope acts."""
    intercepts = [one for one in formula.random if one.slope is None]
    if not intercepts:
        return None
    top = min(intercepts, key=lambda one: fit.n_levels[one.name])
    total = fit.variances["residual"] + sum(fit.variances[one.name] for one in intercepts)
    return fit.variances[top.name] / total


def crossed_groupings(effects: Sequence[RandomEffect]) -> list[tuple[str, str]]:
    """Return the pairs of random intercepts of which neither is nested in the other."""
    intercepts = sorted((one for one in effects if one.slope is None), key=lambda one: one.n_levels)
    found = []
    for at, coarse in enumerate(intercepts):
        for fine in intercepts[at + 1 :]:
            pairs = np.unique(coarse.codes.astype(np.int64) * fine.n_levels + fine.codes)
            if pairs.size > fine.n_levels:
                found.append((coarse.name, fine.name))
    return found


def _warnings(fit: MixedModelFit, effects: list[RandomEffect]) -> list[str]:
    found = []
    if not fit.converged:
        found.append("the variances did not converge; do not use this fit")
    zero = [one.name for one in effects if fit.variances[one.name] == 0.0]
    if zero:
        found.append(
            f"the variance of {', '.join(zero)} is estimated as zero: Satterthwaite's degrees of "
            "freedom leave it out, Kenward-Roger's keep it"
        )
    for coarse, fine in crossed_groupings(effects):
        found.append(
            f"{coarse} and {fine} are crossed; if the numbers of one begin anew in each level of "
            "the other, write them nested, as (1|cluster/id)"
        )
    if fit.dropped_columns:
        found.append(
            f"left out because they depend on other columns: {', '.join(fit.dropped_columns)}"
        )
    return found
