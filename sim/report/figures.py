"""Figures of reports: lines with bands over weeks, and points with intervals, as SVG text."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.drawing import COLOURS, Panel, draw_lines, plain

_drawing = threading.Lock()


def _new(rows: int, columns: int, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, height * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()


def without_formulas(figure: Any) -> Any:
    """Return a figure in which a dollar sign is a dollar sign, as names of users may hold some."""
    from matplotlib.text import Text

    for one in figure.findobj(Text):
        one.set_parse_math(False)
    return figure


def svg_of(figure: Any) -> bytes:
    """Return a figure as SVG, the same bytes for the same figure.

    Drawn once: `savefig` draws one twice whose layout follows from what it shows.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    # Matplotlib's settings are the whole process's.
    with _drawing, rc_context({"svg.hashsalt": "refocus", "svg.fonttype": "path"}):
        canvas = FigureCanvasSVG(without_formulas(figure))
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _svg(figure: Any) -> str:
    text = svg_of(figure).decode()
    return text[text.index("<svg") :]


def line_figure(panels: Sequence[Panel], columns: int = 2, mark: float | None = 52.0) -> str:
    """Return panels of lines over weeks as SVG.

    Parameters
    ----------
    panels : sequence of Panel
        What to draw.
    columns : int
        Panels side by side.
    mark : float or None
        Week from which results are an extrapolation, marked when the lines go beyond it.
    """
    rows = -(-len(panels) // columns)
    figure, axes = _new(rows, columns, 3.1)
    for axis, panel in zip(axes, panels, strict=False):
        draw_lines(axis, panel, mark)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    return _svg(figure)


@dataclass(frozen=True)
class Point:
    """A value with an interval, in a named row."""

    row: str
    value: float
    low: float
    high: float


def interval_figure(
    groups: Sequence[tuple[str, Sequence[Point]]], marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Return panels of points with intervals, one row per label, as SVG.

    Parameters
    ----------
    groups : sequence of (title, points)
        One panel each.
    marks : sequence of (value, label)
        Vertical lines, such as no difference or a minimum important difference.
    """
    figure, axes = _new(1, len(groups), 0.9 + 0.42 * max(len(points) for _, points in groups))
    for position, (axis, (title, points)) in enumerate(zip(axes, groups, strict=False)):
        for height, point in enumerate(reversed(list(points))):
            axis.plot([point.low, point.high], [height, height], color=COLOURS[0], linewidth=2)
            axis.plot([point.value], [height], "o", color=COLOURS[0], markersize=6)
        for value, label in marks:
            axis.axvline(value, color="#777777", linewidth=0.9, linestyle=(0, (3, 2)))
            axis.text(value, len(points) - 0.45, label, fontsize=7, ha="center", va="bottom")
        axis.set_ylim(-0.6, len(points) - 0.1)
        axis.set_yticks(range(len(points)))
        names = [point.row for point in reversed(list(points))]
        axis.set_yticklabels(names if position == 0 else [""] * len(names), fontsize=8)
        plain(axis)
        axis.set_title(title, fontsize=10, loc="left", pad=14)
    return _svg(figure)
