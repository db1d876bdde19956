"""The synthetic likelihood against SciPy's normal distributions, and what data it reads."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, qmc

from calibration.evidence.targets import load_targets
from calibration.sampling.likelihood import (
    Data,
    conditioned,
    log_events,
    log_likelihood,
    log_normal,
    make_data,
    normal_points,
    shrunk,
)
from sim.errors import InputError

NONE = np.array([], int)
MEAN = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 1.0]])
COV = np.array(
    [
        [[2.0, 0.5, 0.3], [0.5, 1.0, 0.2], [0.3, 0.2, 1.5]],
        [[1.0, -0.2, 0.0], [-0.2, 0.5, 0.1], [0.0, 0.1, 1.0]],
    ]
)


def test_the_density_is_scipys() -> None:
    values = np.array([0.7, 1.0, 0.2])
    expected = [multivariate_normal(m, c).logpdf(values) for m, c in zip(MEAN, COV, strict=True)]
    assert log_normal(MEAN, COV, values) == pytest.approx(expected)


def test_a_density_is_that_of_one_part_times_that_of_the_rest_given_it() -> None:
    values = np.array([0.7, 1.0, 0.2])
    for one, rest in ((np.array([0, 2]), np.array([1])), (np.array([0]), np.array([1, 2]))):
        shifted, left = conditioned(MEAN, COV, rest, one, values[one])
        joined = log_normal(MEAN[:, one], COV[:, one[:, None], one], values[one])
        joined = joined + log_normal(shifted, left, values[rest])
        assert joined == pytest.approx(log_normal(MEAN, COV, values))
    # The first figure given, by hand: slope .5 / 2, from 2 on by (.7 - 1) times it.
    assert shifted[0, 0] == pytest.approx(2.0 + 0.25 * -0.3)
    assert left[0, 0, 0] == pytest.approx(1.0 - 0.25 * 0.5)
    plain = conditioned(MEAN, COV, rest, NONE, values[:0])
    np.testing.assert_array_equal(plain[0], MEAN[:, 1:])


def test_a_covariance_given_others_is_symmetric_to_the_last_bit() -> None:
    root = np.random.default_rng(2).standard_normal((20, 6, 6))
    cov = root @ np.swapaxes(root, 1, 2)
    _, rest = conditioned(np.zeros((20, 6)), cov, np.arange(4), np.array([4, 5]), np.zeros(2))
    np.testing.assert_array_equal(rest, np.swapaxes(rest, 1, 2))


def test_chances_of_tests_are_those_of_the_normal_distribution() -> None:
    """z of mean 1 and SD 1 lies within 1.96 with .83; two apart, with the product."""
    one = norm.cdf(0.96) - norm.cdf(-2.96)
    unit = np.eye(2)[None]
    inside = log_events(np.array([[1.0]]), np.ones((1, 1, 1)), 0)
    assert math.exp(inside[0]) == pytest.approx(one, abs=0.01)
    outside = log_events(np.array([[1.0]]), np.ones((1, 1, 1)), 1)
    assert math.exp(outside[0]) == pytest.approx(1.0 - one, abs=0.01)
    both = log_events(np.array([[1.0, 0.0]]), unit, 0)
    assert math.exp(both[0]) == pytest.approx(one * 0.95, abs=0.01)
    mixed = log_events(np.array([[1.0, 0.0]]), unit, 1)
    assert math.exp(mixed[0]) == pytest.approx((1.0 - one) * 0.95, abs=0.01)
    any_of = log_events(np.array([[1.0, 0.0]]), unit, 2)
    assert math.exp(any_of[0]) == pytest.approx(1.0 - one * 0.95, abs=0.01)


def test_correlated_tests_agree_with_simulation_and_a_spread_scales_them() -> None:
    cov = np.array([[[4.0, 1.8], [1.8, 1.0]]])
    z = np.random.default_rng(1).multivariate_normal([1.0, 0.5], cov[0], 200_000)
    hit = (np.abs(z[:, 0]) > 1.96) & (np.abs(z[:, 1]) <= 1.96)
    found = log_events(np.array([[1.0, 0.5]]), cov, 1)
    assert math.exp(found[0]) == pytest.approx(hit.mean(), abs=0.015)


def test_a_test_is_smoothed_over_a_tenth_and_no_chance_is_below_a_millionth() -> None:
    """At the limit itself a test without spread is half significant; a tenth within, 84% not."""
    still = np.zeros((1, 1, 1))
    at = [math.exp(log_events(np.array([[z]]), still, 0)[0]) for z in (1.959964, 1.859964)]
    assert at == pytest.approx([0.5, norm.cdf(1.0)], abs=1e-5)
    assert math.exp(log_events(np.array([[9.0]]), still, 0)[0]) == pytest.approx(1e-6)
    assert log_events(np.array([[0.0]]), still, 0)[0] == pytest.approx(0.0, abs=1e-6)


def data(**changed: Any) -> Data:
    fields: dict[str, Any] = {
        "figures": ("a", "b", "c"),
        "estimates": np.array([0]),
        "observed": np.array([0.7]),
        "selected": -1,
        "selected_value": 0.0,
        "selectors": NONE,
        "null": NONE,
    }
    return Data(**{**fields, **changed})


def test_the_likelihood_has_a_factor_for_each_kind_of_report() -> None:
    first = log_normal(MEAN[:, :1], COV[:, :1, :1], np.array([0.7]))
    assert log_likelihood(MEAN, COV, data()) == pytest.approx(first)
    # Not significant, given the estimate.
    shifted, rest = conditioned(MEAN, COV, np.array([2]), np.array([0]), np.array([0.7]))
    null = first + log_events(shifted, rest, 0)
    assert log_likelihood(MEAN, COV, data(null=np.array([2]))) == pytest.approx(null)
    # A contrast that is taken as it is: the density of both.
    plain = data(selected=1, selected_value=1.0, selectors=np.array([2]), selection=False)
    both = log_normal(MEAN[:, :2], COV[:, :2, :2], np.array([0.7, 1.0]))
    assert log_likelihood(MEAN, COV, plain) == pytest.approx(both)
    # One that was reported for being significant: as likely as among those that are.
    chosen = data(selected=1, selected_value=1.0, selectors=np.array([2]))
    two = conditioned(MEAN, COV, np.array([2]), np.array([0, 1]), np.array([0.7, 1.0]))
    given = conditioned(MEAN, COV, np.array([2]), np.array([0]), np.array([0.7]))
    expected = both + log_events(*two, 1) - log_events(*given, 1)
    assert log_likelihood(MEAN, COV, chosen) == pytest.approx(expected)
    # Of all trials, not of those with the same estimate.
    alone = data(selected=1, selected_value=1.0, selectors=np.array([2]), alone=True)
    over_all = both + log_events(*two, 1) - log_events(MEAN[:, 2:], COV[:, 2:, 2:], 1)
    assert log_likelihood(MEAN, COV, alone) == pytest.approx(over_all)
    # Only a test: its chance, and nothing else.
    only = data(estimates=NONE, observed=np.array([]), null=np.array([2]))
    chance = log_events(MEAN[:, 2:], COV[:, 2:, 2:], 0)
    assert log_likelihood(MEAN, COV, only) == pytest.approx(chance)


def test_replicates_have_their_covariance_and_the_error_of_their_mean() -> None:
    """Values 1, 2, 3: variance 1, times 1 + 1/3."""
    figures = np.array([1.0, 2.0, 3.0])[None, :, None]
    mean, cov = shrunk(figures, None)
    assert (mean.item(), cov.item()) == pytest.approx((2.0, 4.0 / 3.0))
    # A common covariance of 4 counts as three more: (2 + 3 x 4) / (2 + 3).
    assert shrunk(figures, np.array([[4.0]]))[1].item() == pytest.approx(2.8 * 4.0 / 3.0)


def test_a_missing_figure_takes_the_mean_of_the_others() -> None:
    figures = np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 3.0]])[None]
    mean, cov = shrunk(figures, None)
    assert mean[0].tolist() == [2.0, 2.0]
    assert cov[0] == pytest.approx(np.array([[1.0, 1.0], [1.0, 1.0]]) * 4.0 / 3.0)


def test_a_figure_that_never_varies_leaves_a_density() -> None:
    cov = shrunk(np.ones((1, 4, 1)), None)[1].item()
    assert 0.0 < cov < 1e-8


def test_the_fixed_sample_is_standard_normal() -> None:
    points = normal_points(2)
    assert points.shape == (256, 2)
    assert points.mean(axis=0) == pytest.approx(0.0, abs=0.02)
    assert points.std(axis=0) == pytest.approx(1.0, abs=0.02)
    assert abs(np.corrcoef(points.T)[0, 1]) < 0.03
    # One of 256 lies in the outermost 256th on either side, and is not drawn in.
    assert (points.min(axis=0) < norm.ppf(1.0 / 256.0)).all()
    assert (points.max(axis=0) > norm.ppf(255.0 / 256.0)).all()
    # Always the same: likelihoods that are stored rest on it.
    draws = qmc.Sobol(2, scramble=True, rng=np.random.default_rng(20_111_125)).random(256)
    np.testing.assert_allclose(points, norm.ppf(draws))


def test_data_of_the_shipped_targets() -> None:
    targets = load_targets()
    found = make_data(targets)
    assert found.figures[found.selected] == "participation"
    named = [found.figures[place] for place in found.estimates]
    estimates = [t for t in targets.values() if t.use == "fit" and t.kind == "estimate"]
    assert named == [one.figure for one in estimates]
    assert found.observed.tolist() == [one.observed for one in estimates]
    assert {found.figures[one] for one in found.null} == {"z_intrapersonal", "z_interpersonal"}
    assert all(found.figures[one].startswith("z_participation") for one in found.selectors)
    less = make_data(targets, without=["P4"], selection=False)
    assert (less.selected, less.selected_value, len(less.selectors)) == (-1, 0.0, 0)
    assert not less.selection
    assert len(make_data(targets, without=[estimates[0].name]).estimates) == len(named) - 1


def test_nothing_to_fit_and_two_selected_figures_are_errors() -> None:
    targets = load_targets()
    with pytest.raises(InputError, match="nothing to fit"):
        make_data({n: t for n, t in targets.items() if t.kind == "interval"})
    chosen = next(one for one in targets.values() if one.kind == "selected")
    with pytest.raises(InputError, match="only one selected"):
        make_data({"one": chosen, "two": chosen})
    assert make_data({"one": chosen}).selected >= 0
    # A contrast of nought is one.
    nought = make_data({"one": chosen.model_copy(update={"value": 0.0})})
    assert (nought.selected, nought.selected_value) == (make_data({"one": chosen}).selected, 0.0)


def test_probabilities_of_significant_tests() -> None:
    cov = np.array([[[1.0, 0.6, 0.2], [0.6, 1.0, -0.3], [0.2, -0.3, 1.0]]])
    mean = np.array([[0.8, -0.4, 0.5]])
    draws = np.random.default_rng(3).multivariate_normal(mean[0], cov[0], 400_000)
    small = np.abs(draws) < 1.96
    truths = {
        0: small.all(axis=1),
        2: ~small[:, :2].all(axis=1) & small[:, 2],
        3: ~small.all(axis=1),
    }
    for some, truth in truths.items():
        assert np.exp(log_events(mean, cov, some)[0]) == pytest.approx(truth.mean(), abs=0.012)


def one_selected(selection: bool) -> Data:
    return Data(
        ("participation", "z"),
        np.array([], int),
        np.array([]),
        0,
        1.6,
        np.array([1]),
        np.array([], int),
        selection,
    )


def test_selection_takes_away_what_significance_alone_says() -> None:
    # One contrast c and its test z = c / .56: without selection a larger mean is always better up
    # to 1.6; with it part of that is explained by being reported only when significant.
    means = np.linspace(0.0, 1.6, 5)
    mean = np.stack([means, means / 0.56], axis=1)
    cov = np.array([[0.3136, 0.559], [0.559, 1.0]])
    cov = np.repeat(cov[None], 5, axis=0)
    plain = log_likelihood(mean, cov, one_selected(False))
    selected = log_likelihood(mean, cov, one_selected(True))
    assert (np.diff(plain) > 0.0).all()
    reported = 1.0 - (norm.cdf(1.96 - mean[:, 1]) - norm.cdf(-1.96 - mean[:, 1]))
    assert selected - plain == pytest.approx(-np.log(reported), abs=0.15)
    assert selected[-1] - selected[0] < plain[-1] - plain[0]


def test_a_selected_figure_is_worth_what_it_says_among_trials_that_report_it() -> None:
    # The density of c among trials with |z| > 1.96, from a million trials, against the formula.
    draws = np.random.default_rng(9)
    y, noise, extra = draws.standard_normal((3, 1_000_000))
    c = 0.4 + 0.5 * y + noise
    z = c + 0.5 * extra
    kept = np.abs(z) > 1.96
    near = np.abs(y - 0.3) < 0.1
    cov = np.cov(np.stack([y, c, z]))[None]
    mean = np.array([[0.0, 0.4, 0.4]])
    value = 2.0
    data = Data(
        ("y", "c", "z"),
        np.array([0]),
        np.array([0.3]),
        1,
        value,
        np.array([2]),
        np.array([], int),
    )
    found = log_likelihood(mean, cov, data)[0] - norm.logpdf(0.3)
    among = c[kept & near]
    assert np.exp(found) == pytest.approx((np.abs(among - value) < 0.1).mean() / 0.2, rel=0.06)
    alone = log_likelihood(mean, cov, replace(data, alone=True))[0]
    both = (np.abs(c - value) < 0.1) & near
    assert np.exp(alone) == pytest.approx((both & kept).sum() / kept.sum() / 0.2 / 0.2, rel=0.06)


def test_published_standard_errors_do_not_enter_the_likelihood() -> None:
    targets = load_targets()
    other = {name: one.model_copy(update={"se": 100.0}) for name, one in targets.items()}
    for left, right in zip(
        make_data(targets).__dict__.values(), make_data(other).__dict__.values(), strict=True
    ):
        assert np.array_equal(left, right)


def test_leaving_out_a_pattern_leaves_out_its_figures() -> None:
    less = make_data(load_targets(), without=["P4"])
    assert less.selected == -1
    assert not [name for name in less.figures if name.startswith(("participation", "z_part"))]
    with pytest.raises(InputError, match="nothing to fit"):
        make_data(load_targets(), without=["P1", "P2", "P4", "P6", "P7", "P11", "P20"])


def test_monte_carlo_error_of_the_mean_is_added_and_nothing_else() -> None:
    draws = np.random.default_rng(5).standard_normal((4, 4000, 2))
    mean, cov = shrunk(draws, None)
    assert cov[0] == pytest.approx(np.cov(draws[0].T) * (1.0 + 1.0 / 4000), rel=1e-6, abs=1e-6)
    few = draws[:, :5]
    common = np.eye(2)
    _, pulled = shrunk(few, common)
    expected = (4 * np.cov(few[0].T) + 6.0 * common) / 10.0 * 1.2
    assert pulled[0] == pytest.approx(expected, abs=1e-6)
