"""Options of a user's own trials: which trial a value is for, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration import own_trials as own_trials_module
from calibration.evidence.individual import People
from calibration.evidence.targets import load_targets
from calibration.own_trials import by_trial, named, own_trial, own_trials
from sim.errors import InputError
from sim.inputs.roster import Roster, TeamRow, trial_roster


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


def test_what_was_delivered_is_compared_with_the_best_that_can_be(monkeypatch) -> None:
    """Full implementation of one's own programme: no limits of training, attendance or time."""
    asked = []

    def design(roster, delivered, full, seed: int) -> str:
        asked.append((delivered, full, seed))
        return "effects"

    monkeypatch.setattr(own_trials_module, "design_of", design)
    targets, own = own_trials({"scenario": ["refocus-as-delivered"]}, [], 5)
    ((delivered, full, seed),) = asked
    assert (own["effects"], seed) == ("effects", 5)
    assert own["designs"][""].seed == 5
    assert targets == load_targets()
    quality = full.training.quality
    assert (quality.engagement, quality.delivery, quality.modelling) == (1.0, 1.0, 1.0)
    assert full.conditions.attendance_assured == 1.0
    assert full.conditions.protected_time == full.conditions.priorities_relief == 0.0
    assert delivered.training.quality.delivery < 1.0
    # The week goes on for as long as the trial did.
    assert own["designs"][""].layouts[0].actions.shape[1] == 52


def test_without_anything_of_ones_own_the_shipped_trial_is_fitted() -> None:
    assert own_trials({}, [], 1) == (load_targets(), {})


def test_a_trial_needs_both_arms_and_a_programme(tmp_path: Path) -> None:
    path = tmp_path / "teams.csv"
    path.write_text("team,arm,sampled\na,control,4\nb,control,4\n", encoding="utf-8")
    with pytest.raises(InputError, match="arm holds only control"):
        own_trial({"roster": str(path)}, None, 1)
    with pytest.raises(InputError, match="a trial needs a programme"):
        own_trial({"scenario": "usual-care"}, None, 1)
    roster, scenario = own_trial({}, None, 1)
    assert scenario.name == "refocus-as-delivered"
    assert len(roster.rows) == len(trial_roster(1).rows)


def test_a_sheet_is_of_individual_data() -> None:
    with pytest.raises(InputError, match="is for a workbook of --data"):
        own_trials({"sheet": ["one"]}, [], 1)


def test_four_names_are_listed_and_the_others_counted() -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    assert own_trials_module._listed(names[:4]) == "'a', 'b', 'c', 'd'"
    assert own_trials_module._listed(names[:5]) == "'a', 'b', 'c', 'd' and 1 more"
    assert own_trials_module._listed(names) == "'a', 'b', 'c', 'd' and 2 more"


def compared(rows: dict[str, tuple[str, int]], people: dict[str, tuple[str, int]]) -> list[str]:
    roster = Roster(
        tuple(TeamRow(team=name, arm=arm, sampled=count) for name, (arm, count) in rows.items()),
        source="teams.csv",
    )
    sizes = [count for _, count in people.values()]
    exposed = [int(arm == "intervention") for arm, _ in people.values()]
    team = np.repeat(np.arange(len(people)), sizes)
    found = People("people.csv", np.repeat(exposed, sizes), team, tuple(people), {})
    return own_trials_module._compared(roster, found)


TREATED, USUAL = ("intervention", 3), ("control", 2)


def test_teams_of_roster_and_data_are_laid_beside_each_other() -> None:
    same = {"a": TREATED, "b": USUAL}
    assert compared(same, same) == []
    assert compared(same, {"A": TREATED, "B": USUAL}) == []
    (other,) = compared({**same, "c": USUAL}, {"x": USUAL, "y": TREATED, "z": USUAL})
    assert "other names of teams" in other
    for wrong in ({"x": USUAL, "y": USUAL}, {"x": TREATED}, {"x": TREATED, "y": USUAL, "z": USUAL}):
        with pytest.raises(InputError, match="team 'x' of data 'people.csv' is not in it"):
            compared(same, wrong)
    with pytest.raises(InputError, match="arm = 'control', in data 'people.csv' 'intervention'"):
        compared({"a": TREATED, "b": USUAL}, {"a": TREATED, "b": TREATED})
    (empty,) = compared({**same, "c": USUAL}, same)
    assert "nobody of 'c' is in data" in empty
    (sizes,) = compared(same, {"a": ("intervention", 4), "b": USUAL})
    assert "1 of 2 teams sample another number" in sizes
    assert "('a' 3, data 4)" in sizes
