"""The vocabulary of verdicts: cases worked by hand, other priors, what a result rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibration.evidence.meta_analysis import full_effect, read_effects
from calibration.findings import rival_trials
from calibration.sampling.scenarios import EXPLANATIONS
from sim.inputs.roster import roster_from_text, trial_roster
from sim.planning.uncertainty import chance_of
from sim.planning.vocabulary import (
    AGNOSTIC_SD,
    BENEFIT,
    EFFECT,
    HARM,
    LEANS,
    NOTHING_HELPS,
    SAME,
    SIGN_OPEN,
    SMALL,
    UNTOLD,
    OtherEvidence,
    View,
    _weights,
    chance_error,
    chances_of,
    chances_text,
    effect_of_posterior,
    extrapolated,
    judged,
    other_evidence,
    rests_on,
    rival_weights,
    seen_in,
    views_of,
    with_error,
)
from sim.posterior.choose import ChosenDraws, chosen_draws
from sim.scenarios.library import load_scenario


def draws(*parts: tuple[int, float]) -> np.ndarray:
    """Return so many draws with such a difference each, one replication."""
    return np.concatenate([np.full(count, value) for count, value in parts])[:, None]


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        (draws((100, 0.0)), SAME, "no difference at all"),
        (draws((19, 3.0)), UNTOLD, "too few runs to say"),
        (draws((97, 0.5), (3, 1.5)), SMALL, "hardly a difference of a point or more"),
        (draws((97, -0.5), (3, -1.5)), SMALL, "hardly a difference of a point or more"),
        (draws((50, 2.0), (50, -2.0)), SIGN_OPEN, "whether it does good or harm cannot be told"),
        (draws((20, 2.0), (80, -2.0)), HARM, "probably harm"),
        (draws((70, 2.0), (30, -2.0)), LEANS, "more likely good than harm"),
        (draws((30, 2.0), (70, -2.0)), LEANS, "more likely harm than good"),
        (
            draws((90, 0.9), (10, 1.1)),
            BENEFIT,
            "probably some benefit, more likely than not of less than 1 point",
        ),
        (
            draws((70, 1.0), (25, 0.5), (5, -0.5)),
            BENEFIT,
            "probably some benefit, more likely than not of 1 point or more",
        ),
        (
            draws((70, 2.73), (30, 0.5)),
            BENEFIT,
            "probably some benefit, more likely than not of 2.7 points or more",
        ),
        (
            # 51 of 100: another seed might give 49.
            draws((51, 1.0), (49, 0.5)),
            BENEFIT,
            "probably some benefit, of 1 point or more about as likely as not",
        ),
        (
            draws((48, 4.0), (42, 2.0), (10, -0.5)),
            BENEFIT,
            "probably some benefit, more likely than not of 1 point or more, "
            "of 4 points or more about as likely as not",
        ),
        (
            draws((70, 4.0), (10, 0.5), (20, -0.5)),
            BENEFIT,
            "probably some benefit, more likely than not of 4 points or more",
        ),
    ],
)
def test_every_kind_by_a_case_worked_by_hand(values: np.ndarray, kind: str, words: str) -> None:
    found = judged(values)
    assert (found.kind, found.words) == (kind, words)


def test_replications_of_one_draw_are_counted_as_draws_are() -> None:
    assert judged(np.full((1, 19), 3.0)).kind == UNTOLD
    assert judged(np.full((1, 20), 3.0)).kind == BENEFIT


def test_chances_are_counted_shares_with_binomial_errors() -> None:
    values = draws((10, -5.0), (20, 0.5), (30, 1.5), (25, 3.0), (15, 4.0))
    found = chances_of(values)
    assert found.harm.share == pytest.approx(0.10)
    assert found.benefit.share == pytest.approx(0.90)
    assert [one.share for one in found.reaches] == pytest.approx([0.70, 0.40, 0.15])
    assert [one.share for one in found.falls] == pytest.approx([0.10, 0.10, 0.10])
    assert found.reaches[1].monte_carlo_se == pytest.approx(0.049, abs=0.008)
    told = chances_text(found, 100)
    assert told.startswith("Chances over 100 draws, Monte Carlo SE in brackets: harm 10% (3.")
    assert "2.7 points or more 40% (" in told
    assert "4 points or more 15% (" in told


def test_all_draws_or_none_are_not_known_without_error() -> None:
    assert chance_error(chance_of(np.ones(5, dtype=bool), "draws"), 5) == pytest.approx(0.2)
    assert chance_error(chance_of(np.arange(4) < 2, "draws"), 4) == pytest.approx(0.25)
    assert with_error(chance_of(np.arange(100) < 10, "draws"), 100) == "10% (3.0)"


def test_a_prior_that_turns_the_sign_leaves_nothing_told() -> None:
    values = draws((160, 2.0), (40, -4.0))
    even = View("the same", np.full(200, 1.0 / 200.0))
    other = np.concatenate([np.full(160, 0.2 / 160), np.full(40, 0.8 / 40)])
    assert judged(values, OtherEvidence((even,))).kind == BENEFIT
    turned = judged(values, OtherEvidence((even, View("another", other))))
    assert turned.kind == SIGN_OPEN
    # .2 x 2 - .8 x 4 = -2.8
    assert turned.why_not_told == (
        "The prior decides the sign: expected are -2.80 points with another."
    )
    seen = seen_in(View("another", other), values)
    assert (seen.mean, seen.benefit) == (pytest.approx(-2.8), pytest.approx(0.2))
    spread = 160 * (0.2 / 160) ** 2 * 4.8**2 + 40 * (0.8 / 40) ** 2 * 1.2**2
    assert seen.standard_error == pytest.approx(spread**0.5)


def test_a_prior_may_turn_harm_into_good() -> None:
    values = draws((40, 4.0), (160, -2.0))
    other = np.concatenate([np.full(40, 0.8 / 40), np.full(160, 0.2 / 160)])
    unclear = np.concatenate([np.full(40, 0.34 / 40), np.full(160, 0.66 / 160)])
    found = judged(values, OtherEvidence((View("unclear", unclear), View("another", other))))
    assert found.kind == SIGN_OPEN
    # .8 x 4 - .2 x 2; the unclear one, .34 x 4 - .66 x 2, is within its error of nought.
    assert found.why_not_told == (
        "The prior decides the sign: expected are +2.80 points with another."
    )


def test_weights_turn_one_normal_distribution_into_another() -> None:
    """From N(0, 1) to N(1, 1) the density grows by e a unit; to N(0, 1/2) it falls."""
    moved = _weights(np.array([0.0, 1.0, 2.0]), (0.0, 1.0), (1.0, 1.0))
    assert moved[1:] / moved[:-1] == pytest.approx(np.e)
    assert moved.sum() == pytest.approx(1.0)
    narrowed = _weights(np.array([0.0, 1.0]), (0.0, 1.0), (0.0, 0.5))
    assert narrowed[1] / narrowed[0] == pytest.approx(np.exp(-1.5))


def test_explanations_under_which_nothing_helps_decide_from_half_of_the_weight_on() -> None:
    values = draws((95, 2.0), (5, -2.0))
    assert judged(values, OtherEvidence(nothing=0.49)).kind == BENEFIT
    found = judged(values, OtherEvidence(nothing=0.5))
    assert found.kind == SIGN_OPEN
    assert "'theory failure', under which nothing helps, holds 0.50" in found.why_not_told
    small = draws((97, 0.5), (3, 1.5))
    assert judged(small, OtherEvidence(nothing=0.9)).kind == SMALL


def test_the_weights_of_explanations_are_those_of_the_simulated_rivals() -> None:
    found = rival_trials.read()
    for name, trials in rival_trials.TRIALS_OF.items():
        weights = rival_trials.weights(rival_trials.densities(found, trials))[0]
        shipped = rival_weights(name)
        assert list(shipped) == list(EXPLANATIONS)
        assert list(shipped.values()) == pytest.approx(weights, abs=0.0051)
    assert other_evidence(chosen_draws(30)).nothing == rival_weights("both-trials")[NOTHING_HELPS]


def test_reweighting_gives_the_other_posteriors_back() -> None:
    """Effects that are the effect of full implementation itself have known means in every view."""
    chosen = chosen_draws(1000)
    values = 10.15 * np.array([[one[EFFECT]] for one in chosen.draws])
    views = {one.name: one for one in views_of(chosen)}
    alone = seen_in(views["REFOCUS alone"], values)
    assert alone.mean == pytest.approx(10.15 * effect_of_posterior("refocus-alone")[0], abs=0.1)
    before = seen_in(views["studies of others alone, no trial of REFOCUS"], values)
    assert before.mean == pytest.approx(10.15 * effect_of_posterior("prior")[0], abs=0.3)
    agnostic = seen_in(views["agnostic prior, both trials"], values)
    # Normal algebra: precision of the posterior, less that of its prior, plus the agnostic one's.
    mean, sd, _ = effect_of_posterior("both-trials")
    precision = sd**-2 - 0.3**-2 + AGNOSTIC_SD**-2
    expected = (mean * sd**-2 - 0.26 * 0.3**-2) / precision
    assert agnostic.mean == pytest.approx(10.15 * expected, abs=0.25)
    assert all(one.effective > 100.0 for one in views.values())


def test_the_agnostic_prior_is_that_of_the_evidence() -> None:
    rule = read_effects()[0]
    mean, sd = full_effect(rule.agnostic_mean, rule.agnostic_sd, rule.ratio_mean, rule.ratio_sd)
    assert (mean, sd) == (pytest.approx(0.0), pytest.approx(AGNOSTIC_SD, abs=0.005))


def test_draws_that_do_not_vary_the_effect_have_no_other_view() -> None:
    assert views_of(None) == ()
    assert views_of(chosen_draws(0)) == ()
    assert views_of(ChosenDraws([{"turnover_yearly": 0.2}] * 50, "given", {})) == ()


@pytest.mark.parametrize(
    ("source", "names", "weeks", "told"),
    [
        ({}, ["refocus-as-delivered"], 52, "Rests on trials for REFOCUS as delivered (two trials"),
        (
            {},
            ["refocus-full"],
            52,
            "no trial delivered REFOCUS fully implemented.",
        ),
        (
            {},
            ["refocus-as-delivered", "refocus-full"],
            52,
            "; on assumptions for REFOCUS fully implemented.",
        ),
        ({}, ["refocus-as-delivered"], 104, "Rests on assumptions: trials lasted 52 weeks"),
        ({"prior_only": True}, ["refocus-as-delivered"], 52, "Rests on assumptions: priors"),
    ],
)
def test_a_result_says_what_it_rests_on(
    source: dict[str, Any], names: list[str], weeks: int, told: str
) -> None:
    scenarios = [load_scenario(one) for one in names]
    assert told in rests_on(chosen_draws(30, **source), scenarios, weeks)


def test_scenarios_of_one_title_are_told_apart() -> None:
    one = load_scenario("refocus-as-delivered")
    other = one.model_copy(update={"name": "ours", "grade": "assumption"})
    told = rests_on(chosen_draws(30), [one, other], 52)
    assert "Rests on trials for REFOCUS as delivered (refocus-as-delivered) (two" in told
    assert told.endswith("on assumptions for REFOCUS as delivered (ours).")


def test_default_values_rest_on_assumptions() -> None:
    told = rests_on(chosen_draws(0), [load_scenario("refocus-as-delivered")], 52)
    assert told == "Rests on assumptions: default values chosen by hand."


TRIAL = trial_roster(1)


def test_what_is_extrapolated_follows_from_weeks_strategies_and_services() -> None:
    chosen = chosen_draws(2)
    delivered, full = (load_scenario(one) for one in ("refocus-as-delivered", "refocus-full"))
    told = extrapolated(chosen, [delivered], 52, TRIAL)
    assert told == (
        "Extrapolated: experienced support and relationship (no INSPIRE figure of REFOCUS was "
        "seen)."
    )
    longer = extrapolated(chosen, [delivered], 104, TRIAL)
    assert "weeks 53 to 104 (trials lasted 52)" in longer
    untested = extrapolated(chosen, [delivered, full], 52, roster_from_text("team\nA\n"))
    assert f"{full.title} (no trial delivered it)" in untested
    assert "these services (the trials were in others)" in untested
    noted = replace(chosen, notes=("a rule that is new",))
    assert extrapolated(noted, [delivered], 52, TRIAL).endswith("; a rule that is new.")
    both = extrapolated(chosen, [full, load_scenario("coaching-only")], 53, TRIAL)
    assert "(no trial delivered them)" in both
    assert "weeks 53 to 53 (trials lasted 52)" in both
