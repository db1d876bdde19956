"""A marginal model over periods beside the same equations for all of its people, one by one."""

from __future__ import annotations

from math import nan, sqrt
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power

from sim.errors import InputError
from sim.trials.designs.correlation import from_correlations
from sim.trials.fits.gee import fading
from sim.trials.power import expected_marginal as module
from sim.trials.power.expected_marginal import MarginalModel, marginal_over_cells

SCHEDULE = np.array(
    [[0, 1, 1], [0, 1, 1], [0, 0, 1], [0, nan, 1], [0, 0, 0], [1, 1, 1], [0, 0, nan]], float
)
PEOPLE = np.array([[2, 3, 2], [4, 2, 3], [2, 2, 2], [3, 1, 2], [2, 3, 0], [1, 2, 2], [2, 4, 1]])
PARTS = from_correlations(1.0, 0.1, 0.6)


def means_of(kind: str) -> np.ndarray:
    """Return means that a constant effect on the link does not have."""
    treated = np.nan_to_num(SCHEDULE)
    risks = 0.25 + 0.1 * np.arange(3) + treated * np.array([0.0, 0.1, 0.25])
    return risks if kind == "binary" else 3.0 * risks


class People(NamedTuple):
    """All people: cluster, period, fixed part, mean, and the true covariance of outcomes."""

    cluster: np.ndarray
    period: np.ndarray
    X: np.ndarray
    mean: np.ndarray
    C: np.ndarray


def people_of(kind: str, levels: np.ndarray, icc: float) -> People:
    seen = ~np.isnan(SCHEDULE) & (PEOPLE > 0)
    at = np.repeat(np.argwhere(seen), PEOPLE[seen], axis=0)
    cluster, period = at.T
    mean = means_of(kind)[cluster, period]
    variance = mean * (1 - mean)
    if kind == "count":
        # Rates vary by the same coefficient in all cells: that of the ICC under control of .75.
        squared = icc / (1 - icc) / 0.75
        variance = mean + squared * mean**2
    same = cluster[:, None] == cluster
    C = PARTS.cluster * same + PARTS.cluster_period * (same & (period[:, None] == period))
    C = C + PARTS.residual * np.eye(len(at))
    X = np.column_stack([np.eye(3)[period], levels[cluster, period]])
    return People(cluster, period, X, mean, C * np.sqrt(np.outer(variance, variance)))


def correlation(working: str, p: People, shown: np.ndarray, scaled: bool) -> np.ndarray:
    """Return the working correlation of people, by mean products of pairs of them."""
    phi = np.diag(shown).mean() if scaled else 1.0
    same = (p.cluster[:, None] == p.cluster) & ~np.eye(len(p.mean), dtype=bool)
    lag = np.abs(p.period[:, None] - p.period)
    R = np.eye(len(p.mean))
    if working == "exchangeable":
        R += same * shown[same].mean() / phi
    elif working == "nested exchangeable":
        for one in (same & (lag == 0), same & (lag > 0)):
            R += one * shown[one].mean() / phi
    elif working == "decay":
        lags = np.arange(3.0)
        pairs = [same & (lag == one) for one in lags]
        counted = np.array([float(one.sum()) for one in pairs])
        mean = np.array([shown[one].mean() / phi for one in pairs])
        level, factor = fading(lags, counted, mean)
        R += same * level * factor**lag
    return R


def by_people(
    kind: str, working: str, error: str, levels: np.ndarray, weights: np.ndarray
) -> tuple[float, float, float, float]:
    """Return estimate, its error, that reckoned with, and its degrees of freedom."""
    p = people_of(kind, levels, 0.1)
    width = p.X.shape[1]
    beta = np.zeros(width)
    for _ in range(15):
        mu = np.exp(p.X @ beta) if kind == "count" else 1 / (1 + np.exp(-p.X @ beta))
        v = mu if kind == "count" else mu * (1 - mu)
        off = (p.mean - mu) / np.sqrt(v)
        shown = p.C / np.sqrt(np.outer(v, v)) + np.outer(off, off)
        R = correlation(working, p, shown, kind == "count")
        R = R * (p.cluster[:, None] == p.cluster)
        V = R * np.sqrt(np.outer(v, v))
        D = v[:, None] * p.X
        WD = np.linalg.solve(V, D)
        M = np.linalg.inv(D.T @ WD)
        beta = beta + M @ WD.T @ (p.mean - mu)
    estimate, gradient = 0.0, np.zeros(width)
    for k, weight in enumerate(weights):
        for sign in (1.0, -1.0):
            X = np.column_stack([p.X[:, :3], np.zeros((len(p.mean), len(weights)))])
            X[:, 3 + k] = float(sign > 0)
            mu = np.exp(X @ beta) if kind == "count" else 1 / (1 + np.exp(-X @ beta))
            v = mu if kind == "count" else mu * (1 - mu)
            estimate += sign * weight * mu.mean()
            gradient += sign * weight * (v[:, None] * X).mean(axis=0)
    along = M @ gradient
    rest = np.eye(len(p.mean)) - D @ M @ WD.T
    left = rest @ p.C @ rest.T
    parts = []
    for one in np.unique(p.cluster):
        at = p.cluster == one
        own, W = D[at], WD[at]
        H = own @ M @ W.T
        turned = along
        turn = np.eye(at.sum())
        if error == "FG":
            turned = along / np.sqrt(1 - np.minimum(0.75, np.diag(own.T @ W @ M)))
        else:
            power = -0.5 if error == "KC" else -1.0
            turn = np.real(fractional_matrix_power(turn - H, power))
        score = turned @ W.T @ turn
        parts.append(float(score @ left[np.ix_(at, at)] @ score))
    se = sqrt(along @ WD.T @ p.C @ WD @ along)
    each = np.array(parts)
    return estimate, se, sqrt(each.sum()), each.sum() ** 2 / (each**2).sum()


TREATED = np.nan_to_num(SCHEDULE)[..., None]


@pytest.mark.parametrize("kind", ["binary", "count"])
@pytest.mark.parametrize(
    ("working", "error"),
    [
        ("independence", "KC"),
        ("exchangeable", "MD"),
        ("nested exchangeable", "FG"),
        ("nested exchangeable", "KC"),
        ("decay", "KC"),
    ],
)
def test_cells_tell_what_their_people_do(kind: str, working: str, error: str) -> None:
    model = MarginalModel(TREATED, np.ones(1), working, error)
    control = 0.25 if kind == "binary" else 0.75
    found = marginal_over_cells(
        kind, means_of(kind), SCHEDULE, PEOPLE.astype(float), PARTS, control, 0.1, model
    )
    wanted = by_people(kind, working, error, TREATED, np.ones(1))
    assert found == pytest.approx(wanted, rel=1e-6)


def test_effects_by_exposure_are_averaged_with_their_weights() -> None:
    exposure = np.array([[0, 1, 2], [0, 1, 2], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 1, 2], [0] * 3])
    levels = np.stack([exposure == one for one in (1, 2)], axis=-1).astype(float)
    weights = np.array([0.25, 0.75])
    model = MarginalModel(levels, weights, "exchangeable", "KC")
    found = marginal_over_cells(
        "binary", means_of("binary"), SCHEDULE, PEOPLE.astype(float), PARTS, 0.25, 0.1, model
    )
    wanted = by_people("binary", "exchangeable", "KC", levels, weights)
    assert found == pytest.approx(wanted, rel=1e-6)


def of_rows(schedule: Any, means: Any, kind: str = "binary", error: str = "KC") -> Any:
    rows = np.array(schedule, float)
    model = MarginalModel(np.nan_to_num(rows)[..., None], np.ones(1), "independence", error)
    people = np.full(rows.shape, 10.0)
    return marginal_over_cells(kind, np.array(means), rows, people, PARTS, 0.3, 0.1, model)


def test_what_has_no_solution_is_told() -> None:
    with pytest.raises(InputError, match="in every period all clusters have the same treatment"):
        of_rows([[0, 1]] * 4, [[0.3, 0.5]] * 4)
    with pytest.raises(InputError, match="mean of a period = 1.2"):
        of_rows([[0], [1]] * 2, [[0.3], [1.2]] * 2)


def test_one_cluster_that_alone_tells_the_effect_has_no_corrected_error() -> None:
    rows = [[0, 1], [0, 0], [0, 0], [0, 0]]
    means = [[0.3, 0.5], [0.3, 0.3], [0.3, 0.3], [0.3, 0.3]]
    assert np.isnan(of_rows(rows, means, error="KC").model_se)
    assert np.isfinite(of_rows(rows, means, error="FG").model_se)
    both = of_rows([*rows, [0, 1]], [*means, [0.3, 0.5]], error="KC")
    assert np.isfinite(both.model_se)


def test_risks_are_averaged_over_a_period_that_one_cluster_alone_tells() -> None:
    """So that without it there is no estimate; what it tells of no use does no harm."""
    rows = [[0, 1, 0], [0, 1, nan], [0, 0, nan], [0, 0, nan]]
    means = [[0.3, 0.5, 0.4]] * 2 + [[0.3, 0.3, 0.4]] * 2
    for error in ("KC", "MD"):
        assert np.isnan(of_rows(rows, means, error=error).model_se)
        assert np.isfinite(of_rows([*rows, [0, 0, 0]], [*means, [0.3, 0.3, 0.4]], error=error)[2])


def test_products_of_cells_with_one_person_tell_nothing_within_them() -> None:
    """Two clusters of one person at two times: pairs lie between periods alone."""
    n, seen = np.ones((2, 2)), np.ones((2, 2), bool)
    shown = np.array([[[1.0, 0.3], [0.3, 1.0]], [[1.0, 0.5], [0.5, 1.0]]])
    found = module._working("nested exchangeable", shown, np.ones((2, 2)), n, seen, False)
    assert found[0] == pytest.approx(np.array([[1.0, 0.4], [0.4, 1.0]]))
    scaled = module._working("nested exchangeable", shown, np.full((2, 2), 2.0), n, seen, True)
    assert scaled[0, 0, 1] == pytest.approx(0.2)
