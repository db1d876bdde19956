"""How an agent follows a rule, and what is remembered of it when somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from inspect import signature
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import mesa

from sim.errors import InputError
from sim.link import Kind, Variable
from sim.state import KINDS

if TYPE_CHECKING:
    from sim.agents.team import Team
    from sim.agents.world import World


class Step(NamedTuple):
    """One rule that an agent followed."""

    week: int  # Week of the step
    phase: str  # Name of the agent's method
    rule: str  # Name of the rule
    # Every value that the rule read, as ``"kind.variable"``; numbers and sums that it was given
    # directly, by the name of the argument. The random-number key is left out.
    inputs: dict[str, float]
    # State variables that the rule sets, before and after.
    before: dict[str, float]
    after: dict[str, float]


class Reading:
    """A stand-in for a record that notes every variable a rule reads from it."""

    __slots__ = ("_label", "_notes", "_source")

    def __init__(self, source: Any, label: str, notes: dict[str, float]) -> None:
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_label", label)
        object.__setattr__(self, "_notes", notes)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._source, name)
        self._notes[f"{self._label}.{name}"] = value
        return value


# What to do instead of removing an agent, by kind.
CANNOT_GO = {
    "trust": "leave its teams out of the roster",
    "team": "leave it out of the roster",
    "staff": "set present = 0, and the post is vacant until the rules fill it",
    "service_user": "set in_service = 0, and the person is discharged",
}

# Units that are ranges. Others (SD, words of a key) have no limits that a value could break.
RANGES = {
    "0-1": (0.0, 1.0),
    "-1 to 1": (-1.0, 1.0),
    "0/1": (0.0, 1.0),
    "0-2": (0.0, 2.0),
    "1-5": (1.0, 5.0),
    **dict.fromkeys(("count", "users", "weeks", "per week", "ratio"), (0.0, float("inf"))),
    # -1 stands for nobody and nowhere.
    **dict.fromkeys(("index", "place"), (-1.0, float("inf"))),
}


ALMOST = 0.85
"""Likeness from which a name is a variable's misspelt: as with one letter too many in six."""


@cache
def variables_of(kind: Kind) -> dict[str, Variable]:
    """Return the state variables of a kind of agent by name."""
    return {variable.name: variable for variable in KINDS[kind]}


@cache
def meant_by(kind: Kind, name: str) -> str:
    """Return the state variable that a name which is none is almost spelt like, or an empty text.

    Names of one's own are far from all variables; a slip of the keyboard is near to one.
    """
    near = get_close_matches(name, variables_of(kind), n=1, cutoff=ALMOST)
    return near[0] if near else ""


def check_value(kind: Kind, variable: Variable, value: Any) -> None:
    """Refuse a value that a state variable cannot have.

    Raises InputError for what is not a finite number, not whole where the variable is, or
    outside its range.
    """
    low, high = RANGES.get(variable.unit, (float("-inf"), float("inf")))
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if variable.kind == "whole":
        wanted, right = "a whole number", number.is_integer()
    else:
        wanted, right = "a number", isfinite(number)
    if right and low <= number <= high:
        return
    limits = f" from {low:g}" if isfinite(low) else ""
    limits += f" to {high:g}" if isfinite(high) else ""
    raise InputError(
        f"{kind}.{variable.name} = {value!r}: must be {wanted}{limits} ({variable.meaning})"
    )


def values_of(result: Any, sets: str) -> Iterable[tuple[str, Any]]:
    """Return the state variables that a rule sets, with their values."""
    return [(sets, result)] if sets else zip(result._fields, result, strict=True)


class RuleFollower(mesa.Agent):
    """A Mesa agent whose state changes by following rules; what else is set must be in range.

    Parameters
    ----------
    model : mesa.Model
        The world the agent lives in.
    kind : str
        Kind of agent; `sim.state.KINDS` says which variables it carries.
    """

    if TYPE_CHECKING:
        # Variables come from `sim.state`, methods from `sim.week`.
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, model: mesa.Model, kind: Kind) -> None:
        super().__init__(model)
        self.kind = kind
        self._variables = variables_of(kind)
        for variable in KINDS[kind]:
            self.__dict__[variable.name] = 0.0 if variable.kind == "real" else 0
        self.watched = False
        self.steps: list[Step] = []

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a state variable's value must be one that it can have."""
        held = self.__dict__
        variable = held.get("_variables", {}).get(name)
        if variable is not None:
            check_value(self.kind, variable, value)
        elif name not in held and "_variables" in held and not hasattr(type(self), name):
            meant = meant_by(self.kind, name)
            if meant:
                raise InputError(
                    f"{self.kind}.{name}: {self.kind} has no variable of this name; did you mean "
                    f"'{meant}'? An attribute of your own is declared in your class: {name} = 0.0"
                )
        object.__setattr__(self, name, value)

    def remove(self) -> None:
        """Refuse to take one agent out: advice, key workers and chance go by place.

        Raises
        ------
        InputError
            Always. `RecoveryModel.remove_all_agents` empties a world.
        """
        raise InputError(f"{self.kind} cannot be removed: {CANNOT_GO[self.kind]}")

    def store(self, result: Any, sets: str = "") -> None:
        """Take over the state variables that a rule returned, unchecked: rules keep to ranges."""
        self.__dict__.update(values_of(result, sets))

    def follow(self, phase: str, rule: Callable[..., Any], *inputs: Any, sets: str = "") -> None:
        """Follow a rule: give it its inputs and take over what it returns.

        Parameters
        ----------
        phase : str
            Name of the phase, for the notes.
        rule : callable
            A rule of `sim.mechanisms` that returns a named tuple of state variables, or a number.
        *inputs
            What the rule reads: agents, an action, parameters, numbers.
        sets : str
            The state variable that takes the number.
        """
        if not self.watched:
            self.store(rule(*inputs), sets)
            return
        notes: dict[str, float] = {}
        names = signature(rule).parameters
        given = [self._noting(name, one, notes) for name, one in zip(names, inputs, strict=True)]
        result = rule(*given)
        after = dict(values_of(result, sets))
        before = {name: getattr(self, name, None) for name in after}
        self.store(result, sets)
        week = getattr(self.model, "week_now", 0)
        self.steps.append(
            Step(week, phase, rule.__name__, notes, before, after)  # type: ignore[arg-type]
        )

    def _noting(self, name: str, source: Any, notes: dict[str, float]) -> Any:
        if isinstance(source, int | float):
            notes[name] = source
            return source
        if isinstance(source, tuple):
            for field, value in zip(getattr(source, "_fields", ()), source, strict=False):
                notes[f"{name}.{field}"] = value
            return source
        label = getattr(source, "kind", None)
        if label is None:
            label = "action" if hasattr(source, "prt_session") else "parameter"
        return Reading(source, label, notes)


class PersonInTeam(RuleFollower):
    """Who holds a permanent place in a team.

    Parameters
    ----------
    model : World
        The world.
    kind : str
        Kind of agent.
    team : Team
        The team.
    place : int
        The place.
    """

    model: World

    def __init__(self, model: World, kind: Kind, team: Team, place: int) -> None:
        super().__init__(model, kind)
        self.team = team
        self.place = place
        self.new_key()

    def new_key(self) -> tuple[int, int, int, int, int, int]:
        """Give the person who now holds the place a random-number key of their own."""
        team = self.team
        self.key = self.model.key_of(team.key_low, team.key_high, self.place, self.generation)
        return self.key
