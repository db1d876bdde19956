"""The data of one simulated trial, as its statistician would receive them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrialData:
    """One row per person and measured period.

    Attributes
    ----------
    cluster, period, person : numpy.ndarray
        Whole numbers; a person keeps the number over periods in a cohort.
    treatment : numpy.ndarray
        1 where the cluster is treated in the period, else 0.
    arm : numpy.ndarray
        1 where the cluster is ever treated, else 0 (parallel trials).
    outcome : numpy.ndarray
        The outcome; NaN where lost or not answered.
    stratum : numpy.ndarray
        Stratum of the cluster.
    """

    cluster: np.ndarray
    period: np.ndarray
    person: np.ndarray
    treatment: np.ndarray
    arm: np.ndarray
    outcome: np.ndarray
    stratum: np.ndarray

    def frame(self) -> pd.DataFrame:
        """Return the data as a tidy frame."""
        import pandas as pd

        return pd.DataFrame(
            {
                "cluster": self.cluster,
                "period": self.period,
                "person": self.person,
                "treatment": self.treatment,
                "arm": self.arm,
                "stratum": self.stratum,
                "outcome": self.outcome,
            }
        )

    def pairs(self, first: int, last: int) -> tuple[np.ndarray, ...]:
        """Return cluster, arm, stratum, baseline and follow-up of people measured in two periods.

        Returns
        -------
        tuple of numpy.ndarray
            ``(cluster, arm, stratum, baseline, follow_up)``, one row per person; what is missing is
            NaN.
        """
        before, after = self.period == first, self.period == last
        order_before = np.argsort(self.person[before], kind="stable")
        order_after = np.argsort(self.person[after], kind="stable")
        people_before = self.person[before][order_before]
        people_after = self.person[after][order_after]
        both, at_before, at_after = np.intersect1d(
            people_before, people_after, assume_unique=True, return_indices=True
        )
        rows = np.flatnonzero(after)[order_after][at_after]
        base = self.outcome[before][order_before][at_before]
        del both
        return self.cluster[rows], self.arm[rows], self.stratum[rows], base, self.outcome[rows]
