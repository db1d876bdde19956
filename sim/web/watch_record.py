"""What the page needs to replay a team: its state week by week, and every step that changed it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from sim.agents.follow import Step
from sim.measures.implementation import TeamWeek
from sim.mechanisms.influence import mean_behaviour
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.recovery import recovery_mean
from sim.parameters import registry
from sim.state import ACTION, KINDS

STAFF_SHOWN = ("present", "sick", "attended", "sessions_attended", "generation", "weeks_in_post")
STAFF_LEVELS = ("readiness", "values", "knowledge")
USER_SHOWN = ("in_service", "contacts", "stage", "generation", "goals_reached", "worker_changes")
USER_LEVELS = ("relationship", "support")
TIES = ("tie_0", "tie_1", "tie_2")
FIGURES = 5


def short(value: float) -> float | int:
    """Return a number with five figures that count."""
    return value if isinstance(value, int) else float(f"{value:.{FIGURES}g}")


def mean_of(member: Any, what: str) -> float:
    """Return the mean over the four working practices of skill or intent."""
    return sum(float(getattr(member, f"{what}_{one}")) for one in PRACTICES) / len(PRACTICES)


def staff_frame(team: Any) -> dict[str, list[Any]]:
    """Return the state of a team's posts, one list for each variable in the order of places."""
    members = team.members
    frame: dict[str, list[Any]] = {
        name: [int(getattr(one, name)) for one in members] for name in STAFF_SHOWN
    }
    frame |= {name: [short(float(getattr(m, name))) for m in members] for name in STAFF_LEVELS}
    frame["skill"] = [short(mean_of(one, "skill")) for one in members]
    frame["intent"] = [short(mean_of(one, "intent")) for one in members]
    frame["behaviour"] = [short(float(mean_behaviour(one))) for one in members]
    frame["ties"] = [[getattr(m, name) for name in TIES if getattr(m, name) >= 0] for m in members]
    return frame


def user_frame(team: Any) -> dict[str, list[Any]]:
    """Return the state of a team's service users, one list for each variable."""
    frame: dict[str, list[Any]] = {
        name: [int(getattr(one, name)) for one in team.users] for name in USER_SHOWN
    }
    frame |= {name: [short(float(getattr(u, name))) for u in team.users] for name in USER_LEVELS}
    frame["recovery"] = [short(float(recovery_mean(one))) for one in team.users]
    workers = [one.key_worker() for one in team.users]
    frame["worker"] = [-1 if one is None else one.place for one in workers]
    return frame


def team_frame(row: TeamWeek) -> dict[str, float | int]:
    """Return the team's own state and means."""
    return {name: short(float(value)) for name, value in row._asdict().items()}


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


def person_record(
    kind: str, steps: Sequence[Step], explain: Callable[[str], str], known: dict[str, list[str]]
) -> dict[str, Any]:
    """Return every step of a person, week by week.

    Parameters
    ----------
    kind : str
        What the person is called in notes.
    steps : sequence of Step
        In the order in which they were taken.
    explain : callable
        Returns what a rule says.
    known : dict
        From `meanings`.

    Returns
    -------
    dict
        ``names`` and their ``meanings``; ``rules`` with what they say; and for every week the
        steps: phase, rule, inputs as [name, value], changes as [name, before, after], and how many
        variables the rule left as they were.
    """
    names = Names()
    rules: dict[str, str] = {}
    weeks: dict[int, list[dict[str, Any]]] = {}
    for step in steps:
        rules.setdefault(step.rule, explain(step.rule))
        changes = [
            [names(f"{kind}.{name}"), short(before or 0), short(step.after[name])]
            for name, before in step.before.items()
            if before != step.after[name]
        ]
        weeks.setdefault(step.week, []).append(
            {
                "phase": step.phase,
                "rule": step.rule,
                "inputs": [[names(name), short(value)] for name, value in step.inputs.items()],
                "changes": changes,
                "kept": len(step.before) - len(changes),
            }
        )
    return {
        "names": names.listed,
        "meanings": [known.get(name, ["", ""]) for name in names.listed],
        "rules": rules,
        "weeks": weeks,
    }


def rule_texts() -> Callable[[str], str]:
    """Return a function that says what a rule of the mechanisms does, in its own words."""
    import importlib
    import pkgutil

    import sim.mechanisms

    texts: dict[str, str] = {}
    for info in pkgutil.iter_modules(sim.mechanisms.__path__):
        module = importlib.import_module(f"sim.mechanisms.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                texts[name] = inspect.getdoc(function) or ""

    def explain(rule: str) -> str:
        text = texts.get(rule, "")
        return text.partition("\n\nParameters\n")[0]

    return explain
