"""The two-stage t test of cluster means; see `sim.trials.analyses.cluster_level`."""

from __future__ import annotations

from math import nan

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import CLUSTERS, AnalysedTrial, Analysis, Answer
from sim.trials.analyses.cluster_level import MEANS_IN_R, cluster_level


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
    aims=CLUSTERS,
    r_code=MEANS_IN_R
    + """\
print(summary(lm(means ~ Z - 1))$coefficients["Z{coefficient}", ])""",
)
