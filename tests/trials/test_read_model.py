"""A table as a model takes it: complete rows, made columns, and what stops it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.read_model import ReadModel, read_model, used_columns
from sim.trials.fits.model_formula import parse_formula

FRAME = pd.DataFrame(
    {
        "team": ["a", "a", "a", "b", "b", "b", "c", "c", "c", "d", "d", "d"],
        "arm": [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1],
        "period": [1, 2, 4] * 4,
        "base": [2.5, 3.0, 4.5, 1.0, 2.0, 7.5, 3.5, 2.0, 4.0, 5.0, 1.5, 6.0],
        "y": [3.1, 4.2, 5.9, 2.2, 4.4, 8.8, 4.1, 3.3, 5.2, 7.7, 2.1, 6.6],
    },
    index=np.arange(100, 112),
)


def read(model: str = "y ~ arm + base + (1|team)", term: str = "arm", **given: Any) -> ReadModel:
    changed = given.pop("frame", FRAME)
    return read_model(changed, model, term, **given)


def without(column: str, *rows: int) -> pd.DataFrame:
    values = FRAME[column].astype(object)
    values.iloc[list(rows)] = None
    return FRAME.assign(**{column: values})


def test_rows_without_a_value_are_left_out_and_counted() -> None:
    frame = without("base", 2, 7)
    found = read(frame=frame)
    assert found.dropped.tolist() == [row in (2, 7) for row in range(12)]
    assert found.gone["base"].sum() == 2
    assert found.used == ("y", "arm", "base", "team")
    assert len(found.table) == len(found.y) == 10
    assert found.y.tolist() == FRAME["y"].drop([102, 107]).tolist()
    assert (found.fixed.names, found.at) == (("(Intercept)", "arm", "base"), 1)
    assert found.structure is None
    assert found.effects[0].codes.max() == 3
    # What is asked beside the model does not drop a row.
    beside = read(frame=without("period", 3), beside=["period", "nowhere"])
    assert beside.gone["period"].sum() == 1
    assert not beside.dropped.any()
    assert "nowhere" not in beside.gone


def test_codes_may_stand_for_missing() -> None:
    found = read(frame=FRAME.assign(base=FRAME["base"].replace(7.5, -99.0)), missing=["base=-99"])
    assert np.flatnonzero(found.dropped).tolist() == [5]


def test_a_table_without_a_complete_row_is_refused() -> None:
    frame = without("base", *range(6)).assign(y=[None if k > 5 else 1.0 for k in range(12)])
    with pytest.raises(InputError, match=r"none of 12 is complete in .*missing: y 6, base 6\)"):
        read(frame=frame)


def test_an_outcome_or_a_term_that_does_not_vary_is_refused() -> None:
    with pytest.raises(InputError, match="outcome 'y': it has the value 2 in every row"):
        read(frame=FRAME.assign(y=2.0))
    with pytest.raises(InputError, match="term 'arm': it has the value 1 in every complete row"):
        read(frame=FRAME.assign(arm=1))
    with pytest.raises(InputError, match="'arm': it has the label 'new' in every complete row"):
        read(frame=FRAME.assign(arm="new"))
    assert read(frame=FRAME.assign(base=FRAME["base"] > 3.0)).at == 1


def test_a_grouping_of_single_rows_after_losses_is_refused() -> None:
    once = FRAME.assign(team=[f"t{k}" if k % 3 == 0 else None for k in range(12)])
    with pytest.raises(InputError, match=r"it has 4 levels for 4 rows; 8 others .*\(team 8\)"):
        read(frame=once)
    twice = FRAME.assign(team=[f"t{k // 3}" if k % 3 < 1 or k == 1 else None for k in range(12)])
    assert read(frame=twice).dropped.sum() == 7
    # Without losses it is for the fit to say.
    assert read(frame=FRAME.assign(team=[f"t{k}" for k in range(12)])).effects[0].n_levels == 12
    slope = once.assign(w=[0.5, 1.0] * 6)
    model = "y ~ base + (0 + w|team)"
    assert read(model, "base", frame=slope).effects[0].n_levels == 4


def test_an_interaction_may_be_the_term_and_labels_that_slip_are_told() -> None:
    found = read("y ~ arm*base + (1|team)", "arm:base")
    assert found.fixed.names[found.at] == "arm:base"
    slips = FRAME.assign(site=["north", "North", "south"] * 4)
    notes = read("y ~ arm + site + (1|team)", frame=slips).notes
    assert any("North" in one for one in notes)


def test_a_reference_makes_a_number_a_label() -> None:
    found = read(references=["arm=1"])
    assert found.fixed.names[found.at] == "arm0"
    assert found.chosen["arm"].label == "1"
    plain = read()
    assert plain.fixed.names[plain.at] == "arm"


def test_periods_are_numbered_and_an_offset_is_taken_off() -> None:
    found = read("y ~ arm + factor(period) + offset(base) + (1|team)")
    assert found.periods is not None
    assert found.periods.tolist() == [0, 1, 2] * 4
    assert found.left == pytest.approx((FRAME["y"] - FRAME["base"]).to_numpy())
    plain = read()
    assert plain.periods is None
    assert plain.left is plain.y


def test_a_column_of_cluster_and_period_is_made() -> None:
    frame = FRAME.rename(columns={"team": "cluster", "period": "time"})
    frame = pd.concat([frame, frame.assign(y=frame["y"] + 0.5)], ignore_index=True)
    frame.loc[3, "time"] = np.nan
    model = "y ~ arm + (1|cluster) + (1|clper)"
    found = read(model, frame=frame)
    assert found.dropped.tolist() == [row == 3 for row in range(24)]
    assert found.effects[1].n_levels == 12
    assert found.frame["clper"].iloc[0] == "a:1.0"
    for gone in ("cluster", "time"):
        with pytest.raises(InputError, match="cannot be made from cluster and period"):
            read(model, frame=frame.drop(columns=gone))
    own = frame.assign(clper=["u", "v", "w"] * 8)
    assert read("y ~ arm + (1|clper)", frame=own).effects[0].n_levels == 3


def test_columns_of_a_model_must_be_there() -> None:
    formula = parse_formula("y ~ arm + (1|team)")
    assert used_columns(FRAME, formula, "base", None, "y") == ("y", "arm", "team", "base")
    with pytest.raises(InputError, match="unknown column 'bse'"):
        used_columns(FRAME, formula, "bse")


def test_weights_are_numbers_and_residuals_labels() -> None:
    weighed = read(weights="base")
    assert weighed.structure is not None
    assert weighed.structure.residual.weights.tolist() == FRAME["base"].tolist()
    parted = read(residual_by="period")
    assert parted.structure is not None
    assert len(parted.structure.residual.labels) == 3


def test_people_and_rows_that_come_twice_are_told() -> None:
    assert read().notes == []
    twice = pd.concat([FRAME, FRAME.iloc[:1]])
    assert any("row" in one for one in read(frame=twice).notes)
