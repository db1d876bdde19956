"""Claims about printed results: the shipped posterior gives the numbers that are printed.

The rest of `refocus reproduce` takes most of an hour; here are the numbers that most readers see,
and one of each kind of the others.
"""

from __future__ import annotations

import pandas as pd
import pytest

from docs import build_readme, build_trials
from docs.marked import parts
from sim.posterior import load_posterior
from sim.trials.studies.published import published
from sim.web.about import positive_finding

FEW_DRAWS = 8
# The fewest that the command simulates.
FEW_TRIALS = 20


def test_the_readme_prints_what_the_kept_worlds_give() -> None:
    printed = parts(build_readme.PAGE.read_text(encoding="utf-8"))["effects"]
    kept = pd.read_csv(build_readme.WORLDS)
    assert printed.strip() == build_readme.effects(kept).strip()


def test_the_first_kept_worlds_are_what_the_posterior_gives() -> None:
    kept = pd.read_csv(build_readme.WORLDS)
    few = build_readme.worlds(FEW_DRAWS)
    assert len(kept) == build_readme.DRAWS * build_readme.REPLICATIONS
    pd.testing.assert_frame_equal(kept.head(len(few)), few, check_dtype=False, rtol=1e-9)


def test_the_page_on_trials_prints_what_the_kept_trials_give() -> None:
    printed = parts(build_trials.PAGE.read_text(encoding="utf-8"))["how-fast"]
    kept = pd.read_csv(build_trials.TRIALS)
    assert len(kept) == build_trials.WEDGE_SIMULATIONS
    assert printed.strip() == build_trials.how_fast(kept).strip()


def test_the_first_kept_trials_are_what_the_command_of_the_page_gives() -> None:
    kept = pd.read_csv(build_trials.TRIALS)
    few = build_trials.wedge_trials(FEW_TRIALS)
    assert len(few) == FEW_TRIALS
    pd.testing.assert_frame_equal(kept.head(len(few)), few, check_dtype=False, rtol=1e-9)


def test_every_part_of_the_page_on_trials_is_written_by_a_command() -> None:
    assert set(parts(build_trials.PAGE.read_text(encoding="utf-8"))) == set(build_trials.PARTS)


def test_the_first_page_has_the_readmes_number() -> None:
    readme = build_readme.PAGE.read_text(encoding="utf-8")
    row = next(one for one in readme.splitlines() if one.startswith("| refocus-full | QPR-15"))
    page = (build_readme.PAGE.parent / "docs" / "index.md").read_text(encoding="utf-8")
    assert row.split("|")[3].strip() in page


def test_the_positive_finding_of_the_page_is_that_of_the_posterior_predictive() -> None:
    page = (build_readme.PAGE.parent / "docs" / "calibration.md").read_text(encoding="utf-8")
    row = next(
        one for one in page.splitlines() if one.startswith("| P4 | QPR Interp") and " to " in one
    )
    cells = [one.strip() for one in row.split("|")[1:-1]]
    shown = positive_finding()
    assert shown["reported"] == published("participation") == float(cells[3])
    for name, cell in (("all", cells[6]), ("if_reported", cells[8])):
        assert f"{shown[f'{name}_low']} to {shown[f'{name}_high']}" == cell


def test_the_weights_of_the_explanations_are_the_shipped_ones() -> None:
    found = load_posterior()[1]["rivals"]
    weights = {one["rival"]: one["weight"] for one in found if one["weight"] is not None}
    least, most = min(weights, key=lambda one: weights[one]), max(weights, key=lambda o: weights[o])
    assert sum(weights.values()) == pytest.approx(1.0)
    readme = " ".join(build_readme.PAGE.read_text(encoding="utf-8").split())
    assert f"{weights[least]:.2f} ({least}) to {weights[most]:.2f} ({most})" in readme
    page = (build_readme.PAGE.parent / "docs" / "calibration.md").read_text(encoding="utf-8")
    for name, weight in weights.items():
        assert f"{name} {weight:.2f}" in page
