"""Figures of the calibration report, as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from sim.report.figures import without_formulas

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"


def svg(figure: Figure) -> str:
    """Return a figure as SVG text, the same for the same figure."""
    out = StringIO()
    with plt.rc_context({"svg.hashsalt": "refocus", "svg.fonttype": "none"}):
        without_formulas(figure).savefig(
            out, format="svg", bbox_inches="tight", metadata={"Date": None}
        )
    plt.close(figure)
    text = out.getvalue()
    return text[text.index("<svg") :]


def predictive_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw prior and posterior predictive intervals about the reported value.

    Each row is scaled: 0 is the reported value (or 0 for directions), 1 the half-width of the
    posterior predictive 90% interval.
    """
    shown = [row for row in rows if row.get("interval") is not None]
    figure, axes = plt.subplots(figsize=(8.0, 0.34 * len(shown) + 1.2))
    for at, row in enumerate(reversed(shown)):
        low, high = row["interval"]
        above = at + 0.1
        centre = row["reported"] if row["reported"] is not None else 0.0
        unit = 0.5 * (high - low) or 1.0
        prior = [(v - centre) / unit for v in row["prior"]]
        axes.plot([max(prior[0], -6), min(prior[1], 6)], [at - 0.14] * 2, color=GREY, lw=2)
        axes.plot([(v - centre) / unit for v in (low, high)], [above] * 2, color=BLUE, lw=4)
        axes.plot([(row["median"] - centre) / unit], [above], "o", color=BLUE, ms=5)
        if row["reported"] is not None:
            axes.plot([0.0], [at], "D", color=ORANGE, ms=5)
        if "interval_selected" in row:
            ends = [(v - centre) / unit for v in row["interval_selected"]]
            axes.plot(ends, [at + 0.3] * 2, color=BLUE, lw=1.5, ls=":")
    axes.set_yticks(range(len(shown)))
    axes.set_yticklabels(
        [f"{row['pattern']} {row['title']}" for row in reversed(shown)], fontsize=8
    )
    axes.axvline(0.0, color="black", lw=0.6)
    axes.set_xlim(-6.2, 6.2)
    axes.set_xlabel(
        "distance from the reported value (from 0 for directions and tests), in half-widths of\n"
        "the posterior predictive 90% interval. Diamond: reported. Blue: posterior predictive\n"
        "(dotted: trials that would have reported the contrast). Grey: prior predictive."
    )
    return figure


def contraction_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw how far each calibrated parameter's posterior narrowed and moved."""
    figure, axes = plt.subplots(figsize=(7.5, 0.3 * len(rows) + 1.0))
    for at, row in enumerate(reversed(rows)):
        axes.plot([0.0, row["contraction"]], [at, at], color=BLUE, lw=3)
        axes.plot(row["contraction"], at, "o", color=BLUE, ms=5)
        axes.plot(row["contraction_direct"], at, "s", color=ORANGE, ms=4)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([row["name"] for row in reversed(rows)], fontsize=8)
    axes.set_xlim(-0.5, 1.0)
    axes.axvline(0.0, color="black", lw=0.6)
    axes.set_xlabel(
        "contraction: 1 - posterior / prior variance\n"
        "(circle: shipped draws; square: direct method)"
    )
    return figure


def sensitivity_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw the effect of full implementation under every analysis."""
    figure, panels = plt.subplots(1, 2, figsize=(10.0, 0.34 * len(rows) + 1.2), sharey=True)
    for axes, name, label in (
        (panels[0], "qpr_full_12", "QPR-15 points, 12 months"),
        (panels[1], "qpr_full_24", "QPR-15 points, 24 months (extrapolation)"),
    ):
        for at, row in enumerate(reversed(rows)):
            mean, low, high = row[name]
            axes.plot([low, high], [at, at], color=BLUE, lw=3)
            axes.plot(mean, at, "o", color=BLUE, ms=5)
        axes.axvline(0.0, color="black", lw=0.6)
        axes.axvline(4.0, color=GREY, lw=0.8, ls="--")
        axes.set_xlabel(f"full implementation, {label}")
    panels[0].set_yticks(range(len(rows)))
    panels[0].set_yticklabels([row["analysis"] for row in reversed(rows)], fontsize=8)
    return figure


def recovery_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw coverage of nominal 50% and 90% intervals with binomial intervals."""
    figure, panels = plt.subplots(1, 2, figsize=(10.0, 0.26 * len(rows) + 1.0), sharey=True)
    for axes, level in ((panels[0], 50), (panels[1], 90)):
        for at, row in enumerate(reversed(rows)):
            ends = [row[f"cover_{level}_low"], row[f"cover_{level}_high"]]
            axes.plot(ends, [at, at], color=BLUE, lw=2)
            axes.plot(row[f"cover_{level}"], at, "o", color=BLUE, ms=4)
        axes.axvline(level / 100.0, color=ORANGE, lw=1)
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel(f"coverage of nominal {level}% intervals")
    panels[0].set_yticks(range(len(rows)))
    panels[0].set_yticklabels([row["name"] for row in reversed(rows)], fontsize=8)
    return figure


def sobol_figure(tables: dict[str, list[dict[str, Any]]]) -> Figure:
    """Draw total Sobol indices of four effects."""
    names = [
        one
        for one in (
            "qpr_full_12",
            "qpr_full_24",
            "inspire_support_full_12",
            "inspire_relationship_full_12",
        )
        if one in tables
    ]
    figure, panels = plt.subplots(2, 2, figsize=(11.0, 6.5))
    for axes, name in zip(panels.flat, names, strict=False):
        rows = tables[name]
        for at, row in enumerate(reversed(rows)):
            axes.barh(at, row["total"], color=GREY if row["total_interval"] is None else BLUE)
            if row["total_interval"] is not None:
                axes.plot(row["total_interval"], [at, at], color="black", lw=1)
        axes.set_yticks(range(len(rows)))
        axes.set_yticklabels([row["parameter"] for row in reversed(rows)], fontsize=7)
        flag = " (not calibrated: no REFOCUS figure seen)" if name.startswith("inspire") else ""
        axes.set_title(name + flag, fontsize=9)
        axes.set_xlim(0.0, 1.0)
    figure.tight_layout()
    return figure


def explanation_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draw share of lifts and lift of the five explanations."""
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 2.6), sharey=True)
    for at, row in enumerate(reversed(rows)):
        panels[0].barh(at, row["weight"], color=BLUE)
        mean, low, high = row["lift"]
        panels[1].plot([low, high], [at, at], color=BLUE, lw=3)
        panels[1].plot(mean, at, "o", color=BLUE)
    panels[0].set_yticks(range(len(rows)))
    panels[0].set_yticklabels([row["explanation"] for row in reversed(rows)], fontsize=8)
    panels[0].set_xlabel("mean share of all lifts")
    panels[1].axvline(0.0, color="black", lw=0.6)
    panels[1].set_xlabel("lift of the expected effect, QPR-15 points (mean, 90%)")
    return figure
