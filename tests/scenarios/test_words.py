"""Names of published lists: only real ones, for everything or with a reason, without stretching."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import InputError
from sim.frameworks import frameworks, own_words
from sim.frameworks.words import words_of_table
from sim.link import elements
from sim.measures.catalogue import catalogue
from sim.planning.outcomes import IMPLEMENTATION, outcome_words
from sim.scenarios.contents import PROGRAMME, field_of
from sim.scenarios.library import adjusted, load_scenario, scenario_from_text
from sim.scenarios.words import DECISIONS, determinants_of, field_words, strategies_of

TRIAL = (
    "Conduct educational meetings",
    "Organize clinician implementation team meetings",
    "Provide ongoing consultation",
    "Prepare patients/consumers to be active participants",
)
DYNAMIC, CAPABLE = "Make training dynamic", "Innovation Deliverers: Capability"


def test_the_lists_have_the_numbers_their_authors_give() -> None:
    """ERIC has 73; CFIR 2.0 has five domains; Proctor eight, six and three; RE-AIM its letters."""
    lists = frameworks()
    assert len(lists["eric"].names) == 73
    assert len(lists["cfir"].groups) == 5
    assert [len(names) for names in lists["proctor"].groups.values()] == [8, 6, 3]
    assert "".join(name[0] for name in lists["re_aim"].names) == "REAIM"
    for one in lists.values():
        assert len(set(one.names)) == len(one.names)
        assert "doi 10." in one.source


def test_everything_a_scenario_does_has_names_or_a_reason() -> None:
    fields = {*PROGRAMME, *DECISIONS, *(field_of(one) for one in elements())}
    assert set(field_words()) == fields
    for field, words in field_words().items():
        assert (words.eric and words.cfir) or words.why, field


def test_everything_measured_has_names_or_a_reason() -> None:
    assert set(catalogue()) <= set(own_words())
    assert {*IMPLEMENTATION, "cost"} == set(outcome_words())
    for name in (*catalogue(), *IMPLEMENTATION):
        words = outcome_words().get(name) or own_words()[name]
        assert (words.proctor and words.re_aim) or words.why, name


def test_reach_is_who_got_it_and_adoption_who_took_it_up() -> None:
    words = outcome_words()
    reached = {name for name, one in words.items() if "Reach" in one.re_aim}
    taken_up = {name for name, one in words.items() if "Adoption" in one.re_aim}
    assert reached == {"reach", "people_reached"}
    assert taken_up == {"adoption", "teams_attending"}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"eric": ["Provide clinical supervison"]}, "did you mean 'Provide clinical supervision'?"),
        ({"cfir": ["Relative priority"]}, "did you mean 'Relative Priority'?"),
        ({"re_aim": ["Reached"]}, "did you mean 'Reach'?"),
        ({"erik": ["Facilitation"]}, "did you mean 'eric'?"),
        ({}, "must give a name, or say why there is none"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(table: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as error:
        words_of_table("support.mine", table)
    assert told in str(error.value)
    assert 'words."support.mine"' in str(error.value)


def test_names_follow_from_what_a_scenario_contains() -> None:
    """Worked by hand from the table of elements."""
    delivered = load_scenario("refocus-as-delivered")
    assert strategies_of(delivered) == TRIAL
    assert strategies_of(load_scenario("usual-care")) == ()
    # The programme itself is no strategy for implementing it.
    assert strategies_of(load_scenario("partnership-only")) == ()
    assert strategies_of(load_scenario("goals-only")) == TRIAL[:1]
    coached = adjusted(delivered, {"support.supervision.intensity": 0.5})
    assert set(strategies_of(coached)) - set(TRIAL) == {"Provide clinical supervision"}
    waves = adjusted(delivered, {"timing.waves": 3, "timing.order": "readiness"})
    assert set(strategies_of(waves)) - set(TRIAL) == {
        "Stage implementation scale up",
        "Assess for readiness and identify barriers and facilitators",
    }


def test_less_of_it_acts_on_the_determinant_and_is_no_strategy() -> None:
    alone = load_scenario("reflection-only")
    for delivery, named in ((0.2, False), (0.5, False), (0.8, True)):
        one = adjusted(alone, {"training.quality.delivery": delivery})
        assert (DYNAMIC in strategies_of(one)) == named
        assert (CAPABLE in determinants_of(one)) == (delivery != 0.5)


def test_what_no_field_shows_is_declared_in_a_name_of_the_list() -> None:
    text = 'extends = "refocus-as-delivered"\nstrategies = ["{}"]\n'
    mine = scenario_from_text(text.format("Audit and provide feedback"), "mine")
    assert strategies_of(mine) == (*TRIAL, "Audit and provide feedback")
    with pytest.raises(InputError, match="did you mean 'Audit and provide feedback'"):
        scenario_from_text(text.format("Audit and feedback"), "mine")
    assert "train-the-trainer" in str(strategies_of(load_scenario("train-the-trainer")))
