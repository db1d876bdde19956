"""Adjusted means and differences of labels, from coefficients by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import fit_linear
from sim.trials.analyses.joint import (
    _mean,
    adjusted_means,
    holm_adjusted,
    joint_analysis,
    mean_rows,
    pairwise,
)
from sim.trials.analyses.read_model import ReadModel, read_model
from sim.trials.data.trial_table import as_labels
from sim.trials.fits.fixed_part import Part

TEAM = np.repeat(np.arange(12), 5)
RNG = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "team": TEAM,
        "arm": np.array(["a", "b", "c"])[TEAM % 3],
        "site": np.where(np.arange(60) % 5 < 2, "n", "s"),
        "base": RNG.normal(size=60) + 3.0,
    }
)
FRAME["y"] = RNG.normal(size=60) + 0.5 * RNG.normal(size=12)[TEAM] + (TEAM % 3) + FRAME["base"]


def read(model: str, term: str, frame: pd.DataFrame = FRAME, **more: Any) -> ReadModel:
    return read_model(frame, f"{model} + (1|team)", term, several=True, **more)


def test_adjusted_means_are_of_sites_alike_and_the_mean_baseline() -> None:
    found = joint_analysis(read("y ~ arm + site + base", "arm"), "arm")
    beta = {name: one["estimate"] for name, one in found["coef"].items()}
    rest = beta["(Intercept)"] + beta["sites"] / 2.0 + beta["base"] * FRAME["base"].mean()
    means = found["adjusted_means"]
    assert list(means) == ["a", "b", "c"]
    assert means["a"]["estimate"] == pytest.approx(rest)
    assert means["c"]["estimate"] == pytest.approx(rest + beta["armc"])
    half = stats.t.ppf(0.975, means["b"]["df"]) * means["b"]["se"]
    assert means["b"]["ci95"] == pytest.approx(
        [rest + beta["armb"] - half, rest + beta["armb"] + half]
    )
    assert found["tested"] == ["armb", "armc"]
    assert found["joint"]["kenward_roger"]["df1"] == 2
    assert "joint_averaged" not in found
    pairs = found["pairwise"]
    assert list(pairs) == ["b minus a", "c minus a", "c minus b"]
    one = pairs["c minus b"]
    assert one["estimate"] == pytest.approx(beta["armc"] - beta["armb"])
    own = found["coef"]["armb"]
    for name in ("se", "df", "p"):
        assert pairs["b minus a"][name] == pytest.approx(own["kenward_roger"][name])
    rough = pairs["b minus a"]["satterthwaite"]
    assert (rough["se"], rough["df"], rough["p"]) == pytest.approx(
        (own["se"], own["satterthwaite"]["df"], own["satterthwaite"]["p"])
    )
    for one in pairs.values():
        assert one["p_bonferroni"] == pytest.approx(min(1.0, 3.0 * one["p"]))
    p = np.array([one["p"] for one in pairs.values()])
    assert [one["p_holm"] for one in pairs.values()] == pytest.approx(holm_adjusted(p))
    assert found["n_groups"] == {"team": 12}
    assert found["rows_dropped_missing"] == 0
    assert found["coef"]["armb"]["direction"] == "b minus a"


def test_holm_s_p_values_by_hand() -> None:
    assert holm_adjusted(np.array([0.04, 0.01, 0.03])).tolist() == pytest.approx([0.06, 0.03, 0.06])
    assert holm_adjusted(np.array([0.8, 0.7])).tolist() == [1.0, 1.0]
    assert holm_adjusted(np.array([0.9])).tolist() == [0.9]


def test_a_p_times_the_number_of_tests_is_at_most_one() -> None:
    flat = FRAME.assign(y=RNG.normal(size=60))
    found = joint_analysis(read("y ~ arm", "arm", flat), "arm")
    assert max(one["p_bonferroni"] for one in found["pairwise"].values()) == 1.0


def test_a_reference_stands_first() -> None:
    found = joint_analysis(read("y ~ arm + site", "arm", references=["arm=b"]), "arm")
    assert list(found["adjusted_means"]) == ["b", "a", "c"]
    beta = {name: one["estimate"] for name, one in found["coef"].items()}
    assert found["pairwise"]["c minus a"]["estimate"] == pytest.approx(beta["armc"] - beta["arma"])


def test_with_an_interaction_means_are_averaged_over_it() -> None:
    found = joint_analysis(read("y ~ arm*site", "arm"), "arm")
    beta = {name: one["estimate"] for name, one in found["coef"].items()}
    of_site = beta["sites"] + beta["armc:sites"]
    want = beta["(Intercept)"] + beta["armc"] + of_site / 2.0
    assert found["adjusted_means"]["c"]["estimate"] == pytest.approx(want)
    averaged = found["joint_averaged"]["kenward_roger"]
    assert averaged["df1"] == 2
    assert averaged["f"] != pytest.approx(found["joint"]["kenward_roger"]["f"])
    assert "with armb:sites in the model" in found["notes"][0] or "arm" in found["notes"][0]
    sums = FRAME.assign(site=np.where(FRAME["site"] == "n", -1.0, 1.0))
    # Coded -1 and 1 the coefficients of the arms are averages of both sites: type III.
    coded = joint_analysis(read("y ~ arm*site", "arm", sums), "arm")["joint"]["kenward_roger"]
    assert averaged["f"] == pytest.approx(coded["f"], rel=1e-6)
    assert averaged["df2"] == pytest.approx(coded["df2"], rel=1e-6)


def test_a_combination_without_rows_has_no_mean() -> None:
    holes = FRAME[(FRAME["arm"] != "c") | (FRAME["site"] == "n")]
    found = joint_analysis(read("y ~ arm*site", "site", holes), "site")
    assert found["tested"] == ["sites"]
    told = joint_analysis(read("y ~ arm*site", "arm", holes), "arm")
    assert list(told["adjusted_means"]) == ["a", "b"]
    assert list(told["pairwise"]) == ["b minus a"]
    assert "joint_averaged" not in told
    assert any("those that have: a, b" in one for one in told["notes"])


def test_a_mean_that_the_data_hardly_tell_is_none() -> None:
    """A small weight of a column that no row of a label has is a weight all the same."""
    small = FRAME.assign(z=np.where((FRAME["arm"] == "c") | (FRAME["base"] < 3.0), 0.0, 0.01))
    rows = read("y ~ arm + arm:z", "arm", small)
    fit = fit_linear(rows.fixed.X, rows.y, rows.effects, rows.fixed.names)
    assert "armc:z" in fit.dropped_columns
    own = rows.fixed.parts[rows.at]
    assert list(mean_rows(rows.fixed, fit, own, rows.table) or {}) == ["a", "b"]
    assert adjusted_means(rows.fixed, fit, (), rows.table) is None


def test_two_labels_are_one_pair_and_one_label_none() -> None:
    rows = read("y ~ site + base", "site")
    fit = fit_linear(rows.fixed.X, rows.y, rows.effects, rows.fixed.names)
    own = rows.fixed.parts[rows.at]
    found = pairwise(rows.fixed, fit, own, rows.table)
    assert list(found) == ["s minus n"]
    assert found["s minus n"]["p_holm"] == pytest.approx(found["s minus n"]["p"])
    assert mean_rows(rows.fixed, fit, (), rows.table) is None
    assert mean_rows(rows.fixed, fit, [Part("base", "base", None, None)], rows.table) is None
    assert mean_rows(rows.fixed, fit, [*own, *own], rows.table) is None


def test_means_of_labels_without_an_intercept_are_told() -> None:
    found = joint_analysis(read("y ~ 0 + arm", "arm"), "arm")
    assert "the coefficients of arm are means" in found["notes"][0]
    assert found["tested"] == ["arma", "armb", "armc"]
    means = found["adjusted_means"]
    assert means["b"]["estimate"] == pytest.approx(found["coef"]["armb"]["estimate"])
    other = joint_analysis(read("y ~ arm", "arm"), "arm")
    assert not any("are means, and" in one for one in other["notes"])


def test_what_is_asked_beside_the_joint_test() -> None:
    rows = read("y ~ arm", "arm")
    found = joint_analysis(rows, "arm", "profile", 0.9, ["armb - armc"])
    assert found["likelihood"]["confidence"] == 0.9
    assert found["likelihood"]["ratio_test"]["df"] == 2
    assert found["contrasts"]["each"][0]["weights"] == {"armb": 1.0, "armc": -1.0}
    plain = joint_analysis(rows, "arm")
    assert "likelihood" not in plain
    assert "contrasts" not in plain
    twin = FRAME.assign(twin=FRAME["arm"])
    with pytest.raises(InputError, match="'twinb' is a combination of other columns"):
        joint_analysis(read("y ~ arm + twin", "twin", twin), "twin")


def test_a_column_s_mean_over_labels() -> None:
    table = pd.DataFrame(
        {
            "arm": as_labels(pd.Series(["a", "b", "a", "b"])),
            "kind": as_labels(pd.Series(["x", "y", "z", "x"])),
            "dose": [1.0, 2.0, 3.0, 6.0],
        }
    )
    arm, kind = Part("arm", "arm", "b", "a"), Part("kind", "kind", "y", "x")
    dose, square = Part("dose", "dose", None, None), Part("I(dose^2)", "", None, None)

    def mean(column: list[float], *parts: Part) -> float:
        return _mean(np.array(column), parts, "arm", "b", table)

    assert mean([9.0] * 4) == 1.0
    assert mean([1.0, 2.0, 3.0, 6.0], dose) == 3.0
    assert mean([1.0, 4.0, 9.0, 36.0], square) == 12.5
    assert mean([0.0, 1, 0, 1], arm) == 1.0
    assert mean([1.0, 0, 1, 0], arm._replace(level="a")) == 0.0
    assert mean([0.0, 1, 0, 0], kind) == pytest.approx(1.0 / 3.0)
    assert mean([0.0, 2, 0, 6], arm, dose) == 3.0
    assert mean([0.0, 4, 0, 36], arm, square) == 20.0
    assert mean([0.0, 4, 0, 0], kind, square) == pytest.approx(4.0 / 3.0)
    assert mean([0.0] * 4, arm, square) == 0.0
    assert mean([0.0, 2, 0, 0], kind, dose) == pytest.approx(1.0)
