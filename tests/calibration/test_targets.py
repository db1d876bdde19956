"""Targets: the shipped ones are complete, and bad ones are refused by name."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest

from calibration.evidence.extractors import EXTRACTORS
from calibration.evidence.targets import _check_one_error, checked, load_targets, of_trial
from sim.errors import InputError

GOOD = """
[mine]
pattern = "A1"
title = "QPR"
kind = "estimate"
value = 2.0
unit = "points"
population = "users"
instrument = "QPR-15"
analysis = "mixed model"
source = "invented"
evidence = "invented"
use = "fit"
extractor = "difference"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_pattern_of_the_model_has_a_target() -> None:
    found = {one.pattern for one in load_targets().values()}
    assert found == {f"P{number}" for number in range(1, 23)}


def test_uses_are_those_of_the_design() -> None:
    uses: dict[str, set[str]] = {}
    for one in load_targets().values():
        uses.setdefault(one.use, set()).add(one.pattern)
    assert uses["fit"] == {"P1", "P2", "P3", "P4", "P6", "P7", "P11", "P20"}
    assert {"P5", "P7", "P9", "P12", "P13", "P16", "P17", "P18", "P19"} == uses["check"]
    assert {"P8", "P10", "P14", "P15", "P21"} == uses["prior"]
    assert uses["held out"] == {"P22"}


def test_no_target_is_an_outcome_of_cares_clients() -> None:
    """They are held out; of CARe only practice stands here."""
    of_care = [one for one in load_targets().values() if "care" in one.title.lower().split(":")[0]]
    assert [one.name for one in of_care] == ["p21_care_practice", "p22_care_later"]


def test_values_are_turned_to_the_scale_of_the_extractor() -> None:
    targets = load_targets()
    assert targets["p1_pooled_sd"].observed == pytest.approx(math.log(10.15))
    assert targets["p6_retention"].observed == pytest.approx(math.log(297.5 / 106.5))
    assert targets["p2_difference"].observed == 0.68


@pytest.mark.parametrize("name", EXTRACTORS)
def test_scales_go_there_and_back(name: str) -> None:
    value = 0.4
    assert EXTRACTORS[name].outward(EXTRACTORS[name].inward(value)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"difference"', '"diference"', "unknown extractor of target 'mine' 'diference'"),
        ("value = 2.0", "value = 2.0\nse = -1.0", "target 'mine': se = -1.0: must be above 0"),
        (
            "value = 2.0",
            'value = -2.0\ndirection = "higher in REFOCUS"',
            "value = -2: contradicts direction",
        ),
        ("value = 2.0", "value = 75.0", r"value = 75: .* lies in \[-60, 60\]"),
        ("value = 2.0", "value = nan", "must be a finite number"),
        ("value = 2.0", "value = 2.0\ninterval = [3.0, 4.0]", "lies outside its interval"),
        (
            "value = 2.0",
            'value = 2.0\ninterval = ["a", 3.0]',
            r"interval\[1\] = 'a': must be a valid number",
        ),
        ("value = 2.0", "value = 2.0\nse = 1.0\ninterval = [1.9, 2.1]", "se = 1: contradicts the"),
        ("value = 2.0", 'value = 2.0\ndirection = "lower in REFOCUS"', "'difference' mean higher"),
        ("value = 2.0", 'value = 2.0\ndirection = "sideways"', "unknown first word"),
        ("value = 2.0", "value = 2.0\ndirection = 3", "direction = 3: must be text"),
        ("value = 2.0", "value = 2.0\nof = 100", "of = 100: .* is not a share"),
        ("value = 2.0", "value = 2.0\nn = 0", "n = 0: must be above 0"),
        ('kind = "estimate"', 'kind = "interval"', "needs one of z_intrapersonal"),
        (
            'kind = "estimate"',
            'kind = "selected"\nselected_by = "d"',
            "selected_by = 'd': must be a list",
        ),
        ('use = "fit"', 'use = "fitted"', "unknown use"),
        ('title = "QPR"', "", "'title' is missing"),
        ("value = 2.0", "", "value is missing"),
        ('kind = "estimate"', 'kind = "direction"', "cannot be fitted"),
        ('kind = "estimate"', 'kind = "selected"', "selected_by is missing"),
        ('unit = "points"', 'unit = "points"\nvalu = 3', "did you mean 'value'"),
    ],
)
def test_bad_targets_are_refused_by_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert load_targets(written(tmp_path, GOOD))["mine"].value == 2.0
    with pytest.raises(InputError, match=message) as caught:
        load_targets(written(tmp_path, GOOD.replace(old, new)))
    assert "mine" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_falls_is_reported_with_words_for_falling(tmp_path: Path) -> None:
    costs = GOOD.replace('"difference"', '"cost_reduction"')
    lower = costs.replace("value = 2.0", 'value = 2.0\ndirection = "lower in REFOCUS"')
    assert load_targets(written(tmp_path, lower))["mine"].value == 2.0
    with pytest.raises(InputError, match="mean lower"):
        load_targets(written(tmp_path, lower.replace("lower", "higher")))


def test_all_or_nobody_followed_up_needs_the_number_of_people(tmp_path: Path) -> None:
    share = GOOD.replace('"difference"', '"logit_retention"').replace("value = 2.0", "value = 1.0")
    with pytest.raises(InputError, match="give value and of as counts"):
        load_targets(written(tmp_path, share))
    counts = share.replace("value = 1.0", "value = 40\nof = 40")
    assert load_targets(written(tmp_path, counts))["mine"].observed is not None


def test_no_figure_is_fitted_twice(tmp_path: Path) -> None:
    again = GOOD.replace("[mine]", "[again]").replace("value = 2.0", "value = 3.0")
    with pytest.raises(InputError, match="'again': .* already fitted by target 'mine'"):
        load_targets(written(tmp_path, GOOD + again))
    checked = again.replace('use = "fit"', 'use = "check"')
    assert len(load_targets(written(tmp_path, GOOD + checked))) == 2


def test_a_file_that_is_not_there_or_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_targets(tmp_path / "none.toml")
    with pytest.raises(InputError, match="not valid TOML"):
        load_targets(written(tmp_path, "[mine"))


def test_the_example_says_that_it_is_invented() -> None:
    path = Path(__file__).parents[2] / "calibration" / "example" / "targets.toml"
    for one in load_targets(path).values():
        assert "invented" in one.source
        assert "invented" in one.title


@pytest.mark.parametrize(
    ("extractor", "direction", "sign"),
    [
        ("difference", "higher in REFOCUS", 1.0),
        ("difference", "lower in REFOCUS", -1.0),
        ("difference", "improved", 1.0),
        ("user_unmet_needs_reduction", "fewer in REFOCUS", 1.0),
        ("user_unmet_needs_reduction", "more in REFOCUS", -1.0),
        ("user_unmet_needs_reduction", "improved", 1.0),
        ("user_unmet_needs_reduction", "worse", -1.0),
        ("cost_reduction", "negative", -1.0),
    ],
)
def test_a_direction_is_for_the_better_or_of_the_figure(
    extractor: str, direction: str, sign: float
) -> None:
    table = {
        **tomllib.loads(GOOD)["mine"],
        "use": "check",
        "extractor": extractor,
        "direction": direction,
    }
    assert checked("mine", {**table, "value": 2.0 * sign}).value == 2.0 * sign
    with pytest.raises(InputError, match="contradicts direction"):
        checked("mine", {**table, "value": -2.0 * sign})


def told(**changed: object) -> dict[str, object]:
    """Return the good target with other fields; None leaves one out."""
    table = {**tomllib.loads(GOOD)["mine"], **changed}
    return {name: value for name, value in table.items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        # An instrument's ends are values of it.
        ({"value": 60.0}, ""),
        ({"value": -60.0}, ""),
        ({"value": 60.1}, r"lies in \[-60, 60\]"),
        ({"value": -60.1}, r"lies in \[-60, 60\]"),
        ({"value": 99.0, "kind": "direction", "use": "check"}, ""),
        # A share may be small; without counts it is not 0 or 1.
        ({"extractor": "logit_retention", "value": 0.005}, ""),
        ({"extractor": "logit_retention", "value": 0.999}, ""),
        ({"extractor": "logit_retention", "value": 0.0}, "give value and of as counts"),
        ({"extractor": "logit_retention", "value": 1.0}, "give value and of as counts"),
        ({"extractor": "logit_retention", "value": 0, "of": 40}, ""),
        ({"extractor": "logit_retention", "value": 30, "of": 20}, r"value = 30 of 20: .* \[0, 1\]"),
        # Nothing contradicts no direction.
        ({"value": 0.0, "direction": "higher"}, ""),
        ({"value": 0.0, "direction": "lower"}, ""),
        ({"value": -0.001, "direction": "higher"}, "contradicts direction"),
        ({"value": 0.001, "direction": "lower"}, "contradicts direction"),
        # An interval holds its ends, and has two.
        ({"interval": [2.0, 4.0]}, ""),
        ({"interval": [0.0, 2.0]}, ""),
        ({"interval": [2.1, 4.0]}, "lies outside its interval"),
        ({"interval": [0.0, 1.9]}, "lies outside its interval"),
        ({"interval": [2.0, 2.0]}, r"must be \[lower, upper\]"),
        ({"interval": [4.0, 0.0]}, r"must be \[lower, upper\]"),
        ({"interval": [0.0, 4.0], "value": None, "use": "check", "kind": "none"}, ""),
        # A width of 3.92 is a standard error of 1, give or take a half.
        ({"interval": [0.0, 3.92], "se": 1.49}, ""),
        ({"interval": [0.0, 3.92], "se": 0.67}, ""),
        ({"interval": [0.0, 3.92], "se": 1.51}, "whose standard error is 1$"),
        ({"interval": [0.0, 3.92], "se": 0.66}, "whose standard error is 1$"),
        ({"se": 0.0}, "se = 0"),
    ],
)
def test_the_limits_of_what_a_target_may_say(changed: dict[str, object], fault: str) -> None:
    if fault:
        with pytest.raises(InputError, match=fault):
            checked("mine", told(**changed))
    else:
        assert checked("mine", told(**changed)).name == "mine"


@pytest.mark.parametrize(
    ("own", "beside", "fits"),
    [
        # Stated errors may differ by a tenth, which is rounding.
        ({"se": 1.0}, 1.1, True),
        ({"se": 1.1}, 1.0, True),
        ({"se": 1.0}, 1.12, False),
        ({"se": 1.12}, 1.0, False),
        # One that an interval implies, by a half.
        ({"interval": [0.0, 3.92]}, 1.49, True),
        ({"interval": [0.0, 3.92]}, 0.67, True),
        ({"interval": [0.0, 3.92]}, 1.51, False),
        ({"interval": [0.0, 3.92]}, 0.66, False),
        ({}, 9.0, True),
    ],
)
@pytest.mark.parametrize("trial", ["", "north"])
def test_how_far_two_standard_errors_of_one_difference_may_differ(
    own: dict[str, object], beside: float, fits: bool, trial: str
) -> None:
    first = of_trial(checked("a", told(**own)), trial)
    error = of_trial(checked("b", told(extractor="log_se", value=beside)), trial)
    other = of_trial(checked("c", told(**own)), "south")
    # That of another trial is another error.
    targets = {one.name: one for one in (other, error)}
    _check_one_error(targets)
    targets[first.name] = first
    if fits:
        _check_one_error(targets)
    else:
        with pytest.raises(InputError, match="contradicts the standard error"):
            _check_one_error(targets)


def test_a_file_is_of_the_trial_that_it_or_its_tables_name(tmp_path: Path) -> None:
    assert load_targets(written(tmp_path, GOOD), "north")["north: mine"].trial == "north"
    assert load_targets(written(tmp_path, GOOD))["mine"].trial == ""
    own = written(tmp_path, GOOD.replace('use = "fit"', 'use = "fit"\ntrial = "south"'))
    assert load_targets(own)["south: mine"].pattern == "south A1"
    assert list(load_targets(own, "south")) == ["south: mine"]
    with pytest.raises(InputError, match="the file is given for 'north'"):
        load_targets(own, "north")
    with pytest.raises(InputError, match="no target in it"):
        load_targets(written(tmp_path, ""))
