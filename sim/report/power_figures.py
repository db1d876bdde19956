"""Figures of a power calculation: curves over a quantity, and a tornado, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.drawing import COLOURS, DASHES, plain
from sim.report.figures import _new, _svg


@dataclass(frozen=True)
class Curve:
    """Power over a quantity."""

    label: str  # Empty for a single curve
    # Values, simulated power and its interval, power by formula.
    x: np.ndarray
    power: np.ndarray
    low: np.ndarray
    high: np.ndarray
    formula: np.ndarray


def curve_figure(curves: Sequence[Curve], name: str, target: float) -> str:
    """Return power curves as SVG: points with intervals by simulation, lines by formula."""
    figure, (axis,) = _new(1, 1, 4.2)
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        spread = [curve.power - curve.low, curve.high - curve.power]
        label = f"{curve.label} " if curve.label else ""
        axis.errorbar(
            curve.x,
            curve.power,
            yerr=np.maximum(spread, 0.0),
            fmt="os^Dv"[number % 5],
            color=colour,
            capsize=3,
            label=f"{label}simulated",
        )
        axis.plot(
            curve.x,
            curve.formula,
            color=colour,
            linestyle=DASHES[number % len(DASHES)],
            linewidth=1.3,
            label=f"{label}formula",
        )
    axis.axhline(target, color="#777777", linewidth=0.9, linestyle=(0, (3, 2)))
    axis.set_ylim(0.0, 1.02)
    axis.legend(fontsize=8, frameon=False, loc="lower right")
    plain(axis, f"power over {name} (dashed line: wanted)", name)
    return _svg(figure)


def tornado_figure(
    names: Sequence[str],
    ends: Sequence[tuple[float, float]],
    powers: Sequence[tuple[float, float]],
    centre: float,
) -> str:
    """Return a tornado as SVG.

    Parameters
    ----------
    names : sequence of str
        Quantities, widest first.
    ends : sequence of pairs
        Lowest and highest value of each.
    powers : sequence of pairs
        Power at these.
    centre : float
        Power of the design as it is.
    """
    figure, (axis,) = _new(1, 1, 1.0 + 0.45 * len(names))
    for height, (values, power) in enumerate(zip(reversed(ends), reversed(powers), strict=True)):
        for side, (value, at) in enumerate(zip(values, power, strict=True)):
            axis.barh(
                height,
                at - centre,
                left=centre,
                height=0.55,
                color=COLOURS[side],
                alpha=0.75,
                hatch="" if side else "//",
            )
            outward = at >= centre
            axis.text(
                at,
                height,
                f" {value:.3g} ",
                fontsize=8,
                va="center",
                ha="left" if outward else "right",
            )
    axis.axvline(centre, color="#1b1b1b", linewidth=1.0)
    axis.set_yticks(range(len(names)))
    axis.set_yticklabels(list(reversed(names)), fontsize=8)
    axis.set_xlim(
        max(0.0, min(min(one) for one in powers) - 0.08),
        min(1.08, max(max(one) for one in powers) + 0.08),
    )
    plain(axis, "power; hatched: lowest value, plain: highest value")
    return _svg(figure)
