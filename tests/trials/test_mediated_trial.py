"""The mediator of staff: whose it is, and what an observer scores. No week is run here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.parameters import defaults, to_record
from sim.trials.data import mediated_trial
from sim.trials.data.agents import POSTS_OF_TEAM, WORKERS_OF_POST
from sim.trials.data.data import TrialData

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
