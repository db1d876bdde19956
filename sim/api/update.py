"""`sim.update` and `refocus update`: what the first months of a rollout teach."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from sim.api.answers import FROM_PYTHON, Answer, as_json
from sim.api.choices import chosen_roster, chosen_scenario, chosen_setting, chosen_values
from sim.api.question import answered_by
from sim.errors import InputError
from sim.reading.numbers import number_or_none, whole
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster
    from sim.learning.study import LearnQuestion, Learnt
    from sim.planning.setting import Setting
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

DRAWS = 200
FEWEST_DRAWS = 40
LARGEST_SEED = 2**32 - 13


class UpdateAnswer(Answer):
    """What was learnt.

    Attributes
    ----------
    learnt : Learnt
        Draws before and after, and what they simulate.
    """

    def __init__(self, learnt: Learnt) -> None:
        self.learnt = learnt

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        from sim.report.update_report import update_text

        return update_text(self.learnt, self.tables)

    @property
    def advice(self) -> str:
        """Whether the plan still stands, what changed, and what to look at first."""
        from sim.report.update_report import advice

        return advice(self.learnt, self.tables)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """What moved, what is expected, teams beside the service, surprises, and the draws."""
        from sim.report.update_report import update_tables

        return update_tables(self.learnt)

    def csv(self) -> str:
        """Return what moved as CSV."""
        return frame_csv(self.tables["moved"])

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data but for the draws themselves."""
        from sim.report.update_report import update_content

        return update_content(self.learnt, self.tables, command)

    def report(self, command: str = FROM_PYTHON) -> str:
        """Return the report as a page of HTML."""
        from sim.report.update_report import update_report

        return update_report(self.learnt, self.tables, command)

    def files(self, command: str = FROM_PYTHON) -> dict[str, str | bytes]:
        """Return the report, tables, the rollout, and the updated posterior with its provenance."""
        from sim.learning.posterior import provenance_of, updated_csv
        from sim.planning.rollout import rollout_files

        question = self.learnt.question
        return {
            **super().files(command),
            **rollout_files(
                question.packages,
                question.roster,
                question.observed.weeks,
                question.weeks,
                question.setting.start_date,
                self.learnt.turnover,
            ),
            "updated.csv": updated_csv(self.learnt),
            "updated.json": json.dumps(provenance_of(self.learnt), indent=1) + "\n",
            "update.json": as_json(self.content(command)),
            "update.html": self.report(command),
            "update.md": self.text.rstrip("\n") + "\n",
        }


def learnt_from(question: LearnQuestion, **how: Unpack[How]) -> UpdateAnswer:
    """Learn what a question that is checked asks for."""
    from sim.learning.study import learn

    return UpdateAnswer(learn(question, **how))


@answered_by(learnt_from)
def update(
    scenario: str | Path | Scenario | None = None,
    *,
    plan: str | Path | None = None,
    roster: str | Path | Roster | None = None,
    columns: str | Path | None = None,
    register: str | Path | None = None,
    audit: str | Path | None = None,
    turnover: str | Path | None = None,
    outcomes: str | Path | None = None,
    setting: str | Path | Setting | None = None,
    years: float | str | None = None,
    draws: int | str | Sequence[Mapping[str, float]] | ChosenDraws = DRAWS,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    seed: int | str = 1,
    **how: Unpack[How],
) -> LearnQuestion:
    """Update a posterior with what was observed in the first months of a rollout.

    Parameters
    ----------
    scenario : str, path or Scenario, optional
        What is rolled out, where all teams get the same.
    plan : path, optional
        Which team gets what from when: the folder of a plan or an update (`sim.plan`, saved), or a
        file of the columns ``team``, ``package`` and ``start_week``. Of scenario and plan one is
        needed.
    roster : 'trial', path or Roster, optional
        The teams; with a scenario their `start_week` says when each began. Those of the folder that
        `plan` names, or else of the trial, where none is given.
    columns : path, optional
        Which columns of the roster's file are which (TOML).
    register : path, optional
        Attendance by session and team.
    audit : path, optional
        Audits of practice.
    turnover : path, optional
        Leavers and starters.
    outcomes : path, optional
        Means of the QPR or INSPIRE. Of the four at least one is needed.
    setting : path or Setting, optional
        For the first day (where files have dates) and the years looked at.
    years : float, optional
        How long is looked at; the folder's, the setting's, or 2.
    draws, prior_only, posterior, seed
        As in `sim.run`; at least 40 draws. Where fewer than 200 collapse it is begun anew with
        200.
    **how
        ``workers``, ``executor``, ``folder``, ``on_progress``, ``should_cancel``: see
        `sim.runs.pieces.How`.

    Returns
    -------
    UpdateAnswer
        Shows itself; see its `tables`, `table` and `save`. What it saves can be given as
        ``posterior`` to `sim.run`, `sim.compare` and `sim.plan`; designs name it.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    from sim.inputs.registers import read_observed
    from sim.learning.study import LearnQuestion, plan_of
    from sim.planning.packages import as_package
    from sim.planning.rollout import read_plan, read_rollout
    from sim.planning.setting import LONGEST_YEARS

    files = {"register": register, "audit": audit, "turnover": turnover, "outcomes": outcomes}
    if not any(files.values()):
        raise InputError(
            "register: give at least one of register, audit, turnover, outcomes; 'refocus template "
            "register' prints one"
        )
    if (scenario is None) == (plan is None):
        raise InputError(
            "scenario: name what all teams get, or give plan: the folder of a 'refocus plan', or a "
            "file that says which team gets what; "
            + ("neither is given" if plan is None else "not both")
        )
    seed = whole("seed", seed, 0, LARGEST_SEED)
    place = chosen_setting(setting)
    years = number_or_none("years", years, 1 / 52, LONGEST_YEARS)
    teams = None
    if roster is not None or columns is not None:
        teams = chosen_roster("trial" if roster is None else roster, seed, columns, place)
    folder = None
    if plan is not None and Path(plan).is_dir():
        folder = read_rollout("plan", plan, teams)
        teams = folder.roster
        if place.start_date is None:
            place = replace(place, start_date=folder.start_date)
    elif plan is not None and teams is None:
        raise InputError(
            f"plan = '{plan}': is no folder, and a file says nothing of the teams; give their list "
            "as roster"
        )
    teams = chosen_roster("trial", seed) if teams is None else teams
    observed = read_observed(files, teams, place.start_date)
    if folder is not None and years is None:
        weeks = folder.horizon
    else:
        weeks = max(1, round(52 * (years or place.years or 2.0)))
    if weeks < observed.weeks:
        raise InputError(
            f"years: {weeks} weeks are looked at, and something was observed in week "
            f"{observed.weeks}; look further"
        )
    chosen = chosen_values(draws, prior_only, posterior)
    if len(chosen.draws) < FEWEST_DRAWS:
        count = draws if isinstance(draws, int | str) else len(chosen.draws)
        raise InputError(f"draws = {count}: at least {FEWEST_DRAWS}; weights of fewer mean nothing")
    if scenario is not None:
        what = chosen_scenario(scenario)
        as_package(what, weeks)
        who = plan_of(what, teams, weeks)
        if not any(who.start >= 0):
            raise InputError(f"scenario '{what.name}': starts no team of the roster")
        # The weeks have become the plan: another one may start these teams when it likes.
        teams = replace(teams, rows=tuple(replace(row, start_week=None) for row in teams.rows))
        packages: tuple[Scenario, ...] = (what,)
    elif folder is not None:
        packages, who = folder.packages, folder.plan
    else:
        assert plan is not None
        packages, who = read_plan(plan, teams, weeks, place.start_date)
    more = chosen.more(DRAWS)
    return LearnQuestion(packages, teams, who, observed, chosen, weeks, seed, place, more)
