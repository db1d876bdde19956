"""Power of a mediated effect, worked by hand."""

from __future__ import annotations

from math import sqrt

import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.power.mediation_answer import enough, shown, teams_needed
from sim.trials.power.mediation_power import Mediation, mediation_power
from tests.trials.closed_forms import two_sided_power

PATHS = Mediation(0.5, 0.4, 0.2, 0.1, 0.05, (0.3, 0.4), (0.5, 0.25, 0.2), (2, 4))


@pytest.mark.parametrize(("treated", "alpha"), [(0.5, 0.05), (0.25, 0.1)])
def test_both_paths_by_hand(treated: float, alpha: float) -> None:
    """25 teams of 4 workers with 5 people each.

    Mediator: .2 x .6 between teams, .8 x .7 / 4 between workers: .26. Outcome: .05 x .8 between
    teams, .1 x .75 / 4 between workers, .85 x .5 / 20 between people: .08.
    """
    found = mediation_power(PATHS, 25, 4.0, 5.0, treated, alpha)
    assert (found.df_a, found.df_b) == (22.0, 20.0)
    assert found.se_a == pytest.approx(sqrt(0.26 / (treated * (1 - treated) * 22)))
    assert found.se_b == pytest.approx(sqrt(0.08 / (0.26 * 20)))
    a = two_sided_power(0.5 / found.se_a, 22, alpha)
    b = two_sided_power(0.4 / found.se_b, 20, alpha)
    assert (found.power_a, found.power_b, found.joint) == pytest.approx((a, b, a * b))
    z = 0.2 / sqrt((0.5 * found.se_b) ** 2 + (0.4 * found.se_a) ** 2)
    c = stats.norm.ppf(1 - alpha / 2)
    assert found.sobel == pytest.approx(stats.norm.sf(c - z) + stats.norm.cdf(-c - z))


def test_by_default_nothing_is_explained() -> None:
    own = (0.5, 0.4, 0.2, 0.1, 0.05)
    plain, told = Mediation(*own), Mediation(*own, (0.0, 0.0), (0.0, 0.0, 0.0), (1, 2))
    assert mediation_power(plain, 25, 4.0, 5.0) == mediation_power(told, 25, 4.0, 5.0, 0.5, 0.05)


def test_what_is_refused() -> None:
    least = Mediation(0.5, 0.4, 0.2, 0.4, 0.6)
    assert least.covariates == (1, 2)
    assert mediation_power(least, 4, 4.0, 5.0).df_b == 1.0
    with pytest.raises(InputError, match="clusters = 3: too few"):
        mediation_power(least, 3, 4.0, 5.0)
    with pytest.raises(InputError, match=r"unit_icc \+ cluster_icc = 1.1: at most 1"):
        Mediation(0.5, 0.4, 0.2, 0.5, 0.6)
    with pytest.raises(InputError, match="share of variance"):
        Mediation(0.5, 0.4, 0.2, 0.1, 0.05, (1.5, 0.0))


@pytest.mark.parametrize(
    ("target", "columns"), [(0.5, (2, 4)), (0.9, (5, 2)), (0.003, (2, 3)), (0.003, (1, 2))]
)
def test_teams_are_an_even_number_that_is_just_enough(
    target: float, columns: tuple[int, int]
) -> None:
    paths = Mediation(0.5, 0.4, 0.2, 0.1, 0.05, covariates=columns)

    def power(teams: int) -> float:
        return mediation_power(paths, teams, 4.0, 5.0, 0.5, 0.05).joint

    needed = teams_needed(paths, 4.0, 5.0, target, 0.05)
    assert needed is not None
    assert needed % 2 == 0
    assert power(needed) >= target
    if target == 0.003:
        # One more than columns and the intercept leave a degree of freedom: 5, and 4.
        assert needed == (6 if columns == (2, 3) else 4)
    else:
        assert power(needed - 2) < target


def test_no_number_of_teams_up_to_the_largest_is_said() -> None:
    assert teams_needed(Mediation(0.0, 0.4, 0.2, 0.1, 0.05), 4.0, 5.0, 0.8, 0.05) is None
    # Two effects so small that 100,000 teams are not, and are, enough.
    small = [Mediation(one, 0.4, 0.2, 0.1, 0.05) for one in (0.004, 0.02)]
    assert teams_needed(small[0], 4.0, 5.0, 0.8, 0.05) is None
    assert (teams_needed(small[1], 4.0, 5.0, 0.8, 0.05) or 0) > 5000
    # 2.8 errors of root (.4 x 4 / 80,000).
    near = Mediation(0.01253, 0.4, 0.2, 0.1, 0.05)
    assert teams_needed(near, 4.0, 5.0, 0.8, 0.05) == pytest.approx(80_000, rel=0.01)


def test_what_is_concluded() -> None:
    assert shown(10, 0.8, 0.8, "more").startswith("10 teams can show")
    assert "10 teams cannot show" in shown(10, 0.79, 0.8, "more")
    assert shown(10, 0.79, 0.8, "more").endswith("power 0.79; more.")
    assert "is not known: power 0.79 (0.70 to 0.80" in shown(10, 0.79, 0.8, "more", (0.7, 0.8))
    assert "teams can show" in shown(10, 0.85, 0.8, "more", (0.8, 0.9))
    assert "teams cannot show" in shown(10, 0.7, 0.8, "more", (0.6, 0.79))
    assert enough(None, 0.8) == "no number of teams up to 100,000 has 0.8"
    assert enough(12, 0.8) == "0.8 needs 12 teams by formula"
