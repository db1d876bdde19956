"""The story of a hybrid trial: its numbers are those of the commands that it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from docs import build_story
from docs.marked import parts
from sim.trials.analyses.analysis_plan import analyse_trial
from sim.trials.designs.design_file import load_design
from sim.trials.power.both_outcomes import second_study
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.power_study import study_of


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return parts(build_story.PAGE.read_text(encoding="utf-8"))


def test_the_design_on_the_page_is_the_one_that_ships(printed: dict[str, str]) -> None:
    assert printed["design"].strip() == build_story.design()


def test_power_by_formula_on_the_page_is_todays(printed: dict[str, str]) -> None:
    found = formula_answer(study_of(load_design(build_story.DESIGN))).formula
    assert f"power by formula {found.power:.3f} (" in printed["by-formula"]
    assert f"; standard error {found.se:.3g};" in printed["by-formula"]


def test_the_first_trial_has_the_answers_that_the_page_and_r_give(printed: dict[str, str]) -> None:
    study = study_of(load_design(build_story.DESIGN))
    shown = re.findall(
        r"^Answer, \w+: 1 minus 0: (-?[\d.]+), .* SE ([\d.]+), df ([\d.]+), p ([\d.]+);",
        printed["analysed"],
        re.MULTILINE,
    )
    by_r = build_story.numbers(printed["in-r"])
    assert len(shown) == len(by_r) == 2
    for one, page, r in zip((study, second_study(study)), shown, by_r, strict=True):
        (twin,) = one.source.twins(one.design, 0, 1, 1)
        found: Any = analyse_trial(twin.data, one.design, one.plan)
        own = (found.estimate, found.se, found.df, found.p)
        assert own == pytest.approx([float(each) for each in page], rel=2e-3)
        # R read a table whose outcomes have six digits.
        assert own == pytest.approx(r, rel=1e-4)
