"""Figures of a table of people by hand, the ranges of scores, and what is too little or too far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calibration.evidence import individual as module
from calibration.evidence.individual import (
    SCORES,
    People,
    figure_columns,
    figures_of,
    read_people,
    targets_of,
)
from sim.errors import InputError


def trial(each: int = 8, **scores: np.ndarray) -> People:
    """Return two teams of an arm each, so many people in each."""
    team = np.repeat(np.arange(2), each)
    rng = np.random.default_rng(1)
    given: Mapping[str, np.ndarray] = {
        "qpr15_start": rng.normal(30.0, 5.0, 2 * each),
        "qpr15_end": rng.normal(35.0, 5.0, 2 * each),
        **scores,
    }
    return People("people.csv", team.copy(), team, ("a", 'b "c"'), given)


def test_scores_reach_as_far_as_their_items() -> None:
    """QPR: 15 items of 0 to 4, 17 and 5 in the sub-scales of 22; 22 needs; the rest of 100."""
    items = {"qpr15": 15, "qpr_intrapersonal": 17, "qpr_interpersonal": 5}
    for name, count in items.items():
        assert SCORES[name] == (0.0, 4.0 * count)
    for name in ("cansas_staff", "cansas_user"):
        assert SCORES[name] == (0.0, 22.0)
    for name in ("gaf", "inspire_support", "inspire_relationship"):
        assert SCORES[name] == (0.0, 100.0)
    for name in ("hope", "empowerment", "rsa_user"):
        assert SCORES[name] == (-np.inf, np.inf)


def test_teams_are_the_roster_of_the_trial() -> None:
    assert trial(3).roster_text() == 'team,arm,sampled\n"a",control,3\n"b ""c""",intervention,3\n'


def contrasted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let every contrast be 3, with an error of 2 where somebody is lost, of 4 where nobody is."""
    asked: list[Any] = []

    def contrast(*given: Any) -> tuple[float, float]:
        asked.append(given)
        return 3.0, 2.0 if np.isnan(given[0]).any() else 4.0

    monkeypatch.setattr(module, "contrast", contrast)
    monkeypatch.setattr(module, "anova_icc", lambda *given: 0.1)
    return asked


def test_level_spread_and_retention_by_hand(monkeypatch) -> None:
    """Arms of 10, 20 and 30, 30, 30 and 60 where one was lost in each; changes of 1, 2, 3 ..."""
    contrasted(monkeypatch)
    end = np.array([10.0, 20.0, 30.0, 15.0, 20.0, 25.0, np.nan, 30.0, 40.0, 50, 35, 40, 45, np.nan])
    start = end - np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 9.0] * 2)
    found = figures_of(trial(7, qpr15_end=end, qpr15_start=start))
    assert found["control_mean"]["value"] == pytest.approx(20.0)
    # Each arm: squares 100, 0, 100, 25, 0, 25.
    assert found["log_sd"]["value"] == pytest.approx(np.sqrt(500.0 / 10.0))
    assert found["logit_retention"] == {"value": 12, "of": 14}
    assert found["pooled_change"]["value"] == pytest.approx(2.0)


@pytest.mark.parametrize(("followed", "enough"), [(6, True), (5, False)])
def test_six_people_of_each_arm_have_to_be_followed_up(followed: int, enough: bool) -> None:
    end = np.full(16, 30.0) + np.arange(16.0) % 5
    end[8 + followed :] = np.nan
    if enough:
        assert "difference" in figures_of(trial(qpr15_end=end))
    else:
        with pytest.raises(InputError, match=r"5 people of one arm .* at least 6 are needed"):
            figures_of(trial(qpr15_end=end))


def test_differences_are_signed_so_that_better_is_positive(monkeypatch) -> None:
    asked = contrasted(monkeypatch)
    both = {f"{name}{when}": np.arange(16.0) for name in SCORES for when in ("_start", "_end")}
    end = np.r_[np.nan, np.arange(15.0)]
    people = trial(**{**both, "qpr15_end": end})
    found = figures_of(people)
    assert found["difference"] == {"value": 3.0, "se": 2.0}
    assert found["gaf_difference"] == {"value": 3.0, "se": 4.0}
    assert found["log_se"] == {"value": 2.0}
    for better in ("inspire_support_difference", "inspire_relationship_difference"):
        assert found[better] == {"value": 3.0, "se": 4.0}
    for needs in ("staff_unmet_needs_reduction", "user_unmet_needs_reduction"):
        assert found[needs] == {"value": -3.0, "se": 4.0}
    assert found["z_intrapersonal"] == found["z_interpersonal"] == {"value": 0.75}
    for values, start, exposed, kept, team, teams, adjusted in asked:
        assert (len(values), len(start), teams, adjusted) == (16, 16, 2, 1)
        assert exposed.tolist() == team.tolist()
        # Who was followed up with the main outcome, whatever else is there.
        assert kept.tolist() == [0] + [1] * 15


def test_correlations_are_at_baseline_of_who_has_both(monkeypatch) -> None:
    contrasted(monkeypatch)
    qpr = np.r_[np.nan, np.arange(15.0)]
    hope = np.r_[5.0, np.nan, -2.0 * np.arange(1.0, 15.0)]
    rsa = np.sin(np.arange(16.0))
    found = figures_of(trial(qpr15_start=qpr, hope_start=hope, rsa_user_start=rsa))
    assert found["hope_correlation"]["value"] == pytest.approx(-1.0)
    known = np.corrcoef(rsa[1:], qpr[1:])[0, 1]
    assert found["rsa_correlation"]["value"] == pytest.approx(known)
    assert "empowerment_correlation" not in found
    # A correlation with what never varies is none, and no target.
    still = figures_of(trial(hope_start=np.full(16, 3.0)))
    assert "hope_correlation" not in still


def test_half_of_a_score_gives_no_difference(monkeypatch) -> None:
    contrasted(monkeypatch)
    found = figures_of(trial(gaf_end=np.arange(16.0), qpr_interpersonal_start=np.arange(16.0)))
    assert "gaf_difference" not in found
    assert "z_interpersonal" not in found


def test_targets_are_numbered_in_their_order(monkeypatch) -> None:
    contrasted(monkeypatch)
    made = targets_of(trial(), "north")
    assert next(iter(made)) == "north: data_control_mean"
    assert [one.pattern for one in made.values()] == [
        f"north D{number}" for number in range(1, len(made) + 1)
    ]
    difference = made["north: data_difference"]
    assert (difference.value, difference.se, difference.use) == (3.0, 4.0, "fit")
    assert difference.population == "16 people in 2 teams"
    assert made["north: data_pooled_change"].use == "check"


def test_columns_that_a_figure_is_taken_from() -> None:
    both = ("qpr15_start", "qpr15_end")
    assert figure_columns("difference") == figure_columns("log_se") == both
    assert figure_columns("gaf_difference") == ("gaf_start", "gaf_end")
    assert figure_columns("z_interpersonal") == (
        "qpr_interpersonal_start",
        "qpr_interpersonal_end",
    )
    assert figure_columns("rsa_correlation") == ("rsa_user_start", "qpr15_start")
    assert figure_columns("icc_baseline") == ("qpr15_start",)
    assert figure_columns("pooled_change") == both
    assert figure_columns("logit_retention") == ("qpr15_end",)
    assert figure_columns("cost_reduction") == ()


def written(path: Path, **changed: Any) -> Path:
    frame = pd.DataFrame(
        {
            "arm": ["control", "intervention"] * 10,
            "team": ["a", "b"] * 10,
            "qpr15_start": np.arange(20.0) + 20.0,
            "qpr15_end": np.arange(20.0) + 25.0,
        }
    ).assign(**changed)
    frame.to_csv(path / "people.csv", index=False)
    return path / "people.csv"


@pytest.mark.parametrize(
    ("name", "highest", "count", "fits"),
    [
        # A tenth of a range of 100, or one item where a tenth is less than that.
        ("gaf", 10.0, 20, False),
        ("gaf", 10.1, 20, True),
        ("qpr15", 6.0, 20, False),
        ("qpr15", 6.1, 20, True),
        ("qpr_interpersonal", 4.0, 20, False),
        ("qpr_interpersonal", 4.1, 20, True),
        # Ten people have to be alike; few may be ill.
        ("gaf", 1.0, 10, False),
        ("gaf", 1.0, 9, True),
        # Needs may all be met, and some scales have no end.
        ("cansas_user", 1.0, 20, True),
        ("hope", 1.0, 20, True),
    ],
)
def test_values_within_a_tenth_of_a_range_are_in_another_unit(
    tmp_path: Path, name: str, highest: float, count: int, fits: bool
) -> None:
    values = np.where(np.arange(20) < count, highest * np.arange(1.0, 21.0) / count, np.nan)
    path = written(tmp_path, **{f"{name}_start": values})
    if fits:
        assert np.nanmax(read_people(path).scores[f"{name}_start"]) == pytest.approx(highest)
    else:
        with pytest.raises(InputError, match=r"this looks like another unit"):
            read_people(path)


@pytest.mark.parametrize(("value", "inside"), [(0, True), (100, True), (-1, False), (101, False)])
def test_a_score_at_the_end_of_its_range_is_one(tmp_path: Path, value: int, inside: bool) -> None:
    values = np.arange(20.0) + 40.0
    values[3] = value
    path = written(tmp_path, gaf_start=values)
    if inside:
        assert read_people(path).scores["gaf_start"][3] == value
    else:
        with pytest.raises(InputError, match=r"row 4: gaf_start = .* lies outside \[0, 100\]"):
            read_people(path)


def test_people_are_read_with_team_and_arm(tmp_path: Path) -> None:
    found = read_people(written(tmp_path))
    assert found.teams == ("a", "b")
    assert found.team.tolist() == found.exposed.tolist() == [0, 1] * 10
    assert found.notes == ()
    assert (
        "nothing is taken from the column 'age'" in read_people(written(tmp_path, age=40)).notes[-1]
    )


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        ("gaf_strt", "gaf_start"),
        ("GAF End", "gaf_end"),
        ("hop_end", "hope_end"),
        ("gaf_edn", "gaf_end"),
        ("empowermnt_start", "empowerment_start"),
        # Another time, another score, or neither.
        ("gaf_mid", ""),
        ("gaf_sister", ""),
        ("gap_start", ""),
        ("hole_start", ""),
        ("age", ""),
    ],
)
def test_a_column_that_is_nearly_another_is_taken_for_a_misspelling(
    column: str, meant: str
) -> None:
    assert module._meant(column) == meant


def test_some_of_many_labels_and_columns_are_listed(tmp_path: Path) -> None:
    arms = [["a", "b", "c", "d", "e"][place % 5] for place in range(20)]
    with pytest.raises(InputError, match="arm holds 'a', 'b', 'c', 'd': must be"):
        read_people(written(tmp_path, arm=arms))
    others = {f"other {number}": 1.0 for number in range(9)}
    (note,) = read_people(written(tmp_path, **others)).notes
    assert note.endswith("'other 6', 'other 7'")
    assert note.startswith("nothing is taken from the columns 'other 0'")
