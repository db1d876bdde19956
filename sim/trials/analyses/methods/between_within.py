"""The mixed model's t test with degrees of freedom counted level by level."""

from __future__ import annotations

from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.cluster_tests import between_within_df, nested_groupings


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test with the model's standard error and between-within degrees of freedom."""
    found = trial.fitted
    if found is None:
        return None
    groupings = nested_groupings(trial.effects, trial.clusters)
    df, _ = between_within_df(trial.x, trial.tested, groupings)
    return trial.answer(found.inference.se, df)


ANALYSIS = Analysis(
    name="between-within",
    short="between-within",
    title="t test with between-within degrees of freedom",
    estimates="the difference of means, clusters weighed by what they tell",
    test=test,
    of_likelihood=True,
    counts_clusters=True,
    r_code="""\
library(lme4)
fit <- lmer({formula}, data = d, REML = TRUE)
t <- coef(summary(fit))["{coefficient}", "t value"]
print(c(t = t, df = {df}, p = 2 * pt(-abs(t), {df})))""",
)
