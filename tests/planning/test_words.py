"""Numbers and times as readers see them."""

from __future__ import annotations

import pandas as pd
import pytest

from sim.planning.verdicts import time_text
from sim.planning.vocabulary import percent, signed
from sim.report.readable import readable, short, table_block


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0, "", "0.00"),
        (-0.001, "", "0.00"),
        (-0.4, "money", "0"),
        (12.345, "", "12.3"),
        (123.4, "", "123"),
        (1234567.8, "", "1,234,568"),
        (1234.5, "money", "1,234"),
        (0.0312, "share", "3.1%"),
        (-0.0001, "share", "0.0%"),
        (float("nan"), "money", "none"),
    ],
)
def test_short_numbers(value: float, kind: str, text: str) -> None:
    assert short(value, kind) == text


def test_signs_shares_and_times() -> None:
    assert [signed(one) for one in (0.004, -0.004, 1.0, -2.346)] == [
        "0.00",
        "0.00",
        "+1.00",
        "-2.35",
    ]
    assert [percent(one) for one in (0.0, 0.0123, 0.5, 1.0)] == ["0%", "1.2%", "50%", "100%"]
    assert [time_text(one) for one in (52, 104, 60)] == ["1 year", "2 years", "60 weeks"]


def test_intervals_are_joined_and_the_full_numbers_stay_in_the_download() -> None:
    frame = pd.DataFrame(
        {"scenario": ["a"], "5%": [0.123456], "95%": [2.0], "Monte Carlo SE": [0.1]}
    )
    shown = readable(frame)
    assert list(shown.columns) == ["scenario", "90%"]
    assert shown["90%"].item() == "0.12 to 2.00"
    assert "Monte Carlo SE" in readable(frame, details=True)
    html = table_block(frame, "caption", "name")
    assert '<td class="number">0.12 to 2.00</td>' in html
    assert "0.123456" not in html.split("<a ")[0]
    assert list(frame.columns) == ["scenario", "5%", "95%", "Monte Carlo SE"]


def test_an_empty_cell_among_whole_numbers_stays_empty() -> None:
    weeks = pd.DataFrame({"start week": pd.array([1200, None], dtype="Int64")})
    assert readable(weeks)["start week"].tolist() == ["1,200", ""]
