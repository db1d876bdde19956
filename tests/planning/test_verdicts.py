"""What a comparison says in words, of worlds that are written in by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.planning.comparison import Comparison
from sim.planning.uncertainty import chance_of
from sim.planning.verdicts import (
    averaged_text,
    chance_text,
    columns_cover_text,
    counted,
    covers_text,
    few_draws_text,
    later_costs,
    overall_sentence,
    overspending_text,
    sentence_on,
    time_text,
    verdict_on,
)
from sim.posterior.choose import ChosenDraws
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


def few(draws: int, runs: int = 2, source: str = "given") -> Comparison:
    """Return a comparison of so many draws and runs."""
    chosen = ChosenDraws(question().chosen.draws[:draws], source, {})
    return replace(asking(chosen=chosen, replications=runs), worlds=worlds(draws, runs))


def test_verdicts_are_on_the_end() -> None:
    found = verdict_on(comparison(), REFOCUS)
    assert found.spread.mean == pytest.approx(1.0)
    assert (found.reaches.share, found.chances.benefit.share) == (0.0, 1.0)
    assert found.kind == "benefit"
    assert verdict_on(comparison(), USUAL).kind == "same"


def test_of_one_draw_runs_are_counted() -> None:
    assert counted(comparison()) == (DRAWS, "draws")
    assert counted(few(2)) == (2, "draws")
    assert counted(few(1, 7)) == (7, "replications")


@pytest.mark.parametrize(
    ("draws", "runs", "source", "told"),
    [
        (25, 2, "given", "central 90% of draws: parameter uncertainty (values given by the user)"),
        (25, 1, "given", "(values given by the user) within this model and chance, not to be told"),
        (2, 2, "given", "central 90% of draws"),
        (1, 2, "given", "central 90% of single runs: replication noise only, parameters at one"),
        (1, 1, "defaults", "none, as a single run with parameters at their defaults shows"),
    ],
)
def test_it_is_said_what_intervals_cover(draws: int, runs: int, source: str, told: str) -> None:
    found = few(draws, runs, source)
    assert told in covers_text(found)
    both = columns_cover_text(found).startswith("(parameters) central 90%")
    assert both is (draws > 1 and runs > 1)


def test_fewer_than_twenty_are_few() -> None:
    assert few_draws_text(few(20)) == ""
    assert few_draws_text(few(19)).startswith("Only 19 draws: too few for a 90% interval")
    assert few_draws_text(few(1, 20)) == ""
    assert few_draws_text(few(1, 1)).startswith("Only 1 replication: too few")
    assert "take --draws 100 or more" in few_draws_text(few(2))
    assert "take --replications 100 or more" in few_draws_text(few(1, 2))


def test_who_is_left_out_is_told_by_arm() -> None:
    assert averaged_text(comparison()).startswith(
        "2 of the 3 teams of the roster (the others are control teams, which no scenario here would"
        " treat), with 400 people"
    )
    prepared = comparison().prepared
    covered = replace(prepared.covered, teams=np.array([True, False, False]))
    fewer = replace(comparison(), prepared=replace(prepared, covered=covered))
    assert "1 of the 3 teams of the roster (no scenario would treat the others)" in averaged_text(
        fewer
    )
    whole = replace(prepared.covered, teams=np.ones(3, bool))
    everybody = replace(comparison(), prepared=replace(prepared, covered=whole))
    assert averaged_text(everybody).startswith("all teams of the roster")


def test_a_pound_of_later_costs_is_told() -> None:
    prepared = replace(
        comparison().prepared, later=(0.99, 1.0, 1234.0), shared_out=(False, False, True)
    )
    told = later_costs(replace(comparison(), prepared=prepared))
    assert told[0].startswith(f"{REFOCUS}: 1 GBP of direct costs are committed after the 104 weeks")
    assert told[1].startswith(f"{COACHING}: 1,234 GBP of direct costs at most are committed")
    assert len(told) == 2


def test_chances_have_their_error_and_years_their_number() -> None:
    chances: Any = [chance_of(np.arange(20) < hits, "draws") for hits in (0, 5)]
    assert chance_text(chances[1], with_error=False) == "25%"
    # Wilson's limits of none and of 5 of 20.
    assert overspending_text("a", chances) == (
        "a: direct costs are above the yearly budget in year 1: 0% of draws (Monte Carlo 95%: 0% "
        "to 16%); year 2: 25% of draws (Monte Carlo 95%: 11% to 47%)."
    )


def test_time_is_in_whole_years_or_in_weeks() -> None:
    assert [time_text(one) for one in (52, 104, 51, 53)] == [
        "1 year",
        "2 years",
        "51 weeks",
        "53 weeks",
    ]


def test_a_sentence_has_the_change_its_range_and_its_chances() -> None:
    told = sentence_on(comparison(), verdict_on(comparison(), REFOCUS))
    assert told.startswith(f"{REFOCUS}: probably some benefit")
    assert (
        "changes by +1.0 points after 2 years compared with usual-care (90%: 0.3 to 1.7, " in told
    )
    assert "parameter uncertainty)" in told
    assert "Chances over 25 draws" in told
    same = sentence_on(comparison(), verdict_on(comparison(), USUAL))
    assert same.endswith("in every simulated world: difference exactly 0.")
    alone = sentence_on(few(25, 1), verdict_on(few(25, 1), REFOCUS))
    assert "parameter uncertainty and chance)" in alone
    some = sentence_on(few(19), verdict_on(few(19), REFOCUS))
    assert "90% of only 19 draws: " in some
    twenty = sentence_on(few(20), verdict_on(few(20), REFOCUS))
    assert " of only " not in twenty


def test_runs_of_one_set_of_values_are_called_so() -> None:
    one = few(1, 20)
    told = sentence_on(one, verdict_on(one, REFOCUS))
    assert f"{REFOCUS}: at this one set of parameter values" in told
    assert "90% of single runs: " in told
    assert "chance only" in told
    less = few(1, 19)
    told = sentence_on(less, verdict_on(less, REFOCUS))
    assert "at this one set" not in told
    assert "90% of only 19 replications: " in told
    single = few(1, 1)
    assert "a single run: no interval" in sentence_on(single, verdict_on(single, REFOCUS))


def test_draws_that_differ_by_chance_alone_have_no_interval() -> None:
    found, scores = comparison(), comparison().worlds.scores.copy()
    scores[1, ..., -1, 0] = scores[0, ..., -1, 0] + np.array([1.0, -1.0]) + 1.0
    scores[1, 0, :, -1, 0] += 0.01
    noisy = replace(found, worlds=replace(found.worlds, scores=scores))
    assert "no interval: draws differ no more than by chance" in sentence_on(
        noisy, verdict_on(noisy, REFOCUS)
    )


def test_the_top_sentence_names_the_largest_change() -> None:
    told = overall_sentence(comparison())
    words = [verdict_on(comparison(), one).judgement.words for one in (REFOCUS, COACHING)]
    assert words[0] != words[1]
    each = f"{words[0]} under {REFOCUS}; {words[1]} under {COACHING}"
    assert told.startswith(f"Compared with usual-care, after 2 years: {each}. The largest")
    assert f"is +1.0 points, under {REFOCUS}; 4 is the minimum important difference." in told
    alone = asking(scenarios=question().scenarios[:2])
    assert overall_sentence(alone) == sentence_on(alone, verdict_on(alone, REFOCUS))
