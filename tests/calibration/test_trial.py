"""The simulated trial: its mixed model, its figures, how participation is judged."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from calibration.sampling.priors import CALIBRATED, OVERRIDES, described, hypercube, make_space
from calibration.sampling.runs import run_rows, thread_space
from calibration.sampling.scenarios import EffectDesign, full_effects
from sim.engines.compiled import TEAM_DTYPE
from sim.errors import InputError
from sim.parameters import resolve, to_record
from sim.trials.studies.refocus_figures import (
    AT,
    PLACE,
    contrast,
    judged_high,
    judging,
)
from sim.trials.studies.refocus_trial import TrialDesign, simulate_trial


def record(**changes: float) -> np.void:
    return to_record([resolve(changes)])[0]


def clustered(seed: int, between: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(12), draws.integers(4, 12, 12))
    arm = (cluster % 2).astype(float)
    baseline = draws.standard_normal(len(cluster))
    y = 0.5 * arm + 0.6 * baseline + between * draws.standard_normal(12)[cluster]
    y = y + draws.standard_normal(len(cluster))
    return y, np.stack([np.ones_like(y), arm, baseline], axis=1), cluster


def dense(y: np.ndarray, x: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    same = (cluster[:, None] == cluster[None]).astype(float)

    def solved(ratio: float) -> tuple[float, np.ndarray, np.ndarray]:
        v = np.eye(len(y)) + ratio * same
        inverse = np.linalg.inv(v)
        a = x.T @ inverse @ x
        beta = np.linalg.solve(a, x.T @ inverse @ y)
        left = y - x @ beta
        free = len(y) - x.shape[1]
        variance = float(left @ inverse @ left) / free
        value = free * np.log(variance) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(a)[1]
        return value, beta, np.sqrt(variance * np.diag(np.linalg.inv(a)))

    best = minimize_scalar(
        lambda r: solved(r)[0], bounds=(0.0, 2.0), method="bounded", options={"xatol": 1e-8}
    )
    ratio = best.x if best.fun < solved(0.0)[0] else 0.0
    return solved(ratio)[1:]


@pytest.mark.parametrize(("seed", "between"), [(1, 0.8), (2, 0.3), (3, 0.0), (4, 0.6)])
def test_contrasts_are_those_of_dense_matrices(seed: int, between: float) -> None:
    y, x, cluster = clustered(seed, between)
    everybody = np.ones(len(y), np.int64)
    found = contrast(y, x[:, 2].copy(), x[:, 1].astype(np.int64), everybody, cluster, 12, 1)
    known_beta, known_errors = dense(y, x, cluster)
    assert found.estimate == pytest.approx(known_beta[1], abs=1e-4)
    assert found.error == pytest.approx(known_errors[1], rel=1e-3)


def test_contrasts_are_those_of_the_analysis_of_a_table() -> None:
    """One random intercept, one REML: figures, power and `refocus analyse`."""
    import pandas as pd

    from sim.trials.analyses.analyse import analyse_table

    y, x, cluster = clustered(2, 0.5)
    frame = pd.DataFrame({"y": y, "arm": x[:, 1], "base": x[:, 2], "team": cluster})
    table = analyse_table(frame, "y ~ arm + base + (1|team)", "arm")
    everybody = np.ones(len(y), np.int64)
    found = contrast(y, x[:, 2].copy(), x[:, 1].astype(np.int64), everybody, cluster, 12, 1)
    assert found.estimate == pytest.approx(table["estimate"], rel=1e-8)
    assert found.error == pytest.approx(table["se"], rel=1e-8)
    assert found.standard_error == pytest.approx(table["kenward_roger"]["se"], rel=1e-8)
    assert found.p == pytest.approx(table["kenward_roger"]["p"], rel=1e-6)
    assert found.icc == pytest.approx(table["icc"], abs=1e-8)


def test_contrast_leaves_out_who_is_missing_and_needs_both_sides() -> None:
    y, x, cluster = clustered(6, 0.4)
    exposed, kept = x[:, 1].astype(np.int64), np.ones(len(y), np.int64)
    baseline = x[:, 2].copy()
    whole = contrast(y, baseline, exposed, kept, cluster, 12, 1)
    more = np.append(y, np.nan), np.append(baseline, 1.0)
    again = contrast(*more, np.append(exposed, 1), np.append(kept, 1), np.append(cluster, 0), 12, 1)
    assert again == pytest.approx(whole)
    assert np.isnan(contrast(y, baseline, exposed * 0, kept, cluster, 12, 1)[0])


def test_same_key_same_trial_other_key_other_trial(design: TrialDesign) -> None:
    p = record()
    one = simulate_trial(design, p, 3, True, {})
    assert np.array_equal(one, simulate_trial(design, p, 3, True, {}), equal_nan=True)
    assert one[AT.control_mean] != simulate_trial(design, p, 4, True, {})[0]
    assert len(one) == len(AT)


def test_figures_of_the_fit_do_not_depend_on_the_checks(design: TrialDesign) -> None:
    few = simulate_trial(design, record(), 5, False, {})
    all_of_them = simulate_trial(design, record(), 5, True, {})
    assert np.array_equal(few[:11], all_of_them[:11])
    for fitted in ("gaf_difference", "staff_unmet_needs_reduction", "rsa_correlation"):
        assert few[PLACE[fitted]] == all_of_them[PLACE[fitted]]
    assert np.isnan(few[AT.hope_correlation])
    assert np.isfinite(all_of_them[AT.hope_correlation])


def test_retention_follows_drop_out(design: TrialDesign) -> None:
    space: dict = {}
    shares = [
        np.mean(
            [
                simulate_trial(design, record(dropout_yearly=rate), r, False, space)[
                    AT.logit_retention
                ]
                for r in range(10)
            ]
        )
        for rate in (0.06, 0.26, 0.5)
    ]
    assert shares == sorted(shares, reverse=True)
    # 80 users: the mean of ten trials of a share of .74 has a standard error of .016.
    assert 1.0 / (1.0 + np.exp(-shares[1])) == pytest.approx(0.74, abs=0.07)


def test_without_any_effect_the_difference_is_centred_on_nil(design: TrialDesign) -> None:
    space: dict = {}
    off = record(
        theory_strength=0.0, expectations_to_empowerment=0.0, partnership_to_connectedness=0.0
    )
    figures = np.array([simulate_trial(design, off, r, False, space) for r in range(60)])
    difference = figures[:, AT.difference]
    error = difference.std() / np.sqrt(60)
    assert abs(difference.mean()) < 4.0 * error
    # The model's own standard error must be that of the estimate (a chi with 59 df: 20% is 3 SE).
    assert np.exp(figures[:, AT.log_se]).mean() == pytest.approx(difference.std(), rel=0.3)


def teams_of(state: np.ndarray) -> list[SimpleNamespace]:
    """Return teams as plain Python reads them."""
    names = state.dtype.names or ()
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in state.tolist()]


def test_participation_reads_attendance_and_rating_alone() -> None:
    state = np.zeros(6, TEAM_DTYPE)
    arm = np.array([1, 1, 1, 1, 0, 0])
    state["key_low"] = np.arange(6)
    state["sessions_offered"] = 100
    state["sessions_attended"] = [10, 40, 70, 90, 99, 99]
    state["engagement_sum"] = state["sessions_attended"] * np.array([0.5, 0.6, 0.7, 0.4, 0.9, 0.9])
    high = judged_high(teams_of(state), arm, 1.0, 0.8, 2, 1, 0)
    assert high.tolist() == [0, 0, 1, 1, 0, 0]
    other = state.copy()
    for name in ("readiness", "behaviour_mean", "climate", "casemix", "leader_support"):
        other[name] = np.linspace(1.0, 0.0, 6)
    assert judged_high(teams_of(other), arm, 0.5, 0.8, 2, 1, 0).tolist() == (
        judged_high(teams_of(state), arm, 0.5, 0.8, 2, 1, 0).tolist()
    )


def test_ways_of_judging_have_their_prior() -> None:
    ways = [judging(1, r, 14) for r in range(2000)]
    assert {way.places for way in ways} == set(range(4, 11))
    assert np.mean([way.with_control for way in ways]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([way.adjust for way in ways]) == pytest.approx(0.5, abs=0.04)
    assert min(way.reliability for way in ways) >= 0.6
    assert max(way.reliability for way in ways) <= 0.95


def test_full_implementation_does_more_when_the_theory_holds(effects: EffectDesign) -> None:
    none = full_effects(effects, record(theory_strength=0.0), range(4), {})
    strong = full_effects(effects, record(theory_strength=2.0), range(4), {})
    assert strong[2] > none[2] + 1.0
    # A year after funding ended some of it is left.
    assert strong[2] > strong[3] > 0.3 * strong[2]
    # What INSPIRE sees does not hang on recovery.
    assert none[4] == pytest.approx(strong[4], abs=2.0)


def test_calibrated_parameters_exist_and_retention_is_not_counted_twice() -> None:
    known = described()
    assert 12 <= len(CALIBRATED) <= 22
    assert {"effect_full", "between_trials_sd"} <= set(CALIBRATED)
    assert set(CALIBRATED) <= set(known)
    assert str(known["dropout_yearly"].prior).startswith("uniform")
    for name, (_, default, why) in OVERRIDES.items():
        assert known[name].default == default
        assert why


def test_scores_and_values_go_there_and_back() -> None:
    space = make_space()
    scores = np.clip(hypercube(50, space.size, 3), -2.5, 2.5)
    assert space.scores(space.values(scores)) == pytest.approx(scores, abs=0.02)
    background = np.array([space.background(1, r) for r in range(50)])
    records = space.records(scores, background)
    assert records["qpr_item_location"] == pytest.approx(
        space.values(scores)[:, space.calibrated.index("qpr_item_location")]
    )
    for name in space.names:
        low, high = described()[name].bounds
        assert (records[name] >= low).all()
        assert (records[name] <= high).all()
    assert np.array_equal(space.background(1, 7), space.background(1, 7))
    with pytest.raises(InputError, match="did you mean 'qpr_retest'"):
        make_space(("qpr_retst",))


def test_stored_rows_are_read_and_other_rows_are_not(tmp_path) -> None:
    calls = []

    def one(i: int) -> np.ndarray:
        calls.append(i)
        return np.array([float(i)])

    first = run_rows("s", 100, one, "a", folder=tmp_path, workers=2)
    assert len(calls) == 100
    again = run_rows("s", 100, one, "a", folder=tmp_path, workers=1)
    assert len(calls) == 100
    assert np.array_equal(first, again)
    assert first[:, 0].tolist() == list(range(100))
    run_rows("s", 100, one, "b", folder=tmp_path)
    assert len(calls) == 200


def test_each_thread_has_its_own_workspace() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(thread_space).result()
    assert other is not thread_space()
