"""`sim.power` and `refocus power`: the power of a trial design, by simulation and by formula."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from sim.api.answers import FROM_PYTHON, Answer, as_json
from sim.errors import InputError, unknown
from sim.reading.numbers import number_or_none, whole
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.pieces import How
    from sim.trials.designs.design_schema import DesignFile
    from sim.trials.power.power_outcome import PowerOutcome
    from sim.trials.power.power_study import Study

FEWEST_SWING_TRIALS, MOST_SWING_TRIALS = 100, 1000
NUMBERS = "%.6g"
"""Digits of numbers in CSV files."""


class PowerAnswer(Answer):
    """Power of a design by simulated trials, beside the formula's.

    Attributes
    ----------
    outcome : PowerOutcome
        Of the design, and of what else was asked for.
    """

    def __init__(self, outcome: PowerOutcome) -> None:
        self.outcome = outcome

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        from sim.trials.power.power_outcome import as_text

        return as_text(self.outcome)

    @property
    def protocol(self) -> str:
        """Sample size, target difference and items of guidelines, in words."""
        from sim.trials.power.protocol import protocol_of_simulation

        return protocol_of_simulation(self.outcome)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Power of every design that was simulated; every trial; the first one; sensitivity."""
        from sim.trials.power.power_outcome import rows

        tables = {
            "power": data_frame(rows(self.outcome)),
            "trials": data_frame([asdict(each) for each in self.outcome.result.results]),
            "first-trial": self.first_trial,
        }
        if self.outcome.swings:
            tables["sensitivity"] = data_frame([asdict(each) for each in self.outcome.swings])
        return tables

    @cached_property
    def first_trial(self) -> pd.DataFrame:
        """Data of the first simulated trial, as `refocus analyse --design` reads them."""
        from sim.trials.analyses.declared_table import declared_table, with_second
        from sim.trials.power.both_outcomes import second_study

        study, seed = self.outcome.result.study, self.outcome.result.seed
        studies = [study]
        if study.file.co_primary is not None:
            studies.append(second_study(study))
        tables = []
        for one in studies:
            (twin,) = one.source.twins(one.design, 0, 1, seed)
            tables.append(declared_table(twin.data, one.file, one.design))
        return tables[0] if len(tables) == 1 else with_second(*tables)

    def csv(self) -> str:
        """Return the power of every design as CSV."""
        return frame_csv(self.tables["power"], NUMBERS)

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data."""
        from sim.trials.power.power_outcome import plain

        return plain(self.outcome)

    def files(self, command: str = FROM_PYTHON) -> dict[str, str | bytes]:
        """Return report, tables and the design as texts by name of file."""
        from sim.report.power_report import power_report
        from sim.trials.designs.design_text import design_text

        return {
            "report.html": power_report(self.outcome, command),
            "power.json": as_json(self.content()),
            **{f"{name}.csv": frame_csv(table, NUMBERS) for name, table in self.tables.items()},
            "protocol.md": self.protocol,
            "design.toml": design_text(self.outcome.result.study.file),
        }


class FormulaPowerAnswer(Answer):
    """Power by formula alone: of a design, of a grid, or the size that is enough."""

    def __init__(
        self, text: str, rows: Sequence[Mapping[str, Any]], content: Any, protocol: str = ""
    ) -> None:
        self._text, self._rows, self._content, self._protocol = text, rows, content, protocol

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        return self._text

    @property
    def protocol(self) -> str:
        """Sample size, target difference and items of guidelines, in words; of one design alone."""
        return self._protocol or super().protocol

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Power of every design."""
        return {"power": data_frame(self._rows)}

    def csv(self) -> str:
        """Return the power of every design as CSV."""
        return frame_csv(self.tables["power"], NUMBERS)

    def content(self, command: str = FROM_PYTHON) -> Any:
        """Return everything as plain data."""
        return self._content


class PowerQuestion(NamedTuple):
    """A design and what is asked of it, every part checked."""

    study: Study
    simulations: int | None
    precision: float | None
    draws: int | None
    grid: dict[str, list[float]]
    find: str | None
    target: float
    seed: int
    sensitivity: bool

    @property
    def file(self) -> DesignFile:
        """The design."""
        return self.study.file


def power(
    design: str | Path | DesignFile,
    *,
    simulations: int | None = None,
    precision: float | None = None,
    draws: int | None = None,
    settings: Mapping[str, Any] | None = None,
    grid: Mapping[str, Sequence[float]] | None = None,
    find: str | None = None,
    target: float | None = None,
    seed: int = 1,
    sensitivity: bool = True,
    formula_only: bool = False,
    **how: Unpack[How],
) -> PowerAnswer | FormulaPowerAnswer:
    """Simulate a trial design many times, analyse every trial, and compare with the formula.

    Parameters
    ----------
    design : str, path or DesignFile
        A worked design's name, a file, or a design.
    simulations : int, optional
        Trials; the design's number when not given.
    precision : float, optional
        Simulate until the Monte Carlo standard error is this small instead.
    draws : int, optional
        Posterior draws; 0 for the defaults.
    settings : mapping, optional
        Fields of the design to change.
    grid : mapping, optional
        Values by field: power at every combination.
    find : {'clusters', 'size'}, optional
        Find the smallest with enough power.
    target : float, optional
        Power wanted; the design's when not given.
    seed : int
        Seed of the trials.
    sensitivity : bool
        Whether assurance and sensitivity are worked out too.
    formula_only : bool
        The formula's answer at once, no simulation.
    **how
        ``workers``, ``executor``, ``folder``, ``on_progress``, ``should_cancel``: see
        `sim.runs.pieces.How`.

    Returns
    -------
    PowerAnswer or FormulaPowerAnswer
        Shows itself; see its `tables`, `table` and `save`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    from sim.trials.designs.design_file import check_apart

    file = chosen_design(design, settings)
    check_apart(file, settings or (), varied(grid or (), find))
    listed = [
        f"{name}={','.join(str(each) for each in values)}" for name, values in (grid or {}).items()
    ]
    if formula_only:
        return by_formula(file, grid=listed, find=find, target=target)
    question = power_question(
        file,
        simulations=simulations,
        precision=precision,
        draws=draws,
        grid=listed,
        find=find,
        target=target,
        seed=seed,
        sensitivity=sensitivity,
    )
    stop = how.get("should_cancel") or (lambda: False)
    return powered(question, lambda _: how, stop)


def chosen_design(
    which: str | Path | DesignFile, settings: Mapping[str, Any] | None = None
) -> DesignFile:
    """Return a design by its name or file, or as it is, with some fields changed."""
    from sim.trials.designs.design_file import changed, load_design

    file = load_design(which) if isinstance(which, str | Path) else which
    return changed(file, settings) if settings else file


def varied(grid: Iterable[str], find: str | None, before: str = "") -> dict[str, str]:
    """Return what gives values of its own to each field that a grid or a search varies."""
    from sim.trials.power.formula_search import FINDABLE_BY_FORMULA, FOUND_TOGETHER

    # The cheapest trial has a size and a number of clusters of its own. What cannot be looked for
    # is told by the search.
    sought = FOUND_TOGETHER.get(find, (find,)) if find in FINDABLE_BY_FORMULA else ()
    return dict.fromkeys(grid, f"{before}grid") | dict.fromkeys(sought, f"{before}find")


def wanted_power(target: float | str | None, file: DesignFile) -> float:
    """Return the power that is wanted: as asked for, or the design's."""
    return number_or_none("target", target, 0.051, 0.998) or file.target.power


def power_question(
    file: DesignFile,
    *,
    simulations: int | str | None = None,
    precision: float | str | None = None,
    draws: int | str | None = None,
    grid: Sequence[str] = (),
    find: str | None = None,
    target: float | str | None = None,
    seed: int | str = 1,
    sensitivity: bool = True,
) -> PowerQuestion:
    """Check what is asked for, as values or as texts, and return it; see `power`."""
    from sim.streams import check_seed
    from sim.trials.designs.design_file import check_findable
    from sim.trials.power.power_search import FINDABLE, grid_files, parse_grid
    from sim.trials.power.power_study import FEWEST_TRIALS, study_of

    seed = check_seed(whole("seed", seed, 0))
    if simulations is not None and precision is not None:
        raise InputError("simulations and precision: give one of them")
    if simulations is not None:
        simulations = whole("simulations", simulations, FEWEST_TRIALS, 1_000_000)
    if find is not None and find not in FINDABLE:
        raise unknown("find", find, FINDABLE)
    if find is not None:
        check_findable(file, find)
    sets = None if draws is None else whole("draws", draws, 0, 100_000)
    values = parse_grid(grid, file)
    grid_files(file, values)
    return PowerQuestion(
        study=study_of(file, sets),
        simulations=simulations,
        precision=number_or_none("precision", precision, 0.0005, 0.2),
        draws=sets,
        grid=values,
        find=find,
        target=wanted_power(target, file),
        seed=seed,
        sensitivity=sensitivity,
    )


def powered(
    question: PowerQuestion, how: Callable[[str], How], stop: Callable[[], bool]
) -> PowerAnswer:
    """Return all that was asked for, or what was done when somebody wished to stop.

    Parameters
    ----------
    question : PowerQuestion
        What is asked, checked.
    how : callable
        Returns how the part with a name is run.
    stop : callable
        Whether somebody wishes to stop.

    Raises
    ------
    Cancelled
        When it was stopped before there was anything to tell.
    """
    from sim.runs.pieces import Cancelled
    from sim.trials.power.both_outcomes import both_simulated
    from sim.trials.power.power_outcome import PowerOutcome
    from sim.trials.power.power_search import STOPPED, find_size, grid_files, run_grid, tornado
    from sim.trials.power.power_study import conditional_and_assurance, simulate_power

    file, seed, draws = question.file, question.seed, question.draws
    left_out: list[str] = []
    result = simulate_power(
        question.study,
        question.simulations,
        question.precision,
        seed,
        partial=True,
        **how("design"),
    )
    if stop():
        left_out.append("trials of the design beyond those told")
    trials = result.performance.power.trials
    outcome: dict[str, Any] = {"result": result}
    if file.co_primary is not None:
        try:
            outcome["both"] = both_simulated(result, **how("co-primary"))
        except Cancelled:
            left_out.append("the second outcome")
    if file.mediation is not None and file.agents is not None:
        from sim.trials.power.mediation_simulated import mediation_simulated

        try:
            outcome["mediation"] = mediation_simulated(
                question.study, trials, seed, **how("mediation")
            )
        except Cancelled:
            left_out.append("mediation")
    if question.sensitivity:
        try:
            conditional, assurance, covers = conditional_and_assurance(
                result, seed, draws, **how("assurance")
            )
        except Cancelled:
            left_out.append("assurance")
        else:
            outcome |= {
                "conditional": conditional,
                "assurance": assurance,
                "assurance_covers": covers,
            }
    fixed: dict[str, Any] = {"draws": draws, "seed": seed, "on_point": how}
    if question.grid:
        points = run_grid(
            file,
            question.grid,
            simulations=question.simulations,
            monte_carlo_se=question.precision,
            **fixed,
        )
        outcome["grid"] = tuple(points)
        combinations = len(grid_files(file, question.grid))
        if len(points) < combinations:
            missing = combinations - len(points)
            left_out.append(f"{missing} of {combinations} points of the grid")
    if question.find is not None:
        found = find_size(file, question.find, question.target, simulations=trials, **fixed)
        outcome["found"] = found
        if found.problem == STOPPED:
            left_out.append("the search's answer")
    if question.sensitivity:
        fewer = min(max(trials // 4, FEWEST_SWING_TRIALS), MOST_SWING_TRIALS)
        swings = tornado(file, fewer, **fixed)
        outcome |= {"swings": tuple(swings), "swing_trials": fewer}
        if stop():
            left_out.append("some of the sensitivity" if swings else "sensitivity")
    return PowerAnswer(PowerOutcome(**outcome, stopped=", ".join(left_out)))


def by_formula(
    file: DesignFile,
    *,
    grid: Sequence[str] = (),
    find: str | None = None,
    target: float | str | None = None,
) -> FormulaPowerAnswer:
    """Return the formula's answer for a design, for a grid, or the size that is enough."""
    from sim.trials.power.formula_answer import formula_answer
    from sim.trials.power.formula_search import find_by_formula, grid_by_formula
    from sim.trials.power.power_outcome import (
        formula_grid_text,
        formula_search_text,
        formula_text,
    )
    from sim.trials.power.power_search import grid_files, parse_grid
    from sim.trials.power.power_study import study_of
    from sim.trials.power.protocol import protocol_of_formula

    if find is not None and grid:
        raise InputError("find and grid: give one of them with --formula-only")
    if grid:
        rows = grid_by_formula(grid_files(file, parse_grid(grid, file)))
        return FormulaPowerAnswer(formula_grid_text(file, rows), rows, rows)
    if find is not None:
        found = find_by_formula(file, find, wanted_power(target, file))
        rows = [found._asdict()]
        return FormulaPowerAnswer(formula_search_text(file, found), rows, rows)
    answer = formula_answer(study_of(file, 0))
    row = answer.formula.as_dict()
    flat = {name: value for name, value in row.items() if not isinstance(value, list | dict)}
    protocol = protocol_of_formula(answer)
    return FormulaPowerAnswer(formula_text(answer), [flat], answer.as_dict(), protocol)
