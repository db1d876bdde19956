"""The prior on effects: the rule gives what can be worked by hand, and the registry holds it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.evidence.meta_analysis import (
    EFFECTS,
    MEANS,
    Study,
    full_effect,
    log_likelihood,
    pool,
    read_effects,
)
from sim.errors import InputError
from sim.parameters import registry

RULE, STUDIES = read_effects()


def study(d: float | None, se: float, steps: int = 0) -> Study:
    how = "null" if d is None else "seen"
    return Study("one", "recovery", how, "", "invented", d, se, steps, True)


def test_without_studies_the_rule_says_what_it_said_before() -> None:
    nothing = pool([], RULE)
    assert nothing.mean == pytest.approx(0.0, abs=1e-12)
    assert nothing.mean_sd == pytest.approx(RULE.mean_sd, rel=1e-3)
    # Half-normal(s): mean s sqrt(2 / pi), second moment s squared.
    assert nothing.between == pytest.approx(RULE.between_sd * (2.0 / np.pi) ** 0.5, rel=0.01)
    assert nothing.new_sd**2 == pytest.approx(RULE.mean_sd**2 + RULE.between_sd**2, rel=0.01)


def test_one_study_and_no_spread_between_is_the_normal_average() -> None:
    rule = replace(RULE, between_sd=1e-3)
    one = pool([study(0.3, 0.1, 1)], rule)
    precision = 1.0 / rule.mean_sd**2 + 1.0 / (0.1**2 + rule.step_sd**2)
    expected = 0.3 / (0.1**2 + rule.step_sd**2) / precision
    assert one.mean == pytest.approx(expected, abs=1e-3)
    assert one.mean_sd == pytest.approx(precision**-0.5, rel=0.01)


def test_a_null_without_a_number_says_only_that() -> None:
    """It is flat near nothing, falls towards both sides alike, and says less than d = 0 would."""
    values = log_likelihood(study(None, 0.1), MEANS, np.array([0.0]), RULE.step_sd)[:, 0]
    near = np.abs(MEANS) < 0.6
    assert values[near] == pytest.approx(values[::-1][near], rel=1e-6)
    assert values[len(MEANS) // 2] == pytest.approx(np.log(0.95), abs=1e-3)
    null, zero = pool([study(None, 0.14)], RULE), pool([study(0.0, 0.14)], RULE)
    assert zero.mean_sd < null.mean_sd < RULE.mean_sd


def test_indirect_studies_count_less() -> None:
    near, far = pool([study(0.3, 0.1, 0)], RULE), pool([study(0.3, 0.1, 2)], RULE)
    assert far.mean < near.mean
    assert far.mean_sd > near.mean_sd


def test_the_full_effect_gives_back_the_effect_as_delivered() -> None:
    mean, sd = full_effect(0.1, 0.12, 0.35, 0.12)
    draws = np.random.default_rng(1)
    ratio, full = draws.normal(0.35, 0.12, 400_000), draws.normal(mean, sd, 400_000)
    assert (ratio * full).mean() == pytest.approx(0.1, abs=0.002)
    assert (ratio * full).std() == pytest.approx(0.12, rel=0.01)
    with pytest.raises(InputError, match="spreads more"):
        full_effect(0.1, 0.01, 0.35, 0.3)


def test_the_registry_holds_what_the_rule_gives() -> None:
    """The prior follows from the file of studies: a change of one without the other fails."""
    pooled = pool(STUDIES, RULE)
    mean, sd = full_effect(pooled.new_mean, pooled.new_sd, RULE.ratio_mean, RULE.ratio_sd)
    prior = registry()["effect_full"].prior
    assert prior["mean"] == pytest.approx(mean, abs=0.01)
    assert prior["sd"] == pytest.approx(sd, abs=0.01)


def test_the_two_trials_and_held_out_outcomes_do_not_enter() -> None:
    names = " ".join(one.name + one.source for one in STUDIES if one.pooled).lower()
    for word in ("refocus", "pulsar", "care"):
        assert word not in names
    assert {one.name for one in STUDIES if not one.pooled and "held out" in one.why}
    text = EFFECTS.read_text("utf-8")
    assert "0.68" not in text
    assert "3.7" not in text
