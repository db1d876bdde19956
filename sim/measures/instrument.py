"""What an instrument is: its number, its rule, and what there is to know of each of its scores.

A file of `sim.measures` declares its instruments as `INSTRUMENTS`; `sim.measures.catalogue` gathers
them, and the rows of the tables follow. Parameters stand in the TOML file of the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

USER = "service user"
STAFF = "staff"
RESEARCHER = "researcher"
TEAM = "team"

# What several instruments say of their evidence.
NO_FIGURE = "no figure seen"
NORWAY = "Norway, psychosis, n = 318 (Skar-Fröding 2022); retest assumed"
NOT_BLIND = "Staff of trained teams cannot be blind: bias and benefit are not separable. "
UNVERIFIED = "Unverified: scoring not seen, 0-100 is an assumption. "


class Measure(NamedTuple):
    """One score."""

    name: str  # Name of the score: its column in the tables
    title: str  # Name of the instrument, spelled out
    # Range of the score.
    minimum: float
    maximum: float
    items: int  # Number of items; 0 where it was not seen or the score is not made of items
    rater: str  # Who rates
    blind: bool  # Whether, in the model, the rater's own training cannot colour the rating
    higher_is: str  # What a higher score means
    retest: str  # Parameter that sets the retest correlation; empty if there is none
    evidence: str  # Grade of the level and spread: trial, literature or assumption
    source: str  # Where level, spread and retest come from
    note: str  # What to know before reading the score; unverified parts are named here
    # Smallest difference between groups that matters, where one was published.
    important: float | None = None
    important_source: str = ""  # Where that comes from


class Instrument(NamedTuple):
    """An instrument."""

    number: int  # Its number (`sim.measures.purposes`), by which its columns are ordered too
    # Returns the score, or a named tuple of the scores. Its inputs are found by the names of its
    # parameters: `user` or `staff`, and ``rater_bias``, ``team``, ``p``, ``key``, ``week``.
    rule: Callable[..., Any]
    scores: tuple[Measure, ...]  # What the rule returns, in the same order

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what the rule reads."""
        return tuple(signature(self.rule).parameters)


def instrument(number: int, rule: Callable[..., Any], *scores: Measure) -> Instrument:
    """Return an instrument."""
    return Instrument(number, rule, scores)
