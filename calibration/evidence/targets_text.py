"""A commented file of targets to start from, and the list of figures that can be targets."""

from __future__ import annotations

from pathlib import Path

from calibration.evidence.extractors import EXTRACTORS, Extractor
from calibration.evidence.individual import FITTED, MEANING, figure_columns
from calibration.evidence.targets import WORDS

HEAD = Path(__file__).with_name("targets_template.toml")


def range_of(figure: Extractor) -> str:
    """Return the range of a published figure in words."""
    low, high = figure.bounds
    if figure.test:
        return "z of a test"
    return "any" if low == -high and high > 1e300 else f"{low:g} to {high:g}"


def targets_template() -> str:
    """Return a commented file of targets."""
    lines = [
        HEAD.read_text(encoding="utf-8").format(
            uses=", ".join(WORDS["use"]), kinds=", ".join(WORDS["kind"])
        )
    ]
    lines += [f"#   {name}: {one.label} ({range_of(one)})\n" for name, one in EXTRACTORS.items()]
    return "".join(lines)


def extractor_table() -> str:
    """Return the figures that can be targets as a Markdown table."""
    rows = [
        "| extractor | figure | published values | columns of individual data |",
        "|---|---|---|---|",
    ]
    for name, one in EXTRACTORS.items():
        columns = ", ".join(f"`{each}`" for each in figure_columns(name)) or "-"
        use = " (fitted)" if name in FITTED else ""
        rows.append(f"| `{name}` | {one.label} | {range_of(one)} | {columns}{use} |")
    return "\n".join(rows)


def column_table() -> str:
    """Return the columns of individual data as a Markdown table."""
    rows = ["| column | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {meaning} |" for name, meaning in MEANING.items()]
    return "\n".join(rows)
