"""The decision in words and rows: who is first, who ties, what would change it, all by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.planning.decision import (
    STEPS,
    Cell,
    Decision,
    Strategy,
    cell_of,
    choice_sentence,
    decision_content,
    decision_lines,
    decision_rows,
    decision_tables,
    decision_text,
    grades_sentence,
    instead_sentences,
    place_words,
    question_words,
    sure_word,
    worth_sentence,
    year_rows,
)
from sim.planning.ranking import Ranking, aim_of, frontier, ranked

TITLES = {"a": "Plan A", "b": "Plan B", "usual": "Usual care"}
NOTHING = Cell(0.0, 0.0, 0.0)


def ranking(aim: str = "recovery", **means: float) -> Ranking:
    """Return strategies that are told apart unless they are equal."""
    values = np.stack([np.full((20, 1), one) for one in means.values()])
    return ranked(aim_of(aim), tuple(means), values)


def strategy(name: str, grade: str = "trial") -> Strategy:
    cells = {"reach": Cell(10.0, 5.0, 15.0), "relationship": Cell(1.0, 0.0, 2.0)}
    return Strategy(name, TITLES[name], "", grade, 3, cells, NOTHING, NOTHING)


def decision(names: str = "ab", **changed: Any) -> Decision:
    fields = {
        "question": "What?",
        "when": "a year",
        "usual": "Usual care",
        "answer": "Plan A.",
        "points": (("Reach", "is wide."),),
        "sure": "Likely",
        "sure_because": "It is.",
        "level": 3,
        "changes": ("A trial.",),
        "splits": ("Half.",),
        "strategies": tuple(strategy(one) for one in names),
        "rankings": (ranking(usual=0.0, a=2.0, b=1.0),),
        "frontier": (),
        "now": {},
        "people": 1,
        "teams": 1,
        "budget": None,
        "years": (("Year 1", 10.0, 20.0),),
        "yearly": None,
        "over": (),
        "starts": (),
        "start_note": "",
        "dates": (),
        "weeks": 52,
        "draws": 20,
        "runs": 1,
        "price_year": "2024",
        "covers": "",
    }
    return Decision(**{**fields, **changed})


def test_mean_and_middle_90_percent_of_draws() -> None:
    assert cell_of(np.arange(21.0)) == Cell(10.0, 1.0, 19.0)
    assert cell_of(np.array([0.0, 1.0])) == Cell(0.5, 0.05, 0.95)
    one = cell_of(np.array([3.0]))
    assert one.mean == 3.0
    assert math.isnan(one.low)
    assert math.isnan(one.high)


def test_the_choice_is_the_best_strategy_that_is_offered() -> None:
    one = decision()
    assert (one.chosen, one.first.name, one.title("a"), one.tied) == ("a", "a", "a", ("a",))
    assert one.ranking is one.rankings[0]
    none_helps = decision(rankings=(ranking(usual=0.0, a=-2.0, b=-1.0),))
    assert (none_helps.chosen, none_helps.first.name) == ("b", "b")
    given = decision(first_name="b", titles=TITLES)
    assert (given.chosen, given.first.name, given.title("b")) == ("b", "b", "Plan B")
    assert decision("ba", first_name="gone").first.name == "b"


def test_tags_mark_the_first_and_its_ties() -> None:
    assert [decision().tag(one) for one in ("a", "b", "usual")] == ["First", "", ""]
    even = decision(rankings=(ranking(usual=0.0, a=2.0, b=2.0),))
    assert [even.tag(one) for one in ("a", "b", "usual")] == ["First of a tie", "Tie", ""]
    assert decision("a").tag("a") == "", "one choice is not first of any"
    own = decision(own_tags={"b": "Ours"})
    assert ([own.tag(one) for one in "ab"], own.tied) == (["", "Ours"], ("b",))


def test_a_tie_is_never_likely_first() -> None:
    assert [sure_word(0.95, tie) for tie in (False, True)] == ["likely", "probably"]
    assert [sure_word(0.5, tie) for tie in (False, True)] == ["about even", "about even"]


@pytest.mark.parametrize(
    ("means", "told"),
    [
        ({"usual": 0.0, "a": 2.0, "b": 1.0}, "On recovery, Plan A does best."),
        (
            {"usual": 0.0, "a": 2.0, "b": 2.0},
            "On recovery, Plan A is first, in a tie with Plan B.",
        ),
        (
            {"usual": 0.0, "a": 0.0, "b": 0.0},
            "On recovery no choice is surely ahead of the others; first on average is Usual care "
            "(which costs nothing).",
        ),
        (
            {"usual": 0.0, "a": 0.0, "b": -1.0},
            "On recovery, Usual care (which costs nothing) is first, in a tie with Plan A.",
        ),
        (
            {"a": 1.0, "b": 1.0},
            "On recovery no choice is surely ahead of the others; first on average is Plan A.",
        ),
    ],
)
def test_the_sentence_of_the_choice(means: dict[str, float], told: str) -> None:
    assert choice_sentence(ranking(**means), TITLES, "usual") == told


def test_another_outcome_changes_the_choice_where_the_first_is_no_tie_on_it() -> None:
    others = [
        ranking("reach", a=10.0, b=20.0),
        ranking("practice", a=1.0, b=1.0),
        ranking("support", a=1.0, b=2.0),
        ranking("recovery", b=2.0),
    ]
    told = instead_sentences(others, "a", TITLES)
    assert told == ["If reach or support people feel decides: Plan B."]
    assert instead_sentences(others, "b", TITLES) == []


def test_best_value_by_what_a_point_is_worth() -> None:
    two = frontier(("usual", "a"), (0.0, 100.0), (0.0, 10.0))
    assert worth_sentence(two, TITLES).endswith("worth: under £10, Usual care; above that, Plan A.")
    none = frontier(("usual", "a"), (0.0, 100.0), (0.0, -1.0))
    assert worth_sentence(none, TITLES).startswith("No choice gains")


def test_the_question_counts_teams_trusts_and_trainers() -> None:
    assert place_words(1, 1) == "1 team in 1 trust"
    assert place_words(1200, 2) == "1,200 teams in 2 trusts"
    assert question_words(2, "they", "a year", None, None) == "What should they get, over a year?"
    one = question_words(1, "they", "a year", 5000.0, 1, "Plan A")
    assert one == "Should they get Plan A with £5,000 a year and 1 trainer, over a year?"
    assert " with 2 trainers, " in question_words(2, "they", "a year", None, 2)


def test_grades_are_counted_with_their_verbs() -> None:
    named = [strategy("a"), strategy("b", "literature"), strategy("b", "literature")]
    assert grades_sentence(named) == (
        "One choice rests on the trial and two choices rest on other studies."
    )
    assert grades_sentence([]) == ""


def test_rows_have_a_line_for_each_step_and_for_the_money() -> None:
    rows = decision_rows(decision("a"))
    assert rows["step"].tolist() == ["Reach", "Relationship", "Cash", "Staff time"]
    assert rows[["mean", "5%", "95%"]].iloc[0].tolist() == [10.0, 5.0, 15.0]
    assert rows["unit"].iloc[3] == "GBP, not discounted"
    years = year_rows(decision("a"))
    assert years[["cost", "year", "mean"]].to_numpy().tolist() == [
        ["direct", "1", 10.0],
        ["indirect", "1", 20.0],
    ]
    assert set(decision_tables(decision("a"))) == {"decision", "ranking", "pairs", "frontier"}


def test_lines_are_those_of_the_page_in_order_and_empty_ones_are_left_out() -> None:
    lines = decision_lines(decision())
    assert lines == [
        "What?",
        "Plan A.",
        "Reach is wide.",
        "How sure: likely. It is.",
        "What would change it: A trial.",
        "Half.",
    ]
    more = decision_lines(decision(basis="Basis.", extrapolated="Beyond.", warnings=("Few.",)))
    assert [one for one in more if one not in lines] == ["Basis.", "Few.", "Beyond."]
    narrow = decision_text(decision(), width=12).splitlines()
    assert max(map(len, narrow)) <= 12
    content = decision_content(decision())
    assert (content["choice"], content["ranked_by"]) == ("a", "recovery")
    assert content["points"] == ["Reach is wide."]


def test_scales_of_the_page_are_those_of_the_instruments() -> None:
    """Percent run to 100; what differs from usual care has a nought on its scale, and room."""
    for one in STEPS:
        assert one.low <= 0 < one.high
        if one.gain:
            assert one.high < 100
        else:
            assert (one.low, one.high) == (0, 100)
        assert one.digits == (1 if one.gain else 0)
