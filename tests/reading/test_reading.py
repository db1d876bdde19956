"""Claims about reading what users give: numbers, TOML and text files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError, printable
from sim.reading.numbers import (
    finite,
    number,
    number_in,
    number_value,
    repeated,
    whole,
    whole_value,
)
from sim.reading.text_files import read_bytes, read_text
from sim.reading.toml_text import read_toml, read_value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("+1.50", 1.5), (".5", 0.5), ("5.", 5.0), ("-2e-3", -0.002), (" 7 ", 7.0)],
)
def test_numbers_are_read(text: str, value: float) -> None:
    assert number_in(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "1e999", "9" * 400, "²", "٣", "３", "1_000", "0x10", "1,5", "½", "1 2"],
)
def test_what_is_no_finite_number_in_ten_digits_is_none(text: str) -> None:
    assert number_in(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_back_as_itself(value: float) -> None:
    assert number_in(repr(value)) == value
    assert finite(value) == value


def test_minus_zero_is_zero() -> None:
    for zero in (number_in("-0"), finite(-0.0), number("x", "-0.0", 0.0, 1.0)):
        assert zero is not None
        assert math.copysign(1.0, zero) == 1.0
    assert repr(whole("x", "-0", 0)) == "0"


@pytest.mark.parametrize("value", [True, "5", None, 10**400, math.nan, math.inf, [1], 2.5])
def test_values_of_files_must_be_numbers(value: object) -> None:
    with pytest.raises(InputError, match="field = .*: must be a whole number from 0 to 9"):
        whole_value("field", value, 0, 9)
    if value != 2.5:
        with pytest.raises(
            InputError, match=r"field = .*: must be a number in \[0, 9\] \(points\)"
        ):
            number_value("field", value, 0, 9, "points")


def test_ends_belong_to_a_range_unless_it_is_above() -> None:
    assert number("x", "0", 0.0, 1.0) == 0.0
    assert number("x", "1", 0.0, 1.0) == 1.0
    with pytest.raises(InputError, match="x = 0: must be a number above 0 and at most 1"):
        number("x", "0", 0.0, 1.0, above=True)


def test_a_message_is_one_short_line_that_prints() -> None:
    line = str(InputError(f"a\x1b[31m\nb\u202e {'9' * 5000} must be short"))
    assert line.isprintable()
    assert len(line) < 400
    assert line.endswith("must be short")
    assert printable("x" * 100, 40).startswith("xxx")
    assert repeated(10**5000) == "a number of too many digits"


def test_toml_is_read_or_refused() -> None:
    assert read_toml("a = 1", "file 'x'") == {"a": 1}
    for text in ("a = ", f"a = {'9' * 5000}", "a = " + "[" * 5000):
        with pytest.raises(InputError, match="^file 'x': "):
            read_toml(text, "file 'x'")
    assert read_value("0.5") == 0.5
    assert read_value("word") == "word"
    assert read_value("1\nb = 2") == "1\nb = 2"


def test_a_device_without_an_end_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="larger than 1 MB"):
        read_bytes("/dev/zero", "prices")
    with pytest.raises(InputError, match="is a folder"):
        read_text(tmp_path, "prices")
    for path in ("x" * 300, "a\0b"):
        with pytest.raises(InputError, match="prices '.*': cannot be read"):
            read_text(path, "prices")
    (tmp_path / "own.toml").touch()
    with pytest.raises(InputError, match="does not exist; did you mean 'own.toml'"):
        read_text(tmp_path / "own1.toml", "prices")
