"""Why a team's people changed in a week: every rule that they followed, what it read and set."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import sim.mechanisms
from sim.agents.follow import Step
from sim.errors import InputError
from sim.parameters import registry
from sim.state import ACTION, KINDS
from sim.web.limits import Limits
from sim.web.watch_record import short


@cache
def meanings() -> dict[str, list[str]]:
    """Return what every variable, action and parameter is: meaning and unit by name."""
    found = {
        f"{kind}.{one.name}": [one.meaning, one.unit]
        for kind, variables in KINDS.items()
        for one in variables
    }
    found |= {f"action.{one.name}": [one.meaning, one.unit] for one in ACTION}
    found |= {f"parameter.{name}": [one.label, one.unit] for name, one in registry().items()}
    return found


@cache
def rule_texts() -> dict[str, str]:
    """Return what each rule of the mechanisms does, in its own words."""
    texts: dict[str, str] = {}
    for info in pkgutil.iter_modules(sim.mechanisms.__path__):
        module = importlib.import_module(f"sim.mechanisms.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                text = inspect.getdoc(function) or ""
                texts[name] = text.partition("\n\nParameters\n")[0]
    return texts


class Names:
    """Numbers for names, so that a name is sent once."""

    def __init__(self) -> None:
        self.listed: list[str] = []
        self.numbers: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        """Return the number of a name."""
        if name not in self.numbers:
            self.numbers[name] = len(self.listed)
            self.listed.append(name)
        return self.numbers[name]


def steps_of(kind: str, steps: Sequence[Step], names: Names) -> list[dict[str, Any]]:
    """Return the steps of a person in a week.

    Parameters
    ----------
    kind : str
        What the person is called in notes.
    steps : sequence of Step
        In the order in which they were taken.
    names : Names
        Numbers for names; filled here.

    Returns
    -------
    list of dict
        Phase, rule, inputs as [name, value], changes as [name, before, after], and how many
        variables the rule left as they were.
    """
    found = []
    for step in steps:
        changes = [
            [names(f"{kind}.{name}"), short(before or 0), short(step.after[name])]
            for name, before in step.before.items()
            if before != step.after[name]
        ]
        found.append(
            {
                "phase": step.phase,
                "rule": step.rule,
                "inputs": [[names(name), short(value)] for name, value in step.inputs.items()],
                "changes": changes,
                "kept": len(step.before) - len(changes),
            }
        )
    return found


@cache
def load() -> None:
    """Load what `week_text` needs, once."""
    from sim.engines import watched  # noqa: F401
    from sim.web import watch_task  # noqa: F401

    meanings()
    rule_texts()


@lru_cache(maxsize=64)
def _week_text(settings: str, week: int, most_staff: int) -> str:
    from sim.engines.watched import watched_week
    from sim.web.watch_task import watched_world

    watch, text = json.loads(settings)
    layout, p, chance, _ = watched_world(watch, text)
    rows = layout.teams
    trust = rows["trust"] == rows["trust"][layout.team_names.index(watch["team"])]
    staff = int(rows["staff"][trust].sum())
    if staff > most_staff:
        raise InputError(
            f"team '{watch['team']}': its trust has {staff} staff, too many to follow every rule "
            f"(at most {most_staff})"
        )
    team = watched_week(layout, watch["team"], p, *chance, week)
    names = Names()
    people = {"team": team}
    people |= {f"staff-{one.place}": one for one in team.members}
    people |= {f"user-{one.place}": one for one in team.users}
    steps = {name: steps_of(one.kind, one.steps, names) for name, one in people.items()}
    known, texts = meanings(), rule_texts()
    rules = {step["rule"] for one in steps.values() for step in one}
    found = {
        "names": names.listed,
        "meanings": [known.get(name, ["", ""]) for name in names.listed],
        "rules": {name: texts.get(name, "") for name in sorted(rules)},
        "people": steps,
    }
    return json.dumps(found, separators=(",", ":"), allow_nan=False)


def week_text(watch: dict[str, Any], roster: str | None, week: int, limits: Limits) -> str:
    """Return every step of a team's people in a week, as JSON.

    Parameters
    ----------
    watch : dict
        From `watch_settings`.
    roster : str or None
        CSV text of own teams.
    week : int
        From 1 to the weeks of the settings.
    limits : Limits
        How many staff a trust may have.

    Returns
    -------
    str
        ``names`` and their ``meanings``, ``rules`` with what they say, and ``people``: their
        steps (`steps_of`) under ``team``, ``staff-0``, ``user-0`` and so on.

    Raises
    ------
    InputError
        For a trust with too many staff.
    """
    return _week_text(json.dumps([watch, roster]), week, limits.explained_staff)
