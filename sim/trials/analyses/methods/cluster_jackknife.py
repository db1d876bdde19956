"""The mixed model's estimate with the cluster-robust standard error CR3, which is the jackknife."""

from __future__ import annotations

from functools import partial

from sim.trials.analyses.analysed_trial import Analysis
from sim.trials.analyses.methods import cluster_robust

ANALYSIS = Analysis(
    name="cluster-jackknife",
    short="cluster-robust (CR3)",
    title="t test with the cluster-robust standard error CR3 (jackknife) and Satterthwaite's df",
    estimates="the difference of means, clusters weighed by what they tell",
    test=partial(cluster_robust.robust_test, jackknife=True),
    counts_clusters=True,
    formula=partial(cluster_robust.expected, jackknife=True),
    r_code=cluster_robust.ANALYSIS.r_code.replace("CR2", "CR3"),
)
