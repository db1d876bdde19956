"""The data of one simulated trial, as its statistician would receive them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrialData:
    """One row per person and measured period."""

    # Whole numbers; a person keeps the number over periods in a cohort.
    cluster: np.ndarray
    period: np.ndarray
    person: np.ndarray
    treatment: np.ndarray  # 1 where the cluster is treated in the period, else 0
    arm: np.ndarray  # 1 where the cluster is ever treated, else 0 (parallel trials)
    outcome: np.ndarray  # The outcome; NaN where lost or not answered
    stratum: np.ndarray  # Stratum of the cluster
    # Member of staff who works with the person, numbered over all clusters; None where the source
    # knows no staff.
    worker: np.ndarray | None = None

    def frame(self) -> pd.DataFrame:
        """Return the data as a tidy frame."""
        columns = {
            "cluster": self.cluster,
            "period": self.period,
            "person": self.person,
            "treatment": self.treatment,
            "arm": self.arm,
            "stratum": self.stratum,
            "outcome": self.outcome,
        }
        if self.worker is not None:
            columns["worker"] = self.worker
        return data_frame(columns)

    def pair_rows(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of people measured in two periods: of the first, and of the last."""
        rows = []
        people = []
        for period in (first, last):
            at = np.flatnonzero(self.period == period)
            at = at[np.argsort(self.person[at], kind="stable")]
            rows.append(at)
            people.append(self.person[at])
        _, before, after = np.intersect1d(
            people[0], people[1], assume_unique=True, return_indices=True
        )
        return rows[0][before], rows[1][after]

    def pairs(self, first: int, last: int) -> tuple[np.ndarray, ...]:
        """Return cluster, arm, stratum, baseline and follow-up of people measured in two periods.

        Returns
        -------
        tuple of numpy.ndarray
            ``(cluster, arm, stratum, baseline, follow_up)``, one row per person; what is missing is
            NaN.
        """
        before, after = self.pair_rows(first, last)
        outcome = self.outcome
        return (
            self.cluster[after],
            self.arm[after],
            self.stratum[after],
            outcome[before],
            outcome[after],
        )
