"""Draws of what a trial tells of its variances: by hand, by integrals, and by their moments."""

from __future__ import annotations

from math import erf, exp, inf, pi, sqrt

import numpy as np
import pytest
from scipy import integrate, stats

from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power import drawn_variances as module
from sim.trials.power import expected_test as expected
from sim.trials.power.drawn_variances import Drawn, most_trials
from sim.trials.power.expected_test import Told, covariance_of, trial_cells

THREE = Drawn(
    0.5, 2.0, np.array([0.5, -0.5, 0.0]), np.array([1.0, 2.0, 3.0]), np.array([4.0, 9.0, 30.0])
)


def test_power_given_draws_is_normal() -> None:
    """An effect of 6 of which half is estimated, moved by .25; error 2, margins by t."""
    at = 3.25 + THREE.shift
    margin = stats.t.isf(0.025, THREE.df) * THREE.se
    right = stats.norm.sf((margin - at) / 2.0)
    wrong = stats.norm.cdf((-margin - at) / 2.0)
    assert THREE.power(6.0, 0.05, 2, None, 0.25) == pytest.approx((right + wrong).mean())
    margin = stats.t.isf(0.05, THREE.df) * THREE.se
    one_sided = stats.norm.sf((margin - at) / 2.0).mean()
    assert THREE.power(6.0, 0.05, 1, None, 0.25) == pytest.approx(one_sided)
    mirrored = Drawn(0.5, 2.0, -THREE.shift, THREE.se, THREE.df)
    assert mirrored.power(-6.0, 0.05, 1, None, -0.25) == pytest.approx(one_sided)
    above = stats.norm.sf((margin - at + 1.0) / 2.0).mean()
    assert THREE.power(6.0, 0.05, 1, Bounds(1.0, inf), 0.25) == pytest.approx(above)
    both = stats.norm.cdf((at + 9.0 - margin) / 2.0) + stats.norm.cdf((9.0 - at - margin) / 2.0)
    wanted = np.maximum(both - 1.0, 0.0).mean()
    assert THREE.power(6.0, 0.05, 1, Bounds(-9.0, 9.0), 0.25) == pytest.approx(wanted)
    assert THREE.power(6.0, 0.05, 1, Bounds(-0.1, 0.1)) == 0.0, "never less than nothing"
    few = Drawn(0.5, 2.0, THREE.shift, THREE.se, np.array([0.5, 1.0, inf]))
    same = Drawn(0.5, 2.0, THREE.shift, THREE.se, np.array([1.0, 1.0, 1e6]))
    assert few.power(6.0, 0.05, 2, None) == same.power(6.0, 0.05, 2, None)


def test_draws_after_a_baseline_and_in_other_units() -> None:
    after = THREE.after_baseline(5.0, 0.5)
    assert (after.sd, after.share) == (3.0, 0.5)
    assert after.se == pytest.approx(np.sqrt([6.0, 9.0, 14.0]))
    assert after.df.tolist() == [3.5, 8.5, 29.5]
    assert after.shift.tolist() == THREE.shift.tolist()
    other = THREE.scaled(2.0, 3.0, 0.5)
    assert other.sd == 4.0
    assert other.shift.tolist() == [1.0, -1.0, 0.0]
    assert other.se.tolist() == [3.0, 6.0, 9.0]
    assert other.df.tolist() == [2.0, 4.5, 15.0]


def test_points_of_all_trials_together() -> None:
    """30,000 over 40, 12 squared, 9 cubed and 6 to the fourth."""
    assert [most_trials(one) for one in (1, 2, 3, 4)] == [750, 208, 41, 23]


@pytest.mark.parametrize("df", [1, 2, 3, 40])
def test_sums_of_squares_have_the_mean_and_spread_of_wishart(df: int) -> None:
    covariance = np.array([[4.0, 1.0, 0.5], [1.0, 2.0, 0.3], [0.5, 0.3, 1.0]])
    found = module._wishart(covariance, df, 40_000, np.random.default_rng(1))
    assert found.mean(axis=0) == pytest.approx(df * covariance, rel=0.05, abs=0.05 * df)
    spread = df * (covariance**2 + np.outer(np.diag(covariance), np.diag(covariance)))
    assert found.var(axis=0) == pytest.approx(spread, rel=0.1)
    ranks = np.linalg.matrix_rank(found[:5], tol=1e-8)
    assert (ranks == min(df, 3)).all()


def test_ratios_are_closest_near_zero_and_go_as_far_as_few_clusters_may() -> None:
    """One cell of 10 people: a mean varies by 2 + 9 / 10; 3 x 2 + 2.5 x 2.9 over 9 at the most."""
    cells = trial_cells(np.array([[0.0], [1.0]] * 4), np.full((8, 1), 10.0))
    found = module._grid(cells, VarianceComponents(9.0, 2.0), ("cluster",))
    assert found.shape == (40, 2)
    assert (found[:, 0] == 1.0).all()
    most = (6.0 + 2.5 * 2.9) / 9.0
    assert found[:, 1] == pytest.approx(most * (np.arange(40) / 39.0) ** 2)
    schedule = np.array([[0.0, 1.0], [1.0, 0.0]] * 4)
    cells = trial_cells(schedule, np.full((8, 2), 10.0))
    truth = VarianceComponents(9.0, 2.0, individual=4.0)
    two = module._grid(cells, truth, ("cluster", "person"))
    assert two.shape == (144, 3)
    # A person's: 2 x 4 + 9 / 2; a mean varies by 2 + 13 / 10.
    assert two.max(axis=0) == pytest.approx([1.0, (6.0 + 2.5 * 3.3) / 9.0, 12.5 / 9.0])


def test_satterthwaite_leaves_variances_at_zero_out() -> None:
    """Of 8 teams of 10 people: 6 degrees of freedom between, 78 where the variance is zero."""
    cells = trial_cells(np.array([[0.0], [1.0]] * 4), np.full((8, 1), 10.0))
    points = np.array([[1.0, 0.5], [1.0, 0.0]])
    variance, df = module._reckoned(cells, ("cluster",), points, "satterthwaite")
    assert variance == pytest.approx([0.6 / 2, 0.1 / 2])
    assert df == pytest.approx([6.0, 78.0])
    variance, df = module._reckoned(cells, ("cluster",), points, "kenward-roger")
    assert variance == pytest.approx([0.6 / 2, 0.1 / 2])
    assert df == pytest.approx([6.0, 6.0])


def test_a_unit_of_information_tells_degrees_of_freedom() -> None:
    told = Told(np.eye(2), np.array([3.0, 4.0]), np.array(5.0), np.zeros((2, 2)))
    # 2 x 5^2 over 3^2 + 4^2.
    assert float(module._df(told, np.eye(2))) == pytest.approx(2.0)
    assert expected._df(told) == pytest.approx(2.0)
    assert expected._df(told, 1) == pytest.approx(50.0 / 9.0)
    nothing = told._replace(slope=np.zeros(2))
    assert expected._df(nothing) == 0.0


@pytest.mark.parametrize(("variance", "error"), [(0.0, 1.0), (0.5, 1.0), (2.0, 0.7), (3.0, 0.005)])
def test_an_estimate_that_stops_at_zero_is_too_high_on_average(
    variance: float, error: float
) -> None:
    def below(x: float) -> float:
        return -x * float(stats.norm.pdf(x, variance, error))

    wanted = integrate.quad(below, variance - 12.0 * error, 0.0)[0] if variance < 3.0 else 0.0
    assert expected._lifted(variance, error) == pytest.approx(wanted, abs=1e-9)
    assert expected._lifted(variance, 0.0) == 0.0
    z = 0.5
    by_hand = exp(-0.125) / sqrt(2.0 * pi) - z * 0.5 * (1.0 - erf(z / sqrt(2.0)))
    assert expected._lifted(0.5, 1.0) == pytest.approx(by_hand)


def test_information_that_tells_nothing_of_a_variance() -> None:
    information = np.diag([4.0, 0.0])
    assert covariance_of(information) == pytest.approx(np.diag([0.25, 0.0]))
    assert expected._spread(information, np.array([2.0, 0.0])) == pytest.approx(1.0)
    assert expected._spread(information, np.array([2.0, 0.001])) == inf
    # Two that cannot be told apart tell their sum alone.
    alike = np.array([[4.0, 4.0], [4.0, 4.0]])
    assert expected._spread(alike, np.array([2.0, 2.0])) == pytest.approx(1.0)
    assert expected._spread(alike, np.array([2.0, 1.0])) == inf


def test_residuals_are_what_the_best_estimates_leave() -> None:
    """Means of a mixed model whose effect builds up, one cell not measured: by one large matrix."""
    schedule = np.array([[0.0, 1.0, 1.0], [0.0, np.nan, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    people = np.array([[4.0, 2.0, 5.0], [3.0, 9.0, 6.0], [2.0, 4.0, 4.0], [5.0, 5.0, 5.0]])
    shares = np.array([[0.0, 0.5, 1.5], [0.0, 0.0, 0.7], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    cells = trial_cells(schedule, people, shares=shares)
    truth = VarianceComponents(6.0, 2.0, 1.0)
    rng = np.random.default_rng(2)
    share, sd, left = module._residuals(cells, truth, ("cluster",), 3.0, 40_000, rng)
    seen = cells.seen.ravel()
    whole = np.zeros((12, 12))
    for i in range(4):
        own = 2.0 + np.eye(3) * (1.0 + 6.0 / np.where(cells.seen[i], cells.people[i], 1.0))
        whole[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = own
    V = whole[np.ix_(seen, seen)]
    Z, means = cells.columns.reshape(12, -1)[seen], cells.means.ravel()[seen]
    M = np.linalg.inv(Z.T @ np.linalg.solve(V, Z))
    best = M @ Z.T @ np.linalg.inv(V)
    assert share == pytest.approx((best @ means)[-1])
    assert sd == pytest.approx(sqrt(M[-1, -1]))
    found = left.reshape(40_000, 12)
    assert (found[:, ~seen] == 0.0).all()
    found = found[:, seen]
    assert np.abs(found @ best.T).max() < 1e-10
    assert found.mean(axis=0) == pytest.approx(3.0 * (means - Z @ best @ means), abs=0.04)
    assert np.cov(found.T) == pytest.approx(V - Z @ M @ Z.T, abs=0.12)


@pytest.mark.parametrize("test", ["kenward-roger", "satterthwaite", "between-within"])
def test_variances_are_those_of_the_best_restricted_likelihood(
    test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of drawn cluster means and a sum of squares within, over all people and every ratio."""
    people = np.array([2.0, 3.0, 5.0, 5.0, 8.0, 8.0, 12.0, 4.0])
    cells = trial_cells((np.arange(8) % 2.0)[:, None], people[:, None])
    each = np.repeat(np.arange(len(cells.times)), cells.times.astype(int))
    sizes, columns = cells.people[each, 0].astype(int), cells.columns[each, 0]
    rng = np.random.default_rng(3)
    scale = np.array([0.2, 1.0, 3.0])[:, None]
    left, squares = scale * rng.standard_normal((3, 8)), np.array([150.0, 180.0, 90.0])
    asked: list[int] = []

    def within(_covariance: object, df: int, count: int, _rng: object) -> np.ndarray:
        asked.append(df)
        return squares[:count, None, None]

    monkeypatch.setattr(module, "DRAWS", 3)
    monkeypatch.setattr(module, "_residuals", lambda *_: (1.0, 0.5, left[..., None]))
    monkeypatch.setattr(module, "_wishart", within)
    truth = VarianceComponents(4.0, 1.0)
    start = expected.expected_test(cells, truth, ("cluster",), test=test)
    rule = [6.0] if test == "between-within" else None
    [found] = module.with_draws([start], [cells], [truth], ("cluster",), 1.0, test, rule)
    drawn = found.drawn
    assert drawn is not None
    assert (drawn.share, drawn.sd, asked) == (1.0, 0.5, [47 - 8])
    X, team = np.repeat(columns, sizes, axis=0), np.repeat(np.arange(8), sizes)
    J = (team[:, None] == team).astype(float)
    for number in range(3):
        # People whose means are those drawn; what is within adds to the sum of squares alone.
        y = np.repeat(left[number], sizes)
        fits = []
        for _, ratio in module._grid(cells, truth, ("cluster",)):
            V = np.eye(47) + ratio * J
            W = np.linalg.inv(V)
            M = np.linalg.inv(X.T @ W @ X)
            beta = M @ X.T @ W @ y
            rss = (y - X @ beta) @ W @ (y - X @ beta) + squares[number]
            value = 45.0 * np.log(rss) + np.linalg.slogdet(V)[1] - np.linalg.slogdet(M)[1]
            fits.append((value, ratio, beta[-1], rss / 45.0))
        _, ratio, shift, residual = min(fits)
        variance, df = module._reckoned(cells, ("cluster",), np.array([[1.0, ratio]]), test)
        assert drawn.shift[number] == pytest.approx(shift)
        assert drawn.se[number] == pytest.approx(sqrt(variance[0] * residual))
        assert drawn.df[number] == pytest.approx(6.0 if rule else df[0])


def test_what_has_no_draws_is_left_as_it_is() -> None:
    cells = trial_cells(np.array([[0.0], [1.0]] * 4), np.full((8, 1), 10.0))
    truth = VarianceComponents(9.0, 2.0)
    own = [expected.expected_test(cells, truth, ("cluster",))]
    effects = ("cluster",)
    assert module.with_draws(own, [cells], [truth], effects, 1.0, "cluster-robust") == own
    [drawn] = module.with_draws(own, [cells], [truth], effects, 1.0, "satterthwaite")
    assert drawn.drawn is not None
    assert len(drawn.drawn.se) == 1000
    many = module.with_draws(own * 20, [cells] * 20, [truth] * 20, effects, 1.0, "satterthwaite")
    assert {len(one.drawn.se) for one in many if one.drawn is not None} == {800}
    alike = VarianceComponents(0.0, 2.0)
    assert module.with_draws(own, [cells], [alike], effects, 1.0, "kenward-roger") == own
