"""Everything measured on a member of staff, in fixed order."""

from __future__ import annotations

from collections import namedtuple
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.measures.catalogue import in_row
from sim.measures.rows import defined, measuring, rules_by_name, score_names

_MEASURED = in_row("staff")
# Who they are: numbers of the same name in a person's state.
_WHO = ("leader", "generation")
_RECORD = ("sessions_offered", "sessions_attended")

if TYPE_CHECKING:

    class StaffScores(NamedTuple):
        """Self-completed scores of a member of staff."""

        staff_knowledge: float

        def __getattr__(self, name: str) -> Any: ...

    class StaffRow(NamedTuple):
        """One member of staff at one assessment: who they are, and their scores."""

        present: float

        def __getattr__(self, name: str) -> Any: ...
else:
    StaffScores = namedtuple("StaffScores", score_names(_MEASURED))
    StaffScores.__doc__ = "Self-completed scores of a member of staff."
    StaffRow = namedtuple("StaffRow", ["present", *_WHO, *_RECORD, *score_names(_MEASURED)])
    StaffRow.__doc__ = "One member of staff at one assessment: who they are, and their scores."


def _row_source() -> str:
    """Return the source of the rule for a row: scores of a vacant post are missing."""
    who = [f"{name}=float(staff.{name})" for name in _WHO]
    scores = score_names(_MEASURED)
    vacant = ["present=0.0", *who, *(f"{name}=0.0" for name in _RECORD)]
    filled = ["present=1.0", *who, *(f"{name}=float(staff.{name})" for name in _RECORD)]
    return "\n".join(
        [
            "def staff_row(staff, team, p, key, week):",
            '    """Return the row of the staff table at an assessment."""',
            "    if staff.present == 0:",
            f"        return StaffRow({', '.join([*vacant, *(f'{one}=nan' for one in scores)])})",
            "    scores = staff_scores(staff, team, p, key, week)",
            "    return StaffRow(",
            *(f"        {one}," for one in [*filled, *(f"{one}=scores.{one}" for one in scores)]),
            "    )",
            "",
        ]
    )


_INPUTS = ("staff", "team", "p", "key", "week")
SOURCE = (
    measuring(
        "staff_scores",
        "Return everything that is measured on one member of staff.",
        _INPUTS,
        "StaffScores",
        _MEASURED,
    )
    + "\n\n"
    + _row_source()
)
_SCOPE = {
    **rules_by_name(_MEASURED),
    "StaffScores": StaffScores,
    "StaffRow": StaffRow,
    "nan": nan,
}
staff_scores, staff_row = defined(__name__, SOURCE, _SCOPE, "staff_scores", "staff_row")
