"""Rows that are imputed, chains of columns, and what is pooled: small tables, counted draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses import chained_imputation, further_analyses, imputation
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.cluster_level import cluster_level
from sim.trials.analyses.compliers import as_treated, complier_effect
from sim.trials.analyses.exposure import AVERAGE, CONSTANT
from sim.trials.analyses.read_model import read_model
from sim.trials.analyses.rows_to_impute import RowsToImpute, rows_of_estimand, rows_to_impute
from sim.trials.analyses.rubin import Pooled
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.random_intercept import RandomInterceptFit, fit_rows

TEAM = np.repeat(np.arange(6), 6)
WAVE = np.tile([0, 0, 1, 1, 2, 2], 6)
RNG = np.random.default_rng(1)
FRAME = pd.DataFrame(
    {
        "team": TEAM,
        "wave": WAVE,
        "arm": (TEAM % 2).astype(float),
        "trt": (WAVE > TEAM // 3).astype(float),
        "sex": np.tile(["f", "m", "m"], 12),
        "base": RNG.normal(size=36),
        "hub": np.array([1.0, 2.0, 4.0, 5.0, 7.0, 8.0])[TEAM],
        "y": RNG.normal(size=36) + RNG.normal(size=6)[TEAM],
    }
)


def holes(**rows: list[int]) -> pd.DataFrame:
    frame = FRAME.astype(dict.fromkeys(rows, object))
    for name, own in rows.items():
        frame.loc[own, name] = None
    return frame


def rows_of(model: str, frame: pd.DataFrame, term: str = "arm") -> RowsToImpute:
    read = read_model(frame, model, term)
    return rows_to_impute(read, read.fixed.names[read.at])


def test_outcomes_and_columns_that_stand_alone_are_imputed() -> None:
    frame = holes(y=[2, 9], base=[2, 4, 5], sex=[7])
    found = rows_of("y ~ arm + sex + base + (1|team)", frame)
    assert found.names == ("(Intercept)", "arm", "sexm", "base")
    assert found.tested == 1
    assert np.flatnonzero(np.isnan(found.y)).tolist() == [2, 9]
    assert found.incomplete == (2, 3)
    assert np.flatnonzero(np.isnan(found.X[:, 3])).tolist() == [2, 4, 5]
    assert np.flatnonzero(np.isnan(found.X[:, 2])).tolist() == [7]
    kept = ~np.isin(np.arange(36), [2, 4, 5])
    assert found.X[kept, 3] == pytest.approx(FRAME["base"].to_numpy()[kept])
    assert found.left_out == {}
    assert found.clusters.tolist() == TEAM.tolist()
    assert (len(found.groups), found.cells, found.periods) == (1, None, None)


def test_rows_that_lack_another_column_are_left_out() -> None:
    """The tested column, one in a function, one of whole clusters, and a grouping."""
    frame = holes(arm=[0], base=[1, 2], hub=list(range(30, 36)), y=[3])
    model = "y ~ arm + base + I(base^2) + hub + wave + (1|team) + (1|team:wave)"
    found = rows_of(model, frame)
    assert found.left_out == {"arm": 1, "base": 2, "hub": 6}
    assert len(found.y) == 27
    assert found.incomplete == ()
    assert np.isnan(found.y).sum() == 1
    assert found.clusters.max() == 4
    assert found.cells is not None
    assert found.cells.max() == 13
    assert found.periods is not None
    assert found.periods.tolist() == WAVE[3:30].tolist()


def test_a_column_of_a_grouping_is_not_imputed() -> None:
    found = rows_of("y ~ arm + wave + (1|team) + (1|team:wave)", holes(wave=[0, 7], y=[2]))
    assert found.left_out == {"wave": 2}
    assert (len(found.y), found.incomplete) == (34, ())


def test_what_a_person_has_once_is_left_out_too() -> None:
    frame = holes(base=[12], sex=[13]).assign(base=FRAME["hub"] + FRAME["wave"])
    frame.loc[12, "base"] = None
    found = rows_of("y ~ arm + base + (1|team) + (1|team:wave)", frame)
    assert found.left_out == {"base": 1}


def test_an_offset_is_taken_off_the_outcome() -> None:
    found = rows_of("y ~ arm + offset(base) + (1|team)", holes(y=[5]))
    known = np.arange(36) != 5
    assert found.y[known] == pytest.approx((FRAME["y"] - FRAME["base"]).to_numpy()[known])


def test_columns_that_depend_on_others_are_no_columns_of_the_imputation() -> None:
    frame = holes(base=[3]).assign(twin=2.0 * FRAME["arm"], again=FRAME["hub"])
    found = rows_of("y ~ arm + twin + hub + again + base + (1|team)", frame)
    assert found.names == ("(Intercept)", "arm", "hub", "base")
    assert found.incomplete == (3,)
    assert found.X.shape == (36, 4)


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("y ~ arm + (1|team) + (0 + base|team)", "needs random intercepts of clusters"),
        ("y ~ arm + decay(wave|team)", "needs random intercepts of clusters"),
        ("y ~ arm + (1|team) + (1|wave)", "needs random intercepts of clusters"),
        ("y ~ 0 + arm + base + (1|team)", "needs an intercept"),
    ],
)
def test_what_imputation_does_not_have(model: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        rows_of(model, FRAME)


def test_an_estimand_s_columns_stand_behind_the_intercept() -> None:
    frame = holes(base=[3], y=[4])
    plain = rows_of("y ~ base + trt + factor(wave) + (1|team)", frame, "trt")
    assert plain.incomplete == (1,)
    assert rows_of_estimand(plain, CONSTANT, None) is plain
    found = rows_of_estimand(plain, AVERAGE, None)
    assert found.names == (
        *("(Intercept)", "trt 1", "trt 2", "base", "factor(wave)1", "factor(wave)2"),
    )
    assert found.tested == 1
    assert found.incomplete == (3,)
    assert np.isnan(found.X[3, 3])
    # Behind the tested column only the columns that come with it move a column.
    later = rows_of("y ~ trt + base + factor(wave) + (1|team)", frame, "trt")
    found = rows_of_estimand(later, AVERAGE, None)
    assert found.incomplete == (3,)
    assert np.flatnonzero(np.isnan(found.X).any(axis=0)).tolist() == [3]


# Chains


def test_columns_are_drawn_in_turn_ten_rounds_before_the_first_set_and_four_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the comment of the chain says, each draw after twenty steps of its own."""
    calls: list[tuple[int, bool, int]] = []

    def drawn(known: Any, others: Any, *_: Any, **given: Any) -> Iterator[np.ndarray]:
        assert np.isfinite(others).all()
        assert others.shape[1] == 3
        calls.append((int(np.isnan(known).sum()), given["binary"], given["burn_in"]))
        yield np.where(np.isnan(known), float(len(calls)), known)

    monkeypatch.setattr(chained_imputation, "imputed_outcomes", drawn)
    x = np.column_stack([np.ones(8), np.arange(8.0), np.tile([0.0, 1.0], 4)])
    x[2, 1] = x[3, 2] = x[4, 2] = np.nan
    y = np.where(np.arange(8) == 5, np.nan, 2.0)
    groups = [np.arange(8) // 2]

    def sets(outcome: np.ndarray, **given: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        calls.clear()
        rng = np.random.default_rng(0)
        return list(
            chained_imputation.chained_imputation(outcome, x, [1, 2], groups, 2, rng, **given)
        )

    found = sets(y)
    assert len(found) == 2
    assert len(calls) == 3 * (10 + 2 * 4)
    assert calls[:3] == [(1, False, 20), (2, True, 20), (1, False, 20)]
    (first_x, first_y), (second_x, _) = found
    # The fourteenth round drew columns 40 and 41, and the outcome 42nd.
    assert (first_x[2, 1], first_x[3, 2], first_y[5]) == (40.0, 41.0, 42.0)
    assert second_x[2, 1] == 52.0
    assert np.isnan(x[2, 1])
    assert sets(y, binary=True)
    assert calls[2] == (1, True, 20)
    whole = sets(np.full(8, 2.0))
    assert len(calls) == 2 * 18
    assert (whole[0][1] == 2.0).all()


def test_a_start_is_drawn_from_the_values_that_are_known() -> None:
    known = np.array([1.0, np.nan, 5.0, np.nan])
    found = chained_imputation._drawn(known, np.random.default_rng(2))
    assert found[[0, 2]].tolist() == [1.0, 5.0]
    assert set(found[[1, 3]]) <= {1.0, 5.0}
    assert np.isnan(known[1])


# Pooled


def impute_rows(**given: Any) -> RowsToImpute:
    x = np.column_stack([np.ones(36), FRAME["arm"], FRAME["base"]])
    y = FRAME["y"].to_numpy().copy()
    y[[1, 8]] = np.nan
    plain: dict[str, Any] = {
        "X": x,
        "names": ("(Intercept)", "arm", "base"),
        "tested": 1,
        "y": y,
        "effects": (RandomEffect("team", TEAM),),
        "periods": None,
        "incomplete": (),
        "left_out": {"hub": 3},
    }
    return RowsToImpute(**{**plain, **given})


def test_complete_degrees_of_freedom_are_of_clusters_or_within_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []

    class Made:
        pooled = Pooled(1.0, 0.5, 9.0, 2.0, 0.07, (0.0, 2.0), 0.1, 3, 4.0)
        singular = 0.25

    def analysed(*given: Any, **_: Any) -> Made:
        asked.append(given[4])
        return Made()

    monkeypatch.setattr(further_analyses, "impute_and_analyse", analysed)
    found = further_analyses.imputation_analysis(impute_rows(), 3)
    # Six clusters less intercept and arm; 36 rows less six clusters and the baseline.
    assert asked == [4.0]
    further_analyses.imputation_analysis(impute_rows(tested=2), 3)
    assert asked == [4.0, 29.0]
    assert (found["imputations"], found["imputed_outcomes"], found["n_obs"]) == (3, 2, 36)
    assert found["ci95"] == [0.0, 2.0]
    assert found["left_out"] == {"hub": 3}
    assert found["singular_share"] == 0.25


def test_with_groups_within_clusters_mixed_models_are_pooled() -> None:
    cell = np.unique(TEAM * 3 + WAVE, return_inverse=True)[1]
    effects = (RandomEffect("team", TEAM), RandomEffect("cell", cell))
    whole = impute_rows(effects=effects, y=FRAME["y"].to_numpy())
    found = further_analyses.imputation_analysis(whole, 2)
    fit = fit_mixed_model(whole.X, whole.y, list(effects), whole.names)
    one = fit.inference[1]
    # Nothing is missing, and what is pooled is one analysis; its df is that of complete data.
    assert found["estimate"] == pytest.approx(fit.coefficients[1])
    assert found["se"] == pytest.approx(one.kenward_roger_se)
    df = one.kenward_roger_df
    assert found["df"] == pytest.approx(df * (df + 1.0) / (df + 3.0))
    assert found["singular_share"] == float(fit.singular)


def test_a_seed_gives_a_table_and_a_simulated_trial_the_same_data_sets() -> None:
    rows = impute_rows()
    key = np.random.Generator(np.random.Philox(key=[1, 271828]))
    want = list(imputation.imputed_outcomes(rows.y, rows.X, TEAM, 2, key))
    found = list(further_analyses.data_sets(rows, 2))
    for (x, filled), own in zip(found, want, strict=True):
        assert x is rows.X
        assert filled == pytest.approx(own)
    made: list[np.ndarray] = []

    def fit(*given: Any) -> RandomInterceptFit:
        made.append(given[3])
        return fit_rows(*given)

    imputation.impute_and_analyse(rows.y, rows.X, TEAM, 1, 4.0, count=2, fit=fit)
    assert np.array(made) == pytest.approx(np.array(want))


def test_missing_columns_make_a_chain() -> None:
    rows = impute_rows()
    x = rows.X.copy()
    x[[3, 4], 2] = np.nan
    found = further_analyses.imputation_analysis(rows._replace(X=x, incomplete=(2,)), 2)
    assert found["imputed_columns"] == {"base": 2}
    seeds = [further_analyses.pooled_mixed_models(rows, 2, seed)[0].estimate for seed in (1, 1, 2)]
    assert seeds[0] == seeds[1] != seeds[2]


# Participation


def test_participation_of_two_arms() -> None:
    x = np.column_stack([np.ones(36), FRAME["arm"], FRAME["base"]])
    y = FRAME["y"].to_numpy()
    share = np.array([0.0, 0.5, 0.1, 0.8, 0.0, 0.9])[TEAM] + 0.05 * (np.arange(36) % 2 == 0)
    found = further_analyses.participation_analysis(x, 1, y, share, TEAM)
    level = cluster_level(x, 1, TEAM)
    assert level is not None
    means, taken = level.means(y), level.means(share)
    want = complier_effect(means, taken, level.treated, level.covariates)
    complier = found["complier_average"]
    assert (complier["estimate"], complier["se"], complier["p"]) == (want.estimate, want.se, want.p)
    assert found["mean_participation"] == pytest.approx([0.1 / 3 + 0.025, 2.2 / 3 + 0.025])
    every = as_treated(means, taken, level.covariates)
    assert every is not None
    assert found["as_treated_all_clusters"]["estimate"] == every.estimate
    assert isinstance(found["as_treated_all_clusters"]["ci95"], list)
    own = as_treated(means[1::2], taken[1::2])
    assert own is not None
    assert found["as_treated_intervention_arm"]["estimate"] == pytest.approx(own.estimate)
    turned = further_analyses.participation_analysis(x, 1, y, share, TEAM, turned=True)
    assert turned["mean_participation"] == found["mean_participation"][::-1]
    assert turned["complier_average"]["estimate"] == pytest.approx(want.estimate)


def test_participation_must_differ_and_arms_be_of_clusters() -> None:
    x = np.column_stack([np.ones(36), FRAME["arm"], FRAME["base"]])
    y = FRAME["y"].to_numpy()
    with pytest.raises(InputError, match=r"it has the value 0\.5 in every cluster"):
        further_analyses.participation_analysis(x, 1, y, np.tile([0.0, 1.0], 18), TEAM)
    # All who were offered it took part alike, whatever their baseline says of it.
    slight = 0.5 + 0.005 * FRAME["arm"].to_numpy()
    found = further_analyses.participation_analysis(x, 1, y, slight, TEAM)
    assert found["as_treated_intervention_arm"] is None
    assert found["as_treated_all_clusters"] is not None
    nearly = slight + 0.0005 * TEAM
    found = further_analyses.participation_analysis(x, 1, y, nearly, TEAM)
    assert found["as_treated_intervention_arm"] is not None
    with pytest.raises(InputError, match="compares two arms of whole clusters"):
        further_analyses.participation_analysis(x, 2, y, slight, TEAM)


def test_rows_are_those_of_a_trial() -> None:
    rows = impute_rows()
    assert AnalysedTrial(rows.X, rows.y, 1, rows.clusters, rows.effects).number == 6
