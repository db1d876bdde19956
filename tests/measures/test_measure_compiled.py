"""Compiled rules give what the same rules give in plain Python, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from sim.measures.rater_bias import staff_rater_bias
from sim.measures.readiness import measured_readiness
from sim.measures.staff import StaffScores, staff_scores
from sim.measures.user import UserScores, user_scores
from sim.state import STAFF, TEAM, record_fields

CASES = 2_000
EVERYTHING = len(UserScores._fields) + len(StaffScores._fields) + 2


def write_everything(user, staff, team, p, key, week, out):
    """Write every score of a user, a member of staff and a team into the row `out`."""
    bias = staff_rater_bias(staff, p)
    place = 0
    for value in user_scores(user, bias, p, key, week):
        out[place] = value
        place += 1
    for value in staff_scores(staff, team, p, key, week):
        out[place] = value
        place += 1
    out[place] = bias
    out[place + 1] = measured_readiness(team.readiness, 0.7, 0.12, 0.0, 10.0, key, week)


def random_records(variables, random, count):
    records = np.zeros(count, record_fields(variables))
    for one in variables:
        if one.kind == "whole":
            records[one.name] = random.integers(0, 2 if one.unit == "0/1" else 5, count)
        elif one.unit == "0-1":
            records[one.name] = random.random(count)
        else:
            records[one.name] = random.normal(size=count)
    return records


@pytest.fixture(scope="module")
def parameter_sets(bounds):
    """Return parameter sets across the bounds as records, the explanations included."""
    random = np.random.default_rng(12)
    records = np.zeros(20, [(name, "f8") for name in bounds])
    for name, (low, high) in bounds.items():
        records[name] = random.uniform(low, high, len(records))
    return records


def test_compiled_and_plain_rules_agree_bit_for_bit(compiled_rules, people, plain, parameter_sets):
    numba = pytest.importorskip("numba")
    random = np.random.default_rng(11)
    users = people(CASES, seed=13)
    for name in ("connectedness", "hope", "identity", "meaning", "empowerment"):
        users[name] += random.normal(size=CASES)
    staff = random_records(STAFF, random, CASES)
    teams = random_records(TEAM, random, CASES)
    weeks = random.integers(0, 200, CASES)
    seeds = random.integers(0, 2**32, CASES)
    places = random.integers(0, 2**16, CASES)
    rule = numba.njit(write_everything)

    @numba.njit
    def all_cases(users, staff, teams, sets, seeds, places, weeks, out):
        for i in range(users.shape[0]):
            key = (seeds[i], i, 4000000000, 17, places[i], i % 7)
            p = sets[i % sets.shape[0]]
            rule(users[i], staff[i], teams[i], p, key, weeks[i], out[i])

    compiled = np.zeros((CASES, EVERYTHING))
    all_cases(users, staff, teams, parameter_sets, seeds, places, weeks, compiled)

    interpreted = np.zeros((CASES, EVERYTHING))
    sets = plain(parameter_sets)
    people_met = zip(plain(users), plain(staff), plain(teams), strict=True)
    for i, (user, one, team) in enumerate(people_met):
        key = (int(seeds[i]), i, 4000000000, 17, int(places[i]), i % 7)
        write_everything(user, one, team, sets[i % len(sets)], key, int(weeks[i]), interpreted[i])
    assert np.array_equal(compiled.view(np.int64), interpreted.view(np.int64))
    assert len(np.unique(interpreted[:, 0])) > 40
