"""The difference with every participant the same: working independence, CR2, Satterthwaite's df.

A mixed model and a marginal model with an exchangeable correlation weigh clusters by what they
tell, and so neither by their people nor equally. Where large clusters respond otherwise than small
ones that is the average of nobody. Least squares over all rows takes every participant the same;
the cluster summary takes every cluster the same (Kahan and others 2023, doi 10.1093/ije/dyac131).
"""

from __future__ import annotations

from math import nan

import numpy as np

from sim.trials.analyses.analysed_trial import PARTICIPANTS, AnalysedTrial, Analysis, Answer
from sim.trials.analyses.methods.cluster_robust import robust


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test; None where rows have weights or variances of their own."""
    if trial.structure is not None or trial.number < 4:
        return None
    x, v, y = [], [], []
    for number in range(trial.number):
        rows = trial.clusters == number
        # Nothing but what X spans is corrected.
        basis = np.linalg.qr(trial.x[rows])[0]
        x.append(basis.T @ trial.x[rows])
        v.append(np.eye(basis.shape[1]))
        y.append(basis.T @ trial.y[rows])
    coefficients = np.linalg.lstsq(trial.x, trial.y, rcond=None)[0]
    se, df = robust(x, v, trial.tested, y)
    return Answer(float(coefficients[trial.tested]), se, df, None, nan, nan)


ANALYSIS = Analysis(
    name="participant-average",
    short="every participant the same",
    title="t test under working independence, with the error CR2 and Satterthwaite's df",
    estimates="the difference of means of participants, each of whom counts the same",
    test=test,
    counts_clusters=True,
    of_model=False,
    aims=PARTICIPANTS,
    r_code="""\
library(clubSandwich)
fit <- lm({response} {fixed}, data = d)
print(coef_test(fit, vcov = vcovCR(fit, cluster = {group}, type = "CR2"),
                test = "Satterthwaite", coefs = "{coefficient}"))""",
)
