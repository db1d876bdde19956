"""Write the generated parts of `architecture.md`, and its picture, from the code's own imports.

Run ``python -m docs.build_architecture`` after a new part or a new import between parts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path

from docs.import_graph import LAYERS, graph
from docs.marked import main, table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "img" / "architecture.svg"
WIDTH, ROW, BOX = 1080, 78, 34
EVERYBODYS = {"errors", "files"}
"""Parts that nearly every other uses: their lines are left out of the picture."""
LAYER_NAMES = (
    "vocabulary",
    "the science",
    "the state",
    "who and what",
    "agents",
    "engines",
    "long work",
    "uses",
    "reports",
    "the front door",
    "pages without a server",
    "commands",
    "entrances",
)


def part_of(module: str) -> str | None:
    """Return the part of `sim` that a module belongs to; None for others."""
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "sim" and len(pieces) > 1 else None


@cache
def part_edges() -> dict[str, set[str]]:
    """Return which parts of `sim` each part imports."""
    edges: dict[str, set[str]] = {}
    for module, targets in graph(ROOT, "sim").items():
        here = part_of(module)
        if here is None:
            continue
        edges.setdefault(here, set()).update(
            there for there in map(part_of, targets) if there is not None and there != here
        )
    return edges


def layers_in_use(edges: dict[str, set[str]]) -> list[tuple[str, list[str]]]:
    """Return the layers with the parts that exist, lowest first."""
    return [
        (name, sorted(part for part in parts if part in edges))
        for name, parts in zip(LAYER_NAMES, LAYERS, strict=True)
    ]


def imports_table() -> str:
    """Return a table of what each part imports."""
    edges = part_edges()
    rows = [
        (name, f"`{part}`", ", ".join(f"`{one}`" for one in sorted(edges[part])) or "nothing")
        for name, parts in layers_in_use(edges)
        for part in parts
    ]
    return table(("layer", "part of `sim`", "imports"), rows)


def picture() -> str:
    """Return the picture of layers and imports as SVG; the lowest layer is at the bottom."""
    edges = part_edges()
    layers = layers_in_use(edges)
    height = ROW * len(layers) + 20
    places: dict[str, tuple[float, float, float]] = {}
    boxes = []
    for depth, (name, parts) in enumerate(layers):
        top = height - ROW * (depth + 1)
        boxes.append(
            f'<text x="12" y="{top + 22}" font-size="13" fill="#555">{escape(name)}</text>'
        )
        room = (WIDTH - 150) / max(len(parts), 1)
        for number, part in enumerate(parts):
            wide = min(room - 14, 130)
            left = 140 + number * room + (room - wide) / 2
            places[part] = (left + wide / 2, top, top + BOX)
            boxes.append(
                f'<rect x="{left:.0f}" y="{top}" width="{wide:.0f}" height="{BOX}" rx="5" '
                f'fill="#eef4fa" stroke="#0072b2"/><text x="{left + wide / 2:.0f}" '
                f'y="{top + 22}" font-size="14" text-anchor="middle">{escape(part)}</text>'
            )
    lines = []
    for part, targets in sorted(edges.items()):
        for target in sorted(targets):
            if part not in places or target not in places or target in EVERYBODYS:
                continue
            x1, _, start = places[part]
            x2, end, _ = places[target]
            if start < end:
                bend = (end - start) / 2
                lines.append(
                    f'<path d="M{x1:.0f} {start} C{x1:.0f} {start + bend:.0f} '
                    f'{x2:.0f} {end - bend:.0f} {x2:.0f} {end}" fill="none" stroke="#999" '
                    'stroke-opacity="0.45"/>'
                )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="sans-serif"><title>Layers of sim; lines are imports, always downwards'
        f"</title>{''.join(lines)}{''.join(boxes)}</svg>\n"
    )


PARTS: dict[str, Callable[[], str]] = {"imports": imports_table}


if __name__ == "__main__":
    main(PAGE, PARTS)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8", newline="\n")
