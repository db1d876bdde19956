"""The mixed model's estimate with a cluster-robust standard error: CR2, Satterthwaite's df.

The standard error is right whatever the covariance within clusters is; with few clusters a plain
one is too small. CR2 corrects residuals so that it is unbiased where the fitted covariance V is
right (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018), and counts degrees of freedom under V.
With M = (X' V^-1 X)^-1 and R_g = V_g - X_g M X_g', residuals of cluster g are multiplied by
A_g = D_g' (D_g R_g D_g')^(+1/2) D_g, where D_g' D_g = V_g. V is in units of the residual variance.

With A_g = V_g R_g^+ instead it is CR3, which is the jackknife: the sum of squares of what the
estimate changes by as one cluster after another is left out, the variances as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.cluster_tests import constant_within
from sim.trials.fits.structured_model import StructuredFit

if TYPE_CHECKING:
    from sim.trials.power.expected_test import Cells, ExpectedTest

Matrix = NDArray[np.float64]
# An eigenvalue below this share of the largest is one of a direction that the model takes up.
TAKEN_UP = 1e-10


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test; None where a random effect reaches over clusters."""
    return robust_test(trial, jackknife=False)


def robust_test(trial: AnalysedTrial, jackknife: bool) -> Answer | None:
    """Return the test with CR2, or CR3; None where a random effect reaches over clusters."""
    found = trial.fitted
    if found is None:
        return None
    levels = [one.codes for one in trial.effects]
    own = trial.clusters[:, None].astype(float)
    if not all(constant_within(own, one)[0] for one in levels):
        return None
    if isinstance(found.fit, StructuredFit):
        return _of_structure(trial, found.fit, jackknife)
    ratios = found.variances / found.residual_variance
    x, v, y = [], [], []
    for number in range(trial.number):
        rows = trial.clusters == number
        z = np.column_stack([_columns(trial, rows, k, r) for k, r in enumerate(ratios)])
        # Nothing but what X and the random effects span is corrected: a small basis tells it all.
        basis = np.linalg.qr(np.column_stack([trial.x[rows], z]))[0]
        inside = basis.T @ z
        x.append(basis.T @ trial.x[rows])
        v.append(np.eye(basis.shape[1]) + inside @ inside.T)
        y.append(basis.T @ trial.y[rows])
    return trial.answer(*robust(x, v, trial.tested, y, jackknife))


def _of_structure(trial: AnalysedTrial, fit: StructuredFit, jackknife: bool) -> Answer | None:
    """Return the test under a covariance that is fitted as a whole."""
    if any(np.ptp(trial.clusters[rows]) for rows in fit.blocks):
        return None
    x, v, y = [], [], []
    for number in range(trial.number):
        rows = np.flatnonzero(trial.clusters == number)
        own = np.zeros((rows.size, rows.size))
        for block, covariance in zip(fit.blocks, fit.covariances, strict=True):
            if trial.clusters[block[0]] == number:
                at = np.searchsorted(rows, block)
                own[np.ix_(at, at)] = covariance
        x.append(trial.x[rows])
        v.append(own)
        y.append(trial.y[rows])
    return trial.answer(*robust(x, v, trial.tested, y, jackknife))


def _columns(trial: AnalysedTrial, rows: NDArray[np.bool_], effect: int, ratio: float) -> Matrix:
    """Return a random effect's columns in some rows, times the root of its variance ratio."""
    one = trial.effects[effect]
    found = (one.codes[rows][:, None] == np.unique(one.codes[rows])).astype(float)
    if one.slope is not None:
        found *= one.slope[rows][:, None]
    return np.asarray(sqrt(ratio) * found)


def robust(
    x: Sequence[Matrix],
    v: Sequence[Matrix],
    tested: int,
    y: Sequence[Matrix] | None = None,
    jackknife: bool = False,
) -> tuple[float, float]:
    """Return the standard error and degrees of freedom of a coefficient.

    Without outcomes the first is what it can be expected to be under V (root mean square).

    Parameters
    ----------
    x, v, y : sequences of arrays
        Columns, covariance and outcomes of each cluster.
    jackknife : bool
        CR3 instead of CR2.
    """
    # Columns may differ in size by many powers of ten, as a year and its square: an orthonormal
    # basis of theirs says the same, and the tested coefficient is a combination of the basis's.
    ends = np.cumsum([len(a) for a in x])[:-1]
    basis, triangle = np.linalg.qr(np.concatenate(x))
    x = np.split(basis, ends)
    combination = np.linalg.solve(triangle.T, np.eye(triangle.shape[0])[tested])
    weighted = [np.linalg.solve(b, a) for a, b in zip(x, v, strict=True)]
    M = np.linalg.inv(sum(a.T @ w for a, w in zip(x, weighted, strict=True)))
    along_M = M @ combination
    if jackknife:
        turned = [_left_out(a, b, M) @ a @ along_M for a, b in zip(x, v, strict=True)]
    else:
        turned = [_corrected(a, b, M) @ w @ along_M for a, b, w in zip(x, v, weighted, strict=True)]
    along = np.array([a.T @ u for a, u in zip(x, turned, strict=True)])
    pairs = -along @ M @ along.T
    own = [float(u @ b @ u) for u, b in zip(turned, v, strict=True)]
    pairs[np.diag_indices_from(pairs)] += own
    se = sqrt(float(np.trace(pairs)))
    if y is not None:
        beta = M @ sum(w.T @ one for w, one in zip(weighted, y, strict=True))
        scores = [u @ (one - a @ beta) for u, one, a in zip(turned, y, x, strict=True)]
        se = sqrt(float(np.sum(np.square(scores))))
    return se, float(np.trace(pairs)) ** 2 / float((pairs**2).sum())


def _corrected(x: Matrix, v: Matrix, M: Matrix) -> Matrix:
    """Return A of the module's docstring."""
    values, vectors = np.linalg.eigh(v)
    root = vectors * np.sqrt(values) @ vectors.T
    left = root @ (v - x @ M @ x.T) @ root
    values, vectors = np.linalg.eigh(left)
    kept = values > TAKEN_UP * values.max()
    half = vectors[:, kept] / np.sqrt(values[kept]) @ vectors[:, kept].T
    return np.asarray(root @ half @ root)


def _left_out(x: Matrix, v: Matrix, M: Matrix) -> Matrix:
    """Return R^+ of the module's docstring, which is A' V^-1 of CR3."""
    values, vectors = np.linalg.eigh(v - x @ M @ x.T)
    kept = values > TAKEN_UP * values.max()
    return np.asarray(vectors[:, kept] / values[kept] @ vectors[:, kept].T)


def expected(
    found: ExpectedTest, cells: Cells, covariance: Matrix, jackknife: bool = False
) -> ExpectedTest:
    """Return what the test can be expected to do, with degrees of freedom of its own.

    CR2 is unbiased; CR3 is on average too large.

    Parameters
    ----------
    found : ExpectedTest
        Of the model's own standard error.
    covariance : (I, J, J) array
        Of the analysis's cell means.
    """
    x, v = [], []
    for number, times in enumerate(cells.times):
        seen = cells.seen[number]
        root = np.sqrt(cells.people[number, seen])
        own = covariance[number][np.ix_(seen, seen)] * np.outer(root, root)
        x += [root[:, None] * cells.columns[number, seen]] * int(times)
        v += [own] * int(times)
    tested = cells.columns.shape[2] - 1
    own, df = robust(x, v, tested, jackknife=jackknife)
    larger = own / robust(x, v, tested)[0] if jackknife else 1.0
    return replace(
        found, model_se=larger * found.spread, df=df, spread_df=df, floor=0.0, floor_df=np.inf
    )


ANALYSIS = Analysis(
    name="cluster-robust",
    short="cluster-robust (CR2)",
    title="t test with the cluster-robust standard error CR2 and Satterthwaite's df",
    estimates="the difference of means, clusters weighed by what they tell",
    test=test,
    counts_clusters=True,
    formula=expected,
    r_code="""\
library(lme4)
library(clubSandwich)
fit <- lmer({formula}, data = d, REML = TRUE)
print(coef_test(fit, vcov = vcovCR(fit, cluster = {group}, type = "CR2"),
                test = "Satterthwaite", coefs = "{coefficient}"))""",
)
