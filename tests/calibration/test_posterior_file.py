"""Writing a posterior: which draws, in which digits, and what is said of where they came from."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.evidence.targets import load_targets
from calibration.findings.posterior import (
    beside_provenance,
    csv_text,
    draws_of,
    flags,
    provenance,
    write_posterior,
)
from calibration.sampling.fit import PREDICTIVE, QUICK, Solved
from calibration.sampling.smc import generator
from sim.errors import InputError
from sim.parameters import registry, resolve, to_record
from sim.posterior import load_posterior
from tests.calibration.conftest import small_space

SPACE = small_space()
SAID: dict[str, Any] = {
    "contraction": [
        {"name": "effect_full", "verdict": "informed"},
        {"name": "dropout_yearly", "verdict": "hardly moved: the prior speaks"},
    ],
    "narrowing": [
        {"effect": "qpr_full_12", "flag": "informed"},
        {"effect": "qpr_full_24", "flag": "rests on assumptions, not on the trial; beyond"},
    ],
    "varying": 9,
    "calibrated": ["effect_full", "dropout_yearly"],
    "diagnostics": {"coverage": 0.9},
    "rivals": [],
}


@pytest.fixture
def fit() -> Any:
    """Return what of a fit the file needs."""
    return SimpleNamespace(
        targets=load_targets(),
        settings=QUICK,
        space=SPACE,
        version="here",
        backgrounds=lambda first, count: np.full((count, 3), first),
        records=lambda stage, scores, background: Solved(background, scores),
    )


@pytest.mark.parametrize("count", [3, 5, 12])
def test_particles_are_drawn_in_a_keyed_order_and_come_again_when_they_run_out(
    fit: Any, count: int
) -> None:
    particles = np.arange(5.0)[:, None]
    scores, solved = draws_of(fit, particles, count)
    # The key of the order decides which draws are shipped.
    order = generator(QUICK.seed, 2024).permutation(5).tolist()
    assert scores[:, 0].tolist() == [order[place % 5] for place in range(count)]
    np.testing.assert_array_equal(solved.gains, scores)
    assert solved.records.tolist() == [[PREDICTIVE] * 3] * count
    assert PREDICTIVE == 2_000_000


def test_draws_are_written_with_four_digits_and_within_bounds() -> None:
    high = registry()["dropout_yearly"].bounds[1]
    records = np.repeat(to_record([resolve({})]), 2)
    records["effect_full"] = [0.123456, -0.2]
    # Rounding up must not lead out of the bounds, nor may what is a little beyond.
    records["dropout_yearly"] = [high * 1.01, 0.25]
    rows = list(csv.DictReader(csv_text(SimpleNamespace(), records).splitlines()))  # type: ignore[arg-type]
    assert [one["effect_full"] for one in rows] == ["0.1235", "-0.2"]
    assert [float(one["dropout_yearly"]) for one in rows] == [high, 0.25]
    assert set(rows[0]) == {name for name, one in registry().items() if one.varies or one.solved}
    assert {one.varies for one in registry().values()} == {True, False}


def test_flags_say_what_was_not_calibrated_and_what_hardly_moved() -> None:
    told = flags(SAID)
    assert len(told) == 4
    assert "QPR fully implemented after 24 months" in told[1]
    assert "12 months" not in told[1]
    assert told[2] == (
        "7 of 9 parameters with a prior were not calibrated; calibrated ones that hardly moved: "
        + registry()["dropout_yearly"].label
    )
    assert told[3] == "results beyond month 12: extrapolation"
    plain = flags({**SAID, "narrowing": [], "contraction": []})
    assert len(plain) == 3
    assert plain[1].endswith("hardly moved: none")


def test_where_draws_came_from_is_told(fit: Any) -> None:
    told = provenance(fit, SAID, 12)
    assert told["draws"] == 12
    assert told["hardly_moved"] == ["dropout_yearly"]
    assert told["conclusions"] == {one["effect"]: one["flag"] for one in SAID["narrowing"]}
    fitted = {name for name, one in load_targets().items() if one.use == "fit"}
    assert set(told["targets"]["fitted"]) == fitted
    assert set(told["calibrated"]) == set(SPACE.calibrated)
    assert told["calibrated"]["effect_full"]["why"].startswith("what the programme does")
    assert told["settings"]["waves"] == QUICK.waves
    other = {**fit.targets, "p2_difference": fit.targets["p2_difference"].model_copy()}
    object.__setattr__(other["p2_difference"], "value", 0.69)
    fit.targets = dict(reversed(other.items()))
    assert provenance(fit, SAID, 12)["targets"]["hash"] != told["targets"]["hash"]
    fit.targets = dict(reversed(load_targets().items()))
    assert provenance(fit, SAID, 12)["targets"]["hash"] == told["targets"]["hash"]


def test_draws_beside_the_posterior_say_what_they_have_not_seen(fit: Any) -> None:
    prior = beside_provenance(fit, 7, None)
    assert (prior["draws"], prior["targets"]["fitted"]) == (7, [])
    assert prior["method"] == "drawn; no trial data used"
    alone = beside_provenance(fit, 7, ("P20",))
    every = {name for name, one in fit.targets.items() if one.use == "fit"}
    assert set(alone["targets"]["fitted"]) == every - {"p20_pulsar"}
    assert alone["method"].endswith("but without P20")
    assert alone["flags"] == prior["flags"]
    assert len(alone["flags"]) == 2


def test_a_posterior_is_written_with_its_provenance(fit: Any, tmp_path: Path) -> None:
    path = tmp_path / "new" / "own.csv"
    write_posterior(fit, to_record([resolve({"effect_full": 0.25})]), {"date": "then"}, path)
    draws, told = load_posterior(path)
    assert (draws[0]["effect_full"], told) == (0.25, {"date": "then"})
    assert path.with_suffix(".json").read_text("utf-8") == '{\n "date": "then"\n}\n'
    assert json.loads(path.with_suffix(".json").read_text("utf-8")) == told
    write_posterior(fit, to_record([resolve({})]), {}, path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_posterior(fit, to_record([resolve({})]), {}, tmp_path / "file" / "own.csv")


def test_the_shipped_posteriors_are_written_so() -> None:
    """What stands in the shipped files is what would be written of them again."""
    draws = load_posterior()[0][:20]
    rows: list[dict[str, str]] = list(
        csv.DictReader(
            csv_text(SimpleNamespace(), to_record([resolve(d) for d in draws])).splitlines()
        )  # type: ignore[arg-type]
    )
    write: Callable[[float], str] = "{:.4g}".format
    for draw, row in zip(draws, rows, strict=True):
        assert row == {name: write(draw[name]) for name in row}
