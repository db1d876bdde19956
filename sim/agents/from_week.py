"""The default methods of the agents, written from the table of the week.

The source is what a person would have written: ``inspect.getsource(Staff.hear_colleagues)`` shows
it. A subclass that overrides a method changes that phase alone.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from functools import cache
from typing import Any

from sim import week
from sim.link import Act, Kind, Phase
from sim.week_text import Rewriter, act_code, indented, is_alone, named, phase_code, vocabulary

IN_TEAM = {
    "team": "self.team",
    "trust": "self.team.trust_agent",
    "action": "self.team.action",
    "leader": "self.team.members[0]",
    "world.row": "self.team.row",
}
OWN_NAMES = {
    "trust": {"trust": "self", "teams": "len(self.teams)", "world.row": "self.row"},
    "team": {
        "team": "self",
        "trust": "self.trust_agent",
        "action": "self.action",
        "leader": "self.members[0]",
        "world.row": "self.row",
    },
    "staff": {"staff": "self", **IN_TEAM},
    "service_user": {"user": "self", **IN_TEAM},
}
EVERYBODYS = {"p": "self.model.p", "key": "self.key", "week": "self.model.week_now"}


class Method(Rewriter):
    """Writes the method of a Mesa agent."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(kind, {**EVERYBODYS, **OWN_NAMES[kind]})
        self.name = name
        self.in_team = "self" if kind == "team" else "self.team"

    def follow(self, agent: str, rule: str, inputs: list[str], sets: str) -> str:
        """Return the code of following a rule, which shows when somebody watches."""
        named = [f"sets={sets!r}"] if sets else []
        return f"{agent}.follow({', '.join([repr(self.name), rule, *inputs, *named])})"

    def note(self, event: str) -> str:
        """Return the code of adding an event."""
        who = "-1, -1" if self.kind == "team" else "self.place, self.generation"
        return f"self.model.note({self.in_team}, {event}, {who})"

    def act(self, name: str) -> str:
        """Return the code of another act: its method."""
        return f"self.{method_name(named(name))}()"

    def loop(self, over: str, one: str, body: str) -> str:
        """Return the code of a loop."""
        places = "[team.action for team in self.teams]" if over == "actions" else "self.members"
        return "\n".join([f"for {one} in {places}:", *indented(body.splitlines())])

    def key(self, agent: str) -> str:
        """Return the code of giving the person in a place a key of their own."""
        return f"{agent}.new_key()"

    def key_of(self, low: str, high: str) -> str:
        """Return the code of a key."""
        return f"self.model.key_of({low}, {high}, 0, 0)"

    def member(self, place: str) -> str:
        """Return the code of a member."""
        return f"{self.in_team}.members[{place}]"

    def member_of(self, number: str, place: str) -> str:
        """Return the code of a member of another team."""
        return f"self.model.teams[{number}].members[{place}]"

    def team(self, number: str) -> str:
        """Return the code of a team."""
        return f"self.model.teams[{number}]"

    def row_of(self, number: str) -> str:
        """Return the code of a team's row of the layout."""
        return f"self.model.teams[{number}].row"

    def other_team(self, key: str, at: str) -> str:
        """Return the code of looking for another team."""
        return f"other_team({key}, {self.in_team}.index, self.model.teams, {at})"

    def coordinator(self, choice: str) -> str:
        """Return the code of looking for a coordinator."""
        return f"coordinator({self.in_team}.members, 0, len({self.in_team}.members), {choice})"


@cache
def method_names() -> dict[Callable[..., Any], str]:
    """Return the method of each act: the phase's, where the phase is nothing else."""
    return {
        step.function: phase.name if is_alone(phase) else step.function.__name__
        for phase in (*week.BEGIN, *week.WEEK)
        for step in phase.steps
        if isinstance(step, Act)
    }


def method_name(function: Callable[..., Any]) -> str:
    """Return the name of the method that does an act."""
    return method_names()[function]


def method(kind: Kind, name: str, meaning: str, code: Any) -> str:
    """Return the source of a method."""
    lines = Method(kind, name).rewritten(code)
    return "\n".join([f"def {name}(self):", *indented([f'"""{meaning}"""', *lines])])


def phase_methods(phase: Phase) -> dict[str, str]:
    """Return the methods of a phase by name: its own, and one for each act that is a part of it."""
    found = {}
    for step in phase.steps:
        if isinstance(step, Act):
            name = method_name(step.function)
            meaning = phase.meaning if is_alone(phase) else str(step.function.__doc__)
            found[name] = method(phase.who, name, meaning, act_code(step.function))
    if not is_alone(phase):
        found[phase.name] = method(phase.who, phase.name, phase.meaning, phase_code(phase))
    return found


@cache
def methods_of(kind: Kind) -> dict[str, str]:
    """Return the source of every method that the table gives a kind of agent, by name."""
    found: dict[str, str] = {}
    for phase in (*week.BEGIN, *week.WEEK):
        if phase.who == kind and phase.steps:
            found |= phase_methods(phase)
    return found


def behaves(kind: Kind) -> Callable[[type], type]:
    """Return a class decorator that adds the methods of the week which a class does not have."""

    def with_methods(cls: type) -> type:
        for name, source in methods_of(kind).items():
            if name in vars(cls):
                continue
            place = f"<{kind}.{name}, from the table of the week>"
            scope = dict(vocabulary())
            exec(compile(source, place, "exec"), scope)
            linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
            made = scope[name]
            made.__qualname__ = f"{cls.__name__}.{name}"
            made.__module__ = cls.__module__
            setattr(cls, name, made)
        return cls

    return with_methods
