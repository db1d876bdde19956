"""A permutation test: the p value from allocating arms or sequences to other clusters."""

from __future__ import annotations

import numpy as np

from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.cluster_level import MEANS_IN_R, cluster_level
from sim.trials.analyses.cluster_tests import PermutationTest
from sim.trials.analyses.permutation import schedule_permutation_test
from sim.trials.fits.random_intercept import FITTED

# Ratio of variances of the working correlation where there is nothing to estimate it from.
USUAL_RATIO = 0.05


def test(trial: AnalysedTrial) -> Answer | None:
    """Return Kenward and Roger's estimate and interval with the p value of permutation."""
    found = trial.fitted
    if found is None:
        return None
    level = cluster_level(trial.x, trial.tested, trial.clusters, trial.strata)
    permuted = of_schedule(trial) if level is None else level.permutation_test(trial.y)
    one = found.inference
    return trial.answer(one.kenward_roger_se, one.kenward_roger_df, permuted.p)


def of_schedule(trial: AnalysedTrial) -> PermutationTest:
    """Return the permutation test of a treatment that clusters get at different times.

    Sequences are exchanged within strata; the working correlation is that of a fit without the
    treatment.

    Raises
    ------
    InputError
        Where sequences cannot be exchanged, as in incomplete designs.
    """
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    others = np.ascontiguousarray(np.delete(trial.x, trial.tested, axis=1))
    ratio = USUAL_RATIO
    if others.shape[1] > 1:
        null = fit_random_intercept(trial.clusters, trial.number, others, trial.y, 1)
        if null.status == FITTED:
            ratio = float(null.cluster_variance / null.residual_variance)
    assert trial.periods is not None
    return schedule_permutation_test(
        trial.y,
        others,
        trial.clusters,
        trial.periods,
        trial.x[:, trial.tested],
        ratio=ratio,
        strata=trial.strata,
    )


ANALYSIS = Analysis(
    name="permutation",
    short="permutation",
    title="permutation test of allocations (interval: Kenward-Roger)",
    estimates="the difference of means, clusters weighed by what they tell",
    test=test,
    of_constant=True,
    r_code=MEANS_IN_R
    + """\
arm <- Z[, "{coefficient}"]
others <- Z[, colnames(Z) != "{coefficient}", drop = FALSE]
effect <- function(a) abs(lm.fit(cbind(a, others), means)$coefficients[[1]])
# All allocations where they are few and in no strata, else {draws} drawn ones.
if (nlevels(of) == 1 && choose(length(arm), sum(arm == max(arm))) <= 50000) {
  high <- combn(length(arm), sum(arm == max(arm)))
  drawn <- apply(high, 2, function(rows) effect(replace(arm * 0 + min(arm), rows, max(arm))))
  p <- mean(drawn >= effect(arm) - 1e-10)
} else {
  drawn <- replicate({draws}, effect(ave(arm, of, FUN = function(v) v[sample.int(length(v))])))
  p <- (1 + sum(drawn >= effect(arm) - 1e-10)) / (1 + {draws})
}
print(p)""",
)
