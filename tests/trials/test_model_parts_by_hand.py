"""Parts of a model of a table: groupings, covariances, coefficients' tests and contrasts."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.covariance_of_model import (
    codes_of,
    random_effect,
    structure_of,
    with_factor_slopes,
)
from sim.trials.analyses.free_contrasts import contrast_row, contrast_rows
from sim.trials.analyses.likelihood_answers import crossing
from sim.trials.analyses.model_answers import coefficient, crossed_groupings, warnings_of
from sim.trials.analyses.working_correlation import clustering
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.gee import DECAY, EXCHANGEABLE, INDEPENDENCE, NESTED
from sim.trials.fits.model_formula import parse_formula

TABLE = pd.DataFrame(
    {
        "y": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0, 7.0, 8.0],
        "team": ["a", "a", "a", "a", "b", "b", "b", "b"],
        "wave": [1, 1, 2, 2, 1, 1, 2, 2],
        "dose": [0.0, 0.5, 1.0, 2.0, 0.0, 0.5, 1.0, 2.0],
        "kind": ["x", "z", "x", "w", "x", "z", "w", "z"],
        "weight": [0.005, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    }
)


def effects_of(text: str) -> tuple[Any, list[RandomEffect]]:
    formula = with_factor_slopes(parse_formula(text), TABLE)
    return formula, [random_effect(one, TABLE) for one in formula.random]


def test_levels_of_combined_columns_are_numbered() -> None:
    assert codes_of(TABLE, ["team"]).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert codes_of(TABLE, ["team", "wave"]).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_slope_of_labels_has_an_effect_for_each_but_the_first_beside_an_intercept() -> None:
    formula, effects = effects_of("y ~ 1 + (1 + kind|team)")
    assert [one.level for one in formula.random] == [None, "x", "z"]
    assert effects[1].slope is not None
    assert effects[1].slope.tolist() == [1.0, 0, 1, 0, 1, 0, 0, 0]
    assert len({one.block for one in formula.random} - {None}) == 1
    alone, _ = effects_of("y ~ 1 + (0 + kind|team)")
    assert [one.level for one in alone.random] == ["w", "x", "z"]


def test_labels_that_no_group_has_two_of_are_independent() -> None:
    def blocks(kinds: list[str]) -> set[int | None]:
        formula = parse_formula("y ~ 1 + (1 + kind|team)")
        return {one.block for one in with_factor_slopes(formula, TABLE.assign(kind=kinds)).random}

    assert blocks(["x"] * 4 + ["z"] * 4) == {None}
    assert None not in blocks(["x"] * 4 + ["z"] * 3 + ["x"])


def test_a_grouping_needs_two_levels() -> None:
    one = parse_formula("y ~ 1 + (1|team)").random[0]
    with pytest.raises(InputError, match="grouping 'team': it must have at least 2 levels"):
        random_effect(one, TABLE[:4])
    assert random_effect(one, TABLE[3:5]).codes.tolist() == [0, 1]


def test_independent_effects_need_no_structure() -> None:
    formula, effects = effects_of("y ~ 1 + (1|team) + (1|team:wave)")
    assert structure_of(formula, effects, TABLE) is None
    assert structure_of(formula, effects, TABLE, weights="weight") is not None
    assert structure_of(formula, effects, TABLE, residual_by="kind") is not None
    formula, effects = effects_of("y ~ 1 + (1 + dose|team)")
    found = structure_of(formula, effects, TABLE)
    assert found is not None
    assert len(found.effects) == 1


def test_weights_are_above_zero_and_residuals_have_two_labels() -> None:
    formula, effects = effects_of("y ~ 1 + (1|team)")
    zero = TABLE.assign(weight=[0.0, *[1.0] * 7])
    with pytest.raises(InputError, match="weights 'weight' = 0: must be above 0"):
        structure_of(formula, effects, zero, weights="weight")
    with pytest.raises(InputError, match="it has one value, k"):
        structure_of(formula, effects, TABLE.assign(one="k"), residual_by="one")


def test_people_are_measured_once_at_a_time() -> None:
    formula, effects = effects_of("y ~ 1 + (1|team) + ar1(wave|team)")
    with pytest.raises(InputError, match="two rows of one time"):
        structure_of(formula, effects, TABLE)
    once = TABLE.iloc[[0, 2, 4, 6]]
    effects = [random_effect(one, once) for one in formula.random]
    found = structure_of(formula, effects, once)
    assert found is not None
    assert found.residual.whole_lags
    between = structure_of(formula, effects, once.assign(wave=[1.0, 1.5, 1.0, 2.0]))
    assert between is not None
    assert not between.residual.whole_lags


def fit_of(**given: Any) -> Any:
    """Return what is asked of a fit: one coefficient, 3 with the error 0.5."""
    inference = SimpleNamespace(
        se=0.5, satterthwaite_df=7.0, kenward_roger_se=0.6, kenward_roger_df=5.0
    )
    plain = {
        "coefficients": [0.0, 3.0],
        "inference": [None, inference],
        "variances": {"team": 1.0, "residual": 2.0},
        "converged": True,
        "singular": False,
        "dropped_columns": (),
    }
    return SimpleNamespace(**{**plain, **given})


def test_three_tests_of_a_coefficient() -> None:
    found = coefficient(fit_of(), 1)
    assert (found["estimate"], found["se"]) == (3.0, 0.5)
    t = found["satterthwaite"]
    assert (t["df"], t["t"], t["p"]) == pytest.approx((7.0, 6.0, 2.0 * stats.t.sf(6.0, 7)))
    half = 0.6 * stats.t.ppf(0.975, 5)
    assert found["kenward_roger"]["ci95"] == pytest.approx([3.0 - half, 3.0 + half])
    assert found["kenward_roger"]["t"] == pytest.approx(5.0)
    wald = found["wald_z"]
    assert wald["p"] == pytest.approx(2.0 * stats.norm.sf(6.0))
    half = 0.5 * stats.norm.ppf(0.975)
    assert wald["ci95"] == pytest.approx([3.0 - half, 3.0 + half], rel=1e-12)


def intercept(name: str, codes: list[int]) -> RandomEffect:
    return RandomEffect(name, np.array(codes))


TEAM = intercept("team", [0, 0, 0, 0, 1, 1, 1, 1])
PERSON = intercept("person", [0, 1, 0, 1, 2, 3, 2, 3])
RATER = intercept("rater", [0, 1, 2, 3, 0, 1, 2, 3])


def test_crossed_groupings_are_found_unless_both_are_within_a_third() -> None:
    assert crossed_groupings([TEAM, PERSON]) == []
    assert crossed_groupings([RATER, TEAM]) == [("team", "rater")]
    within = intercept("visit", [0, 0, 1, 1, 2, 2, 3, 3])
    assert crossed_groupings([PERSON, within]) == [("person", "visit")]
    assert crossed_groupings([PERSON, within, TEAM]) == []
    assert crossed_groupings([TEAM, RATER, within]) == [("team", "rater"), ("rater", "visit")]
    slope = RandomEffect("slope", RATER.codes, np.ones(8))
    assert crossed_groupings([TEAM, slope]) == []


def test_what_to_know_of_a_fit() -> None:
    assert warnings_of(fit_of(), [TEAM]) == []
    assert "did not converge" in warnings_of(fit_of(converged=False), [TEAM])[0]
    zero = fit_of(variances={"team": 0.0}, singular=True)
    assert [one[:33] for one in warnings_of(zero, [TEAM])] == ["the variance of team is estimated"]
    assert "a correlation is 1 or -1" in warnings_of(fit_of(singular=True), [TEAM])[0]
    small = fit_of(variances={"team": 0.005}, singular=False)
    assert warnings_of(small, [TEAM]) == []
    crossed = fit_of(variances={"team": 1.0, "rater": 1.0, "wave": 1.0})
    assert "team and rater are crossed" in warnings_of(crossed, [TEAM, RATER])[0]
    assert warnings_of(crossed, [TEAM, intercept("wave", [0, 1, 2, 3] * 2)]) == []
    assert warnings_of(fit_of(dropped_columns=("z", "w")), [TEAM])[0].endswith("columns: z, w")


NAMES = ("(Intercept)", "arm", "arm:time", "time")


def test_weights_of_a_contrast() -> None:
    assert contrast_row("arm - 0.5*time", NAMES).tolist() == [0.0, 1.0, 0.0, -0.5]
    assert contrast_row("3 arm:time/4 + arm", NAMES).tolist() == [0.0, 1.0, 0.75, 0.0]
    assert contrast_row("-arm + 2e-1 time", NAMES).tolist() == [0.0, -1.0, 0.0, 0.2]
    assert contrast_row("arm + arm + .5*(Intercept)", NAMES).tolist() == [0.5, 2.0, 0.0, 0.0]
    assert contrast_row("time + 0*arm", NAMES).tolist() == [0.0, 0.0, 0.0, 1.0]
    left = contrast_row("0.1*arm + 0.2*arm - 0.3*arm + time", NAMES)
    assert left.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert contrast_row("arm - 0.995*arm + time", NAMES)[1] == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arm time", "no . or - before 'time'"),
        ("arm + side", "no coefficient|unknown|side"),
        ("arm - arm", "every weight is 0"),
        ("1e-7*arm", "must be 0, or from 0.000001 to 1000000"),
        ("1e7 arm", "must be 0, or from"),
        ("arm/0", "must be 0, or from"),
        ("arm * 2", "cannot be read|write sums as"),
    ],
)
def test_what_is_no_contrast(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        contrast_row(text, NAMES)


def test_weights_at_their_bounds_and_contrasts_of_each_other() -> None:
    assert contrast_row("1e-6*arm", NAMES)[1] == 1e-6
    assert contrast_row("1e6*arm", NAMES)[1] == 1e6
    assert contrast_rows(["arm", "time"], NAMES).shape == (2, 4)
    assert contrast_rows([], NAMES).shape == (0, 4)
    with pytest.raises(InputError, match="one is a combination of the others"):
        contrast_rows(["arm", "time", "arm - time"], NAMES)


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("unit", [1e-3, 1.0])
def test_a_profile_crosses_where_it_is_zero(side: float, unit: float) -> None:
    asked = []

    def bent(distance: float) -> float:
        asked.append(distance)
        x = abs(distance) / unit
        return x + 0.1 * x**2 - 2.4

    found = crossing(bent, side * 1.5 * unit, -2.4, 1e-9 * unit)
    assert found == pytest.approx(side * 2.0 * unit, rel=1e-8)
    assert len(asked) < 10
    # Flat at first, it is looked for further out.
    far = crossing(lambda d: max(abs(d) - 5.0, -1.0), side * 0.5, -1.0, 1e-9)
    assert far == pytest.approx(side * 5.0)
    # Too far at first, so that the line points back beyond zero.
    back = crossing(lambda d: sqrt(abs(d)) - 1.0, side * 9.0, -1.0, 1e-9)
    assert back == pytest.approx(side)


def test_a_profile_that_never_crosses_is_refused() -> None:
    with pytest.raises(InputError, match="the likelihood is too flat for an interval"):
        crossing(lambda _: -1.0, 1.0, -1.0, 1e-6)


def clusters_of(text: str, independent: bool = False) -> Any:
    formula, effects = effects_of(text)
    return clustering(formula, effects, TABLE, independent)


def test_random_parts_as_working_correlations() -> None:
    plain = clusters_of("y ~ dose + (1|team)")
    assert (plain.working.kind, plain.cells, plain.names) == (EXCHANGEABLE, None, ("team",))
    for text in ("(1|team) + (1|team:wave)", "(1|team:wave) + (1|team)"):
        nested = clusters_of(f"y ~ dose + {text}")
        assert nested.working.kind == NESTED
        assert nested.names == ("team", "team:wave")
        assert nested.clusters.tolist() == [0] * 4 + [1] * 4
        assert nested.cells.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    fading = clusters_of("y ~ dose + decay(wave|team)")
    assert fading.working.kind == DECAY
    assert fading.working.cells.tolist() == TABLE["wave"].tolist()
    assert clusters_of("y ~ dose + (1|team)", independent=True).working.kind == INDEPENDENCE


@pytest.mark.parametrize(
    "text",
    [
        "(1 + dose|team)",
        "(1|team) + (1|wave)",
        "(1|team) + (1|team:wave) + (1|team:wave:kind)",
        "(1|team) + decay(wave|kind)",
        "(1|team) + ar1(wave|team:dose)",
    ],
)
def test_random_parts_that_are_no_working_correlation(text: str) -> None:
    with pytest.raises(InputError, match="needs one random intercept"):
        clusters_of(f"y ~ 1 + {text}")


def test_a_second_grouping_must_differ_from_the_first() -> None:
    formula = parse_formula("y ~ 1 + (1|team) + (1|site)")
    table = TABLE.assign(site=TABLE["team"])
    effects = [random_effect(one, table) for one in formula.random]
    with pytest.raises(InputError, match="leave one out"):
        clustering(formula, effects, table, False)
