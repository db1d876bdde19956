"""The text of `docs/scenarios.md`: the library of scenarios, generated from its files.

Run ``python -m docs`` after a change to a scenario.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from sim.frameworks import joined
from sim.scenarios.library import FOLDER, LibraryEntry, list_scenarios, load_scenario
from sim.scenarios.words import determinants_of, strategies_of
from sim.text_table import markdown

HOME = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"

ABOUT = ("extends", "group", "title", "description", "grade", "source", "assumptions", "strategies")

_HEAD = """# Scenarios

Generated from `sim/scenarios/library_files/*.toml` by `python -m docs`; do not
edit.

A scenario says who gets what, when, and under which conditions. Most extend another and say only
what differs, which is shown below each; what they extend, with its assumptions, holds too, but for
assumptions about what they change. *Grade* says how the description is known: from the **trial**,
from other **literature**, or by **assumption**. It grades what is done, not how well it works: what
a scenario leads to rests on the parameters, each graded in [parameters.md](parameters.md).

Strategies and determinants are named as implementation science has them; which name stands for
what, and what has none, is on [one page](words-of-the-field.md).

Use a name with `refocus run NAME ...`, change a field with `--set field=value`, start a scenario of
your own with `refocus template scenario`.
"""


def document(folder: Path = FOLDER) -> str:
    """Return the text of `docs/scenarios.md`.

    Parameters
    ----------
    folder : pathlib.Path
        The library to describe; the shipped one without it.

    Returns
    -------
    str
        Markdown: an overview, then group by group what each scenario does and what it changes.
    """
    entries = list_scenarios(folder)
    by_group = {name: list(some) for name, some in groupby(entries, key=lambda one: one.group)}
    sections = [_HEAD, _overview(by_group, len(entries))]
    for name, members in by_group.items():
        sections.append(f"## {_heading(name)}\n")
        sections += [_section(one, folder) for one in members]
    return "\n".join(sections)


def _heading(group: str) -> str:
    return group[:1].upper() + group[1:]


def _overview(by_group: Mapping[str, list[LibraryEntry]], count: int) -> str:
    rows: list[tuple[str, ...]] = []
    for group, members in by_group.items():
        rows.append((f"**{_heading(group)}**", "", ""))
        rows += [(f"[`{one.name}`](#{one.name})", one.title, one.grade) for one in members]
    return f"{count} scenarios.\n\n" + markdown(("name", "what", "grade"), rows) + "\n"


def _section(entry: LibraryEntry, folder: Path) -> str:
    own = tomllib.loads((folder / f"{entry.name}.toml").read_text(encoding="utf-8"))
    lines = [f"### {entry.name}", "", f"**{entry.title}.** {entry.description}", ""]
    scenario = load_scenario(entry.name, folder)
    for title, names in (
        ("Strategies (ERIC)", strategies_of(scenario)),
        ("Determinants (CFIR 2.0)", determinants_of(scenario)),
    ):
        lines += [f"- {title}: {joined(names)}."] if names else []
    lines += [f"- Grade: {entry.grade}.", f"- Source: {own['source'].rstrip('.')}."]
    assumed = own.get("assumptions", [])
    if assumed:
        texts = (one if isinstance(one, str) else one["text"] for one in assumed)
        lines += ["- Assumed:", *(f"  - {one}" for one in texts)]
    base = own.get("extends")
    lines += ["", f"Extends [`{base}`](#{base}); it says:" if base else "It says:", "", "```toml"]
    said = list(_lines({name: value for name, value in own.items() if name not in ABOUT}))
    return "\n".join([*lines, *said, "```", ""])


def _lines(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield one line for each value of nested tables, by dotted name."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name} = {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_shown(one)}' for name, one in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)
