"""The library of scenarios: load, list and adjust them, with errors that a planner can act on.

Adding a scenario is adding one TOML file to the folder `library_files`. A file may say
``extends = "name"``: its tables are laid over those of the other, value by value, and lists are
replaced whole. Only `assumptions` add up: what the other assumes is assumed here too, unless it is
about a field that is changed. What a scenario is called, how it is known, and how feasible it was
found is never taken over: evidence for one programme is none for a changed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import InputError, unknown
from sim.parameters import resolve
from sim.reading.numbers import repeated
from sim.reading.text_files import read_text
from sim.reading.toml_text import read_toml, read_value
from sim.scenarios.fields import problem_in, scenario_fields
from sim.scenarios.schema import Scenario

FOLDER = Path(__file__).parent / "library_files"
ASSUMED = "assumption"
FEASIBILITY = "feasibility"
WHAT_IT_IS = ("title", "description", "group", "grade", "source")
"""What a scenario says of itself; one that extends it says its own."""
NOT_THE_PROGRAMME = (
    *WHAT_IT_IS,
    "assumptions",
    "strategies",
    "who",
    "timing",
    "assessment",
    "resources",
)
"""Fields that change where, when and how a programme is looked at, and not what is done."""


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """What a list of scenarios shows of one."""

    name: str
    title: str
    description: str
    grade: str
    group: str


def scenario_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the library's scenarios, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def list_scenarios(folder: Path = FOLDER) -> tuple[LibraryEntry, ...]:
    """Return what a list shows of every scenario of the library, group by group.

    Groups come in the order of the schema; within one, usual care comes first, and names with
    numbers in the order of these.

    Raises
    ------
    InputError
        When a file of the library breaks a rule.
    """
    loaded = (load_scenario(name, folder) for name in scenario_names(folder))
    entries = [
        LibraryEntry(one.name, one.title, one.description, one.grade, one.group) for one in loaded
    ]
    groups = scenario_fields()["group"].choices
    return tuple(
        sorted(entries, key=lambda one: (groups.index(one.group), _place_in_group(one.name)))
    )


def _place_in_group(name: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return a sorting key by which usual care comes first, and 6 before 12."""
    parts = [(int(part), "") if part.isdigit() else (-1, part) for part in name.split("-")]
    return not name.startswith("usual-care"), parts


def load_scenario(which: str | Path, folder: Path = FOLDER) -> Scenario:
    """Load a scenario by its name in the library, or from a file.

    Parameters
    ----------
    which : str or pathlib.Path
        A name such as ``"refocus-as-delivered"``; or a path, which a text is taken for when it
        ends in ``.toml`` or has a folder in it.
    folder : pathlib.Path
        The library.

    Returns
    -------
    Scenario
        The checked scenario, with all that it extends laid in.

    Raises
    ------
    InputError
        When there is no such scenario or file, it is not TOML, scenarios extend each other in a
        circle, or a field is unknown, missing or out of its bounds. One line that names the field,
        the value, the rule and the nearest valid name.
    """
    path = _path_of(which, folder, Path())
    return scenario_from(_laid_over(path, folder, []), path.stem)


def is_file(which: str) -> bool:
    """Return whether a text stands for a file of one's own, not for a name in the library."""
    return which.endswith(".toml") or "/" in which or "\\" in which


def base_of(which: str, folder: Path = FOLDER) -> Scenario:
    """Return the scenario that a file of one's own extends; usual care where it extends none."""
    path = _path_of(which, folder, Path())
    base = read_toml(read_text(path, "scenario file"), f"scenario file '{path.name}'").get(
        "extends", "usual-care"
    )
    return load_scenario(_path_of(_text_of(base, path.stem), folder, path.parent), folder)


def differences(scenario: Scenario, base: Scenario) -> dict[str, tuple[Any, Any]]:
    """Return the fields that say something else than those of another scenario, old and new."""
    old, new = (_flat(one.model_dump(mode="json")) for one in (base, scenario))
    return {
        name: (old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    }


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        inner = isinstance(value, Mapping)
        found |= _flat(value, f"{above}{name}.") if inner else {f"{above}{name}": value}
    return found


def scenario_from(table: Mapping[str, Any], name: str) -> Scenario:
    """Check the tables of a scenario, as `tomllib` or a form gives them.

    Parameters
    ----------
    table : mapping
        Fields by name; no ``extends``.
    name : str
        Name of the scenario.

    Raises
    ------
    InputError
        As `load_scenario`.
    """
    if "name" in table:
        raise InputError(f"scenario '{name}': unknown field 'name'; a scenario's file names it")
    try:
        scenario = Scenario.model_validate({**table, "name": name})
    except ValidationError as error:
        line = " ".join(problem_in(error, scenario_fields()).split())
        raise InputError(f"scenario '{name}': {line}") from None
    for one in scenario.assumptions:
        for field in () if isinstance(one, str) else one.about:
            if field not in scenario_fields() and not field.startswith("parameters."):
                raise InputError(
                    f"scenario '{name}': assumptions: "
                    f"{unknown('scenario field', field, scenario_fields())}"
                )
    try:
        resolve(scenario.parameters)
    except InputError as error:
        raise InputError(f"scenario '{name}': [parameters] {error}") from None
    return scenario


def scenario_from_text(text: str, name: str, folder: Path = FOLDER) -> Scenario:
    """Check a scenario given as TOML text; it may extend one of the library.

    Raises
    ------
    InputError
        As `load_scenario`.
    """
    table = read_toml(text, f"scenario '{name}'")
    base = table.pop("extends", None)
    if base is not None:
        path = _path_of(_text_of(base, name), folder, Path())
        table = _extended(_laid_over(path, folder, []), table, name)
    return scenario_from(table, name)


def adjusted(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return a scenario with some fields changed, checked again.

    Where a change alters what is done, the scenario is an assumption from then on: the evidence was
    on another programme.

    Parameters
    ----------
    scenario : Scenario
        Where to start from.
    changes : mapping of str to object
        New values by dotted name, such as ``{"conditions.funding_end_week": 26}``; model parameters
        as ``parameters.<name>``. A table is laid over what is there.

    Raises
    ------
    InputError
        For a name that does not exist and a value that breaks a rule.
    """
    table = scenario.model_dump(exclude={"name"}, exclude_none=True)
    known = scenario_fields()
    for dotted, value in changes.items():
        if dotted not in known and not dotted.startswith("parameters."):
            raise unknown("scenario field", dotted, _suggestions(dotted, known))
        *tables, last = dotted.split(".")
        inner = table
        for one in tables:
            found = inner.get(one)
            if not isinstance(found, dict):
                raise InputError(f"scenario field '{dotted}': '{one}' is a list; set it as a whole")
            inner = found
        if value is None and known[dotted].optional:
            inner.pop(last, None)
        else:
            inner[last] = _laid_in(inner.get(last), value)
    changed = scenario_from(table, scenario.name)
    still = tuple(
        one
        for one in changed.assumptions
        if isinstance(one, str)
        or all(_value_at(changed, field) == _value_at(scenario, field) for field in one.about)
    )
    changed = changed.model_copy(update={"assumptions": still})
    different = [
        dotted
        for dotted in changes
        if dotted.partition(".")[0] not in (*NOT_THE_PROGRAMME, FEASIBILITY)
        and _value_at(changed, dotted) != _value_at(scenario, dotted)
    ]
    if not different or changed.grade == ASSUMED or "grade" in changes:
        return changed
    source = f"{scenario.source.rstrip('.')}; changed here: {', '.join(different)}."
    return changed.model_copy(update={"grade": ASSUMED, "source": source})


def _value_at(scenario: Scenario, dotted: str) -> Any:
    """Return what a scenario holds at a dotted name."""
    return _in_tables(scenario.model_dump(), dotted)


def _in_tables(tables: Mapping[str, Any], dotted: str) -> Any:
    """Return what nested tables hold at a dotted name, None where it is nothing."""
    found: Any = tables
    for one in dotted.split("."):
        found = found.get(one) if isinstance(found, Mapping) else None
    return found


def parse_choice(text: str) -> tuple[str, Any]:
    """Read a change of a scenario as the command line takes it, ``field=value``.

    The value is read as TOML (``0.5``, ``true``, ``[0, 52]``) and, where it is none, as text.

    Raises
    ------
    InputError
        When the text has another form or the field does not exist.
    """
    text = " ".join(text.split())
    name, equals, written = (part.strip() for part in text.partition("="))
    if not (name and equals and written):
        raise InputError(f"setting '{text}': must have the form field=value")
    known = scenario_fields()
    if name not in known and not name.startswith("parameters."):
        raise unknown("scenario field", name, _suggestions(name, known))
    return name, read_value(written)


def _suggestions(dotted: str, known: Mapping[str, Any]) -> list[str]:
    """Return the fields worth suggesting: those with the same last name, or else all."""
    last = dotted.rsplit(".", 1)[-1]
    same = [name for name in known if name.rsplit(".", 1)[-1] == last]
    return same if len(same) == 1 else list(known)


def _path_of(which: str | Path, folder: Path, beside: Path) -> Path:
    """Return the file that a name or path stands for."""
    text = str(which)
    if isinstance(which, Path) or is_file(text):
        return which if isinstance(which, Path) else beside / text
    names = scenario_names(folder)
    if text not in names:
        raise unknown("scenario", text, names)
    return folder / f"{text}.toml"


def _text_of(base: Any, name: str) -> str:
    if not isinstance(base, str) or not base:
        raise InputError(f"scenario '{name}': extends = {repeated(base)}: must name one scenario")
    return base


def _laid_over(path: Path, folder: Path, trail: list[Path]) -> dict[str, Any]:
    """Return the tables of a file laid over those of what it extends."""
    # Read first: what can be read has a path that can be resolved.
    table = read_toml(read_text(path, "scenario file"), f"scenario file '{path.name}'")
    here = path.resolve()
    if here in trail:
        circle = " -> ".join(one.stem for one in [*trail[trail.index(here) :], here])
        raise InputError(f"scenario '{path.stem}': extends itself: {circle}")
    base = table.pop("extends", None)
    if base is None:
        return table
    above = _path_of(_text_of(base, path.stem), folder, path.parent)
    return _extended(_laid_over(above, folder, [*trail, here]), table, path.stem)


def _extended(base: Mapping[str, Any], table: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a scenario's tables over those of the one it extends.

    A file that does not say what it is and how it is known is an assumption of its author's.
    """
    of = f"'{base.get('title', 'a scenario')}'"
    own = {
        "title": name,
        "description": f"As {of}, with what this file changes.",
        "grade": ASSUMED,
        "source": f"Own scenario; its file changes {of} and names no source.",
    }
    done = {key: value for key, value in base.items() if key not in WHAT_IT_IS}
    if set(table) - {*NOT_THE_PROGRAMME, FEASIBILITY}:
        done.pop(FEASIBILITY, None)
    merged = _merged({**own, **done}, table)
    old, new = base.get("assumptions", []), table.get("assumptions", [])
    if isinstance(old, list) and isinstance(new, list):
        still = [one for one in old if not _changed(one, base, table)]
        merged["assumptions"] = [*still, *(one for one in new if one not in still)]
    return merged


def _changed(assumption: Any, base: Mapping[str, Any], table: Mapping[str, Any]) -> bool:
    """Return whether tables change a field that an assumption of the base is about."""
    about = assumption.get("about", []) if isinstance(assumption, Mapping) else []
    said = [(_in_tables(table, str(field)), _in_tables(base, str(field))) for field in about]
    return any(new is not None and new != old for new, old in said)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        merged[name] = _laid_in(merged.get(name), value)
    return merged


def _laid_in(old: Any, new: Any) -> Any:
    both = isinstance(old, Mapping) and isinstance(new, Mapping)
    return _merged(old, new) if both else new
