"""Write `docs/parameters.md`: the tables of all parameters, generated from the registry.

Run ``python -m sim.parameters.document`` after a change to a parameter file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from sim.errors import InputError
from sim.parameters.descriptor import Parameter
from sim.parameters.registry import LINKS, registry

HOME = Path(__file__).resolve().parents[2] / "docs" / "parameters.md"

COLUMNS = ("name", "label", "unit", "default", "bounds", "prior", "grade", "source", "help")

_HEAD = """# Parameters

Generated from `sim/parameters/*.toml` by `python -m sim.parameters.document`; do not edit.

Every number that a rule or a measure reads stands here once. *Default* is the value used when
nothing else is said, *bounds* the values allowed, *prior* what is assumed before calibration
(truncated to the bounds). *Grade* says how the number is known: from the **trial**, from other
**literature**, or by **assumption**. A fixed prior belongs to a definition or a switch.
"""


def document(parameters: Mapping[str, Parameter] | None = None) -> str:
    """Return the text of `docs/parameters.md`.

    Parameters
    ----------
    parameters : mapping of str to Parameter, optional
        The registry to describe; the shipped one without it.

    Returns
    -------
    str
        Markdown: a count by evidence grade, then a table per link in the order of the chain.
    """
    known = registry() if parameters is None else parameters
    sections = [_HEAD, _counts(known)]
    present = {one.link for one in known.values()}
    ordered = [link for link in LINKS if link in present] + sorted(present - LINKS.keys())
    for link in ordered:
        mine = [one for one in known.values() if one.link == link]
        title = (
            f"## {link.capitalize()}\n\n{LINKS[link]}.\n\n" if link in LINKS else f"## {link}\n\n"
        )
        rows = [COLUMNS, ("---",) * len(COLUMNS), *(_row(one) for one in mine)]
        sections.append(title + "".join(f"| {' | '.join(row)} |\n" for row in rows))
    return "\n".join(sections)


def write(path: Path = HOME) -> None:
    """Write the text to `path`.

    Raises
    ------
    InputError
        When the folder does not exist, as in an installation without the source tree.
    """
    if not path.parent.is_dir():
        raise InputError(f"folder '{path.parent.name}': not found; run this in the source tree")
    path.write_text(document(), encoding="utf-8", newline="\n")


def _counts(known: Mapping[str, Parameter]) -> str:
    grades = [one.grade for one in known.values()]
    listed = ", ".join(
        f"{grades.count(one)} {one}" for one in ("trial", "literature", "assumption")
    )
    return f"{len(grades)} parameters: {listed}.\n"


def _row(parameter: Parameter) -> tuple[str, ...]:
    low, high = parameter.bounds
    cells = (
        f"`{parameter.name}`",
        parameter.label,
        parameter.unit,
        f"{parameter.default:.6g}",
        f"{low:.6g} to {high:.6g}",
        str(parameter.prior),
        parameter.grade,
        parameter.source,
        parameter.help,
    )
    return tuple(cell.replace("|", "\\|") for cell in cells)


if __name__ == "__main__":
    try:
        write()
    except InputError as error:
        sys.exit(str(error))
