"""Random parts of a model of a table: groupings, covariances and working correlations."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.covariance_of_model import (
    codes_of,
    random_effect,
    structure_of,
    with_factor_slopes,
)
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
    three = TABLE.assign(kind=["x", "x", "z", "z", "w", "w", "x", "x"])
    formula = with_factor_slopes(parse_formula("y ~ 1 + (1 + kind|team:wave)"), three)
    assert [one.block for one in formula.random] == [None] * 3


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
