"""The workbook of a comparison or a plan: decision, costs that follow an editable price sheet.

Changing a price changes every total: costs are formulas over the sheets of prices and of what
delivery takes. What was simulated stands as numbers, with what its ranges cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.element import DIRECT, INDIRECT
from sim.parameters import registry
from sim.planning.decision import (
    ADOPTION,
    PRACTICE,
    REACH,
    RECOVERY,
    RELATIONSHIP,
    SUPPORT,
    decision_lines,
)
from sim.planning.live_costs import Term, live_lines
from sim.planning.ranking import MIXED, pair_rows, ranking_rows
from sim.planning.resources import (
    RESOURCES,
    everybody,
    plan_of,
    resources_used,
    yearly_use,
)
from sim.planning.vocabulary import titles_of
from sim.planning.worth_knowing import knowing_rows, threshold_rows
from sim.scenarios.words import CFIR, ERIC, word_cells
from sim.workbook import Formula, Sheet, column_letter, workbook

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster
    from sim.planning.comparison import Comparison
    from sim.planning.decision import Decision, Strategy
    from sim.planning.plan_study import PlanOutcome
    from sim.planning.prices import Prices
    from sim.planning.worth_knowing import Known
    from sim.scenarios.schema import Scenario

MONEY, NUMBER = "#,##0", "#,##0.00"
SMALL = "[>=1000]#,##0;[<=-1000]-#,##0;0.000"
"""Three decimals, which thousands do not need."""
CENTRAL = (
    "Money in the table follows the sheet 'Prices', at central prices to begin with. Sentences and "
    "sheets of the simulation give means over the ranges of prices, which may be higher."
)
KINDS = {DIRECT: "cash", INDIRECT: "staff time"}
PRICES, TAKES, COSTS = "Prices", "What delivery takes", "Costs"
CHAIN = (
    "rests on",
    "teams that start",
    "reach, % of people's time",
    "adoption, % of staff",
    "practice gained, of 100",
    "support gained, INSPIRE",
    "relationship gained, INSPIRE",
    "recovery gained, QPR points",
    "5%",
    "95%",
)
Uses = Mapping[str, np.ndarray]


def _chain(one: Strategy) -> list[Any]:
    """Return a choice from its teams to recovery, in the order of `CHAIN` after its title."""
    steps = (REACH, ADOPTION, PRACTICE, SUPPORT, RELATIONSHIP)
    recovery = one.cells[RECOVERY]
    means = (one.cells[step].mean for step in steps)
    return [one.title, one.grade, one.teams, *means, recovery.mean, recovery.low, recovery.high]


def price_sheet(prices: Prices) -> tuple[Sheet, dict[str, Term]]:
    """Return the sheet of prices, and the cell of each."""
    rows, cells = [], {}
    notes = [
        "Change a value in the coloured column: every total of this workbook follows.",
        f"GBP, prices of {prices.price_year}. {' '.join(prices.notes)}",
    ]
    first = len(notes) + 3
    for at, (name, one) in enumerate(prices.entries.items(), first):
        about = one.about
        rows.append([about.label, about.default, about.unit, about.grade, about.source, about.help])
        cells[name] = Term(f"{PRICES}!$B${at}", float(about.default))
    headings = ["price or quantity", "value", "unit", "rests on", "source", "meaning"]
    return Sheet(PRICES, headings, rows, notes, {1: NUMBER}, (1,)), cells


def cost_sheets(
    uses: Sequence[tuple[Scenario, Uses]], prices: Mapping[str, Term], notes: Sequence[str]
) -> tuple[Sheet, Sheet, dict[str, dict[str, Term]]]:
    """Return the sheets of resources and of costs, and the cells of totals.

    Parameters
    ----------
    uses : sequence of (Scenario, mapping)
        What each strategy takes by resource and year, shape (years,).
    prices : mapping
        Cell of each price.
    notes : sequence of str
        What the amounts are, for the sheet of resources.

    Returns
    -------
    takes, costs : Sheet
    totals : dict
        By strategy, then by kind of cost: the cell of the sum over years.
    """
    years = max(len(amount) for _, use in uses for amount in use.values()) if uses else 1
    year_heads = [f"year {one + 1}" for one in range(years)]
    takes: list[list[Any]] = []
    costs: list[list[Any]] = []
    cost_notes = [
        "Formulas over the sheets of prices and of what delivery takes; not discounted.",
        "Cash is paid out for the programme; staff time is given to it and not replaced.",
    ]
    first, row = len(notes) + 3, len(cost_notes) + 3
    totals: dict[str, dict[str, Term]] = {}
    end = column_letter(3 + years)
    for scenario, use in uses:
        cells: dict[str, list[Term]] = {}
        for name, amount in use.items():
            at = first + len(takes)
            values = [float(one) for one in amount] + [0.0] * (years - len(amount))
            takes.append([scenario.title, name.replace("_", " "), RESOURCES[name], *values])
            cells[name] = [
                Term(f"'{TAKES}'!{column_letter(4 + year)}{at}", value)
                for year, value in enumerate(values)
            ]
        by_year = [
            live_lines({name: of[year] for name, of in cells.items()}, prices, scenario)
            for year in range(years)
        ]
        lines = list(dict.fromkeys((name, kind) for one in by_year for name, kind, _ in one))
        found = [{name: term for name, _, term in one} for one in by_year]
        begin = row
        for name, kind in lines:
            terms = [one.get(name, Term("0", 0.0)) for one in found]
            costs.append(
                [scenario.title, name, KINDS[kind], *(Formula(f"={one.text}") for one in terms)]
            )
            costs[-1].append(Formula(f"=SUM(D{row}:{end}{row})"))
            row += 1
        totals[scenario.name] = {}
        for kind in (DIRECT, INDIRECT):
            value = sum(term.value for one in by_year for _, which, term in one if which == kind)
            sums = [
                Formula(
                    f'=SUMIF($C${begin}:$C${row - 1},"{KINDS[kind]}",'
                    f"{column}${begin}:{column}${row - 1})"
                )
                if lines
                else 0.0
                for column in (column_letter(4 + year) for year in range(years + 1))
            ]
            costs.append([scenario.title, f"all {KINDS[kind]}", "total", *sums])
            totals[scenario.name][kind] = Term(
                f"{COSTS}!{column_letter(4 + years)}{row + (kind == INDIRECT)}", value
            )
        row += 2
    money = dict.fromkeys(range(3, 4 + years), MONEY)
    return (
        Sheet(
            TAKES,
            ["strategy", "what", "unit", *year_heads],
            takes,
            notes,
            dict.fromkeys(range(3, 3 + years), NUMBER),
        ),
        Sheet(
            COSTS, ["strategy", "line", "kind", *year_heads, "all years"], costs, cost_notes, money
        ),
        totals,
    )


def comparison_workbook(
    comparison: Comparison, command: str, decision: Decision, knowing: tuple[Known, ...] = ()
) -> bytes:
    """Return the workbook of a comparison.

    Parameters
    ----------
    command : str
        What repeats it.
    decision : Decision
        What it leads to.
    knowing : tuple of Known
        What it is worth to know more.
    """
    from sim.planning.compare_tables import chances, differences
    from sim.planning.compare_tables import starts as start_table
    from sim.planning.verdicts import (
        averaged_text,
        columns_cover_text,
        later_costs,
        verdict_on,
    )

    question = comparison.question
    titles = titles_of(question.scenarios)
    prices, cells = price_sheet(question.prices)
    uses = [
        (
            comparison.scenario(name),
            {
                one: amount.mean(axis=(0, 1))
                for one, amount in comparison.worlds.use(comparison.names.index(name)).items()
                if np.any(amount)
            },
        )
        for name in comparison.names
    ]
    takes, costs, totals = cost_sheets(
        uses,
        cells,
        [
            "Means over all simulations: who was in post, who attended, which teams took part.",
            "At central prices; what ranges of prices do to a total is on the sheet 'How sure'.",
        ],
    )
    strategies = [*decision.strategies]
    rows = []
    for one in strategies:
        rows.append(
            [
                *_chain(one),
                verdict_on(comparison, one.name).reaches.share,
                _chance_best(decision, one.name),
                *(Formula(f"={totals[one.name][kind].text}") for kind in (DIRECT, INDIRECT)),
            ]
        )
    decision_sheet = Sheet(
        "Decision",
        [
            "strategy",
            *CHAIN,
            "chance of 4 points or more",
            f"chance of being first on {decision.ranking.aim.title.lower()}",
            "cash at central prices, GBP",
            "staff time at central prices, GBP",
        ],
        rows,
        [*decision_lines(decision), CENTRAL],
        {**dict.fromkeys(range(3, 11), "0.0"), 11: "0%", 12: "0%", 13: MONEY, 14: MONEY},
        strong=(decision.question, decision.answer),
    )
    method = [
        ("question", f"{len(comparison.others)} strategies beside {titles[question.base]}"),
        ("time looked at", f"{question.weeks} weeks"),
        ("who counts", averaged_text(comparison)),
        ("ranges", columns_cover_text(comparison)),
        ("sets of parameter values", len(question.chosen.draws)),
        ("simulations of each", question.replications),
        ("seed", question.seed),
        ("worth of a point", "no accepted willingness to pay for a QPR point exists"),
        *(("note", one) for one in (*later_costs(comparison), *comparison.prepared.notes)),
        *(("teams", one) for one in question.roster.notes),
        ("command", command),
        *_versions(comparison.metadata.get("versions", {})),
    ]
    return workbook(
        [
            decision_sheet,
            _frame_sheet("Ranking", ranking_rows(decision.rankings), titles),
            _frame_sheet("Pairs", pair_rows(decision.rankings), titles),
            _frame_sheet(
                "Teams and starts", _with_own(start_table(comparison), question.roster), titles
            ),
            strategies_sheet(question.scenarios),
            prices,
            costs,
            takes,
            _frame_sheet("How sure", differences(comparison), titles),
            _frame_sheet("Chances", chances(comparison), titles),
            _frame_sheet("Worth of a point", threshold_rows(comparison), titles),
            *([_frame_sheet("Worth knowing", knowing_rows(knowing), titles)] if knowing else []),
            assumptions_sheet(question.settings),
            Sheet("Method", ["what", "how"], [list(one) for one in method]),
        ]
    )


def _chance_best(decision: Decision, name: str) -> float | None:
    ranking = decision.ranking
    return ranking.best[ranking.at(name)] if name in ranking.names else None


def plan_workbook(
    outcome: PlanOutcome,
    covers: str,
    command: str,
    decision: Decision,
    knowing: tuple[Known, ...] = (),
) -> bytes:
    """Return the workbook of a plan.

    Parameters
    ----------
    covers : str
        What intervals cover.
    command : str
        What repeats it.
    decision : Decision
        What it leads to.
    knowing : tuple of Known
        What it is worth to know more.
    """
    from sim.planning.plan_knowing import driver_rows
    from sim.planning.plan_notes import plan_notes
    from sim.planning.plan_tables import frame_of, plan_rows, score_rows
    from sim.planning.plan_text import curse, heading

    question = outcome.question
    titles = titles_of(question.packages)
    prices, cells = price_sheet(question.prices)
    plan = outcome.recommended.plan
    length = max(outcome.offer.weeks, outcome.offer.cost.shape[-1])
    uses = []
    for number, package in enumerate(question.packages):
        starts = np.where(plan.package == number, plan.start, -1)
        if (starts >= 0).any():
            laid = plan_of(package, question.roster, starts, length + int(starts.max()))
            used = yearly_use(resources_used(laid, everybody(laid)))
            uses.append((package, {one: amount for one, amount in used.items() if np.any(amount)}))
    takes, costs, totals = cost_sheets(
        uses,
        cells,
        [
            "As planned: every post filled, everybody attends, newcomers at the usual rate.",
            "To the end of what is funded, also after the time looked at.",
        ],
    )
    rows = [
        [
            package.title,
            package.grade,
            int((plan.package == number).sum()),
            *(
                Formula(f"={totals[package.name][kind].text}") if package.name in totals else 0.0
                for kind in (DIRECT, INDIRECT)
            ),
        ]
        for number, package in enumerate(question.packages)
    ]
    decision_sheet = Sheet(
        "Decision",
        ["package", "rests on", "teams", "cash, GBP", "staff time, GBP"],
        rows,
        [*decision_lines(decision), _plain(heading(outcome), titles), curse(outcome)],
        {3: MONEY, 4: MONEY},
        strong=(decision.question, decision.answer),
    )
    chain = Sheet(
        "From training to recovery",
        ["plan", *CHAIN, "cash planned, GBP", "staff time planned, GBP"],
        [[*_chain(one), one.cash.mean, one.time.mean] for one in decision.strategies],
        [
            f"Against usual care after {decision.when}, over all {decision.people:,} people on the "
            f"books of the teams planned for; {decision.covers}."
        ],
        {**dict.fromkeys(range(3, 11), "0.0"), 11: MONEY, 12: MONEY},
    )
    method = [
        ("time looked at", f"{question.weeks} weeks"),
        ("aim", question.objective),
        ("ranges", covers),
        ("sets of parameter values", len(question.draws)),
        ("seed", question.seed),
        *(("note", one) for one in plan_notes(outcome)),
        *(("teams", one) for one in question.roster.notes),
        ("command", command),
    ]
    return workbook(
        [
            decision_sheet,
            chain,
            _frame_sheet("Ranking", ranking_rows(decision.rankings), decision.titles),
            _frame_sheet("Pairs", pair_rows(decision.rankings), decision.titles),
            _frame_sheet(
                "Teams and starts", _with_own(frame_of(plan_rows(outcome)), question.roster), titles
            ),
            strategies_sheet(question.packages),
            prices,
            costs,
            takes,
            _frame_sheet("Plans beside each other", frame_of(score_rows(outcome)), titles),
            _frame_sheet("Depends on", driver_rows(outcome), titles),
            *([_frame_sheet("Worth knowing", knowing_rows(knowing), titles)] if knowing else []),
            assumptions_sheet({}),
            Sheet("Method", ["what", "how"], [list(one) for one in method]),
        ]
    )


def strategies_sheet(scenarios: Iterable[Scenario]) -> Sheet:
    """Return the sheet that says what each strategy is, also in the words of published lists."""
    rows = [
        [one.title, one.description, *word_cells(one).values(), one.grade, one.source]
        for one in scenarios
    ]
    return Sheet(
        "Strategies",
        ["strategy", "what is done", ERIC, CFIR, "rests on", "source"],
        rows,
        [
            "Names of implementation science follow from what each strategy contains. What is "
            "taught is the intervention itself and has no name there."
        ],
    )


def assumptions_sheet(settings: Mapping[str, float]) -> Sheet:
    """Return the sheet of the model's parameters, with what each rests on."""
    rows = [
        [one.label, settings.get(one.name, one.default), one.unit, str(one.prior), one.grade]
        + [one.source, one.name]
        for one in registry().values()
    ]
    return Sheet(
        "Assumptions",
        [
            "what",
            "value",
            "unit",
            "range before the trial was looked at",
            "rests on",
            "source",
            "name",
        ],
        rows,
        ["The model's parameters. Simulations draw them from what agrees with the trial."],
    )


def _frame_sheet(title: str, frame: pd.DataFrame, titles: Mapping[str, str]) -> Sheet:
    yes = [place for place, name in enumerate(frame.columns) if frame[name].dtype.kind == "b"]
    rows = [
        [
            ("yes" if one else "no") if place in yes else _titled(one, titles)
            for place, one in enumerate(row)
        ]
        for row in frame.itertuples(index=False, name=None)
    ]
    numbers = {
        place: SMALL for place, name in enumerate(frame.columns) if frame[name].dtype.kind == "f"
    }
    heads = ["strategy" if one in ("scenario", "package") else str(one) for one in frame.columns]
    return Sheet(title, heads, rows, (), numbers)


def _titled(cell: Any, titles: Mapping[str, str]) -> Any:
    """Return a cell with the title of a strategy, or of two mixed, in place of its name."""
    if not isinstance(cell, str):
        return cell
    return MIXED.join(titles.get(one, one) for one in cell.split(MIXED))


def _with_own(frame: pd.DataFrame, roster: Roster) -> pd.DataFrame:
    """Return a table of teams with the columns that are the user's own."""
    names = [row.team for row in roster.rows]
    for heading, cells in roster.own_columns.items():
        of_team = dict(zip(names, cells, strict=True))
        frame[f"own: {heading}"] = [of_team.get(str(one), "") for one in frame["team"]]
    return frame


def _plain(text: str, titles: Mapping[str, str]) -> str:
    """Return a sentence with titles in place of the names of files."""
    names = "|".join(re.escape(one) for one in sorted(titles, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({names})(?![\w-])", lambda found: titles[found[0]], text)


def _versions(versions: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((f"version of {name}", one) for name, one in versions.items())
