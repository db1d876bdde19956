"""Which people of a cluster a model of binary or count outcomes takes to be how alike.

The random part of a formula says it for both models: ``(1|team)`` one value for two people of a
team; ``(1|team) + (1|team:period)`` another within a period, or within what else is nested; and
``decay(period|team)`` a correlation that fades, which the marginal model alone has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import nested
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.gee import DECAY, EXCHANGEABLE, INDEPENDENCE, NESTED, Working
from sim.trials.fits.model_formula import ModelFormula

if TYPE_CHECKING:
    import pandas as pd

Codes = NDArray[np.intp]


class Clustering(NamedTuple):
    """How rows are clustered."""

    clusters: Codes  # (n,) array: From 0
    cells: Codes | None  # (n,) array: From 0, each within a cluster; None for clusters alone
    working: Working
    names: tuple[str, ...]  # Of the random intercepts, the clusters' first


def clustering(
    formula: ModelFormula, effects: Sequence[RandomEffect], table: pd.DataFrame, independent: bool
) -> Clustering:
    """Return how the random part of a formula clusters the rows.

    Parameters
    ----------
    effects : sequence of RandomEffect
        Of its terms.
    independent : bool
        Whether the marginal model is to take all people as independent.

    Raises
    ------
    InputError
        For a random part that these models do not have.
    """
    terms = formula.random
    wrong = InputError(
        f"model '{formula.text}': needs one random intercept, as (1|team), one nested within it "
        "besides, as (1|team) + (1|team:period), or decay(period|team)"
    )
    if formula.residual is not None or any(one.slope is not None for one in terms):
        raise wrong
    clusters, cells = effects[0].codes, None
    names: tuple[str, ...] = (terms[0].group,)
    working = Working(EXCHANGEABLE)
    if len(terms) == 1 and terms[0].time is not None:
        working = Working(DECAY, table[terms[0].time].to_numpy(dtype=float))
    elif len(terms) == 2 and all(one.time is None for one in terms):
        coarse, fine = sorted((0, 1), key=lambda at: effects[at].n_levels)
        clusters, cells = effects[coarse].codes, effects[fine].codes
        if not nested(cells, clusters):
            raise wrong
        names = terms[coarse].group, terms[fine].group
        if effects[fine].n_levels == effects[coarse].n_levels:
            raise InputError(
                f"random effects '{names[0]}', '{names[1]}': every {names[0]} has one {names[1]} "
                "alone; leave one out"
            )
        working = Working(NESTED, cells.astype(float))
    elif len(terms) > 1:
        raise wrong
    return Clustering(clusters, cells, Working(INDEPENDENCE) if independent else working, names)
