"""Figures of the page: lines with nested bands, points with nested bars, a power curve.

Each is small enough to be read on a phone. Colours, dashes and the spacing of labels are those of
the reports.
"""

from __future__ import annotations

import io
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.drawing import COLOURS, DASHES, spread_labels
from sim.report.figures import without_formulas

WIDTH, HEIGHT = 5.6, 3.4
LABEL, SMALL = 11, 10
GREY = "#595959"
# Okabe and Ito's colours as far as they have a contrast of 3 to 1 with white; a darker purple and
# black beyond. Names of lines are darker still: 4.5 to 1.
LINES = (*COLOURS[:3], "#B45A8C", "#000000")
NAMES = ("#005A8C", "#A84800", "#00704F", "#93406E", "#000000")
TRIAL_WEEKS = 52
# Bars of intervals: 90% thin, 50% thick.
OUTER, INNER = 2.2, 6.5
# Width that each bar at the end of a line takes, as a share of the horizontal axis.
SLOT = 0.04
# Names beside lines: letters in a line, lines, and the height of a line as a share of the axis.
NARROW, MOST_LINES = 20, 3
LINE_HEIGHT = 0.075
# Height of a further line of a name, in inches.
LABEL_LINE = 0.18
_drawing = threading.Lock()


@dataclass(frozen=True)
class Nested:
    """A median with nested 50% and 90% intervals, along weeks or at one place.

    The mean is for tables: of a skewed spread it can lie outside the intervals.
    """

    label: str  # Name of the line or row
    x: np.ndarray  # Weeks
    # As long as `x`.
    mean: np.ndarray
    low90: np.ndarray
    low50: np.ndarray
    median: np.ndarray
    high50: np.ndarray
    high90: np.ndarray


def nested(label: str, x: Sequence[float] | np.ndarray, values: np.ndarray) -> Nested:
    """Return mean, median and nested intervals over worlds.

    Parameters
    ----------
    label : str
        Name.
    x : sequence
        Weeks.
    values : numpy.ndarray
        Shape (worlds, weeks).
    """
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    return Nested(
        label,
        np.asarray(x, float),
        np.nanmean(values, axis=0),
        *np.nanquantile(values, shares, axis=0),
    )


def new_figure(height: float = HEIGHT) -> tuple[Any, Any]:
    """Return an empty figure of the page's size and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.tick_params(labelsize=SMALL)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    return figure, axis


def svg_of(figure: Any) -> bytes:
    """Return a figure as SVG, the same bytes for the same figure."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Matplotlib's settings are the whole process's.
    with _drawing, rc_context({"svg.hashsalt": "refocus", "svg.fonttype": "path"}):
        without_formulas(figure).savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None}
        )
    return buffer.getvalue()


def wrapped(label: str) -> str:
    """Return a label, whole, in few and narrow lines that leave room for what is drawn."""
    for width in range(NARROW, max(NARROW, len(label)) + 1):
        lines = textwrap.wrap(label, width, break_on_hyphens=False)
        if len(lines) <= MOST_LINES:
            return "\n".join(lines)
    return label


def most_breaks(labels: Sequence[str]) -> int:
    """Return how many lines the tallest label has beyond its first."""
    return max(label.count("\n") for label in labels)


def band_figure(lines: Sequence[Nested], unit: str) -> Any:
    """Return lines over weeks: nested bands around the first, nested bars at the end of each.

    Bands of several scenarios would hide each other, as they share most of what makes them wide.

    Parameters
    ----------
    lines : sequence of Nested
        In the order of colours and dashes; the base case first.
    unit : str
        Title of the vertical axis.
    """
    labels = [wrapped(line.label) for line in lines]
    apart = 0.1 + LINE_HEIGHT * most_breaks(labels)
    taller = max(1.0, apart * len(lines))
    figure, axis = new_figure(HEIGHT * taller)
    last = max(float(line.x[-1]) for line in lines)
    base = lines[0]
    axis.fill_between(base.x, base.low90, base.high90, color=LINES[0], alpha=0.13, linewidth=0)
    axis.fill_between(base.x, base.low50, base.high50, color=LINES[0], alpha=0.22, linewidth=0)
    for number, line in enumerate(lines):
        colour, dash = LINES[number % len(LINES)], DASHES[number % len(DASHES)]
        axis.plot(line.x, line.median, color=colour, linestyle=dash, linewidth=2.2)
        at = last * (1.025 + SLOT * number)
        for low, high, width, alpha in (
            (line.low90[-1], line.high90[-1], OUTER, 1.0),
            (line.low50[-1], line.high50[-1], INNER, 0.6),
        ):
            axis.plot(
                (at, at),
                (low, high),
                color=colour,
                linewidth=width,
                alpha=alpha,
                clip_on=False,
                solid_capstyle="butt",
            )
    low, high = axis.get_ylim()
    ends = [float(line.median[-1]) for line in lines]
    heights = spread_labels(ends, low, high, apart / taller * (high - low))
    for number, (label, height) in enumerate(zip(labels, heights, strict=True)):
        axis.annotate(
            label,
            (last, ends[number]),
            xytext=(last * (1.045 + SLOT * len(lines)), height),
            color=NAMES[number % len(NAMES)],
            fontsize=LABEL,
            va="center",
            annotation_clip=False,
        )
    axis.set_ylim(low, high)
    axis.set_xlim(0, last)
    if last > TRIAL_WEEKS:
        axis.axvline(TRIAL_WEEKS, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
        axis.text(TRIAL_WEEKS, high, " extrapolation", fontsize=SMALL, va="top", color=GREY)
    axis.set_xlabel("week", fontsize=LABEL)
    axis.set_ylabel(unit, fontsize=LABEL)
    # Names move as the axis makes room for them; a second time settles it.
    figure.get_layout_engine().execute(figure)
    return figure


def interval_figure(
    points: Sequence[Nested], unit: str, marks: Sequence[tuple[float, str]] = ()
) -> Any:
    """Return one row for each point with nested intervals.

    Parameters
    ----------
    points : sequence of Nested
        With one week each.
    unit : str
        Title of the horizontal axis.
    marks : sequence of (value, label)
        Upright lines.
    """
    labels = [wrapped(point.label) for point in points]
    row_height = 0.42 + LABEL_LINE * max(0, most_breaks(labels) - 1)
    figure, axis = new_figure(1.25 + row_height * len(points))
    rows = range(len(points) - 1, -1, -1)
    for number, (row, point) in enumerate(zip(rows, points, strict=True)):
        colour = LINES[(number + 1) % len(LINES)]
        ends = (float(point.low90[0]), float(point.high90[0]))
        axis.plot(ends, (row, row), color=colour, linewidth=OUTER, solid_capstyle="butt")
        ends = (float(point.low50[0]), float(point.high50[0]))
        axis.plot(ends, (row, row), color=colour, linewidth=INNER, solid_capstyle="butt", alpha=0.6)
        middle = [float(point.median[0])]
        axis.plot(middle, [row], "o", color=colour, markersize=7, markeredgecolor="white")
    for value, label in marks:
        axis.axvline(value, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)))
        axis.annotate(
            label, (value, len(points) - 0.45), fontsize=SMALL, ha="center", va="bottom", color=GREY
        )
    axis.set_ylim(-0.6, len(points) - 0.4)
    axis.set_yticks(list(rows))
    axis.set_yticklabels(labels, fontsize=LABEL)
    axis.set_xlabel(unit, fontsize=LABEL)
    return figure
