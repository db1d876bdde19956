"""Options of a user's own trials: which trial a value is for, and what is refused."""

from __future__ import annotations

import pytest

from calibration.own_trials import by_trial, named
from sim.errors import InputError


def test_a_value_is_for_the_trial_before_its_equals_sign() -> None:
    assert named("north=trial.csv") == ("north", "trial.csv")
    assert named("trial.csv") == ("", "trial.csv")


def test_one_trial_needs_no_name() -> None:
    assert by_trial({"data": ["trial.csv"], "roster": None}) == {"": {"data": "trial.csv"}}
    assert by_trial({}) == {"": {}}


def test_several_trials_have_their_own_files_in_the_order_of_their_names() -> None:
    found = by_trial({"data": ["north=a.csv", "south=b.csv"], "roster": ["south=c.csv"]}, ["west"])
    assert list(found) == ["north", "south", "west"]
    assert found["north"] == {"data": "a.csv"}
    assert found["south"] == {"data": "b.csv", "roster": "c.csv"}
    assert found["west"] == {}


@pytest.mark.parametrize(
    ("options", "also", "fault"),
    [
        ({"data": ["a.csv", "b.csv"]}, [], "of several trials each needs a name"),
        ({"data": ["north=a.csv", "b.csv"]}, [], "of several trials each needs a name"),
        ({"data": ["a.csv"]}, ["north"], "of several trials each needs a name"),
        ({"data": ["north=a.csv", "north=b.csv"]}, [], "given twice for trial 'north'"),
    ],
)
def test_what_could_be_meant_for_two_trials_is_refused(
    options: dict[str, list[str]], also: list[str], fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        by_trial(options, also)


def test_what_is_said_of_all_holds_where_a_trial_says_nothing_itself() -> None:
    found = by_trial({"data": ["north=a.csv", "south=b.csv"], "sheet": ["south=two", "one"]})
    assert {name: said["sheet"] for name, said in found.items()} == {"north": "one", "south": "two"}
    with pytest.raises(InputError, match="given twice for all trials"):
        by_trial({"data": ["north=a.csv"], "sheet": ["one", "two"]})
