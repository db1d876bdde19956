"""Every rule compiles and gives plain Python's bits, whatever its inputs.

For each module one loop over its rules is written as source text from their signatures. The same
text runs as plain Python and compiled; a rule added later is covered without a word here unless it
takes a number whose range the tables below do not know.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest
from numba.extending import register_jitable

import sim.mechanisms
from sim.engines import compiled
from sim.parameters import registry
from sim.state import ACTION, SERVICE_USER, STAFF, TEAM, TRUST, Variable, record_fields

CASES = 4_000
PARAMETER_SETS = 100
MODULES = (
    "sim.streams",
    *(f"sim.mechanisms.{one.name}" for one in pkgutil.iter_modules(sim.mechanisms.__path__)),
)
# Not rules: they turn what users write into keys, and run before any world does.
NOT_RULES = {"check_seed", "identifier_words", "team_words"}

RECORDS = {
    "staff": STAFF,
    "worker": STAFF,
    "leader": STAFF,
    "peer": STAFF,
    "team": TEAM,
    "donor": TEAM,
    "trust": TRUST,
    "user": SERVICE_USER,
    "action": ACTION,
}
WORD = (0, 2**32 - 1)
# Ranges of whole numbers and of real ones by argument name; others get `OTHERWISE`.
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        (
            *(f"counter_{number}" for number in range(4)),
            *("key_0", "key_1", "seed", "replication", "team_low", "team_high", "word"),
            *("donor_low", "donor_high"),
        ),
        WORD,
    ),
    "place": (0, 20),
    "generation": (0, 65535),
    "purpose": (0, 65535),
    "week": (0, 65535),
    "count": (1, 50),
    "posts": (1, 30),
    "coordinators": (0, 12),
    "teams": (0, 30),
    "fixed_point_sum": (0, 30 * 2**20),
    "leader": (0, 1),
    "sampled": (0, 1),
    "worker_present": (0, 1),
    "worker_generation": (0, 3),
    "reflects_given": (-1, 1),
    "stage": (1, 5),
    "uniform": (1e-12, 1.0 - 1e-12),
    "value": (-9.0, 9.0),
    "low": (-2.0, 0.0),
    "high": (0.0, 2.0),
    "target": (-9.0, 9.0),
    "half_life": (0.0, 300.0),
    "yearly": (0.0, 0.95),
    "gain": (-8.0, 8.0),
    "response": (-8.0, 8.0),
    "setpoint": (-8.0, 8.0),
    "level": (-8.0, 8.0),
    "drift": (-4.0, 4.0),
    "noise": (-7.0, 7.0),
    "mean_process": (-8.0, 8.0),
    "type_effect": (-2.0, 2.0),
    "trust_deviation": (-1.0, 1.0),
    "readiness_given": (-1.0, 1.0),
    "skill_shift": (-1.0, 1.0),
    "shared_shift": (-4.0, 4.0),
    "doing": (-1.0, 1.0),
    "dose": (0.0, 6.0),
    "workload": (0.5, 6.0),
    "contact_rate": (0.0, 3.0),
    "reliability": (0.05, 1.0),
    "correlation": (0.0, 0.8),
    **dict.fromkeys(("first", "second", "third", "fourth", "fifth"), (-7.0, 7.0)),
}
OTHERWISE = {"float": (0.0, 1.0), "int": (0, 5)}
UNIT_RANGES = {
    "0-1": (0.0, 1.0),
    "-1 to 1": (-1.0, 1.0),
    "SD": (-8.0, 8.0),
    "ratio": (0.3, 4.0),
    "per week": (0.0, 3.0),
    "users": (0.0, 400.0),
    "days": (0.0, 5.0),
    "0-1 x n": (0.0, 90.0),
    "0/1": (0, 1),
    "0-2": (0, 2),
    "1-5": (1, 5),
    "word": WORD,
    "place": (-1, 12),
    "index": (-1, 12),
    "week": (-1, 60),
    "weeks": (-1, 300),
    "count": (0, 9),
}
# Never zero: a team without such a post is refused before it gets here.
OWN_RANGES = {"coordinator_posts": (1, 9), "generation": (0, 9)}


def values(
    random: np.random.Generator, low: float, high: float, whole: bool, count: int
) -> np.ndarray:
    """Return numbers over a range, both of its ends among them."""
    if whole:
        drawn = random.integers(int(low), int(high), count, endpoint=True)
    else:
        drawn = random.uniform(low, high, count)
    ends = random.random(count)
    drawn[ends < 0.08] = low
    drawn[ends > 0.92] = high
    return drawn


def records(random: np.random.Generator, variables: tuple[Variable, ...]) -> np.ndarray:
    """Return random states of one kind of agent."""
    found = np.zeros(CASES, record_fields(variables))
    for one in variables:
        low, high = OWN_RANGES.get(one.name, UNIT_RANGES[one.unit])
        found[one.name] = values(random, low, high, one.kind == "whole", CASES)
    return found


def parameter_sets(random: np.random.Generator) -> np.ndarray:
    """Return parameter sets within bounds: uniform, at random corners, at the defaults."""
    found = np.zeros(PARAMETER_SETS, [(name, "f8") for name in registry()])
    for name, one in registry().items():
        found[name] = values(random, *one.bounds, whole=False, count=PARAMETER_SETS)
        found[name][0] = one.default
    return found


def plain(array: np.ndarray) -> list[Any]:
    """Return an array as plain Python numbers, or as objects read by attribute."""
    names = array.dtype.names
    if names is None:
        return array.tolist()
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in array.tolist()]


class Inputs:
    """Columns of inputs for the rules of one module, by their name in the source text."""

    def __init__(self, scope: dict[str, Any], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.scope = scope
        self.columns: dict[str, np.ndarray] = {}
        self.plain: dict[str, list[Any]] = {}
        self.add("p", parameter_sets(self.random))
        for part, one in enumerate((WORD, WORD, WORD, WORD, (0, 65535), (0, 65535))):
            self.add(f"key_{part}", values(self.random, *one, whole=True, count=CASES))

    def add(self, name: str, column: np.ndarray) -> None:
        self.columns[name] = column
        self.plain[name] = plain(column)

    def number(self, name: str, kind: str) -> str:
        """Return the source text of a number, whose column is made when it is new."""
        column = f"{name}_{kind}"
        if column not in self.columns:
            low, high = RANGES.get(name, OTHERWISE[kind])
            self.add(column, values(self.random, low, high, kind == "int", CASES))
        return f"{column}[i]"

    def argument(self, name: str, annotation: str) -> str:
        """Return the source text of one argument of a rule."""
        if name == "p":
            return f"p[i % {PARAMETER_SETS}]"
        if name == "key":
            return "(" + ", ".join(f"key_{part}[i]" for part in range(6)) + ")"
        if annotation in OTHERWISE:
            return self.number(name, annotation)
        if annotation == "Any":
            if name not in self.columns:
                self.add(name, records(self.random, RECORDS[name]))
            return f"{name}[i]"
        fields = inspect.get_annotations(self.scope[annotation])
        parts = [
            self.number(f"{annotation}_{field}", getattr(kind, "__forward_arg__", kind))
            for field, kind in fields.items()
        ]
        return f"{annotation}({', '.join(parts)})"


def loop_over(module: ModuleType, seed: int) -> tuple[Callable[..., None], Inputs, list[str]]:
    """Return a loop over a module's rules, its inputs, and the names of its results."""
    inputs = Inputs(dict(vars(module)), seed)
    lines: list[str] = []
    results: list[str] = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != module.__name__ or name in NOT_RULES:
            continue
        given = inspect.signature(function).parameters.values()
        text = ", ".join(inputs.argument(one.name, str(one.annotation)) for one in given)
        lines.append(f"        got_{name} = {name}({text})")
        first = eval(f"{name}({text})", inputs.scope, {**inputs.plain, "i": 0})
        if isinstance(first, tuple):
            fields = getattr(first, "_fields", range(len(first)))
            parts = [(f"got_{name}[{at}]", f"{name}.{field}") for at, field in enumerate(fields)]
        else:
            parts = [(f"got_{name}", name)]
        for text, label in parts:
            lines.append(f"        out[i, {len(results)}] = {text}")
            results.append(label)
    head = f"def loop({', '.join(inputs.columns)}, out):"
    exec("\n".join([head, "    for i in range(len(out)):", *lines]), inputs.scope)
    return inputs.scope["loop"], inputs, results


def difference(module: ModuleType, seed: int) -> str:
    """Run a module's rules both ways; return the first result that differs, or an empty string."""
    loop, inputs, results = loop_over(module, seed)
    interpreted = np.zeros((CASES, len(results)))
    loop(*inputs.plain.values(), interpreted)
    machine = np.zeros((CASES, len(results)))
    numba.njit(loop)(*inputs.columns.values(), machine)
    assert np.isfinite(interpreted).all(), "a rule left the finite numbers"
    unlike = np.argwhere(interpreted.view(np.int64) != machine.view(np.int64))
    if len(unlike) == 0:
        return ""
    row, column = unlike[0]
    return (
        f"{module.__name__}.{results[column]}, case {row}: plain {interpreted[row, column]!r}, "
        f"compiled {machine[row, column]!r}"
    )


@pytest.mark.parametrize("name", MODULES)
def test_rules_compile_and_give_plain_pythons_bits(name: str) -> None:
    compiled.register_rules()
    assert difference(importlib.import_module(name), seed=MODULES.index(name)) == ""


def test_a_rule_that_differs_in_its_last_bit_is_found() -> None:
    module = ModuleType("powers")
    source = "def power(value: float, target: float) -> float:\n    return value ** 3\n"
    exec(f"from __future__ import annotations\n{source}", vars(module))
    register_jitable(vars(module)["power"])
    found = difference(module, seed=1)
    assert "powers.power, case" in found
