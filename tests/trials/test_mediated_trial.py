"""The mediator of staff: whose it is, what an observer scores, and what worlds differ by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.engines.held_practice import own_posts
from sim.parameters import defaults, to_record
from sim.scenarios.library import load_scenario
from sim.trials.data import mediated_trial
from sim.trials.data.agents import POSTS_OF_TEAM, WORKERS_OF_POST, AgentSource
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.data.data import TrialData
from sim.trials.designs.design import parallel

WORLD: Any = SimpleNamespace(
    layout=SimpleNamespace(teams=np.array([(0,), (3,)], dtype=[("staff_start", int)])),
    p=to_record(defaults())[0],
)


def posts_of(**columns: list[float]) -> type:
    """Return posts of a made-up world, by the columns they have."""

    class Made:
        def __init__(self, world: Any) -> None:
            assert world is WORLD

        def column(self, name: str) -> np.ndarray:
            return np.array(columns[name])

    return Made


def worker(team: int, place: int, generation: int) -> int:
    return (team * POSTS_OF_TEAM + place) * WORKERS_OF_POST + generation


def test_a_row_has_the_score_of_its_worker_while_that_one_is_in_post(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mediated_trial, "Posts", posts_of(generation=[0, 0, 2, 1, 0, 0]))
    numbers = [worker(0, 0, 0), worker(0, 2, 2), worker(0, 2, 1), worker(1, 0, 1), -1, -7]
    numbers.append(worker(1, 2, 0))
    none = np.zeros(7, int)
    data = TrialData(none, none, none, none, none, none + 0.0, none, np.array(numbers))
    scores = np.array([10.0, 11.0, 12.0, 13.0, 14.0, np.nan])
    found = mediated_trial._of_worker(data, WORLD, scores)
    assert np.nan_to_num(found, nan=-1.0).tolist() == [10.0, 12.0, -1.0, 13.0, -1.0, -1.0, -1.0]


def test_those_in_post_in_teams_that_entered() -> None:
    team = np.array([0, 0, 1, 1, 2])
    ever = np.array([True, True, False])
    scores = np.array([0.1, np.nan, 0.3, 0.4, 0.5])
    found = mediated_trial._in_post(team, ever, scores, np.array([0, 2]))
    assert found.team.tolist() == [0, 2]
    assert found.treated.tolist() == [1, 0]
    assert found.mediator.tolist() == [0.1, 0.5]


def test_an_observer_scores_the_mean_of_the_practices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third post is vacant; skill of one delivers all that is done, of none a share of it."""
    done = {"coaching": [0.8, 0.2, 0.5], "values": [0.4, 0.2, 0.5]}
    done |= {"strengths": [0.4, 0.2, 0.5], "goals": [0.0, 0.2, 0.5]}
    columns = {f"behaviour_{one}": values for one, values in done.items()}
    columns |= {f"skill_{one}": [1.0, 0.0, 1.0] for one in done}
    monkeypatch.setattr(mediated_trial, "Posts", posts_of(present=[1, 1, 0], **columns))
    weeks = np.array([0, 26])
    got = mediated_trial.mediator_scores(WORLD, weeks, "practice")
    assert np.nan_to_num(got, nan=-1.0) == pytest.approx([0.4, 0.2, -1.0])
    got = mediated_trial.mediator_scores(WORLD, weeks, "fidelity")
    least = float(defaults().delivery_without_skill)
    assert np.nan_to_num(got, nan=-1.0) == pytest.approx([0.4, 0.2 * least, -1.0])


def test_a_score_of_staff_is_that_of_the_last_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.array([(0, 1.0), (26, 2.0), (26, np.nan)], [("week", int), ("score", float)])
    monkeypatch.setattr(mediated_trial, "staff_rows", lambda *_: rows)
    world: Any = SimpleNamespace(layout=None, staff_rows=None)
    found = mediated_trial.mediator_scores(world, np.array([0, 26]), "score")
    assert np.nan_to_num(found, nan=-1.0).tolist() == [2.0, -1.0]


def test_effects_are_those_of_the_worlds_and_noise_is_the_observer_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Trial 3 of 8 weeks. Where every post keeps its own practice, both kinds of effects agree."""
    monkeypatch.setattr(mediated_trial, "drawn_posts", lambda world, *_: own_posts(world))
    twins = AgentTwins(AgentSource(load_scenario("refocus-full")), added_effect=0.5)
    design = parallel(3, 5, weeks=8)
    twin = next(iter(twins.twins(design, 3, 1, 1)))
    seen: list[np.ndarray] = []
    kept = mediated_trial._in_post

    def in_post(team: Any, ever: Any, scores: np.ndarray, entered: Any) -> mediated_trial.Staff:
        seen.append(scores)
        return kept(team, ever, scores, entered)

    monkeypatch.setattr(mediated_trial, "_in_post", in_post)
    exact, again = mediated_trial.mediated_trials(
        twins, design, ["practice", "fidelity"], 1.0, 1, 3, interventional=True
    )
    for name in ("cluster", "arm", "outcome"):
        assert np.array_equal(getattr(exact.data, name), getattr(twin.data, name), equal_nan=True)
    assert np.array_equal(exact.untreated.outcome, twin.untreated.outcome, equal_nan=True)
    effects = exact.effects
    assert effects.total == pytest.approx(twin.truth.participant_average)
    assert effects.indirect + effects.direct == pytest.approx(effects.total)
    assert effects.given_direct == pytest.approx(effects.direct)
    assert effects.given_indirect == pytest.approx(effects.indirect, rel=0.02)
    assert effects.indirect > 0.0
    assert min(effects.mediator, again.effects.mediator) > 0.0
    spread = exact.staff.mediator[exact.staff.treated == 0].std()
    # Two scores of one observer: what is true, and errors as large where reliability is a half.
    unsure = mediated_trial.mediated_trials(
        twins, design, ["practice", "practice", "staff_behaviour"], 0.5, 1, 3
    )
    assert np.isnan(unsure[0].effects.given_direct)
    chance = np.random.Generator(np.random.Philox(key=[1, 3 + mediated_trial.NOISE]))
    for scores in seen[2:4]:
        drawn = chance.standard_normal(len(scores))
        there = ~np.isnan(scores)
        ratio = (scores - seen[0])[there] / drawn[there]
        # As large as what is real where a half of the variance is.
        assert ratio == pytest.approx(np.full(there.sum(), ratio[0]))
        assert ratio[0] == pytest.approx(spread, rel=0.3)
    assert unsure[0].effects.mediator == effects.mediator
