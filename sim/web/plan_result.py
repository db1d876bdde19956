"""From the tables of a run to what the page shows: sentences, figures, and a table under each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.planning.vocabulary import IMPORTANT, IMPORTANT_IF_22_ITEMS, other_evidence, rests_on
from sim.report.run_report import (
    SHOWN,
    by_draw,
    caution,
    focus_arm,
    last_assessment,
    sentence,
    standard_error,
)
from sim.runs.results import Results
from sim.web.figures import Nested, band_figure, interval_figure, nested
from sim.web.typography import plain_covers

if TYPE_CHECKING:
    from sim.posterior.choose import ChosenDraws
    from sim.scenarios.schema import Scenario

TABLE_WEEKS = 13
COLUMNS = ("scenario", "week", "mean", "5%", "25%", "median", "75%", "95%", "Monte Carlo SE")
OUTCOMES = (
    ("qpr15", "Personal recovery, QPR-15", "points, 0-60"),
    ("qpr_interpersonal", "QPR Interpersonal", "points, 0-20"),
    ("inspire_support", "Support, INSPIRE (not calibrated)", "points, 0-100"),
    ("inspire_relationship", "Relationship, INSPIRE (not calibrated)", "points, 0-100"),
)
PROCESS_HELP = {
    "team_readiness": "Shared will and ability to change, mean over teams.",
    "adoption": "Share of staff in post who have attended at least one session.",
    "reach": "Share of service users in service whose key worker has been trained.",
    "fidelity": "Recovery-supporting practice delivered: how often and how well.",
    "relationship": "Quality of the relationship between service user and key worker.",
    "support": "Support for recovery that service users experience.",
    "recovery": "Mean of the five recovery processes, in standard deviations.",
    "workload": "Caseload pressure; 1 is the norm.",
}


@dataclass(frozen=True)
class Shown:
    """A figure with its table."""

    name: str  # File name without its ending
    group: str  # Heading under which it stands
    # Heading, what it shows and what its bands cover, and a text alternative.
    title: str
    caption: str
    alt: str
    # The table.
    columns: Sequence[str]
    rows: list[list[Any]]
    figure: str  # SVG

    def described(self) -> dict[str, Any]:
        """Return what the page needs to show it."""
        return {
            "name": self.name,
            "group": self.group,
            "title": self.title,
            "caption": self.caption,
            "alt": self.alt,
            "columns": list(self.columns),
            "rows": self.rows,
        }


def rounded(value: float) -> float | None:
    """Return a number with four figures that count, None when it is missing."""
    if not np.isfinite(value):
        return None
    return float(f"{value:.4g}")


def table_rows(line: Nested, worlds: int, spread: np.ndarray) -> list[list[Any]]:
    """Return a line as rows of `COLUMNS`, every thirteenth week and the last."""
    rows: list[list[Any]] = []
    for at, week in enumerate(line.x.astype(int)):
        if week % TABLE_WEEKS and at != len(line.x) - 1:
            continue
        numbers = (line.mean, line.low90, line.low50, line.median, line.high50, line.high90)
        row = [line.label, int(week), *(rounded(float(one[at])) for one in numbers)]
        rows.append([*row, rounded(float(spread[at]) / np.sqrt(worlds))])
    return rows


def assessed(results: Results, scenario: int, arm: str, measure: str) -> tuple[Any, np.ndarray]:
    """Return weeks of assessment, and the arm's mean in every world; shape (worlds, weeks)."""
    rows = results.arrays["summaries"]
    own = rows[
        (rows["scenario"] == scenario)
        & (rows["arm"] == results.labels["arm"].index(arm))
        & (rows["measure"] == results.labels["measure"].index(measure))
    ]
    own = np.sort(own, order=["draw", "replication", "week"])
    weeks = np.unique(own["week"])
    return weeks, own["mean"].reshape(-1, len(weeks))


def weekly(results: Results, scenario: int, arm: str, name: str) -> tuple[Any, np.ndarray]:
    """Return weeks, and the mean over the arm's teams in every world; shape (worlds, weeks)."""
    rows = results.arrays["trajectories"]
    arm_number = results.labels["arm"].index(arm)
    own = rows[(rows["scenario"] == scenario) & (rows["arm"] == arm_number)]
    own = np.sort(own, order=["draw", "replication", "week"])
    weeks = np.unique(own["week"])
    return weeks, own[name].astype(float).reshape(-1, len(weeks))


def in_words(lines: Sequence[Nested], unit: str) -> str:
    """Return a text alternative: where every line begins and ends."""
    parts = [
        f"{one.label}: from {one.median[0]:.3g} in week {one.x[0]:.0f} to {one.median[-1]:.3g} in "
        f"week {one.x[-1]:.0f} (9 in 10 simulations {one.low90[-1]:.3g} to {one.high90[-1]:.3g})"
        for one in lines
    ]
    return f"Medians over weeks, {unit}. " + "; ".join(parts) + "."


def difference_figures(results: Results, arm: str, covers: str) -> Iterator[Shown]:
    """Yield, for each outcome, every scenario's difference from the base case at the end."""
    names = results.labels["scenario"]
    for measure, title, unit in OUTCOMES:
        points, rows = [], []
        for scenario in range(1, len(names)):
            weeks, own = assessed(results, scenario, arm, measure)
            _, base = assessed(results, 0, arm, measure)
            gaps = (own - base)[:, -1:]
            point = nested(names[scenario], weeks[-1:], gaps)
            points.append(point)
            rows += table_rows(point, len(gaps), gaps.std(axis=0, ddof=1))
        marks = [(0.0, "no difference")]
        if measure == "qpr15":
            # Also where nothing comes near it: that is what it is for.
            marks.append((IMPORTANT, "smallest that matters"))
        ends = "; ".join(
            f"{one.label} {one.median[0]:+z.2f} (9 in 10 simulations {one.low90[0]:+z.2f} to "
            f"{one.high90[0]:+z.2f})"
            for one in points
        )
        yield Shown(
            f"difference-{measure.replace('_', '-')}",
            f"Difference from {names[0]} in week {int(weeks[-1])}",
            f"Difference in {uncapital(title)}",
            f"Users of the {arm} arm, minus the same simulated services under {names[0]}. Dot: the "
            f"middle one (median). Bars: 5 and 9 in 10 of the simulations; they cover {covers}.",
            f"Median differences from {names[0]}, {unit}: {ends}.",
            COLUMNS,
            rows,
            interval_figure(points, f"difference ({unit})", marks),
        )


def line_figures(results: Results, arm: str, covers: str) -> Iterator[Shown]:
    """Yield the course of outcomes and of what lies between training and outcome."""
    names = results.labels["scenario"]
    wanted = [
        *((measure, title, unit, True) for measure, title, unit in OUTCOMES[:1]),
        *((name, *split_title(title), False) for name, title in SHOWN),
        *((measure, title, unit, True) for measure, title, unit in OUTCOMES[1:]),
    ]
    for name, title, unit, is_outcome in wanted:
        read = assessed if is_outcome else weekly
        lines, rows = [], []
        for scenario, label in enumerate(names):
            weeks, values = read(results, scenario, arm, name)
            line = nested(label, weeks, values)
            lines.append(line)
            rows += table_rows(line, len(values), values.std(axis=0, ddof=1))
        about = "Mean score of the assessed service users." if is_outcome else PROCESS_HELP[name]
        yield Shown(
            f"course-{name.replace('_', '-')}",
            "What happened week by week",
            title,
            f"{about} Teams of the {arm} arm. Line: the middle one (median). Bands and end bars: "
            f"5 and 9 in 10 of the simulations; they cover {covers}.",
            in_words(lines, unit),
            COLUMNS,
            rows,
            band_figure(lines, unit),
        )


def uncapital(title: str) -> str:
    """Return a title as it stands within another; an abbreviation stays."""
    return title if title[:2].isupper() else f"{title[0].lower()}{title[1:]}"


def split_title(title: str) -> tuple[str, str]:
    """Return title and unit of a title that ends with its unit in brackets."""
    name, _, unit = title.rpartition(" (")
    return (name, unit.rstrip(")")) if name else (title, "")


def all_differences(results: Results, arm: str) -> dict[str, Any]:
    """Return a table of every scenario's difference from the base case in the last week."""
    names = results.labels["scenario"]
    rows: list[list[Any]] = []
    wanted = [
        *((name, title, assessed) for name, title, _ in OUTCOMES),
        *((name, split_title(title)[0], weekly) for name, title in SHOWN),
    ]
    for name, title, read in wanted:
        for scenario in range(1, len(names)):
            weeks, own = read(results, scenario, arm, name)
            gaps = (own - read(results, 0, arm, name)[1])[:, -1:]
            gap = nested(names[scenario], weeks[-1:], gaps)
            rows += [[title, *row] for row in table_rows(gap, len(gaps), gaps.std(axis=0, ddof=1))]
    return {
        "name": "all-differences",
        "title": f"All differences from {names[0]} in the last week",
        "columns": ["what", *COLUMNS],
        "rows": rows,
    }


def differences(results: Results, arm: str) -> dict[int, np.ndarray]:
    """Return the difference in QPR-15 from the base case in every world, by scenario."""
    _, base = assessed(results, 0, arm, "qpr15")
    return {
        scenario: (assessed(results, scenario, arm, "qpr15")[1] - base)[:, -1]
        for scenario in range(1, len(results.labels["scenario"]))
    }


def sentences(results: Results, arm: str, chosen: ChosenDraws) -> list[str]:
    """Return in words what each scenario changed."""
    names = results.labels["scenario"]
    if len(names) == 1:
        weeks, values = assessed(results, 0, arm, "qpr15")
        low, high = np.quantile(values[:, -1], (0.05, 0.95))
        return [
            f"{names[0]}: personal recovery (QPR-15) {values[:, -1].mean():.1f} points on average "
            f"in week {int(weeks[-1])} (9 in 10 simulations {low:.1f} to {high:.1f}). "
            "Add a scenario to see a difference."
        ]
    other = other_evidence(chosen)
    return [
        sentence(
            names[scenario],
            names[0],
            last_assessment(results, scenario),
            by_draw(results, gaps),
            other,
        )
        for scenario, gaps in differences(results, arm).items()
    ]


def precision(results: Results, arm: str) -> str:
    """Return how sure the simulated shares are, and what counts as important."""
    _, values = assessed(results, 0, arm, "qpr15")
    count = len(values)
    error = 100.0 * standard_error(0.5, count)
    return (
        f"{count} simulations for each scenario; because they are not more, a share of them has a "
        f"(Monte Carlo) standard error of at most {error:.0f} percentage points. A difference of "
        f"{IMPORTANT:.0f} points between groups is the minimum important one on the QPR; "
        f"{IMPORTANT_IF_22_ITEMS:.1f} if it was set on the 22-item form."
    )


def result_of(
    results: Results,
    settings: Mapping[str, Any],
    chosen: ChosenDraws,
    scenarios: Sequence[Scenario],
    notes: Sequence[str],
) -> tuple[dict[str, Any], list[Shown]]:
    """Return what the page shows of a run, and its figures.

    Parameters
    ----------
    results : Results
        With summaries and trajectories.
    settings : mapping
        Checked settings, kept with the result.
    chosen : ChosenDraws
        The sets of parameter values.
    scenarios : sequence of Scenario
        In the order of the results, the base first.
    notes : sequence of str
        Notes on the teams.
    """
    arm, covers = focus_arm(results), plain_covers(chosen.covers)
    shown = list(difference_figures(results, arm, covers)) if len(settings["scenarios"]) > 1 else []
    shown += line_figures(results, arm, covers)
    request = results.metadata["request"]
    lead = sentences(results, arm, chosen)
    return (
        {
            "settings": dict(settings),
            "rests_on": rests_on(chosen, scenarios[1:] or scenarios, request["weeks"]),
            "lead": lead,
            "caution": caution(chosen),
            "covers": covers,
            "covers_term": chosen.covers,
            "precision": precision(results, arm),
            "notes": list(notes),
            "figures": [one.described() for one in shown],
            "tables": [all_differences(results, arm)] if len(settings["scenarios"]) > 1 else [],
            "size": {
                name: request[name]
                for name in ("teams", "staff", "service_users", "weeks", "seed", "draws")
            },
            "worlds": request["draws"] * request["replications"],
            "version": results.metadata["versions"]["refocus-simulation"],
        },
        shown,
    )
