"""Claims about the registry: what it loads, what it refuses, and in which words."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.parameters import (
    GRADES,
    LINKS,
    Parameter,
    defaults,
    from_record,
    parameter_dtype,
    parse_setting,
    registry,
    resolve,
    resolved_records,
    to_record,
)
from sim.parameters.registry import FOLDERS, files, load
from sim.posterior import load_posterior

GAIN = """
[gain]
label = "Gain in skill"
unit = "share per day"
default = 0.2
bounds = [0, 1]
prior = { family = "beta", a = 2, b = 8 }
grade = "assumption"
source = "no source"
help = "How much of the gap closes in a day."
"""
RETEST = """
[qpr_retest]
label = "QPR retest correlation"
unit = "correlation"
default = 0.74
bounds = [0.5, 0.95]
prior = { family = "normal", mean = 0.74, sd = 0.04 }
grade = "literature"
source = "retest study"
help = "How strongly two scores go together."

[feedback]
label = "Feedback"
unit = "0/1"
default = 1
bounds = [0, 1]
prior = { family = "fixed" }
grade = "assumption"
source = "choice of a competing explanation"
help = "Fixed: a switch between two explanations."
"""


def folder_with(path: Path, **files: str) -> Path:
    for stem, text in files.items():
        (path / f"{stem}.toml").write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def parameters(tmp_path: Path) -> Mapping[str, Parameter]:
    return load(folder_with(tmp_path, training=GAIN, measures=RETEST))


def message(call, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_description_is_read_as_written(parameters: Mapping[str, Parameter]) -> None:
    one = parameters["qpr_retest"]
    assert (one.name, one.link, one.label) == ("qpr_retest", "measures", "QPR retest correlation")
    assert (one.unit, one.default, one.bounds) == ("correlation", 0.74, (0.5, 0.95))
    assert (one.prior.family, one.prior["mean"], one.prior["sd"]) == ("normal", 0.74, 0.04)
    assert (one.grade, one.source) == ("literature", "retest study")
    assert one.help == "How strongly two scores go together."
    assert str(one.prior) == "normal(mean 0.74, sd 0.04)"


def test_numbers_written_as_whole_become_floats(parameters: Mapping[str, Parameter]) -> None:
    assert type(parameters["feedback"].default) is float
    assert all(type(one) is float for one in parameters["gain"].bounds)
    assert type(parameters["gain"].prior["a"]) is float


def test_order_is_by_link_and_then_as_in_the_file(parameters: Mapping[str, Parameter]) -> None:
    assert list(parameters) == ["qpr_retest", "feedback", "gain"]


def test_the_registry_cannot_be_changed(parameters: Mapping[str, Parameter]) -> None:
    with pytest.raises(TypeError):
        parameters["gain"] = parameters["feedback"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        parameters["gain"].default = 0.3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('grade = "assumption"\n', "", "lacks the field 'grade'"),
        ('help = "How', 'hlep = "How', "unknown field 'hlep'; did you mean 'help'?"),
        ('"assumption"', '"guess"', "grade = 'guess': must be one of trial, literature, assum"),
        ('"no source"', '"  "', "source = '  ': must be a text that is not empty"),
        ("default = 0.2", "default = 1.2", "default = 1.2: must lie in the bounds [0, 1]"),
        ("default = 0.2", "default = true", "default = true: must be a finite number"),
        ("default = 0.2", "default = nan", "default = nan: must be a finite number"),
        ("default = 0.2", 'default = "0.2"', "default = '0.2': must be a finite number"),
        ("[0, 1]", "[1, 0]", "bounds = [1, 0]: low must be below high"),
        ("[0, 1]", "[0, inf]", "bounds = inf: must be a finite number"),
        ("[0, 1]", "[0, 0.5, 1]", "must be a list [low, high]"),
        ('"beta"', '"betta"', "must be one of normal, uniform, beta"),
        ('"beta"', '"betta"', "did you mean 'beta'?"),
        ("a = 2, b = 8", "a = 2", "lacks the argument of the beta prior 'b'"),
        ("a = 2, b = 8", "a = 2, b = 8, c = 1", "unknown argument of the beta prior 'c'"),
        ("a = 2, b = 8", "a = 0, b = 8", "prior a = 0: must be above 0"),
        ("a = 2, b = 8", 'a = "x", b = 8', "prior a = 'x': must be a finite number"),
        ('{ family = "beta", a = 2, b = 8 }', '"beta"', "must be a table that names its family"),
        (
            '"beta", a = 2, b = 8',
            '"normal", mean = 1.5, sd = 0.1',
            "its centre 1.5 must lie in the bounds [0, 1]",
        ),
        (
            '"beta", a = 2, b = 8',
            '"triangular", low = 0, mode = 0.9, high = 0.5',
            "needs low <= mode <= high",
        ),
        ('"beta", a = 2, b = 8', '"uniform", low = 1, high = 0', "low < high"),
        ('"beta", a = 2, b = 8', '"fixed"', "only for a definition or a switch"),
        ("[gain]", "[Gain]", "[Gain] is no valid name"),
        ("[gain]", '["gain-1"]', "[gain-1] is no valid name"),
        ("[gain]", "[lambda]", "[lambda] is no valid name"),
        ("[gain]", "[as_dict]", "[as_dict] is no valid name"),
        ("[gain]", "gain = 1\n[other]", "[gain] must be a table"),
        ("[gain]", "[gain", "training.toml is not valid TOML"),
        ("[gain]", "[[gain]]", "[gain] must be a table"),
    ],
)
def test_a_broken_description_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GAIN
    text = message(load, folder_with(tmp_path, training=GAIN.replace(old, new)))
    assert said in text
    assert text.startswith("training.toml")


@pytest.mark.parametrize(
    ("explanation", "valid"),
    [
        ("Fixed: a definition of the unit.", True),
        ("Definition, not estimated: the unit of a scale.", True),
        ("Switch, not estimated: 1 as modelled.", True),
        ("Not known well enough.", False),
        ("Fixed: it is easier.", False),
        ("A switch", False),
    ],
)
def test_a_fixed_prior_says_why(tmp_path: Path, explanation: str, valid: bool) -> None:
    text = GAIN.replace('"beta", a = 2, b = 8', '"fixed"')
    text = text.replace("How much of the gap closes in a day.", explanation)
    folder_with(tmp_path, training=text)
    if valid:
        assert load(tmp_path)["gain"].help == explanation
    else:
        assert "only for a definition or a switch" in message(load, tmp_path)


def test_a_parameter_has_one_home(tmp_path: Path) -> None:
    text = message(load, folder_with(tmp_path, training=GAIN, influence=GAIN))
    assert text == (
        "training.toml: [gain] already stands in influence.toml; a parameter has one home"
    )


def test_defaults_are_the_default_of_each(parameters: Mapping[str, Parameter]) -> None:
    assert defaults(parameters).as_dict() == {"qpr_retest": 0.74, "feedback": 1.0, "gain": 0.2}


def test_overrides_replace_what_they_name_alone(parameters: Mapping[str, Parameter]) -> None:
    chosen = resolve({"gain": 1, "qpr_retest": np.float32(0.5)}, parameters)
    assert (chosen.gain, chosen.qpr_retest, chosen.feedback) == (1.0, 0.5, 1.0)
    assert {type(one) for one in chosen.as_dict().values()} == {float}
    assert resolve({"gain": Fraction(1, 4)}, parameters).gain == 0.25


def test_a_set_is_frozen_and_has_nothing_else(parameters: Mapping[str, Parameter]) -> None:
    chosen = defaults(parameters)
    with pytest.raises(AttributeError):
        chosen.gain = 0.3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        chosen.unknown  # noqa: B018
    assert not hasattr(chosen, "__dict__")


def test_a_set_survives_pickling_and_copying(parameters: Mapping[str, Parameter]) -> None:
    chosen = resolve({"gain": 0.3}, parameters)
    assert pickle.loads(pickle.dumps(chosen)) == chosen == copy.deepcopy(chosen)
    assert chosen != defaults(parameters)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "qpr_retets",
            0.7,
            "unknown parameter 'qpr_retets'; did you mean 'qpr_retest'?",
        ),
        ("zzz", 0.7, "unknown parameter 'zzz'; valid: feedback, gain, qpr_retest"),
        (
            "qpr_retest",
            1.4,
            "parameter 'qpr_retest' = 1.4: must be a number in [0.5, 0.95] (correlation)",
        ),
        (
            "gain",
            -0.1,
            "parameter 'gain' = -0.1: must be a number in [0, 1] (share per day)",
        ),
        (
            "gain",
            math.nan,
            "parameter 'gain' = nan: must be a number in [0, 1] (share per day)",
        ),
        (
            "gain",
            -math.inf,
            "parameter 'gain' = -inf: must be a number in [0, 1] (share per day)",
        ),
        (
            "gain",
            True,
            "parameter 'gain' = true: must be a number in [0, 1] (share per day)",
        ),
        (
            "gain",
            "0.1",
            "parameter 'gain' = '0.1': must be a number in [0, 1] (share per day)",
        ),
        ("gain", None, "parameter 'gain' = None: must be a number in [0, 1] (share per day)"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(
    parameters: Mapping[str, Parameter], name: str, value: object, said: str
) -> None:
    assert message(resolve, {name: value}, parameters) == said


def test_a_long_value_is_shown_on_one_line(parameters: Mapping[str, Parameter]) -> None:
    text = message(resolve, {"gain": np.arange(1000.0)}, parameters)
    assert len(text) < 150


@pytest.mark.parametrize("text", ["gain=0.3", " gain = 3e-1 "])
def test_a_setting_is_read(parameters: Mapping[str, Parameter], text: str) -> None:
    assert parse_setting(text, parameters) == ("gain", 0.3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gain", "setting 'gain': must have the form name=value"),
        ("=0.3", "setting '=0.3': must have the form name=value"),
        ("gain=", "setting 'gain=': must have the form name=value"),
        ("gian=0.3", "unknown parameter 'gian'; did you mean 'gain'?"),
        ("gain=a lot", "parameter 'gain' = 'a lot': must be a number in [0, 1] (share per day)"),
        ("gain=nan", "parameter 'gain' = nan: must be a number in [0, 1] (share per day)"),
        ("gain=7", "parameter 'gain' = 7: must be a number in [0, 1] (share per day)"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(
    parameters: Mapping[str, Parameter], text: str, said: str
) -> None:
    assert message(parse_setting, text, parameters) == said


@given(st.lists(st.floats(0.0, 1.0), max_size=4))
def test_sets_come_back_from_records_unchanged(gains: list[float]) -> None:
    parameters = _both()
    sets = [resolve({"gain": gain}, parameters) for gain in gains]
    table = to_record(sets, parameters)
    assert table.shape == (len(gains),)
    assert table.dtype == parameter_dtype(parameters)
    assert [from_record(row, parameters) for row in table] == sets


def _both() -> Mapping[str, Parameter]:
    from sim.parameters.descriptor import Prior

    gain = Parameter(
        "gain", "training", "Gain", "share", 0.2, (0.0, 1.0), Prior("beta"), "trial", "s", "h"
    )
    return {"gain": gain}


def test_one_set_makes_one_record(parameters: Mapping[str, Parameter]) -> None:
    record = to_record(defaults(parameters), parameters)
    assert record.shape == (1,)
    assert record.dtype.names == ("qpr_retest", "feedback", "gain")
    assert all(record.dtype[name] == np.float64 for name in record.dtype.names)


def test_records_of_other_parameters_are_refused(parameters: Mapping[str, Parameter]) -> None:
    text = message(to_record, defaults(_both()), parameters)
    assert text == "parameter set 0: 'feedback' is missing or does not exist"
    row = to_record(defaults(_both()), _both())[0]
    assert message(from_record, row, parameters) == "parameter record: 'qpr_retest' is missing"
    record = to_record(defaults(parameters), parameters)
    record["gain"] = 2.0
    assert "parameter 'gain' = " in message(from_record, record[0], parameters)


def test_the_shipped_files_are_valid_and_complete() -> None:
    shipped = registry()
    assert registry() is shipped
    assert {one.link for one in shipped.values()} == set(LINKS) == _stems()
    assert {one.grade for one in shipped.values()} <= set(GRADES)
    assert defaults().as_dict() == {name: one.default for name, one in shipped.items()}


def _stems() -> set[str]:
    return {path.stem for path in files(*FOLDERS)}


@pytest.mark.parametrize(
    "odd",
    [{}, {"turnover_yearly": 2.0}, {"turnover_yearly": math.nan}, {"qpr_retst": 0.5}]
    + [{"turnover_yearly": value} for value in (True, 0, "0.2", np.float64(0.2))],
)
def test_many_sets_at_once_are_what_each_is_by_itself(odd: dict[str, Any]) -> None:
    draws = [{**draw, **odd} for draw in load_posterior()[0][:5]]
    for many in (draws, [*draws, {"qpr_retest": 0.8}], [{}]):
        for settings in ({}, {"turnover_yearly": 0.1}, {"nosuch": 1.0}):
            each = [{**one, **settings} for one in many]

            def one_by_one(each: Any = each) -> np.ndarray:
                return to_record([resolve(one) for one in each])

            try:
                wanted = one_by_one()
            except InputError:
                assert message(resolved_records, many, settings) == message(one_by_one)
            else:
                assert resolved_records(many, settings).tobytes() == wanted.tobytes()
