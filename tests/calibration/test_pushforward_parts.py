"""How headlines are taken from worlds and trials: by hand, with worlds that are made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from calibration.findings import pushforward
from calibration.findings.pushforward import (
    BEFORE,
    CARE_ERROR,
    COLUMNS,
    HEADLINES,
    Services,
    chance_of_null,
    headlines,
    read,
    rows_of,
    seen,
    services,
    summary,
    trial_of,
)
from sim.posterior import NAMES
from sim.trials.studies.refocus_figures import FIGURES, PLACE


def figures_of(**said: float) -> np.ndarray:
    """Return the figures of a trial of which only some are said."""
    figures = np.full(FIGURES, np.nan)
    for name in ("participation", "support"):
        figures[PLACE[name if name == "participation" else "participation_support"]] = 7.0
    for name, value in said.items():
        figures[PLACE[name]] = value
    return figures


QUIET = {
    "z_participation_total": 1.9,
    "z_participation_intrapersonal": -1.9,
    "z_participation_interpersonal": 0.0,
    "z_intrapersonal": -1.95,
    "z_interpersonal": 1.95,
    "logit_retention": np.log(3.0),
    "difference": 0.7,
    "icc_baseline": 0.04,
}


def test_a_trial_without_a_significant_contrast_would_have_reported_none() -> None:
    found = trial_of(figures_of(**QUIET))
    assert found["retention"] == pytest.approx(0.75)
    assert (found["difference"], found["icc"]) == (0.7, 0.04)
    assert (found["null_intrapersonal"], found["null_interpersonal"]) == (1.0, 1.0)
    assert (found["participation"], found["support"]) == (7.0, 7.0)
    assert np.isnan(found["participation_reported"])
    assert np.isnan(found["support_reported"])


@pytest.mark.parametrize("test", pushforward.TESTS)
@pytest.mark.parametrize("z", [2.0, -2.0])
def test_one_significant_contrast_is_enough_to_be_reported(test: str, z: float) -> None:
    found = trial_of(figures_of(**{**QUIET, test: z}))
    assert (found["participation_reported"], found["support_reported"]) == (7.0, 7.0)


def test_a_significant_subscale_is_no_null() -> None:
    found = trial_of(figures_of(**{**QUIET, "z_intrapersonal": -2.0, "z_interpersonal": 2.0}))
    assert (found["null_intrapersonal"], found["null_interpersonal"]) == (0.0, 0.0)


@pytest.mark.parametrize("error", [1.0, 0.16])
@pytest.mark.parametrize("away", [0.0, 1.0, -2.5])
def test_the_chance_of_a_null_is_that_of_a_normal_within_its_limits(
    error: float, away: float
) -> None:
    edge = norm.ppf(0.975)
    assert chance_of_null(away * error, error) == pytest.approx(
        norm.cdf(edge, away) - norm.cdf(-edge, away)
    )


def test_a_world_is_read_after_a_year() -> None:
    support = np.array([40.0, 60.0, 80.0])

    class Work:
        scores = {"qpr15": np.array([[20.0, 30.0, 40.0]]), "inspire_support": support[None]}
        teams = {"behaviour_mean": np.array([0.25, 0.75])}

        def again(self, *key: Any) -> Work:
            assert key == ("record", 1, 5, "layout")
            return self

        def run_to(self, week: int) -> None:
            assert week == 52

    where = Services({"full": "layout"}, Work())  # type: ignore[arg-type]
    assert seen(where, "full", "record", 5) == pytest.approx(
        (0.5, 30.0, 60.0, support.std(), np.sqrt(200.0 / 3.0))
    )


def test_changes_are_those_from_usual_care_in_units_of_usual_care(monkeypatch) -> None:
    """34.06 less 30 is .4 of 10.15; practice .5 less .3; support 60 less 50, of an SD of 20."""
    worlds = {"full": (0.5, 34.06, 60.0, 7.0, 7.0), "usual": (0.3, 30.0, 50.0, 20.0, 9.0)}
    monkeypatch.setattr(pushforward, "seen", lambda where, name, record, replication: worlds[name])
    found = pushforward.effects(SimpleNamespace(layouts=worlds), None, 3)  # type: ignore[arg-type]
    assert found == pytest.approx(
        {"usual_sd": 9.0, "full": 0.4, "practice_full": 0.2, "support_full": 0.5}
    )


def test_the_services_are_the_intervention_teams_with_the_programme_and_without(
    monkeypatch,
) -> None:
    changed, real = [], pushforward.adjusted

    def adjusted(scenario: Any, changes: Any) -> Any:
        changed.append((scenario.name, dict(changes)))
        return real(scenario, changes)

    monkeypatch.setattr(pushforward, "adjusted", adjusted)
    where = services()
    assert set(where.layouts) == {"delivered", "full", "conditions", "care", "usual"}
    assert {len(one.teams) for one in where.layouts.values()} == {14}
    assert set(where.layouts["usual"].teams["programme"]) == {0}
    assert set(where.layouts["usual"].teams["start_week"]) == {-1}
    assert where.layouts["full"].teams["programme"].min() > 0
    assert list(where.work.assessments) == [52]
    # Everybody trained, and coached every five weeks for as long as it goes.
    ((name, changes),) = changed
    assert name == "continuing-coaching"
    assert changes == {"support.supervision.every": 5, "conditions.attendance_assured": 1.0}


def test_every_draw_has_a_world_a_trial_and_a_place_of_its_own(monkeypatch) -> None:
    """The effect elsewhere differs by the draw's spread; CARe has the same difference."""
    seen_of: list[tuple[str, int]] = []
    known = dict.fromkeys(HEADLINES, 0.5) | {"delivered": 0.1, "care": 0.2}

    def world(where: Any, record: Any, number: int) -> dict[str, float]:
        seen_of.append(("world", number))
        return {name: value for name, value in known.items() if name not in trial}

    def trial_simulated(design: Any, record: Any, number: int, checks: bool, space: Any) -> Any:
        assert checks
        seen_of.append(("trial", number))
        return figures_of(**QUIET)

    trial = trial_of(figures_of(**QUIET))
    monkeypatch.setattr(pushforward, "services", lambda: None)
    monkeypatch.setattr(pushforward, "refocus_design", lambda seed: seed)
    monkeypatch.setattr(pushforward, "effects", world)
    monkeypatch.setattr(pushforward, "simulate_trial", trial_simulated)
    found = headlines([{"between_trials_sd": 0.0}, {"between_trials_sd": 0.2}] * 2)
    assert seen_of == [(kind, number) for number in range(4) for kind in ("world", "trial")]
    assert set(found) == set(HEADLINES)
    assert found["new_trial"][0] == found["new_trial"][2] == pytest.approx(0.1)
    lots = np.random.default_rng(1).standard_normal(4)
    away = 0.2 * lots[[1, 3]]
    assert found["new_trial"][[1, 3]] == pytest.approx(0.1 + away)
    expected = [chance_of_null(one, CARE_ERROR) for one in (0.2, *(0.2 + away))]
    assert found["null_care"][[0, 1, 3]] == pytest.approx(expected)
    assert found["retention"] == pytest.approx(0.75)


def test_the_error_of_care_is_that_of_its_people_and_teams() -> None:
    """263 people in 14 teams, whose outcomes correlate at .03 to .05."""
    plain, people = 2.0 / np.sqrt(263.0), 263.0 / 14.0
    low, high = (plain * np.sqrt(1.0 + (people - 1.0) * icc) for icc in (0.03, 0.05))
    assert low < CARE_ERROR < high


def test_a_summary_leaves_out_what_would_not_be_reported() -> None:
    values = np.r_[np.arange(21.0), np.nan]
    error = np.arange(21.0).std(ddof=1) / np.sqrt(21.0)
    assert summary(values) == pytest.approx((10.0, 1.0, 19.0, error))
    (row,) = rows_of("prior", {"full": values})
    assert (row["posterior"], row["headline"], row["low"]) == ("prior", "full", 1.0)
    assert row["error"] == pytest.approx(error)
    assert tuple(row) == COLUMNS


def test_the_file_is_made_of_every_posterior_and_keeps_what_was_before(
    monkeypatch, tmp_path
) -> None:
    asked = []

    def chosen(count: int, path: str) -> Any:
        asked.append((count, path))
        return SimpleNamespace(draws=[path])

    values = np.linspace(0.0, 1.23456, 3)
    monkeypatch.setattr(pushforward, "chosen_draws", chosen)
    monkeypatch.setattr(pushforward, "headlines", lambda draws: {draws[0]: values})
    path = tmp_path / "file.csv"
    path.write_text(pushforward.anew(), encoding="utf-8")
    rows = read(path)
    assert asked == [(400, name) for name in NAMES]
    before = [one for one in read() if one["posterior"].startswith(BEFORE)]
    assert before
    assert rows[: len(before)] == before
    assert [(one["posterior"], one["headline"]) for one in rows[len(before) :]] == [
        (name, name) for name in NAMES
    ]
    # Four digits.
    assert rows[-1]["mean"] == 0.6173
