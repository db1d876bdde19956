"""Terms with several coefficients: joint F tests, adjusted means and their differences.

Adjusted means take every other factor's labels as equally frequent and numbers at their mean, as
emmeans does; a computed column, as ``I(base^2)``, is held at its own mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import fit_linear
from sim.trials.analyses.cluster_tests import t_test
from sim.trials.analyses.free_contrasts import free_contrasts
from sim.trials.analyses.likelihood_answers import PROFILE_INTERVAL, T_INTERVAL, likelihood_answers
from sim.trials.analyses.model_answers import coefficient, warnings_of
from sim.trials.analyses.tested_term import direction, where_it_holds
from sim.trials.data.trial_table import as_labels

if TYPE_CHECKING:
    import pandas as pd

    from sim.trials.analyses.read_model import ReadModel
    from sim.trials.fits.fixed_part import FixedPart, Part
    from sim.trials.fits.linear_fit import LinearFit

Matrix = NDArray[np.float64]
# Of a column's weight in a mean, which is a share or a mean of the column.
TOLD = 1e-6


def joint_analysis(
    read: ReadModel,
    term: str,
    interval: str = T_INTERVAL,
    confidence: float = 0.95,
    contrasts: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the joint test of a term, and where it is a factor its means and their differences.

    Parameters
    ----------
    read : ReadModel
    term : str
    interval, confidence, contrasts
        See `sim.trials.analyses.analyse.analyse_table`.

    Returns
    -------
    dict
        ``joint`` (Kenward-Roger's and Satterthwaite's F test that all are zero), ``tested`` (names
        of the coefficients), ``coef``, ``variance``, and of a factor ``adjusted_means`` and
        ``pairwise`` (differences by Kenward and Roger, with Holm's and Bonferroni's p); where it
        stands in an interaction ``joint_averaged``, the test that adjusted means are equal, which
        where it interacts with factors alone is the test of type III.

    Raises
    ------
    InputError
        If a tested column depends on others.
    """
    fixed = read.fixed
    fit = fit_linear(fixed.X, read.left, read.effects, fixed.names, read.structure)
    tested = [fixed.names[at] for at in read.tested]
    for name in tested:
        if name not in fit.names:
            raise InputError(f"term '{term}': '{name}' is a combination of other columns")
    rows = np.array([[float(name == one) for name in fit.names] for one in tested])
    coef = {name: coefficient(fit, j) for j, name in enumerate(fit.names)}
    for name, parts in zip(fixed.names, fixed.parts, strict=True):
        if name in coef:
            coef[name]["direction"] = direction(parts, read.table)
    result: dict[str, Any] = {
        "formula": read.formula.text,
        "term": term,
        "n_obs": fit.n_obs,
        "n_groups": dict(
            zip(
                (one.group for one in read.formula.random),
                (one.n_levels for one in read.effects),
                strict=True,
            )
        ),
        "rows_dropped_missing": int(read.dropped.sum()),
        "references": {name: one._asdict() for name, one in read.chosen.items()},
        "tested": tested,
        "joint": {name: one._asdict() for name, one in fit.joint_tests(rows).items()},
        "coef": coef,
        "variance": dict(fit.variances),
        "reml_criterion": fit.reml_criterion,
        "singular": fit.singular,
        "converged": fit.converged,
        "notes": read.notes,
        "warnings": warnings_of(fit, read.effects),
    }
    if interval == PROFILE_INTERVAL:
        result["likelihood"] = likelihood_answers(fit, tested, confidence)
    if contrasts:
        result["contrasts"] = free_contrasts(fit, contrasts)
    own = fixed.parts[read.tested[0]]
    if len(own) == 1 and own[0].level is not None and own[0].reference is None:
        note = (
            f"without an intercept the coefficients of {own[0].column} are means, and the joint "
            "test asks if all means are zero, not if they differ: leave the 0 or -1 out to compare"
        )
        result["notes"] = [note, *result["notes"]]
    means = adjusted_means(fixed, fit, own, read.table)
    if means is not None:
        result["adjusted_means"] = means
        if len(means) > 1:
            result["pairwise"] = pairwise(fixed, fit, own, read.table)
        where = dict.fromkeys(one for at in read.tested for one in where_it_holds(fixed, at))
        weights = list((mean_rows(fixed, fit, own, read.table) or {}).values())
        if len(weights) < len(as_labels(read.table[own[0].column]).categories):
            shown = ", ".join(means) or "none"
            where[
                "some combination of labels has no row, so that not every label has an adjusted "
                f"mean; those that have: {shown}"
            ] = None
        elif where:
            averaged = fit.joint_tests(np.array([one - weights[0] for one in weights[1:]]))
            result["joint_averaged"] = {name: one._asdict() for name, one in averaged.items()}
        result["notes"] = [*where, *result["notes"]]
    return result


def mean_rows(
    fixed: FixedPart, fit: LinearFit, own: Sequence[Part], table: pd.DataFrame
) -> dict[str, Matrix] | None:
    """Return the coefficients' weights in the mean of each label; None where it is no factor.

    A label whose mean the data do not tell, as where a combination of labels has no row, has none.
    """
    if len(own) != 1 or own[0].level is None:
        return None
    name = own[0].column
    levels = list(as_labels(table[name]).categories)
    if own[0].reference is not None:
        levels = [own[0].reference, *(one for one in levels if one != own[0].reference)]
    kept = [at for at, one in enumerate(fixed.names) if one in fit.names]
    # What was left out is a combination of the others; so has a mean to have it.
    left_out = np.linalg.lstsq(fixed.X[:, kept], fixed.X, rcond=None)[0]
    found = {}
    for level in levels:
        whole = np.array(
            [
                _mean(fixed.X[:, at], parts, name, level, table)
                for at, parts in enumerate(fixed.parts)
            ]
        )
        if np.abs(whole[kept] @ left_out - whole).max() < TOLD:
            found[level] = whole[kept]
    return found


def _mean(
    column: Matrix, parts: Sequence[Part], name: str, level: str, table: pd.DataFrame
) -> float:
    """Return a column's mean over the labels of all factors but the tested one."""
    if not parts:
        return 1.0
    if all(one.level is None for one in parts):
        return float(column.mean())
    found = 1.0
    for one in parts:
        if one.level is None:
            if one.column:
                found *= float(np.asarray(table[one.column], dtype=float).mean())
            else:
                # A computed number: what the product's column has where its factors are met.
                found *= float(column[column != 0.0].mean()) if (column != 0.0).any() else 0.0
        elif one.column == name:
            found *= float(one.level == level)
        else:
            found /= len(as_labels(table[one.column]).categories)
    return found


def adjusted_means(
    fixed: FixedPart, fit: LinearFit, own: Sequence[Part], table: pd.DataFrame
) -> dict[str, dict[str, Any]] | None:
    """Return the mean of each label of a factor with the rest of the model alike; else None.

    Parameters
    ----------
    fixed : FixedPart
    fit : LinearFit
    own : sequence of Part
        What a tested column is a product of.
    table : DataFrame
    """
    rows = mean_rows(fixed, fit, own, table)
    if not rows:
        return None
    found = {}
    for level, (estimate, one) in zip(
        rows, fit.contrasts(np.array(list(rows.values()))), strict=True
    ):
        test = t_test(estimate, one.kenward_roger_se, one.kenward_roger_df)
        found[level] = {
            "estimate": estimate,
            "se": test.se,
            "df": test.df,
            "ci95": list(test.ci95),
        }
    return found


def pairwise(
    fixed: FixedPart, fit: LinearFit, own: Sequence[Part], table: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """Return the differences of all pairs of labels, each less those before it.

    Parameters
    ----------
    fixed, fit, own, table
        See `adjusted_means`.
    """
    rows = mean_rows(fixed, fit, own, table)
    assert rows is not None
    pairs = list(combinations(rows, 2))
    found = fit.contrasts(np.array([rows[b] - rows[a] for a, b in pairs]))
    tests = [t_test(e, one.kenward_roger_se, one.kenward_roger_df) for e, one in found]
    rough = [t_test(e, one.se, one.satterthwaite_df) for e, one in found]
    p = np.array([one.p for one in tests])
    holm = holm_adjusted(p)
    return {
        f"{b} minus {a}": {
            **test._asdict(),
            "ci95": list(test.ci95),
            "p_holm": float(holm[at]),
            "p_bonferroni": float(min(1.0, p[at] * len(p))),
            "satterthwaite": {"se": rough[at].se, "df": rough[at].df, "p": rough[at].p},
        }
        for at, ((a, b), test) in enumerate(zip(pairs, tests, strict=True))
    }


def holm_adjusted(p: Matrix) -> Matrix:
    """Return Holm's p values: the smallest times their number, and none below one before it."""
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return found
