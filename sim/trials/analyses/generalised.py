"""Binary and count outcomes of a cluster trial: marginal and mixed models of a user's table.

The marginal model (generalised estimating equations) answers for the population, with errors for
few clusters and a t test; the mixed model with random intercepts for a cluster like others. Risks
and rates with everybody in each arm follow from both. Where clusters begin in different periods the
marginal model has effects by exposure, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, unknown
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.cluster_tests import t_test
from sim.trials.analyses.exposure import UNEQUAL
from sim.trials.analyses.exposure_spline import spline_columns, told
from sim.trials.analyses.free_contrasts import contrast_rows
from sim.trials.analyses.further_analyses import data_sets, pooled_answer
from sim.trials.analyses.marginal_exposure import hotelling, marginal_exposure, marginal_spline
from sim.trials.analyses.read_model import read_model
from sim.trials.analyses.rows_to_impute import RowsToImpute, rows_to_impute
from sim.trials.analyses.rubin import pool
from sim.trials.analyses.standardised import chosen_error, standardised
from sim.trials.analyses.tested_term import compared_labels, direction, notes_on_term
from sim.trials.analyses.working_correlation import Clustering, clustering
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.fixed_part import FixedPart
from sim.trials.fits.gee import CORRECTIONS, FAMILIES, Family, GeeFit, Working, fit_gee
from sim.trials.fits.glmm import GlmmFit, fit_glmm

if TYPE_CHECKING:
    import pandas as pd

OVERDISPERSED = 1.5
DEFAULT_POINTS = 9


def analyse_generalised(
    frame: pd.DataFrame,
    model: str,
    term: str,
    family: str,
    *,
    references: Sequence[str] = (),
    missing: Sequence[str] = (),
    points: int | None = None,
    independent: bool = False,
    imputations: int = 0,
    contrasts: Sequence[str] = (),
    spline: int | None = None,
) -> dict[str, Any]:
    """Fit both models to a trial's table and test one term.

    Parameters
    ----------
    model : str
        In lme4's notation with one random intercept, as ``"y ~ arm + (1|team)"``, one nested in it
        besides, ``(1|team) + (1|team:period)``, or ``decay(period|team)``; a count may have
        ``offset(log(months))``.
    term : str
        A column of whole clusters or of people, with a single coefficient.
    family : {'binomial', 'poisson'}
    references, missing : sequence of str
        See `sim.trials.analyses.analyse.analyse_table`.
    points : int, optional
        Quadrature points of the mixed model; 1 is Laplace's approximation, the only one of two
        random intercepts and then the default, else 9.
    independent : bool
        Whether the marginal model's working correlation is nil instead of exchangeable.
    imputations : int
        Data sets in which missing binary outcomes are imputed within clusters; 0 for none.
    contrasts : sequence of str
        Sums of coefficients, as ``"armfull - 0.5*armlight"``; adds ``contrasts``.
    spline : int, optional
        Columns of a natural cubic spline along which the effect grows with exposure; adds
        ``exposure_spline``.

    Returns
    -------
    dict
        ``direction``, ``compared``, ``notes``, ``n_obs``, ``n_clusters``, ``family``, ``effect``;
        ``marginal`` (``coefficients``, their ``standard_errors`` by the chosen error, ``working``
        correlation, ``alpha`` and ``correlation``,
        ``phi``, ``tests`` by error, ``chosen`` error, ``standardised``) and ``mixed``
        (``coefficients``, ``sd``, ``sds``, ``estimate``, ``se``, ``p``, ``log_likelihood``,
        ``standardised``), or None with the reason among ``notes`` where the outcome is separated
        (the latter where correlation fades, too); ``exposure`` in a stepped wedge; if asked for,
        ``multiple_imputation`` (``ratio``, a logarithm, and ``difference`` of the marginal model),
        ``contrasts`` (``each`` and ``joint``, by ``marginal`` and ``mixed``) and
        ``exposure_spline`` (see `sim.trials.analyses.marginal_exposure.marginal_spline`; ``mixed``
        with effects along the same curve by the mixed model, normal tests).

    Raises
    ------
    InputError
        Names the column, value and rule that stand in the way.
    """
    if family.lower().startswith(("neg", "nb")):
        raise InputError(
            f"family = '{family}': no negative binomial model is fitted; 'poisson' gives a "
            "marginal model whose errors and tests hold however much counts vary"
        )
    if family not in FAMILIES:
        raise unknown("family", family, FAMILIES)
    kind = FAMILIES[family]
    read = read_model(frame, model, term, references, missing)
    formula, fixed, y = read.formula, read.fixed, read.y
    if formula.offset and not formula.offset.startswith("log("):
        raise InputError(f"model '{model}': an offset is written offset(log(COLUMN))")
    groups = clustering(formula, read.effects, read.table, independent)
    fading = formula.random[0].time is not None
    if points is None:
        points = DEFAULT_POINTS if groups.cells is None else 1
    elif fading:
        raise InputError(
            f"quadrature = {points}: of the mixed model, which is not fitted with decay(); leave "
            "it out"
        )
    elif points > 1 and groups.cells is not None:
        raise InputError(
            f"quadrature = {points}: with two random intercepts there is Laplace's approximation "
            "alone; leave it out"
        )
    check_outcome(formula.response, y, family)
    if imputations and (family != "binomial" or formula.offset):
        raise InputError(
            f"impute = {imputations}: outcomes of family binomial without an offset are imputed, "
            "no counts"
        )
    kept = prepare_design(fixed.X, y).kept
    names = [fixed.names[j] for j in kept]
    tested = fixed.names[read.at]
    if tested not in names:
        raise InputError(f"term '{term}': it is a combination of other columns")
    x, at = fixed.X[:, kept], names.index(tested)
    offset = read.offset
    clusters = groups.clusters
    own = fixed.parts[read.at]
    sizes = np.bincount(clusters).astype(float)
    notes = [*notes_on_term(fixed, read.at, read.table, read.chosen), *read.notes]
    result: dict[str, Any] = {
        "formula": model,
        "term": term,
        "family": family,
        "effect": kind.effect,
        "direction": direction(own, read.table),
        "compared": compared_labels(own, read.table, read.chosen),
        "references": {name: one._asdict() for name, one in read.chosen.items()},
        "coefficient": tested,
        "points": points,
        "groupings": list(groups.names),
        "n_obs": len(y),
        "n_clusters": len(sizes),
        "rows_dropped_missing": int(read.dropped.sum()),
        "size_variation": float(sizes.std(ddof=1) / sizes.mean()) if len(sizes) > 1 else 0.0,
        "marginal": None,
        "mixed": None,
        "notes": notes,
    }
    if len(sizes) < 4 or x.shape[1] >= len(sizes) - 2:
        raise InputError(
            f"clusters: {len(sizes)} are too few for {x.shape[1]} coefficients; leave covariates "
            "out, or compare clusters by their means without --family"
        )
    separated = separation(x, y, at, family)
    if separated:
        notes.append(
            f"{separated}: odds ratios are infinite and no model of them is fitted; without "
            "--family the difference of proportions and the permutation test of clusters stand"
        )
        return result
    rows = contrast_rows(contrasts, names)
    alike = _other_labels(fixed, read.at, names)
    levels = _sides(x, at, alike)
    for other in (j for j, name in enumerate(names) if j != at and tested in name.split(":")):
        raise InputError(
            f"term '{term}': stands in the interaction {names[other]}, so that it has no one effect"
        )
    gee = fit_gee(x, y, clusters, kind, offset, working=groups.working)
    result["marginal"] = {
        **marginal(gee, names, at, sizes, levels, kind, offset),
        "working": groups.working.kind,
        "correlation": list(gee.correlation),
        "nearest": gee.nearest,
    }
    if gee.nearest > 0.0 and not independent:
        notes.append(
            "no two rows of a cluster share a cell: how alike people of one are, the data do not "
            "tell"
        )
    glmm = None
    if not fading:
        glmm = fit_glmm(x, y, clusters, kind, offset, points=points, cells=groups.cells)
        result["mixed"] = {
            **mixed(glmm, names, at, levels, kind, offset),
            "sds": dict(zip(groups.names, glmm.sds, strict=True)),
        }
    notes += warnings(gee, glmm, kind, sizes, groups)
    if len(rows):
        result["contrasts"] = _contrasts(contrasts, rows, names, gee, glmm, sizes)
    trial = AnalysedTrial(x, y, at, clusters, read.effects, read.periods if len(own) == 1 else None)
    curve = marginal_exposure(trial, kind, offset, groups.working)
    if spline is not None:
        smooth = marginal_spline(trial, kind, offset, groups.working, spline)
        if glmm is not None:
            smooth["mixed"] = _mixed_spline(trial, kind, offset, spline, points, groups)
        result["exposure_spline"] = smooth
    if imputations:
        result["multiple_imputation"] = _imputed(
            rows_to_impute(read, tested), names, alike, kind, groups.working.kind, imputations
        )
    if isinstance(curve, str):
        notes.append(curve)
    elif curve is not None:
        result["exposure"] = curve
        if curve["all_equal"]["p"] < UNEQUAL:
            notes.append(
                f"effects differ by exposure (p {curve['all_equal']['p']:.3g}): the constant "
                "effect is no average of them and may have the other sign; read the time-averaged "
                "or the long-term effect"
            )
    return result


def _other_labels(fixed: FixedPart, at: int, names: Sequence[str]) -> list[int]:
    """Return which columns are other labels of the tested column's factor."""
    own = fixed.parts[at]
    if len(own) != 1 or own[0].level is None:
        return []
    return [
        names.index(name)
        for name, parts in zip(fixed.names, fixed.parts, strict=True)
        if name in names
        and len(parts) == 1
        and parts[0].written == own[0].written
        and parts[0].level not in (None, own[0].level)
    ]


def _sides(x: np.ndarray, at: int, alike: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns with everybody at the higher and at the lower value of the tested one.

    Parameters
    ----------
    alike : sequence of int
        Columns of other labels of its factor: nobody has two labels.
    """
    treated, control = x.copy(), x.copy()
    treated[:, list(alike)] = control[:, list(alike)] = 0.0
    treated[:, at], control[:, at] = x[:, at].max(), x[:, at].min()
    return treated, control


def _contrasts(
    texts: Sequence[str],
    rows: np.ndarray,
    names: Sequence[str],
    gee: GeeFit,
    glmm: GlmmFit | None,
    sizes: np.ndarray,
) -> dict[str, Any]:
    """Return each contrast by both models, and the tests that all are zero, of several."""
    covariance, df = gee.covariance[chosen_error(sizes)], float(gee.clusters - 2)
    each = []
    for text, row in zip(texts, rows, strict=True):
        test = t_test(float(row @ gee.coefficients), float(np.sqrt(row @ covariance @ row)), df)
        one: dict[str, Any] = {
            "contrast": text,
            "weights": {name: float(w) for name, w in zip(names, row, strict=True) if w},
            "marginal": {**test._asdict(), "ci95": list(test.ci95)},
        }
        if glmm is not None:
            one["mixed"] = _normal(row, glmm)
        each.append(one)
    found: dict[str, Any] = {"each": each}
    if len(rows) > 1:
        joint = hotelling(rows, gee.coefficients, covariance, df)
        found["joint"] = {"marginal": joint._asdict()}
        if glmm is not None:
            found["joint"]["mixed"] = _chi_squared(rows, glmm)
    return found


def _normal(row: np.ndarray, fit: GlmmFit) -> dict[str, Any]:
    """Return the normal test of a sum of coefficients of a mixed model, the last ones."""
    from scipy.special import ndtr

    count = len(fit.coefficients)
    estimate = float(row @ fit.coefficients[count - len(row) :])
    covariance = fit.covariance[count - len(row) : count, count - len(row) : count]
    se = float(np.sqrt(row @ covariance @ row))
    half = 1.959963984540054 * se
    p = float(2.0 * ndtr(-abs(estimate / se)))
    return {"estimate": estimate, "se": se, "p": p, "ci95": [estimate - half, estimate + half]}


def _chi_squared(rows: np.ndarray, fit: GlmmFit) -> dict[str, float]:
    """Return Wald's test that sums of coefficients of a mixed model, the last ones, are zero."""
    from scipy.special import chdtrc

    count, used = len(fit.coefficients), rows.shape[1]
    covariance = fit.covariance[count - used : count, count - used : count]
    values = rows @ fit.coefficients[count - used :]
    chi2 = float(values @ np.linalg.solve(rows @ covariance @ rows.T, values))
    return {"chi2": chi2, "df": len(rows), "p": float(chdtrc(len(rows), chi2))}


def _mixed_spline(
    trial: AnalysedTrial,
    family: Family,
    offset: np.ndarray | None,
    df: int,
    points: int,
    groups: Clustering,
) -> dict[str, Any]:
    """Return effects by exposure along a spline by the mixed model."""
    x, levels, rows = spline_columns(trial, df)
    fit = fit_glmm(x, trial.y, trial.clusters, family, offset, points=points, cells=groups.cells)
    found = told(levels, rows, lambda weights: _normal(weights, fit))
    return {**found, "all_zero": _chi_squared(np.eye(df), fit), "sd": fit.sd}


def _imputed(
    rows: RowsToImpute,
    names: Sequence[str],
    alike: Sequence[int],
    kind: Family,
    working: str,
    count: int,
) -> dict[str, Any]:
    """Return the marginal model's answers of imputed data sets, pooled."""
    chosen = [rows.names.index(one) for one in names]
    at = names.index(rows.names[rows.tested])
    cells = None if rows.cells is None else rows.cells.astype(float)
    error = chosen_error(np.bincount(rows.clusters).astype(float))
    df = float(rows.clusters.max() - 1)
    found = []
    for whole, filled in data_sets(rows, count, binary=True):
        x = whole[:, chosen]
        levels = _sides(x, at, alike)
        fit = fit_gee(x, filled, rows.clusters, kind, working=Working(working, cells))
        covariance = fit.covariance[error]
        gap = standardised(fit.coefficients, covariance, *levels, kind, df)["difference"]
        ratio = fit.coefficients[at], covariance[at, at]
        found.append((*ratio, gap["estimate"], gap["se"] ** 2))
    each = np.array(found).T
    return {
        name: pooled_answer(pool(each[k], each[k + 1], df), rows)
        for name, k in (("ratio", 0), ("difference", 2))
    }


def check_outcome(name: str, y: np.ndarray, family: str) -> None:
    """Refuse an outcome that the family does not have."""
    if family == "binomial" and not np.isin(y, (0.0, 1.0)).all():
        wrong = y[~np.isin(y, (0.0, 1.0))][0]
        raise InputError(f"outcome '{name}' = {wrong:g}: family binomial needs 0 and 1")
    if family == "poisson" and ((y < 0.0) | (y != np.round(y))).any():
        wrong = y[(y < 0.0) | (y != np.round(y))][0]
        raise InputError(f"outcome '{name}' = {wrong:g}: family poisson needs whole numbers from 0")


def separation(x: np.ndarray, y: np.ndarray, tested: int, family: str) -> str:
    """Return which side of the tested column has one outcome alone; empty for none."""
    column = x[:, tested]
    if np.unique(column).size > 2:
        return ""
    for side, value in (("the lower", column.min()), ("the upper", column.max())):
        own = y[column == value]
        if (own == 0.0).all() or (family == "binomial" and (own == 1.0).all()):
            return f"everybody in {side} arm has the outcome {own[0]:g}"
    return ""


def marginal(
    fit: GeeFit,
    names: Sequence[str],
    at: int,
    sizes: np.ndarray,
    levels: tuple[np.ndarray, np.ndarray],
    family: Family,
    offset: np.ndarray | None,
) -> dict[str, Any]:
    """Return the marginal model's answer."""
    df = float(fit.clusters - 2)
    estimate = float(fit.coefficients[at])
    tests = {}
    for name in CORRECTIONS:
        one = t_test(estimate, float(np.sqrt(fit.covariance[name][at, at])), df)
        tests[name] = {**one._asdict(), "ci95": list(one.ci95)}
    chosen = chosen_error(sizes)
    return {
        "coefficients": dict(zip(names, fit.coefficients.tolist(), strict=True)),
        "standard_errors": np.sqrt(np.diag(fit.covariance[chosen])).tolist(),
        "alpha": fit.alpha,
        "phi": fit.phi,
        "df": df,
        "tests": tests,
        "chosen": chosen,
        "standardised": standardised(
            fit.coefficients, fit.covariance[chosen], *levels, family, df, offset
        ),
    }


def mixed(
    fit: GlmmFit,
    names: Sequence[str],
    at: int,
    levels: tuple[np.ndarray, np.ndarray],
    family: Family,
    offset: np.ndarray | None,
) -> dict[str, Any]:
    """Return the mixed model's answer."""
    row = np.eye(len(names))[at]
    return {
        "coefficients": dict(zip(names, fit.coefficients.tolist(), strict=True)),
        "standard_errors": np.sqrt(np.diag(fit.covariance))[: len(names)].tolist(),
        "sd": fit.sd,
        "variance": fit.sd**2,
        **_normal(row, fit),
        "points": fit.points,
        "log_likelihood": fit.log_likelihood,
        "standardised": standardised(
            fit.coefficients, fit.covariance, *levels, family, np.inf, offset, fit.sd
        ),
    }


def warnings(
    gee: GeeFit, glmm: GlmmFit | None, family: Family, sizes: np.ndarray, groups: Clustering
) -> list[str]:
    """Return what to know of the two fits."""
    found = []
    if family.scaled and gee.phi > OVERDISPERSED:
        found.append(
            f"counts vary {gee.phi:.2g} times as much as Poisson's: a mixed model's errors are "
            "too small, the marginal model's allow for it"
        )
    if glmm is None:
        return [*found, "no mixed model whose correlation fades is fitted to such outcomes"]
    if glmm.sd == 0.0:
        found.append(
            "the variance between clusters is estimated as zero: the mixed model is one without "
            "clusters, and its errors are too small if there is any"
        )
    elif min(glmm.sds) == 0.0:
        none = groups.names[glmm.sds.index(0.0)]
        found.append(f"mixed model: the variance of {none} is estimated as zero")
    if len(sizes) < 40:
        found.append(
            f"the mixed model's normal test rejects too often with few clusters ({len(sizes)}); "
            "read the marginal model's t test"
        )
    smallest = sizes.min() if groups.cells is None else np.bincount(groups.cells).min()
    if glmm.points == 1 and smallest < 6:
        more = "; take more points" if groups.cells is None else ""
        found.append(f"Laplace's approximation is poor for clusters of a few people{more}")
    return found
