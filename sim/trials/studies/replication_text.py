"""Many simulated REFOCUS trials as text and as rows of a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sim.trials.power.simulated_power import Rate
from sim.trials.studies.replication import Fall, Replication

CAUTION = (
    "The published figures were used to fit the posterior: this shows how well the fit describes "
    "them and tests nothing."
)


def rate_text(one: Rate, digits: int = 1) -> str:
    """Return a share in percent with its Monte Carlo standard error.

    A share of none or all has an estimated error of 0, which misleads: its 95% interval is shown.
    """
    if one.trials == 0:
        return "no such trials"
    extreme = (
        f", 95% {100 * one.low:.{digits}f} to {100 * one.high:.{digits}f}"
        if one.monte_carlo_se == 0.0
        else ""
    )
    return (
        f"{100 * one.value:.{digits}f}% (MC SE {100 * one.monte_carlo_se:.{digits}f}{extreme}, "
        f"n = {one.trials})"
    )


def fall_rows(summary: Replication) -> list[dict[str, Any]]:
    """Return one row for each published figure."""
    falls = list(summary.falls)
    rows = [_row(one, "all trials") for one in falls]
    if summary.selected is not None:
        rows.append(_row(summary.selected, "trials that would have reported a contrast"))
    return rows


def _row(one: Fall, among: str) -> dict[str, Any]:
    row = asdict(one)
    below = row.pop("below")
    return {
        **row,
        "among": among,
        "below": below["value"],
        "below_monte_carlo_se": below["monte_carlo_se"],
        "below_low95": below["low"],
        "below_high95": below["high"],
    }


def _below(row: dict[str, Any]) -> str:
    """Return the share below with its Monte Carlo error, or its bound where that would be 0."""
    if row["below"] == 0.0:
        return f"0.0% (< {100 * row['below_high95']:.1f}%)"
    if row["below"] == 1.0:
        return f"100% (> {100 * row['below_low95']:.1f}%)"
    return f"{100 * row['below']:.1f}% ({100 * row['below_monte_carlo_se']:.1f})"


def _tail(row: dict[str, Any]) -> str:
    """Return the tail with its Monte Carlo error, or its bound where that would be 0."""
    if row["tail"] == 0.0:
        beyond = row["below_high95"] if row["below"] == 0.0 else 1.0 - row["below_low95"]
        return f"0.00 (< {min(1.0, 2.0 * beyond):.3f})"
    return f"{row['tail']:.2f} ({row['tail_monte_carlo_se']:.3f})"


def replication_text(summary: Replication, covers: str) -> str:
    """Return the summary as lines for the terminal."""
    lines = [
        f"{summary.significant.trials} simulated REFOCUS trials: 27 teams, 403 service users, one "
        "year, as delivered",
        f"Intervals hold 90% of simulated trials: {covers}, and the trial's own sampling.",
        CAUTION,
        "",
        f"  {'figure':<46}{'published':>10}{'median':>9}{'90% interval':>19}"
        f"{'below (MC SE)':>16}{'tail (MC SE)':>16}",
    ]
    for row in fall_rows(summary):
        label = row["label"] if row["among"] == "all trials" else "   if one had been significant"
        mark = "" if row["inside"] else "  outside"
        interval = f"{row['low']:.2f} to {row['high']:.2f}"
        lines.append(
            f"  {label:<46}{row['published']:>10.2f}{row['median']:>9.2f}{interval:>19}"
            f"{_below(row):>16}{_tail(row):>16}{mark}"
        )
    lines += [
        "",
        f"  Interpersonal higher where participation was high (sign of P4): "
        f"{rate_text(summary.higher_participation)}",
        f"    among trials with a significant contrast: {rate_text(summary.higher_selected)}",
        f"  Difference at least as large as published: {rate_text(summary.at_least_published)}",
        f"  Difference significant at .05 (Kenward-Roger): {rate_text(summary.significant)}",
        f"  Fits with no variance between teams: {rate_text(summary.singular)}; failed: "
        f"{rate_text(summary.failed)}",
        "",
        "  below: share of simulated trials under the published figure. tail: twice the smaller",
        "  share beyond it. Where no trial lies beyond, 95% bounds of chance stand instead of the",
        "  Monte Carlo error (MC SE). P4 was reported because a contrast was significant, so it is",
        "  also laid beside trials that would have reported one; participation was judged here by",
        "  the share of sessions attended, with error, as the trial's rule is not known.",
    ]
    return "\n".join(lines) + "\n"
