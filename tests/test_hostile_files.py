"""Every field of every file that a user can write, with hostile values: used or refused by name.

Fields come from the schemas themselves, so that a new one is covered unasked.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from calibration.evidence import targets
from sim.errors import InputError
from sim.inputs.roster.columns import ROSTER_COLUMNS
from sim.inputs.roster.roster_file import roster_from_text
from sim.parameters import registry
from sim.planning import prices, setting
from sim.posterior import load_posterior
from sim.scenarios.fields import scenario_fields
from sim.scenarios.library import FOLDER as SCENARIOS
from sim.scenarios.library import scenario_from
from sim.scenarios.text import scenario_template
from sim.spreadsheet import csv_text
from sim.trials.designs.design_file import FOLDER as DESIGNS
from sim.trials.designs.design_file import design_fields, design_from_table
from sim.trials.designs.design_text import design_template
from tests.hostile import NUMBERS, TEXTS, TYPED, problem_of

TARGETS = Path(targets.__file__).parents[1] / "example" / "targets.toml"
MOST_SHOWN = 12


def toml(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    # A surrogate is no character that a TOML text can hold.
    return json.dumps(value.encode("utf-8", "replace").decode()).replace("\x7f", "\\u007f")


def faults(cases: Iterable[tuple[str, Any, Callable[[], object]]]) -> list[str]:
    """Return what is wrong with the answer to each case: a field, its value, and its reader."""
    found = []
    for field, value, read in cases:
        try:
            read()
        except InputError as error:
            name = field.rsplit(".", 1)[-1]
            problem = problem_of(str(error))
            if not problem and name not in str(error):
                problem = f"does not name it: {error}"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        else:
            continue
        if problem:
            found.append(f"{field} = {repr(value)[:60]}: {problem[:300]}")
    return found


def shown(found: list[str]) -> str:
    return f"{len(found)} faults:\n" + "\n".join(found[:MOST_SHOWN])


def put(table: dict[str, Any], dotted: str, value: Any) -> dict[str, Any]:
    """Return a copy of a table with a field set; entries of lists are set in the first entry."""
    copied: dict[str, Any] = json.loads(json.dumps(table))
    inner: Any = copied
    *way, last = dotted.split(".")
    for name in way:
        inner = inner.setdefault(name, {})
        if isinstance(inner, list):
            if not inner:
                inner.append({"week": 1, "days": 0.5})
            inner = inner[0]
    inner[last] = value
    return copied


def test_scenarios() -> None:
    base = tomllib.loads(scenario_template())
    cases = (
        (name, value, lambda name=name, value=value: scenario_from(put(base, name, value), "own"))
        for name in (*scenario_fields(), f"parameters.{next(iter(registry()))}")
        for value in TYPED
    )
    found = faults(cases)
    assert not found, shown(found)


def test_designs() -> None:
    base = tomllib.loads(design_template())
    # Outcomes come from a statistical model or from agents.
    agents = tomllib.loads((DESIGNS / "stepped-wedge-agents.toml").read_text(encoding="utf-8"))

    def read(name: str, value: Any) -> object:
        return design_from_table(put(agents if name.startswith("agents") else base, name, value))

    cases = (
        (name, value, lambda name=name, value=value: read(name, value))
        for name in design_fields()
        for value in TYPED
    )
    found = faults(cases)
    assert not found, shown(found)


def test_prices() -> None:
    named = [*prices.shipped_prices().entries, *prices.GENERAL]
    first, read = named[0], prices.prices_from_text
    cases = [
        (name, value, lambda name=name, value=value: read(f"{name} = {toml(value)}"))
        for name in named
        for value in TYPED
    ]
    for part in prices.ENTRY:
        for value in TYPED:
            entry = {"value": 45.0, "low": 40.0, "high": 52.0, part: value}
            text = f"{first} = {toml(entry)}"
            cases.append((first, value, lambda text=text: read(text)))
    found = faults(cases)
    assert not found, shown(found)


def test_settings() -> None:
    cases = []
    for value in TYPED:
        for name in setting.FIELDS:
            text = f"{name} = {toml(value)}"
            cases.append((name, value, lambda text=text: setting.setting_from_text(text)))
        for name in setting.WAVE_FIELDS:
            wave = {"date": "2027-04-01", "teams": ["A"], name: value}
            lines = "\n".join(f"{one} = {toml(given)}" for one, given in wave.items())
            text = f"start_date = 2027-04-01\n[[waves]]\n{lines}"
            cases.append((name, value, lambda text=text: setting.setting_from_text(text)))
    found = faults(cases)
    assert not found, shown(found)


def test_rosters() -> None:
    cases = []
    for column in ROSTER_COLUMNS:
        # A file with zeros in it is no text, and refused as a whole.
        for value in (one for one in (*NUMBERS, *TEXTS) if "\0" not in one):
            row = {"team": "A", column.name: value}
            text = csv_text(list(row), [list(row.values())])
            cases.append((column.name, value, lambda text=text: roster_from_text(text)))
    found = faults(cases)
    assert not found, shown(found)


def test_targets(tmp_path: Path) -> None:
    name, base = next(iter(tomllib.loads(TARGETS.read_text(encoding="utf-8")).items()))
    cases = [
        (field, value, lambda one={**base, field: value}: targets.checked(name, one))
        for field in targets.Target.model_fields
        if field != "name"
        for value in TYPED
    ]
    found = faults(cases)
    assert not found, shown(found)


def test_posteriors(tmp_path: Path) -> None:
    cases = []
    for number, name in enumerate(registry()):
        # Every parameter with some of the values, and every value with some parameter.
        for value in (*NUMBERS, *TEXTS)[number % 7 :: 7]:
            path = tmp_path / f"{number}-{len(cases)}.csv"
            path.write_bytes(csv_text([name], [[value]]).encode("utf-8", "surrogateescape"))
            cases.append((path.stem, value, lambda path=path: load_posterior(path)))
    found = faults(cases)
    assert not found, shown(found)


def test_a_library_of_scenarios_is_there() -> None:
    assert list(SCENARIOS.glob("*.toml"))


@pytest.mark.parametrize("kind", ["scenario", "prices", "setting", "targets"])
def test_files_that_once_failed_are_refused(kind: str) -> None:
    from sim.planning.prices import read_prices
    from sim.planning.setting import read_setting
    from sim.scenarios.library import load_scenario

    (path,) = (Path(__file__).parent / "cli" / "inputs").glob(f"{kind}-*.toml")
    read: Any = {
        "scenario": load_scenario,
        "prices": read_prices,
        "setting": read_setting,
        "targets": targets.load_targets,
    }[kind]
    with pytest.raises(InputError) as refused:
        read(path)
    assert problem_of(str(refused.value)) == ""


def test_every_share_is_bounded_by_0_and_1() -> None:
    """Whoever adds a number whose unit is a share, in whatever file, bounds it."""
    fields = [*scenario_fields().values(), *design_fields().values(), *ROSTER_COLUMNS]
    bounds = {
        one.name: (one.low, one.high)
        for one in fields
        if one.unit in ("share", "0-1") and one.kind in ("number", "whole")
    }
    described = [*registry().values(), *(one.about for one in shipped().values())]
    bounds |= {one.name: one.bounds for one in described if one.unit in ("share", "0-1")}
    assert len(bounds) > 50
    wrong = {
        name: ends
        for name, ends in bounds.items()
        if ends[0] is None or ends[1] is None or ends[0] < 0.0 or ends[1] > 1.0
    }
    assert wrong == {}


def shipped() -> Mapping[str, prices.Price]:
    return prices.shipped_prices().entries
