"""`sim.mediation`: by which paths a programme reaches recovery, cutting one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from sim.api.answers import FROM_PYTHON, Answer
from sim.api.run import run, simulated
from sim.errors import unknown
from sim.runs.world_spread import independent_parts, world_spread
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

DRAWS = 50
LAST_STEP, THROUGH = "last step", "through"
RESAMPLES = 2000


class Road(NamedTuple):
    """A way to recovery."""

    meaning: str  # One line
    step: tuple[str, ...]  # Parameters that are 0 when its last step, into recovery, is cut
    through: tuple[str, ...]  # Those that are 0 when everything is cut that passes it


DIRECT = ("team_to_recovery", "worker_to_recovery", "weight_experience")
PATHS = {
    "practice": Road(
        "what staff do differently, as users meet it or as a whole team works",
        DIRECT,
        (*DIRECT, "relationship_from_experience", "support_from_experience"),
    ),
    "relationship": Road(
        "the relationship with the key worker",
        ("weight_relationship",),
        ("weight_relationship", "support_from_relationship"),
    ),
    "support": Road("experienced support", ("weight_support",), ("weight_support",)),
    "expectations": Road(
        "what users expect of services and recovery",
        ("expectations_to_empowerment",),
        ("expectations_to_empowerment",),
    ),
    "partnership": Road(
        "the partnership project of staff and users",
        ("partnership_to_connectedness",),
        ("partnership_to_connectedness", "relationship_from_partnership"),
    ),
}


class Mediation(Answer):
    """How much of an effect goes which way.

    Attributes
    ----------
    total : numpy.ndarray
        Effect in every world, shape (worlds,).
    cut : mapping
        Effect in every world with a path cut, by (path, how).
    draws : numpy.ndarray
        The draw of the parameters of every world, shape (worlds,).
    scenario, base, measure, unit : str
        What was compared, and in what.
    week : int
        When.
    covers : str
        What intervals over worlds cover.
    """

    def __init__(
        self,
        total: np.ndarray,
        cut: Mapping[tuple[str, str], np.ndarray],
        told: Mapping[str, Any],
        covers: str,
    ) -> None:
        self.total = total
        self.cut = cut
        self.draws = np.asarray(told["draws"])
        self.scenario, self.base = str(told["scenario"]), str(told["base"])
        self.measure, self.week = str(told["measure"]), int(told["week"])
        self.covers = covers

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Table ``paths``: a row for each path and way of cutting, for the total and the rest.

        `effect` is the mean over worlds of what is lost when the path is cut, with Monte Carlo
        standard error and the central 90% of worlds; `share` its share of the total effect, with a
        90% bootstrap interval over worlds, which covers which draws and runs of chance were taken
        and not how wide the draws lie. Last steps and the rest add up to the total; paths that are
        cut through overlap, and do not.
        """
        parts = {(name, how): self.total - values for (name, how), values in self.cut.items()}
        steps = [values for (_, how), values in parts.items() if how == LAST_STEP]
        rows = [self._row("all paths", "total", self.total)]
        rows += [self._row(name, how, values) for (name, how), values in parts.items()]
        if len(steps) == len(PATHS):
            rows.append(self._row("the rest", LAST_STEP, self.total - np.sum(steps, axis=0)))
        return {"paths": data_frame(rows)}

    def _row(self, name: str, how: str, part: np.ndarray) -> dict[str, Any]:
        low, high = share_interval(
            independent_parts(part, self.draws), independent_parts(self.total, self.draws)
        )
        spread = world_spread(part, self.draws)
        return {
            "path": name,
            "cut": how,
            "effect": spread.mean,
            "monte_carlo_se": spread.monte_carlo_se,
            "low": spread.low,
            "high": spread.high,
            "share": part.mean() / self.total.mean() if self.total.mean() else np.nan,
            "share_low": low,
            "share_high": high,
        }

    @property
    def text(self) -> str:
        """The answer in a few lines."""
        table = self.tables["paths"]
        total = table.iloc[0]
        lines = [
            f"{self.scenario} against {self.base}: {self.measure} in week {self.week} "
            f"{total['effect']:+z.3f} (central 90% of {len(self.total)} worlds "
            f"{total['low']:+z.3f} to {total['high']:+z.3f}; covers {self.covers}).",
            "Lost when one path is cut, everything else and all chance the same:",
        ]
        for row in table.iloc[1:].itertuples():
            lines.append(
                f"  {row.path:<13} {row.cut:<9} {row.effect:+z.4f} ({row.low:+z.4f} to "
                f"{row.high:+z.4f}), {row.share:5.0%} of the effect ({row.share_low:.0%} to "
                f"{row.share_high:.0%}: which worlds were drawn)"
            )
        lines.append(
            "Last steps add up with the rest; what passes through a path may pass through another "
            "too. How an effect is shared between paths is an assumption of the model."
        )
        return "\n".join(lines)

    def csv(self) -> str:
        """Return the paths as CSV."""
        return frame_csv(self.tables["paths"])

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "command": command,
            "scenario": self.scenario,
            "base": self.base,
            "measure": self.measure,
            "week": self.week,
            "intervals_cover": self.covers,
            "paths": self.tables["paths"].to_dict("records"),
        }

    def plot(self) -> Figure:
        """Draw what goes which way, with the central 90% of worlds as bars."""
        from matplotlib import pyplot

        table = self.tables["paths"].iloc[::-1]
        figure, axis = pyplot.subplots(figsize=(7, 0.42 * len(table) + 1.2), layout="constrained")
        at = np.arange(len(table))
        spread = np.abs(table[["low", "high"]].to_numpy().T - table["effect"].to_numpy())
        axis.errorbar(table["effect"], at, xerr=spread, fmt="o", color="#0072B2", capsize=3)
        axis.axvline(0.0, color="0.6", linewidth=0.8)
        axis.set_yticks(at, [f"{row.path}, {row.cut}" for row in table.itertuples()])
        axis.set_xlabel(
            f"effect on {self.measure} in week {self.week} (bars: central 90% of worlds)"
        )
        axis.set_title(f"{self.scenario} against {self.base}", fontsize=10)
        pyplot.close(figure)
        return figure


def share_interval(part: np.ndarray, total: np.ndarray) -> tuple[float, float]:
    """Return the 90% bootstrap interval of a ratio of means; NaN where it has none.

    Values are those of draws, or of worlds where there is one draw (`independent_parts`).
    """
    if len(part) < 2 or not total.any():
        return float("nan"), float("nan")
    chosen = np.random.default_rng(0).integers(0, len(part), (RESAMPLES, len(part)))
    ratios = part[chosen].mean(axis=1) / total[chosen].mean(axis=1)
    low, high = np.quantile(ratios, [0.05, 0.95])
    return float(low), float(high)


def mediation(
    scenario: str | Path | Scenario = "refocus-full",
    *,
    base: str | Path | Scenario = "usual-care",
    measure: str = "recovery",
    paths: Sequence[str] = tuple(PATHS),
    roster: str | Path | Roster = "trial",
    years: float | None = None,
    weeks: int | None = None,
    draws: int | Sequence[Mapping[str, float]] | ChosenDraws = DRAWS,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    replications: int | None = None,
    seed: int = 1,
    settings: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> Mediation:
    """Say by which paths a programme reaches recovery, by cutting one at a time.

    Both scenarios are simulated again with the path's parameters at 0, on the same draws and the
    same chance; what is then missing of the effect went that way. A path is cut at its last step,
    into recovery, and wherever it passes on.

    Parameters
    ----------
    scenario, base : str, path or Scenario
        What is compared.
    measure : str
        A column of the table ``trajectories`` (``recovery``, the mean of the five processes in SD)
        or a measure of ``summaries`` (``qpr15``).
    paths : sequence of str
        ``practice``, ``relationship``, ``support``, ``expectations``, ``partnership``.
    roster, years, weeks, draws, prior_only, posterior, replications, seed, settings
        As in `sim.run`; a year when not given.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    Mediation
        Shows itself; see its `tables` and `plot`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    for one in paths:
        if one not in PATHS:
            raise unknown("path", one, PATHS)
    if years is None and weeks is None:
        weeks = 52
    told: dict[str, Any] = {}

    def effects(cut: Sequence[str]) -> np.ndarray:
        """Return the effect in every world with some parameters at 0."""
        from sim.runs.results_shown import over_worlds

        question = run.question(
            [base, scenario],
            roster=roster,
            years=years,
            weeks=weeks,
            draws=draws,
            prior_only=prior_only,
            posterior=posterior,
            replications=replications,
            seed=seed,
            settings={**(settings or {}), **dict.fromkeys(cut, 0.0)},
        )
        first, second = question.request.names
        table = over_worlds(simulated(question, **how), measure, None)
        week = int(table["week"].max())
        told.update(scenario=second, base=first, measure=measure, week=week)
        told["covers"] = question.chosen.covers
        worlds = table[table["week"] == week].pivot(
            index=["draw", "replication"], columns="scenario", values="value"
        )
        told["draws"] = worlds.index.get_level_values("draw")
        return np.asarray(worlds[second] - worlds[first], float)

    total = effects(())
    found: dict[tuple[str, str], np.ndarray] = {}
    for name in PATHS:
        if name in paths:
            found[name, LAST_STEP] = effects(PATHS[name].step)
    for name in PATHS:
        if name in paths and PATHS[name].through != PATHS[name].step:
            found[name, THROUGH] = effects(PATHS[name].through)
    return Mediation(total, found, told, told["covers"])
