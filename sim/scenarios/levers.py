"""Levers: what a scenario, a field of one, or a column of a roster moves, and what moves nothing.

`docs.build_levers` gathers and measures them; what it measured stands in `levers.csv` beside this
file, for `refocus explain` and the page `docs/lever-audit.md`. A lever that moves nothing in
the services is either mended or declared here, with the reason: a test holds both.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

MEASURED = Path(__file__).parent / "levers.csv"

INERT: dict[str, str] = {
    "training.personal_recovery.lived_experience_trainers": (
        "told for the account of a programme; no comparison of trainers with and without lived "
        "experience was seen, and what they add to training is set by training.quality.modelling"
    ),
    "training.coaching.lived_experience_trainers": (
        "told for the account of a programme; no comparison of trainers with and without lived "
        "experience was seen, and what they add to training is set by training.quality.modelling"
    ),
    "readiness_scale": (
        "names the instrument whose range a roster's file is read with; what the range moves is "
        "moved by readiness_low and readiness_high"
    ),
}
"""Levers that move nothing in the services by name, with the reason; they may cost something."""

READINGS: dict[str, tuple[str, str, float]] = {
    "readiness": ("readiness, 0-1", "mean of trust, team and practitioners", 0.001),
    "workload": ("workload, ratio", "caseload per filled coordinator post over the norm", 0.005),
    "adoption": ("adoption, share", "staff in post who have attended a session", 0.005),
    "reach": ("reach, share", "service users whose key worker has been trained", 0.005),
    "behaviour": ("practice, 0-1", "mean behaviour over the four working practices", 0.001),
    "relationship": ("INSPIRE Relationship, 0-100", "mean score", 0.02),
    "support": ("INSPIRE Support, 0-100", "mean score", 0.02),
    "qpr": ("QPR-15, points", "mean score", 0.01),
    "qpr_2_years": ("QPR-15 after 2 years", "mean score in week 104", 0.01),
    "cost": ("planned cost, GBP a team", "of the first two years, everybody attending", 1.0),
}
"""What is read of a lever, after a year unless it says otherwise: heading, meaning, and the least
difference that is worth telling (an assumption)."""

SMALL: dict[str, str] = {
    "reflection-only": (
        "reflection keeps alive what training brought, and nobody was trained; no study of "
        "reflection groups alone was seen"
    ),
    "who.selection": (
        "a threshold and a share are two ways to pick; which teams enter is decided by "
        "who.selection_value"
    ),
    "team": "a name: its teams draw other chances, and the chances are the same",
    "trust": (
        "who shares readiness, priorities, movers and advice; means over teams are the same, which "
        "teams are alike is not"
    ),
    "type": (
        "teams of one type share a case mix that is drawn; no type was seen to do better than "
        "another, so none does on average"
    ),
    "sampled": "how many are asked: how precise a mean is, not what it is",
    "staff": (
        "posts without a caseload: more people to train, which costs; what service users meet "
        "hangs on coordinators and caseload"
    ),
}
"""Levers that move something, but nothing worth telling, by name, with the reason."""


class Moved(NamedTuple):
    """By how much a lever moves a reading."""

    kind: str  # {'scenario', 'field', 'column'}: What the lever is
    # Its name, and what is compared.
    lever: str
    compared: str
    reading: str  # One of `READINGS`
    # Mean and central 90% of the paired differences.
    mean: float
    low: float
    high: float
    error: float  # Monte Carlo standard error of the mean

    @property
    def stands_out(self) -> bool:
        """Whether the mean is worth telling, and more than two standard errors from nought."""
        return abs(self.mean) > max(2.0 * self.error, READINGS[self.reading][2])


@cache
def measured() -> tuple[Moved, ...]:
    """Return what was measured of every lever."""
    with MEASURED.open(encoding="utf-8", newline="") as file:
        rows = [list(one) for one in csv.reader(file)][1:]
    return tuple(Moved(a, b, c, d, *map(float, rest)) for a, b, c, d, *rest in rows)


def levers_named(name: str) -> list[str]:
    """Return the levers with a name, or whose last part it is: ``protected_time``."""
    known = dict.fromkeys([*(one.lever for one in measured()), *INERT])
    return [one for one in known if name == one or name in one.split(".")[1:]]


def lever_text(name: str) -> str:
    """Return what a lever moves, or why it moves nothing; empty for what is no lever."""
    pieces = []
    for lever in levers_named(name):
        rows = [one for one in measured() if one.lever == lever]
        moves = [one for one in rows if one.stands_out]
        lines = [f"{lever}: lever ({rows[0].compared})" if rows else f"{lever}: lever"]
        if lever in INERT:
            lines.append(f"  moves nothing: {INERT[lever]}")
        elif lever in SMALL:
            lines.append(f"  moves nothing worth telling in the services: {SMALL[lever]}")
        lines += [
            f"  {READINGS[one.reading][0]:<28} {one.mean:+z.4g} (MC SE {one.error:.2g}; 90% "
            f"{one.low:+z.4g} to {one.high:+z.4g})"
            for one in moves
            if lever not in INERT
        ]
        pieces.append("\n".join(lines))
    return "\n\n".join(pieces)
