"""A plan as plain values, from an answer that is written in by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.planning.plan_content import chance_content, cost_content, plan_content
from sim.planning.plan_study import FEWEST_FRESH
from sim.planning.uncertainty import chance_of
from tests.planning.plans_by_hand import outcome, question


def test_of_ten_fresh_draws_ties_are_told_and_of_nine_not() -> None:
    assert FEWEST_FRESH == 10
    for fresh, told in ((10, True), (9, False)):
        content = plan_content(replace(outcome(), fresh=fresh), "", "")
        assert content["gain"]["enough_draws"] is told
        assert content["tied"] == (["random order, refocus-boosters"] if told else [])


def test_settings_say_what_was_asked() -> None:
    asked = question(objective="equity", equity_weight=3.0)
    for found, weight in ((outcome(), None), (replace(outcome(), question=asked), 3.0)):
        assert plan_content(found, "", "")["settings"]["equity_weight"] == weight
    content = plan_content(outcome(), "what it covers", "refocus plan")
    assert content["settings"] == {
        "weeks": 60,
        "objective": "qpr",
        "equity_weight": None,
        "threshold": 0.5,
        "trainers": 2,
        "trainer_days_per_year": 100.0,
        "budget_per_year": 5000.0,
        "budget_in_all": 10_000.0,
        "include_control": False,
        "setting": question().setting.source,
        "start_date": "2027-04-01",
    }
    assert (content["draws"], content["seed"], content["scores_cover"]) == (50, 1, "what it covers")
    assert content["worth_knowing"] == []


def test_the_effect_has_its_chances_by_threshold() -> None:
    """Boosted, every team treated gains 4 on average, from 3.6 to 4.4 over draws."""
    effect = plan_content(outcome(), "", "")["effect"]
    assert effect["mean"] == pytest.approx(4.0)
    assert (effect["low"], effect["high"]) == pytest.approx((3.64, 4.36))
    shares = {name: one["share"] for name, one in effect["chances"].items()}
    assert shares["harm"] == 0.0
    assert shares["any benefit"] == shares["1 or more"] == shares["2.7 or more"] == 1.0
    assert shares["4 or more"] == pytest.approx(0.5, abs=0.03)
    assert effect["threshold"]["points"] == 0.5
    assert effect["threshold"]["share"] == 1.0
    nobody = plan_content(replace(outcome(), effect=None), "", "")
    assert nobody["effect"] is None


def test_costs_and_chances_as_plain_values() -> None:
    """The search's A: 48 weeks of the first year, 8 of the second and 24 later at 5, B at 2."""
    assert cost_content(outcome().search) == {
        "by_year": [48 * 5 + 42 * 2, 8 * 5 + 8 * 2],
        "later": 124,
        "committed": 504,
    }
    found = chance_content(chance_of(outcome().worth[0] > 0.0, "draws"))
    assert (found["share"], found["monte_carlo_se"], found["of"]) == (1.0, 0.0, "draws")
    assert found["low"] < found["high"] == 1.0
