"""A staircase is a stepped wedge that is measured around each crossing alone."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.design_file import changed, design_from_table, trial_design
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.power_study import study_of

TABLE = {
    "design": {"type": "staircase", "steps": 3, "clusters": 9, "size": 20},
    "statistical": {"effect": 4.0, "icc": 0.05, "cac": 0.8},
}


def test_it_is_measured_around_each_crossing() -> None:
    file = design_from_table(TABLE, "stairs")
    assert trial_design(file).schedule.tolist() == [[0, 1, 3, 3], [3, 0, 1, 3], [3, 3, 0, 1]]
    wide = trial_design(changed(file, {"before": 2, "after": 2})).schedule
    assert wide.tolist() == [
        [0, 0, 1, 1, 3, 3],
        [3, 0, 0, 1, 1, 3],
        [3, 3, 0, 0, 1, 1],
    ]
    assert trial_design(file).clusters == (3, 3, 3)


def test_its_power_is_that_of_its_matrix_and_below_the_whole_wedge() -> None:
    file = design_from_table(TABLE, "stairs")
    rows = trial_design(file).schedule.tolist()
    matrix = {"type": "matrix", "schedule": rows, "clusters_by_sequence": [3, 3, 3], "size": 20}
    same = design_from_table({**TABLE, "design": matrix}, "matrix")
    whole = design_from_table(
        {**TABLE, "design": {**TABLE["design"], "type": "stepped wedge"}}, "wedge"
    )
    power = [formula_answer(study_of(one)).formula.power for one in (file, same, whole)]
    assert power[0] == pytest.approx(power[1])
    assert power[0] < power[2]
    assert np.isfinite(power).all()


def test_its_fields_are_its_own() -> None:
    file = design_from_table(TABLE, "stairs")
    wedge = changed(file, {"design.type": "stepped wedge"})
    with pytest.raises(InputError, match="needs design.type = 'staircase'"):
        changed(wedge, {"before": 2})
    with pytest.raises(InputError, match="fewer teams than the 3 sequences"):
        changed(file, {"clusters": 2})
