"""`sim.sweep` and `sim.sobol`: one answer over many values, and which values decide it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.api.answers import FROM_PYTHON, Answer
from sim.api.run import SMALL, run, simulated
from sim.errors import InputError, unknown
from sim.planning.plain_numbers import listed
from sim.reading.numbers import whole
from sim.runs.result_tables import USUAL_CARE
from sim.runs.world_spread import world_spread
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.runs.results import Results
    from sim.scenarios.schema import Scenario

MOST_POINTS = 1000
MOST_SAMPLES = 2**14


class Sweep(Answer):
    """Results at every point of a grid of values.

    Attributes
    ----------
    points : list of dict
        Values by name, a point each.
    results : list of Results
        What came out at each point.
    """

    def __init__(self, points: list[dict[str, float]], results: list[Results]) -> None:
        self.points = points
        self.results = results

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The tables of all points, each row with the values that it was simulated with."""
        import pandas as pd

        found = {}
        for name in self.results[0].tables:
            parts = []
            for point, results in zip(self.points, self.results, strict=True):
                table = results.table(name)
                new = {key: value for key, value in point.items() if key not in table}
                parts.append(table.assign(**new))
            found[name] = pd.concat(parts, ignore_index=True)
        return found

    def differences(
        self, measure: str = "qpr15", *, week: int | None = None, base: str = USUAL_CARE
    ) -> pd.DataFrame:
        """Return how far each scenario is from a base at every point.

        Returns
        -------
        pandas.DataFrame
            A row for each point and scenario: the values, the mean over worlds, its Monte Carlo
            standard error, and the central 90% of worlds.
        """
        rows = []
        for point, results in zip(self.points, self.results, strict=True):
            worlds = results.differences(measure, week=week, base=base)
            for scenario in worlds:
                spread = world_spread(
                    worlds[scenario].to_numpy(float), worlds.index.get_level_values("draw")
                )
                rows.append({**point, "scenario": scenario, **spread._asdict()})
        return data_frame(rows)

    @property
    def text(self) -> str:
        """The differences of the QPR at the last assessment, where there is usual care."""
        names = self.results[0].labels["scenario"]
        if USUAL_CARE not in names:
            return (
                f"{len(self.points)} points of {listed(list(self.points[0]))} for {listed(names)}: "
                "no usual care to compare with. `differences(base=...)` takes another base, and "
                "`tables` hold what came out.\n"
            )
        return self.differences().to_string(index=False, float_format="{:.3f}".format)

    def csv(self) -> str:
        """Return the differences as CSV."""
        return frame_csv(self.differences())

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"command": command, "differences": self.differences().to_dict("records")}

    def plot(
        self, measure: str = "qpr15", *, week: int | None = None, base: str = USUAL_CARE
    ) -> Figure:
        """Draw differences over the first thing that varies, a line for each of the other values.

        The line is the mean over worlds, the band their central 90%.
        """
        from matplotlib import pyplot

        from sim.drawing import Line, Panel, draw_lines

        table = self.differences(measure, week=week, base=base)
        first, *others = self.points[0]
        lines = []
        for key, part in table.groupby(["scenario", *others], sort=False):
            said = ", ".join(
                [str(key[0]), *(f"{n} {v:g}" for n, v in zip(others, key[1:], strict=True))]
            )
            part = part.sort_values(first)
            middle, low, high = (part[one].to_numpy(float) for one in ("mean", "low", "high"))
            lines.append(Line(said, part[first].to_numpy(float), middle, low, high))
        figure, axis = pyplot.subplots(figsize=(7.5, 3.8), layout="constrained")
        draw_lines(axis, Panel(f"{measure}: difference from {base}", tuple(lines)), None)
        axis.set_xlabel(first)
        pyplot.close(figure)
        return figure


def sweep(
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    vary: Mapping[str, Sequence[float]],
    *,
    roster: str | Path | Roster = "trial",
    years: float | None = None,
    weeks: int | None = None,
    draws: int | Sequence[Mapping[str, float]] | ChosenDraws = 20,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    replications: int | None = None,
    seed: int = 1,
    settings: Mapping[str, Any] | None = None,
    collect: str | Sequence[str] = SMALL,
    **how: Unpack[How],
) -> Sweep:
    """Simulate scenarios at every combination of values, on common random numbers.

    Parameters
    ----------
    scenarios, roster, years, weeks, draws, prior_only, posterior, replications, seed, settings,
    collect
        As in `sim.run`.
    vary : mapping
        Values by name of a parameter, or of a field of scenarios by dotted name:
        ``{"support.telephone.intensity": [0, 0.5, 1]}``.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    Sweep
        Its tables have the values beside what came out; see its `differences` and `plot`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    # One number or one word in place of a list is a frequent slip.
    if not vary or not all(np.ndim(np.asarray(one)) and np.size(one) for one in vary.values()):
        raise InputError(
            "vary: name at least one parameter or field, and a list of values for each"
        )
    points = [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]
    if len(points) > MOST_POINTS:
        raise InputError(f"vary: {len(points):,} points; must be at most {MOST_POINTS:,}")
    # All are checked before anything is simulated.
    questions = [
        run.question(
            scenarios,
            roster=roster,
            years=years,
            weeks=weeks,
            draws=draws,
            prior_only=prior_only,
            posterior=posterior,
            replications=replications,
            seed=seed,
            settings={**(settings or {}), **point},
            collect=collect,
        )
        for point in points
    ]
    return Sweep(points, [simulated(question, **how) for question in questions])


class Sobol(Answer):
    """Which parameters decide an answer.

    Attributes
    ----------
    tables : mapping
        ``indices``: a row for each parameter, with its first-order and total index and the half
        widths of their 90% bootstrap intervals; ``points``: values and answer at every point.
    told : str
        What was asked.
    """

    def __init__(self, indices: pd.DataFrame, points: pd.DataFrame, told: str) -> None:
        self.told = told
        self.indices = indices
        self.points = points

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Indices and points."""
        return {"indices": self.indices, "points": self.points}

    @property
    def text(self) -> str:
        """The indices as a table, the largest total first."""
        table = self.indices.sort_values("total", ascending=False)
        shown = table.to_string(index=False, float_format="{:.3f}".format)
        return (
            f"{self.told}\n{shown}\n"
            "first: share of the variance that goes with it alone; total: with it and all that it "
            "acts with. Intervals (half widths, 90%) cover which points were drawn."
        )

    def csv(self) -> str:
        """Return the indices as CSV."""
        return frame_csv(self.indices)

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "command": command,
            "asked": self.told,
            **{name: table.to_dict("records") for name, table in self.tables.items()},
        }

    def plot(self) -> Figure:
        """Draw first-order and total indices with their intervals."""
        from matplotlib import pyplot

        table = self.indices.sort_values("total")
        at = np.arange(len(table))
        figure, axis = pyplot.subplots(figsize=(7, 0.5 * len(table) + 1.4), layout="constrained")
        for shift, name, colour, marker in (
            (0.12, "first", "#0072B2", "o"),
            (-0.12, "total", "#D55E00", "s"),
        ):
            axis.errorbar(
                table[name],
                at + shift,
                xerr=table[f"{name}_90"],
                fmt=marker,
                color=colour,
                capsize=3,
                label=name,
            )
        axis.set_yticks(at, table["parameter"])
        axis.set_xlabel("Sobol index (bars: 90% bootstrap interval)")
        axis.legend(frameon=False)
        pyplot.close(figure)
        return figure


def sobol(
    scenario: str | Path | Scenario,
    parameters: Sequence[str],
    *,
    base: str | Path | Scenario = "usual-care",
    measure: str = "recovery",
    samples: int = 64,
    replications: int = 4,
    roster: str | Path | Roster = "trial",
    years: float | None = None,
    weeks: int | None = None,
    seed: int = 1,
    settings: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> Sobol:
    """Say which parameters decide how far a scenario is from a base: Sobol's indices.

    Values are drawn from the parameters' priors by Saltelli's scheme, all others stay at their
    defaults, and every point has the same runs of chance, over which its answer is the mean.

    Parameters
    ----------
    scenario, base : str, path or Scenario
        What is compared.
    parameters : sequence of str
        Which parameters vary, at least two; each must have a prior.
    measure : str
        As in `sim.mediation`.
    samples : int
        A power of 2; there are (parameters + 2) times as many points.
    replications : int
        Runs of chance for each point.
    roster, years, weeks, seed, settings
        As in `sim.run`; a year when not given.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    Sobol
        Shows itself; see its `tables` and `plot`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name, and where SALib is not installed.
    """
    from sim.runs.results_shown import over_worlds

    try:
        from SALib.analyze import sobol as analysis
        from SALib.sample import sobol as sampling
    except ImportError:
        raise InputError(
            "sobol: needs SALib; install it with pip install 'refocus-simulation[sensitivity]'"
        ) from None
    names = list(parameters)
    laws = [law_of(name) for name in names]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise InputError("parameters: name at least two, each once")
    samples = whole("samples", samples, 2, MOST_SAMPLES)
    if samples & (samples - 1):
        raise InputError(f"samples = {samples}: must be a power of 2")
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    places = sampling.sample(problem, samples, calc_second_order=False, seed=seed)
    # The ends of a prior without bounds would be infinite.
    inside = np.clip(places, 1e-6, 1.0 - 1e-6)
    values = np.column_stack([law.ppf(inside[:, at]) for at, law in enumerate(laws)])
    if years is None and weeks is None:
        weeks = 52
    question = run.question(
        [base, scenario],
        roster=roster,
        years=years,
        weeks=weeks,
        draws=[dict(zip(names, map(float, row), strict=True)) for row in values],
        replications=replications,
        seed=seed,
        settings=settings,
    )
    # One chance for all points: what differs between them is their values.
    question = question._replace(request=dataclasses.replace(question.request, own_chance=False))
    table = over_worlds(simulated(question, **how), measure, None)
    last = int(table["week"].max())
    worlds = table[table["week"] == last].pivot(
        index=["draw", "replication"], columns="scenario", values="value"
    )
    first, second = question.request.names
    answer = (worlds[second] - worlds[first]).groupby("draw").mean().to_numpy(float)
    points = data_frame(values, columns=names).assign(difference=answer)
    if not answer.std():
        raise InputError(f"measure '{measure}': is the same at every point; nothing decides it")
    found = analysis.analyze(
        problem, answer, calc_second_order=False, conf_level=0.9, seed=seed, print_to_console=False
    )
    indices = data_frame(
        {
            "parameter": names,
            "first": found["S1"],
            "first_90": found["S1_conf"],
            "total": found["ST"],
            "total_90": found["ST_conf"],
        }
    )
    told = (
        f"{second} against {first}: {measure} in week {last}, {len(points)} points, mean "
        f"{answer.mean():+z.4f}, SD {answer.std(ddof=1):.4f}"
    )
    return Sobol(indices, points, told)


def law_of(name: str) -> Any:
    """Return the prior of a parameter.

    Raises
    ------
    InputError
        For a parameter that does not exist, or whose value is fixed or solved from others.
    """
    from sim.parameters import registry
    from sim.parameters.priors import prior_distribution

    known = registry()
    if name not in known:
        raise unknown("parameter", name, known)
    if not known[name].varies:
        raise InputError(f"parameter '{name}': has no prior to draw from")
    return prior_distribution(known[name])
