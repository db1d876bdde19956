"""Where published figures fall among a few made-up trials, counted by hand."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from sim.trials.studies.published import published_figures
from sim.trials.studies.replication import COLUMNS, fall, replication_summary


def table(count: int) -> pd.DataFrame:
    """Return trials of which every figure is one over its number of trials and place."""
    values = np.arange(1.0, count + 1)
    return pd.DataFrame(dict.fromkeys(COLUMNS, values / count))


def test_ties_are_on_neither_side() -> None:
    figure = {"label": "x", "unit": "points", "value": 3.0}
    got = fall("x", figure, np.array([1.0, 2.0, 3.0, 3.0, 7.0, np.nan]))
    assert got.below.value == 0.4
    assert got.tail == pytest.approx(0.4), "one of five is above"
    assert got.tail_monte_carlo_se == pytest.approx(2.0 * sqrt(0.2 * 0.8 / 5))
    assert (got.trials, got.published, got.median) == (5, 3.0, 3.0)
    assert (got.low, got.high) == pytest.approx((1.2, 6.2))
    for edge, inside in ((got.low, True), (got.high, True), (1.1, False), (6.3, False)):
        own = fall("x", {**figure, "value": edge}, np.array([1.0, 2.0, 3.0, 3.0, 7.0]))
        assert own.inside == inside
    assert fall("x", {**figure, "value": 2.5}, np.arange(2.0, 4.0)).tail == 1.0


def test_shares_of_trials() -> None:
    """Twenty trials: p below .05, figures that are missing, and selection by the smallest p."""
    trials = table(20)
    trials["p"] = [0.05, 0.049, *[0.5] * 18]
    wanted = published_figures()["difference"]["value"]
    trials["difference"] = [np.nan, wanted, wanted - 0.01, *[9.0] * 17]
    trials["singular"] = [1.0, 1.0, 0.0, np.nan, *[0.0] * 16]
    trials["participation"] = [0.0, -1.0, np.nan, *[2.0] * 17]
    trials["participation_smallest_p"] = [0.049] * 11 + [0.05] * 9
    got = replication_summary(trials)
    assert got.significant.value == 1 / 20
    assert got.at_least_published.value == 18 / 20
    assert got.failed.value == 1 / 20
    assert got.singular.value == 2 / 20
    assert (got.higher_participation.value, got.higher_participation.trials) == (17 / 19, 19)
    assert (got.higher_selected.value, got.higher_selected.trials) == (8 / 10, 10)
    assert got.selected is not None
    assert got.selected.trials == 10
    trials.loc[0, "participation_smallest_p"] = 0.05
    few = replication_summary(trials)
    assert few.selected is None, "nine trials tell nothing"
    assert few.higher_selected.trials == 9
    assert [one.name for one in got.falls] == list(published_figures())
