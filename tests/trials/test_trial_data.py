"""Rows of a simulated trial, and people measured twice, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.trials.data.data import TrialData

NO = np.nan
# Person 5 is measured at first only and person 2 at the end only; rows stand in no order.
DATA = TrialData(
    cluster=np.array([1, 0, 1, 0, 0, 1, 0]),
    period=np.array([0, 0, 2, 2, 0, 1, 2]),
    person=np.array([7, 4, 7, 4, 5, 7, 2]),
    treatment=np.array([0, 0, 1, 0, 0, 1, 0]),
    arm=np.array([1, 0, 1, 0, 0, 1, 0]),
    outcome=np.array([10.0, 20.0, NO, 40.0, 50.0, 60.0, 70.0]),
    stratum=np.array([3, 2, 3, 2, 2, 3, 2]),
)


def test_people_measured_in_two_periods_are_paired() -> None:
    before, after = DATA.pair_rows(0, 2)
    assert (before.tolist(), after.tolist()) == ([1, 0], [3, 2])
    assert [one.tolist() for one in DATA.pair_rows(1, 2)] == [[5], [2]]
    cluster, arm, stratum, baseline, follow_up = DATA.pairs(0, 2)
    assert cluster.tolist() == [0, 1]
    assert arm.tolist() == [0, 1]
    assert stratum.tolist() == [2, 3]
    assert baseline.tolist() == [20.0, 10.0]
    assert np.nan_to_num(follow_up, nan=-1.0).tolist() == [40.0, -1.0]


def test_a_table_has_workers_where_they_are_known() -> None:
    names = ["cluster", "period", "person", "treatment", "arm", "stratum", "outcome"]
    frame = DATA.frame()
    assert list(frame.columns) == names
    for name in names:
        assert np.array_equal(frame[name], getattr(DATA, name), equal_nan=True)
    known = replace(DATA, worker=np.arange(7) + 30).frame()
    assert list(known.columns) == [*names, "worker"]
    assert known["worker"].tolist() == list(range(30, 37))
