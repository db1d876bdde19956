"""Contrasts of coefficients as a user writes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.free_contrasts import contrast_row, contrast_rows, free_contrasts
from sim.trials.fits.small_sample import ContrastInference, FTest

NAMES = ("(Intercept)", "arm", "arm:time", "time")


def test_weights_of_a_contrast() -> None:
    assert contrast_row("arm - 0.5*time", NAMES).tolist() == [0.0, 1.0, 0.0, -0.5]
    assert contrast_row("3 arm:time/4 + arm", NAMES).tolist() == [0.0, 1.0, 0.75, 0.0]
    assert contrast_row("-arm + 2e-1 time", NAMES).tolist() == [0.0, -1.0, 0.0, 0.2]
    assert contrast_row("arm + arm + .5*(Intercept)", NAMES).tolist() == [0.5, 2.0, 0.0, 0.0]
    assert contrast_row("time + 0*arm", NAMES).tolist() == [0.0, 0.0, 0.0, 1.0]
    left = contrast_row("0.1*arm + 0.2*arm - 0.3*arm + time", NAMES)
    assert left.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert contrast_row("arm - 0.995*arm + time", NAMES)[1] == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arm time", "no . or - before 'time'"),
        ("arm + side", "unknown coefficient 'side'"),
        ("arm - arm", "every weight is 0"),
        ("1e-7*arm", "must be 0, or from 0.000001 to 1000000"),
        ("1e7 arm", "must be 0, or from"),
        ("arm/0", "must be 0, or from"),
        ("arm * 2", r"unknown coefficient 'arm \* 2'.*write sums as"),
    ],
)
def test_what_is_no_contrast(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        contrast_row(text, NAMES)


def test_weights_at_their_bounds_and_contrasts_of_each_other() -> None:
    assert contrast_row("1e-6*arm", NAMES)[1] == 1e-6
    assert contrast_row("1e6*arm", NAMES)[1] == 1e6
    assert contrast_rows(["arm", "time"], NAMES).shape == (2, 4)
    assert contrast_rows([], NAMES).shape == (0, 4)
    with pytest.raises(InputError, match="one is a combination of the others"):
        contrast_rows(["arm", "time", "arm - time"], NAMES)


def test_contrasts_are_tested_each_and_all_of_several() -> None:
    inference = ContrastInference(0.5, 8.0, 0.6, 6.0)
    asked: list[np.ndarray] = []

    def joint_tests(rows: np.ndarray) -> dict[str, FTest]:
        asked.append(rows)
        return {"kenward_roger": FTest(4.0, 2, 6.0, 0.08)}

    fit: Any = SimpleNamespace(
        names=NAMES,
        contrasts=lambda rows: [(3.0, inference)] * len(rows),
        joint_tests=joint_tests,
    )
    found = free_contrasts(fit, ["arm - 0.5*time"])
    assert list(found) == ["each"]
    (one,) = found["each"]
    assert (one["contrast"], one["estimate"]) == ("arm - 0.5*time", 3.0)
    assert one["weights"] == {"arm": 1.0, "time": -0.5}
    assert one["kenward_roger"]["t"] == pytest.approx(5.0)
    assert one["satterthwaite"]["p"] == pytest.approx(2.0 * stats.t.sf(6.0, 8))
    half = 0.6 * stats.t.ppf(0.975, 6)
    assert one["kenward_roger"]["ci95"] == pytest.approx([3.0 - half, 3.0 + half])
    assert asked == []
    two = free_contrasts(fit, ["arm", "time"])
    assert two["joint"]["kenward_roger"]["f"] == 4.0
    assert asked[0].tolist() == [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
