"""Results: the tidy tables, what they were computed from, and how they are saved.

====================  ==============================================================
table                 one row per
====================  ==============================================================
runs                  scenario, draw and replication
summaries             run, arm, assessment and measure (n, mean, SD, ICC)
assessments           run, sampled service user and assessment (a trial's data set)
staff_assessments     run, post and assessment (self-rated knowledge, attitudes, behaviour, RSA)
trajectories          run, arm (or all teams) and week: means over teams
team_weeks            run, team and week
events                run and event
staff_weeks           run, week and person in post: variables by name
user_weeks            run, week and service user: variables by name
ties                  run and tie between two people, with its first and last week
draws                 scenario and draw: the value of every parameter
====================  ==============================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, unknown
from sim.files import NotWrittenError, reason, write_whole
from sim.runs.result_tables import ALL_TEAMS, USUAL_CARE, assessed, held_name, of_arm, read_table
from sim.runs.table_files import CSV_NUMBERS, check_format, format_of, write_table
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from networkx import MultiDiGraph

    from sim.engines.ensemble import Request
    from sim.posterior.choose import ChosenDraws

TABLES = (
    "runs",
    "summaries",
    "assessments",
    "staff_assessments",
    "trajectories",
    "team_weeks",
    "events",
    "staff_weeks",
    "user_weeks",
    "ties",
    "draws",
)
DETAILED = (
    "assessments",
    "staff_assessments",
    "team_weeks",
    "events",
    "staff_weeks",
    "user_weeks",
    "ties",
)
"""Tables of people, teams and events."""
WITHOUT_ARRAYS = ("runs", "draws")
"""Tables made from the request, whatever was collected."""


@dataclass(frozen=True)
class StoredTable:
    """A table that is too large for memory: its rows, part by part from finished chunks."""

    rows: int
    parts: Callable[[], Iterator[np.ndarray]]


@dataclass(frozen=True, repr=False, eq=False)
class Results:
    """Tables of a simulation and their provenance.

    Attributes
    ----------
    arrays : dict
        Structured arrays by name of table.
    labels : dict
        Names behind the numbers: scenarios, arms, measures, teams, trusts, team types.
    metadata : dict
        Version, seed, scenario texts, parameters, packages and what else is needed to repeat it.
    draws : numpy.ndarray or None
        Parameter values, a structured array of shape (scenarios, draws).
    folder : Path or None
        Where tables that are not in `arrays` are read from when they are asked for.
    stored : mapping
        Tables too large for memory by name, which `save` writes part by part.
    """

    arrays: dict[str, np.ndarray]
    labels: dict[str, list[str]]
    metadata: dict[str, Any] = field(default_factory=dict)
    draws: np.ndarray | None = None
    folder: Path | None = None
    stored: Mapping[str, StoredTable] = field(default_factory=dict)

    def __repr__(self) -> str:
        from sim.runs.results_shown import line

        return line(self)

    def _repr_html_(self) -> str:
        from sim.runs.results_shown import html

        return html(self)

    @classmethod
    def of(
        cls,
        request: Request,
        arrays: dict[str, np.ndarray],
        engine: str,
        extra: dict[str, Any],
        stored: Mapping[str, StoredTable] | None = None,
    ) -> Results:
        """Build results from the arrays of a request."""
        from sim.engines.people import TIE_NAMES
        from sim.engines.summaries import SCORES, arm_numbers
        from sim.events import EVENT_NAMES

        layout = request.layouts[0]
        labels = {
            "scenario": list(request.names),
            "arm": list(arm_numbers(layout)[0]),
            "measure": list(SCORES),
            "team": list(layout.team_names),
            "team_arm": list(layout.arms),
            "team_type": list(layout.team_types),
            "team_trust": [layout.trust_names[row["trust"]] for row in layout.teams],
            "event": list(EVENT_NAMES),
            "tie": list(TIE_NAMES),
        }
        metadata = {**described(request, engine), **extra}
        return cls(arrays, labels, metadata, request.draws, stored=stored or {})

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables there are."""
        return tuple(one for one in TABLES if self._file(one) or self._held(one))

    def _held(self, name: str) -> bool:
        known = name in self.arrays or name in self.stored
        return known or (name in WITHOUT_ARRAYS and self.folder is None)

    def _file(self, name: str) -> Path | None:
        if self.folder is None:
            return None
        files = (self.folder / f"{name}.{one}" for one in ("parquet", "csv"))
        return next((one for one in files if one.is_file()), None)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as a tidy data frame with names in place of numbers.

        Parameters
        ----------
        name : str
            One of `TABLES`; a table of people also as it was asked for (``"staff-week"``).

        Raises
        ------
        InputError
            For a name that does not exist, or a table that was not collected.
        """
        import pandas as pd

        from sim.engines.people import ALSO_CALLED

        name = ALSO_CALLED.get(name, name)
        if name not in TABLES:
            raise unknown("table", name, TABLES)
        file = self._file(name)
        if file is not None:
            return read_table(file)
        if not self._held(name):
            raise InputError(
                f"table '{name}': was not collected; available: {', '.join(self.tables)}"
            )
        return pd.concat(self._parts(name), ignore_index=True)

    def _parts(self, name: str) -> Iterator[pd.DataFrame]:
        """Yield a table part by part; all at once where it is in memory."""
        if name in WITHOUT_ARRAYS:
            yield self._runs() if name == "runs" else self._draws()
        elif name in self.stored:
            yield from (self._framed(one, name) for one in self.stored[name].parts())
        else:
            yield self._framed(self.arrays[name], name)

    def _rows(self, name: str) -> int:
        if name in self.stored:
            return self.stored[name].rows
        # Tables of a request are small.
        return len(self.arrays[name]) if name in self.arrays else 0

    def _framed(self, array: np.ndarray, name: str) -> pd.DataFrame:
        """Return rows with names in place of numbers."""
        from sim.engines.people import PEOPLE_TABLES

        frame = data_frame({column: array[column] for column in array.dtype.names or ()})
        frame["scenario"] = self._named(frame["scenario"], "scenario")
        if "arm" in frame:
            frame["arm"] = self._named(frame["arm"], "arm", ALL_TEAMS)
        if "measure" in frame:
            frame["measure"] = self._named(frame["measure"], "measure")
        if "kind" in frame:
            frame["kind"] = self._named(frame["kind"], "tie" if name == "ties" else "event")
        if name in PEOPLE_TABLES:
            self._add_persons(frame, name)
        if "team" in frame:
            number = frame["team"].to_numpy()
            frame["team"] = self._named(frame["team"], "team")
            at = list(frame.columns).index("team") + 1
            for offset, label in enumerate(("trust", "type", "arm")):
                values = np.array(self.labels[f"team_{label}"], dtype=object)[number]
                frame.insert(at + offset, label, values)
        return frame

    def _add_persons(self, frame: pd.DataFrame, name: str) -> None:
        """Add who a row is about: team, place and generation as one name."""
        from sim.engines.people import KEY_WORKER, TIE_NAMES, person

        teams = self.labels["team"]
        if name == "ties":
            is_user = (frame["kind"] == TIE_NAMES[KEY_WORKER]).to_numpy()
        else:
            is_user = np.full(len(frame), name == "user_weeks")
        for column, start, users in (
            ("person", "", is_user),
            ("other", "other_", np.zeros(len(frame), bool)),
        ):
            if f"{start}place" in frame:
                numbers = (frame[f"{start}{one}"] for one in ("team", "place", "generation"))
                frame.insert(
                    list(frame.columns).index(f"{start}team"),
                    column,
                    [person(teams[at], *rest) for at, *rest in zip(*numbers, users, strict=True)],
                )
                if start:
                    frame[f"{start}team"] = self._named(frame[f"{start}team"], "team")

    def _named(self, numbers: pd.Series, label: str, beyond: str = "") -> pd.Series:
        import pandas as pd

        names = np.array([*self.labels[label], beyond], dtype=object)
        return pd.Series(names[numbers.to_numpy()], index=numbers.index, name=numbers.name)

    def _runs(self) -> pd.DataFrame:
        import pandas as pd

        request = self.metadata["request"]
        index = pd.MultiIndex.from_product(
            [self.labels["scenario"], range(request["draws"]), range(request["replications"])],
            names=["scenario", "draw", "replication"],
        )
        frame = index.to_frame(index=False)
        for column in ("seed", "weeks", "teams", "staff", "service_users"):
            frame[column] = request[column]
        return frame

    def _draws(self) -> pd.DataFrame:
        import pandas as pd

        assert self.draws is not None
        scenarios = self.labels["scenario"]
        # A request made by hand may have one row of draws for all scenarios.
        draws = np.broadcast_to(self.draws, (len(scenarios), self.draws.shape[-1]))
        index = pd.MultiIndex.from_product(
            [scenarios, range(draws.shape[1])], names=["scenario", "draw"]
        )
        values = pd.DataFrame({name: draws[name].ravel() for name in draws.dtype.names or ()})
        return pd.concat([index.to_frame(index=False), values], axis="columns")

    def differences(
        self,
        measure: str = "qpr15",
        *,
        week: int | None = None,
        base: str = USUAL_CARE,
        arm: str | None = None,
    ) -> pd.DataFrame:
        """Return differences in a measure's mean from a base, world by world.

        Parameters
        ----------
        measure : str
            A measure of the table ``summaries``.
        week : int, optional
            Week of an assessment; the last one when not given.
        base : str
            The scenario to compare with.
        arm : str, optional
            Whose mean; the intervention arm when not given, or all teams where the roster has none.

        Returns
        -------
        pandas.DataFrame
            One row for each draw and replication, one column for each other scenario, in points.

        Raises
        ------
        InputError
            For a scenario, measure, week or arm that the table does not hold.
        """
        table = of_arm(self.table("summaries"), arm)
        table = table[table["measure"] == held_name("measure", measure, table["measure"])]
        last = table["week"].max() if week is None else assessed(week, table["week"])
        table = table[table["week"] == last]
        held_name("base", base, table["scenario"])
        worlds = table.pivot(index=["draw", "replication"], columns="scenario", values="mean")
        order = [name for name in self.labels["scenario"] if name != base and name in worlds]
        return worlds[order].sub(worlds[base], axis=0)

    def weekly(self, variable: str, *, arm: str | None = None) -> pd.DataFrame:
        """Return a variable week by week, mean over worlds.

        Parameters
        ----------
        variable : str
            A column of the table ``trajectories``, such as ``fidelity``.
        arm : str, optional
            As in `differences`.

        Returns
        -------
        pandas.DataFrame
            One row for each week, one column for each scenario.

        Raises
        ------
        InputError
            For a variable or arm that the table does not hold.
        """
        table = of_arm(self.table("trajectories"), arm)
        held_name("variable", variable, table.columns)
        # Tables hold 32-bit numbers, which would print as 0.2289999961853.
        table = table.astype({variable: float})
        means = (
            table.groupby(["week", "scenario"], observed=True)[variable].mean().unstack("scenario")
        )
        return means[list(self.labels["scenario"])]

    def network(
        self,
        week: int = 0,
        *,
        scenario: str | None = None,
        draw: int = 0,
        replication: int = 0,
        team: str | None = None,
    ) -> MultiDiGraph:
        """Return the ties of one week as a graph of networkx.

        Parameters
        ----------
        week : int
            Which week.
        scenario : str, optional
            Whose; the first when not given.
        draw, replication : int
            Which run.
        team : str, optional
            People of this team alone, with those in other teams whom they ask.

        Returns
        -------
        networkx.MultiDiGraph
            An edge leads from a person to whom they ask, are led by, or meet as their key worker;
            its `kind` says which.

        Raises
        ------
        InputError
            When ties were not collected (``collect=["ties"]``), or for a run, week or team that
            the table does not hold.
        """
        from sim.runs.networks import network

        return network(self.table("ties"), week, scenario, draw, replication, team)

    def plot(self, *variables: str, arm: str | None = None) -> Figure:
        """Draw variables over time: mean over worlds, and the central 90% of worlds as a band.

        Parameters
        ----------
        *variables : str
            Columns of the table ``trajectories``, by week, or measures of the table ``summaries``,
            by assessment, or variables of tables of people, whose bands hold the central 90% of
            people. Practice, relationship, experienced support and recovery when none is
            named.
        arm : str, optional
            As in `differences`.

        Returns
        -------
        matplotlib.figure.Figure
            One panel for each variable. A notebook shows it; elsewhere use its `savefig`.

        Raises
        ------
        InputError
            For a variable or arm that the tables do not hold.
        """
        from sim.runs.results_shown import figure

        return figure(self, variables, arm)

    def save(self, folder: Path | str, tables: str | None = None) -> list[Path]:
        """Save every table and `metadata.json` in a folder.

        Parameters
        ----------
        folder : path
            Created when missing.
        tables : {'csv', 'parquet'}, optional
            Format; without it CSV (seven digits) below 200,000 rows, and Parquet above. Tables of
            teams, people and events are one question: their rows count together.

        Returns
        -------
        list of Path
            Files written.

        Raises
        ------
        InputError
            For an unknown format.
        NotWrittenError
            When the folder cannot be written.
        """
        check_format(tables)
        target = Path(folder)
        written: list[Path] = []
        try:
            target.mkdir(parents=True, exist_ok=True)
            detail = sum(self._rows(name) for name in DETAILED)
            for name in self.tables:
                rows = detail if name in DETAILED else self._rows(name)
                path = target / f"{name}.{format_of(rows, tables)}"
                # The values of draws keep all their digits.
                write_table(path, self._parts(name), None if name == "draws" else CSV_NUMBERS)
                written.append(path)
            text = json.dumps({**self.metadata, "labels": self.labels}, indent=1)
            write_whole(target / "metadata.json", text.encode())
            written.append(target / "metadata.json")
        except OSError as error:
            raise NotWrittenError(
                f"folder '{target}': cannot be written ({reason(error)})"
            ) from error
        return written


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that results depend on."""
    return dict(_package_versions())


def described(request: Request, engine: str = "compiled") -> dict[str, Any]:
    """Return what a request was and what ran it."""
    from sim.engines.ensemble import describe

    return {
        "versions": package_versions(),
        "engine": engine,
        "request": describe(request),
        "assessment_weeks": {
            name: [int(week) for week in request.assessment_weeks(index)]
            for index, name in enumerate(request.names)
        },
    }


@cache
def _package_versions() -> dict[str, str]:
    """Read them once: a trial of agents makes a result of its own, and files are slow."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name in ("refocus-simulation", "mesa", "numpy", "numba", "scipy", "pandas"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def provenance(
    scenario_texts: Mapping[str, str],
    parameters: Mapping[str, float],
    roster: Mapping[str, Any],
    chosen: ChosenDraws,
) -> dict[str, Any]:
    """Return the provenance of a simulation: scenario texts, parameters, roster and draws."""
    return {
        "scenario_texts": dict(scenario_texts),
        "parameters": dict(parameters),
        "roster": dict(roster),
        "draws_from": chosen.source,
        "intervals_cover": chosen.covers,
        "posterior": {
            **{key: chosen.provenance.get(key) for key in ("date", "method", "targets", "rules")},
            "not_covered": list(chosen.notes),
        },
    }
