"""One theory, a third way to run it: JavaScript agrees with the compiled week bit for bit.

``EVERY_SCENARIO=1`` (`make parity`) runs the library for three years instead of some weeks.
"""

from __future__ import annotations

import ast
import os
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import elementary, streams
from sim.engines import javascript
from sim.errors import InputError
from sim.inputs.roster import described_roster
from sim.parameters import resolve
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario, scenario_names
from tests.javascript import Asked, needs_engine, printed, run_worlds
from tests.worlds import CompiledWorld, Recipe, busy_parameters, first_difference, toy_layout

LONG = bool(os.environ.get("EVERY_SCENARIO"))
WEEKS = 156 if LONG else 8
# Random worlds as in `tests/test_parity.py`: selection, order, corners of parameters.
KINDS = ("default", "busy", "uniform", "corners")
RECIPES = [
    Recipe(number, 1 + number % 4, number % 2 == 0, number % 3, number % 5, kind, number, 7, number)
    for number, kind in enumerate(KINDS * (8 if LONG else 2))
]

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
def engine() -> None:
    needs_engine()


def first_disagreement(asked: Asked, found: dict[str, Any]) -> str:
    """Return the first agent, week and variable in which two executors differ."""
    world = CompiledWorld(asked.layout, asked.p, asked.seed, asked.replication)
    for week, other in enumerate(asked.states(found["weeks"])):
        if week > 0:
            world.step()
        if difference := first_difference(world.state, other, week):
            return difference
    return (
        "" if list(map(tuple, found["events"])) == world.events else "the same states, other events"
    )


def library_worlds() -> dict[str, Asked]:
    """Return a small world of every shipped scenario."""
    roster = described_roster(
        trusts=2, teams_per_trust=2, staff_mean=5.0, staff_sd=1.0, sampled=3, intervention_share=0.5
    )
    worlds = {}
    for number, name in enumerate(scenario_names()):
        plan = expand(load_scenario(name), roster, WEEKS)
        layout = lay_out(roster, plan, "sample")
        worlds[name] = Asked(layout, resolve(plan.parameters), 11, number, WEEKS)
    return worlds


def test_every_scenario_agrees_in_every_bit(tmp_path: Path) -> None:
    worlds = library_worlds()
    found = run_worlds(list(worlds.values()), tmp_path)
    differences = {
        name: difference
        for (name, asked), one in zip(worlds.items(), found, strict=True)
        if (difference := first_disagreement(asked, one))
    }
    assert differences == {}


def test_random_worlds_agree_in_every_bit(tmp_path: Path) -> None:
    asked = [
        Asked(one.layout(WEEKS), one.parameters(), one.seed, one.replication, WEEKS)
        for one in RECIPES
    ]
    asked.append(
        Asked(toy_layout(teams=4, full_caseload=True), busy_parameters(goal_step=0.6), 3, 0, 52)
    )
    found = run_worlds(asked, tmp_path)
    for recipe, one, other in zip([*RECIPES, "busy"], asked, found, strict=True):
        assert first_disagreement(one, other) == "", recipe
    assert {event[2] for event in found[-1]["events"]} == set(range(10)), "every kind of event"


def test_another_luck_is_noticed(tmp_path: Path) -> None:
    asked = Asked(toy_layout(), resolve({}), 1, 0, 2)
    other = Asked(toy_layout(), resolve({}), 1, 1, 2)
    (found,) = run_worlds([asked], tmp_path)
    assert first_disagreement(other, found).startswith("week 0: trust 0: ")


def test_words_and_draws_are_those_of_python(tmp_path: Path) -> None:
    chance = random.Random(5)
    extreme = [0, 1, 65535, 65536, streams.MASK32]
    words = [
        [chance.choice([*extreme, chance.getrandbits(32)]) for _ in range(6)] for _ in range(200)
    ]
    keys = [(seed, chance.getrandbits(9), 7, 8, seed % 40, 1) for seed in range(200)]
    numbers = [float(one) for one in np.exp(np.random.default_rng(2).uniform(-700, 700, 400))]
    powers = [float(one) for one in np.random.default_rng(3).uniform(-750, 715, 400)]
    answer = printed(
        f"""const {{philox, normals, ln, exp}} = refocus.rules, key = {[*map(list, keys)]};
        const word = {words};
        const answer = [word.map(one => philox(...one)), key.map(one => normals(one, 53, 9)),
          {numbers}.map(ln), {powers}.map(x => exp(x) === Infinity ? null : exp(x))];""",
        tmp_path,
    )
    assert answer[0] == [list(streams.philox(*one)) for one in words]
    assert answer[1] == [list(streams.normals(one, 53, 9)) for one in keys]
    assert list(map(float, answer[2])) == [elementary.ln(one) for one in numbers]
    infinite = float("inf")
    here = [elementary.exp(one) for one in powers]
    there = [infinite if one is None else float(one) for one in answer[3]]
    assert there == here


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def rule(x):\n    return x ** 2\n", "Pow"),
        ("def rule(x):\n    return [one for one in x]\n", "ListComp"),
        ("def rule(x):\n    for one in x:\n        pass\n", "only loops over range"),
        ("def rule(x, y=1):\n    return x\n", "only plain arguments"),
        ("def rule(x):\n    return round(x)\n", "round"),
    ],
)
def test_what_is_not_translated_is_refused_by_name(source: str, message: str) -> None:
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    with pytest.raises(InputError, match=f"rule: .*{message}"):
        javascript.translated({"rule": tree}, {})


def test_two_rules_of_one_name_are_refused() -> None:
    one, other = (ast.parse(f"def same():\n    return {n}\n").body[0] for n in (1, 2))
    caller = ast.parse("def caller():\n    return same()\n").body[0]
    with pytest.raises(InputError, match="same: two rules of this name"):
        javascript.translated({"same": one, "caller": caller}, {"same": other})


def test_records_have_one_shape_however_many_fields_they_have() -> None:
    written = re.findall(r"\(\) => \(\{(.*?)\}\)", javascript.week_javascript())
    assert len(written) > 5
    assert max(one.count(":") for one in written) < javascript.MANY
