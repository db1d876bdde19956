"""Tables of conclusions against answers that are known: predictions, indices, explanations."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.evidence.targets import Target, load_targets
from calibration.findings import conclusions as module
from calibration.findings.conclusions import (
    EffectModel,
    analyses,
    condition_rows,
    contraction_table,
    effect_model,
    emulator_check,
    explanation_table,
    implausibility_table,
    information_table,
    main_effects,
    predictive_table,
    screen_rows,
    sensitivity_table,
    sobol_table,
    without_pattern,
)
from calibration.sampling.emulator import Emulator, quadratic
from calibration.sampling.fit import Waves
from calibration.sampling.likelihood import Data, log_likelihood, make_data
from calibration.sampling.scenarios import COUNTERFACTUALS, EFFECTS, EXPLANATIONS
from calibration.sampling.smc import generator

NONE = np.array([], int)


def target(**changed: Any) -> Target:
    words = dict.fromkeys(
        ("title", "unit", "population", "instrument", "analysis", "source", "evidence"), "x"
    )
    return Target.model_validate(
        {
            "name": "mine",
            "pattern": "A1",
            "kind": "estimate",
            "use": "check",
            "extractor": "difference",
            "value": 2.0,
            **words,
            **changed,
        }
    )


LINE = np.r_[np.arange(21.0), np.nan][:, None]


def predicted(one: Target, posterior: np.ndarray = LINE, **places: int) -> dict[str, Any]:
    (row,) = predictive_table(
        {one.name: one}, 10.0 * LINE, posterior, {one.extractor or "": 0, **places}
    )
    return row


def test_a_target_is_laid_beside_its_predictions() -> None:
    """Of 0 to 20 the middle is 10, the middle 90% are 1 to 19, and 19 of 21 are 2 or more."""
    row = predicted(target())
    assert (row["reported"], row["median"]) == (2.0, 10.0)
    assert row["interval"] == pytest.approx((1.0, 19.0))
    assert row["prior"] == pytest.approx((10.0, 190.0))
    share = 2.0 / 21.0
    assert row["tail"]["p"] == pytest.approx(2.0 * share)
    assert row["tail"]["se"] == pytest.approx(2.0 * math.sqrt(share * (1.0 - share) / 21.0))
    assert predicted(target(value=18.0))["tail"]["p"] == pytest.approx(2.0 * 3.0 / 21.0)
    assert "tail_selected" not in row
    assert "tail" not in predicted(target(use="held out"))
    none = target(use="prior")
    assert predictive_table({"a": none}, LINE, LINE, {"difference": 0}) == []


def test_a_share_is_told_as_one_and_on_its_own_scale() -> None:
    row = predicted(target(extractor="logit_retention", value=30.0, of=40), np.full((3, 1), 0.0))
    assert (row["reported"], row["median"]) == (0.75, 0.5)


def test_a_direction_and_a_test_have_the_share_that_shows_the_same() -> None:
    posterior = np.array([[-3.0], [0.0], [0.005], [1.9], [2.0]])
    upward = predicted(target(kind="direction", value=None), posterior)
    assert upward["tail"]["p"] == pytest.approx(3.0 / 5.0), "nought is no direction"
    assert upward["reported"] is None
    quiet = predicted(target(kind="interval", extractor="z_intrapersonal", value=None), posterior)
    assert quiet["tail"]["p"] == pytest.approx(3.0 / 5.0)
    silent = predicted(target(kind="none", value=None), posterior)
    assert "tail" not in silent


def test_a_selected_figure_is_shown_among_trials_that_report_it() -> None:
    one = target(kind="selected", selected_by=("z_participation_total",))
    posterior = np.array([[1.0, 1.9], [2.0, -2.0], [3.0, 2.0], [9.0, 0.0]])
    row = predicted(one, posterior, z_participation_total=1)
    assert row["selected_share"]["p"] == 0.5
    assert (row["median"], row["median_selected"]) == (2.5, 2.5)
    assert row["interval_selected"] == pytest.approx((2.05, 2.95))
    assert row["tail_selected"]["p"] == pytest.approx(0.0)
    assert row["tail"]["p"] == pytest.approx(2.0 * 0.25)
    never = predicted(one, posterior * [1.0, 0.1], z_participation_total=1)
    assert math.isnan(never["median_selected"])
    assert math.isnan(never["tail_selected"]["p"])


class Made:
    """A fit of two scores of two figures."""

    def __init__(self, **changed: Any) -> None:
        self.settings = SimpleNamespace(seed=3, screen=200, emulated=400)
        self.data = Data(("x", "y"), np.array([1]), np.array([0.0]), 0, 3.0, NONE, NONE)
        self.places = {"x": 1, "y": 0}
        self.targets = load_targets()
        self.designs: dict[str, Any] = {"": None}
        self.space = SimpleNamespace(
            size=2,
            calibrated=("a", "c"),
            names=("a", "b", "c", "d"),
            places=np.array([0, 2]),
            values=lambda scores: 10.0 * scores,
        )
        vars(self).update(changed)

    def backgrounds(self, first: int, count: int) -> np.ndarray:
        return generator(9, first).standard_normal((count, 4))


def test_the_posterior_of_a_parameter_is_laid_beside_its_prior() -> None:
    emulated = np.column_stack([np.linspace(0.0, 1.0, 21), np.linspace(-2.0, 2.0, 21)])
    direct = np.column_stack([np.linspace(0.0, 2.0, 21), np.linspace(-1.0, 1.0, 21)])
    coefficients = np.array([[0.3, -0.5], [0.0, 0.0], [np.nan, 0.2], [9.0, 9.0]])
    first, second = contraction_table(Made(), direct, emulated, coefficients)  # type: ignore[arg-type]
    assert first["posterior"] == pytest.approx((5.0, 0.5, 9.5))
    # Four thousand draws of a standard normal, times ten.
    assert first["prior"] == pytest.approx((0.0, -16.4, 16.4), abs=1.3)
    prior = 10.0 * generator(3, 5).standard_normal((4000, 2))
    assert first["prior"][0] == pytest.approx(np.median(prior[:, 0]))
    assert second["prior"][1:] == pytest.approx(np.quantile(prior[:, 1], [0.05, 0.95]))
    assert (first["shift"], first["shift_direct"]) == pytest.approx((0.5, 1.0))
    variance = (21**2 - 1) / 12.0 / 20.0**2
    assert first["contraction"] == pytest.approx(1.0 - variance)
    assert first["contraction_direct"] == pytest.approx(1.0 - 4.0 * variance)
    assert second["contraction"] == pytest.approx(1.0 - 16.0 * variance)
    # The figures of the data, in their order; what is missing is no reason.
    assert (first["moved_by"], first["moved"]) == ("x", -0.5)
    assert (second["moved_by"], second["moved"]) == ("x", 0.2)
    assert first["verdict"] == "informed"


@pytest.mark.parametrize(
    ("screen", "limit", "named"),
    [
        # 4 / sqrt(404 - 4) = .2; 4 / sqrt(10004 - 4) = .04, and a tenth is the least.
        (404, 0.1, ["d"]),
        (404, 0.5, []),
        (10_004, 0.1, ["d", "b"]),
        (10_004, 0.05, ["d", "b"]),
        (5, 0.1, []),
    ],
)
def test_what_moves_a_figure_without_being_calibrated_is_named(
    screen: int, limit: float, named: list[str]
) -> None:
    fit = Made(settings=SimpleNamespace(screen=screen))
    coefficients = np.array([[9.0, 9.0], [0.11, np.nan], [9.0, 9.0], [0.05, -0.21]])
    rows = screen_rows(fit, coefficients, limit)  # type: ignore[arg-type]
    assert [one["name"] for one in rows] == named
    if "d" in named:
        assert (rows[0]["figure"], rows[0]["moves"]) == ("x", 0.21)
    none = screen_rows(fit, 0.0999 * np.ones((4, 2)))  # type: ignore[arg-type]
    assert none == []


def linear(spread: float = 1.0) -> Emulator:
    """Figures: x of mean 1 + 2 a and y of mean c; SD of both as told."""
    weights = np.zeros((6, 2))
    weights[[0, 1], 0] = [1.0, 2.0]
    weights[2, 1] = 1.0
    spreads = np.zeros((3, 2))
    spreads[0] = math.log(spread)
    return Emulator(weights, spreads, np.eye(2), np.zeros((6, 6)), np.ones(2))


def test_implausibility_is_that_of_the_mean_and_of_the_prior() -> None:
    waves = Waves(linear(0.5), linear(0.5), [], np.zeros((1, 2)), np.zeros((1, 2)))
    sample = np.array([[0.0, 1.0], [1.0, 3.0]])
    first, second = implausibility_table(Made(), waves, sample)  # type: ignore[arg-type]
    # y: a mean of 2 beside 0; x, which was selected: 1 + 2 x .5 beside 3.
    assert (first["figure"], first["at_posterior_mean"]) == ("y", pytest.approx(4.0))
    assert (second["figure"], second["at_posterior_mean"]) == ("x", pytest.approx(2.0))
    # |N(0, 1)| / .5: median .674 x 2, and above 3 where |z| > 1.5.
    pool = generator(3, 6).standard_normal((20_000, 2))
    assert first["median_prior"] == pytest.approx(np.median(np.abs(pool[:, 1])) / 0.5)
    assert first["ruled_out_alone"] == pytest.approx((np.abs(pool[:, 1]) > 1.5).mean())
    none = Made(data=replace(Made().data, selected=-1))
    assert len(implausibility_table(none, waves, sample)) == 1  # type: ignore[arg-type]


def test_residuals_are_standardised_about_nought() -> None:
    emulator = linear(0.5)
    scores = np.zeros((3, 2))
    found = effect_model(emulator, scores, np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 3.0]]))
    np.testing.assert_allclose(found.residuals, [[-2.0, -2.0], [0.0, -2.0], [2.0, 4.0]])


def effects_of(scores: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """2 a + 1 (c c) - 1.5 a c in every effect, and noise."""
    terms = quadratic(scores)
    return (terms @ [7.0, 2.0, 0.0, 0.0, 1.0, -1.5])[:, None] + noise


def test_sobol_indices_are_those_of_the_polynomial() -> None:
    """Variances 4 + 1 + 2.25 and .75 of chance and others: 8."""
    draws = np.random.default_rng(4)
    scores = draws.standard_normal((3000, 2))
    noise = math.sqrt(0.75) * draws.standard_normal((3000, len(EFFECTS)))
    model = EffectModel(linear(), np.zeros((1, 2)), scores, effects_of(scores, noise))
    tables = sobol_table(Made(), model, np.full(len(EFFECTS), 0.25))  # type: ignore[arg-type]
    assert tuple(tables) == EFFECTS[:8]
    first, second, rest, chance = tables["qpr_full_24"]
    assert (first["parameter"], second["parameter"]) == ("a", "c")
    assert first["first_order"] == pytest.approx(4.0 / 8.0, abs=0.03)
    assert first["total"] == pytest.approx(6.25 / 8.0, abs=0.03)
    assert second["first_order"] == pytest.approx(1.0 / 8.0, abs=0.03)
    assert second["total"] == pytest.approx(3.25 / 8.0, abs=0.03)
    assert rest["total"] == pytest.approx(0.5 / 8.0, abs=0.03)
    assert chance["total"] == chance["first_order"] == pytest.approx(0.25 / 8.0, abs=0.005)
    assert rest["total_interval"] is chance["total_interval"] is None
    # Chance is never more than what is left.
    loud = sobol_table(Made(), model, np.full(len(EFFECTS), 99.0))["qpr_full_12"]  # type: ignore[arg-type]
    assert loud[-2]["total"] == pytest.approx(0.0)
    assert loud[-1]["total"] == pytest.approx(0.75 / 8.0, abs=0.03)


def test_intervals_of_indices_are_those_of_a_jackknife_of_ten_groups() -> None:
    draws = np.random.default_rng(5)
    scores = draws.standard_normal((400, 2))
    noise = draws.standard_normal((400, len(EFFECTS)))
    model = EffectModel(linear(), np.zeros((1, 2)), scores, effects_of(scores, noise))
    rows = sobol_table(Made(), model, np.zeros(len(EFFECTS)))["qpr_delivered_12"]  # type: ignore[arg-type]
    part = generator(3, 12).permutation(np.arange(400)) % 10
    totals = []
    for group in range(10):
        kept = part != group
        effects = model.effects[kept]
        fitted = module.fit_emulator(scores[kept], effects, weighted=False).mean_weights[:, 0]
        totals.append((fitted[1] ** 2 + fitted[3] ** 2 + fitted[5] ** 2) / effects[:, 0].var())
    # (n - 1) / n times the sum of squares, as for any jackknife.
    error = math.sqrt(0.9 * 10.0 * np.var(totals))
    low, high = rows[0]["total_interval"]
    assert 0.5 * (high - low) == pytest.approx(1.645 * error)
    assert 0.5 * (high + low) == pytest.approx(rows[0]["total"])
    assert 0.0 < low < high < 1.0


def test_main_effects_are_squared_slopes_less_what_chance_gives() -> None:
    """y = 3 a + 4 d + 12 of noise, of an SD of 13: shares .0533 and .0947."""
    fit, count = Made(), 2000
    background = fit.backgrounds(3_000_000, count)
    scores = np.random.default_rng(6).standard_normal((count, 2))
    lots = np.random.default_rng(7).standard_normal(count)
    y = 3.0 * scores[:, 0] + 4.0 * background[:, 3] + 12.0 * lots
    effects = np.tile(y[:, None], (1, len(EFFECTS))) * (1.0 + np.arange(len(EFFECTS)))
    model = EffectModel(linear(), np.zeros((1, 2)), scores, effects)
    rows = main_effects(fit, model, 2)  # type: ignore[arg-type]
    assert [one["effect"] for one in rows[::2]] == [
        "qpr_full_12",
        "qpr_full_24",
        "inspire_support_full_12",
        "inspire_relationship_full_12",
    ]
    first, second = rows[:2]
    assert (first["parameter"], first["calibrated"]) == ("d", "no")
    assert (second["parameter"], second["calibrated"]) == ("a", "yes")
    x = np.column_stack([np.ones(count), scores[:, 0], background[:, 1], scores[:, 1]])
    x = np.column_stack([x, background[:, 3]])
    slopes, left, *_ = np.linalg.lstsq(x, (y - y.mean()) / y.std())
    noise = left[0] / count / (count - 5)
    assert first["share"] == pytest.approx(slopes[4] ** 2 - noise)
    assert first["standard_error"] == pytest.approx(2.0 * abs(slopes[4]) * math.sqrt(noise))
    assert first["share"] == pytest.approx(16.0 / 169.0, abs=0.03)
    # Twice as many points as parameters are needed.
    few = EffectModel(linear(), np.zeros((1, 2)), scores[:8], effects[:8])
    assert len(main_effects(fit, few)) == 16  # type: ignore[arg-type]
    fewer = EffectModel(linear(), np.zeros((1, 2)), scores[:7], effects[:7])
    assert main_effects(fit, fewer) == []  # type: ignore[arg-type]


def test_an_effect_as_large_as_is_important_is_counted() -> None:
    for limit, words in ((4.0, "important"), (4.0 * 15.0 / 22.0, "lower")):
        row = module.effect_row("here", np.full((3, len(EFFECTS)), limit))
        assert row[f"full_above_{words}_12"]["p"] == 1.0


def explained(observed: float | None, **off: Any) -> dict[str, Any]:
    effects = np.zeros((10, len(EFFECTS) - 1))
    effects[:, EFFECTS.index("qpr_delivered_12")] = 1.0
    effects[:, EFFECTS.index("qpr_full_24")] = np.arange(10.0)
    counterfactuals = np.ones((10, len(COUNTERFACTUALS)))
    for name, values in off.items():
        counterfactuals[:, COUNTERFACTUALS.index(f"qpr_{name}")] = values
    return explanation_table(effects, counterfactuals, observed)


def test_each_explanation_is_read_from_its_own_counterfactual() -> None:
    """Lifts of 1, 2, 3 and 4 points, and .5 of chance: shares of 10.5."""
    found = explained(
        0.5,
        implementation_off_12=2.0,
        time_off_12=3.0,
        sensitivity_off_12=4.0,
        theory_off_12=5.0,
        full_sensitivity_off_12=9.0,
    )
    rows = found["rows"]
    assert [one["explanation"] for one in rows] == list(EXPLANATIONS)
    assert [one["lift"] for one in rows] == [
        pytest.approx((lift, lift, lift)) for lift in (1.0, 2.0, 3.0, 4.0, 0.5)
    ]
    assert [one["weight"] for one in rows] == pytest.approx(
        np.array([1.0, 2.0, 3.0, 4.0, 0.5]) / 10.5
    )
    assert [one["leads"]["p"] for one in rows] == [0.0, 0.0, 0.0, 1.0, 0.0]
    assert [one["draws"] for one in rows] == [0, 0, 0, 10, 0]
    assert rows[0]["predictions"] == {}
    assert rows[3]["predictions"] == found["overall"]
    assert found["overall"]["full implementation, 24 months"] == pytest.approx((4.5, 0.45, 8.55))
    assert found["overall"]["full implementation, sharper instrument, 12 months"][0] == 9.0
    assert found["overall"]["as delivered, sharper instrument, 12 months"][0] == 4.0
    assert found["delivered"] == (1.0, 1.0, 1.0)
    assert found["leading"] == [3] * 10
    # Effects of 1, 2.7 and 4 points or more with the explanation switched off.
    assert [one["lifted_above"]["4"]["p"] for one in rows] == [0.0, 0.0, 1.0, 1.0, 0.0]
    assert [one["lifted_above"]["2.7"]["p"] for one in rows] == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert [one["lifted_above"]["1"]["p"] for one in rows] == [1.0] * 5


def test_shares_of_lifts_have_the_error_of_their_mean() -> None:
    half = np.where(np.arange(10) < 5, 2.0, 1.0)
    found = explained(None, implementation_off_12=half, time_off_12=3.0 - half)
    first, second = found["rows"][:2]
    assert (first["weight"], second["weight"]) == (0.5, 0.5)
    assert first["weight_se"] == pytest.approx(0.5 / math.sqrt(10.0))
    assert (first["draws"], second["draws"]) == (5, 5)
    # Five draws are enough to say what they predict; four are not.
    assert first["predictions"]["full implementation, 24 months"][0] == 2.0
    fewer = np.where(np.arange(10) < 4, 2.0, 1.0)
    rows = explained(None, implementation_off_12=fewer, time_off_12=3.0 - fewer)["rows"]
    assert rows[0]["predictions"] == {}
    assert rows[1]["predictions"]
    # Where nothing lifts, nothing leads, and chance is told by nothing reported.
    none = explained(None)
    assert none["leading"] == [-1] * 10
    assert [one["weight"] for one in none["rows"]] == [0.0] * 5
    assert [one["draws"] for one in none["rows"]] == [0] * 5
    # Chance leads over all five, and not among those that a measurement could tell.
    lucky = explained(-3.0, time_off_12=2.0)
    assert lucky["leading"] == [1] * 10
    assert lucky["rows"][4]["draws"] == 10
    small = explained(None, time_off_12=1.0 + 1e-6)
    assert small["leading"] == [1] * 10
    assert small["rows"][1]["weight"] == pytest.approx(1.0)


def test_each_measurement_is_of_its_own_effect_with_its_own_error() -> None:
    """Two explanations a hundred points apart in one effect after the other."""
    kinds = np.arange(60) % 2
    half, inspire = 0.5 * 1.2, 1.6 * 1.2
    every = {
        "repeat as it was": ("qpr_delivered_12", 1.2),
        "repeat, fully implemented": ("qpr_full_12", 1.2),
        "repeat, fully implemented, four times the size": ("qpr_full_12", half),
        "follow-up at 24 months": ("qpr_delivered_24", 1.2),
        "repeat for two years, fully implemented": ("qpr_full_continued_24", 1.2),
        "repeat, fully implemented, sharper instrument": ("qpr_full_sensitivity_off_12", 1.2),
        "INSPIRE Support, as delivered": ("inspire_support_delivered_12", inspire),
        "INSPIRE Support, fully implemented": ("inspire_support_full_12", inspire),
    }
    for name in sorted({one[0] for one in every.values()}):
        effects = np.zeros((60, len(EFFECTS) - 1))
        off = np.zeros((60, len(COUNTERFACTUALS)))
        if name in EFFECTS:
            effects[:, EFFECTS.index(name)] = 100.0 * kinds
        else:
            off[:, COUNTERFACTUALS.index(name)] = 100.0 * kinds
        rows = information_table(effects, off, kinds, 1.2)
        told = {one["measurement"].split(" (")[0]: one for one in rows}
        assert set(told) == set(every)
        assert [one["bits"] for one in rows] == sorted((one["bits"] for one in rows), reverse=True)
        for label, (source, error) in every.items():
            assert told[label]["standard_error"] == pytest.approx(error)
            assert (told[label]["bits"] > 0.9) == (source == name)
            assert told[label]["of"] == pytest.approx(1.0)


def test_draws_that_nothing_leads_are_left_out_of_information() -> None:
    kinds = np.r_[np.arange(60) % 2, np.full(40, -1)]
    effects, off = np.zeros((100, len(EFFECTS) - 1)), np.zeros((100, len(COUNTERFACTUALS)))
    effects[:60, EFFECTS.index("qpr_full_12")] = 100.0 * kinds[:60]
    effects[60:, EFFECTS.index("qpr_full_12")] = 50.0
    best = information_table(effects, off, kinds, 1.0)[0]
    assert best["of"] == pytest.approx(1.0)
    assert best["bits"] == pytest.approx(1.0, abs=0.05)
    # One in four, two in four: an entropy of 1.5 bits.
    four = information_table(effects, off, np.r_[np.arange(60) % 4 // 2 * 2, kinds[60:]], 1.0)[0]
    assert four["of"] == pytest.approx(1.0)
    three = np.r_[np.array([0, 1, 2, 2] * 15), kinds[60:]]
    assert information_table(effects, off, three, 1.0)[0]["of"] == pytest.approx(1.5)
    # Three quarters learn log2(4 / 3), one quarter 2 bits: an SD of .69 among sixty draws.
    uneven = np.r_[np.arange(60) % 4 // 3, kinds[60:]]
    effects[:60, EFFECTS.index("qpr_full_12")] = 100.0 * uneven[:60]
    few = information_table(effects, off, uneven, 1.0)[0]
    spread = math.sqrt(0.75 * 0.25) * (2.0 - math.log2(4.0 / 3.0))
    assert few["bits_se"] == pytest.approx(spread / math.sqrt(60.0), rel=0.25)
    again = information_table(effects, off, kinds, 1.0)
    assert [one["bits"] for one in again] == [
        one["bits"] for one in information_table(effects, off, kinds, 1.0)
    ]


def test_weights_without_a_pattern_are_ratios_of_likelihoods(monkeypatch) -> None:
    fit = Made(data=make_data(load_targets()))
    size = len(fit.data.figures)
    weights = np.zeros((6, size))
    weights[1] = np.linspace(0.1, 0.3, size)
    emulator = Emulator(weights, np.zeros((3, size)), np.eye(size), np.zeros((6, 6)), np.ones(size))
    waves = Waves(emulator, emulator, [], np.zeros((1, 2)), np.zeros((1, 2)))
    scores = np.random.default_rng(1).standard_normal((30, 2))
    found, share = without_pattern(fit, waves, scores, None, "P2")  # type: ignore[arg-type]
    mean, cov = emulator.distribution(scores)
    less = make_data(load_targets(), without=["P2"])
    at = [fit.data.figures.index(one) for one in less.figures]
    log = log_likelihood(mean[:, at], cov[:, at][:, :, at], less)
    known = np.exp(log - log_likelihood(mean, cov, fit.data))
    np.testing.assert_allclose(found, known / known.sum())
    assert share == pytest.approx(1.0 / (found**2).sum() / 30.0)


def test_unseen_trials_lie_about_the_emulator_by_its_spread() -> None:
    emulator = linear(0.5)
    waves = Waves(emulator, emulator, [], np.zeros((1, 2)), np.zeros((1, 2)))
    figures = np.array([[1.0, 1.0], [3.0, -1.0], [np.nan, 9.0]])
    found = emulator_check(waves, np.zeros((3, 2)), figures)
    assert found == {"mean": [2.0, 0.0], "sd": [2.0, 2.0]}


def test_the_pair_that_is_most_alike_is_named() -> None:
    names = ("x", "y", "z")
    data = Data(names, np.array([2]), np.array([0.0]), 0, 3.0, NONE, NONE)
    correlation = np.array([[1.0, 0.3, 0.5], [0.3, 1.0, -0.8], [0.5, -0.8, 1.0]])
    found = condition_rows(Made(data=data), correlation)  # type: ignore[arg-type]
    assert (found["pair"], found["pair_correlation"]) == (("y", "z"), -0.8)
    assert found["all"] == pytest.approx(np.linalg.cond(correlation))
    # Of z and x: (1 + .5) / (1 - .5).
    assert found["densities"] == pytest.approx(3.0)
    alone = Made(data=replace(data, selected=-1, estimates=np.array([1, 2])))
    assert condition_rows(alone, correlation)["densities"] == pytest.approx(9.0)  # type: ignore[arg-type]


def test_every_way_of_doing_the_analysis_is_compared() -> None:
    fit = Made(data=make_data(load_targets()))
    found = analyses(fit)  # type: ignore[arg-type]
    labels = [one.label for one in found]
    fitted = [one for one in load_targets().values() if one.use == "fit"]
    patterns = sorted({one.pattern for one in fitted})
    assert labels[: 1 + len(patterns)] == ["all targets", *(f"without {one}" for one in patterns)]
    several = [one for one in fitted if sum(o.pattern == one.pattern for o in fitted) > 1]
    assert [one for one in labels if ": " in one] == [
        f"without {one.pattern}: {one.title}" for one in several
    ]
    assert len(several) < len(fitted)
    by_label = {one.label: one for one in found}
    assert not by_label["P4 as if always reported"].data.selection
    assert by_label["P4 reported whatever the other figures"].data.alone
    wide, narrow = by_label["priors 1.5 times as wide"], by_label["priors 0.67 as wide"]
    assert (wide.width, narrow.width, wide.correlated) == (1.5, 0.67, 1.0)
    assert by_label["correlations of figures a tenth weaker"].correlated == 0.9
    assert {(one.width, one.correlated) for one in found[:-3]} == {(1.0, 1.0)}
    assert "difference" not in by_label["without P2"].data.figures
    assert not [one for one in labels if one.startswith("trial ")]


def test_each_of_several_trials_alone_is_one_of_the_ways() -> None:
    plain = {n: one for n, one in load_targets().items() if one.extractor == "difference"}
    (one,) = (one for one in plain.values() if one.use == "fit")
    targets = {
        name: one.model_copy(update={"trial": name, "name": name, "pattern": f"{name} A"})
        for name in ("north", "south")
    }
    fit = Made(targets=targets, designs={"north": 1, "south": 2}, data=make_data(targets))
    found = {each.label: each.data.figures for each in analyses(fit)}  # type: ignore[arg-type]
    assert found["trial north alone"] == ("north: difference",)
    assert found["without north A"] == ("south: difference",)
    single = Made(targets={"north": targets["north"]}, designs={"north": 1})
    single.data = make_data(single.targets)
    labels = [each.label for each in analyses(single)]  # type: ignore[arg-type]
    assert labels[0] == "all targets"
    assert not [each for each in labels if each.startswith(("without", "trial"))]


def test_analyses_are_sampled_with_their_own_width_weight_and_seed(monkeypatch) -> None:
    asked: list[Any] = []

    def sampler(logs: Any, size: int, **how: Any) -> Any:
        asked.append((how["particles"], how["length"], how["seed"], logs))
        return SimpleNamespace(scores=np.full((50, 2), 1.0), log_evidence=-float(how["seed"]))

    drawn: list[Any] = []

    def draws(emulator: Any, residuals: Any, scores: np.ndarray, seed: int) -> np.ndarray:
        drawn.append((scores.shape, float(scores[0, 0]), seed))
        return np.zeros((4, len(EFFECTS)))

    one = Data(("x", "y"), np.array([0, 1]), np.array([1.0, 2.0]), -1, 0.0, NONE, NONE)
    ways = [
        module.Analysis("as it is", one),
        module.Analysis(
            "wide",
            replace(one, figures=("y",), estimates=np.array([0]), observed=np.array([2.0])),
            1.5,
        ),
        module.Analysis("weak", one, 1.0, 0.5),
    ]
    monkeypatch.setattr(module, "tempered_smc", sampler)
    monkeypatch.setattr(module, "effect_draws", draws)
    monkeypatch.setattr(module, "analyses", lambda fit: ways)
    emulator = replace(linear(), correlation=np.array([[1.0, 0.8], [0.8, 1.0]]))
    waves = Waves(emulator, emulator, [], np.zeros((1, 2)), np.zeros((1, 2)))
    model = EffectModel(emulator, np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2)))
    fit = Made(data=one)
    rows = sensitivity_table(fit, waves, model)  # type: ignore[arg-type]
    assert [row["analysis"] for row in rows] == [
        "prior alone, emulated effects",
        "as it is",
        "wide",
        "weak",
    ]
    assert [row["log_evidence"] for row in rows] == [None, -53.0, -54.0, -55.0]
    assert [each[:3] for each in asked] == [(400, 10, 53), (400, 10, 54), (400, 10, 55)]
    prior = generator(3, 8).standard_normal((4000, 2))
    assert drawn[0] == ((4000, 2), prior[0, 0], 0)
    assert [each[1:] for each in drawn[1:]] == [(1.0, 1), (1.5, 1), (1.0, 1)]
    z = np.array([[0.5, 1.0]])
    # Means 2 and 1, unit variances, correlated at .8, at .4 where weaker; wide: 1.5 of y alone.
    for place, (mean, cov, values) in enumerate(
        [
            ([2.0, 1.0], [[1.0, 0.8], [0.8, 1.0]], [1.0, 2.0]),
            ([1.5], [[1.0]], [2.0]),
            ([2.0, 1.0], [[1.0, 0.4], [0.4, 1.0]], [1.0, 2.0]),
        ]
    ):
        away = np.array(values) - mean
        known = -0.5 * away @ np.linalg.solve(cov, away) - 0.5 * np.linalg.slogdet(cov)[1]
        known -= 0.5 * len(values) * math.log(2.0 * math.pi)
        assert asked[place][3](z, "")[0] == pytest.approx(known)
