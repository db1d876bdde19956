"""A long export of REDCap: filled in within persons, wide where the formula asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.trials.analyses.analyse import analyse_csv, analyse_table
from sim.trials.data.long_export import long_export


def trial() -> pd.DataFrame:
    """Return 40 people of 8 teams, one row each."""
    person = np.arange(40)
    noise = np.random.default_rng(1).normal(size=(2, 40))
    frame = pd.DataFrame({"record_id": person + 1, "team": person // 5 + 1})
    frame["alloc"] = frame["team"] % 2
    return frame.assign(base=noise[0].round(3), fu=(noise[0] + noise[1]).round(3))


def exported(frame: pd.DataFrame) -> str:
    """Return it as REDCap does: team and arm in the baseline's row only."""
    lines = ["record_id,redcap_event_name,team,alloc,qpr"]
    for one in frame.itertuples():
        lines.append(f"{one.record_id},baseline_arm_1,{one.team},{one.alloc},{one.base}")
        lines.append(f"{one.record_id},followup_arm_1,,,{one.fu}")
    return "\n".join(lines) + "\n"


def test_wide_and_long_have_one_answer(tmp_path: Path) -> None:
    path = tmp_path / "redcap.csv"
    path.write_text(exported(trial()))
    got = analyse_csv(path, "qpr_followup ~ alloc + qpr_baseline + (1|team)", "alloc")
    want = analyse_table(trial(), "fu ~ alloc + base + (1|team)", "alloc")
    for name in ("estimate", "se", "n_obs"):
        assert got[name] == pytest.approx(want[name], rel=1e-12)
    told = "\n".join(got["notes"])
    assert "'team' stands in the rows of baseline_arm_1 only and is filled in" in told
    assert "carried to one row for each record_id" in told


def test_a_formula_of_the_long_table_keeps_it_long(tmp_path: Path) -> None:
    path = tmp_path / "redcap.csv"
    path.write_text(exported(trial()))
    got = analyse_csv(path, "qpr ~ alloc + (1|team/record_id)", "alloc")
    assert got["n_obs"] == 80


def test_a_measure_of_one_event_that_people_have_twice_is_left_alone() -> None:
    frame = pd.DataFrame(
        {
            "id": ["1", "1", "2", "2"],
            "redcap_event_name": ["a_arm_1", "b_arm_1"] * 2,
            "team": ["x", "", "y", ""],
            "qpr": ["1", "2", "", "4"],
        }
    )
    filled, notes = long_export(frame, ["qpr"])
    assert filled["team"].tolist() == ["x", "x", "y", "y"]
    assert filled["qpr"].tolist() == ["1", "2", "", "4"]
    assert len(notes) == 1


def test_two_values_of_a_person_at_one_event_are_no_value_of_the_person() -> None:
    frame = pd.DataFrame(
        {
            "id": ["1"] * 3 + ["2"] * 3,
            "redcap_event_name": ["a_arm_1", "a_arm_1", "b_arm_1"] * 2,
            "team": ["x", "x", "", "y", "y", ""],
            "weight": ["60", "61", "", "70", "70", ""],
        }
    )
    filled, _ = long_export(frame, ["weight"])
    assert filled["team"].tolist() == ["x"] * 3 + ["y"] * 3
    assert filled["weight"].tolist() == frame["weight"].tolist()


@pytest.mark.parametrize(("events", "repeats"), [("aab", ["", "", ""]), ("abc", ["", "1", "1"])])
def test_a_person_with_several_rows_of_one_event_stays_long(
    events: str, repeats: list[str]
) -> None:
    frame = pd.DataFrame(
        {
            "id": "1",
            "redcap_event_name": [f"{one}_arm_1" for one in events],
            "redcap_repeat_instance": repeats,
            "qpr": ["1", "2", "3"],
        }
    )
    kept, notes = long_export(frame, ["qpr_a"])
    assert kept["qpr"].tolist() == ["1", "2", "3"]
    assert notes == ["left long: a person has several rows of one event (redcap_event_name)"]


def test_any_other_table_is_left_as_it_is() -> None:
    frame = trial()
    assert long_export(frame, ["fu"])[0] is frame
