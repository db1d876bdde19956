"""The smallest difference that matters: it belongs to an instrument and to an average."""

from __future__ import annotations

from typing import NamedTuple

from sim.measures.catalogue import measure
from sim.trials.designs.design_schema import DesignFile


class ImportantDifference(NamedTuple):
    """A threshold and where it comes from."""

    value: float
    source: str


def important_difference(file: DesignFile) -> ImportantDifference | None:
    """Return the threshold that a design states, or its measure's own; None where there is none."""
    stated = file.target.minimum_important_difference
    if stated is not None:
        return ImportantDifference(stated, "stated in the design")
    if file.agents is None:
        return None
    described = measure(file.agents.measure)
    if described.important is None:
        return None
    return ImportantDifference(described.important, described.important_source)
