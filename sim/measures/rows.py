"""The rules that measure everything on one person, written from the instruments.

Compiled code cannot walk a list of different functions, so that the call of each instrument is
written out; ``inspect.getsource(user_scores)`` shows it.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Sequence
from inspect import get_annotations
from typing import Any

from sim.measures.instrument import Instrument


def score_names(instruments: Iterable[Instrument]) -> list[str]:
    """Return the names of the scores of instruments."""
    return [score.name for one in instruments for score in one.scores]


def measuring(
    name: str, meaning: str, inputs: Sequence[str], result: str, instruments: Sequence[Instrument]
) -> str:
    """Return the source of a rule that follows every instrument.

    Parameters
    ----------
    name, meaning : str
        Name of the rule, and what it says of itself.
    inputs : sequence of str
        Its parameters; an instrument gets those that it asks for.
    result : str
        Named tuple that it returns, of the scores.
    instruments : sequence of Instrument
        What is measured, in the order of the scores.
    """
    lines, values = [], []
    for one in instruments:
        rule = one.rule.__name__
        call = f"{rule}({', '.join(one.inputs)})"
        fields = getattr(get_annotations(one.rule, eval_str=True)["return"], "_fields", None)
        if fields is None:
            values.append(f"{one.scores[0].name}={call}")
            continue
        lines.append(f"    of_{rule} = {call}")
        pairs = zip(one.scores, fields, strict=True)
        values += [f"{score.name}=of_{rule}.{field}" for score, field in pairs]
    return "\n".join(
        [
            f"def {name}({', '.join(inputs)}):",
            f'    """{meaning}"""',
            *lines,
            f"    return {result}(",
            *(f"        {one}," for one in values),
            "    )",
            "",
        ]
    )


def defined(module: str, source: str, scope: dict[str, Any], *names: str) -> list[Any]:
    """Return functions that a source defines, as if they stood in a module.

    Parameters
    ----------
    module : str
        Name of the module.
    source : str
        The source.
    scope : dict
        What it may name; the functions are added.
    *names : str
        Names of the functions.
    """
    place = f"<{module}, from the instruments>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    exec(compile(source, place, "exec"), scope)
    for name in names:
        scope[name].__module__ = module
    return [scope[name] for name in names]


def rules_by_name(instruments: Iterable[Instrument]) -> dict[str, Any]:
    """Return what the source of a row may call."""
    return {one.rule.__name__: one.rule for one in instruments}
