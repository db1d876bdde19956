"""A permutation test: the p value from allocating arms or sequences to other clusters."""

from __future__ import annotations

import numpy as np

from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.cluster_level import cluster_level
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
        codes = trial.clusters.astype(np.int64)
        null = fit_random_intercept(codes, trial.number, others, trial.y, 1)
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
    r_code="""\
# Of arms of whole clusters; all allocations where they are few, here {draws} drawn ones.
d$left <- resid(lm({within}, data = d))
means <- aggregate(left ~ {by_cluster}, data = d, FUN = mean)
effect <- function(arm) coef(lm(left ~ {second}, data = transform(means, {arm} = arm)))[2]
seen <- effect(means${arm})
drawn <- replicate({draws}, effect({shuffled}))
(1 + sum(abs(drawn) >= abs(seen) - 1e-10)) / (1 + {draws})""",
)
