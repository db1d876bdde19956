"""What links declare is gathered; what they get wrong is told by name."""

from __future__ import annotations

import pytest

from sim.element import INDIRECT, Cost, Element, Use, level, spell
from sim.errors import InputError
from sim.link import STAFF, After, Link, Phase, elements, gathered, phase
from sim.planning.costs import element_lines
from sim.planning.prices import shipped_prices
from sim.scenarios.schema import Scenario


def tired(name: str) -> Phase:
    return phase(name, STAFF, "Tire.")


def test_links_that_ask_for_the_same_place_come_in_the_order_of_their_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = {
        "a": Link(week=(After("rest", tired("first")),)),
        "b": Link(week=(After("rest", tired("second")), After("first", tired("between")))),
    }
    monkeypatch.setattr("sim.link.links", lambda: links)
    names = [one.name for one in gathered((tired("rest"), tired("last")))]
    assert names == ["rest", "first", "between", "second", "last"]
    with pytest.raises(InputError, match=r"unknown phase of the week in a.py 'rest'"):
        gathered((tired("last"),))


def test_no_two_links_declare_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = level("training", "hours", "Hours."), level("support", "hours", "Hours.")
    links = {"a": Link(elements=(one,)), "b": Link(elements=(other,))}
    monkeypatch.setattr("sim.link.links", lambda: links)
    with pytest.raises(InputError, match=r"b.py: action.hours is already an element of a.py"):
        elements.__wrapped__()
    monkeypatch.setattr("sim.link.links", lambda: {"a": links["a"]})
    assert elements.__wrapped__() == (one,)


def test_every_element_is_a_field_of_a_scenario_with_its_bounds() -> None:
    scenario = Scenario(name="a", title="b", description="c", grade="assumption", source="d")
    assert len(elements()) > 20
    for one in elements():
        value = one.of(scenario)
        assert getattr(value, "intensity", value) == one.default, one.name


def paid(*costs: Cost) -> Element:
    return spell("beyond", "song", "song", "Song.", (Use("songs", "songs"),), costs)


def test_a_cost_names_prices_that_exist_and_a_line_is_of_one_kind() -> None:
    prices = shipped_prices().entries
    with pytest.raises(InputError, match=r"price in the line 'song' 'coach_hours'; did you mean"):
        list(element_lines([paid(Cost("song", "songs", "coach_hours"))], prices))
    both = Cost("song", "songs", "coach_hour"), Cost("song", "songs", "staff_hour", "", INDIRECT)
    with pytest.raises(InputError, match="line 'song': its costs must be all direct, or all ind"):
        list(element_lines([paid(*both)], prices))


def test_terms_of_a_line_that_share_a_price_are_added_before_it_is_paid() -> None:
    terms = (
        Cost("song", "songs", "supervision_hours", "coach_hour"),
        Cost("song", "dances", "telephone_hours", "coach_hour"),
    )
    (line,) = element_lines([paid(*terms)], shipped_prices().entries)
    price = {"supervision_hours": 2.0, "telephone_hours": 3.0, "coach_hour": 7.0}
    use = {"songs": 5.0, "dances": 11.0}
    assert line.prices == ("telephone_hours", "coach_hour", "supervision_hours")
    assert line.amount(use.__getitem__, price, None) == (5 * 2 + 11 * 3) * 7  # type: ignore[arg-type]
