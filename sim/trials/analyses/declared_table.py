"""One simulated trial as the table that its design declares.

A statistician can so write and try the analysis before there are data: `refocus analyse` with the
design file finds in this table what `refocus power` found in the first simulated trial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.trials.analyses.declared_analysis import (
    STRATUM,
    outcome_column,
    treatment_column,
    with_strata,
)

if TYPE_CHECKING:
    import pandas as pd

    from sim.trials.data.data import TrialData
    from sim.trials.designs.design import Design
    from sim.trials.designs.design_schema import DesignFile

CONTROL_LABEL, TREATED_LABEL = "control", "treated"


def declared_table(data: TrialData, file: DesignFile, design: Design) -> pd.DataFrame:
    """Return a trial's data in the columns that its design file names.

    Parameters
    ----------
    data : TrialData
    file : DesignFile
        Names of columns, and the label of control.
    design : Design

    Returns
    -------
    pandas.DataFrame
        One row for each person asked and period measured; of a parallel trial one for each person,
        with the baseline where the design uses it. Covariates and pairs are not simulated, and have
        no column.
    """
    import pandas as pd

    names = file.columns
    treated = [TREATED_LABEL]
    if design.treated_arms > 1:
        treated = [f"arm {one}" for one in range(1, design.treated_arms + 1)]
    labels = [names.reference or CONTROL_LABEL, *treated]
    rows = np.arange(len(data.outcome))
    table: dict[str, Any] = {}
    if design.is_parallel:
        last = design.periods - 1
        rows = np.flatnonzero(data.period == last)
        if design.baseline != "none":
            before, rows = data.pair_rows(0, last)
            table[names.baseline] = data.outcome[before]
        got: Any = [labels[one] for one in data.arm[rows]]
    else:
        table[names.period] = data.period
        got = data.treatment
        if names.reference is not None:
            got = [labels[one] for one in data.treatment]
    if data.worker is not None:
        table[names.worker] = data.worker[rows]
    strata = with_strata(file, design, (STRATUM,)).columns.strata
    table |= dict.fromkeys(strata[:1], data.stratum[rows])
    return pd.DataFrame(
        {
            names.cluster: data.cluster[rows],
            names.person: data.person[rows],
            treatment_column(file, design): got,
            **table,
            outcome_column(file): data.outcome[rows],
        }
    )


def with_second(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a trial's first outcome with what that of its second one has besides."""
    more = [name for name in second.columns if name not in first.columns]
    return first.assign(**{name: second[name].to_numpy() for name in more})
