"""`sim.plan` and `refocus plan`: which teams, in which order, with what support, under a budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from sim.api.answers import FROM_PYTHON, Answer, as_json
from sim.api.choices import (
    chosen_prices,
    chosen_roster,
    chosen_scenarios,
    chosen_setting,
    chosen_values,
)
from sim.api.question import answered_by
from sim.errors import InputError, unknown
from sim.reading.numbers import number, number_or_none, whole
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster
    from sim.planning.decision import Decision
    from sim.planning.plan_study import PlanOutcome, PlanQuestion
    from sim.planning.prices import Prices
    from sim.planning.setting import Setting
    from sim.planning.worth_knowing import Known
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

DRAWS = 60
PACKAGES = ("refocus-as-delivered", "refocus-boosters", "refocus-full")
LARGEST_SEED = 2**32 - 3


class PlanAnswer(Answer):
    """A plan that was searched for, beside simple rules.

    Attributes
    ----------
    outcome : PlanOutcome
        The plans and their worth.
    """

    def __init__(self, outcome: PlanOutcome) -> None:
        self.outcome = outcome

    @cached_property
    def decision(self) -> Decision:
        """Which plan to take, how sure that is, and what would change it."""
        from sim.planning.plan_decision import plan_decision

        return plan_decision(self.outcome)

    @cached_property
    def knowing(self) -> tuple[Known, ...]:
        """What it is worth to know more before choosing; empty with few draws."""
        from sim.planning.plan_knowing import plan_knowing

        return plan_knowing(self.outcome)

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        from sim.planning.decision import decision_text
        from sim.planning.plan_text import plan_text

        told = plan_text(self.outcome, self.outcome.question.covers, self.knowing)
        return f"{decision_text(self.decision)}\n{told}"

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The plan team by team, and the worth of every plan."""
        from sim.planning.decision import decision_tables, year_rows
        from sim.planning.plan_knowing import driver_rows
        from sim.planning.plan_tables import beside_rows, frame_of, score_rows
        from sim.planning.worth_knowing import knowing_rows

        return {
            **decision_tables(self.decision),
            "plan": frame_of(beside_rows(self.outcome)),
            "scores": data_frame(score_rows(self.outcome)),
            "budget": year_rows(self.decision),
            "drivers": driver_rows(self.outcome),
            **({"worth-knowing": knowing_rows(self.knowing)} if self.knowing else {}),
        }

    def csv(self) -> str:
        """Return the plan as CSV."""
        return frame_csv(self.tables["plan"])

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data."""
        from sim.planning.decision import decision_content
        from sim.planning.plan_content import plan_content

        words = {"decision": decision_content(self.decision)}
        covers = self.outcome.question.covers
        return words | plan_content(self.outcome, covers, command, self.knowing)

    def report(self, command: str = FROM_PYTHON) -> str:
        """Return the report as a page of HTML."""
        from sim.report.plan_report import plan_report

        covers = self.outcome.question.covers
        return plan_report(self.outcome, covers, command, self.decision, self.knowing)

    def files(self, command: str = FROM_PYTHON) -> dict[str, str | bytes]:
        """Return tables, everything as JSON, the rollout, report and workbook by name of file."""
        from sim.report.decision_workbook import plan_workbook
        from sim.report.summary_document import summary_document

        covers = self.outcome.question.covers
        return {
            **super().files(command),
            "plan.json": as_json(self.content(command)),
            **rollout_of(self.outcome.question),
            "report.html": self.report(command),
            "decision.xlsx": plan_workbook(
                self.outcome, covers, command, self.decision, self.knowing
            ),
            "summary.docx": summary_document(self.decision, command),
        }


def rollout_of(question: PlanQuestion) -> dict[str, str]:
    """Return the files by which an update, or another plan, takes up a plan, by name."""
    from sim.planning.rollout import rollout_files

    given = question.under_way
    return rollout_files(
        question.packages,
        # As it was at the start: what an update moved is learnt anew from the whole time.
        question.roster if given is None else given.roster,
        0 if given is None else given.gone,
        question.weeks,
        question.setting.start_date,
        None if given is None else given.turnover,
    )


def planned(question: PlanQuestion, **how: Unpack[How]) -> PlanAnswer:
    """Search for the answer to a question that is checked."""
    from sim.planning.plan_study import solve

    return PlanAnswer(solve(question, **how))


@answered_by(planned)
def plan(
    packages: Sequence[str | Path | Scenario] = PACKAGES,
    *,
    budget: float | str | None = None,
    years: float | str | None = None,
    trainers: int | str | None = None,
    roster: str | Path | Roster | None = None,
    columns: str | Path | None = None,
    objective: str = "qpr",
    equity_weight: float | str = 2.0,
    threshold: float | str | None = None,
    include_control: bool = False,
    setting: str | Path | Setting | None = None,
    prices: str | Path | Prices | None = None,
    draws: int | str | Sequence[Mapping[str, float]] | ChosenDraws = DRAWS,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    seed: int | str = 1,
    under_way: str | Path | None = None,
    spent: float | str | None = None,
    **how: Unpack[How],
) -> PlanQuestion:
    """Search which teams get which package of support, and when, under a yearly budget.

    Parameters
    ----------
    packages : sequence of str, path or Scenario
        What a team can get.
    budget : float, optional
        Direct costs a year, GBP; the setting's, or no limit.
    years : float, optional
        How long is looked at; the setting's, or 2.
    trainers : int, optional
        Trainers at the same time; the setting's.
    roster : 'trial', path or Roster, optional
        The 27 teams of the trial, a CSV file of teams, or a roster; those of `under_way`, or else
        of the trial, where none is given.
    columns : path, optional
        Which columns of the roster's file are which (TOML).
    objective : {'qpr', 'reach', 'practice', 'equity', 'qpr-at-end'}
        What to do best on, added up over the time looked at (the last: at its end).
    equity_weight : float
        How much a person of the roster's share column counts under 'equity'.
    threshold : float, optional
        A difference of the QPR-15 of your own to be reached, points.
    include_control : bool
        Plan for teams whose arm in the roster is control too.
    setting, prices : path or object, optional
        Dates, trainers and budget; prices of your own (TOML).
    draws, prior_only, posterior, seed
        As in `sim.run`; half of the draws are for the search, half for the score.
    under_way : path, optional
        The folder of an update (`sim.update`, saved): what has gone and started is taken as given,
        the horizon stays, and its posterior is used where none is named.
    spent : float, optional
        Direct costs so far, GBP; as planned where they are not given.
    **how
        ``workers``, ``executor``, ``folder``, ``on_progress``, ``should_cancel``: see
        `sim.runs.pieces.How`.

    Returns
    -------
    PlanAnswer
        Shows itself; see its `tables`, `table` and `save`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    from sim.planning.plan_search import OBJECTIVES
    from sim.planning.plan_study import PlanQuestion, packages_of
    from sim.planning.rollout import read_rollout, with_turnover
    from sim.planning.setting import LONGEST_YEARS
    from sim.planning.trainers import check_capacity

    if objective not in OBJECTIVES:
        raise unknown("objective", objective, OBJECTIVES)
    seed = whole("seed", seed, 0, LARGEST_SEED)
    place = chosen_setting(setting)
    if place.waves:
        raise InputError(
            f"setting '{place.source}': waves: the search finds the start weeks itself; leave "
            "waves out, or use 'refocus compare'"
        )
    capacity = place.capacity
    limit = number_or_none("budget", budget, 0.0, 1e10)
    if limit is not None:
        capacity = dataclasses.replace(capacity, budget_per_year=limit)
    if trainers is not None:
        at_once = whole("trainers", trainers, 0, 1000)
        capacity = dataclasses.replace(capacity, trainers=at_once)
    money = number_or_none("spent", spent, 0.0, 1e10)
    if money is not None and under_way is None:
        raise InputError("spent: has a meaning only with under_way")
    teams = None
    if roster is not None or columns is not None:
        teams = chosen_roster("trial" if roster is None else roster, seed, columns, place)
    given = None
    if under_way is not None:
        given = dataclasses.replace(read_rollout("from", under_way, teams), spent=money)
        if not given.gone:
            raise InputError(
                f"from '{under_way}': nothing has gone yet; name the folder of a 'refocus update'"
            )
        teams = with_turnover(given.roster, given.turnover)
        if place.start_date is None:
            place = dataclasses.replace(place, start_date=given.start_date)
    teams = chosen_roster("trial", seed) if teams is None else teams
    years_given = number_or_none("years", years, 1 / 52, LONGEST_YEARS)
    if given is not None and years_given is None:
        # The horizon stays, to the week.
        weeks = given.horizon
    else:
        weeks = max(1, round(52 * (years_given or place.years or 2.0)))
    chosen = chosen_values(draws, prior_only, posterior, under_way)
    wanted = chosen_scenarios(packages)
    if given is not None:
        offered = {one.name for one in wanted}
        wanted += {one.name: one for _, one, _ in given.begun if one.name not in offered}.values()
        given.begun_in(teams, [one.name for one in wanted])
    if len(chosen.draws) < 2:
        count = draws if isinstance(draws, int | str) else len(chosen.draws)
        raise InputError(f"draws = {count}: at least 2, for search and score apart")
    return PlanQuestion(
        packages=packages_of(wanted, weeks),
        roster=teams,
        capacity=check_capacity(capacity),
        prices=chosen_prices(prices),
        draws=chosen.draws,
        weeks=weeks,
        seed=seed,
        objective=objective,
        equity_weight=number("equity-weight", equity_weight, 0.01, 100.0),
        setting=place,
        threshold=number_or_none("threshold", threshold, 0.01, 60.0),
        include_control=include_control,
        covers=chosen.covers,
        chosen=chosen,
        under_way=given,
    )
