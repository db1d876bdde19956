"""Generated parts of a hand-written page: between marked lines, and nowhere else.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end of NAME -->``. What is
outside of the marks is written by hand and left alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.text_table import markdown

FOLDER = Path(__file__).resolve().parent
_PART = re.compile(
    r"<!-- generated: (?P<name>[\w.-]+) -->\n(?P<body>.*?)<!-- end of (?P=name) -->", re.DOTALL
)


def parts(text: str) -> dict[str, str]:
    """Return the generated parts of a page by name."""
    return {found["name"]: found["body"] for found in _PART.finditer(text)}


def filled(text: str, wanted: Mapping[str, Callable[[], str]]) -> str:
    """Return a page with its generated parts written anew.

    `text`: the page; `wanted`: what writes each part, by name. Raises ValueError when the page
    names a part that nothing writes, or lacks one.
    """
    names = [found["name"] for found in _PART.finditer(text)]
    if sorted(names) != sorted(wanted):
        odd = sorted(set(names) ^ set(wanted)) or sorted(n for n in names if names.count(n) > 1)
        raise ValueError(f"generated parts: {', '.join(odd)} must stand once, in page and script")
    return _PART.sub(
        lambda found: (
            f"<!-- generated: {found['name']} -->\n"
            f"{wanted[found['name']]().strip()}\n<!-- end of {found['name']} -->"
        ),
        text,
    )


def table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table; a vertical bar in a cell is escaped."""
    lines = [[cell.replace("|", "\\|") for cell in one] for one in (heading, *rows)]
    return markdown(lines[0], lines[1:]) + "\n"


def stale(page: Path, wanted: Mapping[str, Callable[[], str]]) -> list[str]:
    """Return the names of generated parts that differ from what would be written now."""
    text = page.read_text(encoding="utf-8")
    now, then = parts(filled(text, wanted)), parts(text)
    return [name for name in now if now[name] != then[name]]


def write(page: Path, wanted: Mapping[str, Callable[[], str]]) -> None:
    """Write the generated parts of a page anew."""
    text = page.read_text(encoding="utf-8")
    page.write_text(filled(text, wanted), encoding="utf-8", newline="\n")


def main(page: Path, wanted: Mapping[str, Callable[[], str]]) -> None:
    """Write a page's generated parts; with ``--check`` only say which are stale, and exit 1."""
    if "--check" in sys.argv[1:]:
        old = stale(page, wanted)
        if old:
            sys.exit(f"{page.name}: stale parts: {', '.join(old)}; run this script to renew them")
        return
    write(page, wanted)
