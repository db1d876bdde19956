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
def _kernels(treated, n, chosen):
    """Return the covariance of a cluster's cell means for each component at variance one."""
    J = n.size
    found = np.zeros((chosen.size + 1, J, J))
    for j in range(J):
        found[0, j, j] = 1.0 / n[j]
        for i in range(J):
            for k in range(chosen.size):
                if chosen[k] == 0:
                    found[k + 1, i, j] = 1.0
                elif chosen[k] == 1:
                    found[k + 1, i, j] = 1.0 if i == j else 0.0
                elif chosen[k] == 2:
                    found[k + 1, i, j] = 1.0 / max(n[i], n[j])
                else:
                    found[k + 1, i, j] = treated[i] * treated[j]
    return found


@numba.njit(**LINKED)
def _at(theta, y, n, treated, chosen, within):
    """Return criterion, score, information, and what Kenward and Roger need, at variances."""
    K = theta.size
    rows, J = y.shape
    p = J + 1
    A = np.zeros((p, p))
    b = np.zeros(p)
    first = np.zeros((K, p, p))
    first_y = np.zeros((K, p))
    yy = 0.0
    yky = np.zeros(K)
    second = np.zeros((K, K, p, p))
    traces = np.zeros(K)
    pairs = np.zeros((K, K))
    logdet = 0.0
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
        G = _kernels(treated[i][at], n[i][at], chosen)
        V = np.zeros((m, m))
        for k in range(K):
            V += theta[k] * G[k]
        W = np.linalg.inv(V)
        logdet += np.linalg.slogdet(V)[1]
        X = np.zeros((m, p))
        for j in range(m):
            X[j, at[j]] = 1.0
            X[j, J] = treated[i, at[j]]
        Y = y[i][at]
        WX = W @ X
        Wy = W @ Y
        A += X.T @ WX
        b += WX.T @ Y
        yy += Y @ Wy
        for k in range(K):
            GW = G[k] @ WX
            first[k] += WX.T @ GW
            Gy = G[k] @ Wy
            first_y[k] += WX.T @ Gy
            yky[k] += Wy @ Gy
            WG = W @ G[k]
            traces[k] += np.trace(WG)
            for m2 in range(k, K):
                WH = W @ G[m2]
                pairs[k, m2] += np.sum(WG * WH.T)
                second[k, m2] += GW.T @ W @ (G[m2] @ WX)
    # Periods in which nobody is measured have no column.
    for j in range(p):
        if A[j, j] == 0.0:
            A[j, j] = 1.0
    M = np.linalg.inv(A)
    beta = M @ b
    rss = yy - b @ beta
    logx = np.linalg.slogdet(A)[1]
    score = np.zeros(K)
    info = np.zeros((K, K))
    for k in range(K):
        quad = yky[k] - 2.0 * beta @ first_y[k] + beta @ first[k] @ beta
        score[k] = -0.5 * (traces[k] - np.trace(M @ first[k]) - quad)
        for m2 in range(k, K):
            if m2 > k:
                pairs[m2, k] = pairs[k, m2]
                second[m2, k] = second[k, m2].T
            info[k, m2] = 0.5 * (
                pairs[k, m2]
                - 2.0 * np.trace(M @ second[k, m2])
                + np.trace(M @ first[k] @ M @ first[m2])
            )
            info[m2, k] = info[k, m2]
    criterion = logdet + logx + rss
    # Within cells: rows of `within` are degrees of freedom, sum of squares, and the factor with
    # which the person's variance enters.
    person = -1
    for k in range(chosen.size):
        if chosen[k] == 2:
            person = k + 1
    for row in range(within.shape[0]):
        df, ss, times = within[row]
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
    return criterion, score, info, M, beta, first, second


@numba.njit(cache=True)
def fit_cells(y, n, treated, chosen, within, start):
    """Return estimate, Kenward-Roger standard error and degrees of freedom, model SE, variances.

    `y`, `n`, `treated` (I, J): mean outcome, people and treatment of each cell; no people where
    nothing is measured; `chosen` (K,): components beside the residual, numbers in `EFFECTS`;
    `within` (2, 3): see `sums_of`; `start` (K + 1,): variances to begin at.
    """
    theta = start.copy()
    K = theta.size
    here = _at(theta, y, n, treated, chosen, within)
    status = 1
    for _ in range(MAX_STEPS):
        score, info = here[1], here[2]
        free = np.zeros(K, np.bool_)
        for k in range(K):
            free[k] = theta[k] > 0.0 or score[k] > 0.0
        step = np.zeros(K)
        index = np.flatnonzero(free)
        small = np.zeros((index.size, index.size))
        right = np.zeros(index.size)
        for a in range(index.size):
            right[a] = score[index[a]]
            for c in range(index.size):
                small[a, c] = info[index[a], index[c]]
            small[a, a] *= 1.0 + 1e-9
        solved = np.linalg.solve(small, right)
        for a in range(index.size):
            step[index[a]] = solved[a]
        size = 1.0
        moved = False
        for _ in range(40):
            there = theta + size * step
            for k in range(K):
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
        change = np.max(np.abs(there - theta)) / np.sum(start)
        theta, here = there, other
        if change < 1e-9:
            status = 0
            break
    M, beta, first, second, info = here[3], here[4], here[5], here[6], here[2]
    t = beta.size - 1
    scale = 1.0 / np.sqrt(np.diag(info))
    unit = np.zeros((K, K))
    for a in range(K):
        for c in range(K):
            unit[a, c] = info[a, c] * scale[a] * scale[c]
    cov = np.linalg.pinv(unit)
    middle = np.zeros(M.shape)
    slope = np.zeros(K)
    for a in range(K):
        slope[a] = (M @ first[a] @ M)[t, t]
        for c in range(K):
            cov[a, c] *= scale[a] * scale[c]
            middle += cov[a, c] * (second[a, c] - first[a] @ M @ first[c])
    adjusted = (M + 2.0 * M @ middle @ M)[t, t]
    spread = slope @ cov @ slope
    df = 2.0 * M[t, t] ** 2 / spread
    return beta[t], np.sqrt(adjusted), df, np.sqrt(M[t, t]), theta, status


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
