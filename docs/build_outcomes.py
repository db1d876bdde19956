"""Write the generated parts of `outcomes.md`: every outcome's scale and direction, on one page.

Run ``python -m docs.build_outcomes`` after a new instrument or a new weekly variable.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.build_tables import MEANING
from docs.marked import main, table
from sim.engines.summaries import WEEKLY
from sim.measures.catalogue import catalogue

PAGE = Path(__file__).resolve().parent / "outcomes.md"
LESS = {
    "workload": "more load",
    "worker_changes": "less continuity",
    "movers": "more exchange between teams",
}
"""Weekly variables of which more is not better; of all others more is more of what they name."""


def instruments() -> str:
    """Return every score: scale, direction, minimum important difference, rater, grade."""
    rows = [
        (
            f"`{one.name}`",
            one.title,
            f"{one.minimum:g} to {one.maximum:g}",
            one.higher_is,
            "none known" if one.important is None else f"{one.important:g} points",
            one.rater,
            one.evidence,
        )
        for one in catalogue().values()
    ]
    heading = (
        "score",
        "instrument",
        "scale",
        "higher is",
        "minimum important difference",
        "rated by",
        "grade of level and spread",
    )
    return table(heading, rows)


def weekly() -> str:
    """Return every weekly variable: scale, meaning, direction."""
    rows = []
    for name in WEEKLY:
        unit, meaning = MEANING[name]
        rows.append((f"`{name}`", meaning, unit, LESS.get(name, "more of it")))
    return table(("variable", "meaning", "scale", "higher is"), rows)


WANTED: dict[str, Callable[[], str]] = {"instruments": instruments, "weekly": weekly}


if __name__ == "__main__":
    main(PAGE, WANTED)
