"""Rules for several tests: worked values, and Dunnett's beside an integral of another kind."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses import several_arms
from sim.trials.analyses.several_arms import (
    BONFERRONI,
    DUNNETT,
    HOLM,
    NO_RULE,
    adjusted,
    all_within,
    shares_of,
)

P = np.array([0.01, 0.04, 0.03])
EVEN = np.array([0.5, 0.5])


def test_rules_that_need_no_correlation() -> None:
    """Of three p values, what R's p.adjust gives."""
    assert adjusted(P, NO_RULE) == pytest.approx(P)
    assert adjusted(P, BONFERRONI) == pytest.approx([0.03, 0.12, 0.09])
    assert adjusted(P, HOLM) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted(np.array([0.6, 0.9]), BONFERRONI).tolist() == [1.0, 1.0]
    assert adjusted(np.array([0.9, 0.6]), HOLM).tolist() == [1.0, 1.0]
    several = adjusted(np.array([[0.02, 0.03], [0.5, 0.01]]), HOLM)
    assert several == pytest.approx(np.array([[0.04, 0.04], [0.5, 0.02]]))


def test_share_of_each_arm_beside_control() -> None:
    assert shares_of([10, 20, 30]) == pytest.approx([10 / 40, 20 / 50])


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("df", [6.0, 40.0])
def test_one_statistic_has_students_distribution(share: float, df: float) -> None:
    bounds = np.array([0.5, 2.0, 3.0])
    found = all_within(bounds, df, np.array([share]))
    assert found == pytest.approx(1.0 - 2.0 * stats.t.sf(bounds, df), abs=3e-5)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.25, 0.7)])
def test_two_statistics_have_the_joint_t_distribution(shares: tuple[float, float]) -> None:
    rho = np.sqrt(shares[0] * shares[1])
    joint = stats.multivariate_t(shape=[[1.0, rho], [rho, 1.0]], df=12, seed=1)
    chance = joint.cdf([2.1, 2.1], lower_limit=[-2.1, -2.1])
    assert all_within(np.array(2.1), 12.0, np.array(shares)) == pytest.approx(chance, abs=1e-4)


def test_dunnetts_tabled_limit() -> None:
    """Two arms against control, 20 degrees of freedom, two-sided 5%: 2.38."""
    p = 2.0 * stats.t.sf(np.array([2.38, 2.38]), 20)
    assert adjusted(p, DUNNETT, 20.0, EVEN) == pytest.approx([0.05, 0.05], abs=3e-4)


def test_dunnetts_p_lies_between_its_own_and_bonferronis() -> None:
    p = np.array([1e-14, 0.03])
    found = adjusted(p, DUNNETT, 300.0, EVEN)
    assert (p <= found).all()
    assert (found <= 2.0 * p).all()
    assert 0.03 < found[1] < 0.06
    assert adjusted(np.array([1.0, 0.9]), DUNNETT, 9.0, EVEN)[0] == 1.0


def test_a_table_serves_many_tests_as_well() -> None:
    p = np.linspace(0.001, 0.999, 1200).reshape(600, 2)
    table = adjusted(p, DUNNETT, 15.0, EVEN)
    few = adjusted(p[::60], DUNNETT, 15.0, EVEN)
    assert table[::60] == pytest.approx(few, abs=1e-4)


def test_other_degrees_of_freedom_have_integrals_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    p, df = np.array([[0.02, 0.3], [0.02, 0.3]]), np.array([[5.0, 5.0], [30.0, 30.0]])
    t = -stats.t.ppf(p / 2.0, df)
    exact = [
        1.0 - all_within(np.array(one), own, EVEN) for one, own in zip(t.flat, df.flat, strict=True)
    ]
    few = adjusted(p, DUNNETT, df, EVEN)
    assert few.ravel() == pytest.approx(exact, rel=1e-9)
    monkeypatch.setattr(several_arms, "MANY", 3)
    assert adjusted(p, DUNNETT, df, EVEN).ravel() == pytest.approx(exact, rel=1e-9)


def test_dunnetts_rule_needs_t_tests() -> None:
    with pytest.raises(InputError, match="multiplicity = 'dunnett': needs t tests; use 'holm'"):
        adjusted(P, DUNNETT, np.inf, np.array([0.5, 0.5, 0.5]))
