"""Which matrices of doses compare anything."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.treatment_schedule import check_schedule


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ([["a"]], "matrix of numbers"),
        ([0.0, 1.0], "a matrix, clusters by periods"),
        (np.zeros((0, 2)), "a matrix, clusters by periods"),
        ([[np.nan, np.nan]], "finite number"),
        ([[0.0, np.inf]], "finite number"),
        ([[1.0, 1.0]], "every cell is 1, so"),
        ([[0.0, np.nan]], "every cell is 0, so"),
    ],
)
def test_schedules_that_compare_nothing(schedule: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_schedule(schedule)  # type: ignore[arg-type]


def test_a_small_dose_is_a_treatment() -> None:
    assert check_schedule([[0.0, 0.005]]).tolist() == [[0.0, 0.005]]  # type: ignore[arg-type]
