"""How often one strategy is better than another: shares worked by hand, ties, mirror images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.planning.better import COST, better, better_matrix, better_than


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


def test_no_finite_draw_tells_nothing_and_missing_draws_are_left_out() -> None:
    none = better(np.full((3, 1), np.nan), np.zeros((3, 1)))
    assert math.isnan(none.share_better)
    assert none.tie
    some = better(column(5.0, np.nan, 5.0, 5.0), np.zeros((4, 1)))
    assert (some.share_better, some.same) == (1.0, 0.0)
    assert some.se == pytest.approx(0.5 / 3.0), "all of three draws are not known for sure"
    assert better(column(1.0), column(0.0)).se == 0.5


def test_two_draws_of_two_runs_are_draws() -> None:
    found = better(np.array([[1.0, 1.0], [-1.0, -1.0]]), np.zeros((2, 2)))
    assert (found.share_better, found.same) == (0.5, 0.0)


def test_a_gain_smaller_than_a_reader_sees_counts() -> None:
    assert better(column(*[0.005] * 20), np.zeros((20, 1))).share_better == 1.0


def test_the_error_of_differing_at_all_is_that_of_its_share() -> None:
    """All that differ are better: share .6 of 100, error sqrt(.6 x .4 / 100)."""
    found = better(column(*[1.0] * 60, *[0.0] * 40), np.zeros((100, 1)))
    assert (found.share_better, found.same) == (0.6, 0.4)
    assert found.se == pytest.approx(math.sqrt(0.6 * 0.4 / 100.0))
    half = better(column(*[1.0] * 40, *[-1.0] * 40, *[0.0] * 20), np.zeros((100, 1)))
    within = 0.8**2 * 0.5 * 0.5 / 80.0
    assert half.se == pytest.approx(math.sqrt(within + 0.5**2 * 0.2 * 0.8 / 100.0), rel=0.1)


class Comparison:
    """Three strategies whose cost in two years and whose outcomes are written in by hand."""

    names = ("a", "b", "c")

    def cost(self, name: str, discounted: bool) -> np.ndarray:
        assert discounted
        # Together 5, 4 and 9 in each of twenty draws.
        years = {"a": [1.0, 4.0], "b": [3.0, 1.0], "c": [0.0, 9.0]}[name]
        return np.tile(years, (20, 1))

    def level(self, name: str, outcome: str) -> np.ndarray:
        return np.full((20, 2), {"a": 2.0, "b": 1.0, "c": 1.0}[name])


def test_pairs_of_a_comparison_have_their_mirror_images() -> None:
    comparison: Any = Comparison()
    table = better_than(comparison, ("qpr15", COST))
    shown = table.set_index(["outcome", "a", "b"])
    assert len(table) == 2 * 3 * 2
    assert shown["share_better"].loc["qpr15"].to_dict() == {
        ("a", "b"): 1.0,
        ("b", "a"): 0.0,
        ("a", "c"): 1.0,
        ("c", "a"): 0.0,
        ("b", "c"): 0.0,
        ("c", "b"): 0.0,
    }
    assert shown["same"].loc[("qpr15", "b", "c")] == 1.0
    cost = shown["share_better"].loc[COST]
    assert (cost.loc[("a", "b")], cost.loc[("b", "a")], cost.loc[("a", "c")]) == (0.0, 1.0, 1.0)
    assert better_matrix(table)["1"].tolist() == ["", "0%", "0%"]


def test_where_few_draws_differ_the_error_is_mostly_that_of_differing() -> None:
    """Ten better, ten worse, 180 the same: .1^2 x .25 / 20 and .5^2 x .1 x .9 / 200."""
    found = better(column(*[1.0] * 10, *[-1.0] * 10, *[0.0] * 180), np.zeros((200, 1)))
    assert found.se == pytest.approx(math.sqrt(0.000125 + 0.0001125), rel=0.07)
