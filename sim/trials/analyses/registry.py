"""The analyses that a trial may declare: `refocus power` and `refocus analyse` have the same.

A new one is a file in `sim/trials/analyses/methods` and a place in this list.
"""

from __future__ import annotations

from sim.errors import unknown
from sim.trials.analyses.analysed_trial import Analysis
from sim.trials.analyses.methods import (
    between_within,
    by_arm,
    cluster_jackknife,
    cluster_robust,
    cluster_summary,
    kenward_roger,
    marginal,
    participant_average,
    permutation,
    satterthwaite,
)

# In the order in which they are shown; the first is what is taken where none is declared.
METHODS = (
    kenward_roger,
    satterthwaite,
    between_within,
    cluster_robust,
    cluster_jackknife,
    by_arm,
    cluster_summary,
    participant_average,
    permutation,
    marginal,
)
ANALYSES: dict[str, Analysis] = {one.ANALYSIS.name: one.ANALYSIS for one in METHODS}


def analysis_named(name: str) -> Analysis:
    """Return an analysis by its name in design files.

    Raises
    ------
    InputError
        Names the nearest one.
    """
    if name not in ANALYSES:
        raise unknown("test", name, ANALYSES)
    return ANALYSES[name]
