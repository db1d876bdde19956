"""A trial at the level of its clusters: the one rule of every test that compares whole clusters.

First stage: what varies within clusters is taken out of the outcome, and the mean of what is left
stands for the cluster. Second stage: means are compared between arms beside the pairs, strata and
other covariates of clusters, which cost degrees of freedom there (Hayes and Moulton 2017, chapters
10 to 12). The permutation test takes the same means and covariates and exchanges arms within pairs
and strata. Power, the analysis of a table and the complier-average effect all use these.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.analyses.cluster_tests import (
    DRAWN_ALLOCATIONS,
    PermutationTest,
    TTest,
    cluster_means,
    cluster_permutation_test,
    cluster_summary_test,
    constant_within,
    two_arms,
)

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

MEANS_IN_R = """\
X <- model.matrix({fixed}, d)
group <- {group}
constant <- apply(X, 2, function(v) all(tapply(v, group, function(one) diff(range(one)) == 0)))
# First stage: what varies within clusters is taken out; second stage: means of clusters.
first <- lm.fit(cbind(1, X[, !constant, drop = FALSE]), with(d, {response}))
means <- as.vector(tapply(first$residuals, group, mean))
one <- match(levels(group), group)
of <- {within}[one]
Z <- cbind(X[one, constant, drop = FALSE], if (nlevels(of) > 1) model.matrix(~ of)[, -1])
"""
"""Both stages up to the means of clusters and their covariates, in R: fields as in `r_code`."""


class ClusterLevel(NamedTuple):
    """The clusters of a trial with two arms."""

    varying: Matrix  # (n, v) array: Columns taken out in the first stage, the intercept included
    clusters: Codes  # (n,) array: Cluster of each row, from 0
    treated: NDArray[np.bool_]  # (k,) array
    distance: float  # Difference of the treatment's two values
    covariates: Matrix  # (k, q) array: Columns of clusters, the intercept among them
    strata: Codes  # (k,) array: Within which arms are exchanged

    def means(self, values: Matrix) -> Matrix:
        """Return the first stage's summary of each cluster."""
        return cluster_means(values, self.varying, self.clusters)

    def summary_test(self, y: Matrix) -> TTest:
        """Return the cluster-summary test of an outcome of shape (n,)."""
        test = cluster_summary_test(self.means(y), self.treated, self.covariates)
        low, high = (one / self.distance for one in test.ci95)
        estimate, se = test.estimate / self.distance, test.se / self.distance
        return test._replace(estimate=estimate, se=se, ci95=(low, high))

    def permutation_test(
        self, y: Matrix, draws: int = DRAWN_ALLOCATIONS, seed: int = 0
    ) -> PermutationTest:
        """Return the permutation test of an outcome of shape (n,)."""
        found = cluster_permutation_test(
            self.means(y), self.treated, self.covariates, self.strata, draws=draws, seed=seed
        )
        return found._replace(estimate=found.estimate / self.distance)


def cluster_level(
    X: Matrix, tested: int, clusters: Codes, strata: Codes | None = None
) -> ClusterLevel | None:
    """Return a trial's clusters, ready to be compared.

    Parameters
    ----------
    X : (n, p) array
        Columns of the model, the intercept included.
    tested : int
        The treatment's column.
    clusters : (n,) array of int
        Cluster of each row, from 0.
    strata : (k,) array of int, optional
        Declared pairs or strata of the clusters. Without them those of the model are taken: see
        `strata_of`.

    Returns
    -------
    ClusterLevel or None
        None where the treatment is not one of two values in whole clusters.
    """
    arms = two_arms(X[:, tested], clusters)
    if arms is None:
        return None
    others = np.delete(X, tested, axis=1)
    of_clusters = constant_within(others, clusters)
    first = np.unique(clusters, return_index=True)[1]
    covariates = others[first][:, of_clusters]
    if strata is None:
        strata = strata_of(covariates)
    else:
        indicators = (strata[:, None] == np.unique(strata)[1:]).astype(float)
        covariates = np.column_stack([covariates, indicators])
    varying = np.column_stack([np.ones(len(X)), others[:, ~of_clusters]])
    return ClusterLevel(varying, clusters, arms[0], arms[1], covariates, strata)


def strata_of(covariates: Matrix) -> Codes:
    """Return the combination of factors of each cluster: pairs, strata, other arms.

    Columns with two values count as factors, others as quantities. Arms may be exchanged within any
    factor of clusters, whether or not the randomisation was stratified by it.

    Returns
    -------
    (k,) array of int
        From 0; all 0 without a factor.
    """
    factors = [one for one in covariates.T if np.unique(one).size == 2]
    if not factors:
        return np.zeros(len(covariates), dtype=np.intp)
    codes = np.unique(np.column_stack(factors), axis=0, return_inverse=True)[1]
    return np.asarray(codes.reshape(-1), dtype=np.intp)
