"""`sim.influence`: who moved whom in a team, by switching one thing off at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.api.answers import FROM_PYTHON, Answer
from sim.api.run import run
from sim.errors import InputError, unknown
from sim.runs.world_spread import world_spread
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.engines.counterfactuals import Life, Person, Switch
    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.scenarios.schema import Scenario

USUAL = ("colleague", "leader", "session", "champion", "leaver", "all talk", "norms")


class TeamYear:
    """A team's time in one world, and what every switch makes of it.

    Attributes
    ----------
    draw, replication : int
        Which world.
    before : Life
        The team's time as it was.
    lives : list of (Switch, Life)
        What was switched, and the team's time then.
    """

    def __init__(
        self, draw: int, replication: int, before: Life, lives: Sequence[tuple[Switch, Life]]
    ) -> None:
        self.draw = draw
        self.replication = replication
        self.before = before
        self.lives = list(lives)

    def gained(self, switch: Switch, life: Life, measure: str) -> np.ndarray:
        """Return the effect of what was switched on a measure, week by week.

        With less without: the time as it was less that in which it was off; for a champion the
        other way round. Values and practice are means over the team's other members.
        """
        from sim.engines.counterfactuals import ADDED

        place = None if switch.source is None else switch.source.place
        found = self.before.of_team(measure, place) - life.of_team(measure, place)
        return -found if switch.kind in ADDED else found


class Influence(Answer):
    """Who moved whom.

    Attributes
    ----------
    years : list of TeamYear
        One for each world; the first is told in detail.
    scenario, team : str
        What was simulated.
    covers : str
        What intervals over worlds cover.
    """

    def __init__(self, years: list[TeamYear], scenario: str, team: str, covers: str) -> None:
        self.years = years
        self.scenario = scenario
        self.team = team
        self.covers = covers

    def name(self, person: Person | None) -> str:
        """Return somebody's name within the team."""
        if person is None:
            return ""
        role = "leader" if person.place == 0 else f"staff {person.place}"
        return role + (f" ({person.generation})" if person.generation else "")

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables ``effects`` of all worlds, ``moved`` and ``weeks`` of the first, and ``mean``.

        effects
            A row for each world, thing switched and measure: its effect in the mean of all weeks
            (`mean`) and in the last (`last`), with less without. Of a champion, what having one
            would do.
        moved
            A row for each colleague and each other person: how far the one moved the other's
            values and practice, mean over the weeks in which the other was there.
        weeks
            The team's time week by week, as it was and without all talk.
        mean
            Over worlds: the mean of all effects of a kind (`each`), of the largest in either
            direction in every world (`largest`) and of all together (`sum`), with Monte Carlo
            standard error and the central 90% of worlds.
        """
        import pandas as pd

        effects = pd.concat([self._effects(year, at) for at, year in enumerate(self.years)])
        found = {"effects": effects.reset_index(drop=True), "moved": self._moved()}
        found["weeks"] = self._weeks()
        if len(self.years) > 1:
            found["mean"] = self._mean(effects)
        return found

    def _effects(self, year: TeamYear, world: int) -> pd.DataFrame:
        from sim.engines.counterfactuals import MEASURES

        rows = []
        for switch, life in year.lives:
            for measure in MEASURES:
                gained = year.gained(switch, life, measure)[1:]
                rows.append(
                    {
                        "world": world,
                        "kind": switch.kind,
                        "source": self.name(switch.source),
                        "target": self.name(switch.target),
                        "week": switch.week if switch.week >= 0 else None,
                        "measure": measure,
                        "mean": float(gained.mean()),
                        "last": float(gained[-1]),
                    }
                )
        return data_frame(rows).astype({"week": "Int64"})

    def _moved(self) -> pd.DataFrame:
        import numpy as np

        from sim.engines.counterfactuals import COLLEAGUE

        year = self.years[0]
        rows = []
        for switch, life in year.lives:
            if switch.kind != COLLEAGUE:
                continue
            for person in year.before.people():
                if person == switch.source:
                    continue
                there = year.before.holds(person)
                row: dict[str, Any] = {
                    "source": self.name(switch.source),
                    "target": self.name(person),
                    "weeks": int(there.sum()),
                }
                for measure in ("values", "practice"):
                    by_week = getattr(year.before, measure) - getattr(life, measure)
                    row[measure] = float(np.mean(by_week[there, person.place]))
                rows.append(row)
        return data_frame(rows, columns=["source", "target", "weeks", "values", "practice"])

    def _weeks(self) -> pd.DataFrame:
        from sim.engines.counterfactuals import MEASURES, TALK

        year = self.years[0]
        silent = next((life for switch, life in year.lives if switch.kind == TALK), None)
        columns: dict[str, Any] = {"week": range(len(year.before.support))}
        for measure in MEASURES:
            columns[measure] = year.before.of_team(measure)
            if silent is not None:
                columns[f"{measure} without talk"] = silent.of_team(measure)
        return data_frame(columns)

    def _mean(self, effects: pd.DataFrame) -> pd.DataFrame:
        import numpy as np

        by_world = effects.groupby(["kind", "measure", "world"], sort=False)["last"]
        worlds = data_frame(
            {"each": by_world.mean(), "largest": by_world.agg(largest), "sum": by_world.sum()}
        )
        rows = []
        # A world in which nobody left has no leaver: it counts where there is something to count.
        for (kind, measure), table in worlds.groupby(level=["kind", "measure"], sort=False):
            for which in worlds.columns:
                at = [self.years[world].draw for world in table.index.get_level_values("world")]
                spread = world_spread(table[which].to_numpy(float), np.array(at))
                rows.append(
                    {"kind": kind, "measure": measure, "which": which, "worlds": len(table)}
                    | spread._asdict()
                )
        return data_frame(rows)

    @property
    def text(self) -> str:
        """The team's time in a few sentences, and over worlds in a few lines."""
        from sim.report.influence_text import influence_text

        return influence_text(self)

    def csv(self) -> str:
        """Return the effects as CSV."""
        return frame_csv(self.tables["effects"])

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "command": command,
            "scenario": self.scenario,
            "team": self.team,
            "worlds": len(self.years),
            "intervals_cover": self.covers,
            **{name: table.to_dict("records") for name, table in self.tables.items()},
        }

    def plot(self) -> Figure:
        """Draw who moved whose values, and the team's values week by week with and without talk.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; elsewhere use its `savefig`.
        """
        from sim.report.influence_text import influence_figure

        return influence_figure(self)


def largest(values: pd.Series) -> float:
    """Return the value furthest from 0."""
    return float(values.iloc[values.abs().argmax()])


def influence(
    scenario: str | Path | Scenario = "refocus-as-delivered",
    team: str | None = None,
    *,
    of: Sequence[str] = USUAL,
    roster: str | Path | Roster = "trial",
    years: float | None = None,
    weeks: int | None = None,
    draws: int | Sequence[Mapping[str, float]] | ChosenDraws = 0,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    replications: int = 1,
    seed: int = 1,
    settings: Mapping[str, Any] | None = None,
) -> Influence:
    """Say who moved whom in a team: switch one thing off at a time, and let all else be the same.

    Chance is keyed by who, why and when, so that the two worlds have the same people, sick days
    and draws, and differ in what follows from the switch alone: an exact counterfactual of the
    model, no correlation. What it says of real teams rests on the model's rules of influence,
    which are assumptions in size.

    Parameters
    ----------
    scenario : str, path or Scenario
        What is done.
    team : str, optional
        Name of the team; the first that the programme reaches when not given.
    of : sequence of str
        What to switch: ``tie``, ``colleague``, ``leader``, ``session``, ``person``, ``leaver``,
        ``champion``, ``all talk``, ``norms``; `sim.engines.counterfactuals.KINDS` says what each
        is. Each one of each kind is a run of the team's time: cost grows with what is asked.
    roster, years, weeks, draws, prior_only, posterior, replications, seed, settings
        As in `sim.run`; by default one world with the parameters' defaults. With several worlds
        the first is told in detail, and the means of all stand beside it.

    Returns
    -------
    Influence
        Shows itself; see its `tables` and `plot`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    from sim.engines.counterfactuals import KINDS, TeamWorld

    if isinstance(of, str):
        of = (of,)
    for one in of:
        if one not in KINDS:
            raise unknown("of", one, KINDS)
    if not of:
        raise InputError("of: name at least one of " + ", ".join(KINDS))
    question = run.question(
        scenario,
        roster=roster,
        years=years,
        weeks=weeks,
        draws=draws,
        prior_only=prior_only,
        posterior=posterior,
        replications=replications,
        seed=seed,
        settings=settings,
    )
    request = question.request
    if len(request.names) > 1:
        raise InputError("scenario: name one")
    layout = request.layouts[0]
    if team is None:
        reached = [
            name
            for name, row in zip(layout.team_names, layout.teams, strict=True)
            if row["programme"]
        ]
        team = reached[0] if reached else layout.team_names[0]
    if team not in layout.team_names:
        raise unknown("team", team, layout.team_names)
    found = []
    for draw in range(request.parameter_sets):
        for replication in range(request.replications):
            chance = request.run_of_chance(draw, replication)
            p = request.parameters(0, draw)
            world = TeamWorld(layout, team, p, request.seed, chance, request.weeks)
            before = world.as_it_was()
            lives = [
                (switch, world.with_switch(switch, before))
                for switch in world.switches(tuple(of), before)
            ]
            found.append(TeamYear(draw, replication, before, lives))
    return Influence(found, request.names[0], team, question.chosen.covers)
