"""Numbers and chances in words, at both sides of every limit where the words change."""

from __future__ import annotations

import pytest

from sim.planning.plain_numbers import (
    chance,
    counted,
    first_in,
    in_figures,
    limit,
    listed,
    odds_word,
    points,
    pounds,
    span,
    true_minus,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-3 to -.5", "−3 to −.5"),
        ("QPR-15", "QPR-15"),
        ("5-6", "5-6"),
        ("--3", "--3"),
        ("'-3'", "'-3'"),
        ("- 3", "- 3"),
    ],
)
def test_only_a_hyphen_of_a_number_becomes_a_minus(text: str, shown: str) -> None:
    assert true_minus(text) == shown


@pytest.mark.parametrize(
    ("value", "how", "shown"),
    [
        (NAN, {}, "not known"),
        (0.0, {}, "0"),
        (0.049, {}, "under 0.1"),
        (-0.049, {}, "over −0.1"),
        (0.051, {}, "+0.1"),
        (0.25, {}, "+0.2"),
        (-0.051, {}, "−0.1"),
        (0.0049, {"digits": 2}, "under 0.01"),
        (0.0051, {"digits": 2}, "+0.01"),
        (2.34, {"sign": False}, "2.3"),
        (-2.34, {"sign": False}, "−2.3"),
        (1.0, {}, "+1.0"),
    ],
)
def test_a_difference(value: float, how: dict[str, int], shown: str) -> None:
    assert points(value, **how) == shown


def test_limits_and_ranges() -> None:
    assert [limit(one) for one in (-0.04, -0.06, 0.0, 1.26)] == ["0.0", "−0.1", "0.0", "1.3"]
    assert limit(-0.3, 0) == "0"
    assert span(-1.0, 2.0) == "−1.0 to 2.0"
    assert span(-1.0, 2.0, 0) == "−1 to 2"
    assert span(NAN, 1.0) == span(1.0, NAN) == span(NAN, NAN) == "range not told"


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [
        (NAN, "not known", "not known"),
        (0.0, "£0", "£0"),
        (999.4, "£999", "£999"),
        (1000.0, "£1,000", "£1k"),
        (-2_500.0, "−£2,500", "−£2k"),
        (999_499.0, "£999,499", "£999k"),
        (999_500.0, "£999,500", "£1.0m"),
        (-1_250_000.0, "−£1,250,000", "−£1.2m"),
        (12_340_000.0, "£12,340,000", "£12.3m"),
        (1_234_560_000.0, "£1,234,560,000", "£1,234.6m"),
    ],
)
def test_money(value: float, long: str, short: str) -> None:
    assert (pounds(value), pounds(value, short=True)) == (long, short)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (NAN, "not known"),
        (0.0, "none of 200"),
        (0.001, "1 in 100"),
        (0.02, "2 in 100"),
        (0.094, "9 in 100"),
        (0.095, "1 in 10"),
        (0.24, "2 in 10"),
        (0.5, "5 in 10"),
        (0.904, "9 in 10"),
        (0.905, "9 in 10"),
        (0.906, "91 in 100"),
        (0.999, "99 in 100"),
        (1.0, "all 200"),
    ],
)
def test_a_share_of_draws(share: float, words: str) -> None:
    assert chance(share, 200) == words


@pytest.mark.parametrize(
    ("share", "of", "words"),
    [
        (0.4, 10, "4 of 10"),
        (0.25, 4, "1 of 4"),
        (0.0, 10, "none of 10"),
        (1.0, 10, "all 10"),
        (0.0, 60, "none of 60"),
        (1.0, 60, "all 60"),
        (0.6, 60, "6 in 10 of 60"),
        (6 / 11, 11, "5 in 10 of 11"),
    ],
)
def test_a_share_and_what_it_is_of(share: float, of: int, words: str) -> None:
    assert first_in(share, of) == words


def test_four_words_for_how_sure() -> None:
    shares = (0.91, 0.9, 0.65, 0.649, 0.35, 0.349)
    words = ["likely", "probably", "probably", "about even", "about even", "hardly"]
    assert [odds_word(one) for one in shares] == words


def test_names_and_counts() -> None:
    assert [listed(list(one)) for one in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert listed("ab", "or") == "a or b"
    told = [counted(one, "team") for one in (0, 1, 2, 10, 11, 1234)]
    assert told == ["0 teams", "one team", "two teams", "ten teams", "11 teams", "1,234 teams"]
    assert [counted(one, "person", "people") for one in (1, 3)] == ["one person", "three people"]
    assert [in_figures(one, "week") for one in (0, 1, 2)] == ["0 weeks", "1 week", "2 weeks"]
