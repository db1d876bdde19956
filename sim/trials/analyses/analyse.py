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
from sim.trials.analyses.cluster_tests import (
    between_within_df,
    cluster_means,
    cluster_permutation_test,
    cluster_regression_test,
    cluster_summary_test,
    constant_within,
    t_test,
    two_arms,
)
from sim.trials.analyses.further_analyses import (
    imputation_analysis,
    participation_analysis,
    schedule_permutation,
)
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
    )


def analyse_table(
    frame: pd.DataFrame,
    model: str,
    term: str,
    labels: Sequence[str] = LABEL_COLUMNS,
    *,
    participation: str | None = None,
    imputations: int = 0,
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
        ``se``, ``satterthwaite``, ``kenward_roger``, ``between_within``, ``wald_z``,
        ``cluster_summary`` (None unless the term compares two arms of whole clusters), the same
        with covariates of clusters in its second stage (``cluster_summary_second_stage``),
        ``cluster_permutation`` (of arms, or of the sequences of a schedule whose periods are in the
        model), ``coef``, ``variance``, ``icc``, ``reml_criterion``, ``singular``, ``converged``,
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
    fit = fit_mixed_model(X, y, effects, names)
    if tested not in fit.names:
        others = ", ".join(one for one in fit.names if one != tested)
        raise InputError(f"term '{term}': it is a combination of other columns ({others})")
    result = _result(formula, term, tested, fit, X, y, names, effects, int(missing.sum()))
    at = fit.names.index(tested)
    columns = X[:, [names.index(one) for one in fit.names]]
    clusters = _coarsest(effects)
    if result["cluster_permutation"] is None:
        result["cluster_permutation"] = _of_schedule(formula, table, columns, at, y, clusters)
    if participation is not None:
        taken_part = frame.loc[~missing, participation].copy()
        taken_part.index = complete.index
        if is_missing(taken_part).any():
            raise InputError(f"column '{participation}': it must be complete")
        shares = as_numbers(participation, taken_part, must=True)
        assert shares is not None
        taken = participation_analysis(columns, at, y, shares, clusters)
        taken["complier_average"]["interval_method"] = COMPLIER_INTERVAL
        result["participation"] = taken
    if imputations:
        result["multiple_imputation"] = _imputed(
            formula, frame, table, y, ~missing, tested, imputations
        )
    return result


def _coarsest(effects: Sequence[RandomEffect]) -> Codes:
    """Return the grouping with the fewest levels, in a trial the clusters."""
    groupings = [one.codes for one in effects if one.slope is None] or [effects[0].codes]
    return min(groupings, key=lambda codes: int(codes.max()))


def _of_schedule(
    formula: ModelFormula,
    table: pd.DataFrame,
    columns: Matrix,
    tested: int,
    y: Matrix,
    clusters: Codes,
) -> dict[str, Any] | None:
    """Return the permutation test of a schedule, where the model has its periods."""
    period = next((one for one in ("period", "time") if one in formula.fixed_names), None)
    if period is None or period not in table.columns or int(clusters.max()) < 2:
        return None
    found = schedule_permutation(columns, tested, y, clusters, _codes(table, [period]))
    return None if found is None else found._asdict()


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
    top = _coarsest(effects)
    df, level = between_within_df(X[:, kept], at, groupings)
    between = t_test(coef[tested]["estimate"], coef[tested]["se"], df)
    summary, permutation = _cluster_level(X[:, kept], at, y, top)
    second_stage = None if summary is None else _second_stage(X[:, kept], at, y, top)
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
        "cluster_summary_second_stage": second_stage,
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


def _second_stage(X: Matrix, tested: int, y: Matrix, clusters: Codes) -> dict[str, Any] | None:
    """Return the cluster-summary test with covariates of clusters in its second stage, if any."""
    arms = two_arms(X[:, tested], clusters)
    others = np.delete(X, tested, axis=1)
    of_clusters = constant_within(others, clusters)
    if arms is None or of_clusters.sum() < 2:
        return None
    first = np.unique(clusters, return_index=True)[1]
    varying = np.column_stack([np.ones(y.size), others[:, ~of_clusters]])
    means = cluster_means(y, varying, clusters)
    try:
        test = cluster_regression_test(means, arms[0], others[first][:, of_clusters])
    except InputError:
        return None
    return {
        "estimate": test.estimate / arms[1],
        "se": test.se / arms[1],
        "t": test.t,
        "df": test.df,
        "p": test.p,
        "ci95": [one / arms[1] for one in test.ci95],
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
    for coarse, fine in crossed_groupings(effects):
        found.append(
            f"{coarse} and {fine} are crossed; if the numbers of one begin anew in each level of "
            "the other, write them nested, as (1|cluster/id)"
        )
    if fit.dropped_columns:
        found.append(
            f"left out because they depend on other columns: {', '.join(fit.dropped_columns)}"
        )
    arms = two_arms(X[:, tested], clusters)
    if arms is not None:
        smaller = int(min(arms[0].sum(), (~arms[0]).sum()))
        if smaller < 10:
            clusters_are = "1 cluster" if smaller == 1 else f"{smaller} clusters"
            found.append(
                f"{clusters_are} in the smaller arm: read the cluster-summary and permutation "
                "tests beside the mixed model"
            )
    elif min(groups.values()) < 10:
        found.append(f"{min(groups.values())} clusters: small-sample methods are stretched")
    return found
