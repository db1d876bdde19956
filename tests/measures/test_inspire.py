"""INSPIRE: importance first, then the rating; reliability as asked for."""

from __future__ import annotations

from math import isnan
from types import SimpleNamespace

import numpy as np
import pytest

import sim.measures.inspire as module
from sim.measures.inspire import (
    inspire_model,
    inspire_scores,
    inspire_scores_with,
    support_score,
)

PEOPLE = 4500


@pytest.fixture(scope="module")
def users(people, plain):
    return plain(people(PEOPLE))


def scores(users, p, week):
    """Return the three scores of everybody, shape (people, 3)."""
    model = inspire_model(p)
    return np.array(
        [
            inspire_scores_with(user, model, p, (5, 0, 21, 22, place, 0), week)
            for place, user in enumerate(users)
        ]
    )


@pytest.mark.parametrize("wanted", [0.5, 0.75, 0.9])
def test_retest_correlation_is_the_one_asked_for(users, parameters, wanted):
    p = parameters(inspire_retest=wanted)
    first, second = scores(users, p, 0), scores(users, p, 2)
    error = (1 - wanted**2) / np.sqrt(PEOPLE)
    for column in (0, 1):
        found = np.corrcoef(first[:, column], second[:, column])[0, 1]
        assert found == pytest.approx(wanted, abs=0.01 + 3 * error)


def test_level_and_spread_are_those_meant(users, parameters):
    support, relationship, brief = scores(users, parameters(), 0).T
    for one, mean in ((support, 65.0), (relationship, 72.0), (brief, 65.0)):
        assert one.mean() == pytest.approx(mean, abs=1.5)
    for one in (support, relationship):
        assert one.std() == pytest.approx(16.0, abs=1.0)


def test_score_is_the_mean_of_the_important_items():
    assert support_score(0, 3) == 0.0
    assert support_score(12, 3) == 100.0
    assert support_score(7, 4) == pytest.approx(7 / 4 * 25)
    assert isnan(support_score(0, 0))


def test_only_important_items_are_rated(users, parameters, monkeypatch):
    """Count the answers given: 12 to Relationship and Brief, the others to important items."""
    count = [0]
    original = module.answer

    def counted(value: float) -> int:
        count[0] += 1
        return original(value)

    monkeypatch.setattr(module, "answer", counted)
    scores(users[:50], parameters(inspire_importance=1.0), 0)
    assert count[0] == 50 * (20 + 7 + 5)
    count[0] = 0
    scores(users[:1000], parameters(inspire_importance=0.7), 0)
    rated = count[0] / 1000 - 12
    assert rated == pytest.approx(14.0, abs=4 * np.sqrt(20 * 0.7 * 0.3 / 1000))


def test_support_is_missing_when_nothing_is_important(users, parameters):
    p = parameters()
    model = inspire_model(p)._replace(important_below=0.0)
    found = inspire_scores_with(users[0], model, p, (5, 0, 21, 22, 0, 0), 0)
    assert isnan(found.support)
    assert 0.0 <= found.relationship <= 100.0
    assert 0.0 <= found.brief <= 100.0


def test_what_is_important_stays_with_the_person(users, parameters):
    """Without chance and with everything the same, Support is the same a year later."""
    p = parameters(chance_scale=0.0)
    assert np.array_equal(scores(users[:300], p, 0), scores(users[:300], p, 52))


def test_scores_move_with_their_own_latent_only(users, parameters):
    p = parameters()
    for place, user in enumerate(users[:150]):
        key = (5, 0, 21, 22, place, 0)
        before = inspire_scores(user, p, key, 1)
        supported = SimpleNamespace(**{**vars(user), "support": min(1.0, user.support + 0.15)})
        after = inspire_scores(supported, p, key, 1)
        assert after.support >= before.support
        assert after.brief >= before.brief
        assert after.relationship == before.relationship
        close = SimpleNamespace(
            **{**vars(user), "relationship": min(1.0, user.relationship + 0.15)}
        )
        after = inspire_scores(close, p, key, 1)
        assert after.relationship >= before.relationship
        assert (after.support, after.brief) == (before.support, before.brief)


def test_scores_lie_on_the_steps_of_their_items(users, parameters):
    _, relationship, brief = scores(users[:500], parameters(), 0).T
    assert np.allclose(relationship * 28 / 100, np.rint(relationship * 28 / 100))
    assert np.array_equal(brief / 5, np.rint(brief / 5))
