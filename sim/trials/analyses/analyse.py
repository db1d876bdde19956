"""The analysis of one cluster trial: from a table and a formula to tests of one term.

The result is a plain dictionary, ready for JSON. Every interval in it is a 95% confidence interval
of the coefficient for the sampling of clusters and people, given the model.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.trials.analyses.analysed_trial import PARTICIPANTS, AnalysedTrial, Answer, fit_linear
from sim.trials.analyses.cluster_answers import (
    PAIRS,
    STRATA,
    Declared,
    cluster_answers,
    declared_strata,
    partially_nested,
    randomised_clusters,
)
from sim.trials.analyses.cluster_tests import (
    TTest,
    between_within_df,
    nested_groupings,
    t_test,
)
from sim.trials.analyses.correlations import correlations
from sim.trials.analyses.exposure import (
    UNEQUAL,
    Curve,
    begun_unseen,
    exposure_curve,
    trial_of_estimand,
)
from sim.trials.analyses.exposure_spline import linear_spline
from sim.trials.analyses.free_contrasts import free_contrasts
from sim.trials.analyses.further_analyses import imputation_analysis, participation_analysis
from sim.trials.analyses.joint import adjusted_means, joint_analysis
from sim.trials.analyses.likelihood_answers import PROFILE_INTERVAL, T_INTERVAL, likelihood_answers
from sim.trials.analyses.methods import marginal
from sim.trials.analyses.model_answers import coefficient, warnings_of
from sim.trials.analyses.read_model import read_model
from sim.trials.analyses.registry import ANALYSES, analysis_named
from sim.trials.analyses.rows_to_impute import rows_of_estimand, rows_to_impute
from sim.trials.analyses.tested_term import (
    compared_labels,
    control_is_larger,
    direction,
    notes_on_term,
)
from sim.trials.analyses.trial_result import tested_result
from sim.trials.data.data_notes import (
    outcome_note,
    strays,
)
from sim.trials.data.long_export import trial_table
from sim.trials.data.trial_table import (
    as_numbers,
    label_of,
)
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.linear_fit import LinearFit
from sim.trials.fits.model_formula import ModelFormula, names_in, parse_formula

if TYPE_CHECKING:
    import pandas as pd

    from sim.trials.analyses.analysis_plan import AnalysisPlan

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

FEWEST_FOR_LONG_TERM = 3
COMPLIER_INTERVAL = (
    "Anderson-Rubin (Fieller): effects that a cluster-summary t test does not reject"
)


def analyse_csv(
    path: str | Path,
    model: str,
    term: str,
    *,
    references: Sequence[str] = (),
    missing: Sequence[str] = (),
    participation: str | None = None,
    imputations: int = 0,
    strata: Sequence[str] = (),
    pairs: str | None = None,
    weights: str | None = None,
    residual_by: str | None = None,
    interval: str = T_INTERVAL,
    contrasts: Sequence[str] = (),
    spline: int | None = None,
    sheet: str | None = None,
) -> dict[str, Any]:
    """Analyse a file; see `analyse_table`.

    Parameters
    ----------
    path : str or Path
        CSV, a workbook (.xlsx), Stata (.dta), SPSS (.sav) or Parquet, with a line of headings. A
        long export of REDCap is filled in within persons, and made wide where the formula asks for
        columns as ``qpr_followup``.
    model : str
        Formula in lme4's notation.
    term : str
        The tested term.
    references, missing : sequence of str
    participation : str, optional
    imputations : int
    strata : sequence of str
    pairs, weights, residual_by : str, optional
    interval : str
    contrasts : sequence of str
    spline : int, optional
        See `analyse_table`.
    sheet : str, optional
        Sheet of a workbook.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If the file, the formula or the term cannot be used.
    """
    formula = parse_formula(model)
    beside = tuple(one for one in (weights, residual_by) if one is not None)
    frame, notes = trial_table(path, (*formula.fixed_names, *formula.random_names, *beside), sheet)
    result = analyse_table(
        frame,
        model,
        term,
        references=references,
        missing=missing,
        participation=participation,
        imputations=imputations,
        strata=strata,
        pairs=pairs,
        weights=weights,
        residual_by=residual_by,
        interval=interval,
        contrasts=contrasts,
        spline=spline,
    )
    result["notes"] = [*notes, *result["notes"]]
    return result


def analyse_table(
    frame: pd.DataFrame,
    model: str,
    term: str,
    *,
    references: Sequence[str] = (),
    missing: Sequence[str] = (),
    participation: str | None = None,
    imputations: int = 0,
    strata: Sequence[str] = (),
    pairs: str | None = None,
    weights: str | None = None,
    residual_by: str | None = None,
    interval: str = T_INTERVAL,
    contrasts: Sequence[str] = (),
    spline: int | None = None,
    confidence: float = 0.95,
    declared: AnalysisPlan | None = None,
) -> dict[str, Any]:
    """Fit a linear mixed model to a trial's table and test one term.

    A term with several coefficients, as a factor of three arms, is tested as a whole; see
    `sim.trials.analyses.joint.joint_analysis` for what is returned then.

    Parameters
    ----------
    frame : DataFrame
        One row for each measurement. Rows with a missing value in a used column are left out. A
        column of numbers is a number, whatever it is called, unless the formula says ``factor()``.
    model : str
        Formula in lme4's notation, as ``"fu ~ arm + base + site + (1|cluster)"``. ``clper`` stands
        for cluster and period (or time) combined if the table has no such column.
    term : str
        A column, or a coefficient's name as R writes it.
    references : sequence of str
        ``LABEL`` that the tested factor's others are compared with, or ``COLUMN=LABEL``. Otherwise
        a label that means control in ordinary use, else the one that sorts first.
    missing : sequence of str
        Values that stand for missing: ``CODE``, or ``COLUMN=CODE``.
    participation : str, optional
        Column that says how far a cluster took part; adds the complier-average effect and
        as-treated contrasts. Needs a reference that was given or recognised.
    imputations : int
        Data sets in which missing outcomes are imputed within clusters and pooled by Rubin's rules;
        0 for none.
    strata : sequence of str
        Columns of strata within which clusters were randomised.
    pairs : str, optional
        Column of pairs of clusters, one of each arm.
    weights : str, optional
        Column of weights: the residual variance of a row is divided by its own, as where a row is
        a mean of so many people.
    residual_by : str, optional
        Column of labels, each of which has a residual variance of its own, such as the arm.
    interval : str
        ``"profile"`` adds ``likelihood``: profile intervals and the term's likelihood-ratio test.
    contrasts : sequence of str
        Sums of coefficients, as ``"armfull - 0.5*armlight"``; adds ``contrasts``.
    spline : int, optional
        Columns of a natural cubic spline along which the effect grows with exposure; adds
        ``exposure_spline``, see `sim.trials.analyses.exposure_spline.linear_spline`.
    confidence : float
        Level of the profile intervals.
    declared : AnalysisPlan, optional
        What was planned: test, level and estimand; adds ``declared``, its answer.

    Returns
    -------
    dict
        ``direction`` (which minus which, in the data's labels), ``compared`` (``column``,
        ``level``, ``reference`` and how it was ``chosen``; None for a quantity), ``references``,
        ``notes`` (what was guessed, and what the data make one ask), ``n_obs``, ``n_groups``,
        ``rows_dropped_missing``, ``missing_by_column``, ``formula``, ``term``, ``estimate``,
        ``se``, ``coefficient`` (R's name of the tested one), ``randomised`` (columns that tell the
        randomised clusters), ``tests`` (t tests of the registered analyses that go with the trial,
        by name),
        ``satterthwaite``, ``kenward_roger``, ``between_within`` (None in a partially nested
        trial), ``wald_z``, ``cluster_summary`` (None unless the term compares two arms of whole
        clusters; pairs, strata and other covariates of clusters in its second stage),
        ``cluster_permutation`` (of arms, or of the sequences of a schedule whose periods are in the
        model, within strata), ``strata`` (pairs or strata, and whether they were declared),
        ``coef``, ``variance``, ``icc`` (within one period), ``correlations`` (ICC, CAC and IAC with
        intervals), ``exposure`` (where clusters begin in different periods and stay treated:
        effects by exposure, their average and the last, and tests that they are equal or zero),
        ``reml_criterion``, ``singular``, ``converged``, ``dropped_columns``,
        ``warnings``; if asked for, ``participation``, ``multiple_imputation``, ``likelihood`` and
        ``contrasts`` (see `sim.trials.analyses.free_contrasts.free_contrasts`).

    Raises
    ------
    InputError
        Names the column, value and rule that stand in the way.
    """
    beside = [one for one in (participation, pairs, *strata) if one is not None]
    read = read_model(
        frame,
        model,
        term,
        references,
        missing,
        beside,
        weights=weights,
        residual_by=residual_by,
        several=declared is None,
    )
    if len(read.tested) > 1:
        if participation is not None or imputations or strata or pairs is not None or spline:
            raise InputError(
                f"term '{term}': it has {len(read.tested)} coefficients; participation, "
                "imputation, strata, pairs and spline go with a term that has one"
            )
        joint = joint_analysis(read, term, interval, confidence, contrasts)
        return {**joint, "weights": weights, "residual_by": residual_by}
    frame, formula, table, y, effects = (
        read.frame,
        read.formula,
        read.table,
        read.left,
        read.effects,
    )
    gone, dropped, notes, chosen = read.gone, read.dropped, read.notes, read.chosen
    fixed, at = read.fixed, read.at
    if participation is not None and participation not in frame.columns:
        raise unknown("column", participation, frame.columns)
    told = outcome_note(formula.response, y)
    notes += [] if told is None else [told]
    X, names = fixed.X, fixed.names
    groups = _declared(frame, gone, dropped, strata, pairs)
    fit = fit_linear(X, y, effects, names, read.structure)
    tested = names[at]
    if tested not in fit.names:
        others = ", ".join(one for one in fit.names if one != tested)
        raise InputError(f"term '{term}': it is a combination of other columns ({others})")
    position = fit.names.index(tested)
    columns = X[:, [names.index(one) for one in fit.names]]
    clusters = randomised_clusters(effects, groups, columns[:, position])
    own = fixed.parts[at]
    result = _result(formula, term, tested, fit, columns, effects, clusters, int(dropped.sum()))
    result |= {
        "direction": direction(own, table),
        "compared": compared_labels(own, table, chosen),
        "references": {name: one._asdict() for name, one in chosen.items()},
        "missing_by_column": {one: int(gone[one].sum()) for one in read.used if gone[one].any()},
    }
    for name, parts in zip(names, fixed.parts, strict=True):
        if name in result["coef"]:
            result["coef"][name]["direction"] = direction(parts, table)
    tested_columns = [one.column for one in own]
    result["correlations"], more = correlations(
        formula, effects, fit, table, columns[:, position], tested_columns
    )
    result |= {"weights": weights, "residual_by": residual_by}
    if interval == PROFILE_INTERVAL:
        result["likelihood"] = likelihood_answers(fit, [tested], confidence)
    if contrasts:
        result["contrasts"] = free_contrasts(fit, contrasts)
    means = adjusted_means(fixed, fit, own, table)
    if means is not None:
        result["adjusted_means"] = means
    result["icc"] = result["correlations"].get("icc", {}).get("estimate")
    result["notes"] = [*notes_on_term(fixed, at, table, chosen), *notes, *more]
    factors = {
        name: [label_of(one) for one in table[name]]
        for name in formula.fixed_names
        if name not in (*names_in(formula.response), *tested_columns)
    }
    # An interaction's product is no schedule that was randomised.
    periods = read.periods if len(own) == 1 else None
    of_clusters = cluster_answers(
        columns, fit.names, position, y, effects, groups, periods, factors
    )
    if weights is not None:
        # Means of clusters would count every row the same.
        of_clusters |= {"cluster_summary": None, "cluster_permutation": None}
    result["warnings"] += of_clusters.pop("notes")
    result.update(of_clusters)
    own_strata = None
    if groups is not None:
        own_strata = groups.rows[np.unique(clusters, return_index=True)[1]]
    trial = AnalysedTrial(
        columns, y, position, clusters, effects, periods, own_strata, fit, read.structure
    )
    result["tests"] = _tests(trial, result)
    result["coefficient"] = tested
    grouping = next(
        one
        for one, effect in zip(formula.random, effects, strict=True)
        if np.array_equal(effect.codes, clusters) or one is formula.random[-1]
    )
    result["randomised"] = list(grouping.factors)
    if len(own) == 1:
        firsts = table.iloc[np.unique(clusters, return_index=True)[1]]
        labels = zip(*(firsts[one] for one in grouping.factors), strict=True)
        each = [":".join(label_of(field) for field in one) for one in labels]
        stray = strays(columns[:, position], clusters, each, term)
        result["notes"] += [] if stray is None else [stray]
    curve = exposure_curve(trial, functools.partial(_tests, result=result))
    if curve is not None:
        result["exposure"] = _curve(curve, trial, result)
    if spline is not None:
        result["exposure_spline"] = linear_spline(trial, spline)
    if participation is not None:
        if (gone[participation] & ~dropped).any():
            raise InputError(f"column '{participation}': it must be complete")
        if result["between_within"] is None:
            raise InputError("participation: people of one arm are in no clusters to compare")
        taken_part = frame.loc[~dropped, participation].copy()
        taken_part.index = table.index
        shares = as_numbers(participation, taken_part, must=True)
        assert shares is not None
        turned = control_is_larger(result["compared"])
        taken = participation_analysis(
            columns, position, y, shares, clusters, own_strata, turned=turned
        )
        taken["complier_average"]["interval_method"] = COMPLIER_INTERVAL
        arms = [result["compared"]["reference"], result["compared"]["level"]]
        taken["arms"] = arms[::-1] if turned else arms
        result["participation"] = taken
    if imputations and read.structure is not None:
        raise InputError(
            "impute: needs independent random intercepts, residuals of one variance and no weights"
        )
    if imputations:
        rows = rows_to_impute(read, tested)
        if declared is not None:
            rows = rows_of_estimand(rows, declared.estimand, declared.exposure_period)
        result["multiple_imputation"] = imputation_analysis(rows, imputations)
    if declared is not None:
        result["declared"] = _planned(trial, declared, result.get("multiple_imputation"))
    return result


def _tests(trial: AnalysedTrial, result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the t test of each analysis that goes with a trial."""
    found = {}
    for name, one in ANALYSES.items():
        of_rows = one.of_model or one.aims == PARTICIPANTS
        answer = one.test(trial) if of_rows and name != "permutation" else None
        if answer is None or (one.counts_clusters and result["between_within"] is None):
            continue
        if np.isfinite(answer.se) and answer.se > 0.0 and answer.df > 0.0:
            found[name] = _fields(t_test(answer.estimate, answer.se, answer.df))
    if result["cluster_summary"] is not None:
        kept = ("estimate", "se", "df", "t", "p", "ci95")
        found["cluster-summary"] = {one: result["cluster_summary"][one] for one in kept}
    return found


def _curve(curve: Curve, trial: AnalysedTrial, result: dict[str, Any]) -> dict[str, Any]:
    """Return effects by exposure as plain data."""
    equal = curve.all_equal["kenward_roger"]
    unseen = begun_unseen(trial)
    if unseen:
        several = f"{unseen} clusters have" if unseen > 1 else "1 cluster has"
        result["warnings"].append(
            f"exposure: {several} no rows in the period before the first with treatment, from "
            "which exposure is counted; if treatment began before it, the effects by exposure are "
            "of others than they say"
        )
    if trial.number < FEWEST_FOR_LONG_TERM * len(curve.levels):
        result["warnings"].append(
            f"long-term effect: {trial.number} clusters over {len(curve.levels)} exposures tell "
            "little of the last one"
        )
    if equal.p < UNEQUAL:
        result["warnings"].append(
            f"effects differ by exposure (Kenward-Roger p {equal.p:.3g}): the constant effect is "
            "no average of them and may have the other sign; read the time-averaged or the "
            "long-term effect"
        )
    return {
        "by_exposure": [
            {"exposure": level, "tests": tests} for level, tests in curve.effects.items()
        ],
        **{one.replace("-", "_").replace(" ", "_"): t for one, t in curve.averages.items()},
        "all_equal": {name: one._asdict() for name, one in curve.all_equal.items()},
        "all_zero": {name: one._asdict() for name, one in curve.all_zero.items()},
    }


def _planned(
    trial: AnalysedTrial, plan: AnalysisPlan, imputed: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the answer of the one analysis that was planned, with an interval at its level.

    Raises
    ------
    InputError
        If these data have no such answer: another test is another plan.
    """
    if imputed is not None:
        answer: Answer | None = Answer(
            imputed["estimate"], imputed["se"], imputed["df"], None, np.nan, np.nan
        )
    else:
        own = trial_of_estimand(trial, plan.estimand, plan.exposure_period)
        own = replace(own, correlation=plan.correlation)
        answer = analysis_named(plan.test).test(own)
    size = len(trial.y), trial.number
    found = None if answer is None else tested_result(answer, plan.alpha, *size, plan.bounds)
    if found is None or found.failed:
        raise InputError(
            f"test '{plan.test}': the planned analysis cannot be done on these data; another is a "
            "change of plan, which --model states"
        )
    names = ("estimate", "se", "df", "p")
    of_model: dict[str, Any] = {}
    model = marginal.fitted(own) if plan.correlation is not None else None
    if model is not None:
        of_model = {"working": model.fit.correlation, "error": model.error}
        of_model["family"] = model.family.name
    return {
        **of_model,
        **{one: float(getattr(found, one)) for one in names},
        "interval": [float(found.low), float(found.high)],
        "clusters": trial.number,
        "rows": len(trial.y),
    }


def _fields(test: TTest) -> dict[str, Any]:
    return {**test._asdict(), "ci95": list(test.ci95)}


def _declared(
    frame: pd.DataFrame,
    gone: dict[str, NDArray[np.bool_]],
    dropped: NDArray[np.bool_],
    strata: Sequence[str],
    pairs: str | None,
) -> Declared | None:
    """Return the pairs or strata that the user names, of the rows used."""
    if strata and pairs is not None:
        raise InputError("pairs and strata: give one of them; pairs are strata of two")
    columns = list(strata) if pairs is None else [pairs]
    for name in columns:
        if name not in frame.columns:
            raise unknown("column", name, frame.columns)
        if (gone[name] & ~dropped).any():
            raise InputError(f"column '{name}': it must be complete, as it tells the strata")
    if not columns:
        return None
    rows = frame.loc[~dropped]
    values = {one: [label_of(value) for value in rows[one]] for one in columns}
    return declared_strata(STRATA if pairs is None else PAIRS, columns, values)


def _result(
    formula: ModelFormula,
    term: str,
    tested: str,
    fit: LinearFit,
    columns: Matrix,
    effects: list[RandomEffect],
    clusters: Codes,
    dropped_rows: int,
) -> dict[str, Any]:
    coef = {name: coefficient(fit, j) for j, name in enumerate(fit.names)}
    at = fit.names.index(tested)
    between = None
    if not partially_nested(columns, at, clusters, effects):
        df, level = between_within_df(columns, at, nested_groupings(effects, clusters))
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
        "reml_criterion": fit.reml_criterion,
        "singular": fit.singular,
        "converged": fit.converged,
    }
    result["warnings"] = warnings_of(fit, effects)
    return result
