"""The two-stage t test of cluster means; see `sim.trials.analyses.cluster_level`."""

from __future__ import annotations

from math import nan

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.cluster_level import cluster_level


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test of cluster means beside strata and other covariates of clusters."""
    level = cluster_level(trial.x, trial.tested, trial.clusters, trial.strata)
    if level is None or min(level.treated.sum(), (~level.treated).sum()) < 2:
        return None
    try:
        found = level.summary_test(trial.y)
    except InputError:
        return None
    share = 1.0 / level.treated.sum() + 1.0 / (~level.treated).sum()
    return Answer(found.estimate, found.se, found.df, None, found.se**2 / share, nan)


ANALYSIS = Analysis(
    name="cluster-summary",
    short="cluster summary",
    title="two-stage t test of team means",
    estimates="the difference of means of clusters, each of which counts the same",
    test=test,
    needs_arms=True,
    of_model=False,
    r_code="""\
X <- model.matrix({fixed}, d)
group <- {group}
constant <- apply(X, 2, function(v) all(tapply(v, group, function(one) diff(range(one)) == 0)))
# First stage: what varies within clusters is taken out; second stage: means of clusters.
first <- lm.fit(cbind(1, X[, !constant, drop = FALSE]), with(d, {response}))
means <- as.vector(tapply(first$residuals, group, mean))
one <- match(levels(group), group)
of <- {within}[one]
Z <- cbind(X[one, constant, drop = FALSE], if (nlevels(of) > 1) model.matrix(~ of)[, -1])
print(summary(lm(means ~ Z - 1))$coefficients["Z{coefficient}", ])""",
)
