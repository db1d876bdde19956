"""Synthetic truths: which trials are kept, and how posteriors of them are laid beside the truth."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.findings import recovery as module
from calibration.findings.recovery import NEAR, recover, synthetic
from calibration.sampling.fit import EMULATED_LENGTH
from calibration.sampling.likelihood import Data
from calibration.sampling.scenarios import EFFECTS
from calibration.sampling.smc import generator
from sim.errors import InputError

NAMES = ("control_mean", "log_sd", "log_se", "logit_retention", "difference", "test", "null")
REPORTED = np.array([30.0, 2.0, 0.2, 1.0, 0.5])
DATA = Data(
    (*NAMES, "pulsar_overall"),
    np.array([0, 1, 2, 3, 4]),
    REPORTED,
    4,
    0.5,
    np.array([5]),
    np.array([6]),
)
AS_REPORTED = np.r_[REPORTED, 2.0, 0.0, 7.0]


class Made:
    """A fit whose trials are told one after the other."""

    def __init__(self, trials: list[np.ndarray], data: Data = DATA) -> None:
        self.data, self.pieces = data, list(trials)
        self.places = {name: place for place, name in enumerate(data.figures)}
        self.settings = SimpleNamespace(seed=3, truths=4)
        self.effects = "effects"
        self.asked: list[Any] = []
        self.space = SimpleNamespace(
            size=2,
            calibrated=("a", "b"),
            background=lambda seed, replication: np.array([float(replication)]),
            records=lambda scores, background: [SimpleNamespace(scores=scores, of=background)],
        )

    def twins(self) -> None:
        return None

    def every_trial(
        self, record: Any, gains: Any, replication: int, checks: bool, truth: float
    ) -> np.ndarray:
        assert not checks
        assert truth == 0.0
        self.asked.append((replication, int(record.of[0, 0])))
        return self.pieces.pop(0).copy()

    def pulsar_truth(self, record: Any, replication: int) -> float:
        return 100.0

    def rows(self, stage: str, count: int, one: Any, *parts: Any) -> np.ndarray:
        return np.array([one(row) for row in range(count)])


@pytest.fixture(autouse=True)
def _no_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "solve", lambda record, twins: (1.0, 1.0))
    monkeypatch.setattr(
        module, "full_effects", lambda effects, record, run, space: np.full(8, float(run[0]))
    )


def changed(place: int, value: float) -> np.ndarray:
    found = AS_REPORTED.copy()
    found[place] = value
    return found


def test_a_trial_that_reports_as_ours_did_is_kept_with_its_truth() -> None:
    fit = Made([AS_REPORTED, AS_REPORTED])
    scores, figures, effects = synthetic(fit, 2)  # type: ignore[arg-type]
    # What PULSAR is expected to give is added to what was kept.
    np.testing.assert_allclose(figures, [[*AS_REPORTED[:7], 107.0]] * 2)
    for truth in range(2):
        drawn = generator(3, 424_242, truth).standard_normal((1, 2))
        np.testing.assert_array_equal(scores[truth], drawn[0])
    # No two truths share chance: each may try four thousand times.
    assert fit.asked == [(5_000_000, 5_000_000), (5_004_000, 5_004_000)]
    assert effects.tolist() == [[3_500_000.0] * 8, [3_500_001.0] * 8]


@pytest.mark.parametrize(
    ("refused", "again"),
    [
        (changed(0, np.nan), False),
        # One of the tests behind the contrast has to be significant.
        (changed(5, 1.9), False),
        (changed(5, -1.9), False),
        (changed(6, 2.0), True),
        (changed(6, -2.0), True),
        *[
            (changed(place, REPORTED[place] + sign * NEAR[name] * 1.001), True)
            for place, name in enumerate(NAMES[:4])
            for sign in (-1.0, 1.0)
        ],
    ],
)
def test_another_trial_is_simulated_with_a_new_truth_where_data_are_unlike_ours(
    refused: np.ndarray, again: bool
) -> None:
    fit = Made([refused, AS_REPORTED])
    scores, figures, _ = synthetic(fit, 1)  # type: ignore[arg-type]
    assert figures[0, :7] == pytest.approx(AS_REPORTED[:7])
    draws = generator(3, 424_242, 0)
    drawn = draws.standard_normal((1, 2))
    if again:
        drawn = draws.standard_normal((1, 2))
    np.testing.assert_array_equal(scores, drawn)
    # The next replication; its truth has the background of the trial that it takes over from.
    assert fit.asked == [(5_000_000, 5_000_000), (5_000_001, 5_000_000)]


@pytest.mark.parametrize(
    "kept",
    [
        *[
            changed(place, REPORTED[place] + sign * NEAR[name] * 0.999)
            for place, name in enumerate(NAMES[:4])
            for sign in (-1.0, 1.0)
        ],
        changed(5, -2.0),
        changed(6, 1.9),
        # Effects may be anything.
        changed(4, 99.0),
    ],
)
def test_data_that_are_like_ours_are_kept(kept: np.ndarray) -> None:
    fit = Made([kept])
    assert len(synthetic(fit, 1)[0]) == 1  # type: ignore[arg-type]


def test_how_near_is_near() -> None:
    """Three points, a seventh of the SD, four in ten of the standard error, .35 in log odds."""
    assert NEAR == {"control_mean": 3.0, "log_sd": 0.15, "logit_retention": 0.35, "log_se": 0.35}


def test_without_tests_any_trial_that_is_near_will_do() -> None:
    none = np.array([], int)
    fit = Made([AS_REPORTED], replace(DATA, selectors=none, null=none))
    assert len(synthetic(fit, 1)[0]) == 1  # type: ignore[arg-type]


def test_a_truth_that_never_reports_as_ours_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    fit = Made([AS_REPORTED, changed(0, np.nan), changed(0, np.nan), AS_REPORTED])
    scores, figures, effects = synthetic(fit, 3)  # type: ignore[arg-type]
    assert (len(scores), figures.shape, effects.shape) == (2, (2, 8), (2, 8))


CHAINS = 20


@pytest.fixture
def posterior(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let three truths have posteriors of 0 to 199 on one score, and of nought on the other."""
    asked: list[Any] = []
    scores = np.array([[100.0, 0.0], [0.0, 0.0], [160.0, 0.0]])
    effects = np.tile(np.array([9.5, 0.5, 18.5])[:, None], 8)

    def sample(fit: Any, emulator: Any, data: Data, share: float, seed: int) -> Any:
        asked.append((data.observed.tolist(), share, seed))
        line = np.arange(float(EMULATED_LENGTH * CHAINS))
        return SimpleNamespace(scores=np.column_stack([line, 0.0 * line]))

    def simulated(fit: Any, stage: str, drawn: np.ndarray, first: int) -> np.ndarray:
        asked.append((stage, drawn.shape, first))
        assert drawn[:, 0].min() >= EMULATED_LENGTH * CHAINS - CHAINS, "of different chains"
        assert len(set(drawn[:19, 0])) == 19
        return np.tile(np.arange(19.0), 3)[:, None] * np.ones(8)

    monkeypatch.setattr(
        module, "synthetic", lambda fit, count: (scores, np.tile(AS_REPORTED, (3, 1)), effects)
    )
    monkeypatch.setattr(module, "sample_emulated", sample)
    monkeypatch.setattr(module, "effects_of", simulated)
    return asked


def test_posteriors_of_truths_are_summed_up_beside_them(posterior: list[Any]) -> None:
    fit = Made([])
    found = recover(fit, None)  # type: ignore[arg-type]
    # Each truth is sampled by three eighths of the particles, with a seed of its own.
    assert [one[1:] for one in posterior[:3]] == [(0.375, 1), (0.375, 2), (0.375, 3)]
    assert posterior[0][0] == REPORTED.tolist()
    assert posterior[3] == ("recovered-effects", (57, 2), 20_000_000)
    assert found.names == ("a", "b", *EFFECTS[:8])
    assert found.means[:, 0] == pytest.approx(99.5)
    assert found.spreads[:, 0] == pytest.approx(np.arange(200.0).std())
    assert found.ranks[:, 0] == pytest.approx([0.5, 0.0, 0.8])
    # The middle half ends at 49.75 and 149.25, the middle 90% at 9.95 and 189.05.
    assert found.inside[:, :, 0].tolist() == [[True, False, False], [True, False, True]]
    assert found.inside[:, :, 1].all(), "a truth at both ends of an interval lies in it"
    assert found.means[:, 2:] == pytest.approx(9.0)
    assert found.spreads[:, 2:] == pytest.approx(np.arange(19.0).std())
    # Ten, one and nineteen of nineteen effects lie below the truth.
    low, high = np.array([10, 1, 19]) / 20.0, np.array([11, 2, 20]) / 20.0
    assert (found.ranks[:, 2:] >= low[:, None]).all()
    assert (found.ranks[:, 2:] < high[:, None]).all()
    lots = generator(3, 2026).random((3, 8))
    np.testing.assert_allclose(found.ranks[:, 2:], low[:, None] + lots / 20.0)
    assert found.inside[0, :, 2].tolist() == [True, False, False]
    assert found.inside[1, :, 2].tolist() == [True, True, False]


@pytest.mark.parametrize("truths", [1, 2])
def test_one_truth_says_nothing_of_coverage(
    posterior: list[Any], monkeypatch: pytest.MonkeyPatch, truths: int
) -> None:
    made = tuple(one[:truths] for one in module.synthetic(None, 4))  # type: ignore[arg-type]
    monkeypatch.setattr(module, "synthetic", lambda fit, count: made)
    monkeypatch.setattr(
        module, "effects_of", lambda fit, stage, drawn, first: np.zeros((19 * truths, 8))
    )
    if truths < 2:
        with pytest.raises(InputError, match="hardly any simulated trial looks like"):
            recover(Made([]), None)  # type: ignore[arg-type]
    else:
        assert len(recover(Made([]), None).truths) == 2  # type: ignore[arg-type]
