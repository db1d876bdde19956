"""What an update says: as tables, as text (Markdown), as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.inputs.roster.columns import limits_of
from sim.learning.findings import (
    SURE,
    SURPRISING,
    Horizon,
    Lag,
    Moved,
    Surprise,
    at_the_horizon,
    contradictions,
    lagging,
    moved,
    surprises,
    unit_of,
)
from sim.learning.study import FEW
from sim.planning.packages import NOTHING
from sim.planning.plain_numbers import (
    counted,
    in_figures,
    limit,
    listed,
    points,
    span,
    true_minus,
)
from sim.planning.vocabulary import titles_of
from sim.report.document import Document, download
from sim.report.figures import Point, interval_figure
from sim.report.readable import PRINT_STYLE, table_block
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster
    from sim.learning.study import Learnt

MOST_TOLD = 12
NOTHING_MOVED = "No parameter moved beyond the error of the sampler."
NOBODY_LAGS = (
    "No team is told from the others with the same package: none lies behind their mean by the "
    f"margin with a chance of {SURE:.0%} or more."
)
METHOD = (
    "Each draw is simulated on your own teams up to the week observed, in the same runs of chance. "
    "Attendance and sessions held are beta-binomial by team, leavers and starters negative "
    "binomial, audits and outcomes normal with their own error; how far teams differ is what the "
    "draw simulates, drawn half-way towards all draws, and of leavers and starters what was "
    "observed of them. Teams count for less where they go up and "
    "down together; kinds of observation are taken as independent given the parameters. Where "
    "weights collapse, they are let in by steps, and draws are moved and simulated anew."
)
LIMITS = (
    "What is expected at the horizon holds for teams as the model draws them under the updated "
    "parameters and with their own turnover, where leavers were counted: that one of them lags in "
    "anything else is not carried on. Parameters that trials fitted, and "
    "constants solved from them, are reweighted and never moved: a register says how the programme "
    "goes in your teams, and little of how it acts."
)


def update_tables(learnt: Learnt) -> Mapping[str, pd.DataFrame]:
    """Return what moved, what is expected, teams, and surprises, tidy, full numbers."""

    def frame(rows: list[Any], kind: Any) -> pd.DataFrame:
        return data_frame(rows, columns=kind._fields)

    found = surprises(learnt)
    told = contradictions(learnt, found)
    return {
        "moved": frame(moved(learnt), Moved),
        "expected": frame(at_the_horizon(learnt), Horizon),
        "teams": frame(lagging(learnt), Lag),
        "surprises": frame(found, Surprise),
        "contradictions": data_frame({"told": told}),
        "plan": planned(learnt),
    }


def planned(learnt: Learnt) -> pd.DataFrame:
    """Return who gets what from when, and whether it has started."""
    question = learnt.question
    weeks = question.observed.weeks
    rows = [
        (
            row.team,
            row.trust,
            question.packages[package].name,
            int(start),
            "under way" if start < weeks else "to come",
        )
        for row, package, start in zip(
            question.roster.rows, question.plan.package, question.plan.start, strict=True
        )
        if package != NOTHING
    ]
    return data_frame(rows, columns=["team", "trust", "package", "start week", "state"])


def heading(learnt: Learnt) -> str:
    """Return the question in words."""
    question = learnt.question
    teams = len({int(one) for each in learnt.statistics for one in each.teams if one >= 0})
    packages = listed(list(titles_of(question.packages).values()))
    return (
        f"{packages}: what {in_figures(question.observed.weeks, 'week')} of {teams} of "
        f"{in_figures(len(question.roster.rows), 'team')} taught"
    )


def sentences(learnt: Learnt, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the answer in sentences: what to do, what is expected now, who lags, how sure."""
    shown = [_expected_words(row) for row in at_the_horizon(learnt)]
    lags = lagging_teams(tables)
    named = ", ".join(f"{team} ({what})" for team, what in lags)
    updated = learnt.updated
    return [
        advice(learnt, tables),
        f"At {learnt.question.weeks} weeks, in the teams that start, against usual care: "
        f"{'; '.join(shown)} (in brackets 90% of the ways things may work).",
        f"Behind the others by a meaningful amount: {named}." if lags else NOBODY_LAGS,
        (
            f"Of {updated_from} draws fewer than {FEW} were left, and it was begun anew with "
            f"{len(updated.draws)}. "
            if (updated_from := learnt.collapsed)
            else ""
        )
        + f"The observations left an effective sample of {updated.ess:.0f} of "
        f"{len(updated.draws)} draws"
        + (
            f"; they were let in over {len(updated.temperatures)} steps with moves, after which "
            f"what is not moved comes from {counted(round(updated.carried), 'draw')}."
            if len(updated.temperatures) > 1
            else ", enough without moves."
        )
        + (
            f" Fewer than {FEW}: the intervals are rough; ask again with more draws."
            if min(updated.carried, len(updated.draws)) < FEW
            else ""
        ),
    ]


def advice(learnt: Learnt, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return whether the plan still stands, what changed, and what to look at first."""
    question = learnt.question
    expected = at_the_horizon(learnt)
    changed = [one for one in expected if one.told]
    unsure = [SHORT[one.outcome] for one in expected if one.matters and not one.told]
    gone, horizon = question.observed.weeks, question.weeks
    to_come = gone < horizon
    if unsure and not changed:
        told = (
            f"Not told yet whether the plan stands: {listed(unsure)} may have changed, by no more "
            f"than the chance of {counted(round(learnt.updated.carried), 'draw')}; ask again with "
            "more (--draws)."
        )
    elif not changed:
        told = (
            f"The plan stands: what {in_figures(gone, 'week')} showed changes nothing that "
            f"matters of what is expected at {horizon} weeks."
        )
    else:
        ways = [f"{'more' if one.change > 0 else 'less'} {SHORT[one.outcome]}" for one in changed]
        told = f"Look at the plan anew: {listed(ways)} than planned is to be expected."
        if to_come:
            told += " 'refocus plan --from' with this folder plans what is still to come."
    look = [*dict.fromkeys(team for team, _ in lagging_teams(tables))]
    against = list(tables["contradictions"]["told"])
    first = []
    if look:
        first.append(f"{listed(look[:MOST_TOLD])}, behind the other teams")
    if against:
        many = counted(len(against), "contradiction") + (", the first" if len(against) > 1 else "")
        first.append(f"{many}: {against[0]}")
    return f"{told} Look first at: {'; '.join(first)}." if first else told


def contradicting_lines(learnt: Learnt, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what contradicts, and of how many observations that is."""
    told, checked = list(tables["contradictions"]["told"]), len(tables["surprises"])
    observations = counted(checked, "observation")
    draws, runs = learnt.before.shape[:2]
    # The smallest p-value that so many simulated worlds can have: see `findings.surprises`.
    if 2.0 / (draws * runs + 2.0) >= SURPRISING:
        needed = int((2.0 / SURPRISING - 2.0) / runs) + 1
        few = (
            f"whether any of {observations} was hardly to be expected is not told by "
            f"{counted(draws, 'draw')}; it takes {needed} or more (--draws)"
        )
        return [*told, few]
    if not told:
        return [f"Nothing: {observations} checked, beside each other and the model."]
    chance = (
        f"{observations} checked; {SURPRISING * checked:.1f} of them would be told by chance alone"
    )
    return [*told, chance]


def expected_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what is expected at the horizon as readers want it, an interval in each cell."""
    rows = []
    for row in tables["expected"].itertuples():
        before, after = _before_and_after(row)
        scale, digits, unit = SHOWN[row.outcome]
        error = limit(scale * row.change_monte_carlo_se, digits + 1)
        change = f"{points(scale * row.change, digits)}{unit} (Monte Carlo SE {error})"
        rows.append((NAMES[row.outcome], before, after, change))
    return data_frame(rows, columns=["outcome", "before", "now", "change"])


def lagging_teams(tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, str]]:
    """Return teams that lag and in what, in the order of the roster."""
    teams = tables["teams"]
    sure = teams[teams["chance_behind"] >= SURE]
    return list(zip(sure["team"], sure["what"], strict=True))


def _expected_words(row: Any) -> str:
    before, after = _before_and_after(row)
    return f"{NAMES[row.outcome]} {after}, before the update {before}"


def _before_and_after(row: Any) -> tuple[str, str]:
    """Return an outcome before and after, each with its 90% of draws."""
    scale, digits, unit = SHOWN[row.outcome]

    def shown(mean: float, low: float, high: float) -> str:
        level = limit if unit else points
        return f"{level(scale * mean, digits)}{unit} ({span(scale * low, scale * high, digits)})"

    return (
        shown(row.before, row.before_low, row.before_high),
        shown(row.after, row.after_low, row.after_high),
    )


NAMES = {
    "reach": "person-time reached",
    "adoption": "staff trained",
    "practice": "practice gained, of 100",
    "qpr15": "recovery gained, QPR-15 points",
}
SHORT = {
    "reach": "person-time reached",
    "adoption": "staff trained",
    "practice": "practice",
    "qpr15": "recovery",
}
SHOWN = {
    "reach": (100.0, 0, "%"),
    "adoption": (100.0, 0, "%"),
    "practice": (100.0, 1, ""),
    "qpr15": (1.0, 1, ""),
}
"""Scale, decimals and sign of an outcome, as on the page of a decision."""


def moved_lines(learnt: Learnt, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return a line for each parameter that moved, and one for the teams' own turnover."""
    told = tables["moved"][tables["moved"]["words"] != ""]
    lines = [f"{row.label} ({row.unit}): {row.words}" for row in told[:MOST_TOLD].itertuples()]
    more = len(told) - len(lines)
    lines = [*(lines or [NOTHING_MOVED]), *([f"and {more} more, in moved.csv"] if more > 0 else [])]
    if own := learnt.turnover:
        lines.append(turnover_words(learnt.question.roster, own))
    return lines


def turnover_words(roster: Roster, own: Mapping[str, float]) -> str:
    """Return the turnover of the teams whose leavers were counted, as they have it now."""
    before = [row.turnover_multiplier for row in roster.rows if row.team in own]
    least, most = min(own, key=own.__getitem__), max(own, key=own.__getitem__)
    if len(own) == 1:
        told = f"{own[least]:.2f} in the one team that was counted ({least}), {before[0]:g}"
    else:
        told = f"{own[least]:.2f} ({least}) to {own[most]:.2f} ({most}) in the teams that were "
        told += f"counted, each drawn towards what all share, {min(before):g} to {max(before):g}"
    held = sum(one in limits_of("turnover_multiplier") for one in own.values())
    kept = f"; {counted(held, 'team')} held at the end of what the model takes" if held else ""
    return f"Turnover relative to the model's: {told} in the roster{kept}; it is carried on"


def update_text(learnt: Learnt, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the answer as Markdown that reads as plain text."""
    lines = [f"# {heading(learnt)}", "", *(one + "\n" for one in sentences(learnt, tables))]
    for title, items in (
        ("What moved", moved_lines(learnt, tables)),
        ("What contradicts", contradicting_lines(learnt, tables)),
        ("How it was read", list(learnt.question.observed.notes)),
    ):
        if items:
            lines += [f"## {title}", "", *(f"- {one}" for one in items), ""]
    lines += [f"Intervals hold 90% of draws. {METHOD}", "", LIMITS]
    return true_minus("\n".join(lines) + "\n")


def update_content(
    learnt: Learnt, tables: Mapping[str, pd.DataFrame], command: str
) -> dict[str, Any]:
    """Return everything as plain data."""
    from sim.learning.posterior import provenance_of

    plain = {
        name: table.astype(object).where(table.notna(), None).to_dict("records")
        for name, table in tables.items()
    }
    return {
        "command": command,
        "sentence": sentences(learnt, tables)[0],
        "update": provenance_of(learnt),
        **plain,
    }


def update_report(learnt: Learnt, tables: Mapping[str, pd.DataFrame], command: str) -> str:
    """Return the report as a page of HTML."""
    page = Document(heading(learnt))
    first, *others = sentences(learnt, tables)
    page.paragraph(first, "lead")
    for one in others:
        page.paragraph(one)
    page.heading("What contradicts")
    page.bullets(contradicting_lines(learnt, tables))
    page.heading("Which parameters moved")
    page.bullets(moved_lines(learnt, tables))
    told = tables["moved"][tables["moved"]["words"] != ""][:MOST_TOLD]
    if len(told):
        # In SDs of the start, so that all stand on one scale.
        points = [
            Point(row.label, row.shift, row.shift - 1.645 * row.sd_ratio, high)
            for row in told.itertuples()
            for high in (row.shift + 1.645 * row.sd_ratio,)
        ]
        page.figure(
            interval_figure([("updated, in SDs from the mean before", points)], [(0.0, "before")]),
            "Updated means and about 90% of each parameter, in standard deviations from the mean "
            "before; the table below holds the numbers.",
            "Parameters that moved: mean and about 90% of the updated draws, in SDs of the draws "
            "before.",
            told,
            "moved",
        )
    page.heading("What is now expected")
    page.table(
        expected_table(tables),
        f"At {learnt.question.weeks} weeks against usual care: mean and 90% of draws, on common "
        "chance",
    )
    page.parts.append(f"<p>{download(tables['expected'], 'expected')}</p>")
    page.heading("Teams beside the service")
    page.paragraph(
        "In the order of the roster, not of merit. 'shrunk' is what a team's own register and what "
        "all teams share make of it together; 'chance_behind' the probability that it lies below "
        "(of leavers: above) the mean of the teams with the same package ('service') by more than "
        "the margin. "
        f"{SURE:.0%} and more is called lagging."
    )
    page.parts.append(table_block(tables["teams"], "Teams, each with its own interval", "teams"))
    page.heading("What was seen, and what had been expected")
    page.parts.append(
        table_block(
            _with_units(tables["surprises"]),
            "Prior predictive p-values, two-sided",
            "surprises",
        )
    )
    page.heading("How it was done")
    page.paragraph(METHOD)
    page.paragraph(LIMITS)
    page.bullets(list(learnt.question.observed.notes))
    page.code(command)
    return page.html().replace("</style>", PRINT_STYLE.removeprefix("<style>"), 1)


def _with_units(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.copy()
    shown.insert(3, "unit", [unit_of(one) for one in shown["what"]])
    return shown
