"""What is beside the tests of a table's term: asked for, or told where it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table

TEAM = np.repeat(np.arange(8), 6)
WAVE = np.tile([0, 0, 1, 1, 2, 2], 8)
RNG = np.random.default_rng(12)
FRAME = pd.DataFrame(
    {
        "team": TEAM,
        "arm": TEAM % 2,
        "trt": (WAVE > TEAM // 3).astype(int),
        "wave": WAVE,
        "base": RNG.normal(size=48),
        "share": (TEAM % 2) * (0.5 + 0.05 * TEAM),
        "y": RNG.normal(size=48) + RNG.normal(size=8)[TEAM],
    }
)


def analysed(model: str = "y ~ arm + base + (1|team)", term: str = "arm", **given: Any) -> Any:
    return analyse_table(given.pop("frame", FRAME), model, term, **given)


def test_profile_intervals_are_those_of_95_in_100_and_only_where_they_are_asked() -> None:
    assert "likelihood" not in analysed()
    found = analysed(interval="profile")["likelihood"]
    assert found["confidence"] == 0.95
    low, high = found["intervals"]["arm"]["interval"]
    assert low < found["intervals"]["arm"]["estimate"] < high
    assert "contrasts" not in analysed()
    asked = analysed(contrasts=["arm - base"])
    assert asked["contrasts"]["each"][0]["weights"] == {"arm": 1.0, "base": -1.0}


def test_clusters_are_named_and_strays_are_told_of_a_column_alone() -> None:
    plain = analysed()
    assert plain["randomised"] == ["team"]
    assert not any("differs within" in one for one in plain["notes"])
    one = FRAME.assign(arm=np.where(np.arange(48) == 7, 0, TEAM % 2))
    told = analysed(frame=one)["notes"]
    assert any("'arm' differs within 1 of 8 clusters (1; 1 row" in note for note in told)
    crossed = analysed("y ~ arm*base + (1|team)", "arm:base")
    assert crossed["coefficient"] == "arm:base"
    assert not any("differs within" in note for note in crossed["notes"])


def test_effects_by_exposure_are_those_of_a_treatment_alone() -> None:
    model = "y ~ trt + factor(wave) + base + (1|team)"
    found = analysed(model, "trt")
    assert [one["exposure"] for one in found["exposure"]["by_exposure"]] == [1, 2]
    # Eight teams are at least three for each of two exposures.
    assert not any("tell little of the last one" in one for one in found["warnings"])
    five = analysed(model, "trt", frame=FRAME[TEAM < 5])
    assert any("5 clusters over 2 exposures" in one for one in five["warnings"])
    assert "exposure" not in analysed("y ~ trt*base + factor(wave) + (1|team)", "trt:base")


def test_participation_and_several_coefficients() -> None:
    found = analysed(participation="share")["participation"]
    assert found["arms"] == ["0", "1"]
    assert found["mean_participation"][0] == 0.0
    three = FRAME.assign(arm=np.array(["a", "b", "c"])[TEAM % 3])
    joint = analysed(frame=three)
    assert joint["tested"] == ["armb", "armc"]
    for more in ({"strata": ["wave"]}, {"pairs": "wave"}, {"spline": 1}, {"imputations": 2}):
        with pytest.raises(InputError, match="it has 2 coefficients; participation"):
            analysed(frame=three, **more)
    with pytest.raises(InputError, match="it has 2 coefficients; participation"):
        analysed(frame=three, participation="share")
    with pytest.raises(InputError, match="give one of them; pairs are strata of two"):
        analysed(strata=["wave"], pairs="wave")
    with pytest.raises(InputError, match="unknown column 'shares'"):
        analysed(participation="shares")
    weighed = analysed(weights="weight", frame=FRAME.assign(weight=1.0 + TEAM % 3))
    assert weighed["cluster_summary"] is None
    assert weighed["weights"] == "weight"
    with pytest.raises(InputError, match="impute: needs independent random intercepts"):
        analysed(weights="weight", imputations=2, frame=FRAME.assign(weight=1.0 + TEAM % 3))
