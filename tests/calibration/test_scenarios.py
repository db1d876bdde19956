"""Effects of scenarios and counterfactuals, with worlds whose scores are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calibration.sampling import scenarios as module
from calibration.sampling.scenarios import (
    COUNTERFACTUALS,
    EFFECTS,
    EXPLANATIONS,
    PLACES,
    EffectDesign,
    counterfactual_effects,
    effect_design,
    effect_of_record,
    explanations_off,
    full_effects,
    scenario_effects,
)
from calibration.sampling.solve import QPR_SD
from sim.parameters import resolve, to_record

LAYOUTS = ("usual", "delivered", "full", "continued", "full_continued")
DESIGN = EffectDesign(*LAYOUTS, 7)  # type: ignore[arg-type]


def test_effects_are_named_after_measure_programme_and_months() -> None:
    assert EFFECTS == (
        "qpr_delivered_12",
        "qpr_delivered_24",
        "qpr_full_12",
        "qpr_full_24",
        "inspire_support_full_12",
        "inspire_support_full_24",
        "inspire_relationship_full_12",
        "inspire_relationship_full_24",
        "inspire_support_delivered_12",
        "qpr_continued_24",
        "qpr_full_continued_24",
        "behaviour_delivered_12",
    )
    assert DESIGN.layouts == list(LAYOUTS)


def test_layouts_are_of_the_intervention_teams_and_go_on_for_two_years(monkeypatch) -> None:
    changed, lengths = [], []
    real, expand = module.adjusted, module.expand

    def adjusted(scenario: Any, changes: Any) -> Any:
        changed.append((scenario.name, changes))
        return real(scenario, changes)

    def expanded(scenario: Any, roster: Any, weeks: int) -> Any:
        lengths.append(weeks)
        return expand(scenario, roster, weeks)

    monkeypatch.setattr(module, "adjusted", adjusted)
    monkeypatch.setattr(module, "expand", expanded)
    design = effect_design(3)
    assert design.seed == 3
    assert {len(one.teams) for one in design.layouts} == {14}
    assert [one.teams["programme"].max() > 0 for one in design.layouts] == [False, *[True] * 4]
    assert lengths == [104] * 5
    until = {"conditions.funding_end_week": 104}
    assert changed == [("refocus-as-delivered", until), ("refocus-full", until)]
    assert len({one.actions.tobytes() for one in design.layouts}) == 5


SCORES = {"qpr15": 30.0, "inspire_support": 50.0, "inspire_relationship": 60.0}


@pytest.mark.parametrize(("weeks", "times"), [(52, (52,)), (104, (52, 104))])
def test_means_are_over_who_answered_at_each_assessment(
    monkeypatch, weeks: int, times: tuple[int, ...]
) -> None:
    made = []

    class World:
        def __init__(self, layout: str, assessments: tuple[int, ...]) -> None:
            made.append((layout, assessments))
            self.scores = [
                {name: value + at + np.array([-1.0, 1.0, np.nan]) for name, value in SCORES.items()}
                for at in range(2)
            ]

        def again(self, *key: Any) -> World:
            assert key == ("record", 4, 5)
            return self

        def run_to(self, week: int) -> World:
            assert week == weeks
            return self

    monkeypatch.setattr(module, "OneWorld", World)
    space: dict[Any, Any] = {}
    for _ in range(2):
        found = module._means("here", "record", 4, 5, weeks, space)  # type: ignore[arg-type]
        np.testing.assert_allclose(
            found, [[value + at for value in SCORES.values()] for at in range(len(times))]
        )
    assert made == [("here", times)], "a thread's worlds are used again"


def known_means(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let layout number k have k x 100 + 10 x year + measure more than usual, times its run."""
    asked: list[Any] = []

    def means(
        layout: str, record: Any, seed: int, replication: int, weeks: int, space: Any
    ) -> np.ndarray:
        asked.append((layout, seed, replication, weeks))
        table = 100.0 * LAYOUTS.index(layout) + np.array([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]])
        noise = 1000.0 * replication
        usual = layout == "usual"
        return noise + (0.0 if usual else 1.0 + replication) * table[: weeks // 52]

    monkeypatch.setattr(module, "_means", means)
    return asked


EXPECTED = {
    "qpr_delivered_12": 100.0,
    "qpr_delivered_24": 110.0,
    "qpr_full_12": 200.0,
    "qpr_full_24": 210.0,
    "inspire_support_full_12": 201.0,
    "inspire_support_full_24": 211.0,
    "inspire_relationship_full_12": 202.0,
    "inspire_relationship_full_24": 212.0,
    "inspire_support_delivered_12": 101.0,
    "qpr_continued_24": 310.0,
    "qpr_full_continued_24": 410.0,
}


def test_effects_are_differences_from_usual_care_averaged_over_replications(monkeypatch) -> None:
    asked = known_means(monkeypatch)
    found = scenario_effects(DESIGN, None, range(2), {})
    # Once and twice the effect: on average one and a half.
    known = [1.5 * value for value in EXPECTED.values()]
    assert dict(zip(EFFECTS, found, strict=False)) == pytest.approx(
        dict(zip(EXPECTED, known, strict=True))
    )
    assert len(found) == len(PLACES)
    assert asked == [(name, 7, run, 104) for run in range(2) for name in LAYOUTS]
    asked.clear()
    few = full_effects(DESIGN, None, range(1), {})
    assert few.tolist() == list(EXPECTED.values())[:8]
    assert {one[0] for one in asked} == {"usual", "delivered", "full"}


@pytest.mark.parametrize(("at", "effect", "weeks"), [(0, 100.0, 52), (1, 110.0, 104)])
def test_an_effect_is_simulated_only_as_far_as_it_is_asked_for(
    monkeypatch, at: int, effect: float, weeks: int
) -> None:
    asked = known_means(monkeypatch)
    record = np.zeros(1, [("a", float)])[0]
    found = effect_of_record(DESIGN, "delivered", record, {"a": 2.0}, range(2), {}, at)  # type: ignore[arg-type]
    assert found == pytest.approx(1.5 * effect)
    assert {one[3] for one in asked} == {weeks}
    assert record["a"] == 0.0, "the record of the draw stays"


def test_an_explanation_that_is_switched_off_changes_its_own_parameters() -> None:
    record = to_record(resolve({"effect_full": 0.1, "team_share": 0.25}))[0]
    before = record.copy()
    off = explanations_off(record, (10.0, 20.0))
    assert tuple(off) == EXPLANATIONS[:4]
    assert off["incomplete implementation"] == {"implementation_gap": 0.0}
    assert off["too short a time"] == {"response_time": 0.0}
    assert off["insensitive measure"] == {"measure_sensitivity": 1.0}
    # The theory holds from .3 SD on: .2 SD more, a quarter by the team, by gains of 10 and 20.
    more = 0.2 * QPR_SD
    assert off["theory failure"] == pytest.approx(
        {
            "team_to_recovery": before["team_to_recovery"] + 0.25 * more / 10.0,
            "worker_to_recovery": before["worker_to_recovery"] + 0.75 * more / 20.0,
        }
    )
    assert record == before
    enough = to_record(resolve({"effect_full": 0.35}))[0]
    assert explanations_off(enough, (10.0, 20.0))["theory failure"] == {
        name: float(enough[name]) for name in ("team_to_recovery", "worker_to_recovery")
    }


def test_counterfactuals_switch_one_explanation_off_at_a_time(monkeypatch) -> None:
    record = to_record(resolve({}))[0]
    off = explanations_off(record, (10.0, 20.0))
    asked = []

    def effect(
        design: Any, layout: str, given: Any, changes: Any, run: range, space: Any, at: int
    ) -> float:
        assert list(run) == [3]
        asked.append((layout, next(name for name, one in off.items() if one == changes), at))
        return float(len(asked))

    monkeypatch.setattr(module, "effect_of_record", effect)
    found = counterfactual_effects(DESIGN, record, (10.0, 20.0), range(3, 4), {})
    sharp = "insensitive measure"
    assert dict(zip(COUNTERFACTUALS, asked, strict=True)) == {
        "qpr_implementation_off_12": ("delivered", "incomplete implementation", 0),
        "qpr_time_off_12": ("delivered", "too short a time", 0),
        "qpr_sensitivity_off_12": ("delivered", sharp, 0),
        "qpr_theory_off_12": ("delivered", "theory failure", 0),
        "qpr_full_sensitivity_off_12": ("full", sharp, 0),
        "qpr_delivered_sensitivity_off_24": ("delivered", sharp, 1),
    }
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
