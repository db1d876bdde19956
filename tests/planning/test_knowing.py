"""What it is worth to know more: closed forms, small samples, studies, a comparison."""

from __future__ import annotations

import math
from dataclasses import replace
from html import escape

import numpy as np
import pytest

from sim.api.compare import ComparisonAnswer, compare, size_of_trial
from sim.errors import InputError
from sim.inputs.roster import described_roster
from sim.planning import comparison as comparing
from sim.planning.comparison import Comparison, Question, with_base
from sim.planning.knowing import Worth, perfect, worth_of
from sim.planning.outcomes import QPR, SCORES
from sim.planning.ranking import COST_POINT, aim_of, frontier_of, ranking_of
from sim.planning.sparse_regression import fitted, normal_scores
from sim.planning.studies import REFOCUS_PEOPLE, REFOCUS_TEAMS, trial_error
from sim.planning.worth_knowing import (
    EVERYTHING,
    PARAMETERS,
    PRICES,
    STUDY,
    knowing_of,
    knowing_rows,
    knowing_sentences,
    threshold_rows,
)
from sim.posterior.choose import chosen_draws
from sim.report.compare_report import knowing_section
from sim.report.document import Document
from sim.scenarios.library import load_scenario


def gain_of_normal(mean: float, sd: float) -> float:
    """E max(0, X) - max(0, E X) for X normal."""
    z = abs(mean) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return sd * density - abs(mean) * 0.5 * math.erfc(z / math.sqrt(2.0))


def linear(draws: int, seed: int, idle: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Nothing, or .2 + x1 + .6 x2 with the noise of replications; and the parameters."""
    rng = np.random.default_rng(seed)
    parameters = rng.standard_normal((draws, 2 + idle))
    value = 0.2 + parameters[:, 0] + 0.6 * parameters[:, 1] + 0.5 * rng.standard_normal(draws)
    return np.stack([np.zeros(draws), value]), parameters


def test_the_worth_of_one_parameter_is_that_of_the_closed_form() -> None:
    values, parameters = linear(1000, 3)
    found = worth_of(values, parameters[:, :1])
    true = gain_of_normal(0.2, 1.0)
    assert abs(found.value - true) < 3.0 * found.standard_error
    assert abs(found.held_out - true) < 3.0 * found.standard_error
    assert found.standard_error < 0.1 * true
    # Another choice wherever .2 + x1 lies below nought: 42 in 100.
    assert found.changes == pytest.approx(0.5 * math.erfc(0.2 / math.sqrt(2.0)), abs=0.04)


@pytest.mark.parametrize("error", [0.5, 1.0, 2.0])
def test_the_worth_of_a_study_is_that_of_the_closed_form(error: float) -> None:
    """A report x1 + e: what is expected given it has the SD 1 / sqrt(1 + error^2)."""
    values, parameters = linear(1000, 4)
    report = parameters[:, 0] + error * np.random.default_rng(5).standard_normal(1000)
    found = worth_of(values, report[:, None])
    true = gain_of_normal(0.2, 1.0 / math.sqrt(1.0 + error**2))
    assert abs(found.value - true) < 3.0 * found.standard_error


def test_a_curved_parameter_that_moves_no_mean_has_its_worth() -> None:
    """x^2 - 1 against nothing: E max(0, x^2 - 1) is twice the normal density at 1."""
    x = np.random.default_rng(6).standard_normal((1000, 1))
    found = worth_of(np.stack([np.zeros(1000), x[:, 0] ** 2 - 1.0]), x)
    assert found.value == pytest.approx(2.0 * math.exp(-0.5) / math.sqrt(2.0 * math.pi), abs=0.06)


def test_with_sixty_draws_and_idle_parameters_it_is_right_on_average() -> None:
    """Neither the search through 40 parameters that do nothing nor few draws make worth."""
    true = gain_of_normal(0.2, 1.0)
    found, idle = [], []
    for seed in range(20):
        values, parameters = linear(60, seed, idle=40)
        found.append(worth_of(values, np.delete(parameters, 1, axis=1)))
        idle.append(worth_of(values, parameters[:, 2:]).value)
    assert np.mean([one.value for one in found]) == pytest.approx(true, abs=0.06)
    assert np.mean([one.held_out for one in found]) < true + 0.03
    assert np.mean(idle) < 0.02
    spread = float(np.std([one.value for one in found], ddof=1))
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.35)


def test_extremes_are_nothing_and_everything() -> None:
    values, parameters = linear(400, 7)
    whole = np.stack([values[0], 0.2 + parameters @ [1.0, 0.6]])
    assert worth_of(whole, parameters).value == pytest.approx(perfect(whole), abs=0.02)
    assert worth_of(values, np.ones((400, 2))) == Worth(0.0, 0.0, 0.0, 0.0)
    assert worth_of(values[:, :1], parameters[:1]).value == 0.0, "one draw tells nothing"
    still = np.column_stack([parameters[:, 0], np.full(400, 7.0)])
    assert worth_of(values, still) == worth_of(values, parameters[:, :1])
    assert worth_of(values, 1e-3 * parameters).value == worth_of(values, parameters).value
    never = np.stack([values[0], -50.0 + values[1]])
    assert worth_of(never, parameters).value == 0.0, "no knowledge changes a choice that is clear"


def test_an_interaction_enters_with_its_parents_only() -> None:
    """x1 + x2 + x1 x2: three terms of 820 that could be made, and the coefficients found again."""
    rng = np.random.default_rng(8)
    x = rng.standard_normal((500, 40))
    y = 1.0 + x[:, 3] + x[:, 7] + x[:, 3] * x[:, 7] + 0.3 * rng.standard_normal(500)
    fit = fitted(y, x)
    assert len(fit.coefficients) == 4
    np.testing.assert_allclose(fit.coefficients, 1.0, atol=0.06)


def test_scores_keep_order_and_not_scale() -> None:
    x = np.random.default_rng(9).standard_normal((50, 2))
    np.testing.assert_allclose(normal_scores(np.exp(9.0 * x)), normal_scores(x))


def test_a_trial_of_refocus_size_is_as_sure_as_refocus() -> None:
    assert trial_error(REFOCUS_TEAMS, REFOCUS_PEOPLE) == 1.22, "from its interval"
    assert trial_error(4 * REFOCUS_TEAMS, REFOCUS_PEOPLE) == pytest.approx(1.22 / 2.0)
    assert trial_error(27, 10_000) > 0.4 * 1.22, "people of few teams do not make up for more"


@pytest.fixture(scope="module")
def found() -> Comparison:
    """Sixty draws of a small service, and effects written in by hand: full follows one effect."""
    roster = described_roster(
        trusts=1, teams_per_trust=2, staff_mean=8, sampled=4, intervention_share=1.0, seed=4
    )
    strategies = [load_scenario(one) for one in ("refocus-as-delivered", "coaching-only")]
    question = Question(
        scenarios=with_base(strategies, load_scenario("usual-care")),
        base="usual-care",
        roster=roster,
        chosen=chosen_draws(60),
        weeks=30,
        replications=2,
    )
    real = comparing.compare(question)
    scores = real.worlds.scores.copy()
    base, as_delivered, coaching = (real.names.index(one) for one in real.names)
    effect = np.array([draw["effect_full"] for draw in question.chosen.draws])
    scores[..., SCORES.index(QPR)] = 40.0
    scores[as_delivered, ..., -1, SCORES.index(QPR)] += 10.0 * (effect - effect.mean())[:, None]
    scores[coaching, ..., -1, SCORES.index(QPR)] -= 0.5
    return replace(real, worlds=replace(real.worlds, scores=scores))


def test_what_decides_is_worth_as_much_as_everything_and_the_rest_nothing(
    found: Comparison,
) -> None:
    known = {one.name: one for one in knowing_of(found)}
    whole = known[EVERYTHING].worth
    assert whole.value > 0.1
    assert known["effects"].worth.value == pytest.approx(whole.value, rel=0.05)
    assert known["flow"].worth.value < 2.0 * known["flow"].worth.standard_error + 0.02
    trial = known["trial"].worth.value
    large = knowing_of(replace(found, prepared=_asking(found, trial_size=(10_000, 1000))))
    larger = {one.name: one for one in large}["trial"].worth.value
    assert 0.0 < trial < larger < whole.value + 0.05
    kinds = [one.kind for one in known.values()]
    assert kinds == sorted(kinds, key=[EVERYTHING, PARAMETERS, STUDY].index)
    assert known[EVERYTHING].in_all == pytest.approx(whole.value * found.prepared.covered.people)


def _asking(found: Comparison, **changes: object) -> comparing.Prepared:
    return replace(found.prepared, question=replace(found.question, **changes))  # type: ignore[arg-type]


def test_in_money_prices_are_a_group_and_a_point_worth_nothing_decides_on_cost(
    found: Comparison,
) -> None:
    nothing = knowing_of(replace(found, prepared=_asking(found, point_worth=0.0)))
    assert PRICES in {one.kind for one in nothing}
    assert {one.unit for one in nothing} == {"GBP"}
    assert max(one.worth.value for one in nothing) == 0.0, "doing nothing is cheapest in any draw"


def test_thresholds_are_those_of_ranking_and_frontier(found: Comparison) -> None:
    rows = threshold_rows(found)
    ranking = ranking_of(found, aim_of(COST_POINT))
    assert rows["strategy"].tolist() == list(ranking.names)
    steps = {one.name: one.step_cost for one in frontier_of(found) if not one.beaten_by}
    for row in rows.to_dict("records"):
        assert (row["strategy"] in steps) == (row["never best because of"] == "")


def test_with_few_draws_nothing_is_reckoned(found: Comparison) -> None:
    chosen = replace(found.question.chosen, draws=found.question.chosen.draws[:49])
    assert knowing_of(replace(found, prepared=_asking(found, chosen=chosen))) == ()
    assert knowing_sentences(()) == []


def test_every_door_tells_the_same(found: Comparison) -> None:
    knowing = ComparisonAnswer(found).knowing
    page = Document("A question")
    knowing_section(page, found, knowing)
    html = page.html()
    for sentence in knowing_sentences(knowing):
        assert escape(sentence) in html
    for title in knowing_rows(knowing)["what"]:
        assert escape(title) in html


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("forty", "must be teams and people followed up in each, such as 40x15"),
        ("40x", "trial-size: people followed up in each"),
        ("2x15", "trial-size: teams = 2: must be"),
    ],
)
def test_a_size_of_a_trial_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        size_of_trial(text)


def test_a_worth_below_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="point-worth"):
        compare.question("refocus-full", point_worth=-5)
