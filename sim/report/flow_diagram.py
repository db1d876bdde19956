"""Pictures of a trial design: a flow diagram of teams and people, and the schedule, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
LINE = 17
SHADES = ("#ffffff", "#0072b2", "#e69f00", "#dddddd")
MEANINGS = ("control", "treated", "transition", "not measured")


@dataclass(frozen=True)
class Box:
    """A box of a flow diagram: its lines of text, and its place and width."""

    lines: tuple[str, ...]
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        """Height that the lines need."""
        return LINE * len(self.lines) + 14

    @property
    def middle(self) -> float:
        """Horizontal middle."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height


def _draw(box: Box) -> str:
    texts = "".join(
        f'<text x="{box.middle:.0f}" y="{box.y + 19 + LINE * number:.0f}" text-anchor="middle"'
        f"{' font-weight=' + chr(34) + 'bold' + chr(34) if number == 0 else ''}>"
        f"{escape(line)}</text>"
        for number, line in enumerate(box.lines)
    )
    return (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" fill="#fff" stroke="#1b1b1b"/>{texts}'
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = (y1 + y2) / 2
    path = f"M{x1:.0f} {y1:.0f}V{bend:.0f}H{x2:.0f}V{y2:.0f}"
    return f'<path d="{path}" fill="none" stroke="#1b1b1b" marker-end="url(#head)"/>'


def flow_svg(
    top: Sequence[str], aside: Sequence[str], columns: Sequence[Sequence[Sequence[str]]]
) -> str:
    """Return a flow diagram in CONSORT's manner.

    Parameters
    ----------
    top : sequence of str
        Lines of the first box.
    aside : sequence of str
        Lines of the box beside it (who was left out); none when empty.
    columns : sequence
        For each arm its boxes from top to bottom, each a sequence of lines.
    """
    first = Box(tuple(top), WIDTH / 2 - 170, 10, 340)
    boxes, arrows = [first], []
    y = first.bottom + 34
    if aside:
        beside = Box(tuple(aside), WIDTH - 250, first.bottom + 12, 240)
        boxes.append(beside)
        middle = beside.y + beside.height / 2
        arrows.append(
            f'<path d="M{first.middle:.0f} {middle:.0f}H{beside.x:.0f}" fill="none" '
            'stroke="#1b1b1b" marker-end="url(#head)"/>'
        )
        y = beside.bottom + 30
    width = (WIDTH - 20 * (len(columns) + 1)) / len(columns)
    lowest = y
    for number, column in enumerate(columns):
        before = first
        at = y
        for lines in column:
            box = Box(tuple(lines), 20 + number * (width + 20), at, width)
            boxes.append(box)
            arrows.append(_arrow(before.middle, before.bottom, box.middle, box.y))
            before, at = box, box.bottom + 30
        lowest = max(lowest, before.bottom)
    body = "".join(arrows) + "".join(_draw(box) for box in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {lowest + 12:.0f}" '
        f'width="{WIDTH}" font-family="system-ui, sans-serif" font-size="13">'
        '<defs><marker id="head" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="#1b1b1b"/></marker></defs>{body}</svg>'
    )


def schedule_svg(
    schedule: Sequence[Sequence[int]], clusters: Sequence[int], weeks: Sequence[int]
) -> str:
    """Return a picture of which sequence is treated when.

    Parameters
    ----------
    schedule : sequences of int
        One row per sequence: 0 control, 1 treated, 2 transition, 3 not measured.
    clusters : sequence of int
        Teams in each sequence.
    weeks : sequence of int
        Week of each period's measurement.
    """
    left, top, cell, tall = 170, 34, min(90, (WIDTH - 190) // len(weeks)), 26
    parts = []
    for column, week in enumerate(weeks):
        x = left + column * cell + cell / 2
        parts.append(f'<text x="{x:.0f}" y="22" text-anchor="middle">week {week}</text>')
    for row, (states, count) in enumerate(zip(schedule, clusters, strict=True)):
        y = top + row * tall
        parts.append(f'<text x="10" y="{y + 18}">sequence {row + 1}: {count} teams</text>')
        for column, state in enumerate(states):
            x = left + column * cell
            ink = "#fff" if state == 1 else "#1b1b1b"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{cell}" height="{tall}" fill="{SHADES[state]}" '
                f'stroke="#555"/><text x="{x + cell / 2:.0f}" y="{y + 18}" text-anchor="middle" '
                f'fill="{ink}">{state}</text>'
            )
    y = top + len(schedule) * tall + 22
    used = sorted({int(state) for states in schedule for state in states})
    legend = ", ".join(f"{state} {MEANINGS[state]}" for state in used)
    parts.append(f'<text x="{left}" y="{y}">{legend}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}" width="{WIDTH}" '
        f'font-family="system-ui, sans-serif" font-size="13">{"".join(parts)}</svg>'
    )
