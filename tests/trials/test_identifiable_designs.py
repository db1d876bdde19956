"""Which matrices are parallel trials, and which cannot tell the effect from the periods."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.correlation import from_correlations
from sim.trials.designs.design import Design, crossover, parallel, stepped_wedge
from sim.trials.designs.design_file import measured_schedule
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.gls_power import gls_standard_error
from tests.trials.closed_forms import from_matrix, parallel_se, parallel_se_of_sizes

ASSUMED = Assumed(4.0, 10.0, 0.05, cac=0.8)


def two_rows(first: list[int], second: list[int], **settings: object) -> Design:
    """Return a trial with five clusters to each of two sequences."""
    return from_matrix([first] * 5 + [second] * 5, 12.0, **settings)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1], [0], True),
        ([2, 1], [3, 0], True),
        ([3, 2, 1], [3, 3, 0], True),
        ([0, 1], [0, 0], False),
        ([1, 1], [0, 0], False),
        ([0, 1, 0], [0, 0, 0], False),
        ([0, 1, 2], [0, 0, 0], False),
        ([0, 1], [1, 0], False),
        ([0, 1, 1], [0, 0, 1], False),
        ([1, 1], [3, 0], False),
    ],
)
def test_only_two_arms_at_the_last_period_are_a_parallel_trial(
    first: list[int], second: list[int], expected: bool
) -> None:
    assert two_rows(first, second).is_parallel is expected


def test_a_baseline_makes_two_arms_over_time_a_parallel_trial() -> None:
    for first, second in (([0, 1], [0, 0]), ([0, 2, 1], [0, 3, 0])):
        design = two_rows(first, second, baseline="ancova", sampling="closed cohort")
        assert design.is_parallel
        as_named = parallel(5, 12.0, baseline="ancova")
        assert design_power(design, ASSUMED) == design_power(as_named, ASSUMED)


@pytest.mark.parametrize(
    ("first", "second"), [([0, 1, 0], [0, 0, 0]), ([0, 1, 2], [0, 0, 0]), ([0, 1, 1], [0, 0, 1])]
)
def test_a_baseline_is_refused_where_arms_are_not_kept(first: list[int], second: list[int]) -> None:
    with pytest.raises(InputError, match="baseline = 'change': needs two arms"):
        two_rows(first, second, baseline="change", sampling="closed cohort")
    # Adjusting is for each person's own baseline there, which other people do not have.
    with pytest.raises(InputError, match="every person needs a baseline of their own"):
        two_rows(first, second, baseline="ancova", sampling="cross-sectional")


def test_before_and_after_has_the_standard_error_of_differences_of_differences() -> None:
    # Cross-sections: clusters' changes have variance 2 (cluster-period + residual / size) each;
    # weighing levels too can only help.
    design = two_rows([0, 1], [0, 0])
    of_change = 2.0 * (100.0 * 0.05 * 0.2 + 95.0 / 12.0)
    changes = np.sqrt(of_change * 2.0 / 5.0)
    found = design_power(design, ASSUMED)
    assert found.se < changes
    ignoring_baseline = parallel_se(10.0, (5.0, 5.0), 12.0, 0.05, 0.0)
    assert found.se < ignoring_baseline


def test_arms_measured_twice_are_compared_between_clusters() -> None:
    found = design_power(two_rows([1, 1], [0, 0]), ASSUMED)
    of_mean = 100.0 * 0.05 * (0.8 + 0.2 / 2.0) + 95.0 / 24.0
    assert found.se == pytest.approx(np.sqrt(of_mean * 2.0 / 5.0), rel=1e-12)
    assert found.df == pytest.approx(8.0)
    assert found.df_rule == "clusters - 2"


def test_one_period_of_a_matrix_is_the_parallel_formula() -> None:
    found = design_power(two_rows([2, 1], [3, 0]), ASSUMED)
    assert found.se == pytest.approx(
        parallel_se_of_sizes(10.0, [[12.0] * 5, [12.0] * 5], 0.05), rel=1e-12
    )


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([[0, 1]] * 6, "treats all clusters from period 2 on and has no control then"),
        ([[0, 1, 1], [0, 2, 1]] * 4, "in no period are treated and control clusters"),
        ([[0, 3], [3, 1]] * 4, "in no period are treated and control clusters"),
        ([[1, 1], [1, 3]] * 4, "no control observation"),
        ([[0, 0], [0, 3]] * 4, "treats nobody"),
        ([[0, 1, 3], [0, 0, 3]] * 4, r"nobody is measured in the last period \(3\)"),
        ([[1, 1], [0, 0], [0, 0]], "give each arm at least 2"),
        ([[0, 1], [0, 0], [0, 0]], "give each arm at least 2"),
    ],
)
def test_a_matrix_that_cannot_answer_is_refused_by_name(rows: list[list[int]], told: str) -> None:
    with pytest.raises(InputError, match=told):
        from_matrix(rows, 10.0)


def test_the_refusal_agrees_with_the_information_matrix() -> None:
    """Every matrix of two sequences over two periods: refused if and only if GLS is singular."""
    refused = 0
    for cells in itertools.product((0, 1, 3), repeat=4):
        rows = np.array(cells).reshape(2, 2)
        if (rows[:, 1] == 3).all():
            continue
        schedule = np.repeat(np.where(rows == 3, np.nan, rows), 3, axis=0).astype(float)
        try:
            gls_standard_error(schedule, 10.0, from_correlations(1.0, 0.05))
            identified = True
        except InputError:
            identified = False
        try:
            design = from_matrix(np.repeat(rows, 3, axis=0).tolist(), 10.0)
            accepted = True
            assert np.array_equal(measured_schedule(design), schedule, equal_nan=True)
        except InputError:
            accepted = False
        assert accepted == identified, rows
        refused += not accepted
    assert refused > 10


def test_usual_designs_are_what_they_are() -> None:
    assert parallel(5, 10.0).is_parallel
    assert parallel(5, 10.0, baseline="change").is_parallel
    assert not stepped_wedge(3, 2, 10.0).is_parallel
    assert not crossover(4, 10.0).is_parallel


def test_churn_without_an_open_cohort_is_refused() -> None:
    with pytest.raises(InputError, match="set sampling = 'open cohort'"):
        replace(stepped_wedge(4, 2, 10), churn=0.2)
    open_cohort = replace(stepped_wedge(4, 2, 10), churn=0.2, sampling="open cohort")
    assert open_cohort.churn == 0.2
