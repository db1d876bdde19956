"""The answer that a planner takes to a meeting: what to choose, how sure, what would change it.

A `Decision` is plain words and numbers, the same for a comparison and for a plan; the page, the
workbook, the summary and the tables are made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.planning.plain_numbers import counted, listed, odds_word, pounds
from sim.planning.ranking import Efficient, Ranking, frontier_rows, pair_rows, ranking_rows
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

REACH, ADOPTION, PRACTICE = "reach", "adoption", "practice"
SUPPORT, RELATIONSHIP, RECOVERY = "support", "relationship", "recovery"


@dataclass(frozen=True)
class Step:
    """A step of the chain from training to recovery, on a scale that never changes."""

    name: str
    title: str
    about: str
    unit: str  # Of the values
    # Ends of the scale; fixed by what it means, not by the data, which may only widen it.
    low: float
    high: float
    gain: bool = True  # Whether values are differences from usual care; else levels
    digits: int = 1  # Decimals shown


STEPS: tuple[Step, ...] = (
    Step(REACH, "Reach", "time with a trained worker", "percent of time", 0, 100, False, 0),
    Step(ADOPTION, "Adoption", "staff who were trained", "percent of staff", 0, 100, False, 0),
    Step(PRACTICE, "Practice", "of what is taught, done", "of 100", 0, 50),
    Step(SUPPORT, "Support", "as people feel it", "INSPIRE, 0-100", -5, 20),
    Step(RECOVERY, "Recovery", "QPR-15 points a person", "points, 0-60", -2, 10),
)


@dataclass(frozen=True)
class Cell:
    """A value with what is not known of it: mean and central 90% over draws."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Start:
    """A team's start, for a picture."""

    team: str
    trust: str
    week: int  # First week of the programme
    lasts: int  # Weeks funded
    # Weeks of the training days, counted from the start of the time looked at.
    sessions: tuple[int, ...]
    package: str = ""  # Title of what it gets, where teams differ


@dataclass(frozen=True)
class Strategy:
    """One of the choices."""

    name: str
    title: str
    about: str
    grade: str
    teams: int  # Teams that start
    cells: Mapping[str, Cell]  # By name of the step, and `relationship`
    # Direct and indirect cost over the time looked at, not discounted, GBP.
    cash: Cell
    time: Cell


@dataclass(frozen=True)
class Decision:
    """The answer."""

    question: str  # In the user's words
    when: str  # The time looked at
    usual: str  # Title of what all is compared with
    answer: str  # The short answer
    # What it rests on in the chain: a few words, and the sentence after them.
    points: tuple[tuple[str, str], ...]
    # How sure, in one of four words, and why.
    sure: str
    sure_because: str
    level: int  # The same, 0 to 4
    changes: tuple[str, ...]  # What would change the answer
    splits: tuple[str, ...]  # What is REFOCUS and what is relief of the system
    strategies: tuple[Strategy, ...]  # Best first
    rankings: tuple[Ranking, ...]  # On every outcome, the planner's choice first
    frontier: tuple[Efficient, ...]
    now: Mapping[str, float]  # Level of each step under usual care
    # On the books of the teams that count, and teams in all.
    people: int
    teams: int
    budget: float | None  # Cash over the time looked at
    # Year, mean cash, mean staff time of the first choice, GBP.
    years: tuple[tuple[str, float, float], ...]
    yearly: float | None  # Budget of a year
    over: tuple[str, ...]  # Chance of more cash than the budget, year by year, of the first choice
    starts: tuple[Start, ...]  # Teams of the first choice
    start_note: str
    dates: tuple[tuple[int, str], ...]  # Label of each quarter; weeks where undated
    weeks: int
    draws: int
    runs: int
    price_year: str
    covers: str  # What ranges cover
    extrapolated: str = ""  # What of it no trial saw
    warnings: tuple[str, ...] = ()
    chance: str = ""  # What bands hold beside what is not known
    depends: tuple[tuple[str, float, bool], ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    first_name: str = ""
    own_tags: Mapping[str, str] | None = None
    basis: str = ""
    cost_covers: str = "cash and staff time, discounted"

    @property
    def ranking(self) -> Ranking:
        """The ranking on the outcome that the planner chose."""
        return self.rankings[0]

    @property
    def first(self) -> Strategy:
        """The strategy to choose."""
        return next((one for one in self.strategies if one.name == self.chosen), self.strategies[0])

    @property
    def chosen(self) -> str:
        """Name of the choice: as given, else the best strategy that is more than usual care."""
        if self.first_name:
            return self.first_name
        known = {one.name for one in self.strategies}
        return next(one for one in self.ranking.names if one in known)

    @property
    def tied(self) -> tuple[str, ...]:
        """The choice and what is a tie with it, by the rule that the page's tags go by."""
        return self.ranking.tied if self.own_tags is None else tuple(self.own_tags)

    def tag(self, name: str) -> str:
        """Return the word that marks a strategy: first, or a tie with it; empty for the rest."""
        if self.own_tags is not None:
            return self.own_tags.get(name, "")
        tied = self.ranking.tied
        if len(self.strategies) < 2 or name not in tied:
            return ""
        if name != tied[0]:
            return "Tie"
        return "First" if len(tied) == 1 else "First of a tie"

    def title(self, name: str) -> str:
        """Return the title of a strategy or of usual care."""
        return self.titles.get(name, name)


def decision_rows(decision: Decision) -> pd.DataFrame:
    """Return the chain as a table: a row for each strategy and step, in the order of the page."""
    steps = {one.name: (one.title, one.unit) for one in STEPS}
    steps[RELATIONSHIP] = ("Relationship", "INSPIRE, 0-100")
    rows = []
    for one in decision.strategies:
        cells = {**one.cells, "cash": one.cash, "staff time": one.time}
        for name, cell in cells.items():
            title, unit = steps.get(name, (name.capitalize(), "GBP, not discounted"))
            rows.append(
                {
                    "strategy": one.name,
                    "title": one.title,
                    "rests on": one.grade,
                    "teams that start": one.teams,
                    "step": title,
                    "unit": unit,
                    "mean": cell.mean,
                    "5%": cell.low,
                    "95%": cell.high,
                }
            )
    return data_frame(rows)


def decision_tables(decision: Decision) -> dict[str, pd.DataFrame]:
    """Return the tables behind the page of the decision by name."""
    return {
        "decision": decision_rows(decision),
        "ranking": ranking_rows(decision.rankings),
        "pairs": pair_rows(decision.rankings),
        "frontier": frontier_rows(decision.frontier),
    }


def decision_lines(decision: Decision) -> list[str]:
    """Return the words of the decision, a line each: what the workbook and the terminal show."""
    return [
        *([decision.basis] if decision.basis else []),
        decision.question,
        *decision.warnings,
        decision.answer,
        *(f"{few} {rest}" for few, rest in decision.points),
        f"How sure: {decision.sure.lower()}. {decision.sure_because}",
        *([decision.extrapolated] if decision.extrapolated else []),
        *(f"What would change it: {one}" for one in decision.changes),
        *decision.splits,
    ]


def decision_text(decision: Decision, width: int = 100) -> str:
    """Return the decision for a terminal."""
    from textwrap import fill

    shown = [fill(one, width, break_on_hyphens=False) for one in decision_lines(decision)]
    return "\n".join([*shown, ""])


def decision_content(decision: Decision) -> dict[str, Any]:
    """Return the words of the decision as plain data."""
    return {
        "question": decision.question,
        "answer": decision.answer,
        "choice": decision.chosen,
        "tied": list(decision.tied),
        "ranked_by": decision.ranking.aim.name,
        "points": [f"{few} {rest}" for few, rest in decision.points],
        "how_sure": decision.sure,
        "because": decision.sure_because,
        "would_change_it": list(decision.changes),
        "programme_and_relief": list(decision.splits),
        "extrapolated": decision.extrapolated,
    }


def year_rows(decision: Decision) -> pd.DataFrame:
    """Return the costs of the choice by year as a table, GBP."""
    return data_frame(
        [
            {"scenario": decision.chosen, "cost": kind, "year": year.split()[-1], "mean": money}
            for year, cash, time in decision.years
            for kind, money in (("direct", cash), ("indirect", time))
        ]
    )


def cell_of(values: np.ndarray) -> Cell:
    """Return mean and central 90% of values by draw, (draws,)."""
    if len(values) < 2:
        return Cell(float(values.mean()), float("nan"), float("nan"))
    low, high = np.quantile(values, [0.05, 0.95])
    return Cell(float(values.mean()), float(low), float(high))


def sure_word(share: float, tie: bool) -> str:
    """Return how sure a choice is in one of four words: what is a tie is never likely first."""
    word = odds_word(share)
    return "probably" if tie and word == "likely" else word


def choice_sentence(ranking: Ranking, titles: Mapping[str, str], base: str) -> str:
    """Return which strategy does best on an outcome, and which ones are a tie with it."""
    shown = {name: titles.get(name, name) for name in ranking.names}
    first, tied = ranking.names[0], ranking.tied
    on = f"On {ranking.aim.title.lower()}"
    if len(tied) == 1:
        return f"{on}, {shown[first]} does best."
    usual = " (which costs nothing)" if first == base else ""
    if len(tied) == len(ranking.names):
        return (
            f"{on} no choice is surely ahead of the others; first on average is "
            f"{shown[first]}{usual}."
        )
    others = listed([shown[one] for one in tied[1:]])
    return f"{on}, {shown[first]}{usual} is first, in a tie with {others}."


def instead_sentences(
    others: Iterable[Ranking], first: str, titles: Mapping[str, str]
) -> list[str]:
    """Return which strategy to choose if another outcome decides, where the first is no tie."""
    instead: dict[str, list[str]] = {}
    for one in others:
        if len(one.names) > 1 and first not in one.tied:
            instead.setdefault(one.names[0], []).append(one.aim.title.lower())
    return [f"If {listed(on, 'or')} decides: {titles[name]}." for name, on in instead.items()]


def worth_sentence(found: Sequence[Efficient], titles: Mapping[str, str]) -> str:
    """Return which strategy is the best value, by what a QPR point for one person is worth."""
    kept = [one for one in found if not one.beaten_by]
    if len(kept) < 2:
        return "No choice gains more recovery than usual care for its money, on the mean."
    ends = [*(one.step_cost for one in kept[1:]), float("inf")]
    texts = []
    for one, until in zip(kept, ends, strict=True):
        title = titles.get(one.name, one.name)
        if one is kept[0]:
            texts.append(f"under {pounds(until)}, {title}")
        elif np.isfinite(until):
            texts.append(f"up to {pounds(until)}, {title}")
        else:
            texts.append(f"above that, {title}")
    return f"By what a QPR point for one person is worth: {'; '.join(texts)}."


def place_words(teams: int, trusts: int) -> str:
    """Return who is asked about."""
    return (
        f"{teams:,} team{'' if teams == 1 else 's'} in {trusts} trust{'' if trusts == 1 else 's'}"
    )


def question_words(
    choices: int,
    place: str,
    when: str,
    yearly: float | None,
    trainers: int | None,
    only: str = "",
) -> str:
    """Return the question as the user would ask it."""
    with_what = []
    if yearly is not None:
        with_what.append(f"{pounds(yearly)} a year")
    if trainers is not None:
        with_what.append(f"{trainers} trainer{'' if trainers == 1 else 's'}")
    means = f" with {listed(with_what)}" if with_what else ""
    if choices == 1:
        return f"Should {place} get {only}{means}, over {when}?"
    return f"What should {place} get{means}, over {when}?"


def grades_sentence(strategies: Sequence[Strategy]) -> str:
    """Return how many choices rest on the trial, on other studies, and on assumptions."""
    named = {"trial": "the trial", "literature": "other studies", "assumption": "assumptions"}
    counts = {one: sum(s.grade == one for s in strategies) for one in named}
    parts = [
        f"{counted(count, 'choice')} {'rests' if count == 1 else 'rest'} on {named[grade]}"
        for grade, count in counts.items()
        if count
    ]
    text = listed(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""
