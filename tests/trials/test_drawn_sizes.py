"""People in clusters as sizes, losses and randomisation turn out."""

from __future__ import annotations

import numpy as np
import pytest

from sim.trials.power.drawn_sizes import dealt_people, drawn_people


def test_where_nothing_varies_there_is_one_draw_of_means() -> None:
    stay = np.array([1.0, 0.5])
    [found] = drawn_people(3, 12.0, 0.0, stay)
    assert found.tolist() == [[12.0, 6.0]] * 3, "six left are not few"
    assert len(drawn_people(3, 11.8, 0.0, stay)) == 100, "5.9 are: who is lost is drawn"
    [alone] = drawn_people(3, 2.0, 0.0, np.ones(2))
    assert alone.tolist() == [[2.0, 2.0]] * 3, "nobody is lost"


@pytest.mark.parametrize(("clusters", "draws"), [(1, 100), (100, 100), (102, 98), (5000, 2)])
def test_draws_fall_with_the_clusters(clusters: int, draws: int) -> None:
    found = drawn_people(clusters, 30.0, 0.5, np.array([1.0]))
    assert len(found) == draws
    assert found[0].shape == (clusters, 1)
    assert len(dealt_people([5.0] * clusters, np.zeros(clusters, int), np.ones(1))) == draws


def test_a_draw_is_had_of_many_clusters() -> None:
    assert len(drawn_people(20_001, 30.0, 0.5, np.array([1.0]))) == 1
    assert len(dealt_people([5.0] * 20_001, np.zeros(20_001, int), np.ones(1))) == 1


def test_drawn_sizes_have_the_mean_and_the_variation() -> None:
    found = np.array(drawn_people(100, 40.0, 0.5, np.array([1.0, 0.25])))
    asked, kept = found[..., 0], found[..., 1]
    assert asked.mean() == pytest.approx(40.0, abs=1.0)
    assert asked.std() / asked.mean() == pytest.approx(0.5, abs=0.03)
    assert kept.mean() == pytest.approx(asked.mean() / 4, rel=0.02)
    assert not (found[0] == found[1]).all()
    again = np.array(drawn_people(100, 40.0, 0.5, np.array([1.0, 0.25])))
    assert (found == again).all(), "the same at each call"


def test_listed_sizes_are_dealt_within_their_stratum() -> None:
    strata = np.array([1, 0, 1, 0, 0])
    sizes = [10.0, 20.0, 30.0, 40.0, 50.0]
    drawn = dealt_people(sizes, strata, np.array([1.0]))
    orders = set()
    for one in drawn:
        assert sorted(one[strata == 0, 0]) == sizes[:3]
        assert sorted(one[strata == 1, 0]) == sizes[3:]
        orders.add(tuple(one[:, 0]))
    assert len(orders) == 12, "every deal occurs"
    assert all(
        (a == b).all() for a, b in zip(drawn, dealt_people(sizes, strata, np.ones(1)), strict=True)
    )
    lost = np.array(dealt_people(sizes, strata, np.array([0.5])))
    assert lost.mean() == pytest.approx(15.0, abs=0.5)
