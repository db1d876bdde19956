"""Compiled rules give what the same rules give in plain Python, bit for bit.

The compiled code is the product's own, so that nothing is compiled here that is kept already.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from sim.engines import compiled
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.readiness import measured_readiness
from sim.measures.staff import staff_row
from sim.measures.user import user_scores
from sim.parameters import to_record
from sim.population import TEAM_LAYOUT
from sim.state import STAFF, TEAM, record_fields
from tests.worlds import random_parameters

TEAM_SIZE = 100
SETS = 20
CASES = TEAM_SIZE * SETS


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


def compiled_scores(teams, staff, users, p, chance):
    """Return the rows of the users and of the staff of one team, from the compiled code."""
    rows = np.zeros(1, TEAM_LAYOUT)
    rows["staff"] = rows["users"] = TEAM_SIZE
    layout = SimpleNamespace(teams=rows, staff=TEAM_SIZE)
    posts = compiled.empty_posts(layout)
    compiled.write_posts(posts, layout, staff)
    scores = np.zeros(TEAM_SIZE, compiled.SCORES_DTYPE)
    flags = np.zeros((TEAM_SIZE, 6), np.int64)
    staff_rows = np.zeros(TEAM_SIZE, compiled.STAFF_ROW_DTYPE)
    compiled.assess_users(teams, posts, users, rows, p, *chance, scores, flags)
    compiled.assess_staff(teams, posts, rows, p, *chance, staff_rows)
    return scores, staff_rows


def test_compiled_and_plain_rules_agree_bit_for_bit(people, plain):
    random = np.random.default_rng(11)
    users = people(CASES, seed=13)
    for name in ("connectedness", "hope", "identity", "meaning", "empowerment"):
        users[name] += random.normal(size=CASES)
    users["worker"] = users["place"] = np.arange(CASES) % TEAM_SIZE
    users["generation"] = random.integers(0, 7, CASES)
    staff = random_records(STAFF, random, CASES)
    teams = random_records(TEAM, random, SETS)
    for name in ("key_low", "key_high"):
        teams[name] = random.integers(0, 2**32, SETS)
    seen = set()
    for one in range(SETS):
        p = random_parameters(random)
        own = slice(one * TEAM_SIZE, (one + 1) * TEAM_SIZE)
        chance = (int(random.integers(2**32)), one, int(random.integers(0, 200)))
        found = compiled_scores(teams[[one]], staff[own], users[own], to_record(p)[0], chance)
        seed, replication, week = chance
        (team,) = plain(teams[[one]])
        expected = []
        for place, (user, person) in enumerate(
            zip(plain(users[own]), plain(staff[own]), strict=True)
        ):
            key = (seed, replication, team.key_low, team.key_high, place)
            bias = staff_rater_bias(person, p) if person.present else 0.0
            expected.append(
                (
                    tuple(user_scores(user, bias, p, (*key, user.generation), week)),
                    tuple(staff_row(person, team, p, (*key, person.generation), week)),
                )
            )
        for number, table in enumerate(found):
            rows = np.array([both[number] for both in expected], table.dtype)
            assert table.tobytes() == rows.tobytes()
        seen |= {round(both[0][0]) for both in expected}
    assert len(seen) > 40


def test_measured_readiness_compiles_and_gives_plain_pythons_bits():
    random = np.random.default_rng(12)
    rule = compiled.numba.njit(measured_readiness)
    for week in range(200):
        key = (int(random.integers(2**32)), week, 4000000000, 17, int(random.integers(2**16)), 3)
        given = (float(random.random()), 0.7, 0.12, 0.0, 10.0, key, week)
        assert rule(*given).hex() == measured_readiness(*given).hex()
