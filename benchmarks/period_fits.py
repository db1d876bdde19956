"""REML and Kenward-Roger's test from cell means, compiled: thousands of trials over periods.

For trials without covariates of people, in which the means of cluster-periods and the sums of
squares within them hold all that the data tell: cross-sections, and cohorts whose people are all
measured in every period. An implementation of its own, beside `sim.trials.mixed_model`.
"""

from __future__ import annotations

import numba
import numpy as np

from sim.engines.linked_code import LINKED
from sim.trials.data.data import TrialData

EFFECTS = ("cluster", "cluster-period", "person", "treatment")
MAX_STEPS = 200


@numba.njit(**LINKED)
def _add_product(left, right, found):
    """Add left'right to what was found; NumPy's products take many times as long to compile."""
    for k in range(left.shape[0]):
        for i in range(left.shape[1]):
            for j in range(right.shape[1]):
                found[i, j] += left[k, i] * right[k, j]


@numba.njit(**LINKED)
def _inverse(matrix):
    """Return the inverse of a symmetric positive matrix, and the logarithm of its determinant."""
    found = matrix.copy()
    size = matrix.shape[0]
    logdet = 0.0
    for k in range(size):
        pivot = found[k, k]
        logdet += np.log(abs(pivot))
        found[k, k] = 1.0
        for j in range(size):
            found[k, j] /= pivot
        for i in range(size):
            if i != k:
                factor = found[i, k]
                found[i, k] = 0.0
                for j in range(size):
                    found[i, j] -= factor * found[k, j]
    return found, logdet


@numba.njit(**LINKED)
def _kernels(treated, n, at, chosen):
    """Return the covariance of a cluster's cell means for each component at variance one."""
    J = at.size
    found = np.zeros((chosen.size + 1, J, J))
    for j in range(J):
        found[0, j, j] = 1.0 / n[at[j]]
        for i in range(J):
            for k in range(chosen.size):
                if chosen[k] == 0:
                    found[k + 1, i, j] = 1.0
                elif chosen[k] == 1:
                    found[k + 1, i, j] = 1.0 if i == j else 0.0
                elif chosen[k] == 2:
                    found[k + 1, i, j] = 1.0 / max(n[at[i]], n[at[j]])
                else:
                    found[k + 1, i, j] = treated[at[i]] * treated[at[j]]
    return found


@numba.njit(**LINKED)
def _at(theta, y, n, treated, chosen, within):
    """Return criterion, score, information, and what Kenward and Roger need, at variances.

    Columns and outcome are taken together, the outcome last: products of these give all sums.
    """
    K = theta.size
    rows, J = y.shape
    p = J + 1
    sums = np.zeros((p + 1, p + 1))
    first = np.zeros((K, p + 1, p + 1))
    second = np.zeros((K, K, p + 1, p + 1))
    traces = np.zeros(K)
    pairs = np.zeros((K, K))
    criterion = 0.0
    for i in range(rows):
        m = 0
        for j in range(J):
            m += n[i, j] > 0
        if m == 0:
            continue
        at = np.zeros(m, np.int64)
        m = 0
        for j in range(J):
            if n[i, j] > 0:
                at[m] = j
                m += 1
        G = _kernels(treated[i], n[i], at, chosen)
        V = np.zeros((m, m))
        Z = np.zeros((m, p + 1))
        for j in range(m):
            Z[j, at[j]] = 1.0
            Z[j, J] = treated[i, at[j]]
            Z[j, p] = y[i, at[j]]
            for h in range(m):
                for k in range(K):
                    V[j, h] += theta[k] * G[k, j, h]
        W, logdet = _inverse(V)
        criterion += logdet
        WZ = np.zeros((m, p + 1))
        _add_product(W, Z, WZ)
        _add_product(Z, WZ, sums)
        GZ = np.zeros((K, m, p + 1))
        WG = np.zeros((K, m, m))
        for k in range(K):
            _add_product(G[k], WZ, GZ[k])
            _add_product(W, G[k], WG[k])
            _add_product(WZ, GZ[k], first[k])
            for j in range(m):
                traces[k] += WG[k, j, j]
        for k in range(K):
            WH = np.zeros((m, p + 1))
            _add_product(W, GZ[k], WH)
            for m2 in range(k + 1):
                _add_product(GZ[m2], WH, second[m2, k])
                for j in range(m):
                    for h in range(m):
                        pairs[m2, k] += WG[k, j, h] * WG[m2, h, j]
    A = np.zeros((p, p))
    for j in range(p):
        for h in range(p):
            A[j, h] = sums[j, h]
        # Periods in which nobody is measured have no column.
        if A[j, j] == 0.0:
            A[j, j] = 1.0
    M, logdet = _inverse(A)
    criterion += logdet
    # What is left of the outcome, as a weighting of columns and outcome.
    left = np.zeros(p + 1)
    left[p] = 1.0
    for j in range(p):
        for h in range(p):
            left[j] -= M[j, h] * sums[h, p]
    for j in range(p + 1):
        criterion += sums[p, j] * left[j]
    score = np.zeros(K)
    info = np.zeros((K, K))
    MF = np.zeros((K, p, p))
    for k in range(K):
        score[k] = -0.5 * traces[k]
        for j in range(p + 1):
            for h in range(p + 1):
                score[k] += 0.5 * left[j] * first[k, j, h] * left[h]
        for j in range(p):
            for h in range(p):
                for f in range(p):
                    MF[k, j, h] += M[j, f] * first[k, f, h]
            score[k] += 0.5 * MF[k, j, j]
    for k in range(K):
        for m2 in range(k, K):
            total = pairs[k, m2]
            for j in range(p):
                for h in range(p):
                    total += MF[k, j, h] * MF[m2, h, j] - 2.0 * M[j, h] * second[k, m2, h, j]
                    second[m2, k, h, j] = second[k, m2, j, h]
            info[k, m2] = info[m2, k] = 0.5 * total
    # Within cells: rows of `within` are degrees of freedom, sum of squares, and the factor with
    # which the person's variance enters.
    person = -1
    for k in range(chosen.size):
        if chosen[k] == 2:
            person = k + 1
    for row in range(within.shape[0]):
        df, ss, times = within[row, 0], within[row, 1], within[row, 2]
        if df == 0.0:
            continue
        v = theta[0] + (times * theta[person] if person >= 0 else 0.0)
        criterion += df * np.log(v) + ss / v
        slope = -0.5 * (df / v - ss / v**2)
        score[0] += slope
        info[0, 0] += 0.5 * df / v**2
        if person >= 0:
            score[person] += times * slope
            info[0, person] += 0.5 * times * df / v**2
            info[person, 0] = info[0, person]
            info[person, person] += 0.5 * times**2 * df / v**2
    return criterion, score, info, M, left, first, second


@numba.njit(cache=True)
def _searched(y, n, treated, chosen, within, start):
    """Return the variances of the smallest criterion, 0 if they were found, and `_at` there."""
    theta = start.copy()
    K = theta.size
    whole = 0.0
    for k in range(K):
        whole += start[k]
    here = _at(theta, y, n, treated, chosen, within)
    status = 1
    for _ in range(MAX_STEPS):
        score, info = here[1], here[2]
        # Variances at zero that would fall stay there: their step is none.
        free = info.copy()
        for k in range(K):
            free[k, k] *= 1.0 + 1e-9
            if not (theta[k] > 0.0 or score[k] > 0.0):
                for m in range(K):
                    free[k, m] = free[m, k] = 0.0
                free[k, k] = 1.0
        solver = _inverse(free)[0]
        step = np.zeros(K)
        for k in range(K):
            if theta[k] > 0.0 or score[k] > 0.0:
                for m in range(K):
                    if theta[m] > 0.0 or score[m] > 0.0:
                        step[k] += solver[k, m] * score[m]
        size = 1.0
        moved = False
        there = theta.copy()
        other = here
        for _ in range(40):
            for k in range(K):
                there[k] = theta[k] + size * step[k]
                if there[k] < 0.0 and k > 0:
                    there[k] = 0.0
            if there[0] <= 0.0:
                there[0] = 0.1 * theta[0]
            other = _at(there, y, n, treated, chosen, within)
            if other[0] <= here[0] + 1e-12 * abs(here[0]):
                moved = True
                break
            size *= 0.5
        if not moved:
            break
        change = 0.0
        for k in range(K):
            change = max(change, abs(there[k] - theta[k]) / whole)
        theta, here = there, other
        if change < 1e-9:
            status = 0
            break
    return theta, status, here


def fit_cells(y, n, treated, chosen, within, start):
    """Return estimate, Kenward-Roger standard error and degrees of freedom, model SE, variances.

    `y`, `n`, `treated` (I, J): mean outcome, people and treatment of each cell; no people where
    nothing is measured; `chosen` (K,): components beside the residual, numbers in `EFFECTS`;
    `within` (2, 3): see `sums_of`; `start` (K + 1,): variances to begin at.
    """
    theta, status, found = _searched(y, n, treated, chosen, within, start)
    _, _, info, M, left, first, second = found
    p = len(M)
    first, second = first[:, :p, :p], second[:, :, :p, :p]
    scale = 1.0 / np.sqrt(np.diag(info))
    scales = np.outer(scale, scale)
    cov = np.linalg.pinv(info * scales) * scales
    middle = np.tensordot(cov, second, 2) - (first @ M @ np.tensordot(cov, first, 1)).sum(axis=0)
    model = M[-1, -1]
    adjusted = model + 2.0 * M[-1] @ middle @ M[-1]
    slope = first @ M[-1] @ M[-1]
    df = 2.0 * model**2 / (slope @ cov @ slope)
    return -left[p - 1], np.sqrt(adjusted), df, np.sqrt(model), theta, status


def sums_of(data: TrialData, clusters: int, periods: int, cohort: bool):
    """Return means, people and treatment by cell, and the sums of squares within cells.

    Returns
    -------
    y, n, treated : (clusters, periods) arrays
    within : (2, 3) array
        Degrees of freedom, sum of squares, and the person's factor; in a cohort people's means
        come first, then what varies within people.
    """
    seen = ~np.isnan(data.outcome)
    cell = data.cluster[seen] * periods + data.period[seen]
    values = data.outcome[seen]
    size = clusters * periods
    n = np.bincount(cell, minlength=size).astype(float)
    y = np.bincount(cell, values, minlength=size) / np.maximum(n, 1.0)
    treated = np.bincount(cell, data.treatment[seen], minlength=size) / np.maximum(n, 1.0)
    left = values - y[cell]
    total, df = float(left @ left), float(n.sum() - (n > 0).sum())
    within = np.zeros((2, 3))
    within[1] = df, total, 0.0
    if cohort:
        _, person = np.unique(data.person[seen], return_inverse=True)
        count = np.bincount(person)
        if not (count == periods).all():
            raise ValueError("every person must be measured in every period")
        mean = np.bincount(person, left) / count
        between = float(count @ mean**2)
        measured = (n.reshape(clusters, periods) > 0).any(axis=1).sum()
        df_between = float(count.size - measured)
        within[0] = df_between, between, periods
        within[1] = df - df_between, total - between, 0.0
    shape = (clusters, periods)
    return y.reshape(shape), n.reshape(shape), treated.reshape(shape), within
