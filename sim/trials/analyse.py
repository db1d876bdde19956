"""The analysis of one cluster trial: from a table and a formula to tests of one term.

The result is a plain dictionary, ready for JSON. Every interval in it is a 95% confidence interval
of the coefficient for the sampling of clusters and people, given the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.trials.cell_sums import RandomEffect
from sim.trials.cluster_tests import (
    between_within_df,
    cluster_means,
    cluster_permutation_test,
    cluster_summary_test,
    t_test,
    two_arms,
)
from sim.trials.fixed_part import fixed_columns, response_column
from sim.trials.mixed_model import MixedModelFit, fit_mixed_model
from sim.trials.model_formula import ModelFormula, RandomTerm, parse_formula
from sim.trials.trial_table import (
    LABEL_COLUMNS,
    is_missing,
    label_of,
    read_table,
    typed_columns,
)

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

NORMAL_975 = 1.959963984540054


def analyse_csv(
    path: str | Path, model: str, term: str, labels: Sequence[str] = LABEL_COLUMNS
) -> dict[str, Any]:
    """Analyse a comma-separated file; see `analyse_table`.

    Parameters
    ----------
    path : str or Path
        UTF-8 file with a header; an empty field is missing.
    model : str
        Formula in lme4's notation.
    term : str
        The tested term.
    labels : sequence of str
        Columns whose numbers are labels.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If the file, the formula or the term cannot be used.
    """
    parse_formula(model)
    return analyse_table(read_table(path), model, term, labels)


def analyse_table(
    frame: pd.DataFrame, model: str, term: str, labels: Sequence[str] = LABEL_COLUMNS
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

    Returns
    -------
    dict
        ``n_obs``, ``n_groups``, ``rows_dropped_missing``, ``formula``, ``term``, ``estimate``,
        ``se``, ``satterthwaite``, ``kenward_roger``, ``between_within``, ``wald_z``,
        ``cluster_summary`` and ``cluster_permutation`` (None unless the term compares two arms of
        whole clusters), ``coef``, ``variance``, ``icc``, ``reml_criterion``, ``singular``,
        ``converged``, ``dropped_columns``, ``warnings``.

    Raises
    ------
    InputError
        Names the column, value and rule that stand in the way.
    """
    formula = parse_formula(model)
    frame, formula = _with_cluster_period(frame, formula)
    used = _used_columns(frame, formula)
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
    fit = fit_mixed_model(X, y, effects, names)
    if tested not in fit.names:
        others = ", ".join(one for one in fit.names if one != tested)
        raise InputError(f"term '{term}': it is a combination of other columns ({others})")
    return _result(formula, term, tested, fit, X, y, names, effects, int(missing.sum()))


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
    if term in formula.fixed_names and term in table.columns and not _is_numeric(table, term):
        found = [f"{term}{level}" for level in table[term].cat.categories]
        found = [one for one in found if one in names]
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
    X: Matrix,
    y: Matrix,
    names: tuple[str, ...],
    effects: list[RandomEffect],
    dropped_rows: int,
) -> dict[str, Any]:
    coef = {name: _coefficient(fit, j) for j, name in enumerate(fit.names)}
    at = fit.names.index(tested)
    kept = [names.index(one) for one in fit.names]
    groupings = [one.codes for one in effects if one.slope is None] or [effects[0].codes]
    top = min(groupings, key=lambda codes: int(codes.max()))
    df, level = between_within_df(X[:, kept], at, groupings)
    between = t_test(coef[tested]["estimate"], coef[tested]["se"], df)
    summary, permutation = _cluster_level(X[:, kept], at, y, top)
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
        "between_within": {
            "df": between.df,
            "level": level,
            "t": between.t,
            "p": between.p,
            "ci95": list(between.ci95),
        },
        "cluster_summary": summary,
        "cluster_permutation": permutation,
        "coef": coef,
        "variance": dict(fit.variances),
        "icc": _icc(formula, fit),
        "reml_criterion": fit.reml_criterion,
        "singular": fit.singular,
        "converged": fit.converged,
    }
    result["warnings"] = _warnings(fit, groups, effects, X[:, kept], at, top)
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


def _cluster_level(
    X: Matrix, tested: int, y: Matrix, clusters: Codes
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the cluster-summary and permutation tests, if the term compares whole clusters."""
    arms = two_arms(X[:, tested], clusters)
    k = int(clusters.max()) + 1
    if arms is None or k < 3:
        return None, None
    intervention, distance = arms
    means = cluster_means(y, np.delete(X, tested, axis=1), clusters)
    if np.ptp(means[intervention]) == 0.0 and np.ptp(means[~intervention]) == 0.0:
        return None, None
    test = cluster_summary_test(means, intervention)
    permuted = cluster_permutation_test(means, intervention)
    summary = {
        "n_clusters": [int((~intervention).sum()), int(intervention.sum())],
        "estimate": test.estimate / distance,
        "se": test.se / distance,
        "t": test.t,
        "df": test.df,
        "p": test.p,
        "ci95": [one / distance for one in test.ci95],
    }
    return summary, {
        "estimate": permuted.estimate / distance,
        "p": permuted.p,
        "exact": permuted.exact,
        "n_allocations": permuted.n_allocations,
        "monte_carlo_se": permuted.monte_carlo_se,
    }


def _icc(formula: ModelFormula, fit: MixedModelFit) -> float | None:
    """Return the share of the cluster variance, where no random slope acts."""
    intercepts = [one for one in formula.random if one.slope is None]
    if not intercepts:
        return None
    top = min(intercepts, key=lambda one: fit.n_levels[one.name])
    total = fit.variances["residual"] + sum(fit.variances[one.name] for one in intercepts)
    return fit.variances[top.name] / total


def _warnings(
    fit: MixedModelFit,
    groups: dict[str, int],
    effects: list[RandomEffect],
    X: Matrix,
    tested: int,
    clusters: Codes,
) -> list[str]:
    found = []
    if not fit.converged:
        found.append("the variances did not converge; do not use this fit")
    zero = [one.name for one in effects if fit.variances[one.name] == 0.0]
    if zero:
        found.append(
            f"the variance of {', '.join(zero)} is estimated as zero: Satterthwaite's degrees of "
            "freedom leave it out, Kenward-Roger's keep it"
        )
    if fit.dropped_columns:
        found.append(
            f"left out because they depend on other columns: {', '.join(fit.dropped_columns)}"
        )
    arms = two_arms(X[:, tested], clusters)
    if arms is not None:
        smaller = int(min(arms[0].sum(), (~arms[0]).sum()))
        if smaller < 10:
            found.append(
                f"{smaller} clusters in the smaller arm: read the cluster-summary and permutation "
                "tests beside the mixed model"
            )
    elif min(groups.values()) < 10:
        found.append(f"{min(groups.values())} clusters: small-sample methods are stretched")
    return found
