"""`sim.compare` and `refocus compare`: strategies beside usual care, costs, what is uncertain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Unpack

from sim import text_table
from sim.api.answers import FROM_PYTHON, Answer, as_json
from sim.api.choices import (
    LARGEST_SEED,
    chosen_prices,
    chosen_roster,
    chosen_scenario,
    chosen_scenarios,
    chosen_setting,
    chosen_values,
    parameters_and_fields,
)
from sim.api.question import answered_by
from sim.errors import InputError
from sim.reading.numbers import number, number_or_none, whole
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster
    from sim.planning.comparison import Comparison, Question
    from sim.planning.decision import Decision
    from sim.planning.prices import Prices
    from sim.planning.setting import Setting
    from sim.planning.value import Value
    from sim.planning.worth_knowing import Known
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

DRAWS, REPLICATIONS = 200, 10
RANK_BY = "recovery"
TRIAL_SIZE = "40x15"
WIDTH = 100


class ComparisonAnswer(Answer):
    """Strategies beside a base.

    Attributes
    ----------
    comparison : Comparison
        Outcomes of all worlds, and costs.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    @cached_property
    def decision(self) -> Decision:
        """What to choose, how sure that is, and what would change it."""
        from sim.planning.compare_decision import decision_of

        return decision_of(self.comparison)

    @cached_property
    def value(self) -> Value:
        """What a point of the QPR costs, and how sure that is."""
        from sim.planning.value import value_of

        return value_of(self.comparison)

    @cached_property
    def knowing(self) -> tuple[Known, ...]:
        """What it is worth to know more before choosing; empty with few draws."""
        from sim.planning.worth_knowing import knowing_of

        return knowing_of(self.comparison)

    @property
    def sentence(self) -> str:
        """The answer in a sentence."""
        from sim.planning.verdicts import overall_sentence

        return overall_sentence(self.comparison)

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        from sim.planning.decision import decision_text
        from sim.planning.worth_knowing import knowing_sentences

        told = "".join(f"{fill(one, WIDTH)}\n" for one in knowing_sentences(self.knowing))
        return f"{decision_text(self.decision)}\n{text_of(self.comparison)}{told}"

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables by name, as they are saved."""
        from sim.planning.compare_tables import all_tables
        from sim.planning.decision import decision_tables

        annex = all_tables(self.comparison, self.value, self.knowing)
        return {**decision_tables(self.decision), **annex}

    def differences(self) -> pd.DataFrame:
        """Return differences from the base: every measure at the end, with intervals."""
        from sim.planning.compare_tables import differences

        return differences(self.comparison)

    def csv(self) -> str:
        """Return the differences, and what their intervals cover, as CSV."""
        from sim.planning.verdicts import columns_cover_text

        table = self.differences()
        table["covers"] = columns_cover_text(self.comparison)
        return frame_csv(table)

    def report(self, command: str = FROM_PYTHON, *, opened: bool = False) -> str:
        """Return the report as a page of HTML, with all of it open to be printed."""
        from sim.report.compare_report import compare_report

        return compare_report(
            self.comparison, self.value, command, self.decision, self.knowing, opened=opened
        )

    def printed(self, form: str, command: str = FROM_PYTHON) -> str:
        """Return what the command prints: 'text', 'csv', 'json', or 'pdf-ready'."""
        if form == "pdf-ready":
            return self.report(command, opened=True)
        return super().printed(form, command)

    def files(self, command: str = FROM_PYTHON) -> dict[str, str | bytes]:
        """Return report, workbook, tables and a JSON of everything by name of file."""
        from sim.report.decision_workbook import comparison_workbook
        from sim.report.summary_document import summary_document

        return {
            "report.html": self.report(command),
            **super().files(command),
            "comparison.json": as_json(self.content(command)),
            "decision.xlsx": comparison_workbook(
                self.comparison, command, self.decision, self.knowing
            ),
            "summary.docx": summary_document(self.decision, command),
        }

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data: sentence, settings and tables."""
        from sim.planning.decision import decision_content
        from sim.planning.verdicts import (
            averaged_text,
            columns_cover_text,
            few_draws_text,
            later_costs,
            rests_text,
        )
        from sim.scenarios.text import scenario_text

        comparison = self.comparison
        question = comparison.question
        return {
            "rests_on": rests_text(comparison),
            "sentence": self.sentence,
            "decision": decision_content(self.decision),
            "command": command,
            "base": question.base,
            "averaged_over": averaged_text(comparison),
            "covers": columns_cover_text(comparison),
            "warnings": [one for one in (few_draws_text(comparison),) if one],
            "notes": [*later_costs(comparison), *comparison.prepared.notes, *question.prices.notes],
            "draws": len(question.chosen.draws),
            "replications": question.replications,
            "seed": question.seed,
            "weeks": question.weeks,
            "settings": dict(question.settings),
            "price_year": question.prices.price_year,
            "prices": {
                name: {
                    "value": one.about.default,
                    "unit": one.about.unit,
                    "range": str(one.about.prior),
                    "grade": one.about.grade,
                    "source": one.about.source,
                }
                for name, one in question.prices.entries.items()
            },
            "roster": {"source": question.roster.source, "notes": list(question.roster.notes)},
            "versions": comparison.metadata.get("versions", {}),
            "scenario_texts": {one.name: scenario_text(one) for one in question.scenarios},
            "tables": {
                name: json.loads(table.to_json(orient="records"))
                for name, table in self.tables.items()
            },
        }

    def _repr_html_(self) -> str:
        from sim.planning.compare_tables import chances, headline
        from sim.planning.verdicts import covers_text
        from sim.report.readable import readable

        tables = (
            readable(table) for table in (headline(self.comparison), chances(self.comparison))
        )
        return "\n".join(
            [
                f"<p><b>{escape(self.sentence)}</b></p>",
                *(table.to_html(index=False, border=0) for table in tables),
                f"<p>Intervals: {escape(covers_text(self.comparison))}.</p>",
            ]
        )


def compared(question: Question, **how: Unpack[How]) -> ComparisonAnswer:
    """Run a question that is checked."""
    from sim.planning.comparison import compare as worlds_of

    return ComparisonAnswer(worlds_of(question, **how))


@answered_by(compared)
def compare(
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    *,
    base: str | Path | Scenario = "usual-care",
    roster: str | Path | Roster = "trial",
    columns: str | Path | None = None,
    setting: str | Path | Setting | None = None,
    prices: str | Path | Prices | None = None,
    years: float | str | None = None,
    draws: int | str | Sequence[Mapping[str, float]] | ChosenDraws = DRAWS,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    replications: int | str = REPLICATIONS,
    seed: int | str = 1,
    threshold: float | str | None = None,
    rank_by: str = RANK_BY,
    point_worth: float | str | None = None,
    trial_size: str | Sequence[int] = TRIAL_SIZE,
    settings: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> Question:
    """Compare strategies with a base on common random numbers: outcomes, chances, costs.

    Parameters
    ----------
    scenarios : str, path, Scenario or sequence of these
        Strategies: names in the library (see `sim.list_scenarios`), files, or scenarios.
    base : str, path or Scenario
        What they are compared with.
    roster : 'trial', path or Roster
        The 27 teams of the trial, a CSV file of teams, or a roster.
    columns : path, optional
        Which columns of the roster's file are which (TOML).
    setting, prices : path or object, optional
        Dates, trainers and budget; prices of your own (TOML).
    years : float, optional
        How long is looked at; the setting's or the longest of the scenarios when not given.
    draws, prior_only, posterior, replications, seed
        As in `sim.run`.
    threshold : float, optional
        A difference of the QPR-15 of your own to be reached, points.
    rank_by : str
        The outcome that strategies are ranked on: reach, practice, support, recovery,
        cost-per-person-reached or cost-per-qpr-point.
    point_worth : float, optional
        What a QPR point for one person is worth to you, GBP: what it is worth to know more is then
        told in money. No accepted figure exists.
    trial_size : str or sequence of int
        Teams and people followed up in each, such as ``"40x15"``, of a trial whose worth is asked.
    settings : mapping, optional
        Parameter values by name; fields of every scenario but the base by dotted name.
    **how
        ``workers``, ``executor``, ``folder``, ``on_progress``, ``should_cancel``: see
        `sim.runs.pieces.How`.

    Returns
    -------
    ComparisonAnswer
        Shows itself; see its `tables`, `table`, `differences` and `save`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    from sim.planning.comparison import Question, with_base
    from sim.planning.ranking import aim_of
    from sim.scenarios.library import adjusted
    from sim.streams import check_seed

    seed = check_seed(whole("seed", seed, 0, LARGEST_SEED))
    parameters, fields = parameters_and_fields(settings)
    usual = chosen_scenario(base)
    wanted = chosen_scenarios(scenarios)
    if {one.name for one in wanted} == {usual.name}:
        raise InputError(f"scenario '{usual.name}': is the base; name what is compared with it")
    if fields:
        wanted = [adjusted(each, fields) if each.name != usual.name else each for each in wanted]
    place = chosen_setting(setting)
    every = with_base(wanted, usual)
    return Question(
        scenarios=every,
        base=usual.name,
        roster=chosen_roster(roster, seed, columns, place),
        chosen=chosen_values(draws, prior_only, posterior),
        setting=place,
        prices=chosen_prices(prices),
        weeks=weeks_of(years, place.years, max(each.timing.weeks for each in every)),
        replications=whole("replications", replications, 1, 100_000),
        seed=seed,
        threshold=None
        if threshold is None
        else number("threshold", threshold, 0.0, 60.0, "QPR-15 points", above=True),
        settings=parameters,
        rank_by=aim_of(rank_by).name,
        point_worth=number_or_none("point-worth", point_worth, 0.0, 1e6),
        trial_size=size_of_trial(trial_size),
    )


def size_of_trial(text: str | Sequence[int]) -> tuple[int, int]:
    """Return teams and people of each from text such as '40x15'.

    Raises
    ------
    InputError
        For any other form, and for numbers out of range.
    """
    parts = text.lower().replace("×", "x").split("x") if isinstance(text, str) else list(text)
    if len(parts) != 2:
        raise InputError(
            f"trial-size = {text!r}: must be teams and people followed up in each, such as "
            f"{TRIAL_SIZE}"
        )
    teams, people = parts
    return (
        whole("trial-size: teams", teams, 4, 10_000),
        whole("trial-size: people followed up in each", people, 1, 1000),
    )


def weeks_of(years: float | str | None, of_setting: float | None, of_scenarios: int) -> int:
    """Return the weeks looked at: as asked for, as the setting says, or as the scenarios do."""
    from sim.planning.setting import LONGEST_YEARS

    if years is None:
        return of_scenarios if of_setting is None else max(1, round(52 * of_setting))
    return max(1, round(52 * number("years", years, 0.0, LONGEST_YEARS, above=True)))


def text_of(comparison: Comparison) -> str:
    """Return the answer as a page of plain text."""
    from sim.planning.better import BETTER_BY, MATRIX_SAYS, better_matrix, better_than
    from sim.planning.compare_tables import chances, headline, overspending_sentences
    from sim.planning.outcomes import QPR
    from sim.planning.verdicts import (
        averaged_text,
        covers_text,
        few_draws_text,
        later_costs,
        overall_sentence,
        rests_text,
        sentence_on,
        verdict_on,
    )

    question = comparison.question
    few = few_draws_text(comparison)
    lines = [fill(rests_text(comparison), WIDTH, break_on_hyphens=False), ""]
    lines += [fill(few, WIDTH, break_on_hyphens=False), ""] if few else []
    lines += [fill(overall_sentence(comparison), WIDTH, break_on_hyphens=False), ""]
    if len(comparison.others) > 1:
        for one in comparison.others:
            text = sentence_on(comparison, verdict_on(comparison, one))
            lines.append(
                fill(
                    text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
                )
            )
        lines.append("")
    lines += [aligned(headline(comparison)), "", aligned(chances(comparison)), ""]
    if len(comparison.others) > 1:
        title = f"{BETTER_BY[QPR]}. {MATRIX_SAYS}"
        lines.append(fill(title, WIDTH, break_on_hyphens=False))
        lines += [aligned(better_matrix(better_than(comparison, (QPR,)))), ""]
    lines += [
        f"Intervals: {covers_text(comparison)}.",
        f"Draws {len(question.chosen.draws)}, replications of each {question.replications}, seed "
        f"{question.seed}.",
        f"Who counts: {averaged_text(comparison)}.",
        f"Costs: GBP, prices of {question.prices.price_year}. {' '.join(question.prices.notes)}",
        "No accepted willingness to pay for a QPR point exists.",
        *_waiting(comparison),
        *overspending_sentences(comparison),
        *later_costs(comparison),
        *comparison.prepared.notes,
        *[f"Roster: {note}" for note in question.roster.notes],
    ]
    return "\n".join(lines) + "\n"


def _waiting(comparison: Comparison) -> list[str]:
    lines = []
    for name, found in zip(comparison.names, comparison.prepared.starts, strict=True):
        late = int((found.waits > 0).sum())
        never = int(((found.wished >= 0) & (found.given < 0)).sum())
        if late or never:
            why = sorted({one.split(": ", 1)[-1] for one in found.reasons if one})
            lines.append(
                f"{name}: {late} teams wait and {never} never start ({'; '.join(why)}). "
                "See the table starts."
            )
    return lines


def aligned(table: pd.DataFrame) -> str:
    """Return a table as aligned text."""
    from sim.report.readable import readable

    shown = readable(table)
    cells = [[str(one) for one in shown.columns], *shown.astype(str).to_numpy().tolist()]
    return "\n".join(text_table.aligned(cells))
