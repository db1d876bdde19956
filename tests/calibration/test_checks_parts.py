"""How checks are simulated and told: CARe by hand, what is missed at the limits, and the words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.findings import checks
from calibration.findings.checks import (
    CARE,
    CARE_KEPT,
    CARE_LINES,
    ENDS,
    TEN_MONTHS,
    TWENTY_MONTHS,
    WHEN,
    care_layouts,
    care_of,
    checked,
    checks_text,
    predicted,
    table_rows,
)
from sim.posterior import NAMES
from sim.trials.studies.refocus_figures import FIGURES


def test_care_reported_its_gains_after_ten_and_twenty_months() -> None:
    """Practice 53.4 beside 33.4 after 10 months, 50.6 beside 37.2 after 20."""
    assert [round(months * 52 / 12) for months in (10, 20)] == [TEN_MONTHS, TWENTY_MONTHS]
    assert pytest.approx({43: 53.4 - 33.4, 87: 50.6 - 37.2}) == CARE
    assert pytest.approx((50.6 - 37.2) / (53.4 - 33.4)) == CARE_KEPT
    assert [one[1] for one in CARE_LINES.values()] == pytest.approx([20.0, *[13.4] * 2, 0.67, 0.67])
    assert ENDS[TEN_MONTHS] in CARE_LINES["care_20_ends"][0]
    assert ENDS[TWENTY_MONTHS] in CARE_LINES["care_20"][0]


def test_services_as_in_care_differ_by_the_end_of_coaching(monkeypatch) -> None:
    changed, real = [], checks.adjusted

    def adjusted(scenario: Any, changes: Any) -> Any:
        changed.append(dict(changes))
        return real(scenario, changes)

    monkeypatch.setattr(checks, "adjusted", adjusted)
    layouts = care_layouts()
    assert set(layouts) == {0, TEN_MONTHS, TWENTY_MONTHS}
    assert {len(one.teams) for one in layouts.values()} == {14}
    assert set(layouts[0].teams["programme"]) == {0}
    assert set(layouts[0].teams["start_week"]) == {-1}
    assert layouts[TEN_MONTHS].teams["programme"].min() > 0
    assert [one.pop("conditions.funding_end_week") for one in changed] == [43, 87]
    assert changed == [{"support.supervision.every": 5, "conditions.attendance_assured": 1.0}] * 2


def test_gains_are_over_the_same_services_at_the_same_week() -> None:
    """Practice by end of coaching and week: without .2 and .3, with .4 at first, then .42 or .5."""
    practice = {
        (0, 43): 0.2,
        (0, 87): 0.3,
        (TEN_MONTHS, 43): 0.4,
        (TEN_MONTHS, 87): 0.42,
        (TWENTY_MONTHS, 87): 0.5,
    }
    keys = set()

    class Work:
        def again(self, *key: Any) -> Work:
            keys.add(key[:3])
            self.end = key[3]
            return self

        def run_to(self, week: int) -> None:
            mean = practice[self.end, week]
            self.teams = {"behaviour_mean": np.array([mean - 0.1, mean + 0.1])}

    found = care_of({one: one for one in (0, 43, 87)}, Work(), "record", 6)  # type: ignore[arg-type, dict-item]
    assert found == pytest.approx(
        {
            "care_10": 20.0,
            "care_20_ends": 12.0,
            "care_20": 20.0,
            "care_kept_ends": 0.6,
            "care_kept": 1.0,
        }
    )
    assert keys == {("record", 1, 6)}


def test_a_direction_is_the_share_of_trials_that_show_it(monkeypatch) -> None:
    seen = []

    def trial(design: Any, record: Any, replication: int, wanted: bool, space: Any) -> Any:
        assert wanted
        seen.append(replication)
        # Nought shows no direction.
        return np.full(FIGURES, [0.0, -1.0, 0.005, 5.0][replication])

    monkeypatch.setattr(checks, "care_layouts", lambda: {0: None})
    monkeypatch.setattr(checks, "refocus_design", lambda seed: seed)
    monkeypatch.setattr(checks, "OneWorld", lambda layout: None)
    monkeypatch.setattr(checks, "care_of", lambda *given: dict.fromkeys(CARE_LINES, given[3]))
    monkeypatch.setattr(checks, "simulate_trial", trial)
    found = predicted([{}] * 4)
    assert seen == [0, 1, 2, 3]
    assert set(found) == {*CARE_LINES, *(one.name for one in checked())}
    assert found["care_kept"].tolist() == [0, 1, 2, 3]
    kinds = {one.kind for one in checked()}
    assert {"direction", "estimate"} <= kinds
    for one in checked():
        shown = [0.0, 0.0, 1.0, 1.0] if one.kind == "direction" else [0.0, -1.0, 0.005, 5.0]
        assert found[one.name].tolist() == shown


def test_the_file_is_made_of_two_hundred_draws_of_every_posterior(monkeypatch) -> None:
    asked = []

    def chosen(count: int, path: str) -> Any:
        asked.append((count, path))
        return SimpleNamespace(draws=[path])

    monkeypatch.setattr(checks, "chosen_draws", chosen)
    monkeypatch.setattr(checks, "predicted", lambda draws: {draws[0]: np.array([1.0, 3.0])})
    head, *rows = checks.anew().splitlines()
    assert head.startswith("posterior,headline,mean,low,high")
    assert [one.split(",")[:3] for one in rows] == [[name, name, "2"] for name in NAMES]
    assert asked == [(200, name) for name in NAMES]
    assert f"Simulated from {asked[0][0]} draws" in checks_text()


def stored(monkeypatch: pytest.MonkeyPatch, **said: tuple[float, float, float]) -> None:
    """Let the file hold mean and interval of some checks, and what was reported of the others."""
    reported = {name: value for name, (_, value) in CARE_LINES.items()}
    reported |= {one.name: one.value if one.kind != "direction" else 0.9 for one in checked()}
    rows = []
    for posterior in NAMES:
        for name, value in reported.items():
            mean, low, high = said.get(name, (value, value - 1.0, value + 1.0))
            if posterior != NAMES[0]:
                mean, low, high = (value, value - 1.0, value + 1.0)
            spread = {"mean": mean, "low": low, "high": high}
            rows.append({"posterior": posterior, "headline": name, **spread})
    monkeypatch.setattr(checks, "read", lambda path: rows)


@pytest.mark.parametrize(
    ("low", "high", "missed"),
    [
        (13.4, 15.0, "inside"),
        (13.5, 15.0, "missed"),
        (10.0, 13.4, "inside"),
        (10.0, 13.3, "missed"),
    ],
)
def test_what_was_reported_is_missed_outside_the_middle_90_percent(
    monkeypatch: pytest.MonkeyPatch, low: float, high: float, missed: str
) -> None:
    stored(monkeypatch, care_20=(0.0, low, high))
    rows = {one["name"]: one for one in table_rows()}
    assert rows["care_20"]["missed"] == missed
    assert rows["care_20"][NAMES[0]] == (0.0, low, high)
    assert {one["missed"] for name, one in rows.items() if name != "care_20"} == {"inside"}


@pytest.mark.parametrize(("share", "missed"), [(0.05, "inside"), (0.049, "missed")])
def test_a_direction_is_missed_where_fewer_than_one_in_twenty_show_it(
    monkeypatch: pytest.MonkeyPatch, share: float, missed: str
) -> None:
    name = next(one.name for one in checked() if one.kind == "direction")
    # That its interval holds all that there is says nothing.
    stored(monkeypatch, **{name: (share, 0.0, 1.0)})
    row = next(one for one in table_rows() if one["name"] == name)
    assert (row["missed"], row["reported"], row[NAMES[0]]) == (missed, "direction", share)
    assert row[NAMES[1]] == 0.9


RISES = "the model promises too much of coaching without end"
FADES = "practice fades in the model at another rate"


@pytest.mark.parametrize(
    ("said", "shown", "hidden"),
    [
        ({}, (), (RISES, FADES)),
        ({"care_kept": (1.0, 0.8, 1.2)}, (RISES,), (FADES,)),
        # Missed from below: practice fell further than in CARe.
        ({"care_kept": (0.3, 0.2, 0.4)}, (), (RISES, FADES)),
        ({"care_kept_ends": (0.3, 0.2, 0.4)}, (FADES,), (RISES,)),
        ({"care_kept": (0.3, 0.2, 0.4), "care_kept_ends": (0.3, 0.2, 0.4)}, (FADES,), (RISES,)),
    ],
)
def test_what_care_tells_of_practice_depends_on_what_is_missed(
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, tuple[float, float, float]],
    shown: tuple[str, ...],
    hidden: tuple[str, ...],
) -> None:
    stored(monkeypatch, **said)
    text = checks_text()
    for one in shown:
        assert one in text
    for one in hidden:
        assert one not in text
    titles = [CARE_LINES[name][0] for name in CARE_LINES if name in said]
    assert f"Missed: {'; '.join(titles) or 'none'}." in text


def test_levels_and_shares_of_care_are_told_for_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stored(monkeypatch, care_20=(0.0, 14.0, 15.0), care_kept_ends=(0.1, 0.0, 0.2))
    text = checks_text()
    ended, goes_on = WHEN
    level = text[text.index("CARe's 13.4 points are") : text.index("the share of its gain")]
    assert f"inside if {ended}" in level
    assert f"missed if {goes_on}" in level
    share = text[text.index("the share of its gain that it kept, .67, is") :]
    assert f"missed if {ended}" in share
    assert f"inside if {goes_on}" in share
