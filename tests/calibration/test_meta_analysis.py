"""Pooling the studies of others: normal algebra, the bounds of a null, moments of a product."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from calibration.evidence import meta_analysis
from calibration.evidence.meta_analysis import (
    EFFECTS,
    MEANS,
    SPREADS,
    Rule,
    Study,
    full_effect,
    log_likelihood,
    pool,
    read_effects,
)
from sim.errors import InputError

STUDY = Study("s", "o", "estimate", "", "", d=0.3, se=0.1, steps=2, pooled=True)
SURE = Rule(0.2, 1e-4, 0.1, 0.0, 0.5, 0.5, 0.1)
"""Hardly any spread between programmes, so that the mean alone is estimated."""


def test_without_studies_the_rule_speaks() -> None:
    """A half-normal spread has mean sd sqrt(2 / pi) and mean square sd^2."""
    found = pool([replace(STUDY, pooled=False)], replace(SURE, between_sd=0.1))
    assert found.mean == pytest.approx(0.0, abs=1e-9)
    assert found.mean_sd == pytest.approx(0.2, rel=1e-3)
    assert found.between == pytest.approx(0.1 * math.sqrt(2.0 / math.pi), rel=0.02)
    assert found.new_sd == pytest.approx(math.hypot(0.2, 0.1), rel=0.01)


def test_one_study_is_weighed_by_its_error_and_its_steps() -> None:
    """Variances: prior .04, study .01 + 2 x .01 = .03; mean .3 x .04 / .07."""
    found = pool([STUDY], SURE)
    assert found.mean == pytest.approx(0.3 * 4.0 / 7.0, abs=1e-4)
    assert found.new_mean == found.mean
    assert found.mean_sd == pytest.approx(math.sqrt(0.04 * 0.03 / 0.07), abs=1e-4)


def test_the_spread_between_programmes_widens_a_study() -> None:
    spreads = np.array([0.0, 0.2])
    found = log_likelihood(STUDY, np.array([0.1, 0.4]), spreads, 0.1)
    for row, mean in enumerate((0.1, 0.4)):
        for column, spread in enumerate(spreads):
            sd = math.sqrt(0.01 + 0.02 + spread**2)
            assert found[row, column] == pytest.approx(norm.logpdf(0.3, mean, sd))


def test_a_null_is_the_chance_to_lie_within_1_96_standard_errors() -> None:
    null = replace(STUDY, d=None, how="null", steps=0)
    found = log_likelihood(null, np.array([0.0, 0.195996, 5.0]), np.array([0.0]), 0.1)[:, 0]
    assert math.exp(found[0]) == pytest.approx(0.95)
    assert math.exp(found[1]) == pytest.approx(0.5, abs=1e-4)
    assert found[2] == pytest.approx(math.log(1e-300))
    wide = log_likelihood(replace(null, steps=1), np.array([0.0]), np.array([0.0]), 0.1)[0, 0]
    assert math.exp(wide) == pytest.approx(2.0 * norm.cdf(1.959964 / math.sqrt(2.0)) - 1.0)


def test_the_full_effect_times_the_ratio_has_the_moments_as_delivered() -> None:
    mean, sd = full_effect(0.2, 0.3, 0.5, 0.1)
    assert mean == pytest.approx(0.4)
    # E[(r D)^2] = (.25 + .01)(sd^2 + .16) has to be .04 + .09.
    assert (0.25 + 0.01) * (sd**2 + 0.16) == pytest.approx(0.13)
    with pytest.raises(InputError, match="spreads more"):
        full_effect(0.2, 0.0, 0.5, 0.1)
    with pytest.raises(InputError, match="spreads more"):
        full_effect(0.2, 0.0, 0.5, 0.0)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("se = 0.2", "se = 0.0", "se above 0"),
        ("se = 0.2", "", "se above 0"),
        ("d = 0.1", "", "needs d"),
        ('how = "estimate"', 'how = "null"', "needs d"),
        ("se = 0.2", "se = 0.005", ""),
    ],
)
def test_a_pooled_study_needs_effect_and_error(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    text = EFFECTS.read_text("utf-8")
    rule = text[text.index("[rule]") : text.index("[[study]]")]
    study = (
        '[[study]]\nname = "s"\noutcome = "o"\nwhy = "w"\nsource = "x"\nuse = "pooled"\n'
        'how = "estimate"\nd = 0.1\nse = 0.2\nintervention_steps = 2\noutcome_steps = 1\n'
    )
    path = tmp_path / "effects.toml"
    path.write_text(rule + study.replace(old, new), "utf-8")
    if fault:
        with pytest.raises(InputError, match=fault):
            read_effects(path)
    else:
        (found,) = read_effects(path)[1]
        assert (found.steps, found.d, found.pooled) == (3, 0.1, True)
    unused = path.read_text("utf-8").replace('"pooled"', '"context"')
    path.write_text(unused, "utf-8")
    assert not read_effects(path)[1][0].pooled


def test_the_grid_is_fine_enough_for_half_a_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert np.diff(MEANS) == pytest.approx(0.0025)
    assert np.diff(SPREADS) == pytest.approx(0.002)
    assert (MEANS[0], MEANS[-1], SPREADS[0], SPREADS[-1]) == (-1.0, 1.0, 0.0, 0.5)
    rule = replace(SURE, between_sd=0.1)
    found = pool([STUDY], rule)
    monkeypatch.setattr(meta_analysis, "MEANS", np.linspace(-1.0, 1.0, 1601))
    monkeypatch.setattr(meta_analysis, "SPREADS", np.linspace(0.0, 0.5, 501))
    finer = pool([STUDY], rule)
    for name in ("mean", "mean_sd", "new_sd"):
        assert getattr(found, name) == pytest.approx(getattr(finer, name), rel=0.005), name


def test_studies_that_contradict_each_other_are_pooled_nevertheless() -> None:
    """Densities of exp(-1000) and less: only their ratios count."""
    sharp = [replace(STUDY, d=d, se=0.001, steps=0) for d in (0.3, -0.1)]
    found = pool(sharp, replace(SURE, between_sd=0.003))
    assert found.mean == pytest.approx(0.1, abs=0.01)
    assert 0.0 < found.mean_sd < 0.2
