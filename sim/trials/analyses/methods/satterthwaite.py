"""Satterthwaite's test of a coefficient of the mixed model."""

from __future__ import annotations

from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test with the model's standard error and Satterthwaite's degrees of freedom."""
    found = trial.fitted
    if found is None:
        return None
    return trial.answer(found.inference.se, found.inference.satterthwaite_df)


ANALYSIS = Analysis(
    name="satterthwaite",
    short="Satterthwaite",
    title="Satterthwaite test",
    estimates="the difference of means, clusters weighed by what they tell",
    test=test,
    of_likelihood=True,
    r_code="""\
library(lmerTest)
fit <- lmer({formula}, data = d, REML = TRUE)
print(summary(fit)$coefficients["{coefficient}", ])""",
)
