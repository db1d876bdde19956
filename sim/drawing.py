"""How lines with bands are drawn, in reports and notebooks alike.

Okabe and Ito's colours, which people with any colour vision tell apart, with dashes and direct
labels so that colour is never needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES: tuple[Any, ...] = (
    "solid",
    (0, (5, 2)),
    (0, (1, 1.4)),
    (0, (6, 2, 1, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
    (0, (2, 3)),
)


@dataclass(frozen=True)
class Line:
    """A line over weeks with an optional band."""

    label: str  # Written at the end of the line
    # Weeks, mean, and the limits of the band.
    x: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Panel:
    """One panel of a figure: a title that says what is shown and in which unit, and its lines."""

    title: str
    lines: tuple[Line, ...]


def spread_labels(values: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """Return label heights near their lines, at least `gap` apart and within the axis."""
    order = np.argsort(values)
    placed = np.array(values, float)
    for before, after in zip(order[:-1], order[1:], strict=True):
        placed[after] = max(placed[after], placed[before] + gap)
    over = max(0.0, placed.max() - high) if len(placed) else 0.0
    placed -= over
    return [float(max(low, one)) for one in placed]


def draw_lines(axis: Any, panel: Panel, mark: float | None = 52.0) -> None:
    """Draw lines with bands over weeks, each with its label at its end.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
        Where to draw.
    panel : Panel
        Lines and title.
    mark : float or None
        Week from which results are an extrapolation, marked when the lines go beyond it.
    """
    ends = []
    for number, line in enumerate(panel.lines):
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[number % len(DASHES)]
        axis.fill_between(line.x, line.low, line.high, color=colour, alpha=0.14, linewidth=0)
        axis.plot(line.x, line.middle, color=colour, linestyle=dash, linewidth=1.8)
        ends.append(float(line.middle[-1]))
    last = max(float(line.x[-1]) for line in panel.lines)
    low, high = axis.get_ylim()
    heights = spread_labels(ends, low, high, 0.075 * (high - low))
    for number, (line, height) in enumerate(zip(panel.lines, heights, strict=True)):
        axis.annotate(
            line.label,
            (last, ends[number]),
            xytext=(last * 1.02, height),
            color=COLOURS[number % len(COLOURS)],
            fontsize=8,
            va="center",
            annotation_clip=False,
        )
    axis.set_ylim(low, high)
    axis.set_xlim(0, last)
    if mark is not None and last > mark:
        axis.axvline(mark, color="#777777", linewidth=0.8, linestyle=(0, (2, 2)))
        axis.text(mark, high, " beyond the trial: extrapolation", fontsize=7, va="top")
    plain(axis, panel.title, "week")


def plain(axis: Any, title: str = "", across: str = "", upwards: str = "") -> None:
    """Give an axis its titles in the style of all figures: small, and no frame."""
    axis.set_title(title, fontsize=10, loc="left")
    axis.set_xlabel(across, fontsize=9)
    axis.set_ylabel(upwards, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
