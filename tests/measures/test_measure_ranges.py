"""No score ever leaves its range, whatever the state and the parameters."""

from __future__ import annotations

from math import isfinite, isnan
from random import Random
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.measures.catalogue import catalogue
from sim.measures.inspire import inspire_model
from sim.measures.items import attenuation, inter_item_correlation, item_shares
from sim.measures.qpr import qpr_model
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.readiness import measured_readiness
from sim.measures.staff import staff_scores
from sim.measures.user import user_scores
from sim.state import SERVICE_USER, STAFF

MAY_BE_MISSING = {"inspire_support", "goal_attainment", "goal_reached"}
RANGES = {one.name: (one.minimum, one.maximum) for one in catalogue().values()}

seeds = st.integers(0, 2**32 - 1)
levels = st.sampled_from((0.3, 1.0, 4.0, 12.0))


def a_person(random, level, variables):
    """Return any state: shares in [0, 1], often at an end, levels up to far outside the usual."""
    values: dict[str, float | int] = {}
    for one in variables:
        if one.kind == "whole":
            values[one.name] = random.randint(0, 1 if one.unit == "0/1" else 60)
        elif one.unit == "0-1":
            values[one.name] = random.choice((0.0, random.random(), 1.0))
        else:
            lowest = 0.0 if one.unit == "per week" else -level
            values[one.name] = random.choice((lowest, random.uniform(lowest, level), level))
    return SimpleNamespace(**values)


def any_parameters(random, bounds):
    """Return any parameters within their bounds, the ends often."""
    return SimpleNamespace(
        **{
            name: random.choice((low, random.uniform(low, high), high))
            for name, (low, high) in bounds.items()
        }
    )


def check(scores):
    for name, value in scores._asdict().items():
        low, high = RANGES[name]
        if isnan(value):
            assert name in MAY_BE_MISSING
        else:
            assert low <= value <= high, (name, value)


@settings(max_examples=600, deadline=None)
@given(seed=seeds, level=levels, bias=st.floats(-5.0, 5.0), week=st.integers(0, 500))
def test_scores_of_service_users_stay_in_range(bounds, seed, level, bias, week):
    random = Random(seed)
    user = a_person(random, level, SERVICE_USER)
    found = user_scores(user, bias, any_parameters(random, bounds), (seed, 0, 31, 32, 3, 1), week)
    check(found)
    assert found.qpr_intrapersonal + found.qpr_interpersonal == found.qpr22
    assert found.qpr15 <= found.qpr_intrapersonal


@settings(max_examples=400, deadline=None)
@given(seed=seeds, level=levels, readiness=st.floats(0.0, 1.0), reliability=st.floats(0.0, 1.0))
def test_scores_of_staff_and_teams_stay_in_range(bounds, seed, level, readiness, reliability):
    random = Random(seed)
    staff = a_person(random, level, STAFF)
    p = any_parameters(random, bounds)
    key = (seed, 0, 31, 32, 3, 1)
    team = SimpleNamespace(behaviour_mean=random.random())
    check(staff_scores(staff, team, p, key, 10))
    assert abs(staff_rater_bias(staff, p)) <= p.staff_rater_bias
    assert 1.0 <= measured_readiness(readiness, reliability, 0.3, 1.0, 7.0, key, 10) <= 7.0


@settings(max_examples=400, deadline=None)
@given(seed=seeds)
def test_item_weights_exist_everywhere_in_the_bounds(bounds, seed):
    """Variance shares are never negative and never more than all there is."""
    p = any_parameters(Random(seed), bounds)
    for weight in (*qpr_model(p), *inspire_model(p)):
        assert isfinite(weight)
    shares = item_shares(
        15.0,
        (2.0 + 12.0 * p.measure_process_correlation) / 14.0,
        p.qpr_retest,
        inter_item_correlation(p.qpr_alpha, 15.0),
        p.qpr_item_stability,
        attenuation(p.qpr_item_location, p.qpr_item_spread),
    )
    assert min(shares) >= 0.0
    assert abs(sum(one * one for one in shares) - 1.0) < 1e-12
