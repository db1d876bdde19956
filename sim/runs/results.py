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
====================  ==============================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, unknown
from sim.files import NotWrittenError, encoded, reason, write_whole
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    import pandas as pd

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
)
FORMATS = ("csv", "parquet")
ALL_TEAMS = "all teams"
CSV_NUMBERS = "%.7g"
"""Digits of numbers in CSV files; Parquet keeps all."""


@dataclass(frozen=True)
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
    """

    arrays: dict[str, np.ndarray]
    labels: dict[str, list[str]]
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, request: Request, arrays: dict[str, np.ndarray], engine: str, extra: dict[str, Any]
    ) -> Results:
        """Build results from the arrays of a request."""
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
        }
        return cls(arrays, labels, {**described(request, engine), **extra})

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as a tidy data frame with names in place of numbers.

        Parameters
        ----------
        name : str
            One of `TABLES`.

        Raises
        ------
        InputError
            For a name that does not exist, or a table that was not collected.
        """
        import pandas as pd

        if name not in TABLES:
            raise unknown("table", name, TABLES)
        if name == "runs":
            return self._runs()
        if name not in self.arrays:
            raise InputError(
                f"table '{name}': was not collected; available: {', '.join(self.arrays)}"
            )
        array = self.arrays[name]
        frame = pd.DataFrame({column: array[column] for column in array.dtype.names or ()})
        frame["scenario"] = self._named(frame["scenario"], "scenario")
        if "arm" in frame:
            frame["arm"] = self._named(frame["arm"], "arm", ALL_TEAMS)
        if "measure" in frame:
            frame["measure"] = self._named(frame["measure"], "measure")
        if "kind" in frame:
            frame["kind"] = self._named(frame["kind"], "event")
        if "team" in frame:
            number = frame["team"].to_numpy()
            frame["team"] = self._named(frame["team"], "team")
            at = list(frame.columns).index("team") + 1
            for offset, label in enumerate(("trust", "type", "arm")):
                values = np.array(self.labels[f"team_{label}"], dtype=object)[number]
                frame.insert(at + offset, label, values)
        return frame

    def _named(self, numbers: pd.Series, label: str, beyond: str = "") -> pd.Series:
        import pandas as pd

        names = np.array([*self.labels[label], beyond], dtype=object)
        return pd.Series(names[numbers.to_numpy()], index=numbers.index, name=numbers.name)

    def _runs(self) -> pd.DataFrame:
        import pandas as pd

        request = self.metadata["request"]
        index = pd.MultiIndex.from_product(
            [
                self.labels["scenario"],
                range(request["draws"]),
                range(request["replications"]),
            ],
            names=["scenario", "draw", "replication"],
        )
        frame = index.to_frame(index=False)
        for column in ("seed", "weeks", "teams", "staff", "service_users"):
            frame[column] = request[column]
        return frame

    def save(self, folder: Path | str, formats: tuple[str, ...] = ("csv",)) -> list[Path]:
        """Save every table and `metadata.json` in a folder.

        Parameters
        ----------
        folder : path
            Created when missing.
        formats : tuple of {'csv', 'parquet'}
            File formats.

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
        for one in formats:
            if one not in FORMATS:
                raise unknown("format", one, FORMATS)
        target = Path(folder)
        written: list[Path] = []
        try:
            target.mkdir(parents=True, exist_ok=True)
            for name in ("runs", *self.arrays):
                frame = self.table(name)
                for one in formats:
                    path = target / f"{name}.{one}"
                    content = (
                        encoded(frame_csv(frame, CSV_NUMBERS))
                        if one == "csv"
                        else frame.to_parquet(index=False)
                    )
                    write_whole(path, content)
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
