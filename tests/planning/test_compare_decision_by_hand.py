"""The decision of a comparison whose worlds are written in by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.planning import compare_decision as module
from sim.planning.compare_decision import (
    LEVELS,
    LONGEST_ABOUT,
    MOST_DEPENDS,
    about_words,
    answer_words,
    decision_of,
)
from sim.planning.comparison import Comparison, costed, prepare
from sim.planning.decision import Decision
from sim.planning.ranking import AIMS, ranking_of
from sim.planning.setting import Setting
from sim.planning.trainers import Capacity
from sim.planning.vocabulary import titles_of
from sim.posterior.choose import ChosenDraws
from sim.scenarios.library import load_scenario
from tests.planning.comparisons_by_hand import (
    COACHING,
    DRAWS,
    REFOCUS,
    USUAL,
    asking,
    comparison,
    question,
    worlds,
)

TITLES = titles_of(question().scenarios)


@cache
def decided() -> Decision:
    """Return the decision of the comparison as it is."""
    return decision_of(comparison())


def with_costs(**lines: np.ndarray) -> Comparison:
    money = {name.replace("_", " "): values for name, values in lines.items()}
    return replace(comparison(), costs=({}, money, {}))


def with_gains(refocus: np.ndarray, coaching: np.ndarray) -> Comparison:
    """Return the comparison with other QPR gains at the end, a draw each."""
    found, scores = comparison(), comparison().worlds.scores.copy()
    for at, gains in ((1, refocus), (2, coaching)):
        scores[at, ..., -1, 0] = scores[0, ..., -1, 0] + gains[:, None]
    return replace(found, worlds=replace(found.worlds, scores=scores))


def test_every_step_of_the_chain_has_its_number() -> None:
    """Measures gain their number: relationship 3, practice 6; adoption, the fourth, is 44."""
    found = decided()
    cells = {name: cell.mean for name, cell in found.first.cells.items()}
    # Reach rises to its gain of 3 in 60 of 104 weeks: half of it on the way, then all.
    reach = 3.0 * (np.minimum(np.arange(1, 105), 60) / 60.0).mean()
    assert cells == {
        "reach": pytest.approx(reach),
        "adoption": pytest.approx(44.0),
        "practice": pytest.approx(6.0),
        "support": pytest.approx(2.0),
        "relationship": pytest.approx(3.0),
        "recovery": pytest.approx(1.0),
    }
    assert (found.first.cells["recovery"].low, found.first.cells["recovery"].high) == pytest.approx(
        (0.325, 1.675)
    )
    assert found.now == {
        "practice": pytest.approx(60.0),
        "support": pytest.approx(21.0),
        "relationship": pytest.approx(31.0),
        "recovery": pytest.approx(11.0),
    }
    assert [one.name for one in found.strategies] == [REFOCUS, COACHING]
    aims = [one.aim.name for one in found.rankings]
    assert aims[0] == "recovery"
    assert sorted(aims) == sorted(one.name for one in AIMS)
    assert [one.teams for one in found.strategies] == [2, 2]
    assert (found.people, found.teams, found.runs, found.draws) == (400, 3, 2, DRAWS)


def test_one_draw_has_the_range_of_its_runs() -> None:
    chosen = ChosenDraws(question().chosen.draws[:1], "given", {})
    found, scores = comparison(), worlds(1).scores.copy()
    scores[1, 0, :, -1, 0] = scores[0, 0, :, -1, 0] + np.array([1.0, 3.0])
    one = costed(asking(chosen=chosen).prepared, replace(worlds(1), scores=scores), {})
    cell = decision_of(one).first.cells["recovery"]
    assert (cell.mean, cell.low, cell.high) == pytest.approx((2.0, 1.1, 2.9))
    assert decision_of(one).sure == "Not known"
    assert decision_of(one).level == 0
    assert found.others == (REFOCUS, COACHING)


def test_money_is_by_year_and_over_the_budget_where_it_is() -> None:
    cash = np.full((DRAWS, 2), [60_000.0, 3000.0])
    cash[:5, 0] += 1.0
    found = decision_of(with_costs(trainers=cash, staff_preparation=np.full((DRAWS, 2), 500.0)))
    assert found.years == (("year 1", pytest.approx(60_000.2), 500.0), ("year 2", 3000.0, 500.0))
    assert found.over == ("2 in 10 in year 1", f"none of {DRAWS} in year 2")
    assert (found.yearly, found.budget) == (60_000.0, 120_000.0)
    assert found.first.cash.mean == pytest.approx(63_000.2)
    assert found.first.time.mean == 1000.0
    for draws, told in ((2, 2), (1, 0)):
        few = replace(with_costs(trainers=cash[:draws]), worlds=worlds(draws))
        assert len(decision_of(few).over) == told
    free = decision_of(asking(setting=Setting(capacity=Capacity())))
    assert (free.yearly, free.budget, free.over) == (None, None, ())


def test_money_pays_where_a_point_is_worth_it() -> None:
    """4000 for a point for each of 400 people is 10 a point."""
    found = with_costs(trainers=np.full((DRAWS, 2), [4000.0, 0.0]))
    money = dict(decision_of(found).points)["Money:"]
    assert money.startswith(
        "£4k cash and £0 of staff time over 2 years. Against usual care it pays"
    )
    assert "is worth £10 or more" in money
    harm = with_gains(np.full(DRAWS, -1.0), np.full(DRAWS, -2.0))
    costly = replace(harm, costs=found.costs)
    assert "It gains no recovery on the mean" in dict(decision_of(costly).points)["Money:"]


def given(*weeks: int, shared: bool = False) -> Comparison:
    """Return the comparison in which REFOCUS starts in these weeks."""
    prepared = comparison().prepared
    own = replace(prepared.starts[1], given=np.array(weeks))
    return replace(
        comparison(),
        prepared=replace(
            prepared,
            starts=(prepared.starts[0], own, prepared.starts[2]),
            shared_out=(False, shared, False),
        ),
    )


def test_where_few_teams_start_it_is_said_where_it_is_felt() -> None:
    """All of a point for 400 people, felt by the 100 of the first team, is 4 points there."""
    told = dict(decision_of(given(0, -1, -1)).points)["Where it is felt:"]
    assert told == (
        "1 of 3 teams start. If all of it is felt by their 100 people, it is +4.0 (9 in 10: 1.3 to "
        "6.7) a person there."
    )
    for other in (given(0, 0, -1), given(-1, -1, -1), given(0, -1, -1, shared=True)):
        assert "Where it is felt:" not in dict(decision_of(other).points)
    # Those who start are 98 in 100 of all people, and as good as all.
    covered = comparison().prepared.covered
    for people, told_so in ((98.0, False), (97.9, True)):
        almost = given(0, -1, -1)
        changed = replace(covered, caseload=np.array([people, 100.0 - people, 0.0]))
        almost = replace(almost, prepared=replace(almost.prepared, covered=changed))
        assert ("Where it is felt:" in dict(decision_of(almost).points)) is told_so
    one = replace(covered, caseload=np.array([1.0, 399.0, 0.0]))
    tiny = given(0, -1, -1)
    tiny = replace(tiny, prepared=replace(tiny.prepared, covered=one))
    assert "Where it is felt:" in dict(decision_of(tiny).points)


def few(draws: int) -> Comparison:
    chosen = ChosenDraws(question().chosen.draws[:draws], "given", {})
    return costed(asking(chosen=chosen).prepared, worlds(draws), {})


def test_of_twenty_draws_a_choice_is_made_and_of_nineteen_none() -> None:
    for draws, enough in ((20, True), (19, False)):
        found = decision_of(few(draws))
        assert (found.sure != "Not known") is enough
        assert found.answer.startswith("A first impression") is not enough
        assert (len(found.points) > 1) is enough
        assert bool(found.warnings) is not enough


def test_how_sure_is_the_share_of_draws_in_which_the_first_is_best() -> None:
    """REFOCUS is best in all draws; where coaching is in six of 25, four words change."""
    found = decided()
    assert (found.sure, found.level) == ("Likely", LEVELS["likely"])
    assert LEVELS == {"hardly": 1, "about even": 2, "probably": 3, "likely": 4}
    assert "comes first in all 25 ways things may work (give or take 4 in 100)" in (
        found.sure_because
    )
    half = np.where(np.arange(DRAWS) < 19, 3.0, 0.5)
    mixed = decision_of(with_gains(half, np.full(DRAWS, 1.0)))
    assert mixed.sure == "Probably"
    # The binomial error of .76 in 25 draws.
    assert "in 8 in 10 of 25 ways things may work (give or take 9 in 100)" in mixed.sure_because
    sure = replace(few(25), worlds=worlds(25))
    chosen = question().chosen
    asked: Any = replace(chosen, draws=chosen.draws * 10)
    many = replace(sure.worlds)
    repeated = {
        name: np.concatenate([getattr(many, name)] * 10, axis=1)
        for name in ("scores", "groups", "implementation", "weekly", "resources")
    }
    costs = tuple(
        {line: np.concatenate([money] * 10) for line, money in one.items()} for one in sure.costs
    )
    prices = {name: np.concatenate([one] * 10) for name, one in sure.prices.items()}
    large = replace(
        asking(chosen=asked), worlds=replace(many, **repeated), costs=costs, prices=prices
    )
    assert "give or take 1 in 100" in decision_of(large).sure_because


@pytest.mark.parametrize(
    ("source", "weeks", "told", "not_told"),
    [
        ("given", 104, ["Parameters: given, not fitted", "measured year 2"], []),
        ("posterior", 52, [], ["Parameters:", "measured year 2"]),
        ("posterior", 53, ["measured year 2"], ["Parameters:"]),
    ],
)
def test_why_it_is_not_surer_is_said(
    source: str, weeks: int, told: list[str], not_told: list[str]
) -> None:
    chosen = replace(question().chosen, source=source)
    because = decision_of(asking(chosen=chosen, weeks=weeks)).sure_because
    assert all(one in because for one in [*told, "from −1.7 to +3.1 points"])
    assert not any(one in because for one in not_told)


def test_the_answer_names_the_first_and_what_it_does() -> None:
    aim = next(one for one in AIMS if one.name == "recovery")
    found = comparison()
    told = answer_words(found, ranking_of(found, aim), TITLES)
    assert told.startswith(f"On recovery, {TITLES[REFOCUS]} does best. What the first does for the")
    none = with_gains(np.full(DRAWS, -1.0), np.full(DRAWS, -2.0))
    told = answer_words(none, ranking_of(none, aim), TITLES)
    assert f"{TITLES[USUAL]} does best. {TITLES[REFOCUS]}, on recovery of all people" in told
    alone = SimpleNamespace(names=(USUAL,))
    assert answer_words(found, alone, TITLES) == "Nothing is compared."  # type: ignore[arg-type]
    one = SimpleNamespace(names=(REFOCUS,))
    words = answer_words(found, one, TITLES)  # type: ignore[arg-type]
    assert words.startswith(f"{TITLES[REFOCUS]}, on recovery of all people on the books: ")


def test_what_decides_between_the_first_two_speaks_for_the_second() -> None:
    """REFOCUS leads by half its gain, which rises with the driver: if that is lower, coaching."""
    found = decided()
    assert found.changes[-1] == (
        "If 'Staff who leave in a year' (literature) is lower than thought, it speaks for "
        f"{TITLES[COACHING]}."
    )
    falling = np.linspace(2.0, 1.0, DRAWS)
    other = decision_of(with_gains(falling, np.zeros(DRAWS)))
    assert "is higher than thought, it speaks for" in other.changes[-1]
    # Where usual care is first, the lead of the choice is over that.
    alone = asking(scenarios=question().scenarios[:2])
    harmful = with_gains(-falling, falling)
    only = decision_of(replace(alone, worlds=harmful.worlds))
    assert (only.rankings[0].names[0], only.years[0][1] > 0.0) == (USUAL, True)
    assert only.answer.startswith(f"On recovery, {TITLES[USUAL]} does best. {TITLES[REFOCUS]}, on")
    assert f"{TITLES[USUAL]} comes first in all 25 ways" in only.sure_because
    worse = decision_of(with_gains(-falling, np.full(DRAWS, -9.0)))
    assert worse.changes[-1].endswith(f"it speaks for {TITLES[USUAL]}.")
    cost = decision_of(asking(rank_by="cost-per-qpr-point"))
    assert not any("speaks for" in one for one in cost.changes)


def test_at_the_level_of_chance_nothing_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, told in ((1.0, False), (1.0 - 1e-9, True)):
        monkeypatch.setattr(module, "noise_level", lambda *_, limit=limit: limit)
        found = decision_of(comparison())
        assert any("speaks for" in one for one in found.changes) is told
        assert found.depends[0][2] is told


def test_what_the_gain_depends_on_is_named_four_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    found = decided().depends
    assert found[0] == ("Staff who leave in a year (literature)", pytest.approx(1.0), True)
    assert len(found) == 2
    names = ("turnover_yearly", "sickness", "effect_full", "skill_mean", "fidelity_pace")
    inputs = {name: np.random.default_rng(at).random(DRAWS) for at, name in enumerate(names)}
    monkeypatch.setattr(module, "varied", lambda _: inputs)
    monkeypatch.setattr("sim.planning.compare_tables.label_of", lambda _, name: name)
    monkeypatch.setattr(module, "_grade", lambda name: "a")
    assert len(decision_of(comparison()).depends) == MOST_DEPENDS == 4
    assert decision_of(asking(rank_by="cost-per-qpr-point")).depends[0][1] != 0.0
    assert decision_of(few(1)).depends == ()


def test_relief_is_told_apart_from_the_programme() -> None:
    """The whole gains 1 and the programme alone .8: a fifth of it is relief."""
    relieved = load_scenario("refocus-full-with-conditions")
    asked = question(scenarios=(question().scenarios[0], relieved), setting=Setting())
    prepared = prepare(asked)
    (alone,) = prepared.programmes().values()
    by_hand = worlds(names=(USUAL, relieved.name, alone.name))
    scores = by_hand.scores.copy()
    scores[1, ..., -1, 0] = scores[0, ..., -1, 0] + 1.0
    scores[2, ..., -1, 0] = scores[0, ..., -1, 0] + 0.75
    found = costed(prepared, replace(by_hand, scores=scores), {})
    (told,) = decision_of(found).splits
    assert "recovery +1.0 in all. +0.8 of it is there without the relief; +0.2 (" in told


def test_a_description_ends_with_its_first_sentence_or_at_a_word() -> None:
    def words(text: str) -> str:
        return about_words(SimpleNamespace(description=text))  # type: ignore[arg-type]

    assert LONGEST_ABOUT == 140
    assert words("One thing. Another.") == "One thing."
    assert words("One thing: this and that. Another.") == "One thing."
    assert words("a" * 140) == "a" * 140 + "."
    assert words("bb " * 47) == "bb " * 45 + "bb ..."
    assert words("a, " + "b" * 136 + " cc") == "a, " + "b" * 136 + " ..."
