"""How often one strategy is better than another: shares worked by hand, ties, mirror images."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sim.planning.better import better, better_matrix


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def test_shares_are_those_counted_by_hand() -> None:
    # Of ten draws the first is better in seven, worse in one, the same in two.
    found = better(column(5, 5, 5, 5, 5, 5, 5, 0, 2, 2), column(1, 1, 1, 1, 1, 1, 1, 3, 2, 2))
    assert found.share_better == pytest.approx(0.7)
    assert found.same == pytest.approx(0.2)
    assert found.mirrored().share_better == pytest.approx(0.1)
    assert not found.tie
    # Binomial error of seven in eight that differ, joined with that of differing.
    within = math.sqrt(0.875 * 0.125 / 8)
    by_hand = math.sqrt((0.8 * within) ** 2 + 0.875**2 * 0.2 * 0.8 / 10)
    assert found.se == pytest.approx(by_hand, rel=0.15)


def test_what_is_the_same_in_every_draw_is_a_tie_without_error() -> None:
    found = better(np.ones((6, 3)), np.ones((6, 3)))
    assert (found.share_better, found.same, found.se, found.tie) == (0.0, 1.0, 0.0, True)


def test_chance_common_to_both_does_not_hide_who_is_better() -> None:
    luck = np.random.default_rng(1).normal(0.0, 10.0, (40, 5))
    found = better(luck + 0.1, luck)
    assert found.share_better == 1.0
    assert found.se > 0.0, "forty draws do not make certain"
    assert not found.tie


def test_chance_of_each_alone_is_taken_out() -> None:
    """A true share of .84 (one SD of parameters above 0) is found under noise of its own."""
    rng = np.random.default_rng(2)
    expected = 1.0 + rng.standard_normal((4000, 1))
    noise = rng.normal(0.0, 5.0, (4000, 10))
    raw = float(((expected + noise).mean(axis=1) > 0.0).mean())
    found = better(expected + noise, np.zeros((4000, 10)))
    assert found.share_better == pytest.approx(0.841, abs=0.02)
    assert abs(raw - 0.841) > 0.08, "without taking it out the share would be another"


def test_a_toss_up_is_a_tie_and_one_draw_counts_replications() -> None:
    assert better(column(*[1, -1] * 20), np.zeros((40, 1))).tie
    one = better(np.array([[3.0, 2.0, 1.0, 2.0]]), np.array([[1.0, 1.0, 2.0, 1.0]]))
    assert one.share_better == pytest.approx(0.75)
    assert better(np.array([[1.0]]), np.array([[0.0]])).tie, "one run tells nothing"


def test_the_matrix_is_numbered_as_its_rows_and_marks_ties() -> None:
    told = (("x", "y", 0.9, 0.0, False), ("y", "x", 0.1, 0.0, False), ("x", "z", 0.0, 1.0, True))
    told += (("z", "x", 0.0, 1.0, True), ("y", "z", 0.45, 0.0, True), ("z", "y", 0.55, 0.0, True))
    table = pd.DataFrame(told, columns=["a", "b", "share_better", "same", "even"])
    shown = better_matrix(table.assign(outcome="qpr15"))
    assert shown.to_numpy().tolist() == [
        ["1 x", "", "90%", "="],
        ["2 y", "10%", "", "45%≈"],
        ["3 z", "=", "55%≈", ""],
    ]
