"""Figures of a comparison: chances, budgets, the cost-effectiveness plane, curves and drivers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.drawing import COLOURS, DASHES, plain, spread_labels
from sim.report.figures import _new, _svg

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#777777"
HATCHES = ("", "///")


def chance_figure(rows: Sequence[tuple[str, float, float, float]], title: str) -> str:
    """Return probabilities as points with their Monte Carlo limits, 0 to 100%.

    Parameters
    ----------
    rows : sequence of (label, share, low, high)
        One row each.
    title : str
        What is probable.
    """
    figure, (axis,) = _new(1, 1, 0.9 + 0.36 * len(rows))
    for height, (_, share, low, high) in enumerate(reversed(rows)):
        axis.plot([100 * low, 100 * high], [height, height], color=COLOURS[0], linewidth=2)
        axis.plot([100 * share], [height], "o", color=COLOURS[0], markersize=6)
        axis.text(101.5, height, f"{100 * share:.1f}%", fontsize=8, va="center")
    axis.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)], fontsize=8)
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.set_xlim(-1, 100)
    axis.axvline(50, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    plain(axis, title, "probability (%)")
    return _svg(figure)


def budget_figure(
    names: Sequence[str], direct: np.ndarray, indirect: np.ndarray, labels: Sequence[str]
) -> str:
    """Return direct and indirect costs by scenario and year as stacked bars.

    Parameters
    ----------
    names : sequence of str
        Scenarios.
    direct, indirect : numpy.ndarray
        Means, shape (scenarios, years), in thousands.
    labels : sequence of str
        Years.
    """
    figure, (axis,) = _new(1, 1, 0.8 + 0.24 * len(names) * len(labels) + 0.12 * len(names))
    ticks, texts = [], []
    height = 0.0
    for place, name in enumerate(names):
        for year, label in enumerate(labels):
            axis.barh(height, direct[place, year], 0.8, color=COLOURS[0])
            axis.barh(
                height,
                indirect[place, year],
                0.8,
                left=direct[place, year],
                color="#ffffff",
                edgecolor=COLOURS[1],
                hatch=HATCHES[1],
                linewidth=0.8,
            )
            whole = direct[place, year] + indirect[place, year]
            axis.text(whole, height, f" {whole:,.0f}", fontsize=7.5, va="center")
            ticks.append(height)
            texts.append(f"{name}, {label}" if len(labels) > 1 else name)
            height -= 1.0
        height -= 0.5
    axis.set_yticks(ticks, texts, fontsize=8)
    axis.margins(x=0.12)
    axis.set_xlim(left=0)
    plain(axis, "", "thousand GBP, not discounted")
    axis.set_title(
        "filled: direct (paid out)    hatched: indirect (staff time)", fontsize=9, loc="left"
    )
    return _svg(figure)


def plane_figure(names: Sequence[str], effects: np.ndarray, costs: np.ndarray) -> str:
    """Return the cost-effectiveness plane: a point for every draw, a large one for the mean.

    Parameters
    ----------
    names : sequence of str
        Scenarios.
    effects, costs : numpy.ndarray
        Differences from base per person, shape (scenarios, draws).
    """
    figure, (axis,) = _new(1, 1, 4.2)
    axis.axhline(0, color=GREY, linewidth=0.8)
    axis.axvline(0, color=GREY, linewidth=0.8)
    for place, name in enumerate(names):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        axis.plot(
            effects[place], costs[place], marker, color=colour, markersize=3, alpha=0.35, zorder=2
        )
        axis.plot(
            [effects[place].mean()],
            [costs[place].mean()],
            marker,
            color=colour,
            markersize=10,
            markeredgecolor="black",
            label=name,
            zorder=3,
        )
    axis.legend(fontsize=8, frameon=False, loc="best")
    plain(axis, "", "QPR-15 difference from base (points)", "GBP per person more than base")
    return _svg(figure)


def curves_figure(
    x: np.ndarray, curves: Sequence[tuple[str, np.ndarray]], below: np.ndarray
) -> str:
    """Return acceptability curves, and under them the value of perfect information.

    Parameters
    ----------
    x : numpy.ndarray
        Willingness to pay for one QPR point, GBP.
    curves : sequence of (name, shares)
        Probability that each scenario is best.
    below : numpy.ndarray
        Value of perfect information, GBP per person.
    """
    figure, axes = _new(1, 2, 3.6)
    upper, lower = axes
    for place, (_, shares) in enumerate(curves):
        upper.plot(
            x,
            100 * shares,
            color=COLOURS[place % len(COLOURS)],
            linestyle=DASHES[place % len(DASHES)],
            linewidth=1.8,
        )
    ends = [float(100 * shares[-1]) for _, shares in curves]
    for place, height in enumerate(spread_labels(ends, 0.0, 100.0, 6.0)):
        upper.annotate(
            curves[place][0],
            (x[-1], ends[place]),
            xytext=(x[-1] * 1.02, height),
            fontsize=8,
            va="center",
            color=COLOURS[place % len(COLOURS)],
            annotation_clip=False,
        )
    upper.set_ylim(0, 100)
    lower.plot(x, below, color=COLOURS[-1], linewidth=1.8)
    lower.set_ylim(bottom=0)
    for axis, title in (
        (upper, "Probability of the highest net benefit (%)"),
        (lower, "Value of perfect information (GBP per person)"),
    ):
        axis.set_xlim(0, x[-1])
        plain(axis, title, "GBP for one QPR point for one person")
    return _svg(figure)


def drivers_figure(rows: Sequence[tuple[str, float]], limit: float, title: str) -> str:
    """Return rank correlations as bars, with the size that chance alone could give.

    Parameters
    ----------
    rows : sequence of (label, correlation)
        Largest first.
    limit : float
        Size that no correlation would pass in 95% of cases if nothing mattered.
    title : str
        What the parameters drive.
    """
    figure, (axis,) = _new(1, 1, 0.9 + 0.3 * len(rows))
    for height, (_, value) in enumerate(reversed(rows)):
        strong = abs(value) > limit
        axis.barh(
            height,
            value,
            0.7,
            color=COLOURS[0] if strong else "#ffffff",
            edgecolor=COLOURS[0] if strong else GREY,
        )
    axis.axvline(0, color="black", linewidth=0.8)
    for side in (-limit, limit):
        axis.axvline(side, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    axis.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)], fontsize=8)
    axis.set_xlim(-1, 1)
    plain(axis, title, "rank correlation over draws; dashed: what chance alone can give")
    return _svg(figure)
