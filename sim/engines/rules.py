"""The rules, callable from compiled code: importing this module loads numba and registers them.

Every function of `sim.elementary`, `sim.streams`, `sim.mechanisms` and `sim.measures` is
registered; the functions themselves stay plain Python.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
from numba import from_dtype, types
from numba.extending import intrinsic, overload, register_jitable
from numba.np.arrayobj import make_array

import sim.measures
import sim.mechanisms
from sim import week
from sim.engines import code_cache
from sim.engines.linked_code import LINKED
from sim.engines.posts import ONE_OF_FOUR, at_post, first_post
from sim.events import EVENT_FIELDS
from sim.measures.implementation import TeamWeek
from sim.measures.staff import StaffRow
from sim.measures.user import UserScores
from sim.state import SERVICE_USER, TEAM, TRUST, record_fields

CACHE_FOLDER = code_cache.prepare()
# Bounds of parameters leave no divisor at zero, so that nobody has to look whether one is.
DIVISION = {"error_model": "numpy"}
compile_rule = code_cache.compiler(CACHE_FOLDER, **DIVISION)
PART: dict[str, Any] = {**DIVISION, **LINKED}
"""Options for rules in compiled code."""
compile_part = code_cache.compiler(None, **PART)

TRUST_DTYPE = np.dtype(record_fields(TRUST))
TEAM_DTYPE = np.dtype(record_fields(TEAM))
USER_DTYPE = np.dtype(record_fields(SERVICE_USER))
TEAM_WEEK_DTYPE = np.dtype([(name, "f8") for name in TeamWeek._fields])
EVENT_DTYPE = np.dtype([(name, "i8") for name in EVENT_FIELDS])
STAFF_ROW_DTYPE = np.dtype([(name, "f8") for name in StaffRow._fields])
SCORES_DTYPE = np.dtype([(name, "f8") for name in UserScores._fields])
WHOLE_WORLD = (
    week.other_team,
    week.end_of_trusts,
    week.programme_week,
    week.select_teams,
    week.start_score,
    week.order_teams,
)
"""What the week does beyond rules; not inlined, as it is long or rare."""


def rule_modules() -> list[Any]:
    """Return the modules whose functions are rules."""
    modules = [importlib.import_module(f"sim.{name}") for name in ("elementary", "streams")]
    for package in (sim.mechanisms, sim.measures):
        for info in pkgutil.iter_modules(package.__path__):
            modules.append(importlib.import_module(f"{package.__name__}.{info.name}"))
    return modules


def register_rules() -> int:
    """Make every function of the rule modules callable from compiled code; return how many."""
    count = 0
    for module in rule_modules():
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                # Inlined, a rule's result stays in registers: a third less time for a staff-week.
                register_jitable(forceinline=True, **PART)(function)
                count += 1
    for number in (at_post, first_post):
        register_jitable(forceinline=True, **PART)(number)
    for one in WHOLE_WORLD:
        register_jitable(**PART)(one)
    return count


@intrinsic
def lane_of(context: Any, memory: Any, at: Any) -> Any:
    """Return the post whose first variable stands at a place in memory (`sim.engines.posts`)."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, given[0])
        first = builder.gep(array.data, [given[1]])
        return builder.bitcast(first, context.get_value_type(signature.return_type))

    return from_dtype(ONE_OF_FOUR)(memory, types.intp), code


def post_of(memory: Any, number: int) -> Any:
    """Return a post by its number."""
    return lane_of(memory, at_post(number))  # type: ignore[call-arg]


register_jitable(forceinline=True, **PART)(post_of)


def store(record: Any, result: Any) -> None:
    """Store the fields of a named tuple in a record of an array."""
    for name, value in zip(result._fields, result, strict=True):
        record[name] = value


@overload(store)
def _compiled_store(record, result):
    if not isinstance(record, types.Record) or not isinstance(result, types.BaseNamedTuple):
        return None
    lines = ["def stored(record, result):"]
    lines += [f"    record.{name} = result.{name}" for name in result.fields]
    scope: dict[str, Any] = {}
    # numba needs source code here; the names are fields of our own tuples.
    exec("\n".join(lines), scope)
    return scope["stored"]


register_rules()


@compile_part
def note(events, count, week, team, kind, place, generation):
    """Add one event when events are wanted and there is room; `count[0]` counts them all."""
    if count[0] < events.shape[0]:
        event = events[count[0]]
        event.week = week
        event.team = team
        event.kind = kind
        event.place = place
        event.generation = generation
    count[0] += 1
