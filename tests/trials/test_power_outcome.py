"""Lines of a power calculation, of made-up results."""

from __future__ import annotations

from math import nan
from types import SimpleNamespace
from typing import Any

import pytest

from sim.trials.designs.design import stepped_wedge
from sim.trials.designs.design_file import design_from_table
from sim.trials.power.important import ImportantDifference
from sim.trials.power.multi_arm_power import ArmsPower
from sim.trials.power.power_outcome import arms_lines, important_line, known_formula_lines
from sim.trials.power.power_study import study_of


def study(**outcome: Any) -> Any:
    design = {"type": "stepped wedge", "steps": 3, "clusters": 9, "size": 10}
    return study_of(design_from_table({"design": design, "statistical": {"icc": 0.1, **outcome}}))


def test_each_share_of_several_arms_has_its_monte_carlo_error() -> None:
    lines = arms_lines(study(effect=1.0), ArmsPower((0.8, 0.5), 0.9, 0.4, nan, 400))
    numbers = [line.split()[-2:] for line in lines[1:]]
    assert numbers == [
        ["0.800", "0.0200"],
        ["0.500", "0.0250"],
        ["0.900", "0.0150"],
        ["0.400", "0.0245"],
        ["nan", "nan"],
    ]
    assert [line.split()[:2] for line in lines[1:3]] == [["arm", "1"], ["arm", "2"]]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ({"effect": 2.0}, False),
        ({"effect": 2.0, "exposure": [0.4, 1.0]}, True),
        ({"effect": 0.0, "exposure": [0.4, 1.0]}, False),
    ],
)
def test_a_difference_that_matters_is_told_as_it_is_once_fully_there(
    outcome: dict[str, Any], told: bool
) -> None:
    """Three of six treated periods have .4 of the effect, three all of it: .7 on average."""
    line = important_line(ImportantDifference(3.5, "stated"), study(**outcome), 0.25)
    assert line.startswith("minimum important difference 3.5 (stated), taken")
    assert line.endswith("power to find it would be 0.250")
    assert ("(an effect of 5 once it is fully there)" in line) == told
    none = important_line(ImportantDifference(3.5, "stated"), study(**outcome), nan)
    assert "no power is told" in none


def answer(**changes: Any) -> str:
    """Return a formula's answer of a cross-sectional wedge in which nothing is out of the way."""
    formula = {
        "power": 0.8,
        "power_noncentral_t": 0.8,
        "power_z": 0.85,
        "df": 7.0,
        "df_rule": "teams",
        "se": 2.0,
        "model_se": 2.0,
        "share": 1.0,
        "expected": 3.0,
        "tests": [SimpleNamespace(floor=0.0)],
    }
    known = {
        "effect": 3.0,
        "exposure": (),
        "sd": 5.0,
        "icc": 0.1,
        "cac": 0.8,
        "iac": 0.3,
        "cluster_decay": 1.0,
        "attrition": 0.1,
        "effect_sd": 0.0,
    }
    sampling = changes.pop("sampling", "cross-sectional")
    one: Any = SimpleNamespace(**{k: changes.pop(k, v) for k, v in formula.items()})
    own: Any = SimpleNamespace(**{**known, **changes})
    design = stepped_wedge(2, 4, 10, sampling=sampling)
    return "\n".join(known_formula_lines(one, own, design))


@pytest.mark.parametrize(
    ("words", "told", "untold"),
    [
        ("the test reckons with", {"model_se": 2.05}, {"model_se": 2.03}),
        ("the test reckons with", {"model_se": 1.95}, {"model_se": 1.97}),
        ("expected to average 3", {"share": 1.006}, {"share": 1.004}),
        ("expected to average 3", {"share": 0.994}, {"share": 0.996}),
        ("; with the true standard error 0.801", {"power_noncentral_t": 0.8006}, {}),
        ("the true standard error", {"power_noncentral_t": 0.799}, {"power_noncentral_t": 0.8004}),
        (
            "; were no variance put at zero 0.810",
            {"power_noncentral_t": 0.81, "tests": [SimpleNamespace(floor=0.005)]},
            {"power_noncentral_t": 0.81},
        ),
        ("(mean over treated periods)", {"exposure": (0.5, 1.0)}, {"exposure": (1.0, 1.0)}),
        ("(decay 0.99 a period)", {"cluster_decay": 0.99}, {}),
        ("IAC 0.3", {"sampling": "closed cohort"}, {}),
        ("SD of the effect between teams 0.4", {"effect_sd": 0.4}, {}),
    ],
)
def test_what_is_out_of_the_way_is_told(
    words: str, told: dict[str, Any], untold: dict[str, Any]
) -> None:
    assert words in answer(**told)
    assert words not in answer(**untold)
    assert words not in answer()
