"""Write the generated part of `security.md`: every limit of the server, as its source has it.

Run ``python -m docs.build_security`` after a new limit.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from docs.marked import main, table
from sim.web.limits import Limits

PAGE = Path(__file__).resolve().parent / "security.md"
FIELD = re.compile(r"((?:    # .*\n)*)    (\w+): \w+ = \S+(?:  # (.*))?\n")


def limits() -> str:
    """Return each limit's value with what its comment says of it."""
    comments = {
        name: " ".join((above.replace("    # ", "") + beside).split()).rstrip(".")
        for above, name, beside in FIELD.findall(inspect.getsource(Limits))
    }
    rows = [
        (comments[one.name], f"{getattr(Limits(), one.name):,.0f}", f"`{one.name}`")
        for one in fields(Limits)
    ]
    return table(("limit", "value", "name"), rows)


WANTED: dict[str, Callable[[], str]] = {"limits": limits}


if __name__ == "__main__":
    main(PAGE, WANTED)
