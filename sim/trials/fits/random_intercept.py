"""The single random intercept by cluster: exact and fast, in plain loops that also compile.

With H = I + r ZZ' and w_i = 1 / (1 + n_i r), every matrix that restricted likelihood, Satterthwaite
and Kenward-Roger need is the total cross product of the centred columns less a weighted sum of the
clusters' m_i m_i', where m_i sums the columns over cluster i. Clusters of one size share a weight,
so their products are added up once.

`sim.trials.fits.random_intercept_compiled` compiles these functions; called as they are, they
give the same numbers slowly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

FITTED = 0
TOO_FEW_ROWS = 1
COLUMNS_DEPEND = 2
NO_VARIATION = 3
NOT_CONVERGED = 4

START_RATIO = 0.05
LARGEST_RATIO = 1e14
MAX_STEPS = 100
# Share of a column's sum of squares beyond the columns before it; a hundred millionth of it is
# where sums of squares have too few digits left.
COLLINEAR_SQUARE = 1e-8


class RandomInterceptFit(NamedTuple):
    """One fitted trial."""

    estimate: float  # Coefficient of the tested column
    # Model standard error and Satterthwaite's degrees of freedom.
    se: float
    satterthwaite_df: float
    kenward_roger_se: float
    kenward_roger_df: float
    cluster_variance: float
    residual_variance: float
    reml_criterion: float  # -2 log restricted likelihood
    singular: bool  # Whether the cluster variance is zero
    status: int  # 0 if fitted; otherwise why not, and every number is NaN
    # Rows and clusters used.
    n_obs: int
    n_clusters: int


def no_fit(status: int, n_obs: int, n_clusters: int) -> RandomInterceptFit:
    """Return the record of a trial that could not be fitted."""
    nan = math.nan
    return RandomInterceptFit(
        nan, nan, nan, nan, nan, nan, nan, nan, False, status, n_obs, n_clusters
    )


def invert_symmetric(matrix, p, factor, inverse):  # type: ignore[no-untyped-def]
    """Invert the leading p x p part of a positive definite matrix.

    Parameters
    ----------
    matrix : (>= p, >= p) array
        Only its lower triangle is read.
    p : int
    factor, inverse : (p, p) arrays
        Overwritten with the Cholesky factor and the inverse.

    Returns
    -------
    float
        Log determinant, or NaN if the matrix is not positive definite.
    """
    log_determinant = 0.0
    for i in range(p):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if not total > 0.0:
                    return math.nan
                factor[i, i] = math.sqrt(total)
                log_determinant += math.log(total)
            else:
                factor[i, j] = total / factor[j, j]
    # Inverse of the factor, in the lower triangle of `inverse`.
    for j in range(p):
        inverse[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, p):
            total = 0.0
            for k in range(j, i):
                total -= factor[i, k] * inverse[k, j]
            inverse[i, j] = total / factor[i, i]
    for i in range(p):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, p):
                total += inverse[k, i] * inverse[k, j]
            inverse[i, j] = total
    for i in range(p):
        for j in range(i):
            inverse[j, i] = inverse[i, j]
    return log_determinant


def columns_depend(cross, p, factor):  # type: ignore[no-untyped-def]
    """Return whether a column depends on those before it (`cross` has a unit-like diagonal)."""
    for i in range(p):
        for j in range(i + 1):
            total = cross[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if not total > COLLINEAR_SQUARE * cross[i, i]:
                    return True
                factor[i, i] = math.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    return False


def weighted_sum(weights, products, n_groups, width, out):  # type: ignore[no-untyped-def]
    """Write the weighted sum of the size groups' products into the lower triangle of `out`."""
    for a in range(width):
        for b in range(a + 1):
            out[a, b] = 0.0
    for g in range(n_groups):
        weight = weights[g]
        for a in range(width):
            for b in range(a + 1):
                out[a, b] += weight * products[g, a, b]


def fill_upper(matrix, width):  # type: ignore[no-untyped-def]
    """Copy the lower triangle to the upper."""
    for a in range(width):
        for b in range(a):
            matrix[b, a] = matrix[a, b]


def fit_rows(codes, n_clusters, X, y, column):  # type: ignore[no-untyped-def]
    """Fit a random intercept by cluster and test one column.

    Parameters
    ----------
    codes : (n,) array of int
        Cluster of each row, from 0.
    n_clusters : int
        Clusters that codes may name; those without a complete row are left out.
    X : (n, p) array
        Columns; the first must be all ones.
    y : (n,) array
        Response. Rows with NaN in it or in a column are left out.
    column : int
        The tested column, not the first.
    """
    n_rows, p = X.shape
    width = p + 1
    used = np.empty(n_rows, np.bool_)
    means = np.zeros(width)
    n_obs = 0
    for r in range(n_rows):
        total = y[r]
        for j in range(1, p):
            total += X[r, j]
        used[r] = not math.isnan(total)
        if used[r]:
            n_obs += 1
            means[p] += y[r]
            for j in range(1, p):
                means[j] += X[r, j]
    sizes = np.zeros(n_clusters)
    sums = np.zeros((n_clusters, width))
    cross = np.zeros((width, width))
    if n_obs <= p + 1:
        return no_fit(TOO_FEW_ROWS, n_obs, 0)
    for j in range(1, width):
        means[j] /= n_obs
    row = np.empty(width)
    row[0] = 1.0
    for r in range(n_rows):
        if used[r]:
            i = codes[r]
            sizes[i] += 1.0
            for j in range(1, p):
                row[j] = X[r, j] - means[j]
            row[p] = y[r] - means[p]
            for a in range(width):
                sums[i, a] += row[a]
                for b in range(a + 1):
                    cross[a, b] += row[a] * row[b]
    scales = np.ones(width)
    for j in range(1, width):
        # The mean of a constant column is off by rounding alone.
        if not cross[j, j] > n_obs * (1e-13 * means[j]) ** 2:
            return no_fit(NO_VARIATION if j == p else COLUMNS_DEPEND, n_obs, 0)
        scales[j] = math.sqrt(cross[j, j] / n_obs)
    for a in range(width):
        for b in range(a + 1):
            cross[a, b] /= scales[a] * scales[b]
    # Products of clusters of equal size are added up.
    group_size = np.empty(n_clusters)
    group_count = np.empty(n_clusters)
    products = np.empty((n_clusters, width, width))
    n_groups = 0
    used_clusters = 0
    for i in range(n_clusters):
        if sizes[i] == 0.0:
            continue
        used_clusters += 1
        for a in range(width):
            sums[i, a] /= scales[a]
        g = 0
        while g < n_groups and group_size[g] != sizes[i]:
            g += 1
        if g == n_groups:
            n_groups += 1
            group_size[g] = sizes[i]
            group_count[g] = 0.0
            for a in range(width):
                for b in range(a + 1):
                    products[g, a, b] = 0.0
        group_count[g] += 1.0
        for a in range(width):
            for b in range(a + 1):
                products[g, a, b] += sums[i, a] * sums[i, b]
    if used_clusters < 2 or used_clusters >= n_obs:
        return no_fit(TOO_FEW_ROWS, n_obs, used_clusters)
    return fit_sums(
        group_size, group_count, products, n_groups, cross, p, n_obs, used_clusters, scales, column
    )


def fit_sums(  # type: ignore[no-untyped-def]
    group_size, group_count, products, n_groups, cross, p, n_obs, used_clusters, scales, column
):
    """Fit a random intercept from the cross products of centred, scaled columns.

    Parameters
    ----------
    group_size, group_count : (>= n_groups,) arrays
        Rows in each cluster of the size group, and number of such clusters.
    products : (>= n_groups, p + 1, p + 1) array
        Sum of m m' over the clusters of each size group, lower triangle.
    n_groups : int
    cross : (p + 1, p + 1) array
        Total cross products, lower triangle.
    p, n_obs, used_clusters : int
    scales : (p + 1,) array
        What columns and response were divided by.
    column : int
    """
    width = p + 1
    df = n_obs - p
    factor = np.zeros((p, p))
    inverse = np.zeros((p, p))
    if columns_depend(cross, p, factor):
        return no_fit(COLUMNS_DEPEND, n_obs, used_clusters)
    A = np.zeros((width, width))
    B = np.zeros((width, width))
    C = np.zeros((width, width))
    weights_a = np.zeros(n_groups)
    weights_b = np.zeros(n_groups)
    weights_c = np.zeros(n_groups)
    u = np.zeros(width)
    scores = np.zeros(p)
    ratio = START_RATIO
    low = 0.0
    high = math.inf
    tested_zero = False
    status = NOT_CONVERGED
    final = False
    log_det_A = 0.0
    rss = 0.0
    for _ in range(MAX_STEPS):
        # H^-1 sums (A), H^-1 ZZ' H^-1 sums (B), H^-1 ZZ' H^-1 ZZ' H^-1 sums (C).
        trace_1 = 0.0
        trace_2 = 0.0
        for g in range(n_groups):
            w = 1.0 / (1.0 + group_size[g] * ratio)
            weights_a[g] = -ratio * w
            weights_b[g] = w * w
            weights_c[g] = group_size[g] * w * w * w
            part = group_size[g] * w
            trace_1 += group_count[g] * part
            trace_2 += group_count[g] * part * part
        weighted_sum(weights_a, products, n_groups, width, A)
        weighted_sum(weights_b, products, n_groups, width, B)
        weighted_sum(weights_c, products, n_groups, width, C)
        for a in range(width):
            for b in range(a + 1):
                A[a, b] += cross[a, b]
        fill_upper(A, width)
        fill_upper(B, width)
        fill_upper(C, width)
        log_det_A = invert_symmetric(A, p, factor, inverse)
        if math.isnan(log_det_A):
            return no_fit(COLUMNS_DEPEND, n_obs, used_clusters)
        u[p] = 1.0
        for a in range(p):
            total = 0.0
            for b in range(p):
                total += inverse[a, b] * A[b, p]
            u[a] = -total
        rss = A[p, p]
        for a in range(p):
            rss += u[a] * A[a, p]
        if not rss > 1e-14 * cross[p, p]:
            return no_fit(NO_VARIATION, n_obs, used_clusters)
        if final:
            status = FITTED
            break
        slope_1 = 0.0
        slope_2 = 0.0
        for a in range(width):
            total_b = 0.0
            total_c = 0.0
            for b in range(width):
                total_b += B[a, b] * u[b]
                total_c += C[a, b] * u[b]
            if a < p:
                scores[a] = total_b
            slope_1 += u[a] * total_b
            slope_2 += u[a] * total_c
        trace_a1 = 0.0
        trace_a2 = 0.0
        for a in range(p):
            for b in range(p):
                trace_a1 += inverse[a, b] * B[b, a]
                trace_a2 += inverse[a, b] * C[b, a]
                slope_2 -= scores[a] * inverse[a, b] * scores[b]
        square = 0.0
        for a in range(p):
            for b in range(p):
                left = 0.0
                right = 0.0
                for c in range(p):
                    left += inverse[a, c] * B[c, b]
                    right += inverse[b, c] * B[c, a]
                square += left * right
        first = trace_1 - trace_a1 - df * slope_1 / rss
        second = (
            df * (2.0 * slope_2 / rss - (slope_1 / rss) ** 2) - trace_2 + 2.0 * trace_a2 - square
        )
        if ratio == 0.0:
            tested_zero = True
            if first >= 0.0:
                status = FITTED
                break
            low = 0.0
            ratio = 1e-4 * START_RATIO if math.isinf(high) else 0.01 * high
            continue
        if first > 0.0:
            high = ratio
        elif first < 0.0:
            low = ratio
        else:
            status = FITTED
            break
        new = ratio - first / second if second > 0.0 else -1.0
        if not (low < new < high):
            if first > 0.0:
                if low == 0.0 and not tested_zero:
                    new = 0.0
                elif low == 0.0:
                    new = 0.1 * high
                else:
                    new = math.sqrt(low * high)
            else:
                new = 8.0 * ratio if math.isinf(high) else math.sqrt(low * high)
        if new > LARGEST_RATIO:
            return no_fit(NO_VARIATION, n_obs, used_clusters)
        # A step this small squares to nothing: only the sums at the new ratio are still needed.
        final = abs(new - ratio) <= 1e-8 * ratio
        ratio = new
    if status != FITTED:
        return no_fit(status, n_obs, used_clusters)

    # Small-sample inference, in units of the residual variance. D: H^-1 ZZ' H^-1 H^-1 sums.
    sigma2 = rss / df
    D = np.zeros((width, width))
    log_det_H = 0.0
    trace_cc = 0.0
    trace_cr = 0.0
    trace_rr = 0.0
    for g in range(n_groups):
        n = group_size[g]
        w = 1.0 / (1.0 + n * ratio)
        weights_a[g] = w * w * w
        log_det_H += group_count[g] * math.log1p(n * ratio)
        trace_cc += group_count[g] * (n * w) ** 2
        trace_cr += group_count[g] * n * w * w
        trace_rr += group_count[g] * (n - 1.0 + w * w)
    weighted_sum(weights_a, products, n_groups, width, D)
    fill_upper(D, width)
    # Second and third moments: cluster (B; C), residual (R; Q), and both (D).
    R = np.zeros((width, width))
    Q = np.zeros((width, width))
    for a in range(width):
        for b in range(width):
            R[a, b] = A[a, b] - ratio * B[a, b]
            Q[a, b] = R[a, b] - ratio * D[a, b]
    half = np.zeros(p)
    for a in range(p):
        half[a] = inverse[a, column]
    variance = inverse[column, column]
    # tr and quadratic forms of each pair, the contrast's derivatives, Kenward-Roger's middle.
    turned_c = np.zeros((p, p))
    turned_r = np.zeros((p, p))
    for a in range(p):
        for b in range(p):
            for c in range(p):
                turned_c[a, b] += inverse[a, c] * B[c, b]
                turned_r[a, b] += inverse[a, c] * R[c, b]
    e_cc = trace_cc
    e_cr = trace_cr
    e_rr = trace_rr
    for a in range(p):
        for b in range(p):
            e_cc += -2.0 * inverse[a, b] * C[b, a] + turned_c[a, b] * turned_c[b, a]
            e_cr += -2.0 * inverse[a, b] * D[b, a] + turned_c[a, b] * turned_r[b, a]
            e_rr += -2.0 * inverse[a, b] * Q[b, a] + turned_r[a, b] * turned_r[b, a]
    q_cc = 0.0
    q_cr = 0.0
    q_rr = 0.0
    g_c = 0.0
    g_r = 0.0
    m_cc = 0.0
    m_cr = 0.0
    m_rr = 0.0
    scores_r = np.zeros(p)
    half_c = np.zeros(p)
    half_r = np.zeros(p)
    for a in range(width):
        total_b = 0.0
        total_r = 0.0
        for b in range(width):
            q_cc += u[a] * C[a, b] * u[b]
            q_cr += u[a] * D[a, b] * u[b]
            q_rr += u[a] * Q[a, b] * u[b]
            total_b += B[a, b] * u[b]
            total_r += R[a, b] * u[b]
        if a < p:
            scores[a] = total_b
            scores_r[a] = total_r
    for a in range(p):
        for b in range(p):
            q_cc -= scores[a] * inverse[a, b] * scores[b]
            q_cr -= scores[a] * inverse[a, b] * scores_r[b]
            q_rr -= scores_r[a] * inverse[a, b] * scores_r[b]
            half_c[a] += B[a, b] * half[b]
            half_r[a] += R[a, b] * half[b]
            m_cc += half[a] * C[a, b] * half[b]
            m_cr += half[a] * D[a, b] * half[b]
            m_rr += half[a] * Q[a, b] * half[b]
        g_c += half[a] * half_c[a]
        g_r += half[a] * half_r[a]
    for a in range(p):
        for b in range(p):
            m_cc -= half_c[a] * inverse[a, b] * half_c[b]
            m_cr -= half_c[a] * inverse[a, b] * half_r[b]
            m_rr -= half_r[a] * inverse[a, b] * half_r[b]
    # Observed information: without the cluster variance where that is zero.
    o_rr = 2.0 * q_rr / sigma2 - e_rr
    if ratio == 0.0:
        spread = g_r * g_r / o_rr
    else:
        o_cc = 2.0 * q_cc / sigma2 - e_cc
        o_cr = 2.0 * q_cr / sigma2 - e_cr
        spread = (g_c * g_c * o_rr - 2.0 * g_c * g_r * o_cr + g_r * g_r * o_cc) / (
            o_cc * o_rr - o_cr * o_cr
        )
    determinant = e_cc * e_rr - e_cr * e_cr
    if not determinant > 1e-12 * e_cc * e_rr:
        return no_fit(COLUMNS_DEPEND, n_obs, used_clusters)
    spread_kr = (g_c * g_c * e_rr - 2.0 * g_c * g_r * e_cr + g_r * g_r * e_cc) / determinant
    middle = 2.0 * (e_rr * m_cc - 2.0 * e_cr * m_cr + e_cc * m_rr) / determinant
    unit = math.sqrt(sigma2) * scales[p] / scales[column]
    log_scales = 0.0
    for j in range(1, p):
        log_scales += math.log(scales[j])
    criterion = (
        df * (1.0 + math.log(2.0 * math.pi * sigma2) + 2.0 * math.log(scales[p]))
        + log_det_H
        + log_det_A
        + 2.0 * log_scales
    )
    residual_variance = sigma2 * scales[p] * scales[p]
    return RandomInterceptFit(
        -u[column] * scales[p] / scales[column],
        unit * math.sqrt(variance),
        variance * variance / spread if spread > 0.0 else math.nan,
        unit * math.sqrt(max(variance + 2.0 * middle, 0.0)),
        variance * variance / spread_kr if spread_kr > 0.0 else math.nan,
        ratio * residual_variance,
        residual_variance,
        criterion,
        ratio == 0.0,
        FITTED,
        n_obs,
        used_clusters,
    )
