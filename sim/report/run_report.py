"""The report of a run: what happened to readiness, training, practice, INSPIRE and the QPR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.drawing import Line, Panel
from sim.parameters.registry import grade_counts
from sim.planning.plain_numbers import in_figures
from sim.planning.vocabulary import (
    IMPORTANT,
    IMPORTANT_IF_22_ITEMS,
    NO_OTHER,
    SAME,
    OtherEvidence,
    chances_text,
    judged,
    other_evidence,
    other_text,
    rests_on,
    signed,
)
from sim.posterior import BOTH_TRIALS, REFOCUS_ALONE
from sim.report.document import Document
from sim.report.figures import Point, interval_figure, line_figure
from sim.report.participation import (
    CONTROL,
    HIGH,
    LOW,
    participation_trajectories,
    pattern_table,
)
from sim.runs.results import Results
from sim.runs.world_spread import world_spread
from sim.scenarios.split import split_text
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.scenarios.schema import Scenario

USUAL = "usual-care"
TRIAL_SOURCE = "REFOCUS trial"
SHOWN = (
    ("team_readiness", "Team readiness (0-1)"),
    ("adoption", "Adoption: staff who attended training (share)"),
    ("reach", "Reach: users whose worker was trained (share)"),
    ("fidelity", "Fidelity: practice delivered (0-1)"),
    ("relationship", "Relationship with the worker (0-1)"),
    ("support", "Experienced support (0-1)"),
    ("recovery", "Recovery processes, mean (SD)"),
    ("workload", "Workload (1 is usual)"),
)
SCORES = (
    ("qpr15", "QPR-15 (0-60)"),
    ("qpr_interpersonal", "QPR Interpersonal (0-20)"),
    ("inspire_support", "INSPIRE Support (0-100)"),
    ("inspire_relationship", "INSPIRE Relationship (0-100)"),
)


@dataclass(frozen=True)
class RunFacts:
    """What a report needs beside the results."""

    scenarios: Sequence[Scenario]  # In the order of the results
    roster: Roster  # The teams
    settings: Mapping[str, float]  # Parameter values that the user set
    command: str  # The command that repeats the run
    chosen: ChosenDraws  # The sets of parameter values, and where they come from
    # What of the scenarios falls outside the run, and which tables are left out.
    notes: Sequence[str] = ()

    @property
    def band(self) -> str:
        """What the bands and bars of the report are."""
        return f"central 90% of simulated worlds; it covers {self.chosen.covers}"


def run_report(results: Results, facts: RunFacts) -> str:
    """Return the report of a run as a self-contained HTML page.

    Parameters
    ----------
    results : Results
        With the tables summaries, assessments, trajectories and team_weeks.
    facts : RunFacts
        Scenarios, roster, settings, command.
    """
    page = Document("What happened: " + ", ".join(results.labels["scenario"]))
    arm = focus_arm(results)
    base = base_scenario(results)
    _lead(page, results, facts, arm, base)
    for text in filter(None, map(split_text, facts.scenarios)):
        page.paragraph(text, "caution")
    for one in facts.notes:
        page.paragraph(f"Note: {one}.", "caution")
    page.paragraph(caution(facts.chosen), "caution")
    for kind, own in results.metadata.get("agent_classes", {}).items():
        page.paragraph(
            f"Own agent class for {kind}: {own['class']} (source {own['source']}). No parameter "
            "values were fitted with it.",
            "caution",
        )
    if base is not None and len(results.labels["scenario"]) > 1:
        _differences(page, results, facts, arm, base)
    _trajectories(page, results, facts, arm)
    if "team_weeks" in results.arrays:
        _participation(page, results, facts)
    _scores(page, results)
    if facts.roster.source == TRIAL_SOURCE:
        _patterns(page, results, facts)
    _safe(page, facts)
    _assumptions(page, facts)
    _settings(page, results, facts)
    return page.html()


def caution(chosen: ChosenDraws) -> str:
    """Return what a reader must know before reading on."""
    fitted = {
        BOTH_TRIALS: "the posterior fitted to the REFOCUS and PULSAR trials",
        REFOCUS_ALONE: "the posterior fitted to the REFOCUS trial alone",
    }.get(chosen.of, "a posterior of your own")
    draws = in_figures(len(chosen.draws), "draw")
    values = {
        "posterior": f"Parameter values: {draws} from {fitted}. Effects on "
        "recovery rest on what it was fitted to and on trials of other programmes; what carries "
        "them, and most parameters, on assumptions."
        + "".join(f" Not covered by it: {one}." for one in chosen.notes),
        "prior": f"Not calibrated: {draws} from the priors, no trial data used.",
        "defaults": "Not calibrated: the model runs on default values chosen by hand.",
        "given": f"Parameter values: {in_figures(len(chosen.draws), 'set')} given by the user.",
    }[chosen.source]
    return (
        f"{values} INSPIRE: not calibrated, no REFOCUS figure seen. What lies beyond month 12 is "
        "an extrapolation."
    )


def focus_arm(results: Results) -> str:
    """Return the arm whose users the report is about."""
    arms = results.labels["arm"]
    return "intervention" if "intervention" in arms else arms[0]


def base_scenario(results: Results) -> int | None:
    """Return the scenario to compare with: usual care, or else the first of several."""
    names = results.labels["scenario"]
    if USUAL in names:
        return names.index(USUAL)
    return 0 if len(names) > 1 else None


def last_assessment(results: Results, scenario: int, base: int | None = None) -> int:
    """Return the last week of assessment of a scenario, or of it and a base together."""
    rows = results.arrays["summaries"]
    weeks = set(rows[rows["scenario"] == scenario]["week"].tolist())
    if base is not None:
        weeks &= set(rows[rows["scenario"] == base]["week"].tolist())
    return int(max(weeks, default=0))


def paired(
    results: Results, scenario: int, base: int, arm: str, measure: str, week: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return differences from base on common random numbers, and the draw of each world."""
    rows = results.arrays["summaries"]
    chosen = (
        (rows["arm"] == results.labels["arm"].index(arm))
        & (rows["measure"] == results.labels["measure"].index(measure))
        & (rows["week"] == week)
    )
    own = np.sort(rows[chosen & (rows["scenario"] == scenario)], order=["draw", "replication"])
    other = np.sort(rows[chosen & (rows["scenario"] == base)], order=["draw", "replication"])
    return np.asarray(own["mean"] - other["mean"]), np.asarray(own["draw"])


def _lead(page: Document, results: Results, facts: RunFacts, arm: str, base: int | None) -> None:
    """Say first what it rests on and what happened, able to say that nothing much did."""
    names = results.labels["scenario"]
    others = [one for place, one in enumerate(facts.scenarios) if place != base]
    last = int(results.arrays["summaries"]["week"].max())
    page.paragraph(rests_on(facts.chosen, others or facts.scenarios, last), "basis")
    other = other_evidence(facts.chosen)
    if base is None or len(names) == 1:
        rows = results.arrays["summaries"]
        week = int(rows["week"].max())
        at = (rows["measure"] == results.labels["measure"].index("qpr15")) & (rows["week"] == week)
        mean = float(np.nanmean(rows[at]["mean"]))
        second = "refocus-as-delivered" if names[0] == USUAL else USUAL
        page.paragraph(
            f"Under {names[0]}, personal recovery (QPR-15) stood at {mean:.1f} on average in week "
            f"{week}. There is nothing to compare with: name a second scenario, such as {second}.",
            "lead",
        )
        return
    count = 0
    for scenario, name in enumerate(names):
        if scenario == base:
            continue
        week = last_assessment(results, scenario, base)
        if week == 0:
            page.paragraph(
                f"{name}: cannot be told. It and {names[base]} were measured together at the start "
                "only, before anything was done.",
                "lead",
            )
            continue
        values, _ = paired(results, scenario, base, arm, "qpr15", week)
        count = len(values)
        told = sentence(name, names[base], week, by_draw(results, values), other)
        page.paragraph(told, "lead")
    if count == 0:
        return
    page.paragraph(
        f"Over {in_figures(count, 'simulated world')}. A difference of {IMPORTANT:.0f} points "
        f"between groups is the minimum important one; it is {IMPORTANT_IF_22_ITEMS:.1f} if it was "
        "set on the 22-item form."
    )


def by_draw(results: Results, values: np.ndarray) -> np.ndarray:
    """Return values of worlds by draw and replication, shape (draws, replications)."""
    return values.reshape(results.metadata["request"]["draws"], -1)


def sentence(
    name: str, base: str, week: int, values: np.ndarray, other: OtherEvidence = NO_OTHER
) -> str:
    """Return what a scenario changed in the QPR-15, in words.

    Parameters
    ----------
    name, base : str
        Scenario, and what it is compared with.
    week : int
        When.
    values : numpy.ndarray
        Differences, shape (draws, replications), points.
    other : OtherEvidence
        On the same draws.
    """
    low, high = np.quantile(values, [0.05, 0.95])
    found, single = judged(values, other), values.size == 1
    apart = "one world" if single else f"90% of worlds {signed(low)} to {signed(high)}"
    parts = [
        f"{name}: {found.words}. Personal recovery (QPR-15) {signed(values.mean())} points in week "
        f"{week} compared with {base} ({apart}).",
        f"{chances_text(found.chances, max(values.shape) if len(values) == 1 else len(values))}."
        if found.kind != SAME and not single
        else "",
        found.why_not_told,
        other_text(found) if found.kind != SAME else "",
    ]
    return " ".join(filter(None, parts))


def standard_error(share: float, count: int) -> float:
    """Return the Monte Carlo standard error of a share; of 0 or 1 as of one world in count."""
    inner = min(max(share, 1.0 / count), 1.0 - 1.0 / count) if count > 1 else 0.5
    return float(np.sqrt(inner * (1.0 - inner) / count))


def _differences(page: Document, results: Results, facts: RunFacts, arm: str, base: int) -> None:
    page.heading("Difference from " + results.labels["scenario"][base])
    rows = []
    groups: list[tuple[str, list[Point]]] = []
    for measure, title in SCORES:
        points = []
        for scenario, name in enumerate(results.labels["scenario"]):
            week = last_assessment(results, scenario, base)
            if scenario == base or week == 0:
                continue
            values, draws = paired(results, scenario, base, arm, measure, week)
            mean, error, low, high = world_spread(values, draws)
            points.append(Point(name, mean, low, high))
            rows.append(
                {
                    "scenario": name,
                    "measure": title,
                    "week": week,
                    "mean difference": mean,
                    "Monte Carlo SE": error,
                    "5%": low,
                    "95%": high,
                    "share 4 points or more": float((values >= IMPORTANT).mean())
                    if measure == "qpr15"
                    else float("nan"),
                }
            )
        groups.append((title, points))
    if not rows:
        page.paragraph("Nothing was measured after the start.")
        return
    svg = interval_figure(groups, ((0.0, "none"),))
    page.figure(
        svg,
        "Points with intervals: mean difference from base for each scenario and measure.",
        f"Difference in the {arm} arm from the same simulated services under the base scenario, on "
        f"common random numbers. Point: mean over worlds; bar: {facts.band}. Minimum important "
        "difference of the QPR-15 between groups: 4 points; 2.7 if it was set on the 22-item form.",
        data_frame(rows),
        "differences",
    )


def band(frame: pd.DataFrame, label: str) -> Line:
    """Return a line over weeks from columns week and value: mean and central 90%."""
    grouped = frame.groupby("week")["value"]
    return Line(
        label,
        np.array(sorted(frame["week"].unique()), float),
        grouped.mean().to_numpy(),
        grouped.quantile(0.05).to_numpy(),
        grouped.quantile(0.95).to_numpy(),
    )


def line_rows(panel: str, line: Line) -> list[dict[str, object]]:
    """Return a line as table rows, every thirteenth week and the last."""
    weeks = line.x.astype(int)
    kept = (weeks % 13 == 0) | (weeks == weeks[-1])
    return [
        {
            "shown": panel,
            "line": line.label,
            "week": int(week),
            "mean": float(middle),
            "5%": float(low),
            "95%": float(high),
        }
        for week, middle, low, high in zip(
            weeks[kept], line.middle[kept], line.low[kept], line.high[kept], strict=True
        )
    ]


def _trajectories(page: Document, results: Results, facts: RunFacts, arm: str) -> None:
    page.heading("What happened week by week")
    table = results.table("trajectories")
    own = table[table["arm"] == arm]
    panels, rows = [], []
    for name, title in SHOWN:
        lines = []
        for scenario in results.labels["scenario"]:
            chosen = own[own["scenario"] == scenario][["week", name]]
            lines.append(band(chosen.rename(columns={name: "value"}), scenario))
        panels.append(Panel(title, tuple(lines)))
        for line in lines:
            rows += line_rows(title, line)
    page.figure(
        line_figure(panels),
        "Lines over weeks for readiness, training, practice, relationship, support and recovery.",
        f"Means over teams of the {arm} arm, by scenario. Line: mean over worlds; band: "
        f"{facts.band}.",
        data_frame(rows),
        "trajectories",
    )


def _participation(page: Document, results: Results, facts: RunFacts) -> None:
    for scenario, name in enumerate(results.labels["scenario"]):
        trained = results.arrays["team_weeks"]
        own = trained[trained["scenario"] == scenario]
        if not (own["sessions_offered"] > 0).any():
            continue
        page.heading(f"By participation: {name}", 3)
        page.paragraph(
            "High participation: the half of the trained teams with the larger share of offered "
            "staff-sessions attended. Teams choose this themselves, after randomisation: a team "
            "that takes part may simply be a better team."
        )
        panels, rows = [], []
        for variable, title in (
            ("fidelity", "Fidelity: practice delivered (0-1)"),
            ("adoption", "Adoption (share of staff)"),
            ("relationship", "Relationship with the worker (0-1)"),
            ("recovery", "Recovery processes, mean (SD)"),
        ):
            frame = participation_trajectories(results, scenario, variable)
            lines = [
                band(frame[frame["group"] == group], group)
                for group in (HIGH, LOW, CONTROL)
                if (frame["group"] == group).any()
            ]
            panels.append(Panel(title, tuple(lines)))
            for line in lines:
                rows += line_rows(title, line)
        page.figure(
            line_figure(panels),
            "Lines over weeks for high participation, low participation and control teams.",
            f"Means over the teams of each group under {name}. Line: mean over worlds; band: "
            f"{facts.band}.",
            data_frame(rows),
            f"participation-{name}",
        )


def _scores(page: Document, results: Results) -> None:
    page.heading("Scores at each assessment")
    table = results.table("summaries")
    chosen = table[table["measure"].isin([name for name, _ in SCORES])]
    keys = ["measure", "scenario", "arm", "week"]
    grouped = chosen.groupby(keys, sort=False)
    frame = grouped[["n", "mean", "sd", "icc"]].mean().reset_index()
    count = grouped["mean"].count().to_numpy()
    frame["Monte Carlo SE of mean"] = grouped["mean"].std().to_numpy() / np.sqrt(count)
    titles = dict(SCORES)
    frame["measure"] = frame["measure"].map(titles)
    page.table(
        frame.rename(columns={"n": "users assessed", "sd": "SD", "icc": "ICC of teams"}),
        "Means over simulated worlds of number assessed, mean, SD and intracluster correlation",
        "scores",
    )


def _patterns(page: Document, results: Results, facts: RunFacts) -> None:
    wanted = {"assessments", "team_weeks"}
    if not wanted <= set(results.arrays):
        return
    for scenario, name in enumerate(results.labels["scenario"]):
        if name != "refocus-as-delivered" or last_assessment(results, scenario) < 52:
            continue
        page.heading("Beside the REFOCUS trial")
        page.paragraph(
            "Each simulated trial is analysed as the trial was: follow-up on arm and baseline with "
            "a random intercept of team, whoever was followed up. Most of these figures were "
            "fitted or chosen for, so that meeting them is no test of the model."
        )
        page.table(
            pattern_table(results, scenario),
            "The trial's figures and the same quantities in the simulated trials",
            "patterns",
        )


def _safe(page: Document, facts: RunFacts) -> None:
    from sim.scenarios.safe import safe_profile

    page.heading("Feasibility (SAFE)")
    page.paragraph(
        "Blocks and enablers, computed from each scenario's own description. There is no total, as "
        "the authors of SAFE intended; the wording of items 3 to 16 was not seen (unverified)."
    )
    columns: dict[str, list[str]] = {}
    for scenario in facts.scenarios:
        profile = safe_profile(scenario)
        columns.setdefault("item", [f"{item.number}. {item.theme}" for item in profile])
        columns.setdefault("kind", [item.kind for item in profile])
        columns[scenario.name] = [item.rating for item in profile]
    page.table(data_frame(columns), "SAFE profile by scenario")


def _assumptions(page: Document, facts: RunFacts) -> None:
    from sim.scenarios.words import word_rows

    page.heading("What this rests on")
    grades = grade_counts()
    page.paragraph(
        f"Of {sum(grades.values())} parameters {grades['trial']} rest on the trial, "
        f"{grades['literature']} on literature and {grades['assumption']} on "
        "assumptions. The trial cannot tell incomplete implementation, weak effect and an "
        "insensitive measure apart, and neither can this report."
    )
    page.table(
        data_frame(word_rows(facts.scenarios)), "Scenarios in the words of implementation science"
    )
    for scenario in facts.scenarios:
        if scenario.assumed:
            page.heading(f"Assumptions of {scenario.name} (evidence: {scenario.grade})", 3)
            page.bullets(list(scenario.assumed))
    if facts.roster.notes:
        page.heading("Notes on the teams", 3)
        page.bullets(list(facts.roster.notes))
    if facts.settings:
        page.heading("Set for this run", 3)
        page.bullets([f"{name} = {value}" for name, value in facts.settings.items()])


def _settings(page: Document, results: Results, facts: RunFacts) -> None:
    page.heading("How to repeat this run")
    page.code(facts.command)
    request = results.metadata["request"]
    versions = results.metadata["versions"]
    page.bullets(
        [
            f"Seed {request['seed']}, {request['draws']} set(s) of parameter values "
            f"({facts.chosen.source}), {request['replications']} replication(s) of each, "
            f"{request['weeks']} weeks.",
            f"{request['teams']} teams, {request['staff']} posts, {request['service_users']} "
            "service users simulated.",
            "Versions: " + ", ".join(f"{name} {one}" for name, one in versions.items()) + ".",
            f"Intervals cover {facts.chosen.covers}.",
            *[
                f"Table {name} was left out: {why}."
                for name, why in results.metadata.get("tables_left_out", {}).items()
            ],
        ]
    )
